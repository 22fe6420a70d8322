//! Payers: created by an admin, seen by admins and billers.

use super::draft::PayerName;
use super::{FIRST, exists, same_revision, stale, told};
use crate::domain::identifiers::Key;
use crate::domain::ids::PayerId;
use crate::domain::payer::{Payer, PayerData};
use crate::error::{AppError, Fault};
use crate::flow::Ctx;
use crate::store::{Conn, Scope, payers as store};

/// Creates a payer; `already_exists` when its key is taken.
pub fn create(conn: &mut Conn, ctx: &Ctx, data: PayerData) -> Result<Payer, AppError> {
    if let Some(other) = store::by_key(conn, &data.key)? {
        return Err(exists("a payer with this key", "/key", other.id));
    }
    let payer = Payer { id: ctx.id(), revision: FIRST, data };
    store::insert(conn, &payer, ctx.now())?;
    told::note(ctx, conn, None, None, &payer)?;
    Ok(payer)
}

/// Changes a payer. Its key and whether it is a sandbox never change: contracts rest on both.
pub async fn update(
    ctx: &Ctx,
    id: PayerId,
    revision: i32,
    data: PayerData,
) -> Result<Payer, AppError> {
    let (now, work) = (ctx.now(), ctx.clone());
    ctx.db
        .write(Scope::Service, move |conn| {
            let old = store::by_id(conn, id)?.ok_or_else(|| AppError::not_found("payer"))?;
            same_revision(old.revision, revision)?;
            let faults = fixed(&old.data, &data);
            if !faults.is_empty() {
                return Err(AppError::invalid(faults));
            }
            let mut payer = Payer { data, ..old.clone() };
            if payer == old {
                return Ok(payer);
            }
            if !store::update(conn, &payer, now)? {
                return Err(stale());
            }
            told::note(&work, conn, None, Some(&old), &payer)?;
            payer.revision += 1;
            Ok(payer)
        })
        .await
}

/// What may not change about a payer, and would.
pub(super) fn fixed(old: &PayerData, new: &PayerData) -> Vec<Fault> {
    let mut faults = Vec::new();
    if old.key != new.key {
        faults.push(Fault::at("/key", "the key of a payer never changes"));
    }
    if old.sandbox != new.sandbox {
        let message = "whether a payer is a sandbox never changes; make another payer";
        faults.push(Fault::at("/sandbox", message));
    }
    faults
}

/// The id of the payer with this name, if one is named; `not_found` when there is no such payer.
pub async fn named(ctx: &Ctx, name: Option<PayerName>) -> Result<Option<PayerId>, AppError> {
    let Some(name) = name else {
        return Ok(None);
    };
    let found = ctx.db.read(Scope::Service, move |conn| match name {
        PayerName::Id(id) => store::by_id(conn, id),
        PayerName::Key(key) => store::by_key(conn, &key),
    });
    found.await?.map(|p| Some(p.id)).ok_or_else(|| AppError::not_found("payer"))
}

/// The payer with this id.
pub async fn get(ctx: &Ctx, id: PayerId) -> Result<Payer, AppError> {
    let found = ctx.db.read(Scope::Service, move |conn| store::by_id(conn, id)).await?;
    found.ok_or_else(|| AppError::not_found("payer"))
}

/// A page of payers after the given one; or the one with this key.
pub async fn list(
    ctx: &Ctx,
    key: Option<Key>,
    after: Option<PayerId>,
    limit: i64,
) -> Result<Vec<Payer>, AppError> {
    let found = ctx.db.read(Scope::Service, move |conn| match key {
        Some(key) => store::by_key(conn, &key).map(|p| p.into_iter().collect()),
        None => store::list(conn, after, limit),
    });
    Ok(found.await?)
}
