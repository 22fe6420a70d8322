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
use crate::domain::again::{Mark, NAMED, Place, WIDE};
use crate::domain::dates::Instant;
use crate::domain::ids::{EncounterId, MarkId, OrganizationId};

/// The kind of marks that a process of a version before migration 75 wrote: only what they touch says it.
const UNSAID: &str = "";

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
    kind: String,
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
            kind: mark.touched.kind().to_owned(),
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
/// is done.
pub fn is_wide_under_way(
    conn: &mut Conn,
    organization: OrganizationId,
    real: Instant,
) -> Result<bool, StoreError> {
    // What may be wide begins with the way back.
    let begun = marks::after_id.is_not_null().or(marks::back.eq(false));
    let rows: Vec<Row> = marks::table
        .filter(marks::organization_id.eq(organization.as_i64()))
        .filter(marks::kind.eq_any(WIDE.into_iter().chain([UNSAID])))
        .filter(marks::depth.eq(0))
        .filter(marks::tries.eq(0))
        .filter(marks::due_at.le(real.naive()))
        .filter(begun)
        .select(Row::as_select())
        .load(conn)?;
    for row in rows {
        if row.into_domain()?.touched.is_wide() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The organization's marks of people and visits, due or not, oldest first.
pub fn named(conn: &mut Conn, organization: OrganizationId) -> Result<Vec<Mark>, StoreError> {
    // Sorted here: SQLite would read all marks by their number, to spare itself the sorting of these.
    let mut rows: Vec<Row> = marks::table
        .filter(marks::organization_id.eq(organization.as_i64()))
        .filter(marks::kind.eq_any(NAMED.into_iter().chain([UNSAID])))
        .select(Row::as_select())
        .load(conn)?;
    rows.sort_by_key(|row| row.id);
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

/// Keeps what a mark stands for by now.
pub fn widen(conn: &mut Conn, mark: &Mark) -> Result<(), StoreError> {
    diesel::update(marks::table.find((mark.organization.as_i64(), mark.id.as_i64())))
        .set(marks::touched.eq(types::write_json("marks.touched", &mark.touched)?))
        .execute(conn)?;
    Ok(())
}

/// Keeps how far the worker came with marks: whether it is still on the way back, and the visit that it looked at
/// last; puts them at the end of the round.
pub fn proceed(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[MarkId],
    (back, after): (bool, Option<Place>),
    real: Instant,
) -> Result<(), StoreError> {
    for chunk in ids.chunks(CHUNK) {
        let of_tenant = marks::table.filter(marks::organization_id.eq(organization.as_i64()));
        diesel::update(of_tenant.filter(marks::id.eq_any(numbers(chunk))))
            .set((
                marks::back.eq(back),
                marks::after_date.eq(after.map(|p| p.date)),
                marks::after_start.eq(after.map(|p| p.start.naive())),
                marks::after_id.eq(after.map(|p| p.id.as_i64())),
                marks::tries.eq(0),
                marks::served_at.eq(real.naive()),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// How many marks there are, of all organizations, and how many of them could not be worked on.
pub fn counts(conn: &mut Conn) -> Result<(u64, u64), StoreError> {
    let broken = |_| StoreError::Broken("marks.count".into());
    let all: i64 = marks::table.count().get_result(conn)?;
    let failed: i64 = marks::table.filter(marks::tries.gt(0)).count().get_result(conn)?;
    Ok((u64::try_from(all).map_err(broken)?, u64::try_from(failed).map_err(broken)?))
}

/// How often in a row a mark could not be worked on; none: it is gone.
pub fn tries(
    conn: &mut Conn,
    organization: OrganizationId,
    id: MarkId,
) -> Result<Option<i32>, StoreError> {
    let mark = marks::table.find((organization.as_i64(), id.as_i64()));
    Ok(mark.select(marks::tries).first(conn).optional()?)
}

/// Notes that marks could not be worked on; they are due again at `due`, and wait from then on.
pub fn postpone(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[MarkId],
    tries: i32,
    due: Instant,
) -> Result<(), StoreError> {
    for chunk in ids.chunks(CHUNK) {
        let of_tenant = marks::table.filter(marks::organization_id.eq(organization.as_i64()));
        diesel::update(of_tenant.filter(marks::id.eq_any(numbers(chunk))))
            .set((
                marks::tries.eq(tries),
                marks::due_at.eq(due.naive()),
                marks::served_at.eq(due.naive()),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Takes marks away: all that they touched was decided again.
pub fn delete(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[MarkId],
) -> Result<(), StoreError> {
    for chunk in ids.chunks(CHUNK) {
        let of_tenant = marks::table.filter(marks::organization_id.eq(organization.as_i64()));
        diesel::delete(of_tenant.filter(marks::id.eq_any(numbers(chunk)))).execute(conn)?;
    }
    Ok(())
}

fn numbers(ids: &[MarkId]) -> Vec<i64> {
    ids.iter().map(|id| id.as_i64()).collect()
}
