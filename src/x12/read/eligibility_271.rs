//! 271 answers about coverage (and the 270 questions, which share their shape).
//!
//! Authority: ASC X12 005010X279A1, loops 2000A to 2120D.
//!
//! ```
//! use peerclaims::x12::read::{Event, Reader, Record};
//! use peerclaims::x12::read::eligibility_271::{
//!     Benefit, Entity, Parties, Rejection, StatedDate, Subject,
//! };
//!
//! let file = include_bytes!("../../../fixtures/x12/answers/eligibility.271");
//! let mut parties: Vec<Parties> = Vec::new();
//! let mut people: Vec<Subject> = Vec::new();
//! for event in Reader::new(&file[..]) {
//!     let Event::Record(record) = event else { continue };
//!     match *record {
//!         Record::Parties(found) => parties.push(found),
//!         Record::Subject(found) => people.push(found),
//!         _ => {}
//!     }
//! }
//! assert_eq!(parties[0].source_id.as_deref(), Some("MCOPAYER01"));
//! assert_eq!((people[0].coverage, people[1].coverage), ("active", "not stated"));
//! let Benefit { service_types, dates, .. } = &people[0].benefits[0];
//! assert_eq!(*service_types, ["30", "MH"]);
//! let StatedDate { qualifier, value } = &dates[0];
//! assert_eq!((&**qualifier, &**value), ("307", "20260101-20261231"));
//! let Entity { role, id, .. } = &people[0].benefits[1].entities[0];
//! assert_eq!((role.as_str(), id.as_deref()), ("PR", Some("OTHER01")));
//! let Rejection { reason, follow_up, .. } = &people[1].rejections[0];
//! assert_eq!((reason.as_deref(), follow_up.as_deref()), (Some("75"), Some("C")));
//! ```

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::domain::money::Money;
use crate::x12::segment::Segment;

use super::Record;
use super::fault::{Out, ReadCode};
use super::values::{clip, date, full_name, keep, money, part, quantity, shown, text};

/// Who answers and who asked, with what stopped the question there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Parties {
    /// Name of the information source, usually the payer.
    pub source: Option<String>,
    /// Its NM109.
    pub source_id: Option<String>,
    /// Name of the information receiver.
    pub receiver: Option<String>,
    /// Its NM109.
    pub receiver_id: Option<String>,
    /// BHT03.
    pub reference: Option<String>,
    /// AAA of the two levels.
    pub rejections: Vec<Rejection>,
}

/// A person of the question or answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// `subscriber` or `dependent`.
    pub level: &'static str,
    /// TRN02, the trace numbers.
    pub traces: Vec<String>,
    /// NM109: the member number.
    pub member: Option<String>,
    /// DMG02.
    pub birth_date: Option<NaiveDate>,
    /// DMG03.
    pub gender: Option<String>,
    /// `active`, `inactive` or `not stated`, by the EB01 of its benefits; where there are more than
    /// are kept, what is not `active` is `not stated`.
    pub coverage: &'static str,
    /// Dates of the person, before any benefit.
    pub dates: Vec<StatedDate>,
    /// EB segments (271).
    pub benefits: Vec<Benefit>,
    /// Service types asked for (270 EQ01), one list for each EQ.
    pub inquiries: Vec<Vec<String>>,
    /// AAA: why there is no answer.
    pub rejections: Vec<Rejection>,
    /// Ordinal of HL in the file.
    pub position: u64,
}

/// A DTP as sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StatedDate {
    /// DTP01, such as `291` (plan) or `307` (eligibility).
    pub qualifier: String,
    /// DTP03: one day, or two with a hyphen.
    pub value: String,
}

/// An EB.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Benefit {
    /// EB01: 1 active, 6 inactive, B copayment, …
    pub information: String,
    /// EB02.
    pub coverage_level: Option<String>,
    /// EB03.
    pub service_types: Vec<String>,
    /// EB04, such as `MC` (Medicaid) or `HM`.
    pub insurance_type: Option<String>,
    /// EB05: name of the plan.
    pub plan: Option<String>,
    /// EB06.
    pub period: Option<String>,
    /// EB07, in dollars.
    pub amount: Option<Money>,
    /// EB08, a fraction.
    pub percent: Option<Decimal>,
    /// EB10, in units of EB09.
    pub quantity: Option<Decimal>,
    /// EB11: whether an authorization is needed.
    pub authorization: Option<String>,
    /// EB12.
    pub in_network: Option<String>,
    /// EB13-2.
    pub procedure: Option<String>,
    /// DTP of the benefit.
    pub dates: Vec<StatedDate>,
    /// MSG01.
    pub messages: Vec<String>,
    /// NM1 of loop 2120: the managed-care plan, another payer, a provider.
    pub entities: Vec<Entity>,
}

/// Somebody that a benefit names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Entity {
    /// NM101, such as `PR` or `P3`.
    pub role: String,
    /// NM103 and NM104.
    pub name: Option<String>,
    /// NM109.
    pub id: Option<String>,
}

/// An AAA.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// AAA01: whether the request was valid.
    pub valid: Option<String>,
    /// AAA03, such as `72` (invalid member number) or `75` (not found).
    pub reason: Option<String>,
    /// AAA04: what to do, such as `C` (correct and send again).
    pub follow_up: Option<String>,
    /// Ordinal of the segment in the file.
    pub position: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum At {
    #[default]
    Header,
    Source,
    Receiver,
    Person,
}

#[derive(Debug, Default)]
pub(super) struct EligibilityReader {
    at: At,
    parties: Parties,
    told: bool,
    subject: Option<Subject>,
}

impl EligibilityReader {
    pub(super) fn segment(&mut self, segment: &Segment<'_>, out: &mut Out) {
        match (segment.id(), self.at) {
            (b"BHT", _) => self.parties.reference = text(segment, 3, out),
            (b"HL", _) => self.level(segment, out),
            (b"NM1", At::Source) => {
                self.parties.source = full_name(segment, out);
                self.parties.source_id = text(segment, 9, out);
            }
            (b"NM1", At::Receiver) => {
                self.parties.receiver = full_name(segment, out);
                self.parties.receiver_id = text(segment, 9, out);
            }
            (b"AAA", At::Source | At::Receiver) => {
                let rejection = rejection(segment, out);
                keep(&mut self.parties.rejections, rejection, segment, out);
            }
            (_, At::Person) => {
                if let Some(subject) = &mut self.subject {
                    detail(subject, segment, out);
                }
            }
            _ => {}
        }
    }

    pub(super) fn finish(&mut self, out: &mut Out) {
        self.close(out);
        self.tell(out);
    }

    fn tell(&mut self, out: &mut Out) {
        if !self.told {
            self.told = true;
            clip(&mut self.parties.rejections);
            out.record(Record::Parties(self.parties.clone()));
        }
    }

    fn level(&mut self, hl: &Segment<'_>, out: &mut Out) {
        self.close(out);
        let level = match hl.element(3) {
            b"20" => return self.at = At::Source,
            b"21" => return self.at = At::Receiver,
            b"22" => "subscriber",
            b"23" => "dependent",
            _ => {
                let message = "HL03 must be 20, 21, 22 or 23";
                return out.error(ReadCode::Content, hl.place_of(3, 0), message);
            }
        };
        self.tell(out);
        self.at = At::Person;
        let position = hl.place().segment;
        self.subject = Some(Subject { level, position, ..Subject::default() });
    }

    fn close(&mut self, out: &mut Out) {
        let Some(mut subject) = self.subject.take() else { return };
        clip(&mut subject.traces);
        clip(&mut subject.dates);
        clip(&mut subject.inquiries);
        clip(&mut subject.rejections);
        let cut = clip(&mut subject.benefits);
        for benefit in &mut subject.benefits {
            clip(&mut benefit.dates);
            clip(&mut benefit.messages);
            clip(&mut benefit.entities);
        }
        let any = |codes: &[&str]| {
            subject.benefits.iter().any(|b| codes.contains(&b.information.as_str()))
        };
        subject.coverage = if any(&["1", "2", "3", "4", "5"]) {
            "active"
        } else if any(&["6", "7", "8"]) && !cut {
            "inactive"
        } else {
            "not stated"
        };
        out.record(Record::Subject(subject));
    }
}

fn detail(subject: &mut Subject, segment: &Segment<'_>, out: &mut Out) {
    match segment.id() {
        b"TRN" => {
            if let Some(trace) = text(segment, 2, out) {
                keep(&mut subject.traces, trace, segment, out);
            }
        }
        b"NM1" => match subject.benefits.last_mut() {
            Some(benefit) => {
                let role = text(segment, 1, out).unwrap_or_default();
                let (name, id) = (full_name(segment, out), text(segment, 9, out));
                keep(&mut benefit.entities, Entity { role, name, id }, segment, out);
            }
            None => subject.member = text(segment, 9, out),
        },
        b"DMG" => {
            subject.birth_date = date(segment, 2, out);
            subject.gender = text(segment, 3, out);
        }
        b"DTP" => {
            let qualifier = text(segment, 1, out).unwrap_or_default();
            let value = text(segment, 3, out).unwrap_or_default();
            let list = match subject.benefits.last_mut() {
                Some(benefit) => &mut benefit.dates,
                None => &mut subject.dates,
            };
            keep(list, StatedDate { qualifier, value }, segment, out);
        }
        b"EB" => {
            let benefit = benefit(segment, out);
            keep(&mut subject.benefits, benefit, segment, out);
        }
        b"EQ" => keep(&mut subject.inquiries, repeated(segment, 1), segment, out),
        b"MSG" => {
            if let Some((benefit, words)) = subject.benefits.last_mut().zip(text(segment, 1, out)) {
                keep(&mut benefit.messages, words, segment, out);
            }
        }
        b"AAA" => {
            let rejection = rejection(segment, out);
            keep(&mut subject.rejections, rejection, segment, out);
        }
        _ => {}
    }
}

fn benefit(eb: &Segment<'_>, out: &mut Out) -> Benefit {
    Benefit {
        information: text(eb, 1, out).unwrap_or_default(),
        coverage_level: text(eb, 2, out),
        service_types: repeated(eb, 3),
        insurance_type: text(eb, 4, out),
        plan: text(eb, 5, out),
        period: text(eb, 6, out),
        amount: money(eb, 7, out),
        percent: quantity(eb, 8, out),
        quantity: quantity(eb, 10, out),
        authorization: text(eb, 11, out),
        in_network: text(eb, 12, out),
        procedure: part(eb, (13, 2), out),
        ..Benefit::default()
    }
}

fn repeated(segment: &Segment<'_>, element: u8) -> Vec<String> {
    let codes = segment.repetitions(element).filter(|code| !code.is_empty());
    codes.map(shown).collect()
}

fn rejection(aaa: &Segment<'_>, out: &mut Out) -> Rejection {
    Rejection {
        valid: text(aaa, 1, out),
        reason: text(aaa, 3, out),
        follow_up: text(aaa, 4, out),
        position: aaa.place().segment,
    }
}
