//! Tests of the Part 2 rule: each edge by itself, and random consents against a slow reference.

use proptest::prelude::*;

use crate::domain::consent::Purpose::{Operations, Payment, Treatment};
use crate::domain::dates::Span;
use crate::domain::facts::ConsentFact;
use crate::domain::identifiers::Reference;
use crate::domain::ids::{ConsentId, PayerId};
use crate::domain::organization::Part2Posture::{self, NotProgram, Program, Undeclared};
use crate::domain::rules::testing::{Case, d, diagnosis, key, span, t};
use crate::domain::rules::{decide, standing};

/// A consent that permits the claim of [`case`] in every respect, by a hair.
fn consent() -> ConsentFact {
    ConsentFact {
        id: ConsentId::from_i64(1),
        reference: Reference::parse("C-1").unwrap(),
        recipient: Some(PayerId::from_i64(1)),
        purposes: vec![Payment],
        services: vec![key("peer")],
        services_from: Some(d("2026-07-01")),
        services_to: Some(d("2026-07-01")),
        span: span("2026-07-02", Some("2026-07-02")),
        revoked_at: None,
    }
}

/// A substance-use visit of 1 July that is decided on 2 July, by a program.
fn case(posture: Part2Posture, consents: Vec<ConsentFact>) -> Case {
    Case::with(|c| {
        c.facts.part2 = posture;
        c.facts.consents = consents;
        c.terms.pack.services[0].substance_use = true;
    })
}

fn free() -> [&'static str; 0] {
    []
}

#[test]
fn r11_substance_use_is_held_unless_declared_outside_of_part_2() {
    for posture in [NotProgram, Program, Undeclared] {
        let case = |flag: bool, codes: &[&str]| {
            Case::with(|c| {
                c.facts.part2 = posture;
                c.terms.pack.services[0].substance_use = flag;
                c.encounter.diagnoses = codes.iter().map(|code| diagnosis(code)).collect();
            })
        };
        let held: &[&str] = if posture == NotProgram { &[] } else { &["part2.no_consent"] };
        assert_eq!(case(true, &["F32.9"]).rules(), held);
        assert_eq!(case(false, &["F11.20"]).rules(), held);
        assert_eq!(case(false, &["F17.210"]).rules(), free());
        assert_eq!(case(false, &["F32.9", "F11.20"]).rules(), free());
    }
}

#[test]
fn r11_the_diagnosis_alone_is_enough_without_a_contract() {
    let mut case = Case::with(|c| {
        c.facts.part2 = Undeclared;
        c.encounter.diagnoses = vec![diagnosis("F10.10")];
    });
    let held = |case: &Case| {
        let findings = decide(None, &case.facts, &case.encounter).findings;
        findings.iter().any(|f| f.rule == "part2.no_consent")
    };
    assert!(held(&case));
    // Without a service, a consent for one service says nothing of it; one for all does.
    case.facts.consents = vec![consent()];
    assert!(held(&case));
    case.facts.consents[0].services.clear();
    assert!(!held(&case));
}

#[test]
fn r11_a_live_consent_lifts_it_for_programs_and_undeclared_ones() {
    for posture in [Program, Undeclared] {
        assert_eq!(case(posture, vec![consent()]).rules(), free());
        let all = ConsentFact {
            recipient: None,
            services: vec![],
            services_from: None,
            services_to: None,
            span: span("2026-01-01", None),
            ..consent()
        };
        assert_eq!(case(posture, vec![all]).rules(), free());
    }
}

#[test]
fn r11_what_is_lacking_is_told() {
    type Bend = fn(&mut ConsentFact);
    let bent: [(Bend, &str); 9] = [
        (|c| c.purposes = vec![Treatment, Operations], "C-1 is not for payment"),
        (|c| c.recipient = Some(PayerId::from_i64(2)), "C-1 is for another payer"),
        (|c| c.services = vec![key("group")], "C-1 does not speak of this service"),
        (|c| c.services_from = Some(d("2026-07-02")), "C-1 does not speak of this service date"),
        (|c| c.services_to = Some(d("2026-06-30")), "C-1 does not speak of this service date"),
        (|c| c.span = span("2026-07-03", None), "C-1 starts on 2026-07-03"),
        (|c| c.span = span("2026-06-01", Some("2026-07-01")), "C-1 ended on 2026-07-01"),
        (|c| c.revoked_at = Some(t("2026-07-02T11:59:59Z")), "C-1 was revoked"),
        // Known to be revoked is enough: another process's clock may be ahead.
        (|c| c.revoked_at = Some(t("2026-07-02T12:00:01Z")), "C-1 was revoked"),
    ];
    for (bend, said) in bent {
        let mut bad = consent();
        bend(&mut bad);
        let finding = case(Program, vec![bad.clone()]).only("part2.no_consent");
        assert!(finding.message.contains(said), "{}", finding.message);
        // A good one beside it is enough, whatever the order.
        assert_eq!(case(Program, vec![bad.clone(), consent()]).rules(), free());
        assert_eq!(case(Program, vec![consent(), bad]).rules(), free());
    }
    let none = case(Program, vec![]).only("part2.no_consent");
    assert!(none.message.contains("no consent of the member is on record"), "{}", none.message);
}

#[test]
fn r11_what_counts_is_the_day_of_the_disclosure_not_of_the_service() {
    // Signed the day after the service: a consent permits future disclosures of what it describes.
    let mut case = case(Program, vec![consent()]);
    assert_eq!(case.rules(), free());
    // The zone decides the day: on 3 July 03:59 UTC it is still 2 July in New York.
    case.facts.as_of = t("2026-07-03T03:59:59Z");
    assert_eq!(case.rules(), free());
    assert!(standing(Some(&case.terms), &case.facts, &case.encounter).is_empty());
    case.facts.as_of = t("2026-07-03T04:00:00Z");
    case.only("part2.no_consent");
    let stands = standing(Some(&case.terms), &case.facts, &case.encounter);
    assert_eq!(stands.len(), 1, "it is looked at again at build and release");
}

fn some_day() -> impl Strategy<Value = chrono::NaiveDate> {
    (0u64..5).prop_map(|n| d("2026-06-29") + chrono::Days::new(n))
}

fn some_consent() -> impl Strategy<Value = ConsentFact> {
    let purposes = prop::sample::subsequence(vec![Treatment, Payment, Operations], 0..=3);
    let services = prop::sample::subsequence(vec![key("group"), key("peer")], 0..=2);
    let days = (
        some_day(),
        prop::option::of(0u64..4),
        prop::option::of(some_day()),
        prop::option::of(some_day()),
    );
    (prop::option::of(1i64..3), purposes, services, days, prop::bool::weighted(0.2)).prop_map(
        |(recipient, purposes, services, (from, length, first, last), revoked)| ConsentFact {
            recipient: recipient.map(PayerId::from_i64),
            purposes,
            services,
            services_from: first,
            services_to: last,
            span: Span::new(from, length.map(|n| from + chrono::Days::new(n))).unwrap(),
            revoked_at: revoked.then(|| t("2026-06-30T00:00:00Z")),
            ..consent()
        },
    )
}

/// Written from the definition, one sentence after another.
fn permitted(consents: &[ConsentFact]) -> bool {
    let (service_date, today) = (d("2026-07-01"), d("2026-07-02"));
    for c in consents {
        if c.revoked_at.is_some() || !c.purposes.contains(&Payment) {
            continue;
        }
        if let Some(payer) = c.recipient
            && payer != PayerId::from_i64(1)
        {
            continue;
        }
        if !c.services.is_empty() && !c.services.iter().any(|s| s.as_str() == "peer") {
            continue;
        }
        if c.services_from.is_some_and(|from| service_date < from)
            || c.services_to.is_some_and(|to| service_date > to)
        {
            continue;
        }
        if c.span.covers(today) {
            return true;
        }
    }
    false
}

proptest! {
    #[test]
    fn r11_any_consents_against_the_definition(
        consents in prop::collection::vec(some_consent(), 0..5),
        posture in prop::sample::select(vec![NotProgram, Program, Undeclared]),
    ) {
        let held = case(posture, consents.clone()).rules() == ["part2.no_consent"];
        prop_assert_eq!(held, posture != NotProgram && !permitted(&consents));
    }

    /// A revocation never permits more, and one more consent never permits less.
    #[test]
    fn r11_revoking_only_takes_away(
        consents in prop::collection::vec(some_consent(), 1..5),
        revoked in 0usize..5,
    ) {
        let ready = |consents: &[ConsentFact]| {
            case(Program, consents.to_vec()).rules().is_empty()
        };
        let mut fewer = consents.clone();
        let index = revoked % consents.len();
        fewer[index].revoked_at = Some(t("2026-07-01T00:00:00Z"));
        prop_assert!(!ready(&fewer) || ready(&consents));
        prop_assert!(!ready(&consents[1..]) || ready(&consents));
    }
}
