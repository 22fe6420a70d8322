//! What a chunk's decisions put on the bench, so that the encounters that follow see it.

use super::Bench;
use crate::domain::decision::{Decision, LineAnswer};
use crate::domain::encounter::EncounterData;
use crate::domain::facts::{Neighbor, Usage};
use crate::domain::identifiers::Key;
use crate::domain::ids::{AccountId, EncounterId};
use crate::flow::Ctx;

impl Bench {
    /// Puts what was decided on the bench, for the encounters that follow in the chunk.
    pub fn put(
        &mut self,
        ctx: &Ctx,
        id: EncounterId,
        encounter: &EncounterData,
        account: Option<AccountId>,
        decision: &Decision,
    ) {
        self.attend(ctx, id, encounter, decision);
        if decision.day_sum.is_some() {
            self.put_day(id, encounter, account, decision);
        } else if let (Some(account), Some(service)) = (account, &decision.service) {
            self.put_drawn(account, service, decision);
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

    fn put_drawn(&mut self, account: AccountId, service: &Key, decision: &Decision) {
        for line in decision.lines.iter().filter(|l| l.answer == LineAnswer::Ready) {
            let drawn = line.authorization.as_ref().map_or(0, |d| d.units);
            let parts = [
                (line.units - drawn.min(line.units), None),
                (drawn, line.authorization.as_ref().map(|d| d.id)),
            ];
            for (units, authorization) in parts.into_iter().filter(|(units, _)| *units > 0) {
                let (service, date) = (service.clone(), decision.service_date);
                let units = i64::from(units);
                self.put_usage(account, Usage { service, date, authorization, units });
            }
        }
    }

    pub(super) fn put_usage(&mut self, account: AccountId, usage: Usage) {
        let index = self.usage.len();
        self.usage_of_account.entry(account).or_default().push(index);
        if let Some(authorization) = usage.authorization {
            self.usage_of_authorization.entry(authorization).or_default().push(index);
        }
        self.usage.push((account, usage));
    }

    /// Adds to what an account holds; less than nothing takes away from rows that are alike.
    pub(super) fn change_usage(&mut self, account: AccountId, change: Usage) {
        if change.units > 0 {
            return self.put_usage(account, change);
        }
        let mut left = change.units.saturating_neg();
        let rows = self.usage_of_account.get(&account).into_iter().flatten();
        for index in rows {
            let Some((_, row)) = self.usage.get_mut(*index) else { continue };
            let alike = (&row.service, row.date, row.authorization)
                == (&change.service, change.date, change.authorization);
            if alike {
                let taken = left.min(row.units);
                row.units = row.units.saturating_sub(taken);
                left = left.saturating_sub(taken);
            }
        }
    }
}
