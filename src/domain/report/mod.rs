//! What reports are made of: what a visit was known to be ([`fact`]), and the sums of a day ([`day`]).

pub mod codec;
pub mod day;
pub mod fact;
pub mod issue;
