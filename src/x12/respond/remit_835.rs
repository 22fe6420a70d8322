//! 835: a payment with its claims, one at a time, in constant memory.
//!
//! Every claim must balance before it is written, and the payment when the file is closed
//! (`docs/definitions.md` section 6, "Signs in the 835"): an 835 that does not add up is worse than
//! none.
//!
//! Authority: ASC X12 005010X221A1.

use std::io::Write;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Exchange, Kind, remit_checks as checks};
use crate::domain::money::Money;
use crate::x12::envelope::Envelope;
use crate::x12::error::{X12Error, X12Fault};
use crate::x12::writer::SegmentWriter;

const KIND: Kind = Kind { functional_id: "HP", set_id: "835", version: "005010X221A1" };
/// Reasons of one CAS segment.
const REASONS_PER_CAS: usize = 6;

/// The payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paying {
    /// BPR02, not below 0.
    pub amount: Money,
    /// BPR04: `CHK` or `NON`. (A transfer needs bank accounts, which nothing here knows.)
    pub method: &'static str,
    /// BPR16.
    pub date: NaiveDate,
    /// TRN02.
    pub trace: String,
    /// TRN03, ten characters: 1 and the payer's EIN.
    pub originator: String,
    /// DTM*405: until when claims were adjudicated.
    pub produced: NaiveDate,
    /// The payer's name.
    pub payer: String,
    /// Its street, city, state and ZIP code.
    pub payer_address: [String; 4],
    /// PER*BL: whom to ask, by telephone.
    pub contact: (String, String),
    /// Who is paid.
    pub payee: Payee,
}

/// Who is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payee {
    /// Name.
    pub name: String,
    /// NPI.
    pub npi: String,
    /// REF*TJ.
    pub ein: String,
}

/// A claim as it is paid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaidClaim {
    /// CLP01: the CLM01 it answers.
    pub id: String,
    /// CLP02: `1`, `4`, `22`, …
    pub status: String,
    /// CLP03; negative for a reversal.
    pub charge: Money,
    /// CLP04.
    pub paid: Money,
    /// CLP05; sent unless it is 0 or the claim is a reversal.
    pub patient_responsibility: Money,
    /// CLP06, such as `MC`.
    pub filing: String,
    /// CLP07.
    pub payer_control: String,
    /// CLP08 and CLP09: place of service and frequency; may be empty.
    pub facility: (String, String),
    /// Last and first name.
    pub name: (String, String),
    /// The member's number.
    pub member: String,
    /// CAS of the claim.
    pub adjustments: Vec<PayAdjustment>,
    /// Lines.
    pub lines: Vec<PaidLine>,
}

/// One reason of a CAS; a positive amount lowers the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayAdjustment {
    /// `CO`, `PR`, `OA`, `PI`.
    pub group: String,
    /// Reason code.
    pub reason: String,
    /// Amount.
    pub amount: Money,
    /// Units, where the adjustment is of units.
    pub quantity: Option<Decimal>,
}

/// A service line as it is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidLine {
    /// Procedure code.
    pub procedure: String,
    /// Modifiers, at most four.
    pub modifiers: Vec<String>,
    /// SVC02.
    pub charge: Money,
    /// SVC03.
    pub paid: Money,
    /// SVC05.
    pub units: Decimal,
    /// DTM*472.
    pub date: NaiveDate,
    /// CAS of the line.
    pub adjustments: Vec<PayAdjustment>,
    /// REF*6R; empty when the claim had none.
    pub control: String,
    /// LQ*HE.
    pub remarks: Vec<String>,
}

/// An adjustment of a PLB; a positive amount lowers the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayProviderAdjustment {
    /// PLB03-1, such as `WO`.
    pub reason: String,
    /// PLB03-2; may be empty.
    pub reference: String,
    /// Amount.
    pub amount: Money,
}

/// Writes one 835.
///
/// ```
/// use chrono::NaiveDate;
/// use peerclaims::domain::{contract::Delimiters, money::Money, organization::OrganizationMode};
/// use peerclaims::x12::respond::{
///     Exchange, PaidClaim, PaidLine, PayAdjustment, PayProviderAdjustment, Payee, Paying,
///     Writer835,
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
/// let payee =
///     Payee { name: "Open Door".into(), npi: "1234567893".into(), ein: "911234567".into() };
/// let paying = Paying {
///     amount: Money::from_cents(5100),
///     method: "CHK",
///     date: day,
///     trace: "CHECK9".into(),
///     originator: "1912345678".into(),
///     produced: day,
///     payer: "Invented Health Plan".into(),
///     payer_address: ["1 Main St", "Salem", "OR", "973010001"].map(String::from),
///     contact: ("Help desk".into(), "5035550100".into()),
///     payee,
/// };
/// let contractual = PayAdjustment {
///     group: "CO".into(),
///     reason: "45".into(),
///     amount: Money::from_cents(400),
///     quantity: None,
/// };
/// let line = PaidLine {
///     procedure: "H0038".into(),
///     modifiers: vec!["HQ".into()],
///     charge: Money::from_cents(6400),
///     paid: Money::from_cents(6000),
///     units: 4.into(),
///     date: day,
///     adjustments: vec![contractual],
///     control: "L1".into(),
///     remarks: vec![],
/// };
/// let claim = PaidClaim {
///     id: "PC1".into(),
///     status: "1".into(),
///     charge: Money::from_cents(6400),
///     paid: Money::from_cents(6000),
///     lines: vec![line],
///     filing: "MC".into(),
///     payer_control: "ICN1".into(),
///     name: ("Moss".into(), "Ada".into()),
///     member: "M100".into(),
///     ..PaidClaim::default()
/// };
/// let mut writer = Writer835::new(Vec::new(), &exchange, &paying)?;
/// writer.claim(&claim)?;
/// // What was paid too much before is kept back.
/// let amount = Money::from_cents(900);
/// let back = PayProviderAdjustment { reason: "WO".into(), reference: "ICN0".into(), amount };
/// let file = String::from_utf8(writer.finish(day, &[back])?).unwrap();
/// assert!(file.contains("~LX*1~CLP*PC1*1*64*60**MC*ICN1~"), "{file}");
/// assert!(file.contains("~PLB*1234567893*20260901*WO:ICN0*9~"), "{file}");
/// # Ok::<(), peerclaims::x12::X12Error>(())
/// ```
#[derive(Debug)]
pub struct Writer835<'a, W> {
    out: SegmentWriter<W>,
    envelope: Envelope,
    paying: &'a Paying,
    paid: Money,
    any: bool,
}

impl<'a, W: Write> Writer835<'a, W> {
    /// Opens the file and writes all that stands before the claims.
    pub fn new(out: W, exchange: &Exchange, paying: &'a Paying) -> Result<Self, X12Error> {
        let mut out = SegmentWriter::new(out, exchange.delimiters, exchange.line_breaks)?;
        if paying.amount < Money::ZERO || (paying.method == "NON") != (paying.amount == Money::ZERO)
        {
            let message = "BPR02 must be above 0, or 0 with the method NON";
            return Err(X12Error::new(X12Fault::Content, out.here("BPR"), message));
        }
        let mut envelope = Envelope::open(&mut out, &exchange.header(KIND))?;
        envelope.open_set(&mut out)?;
        head(&mut out, paying)?;
        Ok(Self { out, envelope, paying, paid: Money::ZERO, any: false })
    }

    /// Writes one claim. Refuses one that does not balance; nothing of it is written then.
    pub fn claim(&mut self, claim: &PaidClaim) -> Result<(), X12Error> {
        checks::claim(claim, self.out.here("2100"))?;
        let mark = self.out.mark();
        if let Err(error) = self.write(claim) {
            self.out.rollback(mark);
            return Err(error);
        }
        self.any = true;
        self.paid += claim.paid;
        self.out.commit()
    }

    /// Writes the provider adjustments and closes the file. Refuses when the payment is not the
    /// claims' payments less the adjustments.
    pub fn finish(
        mut self,
        fiscal_end: NaiveDate,
        adjustments: &[PayProviderAdjustment],
    ) -> Result<W, X12Error> {
        let taken: Money = adjustments.iter().map(|a| a.amount).sum();
        if self.paid - taken != self.paying.amount {
            let message = "BPR02 must be the sum of CLP04 less the sum of PLB";
            return Err(X12Error::new(X12Fault::Content, self.out.here("PLB"), message));
        }
        for six in adjustments.chunks(REASONS_PER_CAS) {
            self.out.segment("PLB", "PLB").text(&self.paying.payee.npi, 1..=50).date(fiscal_end);
            for adjustment in six {
                self.out.text(&adjustment.reason, 2..=2);
                self.out.part_text(&adjustment.reference, 0..=50);
                self.out.signed_amount(adjustment.amount);
            }
            self.out.end()?;
        }
        self.envelope.close_set(&mut self.out)?;
        self.envelope.close(&mut self.out)?;
        self.out.finish()
    }

    fn write(&mut self, claim: &PaidClaim) -> Result<(), X12Error> {
        let out = &mut self.out;
        if !self.any {
            out.segment("2000", "LX").number(1).end()?;
        }
        claim_head(out, claim)?;
        adjustments(out, "2100", &claim.adjustments)?;
        out.segment("2100", "NM1")
            .code("QC")
            .code("1")
            .text(&claim.name.0, 1..=60)
            .text(&claim.name.1, 0..=35)
            .skip(3)
            .code("MI")
            .text(&claim.member, 2..=80)
            .end()?;
        claim.lines.iter().try_for_each(|service| line(out, service))
    }
}

fn head<W: Write>(out: &mut SegmentWriter<W>, paying: &Paying) -> Result<(), X12Error> {
    out.segment("BPR", "BPR")
        .code(if paying.method == "NON" { "H" } else { "I" })
        .amount(paying.amount)
        .code("C")
        .code(paying.method)
        .skip(11)
        .date(paying.date)
        .end()?;
    out.segment("TRN", "TRN")
        .code("1")
        .text(&paying.trace, 1..=50)
        .text(&paying.originator, 10..=10)
        .end()?;
    out.segment("DTM", "DTM").code("405").date(paying.produced).end()?;
    out.segment("1000A", "N1").code("PR").text(&paying.payer, 1..=60).end()?;
    let [street, city, state, zip] = &paying.payer_address;
    out.segment("1000A", "N3").text(street, 1..=55).end()?;
    out.segment("1000A", "N4").text(city, 2..=30).text(state, 2..=2).text(zip, 3..=15).end()?;
    out.segment("1000A", "PER")
        .code("BL")
        .text(&paying.contact.0, 1..=60)
        .code("TE")
        .text(&paying.contact.1, 1..=256)
        .end()?;
    out.segment("1000B", "N1")
        .code("PE")
        .text(&paying.payee.name, 1..=60)
        .code("XX")
        .text(&paying.payee.npi, 10..=10)
        .end()?;
    out.segment("1000B", "REF").code("TJ").text(&paying.payee.ein, 9..=9).end()
}

fn claim_head<W: Write>(out: &mut SegmentWriter<W>, claim: &PaidClaim) -> Result<(), X12Error> {
    out.segment("2100", "CLP")
        .text(&claim.id, 1..=38)
        .text(&claim.status, 1..=2)
        .signed_amount(claim.charge)
        .signed_amount(claim.paid);
    if claim.patient_responsibility == Money::ZERO {
        out.skip(1);
    } else {
        out.amount(claim.patient_responsibility);
    }
    out.text(&claim.filing, 1..=2)
        .text(&claim.payer_control, 1..=50)
        .text(&claim.facility.0, 0..=2)
        .text(&claim.facility.1, 0..=1)
        .end()
}

fn line<W: Write>(out: &mut SegmentWriter<W>, line: &PaidLine) -> Result<(), X12Error> {
    out.segment("2110", "SVC").code("HC").part_text(&line.procedure, 5..=5);
    for modifier in line.modifiers.iter().take(4) {
        out.part_text(modifier, 2..=2);
    }
    out.signed_amount(line.charge).signed_amount(line.paid).skip(1).quantity(line.units).end()?;
    out.segment("2110", "DTM").code("472").date(line.date).end()?;
    adjustments(out, "2110", &line.adjustments)?;
    if !line.control.is_empty() {
        out.segment("2110", "REF").code("6R").text(&line.control, 1..=50).end()?;
    }
    for remark in &line.remarks {
        out.segment("2110", "LQ").code("HE").text(remark, 1..=30).end()?;
    }
    Ok(())
}

/// One CAS for each run of reasons of one group, six reasons at most in each.
fn adjustments<W: Write>(
    out: &mut SegmentWriter<W>,
    loop_id: &'static str,
    list: &[PayAdjustment],
) -> Result<(), X12Error> {
    for group in list.chunk_by(|a, b| a.group == b.group) {
        for six in group.chunks(REASONS_PER_CAS) {
            out.segment(loop_id, "CAS");
            for (index, adjustment) in six.iter().enumerate() {
                if index == 0 {
                    out.text(&adjustment.group, 1..=2);
                }
                out.text(&adjustment.reason, 1..=5).signed_amount(adjustment.amount);
                match adjustment.quantity {
                    Some(quantity) => out.quantity(quantity),
                    None => out.skip(1),
                };
            }
            out.end()?;
        }
    }
    Ok(())
}
