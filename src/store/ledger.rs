//! The unit ledger: accounts that are locked, entries that are only added.
//!
//! Whoever draws units or time first locks the accounts it touches, in order of key: row locks on
//! PostgreSQL, the one write transaction on SQLite. Usage is the sum of reserved and consumed.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::{accounts, unit_entries};
use super::sets::{InByteOrder, insert_set};
use super::types;
use super::usage::{join_modifiers, read_how};
use crate::domain::dates::Instant;
use crate::domain::ids::{
    AccountId, AuthorizationId, EncounterId, EntryId, LineId, OrganizationId, PayerId, PeerId,
};
use crate::domain::ledger::{AccountKey, Entry};

/// Rows of one INSERT or list of one query: at most 17 columns each.
const CHUNK_ROWS: usize = types::CHUNK;

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = accounts, treat_none_as_default_value = false)]
pub(super) struct AccountRow {
    organization_id: i64,
    id: i64,
    key: String,
}

/// Makes missing accounts under the ids given and locks all of them, in order of key, until the
/// transaction ends. `keys` comes sorted from the map, so two writers never wait for each other in a circle.
pub fn lock_accounts(
    conn: &mut Conn,
    organization: OrganizationId,
    keys: &BTreeMap<AccountKey, AccountId>,
) -> Result<BTreeMap<AccountKey, AccountId>, StoreError> {
    let names: Vec<AccountKey> = keys.keys().cloned().collect();
    let mut known = find_accounts(conn, organization, &names)?;
    let missing: Vec<(&AccountKey, &AccountId)> =
        keys.iter().filter(|(key, _)| !known.contains_key(key)).collect();
    let rows: Vec<AccountRow> = missing
        .iter()
        .map(|(key, id)| AccountRow {
            organization_id: organization.as_i64(),
            id: id.as_i64(),
            key: key.to_string(),
        })
        .collect();
    // All are made before any is locked: making one waits for another writer that makes it too, and
    // whoever waits so must not hold what that writer locks next.
    make_accounts(conn, &rows)?;
    let Conn::Postgres(c) = conn else {
        // The immediate transaction is the lock, and nobody else made any of them meanwhile.
        known.extend(missing.into_iter().map(|(key, id)| (key.clone(), *id)));
        return Ok(known);
    };
    let mut locked = BTreeMap::new();
    for chunk in names.chunks(CHUNK_ROWS) {
        let texts: Vec<String> = chunk.iter().map(ToString::to_string).collect();
        // In the order of the map, whatever the collation of the server's database.
        let in_order = InByteOrder::new(accounts::key);
        let found: Vec<(String, i64)> = accounts::table
            .filter(accounts::organization_id.eq(organization.as_i64()))
            .filter(accounts::key.one_of(texts))
            .select((accounts::key, accounts::id))
            .order(in_order)
            .for_update()
            .load(c)?;
        let found = found.into_iter().map(|(k, id)| (AccountKey::stored(k), id));
        locked.extend(found.map(|(key, id)| (key, AccountId::from_i64(id))));
    }
    Ok(locked)
}

/// Makes those of these accounts that are missing.
pub(super) fn make_accounts(conn: &mut Conn, rows: &[AccountRow]) -> Result<(), StoreError> {
    for chunk in rows.chunks(CHUNK_ROWS) {
        per_backend!(&mut *conn, c => diesel::insert_into(accounts::table)
            .values(chunk)
            .on_conflict((accounts::organization_id, accounts::key))
            .do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// The accounts that exist among these keys, without locking.
pub fn find_accounts(
    conn: &mut Conn,
    organization: OrganizationId,
    keys: &[AccountKey],
) -> Result<BTreeMap<AccountKey, AccountId>, StoreError> {
    let mut accounts = BTreeMap::new();
    for chunk in keys.chunks(CHUNK_ROWS) {
        let texts: Vec<String> = chunk.iter().map(ToString::to_string).collect();
        let found: Vec<(String, i64)> = accounts::table
            .filter(accounts::organization_id.eq(organization.as_i64()))
            .filter(accounts::key.one_of(texts))
            .select((accounts::key, accounts::id))
            .load(conn)?;
        let found = found.into_iter().map(|(k, id)| (AccountKey::stored(k), id));
        accounts.extend(found.map(|(key, id)| (key, AccountId::from_i64(id))));
    }
    Ok(accounts)
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = unit_entries, treat_none_as_default_value = false)]
pub(super) struct EntryRow {
    organization_id: i64,
    id: i64,
    account_id: i64,
    kind: String,
    encounter_id: Option<i64>,
    line_id: Option<i64>,
    service: Option<String>,
    service_date: NaiveDate,
    authorization_id: Option<i64>,
    payer_id: Option<i64>,
    peer_id: Option<i64>,
    modifiers: Option<String>,
    mode: Option<String>,
    granted: i64,
    reserved: i64,
    consumed: i64,
    recorded_at: NaiveDateTime,
}

/// Adds entries.
pub fn add(
    conn: &mut Conn,
    organization: OrganizationId,
    at: Instant,
    entries: &[(EntryId, Entry)],
) -> Result<(), StoreError> {
    let rows: Vec<EntryRow> = entries
        .iter()
        .map(|(id, e)| EntryRow {
            organization_id: organization.as_i64(),
            id: id.as_i64(),
            account_id: e.account.as_i64(),
            kind: e.kind.as_str().to_owned(),
            encounter_id: e.encounter.map(EncounterId::as_i64),
            line_id: e.line.map(LineId::as_i64),
            service: e.service.as_ref().map(|s| s.as_str().to_owned()),
            service_date: e.service_date,
            authorization_id: e.authorization.map(AuthorizationId::as_i64),
            payer_id: e.payer.map(PayerId::as_i64),
            peer_id: e.peer.map(PeerId::as_i64),
            modifiers: e.how.as_ref().map(|how| join_modifiers(&how.modifiers)),
            mode: e.how.as_ref().map(|how| how.mode.to_string()),
            granted: e.granted,
            reserved: e.reserved,
            consumed: e.consumed,
            recorded_at: at.naive(),
        })
        .collect();
    insert_rows(conn, &rows)
}

pub(super) fn insert_rows(conn: &mut Conn, rows: &[EntryRow]) -> Result<(), StoreError> {
    insert_set!(conn, unit_entries::table, rows);
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct HoldingRow {
    #[diesel(sql_type = BigInt)]
    account_id: i64,
    #[diesel(sql_type = BigInt)]
    encounter_id: i64,
    #[diesel(sql_type = BigInt)]
    line_id: i64,
    #[diesel(sql_type = Text)]
    service: String,
    #[diesel(sql_type = Date)]
    service_date: NaiveDate,
    #[diesel(sql_type = Nullable<BigInt>)]
    authorization_id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    payer_id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    peer_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    modifiers: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    mode: Option<String>,
    #[diesel(sql_type = BigInt)]
    reserved: i64,
    #[diesel(sql_type = BigInt)]
    consumed: i64,
}

/// What lines hold in the ledger, summed by account and authorization: what a release gives back,
/// what a consumption moves.
pub fn holdings(
    conn: &mut Conn,
    organization: OrganizationId,
    lines: &[LineId],
) -> Result<Vec<Entry>, StoreError> {
    let mut found = Vec::new();
    for chunk in lines.chunks(CHUNK_ROWS) {
        let list: Vec<String> = chunk.iter().map(|l| l.as_i64().to_string()).collect();
        let sql = format!(
            "SELECT account_id, encounter_id, line_id, service, service_date, authorization_id, \
             payer_id, peer_id, modifiers, mode, \
             CAST(SUM(reserved) AS BIGINT) AS reserved, CAST(SUM(consumed) AS BIGINT) AS consumed \
             FROM unit_entries WHERE organization_id = $1 AND line_id IN ({}) \
             AND service IS NOT NULL AND encounter_id IS NOT NULL \
             GROUP BY account_id, encounter_id, line_id, service, service_date, \
             authorization_id, payer_id, peer_id, modifiers, mode \
             HAVING SUM(reserved) <> 0 OR SUM(consumed) <> 0 ORDER BY 3, 6",
            list.join(",")
        );
        let rows: Vec<HoldingRow> =
            diesel::sql_query(sql).bind::<BigInt, _>(organization.as_i64()).load(conn)?;
        for row in rows {
            found.push(Entry {
                account: AccountId::from_i64(row.account_id),
                kind: crate::domain::ledger::EntryKind::Adjust,
                encounter: Some(EncounterId::from_i64(row.encounter_id)),
                line: Some(LineId::from_i64(row.line_id)),
                service: Some(types::read("unit_entries.service", row.service)?),
                service_date: row.service_date,
                authorization: row.authorization_id.map(AuthorizationId::from_i64),
                payer: row.payer_id.map(PayerId::from_i64),
                peer: row.peer_id.map(PeerId::from_i64),
                how: read_how("unit_entries.modifiers", row.modifiers, row.mode)?,
                granted: 0,
                reserved: row.reserved,
                consumed: row.consumed,
            });
        }
    }
    Ok(found)
}
