//! Step 4: a batch is looked at, released, withdrawn, delivered; and its bytes are handed out.
//!
//! Release freezes: every visit is looked at once more, the stored bytes are checked against their
//! hash and read back, reserved units become consumed, and nothing can be withdrawn any more.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::audit::{self, Action, Detail};
use super::batching::{bills_as_decided, lock_visits};
use super::claims::{encounter_ids, parts_of};
use super::compare::difference;
use super::intake::draws::book;
use super::overbilled::{first_told, overbilled};
use super::submit::header_of_batch;
use super::{Ctx, acknowledge, again, anew, corrected, late_visits, meter};
use crate::domain::batch::{Batch, Receipt, StoredClaim, StoredFile};
use crate::domain::contract::form::kinds::Frequency;
use crate::domain::dates::Instant;
use crate::domain::ids::{
    BatchId, ClaimId, ContractVersionId, EncounterId, LineId, OrganizationId, PayerId,
};
use crate::domain::ledger;
use crate::domain::rules;
use crate::domain::status::{BatchStatus, ClaimStatus, EncounterStatus, LineStatus};
use crate::error::{AppError, Code, Fault};
use crate::store::{self, Conn, Scope};
use crate::x12::read_back;

/// A batch with its file.
#[derive(Debug, Clone)]
pub struct SeenBatch {
    /// The batch.
    pub batch: Batch,
    /// Its file's name, size and hash.
    pub file: StoredFile,
    /// Claims whose deadline had passed when the batch was delivered.
    pub late_claims: Option<u32>,
}

fn find(conn: &mut Conn, tenant: OrganizationId, id: BatchId) -> Result<Batch, AppError> {
    store::batches::by_id(conn, tenant, id)?.ok_or_else(|| AppError::not_found("batch"))
}

/// A batch with its file, in the caller's transaction.
pub fn see(conn: &mut Conn, tenant: OrganizationId, id: BatchId) -> Result<SeenBatch, AppError> {
    let batch = find(conn, tenant, id)?;
    with_file(conn, tenant, batch)
}

fn with_file(conn: &mut Conn, tenant: OrganizationId, batch: Batch) -> Result<SeenBatch, AppError> {
    let file = store::files::head(conn, tenant, batch.file)?;
    let late_claims = match batch.delivered_at {
        None => None,
        Some(at) => {
            let zone = super::encounters::organization(conn, tenant)?.data.zone;
            Some(store::claims::late_on(conn, tenant, batch.id, zone.date_of(at))?)
        }
    };
    Ok(SeenBatch { batch, file, late_claims })
}

/// One batch.
pub async fn get(ctx: &Ctx, tenant: OrganizationId, id: BatchId) -> Result<SeenBatch, AppError> {
    ctx.db.read(Scope::Tenant(tenant), move |conn| see(conn, tenant, id)).await
}

/// A page of batches.
pub async fn list(
    ctx: &Ctx,
    tenant: OrganizationId,
    payer: Option<PayerId>,
    status: Option<BatchStatus>,
    after: Option<BatchId>,
    limit: i64,
) -> Result<Vec<SeenBatch>, AppError> {
    ctx.db
        .read(Scope::Tenant(tenant), move |conn| {
            let page = store::batches::list(conn, tenant, payer, status, after, limit)?;
            page.into_iter().map(|batch| with_file(conn, tenant, batch)).collect()
        })
        .await
}

/// One piece of the batch's file, 0 first; none after the last. The connection is free again
/// before the piece is sent.
pub async fn file_piece(
    ctx: &Ctx,
    tenant: OrganizationId,
    batch: &Batch,
    ordinal: i32,
) -> Result<Option<Vec<u8>>, AppError> {
    let file = batch.file;
    ctx.db
        .read(Scope::Tenant(tenant), move |conn| {
            Ok(store::files::piece(conn, tenant, file, ordinal)?)
        })
        .await
}

fn wrong_status(batch: &Batch, wanted: &str) -> AppError {
    let detail = format!("The batch is {}; {wanted}", batch.status);
    AppError::new(Code::WrongStatus, detail)
}

/// Takes the batch to its next status, or says why not.
fn advance(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: BatchId,
    to: BatchStatus,
    wanted: &str,
) -> Result<Batch, AppError> {
    let before = find(conn, tenant, id)?;
    let legal = before.status.may_become(to);
    if !legal || !store::batches::advance(conn, tenant, id, before.status, to, ctx.now())? {
        return Err(wrong_status(&find(conn, tenant, id)?, wanted));
    }
    meter::batch(ctx, to.as_str());
    Ok(before)
}

/// Releases a batch.
pub fn release_in(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: BatchId,
) -> Result<SeenBatch, AppError> {
    let wanted = "only a built batch can be released.";
    let batch = advance(ctx, conn, tenant, id, BatchStatus::Released, wanted)?;
    let claims = store::claims::of_batch(conn, tenant, id)?;
    // A void reverses what was, however it stands today; its lines are submitted already.
    let stands = |c: &&StoredClaim| c.detail.frequency != Frequency::Void;
    let standing: Vec<StoredClaim> = claims.iter().filter(stands).cloned().collect();
    let parts = encounter_ids(&standing);
    let encounters: Vec<EncounterId> = parts.keys().copied().collect();
    let fresh = first_told(conn, tenant, &claims)?;
    look_again(ctx, conn, tenant, (&encounters, &fresh), &versions_of(&standing))?;
    if standing.len() < claims.len() {
        let all: Vec<EncounterId> = encounter_ids(&claims).into_keys().collect();
        lock_visits(ctx, conn, tenant, &all)?;
    }
    check_bytes(ctx, conn, tenant, &batch, &claims)?;
    let lines: Vec<LineId> = parts.into_values().flatten().collect();
    store::decisions::move_lines(conn, tenant, &lines, LineStatus::Claimed, LineStatus::Submitted)?;
    store::encounters::set_status(conn, tenant, &encounters, EncounterStatus::Submitted)?;
    again::told_otherwise(ctx, conn, tenant, &encounters, BTreeSet::new())?;
    store::claims::advance_batch(conn, tenant, id, ClaimStatus::Batched, ClaimStatus::Released)?;
    let held = store::ledger::holdings(conn, tenant, &lines)?;
    book(ctx, conn, tenant, ctx.now(), held.into_iter().map(ledger::consume).collect())?;
    audit::note(ctx, conn, Some(tenant), Action::BatchRelease, id, Detail::default())?;
    see(conn, tenant, id)
}

/// Under which contract version each visit was claimed.
fn versions_of(claims: &[StoredClaim]) -> HashMap<EncounterId, ContractVersionId> {
    let mut versions = HashMap::new();
    for claim in claims {
        versions.extend(parts_of(claim).map(|part| (part.encounter, claim.contract_version)));
    }
    versions
}

/// Deadlines, coverage, contract, consent and certificates once more: a fault refuses the whole release.
fn look_again(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    (ids, fresh): (&[EncounterId], &[EncounterId]),
    claimed_under: &HashMap<EncounterId, ContractVersionId>,
) -> Result<(), AppError> {
    let visits = lock_visits(ctx, conn, tenant, ids)?;
    let mut faults = Vec::new();
    for id in ids {
        let Some(encounter) = visits.encounters.get(id) else {
            return Err(AppError::internal("a claimed visit is gone"));
        };
        let case = visits.bench.case(&encounter.data, ctx.now())?;
        let reference = &encounter.data.reference;
        if !bills_as_decided(&case, encounter) {
            faults.push(Fault::at(
                format!("/encounters/{id}"),
                format!(
                    "{reference}: the roster now names another coverage to bill than the claim \
                     does."
                ),
            ));
        }
        if case.version != claimed_under.get(id).copied() {
            faults.push(Fault::at(
                format!("/encounters/{id}"),
                format!("{reference}: another contract version is in force for its date now."),
            ));
        }
        for finding in rules::standing(case.terms.as_deref(), &case.facts, &encounter.data) {
            faults.push(Fault::at(
                format!("/encounters/{id}"),
                format!("{reference}: {} {}", finding.message, finding.fix),
            ));
        }
    }
    // Of what is told already the sums need not be.
    let known: HashSet<Option<String>> = faults.iter().map(|fault| fault.pointer.clone()).collect();
    let over = overbilled(ctx, conn, &visits, fresh)?;
    faults.extend(over.into_iter().filter(|fault| !known.contains(&fault.pointer)));
    if faults.is_empty() {
        return Ok(());
    }
    let found = match faults.len() {
        1 => "A fault was found".to_owned(),
        many => format!("{many} faults were found"),
    };
    let detail = format!(
        "{found} and nothing was released. Withdraw the batch, mend or void the visits, and build it \
         again."
    );
    Err(AppError::new(Code::ReleaseRefused, detail).with_faults(faults))
}

/// The stored bytes must be the ones that were written, must read back without a problem, and must
/// say what was meant: of each claim by our reader, and in every element by writing it anew.
fn check_bytes(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    batch: &Batch,
    claims: &[StoredClaim],
) -> Result<(), AppError> {
    let head = store::files::head(conn, tenant, batch.file)?;
    let mut source = store::files::Source::new(conn, tenant, batch.file);
    let summary = read_back(&mut source);
    // The reader stops at the interchange's end; the rest, if any, belongs to the hash too.
    std::io::copy(&mut source, &mut std::io::sink())
        .map_err(|e| AppError::internal(format!("the 837P cannot be read: {e}")))?;
    let digest = source.sha256();
    let wrong = match summary {
        Err(e) => Some(format!("it cannot be read back: {e}")),
        Ok(summary) => {
            let same = digest == head.sha256
                && summary.totals.bytes == head.size
                && summary.totals.charge == batch.charge
                && summary.totals.claims == u64::from(batch.claims)
                && summary.totals.lines == u64::from(batch.lines);
            let first = summary.problems.into_iter().next().map(|p| p.message);
            first.or_else(|| (!same).then(|| "its sums or its digest differ".to_owned()))
        }
    };
    let version = claims.first().map(|c| c.contract_version);
    let version = version.ok_or_else(|| AppError::internal("a batch without claims"))?;
    let terms = ctx.terms(conn, tenant, version)?;
    let header = header_of_batch(conn, tenant, &terms, batch)?;
    let file = batch.file;
    let wrong = wrong.or_else(|| {
        difference(store::files::Source::new(conn, tenant, file), batch, &header, claims)
    });
    let wrong = wrong.or_else(|| {
        let meant = claims.iter().map(|claim| (&claim.document, &claim.detail));
        anew::difference(store::files::Source::new(conn, tenant, file), &header, meant)
    });
    let Some(what) = wrong else { return Ok(()) };
    tracing::error!(batch = %batch.id, %what, "a stored 837P is not what was built");
    let detail = format!(
        "The stored file does not say what was meant ({what}), and nothing was released. Either the \
         file is damaged, or the organization, its billing location or this program was changed \
         after the file was built. Withdraw the batch and build it again; if that happens twice, \
         report it."
    );
    Err(AppError::new(Code::ReleaseRefused, detail))
}

/// Takes a batch back before it is released: its lines are ready again.
pub fn withdraw_in(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: BatchId,
) -> Result<SeenBatch, AppError> {
    let wanted = "only a built batch can be withdrawn; a released one is corrected claim by claim.";
    advance(ctx, conn, tenant, id, BatchStatus::Withdrawn, wanted)?;
    let claims = store::claims::of_batch(conn, tenant, id)?;
    let ids: Vec<ClaimId> = claims.iter().map(|c| c.id).collect();
    let changes = store::claim_changes::of_built(conn, tenant, &ids)?;
    // The claims that are corrected get their lines back: no answer moves them meanwhile.
    let mut first = store::acknowledged::corrected_by(conn, tenant, &[id])?;
    first.sort_unstable();
    store::acknowledged::lock(conn, tenant, &first)?;
    let all: Vec<EncounterId> = encounter_ids(&claims).into_keys().collect();
    // For its locks: the lines move, and others may be waiting to decide about the same people.
    lock_visits(ctx, conn, tenant, &all)?;
    store::claims::advance_batch(conn, tenant, id, ClaimStatus::Batched, ClaimStatus::Withdrawn)?;
    audit::note(ctx, conn, Some(tenant), Action::BatchWithdraw, id, Detail::default())?;
    for change in &changes {
        if let Some(claim) = claims.iter().find(|c| Some(c.id) == change.built) {
            corrected::withdraw(ctx, conn, tenant, change, claim)?;
        }
    }
    let original = |c: &StoredClaim| c.detail.frequency == Frequency::Original;
    let claims: Vec<StoredClaim> = claims.into_iter().filter(original).collect();
    let parts = encounter_ids(&claims);
    let encounters: Vec<EncounterId> = parts.keys().copied().collect();
    let lines: Vec<LineId> = parts.into_values().flatten().collect();
    store::decisions::move_lines(conn, tenant, &lines, LineStatus::Claimed, LineStatus::Ready)?;
    store::encounters::set_status(conn, tenant, &encounters, EncounterStatus::Ready)?;
    again::let_go(ctx, conn, tenant, &encounters)?;
    late_visits::again(ctx, conn, tenant, &claims)?;
    let stand: Vec<ClaimId> = changes.iter().map(|change| change.claim).collect();
    acknowledge::catch_up(ctx, conn, tenant, &stand)?;
    see(conn, tenant, id)
}

/// Records that the batch reached the payer: the proof of timely filing.
pub fn deliver_in(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: BatchId,
    at: Option<Instant>,
    receipt: &Receipt,
) -> Result<SeenBatch, AppError> {
    let wanted = "only a released batch can be delivered.";
    let batch = find(conn, tenant, id)?;
    let at = at.unwrap_or_else(|| ctx.now());
    if at > ctx.now() {
        return Err(AppError::field("/delivered_at", "the delivery lies in the future."));
    }
    if batch.released_at.is_some_and(|released| at < released) {
        return Err(AppError::field("/delivered_at", "the delivery lies before the release."));
    }
    let delivered = BatchStatus::Delivered;
    let told = match batch.status {
        // An answer came before anybody had told of the delivery; it stays acknowledged.
        BatchStatus::Acknowledged => store::batches::deliver_answered(conn, tenant, id, at)?,
        from => {
            from.may_become(delivered)
                && store::batches::advance(conn, tenant, id, from, delivered, at)?
        }
    };
    if !told {
        return Err(wrong_status(&find(conn, tenant, id)?, wanted));
    }
    store::batches::set_receipt(conn, tenant, id, receipt)?;
    meter::batch(ctx, delivered.as_str());
    acknowledge::expect(ctx, conn, tenant, id, at)?;
    store::claims::advance_batch(conn, tenant, id, ClaimStatus::Released, ClaimStatus::Delivered)?;
    // Also those that were accepted before anybody told of the delivery.
    store::claims::touch_batch(conn, tenant, id)?;
    audit::note(ctx, conn, Some(tenant), Action::BatchDeliver, id, Detail::default())?;
    see(conn, tenant, id)
}
