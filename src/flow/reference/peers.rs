//! Peers with their certificates.

use super::draft::PeerInput;
use super::{FIRST, exists, same_revision, stale, told};
use crate::domain::claim_facts::PeerFacts;
use crate::domain::identifiers::{Line35, Line55, Npi};
use crate::domain::ids::{OrganizationId, PeerId};
use crate::domain::peer::{Certificate, CertificateData, Peer};
use crate::error::AppError;
use crate::flow::Ctx;
use crate::flow::again::{self, Cause, Days, Touched};
use crate::store::{Conn, Scope, peers as store};

/// What a taken NPI is told as.
const TAKEN: &str = "a peer with this NPI in this organization";

/// Creates a peer; `already_exists` when the organization has one with this NPI.
pub fn create(
    conn: &mut Conn,
    ctx: &Ctx,
    organization: OrganizationId,
    input: PeerInput,
) -> Result<Peer, AppError> {
    if let Some(other) = store::by_npi(conn, organization, &input.data.npi)? {
        return Err(exists(TAKEN, "/npi", other.id));
    }
    let certificates = merged(ctx, &[], input.certificates);
    let peer = Peer { id: ctx.id(), revision: FIRST, data: input.data, certificates };
    store::insert(conn, organization, &peer, ctx.now())?;
    told::note(ctx, conn, Some(organization), None, &peer)?;
    Ok(peer)
}

/// Changes a peer; certificates are set as given, those of the same state, kind and first day being
/// the same certificate.
pub async fn update(
    ctx: &Ctx,
    organization: OrganizationId,
    id: PeerId,
    revision: i32,
    input: PeerInput,
) -> Result<Peer, AppError> {
    let ctx = ctx.clone();
    let db = ctx.db.clone();
    db.write(Scope::Tenant(organization), move |conn| {
        let old = store::by_id(conn, organization, id)?;
        let old = old.ok_or_else(|| AppError::not_found("peer"))?;
        same_revision(old.revision, revision)?;
        if input.data.npi != old.data.npi
            && let Some(other) = store::by_npi(conn, organization, &input.data.npi)?
        {
            return Err(exists(TAKEN, "/npi", other.id));
        }
        let certificates = merged(&ctx, &old.certificates, input.certificates);
        let mut peer = Peer { data: input.data, certificates, ..old.clone() };
        if peer == old {
            return Ok(peer);
        }
        if !store::update(conn, organization, &peer, ctx.now())? {
            return Err(stale());
        }
        told::note(&ctx, conn, Some(organization), Some(&old), &peer)?;
        peer.revision += 1;
        let touched: Vec<Touched> = touches(&old, &peer).into_iter().collect();
        again::mark(&ctx, conn, organization, Cause::Peer, &touched)?;
        Ok(peer)
    })
    .await
}

/// What claims say of a peer.
fn said(peer: &Peer) -> (&Npi, &Line35, &Line55, &PeerFacts) {
    (&peer.data.npi, &peer.data.first_name, &peer.data.last_name, &peer.data.claim)
}

/// What a change of a peer may decide otherwise: the visits on days of certificates that are new,
/// gone or others; all of them when claims say something else of the peer, or when it was hired on a day on
/// record, because then a certificate also says whether it may work before it has one (RK40).
pub(super) fn touches(old: &Peer, new: &Peer) -> Option<Touched> {
    let person = |peer: &Peer| (peer.data.birth_date, peer.data.hired_on);
    if person(old) != person(new) {
        return Some(Touched::Peer(new.id, Days::ALL));
    }
    let lacks = |list: &[Certificate], c: &Certificate| !list.iter().any(|o| o.data == c.data);
    let gone = old.certificates.iter().filter(|c| lacks(&new.certificates, c));
    let fresh = new.certificates.iter().filter(|c| lacks(&old.certificates, c));
    if said(old) != said(new) {
        return Some(Touched::Peer(new.id, Days::ALL));
    }
    let days = Days::hull(gone.chain(fresh).map(|c| c.data.span))?;
    let days = if new.data.hired_on.is_some() { Days::ALL } else { days };
    Some(Touched::Peer(new.id, days))
}

/// The natural key of a certificate within its peer.
pub(super) fn same(a: &CertificateData, b: &CertificateData) -> bool {
    (&a.state, &a.kind, a.span.from) == (&b.state, &b.kind, b.span.from)
}

/// Sorts certificates as the store gives them.
pub(super) fn sort(certificates: &mut [Certificate]) {
    certificates.sort_by(|a, b| {
        let key = |c: &Certificate| (c.data.state.clone(), c.data.kind.clone(), c.data.span.from);
        key(a).cmp(&key(b))
    });
}

fn merged(ctx: &Ctx, old: &[Certificate], new: Vec<CertificateData>) -> Vec<Certificate> {
    let id = |data: &CertificateData| old.iter().find(|c| same(&c.data, data)).map(|c| c.id);
    let mut certificates: Vec<Certificate> = new
        .into_iter()
        .map(|data| Certificate { id: id(&data).unwrap_or_else(|| ctx.id()), data })
        .collect();
    sort(&mut certificates);
    certificates
}

/// The peer with this id, if it is this organization's.
pub async fn get(ctx: &Ctx, organization: OrganizationId, id: PeerId) -> Result<Peer, AppError> {
    let scope = Scope::Tenant(organization);
    let found = ctx.db.read(scope, move |conn| store::by_id(conn, organization, id)).await?;
    found.ok_or_else(|| AppError::not_found("peer"))
}

/// A page of peers after the given one; or the one with this NPI.
pub async fn list(
    ctx: &Ctx,
    organization: OrganizationId,
    npi: Option<Npi>,
    after: Option<PeerId>,
    limit: i64,
) -> Result<Vec<Peer>, AppError> {
    let found = ctx.db.read(Scope::Tenant(organization), move |conn| match npi {
        Some(npi) => store::by_npi(conn, organization, &npi).map(|p| p.into_iter().collect()),
        None => store::list(conn, organization, after, limit),
    });
    Ok(found.await?)
}
