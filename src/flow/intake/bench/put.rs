//! What a chunk's decisions put on the bench, so that the encounters that follow see it.

use super::{Bench, Case};
use crate::domain::contract::LimitScope;
use crate::domain::decision::{Decision, LineAnswer};
use crate::domain::encounter::EncounterData;
use crate::domain::facts::{Neighbor, Usage};
use crate::domain::ids::{AuthorizationId, EncounterId};
use crate::domain::rules;
use crate::flow::Ctx;
use crate::flow::intake::usage::Accounts;

impl Bench {
    /// Puts what was decided on the bench, for the encounters that follow in the chunk.
    pub fn put(
        &mut self,
        ctx: &Ctx,
        id: EncounterId,
        encounter: &EncounterData,
        case: &Case,
        decision: &Decision,
    ) {
        self.attend(ctx, id, encounter, decision);
        if decision.day_sum.is_some() {
            self.put_day(id, encounter, case, decision);
        } else {
            self.put_drawn(encounter, case, decision);
        }
        if decision.lines.iter().all(|l| l.answer != LineAnswer::Ready) {
            return;
        }
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

    fn put_drawn(&mut self, encounter: &EncounterData, case: &Case, decision: &Decision) {
        for line in decision.lines.iter().filter(|l| l.answer == LineAnswer::Ready) {
            let drawn = line.authorization.as_ref().map_or(0, |d| d.units);
            let parts = [
                (line.units - drawn.min(line.units), None),
                (drawn, line.authorization.as_ref().map(|d| d.id)),
            ];
            for (units, authorization) in parts.into_iter().filter(|(units, _)| *units > 0) {
                self.change_drawn(encounter, case, decision, (authorization, i64::from(units)));
            }
        }
    }

    /// Adds units, or takes them away, wherever limits count them.
    pub(super) fn change_drawn(
        &mut self,
        encounter: &EncounterData,
        case: &Case,
        decision: &Decision,
        (authorization, units): (Option<AuthorizationId>, i64),
    ) {
        let (Some(terms), Some(billed)) = (&case.terms, &case.facts.billed) else { return };
        let service = rules::choose(&terms.pack, encounter);
        let (Some(account), Some(service)) = (case.account, service) else { return };
        let how = rules::how(encounter, service);
        let shared = case.shared.filter(|_| rules::is_shared(&terms.pack, &service.key, &how));
        let counted = rules::has_scope(&terms.pack, LimitScope::Peer);
        let peer = counted.then_some((billed.data.payer, encounter.peer));
        let (service, date) = (service.key.clone(), decision.service_date);
        let change = Usage { service, date, authorization, how: Some(how), units };
        self.drawn.change(Accounts { account, peer, shared }, change);
    }
}
