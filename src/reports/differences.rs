//! Differences (E5): a payer's own extract held against the lines of released claims, line by line, and
//! the chain from one sum to the other.
//!
//! A payer is told of the lines that `lines` would tell it now, and of no others: a number that it brings may
//! be guessed. One of a line behind that wall is only there, as one that nobody ever gave (`docs/adr/0144`).

use std::collections::{BTreeMap, HashSet};

use chrono::{NaiveDate, TimeDelta};
use serde::Serialize;

use super::csv_out;
use super::frame::{Check, NOTICE, Ties};
use super::utilization::Perspective;
use super::wave::part2::Wall;
use crate::domain::dates::Instant;
use crate::domain::ids::{OrganizationId, PayerId};
use crate::domain::money::Money;
use crate::domain::report::extract::{Comparison, Difference, Line, Place, Sums, compare};
use crate::error::AppError;
use crate::store::report_lines::Ours;
use crate::store::{Conn, StoreError, report_facts, report_lines};

/// How far beside the period a line is looked for by its numbers, in days: a year and its leap day.
const BESIDE_DAYS: i64 = 366;

/// The columns of the CSV after the level, as `docs/reports.md` documents them.
const COLUMNS: [&str; 14] = [
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
    "notice",
    "left_out_without_consent",
];

/// Columns of the last line, which the others have empty.
const OF_ALL: [&str; 9] = [
    "lines_here",
    "lines_there",
    "lines_here_on_other_days",
    "lines_both",
    "lines_only_here",
    "lines_only_there",
    "lines_differing",
    "ties",
    "as_of",
];

const CHAIN: &str = "here + here on other days - only here - (here - there of lines in both) + only \
                     there = there";

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
    /// For payers: whether lines of the period are not told and in no sum, whether the extract has them or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out_without_consent: Option<bool>,
    here: SumsView,
    /// Of other days, which the extract has in the period.
    here_on_other_days: SumsView,
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

/// Whose lines are compared, and who reads.
#[derive(Debug, Clone, Copy)]
pub struct Sides {
    /// Who reads.
    pub edition: Perspective,
    /// Whose extract it is.
    pub payer: PayerId,
    /// One organization, or all.
    pub organization: Option<OrganizationId>,
}

/// Holds an extract against what was released.
pub fn against(
    conn: &mut Conn,
    sides: Sides,
    (from, to): (NaiveDate, NaiveDate),
    extract: Vec<Line>,
) -> Result<Differences, StoreError> {
    let Sides { edition, payer, organization } = sides;
    let as_of = report_facts::clock(conn)?;
    let theirs: HashSet<(&str, &str)> = extract.iter().map(numbers).collect();
    let mut here = report_lines::released(conn, payer, organization, (from, to))?;
    let mut elsewhere = elsewhere(conn, sides, (from, to), (&here, &theirs))?;
    let left_out_without_consent = match edition {
        Perspective::Organization => None,
        Perspective::Payer => {
            // Of the period alone, whatever the extract has: else it would answer for a guessed number.
            let count = here.len();
            here = told(conn, payer, here, as_of)?;
            elsewhere = told(conn, payer, elsewhere, as_of)?;
            Some(here.len() < count)
        }
    };
    let bare = |list: Vec<Ours>| list.into_iter().map(|ours| ours.line).collect();
    let of = compare(bare(here), bare(elsewhere), extract);
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
        left_out_without_consent,
        omission: share(of.only_here.lines, of.here.lines),
        surplus: share(of.only_there.lines, of.there.lines),
        ties: ties(&of),
        here: of.here.into(),
        here_on_other_days: of.elsewhere.into(),
        there: of.there.into(),
        both_here: of.both_here.into(),
        both_there: of.both_there.into(),
        only_here: of.only_here.into(),
        only_there: of.only_there.into(),
        differing: of.differing,
        differences: of.differences.into_iter().map(Row::from).collect(),
    })
}

/// The numbers by which lines are matched.
fn numbers(line: &Line) -> (&str, &str) {
    (&line.claim, &line.control)
}

/// Lines of other days that the extract has by their numbers and nobody matched: their dates differ over the
/// edge of the period.
fn elsewhere(
    conn: &mut Conn,
    sides: Sides,
    (from, to): (NaiveDate, NaiveDate),
    (here, theirs): (&[Ours], &HashSet<(&str, &str)>),
) -> Result<Vec<Ours>, StoreError> {
    let known: HashSet<(&str, &str)> = here.iter().map(|ours| numbers(&ours.line)).collect();
    let missing: HashSet<(&str, &str)> = theirs.difference(&known).copied().collect();
    let claims: HashSet<&str> = missing.iter().map(|(claim, _)| *claim).collect();
    let claims: Vec<&str> = claims.into_iter().collect();
    let beside = TimeDelta::days(BESIDE_DAYS);
    let first = from.checked_sub_signed(beside).unwrap_or(from);
    let last = to.checked_add_signed(beside).unwrap_or(to);
    let Sides { payer, organization, .. } = sides;
    let mut found = report_lines::numbered(conn, payer, organization, (first, last), &claims)?;
    found.retain(|ours| missing.contains(&numbers(&ours.line)));
    Ok(found)
}

/// Of these lines those that their payer may be told of now.
fn told(
    conn: &mut Conn,
    payer: PayerId,
    lines: Vec<Ours>,
    as_of: Instant,
) -> Result<Vec<Ours>, StoreError> {
    let mut by_owner: BTreeMap<i64, Vec<Ours>> = BTreeMap::new();
    for line in lines {
        by_owner.entry(line.organization).or_default().push(line);
    }
    let mut shown = Vec::new();
    for (owner, mut lines) in by_owner {
        let owner = OrganizationId::from_i64(owner);
        let zone = report_facts::zone(conn, owner)?;
        let payers = std::iter::once(payer.as_i64());
        if let Some(mut wall) = Wall::between(conn, owner, payers, (as_of, zone))? {
            wall.learn(conn, lines.iter().map(|ours| ours.member))?;
            let is_told = |ours: &Ours, of_substance_use| {
                let people = (payer.as_i64(), ours.member);
                wall.shows_line(people, &ours.service, ours.line.date, of_substance_use)
            };
            let open = lines.iter().filter(|ours| !is_told(ours, true));
            let claims: HashSet<i64> = open.map(|ours| ours.claim).collect();
            let claims: Vec<i64> = claims.into_iter().collect();
            let diagnosed = report_lines::diagnosed(conn, owner, &claims)?;
            lines.retain(|ours| is_told(ours, diagnosed.contains(&ours.claim)));
        }
        shown.extend(lines);
    }
    Ok(shown)
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
    let mut ours = of.here;
    ours.lines += of.elsewhere.lines;
    ours.units += of.elsewhere.units;
    ours.charge += of.elsewhere.charge;
    let checks = vec![
        Check::whole("lines: here less and more the rows = there", chain(ours, 0), of.there.lines),
        Check::whole("units: here less and more the rows = there", chain(ours, 1), of.there.units),
        Check::cents(
            "charge: here less and more the rows = there",
            chain(ours, 2),
            of.there.charge,
        ),
    ];
    Ties::of(CHAIN, checks)
}

impl Differences {
    /// As CSV: a line for each that is not the same, and one of the whole at the end.
    pub fn csv(&self) -> Result<String, AppError> {
        let columns: Vec<&str> = std::iter::once("level").chain(COLUMNS).chain(OF_ALL).collect();
        let mut table = csv_out::Table::new(&columns)?;
        let left_out = self.left_out_without_consent.map(|left| left.to_string());
        let left_out = left_out.unwrap_or_default();
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
                [self.notice.to_owned(), left_out.clone()],
            ];
            let own = fields.as_flattened().iter().map(String::as_str);
            table.row(std::iter::once("row").chain(own).chain([""; OF_ALL.len()]))?;
        }
        table.row(self.whole(&left_out).iter().map(String::as_str))?;
        table.finish()
    }

    /// The last line: the sums of both sides, and what is said of the whole.
    fn whole(&self, left_out: &str) -> Vec<String> {
        let (here, there) = (&self.here, &self.there);
        let units = [here.units.to_string(), there.units.to_string()];
        let charge = [here.charge.to_string(), there.charge.to_string()];
        let sides = [here, there, &self.here_on_other_days];
        let parts = [&self.both_here, &self.only_here, &self.only_there];
        let count = |sums: &SumsView| sums.lines.to_string();
        let fields = [
            vec!["total".to_owned()],
            // The line's place, numbers, what differs, and days.
            vec![String::new(); 6],
            [units, charge].concat(),
            // The payer's claim.
            vec![String::new(); 2],
            vec![self.notice.to_owned(), left_out.to_owned()],
            sides.map(count).to_vec(),
            parts.map(count).to_vec(),
            vec![self.differing.to_string(), self.ties.ties.to_string(), self.as_of.to_string()],
        ];
        fields.concat()
    }
}
