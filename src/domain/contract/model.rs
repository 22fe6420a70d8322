//! The contract model: what packs and contracts say, typed. Built only by `contract::read`.
//!
//! A pack is a payer's published rules with their sources; an agreement binds one organization to
//! it with negotiated rates, ids and dates. Together they are the terms of a contract version,
//! which never change once made.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::delimiters::Delimiters;
use super::form::ClaimForm;
use super::group::GroupRule;
use super::limit::Limit;
use super::read_overrides::Overridable;
use crate::domain::codes::{
    Activity, DiagnosisClass, Mode, Modifier, PlaceOfService, ProcedureCode, Role, Setting,
};
use crate::domain::dates::{Span, WeekStart};
use crate::domain::finding::Authority;
use crate::domain::identifiers::{Key, Line55, PartnerCode, State};
use crate::domain::ids::ContractVersionId;
use crate::domain::period::Period;
use crate::domain::text::code_list;
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
    /// Billable services, in order of preference.
    pub services: Vec<Service>,
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
    /// How groups are to be; none: it is given to one member at a time (RK33, RK35, RK45).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupRule>,
    /// Where it is written.
    pub source: Authority,
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

code_list!(
    /// How minutes become units (RK12; `docs/definitions.md` section 3).
    Rounding, "a rounding" {
        /// Whole units only.
        Floor = "floor",
        /// Every begun unit.
        Ceiling = "ceiling",
        /// To the nearest unit, ties up.
        Nearest = "nearest",
        /// A unit when more than half of it is used.
        Midpoint = "midpoint",
        /// A remainder of 8 or more minutes counts; for 15-minute units only.
        EightMinute = "eight_minute",
    }
);

code_list!(
    /// Over what minutes are summed before they are rounded (RK14).
    #[derive(Default)]
    SumOver, "what minutes are summed over" {
        /// Each contact by itself.
        #[default]
        Contact = "contact",
        /// The contacts of a day that would stand on one claim line.
        Day = "day",
    }
);

impl SumOver {
    /// Whether each contact is rounded by itself.
    pub fn is_contact(&self) -> bool {
        *self == Self::Contact
    }
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
    /// Where it is written.
    pub source: Authority,
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

/// The filing clock (RK66): days after the service date, which is day 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filing {
    /// Days to deliver an original claim.
    pub days: u32,
    /// From how many days before the deadline a visit is warned about.
    pub warn_days: u32,
    /// Where it is written.
    pub source: Authority,
}

/// Documents before a claim (R23).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Documentation {
    /// The encounter note must be signed.
    pub signed_note: bool,
    /// The note must name a goal of the plan of care (RK62).
    pub plan_goal: bool,
    /// Where it is written.
    pub source: Authority,
}

/// How claims look to this payer: the knobs of its companion guide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimProfile {
    /// ISA07.
    pub receiver_qualifier: String,
    /// ISA08.
    pub receiver_id: PartnerCode,
    /// GS03; the same as ISA08 unless the payer says otherwise.
    pub receiver_code: PartnerCode,
    /// 1000B NM103.
    pub receiver_name: Line55,
    /// 2010BB NM103.
    pub payer_name: Line55,
    /// 2010BB NM109.
    pub payer_id: PartnerCode,
    /// ISA14.
    pub acknowledgment_requested: bool,
    /// SBR09.
    pub claim_filing_code: String,
    /// Delimiters: element, component, repetition, segment terminator.
    pub delimiters: Delimiters,
    /// Whether a line break follows each segment.
    pub line_breaks: bool,
    /// Most claims in one ST/SE.
    pub max_claims_per_set: u32,
    /// Whether PRV*BI is sent.
    pub billing_taxonomy: bool,
    /// When the rendering provider loop is sent.
    pub rendering: RenderingMode,
    /// Whether PRV*PE is sent with it.
    pub rendering_taxonomy: bool,
    /// Where the authorization number stands.
    pub authorization_level: AuthorizationLevel,
    /// How decision lines become claim lines.
    pub rollup: Rollup,
    /// Whether a claim may hold lines of one place of service only.
    pub one_place_per_claim: bool,
    /// What one claim covers.
    #[serde(default, skip_serializing_if = "Period::is_day")]
    pub period: Period,
    /// The knobs of the sections `file`, `parties`, `content` and `lines`.
    #[serde(default, skip_serializing_if = "ClaimForm::is_usual")]
    pub form: Box<ClaimForm>,
    /// Where it is written, such as the payer's companion guide.
    pub source: Option<Authority>,
}

code_list!(
    /// When loop 2310B is sent.
    RenderingMode, "a rendering mode" {
        /// Always.
        Always = "always",
        /// When the rendering NPI is not the billing NPI.
        IfDifferent = "if_different",
        /// Never.
        Never = "never",
        /// Always, with the supervising provider in the peer's place.
        Supervisor = "supervisor",
        /// Always, with the billing provider's name and NPI.
        Agency = "agency",
    }
);

code_list!(
    /// Where REF*G1 stands.
    AuthorizationLevel, "a level of the authorization number" {
        /// Loop 2300: one authorization for each claim.
        Claim = "claim",
        /// Loop 2400: each line names its own.
        Line = "line",
    }
);

code_list!(
    /// How decision lines become claim lines.
    Rollup, "a roll-up" {
        /// One claim line for each decision line.
        None = "none",
        /// One for each date, procedure, modifiers, place and pointers.
        Day = "day",
    }
);

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
    /// Rates by service and date.
    pub rates: Vec<Rate>,
    /// Programs of the organization outside of which services are not billed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<ProgramRule>,
}

/// Services that are billed only where they were given under one of these programs (R28).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramRule {
    /// The services' keys.
    pub services: Vec<Key>,
    /// The programs' keys, as the organization names them.
    pub programs: Vec<Key>,
}

/// A rate line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// The service's key.
    pub service: Key,
    /// The days on which it holds.
    pub span: Span,
    /// What the payer allows for a unit, up to four decimals.
    pub allowed: Decimal,
    /// What the organization charges for a unit, up to four decimals; else the allowance.
    pub charge: Option<Decimal>,
}

impl Pack {
    /// The service with this key.
    pub fn service(&self, key: &Key) -> Option<&Service> {
        self.services.iter().find(|s| s.key == *key)
    }
}

impl Terms {
    /// The rate line of a service on a day.
    pub fn rate(&self, service: &Key, day: NaiveDate) -> Option<&Rate> {
        self.agreement.rates.iter().find(|r| r.service == *service && r.span.covers(day))
    }
}
