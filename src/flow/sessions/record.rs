//! A session comes in: all of its encounters are resolved, decided and written, or nothing is.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::draft::{MemberDraft, ParsedSession, placed};
use crate::domain::encounter::EncounterData;
use crate::domain::ids::OrganizationId;
use crate::domain::session::{Session, SessionData};
use crate::error::{AppError, Code, Fault};
use crate::flow::Ctx;
use crate::flow::again;
use crate::flow::audit::{self, Action, Detail};
use crate::flow::intake::bench::{Access, Bench, People};
use crate::flow::intake::plan::Known;
use crate::flow::intake::record::{Order, content_hash, record_fresh};
use crate::flow::intake::records::Records;
use crate::flow::intake::{Parsed, RACE_TRIES, Recorded, may_win, resolve};
use crate::store::{Conn, Purpose, Scope};

/// A session with the decisions that answer for it.
#[derive(Debug, Clone)]
pub struct RecordedSession {
    /// The session.
    pub session: Session,
    /// Its encounters in the order in which their members were named.
    pub encounters: Vec<Recorded>,
    /// Whether it was recorded now; a repeat was not.
    pub fresh: bool,
}

/// Records a session in a transaction of its own.
pub async fn record_session(
    ctx: &Ctx,
    tenant: OrganizationId,
    session: ParsedSession,
) -> Result<RecordedSession, AppError> {
    let mut tries = 0;
    loop {
        let (work, session) = (ctx.clone(), session.clone());
        let step = move |conn: &mut Conn| record_session_in(&work, conn, tenant, &session);
        tries += 1;
        match ctx.db.run(Scope::Tenant(tenant), Purpose::WriteByKey, step).await {
            Err(error) if may_win(&error) && tries < RACE_TRIES => {}
            other => return other,
        }
    }
}

/// Records a session in the caller's transaction. The same content again answers with the first
/// decisions.
///
/// Errors, before anything is written: `invalid_input` with all faults of all members,
/// `reference_conflict` when the session's reference or one of its encounters' is used.
pub fn record_session_in(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    parsed: &ParsedSession,
) -> Result<RecordedSession, AppError> {
    let (organization, stamp) = again::deciding_by(conn, tenant)?;
    let records = Records::kept(ctx, &organization, stamp);
    let (list, people) = find_people(records, conn, "members", &parsed.rows)?;
    let known = known(conn, tenant, &list)?;
    let all: Vec<&EncounterData> = list.iter().collect();
    let mut bench = Bench::gather_from(records, conn, people, &all, Access::Lock, &[])?;
    let hash = session_hash(parsed, &list)?;
    if let Some(session) = bench.session(&parsed.reference) {
        if session.content_hash.as_deref() != Some(hash.as_slice()) {
            return Err(conflict(vec![Fault::at("/reference", "used for other content.")]));
        }
        return repeat(session.clone(), &known, &list);
    }
    refuse_known("members", &known, &list)?;
    let peer = list.first().map(|e| e.peer).ok_or_else(|| AppError::internal("no members"))?;
    let session = Session {
        id: ctx.id(),
        data: SessionData {
            reference: parsed.reference.clone(),
            peer,
            started_at: parsed.started_at,
            ended_at: parsed.ended_at,
            size: parsed.size,
            peers: parsed.peers,
            stated: true,
        },
        content_hash: Some(hash),
        revision: 1,
        recorded_at: ctx.now(),
        voided_at: None,
        void_reason: None,
    };
    bench.state_session(session.clone());
    let encounters = record_new(ctx, conn, tenant, bench, list)?;
    let detail = Detail::default().count("recorded", encounters.len());
    audit::note(ctx, conn, Some(tenant), Action::SessionRecord, session.id, detail)?;
    Ok(RecordedSession { session, encounters, fresh: true })
}

/// Records encounters whose references are new; answers in their order.
pub(super) fn record_new(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    bench: Bench,
    list: Vec<EncounterData>,
) -> Result<Vec<Recorded>, AppError> {
    let fresh = list.into_iter().enumerate().map(|(index, data)| {
        let hash = content_hash(&data)?;
        Ok((index, data, hash))
    });
    let fresh = fresh.collect::<Result<Vec<_>, AppError>>()?;
    let mut answers = record_fresh(ctx, conn, tenant, bench, fresh, Order::Time)?;
    answers.sort_by_key(|(index, _)| *index);
    Ok(answers.into_iter().map(|(_, recorded)| recorded).collect())
}

/// The members' encounters with their ids found, each member once; or all that is wrong, told below
/// `/list/0`, `/list/1`….
pub(super) fn find_people(
    records: Records<'_>,
    conn: &mut Conn,
    list: &str,
    rows: &[Parsed],
) -> Result<(Vec<EncounterData>, People), AppError> {
    let (resolved, people) = resolve(records, conn, rows)?;
    let (mut found, mut faults) = (Vec::with_capacity(rows.len()), Vec::new());
    let mut members = HashSet::new();
    for (index, row) in resolved.into_iter().enumerate() {
        match row {
            Ok(data) => {
                if !members.insert(data.member) {
                    let message = "this member is there twice; a session has each member once.";
                    faults.push(Fault::at(format!("/{list}/{index}/member"), message));
                }
                found.push(data);
            }
            Err(error) if error.code == Code::InvalidInput => {
                let more = placed(error.faults, list, index, &MemberDraft::default());
                faults.extend(more.into_iter().filter(|f| !faults.contains(f)).collect::<Vec<_>>());
            }
            Err(error) => return Err(error),
        }
    }
    if faults.is_empty() { Ok((found, people)) } else { Err(AppError::invalid(faults)) }
}

/// What is recorded under the references of these encounters.
pub(super) fn known(
    conn: &mut Conn,
    tenant: OrganizationId,
    list: &[EncounterData],
) -> Result<Known, AppError> {
    let rows: Vec<_> = list.iter().cloned().map(Ok).collect();
    Known::read(conn, tenant, &rows)
}

/// Encounters of a session are new.
pub(super) fn refuse_known(
    list: &str,
    known: &Known,
    encounters: &[EncounterData],
) -> Result<(), AppError> {
    let used = encounters.iter().enumerate().filter(|(_, e)| known.get(&e.reference).is_some());
    let told =
        |(index, _)| Fault::at(format!("/{list}/{index}/reference"), "used for another encounter.");
    let faults: Vec<Fault> = used.map(told).collect();
    if faults.is_empty() { Ok(()) } else { Err(conflict(faults)) }
}

fn conflict(faults: Vec<Fault>) -> AppError {
    let detail = "A reference was used for other content; nothing was changed. Use new references \
                  for a new session; a session that is recorded is corrected with PATCH.";
    AppError::new(Code::ReferenceConflict, detail).with_faults(faults)
}

fn repeat(
    session: Session,
    known: &Known,
    list: &[EncounterData],
) -> Result<RecordedSession, AppError> {
    let gone = || AppError::internal("an encounter of a session is gone");
    let first = |data: &EncounterData| known.get(&data.reference).map(|(r, _)| r.clone());
    let encounters =
        list.iter().map(|data| first(data).ok_or_else(gone)).collect::<Result<_, _>>()?;
    Ok(RecordedSession { session, encounters, fresh: false })
}

/// SHA-256 over the JSON of the resolved content.
fn session_hash(parsed: &ParsedSession, list: &[EncounterData]) -> Result<Vec<u8>, AppError> {
    let content = (&parsed.reference, parsed.started_at, parsed.ended_at, list);
    let text = serde_json::to_vec(&content).map_err(|e| AppError::internal(e.to_string()))?;
    Ok(Sha256::digest(&text).to_vec())
}
