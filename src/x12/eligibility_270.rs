//! 270: the question whether a person is covered on a day, one person an inquiry.
//!
//! Authority: ASC X12 005010X279A1. The member is the subscriber, as everywhere in this service.

use std::io::Write;

use chrono::{NaiveDate, NaiveDateTime};

use super::envelope::{Envelope, EnvelopeHeader};
use super::error::{X12Error, X12Fault};
use super::writer::SegmentWriter;
use crate::domain::contract::Delimiters;
use crate::domain::organization::OrganizationMode;

/// Most inquiries of a set: payers commonly take 99 people in a batch set.
const MAX_PER_SET: u32 = 99;

/// Who asks whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InquiryHeader {
    /// ISA15.
    pub mode: OrganizationMode,
    /// ISA05 and ISA06; GS02.
    pub sender: (String, String),
    /// ISA07 and ISA08; GS03.
    pub receiver: (String, String),
    /// ISA09, ISA10, GS04, GS05, BHT04, BHT05.
    pub created: NaiveDateTime,
    /// ISA13.
    pub interchange_control: u32,
    /// GS06.
    pub group_control: u32,
    /// Delimiters.
    pub delimiters: Delimiters,
    /// Whether a line break follows each segment.
    pub line_breaks: bool,
    /// 2100A: the payer's name and id.
    pub payer: (String, String),
    /// 2100B: the provider's name and NPI.
    pub provider: (String, String),
    /// TRN03: 1 and the provider's EIN, or 9 and another id of ten characters.
    pub originator: String,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inquiry {
    /// TRN02, ours: the answer brings it back.
    pub trace: String,
    /// The member's number at the payer.
    pub member: String,
    /// Last and first name.
    pub name: (String, String),
    /// Day of birth.
    pub birth_date: NaiveDate,
    /// DMG03: `F`, `M`, or `U` (then left out: the guide has no code for it).
    pub gender: String,
    /// The day asked about.
    pub on: NaiveDate,
    /// EQ01: service types, such as `30` (plan) or `MH` (mental health); at least one.
    pub service_types: Vec<String>,
}

/// Writes one file of inquiries; gives the output back.
///
/// ```
/// use chrono::NaiveDate;
/// use peerclaims::domain::{contract::Delimiters, organization::OrganizationMode};
/// use peerclaims::x12::eligibility_270::{Inquiry, InquiryHeader, write_270};
///
/// let day = NaiveDate::from_ymd_opt(2026, 9, 1).unwrap();
/// let header = InquiryHeader {
///     mode: OrganizationMode::Test,
///     sender: ("ZZ".into(), "SENDER".into()),
///     receiver: ("ZZ".into(), "PAYER".into()),
///     created: day.and_hms_opt(8, 0, 0).unwrap(),
///     interchange_control: 7,
///     group_control: 7,
///     delimiters: Delimiters::default(),
///     line_breaks: false,
///     payer: ("Invented Health Plan".into(), "IHP01".into()),
///     provider: ("Open Door Peers".into(), "1234567893".into()),
///     originator: "1911234567".into(),
/// };
/// let inquiry = Inquiry {
///     trace: "T1".into(),
///     member: "M100".into(),
///     name: ("Moss".into(), "Ada".into()),
///     birth_date: NaiveDate::from_ymd_opt(1980, 2, 29).unwrap(),
///     gender: "F".into(),
///     on: day,
///     service_types: vec!["30".into()],
/// };
/// let file = String::from_utf8(write_270(Vec::new(), &header, &[inquiry])?).unwrap();
/// assert!(file.contains("~DMG*D8*19800229*F~DTP*291*D8*20260901~EQ*30~"), "{file}");
/// # Ok::<(), peerclaims::x12::X12Error>(())
/// ```
pub fn write_270<W: Write>(
    out: W,
    header: &InquiryHeader,
    inquiries: &[Inquiry],
) -> Result<W, X12Error> {
    let mut out = SegmentWriter::new(out, header.delimiters, header.line_breaks)?;
    if inquiries.is_empty() {
        let message = "a file needs at least one inquiry";
        return Err(X12Error::new(X12Fault::Content, out.here("ST"), message));
    }
    let facts = EnvelopeHeader {
        mode: header.mode,
        authorization: None,
        security: None,
        sender: (&header.sender.0, &header.sender.1),
        receiver: (&header.receiver.0, &header.receiver.1),
        group_parties: (&header.sender.1, &header.receiver.1),
        created: header.created,
        interchange_control: header.interchange_control,
        group_control: header.group_control,
        acknowledgment_requested: false,
        functional_id: "HS",
        set_id: "270",
        version: "005010X279A1",
    };
    let mut envelope = Envelope::open(&mut out, &facts)?;
    let per_set = usize::try_from(MAX_PER_SET).unwrap_or(usize::MAX);
    for some in inquiries.chunks(per_set) {
        envelope.open_set(&mut out)?;
        head(&mut out, header, envelope.sets())?;
        let mut hl = 2;
        for inquiry in some {
            hl += 1;
            person(&mut out, header, inquiry, hl)?;
            out.commit()?;
        }
        envelope.close_set(&mut out)?;
    }
    envelope.close(&mut out)?;
    out.finish()
}

fn head<W: Write>(
    out: &mut SegmentWriter<W>,
    header: &InquiryHeader,
    set: u32,
) -> Result<(), X12Error> {
    let reference = format!("{}-{set}", header.interchange_control);
    out.segment("BHT", "BHT")
        .code("0022")
        .code("13")
        .text(&reference, 1..=50)
        .date(header.created.date())
        .time(header.created.time())
        .end()?;
    out.segment("2000A", "HL").number(1).skip(1).code("20").code("1").end()?;
    organization(out, ("2100A", "PR"), &header.payer.0, ("PI", &header.payer.1))?;
    out.segment("2000B", "HL").number(2).number(1).code("21").code("1").end()?;
    organization(out, ("2100B", "1P"), &header.provider.0, ("XX", &header.provider.1))
}

fn organization<W: Write>(
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

fn person<W: Write>(
    out: &mut SegmentWriter<W>,
    header: &InquiryHeader,
    inquiry: &Inquiry,
    hl: u64,
) -> Result<(), X12Error> {
    if inquiry.service_types.is_empty() {
        let message = "an inquiry needs a service type, such as 30";
        return Err(X12Error::new(X12Fault::Content, out.here("2110C"), message));
    }
    out.segment("2000C", "HL").number(hl).number(2).code("22").code("0").end()?;
    out.segment("2000C", "TRN")
        .code("1")
        .text(&inquiry.trace, 1..=50)
        .text(&header.originator, 10..=10)
        .end()?;
    out.segment("2100C", "NM1")
        .code("IL")
        .code("1")
        .text(&inquiry.name.0, 1..=60)
        .text(&inquiry.name.1, 0..=35)
        .skip(3)
        .code("MI")
        .text(&inquiry.member, 2..=80)
        .end()?;
    out.segment("2100C", "DMG").code("D8").date(inquiry.birth_date);
    if inquiry.gender != "U" {
        out.text(&inquiry.gender, 0..=1);
    }
    out.end()?;
    out.segment("2100C", "DTP").code("291").code("D8").date(inquiry.on).end()?;
    for service_type in &inquiry.service_types {
        out.segment("2110C", "EQ").text(service_type, 1..=2).end()?;
    }
    Ok(())
}
