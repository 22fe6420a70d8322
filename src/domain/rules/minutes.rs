//! Do the minutes make a unit (RK12, RK15)?

use super::context::Context;
use super::day::Day;
use super::table::{RuleId, Said};
use crate::domain::contract::Service;

/// At least one unit.
pub fn below_one_unit(ctx: &Context) -> Vec<Said> {
    let Some(service) = ctx.service.filter(|_| ctx.units() == Some(0)) else { return vec![] };
    if let Some(said) = below_minimum(ctx, service) {
        return vec![said];
    }
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
    vec![said.by(service.written("unit_minutes"))]
}

/// The minutes make units, and are fewer than the payer wants before it pays any (RK13).
fn below_minimum(ctx: &Context, service: &Service) -> Option<Said> {
    let (what, minutes) = match Day::of(ctx) {
        None => ("The visit", ctx.minutes),
        Some(day) => ("The day", day.minutes()),
    };
    if minutes >= service.min_minutes {
        return None;
    }
    let said = Said::new(
        RuleId::BelowMinimumTime,
        "/ended_at",
        format!(
            "{what} has {minutes} minutes; the payer pays nothing below {} minutes.",
            service.min_minutes
        ),
        "Nothing is to be done, unless the peer recorded a wrong start or end.",
    );
    Some(said.by(service.written("min_minutes")))
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
    fn rk13_nothing_is_billed_below_the_minimum_time() {
        // The shape of Mississippi: at least one hour, then units of actual time.
        let lasting = |end| {
            Case::with(|c| {
                c.encounter.ended_at = t(end);
                c.terms.pack.services[0].min_minutes = 60;
            })
        };
        let short = lasting("2026-07-01T13:59:00Z");
        assert!(short.only("below_minimum_time").message.contains("59 minutes"));
        assert_eq!(short.decide().disposition, Disposition::NonBillable);
        assert_eq!(split(&lasting("2026-07-01T14:00:00Z").decide()), (4, 0));
        assert_eq!(split(&lasting("2026-07-01T14:15:00Z").decide()), (5, 0));
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
