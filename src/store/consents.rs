//! Rows of consents. They are added and revoked, and never changed otherwise.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::report_walls::{self, Narrowing};
use super::schema::consents as table;
use super::types::{CHUNK, page_size, read, read_json, read_span, write_json};
use crate::domain::consent::{Consent, ConsentData, Revocation};
use crate::domain::dates::Instant;
use crate::domain::identifiers::Reference;
use crate::domain::ids::{ConsentId, MemberId, OrganizationId, PayerId};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = table, treat_none_as_default_value = false)]
struct Row {
    organization_id: i64,
    id: i64,
    reference: String,
    member_id: i64,
    recipient_id: Option<i64>,
    purposes: String,
    services: String,
    services_from: Option<NaiveDate>,
    services_to: Option<NaiveDate>,
    valid_from: NaiveDate,
    valid_to: Option<NaiveDate>,
    obtained: String,
    signer: String,
    revoked_at: Option<NaiveDateTime>,
    revoke_reason: Option<String>,
    created_at: NaiveDateTime,
}

impl Row {
    fn new(
        organization: OrganizationId,
        consent: &Consent,
        now: Instant,
    ) -> Result<Self, StoreError> {
        let data = &consent.data;
        Ok(Self {
            organization_id: organization.as_i64(),
            id: consent.id.as_i64(),
            reference: data.reference.to_string(),
            member_id: data.member.as_i64(),
            recipient_id: data.recipient.map(PayerId::as_i64),
            purposes: write_json("consents.purposes", &data.purposes)?,
            services: write_json("consents.services", &data.services)?,
            services_from: data.services_from,
            services_to: data.services_to,
            valid_from: data.span.from,
            valid_to: data.span.to,
            obtained: data.obtained.as_str().to_owned(),
            signer: data.signer.as_str().to_owned(),
            revoked_at: consent.revoked.as_ref().map(|r| r.at.naive()),
            revoke_reason: consent.revoked.as_ref().and_then(|r| r.reason.clone()),
            created_at: now.naive(),
        })
    }

    fn into_domain(self) -> Result<Consent, StoreError> {
        let data = ConsentData {
            reference: read("consents.reference", self.reference)?,
            member: MemberId::from_i64(self.member_id),
            recipient: self.recipient_id.map(PayerId::from_i64),
            purposes: read_json("consents.purposes", &self.purposes)?,
            services: read_json("consents.services", &self.services)?,
            services_from: self.services_from,
            services_to: self.services_to,
            span: read_span("consents.valid_to", self.valid_from, self.valid_to)?,
            obtained: read("consents.obtained", self.obtained)?,
            signer: read("consents.signer", self.signer)?,
        };
        let reason = self.revoke_reason;
        let revoked = self.revoked_at.map(|at| Revocation { at: Instant::from_naive(at), reason });
        Ok(Consent { id: ConsentId::from_i64(self.id), data, revoked })
    }
}

/// Which consents a list shows; nothing set: all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this member.
    pub member: Option<MemberId>,
    /// That name this payer, or all payers.
    pub recipient: Option<PayerId>,
}

/// Stores new consents.
pub fn insert_all(
    conn: &mut Conn,
    organization: OrganizationId,
    consents: &[Consent],
    now: Instant,
) -> Result<(), StoreError> {
    for chunk in consents.chunks(CHUNK) {
        let rows: Result<Vec<Row>, StoreError> =
            chunk.iter().map(|c| Row::new(organization, c, now)).collect();
        let rows = rows?;
        per_backend!(&mut *conn, c => {
            diesel::insert_into(table::table).values(&rows).execute(c)
        })?;
    }
    Ok(())
}

/// Takes a consent back that was not taken back yet, as is known `now`. `false`: it was, or it is not this
/// tenant's.
pub fn revoke(
    conn: &mut Conn,
    organization: OrganizationId,
    id: ConsentId,
    revocation: &Revocation,
    now: Instant,
) -> Result<bool, StoreError> {
    let at = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::id.eq(id.as_i64()))
        .filter(table::revoked_at.is_null());
    let change = (
        table::revoked_at.eq(Some(revocation.at.naive())),
        table::revoke_reason.eq(revocation.reason.as_deref()),
    );
    if diesel::update(at).set(change).execute(conn)? == 0 {
        return Ok(false);
    }
    let recipient: Option<i64> = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::id.eq(id.as_i64()))
        .select(table::recipient_id)
        .first(conn)?;
    let what = Narrowing::Consent { id, recipient: recipient.map(PayerId::from_i64) };
    report_walls::narrow(conn, organization, what, now)?;
    Ok(true)
}

/// The consent with this id, if it is this tenant's.
pub fn by_id(
    conn: &mut Conn,
    organization: OrganizationId,
    id: ConsentId,
) -> Result<Option<Consent>, StoreError> {
    let rows = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::id.eq(id.as_i64()))
        .select(Row::as_select())
        .load(conn)?;
    Ok(into_domain(rows)?.pop())
}

/// The tenant's consents with these references, in no order.
pub fn by_references(
    conn: &mut Conn,
    organization: OrganizationId,
    references: &[Reference],
) -> Result<Vec<Consent>, StoreError> {
    let mut found = Vec::new();
    for chunk in references.chunks(CHUNK) {
        let texts: Vec<&str> = chunk.iter().map(Reference::as_str).collect();
        let query = table::table
            .filter(table::organization_id.eq(organization.as_i64()))
            .filter(table::reference.one_of(texts));
        found.extend(query.select(Row::as_select()).load(conn)?);
    }
    into_domain(found)
}

/// All consents of these members, in order of id.
pub fn of_members(
    conn: &mut Conn,
    organization: OrganizationId,
    members: &[MemberId],
) -> Result<Vec<Consent>, StoreError> {
    let mut found = Vec::new();
    for chunk in members.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|m| m.as_i64()).collect();
        let query = table::table
            .filter(table::organization_id.eq(organization.as_i64()))
            .filter(table::member_id.one_of(ids));
        found.extend(query.select(Row::as_select()).load(conn)?);
    }
    let mut found = into_domain(found)?;
    found.sort_by_key(|c| c.id);
    Ok(found)
}

/// A page of the tenant's consents, in order of id, after the given one.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    filter: &Filter,
    after: Option<ConsentId>,
    limit: i64,
) -> Result<Vec<Consent>, StoreError> {
    let mut query = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::id.gt(after.map_or(-1, ConsentId::as_i64)))
        .select(Row::as_select())
        .order(table::id)
        .limit(page_size(limit))
        .into_boxed();
    if let Some(member) = filter.member {
        query = query.filter(table::member_id.eq(member.as_i64()));
    }
    if let Some(recipient) = filter.recipient {
        let all = table::recipient_id.is_null();
        query = query.filter(all.or(table::recipient_id.eq(recipient.as_i64())));
    }
    into_domain(query.load(conn)?)
}

fn into_domain(rows: Vec<Row>) -> Result<Vec<Consent>, StoreError> {
    rows.into_iter().map(Row::into_domain).collect()
}
