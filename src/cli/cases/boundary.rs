//! Boundaries that cases must stand on: each has a case at least, which a test looks after.

use crate::domain::text::code_list;

code_list!(
    /// A place where rules of time and number break most easily.
    Boundary, "a boundary of the list in docs/cases.md" {
        /// The last day of a month and the first of the next.
        MonthEnd = "month_end",
        /// 29 February.
        LeapDay = "leap_day",
        /// A fiscal year begins while an authorization runs.
        FiscalYearInAuthorization = "fiscal_year_in_authorization",
        /// Clocks are put forward or back.
        ClockChange = "clock_change",
        /// A contact that lasts over midnight, or begins or ends at it.
        Midnight = "midnight",
        /// The first day of a window.
        FirstDayOfWindow = "first_day_of_window",
        /// Its last day.
        LastDayOfWindow = "last_day_of_window",
        /// A group of exactly as many people as are allowed.
        LargestGroup = "largest_group",
        /// A void, later than other visits, that frees units for them.
        LateVoid = "late_void",
        /// An amendment leaves less than is used already.
        AmendedBelowUsed = "amended_below_used",
    }
);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::super::words::CaseFile;
    use super::super::{found, read};
    use super::*;

    #[test]
    fn each_boundary_has_a_case_and_a_line_of_the_page() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let files = found(&[root.join("fixtures/cases")]).unwrap();
        let cases: Vec<CaseFile> =
            files.iter().map(|file| read(file, None).unwrap().unwrap()).collect();
        let stood: BTreeSet<Boundary> = cases.iter().flat_map(|c| c.boundaries.clone()).collect();
        assert_eq!(stood, Boundary::ALL.iter().copied().collect());
        let docs = include_str!("../../../docs/cases.md");
        for boundary in Boundary::ALL {
            assert!(docs.contains(&format!("| `{boundary}` |")), "{boundary}");
        }
        assert!(
            toml::from_str::<CaseFile>(
                "title = \"\"\npack = \"\"\nstep = []\nboundaries = [\"noon\"]"
            )
            .is_err()
        );
    }
}
