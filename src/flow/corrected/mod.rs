//! Step 6: a claim that the payer has is replaced or voided (`docs/definitions.md` section 5).
//!
//! Somebody asks, with a reason; until it is built its visits may be corrected or left out, and the
//! claim stands as it is. The next batch builds it: the claim's lines, its corrected visits and
//! those that waited because they came after it are decided together and stand on one claim of
//! frequency 7; a void states the claim as it was, with frequency 8. Withdrawn or rejected, it
//! leaves everything as it was before it was built.

mod back;
mod before;
mod build;
mod ended;
mod fits;
mod taken;
mod visits;

use super::audit::{self, Action, Detail};
use super::{Ctx, Scope};
use crate::domain::batch::{SaidBy, StoredClaim};
use crate::domain::claim_change::{Chain, ChangeKind, ChangeState, ClaimChange, Visits};
use crate::domain::claim_detail::{Note, PayerControl};
use crate::domain::contract::Terms;
use crate::domain::contract::form::kinds::{CorrectionNumber, Frequency, Note80};
use crate::domain::ids::{ClaimId, OrganizationId};
use crate::error::{AppError, Code};
pub use crate::store::claims::Filter;
use crate::store::{self, Conn};
use crate::x12::claim_837p::note_sendable;

pub(super) use back::{give_back, withdraw};
pub(super) use build::{build_batch, note_problems};
pub use ended::{accept, cancel, overtaken, reject, rejected_too};
pub use taken::taken_in;
pub(super) use visits::{leave_out, leaving, revise};

/// Most corrections of one claim that are followed back to its first version.
const MOST_VERSIONS: usize = 100;

/// What somebody asks for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Replacement or void.
    pub kind: ChangeKind,
    /// Why.
    pub reason: String,
    /// What becomes of the visits of a voided claim.
    pub visits: Visits,
    /// The payer's number of the claim, as the person who asks has read it.
    pub number: Option<PayerControl>,
    /// Whether a replacement may leave out visits of the claim that are held.
    pub without_held: bool,
    /// What the claim is to say to the payer in words, instead of the profile's note.
    pub note: Option<Note80>,
}

/// A claim with what corrects it and what it corrects.
#[derive(Debug, Clone)]
pub struct SeenClaim {
    /// The claim.
    pub claim: StoredClaim,
    /// The change as which it was built.
    pub corrects: Option<ClaimChange>,
    /// The change of it that is open.
    pub change: Option<ClaimChange>,
}

/// One claim.
pub async fn get(ctx: &Ctx, tenant: OrganizationId, id: ClaimId) -> Result<SeenClaim, AppError> {
    ctx.db.read(Scope::Tenant(tenant), move |conn| see(conn, tenant, id)).await
}

/// A page of claims.
pub async fn list(
    ctx: &Ctx,
    tenant: OrganizationId,
    filter: Filter,
    after: Option<ClaimId>,
    limit: i64,
) -> Result<Vec<SeenClaim>, AppError> {
    ctx.db
        .read(Scope::Tenant(tenant), move |conn| {
            let page = store::claims::list(conn, tenant, &filter, after, limit)?;
            with_changes(conn, tenant, page)
        })
        .await
}

fn find(conn: &mut Conn, tenant: OrganizationId, id: ClaimId) -> Result<StoredClaim, AppError> {
    store::claims::by_id(conn, tenant, id)?.ok_or_else(|| AppError::not_found("claim"))
}

fn see(conn: &mut Conn, tenant: OrganizationId, id: ClaimId) -> Result<SeenClaim, AppError> {
    let claim = find(conn, tenant, id)?;
    let seen = with_changes(conn, tenant, vec![claim])?.pop();
    seen.ok_or_else(|| AppError::not_found("claim"))
}

fn with_changes(
    conn: &mut Conn,
    tenant: OrganizationId,
    list: Vec<StoredClaim>,
) -> Result<Vec<SeenClaim>, AppError> {
    let ids: Vec<ClaimId> = list.iter().map(|c| c.id).collect();
    let built = store::claim_changes::of_built(conn, tenant, &ids)?;
    let open = store::claim_changes::open_of_all(conn, tenant, &ids)?;
    let seen = |claim: StoredClaim| SeenClaim {
        corrects: built.iter().find(|c| c.built == Some(claim.id)).cloned(),
        change: open.iter().find(|c| c.claim == claim.id).cloned(),
        claim,
    };
    Ok(list.into_iter().map(seen).collect())
}

/// The payer's numbers of a claim and of those that it corrects.
fn chain(conn: &mut Conn, tenant: OrganizationId, claim: &StoredClaim) -> Result<Chain, AppError> {
    let mut chain = Chain::default();
    let mut at = Some(claim.clone());
    for _ in 0..MOST_VERSIONS {
        let Some(claim) = at.take() else { break };
        if let Some(control) = claim.control {
            chain.latest = chain.latest.or(Some(control.latest));
            chain.first = Some(control.first);
        }
        let change = store::claim_changes::of_built(conn, tenant, &[claim.id])?.pop();
        at = change.map(|c| find(conn, tenant, c.claim)).transpose()?;
    }
    Ok(chain)
}

/// The number by which the payer wants the claim named; none where nobody has said one.
fn number(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    claim: &StoredClaim,
) -> Result<Option<PayerControl>, AppError> {
    let terms = ctx.terms(conn, tenant, claim.contract_version)?;
    let chain = chain(conn, tenant, claim)?;
    Ok(match terms.pack.claim.form.content.correction_number {
        CorrectionNumber::Latest => chain.latest,
        CorrectionNumber::First => chain.first,
    })
}

fn wrong_status(detail: impl Into<String>) -> AppError {
    AppError::new(Code::WrongStatus, detail)
}

fn changing(detail: &str) -> AppError {
    AppError::new(Code::ClaimChanging, detail)
}

/// Asks for a replacement or void.
pub fn ask_in(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: ClaimId,
    asked: Asked,
) -> Result<SeenClaim, AppError> {
    // Answers to the claim wait, or are there already.
    let batch = find(conn, tenant, id)?.batch;
    store::acknowledged::lock(conn, tenant, &[batch])?;
    let mut claim = find(conn, tenant, id)?;
    may_change(ctx, conn, tenant, &claim, asked.kind)?;
    if let Some(note) = &asked.note {
        readable(&*ctx.terms(conn, tenant, claim.contract_version)?, note)?;
    }
    if let Some(number) = &asked.number {
        sendable(&*ctx.terms(conn, tenant, claim.contract_version)?, number)?;
        let said = store::claims::set_payer_control(conn, tenant, id, number, SaidBy::Person)?;
        claim.control = said.or(claim.control);
    }
    if number(ctx, conn, tenant, &claim)?.is_none() {
        let detail = "The payer's number of the claim is not known, and a replacement or void must \
                      name it. It comes with the payer's answer (277CA or 835); if it was read \
                      elsewhere, send it as payer_control.";
        return Err(AppError::new(Code::ClaimWithoutNumber, detail));
    }
    let change = ClaimChange {
        id: ctx.id(),
        claim: id,
        payer: claim.payer,
        member: claim.member,
        kind: asked.kind,
        state: ChangeState::Prepared,
        reason: asked.reason,
        visits: asked.visits,
        left_out: Vec::new(),
        problem: None,
        built: None,
        asked_at: ctx.now(),
        ended_at: None,
        without_held: asked.without_held,
        evidence: None,
        note: asked.note,
    };
    store::claim_changes::insert(conn, tenant, &change).map_err(|error| match error {
        store::StoreError::Conflict { .. } => changing("Somebody asked for it at the same moment."),
        other => other.into(),
    })?;
    let action = match asked.kind {
        ChangeKind::Replacement => Action::ClaimReplace,
        ChangeKind::Void => Action::ClaimVoid,
    };
    audit::note(ctx, conn, Some(tenant), action, id, Detail::default())?;
    see(conn, tenant, id)
}

/// A number that a person read may have a sign in it which separates parts of this payer's files.
fn sendable(terms: &Terms, number: &PayerControl) -> Result<(), AppError> {
    let marks = terms.pack.claim.delimiters;
    let marks = [marks.element, marks.component, marks.repetition, marks.segment];
    match number.as_str().chars().find(|c| marks.contains(c)) {
        None => Ok(()),
        Some(mark) => Err(AppError::field(
            "/payer_control",
            format!("it has a {mark} in it, which separates parts of this payer's files."),
        )),
    }
}

/// A note that a person wrote may have signs in it which this payer's files do not carry.
fn readable(terms: &Terms, note: &Note80) -> Result<(), AppError> {
    note_sendable(&terms.pack.claim, &Note::additional(note.clone())).map_err(|refused| {
        let message = format!(
            "this payer's files cannot carry it as it is written (NTE02): {}.",
            refused.message
        );
        AppError::field("/note", message)
    })
}

/// Whether the claim may be replaced or voided now.
fn may_change(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    claim: &StoredClaim,
    kind: ChangeKind,
) -> Result<(), AppError> {
    if !claim.status.is_with_payer() {
        return Err(wrong_status(format!(
            "The claim is {}; only a claim that the payer has is replaced or voided. Before its \
             release, withdraw the batch; one that was rejected is billed anew by itself.",
            claim.status
        )));
    }
    if claim.detail.frequency == Frequency::Void {
        return Err(wrong_status("The claim is a void itself; nothing follows on it."));
    }
    if store::claim_changes::open_of(conn, tenant, claim.id)?.is_some() {
        return Err(changing(
            "A replacement or void of the claim is under way already. Cancel it, or wait for its \
             end.",
        ));
    }
    let own = store::claim_changes::of_built(conn, tenant, &[claim.id])?.pop();
    if own.is_some_and(|c| c.state == ChangeState::Built) {
        return Err(changing(
            "The claim is itself a replacement that the payer has not taken yet; wait for its end.",
        ));
    }
    let terms = ctx.terms(conn, tenant, claim.contract_version)?;
    if !terms.pack.claim.form.content.frequencies.contains(&kind.frequency()) {
        return Err(wrong_status(format!(
            "The payer takes no claims of the kind {kind}; ask it how a claim is corrected.",
        )));
    }
    Ok(())
}

/// Takes back what was asked for, before it is built; or says that a claim stays as it is whose
/// correction was rejected.
pub fn cancel_in(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: ClaimId,
) -> Result<SeenClaim, AppError> {
    find(conn, tenant, id)?;
    let nothing = || {
        wrong_status(
            "Nothing is prepared for the claim, and no correction of it was rejected. What is in a \
             batch goes by withdrawing that.",
        )
    };
    let last = store::claim_changes::last_of(conn, tenant, id)?.ok_or_else(nothing)?;
    let to = match last.state {
        ChangeState::Prepared => ChangeState::Cancelled,
        ChangeState::Rejected => ChangeState::Kept,
        _ => return Err(nothing()),
    };
    if !store::claim_changes::advance(conn, tenant, last.id, (last.state, to), ctx.now())? {
        return Err(wrong_status("It was moved at the same moment."));
    }
    audit::note(ctx, conn, Some(tenant), Action::ClaimKeep, id, Detail::default())?;
    see(conn, tenant, id)
}
