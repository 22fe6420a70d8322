//! What is made of a report, before it is told who asked what.

use super::frame::{Table, Ties};
use crate::domain::enrollment::EnrollmentFile;
use crate::domain::report::day::Control;

/// Rows and checks of a report.
pub struct Built {
    /// The numbers.
    pub table: Table,
    /// What adds up within them.
    pub ties: Ties,
    /// What is held against the claim lines as they are now: units, charge and expected of released
    /// claims; none where the report has no such sums.
    pub released: Option<[i64; 3]>,
    /// Whether a payer is not shown somebody's rows for want of a consent; none where no such rows are.
    /// Never how many: two periods that differ by a day would tell it of one person.
    pub left_out: Option<bool>,
    /// The claim lines as they are now, where they were read with the report.
    pub lines: Option<Control>,
    /// The payer's files of who is enrolled that were read.
    pub enrollment: Vec<EnrollmentFile>,
}

impl Built {
    /// With nobody left out.
    pub fn whole(table: Table, ties: Ties, released: Option<[i64; 3]>) -> Self {
        let enrollment = Vec::new();
        Self { table, ties, released, left_out: None, lines: None, enrollment }
    }
}
