//! Deciding again: each kind of change, what it lifts and what it holds, and in which order.

use peerclaims::domain::dates::{Span, parse_date};
use peerclaims::domain::identifiers::{AuthorizationNumber, Key};
use peerclaims::domain::ids::MemberId;
use peerclaims::flow::reference::bulk::{self, Columns, File, Row};
use peerclaims::flow::reference::draft::{AuthorizationInput, MemberName, PayerName};
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::changes::{amend, amend_member};
use crate::world::{self, World, id, rules, visit};

pub const CONTRACT: &str = include_str!("../../fixtures/contracts/river-bend_evergreen.toml");
pub const PACK: &str = include_str!("../../config/payers/evergreen.toml");

/// Records an hour (four units) of the first member.
pub async fn record(app: &TestApp, w: &World, reference: &str, start: &str) -> Value {
    record_by(app, w, reference, 0, start).await
}

/// The same, by some peer.
pub async fn record_by(
    app: &TestApp,
    w: &World,
    reference: &str,
    peer: usize,
    start: &str,
) -> Value {
    let body = visit(reference, &w.peers[peer], &w.members[0], start);
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201)
}

/// A visit as it stands.
pub async fn seen(app: &TestApp, w: &World, reference: &str) -> Value {
    let path = format!("/v1/encounters?reference={reference}");
    app.get(&path, &w.biller).await.expect(200)["items"][0].clone()
}

/// Ready and held units of a visit.
pub async fn split(app: &TestApp, w: &World, reference: &str) -> (i64, i64) {
    let visit = seen(app, w, reference).await;
    let of = |wanted: &[&str]| {
        let lines = visit["lines"].as_array().unwrap().iter();
        let lines = lines.filter(|l| wanted.contains(&l["status"].as_str().unwrap()));
        lines.map(|l| l["units"].as_i64().unwrap()).sum()
    };
    (of(&["ready", "claimed", "submitted"]), of(&["held"]))
}

/// How many decisions there are.
pub fn decisions(app: &TestApp) -> i64 {
    app.database.number("SELECT COUNT(*) FROM decisions")
}

/// Units in the ledger.
pub fn units(app: &TestApp) -> i64 {
    app.database
        .number("SELECT COALESCE(CAST(SUM(reserved + consumed) AS BIGINT), 0) FROM unit_entries")
}

/// The causes of the feed, in order.
pub async fn causes(app: &TestApp, w: &World) -> Vec<String> {
    let feed = app.get("/v1/decisions/changes?limit=200", &w.submitter).await.expect(200);
    let items = feed["items"].as_array().unwrap().iter();
    items.map(|c| c["cause"].as_str().unwrap().to_owned()).collect()
}

/// Adds a version that takes the place of the newest one on all its days, with a text of the pack
/// and one of the contract changed.
pub async fn supersede(app: &TestApp, w: &World, name: &str, pack: [&str; 2], contract: [&str; 2]) {
    let list = world::all(app, "/v1/contracts?organization=river-bend", &w.admin).await;
    let newest = id(list.last().unwrap());
    assert!(PACK.contains(pack[0]) && CONTRACT.contains(contract[0]));
    let text = PACK.replace("\"2026.1\"", &format!("\"{name}\"")).replace(pack[0], pack[1]);
    world::pack(app, &w.admin, &text).await;
    let text = CONTRACT
        .replace("evergreen@2026.1", &format!("evergreen@{name}"))
        .replacen(
            "from = 2026-01-01\n",
            &format!("from = 2026-01-01\nsupersedes = \"{newest}\"\n"),
            1,
        )
        .replace(contract[0], contract[1]);
    let path = "/v1/contracts?organization=river-bend";
    world::toml(app, path, &w.admin, &text).await.expect(201);
}

/// Uses up the free units of the year: six hours in the first week of July.
async fn use_up(app: &TestApp, w: &World) {
    for day in 1..=6 {
        record(app, w, &format!("F-{day}"), &format!("2026-07-0{day}T16:00")).await;
    }
}

pub async fn grant(app: &TestApp, w: &World, number: &str, units: u32) -> String {
    world::authorization(
        app,
        &w.admin,
        "river-bend",
        &json!({
            "member": w.members[0], "payer": "evergreen", "number": number, "units": units,
            "from": "2026-07-01", "to": "2026-12-31",
        }),
    )
    .await
}

on_both! {
    async fn a_new_authorization_lifts_what_waited_the_earliest_first(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        use_up(&app, &w).await;
        // They arrive in another order than they took place.
        for day in ["09", "07", "08"] {
            let seen = record(&app, &w, &format!("A-{day}"), &format!("2026-07-{day}T16:00")).await;
            assert_eq!(rules(&seen), ["authorization.missing"]);
        }
        let id = grant(&app, &w, "PA-1", 10).await;
        assert_eq!(split(&app, &w, "A-07").await, (0, 4), "in the background");
        app.settle().await;
        assert_eq!(split(&app, &w, "A-07").await, (4, 0));
        assert_eq!(split(&app, &w, "A-08").await, (4, 0));
        assert_eq!(split(&app, &w, "A-09").await, (2, 2));
        // Wider: the rest is lifted too.
        let path = format!("/v1/authorizations/{id}?organization=river-bend");
        amend(&app, &w, &path, |a| a["units"] = json!(20)).await;
        app.settle().await;
        assert_eq!(split(&app, &w, "A-09").await, (4, 0));
        assert_eq!(causes(&app, &w).await, ["authorization_changed"; 4]);
        assert_eq!(units(&app), 36);
        // What was ready was looked at, and said the same: no decision was added.
        assert_eq!(decisions(&app), 9 + 4);
    }

    async fn a_grant_that_shrinks_takes_the_latest_at_once_and_gives_the_rest_later(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        use_up(&app, &w).await;
        let id = grant(&app, &w, "PA-1", 8).await;
        // Same day, told apart by their start; the later one was recorded first.
        record(&app, &w, "A-2", "2026-07-07T20:00").await;
        record(&app, &w, "A-1", "2026-07-07T16:00").await;
        let path = format!("/v1/authorizations/{id}?organization=river-bend");
        amend(&app, &w, &path, |a| a["units"] = json!(5)).await;
        assert_eq!(split(&app, &w, "A-1").await, (4, 0), "before the worker");
        assert_eq!(split(&app, &w, "A-2").await, (1, 3));
        // Another number: the visits draw on it under that one.
        amend(&app, &w, &path, |a| a["number"] = json!("PA-9")).await;
        let line = seen(&app, &w, "A-1").await["lines"][0]["authorization"]["number"].clone();
        assert_eq!(line, "PA-9");
        app.settle().await;
        assert_eq!((split(&app, &w, "A-1").await, split(&app, &w, "A-2").await), ((4, 0), (1, 3)));
    }

    async fn a_coverage_that_ends_holds_and_one_that_begins_lifts(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        amend_member(&app, &w, 0, |m| m["coverages"][0]["to"] = json!("2026-06-30")).await;
        app.settle().await;
        assert_eq!(rules(&seen(&app, &w, "V-1").await), ["eligibility.not_covered"]);
        assert_eq!(units(&app), 0);
        amend_member(&app, &w, 0, |m| m["coverages"][0]["to"] = Value::Null).await;
        app.settle().await;
        assert_eq!(split(&app, &w, "V-1").await, (4, 0));
        amend_member(&app, &w, 0, |m| m["address"] = Value::Null).await;
        app.settle().await;
        assert_eq!(rules(&seen(&app, &w, "V-1").await), ["member.no_address"]);
        assert_eq!(causes(&app, &w).await, ["member_changed"; 3]);
        // A name may stand in a claim's way, so it is looked at; where it does not, nothing changes.
        let before = decisions(&app);
        amend_member(&app, &w, 0, |m| m["first_name"] = json!("Deborah")).await;
        app.settle().await;
        assert_eq!(decisions(&app), before);
    }

    async fn a_certificate_holds_and_lifts_the_visits_of_its_days(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        record(&app, &w, "V-2", "2026-08-03T16:00").await;
        let path = format!("/v1/peers/{}?organization=river-bend", w.peers[0]);
        amend(&app, &w, &path, |p| p["certificates"][0]["to"] = json!("2026-07-31")).await;
        app.settle().await;
        assert_eq!(rules(&seen(&app, &w, "V-2").await), ["peer.not_certified"]);
        assert_eq!(split(&app, &w, "V-1").await, (4, 0));
        // A second one from August on lifts the visit.
        amend(&app, &w, &path, |p| {
            let mut next = p["certificates"][0].clone();
            (next["from"], next["to"]) = (json!("2026-08-01"), json!("2026-12-31"));
            p["certificates"].as_array_mut().unwrap().push(next);
        }).await;
        app.settle().await;
        assert_eq!(split(&app, &w, "V-2").await, (4, 0));
        assert_eq!(causes(&app, &w).await, ["peer_changed"; 2]);
        assert_eq!(decisions(&app), 2 + 2);
    }

    async fn a_contract_version_decides_its_days_again(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        supersede(&app, &w, "2026.2", ["units = 16", "units = 16"], ["\"17.8825\"", "\"20.00\""]).await;
        app.settle().await;
        let now = seen(&app, &w, "V-1").await;
        assert_eq!((now["lines"][0]["charge"].as_str(), units(&app)), (Some("80.00"), 4));
        let feed = app.get("/v1/decisions/changes", &w.submitter).await.expect(200);
        let change = &feed["items"][0];
        assert_eq!(change["reference"], "V-1");
        assert_eq!(change["cause"], "contract_changed");
        assert_eq!((&change["before"]["charge"], &change["after"]["charge"]), (&json!("71.53"), &json!("80.00")));
    }

    async fn where_a_cap_shrinks_the_latest_give_way(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        for (reference, hour) in [("V-4", 22), ("V-2", 18), ("V-1", 16), ("V-3", 20)] {
            record(&app, &w, reference, &format!("2026-07-01T{hour}:00")).await;
        }
        supersede(&app, &w, "2026.2", ["units = 16", "units = 10"], ["RIVERBEND01", "RIVERBEND01"]).await;
        app.settle().await;
        let mut splits = Vec::new();
        for n in 1..=4 {
            splits.push(split(&app, &w, &format!("V-{n}")).await);
        }
        assert_eq!(splits, [(4, 0), (4, 0), (2, 2), (0, 4)]);
        assert_eq!(units(&app), 10);
        // And back: each is whole again.
        supersede(&app, &w, "2026.3", ["units = 16", "units = 15"], ["RIVERBEND01", "RIVERBEND01"]).await;
        app.settle().await;
        assert_eq!((split(&app, &w, "V-3").await, split(&app, &w, "V-4").await), ((4, 0), (3, 1)));
    }

    async fn the_zone_and_the_posture_of_an_organization_decide_all_again(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        // 05:00 UTC on 1 August: 31 July in Los Angeles, 1 August in New York.
        let first = record(&app, &w, "V-1", "2026-08-01T05:00").await;
        let mut body = visit("V-2", &w.peers[1], &w.members[0], "2026-07-01T16:00");
        body["diagnoses"] = json!(["F11.20"]);
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        let path = format!("/v1/organizations/{}", first["organization"].as_str().unwrap());
        amend(&app, &w, &path, |o| o["zone"] = json!("America/New_York")).await;
        app.settle().await;
        assert_eq!(seen(&app, &w, "V-1").await["service_date"], "2026-08-01");
        amend(&app, &w, &path, |o| o["part2"] = json!("program")).await;
        app.settle().await;
        assert_eq!(rules(&seen(&app, &w, "V-2").await), ["part2.no_consent"]);
        assert_eq!(split(&app, &w, "V-1").await, (4, 0));
        amend(&app, &w, &path, |o| o["part2"] = json!("not_program")).await;
        app.settle().await;
        assert_eq!(split(&app, &w, "V-2").await, (4, 0));
        assert_eq!(causes(&app, &w).await, ["organization_changed"; 3]);
        // A name decides nothing.
        let before = decisions(&app);
        amend(&app, &w, &path, |o| o["name"] = json!("River Bend")).await;
        app.settle().await;
        assert_eq!(decisions(&app), before);
    }

    async fn a_void_gives_its_units_and_its_time_to_who_waits(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        use_up(&app, &w).await;
        record(&app, &w, "A-7", "2026-07-07T16:00").await;
        // At the time of F-2, with another member and the same peer.
        let other = world::member(&app, &w.admin, "river-bend", "evergreen", "EV2000").await;
        let body = visit("T-1", &w.peers[0], &other, "2026-07-02T16:30");
        let seen = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        assert_eq!(rules(&seen), ["overlap.peer"]);
        let reason = json!({"reason": "did not take place"});
        let second = id(&self::seen(&app, &w, "F-2").await);
        app.post(&format!("/v1/encounters/{second}/void"), &w.submitter, &reason).await.expect(200);
        app.settle().await;
        assert_eq!(split(&app, &w, "A-7").await, (4, 0));
        assert_eq!(split(&app, &w, "T-1").await, (4, 0));
        assert_eq!(causes(&app, &w).await, ["freed"; 2]);
        // What holds nothing sets nothing free.
        let held = app.post("/v1/encounters", &w.submitter,
            &visit("A-8", &w.peers[0], &w.members[0], "2026-07-08T16:00")).await.expect(201);
        app.post(&format!("/v1/encounters/{}/void", id(&held)), &w.submitter, &reason).await.expect(200);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM marks"), 0);
    }

    async fn what_one_decision_sets_free_is_followed_to_the_next(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let first = record(&app, &w, "F-0", "2026-07-20T16:00").await;
        use_up(&app, &w).await;
        grant(&app, &w, "PA-1", 8).await;
        app.settle().await;
        // F-6 and A-1 draw on the authorization; A-2 waits for it.
        record(&app, &w, "A-1", "2026-07-07T16:00").await;
        record(&app, &w, "A-2", "2026-07-08T16:00").await;
        assert_eq!((split(&app, &w, "F-6").await, split(&app, &w, "A-1").await), ((4, 0), (4, 0)));
        assert_eq!(split(&app, &w, "A-2").await, (0, 4));
        // Free units come back, F-6 takes them, and what it drew goes to A-2.
        let path = format!("/v1/encounters/{}/void", id(&first));
        app.post(&path, &w.submitter, &json!({"reason": "entered twice"})).await.expect(200);
        app.settle().await;
        assert_eq!(split(&app, &w, "A-2").await, (4, 0));
        assert!(seen(&app, &w, "F-6").await["lines"][0]["authorization"].is_null());
        assert_eq!(units(&app), 32);
        let again = app.act(&format!("/v1/encounters/{}/decide", id(&seen(&app, &w, "A-2").await)), &w.submitter).await;
        assert_eq!(again.expect(200)["disposition"], "ready");
    }

    async fn units_follow_a_member_number(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        amend_member(&app, &w, 0, |m| m["coverages"][0]["member_number"] = json!("EV2000")).await;
        app.settle().await;
        let of = |number: &str| app.database.number(&format!(
            "SELECT COALESCE(CAST(SUM(u.reserved + u.consumed) AS BIGINT), 0) FROM unit_entries u \
             JOIN accounts a ON a.id = u.account_id WHERE a.key LIKE 'units:%:{number}'"));
        assert_eq!((of("EV1000"), of("EV2000")), (0, 4));
        let path = format!("/v1/members/{}/allowances?on=2026-07-01", w.members[0]);
        let left = app.get(&path, &w.submitter).await.expect(200);
        assert_eq!(left["payers"][0]["remaining"][0]["remaining"], 12, "{left}");
    }

    async fn a_change_that_is_refused_marks_nothing(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let path = format!("/v1/members/{}?organization=river-bend", w.members[0]);
        let mut body = app.get(&path, &w.admin).await.expect(200);
        for name in ["id", "revision", "organization"] {
            body.as_object_mut().unwrap().remove(name);
        }
        body["coverages"] = json!([]);
        app.put(&path, &w.admin, "\"7\"", &body).await.problem(412, "precondition_failed");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM marks"), 0);
        app.put(&path, &w.admin, "\"1\"", &body).await.expect(200);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM marks"), 1);
    }

    async fn a_file_marks_the_members_that_have_visits(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        use_up(&app, &w).await;
        record(&app, &w, "A-7", "2026-07-07T16:00").await;
        let row = |line: u64, member: &str| {
            let data = AuthorizationInput {
                member: MemberName::Id(MemberId::parse(member).unwrap()),
                payer: PayerName::Key(Key::parse("evergreen").unwrap()),
                number: AuthorizationNumber::parse(&format!("PA-{line}")).unwrap(),
                services: vec![],
                units: 10,
                span: Span::new(parse_date("2026-07-01").unwrap(), None).unwrap(),
            };
            Row { line, data: (Key::parse("river-bend").unwrap(), data) }
        };
        let rows = (2..).zip(&w.members).map(|(line, member)| row(line, member)).collect();
        bulk::load(&app.ctx, File::Authorizations(rows), Columns::All, Vec::new()).await.unwrap();
        assert_eq!(app.database.number("SELECT COUNT(*) FROM marks"), 1);
        app.settle().await;
        assert_eq!(split(&app, &w, "A-7").await, (4, 0));
    }
}
