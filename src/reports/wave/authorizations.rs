//! Authorization use (U2), and the members who are near an authorization's end (U3) or far from its plan
//! (U4): rate, pace, projected exhaustion. Rows are people's, for their own payer: P1.
//!
//! A flag is a prompt for a talk, never a denial.

mod used;

use std::collections::HashMap;

use used::Used;
pub(super) use used::{hidden, touching};

use crate::domain::dates::Instant;
use crate::domain::report::pace::{Projection, Standing};
use crate::reports::frame::{Asked, Check, Column, Table, Ties, Value};
use crate::reports::registry::Built;
use crate::reports::source::Source;
use crate::reports::tally::Lengths;
use crate::reports::utilization::Perspective;
use crate::store::report_authorizations::Paper;
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
