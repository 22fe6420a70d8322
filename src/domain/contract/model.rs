//! The contract model: what packs and contracts say, typed. Built only by `contract::read`.
//!
//! A pack is a payer's published rules with their sources; an agreement binds one organization to
//! it with negotiated rates, ids and dates. Together they are the terms of a contract version,
//! which never change once made.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::claim_profile::ClaimProfile;
use super::condition::Condition;
use super::copay::Copay;
pub use super::counting::{Rounding, SumOver};
use super::dropped::{AgreedDrop, Dropped};
use super::filing::Filing;
use super::fixed_end::FixedEnd;
use super::form::OwnForm;
use super::group::GroupRule;
use super::in_force::InForce;
use super::layer::{Adjustment, Direction, Layer};
use super::limit::Limit;
use super::modifier_rule::ModifierRule;
pub use super::rate::{ProgramRule, Rate};
use super::read_overrides::Overridable;
use super::silent::Silent;
use super::source_of::SourceOf;
use super::unknown::Unknown;
use crate::domain::codes::{
    Activity, DiagnosisClass, Mode, Modifier, PlaceOfService, ProcedureCode, Role, Setting,
};
use crate::domain::dates::{Span, WeekStart};
use crate::domain::document::DocumentKind;
use crate::domain::finding::Authority;
use crate::domain::identifiers::{Key, PartnerCode, State};
use crate::domain::ids::ContractVersionId;
use crate::domain::windows::Window;

/// The terms of one contract version: the whole agreement as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The payer's rules.
    pub pack: Pack,
    /// What was negotiated.
    pub agreement: Agreement,
}

/// A payer's published rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pack {
    /// Short name, such as `evergreen`.
    pub key: Key,
    /// Version, such as `2026.1`; the pair of key and version is unique.
    pub version: String,
    /// For people.
    pub title: String,
    /// The state whose program it is.
    pub state: State,
    /// Where the values come from.
    pub sources: Vec<Source>,
    /// First day of the payer's week.
    pub week_start: WeekStart,
    /// Modes that are face to face in the payer's words (RK57).
    #[serde(default = "in_person", skip_serializing_if = "is_in_person")]
    pub face_to_face: Vec<Mode>,
    /// Where the values of `[pack]` are written, which have no source together.
    #[serde(default, skip_serializing_if = "SourceOf::is_empty")]
    pub source_of: SourceOf,
    /// The day on which all certificates of the state end, whatever they say (RK37).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates_end: Option<FixedEnd>,
    /// Activities that this payer never pays for, although others may (RK18).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub never_billed: Option<NeverBilled>,
    /// Billable services, in order of preference.
    pub services: Vec<Service>,
    /// Modifiers by circumstance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<ModifierRule>,
    /// What visits must meet besides what their service says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// What members pay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copays: Vec<Copay>,
    /// Rules of the layers around it that it does not have (RK31).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
    /// Values that nobody has found out yet; a contract is never bound to a pack with any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Unknown>,
    /// Quantity limits.
    pub limits: Vec<Limit>,
    /// Authorization rules; a service in none of them needs no authorization.
    pub authorizations: Vec<AuthorizationRule>,
    /// Filing clock.
    pub filing: Filing,
    /// Documents that must exist before a claim.
    pub documentation: Documentation,
    /// Rules that a person may override; none: no rule at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overrides: Option<Overridable>,
    /// How claims look.
    pub claim: ClaimProfile,
    /// What its file leaves out; empty where it was not read from one.
    #[serde(skip)]
    pub silent: Silent,
}

/// The modes that are face to face where a pack does not say.
fn in_person() -> Vec<Mode> {
    vec![Mode::InPerson]
}

fn is_in_person(modes: &[Mode]) -> bool {
    modes == [Mode::InPerson]
}

/// Activities that one payer never pays for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeverBilled {
    /// Which.
    pub activities: Vec<Activity>,
    /// Where it is written.
    pub source: Authority,
}

/// A source of values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Short name that values refer to.
    pub key: Key,
    /// Document, section, date.
    #[serde(flatten)]
    pub authority: Authority,
}

/// A billable service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Short name, stable over versions of a pack: usage is kept under it.
    pub key: Key,
    /// For people.
    pub title: String,
    /// Procedure code.
    pub procedure: ProcedureCode,
    /// Modifiers of the service itself; those of the mode follow. At most four in all.
    pub modifiers: Vec<Modifier>,
    /// Activities that it bills.
    pub activities: Vec<Activity>,
    /// Roles that it is for; empty: any.
    pub roles: Vec<Role>,
    /// Modes in which it may be given.
    pub modes: Vec<ModeRule>,
    /// Settings in which it may be given, with their places of service.
    pub settings: Vec<SettingRule>,
    /// Minutes of a unit.
    pub unit_minutes: u32,
    /// Minutes to units.
    pub rounding: Rounding,
    /// Where a rounding above `floor` is written; the reader refuses one that is not.
    pub rounding_source: Option<Authority>,
    /// Over what minutes are summed before they are rounded.
    #[serde(default, skip_serializing_if = "SumOver::is_contact")]
    pub sum_over: SumOver,
    /// Youngest age, in full years on the service date.
    pub min_age: Option<u32>,
    /// Oldest age, in full years on the service date.
    pub max_age: Option<u32>,
    /// Classes one of which the principal diagnosis must have; empty: any, even none.
    pub diagnosis_classes: Vec<DiagnosisClass>,
    /// Certificate types one of which the peer needs, from the pack's state; empty: none needed.
    pub certificates: Vec<Key>,
    /// Whether the payer counts it as a substance-use service whatever the diagnosis.
    pub substance_use: bool,
    /// Whether it may be billed although another coverage pays first (RK69).
    pub bypass_other_coverage: bool,
    /// Whether it is paid although the member was not there (RK53).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub member_may_be_absent: bool,
    /// Fewest minutes of a contact, or of its day where minutes are summed, below which nothing is
    /// billed (RK13); 0: any.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub min_minutes: u32,
    /// Months from the first day of work in which no certificate is needed yet (RK40).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisional_months: Option<u32>,
    /// On which service dates it is billed (RK09, RK10).
    #[serde(default, skip_serializing_if = "InForce::is_always")]
    pub days: InForce,
    /// The service that came in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<Key>,
    /// How groups are to be; none: it is given to one member at a time (RK33, RK35, RK45).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupRule>,
    /// The layer around this one (RK31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
    /// Where it is written.
    pub source: Authority,
    /// Where single values are written, if elsewhere.
    #[serde(default, skip_serializing_if = "SourceOf::is_empty")]
    pub source_of: SourceOf,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A mode in which a service may be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeRule {
    /// The mode.
    pub mode: Mode,
    /// Modifiers it adds.
    pub modifiers: Vec<Modifier>,
    /// Place of service it puts in place of the setting's.
    pub place: Option<PlaceOfService>,
}

/// A setting in which a service may be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingRule {
    /// The setting.
    pub setting: Setting,
    /// Its place of service at this payer.
    pub place: PlaceOfService,
}

/// Whether a service needs an authorization (RK26, RK27).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRule {
    /// Short name.
    pub key: Key,
    /// Services it is for, counted together.
    pub services: Vec<Key>,
    /// When one is needed.
    pub need: AuthorizationNeed,
    /// Only lines with one of these modifiers need one (RK05); empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<Modifier>,
    /// On which service dates (RK32).
    #[serde(default, skip_serializing_if = "InForce::is_always")]
    pub days: InForce,
    /// What the payer approves at most at a time (RK28).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<Block>,
    /// The layer around this one (RK31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
    /// How an agreement may change the free units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Direction>,
    /// Where it is written.
    pub source: Authority,
    /// Where single values are written, if elsewhere.
    #[serde(default, skip_serializing_if = "SourceOf::is_empty")]
    pub source_of: SourceOf,
}

/// What a payer approves at most with one authorization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Units.
    pub units: u32,
    /// Days.
    pub days: u32,
}

/// When an authorization is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "require")]
pub enum AuthorizationNeed {
    /// Never.
    Never,
    /// Before the first unit.
    Always,
    /// After so many free units in a window; only the excess needs it.
    After {
        /// Free units.
        free_units: u32,
        /// The window in which they are free.
        #[serde(flatten)]
        window: Window,
    },
}

/// Documents before a claim (R23).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Documentation {
    /// The encounter note must be signed.
    pub signed_note: bool,
    /// The note must name a goal of the plan of care (RK62).
    pub plan_goal: bool,
    /// The layer around this one (RK31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
    /// Where it is written.
    pub source: Authority,
    /// Where single values are written, if elsewhere.
    #[serde(default, skip_serializing_if = "SourceOf::is_empty")]
    pub source_of: SourceOf,
}

/// What one organization negotiated with one payer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// The organization's key.
    pub organization: Key,
    /// The payer's key.
    pub payer: Key,
    /// The pack's key.
    pub pack: Key,
    /// The pack's version.
    pub pack_version: String,
    /// Effective days, both ends included.
    pub span: Span,
    /// The version that this one supersedes, where their days overlap.
    pub supersedes: Option<ContractVersionId>,
    /// The location whose address and NPI bill.
    pub billing_location: Key,
    /// ISA05.
    pub sender_qualifier: String,
    /// ISA06, GS02 and 1000A NM109.
    pub sender_id: PartnerCode,
    /// What only this organization can say of its claims; laid over the pack's form.
    #[serde(default, skip_serializing_if = "OwnForm::is_empty")]
    pub claim: Box<OwnForm>,
    /// Rates by service and date.
    pub rates: Vec<Rate>,
    /// When the payer gave the organization its provider number: an anchor of filing clocks (RK66).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_number_issued: Option<NaiveDate>,
    /// Numbers of the pack's rules that were agreed on otherwise (RK31).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustment>,
    /// Rules of the pack that are not held here (RK31).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<AgreedDrop>,
    /// Programs of the organization outside of which services are not billed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<ProgramRule>,
}

impl Service {
    /// Where the value of one of its keys is written.
    pub fn written(&self, key: &str) -> &Authority {
        self.source_of.of(key, &self.source)
    }
}

impl Pack {
    /// The service with this key.
    pub fn service(&self, key: &Key) -> Option<&Service> {
        self.services.iter().find(|s| s.key == *key)
    }

    /// The kinds of documents that its rules look at.
    pub fn documents(&self) -> Vec<DocumentKind> {
        let of_conditions = self.conditions.iter().flat_map(|c| c.demand.documents());
        let of_limits = self.limits.iter().flat_map(|l| &l.necessity).map(|w| w.kind);
        of_conditions.chain(of_limits).collect()
    }
}

impl Terms {
    /// The first rate line of a service on a day, for whichever visits.
    pub fn rate(&self, service: &Key, day: NaiveDate) -> Option<&Rate> {
        self.agreement.rates.iter().find(|r| r.service == *service && r.span.covers(day))
    }
}
