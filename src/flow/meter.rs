//! What the work counts for `/metrics`: only what was committed.

use std::sync::Arc;

use super::Ctx;
use crate::domain::decision::{Decision, Disposition};
use crate::domain::finding::Severity;
use crate::domain::rules::RuleId;
use crate::store::after_commit;

/// Counts decisions once the running transaction is committed.
pub(super) fn decided<'a>(ctx: &Ctx, decisions: impl IntoIterator<Item = &'a Decision>) {
    let (mut answers, mut rules) = ([0; Disposition::ALL.len()], Vec::<RuleId>::new());
    for decision in decisions {
        let place = Disposition::ALL.iter().position(|d| *d == decision.disposition);
        if let Some(count) = place.and_then(|at| answers.get_mut(at)) {
            *count += 1;
        }
        let holds = decision.findings.iter().filter(|f| f.severity == Severity::Hold);
        // By the table of rules, so that the labels are its ids and nothing else.
        rules.extend(holds.filter_map(|finding| RuleId::parse(&finding.rule).ok()));
    }
    let metrics = Arc::clone(&ctx.metrics);
    after_commit(move || {
        for (disposition, count) in Disposition::ALL.iter().zip(answers).filter(|(_, n)| *n > 0) {
            metrics.decisions.add(disposition.as_str(), count);
        }
        for rule in rules {
            metrics.held.add(rule.as_str(), 1);
        }
    });
}

/// Counts a step of a batch once the running transaction is committed.
pub(super) fn batch(ctx: &Ctx, step: &'static str) {
    let metrics = Arc::clone(&ctx.metrics);
    after_commit(move || metrics.batches.add(step, 1));
}
