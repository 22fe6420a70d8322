//! Held and unreleased (U11): what waits for a person, by reason, and what is ready and not sent. A
//! visit that waits for several reasons counts in each of them, and once in the total.

use crate::domain::dates::Instant;
use crate::reports::frame::{Asked, Check, Column, Table, Ties, Value};
use crate::reports::registry::Built;
use crate::reports::tally::{Tally, tally};
use crate::store::{Conn, StoreError};

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::key(
        "reason",
        "the rule; held: any rule; unreleased: ready or claimed and not sent; all: any of them",
    ),
    Column::distinct("contacts", "contacts", "contacts of which something waits for it"),
    Column::distinct("members", "people", "different people"),
    Column::distinct(
        "units",
        "units",
        "units that wait; null (mixed_units) where those visits have units of different lengths",
    ),
    Column {
        additive: false,
        ..Column::money("expected", "what the contracts should pay for them, where a rate is known")
    },
];

const CHAIN: &str = "all = visits with held units + visits with unreleased ones (some are both)";

/// Makes it.
pub fn build(conn: &mut Conn, asked: &Asked, as_of: Instant) -> Result<Built, StoreError> {
    let (groups, _) = tally(conn, asked, as_of, |_, known| {
        let fact = &known.fact;
        let mut keys: Vec<String> = fact.held_by.clone();
        if !keys.is_empty() {
            keys.push("held".to_owned());
        }
        if fact.units.ready + fact.units.claimed > 0 {
            keys.push("unreleased".to_owned());
        }
        if !keys.is_empty() {
            keys.push("all".to_owned());
        }
        keys
    })?;
    let empty = Tally::default();
    let of = |name: &str| groups.get(name).unwrap_or(&empty);
    let mut table = Table::new(COLUMNS);
    for (reason, tally) in groups.iter().filter(|(reason, _)| *reason != "all") {
        table.rows.push(row(reason, tally));
    }
    let all = of("all");
    table.totals = Some(row("all", all));
    let checks = vec![
        Check::whole(
            "units: held + unreleased = all",
            of("held").counts.units_held + unreleased(of("unreleased")),
            all.counts.units_held + unreleased(all),
        ),
        Check::cents(
            "expected: held + unreleased = all",
            of("held").open_held + of("unreleased").open_ready,
            all.open_held + all.open_ready,
        ),
    ];
    Ok(Built::whole(table, Ties::of(CHAIN, checks), None))
}

fn unreleased(t: &Tally) -> i64 {
    t.counts.units_ready + t.counts.units_claimed
}

fn row(reason: &str, t: &Tally) -> Vec<Value> {
    let (units, cents) = match reason {
        "unreleased" => (unreleased(t), t.open_ready),
        "all" => (t.counts.units_held + unreleased(t), t.open_held + t.open_ready),
        _ => (t.counts.units_held, t.open_held),
    };
    vec![
        Value::text(reason),
        Value::Integer(t.contacts()),
        Value::Integer(t.members()),
        t.lengths.told(Value::Integer(units)),
        Value::Money(cents),
    ]
}
