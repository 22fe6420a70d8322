//! Random contracts and random histories in any order of arrival, against a slow recount.
//!
//! The recount shares nothing with the rules: it keeps every billed unit as one row of its own
//! ledger, counts windows day by day by its own calendar (`windows/slow.rs`), caps in tenths of a
//! unit, and finds the most that can be billed by trying every number from the top (RK19 to RK24,
//! RK26, RK27). Two organizations bill the same members, so limits across them are counted, too.

use chrono::{Days, NaiveDate, TimeDelta};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::history_world::{Act, Cap, Contract, Visit, acts, contract};
use super::testing::{Case, d, key, t};
use super::{Selected, allowances, decide, is_shared, select, unfit};
use crate::domain::codes::Mode;
use crate::domain::contract::{AuthorizationNeed, Exceed, LimitScope};
use crate::domain::decision::{Decision, LineAnswer, Remaining};
use crate::domain::encounter::Kind;
use crate::domain::facts::{How, Usage};
use crate::domain::finding::Severity;
use crate::domain::identifiers::AuthorizationNumber;
use crate::domain::ids::AuthorizationId;
use crate::domain::windows::Window;
use crate::domain::windows::slow::{self, Slow};

/// The histories cross a year's end, a leap day and the ends of months.
pub const FIRST_DAY: &str = "2027-12-20";
pub const DAYS: u64 = 100;
pub const SERVICES: [&str; 2] = ["peer", "group"];

/// One billed unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Unit {
    org: usize,
    member: usize,
    peer: usize,
    service: usize,
    mode: Mode,
    day: NaiveDate,
    grant: Option<usize>,
}

pub fn day(index: u64) -> NaiveDate {
    d(FIRST_DAY).checked_add_days(Days::new(index)).unwrap()
}

fn days<'a>(units: impl IntoIterator<Item = &'a Unit>) -> Vec<NaiveDate> {
    units.into_iter().map(|u| u.day).collect()
}

impl Contract {
    fn slow(&self, window: &Window) -> Slow {
        let span = |(_, from, to): &(usize, u64, u64)| (day(*from), day(*to));
        match window {
            Window::Day => Slow::Day,
            Window::Week => Slow::Week(self.week == crate::domain::dates::WeekStart::Sunday),
            Window::Month => Slow::Month,
            Window::Quarter => Slow::Quarter,
            Window::CalendarYear => Slow::Year,
            Window::FiscalYear { first_month } => Slow::Fiscal(*first_month),
            Window::RollingMonths { length } => Slow::Months(*length),
            Window::RollingDays { length } => Slow::Days(*length),
            Window::ConsecutiveDays { length } => Slow::Consecutive(*length),
            Window::Episode { episode: None } => {
                Slow::Spans(self.episodes.iter().map(span).collect())
            }
            Window::Episode { episode: Some(kind) } => {
                let of_kind =
                    self.episodes.iter().filter(|e| key(super::history_world::KINDS[e.0]) == *kind);
                Slow::Spans(of_kind.map(span).collect())
            }
            Window::Lifetime => Slow::Lifetime,
        }
    }

    /// The units that a cap counts together with those of a visit.
    fn counted<'a>(&self, cap: &'a Cap, of: &'a Visit, ledger: &'a [Unit]) -> Vec<&'a Unit> {
        let same = |u: &&Unit| match cap.scope {
            LimitScope::MemberAndOrganization => (u.org, u.member) == (of.org, of.member),
            LimitScope::Member => u.member == of.member,
            LimitScope::Peer => (u.org, u.peer) == (of.org, of.peer),
        };
        ledger.iter().filter(same).filter(|u| cap.takes(u.service, u.mode)).collect()
    }

    fn unauthorized<'a>(&self, of: &Visit, ledger: &'a [Unit]) -> Vec<&'a Unit> {
        let (org, member) = (of.org, of.member);
        ledger
            .iter()
            .filter(|u| (u.org, u.member) == (org, member))
            .filter(|u| u.grant.is_none() && self.need_for.contains(&u.service))
            .collect()
    }

    /// The most of `count` units that need no authorization.
    fn free(&self, visit: &Visit, ledger: &[Unit], count: usize) -> usize {
        let on = day(visit.day);
        let mut free = count;
        let fitting = |window: &Slow, cap: i64, units: &[NaiveDate]| {
            (1..=count).rev().find(|n| slow::fits(window, cap, units, on, *n)).unwrap_or(0)
        };
        if let Some(need) = self.need.as_ref().filter(|_| self.need_for.contains(&visit.service)) {
            free = free.min(match need {
                AuthorizationNeed::Never => count,
                AuthorizationNeed::Always => 0,
                AuthorizationNeed::After { free_units, window } => {
                    let units = days(self.unauthorized(visit, ledger));
                    fitting(&self.slow(window), 10 * i64::from(*free_units), &units)
                }
            });
        }
        for cap in self.caps.iter().filter(|c| c.exceed == Exceed::Authorization) {
            if cap.takes(visit.service, visit.mode) {
                let units = days(self.counted(cap, visit, ledger));
                free = free.min(fitting(&self.slow(&cap.window), cap.tenths, &units));
            }
        }
        free
    }

    fn grant_fits(&self, grant: usize, visit: &Visit) -> bool {
        let Some(grant) = self.grants.get(grant) else { return false };
        grant.from <= visit.day
            && grant.to.is_none_or(|to| visit.day <= to)
            && (grant.services.is_empty() || grant.services.contains(&visit.service))
    }

    /// The authorization that a visit may draw on.
    fn grant_for(&self, visit: &Visit) -> Option<usize> {
        match visit.named {
            Some(named) => Some(named).filter(|g| self.grant_fits(*g, visit)),
            None => (0..self.grants.len())
                .filter(|g| self.grant_fits(*g, visit))
                .min_by_key(|g| (self.grants[*g].to.map_or(u64::MAX, |to| to), *g)),
        }
    }

    /// The units that billing `count` of the visit would add to the ledger, or nothing when that
    /// breaks an authorization.
    fn adding(&self, visit: &Visit, ledger: &[Unit], count: usize) -> Option<Vec<Unit>> {
        let unit = |grant| Unit {
            org: visit.org,
            member: visit.member,
            peer: visit.peer,
            service: visit.service,
            mode: visit.mode,
            day: day(visit.day),
            grant,
        };
        let free = self.free(visit, ledger, count);
        let mut added = vec![unit(None); free];
        if free < count {
            let grant = self.grant_for(visit)?;
            let mine = |u: &&Unit| (u.org, u.member) == (visit.org, visit.member);
            let drawn = ledger.iter().filter(mine).filter(|u| u.grant == Some(grant)).count();
            if drawn + count - free > usize::try_from(self.grants[grant].units).unwrap() {
                return None;
            }
            added.extend(vec![unit(Some(grant)); count - free]);
        }
        Some(added)
    }

    fn all(
        &self,
        visit: &Visit,
        ledger: &[Unit],
        fits: impl Fn(&Cap, &Slow, &[NaiveDate]) -> bool,
    ) -> bool {
        let takes = |cap: &&Cap| cap.takes(visit.service, visit.mode);
        self.caps.iter().filter(takes).all(|cap| {
            let units = days(self.counted(cap, visit, ledger));
            fits(cap, &self.slow(&cap.window), &units)
        })
    }

    /// The most that may be billed: the largest number that every cut lets through, or nothing
    /// when a hold limit then says no.
    fn most(&self, visit: &Visit, ledger: &[Unit]) -> Vec<Unit> {
        let on = day(visit.day);
        (1..=usize::try_from(visit.units).unwrap())
            .rev()
            .filter_map(|count| self.adding(visit, ledger, count))
            .find(|added| {
                self.all(visit, ledger, |cap, window, units| {
                    cap.exceed != Exceed::BillUpTo
                        || slow::fits(window, cap.tenths, units, on, added.len())
                })
            })
            .filter(|added| {
                self.all(visit, ledger, |cap, window, units| match cap.exceed {
                    Exceed::BillUpTo => true,
                    Exceed::Authorization => slow::moves_well(window, cap.tenths, units, on),
                    Exceed::Hold | Exceed::Never => {
                        slow::fits(window, cap.tenths, units, on, added.len())
                    }
                })
            })
            .unwrap_or_default()
    }
}

/// The ledger as the store would sum it: one row for each day, service, authorization and way.
fn rows<'a>(units: impl IntoIterator<Item = &'a Unit>) -> Vec<Usage> {
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

pub fn authorization_id(org: usize, member: usize, grant: usize) -> AuthorizationId {
    AuthorizationId::from_i64(i64::try_from(100 * org + 10 * member + grant + 1).unwrap())
}

/// Everything a decision about a visit needs, gathered as the bench does.
struct Gathered {
    all: Selected,
    selected: Selected,
    shared: Vec<Usage>,
}

fn gather(case: &Case, of: &Visit, ledger: &[Unit]) -> Gathered {
    let pack = &case.terms.pack;
    let own = rows(ledger.iter().filter(|u| (u.org, u.member) == (of.org, of.member)));
    let peer = rows(ledger.iter().filter(|u| (u.org, u.peer) == (of.org, of.peer)));
    let shared = rows(ledger.iter().filter(|u| u.member == of.member));
    let counted = |u: &Usage| is_shared(pack, &u.service, u.how.as_ref().unwrap());
    let (mine, peers): (Vec<_>, Vec<_>) = (own.iter().collect(), peer.iter().collect());
    Gathered {
        selected: select(pack, &case.facts.episodes, day(of.day), &mine, &peers),
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

fn know(case: &mut Case, known: &Selected, full: Vec<crate::domain::identifiers::Key>) {
    case.facts.usage.clone_from(&known.usage);
    case.facts.peer_usage.clone_from(&known.peer_usage);
    case.facts.anchors.clone_from(&known.anchors);
    case.facts.full = full;
}

/// Decides as the bench does: limits across organizations last. The same with all usage and with
/// the part that is kept.
fn answer(case: &mut Case, visit: &Visit, ledger: &[Unit]) -> Decision {
    take_place(case, visit);
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

/// What the ready line bills, as units of the ledger.
fn billed(decision: &Decision, visit: &Visit) -> Vec<Unit> {
    let Some(line) = decision.lines.iter().find(|l| l.answer == LineAnswer::Ready) else {
        return vec![];
    };
    let draw = line.authorization.as_ref();
    let drawn = draw.map_or(0, |d| usize::try_from(d.units).unwrap());
    let grant = draw
        .map(|d| (0..10).find(|g| authorization_id(visit.org, visit.member, *g) == d.id).unwrap());
    let unit = |grant| Unit {
        org: visit.org,
        member: visit.member,
        peer: visit.peer,
        service: visit.service,
        mode: visit.mode,
        day: decision.service_date,
        grant,
    };
    let free = usize::try_from(line.units).unwrap() - drawn;
    [vec![unit(None); free], vec![unit(grant); drawn]].concat()
}

/// Every promise, counted from nothing. After a void a consecutive window may begin elsewhere and
/// hold more than its cap; nothing else ever does.
fn assert_nothing_is_exceeded(contract: &Contract, ledger: &[Unit], voided: bool) {
    let everyone = (0..2).flat_map(|org| (0..2).map(move |who| (org, who)));
    for (org, who) in everyone {
        let of = Visit { org, member: who, peer: who, ..Visit::default() };
        for cap in &contract.caps {
            let window = contract.slow(&cap.window);
            if voided && matches!(window, Slow::Consecutive(_)) {
                continue;
            }
            let units = contract.counted(cap, &of, ledger).into_iter();
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
        let units = days(contract.counted(cap, of, ledger));
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
