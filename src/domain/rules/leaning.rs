//! Which visits lean on another one: those that may be billed because it was given, or may not until it
//! is (RK34, RK58).

use chrono::{Datelike, NaiveDate};

use super::conditions;
use super::context::Context;
use super::table::RuleId;
use super::usage::{Windowed, windows};
use crate::domain::codes::Mode;
use crate::domain::contract::{Demand, LimitScope, Pack, Terms};
use crate::domain::encounter::EncounterData;
use crate::domain::facts::Facts;
use crate::domain::identifiers::Key;
use crate::domain::windows::{Calendar, Days, Window};

/// Rules that hold a visit until others of the member are there.
const BY_MEMBER: [RuleId; 2] = [RuleId::ModeNoAnchor, RuleId::ModeShare];
/// Rules that hold a visit until others of the peer are there.
const BY_PEER: [RuleId; 1] = [RuleId::GroupAverage];

/// The rules that a visit which becomes ready may lift from others.
pub const LIFTED_BY_OTHERS: [RuleId; 3] =
    [RuleId::ModeNoAnchor, RuleId::ModeShare, RuleId::GroupAverage];

/// On which days visits lean on one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leaning {
    /// Of its member.
    pub member: Option<Days>,
    /// Of its peer.
    pub peer: Option<Days>,
}

impl Leaning {
    /// Who may lean on a visit of this date and mode, which is a part of a group or not. Whoever leans
    /// is judged by a contract of its own date and payer, so all are asked: `packs` are those of every
    /// version of every contract, and a mode is face to face if one of them says so. One visit too
    /// many that is looked at again costs less than one too few.
    pub fn on<'p>(
        packs: impl Iterator<Item = &'p Pack> + Clone,
        date: NaiveDate,
        mode: Mode,
        group: bool,
    ) -> Self {
        let hull = |asks: &dyn Fn(&Demand) -> bool| {
            let days = packs.clone().filter_map(|pack| {
                let windows = pack.conditions.iter().map(|c| &c.demand).filter(|d| asks(d));
                let windows = windows.filter_map(|d| d.window().or_else(|| d.of_peer().cloned()));
                windows.filter_map(|w| reach(pack, &w, date)).reduce(Days::join)
            });
            days.reduce(Days::join)
        };
        let face_to_face = packs.clone().any(|pack| pack.face_to_face.contains(&mode));
        Self {
            member: face_to_face.then(|| hull(&Demand::looks_at_modes)).flatten(),
            peer: group.then(|| hull(&|d| matches!(d, Demand::GroupAverage { .. }))).flatten(),
        }
    }

    /// Whose windows may lie otherwise once units of this service and date are gone: of limits, and of free units,
    /// that are counted from a first service on. Visits that fitted two windows may overfill the one that they
    /// are in then (`docs/definitions.md`, "Windows"; `docs/adr/0158-…`). The year from its beginning on, so
    /// that many visits of one person say the same.
    pub fn from_first<'p>(
        packs: impl Iterator<Item = &'p Pack>,
        service: &Key,
        date: NaiveDate,
    ) -> Self {
        let days = Days { from: NaiveDate::from_ymd_opt(date.year(), 1, 1), to: None };
        let mut found = Self::default();
        for pack in packs {
            for scope in LimitScope::ALL {
                let mut counted = windows(pack, *scope);
                if counted.any(|w| w.begins() && w.services().contains(service)) {
                    let of_peer = *scope == LimitScope::Peer;
                    let whose = if of_peer { &mut found.peer } else { &mut found.member };
                    *whose = Some(days);
                }
            }
        }
        found
    }

    /// Whether a visit of the same member, or of the same peer, that a rule holds may be lifted.
    pub fn lifts(&self, rule: &str, date: NaiveDate, (member, peer): (bool, bool)) -> bool {
        let names = |rules: &[RuleId]| rules.iter().any(|r| r.as_str() == rule);
        let covers = |days: Option<Days>| days.is_some_and(|days| days.covers(date));
        (member && names(&BY_MEMBER) && covers(self.member))
            || (peer && names(&BY_PEER) && covers(self.peer))
    }

    /// Whether nobody leans on it.
    pub fn is_none(&self) -> bool {
        self.member.is_none() && self.peer.is_none()
    }
}

/// Whether a pack counts in any window that begins with a first service.
pub fn begins_windows(pack: &Pack) -> bool {
    LimitScope::ALL.iter().any(|scope| windows(pack, *scope).any(Windowed::begins))
}

/// The days on which a window of a visit may lie. Those of an episode are not asked for: episodes are
/// corrected, and one visit too many that is looked at again costs less than one too few.
fn reach(pack: &Pack, window: &Window, date: NaiveDate) -> Option<Days> {
    let calendar = Calendar { week_start: pack.week_start, episodes: &[] };
    match window {
        Window::Episode { .. } => Some(Days::ALL),
        Window::EpisodeYear { first_month, .. } => {
            Window::FiscalYear { first_month: *first_month }.reach(calendar, date)
        }
        other => other.reach(calendar, date),
    }
}

/// Whether a visit may be billed only as long as others of its member, or other groups of its peer, are
/// there: when its claim is built, it is decided once more.
pub fn leans(terms: Option<&Terms>, facts: &Facts, encounter: &EncounterData) -> bool {
    let ctx = Context::new(terms, facts, encounter);
    let remote = terms.is_some_and(|t| !t.pack.face_to_face.contains(&encounter.mode));
    let group = encounter.group.is_some();
    conditions::of_visit(&ctx).any(|c| match c.demand {
        Demand::GroupAverage { .. } => group,
        _ => remote && c.demand.looks_at_modes(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rules::testing::{Case, condition, d, decimal};
    use crate::domain::session::Group;
    use crate::domain::windows::Window;

    #[test]
    fn rk58_whoever_leans_on_a_visit_lies_in_the_windows_of_the_conditions() {
        let mut pack = Case::new().terms.pack;
        let on = |pack: &Pack, mode, group| {
            Leaning::on(std::iter::once(pack), d("2026-07-15"), mode, group)
        };
        assert!(on(&pack, Mode::InPerson, true).is_none());
        pack.conditions = vec![condition(Demand::FaceToFaceWithin { days: 30 })];
        let leaning = on(&pack, Mode::InPerson, false);
        assert_eq!(leaning.member, Some(Days::new(d("2026-06-15"), d("2026-08-14"))));
        assert!(on(&pack, Mode::Video, false).is_none());
        let last = d("2026-08-14");
        assert!(leaning.lifts("mode.no_anchor", last, (true, false)));
        assert!(!leaning.lifts("mode.no_anchor", last.succ_opt().unwrap(), (true, false)));
        assert!(!leaning.lifts("mode.no_anchor", last, (false, true)));
        assert!(!leaning.lifts("limit.hold", last, (true, true)));
        let average = Demand::GroupAverage { most: decimal("3"), window: Window::Month };
        pack.conditions = vec![condition(average)];
        let leaning = on(&pack, Mode::InPerson, true);
        assert_eq!(leaning.peer, Some(Days::new(d("2026-07-01"), d("2026-07-31"))));
        assert!(leaning.lifts("group.average", d("2026-07-01"), (false, true)));
        assert!(on(&pack, Mode::InPerson, false).is_none());
        assert_eq!(LIFTED_BY_OTHERS.len(), BY_MEMBER.len() + BY_PEER.len());
    }

    #[test]
    fn rk58_of_an_episode_all_days_and_of_its_year_the_year_lean_on_a_visit() {
        let mut pack = Case::new().terms.pack;
        let mut on = |window| {
            pack.conditions = vec![condition(Demand::RemoteShare { percent: 25, window })];
            Leaning::on(std::iter::once(&pack), d("2026-07-15"), Mode::InPerson, false).member
        };
        assert_eq!(on(Window::Episode { episode: None }), Some(Days::ALL));
        let year = Window::EpisodeYear { first_month: 10, episode: None };
        assert_eq!(on(year), Some(Days::new(d("2025-10-01"), d("2026-09-30"))));
        assert_eq!(on(Window::Month), Some(Days::new(d("2026-07-01"), d("2026-07-31"))));
        assert_eq!(on(Window::Lifetime), Some(Days::ALL));
    }

    #[test]
    fn rk34_rk58_the_conditions_of_every_version_are_asked() {
        let before = Case::new().terms.pack;
        let mut after = before.clone();
        let share = Demand::RemoteShare { percent: 50, window: Window::CalendarYear };
        let average = Demand::GroupAverage { most: decimal("3"), window: Window::Month };
        after.conditions = vec![condition(share), condition(average)];
        let mut month = before.clone();
        let share = Demand::RemoteShare { percent: 50, window: Window::Month };
        month.conditions = vec![condition(share)];
        month.face_to_face = vec![Mode::Video];
        let on =
            |packs: &[&Pack], mode| Leaning::on(packs.iter().copied(), d("2026-07-15"), mode, true);
        assert!(on(&[&before], Mode::InPerson).is_none());
        let leaning = on(&[&before, &month, &after], Mode::InPerson);
        assert_eq!(leaning.member, Some(Days::new(d("2026-01-01"), d("2026-12-31"))));
        assert_eq!(leaning.peer, Some(Days::new(d("2026-07-01"), d("2026-07-31"))));
        assert_eq!(on(&[&before, &after], Mode::Video).member, None);
        assert!(on(&[&month, &after], Mode::Video).member.is_some());
    }

    #[test]
    fn rk34_a_group_leans_where_a_condition_asks_for_an_average() {
        let mut case = Case::new();
        let average = Demand::GroupAverage { most: decimal("3"), window: Window::Month };
        case.terms.pack.conditions = vec![condition(average)];
        let leans = |c: &Case| leans(Some(&c.terms), &c.facts, &c.encounter);
        assert!(!leans(&case));
        case.encounter.group =
            Some(Group { session: case.encounter.reference.clone(), size: 4, peers: 1 });
        assert!(leans(&case));
    }

    #[test]
    fn rk58_a_remote_visit_leans_where_a_condition_looks_at_others() {
        let mut case = Case::new();
        case.encounter.mode = Mode::Video;
        let leans = |c: &Case| leans(Some(&c.terms), &c.facts, &c.encounter);
        assert!(!leans(&case));
        let share = Demand::RemoteShare { percent: 25, window: Window::Month };
        case.terms.pack.conditions = vec![condition(share)];
        assert!(leans(&case));
        case.encounter.mode = Mode::InPerson;
        assert!(!leans(&case));
        case.encounter.mode = Mode::Video;
        case.terms.pack.conditions[0].days.to = Some(d("2026-06-30"));
        assert!(!leans(&case));
    }
}
