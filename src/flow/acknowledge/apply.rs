//! What a file says is applied: all of it in the caller's transaction, or nothing.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::gather::Words;
use super::resolve::{Of, Resolved, Word, resolve};
use super::{moves, sets};
use crate::domain::claim_change::ChangeState;
use crate::domain::dates::Instant;
use crate::domain::ids::{BatchId, ClaimId, OrganizationId};
use crate::domain::organization::OrganizationMode;
use crate::domain::response::{
    Acknowledgment, Effect, FileState, ReceivedFile, Response, Source, Stage, Verdict, effect,
};
use crate::domain::status::ClaimStatus;
use crate::error::AppError;
use crate::flow::{Ctx, encounters};
use crate::store::received::{InterchangeKey, add_interchange, interchange};
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

/// The claims spoken of, as they stand and as they shall.
struct Board {
    numbers: HashMap<String, ClaimId>,
    of_batch: HashMap<BatchId, Vec<ClaimId>>,
    before: HashMap<ClaimId, ClaimStatus>,
    now: HashMap<ClaimId, ClaimStatus>,
    payer_accepted: HashSet<ClaimId>,
    /// Claims whose replacement or void is on its way.
    changing: HashSet<ClaimId>,
}

impl Board {
    /// Under the locks of its batches.
    fn read(conn: &mut Conn, tenant: OrganizationId, ids: &[BatchId]) -> Result<Self, AppError> {
        let (mut numbers, mut before) = (HashMap::new(), HashMap::new());
        let mut of_batch: HashMap<BatchId, Vec<ClaimId>> = HashMap::new();
        for id in ids {
            for claim in acknowledged::of_batch(conn, tenant, *id)? {
                of_batch.entry(*id).or_default().push(claim.id);
                numbers.insert(claim.number, claim.id);
                before.insert(claim.id, claim.status);
            }
        }
        let all: Vec<ClaimId> = before.keys().copied().collect();
        let payer_accepted = responses::accepted_by_payer(conn, tenant, &all)?;
        let open = store::claim_changes::open_of_all(conn, tenant, &all)?;
        let built = open.into_iter().filter(|c| c.state == ChangeState::Built);
        let changing = built.map(|c| c.claim).collect();
        Ok(Self { numbers, of_batch, now: before.clone(), before, payer_accepted, changing })
    }

    fn say(&mut self, claim: ClaimId, word: &Word) -> Option<Effect> {
        let status = self.now.get_mut(&claim)?;
        let payer = self.payer_accepted.contains(&claim);
        let effect = match effect(*status, word.stage, word.source, word.verdict, payer) {
            // Its lines are on the other claim, or about to be reversed: a person must ask.
            Effect::Rejected if self.changing.contains(&claim) => Effect::Contradicts,
            effect => effect,
        };
        match effect {
            Effect::Accepted => *status = ClaimStatus::Accepted,
            Effect::Rejected => *status = ClaimStatus::Rejected,
            _ => {}
        }
        if word.source == Source::Payer && word.verdict == Verdict::Accepted {
            self.payer_accepted.insert(claim);
        }
        Some(effect)
    }

    /// The claims that a word is about, where it may move them.
    fn concerned(&self, word: &Word) -> Vec<ClaimId> {
        match &word.of {
            Of::Claim(id) => vec![*id],
            _ if word.verdict != Verdict::Rejected => Vec::new(),
            Of::Batch => self.of_batch.get(&word.batch).cloned().unwrap_or_default(),
            Of::Set(list) => list.iter().filter_map(|n| self.numbers.get(n)).copied().collect(),
        }
    }

    fn moved_to(&self, to: ClaimStatus) -> Vec<ClaimId> {
        let moved =
            self.now.iter().filter(|(id, now)| **now == to && self.before.get(id) != Some(&to));
        let mut ids: Vec<ClaimId> = moved.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids
    }
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
        let mut any = Effect::Recorded;
        let concerned = board.concerned(&word);
        if word.verdict == Verdict::Accepted && word.source != Source::Clearinghouse {
            taken.extend(&concerned);
        }
        for claim in &concerned {
            let Some(effect) = board.say(*claim, &word) else {
                return Err(AppError::internal("a claim of a batch is not on its board"));
            };
            any = if effect == Effect::Recorded { any } else { effect };
            list.push(response(ctx, file, &word, Some(*claim), effect, now));
        }
        if !matches!(word.of, Of::Claim(_)) {
            list.push(response(ctx, file, &word, None, any, now));
        }
    }
    let many =
        |wanted: Effect| list.iter().filter(|r| r.claim.is_some() && r.effect == wanted).count();
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
    taken.retain(|claim| board.now.get(claim) == Some(&ClaimStatus::Accepted));
    moves::accept(ctx, conn, tenant, &accepted, &taken)?;
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
    let said = responses::of_batch(conn, tenant, id)?;
    let batch = store::batches::by_id(conn, tenant, id)?
        .ok_or_else(|| AppError::internal("an answered batch is gone"))?;
    let whole = |(stage, _, verdict): &(Stage, String, Verdict)| {
        *stage == Stage::Interchange && *verdict == Verdict::Rejected
    };
    let how = if said.iter().any(whole) {
        Some(Acknowledgment::Rejected)
    } else if said.iter().any(|(stage, ..)| *stage == Stage::Set) {
        let of_set = |set: &sets::SentSet| {
            let control = format!("{}/{}", set.group, set.control);
            let words = said.iter().filter(|(s, c, _)| *s == Stage::Set && *c == control);
            let words: Vec<Verdict> = words.map(|w| w.2).collect();
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
