//! TA1: whether an interchange arrived, alone in an interchange without groups.

use std::io::Write;

use chrono::NaiveDateTime;

use super::Exchange;
use crate::x12::envelope::{Envelope, MAX_CONTROL};
use crate::x12::error::{X12Error, X12Fault};
use crate::x12::writer::SegmentWriter;

/// What is said of one interchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterchangeVerdict {
    /// TA101: its ISA13, 1 to 999999999.
    pub control: u32,
    /// TA102 and TA103: its ISA09 and ISA10.
    pub created: NaiveDateTime,
    /// TA104: `A`, `E` or `R`.
    pub status: &'static str,
    /// TA105: why, three digits; `000` for no error.
    pub note: String,
}

/// Writes an interchange that holds nothing but these TA1.
///
/// ```
/// use peerclaims::domain::contract::Delimiters;
/// use peerclaims::domain::organization::OrganizationMode;
/// use peerclaims::x12::respond::{Exchange, InterchangeVerdict, write_ta1};
///
/// let created = chrono::NaiveDate::from_ymd_opt(2026, 9, 1).unwrap().and_hms_opt(8, 0, 0).unwrap();
/// let exchange = Exchange {
///     mode: OrganizationMode::Test,
///     sender: ("ZZ".into(), "PAYER".into()),
///     receiver: ("ZZ".into(), "SENDER".into()),
///     created,
///     interchange_control: 7,
///     group_control: 7,
///     delimiters: Delimiters::default(),
///     line_breaks: false,
/// };
/// let verdict = InterchangeVerdict { control: 101, created, status: "A", note: "000".into() };
/// let file = String::from_utf8(write_ta1(Vec::new(), &exchange, &[verdict])?).unwrap();
/// assert!(file.ends_with("TA1*000000101*260901*0800*A*000~IEA*0*000000007~"), "{file}");
/// # Ok::<(), peerclaims::x12::X12Error>(())
/// ```
pub fn write_ta1<W: Write>(
    out: W,
    exchange: &Exchange,
    verdicts: &[InterchangeVerdict],
) -> Result<W, X12Error> {
    let mut out = SegmentWriter::new(out, exchange.delimiters, exchange.line_breaks)?;
    let kind = super::Kind { functional_id: "", set_id: "", version: "" };
    Envelope::open_bare(&mut out, &exchange.header(kind))?;
    for verdict in verdicts {
        if !(1..=MAX_CONTROL).contains(&verdict.control) {
            let message = "TA101 must be a control number of one to nine digits";
            return Err(X12Error::new(X12Fault::Content, out.here("TA1"), message));
        }
        out.segment("TA1", "TA1")
            .digits(verdict.control.into(), 9)
            .short_date(verdict.created.date())
            .time(verdict.created.time())
            .code(verdict.status)
            .text(&verdict.note, 3..=3)
            .end()?;
    }
    Envelope::close_bare(&mut out, exchange.interchange_control)?;
    out.finish()
}
