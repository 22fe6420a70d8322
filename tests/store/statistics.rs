//! PostgreSQL's planner hears of tables that have grown, and of no others.

use diesel::RunQueryDsl;
use peerclaims::store::{Conn, Db, Scope, StoreError, statistics};

use crate::database::Database;

/// Gives an organization accounts, from one number to another, and renews figures; whose were renewed.
async fn grow(db: &Db, from: u32, to: u32) -> Vec<String> {
    let work = move |conn: &mut Conn| -> Result<Vec<String>, StoreError> {
        let organization = "INSERT INTO organizations (id, key, name, mode, npi, ein, taxonomy, zone, part2, \
             contact_name, contact_phone, revision, created_at, updated_at) VALUES (1, 'o', 'O', 'test', \
             '1234567893', '123456789', '251S00000X', 'UTC', 'not_program', 'A', '5095550100', 1, now(), now()) \
             ON CONFLICT DO NOTHING";
        diesel::sql_query(organization).execute(conn)?;
        let accounts = format!(
            "INSERT INTO accounts (organization_id, id, key) \
             SELECT 1, n, 'member ' || n FROM generate_series({from}, {to}) AS n"
        );
        diesel::sql_query(accounts).execute(conn)?;
        statistics::renew(conn)
    };
    db.write(Scope::Service, work).await.unwrap()
}

#[tokio::test]
async fn the_planner_hears_of_tables_that_have_grown_and_of_no_others() {
    let Some(database) = Database::postgres() else { return };
    let db = Db::open(&database.url(), 1).unwrap();
    assert_eq!(grow(&db, 1, 500).await, ["accounts"]);
    // A few more change nothing.
    assert_eq!(grow(&db, 501, 520).await, Vec::<String>::new());
    assert_eq!(grow(&db, 521, 2_000).await, ["accounts"]);
}

#[tokio::test]
async fn sqlite_has_fixed_figures() {
    let database = Database::sqlite();
    let db = Db::open(&database.url(), 1).unwrap();
    let renew = |conn: &mut Conn| statistics::renew(conn);
    assert_eq!(db.write(Scope::Service, renew).await.unwrap(), Vec::<String>::new());
}
