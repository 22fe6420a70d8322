//! The feed of outcomes that changed: rows that are only added.
//!
//! Each organization's rows are numbered from 1 without a gap. The number is taken from the
//! organization's counter, whose row stays locked until the transaction ends: whoever commits later
//! has the higher number, so a reader that has seen a number has seen all before it.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::{decision_changes, encounters};
use super::sets::insert_set;
use super::{counters, types};
use crate::domain::again::{Cause, Change, Outcome};
use crate::domain::dates::Instant;
use crate::domain::identifiers::Reference;
use crate::domain::ids::{DecisionId, EncounterId, OrganizationId};

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = decision_changes, treat_none_as_default_value = false)]
struct Row {
    organization_id: i64,
    number: i64,
    encounter_id: i64,
    decision_id: i64,
    cause: String,
    changed_at: NaiveDateTime,
    outcome_before: String,
    outcome_after: String,
}

/// A change that has no number yet.
#[derive(Debug, Clone)]
pub struct NewChange {
    /// Of which visit.
    pub encounter: EncounterId,
    /// By which decision.
    pub decision: DecisionId,
    /// Why it was decided again.
    pub cause: Cause,
    /// What it was.
    pub before: Outcome,
    /// What it is.
    pub after: Outcome,
}

/// Adds changes in the order given. To be called last in a transaction: others that have something
/// to tell of the organization wait from here on.
pub fn add(
    conn: &mut Conn,
    organization: OrganizationId,
    at: Instant,
    list: &[NewChange],
) -> Result<(), StoreError> {
    let Ok(count @ 1..) = u32::try_from(list.len()) else { return Ok(()) };
    let first = counters::take(conn, &format!("{}{organization}", counters::CHANGES), count)?;
    let rows = list
        .iter()
        .zip(first..)
        .map(|(change, number)| {
            Ok(Row {
                organization_id: organization.as_i64(),
                number,
                encounter_id: change.encounter.as_i64(),
                decision_id: change.decision.as_i64(),
                cause: change.cause.as_str().to_owned(),
                changed_at: at.naive(),
                outcome_before: types::write_json("decision_changes.before", &change.before)?,
                outcome_after: types::write_json("decision_changes.after", &change.after)?,
            })
        })
        .collect::<Result<Vec<Row>, StoreError>>()?;
    insert_set!(conn, decision_changes::table, rows);
    Ok(())
}

/// Changes with numbers above `after`, made at `since` or later, in order of number, each with the
/// organization's name for the visit.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    since: Option<Instant>,
    after: i64,
    limit: i64,
) -> Result<Vec<(Change, Reference)>, StoreError> {
    let mut query = decision_changes::table
        .inner_join(
            encounters::table.on(encounters::organization_id
                .eq(decision_changes::organization_id)
                .and(encounters::id.eq(decision_changes::encounter_id))),
        )
        .filter(decision_changes::organization_id.eq(organization.as_i64()))
        .filter(decision_changes::number.gt(after))
        .into_boxed();
    if let Some(since) = since {
        query = query.filter(decision_changes::changed_at.ge(since.naive()));
    }
    let rows: Vec<(Row, String)> = query
        .order(decision_changes::number)
        .limit(types::page_size(limit))
        .select((Row::as_select(), encounters::reference))
        .load(conn)?;
    rows.into_iter()
        .map(|(row, reference)| {
            let change = Change {
                number: row.number,
                encounter: EncounterId::from_i64(row.encounter_id),
                decision: DecisionId::from_i64(row.decision_id),
                cause: types::read("decision_changes.cause", row.cause)?,
                at: Instant::from_naive(row.changed_at),
                before: types::read_json("decision_changes.before", &row.outcome_before)?,
                after: types::read_json("decision_changes.after", &row.outcome_after)?,
            };
            Ok((change, types::read("encounters.reference", reference)?))
        })
        .collect()
}
