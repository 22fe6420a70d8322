//! What was negotiated: the days, the rates, the programs, the numbers.

use serde_json::Value;

use super::circumstance::when;
use super::{Part, Sentence, choice, list};
use crate::domain::contract::{
    Adjusted, Adjustment, AgreedDrop, Agreement, Clock, OwnForm, ProgramRule, Rate,
};
use crate::domain::dates::Span;

pub(super) fn sentences(agreement: &Agreement) -> Vec<Sentence> {
    let Agreement {
        organization,
        payer,
        pack,
        pack_version,
        span,
        supersedes,
        billing_location,
        sender_qualifier,
        sender_id,
        claim,
        rates,
        provider_number_issued,
        adjustments,
        dropped,
        programs,
    } = agreement;
    let mut part = Part::new("The contract", None);
    part.say("parties", format!("{organization} has a contract with {payer}."));
    part.say("pack", format!("It follows the pack {pack}@{pack_version}."));
    part.say("days", format!("It is in force {}.", days(*span)));
    if let Some(version) = supersedes {
        part.say("supersedes", format!("It supersedes the version {version}."));
    }
    part.say("billing_location", format!("The location {billing_location} bills."));
    part.say("sender", format!("Files come from {sender_qualifier} {sender_id}."));
    say_own(&mut part, claim);
    part.maybe(
        "provider_number_issued",
        provider_number_issued.map(|day| format!("The provider number was issued on {day}.")),
    );
    for Adjustment { rule, units } in adjustments {
        let (about, unit) = match rule {
            Adjusted::Limit(key) => (format!("limit {key}"), " units"),
            Adjusted::Free(key) => (format!("free units of the rule {key}"), " units"),
            Adjusted::Condition(key) => (format!("number of the condition {key}"), ""),
            Adjusted::Copay(key) => (format!("copay {key}"), " dollars"),
            Adjusted::Filing(Clock::Days) => ("filing clock".to_owned(), " days"),
            Adjusted::Filing(Clock::Months) => ("filing clock".to_owned(), " months"),
        };
        part.say(&about, format!("The {about} is {units}{unit} here."));
    }
    for AgreedDrop { rule, why, source } in dropped {
        let about = format!("{} {}", rule.name(), rule.key());
        let text = format!("The {about} is not held here. Why: {why}. Written in: {source}.");
        part.say(&about, text);
    }
    let mut all = part.sentences;
    all.extend(self::rates(rates));
    let mut part = Part::new("Programs", None);
    for ProgramRule { services, programs } in programs {
        let (services, programs) = (list(services), choice(programs));
        let text = format!("{services}: billed only under the program {programs}.");
        part.say(&services, text);
    }
    all.append(&mut part.sentences);
    all
}

/// What the organization says of its own claims, by the names of the companion page.
fn say_own(part: &mut Part<'_>, own: &OwnForm) {
    let as_json = |own: &OwnForm| serde_json::to_value(own).unwrap_or(Value::Null);
    let (set, usual) = (as_json(own), as_json(&OwnForm::default()));
    let Value::Object(knobs) = set else { return };
    for (knob, value) in knobs {
        if usual.get(&knob) != Some(&value) {
            part.say(&format!("claim.{knob}"), format!("claim.{knob} is {value}."));
        }
    }
}

fn rates(rates: &[Rate]) -> Vec<Sentence> {
    let mut part = Part::new("Rates", None);
    for (number, rate) in rates.iter().enumerate() {
        let Rate { service, span, allowed, charge, accepted_elsewhere, modifiers, when: asked } =
            rate;
        let priced = match charge {
            Some(charge) => format!("{charge} dollars are charged and {allowed} allowed"),
            None => format!("{allowed} dollars are charged and allowed"),
        };
        let with = match modifiers.as_slice() {
            [] => String::new(),
            some => format!(", for lines with {}", list(some)),
        };
        let least = accepted_elsewhere.map(|other| format!("; another payer accepts {other}"));
        let (least, asked, days) = (least.unwrap_or_default(), when(asked), days(*span));
        let text = format!("{service}: {priced} for a unit, {days}{with}{asked}{least}.");
        // Several lines of a service may begin on the same day.
        let twin = |r: &&Rate| (&r.service, r.span.from) == (service, span.from);
        let place = rates.iter().take(number).filter(twin).count() + 1;
        part.say(&format!("{service} from {} ({place})", span.from), text);
    }
    part.sentences
}

fn days(span: Span) -> String {
    match span.to {
        Some(to) => format!("from {} to {to}", span.from),
        None => format!("from {} on", span.from),
    }
}
