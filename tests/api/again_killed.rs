//! The process is killed in the middle of deciding again: started again, it goes on where it was, and
//! each visit is decided again exactly once. Whatever the kill hits, the end is the same.

use std::time::Duration;

use chrono::{TimeDelta, Timelike, Utc};
use serde_json::json;

use crate::app::TestApp;
use crate::program::{Program, day};
use crate::world::{self, World};

/// Visits: twelve chunks each way.
const ROWS: usize = 1_200;
/// Members, so that each has 30 visits, one a day.
const MEMBERS: usize = 40;
/// Kills of each database.
const KILLS: usize = 4;
/// Longest wait for the worker, in looks of 20 milliseconds.
const LOOKS: usize = 6_000;

async fn upload(app: &TestApp, w: &World) {
    let today = Utc::now().with_hour(0).unwrap().with_minute(0).unwrap();
    let mut text = String::new();
    for n in 0..ROWS {
        let (member, day) = (n % MEMBERS, n / MEMBERS);
        let days = TimeDelta::days(i64::try_from(day + 2).unwrap());
        let slot = i64::try_from(member / 4).unwrap();
        let start = today - days + TimeDelta::minutes(14 * 60 + 30 * slot);
        let start = start.format("%Y-%m-%dT%H:%M").to_string();
        let body = world::visit_of(
            &format!("K-{n}"),
            &w.peers[member % 4],
            &w.members[member],
            &start,
            30,
        );
        text.push_str(&body.to_string());
        text.push('\n');
    }
    let program = Program::start(&app.database);
    let answer = program.upload(&w.submitter, text).await.text().await.unwrap();
    assert_eq!(answer.lines().filter(|line| line.contains("\"ready\"")).count(), ROWS);
    program.kill();
}

async fn case(app: TestApp) {
    // The program goes by the real clock, so everything is valid around today.
    let w = world::mesa_voices_in(&app, MEMBERS, (&day(-200), &day(200))).await;
    upload(&app, &w).await;
    // All of the organization is decided again: the zone moves, and every address is gone.
    app.database.execute("UPDATE members SET line1 = NULL, city = NULL, state = NULL, zip = NULL");
    let organization = app.get("/v1/organizations", &w.biller).await.expect(200);
    let path = format!("/v1/organizations/{}", world::id(&organization["items"][0]));
    crate::changes::amend(&app, &w, &path, |o| o["zone"] = json!("America/New_York")).await;
    let number = |sql: &str| app.database.number(sql);
    let again = "SELECT COUNT(*) FROM encounters WHERE decision_sequence > 1";
    let mut reached = 0;
    for kill in 1..=KILLS {
        let program = Program::start(&app.database);
        // Killed once it has come further, at whatever it is doing then.
        let goal = i64::try_from(kill * ROWS / (KILLS + 2)).unwrap();
        for _ in 0..LOOKS {
            reached = number(again);
            if reached > goal || number("SELECT COUNT(*) FROM marks") == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        program.kill();
        assert!(reached > 0, "the worker did something");
        // What is committed is whole.
        let held = number("SELECT COUNT(*) FROM encounters WHERE status = 'held'");
        assert_eq!(held, number(again));
        assert_eq!(number("SELECT COUNT(*) FROM decision_changes"), held);
        let reserved = number("SELECT CAST(SUM(reserved) AS BIGINT) FROM unit_entries");
        assert_eq!(reserved, 2 * (i64::try_from(ROWS).unwrap() - held));
    }
    let program = Program::start(&app.database);
    for _ in 0..LOOKS {
        if number("SELECT COUNT(*) FROM marks") == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    program.kill();
    let all = i64::try_from(ROWS).unwrap();
    assert_eq!(number("SELECT COUNT(*) FROM encounters WHERE decision_sequence = 2"), all);
    assert_eq!(number("SELECT COUNT(*) FROM decisions"), 2 * all);
    assert_eq!(number("SELECT MAX(number) FROM decision_changes"), all);
    crate::history_again::books_hold(&app);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    case(TestApp::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    if let Some(app) = TestApp::postgres().await {
        case(app).await;
    }
}
