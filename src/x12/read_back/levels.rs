//! The hierarchy read back: HL01 counts, HL02 names the level above, HL04 tells of levels below.

use crate::x12::error::Place;
use crate::x12::segment::{Segment, digits};

use super::problem::ProblemKind::{HlChild, HlOrder, HlParent, Structure};
use super::problem::Problems;

/// One open level.
#[derive(Debug, Clone, Copy)]
struct Level {
    id: u64,
    place: Place,
    says_children: bool,
    has_children: bool,
}

/// The open levels of a set: billing provider (20), subscriber (22), patient (23).
#[derive(Debug, Default)]
pub(super) struct Levels {
    open: Vec<Level>,
    last: u64,
}

impl Levels {
    /// Whether the innermost open level is the billing provider's.
    pub(super) fn at_billing_provider(&self) -> bool {
        self.open.len() == 1
    }

    pub(super) fn segment(&mut self, segment: &Segment<'_>, problems: &mut Problems) {
        if segment.id() == b"HL" {
            self.level(segment, problems);
        }
    }

    /// Ends the set's hierarchy.
    pub(super) fn close(&mut self, problems: &mut Problems) {
        self.close_to(0, problems);
        self.last = 0;
    }

    fn level(&mut self, hl: &Segment<'_>, problems: &mut Problems) {
        let id = digits(hl.element(1)).unwrap_or_default();
        if id != self.last + 1 {
            let what = format!("HL01 must be {}", self.last + 1);
            problems.add(HlOrder, hl.place_of(1, 0), what);
        }
        self.last += 1;
        let depth = match hl.element(3) {
            b"20" => 0,
            b"22" => 1,
            b"23" => 2,
            _ => {
                problems.add(Structure, hl.place_of(3, 0), "HL03 must be 20, 22 or 23");
                return;
            }
        };
        self.close_to(depth, problems);
        if self.open.len() < depth {
            problems.add(Structure, hl.place_of(3, 0), "the level above this one is missing");
        }
        let parent = self.open.last_mut();
        let wanted = parent.as_ref().map(|p| p.id);
        if let Some(parent) = parent {
            parent.has_children = true;
        }
        let named = hl.element(2);
        if digits(named) != wanted || (wanted.is_none() && !named.is_empty()) {
            problems.add(HlParent, hl.place_of(2, 0), "HL02 is not the level above");
        }
        let says_children = match hl.element(4) {
            b"1" => true,
            b"0" => false,
            _ => {
                problems.add(HlChild, hl.place_of(4, 0), "HL04 must be 0 or 1");
                return;
            }
        };
        let place = hl.place_of(4, 0);
        self.open.push(Level { id, place, says_children, has_children: false });
    }

    /// Closes levels until `depth` of them are open.
    fn close_to(&mut self, depth: usize, problems: &mut Problems) {
        while self.open.len() > depth {
            let Some(level) = self.open.pop() else { return };
            if level.says_children != level.has_children {
                let what = "HL04 does not agree with the levels that follow";
                problems.add(HlChild, level.place, what);
            }
        }
    }
}
