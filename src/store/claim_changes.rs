//! Replacements and voids of claims. One is open for a claim at a time, by a rule of the database.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::ready_lines::Wanted;
use super::schema::{claim_changes, claim_line_parts, claim_lines, claims, encounters};
use super::types::{self, CHUNK};
use crate::domain::claim_change::{Before, ChangeState, ClaimChange, LeftOut};
use crate::domain::dates::Instant;
use crate::domain::identifiers::Reference;
use crate::domain::ids::{ClaimChangeId, ClaimId, MemberId, OrganizationId, PayerId};
use crate::domain::status::ClaimStatus;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = claim_changes, treat_none_as_default_value = false)]
struct Row {
    organization_id: i64,
    id: i64,
    claim_id: i64,
    payer_id: i64,
    member_id: i64,
    kind: String,
    state: String,
    is_open: bool,
    reason: String,
    visits: String,
    voids: String,
    problem: Option<String>,
    built_claim_id: Option<i64>,
    asked_at: NaiveDateTime,
    ended_at: Option<NaiveDateTime>,
    without_held: bool,
    evidence: Option<String>,
    note: Option<String>,
}

impl Row {
    fn into_domain(self) -> Result<ClaimChange, StoreError> {
        Ok(ClaimChange {
            id: ClaimChangeId::from_i64(self.id),
            claim: ClaimId::from_i64(self.claim_id),
            payer: PayerId::from_i64(self.payer_id),
            member: MemberId::from_i64(self.member_id),
            kind: types::read("claim_changes.kind", self.kind)?,
            state: types::read("claim_changes.state", self.state)?,
            reason: self.reason,
            visits: types::read("claim_changes.visits", self.visits)?,
            left_out: types::read_json("claim_changes.voids", &self.voids)?,
            problem: self.problem,
            built: self.built_claim_id.map(ClaimId::from_i64),
            asked_at: Instant::from_naive(self.asked_at),
            ended_at: self.ended_at.map(Instant::from_naive),
            without_held: self.without_held,
            evidence: self.evidence,
            note: types::read_optional("claim_changes.note", self.note)?,
        })
    }
}

/// Inserts a change. A conflict: another one of the claim is open.
pub fn insert(
    conn: &mut Conn,
    organization: OrganizationId,
    change: &ClaimChange,
) -> Result<(), StoreError> {
    let row = Row {
        organization_id: organization.as_i64(),
        id: change.id.as_i64(),
        claim_id: change.claim.as_i64(),
        payer_id: change.payer.as_i64(),
        member_id: change.member.as_i64(),
        kind: change.kind.to_string(),
        state: change.state.to_string(),
        is_open: change.state.is_open(),
        reason: change.reason.clone(),
        visits: change.visits.to_string(),
        voids: types::write_json("claim_changes.voids", &change.left_out)?,
        problem: change.problem.clone(),
        built_claim_id: change.built.map(ClaimId::as_i64),
        asked_at: change.asked_at.naive(),
        ended_at: change.ended_at.map(Instant::naive),
        without_held: change.without_held,
        evidence: change.evidence.clone(),
        note: change.note.as_ref().map(|text| text.as_str().to_owned()),
    };
    diesel::insert_into(claim_changes::table).values(&row).execute(conn)?;
    Ok(())
}

/// The open change of a claim.
pub fn open_of(
    conn: &mut Conn,
    organization: OrganizationId,
    claim: ClaimId,
) -> Result<Option<ClaimChange>, StoreError> {
    let row: Option<Row> = claim_changes::table
        .filter(claim_changes::organization_id.eq(organization.as_i64()))
        .filter(claim_changes::claim_id.eq(claim.as_i64()))
        .filter(claim_changes::is_open.eq(true))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(Row::into_domain).transpose()
}

/// The change of a claim that was asked for last.
pub fn last_of(
    conn: &mut Conn,
    organization: OrganizationId,
    claim: ClaimId,
) -> Result<Option<ClaimChange>, StoreError> {
    Ok(last_of_all(conn, organization, &[claim])?.remove(&claim))
}

/// Of each of these claims the change that was asked for last.
pub fn last_of_all(
    conn: &mut Conn,
    organization: OrganizationId,
    of: &[ClaimId],
) -> Result<HashMap<ClaimId, ClaimChange>, StoreError> {
    let mut found = HashMap::new();
    for chunk in of.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|c| c.as_i64()).collect();
        let rows: Vec<Row> = claim_changes::table
            .filter(claim_changes::organization_id.eq(organization.as_i64()))
            .filter(claim_changes::claim_id.eq_any(ids))
            .order(claim_changes::id)
            .select(Row::as_select())
            .load(conn)?;
        for row in rows {
            // A later one comes in the place of those before it.
            found.insert(ClaimId::from_i64(row.claim_id), row.into_domain()?);
        }
    }
    Ok(found)
}

/// The changes that were built as these claims.
pub fn of_built(
    conn: &mut Conn,
    organization: OrganizationId,
    built: &[ClaimId],
) -> Result<Vec<ClaimChange>, StoreError> {
    let mut found = Vec::new();
    for chunk in built.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|c| c.as_i64()).collect();
        let rows: Vec<Row> = claim_changes::table
            .filter(claim_changes::organization_id.eq(organization.as_i64()))
            .filter(claim_changes::built_claim_id.eq_any(ids))
            .order(claim_changes::id)
            .select(Row::as_select())
            .load(conn)?;
        for row in rows {
            found.push(row.into_domain()?);
        }
    }
    Ok(found)
}

/// The open changes of these claims.
pub fn open_of_all(
    conn: &mut Conn,
    organization: OrganizationId,
    of: &[ClaimId],
) -> Result<Vec<ClaimChange>, StoreError> {
    let mut found = Vec::new();
    for chunk in of.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|c| c.as_i64()).collect();
        let rows: Vec<Row> = claim_changes::table
            .filter(claim_changes::organization_id.eq(organization.as_i64()))
            .filter(claim_changes::claim_id.eq_any(ids))
            .filter(claim_changes::is_open.eq(true))
            .select(Row::as_select())
            .load(conn)?;
        for row in rows {
            found.push(row.into_domain()?);
        }
    }
    Ok(found)
}

/// What is to be built for a payer up to a service date, oldest first; what met a problem comes last.
pub fn prepared(
    conn: &mut Conn,
    organization: OrganizationId,
    wanted: Wanted,
    limit: i64,
) -> Result<Vec<ClaimChange>, StoreError> {
    let due = claims::table
        .filter(claims::organization_id.eq(organization.as_i64()))
        .filter(claims::payer_id.eq(wanted.payer.as_i64()))
        .filter(claims::service_date.le(wanted.through))
        .select(claims::id);
    let rows: Vec<Row> = claim_changes::table
        .filter(claim_changes::organization_id.eq(organization.as_i64()))
        .filter(claim_changes::payer_id.eq(wanted.payer.as_i64()))
        .filter(claim_changes::is_open.eq(true))
        .filter(claim_changes::state.eq(ChangeState::Prepared.as_str()))
        .filter(claim_changes::claim_id.eq_any(due))
        .order((claim_changes::problem.is_not_null(), claim_changes::id))
        .limit(limit)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Row::into_domain).collect()
}

/// Says how it is known that the payer took a change.
pub fn set_evidence(
    conn: &mut Conn,
    organization: OrganizationId,
    id: ClaimChangeId,
    evidence: &str,
) -> Result<(), StoreError> {
    diesel::update(claim_changes::table.find((organization.as_i64(), id.as_i64())))
        .set(claim_changes::evidence.eq(evidence))
        .execute(conn)?;
    Ok(())
}

/// Moves a change on. As the first statement of a step it keeps others off until that has ended.
/// `false`: it is no longer in the state `from`.
pub fn advance(
    conn: &mut Conn,
    organization: OrganizationId,
    id: ClaimChangeId,
    (from, to): (ChangeState, ChangeState),
    at: Instant,
) -> Result<bool, StoreError> {
    if !from.may_become(to) {
        return Err(StoreError::Broken(format!("a change may not move from {from} to {to}")));
    }
    let ended = (!to.is_open()).then(|| at.naive());
    let moved = diesel::update(
        claim_changes::table
            .find((organization.as_i64(), id.as_i64()))
            .filter(claim_changes::state.eq(from.as_str())),
    )
    .set((
        claim_changes::state.eq(to.as_str()),
        claim_changes::is_open.eq(to.is_open()),
        claim_changes::ended_at.eq(ended),
    ))
    .execute(conn)?;
    Ok(moved == 1)
}

/// Says as which claim a change was built, and what was before.
pub fn set_built(
    conn: &mut Conn,
    organization: OrganizationId,
    id: ClaimChangeId,
    built: ClaimId,
    before: &Before,
) -> Result<(), StoreError> {
    let text = types::write_json("claim_changes.before", before)?;
    diesel::update(claim_changes::table.find((organization.as_i64(), id.as_i64())))
        .set((
            claim_changes::built_claim_id.eq(built.as_i64()),
            claim_changes::before.eq(text),
            claim_changes::problem.eq(None::<String>),
        ))
        .execute(conn)?;
    Ok(())
}

/// What was before a change was built.
pub fn before(
    conn: &mut Conn,
    organization: OrganizationId,
    id: ClaimChangeId,
) -> Result<Before, StoreError> {
    let text: Option<String> = claim_changes::table
        .find((organization.as_i64(), id.as_i64()))
        .select(claim_changes::before)
        .first(conn)?;
    let text = text.ok_or_else(|| types::broken("claim_changes.before"))?;
    types::read_json("claim_changes.before", &text)
}

/// Says why a change could not be built.
pub fn set_problem(
    conn: &mut Conn,
    organization: OrganizationId,
    id: ClaimChangeId,
    problem: &str,
) -> Result<(), StoreError> {
    diesel::update(claim_changes::table.find((organization.as_i64(), id.as_i64())))
        .set(claim_changes::problem.eq(problem))
        .execute(conn)?;
    Ok(())
}

/// Says which visits a change leaves out.
pub fn set_left_out(
    conn: &mut Conn,
    organization: OrganizationId,
    id: ClaimChangeId,
    list: &[LeftOut],
) -> Result<(), StoreError> {
    let text = types::write_json("claim_changes.voids", &list)?;
    diesel::update(claim_changes::table.find((organization.as_i64(), id.as_i64())))
        .set(claim_changes::voids.eq(text))
        .execute(conn)?;
    Ok(())
}

/// The visits of members that stand on claims with an open change, by reference.
pub fn corrected(
    conn: &mut Conn,
    organization: OrganizationId,
    members: &[MemberId],
) -> Result<Vec<Reference>, StoreError> {
    let mut found = Vec::new();
    for chunk in members.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|m| m.as_i64()).collect();
        let open: Vec<i64> = claim_changes::table
            .filter(claim_changes::organization_id.eq(organization.as_i64()))
            .filter(claim_changes::is_open.eq(true))
            .filter(claim_changes::member_id.eq_any(ids))
            .select(claim_changes::claim_id)
            .load(conn)?;
        if open.is_empty() {
            continue;
        }
        let rows: Vec<String> = claim_lines::table
            .inner_join(
                claim_line_parts::table.on(claim_line_parts::organization_id
                    .eq(claim_lines::organization_id)
                    .and(claim_line_parts::claim_line_id.eq(claim_lines::id))),
            )
            .inner_join(
                encounters::table.on(encounters::organization_id
                    .eq(claim_line_parts::organization_id)
                    .and(encounters::id.eq(claim_line_parts::encounter_id))),
            )
            .filter(claim_lines::organization_id.eq(organization.as_i64()))
            .filter(claim_lines::claim_id.eq_any(open))
            .select(encounters::reference)
            .load(conn)?;
        for row in rows {
            found.push(types::read("encounters.reference", row)?);
        }
    }
    Ok(found)
}

/// Moves one claim from one status to another. `false`: it has another one.
pub fn move_claim(
    conn: &mut Conn,
    organization: OrganizationId,
    id: ClaimId,
    (from, to): (ClaimStatus, ClaimStatus),
) -> Result<bool, StoreError> {
    if !from.may_become(to) {
        return Err(StoreError::Broken(format!("a claim may not move from {from} to {to}")));
    }
    let moved = diesel::update(
        claims::table
            .find((organization.as_i64(), id.as_i64()))
            .filter(claims::status.eq(from.as_str())),
    )
    .set(claims::status.eq(to.as_str()))
    .execute(conn)?;
    Ok(moved == 1)
}

/// Whether the lines of a claim are held by it.
pub fn set_live(
    conn: &mut Conn,
    organization: OrganizationId,
    claim: ClaimId,
    live: bool,
) -> Result<(), StoreError> {
    let lines = claim_lines::table
        .filter(claim_lines::organization_id.eq(organization.as_i64()))
        .filter(claim_lines::claim_id.eq(claim.as_i64()))
        .select(claim_lines::id);
    diesel::update(
        claim_line_parts::table
            .filter(claim_line_parts::organization_id.eq(organization.as_i64()))
            .filter(claim_line_parts::claim_line_id.eq_any(lines)),
    )
    .set(claim_line_parts::live.eq(live))
    .execute(conn)?;
    // Written as it is: by this the days of its lines are marked for the reports.
    diesel::update(claims::table.find((organization.as_i64(), claim.as_i64())))
        .set(claims::status.eq(claims::status))
        .execute(conn)?;
    Ok(())
}
