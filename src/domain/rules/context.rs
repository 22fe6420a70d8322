//! What every rule of one decision looks at, worked out once.

use chrono::NaiveDate;

use super::choose::choose;
use super::day::Day;
use super::lines::modifiers_of;
use crate::domain::codes::Diagnosis;
use crate::domain::contract::{Service, Terms};
use crate::domain::encounter::{EncounterData, Kind};
use crate::domain::facts::{Facts, How};
use crate::domain::units::units;

/// The encounter with its contract and facts, and what follows from them directly.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The terms in force, if any.
    pub terms: Option<&'a Terms>,
    /// The facts.
    pub facts: &'a Facts,
    /// The encounter.
    pub encounter: &'a EncounterData,
    /// The service date: the local date of the start.
    pub date: NaiveDate,
    /// Whole minutes of the contact.
    pub minutes: u32,
    /// The service of the contract that the encounter is.
    pub service: Option<&'a Service>,
}

impl<'a> Context<'a> {
    /// Puts together what a decision looks at.
    pub fn new(terms: Option<&'a Terms>, facts: &'a Facts, encounter: &'a EncounterData) -> Self {
        Self {
            terms,
            facts,
            encounter,
            date: facts.zone.date_of(encounter.started_at),
            minutes: encounter.minutes(),
            service: terms.and_then(|t| choose(&t.pack, encounter)),
        }
    }

    /// Units of the contact, or of its day where minutes are summed over days; none without a
    /// service.
    pub fn units(&self) -> Option<u32> {
        if let Some(day) = Day::of(self) {
            return Some(day.units());
        }
        self.service.map(|s| units(self.minutes, s.unit_minutes, s.rounding))
    }

    /// How the units of the contact are given, as far as limits ask.
    pub fn how(&self, service: &Service) -> How {
        how(self.encounter, service)
    }

    /// The principal diagnosis.
    pub fn principal(&self) -> Option<&'a Diagnosis> {
        self.encounter.diagnoses.first()
    }

    /// The JSON pointer of what was done: the activity or the service.
    pub fn kind_field(&self) -> &'static str {
        match self.encounter.kind {
            Kind::Activity(_) => "/activity",
            Kind::Service(_) => "/service",
        }
    }
}

/// How the units of a visit are given, as far as limits ask.
pub fn how(encounter: &EncounterData, service: &Service) -> How {
    How { modifiers: modifiers_of(encounter, service), mode: encounter.mode }
}
