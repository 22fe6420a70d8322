//! What a chunk's decisions put on the bench, so that the encounters that follow see it.

use super::Bench;
use crate::domain::contract::LimitScope;
use crate::domain::decision::{Decision, LineAnswer};
use crate::domain::encounter::EncounterData;
use crate::domain::facts::{Neighbor, Usage};
use crate::domain::ids::{AuthorizationId, EncounterId};
use crate::domain::rules;
use crate::flow::Ctx;
use crate::flow::intake::usage::Accounts;

/// Units more (or, below zero, fewer) that are drawn on an authorization, or on none.
pub(super) type Drawing = (Option<AuthorizationId>, i64);

impl Bench {
    /// Puts what was decided on the bench, for the encounters that follow in the chunk.
    pub fn put(
        &mut self,
        ctx: &Ctx,
        id: EncounterId,
        encounter: &EncounterData,
        decision: &Decision,
    ) {
        self.attend(ctx, id, encounter, decision);
        self.beside.put(id, encounter, decision);
        if decision.day_sum.is_some() {
            self.put_day(id, encounter, decision);
        } else {
            self.put_drawn(id, encounter, decision);
        }
        if decision.lines.iter().all(|l| l.answer != LineAnswer::Ready) {
            return;
        }
        self.put_company(id, encounter, decision);
        self.nearby.put(Neighbor {
            encounter: id,
            reference: encounter.reference.clone(),
            member: encounter.member,
            peer: encounter.peer,
            service: decision.service.clone(),
            started_at: encounter.started_at,
            ended_at: encounter.ended_at,
            session: None,
        });
    }

    fn put_drawn(&mut self, id: EncounterId, encounter: &EncounterData, decision: &Decision) {
        let mut drawn: Vec<Drawing> = Vec::new();
        for line in decision.lines.iter().filter(|l| l.answer == LineAnswer::Ready) {
            let authorized = line.authorization.as_ref().map_or(0, |d| d.units);
            let parts = [
                (None, line.units - authorized.min(line.units)),
                (line.authorization.as_ref().map(|d| d.id), authorized),
            ];
            let some = parts.into_iter().filter(|(_, units)| *units > 0);
            drawn.extend(some.map(|(on, units)| (on, i64::from(units))));
        }
        self.change_drawn(Some(id), encounter, decision, drawn);
    }

    /// Adds units, or takes them away, wherever limits count them. What is added is of the encounter
    /// `of`, and can be lifted with it.
    pub(super) fn change_drawn(
        &mut self,
        of: Option<EncounterId>,
        encounter: &EncounterData,
        decision: &Decision,
        changes: Vec<Drawing>,
    ) {
        if changes.is_empty() {
            return;
        }
        let (Some(visit), Some(key)) = (self.visit(encounter), &decision.service) else { return };
        let Some(account) = visit.account else { return };
        let pack = &visit.terms.pack;
        // A service that the contract in force no longer has counts in every limit of its name.
        let service = pack.services.iter().find(|s| s.key == *key);
        let certificates = self.certificates(encounter.peer);
        let day = decision.service_date;
        let billed = self.billed(encounter.member, day);
        let seen = rules::Seen {
            pack,
            encounter,
            date: day,
            product: billed.and_then(|b| b.data.product.as_ref()),
            certificates: &certificates,
            episodes: &visit.episodes,
        };
        let how = service.map(|s| rules::how(&seen, s));
        let is_shared = how.as_ref().is_some_and(|how| rules::is_shared(pack, key, how));
        let counted = rules::has_scope(pack, LimitScope::Peer);
        let accounts = Accounts {
            account,
            peer: counted.then_some((visit.payer, encounter.peer)),
            shared: visit.shared.filter(|_| is_shared),
        };
        for (authorization, units) in changes {
            let (service, date) = (key.clone(), decision.service_date);
            let change = Usage { service, date, authorization, how: how.clone(), units };
            self.drawn.change(of, accounts, &change);
        }
    }
}
