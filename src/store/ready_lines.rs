//! Ready lines: what waits to be claimed. A year of a large organization is more than a process
//! should hold, so that they are asked for by members: whose claims never depend on others'.

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::conn::Conn;
use super::decisions::LineRow;
use super::error::StoreError;
use super::schema::decision_lines;
use crate::domain::ids::{MemberId, OrganizationId, PayerId};
use crate::domain::line::Line;

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
            .filter(decision_lines::organization_id.eq($organization.as_i64()))
            .filter(decision_lines::payer_id.eq($wanted.payer.as_i64()))
            // In the statement's own words: by a bound value a planner does not see that the index of
            // ready lines has them all.
            .filter(sql::<Bool>("decision_lines.status = 'ready'"))
            .filter(decision_lines::service_date.le($wanted.through))
    };
}

/// The next members with ready lines, after one: as many as have `most` lines together. A member's
/// lines are never parted, so one who has more is a part of his or her own; none when nobody is left.
pub fn next(
    conn: &mut Conn,
    organization: OrganizationId,
    wanted: Wanted,
    after: Option<MemberId>,
    most: i64,
) -> Result<Option<Members>, StoreError> {
    let most = most.max(1);
    // Of each line its member: never more of them than make the part and show that it is full.
    let lines: Vec<i64> = ready!(organization, wanted)
        .filter(decision_lines::member_id.gt(after.map_or(i64::MIN, MemberId::as_i64)))
        .order(decision_lines::member_id)
        .limit(most.saturating_add(1))
        .select(decision_lines::member_id)
        .load(conn)?;
    Ok(part(&lines, most))
}

/// The members of the first `most` of these lines, of each its member, in order: there are one more
/// where that is not all.
fn part(lines: &[i64], most: i64) -> Option<Members> {
    let (first, end) = (lines.first()?, lines.last()?);
    let full = i64::try_from(lines.len()).is_ok_and(|count| count > most);
    // Of the last one of a full part there may be more lines than were read.
    let whole = || lines.iter().rfind(|member| *member != end).unwrap_or(first);
    let last = if full { whole() } else { end };
    Some(Members { first: MemberId::from_i64(*first), last: MemberId::from_i64(*last) })
}

/// The ready lines of some members, by service date.
pub fn of(
    conn: &mut Conn,
    organization: OrganizationId,
    wanted: Wanted,
    members: Members,
) -> Result<Vec<Line>, StoreError> {
    let rows: Vec<LineRow> = ready!(organization, wanted)
        .filter(decision_lines::member_id.between(members.first.as_i64(), members.last.as_i64()))
        .order((
            decision_lines::service_date,
            decision_lines::encounter_id,
            decision_lines::ordinal,
        ))
        .select(LineRow::as_select())
        .load(conn)?;
    rows.into_iter().map(LineRow::into_domain).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The parts of all lines at once: members as long as theirs fit together.
    fn slow(counts: &[i64], most: i64) -> Vec<Members> {
        let (mut parts, mut lines): (Vec<Members>, i64) = (Vec::new(), 0);
        for (count, member) in counts.iter().zip(1..) {
            let member = MemberId::from_i64(member);
            match parts.last_mut() {
                Some(part) if lines + count <= most => (part.last, lines) = (member, lines + count),
                _ => {
                    parts.push(Members { first: member, last: member });
                    lines = *count;
                }
            }
        }
        parts
    }

    proptest! {
        #[test]
        fn walked_in_parts_everybody_comes_once_and_whole(
            counts in prop::collection::vec(1_i64..9, 0..12),
            most in 1_i64..20,
        ) {
            let of = |(count, member): (&i64, i64)| vec![member; usize::try_from(*count).unwrap()];
            let all: Vec<i64> = counts.iter().zip(1..).flat_map(of).collect();
            let (mut walked, mut after) = (Vec::new(), i64::MIN);
            loop {
                let ahead = all.iter().copied().filter(|member| *member > after);
                let read: Vec<i64> = ahead.take(usize::try_from(most + 1).unwrap()).collect();
                let Some(members) = part(&read, most) else { break };
                after = members.last.as_i64();
                walked.push(members);
            }
            prop_assert_eq!(walked, slow(&counts, most));
        }
    }
}
