//! Overrides of rules. A row is added, and once marked as taken back; it never goes.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::{encounter_overrides as table, encounters};
use super::types;
use crate::domain::dates::Instant;
use crate::domain::identifiers::Reference;
use crate::domain::ids::{EncounterId, KeyId, OrganizationId, OverrideId};
use crate::domain::overriding::{Override, OverrideFact, Revocation};
use crate::domain::rules::RuleId;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = table, treat_none_as_default_value = false)]
struct Row {
    organization_id: i64,
    id: i64,
    encounter_id: i64,
    rule: String,
    content_hash: Vec<u8>,
    reason: String,
    key_id: Option<i64>,
    made_at: NaiveDateTime,
    revoked_at: Option<NaiveDateTime>,
    revoked_key_id: Option<i64>,
    revoke_reason: Option<String>,
}

impl Row {
    /// `content` is the hash of what the visit says now.
    fn into_domain(self, content: &[u8]) -> Result<Override, StoreError> {
        let by = self.revoked_key_id.map(KeyId::from_i64);
        let revoked = self.revoked_at.zip(self.revoke_reason);
        Ok(Override {
            encounter: EncounterId::from_i64(self.encounter_id),
            same_content: self.content_hash == content,
            fact: OverrideFact {
                id: OverrideId::from_i64(self.id),
                rule: types::read("encounter_overrides.rule", self.rule)?,
                reason: self.reason,
                by: self.key_id.map(KeyId::from_i64),
                at: Instant::from_naive(self.made_at),
            },
            revoked: revoked.map(|(at, reason)| {
                let at = Instant::from_naive(at);
                Revocation { at, by, reason }
            }),
        })
    }
}

/// The hash of what a visit says now.
fn content(
    conn: &mut Conn,
    organization: OrganizationId,
    encounter: EncounterId,
) -> Result<Vec<u8>, StoreError> {
    let found = encounters::table.find((organization.as_i64(), encounter.as_i64()));
    Ok(found.select(encounters::content_hash).first(conn)?)
}

/// Keeps an override of the visit as it is now. A conflict when one of the same rule is in force.
pub fn insert(
    conn: &mut Conn,
    organization: OrganizationId,
    encounter: EncounterId,
    fact: &OverrideFact,
) -> Result<(), StoreError> {
    let content_hash = content(conn, organization, encounter)?;
    // Asked first: SQLite's trigger refuses a second row before its index would tell of a conflict.
    let live: Vec<Vec<u8>> = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::encounter_id.eq(encounter.as_i64()))
        .filter(table::rule.eq(fact.rule.as_str()))
        .filter(table::revoked_at.is_null())
        .select(table::content_hash)
        .load(conn)?;
    if live.contains(&content_hash) {
        return Err(StoreError::Conflict { hint: "encounter_overrides_live".to_owned() });
    }
    let row = Row {
        organization_id: organization.as_i64(),
        id: fact.id.as_i64(),
        encounter_id: encounter.as_i64(),
        rule: fact.rule.as_str().to_owned(),
        content_hash,
        reason: fact.reason.clone(),
        key_id: fact.by.map(KeyId::as_i64),
        made_at: fact.at.naive(),
        revoked_at: None,
        revoked_key_id: None,
        revoke_reason: None,
    };
    per_backend!(conn, c => diesel::insert_into(table::table).values(&row).execute(c))?;
    Ok(())
}

/// All overrides of a visit, oldest first, in force or not.
pub fn of_encounter(
    conn: &mut Conn,
    organization: OrganizationId,
    encounter: EncounterId,
) -> Result<Vec<Override>, StoreError> {
    let rows: Vec<Row> = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::encounter_id.eq(encounter.as_i64()))
        .order(table::id)
        .select(Row::as_select())
        .load(conn)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let content = content(conn, organization, encounter)?;
    rows.into_iter().map(|row| row.into_domain(&content)).collect()
}

/// What has not been taken back of these visits: the visit's reference, the hash of what it said when
/// the override was made, and the override.
pub fn live_of(
    conn: &mut Conn,
    organization: OrganizationId,
    list: &[EncounterId],
) -> Result<Vec<(Reference, Vec<u8>, OverrideFact)>, StoreError> {
    let mut found = Vec::new();
    for chunk in list.chunks(types::CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|i| i.as_i64()).collect();
        let same = encounters::organization_id
            .eq(table::organization_id)
            .and(encounters::id.eq(table::encounter_id));
        let rows: Vec<(Row, String)> = table::table
            .inner_join(encounters::table.on(same))
            .filter(table::organization_id.eq(organization.as_i64()))
            .filter(table::encounter_id.one_of(ids))
            .filter(table::revoked_at.is_null())
            .order(table::id)
            .select((Row::as_select(), encounters::reference))
            .load(conn)?;
        for (row, reference) in rows {
            let reference = types::read("encounters.reference", reference)?;
            let content = row.content_hash.clone();
            let fact = row.into_domain(&content)?.fact;
            found.push((reference, content, fact));
        }
    }
    Ok(found)
}

/// Takes back what stands of a rule at a visit; the number of overrides taken back.
pub fn revoke(
    conn: &mut Conn,
    organization: OrganizationId,
    encounter: EncounterId,
    rule: RuleId,
    how: &Revocation,
) -> Result<usize, StoreError> {
    let live = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::encounter_id.eq(encounter.as_i64()))
        .filter(table::rule.eq(rule.as_str()))
        .filter(table::revoked_at.is_null());
    let changed = diesel::update(live)
        .set((
            table::revoked_at.eq(how.at.naive()),
            table::revoked_key_id.eq(how.by.map(KeyId::as_i64)),
            table::revoke_reason.eq(&how.reason),
        ))
        .execute(conn)?;
    Ok(changed)
}
