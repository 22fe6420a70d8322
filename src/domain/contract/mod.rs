//! Contracts as data: the model, and the reader that makes it from TOML packs and JSON alike.

pub mod model;
pub mod versions;

pub use model::*;
pub use versions::{VersionHead, in_force, may_add};
