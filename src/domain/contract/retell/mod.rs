//! A pack or contract retold in plain sentences, each with its source, so that whoever negotiated it
//! can read what the service will do.
//!
//! Every table of the model is taken apart without `..` and every list of values matched without a
//! wildcard: what is added to the model does not compile until it has a sentence.

mod agreement;
mod circumstance;
mod claim;
mod conditions;
mod diff;
mod order;
mod rules;
mod service;
mod stand_in;
#[cfg(test)]
mod tests;

use std::fmt::{self, Write};

use super::layer::{Direction, Layer};
use super::model::{Agreement, NeverBilled, Pack, Source};
use super::silent::Silent;
use super::source_of::SourceOf;
use crate::domain::dates::WeekStart;
use crate::domain::finding::Authority;

pub use diff::{Change, diff};
pub use order::{of_agreements, of_packs};

/// One thing that a pack or contract says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The part of the document that it stands in, as a heading.
    pub part: String,
    /// What it speaks of within the part: the same in another version, whatever is said of it.
    pub about: String,
    /// The sentence.
    pub text: String,
    /// Where it is written.
    pub source: Option<Authority>,
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match &self.source {
            Some(authority) => write!(f, " Source: {}.", written(authority)),
            None => Ok(()),
        }
    }
}

/// Where something is written, and how near that is to the payer's own words.
fn written(Authority { document, section, date, grade, .. }: &Authority) -> String {
    let grade = grade.map(|grade| format!(" (grade {grade})")).unwrap_or_default();
    format!("{document}, {section}, {date}{grade}")
}

/// The sentences of one part.
struct Part<'a> {
    title: String,
    source: Option<&'a Authority>,
    sentences: Vec<Sentence>,
}

impl<'a> Part<'a> {
    fn new(title: impl Into<String>, source: Option<&'a Authority>) -> Self {
        Self { title: title.into(), source, sentences: Vec::new() }
    }

    /// Says something with the source of the part.
    fn say(&mut self, about: &str, text: impl Into<String>) {
        self.say_by(about, text, self.source);
    }

    /// Says something with a source of its own.
    fn say_by(&mut self, about: &str, text: impl Into<String>, source: Option<&Authority>) {
        self.sentences.push(Sentence {
            part: self.title.clone(),
            about: about.to_owned(),
            text: text.into(),
            source: source.cloned(),
        });
    }

    /// Says where single values are written that are written elsewhere: with their own sentences, where
    /// they have some.
    fn say_sources(&mut self, of: &str, SourceOf(sources): &SourceOf) {
        for (key, source) in sources {
            let (own, rest) = (stand_in::of_service(key), format!("{of} {key}"));
            let alone = |s: &Sentence| match own {
                // One sentence tells both ages, and one the code with the modifiers.
                "age" => !s.text.contains(" to "),
                "code" => !s.text.contains(" with modifier "),
                _ => true,
            };
            let is_of = |s: &Sentence| {
                s.about == own
                    || s.about == rest
                    || (key == "modes" && s.about.starts_with("mode "))
            };
            let mut told = false;
            for sentence in self.sentences.iter_mut().filter(|s| is_of(s) && alone(s)) {
                sentence.source = Some(source.clone());
                told = true;
            }
            if !told {
                let about = format!("{of} source of {key}");
                self.say_by(&about, format!("`{key}` has a source of its own."), Some(source));
            }
        }
    }

    /// The layer around a rule, and what an agreement may do to it.
    fn say_layers(&mut self, key: &str, layer: Option<&Layer>, agreement: Option<Direction>) {
        if let Some(layer) = layer {
            let text = circumstance::layer(layer);
            self.say_by(&format!("{key} layer"), text, Some(&layer.source));
        }
        if let Some(direction) = agreement {
            self.say(&format!("{key} agreement"), circumstance::agreement(direction));
        }
    }

    /// Says something only where there is something to say.
    fn maybe(&mut self, about: &str, text: Option<String>) {
        if let Some(text) = text {
            self.say(about, text);
        }
    }
}

/// A pack in sentences.
pub fn pack(pack: &Pack) -> Vec<Sentence> {
    let Pack {
        key,
        version,
        title,
        state,
        sources,
        week_start,
        face_to_face,
        source_of,
        certificates_end,
        never_billed,
        services,
        modifiers,
        conditions,
        copays,
        dropped,
        unknown,
        limits,
        authorizations,
        filing,
        documentation,
        overrides,
        claim,
        silent,
    } = pack;
    let mut head = Part::new("The pack", None);
    head.say("name", format!("This is {title} ({key}@{version})."));
    let needed =
        format!("Peers need certificates of the state {state}, where a kind is asked for.");
    head.say("state", needed);
    let first = match week_start {
        WeekStart::Monday => "Monday",
        WeekStart::Tuesday => "Tuesday",
        WeekStart::Wednesday => "Wednesday",
        WeekStart::Thursday => "Thursday",
        WeekStart::Friday => "Friday",
        WeekStart::Saturday => "Saturday",
        WeekStart::Sunday => "Sunday",
    };
    head.say("week_start", format!("A week begins on {first}."));
    let modes = face_to_face.iter().map(|m| words(m.as_str()));
    head.say("face_to_face", format!("Face to face means {}.", choice(modes)));
    if let Some(end) = certificates_end {
        head.say_by("certificates_end", rules::certificates_end(end), Some(&end.source));
    }
    if let Some(NeverBilled { activities, source }) = never_billed {
        let names = list(activities.iter().map(|a| words(a.as_str())));
        head.say_by("never_billed", format!("Never billed: {names}."), Some(source));
    }
    head.say_sources("pack", source_of);
    let mut all = rules::unknown(unknown);
    all.append(&mut head.sentences);
    all.extend(services.iter().flat_map(service::sentences));
    all.extend(modifiers.iter().flat_map(|rule| conditions::modifier(rule, services)));
    all.extend(conditions.iter().flat_map(|one| conditions::condition(one, services)));
    all.extend(copays.iter().flat_map(|copay| conditions::copay(copay, services)));
    all.extend(limits.iter().flat_map(|limit| rules::limit(limit, services)));
    all.extend(authorizations.iter().flat_map(|rule| rules::authorization(rule, services)));
    all.extend(rules::without_authorization(authorizations, services));
    all.extend(rules::filing(filing));
    all.extend(rules::documentation(documentation));
    all.extend(rules::overrides(overrides.as_ref()));
    all.extend(rules::dropped(dropped));
    all.extend(claim::sentences(claim));
    all.extend(self::sources(sources));
    tell_defaults(silent, &mut all);
    stand_in::told(pack, &mut all);
    all
}

/// Says of each value that the file leaves out that it is the usual one. Nobody wrote it, so nobody is
/// cited for it.
fn tell_defaults(Silent(silent): &Silent, sentences: &mut [Sentence]) {
    for sentence in sentences {
        if silent.iter().any(|(part, about)| *part == sentence.part && *about == sentence.about) {
            sentence.text.push_str(" This is the default: the pack does not say it.");
            sentence.source = None;
        }
    }
}

/// An agreement in sentences.
pub fn agreement(terms: &Agreement) -> Vec<Sentence> {
    agreement::sentences(terms)
}

fn sources(sources: &[Source]) -> Vec<Sentence> {
    let mut part = Part::new("Sources", None);
    for Source { key, authority } in sources {
        part.say(key.as_str(), format!("{key} is {}.", written(authority)));
    }
    part.sentences
}

/// Sentences as a text: a heading for each part, a line for each sentence.
pub fn text(sentences: &[Sentence]) -> String {
    let (mut out, mut part) = (String::new(), "");
    for sentence in sentences {
        if sentence.part != part {
            let _ = writeln!(out, "{}{}", if part.is_empty() { "" } else { "\n" }, sentence.part);
            part = &sentence.part;
        }
        let _ = writeln!(out, "- {sentence}");
    }
    out
}

/// A code of the model as words: `in_person` is "in person".
fn words(code: &str) -> String {
    code.replace('_', " ")
}

/// A list as a sentence has it: "a, b and c".
fn list(items: impl IntoIterator<Item = impl fmt::Display>) -> String {
    joined(items, "and")
}

/// A choice as a sentence has it: "a, b or c".
fn choice(items: impl IntoIterator<Item = impl fmt::Display>) -> String {
    joined(items, "or")
}

fn joined(items: impl IntoIterator<Item = impl fmt::Display>, word: &str) -> String {
    let mut items: Vec<String> = items.into_iter().map(|i| i.to_string()).collect();
    match (items.pop(), items.is_empty()) {
        (None, _) => String::new(),
        (Some(only), true) => only,
        (Some(last), false) => format!("{} {word} {last}", items.join(", ")),
    }
}

/// A number with its noun.
fn counted(number: u32, noun: &str) -> String {
    if number == 1 { format!("{number} {noun}") } else { format!("{number} {noun}s") }
}
