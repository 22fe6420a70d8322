use crate::domain::codes::{Activity, Modifier, ProcedureCode};
use crate::domain::contract::GroupRule;
use crate::domain::encounter::Kind;
use crate::domain::identifiers::Reference;
use crate::domain::ids::{MemberId, PeerId};
use crate::domain::rules::choose;
use crate::domain::rules::testing::{Case, carc, d, key, rate, service, source, split, t};
use crate::domain::session::{Group, SessionData, SessionFact, SessionTime};

fn reference(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

fn rule(min_size: u32, max_size: Option<u32>, members_per_peer: Option<u32>) -> GroupRule {
    GroupRule { min_size, max_size, members_per_peer, source: source("groups") }
}

/// A case of a group of `size` in session `S-1`, which lasts from 13:00 to 15:00.
fn in_group(size: u32, bend: impl FnOnce(&mut Case)) -> Case {
    Case::with(|c| {
        let mut group = service("peer");
        group.group = Some(rule(2, Some(12), None));
        c.terms.pack.services = vec![group];
        c.encounter.group = Some(Group { session: reference("S-1"), size, peers: 1 });
        c.facts.session = Some(SessionFact {
            data: SessionData {
                reference: reference("S-1"),
                peer: c.encounter.peer,
                started_at: t("2026-07-01T13:00:00Z"),
                ended_at: t("2026-07-01T15:00:00Z"),
                size,
                peers: 1,
                stated: true,
            },
            voided: false,
        });
        bend(c);
    })
}

/// Another encounter of the session, of another member.
fn other(c: &Case, name: &str, from: &str, to: &str) -> crate::domain::facts::Neighbor {
    let mut other = c.neighbor(name, from, to);
    other.member = MemberId::from_i64(100);
    other.session = Some(SessionTime {
        reference: reference("S-1"),
        started_at: t("2026-07-01T13:00:00Z"),
        ended_at: t("2026-07-01T15:00:00Z"),
    });
    other
}

#[test]
fn rk33_the_size_lies_within_its_limits_both_included() {
    for size in [2, 12] {
        assert!(in_group(size, |_| {}).rules().is_empty(), "{size}");
    }
    for size in [1, 13] {
        let finding = in_group(size, |_| {}).only("group.size");
        assert_eq!((finding.field.as_str(), carc(&finding)), ("/group/size", Some("272")));
        assert!(finding.authority.is_some());
    }
    let open = |c: &mut Case| c.terms.pack.services[0].group = Some(rule(2, None, None));
    assert!(in_group(500, open).rules().is_empty());
}

#[test]
fn rk45_more_peers_may_lead_more_members() {
    let led = |size, peers| {
        in_group(size, |c| {
            c.terms.pack.services[0].group = Some(rule(2, None, Some(8)));
            c.encounter.group = Some(Group { session: reference("S-1"), size, peers });
            c.facts.session.as_mut().unwrap().data.peers = peers;
        })
    };
    assert!(led(8, 1).rules().is_empty());
    assert!(led(9, 1).only("group.ratio").message.contains("present with 1 peer; one"));
    assert!(led(16, 2).rules().is_empty());
    assert!(led(17, 2).only("group.ratio").message.contains("present with 2 peers; one"));
}

#[test]
fn rk35_one_to_one_services_are_not_billed_for_groups_nor_groups_for_one() {
    let finding = in_group(6, |c| c.terms.pack.services[0].group = None).only("group.not_allowed");
    assert_eq!((finding.field.as_str(), carc(&finding)), ("/group", Some("96")));
    let alone = in_group(6, |c| {
        c.encounter.group = None;
        c.facts.session = None;
    });
    alone.only("group.missing");
    assert_eq!(split(&alone.decide()), (0, 4));
}

#[test]
fn rk01_the_group_form_of_a_service_is_chosen_by_the_group() {
    let with = |size: Option<u32>| {
        in_group(size.unwrap_or(2), |c| {
            let (mut small, mut large) = (service("small"), service("large"));
            small.group = Some(rule(2, Some(8), None));
            large.group = Some(rule(9, Some(15), None));
            c.terms.pack.services = vec![service("alone"), small, large];
            if size.is_none() {
                c.encounter.group = None;
            }
        })
    };
    let chosen = |size| {
        let case = with(size);
        choose(&case.terms.pack, &case.encounter, d("2026-07-01"))
            .map(|s| s.key.to_string())
            .unwrap()
    };
    assert_eq!(chosen(None), "alone");
    assert_eq!((chosen(Some(2)).as_str(), chosen(Some(8)).as_str()), ("small", "small"));
    assert_eq!((chosen(Some(9)).as_str(), chosen(Some(15)).as_str()), ("large", "large"));
}

#[test]
fn r24_a_visit_that_disagrees_is_told_with_both_values() {
    let told = |bend: fn(&mut Case)| {
        let findings = in_group(6, bend).decide().findings;
        assert!(findings.iter().all(|f| f.rule == "session.disagrees"), "{findings:?}");
        findings.into_iter().map(|f| (f.field, f.message)).collect::<Vec<_>>()
    };
    assert!(told(|_| {}).is_empty());
    let size = told(|c| c.facts.session.as_mut().unwrap().data.size = 7);
    assert_eq!(size[0].0, "/group/size");
    assert!(size[0].1.contains('7') && size[0].1.contains('6'), "{size:?}");
    let peer = told(|c| c.facts.session.as_mut().unwrap().data.peer = PeerId::from_i64(8));
    assert_eq!(peer[0].0, "/peer");
    let peers = told(|c| c.facts.session.as_mut().unwrap().data.peers = 2);
    assert_eq!(peers[0].0, "/group/peers");
    let early =
        told(|c| c.facts.session.as_mut().unwrap().data.started_at = t("2026-07-01T13:01:00Z"));
    assert_eq!(early[0].0, "/started_at");
    assert!(early[0].1.contains("09:01") && early[0].1.contains("09:00"), "{early:?}");
    let late =
        told(|c| c.facts.session.as_mut().unwrap().data.ended_at = t("2026-07-01T13:59:00Z"));
    assert_eq!(late[0].0, "/ended_at");
    let all = told(|c| {
        let data = &mut c.facts.session.as_mut().unwrap().data;
        (data.size, data.peers, data.peer) = (9, 3, PeerId::from_i64(8));
    });
    assert_eq!(all.len(), 3);
    let void = told(|c| c.facts.session.as_mut().unwrap().voided = true);
    assert_eq!(void[0].0, "/group/session");
}

#[test]
fn r24_no_more_are_billed_than_were_present() {
    let full = |others: u32| {
        in_group(3, |c| {
            c.facts.neighbors =
                (0..others).map(|n| other(c, &format!("V-{}", 2 + n), "13:00", "15:00")).collect();
            for (n, neighbor) in (0..).zip(&mut c.facts.neighbors) {
                neighbor.member = MemberId::from_i64(100 + n);
            }
        })
    };
    assert!(full(2).rules().is_empty());
    assert!(full(3).only("session.disagrees").message.contains('3'));
}

#[test]
fn r24_gathered_sessions_take_visits_that_touch_the_others() {
    let gathered = |from: &str, to: &str| {
        in_group(6, |c| {
            let data = &mut c.facts.session.as_mut().unwrap().data;
            data.stated = false;
            data.started_at = t(&format!("2026-07-01T{from}:00Z"));
            data.ended_at = t(&format!("2026-07-01T{to}:00Z"));
        })
    };
    assert!(gathered("13:30", "13:40").rules().is_empty());
    assert!(gathered("12:00", "13:00").rules().is_empty());
    gathered("11:00", "12:59").only("session.disagrees");
    gathered("14:01", "15:00").only("session.disagrees");
}

#[test]
fn r24_a_member_is_in_a_session_once() {
    let again = |from: &'static str, to: &'static str| {
        in_group(6, move |c| {
            c.encounter.ended_at = t("2026-07-01T13:30:00Z");
            let mut twin = other(c, "V-2", from, to);
            twin.member = c.encounter.member;
            c.facts.neighbors = vec![twin];
        })
    };
    assert_eq!(carc(&again("13:30", "14:30").only("session.member_twice")), Some("18"));
    again("13:00", "14:00").only("duplicate");
}

#[test]
fn rk54_a_session_is_one_interval_of_its_peer() {
    // Another member of the same session takes no other time of the peer.
    let same = in_group(6, |c| c.facts.neighbors = vec![other(c, "V-2", "13:00", "14:00")]);
    assert!(same.rules().is_empty());
    // A visit of the peer after this member left, while the session goes on.
    let beside = |c: &mut Case, from: &str, to: &str| {
        let mut alone = c.neighbor("V-9", from, to);
        alone.member = MemberId::from_i64(90);
        alone
    };
    let during = in_group(6, |c| c.facts.neighbors = vec![beside(c, "14:30", "14:45")]);
    during.only("overlap.peer");
    let after = in_group(6, |c| c.facts.neighbors = vec![beside(c, "15:00", "16:00")]);
    assert!(after.rules().is_empty());
    // And the other way round: a visit while somebody else's session goes on.
    let alone = Case::with(|c| {
        c.encounter.started_at = t("2026-07-01T14:00:00Z");
        c.encounter.ended_at = t("2026-07-01T15:00:00Z");
        c.facts.neighbors = vec![other(c, "V-2", "13:00", "13:30")];
    });
    alone.only("overlap.peer");
    // For the member their own time counts.
    let left = Case::with(|c| {
        c.encounter.started_at = t("2026-07-01T13:30:00Z");
        let mut other = other(c, "V-2", "13:00", "13:30");
        other.member = c.encounter.member;
        c.encounter.peer = PeerId::from_i64(70);
        c.facts.neighbors = vec![other];
    });
    assert!(left.rules().is_empty(), "{:?}", left.rules());
}

#[test]
fn r24_a_group_is_billed_by_its_own_code() {
    let case = in_group(6, |c| {
        let mut group = service("group");
        group.group = Some(rule(2, Some(12), None));
        group.activities = vec![Activity::GroupSupport];
        group.procedure = ProcedureCode::parse("H0038").unwrap();
        group.modifiers = vec![Modifier::parse("HQ").unwrap()];
        c.terms.pack.services.push(group);
        c.terms.agreement.rates.push(rate("group", "2.88", None));
        c.encounter.kind = Kind::Activity(Activity::GroupSupport);
    });
    assert!(case.rules().is_empty(), "{:?}", case.rules());
    let decision = case.decide();
    assert_eq!(decision.service, Some(key("group")));
    assert_eq!(decision.lines[0].modifiers[0].as_str(), "HQ");
    assert_eq!(decision.lines[0].charge.to_string(), "11.52");
}

#[test]
fn r24_two_sessions_on_a_day_may_have_the_same_member() {
    let case = in_group(6, |c| {
        let mut earlier = other(c, "V-2", "09:00", "10:00");
        earlier.member = c.encounter.member;
        earlier.session = Some(SessionTime {
            reference: reference("S-2"),
            started_at: earlier.started_at,
            ended_at: earlier.ended_at,
        });
        c.facts.neighbors = vec![earlier];
    });
    assert!(case.rules().is_empty(), "{:?}", case.rules());
}
