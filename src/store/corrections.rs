//! Claimed visits that would be billed otherwise today. At most one open row for each visit.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::schema::{claim_line_parts, claim_lines, claims, corrections, encounters};
use super::types;
use crate::domain::correction::{Billing, Correction};
use crate::domain::dates::Instant;
use crate::domain::ids::{ClaimId, CorrectionId, EncounterId, MemberId, OrganizationId, PeerId};
use crate::domain::status::ClaimStatus;

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = corrections, treat_none_as_default_value = false)]
struct Row {
    organization_id: i64,
    id: i64,
    encounter_id: i64,
    claim_id: i64,
    cause: String,
    billed: String,
    today: String,
    opened_at: NaiveDateTime,
    changed_at: NaiveDateTime,
    resolved_at: Option<NaiveDateTime>,
}

impl Row {
    fn of(organization: OrganizationId, c: &Correction) -> Result<Self, StoreError> {
        Ok(Self {
            organization_id: organization.as_i64(),
            id: c.id.as_i64(),
            encounter_id: c.encounter.as_i64(),
            claim_id: c.claim.as_i64(),
            cause: c.cause.as_str().to_owned(),
            billed: types::write_json("corrections.billed", &c.billed)?,
            today: types::write_json("corrections.today", &c.today)?,
            opened_at: c.opened_at.naive(),
            changed_at: c.changed_at.naive(),
            resolved_at: c.resolved_at.map(Instant::naive),
        })
    }

    fn into_domain(self) -> Result<Correction, StoreError> {
        Ok(Correction {
            id: CorrectionId::from_i64(self.id),
            encounter: EncounterId::from_i64(self.encounter_id),
            claim: ClaimId::from_i64(self.claim_id),
            cause: types::read("corrections.cause", self.cause)?,
            billed: types::read_json("corrections.billed", &self.billed)?,
            today: types::read_json("corrections.today", &self.today)?,
            opened_at: Instant::from_naive(self.opened_at),
            changed_at: Instant::from_naive(self.changed_at),
            resolved_at: self.resolved_at.map(Instant::from_naive),
        })
    }
}

/// Adds corrections.
pub fn insert_all(
    conn: &mut Conn,
    organization: OrganizationId,
    list: &[Correction],
) -> Result<(), StoreError> {
    for chunk in list.chunks(types::CHUNK) {
        let rows = chunk.iter().map(|c| Row::of(organization, c)).collect::<Result<Vec<_>, _>>()?;
        per_backend!(&mut *conn,
            c => diesel::insert_into(corrections::table).values(&rows).execute(c))?;
    }
    Ok(())
}

/// The open corrections of these visits.
pub fn open_of(
    conn: &mut Conn,
    organization: OrganizationId,
    encounters: &[EncounterId],
) -> Result<HashMap<EncounterId, Correction>, StoreError> {
    let mut found = HashMap::new();
    for chunk in encounters.chunks(types::CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|id| id.as_i64()).collect();
        let rows: Vec<Row> = corrections::table
            .filter(corrections::organization_id.eq(organization.as_i64()))
            .filter(corrections::encounter_id.eq_any(ids))
            .filter(corrections::resolved_at.is_null())
            .select(Row::as_select())
            .load(conn)?;
        for row in rows {
            let correction = row.into_domain()?;
            found.insert(correction.encounter, correction);
        }
    }
    Ok(found)
}

/// Says what an open correction comes to now.
pub fn set_today(
    conn: &mut Conn,
    organization: OrganizationId,
    id: CorrectionId,
    today: &Billing,
    at: Instant,
) -> Result<(), StoreError> {
    let text = types::write_json("corrections.today", today)?;
    diesel::update(corrections::table.find((organization.as_i64(), id.as_i64())))
        .set((corrections::today.eq(text), corrections::changed_at.eq(at.naive())))
        .execute(conn)?;
    Ok(())
}

/// Ends open corrections: what was billed is right again, or is billed no more.
pub fn resolve(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[CorrectionId],
    at: Instant,
) -> Result<(), StoreError> {
    for chunk in ids.chunks(types::CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|id| id.as_i64()).collect();
        diesel::update(
            corrections::table
                .filter(corrections::organization_id.eq(organization.as_i64()))
                .filter(corrections::id.eq_any(ids))
                .filter(corrections::resolved_at.is_null()),
        )
        .set((
            corrections::resolved_at.eq(Some(at.naive())),
            corrections::changed_at.eq(at.naive()),
        ))
        .execute(conn)?;
    }
    Ok(())
}

/// The live claims that state these visits; a visit is on one at most.
pub fn live_claims(
    conn: &mut Conn,
    organization: OrganizationId,
    encounters: &[EncounterId],
) -> Result<HashMap<EncounterId, ClaimId>, StoreError> {
    let mut found = HashMap::new();
    for chunk in encounters.chunks(types::CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|id| id.as_i64()).collect();
        let rows: Vec<(i64, i64)> = claim_line_parts::table
            .inner_join(
                claim_lines::table.on(claim_lines::organization_id
                    .eq(claim_line_parts::organization_id)
                    .and(claim_lines::id.eq(claim_line_parts::claim_line_id))),
            )
            .filter(claim_line_parts::organization_id.eq(organization.as_i64()))
            .filter(claim_line_parts::encounter_id.eq_any(ids))
            .filter(claim_line_parts::live.eq(true))
            .select((claim_line_parts::encounter_id, claim_lines::claim_id))
            .load(conn)?;
        let ids = rows.into_iter();
        found.extend(ids.map(|(e, c)| (EncounterId::from_i64(e), ClaimId::from_i64(c))));
    }
    Ok(found)
}

/// Those of these visits of which the payer has a claim that stands.
pub fn told(
    conn: &mut Conn,
    organization: OrganizationId,
    encounters: &[EncounterId],
) -> Result<HashSet<EncounterId>, StoreError> {
    let sent = [ClaimStatus::Released, ClaimStatus::Delivered, ClaimStatus::Accepted];
    let mut found = HashSet::new();
    for chunk in encounters.chunks(types::CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|id| id.as_i64()).collect();
        let rows: Vec<i64> = claim_line_parts::table
            .inner_join(
                claim_lines::table.on(claim_lines::organization_id
                    .eq(claim_line_parts::organization_id)
                    .and(claim_lines::id.eq(claim_line_parts::claim_line_id))),
            )
            .inner_join(
                claims::table.on(claims::organization_id
                    .eq(claim_lines::organization_id)
                    .and(claims::id.eq(claim_lines::claim_id))),
            )
            .filter(claim_line_parts::organization_id.eq(organization.as_i64()))
            .filter(claim_line_parts::encounter_id.eq_any(ids))
            .filter(claims::status.eq_any(sent.map(ClaimStatus::as_str)))
            .select(claim_line_parts::encounter_id)
            .load(conn)?;
        found.extend(rows.into_iter().map(EncounterId::from_i64));
    }
    Ok(found)
}

/// All visits that are to be corrected, with their members and peers.
pub fn open_visits(
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<Vec<(EncounterId, MemberId, PeerId)>, StoreError> {
    let rows: Vec<(i64, i64, i64)> = corrections::table
        .inner_join(
            encounters::table.on(encounters::organization_id
                .eq(corrections::organization_id)
                .and(encounters::id.eq(corrections::encounter_id))),
        )
        .filter(corrections::organization_id.eq(organization.as_i64()))
        .filter(corrections::resolved_at.is_null())
        .order(corrections::id)
        .select((encounters::id, encounters::member_id, encounters::peer_id))
        .load(conn)?;
    let ids = |(visit, member, peer)| {
        (EncounterId::from_i64(visit), MemberId::from_i64(member), PeerId::from_i64(peer))
    };
    Ok(rows.into_iter().map(ids).collect())
}

/// What a list of corrections is narrowed to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Open or resolved ones; none for both.
    pub open: Option<bool>,
    /// Of this claim.
    pub claim: Option<ClaimId>,
}

/// A correction as a list shows it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The correction.
    pub correction: Correction,
    /// The organization's name for the visit.
    pub reference: String,
    /// The claim's number (CLM01).
    pub claim_number: String,
    /// Control numbers of the claim lines that state the visit (REF*6R), in order.
    pub lines: Vec<String>,
}

/// A page of corrections in order of id, after `after`.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    filter: Filter,
    after: Option<CorrectionId>,
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let mut query = corrections::table
        .inner_join(
            encounters::table.on(encounters::organization_id
                .eq(corrections::organization_id)
                .and(encounters::id.eq(corrections::encounter_id))),
        )
        .inner_join(
            claims::table.on(claims::organization_id
                .eq(corrections::organization_id)
                .and(claims::id.eq(corrections::claim_id))),
        )
        .filter(corrections::organization_id.eq(organization.as_i64()))
        .filter(corrections::id.gt(after.map_or(-1, CorrectionId::as_i64)))
        .into_boxed();
    query = match filter.open {
        Some(true) => query.filter(corrections::resolved_at.is_null()),
        Some(false) => query.filter(corrections::resolved_at.is_not_null()),
        None => query,
    };
    if let Some(claim) = filter.claim {
        query = query.filter(corrections::claim_id.eq(claim.as_i64()));
    }
    let rows: Vec<(Row, String, String)> = query
        .order(corrections::id)
        .limit(types::page_size(limit))
        .select((Row::as_select(), encounters::reference, claims::number))
        .load(conn)?;
    let claims: Vec<i64> = rows.iter().map(|(row, ..)| row.claim_id).collect();
    let controls = line_controls(conn, organization, &claims)?;
    let mut listed = Vec::with_capacity(rows.len());
    for (row, reference, claim_number) in rows {
        let lines = controls.get(&(row.claim_id, row.encounter_id)).cloned().unwrap_or_default();
        listed.push(Listed { correction: row.into_domain()?, reference, claim_number, lines });
    }
    Ok(listed)
}

/// The control numbers of claims' lines, in order, by claim and visit that they state.
fn line_controls(
    conn: &mut Conn,
    organization: OrganizationId,
    claims: &[i64],
) -> Result<HashMap<(i64, i64), Vec<String>>, StoreError> {
    let rows: Vec<(i64, i64, String)> = claim_lines::table
        .inner_join(
            claim_line_parts::table.on(claim_line_parts::organization_id
                .eq(claim_lines::organization_id)
                .and(claim_line_parts::claim_line_id.eq(claim_lines::id))),
        )
        .filter(claim_lines::organization_id.eq(organization.as_i64()))
        .filter(claim_lines::claim_id.eq_any(claims))
        .order((claim_lines::claim_id, claim_lines::ordinal))
        .select((claim_lines::claim_id, claim_line_parts::encounter_id, claim_lines::control))
        .load(conn)?;
    let mut controls: HashMap<(i64, i64), Vec<String>> = HashMap::new();
    for (claim, encounter, control) in rows {
        let of_visit = controls.entry((claim, encounter)).or_default();
        // A line may have two parts of one visit.
        if of_visit.last() != Some(&control) {
            of_visit.push(control);
        }
    }
    Ok(controls)
}
