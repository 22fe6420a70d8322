//! Authorization use (U2), and the members who are near an authorization's end (U3) or far from its plan
//! (U4): rate, pace, projected exhaustion. Rows are people's, for their own payer: P1.
//!
//! A flag is a prompt for a talk, never a denial.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{NaiveDate, TimeDelta};

use super::part2::Wall;
use crate::domain::dates::Instant;
use crate::domain::ids::OrganizationId;
use crate::domain::report::pace::{BURN_DAYS, Projection, Standing};
use crate::reports::frame::{Asked, Check, Column, Table, Ties, Value};
use crate::reports::registry::Built;
use crate::reports::source::{Part, Source};
use crate::reports::tally::Lengths;
use crate::reports::utilization::Perspective;
use crate::store::report_authorizations::{
    ByAuthorization, Drawn, Paper, Touching, drawn, member_numbers, papers,
};
use crate::store::{self, Conn, StoreError};

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::key("organization", "key of the organization"),
    Column::key("payer", "key of the payer"),
    Column::key("authorization", "the payer's number of it"),
    Column::key("member_number", "the member's number at the payer"),
    Column::words("services", "services that it is for; empty: all"),
    Column::date("from", "first day"),
    Column::date("to", "last day; null (no_end): open"),
    Column::sum("approved", "units", "units approved"),
    Column::sum(
        "used",
        "units",
        "units of released claims that were drawn on it; units of the same line that needed none are not \
         among them, though the claim states its number; null (mixed_units), with all that is made of it, \
         where lines drawn on it have units of different lengths",
    ),
    Column::sum(
        "opening",
        "units",
        "units that were drawn on it before go-live, by opening balances: on no claim of this service; null \
         (not_released) for a payer, to whom they are neither used nor taken from what remains",
    ),
    Column::sum(
        "reserved",
        "units",
        "units of what is ready or claimed and not released; null (not_released) for a payer",
    ),
    Column::sum(
        "remaining",
        "units",
        "approved less used, opening and reserved; negative: drawn beyond",
    ),
    Column::rate(
        "utilization_rate",
        "",
        "used and opening / approved; null without approved units",
    ),
    Column::rate(
        "time_elapsed",
        "",
        "days passed / days in all, both ends counted; null before the first day or without a last",
    ),
    Column::rate("pace", "", "utilization_rate / time_elapsed: 1 is on plan"),
    Column::rate(
        "daily_burn",
        "units",
        "units drawn by visits of the last 28 days / 28; of a younger one: / its days, 7 at least",
    ),
    Column::date(
        "projected_exhaustion",
        "the day on which nothing is left at that burn; null: exhausted, or no_burn",
    ),
    Column::words(
        "near_end",
        "few_units_left: a fifth or less; runs_out_early: before the last day; ends_soon: in 14 days",
    ),
    Column::words(
        "use",
        "no_use, slow (pace below 0.5) or fast (above 1.5), from the 31st day on; a prompt for a talk, \
         never a denial",
    ),
];

const CHAIN: &str = "used = units of released lines that needed them; reserved = units of lines that wait; opening = \
                     units of opening balances; approved = used + opening + reserved + remaining";

/// Which rows are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    All,
    NearEnd,
    Unplanned,
}

/// All that touch the period.
pub fn build(
    conn: &mut Conn,
    asked: &Asked,
    as_of: Instant,
    source: &mut Source,
) -> Result<Built, StoreError> {
    rows(conn, asked, (as_of, source), Shown::All)
}

/// Those near their end.
pub fn near_end(
    conn: &mut Conn,
    asked: &Asked,
    as_of: Instant,
    source: &mut Source,
) -> Result<Built, StoreError> {
    rows(conn, asked, (as_of, source), Shown::NearEnd)
}

/// Those that are used slowly, fast, or not at all.
pub fn unplanned(
    conn: &mut Conn,
    asked: &Asked,
    as_of: Instant,
    source: &mut Source,
) -> Result<Built, StoreError> {
    rows(conn, asked, (as_of, source), Shown::Unplanned)
}

/// What is added up.
#[derive(Default)]
struct Sums {
    /// Approved, used, from before go-live, reserved and remaining.
    own: [i64; 5],
    /// Used and reserved by the lines, which know nothing of the ledger.
    of_lines: [i64; 2],
    lengths: Lengths,
    left_out: bool,
}

fn rows(
    conn: &mut Conn,
    asked: &Asked,
    (as_of, source): (Instant, &mut Source),
    shown: Shown,
) -> Result<Built, StoreError> {
    let mut table = Table::new(COLUMNS);
    let payer_reads = asked.lens.edition == Perspective::Payer;
    let payers = store::report_days::payer_keys(conn)?;
    let mut sums = Sums::default();
    for (id, name) in super::listed(conn, asked, source)? {
        let today = super::today(conn, source, (id, as_of))?;
        let of = Used::read(conn, asked, source, (id, as_of), today)?;
        for paper in &of.papers {
            if of.hidden.contains(&paper.id) {
                sums.left_out = true;
                continue;
            }
            let standing = of.standing(paper, payer_reads, today);
            let lengths = of.lengths(paper, payer_reads);
            let opening = of.opening(paper, payer_reads);
            let told = Told { standing, opening, mixed: lengths.mixed(), payer_reads };
            let wanted = match shown {
                Shown::All => true,
                Shown::NearEnd => !told.near_end().is_empty(),
                Shown::Unplanned => told.judgment().is_some(),
            };
            if wanted {
                sums.add(&told, of.drawn(paper).map(|drawn| drawn.of_lines), &lengths);
                table.rows.push(row(&name, &payers, (paper, of.numbers.get(&paper.id)), &told));
            }
        }
    }
    table.rows.sort_by_cached_key(|row| row.iter().take(4).map(Value::plain).collect::<Vec<_>>());
    table.totals = Some(sums.totals(payer_reads));
    let mut checks = super::adds_up(&table);
    let [approved, consumed, opening, reserved, remaining] = sums.own;
    let [submitted, open] = sums.of_lines;
    checks.push(Check::whole("used: ledger = lines of released claims", consumed, submitted));
    if !payer_reads {
        checks.push(Check::whole("reserved: ledger = ready and claimed lines", reserved, open));
    }
    let parts = consumed + opening + reserved + remaining;
    checks.push(Check::whole("approved = used + opening + reserved + remaining", approved, parts));
    let left_out = payer_reads.then_some(sums.left_out);
    Ok(Built { left_out, ..Built::whole(table, Ties::of(CHAIN, checks), None) })
}

/// An organization's authorizations and what is drawn on them, each part as it is kept with an issue.
struct Used {
    papers: Vec<Paper>,
    numbers: BTreeMap<i64, String>,
    released: ByAuthorization,
    reserved: ByAuthorization,
    opening: ByAuthorization,
    hidden: BTreeSet<i64>,
    nothing: Drawn,
}

impl Used {
    fn read(
        conn: &mut Conn,
        asked: &Asked,
        source: &mut Source,
        (id, as_of): (OrganizationId, Instant),
        today: NaiveDate,
    ) -> Result<Self, StoreError> {
        let touching = touching(asked, id);
        let papers: Vec<Paper> =
            source.of(conn, (Part::Authorizations, id), |conn| papers(conn, touching))?;
        let numbers =
            source.of(conn, (Part::Coverages, id), |conn| member_numbers(conn, id, &papers))?;
        let mut read = Default::default();
        if source.reads() {
            // A zone may put today back by a day.
            let first = since(today).checked_sub_signed(TimeDelta::days(ZONE_DAYS));
            read = drawn(conn, touching, &papers, first.unwrap_or(today))?;
        }
        let [released, reserved, opening] = read;
        let opening = source.of(conn, (Part::Opening, id), |_| Ok(opening))?;
        let released = source.of(conn, (Part::Released, id), |_| Ok(released))?;
        let reserved = source.of(conn, (Part::Reserved, id), |_| Ok(reserved))?;
        let hidden = hidden(conn, asked, source, (id, as_of), &papers)?;
        let nothing = Drawn::default();
        Ok(Self { papers, numbers, released, reserved, opening, hidden, nothing })
    }

    /// Released, and reserved.
    fn drawn(&self, paper: &Paper) -> [&Drawn; 2] {
        [&self.released, &self.reserved].map(|of| of.get(&paper.id).unwrap_or(&self.nothing))
    }

    /// Units from before go-live, of which a payer is not told.
    fn opening(&self, paper: &Paper, payer_reads: bool) -> i64 {
        let opening = self.opening.get(&paper.id).filter(|_| !payer_reads);
        opening.map_or(0, |drawn| drawn.units)
    }

    /// What a reader is told of an authorization: a payer of what was released.
    fn standing(&self, paper: &Paper, payer_reads: bool, today: NaiveDate) -> Standing {
        let units = self.drawn(paper).map(|d| (d.units, d.between(since(today), today)));
        let [(used, used_lately), (reserved, reserved_lately)] = units;
        let (reserved, lately) = if payer_reads { (0, 0) } else { (reserved, reserved_lately) };
        let used = used + self.opening(paper, payer_reads);
        Standing {
            approved: paper.approved,
            used,
            drawn: used + reserved,
            lately: used_lately + lately,
            from: paper.from,
            to: paper.to,
            today,
        }
    }

    /// The lengths of the units that a reader is told of: a payer of what was released.
    fn lengths(&self, paper: &Paper, payer_reads: bool) -> Lengths {
        let mut lengths = Lengths::default();
        for drawn in self.drawn(paper).into_iter().take(if payer_reads { 1 } else { 2 }) {
            lengths.add(&drawn.unit_minutes.iter().copied().collect::<Vec<_>>());
        }
        lengths
    }
}

/// Days by which a zone may put today back.
const ZONE_DAYS: i64 = 2;

/// The first day of what is of late.
fn since(today: NaiveDate) -> NaiveDate {
    today.checked_sub_signed(TimeDelta::days(BURN_DAYS - 1)).unwrap_or(today)
}

impl Sums {
    fn add(&mut self, told: &Told, lines: [i64; 2], lengths: &Lengths) {
        let standing = &told.standing;
        let [used, reserved] = told.drawn();
        let own = [standing.approved, used, told.opening, reserved, standing.remaining()];
        self.own.iter_mut().zip(own).for_each(|(sum, more)| *sum += more);
        self.of_lines.iter_mut().zip(lines).for_each(|(sum, more)| *sum += more);
        self.lengths.join(lengths);
    }

    fn totals(&self, payer_reads: bool) -> Vec<Value> {
        let [approved, consumed, opening, reserved, remaining] = self.own;
        let units = |value: Value| self.lengths.told(value);
        let of = |column: &Column| match column.name {
            "organization" | "payer" | "authorization" | "member_number" => Value::text("all"),
            "services" | "near_end" | "use" => Value::text(""),
            "approved" => units(Value::Integer(approved)),
            "used" => units(Value::Integer(consumed)),
            "opening" | "reserved" if payer_reads => Value::Null("not_released"),
            "opening" => units(Value::Integer(opening)),
            "reserved" => units(Value::Integer(reserved)),
            "remaining" => units(Value::Integer(remaining)),
            "utilization_rate" => units(Value::share(consumed + opening, approved)),
            _ => Value::Null("of_one_only"),
        };
        COLUMNS.iter().map(of).collect()
    }
}

/// An authorization as a reader is told of it.
struct Told {
    standing: Standing,
    /// Units from before go-live among those used.
    opening: i64,
    /// Whether units of several lengths were drawn on it: then only its days say anything.
    mixed: bool,
    payer_reads: bool,
}

impl Told {
    /// Units of released claims, and of what waits.
    fn drawn(&self) -> [i64; 2] {
        let Standing { used, drawn, .. } = self.standing;
        [used - self.opening, drawn - used]
    }

    fn near_end(&self) -> Vec<&'static str> {
        if self.mixed {
            self.standing.ends_soon().into_iter().collect()
        } else {
            self.standing.near_end()
        }
    }

    fn judgment(&self) -> Option<&'static str> {
        self.standing.judgment().filter(|_| !self.mixed)
    }

    fn units(&self, value: Value) -> Value {
        if self.mixed { Value::Null("mixed_units") } else { value }
    }
}

/// The authorizations of an organization that a report is about.
pub(super) fn touching(asked: &Asked, organization: OrganizationId) -> Touching {
    Touching { organization, payer: asked.lens.payer, period: (asked.from, asked.to) }
}

/// Those of an organization's authorizations that a payer may not be told of.
pub(super) fn hidden(
    conn: &mut Conn,
    asked: &Asked,
    source: &mut Source,
    (id, as_of): (OrganizationId, Instant),
    papers: &[Paper],
) -> Result<BTreeSet<i64>, StoreError> {
    source.of(conn, (Part::Consents, id), |conn| {
        let own = asked.lens.payer.filter(|_| asked.lens.edition == Perspective::Payer);
        let Some(payer) = own else { return Ok(BTreeSet::new()) };
        let zone = store::report_facts::zone_at(conn, id, as_of)?;
        match Wall::between(conn, id, std::iter::once(payer.as_i64()), (as_of, zone))? {
            Some(mut wall) => wall.hides_papers(conn, papers, touching(asked, id)),
            None => Ok(BTreeSet::new()),
        }
    })
}

fn row(
    name: &str,
    payers: &HashMap<i64, String>,
    (paper, number): (&Paper, Option<&String>),
    told: &Told,
) -> Vec<Value> {
    let standing = &told.standing;
    let [used, reserved] = told.drawn();
    let own = |units: i64| {
        let all = told.units(Value::Integer(units));
        if told.payer_reads { Value::Null("not_released") } else { all }
    };
    let fraction = |parts: Option<(i64, i64)>, why| {
        parts.map_or(Value::Null(why), |(top, bottom)| Value::share(top, bottom))
    };
    let projected = match standing.projection() {
        Projection::Exhausted => Value::Null("exhausted"),
        Projection::NoBurn => Value::Null("no_burn"),
        Projection::On(day) => Value::Date(day),
    };
    vec![
        Value::text(name),
        Value::text(payers.get(&paper.payer).cloned().unwrap_or_default()),
        Value::text(paper.number.clone()),
        Value::text(number.cloned().unwrap_or_default()),
        Value::text(paper.services.join(";")),
        Value::Date(paper.from),
        paper.to.map_or(Value::Null("no_end"), Value::Date),
        Value::Integer(standing.approved),
        told.units(Value::Integer(used)),
        own(told.opening),
        own(reserved),
        told.units(Value::Integer(standing.remaining())),
        told.units(Value::share(standing.used, standing.approved)),
        fraction(standing.elapsed(), "not_begun_or_no_end"),
        told.units(fraction(standing.pace(), "no_denominator")),
        told.units(Value::ratio(standing.lately, standing.burn_days(), 4)),
        told.units(projected),
        Value::text(told.near_end().join(";")),
        Value::text(told.judgment().unwrap_or_default()),
    ]
}
