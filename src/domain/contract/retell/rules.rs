//! How much, what must be approved first, when a claim must be there, with what papers.

use rust_decimal::Decimal;

use super::circumstance::days;
use super::conditions::one_of_wanted;
use super::{Part, Sentence, choice, circumstance, counted, list, words};
use crate::domain::contract::{
    AuthorizationNeed, AuthorizationRule, Block, Documentation, Dropped, Exceed, Filing,
    FilingAnchor, FixedEnd, Limit, LimitScope, Overridable, Service, Unknown, Years,
};
use crate::domain::identifiers::Key;
use crate::domain::rules::RuleId;

/// Which services, in words: by name, or all of them.
fn of(keys: &[Key], services: &[Service]) -> String {
    if services.len() == keys.len() {
        return "over all services".to_owned();
    }
    format!("of {}", list(keys))
}

/// "of peer and group", "of any service".
pub(super) fn of_any(keys: &[Key], services: &[Service]) -> String {
    if services.len() == keys.len() { "of any service".to_owned() } else { of(keys, services) }
}

/// "16 units", "8.5 units", "1 unit".
fn units(number: Decimal) -> String {
    if number == Decimal::ONE { "1 unit".to_owned() } else { format!("{number} units") }
}

/// "96 units of peer", "3600 units (900 hours) over all services".
pub(super) fn cap(limit: &Limit, all: &[Service]) -> String {
    let hours = limit.hours.map(|hours| format!(" ({hours} hours)")).unwrap_or_default();
    format!("{}{hours} {}", units(limit.units), of(&limit.services, all))
}

pub(super) fn limit(limit: &Limit, all: &[Service]) -> Vec<Sentence> {
    let Limit {
        key,
        services,
        units: cap,
        hours,
        window,
        scope,
        modifiers,
        modes,
        when: asked,
        days: held,
        exceed,
        necessity,
        layer,
        agreement,
        source,
        source_of,
    } = limit;
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
        Exceed::Hold => "a visit that does not fit is held".to_owned(),
        Exceed::BillUpTo => "what fits is billed and the rest is held".to_owned(),
        Exceed::Authorization => "what is above needs an authorization".to_owned(),
        Exceed::Necessity => {
            format!("what is above needs {} on record", one_of_wanted(necessity))
        }
        Exceed::Never => "a visit that does not fit is held, and nothing can lift that".to_owned(),
    };
    let (cap, window) = (units(*cap), window.words());
    let of = of(services, all);
    let hours = hours.map(|hours| format!(" ({hours} hours)")).unwrap_or_default();
    let (asked, held) = (circumstance::when(asked), days(*held));
    let text = format!(
        "{key}: at most {cap}{hours} {window} {of} {whose}{with}{given}{asked}{held}; {more}."
    );
    part.say(key.as_str(), text);
    part.say_layers(key.as_str(), layer.as_ref(), *agreement);
    part.say_sources(key.as_str(), source_of);
    part.sentences
}

pub(super) fn authorization(rule: &AuthorizationRule, all: &[Service]) -> Vec<Sentence> {
    let AuthorizationRule {
        key,
        services,
        need,
        modifiers,
        days: held,
        block,
        layer,
        agreement,
        source,
        source_of,
    } = rule;
    let mut part = Part::new("Authorizations", Some(source));
    let (of_any, together) = (of_any(services, all), of(services, all));
    let with = match modifiers.as_slice() {
        [] => String::new(),
        some => format!(", only lines with modifier {}", choice(some)),
    };
    let held = days(*held);
    let text = match need {
        AuthorizationNeed::Never => {
            format!("{key}: no unit {of_any} needs an authorization{with}{held}.")
        }
        AuthorizationNeed::Always => {
            format!("{key}: every unit {of_any} needs an authorization{with}{held}.")
        }
        AuthorizationNeed::After { free_units, window } => format!(
            "{key}: {} {} {together} need no authorization{with}{held}; what is above does.",
            counted(*free_units, "unit"),
            window.words()
        ),
    };
    part.say(key.as_str(), text);
    if let Some(Block { units, days }) = block {
        let (units, days) = (counted(*units, "unit"), counted(*days, "day"));
        let text = format!("The payer approves at most {units} over {days} at a time.");
        part.say(&format!("{key} block"), text);
    }
    part.say_layers(key.as_str(), layer.as_ref(), *agreement);
    part.say_sources(key.as_str(), source_of);
    part.sentences
}

/// Services that no rule speaks of.
pub(super) fn without_authorization(
    rules: &[AuthorizationRule],
    services: &[Service],
) -> Vec<Sentence> {
    let mut part = Part::new("Authorizations", None);
    let without = |s: &&Service| !rules.iter().any(|r| r.services.contains(&s.key));
    let free: Vec<&Key> = services.iter().filter(without).map(|s| &s.key).collect();
    if !free.is_empty() {
        part.say("no rule", format!("No authorization is needed for {}.", list(free)));
    }
    part.sentences
}

/// When all certificates end.
pub(super) fn certificates_end(end: &FixedEnd) -> String {
    let FixedEnd { month, day, years, source: _ } = end;
    let years = match years {
        Years::Every => "every year",
        Years::Odd => "every odd year",
        Years::Even => "every even year",
    };
    format!("Certificates are good through the day before {month:02}-{day:02} of {years}.")
}

/// Values that nobody has found out yet.
pub(super) fn unknown(values: &[Unknown]) -> Vec<Sentence> {
    let mut part = Part::new("Not known yet", None);
    for unknown in values {
        // The line is left out: it moves while the rule stays.
        let Unknown { path, services, place: _, grade } = unknown;
        let whose = match services.as_slice() {
            [] => "all visits".to_owned(),
            some => format!("visits of {}", list(some)),
        };
        let told = match grade {
            None => "whatever is told of it below is a stand-in",
            Some(_) => "nobody has confirmed it",
        };
        let why = unknown.why();
        let text = format!("{path} {why}: {told}, {whose} are held, and no contract can be bound.");
        part.say(path, text);
    }
    part.sentences
}

pub(super) fn filing(filing: &Filing) -> Vec<Sentence> {
    let Filing {
        days,
        months,
        later_of,
        next_business_day,
        holidays,
        stop_days,
        warn_days,
        acknowledgment_days,
        claim_status_days,
        layer,
        agreement,
        source,
        source_of,
    } = filing;
    let mut part = Part::new("Filing", Some(source));
    let length = match months {
        0 => counted(*days, "day"),
        months => counted(*months, "month"),
    };
    part.say("days", format!("A claim is delivered within {length} of the service date."));
    for anchor in later_of {
        let text = match anchor {
            FilingAnchor::ProviderNumber => {
                "The clock runs from the day on which the payer issued the provider number, where \
                 that is later."
            }
            FilingAnchor::CoverageKnown => {
                "The clock runs from the day on which the coverage became known, where that is \
                 later."
            }
        };
        part.say(&format!("later_of {anchor}"), text);
    }
    if *next_business_day {
        let text = "A last day on a weekend or holiday moves to the next business day.";
        part.say("next_business_day", text);
    }
    if !holidays.is_empty() {
        part.say("holidays", format!("Holidays are {}.", list(holidays)));
    }
    let stop = stop_days.map(|days| {
        format!("It ends {} after the service date at the latest.", counted(days, "day"))
    });
    part.maybe("stop_days", stop);
    let text = format!("Warnings begin {} before that.", counted(*warn_days, "day"));
    part.say_by("warn_days", text, None);
    let (receipt, status) = (*acknowledgment_days, *claim_status_days);
    let text = format!(
        "A TA1 or 999 is expected within {} of delivery, a 277CA within {}.",
        counted(receipt, "day"),
        counted(status, "day")
    );
    part.say_by("answers", text, None);
    part.say_layers("filing", layer.as_ref(), *agreement);
    part.say_sources("filing", source_of);
    part.sentences
}

pub(super) fn documentation(rule: &Documentation) -> Vec<Sentence> {
    let Documentation { signed_note, plan_goal, layer, source, source_of } = rule;
    let mut part = Part::new("Documents", Some(source));
    let signed = if *signed_note { "must be" } else { "need not be" };
    part.say("signed_note", format!("The note {signed} signed before the visit is claimed."));
    let goal = if *plan_goal { "must" } else { "need not" };
    part.say("plan_goal", format!("The note {goal} name a goal of the plan of care."));
    part.say_layers("documentation", layer.as_ref(), None);
    part.say_sources("documentation", source_of);
    part.sentences
}

/// Rules of the layers around the pack that it does not have.
pub(super) fn dropped(all: &[Dropped]) -> Vec<Sentence> {
    let mut part = Part::new("Layers", None);
    for Dropped { of, kind, what, why, may, source } in all {
        let (kind, may) = (kind.words(), may.words());
        let text = format!(
            "Not held here is {kind} of the layer {of}, which {may}: \"{what}\". Why: {why}."
        );
        part.say_by(&format!("{of} {what}"), text, Some(source));
    }
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
