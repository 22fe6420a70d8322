//! From ready lines to claims (`docs/definitions.md` section 5, "Grouping" and "Claim line").
//!
//! One claim holds what has the same member number, contract version, rendering provider,
//! diagnoses and service date, and, as the profile wants, the same authorization and place. Money
//! is rounded once for each claim line and split back to the visits by largest remainder.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::batch::Part;
use super::claim::MAX_CLAIM_LINES;
use super::codes::{Diagnosis, Modifier, PlaceOfService, ProcedureCode};
use super::contract::{AuthorizationLevel, ClaimProfile, Rollup};
use super::dates::Instant;
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
}

/// A claim to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// For whom.
    pub member: MemberId,
    /// Under which number.
    pub member_number: MemberNumber,
    /// Rendered by.
    pub peer: PeerId,
    /// Under which contract version.
    pub contract_version: ContractVersionId,
    /// Its service date.
    pub service_date: NaiveDate,
    /// Diagnoses, principal first.
    pub diagnoses: Vec<Diagnosis>,
    /// The authorization, where the claim names it.
    pub authorization: Option<AuthorizationNumber>,
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
    service_date: NaiveDate,
    peer: PeerId,
    contract_version: ContractVersionId,
    diagnoses: Vec<Diagnosis>,
    authorization: Option<AuthorizationNumber>,
    place: Option<PlaceOfService>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct LineKey {
    procedure: ProcedureCode,
    modifiers: Vec<Modifier>,
    place: PlaceOfService,
    service: Key,
    unit_charge: Option<Decimal>,
    unit_rate: Option<Decimal>,
    authorization: Option<AuthorizationNumber>,
}

/// Groups ready lines into claims, in order of member number, date, peer: the order of the file.
pub fn group(lines: Vec<Claimable>, profile: &ClaimProfile) -> Vec<Group> {
    let mut claims: BTreeMap<ClaimKey, Vec<Claimable>> = BTreeMap::new();
    for line in lines {
        claims.entry(claim_key(&line, profile)).or_default().push(line);
    }
    claims.into_iter().flat_map(|(key, members)| split(&key, members, profile)).collect()
}

fn claim_key(c: &Claimable, profile: &ClaimProfile) -> ClaimKey {
    let on_claim = profile.authorization_level == AuthorizationLevel::Claim;
    ClaimKey {
        member_number: c.member_number.clone(),
        member: c.member,
        service_date: c.line.service_date,
        peer: c.peer,
        contract_version: c.contract_version,
        diagnoses: c.diagnoses.clone(),
        authorization: c.authorization.clone().filter(|_| on_claim),
        place: profile.one_place_per_claim.then(|| c.line.place.clone()),
    }
}

fn line_key(c: &Claimable, profile: &ClaimProfile) -> LineKey {
    let on_line = profile.authorization_level == AuthorizationLevel::Line;
    LineKey {
        procedure: c.line.procedure.clone(),
        modifiers: c.line.modifiers.clone(),
        place: c.line.place.clone(),
        service: c.line.service.clone(),
        unit_charge: c.line.unit_charge,
        unit_rate: c.line.unit_rate,
        authorization: c.authorization.clone().filter(|_| on_line),
    }
}

fn split(key: &ClaimKey, mut visits: Vec<Claimable>, profile: &ClaimProfile) -> Vec<Group> {
    visits.sort_by_key(|c| (c.started_at, c.line.encounter, c.line.ordinal));
    let mut rows: Vec<(LineKey, Vec<Claimable>)> = Vec::new();
    for visit in visits {
        let line_key = line_key(&visit, profile);
        let same = rows.iter_mut().find(|(k, _)| profile.rollup == Rollup::Day && *k == line_key);
        match same {
            Some((_, parts)) => parts.push(visit),
            None => rows.push((line_key, vec![visit])),
        }
    }
    let pointers: Vec<u8> = (1u8..).take(key.diagnoses.len().min(MAX_POINTERS)).collect();
    rows.chunks(MAX_CLAIM_LINES)
        .map(|chunk| Group {
            member: key.member,
            member_number: key.member_number.clone(),
            peer: key.peer,
            contract_version: key.contract_version,
            service_date: key.service_date,
            diagnoses: key.diagnoses.clone(),
            authorization: key.authorization.clone(),
            file_by: chunk
                .iter()
                .flat_map(|(_, visits)| visits.iter().map(|v| v.file_by))
                .min()
                .unwrap_or(key.service_date),
            lines: chunk.iter().map(|(k, visits)| line(k, visits, &pointers)).collect(),
        })
        .collect()
}

fn line(key: &LineKey, visits: &[Claimable], pointers: &[u8]) -> GroupLine {
    let weights: Vec<u32> = visits.iter().map(|v| v.line.units).collect();
    let units: u32 = weights.iter().fold(0, |sum, w| sum.saturating_add(*w));
    let money = |rate: Option<Decimal>| rate.and_then(|r| Money::of_units(r, units));
    let charge = money(key.unit_charge).unwrap_or_default();
    let expected = money(key.unit_rate).unwrap_or_default().min(charge);
    let shares = charge.split(&weights).into_iter().zip(expected.split(&weights));
    GroupLine {
        service: key.service.clone(),
        procedure: key.procedure.clone(),
        modifiers: key.modifiers.clone(),
        place: key.place.clone(),
        pointers: pointers.to_vec(),
        authorization: key.authorization.clone(),
        units,
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

#[cfg(test)]
#[path = "grouping_tests.rs"]
mod tests;
