//! Rows of enrollment episodes.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::episodes as table;
use super::types::{CHUNK, optional, page_size, read, read_optional, read_span};
use crate::domain::dates::Instant;
use crate::domain::episode::{Episode, EpisodeData};
use crate::domain::identifiers::{Key, Reference};
use crate::domain::ids::{EpisodeId, MemberId, OrganizationId, PayerId};

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
    reference: String,
    member_id: i64,
    payer_id: Option<i64>,
    kind: String,
    valid_from: NaiveDate,
    valid_to: Option<NaiveDate>,
    revision: i32,
    #[diesel(skip_update)]
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    program: Option<String>,
}

impl Row {
    fn new(organization: OrganizationId, episode: &Episode, revision: i32, now: Instant) -> Self {
        let data = &episode.data;
        Self {
            organization_id: organization.as_i64(),
            id: episode.id.as_i64(),
            reference: data.reference.to_string(),
            member_id: data.member.as_i64(),
            payer_id: data.payer.map(PayerId::as_i64),
            kind: data.kind.to_string(),
            valid_from: data.span.from,
            valid_to: data.span.to,
            revision,
            created_at: now.naive(),
            updated_at: now.naive(),
            program: optional(data.program.as_ref()),
        }
    }

    fn into_domain(self) -> Result<Episode, StoreError> {
        let data = EpisodeData {
            reference: read("episodes.reference", self.reference)?,
            member: MemberId::from_i64(self.member_id),
            kind: read("episodes.kind", self.kind)?,
            payer: self.payer_id.map(PayerId::from_i64),
            program: read_optional("episodes.program", self.program)?,
            span: read_span("episodes.valid_to", self.valid_from, self.valid_to)?,
        };
        Ok(Episode { id: EpisodeId::from_i64(self.id), revision: self.revision, data })
    }
}

/// Which episodes a list shows; nothing set: all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this member.
    pub member: Option<MemberId>,
    /// That name this payer.
    pub payer: Option<PayerId>,
    /// Of this kind.
    pub kind: Option<Key>,
}

/// Stores new episodes.
pub fn insert_all(
    conn: &mut Conn,
    organization: OrganizationId,
    episodes: &[Episode],
    now: Instant,
) -> Result<(), StoreError> {
    for chunk in episodes.chunks(CHUNK) {
        let rows: Vec<Row> =
            chunk.iter().map(|e| Row::new(organization, e, e.revision, now)).collect();
        per_backend!(&mut *conn, c => {
            diesel::insert_into(table::table).values(&rows).execute(c)
        })?;
    }
    Ok(())
}

/// Changes the episode that stands at `episode.revision`, which goes up by one. `false`: somebody
/// changed it meanwhile, or it is not this tenant's.
pub fn update(
    conn: &mut Conn,
    organization: OrganizationId,
    episode: &Episode,
    now: Instant,
) -> Result<bool, StoreError> {
    let row = Row::new(organization, episode, episode.revision.saturating_add(1), now);
    let at = table::table
        .filter(table::organization_id.eq(row.organization_id))
        .filter(table::id.eq(row.id))
        .filter(table::revision.eq(episode.revision));
    Ok(diesel::update(at).set(&row).execute(conn)? == 1)
}

/// The episode with this id, if it is this tenant's.
pub fn by_id(
    conn: &mut Conn,
    organization: OrganizationId,
    id: EpisodeId,
) -> Result<Option<Episode>, StoreError> {
    let rows = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::id.eq(id.as_i64()))
        .select(Row::as_select())
        .load(conn)?;
    Ok(into_domain(rows)?.pop())
}

/// The tenant's episodes with these references, in no order.
pub fn by_references(
    conn: &mut Conn,
    organization: OrganizationId,
    references: &[Reference],
) -> Result<Vec<Episode>, StoreError> {
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

/// All episodes of these members, in order of first day and id.
pub fn of_members(
    conn: &mut Conn,
    organization: OrganizationId,
    members: &[MemberId],
) -> Result<Vec<Episode>, StoreError> {
    let mut found = Vec::new();
    for chunk in members.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|m| m.as_i64()).collect();
        let query = table::table
            .filter(table::organization_id.eq(organization.as_i64()))
            .filter(table::member_id.one_of(ids));
        found.extend(query.select(Row::as_select()).load(conn)?);
    }
    let mut found = into_domain(found)?;
    found.sort_by_key(|e| (e.data.span.from, e.id));
    Ok(found)
}

/// A page of the tenant's episodes, in order of id, after the given one.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    filter: &Filter,
    after: Option<EpisodeId>,
    limit: i64,
) -> Result<Vec<Episode>, StoreError> {
    let mut query = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::id.gt(after.map_or(-1, EpisodeId::as_i64)))
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
    if let Some(kind) = &filter.kind {
        query = query.filter(table::kind.eq(kind.as_str().to_owned()));
    }
    into_domain(query.load(conn)?)
}

fn into_domain(rows: Vec<Row>) -> Result<Vec<Episode>, StoreError> {
    rows.into_iter().map(Row::into_domain).collect()
}
