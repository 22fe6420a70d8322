//! Limits in every window and scope, through the API: what fits, what is told, and what many
//! requests at once cannot do (RK19 to RK24).

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::world::{self, World, id, limit, rules, visit, visit_of};

/// Records an hour, 4 units, on a day at 9 in the morning of the West.
async fn hour(app: &TestApp, w: &World, reference: &str, day: &str) -> Value {
    let body = visit(reference, &w.peers[0], &w.members[0], &format!("{day}T16:00"));
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201)
}

/// Ready units of an encounter as answered.
pub fn ready(seen: &Value) -> i64 {
    let lines = seen["lines"].as_array().unwrap().iter();
    lines.filter(|l| l["status"] == "ready").map(|l| l["units"].as_i64().unwrap()).sum()
}

pub async fn void(app: &TestApp, w: &World, seen: &Value) {
    let path = format!("/v1/encounters/{}/void", id(seen));
    app.post(&path, &w.submitter, &json!({"reason": "test"})).await.expect(200);
}

/// What a limit has left for the first member on a day.
async fn left(app: &TestApp, w: &World, key: &str, on: &str) -> Value {
    let path = format!("/v1/members/{}/allowances?on={on}", w.members[0]);
    let seen = app.get(&path, &w.biller).await.expect(200);
    let rows = seen["payers"][0]["remaining"].as_array().unwrap();
    rows.iter().find(|r| r["key"] == key).unwrap_or_else(|| panic!("{key}: {seen}")).clone()
}

async fn episode(app: &TestApp, w: &World, reference: &str, from: &str, to: &str) {
    let body = json!({
        "reference": reference, "member": w.members[0], "kind": "package", "from": from, "to": to,
    });
    app.post("/v1/episodes?organization=river-bend", &w.admin, &body).await.expect(201);
}

on_both! {
    async fn rk19_a_rolling_limit_looks_back_and_ahead(app: TestApp) {
        let window = "window = \"rolling_months\"\nlength = 1\nexceed = \"hold\"";
        let w = world::limited(&app, &limit("rolling", "10", window), 1).await;
        assert_eq!(ready(&hour(&app, &w, "V-1", "2026-07-31").await), 4);
        // The window that ends on 31 July begins on 1 July; it has 6 left, for 1 July, too.
        assert_eq!(left(&app, &w, "rolling", "2026-07-01").await["remaining"], 6);
        assert_eq!(left(&app, &w, "rolling", "2026-06-30").await["remaining"], 10);
        assert_eq!(ready(&hour(&app, &w, "V-2", "2026-07-01").await), 4);
        let third = hour(&app, &w, "V-3", "2026-07-15").await;
        assert_eq!((ready(&third), rules(&third)), (0, vec!["limit.hold".to_owned()]));
        let message = third["findings"][0]["message"].as_str().unwrap();
        assert!(message.contains("10 units in 1 month on a rolling count"), "{message}");
        // A preview says the same, and the first visit of all makes room.
        let body = visit("V-4", &w.peers[0], &w.members[0], "2026-07-16T16:00");
        let told = app.post("/v1/decisions/preview", &w.submitter, &body).await.expect(200);
        assert_eq!(rules(&told), ["limit.hold"], "{told}");
        assert_eq!(ready(&hour(&app, &w, "V-5", "2026-08-31").await), 4);
        void(&app, &w, &app.get("/v1/encounters?reference=V-1", &w.biller).await.expect(200)["items"][0]).await;
        let again = app.act(&format!("/v1/encounters/{}/decide", id(&third)), &w.submitter).await;
        assert_eq!(ready(&again.expect(200)), 4);
    }

    async fn what_a_void_moves_into_one_window_is_decided_again(app: TestApp) {
        let window = "window = \"consecutive_days\"\nlength = 30\nexceed = \"hold\"";
        let w = world::limited(&app, &limit("first", "8", window), 1).await;
        let first = hour(&app, &w, "V-1", "2026-07-01").await;
        hour(&app, &w, "V-2", "2026-07-28").await;
        hour(&app, &w, "V-3", "2026-07-31").await;
        assert_eq!(ready(&hour(&app, &w, "V-4", "2026-08-01").await), 4, "of a second window");
        // Without the first service all others lie in one window, of which two fit. A batch does not wait for the
        // worker, and claims no more either.
        void(&app, &w, &first).await;
        let body = json!({"payer": "evergreen", "through": "2026-08-31"});
        let batch = app.post("/v1/batches", &w.biller, &body).await.expect(201);
        assert_eq!(batch["lines"], 2, "{batch}");
        app.settle().await;
        let all = world::all(&app, "/v1/encounters", &w.biller).await;
        let told: Vec<&str> = all.iter().map(|e| e["status"].as_str().unwrap()).collect();
        assert_eq!(told, ["void", "claimed", "claimed", "held"], "the latest gives way");
        assert_eq!(left(&app, &w, "first", "2026-08-01").await["remaining"], 0);
        let held = app.get("/v1/worklist?rule=limit.hold", &w.biller).await.expect(200);
        assert_eq!(held["items"].as_array().unwrap().len(), 1, "{held}");
    }

    async fn what_a_void_moves_and_is_claimed_is_to_be_corrected(app: TestApp) {
        let window = "window = \"consecutive_days\"\nlength = 30\nexceed = \"hold\"";
        let w = world::limited(&app, &limit("first", "8", window), 1).await;
        let first = hour(&app, &w, "V-1", "2026-07-01").await;
        for (reference, day) in [("V-2", "2026-07-28"), ("V-3", "2026-07-31"), ("V-4", "2026-08-01")] {
            assert_eq!(ready(&hour(&app, &w, reference, day).await), 4, "{reference}");
        }
        let mut batches = Vec::new();
        for through in ["2026-07-01", "2026-08-31"] {
            let body = json!({"payer": "evergreen", "through": through});
            batches.push(id(&app.post("/v1/batches", &w.biller, &body).await.expect(201)));
        }
        app.act(&format!("/v1/batches/{}/withdraw", batches[0]), &w.biller).await.expect(200);
        void(&app, &w, &first).await;
        app.settle().await;
        let open = app.get("/v1/corrections", &w.biller).await.expect(200);
        assert!(!open["items"].as_array().unwrap().is_empty(), "{open}");
        assert_eq!(left(&app, &w, "first", "2026-08-01").await["remaining"], -4);
    }

    async fn rk19_fiscal_quarter_and_lifetime_limits_hold_at_once(app: TestApp) {
        let text = [
            limit("fiscal", "12", "window = \"fiscal_year\"\nfirst_month = 7\nexceed = \"bill_up_to\""),
            limit("quarter", "9", "window = \"quarter\"\nexceed = \"bill_up_to\""),
            limit("ever", "17.5", "window = \"lifetime\"\nexceed = \"never\""),
        ].concat();
        let w = world::limited(&app, &text, 1).await;
        for (reference, day, units) in [
            ("V-1", "2026-06-30", 4), // the fiscal year before
            ("V-2", "2026-07-01", 4),
            ("V-3", "2026-07-02", 4),
            ("V-4", "2026-07-03", 1), // the quarter has one left
        ] {
            assert_eq!(ready(&hour(&app, &w, reference, day).await), units, "{reference}");
        }
        let told = left(&app, &w, "ever", "2026-07-03").await;
        assert_eq!((&told["remaining"], &told["from"], &told["to"]), (&json!(4.5), &json!(null), &json!(null)));
        let fiscal = left(&app, &w, "fiscal", "2026-07-03").await;
        assert_eq!((&fiscal["remaining"], &fiscal["from"]), (&json!(3), &json!("2026-07-01")));
        // 4 and a half are left of the lifetime: 4 fit, and then nothing.
        assert_eq!(ready(&hour(&app, &w, "V-5", "2026-06-10").await), 4);
        let last = hour(&app, &w, "V-6", "2026-06-11").await;
        assert_eq!((ready(&last), &rules(&last)[..2]), (0, &["limit.bill_up_to".to_owned(), "limit.never".to_owned()][..]));
    }

    async fn rk19_consecutive_days_move_with_an_earlier_visit(app: TestApp) {
        let window = "window = \"consecutive_days\"\nlength = 30\nexceed = \"hold\"";
        let w = world::limited(&app, &limit("thirty", "6", window), 1).await;
        // Windows: 10 July to 8 August, 9 August to 7 September.
        assert_eq!(ready(&hour(&app, &w, "V-1", "2026-08-08").await), 4);
        let early = hour(&app, &w, "V-2", "2026-07-10").await;
        assert_eq!((ready(&early), rules(&early)), (0, vec!["limit.hold".to_owned()]), "8 in one window");
        let before = hour(&app, &w, "V-3", "2026-07-09").await;
        assert_eq!(ready(&before), 4, "its window ends on 7 August");
        // From 8 August to 6 September 2 are left; on the 7th the next window begins.
        assert_eq!(left(&app, &w, "thirty", "2026-09-06").await["remaining"], 2);
        assert_eq!(left(&app, &w, "thirty", "2026-09-07").await["remaining"], 6);
        // Without the visit of 9 July the one of 10 July begins the window again.
        void(&app, &w, &before).await;
        assert_eq!(left(&app, &w, "thirty", "2026-07-10").await["remaining"], 2);
    }

    async fn rk19_rk29_a_limit_in_an_episode(app: TestApp) {
        let window = "window = \"episode\"\nepisode = \"package\"\nexceed = \"bill_up_to\"";
        let w = world::limited(&app, &limit("package", "6", window), 1).await;
        let held = hour(&app, &w, "V-1", "2026-07-01").await;
        assert_eq!((ready(&held), rules(&held)), (0, vec!["limit.no_episode".to_owned()]));
        let told = left(&app, &w, "package", "2026-07-01").await;
        assert!(told["remaining"].is_null() && told["reason"].as_str().unwrap().contains("episode"));
        episode(&app, &w, "E-1", "2026-06-15", "2026-07-31").await;
        episode(&app, &w, "E-2", "2026-08-01", "2026-08-31").await;
        let again = app.act(&format!("/v1/encounters/{}/decide", id(&held)), &w.submitter).await;
        assert_eq!(ready(&again.expect(200)), 4);
        assert_eq!(ready(&hour(&app, &w, "V-2", "2026-07-31").await), 2);
        assert_eq!(ready(&hour(&app, &w, "V-3", "2026-08-01").await), 4);
        assert_eq!(left(&app, &w, "package", "2026-08-31").await["remaining"], 2);
        let bounds = left(&app, &w, "package", "2026-07-02").await;
        assert_eq!((&bounds["from"], &bounds["to"]), (&json!("2026-06-15"), &json!("2026-07-31")));
    }

    async fn rk22_a_peers_week_is_counted_over_all_members(app: TestApp) {
        let text = limit("peer-week", "10", "window = \"week\"\nscope = \"peer\"\nexceed = \"hold\"");
        let w = world::limited(&app, &text, 4).await;
        let record = |n: usize, peer: usize, start: &'static str| {
            let body = visit(&format!("V-{n}"), &w.peers[peer], &w.members[n], start);
            let (app, w) = (&app, &w);
            async move { app.post("/v1/encounters", &w.submitter, &body).await.expect(201) }
        };
        let first = record(0, 0, "2026-07-06T16:00").await;
        assert_eq!(ready(&first), 4);
        assert_eq!(ready(&record(1, 0, "2026-07-12T18:00").await), 4);
        let third = record(2, 0, "2026-07-08T16:00").await;
        assert_eq!((ready(&third), rules(&third)), (0, vec!["limit.hold".to_owned()]));
        assert_eq!(third["remaining"][0]["remaining"], 2);
        assert_eq!(ready(&record(3, 1, "2026-07-08T16:00").await), 4, "another peer");
        let told = left(&app, &w, "peer-week", "2026-07-08").await;
        assert!(told["remaining"].is_null() && told["reason"].as_str().unwrap().contains("each peer"));
        void(&app, &w, &first).await;
        let again = app.act(&format!("/v1/encounters/{}/decide", id(&third)), &w.submitter).await;
        assert_eq!(ready(&again.expect(200)), 4);
        // A revision that names another peer gives the hours back to the first one.
        let path = format!("/v1/encounters/{}", id(&third));
        let request = app.request(reqwest::Method::PATCH, &path, &w.submitter);
        let seen = app.get(&path, &w.submitter).await;
        let request = request.header("if-match", seen.header("etag"));
        let request = request.header("content-type", "application/merge-patch+json");
        let body = json!({"peer": w.peers[2]}).to_string();
        let revised = crate::app::send(request.body(body)).await.expect(200);
        assert_eq!((ready(&revised), &revised["remaining"][0]["remaining"]), (4, &json!(6)));
        let hours = |peer: usize| {
            app.database.number(&format!(
                "SELECT COALESCE(CAST(SUM(u.reserved) AS BIGINT), 0) FROM unit_entries u JOIN peers p \
                 ON p.organization_id = u.organization_id AND p.id = u.peer_id WHERE p.npi = '{}'",
                world::NPIS[peer]
            ))
        };
        assert_eq!([hours(0), hours(1), hours(2)], [4, 4, 4]);
    }

    async fn rk20_a_cap_for_video_stands_beside_one_for_all(app: TestApp) {
        let text = [
            limit("video", "3", "window = \"day\"\nmodes = [\"video\"]\nexceed = \"bill_up_to\""),
            limit("remote", "6", "window = \"month\"\nmodifiers = [\"95\", \"93\"]\nexceed = \"bill_up_to\""),
        ].concat();
        let w = world::limited(&app, &text, 1).await;
        let mut ways = vec![];
        for (n, (mode, day)) in [("video", 1), ("in_person", 1), ("audio", 2), ("audio", 3), ("in_person", 3)]
            .into_iter().enumerate()
        {
            let start = format!("2026-07-{day:02}T{}:00", 16 + n);
            let mut body = visit(&format!("V-{n}"), &w.peers[0], &w.members[0], &start);
            body["mode"] = json!(mode);
            let seen = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
            ways.push(ready(&seen));
        }
        assert_eq!(ways, [3, 4, 3, 0, 4]);
    }

    async fn rk24_only_the_excess_over_a_limit_needs_an_authorization(app: TestApp) {
        let text = limit("soft", "6", "window = \"rolling_days\"\nlength = 7\nexceed = \"authorization\"");
        let w = world::limited(&app, &text, 1).await;
        assert_eq!(ready(&hour(&app, &w, "V-1", "2026-07-01").await), 4);
        let short = hour(&app, &w, "V-2", "2026-07-07").await;
        assert_eq!((ready(&short), rules(&short)), (2, vec!["authorization.missing".to_owned()]));
        world::authorization(&app, &w.admin, "river-bend", &json!({
            "member": w.members[0], "payer": "evergreen", "number": "PA-1", "units": 9,
            "from": "2026-07-01", "to": "2026-12-31",
        })).await;
        let again = app.act(&format!("/v1/encounters/{}/decide", id(&short)), &w.submitter).await;
        assert_eq!(ready(&again.expect(200)), 4);
        assert_eq!(left(&app, &w, "soft", "2026-07-07").await["remaining"], -2);
    }
}

/// `river-bend` and `north-shore`, two members each with the same numbers at the payer.
async fn two_organizations(app: &TestApp, text: &str) -> (World, World) {
    let first = world::limited(app, text, 2).await;
    let second = world::second_of_evergreen(app, &first.admin, "north-shore", 2).await;
    (first, second)
}

fn shared(app: &TestApp) -> i64 {
    app.database.number("SELECT COALESCE(CAST(SUM(units) AS BIGINT), 0) FROM shared_entries")
}

const ACROSS: &str = "window = \"calendar_year\"\nscope = \"member\"\nexceed = \"hold\"";

on_both! {
    async fn rk22_across_organizations_nothing_is_told_but_that_it_does_not_fit(app: TestApp) {
        let (a, b) = two_organizations(&app, &limit("shared", "10", ACROSS)).await;
        let first = hour(&app, &a, "V-1", "2026-07-01").await;
        assert_eq!(ready(&first), 4);
        assert!(first["remaining"][0]["remaining"].is_null(), "{first}");
        assert_eq!(ready(&hour(&app, &b, "W-1", "2026-07-01").await), 4, "at the same hour");
        let told = left(&app, &b, "shared", "2026-07-01").await;
        assert!(told["remaining"].is_null() && told["used"].is_null(), "{told}");
        assert!(told["reason"].as_str().unwrap().contains("across organizations"), "{told}");
        let body = visit("W-2", &b.peers[0], &b.members[0], "2026-07-02T16:00");
        let preview = app.post("/v1/decisions/preview", &b.submitter, &body).await.expect(200);
        assert!(rules(&preview).is_empty(), "a preview does not ask: {preview}");
        let held = hour(&app, &b, "W-2", "2026-07-02").await;
        assert_eq!((ready(&held), rules(&held)), (0, vec!["limit.across_organizations".to_owned()]));
        let said = held["findings"][0]["message"].as_str().unwrap();
        assert!(!said.contains("used") && !said.contains(" 8"), "{said}");
        assert_eq!(ready(&hour(&app, &b, "W-3", "2025-12-31").await), 0, "no contract then");
        // What the others gave is in no row of this organization.
        let facts = "SELECT COUNT(*) FROM decisions WHERE facts LIKE '%\"full\":[\"shared\"]%'";
        assert_eq!(app.database.number(facts), 1);
        // Another member has an account of its own.
        let other = visit("W-4", &b.peers[0], &b.members[1], "2026-07-03T16:00");
        assert_eq!(ready(&app.post("/v1/encounters", &b.submitter, &other).await.expect(201)), 4);
        // Deciding again leaves out what the visit itself drew; a void makes room for the others.
        let again = app.act(&format!("/v1/encounters/{}/decide", id(&first)), &a.submitter).await;
        assert_eq!(ready(&again.expect(200)), 4);
        assert_eq!(shared(&app), 12);
        app.settle().await;
        void(&app, &a, &first).await;
        assert_eq!(shared(&app), 8);
        // The other organization's worker is told that something fits now, and nothing else.
        app.settle().await;
        let path = format!("/v1/encounters/{}", id(&held));
        assert_eq!(ready(&app.get(&path, &b.submitter).await.expect(200)), 4);
        assert_eq!(shared(&app), 12);
    }

    async fn rk22_an_opening_balance_that_is_lowered_wakes_other_organizations(app: TestApp) {
        let (a, b) = two_organizations(&app, &limit("shared", "10", ACROSS)).await;
        let mut opening = json!({
            "member": a.members[0], "payer": "evergreen", "service": "peer_individual",
            "date": "2026-06-30", "units": 8,
        });
        let path = "/v1/opening-balances";
        let made = app.post(path, &a.biller, &opening).await.expect(201);
        let held = hour(&app, &b, "W-1", "2026-07-01").await;
        assert_eq!((ready(&held), rules(&held)), (0, vec!["limit.across_organizations".to_owned()]));
        app.settle().await;
        opening["units"] = json!(6);
        let path = format!("{path}/{}", id(&made));
        app.put(&path, &a.biller, "\"1\"", &opening).await.expect(200);
        app.settle().await;
        let path = format!("/v1/encounters/{}", id(&held));
        assert_eq!(ready(&app.get(&path, &b.submitter).await.expect(200)), 4);
        assert_eq!(shared(&app), 10);
    }

    async fn rk22_the_shared_account_follows_a_claim_and_a_substance_use_visit_never_reaches_it(app: TestApp) {
        let (a, b) = two_organizations(&app, &limit("shared", "10", ACROSS)).await;
        // Held under Part 2: not counted, and not asked about.
        let undeclared = app.database.try_execute(
            "UPDATE organizations SET part2 = 'undeclared' WHERE key = 'north-shore'");
        undeclared.unwrap();
        let mut body = visit("W-1", &b.peers[0], &b.members[0], "2026-07-01T16:00");
        body["diagnoses"] = json!(["F11.20"]);
        let held = app.post("/v1/encounters", &b.submitter, &body).await.expect(201);
        assert_eq!(rules(&held), ["part2.no_consent"]);
        assert_eq!(shared(&app), 0);
        hour(&app, &a, "V-1", "2026-07-01").await;
        hour(&app, &a, "V-2", "2026-07-02").await;
        let body = json!({"payer": "evergreen", "through": "2026-09-30"});
        let batch = app.post("/v1/batches", &a.biller, &body).await.expect(201);
        assert_eq!(shared(&app), 8);
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &a.biller).await.expect(200);
        assert_eq!(shared(&app), 8, "released units count as before");
        body_is_held(&app, &b).await;
    }

    async fn rk22_test_and_live_organizations_never_share_an_account(app: TestApp) {
        let (a, b) = two_organizations(&app, &limit("shared", "4", ACROSS)).await;
        app.database.execute("UPDATE organizations SET mode = 'live' WHERE key = 'north-shore'");
        assert_eq!(ready(&hour(&app, &a, "V-1", "2026-07-01").await), 4);
        assert_eq!(ready(&hour(&app, &b, "W-1", "2026-07-01").await), 4);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM shared_accounts"), 2);
    }

    async fn rk19_the_last_unit_of_a_rolling_window_is_given_once(app: TestApp) {
        let window = "window = \"rolling_days\"\nlength = 40\nexceed = \"hold\"";
        let w = world::limited(&app, &limit("rolling", "9", window), 1).await;
        hour(&app, &w, "V-1", "2026-07-20").await;
        hour(&app, &w, "V-2", "2026-07-21").await;
        // One unit is left in every window; 32 visits of one unit want it, at once, over 32 days.
        let posts = (0..32).map(|n| {
            let day = chrono::Days::new(n);
            let start = NaiveDate::from_ymd_opt(2026, 7, 5).unwrap() + day;
            let peer = &w.peers[usize::try_from(n % 4).unwrap()];
            let body = visit_of(&format!("S-{n}"), peer, &w.members[0], &format!("{start}T20:00"), 15);
            let (app, w) = (&app, &w);
            async move { app.post("/v1/encounters", &w.submitter, &body).await.expect(201) }
        });
        let answers = futures_util::future::join_all(posts).await;
        assert_eq!(answers.iter().map(ready).sum::<i64>(), 1);
        let drawn = "SELECT CAST(SUM(reserved + consumed) AS BIGINT) FROM unit_entries";
        assert_eq!(app.database.number(drawn), 9);
    }

    async fn rk22_the_last_unit_across_organizations_is_given_once(app: TestApp) {
        let (a, b) = two_organizations(&app, &limit("shared", "9", ACROSS)).await;
        hour(&app, &a, "V-1", "2026-07-20").await;
        hour(&app, &b, "W-1", "2026-07-20").await;
        let posts = (0..32).map(|n| {
            let w = if n % 2 == 0 { &a } else { &b };
            let start = format!("2026-08-{:02}T20:00", 1 + n / 2);
            let body = visit_of(&format!("S-{n}"), &w.peers[n / 2 % 4], &w.members[0], &start, 15);
            let app = &app;
            async move { app.post("/v1/encounters", &w.submitter, &body).await.expect(201) }
        });
        let answers = futures_util::future::join_all(posts).await;
        assert_eq!(answers.iter().map(ready).sum::<i64>(), 1);
        assert_eq!(shared(&app), 9);
    }
}

async fn body_is_held(app: &TestApp, w: &World) {
    let held = hour(app, w, "W-9", "2026-07-03").await;
    assert_eq!(rules(&held), ["limit.across_organizations"], "{held}");
}
