//! Substance-use services and 42 CFR Part 2 (`docs/definitions.md` section 1).

use super::context::Context;
use super::table::{RuleId, Said};
use crate::domain::codes::{Diagnosis, DiagnosisClass};
use crate::domain::organization::Part2Posture;

/// A substance-use service is held unless the organization is declared not to be a program. (A
/// live consent will lift it when consents are kept.)
pub fn part2(ctx: &Context) -> Vec<Said> {
    let flagged = ctx.service.is_some_and(|s| s.substance_use);
    let diagnosed =
        ctx.principal().and_then(Diagnosis::class) == Some(DiagnosisClass::SubstanceUse);
    let field = match (flagged, diagnosed) {
        (false, false) => return vec![],
        (true, _) => ctx.kind_field(),
        (false, true) => "/diagnoses/0",
    };
    let posture = match ctx.facts.part2 {
        Part2Posture::NotProgram => return vec![],
        Part2Posture::Program => "is a Part 2 program, and no live consent is on record",
        Part2Posture::Undeclared => "has not said whether it is a Part 2 program",
    };
    let said = Said::new(
        RuleId::Part2NoConsent,
        field,
        format!("This is a substance-use service, and the organization {posture}."),
        "An administrator declares the organization's posture under 42 CFR Part 2; a program \
         keeps the claim back until the member has consented.",
    );
    vec![said]
}

#[cfg(test)]
mod tests {
    use crate::domain::organization::Part2Posture::{NotProgram, Program, Undeclared};
    use crate::domain::rules::decide;
    use crate::domain::rules::testing::{Case, diagnosis};

    #[test]
    fn r11_substance_use_is_held_unless_declared_outside_of_part_2() {
        for posture in [NotProgram, Program, Undeclared] {
            let case = |flag: bool, codes: &[&str]| {
                Case::with(|c| {
                    c.facts.part2 = posture;
                    c.terms.pack.services[0].substance_use = flag;
                    c.encounter.diagnoses = codes.iter().map(|code| diagnosis(code)).collect();
                })
            };
            let held: &[&str] = if posture == NotProgram { &[] } else { &["part2.no_consent"] };
            assert_eq!(case(true, &["F32.9"]).rules(), held);
            assert_eq!(case(false, &["F11.20"]).rules(), held);
            let free: [&str; 0] = [];
            assert_eq!(case(false, &["F17.210"]).rules(), free);
            assert_eq!(case(false, &["F32.9", "F11.20"]).rules(), free);
        }
    }

    #[test]
    fn r11_the_diagnosis_alone_is_enough_without_a_contract() {
        let case = Case::with(|c| {
            c.facts.part2 = Undeclared;
            c.encounter.diagnoses = vec![diagnosis("F10.10")];
        });
        let findings = decide(None, &case.facts, &case.encounter).findings;
        assert!(findings.iter().any(|f| f.rule == "part2.no_consent"));
    }
}
