//! The envelope read back: order, control numbers, counts, version, usage. What else its heads say
//! is looked at in [`heads`](super::heads).

use crate::x12::error::Place;
use crate::x12::segment::{Segment, digits};

use super::heads;
use super::numbers::UsedOnce;
use super::problem::ProblemKind::{Control, Count, SetRepeated, Structure, Usage, Version};
use super::problem::Problems;

/// GS08 and ST03 (the read-back states its own expectations).
const VERSION: &[u8] = b"005010X222A1";

/// How deep in the envelope the reading is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Depth {
    /// Before ISA.
    #[default]
    Start,
    /// After ISA or GE.
    Interchange,
    /// After GS or SE.
    Group,
    /// After ST.
    Set,
    /// After IEA.
    End,
}

#[derive(Debug, Default)]
pub(super) struct EnvelopeCheck {
    depth: Depth,
    pub(super) interchange_control: u64,
    pub(super) group_control: u64,
    pub(super) usage: Option<char>,
    pub(super) sets: u64,
    groups: u64,
    sets_in_group: u64,
    set_control: Vec<u8>,
    /// Ordinal of the open set's ST.
    set_start: u64,
    set_numbers: UsedOnce,
    references: UsedOnce,
}

impl EnvelopeCheck {
    pub(super) fn segment(&mut self, segment: &Segment<'_>, problems: &mut Problems) {
        let (from, to) = match segment.id() {
            b"ISA" => (Depth::Start, Depth::Interchange),
            b"GS" => (Depth::Interchange, Depth::Group),
            b"ST" => (Depth::Group, Depth::Set),
            b"SE" => (Depth::Set, Depth::Group),
            b"GE" => (Depth::Group, Depth::Interchange),
            b"IEA" => (Depth::Interchange, Depth::End),
            _ => (Depth::Set, Depth::Set),
        };
        if self.depth != from {
            problems.add(Structure, segment.place(), "the segment is out of place here");
        }
        self.depth = to;
        match segment.id() {
            b"ISA" => self.interchange(segment, problems),
            b"GS" => self.group(segment, problems),
            b"ST" => self.set(segment, problems),
            b"BHT" => self.reference(segment, problems),
            b"SE" => self.set_end(segment, problems),
            b"GE" => self.group_end(segment, problems),
            b"IEA" => self.interchange_end(segment, problems),
            _ => {}
        }
    }

    pub(super) fn finish(&mut self, last: Place, problems: &mut Problems) {
        if self.depth != Depth::End {
            problems.add(Structure, last, "the file ends before its IEA");
        }
        if self.sets == 0 {
            problems.add(Structure, last, "the file has no transaction set");
        }
    }

    fn interchange(&mut self, isa: &Segment<'_>, problems: &mut Problems) {
        expect(isa, 12, b"00501", problems);
        let control = isa.element(13);
        self.interchange_control = digits(control).unwrap_or_default();
        if control.len() != 9 || self.interchange_control == 0 {
            problems.add(Control, isa.place_of(13, 0), "ISA13 must be nine digits, not all zero");
        }
        self.usage = match isa.element(15) {
            b"T" => Some('T'),
            b"P" => Some('P'),
            _ => None,
        };
        if self.usage.is_none() {
            problems.add(Usage, isa.place_of(15, 0), "the usage must be T or P");
        }
        heads::interchange(isa, problems);
    }

    fn group(&mut self, gs: &Segment<'_>, problems: &mut Problems) {
        self.groups += 1;
        self.sets_in_group = 0;
        self.set_numbers = UsedOnce::default();
        expect(gs, 1, b"HC", problems);
        expect(gs, 8, VERSION, problems);
        self.group_control = digits(gs.element(6)).unwrap_or_default();
        if self.group_control == 0 {
            problems.add(Control, gs.place_of(6, 0), "GS06 must be a number above zero");
        }
        heads::group(gs, problems);
    }

    fn set(&mut self, st: &Segment<'_>, problems: &mut Problems) {
        self.sets += 1;
        self.sets_in_group += 1;
        self.set_start = st.place().segment;
        st.element(2).clone_into(&mut self.set_control);
        expect(st, 1, b"837", problems);
        expect(st, 3, VERSION, problems);
        if !self.set_numbers.take(st.element(2)) {
            problems.add(SetRepeated, st.place_of(2, 0), "ST02 is missing or used twice");
        } else if !(4..=9).contains(&st.element(2).len()) {
            problems.add(Control, st.place_of(2, 0), "ST02 has four to nine characters");
        }
    }

    fn reference(&mut self, bht: &Segment<'_>, problems: &mut Problems) {
        if !self.references.take(bht.element(3)) {
            problems.add(SetRepeated, bht.place_of(3, 0), "BHT03 is missing or used twice");
        }
    }

    fn set_end(&mut self, se: &Segment<'_>, problems: &mut Problems) {
        let count = (se.place().segment + 1).saturating_sub(self.set_start);
        expect_count(se, count, problems);
        if se.element(2) != self.set_control {
            problems.add(Control, se.place_of(2, 0), "SE02 is not the set's ST02");
        }
    }

    fn group_end(&mut self, ge: &Segment<'_>, problems: &mut Problems) {
        expect_count(ge, self.sets_in_group, problems);
        if digits(ge.element(2)) != Some(self.group_control) {
            problems.add(Control, ge.place_of(2, 0), "GE02 is not the group's GS06");
        }
    }

    fn interchange_end(&mut self, iea: &Segment<'_>, problems: &mut Problems) {
        expect_count(iea, self.groups, problems);
        let control = iea.element(2);
        if control.len() != 9 || digits(control) != Some(self.interchange_control) {
            problems.add(Control, iea.place_of(2, 0), "IEA02 is not the interchange's ISA13");
        }
    }
}

fn expect(segment: &Segment<'_>, element: u8, wanted: &[u8], problems: &mut Problems) {
    if segment.element(element) != wanted {
        let what = format!("the element must be {}", String::from_utf8_lossy(wanted));
        problems.add(Version, segment.place_of(element, 0), what);
    }
}

fn expect_count(trailer: &Segment<'_>, count: u64, problems: &mut Problems) {
    if digits(trailer.element(1)) != Some(count) {
        let what = format!("the count must be {count}");
        problems.add(Count, trailer.place_of(1, 0), what);
    }
}
