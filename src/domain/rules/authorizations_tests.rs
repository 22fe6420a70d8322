//! Tests of `authorizations.rs`: which one, how much of it, and what is said (RK26, RK27).

use super::testing::limit;
use super::testing::{Case, authorization, carc, d, decimal, key, need, split, usage};
use crate::domain::contract::AuthorizationLevel;
use crate::domain::contract::AuthorizationNeed::{After, Always, Never};
use crate::domain::contract::Exceed::{BillUpTo, Hold};
use crate::domain::decision::{DecisionLine, Disposition, RemainingKind};
use crate::domain::facts::AuthorizationFact;
use crate::domain::identifiers::AuthorizationNumber;
use crate::domain::ids::AuthorizationId;
use crate::domain::windows::Window::{CalendarYear, Day};

/// Ready and held units, and what the ready line draws: the authorization's id and units.
fn outcome(case: &Case) -> (u32, u32, Option<(i64, u32)>) {
    let decision = case.decide();
    let (ready, held) = split(&decision);
    let draw = decision.lines.iter().find_map(|l| l.authorization.as_ref());
    (ready, held, draw.map(|d| (d.id.as_i64(), d.units)))
}

fn always(authorizations: Vec<AuthorizationFact>) -> Case {
    Case::with(|c| {
        c.terms.pack.authorizations = vec![need(Always)];
        c.facts.authorizations = authorizations;
    })
}

fn name(case: &mut Case, number: &str) {
    case.encounter.authorization = Some(AuthorizationNumber::parse(number).unwrap());
}

#[test]
fn rk27_before_the_first_unit() {
    let none = always(vec![]);
    let finding = none.only("authorization.missing");
    assert_eq!((carc(&finding), finding.field.as_str()), (Some("197"), "/authorization"));
    assert_eq!(finding.authority.unwrap().section, "authorization");
    assert_eq!(outcome(&none), (0, 4, None));
    let granted = always(vec![authorization(5, 10, "2026-07-01", Some("2026-07-01"))]);
    assert!(granted.rules().is_empty());
    assert_eq!(outcome(&granted), (4, 0, Some((5, 4))));
    assert_eq!(granted.decide().remaining[0].remaining, Some(decimal("6")));
}

#[test]
fn rk27_only_dates_and_services_that_fit_count() {
    let mut other_service = authorization(5, 10, "2026-01-01", None);
    other_service.services = vec![key("group")];
    always(vec![other_service]).only("authorization.missing");
    always(vec![authorization(5, 10, "2026-07-02", None)]).only("authorization.missing");
    always(vec![authorization(5, 10, "2026-01-01", Some("2026-06-30"))])
        .only("authorization.missing");
}

#[test]
fn rk27_the_one_that_ends_first_then_by_number_open_ends_last() {
    let open = authorization(1, 10, "2026-01-01", None);
    let late = authorization(2, 10, "2026-01-01", Some("2026-12-31"));
    let soon = authorization(4, 10, "2026-01-01", Some("2026-07-31"));
    let same = authorization(3, 10, "2026-06-01", Some("2026-07-31"));
    let mut case = always(vec![open.clone(), late.clone(), soon.clone(), same]);
    assert_eq!(outcome(&case).2, Some((3, 4)));
    case.facts.authorizations.reverse();
    assert_eq!(outcome(&case).2, Some((3, 4)));
    assert_eq!(outcome(&always(vec![open.clone(), late])).2, Some((2, 4)));
    assert_eq!(outcome(&always(vec![open])).2, Some((1, 4)));
}

/// Two authorizations, of which the one that ends first has 3 of 10 units left.
fn short() -> Case {
    let mut case = always(vec![
        authorization(1, 10, "2026-01-01", Some("2026-07-31")),
        authorization(2, 10, "2026-01-01", Some("2026-12-31")),
    ]);
    case.facts.usage = vec![usage("2026-03-03", Some(1), 7)];
    case
}

#[test]
fn rk27_a_claim_that_names_one_authorization_carries_no_second() {
    let mut case = short();
    assert_eq!(outcome(&case), (3, 1, Some((1, 3))));
    let finding = case.only("authorization.second");
    assert_eq!(carc(&finding), Some("198"));
    assert!(finding.fix.contains("A-2") && finding.fix.contains("10 units"), "{}", finding.fix);
    // One without room is not used at all, so nothing keeps the next from being the first.
    case.facts.usage[0].units = 12;
    assert_eq!(outcome(&case), (4, 0, Some((2, 4))), "a shrunk grant is never below nothing");
}

#[test]
fn rk27_line_by_line_the_excess_goes_to_the_next() {
    let mut case = short();
    case.terms.pack.claim.authorization_level = AuthorizationLevel::Line;
    let drawn = |case: &Case| -> Vec<(u32, Option<(i64, u32)>)> {
        let lines = case.decide().lines;
        let of = |l: &DecisionLine| {
            (l.units, l.authorization.as_ref().map(|d| (d.id.as_i64(), d.units)))
        };
        lines.iter().map(of).collect()
    };
    assert!(case.rules().is_empty());
    assert_eq!(drawn(&case), [(3, Some((1, 3))), (1, Some((2, 1)))]);
    assert_eq!(case.decide().lines[1].expected.to_string(), "20.00");
    let left: Vec<_> = case.decide().remaining.iter().map(|r| r.remaining).collect();
    assert_eq!(left, [Some(decimal("0")), Some(decimal("9"))]);
    // Free units stand with the first.
    case.terms.pack.authorizations = vec![need(After { free_units: 1, window: Day })];
    case.facts.usage[0].units = 9;
    assert_eq!(drawn(&case), [(2, Some((1, 1))), (2, Some((2, 2)))]);
    // Both together are not enough.
    case.facts.authorizations[1].units = 1;
    assert_eq!(drawn(&case), [(2, Some((1, 1))), (1, Some((2, 1))), (1, None)]);
    let finding = case.only("authorization.exhausted");
    assert!(finding.message.contains("A-1 has 1 of 10 units left, A-2 has 1 of 1 unit left"));
}

#[test]
fn rk27_the_named_one_never_falls_back() {
    for level in AuthorizationLevel::ALL {
        let mut case = short();
        case.terms.pack.claim.authorization_level = *level;
        name(&mut case, "A-1");
        assert_eq!(outcome(&case), (3, 1, Some((1, 3))), "{level}");
        let finding = case.only("authorization.exhausted");
        assert!(finding.fix.contains("A-2") && finding.fix.contains("10 units"), "{}", finding.fix);
        case.facts.usage[0].units = 12;
        assert_eq!(outcome(&case), (0, 4, None));
        name(&mut case, "A-2");
        assert_eq!(outcome(&case), (4, 0, Some((2, 4))));
    }
}

#[test]
fn rk27_the_named_one_is_used_or_its_faults_are_told_all_at_once() {
    let mut wrong = authorization(2, 10, "2026-08-01", Some("2026-08-31"));
    wrong.services = vec![key("group")];
    let mut case = always(vec![authorization(1, 10, "2026-01-01", None), wrong]);
    name(&mut case, "A-1");
    assert_eq!(outcome(&case), (4, 0, Some((1, 4))));
    name(&mut case, "A-2");
    assert_eq!(case.rules(), ["authorization.dates", "authorization.service"]);
    assert_eq!(outcome(&case), (0, 4, None), "the one that would fit is not taken silently");
    name(&mut case, "A-3");
    assert_eq!(carc(&case.only("authorization.unknown")), Some("15"));
}

#[test]
fn rk26_free_units_first_and_only_the_excess_needs_it() {
    let after = |free_units, used: i64| {
        Case::with(|c| {
            let rule = After { free_units, window: CalendarYear };
            c.terms.pack.authorizations = vec![need(rule)];
            c.facts.usage = vec![usage("2026-01-01", None, used), usage("2025-12-31", None, 50)];
        })
    };
    assert_eq!(outcome(&after(24, 20)), (4, 0, None));
    assert_eq!(outcome(&after(24, 21)), (3, 1, None));
    after(24, 21).only("authorization.missing");
    assert_eq!(outcome(&after(24, 30)), (0, 4, None));
    let mut mixed = after(24, 23);
    mixed.facts.authorizations = vec![authorization(5, 2, "2026-01-01", None)];
    assert_eq!(outcome(&mixed), (3, 1, Some((5, 2))));
    mixed.only("authorization.exhausted");
    let left: Vec<_> =
        mixed.decide().remaining.into_iter().map(|r| (r.kind, r.remaining)).collect();
    let nothing = Some(decimal("0"));
    assert_eq!(left, [(RemainingKind::Free, nothing), (RemainingKind::Authorization, nothing)]);
}

#[test]
fn rk26_units_under_an_authorization_do_not_use_up_free_ones() {
    let case = Case::with(|c| {
        c.terms.pack.authorizations = vec![need(After { free_units: 4, window: CalendarYear })];
        c.facts.usage = vec![usage("2026-07-01", Some(5), 90)];
    });
    assert_eq!(outcome(&case), (4, 0, None));
}

#[test]
fn rk26_a_fault_of_the_named_one_concerns_the_excess_only() {
    let mut case = Case::with(|c| {
        c.terms.pack.authorizations = vec![need(After { free_units: 3, window: CalendarYear })];
    });
    name(&mut case, "A-9");
    assert_eq!(outcome(&case), (3, 1, None));
    case.only("authorization.unknown");
    assert_eq!(case.decide().disposition, Disposition::Ready);
}

#[test]
fn rk26_one_that_is_not_needed_is_not_drawn_on() {
    let mut never = Case::new();
    never.facts.authorizations = vec![authorization(1, 10, "2026-01-01", None)];
    name(&mut never, "A-1");
    never.only("authorization.not_needed");
    assert_eq!(outcome(&never), (4, 0, None));
    never.terms.pack.authorizations = vec![need(Never)];
    never.only("authorization.not_needed");
    let mut free = never.clone();
    free.terms.pack.authorizations = vec![need(After { free_units: 4, window: CalendarYear })];
    free.only("authorization.not_needed");
    assert_eq!(outcome(&free), (4, 0, None));
}

#[test]
fn rk26_a_service_in_two_rules_is_free_only_as_far_as_both_let_it() {
    let case = |one, other| {
        Case::with(|c| {
            c.terms.pack.authorizations = vec![need(one), need(other)];
            c.facts.usage = vec![usage("2026-06-30", None, 1)];
        })
    };
    let year = After { free_units: 3, window: CalendarYear };
    let day = After { free_units: 3, window: Day };
    assert_eq!(outcome(&case(year.clone(), day.clone())), (2, 2, None));
    assert_eq!(outcome(&case(day.clone(), year)), (2, 2, None));
    assert_eq!(outcome(&case(Never, day)), (3, 1, None));
    assert_eq!(outcome(&case(Never, Always)), (0, 4, None));
}

#[test]
fn rk24_limits_cut_before_an_authorization_is_drawn_on() {
    let mut case = always(vec![authorization(5, 10, "2026-01-01", None)]);
    case.terms.pack.limits = vec![limit("daily", "3", Day, BillUpTo)];
    assert_eq!(outcome(&case), (3, 1, Some((5, 3))));
    // Nothing fits the day; that the authorization is missing, too, is told in the same answer.
    case.facts.usage = vec![usage("2026-07-01", Some(5), 3)];
    case.facts.authorizations.clear();
    assert_eq!(case.rules(), ["limit.bill_up_to", "authorization.missing"]);
    assert_eq!(outcome(&case), (0, 4, None));
}

#[test]
fn rk24_hold_limits_are_asked_after_the_authorization() {
    let mut case = always(vec![authorization(5, 2, "2026-01-01", None)]);
    case.terms.pack.limits = vec![limit("daily", "2", Day, Hold)];
    assert_eq!(outcome(&case), (2, 2, Some((5, 2))));
    case.facts.authorizations.clear();
    assert_eq!(case.rules(), ["authorization.missing", "limit.hold"]);
}

#[test]
fn rk27_another_hold_keeps_the_authorization_whole() {
    let mut case = always(vec![authorization(5, 10, "2026-01-01", Some("2026-12-31"))]);
    case.facts.has_address = false;
    assert_eq!(outcome(&case), (0, 4, None));
    let left = &case.decide().remaining[0];
    assert_eq!((left.remaining, left.to), (Some(decimal("10")), Some(d("2026-12-31"))));
    assert_eq!(left.key, case.facts.authorizations[0].number.as_str());
    assert_eq!(case.facts.authorizations[0].id, AuthorizationId::from_i64(5));
}

#[test]
fn rk27_a_second_one_with_a_single_unit_left_is_named_all_the_same() {
    let first = authorization(1, 2, "2026-01-01", Some("2026-07-31"));
    let second = authorization(2, 1, "2026-01-01", Some("2026-12-31"));
    let finding = always(vec![first.clone(), second]).only("authorization.second");
    assert!(finding.fix.contains("A-2"), "{}", finding.fix);
    always(vec![first, authorization(2, 0, "2026-01-01", None)]).only("authorization.exhausted");
}
