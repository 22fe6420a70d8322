//! What may be true of a visit that took place (`alternatives`): what its session says, documents that
//! were there, and several of these at once where one alone frees nothing.

use super::alternatives::{Change, Family, MOST_DOCUMENTS, MOST_PROPOSED, Try, other};
use super::conditions;
use super::conditions_paper;
use super::context::Context;
use super::limits;
use super::table::RuleId;
use crate::domain::contract::{Answer, Condition, Demand, Wanted};
use crate::domain::dates::Span;
use crate::domain::decision::Decision;
use crate::domain::document::{Content, DocumentKind};
use crate::domain::encounter::EncounterData;
use crate::domain::facts::DocumentFact;
use crate::domain::identifiers::{Key, Reference};
use crate::domain::ids::DocumentId;
use crate::domain::session::Group;

/// What the session of a visit says, where the visit says otherwise.
pub(super) fn session(ctx: &Context, decision: &Decision) -> Family {
    let (facts, encounter) = (ctx.facts, ctx.encounter);
    let disagrees = decision.findings.iter().any(|f| f.rule == RuleId::SessionDisagrees.as_str());
    let said = facts.session.as_ref().filter(|s| disagrees && !s.voided);
    let tries = encounter.group.as_ref().zip(said).map(|(group, said)| {
        let group = Group { size: said.data.size, peers: said.data.peers, ..group.clone() };
        let peer = said.data.peer;
        let visit = EncounterData { group: Some(group.clone()), peer, ..encounter.clone() };
        other(Change::Session(group), visit)
    });
    Family { tries: tries.into_iter().collect(), most: 1 }
}

/// Documents that are missed, as if each were on record and good on the date. Several conditions may
/// miss one of the same kind about the same: it is tried once, as good for all of them.
pub(super) fn documents(ctx: &Context) -> Family {
    let mut tries: Vec<Try> = Vec::new();
    for wanted in missed(ctx).iter().flatten() {
        let Some((change, document)) = good(ctx, wanted) else { continue };
        if let Some(known) = tries.iter_mut().find(|t| t.change == change) {
            known.documents.push(document);
        } else {
            let encounter = ctx.encounter.clone();
            tries.push(Try { change, encounter, documents: vec![document] });
        }
    }
    tries.truncate(MOST_DOCUMENTS);
    Family { tries, most: MOST_PROPOSED }
}

/// All that is missed at once: the session's word and a document for each condition, then with each of
/// the other authorizations too. `alone` are the families that are tried before.
pub(super) fn together(ctx: &Context, alone: &[Family]) -> Family {
    let singles = || alone.iter().flat_map(|family| &family.tries);
    let (mut parts, mut documents) = (Vec::new(), Vec::new());
    let mut encounter = ctx.encounter.clone();
    if let Some(said) = singles().find(|t| matches!(t.change, Change::Session(_))) {
        parts.push(said.change.clone());
        encounter.clone_from(&said.encounter);
    }
    for one_of in missed(ctx) {
        let Some((change, document)) = one_of.iter().find_map(|w| good(ctx, w)) else { continue };
        if !parts.contains(&change) {
            parts.push(change);
        }
        documents.push(document);
    }
    let with = |more: Option<&Try>| {
        let change = more.map(|t| t.change.clone());
        let parts: Vec<Change> = parts.iter().cloned().chain(change).collect();
        let mut encounter = encounter.clone();
        if let Some(more) = more {
            encounter.authorization.clone_from(&more.encounter.authorization);
        }
        Try { change: Change::Together(parts), encounter, documents: documents.clone() }
    };
    let named = singles().filter(|t| matches!(t.change, Change::Authorization(_)));
    let tries = match parts.len() {
        0 => vec![],
        1 => named.map(|t| with(Some(t))).collect(),
        _ => std::iter::once(with(None)).chain(named.map(|t| with(Some(t)))).collect(),
    };
    Family { tries, most: 1 }
}

/// What each condition that holds the visit for a document would take, and each limit that cuts for want
/// of a note of necessity, one of these.
fn missed(ctx: &Context) -> Vec<Vec<Wanted>> {
    let of = |condition: &Condition| match &condition.demand {
        Demand::Document { one_of, grace_visits } => {
            let missing = !conditions_paper::document(ctx, one_of, *grace_visits).is_empty();
            missing.then(|| one_of.clone())
        }
        Demand::PlanGoal => {
            let named = goal(ctx).is_some();
            (named && !conditions_paper::plan_goal(ctx).is_empty()).then(|| vec![plan()])
        }
        _ => None,
    };
    let holding = conditions::of_visit(ctx).filter(|c| matches!(c.answer, Answer::Hold));
    let necessary = limits::missed(ctx).into_iter().map(<[Wanted]>::to_vec);
    holding.filter_map(of).chain(necessary).collect()
}

/// Any plan; its goals are those that the note names.
const fn plan() -> Wanted {
    Wanted {
        kind: DocumentKind::Plan,
        about: vec![],
        signed: false,
        valid_days: None,
        review_days: None,
        min_score: None,
        max_score: None,
        elements: vec![],
    }
}

fn goal<'a>(ctx: &Context<'a>) -> Option<&'a Reference> {
    ctx.encounter.note.as_ref().and_then(|note| note.plan_goal.as_ref())
}

/// A document that is what is wanted and good on the day, with the goal that the note names.
fn good(ctx: &Context, wanted: &Wanted) -> Option<(Change, DocumentFact)> {
    let day = ctx.date;
    let elements = wanted.elements.clone();
    let named = wanted.about.first().cloned();
    // Where the pack names nothing, any word will do.
    let about = || named.clone().or_else(|| Key::parse("any").ok());
    let content = match wanted.kind {
        DocumentKind::Order => Content::Order { elements },
        DocumentKind::Plan => Content::Plan {
            goals: goal(ctx).into_iter().cloned().collect(),
            reviews: vec![day],
            elements,
        },
        DocumentKind::Assessment => {
            let score = wanted.min_score.or(wanted.max_score).unwrap_or_default();
            Content::Assessment { about: about()?, score }
        }
        DocumentKind::Notice => Content::Notice { about: about()? },
        DocumentKind::Necessity => Content::Necessity { elements },
        DocumentKind::Relationship => Content::Relationship { about: about()? },
        DocumentKind::Supervision => Content::Supervision { about: about()? },
        DocumentKind::Supervisor => Content::Supervisor { about: about()? },
        DocumentKind::Accreditation => Content::Accreditation { about: about()? },
    };
    let span = Span::new(day, Some(day)).ok()?;
    let reference = Reference::parse("as-if").ok()?;
    let id = DocumentId::from_i64(0);
    let fact = DocumentFact { id, reference, span, signed_on: Some(day), content };
    Some((Change::Document(wanted.kind, named), fact))
}
