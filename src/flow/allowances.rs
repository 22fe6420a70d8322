//! What is left for a member on a day: the same counting as a decision's, without a visit.

use chrono::NaiveDate;

use super::Ctx;
use crate::domain::authorization::Authorization;
use crate::domain::contract::in_force;
use crate::domain::decision::Remaining;
use crate::domain::episode::Episode;
use crate::domain::ids::{MemberId, OrganizationId, PayerId};
use crate::domain::rules;
use crate::error::AppError;
use crate::store::allowances::Holdings;
use crate::store::{self, Conn, Scope};

/// What is left for a member on a day under one payer's contract.
#[derive(Debug, Clone)]
pub struct Allowances {
    /// Whose coverage it is.
    pub payer: PayerId,
    /// Limits, free units, authorizations.
    pub remaining: Vec<Allowance>,
}

/// A figure, and what of it was used before go-live.
#[derive(Debug, Clone)]
pub struct Allowance {
    /// What is left.
    pub figure: Remaining,
    /// Units of opening balances among those used.
    pub opening: i64,
}

/// What is left for a member on a day, for each payer whose contract is in force for a coverage.
pub async fn on_day(
    ctx: &Ctx,
    tenant: OrganizationId,
    member: MemberId,
    on: NaiveDate,
) -> Result<Vec<Allowances>, AppError> {
    let work = ctx.clone();
    let read = move |conn: &mut Conn| of_member(&work, conn, tenant, member, on);
    ctx.db.read(Scope::Tenant(tenant), read).await
}

fn of_member(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    member: MemberId,
    on: NaiveDate,
) -> Result<Vec<Allowances>, AppError> {
    let member = store::members::by_id(conn, tenant, member)?
        .ok_or_else(|| AppError::not_found("member"))?;
    let heads = store::contracts::versions_of(conn, tenant)?;
    let authorizations = store::authorizations::of_members(conn, tenant, &[member.id])?;
    let episodes = store::episodes::of_members(conn, tenant, &[member.id])?;
    let openings = store::openings::of_members(conn, tenant, &[member.id])?;
    let authorizations: Vec<&Authorization> = authorizations.iter().collect();
    let episodes: Vec<&Episode> = episodes.iter().collect();
    let coverages = &member.coverages;
    let holdings = Holdings { coverages, authorizations: &authorizations, episodes: &episodes };
    let mut answers = Vec::new();
    for coverage in member.coverages.iter().filter(|c| c.data.span.covers(on)) {
        let payer = coverage.data.payer;
        let Some(version) = in_force(&heads, payer, on) else { continue };
        let terms = ctx.terms(conn, tenant, version.id)?;
        let left = store::allowances::left(conn, tenant, &terms, &coverage.data, holdings, on)?;
        let seen = |figure| Allowance {
            opening: rules::opened(
                &terms,
                &left.authorizations,
                &figure,
                &openings,
                &left.accounts,
            ),
            figure,
        };
        answers
            .push(Allowances { payer, remaining: left.remaining.into_iter().map(seen).collect() });
    }
    Ok(answers)
}
