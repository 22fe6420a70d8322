//! Who is one person for a payer (`docs/adr/0140`).
//!
//! A payer knows its members by number. A roster that has several numbers of one member joins them, each on
//! the days on which it has them; where a roster passes a number on to another member, the number is another
//! person's from that day on. What rosters do not say stays as it was: one number is one person.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use crate::domain::dates::FIRST_DAY;

/// A coverage by the payer, of a member of whom it was told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// Whose roster.
    pub organization: i64,
    /// The member on it.
    pub member: i64,
    /// The payer's number.
    pub number: String,
    /// The first day of the coverage.
    pub from: NaiveDate,
}

/// Whose each number is, from which day on: in order of days, the first one from [`FIRST_DAY`].
pub type Owners = BTreeMap<String, Vec<(NaiveDate, String)>>;

/// A number from a day on, by its place.
type Node<'a> = (&'a str, NaiveDate);

/// The numbers that are not simply a person each, with whose they are. Of a number that is not here the
/// person has the number's own name; so has the first of several people of a number, as far as nothing
/// joins them to a number that sorts before it. `held` is all that is known of all numbers in it.
pub fn owners(held: &[Held]) -> Owners {
    let cuts = cuts(held);
    let mut nodes: Vec<Node> = Vec::new();
    let mut places: HashMap<Node, usize> = HashMap::new();
    for (number, days) in &cuts {
        for day in days {
            places.insert((number, *day), nodes.len());
            nodes.push((number, *day));
        }
    }
    let mut classes = Classes((0..nodes.len()).collect());
    let mut first: HashMap<(i64, i64), usize> = HashMap::new();
    for one in held {
        let days = cuts.get(one.number.as_str());
        let day = days.and_then(|days| days.range(..=one.from).next_back());
        let place = day.and_then(|day| places.get(&(one.number.as_str(), *day)));
        if let Some(place) = place {
            let with = *first.entry((one.organization, one.member)).or_insert(*place);
            classes.join(with, *place);
        }
    }
    // Nodes rise by number and day, so that a class is named by its least one.
    let roots: Vec<usize> = (0..nodes.len()).map(|place| classes.root(place)).collect();
    let mut sizes: HashMap<usize, usize> = HashMap::new();
    for root in &roots {
        *sizes.entry(*root).or_default() += 1;
    }
    let mut all = Owners::new();
    for ((number, day), root) in nodes.iter().zip(&roots) {
        let alone = sizes.get(root) == Some(&1);
        let whole = cuts.get(number).is_some_and(|days| days.len() == 1);
        if let (false, Some(node)) = (alone && whole, nodes.get(*root)) {
            all.entry((*number).to_owned()).or_default().push((*day, name(*node)));
        }
    }
    all
}

/// From which days on a number is somebody else's: those on which a roster passes it to another member.
fn cuts(held: &[Held]) -> BTreeMap<&str, BTreeSet<NaiveDate>> {
    let mut order: Vec<&Held> = held.iter().collect();
    order.sort_by_key(|h| (&h.number, h.organization, h.from, h.member));
    let mut all: BTreeMap<&str, BTreeSet<NaiveDate>> = BTreeMap::new();
    let mut last: Option<&Held> = None;
    for one in order {
        let days = all.entry(&one.number).or_default();
        days.insert(FIRST_DAY);
        let passed = last.is_some_and(|last| {
            (&last.number, last.organization) == (&one.number, one.organization)
                && last.member != one.member
        });
        if passed {
            days.insert(one.from);
        }
        last = Some(one);
    }
    all
}

/// What a person is called: no number has a slash.
fn name((number, day): Node) -> String {
    if day == FIRST_DAY { number.to_owned() } else { format!("{number}/{day}") }
}

/// Sets that are joined, each named by its least place.
struct Classes(Vec<usize>);

impl Classes {
    fn root(&self, mut place: usize) -> usize {
        while let Some(above) = self.0.get(place).copied().filter(|above| *above != place) {
            place = above;
        }
        place
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        if let Some(above) = self.0.get_mut(one.max(other)) {
            *above = one.min(other);
        }
    }
}

/// Whose numbers are at one time.
#[derive(Debug, Clone, Default)]
pub struct Persons(pub Owners);

impl Persons {
    /// Who has a number on a day; none where the number is simply a person.
    pub fn of(&self, number: &str, day: NaiveDate) -> Option<&str> {
        let owners = self.0.get(number)?;
        let of_day = owners.iter().rev().find(|(from, _)| *from <= day);
        of_day.map(|(_, person)| person.as_str())
    }

    /// Days of numbers as days of people, without overlaps and in order.
    pub fn days_of_people(
        &self,
        numbers: BTreeMap<String, Vec<(NaiveDate, NaiveDate)>>,
    ) -> BTreeMap<String, Vec<(NaiveDate, NaiveDate)>> {
        let mut all: BTreeMap<String, Vec<(NaiveDate, NaiveDate)>> = BTreeMap::new();
        for (number, spans) in numbers {
            let Some(owners) = self.0.get(&number) else {
                all.entry(number).or_default().extend(spans);
                continue;
            };
            for (place, (from, person)) in owners.iter().enumerate() {
                let next = owners.get(place + 1).and_then(|(next, _)| next.pred_opt());
                let own = spans.iter().map(|(first, last)| {
                    ((*first).max(*from), next.map_or(*last, |next| (*last).min(next)))
                });
                let own = own.filter(|(first, last)| first <= last);
                all.entry(person.clone()).or_default().extend(own);
            }
        }
        all.retain(|_, spans| !spans.is_empty());
        all.values_mut().for_each(merge);
        all
    }
}

/// Puts spans in order, and those that overlap into one.
fn merge(spans: &mut Vec<(NaiveDate, NaiveDate)>) {
    spans.sort_unstable();
    let mut merged: Vec<(NaiveDate, NaiveDate)> = Vec::with_capacity(spans.len());
    for (first, last) in spans.drain(..) {
        match merged.last_mut().filter(|before| first <= before.1) {
            Some(before) => before.1 = before.1.max(last),
            None => merged.push((first, last)),
        }
    }
    *spans = merged;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn held(organization: i64, member: i64, number: &str, from: &str) -> Held {
        Held { organization, member, number: number.to_owned(), from: d(from) }
    }

    /// Who has a number on a day, by name.
    fn who(held: &[Held], number: &str, day: &str) -> String {
        let persons = Persons(owners(held));
        persons.of(number, d(day)).unwrap_or(number).to_owned()
    }

    #[test]
    fn numbers_of_one_member_are_joined_over_rosters() {
        let all = [
            held(1, 1, "B2", "2026-01-01"),
            held(1, 1, "B3", "2026-05-01"),
            held(2, 7, "B3", "2026-05-01"),
            held(2, 7, "A1", "2026-09-01"),
            held(2, 8, "C1", "2026-01-01"),
        ];
        for number in ["A1", "B2", "B3"] {
            assert_eq!(who(&all, number, "2026-06-01"), "A1", "{number}");
        }
        assert_eq!(owners(&all).len(), 3, "C1 is simply a person");
        assert!(owners(&all[2..3]).is_empty());
    }

    #[test]
    fn a_number_that_is_passed_on_is_of_each_on_their_days() {
        let all = [
            held(1, 1, "N1", "2026-01-01"),
            held(1, 1, "N2", "2026-04-01"),
            held(1, 2, "N1", "2026-07-01"),
            held(1, 2, "M1", "2026-02-01"),
            // Another roster that did not hear of it, and one that has the second.
            held(2, 5, "N1", "2026-01-15"),
            held(3, 6, "N1", "2026-08-01"),
            held(3, 6, "N9", "2026-10-01"),
        ];
        assert_eq!(who(&all, "N1", "2026-06-30"), "N1");
        assert_eq!(who(&all, "N2", "2026-12-01"), "N1");
        for (number, day) in [("N1", "2026-07-01"), ("M1", "2026-02-01"), ("N9", "2026-11-01")] {
            assert_eq!(who(&all, number, day), "M1", "{number}");
        }
        // Without the other numbers both are still two people.
        let two = [all[0].clone(), all[2].clone()];
        assert_eq!(who(&two, "N1", "2026-06-30"), "N1");
        assert_eq!(who(&two, "N1", "2026-07-01"), "N1/2026-07-01");
        // One after the other on two rosters: nobody says that these are two.
        assert!(
            owners(&[held(1, 1, "N1", "2026-01-01"), held(2, 2, "N1", "2026-07-01")]).is_empty()
        );
        // Back to the first: the same person.
        let back = [two[0].clone(), two[1].clone(), held(1, 1, "N1", "2026-09-01")];
        assert_eq!(who(&back, "N1", "2026-09-02"), "N1");
    }

    #[test]
    fn days_of_numbers_become_days_of_people() {
        let all = [
            held(1, 1, "N1", "2026-01-01"),
            held(1, 1, "N2", "2026-04-01"),
            held(1, 2, "N1", "2026-07-01"),
        ];
        let span = |from, to| (d(from), d(to));
        let spans = |list: &[(&str, (NaiveDate, NaiveDate))]| {
            let mut all: BTreeMap<String, Vec<_>> = BTreeMap::new();
            for (number, span) in list {
                all.entry((*number).to_owned()).or_default().push(*span);
            }
            all
        };
        let enrolled = spans(&[
            ("N1", span("2026-01-01", "2026-08-31")),
            ("N2", span("2026-05-01", "2026-12-31")),
            ("X7", span("2026-01-01", "2026-01-31")),
        ]);
        let wanted = spans(&[
            ("N1", span("2026-01-01", "2026-12-31")),
            ("N1/2026-07-01", span("2026-07-01", "2026-08-31")),
            ("X7", span("2026-01-01", "2026-01-31")),
        ]);
        assert_eq!(Persons(owners(&all)).days_of_people(enrolled), wanted);
    }
}
