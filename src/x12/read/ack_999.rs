//! 999 (and the 997 that some senders put into a 999's group): what became of a group we sent.
//!
//! Authority: ASC X12 005010X231A1. The word of each set's IK5 counts; AK9 is told beside it,
//! because programs exist whose AK9 rejects a group of which a set was accepted. It can reject
//! claims, never accept them.
//!
//! ```
//! use peerclaims::x12::read::{Event, Reader, Record};
//! use peerclaims::x12::read::ack_999::{AckElement, AckError, AckGroup, AckSet};
//!
//! let file = include_bytes!("../../../fixtures/x12/acks/one_of_two_sets.999");
//! let mut groups: Vec<AckGroup> = Vec::new();
//! let mut sets: Vec<AckSet> = Vec::new();
//! for event in Reader::new(&file[..]) {
//!     let Event::Record(record) = event else { continue };
//!     match *record {
//!         Record::AckGroup(found) => groups.push(found),
//!         Record::AckSet(found) => sets.push(found),
//!         _ => {}
//!     }
//! }
//! // The group is rejected though one of its two sets was accepted.
//! assert_eq!(groups[0].status.as_deref(), Some("R"));
//! let verdicts: Vec<&str> = sets.iter().filter_map(|set| set.status.as_deref()).collect();
//! assert_eq!(verdicts, ["R", "A"]);
//! let AckError { segment, position, elements, .. } = &sets[0].errors[0];
//! assert_eq!((segment.as_str(), position.as_deref()), ("NM1", Some("22")));
//! let AckElement { element, code, .. } = &elements[0];
//! assert_eq!((element.as_deref(), code.as_deref()), (Some("2"), Some("7")));
//! ```

use serde::Serialize;

use crate::x12::error::Place;
use crate::x12::segment::Segment;

use super::Record;
use super::fault::{Out, ReadCode};
use super::values::{clip, keep, part, required, shown, text};

/// What AK1 and AK9 say of the group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AckGroup {
    /// AK101: GS01 of the group it speaks of.
    pub functional_id: String,
    /// AK102: its GS06.
    pub control: String,
    /// AK103: its GS08.
    pub version: Option<String>,
    /// AK901: `A`, `E`, `P` (partly), `R` and rarer ones.
    pub status: Option<String>,
    /// AK902, AK903, AK904: sets included, received, accepted, as the sender counts them.
    pub counts: [Option<String>; 3],
    /// AK905 to AK909: why.
    pub codes: Vec<String>,
    /// Ordinal of AK1 in the file.
    pub position: u64,
}

/// What became of one set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AckSet {
    /// AK202: ST02 of the set it speaks of.
    pub control: String,
    /// AK201: its ST01.
    #[serde(rename = "type")]
    pub kind: String,
    /// AK203: its ST03.
    pub version: Option<String>,
    /// IK501: `A` accepted, `E` accepted with errors, `R` and rarer ones rejected.
    pub status: Option<String>,
    /// IK502 to IK506: why.
    pub codes: Vec<String>,
    /// What was found in it (at most a thousand).
    pub errors: Vec<AckError>,
    /// How many IK3 there are in all.
    pub error_count: u64,
    /// Ordinal of AK2 in the file.
    pub position: u64,
}

/// An IK3: a segment with a fault.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AckError {
    /// IK301: name of the segment.
    pub segment: String,
    /// IK302: its ordinal in the set, ST being 1.
    pub position: Option<String>,
    /// IK303: LS01 of the loop.
    #[serde(rename = "loop")]
    pub loop_id: Option<String>,
    /// IK304.
    pub code: Option<String>,
    /// CTX segments of it, as sent.
    pub context: Vec<String>,
    /// Its elements with a fault.
    pub elements: Vec<AckElement>,
}

/// An IK4: an element with a fault.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AckElement {
    /// IK401-1: ordinal of the element.
    pub element: Option<String>,
    /// IK401-2: of the component.
    pub component: Option<String>,
    /// IK401-3: of the repetition.
    pub repetition: Option<String>,
    /// IK402: number of the data element.
    pub reference: Option<String>,
    /// IK403.
    pub code: Option<String>,
    /// IK404: a copy of the bad value.
    pub value: Option<String>,
    /// CTX segments of it, as sent.
    pub context: Vec<String>,
}

/// Statuses of IK501 and AK901 in the guide.
const STATUSES: &[&str] = &["A", "E", "M", "P", "R", "W", "X"];

#[derive(Debug, Default)]
pub(super) struct AckReader {
    group: Option<AckGroup>,
    set: Option<AckSet>,
    ended: bool,
}

impl AckReader {
    pub(super) fn segment(&mut self, segment: &Segment<'_>, out: &mut Out) {
        match segment.id() {
            b"AK1" => self.group(segment, out),
            b"AK2" => self.set(segment, out),
            b"IK3" | b"AK3" => self.error(segment, out),
            b"IK4" | b"AK4" => self.element(segment, out),
            b"CTX" => self.context(segment, out),
            b"IK5" | b"AK5" => self.verdict(segment, out),
            b"AK9" => self.group_verdict(segment, out),
            _ => out.error(ReadCode::Order, segment.place(), "the segment is not of a 999"),
        }
    }

    pub(super) fn finish(&mut self, last: Place, out: &mut Out) {
        self.close(last, out);
        match self.group.take() {
            Some(group) => {
                if !self.ended {
                    out.error(ReadCode::Missing, last, "the 999 has no AK9");
                }
                out.record(Record::AckGroup(group));
            }
            None => out.error(ReadCode::Missing, last, "the 999 has no AK1: of which group?"),
        }
    }

    fn group(&mut self, ak1: &Segment<'_>, out: &mut Out) {
        if self.group.is_some() {
            out.error(ReadCode::Order, ak1.place(), "a 999 has one AK1; this one is left out");
            return;
        }
        self.group = Some(AckGroup {
            functional_id: required(ak1, 1, out),
            control: required(ak1, 2, out),
            version: text(ak1, 3, out),
            position: ak1.place().segment,
            ..AckGroup::default()
        });
    }

    fn set(&mut self, ak2: &Segment<'_>, out: &mut Out) {
        self.close(ak2.place(), out);
        self.set = Some(AckSet {
            kind: required(ak2, 1, out),
            control: required(ak2, 2, out),
            version: text(ak2, 3, out),
            position: ak2.place().segment,
            ..AckSet::default()
        });
    }

    fn close(&mut self, place: Place, out: &mut Out) {
        if let Some(mut set) = self.set.take() {
            clip(&mut set.errors);
            for error in &mut set.errors {
                clip(&mut error.context);
                clip(&mut error.elements);
                for element in &mut error.elements {
                    clip(&mut element.context);
                }
            }
            if set.status.is_none() {
                out.error(ReadCode::Missing, place, "the set before has no IK5: accepted or not?");
            }
            out.record(Record::AckSet(set));
        }
    }

    fn error(&mut self, ik3: &Segment<'_>, out: &mut Out) {
        let Some(set) = &mut self.set else { return stray(ik3, out) };
        set.error_count += 1;
        let error = AckError {
            segment: required(ik3, 1, out),
            position: text(ik3, 2, out),
            loop_id: text(ik3, 3, out),
            code: text(ik3, 4, out),
            ..AckError::default()
        };
        keep(&mut set.errors, error, ik3, out);
    }

    fn element(&mut self, ik4: &Segment<'_>, out: &mut Out) {
        let Some(error) = self.set.as_mut().and_then(|set| set.errors.last_mut()) else {
            return stray(ik4, out);
        };
        let element = AckElement {
            element: part(ik4, (1, 1), out),
            component: part(ik4, (1, 2), out),
            repetition: part(ik4, (1, 3), out),
            reference: text(ik4, 2, out),
            code: text(ik4, 3, out),
            value: text(ik4, 4, out),
            context: Vec::new(),
        };
        keep(&mut error.elements, element, ik4, out);
    }

    fn context(&mut self, ctx: &Segment<'_>, out: &mut Out) {
        let Some(error) = self.set.as_mut().and_then(|set| set.errors.last_mut()) else {
            return stray(ctx, out);
        };
        let raw = ctx.bytes().get(ctx.id().len() + 1..).unwrap_or_default();
        let text = shown(raw);
        let list = match error.elements.last_mut() {
            Some(element) => &mut element.context,
            None => &mut error.context,
        };
        keep(list, text, ctx, out);
    }

    fn verdict(&mut self, ik5: &Segment<'_>, out: &mut Out) {
        let Some(set) = &mut self.set else { return stray(ik5, out) };
        if set.status.is_some() {
            let message = "the set has a second verdict; the first one counts";
            out.error(ReadCode::Order, ik5.place(), message);
            return;
        }
        set.status = Some(status(ik5, out));
        set.codes = (2..=6).filter_map(|n| text(ik5, n, out)).collect();
    }

    fn group_verdict(&mut self, ak9: &Segment<'_>, out: &mut Out) {
        self.close(ak9.place(), out);
        let Some(group) = &mut self.group else { return stray(ak9, out) };
        self.ended = true;
        group.status = Some(status(ak9, out));
        group.counts = [2, 3, 4].map(|n| text(ak9, n, out));
        group.codes = (5..=9).filter_map(|n| text(ak9, n, out)).collect();
    }
}

fn status(segment: &Segment<'_>, out: &mut Out) -> String {
    let status: String = required(segment, 1, out);
    if !status.is_empty() && !STATUSES.contains(&status.as_str()) {
        let message = "the verdict is none of the guide's (A, E, M, P, R, W, X); treat the set as \
                       not accepted and ask the payer";
        out.error(ReadCode::Content, segment.place_of(1, 0), message);
    }
    status
}

fn stray(segment: &Segment<'_>, out: &mut Out) {
    let message = "the segment belongs to nothing before it and is left out";
    out.error(ReadCode::Order, segment.place(), message);
}
