//! Words that several rules share: on which days, of which visits, inside which layer.

use super::{choice, list, words};
use crate::domain::codes::DiagnosisClass;
use crate::domain::contract::facet::of_outer;
use crate::domain::contract::{Direction, InForce, Layer, Outer, When};

/// The days of a rule, as a clause that begins with a comma; nothing where it always holds.
pub(super) fn days(InForce { from, to }: InForce) -> String {
    match (from, to) {
        (None, None) => String::new(),
        (Some(from), None) => format!(", from {from} on"),
        (None, Some(to)) => format!(", through {to}"),
        (Some(from), Some(to)) => format!(", from {from} through {to}"),
    }
}

/// The circumstances of a rule, as a clause that begins with a comma.
pub(super) fn when(when: &When) -> String {
    let When {
        diagnosis_classes,
        programs,
        products,
        modes,
        settings,
        roles,
        certificates,
        episodes,
        group,
        member_present,
    } = when;
    let mut asked: Vec<String> = Vec::new();
    let mut ask = |what: &str, names: Vec<String>| {
        if !names.is_empty() {
            asked.push(format!("{what} {}", choice(names)));
        }
    };
    let coded = |code: &'static str| words(code);
    ask(
        "the first diagnosis is of",
        diagnosis_classes.iter().map(|c| class(*c).to_owned()).collect(),
    );
    ask("the program is", programs.iter().map(ToString::to_string).collect());
    ask("the product is", products.iter().map(ToString::to_string).collect());
    ask("the visit is", modes.iter().map(|m| coded(m.as_str())).collect());
    ask("the setting is", settings.iter().map(|s| coded(s.as_str())).collect());
    ask("the peer works as", roles.iter().map(|r| coded(r.as_str())).collect());
    ask("the peer has the certificate", certificates.iter().map(ToString::to_string).collect());
    ask("the member is in", episodes.iter().map(ToString::to_string).collect());
    match group {
        None => {}
        Some(true) => asked.push("it is a part of a group".to_owned()),
        Some(false) => asked.push("it is no part of a group".to_owned()),
    }
    match member_present {
        None => {}
        Some(true) => asked.push("the member is there".to_owned()),
        Some(false) => asked.push("the member is not there".to_owned()),
    }
    if asked.is_empty() { String::new() } else { format!(", when {}", list(asked)) }
}

/// A class of diagnoses.
pub(super) fn class(class: DiagnosisClass) -> &'static str {
    match class {
        DiagnosisClass::MentalHealth => "mental health",
        DiagnosisClass::SubstanceUse => "substance use",
    }
}

/// The layer around a rule, as a sentence.
pub(super) fn layer(layer: &Layer) -> String {
    let Layer { of, added, window, may, source: _, says } = layer;
    let may = may.words();
    if *added {
        return format!("The layer {of} has no such rule; it {may}.");
    }
    let one = |(key, value): (&String, &Outer)| match key.as_str() {
        "units" => format!("{} units", of_outer(value, None)),
        "allowed" => format!("{} dollars a unit", of_outer(value, None)),
        key => format!("{} {}", words(key), of_outer(value, None)),
    };
    let window = window.as_ref().map(|window| format!(" {}", window.words())).unwrap_or_default();
    let all = list(says.iter().map(one));
    format!("It lies inside the {all}{window} of the layer {of}, which {may}.")
}

/// What an agreement may do to a rule's number, as a sentence.
pub(super) fn agreement(direction: Direction) -> &'static str {
    match direction {
        Direction::Loosen => "An agreement may loosen it.",
        Direction::Tighten => "An agreement may tighten it.",
        Direction::Replace => "An agreement may replace it.",
    }
}
