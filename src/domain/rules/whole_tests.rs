//! Tests of a decision as a whole: everything at once, in order, the same for the same inputs.

use super::table::in_order;
use super::testing::{
    Case, authorization, coverage, d, decimal, diagnosis, key, limit, need, span, split, t, usage,
};
use super::*;
use crate::domain::codes::{DiagnosisClass, Mode, Role, Setting};
use crate::domain::contract::AuthorizationNeed::After;
use crate::domain::contract::Exceed::{BillUpTo, Hold};
use crate::domain::decision::RemainingKind;
use crate::domain::finding::Severity;
use crate::domain::ids::MemberId;
use crate::domain::organization::Part2Posture;
use crate::domain::windows::Window::{CalendarYear, Day};

/// One case with as many faults as fit into one encounter.
fn wrong_in_every_way() -> Case {
    Case::with(|c| {
        c.terms.agreement.span = span("2026-01-01", Some("2026-06-30"));
        c.terms.agreement.rates.clear();
        c.terms.pack.filing.days = 0;
        c.terms.pack.limits = vec![limit("up", "3", Day, BillUpTo), limit("all", "1", Day, Hold)];
        c.terms.pack.authorizations = vec![need(After { free_units: 1, window: CalendarYear })];
        let service = &mut c.terms.pack.services[0];
        service.roles = vec![Role::Family];
        service.min_age = Some(60);
        service.diagnosis_classes = vec![DiagnosisClass::MentalHealth];
        service.modes.retain(|m| m.mode == Mode::InPerson);
        c.facts.part2 = Part2Posture::Undeclared;
        c.facts.has_address = false;
        c.facts.certificates.clear();
        c.facts.coverages = vec![
            coverage(1, 1, 2, span("2025-01-01", Some("2025-12-31"))),
            coverage(2, 2, 1, span("2025-01-01", None)),
        ];
        c.facts.billed = Some(c.facts.coverages[0].clone());
        let (mut member, mut peer) =
            (c.neighbor("V-3", "13:00", "14:00"), c.neighbor("V-4", "13:00", "14:00"));
        member.service = Some(key("group"));
        peer.member = MemberId::from_i64(10);
        c.facts.neighbors = vec![peer, member, c.neighbor("V-2", "13:00", "14:00")];
        c.facts.authorizations = vec![authorization(1, 1, "2026-01-01", None)];
        c.facts.usage = vec![usage("2026-07-01", None, 1)];
        c.encounter.diagnoses = vec![diagnosis("F11.20")];
        c.encounter.mode = Mode::Audio;
        c.encounter.setting = Setting::Jail;
        c.encounter.note = None;
    })
}

#[test]
fn all_findings_come_at_once_in_table_order() {
    let case = wrong_in_every_way();
    let rules = case.rules();
    let expected = [
        "contract.none",
        "eligibility.not_covered",
        "coverage.other_first",
        "role.not_allowed",
        "peer.not_certified",
        "mode.not_allowed",
        "setting.not_allowed",
        "member.age",
        "diagnosis.class",
        "part2.no_consent",
        "note.unsigned",
        "note.no_goal",
        "member.no_address",
        "duplicate",
        "overlap.member",
        "overlap.peer",
        "limit.bill_up_to",
        "authorization.exhausted",
        "limit.hold",
        "rate.none",
        "filing.late",
    ];
    assert_eq!(rules, expected);
    assert_eq!(split(&case.decide()), (0, 4));
    for finding in case.decide().findings {
        assert!(!finding.message.contains("TESTMEMBER1"), "{}", finding.rule);
        assert!(finding.message.ends_with('.') && finding.fix.ends_with('.'), "{}", finding.rule);
        assert!(finding.field.starts_with('/'), "{}", finding.rule);
    }
}

#[test]
fn the_order_of_evaluation_and_of_facts_does_not_matter() {
    let case = wrong_in_every_way();
    let mut turned = case.clone();
    turned.facts.coverages.reverse();
    turned.facts.neighbors.reverse();
    turned.facts.usage.reverse();
    assert_eq!(turned.decide(), case.decide());
    let ctx = Context::new(Some(&case.terms), &case.facts, &case.encounter);
    let families: Vec<_> = ONCE.iter().chain(STANDING).collect();
    let forward = families.iter().flat_map(|f| f(&ctx)).collect();
    let backward = families.iter().rev().flat_map(|f| f(&ctx)).collect();
    assert_eq!(in_order(forward), in_order(backward));
}

#[test]
fn a_decision_survives_json_and_is_the_same_again() {
    for case in [Case::new(), wrong_in_every_way()] {
        let decision = case.decide();
        let text = serde_json::to_string(&decision).unwrap();
        assert_eq!(serde_json::from_str::<Decision>(&text).unwrap(), decision);
        let facts = serde_json::to_string(&case.facts).unwrap();
        let facts: Facts = serde_json::from_str(&facts).unwrap();
        assert_eq!(decide(Some(&case.terms), &facts, &case.encounter), decision);
    }
}

#[test]
fn a_ready_visit_says_all_that_a_claim_needs() {
    let decision = Case::new().decide();
    assert_eq!((decision.disposition, decision.minutes), (Disposition::Ready, 60));
    assert_eq!(decision.service_date, d("2026-07-01"));
    assert_eq!(decision.file_by, Some(d("2027-07-01")));
    let [line] = decision.lines.as_slice() else { panic!("one line") };
    assert_eq!((line.procedure.as_str(), line.units), ("H0038", 4));
    assert_eq!((line.place.as_str(), line.expected.to_string().as_str()), ("11", "80.00"));
    assert!(decision.findings.is_empty());
}

#[test]
fn the_service_date_is_local_also_over_midnight() {
    let case = Case::with(|c| {
        c.encounter.started_at = t("2026-07-02T03:30:00Z");
        c.encounter.ended_at = t("2026-07-02T04:30:00Z");
        c.terms.agreement.span = span("2026-07-01", Some("2026-07-01"));
        c.encounter.note.as_mut().unwrap().signed_at = Some(t("2026-07-02T05:00:00Z"));
    });
    assert!(case.rules().is_empty());
    assert_eq!(case.decide().service_date, d("2026-07-01"));
}

#[test]
fn standing_looks_again_at_what_time_can_change_and_at_nothing_else() {
    let case = wrong_in_every_way();
    let rules: Vec<_> = standing(Some(&case.terms), &case.facts, &case.encounter)
        .into_iter()
        .map(|f| f.rule)
        .collect();
    let expected = [
        "eligibility.not_covered",
        "coverage.other_first",
        "peer.not_certified",
        "part2.no_consent",
        "filing.late",
    ];
    assert_eq!(rules, expected);
    let mut soon = Case::new();
    soon.facts.as_of = t("2027-06-30T12:00:00Z");
    assert_eq!(soon.only("filing.soon").severity, Severity::Warn);
    assert!(standing(Some(&soon.terms), &soon.facts, &soon.encounter).is_empty());
}

#[test]
fn remaining_counts_the_ready_units_only() {
    let mut case = Case::with(|c| {
        c.terms.pack.limits =
            vec![limit("daily", "8.50", Day, BillUpTo), limit("yearly", "100", CalendarYear, Hold)];
        c.terms.pack.authorizations = vec![need(After { free_units: 24, window: CalendarYear })];
        c.facts.usage = vec![usage("2026-07-01", None, 2), usage("2026-02-01", Some(1), 10)];
    });
    let left = |case: &Case| -> Vec<_> {
        case.decide()
            .remaining
            .into_iter()
            .map(|r| (r.key, r.remaining.unwrap().to_string()))
            .collect()
    };
    let pairs = |daily: &str, yearly: &str, free: &str| {
        [("daily", daily), ("yearly", yearly), ("approval", free)]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
    };
    assert_eq!(left(&case), pairs("2.5", "84", "18"));
    assert_eq!(case.decide().remaining[0].title, "8.5 units a day of peer");
    case.facts.has_address = false;
    assert_eq!(left(&case), pairs("6.5", "88", "22"));
}

#[test]
fn allowances_speak_of_every_limit_and_of_what_covers_the_day() {
    let mut group = limit("group", "6", Day, BillUpTo);
    group.services = vec![key("group")];
    let mut terms = Case::new().terms;
    terms.pack.limits = vec![limit("daily", "8", Day, BillUpTo), group];
    terms.pack.authorizations = vec![need(After { free_units: 24, window: CalendarYear })];
    let granted = [
        authorization(3, 10, "2026-07-01", None),
        authorization(2, 20, "2026-01-01", Some("2026-07-01")),
        authorization(1, 20, "2026-01-01", Some("2026-06-30")),
    ];
    let drawn = [usage("2026-07-01", None, 9), usage("2026-05-01", Some(2), 25)];
    let drawn = Selected { usage: drawn.to_vec(), ..Selected::default() };
    let left: Vec<_> = allowances(&terms, &[], &drawn, &granted, d("2026-07-01"))
        .into_iter()
        .map(|r| (r.kind, r.key, r.remaining))
        .collect();
    let row = |kind, key: &str, left: &str| (kind, key.to_owned(), Some(decimal(left)));
    let expected = [
        row(RemainingKind::Limit, "daily", "-1"),
        row(RemainingKind::Limit, "group", "6"),
        row(RemainingKind::Free, "approval", "15"),
        row(RemainingKind::Authorization, "A-2", "-5"),
        row(RemainingKind::Authorization, "A-3", "10"),
    ];
    assert_eq!(left, expected);
}
