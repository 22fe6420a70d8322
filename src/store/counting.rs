//! Which of a claim and its replacement counts, as conditions of SQL: the replacement once it is released,
//! the first claim until then, since the payer has that one (`docs/adr/0067-a-correction-is-prepared-built-
//! and-taken.md`; definitions, section 7). Every report asks these and no others. `c` names the claim, `e`
//! the visit.

/// Whether claim `c` counts for its lines: not once its replacement is released, and a void never does.
/// Until then the payer has the first claim, whatever is being built here (`docs/adr/0067-…`).
pub(super) const COUNTS: &str = "NOT EXISTS (SELECT 1 FROM claim_changes r JOIN claims n \
     ON n.organization_id = r.organization_id AND n.id = r.built_claim_id \
     WHERE r.organization_id = c.organization_id AND r.claim_id = c.id AND r.kind = 'replacement' \
     AND r.state = 'built' AND n.status <> 'batched') \
     AND NOT EXISTS (SELECT 1 FROM claim_changes v WHERE v.organization_id = c.organization_id \
     AND v.built_claim_id = c.id AND v.kind = 'void')";

/// Whether the payer still has claim `c` though its lines are let go: its replacement is built, not released.
pub(super) const KEPT: &str = "EXISTS (SELECT 1 FROM claim_changes r JOIN claims n \
     ON n.organization_id = r.organization_id AND n.id = r.built_claim_id \
     WHERE r.organization_id = c.organization_id AND r.claim_id = c.id \
     AND r.kind = 'replacement' AND r.state = 'built' AND n.status = 'batched')";

/// Whether visit `e` counts as the first claim states it: its replacement is built and not released.
pub(super) const STANDS: &str = "EXISTS (SELECT 1 FROM claim_line_parts q \
     JOIN claim_lines j ON j.organization_id = q.organization_id AND j.id = q.claim_line_id \
     JOIN claim_changes r ON r.organization_id = j.organization_id AND r.claim_id = j.claim_id \
     AND r.kind = 'replacement' AND r.state = 'built' \
     JOIN claims n ON n.organization_id = r.organization_id AND n.id = r.built_claim_id \
     AND n.status = 'batched' \
     WHERE q.organization_id = e.organization_id AND q.encounter_id = e.id)";

/// Visits that were moved to or from the day, while the first claim states them on the day before: open
/// replacements are few, and so are these. (SQLite numbers parameters in the order of the text.)
pub(super) const MOVED: &str = "SELECT DISTINCT q.encounter_id AS id, j.service_date = $1 AS here \
     FROM claim_changes r JOIN claims n ON n.organization_id = r.organization_id \
     AND n.id = r.built_claim_id AND n.status = 'batched' \
     JOIN claim_lines j ON j.organization_id = r.organization_id AND j.claim_id = r.claim_id \
     JOIN claim_line_parts q ON q.organization_id = j.organization_id AND q.claim_line_id = j.id \
     JOIN encounters e ON e.organization_id = q.organization_id AND e.id = q.encounter_id \
     WHERE r.organization_id = $2 AND r.is_open AND r.kind = 'replacement' AND r.state = 'built' \
     AND j.service_date <> e.service_date AND (j.service_date = $1 OR e.service_date = $1)";
