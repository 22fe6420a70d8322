//! Documents and other dated evidence. Whom one is about and its kind never change; the rest may.
//!
//! Whoever adds or changes one holds the locks of its member and peer, so that no visit is decided by
//! what has just changed; all visits that it may decide otherwise are decided again.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;

use super::draft::{DocumentInput, PeerName};
use super::{
    DocumentFilter, FIRST, NO_SUCH_MEMBER, exists, members_named, same_revision, stale, told,
};
use crate::domain::document::{Content, Document, DocumentData, DocumentKind};
use crate::domain::identifiers::{Key, Npi, Reference};
use crate::domain::ids::{AccountId, DocumentId, OrganizationId, PeerId};
use crate::domain::ledger::AccountKey;
use crate::error::{AppError, Fault};
use crate::flow::Ctx;
use crate::flow::again::{self, Cause, Days, Touched};
use crate::flow::encounters::organization as organization_of;
use crate::store::{Conn, Scope, StoreError, documents as store, ledger, peers};

/// What a taken reference is told as.
const TAKEN: &str = "a document with this reference in this organization";
/// What a fault says of a peer that is not there.
pub(super) const NO_SUCH_PEER: &str = "this organization has no peer with this id or NPI";

/// Creates a document; `already_exists` when its reference is taken.
pub fn create(
    conn: &mut Conn,
    ctx: &Ctx,
    organization: OrganizationId,
    input: DocumentInput,
) -> Result<Document, AppError> {
    let data = resolved(conn, ctx, organization, input)?;
    lock(ctx, conn, organization, [&data])?;
    free(conn, organization, &data.reference)?;
    let document = Document { id: ctx.id(), revision: FIRST, data };
    store::insert_all(conn, organization, std::slice::from_ref(&document), ctx.now())?;
    told::note(ctx, conn, Some(organization), None, &document)?;
    mark(ctx, conn, organization, [&document.data])?;
    Ok(document)
}

/// Changes a document.
pub async fn update(
    ctx: &Ctx,
    organization: OrganizationId,
    id: DocumentId,
    revision: i32,
    input: DocumentInput,
) -> Result<Document, AppError> {
    let work = ctx.clone();
    ctx.db
        .write(Scope::Tenant(organization), move |conn| {
            let missing = || AppError::not_found("document");
            let before = store::by_id(conn, organization, id)?.ok_or_else(missing)?;
            lock(&work, conn, organization, [&before.data])?;
            let old = store::by_id(conn, organization, id)?.ok_or_else(missing)?;
            same_revision(old.revision, revision)?;
            let data = resolved(conn, &work, organization, input)?;
            if let Some(fault) = fixed(&old.data, &data) {
                return Err(AppError::invalid(vec![fault]));
            }
            if data.reference != old.data.reference {
                free(conn, organization, &data.reference)?;
            }
            let mut new = Document { data, ..old.clone() };
            if new == old {
                return Ok(new);
            }
            if !store::update(conn, organization, &new, work.now())? {
                return Err(stale());
            }
            told::note(&work, conn, Some(organization), Some(&old), &new)?;
            new.revision += 1;
            mark(&work, conn, organization, [&old.data, &new.data])?;
            Ok(new)
        })
        .await
}

/// Marks what documents may decide otherwise: all visits of whom they are about.
pub(super) fn mark<'a>(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    documents: impl IntoIterator<Item = &'a DocumentData>,
) -> Result<(), AppError> {
    let mut touched: Vec<Touched> = Vec::new();
    let mut supervisors: Vec<&Key> = Vec::new();
    for data in documents {
        let one = match (data.member, data.peer) {
            (Some(member), _) => Touched::Member(member, Days::ALL),
            (None, Some(peer)) => Touched::Peer(peer, Days::ALL),
            (None, None) => Touched::Organization,
        };
        if !touched.contains(&one) {
            touched.push(one);
        }
        if let Content::Supervisor { about } = &data.content {
            supervisors.push(about);
        }
    }
    if !supervisors.is_empty() {
        // Whom one supervisor has, and whom not, is one question for all their peers.
        for other in store::of_kind(conn, organization, DocumentKind::Supervisor)? {
            let same = other.data.content.about().is_some_and(|by| supervisors.contains(&by));
            let one = other.data.peer.filter(|_| same).map(|p| Touched::Peer(p, Days::ALL));
            touched.extend(one.filter(|one| !touched.contains(one)));
        }
    }
    again::mark(ctx, conn, organization, Cause::Document, &touched)
}

/// Takes turns with all decisions about the people whom documents are about.
pub(super) fn lock<'a>(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    documents: impl IntoIterator<Item = &'a DocumentData>,
) -> Result<(), StoreError> {
    let mut keys: BTreeMap<AccountKey, AccountId> = BTreeMap::new();
    for data in documents {
        let member = data.member.map(AccountKey::member);
        let peer = data.peer.map(AccountKey::peer);
        keys.extend(member.into_iter().chain(peer).map(|key| (key, ctx.id())));
    }
    ledger::lock_accounts(conn, organization, &keys).map(|_| ())
}

/// What may not change about a document, and would.
pub(super) fn fixed(old: &DocumentData, new: &DocumentData) -> Option<Fault> {
    let field = if old.content.kind() != new.content.kind() {
        "kind"
    } else if old.member != new.member {
        "member"
    } else if old.peer != new.peer {
        "peer"
    } else {
        return None;
    };
    Some(Fault::at(format!("/{field}"), format!("the {field} of a document never changes")))
}

fn free(
    conn: &mut Conn,
    organization: OrganizationId,
    reference: &Reference,
) -> Result<(), AppError> {
    let taken = store::by_references(conn, organization, std::slice::from_ref(reference))?;
    taken.first().map_or(Ok(()), |other| Err(exists(TAKEN, "/reference", other.id)))
}

/// Days that cannot be: nothing was signed or reviewed after today, and it would count by itself once
/// the day has come.
pub(super) fn ahead(input: &DocumentInput, today: NaiveDate) -> Vec<Fault> {
    let mut faults = Vec::new();
    if input.signed_on.is_some_and(|day| day > today) {
        let message = "the signature lies in the future; record it once it is there";
        faults.push(Fault::at("/signed_on", message));
    }
    if let Content::Plan { reviews, .. } = &input.content
        && let Some(day) = reviews.iter().find(|day| **day > today)
    {
        let message = format!("the review of {day} lies in the future; record it once it was done");
        faults.push(Fault::at("/reviews", message));
    }
    faults
}

fn resolved(
    conn: &mut Conn,
    ctx: &Ctx,
    organization: OrganizationId,
    input: DocumentInput,
) -> Result<DocumentData, AppError> {
    let members = members_named(conn, organization, input.member.iter())?;
    let peers = peers_named(conn, organization, input.peer.iter())?;
    let zone = organization_of(conn, organization)?.data.zone;
    let mut faults = ahead(&input, zone.date_of(ctx.now()));
    let member = input.member.as_ref().map(|name| members.get(name).copied());
    if member == Some(None) {
        faults.push(Fault::at("/member", NO_SUCH_MEMBER));
    }
    let peer = input.peer.as_ref().map(|name| peers.get(name).copied());
    if peer == Some(None) {
        faults.push(Fault::at("/peer", NO_SUCH_PEER));
    }
    if !faults.is_empty() {
        return Err(AppError::invalid(faults));
    }
    let DocumentInput { reference, span, signed_on, content, .. } = input;
    let (member, peer) = (member.flatten(), peer.flatten());
    Ok(DocumentData { reference, member, peer, span, signed_on, content })
}

/// The peers with these names; unknown names are left out.
pub(super) fn peers_named<'a>(
    conn: &mut Conn,
    organization: OrganizationId,
    names: impl Iterator<Item = &'a PeerName>,
) -> Result<HashMap<PeerName, PeerId>, StoreError> {
    let (mut ids, mut npis): (HashSet<PeerId>, HashSet<Npi>) = Default::default();
    for name in names {
        match name {
            PeerName::Id(id) => {
                ids.insert(*id);
            }
            PeerName::Npi(npi) => {
                npis.insert(npi.clone());
            }
        }
    }
    let by_id = peers::by_ids(conn, organization, &ids.into_iter().collect::<Vec<_>>())?;
    let by_npi = peers::by_npis(conn, organization, &npis.into_iter().collect::<Vec<_>>())?;
    let mut found: HashMap<PeerName, PeerId> =
        by_id.into_iter().map(|p| (PeerName::Id(p.id), p.id)).collect();
    found.extend(by_npi.into_iter().map(|p| (PeerName::Npi(p.data.npi), p.id)));
    Ok(found)
}

/// The document with this id, if it is this organization's.
pub async fn get(
    ctx: &Ctx,
    organization: OrganizationId,
    id: DocumentId,
) -> Result<Document, AppError> {
    let scope = Scope::Tenant(organization);
    let found = ctx.db.read(scope, move |conn| store::by_id(conn, organization, id)).await?;
    found.ok_or_else(|| AppError::not_found("document"))
}

/// A page of documents after the given one; or the one with this reference.
pub async fn list(
    ctx: &Ctx,
    organization: OrganizationId,
    reference: Option<Reference>,
    filter: DocumentFilter,
    after: Option<DocumentId>,
    limit: i64,
) -> Result<Vec<Document>, AppError> {
    let read = move |conn: &mut Conn| -> Result<Vec<Document>, StoreError> {
        match reference {
            Some(text) => store::by_references(conn, organization, &[text]),
            None => store::list(conn, organization, &filter, after, limit),
        }
    };
    Ok(ctx.db.read(Scope::Tenant(organization), read).await?)
}
