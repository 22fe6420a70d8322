//! What a report refuses to be asked, before anything is read.

use super::frame::{Asked, MAX_DAYS};
use super::registry::Definition;
use crate::domain::dates::Span;
use crate::domain::enrollment::Month;
use crate::error::{AppError, Code};

/// Refuses what cannot be answered rightly.
pub(super) fn look(definition: &Definition, asked: &Asked) -> Result<(), AppError> {
    let refuse = |detail: &str| Err(AppError::new(Code::InvalidParameter, detail.to_owned()));
    let days = (asked.to - asked.from).num_days();
    if !(0..=MAX_DAYS).contains(&days) {
        return refuse("The period runs from a day to the same or a later one, ten years at most.");
    }
    if !definition.bases.contains(&asked.basis) {
        return refuse("Parameter basis: this report is read by service date only.");
    }
    if asked.convention.is_some() && !definition.parameters.contains(&"convention") {
        return refuse("Parameter convention: it is for rates; this report has no member-months.");
    }
    if !asked.group_by.is_empty() && !definition.parameters.contains(&"group_by") {
        return refuse(
            "Parameter group_by: it is for utilization; this report has rows of its own.",
        );
    }
    if definition.parameters.contains(&"convention") {
        let span = Span::new(asked.from, Some(asked.to)).ok();
        if asked.lens.payer.is_none() || span.and_then(Month::all).is_none() {
            return refuse(
                "Rates are of one payer's members (name the payer) and of whole months.",
            );
        }
    }
    if asked.as_of.is_some() && !definition.has_past() {
        return refuse("Parameter as_of: this report is made of the present only.");
    }
    if asked.since.is_some() != definition.parameters.contains(&"since") {
        return refuse("Parameter since: movement needs it, the other reports do not know it.");
    }
    Ok(())
}
