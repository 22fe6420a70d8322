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
    use crate::domain::codes::Activity;
    use crate::domain::decision::Disposition;
    use crate::domain::encounter::Kind;
    use crate::domain::rules::decide;
    use crate::domain::rules::testing::{Case, key};

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
    fn rk01_an_unknown_service_is_held_and_the_fix_lists_the_known() {
        let case = Case::with(|c| c.encounter.kind = Kind::Service(key("pear")));
        let finding = case.only("service.unknown");
        assert_eq!(finding.field, "/service");
        assert!(finding.fix.contains("peer"), "{}", finding.fix);
    }
}
