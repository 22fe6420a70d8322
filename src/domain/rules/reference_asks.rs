//! What the conditions of the random contracts ask (`reference_world.rs`).

use proptest::prelude::*;

use super::reference_world::{Asked, Days, asked, class, days, services, tags};
use crate::domain::codes::{DiagnosisClass, Mode};

/// What a condition asks.
#[derive(Debug, Clone)]
pub enum Ask {
    OneOf(Vec<usize>),
    /// Positions in the tags, after them the service's own.
    List(Vec<usize>),
    Modes(Vec<Mode>),
    Units(u32),
    Present,
    NotOf(DiagnosisClass),
    /// Days.
    FaceToFace(u32),
    /// Percent of all units that are counted together.
    Share(u32, Over),
    Goal,
    /// An order: whether signed, and for how many days it is good; or a plan.
    Paper {
        signed: bool,
        valid: Option<u32>,
        plan: bool,
    },
    /// The peer's least age.
    StaffAge(u32),
    /// Years between peer and member, and whether the peer is the older one.
    Gap(u32, bool),
    /// A kind of episodes that the member is in, or is not.
    Enrolled(usize, bool),
    /// A tie between peer and member that bars the service.
    Untied(usize),
    /// Members of one peer, by days of the calendar.
    Caseload(u32, Over),
    /// Tenths of people in the peer's groups on average, by days of the calendar.
    Average(u32, Over),
}

/// Days that are counted together.
#[derive(Debug, Clone)]
pub enum Over {
    Month,
    Year,
    /// From a month on.
    Fiscal(u32),
    /// Episodes of a kind, or of any.
    Episode(Option<usize>),
    /// Their days of one fiscal year.
    EpisodeYear(u32, Option<usize>),
}

/// A condition.
#[derive(Debug, Clone)]
pub struct Condition {
    pub services: Vec<usize>,
    pub ask: Ask,
    pub asked: Asked,
    pub days: Days,
    pub warns: bool,
}

fn calendar() -> impl Strategy<Value = Over> {
    prop_oneof![Just(Over::Month), Just(Over::Year), (1u32..=12).prop_map(Over::Fiscal)]
}

fn over() -> impl Strategy<Value = Over> {
    let kind = || prop::option::of(0usize..2);
    prop_oneof![
        1 => Just(Over::Month),
        1 => Just(Over::Year),
        1 => (1u32..=12).prop_map(Over::Fiscal),
        2 => kind().prop_map(Over::Episode),
        2 => (1u32..=12, kind()).prop_map(|(first, kind)| Over::EpisodeYear(first, kind)),
    ]
}

pub fn condition() -> impl Strategy<Value = Condition> {
    let of_lines = prop_oneof![
        tags(3).prop_map(Ask::OneOf),
        tags(5).prop_map(Ask::List),
        prop::sample::subsequence(vec![Mode::InPerson, Mode::Video], 1..=2).prop_map(Ask::Modes),
        (0u32..20).prop_map(Ask::Units),
        Just(Ask::Present),
        class().prop_map(Ask::NotOf),
        (1u32..40).prop_map(Ask::FaceToFace),
        (0u32..100, over()).prop_map(|(percent, over)| Ask::Share(percent, over)),
        (0u32..100, over()).prop_map(|(percent, over)| Ask::Share(percent, over)),
    ];
    let of_people = prop_oneof![
        Just(Ask::Goal),
        (any::<bool>(), prop::option::of(0u32..50), any::<bool>())
            .prop_map(|(signed, valid, plan)| Ask::Paper { signed, valid, plan }),
        (14u32..36).prop_map(Ask::StaffAge),
        (1u32..20, any::<bool>()).prop_map(|(years, older)| Ask::Gap(years, older)),
        (0usize..2, any::<bool>()).prop_map(|(kind, is)| Ask::Enrolled(kind, is)),
        (0usize..2).prop_map(Ask::Untied),
        (1u32..3, calendar()).prop_map(|(members, over)| Ask::Caseload(members, over)),
        (20u32..90, calendar()).prop_map(|(tenths, over)| Ask::Average(tenths, over)),
    ];
    let ask = prop_oneof![of_lines, of_people];
    (services(), ask, asked(), days(), prop::bool::weighted(0.5)).prop_map(
        |(services, ask, asked, days, warns)| Condition { services, ask, asked, days, warns },
    )
}
