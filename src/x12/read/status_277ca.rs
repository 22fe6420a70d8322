//! 277CA: what a clearinghouse or payer says of each claim before it adjudicates.
//!
//! Authority: ASC X12 005010X214. STC03 decides (`WQ` accepted, `U` rejected); where it says
//! neither, the category does. A level above the claims (receiver, provider) may reject all of
//! them at once.
//!
//! ```
//! use peerclaims::x12::read::{Event, Reader, Record};
//! use peerclaims::x12::read::status_277ca::{
//!     Disposition, Status, StatusClaim, StatusLevel, StatusSource,
//! };
//!
//! let file = include_bytes!("../../../fixtures/x12/answers/status.277");
//! let mut sources: Vec<StatusSource> = Vec::new();
//! let mut levels: Vec<StatusLevel> = Vec::new();
//! let mut claims: Vec<StatusClaim> = Vec::new();
//! for event in Reader::new(&file[..]) {
//!     let Event::Record(record) = event else { continue };
//!     match *record {
//!         Record::StatusSource(found) => sources.push(found),
//!         Record::StatusLevel(found) => levels.push(found),
//!         Record::StatusClaim(found) => claims.push(found),
//!         _ => {}
//!     }
//! }
//! assert_eq!((sources[0].entity, levels[0].trace.as_str()), ("PR", "BATCH000101"));
//! assert_eq!(claims[0].disposition, Disposition::Accepted);
//! assert_eq!(claims[0].payer_control.as_deref(), Some("2026282000417"));
//! assert_eq!(claims[1].disposition.as_str(), "rejected");
//! assert_eq!(levels[1].billing.as_deref(), Some("1234567893"));
//! assert_eq!(claims[0].billing, levels[1].billing);
//! let Status { category, code, entity, .. } = &claims[1].statuses[0];
//! assert_eq!((&**category, code.as_deref(), entity.as_deref()), ("A7", Some("562"), Some("82")));
//! ```

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::domain::money::Money;
use crate::domain::text::code_list;
use crate::x12::error::Place;
use crate::x12::segment::Segment;

use super::Record;
use super::fault::{Out, ReadCode};
use super::short::Text;
use super::status_billing::Billing;
use super::values::{clip, date, keep, money, part, quantity, required, text};

code_list!(
    /// What the statuses come to.
    Disposition, "a disposition" {
        /// Every status accepts.
        Accepted = "accepted",
        /// Every status rejects.
        Rejected = "rejected",
        /// Some accept and some reject.
        Mixed = "mixed",
        /// No status says either, or there are more than are kept; an error tells of it.
        Unknown = "unknown",
    }
);

/// One claim's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatusClaim {
    /// TRN02: our CLM01.
    pub trace: String,
    /// What all its statuses come to, those of its lines too.
    pub disposition: Disposition,
    /// Its statuses.
    pub statuses: Vec<Status>,
    /// REF\*1K: the payer's control number.
    pub payer_control: Option<String>,
    /// REF\*D9: the clearinghouse's number.
    pub clearinghouse_control: Option<String>,
    /// STC04: the charge it speaks of, in dollars.
    pub amount: Option<Money>,
    /// NM109 of the person served.
    pub member: Option<String>,
    /// NPI of the billing provider's level above it (2100C NM109), where that names one.
    pub billing: Option<Text>,
    /// Tax id of that level: NM109, or REF\*TJ.
    pub billing_tax_id: Option<Text>,
    /// Ordinal of TRN in the file.
    pub position: u64,
}

/// Who speaks: 2100A.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatusSource {
    /// NM101: `AY` a clearinghouse, `PR` a payer.
    pub entity: &'static str,
    /// NM109.
    pub id: Option<String>,
    /// Ordinal of NM1 in the file.
    pub position: u64,
}

/// A status of a level above the claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatusLevel {
    /// `receiver` (us) or `provider`.
    pub level: &'static str,
    /// TRN02: BHT03 of our set for the receiver.
    pub trace: String,
    /// What its statuses come to.
    pub disposition: Disposition,
    /// Its statuses.
    pub statuses: Vec<Status>,
    /// Claims accepted (QTY 90 or QA).
    pub accepted: Option<Decimal>,
    /// Claims rejected (QTY AA or QC).
    pub rejected: Option<Decimal>,
    /// AMT\*YU, in dollars.
    pub accepted_amount: Option<Money>,
    /// AMT\*YY.
    pub rejected_amount: Option<Money>,
    /// NPI of a billing provider (2100C NM109), where it is named by one.
    pub billing: Option<Text>,
    /// Its tax id: NM109, or REF\*TJ.
    pub billing_tax_id: Option<Text>,
    /// Ordinal of TRN in the file.
    pub position: u64,
}

/// One code triple of an STC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The category, such as `A2` or `A7`.
    pub category: String,
    /// The status code, such as `20`.
    pub code: Option<String>,
    /// Of whom it speaks, such as `85`.
    pub entity: Option<String>,
    /// STC03: `WQ` accepted, `U` rejected.
    pub action: Option<String>,
    /// STC02.
    pub date: Option<NaiveDate>,
    /// STC12: words.
    pub message: Option<String>,
    /// The line it speaks of (REF\*FJ or its ordinal); absent for the claim.
    pub line: Option<String>,
}

/// Where the statuses being read belong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum At {
    #[default]
    Source,
    Receiver,
    Provider,
    Person,
    /// Below an HL that says none of these: what stands there may be of anything.
    Unknown,
}

/// What is being gathered below one TRN.
#[derive(Debug, Default)]
struct Open {
    trace: String,
    statuses: Vec<Status>,
    refs: [Option<String>; 2],
    amount: Option<Money>,
    quantities: [Option<Decimal>; 2],
    amounts: [Option<Money>; 2],
    lines: usize,
    place: Place,
}

#[derive(Debug, Default)]
pub(super) struct StatusReader {
    at: At,
    member: Option<String>,
    billing: Billing,
    open: Option<Open>,
    claims: u64,
}

impl StatusReader {
    pub(super) fn segment(&mut self, segment: &Segment<'_>, out: &mut Out) {
        match (segment.id(), segment.element(1)) {
            (b"HL", _) => self.level(segment, out),
            (b"NM1", b"AY") if self.at == At::Source => source("AY", segment, out),
            (b"NM1", b"PR") if self.at == At::Source => source("PR", segment, out),
            (b"NM1", b"QC" | b"IL") => self.member = text(segment, 9, out),
            (b"NM1", b"85") if self.at == At::Provider => self.billing.name(segment, out),
            (b"REF", b"TJ" | b"EI" | b"SY") if self.at == At::Provider => {
                self.billing.reference(segment, out);
            }
            (b"TRN", _) => self.trace(segment, out),
            (b"STC", _) => self.status(segment, out),
            (id, qualifier) => {
                let Some(open) = &mut self.open else { return };
                match (id, qualifier) {
                    (b"SVC", _) => open.lines += 1,
                    (b"REF", b"1K") => open.refs[0] = text(segment, 2, out),
                    (b"REF", b"D9") => open.refs[1] = text(segment, 2, out),
                    (b"REF", b"FJ") => name_line(open, segment, out),
                    (b"QTY", b"90" | b"QA") => open.quantities[0] = quantity(segment, 2, out),
                    (b"QTY", b"AA" | b"QC") => open.quantities[1] = quantity(segment, 2, out),
                    (b"AMT", b"YU") => open.amounts[0] = money(segment, 2, out),
                    (b"AMT", b"YY") => open.amounts[1] = money(segment, 2, out),
                    _ => {}
                }
            }
        }
    }

    pub(super) fn finish(&mut self, last: Place, out: &mut Out) {
        let rejected_above = self.close(out);
        if self.claims == 0 && !rejected_above && self.at == At::Source {
            out.error(ReadCode::Missing, last, "the 277CA speaks of no claim");
        }
    }

    fn level(&mut self, hl: &Segment<'_>, out: &mut Out) {
        self.close(out);
        self.member = None;
        self.at = match hl.element(3) {
            b"20" => At::Source,
            b"21" => At::Receiver,
            b"19" => At::Provider,
            b"PT" | b"22" | b"23" => At::Person,
            _ => {
                // Fatal: read on, a claim's rejection would be that of a provider.
                let message = "HL03 must be 20, 21, 19 or PT";
                out.error(ReadCode::Order, hl.place_of(3, 0), message);
                At::Unknown
            }
        };
        if self.at != At::Person {
            self.billing = Billing::default();
        }
    }

    fn trace(&mut self, trn: &Segment<'_>, out: &mut Out) {
        self.close(out);
        // The source's own TRN is about its transmission, not about us.
        if !matches!(self.at, At::Source | At::Unknown) {
            let (trace, place) = (required(trn, 2, out), trn.place());
            self.open = Some(Open { trace, place, ..Open::default() });
        }
    }

    fn status(&mut self, stc: &Segment<'_>, out: &mut Out) {
        let Some(open) = &mut self.open else {
            return out.error(ReadCode::Order, stc.place(), "the status is below no TRN");
        };
        if open.amount.is_none() && open.lines == 0 {
            open.amount = money(stc, 4, out);
        }
        let shared = Status {
            action: text(stc, 3, out),
            date: date(stc, 2, out),
            message: text(stc, 12, out),
            line: (open.lines > 0).then(|| open.lines.to_string()),
            ..Status::default()
        };
        for element in [1, 10, 11] {
            let Some(category) = part(stc, (element, 1), out) else { continue };
            let (code, entity) = (part(stc, (element, 2), out), part(stc, (element, 3), out));
            let status = Status { category, code, entity, ..shared.clone() };
            keep(&mut open.statuses, status, stc, out);
        }
    }

    /// Ends what is open. Whether there was something of a level above the claims.
    fn close(&mut self, out: &mut Out) -> bool {
        let Some(mut open) = self.open.take() else { return false };
        // Among what was left out may be a rejection.
        let cut = clip(&mut open.statuses);
        let found = disposition(&open.statuses);
        let disposition = if cut { Disposition::Unknown } else { found };
        if disposition == Disposition::Unknown {
            let message = if cut {
                "there are more statuses than are kept: whether it was accepted or rejected is not \
                 decided on a part of them; ask the sender"
            } else {
                "no status says whether it was accepted or rejected; ask the sender"
            };
            out.error(ReadCode::Content, open.place, message);
        }
        let (trace, statuses, position) = (open.trace, open.statuses, open.place.segment);
        let Billing { npi: billing, tax_id: billing_tax_id } = self.billing.clone();
        if self.at == At::Person {
            self.claims += 1;
            let [payer_control, clearinghouse_control] = open.refs;
            out.record(Record::StatusClaim(StatusClaim {
                trace,
                disposition,
                statuses,
                payer_control,
                clearinghouse_control,
                amount: open.amount,
                member: self.member.clone(),
                billing,
                billing_tax_id,
                position,
            }));
            return false;
        }
        let level = if self.at == At::Receiver { "receiver" } else { "provider" };
        let [accepted, rejected] = open.quantities;
        let [accepted_amount, rejected_amount] = open.amounts;
        out.record(Record::StatusLevel(StatusLevel {
            level,
            trace,
            disposition,
            statuses,
            accepted,
            rejected,
            accepted_amount,
            rejected_amount,
            billing,
            billing_tax_id,
            position,
        }));
        true
    }
}

fn source(entity: &'static str, nm1: &Segment<'_>, out: &mut Out) {
    let (id, position) = (text(nm1, 9, out), nm1.place().segment);
    out.record(Record::StatusSource(StatusSource { entity, id, position }));
}

/// The line's own number replaces its ordinal in what was said of it.
fn name_line(open: &mut Open, reference: &Segment<'_>, out: &mut Out) {
    let Some(number) = text::<String>(reference, 2, out) else { return };
    let ordinal = open.lines.to_string();
    for status in open.statuses.iter_mut().filter(|s| s.line.as_ref() == Some(&ordinal)) {
        status.line = Some(number.clone());
    }
}

fn disposition(statuses: &[Status]) -> Disposition {
    let (mut yes, mut no) = (false, false);
    // A category that the guide does not have says nothing, whatever action stands beside it; but it may
    // contradict what others say.
    let (mut perhaps, mut perhaps_not) = (false, false);
    for status in statuses {
        let by_category = match status.category.as_str() {
            "A0" | "A1" | "A2" | "A5" => Some(true),
            "A3" | "A4" | "A6" | "A7" | "A8" => Some(false),
            _ => None,
        };
        let by_action = match status.action.as_deref() {
            Some("WQ") => Some(true),
            Some("U") => Some(false),
            _ => None,
        };
        if let Some(accepts) = by_category {
            let accepts = by_action.unwrap_or(accepts);
            yes |= accepts;
            no |= !accepts;
        } else {
            perhaps |= by_action == Some(true);
            perhaps_not |= by_action == Some(false);
        }
    }
    match (yes, no) {
        (true, true) => Disposition::Mixed,
        (true, false) if perhaps_not => Disposition::Mixed,
        (false, true) if perhaps => Disposition::Mixed,
        (true, false) => Disposition::Accepted,
        (false, true) => Disposition::Rejected,
        (false, false) => Disposition::Unknown,
    }
}
