//! Reads the `layer` of a rule, whatever kind of rule it is, and holds the rule against it (RK31).

use std::collections::BTreeMap;

use super::facet::{Facet, Own, refusal};
use super::known::Known;
use super::layer::{Direction, Layer, Outer};
use super::never::{Within, refuse_absurd};
use super::read_window::{self, read_window};
use super::reader::{Amount, Reader, Spot};
use super::table::Table;
use crate::domain::windows::Window;

/// Keys that every layer has.
pub(super) const KEYS: &[&str] = &["of", "may", "added", "source"];
/// Numbers of a layer: units have three decimals, dollars four.
const NUMBER: Amount = Amount { decimals: 4, below: 100_000 };

/// Numbers of which a layer may say that it has none: then `0` is its word, and silence is not.
pub(super) const FROM_ZERO: &[&str] =
    &["min_age", "min_minutes", "provisional_months", "grace_visits"];
/// Most of these.
pub(super) const MAX_FROM_ZERO: u32 = 1_440;

/// What a layer is read for.
#[derive(Clone, Copy)]
pub(super) struct Kind<'k> {
    /// The keys that a layer of such a rule may have, besides those of all layers.
    pub(super) keys: &'k [&'k str],
    /// What it is that a layer does not have where the rule was added, and whether that is tighter; none
    /// where each layer has one.
    pub(super) added: Option<Added>,
    /// What its units are for.
    pub(super) within: Option<Within<'k>>,
}

/// What adding a rule comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Added {
    /// It stops visits.
    Tightens,
    /// It lets more be billed.
    Loosens,
    /// It does neither.
    Nothing,
}

/// The `layer` of a rule with these values; `Some(None)` where it has none, `None` where it has a fault.
#[expect(clippy::option_option, reason = "a faulty table is not the same as none")]
pub(super) fn read_layer<'a>(
    r: &mut Reader,
    table: &Table<'a>,
    known: &mut Known<'a>,
    facets: &[Facet],
    kind: Kind<'_>,
) -> Option<Option<Layer>> {
    let Some(at) = table.get("layer") else { return Some(None) };
    let windows = kind.keys.contains(&"units") && kind.within.is_some();
    let of_window: &[&str] = if windows { read_window::KEYS } else { &[] };
    let inner = at.table(r, &[KEYS, kind.keys, of_window].concat())?;
    let of = inner.required(r, "of");
    let may: Option<Direction> = inner.required(r, "may");
    let added = inner.flag(r, "added", false);
    let window = read_days(r, &inner);
    let says = read_values(r, &inner, facets, kind.keys);
    let source = known.cited(r, &inner);
    let layer =
        Layer { of: of?, added: added?, window: window?, may: may?, source: source?, says: says? };
    refuse_empty(r, &inner, &layer, kind.added);
    if let (Some(Outer::Number(units)), Some(within)) = (layer.says.get("units"), kind.within) {
        let window = layer.window.as_ref().unwrap_or(within.window);
        refuse_absurd(r, &inner, (*units, "units"), Within { window, ..within });
    }
    if layer.added {
        refuse_added(r, &inner, &layer, kind.added);
    }
    for facet in facets {
        let spot = spot_of(table, facet.at);
        // What stands in for a value that is not known is held against nothing.
        if let (false, Some(why)) = (spot.is_unknown(), refusal(facet, &layer)) {
            spot.refuse(r, why);
        }
    }
    Some(Some(layer))
}

/// Where a value stands, which may be in a table inside the rule's own.
fn spot_of<'a>(table: &Table<'a>, at: &str) -> Spot<'a> {
    match at.split_once('.') {
        Some((outer, inner)) => {
            let outer = table.at_key(outer);
            outer.inner(inner).unwrap_or(outer)
        }
        None => table.at_key(at),
    }
}

/// In which days the units of the layer count, where it says so.
#[expect(clippy::option_option, reason = "a faulty window is not the same as none")]
fn read_days(r: &mut Reader, inner: &Table<'_>) -> Option<Option<Window>> {
    let Some(spot) = inner.get("window") else {
        let strays = read_window::KEYS.iter().filter_map(|key| inner.get(key));
        for stray in strays {
            stray
                .refuse(r, "this goes with the `window` of the layer only; add it, or remove this");
        }
        return Some(None);
    };
    if spot.is_unknown() {
        spot.refuse(
            r,
            "units of no known time bound nothing; leave the layer out until somebody knows",
        );
        return None;
    }
    if inner.get("units").is_none() {
        spot.refuse(r, "a window goes with the `units` that count in it; add them");
    }
    read_window(r, inner).map(Some)
}

/// What the layer says, value by value.
fn read_values(
    r: &mut Reader,
    inner: &Table<'_>,
    facets: &[Facet],
    keys: &[&str],
) -> Option<BTreeMap<String, Outer>> {
    let mut says = BTreeMap::new();
    let mut whole = true;
    for key in keys {
        let Some(spot) = inner.get(key) else { continue };
        let Some(facet) = facets.iter().find(|f| f.key == *key) else {
            spot.refuse(r, "the rule itself has no such value to hold against it; remove it");
            whole = false;
            continue;
        };
        match read_value(r, &spot, facet) {
            Some(outer) => {
                says.insert((*key).to_owned(), outer);
            }
            None => whole = false,
        }
    }
    whole.then_some(says)
}

fn read_value(r: &mut Reader, spot: &Spot<'_>, facet: &Facet) -> Option<Outer> {
    if FROM_ZERO.contains(&facet.key) {
        return spot.number(r, 0..=MAX_FROM_ZERO).map(|number| Outer::Number(number.into()));
    }
    match &facet.own {
        Own::Number(..) | Own::Cap(..) | Own::Rate => spot.amount(r, NUMBER).map(Outer::Number),
        Own::Flag(..) => spot.bool(r).map(Outer::Flag),
        Own::Word(_, order) => spot.one_of(r, order, "this").map(Outer::Word),
        Own::Names(_, _, check) => {
            let mut names = Vec::new();
            for item in spot.items(r, super::table::MAX_ITEMS) {
                let text = item.text(r)?;
                match check(text) {
                    Ok(name) => names.push(name),
                    Err(crate::domain::text::Invalid(rule)) => {
                        item.refuse(r, rule);
                        return None;
                    }
                }
            }
            if names.is_empty() {
                spot.refuse(r, "name at least one");
                return None;
            }
            Some(Outer::Names(names))
        }
    }
}

/// A layer that says nothing holds nothing.
fn refuse_empty(r: &mut Reader, inner: &Table<'_>, layer: &Layer, added: Option<Added>) {
    if let (true, None, Some(spot)) = (layer.added, added, inner.get("added")) {
        spot.refuse(r, "each layer has this rule, so none can be added; say what the layer says");
    } else if layer.added && !layer.says.is_empty() {
        inner
            .at_key("added")
            .refuse(r, "what the layer says of it cannot be added; keep one of both");
    } else if !layer.added && layer.says.is_empty() && layer.window.is_none() {
        inner.at.refuse(r, "say what the layer says, or `added = true` where it has no such rule");
    }
}

/// A rule that the layer does not have makes its own more, or less, be billed.
fn refuse_added(r: &mut Reader, inner: &Table<'_>, layer: &Layer, added: Option<Added>) {
    let wrong = match (added, layer.may) {
        (Some(Added::Tightens), Direction::Loosen) => {
            "the layer around this rule has no such rule, and may only be loosened: remove the rule, which \
             stops what the layer lets pass"
        }
        (Some(Added::Loosens), Direction::Tighten) => {
            "the layer around this rule has no such rule, and may only be tightened: remove the rule, which \
             lets pass what the layer does not"
        }
        _ => return,
    };
    inner.at_key("added").refuse(r, wrong);
}

/// How an agreement may change a rule, where the pack lets it.
#[expect(clippy::option_option, reason = "a faulty word is not the same as none")]
pub(super) fn read_agreement_direction(
    r: &mut Reader,
    table: &Table<'_>,
) -> Option<Option<Direction>> {
    match table.get("agreement") {
        Some(spot) => spot.parse(r).map(Some),
        None => Some(None),
    }
}
