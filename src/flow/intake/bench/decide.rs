//! Decisions on the bench: each sees what those before it in the chunk drew.

use super::{Bench, Case};
use crate::domain::dates::Instant;
use crate::domain::decision::Decision;
use crate::domain::encounter::{Encounter, EncounterData};
use crate::domain::kept::Kept;
use crate::domain::rules;
use crate::error::AppError;

impl Bench {
    /// Decides an encounter with the facts as they stand on the bench now. Limits that the payer
    /// counts across organizations are asked last, for the units that would be billed; what they
    /// refuse becomes a fact, and nothing else that others gave.
    pub fn decide(
        &self,
        encounter: &EncounterData,
        as_of: Instant,
    ) -> Result<(Case, Decision), AppError> {
        let case = self.case(encounter, as_of)?;
        Ok(self.judge(encounter, case))
    }

    /// [`Self::decide`] of an encounter that is decided again as it is, with what it holds by the decision that
    /// stands, as far as the same member is billed to the same payer.
    pub fn decide_again(
        &self,
        encounter: &Encounter,
        stands: &Decision,
        as_of: Instant,
    ) -> Result<(Case, Decision), AppError> {
        let mut case = self.case(&encounter.data, as_of)?;
        // Under another number as well: a payer counts the person.
        let same = case.facts.billed.as_ref().map(|b| b.data.payer) == encounter.payer;
        if same && encounter.voided_at.is_none() {
            case.facts.kept = Kept::of(stands);
        }
        Ok(self.judge(&encounter.data, case))
    }

    /// The decision about a case of this bench.
    pub fn judge(&self, encounter: &EncounterData, mut case: Case) -> (Case, Decision) {
        let decision = rules::decide(case.terms.as_deref(), &case.facts, encounter);
        let Some(terms) = case.terms.clone().filter(|_| case.shared.is_some()) else {
            return (case, decision);
        };
        let counted = self.visit(encounter).map(|v| v.counted_shared).unwrap_or_default();
        let usage = self.drawn.shared(&counted);
        case.facts.full = rules::unfit(&terms, &case.facts, encounter, &decision, &usage);
        if case.facts.full.is_empty() {
            return (case, decision);
        }
        let decision = rules::decide(Some(&terms), &case.facts, encounter);
        (case, decision)
    }
}
