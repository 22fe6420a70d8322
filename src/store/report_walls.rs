//! Whether a payer may be told less by now than when a file of people was made (`docs/adr/0144`): a consent
//! was taken back or has had its last day, an organization has become one that may be a Part 2 program, or a
//! contract has another version.
//!
//! What was recorded is counted, not dated: a consent that is revoked today may have been revoked as of last
//! month, and one that is granted anew does not undo that the first one ended. A file keeps how many of them
//! its own snapshot knew, so that no clock decides what came first.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::{consents, contracts, organizations, report_narrowings as narrowings};
use super::types;
use crate::domain::dates::{Instant, Zone};
use crate::domain::ids::{ConsentId, ContractVersionId, OrganizationId, PayerId};
use crate::domain::organization::Part2Posture;

/// What makes what payers may be told of an organization's people less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Narrowing {
    /// A consent was taken back.
    Consent {
        /// Which.
        id: ConsentId,
        /// Whom it permitted telling; none: all payers.
        recipient: Option<PayerId>,
    },
    /// A contract has another version, which may flag more services.
    Contract {
        /// Which.
        version: ContractVersionId,
        /// With whom.
        payer: PayerId,
    },
    /// The organization says something else of Part 2, or its days begin at other times.
    Organization {
        /// Its revision since.
        revision: i32,
    },
}

/// Keeps that it happened, where the organization may be a Part 2 program: else there is no wall.
pub fn narrow(
    conn: &mut Conn,
    organization: OrganizationId,
    what: Narrowing,
    now: Instant,
) -> Result<(), StoreError> {
    let id = organization.as_i64();
    let part2: String = organizations::table.find(id).select(organizations::part2).first(conn)?;
    if part2 == Part2Posture::NotProgram.as_str() {
        return Ok(());
    }
    let (cause, subject, payer) = match what {
        Narrowing::Consent { id, recipient } => ("consent", id.as_i64(), recipient),
        Narrowing::Contract { version, payer } => ("contract", version.as_i64(), Some(payer)),
        Narrowing::Organization { revision } => ("organization", i64::from(revision), None),
    };
    let row = (
        narrowings::organization_id.eq(id),
        narrowings::cause.eq(cause),
        narrowings::subject.eq(subject),
        narrowings::payer_id.eq(payer.map(PayerId::as_i64)),
        narrowings::recorded_at.eq(now.naive()),
    );
    diesel::insert_into(narrowings::table).values(row).execute(conn)?;
    Ok(())
}

/// How often what a payer may be told of an organization, or of all that have a contract with it, has become
/// less, as far as this snapshot knows.
pub fn known(
    conn: &mut Conn,
    payer: Option<PayerId>,
    organization: Option<OrganizationId>,
) -> Result<i64, StoreError> {
    let Some(payer) = payer.map(PayerId::as_i64) else { return Ok(0) };
    let with_it =
        contracts::table.filter(contracts::payer_id.eq(payer)).select(contracts::organization_id);
    let mut query = narrowings::table
        .filter(narrowings::payer_id.is_null().or(narrowings::payer_id.eq(payer)))
        .filter(narrowings::organization_id.eq_any(with_it))
        .into_boxed();
    if let Some(organization) = organization {
        query = query.filter(narrowings::organization_id.eq(organization.as_i64()));
    }
    Ok(query.count().get_result(conn)?)
}

/// What a file knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Everything until then.
    pub at: Instant,
    /// How often what its payer may be told had become less; -1, which is never known, where the file is closed for
    /// good (migration 74).
    pub narrowings: i64,
}

/// Whether anything may have narrowed since a file was made. Who is told no more than that it may have learns
/// nothing of anybody.
pub fn narrowed(
    conn: &mut Conn,
    payer: PayerId,
    organization: Option<OrganizationId>,
    (seen, now): (Seen, Instant),
) -> Result<bool, StoreError> {
    if known(conn, Some(payer), organization)? != seen.narrowings {
        return Ok(true);
    }
    for one in walled(conn, payer, organization)? {
        let zone: Zone = types::read("organizations.zone", one.zone)?;
        let days = (zone.date_of(seen.at), zone.date_of(now));
        if consent_ended(conn, (one.id, payer), days)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[derive(Queryable)]
struct Walled {
    id: i64,
    zone: String,
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
        .select((organizations::id, organizations::zone))
        .into_boxed();
    if let Some(organization) = organization {
        query = query.filter(organizations::id.eq(organization.as_i64()));
    }
    Ok(query.load(conn)?)
}

/// Whether a consent that names the payer, or all, had its last day: nobody records that.
fn consent_ended(
    conn: &mut Conn,
    (organization, payer): (i64, PayerId),
    (day, today): (NaiveDate, NaiveDate),
) -> Result<bool, StoreError> {
    let ended = consents::valid_to.ge(day).and(consents::valid_to.lt(today)).assume_not_null();
    let found: i64 = consents::table
        .filter(consents::organization_id.eq(organization))
        .filter(
            consents::recipient_id
                .is_null()
                .or(consents::recipient_id.eq(payer.as_i64()).assume_not_null()),
        )
        .filter(consents::valid_to.is_not_null().and(ended))
        .count()
        .get_result(conn)?;
    Ok(found > 0)
}
