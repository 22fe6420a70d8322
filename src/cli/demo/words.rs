//! Rules in the words of people who do the work, for the demo's story.

use crate::domain::rules::RuleId;

/// Why visits wait, or are never claimed, in a few plain words.
pub(super) fn reason(rule: &str) -> String {
    let Ok(id) = RuleId::parse(rule) else { return rule.to_owned() };
    let words = match id {
        RuleId::EligibilityNoCoverage => "no coverage on the roster",
        RuleId::EligibilityNotCovered => "the coverage had ended, or not begun",
        RuleId::CoverageOtherFirst => "another insurance pays first",
        RuleId::ActivityNotBillable => "not peer support: rides, paperwork, nobody met",
        RuleId::ActivityNoService => "no service of the contract covers it",
        RuleId::PeerNotCertified => "the peer's certificate had ended",
        RuleId::ModeNotAllowed => "by video or telephone, which the payer does not pay for here",
        RuleId::SettingNotAllowed => "in a place where the payer does not pay for it",
        RuleId::MemberAge => "the member is too young for the service",
        RuleId::DiagnosisMissing => "no diagnosis",
        RuleId::DiagnosisClass => "the diagnosis is not one that the service is for",
        RuleId::Part2NoConsent => "substance use: consent, or a word on 42 CFR Part 2, is missing",
        RuleId::NoteUnsigned => "the note is not signed",
        RuleId::NoteBeforeContact => "the note was signed before the visit",
        RuleId::NoteNoGoal => "the note names no goal of the plan",
        RuleId::ClaimPeer | RuleId::ClaimMember | RuleId::ClaimForm => {
            "something that the payer's claim form asks for"
        }
        RuleId::ClaimDiagnoses => "more diagnoses than the payer takes",
        RuleId::MemberNoAddress => "no address on the roster",
        RuleId::Duplicate => "recorded twice",
        RuleId::OverlapMember => "the member was with somebody else at that time",
        RuleId::OverlapPeer => "the peer was with somebody else at that time",
        RuleId::GroupSize => "the group was larger than the payer pays for",
        RuleId::GroupRatio => "too many people for the peers who led the group",
        RuleId::SessionDisagrees => "the rows of a group contradict each other",
        RuleId::BelowOneUnit => "too short for one unit",
        RuleId::LimitBillUpTo => "more than the payer pays for in the day or week",
        RuleId::LimitHold => "more than the payer pays for in the month",
        RuleId::AuthorizationUnknown => "the authorization named is not on record",
        RuleId::AuthorizationDates => "the authorization named does not cover the day",
        RuleId::AuthorizationMissing => "an authorization is needed",
        RuleId::AuthorizationExhausted => "the authorization is used up",
        RuleId::FilingLate => "too late to file",
        // The rest does not come up in the demo, and says of itself what it is.
        other => other.rule().says,
    };
    words.to_owned()
}
