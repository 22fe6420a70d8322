//! Substance-use services and 42 CFR Part 2 (`docs/definitions.md` section 1).

use super::context::Context;
use super::table::{RuleId, Said};
use crate::domain::codes::{Diagnosis, DiagnosisClass};
use crate::domain::consent::{Disclosure, Lack};
use crate::domain::facts::ConsentFact;
use crate::domain::organization::Part2Posture;

/// A substance-use service is held unless the organization is declared not to be a Part 2 program,
/// or a live consent of the member permits telling the billed payer of it. Looked at again when the
/// claim is built and when it is released: what counts is the day on which something leaves.
pub fn part2(ctx: &Context) -> Vec<Said> {
    let Some(field) = substance_use(ctx) else { return vec![] };
    let posture = match ctx.facts.part2 {
        Part2Posture::NotProgram => return vec![],
        Part2Posture::Program => "is a Part 2 program",
        Part2Posture::Undeclared => "has not said whether it is a Part 2 program",
    };
    let Some(lack) = lacking(ctx) else { return vec![] };
    let said = Said::new(
        RuleId::Part2NoConsent,
        field,
        format!("This is a substance-use service, the organization {posture}, and {lack}."),
        "A biller records the member's written consent for payment to this payer; or an \
         administrator declares that the organization is not a program under 42 CFR Part 2.",
    );
    vec![said]
}

/// The field that makes it a substance-use service; none when it is not.
fn substance_use(ctx: &Context) -> Option<&'static str> {
    let flagged = ctx.service.is_some_and(|s| s.substance_use);
    let diagnosed =
        ctx.principal().and_then(Diagnosis::class) == Some(DiagnosisClass::SubstanceUse);
    match (flagged, diagnosed) {
        (false, false) => None,
        (true, _) => Some(ctx.kind_field()),
        (false, true) => Some("/diagnoses/0"),
    }
}

/// What stands against telling the payer, of the consent that comes closest; none: one permits it.
fn lacking(ctx: &Context) -> Option<String> {
    let wanted = Disclosure {
        at: ctx.facts.as_of,
        zone: ctx.facts.zone,
        recipient: ctx.facts.billed.as_ref().map(|b| b.data.payer),
        service: ctx.service.map(|s| &s.key),
        service_date: ctx.date,
    };
    let mut closest: Option<(Lack, &ConsentFact)> = None;
    for consent in &ctx.facts.consents {
        match consent.permits(&wanted) {
            Ok(()) => return None,
            Err(lack) if closest.is_none_or(|(other, _)| other < lack) => {
                closest = Some((lack, consent));
            }
            Err(_) => {}
        }
    }
    let Some((lack, consent)) = closest else {
        return Some("no consent of the member is on record".to_owned());
    };
    let last = consent.span.to.map_or_else(String::new, |day| format!(" on {day}"));
    let why = match lack {
        Lack::Purpose => "is not for payment".to_owned(),
        Lack::Recipient => "is for another payer".to_owned(),
        Lack::Service => "does not speak of this service".to_owned(),
        Lack::ServiceDate => "does not speak of this service date".to_owned(),
        Lack::NotYet => format!("starts on {}", consent.span.from),
        Lack::Ended => format!("ended{last}"),
        Lack::Revoked => "was revoked".to_owned(),
    };
    Some(format!("the member's consent {} {why}", consent.reference))
}

#[cfg(test)]
#[path = "consent_tests.rs"]
mod tests;
