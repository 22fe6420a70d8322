//! 837P claims, one at a time.
//!
//! Authority: ASC X12 005010X222A1, loops 2000A to 2430. What a biller looks for is kept; the
//! rest is passed over.
//!
//! ```
//! use peerclaims::x12::read::{Event, Reader, Record};
//! use peerclaims::x12::read::claims_837::{Claim, ClaimTotals, Line, OtherPayer};
//!
//! let file = include_bytes!("../../../fixtures/x12/valid/peer_support_secondary_commercial.837");
//! let mut claims: Vec<Claim> = Vec::new();
//! let mut totals: Vec<ClaimTotals> = Vec::new();
//! for event in Reader::new(&file[..]) {
//!     let Event::Record(record) = event else { continue };
//!     match *record {
//!         Record::Claim(found) => claims.push(found),
//!         Record::ClaimTotals(found) => totals.push(found),
//!         _ => {}
//!     }
//! }
//! let Claim { id, lines, other_payers, .. } = &claims[0];
//! let Line { procedure, charge, control, .. } = &lines[0];
//! assert_eq!((id.as_str(), procedure.as_deref()), ("PS0001003", Some("H0038")));
//! assert_eq!((charge.unwrap().to_string(), control.as_deref()), ("64.00".into(), Some("L1003A")));
//! let OtherPayer { id, paid, .. } = &other_payers[0];
//! assert_eq!((id.as_deref(), paid.unwrap().cents()), (Some("CASCADE01"), 3_000));
//! assert_eq!((totals[0].claims, totals[0].lines), (1, 2));
//! ```

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::domain::money::Money;
use crate::x12::error::Place;
use crate::x12::segment::{Segment, digits};

use super::Record;
use super::fault::{Out, ReadCode};
use super::short::Text;
use super::values::{
    beyond, clip, expect_parts, keep, money, part, period, procedure, quantity, required,
    required_money, text,
};

/// A claim as it was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// CLM01.
    pub id: Text,
    /// CLM02, in dollars.
    pub charge: Option<Money>,
    /// CLM05-3: 1 original, 7 replacement, 8 void.
    pub frequency: Option<Text>,
    /// The subscriber's number (2010BA NM109).
    pub member: Option<Text>,
    /// The rendering provider's number (2310B NM109); absent when the billing provider renders.
    pub rendering: Option<Text>,
    /// The billing provider's number (2010AA NM109).
    pub billing: Option<Text>,
    /// The payer's id (2010BB NM109).
    pub payer: Option<Text>,
    /// REF\*G1 of the claim; lines may have their own.
    pub authorization: Option<Text>,
    /// REF\*F8: the payer's control number of the claim that this one corrects.
    pub payer_control: Option<Text>,
    /// CLM05-1: place of service.
    pub place: Option<Text>,
    /// HI: diagnosis codes, the principal one first.
    pub diagnoses: Vec<Text>,
    /// Other payers of the member (2320).
    pub other_payers: Vec<OtherPayer>,
    /// Service lines.
    pub lines: Vec<Line>,
    /// Ordinal of CLM in the file.
    pub position: u64,
}

/// Another payer, as loop 2320 tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct OtherPayer {
    /// NM109 of 2330B.
    pub id: Option<Text>,
    /// SBR01: `P` primary, `S` secondary, `T` tertiary.
    pub order: Option<Text>,
    /// AMT\*D: what it paid, in dollars.
    pub paid: Option<Money>,
}

/// A service line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Line {
    /// SV101-2.
    pub procedure: Option<Text>,
    /// SV101-3 to -6.
    pub modifiers: Vec<Text>,
    /// SV104.
    pub units: Option<Decimal>,
    /// SV102, in dollars.
    pub charge: Option<Money>,
    /// DTP\*472: the day, or the first of several.
    pub date: Option<NaiveDate>,
    /// The last day when several are stated.
    pub date_to: Option<NaiveDate>,
    /// SV107: which diagnoses, 1 first.
    pub pointers: Vec<u64>,
    /// REF\*6R.
    pub control: Option<Text>,
    /// REF\*G1 of the line.
    pub authorization: Option<Text>,
    /// NM1\*82 of the line, when it is not the claim's.
    pub rendering: Option<Text>,
    /// Ordinal of LX in the file.
    pub position: u64,
}

/// What the claims of a set add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ClaimTotals {
    /// Claims.
    pub claims: u64,
    /// Service lines.
    pub lines: u64,
    /// Sum of CLM02, in dollars.
    pub charge: Money,
}

/// Which loop the reading is in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum At {
    #[default]
    Header,
    Billing,
    Subscriber,
    Patient,
    Claim,
    Other,
    Line,
}

#[derive(Debug, Default)]
pub(super) struct ClaimsReader {
    at: At,
    billing: Option<Text>,
    member: Option<Text>,
    payer: Option<Text>,
    open: Option<Claim>,
    place: Place,
    totals: ClaimTotals,
}

impl ClaimsReader {
    pub(super) fn segment(&mut self, segment: &Segment<'_>, out: &mut Out) {
        match segment.id() {
            b"HL" => self.level(segment, out),
            b"CLM" => self.claim(segment, out),
            b"NM1" => self.name(segment, out),
            b"SBR" if self.open.is_some() => self.other_payer(segment, out),
            b"LX" => self.line(segment, out),
            b"SV1" => self.service(segment, out),
            b"HI" | b"REF" | b"DTP" | b"AMT" => self.detail(segment, out),
            _ => {}
        }
    }

    pub(super) fn finish(&mut self, last: Place, out: &mut Out) {
        self.close(out);
        if self.totals.claims == 0 {
            out.error(ReadCode::Missing, last, "the set has no claim");
        }
        out.record(Record::ClaimTotals(self.totals));
    }

    fn level(&mut self, hl: &Segment<'_>, out: &mut Out) {
        self.close(out);
        self.at = match hl.element(3) {
            b"20" => At::Billing,
            b"22" => At::Subscriber,
            b"23" => At::Patient,
            _ => {
                let message = "HL03 must be 20, 22 or 23";
                return out.error(ReadCode::Content, hl.place_of(3, 0), message);
            }
        };
        if self.at == At::Billing {
            self.billing = None;
        }
        if self.at != At::Patient {
            (self.member, self.payer) = (None, None);
        }
    }

    fn claim(&mut self, clm: &Segment<'_>, out: &mut Out) {
        self.close(out);
        if matches!(self.at, At::Header | At::Billing) {
            out.error(ReadCode::Order, clm.place(), "the claim is below no subscriber");
        }
        expect_parts(clm, 5, out);
        self.at = At::Claim;
        self.place = clm.place();
        self.open = Some(Claim {
            id: required(clm, 1, out),
            charge: required_money(clm, 2, out),
            place: part(clm, (5, 1), out),
            frequency: part(clm, (5, 3), out),
            member: self.member.clone(),
            billing: self.billing.clone(),
            payer: self.payer.clone(),
            position: clm.place().segment,
            ..Claim::default()
        });
    }

    fn name(&mut self, nm1: &Segment<'_>, out: &mut Out) {
        let slot = match (self.at, nm1.element(1), &mut self.open) {
            (At::Billing, b"85", _) => &mut self.billing,
            (At::Subscriber, b"IL", _) => &mut self.member,
            (At::Subscriber, b"PR", _) => &mut self.payer,
            (At::Claim, b"82", Some(claim)) => &mut claim.rendering,
            (At::Other, b"PR", Some(claim)) => match claim.other_payers.last_mut() {
                Some(other) => &mut other.id,
                None => return,
            },
            (At::Line, b"82", Some(claim)) => match claim.lines.last_mut() {
                Some(line) => &mut line.rendering,
                None => return,
            },
            _ => return,
        };
        *slot = text(nm1, 9, out);
    }

    fn other_payer(&mut self, sbr: &Segment<'_>, out: &mut Out) {
        self.at = At::Other;
        if let Some(claim) = &mut self.open {
            let other = OtherPayer { order: text(sbr, 1, out), ..OtherPayer::default() };
            keep(&mut claim.other_payers, other, sbr, out);
        }
    }

    fn line(&mut self, lx: &Segment<'_>, out: &mut Out) {
        let Some(claim) = &mut self.open else {
            return out.error(ReadCode::Order, lx.place(), "the service line is in no claim");
        };
        self.at = At::Line;
        let line = Line { position: lx.place().segment, ..Line::default() };
        keep(&mut claim.lines, line, lx, out);
        self.totals.lines += 1;
    }

    fn service(&mut self, sv1: &Segment<'_>, out: &mut Out) {
        let Some(line) = self.open.as_mut().and_then(|claim| claim.lines.last_mut()) else {
            return out.error(ReadCode::Order, sv1.place(), "the service is in no line");
        };
        (line.procedure, line.modifiers) = procedure(sv1, 1, out);
        line.charge = required_money(sv1, 2, out);
        line.units = quantity(sv1, 4, out);
        line.pointers.clear();
        for (ordinal, pointer) in (1..).zip(sv1.components(7).take(4)) {
            match digits(pointer) {
                Some(pointer) => line.pointers.push(pointer),
                None if pointer.is_empty() => {}
                None => {
                    let message = "a diagnosis pointer must be a number";
                    out.error(ReadCode::Content, sv1.place_of(7, ordinal), message);
                }
            }
        }
    }

    fn detail(&mut self, segment: &Segment<'_>, out: &mut Out) {
        let Some(claim) = &mut self.open else { return };
        match (self.at, segment.id(), segment.element(1)) {
            (At::Claim, b"HI", _) => diagnoses(claim, segment, out),
            (At::Claim, b"REF", b"G1") => claim.authorization = text(segment, 2, out),
            (At::Claim, b"REF", b"F8") => claim.payer_control = text(segment, 2, out),
            (At::Other, b"AMT", b"D") => {
                if let Some(other) = claim.other_payers.last_mut() {
                    other.paid = money(segment, 2, out);
                }
            }
            (At::Line, id, qualifier) => {
                let Some(line) = claim.lines.last_mut() else { return };
                match (id, qualifier) {
                    (b"DTP", b"472") => (line.date, line.date_to) = period(segment, 2, out),
                    (b"REF", b"6R") => line.control = text(segment, 2, out),
                    (b"REF", b"G1") => line.authorization = text(segment, 2, out),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// Ends the open claim: what it adds up to is looked at, and it goes out.
    fn close(&mut self, out: &mut Out) {
        let Some(mut claim) = self.open.take() else { return };
        let cut = clip(&mut claim.lines);
        clip(&mut claim.other_payers);
        clip(&mut claim.diagnoses);
        self.totals.claims += 1;
        self.totals.charge += claim.charge.unwrap_or_default();
        if claim.lines.is_empty() {
            out.error(ReadCode::Missing, self.place, "the claim has no service line");
        }
        let sum: Option<Money> = claim.lines.iter().map(|line| line.charge).sum();
        let known = !cut && !claim.lines.is_empty() && sum.is_some() && claim.charge.is_some();
        if known && sum != claim.charge {
            let place = Place { element: 2, ..self.place };
            out.error(ReadCode::Sum, place, "CLM02 is not the sum of the lines' SV102");
        }
        let most = u64::try_from(claim.diagnoses.len()).unwrap_or(u64::MAX);
        let wild = |line: &Line| line.pointers.iter().any(|p| !(1..=most).contains(p));
        if claim.lines.iter().any(wild) {
            let message = "a line of this claim points to a diagnosis that it does not have";
            out.error(ReadCode::Content, self.place, message);
        }
        out.record(Record::Claim(claim));
    }
}

/// Elements of an HI, by the guide.
const HI_ELEMENTS: u8 = 12;

fn diagnoses(claim: &mut Claim, hi: &Segment<'_>, out: &mut Out) {
    beyond(hi, HI_ELEMENTS, out);
    for element in 1..=HI_ELEMENTS {
        if !hi.element(element).is_empty() {
            expect_parts(hi, element, out);
        }
        if matches!(hi.component(element, 1), b"ABK" | b"ABF" | b"BK" | b"BF")
            && let Some(code) = part(hi, (element, 2), out)
        {
            keep(&mut claim.diagnoses, code, hi, out);
        }
    }
}
