//! The foundation: values and rules, no effects. No clock, no I/O, no async, no database.

pub mod access;
pub mod authorization;
pub mod batch;
pub mod claim;
pub mod codes;
pub mod contract;
pub mod dates;
pub mod decision;
pub mod encounter;
pub mod episode;
pub mod facts;
pub mod finding;
pub mod grouping;
pub mod identifiers;
pub mod ids;
pub mod ledger;
pub mod line;
pub mod member;
pub mod money;
pub mod organization;
pub mod payer;
pub mod peer;
pub mod rules;
pub mod status;
pub mod text;
pub mod units;
