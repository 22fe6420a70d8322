//! Random contracts and random histories in any order of arrival, against a slow recount.
//!
//! The recount shares nothing with the rules: it keeps every billed unit as one row of its own
//! ledger, counts windows day by day by its own calendar (`windows/slow.rs`), caps in tenths of a
//! unit, and finds the most that can be billed by trying every number from the top (RK19 to RK24,
//! RK26, RK27). Two organizations bill the same members, so limits across them are counted, too.

use chrono::{NaiveDate, TimeDelta};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::history_recount::{Unit, day, days};
use super::history_world::{
    Act, Contract, DAYS, SERVICES, Visit, acts, authorization_id, contract,
};
use super::testing::{Case, key, t};
use super::{Selected, allowances, decide, is_shared, select, unfit};
use crate::domain::codes::Mode;
use crate::domain::contract::{AuthorizationNeed, Exceed, LimitScope};
use crate::domain::decision::{Decision, LineAnswer, Remaining};
use crate::domain::encounter::Kind;
use crate::domain::facts::{How, Usage};
use crate::domain::finding::Severity;
use crate::domain::identifiers::{AuthorizationNumber, Key};
use crate::domain::windows::slow::{self, Slow};

/// The ledger as the store would sum it: one row for each day, service, authorization and way.
pub fn rows<'a>(units: impl IntoIterator<Item = &'a Unit>) -> Vec<Usage> {
    let mut sums = std::collections::BTreeMap::new();
    for unit in units {
        let grant = unit.grant.map(|g| authorization_id(unit.org, unit.member, g));
        *sums.entry((unit.day, unit.service, grant, unit.mode)).or_insert(0i64) += 1;
    }
    sums.into_iter()
        .map(|((date, service, authorization, mode), units)| Usage {
            service: key(SERVICES[service]),
            date,
            authorization,
            how: Some(how(mode)),
            units,
        })
        .collect()
}

fn how(mode: Mode) -> How {
    let of_mode: &[&str] = if mode == Mode::Video { &["HE", "GT"] } else { &["HE"] };
    How { modifiers: of_mode.iter().map(|m| m.parse().unwrap()).collect(), mode }
}

/// Everything a decision about a visit needs, gathered as the bench does.
pub struct Gathered {
    all: Selected,
    pub selected: Selected,
    shared: Vec<Usage>,
}

pub fn gather(case: &Case, of: &Visit, ledger: &[Unit]) -> Gathered {
    let pack = &case.terms.pack;
    let own = rows(ledger.iter().filter(|u| (u.org, u.member) == (of.org, of.member)));
    let peer = rows(ledger.iter().filter(|u| (u.org, u.peer) == (of.org, of.peer)));
    let shared = rows(ledger.iter().filter(|u| u.member == of.member));
    let counted = |u: &Usage| is_shared(pack, &u.service, u.how.as_ref().unwrap());
    let (mine, peers): (Vec<_>, Vec<_>) = (own.iter().collect(), peer.iter().collect());
    Gathered {
        selected: select(
            pack,
            &case.facts.episodes,
            &case.facts.authorizations,
            day(of.day),
            (&mine, &peers),
        ),
        shared: shared.into_iter().filter(counted).collect(),
        all: Selected { usage: own, peer_usage: peer, anchors: vec![] },
    }
}

fn take_place(case: &mut Case, visit: &Visit) {
    let noon = t(&format!("{}T17:00:00Z", day(visit.day)));
    let encounter = &mut case.encounter;
    encounter.kind = Kind::Service(key(SERVICES[visit.service]));
    encounter.mode = visit.mode;
    encounter.started_at = noon;
    encounter.ended_at = noon.plus(TimeDelta::minutes(i64::from(visit.units) * 15));
    encounter.note.as_mut().unwrap().signed_at = Some(encounter.ended_at);
    encounter.authorization = visit.named.map(|named| {
        let id = authorization_id(visit.org, visit.member, named).as_i64();
        AuthorizationNumber::parse(&format!("A-{id}")).unwrap()
    });
}

fn know(case: &mut Case, known: &Selected, full: Vec<Key>) {
    case.facts.usage.clone_from(&known.usage);
    case.facts.peer_usage.clone_from(&known.peer_usage);
    case.facts.anchors.clone_from(&known.anchors);
    case.facts.full = full;
}

/// Decides as the bench does: limits across organizations last. The same with all usage and with
/// the part that is kept.
fn answer(case: &mut Case, visit: &Visit, ledger: &[Unit]) -> Decision {
    take_place(case, visit);
    decided(case, visit, ledger)
}

/// What is decided of the visit that the case holds.
pub fn decided(case: &mut Case, visit: &Visit, ledger: &[Unit]) -> Decision {
    let gathered = gather(case, visit, ledger);
    let both = [&gathered.all, &gathered.selected].map(|known| {
        know(case, known, vec![]);
        let first = decide(Some(&case.terms), &case.facts, &case.encounter);
        let (facts, data) = (&case.facts, &case.encounter);
        let full = unfit(&case.terms, facts, data, &first, &gathered.shared);
        know(case, known, full);
        decide(Some(&case.terms), &case.facts, &case.encounter)
    });
    let [all, selected] = both;
    assert_eq!(all, selected, "the part of usage that is kept says the same");
    all
}

/// What the ready lines bill, as units of the ledger.
pub fn billed(decision: &Decision, visit: &Visit) -> Vec<Unit> {
    let unit = |grant| Unit {
        org: visit.org,
        member: visit.member,
        peer: visit.peer,
        service: visit.service,
        mode: visit.mode,
        day: decision.service_date,
        grant,
    };
    let mut units = vec![];
    for line in decision.lines.iter().filter(|l| l.answer == LineAnswer::Ready) {
        let draw = line.authorization.as_ref();
        let drawn = draw.map_or(0, |d| usize::try_from(d.units).unwrap());
        let is = |g: &usize, id| authorization_id(visit.org, visit.member, *g) == id;
        let grant = draw.map(|d| (0..10).find(|g| is(g, d.id)).unwrap());
        let free = usize::try_from(line.units).unwrap() - drawn;
        units.extend(vec![unit(None); free]);
        units.extend(vec![unit(grant); drawn]);
    }
    units
}

/// Every promise, counted from nothing. After a void a consecutive window may begin elsewhere and
/// hold more than its cap; nothing else ever does.
fn assert_nothing_is_exceeded(contract: &Contract, ledger: &[Unit], voided: bool) {
    let everyone = (0..2).flat_map(|org| (0..2).map(move |who| (org, who)));
    for (org, who) in everyone {
        let of = Visit { org, member: who, peer: who, ..Visit::default() };
        for cap in &contract.caps {
            let window = contract.slow(&cap.window);
            let moved = voided && matches!(window, Slow::Consecutive(_));
            if moved || contract.is_exceeded(cap) {
                continue;
            }
            let units = Contract::counted(cap, &of, ledger).into_iter();
            let held = units.filter(|u| cap.exceed != Exceed::Authorization || u.grant.is_none());
            // What an authorization covers anchors consecutive windows, too.
            let anchored =
                cap.exceed == Exceed::Authorization && matches!(window, Slow::Consecutive(_));
            assert!(anchored || slow::kept(&window, cap.tenths, &days(held)), "{cap:?}");
        }
        if let Some(AuthorizationNeed::After { free_units, window }) = &contract.need {
            let (window, cap) = (contract.slow(window), 10 * i64::from(*free_units));
            let units = days(contract.unauthorized(&of, ledger));
            assert!(
                voided && matches!(window, Slow::Consecutive(_))
                    || slow::kept(&window, cap, &units),
                "free units"
            );
        }
        let mine = |u: &&Unit| (u.org, u.member) == (org, who);
        for (index, grant) in contract.grants.iter().enumerate() {
            let drawn = ledger.iter().filter(mine).filter(|u| u.grant == Some(index)).count();
            assert!(drawn <= usize::try_from(grant.units).unwrap(), "{grant:?}");
        }
    }
}

/// What is told of limits on a day is what the recount says.
fn assert_left(
    contract: &Contract,
    told: &[Remaining],
    of: &Visit,
    ledger: &[Unit],
    on: NaiveDate,
) {
    for (cap, told) in contract.caps.iter().zip(told) {
        let units = days(Contract::counted(cap, of, ledger));
        let left = slow::left(&contract.slow(&cap.window), cap.tenths, &units, on);
        let left = left.map(|tenths| Decimal::new(tenths, 1).normalize());
        let left = left.filter(|_| cap.scope == LimitScope::MemberAndOrganization);
        assert_eq!(told.remaining, left, "{cap:?} on {on}: {told:?}");
        assert_eq!(told.reason.is_some(), left.is_none());
    }
}

/// One step of a history: the ledger afterwards is the recount's.
fn step(contract: &Contract, case: &mut Case, visit: &Visit, ledger: &[Unit]) -> Vec<Unit> {
    let decision = answer(case, visit, ledger);
    let (mut answer, mut best) = (billed(&decision, visit), contract.most(visit, ledger));
    answer.sort_unstable();
    best.sort_unstable();
    assert_eq!(answer, best, "{visit:?} {:?}", decision.findings);
    let all: u32 = decision.lines.iter().map(|l| l.units).sum();
    assert_eq!(all, visit.units, "ready and held make up the contact");
    let held = decision.findings.iter().any(|f| f.severity == Severity::Hold);
    assert_eq!(best.len() < usize::try_from(all).unwrap(), held, "{:?}", decision.findings);
    answer
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn rk19_to_rk24_rk26_rk27_the_most_is_billed_and_nothing_is_exceeded(
        contract in contract(),
        acts in acts(),
    ) {
        let mut cases = [0, 1].map(|org| [0, 1].map(|member| contract.case(org, member)));
        let mut live: Vec<(Visit, Vec<Unit>)> = vec![];
        let mut voided = false;
        for act in &acts {
            let fresh = match act {
                Act::Visit(visit) => Some(visit),
                Act::Void(which) | Act::Revise(which, _) if live.is_empty() => { let _ = which; None }
                Act::Void(which) => {
                    live.swap_remove(which % live.len());
                    voided = true;
                    None
                }
                Act::Revise(which, visit) => {
                    live.swap_remove(which % live.len());
                    voided = true;
                    Some(visit)
                }
            };
            let mut ledger: Vec<Unit> = live.iter().flat_map(|(_, units)| units.clone()).collect();
            if let Some(visit) = fresh {
                let case = &mut cases[visit.org][visit.member];
                let units = step(&contract, case, visit, &ledger);
                ledger.extend(units.clone());
                live.push((visit.clone(), units));
            }
            assert_nothing_is_exceeded(&contract, &ledger, voided);
        }
        let ledger: Vec<Unit> = live.iter().flat_map(|(_, units)| units.clone()).collect();
        let backwards: Vec<Unit> = ledger.iter().rev().cloned().collect();
        for index in (0..DAYS).step_by(7) {
            let of = Visit { day: index, ..Visit::default() };
            let case = &cases[0][0];
            let told = |ledger: &[Unit]| {
                let gathered = gather(case, &of, ledger);
                let (terms, facts) = (&case.terms, &case.facts);
                allowances(terms, &facts.episodes, &gathered.selected, &facts.authorizations, day(index))
            };
            assert_left(&contract, &told(&ledger), &of, &ledger, day(index));
            prop_assert_eq!(told(&ledger), told(&backwards), "the order of arrival says nothing");
        }
    }
}
