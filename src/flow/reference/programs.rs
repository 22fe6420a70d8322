//! Programs, sites and grants of an organization. The key never changes.

use std::collections::HashSet;

use super::{FIRST, NO_SUCH_LOCATION, exists, same_revision, stale, told};
use crate::domain::identifiers::Key;
use crate::domain::ids::{OrganizationId, ProgramId};
use crate::domain::program::{Program, ProgramData};
use crate::error::{AppError, Code, Fault};
use crate::flow::Ctx;
use crate::flow::again::{self, Cause};
use crate::flow::reference::organizations::held_by_form;
use crate::store::{Conn, Scope, StoreError, organizations, programs as store};

/// What a fault says of a program that is not there.
pub const NO_SUCH_PROGRAM: &str = "this organization has no program with this key";
/// What a change of the kind is told: a payer is told of visits under programs, not of those under sites and
/// grants, and reports of the past would tell it otherwise than they did (ADR 141).
pub(super) const FIXED_KIND: &str =
    "the kind of a program never changes, because reports have told of it; make another program";
/// What a taken key is told as.
const TAKEN: &str = "a program with this key in this organization";

/// Creates a program; `already_exists` when its key is taken.
pub fn create(
    conn: &mut Conn,
    ctx: &Ctx,
    organization: OrganizationId,
    data: ProgramData,
) -> Result<Program, AppError> {
    // Before the locations are read: one of them may be going (`docs/adr/0156`).
    organizations::lock(conn, organization)?;
    let taken = store::by_keys(conn, organization, std::slice::from_ref(&data.key))?;
    if let Some(other) = taken.first() {
        return Err(exists(TAKEN, "/key", other.id));
    }
    placed(conn, organization, &data)?;
    let program = Program { id: ctx.id(), revision: FIRST, data };
    store::insert_all(conn, organization, std::slice::from_ref(&program), ctx.now())?;
    told::note(ctx, conn, Some(organization), None, &program)?;
    Ok(program)
}

/// Changes a program. Visits that name it keep their name, also where it did not run on their day
/// any more.
pub async fn update(
    ctx: &Ctx,
    organization: OrganizationId,
    id: ProgramId,
    revision: i32,
    data: ProgramData,
) -> Result<Program, AppError> {
    let work = ctx.clone();
    ctx.db
        .write(Scope::Tenant(organization), move |conn| {
            // As in `create`.
            organizations::lock(conn, organization)?;
            let old = store::by_id(conn, organization, id)?;
            let old = old.ok_or_else(|| AppError::not_found("program"))?;
            same_revision(old.revision, revision)?;
            if let Some(fault) = fixed(&old.data, &data) {
                return Err(AppError::invalid(vec![fault]));
            }
            if old.data.kind != data.kind {
                let detail = "A program stays of the kind that it was made with.";
                let fault = Fault::at("/kind", FIXED_KIND);
                return Err(AppError::new(Code::ReferenceConflict, detail).with_faults(vec![fault]));
            }
            if old.data.location != data.location {
                placed(conn, organization, &data)?;
            }
            let mut new = Program { data, ..old.clone() };
            if new == old {
                return Ok(new);
            }
            if !store::update(conn, organization, &new, work.now())? {
                return Err(stale());
            }
            told::note(&work, conn, Some(organization), Some(&old), &new)?;
            new.revision += 1;
            if old.data.location != new.data.location {
                let key = std::slice::from_ref(&new.data.key);
                let touched = held_by_form(conn, organization, Some(key))?;
                again::mark(&work, conn, organization, Cause::Organization, &touched)?;
            }
            Ok(new)
        })
        .await
}

/// Those of the keys that no program of the organization has.
pub fn unknown<'a>(
    conn: &mut Conn,
    organization: OrganizationId,
    keys: impl IntoIterator<Item = &'a Key>,
) -> Result<HashSet<Key>, StoreError> {
    let mut wanted: HashSet<Key> = keys.into_iter().cloned().collect();
    let list: Vec<Key> = wanted.iter().cloned().collect();
    for program in store::by_keys(conn, organization, &list)? {
        wanted.remove(&program.data.key);
    }
    Ok(wanted)
}

/// Refuses a program that is at a location which the organization does not have.
fn placed(
    conn: &mut Conn,
    organization: OrganizationId,
    data: &ProgramData,
) -> Result<(), AppError> {
    let Some(location) = &data.location else { return Ok(()) };
    let owner = organizations::by_id(conn, organization)?;
    if owner.is_some_and(|owner| owner.has_location(location)) {
        return Ok(());
    }
    Err(AppError::invalid(vec![Fault::at("/location", NO_SUCH_LOCATION)]))
}

fn fixed(old: &ProgramData, new: &ProgramData) -> Option<Fault> {
    let message = "the key of a program never changes; make another program";
    (old.key != new.key).then(|| Fault::at("/key", message))
}

/// The program with this id, if it is this organization's.
pub async fn get(
    ctx: &Ctx,
    organization: OrganizationId,
    id: ProgramId,
) -> Result<Program, AppError> {
    let scope = Scope::Tenant(organization);
    let found = ctx.db.read(scope, move |conn| store::by_id(conn, organization, id)).await?;
    found.ok_or_else(|| AppError::not_found("program"))
}

/// A page of programs after the given one; or the one with this key.
pub async fn list(
    ctx: &Ctx,
    organization: OrganizationId,
    key: Option<Key>,
    after: Option<ProgramId>,
    limit: i64,
) -> Result<Vec<Program>, AppError> {
    let found = ctx.db.read(Scope::Tenant(organization), move |conn| match key {
        Some(key) => store::by_keys(conn, organization, &[key]),
        None => store::list(conn, organization, after, limit),
    });
    Ok(found.await?)
}
