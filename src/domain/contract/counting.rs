//! How minutes become units: rounding, and what is summed before it (RK12, RK14).

use crate::domain::text::code_list;

code_list!(
    /// How minutes become units (RK12; `docs/definitions.md` section 3).
    Rounding, "a rounding" {
        /// Whole units only.
        Floor = "floor",
        /// Every begun unit.
        Ceiling = "ceiling",
        /// To the nearest unit, ties up.
        Nearest = "nearest",
        /// A unit when more than half of it is used.
        Midpoint = "midpoint",
        /// A remainder of 8 or more minutes counts; for 15-minute units only.
        EightMinute = "eight_minute",
    }
);

code_list!(
    /// Over what minutes are summed before they are rounded (RK14).
    #[derive(Default)]
    SumOver, "what minutes are summed over" {
        /// Each contact by itself.
        #[default]
        Contact = "contact",
        /// The contacts of a day that would stand on one claim line.
        Day = "day",
    }
);

impl SumOver {
    /// Whether each contact is rounded by itself.
    pub fn is_contact(&self) -> bool {
        *self == Self::Contact
    }
}
