//! Of which batches and claims a file speaks: by interchange and group control number between the
//! same two parties, by set control number, by CLM01. What belongs to another organization is not
//! found here, and told like what nobody sent.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::gather::{AckedGroup, Interchange, Rejection, StatusSet, Words};
use super::said;
use super::sets::{self, SentSet};
pub(super) use super::word::{Of, Word};
use crate::domain::batch::Batch;
use crate::domain::ids::{BatchId, OrganizationId};
use crate::domain::response::{Said, Source, Stage, Verdict};
use crate::domain::status::BatchStatus;
use crate::error::AppError;
use crate::store::acknowledged::{self, Control};
use crate::store::{self, Conn};
use crate::x12::read::status_277ca::Disposition;

/// What a file says of what is here.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    /// In the order of the file.
    pub(super) words: Vec<Word>,
    /// What cannot be applied, for the biller.
    pub(super) problems: Vec<String>,
    /// The batches spoken of.
    pub(super) batches: BTreeSet<BatchId>,
    /// A batch that is not released yet.
    pub(super) waits_for: Option<BatchId>,
    /// What was read of batches.
    known: HashMap<BatchId, Batch>,
    /// The place of the interchange that is being read.
    at: usize,
    /// What was said, so that a word that is repeated is taken once.
    said: HashSet<Key>,
    /// Claims that the words may move, each as often as it is spoken of.
    weight: usize,
    /// The sets of batches that were looked into.
    sent: HashMap<BatchId, Rc<Vec<SentSet>>>,
}

/// What makes two words the same; the last tells a copy or a word that decides from others.
type Key = (BatchId, Stage, Source, String, Verdict, bool);

/// Most claims that the words of one file may move, each as often as it is spoken of: a row each is
/// written in one transaction, some thirty seconds.
const MAX_MOVES: usize = 500_000;

const NOT_OURS: &str = "this organization has not sent it, or to another receiver. Look whether the file \
                        is for somebody else";

/// Finds what the words are about.
pub(super) fn resolve(
    conn: &mut Conn,
    tenant: OrganizationId,
    words: &Words,
    skip: &[usize],
) -> Result<Resolved, AppError> {
    let mut resolved = Resolved::default();
    let interchanges = words.interchanges.iter().enumerate();
    for (place, interchange) in interchanges.filter(|(place, _)| !skip.contains(place)) {
        resolved.at = place;
        resolved.ta1(conn, tenant, interchange)?;
        for acked in &interchange.groups {
            resolved.group(conn, tenant, interchange, acked)?;
        }
        for set in &interchange.statuses {
            resolved.statuses(conn, tenant, interchange, set)?;
        }
    }
    // In the whole file an acceptance of a set or interchange counts before a rejection of the same:
    // none of these moves a claim.
    let accepts = |w: &Word| matches!(w.verdict, Verdict::Accepted | Verdict::AcceptedWithErrors);
    resolved.words.sort_by_key(|w| (w.stage == Stage::Claim || !accepts(w), w.from));
    Ok(resolved)
}

impl Resolved {
    /// Whether it speaks of more than one transaction should move.
    pub(super) fn is_too_much(&self) -> bool {
        self.weight > MAX_MOVES
    }

    /// Whether nobody said this yet in this file, of so many claims.
    fn is_new(&mut self, key: Key, claims: usize) -> bool {
        let new = !self.is_too_much() && self.said.insert(key);
        self.weight = self.weight.saturating_add(if new { claims } else { 0 });
        new && !self.is_too_much()
    }

    /// The batch, when an answer to it may be applied.
    fn usable(
        &mut self,
        conn: &mut Conn,
        tenant: OrganizationId,
        id: BatchId,
    ) -> Result<Option<&Batch>, AppError> {
        if !self.known.contains_key(&id) {
            let batch = store::batches::by_id(conn, tenant, id)?
                .ok_or_else(|| AppError::internal("a batch that was found is gone"))?;
            match batch.status {
                BatchStatus::Built => self.waits_for = Some(id),
                BatchStatus::Withdrawn => self.problems.push(format!(
                    "batch {id} was withdrawn before it was released, and yet it is answered: find \
                     out who has sent its file"
                )),
                _ => _ = self.batches.insert(id),
            }
            self.known.insert(id, batch);
        }
        Ok(self.known.get(&id).filter(|batch| batch.status != BatchStatus::Withdrawn))
    }

    /// The sets of a batch.
    fn sent(
        &mut self,
        conn: &mut Conn,
        tenant: OrganizationId,
        id: BatchId,
    ) -> Result<Rc<Vec<SentSet>>, AppError> {
        if let Some(sent) = self.sent.get(&id) {
            return Ok(Rc::clone(sent));
        }
        let batch = store::batches::by_id(conn, tenant, id)?
            .ok_or_else(|| AppError::internal("a batch that was found is gone"))?;
        let sent = Rc::new(sets::sent(conn, tenant, &batch)?);
        self.sent.insert(id, Rc::clone(&sent));
        Ok(sent)
    }

    fn ta1(
        &mut self,
        conn: &mut Conn,
        tenant: OrganizationId,
        from: &Interchange,
    ) -> Result<(), AppError> {
        for ta1 in &from.ta1 {
            let Some(id) = find(conn, tenant, from, &ta1.control, Control::Interchange)? else {
                self.problems.push(format!("a TA1 answers an interchange: {NOT_OURS}"));
                continue;
            };
            if self.usable(conn, tenant, id)?.is_none() {
                continue;
            }
            let (verdict, said) = said::of_interchange(ta1);
            let weight = self.known.get(&id).map_or(0, |batch| batch.claims);
            let copy = said::is_copied_interchange(ta1);
            let key =
                (id, Stage::Interchange, Source::Receiver, ta1.control.clone(), verdict, copy);
            if !self.is_new(key, usize::try_from(weight).unwrap_or(usize::MAX)) {
                continue;
            }
            self.words.push(Word {
                from: self.at,
                batch: id,
                of: Of::Batch,
                stage: Stage::Interchange,
                source: Source::Receiver,
                control: ta1.control.clone(),
                verdict,
                copy,
                decides: false,
                said,
                payer_control: None,
                clearinghouse_control: None,
            });
        }
        Ok(())
    }

    fn group(
        &mut self,
        conn: &mut Conn,
        tenant: OrganizationId,
        from: &Interchange,
        acked: &AckedGroup,
    ) -> Result<(), AppError> {
        let AckedGroup { group, sets } = acked;
        if group.functional_id != "HC" {
            self.problems.push("a 999 answers a group that is not of claims".to_owned());
            return Ok(());
        }
        let number = sets::number(&group.control).unwrap_or_default();
        let mut found = find(conn, tenant, from, &group.control, Control::Group)?;
        let sent = match found {
            Some(id) => self.sent(conn, tenant, id)?,
            None => Rc::default(),
        };
        let of_group: Vec<&SentSet> = sent.iter().filter(|s| s.group == number).collect();
        found = found.filter(|_| !of_group.is_empty());
        let Some(id) = found else {
            self.problems.push(format!("a 999 answers a group of claims: {NOT_OURS}"));
            return Ok(());
        };
        if self.usable(conn, tenant, id)?.is_none() {
            return Ok(());
        }
        for set in sets {
            if !of_group.iter().any(|sent| sets::same(&sent.control, &set.control)) {
                self.problems.push(format!("a 999 names a set that batch {id} does not have"));
            }
        }
        for sent in of_group {
            for (verdict, said, copy) in said_of(sent, acked) {
                if verdict == Verdict::Unknown {
                    self.problems.push(format!(
                        "a 999 says of set {} of batch {id} what is neither an acceptance nor a \
                         rejection (IK501, AK901). Ask the sender",
                        sent.control
                    ));
                    continue;
                }
                let control = format!("{number}/{}", sent.control);
                let key = (id, Stage::Set, Source::Receiver, control.clone(), verdict, copy);
                if !self.is_new(key, sent.claims.len()) {
                    continue;
                }
                self.words.push(Word {
                    from: self.at,
                    batch: id,
                    of: Of::Set(sent.claims.clone()),
                    stage: Stage::Set,
                    source: Source::Receiver,
                    control,
                    verdict,
                    copy,
                    decides: false,
                    said,
                    payer_control: None,
                    clearinghouse_control: None,
                });
            }
        }
        Ok(())
    }

    fn statuses(
        &mut self,
        conn: &mut Conn,
        tenant: OrganizationId,
        from: &Interchange,
        set: &StatusSet,
    ) -> Result<(), AppError> {
        let source = said::source(set.entity);
        for Rejection { level, trace, claims } in set.rejections() {
            let (verdict, said) = said::of_statuses(level.disposition, &level.statuses);
            if claims.is_empty() {
                let copy = said::is_copied_claim(&level.statuses);
                self.level(conn, tenant, from, (source, verdict, said, copy), trace)?;
            } else if claims.iter().any(|c| c.disposition != Disposition::Rejected) {
                self.problems.push(
                    "a 277CA rejects all claims of a set or provider, and yet names some that it does \
                     not reject: what it says of each claim was taken. Ask the sender"
                        .to_owned(),
                );
            }
        }
        if set.claims.is_empty() {
            return Ok(());
        }
        let numbers: Vec<&str> = set.claims.iter().map(|c| c.trace.as_str()).collect();
        let found = acknowledged::by_numbers(conn, tenant, &numbers)?;
        let found: HashMap<&str, _> = found.iter().map(|s| (s.number.as_str(), s)).collect();
        let mut unknown = 0_usize;
        for claim in &set.claims {
            let Some(standing) = found.get(claim.trace.as_str()) else {
                unknown += 1;
                continue;
            };
            let Some(batch) = self.usable(conn, tenant, standing.batch)? else { continue };
            if batch.sender.as_str() != from.receiver {
                unknown += 1;
                continue;
            }
            let (verdict, said) = said::of_statuses(claim.disposition, &claim.statuses);
            let copy = said::is_copied_claim(&claim.statuses);
            let decides = verdict == Verdict::Accepted && said::decides(&claim.statuses);
            // One that says the payer's number, too, says more.
            let known = claim.payer_control.as_deref().unwrap_or_default();
            let what = format!("{} {known}", standing.number);
            let key = (standing.batch, Stage::Claim, source, what, verdict, copy || decides);
            if !self.is_new(key, 1) {
                continue;
            }
            self.words.push(Word {
                from: self.at,
                batch: standing.batch,
                of: Of::Claim(standing.id),
                stage: Stage::Claim,
                source,
                control: standing.number.clone(),
                verdict,
                copy,
                decides,
                said,
                payer_control: claim.payer_control.clone(),
                clearinghouse_control: claim.clearinghouse_control.clone(),
            });
        }
        if unknown > 0 {
            let all = set.claims.len();
            self.problems.push(format!(
                "{unknown} of {all} claims in a 277CA are not known here under the numbers and the \
                 receiver that it names. Look whether the file is for somebody else"
            ));
        }
        Ok(())
    }

    /// A 277CA that rejects all claims of our set at once, by its BHT03.
    fn level(
        &mut self,
        conn: &mut Conn,
        tenant: OrganizationId,
        from: &Interchange,
        (source, verdict, said, copy): (Source, Verdict, Vec<Said>, bool),
        trace: &str,
    ) -> Result<(), AppError> {
        // `BATCH000000101`, and `BATCH000000101-2` for the second set.
        let reference = trace.strip_prefix("BATCH").unwrap_or_default();
        let (interchange, part) = reference.split_once('-').unwrap_or((reference, "1"));
        let found = find(conn, tenant, from, interchange, Control::Interchange)?;
        let Some(id) = found else {
            self.problems.push(format!("a 277CA answers a set of claims: {NOT_OURS}"));
            return Ok(());
        };
        if self.usable(conn, tenant, id)?.is_none() {
            return Ok(());
        }
        let place = sets::number(part).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let all = self.sent(conn, tenant, id)?;
        let Some(sent) = all.get(place.saturating_sub(1)) else {
            self.problems.push(format!("a 277CA names a set that batch {id} does not have"));
            return Ok(());
        };
        for standing in acknowledged::by_numbers(conn, tenant, &texts(&sent.claims))? {
            let number = standing.number.clone();
            if !self.is_new((id, Stage::Claim, source, number, verdict, copy), 1) {
                continue;
            }
            self.words.push(Word {
                from: self.at,
                batch: id,
                of: Of::Claim(standing.id),
                stage: Stage::Claim,
                source,
                control: standing.number,
                verdict,
                copy,
                decides: false,
                said: said.clone(),
                payer_control: None,
                clearinghouse_control: None,
            });
        }
        Ok(())
    }
}

/// What a 999 says of a set: verdict, codes, and whether it is only called a copy.
fn said_of(
    sent: &SentSet,
    AckedGroup { group, sets }: &AckedGroup,
) -> Vec<(Verdict, Vec<Said>, bool)> {
    let copied = said::is_copied_group(&group.codes);
    let named = sets.iter().filter(|s| sets::same(&sent.control, &s.control));
    let word = |set| {
        let (verdict, said) = said::of_set(set);
        (verdict, said, copied || said::is_copied_set(set))
    };
    let mut words: Vec<(Verdict, Vec<Said>, bool)> = named.map(word).collect();
    // The word on a set counts, whatever AK9 says of the group; AK9 alone counts where no set is
    // named, or where it accepts and names only those with errors.
    let whole = said::set_verdict(group.status.as_deref());
    if words.is_empty() && (sets.is_empty() || whole != Verdict::Rejected) {
        words.push((whole, Vec::new(), copied));
    }
    words
}

fn texts(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

/// The batch under a control number that we sent to the sender of this interchange.
fn find(
    conn: &mut Conn,
    tenant: OrganizationId,
    from: &Interchange,
    control: &str,
    kind: fn(u32) -> Control,
) -> Result<Option<BatchId>, AppError> {
    let Some(number) = sets::number(control) else { return Ok(None) };
    let pair = (from.receiver.as_str(), from.sender.as_str());
    Ok(acknowledged::batch(conn, tenant, pair, kind(number))?)
}
