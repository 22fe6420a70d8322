//! What a claim must be before any of it is written. pyx12 and many payers' first edits do not see
//! these; a payer's adjudication does, weeks later.

use crate::domain::claim::{Claim, ClaimLine, MAX_CLAIM_LINES};
use crate::domain::contract::{AuthorizationLevel, ClaimProfile};
use crate::domain::money::Money;
use crate::x12::error::{Place, X12Error, X12Fault};
use crate::x12::writer::MAX_AMOUNT;

/// Most diagnoses of a claim (HI repeats twelve times).
const MAX_DIAGNOSES: usize = 12;
/// Most modifiers of a line (SV101-3 to -6).
const MAX_MODIFIERS: usize = 4;
/// Most diagnosis pointers of a line (SV107-1 to -4).
const MAX_POINTERS: usize = 4;
/// Most units of a line: SV104 holds eight digits before the point.
const MAX_UNITS: u32 = 99_999_999;

pub(super) fn claim(claim: &Claim, profile: &ClaimProfile, place: Place) -> Result<(), X12Error> {
    let refuse = |loop_id: &'static str, what: String| {
        let message = format!("claim {}: {what}", claim.number);
        Err(X12Error::new(X12Fault::Content, Place { loop_id, ..place }, message))
    };
    if let Some(what) = whole(claim, profile) {
        return refuse("2300", what);
    }
    for (ordinal, line) in (1..).zip(&claim.lines) {
        if let Some(what) = of_line(line, claim.diagnoses.len(), profile) {
            return refuse("2400", format!("line {ordinal}: {what}"));
        }
    }
    Ok(())
}

fn whole(claim: &Claim, profile: &ClaimProfile) -> Option<String> {
    let (lines, diagnoses) = (claim.lines.len(), claim.diagnoses.len());
    let sum: Money = claim.lines.iter().map(|l| l.charge).sum();
    if !(1..=MAX_CLAIM_LINES).contains(&lines) {
        Some(format!("a claim has 1 to {MAX_CLAIM_LINES} lines, this one has {lines}; split it"))
    } else if !(1..=MAX_DIAGNOSES).contains(&diagnoses) {
        Some(format!("a claim has 1 to {MAX_DIAGNOSES} diagnoses, this one has {diagnoses}"))
    } else if sum != claim.charge {
        Some(format!("the charge {} is not the sum of the lines, {sum}", claim.charge))
    } else if !charge_fits(claim.charge) {
        Some(format!("a charge must be from 0 to {MAX_AMOUNT}"))
    } else if claim.authorization.is_some()
        && profile.authorization_level != AuthorizationLevel::Claim
    {
        Some("the profile sends authorizations with the lines, but the claim has one".to_owned())
    } else {
        None
    }
}

fn of_line(line: &ClaimLine, diagnoses: usize, profile: &ClaimProfile) -> Option<String> {
    let points = |p: &u8| (1..=diagnoses).contains(&usize::from(*p));
    if !(1..=MAX_POINTERS).contains(&line.pointers.len()) {
        Some(format!("a line points to 1 to {MAX_POINTERS} diagnoses"))
    } else if !line.pointers.iter().all(points) {
        Some(format!("a diagnosis pointer must be from 1 to {diagnoses}, the claim's diagnoses"))
    } else if line.modifiers.len() > MAX_MODIFIERS {
        Some(format!("a line has at most {MAX_MODIFIERS} modifiers"))
    } else if !(1..=MAX_UNITS).contains(&line.units) {
        Some(format!("the units must be from 1 to {MAX_UNITS}"))
    } else if !charge_fits(line.charge) {
        Some(format!("a charge must be from 0 to {MAX_AMOUNT}"))
    } else if line.authorization.is_some()
        && profile.authorization_level != AuthorizationLevel::Line
    {
        Some("the profile sends the authorization with the claim, but a line has one".to_owned())
    } else {
        None
    }
}

fn charge_fits(charge: Money) -> bool {
    (Money::ZERO..=MAX_AMOUNT).contains(&charge)
}
