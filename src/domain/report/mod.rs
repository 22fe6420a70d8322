//! What reports are made of: what a visit was known to be ([`fact`]), and the sums of a day ([`day`]).

pub mod bits;
pub mod codec;
pub mod day;
pub mod engagement;
pub mod extract;
pub mod fact;
pub mod issue;
pub mod job;
pub mod over_use;
pub mod pace;
mod packed;
pub mod person;
pub mod suppress;
