//! Conditions on documents: what must be on record, how old, with what in it; the goals of the plan;
//! relationships that bar the service (RK43, RK44, RK47, RK50, RK59 to RK62).

use super::conditions_lack::{Lack, asked, instead, lack, mend, named, to_find};
use super::context::Context;
use super::table::{RuleId, Said};
use crate::domain::contract::Wanted;
use crate::domain::document::{Content, DocumentKind};
use crate::domain::identifiers::{Key, Reference};

/// One of the documents wanted is on record and good on the service date, or the visit is among the
/// first that may go without.
pub fn document(ctx: &Context, wanted: &[Wanted], grace_visits: Option<u32>) -> Vec<Said> {
    let graced = grace_visits.is_some_and(|first| ctx.facts.earlier_visits.unwrap_or(0) < first);
    if graced || on_record(ctx, wanted) {
        return vec![];
    }
    // The one that comes closest tells more than that there is none.
    let near = wanted.iter().flat_map(|w| {
        ctx.facts.documents.iter().filter_map(move |d| {
            let lack = lack(w, d, ctx.date).filter(|lack| *lack > Lack::Kind)?;
            Some((lack, w, d))
        })
    });
    let (why, fix) = if let Some((lack, w, d)) = near.max_by_key(|(lack, ..)| *lack) {
        (instead(lack, w, d, ctx.date), mend(lack, w, d, ctx.date))
    } else {
        let names: Vec<String> = wanted.iter().map(named).collect();
        ("none is on record".to_owned(), to_find(&names.join(" or "), ctx.date))
    };
    let all: Vec<String> = wanted.iter().map(asked).collect();
    let all = all.join("; or of the kind ");
    let after = grace_visits
        .map_or_else(String::new, |first| format!(", from visit {} on", first.saturating_add(1)));
    vec![Said::new(
        RuleId::DocumentMissing,
        "/started_at",
        format!("The payer wants on {} a document of the kind {all}{after}: {why}.", ctx.date),
        fix,
    )]
}

/// Whether one of the documents wanted is on record and good on the service date.
pub fn on_record(ctx: &Context, wanted: &[Wanted]) -> bool {
    let good = |w: &Wanted| ctx.facts.documents.iter().any(|d| lack(w, d, ctx.date).is_none());
    wanted.iter().any(good)
}

/// The goal that the note names is one of a plan's that holds on the date (RK62). Before a planned visit
/// no goal needs to be named yet, where there is a plan with goals.
pub fn plan_goal(ctx: &Context) -> Vec<Said> {
    let goal = ctx.encounter.note.as_ref().and_then(|n| n.plan_goal.as_ref());
    let plans = ctx.facts.documents.iter().filter(|d| d.span.covers(ctx.date));
    let some = |wanted: fn(&[Reference], Option<&Reference>) -> bool| {
        plans.clone().any(|d| match &d.content {
            Content::Plan { goals, .. } => wanted(goals, goal),
            _ => false,
        })
    };
    if some(|goals, goal| goal.is_some_and(|goal| goals.contains(goal))) {
        return vec![];
    }
    if ctx.facts.planned && goal.is_none() && some(|goals, _| !goals.is_empty()) {
        let said = Said::new(
            RuleId::NoteGoalUnknown,
            "/note/plan_goal",
            "The note is to name a goal of the plan on record; nothing is claimed before.",
            "The peer plans the visit for a goal of the plan, and names it in the note.",
        );
        return vec![said.softly()];
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
#[path = "conditions_paper_tests.rs"]
mod tests;
