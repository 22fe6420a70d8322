//! What the books say after a kill, and what a recount of them says.

use crate::app::TestApp;

/// The ledger against a recount of the lines, and the claims against the lines.
pub(super) fn hold(app: &TestApp) {
    let none = |what: &str, sql: &str| {
        assert_eq!(app.database.number(&format!("SELECT COUNT(*) FROM ({sql}) x")), 0, "{what}");
    };
    none(
        "a line's holding is what its status says",
        "SELECT l.id FROM decision_lines l LEFT JOIN unit_entries u \
         ON u.organization_id = l.organization_id AND u.line_id = l.id \
         GROUP BY l.id, l.status, l.units HAVING \
         COALESCE(SUM(u.reserved), 0) <> \
            CASE WHEN l.status IN ('ready', 'claimed') THEN l.units ELSE 0 END \
         OR COALESCE(SUM(u.consumed), 0) <> \
            CASE WHEN l.status = 'submitted' THEN l.units ELSE 0 END",
    );
    none(
        "and on the shared ledger: released units are held there as before",
        "SELECT l.id FROM decision_lines l LEFT JOIN shared_entries s \
         ON s.organization_id = l.organization_id AND s.line_id = l.id \
         GROUP BY l.id, l.status, l.units HAVING COALESCE(SUM(s.units), 0) <> \
         CASE WHEN l.status IN ('ready', 'claimed', 'submitted') THEN l.units ELSE 0 END",
    );
    none(
        "a claimed line is on one live claim, and no other is on any",
        "SELECT l.id FROM decision_lines l LEFT JOIN claim_line_parts p \
         ON p.organization_id = l.organization_id AND p.decision_line_id = l.id AND p.live \
         GROUP BY l.id, l.status HAVING COUNT(p.decision_line_id) <> \
         CASE WHEN l.status IN ('claimed', 'submitted') THEN 1 ELSE 0 END",
    );
    none(
        "the decisions of a visit are numbered without a gap, and the last one counts",
        "SELECT e.id FROM encounters e JOIN decisions d \
         ON d.organization_id = e.organization_id AND d.encounter_id = e.id \
         GROUP BY e.id, e.decision_sequence HAVING MAX(d.sequence) <> e.decision_sequence \
         OR COUNT(*) <> e.decision_sequence",
    );
    let changes = "SELECT COALESCE(MAX(number), 0) - COUNT(*) FROM decision_changes";
    assert_eq!(app.database.number(changes), 0, "the feed of changes has a gap");
}
