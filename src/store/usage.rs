//! Usage: units drawn, summed by service, date, authorization and how they were given.
//!
//! Read only as far as the windows of the contracts at hand reach; the ledger keeps the rest.

mod sums;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};

use super::conn::Conn;
use super::error::StoreError;
use super::types;
use crate::domain::codes::{Mode, Modifier};
use crate::domain::dates::{FIRST_DAY, LAST_DAY};
use crate::domain::facts::{How, Usage};
use crate::domain::identifiers::Key;
use crate::domain::ids::{
    AccountId, AuthorizationId, EncounterId, OrganizationId, PayerId, PeerId, SharedAccountId,
};
use crate::domain::windows::Days;
use sums::{Asked, Sums};

/// What a query for usage covers.
#[derive(Debug, Clone, Default)]
pub struct UsageScope {
    /// Accounts of payer and member, with the days that windows reach around their visits.
    pub accounts: Vec<(Vec<AccountId>, Days)>,
    /// Authorizations whose drawings count whatever their date.
    pub authorizations: Vec<AuthorizationId>,
    /// Encounters whose own drawings are left out.
    pub except: Vec<EncounterId>,
}

/// Modifiers as a column keeps them.
pub(super) fn join_modifiers(modifiers: &[Modifier]) -> String {
    modifiers.iter().map(Modifier::as_str).collect::<Vec<_>>().join(":")
}

/// How units were given, from two columns.
pub(super) fn read_how(
    place: &'static str,
    modifiers: Option<String>,
    mode: Option<String>,
) -> Result<Option<How>, StoreError> {
    let (Some(modifiers), Some(mode)) = (modifiers, mode) else { return Ok(None) };
    let modifiers = modifiers.split(':').filter(|m| !m.is_empty());
    Ok(Some(How {
        modifiers: modifiers
            .map(|m| types::read(place, m.to_owned()))
            .collect::<Result<_, StoreError>>()?,
        mode: types::read::<Mode>(place, mode)?,
    }))
}

#[derive(Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    whose: i64,
    #[diesel(sql_type = Text)]
    service: String,
    #[diesel(sql_type = Date)]
    service_date: NaiveDate,
    #[diesel(sql_type = Nullable<BigInt>)]
    authorization_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    modifiers: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    mode: Option<String>,
    #[diesel(sql_type = BigInt)]
    units: i64,
}

impl Row {
    fn usage(self) -> Result<(i64, Usage), StoreError> {
        let usage = Usage {
            service: types::read::<Key>("unit_entries.service", self.service)?,
            date: self.service_date,
            authorization: self.authorization_id.map(AuthorizationId::from_i64),
            how: read_how("unit_entries.modifiers", self.modifiers, self.mode)?,
            units: self.units,
        };
        Ok((self.whose, usage))
    }
}

fn list(ids: &[i64]) -> String {
    ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}

/// The list of what is left out; no id is below zero.
fn left_out(except: &[i64]) -> String {
    if except.is_empty() { "-1".to_owned() } else { list(except) }
}

/// The first and the last of these days; open ends are the ends of the calendar.
fn ends(days: Days) -> (NaiveDate, NaiveDate) {
    let (from, to) = (days.from.unwrap_or(FIRST_DAY), days.to.unwrap_or(LAST_DAY));
    (from.clamp(FIRST_DAY, LAST_DAY), to.clamp(FIRST_DAY, LAST_DAY))
}

fn load(
    conn: &mut Conn,
    organization: OrganizationId,
    (sums, except): (&[Sums], &[EncounterId]),
) -> Result<Vec<(i64, Usage)>, StoreError> {
    if sums.is_empty() {
        return Ok(vec![]);
    }
    let except: Vec<i64> = except.iter().map(|e| e.as_i64()).collect();
    let asked = Asked { organization: organization.as_i64(), sums, except: &except };
    let rows: Vec<Row> = match conn {
        Conn::Sqlite(c) => asked.load(c)?,
        Conn::Postgres(c) => asked.load(c)?,
    };
    rows.into_iter().map(Row::usage).collect()
}

/// Units drawn on accounts of payer and member.
pub fn of_accounts(
    conn: &mut Conn,
    organization: OrganizationId,
    scope: &UsageScope,
) -> Result<Vec<(AccountId, Usage)>, StoreError> {
    let ids = |accounts: &[AccountId]| accounts.iter().map(|a| a.as_i64()).collect();
    let of_accounts = scope.accounts.iter().filter(|(accounts, _)| !accounts.is_empty());
    let mut sums: Vec<Sums> = of_accounts
        .map(|(accounts, days)| Sums::of("account_id", ids(accounts)).within(*days))
        .collect();
    if !scope.authorizations.is_empty() {
        let ids = scope.authorizations.iter().map(|a| a.as_i64()).collect();
        sums.push(Sums::of("account_id", ids).found_by("authorization_id"));
    }
    let found = load(conn, organization, (&sums, &scope.except))?;
    Ok(found.into_iter().map(|(account, usage)| (AccountId::from_i64(account), usage)).collect())
}

/// Units that peers gave to all members of a payer.
pub fn of_peers(
    conn: &mut Conn,
    organization: OrganizationId,
    payer: PayerId,
    peers: &[PeerId],
    days: Days,
    except: &[EncounterId],
) -> Result<Vec<(PeerId, Usage)>, StoreError> {
    if peers.is_empty() {
        return Ok(vec![]);
    }
    let ids = peers.iter().map(|p| p.as_i64()).collect();
    let sums = Sums::of("peer_id", ids).of_payer(payer.as_i64()).within(days);
    let found = load(conn, organization, (&[sums], except))?;
    Ok(found.into_iter().map(|(peer, usage)| (PeerId::from_i64(peer), usage)).collect())
}

/// Units drawn on accounts that organizations share, by whomever.
pub fn of_shared(
    conn: &mut Conn,
    accounts: &[SharedAccountId],
    days: Days,
    (organization, except): (OrganizationId, &[EncounterId]),
) -> Result<Vec<(SharedAccountId, Usage)>, StoreError> {
    if accounts.is_empty() {
        return Ok(vec![]);
    }
    let ids = list(&accounts.iter().map(|a| a.as_i64()).collect::<Vec<_>>());
    let except: Vec<i64> = except.iter().map(|e| e.as_i64()).collect();
    let (from, to) = ends(days);
    let sql = format!(
        "SELECT account_id AS whose, service, service_date, CAST(NULL AS BIGINT) AS \
         authorization_id, modifiers, mode, CAST(SUM(units) AS BIGINT) AS units \
         FROM shared_entries WHERE account_id IN ({ids}) \
         AND service_date BETWEEN '{from}' AND '{to}' \
         AND (encounter_id IS NULL OR organization_id <> $1 OR encounter_id NOT IN ({})) \
         GROUP BY account_id, service, service_date, modifiers, mode HAVING SUM(units) <> 0 \
         ORDER BY 1, 3, 2, 5, 6",
        left_out(&except)
    );
    let rows: Vec<Row> =
        diesel::sql_query(sql).bind::<BigInt, _>(organization.as_i64()).load(conn)?;
    let usage = |row: Row| row.usage().map(|(id, u)| (SharedAccountId::from_i64(id), u));
    rows.into_iter().map(usage).collect()
}
