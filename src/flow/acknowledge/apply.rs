//! What a file says is applied: all of it in the caller's transaction, or nothing.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::board::Board;
use super::gather::Words;
use super::resolve::{Of, Resolved, Word, resolve};
use super::{answered, moves, payments};
use crate::domain::contract::form::kinds::AfterRejection;
use crate::domain::dates::Instant;
use crate::domain::ids::{BatchId, ClaimId, OrganizationId, ReceivedId};
use crate::domain::organization::{Organization, OrganizationMode};
use crate::domain::response::{Effect, FileState, ReceivedFile, Response, Verdict};
use crate::domain::status::ClaimStatus;
use crate::error::AppError;
use crate::flow::{Ctx, encounters};
use crate::store::received::{InterchangeKey, add_interchange, interchange};
use crate::store::responses::Done;
use crate::store::{self, Conn, acknowledged, responses};

/// Problems told of one file: the first ones tell the story.
const MAX_TOLD: usize = 5;

/// Applies what a file says; the file then tells what became of it. What answers a batch that is not
/// released waits for that; the rest is applied at once.
pub(super) fn apply(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    file: &mut ReceivedFile,
    words: &Words,
) -> Result<(), AppError> {
    let organization = encounters::organization(conn, tenant)?;
    if let Some(why) = refusal(conn, &organization, words)? {
        quarantine(file, why);
        return Ok(());
    }
    let done = responses::done_by(conn, tenant, file.id)?;
    let before = match known(conn, tenant, file.id, words)? {
        Ok(before) => before,
        Err(why) => {
            quarantine(file, why);
            return Ok(());
        }
    };
    let mut resolved = resolve(conn, &organization, words, &before.copies)?;
    if resolved.is_too_much() {
        let why = "It answers more claims than one file may. Ask the sender for smaller files.";
        quarantine(file, why.to_owned());
        return Ok(());
    }
    resolved.leave_out(&done.iter().map(|d| d.batch).collect());
    let waits_for = std::mem::take(&mut resolved.waits_for);
    store::received::set_waits(conn, tenant, file.id, &waits_for)?;
    let silent = resolved.words.is_empty();
    let first = waits_for.first().copied();
    if let Some(first) = first.filter(|_| silent && !words.pays()) {
        wait(file, first, waits_for.len(), &resolved.problems);
        return Ok(());
    }
    let nothing = silent && done.is_empty() && first.is_none() && !words.pays();
    if nothing && !resolved.problems.is_empty() {
        quarantine(file, told(&resolved.problems));
        return Ok(());
    }
    for (place, i) in words.interchanges.iter().enumerate().filter(|(_, i)| i.counts()) {
        if !before.copies.contains(&place) && !before.own.contains(&place) {
            add_interchange(conn, tenant, key(i), &i.digest, file.id)?;
        }
    }
    // Before the words are weighed: a payment shows that its claims arrived.
    resolved.problems.extend(payments::record(conn, tenant, file.id, words, &before.copies)?);
    resolved.problems.extend(payments::doubt(&organization, words, &before.copies));
    let problems = carry_out(ctx, conn, tenant, file, resolved, &done)?;
    if let Some(first) = first {
        wait(file, first, waits_for.len(), &problems);
        return Ok(());
    }
    finish(file, words, &problems, before.is_all_copies(words));
    file.applied_at = Some(ctx.now());
    Ok(())
}

/// Why nothing of a file may be applied, whatever it answers.
fn refusal(
    conn: &mut Conn,
    organization: &Organization,
    words: &Words,
) -> Result<Option<String>, AppError> {
    if let Some(why) = &words.fault {
        return Ok(Some(why.clone()));
    }
    if let Some(why) = wrong_usage(words, organization.data.mode) {
        return Ok(Some(why));
    }
    payments::refusal(conn, organization, words)
}

/// What answers a batch that is not released waits; what else there is was applied.
fn wait(file: &mut ReceivedFile, batch: BatchId, count: usize, problems: &[String]) {
    let claims = file.accepted.saturating_add(file.rejected);
    let part = if claims > 0 { "The rest is applied" } else { "It is applied" };
    let mut reason = match count.saturating_sub(1) {
        0 => format!(
            "It answers batch {batch}, which is not released. {part} when that is released."
        ),
        more => format!(
            "It answers batch {batch} and {more} more that are not released. What it says of each is \
             applied when that is released."
        ),
    };
    if !problems.is_empty() {
        reason = format!("{reason} {}", told(problems));
    }
    file.state = FileState::Waiting;
    file.waits_for = Some(batch);
    file.reason = Some(reason);
}

/// What became of a file that waits for nothing.
fn finish(file: &mut ReceivedFile, words: &Words, problems: &[String], copied: bool) {
    let paid = payments::remark(words);
    file.waits_for = None;
    (file.state, file.reason) = if !problems.is_empty() {
        let reason = std::iter::once(told(problems)).chain(paid).collect::<Vec<_>>().join(" ");
        (FileState::Partly, Some(reason))
    } else if copied {
        (FileState::Applied, Some("All of it was applied before; nothing was changed.".to_owned()))
    } else if words.speaks() {
        (FileState::Applied, paid)
    } else {
        (FileState::Kept, paid)
    };
}

fn quarantine(file: &mut ReceivedFile, why: String) {
    file.state = FileState::Quarantined;
    file.reason = Some(why);
    file.waits_for = None;
}

fn told(problems: &[String]) -> String {
    let more = problems.len().saturating_sub(MAX_TOLD);
    let first: Vec<&str> = problems.iter().take(MAX_TOLD).map(String::as_str).collect();
    let text = first.join("; ");
    let mut chars = text.chars();
    let capital = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("{capital}{}{rest}.", chars.as_str())
}

/// A test file never moves a live claim, nor the other way round.
fn wrong_usage(words: &Words, mode: OrganizationMode) -> Option<String> {
    let (own, why) = match mode {
        OrganizationMode::Test => {
            ("T", "It is a production file (ISA15 is not T) for a test organization.")
        }
        OrganizationMode::Live => {
            ("P", "It is a test file (ISA15 is not P); test files move no live claim.")
        }
    };
    words.interchanges.iter().any(|i| i.usage != own).then(|| why.to_owned())
}

fn key(i: &super::gather::Interchange) -> InterchangeKey<'_> {
    InterchangeKey { sender: &i.sender, receiver: &i.receiver, control: &i.control }
}

/// The places of interchanges that were applied before.
#[derive(Debug, Default)]
struct Known {
    /// By another file, or further up in this one.
    copies: BTreeSet<usize>,
    /// By this file, of which a part waited.
    own: BTreeSet<usize>,
}

impl Known {
    /// Whether all that says something was applied by another file.
    fn is_all_copies(&self, words: &Words) -> bool {
        let mut said = words.interchanges.iter().enumerate().filter(|(_, i)| i.counts());
        !self.copies.is_empty() && said.all(|(place, _)| self.copies.contains(&place))
    }
}

/// Which interchanges were applied before; or why the file must not be applied: the same number stands
/// for other content.
fn known(
    conn: &mut Conn,
    tenant: OrganizationId,
    file: ReceivedId,
    words: &Words,
) -> Result<Result<Known, String>, AppError> {
    let mut known = Known::default();
    let mut here: HashMap<(&str, &str, &str), &str> = HashMap::new();
    for (place, i) in words.interchanges.iter().enumerate().filter(|(_, i)| i.counts()) {
        let numbers = (i.sender.as_str(), i.receiver.as_str(), i.control.as_str());
        let before = match here.insert(numbers, &i.digest) {
            Some(digest) => Some((digest.to_owned(), None)),
            None => interchange(conn, tenant, key(i))?.map(|(digest, of)| (digest, Some(of))),
        };
        match before {
            Some((digest, of)) if digest == i.digest && of == Some(file) => {
                _ = known.own.insert(place);
            }
            Some((digest, _)) if digest == i.digest => _ = known.copies.insert(place),
            Some(_) => {
                return Ok(Err(
                    "An interchange of this sender came before under the same control \
                               number (ISA13) with other content. Ask the sender which of the two \
                               counts."
                        .to_owned(),
                ));
            }
            None => {}
        }
    }
    Ok(Ok(known))
}

/// Records every word and moves claims and batches. Gives what a person must look at.
fn carry_out(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    file: &mut ReceivedFile,
    resolved: Resolved,
    done: &[Done],
) -> Result<Vec<String>, AppError> {
    let Resolved { words, mut problems, batches, beside, .. } = resolved;
    let batches: Vec<BatchId> = batches.into_iter().collect();
    // With those of the claims that are corrected: they move with their corrections.
    let first = acknowledged::corrected_by(conn, tenant, &batches)?;
    let all: BTreeSet<BatchId> = batches.iter().copied().chain(first).collect();
    acknowledged::lock(conn, tenant, &all.into_iter().collect::<Vec<_>>())?;
    let replaced = replaced(ctx, conn, tenant, &batches)?;
    let mut board = Board::read(conn, tenant, &batches, replaced, beside)?;
    let at = ctx.now();
    let mut taken: Vec<ClaimId> = Vec::new();
    let mut list: Vec<Response> = Vec::with_capacity(words.len());
    for (word, effects, whole) in board.hear_all(words)? {
        if word.decides() {
            taken.extend(effects.iter().map(|(claim, _)| *claim));
        }
        for (claim, effect) in effects {
            list.push(response(ctx, file, &word, Some(claim), effect, at));
        }
        if !matches!(word.of, Of::Claim(_)) {
            list.push(response(ctx, file, &word, None, whole, at));
        }
    }
    // Of a batch or set only what is said of no claim of it.
    let told = |of_claim: bool, verdict: Verdict| of_claim || verdict != Verdict::Rejected;
    let now = list.iter().filter(|r| told(r.claim.is_some(), r.verdict)).map(|r| r.effect);
    let before = done.iter().filter(|d| told(d.of_claim, d.verdict)).map(|d| d.effect);
    let effects: Vec<Effect> = before.chain(now).collect();
    problems.extend(open_questions(&effects));
    responses::insert_all(conn, tenant, &list)?;
    moves::number(conn, tenant, &list)?;
    let accepted = board.moved_to(ClaimStatus::Accepted);
    let rejected = board.moved_to(ClaimStatus::Rejected);
    taken.sort_unstable();
    taken.dedup();
    taken.retain(|claim| board.stands(*claim, ClaimStatus::Accepted));
    problems.extend(moves::accept(ctx, conn, tenant, &accepted, &taken)?);
    moves::reject(ctx, conn, tenant, &batches, &rejected)?;
    answered::move_on(conn, tenant, &batches, at)?;
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    file.accepted = file.accepted.saturating_add(count(accepted.len()));
    file.rejected = file.rejected.saturating_add(count(rejected.len()));
    Ok(problems)
}

/// What a person must ask about answers that did nothing.
fn open_questions(effects: &[Effect]) -> Vec<String> {
    let many = |wanted: Effect| effects.iter().filter(|e| **e == wanted).count();
    let (against, unclear) = (many(Effect::Contradicts), many(Effect::Unclear));
    let mut found = Vec::new();
    if against > 0 {
        found.push(format!(
            "{against} answers say otherwise than what counts already (effect contradicts): ask the \
             sender"
        ));
    }
    if unclear > 0 {
        found.push(format!(
            "{unclear} answers do not say whether the claim goes on (effect unclear): ask the sender"
        ));
    }
    found
}

/// Those of these batches whose payer wants a claim replaced that it rejects under its number.
fn replaced(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    batches: &[BatchId],
) -> Result<HashSet<BatchId>, AppError> {
    let mut found = HashSet::new();
    for batch in batches {
        let Some(version) = acknowledged::version_of(conn, tenant, *batch)? else { continue };
        let terms = ctx.terms(conn, tenant, version)?;
        if terms.pack.claim.form.content.after_rejection == AfterRejection::Replacement {
            found.insert(*batch);
        }
    }
    Ok(found)
}

fn response(
    ctx: &Ctx,
    file: &ReceivedFile,
    word: &Word,
    claim: Option<ClaimId>,
    effect: Effect,
    at: Instant,
) -> Response {
    Response {
        id: ctx.id(),
        received: file.id,
        batch: word.batch,
        claim,
        stage: word.stage,
        source: word.source,
        control: word.control.clone(),
        verdict: word.verdict,
        effect,
        said: word.said.clone(),
        payer_control: word.payer_control.clone(),
        clearinghouse_control: word.clearinghouse_control.clone(),
        recorded_at: at,
    }
}
