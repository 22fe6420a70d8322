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
mod database;
mod errors;
mod health;
mod idempotency;
mod probe;
