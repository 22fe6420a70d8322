//! Reads `[documentation]`: documents that must exist before a claim.

use super::facets::OF_DOCUMENTATION;
use super::known::Known;
use super::layer::weigh_layer;
use super::model::Documentation;
use super::read_layer::{Kind, read_layer};
use super::reader::{Reader, Spot};
use super::source_of::{self, read_source_of, weigh};

/// Keys of `[documentation]`.
pub(super) const KEYS: &[&str] = &["signed_note", "plan_goal", "layer", "source", source_of::KEY];

/// Documents before a claim.
pub(super) fn read_documentation<'a>(
    r: &mut Reader,
    at: &Spot<'a>,
    known: &mut Known<'a>,
) -> Option<Documentation> {
    let table = at.table(r, KEYS)?;
    let signed_note = table.known_flag(r, "signed_note", true);
    let plan_goal = table.known_flag(r, "plan_goal", false);
    let source = known.cited(r, &table);
    let source_of = read_source_of(r, &table, known)?;
    if signed_note == Some(false) {
        weigh(r, &table, source.as_ref(), &source_of, &["signed_note"]);
    }
    let mut documentation = Documentation {
        signed_note: signed_note?,
        plan_goal: plan_goal?,
        layer: None,
        source: source?,
        source_of,
    };
    let kind = Kind { keys: OF_DOCUMENTATION, added: None, within: None };
    documentation.layer = read_layer(r, &table, known, &documentation.facets(), kind)?;
    weigh_layer(r, &table, &documentation.source_of, documentation.layer.as_ref());
    Some(documentation)
}
