//! The audit trail's one seam: whoever changes something says so with [`note`], in the transaction
//! of the change; whoever hands out a file or a report says so with [`exported`], before the first
//! byte leaves. So there is no change without its entry and no entry without its change.
//!
//! Who acts stands in the context: the web door puts the holder of the key into it, the worker
//! itself, and on the command line it is whoever runs the program.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::Ctx;
use crate::domain::access::Role;
use crate::domain::again::Cause;
pub use crate::domain::audit::{Action, ActorKind, AuditEntry, Detail};
use crate::domain::ids::{AuditId, EncounterId, KeyId, OrganizationId};
use crate::error::AppError;
pub use crate::store::audit::Filter;
use crate::store::{Conn, Scope, audit as store};

/// Who is acting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The holder of an API key.
    Key {
        /// The key.
        id: KeyId,
        /// Its role.
        role: Role,
        /// The id of the request.
        request: Arc<str>,
    },
    /// Whoever runs the command line.
    Command,
    /// The service itself, by time.
    Worker,
}

/// Adds an entry to the trail, in the caller's transaction. `subject` is the id of what was changed;
/// an empty one is none.
pub fn note(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: Option<OrganizationId>,
    action: Action,
    subject: impl std::fmt::Display,
    detail: Detail,
) -> Result<(), AppError> {
    Ok(store::add(conn, &entry(ctx, organization, action, subject, detail))?)
}

/// Adds entries of several who act, in the one transaction of their changes.
pub(super) fn note_all(conn: &mut Conn, entries: &[AuditEntry]) -> Result<(), AppError> {
    Ok(store::add_all(conn, entries)?)
}

/// Adds an entry for each visit that a step decided again beside what it does, with the cause, as the worker does:
/// so a visit's own id finds why it is held.
pub(super) fn decided(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    visits: &BTreeMap<EncounterId, Cause>,
) -> Result<(), AppError> {
    let entry = |(id, cause): (&EncounterId, &Cause)| {
        let detail = Detail::default().about("cause", cause);
        entry(ctx, Some(organization), Action::EncounterDecide, id, detail)
    };
    note_all(conn, &visits.iter().map(entry).collect::<Vec<_>>())
}

/// The entry of [`note`].
pub(super) fn entry(
    ctx: &Ctx,
    organization: Option<OrganizationId>,
    action: Action,
    subject: impl std::fmt::Display,
    detail: Detail,
) -> AuditEntry {
    let (actor, key, role, request) = match &ctx.actor {
        Actor::Key { id, role, request } => {
            (ActorKind::Key, Some(*id), Some(*role), Some(request.as_ref().to_owned()))
        }
        Actor::Command => (ActorKind::Command, None, None, None),
        Actor::Worker => (ActorKind::Worker, None, None, None),
    };
    AuditEntry {
        id: ctx.id(),
        // Not the time of the work, which a demo's calendar may shift: what is told is when it
        // really happened.
        at: ctx.clock.real(),
        actor,
        key,
        role,
        organization,
        action,
        subject: Some(subject.to_string()).filter(|s| !s.is_empty()),
        detail,
        request: request.filter(|r| !r.is_empty()),
    }
}

/// Adds an entry for something that is about to leave the service. When it cannot be kept, nothing
/// leaves.
pub async fn exported(
    ctx: &Ctx,
    organization: Option<OrganizationId>,
    action: Action,
    subject: impl std::fmt::Display,
    detail: Detail,
) -> Result<(), AppError> {
    let (work, subject) = (ctx.clone(), subject.to_string());
    let scope = organization.map_or(Scope::Service, Scope::Tenant);
    let add = move |conn: &mut Conn| note(&work, conn, organization, action, subject, detail);
    ctx.db.write(scope, add).await
}

/// The names of the fields in which two versions of a thing differ.
pub fn changed<T: Serialize>(old: &T, new: &T) -> Result<Detail, AppError> {
    let fields = |thing: &T| match serde_json::to_value(thing) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(AppError::internal("only things with fields change")),
        Err(error) => Err(AppError::internal(error.to_string())),
    };
    let (old, new) = (fields(old)?, fields(new)?);
    let mut names: Vec<String> = old
        .keys()
        .chain(new.keys())
        .filter(|name| old.get(*name) != new.get(*name))
        .cloned()
        .collect();
    names.sort_unstable();
    names.dedup();
    Ok(Detail { fields: names, ..Detail::default() })
}

/// A page of entries, newest first, older than `after`.
pub async fn list(
    ctx: &Ctx,
    filter: Filter,
    after: Option<AuditId>,
    limit: i64,
) -> Result<Vec<AuditEntry>, AppError> {
    let scope = filter.organization.map_or(Scope::Service, Scope::Tenant);
    Ok(ctx.db.read(scope, move |conn| store::list(conn, &filter, after, limit)).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Thing {
        name: &'static str,
        units: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<u8>,
    }

    #[test]
    fn only_the_names_of_changed_fields_are_told() {
        let old = Thing { name: "Marigold", units: 1, note: None };
        let new = Thing { name: "Marigold", units: 2, note: Some(1) };
        assert_eq!(changed(&old, &new).unwrap().fields, ["note", "units"]);
        assert!(changed(&old, &old).unwrap().fields.is_empty());
    }
}
