//! Conditions on the member: diagnoses, product line, enrollments, presence (RK49, RK51 to RK53, RK55,
//! RK56).

use super::conditions::words;
use super::context::Context;
use super::table::{RuleId, Said};
use crate::domain::codes::{DiagnosisClass, DiagnosisFamily};
use crate::domain::identifiers::Key;

/// A diagnosis (the principal one, or any) is of a class that the payer leaves out.
pub fn excluded(ctx: &Context, classes: &[DiagnosisClass], any: bool) -> Vec<Said> {
    let looked_at = if any { usize::MAX } else { 1 };
    let found = ctx
        .encounter
        .diagnoses
        .iter()
        .take(looked_at)
        .position(|d| d.class().is_some_and(|class| classes.contains(&class)));
    let Some(place) = found else { return vec![] };
    let classes = words(classes.iter().map(|c| c.as_str()), " or ");
    vec![Said::new(
        RuleId::DiagnosisExcluded,
        &format!("/diagnoses/{place}"),
        format!("The service is not for diagnoses of {classes}, and this one is."),
        "Whoever recorded the visit checks the diagnosis, or names the service that is for it.",
    )]
}

/// The principal diagnosis is of one of the families.
pub fn family(ctx: &Context, families: &[DiagnosisFamily]) -> Vec<Said> {
    let Some(principal) = ctx.principal() else { return vec![] };
    if families.iter().any(|f| f.has(principal)) {
        return vec![];
    }
    let names = words(families.iter().map(DiagnosisFamily::as_str), ", ");
    vec![Said::new(
        RuleId::DiagnosisFamily,
        "/diagnoses/0",
        format!("The principal diagnosis is in none of the payer's families: {names}."),
        "Whoever recorded the visit puts the diagnosis that the service is for first, if the \
         member has it.",
    )]
}

/// The billed coverage is of one of the product lines.
pub fn product(ctx: &Context, products: &[Key]) -> Vec<Said> {
    let Some(billed) = &ctx.facts.billed else { return vec![] };
    let product = billed.data.product.as_ref();
    if product.is_some_and(|p| products.contains(p)) {
        return vec![];
    }
    let has = product.map_or("names none".to_owned(), |p| format!("is of '{p}'"));
    let names = words(products.iter().map(Key::as_str), ", ");
    vec![Said::new(
        RuleId::ProductNotCovered,
        "/member",
        format!("The service is for the product lines {names}; the member's coverage {has}."),
        "A biller checks eligibility at the payer and records the coverage's product line.",
    )]
}

/// The member is in one of the services named.
pub fn enrolled(ctx: &Context, kinds: &[Key]) -> Vec<Said> {
    if covering(ctx, kinds).is_some() {
        return vec![];
    }
    let names = words(kinds.iter().map(Key::as_str), " or ");
    vec![Said::new(
        RuleId::EnrollmentMissing,
        "/started_at",
        format!(
            "The service is for members who are in {names}, and none is on record for {}.",
            ctx.date
        ),
        "A biller records the member's episode with its dates; the visit is then decided again.",
    )]
}

/// The member is in none of the services named.
pub fn not_enrolled(ctx: &Context, kinds: &[Key]) -> Vec<Said> {
    let Some(kind) = covering(ctx, kinds) else { return vec![] };
    vec![Said::new(
        RuleId::EnrollmentExcluded,
        "/started_at",
        format!(
            "The member is in '{kind}' on {}, and the service is not paid beside it.",
            ctx.date
        ),
        "A biller checks the episode's dates, and ends it if the member has left.",
    )]
}

fn covering<'a>(ctx: &Context<'a>, kinds: &[Key]) -> Option<&'a Key> {
    let covers = ctx.facts.episodes.iter().filter(|e| e.span.covers(ctx.date));
    covers.map(|e| &e.kind).find(|kind| kinds.contains(kind))
}

/// The member was there, as a condition asks.
pub fn present(ctx: &Context) -> Vec<Said> {
    if !ctx.encounter.member_absent {
        return vec![];
    }
    vec![Said::new(
        RuleId::MemberAbsent,
        "/member_absent",
        "The member was not there, and the payer pays this service only when the member is.",
        "The peer corrects it if the member was there; else another service.",
    )]
}

#[cfg(test)]
mod tests {
    use crate::domain::codes::DiagnosisClass;
    use crate::domain::contract::{Answer, Demand};
    use crate::domain::facts::EpisodeFact;
    use crate::domain::finding::Severity;
    use crate::domain::ids::{EpisodeId, PayerId};
    use crate::domain::rules::testing::{Case, condition, diagnosis, key, span, split};

    fn with(demand: Demand) -> Case {
        Case::with(|c| c.terms.pack.conditions = vec![condition(demand)])
    }

    #[test]
    fn rk49_a_class_of_diagnoses_may_be_left_out() {
        // The shape of Idaho: mental health only, and of West Virginia the other way around.
        let classes = vec![DiagnosisClass::SubstanceUse];
        let mut case = with(Demand::DiagnosisExcluded { classes: classes.clone(), any: false });
        case.encounter.diagnoses = vec![diagnosis("F32.9"), diagnosis("F11.20")];
        assert!(case.rules().is_empty());
        case.terms.pack.conditions[0].demand = Demand::DiagnosisExcluded { classes, any: true };
        assert_eq!(case.only("diagnosis.excluded").field, "/diagnoses/1");
        case.encounter.diagnoses.swap(0, 1);
        assert_eq!(case.only("diagnosis.excluded").field, "/diagnoses/0");
    }

    #[test]
    fn rk49_the_payer_may_list_families_of_diagnoses() {
        let families = vec!["F20".parse().unwrap(), "F31.8".parse().unwrap()];
        let mut case = with(Demand::DiagnosisFamily { families });
        case.only("diagnosis.family");
        for fine in ["F20.9", "F31.81", "F31.8"] {
            case.encounter.diagnoses = vec![diagnosis(fine)];
            assert!(case.rules().is_empty(), "{fine}");
        }
        case.encounter.diagnoses = vec![diagnosis("F31.9")];
        case.only("diagnosis.family");
    }

    #[test]
    fn rk51_the_product_line_of_the_billed_coverage_is_a_gate() {
        let mut case = with(Demand::Product { products: vec![key("snp"), key("mltss")] });
        assert_eq!(case.only("product.not_covered").field, "/member");
        case.facts.billed.as_mut().unwrap().data.product = Some(key("mltss"));
        assert!(case.rules().is_empty());
        case.facts.billed.as_mut().unwrap().data.product = Some(key("basic"));
        case.only("product.not_covered");
    }

    fn episode(kind: &str, from: &str, to: Option<&str>) -> EpisodeFact {
        EpisodeFact {
            id: EpisodeId::from_i64(3),
            payer: PayerId::from_i64(1),
            kind: key(kind),
            span: span(from, to),
        }
    }

    #[test]
    fn rk52_the_member_must_be_in_the_other_service_too() {
        let mut case = with(Demand::Enrolled { episodes: vec![key("sud_treatment")] });
        case.only("enrollment.missing");
        case.facts.episodes = vec![episode("sud_treatment", "2026-06-01", Some("2026-07-01"))];
        assert!(case.rules().is_empty());
        case.facts.episodes[0].span = span("2026-07-02", None);
        case.only("enrollment.missing");
    }

    #[test]
    fn rk55_rk56_not_beside_a_bundle_or_in_residential_care() {
        let kinds = vec![key("act"), key("residential")];
        let mut case = with(Demand::NotEnrolled { episodes: kinds });
        assert!(case.rules().is_empty());
        case.facts.episodes = vec![episode("residential", "2026-06-01", Some("2026-07-01"))];
        assert!(case.only("enrollment.excluded").message.contains("residential"));
        case.facts.episodes[0].span = span("2026-06-01", Some("2026-06-30"));
        assert!(case.rules().is_empty());
    }

    #[test]
    fn rk53_the_member_may_be_absent_only_where_the_payer_says_so() {
        let mut case = with(Demand::MemberPresent);
        assert!(case.rules().is_empty());
        case.encounter.member_absent = true;
        case.only("member.absent");
        // Without the condition it is the same, and told once.
        case.terms.pack.conditions.clear();
        assert_eq!(case.only("member.absent").field, "/member_absent");
        assert_eq!(split(&case.decide()), (0, 4));
        // Where it may be, the claim is under the member's number all the same: Kansas.
        case.terms.pack.services[0].member_may_be_absent = true;
        assert_eq!(split(&case.decide()), (4, 0));
        assert!(case.rules().is_empty());
    }

    #[test]
    fn a_condition_with_a_weak_source_warns_and_one_out_of_its_days_says_nothing() {
        let mut case = with(Demand::Product { products: vec![key("snp")] });
        case.terms.pack.conditions[0].answer = Answer::Warn;
        assert_eq!(case.only("product.not_covered").severity, Severity::Warn);
        assert_eq!(split(&case.decide()), (4, 0));
        case.terms.pack.conditions[0].days.to = Some("2026-06-30".parse().unwrap());
        assert!(case.rules().is_empty());
    }
}
