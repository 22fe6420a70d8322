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
