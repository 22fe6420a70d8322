//! 835 remittances: one claim at a time, and whether it all adds up.
//!
//! Authority: ASC X12 005010X221A1; signs as `docs/definitions.md` section 6 has them.
//!
//! ```
//! use peerclaims::x12::read::{Event, Reader, Record};
//! use peerclaims::x12::read::remit_835::{
//!     Adjustment, Payment, ProviderAdjustment, RemitClaim, RemitLine,
//! };
//!
//! let file = include_bytes!("../../../fixtures/x12/answers/remittance.835");
//! let mut payments: Vec<Payment> = Vec::new();
//! let mut claims: Vec<RemitClaim> = Vec::new();
//! let mut others: Vec<ProviderAdjustment> = Vec::new();
//! for event in Reader::new(&file[..]) {
//!     let Event::Record(record) = event else { continue };
//!     match *record {
//!         Record::Payment(found) => payments.push(found),
//!         Record::RemitClaim(found) => claims.push(found),
//!         Record::ProviderAdjustment(found) => others.push(found),
//!         _ => {}
//!     }
//! }
//! assert_eq!(payments[0].amount.unwrap().to_string(), "80.00");
//! assert_eq!(payments[0].payee_tax_id.as_deref(), Some("911234567"));
//! let RemitLine { paid, adjustments, control, .. } = &claims[0].lines[0];
//! assert_eq!((paid.unwrap().cents(), control.as_deref()), (6_000, Some("L1001A")));
//! let Adjustment { group, reason, amount, .. } = &adjustments[0];
//! assert_eq!((&**group, &**reason, amount.unwrap().cents()), ("CO", "45", 400));
//! assert_eq!((claims[1].status.as_str(), claims[1].paid.unwrap().cents()), ("4", 0));
//! assert_eq!(others[0].reason.as_deref(), Some("WO"));
//! ```

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::domain::money::Money;
use crate::x12::error::Place;
use crate::x12::segment::Segment;

use super::Record;
use super::fault::{Out, ReadCode};
use super::remit_balance::Ledger;
use super::short::Text;
use super::values::{
    beyond, clip, date, keep, money, part, procedure, quantity, required, required_money, text,
};

/// Elements of a CAS: its group, and six reasons of three.
const CAS_ELEMENTS: u8 = 19;
/// Elements of a PLB: provider, year's end, and six adjustments of two.
const PLB_ELEMENTS: u8 = 14;

/// The payment: BPR, TRN and the two parties.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Payment {
    /// BPR04: `ACH`, `CHK`, `NON` (no payment), …
    pub method: Option<Text>,
    /// BPR02, in dollars.
    pub amount: Option<Money>,
    /// BPR16.
    pub date: Option<NaiveDate>,
    /// TRN02: number of the check or transfer.
    pub trace: Option<Text>,
    /// TRN03: the payer's own id with it.
    pub trace_payer: Option<Text>,
    /// BPR01: `I` remittance only, `C` payment with it, `H` notice, …
    pub handling: Option<Text>,
    /// BPR03: `C` credit, `D` debit.
    pub credit_or_debit: Option<Text>,
    /// N102 of the payer.
    pub payer: Option<Text>,
    /// N104 of the payer.
    pub payer_id: Option<Text>,
    /// N102 of the payee.
    pub payee: Option<Text>,
    /// N103 of the payee: `XX` an NPI, `FI` a tax id, `XV` a plan's id.
    pub payee_qualifier: Option<Text>,
    /// N104 of the payee, usually its NPI.
    pub payee_id: Option<Text>,
    /// REF\*TJ of the payee: its tax id, usually beside an NPI.
    pub payee_tax_id: Option<Text>,
    /// Ordinal of BPR in the file; 0 when there is none.
    pub position: u64,
}

/// A claim as it was paid.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RemitClaim {
    /// CLP01: our CLM01.
    pub id: Text,
    /// CLP02: 1 primary, 2 secondary, 4 denied, 22 reversal, …
    pub status: Text,
    /// CLP03, in dollars.
    pub charge: Option<Money>,
    /// CLP04.
    pub paid: Option<Money>,
    /// CLP05.
    pub patient_responsibility: Option<Money>,
    /// CLP07: the payer's control number.
    pub payer_control: Option<Text>,
    /// CLP06: kind of coverage.
    pub filing: Option<Text>,
    /// CLP09.
    pub frequency: Option<Text>,
    /// NM109 of the person served.
    pub member: Option<Text>,
    /// CAS of the claim.
    pub adjustments: Vec<Adjustment>,
    /// Remark codes of MIA and MOA.
    pub remarks: Vec<Text>,
    /// Its service lines, when the payer states any.
    pub lines: Vec<RemitLine>,
    /// Ordinal of CLP in the file.
    pub position: u64,
}

/// One reason of a CAS. A positive amount lowers the payment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Adjustment {
    /// CAS01: `CO`, `PR`, `OA`, `PI`.
    pub group: Text,
    /// The reason code.
    pub reason: Text,
    /// In dollars.
    pub amount: Option<Money>,
    /// Units.
    pub quantity: Option<Decimal>,
}

/// A service line as it was paid.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RemitLine {
    /// SVC01-2.
    pub procedure: Option<Text>,
    /// SVC01-3 to -6.
    pub modifiers: Vec<Text>,
    /// SVC02, in dollars.
    pub charge: Option<Money>,
    /// SVC03.
    pub paid: Option<Money>,
    /// SVC05: units paid; 1 when not stated, as the guide has it.
    pub units: Option<Decimal>,
    /// DTM\*472, or the first day of DTM\*150.
    pub date: Option<NaiveDate>,
    /// CAS of the line.
    pub adjustments: Vec<Adjustment>,
    /// LQ\*HE.
    pub remarks: Vec<Text>,
    /// REF\*6R: our line's number.
    pub control: Option<Text>,
    /// Ordinal of SVC in the file.
    pub position: u64,
}

/// One adjustment of a PLB. A positive amount lowers the payment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProviderAdjustment {
    /// PLB03-1 and its like, such as `WO`, `FB`, `L6`.
    pub reason: Option<Text>,
    /// PLB03-2.
    pub reference: Option<Text>,
    /// In dollars.
    pub amount: Option<Money>,
    /// PLB01.
    pub provider: Option<Text>,
    /// PLB02.
    pub fiscal_end: Option<NaiveDate>,
    /// Ordinal of PLB in the file.
    pub position: u64,
}

#[derive(Debug, Default)]
pub(super) struct RemitReader {
    payment: Payment,
    /// Whether the segments before the claims speak of the payee.
    at_payee: bool,
    told: bool,
    claim: Option<RemitClaim>,
    ledger: Ledger,
}

impl RemitReader {
    pub(super) fn segment(&mut self, segment: &Segment<'_>, out: &mut Out) {
        match segment.id() {
            b"BPR" => self.payment(segment, out),
            b"TRN" if !self.told => {
                self.payment.trace = text(segment, 2, out);
                self.payment.trace_payer = text(segment, 3, out);
            }
            b"N1" if !self.told => self.party(segment, out),
            b"LX" => {
                self.close(out);
                self.tell(segment.place(), out);
            }
            b"CLP" => self.claim(segment, out),
            b"SVC" => self.line(segment, out),
            b"CAS" => self.adjustments(segment, out),
            b"PLB" => self.provider_adjustments(segment, out),
            b"REF" if !self.told => self.reference(segment, out),
            _ => self.detail(segment, out),
        }
    }

    pub(super) fn finish(&mut self, last: Place, out: &mut Out) {
        self.close(out);
        self.tell(last, out);
        out.record(Record::Balances(self.ledger.finish(self.payment.amount)));
    }

    fn payment(&mut self, bpr: &Segment<'_>, out: &mut Out) {
        if self.payment.position > 0 {
            return out.error(ReadCode::Order, bpr.place(), "the remittance has a second BPR");
        }
        let payment = Payment {
            handling: text(bpr, 1, out),
            amount: required_money(bpr, 2, out),
            credit_or_debit: text(bpr, 3, out),
            method: text(bpr, 4, out),
            date: date(bpr, 16, out),
            position: bpr.place().segment,
            ..Payment::default()
        };
        if payment.amount.is_some_and(|amount| amount < Money::ZERO) {
            let message = "the payment is negative; it is shown, and refused when posted: ask the \
                           payer to carry the balance forward (PLB FB)";
            out.error(ReadCode::Content, bpr.place_of(2, 0), message);
        }
        self.payment = payment;
    }

    fn party(&mut self, n1: &Segment<'_>, out: &mut Out) {
        let payment = &mut self.payment;
        self.at_payee = n1.element(1) == b"PE";
        match n1.element(1) {
            b"PR" => {
                payment.payer = text(n1, 2, out);
                payment.payer_id = text(n1, 4, out);
            }
            b"PE" => {
                payment.payee = text(n1, 2, out);
                payment.payee_qualifier = text(n1, 3, out);
                payment.payee_id = text(n1, 4, out);
                payment.payee_tax_id = None;
            }
            _ => {}
        }
    }

    fn reference(&mut self, reference: &Segment<'_>, out: &mut Out) {
        if self.at_payee && reference.element(1) == b"TJ" {
            self.payment.payee_tax_id = text(reference, 2, out);
        }
    }

    /// The payment goes out before what it pays.
    fn tell(&mut self, place: Place, out: &mut Out) {
        if self.told {
            return;
        }
        self.told = true;
        if self.payment.position == 0 {
            out.error(ReadCode::Missing, place, "the remittance has no BPR: how much was paid?");
        }
        if self.payment.trace.is_none() {
            out.error(ReadCode::Missing, place, "the remittance has no TRN with its number");
        }
        out.record(Record::Payment(self.payment.clone()));
    }

    fn claim(&mut self, clp: &Segment<'_>, out: &mut Out) {
        self.close(out);
        self.tell(clp.place(), out);
        self.claim = Some(RemitClaim {
            id: required(clp, 1, out),
            status: required(clp, 2, out),
            charge: required_money(clp, 3, out),
            paid: required_money(clp, 4, out),
            patient_responsibility: money(clp, 5, out),
            filing: text(clp, 6, out),
            payer_control: text(clp, 7, out),
            frequency: text(clp, 9, out),
            position: clp.place().segment,
            ..RemitClaim::default()
        });
    }

    fn line(&mut self, svc: &Segment<'_>, out: &mut Out) {
        let Some(claim) = &mut self.claim else { return stray(svc, out) };
        let (procedure, modifiers) = procedure(svc, 1, out);
        let line = RemitLine {
            procedure,
            modifiers,
            charge: required_money(svc, 2, out),
            paid: required_money(svc, 3, out),
            units: if svc.element(5).is_empty() {
                Some(Decimal::ONE)
            } else {
                quantity(svc, 5, out)
            },
            position: svc.place().segment,
            ..RemitLine::default()
        };
        keep(&mut claim.lines, line, svc, out);
    }

    fn adjustments(&mut self, cas: &Segment<'_>, out: &mut Out) {
        if beyond(cas, CAS_ELEMENTS, out) {
            self.ledger.left_out();
        }
        let Some(claim) = &mut self.claim else { return stray(cas, out) };
        let list = match claim.lines.last_mut() {
            Some(line) => &mut line.adjustments,
            None => &mut claim.adjustments,
        };
        let group: Text = required(cas, 1, out);
        for reason in (2..=17).step_by(3) {
            let Some(code) = text(cas, reason, out) else { continue };
            let adjustment = Adjustment {
                group: group.clone(),
                reason: code,
                amount: required_money(cas, reason + 1, out),
                quantity: quantity(cas, reason + 2, out),
            };
            keep(list, adjustment, cas, out);
        }
    }

    fn provider_adjustments(&mut self, plb: &Segment<'_>, out: &mut Out) {
        self.close(out);
        self.tell(plb.place(), out);
        if beyond(plb, PLB_ELEMENTS, out) {
            self.ledger.left_out();
        }
        let (provider, fiscal_end) = (text(plb, 1, out), date(plb, 2, out));
        for reason in (3..=13).step_by(2) {
            if plb.element(reason).is_empty() && plb.element(reason + 1).is_empty() {
                continue;
            }
            let adjustment = ProviderAdjustment {
                reason: part(plb, (reason, 1), out),
                reference: part(plb, (reason, 2), out),
                amount: required_money(plb, reason + 1, out),
                provider: provider.clone(),
                fiscal_end,
                position: plb.place().segment,
            };
            self.ledger.provider(&adjustment);
            out.record(Record::ProviderAdjustment(adjustment));
        }
    }

    fn detail(&mut self, segment: &Segment<'_>, out: &mut Out) {
        let Some(claim) = &mut self.claim else { return };
        match (segment.id(), segment.element(1)) {
            (b"NM1", b"QC") => claim.member = text(segment, 9, out),
            (b"MOA", _) => remarks(claim, segment, &[3, 4, 5, 6, 7], out),
            (b"MIA", _) => remarks(claim, segment, &[5, 20, 21, 22, 23], out),
            (id, qualifier) => {
                let Some(line) = claim.lines.last_mut() else { return };
                match (id, qualifier) {
                    (b"DTM", b"472" | b"150") => line.date = date(segment, 2, out),
                    (b"REF", b"6R") => line.control = text(segment, 2, out),
                    (b"LQ", b"HE") => {
                        if let Some(code) = text(segment, 2, out) {
                            keep(&mut line.remarks, code, segment, out);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn close(&mut self, out: &mut Out) {
        if let Some(mut claim) = self.claim.take() {
            clip(&mut claim.remarks);
            let mut cut = clip(&mut claim.adjustments) | clip(&mut claim.lines);
            for line in &mut claim.lines {
                clip(&mut line.remarks);
                cut |= clip(&mut line.adjustments);
            }
            self.ledger.claim(&claim, cut);
            out.record(Record::RemitClaim(claim));
        }
    }
}

fn remarks(claim: &mut RemitClaim, segment: &Segment<'_>, elements: &[u8], out: &mut Out) {
    for element in elements {
        if let Some(code) = text(segment, *element, out) {
            keep(&mut claim.remarks, code, segment, out);
        }
    }
}

fn stray(segment: &Segment<'_>, out: &mut Out) {
    out.error(ReadCode::Order, segment.place(), "the segment is in no claim (CLP)");
}
