//! Of which batches and claims a file speaks: by interchange and group control number between the
//! same two parties, by set control number, by CLM01. What belongs to another organization is not
//! found here, and told like what nobody sent.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::acked::{self, Heard, hear};
use super::board::Beside;
use super::gather::{AckedGroup, Interchange, Words};
use super::levels::OfSets;
use super::said;
use super::sets::{self, SentSet};
use super::whose::Billed;
pub(super) use super::word::{Of, Word};
use crate::domain::batch::Batch;
use crate::domain::ids::{BatchId, OrganizationId};
use crate::domain::organization::Organization;
use crate::domain::response::{Source, Stage, Taken, Verdict};
use crate::domain::status::BatchStatus;
use crate::error::AppError;
use crate::store::acknowledged::{self, Control};
use crate::store::{self, Conn};

/// What a file says of what is here.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    /// In the order of the file.
    pub(super) words: Vec<Word>,
    /// What a 277CA says of whole sets; see [`Resolved::settle`].
    pub(super) of_sets: OfSets,
    /// What cannot be applied, for the biller.
    pub(super) problems: Vec<String>,
    /// The batches spoken of.
    pub(super) batches: BTreeSet<BatchId>,
    /// Batches that are not released yet.
    pub(super) waits_for: BTreeSet<BatchId>,
    /// In which interchanges sets of a batch are answered.
    pub(super) beside: Beside,
    /// What was read of batches.
    known: HashMap<BatchId, Batch>,
    /// The place of the interchange that is being read.
    pub(super) at: usize,
    /// What was said, so that a word that is repeated is taken once.
    said: HashSet<Key>,
    /// Claims that the words may move, each as often as it is spoken of.
    weight: usize,
    /// Sets and claims that were looked at, each as often as it is spoken of.
    looked: usize,
    /// The sets of batches that were looked into.
    sent: HashMap<BatchId, Rc<Vec<SentSet>>>,
    /// Day and time of the interchanges of batches.
    sent_at: HashMap<BatchId, (String, String)>,
    /// Under which numbers batches were billed.
    pub(super) billed: HashMap<BatchId, Billed>,
    /// Batches of which a level of somebody else's rejects a set.
    pub(super) foreign: HashSet<BatchId>,
}

/// What makes two words the same; the last tells a copy or a word that decides from others.
type Key = (BatchId, Stage, Source, String, Verdict, bool);

/// Most claims that the words of one file may move, each as often as it is spoken of: a row each is
/// written in one transaction, some thirty seconds.
const MAX_MOVES: usize = 500_000;

/// Most sets and claims that one file may make us look at: a thousand words on the largest batches, some
/// five seconds.
const MAX_LOOKS: usize = 5_000_000;

pub(super) const NOT_OURS: &str = "this organization has not sent it, or to another receiver. Look whether the file \
                        is for somebody else";

/// Finds what the words are about, of this organization.
pub(super) fn resolve(
    conn: &mut Conn,
    own: &Organization,
    words: &Words,
    skip: &BTreeSet<usize>,
) -> Result<Resolved, AppError> {
    let mut resolved = Resolved::default();
    let interchanges = words.interchanges.iter().enumerate();
    for (place, interchange) in interchanges.filter(|(place, _)| !skip.contains(place)) {
        resolved.at = place;
        resolved.ta1(conn, own.id, interchange)?;
        for acked in &interchange.groups {
            resolved.group(conn, own.id, interchange, acked)?;
        }
        for set in &interchange.statuses {
            resolved.statuses(conn, own, interchange, set)?;
        }
    }
    resolved.settle();
    Ok(resolved)
}

impl Resolved {
    /// Whether it speaks of more than one transaction should move.
    pub(super) fn is_too_much(&self) -> bool {
        self.weight > MAX_MOVES || self.looked > MAX_LOOKS
    }

    /// Counts what is looked at. Whether it may be.
    pub(super) fn may_look(&mut self, at: usize) -> bool {
        self.looked = self.looked.saturating_add(at);
        !self.is_too_much()
    }

    /// Takes out what is said of batches that wait, and of those of which a file has spoken before.
    pub(super) fn leave_out(&mut self, before: &HashSet<BatchId>) {
        self.batches.retain(|batch| !before.contains(batch));
        let batches = &self.batches;
        self.words.retain(|word| batches.contains(&word.batch));
    }

    /// Whether nobody said this yet in this file, of so many claims.
    pub(super) fn is_new(&mut self, key: Key, claims: usize) -> bool {
        let new = !self.is_too_much() && self.said.insert(key);
        self.weight = self.weight.saturating_add(if new { claims } else { 0 });
        new && !self.is_too_much()
    }

    /// The batch, when an answer to it may be applied.
    pub(super) fn usable(
        &mut self,
        conn: &mut Conn,
        tenant: OrganizationId,
        id: BatchId,
    ) -> Result<Option<&Batch>, AppError> {
        if !self.known.contains_key(&id) {
            let batch = store::batches::by_id(conn, tenant, id)?
                .ok_or_else(|| AppError::internal("a batch that was found is gone"))?;
            match batch.status {
                BatchStatus::Built => _ = self.waits_for.insert(id),
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
    pub(super) fn sent(
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
            let Some(batch) = self.usable(conn, tenant, id)?.cloned() else { continue };
            let sent_at = match self.sent_at.entry(id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert(sets::sent_at(conn, tenant, &batch)?),
            };
            if !said::is_of(ta1, sent_at) {
                self.problems.push(format!(
                    "a TA1 names another day or time (TA102, TA103) than that of batch {id}: it answers \
                     an earlier interchange under the same number, or somebody else's. Nothing was moved \
                     by it; ask the sender"
                ));
                continue;
            }
            let (verdict, said) = said::of_interchange(ta1);
            if verdict == Verdict::Unknown {
                self.problems.push(format!(
                    "a TA1 says of the interchange of batch {id} neither that it was accepted nor that it \
                     was rejected (TA104). Ask the sender"
                ));
                continue;
            }
            let weight = batch.claims;
            let copy = said::is_copied_interchange(ta1);
            // Beside a 999 it says something else than elsewhere.
            let what = format!("{} {}", ta1.control, self.at);
            let key = (id, Stage::Interchange, Source::Receiver, what, verdict, copy);
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
                taken: Taken::Silent,
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
        if self.usable(conn, tenant, id)?.is_none() || !self.may_look(of_group.len()) {
            return Ok(());
        }
        let known: HashSet<Cow<'_, str>> =
            of_group.iter().map(|s| sets::plain(&s.control)).collect();
        for _ in sets.iter().filter(|set| !known.contains(&sets::plain(&set.control))) {
            self.problems.push(format!("a 999 names a set that batch {id} does not have"));
        }
        let (heard, unsaid) = hear(&of_group, acked);
        if !unsaid.is_empty() {
            self.problems.push(acked::silence(id, group, &unsaid));
        }
        self.sets(id, number, heard);
        Ok(())
    }

    /// What is said of sets of a batch's group.
    fn sets(&mut self, id: BatchId, number: u32, heard: Vec<Heard<'_>>) {
        for Heard { set, verdict, said, copy } in heard {
            self.beside.entry(id).or_default().insert(self.at);
            if verdict == Verdict::Unknown {
                self.problems.push(format!(
                    "a 999 says of set {} of batch {id} what is neither an acceptance nor a \
                     rejection (IK501, AK901). Ask the sender",
                    set.control
                ));
                continue;
            }
            let control = format!("{number}/{}", set.control);
            let key = (id, Stage::Set, Source::Receiver, control.clone(), verdict, copy);
            if !self.is_new(key, set.claims.len()) {
                continue;
            }
            self.words.push(Word {
                from: self.at,
                batch: id,
                of: Of::Set(set.claims.clone()),
                stage: Stage::Set,
                source: Source::Receiver,
                control,
                verdict,
                copy,
                taken: Taken::Silent,
                said,
                payer_control: None,
                clearinghouse_control: None,
            });
        }
    }
}

/// The batch under a control number that we sent to the sender of this interchange.
pub(super) fn find(
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
