//! The random people of `reference_tests.rs`: certificates, ages, ties; and the filing clock.

use chrono::{NaiveDate, TimeDelta};
use proptest::prelude::*;

use super::history_recount::day;
use super::history_world::DAYS;
use crate::domain::contract::Years;

/// Ties between peer and member.
pub const TIES: [&str; 2] = ["shared_home", "employment"];

/// A day by its distance from the first of the world; before it, too.
pub fn at(offset: i64) -> NaiveDate {
    day(0) + TimeDelta::days(offset)
}

/// A certificate of the peers.
#[derive(Debug, Clone)]
pub struct Paper {
    /// Of the state and a kind that services ask for; else of another state (1) or kind (2).
    pub other: usize,
    pub active: bool,
    pub from: i64,
    pub to: Option<i64>,
}

/// A day of the calendar on which all certificates end.
#[derive(Debug, Clone)]
pub struct End {
    pub month: u32,
    pub day: u32,
    pub years: Years,
}

/// The filing clock.
#[derive(Debug, Clone)]
pub struct Clock {
    pub days: u32,
    /// In the place of days; 0: days.
    pub months: u32,
    /// When the provider number was issued, and whether that is an anchor.
    pub issued: (Option<i64>, bool),
    /// When the coverage became known, and whether that is an anchor.
    pub known: (Option<i64>, bool),
    pub rolls: bool,
    pub holidays: Vec<i64>,
    pub stop: Option<u32>,
    pub warn: u32,
}

/// Who gives and gets services, and by when they are claimed.
#[derive(Debug, Clone)]
pub struct People {
    pub papers: Vec<Paper>,
    pub end: Option<End>,
    /// Months of work without a certificate.
    pub provisional: Option<u32>,
    pub hired: Option<i64>,
    pub peer_born: Option<i64>,
    pub member_born: i64,
    /// Youngest and oldest member of the first service.
    pub ages: (Option<u32>, Option<u32>),
    /// Which, first and last day.
    pub ties: Vec<(usize, u64, Option<u64>)>,
    pub clock: Clock,
}

fn paper() -> impl Strategy<Value = Paper> {
    let other = prop_oneof![4 => Just(0usize), 1 => 1usize..3];
    (other, prop::bool::weighted(0.8), -900i64..100, prop::option::of(0i64..1000)).prop_map(
        |(other, active, from, length)| Paper {
            other,
            active,
            from,
            to: length.map(|length| from + length),
        },
    )
}

fn papers() -> impl Strategy<Value = Vec<Paper>> {
    // Most peers have what they need.
    let sound = Paper { other: 0, active: true, from: -100, to: None };
    (prop::collection::vec(paper(), 0..3), prop::bool::weighted(0.75)).prop_map(
        move |(mut papers, fine)| {
            papers.extend(fine.then(|| sound.clone()));
            papers
        },
    )
}

fn clock() -> impl Strategy<Value = Clock> {
    let usual = Clock {
        days: 365,
        months: 0,
        issued: (None, false),
        known: (None, false),
        rolls: false,
        holidays: vec![],
        stop: None,
        warn: 14,
    };
    let anchor = || (prop::option::of(-50i64..200), any::<bool>());
    let length = prop_oneof![
        2 => (10u32..200).prop_map(|days| (days, 0u32)),
        1 => (1u32..6).prop_map(|months| (0, months)),
    ];
    let rest = (any::<bool>(), prop::collection::vec(60i64..200, 0..12));
    let any = (length, anchor(), anchor(), rest, prop::option::of(20u32..250), 0u32..60).prop_map(
        |((days, months), issued, known, (rolls, holidays), stop, warn)| Clock {
            days,
            months,
            issued,
            known,
            rolls,
            holidays,
            stop,
            warn,
        },
    );
    prop_oneof![2 => Just(usual), 1 => any]
}

/// A member's day of birth, and the ages that a service asks for: around the member's own.
fn ages() -> impl Strategy<Value = (i64, (Option<u32>, Option<u32>))> {
    let bound = || prop::option::weighted(0.2, 0u32..3);
    (-16_000i64..-3_000, bound(), bound()).prop_map(|(born, younger, older)| {
        let age = u32::try_from(-born / 365).unwrap();
        (born, (younger.map(|less| age + 1 - less), older.map(|more| age - 1 + more)))
    })
}

/// Any people.
pub fn people() -> impl Strategy<Value = People> {
    let end = (1u32..=12, 1u32..=28, prop::sample::select(Years::ALL))
        .prop_map(|(month, day, years)| End { month, day, years });
    let tie = (0usize..2, 0..DAYS, prop::option::of(0..DAYS))
        .prop_map(|(about, from, length)| (about, from, length.map(|length| from + length)));
    (
        papers(),
        prop::option::weighted(0.2, end),
        prop::option::weighted(0.4, 1u32..8),
        prop::option::weighted(0.6, -200i64..100),
        prop::option::weighted(0.9, -13_000i64..-4_000),
        ages(),
        prop::collection::vec(tie, 0..3),
        clock(),
    )
        .prop_map(
            |(papers, end, provisional, hired, peer_born, (member_born, ages), ties, clock)| {
                People {
                    papers,
                    end,
                    provisional,
                    hired,
                    peer_born,
                    member_born,
                    ages,
                    ties,
                    clock,
                }
            },
        )
}
