//! How far it goes, each figure beside its limit from the same run: `cargo bench --bench limits`.
//!
//! ```text
//! cargo bench --bench limits                     every measure, small
//! cargo bench --bench limits -- intake --encounters 200000 --on sqlite
//! cargo bench --bench limits -- memory --encounters 20000,200000,2000000
//! ```
//!
//! Nothing is asserted of time: machines differ. `docs/performance.md` keeps what was measured, and
//! on which machine. PostgreSQL is measured when `PEERCLAIMS_TEST_POSTGRES_URL` names a server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    missing_docs,
    reason = "a measure that cannot be taken stops the run"
)]

mod file837;
mod intake;
mod memory;
mod posts;
mod preview;
mod send;
mod show;
mod start;
mod world;

use world::Backend;

/// What is asked for on the command line.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Numbers of encounters.
    pub encounters: Vec<u64>,
    /// Databases.
    pub on: Vec<Backend>,
    /// Usage entries for the preview.
    pub entries: u64,
    /// Organizations that share the encounters.
    pub organizations: u64,
}

const MEASURES: &[(&str, fn(&Asked))] = &[
    ("intake", intake::measure),
    ("posts", posts::measure),
    ("preview", preview::measure),
    ("file", file837::measure),
    ("memory", memory::measure),
    ("start", start::measure),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if args.first().is_some_and(|a| a == "child") {
        memory::child(&args[1..]);
        return;
    }
    let (asked, names) = read(&args);
    show::machine();
    for (name, measure) in MEASURES {
        if names.is_empty() || names.iter().any(|n| n == name) {
            println!("\n## {name}\n");
            measure(&asked);
        }
    }
}

fn read(args: &[String]) -> (Asked, Vec<String>) {
    let mut asked = Asked {
        encounters: vec![20_000],
        on: Backend::at_hand(),
        entries: 100_000,
        organizations: 1,
    };
    let mut names = Vec::new();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let mut value = || rest.next().unwrap_or_else(|| panic!("{arg} needs a value")).as_str();
        match arg.as_str() {
            "--encounters" => {
                let numbers = value().split(',').map(|n| n.parse().expect("a number"));
                asked.encounters = numbers.collect();
            }
            "--on" => asked.on = value().split(',').map(Backend::named).collect(),
            "--entries" => asked.entries = value().parse().expect("a number"),
            "--organizations" => asked.organizations = value().parse().expect("a number"),
            name if MEASURES.iter().any(|(n, _)| *n == name) => names.push(name.to_owned()),
            other => panic!("{other} is no measure; known are {:?}", MEASURES.map_names()),
        }
    }
    (asked, names)
}

trait Names {
    fn map_names(&self) -> Vec<&str>;
}

impl Names for [(&str, fn(&Asked))] {
    fn map_names(&self) -> Vec<&str> {
        self.iter().map(|(name, _)| *name).collect()
    }
}
