//! How far it goes, each figure beside its limit from the same run: `cargo bench --bench limits`.
//!
//! ```text
//! cargo bench --bench limits                     every measure, small: a few minutes
//! cargo bench --bench limits -- intake posts     some of them
//! PEERCLAIMS_BENCH_MEMORY=20000,200000,2000000 cargo bench --bench limits -- memory
//! ```
//!
//! Sizes come from the environment ([`Asked::read`]). Nothing is asserted of time: machines differ.
//! `docs/performance.md` keeps what was measured, and on which machine. PostgreSQL is measured when
//! `PEERCLAIMS_TEST_POSTGRES_URL` names a server whose databases may be made and dropped.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a measure that cannot be taken stops the run"
)]

mod alternatives;
mod bill;
mod export;
mod file837;
mod inside;
mod intake;
mod memory;
mod posts;
mod preview;
mod reports;
mod send;
mod server;
mod show;
mod start;
mod world;

use world::Backend;

/// What is asked for, by the environment.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `PEERCLAIMS_BENCH_ON`: databases, such as `sqlite,postgres`; those at hand when not said.
    pub on: Vec<Backend>,
    /// `PEERCLAIMS_BENCH_ENCOUNTERS`: encounters of the intake.
    pub encounters: u64,
    /// `PEERCLAIMS_BENCH_POSTS`: single posts.
    pub posts: usize,
    /// `PEERCLAIMS_BENCH_ENTRIES`: usage entries behind the previews.
    pub entries: u64,
    /// `PEERCLAIMS_BENCH_CLAIMS`: encounters from which the claims of the 837P are made.
    pub claims: u64,
    /// `PEERCLAIMS_BENCH_LINES`: lines that reports are made of.
    pub lines: u64,
    /// `PEERCLAIMS_BENCH_MEMORY`: encounters of each memory measure.
    pub memory: Vec<u64>,
}

impl Asked {
    fn read() -> Self {
        let said = |name: &str| std::env::var(format!("PEERCLAIMS_BENCH_{name}")).ok();
        let number = |name: &str, or: u64| {
            said(name).map_or(or, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
        };
        let list = said("MEMORY").unwrap_or_else(|| "2000,20000".to_owned());
        Self {
            on: said("ON")
                .map_or_else(Backend::at_hand, |on| on.split(',').map(Backend::named).collect()),
            encounters: number("ENCOUNTERS", 20_000),
            posts: usize::try_from(number("POSTS", 4_000)).unwrap(),
            entries: number("ENTRIES", 200_000),
            claims: number("CLAIMS", 20_000),
            lines: number("LINES", 1_000_000),
            memory: list.split(',').map(|n| n.parse().expect("a number")).collect(),
        }
    }
}

type Measure = fn(&Asked);

const MEASURES: &[(&str, Measure)] = &[
    ("intake", intake::measure),
    ("posts", posts::measure),
    ("preview", preview::measure),
    ("alternatives", alternatives::measure),
    ("file", file837::measure),
    ("memory", memory::measure),
    ("start", start::measure),
    ("reports", reports::measure),
    ("export", export::measure),
];

fn main() {
    // Cargo itself adds `--bench`.
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if args.first().is_some_and(|a| a == memory::CHILD) {
        memory::child(&args[1..]);
        return;
    }
    let known = |name: &String| MEASURES.iter().any(|(known, _)| known == name);
    if let Some(unknown) = args.iter().find(|name| !known(name)) {
        let names: Vec<&str> = MEASURES.iter().map(|(name, _)| *name).collect();
        panic!("{unknown} is no measure; known are {}", names.join(", "));
    }
    let asked = Asked::read();
    show::machine(&asked.on);
    for (name, measure) in MEASURES {
        if args.is_empty() || args.iter().any(|a| a == name) {
            println!("\n## {name}\n");
            measure(&asked);
        }
    }
}
