//! The first wave of reports, each from one pass over what is known of the visits.

pub mod acceptance;
pub mod completeness;
pub mod delivery;
pub mod dollars;
pub mod held;
pub mod mix;
pub mod movement;
pub mod timeliness;

use super::frame::{Check, Table};

/// Rows against totals, for every column that adds up.
fn adds_up(table: &Table) -> Vec<Check> {
    let Some(totals) = &table.totals else { return Vec::new() };
    let additive = table.columns.iter().enumerate().filter(|(_, c)| c.additive);
    additive
        .filter_map(|(place, column)| {
            let what = format!("rows: {}", column.name);
            match totals.get(place)? {
                super::frame::Value::Integer(total) => {
                    Some(Check::whole(what, table.sum(place), *total))
                }
                super::frame::Value::Money(total) => {
                    Some(Check::cents(what, table.sum(place), *total))
                }
                _ => None,
            }
        })
        .collect()
}
