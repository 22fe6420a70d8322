//! The plan of a chunk: which rows are new, which repeat what is known, which revise it, and which
//! are refused.

use std::collections::HashMap;

use super::record::{OnConflict, Recorded, RowResult, content_hash};
use crate::domain::encounter::EncounterData;
use crate::domain::identifiers::Reference;
use crate::domain::ids::{EncounterId, OrganizationId};
use crate::error::{AppError, Code, Fault};
use crate::store::decisions::StoredDecision;
use crate::store::{self, Conn};

/// A new encounter: its row, its content and the hash of that.
pub(in crate::flow) type Fresh = (usize, EncounterData, [u8; 32]);

/// References that were there before.
pub(in crate::flow) struct Known {
    by_reference: HashMap<String, (Recorded, Vec<u8>)>,
}

impl Known {
    /// Reads those of these rows, with the first decisions of their content.
    pub(in crate::flow) fn read(
        conn: &mut Conn,
        organization: OrganizationId,
        rows: &[Result<EncounterData, AppError>],
    ) -> Result<Self, AppError> {
        let references: Vec<_> = rows.iter().flatten().map(|d| &d.reference).collect();
        let found = store::encounters::by_references(conn, organization, &references)?;
        let wanted: Vec<(EncounterId, i32)> =
            found.iter().map(|(e, _)| (e.id, e.answered_by())).collect();
        let mut first: HashMap<EncounterId, StoredDecision> =
            store::decisions::of_sequence(conn, organization, &wanted)?
                .into_iter()
                .map(|d| (d.encounter, d))
                .collect();
        let mut by_reference = HashMap::new();
        for (encounter, hash) in found {
            let decision = first
                .remove(&encounter.id)
                .ok_or_else(|| AppError::internal("an encounter has no first decision"))?;
            let reference = encounter.data.reference.as_str().to_owned();
            let recorded = Recorded { encounter, decision, fresh: false, revised: false };
            by_reference.insert(reference, (recorded, hash));
        }
        Ok(Self { by_reference })
    }

    /// What is recorded under a reference, and the hash of its content.
    pub(in crate::flow) fn get(&self, reference: &Reference) -> Option<&(Recorded, Vec<u8>)> {
        self.by_reference.get(reference.as_str())
    }
}

/// What is to become of each row.
pub(super) struct Plan {
    on_conflict: OnConflict,
    /// To be recorded.
    pub(super) fresh: Vec<Fresh>,
    /// To be revised, in the order of rows.
    pub(super) revisions: Vec<(usize, EncounterData)>,
    settled: HashMap<usize, RowResult>,
    /// Rows that repeat an earlier row of the same chunk.
    repeats: HashMap<usize, usize>,
    seen: HashMap<String, (usize, [u8; 32])>,
}

fn conflict() -> AppError {
    AppError::new(
        Code::ReferenceConflict,
        "This reference was used for an encounter with other content; nothing was changed. Use a \
         new reference for a new visit.",
    )
    .with_faults(vec![Fault::at("/reference", "used for other content.")])
}

impl Plan {
    /// Sorts the rows of a chunk.
    pub(super) fn new(
        rows: Vec<Result<EncounterData, AppError>>,
        known: &Known,
        on_conflict: OnConflict,
    ) -> Result<Self, AppError> {
        let mut plan = Self {
            on_conflict,
            fresh: Vec::with_capacity(rows.len()),
            revisions: Vec::new(),
            settled: HashMap::new(),
            repeats: HashMap::new(),
            seen: HashMap::new(),
        };
        for (index, row) in rows.into_iter().enumerate() {
            match row {
                Ok(data) => plan.sort_row(index, data, known)?,
                Err(error) => plan.settle(index, Err(error)),
            }
        }
        Ok(plan)
    }

    /// The answer to a row.
    pub(super) fn settle(&mut self, index: usize, result: RowResult) {
        self.settled.insert(index, result);
    }

    fn sort_row(
        &mut self,
        index: usize,
        data: EncounterData,
        known: &Known,
    ) -> Result<(), AppError> {
        let hash = content_hash(&data)?;
        let reference = data.reference.as_str().to_owned();
        let earlier = self.seen.get(&reference).copied();
        match (earlier, known.get(&data.reference)) {
            // The chunk's own earlier row counts: it is what will be there by then.
            (Some((row, before)), _) if before == hash => {
                self.repeats.insert(index, row);
            }
            (None, Some((recorded, before))) if before.as_slice() == hash.as_slice() => {
                let recorded = recorded.clone();
                self.seen.insert(reference, (index, hash));
                self.settle(index, Ok(recorded));
            }
            (None, None) => {
                self.seen.insert(reference, (index, hash));
                self.fresh.push((index, data, hash));
            }
            _ if self.on_conflict == OnConflict::Revise => {
                self.seen.insert(reference, (index, hash));
                self.revisions.push((index, data));
            }
            _ => self.settle(index, Err(conflict())),
        }
        Ok(())
    }

    /// The answers, in the order of the rows.
    pub(super) fn answers(self, count: usize) -> Result<Vec<RowResult>, AppError> {
        let lost = || AppError::internal("a row of the chunk has no answer");
        let repeated = |row: &usize| match self.settled.get(row) {
            Some(Ok(first)) => Ok(Ok(Recorded { fresh: false, revised: false, ..first.clone() })),
            // The row that this one repeats was refused, so this one is too.
            Some(Err(error)) => Ok(Err(error.same())),
            None => Err(lost()),
        };
        let repeats = self
            .repeats
            .iter()
            .map(|(index, row)| Ok((*index, repeated(row)?)))
            .collect::<Result<Vec<_>, AppError>>()?;
        let mut settled = self.settled;
        settled.extend(repeats);
        (0..count).map(|index| settled.remove(&index).ok_or_else(lost)).collect()
    }
}
