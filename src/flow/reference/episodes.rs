//! Enrollment episodes. The member never changes; the rest may.
//!
//! Episodes of one member and kind share no day where one payer counts both: else it is open in
//! which of the two a unit is counted. Whoever adds or changes one holds the member's lock, so that
//! two of them cannot do it at once, and so that no visit is decided by what has just changed.

use super::draft::EpisodeInput;
use super::programs::{NO_SUCH_PROGRAM, unknown as unknown_programs};
use super::{
    EpisodeFilter, FIRST, NO_SUCH_MEMBER, NO_SUCH_PAYER, exists, lock_members, members_named,
    payers_named, same_revision, stale, told,
};
use crate::domain::episode::{Episode, EpisodeData};
use crate::domain::identifiers::{Key, Reference};
use crate::domain::ids::{EpisodeId, MemberId, OrganizationId};
use crate::error::{AppError, Fault};
use crate::flow::Ctx;
use crate::flow::again::{self, Cause, Days, Touched};
use crate::store::{Conn, Scope, StoreError, episodes as store};

/// What a taken reference is told as.
const TAKEN: &str = "an episode with this reference in this organization";

/// Creates an episode; `already_exists` when its reference is taken.
pub fn create(
    conn: &mut Conn,
    ctx: &Ctx,
    organization: OrganizationId,
    input: EpisodeInput,
) -> Result<Episode, AppError> {
    let data = resolved(conn, organization, input)?;
    lock_members(ctx, conn, organization, [data.member])?;
    free(conn, organization, &data.reference)?;
    let episode = Episode { id: ctx.id(), revision: FIRST, data };
    apart(conn, organization, &episode)?;
    store::insert_all(conn, organization, std::slice::from_ref(&episode), ctx.now())?;
    told::note(ctx, conn, Some(organization), None, &episode)?;
    mark(ctx, conn, organization, [episode.data.member])?;
    Ok(episode)
}

/// Changes an episode.
pub async fn update(
    ctx: &Ctx,
    organization: OrganizationId,
    id: EpisodeId,
    revision: i32,
    input: EpisodeInput,
) -> Result<Episode, AppError> {
    let work = ctx.clone();
    ctx.db
        .write(Scope::Tenant(organization), move |conn| {
            let missing = || AppError::not_found("episode");
            let member = store::by_id(conn, organization, id)?.ok_or_else(missing)?.data.member;
            lock_members(&work, conn, organization, [member])?;
            let old = store::by_id(conn, organization, id)?.ok_or_else(missing)?;
            same_revision(old.revision, revision)?;
            let data = resolved(conn, organization, input)?;
            if let Some(fault) = fixed(&old.data, &data) {
                return Err(AppError::invalid(vec![fault]));
            }
            if data.reference != old.data.reference {
                free(conn, organization, &data.reference)?;
            }
            let mut new = Episode { data, ..old.clone() };
            if new == old {
                return Ok(new);
            }
            apart(conn, organization, &new)?;
            if !store::update(conn, organization, &new, work.now())? {
                return Err(stale());
            }
            told::note(&work, conn, Some(organization), Some(&old), &new)?;
            new.revision += 1;
            mark(&work, conn, organization, [new.data.member])?;
            Ok(new)
        })
        .await
}

/// Marks what episodes may decide otherwise: all visits of their members.
pub(super) fn mark(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    members: impl IntoIterator<Item = MemberId>,
) -> Result<(), AppError> {
    let touched: Vec<Touched> =
        members.into_iter().map(|id| Touched::Member(id, Days::ALL)).collect();
    again::mark(ctx, conn, organization, Cause::Episode, &touched)
}

/// What may not change about an episode, and would.
pub(super) fn fixed(old: &EpisodeData, new: &EpisodeData) -> Option<Fault> {
    let message = "the member of an episode never changes";
    (old.member != new.member).then(|| Fault::at("/member", message))
}

/// What two episodes that share days are told as; `other` is the one that is there.
pub(super) fn overlap(other: &EpisodeData) -> String {
    format!(
        "the episode {} of this kind has some of these days; end that one the day before this one \
         starts",
        other.reference
    )
}

fn free(
    conn: &mut Conn,
    organization: OrganizationId,
    reference: &Reference,
) -> Result<(), AppError> {
    let taken = store::by_references(conn, organization, std::slice::from_ref(reference))?;
    taken.first().map_or(Ok(()), |other| Err(exists(TAKEN, "/reference", other.id)))
}

fn apart(conn: &mut Conn, organization: OrganizationId, episode: &Episode) -> Result<(), AppError> {
    let others = store::of_members(conn, organization, &[episode.data.member])?;
    let clash = others.iter().find(|o| o.id != episode.id && o.data.clashes(&episode.data));
    clash.map_or(Ok(()), |other| Err(AppError::field("/from", overlap(&other.data))))
}

fn resolved(
    conn: &mut Conn,
    organization: OrganizationId,
    input: EpisodeInput,
) -> Result<EpisodeData, AppError> {
    let EpisodeInput { reference, member, kind, payer, program, span } = input;
    let known = members_named(conn, organization, std::iter::once(&member))?;
    let payers = payers_named(conn, payer.iter())?;
    let mut faults = Vec::new();
    let member = known.get(&member).copied();
    if member.is_none() {
        faults.push(Fault::at("/member", NO_SUCH_MEMBER));
    }
    let payer = payer.map(|name| payers.get(&name).map(|p| p.id));
    if payer == Some(None) {
        faults.push(Fault::at("/payer", NO_SUCH_PAYER));
    }
    faults.extend(unknown_program(conn, organization, program.as_ref())?);
    match member {
        Some(member) if faults.is_empty() => {
            Ok(EpisodeData { reference, member, kind, payer: payer.flatten(), program, span })
        }
        _ => Err(AppError::invalid(faults)),
    }
}

fn unknown_program(
    conn: &mut Conn,
    organization: OrganizationId,
    program: Option<&Key>,
) -> Result<Option<Fault>, StoreError> {
    let unknown = unknown_programs(conn, organization, program)?;
    Ok((!unknown.is_empty()).then(|| Fault::at("/program", NO_SUCH_PROGRAM)))
}

/// The episode with this id, if it is this organization's.
pub async fn get(
    ctx: &Ctx,
    organization: OrganizationId,
    id: EpisodeId,
) -> Result<Episode, AppError> {
    let scope = Scope::Tenant(organization);
    let found = ctx.db.read(scope, move |conn| store::by_id(conn, organization, id)).await?;
    found.ok_or_else(|| AppError::not_found("episode"))
}

/// A page of episodes after the given one; or the one with this reference.
pub async fn list(
    ctx: &Ctx,
    organization: OrganizationId,
    reference: Option<Reference>,
    filter: EpisodeFilter,
    after: Option<EpisodeId>,
    limit: i64,
) -> Result<Vec<Episode>, AppError> {
    let read = move |conn: &mut Conn| -> Result<Vec<Episode>, StoreError> {
        match reference {
            Some(text) => store::by_references(conn, organization, &[text]),
            None => store::list(conn, organization, &filter, after, limit),
        }
    };
    Ok(ctx.db.read(Scope::Tenant(organization), read).await?)
}
