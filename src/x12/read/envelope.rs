//! The envelope on the way in: what ISA, GS and ST say, whether the trailers agree, and which
//! reader a set belongs to. An envelope that is out of order is told and put right, so that the
//! next set can be read.
//!
//! Authority: appendix C of the guides. A TA1 may stand before the groups or (as some programs
//! send it) after them.

use std::collections::HashSet;

use serde::Serialize;

use crate::x12::error::Place;
use crate::x12::segment::{Segment, digits};

use super::body::Body;
use super::fault::{Out, ReadCode};
use super::ta1;
use super::values::{required, text};
use super::{Event, versions};

/// Most set control numbers of a group that are remembered to find one used twice.
const MAX_REMEMBERED: usize = 100_000;

/// Longest control number that is remembered: ST02 has at most nine characters.
const MAX_CONTROL_BYTES: usize = 9;

/// What an ISA says.
///
/// ```
/// use peerclaims::x12::read::{Event, Group, Interchange, Reader, SetHead};
///
/// let file = include_bytes!("../../../fixtures/x12/answers/remittance.835");
/// let mut events = Reader::new(&file[..]);
/// let Some(Event::Interchange(Interchange { control, usage, .. })) = events.next() else {
///     panic!("the file starts with an ISA");
/// };
/// assert_eq!((control.as_str(), usage.as_str()), ("000000701", "T"));
/// let Some(Event::Group(Group { version, .. })) = events.next() else { panic!("no GS") };
/// let Some(Event::Set(SetHead { name, kind, .. })) = events.next() else { panic!("no ST") };
/// assert_eq!((&*version, &*name, &*kind), ("005010X221A1", "835", "835"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Interchange {
    /// ISA13.
    pub control: String,
    /// ISA06.
    pub sender: String,
    /// ISA08.
    pub receiver: String,
    /// ISA15: `T` test, `P` production.
    pub usage: String,
    /// ISA12, such as `00501`.
    pub version: String,
    /// Ordinal of the segment in the file.
    pub position: u64,
}

/// What a GS says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// GS06.
    pub control: String,
    /// GS08, such as `005010X222A1`.
    pub version: String,
    /// GS01, such as `HC`.
    pub functional_id: String,
    /// Whether it was refused by its version; its sets are then not read.
    pub refused: bool,
    /// Ordinal of the segment in the file.
    pub position: u64,
}

/// What an ST says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SetHead {
    /// ST01, such as `837`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its usual name, such as `837P` or `277CA`; empty when it is refused.
    pub name: String,
    /// ST02.
    pub control: String,
    /// ST03, or GS08 when there is none.
    pub version: String,
    /// Whether it was refused.
    pub refused: bool,
    /// Ordinal of the segment in the file.
    pub position: u64,
}

#[derive(Debug)]
struct OpenGroup {
    head: Group,
    sets: u64,
    controls: HashSet<Vec<u8>>,
}

#[derive(Debug)]
struct OpenSet {
    control: String,
    start: u64,
    /// `None` when the set is refused.
    body: Option<Body>,
}

/// How far into the envelope the reading is.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    interchange: Option<(String, u64)>,
    /// Whether the interchange has a TA1.
    acknowledges: bool,
    group: Option<OpenGroup>,
    set: Option<OpenSet>,
    last: Place,
    seen: bool,
}

impl Envelope {
    pub(super) fn segment(&mut self, segment: &Segment<'_>, out: &mut Out) {
        self.last = segment.place();
        let refused = self.group.as_ref().is_some_and(|group| group.head.refused);
        match segment.id() {
            b"ISA" => self.interchange(segment, out),
            b"GS" => self.group(segment, out),
            b"GE" => self.group_end(segment, refused, out),
            b"IEA" => self.interchange_end(segment, out),
            b"TA1" if self.interchange.is_some() && self.group.is_none() => {
                self.acknowledges = true;
                let ta1 = ta1::read(segment, out);
                out.event(Event::Ta1(ta1));
            }
            _ if refused => {}
            b"ST" => self.set(segment, out),
            b"SE" => self.set_end(segment, out),
            _ => match &mut self.set {
                Some(OpenSet { body, .. }) => {
                    if let Some(body) = body {
                        body.segment(segment, out);
                    }
                }
                None => out.error(ReadCode::Order, segment.place(), "the segment is in no set"),
            },
        }
    }

    /// The end of the file.
    pub(super) fn finish(&mut self, out: &mut Out) {
        self.close_interchange("the file ends", out);
        if !self.seen && out.errors == 0 {
            let message = "the file has no interchange; it is empty";
            out.error(ReadCode::Envelope, self.last, message);
        }
    }

    fn interchange(&mut self, isa: &Segment<'_>, out: &mut Out) {
        self.close_interchange("the next interchange starts", out);
        let mut plain = |element| {
            let sent: String = text(isa, element, out).unwrap_or_default();
            sent.trim().to_owned()
        };
        let head = Interchange {
            control: plain(13),
            sender: plain(6),
            receiver: plain(8),
            usage: plain(15),
            version: plain(12),
            position: isa.place().segment,
        };
        if !matches!(head.usage.as_str(), "T" | "P") {
            out.error(ReadCode::Envelope, isa.place_of(15, 0), "the usage must be T or P");
        }
        self.seen = true;
        self.interchange = Some((head.control.clone(), 0));
        self.acknowledges = false;
        out.event(Event::Interchange(head));
    }

    fn group(&mut self, gs: &Segment<'_>, out: &mut Out) {
        self.close_group("the next group starts", out);
        if let Some((_, groups)) = &mut self.interchange {
            *groups += 1;
        } else {
            out.error(ReadCode::Order, gs.place(), "the group is in no interchange");
        }
        let version: String = required(gs, 8, out);
        let functional_id: String = required(gs, 1, out);
        let refused = !versions::is_read(&version);
        if refused {
            let message = versions::refusal(&functional_id, "", &version);
            out.error(ReadCode::Version, gs.place_of(8, 0), message);
        }
        let control: String = required(gs, 6, out);
        let position = gs.place().segment;
        let head = Group { control, version, functional_id, refused, position };
        out.event(Event::Group(head.clone()));
        self.group = Some(OpenGroup { head, sets: 0, controls: HashSet::new() });
    }

    fn set(&mut self, st: &Segment<'_>, out: &mut Out) {
        self.close_set("the next set starts", out);
        let (kind, control): (String, String) = (required(st, 1, out), required(st, 2, out));
        let stated: Option<String> = text(st, 3, out);
        let Some(group) = &mut self.group else {
            out.error(ReadCode::Order, st.place(), "the set is in no group");
            let start = st.place().segment;
            self.set = Some(OpenSet { control, start, body: None });
            return;
        };
        group.sets += 1;
        if stated.as_ref().is_some_and(|stated| !versions::alike(stated, &group.head.version)) {
            let message = "ST03 is of another guide than the group's GS08";
            out.error(ReadCode::Version, st.place_of(3, 0), message);
        }
        let fresh = group.controls.len() >= MAX_REMEMBERED
            || control.len() > MAX_CONTROL_BYTES
            || group.controls.insert(st.element(2).to_vec());
        if !fresh {
            let message = "ST02 is used twice in this group; an answer cannot tell the two apart";
            out.error(ReadCode::Control, st.place_of(2, 0), message);
        }
        let version = stated.unwrap_or_else(|| group.head.version.clone());
        let found = versions::kind(&kind, &version);
        if found.is_none() {
            let message = versions::refusal(&group.head.functional_id, &kind, &version);
            out.error(ReadCode::Version, st.place_of(1, 0), message);
        }
        let (start, refused) = (st.place().segment, found.is_none());
        let name = found.map(|f| f.1).unwrap_or_default().to_owned();
        self.set =
            Some(OpenSet { control: control.clone(), start, body: found.map(|f| Body::new(f.0)) });
        let head = SetHead { kind, name, control, version, refused, position: start };
        out.event(Event::Set(head));
    }

    fn set_end(&mut self, se: &Segment<'_>, out: &mut Out) {
        let Some(set) = &self.set else {
            out.error(ReadCode::Order, se.place(), "SE ends no set");
            return;
        };
        let count = (se.place().segment + 1).saturating_sub(set.start);
        expect_count(se, count, "segments from ST to SE", out);
        expect_control(se, &set.control, "ST02", out);
        self.end_set(out);
    }

    fn group_end(&mut self, ge: &Segment<'_>, refused: bool, out: &mut Out) {
        self.close_set("the group ends", out);
        let Some(group) = self.group.take() else {
            out.error(ReadCode::Order, ge.place(), "GE ends no group");
            return;
        };
        if !refused {
            if group.sets == 0 {
                out.error(
                    ReadCode::Envelope,
                    ge.place(),
                    "the group has no sets; something is missing",
                );
            }
            expect_count(ge, group.sets, "sets", out);
            expect_control(ge, &group.head.control, "GS06", out);
        }
        out.event(Event::GroupEnd);
    }

    fn interchange_end(&mut self, iea: &Segment<'_>, out: &mut Out) {
        self.close_group("the interchange ends", out);
        let Some((control, groups)) = self.interchange.take() else {
            out.error(ReadCode::Order, iea.place(), "IEA ends no interchange");
            return;
        };
        // An interchange of TA1s alone says 0 or 1 groups, as its sender likes.
        if groups > 0 {
            expect_count(iea, groups, "groups", out);
        } else if !self.acknowledges {
            expect_count(iea, 0, "groups", out);
        }
        expect_control(iea, &control, "ISA13", out);
        out.event(Event::InterchangeEnd);
    }

    fn end_set(&mut self, out: &mut Out) {
        if let Some(set) = self.set.take() {
            if let Some(mut body) = set.body {
                body.finish(self.last, out);
            }
            out.event(Event::SetEnd);
        }
    }

    fn close_set(&mut self, why: &str, out: &mut Out) {
        if self.set.is_some() {
            let message = format!("{why} before the set's SE; something is missing");
            out.error(ReadCode::Envelope, self.last, message);
            self.end_set(out);
        }
    }

    fn close_group(&mut self, why: &str, out: &mut Out) {
        self.close_set(why, out);
        if self.group.take().is_some() {
            let message = format!("{why} before the group's GE; something is missing");
            out.error(ReadCode::Envelope, self.last, message);
            out.event(Event::GroupEnd);
        }
    }

    fn close_interchange(&mut self, why: &str, out: &mut Out) {
        self.close_group(why, out);
        if self.interchange.take().is_some() {
            let message = format!("{why} before the interchange's IEA; something is missing");
            out.error(ReadCode::Envelope, self.last, message);
            out.event(Event::InterchangeEnd);
        }
    }
}

fn expect_count(trailer: &Segment<'_>, count: u64, what: &str, out: &mut Out) {
    if digits(trailer.element(1)) != Some(count) {
        let message = format!("the count must be {count} ({what}); something was lost or added");
        out.error(ReadCode::Count, trailer.place_of(1, 0), message);
    }
}

fn expect_control(trailer: &Segment<'_>, control: &str, header: &str, out: &mut Out) {
    let found = String::from_utf8_lossy(trailer.element(2));
    let same = found.trim_end() == control
        || (digits(trailer.element(2)).is_some()
            && digits(trailer.element(2)) == digits(control.as_bytes()));
    if !same {
        let message = format!("the control number is not that of {header}");
        out.error(ReadCode::Control, trailer.place_of(2, 0), message);
    }
}
