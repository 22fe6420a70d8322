//! From ready lines to claims (`docs/definitions.md` section 5, "Grouping" and "Claim line").
//!
//! One claim holds what has the same member number, contract version, rendering provider (the peer,
//! where the claim names one: [`ClaimProfile::names_peer`]),
//! diagnoses and period (a day, week or month), and, as the profile wants, the same authorization
//! and place. All lines of a visit are on the same claim. Money is rounded once for each claim
//! line and split back to the visits by largest remainder.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::batch::Part;
use super::claim::MAX_CLAIM_LINES;
use super::codes::{Diagnosis, Mode, Modifier, PlaceOfService, ProcedureCode};
use super::contract::{AuthorizationLevel, ClaimProfile, Rollup};
use super::dates::{Instant, WeekStart};
use super::identifiers::{AuthorizationNumber, Key, MemberNumber};
use super::ids::{ContractVersionId, EncounterId, MemberId, PeerId};
use super::line::Line;
use super::money::Money;

/// Most diagnosis pointers of a line (SV107).
const MAX_POINTERS: usize = 4;

/// A ready line with what its claim needs to know.
#[derive(Debug, Clone)]
pub struct Claimable {
    /// The line.
    pub line: Line,
    /// When the visit began: claim lines are in this order.
    pub started_at: Instant,
    /// When it ended.
    pub ended_at: Instant,
    /// How it was given.
    pub mode: Mode,
    /// Everyone served who was present, where it was of a group.
    pub group_size: Option<u32>,
    /// For whom.
    pub member: MemberId,
    /// Under which number.
    pub member_number: MemberNumber,
    /// Rendered by.
    pub peer: PeerId,
    /// Under which contract version.
    pub contract_version: ContractVersionId,
    /// Diagnoses, principal first.
    pub diagnoses: Vec<Diagnosis>,
    /// Number of the authorization it draws on.
    pub authorization: Option<AuthorizationNumber>,
    /// Last day for delivery.
    pub file_by: NaiveDate,
    /// Whether the service sums minutes over days: then all lines of the sum are one claim line.
    pub summed: bool,
    /// Whole minutes that the line is about.
    pub minutes: u32,
    /// The location of the organization at which it was, where the claim says so.
    pub site: Option<Key>,
    /// What goes onto the same claim whole: the encounter, or the first one of its day's sum.
    pub bundle: EncounterId,
}

/// A claim to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// For whom.
    pub member: MemberId,
    /// Under which number.
    pub member_number: MemberNumber,
    /// Rendered by; the peer of its first visit, where the claim does not say by whom.
    pub peer: PeerId,
    /// Under which contract version.
    pub contract_version: ContractVersionId,
    /// Its earliest service date.
    pub service_date: NaiveDate,
    /// Diagnoses, principal first.
    pub diagnoses: Vec<Diagnosis>,
    /// The authorization, where the claim names it.
    pub authorization: Option<AuthorizationNumber>,
    /// The location of the organization at which it was, where the claim says so.
    pub site: Option<Key>,
    /// Earliest deadline of its visits.
    pub file_by: NaiveDate,
    /// Its lines, 1 to 50.
    pub lines: Vec<GroupLine>,
}

/// A claim line to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupLine {
    /// The service of the contract.
    pub service: Key,
    /// The service date.
    pub service_date: NaiveDate,
    /// Procedure.
    pub procedure: ProcedureCode,
    /// Modifiers.
    pub modifiers: Vec<Modifier>,
    /// Place of service.
    pub place: PlaceOfService,
    /// Positions of its diagnoses, 1 first.
    pub pointers: Vec<u8>,
    /// The authorization, where the line names it.
    pub authorization: Option<AuthorizationNumber>,
    /// Units of all parts.
    pub units: u32,
    /// What the visits of its parts were.
    pub given: Given,
    /// Charge, rounded once.
    pub charge: Money,
    /// What the contract should pay, rounded once.
    pub expected: Money,
    /// The visits it states.
    pub parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ClaimKey {
    member_number: MemberNumber,
    member: MemberId,
    period: NaiveDate,
    peer: Option<PeerId>,
    contract_version: ContractVersionId,
    diagnoses: Vec<Diagnosis>,
    authorization: Option<AuthorizationNumber>,
    place: Option<PlaceOfService>,
    site: Option<Key>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct LineKey {
    service_date: NaiveDate,
    procedure: ProcedureCode,
    modifiers: Vec<Modifier>,
    place: PlaceOfService,
    service: Key,
    unit_charge: Option<Decimal>,
    unit_rate: Option<Decimal>,
    authorization: Option<AuthorizationNumber>,
}

/// How the payer wants its claims.
#[derive(Debug, Clone, Copy)]
pub struct Form<'a> {
    /// The claim profile.
    pub profile: &'a ClaimProfile,
    /// First day of the payer's week.
    pub week_start: WeekStart,
}

impl Form<'_> {
    /// The last day of the period in which a visit of `day` is claimed; until then it waits.
    pub fn due(&self, day: NaiveDate) -> NaiveDate {
        self.profile.period.around(day, self.week_start).1
    }
}

/// Groups ready lines into claims, in order of member number, period, peer: the order of the file.
pub fn group(mut lines: Vec<Claimable>, form: Form<'_>) -> Vec<Group> {
    let most = usize::try_from(form.profile.form.content.diagnoses.0).unwrap_or(usize::MAX);
    sums::unite(&mut lines, form.profile, most);
    let mut claims: BTreeMap<ClaimKey, Vec<Claimable>> = BTreeMap::new();
    for line in lines {
        claims.entry(claim_key(&line, form)).or_default().push(line);
    }
    claims.into_iter().flat_map(|(key, members)| split(&key, members, form.profile)).collect()
}

fn claim_key(c: &Claimable, form: Form<'_>) -> ClaimKey {
    let on_claim = form.profile.authorization_level == AuthorizationLevel::Claim;
    ClaimKey {
        member_number: c.member_number.clone(),
        member: c.member,
        period: form.profile.period.around(c.line.service_date, form.week_start).0,
        peer: told_of(c, form.profile),
        contract_version: c.contract_version,
        diagnoses: c.diagnoses.clone(),
        authorization: c.authorization.clone().filter(|_| on_claim),
        place: form.profile.one_place_per_claim.then(|| c.line.place.clone()),
        site: c.site.clone(),
    }
}

/// The peer, where the claim says who it was.
fn told_of(c: &Claimable, profile: &ClaimProfile) -> Option<PeerId> {
    profile.names_peer(&c.line.place).then_some(c.peer)
}

fn line_key(c: &Claimable, profile: &ClaimProfile) -> LineKey {
    let on_line = profile.authorization_level == AuthorizationLevel::Line;
    LineKey {
        service_date: c.line.service_date,
        procedure: c.line.procedure.clone(),
        modifiers: c.line.modifiers.clone(),
        place: c.line.place.clone(),
        service: c.line.service.clone(),
        unit_charge: c.line.unit_charge,
        unit_rate: c.line.unit_rate,
        authorization: c.authorization.clone().filter(|_| on_line),
    }
}

/// A claim line to be made, with the lines that it states.
type Row = (LineKey, Vec<Claimable>);

fn split(key: &ClaimKey, mut visits: Vec<Claimable>, profile: &ClaimProfile) -> Vec<Group> {
    visits.sort_by_key(|c| (c.started_at, c.line.encounter, c.line.ordinal));
    let mut rows: Vec<Row> = Vec::new();
    for visit in visits {
        let line_key = line_key(&visit, profile);
        let same = rows
            .iter_mut()
            .find(|(k, _)| (visit.summed || profile.rollup == Rollup::Day) && *k == line_key);
        match same {
            Some((_, parts)) => parts.push(visit),
            None => rows.push((line_key, vec![visit])),
        }
    }
    let pointers: Vec<u8> = (1u8..).take(key.diagnoses.len().min(MAX_POINTERS)).collect();
    let dates = |chunk: &[Row]| chunk.iter().map(|(k, _)| k.service_date).min();
    let deadlines =
        |chunk: &[Row]| chunk.iter().flat_map(|(_, v)| v.iter().map(|v| v.file_by)).min();
    let most = usize::try_from(profile.form.lines.most.0).unwrap_or(MAX_CLAIM_LINES);
    into_claims(rows, most.clamp(1, MAX_CLAIM_LINES))
        .into_iter()
        .filter_map(|chunk| {
            // No chunk is empty.
            let first = chunk.first().and_then(|(_, visits)| visits.first())?;
            Some(Group {
                member: key.member,
                member_number: key.member_number.clone(),
                peer: first.peer,
                contract_version: key.contract_version,
                service_date: dates(&chunk).unwrap_or(key.period),
                diagnoses: key.diagnoses.clone(),
                authorization: key.authorization.clone(),
                site: key.site.clone(),
                file_by: deadlines(&chunk).unwrap_or(key.period),
                lines: chunk.iter().map(|(k, visits)| line(k, visits, &pointers)).collect(),
            })
        })
        .collect()
}

/// Cuts rows into claims of at most `most` lines, in order; rows that state a visit together stay
/// together (a visit that draws on more authorizations at once is beyond any claim).
fn into_claims(rows: Vec<Row>, most: usize) -> Vec<Vec<Row>> {
    let mut claims: Vec<Vec<Row>> = Vec::new();
    for bundle in bundles(rows) {
        match claims.last_mut() {
            Some(last) if last.len() + bundle.len() <= most => last.extend(bundle),
            _ => {
                let mut bundle = bundle.into_iter();
                while bundle.len() > 0 {
                    claims.push(bundle.by_ref().take(most).collect());
                }
            }
        }
    }
    claims
}

/// Rows that share a visit or a day's sum, directly or over others, in the order of their first rows.
fn bundles(rows: Vec<Row>) -> Vec<Vec<Row>> {
    let mut bundle_of: HashMap<EncounterId, usize> = HashMap::new();
    let mut bundles: Vec<Vec<Row>> = Vec::new();
    for row in rows {
        let mut shared: Vec<usize> =
            row.1.iter().filter_map(|v| bundle_of.get(&v.bundle).copied()).collect();
        shared.sort_unstable();
        shared.dedup();
        let home = shared.first().copied().unwrap_or(bundles.len());
        if home == bundles.len() {
            bundles.push(Vec::new());
        }
        let mut joined: Vec<Row> = Vec::new();
        for other in shared.into_iter().skip(1) {
            joined.append(bundles.get_mut(other).unwrap_or(&mut Vec::new()));
        }
        joined.push(row);
        for visit in joined.iter().flat_map(|(_, visits)| visits) {
            bundle_of.insert(visit.bundle, home);
        }
        if let Some(bundle) = bundles.get_mut(home) {
            bundle.append(&mut joined);
        }
    }
    bundles.retain(|bundle| !bundle.is_empty());
    bundles
}

fn line(key: &LineKey, visits: &[Claimable], pointers: &[u8]) -> GroupLine {
    let weights: Vec<u32> = visits.iter().map(|v| v.line.units).collect();
    let units: u32 = weights.iter().fold(0, |sum, w| sum.saturating_add(*w));
    let money = |rate: Option<Decimal>| rate.and_then(|r| Money::of_units(r, units));
    let charge = money(key.unit_charge).unwrap_or_default();
    let copays: Money = visits.iter().map(|v| v.line.flat_share()).sum();
    let worth = money(key.unit_rate).unwrap_or_default().min(charge);
    let expected = (worth - copays).max(Money::ZERO);
    let shares = charge.split(&weights).into_iter().zip(expected.split(&weights));
    GroupLine {
        service: key.service.clone(),
        service_date: key.service_date,
        procedure: key.procedure.clone(),
        modifiers: key.modifiers.clone(),
        place: key.place.clone(),
        pointers: pointers.to_vec(),
        authorization: key.authorization.clone(),
        units,
        given: Given::of(visits),
        charge,
        expected,
        parts: visits
            .iter()
            .zip(shares)
            .map(|(visit, (charge, expected))| Part {
                line: visit.line.id,
                encounter: visit.line.encounter,
                units: visit.line.units,
                charge,
                expected,
            })
            .collect(),
    }
}

/// The encounters that a group states, each once.
pub fn encounters(groups: &[Group]) -> Vec<EncounterId> {
    let parts = groups.iter().flat_map(|g| &g.lines).flat_map(|l| &l.parts);
    let mut ids: Vec<EncounterId> = parts.map(|p| p.encounter).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[path = "grouping_given.rs"]
mod given;
#[path = "grouping_sums.rs"]
mod sums;

pub use given::Given;

#[cfg(test)]
#[path = "grouping_tests.rs"]
mod tests;
