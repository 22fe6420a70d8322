//! Holds: what waits of each visit. The rows are written wherever a decision is stored and taken
//! away where a visit is voided, so that they are always those of the current decisions.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::schema::{hold_reasons, holds};
use super::types::CHUNK;
use crate::domain::hold::Hold;
use crate::domain::ids::{EncounterId, OrganizationId, PayerId};
use crate::domain::money::Money;

/// A day as its number since 1 January 1970.
pub(super) fn day_number(day: NaiveDate) -> i32 {
    let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap_or_default();
    i32::try_from((day - epoch).num_days()).unwrap_or(i32::MAX)
}

#[derive(Insertable)]
#[diesel(table_name = holds, treat_none_as_default_value = false)]
struct HoldRow {
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

#[derive(Insertable)]
#[diesel(table_name = hold_reasons, treat_none_as_default_value = false)]
struct ReasonRow {
    organization_id: i64,
    encounter_id: i64,
    rule: String,
    overridable: bool,
}

/// What a new decision holds of its visit.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) encounter: EncounterId,
    pub(super) payer: Option<PayerId>,
    pub(super) hold: Hold,
}

/// Puts the holds of new decisions in place.
pub(super) fn insert(
    conn: &mut Conn,
    organization: OrganizationId,
    list: &[Held],
) -> Result<(), StoreError> {
    let rows: Vec<HoldRow> = list.iter().map(|held| row(organization, held)).collect();
    for chunk in rows.chunks(CHUNK) {
        per_backend!(&mut *conn, c => diesel::insert_into(holds::table).values(chunk).execute(c))?;
    }
    let reasons = list.iter().flat_map(|held| {
        held.hold.reasons.iter().map(|reason| ReasonRow {
            organization_id: organization.as_i64(),
            encounter_id: held.encounter.as_i64(),
            rule: reason.rule.clone(),
            overridable: reason.overridable,
        })
    });
    let reasons: Vec<ReasonRow> = reasons.collect();
    for chunk in reasons.chunks(CHUNK) {
        per_backend!(&mut *conn,
            c => diesel::insert_into(hold_reasons::table).values(chunk).execute(c))?;
    }
    Ok(())
}

fn row(organization: OrganizationId, held: &Held) -> HoldRow {
    let why = &held.hold;
    HoldRow {
        organization_id: organization.as_i64(),
        encounter_id: held.encounter.as_i64(),
        payer_id: held.payer.map(PayerId::as_i64),
        whole: why.whole,
        units: i64::from(why.units),
        expected: why.at_risk.ok().map(Money::cents),
        unknown: why.at_risk.err().map(|reason| reason.as_str().to_owned()),
        overridable: why.reasons.iter().any(|r| r.overridable),
        due_day: why.file_by.map(day_number),
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
