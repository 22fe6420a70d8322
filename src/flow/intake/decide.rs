//! Decisions on the bench: each sees what those before it in the chunk drew.

use super::bench::{Bench, Case};
use crate::domain::contract::LimitScope;
use crate::domain::dates::Instant;
use crate::domain::decision::{Decision, LineAnswer};
use crate::domain::encounter::EncounterData;
use crate::domain::facts::{How, Neighbor, Usage};
use crate::domain::ids::{AccountId, EncounterId, PeerId};
use crate::domain::rules;
use crate::error::AppError;

impl Bench {
    /// Decides an encounter with the facts as they stand on the bench now. Limits that the payer
    /// counts across organizations are asked last, for the units that would be billed; what they
    /// refuse becomes a fact, and nothing else that others gave.
    pub fn decide(
        &self,
        encounter: &EncounterData,
        as_of: Instant,
    ) -> Result<(Case, Decision), AppError> {
        let mut case = self.case(encounter, as_of)?;
        let decision = rules::decide(case.terms.as_deref(), &case.facts, encounter);
        if let (Some(terms), Some(shared)) = (case.terms.clone(), case.shared) {
            let usage = self.drawn.shared(shared);
            case.facts.full = rules::unfit(&terms, &case.facts, encounter, &decision, usage);
            if !case.facts.full.is_empty() {
                let decision = rules::decide(Some(&terms), &case.facts, encounter);
                return Ok((case, decision));
            }
        }
        Ok((case, decision))
    }

    /// Puts what was decided on the bench, for the encounters that follow in the chunk.
    pub fn put(
        &mut self,
        id: EncounterId,
        encounter: &EncounterData,
        case: &Case,
        decision: &Decision,
    ) {
        let ready = || decision.lines.iter().filter(|l| l.answer == LineAnswer::Ready);
        if ready().next().is_none() {
            return;
        }
        if let (Some(account), Some(service)) = (case.account, &decision.service) {
            for line in ready() {
                let how = How { modifiers: line.modifiers.clone(), mode: encounter.mode };
                let drawn = line.authorization.as_ref().map_or(0, |d| d.units);
                let parts = [
                    (line.units - drawn.min(line.units), None),
                    (drawn, line.authorization.as_ref().map(|d| d.id)),
                ];
                for (units, authorization) in parts.into_iter().filter(|(units, _)| *units > 0) {
                    let usage = Usage {
                        service: service.clone(),
                        date: decision.service_date,
                        authorization,
                        how: Some(how.clone()),
                        units: i64::from(units),
                    };
                    self.put_usage(account, encounter.peer, case, usage);
                }
            }
        }
        self.put_neighbor(Neighbor {
            encounter: id,
            reference: encounter.reference.clone(),
            member: encounter.member,
            peer: encounter.peer,
            service: decision.service.clone(),
            started_at: encounter.started_at,
            ended_at: encounter.ended_at,
        });
    }

    fn put_usage(&mut self, account: AccountId, peer: PeerId, case: &Case, usage: Usage) {
        let (Some(terms), Some(billed)) = (&case.terms, &case.facts.billed) else { return };
        if rules::has_scope(&terms.pack, LimitScope::Peer) {
            self.drawn.put_peer(billed.data.payer, peer, usage.clone());
        }
        if let (Some(shared), Some(how)) = (case.shared, &usage.how)
            && rules::is_shared(&terms.pack, &usage.service, how)
        {
            self.drawn.put_shared(shared, usage.clone());
        }
        self.drawn.put(account, usage);
    }
}
