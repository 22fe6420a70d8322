//! Is it peer support, and does the contract have a service for it (R22)?

use super::context::Context;
use super::table::{RuleId, Said};
use crate::domain::contract::Terms;
use crate::domain::encounter::Kind;

/// The activity is billable at all, and a service of the contract is found.
pub fn activity(ctx: &Context) -> Vec<Said> {
    match (&ctx.encounter.kind, ctx.terms) {
        (Kind::Activity(activity), _) if !activity.is_peer_support() => {
            let said = Said::new(
                RuleId::ActivityNotBillable,
                "/activity",
                format!(
                    "{} is not peer support, so it is never claimed.",
                    words(activity.as_str())
                ),
                "Nothing is to be done: it is kept and reported. If peer support was given as \
                 well, the peer records that as its own contact.",
            );
            vec![said]
        }
        (Kind::Activity(activity), Some(terms)) if ctx.service.is_none() => {
            vec![no_service(terms, activity.as_str())]
        }
        (Kind::Service(key), Some(terms)) if ctx.service.is_none() => {
            let said = Said::new(
                RuleId::ServiceUnknown,
                "/service",
                format!("The contract has no service '{key}'."),
                format!("Whoever recorded it names one of: {}.", keys(terms)),
            );
            vec![said]
        }
        _ => vec![],
    }
}

/// The payer names the activity as no part of its service (RK18).
pub fn never_billed(ctx: &Context) -> Vec<Said> {
    let (Kind::Activity(activity), Some(terms)) = (&ctx.encounter.kind, ctx.terms) else {
        return vec![];
    };
    let named = terms.pack.never_billed.as_ref().filter(|n| n.activities.contains(activity));
    let Some(never) = named.filter(|_| activity.is_peer_support()) else { return vec![] };
    let said = Said::new(
        RuleId::ActivityExcluded,
        "/activity",
        format!("This payer never pays for {}.", activity.as_str().replace('_', " ")),
        "Nothing is to be done: it is kept and reported. If peer support was given as well, the \
         peer records that as its own contact.",
    );
    vec![said.by(&never.source)]
}

/// The service is billed on the date; one that was retired names its successor (RK09, RK10).
pub fn in_force(ctx: &Context) -> Vec<Said> {
    let Some(service) = ctx.service.filter(|s| !s.days.covers(ctx.date)) else { return vec![] };
    let said = match service.days.to.filter(|last| *last < ctx.date) {
        Some(last) => Said::new(
            RuleId::ServiceRetired,
            ctx.kind_field(),
            format!("The service '{}' was billed until {last}.", service.key),
            match &service.successor {
                Some(next) => format!("Whoever recorded it names '{next}', which came after it."),
                None => "A biller finds out what came after it.".to_owned(),
            },
        ),
        None => Said::new(
            RuleId::ServiceRetired,
            ctx.kind_field(),
            format!("The service '{}' is not billed yet on {}.", service.key, ctx.date),
            "Whoever recorded it names the service that is billed on the date.",
        ),
    };
    vec![said.by(&service.source)]
}

fn no_service(terms: &Terms, activity: &str) -> Said {
    Said::new(
        RuleId::ActivityNoService,
        "/activity",
        format!("No service of the contract bills the activity '{activity}'."),
        format!(
            "The peer corrects the activity if it was another, or a biller names the service: {}.",
            keys(terms)
        ),
    )
}

fn keys(terms: &Terms) -> String {
    terms.pack.services.iter().map(|s| s.key.as_str()).collect::<Vec<_>>().join(", ")
}

/// `transport_only` as the start of a sentence.
fn words(code: &str) -> String {
    let mut letters = code.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).map(|c| if c == '_' { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::codes::{Activity, Role};
    use crate::domain::contract::NeverBilled;
    use crate::domain::decision::Disposition;
    use crate::domain::encounter::Kind;
    use crate::domain::rules::decide;
    use crate::domain::rules::testing::{Case, d, key, rate, service, source};

    #[test]
    fn r22_rk18_what_is_not_peer_support_is_never_claimed_with_or_without_a_contract() {
        for activity in Activity::ALL.iter().filter(|a| !a.is_peer_support()) {
            let case = Case::with(|c| c.encounter.kind = Kind::Activity(*activity));
            case.only("activity.not_billable");
            let decision = case.decide();
            assert_eq!(decision.disposition, Disposition::NonBillable);
            assert!(decision.lines.is_empty() && decision.remaining.is_empty());
            let without = decide(None, &case.facts, &case.encounter);
            assert_eq!(without.disposition, Disposition::NonBillable);
            assert_eq!(without.findings.len(), 2);
        }
    }

    #[test]
    fn r22_not_billable_wins_over_holds() {
        let case = Case::with(|c| {
            c.encounter.kind = Kind::Activity(Activity::TransportOnly);
            c.facts.has_address = false;
        });
        assert_eq!(case.rules(), ["activity.not_billable", "member.no_address"]);
        assert_eq!(case.decide().disposition, Disposition::NonBillable);
    }

    #[test]
    fn r22_peer_support_that_no_service_bills_is_held_without_lines() {
        let case = Case::with(|c| c.encounter.kind = Kind::Activity(Activity::Bridging));
        case.only("activity.no_service");
        assert_eq!(case.decide().disposition, Disposition::Held);
        assert!(case.decide().lines.is_empty());
    }

    #[test]
    fn rk10_a_retired_code_names_its_successor_and_the_activity_finds_it() {
        // The shape of North Carolina: pairs with U4 stopped on 2019-10-31.
        let mut case = Case::with(|c| {
            let mut old = service("old");
            old.days.to = Some(d("2026-06-30"));
            old.successor = Some(key("peer"));
            c.terms.pack.services.insert(0, old);
        });
        assert_eq!(case.decide().service, Some(key("peer")));
        case.encounter.kind = Kind::Service(key("old"));
        case.terms.agreement.rates.push(rate("old", "10", None));
        assert!(case.only("service.retired").fix.contains("'peer'"));
        case.terms.pack.services[0].days.to = Some(d("2026-07-01"));
        assert!(case.rules().is_empty());
    }

    #[test]
    fn rk09_a_code_belongs_to_a_role_and_to_dates() {
        // The shape of Colorado: the list of codes changed on 2025-07-01, by practitioner.
        let mut case = Case::with(|c| {
            let mut new = service("new");
            (new.days.from, new.roles) = (Some(d("2026-07-02")), vec![Role::Bridger]);
            c.terms.pack.services.insert(0, new);
            c.encounter.role = Role::Bridger;
        });
        assert_eq!(case.decide().service, Some(key("peer")));
        case.terms.pack.services[0].days.from = Some(d("2026-07-01"));
        assert_eq!(case.decide().service, Some(key("new")));
        case.encounter.kind = Kind::Service(key("new"));
        case.terms.pack.services[0].days.from = Some(d("2026-07-02"));
        case.terms.agreement.rates.push(rate("new", "10", None));
        assert!(case.only("service.retired").message.contains("not billed yet"));
    }

    #[test]
    fn rk18_a_payer_names_activities_that_never_count() {
        // The shape of Virginia: listed activities are not billable, whatever service bills them.
        let never = |activities| NeverBilled { activities, source: source("5210") };
        let mut case = Case::with(|c| {
            c.terms.pack.never_billed = Some(never(vec![Activity::IndividualSupport]));
        });
        assert!(case.only("activity.excluded").message.contains("individual support"));
        assert_eq!(case.decide().disposition, Disposition::NonBillable);
        case.terms.pack.never_billed = Some(never(vec![Activity::Bridging]));
        assert!(case.rules().is_empty());
    }

    #[test]
    fn rk01_an_unknown_service_is_held_and_the_fix_lists_the_known() {
        let case = Case::with(|c| c.encounter.kind = Kind::Service(key("pear")));
        let finding = case.only("service.unknown");
        assert_eq!(finding.field, "/service");
        assert!(finding.fix.contains("peer"), "{}", finding.fix);
    }
}
