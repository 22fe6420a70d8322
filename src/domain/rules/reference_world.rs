//! The random contracts of `reference_tests.rs`: everything besides limits and authorizations (those
//! are `history_world.rs`'s) that changes whether, as what and for how much a visit is billed.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::history_recount::day;
use super::history_world::{self as history, Contract, DAYS, SERVICES};
use super::reference_asks::{Condition, condition};
use super::reference_people::{People, people};
use super::testing::{Case, diagnosis, key, modifiers, t};
use crate::domain::codes::{DiagnosisClass, Mode, Setting};
use crate::domain::contract::{Rounding, Stacking};
use crate::domain::dates::Instant;
use crate::domain::encounter::Kind;
use crate::domain::identifiers::{AuthorizationNumber, Reference};
use crate::domain::ids::{MemberId, PeerId};
use crate::domain::session::Group;

/// Modifiers that circumstances may add.
pub const TAGS: [&str; 5] = ["U1", "U2", "U3", "U4", "TN"];
/// Programs.
pub const PROGRAMS: [&str; 2] = ["north", "south"];

/// Of which visits something is said; nothing named: of all.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub mode: Option<Mode>,
    pub class: Option<DiagnosisClass>,
    pub program: Option<usize>,
    pub setting: Option<Setting>,
    pub group: Option<bool>,
    pub present: Option<bool>,
}

/// First and last day, by index.
pub type Days = (Option<u64>, Option<u64>);

/// A modifier rule.
#[derive(Debug, Clone)]
pub struct Add {
    pub services: Vec<usize>,
    pub tags: Vec<usize>,
    pub asked: Asked,
    pub days: Days,
    pub percent: Option<u32>,
    pub stacking: Stacking,
}

/// A rate in ten thousandths of a dollar.
#[derive(Debug, Clone)]
pub struct Price {
    pub service: usize,
    pub days: Days,
    pub tags: Vec<usize>,
    pub asked: Asked,
    pub allowed: u32,
    pub charge: Option<u32>,
    pub elsewhere: Option<u32>,
}

/// Of what a member pays a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Unit,
    Visit,
    Day,
}

/// What a member pays: in ten thousandths of a dollar for a unit, of a visit or a day in cents that are
/// a hundredth as many.
#[derive(Debug, Clone)]
pub struct Share {
    pub services: Vec<usize>,
    pub asked: Asked,
    pub days: Days,
    pub amount: u32,
    pub of: Of,
}

/// A document on record.
#[derive(Debug, Clone)]
pub struct Paper {
    /// A plan with the first goal, else an order.
    pub plan: bool,
    pub from: u64,
    pub to: Option<u64>,
    pub signed: Option<u64>,
}

/// A contract, whole.
#[derive(Debug, Clone)]
pub struct Book {
    pub base: Contract,
    pub unit_minutes: u32,
    pub rounding: Rounding,
    pub min_minutes: u32,
    /// Fewest, most, and most for each peer: of the second service.
    pub group: Option<(u32, Option<u32>, Option<u32>)>,
    pub adds: Vec<Add>,
    pub conditions: Vec<Condition>,
    pub prices: Vec<Price>,
    pub shares: Vec<Share>,
    pub papers: Vec<Paper>,
    /// Who gives and gets it, and the filing clock.
    pub people: People,
    /// Whether overlaps in time are looked at.
    pub beside: bool,
    /// Tenths of a unit that the agreement says in the place of a limit's.
    pub agreed: Vec<Option<i64>>,
    /// When the limits hold.
    pub limit_days: Vec<Days>,
}

/// A visit with everything that it says.
#[derive(Debug, Clone)]
pub struct Talk {
    pub visit: history::Visit,
    /// Minutes after three in the afternoon at which it begins.
    pub start: u32,
    pub minutes: u32,
    pub class: DiagnosisClass,
    pub program: Option<usize>,
    pub setting: Setting,
    pub absent: bool,
    /// How many were there, and how many peers led them.
    pub group: Option<(u32, u32)>,
    /// The note's goal: the first is a plan's.
    pub goal: usize,
}

impl Talk {
    pub fn starts(&self) -> Instant {
        let three = t(&format!("{}T15:00:00Z", day(self.visit.day)));
        three.plus(TimeDelta::minutes(i64::from(self.start)))
    }

    pub fn ends(&self) -> Instant {
        self.starts().plus(TimeDelta::minutes(i64::from(self.minutes)))
    }

    /// Its member and its peer: each organization has its own.
    pub fn who(&self) -> (MemberId, PeerId) {
        let id = |who: usize| i64::try_from(10 * self.visit.org + who + 100).unwrap();
        (MemberId::from_i64(id(self.visit.member)), PeerId::from_i64(id(self.visit.peer)))
    }

    /// Its session with its size: a peer leads one a day of each size.
    pub fn session(&self) -> Option<(String, u32)> {
        let of = &self.visit;
        self.group.map(|(size, _)| (format!("S-{}-{}-{}-{size}", of.org, of.peer, of.day), size))
    }

    /// The visit takes place.
    pub fn put(&self, case: &mut Case) {
        let (visit, encounter) = (&self.visit, &mut case.encounter);
        let start = self.starts();
        (encounter.member, encounter.peer) = self.who();
        encounter.kind = Kind::Service(key(SERVICES[visit.service]));
        encounter.mode = visit.mode;
        encounter.setting = self.setting;
        encounter.started_at = start;
        encounter.ended_at = self.ends();
        let mental = self.class == DiagnosisClass::MentalHealth;
        encounter.diagnoses = vec![diagnosis(if mental { "F32.9" } else { "F11.20" })];
        encounter.program = self.program.map(|p| key(PROGRAMS[p]));
        encounter.member_absent = self.absent;
        encounter.group = self.group.map(|(size, peers)| {
            let session = Reference::parse(&self.session().unwrap().0).unwrap();
            Group { session, size, peers }
        });
        let note = encounter.note.as_mut().unwrap();
        note.signed_at = Some(encounter.ended_at);
        note.plan_goal = Some(Reference::parse(&format!("G{}", self.goal)).unwrap());
        encounter.authorization = visit.named.map(|named| {
            let id = history::authorization_id(visit.org, visit.member, named).as_i64();
            AuthorizationNumber::parse(&format!("A-{id}")).unwrap()
        });
    }
}

/// Names of tags.
pub fn names(tags: &[usize]) -> Vec<crate::domain::codes::Modifier> {
    let texts: Vec<&str> = tags.iter().map(|i| TAGS[*i]).collect();
    modifiers(&texts)
}

pub fn class() -> impl Strategy<Value = DiagnosisClass> {
    prop_oneof![Just(DiagnosisClass::MentalHealth), Just(DiagnosisClass::SubstanceUse)]
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![Just(Mode::InPerson), Just(Mode::Video)]
}

fn setting() -> impl Strategy<Value = Setting> {
    prop_oneof![Just(Setting::Office), Just(Setting::Community)]
}

fn rarely<S: Strategy>(of: S) -> impl Strategy<Value = Option<S::Value>>
where
    S::Value: Clone + 'static,
{
    prop::option::weighted(0.15, of)
}

pub fn asked() -> impl Strategy<Value = Asked> {
    let parts = (
        rarely(mode()),
        rarely(class()),
        rarely(0usize..2),
        rarely(setting()),
        rarely(any::<bool>()),
        rarely(any::<bool>()),
    );
    parts.prop_map(|(mode, class, program, setting, group, present)| Asked {
        mode,
        class,
        program,
        setting,
        group,
        present,
    })
}

pub fn days() -> impl Strategy<Value = Days> {
    (prop::option::weighted(0.15, 0..DAYS), prop::option::weighted(0.15, 0..DAYS)).prop_map(
        |(from, to)| match (from, to) {
            (Some(from), Some(to)) => (Some(from.min(to)), Some(from.max(to))),
            other => other,
        },
    )
}

pub fn services() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![Just(vec![0]), Just(vec![1]), Just(vec![0, 1])]
}

pub fn tags(most: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::sample::subsequence((0..TAGS.len()).collect::<Vec<_>>(), 0..=most).prop_shuffle()
}

fn add() -> impl Strategy<Value = Add> {
    let percent = prop::option::of(1u32..300);
    let stacking = prop_oneof![3 => Just(Stacking::Allowed), 1 => Just(Stacking::Banned),
        1 => Just(Stacking::Unknown)];
    (services(), tags(2), asked(), days(), percent, stacking).prop_map(
        |(services, tags, asked, days, percent, stacking)| Add {
            services,
            tags,
            asked,
            days,
            percent,
            stacking,
        },
    )
}

fn price() -> impl Strategy<Value = Price> {
    let amount = || 1u32..2_000_000;
    let asked = prop_oneof![1 => Just(Asked::default()), 3 => asked()];
    let (charge, elsewhere) = (prop::option::of(amount()), rarely(amount()));
    (0usize..2, days(), tags(1), asked, amount(), charge, elsewhere).prop_map(
        |(service, days, tags, asked, allowed, charge, elsewhere)| Price {
            service,
            days,
            tags,
            asked,
            allowed,
            charge,
            elsewhere,
        },
    )
}

fn paper() -> impl Strategy<Value = Paper> {
    let (to, signed) = (prop::option::of(0..DAYS), prop::option::of(0..DAYS));
    (any::<bool>(), 0..DAYS, to, signed).prop_map(|(plan, from, length, signed)| Paper {
        plan,
        from,
        to: length.map(|length| from + length),
        signed,
    })
}

/// Any contract.
pub fn book() -> impl Strategy<Value = Book> {
    let size = (1u32..4, prop::option::of(6u32..14), prop::option::of(2u32..9));
    let of = prop::sample::select(vec![Of::Unit, Of::Visit, Of::Day]);
    let share = (services(), asked(), days(), 1u32..300_000, of).prop_map(
        |(services, asked, days, amount, of)| Share { services, asked, days, amount, of },
    );
    // Most visits find a price.
    let usual = (1u32..2_000_000).prop_map(|allowed| {
        (0..2).map(move |service| Price {
            service,
            days: (None, None),
            tags: vec![],
            asked: Asked::default(),
            allowed,
            charge: None,
            elsewhere: None,
        })
    });
    let measure = (
        prop::sample::select(vec![15u32, 20, 30, 60]),
        prop::sample::select(Rounding::ALL),
        prop_oneof![4 => Just(0u32), 1 => 1u32..70],
        prop::option::weighted(0.9, size),
    );
    let rules = (
        prop::collection::vec(add(), 0..4),
        prop::collection::vec(condition(), 0..3),
        prop::collection::vec(price(), 0..2),
        prop::bool::weighted(0.9),
        usual,
        prop::collection::vec(share, 0..3),
        prop::collection::vec(paper(), 0..4),
        people(),
    );
    let of_limits = (
        prop::collection::vec(prop::option::weighted(0.3, 0i64..200), 4),
        prop::collection::vec(days(), 4),
    );
    (history::contract(), measure, rules, of_limits).prop_map(
        |(base, measure, rules, of_limits)| {
            let (agreed, limit_days) = of_limits;
            let (unit_minutes, rounding, min_minutes, group) = measure;
            // Eight minutes are a rule of quarter hours.
            let eight = rounding == Rounding::EightMinute;
            let unit_minutes = if eight { 15 } else { unit_minutes };
            let (adds, conditions, mut prices, always, usual, shares, papers, people) = rules;
            if always {
                prices.extend(usual);
            }
            Book {
                base,
                unit_minutes,
                rounding,
                min_minutes,
                group,
                adds,
                conditions,
                prices,
                shares,
                papers,
                people,
                beside: true,
                agreed,
                limit_days,
            }
        },
    )
}

/// Any visit.
pub fn talk() -> impl Strategy<Value = Talk> {
    let group = ((1u32..12, 1u32..4), prop::bool::weighted(0.1));
    let minutes = prop_oneof![3 => 1u32..130, 1 => 130u32..200];
    (
        history::visit(),
        0u32..300,
        minutes,
        class(),
        prop::option::of(0usize..2),
        setting(),
        prop::bool::weighted(0.15),
        group,
        prop_oneof![3 => Just(1usize), 1 => Just(2usize)],
    )
        .prop_map(
            |(visit, start, minutes, class, program, setting, absent, (group, odd), goal)| {
                Talk {
                    // Most visits of the service that has groups are of one, and no other is.
                    group: Some(group).filter(|_| (visit.service == 1) != odd),
                    visit,
                    start,
                    minutes,
                    class,
                    program,
                    setting,
                    absent,
                    goal,
                }
            },
        )
}
