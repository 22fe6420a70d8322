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
use super::schema::{accounts, unit_entries};
use super::types;
use crate::domain::dates::Instant;
use crate::domain::facts::Usage;
use crate::domain::identifiers::Key;
use crate::domain::ids::{
    AccountId, AuthorizationId, EncounterId, EntryId, LineId, OrganizationId,
};
use crate::domain::ledger::{AccountKey, Entry};

/// Rows of one INSERT or list of one query: at most 13 columns each.
const CHUNK_ROWS: usize = types::CHUNK;

#[derive(Debug, Insertable)]
#[diesel(table_name = accounts, treat_none_as_default_value = false)]
struct AccountRow {
    organization_id: i64,
    id: i64,
    key: String,
}

/// Makes missing accounts and locks all of them, in order of key, until the transaction ends.
/// `keys` comes sorted from the map, so two writers never wait for each other in a circle.
pub fn lock_accounts(
    conn: &mut Conn,
    organization: OrganizationId,
    keys: &BTreeMap<AccountKey, AccountId>,
) -> Result<BTreeMap<AccountKey, AccountId>, StoreError> {
    let rows: Vec<AccountRow> = keys
        .iter()
        .map(|(key, id)| AccountRow {
            organization_id: organization.as_i64(),
            id: id.as_i64(),
            key: key.to_string(),
        })
        .collect();
    // All are made before any is locked: making one waits for another writer that makes it too, and
    // whoever waits so must not hold what that writer locks next.
    for chunk in rows.chunks(CHUNK_ROWS) {
        per_backend!(&mut *conn, c => diesel::insert_into(accounts::table)
            .values(chunk)
            .on_conflict((accounts::organization_id, accounts::key))
            .do_nothing()
            .execute(c))?;
    }
    let mut locked = BTreeMap::new();
    for chunk in rows.chunks(CHUNK_ROWS) {
        let texts: Vec<&str> = chunk.iter().map(|r| r.key.as_str()).collect();
        let query = accounts::table
            .filter(accounts::organization_id.eq(organization.as_i64()))
            .filter(accounts::key.eq_any(texts))
            .select((accounts::key, accounts::id));
        // In the order of the map, whatever the collation of the server's database.
        let in_order = diesel::dsl::sql::<Text>("key COLLATE \"C\"");
        let found: Vec<(String, i64)> = match &mut *conn {
            // The immediate transaction is the lock.
            Conn::Sqlite(c) => query.load(c)?,
            Conn::Postgres(c) => query.order(in_order).for_update().load(c)?,
        };
        for (key, id) in found {
            locked.insert(AccountKey::stored(key), AccountId::from_i64(id));
        }
    }
    Ok(locked)
}

/// The accounts that exist among these keys, without locking: for previews.
pub fn find_accounts(
    conn: &mut Conn,
    organization: OrganizationId,
    keys: &[AccountKey],
) -> Result<BTreeMap<AccountKey, AccountId>, StoreError> {
    let texts: Vec<String> = keys.iter().map(ToString::to_string).collect();
    let found: Vec<(String, i64)> = accounts::table
        .filter(accounts::organization_id.eq(organization.as_i64()))
        .filter(accounts::key.eq_any(texts))
        .select((accounts::key, accounts::id))
        .load(conn)?;
    Ok(found.into_iter().map(|(k, id)| (AccountKey::stored(k), AccountId::from_i64(id))).collect())
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = unit_entries, treat_none_as_default_value = false)]
struct EntryRow {
    organization_id: i64,
    id: i64,
    account_id: i64,
    kind: String,
    encounter_id: Option<i64>,
    line_id: Option<i64>,
    service: Option<String>,
    service_date: NaiveDate,
    authorization_id: Option<i64>,
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
            granted: e.granted,
            reserved: e.reserved,
            consumed: e.consumed,
            recorded_at: at.naive(),
        })
        .collect();
    for chunk in rows.chunks(CHUNK_ROWS) {
        per_backend!(&mut *conn,
            c => diesel::insert_into(unit_entries::table).values(chunk).execute(c))?;
    }
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct UsageRow {
    #[diesel(sql_type = BigInt)]
    account_id: i64,
    #[diesel(sql_type = Text)]
    service: String,
    #[diesel(sql_type = Date)]
    service_date: NaiveDate,
    #[diesel(sql_type = Nullable<BigInt>)]
    authorization_id: Option<i64>,
    #[diesel(sql_type = BigInt)]
    units: i64,
}

/// What a query for usage covers.
#[derive(Debug, Clone)]
pub struct UsageScope {
    /// Accounts of payer and member.
    pub accounts: Vec<AccountId>,
    /// First service date that any window can contain.
    pub from: NaiveDate,
    /// Last one.
    pub to: NaiveDate,
    /// Authorizations whose drawings count whatever their date.
    pub authorizations: Vec<AuthorizationId>,
    /// Encounters whose own drawings are left out.
    pub except: Vec<EncounterId>,
}

/// Units drawn, summed by account, service, date and authorization; sums of nothing are left out.
pub fn usage(
    conn: &mut Conn,
    organization: OrganizationId,
    scope: &UsageScope,
) -> Result<Vec<(AccountId, Usage)>, StoreError> {
    // Ids are numbers of ours, so they stand in the text; values that vary are bound.
    let list = |ids: &mut dyn Iterator<Item = i64>| {
        let texts: Vec<String> = ids.map(|i| i.to_string()).collect();
        if texts.is_empty() { "-1".to_owned() } else { texts.join(",") }
    };
    let account_list = list(&mut scope.accounts.iter().map(|a| a.as_i64()));
    let authorization_list = list(&mut scope.authorizations.iter().map(|a| a.as_i64()));
    let select = "SELECT account_id, service, service_date, authorization_id, \
         CAST(SUM(reserved + consumed) AS BIGINT) AS units FROM unit_entries \
         WHERE organization_id = $1 AND service IS NOT NULL \
         AND (encounter_id IS NULL OR encounter_id NOT IN";
    let except = list(&mut scope.except.iter().map(|e| e.as_i64()));
    let group = "GROUP BY account_id, service, service_date, authorization_id \
         HAVING SUM(reserved + consumed) <> 0";
    let sql = format!(
        "{select} ({except})) AND account_id IN ({account_list}) \
         AND service_date BETWEEN $2 AND $3 {group} \
         UNION {select} ({except})) AND authorization_id IN ({authorization_list}) {group} \
         ORDER BY 1, 3, 2, 4"
    );
    let rows: Vec<UsageRow> = diesel::sql_query(sql)
        .bind::<BigInt, _>(organization.as_i64())
        .bind::<Date, _>(scope.from)
        .bind::<Date, _>(scope.to)
        .load(conn)?;
    rows.into_iter()
        .map(|row| {
            let usage = Usage {
                service: types::read::<Key>("unit_entries.service", row.service)?,
                date: row.service_date,
                authorization: row.authorization_id.map(AuthorizationId::from_i64),
                units: row.units,
            };
            Ok((AccountId::from_i64(row.account_id), usage))
        })
        .collect()
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
             CAST(SUM(reserved) AS BIGINT) AS reserved, CAST(SUM(consumed) AS BIGINT) AS consumed \
             FROM unit_entries WHERE organization_id = $1 AND line_id IN ({}) \
             AND service IS NOT NULL AND encounter_id IS NOT NULL \
             GROUP BY account_id, encounter_id, line_id, service, service_date, authorization_id \
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
                granted: 0,
                reserved: row.reserved,
                consumed: row.consumed,
            });
        }
    }
    Ok(found)
}
