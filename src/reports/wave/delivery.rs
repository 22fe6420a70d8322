//! Delivery (U1): people, contacts, sessions, units and the peers' time, kept apart.

use crate::domain::dates::Instant;
use crate::reports::frame::{Asked, Check, Column, Table, Ties, Value, month};
use crate::reports::registry::Built;
use crate::reports::tally::{Tally, tally};
use crate::reports::utilization::Perspective;
use crate::store::{self, Conn, StoreError};

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::key("organization", "key of the organization"),
    Column::key("month", "month of the date that the basis names"),
    Column::distinct(
        "members",
        "people",
        "different people: for a payer under all of their numbers, by roster for an organization",
    ),
    Column::sum("contacts", "contacts", "one member in one visit; for a payer: on released claims"),
    Column::sum(
        "non_billable_contacts",
        "contacts",
        "of them, those that no payer pays: calls that reached nobody, notes, travel; null (not_released) \
         for payers",
    ),
    Column::distinct(
        "sessions",
        "sessions",
        "meetings of a peer, with one member or with several; one may reach over two services",
    ),
    Column::distinct("group_sessions", "sessions", "sessions of several people"),
    Column::sum("group_contacts", "contacts", "contacts in sessions of several people"),
    Column::sum(
        "units",
        "units",
        "of all lines; for a payer: of released claims; null (mixed_units), and all that is made of \
         them, where units of different lengths would be added",
    ),
    Column::sum("contact_minutes", "minutes", "minutes of the contacts"),
    Column::distinct("staff_minutes", "minutes", "the peers' time: each session once"),
    Column::rate("staff_hours", "hours", "staff_minutes / 60").places(2),
    Column::rate("units_per_member", "units", "units / members; null without members").places(2),
    Column::rate("median_units_per_member", "units", "null without members").places(1),
    Column::rate("contacts_per_member", "contacts", "contacts / members; null without members")
        .places(2),
    Column::rate(
        "average_group_size",
        "people",
        "everyone present in sessions of several people, also who is not billed, a session; null \
         without such sessions",
    )
    .places(2),
];

const CHAIN: &str = "contacts and units of the rows = those of all together = utilization";

/// Makes it.
pub fn build(conn: &mut Conn, asked: &Asked, as_of: Instant) -> Result<Built, StoreError> {
    let names = store::report_days::organization_keys(conn)?;
    let (groups, all) = tally(conn, asked, as_of, |date, known| {
        let name = names.get(&known.organization).cloned().unwrap_or_default();
        vec![(name, month(date))]
    })?;
    let mut table = Table::new(COLUMNS);
    let reader = asked.lens.edition;
    for ((organization, month), tally) in &groups {
        table.rows.push(row(reader, (organization, month), tally));
    }
    table.totals = Some(row(reader, ("all", "all"), &all));
    let c = &all.counts;
    let mut checks = super::adds_up(&table);
    checks.push(Check::whole(
        "contacts = alone + in groups",
        all.contacts(),
        all.contacts_alone() + all.in_groups,
    ));
    let released = Some([c.sent_units, c.sent_charge, c.sent_expected]);
    Ok(Built::whole(table, Ties::of(CHAIN, checks), released))
}

fn row(reader: Perspective, (organization, month): (&str, &str), t: &Tally) -> Vec<Value> {
    let non_billable = match reader {
        Perspective::Payer => Value::Null("not_released"),
        Perspective::Organization => Value::Integer(t.counts.non_billable),
    };
    let median = match t.twice_median_units() {
        Some(twice) => t.lengths.told(Value::ratio(twice, 2, 1)),
        None => Value::Null("no_denominator"),
    };
    vec![
        Value::text(organization),
        Value::text(month),
        Value::Integer(t.members()),
        Value::Integer(t.contacts()),
        non_billable,
        Value::Integer(t.sessions()),
        Value::Integer(t.group_sessions()),
        Value::Integer(t.in_groups),
        t.lengths.told(Value::Integer(t.units)),
        Value::Integer(t.counts.minutes),
        Value::Integer(t.staff_minutes()),
        Value::ratio(t.staff_minutes(), 60, 2),
        t.lengths.told(Value::ratio(t.units, t.members(), 2)),
        median,
        Value::ratio(t.contacts(), t.members(), 2),
        Value::ratio(t.present(), t.group_sessions(), 2),
    ]
}
