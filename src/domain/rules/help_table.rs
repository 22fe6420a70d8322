//! The help that each rule gives, row by row (`help`).

use super::help::{Help, denied, never, remarked, row, source};
use super::table::RuleId;
use crate::domain::rules::help::Source;

const CONTRACTS: Source =
    source("The payer's contract (docs/contracts.md)", "Pack, Contract", OURS);
const SESSIONS: Source = source(DEFINITIONS, "2. Encounters and sessions", OURS);
const MEMBER: Source = source(DEFINITIONS, "1. People, payers, contracts", OURS);
const UNITS: Source = source(DEFINITIONS, "3. Units", OURS);
const LIMITS: Source = source(DEFINITIONS, "3. Units", OURS);
const GROUPING: Source = source(DEFINITIONS, "5. Claims", OURS);
const NOTES: Source = source("docs/contracts.md", "[documentation]", OURS);
const PEER_SUPPORT: Source = source(
    "CMS State Medicaid Director Letter 07-011",
    "Supervision, care coordination, training",
    (2007, 8, 15),
);
const OTHER_COVERAGE: Source = source("42 CFR 433.139", "(b) Probable liability", (2004, 10, 1));
const REVIEW: Source =
    source("42 CFR 447.45", "(f) Prepayment and postpayment claims review", (2006, 10, 1));
const RECORDS: Source =
    source("42 CFR 431.107", "(b)(1) Records of the extent of services", (2010, 5, 5));
const FILING: Source = source("42 CFR 447.45", "(d) Timely processing of claims", (2006, 10, 1));
const PART_2: Source = source("42 CFR Part 2 (89 FR 12472)", "2.31, 2.33", (2024, 4, 16));
const UNIT_EDITS: Source =
    source("Medicaid NCCI Technical Guidance Manual", "Medically unlikely edits", (2021, 2, 28));
const SUBSCRIBER: Source = source(X12, "2010BA", ADOPTED);
const RENDERING: Source = source(X12, "2310B", ADOPTED);
const CLAIM_HEADER: Source = source(X12, "2300", ADOPTED);
const CLAIM_DIAGNOSES: Source = source(X12, "2300 HI", ADOPTED);
const CLAIM_PLACE: Source = source(X12, "2300 CLM05, 2400 SV105", ADOPTED);
const CLAIM_LINE: Source = source(X12, "2400 SV1", ADOPTED);
const AUTHORIZATION: Source = source(X12, "2300 and 2400 REF*G1", ADOPTED);

const DEFINITIONS: &str = "docs/definitions.md";
/// When the project's own definitions were written down.
const OURS: (i32, u32, u32) = (2026, 11, 28);
const X12: &str = "X12 005010X222A1, adopted by 45 CFR 162.1102";
/// From when the version is the standard.
const ADOPTED: (i32, u32, u32) = (2012, 1, 1);

impl RuleId {
    /// What helps whoever meets a finding of the rule.
    #[expect(clippy::too_many_lines, reason = "a table: one row for each rule")]
    #[rustfmt::skip]
    pub const fn help(self) -> Help {
        match self {
            Self::ContractNone => row("An administrator loads the contract version that covers the date, or a biller corrects the coverage.",
                CONTRACTS, denied("B7")),
            Self::EligibilityNoCoverage => row("A biller checks eligibility at the payer and records the coverage with its dates.",
                SUBSCRIBER, denied("31")),
            Self::EligibilityNotCovered => row("A biller checks eligibility at the payer and corrects the coverage's dates, or records the one that was in force.",
                SUBSCRIBER, denied("27")),
            Self::CoverageOtherFirst => row("A biller bills the other payer first, or ends that coverage if it is over.",
                OTHER_COVERAGE, denied("22")),
            Self::ActivityNotBillable => row("The peer corrects the activity if it was peer support; else it is kept for the record.",
                PEER_SUPPORT, remarked("96", "N130")),
            Self::ActivityNoService => row("Whoever recorded the visit names the service, or corrects the activity.",
                CONTRACTS, denied("256")),
            Self::ServiceUnknown => row("A biller names one of the contract's services, or the activity in its place.",
                CONTRACTS, denied("256")),
            Self::ActivityExcluded => row("The peer corrects the activity if it was another one; else it is kept for the record.",
                CONTRACTS, remarked("96", "N130")),
            Self::ServiceRetired => row("A biller names the service that is billed on the date; the finding says which has taken its place.",
                CONTRACTS, denied("181")),
            Self::ClaimOtherPayer => row("A biller bills the payer that the finding names, under the member's coverage there.",
                CONTRACTS, remarked("109", "N418")),
            Self::ClaimHold => row("Nobody needs to do anything until the payer is ready; an administrator then loads a version without the hold.",
                CONTRACTS, never("the payer has asked for no such claim yet, so none is answered")),
            Self::ContractUnknown => row("A biller asks the payer; an administrator writes the answer into a new version of the pack.",
                CONTRACTS, never("nobody knows the payer's rule, so nobody knows its answer")),
            Self::ModifierOneOf => row("Whoever recorded the visit names its program or diagnosis, or the service that has the modifier.",
                CLAIM_LINE, remarked("4", "N822")),
            Self::ModifierNotListed => row("A biller asks the payer how such a visit is billed; an administrator corrects the pack.",
                CLAIM_LINE, remarked("4", "N823")),
            Self::ModifierTooMany => row("A biller asks the payer which four it wants; an administrator corrects the pack.",
                CLAIM_LINE, remarked("4", "N823")),
            Self::ModifierStacked => row("An administrator asks the payer whether both may stand, and writes it into a new version of the pack.",
                CONTRACTS, remarked("4", "N519")),
            Self::RoleNotAllowed => row("The peer corrects the role if another was worked in; else another service is named.",
                PEER_SUPPORT, denied("185")),
            Self::ProgramNotAllowed => row("Whoever recorded the visit names the program under which it was given.",
                CONTRACTS, denied("272")),
            Self::PeerNotCertified => row("An administrator records the certificate with its dates; without one nothing is billed for the visit.",
                PEER_SUPPORT, denied("185")),
            Self::PeerCredential => row("An administrator records the second credential with its dates.",
                PEER_SUPPORT, denied("185")),
            Self::ModeNotAllowed => row("The peer corrects the mode if it was another one.",
                CONTRACTS, remarked("96", "N130")),
            Self::PeerEndorsement => row("An administrator records the endorsement with the certificate that carries it.",
                PEER_SUPPORT, denied("185")),
            Self::PeerAge => row("An administrator checks the peer's day of birth; another peer gives the service if it is right.",
                PEER_SUPPORT, denied("185")),
            Self::PeerAgeGap => row("An administrator checks the days of birth; another peer gives the service if they are right.",
                PEER_SUPPORT, denied("185")),
            Self::ModeNoAnchor => row("The peer records the visit face to face if there was one; this one is then decided again by itself.",
                CONTRACTS, remarked("96", "N130")),
            Self::ModeShare => row("More visits face to face make room for it; it is then decided again by itself.",
                CONTRACTS, remarked("119", "N640")),
            Self::SettingNotAllowed => row("The peer corrects the setting if it was another one.",
                CLAIM_PLACE, denied("58")),
            Self::MemberAge => row("A biller checks the day of birth, or names the service for the member's age.",
                MEMBER, remarked("6", "N129")),
            Self::DiagnosisMissing => row("Whoever recorded the visit adds the diagnosis for which the service is given.",
                CLAIM_DIAGNOSES, remarked("16", "M76")),
            Self::DiagnosisClass | Self::DiagnosisFamily => row("Whoever recorded the visit puts the diagnosis that the service is for first, if the member has it.",
                CONTRACTS, denied("11")),
            Self::DiagnosisExcluded => row("Whoever recorded the visit checks the diagnosis, or names the service that is for it.",
                CONTRACTS, denied("11")),
            Self::ProductNotCovered | Self::ProductUnknown => row("A biller checks eligibility at the payer and records the coverage's product line.",
                CONTRACTS, denied("204")),
            Self::EnrollmentMissing => row("A biller records the member's episode of the other service with its dates.",
                CONTRACTS, denied("272")),
            Self::EnrollmentExcluded => row("A biller checks the episode's dates, and ends it if the member has left.",
                CONTRACTS, denied("97")),
            Self::MemberAbsent => row("The peer corrects it if the member was there; else another service is named.",
                CONTRACTS, remarked("96", "N130")),
            Self::Part2NoConsent => row("The member chooses whether to consent; whoever asks records the consent. Nothing is sent until then.",
                PART_2, never("the law forbids to tell the payer, so it is never asked")),
            Self::NoteUnsigned => row("The peer signs the note; whoever recorded the visit adds when it was signed.",
                NOTES, remarked("252", "N706")),
            Self::NoteBeforeContact => row("The peer corrects the time of signing or of the contact, whichever is wrong.",
                NOTES, remarked("252", "N705")),
            Self::NoteNoGoal => row("The peer links the note to the goal that the contact served.",
                PEER_SUPPORT, remarked("252", "N705")),
            Self::NoteGoalUnknown => row("The peer links the note to the goal that the contact served; a biller records the plan with its goals.",
                PEER_SUPPORT, remarked("252", "N705")),
            Self::DocumentMissing => row("A supervisor sees to the document; a biller records it with its dates.",
                PEER_SUPPORT, remarked("252", "N706")),
            Self::RelationshipBarred => row("Another peer gives the service; a biller corrects the relationship if it is not so.",
                CONTRACTS, remarked("96", "N130")),
            Self::MemberNoAddress => row("A biller adds the member's address to the roster.",
                SUBSCRIBER, remarked("16", "MA37")),
            Self::ClaimPeer => row("An administrator adds to the peer's record what the finding names.",
                RENDERING, remarked("16", "N290")),
            Self::ClaimMember => row("A biller adds to the member's record what the finding names.",
                SUBSCRIBER, remarked("16", "N382")),
            Self::ClaimForm => row("An administrator adds what the finding names to the organization, contract or visit.",
                CLAIM_HEADER, remarked("16", "MA130")),
            Self::ClaimDiagnoses => row("Whoever recorded the visit leaves out the diagnoses for which it was not given.",
                CLAIM_DIAGNOSES, remarked("16", "M76")),
            Self::GroupNotAllowed => row("The peer corrects the visit if it was no group; else nothing is billed for it.",
                CONTRACTS, remarked("96", "N130")),
            Self::GroupMissing => row("Whoever recorded the visit names its session and how many were present.",
                SESSIONS, remarked("252", "N705")),
            Self::GroupSize => row("The peer corrects the number of people present, if it is wrong.",
                CONTRACTS, denied("272")),
            Self::GroupRatio => row("The peer corrects how many were present, or how many peers led the session.",
                CONTRACTS, denied("272")),
            Self::GroupAverage => row("Smaller sessions make room for it; it is then decided again by itself.",
                CONTRACTS, denied("272")),
            Self::PeerSupervisor => row("A biller records who supervises the peer; a supervisor with room takes over who is too many.",
                CONTRACTS, denied("272")),
            Self::PeerCaseload => row("A biller plans the member's visits with another peer, or asks the payer for an exception.",
                CONTRACTS, denied("272")),
            Self::SessionDisagrees => row("Whoever is wrong is corrected: the session, or this visit.",
                RECORDS, never("the payer does not see the session; its audit would ask for both records")),
            Self::SessionMemberTwice => row("Whoever recorded them voids one and corrects the times of the other.",
                REVIEW, denied("18")),
            Self::Duplicate => row("Whoever recorded them voids the one that did not take place, or corrects its times.",
                REVIEW, denied("18")),
            Self::OverlapMember => row("The peers compare their notes; whoever is wrong corrects the times.",
                REVIEW, remarked("96", "N20")),
            Self::OverlapPeer => row("The peer corrects the times of the contact that is wrong.",
                REVIEW, denied("272")),
            Self::DayClaimed => row("A biller asks for a replacement of the day's claim once the payer has given its number.",
                UNITS, denied("18")),
            Self::BelowOneUnit => row("The peer corrects start or end if one is wrong; else it is kept for the record.",
                UNITS, never("a line of zero units is never sent")),
            Self::BelowMinimumTime => row("The peer corrects start or end if one is wrong; else it is kept for the record.",
                UNITS, never("nothing is sent below the payer's least time")),
            Self::LimitVisit => row("The peer checks start and end; if they are right, a biller asks the payer how so long a visit is billed.",
                UNIT_EDITS, remarked("151", "N362")),
            Self::LimitBillUpTo => row("A biller checks whether the other visits of these days were recorded rightly.",
                LIMITS, remarked("119", "N640")),
            Self::LimitNecessity => row("A clinician writes why the member needs more; a biller records it with its dates.",
                LIMITS, remarked("151", "N362")),
            Self::AuthorizationUnknown => row("A biller records the authorization, or names one that is on record.",
                AUTHORIZATION, denied("15")),
            Self::AuthorizationDates => row("A biller names the authorization for the date, or corrects its dates.",
                AUTHORIZATION, denied("15")),
            Self::AuthorizationService => row("A biller names the authorization for the service, or corrects its services.",
                AUTHORIZATION, denied("284")),
            Self::AuthorizationMissing => row("A biller asks the payer for an authorization that covers the date, and records it.",
                AUTHORIZATION, denied("197")),
            Self::AuthorizationExhausted => row("A biller asks the payer for more units, and records what it grants.",
                AUTHORIZATION, denied("198")),
            Self::AuthorizationSecond => row("A biller asks the payer for one authorization that covers all of it, or bills the rest by replacement.",
                AUTHORIZATION, denied("198")),
            Self::AuthorizationBlock => row("A biller checks the authorization against the payer's letter.",
                LIMITS, never("it is about what was recorded; the payer knows what it granted")),
            Self::AuthorizationNotNeeded => row("Nothing needs to be done; a biller may take the number out.",
                AUTHORIZATION, never("a line without an authorization that is not needed is paid")),
            Self::LimitHold => row("A biller checks the other visits of these days, or agrees with the payer on an exception.",
                LIMITS, remarked("119", "N640")),
            Self::LimitNever => row("A biller checks the other visits of these days; nothing lifts the limit.",
                LIMITS, remarked("119", "N640")),
            Self::LimitAcross => row("A biller asks the payer what is left for the member.",
                LIMITS, remarked("119", "N640")),
            Self::LimitNoEpisode => row("A biller records the member's episode of care with its dates, or corrects them.",
                LIMITS, denied("272")),
            Self::PeriodClaimed => row("A biller asks for a replacement of the claim once the payer has given its number; the visit joins it.",
                GROUPING, denied("18")),
            Self::RateNone => row("An administrator adds the rate to a new version of the contract.",
                CONTRACTS, denied("147")),
            Self::RateUnclear => row("An administrator says in a new version of the contract which of the rates holds.",
                CONTRACTS, never("the payer knows its rate; what is on record here does not say which")),
            Self::RateTooLarge => row("An administrator corrects the rate in a new version of the contract.",
                CLAIM_LINE, remarked("16", "M54")),
            Self::FilingLate => row("A biller asks the payer for an exception, with proof of why it is late.",
                FILING, denied("29")),
            Self::FilingSoon => row("A biller sees to it that the claim is delivered in time.",
                FILING, never("it is still in time")),
        }
    }
}
