//! What lines are worth, against the rules of prices.

use crate::domain::contract::Exceed::BillUpTo;
use crate::domain::contract::{Copay, InForce, When};
use crate::domain::rules::testing::{Case, decimal, key, limit, rate, source, span, split, usage};
use crate::domain::windows::Window::Day;

#[test]
fn rk63_the_rate_of_the_service_date_counts() {
    let case = Case::with(|c| {
        let mut before = rate("peer", "10", None);
        before.span = span("2026-01-01", Some("2026-06-30"));
        let mut after = rate("peer", "12.5", None);
        after.span = span("2026-07-01", None);
        c.terms.agreement.rates = vec![before, after];
    });
    assert!(case.rules().is_empty());
    assert_eq!(case.decide().lines[0].expected.to_string(), "50.00");
}

#[test]
fn rk63_without_a_rate_it_is_held_at_nothing() {
    let case = Case::with(|c| {
        c.terms.agreement.rates[0].span = span("2026-01-01", Some("2026-06-30"));
    });
    case.only("rate.none");
    let line = case.decide().lines.remove(0);
    assert_eq!((line.unit_rate, line.expected.cents()), (None, 0));
    assert_eq!(split(&case.decide()), (0, 4));
}

#[test]
fn rk64_expected_is_the_lesser_of_charge_and_allowance_rounded_once() {
    let with = |allowed, charge| {
        let case = Case::with(|c| {
            c.terms.agreement.rates = vec![rate("peer", allowed, charge)];
        });
        let line = case.decide().lines.remove(0);
        (line.charge.to_string(), line.expected.to_string())
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(with("20", Some("25")), pair("100.00", "80.00"));
    assert_eq!(with("20", Some("15")), pair("60.00", "60.00"));
    // 4 units of 11.9762 are 47.9048; rounded by the unit they would be 47.92.
    assert_eq!(with("11.9762", None), pair("47.90", "47.90"));
    assert_eq!(with("0.00125", None), pair("0.01", "0.01"));
}

#[test]
fn rk64_each_line_is_rounded_for_itself() {
    let case = Case::with(|c| {
        c.terms.agreement.rates = vec![rate("peer", "0.125", None)];
        c.terms.pack.limits = vec![limit("cap", "6", Day, BillUpTo)];
        c.facts.usage = vec![usage("2026-07-01", None, 5)];
    });
    let lines = case.decide().lines;
    assert_eq!((lines[0].units, lines[0].expected.to_string().as_str()), (1, "0.13"));
    assert_eq!((lines[1].units, lines[1].expected.to_string().as_str()), (3, "0.38"));
}

#[test]
fn rk63_an_amount_that_no_claim_can_carry_is_held() {
    let case = Case::with(|c| {
        c.terms.agreement.rates = vec![rate("peer", "79228162514264337593543950335", None)];
    });
    case.only("rate.too_large");
    assert_eq!(split(&case.decide()), (0, 4));
}

fn expected(case: &Case) -> String {
    case.decide().lines[0].expected.to_string()
}

#[test]
fn rk63_a_rate_may_be_for_a_product_a_program_or_a_region() {
    // The shape of New York: rates differ by region, which the organization's program tells.
    let mut upstate = rate("peer", "18", None);
    upstate.when = When { programs: vec![key("upstate")], ..When::default() };
    let mut waiver = rate("peer", "25", None);
    waiver.when =
        When { programs: vec![key("upstate")], products: vec![key("waiver")], ..When::default() };
    let mut case = Case::with(|c| c.terms.agreement.rates.extend([upstate, waiver]));
    assert_eq!(expected(&case), "80.00");
    case.encounter.program = Some(key("upstate"));
    assert_eq!(expected(&case), "72.00");
    case.facts.billed.as_mut().unwrap().data.product = Some(key("waiver"));
    assert_eq!(expected(&case), "100.00");
}

#[test]
fn rk64_what_another_payer_accepts_may_be_the_least() {
    // The shape of Massachusetts: the lowest of charge, another payer's amount, and the rate.
    let with = |charge, elsewhere: &str| {
        Case::with(|c| {
            c.terms.agreement.rates = vec![rate("peer", "20", charge)];
            c.terms.agreement.rates[0].accepted_elsewhere = Some(decimal(elsewhere));
        })
    };
    assert_eq!(expected(&with(None, "18.50")), "74.00");
    assert_eq!(expected(&with(None, "21")), "80.00");
    assert_eq!(expected(&with(Some("17"), "18.50")), "68.00");
}

#[test]
fn rk65_the_members_share_of_each_unit_is_not_expected_of_the_payer() {
    // The shape of Pennsylvania: 0.65 a unit outside of managed care.
    let mut case = Case::with(|c| {
        c.terms.pack.copays = vec![Copay {
            key: key("share"),
            services: vec![key("peer")],
            per_unit: decimal("0.65"),
            when: When { products: vec![key("fee-for-service")], ..When::default() },
            days: InForce::default(),
            source: source("copay"),
        }];
    });
    assert_eq!(expected(&case), "80.00");
    case.facts.billed.as_mut().unwrap().data.product = Some(key("fee-for-service"));
    assert_eq!(expected(&case), "77.40");
    assert_eq!(case.decide().lines[0].charge.to_string(), "80.00");
    // Below nothing it never falls, and the lesser of charge and allowance comes first.
    case.terms.agreement.rates = vec![rate("peer", "20", Some("10"))];
    assert_eq!(expected(&case), "37.40");
    case.terms.pack.copays[0].per_unit = decimal("11");
    assert_eq!(expected(&case), "0.00");
}
