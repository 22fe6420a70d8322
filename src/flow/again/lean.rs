//! Visits that lean on others: one that waits for a visit face to face, or for smaller groups, is
//! decided again when that visit is there or has more units, and those that leaned on one when it is
//! gone or has fewer. So are those whose windows it began.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::domain::again::{Cause, Days, Touched};
use crate::domain::contract::{Terms, VersionHead};
use crate::domain::decision::{Decision, Disposition};
use crate::domain::encounter::{Encounter, EncounterData};
use crate::domain::ids::{EncounterId, MemberId, OrganizationId};
use crate::domain::rules::{LIFTED_BY_OTHERS, Leaning};
use crate::domain::windows;
use crate::error::AppError;
use crate::flow::Ctx;
use crate::store::holds::Waiting;
use crate::store::members::PayerMember;
use crate::store::{self, Conn};

use super::mark::follow;

/// Whether others may lean on the visit: it is not held, and be it too short for a unit of its own
/// (`docs/adr/0109-…`).
pub(super) fn stands(decision: &Decision) -> bool {
    decision.service.is_some() && decision.disposition != Disposition::Held
}

/// The terms of all versions of all contracts of the organization: a visit is judged by those of its
/// own date and payer, and leans on visits of others.
pub fn terms_of_all(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    heads: &[VersionHead],
) -> Result<Vec<Arc<Terms>>, AppError> {
    heads.iter().map(|head| ctx.terms(conn, tenant, head.id)).collect()
}

fn leaning(all: &[Arc<Terms>], data: &EncounterData, decision: &Decision) -> Leaning {
    let packs = all.iter().map(|terms| &terms.pack);
    Leaning::on(packs, decision.service_date, data.mode, data.group.is_some())
}

/// Marks what waits for these visits, which are ready from now on, `depth` steps away from somebody's
/// change. Their accounts are locked by whoever decided. `all` are [`terms_of_all`].
pub fn wake<'a>(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    all: &[Arc<Terms>],
    visits: impl Iterator<Item = (&'a EncounterData, &'a Decision)>,
    depth: i32,
) -> Result<(), AppError> {
    let there: Vec<(&EncounterData, Leaning)> = visits
        .filter(|(_, decision)| stands(decision))
        .map(|(data, decision)| (data, leaning(all, data, decision)))
        .filter(|(_, leaning)| !leaning.is_none())
        .collect();
    if there.is_empty() {
        return Ok(());
    }
    let members: Vec<_> = there.iter().map(|(data, _)| data.member).collect();
    let peers: Vec<_> = there.iter().map(|(data, _)| data.peer).collect();
    let waiting = store::holds::waiting(conn, tenant, &LIFTED_BY_OTHERS, &members, &peers)?;
    let lifted = |w: &&Waiting| {
        there.iter().any(|(data, leaning)| {
            let same = (data.member == w.member, data.peer == w.peer);
            leaning.lifts(&w.rule, w.date, same)
        })
    };
    let mut ids: Vec<EncounterId> = waiting.iter().filter(lifted).map(|w| w.encounter).collect();
    ids.sort_unstable();
    ids.dedup();
    let touched: Vec<Touched> = ids.into_iter().map(Touched::Encounter).collect();
    follow(ctx, conn, tenant, Cause::Visit, depth, &touched)
}

/// What leaned on a visit that is gone.
#[derive(Debug, Default)]
pub struct Gone {
    /// Of its own member and peer.
    pub own: Vec<Touched>,
    /// Of others who had or have its number. Whoever decides about them waits for the account of the number, which
    /// is locked; their own may not be locked behind it.
    pub others: Vec<Touched>,
}

/// The visits that leaned on one which stood and is not as it was, by the number that it was billed under, too.
/// `all` are [`terms_of_all`].
pub fn gone(
    conn: &mut Conn,
    tenant: OrganizationId,
    all: &[Arc<Terms>],
    (visit, before): (&Encounter, &Decision),
    holders: &mut Holders,
) -> Result<Gone, AppError> {
    if !stands(before) {
        return Ok(Gone::default());
    }
    let data = &visit.data;
    let leaning = leaning(all, data, before);
    let days = |days: windows::Days| Days { from: days.from, to: days.to };
    let member = leaning.member.map(|on| Touched::Member(data.member, days(on)));
    // What the member paid with it, another visit of the day is to be paid with.
    let pays = before.lines.iter().any(|l| !l.copays.is_empty());
    let day = Some(before.service_date);
    let paid = pays.then_some(Touched::Member(data.member, Days { from: day, to: day }));
    let peer = leaning.peer.map(|on| Touched::Peer(data.peer, days(on)));
    let packs = all.iter().map(|terms| &terms.pack);
    let service = before.service.as_ref();
    let begun = service.map(|s| Leaning::from_first(packs, s, before.service_date));
    let begun = begun.unwrap_or_default();
    let of_peer = begun.peer.map(|on| Touched::Peer(data.peer, days(on)));
    let own = begun.member.map(|on| Touched::Member(data.member, days(on)));
    let own = member.into_iter().chain(peer).chain(paid).chain(own).chain(of_peer).collect();
    let mut others = Vec::new();
    if let Some(on) = begun.member {
        let whose = holders.others(conn, tenant, visit)?;
        others.extend(whose.into_iter().map(|member| Touched::Member(member, days(on))));
    }
    Ok(Gone { own, others })
}

/// Who had or has a number at a payer: of all of them units under it are counted (`docs/adr/0011`,
/// `docs/adr/0130`). Each number is asked for once.
#[derive(Debug, Default)]
pub struct Holders(HashMap<PayerMember, BTreeSet<MemberId>>);

impl Holders {
    /// The others of a visit's number, besides its member.
    fn others(
        &mut self,
        conn: &mut Conn,
        tenant: OrganizationId,
        visit: &Encounter,
    ) -> Result<BTreeSet<MemberId>, AppError> {
        let Some(number) = visit.payer.zip(visit.member_number.clone()) else {
            return Ok(BTreeSet::new());
        };
        if !self.0.contains_key(&number) {
            let found = store::members::by_numbers(conn, tenant, std::slice::from_ref(&number))?;
            self.0.insert(number.clone(), found.into_iter().map(|(_, m)| m.id).collect());
        }
        let mut all = self.0.get(&number).cloned().unwrap_or_default();
        all.remove(&visit.data.member);
        Ok(all)
    }
}

/// The member's visits, where a contract counts how many there were and this one is voided: it counted
/// also where it was held or too short. `all` are [`terms_of_all`].
pub fn uncounted(all: &[Arc<Terms>], data: &EncounterData) -> Option<Touched> {
    let mut conditions = all.iter().flat_map(|terms| &terms.pack.conditions);
    let counts = conditions.any(|c| c.demand.counts_visits());
    counts.then_some(Touched::Member(data.member, Days::ALL))
}
