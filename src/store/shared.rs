//! Accounts that organizations share: units that a payer counts across them.
//!
//! They belong to no tenant. Nothing here is ever shown: what is read goes to `rules::unfit`, which
//! answers only whether an addition fits. Written in the transaction of the ledger's own entries.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::{shared_accounts, shared_entries};
use super::sets::{InByteOrder, insert_set};
use super::types;
use super::usage::{join_modifiers, read_how};
use crate::domain::dates::Instant;
use crate::domain::ids::{EncounterId, EntryId, LineId, OrganizationId, SharedAccountId};
use crate::domain::ledger::{EntryKind, SharedEntry, SharedKey};

#[derive(Debug, Insertable)]
#[diesel(table_name = shared_accounts, treat_none_as_default_value = false)]
struct AccountRow {
    id: i64,
    key: String,
}

/// Makes missing accounts and locks all of them, in order of key, until the transaction ends. To be
/// called after the organization's own accounts are locked (`ledger::lock_accounts`): whoever holds
/// a shared account then never waits for an account of its own organization.
pub fn lock_accounts(
    conn: &mut Conn,
    keys: &BTreeMap<SharedKey, SharedAccountId>,
) -> Result<BTreeMap<SharedKey, SharedAccountId>, StoreError> {
    let rows: Vec<AccountRow> =
        keys.iter().map(|(key, id)| AccountRow { id: id.as_i64(), key: key.to_string() }).collect();
    for chunk in rows.chunks(types::CHUNK) {
        per_backend!(&mut *conn, c => diesel::insert_into(shared_accounts::table)
            .values(chunk)
            .on_conflict(shared_accounts::key)
            .do_nothing()
            .execute(c))?;
    }
    let mut locked = BTreeMap::new();
    for chunk in rows.chunks(types::CHUNK) {
        let texts: Vec<&str> = chunk.iter().map(|r| r.key.as_str()).collect();
        let query = shared_accounts::table
            .filter(shared_accounts::key.one_of(texts))
            .select((shared_accounts::key, shared_accounts::id));
        let in_order = InByteOrder::new(shared_accounts::key);
        let found: Vec<(String, i64)> = match &mut *conn {
            // The immediate transaction is the lock.
            Conn::Sqlite(c) => query.load(c)?,
            Conn::Postgres(c) => query.order(in_order).for_update().load(c)?,
        };
        for (key, id) in found {
            locked.insert(SharedKey::stored(key), SharedAccountId::from_i64(id));
        }
    }
    Ok(locked)
}

/// The account of this name, without locking.
pub fn find(conn: &mut Conn, key: &SharedKey) -> Result<Option<SharedAccountId>, StoreError> {
    let found: Option<i64> = shared_accounts::table
        .filter(shared_accounts::key.eq(key.to_string()))
        .select(shared_accounts::id)
        .first(conn)
        .optional()?;
    Ok(found.map(SharedAccountId::from_i64))
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = shared_entries, treat_none_as_default_value = false)]
struct Row {
    organization_id: i64,
    id: i64,
    account_id: i64,
    kind: String,
    encounter_id: Option<i64>,
    line_id: Option<i64>,
    service: String,
    service_date: NaiveDate,
    modifiers: Option<String>,
    mode: Option<String>,
    units: i64,
    recorded_at: NaiveDateTime,
}

/// Adds entries of an organization.
pub fn add(
    conn: &mut Conn,
    organization: OrganizationId,
    at: Instant,
    entries: &[(EntryId, SharedEntry)],
) -> Result<(), StoreError> {
    let rows: Vec<Row> = entries
        .iter()
        .map(|(id, e)| Row {
            organization_id: organization.as_i64(),
            id: id.as_i64(),
            account_id: e.account.as_i64(),
            kind: e.kind.as_str().to_owned(),
            encounter_id: e.encounter.map(EncounterId::as_i64),
            line_id: e.line.map(LineId::as_i64),
            service: e.service.as_str().to_owned(),
            service_date: e.service_date,
            modifiers: e.how.as_ref().map(|how| join_modifiers(&how.modifiers)),
            mode: e.how.as_ref().map(|how| how.mode.to_string()),
            units: e.units,
            recorded_at: at.naive(),
        })
        .collect();
    insert_set!(conn, shared_entries::table, rows);
    Ok(())
}

/// What lines of an organization hold on shared accounts, summed by line and account.
pub fn holdings(
    conn: &mut Conn,
    organization: OrganizationId,
    lines: &[LineId],
) -> Result<Vec<SharedEntry>, StoreError> {
    let mut sums: BTreeMap<(i64, i64), SharedEntry> = BTreeMap::new();
    for chunk in lines.chunks(types::CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|l| l.as_i64()).collect();
        let rows: Vec<Row> = shared_entries::table
            .filter(shared_entries::organization_id.eq(organization.as_i64()))
            .filter(shared_entries::line_id.one_of(ids))
            .order(shared_entries::id)
            .select(Row::as_select())
            .load(conn)?;
        for row in rows {
            let Some(line) = row.line_id else { continue };
            let entry = SharedEntry {
                account: SharedAccountId::from_i64(row.account_id),
                kind: EntryKind::Adjust,
                encounter: row.encounter_id.map(EncounterId::from_i64),
                line: Some(LineId::from_i64(line)),
                service: types::read("shared_entries.service", row.service)?,
                service_date: row.service_date,
                how: read_how("shared_entries.modifiers", row.modifiers, row.mode)?,
                units: 0,
            };
            let sum = sums.entry((line, row.account_id)).or_insert(entry);
            sum.units = sum.units.saturating_add(row.units);
        }
    }
    Ok(sums.into_values().filter(|entry| entry.units != 0).collect())
}
