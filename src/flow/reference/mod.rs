//! Reference data: organizations, payers, peers, members and what is on record of them, packs,
//! contracts and programs.
//!
//! `create` takes the connection, so that the answer can be kept in the same transaction
//! (`flow::idempotent`); the other steps open their own. A change names the revision it was made
//! from and is refused when somebody was faster.

pub mod authorizations;
pub mod bulk;
pub mod consents;
pub mod contracts;
mod coverage;
pub mod documents;
pub mod draft;
pub mod episodes;
pub mod members;
mod opening_names;
pub mod openings;
pub mod organizations;
pub mod packs;
pub mod payers;
pub mod peers;
pub mod programs;
mod told;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::domain::contract;
use crate::domain::identifiers::Key;
use crate::domain::identifiers::Reference;
use crate::domain::ids::{AccountId, MemberId, OrganizationId, PayerId};
use crate::domain::ledger::AccountKey;
use crate::domain::payer::Payer;
use crate::error::{AppError, Code, Fault};
use crate::flow::Ctx;
use crate::store::{Conn, StoreError, ledger, members as roster};
use draft::{MemberName, PayerName};

/// Whose rows a step may touch, for the doors that run steps in a transaction of their own.
pub use crate::store::Scope;
pub use crate::store::authorizations::Filter as AuthorizationFilter;
pub use crate::store::consents::Filter as ConsentFilter;
pub use crate::store::documents::Filter as DocumentFilter;
pub use crate::store::episodes::Filter as EpisodeFilter;
pub use crate::store::members::Filter as MemberFilter;
pub use crate::store::openings::Filter as OpeningFilter;

/// The revision of a new thing.
const FIRST: i32 = 1;
/// What is told where something is to be at a location that is not there.
const NO_SUCH_LOCATION: &str = "this organization has no location with this key";

/// What a fault says of a payer that is not there.
const NO_SUCH_PAYER: &str = "there is no payer with this id or key";

/// What a fault says of a member that is not there.
const NO_SUCH_MEMBER: &str = "this organization has no member with this id or reference";

/// A text of packs and contracts, as a door received it.
#[derive(Debug, Clone)]
pub enum Document {
    /// TOML: faults come with lines.
    Toml(String),
    /// JSON of the same layout: faults come with pointers.
    Json(serde_json::Value),
}

/// Refuses a change that was made from an older revision.
fn stale() -> AppError {
    let detail =
        "Somebody changed it meanwhile; GET it again and send the ETag that comes with it.";
    AppError::new(Code::PreconditionFailed, detail)
}

/// Goes on when the thing stands at the revision that the change was made from.
fn same_revision(stands: i32, expected: i32) -> Result<(), AppError> {
    if stands == expected { Ok(()) } else { Err(stale()) }
}

/// `already_exists`, told at the field that made it so.
fn exists(what: &str, field: &str, id: impl std::fmt::Display) -> AppError {
    let message = format!("{what} ({id}); change that one with PUT instead");
    AppError::new(Code::AlreadyExists, format!("There is already {message}."))
        .with_faults(vec![Fault::at(field, format!("there is already {message}"))])
}

/// Faults of the contract reader as this program's.
fn faults_of(faults: Vec<contract::Fault>) -> AppError {
    let each = faults.into_iter().map(|fault| match fault.place {
        contract::Place::Line(line) => {
            let path = Some(fault.path.as_str()).filter(|p| !p.is_empty());
            Fault::on_line(u64::from(line), path, fault.message)
        }
        contract::Place::Pointer(pointer) => Fault::at(pointer, fault.message),
    });
    AppError::invalid(each.collect())
}

/// The payers with these names; unknown names are left out.
fn payers_named<'a>(
    conn: &mut Conn,
    names: impl Iterator<Item = &'a PayerName>,
) -> Result<HashMap<PayerName, Payer>, StoreError> {
    let (mut ids, mut keys): (HashSet<PayerId>, HashSet<Key>) = Default::default();
    for name in names {
        match name {
            PayerName::Id(id) => {
                ids.insert(*id);
            }
            PayerName::Key(key) => {
                keys.insert(key.clone());
            }
        }
    }
    let by_id = crate::store::payers::by_ids(conn, &ids.into_iter().collect::<Vec<_>>())?;
    let by_key = crate::store::payers::by_keys(conn, &keys.into_iter().collect::<Vec<_>>())?;
    let mut found: HashMap<PayerName, Payer> =
        by_id.into_iter().map(|p| (PayerName::Id(p.id), p)).collect();
    found.extend(by_key.into_iter().map(|p| (PayerName::Key(p.data.key.clone()), p)));
    Ok(found)
}

/// The members with these names; unknown names are left out.
fn members_named<'a>(
    conn: &mut Conn,
    organization: OrganizationId,
    names: impl Iterator<Item = &'a MemberName>,
) -> Result<HashMap<MemberName, MemberId>, StoreError> {
    let (mut ids, mut references): (HashSet<MemberId>, HashSet<Reference>) = Default::default();
    for name in names {
        match name {
            MemberName::Id(id) => {
                ids.insert(*id);
            }
            MemberName::Reference(text) => {
                references.insert(text.clone());
            }
        }
    }
    let by_id = roster::by_ids(conn, organization, &ids.into_iter().collect::<Vec<_>>())?;
    let references: Vec<Reference> = references.into_iter().collect();
    let by_reference = roster::by_references(conn, organization, &references)?;
    let mut found: HashMap<MemberName, MemberId> =
        by_id.into_iter().map(|m| (MemberName::Id(m.id), m.id)).collect();
    found.extend(by_reference.into_iter().map(|m| (MemberName::Reference(m.data.reference), m.id)));
    Ok(found)
}

/// Takes turns with all decisions about these members until the transaction ends. A visit that is
/// being decided holds its member and has read the facts as they were; without the lock it would
/// be stored by facts that are gone, and nobody would look at it again.
fn lock_members(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    members: impl IntoIterator<Item = MemberId>,
) -> Result<(), StoreError> {
    let keys: BTreeMap<AccountKey, AccountId> =
        members.into_iter().map(|m| (AccountKey::member(m), ctx.id())).collect();
    ledger::lock_accounts(conn, organization, &keys).map(|_| ())
}
