//! The ordered table of rules: what each is called, covers, says and does.
//!
//! Findings are told in this order whatever the order of evaluation. Docs print the table from
//! [`RULES`]; ids are stable for ever, since stored decisions carry them.

use crate::domain::codes::Carc;
use crate::domain::finding::{Authority, Finding, Severity};
use crate::domain::text::code_list;

/// What a rule that speaks does to the encounter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing of the encounter is billed until a person has fixed it.
    HoldAll,
    /// Only the units it speaks of are held; others may be ready.
    HoldPart,
    /// The encounter is kept and reported, never claimed.
    Never,
    /// Worth a look; nothing is stopped.
    Note,
}

impl Effect {
    /// How a finding states it: parts and wholes are both holds there.
    pub const fn severity(self) -> Severity {
        match self {
            Self::HoldAll | Self::HoldPart => Severity::Hold,
            Self::Never => Severity::NonBillable,
            Self::Note => Severity::Warn,
        }
    }

    /// Whether nothing may be billed while the finding stands.
    pub const fn stops_all(self) -> bool {
        matches!(self, Self::HoldAll | Self::Never)
    }
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Stable id.
    pub id: RuleId,
    /// What it does when it speaks.
    pub effect: Effect,
    /// Rule kinds and requirements that it covers, such as `RK48` and `R22`.
    pub covers: &'static [&'static str],
    /// When it speaks, in a sentence.
    pub says: &'static str,
}

macro_rules! rule_table {
    ($($variant:ident = $id:literal, $effect:ident, [$($covers:literal),*], $says:literal;)+) => {
        code_list!(
            /// The stable id of a rule; values are in table order.
            RuleId, "a rule" {
                $(#[doc = $says] $variant = $id),+
            }
        );

        /// All rules, in the order in which findings are told.
        pub const RULES: &[Rule] = &[$(RuleId::$variant.rule()),+];

        impl RuleId {
            /// The row of the table.
            pub const fn rule(self) -> Rule {
                match self {
                    $(Self::$variant => Rule {
                        id: self,
                        effect: Effect::$effect,
                        covers: &[$($covers),*],
                        says: $says,
                    }),+
                }
            }
        }
    };
}

rule_table! {
    ContractNone = "contract.none", HoldAll, ["R1", "RK63"],
        "No contract with the billed payer is in force on the service date.";
    EligibilityNoCoverage = "eligibility.no_coverage", HoldAll, ["R2"],
        "The member has no coverage on the roster.";
    EligibilityNotCovered = "eligibility.not_covered", HoldAll, ["R2"],
        "The billed coverage is not in force on the service date (CARC 26 before it, 27 after it).";
    CoverageOtherFirst = "coverage.other_first", HoldAll, ["R6", "RK69"],
        "Another coverage in force pays first, and the service is not on the bypass list.";
    ActivityNotBillable = "activity.not_billable", Never, ["R22", "RK18"],
        "The activity is not peer support, so no payer pays for it.";
    ActivityNoService = "activity.no_service", HoldAll, ["R22"],
        "No service of the contract bills the activity.";
    ServiceUnknown = "service.unknown", HoldAll, ["RK01"],
        "The contract has no service of that name.";
    ActivityExcluded = "activity.excluded", Never, ["RK18"],
        "The payer names the activity as no part of its service.";
    ServiceRetired = "service.retired", HoldAll, ["RK09", "RK10"],
        "The service is not billed on the service date: not any more, or not yet.";
    ClaimOtherPayer = "claim.other_payer", HoldAll, ["RK11"],
        "The payer wants such lines sent to another payer.";
    ClaimHold = "claim.on_hold", HoldAll, ["RK10"],
        "The payer has asked not to send claims of this kind yet.";
    ContractUnknown = "contract.unknown", HoldAll, ["RK06", "RK73"],
        "Nobody knows the payer's rule here, so a person decides.";
    ModifierOneOf = "modifier.one_of", HoldAll, ["RK03"],
        "The line needs one of several modifiers and has none of them.";
    ModifierNotListed = "modifier.not_listed", HoldAll, ["RK04"],
        "The line would have a modifier that the payer does not take with the service.";
    ModifierTooMany = "modifier.too_many", HoldAll, ["RK02", "RK04"],
        "The line would have more than four modifiers.";
    ModifierStacked = "modifier.stacked", HoldAll, ["RK06"],
        "Two changes of the price stand on one line and may not.";
    RoleNotAllowed = "role.not_allowed", HoldAll, ["R20"],
        "The service is not for the role in which the peer worked.";
    ProgramNotAllowed = "program.not_allowed", HoldAll, ["R28", "RK52"],
        "The contract bills the service only under certain programs of the organization, and the visit is under none of them.";
    PeerNotCertified = "peer.not_certified", HoldAll, ["R17", "RK37"],
        "The peer has no certificate of the kind and state that the service needs on the service date.";
    PeerCredential = "peer.credential", HoldAll, ["RK39"],
        "The peer lacks a second credential that the payer wants beside the certificate.";
    ModeNotAllowed = "mode.not_allowed", HoldAll, ["RK57"],
        "The service may not be given in this mode.";
    PeerEndorsement = "peer.endorsement", HoldAll, ["RK38"],
        "No valid certificate of the peer carries the endorsement that the service needs.";
    PeerAge = "peer.age", HoldAll, ["RK41", "RK42"],
        "The peer is younger than the payer wants, or no day of birth is on record to tell.";
    PeerAgeGap = "peer.age_gap", HoldAll, ["RK42"],
        "Peer and member are not so many years apart as the payer wants.";
    ModeNoAnchor = "mode.no_anchor", HoldAll, ["RK58"],
        "The visit was not face to face, and none that was is near enough before it.";
    ModeShare = "mode.share", HoldAll, ["RK58"],
        "With this visit, too large a part of the units would not be face to face.";
    SettingNotAllowed = "setting.not_allowed", HoldAll, ["R21"],
        "The service may not be given in this setting.";
    MemberAge = "member.age", HoldAll, ["RK48"],
        "The member's age on the service date is outside the service's band.";
    DiagnosisMissing = "diagnosis.missing", HoldAll, ["RK49"],
        "There is no diagnosis, and a claim needs one.";
    DiagnosisClass = "diagnosis.class", HoldAll, ["RK49"],
        "The principal diagnosis is in none of the service's classes.";
    DiagnosisExcluded = "diagnosis.excluded", HoldAll, ["RK49"],
        "A diagnosis is of a class that the payer leaves out.";
    DiagnosisFamily = "diagnosis.family", HoldAll, ["RK49"],
        "The principal diagnosis is in none of the families that the payer lists.";
    ProductNotCovered = "product.not_covered", HoldAll, ["RK51"],
        "The service is not for the product line of the billed coverage.";
    ProductUnknown = "product.unknown", HoldAll, ["RK51"],
        "The billed coverage names no product line, and something in force for the visit depends on it.";
    EnrollmentMissing = "enrollment.missing", HoldAll, ["RK52"],
        "The member must be in another service at the same time, and is in none on record.";
    EnrollmentExcluded = "enrollment.excluded", HoldAll, ["RK55", "RK56"],
        "The member is in a service or level of care beside which this one is not paid.";
    MemberAbsent = "member.absent", HoldAll, ["RK53"],
        "The member was not there, and the payer pays only when the member is.";
    Part2NoConsent = "part2.no_consent", HoldAll, ["R11"],
        "It is a substance-use service, the organization is not declared to be outside of 42 CFR Part 2, and no live consent permits telling the payer.";
    NoteUnsigned = "note.unsigned", HoldAll, ["R23"],
        "The note of the contact is not signed, and the contract wants it signed before a claim.";
    NoteBeforeContact = "note.before_contact", HoldAll, ["R23"],
        "The note was signed before the contact started.";
    NoteNoGoal = "note.no_goal", HoldAll, ["RK62"],
        "The note names no goal of the plan of care, and the contract wants one.";
    NoteGoalUnknown = "note.goal_unknown", HoldAll, ["RK62"],
        "The goal that the note names is in no plan on record that holds on the date.";
    DocumentMissing = "document.missing", HoldAll, ["RK44", "RK47", "RK50", "RK59", "RK60", "RK61"],
        "A document that the payer wants is not on record, or not good on the service date.";
    RelationshipBarred = "relationship.barred", HoldAll, ["RK43"],
        "Peer and member are related in a way that bars the service.";
    MemberNoAddress = "member.no_address", HoldAll, ["R2"],
        "The roster has no address of the member, and a claim needs one.";
    ClaimPeer = "claim.peer", HoldAll, ["R2"],
        "The payer's claim form asks for something of the peer that is not on record or cannot be sent.";
    ClaimMember = "claim.member", HoldAll, ["R2"],
        "The payer's claim form asks for something of the member that is not on record or cannot be sent.";
    ClaimForm = "claim.form", HoldAll, ["R2"],
        "The payer's claim form asks for something of organization, contract or visit that is not on record or cannot be sent.";
    ClaimDiagnoses = "claim.diagnoses", HoldAll, ["R2"],
        "The visit has more diagnoses than the payer takes on a claim.";
    GroupNotAllowed = "group.not_allowed", HoldAll, ["R24", "RK35"],
        "The service is given to one member at a time, and the contact was a group.";
    GroupMissing = "group.missing", HoldAll, ["R24", "RK33"],
        "The service is given in groups, and the encounter names no session with its size.";
    GroupSize = "group.size", HoldAll, ["R24", "RK33"],
        "Fewer or more people were present than the contract allows in a group.";
    GroupRatio = "group.ratio", HoldAll, ["R24", "RK45"],
        "More people were present than the peers of the session may lead.";
    GroupAverage = "group.average", HoldAll, ["RK34"],
        "With this session, the groups of the period are too large on average.";
    PeerCaseload = "peer.caseload", HoldAll, ["RK45"],
        "With this member, the peer has more members in the period than the payer allows.";
    PeerSupervisor = "peer.supervisor", HoldAll, ["RK45"],
        "Whoever supervises the peer has more peers than the payer allows, or nobody is on record.";
    SessionDisagrees = "session.disagrees", HoldAll, ["R24"],
        "The encounter says otherwise than its session: another peer, size or number of peers, or a time outside.";
    SessionMemberTwice = "session.member_twice", HoldAll, ["R24"],
        "The member is in the session already.";
    Duplicate = "duplicate", HoldAll, ["R29"],
        "The same member, peer and service overlap in time under another reference.";
    OverlapMember = "overlap.member", HoldAll, ["RK54"],
        "The member was in another contact at the same time.";
    OverlapPeer = "overlap.peer", HoldAll, ["RK54"],
        "The peer was in another contact at the same time.";
    DayClaimed = "day.claimed", HoldAll, ["RK14"],
        "Minutes are summed over days, and the day's other visits are on a live claim already.";
    BelowOneUnit = "below_one_unit", Never, ["RK12", "RK15"],
        "The minutes make less than one unit.";
    BelowMinimumTime = "below_minimum_time", Never, ["RK13"],
        "The contact or its day is shorter than the payer wants before it pays anything.";
    LimitVisit = "limit.visit", HoldAll, ["RK25"],
        "One visit has more units than the payer takes on a line.";
    LimitBillUpTo = "limit.bill_up_to", HoldPart, ["R4", "RK19", "RK20", "RK21", "RK22", "RK23", "RK24"],
        "The limit has no room for all units: those that fit are billed, the rest is held.";
    LimitNecessity = "limit.necessity", HoldPart, ["R4", "RK19", "RK20", "RK21", "RK23", "RK24"],
        "The limit has no room for all units, and no document on record shows that the rest is necessary.";
    AuthorizationUnknown = "authorization.unknown", HoldPart, ["R5", "RK26", "RK27"],
        "The payer's authorization named in the encounter is not on record for the member.";
    AuthorizationDates = "authorization.dates", HoldPart, ["R5", "RK26", "RK27"],
        "The named authorization does not cover the service date.";
    AuthorizationService = "authorization.service", HoldPart, ["R5", "RK26", "RK27"],
        "The named authorization is not for the service.";
    AuthorizationMissing = "authorization.missing", HoldPart, ["R5", "RK26", "RK27"],
        "Units need an authorization, and none covers the service on the date.";
    AuthorizationExhausted = "authorization.exhausted", HoldPart, ["R5", "RK26", "RK27"],
        "The authorization has fewer units left than the encounter needs; the excess is held.";
    AuthorizationSecond = "authorization.second", HoldPart, ["R5", "RK26", "RK27"],
        "The excess needs one more authorization than the visit's claim can name.";
    AuthorizationBlock = "authorization.block", Note, ["RK28"],
        "The authorization says more units or days than the payer approves at a time.";
    AuthorizationNotNeeded = "authorization.not_needed", Note, ["R5", "RK26", "RK27"],
        "The encounter names an authorization and needs none; it is not drawn on.";
    LimitHold = "limit.hold", HoldAll, ["R4", "RK19", "RK20", "RK21", "RK22", "RK23", "RK24"],
        "The units do not fit the limit, and the contract wants all of the encounter held then.";
    LimitNever = "limit.never", HoldAll, ["R4", "RK19", "RK21", "RK24"],
        "The units do not fit the limit, and nothing can lift it.";
    LimitAcross = "limit.across_organizations", HoldAll, ["R4", "RK22"],
        "The units do not fit a limit that the payer counts across organizations.";
    LimitNoEpisode = "limit.no_episode", HoldAll, ["R4", "RK19"],
        "A limit counts in an episode of care, and none on record covers the service date.";
    PeriodClaimed = "period.claimed", HoldAll, ["R29"],
        "The week or month of the visit, or the line of its day, is on a live claim already.";
    RateNone = "rate.none", HoldAll, ["R1", "RK63"],
        "The contract has no rate for the service on the service date.";
    RateUnclear = "rate.unclear", HoldAll, ["RK07", "RK63"],
        "Several rates fit the visit alike, or one for its modifiers outlived the rule that gave them.";
    RateTooLarge = "rate.too_large", HoldAll, ["R1", "RK63"],
        "The rate times the units is more than a claim can carry.";
    FilingLate = "filing.late", HoldAll, ["R3", "RK66"],
        "The filing deadline has passed.";
    FilingSoon = "filing.soon", Note, ["R3", "RK66"],
        "The filing deadline is close.";
}

/// A finding together with its rule, as the engine handles it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The rule that speaks.
    pub rule: RuleId,
    /// Whether it only wants a look, by the word of the pack.
    soft: bool,
    /// What it says.
    pub finding: Finding,
}

impl Said {
    /// A finding of `rule` about the field at the JSON pointer `field`.
    pub fn new(
        rule: RuleId,
        field: &str,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let row = rule.rule();
        let finding = Finding {
            rule: rule.as_str().to_owned(),
            severity: row.effect.severity(),
            field: field.to_owned(),
            message: message.into(),
            fix: fix.into(),
            authority: None,
            carc: rule.help().denial.carc().and_then(|code| Carc::parse(code).ok()),
            overridable: false,
            overridden: None,
        };
        Self { rule, soft: false, finding }
    }

    /// With the place where the contract says so.
    pub fn by(mut self, authority: &Authority) -> Self {
        self.finding.authority = Some(authority.clone());
        self
    }

    /// With another reason code than the table's.
    pub fn carc(mut self, code: &str) -> Self {
        self.finding.carc = Carc::parse(code).ok();
        self
    }

    /// As a warning, whatever the table says: its source is weak.
    pub fn softly(mut self) -> Self {
        self.soft = true;
        self.finding.severity = Severity::Warn;
        self
    }

    /// What it does to the encounter: nothing, once it is overridden or only a warning.
    pub fn effect(&self) -> Effect {
        match self.finding.overridden {
            None if !self.soft => self.rule.rule().effect,
            _ => Effect::Note,
        }
    }
}

/// Findings in table order; several of one rule keep the order of their family.
pub fn in_order(mut said: Vec<Said>) -> Vec<Said> {
    said.sort_by_key(|s| s.rule);
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lists_every_rule_once_in_order() {
        assert_eq!(RULES.iter().map(|r| r.id).collect::<Vec<_>>(), RuleId::ALL);
        for rule in RULES {
            assert!(!rule.covers.is_empty(), "{}", rule.id);
            assert!(rule.says.ends_with('.'), "{}", rule.id);
        }
    }
}
