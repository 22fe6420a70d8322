//! Step 1d: sessions. One meeting is entered once and makes an encounter for each member who is
//! billed; it is corrected as a whole.

mod amend;
pub mod draft;
mod record;

use super::Ctx;
use super::audit::{self, Action, Detail};
use super::encounters::{Seen, organization, void_visit, who, with_decisions};
use super::intake::bench::{Access, Bench};
use crate::domain::encounter::{Encounter, EncounterData};
use crate::domain::identifiers::Reference;
use crate::domain::ids::{EncounterId, OrganizationId, SessionId};
use crate::domain::session::Session;
use crate::error::{AppError, Code};
use crate::flow::again;
pub use crate::store::sessions::Filter;
use crate::store::{self, Conn, Scope};
pub use amend::{Amendment, amend_in};
pub use draft::{MemberDraft, ParsedSession, SessionDraft};
pub use record::{RecordedSession, record_session, record_session_in};

/// A session with its encounters, voided ones too.
#[derive(Debug, Clone)]
pub struct SeenSession {
    /// The session.
    pub session: Session,
    /// Its encounters in order of id.
    pub encounters: Vec<Seen>,
}

fn find(conn: &mut Conn, tenant: OrganizationId, id: SessionId) -> Result<Session, AppError> {
    match store::sessions::by_id(conn, tenant, id) {
        Err(store::StoreError::NotFound) => Err(AppError::not_found("session")),
        other => Ok(other?),
    }
}

/// The encounters of a session, in order of id.
fn encounters_of(
    conn: &mut Conn,
    tenant: OrganizationId,
    id: SessionId,
) -> Result<Vec<Encounter>, AppError> {
    let ids = store::sessions::encounters_of(conn, tenant, id)?;
    let mut found = store::encounters::by_ids(conn, tenant, &ids)?;
    found.sort_by_key(|e| e.id);
    Ok(found)
}

fn see(conn: &mut Conn, tenant: OrganizationId, id: SessionId) -> Result<SeenSession, AppError> {
    let session = find(conn, tenant, id)?;
    let encounters = encounters_of(conn, tenant, id)?;
    Ok(SeenSession { session, encounters: with_decisions(conn, tenant, encounters)? })
}

/// One session.
pub async fn get(
    ctx: &Ctx,
    tenant: OrganizationId,
    id: SessionId,
) -> Result<SeenSession, AppError> {
    ctx.db.read(Scope::Tenant(tenant), move |conn| see(conn, tenant, id)).await
}

/// A page of sessions, without their encounters but with their number: those that are not void.
pub async fn list(
    ctx: &Ctx,
    tenant: OrganizationId,
    filter: Filter,
    after: Option<SessionId>,
    limit: i64,
) -> Result<Vec<(Session, usize)>, AppError> {
    ctx.db
        .read(Scope::Tenant(tenant), move |conn| {
            let page = store::sessions::list(conn, tenant, &filter, after, limit)?;
            let ids: Vec<SessionId> = page.iter().map(|s| s.id).collect();
            let attendance = store::sessions::attendance(conn, tenant, &ids)?;
            let count = |id| attendance.iter().filter(|a| a.session == id).count();
            Ok(page.into_iter().map(|s| (count(s.id), s)).map(|(n, s)| (s, n)).collect())
        })
        .await
}

/// Locks all that a change of these encounters may touch, as they are and as they will be.
fn lock(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    list: &[&EncounterData],
) -> Result<(), AppError> {
    let organization = again::deciding(conn, tenant)?;
    let people = who(conn, tenant, list)?;
    Bench::gather(ctx, conn, &organization, people, list, Access::Stand, &[]).map(|_| ())
}

/// Reads a session and its encounters, and again when all of it is locked: `more` are encounters
/// that come to it.
fn locked(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: SessionId,
    more: &[EncounterData],
) -> Result<(Session, Vec<Encounter>), AppError> {
    let state = |list: &[Encounter]| list.iter().map(|e| (e.id, e.revision)).collect::<Vec<_>>();
    let session = find(conn, tenant, id)?;
    let before = encounters_of(conn, tenant, id)?;
    let all: Vec<&EncounterData> = before.iter().map(|e| &e.data).chain(more).collect();
    lock(ctx, conn, tenant, &all)?;
    let now = find(conn, tenant, id)?;
    let encounters = encounters_of(conn, tenant, id)?;
    if state(&before) != state(&encounters) || session.revision != now.revision {
        let detail = "The session was changed at the same moment; try again.";
        return Err(AppError::new(Code::Busy, detail));
    }
    if now.voided_at.is_some() {
        let detail = "The session was voided; it stays as it is.";
        return Err(AppError::new(Code::WrongStatus, detail));
    }
    Ok((now, encounters))
}

/// Those of these encounters that are on a live claim.
fn claimed(
    conn: &mut Conn,
    tenant: OrganizationId,
    list: &[Encounter],
) -> Result<Vec<EncounterId>, AppError> {
    let ids: Vec<EncounterId> = list.iter().map(|e| e.id).collect();
    let lines = store::decisions::current_lines(conn, tenant, &ids)?;
    Ok(lines.into_iter().filter(|l| l.status.is_claimed()).map(|l| l.encounter).collect())
}

fn already_claimed(references: &[&str]) -> AppError {
    let named = references.iter().take(5).copied().collect::<Vec<_>>().join(", ");
    let detail = format!(
        "Encounters of the session are on live claims: {named}. Withdraw their batch while that is \
         not released; after release they change by replacement claims only."
    );
    AppError::new(Code::AlreadyClaimed, detail)
}

/// Voids a session with all its encounters; none of them may be on a live claim. Its reference and
/// theirs stay used.
pub fn void_session_in(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: SessionId,
    reason: &str,
) -> Result<SeenSession, AppError> {
    if find(conn, tenant, id)?.voided_at.is_some() {
        return see(conn, tenant, id);
    }
    let (mut session, encounters) = locked(ctx, conn, tenant, id, &[])?;
    let claimed = claimed(conn, tenant, &encounters)?;
    let on_claims = encounters.iter().filter(|e| claimed.contains(&e.id));
    let on_claims: Vec<&str> = on_claims.map(|e| e.data.reference.as_str()).collect();
    if !on_claims.is_empty() {
        return Err(already_claimed(&on_claims));
    }
    for encounter in encounters.iter().filter(|e| e.voided_at.is_none()) {
        void_visit(ctx, conn, tenant, encounter.id, reason)?;
    }
    session.voided_at = Some(ctx.now());
    session.void_reason = Some(reason.to_owned());
    session.revision += 1;
    let day = organization(conn, tenant)?.data.zone.date_of(session.data.started_at);
    store::sessions::update(conn, tenant, &session, day)?;
    audit::note(ctx, conn, Some(tenant), Action::SessionVoid, id, Detail::default())?;
    see(conn, tenant, id)
}

/// The encounters that are not void of a session that nobody entered: it is what the first of them
/// says, so they are decided again when one leaves it. None of a session that was entered as one.
pub(super) fn others(
    conn: &mut Conn,
    tenant: OrganizationId,
    session: &Reference,
) -> Result<Vec<EncounterId>, AppError> {
    let found = store::sessions::by_references(conn, tenant, &[session])?;
    let gathered: Vec<SessionId> = found.iter().filter(|s| !s.data.stated).map(|s| s.id).collect();
    let attendance = store::sessions::attendance(conn, tenant, &gathered)?;
    Ok(attendance.into_iter().map(|a| a.encounter).collect())
}
