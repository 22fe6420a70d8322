//! A session is entered once for all of its members, as `POST /v1/sessions` does it.

use chrono::TimeDelta;

use super::play::{Ending, Play};
use super::visit::{draft, laid, times, words};
use super::words::{Step, VisitWords};
use crate::domain::identifiers::Key;
use crate::domain::ids::OrganizationId;
use crate::error::AppError;
use crate::flow::intake::{Draft, Reading};
use crate::flow::sessions::{MemberDraft, SessionDraft, record_session};

impl Play<'_> {
    /// Enters the session of a step: its visits by name, each of a member.
    pub(super) async fn meet(
        &mut self,
        step: &Step,
        key: &Key,
        tenant: OrganizationId,
    ) -> Result<(), Ending> {
        let usual = &self.world.case.usual;
        let said = words(&[usual, &step.words])?;
        let zone = self.world.zone;
        let peer = self.world.peer(key, said.peer.as_deref().unwrap_or("P1")).await?;
        if step.now.is_none() {
            let soon = times(&said, zone)?.1.plus(TimeDelta::minutes(super::play::SOON_AFTER));
            self.now = self.now.max(soon);
            self.world.ctx.clock.set(self.now);
        }
        let mut parts = Vec::new();
        for (name, member) in &step.meet {
            let id = self.world.member(key, member).await?;
            parts.push(draft(name, &said, zone, (peer.to_string(), id.to_string()))?);
        }
        let session = together(&said, parts)?;
        let reading = Reading { local: Some(zone), not_after: Some(self.now) };
        let parsed = session.parse(reading).map_err(AppError::invalid)?;
        let recorded = record_session(&self.world.ctx, tenant, parsed).await?;
        for row in recorded.encounters {
            let name = row.encounter.data.reference.as_str().to_owned();
            let member = step.meet.get(&name).cloned().unwrap_or_default();
            let of_member = toml::Table::from_iter([("member".to_owned(), member.into())]);
            let said = laid(&[&step.words, &of_member]);
            self.visits.insert(name, (tenant, row.encounter.id, said));
        }
        Ok(())
    }
}

/// The session of which these are the members' parts; what they share is said once.
fn together(said: &VisitWords, parts: Vec<Draft>) -> Result<SessionDraft, String> {
    let count = |what: &str, n: Option<i64>| {
        n.map(u32::try_from).transpose().map_err(|_| format!("`{what}` is no count"))
    };
    let first = parts.first().cloned().ok_or("`meet` names no visit")?;
    let member = |part: Draft| MemberDraft {
        reference: part.reference,
        member: part.member,
        diagnoses: part.diagnoses,
        authorization: part.authorization,
        note_signed_at: part.note_signed_at,
        note_plan_goal: part.note_plan_goal,
        ..MemberDraft::default()
    };
    Ok(SessionDraft {
        reference: said.session.clone(),
        peer: first.peer,
        activity: first.activity,
        service: first.service,
        role: first.role,
        started_at: first.started_at,
        ended_at: first.ended_at,
        mode: first.mode,
        setting: first.setting,
        program: first.program,
        size: count("size", said.size)?,
        peers: count("peers", said.peers)?,
        members: parts.into_iter().map(member).collect(),
    })
}
