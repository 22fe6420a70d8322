//! The episode: a member's dated enrollment into a service (R7), whose days may be a window in which
//! a payer counts units (`docs/definitions.md`, "Windows").

use serde::{Deserialize, Serialize};

use super::dates::Span;
use super::facts::EpisodeFact;
use super::identifiers::{Key, Reference};
use super::ids::{EpisodeId, MemberId, PayerId};

/// An episode with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode {
    /// Our id.
    pub id: EpisodeId,
    /// Counts changes, for If-Match.
    pub revision: i32,
    /// What it says.
    pub data: EpisodeData,
}

/// What an episode says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpisodeData {
    /// The organization's own name for it, unique in the organization.
    pub reference: Reference,
    /// Whose.
    pub member: MemberId,
    /// What it is, in the words of payer packs, such as `episode` or `package`.
    pub kind: Key,
    /// The payer that counts it; none: every payer does.
    pub payer: Option<PayerId>,
    /// The program of the organization that the member is enrolled in.
    pub program: Option<Key>,
    /// Its days, both ends included.
    pub span: Span,
}

impl EpisodeData {
    /// Whether the payer counts it.
    pub fn counts_for(&self, payer: PayerId) -> bool {
        self.payer.is_none_or(|p| p == payer)
    }

    /// Whether some payer would find a day in two episodes of one kind: then it is open which of the
    /// two a visit belongs to.
    pub fn clashes(&self, other: &Self) -> bool {
        let one_payer = match (self.payer, other.payer) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        self.member == other.member
            && self.kind == other.kind
            && one_payer
            && self.span.overlaps(&other.span)
    }
}

impl Episode {
    /// As the rules see it under the coverage of `payer`; none when that payer does not count it.
    pub fn fact_for(&self, payer: PayerId) -> Option<EpisodeFact> {
        let EpisodeData { kind, span, .. } = &self.data;
        let fact = EpisodeFact { id: self.id, payer, kind: kind.clone(), span: *span };
        self.data.counts_for(payer).then_some(fact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dates::parse_date;
    use chrono::{Days, NaiveDate};
    use proptest::prelude::*;

    fn day(offset: u64) -> NaiveDate {
        parse_date("2026-01-01").unwrap() + Days::new(offset)
    }

    fn episode() -> impl Strategy<Value = EpisodeData> {
        let span = (0u64..20, prop::option::of(0u64..6));
        (0i64..2, 0usize..2, prop::option::of(0i64..2), span).prop_map(
            |(member, kind, payer, (from, length))| EpisodeData {
                reference: Reference::parse("E-1").unwrap(),
                member: MemberId::from_i64(member),
                kind: Key::parse(["episode", "package"][kind]).unwrap(),
                payer: payer.map(PayerId::from_i64),
                program: None,
                span: Span::new(day(from), length.map(|l| day(from + l))).unwrap(),
            },
        )
    }

    proptest! {
        /// Day by day and payer by payer.
        #[test]
        fn a_clash_is_a_day_that_one_payer_counts_twice(a in episode(), b in episode()) {
            let twice = (0..40).any(|d| (0..2).any(|p| {
                let counted = |e: &EpisodeData| {
                    e.counts_for(PayerId::from_i64(p)) && e.span.covers(day(d))
                };
                counted(&a) && counted(&b)
            }));
            let same = a.member == b.member && a.kind == b.kind;
            prop_assert_eq!(a.clashes(&b), same && twice);
            prop_assert_eq!(a.clashes(&b), b.clashes(&a));
        }
    }
}
