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
use crate::reports::utilization::Perspective;
use crate::store::report_authorizations::{Used, by_lines, used};
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
    Column::sum("used", "units", "units on released claims with this authorization"),
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

const CHAIN: &str = "used = units of released lines with them; reserved = units of lines that wait; approved = \
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

fn rows(conn: &mut Conn, asked: &Asked, as_of: Instant, shown: Shown) -> Result<Built, StoreError> {
    let mut table = Table::new(COLUMNS);
    let payer_reads = asked.lens.edition == Perspective::Payer;
    let payers = store::report_days::payer_keys(conn)?;
    let (mut sums, mut left_out) = ([0; 4], false);
    // The same by the lines, which know nothing of the ledger.
    let mut of_lines = [0; 2];
    for (id, name) in super::organizations(conn, asked)? {
        let zone = store::report_facts::zone(conn, id)?;
        let today = zone.date_of(as_of);
        let list = of(conn, asked, id, today)?;
        let lines = by_lines(conn, id, asked.lens.payer, (asked.from, asked.to))?;
        let told = told(conn, asked, (id, &list), (as_of, zone))?;
        for used in list {
            if told.as_ref().is_some_and(|told| !told.contains(&used.id)) {
                left_out = true;
                continue;
            }
            let standing = standing(&used, payer_reads, today);
            let wanted = match shown {
                Shown::All => true,
                Shown::NearEnd => !standing.near_end().is_empty(),
                Shown::Unplanned => standing.judgment().is_some(),
            };
            if !wanted {
                continue;
            }
            let reserved = standing.drawn - standing.used;
            let own = [standing.approved, standing.used, reserved, standing.remaining()];
            for (sum, more) in sums.iter_mut().zip(own) {
                *sum += more;
            }
            for (sum, more) in of_lines.iter_mut().zip(lines.get(&used.id).into_iter().flatten()) {
                *sum += more;
            }
            table.rows.push(row(&name, &payers, &used, &standing, payer_reads));
        }
    }
    table.rows.sort_by_cached_key(|row| row.iter().take(4).map(Value::plain).collect::<Vec<_>>());
    let [approved, consumed, reserved, remaining] = sums;
    let mut totals: Vec<Value> = COLUMNS.iter().map(|_| Value::Null("of_one_only")).collect();
    for (place, cell) in totals.iter_mut().enumerate() {
        *cell = match COLUMNS.get(place).map(|c| c.name) {
            Some("organization" | "payer" | "authorization" | "member_number") => {
                Value::text("all")
            }
            Some("services" | "near_end" | "use") => Value::text(""),
            Some("approved") => Value::Integer(approved),
            Some("used") => Value::Integer(consumed),
            Some("reserved") if payer_reads => Value::Null("not_released"),
            Some("reserved") => Value::Integer(reserved),
            Some("remaining") => Value::Integer(remaining),
            Some("utilization_rate") => Value::share(consumed, approved),
            _ => continue,
        };
    }
    table.totals = Some(totals);
    let mut checks = super::adds_up(&table);
    let [submitted, open] = of_lines;
    checks.push(Check::whole("used: ledger = lines of released claims", consumed, submitted));
    if !payer_reads {
        checks.push(Check::whole("reserved: ledger = ready and claimed lines", reserved, open));
    }
    let parts = consumed + reserved + remaining;
    checks.push(Check::whole("approved = used + reserved + remaining", approved, parts));
    let left_out = payer_reads.then_some(left_out);
    Ok(Built { left_out, ..Built::whole(table, Ties::of(CHAIN, checks), None) })
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

fn row(
    name: &str,
    payers: &HashMap<i64, String>,
    used: &Used,
    standing: &Standing,
    payer_reads: bool,
) -> Vec<Value> {
    let reserved = if payer_reads {
        Value::Null("not_released")
    } else {
        Value::Integer(standing.drawn - standing.used)
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
        Value::Integer(standing.used),
        reserved,
        Value::Integer(standing.remaining()),
        Value::share(standing.used, standing.approved),
        fraction(standing.elapsed(), "not_begun_or_no_end"),
        fraction(standing.pace(), "no_denominator"),
        Value::ratio(standing.lately, standing.burn_days(), 4),
        projected,
        Value::text(standing.near_end().join(";")),
        Value::text(standing.judgment().unwrap_or_default()),
    ]
}
