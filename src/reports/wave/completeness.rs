//! Completeness (E1) and the chain from what was recorded to what was sent.

use crate::domain::dates::Instant;
use crate::reports::frame::{Asked, Check, Column, Table, Ties, Value, month};
use crate::reports::registry::Built;
use crate::reports::tally::{Tally, tally};
use crate::store::{self, Conn, StoreError};

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::key("organization", "key of the organization"),
    Column::key("month", "month of the service date"),
    Column::sum("recorded", "contacts", "contacts that are not void"),
    Column::sum("non_billable", "contacts", "kept and never claimed"),
    Column::sum("held", "contacts", "nothing of them can be claimed before a person acts"),
    Column::sum("ready", "contacts", "can be claimed"),
    Column::sum("claimed", "contacts", "on a claim that is not released"),
    Column::sum("submitted", "contacts", "on a released claim"),
    Column::sum(
        "units_recorded",
        "units",
        "of all lines; this and the next are null (mixed_units) where units of different lengths would \
         be added",
    ),
    Column::sum("units_held", "units", "of held lines"),
    Column::sum("units_ready", "units", "of ready lines"),
    Column::sum("units_claimed", "units", "of claims that are not released"),
    Column::sum("units_submitted", "units", "of released claims"),
    Column::rate(
        "submitted_share",
        "",
        "submitted / (recorded less non_billable): nothing is taken for accepted that was only \
         sent; null without billable contacts",
    ),
    Column::rate(
        "units_submitted_share",
        "",
        "units_submitted / units_recorded; null without units",
    ),
];

const CHAIN: &str = "recorded = non_billable + held + ready + claimed + submitted";

/// Makes it.
pub fn build(conn: &mut Conn, asked: &Asked, as_of: Instant) -> Result<Built, StoreError> {
    let names = store::report_days::organization_keys(conn)?;
    let (groups, all) = tally(conn, asked, as_of, |date, known| {
        vec![(names.get(&known.organization).cloned().unwrap_or_default(), month(date))]
    })?;
    let mut table = Table::new(COLUMNS);
    for ((organization, month), tally) in &groups {
        table.rows.push(row(organization, month, tally));
    }
    table.totals = Some(row("all", "all", &all));
    let c = &all.counts;
    let mut checks = super::adds_up(&table);
    checks.push(Check::whole(
        CHAIN,
        c.recorded,
        c.non_billable + c.held + c.ready + c.claimed + c.submitted,
    ));
    checks.push(Check::whole(
        "units recorded = held + ready + claimed + submitted",
        all.units,
        c.units_held + c.units_ready + c.units_claimed + c.units_submitted,
    ));
    checks.push(Check::whole(
        "units submitted by lines = units of released claims",
        c.units_submitted,
        c.sent_units,
    ));
    let released = Some([c.sent_units, c.sent_charge, c.sent_expected]);
    Ok(Built::whole(table, Ties::of(CHAIN, checks), released))
}

fn row(organization: &str, month: &str, t: &Tally) -> Vec<Value> {
    let c = &t.counts;
    let units = |count: i64| t.lengths.told(Value::Integer(count));
    vec![
        Value::text(organization),
        Value::text(month),
        Value::Integer(c.recorded),
        Value::Integer(c.non_billable),
        Value::Integer(c.held),
        Value::Integer(c.ready),
        Value::Integer(c.claimed),
        Value::Integer(c.submitted),
        units(t.units),
        units(c.units_held),
        units(c.units_ready),
        units(c.units_claimed),
        units(c.units_submitted),
        Value::share(c.submitted, c.recorded - c.non_billable),
        t.lengths.told(Value::share(c.units_submitted, t.units)),
    ]
}
