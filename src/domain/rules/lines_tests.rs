//! What lines are worth, against the rules of prices.

use crate::domain::codes::Mode;
use crate::domain::contract::Exceed::BillUpTo;
use crate::domain::contract::{
    Copay, InForce, ModifierRule, Rollup, Share, Stacking, SumOver, When,
};
use crate::domain::day_sum::{DayFact, Piece, SummedState, SummedVisit};
use crate::domain::decision::DecisionLine;
use crate::domain::facts::{Copaid, OnLine};
use crate::domain::identifiers::Key;
use crate::domain::ids::EncounterId;
use crate::domain::money::Money;
use crate::domain::rules::testing::{
    Case, d, decimal, key, limit, modifiers, rate, source, span, split, t, usage,
};
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
            share: Share::PerUnit(decimal("0.65")),
            when: When { products: vec![key("fee-for-service")], ..When::default() },
            days: InForce::default(),
            layer: None,
            agreement: None,
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
    case.terms.pack.copays[0].share = Share::PerUnit(decimal("11"));
    assert_eq!(expected(&case), "0.00");
}

/// A copay of the only service.
fn copay(name: &str, share: Share) -> Copay {
    Copay {
        key: key(name),
        services: vec![key("peer")],
        share,
        when: When::default(),
        days: InForce::default(),
        layer: None,
        agreement: None,
        source: source("copay"),
    }
}

fn dollars(text: &str) -> Money {
    Money::parse(text).unwrap()
}

/// What the member pays and what is expected, line by line.
fn taken(case: &Case) -> Vec<(String, String)> {
    let lines = case.decide().lines;
    let paid = |l: &DecisionLine| l.copays.iter().map(|c| c.amount).sum::<Money>().to_string();
    lines.iter().map(|l| (paid(l), l.expected.to_string())).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[test]
fn rk65_a_share_of_a_visit_is_paid_once_however_many_lines_it_makes() {
    // The shape of Oklahoma: three dollars.
    let mut case = Case::with(|c| {
        c.terms.pack.copays = vec![copay("fee", Share::PerVisit(dollars("3.00")))];
    });
    assert_eq!(taken(&case), pairs(&[("3.00", "77.00")]));
    assert_eq!(case.decide().lines[0].unit_rate, Some(decimal("20")));
    case.terms.pack.limits = vec![limit("daily", "3", Day, BillUpTo)];
    assert_eq!(taken(&case), pairs(&[("3.00", "57.00"), ("0.00", "20.00")]));
    // What a line is not worth the next one pays; below nothing none falls.
    case.terms.pack.copays[0].share = Share::PerVisit(dollars("70.00"));
    assert_eq!(taken(&case), pairs(&[("60.00", "0.00"), ("10.00", "10.00")]));
    case.terms.pack.copays[0].share = Share::PerVisit(dollars("900.00"));
    assert_eq!(taken(&case), pairs(&[("60.00", "0.00"), ("20.00", "0.00")]));
    // A share of each unit is in the price; two flat ones stand beside each other.
    case.terms.pack.limits.clear();
    let of = |name, text| copay(name, Share::PerVisit(dollars(text)));
    let unit = copay("unit", Share::PerUnit(decimal("0.65")));
    case.terms.pack.copays = vec![of("a", "1.00"), unit, of("b", "2.50")];
    assert_eq!(taken(&case), pairs(&[("3.50", "73.90")]));
    let keys: Vec<Key> = case.decide().lines[0].copays.iter().map(|c| c.key.clone()).collect();
    assert_eq!(keys, [key("a"), key("b")]);
    // Without a rate there is nothing to take from.
    case.terms.agreement.rates.clear();
    assert_eq!(taken(&case), pairs(&[("0.00", "0.00")]));
}

#[test]
fn rk65_a_share_is_paid_with_one_visit_of_a_day_or_of_a_claim_line() {
    let paid = |name: &str, case: &Case| {
        let own = case.decide().lines.remove(0);
        let (modifiers, place) = (own.modifiers, own.place);
        let line = OnLine { service: key("peer"), modifiers, place, units: 1 };
        Copaid { key: key(name), line, together: true }
    };
    let mut case = Case::with(|c| {
        c.terms.pack.copays = vec![copay("fee", Share::PerDay(dollars("3.00")))];
    });
    case.facts.copaid = vec![paid("other", &case)];
    assert_eq!(expected(&case), "77.00");
    let mut another = paid("fee", &case);
    (another.together, another.line.service) = (false, key("other"));
    case.facts.copaid = vec![another.clone()];
    assert_eq!(expected(&case), "80.00");
    // For a visit each of the day's pays, unless a claim line states both.
    case.terms.pack.copays[0].share = Share::PerVisit(dollars("3.00"));
    case.facts.copaid = vec![paid("fee", &case)];
    assert_eq!(expected(&case), "77.00");
    case.terms.pack.claim.rollup = Rollup::Day;
    assert_eq!(expected(&case), "80.00");
    let bent: [fn(&mut Copaid); 5] = [
        |c| c.together = false,
        |c| c.line.service = key("other"),
        |c| c.line.modifiers.clear(),
        |c| c.line.place = "12".parse().unwrap(),
        |c| c.key = key("other"),
    ];
    for bend in bent {
        let mut apart = paid("fee", &case);
        bend(&mut apart);
        case.facts.copaid = vec![apart];
        assert_eq!(expected(&case), "77.00");
    }
}

#[test]
fn rk65_the_visits_of_a_days_sum_pay_as_one() {
    let mut case = Case::with(|c| {
        c.terms.pack.services[0].sum_over = SumOver::Day;
        c.terms.pack.copays = vec![copay("fee", Share::PerVisit(dollars("30.00")))];
    });
    assert_eq!(taken(&case), pairs(&[("30.00", "50.00")]));
    // One before of a unit: it paid what it is worth, and this one pays the rest.
    let other = |start: &str| SummedVisit {
        encounter: EncounterId::from_i64(77),
        started_at: t(start),
        minutes: 15,
        state: SummedState::Counted,
        ready: vec![Piece { units: 1, authorization: None }],
        held: 0,
    };
    let fact = |start: &str| DayFact { others: vec![other(start)], ..DayFact::default() };
    case.facts.day = Some(fact("2026-07-01T08:00:00Z"));
    assert_eq!(taken(&case), pairs(&[("10.00", "70.00")]));
    // One after it: this one pays all.
    case.facts.day = Some(fact("2026-07-01T20:00:00Z"));
    assert_eq!(taken(&case), pairs(&[("30.00", "50.00")]));
}

#[test]
fn rk06_rk63_a_rate_whose_modifier_rule_ended_is_no_answer_and_the_general_rate_neither() {
    let rule = |to: Option<&str>, mode: Mode| ModifierRule {
        key: key("rural"),
        services: vec![key("peer")],
        add: modifiers(&["TN"]),
        when: When { modes: vec![mode], ..When::default() },
        days: InForce { from: None, to: to.map(d) },
        percent: None,
        stacking: Stacking::Unknown,
        source: source("modifiers"),
    };
    let with = |to: Option<&str>, mode: Mode, rates: &[&str]| {
        Case::with(|c| {
            c.terms.pack.modifiers = vec![rule(to, mode)];
            let mut grid = rate("peer", "25", None);
            grid.modifiers = modifiers(&["TN"]);
            grid.span = span("2026-01-01", rates.first().copied());
            c.terms.agreement.rates.push(grid);
        })
    };
    let here = Mode::InPerson;
    assert_eq!(expected(&with(Some("2026-07-01"), here, &[])), "100.00");
    // The day after its last: neither price is silently taken.
    let over = with(Some("2026-06-30"), here, &[]);
    let said = over.only("rate.unclear").message;
    assert!(
        said.contains("with TN") && said.contains("'rural'") && said.contains("2026-06-30"),
        "{said}"
    );
    assert_eq!(split(&over.decide()), (0, 4));
    // With the rate ended, too, the general one holds; so it does for visits the rule was never for.
    assert_eq!(expected(&with(Some("2026-06-30"), here, &["2026-06-30"])), "80.00");
    assert_eq!(expected(&with(Some("2026-06-30"), Mode::Video, &[])), "80.00");
    // A rule that is still to come changes nothing yet.
    let mut later = with(None, here, &[]);
    later.terms.pack.modifiers[0].days.from = Some(d("2026-07-02"));
    assert_eq!(expected(&later), "80.00");
    // Where another rule gives the modifier on, its rate holds.
    let mut two = with(Some("2026-06-30"), here, &[]);
    two.terms.pack.modifiers.push(ModifierRule { key: key("still"), ..rule(None, here) });
    assert_eq!(expected(&two), "100.00");
}
