//! Contracts as data: the model, and the reader that makes it from TOML packs and JSON alike.
//!
//! The layout, key by key, is in `docs/contracts.md`.

pub mod bind;
mod claim_profile;
mod condition;
mod copay;
mod counting;
mod delimiters;
pub mod fault;
mod filing;
mod fixed_end;
pub mod form;
mod group;
mod in_force;
mod known;
mod layer;
mod limit;
pub mod model;
mod modifier_rule;
mod nearest;
mod node;
mod node_json;
mod node_toml;
pub mod read;
mod read_agreement;
mod read_condition;
mod read_overrides;
mod read_profile;
mod read_rules;
mod read_service;
mod read_wanted;
mod read_window;
mod reader;
pub mod retell;
pub mod schema;
mod source_of;
mod table;
#[cfg(test)]
mod tests;
mod unknown;
pub mod versions;
mod when;

pub use bind::{bind, gaps, line_of, terms_from_json, terms_from_toml};
pub use claim_profile::{AuthorizationLevel, ClaimProfile, RenderingMode, Rollup};
pub use condition::{Answer, Condition, Demand, Wanted};
pub use copay::{Copay, Share};
pub use delimiters::Delimiters;
pub use fault::{Fault, Place};
pub use filing::{Filing, FilingAnchor};
pub use fixed_end::{FixedEnd, Years};
pub use form::{ClaimForm, OwnForm};
pub use group::GroupRule;
pub use in_force::InForce;
pub use layer::{Adjusted, Adjustment, Direction, Layer};
pub use limit::{Exceed, Limit, LimitScope};
pub use model::*;
pub use modifier_rule::{ModifierRule, Stacking};
pub use node::{MAX_DEPTH, MAX_INPUT_BYTES, MAX_KEY_BYTES, MAX_NODES};
pub use read::{agreement_from_json, agreement_from_toml, pack_from_json, pack_from_toml};
pub use read_overrides::Overridable;
pub use reader::MAX_FAULTS;
pub use source_of::SourceOf;
pub use unknown::{UNKNOWN, Unknown};
pub use versions::{VersionHead, in_force, may_add};
pub use when::When;
