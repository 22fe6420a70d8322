//! Rows of programs.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::programs as table;
use super::types::{CHUNK, optional, page_size, read, read_optional, read_span};
use crate::domain::dates::Instant;
use crate::domain::identifiers::Key;
use crate::domain::ids::{OrganizationId, ProgramId};
use crate::domain::program::{Program, ProgramData};

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
    key: String,
    name: String,
    kind: String,
    valid_from: NaiveDate,
    valid_to: Option<NaiveDate>,
    revision: i32,
    #[diesel(skip_update)]
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    location: Option<String>,
}

impl Row {
    fn new(organization: OrganizationId, program: &Program, revision: i32, now: Instant) -> Self {
        let data = &program.data;
        Self {
            organization_id: organization.as_i64(),
            id: program.id.as_i64(),
            key: data.key.to_string(),
            name: data.name.to_string(),
            kind: data.kind.as_str().to_owned(),
            valid_from: data.span.from,
            valid_to: data.span.to,
            revision,
            created_at: now.naive(),
            updated_at: now.naive(),
            location: optional(data.location.as_ref()),
        }
    }

    fn into_domain(self) -> Result<Program, StoreError> {
        let data = ProgramData {
            key: read("programs.key", self.key)?,
            name: read("programs.name", self.name)?,
            kind: read("programs.kind", self.kind)?,
            span: read_span("programs.valid_to", self.valid_from, self.valid_to)?,
            location: read_optional("programs.location", self.location)?,
        };
        Ok(Program { id: ProgramId::from_i64(self.id), revision: self.revision, data })
    }
}

/// Stores new programs.
pub fn insert_all(
    conn: &mut Conn,
    organization: OrganizationId,
    programs: &[Program],
    now: Instant,
) -> Result<(), StoreError> {
    for chunk in programs.chunks(CHUNK) {
        let rows: Vec<Row> =
            chunk.iter().map(|p| Row::new(organization, p, p.revision, now)).collect();
        per_backend!(&mut *conn, c => {
            diesel::insert_into(table::table).values(&rows).execute(c)
        })?;
    }
    Ok(())
}

/// Changes the program that stands at `program.revision`, which goes up by one. `false`: somebody
/// changed it meanwhile, or it is not this tenant's.
pub fn update(
    conn: &mut Conn,
    organization: OrganizationId,
    program: &Program,
    now: Instant,
) -> Result<bool, StoreError> {
    let row = Row::new(organization, program, program.revision.saturating_add(1), now);
    let at = table::table
        .filter(table::organization_id.eq(row.organization_id))
        .filter(table::id.eq(row.id))
        .filter(table::revision.eq(program.revision));
    Ok(diesel::update(at).set(&row).execute(conn)? == 1)
}

/// The program with this id, if it is this tenant's.
pub fn by_id(
    conn: &mut Conn,
    organization: OrganizationId,
    id: ProgramId,
) -> Result<Option<Program>, StoreError> {
    let rows = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::id.eq(id.as_i64()))
        .select(Row::as_select())
        .load(conn)?;
    Ok(into_domain(rows)?.pop())
}

/// The tenant's programs with these keys, in no order.
pub fn by_keys(
    conn: &mut Conn,
    organization: OrganizationId,
    keys: &[Key],
) -> Result<Vec<Program>, StoreError> {
    let mut found = Vec::new();
    for chunk in keys.chunks(CHUNK) {
        let texts: Vec<&str> = chunk.iter().map(Key::as_str).collect();
        let query = table::table
            .filter(table::organization_id.eq(organization.as_i64()))
            .filter(table::key.one_of(texts));
        found.extend(query.select(Row::as_select()).load(conn)?);
    }
    into_domain(found)
}

/// A page of the tenant's programs, in order of id, after the given one.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    after: Option<ProgramId>,
    limit: i64,
) -> Result<Vec<Program>, StoreError> {
    let rows = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::id.gt(after.map_or(-1, ProgramId::as_i64)))
        .order(table::id)
        .limit(page_size(limit))
        .select(Row::as_select())
        .load(conn)?;
    into_domain(rows)
}

/// Those of the tenant's locations at which a program is, each once, in order of key.
pub fn at(
    conn: &mut Conn,
    organization: OrganizationId,
    locations: &[&Key],
) -> Result<Vec<String>, StoreError> {
    let keys: Vec<&str> = locations.iter().map(|key| key.as_str()).collect();
    let mut found = Vec::new();
    for chunk in keys.chunks(CHUNK) {
        let there: Vec<Option<String>> = table::table
            .filter(table::organization_id.eq(organization.as_i64()))
            .filter(table::location.eq_any(chunk.to_vec()))
            .select(table::location)
            .distinct()
            .load(conn)?;
        found.extend(there.into_iter().flatten());
    }
    found.sort_unstable();
    Ok(found)
}

fn into_domain(rows: Vec<Row>) -> Result<Vec<Program>, StoreError> {
    rows.into_iter().map(Row::into_domain).collect()
}
