//! Plays a case step by step through the flow that production runs, and compares after each step.

use std::collections::HashMap;

use chrono::TimeDelta;
use serde_json::Value;

use super::check;
use super::compare::{differences, left_differences, said};
use super::visit::{draft, laid, moment, times, words};
use super::words::{CaseFile, Room, Step, document};
use super::world::{Trouble, World, taken, told};
use crate::domain::dates::{Instant, parse_date};
use crate::domain::decision::Remaining;
use crate::domain::identifiers::Key;
use crate::domain::ids::{BatchId, EncounterId, OrganizationId};
use crate::domain::rules::RuleId;
use crate::error::AppError;
use crate::flow::alternatives::{self, Alternative};
use crate::flow::intake::draft::parse;
use crate::flow::intake::{self, OnConflict, Parsed, Reading};
use crate::flow::revise::revise_row_in;
use crate::flow::{Ctx, Scope, again, allowances, batches, batching, encounters, overrides};

/// What the calendar shows at the start of a case without visits.
const SUMMER: &str = "2026-07-01T12:00:00Z";
/// A visit is recorded so long after it ended, when the case does not say.
pub(super) const SOON_AFTER: i64 = 60;

/// Why a step is not as the case says.
#[derive(Debug)]
pub(super) enum Ending {
    /// The service refused the step.
    Refused(AppError),
    /// The case cannot be played.
    Trouble(Trouble),
}

impl From<Trouble> for Ending {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<AppError> for Ending {
    fn from(error: AppError) -> Self {
        Self::Refused(error)
    }
}

/// A case being played.
pub(super) struct Play<'a> {
    pub(super) world: World<'a>,
    pub(super) now: Instant,
    pub(super) visits: HashMap<String, (OrganizationId, EncounterId, toml::Table)>,
    batch: Option<BatchId>,
}

/// Plays a case; every difference, with the step it was found after. Empty: it is all as it says.
pub(super) async fn play(ctx: Ctx, case: &CaseFile, pack: Value) -> Vec<String> {
    let ran = async {
        let zone = super::world::zone_of(case)?;
        let now = start(case, zone)?;
        ctx.clock.set(now);
        let world = World::open(ctx, case, pack).await?;
        Ok::<_, Trouble>(Play { world, now, visits: HashMap::new(), batch: None })
    };
    let mut play = match ran.await {
        Ok(play) => play,
        Err(trouble) => return vec![trouble],
    };
    let mut found = Vec::new();
    for (number, step) in case.steps.iter().enumerate() {
        let at = format!("step {} ({})", number + 1, name_of(step));
        match play.step(step).await {
            Ok(differences) => found.extend(differences.into_iter().map(|d| format!("{at}: {d}"))),
            Err(trouble) => {
                found.push(format!("{at}: {trouble}"));
                break;
            }
        }
    }
    found
}

/// What the calendar shows first: what the case says, or soon after its first visit.
fn start(case: &CaseFile, zone: crate::domain::dates::Zone) -> Result<Instant, Trouble> {
    if let Some(now) = &case.now {
        return moment(now, zone);
    }
    let first = case.steps.iter().find(|s| s.has_times());
    match first {
        Some(step) => {
            let (_, end) = times(&words(&[&case.usual, &step.words])?, zone)?;
            Ok(end.plus(TimeDelta::minutes(SOON_AFTER)))
        }
        None => Instant::parse(SUMMER).map_err(|e| e.0),
    }
}

fn name_of(step: &Step) -> String {
    let named = [
        ("visit", &step.visit),
        ("preview", &step.preview),
        ("revise", &step.revise),
        ("void", &step.void),
        ("decide", &step.decide),
    ];
    let named = named.iter().find_map(|(act, name)| Some(format!("{act} {}", name.as_ref()?)));
    named.or_else(|| step.remark.clone()).unwrap_or_else(|| "facts".to_owned())
}

impl Play<'_> {
    /// Does a step and tells the differences.
    async fn step(&mut self, step: &Step) -> Result<Vec<String>, Trouble> {
        if let Some(fault) = check::fault(step) {
            return Err(fault);
        }
        let (key, tenant) = self.world.tenant(step.by.as_deref())?;
        if let Some(now) = &step.now {
            self.now = moment(now, self.world.zone)?;
        }
        self.world.ctx.clock.set(self.now);
        let mut found = Vec::new();
        let acted = self.act(step, &key, tenant).await;
        match (acted, step.refused.as_deref()) {
            (Err(Ending::Trouble(trouble)), _) => return Err(trouble),
            (Err(Ending::Refused(error)), None) => return Err(told(&error)),
            (Err(Ending::Refused(error)), Some(code)) => {
                if error.code.as_str() != code {
                    found.push(format!("it was to be refused with {code}, but: {}", told(&error)));
                }
            }
            (Ok(_), Some(code)) => found.push(format!("it was to be refused with {code}")),
            (Ok(more), None) => found.extend(more),
        }
        again::settle(&self.world.ctx).await.map_err(|e| told(&e))?;
        let own = step.visit.as_ref().or(step.revise.as_ref()).or(step.void.as_ref());
        let own = own.or(step.decide.as_ref()).or(step.answer_for.as_ref().map(|a| &a.visit));
        if let (Some(name), Some(_)) = (own, &step.expect) {
            found.extend(self.look(step, name).await?);
        }
        for name in step.then.keys() {
            found.extend(self.look(step, name).await?);
        }
        for room in &step.room {
            found.extend(self.room(&key, tenant, room).await?);
        }
        Ok(found)
    }

    /// The act of a step; a preview's differences are told at once, as nothing stays of it.
    async fn act(
        &mut self,
        step: &Step,
        key: &Key,
        tenant: OrganizationId,
    ) -> Result<Vec<String>, Ending> {
        self.facts(step, key).await?;
        if let Some(name) = &step.visit {
            self.record(name, step, key, tenant).await?;
        }
        if !step.meet.is_empty() {
            self.meet(step, key, tenant).await?;
        }
        if let Some(name) = &step.revise {
            self.revise(name, step, key, tenant).await?;
        }
        if let Some(name) = &step.void {
            let (tenant, id) = self.find(name)?;
            let ctx = self.world.ctx.clone();
            let act =
                move |conn: &mut _| encounters::void_in(&ctx, conn, tenant, id, "by the case");
            self.world.ctx.db.write(Scope::Tenant(tenant), act).await?;
        }
        if let Some(name) = &step.decide {
            let (tenant, id) = self.find(name)?;
            let ctx = self.world.ctx.clone();
            let act = move |conn: &mut _| encounters::decide_as_asked(&ctx, conn, tenant, id);
            self.world.ctx.db.write(Scope::Tenant(tenant), act).await?;
        }
        self.claim(step, tenant).await?;
        self.answer_for(step).await?;
        if let Some(name) = &step.preview {
            let parsed = self.parsed(name, &step.words, key, None).await?;
            let seen = alternatives::preview(&self.world.ctx, tenant, parsed).await?;
            let decision = seen.decision;
            let answer = decision.disposition.as_str();
            let expect = step.expect.clone().unwrap_or_default();
            let mut found = differences(&expect, answer, &decision);
            let label = |a: &Alternative| format!("{} {}", a.change.kind(), a.change.value());
            let proposed: Vec<String> = seen.alternatives.iter().map(label).collect();
            if let Some(wanted) = expect.alternatives.filter(|wanted| *wanted != proposed) {
                found.push(format!("alternatives: expected {wanted:?}, found {proposed:?}"));
            }
            if !found.is_empty() {
                found.extend(said(answer, &decision));
            }
            return Ok(found);
        }
        Ok(Vec::new())
    }

    async fn facts(&mut self, step: &Step, key: &Key) -> Result<(), Ending> {
        if let Some(table) = &step.roster {
            self.world.roster(key, document(table)).await?;
        }
        if let Some(table) = &step.cover {
            self.world.cover(key, table).await?;
        }
        if let Some(table) = &step.certify {
            let (peer, certificate) = taken(document(table), "peer");
            let npi = self.world.peer(key, peer.as_deref().unwrap_or("P1")).await?;
            self.world.certify(key, &npi, certificate).await?;
        }
        if let Some(table) = &step.staff {
            self.world.staff(key, document(table)).await?;
        }
        if let Some(table) = &step.document {
            self.world.document(key, document(table)).await?;
        }
        let records = [
            ("approve", &step.approve),
            ("enroll", &step.enroll),
            ("consent", &step.consent),
            ("used_before", &step.used_before),
        ];
        for (what, table) in records {
            if let Some(table) = table {
                self.world.record(key, what, table).await?;
            }
        }
        if let Some(amendment) = &step.amend {
            let none = Value::Object(serde_json::Map::new());
            self.world.bring_contract(step.by.as_deref(), amendment, &none).await?;
        }
        Ok(())
    }

    async fn record(
        &mut self,
        name: &str,
        step: &Step,
        key: &Key,
        tenant: OrganizationId,
    ) -> Result<(), Ending> {
        let parsed = self.parsed(name, &step.words, key, Some(step)).await?;
        let ctx = self.world.ctx.clone();
        let rows = intake::record(&ctx, tenant, vec![parsed], OnConflict::Refuse).await?;
        let row = rows.into_iter().next().ok_or_else(|| "no row".to_owned())?;
        let id = row?.encounter.id;
        self.visits.insert(name.to_owned(), (tenant, id, step.words.clone()));
        Ok(())
    }

    async fn revise(
        &mut self,
        name: &str,
        step: &Step,
        key: &Key,
        tenant: OrganizationId,
    ) -> Result<(), Ending> {
        let (_, id) = self.find(name)?;
        let before = self.visits.get(name).map(|v| v.2.clone()).unwrap_or_default();
        let said = laid(&[&before, &step.words]);
        let parsed = self.parsed(name, &said, key, None).await?;
        let seen = encounters::get(&self.world.ctx, tenant, id).await?;
        let (ctx, from) = (self.world.ctx.clone(), seen.encounter.revision);
        let act = move |conn: &mut _| revise_row_in(&ctx, conn, tenant, id, from, &parsed);
        self.world.ctx.db.write(Scope::Tenant(tenant), act).await?;
        self.visits.insert(name.to_owned(), (tenant, id, said));
        Ok(())
    }

    async fn claim(&mut self, step: &Step, tenant: OrganizationId) -> Result<(), Ending> {
        let (ctx, payer, scope) = (self.world.ctx.clone(), self.world.payer, Scope::Tenant(tenant));
        if let Some(day) = &step.build {
            let day = parse_date(&day.0).map_err(|e| e.0)?;
            let ctx = ctx.clone();
            let act = move |conn: &mut _| batching::build_in(&ctx, conn, tenant, payer, day);
            self.batch = Some(self.world.ctx.db.write(scope, act).await?.batch.id);
        }
        let batch = || self.batch.ok_or_else(|| "no batch was built in this case".to_owned());
        if step.release {
            let (ctx, batch) = (ctx.clone(), batch()?);
            let act = move |conn: &mut _| batches::release_in(&ctx, conn, tenant, batch);
            self.world.ctx.db.write(scope, act).await?;
        }
        if step.withdraw {
            let batch = batch()?;
            let act = move |conn: &mut _| batches::withdraw_in(&ctx, conn, tenant, batch);
            self.world.ctx.db.write(scope, act).await?;
        }
        Ok(())
    }

    async fn answer_for(&mut self, step: &Step) -> Result<(), Ending> {
        let Some(answering) = &step.answer_for else { return Ok(()) };
        let (tenant, id) = self.find(&answering.visit)?;
        let rule = RuleId::parse(&answering.rule).map_err(|e| e.0)?;
        let (ctx, back) = (self.world.ctx.clone(), answering.take_back);
        let act = move |conn: &mut _| {
            let step = if back { overrides::revoke_in } else { overrides::make_in };
            step(&ctx, conn, tenant, id, rule, "by the case")
        };
        self.world.ctx.db.write(Scope::Tenant(tenant), act).await?;
        Ok(())
    }

    /// A visit with its people found; recorded ones (`step`) move the calendar on.
    async fn parsed(
        &mut self,
        name: &str,
        said: &toml::Table,
        key: &Key,
        step: Option<&Step>,
    ) -> Result<Parsed, Ending> {
        let words = words(&[&self.world.case.usual, said])?;
        let zone = self.world.zone;
        let peer = self.world.peer(key, words.peer.as_deref().unwrap_or("P1")).await?;
        let member = self.world.member(key, words.member.as_deref().unwrap_or("M1")).await?;
        let draft = draft(name, &words, zone, (peer.to_string(), member.to_string()))?;
        if step.is_some_and(|s| s.now.is_none()) {
            let soon = times(&words, zone)?.1.plus(TimeDelta::minutes(SOON_AFTER));
            self.now = self.now.max(soon);
            self.world.ctx.clock.set(self.now);
        }
        let not_after = step.map(|_| self.now);
        let reading = Reading { local: Some(zone), not_after };
        Ok(parse(&draft, reading).map_err(AppError::invalid)?)
    }

    fn find(&self, name: &str) -> Result<(OrganizationId, EncounterId), Trouble> {
        let found = self.visits.get(name).map(|v| (v.0, v.1));
        found.ok_or_else(|| format!("the case has recorded no visit `{name}` so far"))
    }

    /// Differences of a visit as it stands, and what it says when there are some.
    async fn look(&self, step: &Step, name: &str) -> Result<Vec<String>, Trouble> {
        let expect = step.then.get(name).or(step.expect.as_ref()).cloned().unwrap_or_default();
        let (tenant, id) = self.find(name)?;
        let seen = encounters::get(&self.world.ctx, tenant, id).await.map_err(|e| told(&e))?;
        let answer = seen.encounter.status.as_str();
        let decision = &seen.decision.answer;
        let found = differences(&expect, answer, decision);
        if found.is_empty() {
            return Ok(found);
        }
        let said = said(answer, decision).into_iter().map(|line| format!("  {line}"));
        Ok(found.into_iter().chain(said).map(|line| format!("{name}: {line}")).collect())
    }

    async fn room(
        &mut self,
        key: &Key,
        tenant: OrganizationId,
        room: &Room,
    ) -> Result<Vec<String>, Trouble> {
        let name = room.member.as_deref().unwrap_or("M1");
        let member = self.world.member(key, name).await?;
        let on = parse_date(&room.on.0).map_err(|e| e.0)?;
        let seen = allowances::on_day(&self.world.ctx, tenant, member, on).await;
        let payer = self.world.payer;
        let seen = seen.map_err(|e| told(&e))?.into_iter().filter(|a| a.payer == payer);
        let figures = seen.flat_map(|a| a.remaining).map(|r| r.figure);
        let found = left_differences(&room.left, &figures.collect::<Vec<Remaining>>());
        Ok(found.into_iter().map(|d| format!("{name} on {on}: {d}")).collect())
    }
}
