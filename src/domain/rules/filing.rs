//! When must it be filed (RK66)?

use chrono::NaiveDate;

use super::context::Context;
use super::table::{RuleId, Said};
use crate::domain::dates::day_after;

/// Last day on which the claim can be delivered; the service date is day 0.
pub fn file_by(ctx: &Context) -> Option<NaiveDate> {
    ctx.terms.map(|t| day_after(ctx.date, t.pack.filing.days))
}

/// The deadline has not passed in the organization's zone; on its day it is still in time.
pub fn deadline(ctx: &Context) -> Vec<Said> {
    let (Some(terms), Some(file_by)) = (ctx.terms, file_by(ctx)) else { return vec![] };
    let filing = &terms.pack.filing;
    let today = ctx.facts.zone.date_of(ctx.facts.as_of);
    let left = (file_by - today).num_days();
    let said = if left < 0 {
        Said::new(
            RuleId::FilingLate,
            "/started_at",
            format!("The filing deadline was {file_by}, {} days after {}.", filing.days, ctx.date),
            "A biller asks the payer for an exception if there is a reason that the payer accepts.",
        )
    } else if left <= i64::from(filing.warn_days) {
        Said::new(
            RuleId::FilingSoon,
            "/started_at",
            format!("The claim must be delivered by {file_by}; days left: {left}."),
            "A biller batches and delivers it in time.",
        )
    } else {
        return vec![];
    };
    vec![said.by(&filing.source)]
}

#[cfg(test)]
mod tests {
    use crate::domain::rules::testing::{Case, carc, d, split, t};

    fn seen_at(time: &str) -> Case {
        Case::with(|c| {
            (c.terms.pack.filing.days, c.terms.pack.filing.warn_days) = (90, 10);
            c.facts.as_of = t(time);
        })
    }

    #[test]
    fn rk66_in_time_through_the_deadline_day_of_the_organizations_zone() {
        // 90 days after 1 July 2026 is 29 September; New York is four hours behind UTC.
        let last_minute = seen_at("2026-09-30T03:59:59Z");
        assert_eq!(last_minute.decide().file_by, Some(d("2026-09-29")));
        assert!(last_minute.only("filing.soon").message.contains("days left: 0."));
        assert_eq!(split(&last_minute.decide()), (4, 0));
        let late = seen_at("2026-09-30T04:00:00Z");
        assert_eq!(carc(&late.only("filing.late")), Some("29"));
        assert_eq!(split(&late.decide()), (0, 4));
    }

    #[test]
    fn rk66_the_warning_starts_on_its_day() {
        assert!(seen_at("2026-09-18T12:00:00Z").rules().is_empty());
        seen_at("2026-09-19T12:00:00Z").only("filing.soon");
    }
}
