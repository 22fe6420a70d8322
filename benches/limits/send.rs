//! Sends a year's visits through the rules, month by month, each on the fifth of the next month.

use std::fs::File;
use std::io::BufReader;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use peerclaims::domain::dates::Instant;
use peerclaims::domain::ids::{BatchId, OrganizationId};
use peerclaims::error::{AppError, Code};
use peerclaims::flow::access::find_names;
use peerclaims::flow::intake::{self, CHUNK_ROWS, OnConflict, Reading};
use peerclaims::flow::{Clock, Ctx, batches, batching, encounters};
use peerclaims::http::bulk_rows::{Form, Rows};
use peerclaims::store::{self, Conn, Db, Scope};
use peerclaims::synth::Year;

/// A context on a database.
pub fn context(url: &str) -> Ctx {
    let start = Instant::parse("2026-02-05T17:00:00Z").unwrap();
    Ctx::new(Db::open(url, 4).unwrap(), Clock::starting_at(start), 1)
}

/// The organization of a folder of visits.
pub async fn tenant(ctx: &Ctx, folder: &Path) -> OrganizationId {
    let key = folder.file_name().unwrap().to_str().unwrap();
    find_names(ctx, Some(key), None).await.unwrap().0.unwrap()
}

/// Sends all months of all organizations; how many rows were recorded.
pub async fn year(ctx: &Ctx, year: Year, organizations: &[PathBuf]) -> u64 {
    months(ctx, year, organizations, 1..=12).await
}

/// Sends some months.
pub async fn months(
    ctx: &Ctx,
    year: Year,
    organizations: &[PathBuf],
    months: RangeInclusive<u32>,
) -> u64 {
    let mut recorded = 0;
    for month in months {
        ctx.clock.set(sent_on(year, month));
        for folder in organizations {
            let tenant = tenant(ctx, folder).await;
            let name = format!("{}-{month:02}", year.number());
            let csv = folder.join(format!("{name}.csv"));
            let file = if csv.exists() { csv } else { folder.join(format!("{name}.ndjson")) };
            recorded += send(ctx, tenant, &file).await;
        }
    }
    recorded
}

/// Builds and releases batches of what is ready of a month, on the fifth of the next one.
pub async fn bill(ctx: &Ctx, tenant: OrganizationId, year: Year, month: u32) -> Vec<BatchId> {
    ctx.clock.set(sent_on(year, month));
    let through = year.days_of(month).last().unwrap();
    let mut batches = Vec::new();
    loop {
        let work = ctx.clone();
        let build = move |conn: &mut Conn| {
            let payer = store::contracts::versions_of(conn, tenant)?.first().unwrap().payer;
            let batch = batching::build_in(&work, conn, tenant, payer, through)?;
            Ok::<_, AppError>(batch.id)
        };
        let id = match ctx.db.write(Scope::Tenant(tenant), build).await {
            Ok(id) => id,
            Err(error) if error.code == Code::NothingReady => return batches,
            Err(error) => panic!("{error:?}"),
        };
        let work = ctx.clone();
        let release = move |conn: &mut Conn| batches::release_in(&work, conn, tenant, id);
        ctx.db.write(Scope::Tenant(tenant), release).await.unwrap();
        batches.push(id);
    }
}

/// The moment at which a month's visits are sent.
pub fn sent_on(year: Year, month: u32) -> Instant {
    Instant::parse(&format!("{}T17:00:00Z", year.sent_on(month))).unwrap()
}

async fn send(ctx: &Ctx, tenant: OrganizationId, file: &Path) -> u64 {
    let csv = file.extension().is_some_and(|e| e == "csv");
    let form = if csv { Form::Csv } else { Form::NdJson };
    let zone = encounters::zone(ctx, tenant).await.unwrap();
    let local = csv.then_some(zone);
    let reading = Reading { local, not_after: Some(ctx.now()) };
    let source = BufReader::new(File::open(file).unwrap());
    let mut rows = Rows::begin(source, form, reading).unwrap();
    let mut recorded = 0;
    loop {
        let mut chunk = Vec::with_capacity(CHUNK_ROWS);
        while chunk.len() < CHUNK_ROWS {
            let Some(row) = rows.next_row().unwrap() else { break };
            chunk.push(row.parsed.unwrap());
        }
        if chunk.is_empty() {
            return recorded;
        }
        for result in intake::record(ctx, tenant, chunk, OnConflict::Refuse).await.unwrap() {
            assert!(result.unwrap().fresh);
            recorded += 1;
        }
    }
}
