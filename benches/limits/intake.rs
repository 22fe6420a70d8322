//! Bulk intake over HTTP with all rules against the bare insert of the same rows: the same driver,
//! the same statements, the same number of rows in a transaction.

use std::time::{Duration, Instant};

use peerclaims::flow::intake::CHUNK_ROWS;
use peerclaims::store::{Db, Scope, StoreError, bare};

use crate::Asked;
use crate::send::{Sent, months};
use crate::server::{context, tenant};
use crate::show::{grouped, percent, processor, rate, seconds};
use crate::world::World;

pub fn measure(asked: &Asked) {
    println!(
        "| database | encounters | rows in the database | all rules over HTTP | encounters a second \
         | processor | bare insert | encounters a second | processor | of the bare insert | limit |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for backend in &asked.on {
        let world = World::new(*backend, asked.encounters);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (sent, (bare, busy), rows) = runtime.block_on(both(&world));
        let (fast, faster) = (rate(sent.rows, sent.time), rate(sent.rows, bare));
        println!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} % | 25 % |",
            backend.name(),
            grouped(sent.rows),
            grouped(rows),
            seconds(sent.time),
            grouped(fast),
            seconds(sent.busy),
            seconds(bare),
            grouped(faster),
            seconds(busy),
            percent(fast, faster),
        );
    }
}

async fn both(world: &World) -> (Sent, (Duration, Duration), u64) {
    let (full, empty) = (world.copy("full"), world.copy("bare"));
    let sent = months(&full.url, world.year, &world.organizations(), 12).await;
    assert_eq!(sent.rows, world.encounters);
    let ctx = context(&full.url, world.year, 12);
    let mut target = Db::open(&empty.url, 2).unwrap();
    // Connections are made anew as often as those of the service, which is started for each month:
    // PostgreSQL keeps plans for a connection, and those of its first minutes are of empty tables.
    let chunks_of_month = world.encounters / 12 / u64::try_from(CHUNK_ROWS).unwrap() + 1;
    let (mut time, mut busy, mut rows) = (Duration::ZERO, Duration::ZERO, 0);
    for folder in world.organizations() {
        let tenant = tenant(&ctx, &folder).await;
        let mut last = None;
        for chunk in 1.. {
            if chunk % chunks_of_month == 0 {
                target = Db::open(&empty.url, 2).unwrap();
            }
            // Read outside of the measure; only the insert and its commit count.
            let read = move |conn: &mut _| bare::read(conn, tenant, last, CHUNK_ROWS);
            let page = ctx.db.read(Scope::Tenant(tenant), read).await.unwrap();
            let Some(end) = page.last() else { break };
            (last, rows) = (Some(end), rows + page.rows());
            let write = move |conn: &mut _| -> Result<(), StoreError> { bare::insert(conn, &page) };
            let (begun, before) = (Instant::now(), processor());
            target.write(Scope::Tenant(tenant), write).await.unwrap();
            time += begun.elapsed();
            busy += processor().saturating_sub(before);
        }
        let all = ctx.db.read(Scope::Tenant(tenant), move |conn| bare::count(conn, tenant)).await;
        let copied = move |conn: &mut _| bare::count(conn, tenant);
        let copied = target.read(Scope::Tenant(tenant), copied).await.unwrap();
        assert_eq!(all.unwrap(), copied, "the bare insert wrote what the intake wrote");
    }
    (sent, (time, busy), rows)
}
