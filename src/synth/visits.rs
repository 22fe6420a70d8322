//! What a peer writes down of a day: sound visits, and those with a flaw.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

use super::dice::{About, Dice};
use super::flaws::{Answer, Flaw, Of};
use super::groups::Session;
use super::habits::{Meeting, days};
use super::keep::Keep;
use super::people::{Member, Peer, Population};
use super::world::{NeedKind, Shape};
use crate::domain::units::units;

/// Minutes of a unit at all payers.
const UNIT_MINUTES: u32 = 15;
/// Units of an authorization that is soon used up.
pub const SMALL_GRANT: u32 = 20;
/// Visits of a hundred that name the authorization they draw on.
const NAMED: u32 = 33;
/// Members of a hundred with a second diagnosis.
const SECOND_DIAGNOSIS: u32 = 25;
/// How long after a visit notes are signed, in minutes: mostly at once, some the next day.
const SIGNED_AFTER: [u32; 6] = [10, 10, 25, 25, 90, 1_440];

/// A row to be sent.
#[derive(Debug, Clone)]
pub struct Visit<'a> {
    /// Whom it is about.
    pub member: Member<'a>,
    /// What was done.
    pub activity: &'a str,
    /// As what the peer worked.
    pub role: &'a str,
    /// Start, local.
    pub start: NaiveDateTime,
    /// End, local.
    pub end: NaiveDateTime,
    /// How.
    pub mode: &'a str,
    /// Where.
    pub setting: &'a str,
    /// Diagnoses, principal first.
    pub diagnoses: Vec<&'a str>,
    /// An authorization that is named.
    pub authorization: Option<String>,
    /// When the note was signed.
    pub signed: Option<NaiveDateTime>,
    /// The goal that it names.
    pub goal: Option<&'a str>,
    /// The session that it is a part of.
    pub group: Option<Session>,
    /// What is wrong with it, and what will be answered.
    pub flaw: Option<(Flaw, Answer)>,
    /// The month in whose file it is sent.
    pub sent_in: u32,
}

/// So many minutes.
pub fn minutes(count: u32) -> TimeDelta {
    TimeDelta::minutes(i64::from(count))
}

impl Visit<'_> {
    /// Spoils what the member's own note says.
    pub fn papers(&mut self, flaw: Flaw) {
        match flaw {
            Flaw::Unsigned => self.signed = None,
            Flaw::EarlyNote => self.signed = Some(self.start - TimeDelta::days(1)),
            Flaw::NoGoal => self.goal = None,
            Flaw::NoDiagnosis => self.diagnoses.clear(),
            Flaw::Tobacco => self.diagnoses = vec!["F17.210"],
            _ => {}
        }
    }

    /// Puts another end, and the signature as long after it as before.
    fn last(&mut self, length: u32) {
        let signed = self.signed.map(|at| at - self.end);
        self.end = self.start + minutes(length);
        self.signed = signed.map(|after| self.end + after);
    }

    /// Moves all of it.
    pub fn shift(&mut self, by: TimeDelta) {
        self.start += by;
        self.end += by;
        self.signed = self.signed.map(|at| at + by);
    }
}

impl Population {
    /// The rows of a peer's day, in order of time.
    pub fn visits<'a>(&'a self, keep: Keep, peer: Peer<'a>, day: NaiveDate) -> Vec<Visit<'a>> {
        let late = self.late(&peer, day);
        let lapsed = peer.lapse.is_some_and(|(from, to)| from <= day && day <= to);
        let (mut rows, mut of_group) = (Vec::new(), Vec::new());
        // The last visit that is billed, for what happens between two visits.
        let mut before: Option<Visit<'a>> = None;
        for meeting in self.meetings(peer, day).filter(|m| keep.keeps(self, m)) {
            let mut visit = self.sound(&meeting);
            let standing = meeting.member.standing_on(day);
            if lapsed {
                visit.flaw = Some((Flaw::ExpiredCertificate, Answer::Held));
            } else if let Some(flaw) = standing {
                visit.flaw = self.of_member(keep, &meeting, &visit, flaw);
            } else if let Some(month) = late {
                visit.flaw = Some((Flaw::Late, Answer::Held));
                visit.sent_in = month;
            } else if meeting.group {
                // Looked at with the others of the group.
            } else if let Some(flaw) = self.of_visit(&meeting, before.as_ref()) {
                visit = self.flawed(visit, &meeting, before.as_ref(), flaw);
            }
            if meeting.group {
                of_group.push((meeting, visit));
                continue;
            }
            match visit.flaw {
                None => before = Some(visit.clone()),
                Some(_) if standing.is_some() => before = None,
                Some(_) => {}
            }
            rows.push(visit);
        }
        self.gather(&peer, day, &mut of_group, &rows);
        rows.extend(of_group.into_iter().map(|(_, visit)| visit));
        rows
    }

    /// The month in whose file the visits of a peer's day are sent when their sheets were mislaid
    /// until after the deadline.
    pub fn late(&self, peer: &Peer, day: NaiveDate) -> Option<u32> {
        let mut dice = self.dice(About::PeerDay, peer.number, days(day));
        dice.bits();
        if !dice.happens(self.shares.of(Flaw::Late)) {
            return None;
        }
        self.year.late_month(day, peer.organization.shape.filing_days)
    }

    /// Minutes of a meeting.
    fn minutes(&self, meeting: &Meeting) -> u32 {
        if meeting.group {
            return self.group_length(meeting);
        }
        self.length(&mut meeting.dice(self, About::Visit))
    }

    /// Length of a visit; what follows of the dice is its other facts.
    fn length(&self, dice: &mut Dice) -> u32 {
        self.world.peer.minutes.pick(dice).parse().unwrap_or(UNIT_MINUTES * 3)
    }

    fn sound<'a>(&'a self, meeting: &Meeting<'a>) -> Visit<'a> {
        use chrono::Datelike;
        let (work, shape) = (&self.world.peer, meeting.member.peer.organization.shape);
        let mut dice = meeting.dice(self, About::Visit);
        let alone = (self.length(&mut dice), Meeting::delay(&mut dice));
        let (length, delay) = if meeting.group { (self.group_length(meeting), 0) } else { alone };
        let start = meeting.day.and_time(meeting.time) + minutes(delay);
        let end = start + minutes(length);
        let activity = shape.activity.pick(&mut dice);
        let mode = shape.mode.pick(&mut dice);
        let place = shape.setting.pick(&mut dice);
        let setting = if mode == "in_person" { place } else { "home" };
        let role = work.role.pick(&mut dice);
        let goal = dice.text(&work.plan_goals);
        let after = dice.pick(&SIGNED_AFTER).copied().unwrap_or_default();
        let named = dice.below(100) < NAMED;
        Visit {
            member: meeting.member,
            activity,
            role,
            start,
            end,
            mode,
            setting,
            diagnoses: self.diagnoses(&meeting.member),
            authorization: meeting.member.authorization(meeting.day).filter(|_| named),
            signed: Some(end + minutes(after)),
            goal: Some(goal),
            group: None,
            flaw: None,
            sent_in: meeting.day.month(),
        }
    }

    fn diagnoses(&self, member: &Member) -> Vec<&str> {
        let work = &self.world.peer;
        let mut dice = self.dice(About::Member, member.number, 1);
        let list = if member.substance_use { &work.substance_use } else { &work.mental_health };
        let principal = dice.text(list);
        let second = (dice.below(100) < SECOND_DIAGNOSIS).then(|| dice.text(&work.circumstances));
        std::iter::once(principal).chain(second).collect()
    }

    /// What comes of a flaw of the member's papers in this visit.
    fn of_member(
        &self,
        keep: Keep,
        meeting: &Meeting,
        visit: &Visit,
        flaw: Flaw,
    ) -> Option<(Flaw, Answer)> {
        let shape = meeting.member.peer.organization.shape;
        let need = shape.authorization.as_ref();
        let room = match (flaw, need) {
            (Flaw::NoAuthorization, Some(need)) if need.need == NeedKind::After => need.free_units,
            (Flaw::Exhausted, _) => SMALL_GRANT,
            _ => return Some((flaw, flaw.answer())),
        };
        let length = u32::try_from((visit.end - visit.start).num_minutes()).unwrap_or_default();
        let wanted = units(length, UNIT_MINUTES, shape.rounding);
        match room.saturating_sub(self.units_before(keep, meeting)) {
            0 => Some((flaw, Answer::Held)),
            left if left < wanted => Some((flaw, Answer::Ready)),
            _ => None,
        }
    }

    /// Units of the member's visits of the year before this one.
    fn units_before(&self, keep: Keep, meeting: &Meeting) -> u32 {
        let shape = meeting.member.peer.organization.shape;
        let earlier = self.year.days().take_while(|day| *day <= meeting.day);
        earlier
            .flat_map(|day| self.meetings_of(meeting.member, day))
            .take_while(|m| (m.day, m.time) < (meeting.day, meeting.time))
            .filter(|m| keep.keeps(self, m))
            .map(|m| self.minutes(&m))
            .map(|length| units(length, UNIT_MINUTES, shape.rounding))
            .sum()
    }

    /// The flaw of a visit whose member, peer and day have none.
    fn of_visit(&self, meeting: &Meeting, before: Option<&Visit>) -> Option<Flaw> {
        let member = &meeting.member;
        let shape = member.peer.organization.shape;
        let mut dice = meeting.dice(self, About::Flaw);
        // Only the last time of a day has room for hours; there are seven times.
        let long = dice.happens(self.shares.of(Flaw::LongDay) * 7);
        if long && meeting.last_of_day && meeting.only_of_week {
            return Some(Flaw::LongDay);
        }
        let of_visits = |flaw: Flaw| flaw.of() == Of::Visits && flaw != Flaw::LongDay;
        let thrown = self.shares.throw(&mut dice, of_visits);
        thrown.filter(|flaw| fits(*flaw, shape, meeting, before))
    }

    fn flawed<'a>(
        &'a self,
        mut visit: Visit<'a>,
        meeting: &Meeting<'a>,
        before: Option<&Visit<'a>>,
        flaw: Flaw,
    ) -> Visit<'a> {
        let shape = meeting.member.peer.organization.shape;
        let mut dice = meeting.dice(self, About::Flaw);
        match flaw {
            Flaw::NoShow => (visit.activity, visit.mode, visit.setting) = NO_CONTACT,
            Flaw::Paperwork => (visit.activity, visit.mode, visit.setting) = DOCUMENTATION,
            Flaw::Ride => (visit.activity, visit.mode, visit.setting) = TRANSPORT,
            Flaw::TooShort => visit.last(dice.between(5, 7)),
            Flaw::WrongPlace => (visit.mode, visit.setting) = ("in_person", &shape.wrong_setting),
            Flaw::WrongMode => {
                let wrong = shape.wrong_mode.as_deref().unwrap_or_default();
                (visit.mode, visit.setting) = (wrong, "home");
            }
            Flaw::LongDay => {
                (visit.activity, visit.mode, visit.setting) = EMERGENCY;
                visit.last(shape.long_minutes);
            }
            Flaw::UnknownAuthorization => {
                let number = meeting.member.authorization(meeting.day).unwrap_or_default();
                visit.authorization = Some(format!("{number}7"));
            }
            Flaw::Duplicate => {
                if let Some(before) = before {
                    visit = before.clone();
                    visit.shift(minutes(5));
                }
            }
            Flaw::Overlap => {
                if let Some(before) = before {
                    visit.shift(before.start + minutes(15) - visit.start);
                }
            }
            of_the_note => visit.papers(of_the_note),
        }
        visit.flaw = Some((flaw, flaw.answer()));
        visit
    }
}

const NO_CONTACT: (&str, &str, &str) = ("no_contact", "in_person", "home");
const DOCUMENTATION: (&str, &str, &str) = ("documentation", "in_person", "office");
const TRANSPORT: (&str, &str, &str) = ("transport_only", "in_person", "community");
const EMERGENCY: (&str, &str, &str) = ("crisis_support", "in_person", "emergency_room");

/// Whether the flaw can show in this visit, and the rules of its payer know it.
fn fits(flaw: Flaw, shape: &Shape, meeting: &Meeting, before: Option<&Visit>) -> bool {
    let possible = match flaw {
        Flaw::Duplicate => before.is_some(),
        // Somebody who comes twice a week may have been the one before.
        Flaw::Overlap => {
            meeting.only_of_week && before.is_some_and(|b| b.member.number != meeting.member.number)
        }
        Flaw::UnknownAuthorization => meeting.member.needs_authorization(),
        _ => true,
    };
    possible && !shape.without.contains(&flaw)
}
