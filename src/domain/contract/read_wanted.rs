//! Reads the documents that a condition or a limit asks for.

use rust_decimal::Decimal;

use super::condition::{Demand, Wanted};
use super::reader::{Amount, Reader, Spot};
use super::table::{MAX_ITEMS, Table};
use crate::domain::document::DocumentKind;

pub(super) const KEYS: &[&str] =
    &["kind", "about", "signed", "valid_days", "review_days", "min_score", "max_score", "elements"];
/// Longest time for which a document is good, in days: ten years.
const MAX_DAYS: u32 = 3_660;
/// Most first visits that may go without a document.
const MAX_GRACE: u32 = 100;
/// A score: the widest published scale ends at 100.
const SCORE: Amount = Amount { decimals: 3, below: 10_001 };

/// The demand for one of several documents.
pub(super) fn read_document(r: &mut Reader, table: &Table<'_>) -> Option<Demand> {
    let grace_visits = match table.get("grace_visits") {
        Some(spot) => spot.number(r, 1..=MAX_GRACE).map(Some),
        None => Some(None),
    };
    let list = table.need(r, "one_of")?;
    Some(Demand::Document { one_of: read_some(r, &list)?, grace_visits: grace_visits? })
}

/// Documents of which one would do, at least one.
fn read_some(r: &mut Reader, list: &Spot<'_>) -> Option<Vec<Wanted>> {
    let items = list.items(r, MAX_ITEMS);
    if items.is_empty() {
        list.refuse(r, "name at least one");
    }
    let some: Vec<Option<Wanted>> = items.iter().map(|spot| read_wanted(r, spot)).collect();
    some.into_iter().collect()
}

/// The documents that show why a member needs more than a limit allows; not said: a note of necessity.
pub(super) fn read_necessity(r: &mut Reader, table: &Table<'_>) -> Option<Vec<Wanted>> {
    let Some(list) = table.get("necessity") else {
        return Some(vec![Wanted::any(DocumentKind::Necessity)]);
    };
    let some = read_some(r, &list)?;
    let about_others = |w: &&Wanted| w.kind.subjects() != (true, false);
    if let Some(other) = some.iter().find(about_others) {
        let message = format!(
            "a document of the kind {} is not about what a member needs; name another kind",
            other.kind
        );
        list.refuse(r, message);
        return None;
    }
    Some(some)
}

fn read_wanted(r: &mut Reader, spot: &Spot<'_>) -> Option<Wanted> {
    let table = spot.table(r, KEYS)?;
    let kind: Option<DocumentKind> = table.required(r, "kind");
    let about = table.values(r, "about");
    let signed = table.flag(r, "signed", false);
    let days = |r: &mut Reader, key: &str| match table.get(key) {
        Some(spot) => spot.number(r, 1..=MAX_DAYS).map(Some),
        None => Some(None),
    };
    let (valid_days, review_days) = (days(r, "valid_days"), days(r, "review_days"));
    let score = |r: &mut Reader, key: &str| match table.get(key) {
        Some(spot) => spot.amount(r, SCORE).map(Some),
        None => Some(None),
    };
    let (min_score, max_score): (Option<Option<Decimal>>, Option<Option<Decimal>>) =
        (score(r, "min_score"), score(r, "max_score"));
    let elements = table.values(r, "elements");
    for (key, of) in [
        ("review_days", DocumentKind::Plan),
        ("min_score", DocumentKind::Assessment),
        ("max_score", DocumentKind::Assessment),
    ] {
        if let (Some(spot), Some(kind)) = (table.get(key), kind)
            && kind != of
        {
            spot.refuse(r, format!("only a document of the kind {of} has this; remove it"));
        }
    }
    if let (Some(Some(least)), Some(Some(most))) = (min_score, max_score)
        && least > most
    {
        let message = format!("no score is {least} or more and {most} or less; correct one");
        table.at_key("min_score").refuse(r, message);
    }
    refuse_never(r, &table, kind);
    Some(Wanted {
        kind: kind?,
        about,
        signed: signed?,
        valid_days: valid_days?,
        review_days: review_days?,
        min_score: min_score?,
        max_score: max_score?,
        elements,
    })
}

/// What no document of the kind says could never be met.
fn refuse_never(r: &mut Reader, table: &Table<'_>, kind: Option<DocumentKind>) {
    let Some(kind) = kind else { return };
    let listed = |key: &str| table.get(key).filter(|spot| !spot.is_empty_list());
    if let Some(spot) = listed("about").filter(|_| !kind.has_about()) {
        spot.refuse(
            r,
            format!("a document of the kind {kind} says of nothing what it is about; remove it"),
        );
    }
    if let Some(spot) = listed("elements").filter(|_| !kind.has_elements()) {
        spot.refuse(r, format!("a document of the kind {kind} has no elements; remove it"));
    }
}
