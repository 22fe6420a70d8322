//! Holds: what waits of each visit. The rows are written wherever a decision is stored and taken
//! away where a visit is voided, so that they are always those of the current decisions.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::conn::Conn;
use super::decisions::{NewDecision, StoredDecision};
use super::error::StoreError;
use super::schema::{encounters, hold_reasons, holds};
use super::sets::insert_set;
use super::types::CHUNK;
use crate::domain::dates::Instant;
use crate::domain::facts::Facts;
use crate::domain::hold::Hold;
use crate::domain::identifiers::Key;
use crate::domain::ids::{EncounterId, MemberId, OrganizationId, PayerId, PeerId};
use crate::domain::money::Money;
use crate::domain::rules::RuleId;

/// A day as its number since 1 January 1970.
pub(super) fn day_number(day: NaiveDate) -> i32 {
    let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap_or_default();
    i32::try_from((day - epoch).num_days()).unwrap_or(i32::MAX)
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = holds, treat_none_as_default_value = false)]
pub(super) struct HoldRow {
    organization_id: i64,
    encounter_id: i64,
    payer_id: Option<i64>,
    whole: bool,
    units: i64,
    expected: Option<i64>,
    unknown: Option<String>,
    overridable: bool,
    due_day: Option<i32>,
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = hold_reasons, treat_none_as_default_value = false)]
pub(super) struct ReasonRow {
    organization_id: i64,
    encounter_id: i64,
    rule: String,
    overridable: bool,
}

/// What a new decision holds of its visit.
struct Held {
    encounter: EncounterId,
    payer: Option<PayerId>,
    hold: Hold,
}

/// What new decisions hold takes the place of what the ones before them held.
pub(super) fn instead(
    conn: &mut Conn,
    organization: OrganizationId,
    list: &[NewDecision<'_>],
) -> Result<(), StoreError> {
    let again: Vec<EncounterId> =
        list.iter().filter(|d| d.sequence > 1).map(|d| d.encounter).collect();
    remove(conn, organization, &again)?;
    let held = list.iter().filter_map(|d| {
        let payer = d.facts.billed.as_ref().map(|b| b.data.payer);
        Hold::of(d.answer).map(|hold| Held { encounter: d.encounter, payer, hold })
    });
    insert(conn, organization, &held.collect::<Vec<_>>())
}

/// What a decision holds counts again that was not the current one for a while.
pub fn again(
    conn: &mut Conn,
    organization: OrganizationId,
    decision: &StoredDecision,
    facts: &Facts,
) -> Result<(), StoreError> {
    remove(conn, organization, &[decision.encounter])?;
    let (encounter, payer) = (decision.encounter, facts.billed.as_ref().map(|b| b.data.payer));
    let list = Hold::of(&decision.answer).map(|hold| Held { encounter, payer, hold });
    insert(conn, organization, &list.into_iter().collect::<Vec<_>>())
}

/// A visit that a rule holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub encounter: EncounterId,
    /// By which rule.
    pub rule: String,
    /// Of whom.
    pub member: MemberId,
    /// By whom.
    pub peer: PeerId,
    /// When.
    pub date: NaiveDate,
}

/// Visits of these members or peers that one of the rules holds.
pub fn waiting(
    conn: &mut Conn,
    organization: OrganizationId,
    rules: &[RuleId],
    members: &[MemberId],
    peers: &[PeerId],
) -> Result<Vec<Waiting>, StoreError> {
    let members: Vec<i64> = members.iter().map(|m| m.as_i64()).collect();
    let peers: Vec<i64> = peers.iter().map(|p| p.as_i64()).collect();
    let rules: Vec<&str> = rules.iter().map(|r| r.as_str()).collect();
    let joined = hold_reasons::table.inner_join(
        encounters::table.on(encounters::organization_id
            .eq(hold_reasons::organization_id)
            .and(encounters::id.eq(hold_reasons::encounter_id))),
    );
    let rows: Vec<(i64, String, i64, i64, NaiveDate)> = joined
        .filter(hold_reasons::organization_id.eq(organization.as_i64()))
        .filter(hold_reasons::rule.eq_any(rules))
        .filter(encounters::member_id.eq_any(members).or(encounters::peer_id.eq_any(peers)))
        .select((
            hold_reasons::encounter_id,
            hold_reasons::rule,
            encounters::member_id,
            encounters::peer_id,
            encounters::service_date,
        ))
        .load(conn)?;
    let waiting =
        |(encounter, rule, member, peer, date): (i64, String, i64, i64, NaiveDate)| Waiting {
            encounter: EncounterId::from_i64(encounter),
            rule,
            member: MemberId::from_i64(member),
            peer: PeerId::from_i64(peer),
            date,
        };
    Ok(rows.into_iter().map(waiting).collect())
}

/// The visits, of some programs or all, that one of the rules holds, in the order in which visits are decided again;
/// at most so many.
pub fn held_by(
    conn: &mut Conn,
    organization: OrganizationId,
    rules: &[RuleId],
    programs: Option<&[Key]>,
    limit: i64,
) -> Result<Vec<EncounterId>, StoreError> {
    let texts: Vec<&str> = rules.iter().map(|r| r.as_str()).collect();
    let joined = hold_reasons::table.inner_join(
        encounters::table.on(encounters::organization_id
            .eq(hold_reasons::organization_id)
            .and(encounters::id.eq(hold_reasons::encounter_id))),
    );
    // Each rule may hold the same visit.
    let rows = limit.saturating_mul(i64::try_from(rules.len()).unwrap_or(i64::MAX));
    let mut query = joined
        .filter(hold_reasons::organization_id.eq(organization.as_i64()))
        .filter(hold_reasons::rule.eq_any(texts))
        .order((encounters::service_date, encounters::started_at, encounters::id))
        .limit(rows)
        .select(encounters::id)
        .into_boxed();
    if let Some(programs) = programs {
        let keys: Vec<&str> = programs.iter().map(Key::as_str).collect();
        query = query.filter(encounters::program.assume_not_null().eq_any(keys));
    }
    let mut found: Vec<i64> = query.load(conn)?;
    found.dedup();
    let found = found.into_iter().map(EncounterId::from_i64);
    Ok(found.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
}

fn insert(conn: &mut Conn, organization: OrganizationId, list: &[Held]) -> Result<(), StoreError> {
    let rows: Vec<HoldRow> = list.iter().map(|held| row(organization, held)).collect();
    let reasons = list.iter().flat_map(|held| {
        held.hold.reasons.iter().map(|reason| ReasonRow {
            organization_id: organization.as_i64(),
            encounter_id: held.encounter.as_i64(),
            rule: reason.rule.clone(),
            overridable: reason.overridable,
        })
    });
    insert_rows(conn, &rows, &reasons.collect::<Vec<_>>())
}

pub(super) fn insert_rows(
    conn: &mut Conn,
    rows: &[HoldRow],
    reasons: &[ReasonRow],
) -> Result<(), StoreError> {
    insert_set!(conn, holds::table, rows);
    insert_set!(conn, hold_reasons::table, reasons);
    Ok(())
}

fn row(organization: OrganizationId, of: &Held) -> HoldRow {
    let hold = &of.hold;
    HoldRow {
        organization_id: organization.as_i64(),
        encounter_id: of.encounter.as_i64(),
        payer_id: of.payer.map(PayerId::as_i64),
        whole: hold.whole,
        units: i64::from(hold.units),
        expected: hold.at_risk.ok().map(Money::cents),
        unknown: hold.at_risk.err().map(|why| why.as_str().to_owned()),
        overridable: hold.reasons.iter().any(|r| r.overridable),
        due_day: hold.file_by.map(day_number),
    }
}

/// Takes the holds of these visits away.
pub(super) fn remove(
    conn: &mut Conn,
    organization: OrganizationId,
    encounters: &[EncounterId],
) -> Result<(), StoreError> {
    for chunk in encounters.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|i| i.as_i64()).collect();
        diesel::delete(
            hold_reasons::table
                .filter(hold_reasons::organization_id.eq(organization.as_i64()))
                .filter(hold_reasons::encounter_id.eq_any(ids.clone())),
        )
        .execute(conn)?;
        diesel::delete(
            holds::table
                .filter(holds::organization_id.eq(organization.as_i64()))
                .filter(holds::encounter_id.eq_any(ids)),
        )
        .execute(conn)?;
    }
    Ok(())
}

/// A visit that a rule holds.
#[derive(Debug, Clone, Copy)]
pub struct HeldVisit {
    /// Its id.
    pub encounter: EncounterId,
    /// Its member.
    pub member: MemberId,
    /// Its service date.
    pub service_date: NaiveDate,
    /// Its start.
    pub started_at: Instant,
}

/// The visits of these members that one of these rules holds, each once, in no order.
pub fn of_rules(
    conn: &mut Conn,
    organization: OrganizationId,
    rules: &[RuleId],
    members: &[MemberId],
) -> Result<Vec<HeldVisit>, StoreError> {
    let rules: Vec<&str> = rules.iter().map(|r| r.as_str()).collect();
    let mut found = Vec::new();
    for chunk in members.chunks(CHUNK) {
        let members: Vec<i64> = chunk.iter().map(|m| m.as_i64()).collect();
        let of_rules = hold_reasons::table
            .filter(hold_reasons::organization_id.eq(organization.as_i64()))
            .filter(hold_reasons::rule.eq_any(rules.clone()))
            .select(hold_reasons::encounter_id);
        let rows: Vec<(i64, i64, NaiveDate, NaiveDateTime)> = encounters::table
            .filter(encounters::organization_id.eq(organization.as_i64()))
            .filter(encounters::member_id.eq_any(members))
            .filter(encounters::id.eq_any(of_rules))
            .select((
                encounters::id,
                encounters::member_id,
                encounters::service_date,
                encounters::started_at,
            ))
            .load(conn)?;
        found.extend(rows.into_iter().map(|(id, member, service_date, start)| HeldVisit {
            encounter: EncounterId::from_i64(id),
            member: MemberId::from_i64(member),
            service_date,
            started_at: Instant::from_naive(start),
        }));
    }
    Ok(found)
}
