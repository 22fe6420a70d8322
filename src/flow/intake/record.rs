//! Recording: a chunk of encounters is resolved, decided in order of time, and written together.
//!
//! A row that is refused leaves its neighbors alone. A reference that is known answers with the
//! first result when the content is the same; when it is not, it is a conflict, or a revision if
//! that was asked for. Revisions of a chunk come after its new encounters, in the order of rows.

use std::collections::HashMap;
use std::mem::take;

use sha2::{Digest, Sha256};

use super::bench::days::Settlement;
use super::bench::{Access, Bench, Case};
use super::draft::Parsed;
use super::draws::{DrawnOn, Draws, draw, draws};
use super::plan::{Fresh, Known, Plan};
use super::records::Records;
use super::resolve::resolve;
use super::told::Told;
use crate::domain::again::Cause;
use crate::domain::dates::Instant;
use crate::domain::decision::Decision;
use crate::domain::encounter::{Encounter, EncounterData};
use crate::domain::ids::{DecisionId, EncounterId, LineId, OrganizationId};
use crate::domain::line::{Line, lines_of};
use crate::domain::text::code_list;
use crate::error::{AppError, Code};
use crate::flow::encounters::who;
use crate::flow::revise::{Correction, revise_in};
use crate::flow::{Ctx, again, day_sums, meter};
use crate::store::decisions::{NewDecision, StoredDecision};
use crate::store::{self, Conn, StoreError, encounters::status_of};

/// Rows that are decided and written in one transaction: large enough that the commit is cheap,
/// small enough that answers flow and locks are short.
pub const CHUNK_ROWS: usize = 500;

/// The same of rows that may revise what is there. Each of them decides again what the visit stood beside, one
/// after the other: of people with thousands of visits 20 ms a row, for which others who write wait.
const REVISED_ROWS: usize = 100;

/// An encounter with the decision that answers for it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The encounter.
    pub encounter: Encounter,
    /// The decision: the first one for a repeat, the newest one otherwise.
    pub decision: StoredDecision,
    /// Whether it was recorded or decided now; a repeat was not.
    pub fresh: bool,
    /// Whether its content was revised now.
    pub revised: bool,
}

/// What became of one row.
pub type RowResult = Result<Recorded, AppError>;

code_list!(
    /// What becomes of a known reference with other content.
    OnConflict, "an answer to a conflict" {
        /// The row is refused.
        Refuse = "refuse",
        /// What is not claimed yet is revised.
        Revise = "revise",
    }
);

impl OnConflict {
    /// Rows of one transaction.
    pub const fn chunk_rows(self) -> usize {
        match self {
            Self::Revise => REVISED_ROWS,
            Self::Refuse => CHUNK_ROWS,
        }
    }
}

/// Records a chunk in the caller's transaction; results are in the order of the rows.
pub fn record_in(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    rows: &[Parsed],
    on_conflict: OnConflict,
) -> Result<Vec<RowResult>, AppError> {
    let (results, told) = record_rows(ctx, conn, organization, rows, on_conflict, Order::Time)?;
    told.note(ctx, conn, organization)?;
    Ok(results)
}

/// In which order the new visits of a chunk are decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::flow) enum Order {
    /// In order of time, so that earlier visits draw first; each is answered with what the whole
    /// chunk made of it.
    Time,
    /// As they came, each answered as if it had been alone.
    Arrival,
}

/// Records a chunk, and says what the audit trail is to be told.
pub(super) fn record_rows(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    rows: &[Parsed],
    on_conflict: OnConflict,
    order: Order,
) -> Result<(Vec<RowResult>, Told), AppError> {
    let (organization, stamp) = again::deciding_by(conn, organization)?;
    let tenant = organization.id;
    let records = Records::kept(ctx, &organization, stamp);
    let (resolved, mut people) = resolve(records, conn, rows)?;
    let known = Known::read(conn, tenant, &resolved)?;
    let mut plan = Plan::new(resolved, &known, on_conflict)?;
    let (fresh, revisions) = (take(&mut plan.fresh), take(&mut plan.revisions));
    let before = revisions.iter().filter_map(|(_, data)| known.get(&data.reference));
    let before: Vec<&EncounterData> = before.map(|(known, _)| &known.encounter.data).collect();
    if !before.is_empty() {
        let others = who(conn, tenant, &before)?;
        people.members.extend(others.members);
        people.peers.extend(others.peers);
    }
    // What is revised is locked with the rest, as it was and as it will be: all locks at once.
    let all: Vec<&EncounterData> = fresh
        .iter()
        .map(|(_, data, _)| data)
        .chain(revisions.iter().map(|(_, data)| data))
        .chain(before)
        .collect();
    let mut told = Told::default();
    if all.is_empty() {
        return Ok((plan.answers(rows.len())?, told));
    }
    let bench = Bench::gather_from(records, conn, people, &all, Access::Lock, &[])?;
    for (index, recorded) in record_fresh(ctx, conn, tenant, bench, fresh, order)? {
        told.recorded(&recorded);
        plan.settle(index, Ok(recorded));
    }
    for (index, data) in revisions {
        let row = revise_row(ctx, conn, tenant, data, &mut told)?;
        plan.settle(index, row);
    }
    Ok((plan.answers(rows.len())?, told))
}

/// Revises what is recorded under the reference of a row. What refuses one row leaves the others
/// alone: it is told before anything is written.
fn revise_row(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    data: EncounterData,
    told: &mut Told,
) -> Result<RowResult, AppError> {
    let found = store::encounters::by_references(conn, tenant, &[&data.reference])?;
    let (encounter, hash) =
        found.into_iter().next().ok_or_else(|| AppError::internal("a reference is gone"))?;
    if hash.as_slice() == content_hash(&data)?.as_slice() {
        // An earlier row of the chunk wanted it otherwise, and was refused.
        let first = (encounter.id, encounter.answered_by());
        let decision = store::decisions::of_sequence(conn, tenant, &[first])?.pop();
        let decision = decision.ok_or_else(|| AppError::internal("there is no decision"))?;
        return Ok(Ok(Recorded { encounter, decision, fresh: false, revised: false }));
    }
    let correction = Correction { data, from: None, why: Cause::Revised };
    match revise_in(ctx, conn, tenant, encounter.id, correction) {
        Err(error) if matches!(error.code, Code::AlreadyClaimed | Code::WrongStatus) => {
            Ok(Err(error))
        }
        other => {
            let recorded = other?;
            told.revised(&encounter.data, &recorded)?;
            Ok(Ok(recorded))
        }
    }
}

/// Decides new encounters and writes them, with what became of their sessions.
pub(in crate::flow) fn record_fresh(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    mut bench: Bench,
    fresh: Vec<Fresh>,
    order: Order,
) -> Result<Vec<(usize, Recorded)>, AppError> {
    let (mut written, settlement) = decide_all(ctx, &mut bench, fresh, order)?;
    written.store(ctx, conn, tenant)?;
    bench.store_sessions(conn)?;
    let all = bench.terms_of_all(ctx, conn)?;
    let visits = written.answers.iter().map(|(_, r)| (&r.encounter.data, &r.decision.answer));
    again::wake(ctx, conn, tenant, &all, visits, 0)?;
    meter::decided(ctx, written.answers.iter().map(|(_, recorded)| &recorded.decision.answer));
    let newer = day_sums::settle(ctx, conn, tenant, &settlement, 0)?;
    if order == Order::Time {
        written.renew(newer);
    }
    Ok(written.answers)
}

/// Decides new encounters one after another, each with what those before it left; with what that
/// makes of the sums of days.
fn decide_all(
    ctx: &Ctx,
    bench: &mut Bench,
    mut fresh: Vec<Fresh>,
    order: Order,
) -> Result<(Written, Settlement), AppError> {
    if order == Order::Time {
        fresh.sort_by_key(|(index, data, _)| (data.started_at, *index));
    }
    let mut written = Written::at(ctx.now());
    for (index, data, hash) in fresh {
        let (case, decision) = bench.decide(&data, written.as_of)?;
        let id: EncounterId = ctx.id();
        bench.put(ctx, id, &data, &decision);
        written.add(ctx, index, id, data, hash, case, decision)?;
    }
    Ok((written, bench.settlement()))
}

/// SHA-256 over the JSON of the resolved content: equal exactly when the content is the same.
pub fn content_hash(data: &EncounterData) -> Result<[u8; 32], AppError> {
    let text = serde_json::to_vec(data).map_err(|e| AppError::internal(e.to_string()))?;
    Ok(Sha256::digest(&text).into())
}

/// Rows ready to be written.
struct Written {
    as_of: Instant,
    answers: Vec<(usize, Recorded)>,
    hashes: Vec<[u8; 32]>,
    cases: Vec<Case>,
    lines: Vec<Line>,
    draws: Draws,
}

impl Written {
    fn at(as_of: Instant) -> Self {
        let (answers, hashes, cases) = (Vec::new(), Vec::new(), Vec::new());
        Self { as_of, answers, hashes, cases, lines: Vec::new(), draws: Draws::default() }
    }

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
        let member = data.member;
        let lines = lines_of(&decision, decision_id, id, member, payer, || ctx.id::<LineId>());
        self.draws.extend(draws(DrawnOn::of(&case), &data, &lines)?);
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
            revision: 1,
            content_sequence: 1,
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
        let recorded = Recorded { encounter, decision: stored, fresh: true, revised: false };
        self.answers.push((index, recorded));
        self.hashes.push(hash);
        self.cases.push(case);
        Ok(())
    }

    /// Puts newer decisions in the place of those that later rows of the chunk gave another share.
    fn renew(&mut self, newer: Vec<Recorded>) {
        let mut newer: HashMap<EncounterId, Recorded> =
            newer.into_iter().map(|r| (r.encounter.id, r)).collect();
        for (_, recorded) in &mut self.answers {
            if let Some(newest) = newer.remove(&recorded.encounter.id) {
                *recorded = newest;
            }
        }
    }

    fn store(
        &self,
        ctx: &Ctx,
        conn: &mut Conn,
        organization: OrganizationId,
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
        draw(ctx, conn, organization, self.as_of, self.draws.clone())
    }
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
