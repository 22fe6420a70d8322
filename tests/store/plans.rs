//! How SQLite finds what decisions look at: by the people of a visit, never by reading all visits of
//! their organization.

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use peerclaims::store::migrate;

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = Text)]
    name: String,
}

fn database() -> (tempfile::TempDir, SqliteConnection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plans.db");
    migrate(&format!("sqlite://{}", path.display())).unwrap();
    let conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    (folder, conn)
}

fn plan(conn: &mut SqliteConnection, sql: &str) -> String {
    let steps: Vec<Step> =
        diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(conn).unwrap();
    let details: Vec<String> = steps.into_iter().map(|step| step.detail).collect();
    details.join("\n")
}

/// As many ids as a chunk of an upload may ask for.
fn ids() -> String {
    (1..=500).map(|id| id.to_string()).collect::<Vec<_>>().join(",")
}

#[test]
fn what_a_decision_looks_at_is_found_by_its_people() {
    let (_folder, mut conn) = database();
    let ids = ids();
    let cases = [
        (
            format!(
                "SELECT id FROM encounters WHERE organization_id = 1 AND (member_id IN ({ids}) OR \
                 peer_id IN ({ids})) AND started_at < '2026-02-01' AND ended_at > '2026-01-01' \
                 AND started_at > '2025-12-31' AND status IN ('ready', 'claimed') ORDER BY id"
            ),
            vec!["encounters_by_member", "encounters_by_peer"],
        ),
        (
            format!(
                "SELECT account_id, service, service_date, SUM(reserved + consumed) FROM \
                 unit_entries WHERE organization_id = 1 AND authorization_id IN ({ids}) \
                 GROUP BY account_id, service, service_date"
            ),
            vec!["unit_entries_by_authorization"],
        ),
        (
            format!(
                "SELECT account_id, service, service_date, SUM(reserved + consumed) FROM \
                 unit_entries WHERE organization_id = 1 AND account_id IN ({ids}) AND \
                 service_date BETWEEN '2026-01-01' AND '2026-02-01' \
                 GROUP BY account_id, service, service_date"
            ),
            vec!["unit_entries_by_account"],
        ),
        (
            format!(
                "SELECT id FROM authorizations WHERE organization_id = 1 AND member_id IN ({ids}) \
                 ORDER BY id"
            ),
            vec!["authorizations_by_member"],
        ),
    ];
    for (sql, wanted) in cases {
        let plan = plan(&mut conn, &sql);
        for index in wanted {
            assert!(plan.contains(index), "{index} is not used:\n{plan}");
        }
    }
}

/// A figure about an index that is not there says nothing to the planner.
#[test]
fn what_reports_read_of_a_day_is_found_by_the_day() {
    let (_folder, mut conn) = database();
    // What claims state of a day's visits is found from its visits, and not from all lines of all claims.
    let parts = "SELECT p.encounter_id FROM encounters e \
         JOIN claim_line_parts p ON p.organization_id = e.organization_id AND p.encounter_id = e.id \
         JOIN decision_lines l ON l.organization_id = p.organization_id AND l.id = p.decision_line_id \
         JOIN claim_lines k ON k.organization_id = p.organization_id AND k.id = p.claim_line_id \
         JOIN claims c ON c.organization_id = k.organization_id AND c.id = k.claim_id \
         WHERE e.organization_id = 1 AND e.service_date = '2026-07-01' ORDER BY c.id, k.ordinal";
    let plan_of_parts = plan(&mut conn, parts);
    assert!(
        plan_of_parts.starts_with("SEARCH e USING INDEX encounters_by_date"),
        "{plan_of_parts}"
    );
    let control = "SELECT c.status, SUM(k.units) FROM claim_lines k \
         JOIN claims c ON c.organization_id = k.organization_id AND c.id = k.claim_id \
         WHERE k.organization_id = 1 AND k.service_date = '2026-07-01' GROUP BY c.status";
    let plan_of_control = plan(&mut conn, control);
    let by_day = "SEARCH k USING INDEX claim_lines_by_day (organization_id=? AND service_date=?)";
    assert!(plan_of_control.starts_with(by_day), "{plan_of_control}");
    // A page of a day's claims is found where the one before it ended, and nothing is sorted for it.
    let page = "SELECT c.id FROM claims c WHERE c.organization_id = 1 AND c.service_date = '2026-07-01' \
         AND c.id > 7 AND c.status IN ('submitted', 'accepted') ORDER BY c.id LIMIT 200";
    let plan_of_page = plan(&mut conn, page);
    let by_id =
        "SEARCH c USING INDEX claims_by_date (organization_id=? AND service_date=? AND id>?)";
    assert!(plan_of_page.starts_with(by_id), "{plan_of_page}");
    assert!(!plan_of_page.contains("TEMP B-TREE"), "{plan_of_page}");
}

/// The next members with something to claim are found where those before ended, and no more of them are
/// read than make a part of a batch.
#[test]
fn what_is_ready_is_found_member_by_member() {
    let (_folder, mut conn) = database();
    let next = "SELECT member_id FROM decision_lines WHERE organization_id = 1 AND payer_id = 2 \
         AND decision_lines.status = 'ready' AND service_date <= '2026-07-31' AND member_id > 7 \
         ORDER BY member_id LIMIT 5001";
    let plan_of_next = plan(&mut conn, next);
    let by_member = "USING COVERING INDEX decision_lines_ready (organization_id=? AND payer_id=? \
         AND member_id>?)";
    assert!(plan_of_next.contains(by_member), "{plan_of_next}");
    assert!(!plan_of_next.contains("TEMP B-TREE"), "{plan_of_next}");
    let lines = "SELECT id FROM decision_lines WHERE organization_id = 1 AND payer_id = 2 \
         AND decision_lines.status = 'ready' AND service_date <= '2026-07-31' \
         AND member_id BETWEEN 7 AND 9 ORDER BY service_date, encounter_id, ordinal";
    let plan_of_lines = plan(&mut conn, lines);
    assert!(
        plan_of_lines
            .contains("decision_lines_ready (organization_id=? AND payer_id=? AND member_id"),
        "{plan_of_lines}"
    );
}

#[test]
fn the_planner_is_told_of_indexes_that_are_there() {
    let (_folder, mut conn) = database();
    let unknown: Vec<Index> = diesel::sql_query(
        "SELECT s.tbl || '.' || s.idx AS name FROM sqlite_stat1 s LEFT JOIN sqlite_schema i \
         ON i.type = 'index' AND i.name = s.idx AND i.tbl_name = s.tbl WHERE i.name IS NULL",
    )
    .load(&mut conn)
    .unwrap();
    let unknown: Vec<String> = unknown.into_iter().map(|index| index.name).collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
}

/// An index of which nothing is known looks better than those of which something is.
#[test]
fn of_a_table_that_the_planner_is_told_of_it_is_told_all() {
    let (_folder, mut conn) = database();
    let untold: Vec<Index> = diesel::sql_query(
        "SELECT i.tbl_name || '.' || i.name AS name FROM sqlite_schema i WHERE i.type = 'index' \
         AND EXISTS (SELECT 1 FROM sqlite_stat1 s WHERE s.tbl = i.tbl_name) \
         AND NOT EXISTS (SELECT 1 FROM sqlite_stat1 s WHERE s.idx = i.name)",
    )
    .load(&mut conn)
    .unwrap();
    let untold: Vec<String> = untold.into_iter().map(|index| index.name).collect();
    assert!(untold.is_empty(), "{untold:#?}");
}

/// Of whom the payer was told is found by the member, and not among all claims of the payer.
#[test]
fn who_has_a_number_is_found_by_the_number_and_its_members() {
    let (_folder, mut conn) = database();
    let held = "SELECT member_id FROM coverages WHERE payer_id = 2 AND member_number IN ('A', 'B') \
         AND EXISTS (SELECT 1 FROM claims WHERE claims.organization_id = coverages.organization_id \
         AND claims.member_id = coverages.member_id AND claims.payer_id = coverages.payer_id \
         AND claims.status NOT IN ('batched', 'withdrawn'))";
    let plan_of_held = plan(&mut conn, held);
    for wanted in [
        "SEARCH coverages USING INDEX coverages_by_payer_number (payer_id=? AND member_number=?)",
        "USING INDEX claims_by_member (organization_id=? AND member_id=?)",
    ] {
        assert!(plan_of_held.contains(wanted), "{plan_of_held}");
    }
    let days = "SELECT DISTINCT k.service_date FROM claims c JOIN claim_lines k \
         ON k.organization_id = c.organization_id AND k.claim_id = c.id \
         WHERE c.payer_id = 2 AND c.member_number IN ('A', 'B')";
    let plan_of_days = plan(&mut conn, days);
    assert!(
        plan_of_days
            .contains("c USING INDEX claims_by_payer_number (payer_id=? AND member_number=?)"),
        "{plan_of_days}"
    );
}

/// What is next among marks is found without reading all that wait.
#[test]
fn marks_are_found_by_what_they_are() {
    let (_folder, mut conn) = database();
    let cases = [
        (
            "SELECT * FROM marks WHERE organization_id = 1 AND due_at <= '2026-07-01' AND depth = 0 \
             ORDER BY served_at, id LIMIT 1000",
            "SEARCH marks USING INDEX marks_by_depth (organization_id=? AND depth=?)",
        ),
        (
            "SELECT * FROM marks WHERE organization_id = 1 AND kind IN ('payer', 'organization', '') \
             AND depth = 0 AND tries = 0 AND due_at <= '2026-07-01' \
             AND (after_id IS NOT NULL OR back = 0)",
            "SEARCH marks USING INDEX marks_by_kind (organization_id=? AND kind=?)",
        ),
        (
            "SELECT * FROM marks WHERE organization_id = 1 \
             AND kind IN ('member', 'peer', 'encounter', '')",
            "SEARCH marks USING INDEX marks_by_kind (organization_id=? AND kind=?)",
        ),
    ];
    for (sql, wanted) in cases {
        let plan = plan(&mut conn, sql);
        assert!(plan.starts_with(wanted) && !plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
    }
}
