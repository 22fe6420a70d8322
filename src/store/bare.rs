//! The rows of recorded encounters as they are, read and inserted with nothing in between: the limit
//! that intake is measured against (`benches/limits`). The statements are those of intake.

use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::{accounts, decision_lines, decisions, encounters, unit_entries};
use super::{decisions as decided, encounters as recorded, ledger};
use crate::domain::ids::{EncounterId, OrganizationId};

/// The rows of some encounters: what one transaction of intake wrote.
#[derive(Debug)]
pub struct Page {
    accounts: Vec<ledger::AccountRow>,
    encounters: Vec<recorded::Row>,
    decisions: Vec<decided::DecisionRow>,
    lines: Vec<decided::LineRow>,
    entries: Vec<ledger::EntryRow>,
}

impl Page {
    /// The last encounter; none of an empty page.
    pub fn last(&self) -> Option<EncounterId> {
        self.encounters.last().map(|row| EncounterId::from_i64(row.id))
    }
}

/// Reads the rows of the next `limit` encounters after one.
pub fn read(
    conn: &mut Conn,
    organization: OrganizationId,
    after: Option<EncounterId>,
    limit: usize,
) -> Result<Page, StoreError> {
    let organization = organization.as_i64();
    let after = after.map_or(-1, EncounterId::as_i64);
    let encounters: Vec<recorded::Row> = encounters::table
        .filter(encounters::organization_id.eq(organization))
        .filter(encounters::id.gt(after))
        .order(encounters::id)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(recorded::Row::as_select())
        .load(conn)?;
    let ids: Vec<i64> = encounters.iter().map(|row| row.id).collect();
    let last = ids.last().copied().unwrap_or(after);
    // Ids rise, so accounts between two pages were made for the second.
    let accounts = accounts::table
        .filter(accounts::organization_id.eq(organization))
        .filter(accounts::id.gt(after))
        .filter(accounts::id.lt(last))
        .order(accounts::id)
        .select(ledger::AccountRow::as_select())
        .load(conn)?;
    let decisions = decisions::table
        .filter(decisions::organization_id.eq(organization))
        .filter(decisions::encounter_id.eq_any(&ids))
        .order(decisions::id)
        .select(decided::DecisionRow::as_select())
        .load(conn)?;
    let lines: Vec<decided::LineRow> = decision_lines::table
        .filter(decision_lines::organization_id.eq(organization))
        .filter(decision_lines::encounter_id.eq_any(&ids))
        .order(decision_lines::id)
        .select(decided::LineRow::as_select())
        .load(conn)?;
    let line_ids: Vec<i64> = lines.iter().map(|row: &decided::LineRow| row.id).collect();
    let entries = unit_entries::table
        .filter(unit_entries::organization_id.eq(organization))
        .filter(unit_entries::line_id.eq_any(line_ids))
        .order(unit_entries::id)
        .select(ledger::EntryRow::as_select())
        .load(conn)?;
    Ok(Page { accounts, encounters, decisions, lines, entries })
}

/// Inserts them.
pub fn insert(conn: &mut Conn, page: &Page) -> Result<(), StoreError> {
    ledger::insert_accounts(conn, &page.accounts)?;
    recorded::insert_rows(conn, &page.encounters)?;
    decided::insert_decision_rows(conn, &page.decisions)?;
    decided::insert_line_rows(conn, &page.lines)?;
    ledger::insert_entries(conn, &page.entries)
}
