//! Which facts and which parts of the contract each rule looks at, for whoever reads an explanation.

use super::RuleId;

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
    "facts.documents",
    "contract.limit",
];
const APPROVALS: &[&str] = &[
    TIMES,
    "encounter.ended_at",
    "encounter.authorization",
    "facts.authorizations",
    "facts.usage",
    "facts.kept",
    "facts.episodes",
    "contract.authorization",
    "contract.limit",
];

const SESSION: &[&str] = &[GROUP, TIMES, "encounter.ended_at", "facts.session", "facts.neighbors"];
const NEARBY: &[&str] = &[TIMES, "encounter.ended_at", "facts.neighbors", "facts.session"];
const DAY: &[&str] = &[TIMES, "encounter.ended_at", "facts.day", SERVICES];
const PART2: &[&str] =
    &[TIMES, "encounter.diagnoses", "facts.part2", "facts.consents", "facts.as_of", SERVICES];
const MARKS: &[&str] =
    &["encounter.mode", "encounter.diagnoses", "contract.modifier", "contract.condition"];
const CREDENTIAL: &[&str] = &[TIMES, "facts.certificates", "contract.condition"];
const AGES: &[&str] = &[TIMES, "facts.peer", "facts.birth_date", "contract.condition"];
const REMOTE: &[&str] = &[
    TIMES,
    "encounter.mode",
    "facts.usage",
    "facts.face_to_face",
    "facts.episodes",
    "contract.condition",
    "contract.limit",
];
const ENROLLED: &[&str] = &[TIMES, "facts.episodes", "contract.condition"];
const PAPERS: &[&str] = &[TIMES, "facts.documents", "facts.earlier_visits", "contract.condition"];

const LINE: &[&str] = &[
    TIMES,
    "encounter.ended_at",
    "facts.on_line",
    "facts.day",
    "facts.usage",
    "contract.condition",
    "contract.claim",
    "contract.limit",
];
const PRICE: &[&str] = &[
    TIMES,
    "encounter.ended_at",
    "encounter.mode",
    "encounter.setting",
    "encounter.role",
    "encounter.program",
    "encounter.diagnoses",
    "encounter.group",
    "facts.billed",
    "facts.certificates",
    "contract.modifier",
    "contract.rate",
];
const PRODUCT: &[&str] =
    &["facts.billed", "contract.condition", "contract.modifier", "contract.copay", "contract.rate"];
const FILING: &[&str] = &[
    TIMES,
    "facts.as_of",
    "facts.zone",
    "facts.billed",
    "facts.corrects",
    "contract.filing",
    "contract.provider_number_issued",
];

/// A note of the claim may name the authorization that is drawn on, if one is.
const FORM: &[&str] = &[
    TIMES,
    "encounter.program",
    "facts.gaps",
    "facts.authorizations",
    "facts.usage",
    "contract.authorization",
    "contract.claim",
    "contract.rate",
];

const NOTED: &[&str] = &["encounter.note", "facts.planned", "contract.documentation"];
const GOAL: &[&str] = &["encounter.note", "facts.documents", "facts.planned", "contract.condition"];

/// Facts that other visits, or what was claimed or drawn for them, may change; and the day, which changes by
/// itself.
const OF_OTHERS: [&str; 15] = [
    "facts.anchors",
    "facts.as_of",
    "facts.authorizations",
    "facts.claimed",
    "facts.day",
    "facts.earlier_visits",
    "facts.face_to_face",
    "facts.full",
    "facts.neighbors",
    "facts.on_line",
    "facts.peer_usage",
    "facts.peer_windows",
    "facts.session",
    "facts.supervised",
    "facts.usage",
];

/// The rules whose answer follows from the visit, the people and the contract alone, whatever else was
/// given or billed, and on whatever day they are asked: whoever changes their answer marks the visit.
pub fn own_rules() -> impl Iterator<Item = RuleId> {
    let of_others = |rule: RuleId| looks_at(rule).iter().any(|fact| OF_OTHERS.contains(fact));
    RuleId::ALL.iter().copied().filter(move |rule| !of_others(*rule))
}

/// What a rule looks at.
pub(super) fn looks_at(rule: RuleId) -> &'static [&'static str] {
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
        R::PeerNotCertified => &[TIMES, "facts.certificates", "facts.peer", SERVICES],
        R::ModeNotAllowed => &["encounter.mode", SERVICES],
        R::SettingNotAllowed => &["encounter.setting", SERVICES],
        R::MemberAge => &[TIMES, "facts.birth_date", SERVICES],
        R::DiagnosisMissing => &["encounter.diagnoses"],
        R::DiagnosisClass => &["encounter.diagnoses", SERVICES],
        R::Part2NoConsent => PART2,
        R::NoteBeforeContact => &["encounter.note", TIMES],
        R::NoteUnsigned | R::NoteNoGoal => NOTED,
        R::MemberNoAddress => &["facts.has_address"],
        R::ClaimPeer | R::ClaimMember => &["facts.gaps", "contract.claim"],
        R::ClaimForm => FORM,
        R::ClaimDiagnoses => &["encounter.diagnoses", "contract.claim"],
        R::GroupAverage => &[GROUP, TIMES, "facts.peer_windows", "contract.condition"],
        R::PeerSupervisor => &[TIMES, "facts.documents", "facts.supervised", "contract.condition"],
        R::PeerCaseload => &[TIMES, "facts.peer_windows", "contract.condition"],
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
        R::LimitBillUpTo | R::LimitNecessity | R::LimitHold | R::LimitNever | R::LimitNoEpisode => {
            ROOM
        }
        R::ActivityExcluded => &[KIND, "contract.never_billed"],
        R::ServiceRetired => &[TIMES, SERVICES],
        R::ClaimHold | R::ContractUnknown => &[TIMES, KIND, "contract.condition", SERVICES],
        R::ClaimOtherPayer
        | R::ModifierOneOf
        | R::ModifierNotListed
        | R::ModifierTooMany
        | R::ModifierStacked => MARKS,
        R::PeerCredential | R::PeerEndorsement => CREDENTIAL,
        R::PeerAge | R::PeerAgeGap => AGES,
        R::ModeNoAnchor | R::ModeShare => REMOTE,
        R::DiagnosisExcluded | R::DiagnosisFamily => &["encounter.diagnoses", "contract.condition"],
        R::ProductNotCovered => &["facts.billed", "contract.condition"],
        R::ProductUnknown => PRODUCT,
        R::EnrollmentMissing | R::EnrollmentExcluded => ENROLLED,
        R::MemberAbsent => &["encounter.member_absent", "contract.condition", SERVICES],
        R::NoteGoalUnknown => GOAL,
        R::DocumentMissing => PAPERS,
        R::RelationshipBarred => &[TIMES, "facts.documents", "contract.condition"],
        R::LimitVisit => LINE,
        R::AuthorizationBlock => &["facts.authorizations", "contract.authorization"],
        R::LimitAcross => &["facts.full", "contract.limit"],
        R::PeriodClaimed => &[TIMES, SERVICES, "facts.claimed", "contract.claim"],
        R::RateNone | R::RateUnclear | R::RateTooLarge => PRICE,
        R::FilingLate | R::FilingSoon => FILING,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is known of the visit itself, its people and their papers.
    const OWN: [&str; 15] = [
        "facts.billed",
        "facts.birth_date",
        "facts.certificates",
        "facts.consents",
        "facts.corrects",
        "facts.coverages",
        "facts.documents",
        "facts.episodes",
        "facts.gaps",
        "facts.has_address",
        "facts.kept",
        "facts.part2",
        "facts.peer",
        "facts.planned",
        "facts.zone",
    ];

    #[test]
    fn each_fact_is_of_the_visit_or_of_others() {
        for rule in RuleId::ALL {
            for fact in looks_at(*rule).iter().filter(|name| name.starts_with("facts.")) {
                assert_ne!(OWN.contains(fact), OF_OTHERS.contains(fact), "{fact}");
            }
        }
    }

    #[test]
    fn what_units_or_time_may_lift_is_nobodys_own() {
        let own: Vec<RuleId> = own_rules().collect();
        let others = [
            RuleId::LimitHold,
            RuleId::LimitAcross,
            RuleId::LimitVisit,
            RuleId::AuthorizationExhausted,
            RuleId::Duplicate,
            RuleId::OverlapPeer,
            RuleId::DayClaimed,
            RuleId::PeriodClaimed,
            RuleId::ModeShare,
            RuleId::GroupAverage,
            RuleId::PeerCaseload,
            RuleId::SessionMemberTwice,
            RuleId::DocumentMissing,
            RuleId::ClaimForm,
            RuleId::Part2NoConsent,
            RuleId::FilingLate,
        ];
        assert!(others.iter().all(|rule| !own.contains(rule)));
        let wanted = [RuleId::MemberNoAddress, RuleId::EligibilityNoCoverage, RuleId::NoteUnsigned];
        assert!(wanted.iter().all(|rule| own.contains(rule)));
    }
}
