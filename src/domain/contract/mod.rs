//! Contracts as data: the model, and the reader that makes it from TOML packs and JSON alike.
//!
//! The layout, key by key, is in `docs/contracts.md`.

pub mod bind;
mod delimiters;
pub mod fault;
pub mod form;
mod group;
mod known;
mod limit;
pub mod model;
mod nearest;
mod node;
mod node_json;
mod node_toml;
pub mod read;
mod read_agreement;
mod read_overrides;
mod read_profile;
mod read_rules;
mod read_service;
mod read_window;
mod reader;
mod table;
#[cfg(test)]
mod tests;
pub mod versions;

pub use bind::{bind, gaps, terms_from_json, terms_from_toml};
pub use delimiters::Delimiters;
pub use fault::{Fault, Place};
pub use form::ClaimForm;
pub use group::GroupRule;
pub use limit::{Exceed, Limit, LimitScope};
pub use model::*;
pub use node::{MAX_DEPTH, MAX_INPUT_BYTES, MAX_KEY_BYTES, MAX_NODES};
pub use read::{agreement_from_json, agreement_from_toml, pack_from_json, pack_from_toml};
pub use read_overrides::Overridable;
pub use reader::MAX_FAULTS;
pub use versions::{VersionHead, in_force, may_add};
