//! What nobody has found out yet of a pack is held for a person (RK73).

use super::context::Context;
use super::table::{RuleId, Said};

/// Values of the pack that matter to the visit and are not known.
pub fn unknown(ctx: &Context) -> Vec<Said> {
    let (Some(terms), Some(service)) = (ctx.terms, ctx.service) else { return vec![] };
    let matters = terms
        .pack
        .unknown
        .iter()
        .filter(|u| u.services.is_empty() || u.services.contains(&service.key));
    let paths: Vec<String> = matters
        .map(|u| match u.grade {
            None => u.path.clone(),
            Some(grade) => format!("{} (a source of grade {grade} only)", u.path),
        })
        .collect();
    if paths.is_empty() {
        return vec![];
    }
    let of_service =
        terms.pack.limits_without_window().filter(|l| l.services.contains(&service.key));
    let stated: Vec<String> = of_service
        .map(|l| format!(" The limit {} is {} units, of a time that is not known.", l.key, l.units))
        .collect();
    let stated = stated.concat();
    vec![Said::new(
        RuleId::ContractUnknown,
        ctx.kind_field(),
        format!("The pack does not know the payer's rule of: {}.{stated}", paths.join(", ")),
        "A biller asks the payer; an administrator writes the answer into a new version of the \
         pack.",
    )]
}

#[cfg(test)]
mod tests {
    use crate::domain::contract::{Demand, Exceed, Unknown};
    use crate::domain::rules::testing::{Case, condition, key, limit, split};
    use crate::domain::windows::Window;

    #[test]
    fn rk73_what_is_not_known_is_held_for_a_person() {
        let unknown = |services: &[&str]| Unknown {
            path: "service[1].rounding".to_owned(),
            services: services.iter().map(|s| key(s)).collect(),
            place: None,
            grade: None,
        };
        for services in [&[][..], &["peer"]] {
            let case = Case::with(|c| c.terms.pack.unknown = vec![unknown(services)]);
            assert!(case.only("contract.unknown").message.contains("service[1].rounding"));
            assert_eq!(split(&case.decide()), (0, 4));
        }
        let case = Case::with(|c| c.terms.pack.unknown = vec![unknown(&["other"])]);
        assert!(case.rules().is_empty());
    }

    #[test]
    fn rk73_the_units_of_a_limit_without_a_known_time_are_told() {
        let unknown = |name: &str| Unknown {
            path: format!("limit[2].{name}"),
            services: vec![key("peer")],
            place: None,
            grade: None,
        };
        let mut case = Case::with(|c| {
            c.terms.pack.limits = vec![
                limit("daily", "16", Window::Day, Exceed::Hold),
                limit("outside", "96", Window::Day, Exceed::Hold),
            ];
            c.terms.pack.unknown = vec![unknown("window"), unknown("exceed")];
        });
        let told = case.only("contract.unknown").message;
        assert!(
            told.ends_with("The limit outside is 96 units, of a time that is not known."),
            "{told}"
        );
        // Where the units are not known either, there is nothing to tell.
        case.terms.pack.unknown.push(unknown("units"));
        assert!(!case.only("contract.unknown").message.contains("96"));
    }

    #[test]
    fn rk73_a_question_about_some_visits_is_held_with_the_question() {
        let question = "does the uplift count together with the rural rate?".to_owned();
        let mut case = Case::with(|c| {
            c.terms.pack.conditions = vec![condition(Demand::Unknown { question })];
            c.terms.pack.conditions[0].when.programs = vec![key("rural")];
        });
        assert!(case.rules().is_empty());
        case.encounter.program = Some(key("rural"));
        assert!(case.only("contract.unknown").message.contains("does the uplift count"));
    }
}
