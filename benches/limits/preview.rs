//! Previews over HTTP with a full ledger: how long a client waits for what the rules would say when
//! the ledger has millions of entries, beside the bare read of one account's entries.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use peerclaims::domain::ids::OrganizationId;
use peerclaims::store::{Conn, Scope, StoreError};
use peerclaims::synth::Form;

use crate::Asked;
use crate::inside;
use crate::send::{file_of, months};
use crate::server::{Server, tenant};
use crate::show::{grouped, millis, percentile};
use crate::world::World;

/// Encounters of the year behind the ledger, of which half a year is recorded.
const YEAR: u64 = 20_000;
const RECORDED: u32 = 6;
/// Previews that are asked for; the first ones only make the process warm.
const ASKED: usize = 2_000;
const WARM: usize = 100;

pub fn measure(asked: &Asked) {
    println!(
        "| database | entries in the ledger | previews | inside, median | p99 | limit | client, median \
         | p99 | bare read, median | p99 |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for backend in &asked.on {
        let world = World::with_form(*backend, YEAR, Form::NdJson);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (entries, [mut times, mut inside, mut bare]) =
            runtime.block_on(previews(&world, asked.entries));
        println!(
            "| {} | {} | {} | {} | {} | 3 ms | {} | {} | {} | {} |",
            backend.name(),
            grouped(entries),
            grouped(u64::try_from(times.len()).unwrap()),
            millis(percentile(&mut inside, 50)),
            millis(percentile(&mut inside, 99)),
            millis(percentile(&mut times, 50)),
            millis(percentile(&mut times, 99)),
            millis(percentile(&mut bare, 50)),
            millis(percentile(&mut bare, 99)),
        );
    }
}

/// Entries in the ledger; what the client waited, what it took inside the service, and bare reads.
async fn previews(world: &World, wanted: u64) -> (u64, [Vec<Duration>; 3]) {
    let copy = world.copy("full");
    let folders = world.organizations();
    // The first half of the year is recorded; then its entries are copied to more and more accounts.
    months(&copy.url, world.year, &folders, RECORDED).await;
    let server = Server::start(&copy.url, world.year, RECORDED + 1, &folders[0]).await;
    let tenant = tenant(&server.ctx, &folders[0]).await;
    let fill = move |conn: &mut Conn| fill(conn, tenant, wanted);
    let count = server.ctx.db.write(Scope::Tenant(tenant), fill).await.unwrap();
    rest(&copy.url);
    let text = std::fs::read_to_string(file_of(&folders[0], world.year, RECORDED + 1)).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let (mut times, mut alone) = (Vec::new(), Vec::new());
    inside::listen();
    for (nth, body) in text.lines().cycle().take(WARM + ASKED).enumerate() {
        let request = client.post(format!("{}/v1/decisions/preview", server.url));
        let request = request.bearer_auth(&server.key).header("Content-Type", "application/json");
        let request = request.body(body.to_owned());
        let begun = Instant::now();
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        let time = begun.elapsed();
        assert_eq!(status, 200, "{text}");
        let read = move |conn: &mut Conn| entries(conn, tenant, nth % ASKED);
        let begun = Instant::now();
        server.ctx.db.read(Scope::Tenant(tenant), read).await.unwrap();
        if nth >= WARM {
            alone.push(begun.elapsed());
            times.push(time);
        }
    }
    let inside = inside::take().split_off(WARM);
    assert_eq!(inside.len(), times.len());
    server.stop().await;
    (count, [times, inside, alone])
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn number(conn: &mut Conn, sql: &str) -> Result<i64, StoreError> {
    Ok(diesel::sql_query(sql).get_result::<Number>(conn)?.number)
}

fn run(conn: &mut Conn, sql: &str) -> Result<usize, StoreError> {
    Ok(diesel::sql_query(sql).execute(conn)?)
}

/// Adds accounts with the entries of those that are there, as other members would have them, until
/// there are `wanted` entries.
fn fill(conn: &mut Conn, tenant: OrganizationId, wanted: u64) -> Result<u64, StoreError> {
    let tenant = tenant.as_i64();
    if let Conn::Postgres(_) = conn {
        // The rows that copies point at are there: their accounts are copied first.
        run(conn, "SET LOCAL session_replication_role = replica")?;
    }
    let wanted = i64::try_from(wanted).unwrap_or(i64::MAX);
    loop {
        let there = number(conn, "SELECT COUNT(*) AS number FROM unit_entries")?;
        if there >= wanted {
            return Ok(u64::try_from(there).unwrap_or_default());
        }
        let lowest =
            "(SELECT MIN(id) AS id FROM accounts UNION ALL SELECT MIN(id) FROM unit_entries)";
        let highest =
            "(SELECT MAX(id) AS id FROM accounts UNION ALL SELECT MAX(id) FROM unit_entries)";
        let above = number(
            conn,
            &format!(
                "SELECT (SELECT MAX(id) FROM {highest} h) - (SELECT MIN(id) FROM {lowest} l) + 1 \
                 AS number"
            ),
        )?;
        run(
            conn,
            &format!(
                "INSERT INTO accounts (organization_id, id, key) SELECT organization_id, \
                 id + {above}, key || '+{above}' FROM accounts WHERE organization_id = {tenant}"
            ),
        )?;
        let copied = run(
            conn,
            &format!(
                "INSERT INTO unit_entries (organization_id, id, account_id, kind, encounter_id, \
                 line_id, service, service_date, authorization_id, payer_id, peer_id, modifiers, \
                 mode, granted, reserved, consumed, recorded_at) SELECT organization_id, \
                 id + {above}, account_id + {above}, kind, encounter_id, line_id, service, \
                 service_date, NULL, payer_id, NULL, modifiers, mode, granted, reserved, consumed, \
                 recorded_at FROM unit_entries WHERE organization_id = {tenant} ORDER BY id \
                 LIMIT {}",
                wanted - there
            ),
        )?;
        assert!(copied > 0, "there is something to copy");
    }
}

/// What a database does about rows by and by, done at once: a ledger that is this large has been so for a while,
/// and was not filled a moment ago.
fn rest(url: &str) {
    if let Some(path) = url.strip_prefix("sqlite://") {
        let mut conn = SqliteConnection::establish(path).unwrap();
        conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    } else {
        let mut conn = PgConnection::establish(url).unwrap();
        conn.batch_execute("VACUUM ANALYZE").unwrap();
        conn.batch_execute("CHECKPOINT").unwrap();
    }
}

/// The entries of one account, and nothing else.
fn entries(conn: &mut Conn, tenant: OrganizationId, nth: usize) -> Result<i64, StoreError> {
    let tenant = tenant.as_i64();
    number(
        conn,
        &format!(
            "SELECT CAST(COALESCE(SUM(reserved + consumed), 0) AS BIGINT) AS number \
             FROM unit_entries WHERE organization_id = {tenant} AND account_id = \
             (SELECT id FROM accounts WHERE organization_id = {tenant} ORDER BY id LIMIT 1 \
             OFFSET {nth})"
        ),
    )
}
