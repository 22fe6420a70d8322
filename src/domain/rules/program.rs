//! Programs of the organization under which a contract bills a service (R28, RK52).

use super::context::Context;
use super::table::{RuleId, Said};
use crate::domain::identifiers::Key;

/// Every rule of the contract about the service names the program of the visit.
pub fn program(ctx: &Context) -> Vec<Said> {
    let (Some(terms), Some(service)) = (ctx.terms, ctx.service) else { return vec![] };
    let of_service = terms.agreement.programs.iter().filter(|r| r.services.contains(&service.key));
    let under = ctx.encounter.program.as_ref();
    let misfit = |allowed: &&[Key]| !under.is_some_and(|key| allowed.contains(key));
    let Some(allowed) = of_service.map(|r| r.programs.as_slice()).find(misfit) else {
        return vec![];
    };
    let names = allowed.iter().map(Key::as_str).collect::<Vec<_>>().join(", ");
    let visit = under.map_or_else(
        || "the visit names none".to_owned(),
        |key| format!("the visit is under '{key}'"),
    );
    let said = Said::new(
        RuleId::ProgramNotAllowed,
        "/program",
        format!("The contract bills the service '{}' only under: {names}; {visit}.", service.key),
        "The organization names the program if the visit was given under one of these.",
    );
    vec![said]
}

#[cfg(test)]
mod tests {
    use crate::domain::contract::ProgramRule;
    use crate::domain::rules::testing::{Case, key};

    fn case(rules: &[(&str, &[&str])], program: Option<&str>) -> Case {
        Case::with(|c| {
            let rule = |(service, programs): &(&str, &[&str])| ProgramRule {
                services: vec![key(service)],
                programs: programs.iter().map(|p| key(p)).collect(),
            };
            c.terms.agreement.programs = rules.iter().map(rule).collect();
            c.encounter.program = program.map(key);
        })
    }

    #[test]
    fn r28_a_service_may_be_bound_to_programs() {
        let bound: [(&str, &[&str]); 1] = [("peer", &["waiver", "home"])];
        assert!(case(&bound, Some("waiver")).rules().is_empty());
        assert!(case(&bound, Some("home")).rules().is_empty());
        for other in [None, Some("grant")] {
            let finding = case(&bound, other).only("program.not_allowed");
            assert_eq!(finding.field, "/program");
            assert!(finding.message.contains("waiver, home"), "{}", finding.message);
        }
    }

    #[test]
    fn r28_other_services_and_free_contracts_ask_for_none() {
        for program in [None, Some("grant")] {
            assert!(case(&[], program).rules().is_empty());
            assert!(case(&[("group", &["waiver"])], program).rules().is_empty());
        }
        // Each rule about the service must hold.
        let both: [(&str, &[&str]); 2] = [("peer", &["waiver", "home"]), ("peer", &["home"])];
        assert!(case(&both, Some("home")).rules().is_empty());
        case(&both, Some("waiver")).only("program.not_allowed");
    }
}
