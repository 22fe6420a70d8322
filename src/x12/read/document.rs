//! A whole file, gathered for showing. Bounded: what does not fit is counted and told.

use std::io::Read;

use serde::Serialize;

use crate::x12::error::Place;

use super::ack_999::{AckGroup, AckSet};
use super::claims_837::{Claim, ClaimTotals};
use super::eligibility_271::{Parties, Subject};
use super::envelope::{Group, Interchange, SetHead};
use super::fault::{Out, ReadCode, ReadError};
use super::remit_835::{Payment, ProviderAdjustment, RemitClaim};
use super::remit_balance::Balances;
use super::status_277ca::{StatusClaim, StatusLevel};
use super::ta1::Ta1;
use super::{Event, Reader, Record};

/// Most records (claims, lines, verdicts, heads) of a document: some 200 MB. Larger files are for
/// a [`Reader`].
const MAX_RECORDS: usize = 500_000;

/// What a file says, whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Document {
    /// Its interchanges in order.
    pub interchanges: Vec<InterchangeDocument>,
    /// What is wrong with it, in order: at most a thousand, and always the first ten of each code
    /// that is fatal and what is wrong with its end.
    pub errors: Vec<ReadError>,
    /// How many errors there are in all.
    pub error_count: u64,
}

/// An interchange.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct InterchangeDocument {
    /// Its ISA.
    #[serde(flatten)]
    pub head: Interchange,
    /// Its TA1 segments.
    pub ta1: Vec<Ta1>,
    /// Its groups.
    pub groups: Vec<GroupDocument>,
}

/// A group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GroupDocument {
    /// Its GS.
    #[serde(flatten)]
    pub head: Group,
    /// Its sets; none when the group is refused.
    pub sets: Vec<SetDocument>,
}

/// A set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SetDocument {
    /// Its ST.
    #[serde(flatten)]
    pub head: SetHead,
    /// What it says.
    #[serde(flatten)]
    pub body: SetBody,
}

/// What a set says, by its kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum SetBody {
    /// Refused, or of no kind yet.
    #[default]
    Nothing,
    /// 837P.
    Claims {
        /// Its claims.
        claims: Vec<Claim>,
        /// What they add up to.
        totals: ClaimTotals,
    },
    /// 835.
    Remittance {
        /// The payment.
        payment: Payment,
        /// The claims it pays.
        claims: Vec<RemitClaim>,
        /// PLB.
        provider_adjustments: Vec<ProviderAdjustment>,
        /// What does not balance.
        balances: Balances,
    },
    /// 999.
    Acknowledgment {
        /// Of which group it speaks.
        group: AckGroup,
        /// What became of the group's sets.
        sets: Vec<AckSet>,
    },
    /// 277CA.
    Status {
        /// Levels above the claims.
        levels: Vec<StatusLevel>,
        /// The claims.
        claims: Vec<StatusClaim>,
    },
    /// 271 and 270.
    Eligibility {
        /// Who asked, who answers.
        parties: Parties,
        /// The people.
        subjects: Vec<Subject>,
    },
}

impl Document {
    /// Reads a file. It always gives a document: what could not be read is among its errors.
    ///
    /// ```
    /// use peerclaims::x12::read::document::{
    ///     Document, GroupDocument, InterchangeDocument, SetBody, SetDocument,
    /// };
    ///
    /// let file = include_bytes!("../../../fixtures/x12/answers/remittance.835");
    /// let mut document = Document::read(&file[..]);
    /// let interchange: InterchangeDocument = document.interchanges.remove(0);
    /// let GroupDocument { head: group, sets, .. } = &interchange.groups[0];
    /// let SetDocument { head: set, body } = &sets[0];
    /// assert_eq!((group.control.as_str(), set.control.as_str()), ("701", "0001"));
    /// let SetBody::Remittance { payment, claims, balances, .. } = body else { panic!("no 835") };
    /// assert_eq!((claims.len(), balances.balanced), (2, true));
    /// assert_eq!(payment.trace.as_deref(), Some("CHECK0099"));
    /// ```
    ///
    /// As JSON:
    ///
    /// ```
    /// let file = include_bytes!("../../../fixtures/x12/valid/peer_support_void.837");
    /// let document = peerclaims::x12::read::Document::read(&file[..]);
    /// let json = serde_json::to_value(&document)?;
    /// let claim = &json["interchanges"][0]["groups"][0]["sets"][0]["claims"][0];
    /// assert_eq!(claim["frequency"], "8");
    /// assert!(document.errors.is_empty() && document.anything_read());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn read(input: impl Read) -> Self {
        let mut reader = Reader::new(input);
        let mut document = Self::default();
        let mut records = 0;
        for event in reader.by_ref() {
            if let Event::Error(error) = event {
                document.errors.push(error);
                continue;
            }
            records += weight(&event);
            if records <= MAX_RECORDS || ends(&event) {
                document.event(event);
            }
        }
        document.error_count = reader.error_count();
        if !document.anything_read() && document.errors.is_empty() {
            let message = "the file holds no transaction set and no TA1";
            document.note(ReadCode::Envelope, message.to_owned());
        }
        if records > MAX_RECORDS {
            let message = format!("the file has {records} records; {MAX_RECORDS} are shown");
            document.note(ReadCode::Full, message);
        }
        if reader.folded() {
            let message = "the file is folded into lines of fixed width; the line ends were taken \
                           out, and places count bytes without them";
            document.note(ReadCode::Folded, message.to_owned());
        }
        document
    }

    /// Whether anything of a kind that is read here was found.
    pub fn anything_read(&self) -> bool {
        let read = |set: &SetDocument| !set.head.refused;
        self.interchanges.iter().any(|interchange| {
            !interchange.ta1.is_empty()
                || interchange.groups.iter().flat_map(|group| &group.sets).any(read)
        })
    }

    /// An error of the file as a whole.
    fn note(&mut self, code: ReadCode, message: String) {
        let mut out = Out::default();
        out.error(code, Place::default(), message);
        if let Some(Event::Error(error)) = out.next() {
            self.errors.push(error);
            self.error_count += 1;
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Interchange(head) => {
                let fresh = InterchangeDocument { head, ..InterchangeDocument::default() };
                return self.interchanges.push(fresh);
            }
            // A group without an interchange has told its error; it is shown below a blank one.
            Event::Group(_) if self.interchanges.is_empty() => {
                self.interchanges.push(InterchangeDocument::default());
            }
            _ => {}
        }
        let Some(interchange) = self.interchanges.last_mut() else { return };
        match event {
            Event::Ta1(ta1) => interchange.ta1.push(ta1),
            Event::Group(head) => interchange.groups.push(GroupDocument { head, sets: Vec::new() }),
            Event::Set(head) => {
                if let Some(group) = interchange.groups.last_mut() {
                    let body = SetBody::of(&head.name);
                    group.sets.push(SetDocument { head, body });
                }
            }
            Event::Record(record) => {
                let group = interchange.groups.last_mut();
                if let Some(set) = group.and_then(|group| group.sets.last_mut()) {
                    set.body.take(*record);
                }
            }
            _ => {}
        }
    }
}

/// How many records an event counts for.
fn weight(event: &Event) -> usize {
    let Event::Record(record) = event else { return 1 };
    1 + match &**record {
        Record::Claim(claim) => claim.lines.len(),
        Record::RemitClaim(claim) => {
            let lines = claim.lines.iter().map(|line| 1 + line.adjustments.len());
            claim.adjustments.len() + lines.sum::<usize>()
        }
        Record::AckSet(set) => set.errors.iter().map(|error| 1 + error.elements.len()).sum(),
        Record::StatusLevel(level) => level.statuses.len(),
        Record::StatusClaim(claim) => claim.statuses.len(),
        Record::Subject(subject) => subject.benefits.len(),
        _ => 0,
    }
}

/// Whether the event says what a set adds up to: wanted even when its claims are left out.
fn ends(event: &Event) -> bool {
    let Event::Record(record) = event else { return false };
    matches!(**record, Record::ClaimTotals(_) | Record::Balances(_) | Record::AckGroup(_))
}

impl SetBody {
    fn of(name: &str) -> Self {
        match name {
            "837P" => Self::Claims { claims: Vec::new(), totals: ClaimTotals::default() },
            "835" => Self::Remittance {
                payment: Payment::default(),
                claims: Vec::new(),
                provider_adjustments: Vec::new(),
                balances: Balances::default(),
            },
            "999" | "997" => Self::Acknowledgment { group: AckGroup::default(), sets: Vec::new() },
            "277CA" => Self::Status { levels: Vec::new(), claims: Vec::new() },
            "270" | "271" => {
                Self::Eligibility { parties: Parties::default(), subjects: Vec::new() }
            }
            _ => Self::Nothing,
        }
    }

    fn take(&mut self, record: Record) {
        match (self, record) {
            (Self::Claims { claims, .. }, Record::Claim(claim)) => claims.push(claim),
            (Self::Claims { totals, .. }, Record::ClaimTotals(found)) => *totals = found,
            (Self::Remittance { payment, .. }, Record::Payment(found)) => *payment = found,
            (Self::Remittance { claims, .. }, Record::RemitClaim(claim)) => claims.push(claim),
            (
                Self::Remittance { provider_adjustments, .. },
                Record::ProviderAdjustment(adjustment),
            ) => provider_adjustments.push(adjustment),
            (Self::Remittance { balances, .. }, Record::Balances(found)) => *balances = found,
            (Self::Acknowledgment { sets, .. }, Record::AckSet(set)) => sets.push(set),
            (Self::Acknowledgment { group, .. }, Record::AckGroup(found)) => *group = found,
            (Self::Status { levels, .. }, Record::StatusLevel(level)) => levels.push(level),
            (Self::Status { claims, .. }, Record::StatusClaim(claim)) => claims.push(claim),
            (Self::Eligibility { parties, .. }, Record::Parties(found)) => *parties = found,
            (Self::Eligibility { subjects, .. }, Record::Subject(subject)) => {
                subjects.push(subject);
            }
            _ => {}
        }
    }
}
