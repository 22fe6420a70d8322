//! Is the product line known where the contract asks for it (RK51)?
//!
//! What asks for product lines does not apply to a coverage of another one. Of a coverage that names
//! none nobody can say whether it applies, so the visit waits instead of being billed as the others.

use super::context::Context;
use super::table::{RuleId, Said};
use crate::domain::contract::{Answer, InForce, Rate, When};
use crate::domain::identifiers::Key;

/// Nothing in force for the visit hinges on a product line that the billed coverage does not name.
pub fn known(ctx: &Context) -> Vec<Said> {
    let (Some(terms), Some(service), Some(seen)) = (ctx.terms, ctx.service, ctx.seen()) else {
        return vec![];
    };
    if ctx.facts.billed.is_none() {
        return vec![];
    }
    let hinges = |services: &[Key], days: &InForce, when: &When| {
        services.contains(&service.key) && days.covers(ctx.date) && seen.hinges_on_product(when)
    };
    let rate = |r: &&Rate| {
        r.service == service.key
            && r.span.covers(ctx.date)
            && r.modifiers.iter().all(|m| ctx.form.modifiers.contains(m))
            && seen.hinges_on_product(&r.when)
    };
    let pack = &terms.pack;
    // What only warns would warn at most.
    let mut conditions = pack.conditions.iter().filter(|c| c.answer == Answer::Hold);
    let what = if let Some(c) = conditions.find(|c| hinges(&c.services, &c.days, &c.when)) {
        format!("the condition '{}'", c.key)
    } else if let Some(m) = pack.modifiers.iter().find(|m| hinges(&m.services, &m.days, &m.when)) {
        format!("the modifier rule '{}'", m.key)
    } else if let Some(c) = pack.copays.iter().find(|c| hinges(&c.services, &c.days, &c.when)) {
        format!("the copay '{}'", c.key)
    } else if terms.agreement.rates.iter().any(|r| rate(&r)) {
        format!("the rate of '{}'", service.key)
    } else {
        return vec![];
    };
    let said = Said::new(
        RuleId::ProductUnknown,
        "/member",
        format!("The member's coverage names no product line, and {what} depends on it."),
        "A biller checks eligibility at the payer and records the coverage's product line.",
    );
    vec![said.by(&service.source)]
}

#[cfg(test)]
mod tests {
    use crate::domain::contract::{Answer, Demand, InForce, ModifierRule, Stacking, When};
    use crate::domain::rules::testing::{Case, condition, d, key, modifiers, rate, source, split};

    fn of(product: &str) -> When {
        When { products: vec![key(product)], ..When::default() }
    }

    fn covered(case: &mut Case, product: Option<&str>) {
        case.facts.billed.as_mut().unwrap().data.product = product.map(key);
    }

    #[test]
    fn rk51_a_condition_for_a_product_line_holds_what_names_none() {
        let mut case = Case::with(|c| {
            c.terms.pack.conditions = vec![condition(Demand::ClaimHold)];
            c.terms.pack.conditions[0].when = of("snp");
        });
        assert!(case.only("product.unknown").message.contains("the condition 'condition'"));
        assert_eq!(split(&case.decide()), (0, 4));
        covered(&mut case, Some("basic"));
        assert!(case.rules().is_empty());
        covered(&mut case, Some("snp"));
        case.only("claim.on_hold");
        // It does not hinge on the product line where it cannot apply, and a warning holds nothing.
        covered(&mut case, None);
        case.terms.pack.conditions[0].when.programs = vec![key("waiver")];
        assert!(case.rules().is_empty());
        case.terms.pack.conditions[0].when = of("snp");
        case.terms.pack.conditions[0].days.to = Some(d("2026-06-30"));
        assert!(case.rules().is_empty());
        case.terms.pack.conditions[0].days.to = None;
        case.terms.pack.conditions[0].answer = Answer::Warn;
        assert!(case.rules().is_empty());
    }

    #[test]
    fn rk51_no_general_price_for_a_coverage_that_may_have_its_own() {
        let mut case = Case::with(|c| {
            let mut own = rate("peer", "31.00", None);
            own.when = of("snp");
            c.terms.agreement.rates = vec![rate("peer", "20.00", None), own];
        });
        case.only("product.unknown");
        case.terms.agreement.rates[1].modifiers = modifiers(&["U9"]);
        assert!(case.rules().is_empty());
        case.terms.agreement.rates.truncate(1);
        case.terms.pack.modifiers = vec![ModifierRule {
            key: key("special"),
            services: vec![key("peer")],
            add: modifiers(&["U9"]),
            when: of("snp"),
            days: InForce::default(),
            percent: None,
            stacking: Stacking::Unknown,
            source: source("modifiers"),
        }];
        case.only("product.unknown");
        covered(&mut case, Some("basic"));
        assert!(case.rules().is_empty());
    }
}
