//! peerclaims: Medicaid billing and managed-care claims for peer support.
//!
//! The house has rooms and one staircase. A file imports only from the rooms listed for its own;
//! the arrows point down, and `tests/house.rs` checks it.
//!
//! ```text
//! cli, http, worker   front doors    -> flow, reports, config, domain   (cli: all rooms)
//!    flow             the staircase  -> domain, x12, store, exchange, config
//!    reports          reading room   -> domain, store
//!    x12              translator     -> domain
//!    exchange         loading dock   -> domain, config
//!    synth            workshop       -> domain
//!    store            the cellar     -> domain
//!    domain           foundation     -> nothing of ours
//!    metrics          the meter      -> nothing of ours (store, flow, http and worker read and feed it)
//! ```

pub mod cli;
pub mod config;
pub mod domain;
pub mod error;
pub mod exchange;
pub mod flow;
pub mod http;
pub mod metrics;
pub mod reports;
pub mod store;
pub mod synth;
pub mod telemetry;
pub mod worker;
pub mod x12;
