//! Any contract, any visits in any order of arrival, any voids: the engine against the slow one of
//! `reference_engine.rs`, visit by visit, in lines, findings, units, dollars and what is left.
//!
//! `PEERCLAIMS_REFERENCE_CASES` sets how many histories are played: few by default, many by night.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::history_recount::{Unit, day, days};
use super::history_tests::{billed, decided, gather, rows};
use super::history_world::{Contract, DAYS, SERVICES, Visit};
use super::reference_asks::Ask;
use super::reference_engine::Said;
use super::reference_life::beside;
use super::reference_world::{Book, Of, Talk, book, talk};
use super::testing::{Case, key};
use super::{PeerVisit, Selected, allowances, peer_windows};
use crate::domain::codes::{Modifier, PlaceOfService};
use crate::domain::contract::{AuthorizationNeed, LimitScope};
use crate::domain::decision::{Decision, Disposition, LineAnswer, Remaining, RemainingKind};
use crate::domain::facts::{Copaid, Neighbor, OnLine, Usage};
use crate::domain::finding::Severity;
use crate::domain::identifiers::Reference;
use crate::domain::ids::{AccountId, DecisionId, EncounterId, LineId};
use crate::domain::ledger::{self, Entry};
use crate::domain::line::lines_of;
use crate::domain::windows::slow;

/// What happens.
#[derive(Debug, Clone)]
enum Act {
    Visit(Talk),
    Void(usize),
    Revise(usize, Talk),
    /// What a visit holds goes onto a released claim, or comes back from a rejected one.
    Claim(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let which = || any::<u16>().prop_map(usize::from);
    let act = prop_oneof![
        10 => talk().prop_map(Act::Visit),
        1 => which().prop_map(Act::Void),
        1 => (which(), talk()).prop_map(|(n, t)| Act::Revise(n, t)),
        1 => which().prop_map(Act::Claim),
    ];
    prop::collection::vec(act, 1..16)
}

/// A live visit: what it drew, and the entries that say so.
struct Live {
    talk: Talk,
    visit: Visit,
    /// Which shares of a visit or a day the member pays with it.
    paid: Vec<usize>,
    units: Vec<Unit>,
    entries: Vec<Entry>,
}

/// Limits and authorizations are the recount's to tell; everything else the reference says.
fn is_of_room(rule: &str) -> bool {
    (rule.starts_with("limit.") && rule != "limit.visit") || rule.starts_with("authorization.")
}

/// The lines are the visit's units, with the modifiers and amounts of the reference.
///
/// What the member owes of the visit is taken cent by cent, from the first line first; gives what is
/// paid with a ready line.
fn assert_lines(
    said: &Said,
    best: &[Unit],
    decision: &Decision,
    mut owed: Vec<(usize, i64)>,
) -> Vec<usize> {
    let mut paid = vec![];
    if said.never {
        assert!(decision.lines.is_empty());
        assert_eq!(decision.disposition, Disposition::NonBillable);
        return paid;
    }
    let of = |answer| decision.lines.iter().filter(move |l| l.answer == answer).map(|l| l.units);
    let ready: u32 = of(LineAnswer::Ready).sum();
    assert_eq!(ready, u32::try_from(best.len()).unwrap());
    assert_eq!(ready + of(LineAnswer::Held).sum::<u32>(), said.units);
    let waits = if ready > 0 { Disposition::Ready } else { Disposition::Held };
    assert_eq!(decision.disposition, waits);
    for line in &decision.lines {
        let tags: Vec<&str> = line.modifiers.iter().map(Modifier::as_str).collect();
        assert_eq!(tags, said.tags);
        let told = (line.charge.decimal(), line.expected.decimal());
        let (charge, mut expected) = said.cents(line.units);
        for (share, cents) in &mut owed {
            let mut taken = 0i64;
            while *cents > 0 && expected > 0 {
                (*cents, expected, taken) = (*cents - 1, expected - 1, taken + 1);
            }
            let told =
                line.copays.iter().find(|c| c.key.as_str() == format!("share-{}", *share + 1));
            assert_eq!(told.map_or(0, |c| c.amount.cents()), taken);
            if taken > 0 && line.answer == LineAnswer::Ready {
                paid.push(*share);
            }
        }
        let exact = |cents: i128| Decimal::from_i128_with_scale(cents, 2);
        assert_eq!(told, (exact(charge), exact(expected)), "{line:?}");
    }
    paid
}

/// What is paid with other visits of the member's day, as the facts have it.
fn copaid(talk: &Talk, live: &[Live]) -> Vec<(usize, Copaid)> {
    let of = |v: &Visit| (v.org, v.member, v.day);
    let day = live.iter().filter(|l| of(&l.visit) == of(&talk.visit));
    let fact = |share: usize| Copaid {
        key: key(&format!("share-{}", share + 1)),
        // Nothing of it matters: no line of these contracts is another visit's, too.
        line: OnLine {
            service: key("peer"),
            modifiers: vec![],
            place: PlaceOfService::parse("11").unwrap(),
            units: 1,
        },
        together: true,
    };
    day.flat_map(|l| &l.paid).map(|share| (*share, fact(*share))).collect()
}

/// Live visits of the organization: which of them are at the same time is for the rules to say.
fn neighbors(talk: &Talk, live: &[&Live]) -> Vec<Neighbor> {
    let own = live.iter().filter(|l| l.visit.org == talk.visit.org);
    let neighbor = |(number, other): (i64, &&Live)| {
        let (member, peer) = other.talk.who();
        Neighbor {
            encounter: EncounterId::from_i64(number),
            reference: Reference::parse(&format!("N-{number}")).unwrap(),
            member,
            peer,
            service: Some(key(SERVICES[other.visit.service])),
            started_at: other.talk.starts(),
            ended_at: other.talk.ends(),
            session: None,
        }
    };
    (1000i64..).zip(own).map(neighbor).collect()
}

/// The same as whoever sums up what a peer does is given it.
fn company(live: &[&Live]) -> Vec<PeerVisit> {
    let visit = |(number, other): (i64, &&Live)| {
        let (member, peer) = other.talk.who();
        let session = other.talk.session();
        PeerVisit {
            encounter: EncounterId::from_i64(number),
            peer,
            member,
            date: day(other.visit.day),
            service: Some(key(SERVICES[other.visit.service])),
            session: session.map(|(name, size)| (Reference::parse(&name).unwrap(), size)),
        }
    };
    (1000i64..).zip(live).map(visit).collect()
}

/// What is told to be left after a visit is what is left once its units are drawn.
fn assert_left(contract: &Contract, visit: &Visit, ledger: &[Unit], decision: &Decision) {
    let on = day(visit.day);
    let of_kind = |kind| decision.remaining.iter().filter(move |r: &&Remaining| r.kind == kind);
    let exact = |tenths: i64| Decimal::new(tenths, 1).normalize();
    let counting = contract.caps.iter().filter(|c| c.takes(visit.service, visit.mode));
    let left = counting.map(|cap| {
        let units = days(Contract::counted(cap, visit, ledger));
        let left = slow::left(&contract.slow(&cap.window), cap.tenths, &units, on);
        left.filter(|_| cap.scope != LimitScope::Member).map(exact)
    });
    let told = of_kind(RemainingKind::Limit).map(|r| r.remaining);
    assert!(told.eq(left), "{:?}", decision.remaining);
    if let Some(AuthorizationNeed::After { free_units, window }) = &contract.need
        && contract.need_for.contains(&visit.service)
    {
        let units = days(contract.unauthorized(visit, ledger));
        let cap = 10 * i64::from(*free_units);
        let left = slow::left(&contract.slow(window), cap, &units, on).map(exact);
        let told: Vec<_> = of_kind(RemainingKind::Free).map(|r| r.remaining).collect();
        assert_eq!(told, [left]);
    }
    let mine = |u: &&Unit| (u.org, u.member) == (visit.org, visit.member);
    for told in of_kind(RemainingKind::Authorization) {
        let id = told.key.trim_start_matches("A-").parse::<usize>().unwrap();
        let grant = (id - 1) % 10;
        let drawn = ledger.iter().filter(mine).filter(|u| u.grant == Some(grant)).count();
        assert_eq!(told.used, Some(Decimal::from(drawn)));
    }
}

/// One visit: the engine's answer is the reference's.
fn step(book: &Book, case: &mut Case, talk: &Talk, live: &[Live]) -> (Decision, Live) {
    talk.put(case);
    let ledger: Vec<Unit> = live.iter().flat_map(|v| v.units.clone()).collect();
    let ledger = ledger.as_slice();
    let (shares, facts): (Vec<usize>, Vec<Copaid>) = copaid(talk, live).into_iter().unzip();
    case.facts.copaid = facts;
    let (mut said, contract) = (book.say(talk, ledger), book.in_force(talk.visit.day));
    // Visits that are held or never billed take nobody's time.
    let ready: Vec<&Live> = live.iter().filter(|l| book.beside && !l.units.is_empty()).collect();
    case.facts.neighbors = neighbors(talk, &ready);
    let others: Vec<&Talk> = ready.iter().map(|l| &l.talk).collect();
    said.rules.extend(beside(talk, &others));
    said.rules.extend(book.company(talk, &others));
    let visits = company(&ready);
    let on = day(talk.visit.day);
    case.facts.peer_windows = peer_windows(&case.terms.pack, on, &case.encounter, visits.iter());
    let visit = Visit { units: said.units, ..talk.visit.clone() };
    let decision = decided(case, &visit, ledger);
    let stopped = said.never || said.holds();
    let mut best = contract.most(&visit, ledger);
    // Told whatever else holds the visit, so that all can be mended at once.
    let crowded = book.crowded(talk, best.len(), ledger);
    // Where limits leave nothing it may be told or not what would have been billed.
    let of_billed = |rule: &str| ["limit.visit", "mode.share"].contains(&rule);
    let told_of_line = |rule: &str| !best.is_empty() || !of_billed(rule);
    let findings =
        decision.findings.iter().filter(|f| !is_of_room(&f.rule) && told_of_line(&f.rule));
    let mut told: Vec<(&str, bool)> =
        findings.map(|f| (f.rule.as_str(), f.severity != Severity::Warn)).collect();
    told.sort_unstable();
    if stopped || crowded.iter().any(|(_, holds)| *holds) {
        best.clear();
    }
    let mut drawn = billed(&decision, &visit);
    drawn.sort_unstable();
    best.sort_unstable();
    assert_eq!(drawn, best, "{talk:?} {:?}", decision.findings);
    let paid = assert_lines(&said, &best, &decision, book.owed(talk, &shares));
    let mut rules = [said.rules.clone(), crowded].concat();
    rules.sort_unstable();
    assert_eq!(told, rules, "{talk:?}");
    let after: Vec<Unit> = ledger.iter().chain(&drawn).cloned().collect();
    assert_left(&contract, &visit, &after, &decision);
    assert_eq!(decision.file_by, Some(book.people.clock.last_day(day(talk.visit.day))));
    (decision, Live { talk: talk.clone(), visit, paid, units: drawn, entries: vec![] })
}

/// What the ready lines of a decision book.
fn entries(case: &Case, decision: &Decision, number: i64) -> Vec<Entry> {
    let payer = case.facts.billed.as_ref().map(|b| b.data.payer);
    let (encounter, id) = (EncounterId::from_i64(number), DecisionId::from_i64(number));
    let mut next = number * 100;
    let ids = || {
        next += 1;
        LineId::from_i64(next)
    };
    let lines = lines_of(decision, id, encounter, case.encounter.member, payer, ids);
    let ready = lines.iter().zip(&decision.lines).filter(|(_, l)| l.answer == LineAnswer::Ready);
    let (peer, mode) = (case.encounter.peer, case.encounter.mode);
    ready.flat_map(|(line, _)| ledger::reserve(AccountId::from_i64(1), line, peer, mode)).collect()
}

/// What the entries leave drawn, row by row.
fn drawn<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<Usage> {
    let mut rows: Vec<Usage> = vec![];
    for entry in entries {
        let row = Usage {
            service: entry.service.clone().unwrap(),
            date: entry.service_date,
            authorization: entry.authorization,
            how: entry.how.clone(),
            units: entry.reserved + entry.consumed,
        };
        let same = |r: &&mut Usage| Usage { units: row.units, ..(**r).clone() } == row;
        match rows.iter_mut().find(same) {
            Some(known) => known.units += row.units,
            None => rows.push(row),
        }
    }
    rows.retain(|r| r.units != 0);
    rows
}

fn total(rows: &[Usage]) -> i64 {
    rows.iter().map(|r| r.units).sum()
}

fn config() -> ProptestConfig {
    let cases = std::env::var("PEERCLAIMS_REFERENCE_CASES").ok().and_then(|n| n.parse().ok());
    ProptestConfig::with_cases(cases.unwrap_or(150))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn rk02_to_rk04_rk06_to_rk08_rk12_rk13_rk15_rk19_to_rk27_rk31_to_rk35_rk37_rk40_to_rk43_rk45_rk48_rk52_to_rk60_rk62_to_rk66_the_reference_agrees(
        book in book(),
        acts in acts(),
    ) {
        let mut cases = [0, 1].map(|org| [0, 1].map(|member| book.case(org, member)));
        let mut live: Vec<Live> = vec![];
        let mut books: Vec<Entry> = vec![];
        for (act, number) in acts.iter().zip(1i64..) {
            let which = match act {
                Act::Void(n) | Act::Revise(n, _) | Act::Claim(n) if !live.is_empty() => Some(n % live.len()),
                _ => None,
            };
            match (act, which) {
                (Act::Void(_) | Act::Revise(..), Some(which)) => {
                    let gone = live.swap_remove(which);
                    books.extend(gone.entries.into_iter().map(ledger::release));
                }
                (Act::Claim(_), Some(which)) => {
                    let visit = &mut live[which];
                    let on_claim = visit.entries.iter().any(|e| e.consumed > 0);
                    let turn = if on_claim { ledger::unconsume } else { ledger::consume };
                    for holding in &mut visit.entries {
                        let turned = turn(holding.clone());
                        holding.reserved += turned.reserved;
                        holding.consumed += turned.consumed;
                        books.push(turned);
                    }
                }
                _ => {}
            }
            let (Act::Visit(talk) | Act::Revise(_, talk)) = act else { continue };
            let case = &mut cases[talk.visit.org][talk.visit.member];
            let (decision, mut visit) = step(&book, case, talk, &live);
            visit.entries = entries(case, &decision, number);
            books.extend(visit.entries.iter().cloned());
            live.push(visit);
        }
        let ledger: Vec<Unit> = live.iter().flat_map(|v| v.units.clone()).collect();
        let kept = drawn(books.iter());
        prop_assert_eq!(total(&kept), i64::try_from(ledger.len()).unwrap());
        prop_assert_eq!(total(&rows(&ledger)), total(&kept));

        // Voiding everything, in whatever order, returns every allowance to its start.
        books.extend(live.into_iter().rev().flat_map(|v| v.entries).map(ledger::release));
        let rest = drawn(books.iter());
        prop_assert!(rest.is_empty(), "{:?}", rest);
        let case = &cases[0][0];
        for index in (0..DAYS).step_by(9) {
            let of = Visit { day: index, ..Visit::default() };
            let gathered = gather(case, &of, &[]);
            let told = |selected: &Selected| {
                let facts = &case.facts;
                allowances(&case.terms, &facts.episodes, selected, &facts.authorizations, day(index))
            };
            let start = told(&gathered.selected);
            prop_assert!(start.iter().all(|r| r.remaining.is_none_or(|left| left == r.allowed)));
            let contract = book.in_force(index);
            let caps = start.iter().filter(|r| r.kind == RemainingKind::Limit).map(|r| r.allowed);
            let wanted = contract.caps.iter().map(|c| Decimal::new(c.tenths, 1).normalize());
            prop_assert!(caps.eq(wanted), "{:?}", start);
        }
    }

    /// Caps, free units, authorizations, anchors, overlaps and copays of a day are what may depend on
    /// the order of arrival.
    /// Without them a decision says the same whatever others were there before.
    #[test]
    fn a_decision_without_caps_and_anchors_does_not_look_at_others(
        book in book(),
        talks in prop::collection::vec(talk(), 1..12),
    ) {
        let mut book = book;
        book.base.caps.clear();
        book.base.need = None;
        book.beside = false;
        let alone = |ask: &Ask| {
            !matches!(ask, Ask::FaceToFace(_) | Ask::Share(..) | Ask::Caseload(..) | Ask::Average(..))
        };
        book.conditions.retain(|c| alone(&c.ask));
        book.shares.retain(|s| s.of != Of::Day);
        let mut cases = [0, 1].map(|org| [0, 1].map(|member| book.case(org, member)));
        let decide_all = |cases: &mut [[Case; 2]; 2], order: &mut dyn Iterator<Item = &Talk>| {
            let (mut live, mut all) = (vec![], vec![]);
            for talk in order {
                let case = &mut cases[talk.visit.org][talk.visit.member];
                let (decision, visit) = step(&book, case, talk, &live);
                live.push(visit);
                all.push(decision);
            }
            all
        };
        let forward = decide_all(&mut cases, &mut talks.iter());
        let mut backward = decide_all(&mut cases, &mut talks.iter().rev());
        backward.reverse();
        prop_assert_eq!(forward, backward);
    }
}
