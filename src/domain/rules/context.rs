//! What every rule of one decision looks at, worked out once.

use chrono::NaiveDate;

use super::choose::choose;
use super::day::{Day, measure};
use super::modifiers::Form;
use super::when::Seen;
use crate::domain::codes::Diagnosis;
use crate::domain::contract::{Service, Terms};
use crate::domain::encounter::{EncounterData, Kind};
use crate::domain::facts::{Facts, How};

/// The encounter with its contract and facts, and what follows from them directly.
#[derive(Debug, Clone)]
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
    /// How its line is to look.
    pub form: Form<'a>,
}

impl<'a> Context<'a> {
    /// Puts together what a decision looks at.
    pub fn new(terms: Option<&'a Terms>, facts: &'a Facts, encounter: &'a EncounterData) -> Self {
        let date = facts.zone.date_of(encounter.started_at);
        let service = terms.and_then(|t| choose(&t.pack, encounter, date));
        let seen = terms.map(|t| seen(t, facts, encounter, date));
        let form = seen.zip(service).map(|(seen, service)| Form::of(&seen, service));
        Self {
            terms,
            facts,
            encounter,
            date,
            minutes: encounter.minutes(),
            service,
            form: form.unwrap_or_default(),
        }
    }

    /// What is asked of the visit, where there is a contract.
    pub fn seen(&self) -> Option<Seen<'a>> {
        self.terms.map(|t| seen(t, self.facts, self.encounter, self.date))
    }

    /// Units of the contact, or of its day where minutes are summed over days; none without a
    /// service.
    pub fn units(&self) -> Option<u32> {
        if let Some(day) = Day::of(self) {
            return Some(day.units());
        }
        self.service.map(|s| measure(s).units(self.minutes))
    }

    /// How the units of the contact are given, as far as limits ask.
    pub fn how(&self) -> How {
        How { modifiers: self.form.modifiers.clone(), mode: self.encounter.mode }
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

fn seen<'a>(
    terms: &'a Terms,
    facts: &'a Facts,
    encounter: &'a EncounterData,
    date: NaiveDate,
) -> Seen<'a> {
    Seen {
        pack: &terms.pack,
        encounter,
        date,
        product: facts.billed.as_ref().and_then(|b| b.data.product.as_ref()),
        certificates: &facts.certificates,
        episodes: &facts.episodes,
    }
}
