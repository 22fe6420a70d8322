//! Issued reports with their bytes. Rows are added and read, never changed.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::{report_issue_files as files, report_issues as table};
use super::types::page_size;
use crate::domain::dates::Instant;
use crate::domain::ids::{OrganizationId, PayerId, ReportIssueId};
use crate::domain::report::issue::{Issue, Shelf};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = table, treat_none_as_default_value = false)]
struct Row {
    id: i64,
    organization_id: Option<i64>,
    payer_id: Option<i64>,
    edition: String,
    report: String,
    question: String,
    as_of: NaiveDateTime,
    issued_at: NaiveDateTime,
    supersedes: Option<i64>,
    manifest: String,
    narrowings: i64,
}

impl Row {
    fn new(issue: &Issue) -> Self {
        Self {
            id: issue.id.as_i64(),
            organization_id: issue.organization.map(OrganizationId::as_i64),
            payer_id: issue.payer.map(PayerId::as_i64),
            edition: issue.edition.clone(),
            report: issue.report.clone(),
            question: issue.question.clone(),
            as_of: issue.as_of.naive(),
            issued_at: issue.issued_at.naive(),
            supersedes: issue.supersedes.map(ReportIssueId::as_i64),
            manifest: issue.manifest.clone(),
            narrowings: issue.narrowings,
        }
    }

    fn into_domain(self) -> Issue {
        Issue {
            id: ReportIssueId::from_i64(self.id),
            organization: self.organization_id.map(OrganizationId::from_i64),
            payer: self.payer_id.map(PayerId::from_i64),
            edition: self.edition,
            report: self.report,
            question: self.question,
            as_of: Instant::from_naive(self.as_of),
            issued_at: Instant::from_naive(self.issued_at),
            supersedes: self.supersedes.map(ReportIssueId::from_i64),
            manifest: self.manifest,
            narrowings: self.narrowings,
        }
    }
}

/// Keeps an issue with its files. A conflict: the question has a first issue, or the issue that it
/// supersedes was superseded meanwhile.
pub fn insert(
    conn: &mut Conn,
    issue: &Issue,
    contents: &[(String, Vec<u8>)],
) -> Result<(), StoreError> {
    diesel::insert_into(table::table).values(Row::new(issue)).execute(conn)?;
    for (form, content) in contents {
        let id = files::issue_id.eq(issue.id.as_i64());
        diesel::insert_into(files::table)
            .values((id, files::form.eq(form), files::content.eq(content)))
            .execute(conn)?;
    }
    Ok(())
}

/// An issue on a shelf.
pub fn by_id(
    conn: &mut Conn,
    shelf: Shelf,
    id: ReportIssueId,
) -> Result<Option<Issue>, StoreError> {
    let filter = Filter { id: Some(id), ..Filter::default() };
    Ok(list(conn, shelf, &filter, None, 1)?.pop())
}

/// The newest issue of a question.
pub fn newest(conn: &mut Conn, question: &str) -> Result<Option<Issue>, StoreError> {
    let row: Option<Row> = table::table
        .filter(table::question.eq(question))
        .order(table::id.desc())
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    Ok(row.map(Row::into_domain))
}

/// The issues of a question, newest first.
pub fn of_question(conn: &mut Conn, question: &str) -> Result<Vec<ReportIssueId>, StoreError> {
    let ids: Vec<i64> = table::table
        .filter(table::question.eq(question))
        .order(table::id.desc())
        .select(table::id)
        .load(conn)?;
    Ok(ids.into_iter().map(ReportIssueId::from_i64).collect())
}

/// What a list of issues is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// One of them.
    pub id: Option<ReportIssueId>,
    /// By report.
    pub report: Option<String>,
    /// Those issued after.
    pub issued_after: Option<Instant>,
}

/// A page of a shelf, newest first, older than `after`.
pub fn list(
    conn: &mut Conn,
    shelf: Shelf,
    filter: &Filter,
    after: Option<ReportIssueId>,
    limit: i64,
) -> Result<Vec<Issue>, StoreError> {
    let mut query = table::table.order(table::id.desc()).limit(page_size(limit)).into_boxed();
    match shelf {
        Shelf::All => {}
        Shelf::Organization(id) => {
            query = query
                .filter(table::organization_id.eq(id.as_i64()))
                .filter(table::edition.eq("organization"));
        }
        Shelf::Payer(id) => {
            query =
                query.filter(table::payer_id.eq(id.as_i64())).filter(table::edition.eq("payer"));
        }
    }
    if let Some(id) = filter.id {
        query = query.filter(table::id.eq(id.as_i64()));
    }
    if let Some(report) = &filter.report {
        query = query.filter(table::report.eq(report.clone()));
    }
    if let Some(time) = filter.issued_after {
        query = query.filter(table::issued_at.gt(time.naive()));
    }
    if let Some(after) = after {
        query = query.filter(table::id.lt(after.as_i64()));
    }
    let rows: Vec<Row> = query.select(Row::as_select()).load(conn)?;
    Ok(rows.into_iter().map(Row::into_domain).collect())
}

/// The bytes of a file of an issue.
pub fn file(conn: &mut Conn, id: ReportIssueId, form: &str) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(files::table.find((id.as_i64(), form)).select(files::content).first(conn).optional()?)
}
