//! Tests of what a visit holds already when it is decided again: by each edge, and random holdings of others against
//! the definition (`docs/adr/0163`).

use proptest::prelude::*;

use super::account::Account;
use super::testing::{Case, authorization, d, key, limit, need, span, split, usage};
use crate::domain::contract::AuthorizationNeed::{After, Always};
use crate::domain::contract::Exceed::{Authorization, Hold};
use crate::domain::contract::{AuthorizationLevel, LimitScope};
use crate::domain::decision::LineAnswer;
use crate::domain::facts::Usage;
use crate::domain::ids::AuthorizationId;
use crate::domain::kept::Kept;
use crate::domain::windows::Window::{ConsecutiveDays, Month, RollingDays};

/// A visit of 4 units on 1 July under a limit of 8 a month, and an authorization of 2 which another visit holds.
fn beside(others: Vec<Usage>) -> Case {
    Case::with(|c| {
        c.terms.pack.limits = vec![limit("month", "8", Month, Authorization)];
        c.facts.authorizations = vec![authorization(1, 2, "2026-01-01", Some("2026-12-31"))];
        c.facts.usage = others;
    })
}

fn asked(case: &Case, free: u32) -> (u32, u32) {
    let mut case = case.clone();
    case.facts.kept = Kept { free, on: vec![], units: free };
    split(&case.decide())
}

#[test]
fn rk27_what_it_holds_without_one_stays_while_others_are_covered() {
    let case = beside(vec![usage("2026-07-10", Some(1), 2), usage("2026-07-11", None, 4)]);
    assert_eq!(asked(&case, 0), (2, 2), "for the first time it is the one above the limit");
    assert_eq!(asked(&case, 4), (4, 0));
    assert_eq!(asked(&case, 3), (3, 1), "no more than it holds");
    let case = beside(vec![usage("2026-07-10", Some(1), 2), usage("2026-07-11", None, 6)]);
    assert_eq!(asked(&case, 4), (2, 2), "no more than the limit without an authorization");
    let case = beside(vec![usage("2026-07-11", None, 9)]);
    assert_eq!(asked(&case, 4), (2, 2), "what there is of the authorization is drawn");
}

#[test]
fn rk20_a_visit_that_moves_others_into_a_full_window_keeps_nothing() {
    let mut case = beside(vec![
        usage("2026-07-05", Some(1), 2),
        usage("2026-08-02", None, 4),
        usage("2026-08-04", None, 8),
    ]);
    let window = ConsecutiveDays { length: 30 };
    case.terms.pack.limits = vec![limit("moving", "8", window, Authorization)];
    assert_eq!(asked(&case, 4), (0, 4));
}

/// Ready units, and what they draw on.
fn drawn(case: &Case) -> (u32, Vec<(i64, u32)>) {
    let lines = case.decide().lines;
    let ready = lines.iter().filter(|l| l.answer == LineAnswer::Ready);
    let draws = ready.clone().filter_map(|l| l.authorization.as_ref());
    (ready.map(|l| l.units).sum(), draws.map(|d| (d.id.as_i64(), d.units)).collect())
}

#[test]
fn rk27_a_further_authorization_takes_no_units_away() {
    let mut case = Case::with(|c| {
        c.terms.pack.authorizations = vec![need(Always)];
        c.facts.authorizations = vec![
            authorization(1, 3, "2026-01-01", Some("2026-07-31")),
            authorization(2, 8, "2026-01-01", Some("2026-12-31")),
        ];
    });
    assert_eq!(drawn(&case), (3, vec![(1, 3)]), "for the first time the one that ends first");
    case.facts.kept.on = vec![AuthorizationId::from_i64(2)];
    assert_eq!(drawn(&case), (4, vec![(2, 4)]));
    case.facts.authorizations[0].units = 4;
    assert_eq!(drawn(&case), (4, vec![(1, 4)]), "which is as good, and ends first");
    case.facts.authorizations[0].units = 3;
    case.facts.usage = vec![usage("2026-06-01", Some(2), 6)];
    assert_eq!(drawn(&case), (3, vec![(1, 3)]), "the other one has not enough any more");
    case.facts.usage.clear();
    case.terms.pack.claim.authorization_level = AuthorizationLevel::Line;
    assert_eq!(drawn(&case), (4, vec![(1, 3), (2, 1)]), "line by line nothing is lost");
}

#[test]
fn rk27_nor_where_none_has_enough_for_all() {
    let mut case = Case::with(|c| {
        c.terms.pack.authorizations = vec![need(Always)];
        c.facts.authorizations = vec![
            authorization(1, 1, "2026-01-01", Some("2026-07-31")),
            authorization(2, 3, "2026-01-01", Some("2026-12-31")),
        ];
    });
    assert_eq!(drawn(&case), (1, vec![(1, 1)]), "for the first time the one that ends first");
    case.facts.kept.on = vec![AuthorizationId::from_i64(2)];
    assert_eq!(drawn(&case), (3, vec![(2, 3)]));
    case.facts.authorizations[0].units = 3;
    assert_eq!(drawn(&case), (3, vec![(1, 3)]), "which is as good, and ends first");
}

#[test]
fn rk27_units_whose_authorization_is_good_no_more_are_nobody_elses_room() {
    let case = beside(vec![usage("2026-07-10", Some(1), 2), usage("2026-07-11", None, 4)]);
    let ended =
        |c: &mut Case| c.facts.authorizations[0].span = span("2026-01-01", Some("2026-07-09"));
    let shrunk = |c: &mut Case| c.facts.authorizations[0].units = 1;
    let other = |c: &mut Case| c.facts.authorizations[0].services = vec![key("else")];
    let changes: [&dyn Fn(&mut Case); 3] = [&ended, &shrunk, &other];
    let mut free = case.clone();
    free.terms.pack.limits.clear();
    free.terms.pack.authorizations = vec![need(After { free_units: 8, window: Month })];
    for (nth, (change, left)) in changes.into_iter().zip([2, 3, 2]).enumerate() {
        for (what, case) in [("limit", &case), ("free units", &free)] {
            let mut case = case.clone();
            assert_eq!(asked(&case, 4), (4, 0), "{what} before {nth}");
            change(&mut case);
            assert_eq!(asked(&case, 4).0, left, "{what} after {nth}");
        }
    }
    // Who had none of what is left has none of it either, asked as often as may be.
    ended(&mut free);
    free.facts.usage[0].units = 4;
    assert_eq!((asked(&free, 4), asked(&free, 0)), ((0, 4), (0, 4)));
    // What other members have of a peer's units is theirs.
    let mut strange = case.clone();
    strange.terms.pack.limits[0].scope = LimitScope::Peer;
    strange.facts.peer_usage = vec![usage("2026-07-10", Some(9), 2), usage("2026-07-11", None, 4)];
    assert_eq!(asked(&strange, 4), (4, 0));
}

#[test]
fn rk21_more_room_takes_nothing_away_under_a_limit_that_holds_all() {
    let mut case = beside(vec![usage("2026-07-11", None, 3)]);
    case.terms.pack.limits = vec![limit("month", "6", Month, Hold)];
    case.terms.pack.authorizations = vec![need(Always)];
    case.facts.authorizations[0].units = 3;
    assert_eq!(drawn(&case), (3, vec![(1, 3)]));
    case.facts.authorizations[0].units = 4;
    assert_eq!(drawn(&case).0, 0, "for the first time all of it is held");
    case.facts.kept = Kept { free: 0, on: vec![AuthorizationId::from_i64(1)], units: 3 };
    assert_eq!(drawn(&case), (3, vec![(1, 3)]));
    assert_eq!(split(&case.decide()), (3, 1));
    case.facts.usage[0].units = 4;
    assert_eq!(drawn(&case).0, 0, "what it holds does not fit any more");
}

proptest! {
    #[test]
    fn rk24_rk27_no_more_is_kept_than_was_held_and_fits(
        others in prop::collection::vec((1u32..31, any::<bool>(), 1i64..5), 0..8),
        units in 0u32..20,
        free in 0u32..5,
        rolling in any::<bool>(),
    ) {
        let day = |day: u32| format!("2026-07-{day:02}");
        let entry = |(on, granted, units): &(u32, bool, i64)| {
            usage(&day(*on), granted.then_some(1), *units)
        };
        let mut case = beside(others.iter().map(entry).collect());
        let window = if rolling { RollingDays { length: 7 } } else { Month };
        case.terms.pack.limits = vec![limit("month", &units.to_string(), window, Authorization)];
        let without = |case: &Case| {
            let (ready, draws) = drawn(case);
            ready - draws.iter().map(|d| d.1).sum::<u32>()
        };
        let first = without(&case);
        case.facts.kept.free = free;
        let again = without(&case);
        // Of seven days that hold the first of July, those that lie in July are the first seven.
        let last = if rolling { 7 } else { 31 };
        let sum = |granted: bool, last: u32| -> i64 {
            others.iter().filter(|o| o.1 == granted && o.0 <= last).map(|o| o.2).sum()
        };
        // The authorization is of two units: what is drawn beyond them has none.
        let over = (sum(true, 31) - 2).max(0);
        let fits = i64::from(units) - sum(false, last) - over.min(sum(true, last));
        let wanted = i64::from(first).max(i64::from(free.min(4)).min(fits));
        prop_assert_eq!(i64::from(again), wanted);
    }
}

proptest! {
    /// Free units in rolling days, against every window that holds the day: what has no authorization counts, and
    /// what has one that is good no more.
    #[test]
    fn rk27_free_units_are_those_that_no_other_needs(
        rows in prop::collection::vec((0i64..30, prop::option::of(1i64..4), 1i64..5), 0..8),
        length in 1u32..12,
    ) {
        let middle = d("2026-07-01");
        let day = |n: i64| middle + chrono::TimeDelta::days(n - 15);
        let used: Vec<Usage> = rows.iter().map(|(n, on, units)| usage(&day(*n).to_string(), *on, *units)).collect();
        let case = Case::with(|c| {
            c.terms.pack.authorizations =
                vec![need(After { free_units: 9, window: RollingDays { length } })];
            // One is good, one ended, and of one more is drawn than it grants.
            c.facts.authorizations = vec![
                authorization(1, 1_000, "2026-01-01", None),
                authorization(2, 1_000, "2026-01-01", Some("2026-06-20")),
                authorization(3, 2, "2026-01-01", None),
            ];
            c.facts.usage = used;
        });
        let sum = |from: i64, to: i64, of: &dyn Fn(i64, Option<i64>) -> bool| -> i64 {
            let in_window = rows.iter().filter(|(n, on, _)| (from..=to).contains(n) && of(*n, *on));
            in_window.map(|(_, _, units)| units).sum()
        };
        let over = (sum(0, 30, &|_, on| on == Some(3)) - 2).max(0);
        let window = |end: i64| {
            let from = end - i64::from(length) + 1;
            let bare = sum(from, end, &|_, on| on.is_none());
            let ended = sum(from, end, &|n, on| on == Some(2) && day(n) > d("2026-06-20"));
            9 - bare - ended - sum(from, end, &|_, on| on == Some(3)).min(over)
        };
        let left = (15..15 + i64::from(length)).map(window).min().unwrap();
        let account = Account::of(&case.terms.pack, &case.facts);
        let After { free_units, window } = &case.terms.pack.authorizations[0].need else { panic!() };
        let room = account.free_room(
            &case.terms.pack.authorizations[0], *free_units, window, middle, &case.facts.authorizations,
        );
        prop_assert_eq!(i64::from(room), left.max(0));
    }
}

#[test]
fn rk27_a_rolling_window_that_ends_on_what_was_covered_once_counts_it() {
    let mut case = Case::with(|c| {
        c.terms.pack.authorizations =
            vec![need(After { free_units: 4, window: RollingDays { length: 10 } })];
        c.facts.authorizations = vec![authorization(1, 4, "2026-01-01", Some("2026-07-03"))];
        c.facts.usage = vec![usage("2026-07-03", Some(1), 4)];
    });
    assert_eq!(drawn(&case), (4, vec![]), "covered");
    case.facts.authorizations[0].span.to = Some(d("2026-06-10"));
    assert_eq!(drawn(&case), (0, vec![]), "the free units are needed there");
}
