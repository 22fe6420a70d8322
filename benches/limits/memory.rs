//! Peak memory of bulk intake, batches and report, each in a process of its own, with more and more
//! encounters of one organization: it must stay flat.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use peerclaims::flow::{again, reporting};
use peerclaims::synth::Year;

use crate::Asked;
use crate::bill::bill;
use crate::reports::utilization;
use crate::send::months;
use crate::server::{context, tenant};
use crate::show::{grouped, rate, seconds};
use crate::world::{World, YEAR};

/// The word that makes this program do one task and tell its memory.
pub const CHILD: &str = "child";
/// What is done in processes of their own, in order.
const TASKS: [&str; 3] = ["intake", "batches", "report"];
/// What the worker of a service would have done: what is marked is decided again.
pub const AGAIN: &str = "again";

pub fn measure(asked: &Asked) {
    println!("| database | encounters | task | peak memory | time | encounters a second |");
    println!("|---|---|---|---|---|---|");
    for backend in &asked.on {
        for encounters in &asked.memory {
            let world = World::new(*backend, *encounters);
            for task in TASKS {
                let begun = Instant::now();
                let mut command = Command::new(std::env::current_exe().unwrap());
                command.args([CHILD, task, &world.base.url]).args(world.organizations());
                // As the service is to be started (docs/operations.md): it is read when a process starts.
                command.env(
                    "MALLOC_ARENA_MAX",
                    std::env::var("MALLOC_ARENA_MAX").unwrap_or("2".to_owned()),
                );
                let output = command.output().unwrap();
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{task}: {said}");
                let peak: u64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
                println!(
                    "| {} | {} | {task} | {} MB | {} | {} |",
                    backend.name(),
                    grouped(*encounters),
                    peak / 1024,
                    seconds(begun.elapsed()),
                    grouped(rate(*encounters, begun.elapsed())),
                );
            }
        }
    }
}

/// A value of `/proc/PID/status`, in kilobytes.
pub fn status(process: &str, key: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = text.lines().find(|l| l.starts_with(key)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Does one task and prints the peak of its memory.
pub fn child(args: &[String]) {
    let (task, url) = (args[0].as_str(), args[1].as_str());
    if task == "lines" {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(crate::export::child(url, &args[2]));
        return;
    }
    let folders: Vec<PathBuf> = args[2..].iter().map(PathBuf::from).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let year = Year::new(YEAR).unwrap();
    runtime.block_on(async {
        match task {
            "intake" => {
                months(url, year, &folders, 12).await;
            }
            AGAIN => again::settle(&context(url, year, 12)).await.unwrap(),
            "batches" => {
                for month in 1..=12 {
                    let ctx = context(url, year, month);
                    for folder in &folders {
                        let tenant = tenant(&ctx, folder).await;
                        bill(&ctx, tenant, year, month).await;
                    }
                }
            }
            "report" => report(url, year).await,
            other => panic!("there is no task {other}"),
        }
    });
    println!("{}", status("self", "VmHWM"));
}

async fn report(url: &str, year: Year) {
    let ctx = context(url, year, 12);
    reporting::settle(&ctx).await.unwrap();
    let report = utilization(&ctx, None, (year.first(), year.last())).await;
    assert!(report.ties.ties);
}
