//! The slow engine's answers about people and clocks: day by day, birthday by birthday. Written from
//! what `docs/contracts.md` and `docs/definitions.md` say, and from nothing of the rules.

use chrono::{Datelike, NaiveDate, Weekday};

use super::history_recount::{Unit, day};
use super::reference_asks::{Ask, Over};
use super::reference_people::{Clock, Paper, People, at};
use super::reference_world::{Book, Talk};
use crate::domain::codes::Mode;
use crate::domain::contract::Years;

/// The day on which everything is looked at (`history_world.rs`).
fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2028, 4, 15).unwrap()
}

fn next(on: NaiveDate) -> NaiveDate {
    on.succ_opt().unwrap()
}

/// So many months later, cut to the month's end.
fn months_later(from: NaiveDate, months: u32) -> NaiveDate {
    let (mut year, mut month) = (from.year(), from.month());
    for _ in 0..months {
        month += 1;
        if month == 13 {
            (year, month) = (year + 1, 1);
        }
    }
    (0..4).find_map(|less| NaiveDate::from_ymd_opt(year, month, from.day() - less)).unwrap()
}

/// Birthdays since somebody was born. Who was born on a leap day has it on 1 March in other years.
fn birthdays(born: NaiveDate, on: NaiveDate) -> u32 {
    let mut years = 0;
    for year in born.year() + 1..=on.year() {
        let birthday = NaiveDate::from_ymd_opt(year, born.month(), born.day())
            .or_else(|| NaiveDate::from_ymd_opt(year, 3, 1));
        if birthday.unwrap() <= on {
            years += 1;
        }
    }
    years
}

/// The fiscal year of a day, by the year in which it began.
fn fiscal(on: NaiveDate, first: u32) -> i32 {
    if on.month() < first { on.year() - 1 } else { on.year() }
}

impl People {
    fn all_end_on(&self, on: NaiveDate) -> bool {
        self.end.as_ref().is_some_and(|end| {
            let year = match end.years {
                Years::Every => true,
                Years::Odd => on.year() % 2 == 1,
                Years::Even => on.year() % 2 == 0,
            };
            year && (on.month(), on.day()) == (end.month, end.day)
        })
    }

    /// Whether a day lies between a certificate's first and last one, and none on which all end since.
    fn runs(&self, paper: &Paper, on: NaiveDate) -> bool {
        let mut walked = at(paper.from);
        if on < walked || paper.to.is_some_and(|to| at(to) < on) {
            return false;
        }
        while walked < on {
            walked = next(walked);
            if self.all_end_on(walked) {
                return false;
            }
        }
        true
    }

    /// Whether a peer may work in the first months without a certificate: one who has had none yet
    /// that was taken away, or that ended since the work began.
    fn is_new(&self, on: NaiveDate) -> bool {
        let (Some(hired), Some(months)) = (self.hired.map(at), self.provisional) else {
            return false;
        };
        if on < hired || on >= months_later(hired, months) {
            return false;
        }
        for paper in self.papers.iter().filter(|p| p.other == 0) {
            if !paper.active {
                return false;
            }
            let mut walked = hired;
            while walked < on {
                if self.runs(paper, walked) && !self.runs(paper, next(walked)) {
                    return false;
                }
                walked = next(walked);
            }
        }
        true
    }

    fn certified(&self, on: NaiveDate) -> bool {
        let mut fitting = self.papers.iter().filter(|p| p.other == 0 && p.active);
        fitting.any(|p| self.runs(p, on)) || self.is_new(on)
    }
}

impl Clock {
    /// The last day on which a claim is delivered in time.
    pub fn last_day(&self, on: NaiveDate) -> NaiveDate {
        let mut last = on;
        for (anchor, counts) in [self.issued, self.known] {
            // An anchor that has not come moves nothing.
            let came = anchor.map(at).filter(|day| counts && *day <= today());
            last = last.max(came.unwrap_or(last));
        }
        if self.months > 0 {
            last = months_later(last, self.months);
        } else {
            for _ in 0..self.days {
                last = next(last);
            }
        }
        let rests = |day: NaiveDate| {
            let weekend = [Weekday::Sat, Weekday::Sun].contains(&day.weekday());
            weekend || self.holidays.iter().any(|h| at(*h) == day)
        };
        while self.rolls && rests(last) {
            last = next(last);
        }
        if let Some(stop) = self.stop {
            let mut end = on;
            for _ in 0..stop {
                end = next(end);
            }
            last = last.min(end);
        }
        last
    }
}

impl Book {
    /// What is said of a visit because of who gave and got it, and of how long ago it was.
    pub fn of_life(&self, talk: &Talk) -> Vec<(&'static str, bool)> {
        let (people, on) = (&self.people, day(talk.visit.day));
        let mut rules = vec![];
        if !people.certified(on) {
            rules.push(("peer.not_certified", true));
        }
        let age = birthdays(at(people.member_born), on);
        let (youngest, oldest) = people.ages;
        let fits = youngest.is_none_or(|y| y <= age) && oldest.is_none_or(|o| age <= o);
        if talk.visit.service == 0 && !fits {
            rules.push(("member.age", true));
        }
        let last = people.clock.last_day(on);
        let mut left = 0;
        let mut walked = today();
        while walked < last {
            (walked, left) = (next(walked), left + 1);
        }
        if last < today() {
            rules.push(("filing.late", true));
        } else if left <= people.clock.warn {
            rules.push(("filing.soon", false));
        }
        rules
    }

    /// Whether people are as a condition asks, or the rule that it breaks.
    pub fn of_people(&self, ask: &Ask, talk: &Talk) -> (bool, &'static str) {
        let (people, on) = (&self.people, day(talk.visit.day));
        let member = at(people.member_born);
        match (ask, people.peer_born.map(at)) {
            (Ask::StaffAge(years), Some(peer)) => (birthdays(peer, on) >= *years, "peer.age"),
            (Ask::StaffAge(_) | Ask::Gap(..), None) => (false, "peer.age"),
            (Ask::Gap(years, older), Some(peer)) => {
                let apart = birthdays(peer.min(member), peer.max(member)) >= *years;
                (apart && (!older || peer <= member), "peer.age_gap")
            }
            (Ask::Enrolled(kind, wanted), _) => {
                let mut of_kind = self.base.episodes.iter().filter(|e| e.0 == *kind);
                let is = of_kind.any(|(_, from, to)| (*from..=*to).contains(&talk.visit.day));
                let rule = if *wanted { "enrollment.missing" } else { "enrollment.excluded" };
                (is == *wanted, rule)
            }
            (Ask::Untied(tie), _) => {
                let tied = people.ties.iter().any(|(about, from, to)| {
                    about == tie
                        && *from <= talk.visit.day
                        && to.is_none_or(|to| talk.visit.day <= to)
                });
                (!tied, "relationship.barred")
            }
            _ => unreachable!("it asks for no people"),
        }
    }

    /// Whether units that are not face to face stay below their part, with so many more, in all days
    /// that are counted together with a day.
    pub fn share_fits(&self, percent: u32, over: &Over, on: u64, own: &[&Unit], more: u32) -> bool {
        let (percent, more) = (usize::try_from(percent).unwrap(), usize::try_from(more).unwrap());
        let together = self.together(over, on);
        let fits = |days: &dyn Fn(NaiveDate) -> bool| {
            let all = own.iter().filter(|u| days(u.day)).count();
            let far = own.iter().filter(|u| days(u.day) && u.mode != Mode::InPerson).count();
            (far + more) * 100 <= (all + more) * percent
        };
        // Without an episode nobody can say what the part is of.
        !together.is_empty() && together.iter().all(|days| fits(days))
    }

    /// Which days are counted together with a day: once, or for each episode around it.
    fn together(&self, over: &Over, on: u64) -> Vec<Box<dyn Fn(NaiveDate) -> bool>> {
        let this = day(on);
        let around = |kind: &Option<usize>| -> Vec<(NaiveDate, NaiveDate)> {
            let of_kind = self.base.episodes.iter().filter(|e| kind.is_none_or(|k| e.0 == k));
            let around = of_kind.filter(|(_, from, to)| (*from..=*to).contains(&on));
            around.map(|(_, from, to)| (day(*from), day(*to))).collect()
        };
        match over {
            Over::Month => {
                vec![Box::new(move |d| (d.year(), d.month()) == (this.year(), this.month()))]
            }
            Over::Year => vec![Box::new(move |d| d.year() == this.year())],
            Over::Fiscal(first) => {
                let first = *first;
                vec![Box::new(move |d| fiscal(d, first) == fiscal(this, first))]
            }
            Over::Episode(kind) => {
                let mut all: Vec<Box<dyn Fn(NaiveDate) -> bool>> = vec![];
                for (from, to) in around(kind) {
                    all.push(Box::new(move |d| from <= d && d <= to));
                }
                all
            }
            Over::EpisodeYear(first, kind) => {
                let first = *first;
                let mut all: Vec<Box<dyn Fn(NaiveDate) -> bool>> = vec![];
                for (from, to) in around(kind) {
                    all.push(Box::new(move |d| {
                        from <= d && d <= to && fiscal(d, first) == fiscal(this, first)
                    }));
                }
                all
            }
        }
    }
}

impl Book {
    /// What conditions say of the peer's company in the days around a visit: whom else the peer
    /// serves, and how large the groups are.
    pub fn company(&self, talk: &Talk, others: &[&Talk]) -> Vec<(&'static str, bool)> {
        let of_peer = |t: &Talk| (t.visit.org, t.visit.peer) == (talk.visit.org, talk.visit.peer);
        let mut rules = vec![];
        for (ask, services, holds) in self.conditions(talk) {
            let (Ask::Caseload(_, over) | Ask::Average(_, over)) = ask else { continue };
            let days = self.together(over, talk.visit.day);
            let (mut members, mut sessions) = (vec![talk.visit.member], vec![]);
            sessions.extend(talk.session());
            for other in others.iter().filter(|t| of_peer(t) && days[0](day(t.visit.day))) {
                if !members.contains(&other.visit.member) {
                    members.push(other.visit.member);
                }
                let session = other.session().filter(|_| services.contains(&other.visit.service));
                sessions.extend(session.filter(|s| !sessions.contains(s)));
            }
            let people: u32 = sessions.iter().map(|(_, size)| *size).sum();
            match ask {
                Ask::Caseload(most, _) if members.len() > usize::try_from(*most).unwrap() => {
                    rules.push(("peer.caseload", holds));
                }
                Ask::Average(tenths, _)
                    if talk.group.is_some()
                        && people * 10 > tenths * u32::try_from(sessions.len()).unwrap() =>
                {
                    rules.push(("group.average", holds));
                }
                _ => {}
            }
        }
        rules
    }
}

/// What is said of a visit because of others at the same time: minute by minute.
pub fn beside(talk: &Talk, others: &[&Talk]) -> Vec<(&'static str, bool)> {
    let minutes = |t: &Talk| {
        let first = t.visit.day * 1440 + u64::from(t.start);
        first..first + u64::from(t.minutes)
    };
    let (mut twice, mut member, mut peer) = (false, false, false);
    for other in others {
        let together = minutes(talk).any(|minute| minutes(other).contains(&minute));
        if !together || other.visit.org != talk.visit.org {
            continue;
        }
        let same_member = other.visit.member == talk.visit.member;
        let same_peer = other.visit.peer == talk.visit.peer;
        if same_member && same_peer && other.visit.service == talk.visit.service {
            twice = true;
        } else {
            member |= same_member;
            peer |= same_peer;
        }
    }
    let told = [("duplicate", twice), ("overlap.member", member), ("overlap.peer", peer)];
    told.into_iter().filter(|(_, is)| *is).map(|(rule, _)| (rule, true)).collect()
}
