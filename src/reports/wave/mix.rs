//! Mix (U6): which services, modes, settings and group sizes the contacts were. Units of services with
//! different unit lengths are not one whole, so shares are of contacts and of minutes.

use crate::domain::dates::Instant;
use crate::reports::frame::{Asked, Check, Column, Table, Ties, Value};
use crate::reports::registry::Built;
use crate::reports::tally::{Tally, tally};
use crate::store::{Conn, StoreError};

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::key("cut", "service, mode, setting, role or size; each cut is the whole once"),
    Column::key("value", "the value of the cut; none where the visit has none"),
    Column::distinct("members", "people", "different people"),
    Column::distinct("contacts", "contacts", "contacts; they add up within one cut"),
    Column::distinct("sessions", "sessions", "meetings of a peer"),
    Column::distinct(
        "units",
        "units",
        "units; they add up within one cut; null (mixed_units) where they are of different lengths",
    ),
    Column::distinct("contact_minutes", "minutes", "they add up within one cut"),
    Column::rate("share_of_contacts", "", "contacts / contacts of all; null without any"),
    Column::rate("share_of_minutes", "", "contact_minutes / those of all; null without any"),
];

const CUTS: [&str; 5] = ["service", "mode", "setting", "role", "size"];
const CHAIN: &str = "each cut = all contacts = delivery";

/// Makes it.
pub fn build(conn: &mut Conn, asked: &Asked, as_of: Instant) -> Result<Built, StoreError> {
    let (groups, all) = tally(conn, asked, as_of, |_, known| {
        let fact = &known.fact;
        let size = if fact.session.is_some() { "group" } else { "individual" };
        vec![
            ("service", fact.service.clone().unwrap_or_else(|| "none".to_owned())),
            ("mode", fact.mode.clone()),
            ("setting", fact.setting.clone()),
            ("role", fact.role.clone()),
            ("size", size.to_owned()),
        ]
    })?;
    let mut table = Table::new(COLUMNS);
    let mut checks = Vec::new();
    for cut in CUTS {
        let (mut contacts, mut minutes) = (0, 0);
        for ((_, value), tally) in groups.iter().filter(|((of, _), _)| *of == cut) {
            contacts += tally.contacts();
            minutes += tally.counts.minutes;
            table.rows.push(row(cut, value, tally, &all));
        }
        checks.push(Check::whole(format!("{cut}: contacts"), contacts, all.contacts()));
        checks.push(Check::whole(format!("{cut}: minutes"), minutes, all.counts.minutes));
    }
    table.totals = Some(row("all", "all", &all, &all));
    let c = &all.counts;
    let released = Some([c.sent_units, c.sent_charge, c.sent_expected]);
    Ok(Built::whole(table, Ties::of(CHAIN, checks), released))
}

fn row(cut: &str, value: &str, t: &Tally, all: &Tally) -> Vec<Value> {
    vec![
        Value::text(cut),
        Value::text(value),
        Value::Integer(t.members()),
        Value::Integer(t.contacts()),
        Value::Integer(t.sessions()),
        t.lengths.told(Value::Integer(t.units)),
        Value::Integer(t.counts.minutes),
        Value::share(t.contacts(), all.contacts()),
        Value::share(t.counts.minutes, all.counts.minutes),
    ]
}
