//! The process is killed in the middle of a bulk upload: started again and sent again, each row is
//! there exactly once, and the ledger says what the lines say. Whatever the kill hits, the end is
//! the same, so nothing here waits for luck.

use chrono::{TimeDelta, Timelike, Utc};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::program::{Program, day};
use crate::world::{self, World};

/// Rows of the upload: six chunks.
const ROWS: usize = 3_000;
/// Members, so that each has 75 visits, one a day.
const MEMBERS: usize = 40;

/// Half-hour visits, two units each, that fit all limits: one a day for each member, ten a day for
/// each peer. Every fifth is at a school, which this payer does not take; every eleventh ends
/// before it starts.
fn rows(w: &World) -> Vec<Value> {
    let today = Utc::now().with_hour(0).unwrap().with_minute(0).unwrap();
    (0..ROWS)
        .map(|n| {
            let (member, day) = (n % MEMBERS, n / MEMBERS);
            let days = i64::try_from(day + 2).unwrap();
            let slot = i64::try_from(member / 4).unwrap();
            let start = today - TimeDelta::days(days) + TimeDelta::minutes(14 * 60 + 30 * slot);
            let start = start.format("%Y-%m-%dT%H:%M").to_string();
            let minutes = if refused(n) { -30 } else { 30 };
            let peer = &w.peers[member % 4];
            let mut body =
                world::visit_of(&format!("K-{n}"), peer, &w.members[member], &start, minutes);
            body["setting"] = json!(if held(n) { "school" } else { "office" });
            body
        })
        .collect()
}

fn held(n: usize) -> bool {
    n % 5 == 4
}

fn refused(n: usize) -> bool {
    n % 11 == 10
}

async fn case(app: TestApp) {
    // The program goes by the real clock, so everything is valid around today.
    let w = world::mesa_voices_in(&app, MEMBERS, (&day(-200), &day(200))).await;
    let text = rows(&w).iter().fold(String::new(), |out, row| out + &row.to_string() + "\n");

    // Killed while the upload arrives: nothing was answered, so nothing need be there.
    let program = Program::start(&app.database);
    let half = text.as_bytes()[..text.len() / 2].to_vec();
    let (told, sent) = tokio::sync::oneshot::channel::<()>();
    let pieces =
        futures_util::stream::unfold((Some(half), Some(told)), |(half, told)| async move {
            if let Some(half) = half {
                return Some((Ok::<_, std::io::Error>(half), (None, told)));
            }
            drop(told);
            std::future::pending().await
        });
    let address = program.address.clone();
    let key = w.submitter.clone();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let sending = tokio::spawn(async move {
        let request = client.post(format!("http://{address}/v1/encounters/bulk")).bearer_auth(key);
        let request = request.header("content-type", "application/x-ndjson");
        request.body(reqwest::Body::wrap_stream(pieces)).send().await
    });
    assert!(sent.await.is_err(), "the first half was handed over");
    program.kill();
    assert!(sending.await.unwrap().is_err(), "no answer came");
    assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 0);

    // Killed when the first answers have arrived.
    let program = Program::start(&app.database);
    let mut response = program.upload(&w.submitter, text.clone()).await;
    let mut seen = response.chunk().await.unwrap().unwrap().to_vec();
    program.kill();
    // What was on its way may still arrive; the connection then breaks.
    while let Ok(Some(more)) = response.chunk().await {
        seen.extend_from_slice(&more);
    }
    let whole = seen.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let first: Vec<Value> = std::str::from_utf8(&seen[..whole])
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();

    let program = Program::start(&app.database);
    let second = program.upload(&w.submitter, text).await.text().await.unwrap();
    let second: Vec<Value> =
        second.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    program.kill();
    assert_eq!(second.len(), ROWS);
    for (before, after) in first.iter().zip(&second) {
        let answered = before["status"] == 201;
        assert_eq!(after["status"], if answered { json!(200) } else { json!(422) }, "{after}");
        assert_eq!(before["encounter"], after["encounter"], "what was answered stands");
    }
    exact(&app, &second);
}

/// Each row exactly once, and the ledger the sum of the lines.
fn exact(app: &TestApp, answers: &[Value]) {
    for (n, row) in answers.iter().enumerate() {
        assert_eq!(row["row"], n + 1);
        if refused(n) {
            assert_eq!(row["status"], 422, "{row}");
            continue;
        }
        assert_eq!(row["encounter"]["reference"], format!("K-{n}"), "{row}");
        let wanted = if held(n) { "held" } else { "ready" };
        assert_eq!(row["encounter"]["disposition"], wanted, "{row}");
    }
    let count = |wanted: fn(usize) -> bool| {
        i64::try_from((0..ROWS).filter(|n| wanted(*n)).count()).unwrap()
    };
    let kept = count(|n| !refused(n));
    let ready = count(|n| !refused(n) && !held(n));
    let number = |sql: &str| app.database.number(sql);
    assert_eq!(number("SELECT COUNT(*) FROM encounters"), kept);
    assert_eq!(number("SELECT COUNT(DISTINCT reference) FROM encounters"), kept);
    assert_eq!(number("SELECT COUNT(*) FROM decisions"), kept);
    assert_eq!(number("SELECT COUNT(*) FROM encounters WHERE status = 'ready'"), ready);
    let lines = "SELECT CAST(SUM(units) AS BIGINT) FROM decision_lines WHERE status = 'ready'";
    assert_eq!(number(lines), 2 * ready);
    assert_eq!(number("SELECT CAST(SUM(reserved) AS BIGINT) FROM unit_entries"), 2 * ready);
    assert_eq!(number("SELECT CAST(SUM(consumed) AS BIGINT) FROM unit_entries"), 0);
    let without = "SELECT COUNT(*) FROM decision_lines l WHERE l.status = 'ready' AND \
                   (SELECT SUM(u.reserved) FROM unit_entries u WHERE u.line_id = l.id) <> l.units";
    assert_eq!(number(without), 0);
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
