use proptest::prelude::*;

use super::*;
use crate::domain::codes::Mode;
use crate::domain::contract::{AuthorizationNeed, Demand, Exceed, GroupRule, Wanted};
use crate::domain::document::Content;
use crate::domain::ids::DocumentId;
use crate::domain::rules::decide;
use crate::domain::rules::testing::{
    Case, authorization, condition, d, key, limit, need, service, source, t, usage,
};
use crate::domain::windows::Window;

/// What would be proposed, as `kind value`, when every try is decided with the facts at hand.
fn proposed(case: &Case) -> Vec<String> {
    let (terms, stands) = (Some(&case.terms), case.decide());
    let tries = families(terms, &case.facts, &case.encounter, &stands);
    let decided = propose::<std::convert::Infallible>(&stands, tries, |one| {
        let mut facts = case.facts.clone();
        facts.documents.extend(one.documents.iter().cloned());
        Ok(decide(terms, &facts, &one.encounter))
    });
    let found = decided.unwrap();
    found.iter().map(|(t, _)| format!("{} {}", t.change.kind(), t.change.value())).collect()
}

/// A visit on 1 July that is looked at the day before.
fn planned(bend: impl FnOnce(&mut Case)) -> Case {
    Case::with(|c| {
        c.facts.as_of = t("2026-06-30T12:00:00Z");
        c.facts.planned = true;
        bend(c);
    })
}

#[test]
fn what_can_be_billed_wholly_needs_no_other_way() {
    assert!(proposed(&planned(|_| {})).is_empty());
    assert!(proposed(&Case::new()).is_empty());
}

#[test]
fn a_full_day_is_shortened_to_the_longest_that_fits_or_moved_to_the_nearest_days() {
    let case = planned(|c| {
        c.terms.pack.limits = vec![limit("daily", "6", Window::Day, Exceed::BillUpTo)];
        c.facts.usage = vec![usage("2026-07-01", None, 3), usage("2026-07-02", None, 5)];
    });
    // 2 July is as full; 30 June has begun at that time of day? It has not: 9 in the morning is ahead.
    let found = proposed(&case);
    assert_eq!(found.first().map(String::as_str), Some("length 45"), "{found:?}");
    assert!(found.contains(&"day 2026-07-03".to_owned()), "{found:?}");
    assert!(!found.contains(&"day 2026-07-02".to_owned()), "{found:?}");
}

#[test]
fn another_mode_another_authorization_and_a_group_are_proposed_where_the_contract_has_them() {
    let mut case = planned(|c| {
        c.terms.pack.services[0].modes.retain(|m| m.mode == Mode::InPerson);
        c.encounter.mode = Mode::Audio;
    });
    assert_eq!(proposed(&case)[0], "mode in_person");
    case = planned(|c| {
        c.terms.pack.authorizations = vec![need(AuthorizationNeed::Always)];
        c.facts.authorizations = vec![
            authorization(1, 10, "2026-01-01", Some("2026-07-31")),
            authorization(2, 10, "2026-01-01", None),
        ];
        c.facts.usage = vec![usage("2026-06-01", Some(1), 8)];
        c.encounter.authorization = Some("A-1".parse().unwrap());
    });
    let found = proposed(&case);
    assert_eq!(found[0], "authorization A-2", "{found:?}");
    assert!(found.contains(&"length 30".to_owned()), "{found:?}");
    case = planned(|c| {
        c.terms.pack.limits = vec![limit("never", "1", Window::Lifetime, Exceed::Hold)];
        let mut group = service("peer_group");
        group.activities = vec![Activity::GroupSupport];
        group.group = Some(GroupRule {
            min_size: 3,
            max_size: Some(8),
            members_per_peer: None,
            source: source("groups"),
        });
        let mut rate = c.terms.agreement.rates[0].clone();
        rate.service = key("peer_group");
        c.terms.agreement.rates.push(rate);
        c.terms.pack.services.push(group);
    });
    let found = proposed(&case);
    assert_eq!(found, ["length 15", "group peer_group"]);
}

#[test]
fn a_group_is_led_by_as_many_peers_as_its_least_size_needs() {
    let with = |min_size, members_per_peer| {
        planned(|c| {
            c.terms.pack.limits = vec![limit("never", "1", Window::Lifetime, Exceed::Hold)];
            let mut group = service("peer_group");
            group.activities = vec![Activity::GroupSupport];
            group.group = Some(GroupRule {
                min_size,
                max_size: None,
                members_per_peer,
                source: source("groups"),
            });
            let mut rate = c.terms.agreement.rates[0].clone();
            rate.service = key("peer_group");
            c.terms.agreement.rates.push(rate);
            c.terms.pack.services.push(group);
        })
    };
    for (min_size, per_peer) in [(3, Some(2)), (2, Some(1)), (4, Some(2)), (3, Some(8)), (3, None)]
    {
        let found = proposed(&with(min_size, per_peer));
        assert!(
            found.contains(&"group peer_group".to_owned()),
            "{min_size} {per_peer:?} {found:?}"
        );
    }
    let led = |peers| {
        let group = Group { session: "S-1".parse().unwrap(), size: 3, peers };
        Change::Group(key("g"), group).says()
    };
    assert_eq!(led(1), "Give it in a group of 3 or more, as 'g'.");
    assert_eq!(led(2), "Give it in a group of 3 or more, led by 2 peers, as 'g'.");
}

#[test]
fn a_planned_visit_needs_no_signature_to_be_shortened() {
    let case = planned(|c| {
        c.encounter.note = None;
        c.encounter.ended_at = t("2026-07-01T19:00:00Z");
        c.terms.pack.limits = vec![limit("daily", "16", Window::Day, Exceed::BillUpTo)];
    });
    assert_eq!(proposed(&case)[0], "length 240");
    // Once it has taken place, the note is missed.
    let mut case = case;
    (case.facts.planned, case.facts.as_of) = (false, t("2026-07-02T12:00:00Z"));
    assert!(proposed(&case).is_empty());
    assert!(case.rules().contains(&"note.unsigned".to_owned()));
}

#[test]
fn a_visit_too_short_is_lengthened_to_the_least_that_counts() {
    let case = planned(|c| c.encounter.ended_at = t("2026-07-01T13:05:00Z"));
    assert_eq!(proposed(&case)[0], "length 15");
}

#[test]
fn a_visit_that_took_place_is_proposed_only_what_may_be_true() {
    // A missing document, as if it had been there.
    let case = Case::with(|c| {
        let wanted = Wanted {
            kind: DocumentKind::Order,
            about: vec![],
            signed: true,
            valid_days: Some(30),
            review_days: None,
            min_score: None,
            max_score: None,
            elements: vec![key("credential")],
        };
        let demand = Demand::Document { one_of: vec![wanted], grace_visits: None };
        c.terms.pack.conditions = vec![condition(demand)];
    });
    assert_eq!(proposed(&case), ["document order"]);
    // The very moment it begins it takes place.
    let mut case = planned(|c| {
        c.terms.pack.limits = vec![limit("daily", "1", Window::Day, Exceed::Hold)];
    });
    assert!(!proposed(&case).is_empty());
    case.facts.as_of = case.encounter.started_at;
    case.facts.planned = false;
    assert!(proposed(&case).is_empty());
}

/// A condition for an accreditation about each of these.
fn accredited(c: &mut Case, names: &[&str]) {
    let asks = |name: &&str| {
        let wanted = Wanted {
            kind: DocumentKind::Accreditation,
            about: vec![key(name)],
            signed: false,
            valid_days: None,
            review_days: None,
            min_score: None,
            max_score: None,
            elements: vec![],
        };
        condition(Demand::Document { one_of: vec![wanted], grace_visits: None })
    };
    c.terms.pack.conditions = names.iter().map(asks).collect();
}

fn accreditation(name: &str) -> DocumentFact {
    DocumentFact {
        id: DocumentId::from_i64(1),
        reference: "D-1".parse().unwrap(),
        span: crate::domain::rules::testing::span("2026-01-01", None),
        signed_on: None,
        content: Content::Accreditation { about: key(name) },
    }
}

#[test]
fn whichever_of_several_documents_is_missing_is_proposed_and_all_of_them_together() {
    let mut case = Case::with(|c| accredited(c, &["rco", "daanes"]));
    assert_eq!(
        proposed(&case),
        ["together document accreditation rco, document accreditation daanes"]
    );
    case.facts.documents = vec![accreditation("rco")];
    assert_eq!(proposed(&case), ["document accreditation daanes"]);
    case.facts.documents = vec![accreditation("daanes")];
    assert_eq!(proposed(&case), ["document accreditation rco"]);
}

#[test]
fn a_missing_document_and_a_wrong_authorization_are_proposed_together() {
    let mut case = Case::with(|c| {
        accredited(c, &["rco"]);
        c.terms.pack.authorizations = vec![need(AuthorizationNeed::Always)];
        c.facts.authorizations = vec![
            authorization(1, 10, "2026-01-01", Some("2026-07-31")),
            authorization(2, 2, "2026-01-01", Some("2026-08-31")),
            authorization(3, 10, "2026-01-01", Some("2026-09-30")),
        ];
        c.facts.usage = vec![usage("2026-06-01", Some(1), 10)];
        c.encounter.authorization = Some("A-1".parse().unwrap());
    });
    // The best of the others, though another ends before.
    assert_eq!(proposed(&case), ["together document accreditation rco, authorization A-3"]);
    // Where one of the two is enough, it stands alone.
    case.facts.documents = vec![accreditation("rco")];
    let found = proposed(&case);
    assert!(found.contains(&"authorization A-3".to_owned()), "{found:?}");
    assert!(found.iter().all(|way| way.starts_with("authorization")), "{found:?}");
}

#[test]
fn a_note_of_necessity_is_proposed_where_a_limit_cuts_for_want_of_one() {
    let mut case = Case::with(|c| {
        c.terms.pack.limits = vec![limit("daily", "3", Window::Day, Exceed::Necessity)];
    });
    assert_eq!(proposed(&case), ["document necessity"]);
    let plan = Wanted::any(DocumentKind::Plan);
    let demand = Demand::Document { one_of: vec![plan], grace_visits: None };
    case.terms.pack.conditions = vec![condition(demand)];
    assert_eq!(proposed(&case), ["document plan", "together document plan, document necessity"]);
    // Where all of it fits, and where nothing lifts the limit, none is missed.
    case.terms.pack.conditions.clear();
    case.terms.pack.limits = vec![limit("daily", "3", Window::Day, Exceed::BillUpTo)];
    assert!(proposed(&case).is_empty());
}

#[test]
fn a_plan_with_the_goal_that_the_note_names_may_have_been_there() {
    let case = Case::with(|c| c.terms.pack.conditions = vec![condition(Demand::PlanGoal)]);
    assert_eq!(proposed(&case), ["document plan"]);
    let unnamed = Case::with(|c| {
        c.terms.pack.conditions = vec![condition(Demand::PlanGoal)];
        c.encounter.note.as_mut().unwrap().plan_goal = None;
    });
    assert!(proposed(&unnamed).is_empty());
}

#[test]
fn another_day_keeps_the_time_on_the_wall_over_a_clock_change() {
    let case = planned(|c| {
        c.facts.as_of = t("2026-10-20T12:00:00Z");
        c.encounter.started_at = t("2026-10-31T13:00:00Z");
        c.encounter.ended_at = t("2026-10-31T14:00:00Z");
    });
    let moved = moved_to(&case.facts, &case.encounter, d("2026-11-02")).unwrap();
    let local = |time| case.facts.zone.local(time).time();
    assert_eq!(local(moved.started_at), local(case.encounter.started_at));
    assert_eq!(moved.minutes(), case.encounter.minutes());
}

proptest! {
    /// Whatever the contract and the facts: each is bounded, none is the visit itself, and of what took
    /// place nothing is said to have been otherwise in time, length, mode or company.
    #[test]
    fn tries_are_bounded_and_never_say_that_what_was_was_otherwise(
        past in any::<bool>(), minutes in 1u32..1440, cap in 1u32..20, named in any::<bool>(),
        granted in prop::collection::vec((1u32..9, 1u32..40), 0..20),
    ) {
        let case = planned(|c| {
            if past {
                c.facts.as_of = t("2026-07-02T12:00:00Z");
                c.facts.planned = false;
            }
            let ends = c.encounter.started_at.plus(TimeDelta::minutes(i64::from(minutes)));
            c.encounter.ended_at = ends;
            let cap = limit("daily", &cap.to_string(), Window::Day, Exceed::Hold);
            c.terms.pack.limits = vec![cap];
            c.terms.pack.authorizations = vec![need(AuthorizationNeed::Always)];
            c.facts.authorizations = granted.iter().zip(1..).map(|((units, days), id)| {
                let end = d("2026-06-25") + Days::new(u64::from(*days));
                authorization(id, *units, "2026-06-01", Some(&end.to_string()))
            }).collect();
            c.encounter.authorization = named.then(|| "A-1".parse().unwrap());
        });
        let stands = case.decide();
        let all = families(Some(&case.terms), &case.facts, &case.encounter, &stands);
        let tries: Vec<&Try> = all.iter().flat_map(|f| &f.tries).collect();
        prop_assert!(tries.len() <= 200, "{}", tries.len());
        for one in &tries {
            prop_assert!(one.encounter != case.encounter || !one.documents.is_empty());
            if past {
                let (a, b) = (&one.encounter, &case.encounter);
                prop_assert_eq!((a.started_at, a.ended_at, a.mode), (b.started_at, b.ended_at, b.mode));
                prop_assert_eq!((&a.group, &a.kind, &a.diagnoses), (&b.group, &b.kind, &b.diagnoses));
            } else if matches!(one.change, Change::Day(_)) {
                prop_assert!(one.encounter.started_at > case.facts.as_of);
            }
        }
        for label in proposed(&case) {
            prop_assert!(!past || label.starts_with("authorization"), "{label}");
        }
    }
}
