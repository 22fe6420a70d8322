//! The audit trail. Rows are added; the database refuses to change or delete them.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::audit_entries as table;
use super::sets::insert_set;
use super::types;
use crate::domain::audit::{Action, AuditEntry};
use crate::domain::dates::Instant;
use crate::domain::ids::{AuditId, KeyId, OrganizationId};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = table, treat_none_as_default_value = false)]
struct Row {
    id: i64,
    at: NaiveDateTime,
    actor: String,
    key_id: Option<i64>,
    role: Option<String>,
    organization_id: Option<i64>,
    action: String,
    subject: Option<String>,
    detail: String,
    request_id: Option<String>,
}

impl Row {
    fn of(entry: &AuditEntry) -> Result<Self, StoreError> {
        Ok(Self {
            id: entry.id.as_i64(),
            at: entry.at.naive(),
            actor: entry.actor.as_str().to_owned(),
            key_id: entry.key.map(KeyId::as_i64),
            role: entry.role.map(|r| r.as_str().to_owned()),
            organization_id: entry.organization.map(OrganizationId::as_i64),
            action: entry.action.as_str().to_owned(),
            subject: entry.subject.clone(),
            detail: types::write_json("audit_entries.detail", &entry.detail)?,
            request_id: entry.request.clone(),
        })
    }

    fn into_domain(self) -> Result<AuditEntry, StoreError> {
        Ok(AuditEntry {
            id: AuditId::from_i64(self.id),
            at: Instant::from_naive(self.at),
            actor: types::read("audit_entries.actor", self.actor)?,
            key: self.key_id.map(KeyId::from_i64),
            role: types::read_optional("audit_entries.role", self.role)?,
            organization: self.organization_id.map(OrganizationId::from_i64),
            action: types::read("audit_entries.action", self.action)?,
            subject: self.subject,
            detail: types::read_json("audit_entries.detail", &self.detail)?,
            request: self.request_id,
        })
    }
}

/// Adds an entry.
pub fn add(conn: &mut Conn, entry: &AuditEntry) -> Result<(), StoreError> {
    add_all(conn, std::slice::from_ref(entry))
}

/// Adds entries.
pub fn add_all(conn: &mut Conn, entries: &[AuditEntry]) -> Result<(), StoreError> {
    let rows = entries.iter().map(Row::of).collect::<Result<Vec<_>, _>>()?;
    insert_set!(conn, table::table, rows);
    Ok(())
}

/// What a list of entries is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of one organization.
    pub organization: Option<OrganizationId>,
    /// From this moment on.
    pub from: Option<Instant>,
    /// Before this moment.
    pub before: Option<Instant>,
    /// Of one action.
    pub action: Option<Action>,
    /// Done to this thing.
    pub subject: Option<String>,
    /// From this key.
    pub key: Option<KeyId>,
}

/// A page of entries, newest first, older than `after`.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<AuditId>,
    limit: i64,
) -> Result<Vec<AuditEntry>, StoreError> {
    let mut query =
        table::table.filter(table::id.lt(after.map_or(i64::MAX, AuditId::as_i64))).into_boxed();
    if let Some(organization) = filter.organization {
        query = query.filter(table::organization_id.eq(organization.as_i64()));
    }
    if let Some(from) = filter.from {
        query = query.filter(table::at.ge(from.naive()));
    }
    if let Some(before) = filter.before {
        query = query.filter(table::at.lt(before.naive()));
    }
    if let Some(action) = filter.action {
        query = query.filter(table::action.eq(action.as_str()));
    }
    if let Some(subject) = &filter.subject {
        query = query.filter(table::subject.eq(subject.clone()));
    }
    if let Some(key) = filter.key {
        query = query.filter(table::key_id.eq(key.as_i64()));
    }
    let rows: Vec<Row> = query
        .order(table::id.desc())
        .limit(types::page_size(limit))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Row::into_domain).collect()
}
