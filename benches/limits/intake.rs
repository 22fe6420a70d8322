//! Bulk intake with all rules against the bare insert of the same rows: the same driver, the same
//! statements, the same number of rows in a transaction.

use std::time::{Duration, Instant};

use peerclaims::flow::intake::CHUNK_ROWS;
use peerclaims::store::{Db, Scope, StoreError, bare};

use crate::Asked;
use crate::send::{context, tenant, year};
use crate::show::{grouped, percent, rate, seconds};
use crate::world::World;

pub fn measure(asked: &Asked) {
    println!("| database | encounters | all rules | a second | bare insert | a second | of the bare |");
    println!("|---|---|---|---|---|---|---|");
    for backend in &asked.on {
        for encounters in &asked.encounters {
            let world = World::new(*backend, *encounters, asked.organizations);
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let (with_rules, bare) = runtime.block_on(both(&world));
            let (fast, faster) = (rate(*encounters, with_rules), rate(*encounters, bare));
            println!(
                "| {} | {} | {} | {} | {} | {} | {} % |",
                backend.name(),
                grouped(*encounters),
                seconds(with_rules),
                grouped(fast),
                seconds(bare),
                grouped(faster),
                percent(fast, faster),
            );
        }
    }
}

async fn both(world: &World) -> (Duration, Duration) {
    let (full, empty) = (world.copy("full"), world.copy("bare"));
    let ctx = context(&full.url);
    let begun = Instant::now();
    let recorded = year(&ctx, world.year, &world.organizations()).await;
    let with_rules = begun.elapsed();
    assert_eq!(recorded, world.encounters);
    let target = Db::open(&empty.url, 2).unwrap();
    let mut bare = Duration::ZERO;
    for folder in world.organizations() {
        let tenant = tenant(&ctx, &folder).await;
        let mut last = None;
        loop {
            // Read outside of the measure; only the insert and its commit count.
            let page = ctx
                .db
                .read(Scope::Tenant(tenant), move |conn| {
                    bare::read(conn, tenant, last, CHUNK_ROWS)
                })
                .await
                .unwrap();
            let Some(end) = page.last() else { break };
            last = Some(end);
            let begun = Instant::now();
            let write = move |conn: &mut _| -> Result<(), StoreError> { bare::insert(conn, &page) };
            target.write(Scope::Tenant(tenant), write).await.unwrap();
            bare += begun.elapsed();
        }
    }
    (with_rules, bare)
}
