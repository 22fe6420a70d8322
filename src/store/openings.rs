//! Rows of opening balances. Their entries in the unit ledger are what counts; the rows say what the
//! entries come to.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Text};

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::schema::opening_balances as table;
use super::types::{CHUNK, page_size, read, read_count};
use crate::domain::dates::Instant;
use crate::domain::identifiers::Key;
use crate::domain::ids::{
    AccountId, AuthorizationId, MemberId, OpeningId, OrganizationId, PayerId,
};
use crate::domain::opening::{Opening, OpeningData};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = table, treat_none_as_default_value = false)]
struct Row {
    organization_id: i64,
    id: i64,
    account_id: i64,
    member_id: i64,
    payer_id: i64,
    member_number: String,
    service: String,
    opened_on: NaiveDate,
    authorization_id: Option<i64>,
    units: i64,
    revision: i32,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
}

impl Row {
    fn new(organization: OrganizationId, opening: &Opening, now: Instant) -> Self {
        let data = &opening.data;
        Self {
            organization_id: organization.as_i64(),
            id: opening.id.as_i64(),
            account_id: opening.account.as_i64(),
            member_id: data.member.as_i64(),
            payer_id: data.payer.as_i64(),
            member_number: opening.member_number.to_string(),
            service: data.service.to_string(),
            opened_on: data.date,
            authorization_id: data.authorization.map(AuthorizationId::as_i64),
            units: i64::from(data.units),
            revision: opening.revision,
            created_at: now.naive(),
            updated_at: now.naive(),
        }
    }

    fn into_domain(self) -> Result<Opening, StoreError> {
        let data = OpeningData {
            member: MemberId::from_i64(self.member_id),
            payer: PayerId::from_i64(self.payer_id),
            service: read("opening_balances.service", self.service)?,
            date: self.opened_on,
            authorization: self.authorization_id.map(AuthorizationId::from_i64),
            units: read_count("opening_balances.units", self.units)?,
        };
        Ok(Opening {
            id: OpeningId::from_i64(self.id),
            revision: self.revision,
            account: AccountId::from_i64(self.account_id),
            member_number: read("opening_balances.member_number", self.member_number)?,
            data,
        })
    }
}

/// Which opening balances a list shows; nothing set: all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this member.
    pub member: Option<MemberId>,
    /// Counted by this payer.
    pub payer: Option<PayerId>,
}

/// Stores new opening balances.
pub fn insert_all(
    conn: &mut Conn,
    organization: OrganizationId,
    openings: &[Opening],
    now: Instant,
) -> Result<(), StoreError> {
    for chunk in openings.chunks(CHUNK) {
        let rows: Vec<Row> = chunk.iter().map(|o| Row::new(organization, o, now)).collect();
        per_backend!(&mut *conn, c => {
            diesel::insert_into(table::table).values(&rows).execute(c)
        })?;
    }
    Ok(())
}

/// Sets the units of the opening balance that stands at `opening.revision`, which goes up by one.
/// `false`: somebody changed it meanwhile, or it is not this tenant's.
pub fn set_units(
    conn: &mut Conn,
    organization: OrganizationId,
    opening: &Opening,
    now: Instant,
) -> Result<bool, StoreError> {
    let at = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::id.eq(opening.id.as_i64()))
        .filter(table::revision.eq(opening.revision));
    let change = (
        table::units.eq(i64::from(opening.data.units)),
        table::revision.eq(opening.revision.saturating_add(1)),
        table::updated_at.eq(now.naive()),
    );
    Ok(diesel::update(at).set(change).execute(conn)? == 1)
}

/// Puts an opening balance into another account, under another member number.
pub fn set_account(
    conn: &mut Conn,
    organization: OrganizationId,
    opening: &Opening,
    now: Instant,
) -> Result<(), StoreError> {
    let at = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::id.eq(opening.id.as_i64()));
    let change = (
        table::account_id.eq(opening.account.as_i64()),
        table::member_number.eq(opening.member_number.as_str()),
        table::revision.eq(opening.revision.saturating_add(1)),
        table::updated_at.eq(now.naive()),
    );
    diesel::update(at).set(change).execute(conn)?;
    Ok(())
}

/// The opening balance with this id, if it is this tenant's.
pub fn by_id(
    conn: &mut Conn,
    organization: OrganizationId,
    id: OpeningId,
) -> Result<Option<Opening>, StoreError> {
    let rows = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::id.eq(id.as_i64()))
        .select(Row::as_select())
        .load(conn)?;
    Ok(into_domain(rows)?.pop())
}

/// All opening balances of these members, in order of id.
pub fn of_members(
    conn: &mut Conn,
    organization: OrganizationId,
    members: &[MemberId],
) -> Result<Vec<Opening>, StoreError> {
    let mut found = Vec::new();
    for chunk in members.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|m| m.as_i64()).collect();
        let query = table::table
            .filter(table::organization_id.eq(organization.as_i64()))
            .filter(table::member_id.eq_any(ids));
        found.extend(query.select(Row::as_select()).load(conn)?);
    }
    let mut found = into_domain(found)?;
    found.sort_by_key(|o| o.id);
    Ok(found)
}

/// A page of the tenant's opening balances, in order of id, after the given one.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    filter: &Filter,
    after: Option<OpeningId>,
    limit: i64,
) -> Result<Vec<Opening>, StoreError> {
    let mut query = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::id.gt(after.map_or(-1, OpeningId::as_i64)))
        .select(Row::as_select())
        .order(table::id)
        .limit(page_size(limit))
        .into_boxed();
    if let Some(member) = filter.member {
        query = query.filter(table::member_id.eq(member.as_i64()));
    }
    if let Some(payer) = filter.payer {
        query = query.filter(table::payer_id.eq(payer.as_i64()));
    }
    into_domain(query.load(conn)?)
}

/// An account's service on a day.
pub type Day = (AccountId, Key, NaiveDate);

#[derive(Debug, QueryableByName)]
struct DayRow {
    #[diesel(sql_type = BigInt)]
    account_id: i64,
    #[diesel(sql_type = Text)]
    service: String,
    #[diesel(sql_type = Date)]
    service_date: NaiveDate,
}

/// The days on which visits of ours draw on these accounts, between two dates.
pub fn days_of_visits(
    conn: &mut Conn,
    organization: OrganizationId,
    accounts: &[AccountId],
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<Day>, StoreError> {
    let mut found = Vec::new();
    for chunk in accounts.chunks(CHUNK) {
        let list: Vec<String> = chunk.iter().map(|a| a.as_i64().to_string()).collect();
        let sql = format!(
            "SELECT account_id, service, service_date FROM unit_entries \
             WHERE organization_id = $1 AND account_id IN ({}) AND encounter_id IS NOT NULL \
             AND service IS NOT NULL AND service_date BETWEEN $2 AND $3 \
             GROUP BY account_id, service, service_date HAVING SUM(reserved + consumed) > 0",
            list.join(",")
        );
        let rows: Vec<DayRow> = diesel::sql_query(sql)
            .bind::<BigInt, _>(organization.as_i64())
            .bind::<Date, _>(from)
            .bind::<Date, _>(to)
            .load(conn)?;
        for row in rows {
            let service = read("unit_entries.service", row.service)?;
            found.push((AccountId::from_i64(row.account_id), service, row.service_date));
        }
    }
    Ok(found)
}

fn into_domain(rows: Vec<Row>) -> Result<Vec<Opening>, StoreError> {
    rows.into_iter().map(Row::into_domain).collect()
}
