//! 277CA: what a payer says of each claim before it adjudicates.
//!
//! The levels above the claims carry counts and amounts; they are added up from the claims here.
//!
//! Authority: ASC X12 005010X214.

use std::io::Write;

use chrono::NaiveDate;

use super::{Exchange, Kind};
use crate::domain::money::Money;
use crate::x12::envelope::Envelope;
use crate::x12::error::X12Error;
use crate::x12::writer::SegmentWriter;

const KIND: Kind = Kind { functional_id: "HN", set_id: "277", version: "005010X214" };

/// A whole 277CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusFile {
    /// BHT03.
    pub reference: String,
    /// 2100A: the payer's name and id.
    pub source: (String, String),
    /// 2100B: the submitter's name and id.
    pub receiver: (String, String),
    /// 2200B TRN02: BHT03 of the set that it answers.
    pub trace: String,
    /// When the claims arrived and when they were looked at.
    pub received: NaiveDate,
    /// Billing providers with their claims.
    pub providers: Vec<StatusProvider>,
}

/// A billing provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusProvider {
    /// Name.
    pub name: String,
    /// NPI.
    pub npi: String,
    /// Its claims.
    pub claims: Vec<ClaimStatus>,
}

/// A claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimStatus {
    /// The member's last and first name.
    pub name: (String, String),
    /// The member's number.
    pub member: String,
    /// TRN02: the claim's CLM01.
    pub claim: String,
    /// STC, one for each.
    pub statuses: Vec<StatusCode>,
    /// Whether the claim goes on to adjudication (STC03 `WQ`) or not (`U`).
    pub accepted: bool,
    /// STC04: its charge.
    pub charge: Money,
    /// REF*1K: the payer's control number; only accepted claims have one.
    pub payer_control: Option<String>,
    /// DTP*472: first and last day of service.
    pub service: (NaiveDate, NaiveDate),
}

/// A code triple of STC01.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusCode {
    /// Category, such as `A2`.
    pub category: String,
    /// Status, such as `20`.
    pub code: String,
    /// Entity, such as `85`; may be empty.
    pub entity: String,
}

/// Counts and amounts of claims, accepted and rejected.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    accepted: u64,
    rejected: u64,
    accepted_amount: Money,
    rejected_amount: Money,
}

impl Sums {
    fn of<'a>(claims: impl Iterator<Item = &'a ClaimStatus>) -> Self {
        claims.fold(Self::default(), |mut sums, claim| {
            if claim.accepted {
                sums.accepted += 1;
                sums.accepted_amount += claim.charge;
            } else {
                sums.rejected += 1;
                sums.rejected_amount += claim.charge;
            }
            sums
        })
    }

    fn write<W: Write>(
        self,
        out: &mut SegmentWriter<W>,
        codes: (&'static str, &'static str),
    ) -> Result<(), X12Error> {
        for (count, code) in [(self.accepted, codes.0), (self.rejected, codes.1)] {
            if count > 0 {
                out.segment("2200", "QTY").code(code).number(count).end()?;
            }
        }
        for (sum, count, code) in [
            (self.accepted_amount, self.accepted, "YU"),
            (self.rejected_amount, self.rejected, "YY"),
        ] {
            if count > 0 {
                out.segment("2200", "AMT").code(code).amount(sum).end()?;
            }
        }
        Ok(())
    }
}

/// Writes a file with one 277CA.
///
/// ```
/// use chrono::NaiveDate;
/// use peerclaims::domain::{contract::Delimiters, money::Money, organization::OrganizationMode};
/// use peerclaims::x12::respond::{
///     ClaimStatus, Exchange, StatusCode, StatusFile, StatusProvider, write_277ca,
/// };
///
/// let day = NaiveDate::from_ymd_opt(2026, 9, 1).unwrap();
/// let exchange = Exchange {
///     mode: OrganizationMode::Test,
///     sender: ("ZZ".into(), "PAYER".into()),
///     receiver: ("ZZ".into(), "SENDER".into()),
///     created: day.and_hms_opt(8, 0, 0).unwrap(),
///     interchange_control: 7,
///     group_control: 7,
///     delimiters: Delimiters::default(),
///     line_breaks: false,
/// };
/// let status = StatusCode { category: "A2".into(), code: "20".into(), entity: "PR".into() };
/// let claim = ClaimStatus {
///     name: ("Moss".into(), "Ada".into()),
///     member: "M100".into(),
///     claim: "PC1".into(),
///     statuses: vec![status],
///     accepted: true,
///     charge: Money::from_cents(6400),
///     payer_control: Some("ICN1".into()),
///     service: (day, day),
/// };
/// let provider =
///     StatusProvider { name: "Open Door".into(), npi: "1234567893".into(), claims: vec![claim] };
/// let file = StatusFile {
///     reference: "R1".into(),
///     source: ("Payer".into(), "P1".into()),
///     receiver: ("Open Door".into(), "S1".into()),
///     trace: "B1".into(),
///     received: day,
///     providers: vec![provider],
/// };
/// let text = String::from_utf8(write_277ca(Vec::new(), &exchange, &file)?).unwrap();
/// assert!(text.contains("~TRN*2*PC1~STC*A2:20:PR*20260901*WQ*64~REF*1K*ICN1~"), "{text}");
/// # Ok::<(), peerclaims::x12::X12Error>(())
/// ```
pub fn write_277ca<W: Write>(
    out: W,
    exchange: &Exchange,
    file: &StatusFile,
) -> Result<W, X12Error> {
    let mut out = SegmentWriter::new(out, exchange.delimiters, exchange.line_breaks)?;
    let mut envelope = Envelope::open(&mut out, &exchange.header(KIND))?;
    envelope.open_set(&mut out)?;
    head(&mut out, exchange, file)?;
    let mut hl = 2;
    for provider in &file.providers {
        hl += 1;
        let parent = hl;
        provider_level(&mut out, provider, hl)?;
        for claim in &provider.claims {
            hl += 1;
            claim_level(&mut out, file, claim, (hl, parent))?;
            out.commit()?;
        }
    }
    envelope.close_set(&mut out)?;
    envelope.close(&mut out)?;
    out.finish()
}

fn head<W: Write>(
    out: &mut SegmentWriter<W>,
    exchange: &Exchange,
    file: &StatusFile,
) -> Result<(), X12Error> {
    out.segment("BHT", "BHT")
        .code("0085")
        .code("08")
        .text(&file.reference, 1..=50)
        .date(exchange.created.date())
        .time(exchange.created.time())
        .code("TH")
        .end()?;
    out.segment("2000A", "HL").number(1).skip(1).code("20").code("1").end()?;
    party(out, ("2100A", "PR"), &file.source.0, ("PI", &file.source.1))?;
    out.segment("2200A", "TRN").code("1").text(&file.reference, 1..=50).end()?;
    for qualifier in ["050", "009"] {
        out.segment("2200A", "DTP").code(qualifier).code("D8").date(file.received).end()?;
    }
    out.segment("2000B", "HL").number(2).number(1).code("21").code("1").end()?;
    party(out, ("2100B", "41"), &file.receiver.0, ("46", &file.receiver.1))?;
    out.segment("2200B", "TRN").code("2").text(&file.trace, 1..=50).end()?;
    let sums = Sums::of(file.providers.iter().flat_map(|p| &p.claims));
    level_status(out, "2200B", Some(file.received), sums)?;
    sums.write(out, ("90", "AA"))
}

/// What a level above the claims says: that it was received, and what came with it. The guide has
/// no date (STC02) at the provider.
fn level_status<W: Write>(
    out: &mut SegmentWriter<W>,
    loop_id: &'static str,
    received: Option<NaiveDate>,
    sums: Sums,
) -> Result<(), X12Error> {
    out.segment(loop_id, "STC").code("A1").part("19").part("PR");
    match received {
        Some(date) => out.date(date),
        None => out.skip(1),
    };
    out.code("WQ").amount(sums.accepted_amount + sums.rejected_amount).end()
}

fn party<W: Write>(
    out: &mut SegmentWriter<W>,
    (loop_id, role): (&'static str, &'static str),
    name: &str,
    (qualifier, id): (&'static str, &str),
) -> Result<(), X12Error> {
    out.segment(loop_id, "NM1")
        .code(role)
        .code("2")
        .text(name, 1..=60)
        .skip(4)
        .code(qualifier)
        .text(id, 2..=80)
        .end()
}

fn provider_level<W: Write>(
    out: &mut SegmentWriter<W>,
    provider: &StatusProvider,
    hl: u64,
) -> Result<(), X12Error> {
    out.segment("2000C", "HL").number(hl).number(2).code("19").code("1").end()?;
    party(out, ("2100C", "85"), &provider.name, ("XX", &provider.npi))?;
    out.segment("2200C", "TRN").code("1").code("0").end()?;
    let sums = Sums::of(provider.claims.iter());
    level_status(out, "2200C", None, sums)?;
    sums.write(out, ("QA", "QC"))
}

fn claim_level<W: Write>(
    out: &mut SegmentWriter<W>,
    file: &StatusFile,
    claim: &ClaimStatus,
    (hl, parent): (u64, u64),
) -> Result<(), X12Error> {
    out.segment("2000D", "HL").number(hl).number(parent).code("PT").end()?;
    out.segment("2100D", "NM1")
        .code("QC")
        .code("1")
        .text(&claim.name.0, 1..=60)
        .text(&claim.name.1, 0..=35)
        .skip(3)
        .code("MI")
        .text(&claim.member, 2..=80)
        .end()?;
    out.segment("2200D", "TRN").code("2").text(&claim.claim, 1..=50).end()?;
    for status in &claim.statuses {
        out.segment("2200D", "STC")
            .text(&status.category, 1..=30)
            .part_text(&status.code, 1..=30)
            .part_text(&status.entity, 0..=3)
            .date(file.received)
            .code(if claim.accepted { "WQ" } else { "U" })
            .amount(claim.charge)
            .end()?;
    }
    if let Some(control) = &claim.payer_control {
        out.segment("2200D", "REF").code("1K").text(control, 1..=50).end()?;
    }
    let (first, last) = claim.service;
    let dtp = out.segment("2200D", "DTP").code("472");
    if first == last {
        dtp.code("D8").date(first).end()
    } else {
        dtp.code("RD8").days(first, last).end()
    }
}
