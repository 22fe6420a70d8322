//! What a preview costs that also asks what else would work (`?alternatives=true`), beside the plain
//! preview of the same visit in the same run. The ratio is what counts: where all of a visit can be
//! billed nothing is tried, and where it is too long for its day's limit nearly everything is.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use peerclaims::synth::Form;
use serde_json::{Value, json};

use crate::Asked;
use crate::send::{file_of, months};
use crate::server::{Server, sent_on};
use crate::show::{grouped, millis, percentile};
use crate::world::World;

/// Encounters of the year of which half is recorded.
const YEAR: u64 = 20_000;
const RECORDED: u32 = 6;
/// Visits of each kind that are asked about, each both ways; the first ones only make the process warm.
const ASKED: usize = 500;
const WARM: usize = 50;
/// Days ahead for which a visit is planned.
const AHEAD: i64 = 10;
/// Minutes of a visit that fits a day, and of one that is too long for every day.
const SHORT: i64 = 60;
const LONG: i64 = 600;

/// Visits of one kind, asked about both ways.
struct Kind {
    name: &'static str,
    minutes: i64,
}

const KINDS: [Kind; 2] = [
    Kind { name: "fits", minutes: SHORT },
    Kind { name: "is too long for any day", minutes: LONG },
];

pub fn measure(asked: &Asked) {
    println!(
        "| database | a planned visit that | previews | median | p99 | with what else would work, \
         median | p99 | times the plain one | proposals of a visit |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for backend in &asked.on {
        let world = World::with_form(*backend, YEAR, Form::NdJson);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        for mut row in runtime.block_on(rows(&world)) {
            let (plain, both) = (percentile(&mut row.plain, 50), percentile(&mut row.both, 50));
            println!(
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                backend.name(),
                row.name,
                grouped(u64::try_from(row.plain.len()).unwrap()),
                millis(plain),
                millis(percentile(&mut row.plain, 99)),
                millis(both),
                millis(percentile(&mut row.both, 99)),
                tenths(both, plain),
                row.proposed / row.plain.len().max(1),
            );
        }
    }
}

/// How many times one time is another, with one decimal.
fn tenths(time: Duration, of: Duration) -> String {
    let tenths = time.as_nanos() * 10 / of.as_nanos().max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

struct Row {
    name: &'static str,
    plain: Vec<Duration>,
    both: Vec<Duration>,
    proposed: usize,
}

async fn rows(world: &World) -> Vec<Row> {
    let copy = world.copy("alternatives");
    let folders = world.organizations();
    months(&copy.url, world.year, &folders, RECORDED).await;
    let server = Server::start(&copy.url, world.year, RECORDED + 1, &folders[0]).await;
    let text = std::fs::read_to_string(file_of(&folders[0], world.year, RECORDED + 1)).unwrap();
    let now = sent_on(world.year, RECORDED + 1);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    // One member at a time: a group would be held for its session.
    let alone = text.lines().filter(|line| !line.contains("\"group\":{"));
    let mut rows = Vec::new();
    for kind in KINDS {
        let mut row = Row { name: kind.name, plain: vec![], both: vec![], proposed: 0 };
        for (nth, line) in alone.clone().cycle().take(WARM + ASKED).enumerate() {
            let mut body: Value = serde_json::from_str(line).unwrap();
            let start = now.plus(TimeDelta::days(AHEAD));
            body["started_at"] = json!(start.to_string());
            body["ended_at"] = json!(start.plus(TimeDelta::minutes(kind.minutes)).to_string());
            let fields = body.as_object_mut().unwrap();
            for of_then in ["note", "authorization"] {
                fields.remove(of_then);
            }
            let body = body.to_string();
            for (query, times) in [("", &mut row.plain), ("?alternatives=true", &mut row.both)] {
                let path = format!("{}/v1/decisions/preview{query}", server.url);
                let request = client.post(path).bearer_auth(&server.key);
                let request = request.header("Content-Type", "application/json");
                let begun = Instant::now();
                let answer = request.body(body.clone()).send().await.unwrap();
                let (status, text) = (answer.status(), answer.text().await.unwrap());
                let time = begun.elapsed();
                assert_eq!(status, 200, "{text}");
                if nth >= WARM {
                    times.push(time);
                    let told: Value = serde_json::from_str(&text).unwrap();
                    row.proposed += told["alternatives"].as_array().map_or(0, Vec::len);
                }
            }
        }
        rows.push(row);
    }
    server.stop().await;
    rows
}
