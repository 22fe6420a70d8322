//! Authorizations. Member and payer never change; units, dates, services and number may.
//!
//! An authorization may come before the member's coverage is on the roster: out of order is normal.
//! Its services must be known: where the organization has a contract with the payer, each must be
//! a service of one of its versions, else a misspelt one would silently never match a visit.

use std::collections::HashSet;

use super::draft::AuthorizationInput;
use super::{
    AuthorizationFilter, FIRST, NO_SUCH_MEMBER, NO_SUCH_PAYER, exists, members_named, payers_named,
    same_revision, stale, told,
};
use crate::domain::authorization::{Authorization, AuthorizationData};
use crate::domain::identifiers::{AuthorizationNumber, Key};
use crate::domain::ids::{AuthorizationId, OrganizationId, PayerId};
use crate::error::{AppError, Fault};
use crate::flow::{Ctx, grants};
use crate::store::{Conn, Scope, StoreError, authorizations as store, contracts};

/// What a taken number is told as.
const TAKEN: &str = "an authorization of this payer with this number in this organization";
/// Versions whose services are looked at.
const ALL_VERSIONS: i64 = 1_000;

/// Creates an authorization; `already_exists` when the payer's number is taken.
pub fn create(
    conn: &mut Conn,
    ctx: &Ctx,
    organization: OrganizationId,
    input: AuthorizationInput,
) -> Result<Authorization, AppError> {
    let data = resolved(conn, organization, input)?;
    if let Some(other) = store::by_number(conn, organization, data.payer, &data.number)? {
        return Err(exists(TAKEN, "/number", other.id));
    }
    let authorization = Authorization { id: ctx.id(), revision: FIRST, data };
    store::insert(conn, organization, &authorization, ctx.now())?;
    grants::granted(ctx, conn, organization, std::slice::from_ref(&authorization))?;
    told::note(ctx, conn, Some(organization), None, &authorization)?;
    Ok(authorization)
}

/// Changes an authorization.
pub async fn update(
    ctx: &Ctx,
    organization: OrganizationId,
    id: AuthorizationId,
    revision: i32,
    input: AuthorizationInput,
) -> Result<Authorization, AppError> {
    let (now, work) = (ctx.now(), ctx.clone());
    ctx.db
        .write(Scope::Tenant(organization), move |conn| {
            let old = store::by_id(conn, organization, id)?;
            let old = old.ok_or_else(|| AppError::not_found("authorization"))?;
            same_revision(old.revision, revision)?;
            let data = resolved(conn, organization, input)?;
            let faults = fixed(&old.data, &data);
            if !faults.is_empty() {
                return Err(AppError::invalid(faults));
            }
            if data.number != old.data.number
                && let Some(other) = store::by_number(conn, organization, data.payer, &data.number)?
            {
                return Err(exists(TAKEN, "/number", other.id));
            }
            let mut new = Authorization { data, ..old.clone() };
            if new == old {
                return Ok(new);
            }
            grants::lock(&work, conn, organization, &[&old])?;
            if !store::update(conn, organization, &new, now)? {
                return Err(stale());
            }
            new.revision += 1;
            told::note(&work, conn, Some(organization), Some(&old), &new)?;
            grants::changed(&work, conn, organization, &old, &new)?;
            grants::mark(&work, conn, organization, std::slice::from_ref(&new))?;
            Ok(new)
        })
        .await
}

/// What may not change about an authorization, and would.
pub(super) fn fixed(old: &AuthorizationData, new: &AuthorizationData) -> Vec<Fault> {
    let mut faults = Vec::new();
    if old.member != new.member {
        faults.push(Fault::at("/member", "the member of an authorization never changes"));
    }
    if old.payer != new.payer {
        faults.push(Fault::at("/payer", "the payer of an authorization never changes"));
    }
    faults
}

fn resolved(
    conn: &mut Conn,
    organization: OrganizationId,
    input: AuthorizationInput,
) -> Result<AuthorizationData, AppError> {
    let AuthorizationInput { member, payer, number, services, units, span } = input;
    let member = members_named(conn, organization, std::iter::once(&member))?.remove(&member);
    let payer = payers_named(conn, std::iter::once(&payer))?.remove(&payer);
    let mut faults = Vec::new();
    if member.is_none() {
        faults.push(Fault::at("/member", NO_SUCH_MEMBER));
    }
    match &payer {
        None => faults.push(Fault::at("/payer", NO_SUCH_PAYER)),
        Some(payer) => {
            let known = known_services(conn, organization, payer.id)?;
            faults.extend(unknown_services(&services, known.as_ref()));
        }
    }
    match (member, payer) {
        (Some(member), Some(payer)) if faults.is_empty() => {
            let payer = payer.id;
            Ok(AuthorizationData { member, payer, number, services, units, span })
        }
        _ => Err(AppError::invalid(faults)),
    }
}

/// Services of all versions of the organization's contract with the payer; `None` without one.
pub(super) fn known_services(
    conn: &mut Conn,
    organization: OrganizationId,
    payer: PayerId,
) -> Result<Option<HashSet<Key>>, StoreError> {
    let versions = contracts::list(conn, organization, Some(payer), None, ALL_VERSIONS)?;
    let services = versions.iter().flat_map(|v| v.terms.pack.services.iter());
    Ok((!versions.is_empty()).then(|| services.map(|s| s.key.clone()).collect()))
}

/// Services that no version of the contract has.
pub(super) fn unknown_services(services: &[Key], known: Option<&HashSet<Key>>) -> Option<Fault> {
    let known = known?;
    let unknown: Vec<&str> =
        services.iter().filter(|s| !known.contains(*s)).map(Key::as_str).collect();
    let mut names: Vec<&str> = known.iter().map(Key::as_str).collect();
    names.sort_unstable();
    (!unknown.is_empty()).then(|| {
        let message = format!(
            "no version of the contract with this payer has {}; its services are: {}",
            unknown.join(", "),
            names.join(", ")
        );
        Fault::at("/services", message)
    })
}

/// The authorization with this id, if it is this organization's.
pub async fn get(
    ctx: &Ctx,
    organization: OrganizationId,
    id: AuthorizationId,
) -> Result<Authorization, AppError> {
    let scope = Scope::Tenant(organization);
    let found = ctx.db.read(scope, move |conn| store::by_id(conn, organization, id)).await?;
    found.ok_or_else(|| AppError::not_found("authorization"))
}

/// A page of authorizations after the given one. A number narrows it to those of that number, of
/// any payer.
pub async fn list(
    ctx: &Ctx,
    organization: OrganizationId,
    number: Option<AuthorizationNumber>,
    filter: AuthorizationFilter,
    after: Option<AuthorizationId>,
    limit: i64,
) -> Result<Vec<Authorization>, AppError> {
    let found = ctx.db.read(Scope::Tenant(organization), move |conn| match number {
        Some(number) => store::by_numbers(conn, organization, &[number]).map(|list| {
            let fits = |a: &Authorization| {
                filter.member.is_none_or(|m| m == a.data.member)
                    && filter.payer.is_none_or(|p| p == a.data.payer)
            };
            list.into_iter().filter(fits).collect()
        }),
        None => store::list(conn, organization, &filter, after, limit),
    });
    Ok(found.await?)
}
