//! When members come: each has a weekday and a time, comes every week, every second or every fourth,
//! for as long as the episode lasts, and not on holidays or while the peer is away.

use chrono::{Datelike, Days, NaiveDate, NaiveTime};

use super::dice::{About, Dice};
use super::people::{Member, Peer, Population};
use super::year::{is_holiday, week_of};

/// Starts of a day's visits, as hour and minute, 75 minutes apart.
const TIMES: [(u32, u32); 7] = [(8, 30), (9, 45), (11, 0), (13, 0), (14, 15), (15, 30), (16, 45)];
/// Times of a week: Monday to Friday.
const PLACES: u64 = 35;
/// Steps between the places of one member and the next: no factor of [`PLACES`], so that no two
/// members of a peer ever share one.
const STRIDE: u64 = 11;
/// Undoes the stride.
const INVERSE: u64 = 16;
const _: () = assert!(STRIDE * INVERSE % PLACES == 1, "each place belongs to one member");
/// Where the second times of a week begin, for members who come twice.
const SECOND: u64 = super::people::CASELOAD;
/// When groups begin, as hour and minute: after the last visit of a day.
const GROUP_TIME: (u32, u32) = (18, 15);
/// Keeps the dice of a day's group apart from those of its visits: more than there are days.
const EVENINGS: u64 = 1 << 32;
/// A visit starts at most this many minutes after its time.
const MOST_DELAY: u32 = 10;

/// A visit that may take place.
#[derive(Debug, Clone, Copy)]
pub struct Meeting<'a> {
    /// Who comes.
    pub member: Member<'a>,
    /// The day.
    pub day: NaiveDate,
    /// The start of its time.
    pub time: NaiveTime,
    /// Whether nothing follows on the day.
    pub last_of_day: bool,
    /// Whether the member comes once a week at most.
    pub only_of_week: bool,
    /// Whether it is the group that the peer leads.
    pub group: bool,
    /// Which of the member's times of the week it is.
    which: u64,
}

/// How somebody comes.
struct Habit {
    /// Weeks from one visit to the next.
    every: u32,
    /// Which week it begins with.
    phase: u32,
    twice: bool,
    from: NaiveDate,
    to: NaiveDate,
}

impl Habit {
    fn of(population: &Population, member: &Member) -> Self {
        let mut dice = population.dice(About::Habit, member.number, 0);
        let (every, twice) = match dice.below(100) {
            0..60 => (4, false),
            60..88 => (2, false),
            88..98 => (1, false),
            _ => (1, true),
        };
        let phase = dice.below(every);
        let (from, to) = episode(population, &mut dice);
        Self { every, phase, twice, from, to }
    }

    fn covers(&self, day: NaiveDate) -> bool {
        self.from <= day && day <= self.to && week_of(day) % self.every == self.phase
    }
}

/// The days from which and to which somebody comes: most all the year, some from a day, some up to
/// one, some for a season.
fn episode(population: &Population, dice: &mut Dice) -> (NaiveDate, NaiveDate) {
    let (first, last) = (population.year.first(), population.year.last());
    let after = |days: u32| first + Days::new(u64::from(days));
    match dice.below(100) {
        0..55 => (first, last),
        55..75 => (after(dice.between(20, 280)), last),
        75..90 => (first, after(dice.between(80, 345))),
        _ => {
            let from = dice.between(10, 260);
            (after(from), after(from + 100))
        }
    }
}

impl Population {
    /// The meetings of a peer on a day, in order of time, whether they take place or not.
    pub fn meetings<'a>(
        &'a self,
        peer: Peer<'a>,
        day: NaiveDate,
    ) -> impl Iterator<Item = Meeting<'a>> + 'a {
        let weekday = u64::from(day.weekday().num_days_from_monday());
        let works = weekday < 5 && !is_holiday(day) && !self.away(&peer, day);
        let evening = works && self.leads_group(&peer, day);
        let times = TIMES.iter().zip(0u64..).filter(move |_| works);
        let alone = times.filter_map(move |(_, slot)| {
            let (place, which) = whose(peer.number, weekday * 7 + slot, peer.members)?;
            let member = self.member(peer, place);
            let mut meeting = self.meeting(member, day, slot, which)?;
            meeting.last_of_day &= !evening;
            Some(meeting)
        });
        let circle = evening.then(|| self.circle(peer)).into_iter().flatten();
        alone.chain(circle.filter_map(move |member| self.evening(member, day)))
    }

    /// A member's part in the group of an evening, while the member's episode lasts.
    fn evening<'a>(&self, member: Member<'a>, day: NaiveDate) -> Option<Meeting<'a>> {
        let habit = Habit::of(self, &member);
        let (hour, minute) = GROUP_TIME;
        (habit.from <= day && day <= habit.to).then_some(Meeting {
            member,
            day,
            time: NaiveTime::from_hms_opt(hour, minute, 0)?,
            last_of_day: true,
            only_of_week: false,
            group: true,
            which: 0,
        })
    }

    /// The meeting of a member at one of the day's times, if the member's habit has it.
    fn meeting<'a>(
        &self,
        member: Member<'a>,
        day: NaiveDate,
        slot: u64,
        which: u64,
    ) -> Option<Meeting<'a>> {
        let habit = Habit::of(self, &member);
        if !habit.covers(day) || (which > 0 && !habit.twice) {
            return None;
        }
        let (hour, minute) = TIMES.get(usize::try_from(slot).ok()?)?;
        Some(Meeting {
            member,
            day,
            time: NaiveTime::from_hms_opt(*hour, *minute, 0)?,
            last_of_day: slot == 6,
            only_of_week: !habit.twice,
            group: false,
            which,
        })
    }

    /// The days from which and to which a member comes.
    pub fn episode(&self, member: &Member) -> (NaiveDate, NaiveDate) {
        let habit = Habit::of(self, member);
        (habit.from, habit.to.min(self.year.last()))
    }

    /// The meetings of one member on a day.
    pub fn meetings_of<'a>(
        &'a self,
        member: Member<'a>,
        day: NaiveDate,
    ) -> impl Iterator<Item = Meeting<'a>> + 'a {
        self.meetings(member.peer, day).filter(move |m| m.member.number == member.number)
    }

    /// Two weeks of leave, and a sick day now and then.
    fn away(&self, peer: &Peer, day: NaiveDate) -> bool {
        let mut leave = self.dice(About::Peer, peer.number, 1);
        let first = week_of(self.year.first());
        let weeks = [first + leave.between(24, 35), first + leave.between(2, 51)];
        let mut sick = self.dice(About::PeerDay, peer.number, days(day));
        weeks.contains(&week_of(day)) || sick.happens(100)
    }
}

/// Which of a peer's members has a place in the week, and as which of the member's times.
fn whose(peer: u64, place: u64, members: u64) -> Option<(u64, u64)> {
    // The member at `at` has the place (at * STRIDE + peer) mod PLACES.
    let shifted = (place + PLACES - peer % PLACES) % PLACES;
    let at = shifted * INVERSE % PLACES;
    match at {
        first if first < members => Some((first, 0)),
        second if (SECOND..SECOND + members).contains(&second) => Some((second - SECOND, 1)),
        _ => None,
    }
}

/// A day as a number, for dice.
pub fn days(day: NaiveDate) -> u64 {
    u64::from(day.num_days_from_ce().unsigned_abs())
}

impl Meeting<'_> {
    /// The two numbers that this meeting's dice are made of.
    fn numbers(&self) -> (u64, u64) {
        let of_groups = if self.group { EVENINGS } else { 0 };
        (self.member.number * 2 + self.which, days(self.day) + of_groups)
    }

    /// Where it stands among all meetings that may take place: those with the smallest numbers do.
    pub fn rank(&self, population: &Population) -> u64 {
        let (a, b) = self.numbers();
        population.dice(About::Keep, a, b).bits()
    }

    /// Dice about it.
    pub fn dice(&self, population: &Population, about: About) -> Dice {
        let (a, b) = self.numbers();
        population.dice(about, a, b)
    }

    /// A start some minutes after the time.
    pub fn delay(dice: &mut Dice) -> u32 {
        dice.below(MOST_DELAY / 5 + 1) * 5
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::flaws::Shares;
    use super::super::world::World;
    use super::super::year::Year;
    use super::*;

    fn population() -> Population {
        let (world, year) = (World::carried().unwrap(), Year::new(2026).unwrap());
        Population::for_encounters(world, 5, year, Shares::default(), 20_000, None)
    }

    #[test]
    fn no_two_members_of_a_peer_share_a_time() {
        for members in 1..=super::super::people::CASELOAD {
            for peer in 0..40 {
                let taken: Vec<_> = (0..PLACES).filter_map(|p| whose(peer, p, members)).collect();
                let different: BTreeSet<_> = taken.iter().collect();
                assert_eq!(taken.len(), different.len());
                assert_eq!(taken.len() as u64, members * 2);
            }
        }
    }

    #[test]
    fn nobody_works_on_holidays_and_weekends_and_everybody_has_leave() {
        let all = population();
        for peer in all.organizations().flat_map(|o| all.peers(o)).take(30) {
            let worked: Vec<NaiveDate> =
                all.year.days().filter(|day| all.meetings(peer, *day).next().is_some()).collect();
            assert!(worked.iter().all(|d| d.weekday().num_days_from_monday() < 5));
            assert!(worked.iter().all(|d| !is_holiday(*d)));
            let weeks: BTreeSet<u32> = worked.iter().map(|d| week_of(*d)).collect();
            assert!((40..=51).contains(&weeks.len()), "{}", weeks.len());
        }
    }

    #[test]
    fn a_members_meetings_are_those_of_the_peer() {
        let all = population();
        let peer = all.organizations().flat_map(|o| all.peers(o)).nth(3).unwrap();
        let (mut of_peer, mut of_members) = (0, 0);
        for day in all.year.days() {
            of_peer += all.meetings(peer, day).count();
            for member in all.members(peer) {
                of_members += all.meetings_of(member, day).count();
            }
        }
        assert!(of_peer > 100);
        assert_eq!(of_peer, of_members);
    }
}
