//! Is it for this member: age, diagnosis, presence, address (RK48, RK49, RK53).

use super::choose::fits_class;
use super::context::Context;
use super::table::{RuleId, Said};
use super::{conditions, conditions_member};
use crate::domain::contract::{Answer, Demand};
use crate::domain::dates::age_on;

/// The age on the service date lies in the service's band, both ends included.
pub fn age(ctx: &Context) -> Vec<Said> {
    let Some(service) = ctx.service else { return vec![] };
    let age = age_on(ctx.facts.birth_date, ctx.date);
    let signed = |years: u32| i32::try_from(years).unwrap_or(i32::MAX);
    let young = service.min_age.is_some_and(|min| age < signed(min));
    let old = service.max_age.is_some_and(|max| age > signed(max));
    if !young && !old {
        return vec![];
    }
    let band = match (service.min_age, service.max_age) {
        (Some(min), Some(max)) => format!("from {min} to {max} years"),
        (Some(min), None) => format!("from {min} years"),
        (None, max) => format!("to {} years", max.unwrap_or_default()),
    };
    let said = Said::new(
        RuleId::MemberAge,
        "/member",
        format!(
            "The service '{}' is for members {band} old; this member is {age} on {}.",
            service.key, ctx.date
        ),
        "A biller checks the day of birth on the roster, or the peer names another service.",
    );
    vec![said.by(service.written(if young { "min_age" } else { "max_age" }))]
}

/// There is a principal diagnosis, and it is in one of the service's classes.
pub fn diagnosis(ctx: &Context) -> Vec<Said> {
    if ctx.principal().is_none() {
        let said = Said::new(
            RuleId::DiagnosisMissing,
            "/diagnoses",
            "There is no diagnosis; a claim needs at least one.",
            "The clinician who refers or plans gives the diagnosis; whoever recorded the visit \
             adds it.",
        );
        return vec![said];
    }
    let Some(service) = ctx.service.filter(|s| !fits_class(s, ctx.encounter)) else {
        return vec![];
    };
    let classes =
        service.diagnosis_classes.iter().map(|c| c.as_str()).collect::<Vec<_>>().join(" or ");
    let said = Said::new(
        RuleId::DiagnosisClass,
        "/diagnoses/0",
        format!(
            "The service '{}' is for principal diagnoses of {classes}; the first one here is not.",
            service.key
        ),
        "Whoever recorded the visit puts the diagnosis that the service is for first, if the \
         member has it; else another service.",
    );
    vec![said.by(service.written("diagnosis_classes"))]
}

/// The member was there, unless the payer pays the service without; a condition that asks for it
/// tells its own source.
pub fn present(ctx: &Context) -> Vec<Said> {
    let Some(service) = ctx.service.filter(|s| !s.member_may_be_absent) else { return vec![] };
    let asked = conditions::of_visit(ctx)
        .any(|c| c.demand == Demand::MemberPresent && c.answer == Answer::Hold);
    if asked {
        return vec![];
    }
    conditions_member::present(ctx).into_iter().map(|said| said.by(&service.source)).collect()
}

/// The roster has an address, which a claim needs.
pub fn address(ctx: &Context) -> Vec<Said> {
    if ctx.facts.has_address {
        return vec![];
    }
    let said = Said::new(
        RuleId::MemberNoAddress,
        "/member",
        "The roster has no address of the member; a claim needs one.",
        "A biller adds the address to the roster; for a member without a home, the address that \
         the payer has on file.",
    );
    vec![said]
}

#[cfg(test)]
mod tests {
    use crate::domain::codes::DiagnosisClass;
    use crate::domain::rules::testing::{Case, carc, d, diagnosis, source};

    #[test]
    fn rk48_age_band_with_its_edges() {
        let born = |day, band: (Option<u32>, Option<u32>)| {
            Case::with(|c| {
                c.facts.birth_date = d(day);
                let service = &mut c.terms.pack.services[0];
                (service.min_age, service.max_age) = band;
            })
        };
        assert!(born("2008-07-01", (Some(18), None)).rules().is_empty());
        let young = born("2008-07-02", (Some(18), None)).only("member.age");
        assert_eq!(carc(&young), Some("6"));
        assert!(!young.message.contains("2008"), "the day of birth is not told");
        assert!(born("2004-07-02", (None, Some(21))).rules().is_empty());
        born("2004-07-01", (None, Some(21))).only("member.age");
        born("2026-07-02", (Some(0), Some(21))).only("member.age");
    }

    #[test]
    fn a_value_with_a_source_of_its_own_is_told_with_it() {
        let case = Case::with(|c| {
            c.facts.birth_date = d("2008-07-02");
            let service = &mut c.terms.pack.services[0];
            service.min_age = Some(18);
            service.source_of.0.insert("min_age".to_owned(), source("ages"));
        });
        assert_eq!(case.only("member.age").authority.unwrap().section, "ages");
    }

    #[test]
    fn rk49_no_diagnosis_is_held_once() {
        let case = Case::with(|c| {
            c.encounter.diagnoses.clear();
            c.terms.pack.services[0].diagnosis_classes = vec![DiagnosisClass::MentalHealth];
        });
        assert_eq!(case.only("diagnosis.missing").field, "/diagnoses");
    }

    #[test]
    fn rk49_only_the_principal_diagnosis_opens_the_gate() {
        let with = |codes: &[&str]| {
            Case::with(|c| {
                c.encounter.diagnoses = codes.iter().map(|code| diagnosis(code)).collect();
                c.terms.pack.services[0].diagnosis_classes = vec![DiagnosisClass::MentalHealth];
            })
        };
        assert!(with(&["F32.9", "Z59.0"]).rules().is_empty());
        let gate = with(&["Z59.0", "F32.9"]).only("diagnosis.class");
        assert_eq!((carc(&gate), gate.field.as_str()), (Some("11"), "/diagnoses/0"));
        with(&["F11.20"]).only("diagnosis.class");
    }

    #[test]
    fn r2_a_claim_needs_the_address() {
        Case::with(|c| c.facts.has_address = false).only("member.no_address");
    }
}
