//! Overrides: what a person has answered for with a reason no longer stops the visit, and stays
//! visible (`docs/worklist.md`).

use super::context::Context;
use super::table::Said;
use crate::domain::finding::Severity;

/// Marks the findings that may be overridden, and takes the force from those that are. The pack in
/// force must list the rule: an override under an older pack does not count under one without it.
pub fn apply(ctx: &Context, mut said: Vec<Said>) -> Vec<Said> {
    let Some(listed) = ctx.terms.and_then(|t| t.pack.overrides.as_ref()) else { return said };
    for one in &mut said {
        if !one.rule.may_be_overridden() || !listed.rules.contains(&one.rule) {
            continue;
        }
        one.finding.overridable = true;
        if let Some(fact) = ctx.facts.overrides.iter().find(|o| o.rule == one.rule) {
            one.finding.severity = Severity::Warn;
            one.finding.overridden = Some(fact.clone());
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use crate::domain::contract::Overridable;
    use crate::domain::decision::{Decision, Disposition};
    use crate::domain::finding::Severity;
    use crate::domain::ids::{KeyId, OverrideId};
    use crate::domain::overriding::OverrideFact;
    use crate::domain::rules::testing::{Case, source, split, t};
    use crate::domain::rules::{RULES, RuleId};

    fn over(case: &mut Case, rule: RuleId) {
        case.facts.overrides.push(OverrideFact {
            id: OverrideId::from_i64(7),
            rule,
            reason: "the payer accepts the signed sheet".to_owned(),
            by: Some(KeyId::from_i64(3)),
            at: t("2026-07-02T09:00:00Z"),
        });
    }

    fn listing(case: &mut Case, rules: &[RuleId]) {
        let rules = rules.to_vec();
        case.terms.pack.overrides = Some(Overridable { rules, source: source("exceptions") });
    }

    fn unsigned() -> Case {
        Case::with(|c| c.encounter.note.as_mut().unwrap().signed_at = None)
    }

    #[test]
    fn an_override_of_a_listed_rule_frees_the_visit_and_stays_visible() {
        let mut case = unsigned();
        listing(&mut case, &[RuleId::NoteUnsigned]);
        let finding = case.only("note.unsigned");
        assert!(finding.overridable && finding.overridden.is_none());
        assert_eq!(split(&case.decide()), (0, 4));
        over(&mut case, RuleId::NoteUnsigned);
        let decision = case.decide();
        assert_eq!((decision.disposition, split(&decision)), (Disposition::Ready, (4, 0)));
        let finding = case.only("note.unsigned");
        assert_eq!(finding.severity, Severity::Warn);
        assert_eq!(finding.overridden.unwrap().id, OverrideId::from_i64(7));
    }

    #[test]
    fn an_override_counts_for_its_rule_only() {
        let mut case = Case::with(|c| c.encounter.note = None);
        listing(&mut case, &[RuleId::NoteUnsigned, RuleId::NoteNoGoal]);
        over(&mut case, RuleId::NoteUnsigned);
        assert_eq!(split(&case.decide()), (0, 4));
        over(&mut case, RuleId::NoteNoGoal);
        assert_eq!(split(&case.decide()), (4, 0));
    }

    #[test]
    fn without_the_packs_word_it_does_not_count() {
        let mut case = unsigned();
        over(&mut case, RuleId::NoteUnsigned);
        let before = case.decide();
        assert_eq!(split(&before), (0, 4));
        assert!(!case.only("note.unsigned").overridable);
        listing(&mut case, &[RuleId::NoteNoGoal]);
        assert_eq!(case.decide(), before);
    }

    #[test]
    fn no_other_rule_can_be_overridden_whatever_a_pack_says() {
        let all: Vec<RuleId> = RULES.iter().map(|r| r.id).collect();
        let mut case = Case::with(|c| {
            c.facts.has_address = false;
            c.facts.certificates.clear();
            c.encounter.diagnoses.clear();
        });
        listing(&mut case, &all);
        for rule in all {
            over(&mut case, rule);
        }
        let decision = case.decide();
        assert_eq!(split(&decision), (0, 4));
        assert!(decision.findings.iter().all(|f| f.overridden.is_none()), "{decision:?}");
    }

    #[test]
    fn decisions_without_overrides_are_written_as_before() {
        let decision = unsigned().decide();
        let text = serde_json::to_string(&decision).unwrap();
        assert!(!text.contains("overrid"), "{text}");
        assert_eq!(serde_json::from_str::<Decision>(&text).unwrap(), decision);
        let facts = serde_json::to_string(&unsigned().facts).unwrap();
        assert!(!facts.contains("overrid"), "{facts}");
    }
}
