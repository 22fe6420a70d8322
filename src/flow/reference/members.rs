//! Members with their coverages.

use std::collections::HashMap;

use chrono::{Days as DaySpan, NaiveDate};

use super::coverage::misfits;
use super::draft::{CoverageInput, MemberInput, PayerName};
use super::{FIRST, MemberFilter, NO_SUCH_PAYER, exists, payers_named, same_revision, stale, told};
use crate::domain::dates::Instant;
use crate::domain::identifiers::Reference;
use crate::domain::ids::{CoverageId, MemberId, OrganizationId};
use crate::domain::member::{Coverage, CoverageData, Member, MemberData};
use crate::domain::payer::Payer;
use crate::error::{AppError, Fault};
use crate::flow::Ctx;
use crate::flow::again::{self, Cause, Days, Touched};
use crate::store::{Conn, Scope, members as store, organizations};

/// What a taken reference is told as.
const TAKEN: &str = "a member with this reference in this organization";

/// Creates a member; `already_exists` when the organization has one with this reference.
pub fn create(
    conn: &mut Conn,
    ctx: &Ctx,
    organization: OrganizationId,
    input: MemberInput,
) -> Result<Member, AppError> {
    // Two members added at once could take one number: they come one after the other.
    organizations::lock(conn, organization)?;
    if let Some(other) = store::by_reference(conn, organization, &input.data.reference)? {
        return Err(exists(TAKEN, "/reference", other.id));
    }
    let blank = Member { id: ctx.id(), revision: FIRST, data: input.data, coverages: Vec::new() };
    let member = with_coverages(conn, ctx, organization, blank, input.coverages)?;
    store::insert(conn, organization, &member, ctx.now())?;
    told::note(ctx, conn, Some(organization), None, &member)?;
    Ok(member)
}

/// Changes a member; coverages are set as given, those of the same payer, number and first day
/// being the same coverage.
pub async fn update(
    ctx: &Ctx,
    organization: OrganizationId,
    id: MemberId,
    revision: i32,
    input: MemberInput,
) -> Result<Member, AppError> {
    let ctx = ctx.clone();
    let db = ctx.db.clone();
    db.write(Scope::Tenant(organization), move |conn| {
        organizations::lock(conn, organization)?;
        let old = store::by_id(conn, organization, id)?;
        let old = old.ok_or_else(|| AppError::not_found("member"))?;
        same_revision(old.revision, revision)?;
        if input.data.reference != old.data.reference
            && let Some(other) = store::by_reference(conn, organization, &input.data.reference)?
        {
            return Err(exists(TAKEN, "/reference", other.id));
        }
        let new = Member { data: input.data, ..old.clone() };
        let mut member = with_coverages(conn, &ctx, organization, new, input.coverages)?;
        if member == old {
            return Ok(member);
        }
        if !store::update(conn, organization, &member, ctx.now())? {
            return Err(stale());
        }
        told::note(&ctx, conn, Some(organization), Some(&old), &member)?;
        member.revision += 1;
        if old.coverages != member.coverages {
            again::follow_numbers(&ctx, conn, organization, &[&member])?;
        }
        let touched: Vec<Touched> = touches(&old, &member).into_iter().collect();
        again::mark(&ctx, conn, organization, Cause::Member, &touched)?;
        Ok(member)
    })
    .await
}

/// What a change of a member may decide otherwise: all visits, also those outside of a coverage's
/// days, which are told under the coverage that is nearest.
pub(super) fn touches(old: &Member, new: &Member) -> Option<Touched> {
    // A claim may want any of it, and may not be able to say it.
    let unnamed =
        |m: &Member| MemberData { reference: new.data.reference.clone(), ..m.data.clone() };
    let same = unnamed(old) == unnamed(new) && old.coverages == new.coverages;
    (!same).then_some(Touched::Member(new.id, Days::ALL))
}

/// The member with these coverages in place of its own, or all that is wrong with them.
fn with_coverages(
    conn: &mut Conn,
    ctx: &Ctx,
    organization: OrganizationId,
    member: Member,
    inputs: Vec<CoverageInput>,
) -> Result<Member, AppError> {
    let mut faults = Vec::new();
    faults.extend(born_in_the_future(&member.data, ctx.now()));
    let payers = payers_named(conn, inputs.iter().map(|c| &c.payer))?;
    let mut coverages: Vec<Coverage> = Vec::new();
    let mut places: HashMap<CoverageId, usize> = HashMap::new();
    for (index, input) in inputs.into_iter().enumerate() {
        let Some(data) = resolved(&payers, input) else {
            faults.push(Fault::at(format!("/coverages/{index}/payer"), NO_SUCH_PAYER));
            continue;
        };
        if let Some(fault) = known_in_the_future(&data, ctx.now()) {
            faults.push(Fault::at(format!("/coverages/{index}/known_on"), fault));
        }
        let known = member.coverages.iter().find(|c| same(&c.data, &data));
        // A coverage that is given twice gets its own id, so that its overlap is told.
        let id = known.map(|c| c.id).filter(|id| !places.contains_key(id));
        let id = id.unwrap_or_else(|| ctx.id());
        places.insert(id, index);
        coverages.push(Coverage { id, data });
    }
    let mut member = Member { coverages, ..member };
    for misfit in misfits(conn, organization, &[&member])? {
        let index = places.get(&misfit.coverage).copied().unwrap_or_default();
        let pointer = format!("/coverages/{index}/{}", misfit.field);
        faults.push(Fault::at(pointer, misfit.message));
    }
    if !faults.is_empty() {
        return Err(AppError::invalid(faults));
    }
    sort(&mut member.coverages);
    Ok(member)
}

/// A day of birth after today.
pub(super) fn born_in_the_future(data: &MemberData, now: Instant) -> Option<Fault> {
    let message = "the day of birth lies in the future";
    is_ahead(data.birth_date, now).then(|| Fault::at("/birth_date", message))
}

/// A coverage that became known after today: a filing clock may run from that day.
pub(super) fn known_in_the_future(data: &CoverageData, now: Instant) -> Option<&'static str> {
    let ahead = data.known_on.is_some_and(|day| is_ahead(day, now));
    ahead.then_some("the day on which the coverage became known lies in the future")
}

/// Whether a day is after today, wherever on earth today is latest.
fn is_ahead(day: NaiveDate, now: Instant) -> bool {
    let tomorrow = now.utc().date_naive().checked_add_days(DaySpan::new(1));
    tomorrow.is_some_and(|tomorrow| day > tomorrow)
}

/// The coverage with its payer looked up; `None` when there is no such payer.
pub(super) fn resolved(
    payers: &HashMap<PayerName, Payer>,
    input: CoverageInput,
) -> Option<CoverageData> {
    let CoverageInput { payer, member_number, span, order, product, known_on } = input;
    let payer = payers.get(&payer)?.id;
    Some(CoverageData { payer, member_number, span, order, product, known_on })
}

/// The natural key of a coverage within its member.
pub(super) fn same(a: &CoverageData, b: &CoverageData) -> bool {
    (a.payer, &a.member_number, a.span.from) == (b.payer, &b.member_number, b.span.from)
}

/// Sorts coverages as the store gives them.
pub(super) fn sort(coverages: &mut [Coverage]) {
    coverages.sort_by_key(|c| (c.data.span.from, c.data.order, c.id));
}

/// The member with this id, if it is this organization's.
pub async fn get(
    ctx: &Ctx,
    organization: OrganizationId,
    id: MemberId,
) -> Result<Member, AppError> {
    let scope = Scope::Tenant(organization);
    let found = ctx.db.read(scope, move |conn| store::by_id(conn, organization, id)).await?;
    found.ok_or_else(|| AppError::not_found("member"))
}

/// A page of members after the given one; or the one with this reference.
pub async fn list(
    ctx: &Ctx,
    organization: OrganizationId,
    reference: Option<Reference>,
    filter: MemberFilter,
    after: Option<MemberId>,
    limit: i64,
) -> Result<Vec<Member>, AppError> {
    let found = ctx.db.read(Scope::Tenant(organization), move |conn| match reference {
        Some(text) => {
            store::by_reference(conn, organization, &text).map(|m| m.into_iter().collect())
        }
        None => store::list(conn, organization, &filter, after, limit),
    });
    Ok(found.await?)
}
