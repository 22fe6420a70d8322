//! The lines behind utilization, written row by row by a process of its own: rows a second, and the peak of its
//! memory, which must not grow with the rows. Beside it the bare limit: as many rows of four plain columns read
//! page by page and written as text.
//!
//! A year's visits are recorded and released as they would be; then their claims are copied, with other numbers,
//! until there are as many lines as asked for.

use std::io::{self, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use peerclaims::error::AppError;
use peerclaims::flow::reporting;
use peerclaims::reports::formats::Format;
use peerclaims::reports::frame::{Asked as Question, Basis, Lens, RUN_OUT_DAYS};
use peerclaims::reports::lines;
use peerclaims::reports::utilization::Perspective;
use peerclaims::store::{Conn, Scope, bare_lines};
use peerclaims::synth::Year;

use crate::Asked;
use crate::bill::bill;
use crate::memory::{CHILD, status};
use crate::reports::bare_export;
use crate::send::months;
use crate::server::{context, tenant};
use crate::show::{grouped, rate, seconds};
use crate::world::{World, YEAR};

pub fn measure(asked: &Asked) {
    println!(
        "| database | lines | form | time | lines a second | peak memory | of it before the first line \
         | bytes | bare rows a second | of the bare limit |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for backend in &asked.on {
        let world = World::new(*backend, asked.claims);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let full = world.copy("export");
        runtime.block_on(fill(&world, &full.url));
        for lines in [asked.lines / 10, asked.lines] {
            let (there, bare) = runtime.block_on(grow(&world, &full.url, lines));
            for form in ["csv", "json", "parquet"] {
                let mut command = Command::new(std::env::current_exe().unwrap());
                let output = command.args([CHILD, "lines", &full.url, form]).output().unwrap();
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{form}: {said}");
                let text = String::from_utf8(output.stdout).unwrap();
                let told: Vec<u64> = text.split_whitespace().map(|n| n.parse().unwrap()).collect();
                let (rows, bytes, micros, before, peak) =
                    (told[0], told[1], told[2], told[3], told[4]);
                assert!(rows >= there, "{rows} of {there}");
                let time = Duration::from_micros(micros);
                println!(
                    "| {} | {} | {form} | {} | {} | {} MB | {} MB | {} | {} | {} % |",
                    backend.name(),
                    grouped(rows),
                    seconds(time),
                    grouped(rate(rows, time)),
                    peak / 1024,
                    before / 1024,
                    grouped(bytes),
                    grouped(bare),
                    100 * rate(rows, time) / bare.max(1),
                );
            }
        }
    }
}

/// A year, billed.
async fn fill(world: &World, url: &str) {
    let folders = world.organizations();
    months(url, world.year, &folders, 12).await;
    for month in 1..=12 {
        let ctx = context(url, world.year, month);
        let tenant = tenant(&ctx, &folders[0]).await;
        bill(&ctx, tenant, world.year, month).await;
    }
    let ctx = context(url, world.year, 12);
    reporting::settle(&ctx).await.unwrap();
    ctx.db.write(Scope::Service, |conn: &mut Conn| bare_lines::make(conn)).await.unwrap();
}

/// Copies claims until there are so many lines, and gives how many there are, and how many rows a second of as
/// many bare ones are read and written.
async fn grow(world: &World, url: &str, wanted: u64) -> (u64, u64) {
    let ctx = context(url, world.year, 12);
    let tenant = tenant(&ctx, &world.organizations()[0]).await;
    let scope = Scope::Tenant(tenant);
    let count = move |conn: &mut Conn| bare_lines::claim_lines(conn, tenant);
    let (mut there, mut copy) = ctx.db.read(scope, count).await.unwrap();
    while there < wanted {
        copy += 1;
        let again = move |conn: &mut Conn| bare_lines::claims_again(conn, tenant, copy);
        there += ctx.db.write(scope, again).await.unwrap();
    }
    let refill = move |conn: &mut Conn| bare_lines::refill(conn, tenant, there);
    ctx.db.write(scope, refill).await.unwrap();
    let begun = Instant::now();
    let (rows, _) = bare_export(&ctx).await;
    (there, rate(rows, begun.elapsed()))
}

/// What takes bytes and counts them.
struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += u64::try_from(bytes.len()).unwrap();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes all lines, and prints rows, bytes, microseconds, and kilobytes before and at most.
pub async fn child(url: &str, form: &str) {
    let year = Year::new(YEAR).unwrap();
    let ctx = context(url, year, 12);
    let format = Format::parse(form).unwrap();
    let asked = Question {
        lens: Lens { edition: Perspective::Organization, organization: None, payer: None },
        from: year.first(),
        to: year.last(),
        basis: Basis::Service,
        as_of: None,
        since: None,
        run_out_days: RUN_OUT_DAYS,
        convention: None,
        group_by: Vec::new(),
    };
    let (begun, now) = (Instant::now(), ctx.now());
    let before = status("self", "VmHWM");
    let work = move |conn: &mut Conn| {
        let mut to = Counted(0);
        let written = lines::write(conn, &asked, now, (format, &mut to), &mut |_| Ok(()))?;
        Ok::<_, AppError>((written.lines, to.0))
    };
    let (lines, bytes) = ctx.db.read(Scope::Service, work).await.unwrap();
    let micros = begun.elapsed().as_micros();
    println!("{lines} {bytes} {micros} {before} {}", status("self", "VmHWM"));
}
