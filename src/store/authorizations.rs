//! Rows of authorizations.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::authorizations as table;
use super::types::{CHUNK, broken, page_size, read, read_json, read_span, write_json};
use crate::domain::authorization::{Authorization, AuthorizationData};
use crate::domain::dates::Instant;
use crate::domain::identifiers::AuthorizationNumber;
use crate::domain::ids::{AuthorizationId, MemberId, OrganizationId, PayerId};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = table,
    primary_key(organization_id, id),
    treat_none_as_default_value = false,
    treat_none_as_null = true
)]
struct Row {
    organization_id: i64,
    id: i64,
    member_id: i64,
    payer_id: i64,
    number: String,
    services: String,
    units: i64,
    valid_from: NaiveDate,
    valid_to: Option<NaiveDate>,
    revision: i32,
    #[diesel(skip_update)]
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
}

impl Row {
    fn new(
        organization: OrganizationId,
        authorization: &Authorization,
        revision: i32,
        now: Instant,
    ) -> Result<Self, StoreError> {
        let data = &authorization.data;
        Ok(Self {
            organization_id: organization.as_i64(),
            id: authorization.id.as_i64(),
            member_id: data.member.as_i64(),
            payer_id: data.payer.as_i64(),
            number: data.number.to_string(),
            services: write_json("authorizations.services", &data.services)?,
            units: i64::from(data.units),
            valid_from: data.span.from,
            valid_to: data.span.to,
            revision,
            created_at: now.naive(),
            updated_at: now.naive(),
        })
    }

    fn into_domain(self) -> Result<Authorization, StoreError> {
        let data = AuthorizationData {
            member: MemberId::from_i64(self.member_id),
            payer: PayerId::from_i64(self.payer_id),
            number: read("authorizations.number", self.number)?,
            services: read_json("authorizations.services", &self.services)?,
            units: u32::try_from(self.units).map_err(|_| broken("authorizations.units"))?,
            span: read_span("authorizations.valid_to", self.valid_from, self.valid_to)?,
        };
        let id = AuthorizationId::from_i64(self.id);
        Ok(Authorization { id, revision: self.revision, data })
    }
}

/// Which authorizations a list shows; nothing set: all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this member.
    pub member: Option<MemberId>,
    /// By this payer.
    pub payer: Option<PayerId>,
}

/// Stores a new authorization.
pub fn insert(
    conn: &mut Conn,
    organization: OrganizationId,
    authorization: &Authorization,
    now: Instant,
) -> Result<(), StoreError> {
    insert_all(conn, organization, std::slice::from_ref(authorization), now)
}

/// Stores new authorizations.
pub fn insert_all(
    conn: &mut Conn,
    organization: OrganizationId,
    authorizations: &[Authorization],
    now: Instant,
) -> Result<(), StoreError> {
    for chunk in authorizations.chunks(CHUNK) {
        let rows: Result<Vec<Row>, StoreError> =
            chunk.iter().map(|a| Row::new(organization, a, a.revision, now)).collect();
        let rows = rows?;
        per_backend!(&mut *conn, c => {
            diesel::insert_into(table::table).values(&rows).execute(c)
        })?;
    }
    Ok(())
}

/// Changes the authorization that stands at `authorization.revision`, which goes up by one.
/// `false`: somebody changed it meanwhile, or it is not this tenant's.
pub fn update(
    conn: &mut Conn,
    organization: OrganizationId,
    authorization: &Authorization,
    now: Instant,
) -> Result<bool, StoreError> {
    let revision = authorization.revision.saturating_add(1);
    let row = Row::new(organization, authorization, revision, now)?;
    let at = table::table
        .filter(table::organization_id.eq(row.organization_id))
        .filter(table::id.eq(row.id))
        .filter(table::revision.eq(authorization.revision));
    Ok(diesel::update(at).set(&row).execute(conn)? == 1)
}

/// The authorization with this id, if it is this tenant's.
pub fn by_id(
    conn: &mut Conn,
    organization: OrganizationId,
    id: AuthorizationId,
) -> Result<Option<Authorization>, StoreError> {
    let rows = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::id.eq(id.as_i64()))
        .select(Row::as_select())
        .load(conn)?;
    Ok(into_domain(rows)?.pop())
}

/// The authorizations with these ids that are this tenant's, in no order.
pub fn by_ids(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[AuthorizationId],
) -> Result<Vec<Authorization>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let numbers: Vec<i64> = chunk.iter().map(|id| id.as_i64()).collect();
        let query = table::table
            .filter(table::organization_id.eq(organization.as_i64()))
            .filter(table::id.one_of(numbers));
        found.extend(query.select(Row::as_select()).load(conn)?);
    }
    into_domain(found)
}

/// The authorization that the payer knows under this number.
pub fn by_number(
    conn: &mut Conn,
    organization: OrganizationId,
    payer: PayerId,
    number: &AuthorizationNumber,
) -> Result<Option<Authorization>, StoreError> {
    let rows = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::payer_id.eq(payer.as_i64()))
        .filter(table::number.eq(number.as_str()))
        .select(Row::as_select())
        .load(conn)?;
    Ok(into_domain(rows)?.pop())
}

/// The tenant's authorizations with these numbers, of any payer, in no order.
pub fn by_numbers(
    conn: &mut Conn,
    organization: OrganizationId,
    numbers: &[AuthorizationNumber],
) -> Result<Vec<Authorization>, StoreError> {
    let mut found = Vec::new();
    for chunk in numbers.chunks(CHUNK) {
        let texts: Vec<&str> = chunk.iter().map(AuthorizationNumber::as_str).collect();
        let query = table::table
            .filter(table::organization_id.eq(organization.as_i64()))
            .filter(table::number.one_of(texts));
        found.extend(query.select(Row::as_select()).load(conn)?);
    }
    into_domain(found)
}

/// All authorizations of these members, in order of last day, none last, then number.
pub fn of_members(
    conn: &mut Conn,
    organization: OrganizationId,
    members: &[MemberId],
) -> Result<Vec<Authorization>, StoreError> {
    let mut found = Vec::new();
    for chunk in members.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|m| m.as_i64()).collect();
        let query = table::table
            .filter(table::organization_id.eq(organization.as_i64()))
            .filter(table::member_id.one_of(ids));
        found.extend(query.select(Row::as_select()).load(conn)?);
    }
    let mut found = into_domain(found)?;
    // Sorted here: where NULL sorts differs between the databases.
    found.sort_by(|a, b| {
        let key = |x: &Authorization| (x.data.span.to.is_none(), x.data.span.to);
        key(a).cmp(&key(b)).then_with(|| a.data.number.cmp(&b.data.number))
    });
    Ok(found)
}

/// A page of the tenant's authorizations, in order of id, after the given one.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    filter: &Filter,
    after: Option<AuthorizationId>,
    limit: i64,
) -> Result<Vec<Authorization>, StoreError> {
    let mut query = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::id.gt(after.map_or(-1, AuthorizationId::as_i64)))
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

fn into_domain(rows: Vec<Row>) -> Result<Vec<Authorization>, StoreError> {
    rows.into_iter().map(Row::into_domain).collect()
}
