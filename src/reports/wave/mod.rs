//! The first wave of reports, each from one pass over what is known of the visits.

pub mod acceptance;
pub mod authorizations;
pub mod completeness;
pub mod delivery;
pub mod dollars;
pub mod engagement;
pub mod held;
pub mod limits;
pub mod mix;
pub mod movement;
pub mod over_use;
pub mod part2;
pub mod rates;
pub mod timeliness;

use chrono::NaiveDate;

use super::frame::{Asked, Check, Table};
use super::source::{Part, Source};
use super::utilization::Perspective;
use crate::domain::dates::Instant;
use crate::domain::ids::OrganizationId;
use crate::store::{self, Conn, StoreError};

/// The organizations that a report is about, with their keys, in order of key. A payer is told of those that
/// have or had a contract with it, as it may name no other: the wall before people's rows, and the trail that
/// says who was told, are theirs (`docs/adr/0153`).
pub(super) fn organizations(
    conn: &mut Conn,
    asked: &Asked,
) -> Result<Vec<(OrganizationId, String)>, StoreError> {
    let all = store::report_days::organization_keys(conn)?;
    let own = asked.lens.payer.filter(|_| asked.lens.edition == Perspective::Payer);
    let own = own.map(|payer| store::contracts::organizations_of(conn, payer)).transpose()?;
    let mut list: Vec<(OrganizationId, String)> = all
        .into_iter()
        .map(|(id, key)| (OrganizationId::from_i64(id), key))
        .filter(|(id, _)| asked.lens.organization.is_none_or(|wanted| wanted == *id))
        .filter(|(id, _)| own.as_ref().is_none_or(|own| own.contains(id)))
        .collect();
    list.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(list)
}

/// [`organizations`], as they are kept with an issue.
pub(super) fn listed(
    conn: &mut Conn,
    asked: &Asked,
    source: &mut Source,
) -> Result<Vec<(OrganizationId, String)>, StoreError> {
    source.of(conn, (Part::Organizations, ""), |conn| organizations(conn, asked))
}

/// The day that it is for an organization, as it is kept with an issue.
fn today(
    conn: &mut Conn,
    source: &mut Source,
    (id, as_of): (OrganizationId, Instant),
) -> Result<NaiveDate, StoreError> {
    source.of(conn, (Part::Time, id), |conn| {
        Ok(store::report_facts::zone_at(conn, id, as_of)?.date_of(as_of))
    })
}

/// Rows against totals, for every column that adds up.
pub(super) fn adds_up(table: &Table) -> Vec<Check> {
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
