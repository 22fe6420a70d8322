//! What else would work (`docs/adr/0084`): other ways to give a planned visit, near the one that was
//! asked about; and for a visit that took place, only what may be true of it.
//!
//! Pure: [`families`] names what may be tried, nearest first. Whoever gathers facts decides each try by
//! the same rules as any visit, and [`propose`] keeps those that are worth it.

use chrono::{Days, NaiveDate, TimeDelta};

use super::alternatives_past::{documents, session, together};
use super::context::Context;
use super::group;
use crate::domain::codes::{Activity, Mode};
use crate::domain::contract::{Pack, Service, Terms};
use crate::domain::dates::Instant;
use crate::domain::decision::{Decision, Disposition, LineAnswer};
use crate::domain::document::DocumentKind;
use crate::domain::encounter::{EncounterData, Kind};
use crate::domain::facts::{DocumentFact, Facts};
use crate::domain::identifiers::{AuthorizationNumber, Key};
use crate::domain::session::{Group, MAX_PEERS};

/// How far away in days another day is looked for: a month, as people plan.
pub const HORIZON_DAYS: u64 = 31;
/// Most other days that are proposed: the nearest ones.
pub const MOST_DAYS: usize = 2;
/// Most authorizations that are tried; a member has a few at a time.
pub const MOST_AUTHORIZATIONS: usize = 12;
/// Most documents that are tried, each by itself.
pub const MOST_DOCUMENTS: usize = 24;
/// Most authorizations, documents or modes that are proposed.
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
    /// With a document of the kind on record, about this, that was good on the date.
    Document(DocumentKind, Option<Key>),
    /// With several of the kinds above at once, where one alone is not enough.
    Together(Vec<Change>),
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
            Self::Document(..) => "document",
            Self::Together(_) => "together",
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
            Self::Document(kind, None) => kind.as_str().to_owned(),
            Self::Document(kind, Some(about)) => format!("{kind} {about}"),
            Self::Together(parts) => {
                let each = parts.iter().map(|part| format!("{} {}", part.kind(), part.value()));
                each.collect::<Vec<_>>().join(", ")
            }
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
            Self::Document(kind, None) => {
                format!("Record the document of the kind {kind}, if there was one by that day.")
            }
            Self::Document(kind, Some(about)) => format!(
                "Record the document of the kind {kind} about {about}, if there was one by that day."
            ),
            Self::Together(parts) => parts.iter().map(Self::says).collect::<Vec<_>>().join(" "),
            Self::Mode(mode) => format!("Give it by {mode}."),
            Self::Length(minutes) => format!("Plan {minutes} minutes."),
            Self::Day(day) => format!("Give it on {day}, at the same time of day."),
            Self::Group(service, group) => {
                let led = match group.peers {
                    0 | 1 => String::new(),
                    more => format!(", led by {}", group::peers(more)),
                };
                format!("Give it in a group of {} or more{led}, as '{service}'.", group.size)
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
    /// Documents that would be on record.
    pub documents: Vec<DocumentFact>,
}

/// Tries of one kind, nearest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// What is tried.
    pub tries: Vec<Try>,
    /// At most so many are proposed.
    pub most: usize,
}

/// Decides tries kind by kind, nearest first, and keeps those that are worth proposing beside the
/// decision that stands.
///
/// # Errors
///
/// What `decide` fails with.
pub fn propose<E>(
    stands: &Decision,
    families: Vec<Family>,
    mut decide: impl FnMut(&Try) -> Result<Decision, E>,
) -> Result<Vec<(Try, Decision)>, E> {
    let mut found: Vec<(Try, Decision)> = Vec::new();
    for Family { tries, most } in families {
        let mut taken = 0;
        for one in tries {
            let several = matches!(one.change, Change::Together(_));
            if taken == most && !several {
                break;
            }
            let decision = decide(&one)?;
            if !takes(&one.change, stands, &found, &decision) {
                continue;
            }
            if several && taken > 0 {
                // The one before was smaller, and does less.
                found.pop();
            } else {
                taken += 1;
            }
            found.push((one, decision));
        }
    }
    Ok(found)
}

/// Whether a decision about a try is worth proposing: all of it can be billed, or, of what is given
/// anyway, more; of several changes at once, more than by any that was found before.
fn takes(change: &Change, stands: &Decision, found: &[(Try, Decision)], tried: &Decision) -> bool {
    match change {
        Change::Authorization(_) | Change::Session(_) | Change::Document(..) => {
            gains(stands, tried)
        }
        Change::Together(_) => {
            gains(stands, tried) && found.iter().all(|(_, before)| gains(before, tried))
        }
        _ => is_whole(tried),
    }
}

fn gains(before: &Decision, tried: &Decision) -> bool {
    let same = ready(tried) == ready(before);
    ready(tried) > ready(before) || (same && is_whole(tried) && !is_whole(before))
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
    let ctx = Context::new(Some(terms), facts, encounter);
    let mut all = vec![authorizations(facts, encounter)];
    if took_place(facts, encounter) {
        all.push(session(&ctx, decision));
        all.push(documents(&ctx));
        let several = together(&ctx, &all);
        all.push(several);
    } else {
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

pub(super) fn other(change: Change, encounter: EncounterData) -> Try {
    Try { change, encounter, documents: vec![] }
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
        visit.group = service.group.as_ref().map(|rule| {
            let size = rule.min_size.max(2);
            let led = rule.members_per_peer.map_or(1, |most| size.div_ceil(most.max(1)));
            Group { session: encounter.reference.clone(), size, peers: led.min(MAX_PEERS) }
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
