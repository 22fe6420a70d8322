//! What a file says is applied: all of it in the caller's transaction, or nothing.

use std::collections::{BTreeSet, HashMap};

use super::board::Board;
use super::gather::Words;
use super::resolve::{Of, Resolved, Word, resolve};
use super::{moves, sets};
use crate::domain::dates::Instant;
use crate::domain::ids::{BatchId, ClaimId, OrganizationId};
use crate::domain::organization::OrganizationMode;
use crate::domain::response::{
    Acknowledgment, Effect, FileState, ReceivedFile, Response, Source, Stage, Verdict,
};
use crate::domain::status::ClaimStatus;
use crate::error::AppError;
use crate::flow::{Ctx, encounters};
use crate::store::received::{InterchangeKey, add_interchange, interchange};
use crate::store::responses::Heard;
use crate::store::{self, Conn, acknowledged, responses};

/// Problems told of one file: the first ones tell the story.
const MAX_TOLD: usize = 5;

/// Applies what a file says; the file then tells what became of it.
pub(super) fn apply(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    file: &mut ReceivedFile,
    words: &Words,
) -> Result<(), AppError> {
    if let Some(why) = &words.fault {
        quarantine(file, why.clone());
        return Ok(());
    }
    let mode = encounters::organization(conn, tenant)?.data.mode;
    if let Some(why) = wrong_usage(words, mode) {
        quarantine(file, why);
        return Ok(());
    }
    let copies = match copies(conn, tenant, words)? {
        Ok(copies) => copies,
        Err(why) => {
            quarantine(file, why);
            return Ok(());
        }
    };
    let resolved = resolve(conn, tenant, words, &copies)?;
    if let Some(batch) = resolved.waits_for {
        file.state = FileState::Waiting;
        file.waits_for = Some(batch);
        file.reason = Some(format!(
            "It answers batch {batch}, which is not released. It is applied when that is released."
        ));
        return Ok(());
    }
    if resolved.is_too_much() {
        quarantine(
            file,
            "It answers more claims than one file may. Ask the sender for smaller files."
                .to_owned(),
        );
        return Ok(());
    }
    if resolved.words.is_empty() && !resolved.problems.is_empty() {
        quarantine(file, told(&resolved.problems));
        return Ok(());
    }
    for (_, i) in words.interchanges.iter().enumerate().filter(|(n, _)| !copies.contains(n)) {
        add_interchange(conn, tenant, key(i), &i.digest, file.id)?;
    }
    let all_copies = !words.interchanges.is_empty() && copies.len() == words.interchanges.len();
    let problems = carry_out(ctx, conn, tenant, file, resolved)?;
    file.waits_for = None;
    file.applied_at = Some(ctx.now());
    (file.state, file.reason) = if !problems.is_empty() {
        (FileState::Partly, Some(told(&problems)))
    } else if all_copies {
        (FileState::Applied, Some("All of it was applied before; nothing was changed.".to_owned()))
    } else if words.speaks() {
        (FileState::Applied, None)
    } else {
        (FileState::Kept, Some("Payments are kept as they came; they are not posted.".to_owned()))
    };
    Ok(())
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

/// The places of interchanges that were applied before; or why the file must not be applied: the
/// same number stands for other content.
fn copies(
    conn: &mut Conn,
    tenant: OrganizationId,
    words: &Words,
) -> Result<Result<Vec<usize>, String>, AppError> {
    let mut copies = Vec::new();
    let mut here: HashMap<(&str, &str, &str), &str> = HashMap::new();
    for (place, i) in words.interchanges.iter().enumerate() {
        let numbers = (i.sender.as_str(), i.receiver.as_str(), i.control.as_str());
        let before = match here.insert(numbers, &i.digest) {
            Some(digest) => Some(digest.to_owned()),
            None => interchange(conn, tenant, key(i))?,
        };
        match before {
            Some(digest) if digest == i.digest => copies.push(place),
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
    Ok(Ok(copies))
}

/// Records every word and moves claims and batches. Gives what a person must look at.
fn carry_out(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    file: &mut ReceivedFile,
    resolved: Resolved,
) -> Result<Vec<String>, AppError> {
    let Resolved { words, mut problems, batches, .. } = resolved;
    let batches: Vec<BatchId> = batches.into_iter().collect();
    // With those of the claims that are corrected: they move with their corrections.
    let first = acknowledged::corrected_by(conn, tenant, &batches)?;
    let all: BTreeSet<BatchId> = batches.iter().copied().chain(first).collect();
    acknowledged::lock(conn, tenant, &all.into_iter().collect::<Vec<_>>())?;
    let mut board = Board::read(conn, tenant, &batches)?;
    let now = ctx.now();
    let mut taken: Vec<ClaimId> = Vec::new();
    let mut list: Vec<Response> = Vec::with_capacity(words.len());
    for word in words {
        let (effects, whole) = board.say(&word)?;
        if word.decides && word.source != Source::Clearinghouse {
            taken.extend(effects.iter().map(|(claim, _)| *claim));
        }
        for (claim, effect) in effects {
            list.push(response(ctx, file, &word, Some(claim), effect, now));
        }
        if !matches!(word.of, Of::Claim(_)) {
            list.push(response(ctx, file, &word, None, whole, now));
        }
    }
    // Of a batch or set only what is said of no claim of it.
    let told = |r: &&Response| r.claim.is_some() || r.verdict != Verdict::Rejected;
    let many = |wanted: Effect| list.iter().filter(told).filter(|r| r.effect == wanted).count();
    let (against, unclear) = (many(Effect::Contradicts), many(Effect::Unclear));
    if against > 0 {
        problems.push(format!(
            "{against} answers say otherwise than what counts already (effect contradicts): ask the \
             sender"
        ));
    }
    if unclear > 0 {
        problems.push(format!(
            "{unclear} answers do not say whether the claim goes on (effect unclear): ask the sender"
        ));
    }
    responses::insert_all(conn, tenant, &list)?;
    moves::number(conn, tenant, &list)?;
    let accepted = board.moved_to(ClaimStatus::Accepted);
    let rejected = board.moved_to(ClaimStatus::Rejected);
    taken.retain(|claim| board.stands(*claim, ClaimStatus::Accepted));
    problems.extend(moves::accept(ctx, conn, tenant, &accepted, &taken)?);
    moves::reject(ctx, conn, tenant, &batches, &rejected)?;
    for id in batches {
        answer(conn, tenant, id, now)?;
    }
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (file.accepted, file.rejected) = (count(accepted.len()), count(rejected.len()));
    Ok(problems)
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

/// Takes the batch to acknowledged when all of it was answered by its receiver.
fn answer(
    conn: &mut Conn,
    tenant: OrganizationId,
    id: BatchId,
    at: Instant,
) -> Result<(), AppError> {
    let mut said = responses::heard(conn, tenant, id)?;
    // What moved no claim because another word counts does not answer the batch either.
    let counts = |s: &Heard| s.verdict != Verdict::Rejected || s.effect == Effect::Rejected;
    said.retain(|s| s.claim.is_none() && counts(s));
    let batch = store::batches::by_id(conn, tenant, id)?
        .ok_or_else(|| AppError::internal("an answered batch is gone"))?;
    let whole = |s: &Heard| s.stage == Stage::Interchange && s.verdict == Verdict::Rejected;
    let how = if said.iter().any(whole) {
        Some(Acknowledgment::Rejected)
    } else if said.iter().any(|s| s.stage == Stage::Set) {
        let of_set = |set: &sets::SentSet| {
            let control = format!("{}/{}", set.group, set.control);
            let words = said.iter().filter(|s| s.stage == Stage::Set && s.control == control);
            let words: Vec<Verdict> = words.map(|s| s.verdict).collect();
            if words.contains(&Verdict::Rejected) {
                Some(Verdict::Rejected)
            } else {
                words.last().copied()
            }
        };
        let sent = sets::sent(conn, tenant, &batch)?;
        Acknowledgment::of(&sent.iter().map(of_set).collect::<Vec<_>>())
    } else {
        None
    };
    match how {
        Some(how) if batch.acknowledgment != Some(how) => {
            Ok(acknowledged::acknowledge(conn, tenant, id, how, at)?)
        }
        _ => Ok(()),
    }
}
