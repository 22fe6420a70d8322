//! What waits for whom on PostgreSQL: writers held at a chosen point by a connection of the test.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use peerclaims::domain::identifiers::MemberNumber;
use peerclaims::domain::ids::{AccountId, MemberId, OrganizationId, PayerId};
use peerclaims::domain::ledger::AccountKey;
use peerclaims::store::{Scope, StoreError, ledger};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::reference_samples::pointers;
use crate::world::{self, World};

/// Long enough for a writer to reach the lock that it waits for.
const REACHED: Duration = Duration::from_millis(700);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_of_a_large_chunk_are_all_made_before_any_is_locked() {
    let Some(app) = TestApp::postgres().await else { return };
    let organization = OrganizationId::from_i64(app.insert_organization("wide"));
    let member = |n: i64| AccountKey::member(MemberId::from_i64(n));
    let unit = AccountKey::payer_member(PayerId::from_i64(1), &MemberNumber::parse("M1").unwrap());
    let keys: BTreeMap<AccountKey, AccountId> =
        (1..=600).map(member).chain([unit.clone()]).map(|key| (key, app.ctx.id())).collect();
    // A member whom the other writer bills for the first time under this number.
    let known = BTreeMap::from([(member(1), app.ctx.id())]);
    let scope = Scope::Tenant(organization);
    let db = app.ctx.db.clone();
    let lock = move |keys: BTreeMap<AccountKey, AccountId>| {
        let db = db.clone();
        async move { db.write(scope, move |c| ledger::lock_accounts(c, organization, &keys)).await }
    };
    lock(known).await.unwrap();
    let mut other = PgConnection::establish(&app.database.url()).unwrap();
    other
        .batch_execute(&format!(
            "BEGIN; SET LOCAL lock_timeout = '5s'; INSERT INTO accounts (organization_id, id, key) \
         VALUES ({}, 1, '{unit}')",
            organization.as_i64()
        ))
        .unwrap();
    let large = tokio::spawn(lock(keys));
    tokio::time::sleep(REACHED).await;
    // The large writer waits for the unit's account; it holds nothing that this one wants.
    let other = tokio::task::spawn_blocking(move || {
        other.batch_execute(&format!(
            "SELECT id FROM accounts WHERE key = '{}' FOR UPDATE; COMMIT",
            member(1)
        ))
    });
    other.await.unwrap().unwrap();
    let found: Result<BTreeMap<AccountKey, AccountId>, StoreError> = large.await.unwrap();
    assert_eq!(found.unwrap().len(), 601);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_does_not_change_under_a_visit_that_is_being_decided() {
    let Some(app) = TestApp::postgres().await else { return };
    let w = world::river_bend(&app, 1).await;
    let mut grant = json!({
        "member": w.members[0], "payer": "evergreen", "number": "PA-77", "units": 12,
        "from": "2026-07-01", "to": "2026-12-31",
    });
    let id = world::authorization(&app, &w.admin, "river-bend", &grant).await;
    let body = world::visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
    let path = format!("/v1/authorizations/{id}?organization=river-bend");
    let etag = app.get(&path, &w.admin).await.header("etag").to_owned();
    // A visit that is being decided holds the time of its member, and has read the grant of 12.
    let mut other = PgConnection::establish(&app.database.url()).unwrap();
    other
        .batch_execute(&format!(
            "BEGIN; SELECT id FROM accounts WHERE key = 'time:{}' FOR UPDATE",
            w.members[0]
        ))
        .unwrap();
    grant["units"] = json!(1);
    let (app, admin) = (std::sync::Arc::new(app), w.admin.clone());
    let work = std::sync::Arc::clone(&app);
    let change =
        tokio::spawn(async move { work.put(&path, &admin, &etag, &grant).await.expect(200) });
    tokio::time::sleep(REACHED).await;
    assert!(!change.is_finished(), "the grant shrank beside a visit that draws on it");
    other.batch_execute("COMMIT").unwrap();
    change.await.unwrap();
}

/// River Bend with a location `annex`; its path, and its body without that location.
async fn with_an_annex(app: &TestApp) -> (World, String, Value) {
    let w = world::river_bend(app, 1).await;
    let list = app.get("/v1/organizations?key=river-bend", &w.admin).await.expect(200);
    let mut home = list["items"][0].clone();
    let path = format!("/v1/organizations/{}", world::id(&home));
    home.as_object_mut().unwrap().remove("id");
    home["locations"][0].as_object_mut().unwrap().remove("id");
    app.database.execute(
        "INSERT INTO locations (organization_id, id, key, name, npi, line1, line2, city, state, zip) \
         SELECT organization_id, 1, 'annex', name, npi, line1, line2, city, state, zip FROM locations",
    );
    (w, path, home)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_location_does_not_go_while_a_program_is_put_there() {
    let Some(app) = TestApp::postgres().await else { return };
    let (w, path, home) = with_an_annex(&app).await;
    // A program that is being made, as `programs::create` makes it.
    let mut other = PgConnection::establish(&app.database.url()).unwrap();
    other
        .batch_execute(
            "BEGIN; SELECT id FROM organizations FOR NO KEY UPDATE; \
             INSERT INTO programs (organization_id, id, key, name, kind, valid_from, revision, created_at, \
             updated_at, location) SELECT id, 1, 'house', 'House', 'site', DATE '2026-01-01', 1, created_at, \
             updated_at, 'annex' FROM organizations",
        )
        .unwrap();
    let app = std::sync::Arc::new(app);
    let work = std::sync::Arc::clone(&app);
    let change = tokio::spawn(async move { work.put(&path, &w.admin, "\"1\"", &home).await });
    tokio::time::sleep(REACHED).await;
    assert!(!change.is_finished(), "the location went beside a program that is put there");
    other.batch_execute("COMMIT").unwrap();
    let problem = change.await.unwrap().problem(422, "invalid_input");
    assert_eq!(pointers(&problem), ["/locations"]);
    assert!(problem.to_string().contains("and a program is there"), "{problem}");
    assert_eq!(app.database.number("SELECT COUNT(*) FROM locations"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_put_at_a_location_that_is_going() {
    let Some(app) = TestApp::postgres().await else { return };
    let (w, ..) = with_an_annex(&app).await;
    let mut program =
        json!({"key": "house", "name": "House", "kind": "site", "from": "2026-01-01"});
    let made = app.post("/v1/programs", &w.biller, &program).await.expect(201);
    let change = format!("/v1/programs/{}", world::id(&made));
    let list = app.get("/v1/contracts", &w.biller).await.expect(200);
    let version = world::id(&list["items"][0]);
    let main = "billing_location = \"main\"";
    let annex = format!("supersedes = \"{version}\"\nbilling_location = \"annex\"");
    let contract = include_str!("../../fixtures/contracts/river-bend_evergreen.toml");
    assert!(contract.contains(main));
    let contract = contract.replace(main, &annex);
    // A change of the organization that takes the location away, as `organizations::update` makes it.
    let mut other = PgConnection::establish(&app.database.url()).unwrap();
    other
        .batch_execute(
            "BEGIN; UPDATE organizations SET revision = revision + 1; \
             DELETE FROM locations WHERE key = 'annex'",
        )
        .unwrap();
    program["location"] = json!("annex");
    let mut fresh = program.clone();
    fresh["key"] = json!("garden");
    let app = std::sync::Arc::new(app);
    let (first, second, third) = (app.clone(), app.clone(), app.clone());
    let (biller, admin) = (w.biller.clone(), w.admin.clone());
    let asked = [
        tokio::spawn(async move { first.post("/v1/programs", &w.biller, &fresh).await }),
        tokio::spawn(async move { second.put(&change, &biller, "\"1\"", &program).await }),
        tokio::spawn(async move {
            world::toml(&third, "/v1/contracts?organization=river-bend", &admin, &contract).await
        }),
    ];
    tokio::time::sleep(REACHED).await;
    assert!(!asked.iter().any(tokio::task::JoinHandle::is_finished), "the location is looked for");
    other.batch_execute("COMMIT").unwrap();
    let wanted = ["/location", "/location", "/contract/billing_location"];
    for (asked, pointer) in asked.into_iter().zip(wanted) {
        let problem = asked.await.unwrap().problem(422, "invalid_input");
        assert_eq!(pointers(&problem), [pointer], "{problem}");
    }
    let there = "SELECT COUNT(*) FROM programs WHERE location IS NOT NULL";
    assert_eq!(app.database.number(there), 0);
}
