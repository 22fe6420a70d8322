//! Peers' days: how many hours of sessions, and sessions that began before others had ended.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use super::columns::{Flag, Found, Who};
use crate::domain::report::over_use::{Interval, LONG_DAY_MINUTES, taken};
use crate::store::report_facts::Known;

/// One meeting of a peer: a session of several people, or a visit alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Meeting {
    Session(i64),
    Visit(i64),
}

/// What a peer did on a day.
#[derive(Debug, Default, Clone, Copy)]
struct Day {
    sessions: i64,
    minutes: i64,
    overlapping: i64,
    taken: i64,
}

/// The days of an organization's peers in a month.
#[derive(Debug, Default)]
pub(super) struct Days {
    days: BTreeMap<(i64, NaiveDate), Day>,
    /// By meeting its peer, its day, a visit of it, and its time: a session of several people once.
    meetings: BTreeMap<Meeting, (i64, NaiveDate, i64, Option<Interval>)>,
}

/// Sessions that were counted, with the minutes that were: of a session one visit may know what a claim
/// states, and another what it is, and the longest is the whole.
pub(super) type Counted = HashMap<i64, i64>;

impl Days {
    /// Adds a visit. Of the day before the month (`counts` is false) only the time is of interest, and of
    /// a session that was counted on another day (`sessions`) it is, too.
    pub(super) fn add(&mut self, known: &Known, counts: bool, sessions: &mut Counted) {
        let fact = &known.fact;
        let (meeting, minutes) = match fact.session {
            Some(session) => (Meeting::Session(session.id), session.minutes),
            None => (Meeting::Visit(known.encounter), fact.minutes),
        };
        let place = (fact.peer, known.date, known.encounter, fact.time);
        let (.., time) = self.meetings.entry(meeting).or_insert(place);
        *time = match (*time, fact.time) {
            (Some(one), Some(two)) => {
                Some(Interval { from: one.from.min(two.from), to: one.to.max(two.to) })
            }
            (one, two) => one.or(two),
        };
        if !counts {
            return;
        }
        let (first, more) = match meeting {
            Meeting::Visit(_) => (true, minutes),
            Meeting::Session(id) => {
                let before = sessions.get(&id).copied();
                let longest = before.unwrap_or_default().max(minutes);
                sessions.insert(id, longest);
                (before.is_none(), longest - before.unwrap_or_default())
            }
        };
        if first || more > 0 {
            let day = self.days.entry((fact.peer, known.date)).or_default();
            day.sessions += i64::from(first);
            day.minutes += more;
        }
    }

    /// Minutes of all sessions.
    pub(super) fn minutes(&self) -> i64 {
        self.days.values().map(|day| day.minutes).sum()
    }

    /// The days that are flagged.
    pub(super) fn flags(mut self, payer: &str) -> Vec<Flag> {
        let mut of_peer: BTreeMap<i64, Vec<(Interval, i64)>> = BTreeMap::new();
        let mut dates: HashMap<i64, NaiveDate> = HashMap::new();
        for (peer, date, visit, time) in self.meetings.into_values() {
            if let Some(time) = time {
                of_peer.entry(peer).or_default().push((time, visit));
                dates.insert(visit, date);
            }
        }
        for (peer, list) in of_peer {
            for (visit, minutes) in taken(list) {
                let date = dates.get(&visit).copied();
                if let Some(day) = date.and_then(|date| self.days.get_mut(&(peer, date))) {
                    day.overlapping += 1;
                    day.taken += minutes;
                }
            }
        }
        let mut flags = Vec::new();
        for ((peer, date), day) in self.days {
            let mut flag = |found: Found, meetings: i64| {
                let (payer, who) = (payer.to_owned(), Who::Peer(peer));
                flags.push(Flag { payer, found, who, service: None, days: (date, date), meetings });
            };
            if day.minutes > LONG_DAY_MINUTES {
                flag(Found::LongDay(day.minutes, LONG_DAY_MINUTES), day.sessions);
            }
            if day.overlapping > 0 {
                flag(Found::Overlap(day.taken), day.overlapping);
            }
        }
        flags
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dates::{Instant, parse_date};
    use crate::domain::report::fact::{Fact, Meeting as Of};

    fn known(encounter: i64, peer: i64, day: &str, minutes: i64, session: Option<i64>) -> Known {
        let mut fact: Fact = serde_json::from_value(serde_json::json!({
            "payer": 7, "member": encounter, "peer": peer, "role": "peer_support", "mode": "video",
            "setting": "home", "status": "ready", "minutes": minutes, "recorded": "2026-07-01",
            "units": {"ready": 4, "held": 0, "claimed": 0, "submitted": 0},
            "open": {"ready": 100, "held": 0},
        }))
        .unwrap();
        fact.session = session.map(|id| Of { id, minutes, size: 8 });
        Known { organization: 1, encounter, date: parse_date(day).unwrap(), fact }
    }

    fn flags(list: &[(Known, &str)], from: &str) -> Vec<(String, i64, String, i64, String)> {
        let (mut days, mut sessions) = (Days::default(), Counted::new());
        let first = parse_date(from).unwrap();
        for (known, start) in list {
            let mut known = known.clone();
            let from = Instant::parse(&format!("2026-07-{start}:00Z")).unwrap();
            let minutes = known.fact.session.map_or(known.fact.minutes, |s| s.minutes);
            let to = from.plus(chrono::TimeDelta::minutes(minutes));
            known.fact.time = Some(Interval { from, to });
            days.add(&known, known.date >= first, &mut sessions);
        }
        let names = super::super::columns::Names::default();
        let told = |flag: &Flag| {
            let row = flag.row("x", &names);
            let Who::Peer(peer) = flag.who else { panic!("not a peer's: {flag:?}") };
            (row[2].plain(), peer, row[7].plain(), flag.meetings, row[12].plain())
        };
        days.flags("all").iter().map(told).collect()
    }

    /// Eight people for an hour are an hour of the peer's time and no overlap.
    #[test]
    fn a_session_is_one_session() {
        let group = (1..=8).map(|n| (known(n, 5, "2026-07-01", 60, Some(3)), "01T09:00"));
        assert!(flags(&group.collect::<Vec<_>>(), "2026-07-01").is_empty());
        // Two groups at once overlap, each once, whoever was in them.
        let groups = (1..=16)
            .map(|n| (known(n, 5, "2026-07-01", 60, Some(n % 2)), "01T09:00"))
            .collect::<Vec<_>>();
        let wanted = ("overlap".to_owned(), 5, "2026-07-01".to_owned(), 1, "1.00".to_owned());
        assert_eq!(flags(&groups, "2026-07-01"), [wanted]);
    }

    #[test]
    fn sixteen_hours_are_a_day_and_a_minute_more_is_a_long_one() {
        let day = |last: i64| {
            vec![
                (known(1, 5, "2026-07-01", 480, None), "01T00:00"),
                (known(2, 5, "2026-07-01", last, None), "01T08:00"),
                // Another peer's day is another day.
                (known(3, 6, "2026-07-01", 480, None), "01T08:00"),
            ]
        };
        assert!(flags(&day(480), "2026-07-01").is_empty());
        let wanted = ("long_day".to_owned(), 5, "2026-07-01".to_owned(), 2, "16.02".to_owned());
        assert_eq!(flags(&day(481), "2026-07-01"), [wanted]);
    }

    #[test]
    fn what_reaches_over_midnight_is_of_the_later_day() {
        let list = vec![
            (known(1, 5, "2026-06-30", 60, None), "01T06:30"),
            (known(2, 5, "2026-07-01", 30, None), "01T07:15"),
        ];
        let wanted = ("overlap".to_owned(), 5, "2026-07-01".to_owned(), 1, "0.25".to_owned());
        assert_eq!(
            flags(&list, "2026-07-01"),
            std::slice::from_ref(&wanted),
            "the day before is not counted"
        );
        assert_eq!(flags(&list, "2026-06-30"), [wanted]);
        // The later one lies behind the period.
        assert!(flags(&list, "2026-07-02").is_empty());
    }
}
