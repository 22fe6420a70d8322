//! A value of a rule that can be tighter or looser than another one, and how it lies to that (RK31).
//! Looser is what lets more be billed.

use std::fmt::Display;

use rust_decimal::Decimal;

use super::layer::{Direction, Layer, Outer};
use super::never::days;
use crate::domain::text::Invalid;
use crate::domain::windows::Window;

/// Which of two is looser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looser {
    /// The greater one, or the longer list.
    More,
    /// The smaller one, or the shorter list.
    Less,
}

/// What a rule says itself.
#[derive(Debug, Clone)]
pub(super) enum Own {
    /// A number; none asks for nothing, and is the loosest.
    Number(Option<Decimal>, Looser),
    /// A list; none asks for nothing. With the rule by which its names are read.
    Names(Option<Vec<String>>, Looser, fn(&str) -> Result<String, Invalid>),
    /// One of these, the tightest first.
    Word(&'static str, &'static [&'static str]),
    /// True or false, and which of both is looser.
    Flag(bool, bool),
    /// Units in a window; none bounds nothing.
    Cap(Option<Decimal>, Option<Window>),
    /// What is paid for a unit, which an agreement says: it is held against the layer when it is bound.
    Rate,
}

/// A value of a rule, by the key of its table.
#[derive(Debug, Clone)]
pub(super) struct Facet {
    /// The key in a layer.
    pub(super) key: &'static str,
    /// The path to the value in the rule's own table.
    pub(super) at: &'static str,
    pub(super) own: Own,
}

impl Facet {
    pub(super) fn new(key: &'static str, own: Own) -> Self {
        Self { key, at: key, own }
    }

    /// A number that has to be there.
    pub(super) fn number(key: &'static str, number: impl Into<Decimal>, looser: Looser) -> Self {
        Self::new(key, Own::Number(Some(number.into()), looser))
    }

    /// A list of names of one kind.
    pub(super) fn names<T>(key: &'static str, own: &[T], looser: Looser) -> Self
    where
        T: Display + std::str::FromStr<Err = Invalid>,
    {
        let names: Vec<String> = own.iter().map(ToString::to_string).collect();
        let check = |text: &str| text.parse::<T>().map(|name| name.to_string());
        Self::new(key, Own::Names(Some(names).filter(|n| !n.is_empty()), looser, check))
    }
}

/// How one value lies to another; where neither is so, they cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lies {
    /// At least as loose.
    pub(super) as_loose: bool,
    /// At least as tight.
    pub(super) as_tight: bool,
}

impl Direction {
    /// Whether what lies so may stand in the place of the other one.
    pub(super) const fn allows(self, lies: Lies) -> bool {
        match self {
            Self::Loosen => lies.as_loose,
            Self::Tighten => lies.as_tight,
            Self::Replace => true,
        }
    }
}

const fn by(looser: Looser, more: bool, less: bool) -> Lies {
    match looser {
        Looser::More => Lies { as_loose: more, as_tight: less },
        Looser::Less => Lies { as_loose: less, as_tight: more },
    }
}

const LOOSEST: Lies = Lies { as_loose: true, as_tight: false };

/// How a value lies to that of the layer around it; `window` is in which days the outer units count.
pub(super) fn lies(own: &Own, outer: &Outer, window: Option<&Window>) -> Option<Lies> {
    Some(match (own, outer) {
        (Own::Number(None, _) | Own::Cap(None, _), Outer::Number(_))
        | (Own::Names(None, ..), Outer::Names(_)) => LOOSEST,
        (Own::Number(Some(own), looser), Outer::Number(outer)) => {
            by(*looser, own >= outer, own <= outer)
        }
        (Own::Names(Some(own), looser, _), Outer::Names(outer)) => {
            let has = |all: &[String], some: &[String]| some.iter().all(|name| all.contains(name));
            by(*looser, has(own, outer), has(outer, own))
        }
        (Own::Word(own, order), Outer::Word(outer)) => {
            let place = |word: &str| order.iter().position(|one| *one == word);
            let (own, outer) = (place(own)?, place(outer)?);
            by(Looser::More, own >= outer, own <= outer)
        }
        (Own::Flag(own, looser), Outer::Flag(outer)) => {
            by(Looser::More, own == looser || own == outer, own != looser || own == outer)
        }
        (Own::Cap(Some(units), own), Outer::Number(outer)) => {
            caps((*units, own.as_ref()), (*outer, window))
        }
        _ => return None,
    })
}

/// How units in a window lie to units in another one. Without a window of its own the outer number
/// counts in the same days.
fn caps(
    (own, days_of_own): (Decimal, Option<&Window>),
    (outer, days_of_outer): (Decimal, Option<&Window>),
) -> Lies {
    let (Some(inner_days), Some(outer_days)) = (days_of_own, days_of_outer) else {
        // No unit at all is as tight in whatever days.
        return by(Looser::More, own >= outer, own <= outer);
    };
    let all_days = |units: Decimal, window: &Window| {
        days(window).and_then(|days| units.checked_mul(Decimal::from(days)))
    };
    // So many a day are so many times that in the other window at most.
    let daily_loose =
        *outer_days == Window::Day && all_days(outer, inner_days).is_some_and(|most| own >= most);
    let daily_tight =
        *inner_days == Window::Day && all_days(own, outer_days).is_some_and(|most| most <= outer);
    // Without an episode nothing is counted in its days, and nothing is free.
    let of_episode =
        |days: &Window| matches!(days, Window::Episode { .. } | Window::EpisodeYear { .. });
    let always_there = !of_episode(inner_days) || of_episode(outer_days);
    let as_long = own >= outer && lies_in(inner_days, outer_days);
    Lies {
        as_loose: (as_long && always_there) || daily_loose,
        as_tight: (own <= outer && lies_in(outer_days, inner_days)) || daily_tight,
    }
}

/// Whether each window of the first kind lies in one of the second.
fn lies_in(inner: &Window, outer: &Window) -> bool {
    if inner == outer {
        return true;
    }
    match (inner, outer) {
        (Window::Day, _)
        | (_, Window::Lifetime)
        | (
            Window::Month,
            Window::Quarter
            | Window::CalendarYear
            | Window::FiscalYear { .. }
            | Window::RollingMonths { .. },
        )
        | (Window::Quarter, Window::CalendarYear) => true,
        (Window::Quarter, Window::FiscalYear { first_month }) => first_month % 3 == 1,
        (Window::CalendarYear, Window::FiscalYear { first_month })
        | (Window::FiscalYear { first_month }, Window::CalendarYear) => *first_month == 1,
        (Window::Quarter, Window::RollingMonths { length }) => *length >= 3,
        (Window::CalendarYear | Window::FiscalYear { .. }, Window::RollingMonths { length }) => {
            *length >= 12
        }
        (Window::Week, Window::RollingDays { length }) => *length >= 7,
        (Window::Month, Window::RollingDays { length }) => *length >= 31,
        (Window::RollingDays { length: a }, Window::RollingDays { length: b })
        | (Window::RollingMonths { length: a }, Window::RollingMonths { length: b }) => a <= b,
        (Window::EpisodeYear { episode: a, .. }, Window::Episode { episode: b }) => a == b,
        (Window::EpisodeYear { first_month: a, .. }, Window::FiscalYear { first_month: b }) => {
            a == b
        }
        _ => false,
    }
}

/// Why a value may not stand inside the layer, if it may not.
pub(super) fn refusal(facet: &Facet, layer: &Layer) -> Option<String> {
    let outer = layer.says.get(facet.key)?;
    wrong(&facet.own, outer, layer.window.as_ref(), layer.may)
}

/// Why a value may not stand in the place of another one, if it may not.
pub(super) fn wrong(
    own: &Own,
    outer: &Outer,
    window: Option<&Window>,
    may: Direction,
) -> Option<String> {
    let lies = lies(own, outer, window)?;
    if may.allows(lies) {
        return None;
    }
    let (inner, around) = (of_own(own, window.is_some()), of_outer(outer, window));
    if !lies.as_loose && !lies.as_tight {
        return Some(format!(
            "{inner} is neither looser nor tighter than {around} of the layer around it, so it only fits a \
             layer with `may = \"replace\"`"
        ));
    }
    let (than, how) = match may {
        Direction::Loosen => ("tighter", "loosened"),
        _ => ("looser", "tightened"),
    };
    let todo = todo(own, outer, may);
    Some(format!(
        "{inner} is {than} than the {around} of the layer around it, which may only be {how}; {todo}"
    ))
}

fn todo(own: &Own, outer: &Outer, may: Direction) -> String {
    let loosen = may == Direction::Loosen;
    match (own, outer) {
        (Own::Number(_, side), Outer::Number(outer)) => {
            let more = (*side == Looser::More) == loosen;
            format!("write {} or {}", outer.normalize(), if more { "more" } else { "less" })
        }
        (Own::Cap(..), Outer::Number(outer)) => {
            format!(
                "make it {} units or {}",
                outer.normalize(),
                if loosen { "more" } else { "less" }
            )
        }
        (Own::Names(_, side, _), _) if (*side == Looser::More) == loosen => {
            "name all that the layer names".to_owned()
        }
        (Own::Names(..), _) => "name none that the layer does not name".to_owned(),
        _ => "write what the layer says".to_owned(),
    }
}

fn of_own(own: &Own, with_days: bool) -> String {
    match own {
        Own::Number(None, _) | Own::Cap(None, _) | Own::Names(None, ..) | Own::Rate => {
            "nothing".to_owned()
        }
        Own::Number(Some(number), _) => number.normalize().to_string(),
        Own::Cap(Some(number), window) => {
            with_window(*number, window.as_ref().filter(|_| with_days))
        }
        Own::Names(Some(names), ..) => names.join(", "),
        Own::Word(word, _) => format!("\"{word}\""),
        Own::Flag(flag, _) => flag.to_string(),
    }
}

fn with_window(number: Decimal, window: Option<&Window>) -> String {
    let window = window.map(|window| format!(" {}", window.words())).unwrap_or_default();
    format!("{}{window}", number.normalize())
}

/// The value of a layer, in words.
pub(super) fn of_outer(outer: &Outer, window: Option<&Window>) -> String {
    match outer {
        Outer::Number(number) => with_window(*number, window),
        Outer::Flag(flag) => flag.to_string(),
        Outer::Word(word) => format!("\"{word}\""),
        Outer::Names(names) => names.join(", "),
    }
}
