//! Is it this payer's: a contract, a coverage in force, and no other payer first (RK69).

use super::context::Context;
use super::table::{RuleId, Said};
use crate::domain::member::Coverage;

const BILLER_ADDS_COVERAGE: &str =
    "Check eligibility at the payer; a biller then records the coverage with its dates.";

/// A contract with the billed payer covers the service date.
pub fn contract(ctx: &Context) -> Vec<Said> {
    if ctx.terms.is_some_and(|t| t.agreement.span.covers(ctx.date)) {
        return vec![];
    }
    let said = Said::new(
        RuleId::ContractNone,
        "/started_at",
        format!("No contract with the billed payer is in force on {}.", ctx.date),
        "An administrator loads the contract version that covers the date, or a biller corrects \
         the member's coverage.",
    );
    vec![said]
}

/// The billed coverage is in force on the service date.
pub fn coverage(ctx: &Context) -> Vec<Said> {
    let Some(billed) = &ctx.facts.billed else {
        let message = "The roster has no coverage of the member.";
        return vec![Said::new(
            RuleId::EligibilityNoCoverage,
            "/member",
            message,
            BILLER_ADDS_COVERAGE,
        )];
    };
    let span = billed.data.span;
    let (message, carc) = match span.to {
        _ if span.covers(ctx.date) => return vec![],
        Some(to) if to < ctx.date => {
            (format!("The member's coverage ended on {to}, before {}.", ctx.date), "27")
        }
        _ => (format!("The member's coverage starts on {}, after {}.", span.from, ctx.date), "26"),
    };
    let said = Said::new(RuleId::EligibilityNotCovered, "/member", message, BILLER_ADDS_COVERAGE);
    vec![said.carc(carc)]
}

/// No other coverage in force pays before the billed one, or in the same place at another payer.
pub fn other_coverage(ctx: &Context) -> Vec<Said> {
    let Some(billed) = &ctx.facts.billed else { return vec![] };
    if ctx.service.is_some_and(|s| s.bypass_other_coverage) {
        return vec![];
    }
    let goes_before = |other: &&Coverage| {
        let same_place =
            other.data.order == billed.data.order && other.data.payer != billed.data.payer;
        other.data.span.covers(ctx.date) && (other.data.order < billed.data.order || same_place)
    };
    let first = ctx.facts.coverages.iter().filter(goes_before).min_by_key(|c| (c.data.order, c.id));
    let Some(first) = first else { return vec![] };
    let how = if first.data.order < billed.data.order {
        format!("pays before this one (order {} and {})", first.data.order, billed.data.order)
    } else {
        format!("has the same order ({}) at another payer", first.data.order)
    };
    let said = Said::new(
        RuleId::CoverageOtherFirst,
        "/member",
        format!("Another coverage of the member, in force on {}, {how}.", ctx.date),
        "A biller bills the other payer first, or ends that coverage or corrects its order on the \
         roster when it is out of date.",
    );
    vec![match ctx.service {
        Some(service) => said.by(&service.source),
        None => said,
    }]
}

#[cfg(test)]
mod tests {
    use crate::domain::decision::Disposition;
    use crate::domain::rules::decide;
    use crate::domain::rules::testing::{Case, carc, coverage, span, split};

    #[test]
    fn rk63_without_a_contract_everything_else_is_still_told() {
        let mut case = Case::with(|c| c.facts.has_address = false);
        let decision = decide(None, &case.facts, &case.encounter);
        let rules: Vec<_> = decision.findings.iter().map(|f| f.rule.as_str()).collect();
        assert_eq!(rules, ["contract.none", "member.no_address"]);
        assert_eq!((decision.disposition, decision.service), (Disposition::Held, None));
        assert!(decision.lines.is_empty() && decision.file_by.is_none());
        case.facts.has_address = true;
        case.terms.agreement.span = span("2026-01-01", Some("2026-06-30"));
        assert_eq!(split(&case.decide()), (0, 4));
        case.only("contract.none");
        case.terms.agreement.span = span("2026-01-01", Some("2026-07-01"));
        assert_eq!(split(&case.decide()), (4, 0));
    }

    #[test]
    fn r2_no_coverage_at_all() {
        let case = Case::with(|c| (c.facts.billed, c.facts.coverages) = (None, vec![]));
        assert_eq!(carc(&case.only("eligibility.no_coverage")), Some("31"));
        assert_eq!(split(&case.decide()), (0, 4));
    }

    #[test]
    fn r2_coverage_holds_on_its_first_and_last_day_only() {
        let on = |from: &str, to: Option<&str>| {
            Case::with(|c| {
                let only = coverage(1, 1, 1, span(from, to));
                (c.facts.billed, c.facts.coverages) = (Some(only.clone()), vec![only]);
            })
        };
        assert!(on("2026-07-01", Some("2026-07-01")).rules().is_empty());
        assert!(on("2026-01-01", None).rules().is_empty());
        let ended = on("2026-01-01", Some("2026-06-30")).only("eligibility.not_covered");
        assert_eq!(carc(&ended), Some("27"));
        let early = on("2026-07-02", None).only("eligibility.not_covered");
        assert_eq!(carc(&early), Some("26"));
        assert!(early.message.contains("2026-07-02"));
    }

    #[test]
    fn rk69_other_coverage_pays_first_unless_it_is_bypassed_or_over() {
        let year = || span("2026-01-01", None);
        let with = |others: &[(i64, i64, u8, Option<&str>)]| {
            Case::with(|c| {
                let billed = coverage(1, 1, 2, year());
                c.facts.billed = Some(billed.clone());
                c.facts.coverages = vec![billed];
                c.facts.coverages.extend(
                    others.iter().map(|o| coverage(o.0, o.1, o.2, span("2026-01-01", o.3))),
                );
            })
        };
        let first = with(&[(2, 2, 1, None)]).only("coverage.other_first");
        assert_eq!(carc(&first), Some("22"));
        with(&[(2, 2, 2, None)]).only("coverage.other_first");
        with(&[(2, 2, 2, Some("2026-07-01"))]).only("coverage.other_first");
        for fine in [(2, 2, 3, None), (2, 1, 2, None), (2, 2, 1, Some("2026-06-30"))] {
            assert!(with(&[fine]).rules().is_empty(), "{fine:?}");
        }
        let mut bypass = with(&[(2, 2, 1, None)]);
        bypass.terms.pack.services[0].bypass_other_coverage = true;
        assert!(bypass.rules().is_empty());
    }
}
