//! Conditions on documents: what must be on record, how old, with what in it; the goals of the plan;
//! relationships that bar the service (RK43, RK44, RK47, RK50, RK59 to RK62).

use chrono::NaiveDate;

use super::conditions::words;
use super::context::Context;
use super::table::{RuleId, Said};
use crate::domain::contract::Wanted;
use crate::domain::dates::day_after;
use crate::domain::document::{Content, DocumentKind};
use crate::domain::facts::DocumentFact;
use crate::domain::identifiers::Key;

/// One of the documents wanted is on record and good on the service date, or the visit is among the
/// first that may go without.
pub fn document(ctx: &Context, wanted: &[Wanted], grace_visits: Option<u32>) -> Vec<Said> {
    let graced = grace_visits.is_some_and(|first| ctx.facts.earlier_visits.unwrap_or(0) < first);
    if graced || on_record(ctx, wanted) {
        return vec![];
    }
    // The one that comes closest tells more than that there is none.
    let near = wanted.iter().flat_map(|w| {
        let lacks = ctx.facts.documents.iter().filter_map(|d| Some((lack(w, d, ctx.date)?, d)));
        lacks.filter(|(lack, _)| *lack > Lack::Kind).collect::<Vec<_>>()
    });
    let near = near.max_by_key(|(lack, _)| *lack);
    let names = words(wanted.iter().map(|w| w.kind.as_str()), " or ");
    let after = grace_visits
        .map_or_else(String::new, |first| format!(" from visit {} on", first.saturating_add(1)));
    let why = match near {
        Some((lack, d)) => format!("{} is on record, and {}", d.reference, lack.words()),
        None => "none is on record".to_owned(),
    };
    vec![Said::new(
        RuleId::DocumentMissing,
        "/started_at",
        format!("The payer wants on {} a document of the kind {names}{after}: {why}.", ctx.date),
        "A supervisor sees to it; a biller records it with its dates, and the visit is decided \
         again.",
    )]
}

/// Whether one of the documents wanted is on record and good on the service date.
pub fn on_record(ctx: &Context, wanted: &[Wanted]) -> bool {
    let good = |w: &Wanted| ctx.facts.documents.iter().any(|d| lack(w, d, ctx.date).is_none());
    wanted.iter().any(good)
}

/// What a document lacks; the greater, the closer it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lack {
    Kind,
    Days,
    Unsigned,
    Old,
    Review,
    Elements,
    Score,
}

impl Lack {
    const fn words(self) -> &'static str {
        match self {
            Self::Kind => "it is another one",
            Self::Days => "it does not hold on the date",
            Self::Unsigned => "it was not signed by then",
            Self::Old => "it is too old",
            Self::Review => "its last review is too long ago",
            Self::Elements => "it lacks what the payer wants in it",
            Self::Score => "its score is outside of what the payer asks for",
        }
    }
}

/// What a document lacks on a day; none when it is what is wanted.
fn lack(wanted: &Wanted, document: &DocumentFact, day: NaiveDate) -> Option<Lack> {
    let content = &document.content;
    let of_kind = content.kind() == wanted.kind
        && (wanted.about.is_empty() || content.about().is_some_and(|a| wanted.about.contains(a)));
    let signed = document.signed_on.is_some_and(|signed| signed <= day);
    let made = document.signed_on.unwrap_or(document.span.from);
    let fresh = wanted.valid_days.is_none_or(|days| day <= day_after(made, days));
    let has = wanted.elements.iter().all(|e| content.elements().contains(e));
    let checks = [
        (of_kind, Lack::Kind),
        (document.span.covers(day), Lack::Days),
        (signed || (!wanted.signed && document.signed_on.is_none()), Lack::Unsigned),
        (fresh, Lack::Old),
        (reviewed(wanted, document, day), Lack::Review),
        (has, Lack::Elements),
        (scored(wanted, content), Lack::Score),
    ];
    checks.into_iter().find(|(holds, _)| !holds).map(|(_, lack)| lack)
}

/// The plan began, or was reviewed last, not too long ago.
fn reviewed(wanted: &Wanted, document: &DocumentFact, day: NaiveDate) -> bool {
    let (Some(days), Content::Plan { reviews, .. }) = (wanted.review_days, &document.content)
    else {
        return true;
    };
    let last = reviews.iter().filter(|review| **review <= day).max();
    day <= day_after(*last.unwrap_or(&document.span.from), days)
}

fn scored(wanted: &Wanted, content: &Content) -> bool {
    let Content::Assessment { score, .. } = content else { return true };
    wanted.min_score.is_none_or(|least| *score >= least)
        && wanted.max_score.is_none_or(|most| *score <= most)
}

/// The goal that the note names is one of a plan's that holds on the date (RK62).
pub fn plan_goal(ctx: &Context) -> Vec<Said> {
    let goal = ctx.encounter.note.as_ref().and_then(|n| n.plan_goal.as_ref());
    let known = ctx.facts.documents.iter().any(|d| match &d.content {
        Content::Plan { goals, .. } => {
            d.span.covers(ctx.date) && goal.is_some_and(|goal| goals.contains(goal))
        }
        _ => false,
    });
    if known {
        return vec![];
    }
    vec![Said::new(
        RuleId::NoteGoalUnknown,
        "/note/plan_goal",
        "The note names no goal of a plan that is on record and holds on the date.",
        "The peer links the note to the goal that the contact served; a biller records the plan \
         with its goals.",
    )]
}

/// Peer and member are not related in a way that bars the service (RK43).
pub fn no_relationship(ctx: &Context, barred: &[Key]) -> Vec<Said> {
    let found = ctx.facts.documents.iter().find_map(|d| {
        let about = d.content.about()?;
        let of_kind = d.content.kind() == DocumentKind::Relationship;
        (of_kind && d.span.covers(ctx.date) && barred.contains(about)).then_some(about)
    });
    let Some(about) = found else { return vec![] };
    vec![Said::new(
        RuleId::RelationshipBarred,
        "/peer",
        format!("Peer and member are related by '{about}', with which the payer pays nothing."),
        "Another peer gives the service; a biller corrects the relationship if it is not so.",
    )]
}

#[cfg(test)]
mod tests {
    use crate::domain::contract::{Demand, Wanted};
    use crate::domain::dates::Span;
    use crate::domain::document::{Content, DocumentKind};
    use crate::domain::facts::DocumentFact;
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
        for (signed, fine) in
            [(Some("2026-07-01"), true), (Some("2026-07-02"), false), (None, false)]
        {
            case.facts.documents = vec![order("2026-06-01", signed, &[])];
            assert_eq!(case.rules().is_empty(), fine, "{signed:?}");
        }
        assert!(case.only("document.missing").message.contains("D-1 is on record, and it was not"));
    }

    #[test]
    fn rk59_papers_are_looked_at_again_when_the_claim_is_built() {
        let mut case = with(vec![Wanted { signed: true, ..wanted(DocumentKind::Order) }], None);
        let stands = |case: &Case| {
            let found =
                crate::domain::rules::standing(Some(&case.terms), &case.facts, &case.encounter);
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
    }

    #[test]
    fn rk61_the_order_has_the_elements_that_the_payer_lists() {
        // The shape of a North Carolina plan: name, birth date, service, diagnosis, signature, credential.
        let elements = vec![key("diagnosis"), key("credential")];
        let mut case = with(vec![Wanted { elements, ..wanted(DocumentKind::Order) }], None);
        case.facts.documents = vec![order("2026-06-01", None, &["diagnosis"])];
        assert!(case.only("document.missing").message.contains("lacks what the payer wants"));
        case.facts.documents = vec![order("2026-06-01", None, &["credential", "diagnosis", "x"])];
        assert!(case.rules().is_empty());
    }

    #[test]
    fn rk62_the_note_names_a_goal_of_a_plan_on_record_which_is_reviewed() {
        let mut case = Case::with(|c| {
            c.terms.pack.conditions = vec![condition(Demand::PlanGoal)];
        });
        assert_eq!(case.only("note.goal_unknown").field, "/note/plan_goal");
        case.facts.documents = vec![plan("2026-01-01", &[], &["G2"])];
        case.only("note.goal_unknown");
        case.facts.documents = vec![plan("2026-01-01", &["2026-04-01"], &["G1", "G2"])];
        assert!(case.rules().is_empty());
        let reviewed = Wanted { review_days: Some(91), ..wanted(DocumentKind::Plan) };
        case.terms.pack.conditions[0].demand =
            Demand::Document { one_of: vec![reviewed], grace_visits: None };
        assert!(case.rules().is_empty());
        case.facts.documents = vec![plan("2026-01-01", &["2026-03-31", "2026-07-02"], &[])];
        assert!(case.only("document.missing").message.contains("review is too long ago"));
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
}
