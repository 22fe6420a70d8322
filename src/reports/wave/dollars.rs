//! Dollars: what released claims charge, and what the contracts should pay for them. What was paid is
//! null until remittances are posted.

use crate::domain::dates::Instant;
use crate::reports::frame::{Asked, Column, Table, Ties, Value, month};
use crate::reports::registry::Built;
use crate::reports::tally::{Tally, tally};
use crate::reports::utilization::Perspective;
use crate::store::{self, Conn, StoreError};

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::key("organization", "key of the organization"),
    Column::key("payer", "key of the payer; none where the rules found none"),
    Column::key("month", "month of the date that the basis names"),
    Column::sum(
        "released_units",
        "units",
        "units on released live claims; null (mixed_units) where they are of different lengths",
    ),
    Column::money("billed", "charges of released live claims"),
    Column::money("expected", "what the contract should pay for those"),
    Column::money(
        "expected_ready",
        "what it should pay for what is ready or claimed and not released; null for a payer",
    ),
    Column::money(
        "expected_held",
        "what it should pay for what waits, where a rate is known; null for a payer",
    ),
    Column::money("paid", "null: remittances are not posted yet"),
];

const CHAIN: &str =
    "billed = released claim lines; expected of all recorded = released + ready + held";

/// Makes it.
pub fn build(conn: &mut Conn, asked: &Asked, as_of: Instant) -> Result<Built, StoreError> {
    let organizations = store::report_days::organization_keys(conn)?;
    let payers = store::report_days::payer_keys(conn)?;
    let (groups, all) = tally(conn, asked, as_of, |date, known| {
        let organization = organizations.get(&known.organization).cloned().unwrap_or_default();
        let payer = known.fact.payer.and_then(|id| payers.get(&id).cloned());
        vec![(organization, payer.unwrap_or_else(|| "none".to_owned()), month(date))]
    })?;
    let mut table = Table::new(COLUMNS);
    let own = asked.lens.edition == Perspective::Organization;
    for ((organization, payer, month), tally) in &groups {
        table.rows.push(row([organization, payer, month], tally, own));
    }
    table.totals = Some(row(["all", "all", "all"], &all, own));
    let c = &all.counts;
    let ties = Ties::of(CHAIN, super::adds_up(&table));
    Ok(Built::whole(table, ties, Some([c.sent_units, c.sent_charge, c.sent_expected])))
}

fn row(keys: [&str; 3], t: &Tally, own: bool) -> Vec<Value> {
    let open = |cents| if own { Value::Money(cents) } else { Value::Null("not_released") };
    let c = &t.counts;
    let mut row: Vec<Value> = keys.into_iter().map(Value::text).collect();
    row.extend([
        t.sent_lengths.told(Value::Integer(c.sent_units)),
        Value::Money(c.sent_charge),
        Value::Money(c.sent_expected),
        open(t.open_ready),
        open(t.open_held),
        Value::Null("no_remittances"),
    ]);
    row
}
