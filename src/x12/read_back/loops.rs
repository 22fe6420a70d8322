//! Where the reading is in the hierarchy of loops, and whether each segment may stand there.
//!
//! A loop is opened by its first segment; which one, when several have the same first segment, is
//! the nearest that the open loops allow. A segment that opens nothing belongs to the innermost
//! loop. Missing segments are told when their loop ends.

use std::sync::LazyLock;

use crate::x12::error::Place;
use crate::x12::segment::{Segment, same};

use super::grammar::{LOOPS, Loop, Use};
use super::problem::ProblemKind::{Code, Missing, Structure};
use super::problem::Problems;

/// An open loop.
#[derive(Debug)]
struct Open {
    index: usize,
    place: Place,
    /// How often each of its segments has come.
    counts: [u16; MAX_USES],
    /// The last segment's place in the order.
    rank: usize,
    /// The loop of the last child, and how many children of that kind in a row.
    child: Option<(usize, u32)>,
    /// The kinds of children that have come.
    children: Set,
    /// Which of its codes have come with each of its segments: most may come once.
    codes: [u32; MAX_USES],
}

/// Some of [`LOOPS`], one bit each.
type Set = u64;

/// Most kinds of segments of a loop.
const MAX_USES: usize = 20;

/// What [`LOOPS`] says by names, by number, so that no name is compared while reading.
#[derive(Debug)]
struct Family {
    /// The loops that may stand directly below this one.
    children: Set,
    /// Those of them that must.
    required: Set,
}

static FAMILIES: LazyLock<Vec<Family>> = LazyLock::new(|| {
    let below = |parent: &Loop, wanted: &dyn Fn(&Loop) -> bool| {
        let members = LOOPS.iter().enumerate();
        let hits = members.filter(|(_, l)| l.parents.contains(&parent.id) && wanted(l));
        hits.fold(0, |set, (index, _)| set | bit(index))
    };
    let family = |parent| Family {
        children: below(parent, &|_| true),
        required: below(parent, &|child| child.required),
    };
    LOOPS.iter().map(family).collect()
});

const fn bit(index: usize) -> Set {
    1 << index
}

/// The members of a set, in their order.
fn members(mut set: Set) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let first = usize::try_from(set.trailing_zeros()).ok().filter(|_| set != 0)?;
        set &= set - 1;
        Some(first)
    })
}

/// The open loops of a set, the innermost last.
#[derive(Debug, Default)]
pub(super) struct Loops {
    open: Vec<Open>,
    /// After an HL of no known level: nothing can be said before the next one.
    lost: bool,
    /// SBR02 is 18: the subscriber is the patient.
    own: bool,
}

/// Qualifiers that may come several times in their loop.
const REPEATED: &[(&str, &[u8])] = &[("2400", b"G1"), ("2400", b"9F"), ("2310B", b"G2")];

impl Loops {
    /// The innermost loop's name; empty where nothing can be said.
    pub(super) fn name(&self) -> &'static str {
        if self.lost {
            return "";
        }
        self.open.last().and_then(|open| LOOPS.get(open.index)).map_or("", |l| l.id)
    }

    pub(super) fn segment(&mut self, segment: &Segment<'_>, problems: &mut Problems) {
        match segment.id() {
            b"ISA" | b"GS" | b"SE" | b"GE" | b"IEA" | b"TA1" => return self.close(problems),
            b"ST" => {
                self.close(problems);
                self.enter(0, segment);
            }
            _ => {}
        }
        if segment.id() == b"HL" {
            self.lost = false;
        }
        if self.lost || self.open.is_empty() {
            return;
        }
        if segment.id() != b"ST" {
            match self.target(segment) {
                Some((depth, index)) => self.open_loop(depth, index, segment, problems),
                None if segment.id() == b"HL" => {
                    // The levels tell of it.
                    self.lost = true;
                    return;
                }
                None => {}
            }
        }
        self.place(segment, problems);
        if segment.id() == b"SBR" && self.name() == "2000B" {
            self.own = segment.element(2) == b"18";
        }
    }

    /// Ends all loops.
    pub(super) fn close(&mut self, problems: &mut Problems) {
        self.close_to(0, problems);
        self.lost = false;
    }

    /// The loop that a segment opens: how many open loops stay open, and which it is.
    fn target(&self, segment: &Segment<'_>) -> Option<(usize, usize)> {
        // What opens a loop; everything else is spared the search.
        let opener = matches!(
            segment.id(),
            b"HL" | b"NM1" | b"CLM" | b"SBR" | b"LX" | b"LIN" | b"SVD" | b"LQ"
        );
        if !opener {
            return None;
        }
        let name = segment.place().id;
        let opens = |l: &Loop| {
            let (id, element, codes) = l.opener;
            let code = segment.element(element);
            name == id && (codes.is_empty() || codes.iter().any(|c| same(c, code)))
        };
        for (depth, open) in self.open.iter().enumerate().rev() {
            let mut below = members(FAMILIES.get(open.index)?.children);
            if let Some(index) = below.find(|index| LOOPS.get(*index).is_some_and(opens)) {
                return Some((depth + 1, index));
            }
        }
        None
    }

    fn open_loop(
        &mut self,
        depth: usize,
        index: usize,
        segment: &Segment<'_>,
        problems: &mut Problems,
    ) {
        self.close_to(depth, problems);
        let Some(entry) = LOOPS.get(index) else { return };
        if let Some(parent) = self.open.last_mut() {
            let below = LOOPS.get(parent.index).map_or("", |l| l.id);
            if entry.id == "2300" && (below == "2000B") != self.own {
                let what = "SBR02 is 18 when the subscriber is the patient, and empty otherwise";
                problems.add(Structure, segment.place(), what);
            }
            let count = match parent.child {
                Some((last, count)) if last == index => count + 1,
                Some((last, _)) if last > index => {
                    let what = format!("loop {} comes too late here", entry.id);
                    problems.add(Structure, segment.place(), what);
                    1
                }
                _ => 1,
            };
            if count > entry.max {
                let what = format!("loop {} may come {} times at most", entry.id, entry.max);
                problems.add(Structure, segment.place(), what);
            }
            parent.child = Some((index, count));
            parent.children |= bit(index);
        }
        self.enter(index, segment);
    }

    fn enter(&mut self, index: usize, segment: &Segment<'_>) {
        self.open.push(Open {
            index,
            place: segment.place(),
            counts: [0; MAX_USES],
            rank: 0,
            child: None,
            children: 0,
            codes: [0; MAX_USES],
        });
    }

    /// Counts a segment in the innermost loop.
    fn place(&mut self, segment: &Segment<'_>, problems: &mut Problems) {
        let Some(open) = self.open.last_mut() else { return };
        let Some(entry) = LOOPS.get(open.index) else { return };
        let (id, place) = (entry.id, segment.place());
        let Some(rank) = entry.uses.iter().position(|u| u.id == place.id) else {
            problems.add(Structure, place, format!("the segment does not belong into loop {id}"));
            return;
        };
        let (Some(spec), Some(count)) = (entry.uses.get(rank), open.counts.get_mut(rank)) else {
            return;
        };
        *count = count.saturating_add(1);
        if *count > spec.max {
            let what = format!("loop {id} has {} of these at most", spec.max);
            problems.add(Structure, place, what);
        }
        if rank < open.rank {
            problems.add(Structure, place, format!("the segment comes too late in loop {id}"));
        }
        open.rank = open.rank.max(rank);
        let code = segment.element(1);
        if spec.codes.is_empty() {
            return;
        }
        let (Some(which), Some(seen)) =
            (spec.codes.iter().position(|c| same(c, code)), open.codes.get_mut(rank))
        else {
            let what = format!("the code is not one of loop {id}: {}", spec.codes.join(", "));
            return problems.add(Code, segment.place_of(1, 0), what);
        };
        let again = *seen & (1 << which) != 0;
        let once = matches!(segment.id(), b"REF" | b"DTP" | b"AMT" | b"NTE");
        if again && once && !REPEATED.contains(&(id, code)) {
            let what = "the loop has this kind already, and may have it once";
            problems.add(Structure, segment.place_of(1, 0), what);
        }
        *seen |= 1 << which;
    }

    fn close_to(&mut self, depth: usize, problems: &mut Problems) {
        while self.open.len() > depth {
            let Some(open) = self.open.pop() else { return };
            let Some(entry) = LOOPS.get(open.index) else { return };
            for (spec, count) in entry.uses.iter().zip(&open.counts) {
                if *count < spec.min {
                    let what = format!("loop {} has no {}", entry.id, spec.id);
                    problems.add(Missing, open.place, what);
                }
            }
            self.sometimes(entry, &open, problems);
            let required = FAMILIES.get(open.index).map_or(0, |family| family.required);
            for child in members(required & !open.children).filter_map(|n| LOOPS.get(n)) {
                let what = format!("loop {} is missing below loop {}", child.id, entry.id);
                problems.add(Missing, open.place, what);
            }
        }
    }

    /// What the guide requires of some.
    fn sometimes(&self, entry: &Loop, open: &Open, problems: &mut Problems) {
        let lacks = |id: &str| {
            let mut counted = entry.uses.iter().zip(&open.counts);
            counted.any(|(spec, count)| spec.id.as_str() == id && *count == 0)
        };
        if entry.id == "2010BA" && self.own {
            for id in ["N3", "N4", "DMG"].into_iter().filter(|id| lacks(id)) {
                let what = format!("loop 2010BA has no {id}, and the subscriber is the patient");
                problems.add(Missing, open.place, what);
            }
        }
        if entry.id == "2010AA" && !lacks("REF") {
            let came = |(spec, seen): (&Use, &u32)| {
                let came = (0..).zip(spec.codes).filter(|(n, _)| seen & (1u32 << n) != 0);
                came.filter(|(_, code)| matches!(**code, "EI" | "SY")).count()
            };
            if entry.uses.iter().zip(&open.codes).map(came).sum::<usize>() != 1 {
                let what = "the billing provider has one tax number, REF*EI or REF*SY";
                problems.add(Missing, open.place, what);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x12::error::SegmentId;

    #[test]
    fn the_grammar_fits_into_bits() {
        assert!(LOOPS.len() <= 64);
        for entry in LOOPS {
            assert!(entry.uses.len() <= MAX_USES, "{}", entry.id);
            assert!(entry.uses.iter().all(|spec| spec.codes.len() <= 32), "{}", entry.id);
            assert!(entry.uses.iter().all(|spec| spec.id != SegmentId::NONE));
            assert_ne!(entry.opener.0, SegmentId::NONE);
            assert!(entry.parents.iter().all(|p| LOOPS.iter().any(|l| l.id == *p)));
        }
    }

    #[test]
    fn members_come_in_order() {
        assert_eq!(members(0).count(), 0);
        assert_eq!(members(bit(3) | bit(0) | bit(63)).collect::<Vec<_>>(), [0, 3, 63]);
    }
}
