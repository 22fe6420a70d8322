//! The rows of recorded encounters as they are, read and inserted with nothing in between: the limit
//! that intake is measured against (`benches/limits`). The statements are those of intake.

use std::collections::HashSet;

use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::{
    accounts, day_visits, decision_lines, decisions, encounters, hold_reasons, holds,
    session_encounters, sessions, shared_entries, unit_entries,
};
use super::sets::insert_set;
use super::{decisions as decided, encounters as recorded, holds as held, ledger, sessions as met};
use crate::domain::ids::{EncounterId, OrganizationId};

/// The rows of some encounters: what one transaction of intake wrote.
#[derive(Debug)]
pub struct Page {
    accounts: Vec<ledger::AccountRow>,
    encounters: Vec<recorded::Row>,
    decisions: Vec<decided::DecisionRow>,
    lines: Vec<decided::LineRow>,
    holds: Vec<held::HoldRow>,
    reasons: Vec<held::ReasonRow>,
    entries: Vec<ledger::EntryRow>,
    sessions: Vec<met::Row>,
    links: Vec<met::LinkRow>,
}

impl Page {
    /// The last encounter; none of an empty page.
    pub fn last(&self) -> Option<EncounterId> {
        self.encounters.last().map(|row| EncounterId::from_i64(row.id))
    }

    /// How many rows it has.
    pub fn rows(&self) -> u64 {
        let all = [
            self.accounts.len(),
            self.encounters.len(),
            self.decisions.len(),
            self.lines.len(),
            self.holds.len(),
            self.reasons.len(),
            self.entries.len(),
            self.sessions.len(),
            self.links.len(),
        ];
        u64::try_from(all.iter().sum::<usize>()).unwrap_or(u64::MAX)
    }
}

/// The rows of a table that belong to these encounters.
macro_rules! of {
    ($table:ident, $row:ty, $organization:expr, $ids:expr, $order:expr, $conn:expr) => {
        $table::table
            .filter($table::organization_id.eq($organization))
            .filter($table::encounter_id.eq_any($ids))
            .order($order)
            .select(<$row>::as_select())
            .load($conn)?
    };
}

/// Reads the rows of the next `limit` encounters after one, in the order in which they were recorded.
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
    let links: Vec<met::LinkRow> = of!(
        session_encounters,
        met::LinkRow,
        organization,
        &ids,
        session_encounters::encounter_id,
        conn
    );
    let sessions = begun(conn, organization, after, &links)?;
    Ok(Page {
        accounts,
        sessions,
        links,
        decisions: of!(decisions, decided::DecisionRow, organization, &ids, decisions::id, conn),
        lines: of!(decision_lines, decided::LineRow, organization, &ids, decision_lines::id, conn),
        holds: of!(holds, held::HoldRow, organization, &ids, holds::encounter_id, conn),
        reasons: of!(
            hold_reasons,
            held::ReasonRow,
            organization,
            &ids,
            (hold_reasons::encounter_id, hold_reasons::rule),
            conn
        ),
        entries: of!(unit_entries, ledger::EntryRow, organization, &ids, unit_entries::id, conn),
        encounters,
    })
}

/// The sessions of these links that no encounter up to `after` is of.
fn begun(
    conn: &mut Conn,
    organization: i64,
    after: i64,
    links: &[met::LinkRow],
) -> Result<Vec<met::Row>, StoreError> {
    let ids: HashSet<i64> = links.iter().map(|l| l.session_id).collect();
    let earlier: HashSet<i64> = session_encounters::table
        .filter(session_encounters::organization_id.eq(organization))
        .filter(session_encounters::session_id.eq_any(ids.iter().copied().collect::<Vec<_>>()))
        .filter(session_encounters::encounter_id.le(after))
        .select(session_encounters::session_id)
        .load(conn)?
        .into_iter()
        .collect();
    let begun: Vec<i64> = ids.difference(&earlier).copied().collect();
    Ok(sessions::table
        .filter(sessions::organization_id.eq(organization))
        .filter(sessions::id.eq_any(begun))
        .order(sessions::id)
        .select(met::Row::as_select())
        .load(conn)?)
}

/// Inserts them.
pub fn insert(conn: &mut Conn, page: &Page) -> Result<(), StoreError> {
    ledger::make_accounts(conn, &page.accounts)?;
    recorded::insert_rows(conn, &page.encounters)?;
    decided::insert_rows(conn, &page.decisions)?;
    held::insert_rows(conn, &page.holds, &page.reasons)?;
    decided::insert_line_rows(conn, &page.lines)?;
    ledger::insert_rows(conn, &page.entries)?;
    let (sessions, links) = (&page.sessions, &page.links);
    insert_set!(conn, sessions::table, sessions);
    insert_set!(conn, session_encounters::table, links);
    Ok(())
}

/// How many rows the organization has in each table that recording writes, also in those that a page
/// does not carry: rows of the audit trail apart, one a visit.
pub fn count(conn: &mut Conn, organization: OrganizationId) -> Result<Vec<i64>, StoreError> {
    let mut counts = Vec::new();
    macro_rules! count {
        ($($table:ident),*) => {$(
            let of = $table::table.filter($table::organization_id.eq(organization.as_i64()));
            counts.push(of.count().get_result(conn)?);
        )*};
    }
    count!(
        accounts,
        encounters,
        decisions,
        decision_lines,
        holds,
        hold_reasons,
        unit_entries,
        day_visits,
        sessions,
        session_encounters,
        shared_entries
    );
    Ok(counts)
}
