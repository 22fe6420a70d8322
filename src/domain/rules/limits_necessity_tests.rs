//! Tests of `limits.rs`: what a note of necessity lifts, and what it does not (RK24).

use super::testing::{Case, carc, decimal, key, limit, span, split, usage};
use crate::domain::contract::Exceed::{Hold, Necessity};
use crate::domain::document::Content;
use crate::domain::facts::DocumentFact;
use crate::domain::identifiers::Reference;
use crate::domain::ids::DocumentId;
use crate::domain::windows::Window::Day;

/// A note of necessity.
fn note(from: &str, to: Option<&str>) -> DocumentFact {
    DocumentFact {
        id: DocumentId::from_i64(8),
        reference: Reference::parse("N-1").unwrap(),
        span: span(from, to),
        signed_on: None,
        content: Content::Necessity { elements: vec![key("gains")] },
    }
}

#[test]
fn rk24_only_the_excess_needs_a_note_of_necessity() {
    let case = |notes: Vec<DocumentFact>| {
        Case::with(|c| {
            c.terms.pack.limits = vec![limit("daily", "3", Day, Necessity)];
            c.facts.documents = notes;
        })
    };
    let without = case(vec![]);
    let finding = without.only("limit.necessity");
    assert!(finding.message.contains("lets 3 be billed and holds 1"), "{}", finding.message);
    assert!(finding.message.contains("of the kind necessity that is good on 2026-07-01"));
    assert_eq!((carc(&finding), finding.rarc()), (Some("151"), Some("N362")));
    assert_eq!(split(&without.decide()), (3, 1));
    // Good on its days, both ends included; and what it must have it has.
    for (from, to, shown) in [
        ("2026-07-01", Some("2026-07-01"), true),
        ("2026-07-02", None, false),
        ("2026-01-01", Some("2026-06-30"), false),
    ] {
        let decision = case(vec![note(from, to)]).decide();
        assert_eq!(split(&decision) == (4, 0), shown, "{from}");
        assert_eq!(decision.findings.is_empty(), shown, "{from}");
    }
    let mut other = case(vec![note("2026-01-01", None)]);
    other.terms.pack.limits[0].necessity[0].elements = vec![key("plan")];
    assert_eq!(other.rules(), ["limit.necessity"]);
    // All units count, so that what remains is below zero.
    let mut used = case(vec![note("2026-01-01", None)]);
    used.facts.usage = vec![usage("2026-07-01", None, 9)];
    assert_eq!(split(&used.decide()), (4, 0));
    assert_eq!(used.decide().remaining[0].remaining, Some(decimal("-10")));
    used.facts.documents.clear();
    assert!(used.only("limit.necessity").message.contains("no room"));
    assert_eq!(split(&used.decide()), (0, 4));
}

#[test]
fn rk24_a_note_of_necessity_lifts_no_other_limit() {
    let mut case = Case::with(|c| {
        let held = limit("hard", "5", Day, Hold);
        c.terms.pack.limits = vec![limit("soft", "2", Day, Necessity), held];
        c.facts.usage = vec![usage("2026-07-01", None, 2)];
    });
    assert_eq!(case.rules(), ["limit.necessity", "limit.hold"]);
    case.facts.documents = vec![note("2026-01-01", None)];
    assert_eq!(case.rules(), ["limit.hold"]);
    case.terms.pack.limits[1].units = decimal("6");
    assert_eq!(split(&case.decide()), (4, 0));
}
