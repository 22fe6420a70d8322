//! `kill -9` while single visits are recorded together: whatever was answered stands, whatever was not
//! is there or not, and sent again everything is there once.
//!
//! The points are random in time and the same numbers in every run; whatever a kill hits, the end is
//! the same, so nothing here depends on luck. `PEERCLAIMS_KILL_POINTS` says how many there are (6; 30 at most).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::posts::recounted;
use crate::program::{self, Program};
use crate::world::{self, Dice};

const POINTS: usize = 6;
/// Most of them: visits of more days would be past the filing deadline and draw nothing.
const MOST: usize = 30;
const MEMBERS: usize = 40;
/// Visits of a round.
const ROWS: usize = 120;
/// Clients at once.
const CLIENTS: usize = 12;

type Told = BTreeMap<String, Value>;

/// One client sends its share one after another, until the service is gone. Every second visit has an
/// Idempotency-Key.
async fn client(address: String, key: String, rows: Vec<Value>) -> Told {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut told = Told::new();
    for (n, row) in rows.into_iter().enumerate() {
        let request = client.post(format!("http://{address}/v1/encounters")).bearer_auth(&key);
        let reference = row["reference"].as_str().unwrap().to_owned();
        let request =
            if n % 2 == 0 { request } else { request.header("idempotency-key", &reference) };
        let Ok(answer) = request.json(&row).send().await else { return told };
        let status = answer.status();
        let Ok(text) = answer.text().await else { return told };
        assert!(status == 201 || status == 200, "{text}");
        let body: Value = serde_json::from_str(&text).unwrap();
        told.insert(reference, json!([body["id"], body["disposition"], body["lines"]]));
    }
    told
}

/// All clients at once.
async fn send(address: &str, key: &str, rows: &[Value]) -> Told {
    let shares = rows.chunks(ROWS / CLIENTS).map(<[Value]>::to_vec);
    let clients = shares.map(|share| client(address.to_owned(), key.to_owned(), share));
    join_all(clients).await.into_iter().flatten().collect()
}

async fn case(app: TestApp, seed: u64) {
    let points = std::env::var("PEERCLAIMS_KILL_POINTS").ok();
    let points: usize = points.map_or(POINTS, |text| text.parse().expect("a number of kills"));
    let points = points.min(MOST);
    let days = (program::day(-300), program::day(200));
    let w = world::mesa_voices_in(&app, MEMBERS, (&days.0, &days.1)).await;
    let all = program::visits(&w, "G", (points + 1) * ROWS, 15);
    let mut program = Program::start(&app.database);
    let (mut dice, mut time, mut cut) = (Dice::new(seed), Duration::ZERO, 0);
    for (round, rows) in all.chunks(ROWS).enumerate() {
        let begun = Instant::now();
        let (address, key, own) = (program.address.clone(), w.submitter.clone(), rows.to_vec());
        let sending = tokio::spawn(async move { send(&address, &key, &own).await });
        if round > 0 {
            let most = usize::try_from(time.as_micros()).unwrap();
            let wait = u64::try_from(dice.roll(most)).unwrap();
            tokio::time::sleep(Duration::from_micros(wait)).await;
            program.kill();
            program = Program::start(&app.database);
        }
        let first = sending.await.unwrap();
        if round == 0 {
            time = begun.elapsed();
        }
        cut += usize::from(first.len() < rows.len());
        let second = send(&program.address, &w.submitter, rows).await;
        assert_eq!(second.len(), rows.len());
        for (reference, told) in &first {
            assert_eq!(&second[reference], told, "what was answered stands");
        }
        let count = |sql: &str| usize::try_from(app.database.number(sql)).unwrap();
        let sent = (round + 1) * ROWS;
        for of in ["encounters", "decisions", "decision_lines", "unit_entries"] {
            assert_eq!(count(&format!("SELECT COUNT(*) FROM {of}")), sent, "{of}");
        }
        let trail = "FROM audit_entries WHERE action = 'encounter.record'";
        assert_eq!(count(&format!("SELECT COUNT(*) {trail}")), sent);
        assert_eq!(count(&format!("SELECT COUNT(DISTINCT subject) {trail}")), sent);
        recounted(&app);
    }
    let line = format!("Posts: {points} kills, {cut} of them before all was answered\n");
    // Not eprintln: the test harness keeps that back when a test passes.
    std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    case(TestApp::sqlite().await, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    if let Some(app) = TestApp::postgres().await {
        case(app, 6).await;
    }
}
