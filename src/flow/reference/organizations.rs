//! Organizations with their locations. Mode and key never change.

use std::collections::HashSet;

use super::draft::OrganizationInput;
use super::{FIRST, exists, same_revision, stale, told};
use crate::domain::identifiers::Key;
use crate::domain::ids::OrganizationId;
use crate::domain::organization::{
    Location, LocationData, Organization, OrganizationData, names_a_box,
};
use crate::domain::rules::RuleId;
use crate::error::{AppError, Fault};
use crate::flow::Ctx;
use crate::flow::again::{self, Cause, Touched};
use crate::store::{Conn, Scope, StoreError, contracts, holds, organizations as store, programs};

/// Versions whose billing locations are looked at when a location goes.
const ALL_VERSIONS: i64 = 1_000;
/// Held visits above which all are looked at once, in their order, instead of each by a mark of its own.
const MANY_HELD: i64 = 200;
/// What a line of an address is told that names a box (2010AA N3).
pub(super) const IN_A_BOX: &str = "claims name the street where the organization is, never a box; a contract may have one as its `pay_to`";

/// Creates an organization; `already_exists` when its key is taken.
pub fn create(
    conn: &mut Conn,
    ctx: &Ctx,
    input: OrganizationInput,
) -> Result<Organization, AppError> {
    if let Some(other) = store::by_key(conn, &input.data.key)? {
        return Err(exists("an organization with this key", "/key", other.id));
    }
    let faults = in_boxes(&[], &input.locations);
    if !faults.is_empty() {
        return Err(AppError::invalid(faults));
    }
    let locations = merged(ctx, &[], input.locations);
    let organization = Organization { id: ctx.id(), revision: FIRST, data: input.data, locations };
    store::insert(conn, &organization, ctx.now())?;
    told::note(ctx, conn, Some(organization.id), None, &organization)?;
    Ok(organization)
}

/// Changes an organization; its locations are set as given, the same key being the same location.
/// Refused: another key or mode, and leaving out a location from which a contract bills or where a program is.
pub async fn update(
    ctx: &Ctx,
    id: OrganizationId,
    revision: i32,
    input: OrganizationInput,
) -> Result<Organization, AppError> {
    let ctx = ctx.clone();
    let db = ctx.db.clone();
    db.write(Scope::Tenant(id), move |conn| {
        // Before anything is read: a program or contract that is being put at a location is there when it is
        // asked what would miss the location, or finds it gone (`docs/adr/0156`).
        store::lock(conn, id)?;
        let old = store::by_id(conn, id)?.ok_or_else(|| AppError::not_found("organization"))?;
        same_revision(old.revision, revision)?;
        let mut faults = fixed(&old.data, &input.data);
        faults.extend(in_boxes(&old.locations, &input.locations));
        let locations = merged(&ctx, &old.locations, input.locations);
        faults.extend(missed(conn, &old, &locations)?);
        if !faults.is_empty() {
            return Err(AppError::invalid(faults));
        }
        let mut new = Organization { data: input.data, locations, ..old.clone() };
        if new == old {
            return Ok(new);
        }
        if !store::update(conn, &new, ctx.now())? {
            return Err(stale());
        }
        told::note(&ctx, conn, Some(id), Some(&old), &new)?;
        new.revision += 1;
        let touched = touches(conn, id, &old.data, &new.data)?;
        again::mark(&ctx, conn, id, Cause::Organization, &touched)?;
        Ok(new)
    })
    .await
}

/// What a change of an organization may decide otherwise: all of it, when it is about the zone or
/// the Part 2 posture; else what its claims could not say.
pub(super) fn touches(
    conn: &mut Conn,
    id: OrganizationId,
    old: &OrganizationData,
    new: &OrganizationData,
) -> Result<Vec<Touched>, AppError> {
    if (old.zone, old.part2) != (new.zone, new.part2) {
        return Ok(vec![Touched::Organization]);
    }
    held_by_form(conn, id, None)
}

/// Visits, of some programs or all, that are held because a claim form asks for something of the organization, its
/// locations or programs that was not on record. What is ready is asked again when it is claimed.
pub(super) fn held_by_form(
    conn: &mut Conn,
    id: OrganizationId,
    programs: Option<&[Key]>,
) -> Result<Vec<Touched>, AppError> {
    // Decisions that read what was before may hold by it: they are waited for.
    again::changing(conn, id)?;
    // The form tells of a peer only where it is not the organization, by its number.
    let rules = [RuleId::ClaimForm, RuleId::ClaimPeer];
    let held = holds::held_by(conn, id, &rules, programs, MANY_HELD + 1)?;
    if i64::try_from(held.len()).is_ok_and(|count| count > MANY_HELD) {
        return Ok(vec![Touched::Organization]);
    }
    Ok(held.into_iter().map(Touched::Encounter).collect())
}

/// What may not change about an organization, and would.
pub(super) fn fixed(old: &OrganizationData, new: &OrganizationData) -> Vec<Fault> {
    let mut faults = Vec::new();
    if old.key != new.key {
        faults.push(Fault::at("/key", "the key of an organization never changes"));
    }
    if old.mode != new.mode {
        let message = "the mode of an organization never changes; make another organization";
        faults.push(Fault::at("/mode", message));
    }
    faults
}

/// Lines of given locations that name a box, at their places in the list.
fn in_boxes(old: &[Location], new: &[LocationData]) -> Vec<Fault> {
    let each = new.iter().enumerate().flat_map(|(index, data)| {
        let known = old.iter().find(|location| location.data.key == data.key);
        let lines = boxed(known.map(|location| &location.data), data);
        lines.into_iter().map(move |line| Fault::at(format!("/locations/{index}{line}"), IN_A_BOX))
    });
    each.collect()
}

/// Where a location names a box and did not before. One that was stored before boxes were refused stays as it
/// is, so that the organization can be changed and its file be brought in again.
pub(super) fn boxed(old: Option<&LocationData>, new: &LocationData) -> Vec<&'static str> {
    let (old, new) = (old.map(|data| &data.address), &new.address);
    let lines = [
        ("/address/line1", old.map(|address| &address.line1), Some(&new.line1)),
        ("/address/line2", old.and_then(|address| address.line2.as_ref()), new.line2.as_ref()),
    ];
    let changed = lines.into_iter().filter(|(_, old, new)| new != old);
    let boxes = changed.filter(|(_, _, new)| new.is_some_and(|line| names_a_box(line.as_str())));
    boxes.map(|(pointer, ..)| pointer).collect()
}

/// Locations that are left out although a contract bills from them, or a program is there.
fn missed(
    conn: &mut Conn,
    old: &Organization,
    kept: &[Location],
) -> Result<Vec<Fault>, StoreError> {
    let kept: HashSet<&Key> = kept.iter().map(|l| &l.data.key).collect();
    let gone: HashSet<&Key> =
        old.locations.iter().map(|l| &l.data.key).filter(|k| !kept.contains(k)).collect();
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let versions = contracts::list(conn, old.id, None, None, ALL_VERSIONS)?;
    let billing = versions.iter().map(|v| &v.terms.agreement.billing_location);
    let missed: HashSet<&Key> = billing.filter(|key| gone.contains(key)).collect();
    let told = missed.into_iter().map(|key| {
        let message = format!("the location {key} is missing, and a contract bills from it");
        Fault::at("/locations", message)
    });
    let mut told: Vec<Fault> = told.collect();
    for key in programs::at(conn, old.id, &gone.into_iter().collect::<Vec<_>>())? {
        let message = format!("the location {key} is missing, and a program is there");
        told.push(Fault::at("/locations", message));
    }
    Ok(told)
}

/// The given locations in order of key; one whose key is known keeps its id.
pub(super) fn merged(ctx: &Ctx, old: &[Location], new: Vec<LocationData>) -> Vec<Location> {
    let id = |data: &LocationData| old.iter().find(|l| l.data.key == data.key).map(|l| l.id);
    let mut locations: Vec<Location> = new
        .into_iter()
        .map(|data| Location { id: id(&data).unwrap_or_else(|| ctx.id()), data })
        .collect();
    locations.sort_by(|a, b| a.data.key.cmp(&b.data.key));
    locations
}

/// The organization with this id.
pub async fn get(ctx: &Ctx, id: OrganizationId) -> Result<Organization, AppError> {
    let found = ctx.db.read(Scope::Tenant(id), move |conn| store::by_id(conn, id)).await?;
    found.ok_or_else(|| AppError::not_found("organization"))
}

/// A page of all organizations after the given one, or the one with this key: for admins.
pub async fn list(
    ctx: &Ctx,
    key: Option<Key>,
    after: Option<OrganizationId>,
    limit: i64,
) -> Result<Vec<Organization>, AppError> {
    let found = ctx.db.read(Scope::Service, move |conn| match key {
        Some(key) => store::by_key(conn, &key).map(|o| o.into_iter().collect()),
        None => store::list(conn, after, limit),
    });
    Ok(found.await?)
}
