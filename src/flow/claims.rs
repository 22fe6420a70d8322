//! Step 2: a group of ready lines becomes a claim: as it is sent, and as it is kept.

use std::collections::BTreeMap;

use super::Ctx;
use super::batching::Visits;
use super::form::{self, People};
use crate::domain::batch::{Part, StoredClaim, StoredClaimLine};
use crate::domain::claim::{Claim, ClaimLine, ClaimNumber};
use crate::domain::claim_detail::ClaimDetail;
use crate::domain::contract::Terms;
use crate::domain::grouping::Group;
use crate::domain::ids::{BatchId, ClaimId, EncounterId, LineId, PayerId};
use crate::domain::member::Member;
use crate::domain::peer::Peer;
use crate::domain::status::ClaimStatus;
use crate::error::AppError;

/// Of which batch a claim is, and how it is to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) batch: BatchId,
    pub(super) payer: PayerId,
    pub(super) terms: &'a Terms,
}

/// Makes the claim of a group, the `ordinal`th of its batch.
pub(super) fn claim(
    ctx: &Ctx,
    visits: &Visits,
    of: Of<'_>,
    ordinal: i32,
    group: &Group,
) -> Result<StoredClaim, AppError> {
    let broken = || AppError::internal("a person of a claim was not read");
    let member = visits.members.get(&group.member).ok_or_else(broken)?;
    let peer = visits.peers.get(&group.peer).ok_or_else(broken)?;
    let id: ClaimId = ctx.id();
    let lines = group.lines.iter().map(|line| StoredClaimLine {
        id: ctx.id(),
        service: line.service.clone(),
        units: line.units,
        charge: line.charge,
        expected: line.expected,
        parts: line.parts.clone(),
    });
    let people = People { organization: &visits.organization, member, peer };
    let given = group.lines.iter().map(|line| &line.given);
    let detail = form::detail(of.terms, people, group.site.as_ref(), given);
    Ok(StoredClaim {
        id,
        batch: of.batch,
        ordinal,
        payer: of.payer,
        member: group.member,
        member_number: group.member_number.clone(),
        peer: group.peer,
        contract_version: group.contract_version,
        status: ClaimStatus::Batched,
        service_date: group.service_date,
        units: group.lines.iter().map(|l| l.units).sum(),
        expected: group.lines.iter().map(|l| l.expected).sum(),
        file_by: group.file_by,
        document: document(ClaimNumber::of(id), member, peer, group)?,
        detail: given_by(visits, of.terms, group, detail),
        lines: lines.collect(),
        control: None,
    })
}

/// Where a claim does not say which peer gave its lines, each line keeps who did.
fn given_by(visits: &Visits, terms: &Terms, group: &Group, mut detail: ClaimDetail) -> ClaimDetail {
    for (line, says) in group.lines.iter().zip(&mut detail.lines) {
        let other = line.given.peers.iter().any(|peer| *peer != group.peer);
        if other && !terms.pack.claim.names_peer(&line.place) {
            let npi = |peer| visits.peers.get(peer).map(|peer: &Peer| peer.data.npi.clone());
            says.given_by = line.given.peers.iter().filter_map(npi).collect();
        }
    }
    detail
}

/// The claim as it is sent.
fn document(
    number: ClaimNumber,
    member: &Member,
    peer: &Peer,
    group: &Group,
) -> Result<Claim, AppError> {
    let first = group.lines.first().ok_or_else(|| AppError::internal("a claim without lines"))?;
    let lines = group.lines.iter().zip(1..).map(|(line, ordinal)| ClaimLine {
        control: number.line(ordinal),
        procedure: line.procedure.clone(),
        modifiers: line.modifiers.clone(),
        charge: line.charge,
        units: line.units,
        place: line.place.clone(),
        pointers: line.pointers.clone(),
        date: line.service_date,
        authorization: line.authorization.clone(),
    });
    Ok(Claim {
        charge: group.lines.iter().map(|l| l.charge).sum(),
        place: first.place.clone(),
        subscriber: form::subscriber(member, &group.member_number)
            .ok_or_else(|| AppError::internal("a ready visit without an address"))?,
        rendering: form::rendering(peer),
        authorization: group.authorization.clone(),
        diagnoses: group.diagnoses.clone(),
        lines: lines.collect(),
        number,
    })
}

/// The visits' parts of a claim's lines.
pub(super) fn parts_of(claim: &StoredClaim) -> impl Iterator<Item = &Part> {
    claim.lines.iter().flat_map(|line| &line.parts)
}

/// The visits that claims state, with their lines.
pub(super) fn encounter_ids(claims: &[StoredClaim]) -> BTreeMap<EncounterId, Vec<LineId>> {
    let mut ids: BTreeMap<EncounterId, Vec<LineId>> = BTreeMap::new();
    for part in claims.iter().flat_map(parts_of) {
        ids.entry(part.encounter).or_default().push(part.line);
    }
    ids
}
