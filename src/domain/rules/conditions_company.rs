//! Conditions on what else the peer does: how large the groups are on average (RK34), how many members
//! one peer serves (RK45). A visit that comes later never displaces one that is there: it is held, and
//! decided again when there is room.
//!
//! The facts hold sums ([`PeerWindow`]): whom else the peer served is nobody's to read in this
//! visit's record.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::context::Context;
use super::table::{RuleId, Said};
use crate::domain::contract::{Condition, Pack};
use crate::domain::encounter::EncounterData;
use crate::domain::facts::PeerWindow;
use crate::domain::identifiers::{Key, Reference};
use crate::domain::ids::{EncounterId, MemberId, PeerId};
use crate::domain::windows::{Calendar, Days, Window};

/// Another live visit of a peer, as far as these conditions ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerVisit {
    /// Which.
    pub encounter: EncounterId,
    /// Whose.
    pub peer: PeerId,
    /// With whom.
    pub member: MemberId,
    /// The service date.
    pub date: NaiveDate,
    /// The service.
    pub service: Option<Key>,
    /// The session that it is a part of, with how many were present.
    pub session: Option<(Reference, u32)>,
}

fn days(pack: &Pack, window: &Window, date: NaiveDate) -> Option<Days> {
    // None of these windows is an episode's: the reader of packs refuses that.
    let calendar = Calendar { week_start: pack.week_start, episodes: &[] };
    window.fixed(calendar, date).into_iter().reduce(Days::join)
}

fn asking(pack: &Pack, date: NaiveDate) -> impl Iterator<Item = (&Condition, Days)> {
    pack.conditions.iter().filter_map(move |c| Some((c, days(pack, c.demand.of_peer()?, date)?)))
}

/// From the first to the last day on which a peer's visits are asked for by a visit on this date;
/// none where no condition of the pack asks.
pub fn reach_of_peer(pack: &Pack, date: NaiveDate) -> Option<Days> {
    asking(pack, date).map(|(_, days)| days).reduce(Days::join)
}

/// The sums that the conditions of the pack ask for about a visit, of the peer's other live visits.
/// Groups are those of the condition's services; members are counted whatever the service and the
/// payer, as a ratio of staff is meant.
pub fn peer_windows<'a>(
    pack: &Pack,
    date: NaiveDate,
    encounter: &EncounterData,
    visits: impl Iterator<Item = &'a PeerVisit> + Clone,
) -> Vec<PeerWindow> {
    let sum = |(condition, days): (&Condition, Days)| {
        let own = encounter.group.as_ref().map(|g| &g.session);
        let mut sessions: BTreeMap<&Reference, u32> = BTreeMap::new();
        let mut members: BTreeSet<MemberId> = BTreeSet::new();
        let near = visits.clone().filter(|v| v.peer == encounter.peer && days.covers(v.date));
        for visit in near {
            if visit.member != encounter.member {
                members.insert(visit.member);
            }
            let counted = visit.service.as_ref().is_some_and(|s| condition.services.contains(s));
            let session = visit.session.as_ref().filter(|(name, _)| counted && own != Some(name));
            if let Some((name, size)) = session {
                sessions.insert(name, *size);
            }
        }
        PeerWindow {
            condition: condition.key.clone(),
            sessions: u32::try_from(sessions.len()).unwrap_or(u32::MAX),
            people: sessions.values().fold(0, |sum, size| sum.saturating_add(*size)),
            members: u32::try_from(members.len()).unwrap_or(u32::MAX),
        }
    };
    asking(pack, date).map(sum).collect()
}

fn window<'a>(ctx: &Context<'a>, key: &Key) -> Option<&'a PeerWindow> {
    ctx.facts.peer_windows.iter().find(|w| w.condition == *key)
}

/// With this session, the peer's groups in the window have at most so many people on average (RK34).
pub fn average(ctx: &Context, key: &Key, most: Decimal, within: &Window) -> Vec<Said> {
    let Some(group) = &ctx.encounter.group else { return vec![] };
    let (others, before) = window(ctx, key).map_or((0, 0), |w| (w.sessions, w.people));
    let (sessions, people) = (others.saturating_add(1), before.saturating_add(group.size));
    if Decimal::from(people) <= most.saturating_mul(Decimal::from(sessions)) {
        return vec![];
    }
    let most = most.normalize();
    vec![Said::new(
        RuleId::GroupAverage,
        "/group/size",
        format!(
            "With this one, {people} people were present in {sessions} sessions of the peer; the \
             payer pays for at most {most} on average {}.",
            within.words()
        ),
        "The peer corrects the number of people present, if it is wrong; smaller sessions make \
         room, and this visit is then decided again.",
    )]
}

/// With this member, the peer serves at most so many in the window (RK45).
pub fn caseload(ctx: &Context, key: &Key, most: u32, within: &Window) -> Vec<Said> {
    let others = window(ctx, key).map_or(0, |w| w.members);
    if others < most {
        return vec![];
    }
    vec![Said::new(
        RuleId::PeerCaseload,
        "/peer",
        format!(
            "The peer serves {others} other members {}; the payer allows {most} in all.",
            within.words()
        ),
        "A biller plans the member's visits with another peer, or asks the payer for an exception.",
    )]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::codes::Activity;
    use crate::domain::contract::{Demand, GroupRule};
    use crate::domain::encounter::Kind;
    use crate::domain::rules::testing::{Case, condition, d, decimal, key, source};
    use crate::domain::session::Group;

    fn group(session: &str, size: u32) -> Group {
        Group { session: session.parse().unwrap(), size, peers: 1 }
    }

    fn visit(id: i64, member: i64, date: &str, session: Option<(&str, u32)>) -> PeerVisit {
        PeerVisit {
            encounter: EncounterId::from_i64(id),
            peer: Case::new().encounter.peer,
            member: MemberId::from_i64(member),
            date: d(date),
            service: Some(key("peer")),
            session: session.map(|(name, size)| (name.parse().unwrap(), size)),
        }
    }

    fn of_groups(size: u32) -> Case {
        Case::with(|c| {
            let service = &mut c.terms.pack.services[0];
            service.activities.push(Activity::GroupSupport);
            service.group = Some(GroupRule {
                min_size: 2,
                max_size: Some(8),
                members_per_peer: None,
                source: source("groups"),
            });
            c.encounter.kind = Kind::Activity(Activity::GroupSupport);
            c.encounter.group = Some(group("G-1", size));
            let demand = Demand::GroupAverage { most: decimal("3"), window: Window::Month };
            c.terms.pack.conditions = vec![condition(demand)];
        })
    }

    fn told(case: &mut Case, visits: &[PeerVisit]) -> Vec<String> {
        case.facts.peer_windows =
            peer_windows(&case.terms.pack, d("2026-07-01"), &case.encounter, visits.iter());
        case.rules().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn rk34_groups_have_so_many_people_on_average() {
        // The shape of Delaware: at most 8, and 3 on average.
        let mut case = of_groups(3);
        assert!(told(&mut case, &[]).is_empty());
        let mut case = of_groups(5);
        assert_eq!(told(&mut case, &[]), ["group.average"]);
        // 5 and 2 and 2 are 3 on average; the members of one session count it once.
        let small = [
            visit(1, 11, "2026-07-02", Some(("G-2", 2))),
            visit(2, 12, "2026-07-02", Some(("G-2", 2))),
            visit(3, 11, "2026-07-31", Some(("G-3", 2))),
        ];
        assert!(told(&mut case, &small).is_empty());
        assert_eq!(told(&mut case, &small[..2]), ["group.average"]);
        // What is of another month, another service, another peer or of no group makes no room.
        let mut other = small.to_vec();
        other[2].date = d("2026-08-01");
        assert_eq!(told(&mut case, &other), ["group.average"]);
        other[2] = PeerVisit { service: Some(key("other")), ..small[2].clone() };
        assert_eq!(told(&mut case, &other), ["group.average"]);
        other[2] = PeerVisit { peer: PeerId::from_i64(99), ..small[2].clone() };
        assert_eq!(told(&mut case, &other), ["group.average"]);
        other[2] = PeerVisit { session: None, ..small[2].clone() };
        assert_eq!(told(&mut case, &other), ["group.average"]);
        // Others of the same session are not another one.
        other[2] = visit(3, 13, "2026-07-01", Some(("G-1", 5)));
        assert_eq!(told(&mut case, &other), ["group.average"]);
        // A visit that is no group has no average.
        case.encounter.group = None;
        assert!(!told(&mut case, &[]).contains(&"group.average".to_owned()));
    }

    #[test]
    fn rk45_one_peer_serves_so_many_members() {
        // The shape of North Carolina: one peer to 15 members.
        let demand = Demand::Caseload { members: 3, window: Window::Month };
        let mut case = Case::with(|c| c.terms.pack.conditions = vec![condition(demand)]);
        let own = case.encounter.member.as_i64();
        let others = [
            visit(1, 11, "2026-07-02", None),
            visit(2, 11, "2026-07-03", None),
            visit(3, own, "2026-07-03", None),
            visit(4, 12, "2026-07-31", Some(("G-3", 2))),
            visit(5, 13, "2026-06-30", None),
        ];
        assert!(told(&mut case, &others).is_empty());
        let mut full = others.to_vec();
        full[4].date = d("2026-07-30");
        // Whatever the service: it is a ratio of staff.
        full[4].service = None;
        assert_eq!(told(&mut case, &full), ["peer.caseload"]);
        assert!(case.only("peer.caseload").message.contains("3 other members a month"));
    }

    #[test]
    fn rk45_the_reach_is_that_of_the_widest_window() {
        let mut pack = Case::new().terms.pack;
        assert_eq!(reach_of_peer(&pack, d("2026-07-15")), None);
        let mut quarter = condition(Demand::Caseload { members: 3, window: Window::Quarter });
        quarter.key = key("quarter");
        let month = Demand::GroupAverage { most: decimal("2.5"), window: Window::Month };
        pack.conditions = vec![condition(month), quarter];
        let reach = reach_of_peer(&pack, d("2026-08-15"));
        assert_eq!(reach, Some(Days::new(d("2026-07-01"), d("2026-09-30"))));
    }
}
