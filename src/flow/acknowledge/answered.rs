//! Batches of which every part was answered by their receiver.

use std::collections::BTreeMap;

use super::sets;
use crate::domain::dates::Instant;
use crate::domain::ids::{BatchId, OrganizationId};
use crate::domain::response::{Acknowledgment, Effect, Stage, Verdict};
use crate::error::AppError;
use crate::store::responses::{self, Heard};
use crate::store::{self, Conn, acknowledged};

/// Takes the batches to acknowledged of which all was answered by their receiver.
pub(super) fn move_on(
    conn: &mut Conn,
    tenant: OrganizationId,
    ids: &[BatchId],
    at: Instant,
) -> Result<(), AppError> {
    // What moved no claim because another word counts does not answer the batch either.
    let counts = |s: &Heard| s.verdict != Verdict::Rejected || s.effect == Effect::Rejected;
    let mut said: BTreeMap<BatchId, Vec<Heard>> = BTreeMap::new();
    for heard in responses::heard(conn, tenant, ids)? {
        if heard.claim.is_none() && counts(&heard) {
            said.entry(heard.batch).or_default().push(heard);
        }
    }
    for (id, said) in said {
        answer(conn, tenant, id, &said, at)?;
    }
    Ok(())
}

/// Takes a batch to acknowledged, if what was said of it and its sets answers all of it.
fn answer(
    conn: &mut Conn,
    tenant: OrganizationId,
    id: BatchId,
    said: &[Heard],
    at: Instant,
) -> Result<(), AppError> {
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
