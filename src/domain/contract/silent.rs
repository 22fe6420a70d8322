//! What a pack does not say, so that the usual value holds: its retelling must not cite a source for that.
//!
//! It is known where the file is read and is no part of the terms.

use super::reader::Spot;
use super::table::Table;

/// Keys of a service that may be left out, with what their sentences speak of. Whoever writes no `group`
/// says by that that it is given to one member at a time.
const OF_SERVICE: &[(&str, &str)] = &[
    ("roles", "roles"),
    ("certificates", "certificates"),
    ("sum_over", "sum_over"),
    ("diagnosis_classes", "diagnosis"),
];
/// The same of `[documentation]`.
const OF_DOCUMENTATION: &[(&str, &str)] =
    &[("signed_note", "signed_note"), ("plan_goal", "plan_goal")];
/// The same of `[claim]`. The delimiters stand with the line breaks.
const OF_CLAIM: &[(&str, &str)] = &[
    ("acknowledgment_requested", "acknowledgment_requested"),
    ("delimiters", "delimiters"),
    ("max_claims_per_set", "max_claims_per_set"),
    ("billing_taxonomy", "billing_taxonomy"),
    ("rendering", "rendering"),
    ("rendering_taxonomy", "rendering_taxonomy"),
    ("authorization_level", "authorization_level"),
    ("rollup", "rollup"),
    ("one_place_per_claim", "one_place_per_claim"),
    ("period", "period"),
];

/// Sentences that tell a usual value, by part and by what they speak of. Two packs that differ in nothing
/// else are the same.
#[derive(Debug, Clone, Default)]
pub struct Silent(pub(super) Vec<(String, &'static str)>);

impl PartialEq for Silent {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Silent {}

/// What the document leaves out.
pub(super) fn read_silent(root: &Table<'_>, services: &[Spot<'_>]) -> Silent {
    let mut silent = Vec::new();
    let mut look = |part: &str, at: &Spot<'_>, keys: &[(&str, &'static str)]| {
        let said = |key: &str| at.inner(key).is_some();
        // One sentence speaks of delimiters and line breaks.
        let left_out = keys
            .iter()
            .filter(|(key, _)| !said(key) && (*key != "delimiters" || !said("line_breaks")));
        silent.extend(left_out.map(|(_, about)| (part.to_owned(), *about)));
    };
    for at in services {
        if let Some(super::node::Value::Text(key)) = at.inner("key").map(|spot| &spot.node.value) {
            look(&format!("Service {key}"), at, OF_SERVICE);
        }
    }
    for (name, part, keys) in
        [("documentation", "Documents", OF_DOCUMENTATION), ("claim", "Claims", OF_CLAIM)]
    {
        if let Some(at) = root.get(name) {
            look(part, &at, keys);
        }
    }
    Silent(silent)
}
