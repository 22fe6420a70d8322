//! Marks: changes whose visits are still to be decided again, and which visits those are.
//!
//! A mark is written in the transaction of the change and deleted in the transaction that decides
//! the last of its visits; between them it keeps how far the worker came.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::schema::marks;
use super::types::{self, CHUNK};
use crate::domain::again::{Mark, Place};
use crate::domain::dates::Instant;
use crate::domain::ids::{EncounterId, MarkId, OrganizationId};

/// Oldest marks that are looked at for one that is wide.
const OLDEST: i64 = 100;

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = marks, treat_none_as_default_value = false)]
struct Row {
    organization_id: i64,
    id: i64,
    touched: String,
    cause: String,
    depth: i32,
    back: bool,
    after_date: Option<NaiveDate>,
    after_start: Option<NaiveDateTime>,
    after_id: Option<i64>,
    tries: i32,
    due_at: NaiveDateTime,
    served_at: NaiveDateTime,
    marked_at: NaiveDateTime,
}

impl Row {
    fn of(mark: &Mark, real: Instant) -> Result<Self, StoreError> {
        Ok(Self {
            organization_id: mark.organization.as_i64(),
            id: mark.id.as_i64(),
            touched: types::write_json("marks.touched", &mark.touched)?,
            cause: mark.cause.as_str().to_owned(),
            depth: mark.depth,
            back: mark.back,
            after_date: mark.after.map(|p| p.date),
            after_start: mark.after.map(|p| p.start.naive()),
            after_id: mark.after.map(|p| p.id.as_i64()),
            tries: mark.tries,
            due_at: real.naive(),
            served_at: real.naive(),
            marked_at: mark.marked_at.naive(),
        })
    }

    fn into_domain(self) -> Result<Mark, StoreError> {
        let after = match (self.after_date, self.after_start, self.after_id) {
            (Some(date), Some(start), Some(id)) => Some(Place {
                date,
                start: Instant::from_naive(start),
                id: EncounterId::from_i64(id),
            }),
            _ => None,
        };
        Ok(Mark {
            organization: OrganizationId::from_i64(self.organization_id),
            id: MarkId::from_i64(self.id),
            touched: types::read_json("marks.touched", &self.touched)?,
            cause: types::read("marks.cause", self.cause)?,
            depth: self.depth,
            back: self.back,
            after,
            tries: self.tries,
            marked_at: Instant::from_naive(self.marked_at),
        })
    }
}

/// Adds marks; `real` is the system's time, by which they take turns.
pub fn insert_all(conn: &mut Conn, list: &[Mark], real: Instant) -> Result<(), StoreError> {
    for chunk in list.chunks(CHUNK) {
        let rows = chunk.iter().map(|m| Row::of(m, real)).collect::<Result<Vec<_>, _>>()?;
        per_backend!(&mut *conn, c => diesel::insert_into(marks::table).values(&rows).execute(c))?;
    }
    Ok(())
}

/// The next organization after `after`, in order of id, that has a mark due at `real`.
pub fn next_organization(
    conn: &mut Conn,
    after: Option<OrganizationId>,
    real: Instant,
) -> Result<Option<OrganizationId>, StoreError> {
    let found: Option<i64> = marks::table
        .filter(marks::organization_id.gt(after.map_or(-1, OrganizationId::as_i64)))
        .filter(marks::due_at.le(real.naive()))
        .order(marks::organization_id)
        .select(marks::organization_id)
        .first(conn)
        .optional()?;
    Ok(found.map(OrganizationId::from_i64))
}

/// The organization's marks due at `real`, the one that waits longest first; `direct`: of those only that somebody's
/// change made.
pub fn due(
    conn: &mut Conn,
    organization: OrganizationId,
    (real, direct): (Instant, bool),
    limit: i64,
) -> Result<Vec<Mark>, StoreError> {
    let mut query = marks::table
        .filter(marks::organization_id.eq(organization.as_i64()))
        .filter(marks::due_at.le(real.naive()))
        .order((marks::served_at, marks::id))
        .limit(types::page_size(limit))
        .select(Row::as_select())
        .into_boxed();
    if direct {
        query = query.filter(marks::depth.eq(0));
    }
    let rows: Vec<Row> = query.load(conn)?;
    rows.into_iter().map(Row::into_domain).collect()
}

/// Whether somebody's change of much is under way: a wide mark that is due, never failed, and of which something
/// is done. It is older than what came of it, so that the oldest marks are looked at, however many there are.
pub fn is_wide_under_way(
    conn: &mut Conn,
    organization: OrganizationId,
    real: Instant,
) -> Result<bool, StoreError> {
    let rows: Vec<Row> = marks::table
        .filter(marks::organization_id.eq(organization.as_i64()))
        .order(marks::id)
        .limit(types::page_size(OLDEST))
        .select(Row::as_select())
        .load(conn)?;
    let direct = |row: &Row| row.depth == 0 && row.tries == 0 && row.due_at <= real.naive();
    for row in rows.into_iter().filter(direct) {
        let mark = row.into_domain()?;
        if mark.touched.is_wide() && !mark.is_fresh() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// All marks of an organization, due or not, oldest first.
pub fn all(conn: &mut Conn, organization: OrganizationId) -> Result<Vec<Mark>, StoreError> {
    let rows: Vec<Row> = marks::table
        .filter(marks::organization_id.eq(organization.as_i64()))
        .order(marks::id)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Row::into_domain).collect()
}

/// Whether an organization has any mark, due or not.
pub fn any(conn: &mut Conn, organization: OrganizationId) -> Result<bool, StoreError> {
    let found: Option<i64> = marks::table
        .filter(marks::organization_id.eq(organization.as_i64()))
        .select(marks::id)
        .first(conn)
        .optional()?;
    Ok(found.is_some())
}

/// Keeps how far the worker came with a mark, and what it stands for by now; puts it at the end of the
/// round.
pub fn proceed(conn: &mut Conn, mark: &Mark, real: Instant) -> Result<(), StoreError> {
    diesel::update(marks::table.find((mark.organization.as_i64(), mark.id.as_i64())))
        .set((
            marks::touched.eq(types::write_json("marks.touched", &mark.touched)?),
            marks::back.eq(mark.back),
            marks::after_date.eq(mark.after.map(|p| p.date)),
            marks::after_start.eq(mark.after.map(|p| p.start.naive())),
            marks::after_id.eq(mark.after.map(|p| p.id.as_i64())),
            marks::tries.eq(0),
            marks::served_at.eq(real.naive()),
        ))
        .execute(conn)?;
    Ok(())
}

/// Notes that a mark could not be worked on; it is due again at `due`, and waits from then on.
pub fn postpone(
    conn: &mut Conn,
    organization: OrganizationId,
    id: MarkId,
    tries: i32,
    due: Instant,
) -> Result<(), StoreError> {
    diesel::update(marks::table.find((organization.as_i64(), id.as_i64())))
        .set((
            marks::tries.eq(tries),
            marks::due_at.eq(due.naive()),
            marks::served_at.eq(due.naive()),
        ))
        .execute(conn)?;
    Ok(())
}

/// Takes marks away: all that they touched was decided again.
pub fn delete(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[MarkId],
) -> Result<(), StoreError> {
    for chunk in ids.chunks(CHUNK) {
        let chunk: Vec<i64> = chunk.iter().map(|id| id.as_i64()).collect();
        let of_tenant = marks::table.filter(marks::organization_id.eq(organization.as_i64()));
        diesel::delete(of_tenant.filter(marks::id.eq_any(chunk))).execute(conn)?;
    }
    Ok(())
}
