//! Single posts over HTTP by 16 clients at once: how long each waits for its answer, beside the bare
//! insert of such a visit's rows with a commit of its own by one client.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use peerclaims::config::Settings;
use peerclaims::flow::Ctx;
use peerclaims::flow::access::{self, NewKey, Role};
use peerclaims::http;
use peerclaims::store::{Db, Scope, StoreError, bare};
use peerclaims::synth::Form;

use crate::Asked;
use crate::send::{context, sent_on, tenant};
use crate::show::{grouped, millis, percentile, rate};
use crate::world::World;

/// Clients at once.
const CLIENTS: usize = 16;
/// Visits that are posted: the first months of a year of twenty thousand.
const YEAR: u64 = 20_000;
const MONTHS: u32 = 3;

pub fn measure(asked: &Asked) {
    println!("| database | posts | a second | median | p99 | slowest | bare commit, median | p99 |");
    println!("|---|---|---|---|---|---|---|---|");
    for backend in &asked.on {
        let world = World::with_form(*backend, YEAR, 1, Form::NdJson);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (mut times, all, mut bare) = runtime.block_on(posts(&world));
        let count = u64::try_from(times.len()).unwrap();
        println!(
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            backend.name(),
            grouped(count),
            grouped(rate(count, all)),
            millis(percentile(&mut times, 50)),
            millis(percentile(&mut times, 99)),
            millis(percentile(&mut times, 100)),
            millis(percentile(&mut bare, 50)),
            millis(percentile(&mut bare, 99)),
        );
    }
}

async fn posts(world: &World) -> (Vec<Duration>, Duration, Vec<Duration>) {
    let (full, empty) = (world.copy("full"), world.copy("bare"));
    let ctx = context(&full.url);
    ctx.clock.set(sent_on(world.year, MONTHS));
    let folder = world.organizations().into_iter().next().unwrap();
    let bodies: VecDeque<String> = (1..=MONTHS)
        .flat_map(|month| {
            let file = folder.join(format!("{}-{month:02}.ndjson", world.year.number()));
            let text = std::fs::read_to_string(file).unwrap();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let key = submitter(&ctx, folder.file_name().unwrap().to_str().unwrap()).await;
    let own = [
        ("PEERCLAIMS__DATABASE__URL".to_owned(), full.url.clone()),
        ("PEERCLAIMS__HTTP__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("PEERCLAIMS__LOG__LEVEL".to_owned(), "error".to_owned()),
    ];
    let settings = Settings::from_parts(None, own).unwrap();
    let bound = http::bind(&settings, ctx.clone()).unwrap();
    let (address, handle) = (bound.address(), bound.handle());
    let server = tokio::spawn(bound.run());
    let bodies = Arc::new(Mutex::new(bodies));
    let begun = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (bodies, key) = (Arc::clone(&bodies), key.clone());
            let url = format!("http://{address}/v1/encounters");
            tokio::spawn(async move {
                let client = reqwest::Client::builder().no_proxy().build().unwrap();
                let mut times = Vec::new();
                loop {
                    let Some(body) = bodies.lock().unwrap().pop_front() else { return times };
                    let begun = Instant::now();
                    let request = client.post(&url).bearer_auth(&key).body(body);
                    let request = request.header("Content-Type", "application/json");
                    let answer = request.send().await.unwrap();
                    let status = answer.status();
                    let text = answer.text().await.unwrap();
                    times.push(begun.elapsed());
                    assert_eq!(status, 201, "{text}");
                }
            })
        })
        .collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await.unwrap());
    }
    let all = begun.elapsed();
    handle.stop(true).await;
    server.await.unwrap().unwrap();
    let bare = one_by_one(&ctx, &Db::open(&empty.url, 2).unwrap(), &folder).await;
    (times, all, bare)
}

async fn submitter(ctx: &Ctx, organization: &str) -> String {
    let new = NewKey {
        role: Role::Submitter,
        organization: Some(organization.to_owned()),
        payer: None,
        label: "bench".to_owned(),
        expires_at: None,
    };
    access::create_key(ctx, new).await.unwrap().1
}

/// The same rows, a visit a commit.
async fn one_by_one(ctx: &Ctx, target: &Db, folder: &std::path::Path) -> Vec<Duration> {
    let tenant = tenant(ctx, folder).await;
    let (mut times, mut last) = (Vec::new(), None);
    loop {
        let page = ctx
            .db
            .read(Scope::Tenant(tenant), move |conn| bare::read(conn, tenant, last, 1))
            .await
            .unwrap();
        let Some(end) = page.last() else { return times };
        last = Some(end);
        let write = move |conn: &mut _| -> Result<(), StoreError> { bare::insert(conn, &page) };
        let begun = Instant::now();
        target.write(Scope::Tenant(tenant), write).await.unwrap();
        times.push(begun.elapsed());
    }
}
