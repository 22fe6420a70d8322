//! What a chunk's decisions put on the bench, so that the encounters that follow see it.

use super::Bench;
use crate::domain::decision::{Decision, LineAnswer};
use crate::domain::encounter::EncounterData;
use crate::domain::facts::{Neighbor, Usage};
use crate::domain::identifiers::Key;
use crate::domain::ids::{AccountId, EncounterId};

impl Bench {
    /// Puts what was decided on the bench, for the encounters that follow in the chunk.
    pub fn put(
        &mut self,
        id: EncounterId,
        encounter: &EncounterData,
        account: Option<AccountId>,
        decision: &Decision,
    ) {
        if decision.day_sum.is_some() {
            self.put_day(id, encounter, account, decision);
        } else if let (Some(account), Some(service)) = (account, &decision.service) {
            self.put_drawn(id, account, service, decision);
        }
        if decision.lines.iter().all(|l| l.answer != LineAnswer::Ready) {
            return;
        }
        self.near.put(Neighbor {
            encounter: id,
            reference: encounter.reference.clone(),
            member: encounter.member,
            peer: encounter.peer,
            service: decision.service.clone(),
            started_at: encounter.started_at,
            ended_at: encounter.ended_at,
        });
    }

    fn put_drawn(
        &mut self,
        id: EncounterId,
        account: AccountId,
        service: &Key,
        decision: &Decision,
    ) {
        for line in decision.lines.iter().filter(|l| l.answer == LineAnswer::Ready) {
            let drawn = line.authorization.as_ref().map_or(0, |d| d.units);
            let parts = [
                (line.units - drawn.min(line.units), None),
                (drawn, line.authorization.as_ref().map(|d| d.id)),
            ];
            for (units, authorization) in parts.into_iter().filter(|(units, _)| *units > 0) {
                let (service, date) = (service.clone(), decision.service_date);
                let units = i64::from(units);
                let usage = Usage { service, date, authorization, units };
                self.drawn.put(account, Some(id), usage);
            }
        }
    }
}
