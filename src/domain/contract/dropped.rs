//! Rules of an outer layer that an inner one does not have (RK31). What is dropped silently looks like a
//! rule that was forgotten; so it is said, with why and where that is written.

use serde::{Deserialize, Serialize};

use super::known::Known;
use super::layer::Direction;
use super::reader::{Reader, Spot};
use super::source_of::weigh_one;
use super::table::Table;
use super::unknown::{Unknown, noted};
use crate::domain::finding::Authority;
use crate::domain::identifiers::Key;
use crate::domain::text::code_list;

/// Longest sentence of what was dropped, and of why.
const MAX_WORDS: usize = 200;
/// Most rules that are dropped.
pub(super) const MAX_DROPPED: usize = 100;

/// A rule of the layer around a pack that the pack does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// Whose rule it is.
    pub of: Key,
    /// Of which kind.
    pub kind: DroppedKind,
    /// What it says, for people.
    pub what: String,
    /// Why it does not hold here.
    pub why: String,
    /// In which direction the layer may be left.
    pub may: Direction,
    /// Where it is written that it does not hold.
    pub source: Authority,
}

code_list!(
    /// Kinds of rules that a layer may drop.
    DroppedKind, "a kind of rule" {
        /// A limit.
        Limit = "limit",
        /// A condition.
        Condition = "condition",
        /// That an authorization is needed.
        Authorization = "authorization",
        /// A document before a claim.
        Document = "document",
        /// A copay.
        Copay = "copay",
        /// A service: less is billed without it.
        Service = "service",
    }
);

impl DroppedKind {
    /// With its article.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Limit => "a limit",
            Self::Condition => "a condition",
            Self::Authorization => "an authorization",
            Self::Document => "a document",
            Self::Copay => "a copay",
            Self::Service => "a service",
        }
    }

    /// Whether less is billed without it.
    const fn tightens(self) -> bool {
        matches!(self, Self::Service)
    }
}

/// Keys of `[[dropped]]` in a pack.
pub(super) const KEYS: &[&str] = &["of", "kind", "what", "why", "may", "source"];

/// All rules that the pack drops.
pub(super) fn read_dropped<'a>(
    r: &mut Reader,
    root: &Table<'a>,
    known: &mut Known<'a>,
    unknown: &mut Vec<Unknown>,
) -> Vec<Dropped> {
    let mut all: Vec<Dropped> = Vec::new();
    for at in root.tables(r, "dropped", MAX_DROPPED) {
        let Some(one) = read_one(r, &at, known) else { continue };
        if all
            .iter()
            .any(|other| (&other.of, other.kind, &other.what) == (&one.of, one.kind, &one.what))
        {
            at.refuse(r, "this is dropped already; keep one of both");
        }
        all.push(one);
    }
    unknown.extend(noted(r, &[]));
    all
}

fn read_one<'a>(r: &mut Reader, at: &Spot<'a>, known: &mut Known<'a>) -> Option<Dropped> {
    let table = at.table(r, KEYS)?;
    let of = table.required(r, "of");
    let kind: Option<DroppedKind> = table.required(r, "kind");
    let what = table.need(r, "what").and_then(|spot| spot.words(r, MAX_WORDS));
    let why = table.need(r, "why").and_then(|spot| spot.words(r, MAX_WORDS));
    let may: Option<Direction> = table.required(r, "may");
    let source = known.cited(r, &table);
    let spot = table.at_key("may");
    match (kind.map(DroppedKind::tightens), may) {
        (Some(false), Some(Direction::Tighten)) => {
            spot.refuse(r, "the layer may only be tightened, and without this rule it is looser; keep the rule");
        }
        (Some(true), Some(Direction::Loosen)) => {
            spot.refuse(
                r,
                "the layer may only be loosened, and without this service it is tighter; keep it",
            );
        }
        _ => {}
    }
    // Without a rule more is billed, and only a weak source says so.
    if let (Some(false), Some(said)) = (kind.map(DroppedKind::tightens), &source) {
        weigh_one(r, &table.at_key("why"), said);
    }
    Some(Dropped { of: of?, kind: kind?, what: what?, why: why?, may: may?, source: source? })
}

/// A rule of the pack that an agreement drops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreedDrop {
    /// Which.
    pub rule: DroppedRule,
    /// Why.
    pub why: String,
    /// Where it is written, such as an amendment.
    pub source: String,
}

/// The rule that an agreement drops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DroppedRule {
    /// A limit.
    Limit(Key),
    /// A condition.
    Condition(Key),
    /// An authorization rule.
    Authorization(Key),
    /// A copay.
    Copay(Key),
}

impl DroppedRule {
    /// The key under which an agreement names it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Limit(_) => "limit",
            Self::Condition(_) => "condition",
            Self::Authorization(_) => "authorization",
            Self::Copay(_) => "copay",
        }
    }

    /// Its own key.
    pub const fn key(&self) -> &Key {
        match self {
            Self::Limit(key)
            | Self::Condition(key)
            | Self::Authorization(key)
            | Self::Copay(key) => key,
        }
    }
}

/// Keys of `[[dropped]]` in an agreement.
pub(super) const AGREED_KEYS: &[&str] =
    &["limit", "condition", "authorization", "copay", "why", "source"];

/// All rules that the agreement drops; [`super::bind`] holds them against the pack.
pub(super) fn read_agreed(r: &mut Reader, root: &Table<'_>) -> Vec<AgreedDrop> {
    let mut all: Vec<AgreedDrop> = Vec::new();
    for at in root.tables(r, "dropped", MAX_DROPPED) {
        let Some(table) = at.table(r, AGREED_KEYS) else { continue };
        let why = table.need(r, "why").and_then(|spot| spot.words(r, MAX_WORDS));
        let source = table.need(r, "source").and_then(|spot| spot.words(r, MAX_WORDS));
        let rule = read_rule(r, &table);
        if let (Some(rule), Some(why), Some(source)) = (rule, why, source) {
            if all.iter().any(|other| other.rule == rule) {
                at.refuse(r, "this rule is dropped already; keep one of both");
            }
            all.push(AgreedDrop { rule, why, source });
        }
    }
    all
}

/// The key that names a rule, and what it makes.
type Maker = (&'static str, fn(Key) -> DroppedRule);

fn read_rule(r: &mut Reader, table: &Table<'_>) -> Option<DroppedRule> {
    let makers: [Maker; 4] = [
        ("limit", DroppedRule::Limit),
        ("condition", DroppedRule::Condition),
        ("authorization", DroppedRule::Authorization),
        ("copay", DroppedRule::Copay),
    ];
    let mut named = makers.iter().filter_map(|(key, make)| Some((table.get(key)?, make)));
    let Some((spot, make)) = named.next() else {
        table.missing(r, "limit", "name the limit, `condition`, `authorization` or `copay`");
        return None;
    };
    if let Some((other, _)) = named.next() {
        other.refuse(r, "one rule is dropped by one table; make two of them");
        return None;
    }
    spot.parse(r).map(make)
}
