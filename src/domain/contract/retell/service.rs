//! What a service is, who may give it to whom, where, how, and how its time is counted.

use super::{Part, Sentence, choice, circumstance, counted, list, words};
use crate::domain::codes::{DiagnosisClass, Modifier, Role};
use crate::domain::contract::group::GroupRule;
use crate::domain::contract::model::{ModeRule, Rounding, Service, SettingRule, SumOver};
use crate::domain::finding::Authority;
use crate::domain::identifiers::Key;

pub(super) fn sentences(service: &Service) -> Vec<Sentence> {
    let Service {
        key,
        title,
        procedure,
        modifiers,
        activities,
        roles,
        modes,
        settings,
        unit_minutes,
        rounding,
        rounding_source,
        sum_over,
        min_age,
        max_age,
        diagnosis_classes,
        certificates,
        substance_use,
        bypass_other_coverage,
        member_may_be_absent,
        min_minutes,
        provisional_months,
        days,
        successor,
        group,
        layer,
        source,
        source_of,
    } = service;
    let mut part = Part::new(format!("Service {key}"), Some(source));
    let code = format!("{title}: billed as {procedure}");
    say_code(&mut part, &code, modifiers, source_of.0.get("modifiers"));
    let reached = match activities.as_slice() {
        [] => "It is reached by its key only: no activity leads to it.".to_owned(),
        some => format!("It bills {}.", list(some.iter().map(|a| words(a.as_str())))),
    };
    part.say("activities", reached);
    say_peers(&mut part, roles, certificates, *provisional_months);
    if !days.is_always() {
        let held = circumstance::days(*days);
        part.say("days", format!("It is billed{}.", held.trim_start_matches(',')));
    }
    part.maybe("successor", successor.as_ref().map(|s| format!("{s} came in its place.")));
    if *min_minutes > 0 {
        let least = counted(*min_minutes, "minute");
        part.say("min_minutes", format!("Nothing is billed below {least}."));
    }
    for mode in modes {
        say_mode(&mut part, mode);
    }
    say_settings(&mut part, settings);
    let rounded_by = rounding_source.as_ref().unwrap_or(source);
    say_time(&mut part, *unit_minutes, (*rounding, rounded_by), *sum_over);
    part.maybe("age", ages(*min_age, *max_age));
    part.say("diagnosis", diagnoses(diagnosis_classes));
    if *substance_use {
        let text = "It is always a substance-use service, whatever the diagnosis: 42 CFR Part 2 \
                    may ask for a consent.";
        part.say("substance_use", text);
    }
    say_exceptions(&mut part, *bypass_other_coverage, *member_may_be_absent);
    say_group(&mut part, group.as_ref());
    part.say_layers(key.as_str(), layer.as_ref(), None);
    part.say_sources(key.as_str(), source_of);
    part.sentences
}

/// What it is billed as. Modifiers that are written elsewhere have a sentence of their own.
fn say_code(
    part: &mut Part<'_>,
    code: &str,
    modifiers: &[Modifier],
    elsewhere: Option<&Authority>,
) {
    if elsewhere.is_none() && !modifiers.is_empty() {
        part.say("code", format!("{code} with modifier {}.", list(modifiers)));
        return;
    }
    part.say("code", format!("{code}."));
    if elsewhere.is_some() {
        let text = match modifiers {
            [] => "Its lines have no modifier of their own.".to_owned(),
            some => format!("Its lines have modifier {}.", list(some)),
        };
        part.say_by("modifiers", text, elsewhere);
    }
}

/// What it is billed in spite of.
fn say_exceptions(part: &mut Part<'_>, bypass_other_coverage: bool, member_may_be_absent: bool) {
    if bypass_other_coverage {
        let text = "It may be billed although another coverage pays first.";
        part.say("bypass_other_coverage", text);
    }
    if member_may_be_absent {
        let text = "It is paid although the member was not there, under the member's number.";
        part.say("member_may_be_absent", text);
    }
}

/// Who may give it.
fn say_peers(
    part: &mut Part<'_>,
    roles: &[Role],
    certificates: &[Key],
    provisional_months: Option<u32>,
) {
    let who = match roles {
        [] => "Peers in any role may give it.".to_owned(),
        some => format!(
            "Only a peer as {} may give it.",
            choice(some.iter().map(|r| words(r.as_str())))
        ),
    };
    part.say("roles", who);
    let needs = match certificates {
        [] => "The peer needs no certificate.".to_owned(),
        some => format!("The peer needs a certificate of the kind {}.", choice(some)),
    };
    part.say("certificates", needs);
    part.maybe(
        "provisional_months",
        provisional_months.map(|months| {
            format!("None is needed in the first {} of work.", counted(months, "month"))
        }),
    );
}

fn say_mode(part: &mut Part<'_>, ModeRule { mode, modifiers, place }: &ModeRule) {
    let adds = match modifiers.as_slice() {
        [] => String::new(),
        some => format!(", with modifier {}", list(some)),
    };
    let at = place.as_ref().map(|p| format!(", at place of service {p}")).unwrap_or_default();
    let name = words(mode.as_str());
    part.say(&format!("mode {mode}"), format!("It may be given: {name}{adds}{at}."));
}

fn say_settings(part: &mut Part<'_>, settings: &[SettingRule]) {
    let each = settings
        .iter()
        .map(|SettingRule { setting, place }| format!("{} ({place})", words(setting.as_str())));
    part.say("settings", format!("Settings, with their places of service: {}.", list(each)));
}

fn say_time(
    part: &mut Part<'_>,
    unit: u32,
    (rounding, source): (Rounding, &Authority),
    sum_over: SumOver,
) {
    let rule = match rounding {
        Rounding::Floor => "Only whole units count.",
        Rounding::Ceiling => "Every begun unit counts.",
        Rounding::Nearest => "Minutes are rounded to the nearest unit, halves up.",
        Rounding::Midpoint => "A unit counts when more than half of it was used.",
        Rounding::EightMinute => "A rest of 8 minutes or more counts as a unit.",
    };
    part.say("unit", format!("A unit is {}.", counted(unit, "minute")));
    part.say_by("rounding", rule, Some(source));
    let over = match sum_over {
        SumOver::Contact => "Each contact is rounded by itself.",
        SumOver::Day => {
            "The minutes of a day's contacts by the same peer at the same place are added up \
             before they are rounded."
        }
    };
    part.say("sum_over", over);
}

fn ages(min: Option<u32>, max: Option<u32>) -> Option<String> {
    Some(match (min, max) {
        (None, None) => return None,
        (Some(min), None) => format!("Members are {min} years or older on the day."),
        (None, Some(max)) => format!("Members are {max} years or younger on the day."),
        (Some(min), Some(max)) => format!("Members are {min} to {max} years old on the day."),
    })
}

fn diagnoses(classes: &[DiagnosisClass]) -> String {
    if classes.is_empty() {
        return "Any diagnosis will do.".to_owned();
    }
    let each = classes.iter().map(|class| circumstance::class(*class));
    format!("The first diagnosis is one of {}.", choice(each))
}

fn say_group(part: &mut Part<'_>, group: Option<&GroupRule>) {
    let Some(GroupRule { min_size, max_size, members_per_peer, source }) = group else {
        part.say("group", "It is given to one member at a time.");
        return;
    };
    let most = match max_size {
        Some(most) => format!("at least {min_size} and at most {most}"),
        None => format!("at least {min_size}"),
    };
    let text = format!("It is given in groups of {most} people, billed or not.");
    part.say_by("group", text, Some(source));
    if let Some(each) = members_per_peer {
        let text = format!("Each peer who leads a group may lead {each} people.");
        part.say_by("group ratio", text, Some(source));
    }
}
