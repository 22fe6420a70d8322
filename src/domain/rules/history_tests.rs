//! Random contracts and random histories in any order of arrival, against a slow recount.
//!
//! The recount shares nothing with the rules: it keeps every billed unit as one row of its own
//! ledger, counts windows by its own calendar, caps in tenths of a unit, and finds the most that
//! can be billed by trying every number from the top (RK19, RK21, RK23, RK24, RK26, RK27).

use chrono::{Datelike, Days, NaiveDate, TimeDelta};
use proptest::prelude::*;

use super::testing::{Case, authorization, d, key, limit, need, service, t};
use crate::domain::contract::{AuthorizationLevel, AuthorizationNeed, Exceed, Rounding};
use crate::domain::dates::{WeekStart, Window};
use crate::domain::decision::{Decision, LineAnswer};
use crate::domain::encounter::Kind;
use crate::domain::facts::Usage;
use crate::domain::identifiers::AuthorizationNumber;

/// Days of the histories: they cross a week, a month and a year.
const FIRST_DAY: &str = "2026-12-22";
const DAYS: u64 = 18;
const SERVICES: [&str; 2] = ["peer", "group"];

/// A limit: cap in tenths of a unit, window, answer, services by index.
#[derive(Debug, Clone)]
struct Cap(i64, Window, Exceed, Vec<usize>);

/// An authorization: units, first and last day by index, services by index (empty: all).
#[derive(Debug, Clone)]
struct Grant(u32, u64, Option<u64>, Vec<usize>);

#[derive(Debug, Clone)]
struct Contract {
    week: WeekStart,
    caps: Vec<Cap>,
    /// The authorization rule, if there is one.
    need: Option<AuthorizationNeed>,
    need_for: Vec<usize>,
    grants: Vec<Grant>,
    /// Whether claims name authorizations line by line, so that a visit may draw on several.
    line_level: bool,
}

/// A visit: day, service, units, the authorization named by index (one past the end: unknown).
#[derive(Debug, Clone)]
struct Visit(u64, usize, u32, Option<usize>);

/// One billed unit: service, day, the authorization it was drawn on.
type Unit = (usize, NaiveDate, Option<usize>);

fn day(index: u64) -> NaiveDate {
    d(FIRST_DAY).checked_add_days(Days::new(index)).unwrap()
}

fn same_window(window: Window, week: WeekStart, a: NaiveDate, b: NaiveDate) -> bool {
    // 1 January 1900 was a Monday.
    let sunday_first = i64::from(week == WeekStart::Sunday);
    let week_of = |x: NaiveDate| {
        (x.signed_duration_since(d("1900-01-01")).num_days() + sunday_first).div_euclid(7)
    };
    match window {
        Window::Day => a == b,
        Window::Week => week_of(a) == week_of(b),
        Window::Month => (a.year(), a.month()) == (b.year(), b.month()),
        Window::CalendarYear => a.year() == b.year(),
    }
}

impl Contract {
    /// Tenths of units counted by a cap in the window of `on`.
    fn used(&self, cap: &Cap, ledger: &[Unit], on: NaiveDate) -> i64 {
        let counted = |u: &&Unit| cap.3.contains(&u.0) && same_window(cap.1, self.week, u.1, on);
        10 * i64::try_from(ledger.iter().filter(counted).count()).unwrap()
    }

    /// Free units left on a day; none: as many as one likes.
    fn free_left(&self, service: usize, ledger: &[Unit], on: NaiveDate) -> Option<usize> {
        let need = self.need.as_ref().filter(|_| self.need_for.contains(&service))?;
        let (free, window) = match need {
            AuthorizationNeed::Never => return None,
            AuthorizationNeed::Always => return Some(0),
            AuthorizationNeed::After { free_units, window } => (*free_units, *window),
        };
        let counted = |u: &&Unit| {
            u.2.is_none() && self.need_for.contains(&u.0) && same_window(window, self.week, u.1, on)
        };
        Some(usize::try_from(free).unwrap().saturating_sub(ledger.iter().filter(counted).count()))
    }

    fn fits(&self, grant: usize, service: usize, on: NaiveDate) -> bool {
        let Some(Grant(_, from, to, services)) = self.grants.get(grant) else { return false };
        day(*from) <= on
            && to.is_none_or(|to| on <= day(to))
            && (services.is_empty() || services.contains(&service))
    }

    /// The authorizations that a visit may draw on, in order.
    fn grants_for(&self, visit: &Visit) -> Vec<usize> {
        let fitting = |g: &usize| self.fits(*g, visit.1, day(visit.0));
        if let Some(named) = visit.3 {
            return Some(named).filter(fitting).into_iter().collect();
        }
        let mut all: Vec<usize> = (0..self.grants.len()).filter(fitting).collect();
        all.sort_by_key(|g| (self.grants[*g].2.map_or(u64::MAX, |to| to), *g));
        all
    }

    /// The units that billing `count` of the visit would add to the ledger, or nothing when that
    /// breaks an authorization: unit by unit, each from the first that has one left.
    fn adding(&self, visit: &Visit, ledger: &[Unit], count: usize) -> Option<Vec<Unit>> {
        let on = day(visit.0);
        let free = self.free_left(visit.1, ledger, on).map_or(count, |left| left.min(count));
        let mut added = vec![(visit.1, on, None); free];
        while added.len() < count {
            let has_one = |g: &&usize| {
                let drawn = ledger.iter().chain(&added).filter(|u| u.2 == Some(**g)).count();
                drawn < usize::try_from(self.grants[**g].0).unwrap()
            };
            let grants = self.grants_for(visit);
            let first = *grants.iter().find(has_one)?;
            let before = added.last().and_then(|u| u.2);
            if !self.line_level && before.is_some_and(|b| b != first) {
                return None;
            }
            added.push((visit.1, on, Some(first)));
        }
        Some(added)
    }

    fn within(&self, exceed: Exceed, visit: &Visit, ledger: &[Unit]) -> bool {
        self.caps
            .iter()
            .filter(|cap| cap.2 == exceed && cap.3.contains(&visit.1))
            .all(|cap| self.used(cap, ledger, day(visit.0)) <= cap.0)
    }

    /// The most that may be billed: the largest number that every cut lets through, or nothing
    /// when a hold limit then says no.
    fn most(&self, visit: &Visit, ledger: &[Unit]) -> Vec<Unit> {
        (1..=usize::try_from(visit.2).unwrap())
            .rev()
            .filter_map(|count| self.adding(visit, ledger, count))
            .find(|added| {
                let then = [ledger, added].concat();
                self.within(Exceed::BillUpTo, visit, &then)
            })
            .filter(|added| {
                let then = [ledger, added].concat();
                self.within(Exceed::Hold, visit, &then)
            })
            .unwrap_or_default()
    }

    fn case(&self) -> Case {
        let names = |of: &[usize]| of.iter().map(|i| key(SERVICES[*i])).collect::<Vec<_>>();
        Case::with(|c| {
            let pack = &mut c.terms.pack;
            pack.week_start = self.week;
            pack.services = SERVICES.map(service).to_vec();
            pack.services.iter_mut().for_each(|s| s.rounding = Rounding::Floor);
            pack.limits = self
                .caps
                .iter()
                .map(|cap| {
                    let units = format!("{}.{}", cap.0 / 10, cap.0 % 10);
                    let mut made = limit("cap", &units, cap.1, cap.2);
                    made.services = names(&cap.3);
                    made
                })
                .collect();
            if let Some(rule) = &self.need {
                let mut made = need(rule.clone());
                made.services = names(&self.need_for);
                pack.authorizations = vec![made];
            }
            if self.line_level {
                pack.claim.authorization_level = AuthorizationLevel::Line;
            }
            c.facts.authorizations = (1i64..)
                .zip(&self.grants)
                .map(|(id, Grant(units, from, to, services))| {
                    let to = to.map(|to| day(to).to_string());
                    let mut made =
                        authorization(id, *units, &day(*from).to_string(), to.as_deref());
                    made.services = names(services);
                    made
                })
                .collect();
            let covered =
                super::testing::coverage(1, 1, 1, super::testing::span("2026-01-01", None));
            c.facts.billed = Some(covered.clone());
            c.facts.coverages = vec![covered];
            c.facts.certificates[0].span.to = None;
            c.terms.agreement.rates =
                SERVICES.map(|s| super::testing::rate(s, "20", None)).to_vec();
            c.facts.as_of = t("2027-02-01T12:00:00Z");
        })
    }
}

fn take_place(case: &mut Case, visit: &Visit) {
    let noon = t(&format!("{}T17:00:00Z", day(visit.0)));
    case.encounter.kind = Kind::Service(key(SERVICES[visit.1]));
    case.encounter.started_at = noon;
    case.encounter.ended_at = noon.plus(TimeDelta::minutes(i64::from(visit.2) * 15));
    case.encounter.note.as_mut().unwrap().signed_at = Some(case.encounter.ended_at);
    case.encounter.authorization =
        visit.3.map(|named| AuthorizationNumber::parse(&format!("A-{}", named + 1)).unwrap());
}

/// What the ready lines bill, as units of the ledger.
fn billed(decision: &Decision, visit: &Visit) -> Vec<Unit> {
    let (on, mut units) = (decision.service_date, vec![]);
    for line in decision.lines.iter().filter(|l| l.answer == LineAnswer::Ready) {
        let draw = line.authorization.as_ref();
        let drawn = draw.map_or(0, |d| usize::try_from(d.units).unwrap());
        let grant = draw.map(|d| usize::try_from(d.id.as_i64() - 1).unwrap());
        let free = usize::try_from(line.units).unwrap() - drawn;
        units.extend(vec![(visit.1, on, None); free]);
        units.extend(vec![(visit.1, on, grant); drawn]);
    }
    units
}

/// The rows that a store would have added for a decision.
fn grow(usage: &mut Vec<Usage>, decision: &Decision) {
    for line in decision.lines.iter().filter(|l| l.answer == LineAnswer::Ready) {
        let drawn = line.authorization.as_ref().map_or(0, |d| d.units);
        for (authorization, units) in
            [(None, line.units - drawn), (line.authorization.as_ref().map(|d| d.id), drawn)]
        {
            usage.push(Usage {
                service: decision.service.clone().unwrap(),
                date: decision.service_date,
                authorization,
                units: i64::from(units),
            });
        }
    }
}

fn services() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![Just(vec![0]), Just(vec![1]), Just(vec![0, 1])]
}

fn window() -> impl Strategy<Value = Window> {
    prop::sample::select(Window::ALL)
}

fn contract() -> impl Strategy<Value = Contract> {
    let exceed = prop::sample::select(Exceed::ALL);
    let cap = (0i64..200, window(), exceed, services()).prop_map(|(c, w, e, s)| Cap(c, w, e, s));
    let after = (0u32..16, window())
        .prop_map(|(free_units, window)| AuthorizationNeed::After { free_units, window });
    let rule = prop_oneof![
        1 => Just(None),
        1 => Just(Some(AuthorizationNeed::Never)),
        1 => Just(Some(AuthorizationNeed::Always)),
        4 => after.prop_map(Some),
    ];
    let for_services = prop_oneof![Just(vec![]), services()];
    let grant = (0u32..14, 0..DAYS, prop::option::of(0..DAYS), for_services).prop_map(
        |(units, from, length, services)| Grant(units, from, length.map(|l| from + l), services),
    );
    (
        prop::sample::select(WeekStart::ALL),
        prop::collection::vec(cap, 0..4),
        rule,
        services(),
        prop::collection::vec(grant, 0..4),
        any::<bool>(),
    )
        .prop_map(|(week, caps, need, need_for, grants, line_level)| Contract {
            week,
            caps,
            need,
            need_for,
            grants,
            line_level,
        })
}

fn visits() -> impl Strategy<Value = Vec<Visit>> {
    let named = prop_oneof![3 => Just(None), 1 => (0usize..5).prop_map(Some)];
    let visit = (0..DAYS, 0usize..2, 1u32..9, named).prop_map(|(d, s, u, n)| Visit(d, s, u, n));
    prop::collection::vec(visit, 1..25)
}

/// Every promise about every day, counted from nothing.
fn assert_nothing_is_exceeded(contract: &Contract, ledger: &[Unit]) {
    for on in (0..DAYS).map(day) {
        for cap in &contract.caps {
            assert!(contract.used(cap, ledger, on) <= cap.0, "{cap:?} on {on}");
        }
        if let Some(AuthorizationNeed::After { free_units, window }) = contract.need {
            let counted = |u: &&Unit| {
                u.2.is_none()
                    && contract.need_for.contains(&u.0)
                    && same_window(window, contract.week, u.1, on)
            };
            let used = ledger.iter().filter(counted).count();
            assert!(used <= usize::try_from(free_units).unwrap(), "free units on {on}");
        }
    }
    for (index, grant) in contract.grants.iter().enumerate() {
        let drawn = ledger.iter().filter(|u| u.2 == Some(index));
        for unit in drawn.clone() {
            assert!(contract.fits(index, unit.0, unit.1), "{grant:?}");
        }
        assert!(drawn.count() <= usize::try_from(grant.0).unwrap(), "{grant:?}");
    }
    if contract.need == Some(AuthorizationNeed::Always) {
        let free = |u: &Unit| u.2.is_none() && contract.need_for.contains(&u.0);
        assert!(!ledger.iter().any(free), "units without the authorization that is needed");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn rk19_rk21_rk23_rk24_rk26_rk27_the_most_is_billed_and_nothing_is_exceeded(
        contract in contract(),
        visits in visits(),
    ) {
        let mut case = contract.case();
        let mut ledger: Vec<Unit> = vec![];
        for visit in &visits {
            take_place(&mut case, visit);
            let decision = case.decide();
            let (mut answer, mut best) = (billed(&decision, visit), contract.most(visit, &ledger));
            answer.sort_unstable();
            best.sort_unstable();
            prop_assert_eq!(&answer, &best, "{:?} {:?}", visit, decision.findings);
            let all: u32 = decision.lines.iter().map(|l| l.units).sum();
            prop_assert_eq!(all, visit.2, "ready and held make up the contact");
            prop_assert_eq!(best.len() < all as usize, decision.findings.iter().any(|f| {
                f.severity == crate::domain::finding::Severity::Hold
            }));
            grow(&mut case.facts.usage, &decision);
            ledger.extend(answer);
            assert_nothing_is_exceeded(&contract, &ledger);
            for left in &decision.remaining {
                prop_assert!(left.remaining >= rust_decimal::Decimal::ZERO, "{:?}", left);
            }
        }
    }
}
