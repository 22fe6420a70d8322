//! Do the minutes make a unit (RK12, RK15)?

use super::context::Context;
use super::day::Day;
use super::table::{RuleId, Said};

/// At least one unit.
pub fn below_one_unit(ctx: &Context) -> Vec<Said> {
    let Some(service) = ctx.service.filter(|_| ctx.units() == Some(0)) else { return vec![] };
    let (what, minutes) = match Day::of(ctx) {
        None => ("", ctx.minutes),
        Some(day) => ("In all visits of the day, ", day.minutes()),
    };
    let said = Said::new(
        RuleId::BelowOneUnit,
        "/ended_at",
        format!(
            "{what}{minutes} minutes make less than one unit of {} minutes (rounding: {}).",
            service.unit_minutes, service.rounding
        ),
        "Nothing is to be done, unless the peer recorded a wrong start or end.",
    );
    vec![said.by(&service.source)]
}

#[cfg(test)]
mod tests {
    use crate::domain::decision::Disposition;
    use crate::domain::rules::testing::{Case, split, t};

    #[test]
    fn rk15_zero_units_are_never_claimed() {
        let lasting = |end| Case::with(|c| c.encounter.ended_at = t(end));
        let short = lasting("2026-07-01T13:07:59Z");
        short.only("below_one_unit");
        assert_eq!(short.decide().disposition, Disposition::NonBillable);
        assert!(short.decide().lines.is_empty());
        assert_eq!(split(&lasting("2026-07-01T13:08:00Z").decide()), (1, 0));
    }

    #[test]
    fn rk15_zero_units_win_over_holds() {
        let case = Case::with(|c| {
            c.encounter.ended_at = t("2026-07-01T13:05:00Z");
            c.facts.billed = None;
        });
        assert_eq!(case.rules(), ["eligibility.no_coverage", "below_one_unit"]);
        assert_eq!(case.decide().disposition, Disposition::NonBillable);
    }
}
