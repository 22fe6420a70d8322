//! Which visits are of a day: those that took place on it, but for visits that were moved while the payer
//! still has the claim that states them on another.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date};

use crate::store::conn::Conn;
use crate::store::counting::MOVED;
use crate::store::error::StoreError;

const OF_DAY: &str = "e.organization_id = $1 AND e.service_date = $2";

#[derive(QueryableByName)]
struct MovedRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Bool)]
    here: bool,
}

/// Which visits `e` are of the day `$2` of organization `$1`.
pub(super) fn of_day(
    conn: &mut Conn,
    organization: i64,
    day: NaiveDate,
) -> Result<String, StoreError> {
    let moved: Vec<MovedRow> =
        diesel::sql_query(MOVED).bind::<Date, _>(day).bind::<BigInt, _>(organization).load(conn)?;
    if moved.is_empty() {
        return Ok(OF_DAY.to_owned());
    }
    // No id is below zero.
    let list = |here: bool| {
        let ids = moved.iter().filter(|row| row.here == here).map(|row| row.id);
        std::iter::once(-1).chain(ids).map(|id| id.to_string()).collect::<Vec<_>>().join(",")
    };
    Ok(format!(
        "e.organization_id = $1 AND (e.service_date = $2 AND e.id NOT IN ({}) OR e.id IN ({}))",
        list(false),
        list(true)
    ))
}
