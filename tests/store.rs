//! The store on both databases: migrations up and down, the tables against `schema.rs`, and rows
//! that come back as they went in and never cross from one tenant to another.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that fails by panicking is what tests are"
)]

#[allow(dead_code, reason = "shared with the tests of the API")]
#[path = "api/database.rs"]
mod database;
#[path = "store/plans.rs"]
mod plans;
#[path = "store/reference.rs"]
mod reference;
#[path = "store/schema.rs"]
mod schema;
#[path = "store/statistics.rs"]
mod statistics;

use database::Database;

/// Runs a test on both databases.
macro_rules! on_both_databases {
    ($($name:ident)+) => {
        $(
            mod $name {
                #[test]
                fn sqlite() {
                    super::$name(&crate::Database::sqlite());
                }

                #[test]
                fn postgres() {
                    if let Some(database) = crate::Database::postgres() {
                        super::$name(&database);
                    }
                }
            }
        )+
    };
}
pub(crate) use on_both_databases;
