//! The API as its callers see it: a real server, a database of its own for each test, each test on
//! both databases.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that fails by panicking is what tests are"
)]

mod access;
mod app;
mod bad_input;
mod batches;
mod bulk;
mod bulk_killed;
mod changes;
mod database;
mod edi;
mod encounters;
mod episodes;
mod errors;
mod health;
mod history;
mod idempotency;
mod ledger;
mod locks;
mod probe;
mod reference_contracts;
mod reference_crud;
mod reference_faults;
mod reference_import;
mod reference_samples;
mod reference_walls;
mod reports;
mod storm;
mod versions;
mod walls;
mod world;
