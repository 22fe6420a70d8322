//! Drafts: defaults, every fault at once, impossible times.

use super::*;

fn good() -> Draft {
    let text = |t: &str| Some(t.to_owned());
    Draft {
        reference: text("V-1"),
        peer: text("1987654328"),
        member: text("evergreen:EV1001"),
        activity: text("individual_support"),
        started_at: text("2026-07-01T09:00:00-07:00"),
        ended_at: text("2026-07-01T10:00:00-07:00"),
        mode: text("in_person"),
        setting: text("office"),
        diagnoses: vec!["F32.9".into()],
        ..Draft::default()
    }
}

fn reading() -> Reading {
    Reading { local: None, not_after: Some(Instant::parse("2026-10-01T00:00:00Z").unwrap()) }
}

fn pointers(draft: &Draft, reading: Reading) -> Vec<String> {
    let faults = parse(draft, reading).unwrap_err();
    faults.into_iter().filter_map(|f| f.pointer).collect()
}

#[test]
fn a_good_draft_is_read_with_defaults() {
    let parsed = parse(&good(), reading()).unwrap();
    assert_eq!(parsed.role, Role::PeerSupport);
    assert_eq!(parsed.note, None);
    assert!(matches!(parsed.member, MemberRef::Number(PayerRef::Key(_), _)));
}

#[test]
fn an_empty_draft_names_every_required_field() {
    let found = pointers(&Draft::default(), reading());
    let wanted = [
        "/reference",
        "/peer",
        "/member",
        "/activity",
        "/started_at",
        "/ended_at",
        "/mode",
        "/setting",
    ];
    assert_eq!(found, wanted);
}

#[test]
fn impossible_times_are_refused() {
    let with = |start: &str, end: &str| Draft {
        started_at: Some(start.into()),
        ended_at: Some(end.into()),
        ..good()
    };
    let refused = |start, end| pointers(&with(start, end), reading());
    let noon = "2026-07-01T12:00:00Z";
    assert_eq!(refused(noon, noon), ["/ended_at"]);
    assert_eq!(refused(noon, "2026-07-01T11:00:00Z"), ["/ended_at"]);
    assert_eq!(refused(noon, "2026-07-02T13:00:00Z"), ["/ended_at"]);
    assert_eq!(refused(noon, "2026-07-02T12:00:01Z"), ["/ended_at"]);
    assert!(parse(&with(noon, "2026-07-02T12:00:00Z"), reading()).is_ok());
    assert_eq!(refused("2026-09-30T23:50:00Z", "2026-10-01T00:10:00Z"), ["/ended_at"]);
    assert_eq!(refused("2026-07-01T12:00:00", noon), ["/started_at"]);
}

#[test]
fn local_times_need_a_zone_and_a_time_that_exists_once() {
    let zone = Zone::parse("America/Chicago").unwrap();
    let local = Reading { local: Some(zone), not_after: None };
    let draft = Draft {
        started_at: Some("2026-03-08 02:30".into()),
        ended_at: Some("2026-03-08T04:00".into()),
        ..good()
    };
    assert_eq!(pointers(&draft, local), ["/started_at"]);
}

#[test]
fn both_or_neither_of_activity_and_service_is_refused() {
    let both = Draft { service: Some("peer_individual".into()), ..good() };
    assert_eq!(pointers(&both, reading()), ["/service"]);
    let neither = Draft { activity: None, ..good() };
    assert_eq!(pointers(&neither, reading()), ["/activity"]);
}

#[test]
fn every_fault_is_told_at_once_and_no_value_is_repeated() {
    let bad = Draft {
        reference: Some("has space".into()),
        peer: Some("1234567890".into()),
        member: Some("evergreen:no number!".into()),
        mode: Some("telepathy".into()),
        diagnoses: vec!["F32.9".into(), "F329".into(), "depression".into()],
        authorization: Some("aut_123".into()),
        ..good()
    };
    let faults = parse(&bad, reading()).unwrap_err();
    let found: Vec<&str> = faults.iter().filter_map(|f| f.pointer.as_deref()).collect();
    let wanted = [
        "/reference",
        "/peer",
        "/member",
        "/mode",
        "/diagnoses/1",
        "/diagnoses/2",
        "/authorization",
    ];
    assert_eq!(found, wanted);
    assert!(faults.iter().all(|f| !f.message.contains("no number!")));
}
