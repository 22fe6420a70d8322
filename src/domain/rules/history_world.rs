//! The random contracts and histories of `history_tests.rs`.

use proptest::prelude::*;

use super::history_recount::day;
use super::testing::{self, Case, authorization, coverage, key, limit, need, rate, service, t};
use crate::domain::codes::Mode;
use crate::domain::contract::{
    AuthorizationLevel, AuthorizationNeed, Exceed, LimitScope, Rounding,
};
use crate::domain::dates::WeekStart;
use crate::domain::document::Content;
use crate::domain::facts::{DocumentFact, EpisodeFact};
use crate::domain::identifiers::Reference;
use crate::domain::ids::{AuthorizationId, DocumentId, EpisodeId, PayerId, PeerId};
use crate::domain::windows::Window;

pub const DAYS: u64 = 100;
pub const SERVICES: [&str; 2] = ["peer", "group"];
/// Kinds of episodes.
pub const KINDS: [&str; 2] = ["crisis", "package"];

/// A limit.
#[derive(Debug, Clone)]
pub struct Cap {
    /// The cap in tenths of a unit.
    pub tenths: i64,
    pub window: Window,
    pub scope: LimitScope,
    pub exceed: Exceed,
    /// By index.
    pub services: Vec<usize>,
    pub only: Only,
}

/// Which lines a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    All,
    ByMode,
    ByModifier,
}

impl Cap {
    /// Whether it counts units of a service in a mode.
    pub fn takes(&self, service: usize, mode: Mode) -> bool {
        self.services.contains(&service) && (self.only == Only::All || mode == Mode::Video)
    }
}

/// An authorization of every member.
#[derive(Debug, Clone)]
pub struct Grant {
    pub units: u32,
    pub from: u64,
    pub to: Option<u64>,
    /// By index; empty: all.
    pub services: Vec<usize>,
}

#[derive(Debug, Clone)]
pub struct Contract {
    pub week: WeekStart,
    pub caps: Vec<Cap>,
    /// The authorization rule, if there is one.
    pub need: Option<AuthorizationNeed>,
    pub need_for: Vec<usize>,
    pub grants: Vec<Grant>,
    /// Kind by index, first and last day.
    pub episodes: Vec<(usize, u64, u64)>,
    /// Whether claims name authorizations line by line, so that a visit may draw on several.
    pub line_level: bool,
    /// Whether a note on record shows that members need more than a limit of that kind allows.
    pub needed: bool,
}

/// A visit. The authorization is named by index; one past the end is unknown.
#[derive(Debug, Clone)]
pub struct Visit {
    pub org: usize,
    pub member: usize,
    pub peer: usize,
    pub service: usize,
    pub mode: Mode,
    pub day: u64,
    pub units: u32,
    pub named: Option<usize>,
}

impl Default for Visit {
    fn default() -> Self {
        let mode = Mode::InPerson;
        Self { org: 0, member: 0, peer: 0, service: 0, mode, day: 0, units: 1, named: None }
    }
}

/// What happens.
#[derive(Debug, Clone)]
pub enum Act {
    Visit(Visit),
    /// Of a live visit.
    Void(usize),
    /// A live visit turns out to have been another one.
    Revise(usize, Visit),
}

pub fn authorization_id(org: usize, member: usize, grant: usize) -> AuthorizationId {
    AuthorizationId::from_i64(i64::try_from(100 * org + 10 * member + grant + 1).unwrap())
}

impl Contract {
    /// The case of a member of an organization: its contract, people and authorizations.
    pub fn case(&self, org: usize, member: usize) -> Case {
        let names = |of: &[usize]| of.iter().map(|i| key(SERVICES[*i])).collect::<Vec<_>>();
        Case::with(|c| {
            let pack = &mut c.terms.pack;
            pack.week_start = self.week;
            pack.services = SERVICES.map(service).to_vec();
            pack.services.iter_mut().for_each(|s| s.rounding = Rounding::Floor);
            for (index, cap) in self.caps.iter().enumerate() {
                let units = format!("{}.{}", cap.tenths / 10, cap.tenths % 10);
                let name = format!("cap-{index}");
                let mut made = limit(&name, &units, cap.window.clone(), cap.exceed);
                made.services = names(&cap.services);
                made.scope = cap.scope;
                match cap.only {
                    Only::All => {}
                    Only::ByMode => made.modes = vec![Mode::Video],
                    Only::ByModifier => made.modifiers = vec!["GT".parse().unwrap()],
                }
                pack.limits.push(made);
            }
            if let Some(rule) = &self.need {
                let mut made = need(rule.clone());
                made.services = names(&self.need_for);
                pack.authorizations = vec![made];
            }
            if self.line_level {
                pack.claim.authorization_level = AuthorizationLevel::Line;
            }
            for (index, grant) in self.grants.iter().enumerate() {
                let to = grant.to.map(|to| day(to).to_string());
                let from = day(grant.from).to_string();
                let id = authorization_id(org, member, index).as_i64();
                let mut made = authorization(id, grant.units, &from, to.as_deref());
                made.services = names(&grant.services);
                c.facts.authorizations.push(made);
            }
            c.facts.documents = self.notes();
            c.facts.episodes = self.episodes.iter().zip(1..).map(episode).collect();
            let covered = coverage(1, 1, 1, testing::span("2026-01-01", None));
            c.facts.billed = Some(covered.clone());
            c.facts.coverages = vec![covered];
            c.facts.certificates[0].span.to = None;
            c.terms.agreement.rates = SERVICES.map(|s| rate(s, "20", None)).to_vec();
            c.facts.as_of = t("2028-04-15T12:00:00Z");
            c.encounter.peer = PeerId::from_i64(7);
        })
    }
}

impl Contract {
    /// The documents of each member.
    pub fn notes(&self) -> Vec<DocumentFact> {
        let note = || DocumentFact {
            id: DocumentId::from_i64(99),
            reference: Reference::parse("N-1").unwrap(),
            span: testing::span("2026-01-01", None),
            signed_on: None,
            content: Content::Necessity { elements: vec![] },
        };
        self.needed.then(note).into_iter().collect()
    }

    /// Whether a cap cuts what does not fit it.
    pub fn cuts(&self, cap: &Cap) -> bool {
        cap.exceed == Exceed::BillUpTo || (cap.exceed == Exceed::Necessity && !self.needed)
    }

    /// Whether what does not fit a cap is billed all the same.
    pub fn is_exceeded(&self, cap: &Cap) -> bool {
        cap.exceed == Exceed::Necessity && self.needed
    }
}

fn episode(((kind, from, to), id): (&(usize, u64, u64), i64)) -> EpisodeFact {
    EpisodeFact {
        id: EpisodeId::from_i64(id),
        payer: PayerId::from_i64(1),
        kind: key(KINDS[*kind]),
        span: testing::span(&day(*from).to_string(), Some(&day(*to).to_string())),
    }
}

fn services() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![Just(vec![0]), Just(vec![1]), Just(vec![0, 1])]
}

fn window() -> impl Strategy<Value = Window> {
    let kind = prop::option::of(0usize..2)
        .prop_map(|kind| Window::Episode { episode: kind.map(|k| key(KINDS[k])) });
    let episode_year =
        ((1u32..=12), prop::option::of(0usize..2)).prop_map(|(first_month, kind)| {
            Window::EpisodeYear { first_month, episode: kind.map(|k| key(KINDS[k])) }
        });
    prop_oneof![
        1 => Just(Window::Day),
        1 => Just(Window::Week),
        1 => Just(Window::Month),
        1 => Just(Window::Quarter),
        1 => Just(Window::CalendarYear),
        1 => (1u32..=12).prop_map(|first_month| Window::FiscalYear { first_month }),
        2 => (1u32..4).prop_map(|length| Window::RollingMonths { length }),
        2 => (1u32..40).prop_map(|length| Window::RollingDays { length }),
        3 => (1u32..40).prop_map(|length| Window::ConsecutiveDays { length }),
        1 => kind,
        1 => episode_year,
        1 => Just(Window::Lifetime),
    ]
}

fn cap() -> impl Strategy<Value = Cap> {
    let only =
        prop_oneof![4 => Just(Only::All), 1 => Just(Only::ByMode), 1 => Just(Only::ByModifier)];
    let scope = prop::sample::select(LimitScope::ALL);
    let exceed = prop::sample::select(Exceed::ALL);
    (0i64..200, window(), scope, exceed, services(), only).prop_map(
        |(tenths, window, scope, exceed, services, only)| {
            // The reader refuses any other answer of a limit across organizations.
            let refusing = matches!(exceed, Exceed::Hold | Exceed::Never);
            let across = scope == LimitScope::Member && !refusing;
            let exceed = if across { Exceed::Hold } else { exceed };
            Cap { tenths, window, scope, exceed, services, only }
        },
    )
}

pub fn contract() -> impl Strategy<Value = Contract> {
    let after = (0u32..16, window())
        .prop_map(|(free_units, window)| AuthorizationNeed::After { free_units, window });
    let rule = prop_oneof![
        2 => Just(None),
        1 => Just(Some(AuthorizationNeed::Never)),
        1 => Just(Some(AuthorizationNeed::Always)),
        4 => after.prop_map(Some),
    ];
    let for_services = prop_oneof![Just(vec![]), services()];
    let grant = (0u32..14, 0..DAYS, prop::option::of(0..DAYS), for_services).prop_map(
        |(units, from, length, services)| {
            let to = length.map(|length| from + length);
            Grant { units, from, to, services }
        },
    );
    let episode =
        (0usize..2, 0..DAYS, 0u64..60).prop_map(|(kind, from, length)| (kind, from, from + length));
    (
        prop::sample::select(WeekStart::ALL),
        prop::collection::vec(cap(), 0..4),
        rule,
        services(),
        prop::collection::vec(grant, 0..4),
        prop::collection::vec(episode, 0..3),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(week, caps, need, need_for, grants, episodes, line_level, needed)| {
            Contract { week, caps, need, need_for, grants, episodes, line_level, needed }
        })
}

pub fn visit() -> impl Strategy<Value = Visit> {
    let named = prop_oneof![3 => Just(None), 1 => (0usize..5).prop_map(Some)];
    let mode = prop_oneof![Just(Mode::InPerson), Just(Mode::Video)];
    // Most are of one member and organization, so that its windows fill.
    let few = || prop_oneof![3 => Just(0usize), 1 => Just(1usize)];
    (few(), few(), few(), few(), mode, 0..DAYS, 1u32..9, named).prop_map(
        |(org, member, peer, service, mode, day, units, named)| Visit {
            org,
            member,
            peer,
            service,
            mode,
            day,
            units,
            named,
        },
    )
}

/// Visits in any order, with some voids and revisions.
pub fn acts() -> impl Strategy<Value = Vec<Act>> {
    let voids = any::<u16>().prop_map(|n| Act::Void(usize::from(n)));
    let revises = (any::<u16>(), visit()).prop_map(|(n, v)| Act::Revise(usize::from(n), v));
    let act = prop_oneof![10 => visit().prop_map(Act::Visit), 1 => voids, 1 => revises];
    prop::collection::vec(act, 1..30)
}
