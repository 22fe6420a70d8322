//! What was negotiated: the days, the rates, the programs, the numbers.

use super::{Part, Sentence, choice, list};
use crate::domain::contract::model::{Agreement, ProgramRule, Rate};
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
        rates,
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
    let mut all = part.sentences;
    let mut part = Part::new("Rates", None);
    for Rate { service, span, allowed, charge } in rates {
        let asked = match charge {
            Some(charge) => format!("{charge} dollars are charged and {allowed} allowed"),
            None => format!("{allowed} dollars are charged and allowed"),
        };
        let text = format!("{service}: {asked} for a unit, {}.", days(*span));
        part.say(&format!("{service} from {}", span.from), text);
    }
    all.append(&mut part.sentences);
    let mut part = Part::new("Programs", None);
    for ProgramRule { services, programs } in programs {
        let (services, programs) = (list(services), choice(programs));
        let text = format!("{services}: billed only under the program {programs}.");
        part.say(&services, text);
    }
    all.append(&mut part.sentences);
    all
}

fn days(span: Span) -> String {
    match span.to {
        Some(to) => format!("from {} to {to}", span.from),
        None => format!("from {} on", span.from),
    }
}
