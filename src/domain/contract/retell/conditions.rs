//! What visits must meet besides what their service says, modifiers by circumstance, copays.

use super::circumstance::{class, days, when};
use super::rules::of_any;
use super::{Part, Sentence, choice, counted, list, words};
use crate::domain::codes::Mode;
use crate::domain::contract::{
    Answer, Condition, Copay, Demand, ModifierRule, Service, Share, Stacking, Wanted,
};

pub(super) fn condition(condition: &Condition, all: &[Service]) -> Vec<Sentence> {
    let Condition {
        key,
        services,
        demand,
        when: asked,
        days: held,
        answer,
        layer,
        agreement,
        source,
        source_of,
    } = condition;
    let mut part = Part::new("Conditions", Some(source));
    // Some say what visits must be, others which visits are meant.
    let meant =
        matches!(demand, Demand::ClaimHold | Demand::Unknown { .. } | Demand::OtherPayer { .. });
    let answer = match (meant, answer) {
        (false, Answer::Hold) => "else the visit is held",
        (false, Answer::Warn) => "else there is a warning",
        (true, Answer::Hold) => "such visits are held",
        (true, Answer::Warn) => "for such visits there is a warning",
    };
    let (of, asked, held) = (of_any(services, all), when(asked), days(*held));
    let demanded = demanded(demand);
    let text = match demanded.strip_suffix('?') {
        Some(question) => format!("{key}, {of}{asked}{held}: {question}? Until then {answer}."),
        None => format!("{key}, {of}{asked}{held}: {demanded}; {answer}."),
    };
    part.say(key.as_str(), text);
    part.say_layers(key.as_str(), layer.as_ref(), *agreement);
    part.say_sources(key.as_str(), source_of);
    part.sentences
}

/// What is demanded, in words.
fn demanded(demand: &Demand) -> String {
    match demand {
        Demand::ModifierOneOf { modifiers } => {
            format!("the line has modifier {}", choice(modifiers))
        }
        Demand::ModifierList { modifiers } => {
            format!("the line has no modifiers but {}, in this order", list(modifiers))
        }
        Demand::ClaimHold => "the payer asks not to send claims yet".to_owned(),
        Demand::OtherPayer { modifiers, payer } => {
            format!("lines with modifier {} are sent to {payer}, not here", choice(modifiers))
        }
        Demand::Unknown { question } => format!("nobody knows yet: {question}"),
        Demand::DiagnosisExcluded { classes, any } => {
            let which = if *any { "no diagnosis" } else { "not the first diagnosis" };
            format!("{which} is of {}", choice(classes.iter().map(|c| class(*c))))
        }
        Demand::DiagnosisFamily { families } => {
            format!("the first diagnosis begins with {}", choice(families))
        }
        Demand::Product { products } => format!("the product line is {}", choice(products)),
        Demand::Mode { modes } => format!("the visit is {}", modes_in_words(modes)),
        Demand::FaceToFaceWithin { days } => {
            format!("there is a visit face to face in the {} before", counted(*days, "day"))
        }
        Demand::RemoteShare { percent, window } => {
            format!(
                "at most {percent} percent of the units {} are not face to face",
                window.words()
            )
        }
        Demand::Certificate { certificates } => {
            format!("the peer also has the certificate {}", choice(certificates))
        }
        Demand::Endorsement { endorsements } => {
            format!("a certificate carries the endorsement {}", choice(endorsements))
        }
        Demand::StaffAge { years } => format!("the peer is {years} years or older"),
        Demand::AgeGap { years, peer_older } => {
            let older = if *peer_older { ", the peer being older" } else { "" };
            format!("peer and member are {} or more apart{older}", counted(*years, "year"))
        }
        Demand::UnitsPerVisit { units } => format!("a visit has at most {units} units"),
        Demand::Enrolled { episodes } => {
            format!("the member is also in {} on the day", choice(episodes))
        }
        Demand::NotEnrolled { episodes } => {
            format!("the member is not in {} on the day", choice(episodes))
        }
        Demand::GroupAverage { most, window } => {
            format!("the groups of a peer have at most {most} people on average {}", window.words())
        }
        Demand::Caseload { members, window } => {
            format!("a peer serves at most {} {}", counted(*members, "member"), window.words())
        }
        Demand::Supervisees { peers } => {
            format!("whoever supervises the peer has at most {}", counted(*peers, "peer"))
        }
        Demand::MemberPresent => "the member is there".to_owned(),
        Demand::Document { one_of, grace_visits } => {
            let first =
                grace_visits.map(|n| format!(", but not for the first {}", counted(n, "visit")));
            format!("there is {}{}", one_of_wanted(one_of), first.unwrap_or_default())
        }
        Demand::PlanGoal => "the goal of the note is one of a plan on record".to_owned(),
        Demand::NoRelationship { about } => {
            format!("peer and member are not related by {}", choice(about))
        }
    }
}

fn modes_in_words(modes: &[Mode]) -> String {
    choice(modes.iter().map(|m| words(m.as_str())))
}

/// Documents of which one would do, in words.
pub(super) fn one_of_wanted(some: &[Wanted]) -> String {
    some.iter().map(wanted).collect::<Vec<_>>().join(", or ")
}

/// A document, in words.
fn wanted(wanted: &Wanted) -> String {
    let Wanted { kind, about, signed, valid_days, review_days, min_score, max_score, elements } =
        wanted;
    let mut text = format!("a document of the kind {}", words(kind.as_str()));
    let mut add = |clause: Option<String>| text.extend(clause);
    add((!about.is_empty()).then(|| format!(" about {}", choice(about))));
    add(signed.then(|| " that is signed".to_owned()));
    add(valid_days.map(|days| format!(", good for {}", counted(days, "day"))));
    add(review_days.map(|days| format!(", reviewed every {}", counted(days, "day"))));
    add(min_score.map(|score| format!(" with a score of {score} or more")));
    add(max_score.map(|score| format!(" with a score of {score} or less")));
    add((!elements.is_empty()).then(|| format!(" that has {}", list(elements))));
    text
}

pub(super) fn modifier(rule: &ModifierRule, all: &[Service]) -> Vec<Sentence> {
    let ModifierRule { key, services, add, when: asked, days: held, percent, stacking, source } =
        rule;
    let mut part = Part::new("Modifiers", Some(source));
    let (of, added) = (of_any(services, all), list(add));
    let text = format!("{key}: lines {of} get {added}{}{}.", when(asked), days(*held));
    part.say(key.as_str(), text);
    if let Some(percent) = percent {
        let others = match stacking {
            Stacking::Allowed => "others count beside it",
            Stacking::Banned => "no other may stand beside it",
            Stacking::Unknown => "beside another a person decides, as nobody knows",
        };
        let text = format!("The allowance is then {percent} percent; {others}.");
        part.say(&format!("{key} percent"), text);
    }
    part.sentences
}

pub(super) fn copay(copay: &Copay, all: &[Service]) -> Vec<Sentence> {
    let Copay { key, services, share, when: asked, days: held, layer, agreement, source } = copay;
    let mut part = Part::new("Copays", Some(source));
    let of = of_any(services, all);
    let (asked, held) = (when(asked), days(*held));
    let (much, rest) = match share {
        Share::PerUnit(amount) => (format!("{amount} dollars a unit {of}"), ""),
        Share::PerVisit(amount) => {
            (format!("{amount} dollars a visit {of}"), ", however many units and lines it makes")
        }
        Share::PerDay(amount) => {
            (format!("{amount} dollars a day with visits {of}"), ", however many these are")
        }
    };
    part.say(key.as_str(), format!("{key}: members pay {much}{asked}{held}{rest}."));
    part.say_layers(key.as_str(), layer.as_ref(), *agreement);
    part.sentences
}
