//! Marks that touch much the same are worked on as one.
//!
//! Marks that say the same are one: deciding the visits of a member chunk by chunk leaves the same mark for each
//! chunk. And each visit that gives back units or time leaves a mark that touches all that waits of its member
//! and of its peer: after a file that corrects hundreds of visits of one member, all that waits of the member
//! would be decided again once for each of them. So such marks are joined when they are worked on, and never
//! when they are written: a turn takes away only marks that it has read, and what is marked meanwhile stays for
//! the next.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::domain::again::{Cause, Freed, Mark, Place, Touched};
use crate::domain::identifiers::MemberNumber;
use crate::domain::ids::{MarkId, MemberId, PayerId, PeerId};

/// Most days between two marks for both of which one mark may stand, on the days from the first to the
/// last: it also touches what the member has between them.
const NEAR_DAYS: i64 = 7;

/// A mark, and others that it stands for.
pub(super) struct Bundle {
    /// On the days of all of them.
    pub(super) mark: Mark,
    /// The others.
    pub(super) others: Vec<MarkId>,
}

/// How far a mark came, and what its decisions are told as.
type Stand = (Option<Place>, Cause, i32);
/// By what marks that one may stand for are found side by side.
type Order = (Stand, MemberId, PeerId, Option<(PayerId, MemberNumber)>, Option<NaiveDate>);

impl Bundle {
    /// What was given back, where others may be worked on with it. Not after a failure: what it failed at
    /// is found by trying each alone.
    fn freed(&self) -> Option<&Freed> {
        match &self.mark.touched {
            Touched::Freed(freed) if self.mark.tries == 0 => Some(freed),
            _ => None,
        }
    }

    /// Whether it is about what was given back, and never failed.
    pub(super) fn is_freed(&self) -> bool {
        self.freed().is_some()
    }

    fn stand(&self) -> Stand {
        (self.mark.after, self.mark.cause, self.mark.depth)
    }

    fn order(&self) -> Option<Order> {
        let Freed { member, peer, account, days } = self.freed()?;
        Some((self.stand(), *member, *peer, account.clone(), days.from))
    }

    /// By what marks that say the same are found: of people or a visit, with nothing done and no failure.
    fn said(&self) -> Option<(Stand, String)> {
        let Mark { touched, tries, .. } = &self.mark;
        let alike = *tries == 0 && self.mark.is_fresh() && !touched.is_wide();
        let text = alike.then(|| serde_json::to_string(touched).ok()).flatten()?;
        Some((self.stand(), text))
    }

    /// Takes in another one about the same units and time that came as far, when their days are near.
    fn take_in(&mut self, other: &Self) -> bool {
        let freed = self.is_freed() && other.is_freed();
        if !freed || self.stand() != other.stand() {
            return false;
        }
        let taken = self.mark.touched.take_in(&other.mark.touched, NEAR_DAYS);
        if taken {
            self.others.extend(other.ids());
        }
        taken
    }

    /// Whether it is the other one, or both are about what was given back and came as far: then the next
    /// visits of both are one page. Members who wait for one dense peer, and peers of one dense member, would
    /// else be looked at once for each.
    pub(super) fn is_kin(&self, other: &Self) -> bool {
        let freed = self.is_freed() && other.is_freed();
        self.mark.id == other.mark.id || (freed && self.stand() == other.stand())
    }

    /// All its marks.
    pub(super) fn ids(&self) -> Vec<MarkId> {
        let mut ids = self.others.clone();
        ids.push(self.mark.id);
        ids
    }
}

/// The marks in their order, of those that say the same the first with the others.
fn twins(marks: Vec<Mark>) -> Vec<Bundle> {
    let mut all: Vec<Bundle> = Vec::with_capacity(marks.len());
    let mut known: BTreeMap<(Stand, String), usize> = BTreeMap::new();
    for mark in marks {
        let one = Bundle { mark, others: Vec::new() };
        let Some(said) = one.said() else {
            all.push(one);
            continue;
        };
        let next = all.len();
        let place = *known.entry(said).or_insert(next);
        match all.get_mut(place) {
            Some(first) => first.others.push(one.mark.id),
            None => all.push(one),
        }
    }
    all
}

/// The marks in their order; those that one can stand for, at the place of the first of them.
pub(super) fn bundles(marks: Vec<Mark>) -> Vec<Bundle> {
    let mut all: Vec<(usize, Bundle)> = twins(marks).into_iter().enumerate().collect();
    all.sort_by_cached_key(|(_, bundle)| bundle.order());
    let mut joined: Vec<(usize, Bundle)> = Vec::with_capacity(all.len());
    for (place, bundle) in all {
        if let Some((first, last)) = joined.last_mut()
            && last.take_in(&bundle)
        {
            *first = place.min(*first);
        } else {
            joined.push((place, bundle));
        }
    }
    joined.sort_by_key(|(place, _)| *place);
    joined.into_iter().map(|(_, bundle)| bundle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::again::Days;
    use crate::domain::dates::{Instant, parse_date};
    use crate::domain::ids::{EncounterId, OrganizationId};

    fn mark(id: i64, touched: Touched) -> Mark {
        Mark {
            organization: OrganizationId::from_i64(1),
            id: MarkId::from_i64(id),
            back: touched.may_shrink(),
            touched,
            cause: Cause::Freed,
            depth: 1,
            after: None,
            tries: 0,
            marked_at: Instant::parse("2026-07-01T00:00:00Z").unwrap(),
        }
    }

    fn freed(id: i64, member: i64, peer: i64, from: &str, to: &str) -> Mark {
        let days = Days { from: parse_date(from).ok(), to: parse_date(to).ok() };
        let (member, peer) = (MemberId::from_i64(member), PeerId::from_i64(peer));
        mark(id, Touched::Freed(Freed { member, peer, account: None, days }))
    }

    fn on(id: i64, day: &str) -> Mark {
        freed(id, 5, 6, day, day)
    }

    /// The marks of each bundle, the one that stays last.
    fn ids(marks: Vec<Mark>) -> Vec<Vec<i64>> {
        let each = bundles(marks).into_iter();
        each.map(|b| b.ids().into_iter().map(MarkId::as_i64).collect()).collect()
    }

    fn days(bundle: &Bundle) -> (String, String) {
        let days = bundle.freed().unwrap().days;
        (days.from.unwrap().to_string(), days.to.unwrap().to_string())
    }

    #[test]
    fn near_days_of_the_same_are_one_whatever_their_order() {
        let all = vec![
            on(1, "2026-07-20"),
            on(2, "2026-07-02"),
            on(3, "2026-07-09"),
            on(4, "2026-07-13"),
            on(5, "2026-07-28"),
            on(6, "2026-07-02"),
        ];
        let found = bundles(all);
        let told: Vec<_> = found.iter().map(|b| (b.ids().len(), days(b))).collect();
        let span = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        // Eight days lie between the last two.
        let wanted = [(5, span("2026-07-02", "2026-07-20")), (1, span("2026-07-28", "2026-07-28"))];
        assert_eq!(told, wanted);
        let mut all: Vec<MarkId> = found.iter().flat_map(Bundle::ids).collect();
        all.sort();
        assert_eq!(all, [1, 2, 3, 4, 5, 6].map(MarkId::from_i64), "each once");
    }

    #[test]
    fn what_says_the_same_is_one_at_the_place_of_the_first() {
        let member =
            |id: i64, of: i64| mark(id, Touched::Member(MemberId::from_i64(of), Days::ALL));
        let july = Days { from: parse_date("2026-07-01").ok(), to: None };
        let visit = |id: i64| mark(id, Touched::Encounter(EncounterId::from_i64(9)));
        let all = vec![
            member(1, 5),
            visit(2),
            member(3, 6),
            member(4, 5),
            mark(5, Touched::Member(MemberId::from_i64(5), july)),
            visit(6),
            Mark { tries: 1, ..member(7, 5) },
            Mark { back: false, ..member(8, 5) },
            mark(9, Touched::Organization),
            mark(10, Touched::Organization),
        ];
        let wanted =
            [vec![4, 1], vec![6, 2], vec![3], vec![5], vec![7], vec![8], vec![9], vec![10]];
        assert_eq!(ids(all), wanted);
    }

    #[test]
    fn what_is_not_the_same_stays_apart_and_in_its_order() {
        let visit = mark(3, Touched::Encounter(EncounterId::from_i64(9)));
        let member = mark(4, Touched::Member(MemberId::from_i64(5), Days::ALL));
        let other = |id: i64, change: fn(&mut Mark)| {
            let mut mark = on(id, "2026-07-02");
            change(&mut mark);
            mark
        };
        let place = |mark: &mut Mark| {
            let (date, start) = (parse_date("2026-07-01").unwrap(), mark.marked_at);
            mark.after = Some(Place { date, start, id: EncounterId::from_i64(1) });
        };
        let all = vec![
            on(1, "2026-07-02"),
            freed(2, 5, 7, "2026-07-02", "2026-07-02"),
            visit,
            member,
            freed(5, 8, 6, "2026-07-02", "2026-07-02"),
            other(6, |mark| mark.tries = 1),
            other(7, |mark| mark.depth = 2),
            other(8, |mark| mark.cause = Cause::Member),
            other(9, place),
            other(10, |mark| mark.tries = 1),
        ];
        let apart: Vec<Vec<i64>> = (1..=10).map(|id| vec![id]).collect();
        assert_eq!(ids(all), apart);
    }

    #[test]
    fn kin_are_what_was_given_back_and_came_as_far() {
        let found = bundles(vec![
            on(1, "2026-01-01"),
            on(2, "2026-07-02"),
            freed(3, 5, 7, "2026-07-02", "2026-07-02"),
            freed(4, 8, 6, "2026-07-02", "2026-07-02"),
            Mark { depth: 2, ..on(5, "2026-07-02") },
            Mark { tries: 1, ..on(6, "2026-07-02") },
            mark(7, Touched::Member(MemberId::from_i64(5), Days::ALL)),
        ]);
        let kin: Vec<bool> = found.iter().map(|bundle| bundle.is_kin(&found[0])).collect();
        assert_eq!(kin, [true, true, true, true, false, false, false]);
        assert!(found[5].is_kin(&found[5]) && !found[5].is_kin(&found[0]));
    }
}
