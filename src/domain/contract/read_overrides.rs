//! Reads `[overrides]`: the rules that a person may override with a reason. Whether a rule may be
//! listed at all stands in the table of rules, and nothing that a pack says changes that.

use serde::{Deserialize, Serialize};

use super::known::Known;
use super::reader::{Reader, Spot};
use super::source_of::{SourceOf, weigh};
use crate::domain::finding::Authority;
use crate::domain::rules::{Overriding, RULES, RuleId};

/// Rules that a person may override with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overridable {
    /// Which, in the order of the pack; each is one that may be listed at all.
    pub rules: Vec<RuleId>,
    /// Where it is written.
    pub source: Authority,
}

/// The rules listed, and the source that says so. A rule that may not be listed is a fault: a pack
/// that promises what the service refuses would mislead whoever reads it.
pub(super) fn read_overrides<'a>(
    r: &mut Reader,
    at: &Spot<'a>,
    known: &mut Known<'a>,
) -> Option<Overridable> {
    let table = at.table(r, &["overridable", "source"])?;
    let listed = table.need(r, "overridable").map(|list| {
        let named = list.values::<Named>(r);
        if named.is_empty() {
            list.refuse(r, "name at least one rule, or leave the table out");
        }
        named
    });
    let source = known.cited(r, &table);
    weigh(r, &table, source.as_ref(), &SourceOf::default(), &["overridable"]);
    let mut rules = Vec::new();
    for (spot, Named(rule)) in listed? {
        match rule.overriding() {
            Overriding::May => rules.push(rule),
            Overriding::Never(why) => {
                let all = listable();
                spot.refuse(r, format!("{rule} can never be overridden: {why}; {all}"));
            }
        }
    }
    Some(Overridable { rules, source: source? })
}

/// The rules that may be listed, in words.
fn listable() -> String {
    let may: Vec<&str> =
        RULES.iter().filter(|r| r.id.may_be_overridden()).map(|r| r.id.as_str()).collect();
    format!("a pack may list: {}", may.join(", "))
}

/// The name of a rule, whose fault names those that may be listed and not all there are.
#[derive(Debug, PartialEq)]
struct Named(RuleId);

impl std::str::FromStr for Named {
    type Err = crate::domain::text::Invalid;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = |_| Self::Err::new(format!("there is no such rule; {}", listable()));
        RuleId::parse(text).map(Self).map_err(unknown)
    }
}
