//! Who can fix what a rule finds, and which rules a person may override at all.
//!
//! An override never makes a claim say something else. It answers for papers and for judgements that
//! a payer leaves to the provider; it never answers for what a payer counts, pays or must approve,
//! and never for what only the member can say. So a pack may list as overridable only what is
//! marked here ([`Overriding::May`]); for the others the reason is told.

use super::table::RuleId;
use crate::domain::finding::Who;

/// Whether a pack may list a rule as overridable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overriding {
    /// It may.
    May,
    /// It may not, because of this.
    Never(&'static str),
}

const NOTHING: Overriding = Overriding::Never("it stops nothing");
const NEVER_PAID: Overriding = Overriding::Never("no payer pays for it");
const ELIGIBILITY: Overriding =
    Overriding::Never("whom a payer covers, and under which contract, is not ours to say");
const PAYS_FIRST: Overriding = Overriding::Never("who pays first is not ours to choose");
const SERVICE: Overriding = Overriding::Never("the claim would name a service that was not given");
const CERTIFICATE: Overriding = Overriding::Never(
    "a visit by somebody without the certificate is not the service that is paid",
);
const STATED: Overriding = Overriding::Never("the claim would say how it was given, and be wrong");
const NEEDED: Overriding = Overriding::Never("a claim cannot be made without it");
const CONSENT: Overriding = Overriding::Never("only the member can consent");
const WRONG_TIME: Overriding =
    Overriding::Never("one of two times is wrong, and is to be corrected");
const TWICE: Overriding = Overriding::Never("nothing is billed twice");
const EVIDENCE: Overriding =
    Overriding::Never("the payer takes back what was paid without the document");
const RELATED: Overriding = Overriding::Never("the payer pays nobody who is so related");
const ON_HOLD: Overriding = Overriding::Never("the payer does not take such claims yet");
const NOT_KNOWN: Overriding =
    Overriding::Never("what the payer wants is to be found out, not guessed");
const MODIFIERS: Overriding = Overriding::Never("the line would be denied as it stands");
const DIAGNOSIS: Overriding =
    Overriding::Never("the payer names the diagnoses that it does not pay for");
const UNITS: Overriding = Overriding::Never("units are counted, not judged");
const CAP: Overriding = Overriding::Never("a payer's limit holds for everybody");
const APPROVAL: Overriding = Overriding::Never("only the payer can approve units");
const RATE: Overriding = Overriding::Never("without a rate nothing can be charged");
const FILING: Overriding = Overriding::Never("a payer's deadline cannot be set back");

impl RuleId {
    /// Who can fix it, in the first place.
    #[rustfmt::skip]
    pub const fn who(self) -> Who {
        match self {
            Self::ContractNone | Self::ContractUnknown | Self::PeerNotCertified
            | Self::PeerCredential | Self::PeerEndorsement | Self::PeerAge | Self::PeerAgeGap
            | Self::ClaimPeer | Self::ClaimForm
            | Self::ModifierStacked | Self::RateNone | Self::RateUnclear | Self::RateTooLarge => Who::Administrator,
            Self::EligibilityNoCoverage | Self::EligibilityNotCovered | Self::CoverageOtherFirst
            | Self::ServiceUnknown | Self::ClaimOtherPayer | Self::PeerCaseload | Self::PeerSupervisor | Self::DocumentMissing | Self::RelationshipBarred
            | Self::ServiceRetired | Self::ClaimHold | Self::ModifierNotListed
            | Self::ModifierTooMany | Self::ProductNotCovered | Self::ProductUnknown
            | Self::EnrollmentMissing
            | Self::EnrollmentExcluded | Self::ModeShare | Self::LimitVisit
            | Self::AuthorizationBlock | Self::MemberAge | Self::MemberNoAddress
            | Self::ClaimMember
            | Self::Duplicate | Self::LimitBillUpTo | Self::LimitNecessity | Self::LimitHold
            | Self::LimitNever
            | Self::LimitAcross | Self::LimitNoEpisode | Self::AuthorizationUnknown
            | Self::AuthorizationDates | Self::AuthorizationService
            | Self::AuthorizationNotNeeded | Self::FilingSoon | Self::AuthorizationSecond
            | Self::DayClaimed | Self::PeriodClaimed => Who::Biller,
            Self::ActivityNotBillable | Self::ActivityExcluded | Self::ActivityNoService
            | Self::ModifierOneOf | Self::DiagnosisExcluded | Self::DiagnosisFamily
            | Self::MemberAbsent | Self::NoteGoalUnknown | Self::ModeNoAnchor
            | Self::BelowMinimumTime | Self::RoleNotAllowed | Self::ProgramNotAllowed
            | Self::ModeNotAllowed | Self::SettingNotAllowed | Self::DiagnosisMissing
            | Self::DiagnosisClass | Self::ClaimDiagnoses | Self::NoteUnsigned | Self::NoteBeforeContact
            | Self::NoteNoGoal | Self::OverlapMember | Self::OverlapPeer | Self::GroupNotAllowed
            | Self::GroupMissing | Self::GroupSize | Self::GroupRatio | Self::GroupAverage
            | Self::SessionDisagrees | Self::SessionMemberTwice | Self::BelowOneUnit => Who::Peer,
            Self::Part2NoConsent => Who::Member,
            Self::AuthorizationMissing | Self::AuthorizationExhausted | Self::FilingLate => Who::Payer,
        }
    }

    /// Whether a pack may list it as overridable.
    #[rustfmt::skip]
    pub const fn overriding(self) -> Overriding {
        match self {
            Self::NoteUnsigned | Self::NoteNoGoal | Self::SettingNotAllowed
            | Self::DiagnosisClass => Overriding::May,
            Self::ContractNone | Self::EligibilityNoCoverage | Self::EligibilityNotCovered
            | Self::ProductNotCovered | Self::ProductUnknown | Self::EnrollmentMissing | Self::EnrollmentExcluded
            | Self::MemberAge => ELIGIBILITY,
            Self::CoverageOtherFirst | Self::ClaimOtherPayer => PAYS_FIRST,
            Self::ActivityNotBillable | Self::ActivityExcluded => NEVER_PAID,
            Self::ActivityNoService | Self::ServiceUnknown | Self::ServiceRetired => SERVICE,
            Self::ClaimHold => ON_HOLD,
            Self::ContractUnknown => NOT_KNOWN,
            Self::ModifierOneOf | Self::ModifierNotListed | Self::ModifierTooMany
            | Self::ModifierStacked => MODIFIERS,
            Self::DiagnosisExcluded | Self::DiagnosisFamily => DIAGNOSIS,
            Self::RoleNotAllowed | Self::ProgramNotAllowed | Self::ModeNotAllowed
            | Self::GroupNotAllowed | Self::GroupMissing | Self::GroupSize | Self::GroupRatio
            | Self::GroupAverage | Self::ModeNoAnchor | Self::ModeShare | Self::MemberAbsent | Self::SessionDisagrees => STATED,
            Self::PeerNotCertified | Self::PeerCredential | Self::PeerEndorsement
            | Self::PeerAge | Self::PeerAgeGap => CERTIFICATE,
            Self::DiagnosisMissing | Self::MemberNoAddress | Self::ClaimPeer | Self::ClaimMember
            | Self::ClaimForm | Self::ClaimDiagnoses => NEEDED,
            Self::DocumentMissing | Self::NoteGoalUnknown => EVIDENCE,
            Self::RelationshipBarred => RELATED,
            Self::Part2NoConsent => CONSENT,
            Self::NoteBeforeContact => WRONG_TIME,
            Self::Duplicate | Self::OverlapMember | Self::OverlapPeer | Self::SessionMemberTwice
            | Self::DayClaimed | Self::PeriodClaimed => TWICE,
            Self::BelowOneUnit | Self::BelowMinimumTime => UNITS,
            Self::LimitBillUpTo | Self::LimitNecessity | Self::LimitHold | Self::LimitNever | Self::LimitAcross
            | Self::LimitVisit | Self::LimitNoEpisode | Self::PeerCaseload | Self::PeerSupervisor => CAP,
            Self::AuthorizationUnknown | Self::AuthorizationDates | Self::AuthorizationService
            | Self::AuthorizationMissing | Self::AuthorizationExhausted
            | Self::AuthorizationSecond => APPROVAL,
            Self::AuthorizationNotNeeded | Self::AuthorizationBlock | Self::FilingSoon => NOTHING,
            Self::RateNone | Self::RateUnclear | Self::RateTooLarge => RATE,
            Self::FilingLate => FILING,
        }
    }

    /// Whether an override of it can count.
    pub const fn may_be_overridden(self) -> bool {
        matches!(self.overriding(), Overriding::May)
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{Effect, RULES};
    use super::*;

    #[test]
    fn what_counts_pays_or_must_be_approved_is_never_overridable() {
        // The families that no override may touch, by the first part of their ids: written down
        // once more, so that a new rule of theirs cannot slip through.
        let never = [
            "contract",
            "eligibility",
            "coverage",
            "activity",
            "service",
            "role",
            "peer",
            "mode",
            "member",
            "part2",
            "duplicate",
            "period",
            "day",
            "overlap",
            "group",
            "session",
            "below_one_unit",
            "limit",
            "claim",
            "modifier",
            "product",
            "enrollment",
            "document",
            "relationship",
            "authorization",
            "rate",
            "filing",
        ];
        for rule in RULES {
            let id = rule.id.as_str();
            let family = id.split('.').next().unwrap();
            if never.contains(&family) {
                assert!(!rule.id.may_be_overridden(), "{id}");
            }
            if rule.id.may_be_overridden() {
                // Holds of the whole visit only: a part is held by units, which are counted.
                assert_eq!(rule.effect, Effect::HoldAll, "{id}");
            }
            if let Overriding::Never(reason) = rule.id.overriding() {
                assert!(reason.len() > 10 && !reason.ends_with('.'), "{id}: {reason}");
            }
        }
        assert!(RULES.iter().any(|r| r.id.may_be_overridden()));
    }
}
