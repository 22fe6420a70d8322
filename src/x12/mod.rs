//! The translator: X12 text to typed records and back. Pure: no clock, no files, no database.
//!
//! Bytes go through one lexer on the way in and one segment writer on the way out; both hold one
//! segment or one claim at a time, so memory does not grow with the file. What a fault says always
//! has a place (byte, segment, element, loop) and never a person's data.
//!
//! Authority: ASC X12 005010X222A1 (837P), the guides named in `read` and `respond`, and their
//! appendix B (the envelope and the data types).

pub mod claim_837p;
pub mod eligibility_270;
pub(crate) mod envelope;
mod error;
pub(crate) mod foreign;
mod lexer;
pub mod read;
mod read_back;
pub mod respond;
mod scan;
mod segment;
#[cfg(test)]
mod tests;
mod totals;
pub(crate) mod unfold;
mod writer;

pub use claim_837p::{Offer, Writer837p};
pub use error::{Place, SegmentId, X12Error, X12Fault};
pub use lexer::Lexer;
pub use read_back::{FileSummary, Problem, ProblemKind, read_back};
pub use segment::{Marks, Segment};
pub use totals::Totals;
