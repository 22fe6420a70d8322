//! Grouping: every line exactly once, money that adds up, keys that are kept apart.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::domain::contract::form::kinds::Send;
use crate::domain::contract::{RenderingMode, pack_from_toml};
use crate::domain::dates::parse_date;
use crate::domain::ids::{DecisionId, LineId, PayerId};
use crate::domain::period::Period;
use crate::domain::status::LineStatus;

fn profile() -> ClaimProfile {
    pack_from_toml(include_str!("../../config/payers/evergreen.toml")).unwrap().claim
}

/// One visit out of small ranges, so that groups form.
fn visit(n: i64, pick: (u8, u8, u8, u8, u32, bool)) -> Claimable {
    let (member, day, peer, place, units, authorized) = pick;
    let date = parse_date(&format!("2026-07-{:02}", 1 + day)).unwrap();
    let number = AuthorizationNumber::parse("PA-1").unwrap();
    Claimable {
        minutes: 60,
        site: None,
        line: Line {
            id: LineId::from_i64(n),
            encounter: EncounterId::from_i64(n),
            decision: DecisionId::from_i64(n),
            ordinal: 1,
            status: LineStatus::Ready,
            member: MemberId::from_i64(i64::from(member)),
            payer: Some(PayerId::from_i64(1)),
            service: Key::parse("peer_individual").unwrap(),
            service_date: date,
            procedure: ProcedureCode::parse("H0038").unwrap(),
            modifiers: Vec::new(),
            place: PlaceOfService::parse(if place == 0 { "11" } else { "12" }).unwrap(),
            units,
            unit_charge: Some("16.3333".parse().unwrap()),
            unit_rate: Some("11.9755".parse().unwrap()),
            charge: Money::ZERO,
            expected: Money::ZERO,
            authorization: None,
            authorized_units: 0,
        },
        started_at: Instant::parse(&format!("2026-07-{:02}T09:00:00Z", 1 + day)).unwrap(),
        ended_at: Instant::parse(&format!("2026-07-{:02}T10:00:00Z", 1 + day)).unwrap(),
        mode: Mode::InPerson,
        group_size: None,
        member: MemberId::from_i64(i64::from(member)),
        member_number: MemberNumber::parse(&format!("EV100{member}")).unwrap(),
        peer: PeerId::from_i64(i64::from(peer)),
        contract_version: ContractVersionId::from_i64(1),
        diagnoses: vec![Diagnosis::parse("F329").unwrap()],
        authorization: authorized.then_some(number),
        file_by: date,
        summed: false,
        bundle: EncounterId::from_i64(n),
    }
}

proptest! {
    #[test]
    fn every_line_is_on_one_claim_and_money_adds_up(
        picks in prop::collection::vec((0u8..3, 0u8..2, 0u8..2, 0u8..2, 1u32..9, any::<bool>()), 0..90),
        rollup in any::<bool>(),
        one_place in any::<bool>(),
        line_level in any::<bool>(),
        names_peer in any::<bool>(),
    ) {
        let mut profile = profile();
        if !names_peer {
            profile.rendering = RenderingMode::Agency;
        }
        profile.rollup = if rollup { Rollup::Day } else { Rollup::None };
        profile.one_place_per_claim = one_place;
        profile.authorization_level =
            if line_level { AuthorizationLevel::Line } else { AuthorizationLevel::Claim };
        let visits: Vec<Claimable> =
            picks.iter().zip(0i64..).map(|(pick, n)| visit(n, *pick)).collect();
        let groups = group(visits.clone(), Form { profile: &profile, week_start: WeekStart::Monday });

        let parts = || groups.iter().flat_map(|g| &g.lines).flat_map(|l| &l.parts);
        let ids: HashSet<LineId> = parts().map(|p| p.line).collect();
        prop_assert_eq!(parts().count(), visits.len());
        prop_assert_eq!(ids.len(), visits.len());

        for group in &groups {
            prop_assert!((1..=MAX_CLAIM_LINES).contains(&group.lines.len()));
            let places: HashSet<_> = group.lines.iter().map(|l| &l.place).collect();
            prop_assert!(!one_place || places.len() == 1);
            prop_assert!(!line_level || group.authorization.is_none());
            for line in &group.lines {
                prop_assert!(line_level || line.authorization.is_none());
                prop_assert_eq!(line.units, line.parts.iter().map(|p| p.units).sum::<u32>());
                prop_assert_eq!(line.charge, line.parts.iter().map(|p| p.charge).sum::<Money>());
                prop_assert_eq!(line.expected, line.parts.iter().map(|p| p.expected).sum::<Money>());
                prop_assert!(line.expected <= line.charge);
                for part in &line.parts {
                    let visit = &visits[usize::try_from(part.line.as_i64()).unwrap()];
                    prop_assert_eq!(&visit.member_number, &group.member_number);
                    prop_assert_eq!(visit.line.service_date, line.service_date);
                    prop_assert!(!names_peer || visit.peer == group.peer);
                    prop_assert!(line.given.peers.contains(&visit.peer));
                    let told = group.authorization.as_ref().or(line.authorization.as_ref());
                    prop_assert_eq!(visit.authorization.as_ref(), told);
                }
            }
        }
        // No two claims of a day that the payer could not tell apart, but where one has no more room.
        let told = |g: &Group| {
            let place = one_place.then(|| g.lines[0].place.clone());
            let peer = names_peer.then_some(g.peer);
            (g.member_number.clone(), g.service_date, peer, place, g.authorization.clone())
        };
        let mut apart = HashSet::new();
        for group in groups.iter().rev().filter(|g| g.lines.len() < MAX_CLAIM_LINES) {
            prop_assert!(apart.insert(told(group)), "a second claim: {:?}", told(group));
        }
        // The file's order: claims of one member stand together.
        let order: Vec<&MemberNumber> = groups.iter().map(|g| &g.member_number).collect();
        prop_assert!(order.windows(2).all(|w| w[0] <= w[1]));
    }
}

/// What must stand on one claim, told slowly: weeks are counted from a Monday long ago.
fn slow_key(c: &Claimable, profile: &ClaimProfile, week_start: WeekStart) -> String {
    let day = c.line.service_date;
    let first = WeekStart::ALL.iter().position(|day| *day == week_start).unwrap();
    let days = day.signed_duration_since(parse_date("1900-01-01").unwrap()).num_days();
    let period = match profile.period {
        Period::Day => day.to_string(),
        Period::Week => (days - i64::try_from(first).unwrap()).div_euclid(7).to_string(),
        Period::Month => day.format("%Y-%m").to_string(),
    };
    let place = if profile.one_place_per_claim { c.line.place.as_str() } else { "" };
    let authorization = match profile.authorization_level {
        AuthorizationLevel::Claim => format!("{:?}", c.authorization),
        AuthorizationLevel::Line => String::new(),
    };
    let peer =
        if profile.rendering == RenderingMode::Agency { String::new() } else { c.peer.to_string() };
    format!("{}|{peer}|{period}|{place}|{authorization}", c.member_number)
}

/// A visit of some day from Christmas on; `twice`: its excess is on another authorization.
fn dated(n: i64, (member, day, peer, units, twice): (u8, u64, u8, u32, bool)) -> Vec<Claimable> {
    let mut first = visit(n, (member, 0, peer, 0, units, twice));
    let date = parse_date("2026-12-25").unwrap().checked_add_days(chrono::Days::new(day)).unwrap();
    first.line.service_date = date;
    first.file_by = date;
    first.started_at = Instant::parse(&format!("{date}T09:00:00Z")).unwrap();
    let mut second = first.clone();
    second.line.id = LineId::from_i64(10_000 + n);
    second.line.ordinal = 2;
    second.authorization = Some(AuthorizationNumber::parse("PA-2").unwrap());
    if twice { vec![first, second] } else { vec![first] }
}

proptest! {
    #[test]
    fn periods_are_those_of_a_slow_grouping(
        picks in prop::collection::vec((0u8..2, 0u64..40, 0u8..2, 1u32..9, any::<bool>()), 0..120),
        period in prop::sample::select(Period::ALL),
        week_start in prop::sample::select(WeekStart::ALL),
        rollup in any::<bool>(),
        names_peer in any::<bool>(),
    ) {
        let mut profile = profile();
        if !names_peer {
            profile.rendering = RenderingMode::Agency;
        }
        profile.rollup = if rollup { Rollup::Day } else { Rollup::None };
        profile.authorization_level = AuthorizationLevel::Line;
        profile.period = period;
        let visits: Vec<Claimable> =
            picks.iter().zip(0i64..).flat_map(|(pick, n)| dated(n, *pick)).collect();
        let key_of = |id: LineId| {
            let found = visits.iter().find(|v| v.line.id == id).unwrap();
            slow_key(found, &profile, week_start)
        };
        let groups =
            group(visits.clone(), Form { profile: &profile, week_start });
        let mut rows: HashMap<String, usize> = HashMap::new();
        let mut claims: HashMap<String, usize> = HashMap::new();
        let mut claim_of: HashMap<EncounterId, usize> = HashMap::new();
        let mut seen = 0;
        for (index, claim) in groups.iter().enumerate() {
            prop_assert!((1..=MAX_CLAIM_LINES).contains(&claim.lines.len()));
            let first = claim.lines[0].parts[0].line;
            *claims.entry(key_of(first)).or_default() += 1;
            *rows.entry(key_of(first)).or_default() += claim.lines.len();
            let dates: Vec<NaiveDate> = claim.lines.iter().map(|l| l.service_date).collect();
            prop_assert_eq!(claim.service_date, *dates.iter().min().unwrap());
            prop_assert_eq!(claim.file_by, claim.service_date);
            for (part, date) in claim.lines.iter().flat_map(|l| l.parts.iter().map(|p| (p, l.service_date))) {
                seen += 1;
                prop_assert_eq!(key_of(part.line), key_of(first));
                let visit = visits.iter().find(|v| v.line.id == part.line).unwrap();
                prop_assert_eq!(visit.line.service_date, date);
                prop_assert_eq!(*claim_of.entry(part.encounter).or_insert(index), index, "all lines of a visit on one claim");
            }
        }
        prop_assert_eq!(seen, visits.len());
        // No more claims than the rows ask for: a claim that is not the last of its kind is full, but
        // for a visit of two lines that did not fit any more.
        for (key, count) in claims {
            prop_assert!(count <= rows[&key].div_ceil(MAX_CLAIM_LINES - 1), "{key}: {count}");
        }
    }
}

#[test]
fn a_week_waits_for_its_end() {
    let mut profile = profile();
    let d = |text: &str| parse_date(text).unwrap();
    let due = |profile: &ClaimProfile| {
        Form { profile, week_start: WeekStart::Monday }.due(d("2026-07-01"))
    };
    assert_eq!(due(&profile), d("2026-07-01"));
    profile.period = Period::Week;
    assert_eq!(due(&profile), d("2026-07-05"));
    profile.period = Period::Month;
    assert_eq!(due(&profile), d("2026-07-31"));
}

#[test]
fn roll_up_rounds_once_for_the_line() {
    let visits = vec![visit(0, (0, 0, 0, 0, 1, false)), visit(1, (0, 0, 0, 0, 1, false))];
    let groups = group(visits, Form { profile: &profile(), week_start: WeekStart::Monday });
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0].lines.len(), 1);
    // 2 × 11.9755 = 23.951: rounded once, not 2 × 11.98.
    assert_eq!(groups[0].lines[0].expected.to_string(), "23.95");
    let parts: Vec<String> =
        groups[0].lines[0].parts.iter().map(|p| p.expected.to_string()).collect();
    assert_eq!(parts, ["11.98", "11.97"]);
}

#[test]
fn what_members_pay_of_the_parts_is_not_expected_of_the_line() {
    let mut profile = profile();
    profile.rollup = Rollup::Day;
    let paying = |n: i64, units: u32, copay: i64| {
        let mut one = visit(n, (0, 0, 0, 0, units, false));
        let line = &mut one.line;
        let worth = Money::of_units(line.unit_rate.unwrap(), units).unwrap();
        line.charge = Money::of_units(line.unit_charge.unwrap(), units).unwrap();
        line.expected = worth - Money::from_cents(copay);
        assert_eq!(line.flat_share(), Money::from_cents(copay));
        one
    };
    let claimed = |visits: Vec<Claimable>| {
        let groups = group(visits, Form { profile: &profile, week_start: WeekStart::Monday });
        let line = &groups[0].lines[0];
        assert_eq!((groups.len(), groups[0].lines.len()), (1, 1));
        assert_eq!(line.expected, line.parts.iter().map(|p| p.expected).sum::<Money>());
        line.expected.to_string()
    };
    // Seven units at 11.9755 are 83.83, rounded once.
    assert_eq!(claimed(vec![paying(1, 4, 0), paying(2, 3, 0)]), "83.83");
    assert_eq!(claimed(vec![paying(1, 4, 300), paying(2, 3, 0)]), "80.83");
    assert_eq!(claimed(vec![paying(1, 4, 300), paying(2, 3, 150)]), "79.33");
    // Each pays all that it is worth, and the cents of rounding make nothing negative.
    assert_eq!(claimed(vec![paying(1, 1, 1198), paying(2, 1, 1198), paying(3, 1, 1198)]), "0.00");
}

/// What several visits of a sum were is told of all of them, and nothing is told of a part.
#[test]
fn a_line_says_how_its_visits_were_given() {
    let given = |what: &[(&str, Mode, Option<u32>)]| {
        let one = |(n, (start, mode, group_size)): (i64, &(&str, Mode, Option<u32>))| Claimable {
            started_at: Instant::parse(&format!("2026-07-01T{start}:00Z")).unwrap(),
            ended_at: Instant::parse(&format!("2026-07-01T{start}:20Z")).unwrap(),
            mode: *mode,
            group_size: *group_size,
            summed: true,
            ..visit(n, (0, 0, 0, 0, 1, false))
        };
        let visits: Vec<Claimable> = (0..).zip(what).map(one).collect();
        let groups = group(visits, Form { profile: &profile(), week_start: WeekStart::Monday });
        assert_eq!((groups.len(), groups[0].lines.len()), (1, 1));
        groups[0].lines[0].given.clone()
    };
    let (room, video, audio) = (Mode::InPerson, Mode::Video, Mode::Audio);
    let one = given(&[("09:00", audio, Some(4))]);
    assert_eq!((one.modes, one.group_sizes, one.minutes), (vec![audio], Some((4, 4)), 60));
    // In order of start, however they come; each mode once.
    let many = [("12:00", room, Some(8)), ("09:00", video, Some(5)), ("15:00", video, Some(3))];
    let many = given(&many);
    assert_eq!((many.modes, many.group_sizes), (vec![video, room], Some((3, 8))));
    let mixed = given(&[("09:00", room, Some(5)), ("12:00", room, None)]);
    assert_eq!((mixed.modes, mixed.group_sizes, mixed.minutes), (vec![room], None, 120));
}

/// Two visits of a day to one member, each by a peer of its own.
fn by_two_peers(summed: bool) -> Vec<Claimable> {
    let by = |n: i64, peer: u8| Claimable { summed, ..visit(n, (0, 0, peer, 0, 2, false)) };
    vec![by(0, 0), by(1, 1)]
}

#[test]
fn peers_whom_a_claim_does_not_name_share_it() {
    let claimed = |bend: &dyn Fn(&mut ClaimProfile), summed: bool| {
        let mut profile = profile();
        bend(&mut profile);
        let form = Form { profile: &profile, week_start: WeekStart::Monday };
        let groups = group(by_two_peers(summed), form);
        groups.iter().map(|g| g.lines.len()).collect::<Vec<_>>()
    };
    for summed in [false, true] {
        assert_eq!(claimed(&|_| (), summed), [1, 1], "named");
        assert_eq!(claimed(&|p| p.rendering = RenderingMode::Supervisor, summed), [1, 1]);
        assert_eq!(claimed(&|p| p.rendering = RenderingMode::Agency, summed), [1], "one line");
        assert_eq!(claimed(&|p| p.rendering = RenderingMode::Never, summed), [1]);
        let never = |p: &mut ClaimProfile| p.rendering = RenderingMode::Never;
        let at = |p: &mut ClaimProfile, place: &str| {
            never(p);
            p.form.content.rendering_places = vec![PlaceOfService::parse(place).unwrap()];
        };
        assert_eq!(claimed(&|p| at(p, "11"), summed), [1, 1], "named at this place");
        assert_eq!(claimed(&|p| at(p, "12"), summed), [1], "named elsewhere");
        let supervised = |p: &mut ClaimProfile| {
            never(p);
            p.form.content.supervising = Send::IfKnown;
        };
        assert_eq!(claimed(&supervised, summed), [1, 1], "each under a supervision of its own");
        let of_lines = |p: &mut ClaimProfile| {
            never(p);
            p.form.lines.rendering = Send::Required;
        };
        assert_eq!(claimed(&of_lines, summed), [1, 1], "named by the lines");
    }
    let mut profile = profile();
    (profile.rendering, profile.rollup) = (RenderingMode::Agency, Rollup::None);
    let form = Form { profile: &profile, week_start: WeekStart::Monday };
    let groups = group(by_two_peers(false), form);
    assert_eq!((groups.len(), groups[0].lines.len()), (1, 2));
    let peers: Vec<_> = groups[0].lines.iter().map(|l| l.given.peers.clone()).collect();
    assert_eq!(peers, [vec![PeerId::from_i64(0)], vec![PeerId::from_i64(1)]]);
}
