//! Where the reading is in the hierarchy of loops, and whether each segment may stand there.
//!
//! A loop is opened by its first segment; which one, when several have the same first segment, is
//! the nearest that the open loops allow. A segment that opens nothing belongs to the innermost
//! loop. Missing segments are told when their loop ends.

use crate::x12::error::Place;
use crate::x12::segment::Segment;

use super::grammar::{LOOPS, Loop};
use super::problem::ProblemKind::{Code, Missing, Structure};
use super::problem::Problems;

/// An open loop.
#[derive(Debug)]
struct Open {
    index: usize,
    place: Place,
    /// How often each of its segments has come.
    counts: Vec<u16>,
    /// The last segment's place in the order.
    rank: usize,
    /// The loop of the last child, and how many children of that kind in a row.
    child: Option<(usize, u32)>,
    /// The kinds of children that have come.
    children: Vec<usize>,
    /// First elements of REF and DTP that have come: most may come once.
    qualifiers: Vec<(usize, Vec<u8>)>,
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
        let opens = |l: &Loop| {
            let (id, element, codes) = l.opener;
            segment.id() == id
                && (codes.is_empty()
                    || codes.iter().any(|c| segment.element(element) == c.as_bytes()))
        };
        for (depth, open) in self.open.iter().enumerate().rev() {
            let name = LOOPS.get(open.index).map_or("", |l| l.id);
            let mut all = LOOPS.iter().enumerate();
            if let Some((index, _)) = all.find(|(_, l)| opens(l) && l.parents.contains(&name)) {
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
            parent.children.push(index);
            parent.children.dedup();
        }
        self.enter(index, segment);
    }

    fn enter(&mut self, index: usize, segment: &Segment<'_>) {
        let uses = LOOPS.get(index).map_or(0, |l| l.uses.len());
        self.open.push(Open {
            index,
            place: segment.place(),
            counts: vec![0; uses],
            rank: 0,
            child: None,
            children: Vec::new(),
            qualifiers: Vec::new(),
        });
    }

    /// Counts a segment in the innermost loop.
    fn place(&mut self, segment: &Segment<'_>, problems: &mut Problems) {
        let Some(open) = self.open.last_mut() else { return };
        let Some(entry) = LOOPS.get(open.index) else { return };
        let (id, place) = (entry.id, segment.place());
        let Some(rank) = entry.uses.iter().position(|u| u.id == segment.id()) else {
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
        if !spec.codes.is_empty() {
            if !spec.codes.iter().any(|c| c.as_bytes() == code) {
                let what = format!("the code is not one of loop {id}: {}", spec.codes.join(", "));
                problems.add(Code, segment.place_of(1, 0), what);
            } else if matches!(spec.id, b"REF" | b"DTP" | b"AMT" | b"NTE")
                && !REPEATED.contains(&(id, code))
            {
                if open.qualifiers.iter().any(|(r, c)| *r == rank && c == code) {
                    let what = "the loop has this kind already, and may have it once";
                    problems.add(Structure, segment.place_of(1, 0), what);
                }
                open.qualifiers.push((rank, code.to_vec()));
            }
        }
    }

    fn close_to(&mut self, depth: usize, problems: &mut Problems) {
        while self.open.len() > depth {
            let Some(open) = self.open.pop() else { return };
            let Some(entry) = LOOPS.get(open.index) else { return };
            for (spec, count) in entry.uses.iter().zip(&open.counts) {
                if *count < spec.min {
                    let id = String::from_utf8_lossy(spec.id);
                    let what = format!("loop {} has no {id}", entry.id);
                    problems.add(Missing, open.place, what);
                }
            }
            self.sometimes(entry, &open, problems);
            let all = LOOPS.iter().enumerate().filter(|(_, l)| l.required);
            for (index, child) in all.filter(|(_, l)| l.parents.contains(&entry.id)) {
                if !open.children.contains(&index) {
                    let what = format!("loop {} is missing below loop {}", child.id, entry.id);
                    problems.add(Missing, open.place, what);
                }
            }
        }
    }

    /// What the guide requires of some.
    fn sometimes(&self, entry: &Loop, open: &Open, problems: &mut Problems) {
        let lacks = |id: &[u8]| {
            let mut counted = entry.uses.iter().zip(&open.counts);
            counted.any(|(spec, count)| spec.id == id && *count == 0)
        };
        if entry.id == "2010BA" && self.own {
            for id in [&b"N3"[..], b"N4", b"DMG"].into_iter().filter(|id| lacks(id)) {
                let id = String::from_utf8_lossy(id);
                let what = format!("loop 2010BA has no {id}, and the subscriber is the patient");
                problems.add(Missing, open.place, what);
            }
        }
        let taxed = |(_, code): &(usize, Vec<u8>)| matches!(&code[..], b"EI" | b"SY");
        if entry.id == "2010AA" && !lacks(b"REF") {
            let numbers = open.qualifiers.iter().filter(|q| taxed(q)).count();
            if numbers != 1 {
                let what = "the billing provider has one tax number, REF*EI or REF*SY";
                problems.add(Missing, open.place, what);
            }
        }
    }
}
