//! Any history of a day whose minutes are summed (RK14): arrivals, new decisions and voids in any
//! order, against a slow recount.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::day::day_without;
use super::day_tests::summed;
use super::testing::{Case, authorization, d, key, limit, need, split, t};
use crate::domain::contract::AuthorizationNeed::{After, Always};
use crate::domain::contract::{AuthorizationLevel, AuthorizationNeed, Exceed, Rounding};
use crate::domain::dates::Instant;
use crate::domain::day_sum::{
    DayFact, DaySum, Measure, Piece, Share, SummedState, SummedVisit, sum,
};
use crate::domain::decision::{Disposition, LineAnswer};
use crate::domain::facts::Usage;
use crate::domain::identifiers::AuthorizationNumber;
use crate::domain::ids::{AuthorizationId, EncounterId};
use crate::domain::windows::Window;

/// A visit of the simulation.
#[derive(Debug, Clone)]
struct Now {
    minutes: u32,
    start: Instant,
    signed: bool,
    named: Option<i64>,
    counted: bool,
    /// None while it holds nothing because the day makes no unit.
    holds: Option<(Vec<Piece>, u32)>,
    void: bool,
}

/// What happens: a visit arrives, is decided again, signed or voided.
#[derive(Debug, Clone)]
enum Event {
    Arrives { slot: u32, minutes: u32, signed: bool, named: Option<i64> },
    Again(usize, bool),
    Void(usize),
}

fn event() -> impl Strategy<Value = Event> {
    let named = prop_oneof![3 => Just(None), 1 => (1i64..3).prop_map(Some)];
    prop_oneof![
        5 => (0u32..40, 1u32..36, prop::bool::weighted(0.8), named).prop_map(
            |(slot, minutes, signed, named)| Event::Arrives { slot, minutes, signed, named }
        ),
        2 => (any::<prop::sample::Index>(), any::<bool>()).prop_map(|(i, s)| Event::Again(i.index(64), s)),
        1 => any::<prop::sample::Index>().prop_map(|i| Event::Void(i.index(64))),
    ]
}

struct Simulation {
    case: Case,
    visits: BTreeMap<i64, Now>,
    measure: Measure,
}

impl Simulation {
    /// The day as visit `id` finds it; usage is what all others hold.
    fn face(&mut self, id: i64) {
        let mut fact = DayFact::default();
        let mut usage = Vec::new();
        let mut others: Vec<(&i64, &Now)> =
            self.visits.iter().filter(|(_, v)| v.counted && !v.void).collect();
        others.sort_by_key(|(id, v)| (v.start, **id));
        for (other, visit) in others {
            let (ready, held) = visit.holds.clone().unwrap_or_default();
            if *other == id {
                fact.own = ready;
                continue;
            }
            usage.extend(ready.iter().map(|p| Usage {
                service: key("peer"),
                date: d("2026-07-01"),
                authorization: p.authorization.as_ref().map(|a| a.id),
                how: None,
                units: i64::from(p.units),
            }));
            fact.others.push(SummedVisit {
                encounter: EncounterId::from_i64(*other),
                started_at: visit.start,
                minutes: visit.minutes,
                state: SummedState::Counted,
                ready,
                held,
            });
        }
        let visit = &self.visits[&id];
        self.case.facts.day = Some(fact);
        self.case.facts.usage = usage;
        self.case.encounter.started_at = visit.start;
        self.case.encounter.ended_at = visit.start.plus(TimeDelta::minutes(visit.minutes.into()));
        let note = self.case.encounter.note.as_mut().unwrap();
        note.signed_at = visit.signed.then_some(t("2026-07-01T23:59:00Z"));
        self.case.encounter.authorization =
            visit.named.map(|n| AuthorizationNumber::parse(&format!("A-{n}")).unwrap());
    }

    fn learn(&mut self, about: Option<i64>, sum: &DaySum) {
        if let Some(id) = about {
            self.visits.get_mut(&id).unwrap().counted = sum.own().is_some();
        }
        for share in &sum.visits {
            let id = share.encounter.map_or_else(|| about.unwrap(), EncounterId::as_i64);
            let visit = self.visits.get_mut(&id).unwrap();
            visit.holds = (sum.units > 0).then(|| (share.ready.clone(), share.held));
        }
    }

    fn decide(&mut self, id: i64) {
        self.face(id);
        let decision = self.case.decide();
        let own = decision.day_sum.as_ref().unwrap().own().cloned();
        let (ready, held) = split(&decision);
        if let Some(own) = &own {
            assert_eq!((ready, held), (sum(&own.ready), own.held));
        } else {
            assert_eq!(ready, 0);
            assert!(decision.lines.iter().all(|l| l.answer == LineAnswer::Held));
        }
        let units = decision.day_sum.as_ref().unwrap().units;
        assert_eq!(decision.disposition == Disposition::Ready, own.is_some() && units > 0);
        self.learn(Some(id), &decision.day_sum.unwrap());
    }

    fn void(&mut self, id: i64) {
        let leaving = self.visits.get_mut(&id).unwrap();
        let (was, own) = (leaving.counted && !leaving.void, leaving.holds.take());
        leaving.void = true;
        if !was {
            return;
        }
        let others = self.visits.iter().filter(|(_, v)| v.counted && !v.void && v.holds.is_some());
        let others: Vec<Share> = others
            .map(|(id, v)| {
                let (ready, held) = v.holds.clone().unwrap();
                let (started_at, minutes) = (v.start, v.minutes);
                Share {
                    encounter: Some(EncounterId::from_i64(*id)),
                    started_at,
                    minutes,
                    ready,
                    held,
                }
            })
            .collect();
        let own = own.unwrap_or_default().0;
        let sum = day_without(&self.case.facts.authorizations, own, others, self.measure);
        self.learn(None, &sum);
    }

    /// Units in so many minutes, minute by minute.
    fn plainly(&self, minutes: u32) -> u32 {
        let Measure { unit_minutes, rounding, min_minutes } = self.measure;
        let (mut units, mut rest) = (0, 0);
        for _ in 0..minutes {
            rest += 1;
            if rest == unit_minutes {
                (units, rest) = (units + 1, 0);
            }
        }
        let more = match rounding {
            Rounding::Floor => false,
            Rounding::Ceiling => rest > 0,
            Rounding::Nearest => 2 * rest >= unit_minutes,
            Rounding::Midpoint => 2 * rest > unit_minutes,
            Rounding::EightMinute => rest >= 8,
        };
        if minutes < min_minutes { 0 } else { units + u32::from(more) }
    }

    /// The recount: nothing exceeded, the day's units are those of the counted minutes, and each
    /// visit has the increment it causes.
    fn check(&self, cap: u32, grants: &[u32], free: Option<u32>) {
        let mut counted: Vec<(&i64, &Now)> =
            self.visits.iter().filter(|(_, v)| v.counted && !v.void).collect();
        counted.sort_by_key(|(id, v)| (v.start, **id));
        let minutes: u32 = counted.iter().map(|(_, v)| v.minutes).sum();
        let units = self.plainly(minutes);
        let holds: Vec<(Vec<Piece>, u32)> =
            counted.iter().map(|(_, v)| v.holds.clone().unwrap_or_default()).collect();
        let ready: u32 = holds.iter().map(|(r, _)| sum(r)).sum();
        let held: u32 = holds.iter().map(|(_, h)| h).sum();
        assert_eq!(ready + held, units, "{counted:?}");
        assert_eq!(ready > 0, units > 0);
        assert!(ready <= cap);
        assert!(counted.iter().all(|(_, v)| v.holds.is_some() == (units > 0)));
        let of = |id: Option<i64>| -> u32 {
            let pieces = holds.iter().flat_map(|(r, _)| r);
            let fits = |p: &&Piece| p.authorization.as_ref().map(|a| a.id.as_i64()) == id;
            pieces.filter(fits).map(|p| p.units).sum()
        };
        for (id, grant) in (1i64..).zip(grants) {
            assert!(of(Some(id)) <= *grant);
        }
        assert!(free.is_none_or(|free| of(None) <= free));
        let (mut passed, mut given) = (0, 0);
        for ((_, visit), (pieces, _)) in counted.iter().zip(&holds) {
            passed += visit.minutes;
            given += sum(pieces);
            assert_eq!(given, self.plainly(passed).min(ready));
        }
    }
}

fn simulation(
    (rounding, unit_minutes, min_minutes): (Rounding, u32, u32),
    limit_of: (u32, Exceed),
    rule: Option<AuthorizationNeed>,
    grants: &[u32],
    level: AuthorizationLevel,
) -> Simulation {
    let case = summed(|c| {
        c.terms.pack.services[0].rounding = rounding;
        c.terms.pack.services[0].unit_minutes = unit_minutes;
        c.terms.pack.services[0].min_minutes = min_minutes;
        let cap = limit_of.0.to_string();
        c.terms.pack.limits = vec![limit("daily", &cap, Window::Day, limit_of.1)];
        c.terms.pack.authorizations = rule.into_iter().map(need).collect();
        c.terms.pack.claim.authorization_level = level;
        c.facts.authorizations = (1i64..)
            .zip(grants)
            .map(|(id, units)| authorization(id, *units, "2026-01-01", None))
            .collect();
    });
    let measure = Measure { unit_minutes, rounding, min_minutes };
    Simulation { case, visits: BTreeMap::new(), measure }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn rk13_rk14_any_day_is_what_a_recount_gives(
        rounding in prop::sample::select(Rounding::ALL),
        unit_minutes in prop::sample::select(vec![15u32, 30, 60]),
        min_minutes in prop_oneof![2 => Just(0u32), 1 => 1u32..70],
        cap in (1u32..14, prop::sample::select(Exceed::ALL)),
        rule in prop_oneof![
            Just(None),
            Just(Some(Always)),
            (1u32..6).prop_map(|free_units| Some(After { free_units, window: Window::Day })),
        ],
        grants in prop::collection::vec(0u32..6, 0..3),
        level in prop::sample::select(AuthorizationLevel::ALL),
        events in prop::collection::vec(event(), 1..24),
    ) {
        let free = rule.as_ref().map(|r| match r {
            After { free_units, .. } => *free_units,
            _ => 0,
        });
        let measure = (rounding, unit_minutes, min_minutes);
        let mut day = simulation(measure, cap, rule, &grants, level);
        // What exceeds a limit of this kind is authorized, so it caps only what is not.
        let (most, free) = match cap.1 {
            Exceed::Authorization => (u32::MAX, Some(free.unwrap_or(u32::MAX).min(cap.0))),
            _ => (cap.0, free),
        };
        for event in events {
            let ids: Vec<i64> = day.visits.keys().copied().collect();
            match event {
                Event::Arrives { slot, minutes, signed, named } => {
                    let id = i64::try_from(ids.len()).unwrap() + 1;
                    // Slots of 30 minutes, each taken once: visits do not overlap.
                    let start = t("2026-07-01T04:00:00Z").plus(TimeDelta::minutes(i64::from(slot) * 30));
                    if day.visits.values().any(|v| v.start == start) {
                        continue;
                    }
                    let minutes = minutes.min(30);
                    let (holds, counted, void) = (None, false, false);
                    let now = Now { minutes, start, signed, named, counted, holds, void };
                    day.visits.insert(id, now);
                    day.decide(id);
                }
                Event::Again(index, signed) if !ids.is_empty() => {
                    let id = ids[index % ids.len()];
                    if !day.visits[&id].void {
                        day.visits.get_mut(&id).unwrap().signed = signed;
                        day.decide(id);
                    }
                }
                Event::Void(index) if !ids.is_empty() => day.void(ids[index % ids.len()]),
                _ => {}
            }
            day.check(most, &grants, free);
            if level == AuthorizationLevel::Claim {
                let pieces = day.visits.values().filter(|v| v.counted && !v.void);
                let mut drawn: Vec<AuthorizationId> = pieces
                    .filter_map(|v| v.holds.as_ref())
                    .flat_map(|(ready, _)| ready.iter().filter_map(|p| p.authorization.as_ref().map(|a| a.id)))
                    .collect();
                drawn.sort_unstable();
                drawn.dedup();
                prop_assert!(drawn.len() <= 1, "a claim names one authorization");
            }
        }
    }

    #[test]
    fn rk13_rk14_without_caps_the_order_of_arrival_does_not_matter(
        rounding in prop::sample::select(Rounding::ALL),
        minutes in prop::collection::vec(1u32..30, 1..9),
        min_minutes in prop_oneof![2 => Just(0u32), 1 => 1u32..90],
        order in any::<u64>(),
        voided in prop::collection::vec(any::<bool>(), 9),
    ) {
        let mut ids: Vec<usize> = (0..minutes.len()).collect();
        let mut seed = order;
        for i in (1..ids.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ids.swap(i, usize::try_from(seed >> 33).unwrap() % (i + 1));
        }
        let level = AuthorizationLevel::Claim;
        let mut day = simulation((rounding, 15, min_minutes), (999, Exceed::Hold), None, &[], level);
        for index in ids {
            let start = t("2026-07-01T04:00:00Z").plus(TimeDelta::minutes(30 * i64::try_from(index).unwrap()));
            let now = Now {
                minutes: minutes[index],
                start,
                signed: true,
                named: None,
                counted: false,
                holds: None,
                void: false,
            };
            let id = i64::try_from(index).unwrap() + 1;
            day.visits.insert(id, now);
            day.decide(id);
            if voided[index] {
                day.void(id);
            }
        }
        day.check(999, &[], None);
        let kept = minutes.iter().zip(&voided).filter(|(_, void)| !**void).map(|(m, _)| m);
        let units = day.plainly(kept.sum());
        let ready: u32 = day
            .visits
            .values()
            .filter(|v| !v.void)
            .filter_map(|v| v.holds.as_ref())
            .map(|(ready, held)| sum(ready) + held)
            .sum();
        prop_assert_eq!(ready, units);
    }
}
