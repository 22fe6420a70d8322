//! A decision told step by step: each rule in the order of the table, what it looks at, and what it
//! said; and what two decisions say differently.

use super::{RULES, RuleId};
use crate::domain::decision::Decision;
use crate::domain::finding::Finding;

/// One rule of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The rule.
    pub rule: RuleId,
    /// What it looks at, by name: of the encounter, of the facts, of the contract.
    pub looks_at: &'static [&'static str],
    /// What it said; nothing, where it had nothing to object.
    pub findings: Vec<Finding>,
}

/// Every rule in the order of the table, with what it said in this decision. Findings of rules that
/// are gone come last, under no step, and are told by [`unknown`].
pub fn steps(decision: &Decision) -> Vec<Step> {
    let said = |rule: RuleId| {
        decision.findings.iter().filter(|f| f.rule == rule.as_str()).cloned().collect()
    };
    RULES
        .iter()
        .map(|row| Step { rule: row.id, looks_at: looks_at(row.id), findings: said(row.id) })
        .collect()
}

/// Findings of rules that this program does not know any more.
pub fn unknown(decision: &Decision) -> Vec<Finding> {
    let gone = |f: &&Finding| RuleId::parse(&f.rule).is_err();
    decision.findings.iter().filter(gone).cloned().collect()
}

/// What two decisions about one encounter say differently, in words; empty: nothing.
pub fn differences(then: &Decision, now: &Decision) -> Vec<String> {
    let mut told = Vec::new();
    let mut same = |what: &str, then: String, now: String| {
        if then != now {
            told.push(format!("{what}: {then} then, {now} today"));
        }
    };
    let none = || "none".to_owned();
    let key = |d: &Decision| d.service.as_ref().map_or_else(none, ToString::to_string);
    let file_by = |d: &Decision| d.file_by.map_or_else(none, |d| d.to_string());
    let lines = |d: &Decision| {
        let each = d.lines.iter().map(|l| {
            let draws = l.authorization.as_ref().map(|a| format!(" on {}", a.number));
            let (answer, draws) = (l.answer.as_str(), draws.unwrap_or_default());
            format!(
                "{answer} {} x {} at {} for {}{draws}",
                l.units, l.procedure, l.place, l.expected
            )
        });
        let each: Vec<String> = each.collect();
        if each.is_empty() { none() } else { each.join(", ") }
    };
    let disposition = |d: &Decision| d.disposition.as_str().to_owned();
    same("disposition", disposition(then), disposition(now));
    same("service", key(then), key(now));
    same("service date", then.service_date.to_string(), now.service_date.to_string());
    same("minutes", then.minutes.to_string(), now.minutes.to_string());
    same("lines", lines(then), lines(now));
    same("last day to file", file_by(then), file_by(now));
    let only = |in_this: &Decision, in_that: &Decision| {
        let rules = in_this.findings.iter().map(|f| f.rule.clone());
        let new = rules.filter(|r| !in_that.findings.iter().any(|f| f.rule == *r));
        new.collect::<Vec<String>>()
    };
    told.extend(only(now, then).iter().map(|r| format!("{r} speaks today and did not then")));
    told.extend(only(then, now).iter().map(|r| format!("{r} spoke then and does not today")));
    told
}

const TIMES: &str = "encounter.started_at";
const KIND: &str = "encounter.activity";
const COVERAGES: &str = "facts.coverages";
const SERVICES: &str = "contract.service";
const GROUP: &str = "encounter.group";
const ROOM: &[&str] = &[
    TIMES,
    "encounter.ended_at",
    "facts.usage",
    "facts.peer_usage",
    "facts.anchors",
    "facts.episodes",
    "contract.limit",
];
const APPROVALS: &[&str] = &[
    TIMES,
    "encounter.ended_at",
    "encounter.authorization",
    "facts.authorizations",
    "facts.usage",
    "facts.episodes",
    "contract.authorization",
    "contract.limit",
];

const SESSION: &[&str] = &[GROUP, TIMES, "encounter.ended_at", "facts.session", "facts.neighbors"];
const NEARBY: &[&str] = &[TIMES, "encounter.ended_at", "facts.neighbors", "facts.session"];
const DAY: &[&str] = &[TIMES, "encounter.ended_at", "facts.day", SERVICES];
const MARKS: &[&str] =
    &["encounter.mode", "encounter.diagnoses", "contract.modifier", "contract.condition"];
const CREDENTIAL: &[&str] = &[TIMES, "facts.certificates", "contract.condition"];
const AGES: &[&str] = &[TIMES, "facts.peer", "facts.birth_date", "contract.condition"];
const REMOTE: &[&str] = &[TIMES, "encounter.mode", "facts.usage", "contract.condition"];
const ENROLLED: &[&str] = &[TIMES, "facts.episodes", "contract.condition"];
const PAPERS: &[&str] = &[TIMES, "facts.documents", "facts.earlier_visits", "contract.condition"];

/// What a rule looks at.
fn looks_at(rule: RuleId) -> &'static [&'static str] {
    use RuleId as R;
    match rule {
        R::ContractNone => &[TIMES, "contract.from", "contract.to"],
        R::EligibilityNoCoverage => &[COVERAGES],
        R::EligibilityNotCovered => &[TIMES, COVERAGES, "facts.billed"],
        R::CoverageOtherFirst => &[TIMES, COVERAGES, "facts.billed", SERVICES],
        R::ActivityNotBillable => &[KIND],
        R::ActivityNoService => &[KIND, GROUP, "encounter.diagnoses", SERVICES],
        R::ServiceUnknown => &["encounter.service", SERVICES],
        R::RoleNotAllowed => &["encounter.role", SERVICES],
        R::ProgramNotAllowed => &["encounter.program", "contract.program"],
        R::PeerNotCertified => &[TIMES, "facts.certificates", SERVICES],
        R::ModeNotAllowed => &["encounter.mode", SERVICES],
        R::SettingNotAllowed => &["encounter.setting", SERVICES],
        R::MemberAge => &[TIMES, "facts.birth_date", SERVICES],
        R::DiagnosisMissing => &["encounter.diagnoses"],
        R::DiagnosisClass => &["encounter.diagnoses", SERVICES],
        R::Part2NoConsent => &[
            TIMES,
            "encounter.diagnoses",
            "facts.part2",
            "facts.consents",
            "facts.as_of",
            SERVICES,
        ],
        R::NoteBeforeContact => &["encounter.note", TIMES],
        R::NoteUnsigned | R::NoteNoGoal => &["encounter.note", "contract.documentation"],
        R::MemberNoAddress => &["facts.has_address"],
        R::ClaimPeer | R::ClaimMember => &["facts.gaps", "contract.claim"],
        R::ClaimForm => &["facts.gaps", "encounter.program", "contract.claim", "contract.rate"],
        R::ClaimDiagnoses => &["encounter.diagnoses", "contract.claim"],
        R::GroupNotAllowed | R::GroupMissing | R::GroupSize | R::GroupRatio => &[GROUP, SERVICES],
        R::SessionDisagrees | R::SessionMemberTwice => SESSION,
        R::Duplicate | R::OverlapMember | R::OverlapPeer => NEARBY,
        R::DayClaimed => &["facts.day", SERVICES],
        R::BelowOneUnit | R::BelowMinimumTime => DAY,
        R::AuthorizationUnknown
        | R::AuthorizationDates
        | R::AuthorizationService
        | R::AuthorizationMissing
        | R::AuthorizationExhausted
        | R::AuthorizationSecond
        | R::AuthorizationNotNeeded => APPROVALS,
        R::LimitBillUpTo | R::LimitHold | R::LimitNever | R::LimitNoEpisode => ROOM,
        R::ActivityExcluded => &[KIND, "contract.never_billed"],
        R::ServiceRetired => &[TIMES, SERVICES],
        R::ClaimHold | R::ContractUnknown => &[TIMES, KIND, "contract.condition", SERVICES],
        R::ModifierOneOf | R::ModifierNotListed | R::ModifierTooMany | R::ModifierStacked => MARKS,
        R::PeerCredential | R::PeerEndorsement => CREDENTIAL,
        R::PeerAge | R::PeerAgeGap => AGES,
        R::ModeNoAnchor | R::ModeShare => REMOTE,
        R::DiagnosisExcluded | R::DiagnosisFamily => &["encounter.diagnoses", "contract.condition"],
        R::ProductNotCovered => &["facts.billed", "contract.condition"],
        R::EnrollmentMissing | R::EnrollmentExcluded => ENROLLED,
        R::MemberAbsent => &["encounter.member_absent", "contract.condition"],
        R::NoteGoalUnknown => &["encounter.note", "facts.documents", "contract.condition"],
        R::DocumentMissing => PAPERS,
        R::RelationshipBarred => &[TIMES, "facts.documents", "contract.condition"],
        R::LimitVisit => &[TIMES, "encounter.ended_at", "contract.condition"],
        R::AuthorizationBlock => &["facts.authorizations", "contract.authorization"],
        R::RateUnclear => &[TIMES, "encounter.mode", "contract.rate"],
        R::LimitAcross => &["facts.full", "contract.limit"],
        R::PeriodClaimed => &[TIMES, "facts.claimed", "contract.claim"],
        R::RateNone | R::RateTooLarge => &[TIMES, "contract.rate"],
        R::FilingLate | R::FilingSoon => {
            &[TIMES, "facts.as_of", "facts.zone", "facts.corrects", "contract.filing"]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rules::testing::Case;

    #[test]
    fn other_lines_are_told_line_by_line() {
        let then = Case::new();
        let mut now = then.clone();
        assert_eq!(differences(&then.decide(), &now.decide()), Vec::<String>::new());
        now.encounter.ended_at = crate::domain::rules::testing::t("2026-07-01T13:45:00Z");
        let told = differences(&then.decide(), &now.decide());
        let lines = "lines: ready 4 x H0038 at 11 for 80.00 then, ready 3 x H0038 at 11 for 60.00 \
                     today";
        assert_eq!(told, ["minutes: 60 then, 45 today", lines]);
    }

    #[test]
    fn every_rule_is_a_step_and_every_finding_stands_under_its_rule() {
        let case = Case::with(|c| {
            c.facts.has_address = false;
            c.encounter.note = None;
        });
        let decision = case.decide();
        let steps = steps(&decision);
        assert_eq!(steps.iter().map(|s| s.rule).collect::<Vec<_>>(), RuleId::ALL);
        let spoke: Vec<Finding> = steps.iter().flat_map(|s| s.findings.clone()).collect();
        assert_eq!(spoke, decision.findings);
        assert!(spoke.len() > 1 && steps.iter().all(|s| !s.looks_at.is_empty()));
        assert!(unknown(&decision).is_empty());
        let mut old = decision.clone();
        old.findings[0].rule = "rule.of.old".to_owned();
        assert_eq!(unknown(&old).len(), 1);
    }

    #[test]
    fn what_is_looked_at_is_there() {
        let case = Case::new();
        let facts = serde_json::to_value(&case.facts).unwrap();
        // Facts that are left out while they are empty.
        let seldom = [
            "peer",
            "documents",
            "earlier_visits",
            "episodes",
            "consents",
            "peer_usage",
            "anchors",
            "full",
            "claimed",
            "gaps",
            "corrects",
            "day",
            "session",
        ];
        for step in steps(&case.decide()) {
            for name in step.looks_at {
                let (room, field) = name.split_once('.').unwrap();
                assert!(["encounter", "facts", "contract"].contains(&room), "{name}");
                let known =
                    room != "facts" || facts.get(field).is_some() || seldom.contains(&field);
                assert!(known, "{name}");
            }
        }
    }

    #[test]
    fn differences_are_told_both_ways_and_none_is_told_of_the_same() {
        let then = Case::new().decide();
        assert!(differences(&then, &then).is_empty());
        let now = Case::with(|c| c.facts.has_address = false).decide();
        let told = differences(&then, &now);
        assert_eq!(told[0], "disposition: ready then, held today");
        assert!(told.contains(&"member.no_address speaks today and did not then".to_owned()));
        let back = differences(&now, &then);
        assert!(back.contains(&"member.no_address spoke then and does not today".to_owned()));
    }
}
