//! Utilization over millions of lines, beside one plain pass over the same columns; what new lines cost;
//! and a table written row by row with the memory that it takes.
//!
//! A year's visits are recorded and released as they would be. Then what reports are made of is
//! multiplied: each packed day stands on more days, and each line stands as often in a bare table. So the
//! lines are as many as asked for, and nobody waits for an intake of ten million.

use std::time::{Duration, Instant};

use chrono::{Months, NaiveDate};
use peerclaims::domain::ids::OrganizationId;
use peerclaims::domain::report::day::Day;
use peerclaims::error::AppError;
use peerclaims::flow::{Ctx, reporting};
use peerclaims::reports::Dimension;
use peerclaims::reports::csv_out::Table;
use peerclaims::reports::frame::{Answer, Asked as Question, Basis, Lens, RUN_OUT_DAYS};
use peerclaims::reports::registry;
use peerclaims::reports::utilization::Perspective;
use peerclaims::store::{self, Conn, Scope, bare_lines};

use crate::Asked;
use crate::bill::bill;
use crate::send::months;
use crate::server::{context, tenant};
use crate::show::{grouped, millis, processor, seconds};
use crate::world::World;

/// Visits that are changed for the refresh.
const CHANGED: i64 = 1_000;
/// Rows of one part of the table that is written out.
const PART: i64 = 10_000;

#[derive(Default)]
struct Times {
    lines: u64,
    days: u64,
    report: Duration,
    busy: Duration,
    pass: Duration,
    refresh: Duration,
    marked: u64,
    export: Duration,
    bytes: u64,
}

pub fn measure(asked: &Asked) {
    println!(
        "| database | lines | days | by month, organization, service | processor | plain pass | limit \
         | refresh of {CHANGED} | days read | export | bytes |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for backend in &asked.on {
        let world = World::new(*backend, asked.claims);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let times = runtime.block_on(of(&world, asked.lines));
        println!(
            "| {} | {} | {} | {} | {} | {} | 1 s | {} | {} | {} | {} |",
            backend.name(),
            grouped(times.lines),
            grouped(times.days),
            millis(times.report),
            millis(times.busy),
            millis(times.pass),
            millis(times.refresh),
            times.marked,
            seconds(times.export),
            grouped(times.bytes),
        );
    }
}

async fn of(world: &World, lines: u64) -> Times {
    let full = world.copy("reports");
    let folders = world.organizations();
    months(&full.url, world.year, &folders, 12).await;
    let ctx = context(&full.url, world.year, 12);
    let tenant = tenant(&ctx, &folders[0]).await;
    for month in 1..=12 {
        let ctx = context(&full.url, world.year, month);
        bill(&ctx, tenant, world.year, month).await;
    }
    reporting::settle(&ctx).await.unwrap();
    let mut times = Times::default();
    let (from, to) = multiply(&ctx, tenant, lines, &mut times).await;
    report(&ctx, tenant, (from, to), &mut times).await;
    refresh(&ctx, tenant, &mut times).await;
    export(&ctx, &mut times).await;
    times
}

/// Puts each packed day on the same day of years before, and each line into the bare table, until there
/// are as many lines as wanted. Gives the first and last day.
async fn multiply(
    ctx: &Ctx,
    tenant: OrganizationId,
    lines: u64,
    times: &mut Times,
) -> (NaiveDate, NaiveDate) {
    let work = move |conn: &mut Conn| {
        bare_lines::make(conn)?;
        let day = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        let ends = (day(2000), day(2100));
        let mut days: Vec<(NaiveDate, Day)> = Vec::new();
        store::report_days::each(conn, Some(tenant), ends, |_, date, day| {
            days.push((date, day.clone()));
        })?;
        let (mut first, last) = (days[0].0, days[days.len() - 1].0);
        let own = bare_lines::fill(conn, tenant)?;
        let copies = u32::try_from(lines.div_ceil(own.max(1))).unwrap().max(1);
        for copy in 1..copies {
            for (date, day) in &days {
                let date = date.checked_sub_months(Months::new(12 * copy)).unwrap();
                first = first.min(date);
                store::report_days::put(conn, tenant, date, day)?;
            }
            bare_lines::again(conn, copy)?;
        }
        let count = u64::from(copies) * u64::try_from(days.len()).unwrap();
        Ok::<_, AppError>((own * u64::from(copies), count, first, last))
    };
    let (lines, days, first, last) = ctx.db.write(Scope::Tenant(tenant), work).await.unwrap();
    (times.lines, times.days) = (lines, days);
    (first, last)
}

async fn report(
    ctx: &Ctx,
    tenant: OrganizationId,
    (from, to): (NaiveDate, NaiveDate),
    times: &mut Times,
) {
    // A report is of ten years at most: longer spans are the sum of several.
    let (begun, before) = (Instant::now(), processor());
    let mut start = from;
    while start <= to {
        let end = start.checked_add_months(Months::new(12 * 9)).unwrap().min(to);
        let report = utilization(ctx, Some(tenant), (start, end)).await;
        assert!(!report.table.rows.is_empty());
        start = end.succ_opt().unwrap();
    }
    (times.report, times.busy) = (begun.elapsed(), processor().saturating_sub(before));
    let begun = Instant::now();
    let pass = |conn: &mut Conn| bare_lines::pass(conn);
    let groups = ctx.db.read(Scope::Service, pass).await.unwrap();
    assert!(groups > 0);
    times.pass = begun.elapsed();
}

/// Utilization of a period as the API makes it, by month, organization and service.
pub async fn utilization(
    ctx: &Ctx,
    organization: Option<OrganizationId>,
    (from, to): (NaiveDate, NaiveDate),
) -> Answer {
    let definition = registry::find("utilization", Perspective::Organization).unwrap();
    let question = Question {
        lens: Lens { edition: Perspective::Organization, organization, payer: None },
        from,
        to,
        basis: Basis::Service,
        as_of: None,
        since: None,
        run_out_days: RUN_OUT_DAYS,
        convention: None,
        group_by: vec![Dimension::Month, Dimension::Organization, Dimension::Service],
    };
    let scope = organization.map_or(Scope::Service, Scope::Tenant);
    let make = move |conn: &mut Conn| registry::build(conn, definition, question);
    ctx.db.read(scope, make).await.unwrap()
}

/// Marks the days of some visits, as writing them would, and reads them again.
async fn refresh(ctx: &Ctx, tenant: OrganizationId, times: &mut Times) {
    let mark = move |conn: &mut Conn| {
        let days = bare_lines::days_of(conn, tenant, CHANGED)?;
        for day in &days {
            store::report_facts::mark(conn, tenant, *day)?;
        }
        Ok::<_, AppError>(days.len())
    };
    times.marked = ctx.db.write(Scope::Tenant(tenant), mark).await.unwrap().try_into().unwrap();
    let begun = Instant::now();
    reporting::settle(ctx).await.unwrap();
    times.refresh = begun.elapsed();
}

async fn export(ctx: &Ctx, times: &mut Times) {
    let begun = Instant::now();
    times.bytes = bare_export(ctx).await.1;
    times.export = begun.elapsed();
}

/// All lines of the bare table as CSV, part by part, none of them kept: how many, and in how many bytes.
pub async fn bare_export(ctx: &Ctx) -> (u64, u64) {
    let (mut after, mut count, mut bytes) = (0, 0, 0);
    loop {
        let read = move |conn: &mut Conn| bare_lines::page(conn, after, PART);
        let rows = ctx.db.read(Scope::Service, read).await.unwrap();
        let Some(last) = rows.last() else { return (count, bytes) };
        after = last.0;
        let mut table = Table::continued();
        for (_, fields) in &rows {
            table.row(fields.iter().map(String::as_str)).unwrap();
        }
        count += u64::try_from(rows.len()).unwrap();
        bytes += u64::try_from(table.finish().unwrap().len()).unwrap();
    }
}
