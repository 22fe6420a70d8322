//! What tests read off a decision.

use super::testing::Case;
use crate::domain::codes::Carc;
use crate::domain::decision::{Decision, LineAnswer};
use crate::domain::finding::Finding;

/// Ready and held units of a decision.
pub fn split(decision: &Decision) -> (u32, u32) {
    let lines = || decision.lines.iter();
    let of = |answer| lines().filter(|l| l.answer == answer).map(|l| l.units).sum::<u32>();
    (of(LineAnswer::Ready), of(LineAnswer::Held))
}

/// The reason code of a finding.
pub fn carc(finding: &Finding) -> Option<&str> {
    finding.carc.as_ref().map(Carc::as_str)
}

impl Case {
    /// Ids of the rules that speak.
    pub fn rules(&self) -> Vec<String> {
        self.decide().findings.into_iter().map(|f| f.rule).collect()
    }

    /// The one finding that must be there.
    pub fn only(&self, rule: &str) -> Finding {
        let findings = self.decide().findings;
        assert_eq!(findings.iter().map(|f| f.rule.as_str()).collect::<Vec<_>>(), [rule]);
        findings.into_iter().next().unwrap()
    }
}
