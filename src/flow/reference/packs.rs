//! Payer packs: a version is stored once and never changes.

use super::{Document, faults_of};
use crate::domain::contract::{Pack, pack_from_json, pack_from_toml};
use crate::domain::ids::PackId;
use crate::error::{AppError, Code};
use crate::flow::Ctx;
use crate::flow::audit::{self, Action, Detail};
use crate::store::{Conn, Scope, packs as store};
pub use store::StoredPack;

/// Reads a pack, or tells every fault with its line or pointer.
pub fn parse(document: &Document) -> Result<Pack, AppError> {
    match document {
        Document::Toml(text) => pack_from_toml(text),
        Document::Json(value) => pack_from_json(value),
    }
    .map_err(faults_of)
}

/// Stores a pack; `true` with it when it is new. The same pack again changes nothing; other content
/// under the same key and version is `already_exists`.
pub fn create(conn: &mut Conn, ctx: &Ctx, pack: Pack) -> Result<(StoredPack, bool), AppError> {
    if let Some(stored) = store::by_key_version(conn, &pack.key, &pack.version)? {
        if stored.pack == pack {
            return Ok((stored, false));
        }
        let detail = format!(
            "The pack {}@{} exists with other content, and a version never changes; give this one \
             a new version.",
            pack.key, pack.version
        );
        return Err(AppError::new(Code::AlreadyExists, detail));
    }
    let stored = StoredPack { id: ctx.id(), pack, created_at: ctx.now() };
    store::insert(conn, stored.id, &stored.pack, stored.created_at)?;
    audit::note(ctx, conn, None, Action::PackAdd, stored.id, Detail::default())?;
    Ok((stored, true))
}

/// The pack with this id.
pub async fn get(ctx: &Ctx, id: PackId) -> Result<StoredPack, AppError> {
    let found = ctx.db.read(Scope::Service, move |conn| store::by_id(conn, id)).await?;
    found.ok_or_else(|| AppError::not_found("pack"))
}

/// A page of packs after the given one.
pub async fn list(
    ctx: &Ctx,
    after: Option<PackId>,
    limit: i64,
) -> Result<Vec<StoredPack>, AppError> {
    Ok(ctx.db.read(Scope::Service, move |conn| store::list(conn, after, limit)).await?)
}
