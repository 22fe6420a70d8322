//! From the start of the program to its first answer on a database with data, and its memory at rest.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Asked;
use crate::memory::status;
use crate::send::months;
use crate::show::{grouped, millis};
use crate::world::World;

/// How long it is left alone before its memory is read.
const REST: Duration = Duration::from_secs(3);
/// How long it may take to answer before the measure is given up.
const PATIENCE: Duration = Duration::from_secs(30);

pub fn measure(asked: &Asked) {
    println!(
        "| database | encounters in it | first answer | limit | memory after the work that waited \
         | at rest | limit |"
    );
    println!("|---|---|---|---|---|---|---|");
    for backend in &asked.on {
        let world = World::new(*backend, asked.encounters);
        let full = world.copy("full");
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(months(&full.url, world.year, &world.organizations(), 12));
        // The first start finds the work that a year of visits left; the second one is at rest.
        let (_, worked) = runtime.block_on(started(&full.url));
        let (answered, kilobytes) = runtime.block_on(started(&full.url));
        println!(
            "| {} | {} | {} | 300 ms | {} MB | {} MB | 60 MB |",
            backend.name(),
            grouped(asked.encounters),
            millis(answered),
            worked / 1024,
            kilobytes / 1024,
        );
    }
}

async fn started(url: &str) -> (Duration, u64) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let begun = Instant::now();
    let mut server = Command::new(env!("CARGO_BIN_EXE_peerclaims"))
        .arg("serve")
        .env("PEERCLAIMS__DATABASE__URL", url)
        .env("PEERCLAIMS__HTTP__LISTEN", address.to_string())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // What it logs is read, so that it never waits for a full pipe.
    let log = BufReader::new(server.stderr.take().unwrap());
    std::thread::spawn(move || log.lines().map_while(Result::ok).for_each(drop));
    let url = format!("http://{address}/readyz");
    let answered = loop {
        match client.get(&url).send().await {
            Ok(answer) if answer.status() == 200 => break begun.elapsed(),
            _ => tokio::time::sleep(Duration::from_millis(1)).await,
        }
        assert!(begun.elapsed() < PATIENCE, "it does not answer");
    };
    tokio::time::sleep(REST).await;
    let kilobytes = status(&server.id().to_string(), "VmRSS");
    server.kill().unwrap();
    server.wait().unwrap();
    (answered, kilobytes)
}
