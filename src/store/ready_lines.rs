//! Ready lines: what waits to be claimed. A year of a large organization is more than a process
//! should hold, so that they are asked for by members: whose claims never depend on others'.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::conn::Conn;
use super::decisions::LineRow;
use super::error::StoreError;
use super::schema::{decision_lines, encounters};
use crate::domain::ids::{MemberId, OrganizationId, PayerId};
use crate::domain::line::Line;
use crate::domain::status::LineStatus;

/// Lines of which payer, and up to which service date.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The payer.
    pub payer: PayerId,
    /// The last service date.
    pub through: NaiveDate,
}

/// Members from one id to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Members {
    /// The first.
    pub first: MemberId,
    /// The last.
    pub last: MemberId,
}

macro_rules! ready {
    ($organization:expr, $wanted:expr) => {
        decision_lines::table
            .inner_join(
                encounters::table.on(encounters::organization_id
                    .eq(decision_lines::organization_id)
                    .and(encounters::id.eq(decision_lines::encounter_id))),
            )
            .filter(decision_lines::organization_id.eq($organization.as_i64()))
            .filter(decision_lines::payer_id.eq($wanted.payer.as_i64()))
            .filter(decision_lines::status.eq(LineStatus::Ready.as_str()))
            .filter(decision_lines::service_date.le($wanted.through))
    };
}

/// The members with ready lines, in parts of as many lines as fit in `most`: a member's lines are
/// never parted, so one who has more is a part of his or her own.
pub fn parts(
    conn: &mut Conn,
    organization: OrganizationId,
    wanted: Wanted,
    most: i64,
) -> Result<Vec<Members>, StoreError> {
    let counts: Vec<(i64, i64)> = ready!(organization, wanted)
        .group_by(encounters::member_id)
        .order(encounters::member_id)
        .select((encounters::member_id, diesel::dsl::count_star()))
        .load(conn)?;
    let (mut parts, mut lines): (Vec<Members>, i64) = (Vec::new(), 0);
    for (member, count) in counts {
        let member = MemberId::from_i64(member);
        match parts.last_mut() {
            Some(part) if lines.saturating_add(count) <= most => {
                part.last = member;
                lines = lines.saturating_add(count);
            }
            _ => {
                parts.push(Members { first: member, last: member });
                lines = count;
            }
        }
    }
    Ok(parts)
}

/// The ready lines of some members, by service date.
pub fn of(
    conn: &mut Conn,
    organization: OrganizationId,
    wanted: Wanted,
    members: Members,
) -> Result<Vec<Line>, StoreError> {
    let rows: Vec<LineRow> = ready!(organization, wanted)
        .filter(encounters::member_id.between(members.first.as_i64(), members.last.as_i64()))
        .order((
            decision_lines::service_date,
            decision_lines::encounter_id,
            decision_lines::ordinal,
        ))
        .select(LineRow::as_select())
        .load(conn)?;
    rows.into_iter().map(LineRow::into_domain).collect()
}
