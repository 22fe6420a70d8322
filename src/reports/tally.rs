//! One pass over what is known of visits: what is counted, for each group and for all together.
//!
//! Contacts, sessions, units and staff hours are kept apart: eight people for an hour are eight contacts,
//! one session, and one hour of the peer's time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{NaiveDate, TimeDelta};

use super::frame::{Asked, Basis, Lens, Value};
use super::utilization::Perspective;
use crate::domain::dates::Instant;
use crate::domain::report::day::Counts;
use crate::domain::report::fact::{Fact, Sent};
use crate::store::report_facts::{Known, Wanted, each};
use crate::store::{Conn, StoreError};

/// Claims are first sent at most so many days after the visit; a payer's filing limit is a year or less.
const SENT_WITHIN_DAYS: i64 = 1_096;

/// Who is one person: for an organization by its roster, for a payer by its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Person(i64, i64, Option<String>);

impl Lens {
    /// Whether a visit is one that this reader sees.
    pub fn sees(&self, fact: &Fact) -> bool {
        let own = self.payer.is_none_or(|payer| fact.payer == Some(payer.as_i64()));
        own && fact.counts() && (self.edition == Perspective::Organization || fact.billed.is_some())
    }

    /// Whether a visit is one of which this reader sees what became of the claims: for a payer also what
    /// it rejected, or had and is not billed any more. Not what was taken back before it arrived, nor what
    /// was sent to another payer.
    pub fn sees_sent(&self, fact: &Fact) -> bool {
        let to_it = |sent: &Sent| {
            let arrived = sent.delivered.is_some() || sent.last_status != "withdrawn";
            // What it was moved to is nobody's to see before it is sent, and there it did not take place.
            let there = !sent.moved;
            arrived && there && self.payer.is_some_and(|payer| sent.payer == Some(payer.as_i64()))
        };
        let sent = self.edition == Perspective::Payer && fact.sent.as_ref().is_some_and(to_it);
        self.sees(fact) || (fact.counts() && sent)
    }

    /// The person of a visit.
    pub fn person(&self, known: &Known) -> Person {
        match self.edition {
            Perspective::Organization => Person(known.organization, known.fact.member, None),
            Perspective::Payer => {
                Person(known.fact.payer.unwrap_or(0), 0, known.fact.person().map(str::to_owned))
            }
        }
    }

    /// Its units: of all its lines, or of the released claim.
    pub fn units(&self, fact: &Fact) -> i64 {
        match self.edition {
            Perspective::Organization => fact.units.recorded(),
            Perspective::Payer => fact.billed.map_or(0, |b| b.units),
        }
    }

    /// Minutes of a unit of those.
    pub fn unit_minutes<'a>(&self, fact: &'a Fact) -> &'a [i64] {
        match self.edition {
            Perspective::Organization => &fact.unit_minutes,
            Perspective::Payer => &fact.billed_unit_minutes,
        }
    }
}

/// The lengths of the units that are added: of several lengths they are not one number, and none is told
/// (trap 35).
#[derive(Debug, Clone, Default)]
pub struct Lengths(BTreeSet<i64>);

impl Lengths {
    /// Adds those of a visit.
    pub fn add(&mut self, minutes: &[i64]) {
        self.0.extend(minutes);
    }

    /// Adds those of others.
    pub fn join(&mut self, others: &Self) {
        self.0.extend(&others.0);
    }

    /// Whether there are several.
    pub fn mixed(&self) -> bool {
        self.0.len() > 1
    }

    /// A number of such units, or of what is made of them.
    pub fn told(&self, value: Value) -> Value {
        if self.mixed() { Value::Null("mixed_units") } else { value }
    }
}

/// What is counted of a group of visits.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Sums.
    pub counts: Counts,
    /// Units as the reader sees them.
    pub units: i64,
    /// Their lengths.
    pub lengths: Lengths,
    /// The lengths of the units of released claims.
    pub sent_lengths: Lengths,
    /// Units of each person.
    pub people: HashMap<Person, i64>,
    /// Minutes of each session of several people.
    sessions: HashMap<(i64, i64), i64>,
    /// Contacts of one person alone.
    alone: i64,
    alone_minutes: i64,
    /// Contacts in sessions of several people, and the sizes of those sessions.
    pub in_groups: i64,
    /// Units of those contacts.
    pub units_in_groups: i64,
    sizes: HashMap<(i64, i64), i64>,
    /// Cents expected of ready and claimed lines.
    pub open_ready: i64,
    /// Cents expected of held lines.
    pub open_held: i64,
}

impl Tally {
    /// Adds a visit.
    pub fn add(&mut self, lens: &Lens, known: &Known) {
        let fact = &known.fact;
        let units = lens.units(fact);
        self.counts.add(Counts::of(fact));
        self.units += units;
        self.lengths.add(lens.unit_minutes(fact));
        self.sent_lengths.add(&fact.billed_unit_minutes);
        *self.people.entry(lens.person(known)).or_default() += units;
        if let Some(session) = fact.session {
            let key = (known.organization, session.id);
            // One visit may know it as a claim states it, and another as it is: the longest is the whole.
            let minutes = self.sessions.entry(key).or_default();
            *minutes = session.minutes.max(*minutes);
            let size = self.sizes.entry(key).or_default();
            *size = session.size.max(*size);
            self.in_groups += 1;
            self.units_in_groups += units;
        } else {
            self.alone += 1;
            self.alone_minutes += fact.minutes;
        }
        self.open_ready += fact.open.ready;
        self.open_held += fact.open.held;
    }

    /// Visits.
    pub fn contacts(&self) -> i64 {
        self.counts.recorded
    }

    /// Different people.
    pub fn members(&self) -> i64 {
        count(self.people.len())
    }

    /// Contacts with one person alone.
    pub fn contacts_alone(&self) -> i64 {
        self.alone
    }

    /// Meetings: one for each session, and one for each contact alone.
    pub fn sessions(&self) -> i64 {
        count(self.sessions.len()) + self.alone
    }

    /// Sessions of several people.
    pub fn group_sessions(&self) -> i64 {
        count(self.sessions.len())
    }

    /// Everyone present in sessions of several people, also who is not billed.
    pub fn present(&self) -> i64 {
        self.sizes.values().sum()
    }

    /// The peers' time: each session once.
    pub fn staff_minutes(&self) -> i64 {
        self.sessions.values().sum::<i64>() + self.alone_minutes
    }

    /// Twice the median of units for each person, which is whole; none without people.
    pub fn twice_median_units(&self) -> Option<i64> {
        let mut list: Vec<i64> = self.people.values().copied().collect();
        twice_median(&mut list)
    }
}

/// Twice the median of a list; none of nothing.
pub fn twice_median(list: &mut [i64]) -> Option<i64> {
    list.sort_unstable();
    let upper = list.get(list.len() / 2)?;
    let lower = list.get(list.len().saturating_sub(1) / 2)?;
    Some(upper + lower)
}

/// A count as a number of a report.
pub fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The date that places a visit in the period.
pub fn placed(basis: Basis, known: &Known) -> Option<NaiveDate> {
    match basis {
        Basis::Service => Some(known.date),
        Basis::Submission => known.fact.sent.as_ref().map(|sent| sent.first),
        Basis::Receipt | Basis::Paid => None,
    }
}

/// The first service date of which a visit may be in the period; none where nothing can be placed.
pub fn first_day(asked: &Asked) -> Option<NaiveDate> {
    match asked.basis {
        Basis::Receipt | Basis::Paid => None,
        Basis::Service => Some(asked.from),
        Basis::Submission => {
            asked.from.checked_sub_signed(TimeDelta::days(SENT_WITHIN_DAYS)).or(Some(asked.from))
        }
    }
}

/// Gives each visit that the reader sees in the period to `look`, with the date that places it.
pub fn visits(
    conn: &mut Conn,
    asked: &Asked,
    as_of: Instant,
    look: impl FnMut(NaiveDate, &Known),
) -> Result<(), StoreError> {
    pass(conn, asked, as_of, Lens::sees, look)
}

/// The same, with what a payer was sent and did not keep: for reports of what became of claims.
pub fn visits_sent(
    conn: &mut Conn,
    asked: &Asked,
    as_of: Instant,
    look: impl FnMut(NaiveDate, &Known),
) -> Result<(), StoreError> {
    pass(conn, asked, as_of, Lens::sees_sent, look)
}

fn pass(
    conn: &mut Conn,
    asked: &Asked,
    as_of: Instant,
    sees: fn(&Lens, &Fact) -> bool,
    mut look: impl FnMut(NaiveDate, &Known),
) -> Result<(), StoreError> {
    let Some(first) = first_day(asked) else { return Ok(()) };
    let wanted = Wanted { organization: asked.lens.organization, from: first, to: asked.to, as_of };
    each(conn, wanted, |known| {
        if let Some(date) = placed(asked.basis, &known)
            && (asked.from..=asked.to).contains(&date)
            && sees(&asked.lens, &known.fact)
        {
            look(date, &known);
        }
    })
}

/// Counts the period by groups, of which a visit may be in several, and all together.
pub fn tally<K: Ord>(
    conn: &mut Conn,
    asked: &Asked,
    as_of: Instant,
    mut keys: impl FnMut(NaiveDate, &Known) -> Vec<K>,
) -> Result<(BTreeMap<K, Tally>, Tally), StoreError> {
    let (mut groups, mut all) = (BTreeMap::<K, Tally>::new(), Tally::default());
    visits(conn, asked, as_of, |date, known| {
        for key in keys(date, known) {
            groups.entry(key).or_default().add(&asked.lens, known);
        }
        all.add(&asked.lens, known);
    })?;
    Ok((groups, all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::PayerId;

    fn fact(sent: &serde_json::Value, more: &serde_json::Value) -> Fact {
        let mut fact = serde_json::json!({
            "payer": 7, "member": 1, "peer": 2, "role": "peer_support", "mode": "video",
            "setting": "home", "status": "ready", "minutes": 50, "recorded": "2026-07-01",
            "units": {"ready": 4, "held": 0, "claimed": 0, "submitted": 0},
            "open": {"ready": 100, "held": 0},
        });
        let mut story = serde_json::json!({"first": "2026-07-02", "times": 1, "payer": 7,
            "first_status": "rejected", "last_status": "rejected"});
        let merge = |whole: &mut serde_json::Value, part: &serde_json::Value| {
            whole.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        };
        merge(&mut story, sent);
        fact["sent"] = story;
        merge(&mut fact, more);
        serde_json::from_value(fact).unwrap()
    }

    #[test]
    fn a_payer_sees_what_it_was_sent_and_rejected_and_nothing_else() {
        use serde_json::json;
        let lens = |edition, payer: i64| Lens {
            edition,
            organization: None,
            payer: Some(PayerId::from_i64(payer)),
        };
        let (seven, nine) = (lens(Perspective::Payer, 7), lens(Perspective::Payer, 9));
        let empty = json!({});
        let rejected = fact(&empty, &empty);
        assert!(seven.sees_sent(&rejected) && !seven.sees(&rejected));
        assert!(!nine.sees_sent(&rejected));
        assert!(lens(Perspective::Organization, 7).sees_sent(&rejected));
        // The visit is the other payer's by now: it was sent nothing yet.
        let moved = fact(&empty, &json!({"payer": 9}));
        assert!(!nine.sees_sent(&moved) && seven.sees_sent(&moved));
        // Taken back before it arrived; voided; never sent; learned before the payer was kept.
        for (sent, more) in [
            (json!({"last_status": "withdrawn"}), empty.clone()),
            (empty.clone(), json!({"status": "void"})),
            (empty.clone(), json!({"sent": null})),
            (json!({"payer": null}), empty.clone()),
            // Rejected, and moved to another day since.
            (json!({"moved": true}), empty.clone()),
        ] {
            assert!(!seven.sees_sent(&fact(&sent, &more)), "{sent} {more}");
        }
        let billed = json!({"billed": {"units": 4, "charge": 1, "expected": 1}});
        assert!(seven.sees_sent(&fact(&json!({"payer": null}), &billed)));
    }
}
