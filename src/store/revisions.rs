//! Revisions of encounters: the content is put in place, what it was before is kept for ever.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::schema::{encounter_revisions, encounters};
use super::types;
use crate::domain::dates::Instant;
use crate::domain::encounter::{Encounter, EncounterData};
use crate::domain::identifiers::Key;
use crate::domain::ids::{DecisionId, EncounterId, OrganizationId};

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = encounter_revisions, treat_none_as_default_value = false)]
struct Row {
    organization_id: i64,
    encounter_id: i64,
    revision: i32,
    content: String,
    decision_id: i64,
    replaced_at: NaiveDateTime,
}

/// What an encounter said before it was revised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRevision {
    /// 1 for what was recorded first.
    pub revision: i32,
    /// What it said.
    pub data: EncounterData,
    /// The last decision of it.
    pub decision: DecisionId,
    /// When the next revision took its place.
    pub replaced_at: Instant,
}

/// Keeps what `before` says, and puts `data` in its place as the next revision. Its first decision
/// will be the next one of the encounter.
pub fn replace(
    conn: &mut Conn,
    organization: OrganizationId,
    before: &Encounter,
    (data, hash): (&EncounterData, [u8; 32]),
    at: Instant,
) -> Result<(), StoreError> {
    let row = Row {
        organization_id: organization.as_i64(),
        encounter_id: before.id.as_i64(),
        revision: before.revision,
        content: types::write_json("encounter_revisions.content", &before.data)?,
        decision_id: before.decision.as_i64(),
        replaced_at: at.naive(),
    };
    per_backend!(&mut *conn,
        c => diesel::insert_into(encounter_revisions::table).values(&row).execute(c))?;
    diesel::update(encounters::table.find((organization.as_i64(), before.id.as_i64())))
        .set((
            encounters::content_hash.eq(hash.to_vec()),
            encounters::content.eq(types::write_json("encounters.content", data)?),
            encounters::peer_id.eq(data.peer.as_i64()),
            encounters::member_id.eq(data.member.as_i64()),
            encounters::started_at.eq(data.started_at.naive()),
            encounters::ended_at.eq(data.ended_at.naive()),
            encounters::minutes.eq(i64::from(data.minutes())),
            encounters::role.eq(data.role.as_str()),
            encounters::mode.eq(data.mode.as_str()),
            encounters::setting.eq(data.setting.as_str()),
            encounters::program.eq(data.program.as_ref().map(Key::as_str)),
            encounters::revision.eq(before.revision + 1),
            encounters::content_sequence.eq(before.sequence + 1),
        ))
        .execute(conn)?;
    Ok(())
}

/// What an encounter said when a decision was made, if it says something else since.
pub fn read_by(
    conn: &mut Conn,
    organization: OrganizationId,
    encounter: EncounterId,
    decision: DecisionId,
) -> Result<Option<EncounterData>, StoreError> {
    let content: Option<String> = encounter_revisions::table
        .filter(encounter_revisions::organization_id.eq(organization.as_i64()))
        .filter(encounter_revisions::encounter_id.eq(encounter.as_i64()))
        .filter(encounter_revisions::decision_id.eq(decision.as_i64()))
        // Corrected more than once since: the first one is what was read.
        .order(encounter_revisions::revision)
        .select(encounter_revisions::content)
        .first(conn)
        .optional()?;
    content.map(|text| types::read_json("encounter_revisions.content", &text)).transpose()
}

/// What an encounter said before, oldest first, after the revision `after`.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    encounter: EncounterId,
    after: i32,
    limit: i64,
) -> Result<Vec<PastRevision>, StoreError> {
    let rows: Vec<Row> = encounter_revisions::table
        .filter(encounter_revisions::organization_id.eq(organization.as_i64()))
        .filter(encounter_revisions::encounter_id.eq(encounter.as_i64()))
        .filter(encounter_revisions::revision.gt(after))
        .order(encounter_revisions::revision)
        .limit(types::page_size(limit))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter()
        .map(|row| {
            Ok(PastRevision {
                revision: row.revision,
                data: types::read_json("encounter_revisions.content", &row.content)?,
                decision: DecisionId::from_i64(row.decision_id),
                replaced_at: Instant::from_naive(row.replaced_at),
            })
        })
        .collect()
}
