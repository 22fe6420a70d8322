//! Rows of documents.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::documents as table;
use super::types::{CHUNK, page_size, read, read_json, read_span, write_json};
use crate::domain::dates::Instant;
use crate::domain::document::{Document, DocumentData, DocumentKind};
use crate::domain::identifiers::Reference;
use crate::domain::ids::{DocumentId, MemberId, OrganizationId, PeerId};

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
    kind: String,
    member_id: Option<i64>,
    peer_id: Option<i64>,
    valid_from: NaiveDate,
    valid_to: Option<NaiveDate>,
    signed_on: Option<NaiveDate>,
    content: String,
    revision: i32,
    #[diesel(skip_update)]
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
}

impl Row {
    fn new(
        organization: OrganizationId,
        document: &Document,
        revision: i32,
        now: Instant,
    ) -> Result<Self, StoreError> {
        let data = &document.data;
        Ok(Self {
            organization_id: organization.as_i64(),
            id: document.id.as_i64(),
            reference: data.reference.to_string(),
            kind: data.content.kind().as_str().to_owned(),
            member_id: data.member.map(MemberId::as_i64),
            peer_id: data.peer.map(PeerId::as_i64),
            valid_from: data.span.from,
            valid_to: data.span.to,
            signed_on: data.signed_on,
            content: write_json("documents.content", &data.content)?,
            revision,
            created_at: now.naive(),
            updated_at: now.naive(),
        })
    }

    fn into_domain(self) -> Result<Document, StoreError> {
        let data = DocumentData {
            reference: read("documents.reference", self.reference)?,
            member: self.member_id.map(MemberId::from_i64),
            peer: self.peer_id.map(PeerId::from_i64),
            span: read_span("documents.valid_to", self.valid_from, self.valid_to)?,
            signed_on: self.signed_on,
            content: read_json("documents.content", &self.content)?,
        };
        Ok(Document { id: DocumentId::from_i64(self.id), revision: self.revision, data })
    }
}

/// Which documents a list shows; nothing set: all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// About this member.
    pub member: Option<MemberId>,
    /// About this peer.
    pub peer: Option<PeerId>,
    /// Of this kind.
    pub kind: Option<DocumentKind>,
}

/// Stores new documents.
pub fn insert_all(
    conn: &mut Conn,
    organization: OrganizationId,
    documents: &[Document],
    now: Instant,
) -> Result<(), StoreError> {
    for chunk in documents.chunks(CHUNK) {
        let rows: Result<Vec<Row>, StoreError> =
            chunk.iter().map(|d| Row::new(organization, d, d.revision, now)).collect();
        let rows = rows?;
        per_backend!(&mut *conn, c => {
            diesel::insert_into(table::table).values(&rows).execute(c)
        })?;
    }
    Ok(())
}

/// Changes the document that stands at `document.revision`, which goes up by one. `false`: somebody
/// changed it meanwhile, or it is not this tenant's.
pub fn update(
    conn: &mut Conn,
    organization: OrganizationId,
    document: &Document,
    now: Instant,
) -> Result<bool, StoreError> {
    let row = Row::new(organization, document, document.revision.saturating_add(1), now)?;
    let at = table::table
        .filter(table::organization_id.eq(row.organization_id))
        .filter(table::id.eq(row.id))
        .filter(table::revision.eq(document.revision));
    Ok(diesel::update(at).set(&row).execute(conn)? == 1)
}

/// The document with this id, if it is this tenant's.
pub fn by_id(
    conn: &mut Conn,
    organization: OrganizationId,
    id: DocumentId,
) -> Result<Option<Document>, StoreError> {
    let rows = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::id.eq(id.as_i64()))
        .select(Row::as_select())
        .load(conn)?;
    Ok(into_domain(rows)?.pop())
}

/// The tenant's documents with these references, in no order.
pub fn by_references(
    conn: &mut Conn,
    organization: OrganizationId,
    references: &[Reference],
) -> Result<Vec<Document>, StoreError> {
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

/// All documents of these kinds about these members, about these peers alone, or about the
/// organization, in order of first day and id.
pub fn of(
    conn: &mut Conn,
    organization: OrganizationId,
    kinds: &[DocumentKind],
    members: &[MemberId],
    peers: &[PeerId],
) -> Result<Vec<Document>, StoreError> {
    let kinds: Vec<&str> = kinds.iter().map(|k| k.as_str()).collect();
    let of_kinds = || {
        table::table
            .filter(table::organization_id.eq(organization.as_i64()))
            .filter(table::kind.one_of(kinds.clone()))
            .select(Row::as_select())
    };
    let mut found: Vec<Row> = Vec::new();
    for chunk in members.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|m| m.as_i64()).collect();
        found.extend(of_kinds().filter(table::member_id.one_of(ids)).load(conn)?);
    }
    for chunk in peers.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|p| p.as_i64()).collect();
        let alone = of_kinds().filter(table::member_id.is_null());
        found.extend(alone.filter(table::peer_id.one_of(ids)).load(conn)?);
    }
    let own = of_kinds().filter(table::member_id.is_null()).filter(table::peer_id.is_null());
    found.extend(own.load(conn)?);
    let mut found = into_domain(found)?;
    found.sort_by_key(|d| (d.data.span.from, d.id));
    Ok(found)
}

/// All documents of a kind, in order of first day and id.
pub fn of_kind(
    conn: &mut Conn,
    organization: OrganizationId,
    kind: DocumentKind,
) -> Result<Vec<Document>, StoreError> {
    let rows: Vec<Row> = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::kind.eq(kind.as_str()))
        .select(Row::as_select())
        .load(conn)?;
    let mut found = into_domain(rows)?;
    found.sort_by_key(|d| (d.data.span.from, d.id));
    Ok(found)
}

/// A page of the tenant's documents, in order of id, after the given one.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    filter: &Filter,
    after: Option<DocumentId>,
    limit: i64,
) -> Result<Vec<Document>, StoreError> {
    let mut query = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::id.gt(after.map_or(-1, DocumentId::as_i64)))
        .select(Row::as_select())
        .order(table::id)
        .limit(page_size(limit))
        .into_boxed();
    if let Some(member) = filter.member {
        query = query.filter(table::member_id.eq(member.as_i64()));
    }
    if let Some(peer) = filter.peer {
        query = query.filter(table::peer_id.eq(peer.as_i64()));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(table::kind.eq(kind.as_str()));
    }
    into_domain(query.load(conn)?)
}

fn into_domain(rows: Vec<Row>) -> Result<Vec<Document>, StoreError> {
    rows.into_iter().map(Row::into_domain).collect()
}
