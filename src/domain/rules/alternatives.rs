//! What else would work (`docs/adr/0084`): other ways to give a planned visit, near the one that was
//! asked about; and for a visit that took place, only what may be true of it.
//!
//! Pure: this names what may be tried, nearest first. Whoever gathers facts decides each try by the
//! same rules as any visit, and keeps those that [`Family::takes`] ([`families`]).

use chrono::{Days, NaiveDate, TimeDelta};

use super::conditions;
use super::context::Context;
use super::table::RuleId;
use crate::domain::codes::{Activity, Mode};
use crate::domain::contract::{Demand, Pack, Service, Terms, Wanted};
use crate::domain::dates::{Instant, Span};
use crate::domain::decision::{Decision, Disposition, LineAnswer};
use crate::domain::document::{Content, DocumentKind};
use crate::domain::encounter::{EncounterData, Kind};
use crate::domain::facts::{DocumentFact, Facts};
use crate::domain::identifiers::{AuthorizationNumber, Key, Reference};
use crate::domain::ids::DocumentId;
use crate::domain::session::Group;

/// How far away in days another day is looked for: a month, as people plan.
pub const HORIZON_DAYS: u64 = 31;
/// Most other days that are proposed: the nearest ones.
pub const MOST_DAYS: usize = 2;
/// Most authorizations that are tried; a member has a few at a time.
pub const MOST_AUTHORIZATIONS: usize = 12;
/// Most authorizations that are proposed.
pub const MOST_PROPOSED: usize = 3;
/// Most services that are tried for a group, or for one to one.
pub const MOST_SERVICES: usize = 6;
/// Most lengths that are tried: a day in quarter hours.
pub const MOST_LENGTHS: usize = 96;

/// How a visit would be otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// With another authorization, or with none named.
    Authorization(Option<AuthorizationNumber>),
    /// With what its session says.
    Session(Group),
    /// With a document on record that was good on the date.
    Document(DocumentKind),
    /// In another mode.
    Mode(Mode),
    /// So many minutes long.
    Length(u32),
    /// On another day, at the same time by the clock on the wall.
    Day(NaiveDate),
    /// In a group, as this service.
    Group(Key, Group),
    /// With one member, as this service.
    Individual(Key),
}

impl Change {
    /// Its kind, in a word.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Authorization(_) => "authorization",
            Self::Session(_) => "session",
            Self::Document(_) => "document",
            Self::Mode(_) => "mode",
            Self::Length(_) => "length",
            Self::Day(_) => "day",
            Self::Group(..) => "group",
            Self::Individual(_) => "individual",
        }
    }

    /// What it would be, in a word or two: `2026-07-02`, `A-7`, `60`.
    pub fn value(&self) -> String {
        match self {
            Self::Authorization(number) => {
                number.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string)
            }
            Self::Session(group) => group.size.to_string(),
            Self::Document(kind) => kind.as_str().to_owned(),
            Self::Mode(mode) => mode.as_str().to_owned(),
            Self::Length(minutes) => minutes.to_string(),
            Self::Day(day) => day.to_string(),
            Self::Group(service, _) | Self::Individual(service) => service.to_string(),
        }
    }

    /// In a sentence.
    pub fn says(&self) -> String {
        match self {
            Self::Authorization(Some(number)) => format!("Name the authorization {number}."),
            Self::Authorization(None) => {
                "Name no authorization; the one that ends first is used.".to_owned()
            }
            Self::Session(group) => {
                format!("Correct it to what its session says: {} were present.", group.size)
            }
            Self::Document(kind) => {
                format!("Record the document of the kind {kind}, if there was one by that day.")
            }
            Self::Mode(mode) => format!("Give it by {mode}."),
            Self::Length(minutes) => format!("Plan {minutes} minutes."),
            Self::Day(day) => format!("Give it on {day}, at the same time of day."),
            Self::Group(service, group) => {
                format!("Give it in a group of {} or more, as '{service}'.", group.size)
            }
            Self::Individual(service) => format!("Give it to one member, as '{service}'."),
        }
    }
}

/// A visit that may be tried in place of the one asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Try {
    /// How it differs.
    pub change: Change,
    /// The visit as it would be.
    pub encounter: EncounterData,
    /// A document that would be on record.
    pub document: Option<DocumentFact>,
}

/// Tries of one kind, nearest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// What is tried.
    pub tries: Vec<Try>,
    /// At most so many are proposed.
    pub most: usize,
}

impl Family {
    /// Whether a decision about a try is worth proposing beside the one that stands: all of it can be
    /// billed, or, of what is given anyway, more.
    pub fn takes(change: &Change, stands: &Decision, tried: &Decision) -> bool {
        let whole = is_whole(tried);
        match change {
            Change::Authorization(_) | Change::Session(_) | Change::Document(_) => {
                ready(tried) > ready(stands) || (whole && ready(tried) == ready(stands))
            }
            _ => whole,
        }
    }
}

fn ready(decision: &Decision) -> u32 {
    let lines = decision.lines.iter().filter(|l| l.answer == LineAnswer::Ready);
    lines.map(|l| l.units).sum()
}

/// Whether all of a visit can be billed.
pub fn is_whole(decision: &Decision) -> bool {
    decision.disposition == Disposition::Ready
        && decision.lines.iter().all(|l| l.answer == LineAnswer::Ready)
}

/// What may be tried in place of a visit about which `decision` was made, kind by kind, the kind that
/// changes least first; nothing where all of it can be billed. A visit that has begun by the moment of
/// the facts took place: nothing is proposed that would say otherwise than it was.
pub fn families(
    terms: Option<&Terms>,
    facts: &Facts,
    encounter: &EncounterData,
    decision: &Decision,
) -> Vec<Family> {
    let Some(terms) = terms.filter(|_| !is_whole(decision)) else { return vec![] };
    let mut all = vec![authorizations(facts, encounter)];
    if took_place(facts, encounter) {
        all.push(session(facts, encounter, decision));
        all.push(documents(terms, facts, encounter, decision));
    } else {
        let ctx = Context::new(Some(terms), facts, encounter);
        all.extend(ctx.service.map(|service| modes(service, encounter)));
        all.extend(ctx.service.map(|service| lengths(service, encounter)));
        all.push(days(facts, encounter));
        all.push(services(&terms.pack, ctx.service, encounter));
    }
    all.retain(|family| !family.tries.is_empty());
    all
}

/// Whether the visit has begun by the moment of the facts.
pub fn took_place(facts: &Facts, encounter: &EncounterData) -> bool {
    encounter.started_at <= facts.as_of
}

fn other(change: Change, encounter: EncounterData) -> Try {
    Try { change, encounter, document: None }
}

fn authorizations(facts: &Facts, encounter: &EncounterData) -> Family {
    let date = facts.zone.date_of(encounter.started_at);
    let mut covering: Vec<_> = facts
        .authorizations
        .iter()
        .filter(|a| a.span.covers(date) && encounter.authorization.as_ref() != Some(&a.number))
        .collect();
    covering.sort_by(|a, b| {
        let end = |to: Option<NaiveDate>| to.unwrap_or(NaiveDate::MAX);
        (end(a.span.to), &a.number).cmp(&(end(b.span.to), &b.number))
    });
    let with = |number: Option<AuthorizationNumber>| {
        let visit = EncounterData { authorization: number.clone(), ..encounter.clone() };
        other(Change::Authorization(number), visit)
    };
    let none = encounter.authorization.as_ref().map(|_| with(None));
    let named = covering.into_iter().take(MOST_AUTHORIZATIONS);
    let tries = named.map(|a| with(Some(a.number.clone()))).chain(none).collect();
    Family { tries, most: MOST_PROPOSED }
}

/// What the session of a visit says, where the visit says otherwise.
fn session(facts: &Facts, encounter: &EncounterData, decision: &Decision) -> Family {
    let disagrees = decision.findings.iter().any(|f| f.rule == RuleId::SessionDisagrees.as_str());
    let said = facts.session.as_ref().filter(|s| disagrees && !s.voided);
    let tries = encounter.group.as_ref().zip(said).map(|(group, said)| {
        let group = Group { size: said.data.size, peers: said.data.peers, ..group.clone() };
        let peer = said.data.peer;
        let visit = EncounterData { group: Some(group.clone()), peer, ..encounter.clone() };
        other(Change::Session(group), visit)
    });
    Family { tries: tries.into_iter().collect(), most: 1 }
}

/// Documents that are missed, as if each were on record and good on the date.
fn documents(
    terms: &Terms,
    facts: &Facts,
    encounter: &EncounterData,
    decision: &Decision,
) -> Family {
    let missed = decision.findings.iter().any(|f| f.rule == RuleId::DocumentMissing.as_str());
    if !missed {
        return Family { tries: vec![], most: 0 };
    }
    let ctx = Context::new(Some(terms), facts, encounter);
    let goal = encounter.note.as_ref().and_then(|note| note.plan_goal.as_ref());
    let mut tries: Vec<Try> = Vec::new();
    for condition in conditions::of_visit(&ctx) {
        let Demand::Document { one_of, .. } = &condition.demand else { continue };
        for wanted in one_of {
            let Some(document) = good_document(wanted, ctx.date, goal) else { continue };
            let change = Change::Document(wanted.kind);
            if !tries.iter().any(|t| t.change == change) {
                let visit = encounter.clone();
                tries.push(Try { change, encounter: visit, document: Some(document) });
            }
        }
    }
    Family { tries, most: MOST_PROPOSED }
}

/// A document that is what is wanted and good on the day, with the goal that a note names.
fn good_document(
    wanted: &Wanted,
    day: NaiveDate,
    goal: Option<&Reference>,
) -> Option<DocumentFact> {
    let elements = wanted.elements.clone();
    // Where the pack names nothing, any word will do.
    let about = || wanted.about.first().cloned().or_else(|| Key::parse("any").ok());
    let content = match wanted.kind {
        DocumentKind::Order => Content::Order { elements },
        DocumentKind::Plan => Content::Plan {
            goals: goal.into_iter().cloned().collect(),
            reviews: vec![day],
            elements,
        },
        DocumentKind::Assessment => {
            let score = wanted.min_score.or(wanted.max_score).unwrap_or_default();
            Content::Assessment { about: about()?, score }
        }
        DocumentKind::Notice => Content::Notice { about: about()? },
        DocumentKind::Necessity => Content::Necessity { elements },
        DocumentKind::Relationship => Content::Relationship { about: about()? },
        DocumentKind::Supervision => Content::Supervision { about: about()? },
        DocumentKind::Supervisor => Content::Supervisor { about: about()? },
        DocumentKind::Accreditation => Content::Accreditation { about: about()? },
    };
    let span = Span::new(day, Some(day)).ok()?;
    let reference = Reference::parse("as-if").ok()?;
    let id = DocumentId::from_i64(0);
    Some(DocumentFact { id, reference, span, signed_on: Some(day), content })
}

fn modes(service: &Service, encounter: &EncounterData) -> Family {
    let others = service.modes.iter().map(|m| m.mode).filter(|mode| *mode != encounter.mode);
    let with = |mode| other(Change::Mode(mode), EncounterData { mode, ..encounter.clone() });
    Family { tries: others.map(with).collect(), most: MOST_PROPOSED }
}

/// Shorter visits of whole units, the longest first; for one that is too short, the least longer one.
fn lengths(service: &Service, encounter: &EncounterData) -> Family {
    let (minutes, unit) = (encounter.minutes(), service.unit_minutes.max(1));
    let mut lengths: Vec<u32> = Vec::new();
    let least = unit.max(service.min_minutes).div_ceil(unit).saturating_mul(unit);
    if minutes < least {
        lengths.push(least);
    }
    let below = minutes.saturating_sub(1) / unit;
    lengths.extend((1..=below).rev().take(MOST_LENGTHS).map(|units| units * unit));
    let with = |minutes: u32| {
        let ended_at = encounter.started_at.plus(TimeDelta::minutes(i64::from(minutes)));
        other(Change::Length(minutes), EncounterData { ended_at, ..encounter.clone() })
    };
    Family { tries: lengths.into_iter().map(with).collect(), most: 1 }
}

/// The nearest days, that before each one after it, as far as they have not begun.
fn days(facts: &Facts, encounter: &EncounterData) -> Family {
    let date = facts.zone.date_of(encounter.started_at);
    let around = (1..=HORIZON_DAYS).flat_map(|far| {
        [date.checked_add_days(Days::new(far)), date.checked_sub_days(Days::new(far))]
    });
    let with = |day: NaiveDate| {
        let moved = moved_to(facts, encounter, day)?;
        (moved.started_at > facts.as_of).then(|| other(Change::Day(day), moved))
    };
    Family { tries: around.flatten().filter_map(with).collect(), most: MOST_DAYS }
}

/// The visit on another day, at the same time by the clock on the wall and as long; none where that
/// time does not exist or exists twice there.
fn moved_to(facts: &Facts, encounter: &EncounterData, day: NaiveDate) -> Option<EncounterData> {
    let at = facts.zone.local(encounter.started_at).time();
    let text = format!("{}", day.and_time(at).format("%Y-%m-%dT%H:%M:%S"));
    let started_at = facts.zone.parse_time(&text).ok()?;
    let by = started_at.utc() - encounter.started_at.utc();
    let mut moved = encounter.clone();
    (moved.started_at, moved.ended_at) = (started_at, encounter.ended_at.plus(by));
    if let Some(note) = &mut moved.note {
        note.signed_at = note.signed_at.map(|signed: Instant| signed.plus(by));
    }
    Some(moved)
}

/// A group in place of one to one, or the reverse, where the contract has such a service.
fn services(pack: &Pack, chosen: Option<&Service>, encounter: &EncounterData) -> Family {
    let is_group = encounter.group.is_some();
    let activity = if is_group { Activity::IndividualSupport } else { Activity::GroupSupport };
    let fits = |s: &&Service| {
        s.group.is_some() != is_group
            && (s.activities.is_empty() || s.activities.contains(&activity))
            && chosen.is_none_or(|chosen| chosen.key != s.key)
    };
    let with = |service: &Service| {
        let key = service.key.clone();
        let mut visit = encounter.clone();
        visit.kind = Kind::Service(key.clone());
        visit.group = service.group.as_ref().map(|rule| Group {
            session: encounter.reference.clone(),
            size: rule.min_size.max(2),
            peers: 1,
        });
        let change = match &visit.group {
            Some(group) => Change::Group(key, group.clone()),
            None => Change::Individual(key),
        };
        other(change, visit)
    };
    let fitting = pack.services.iter().filter(fits).take(MOST_SERVICES);
    Family { tries: fitting.map(with).collect(), most: 1 }
}

#[cfg(test)]
#[path = "alternatives_tests.rs"]
mod tests;
