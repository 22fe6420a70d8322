//! Recording: a chunk of encounters is resolved, decided in order of time, and written together.
//!
//! A row that is refused leaves its neighbors alone. A reference that is known answers with the
//! first result when the content is the same, and is a conflict when it is not.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::bench::{Access, Bench, Case};
use super::draft::Parsed;
use super::resolve::resolve;
use crate::domain::again::Cause;
use crate::domain::dates::Instant;
use crate::domain::decision::Decision;
use crate::domain::encounter::{Encounter, EncounterData};
use crate::domain::ids::{AccountId, DecisionId, EncounterId, EntryId, LineId, OrganizationId};
use crate::domain::ledger::{self, Entry};
use crate::domain::line::{Line, lines_of};
use crate::domain::rules;
use crate::domain::status::LineStatus;
use crate::error::{AppError, Code};
use crate::flow::{Ctx, again, meter};
use crate::store::decisions::{NewDecision, StoredDecision};
use crate::store::{self, Conn, StoreError, encounters::status_of};

/// Rows that are decided and written in one transaction: large enough that the commit is cheap,
/// small enough that answers flow and locks are short.
pub const CHUNK_ROWS: usize = 500;

/// An encounter with the decision that answers for it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The encounter.
    pub encounter: Encounter,
    /// The decision: the first one for a repeat, the newest one otherwise.
    pub decision: StoredDecision,
    /// Whether it was recorded now; a repeat is not.
    pub fresh: bool,
}

/// What became of one row.
pub type RowResult = Result<Recorded, AppError>;

/// Records a chunk in the caller's transaction; results are in the order of the rows.
pub fn record_in(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    rows: &[Parsed],
) -> Result<Vec<RowResult>, AppError> {
    let organization = again::deciding(conn, organization)?;
    let (resolved, people) = resolve(conn, &organization, rows)?;
    let known = Known::read(conn, organization.id, &resolved)?;
    let mut plan = Plan::default();
    for (index, row) in resolved.into_iter().enumerate() {
        plan.sort_row(index, row, &known)?;
    }
    let mut fresh: Vec<(usize, EncounterData, [u8; 32])> = std::mem::take(&mut plan.fresh);
    let all: Vec<&EncounterData> = fresh.iter().map(|f| &f.1).collect();
    let mut bench = Bench::gather(ctx, conn, &organization, people, &all, Access::Lock, &[])?;
    // In order of time, so that within a chunk earlier visits draw first.
    fresh.sort_by_key(|(index, data, _)| (data.started_at, *index));
    let as_of = ctx.now();
    let mut written = Written::default();
    for (index, data, hash) in fresh {
        let case = bench.case(&data, as_of)?;
        let decision = rules::decide(case.terms.as_deref(), &case.facts, &data);
        let id: EncounterId = ctx.id();
        bench.put(id, &data, case.account, &decision);
        written.add(ctx, index, id, data, hash, case, decision)?;
    }
    written.store(ctx, conn, organization.id, as_of)?;
    meter::decided(ctx, written.answers.iter().map(|(_, recorded)| &recorded.decision.answer));
    plan.answer(rows.len(), written)
}

/// References that were there before.
struct Known {
    by_reference: HashMap<String, (Recorded, Vec<u8>)>,
}

impl Known {
    fn read(
        conn: &mut Conn,
        organization: OrganizationId,
        rows: &[Result<EncounterData, AppError>],
    ) -> Result<Self, AppError> {
        let references: Vec<_> = rows.iter().flatten().map(|d| &d.reference).collect();
        let found = store::encounters::by_references(conn, organization, &references)?;
        let ids: Vec<EncounterId> = found.iter().map(|(e, _)| e.id).collect();
        let mut first: HashMap<EncounterId, StoredDecision> =
            store::decisions::first_of(conn, organization, &ids)?
                .into_iter()
                .map(|d| (d.encounter, d))
                .collect();
        let mut by_reference = HashMap::new();
        for (encounter, hash) in found {
            let decision = first
                .remove(&encounter.id)
                .ok_or_else(|| AppError::internal("an encounter has no first decision"))?;
            let reference = encounter.data.reference.as_str().to_owned();
            let recorded = Recorded { encounter, decision, fresh: false };
            by_reference.insert(reference, (recorded, hash));
        }
        Ok(Self { by_reference })
    }
}

/// What is to become of each row.
#[derive(Default)]
struct Plan {
    fresh: Vec<(usize, EncounterData, [u8; 32])>,
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
    .with_faults(vec![crate::error::Fault::at("/reference", "used for other content.")])
}

impl Plan {
    fn sort_row(
        &mut self,
        index: usize,
        row: Result<EncounterData, AppError>,
        known: &Known,
    ) -> Result<(), AppError> {
        let data = match row {
            Ok(data) => data,
            Err(error) => {
                self.settled.insert(index, Err(error));
                return Ok(());
            }
        };
        let hash = content_hash(&data)?;
        if let Some((recorded, before)) = known.by_reference.get(data.reference.as_str()) {
            let same = before.as_slice() == hash.as_slice();
            self.settled.insert(index, if same { Ok(recorded.clone()) } else { Err(conflict()) });
        } else if let Some((earlier, before)) = self.seen.get(data.reference.as_str()) {
            if *before == hash {
                self.repeats.insert(index, *earlier);
            } else {
                self.settled.insert(index, Err(conflict()));
            }
        } else {
            self.seen.insert(data.reference.as_str().to_owned(), (index, hash));
            self.fresh.push((index, data, hash));
        }
        Ok(())
    }

    fn answer(mut self, count: usize, written: Written) -> Result<Vec<RowResult>, AppError> {
        let fresh: HashMap<usize, Recorded> = written.answers.into_iter().collect();
        let lost = || AppError::internal("a row of the chunk has no answer");
        (0..count)
            .map(|index| {
                if let Some(settled) = self.settled.remove(&index) {
                    return Ok(settled);
                }
                if let Some(earlier) = self.repeats.get(&index) {
                    let first = fresh.get(earlier).cloned().ok_or_else(lost)?;
                    return Ok(Ok(Recorded { fresh: false, ..first }));
                }
                // Repeats need the first answer too, so it is copied and not taken.
                fresh.get(&index).cloned().map(Ok).ok_or_else(lost)
            })
            .collect()
    }
}

/// SHA-256 over the JSON of the resolved content: equal exactly when the content is the same.
pub fn content_hash(data: &EncounterData) -> Result<[u8; 32], AppError> {
    let text = serde_json::to_vec(data).map_err(|e| AppError::internal(e.to_string()))?;
    Ok(Sha256::digest(&text).into())
}

/// Rows ready to be written.
#[derive(Default)]
struct Written {
    answers: Vec<(usize, Recorded)>,
    hashes: Vec<[u8; 32]>,
    cases: Vec<Case>,
    lines: Vec<Line>,
    entries: Vec<Entry>,
}

impl Written {
    #[expect(clippy::too_many_arguments, reason = "one row's parts, each made elsewhere")]
    fn add(
        &mut self,
        ctx: &Ctx,
        index: usize,
        id: EncounterId,
        data: EncounterData,
        hash: [u8; 32],
        case: Case,
        decision: Decision,
    ) -> Result<(), AppError> {
        let decision_id: DecisionId = ctx.id();
        let billed = case.facts.billed.as_ref();
        let payer = billed.map(|b| b.data.payer);
        let lines = lines_of(&decision, decision_id, id, payer, || ctx.id::<LineId>());
        self.entries.extend(reservations(case.account, &lines)?);
        self.lines.extend(lines);
        let encounter = Encounter {
            id,
            service_date: decision.service_date,
            payer,
            member_number: billed.map(|b| b.data.member_number.clone()),
            service: decision.service.clone(),
            disposition: decision.disposition,
            status: status_of(decision.disposition),
            decision: decision_id,
            sequence: 1,
            file_by: decision.file_by,
            recorded_at: case.facts.as_of,
            voided_at: None,
            void_reason: None,
            data,
        };
        let stored = StoredDecision {
            id: decision_id,
            encounter: id,
            sequence: 1,
            contract_version: case.version,
            as_of: case.facts.as_of,
            answer: decision,
        };
        self.answers.push((index, Recorded { encounter, decision: stored, fresh: true }));
        self.hashes.push(hash);
        self.cases.push(case);
        Ok(())
    }

    fn store(
        &self,
        ctx: &Ctx,
        conn: &mut Conn,
        organization: OrganizationId,
        at: Instant,
    ) -> Result<(), AppError> {
        let encounters: Vec<_> =
            self.answers.iter().zip(&self.hashes).map(|((_, r), h)| (&r.encounter, *h)).collect();
        store::encounters::insert_all(conn, organization, &encounters).map_err(race)?;
        let decisions: Vec<NewDecision<'_>> = self
            .answers
            .iter()
            .zip(&self.cases)
            .map(|((_, recorded), case)| NewDecision {
                id: recorded.decision.id,
                encounter: recorded.encounter.id,
                sequence: 1,
                cause: Cause::Recorded,
                contract_version: case.version,
                answer: &recorded.decision.answer,
                facts: &case.facts,
            })
            .collect();
        store::decisions::insert_all(conn, organization, &decisions)?;
        store::decisions::insert_lines(conn, organization, &self.lines)?;
        book(ctx, conn, organization, at, self.entries.clone())?;
        Ok(())
    }
}

/// The ledger entries of the ready lines among `lines`.
pub fn reservations(account: Option<AccountId>, lines: &[Line]) -> Result<Vec<Entry>, AppError> {
    let mut entries = Vec::new();
    for line in lines.iter().filter(|l| l.status == LineStatus::Ready) {
        let account =
            account.ok_or_else(|| AppError::internal("a ready line has no account to draw on"))?;
        entries.extend(ledger::reserve(account, line));
    }
    Ok(entries)
}

/// Adds entries to the ledger under fresh ids.
pub fn book(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    at: Instant,
    entries: Vec<Entry>,
) -> Result<(), AppError> {
    let entries: Vec<(EntryId, Entry)> = entries.into_iter().map(|e| (ctx.id(), e)).collect();
    Ok(store::ledger::add(conn, organization, at, &entries)?)
}

/// Two requests recorded the same reference at the same moment: this one lost, and finds the other's
/// row when it tries again.
const REFERENCE_RACE: &str = "the same reference was recorded at the same moment";

fn race(error: StoreError) -> AppError {
    if error.conflicts_on("encounters") {
        let mut busy = AppError::new(Code::Busy, "The service is busy; try again in a moment.");
        busy.internal = Some(REFERENCE_RACE.to_owned());
        return busy;
    }
    error.into()
}

/// Whether the whole step should simply be tried again.
pub fn lost_race(error: &AppError) -> bool {
    error.internal.as_deref() == Some(REFERENCE_RACE)
}
