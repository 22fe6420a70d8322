//! Utilization: what was delivered, to how many people, and what became of it
//! (`docs/definitions.md` section 7).
//!
//! Every level (the rows, the subtotals, the total) is computed for itself, because the number of
//! different people does not add up. What is known now by service date is summed from packed days in one
//! pass, with the claim lines beside it; the past, and other dates, from what was known of each visit
//! (`docs/adr/0139`).

use std::collections::HashMap;

use serde::Serialize;

use super::cells::{Dimension, Groups, Levels, Place, Span, Sums, levels};
use super::frame::{Asked, Basis, Check, Table, Ties, Value};
use super::registry::Built;
pub use super::utilization_columns::COLUMNS;
use super::utilization_past as past;
use super::wave::adds_up;
use crate::domain::dates::Instant;
use crate::store::{self, Conn, StoreError};

/// Who reads: decides what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Perspective {
    /// All recorded visits, with what became of them.
    Organization,
    /// Released claims only.
    Payer,
}

const CHAIN: &str = "recorded = ready + held + non_billable + claimed + submitted; submitted = released claims; \
                     rows = subtotals = totals";

/// Makes it.
pub fn build(conn: &mut Conn, asked: &Asked, as_of: Instant) -> Result<Built, StoreError> {
    let (groups, lines) = if asked.as_of.is_none() && asked.basis == Basis::Service {
        let Levels { groups, control } = levels(conn, &span(asked), &asked.group_by)?;
        (groups, Some(control))
    } else {
        (past::groups(conn, asked, as_of)?, None)
    };
    let names = store::report_days::organization_keys(conn)?;
    let (edition, by) = (asked.lens.edition, asked.group_by.as_slice());
    let mut table = Table::new(COLUMNS);
    let (mut all, mut sums_of_levels) = (Sums::default(), Vec::new());
    for (depth, level) in groups.iter().enumerate() {
        let by = by.get(..depth).unwrap_or_default();
        let rows = level.iter().map(|(place, sums)| row(place, sums, by, &names, edition));
        if depth == 0 {
            all = level.values().next().cloned().unwrap_or_default();
        } else if depth == asked.group_by.len() {
            table.rows.extend(rows);
        } else {
            table.subtotals.extend(rows);
            sums_of_levels.push((by, contacts_of(level, edition)));
        }
    }
    table.totals = Some(row(&Place::default(), &all, &[], &names, edition));
    let mut checks = within(&all, edition);
    let contacts = contacts(&all, edition);
    for (by, sum) in sums_of_levels {
        let what = format!("subtotals by {}: encounters_recorded", words(by));
        checks.push(Check::whole(what, sum, contacts));
    }
    if !by.is_empty() {
        checks.extend(adds_up(&table));
    }
    let c = &all.counts;
    let released = Some([c.sent_units, c.sent_charge, c.sent_expected]);
    Ok(Built { lines, ..Built::whole(table, Ties::of(CHAIN, checks), released) })
}

fn span(asked: &Asked) -> Span {
    Span {
        from: asked.from,
        to: asked.to,
        organization: asked.lens.organization,
        payer: asked.lens.payer,
        released_only: asked.lens.edition == Perspective::Payer,
    }
}

/// Dimensions as they are written.
pub fn words(by: &[Dimension]) -> String {
    by.iter().map(|d| d.as_str()).collect::<Vec<_>>().join(",")
}

fn contacts(sums: &Sums, edition: Perspective) -> i64 {
    match edition {
        Perspective::Organization => sums.counts.recorded,
        Perspective::Payer => sums.counts.sent,
    }
}

fn contacts_of(level: &Groups, edition: Perspective) -> i64 {
    level.values().map(|sums| contacts(sums, edition)).sum()
}

/// What must hold within the totals. Units are counted also where they are of several lengths and not
/// told: they are held against SV104, which does not say how long a unit is.
fn within(all: &Sums, edition: Perspective) -> Vec<Check> {
    if edition == Perspective::Payer {
        return Vec::new();
    }
    let c = &all.counts;
    vec![
        Check::whole(
            "encounters: recorded = ready + held + non_billable + claimed + submitted",
            c.recorded,
            c.ready + c.held + c.non_billable + c.claimed + c.submitted,
        ),
        Check::whole(
            "units: submitted lines of visits = released claims",
            c.units_submitted,
            c.sent_units,
        ),
    ]
}

fn row(
    place: &Place,
    sums: &Sums,
    by: &[Dimension],
    names: &HashMap<i64, String>,
    edition: Perspective,
) -> Vec<Value> {
    let key = |dimension: &Dimension| {
        if !by.contains(dimension) {
            return Value::Null("not_grouped");
        }
        let text = match dimension {
            Dimension::Month => place.month.map(|m| format!("{:04}-{:02}", m / 100, m % 100)),
            Dimension::Organization => place.organization_id.and_then(|id| names.get(&id).cloned()),
            Dimension::Service => place.service.clone(),
            Dimension::Role => place.role.clone(),
            Dimension::Mode => place.mode.clone(),
            Dimension::Setting => place.setting.clone(),
            Dimension::Program => place.program.clone(),
        };
        Value::Text(text.unwrap_or_else(|| "none".to_owned()))
    };
    let mut row: Vec<Value> = Dimension::ALL.iter().map(key).collect();
    row.extend(measures(sums, edition));
    row
}

/// What is counted of a group, in the order of the columns.
fn measures(sums: &Sums, edition: Perspective) -> [Value; 18] {
    let c = &sums.counts;
    let of_payer = edition == Perspective::Payer;
    let pick = |all: i64, sent: i64| if of_payer { sent } else { all };
    let told = |value: Value| if sums.mixed { Value::Null("mixed_units") } else { value };
    let own = |value: Value| if of_payer { Value::Null("not_released") } else { value };
    let count = |number: i64| own(Value::Integer(number));
    let units = |number: i64| own(told(Value::Integer(number)));
    let recorded = c.units_ready + c.units_held + c.units_claimed + c.units_submitted;
    let recorded = pick(recorded, c.sent_units);
    let minutes = pick(c.minutes, c.sent_minutes);
    [
        Value::Integer(sums.members),
        Value::Integer(contacts(sums, edition)),
        count(c.ready),
        count(c.held),
        count(c.non_billable),
        count(c.claimed),
        Value::Integer(pick(c.submitted, c.sent)),
        told(Value::Integer(recorded)),
        units(c.units_ready),
        units(c.units_held),
        units(c.units_claimed),
        told(Value::Integer(pick(c.units_submitted, c.sent_units))),
        Value::Integer(minutes),
        Value::ratio(minutes, 60, 2),
        told(Value::ratio(recorded, sums.members, 2)),
        Value::Money(c.sent_charge),
        Value::Money(c.sent_expected),
        Value::Null("no_remittances"),
    ]
}
