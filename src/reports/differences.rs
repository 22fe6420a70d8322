//! Differences (E5): a payer's own extract held against the lines of released claims, line by line, and
//! the chain from one sum to the other.

use chrono::NaiveDate;
use serde::Serialize;

use super::csv_out;
use super::frame::{Check, NOTICE, Ties};
use crate::domain::dates::Instant;
use crate::domain::ids::{OrganizationId, PayerId};
use crate::domain::money::Money;
use crate::domain::report::extract::{Comparison, Difference, Line, Place, Sums, compare};
use crate::error::AppError;
use crate::store::{Conn, StoreError, report_facts, report_lines};

/// The columns of the CSV, as `docs/reports.md` documents them.
const COLUMNS: [&str; 12] = [
    "place",
    "claim_number",
    "line_control",
    "differs",
    "service_date_here",
    "service_date_there",
    "units_here",
    "units_there",
    "charge_here",
    "charge_there",
    "payer_claim_here",
    "payer_claim_there",
];

const CHAIN: &str = "here - only here - (here - there of lines in both) + only there = there";

/// The answer.
#[derive(Debug, Serialize)]
pub struct Differences {
    report: &'static str,
    /// First service date.
    from: NaiveDate,
    /// Last service date.
    to: NaiveDate,
    as_of: Instant,
    notice: &'static str,
    here: SumsView,
    there: SumsView,
    both_here: SumsView,
    both_there: SumsView,
    only_here: SumsView,
    only_there: SumsView,
    /// Lines in both that differ.
    differing: i64,
    /// Share of ours that the extract lacks; none without ours.
    omission: Option<String>,
    /// Share of theirs that we do not have; none without theirs.
    surplus: Option<String>,
    ties: Ties,
    differences: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct SumsView {
    lines: i64,
    units: i64,
    charge: Money,
}

impl From<Sums> for SumsView {
    fn from(sums: Sums) -> Self {
        let Sums { lines, units, charge } = sums;
        Self { lines, units, charge: Money::from_cents(charge) }
    }
}

#[derive(Debug, Serialize)]
struct Row {
    place: Place,
    claim_number: String,
    line_control: String,
    differs: Vec<&'static str>,
    here: Option<LineView>,
    there: Option<LineView>,
}

#[derive(Debug, Serialize)]
struct LineView {
    service_date: NaiveDate,
    units: i64,
    charge: Money,
    payer_claim: Option<String>,
}

impl From<Line> for LineView {
    fn from(line: Line) -> Self {
        let Line { date, units, charge, payer_claim, .. } = line;
        Self { service_date: date, units, charge: Money::from_cents(charge), payer_claim }
    }
}

impl From<Difference> for Row {
    fn from(of: Difference) -> Self {
        Self {
            place: of.place,
            differs: of.fields(),
            claim_number: of.claim,
            line_control: of.control,
            here: of.here.map(LineView::from),
            there: of.there.map(LineView::from),
        }
    }
}

/// Holds an extract against what was released.
pub fn against(
    conn: &mut Conn,
    payer: PayerId,
    organization: Option<OrganizationId>,
    (from, to): (NaiveDate, NaiveDate),
    extract: Vec<Line>,
) -> Result<Differences, StoreError> {
    let as_of = report_facts::clock(conn)?;
    let here = report_lines::released(conn, payer, organization, (from, to))?;
    let of = compare(here, extract);
    let share = |part: i64, whole: i64| match super::frame::Value::share(part, whole) {
        super::frame::Value::Decimal(share) => Some(share.to_string()),
        _ => None,
    };
    Ok(Differences {
        report: "differences",
        from,
        to,
        as_of,
        notice: NOTICE,
        omission: share(of.only_here.lines, of.here.lines),
        surplus: share(of.only_there.lines, of.there.lines),
        ties: ties(&of),
        here: of.here.into(),
        there: of.there.into(),
        both_here: of.both_here.into(),
        both_there: of.both_there.into(),
        only_here: of.only_here.into(),
        only_there: of.only_there.into(),
        differing: of.differing,
        differences: of.differences.into_iter().map(Row::from).collect(),
    })
}

/// Whether the sums of the rows lead from one side to the other.
fn ties(of: &Comparison) -> Ties {
    let (mut without, mut moved, mut beyond) = ([0; 3], [0; 3], [0; 3]);
    let numbers = |line: &Option<Line>| line.as_ref().map_or([0; 3], |l| [1, l.units, l.charge]);
    for row in &of.differences {
        let (here, there) = (numbers(&row.here), numbers(&row.there));
        let sums = match row.place {
            Place::OnlyHere => &mut without,
            Place::OnlyThere => &mut beyond,
            Place::Both => &mut moved,
        };
        for (sum, (here, there)) in sums.iter_mut().zip(here.into_iter().zip(there)) {
            *sum += there - here;
        }
    }
    let chain = |sums: Sums, place: usize| {
        let own = [sums.lines, sums.units, sums.charge];
        let at = |list: &[i64; 3]| list.get(place).copied().unwrap_or_default();
        at(&own) + at(&without) + at(&moved) + at(&beyond)
    };
    let checks = vec![
        Check::whole(
            "lines: here less and more the rows = there",
            chain(of.here, 0),
            of.there.lines,
        ),
        Check::whole(
            "units: here less and more the rows = there",
            chain(of.here, 1),
            of.there.units,
        ),
        Check::cents(
            "charge: here less and more the rows = there",
            chain(of.here, 2),
            of.there.charge,
        ),
    ];
    Ties::of(CHAIN, checks)
}

impl Differences {
    /// As CSV: a line for each that is not the same.
    pub fn csv(&self) -> Result<String, AppError> {
        let mut table = csv_out::Table::new(&COLUMNS)?;
        for row in &self.differences {
            let place = match row.place {
                Place::Both => "both",
                Place::OnlyHere => "only_here",
                Place::OnlyThere => "only_there",
            };
            let of = |line: &Option<LineView>, show: fn(&LineView) -> String| {
                line.as_ref().map(show).unwrap_or_default()
            };
            let both = |show: fn(&LineView) -> String| [of(&row.here, show), of(&row.there, show)];
            let fields = [
                [place.to_owned(), row.claim_number.clone()],
                [row.line_control.clone(), row.differs.join(";")],
                both(|l| l.service_date.to_string()),
                both(|l| l.units.to_string()),
                both(|l| l.charge.to_string()),
                both(|l| l.payer_claim.clone().unwrap_or_default()),
            ];
            table.row(fields.as_flattened().iter().map(String::as_str))?;
        }
        table.finish()
    }
}
