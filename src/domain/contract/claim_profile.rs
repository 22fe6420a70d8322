//! How claims look to a payer: the knobs of its companion guide.

use serde::{Deserialize, Serialize};

use super::delimiters::Delimiters;
use super::form::ClaimForm;
use super::form::kinds::Send;
use super::source_of::SourceOf;
use crate::domain::codes::PlaceOfService;
use crate::domain::finding::Authority;
use crate::domain::identifiers::{Line55, PartnerCode};
use crate::domain::ids::PeerId;
use crate::domain::period::Period;
use crate::domain::text::code_list;

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
    /// Where single values are written, if elsewhere.
    #[serde(default, skip_serializing_if = "SourceOf::is_empty")]
    pub source_of: SourceOf,
}

impl ClaimProfile {
    /// Whether a claim of services at `place` says which peer gave them, or whose supervision they
    /// were under. Where it does not, the visits of several peers are alike to the payer, and claims
    /// apart would look like duplicates (`docs/definitions.md` section 5, "Grouping").
    pub fn names_peer(&self, place: &PlaceOfService) -> bool {
        let here = self.rendering == RenderingMode::Never
            && self.form.content.rendering_places.contains(place);
        here || self.names_peers_everywhere()
    }

    /// Whether every claim says so, whatever the place.
    pub fn names_peers_everywhere(&self) -> bool {
        !matches!(self.rendering, RenderingMode::Never | RenderingMode::Agency)
            || self.form.content.supervising != Send::Never
            || self.form.lines.rendering == Send::Required
    }

    /// Whether what comes after its claim waits for that to be replaced: a second original for the same
    /// period, or for a day and procedure that are one line to this payer, is denied as a duplicate.
    pub fn claims_once(&self) -> bool {
        !self.period.is_day() || self.rollup == Rollup::Day
    }

    /// Whether visits of these peers at `place` may stand on one claim.
    pub fn unites(&self, place: &PlaceOfService, one: PeerId, other: PeerId) -> bool {
        one == other || !self.names_peer(place)
    }
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
