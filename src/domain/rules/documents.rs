//! Documents before a claim: the signed note and its goal (R23, RK62). Of a visit that is only planned
//! both are told and hold nothing: they can be written only after it (`docs/adr/0134`).

use super::context::Context;
use super::table::{RuleId, Said};

/// The note is signed where the contract wants it, and never before the contact it tells of. A
/// note signed while the contact still runs is accepted: notes are written together with members.
pub fn signature(ctx: &Context) -> Vec<Said> {
    let signed_at = ctx.encounter.note.as_ref().and_then(|n| n.signed_at);
    let Some(signed_at) = signed_at else { return unsigned(ctx) };
    if signed_at >= ctx.encounter.started_at {
        return vec![];
    }
    let said = Said::new(
        RuleId::NoteBeforeContact,
        "/note/signed_at",
        format!(
            "The note was signed at {signed_at}, before the contact started at {}.",
            ctx.encounter.started_at
        ),
        "The peer corrects the time of signing or of the contact, whichever is wrong.",
    );
    vec![said]
}

fn unsigned(ctx: &Context) -> Vec<Said> {
    let Some(rules) = ctx.terms.map(|t| &t.pack.documentation).filter(|d| d.signed_note) else {
        return vec![];
    };
    if ctx.facts.planned {
        let said = Said::new(
            RuleId::NoteUnsigned,
            "/note/signed_at",
            "The note is to be signed after the visit; nothing is claimed before.",
            "The peer signs the note after the visit; whoever records the visit says when.",
        );
        return vec![said.by(&rules.source).softly()];
    }
    let said = Said::new(
        RuleId::NoteUnsigned,
        "/note/signed_at",
        "The note of the contact is not signed.",
        "The peer signs the note; whoever recorded the visit adds when it was signed.",
    );
    vec![said.by(&rules.source)]
}

/// The note names a goal of the plan of care where the contract wants one.
pub fn goal(ctx: &Context) -> Vec<Said> {
    let named = ctx.encounter.note.as_ref().is_some_and(|n| n.plan_goal.is_some());
    let Some(rules) = ctx.terms.map(|t| &t.pack.documentation).filter(|d| d.plan_goal && !named)
    else {
        return vec![];
    };
    if ctx.facts.planned {
        let said = Said::new(
            RuleId::NoteNoGoal,
            "/note/plan_goal",
            "The note is to name a goal of the plan of care; nothing is claimed before.",
            "The peer plans the visit for a goal, and names it in the note.",
        );
        return vec![said.by(&rules.source).softly()];
    }
    let said = Said::new(
        RuleId::NoteNoGoal,
        "/note/plan_goal",
        "The note names no goal of the plan of care.",
        "The peer links the note to the goal that the contact served.",
    );
    vec![said.by(&rules.source)]
}

#[cfg(test)]
mod tests {
    use crate::domain::rules::testing::{Case, t};

    fn note(case: &mut Case) -> &mut crate::domain::encounter::Note {
        case.encounter.note.as_mut().unwrap()
    }

    #[test]
    fn r23_the_note_must_be_signed_where_the_contract_says_so() {
        let mut case = Case::with(|c| note(c).signed_at = None);
        assert_eq!(case.only("note.unsigned").authority.unwrap().section, "documentation");
        case.terms.pack.documentation.signed_note = false;
        assert!(case.rules().is_empty());
        let case = Case::with(|c| c.encounter.note = None);
        assert_eq!(case.rules(), ["note.unsigned", "note.no_goal"]);
    }

    #[test]
    fn the_note_of_a_planned_visit_is_told_and_holds_nothing() {
        use crate::domain::decision::Disposition;
        use crate::domain::finding::Severity;
        let case = Case::with(|c| {
            c.facts.planned = true;
            c.encounter.note = None;
        });
        let decision = case.decide();
        assert_eq!(case.rules(), ["note.unsigned", "note.no_goal"]);
        assert!(decision.findings.iter().all(|f| f.severity == Severity::Warn));
        assert!(decision.findings[0].message.contains("after the visit"));
        assert_eq!(decision.disposition, Disposition::Ready);
        // What it says already must be right.
        let early = Case::with(|c| {
            c.facts.planned = true;
            note(c).signed_at = Some(t("2026-07-01T12:59:59Z"));
        });
        assert_eq!(early.decide().disposition, Disposition::Held);
    }

    #[test]
    fn r23_a_note_signed_before_the_contact_is_refused_whether_needed_or_not() {
        let at = |time| {
            Case::with(|c| {
                note(c).signed_at = Some(t(time));
                c.terms.pack.documentation.signed_note = false;
            })
        };
        at("2026-07-01T12:59:59Z").only("note.before_contact");
        assert!(at("2026-07-01T13:00:00Z").rules().is_empty());
        assert!(at("2026-07-01T13:30:00Z").rules().is_empty());
    }

    #[test]
    fn rk62_the_note_names_a_goal_where_the_contract_says_so() {
        let mut case = Case::with(|c| note(c).plan_goal = None);
        assert_eq!(case.only("note.no_goal").field, "/note/plan_goal");
        case.terms.pack.documentation.plan_goal = false;
        assert!(case.rules().is_empty());
    }
}
