use crate::domain::contract::{Demand, Wanted};
use crate::domain::dates::Span;
use crate::domain::document::{Content, DocumentKind};
use crate::domain::facts::DocumentFact;
use crate::domain::finding::Severity;
use crate::domain::ids::DocumentId;
use crate::domain::rules::testing::{Case, condition, d, decimal, key, span};

fn fact(span: Span, signed_on: Option<&str>, content: Content) -> DocumentFact {
    DocumentFact {
        id: DocumentId::from_i64(6),
        reference: "D-1".parse().unwrap(),
        span,
        signed_on: signed_on.map(d),
        content,
    }
}

fn wanted(kind: DocumentKind) -> Wanted {
    Wanted {
        kind,
        about: vec![],
        signed: false,
        valid_days: None,
        review_days: None,
        min_score: None,
        max_score: None,
        elements: vec![],
    }
}

fn with(one_of: Vec<Wanted>, grace_visits: Option<u32>) -> Case {
    let demand = Demand::Document { one_of, grace_visits };
    Case::with(|c| c.terms.pack.conditions = vec![condition(demand)])
}

fn order(from: &str, signed: Option<&str>, elements: &[&str]) -> DocumentFact {
    let elements = elements.iter().map(|e| key(e)).collect();
    fact(span(from, None), signed, Content::Order { elements })
}

fn plan(from: &str, reviews: &[&str], goals: &[&str]) -> DocumentFact {
    let goals = goals.iter().map(|g| g.parse().unwrap()).collect();
    let reviews = reviews.iter().map(|r| d(r)).collect();
    fact(span(from, None), None, Content::Plan { goals, reviews, elements: vec![] })
}

#[test]
fn rk50_a_score_lies_between_its_ends_both_included() {
    let (min_score, max_score) = (Some(decimal("10")), Some(decimal("25")));
    let between = Wanted { min_score, max_score, ..wanted(DocumentKind::Assessment) };
    let mut case = with(vec![between], None);
    let told = [("9.9", 1), ("10", 0), ("25", 0), ("25.1", 1)];
    for (score, findings) in told {
        let content = Content::Assessment { about: key("whodas"), score: decimal(score) };
        case.facts.documents = vec![fact(span("2026-01-01", None), None, content)];
        assert_eq!(case.rules().len(), findings, "{score}");
    }
}

#[test]
fn rk59_the_order_is_signed_by_the_first_day_of_service() {
    // The shape of North Carolina.
    let mut case = with(vec![Wanted { signed: true, ..wanted(DocumentKind::Order) }], None);
    assert!(case.only("document.missing").message.contains("none is on record"));
    for (signed, fine) in [(Some("2026-07-01"), true), (Some("2026-07-02"), false), (None, false)] {
        case.facts.documents = vec![order("2026-06-01", signed, &[])];
        assert_eq!(case.rules().is_empty(), fine, "{signed:?}");
    }
    assert!(
        case.only("document.missing").message.contains("D-1 is on record, and it is not signed")
    );
    case.facts.documents = vec![order("2026-06-01", Some("2026-07-02"), &[])];
    assert!(case.only("document.missing").message.contains("was signed only on 2026-07-02"));
}

#[test]
fn rk59_papers_are_looked_at_again_when_the_claim_is_built() {
    let mut case = with(vec![Wanted { signed: true, ..wanted(DocumentKind::Order) }], None);
    let stands = |case: &Case| {
        let found = crate::domain::rules::standing(Some(&case.terms), &case.facts, &case.encounter);
        found.into_iter().map(|f| f.rule).collect::<Vec<_>>()
    };
    assert_eq!(stands(&case), ["document.missing"]);
    case.facts.documents = vec![order("2026-06-01", Some("2026-07-01"), &[])];
    assert!(stands(&case).is_empty());
    // What only warns does not stop a claim.
    case.facts.documents.clear();
    case.terms.pack.conditions[0].answer = crate::domain::contract::Answer::Warn;
    assert!(stands(&case).is_empty());
    case.only("document.missing");
}

#[test]
fn rk60_a_recommendation_dies_after_thirty_days_unless_a_plan_follows() {
    // The shape of Virginia.
    let order_30 = Wanted { valid_days: Some(30), ..wanted(DocumentKind::Order) };
    let mut case = with(vec![order_30, wanted(DocumentKind::Plan)], None);
    for (signed, fine) in [("2026-06-01", true), ("2026-05-31", false)] {
        case.facts.documents = vec![order(signed, Some(signed), &[])];
        assert_eq!(case.rules().is_empty(), fine, "{signed}");
    }
    case.facts.documents.push(plan("2026-06-20", &[], &[]));
    assert!(case.rules().is_empty());
}

#[test]
fn rk59_the_plan_comes_within_the_first_three_sessions() {
    // The shape of Minnesota.
    let mut case = with(vec![wanted(DocumentKind::Plan)], Some(3));
    for (earlier, fine) in [(None, true), (Some(2), true), (Some(3), false)] {
        case.facts.earlier_visits = earlier;
        assert_eq!(case.rules().is_empty(), fine, "{earlier:?}");
    }
    assert!(case.only("document.missing").message.contains("from visit 4 on"));
    case.facts.documents = vec![plan("2026-07-01", &[], &[])];
    assert!(case.rules().is_empty());
    case.facts.documents = vec![plan("2026-07-02", &[], &[])];
    case.only("document.missing");
}

#[test]
fn rk50_an_assessment_reaches_a_score() {
    // The shape of North Dakota: WHODAS of 25 or more.
    let gate = Wanted {
        about: vec![key("whodas")],
        min_score: Some(decimal("25")),
        valid_days: Some(365),
        ..wanted(DocumentKind::Assessment)
    };
    let mut case = with(vec![gate], None);
    let scored = |about: &str, from: &str, score: &str| {
        let content = Content::Assessment { about: key(about), score: decimal(score) };
        fact(span(from, None), None, content)
    };
    for (about, from, score, fine) in [
        ("whodas", "2026-01-10", "25", true),
        ("whodas", "2026-01-10", "24.9", false),
        ("whodas", "2025-07-01", "40", true),
        ("whodas", "2025-06-30", "40", false),
        ("locus", "2026-01-10", "40", false),
    ] {
        case.facts.documents = vec![scored(about, from, score)];
        assert_eq!(case.rules().is_empty(), fine, "{about} {from} {score}");
    }
    // What is wanted, and what is there.
    for (about, from, score, there) in [
        ("whodas", "2026-01-10", "24", "it has a score of 24."),
        ("whodas", "2025-06-30", "40", "it is of 2025-06-30 and was good until 2026-06-30."),
        ("locus", "2026-01-10", "40", "it is about locus."),
    ] {
        case.facts.documents = vec![scored(about, from, score)];
        let said = case.only("document.missing").message;
        let wanted = "assessment about whodas, good for 365 days, with a score of 25 or more: D-1";
        assert!(said.contains(wanted) && said.ends_with(there), "{said}");
    }
}

#[test]
fn rk61_the_order_has_the_elements_that_the_payer_lists() {
    // The shape of a North Carolina plan: name, birth date, service, diagnosis, signature, credential.
    let elements = vec![key("diagnosis"), key("credential")];
    let mut case = with(vec![Wanted { elements, ..wanted(DocumentKind::Order) }], None);
    case.facts.documents = vec![order("2026-06-01", None, &["diagnosis"])];
    let said = case.only("document.missing");
    let text = "of the kind order, with diagnosis and credential: D-1 is on record, and it lacks \
                credential.";
    assert!(said.message.ends_with(text), "{}", said.message);
    assert!(said.fix.starts_with("A biller adds credential to D-1"), "{}", said.fix);
    case.facts.documents = vec![order("2026-06-01", None, &["credential", "diagnosis", "x"])];
    assert!(case.rules().is_empty());
}

#[test]
fn rk62_the_note_names_a_goal_of_a_plan_on_record_which_is_reviewed() {
    let mut case = Case::with(|c| {
        c.terms.pack.conditions = vec![condition(Demand::PlanGoal)];
    });
    assert_eq!(case.only("note.goal_unknown").field, "/note/plan_goal");
    // Before the visit the plan must be there; its goal is named after it.
    let note = case.encounter.note.take();
    let severity = |case: &Case| {
        let all = case.decide().findings;
        all.into_iter().find(|f| f.rule == "note.goal_unknown").unwrap().severity
    };
    case.facts.planned = true;
    assert_eq!(severity(&case), Severity::Hold);
    case.facts.documents = vec![plan("2026-01-01", &[], &["G2"])];
    assert_eq!(severity(&case), Severity::Warn);
    case.facts.planned = false;
    assert_eq!(severity(&case), Severity::Hold);
    case.encounter.note = note;
    case.facts.documents = vec![plan("2026-01-01", &[], &["G2"])];
    case.only("note.goal_unknown");
    case.facts.documents = vec![plan("2026-01-01", &["2026-04-01"], &["G1", "G2"])];
    assert!(case.rules().is_empty());
    let reviewed = Wanted { review_days: Some(91), ..wanted(DocumentKind::Plan) };
    case.terms.pack.conditions[0].demand =
        Demand::Document { one_of: vec![reviewed], grace_visits: None };
    assert!(case.rules().is_empty());
    case.facts.documents = vec![plan("2026-01-01", &["2026-03-31", "2026-07-02"], &[])];
    assert!(case.only("document.missing").message.contains("reviewed last on 2026-03-31"));
}

#[test]
fn rk62_a_notice_that_the_service_is_voluntary() {
    let notice = Wanted { about: vec![key("voluntary")], ..wanted(DocumentKind::Notice) };
    let mut case = with(vec![notice], None);
    case.only("document.missing");
    let content = Content::Notice { about: key("voluntary") };
    case.facts.documents = vec![fact(span("2026-07-01", None), None, content)];
    assert!(case.rules().is_empty());
}

#[test]
fn rk43_relationships_that_bar_the_service() {
    // The shape of Minnesota: shared home, employment, staff of the member's recovery residence.
    let barred = vec![key("shared_home"), key("employment")];
    let mut case = Case::with(|c| {
        c.terms.pack.conditions = vec![condition(Demand::NoRelationship { about: barred })];
    });
    assert!(case.rules().is_empty());
    let related = |about: &str, to: Option<&str>| {
        let content = Content::Relationship { about: key(about) };
        fact(span("2026-01-01", to), None, content)
    };
    case.facts.documents = vec![related("employment", Some("2026-07-01"))];
    assert!(case.only("relationship.barred").message.contains("employment"));
    for free in [related("employment", Some("2026-06-30")), related("neighbor", None)] {
        case.facts.documents = vec![free];
        assert!(case.rules().is_empty());
    }
}

#[test]
fn each_of_several_that_are_missing_is_named() {
    let about =
        |name: &str| Wanted { about: vec![key(name)], ..wanted(DocumentKind::Accreditation) };
    let mut case = Case::with(|c| {
        let asks = |name| Demand::Document { one_of: vec![about(name)], grace_visits: None };
        c.terms.pack.conditions = vec![condition(asks("rco")), condition(asks("daanes"))];
    });
    let content = Content::Accreditation { about: key("rco") };
    let told = |case: &Case| -> Vec<String> {
        case.decide().findings.into_iter().map(|f| f.message).collect()
    };
    assert!(told(&case)[0].ends_with("of the kind accreditation about rco: none is on record."));
    assert!(told(&case)[1].contains("about daanes: none is on record"));
    case.facts.documents = vec![fact(span("2026-01-01", None), None, content)];
    let [only] = <[String; 1]>::try_from(told(&case)).unwrap();
    assert!(only.ends_with("about daanes: D-1 is on record, and it is about rco."), "{only}");
    // Who supervises a peer is a person, and is not named.
    let by = Wanted { about: vec![key("lund")], ..wanted(DocumentKind::Supervisor) };
    let mut case = with(vec![by], None);
    let content = Content::Supervisor { about: key("moss") };
    case.facts.documents = vec![fact(span("2026-01-01", Some("2026-06-30")), None, content)];
    let said = case.only("document.missing").message;
    assert!(said.ends_with("it is about something else."), "{said}");
}

#[test]
fn days_that_do_not_cover_the_visit_are_told() {
    let mut case = with(vec![wanted(DocumentKind::Plan), wanted(DocumentKind::Order)], None);
    let said = case.only("document.missing");
    assert!(said.message.contains("of the kind plan; or of the kind order: none"));
    assert!(said.fix.contains("the plan or order;"), "{}", said.fix);
    let content = Content::Order { elements: vec![] };
    case.facts.documents = vec![fact(span("2026-01-01", Some("2026-06-30")), None, content)];
    let said = case.only("document.missing");
    assert!(said.message.contains("it holds from 2026-01-01 to 2026-06-30."));
    assert!(said.fix.contains("corrects the days of D-1"), "{}", said.fix);
}

#[test]
fn rk44_supervision_as_often_as_the_certificate_asks() {
    // The shape of Texas: weekly for an initial certificate, by somebody with the credential.
    let weekly = Wanted {
        about: vec![key("supervisor")],
        valid_days: Some(7),
        ..wanted(DocumentKind::Supervision)
    };
    let mut case = with(vec![weekly], None);
    case.terms.pack.conditions[0].when.certificates = vec![key("cpss")];
    for (on, about, fine) in [
        ("2026-06-24", "supervisor", true),
        ("2026-06-23", "supervisor", false),
        ("2026-07-02", "supervisor", false),
        ("2026-06-30", "other", false),
    ] {
        let content = Content::Supervision { about: key(about) };
        case.facts.documents = vec![fact(span(on, None), None, content)];
        assert_eq!(case.rules().is_empty(), fine, "{on} {about}");
    }
}

#[test]
fn rk47_the_organization_is_accredited_by_a_date() {
    // The shape of North Carolina: entrants of 2019 had until 2020-11-01.
    let rule = Wanted { about: vec![key("carf")], ..wanted(DocumentKind::Accreditation) };
    let mut case = with(vec![rule], None);
    case.terms.pack.conditions[0].days.from = Some(d("2026-07-01"));
    case.only("document.missing");
    case.terms.pack.conditions[0].days.from = Some(d("2026-07-02"));
    assert!(case.rules().is_empty());
    case.terms.pack.conditions[0].days.from = None;
    let content = Content::Accreditation { about: key("carf") };
    case.facts.documents = vec![fact(span("2026-07-01", None), None, content)];
    assert!(case.rules().is_empty());
}
