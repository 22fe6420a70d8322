//! How much, what must be approved first, when a claim must be there, with what papers.

use rust_decimal::Decimal;

use super::{Part, Sentence, choice, counted, list, words};
use crate::domain::contract::limit::{Exceed, Limit, LimitScope};
use crate::domain::contract::model::{
    AuthorizationNeed, AuthorizationRule, Documentation, Filing, Service,
};
use crate::domain::contract::read_overrides::Overridable;
use crate::domain::identifiers::Key;
use crate::domain::rules::RuleId;

/// Which services, in words: by name, or all of them.
fn of(keys: &[Key], services: &[Service]) -> String {
    if services.len() == keys.len() {
        return "over all services".to_owned();
    }
    format!("of {}", list(keys))
}

/// "16 units", "8.5 units", "1 unit".
fn units(number: Decimal) -> String {
    if number == Decimal::ONE { "1 unit".to_owned() } else { format!("{number} units") }
}

pub(super) fn limit(limit: &Limit, all: &[Service]) -> Vec<Sentence> {
    let Limit { key, services, units: cap, window, scope, modifiers, modes, exceed, source } =
        limit;
    let mut part = Part::new("Limits", Some(source));
    let whose = match scope {
        LimitScope::MemberAndOrganization => "for each member",
        LimitScope::Member => "for each member, counted with what other organizations gave",
        LimitScope::Peer => "by each peer, over all members",
    };
    let with = match modifiers.as_slice() {
        [] => String::new(),
        some => format!(", only lines with modifier {}", choice(some)),
    };
    let given = match modes.as_slice() {
        [] => String::new(),
        some => format!(", only {}", choice(some.iter().map(|m| words(m.as_str())))),
    };
    let more = match exceed {
        Exceed::Hold => "a visit that does not fit is held",
        Exceed::BillUpTo => "what fits is billed and the rest is held",
        Exceed::Authorization => "what is above needs an authorization",
        Exceed::Never => "a visit that does not fit is held, and nothing can lift that",
    };
    let (cap, window) = (units(*cap), window.words());
    let of = of(services, all);
    let text = format!("{key}: at most {cap} {window} {of} {whose}{with}{given}; {more}.");
    part.say(key.as_str(), text);
    part.sentences
}

pub(super) fn authorization(rule: &AuthorizationRule, all: &[Service]) -> Vec<Sentence> {
    let AuthorizationRule { key, services, need, source } = rule;
    let mut part = Part::new("Authorizations", Some(source));
    let of = of(services, all);
    let text = match need {
        AuthorizationNeed::Never => format!("{key}: no unit {of} needs an authorization."),
        AuthorizationNeed::Always => format!("{key}: every unit {of} needs an authorization."),
        AuthorizationNeed::After { free_units, window } => format!(
            "{key}: {} {} {of} need no authorization; what is above does.",
            counted(*free_units, "unit"),
            window.words()
        ),
    };
    part.say(key.as_str(), text);
    part.sentences
}

/// Services that no rule speaks of.
pub(super) fn without_authorization(
    rules: &[AuthorizationRule],
    services: &[Service],
) -> Vec<Sentence> {
    let mut part = Part::new("Authorizations", None);
    let ruled = |s: &&Service| !rules.iter().any(|r| r.services.contains(&s.key));
    let free: Vec<&Key> = services.iter().filter(ruled).map(|s| &s.key).collect();
    if !free.is_empty() {
        part.say("no rule", format!("No authorization is needed for {}.", list(free)));
    }
    part.sentences
}

pub(super) fn filing(Filing { days, warn_days, source }: &Filing) -> Vec<Sentence> {
    let mut part = Part::new("Filing", Some(source));
    let text =
        format!("A claim is delivered within {} of the service date.", counted(*days, "day"));
    part.say("days", text);
    let text = format!("Warnings begin {} before that.", counted(*warn_days, "day"));
    part.say_by("warn_days", text, None);
    part.sentences
}

pub(super) fn documentation(rule: &Documentation) -> Vec<Sentence> {
    let Documentation { signed_note, plan_goal, source } = rule;
    let mut part = Part::new("Documents", Some(source));
    let signed = if *signed_note { "must be" } else { "need not be" };
    part.say("signed_note", format!("The note {signed} signed before the visit is claimed."));
    let goal = if *plan_goal { "must" } else { "need not" };
    part.say("plan_goal", format!("The note {goal} name a goal of the plan of care."));
    part.sentences
}

pub(super) fn overrides(overrides: Option<&Overridable>) -> Vec<Sentence> {
    let Some(Overridable { rules, source }) = overrides else {
        let mut part = Part::new("Overrides", None);
        part.say("overridable", "Nobody may answer for a rule in place of mending the visit.");
        return part.sentences;
    };
    let mut part = Part::new("Overrides", Some(source));
    let names = list(rules.iter().copied().map(RuleId::as_str));
    part.say("overridable", format!("A biller may answer, with a reason, for {names}."));
    part.sentences
}
