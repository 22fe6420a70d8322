//! The claim form: every way in which one payer's 837P differs from another's, as data.
//!
//! Nothing here names a payer. A knob that a pack does not set has the guide's usual value, so that
//! a pack says only what is different.

mod elsewhere;
pub mod kinds;
mod knob;
pub(super) mod own;
mod sections;
mod tables;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::reader::{Reader, Spot};
use super::table::Table;
pub use elsewhere::{companion, elsewhere};
pub use knob::Count;
pub use own::OwnForm;
pub use sections::{ContentForm, FileForm, LinesForm, PartiesForm};

/// A section of knobs.
pub(in crate::domain::contract) trait Section {
    /// The section as JSON Schema.
    fn schema() -> serde_json::Value;
}

/// One knob, for the documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Numbers in the list of variations that this knob answers.
    pub numbers: &'static str,
    /// Path of the key.
    pub key: String,
    /// The default, as it is written in a pack.
    pub default: String,
    /// Where it stands in the guide.
    pub place: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

/// The knobs below `[claim]` that have sections of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimForm {
    /// `[claim.file]`.
    pub file: FileForm,
    /// `[claim.parties]`.
    pub parties: PartiesForm,
    /// `[claim.content]`.
    pub content: ContentForm,
    /// `[claim.lines]`.
    pub lines: LinesForm,
}

impl ClaimForm {
    /// Whether every knob has its default.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Every knob of the sections that a pack may set, in order.
    pub fn rows() -> Vec<Row> {
        let mut rows =
            [FileForm::rows(), PartiesForm::rows(), ContentForm::rows(), LinesForm::rows()]
                .concat();
        rows.retain(|row| {
            let of_pack =
                |(section, key): (&str, &str)| row.key != format!("claim.{section}.{key}");
            own::OF_ONE.into_iter().all(of_pack)
        });
        rows
    }

    /// What one organization's contract makes of this form, or why that cannot be: the key of
    /// `[contract.claim]` and the reason.
    pub(super) fn with(&self, own: &OwnForm) -> Result<Self, Vec<(&'static str, String)>> {
        let mut faults: Vec<(&'static str, String)> = Vec::new();
        let of_provider = |n: &kinds::Number| {
            matches!(n.kind, kinds::NumberKind::Payer | kinds::NumberKind::Location)
        };
        if !own.billing_numbers.iter().all(of_provider) {
            faults.push(("billing_numbers", "billing_numbers are of the kinds G2 and LU".into()));
        }
        let mut form = self.clone();
        own.lay_over(&mut form);
        let parties = &form.parties;
        if parties.billing_id == kinds::ProviderId::PayerNumber
            && parties.billing_numbers.is_empty()
        {
            let message = "billing_id payer_number, which the pack or this contract says, needs a \
                           number in billing_numbers";
            faults.push(("billing_numbers", message.into()));
        }
        if faults.is_empty() { Ok(form) } else { Err(faults) }
    }
}

/// The sections' keys in `[claim]`.
pub(super) const SECTIONS: [&str; 4] = ["file", "parties", "content", "lines"];

/// Reads the sections of `[claim]` and looks at what must agree between them.
pub(super) fn read<'a>(r: &mut Reader, claim: &Table<'a>) -> Option<ClaimForm> {
    let [file, parties, content, lines] = SECTIONS.map(|key| claim.get(key));
    let at = |spot: &Option<Spot<'a>>| spot.clone().unwrap_or_else(|| claim.at.clone());
    let (at_parties, at_content) = (at(&parties), at(&content));
    let at_file = at(&file);
    let at_lines = at(&lines);
    let file = FileForm::read(r, file);
    let parties = PartiesForm::read(r, parties);
    let content = ContentForm::read(r, content);
    let lines = LinesForm::read(r, lines);
    own::refuse_in_pack(r, claim);
    let form = ClaimForm { file: file?, parties: parties?, content: content?, lines: lines? };
    disagreements(&form, |section, message| match section {
        "file" => at_file.refuse(r, message),
        "parties" => at_parties.refuse(r, message),
        "content" => at_content.refuse(r, message),
        _ => at_lines.refuse(r, message),
    });
    Some(form)
}

/// More than the largest claim has in bytes, with all around it: fifty lines of some 1,000 at most, a
/// head of some 10,000, an envelope and a set of some 3,000.
const LARGEST_CLAIM: u32 = 100_000;
/// Most characters of a note (NTE02).
const MAX_NOTE: usize = 80;

/// What one knob demands of another.
fn disagreements(form: &ClaimForm, mut refuse: impl FnMut(&str, &str)) {
    use kinds::{NoteKind, NumberKind};
    let parties = &form.parties;
    let of_payer = |kind: NumberKind| {
        matches!(
            kind,
            NumberKind::PayerId | NumberKind::Ein | NumberKind::Office | NumberKind::Naic
        )
    };
    if parties.payer_numbers.iter().any(|n| !of_payer(n.kind)) {
        refuse("parties", "payer_numbers are of the kinds 2U, EI, FY and NF");
    }
    if parties.group_number.is_some() && parties.group_name.is_some() {
        refuse("parties", "the group has a number or a name here, not both");
    }
    if !form.content.frequencies.contains(&kinds::Frequency::Original) {
        refuse("content", "frequencies needs at least `original`");
    }
    let replaced = form.content.after_rejection == kinds::AfterRejection::Replacement;
    if replaced && !form.content.frequencies.contains(&kinds::Frequency::Replacement) {
        refuse("content", "after_rejection by `replacement` needs that among the frequencies");
    }
    if form.file.bytes_per_file.limit().is_some_and(|bytes| bytes < LARGEST_CLAIM) {
        refuse(
            "file",
            "a file of one claim can have 100000 bytes; bytes_per_file is at least that",
        );
    }
    for (section, notes) in [("content", &form.content.notes), ("lines", &form.lines.notes)] {
        if notes.iter().any(|note| note.longest() > MAX_NOTE) {
            refuse(section, "a note can have more than 80 characters once it is filled in");
        }
    }
    if form.content.notes.iter().any(|note| note.names(&kinds::OF_VISITS)) {
        refuse(
            "content",
            "{start_time}, {end_time}, {mode} and {group_size} are of lines; write the note there",
        );
    }
    if form.content.fixed_format.len() > 10 {
        refuse("content", "fixed_format has at most ten items (K3)");
    }
    let of_claims = |kind| matches!(kind, NoteKind::Certification | NoteKind::Diagnosis);
    if form.lines.notes.iter().any(|n| of_claims(n.kind)) {
        refuse("lines", "notes of lines are of the kinds ADD, DCP and TPO");
    }
}
