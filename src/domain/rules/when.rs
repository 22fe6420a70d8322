//! Whether something of a pack applies to a visit (`contract::When`).

use chrono::NaiveDate;

use super::peer::good_on;
use crate::domain::codes::Diagnosis;
use crate::domain::contract::{Pack, When};
use crate::domain::encounter::EncounterData;
use crate::domain::facts::{CertificateFact, EpisodeFact};
use crate::domain::identifiers::Key;

/// What is asked of a visit, at hand.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The pack in force.
    pub pack: &'a Pack,
    /// The visit.
    pub encounter: &'a EncounterData,
    /// Its service date.
    pub date: NaiveDate,
    /// The product line of the billed coverage.
    pub product: Option<&'a Key>,
    /// The peer's certificates.
    pub certificates: &'a [CertificateFact],
    /// The member's episodes at the payer.
    pub episodes: &'a [EpisodeFact],
}

impl Seen<'_> {
    /// Whether the visit is all that is asked.
    pub fn is(&self, when: &When) -> bool {
        among(&when.products, self.product) && self.is_else(when)
    }

    /// Whether the visit is all that is asked but for a product line, which nobody knows.
    pub fn hinges_on_product(&self, when: &When) -> bool {
        self.product.is_none() && !when.products.is_empty() && self.is_else(when)
    }

    /// Whether the visit is all that is asked besides the product line.
    fn is_else(&self, when: &When) -> bool {
        let encounter = self.encounter;
        let class = encounter.diagnoses.first().and_then(Diagnosis::class);
        let held = |kind: &Key| {
            self.certificates.iter().any(|c| c.kind == *kind && good_on(self.pack, c, self.date))
        };
        among(&when.diagnosis_classes, class.as_ref())
            && among(&when.programs, encounter.program.as_ref())
            && among(&when.modes, Some(&encounter.mode))
            && among(&when.settings, Some(&encounter.setting))
            && among(&when.roles, Some(&encounter.role))
            && (when.certificates.is_empty() || when.certificates.iter().any(held))
            && in_one_of(&when.episodes, self.episodes, self.date)
            && when.group.is_none_or(|group| group == encounter.group.is_some())
            && when.member_present.is_none_or(|there| there != encounter.member_absent)
    }
}

/// Whether nothing is asked for, or one of the episodes is of a kind that is and covers the day.
pub fn in_one_of(kinds: &[Key], episodes: &[EpisodeFact], day: NaiveDate) -> bool {
    let covers = |e: &EpisodeFact| kinds.contains(&e.kind) && e.span.covers(day);
    kinds.is_empty() || episodes.iter().any(covers)
}

/// Whether a list asks for nothing or has the value.
fn among<T: PartialEq>(list: &[T], value: Option<&T>) -> bool {
    list.is_empty() || value.is_some_and(|value| list.contains(value))
}
