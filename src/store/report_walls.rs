//! Whether a payer may be told less by now than when a file of people was made: a consent has ended, an
//! organization has become one that may be a Part 2 program, or a contract has another version.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::{consents, contract_versions as versions, contracts, organizations};
use super::types;
use crate::domain::dates::{Instant, Zone};
use crate::domain::ids::{OrganizationId, PayerId};
use crate::domain::organization::Part2Posture;

/// Whether anything may have narrowed since `then`. Who is told no more than that it may have learns
/// nothing of anybody.
pub fn narrowed(
    conn: &mut Conn,
    payer: PayerId,
    organization: Option<OrganizationId>,
    (then, now): (Instant, Instant),
) -> Result<bool, StoreError> {
    for one in walled(conn, payer, organization)? {
        if one.updated_at > then.naive() || newer_version(conn, one.id, payer, then)? {
            return Ok(true);
        }
        let zone: Zone = types::read("organizations.zone", one.zone)?;
        let days = (zone.date_of(then), zone.date_of(now));
        if consent_ended(conn, (one.id, payer), then, days)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[derive(Queryable)]
struct Walled {
    id: i64,
    zone: String,
    updated_at: NaiveDateTime,
}

/// Organizations of the payer that have not said that they are no Part 2 program.
fn walled(
    conn: &mut Conn,
    payer: PayerId,
    organization: Option<OrganizationId>,
) -> Result<Vec<Walled>, StoreError> {
    let mut query = organizations::table
        .filter(organizations::part2.ne(Part2Posture::NotProgram.as_str()))
        .filter(
            organizations::id.eq_any(
                contracts::table
                    .filter(contracts::payer_id.eq(payer.as_i64()))
                    .select(contracts::organization_id),
            ),
        )
        .select((organizations::id, organizations::zone, organizations::updated_at))
        .into_boxed();
    if let Some(organization) = organization {
        query = query.filter(organizations::id.eq(organization.as_i64()));
    }
    Ok(query.load(conn)?)
}

fn newer_version(
    conn: &mut Conn,
    organization: i64,
    payer: PayerId,
    then: Instant,
) -> Result<bool, StoreError> {
    let of_contract = contracts::organization_id
        .eq(versions::organization_id)
        .and(contracts::id.eq(versions::contract_id));
    let found: i64 = versions::table
        .inner_join(contracts::table.on(of_contract))
        .filter(versions::organization_id.eq(organization))
        .filter(contracts::payer_id.eq(payer.as_i64()))
        .filter(versions::recorded_at.gt(then.naive()))
        .count()
        .get_result(conn)?;
    Ok(found > 0)
}

/// Whether a consent that names the payer, or all, was taken back, or had its last day.
fn consent_ended(
    conn: &mut Conn,
    (organization, payer): (i64, PayerId),
    then: Instant,
    (day, today): (NaiveDate, NaiveDate),
) -> Result<bool, StoreError> {
    let revoked = consents::revoked_at.gt(then.naive()).assume_not_null();
    let ended = consents::valid_to.ge(day).and(consents::valid_to.lt(today)).assume_not_null();
    let found: i64 = consents::table
        .filter(consents::organization_id.eq(organization))
        .filter(
            consents::recipient_id
                .is_null()
                .or(consents::recipient_id.eq(payer.as_i64()).assume_not_null()),
        )
        .filter(
            consents::revoked_at
                .is_not_null()
                .and(revoked)
                .or(consents::valid_to.is_not_null().and(ended)),
        )
        .count()
        .get_result(conn)?;
    Ok(found > 0)
}
