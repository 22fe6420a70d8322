//! Contracts as data: the model, and the reader that makes it from TOML packs and JSON alike.

pub mod model;

pub use model::*;
