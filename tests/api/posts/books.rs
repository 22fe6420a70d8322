//! What the books say after posts, and what a recount of them says.

use std::collections::BTreeMap;

use crate::app::TestApp;

/// Sums and counts that do not depend on ids.
pub(super) fn books(app: &TestApp) -> BTreeMap<String, i64> {
    let mut books = BTreeMap::new();
    let queries = [
        (
            "status",
            "SELECT e.reference || ' ' || e.status AS name, CAST(COUNT(*) AS BIGINT) AS value FROM encounters e GROUP BY e.reference, e.status",
        ),
        (
            "units",
            "SELECT e.reference || ' ' || l.status AS name, CAST(SUM(l.units) AS BIGINT) AS value FROM decision_lines l JOIN encounters e ON e.organization_id = l.organization_id AND e.id = l.encounter_id WHERE l.status <> 'superseded' GROUP BY e.reference, l.status",
        ),
        (
            "held",
            "SELECT e.reference || ' ' || u.service AS name, CAST(SUM(u.reserved) AS BIGINT) AS value FROM unit_entries u JOIN encounters e ON e.organization_id = u.organization_id AND e.id = u.encounter_id GROUP BY e.reference, u.service HAVING SUM(u.reserved) <> 0",
        ),
        (
            "trail",
            "SELECT action AS name, CAST(COUNT(*) AS BIGINT) AS value FROM audit_entries WHERE action LIKE 'encounter%' GROUP BY action",
        ),
        (
            "sessions",
            "SELECT s.reference || ' ' || CAST(s.size AS TEXT) AS name, CAST(COUNT(*) AS BIGINT) AS value FROM sessions s GROUP BY s.reference, s.size",
        ),
    ];
    for (what, sql) in queries {
        for (name, value) in app.database.table(sql) {
            books.insert(format!("{what} {name}"), value);
        }
    }
    books
}

fn none(app: &TestApp, what: &str, sql: &str) {
    assert_eq!(app.database.number(&format!("SELECT COUNT(*) FROM ({sql}) x")), 0, "{what}");
}

/// The ledger against a recount of the lines.
pub fn recounted(app: &TestApp) {
    none(
        app,
        "a line's holding is what its status says",
        "SELECT l.id FROM decision_lines l LEFT JOIN unit_entries u \
         ON u.organization_id = l.organization_id AND u.line_id = l.id GROUP BY l.id, l.status, \
         l.units HAVING COALESCE(SUM(u.reserved), 0) <> \
         CASE WHEN l.status = 'ready' THEN l.units ELSE 0 END",
    );
    none(
        app,
        "each reference once",
        "SELECT reference FROM encounters GROUP BY reference HAVING COUNT(*) > 1",
    );
}

/// No member of `evergreen` has more than its free units.
pub(super) fn within_the_year(app: &TestApp) {
    none(
        app,
        "no more than 24 free units a year",
        "SELECT account_id FROM unit_entries WHERE service IS NOT NULL AND \
         authorization_id IS NULL GROUP BY account_id HAVING SUM(reserved + consumed) > 24",
    );
}
