//! Groups: some peers lead one every second week, and many of those whom they see come to it. Each
//! member's part is a row of its own that names the session; what all of them share is thrown once.

use chrono::{Datelike, NaiveDate};

use super::dice::{About, Dice};
use super::flaws::{Flaw, Of};
use super::habits::{Meeting, days};
use super::people::{Member, Peer, Population};
use super::visits::{Visit, minutes};
use super::world::Groups;
use super::year::week_of;

/// Of so many peers one leads a group.
const LEADERS: u64 = 2;
/// Weeks from one group to the next.
const EVERY: u32 = 2;
/// Members of a hundred who come to the group of their peer.
const COMES: u32 = 65;
/// Most members of a group who are billed: with others present it is still no larger than any
/// payer's largest group.
pub const MOST_BILLED: u32 = 9;
/// Most who are present and not billed, in a sound group.
const MOST_GUESTS: u32 = 3;
/// Groups of a hundred that two peers lead.
const TWO_PEERS: u32 = 15;
/// Members of a hundred who leave before the end.
const LEAVES_EARLY: u32 = 10;
/// How long before.
const EARLIER: u32 = 15;
/// Minutes between the start of a visit and that of a group which it overlaps.
const OVERLAP_AFTER: u32 = 15;
/// What is done in groups.
const ACTIVITY: &str = "group_support";

/// What a row says of its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The organization's own name for it.
    pub reference: String,
    /// Everyone served who was present, billed or not.
    pub size: u32,
    /// Peers who led it.
    pub peers: u32,
}

/// What all rows of a session share.
struct Evening<'a> {
    session: Session,
    setting: &'a str,
    role: &'a str,
    flaw: Option<Flaw>,
}

impl Population {
    /// Whether a peer leads a group on a day, if the peer works.
    pub fn leads_group(&self, peer: &Peer, day: NaiveDate) -> bool {
        if peer.organization.shape.group.is_none() || !peer.place.is_multiple_of(LEADERS) {
            return false;
        }
        let mut dice = self.dice(About::Group, peer.number, 0);
        let (weekday, phase) = (dice.below(4), dice.below(EVERY));
        day.weekday().num_days_from_monday() == weekday && week_of(day) % EVERY == phase
    }

    /// Those who come to a peer's groups, in order.
    pub fn circle<'a>(&'a self, peer: Peer<'a>) -> impl Iterator<Item = Member<'a>> + 'a {
        let group = peer.organization.shape.group.as_ref();
        let all = self.members(peer).filter(move |member| {
            let mut dice = self.dice(About::Group, member.number, 1);
            let allowed = group.is_some_and(|g| g.substance_use || !member.substance_use);
            dice.below(100) < COMES && allowed
        });
        all.take(usize::try_from(MOST_BILLED).unwrap_or_default())
    }

    /// Minutes of a member's part in a group.
    pub fn group_length(&self, meeting: &Meeting) -> u32 {
        let whole = self.group_minutes(&meeting.member.peer, meeting.day);
        let leaves = meeting.dice(self, About::Group).below(100) < LEAVES_EARLY;
        whole.saturating_sub(if leaves { EARLIER } else { 0 })
    }

    fn evening_dice(&self, peer: &Peer, day: NaiveDate) -> Dice {
        self.dice(About::Group, peer.number, 2 + days(day))
    }

    fn group_minutes(&self, peer: &Peer, day: NaiveDate) -> u32 {
        let mut dice = self.evening_dice(peer, day);
        self.world.peer.group_minutes.pick(&mut dice).parse().unwrap_or(60)
    }

    /// Makes one group of the rows of those who came to it: `parts` stand behind the `others` of
    /// the peer's day, with what is wrong with their papers.
    pub fn gather<'a>(
        &'a self,
        peer: &Peer<'a>,
        day: NaiveDate,
        parts: &mut [(Meeting<'a>, Visit<'a>)],
        others: &[Visit<'a>],
    ) {
        let Some(group) = peer.organization.shape.group.as_ref() else { return };
        let free =
            |(m, v): &(Meeting, Visit)| v.flaw.is_none() && m.member.standing_on(day).is_none();
        let sound = parts.iter().all(free);
        let evening = self.evening_of(peer, day, (group, parts.len()), |flaw| {
            sound && (flaw != Flaw::GroupOverlap || may_overlap(parts, others))
        });
        let Some(evening) = evening else { return };
        for (place, part) in parts.iter_mut().enumerate() {
            let free = free(part);
            let (meeting, visit) = part;
            (visit.activity, visit.mode) = (ACTIVITY, "in_person");
            (visit.setting, visit.role) = (evening.setting, evening.role);
            visit.group = Some(evening.session.clone());
            match (evening.flaw, others.last()) {
                (None, _) if free => self.own_flaw(meeting, visit, place),
                (Some(Flaw::GroupOverlap), Some(before)) => {
                    visit.shift(before.start + minutes(OVERLAP_AFTER) - visit.start);
                }
                _ => {}
            }
            if let Some(flaw) = evening.flaw {
                visit.flaw = Some((flaw, flaw.answer()));
            }
        }
    }

    /// What all rows share; nothing without rows.
    fn evening_of<'a>(
        &'a self,
        peer: &Peer<'a>,
        day: NaiveDate,
        (group, billed): (&'a Groups, usize),
        fits: impl Fn(Flaw) -> bool,
    ) -> Option<Evening<'a>> {
        let billed = u32::try_from(billed).ok().filter(|n| *n > 0)?;
        let shape = peer.organization.shape;
        let mut dice = self.evening_dice(peer, day);
        // The first throw is the length.
        dice.bits();
        let setting = group.setting.pick(&mut dice);
        let role = self.world.peer.role.pick(&mut dice);
        // Alone one is no group.
        let fewest = u32::from(billed == 1);
        let guests = dice.between(fewest, MOST_GUESTS);
        let two = dice.below(100) < TWO_PEERS;
        let (mut size, mut peers) = ((billed + guests).min(group.max_size), 1 + u32::from(two));
        let more = dice.between(1, 3);
        let thrown = self.shares.throw(&mut dice, |flaw| flaw.of() == Of::Groups);
        let flaw = thrown.filter(|flaw| fits(*flaw) && !shape.without.contains(flaw));
        match flaw {
            Some(Flaw::GroupTooLarge) => {
                size = group.max_size + more;
                peers = group.members_per_peer.map_or(peers, |most| size.div_ceil(most));
            }
            Some(Flaw::GroupRatio) => {
                size = (group.members_per_peer.unwrap_or_default() + more).min(group.max_size);
                peers = 1;
            }
            _ => {}
        }
        let number = peer.place + 1;
        let prefix = peer.organization.prefix();
        let reference = format!("{prefix}-G{}-{number}", day.format("%y%m%d"));
        let session = Session { reference, size, peers };
        Some(Evening { session, setting, role, flaw })
    }

    /// What is wrong with one member's row alone.
    fn own_flaw(&self, meeting: &Meeting, visit: &mut Visit, place: usize) {
        let shape = meeting.member.peer.organization.shape;
        let mut dice = meeting.dice(self, About::Flaw);
        let of_one = |flaw: Flaw| matches!(flaw.of(), Of::Visits | Of::Parts);
        let thrown = self.shares.throw(&mut dice, of_one);
        let Some(flaw) = thrown.filter(|flaw| !shape.without.contains(flaw)) else { return };
        match flaw {
            Flaw::Unsigned | Flaw::EarlyNote | Flaw::NoGoal | Flaw::NoDiagnosis | Flaw::Tobacco => {
                visit.papers(flaw);
            }
            // The first row is what the others disagree with.
            Flaw::GroupDisagrees if place > 0 => {
                if let Some(session) = &mut visit.group {
                    session.size = if session.size > 2 { session.size - 1 } else { 3 };
                }
            }
            _ => return,
        }
        visit.flaw = Some((flaw, flaw.answer()));
    }
}

/// Whether the group can have begun in the visit before it: that one is sound, and nobody of the
/// group was there on the day already.
fn may_overlap(parts: &[(Meeting, Visit)], others: &[Visit]) -> bool {
    let there = |visit: &Visit| parts.iter().any(|(m, _)| m.member.number == visit.member.number);
    others.last().is_some_and(|last| last.flaw.is_none()) && !others.iter().any(there)
}
