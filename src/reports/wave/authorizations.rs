//! Authorization use (U2), and the members who are near an authorization's end (U3) or far from its plan
//! (U4): rate, pace, projected exhaustion. Rows are people's, for their own payer: P1.
//!
//! A flag is a prompt for a talk, never a denial.

use std::collections::{HashMap, HashSet};

use chrono::{NaiveDate, TimeDelta};

use super::part2::Wall;
use crate::domain::dates::{Instant, Zone};
use crate::domain::ids::OrganizationId;
use crate::domain::report::pace::{BURN_DAYS, Projection, Standing};
use crate::reports::frame::{Asked, Check, Column, Table, Ties, Value};
use crate::reports::registry::Built;
use crate::reports::tally::Lengths;
use crate::reports::utilization::Perspective;
use crate::store::report_authorizations::{OfLines, Used, by_lines, used};
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
        "reserved",
        "units",
        "units of what is ready or claimed and not released; null (not_released) for a payer",
    ),
    Column::sum("remaining", "units", "approved less used and reserved; negative: drawn beyond"),
    Column::rate("utilization_rate", "", "used / approved; null without approved units"),
    Column::rate(
        "time_elapsed",
        "",
        "days passed / days in all, both ends counted; null before the first day or without a last",
    ),
    Column::rate("pace", "", "utilization_rate / time_elapsed: 1 is on plan"),
    Column::rate(
        "daily_burn",
        "units",
        "units drawn in the last 28 days / 28; of a younger one: / its days, 7 at least",
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

const CHAIN: &str = "used = units of released lines that needed them; reserved = units of lines that wait; approved = \
                     used + reserved + remaining";

/// Which rows are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    All,
    NearEnd,
    Unplanned,
}

/// All that touch the period.
pub fn build(conn: &mut Conn, asked: &Asked, as_of: Instant) -> Result<Built, StoreError> {
    rows(conn, asked, as_of, Shown::All)
}

/// Those near their end.
pub fn near_end(conn: &mut Conn, asked: &Asked, as_of: Instant) -> Result<Built, StoreError> {
    rows(conn, asked, as_of, Shown::NearEnd)
}

/// Those that are used slowly, fast, or not at all.
pub fn unplanned(conn: &mut Conn, asked: &Asked, as_of: Instant) -> Result<Built, StoreError> {
    rows(conn, asked, as_of, Shown::Unplanned)
}

/// What is added up.
#[derive(Default)]
struct Sums {
    /// Approved, used, reserved and remaining.
    own: [i64; 4],
    /// Used and reserved by the lines, which know nothing of the ledger.
    of_lines: [i64; 2],
    lengths: Lengths,
    left_out: bool,
}

fn rows(conn: &mut Conn, asked: &Asked, as_of: Instant, shown: Shown) -> Result<Built, StoreError> {
    let mut table = Table::new(COLUMNS);
    let payer_reads = asked.lens.edition == Perspective::Payer;
    let payers = store::report_days::payer_keys(conn)?;
    let mut sums = Sums::default();
    for (id, name) in super::organizations(conn, asked)? {
        let zone = store::report_facts::zone_at(conn, id, as_of)?;
        let today = zone.date_of(as_of);
        let list = of(conn, asked, id, today)?;
        let mut lines = by_lines(conn, id, asked.lens.payer, (asked.from, asked.to))?;
        let told = told(conn, asked, (id, &list), (as_of, zone))?;
        for used in list {
            if told.as_ref().is_some_and(|told| !told.contains(&used.id)) {
                sums.left_out = true;
                continue;
            }
            let standing = standing(&used, payer_reads, today);
            let of_lines = lines.remove(&used.id).unwrap_or_default();
            let lengths = lengths(&of_lines, payer_reads);
            let told = Told { standing, mixed: lengths.mixed(), payer_reads };
            let wanted = match shown {
                Shown::All => true,
                Shown::NearEnd => !told.near_end().is_empty(),
                Shown::Unplanned => told.judgment().is_some(),
            };
            if wanted {
                sums.add(&standing, &of_lines, &lengths);
                table.rows.push(row(&name, &payers, &used, &told));
            }
        }
    }
    table.rows.sort_by_cached_key(|row| row.iter().take(4).map(Value::plain).collect::<Vec<_>>());
    table.totals = Some(sums.totals(payer_reads));
    let mut checks = super::adds_up(&table);
    let ([approved, consumed, reserved, remaining], [submitted, open]) = (sums.own, sums.of_lines);
    checks.push(Check::whole("used: ledger = lines of released claims", consumed, submitted));
    if !payer_reads {
        checks.push(Check::whole("reserved: ledger = ready and claimed lines", reserved, open));
    }
    let parts = consumed + reserved + remaining;
    checks.push(Check::whole("approved = used + reserved + remaining", approved, parts));
    let left_out = payer_reads.then_some(sums.left_out);
    Ok(Built { left_out, ..Built::whole(table, Ties::of(CHAIN, checks), None) })
}

/// The lengths of the units that a reader is told of: a payer of what was released.
fn lengths(of: &OfLines, payer_reads: bool) -> Lengths {
    let mut lengths = Lengths::default();
    for list in of.unit_minutes.iter().take(if payer_reads { 1 } else { 2 }) {
        lengths.add(&list.iter().copied().collect::<Vec<_>>());
    }
    lengths
}

impl Sums {
    fn add(&mut self, standing: &Standing, lines: &OfLines, lengths: &Lengths) {
        let reserved = standing.drawn - standing.used;
        let own = [standing.approved, standing.used, reserved, standing.remaining()];
        self.own.iter_mut().zip(own).for_each(|(sum, more)| *sum += more);
        self.of_lines.iter_mut().zip(lines.units).for_each(|(sum, more)| *sum += more);
        self.lengths.join(lengths);
    }

    fn totals(&self, payer_reads: bool) -> Vec<Value> {
        let [approved, consumed, reserved, remaining] = self.own;
        let units = |value: Value| self.lengths.told(value);
        let of = |column: &Column| match column.name {
            "organization" | "payer" | "authorization" | "member_number" => Value::text("all"),
            "services" | "near_end" | "use" => Value::text(""),
            "approved" => units(Value::Integer(approved)),
            "used" => units(Value::Integer(consumed)),
            "reserved" if payer_reads => Value::Null("not_released"),
            "reserved" => units(Value::Integer(reserved)),
            "remaining" => units(Value::Integer(remaining)),
            "utilization_rate" => units(Value::share(consumed, approved)),
            _ => Value::Null("of_one_only"),
        };
        COLUMNS.iter().map(of).collect()
    }
}

/// An authorization as a reader is told of it.
struct Told {
    standing: Standing,
    /// Whether units of several lengths were drawn on it: then only its days say anything.
    mixed: bool,
    payer_reads: bool,
}

impl Told {
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

fn of(
    conn: &mut Conn,
    asked: &Asked,
    id: OrganizationId,
    today: NaiveDate,
) -> Result<Vec<Used>, StoreError> {
    let since = today.checked_sub_signed(TimeDelta::days(BURN_DAYS - 1)).unwrap_or(today);
    used(conn, id, asked.lens.payer, (asked.from, asked.to), (since, today))
}

/// Those of an organization's authorizations that a payer may see; none: all.
pub(super) fn told(
    conn: &mut Conn,
    asked: &Asked,
    (id, list): (OrganizationId, &[Used]),
    now: (Instant, Zone),
) -> Result<Option<HashSet<i64>>, StoreError> {
    let own = asked.lens.payer.filter(|_| asked.lens.edition == Perspective::Payer);
    let Some(payer) = own else { return Ok(None) };
    match Wall::between(conn, id, std::iter::once(payer.as_i64()), now)? {
        Some(mut wall) => Ok(Some(wall.shown(conn, (payer, list), (asked.from, asked.to))?)),
        None => Ok(None),
    }
}

/// What a reader is told of an authorization: a payer of what was released.
fn standing(used: &Used, payer_reads: bool, today: NaiveDate) -> Standing {
    let (reserved, lately) =
        if payer_reads { (0, 0) } else { (used.reserved, used.reserved_lately) };
    Standing {
        approved: used.approved,
        used: used.consumed,
        drawn: used.consumed + reserved,
        lately: used.consumed_lately + lately,
        from: used.from,
        to: used.to,
        today,
    }
}

fn row(name: &str, payers: &HashMap<i64, String>, used: &Used, told: &Told) -> Vec<Value> {
    let standing = &told.standing;
    let reserved = if told.payer_reads {
        Value::Null("not_released")
    } else {
        told.units(Value::Integer(standing.drawn - standing.used))
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
        Value::text(payers.get(&used.payer).cloned().unwrap_or_default()),
        Value::text(used.number.clone()),
        Value::text(used.member_number.clone().unwrap_or_default()),
        Value::text(used.services.join(";")),
        Value::Date(used.from),
        used.to.map_or(Value::Null("no_end"), Value::Date),
        Value::Integer(standing.approved),
        told.units(Value::Integer(standing.used)),
        reserved,
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
