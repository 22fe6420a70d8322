//! When must it be filed (RK66)?

use chrono::NaiveDate;

use super::context::Context;
use super::table::{RuleId, Said};
use crate::domain::contract::FilingAnchor;

/// Last day on which the claim can be delivered. The clock runs from the service date, or from a later
/// anchor that the payer names, that is on record, and that has come: nothing is known of a day ahead.
pub fn file_by(ctx: &Context) -> Option<NaiveDate> {
    let terms = ctx.terms?;
    let today = ctx.facts.zone.date_of(ctx.facts.as_of);
    let anchor = |named| {
        let day = match named {
            FilingAnchor::ProviderNumber => terms.agreement.provider_number_issued,
            FilingAnchor::CoverageKnown => ctx.facts.billed.as_ref().and_then(|b| b.data.known_on),
        };
        day.filter(|day| *day <= today)
    };
    Some(terms.pack.filing.last_day(ctx.date, anchor))
}

/// The deadline has not passed in the organization's zone; on its day it is still in time.
pub fn deadline(ctx: &Context) -> Vec<Said> {
    let (Some(terms), Some(file_by)) = (ctx.terms, file_by(ctx)) else { return vec![] };
    if ctx.facts.corrects {
        // The claim that it corrects was in time; payers have other clocks for corrections.
        return vec![];
    }
    let filing = &terms.pack.filing;
    let today = ctx.facts.zone.date_of(ctx.facts.as_of);
    let left = (file_by - today).num_days();
    let said = if left < 0 {
        Said::new(
            RuleId::FilingLate,
            "/started_at",
            format!("The filing deadline was {file_by}: {} for {}.", filing.length(), ctx.date),
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
    use crate::domain::contract::FilingAnchor;
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
    fn rk66_the_later_of_anchors_counts_and_a_stop_ends_it() {
        // The shape of Texas: 95 days from the visit or the provider number, 365 at the latest.
        let mut case = seen_at("2027-06-01T12:00:00Z");
        case.terms.pack.filing.days = 95;
        case.terms.pack.filing.later_of = vec![FilingAnchor::ProviderNumber];
        case.terms.pack.filing.stop_days = Some(365);
        let by = |case: &Case| case.decide().file_by.unwrap().to_string();
        assert_eq!(by(&case), "2026-10-04");
        case.terms.agreement.provider_number_issued = Some(d("2026-06-01"));
        assert_eq!(by(&case), "2026-10-04");
        case.terms.agreement.provider_number_issued = Some(d("2026-12-01"));
        assert_eq!(by(&case), "2027-03-06");
        case.terms.agreement.provider_number_issued = Some(d("2027-06-01"));
        assert_eq!(by(&case), "2027-07-01");
        // Six months from the day on which the right payer became known: the shape of Minnesota.
        let filing = &mut case.terms.pack.filing;
        (filing.days, filing.months, filing.stop_days) = (0, 6, None);
        filing.later_of = vec![FilingAnchor::CoverageKnown];
        assert_eq!(by(&case), "2027-01-01");
        case.facts.billed.as_mut().unwrap().data.known_on = Some(d("2026-08-31"));
        assert_eq!(by(&case), "2027-02-28");
    }

    #[test]
    fn rk66_an_anchor_that_has_not_come_moves_nothing() {
        let mut case = seen_at("2026-09-30T03:59:59Z");
        case.terms.pack.filing.days = 95;
        case.terms.pack.filing.later_of =
            vec![FilingAnchor::ProviderNumber, FilingAnchor::CoverageKnown];
        let by = |case: &Case| case.decide().file_by.unwrap().to_string();
        case.terms.agreement.provider_number_issued = Some(d("2026-09-30"));
        case.facts.billed.as_mut().unwrap().data.known_on = Some(d("2099-01-01"));
        assert_eq!(by(&case), "2026-10-04");
        // A second later it is the 30th in the organization's zone.
        case.facts.as_of = t("2026-09-30T04:00:00Z");
        assert_eq!(by(&case), "2027-01-03");
    }

    #[test]
    fn rk66_the_stop_ends_it_on_a_weekend_too() {
        let mut case = seen_at("2026-07-02T12:00:00Z");
        let filing = &mut case.terms.pack.filing;
        (filing.days, filing.stop_days, filing.next_business_day) = (95, Some(95), true);
        // 4 October 2026 is a Sunday.
        assert_eq!(case.decide().file_by, Some(d("2026-10-04")));
        case.terms.pack.filing.stop_days = Some(96);
        assert_eq!(case.decide().file_by, Some(d("2026-10-05")));
    }

    #[test]
    fn rk66_a_deadline_on_a_weekend_or_holiday_moves_to_the_next_business_day() {
        let mut case = seen_at("2026-07-02T12:00:00Z");
        let by = |case: &Case| case.decide().file_by.unwrap().to_string();
        // 4 October 2026 is a Sunday.
        case.terms.pack.filing.days = 95;
        assert_eq!(by(&case), "2026-10-04");
        case.terms.pack.filing.next_business_day = true;
        assert_eq!(by(&case), "2026-10-05");
        case.terms.pack.filing.holidays = vec![d("2026-10-05"), d("2026-10-06")];
        assert_eq!(by(&case), "2026-10-07");
        case.terms.pack.filing.days = 96;
        case.terms.pack.filing.holidays.remove(0);
        assert_eq!(by(&case), "2026-10-05");
    }

    #[test]
    fn rk66_the_warning_starts_on_its_day() {
        assert!(seen_at("2026-09-18T12:00:00Z").rules().is_empty());
        seen_at("2026-09-19T12:00:00Z").only("filing.soon");
    }
}
