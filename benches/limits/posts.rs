//! Single posts over HTTP by 16 clients at once: how long each waits for its answer, beside the bare
//! insert of such a visit's rows with a commit of its own by one client.
//!
//! Clients that never pause find out how many posts a second there can be; how long each then waits is
//! the clients divided by that. Clients that post ten times a second each, far more than people do, find
//! out how long an answer takes. There a wait begins when the post was due, so that an answer that is
//! late also counts for the posts behind it. The processor time is that of the whole process, with the clients.
//!
//! The limit is of the time inside the service; what the client waits, on the same two processors, stands beside.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use peerclaims::store::{Db, Scope, StoreError, bare};
use peerclaims::synth::Form;

use crate::Asked;
use crate::inside;
use crate::send::{file_of, months};
use crate::server::{Server, context, tenant};
use crate::show::{grouped, millis, percentile, processor, rate};
use crate::world::World;

/// Clients at once.
const CLIENTS: usize = 16;
/// Time between two posts of a client that pauses.
const PACE: Duration = Duration::from_millis(100);
/// Encounters of the year; its first months are there already, visits of the next are posted.
const YEAR: u64 = 60_000;
const BEFORE: u32 = 2;

pub fn measure(asked: &Asked) {
    println!(
        "| database | posts | clients | each | a second | inside, median | p99 | limit | client, median \
         | p99 | slowest | processor, of each | bare commit, median | p99 |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    for backend in &asked.on {
        let world = World::with_form(*backend, YEAR, Form::NdJson);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        for (clients, pace) in [(1, None), (CLIENTS, None), (CLIENTS, Some(PACE))] {
            let way = (clients, pace);
            let ([mut times, mut inside, mut bare], (all, busy)) =
                runtime.block_on(posts(&world, asked.posts, way));
            let count = u64::try_from(times.len()).unwrap();
            println!(
                "| {} | {} | {clients} | {} | {} | {} | {} | 10 ms | {} | {} | {} | {} | {} | {} |",
                backend.name(),
                grouped(count),
                pace.map_or("without a pause", |_| "ten a second"),
                grouped(rate(count, all)),
                millis(percentile(&mut inside, 50)),
                millis(percentile(&mut inside, 99)),
                millis(percentile(&mut times, 50)),
                millis(percentile(&mut times, 99)),
                millis(percentile(&mut times, 100)),
                millis(busy / u32::try_from(count).unwrap()),
                millis(percentile(&mut bare, 50)),
                millis(percentile(&mut bare, 99)),
            );
        }
    }
}

/// What clients waited, what it took inside the service, and bare commits; the time and the processor time of all.
async fn posts(
    world: &World,
    most: usize,
    (clients, pace): (usize, Option<Duration>),
) -> ([Vec<Duration>; 3], (Duration, Duration)) {
    let full = world.copy(&format!("full{clients}{}", if pace.is_some() { "paced" } else { "" }));
    let folders = world.organizations();
    months(&full.url, world.year, &folders, BEFORE).await;
    let text = std::fs::read_to_string(file_of(&folders[0], world.year, BEFORE + 1)).unwrap();
    let bodies: VecDeque<String> = text.lines().take(most).map(str::to_owned).collect();
    let server = Server::start(&full.url, world.year, BEFORE + 1, &folders[0]).await;
    let bodies = Arc::new(Mutex::new(bodies));
    inside::listen();
    let (begun, before) = (Instant::now(), processor());
    let count = u32::try_from(clients).unwrap();
    let clients: Vec<_> = (0..count)
        .map(|number| {
            // They do not all come at the same moment.
            let due = pace.map(|pace| (begun + pace * number / count, pace));
            let (url, key) = (server.url.clone(), server.key.clone());
            tokio::spawn(client(url, key, Arc::clone(&bodies), due))
        })
        .collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await.unwrap());
    }
    let all = (begun.elapsed(), processor().saturating_sub(before));
    let inside = inside::take();
    assert_eq!(inside.len(), times.len());
    server.stop().await;
    let bare = one_by_one(world, &full.url, &folders[0], times.len()).await;
    ([times, inside, bare], all)
}

/// Posts until there is nothing left; `due`: when first, and how long after that again.
async fn client(
    url: String,
    key: String,
    bodies: Arc<Mutex<VecDeque<String>>>,
    mut due: Option<(Instant, Duration)>,
) -> Vec<Duration> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut times = Vec::new();
    loop {
        let Some(body) = bodies.lock().unwrap().pop_front() else { return times };
        let request = client.post(format!("{url}/v1/encounters")).bearer_auth(&key);
        let request = request.header("Content-Type", "application/json").body(body);
        let mut begun = Instant::now();
        if let Some((next, pace)) = &mut due {
            tokio::time::sleep_until((*next).into()).await;
            begun = *next;
            *next += *pace;
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        times.push(begun.elapsed());
        assert_eq!(status, 201, "{text}");
    }
}

/// The rows of the last visits once more, a visit a commit, in a database without visits.
async fn one_by_one(world: &World, full: &str, folder: &Path, count: usize) -> Vec<Duration> {
    let empty = world.copy("bare");
    let ctx = context(full, world.year, BEFORE + 1);
    let target = Db::open(&empty.url, 2).unwrap();
    let tenant = tenant(&ctx, folder).await;
    let (mut times, mut last) = (Vec::new(), None);
    while times.len() < count {
        let read = move |conn: &mut _| bare::read(conn, tenant, last, 1);
        let page = ctx.db.read(Scope::Tenant(tenant), read).await.unwrap();
        let Some(end) = page.last() else { break };
        last = Some(end);
        let write = move |conn: &mut _| -> Result<(), StoreError> { bare::insert(conn, &page) };
        let begun = Instant::now();
        target.write(Scope::Tenant(tenant), write).await.unwrap();
        times.push(begun.elapsed());
    }
    times
}
