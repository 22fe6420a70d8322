//! What must add up before a claim of an 835 is written (`docs/definitions.md` section 6).

use super::remit_835::{PaidClaim, PaidLine, PayAdjustment};
use crate::domain::money::Money;
use crate::x12::error::{Place, X12Error, X12Fault};

/// Most modifiers of a procedure.
const MAX_MODIFIERS: usize = 4;

/// Refuses a claim that does not balance, or that no reader could take.
pub(super) fn claim(claim: &PaidClaim, place: Place) -> Result<(), X12Error> {
    let refuse = |message: &str| Err(X12Error::new(X12Fault::Content, place, message));
    if claim.lines.iter().any(|l| l.charge - sum(&l.adjustments) != l.paid) {
        return refuse("SVC02 less its CAS must be SVC03 on every line");
    }
    let charges: Money = claim.lines.iter().map(|l| l.charge).sum();
    if !claim.lines.is_empty() && charges != claim.charge {
        return refuse("the lines' SVC02 must add up to CLP03");
    }
    let of_lines: Money = claim.lines.iter().map(|l| sum(&l.adjustments)).sum();
    if claim.charge - sum(&claim.adjustments) - of_lines != claim.paid {
        return refuse("CLP03 less all CAS of the claim and its lines must be CLP04");
    }
    let too_many = |l: &PaidLine| l.modifiers.len() > MAX_MODIFIERS;
    if claim.lines.iter().any(too_many) {
        return refuse("a procedure has at most four modifiers");
    }
    Ok(())
}

fn sum(adjustments: &[PayAdjustment]) -> Money {
    adjustments.iter().map(|a| a.amount).sum()
}
