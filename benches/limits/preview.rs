//! Preview with a full ledger: how long the rules take to say what they would say when the accounts
//! have millions of entries, beside the bare read of one account's entries.

use std::time::{Duration, Instant};

use peerclaims::flow::encounters::preview;
use peerclaims::flow::intake::Reading;
use peerclaims::http::bulk_rows::{Form as Upload, Rows};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use peerclaims::domain::ids::OrganizationId;
use peerclaims::store::{Conn, Scope, StoreError};
use peerclaims::synth::Form;

use crate::Asked;
use crate::send::{context, sent_on, tenant};
use crate::show::{grouped, millis, percentile};
use crate::world::World;

/// Visits that are asked about.
const ASKED: usize = 2_000;

pub fn measure(asked: &Asked) {
    println!("| database | entries in the ledger | median | p99 | bare read, median | p99 |");
    println!("|---|---|---|---|---|---|");
    for backend in &asked.on {
        let world = World::with_form(*backend, 20_000, 1, Form::NdJson);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (entries, mut times, mut bare) = runtime.block_on(previews(&world, asked.entries));
        println!(
            "| {} | {} | {} | {} | {} | {} |",
            backend.name(),
            grouped(entries),
            millis(percentile(&mut times, 50)),
            millis(percentile(&mut times, 99)),
            millis(percentile(&mut bare, 50)),
            millis(percentile(&mut bare, 99)),
        );
    }
}

async fn previews(world: &World, wanted: u64) -> (u64, Vec<Duration>, Vec<Duration>) {
    let full = world.copy("full");
    let ctx = context(&full.url);
    let folder = world.organizations().into_iter().next().unwrap();
    let tenant = tenant(&ctx, &folder).await;
    // The accounts are made by real visits; then each gets as many entries again and again.
    crate::send::months(&ctx, world.year, &world.organizations(), 1..=6).await;
    let fill = move |conn: &mut Conn| fill(conn, tenant, wanted);
    let entries = ctx.db.write(Scope::Tenant(tenant), fill).await.unwrap();
    ctx.clock.set(sent_on(world.year, 12));
    let (mut times, mut alone) = (Vec::new(), Vec::new());
    for month in 10..=12 {
        let file = folder.join(format!("{}-{month:02}.ndjson", world.year.number()));
        let source = std::io::BufReader::new(std::fs::File::open(file).unwrap());
        let reading = Reading { local: None, not_after: Some(ctx.now()) };
        let mut rows = Rows::begin(source, Upload::NdJson, reading).unwrap();
        while let Some(row) = rows.next_row().unwrap() {
            if times.len() == ASKED {
                break;
            }
            let begun = Instant::now();
            preview(&ctx, tenant, row.parsed.unwrap()).await.unwrap();
            times.push(begun.elapsed());
            let nth = times.len();
            let read = move |conn: &mut Conn| entries(conn, tenant, nth);
            let begun = Instant::now();
            ctx.db.read(Scope::Tenant(tenant), read).await.unwrap();
            alone.push(begun.elapsed());
        }
    }
    (entries, times, alone)
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn number(conn: &mut Conn, sql: &str) -> Result<i64, StoreError> {
    Ok(diesel::sql_query(sql).get_result::<Number>(conn)?.number)
}

/// Adds entries to the accounts until there are `wanted`: copies of what is there, under other ids
/// and with units that cancel out, so that limits have the room that they had.
fn fill(conn: &mut Conn, tenant: OrganizationId, wanted: u64) -> Result<u64, StoreError> {
    let of = format!("FROM unit_entries WHERE organization_id = {}", tenant.as_i64());
    let wanted = i64::try_from(wanted).unwrap_or(i64::MAX);
    loop {
        let there = number(conn, &format!("SELECT COUNT(*) AS number {of}"))?;
        if there >= wanted {
            return Ok(u64::try_from(there).unwrap_or_default());
        }
        let above = number(conn, &format!("SELECT MAX(id) - MIN(id) + 1 AS number {of}"))?;
        let copied = diesel::sql_query(format!(
            "INSERT INTO unit_entries (organization_id, id, account_id, kind, encounter_id, \
             line_id, service, service_date, authorization_id, granted, reserved, consumed, \
             recorded_at) SELECT organization_id, id + {above}, account_id, kind, encounter_id, \
             line_id, service, service_date, authorization_id, granted, -reserved, -consumed, \
             recorded_at {of} ORDER BY id LIMIT {}",
            wanted - there
        ))
        .execute(conn)?;
        assert!(copied > 0, "there is something to copy");
    }
}

/// The entries of one account, and nothing else.
fn entries(conn: &mut Conn, tenant: OrganizationId, nth: usize) -> Result<i64, StoreError> {
    let tenant = tenant.as_i64();
    number(
        conn,
        &format!(
            "SELECT CAST(COALESCE(SUM(reserved + consumed), 0) AS BIGINT) AS number \
             FROM unit_entries WHERE organization_id = {tenant} AND account_id = \
             (SELECT id FROM accounts WHERE organization_id = {tenant} ORDER BY id LIMIT 1 \
             OFFSET {nth})"
        ),
    )
}
