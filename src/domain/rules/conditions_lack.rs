//! What a document lacks of what a payer wants, in words: what is wanted, what is there, what to do (RK44,
//! RK47, RK50, RK59 to RK62). Told are kinds, days, scores and the words of packs, never a person's.

use chrono::NaiveDate;

use super::conditions::words;
use crate::domain::contract::Wanted;
use crate::domain::dates::{Span, day_after};
use crate::domain::document::{Content, DocumentKind};
use crate::domain::facts::DocumentFact;
use crate::domain::identifiers::Key;

/// What a document lacks; the greater, the closer it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// It is of another kind.
    Kind,
    /// It is about something else.
    About,
    /// It does not hold on the day.
    Days,
    /// It was not signed by the day.
    Unsigned,
    /// It was too old on the day.
    Old,
    /// Its last review was too long ago.
    Review,
    /// Something is not in it.
    Elements,
    /// Its score is outside of the ends.
    Score,
}

/// What a document lacks on a day; none when it is what is wanted.
pub fn lack(wanted: &Wanted, document: &DocumentFact, day: NaiveDate) -> Option<Lack> {
    let content = &document.content;
    let about = content.about().is_some_and(|a| wanted.about.contains(a));
    let signed = document.signed_on.is_some_and(|signed| signed <= day);
    let fresh = wanted.valid_days.is_none_or(|days| day <= day_after(made(document), days));
    let checks = [
        (content.kind() == wanted.kind, Lack::Kind),
        (wanted.about.is_empty() || about, Lack::About),
        (document.span.covers(day), Lack::Days),
        (signed || (!wanted.signed && document.signed_on.is_none()), Lack::Unsigned),
        (fresh, Lack::Old),
        (reviewed(wanted, document, day), Lack::Review),
        (absent(wanted, content).next().is_none(), Lack::Elements),
        (scored(wanted, content), Lack::Score),
    ];
    checks.into_iter().find(|(holds, _)| !holds).map(|(_, lack)| lack)
}

/// The day from which its age counts.
fn made(document: &DocumentFact) -> NaiveDate {
    document.signed_on.unwrap_or(document.span.from)
}

/// The last review of a plan by a day.
fn last_review(content: &Content, day: NaiveDate) -> Option<NaiveDate> {
    let Content::Plan { reviews, .. } = content else { return None };
    reviews.iter().filter(|review| **review <= day).max().copied()
}

/// The plan began, or was reviewed last, not too long ago.
fn reviewed(wanted: &Wanted, document: &DocumentFact, day: NaiveDate) -> bool {
    let (Some(days), Content::Plan { .. }) = (wanted.review_days, &document.content) else {
        return true;
    };
    let last = last_review(&document.content, day).unwrap_or(document.span.from);
    day <= day_after(last, days)
}

/// What is wanted in a document and not in it.
fn absent<'a>(wanted: &'a Wanted, content: &'a Content) -> impl Iterator<Item = &'a Key> {
    wanted.elements.iter().filter(|element| !content.elements().contains(element))
}

fn scored(wanted: &Wanted, content: &Content) -> bool {
    let Content::Assessment { score, .. } = content else { return true };
    wanted.min_score.is_none_or(|least| *score >= least)
        && wanted.max_score.is_none_or(|most| *score <= most)
}

/// The kind that is wanted, and about what: `accreditation about carf`.
pub fn named(wanted: &Wanted) -> String {
    let kind = wanted.kind.as_str();
    if wanted.about.is_empty() {
        return kind.to_owned();
    }
    format!("{kind} about {}", keys(&wanted.about, " or "))
}

/// All that is wanted: `order, signed, good for 30 days, with credential`.
pub fn asked(wanted: &Wanted) -> String {
    let score = match (wanted.min_score, wanted.max_score) {
        (Some(least), Some(most)) => Some(format!("with a score of {least} to {most}")),
        (Some(least), None) => Some(format!("with a score of {least} or more")),
        (None, Some(most)) => Some(format!("with a score of {most} or less")),
        (None, None) => None,
    };
    let elements = keys(&wanted.elements, " and ");
    let clauses = [
        Some(named(wanted)),
        wanted.signed.then(|| "signed".to_owned()),
        wanted.valid_days.map(|days| format!("good for {}", counted(days))),
        wanted.review_days.map(|days| format!("reviewed every {}", counted(days))),
        score,
        (!elements.is_empty()).then(|| format!("with {elements}")),
    ];
    clauses.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What is there instead, of the document that came closest.
pub fn instead(lack: Lack, wanted: &Wanted, document: &DocumentFact, day: NaiveDate) -> String {
    let content = &document.content;
    let why = match lack {
        Lack::Kind => format!("is of the kind {}", content.kind()),
        // Who supervises is a person.
        Lack::About => match content.about().filter(|_| content.kind() != DocumentKind::Supervisor)
        {
            Some(about) => format!("is about {about}"),
            None => "is about something else".to_owned(),
        },
        Lack::Days => format!("holds {}", days(document.span)),
        Lack::Unsigned => match document.signed_on {
            Some(signed) => format!("was signed only on {signed}"),
            None => "is not signed".to_owned(),
        },
        Lack::Old => {
            let last = day_after(made(document), wanted.valid_days.unwrap_or_default());
            format!("is of {} and was good until {last}", made(document))
        }
        Lack::Review => match last_review(content, day) {
            Some(review) => format!("was reviewed last on {review}"),
            None => format!("began on {} and was not reviewed by then", document.span.from),
        },
        Lack::Elements => format!("lacks {}", keys(absent(wanted, content), " and ")),
        Lack::Score => match content {
            Content::Assessment { score, .. } => format!("has a score of {score}"),
            _ => "has no score".to_owned(),
        },
    };
    format!("{} is on record, and it {why}", document.reference)
}

/// What to do about the document that came closest.
pub fn mend(lack: Lack, wanted: &Wanted, document: &DocumentFact, day: NaiveDate) -> String {
    let (this, other) = (&document.reference, named(wanted));
    let deed = match lack {
        Lack::Kind | Lack::About => return to_find(&other, day),
        Lack::Days => format!(
            "A biller corrects the days of {this} if they are wrong, or records the {other} that held \
             on {day}"
        ),
        Lack::Unsigned => format!(
            "A biller corrects the day on which {this} was signed if it is wrong, or records the \
             {other} that was signed by {day}"
        ),
        Lack::Old => format!("A supervisor renews the {other}; a biller records the one of {day}"),
        Lack::Review => format!(
            "A supervisor reviews the plan; a biller adds to {this} the review that was held by {day}"
        ),
        Lack::Elements => format!(
            "A biller adds {} to {this} if the document has it, or records the {other} that has",
            keys(absent(wanted, &document.content), " and ")
        ),
        Lack::Score => format!(
            "A biller corrects the score of {this} if it is wrong, or records another {other} that \
             held on {day}"
        ),
    };
    format!("{deed}; the visit is decided again.")
}

/// What to do where there is none.
pub fn to_find(names: &str, day: NaiveDate) -> String {
    format!(
        "A supervisor sees to the {names}; a biller records the one that holds on {day} with its \
         dates, and the visit is decided again."
    )
}

fn keys<'a>(keys: impl IntoIterator<Item = &'a Key>, between: &str) -> String {
    words(keys.into_iter().map(Key::as_str), between)
}

fn counted(days: u32) -> String {
    format!("{days} {}", if days == 1 { "day" } else { "days" })
}

fn days(span: Span) -> String {
    match span.to {
        Some(to) => format!("from {} to {to}", span.from),
        None => format!("from {} on", span.from),
    }
}
