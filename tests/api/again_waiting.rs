//! What waits for units and time that were given back, and what does not; and marks of the version before.

use std::collections::BTreeSet;

use peerclaims::domain::again::{Freed, Mark, Place};
use peerclaims::domain::dates::Instant;
use peerclaims::domain::ids::{EncounterId, MarkId, MemberId, OrganizationId, PayerId, PeerId};
use peerclaims::flow::Scope;
use peerclaims::flow::again::{Cause, Days, Touched};
use peerclaims::store::marks;
use peerclaims::store::touched::{Page, page};
use serde_json::{Value, json};

use crate::again::record;
use crate::app::{TestApp, on_both};
use crate::changes::{amend, amend_member};
use crate::world::{self, World};

fn day(day: u32) -> Days {
    let date = chrono::NaiveDate::from_ymd_opt(2026, 7, day);
    Days { from: date, to: date }
}

async fn tenant(app: &TestApp, w: &World) -> OrganizationId {
    let list = app.get("/v1/organizations", &w.biller).await.expect(200);
    OrganizationId::parse(list["items"][0]["id"].as_str().unwrap()).unwrap()
}

/// The references of the visits that are looked at when this was given back: of the member, by the peer, on a day.
async fn waits(app: &TestApp, w: &World, freed: &[(usize, usize, u32)]) -> BTreeSet<String> {
    waits_after(app, w, freed, None).await
}

/// The same of the page after a visit.
async fn waits_after(
    app: &TestApp,
    w: &World,
    freed: &[(usize, usize, u32)],
    after: Option<Place>,
) -> BTreeSet<String> {
    let organization = tenant(app, w).await;
    let touched: Vec<Touched> = freed
        .iter()
        .map(|(member, peer, on)| {
            Touched::Freed(Freed {
                member: MemberId::parse(&w.members[*member]).unwrap(),
                peer: PeerId::parse(&w.peers[*peer]).unwrap(),
                account: None,
                days: day(*on),
            })
        })
        .collect();
    let all = Page { back: false, after, limit: 1_000 };
    let found = app
        .ctx
        .db
        .read(Scope::Tenant(organization), move |conn| page(conn, organization, &touched, all))
        .await
        .unwrap();
    let rows = app.database.table("SELECT reference AS name, id AS value FROM encounters");
    let named = |id: i64| rows.iter().find(|row| row.1 == id).unwrap().0.clone();
    found.into_iter().map(|place| named(place.id.as_i64())).collect()
}

fn names(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|name| (*name).to_owned()).collect()
}

on_both! {
    async fn what_is_held_by_its_own_papers_waits_for_no_unit(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        // The free units of the year are used up, so the seventh waits for some.
        for on in 1..=7 {
            record(&app, &w, &format!("F-{on}"), &format!("2026-07-0{on}T16:00")).await;
        }
        // The other member has no address, which no unit can lift.
        amend_member(&app, &w, 1, |m| m["address"] = Value::Null).await;
        for (reference, start) in [("P-1", "2026-07-10T16:00"), ("P-2", "2026-07-12T16:00"), ("P-3", "2026-07-14T16:00")] {
            let body = world::visit(reference, &w.peers[1], &w.members[1], start);
            let held = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
            assert_eq!(world::rules(&held), ["member.no_address"]);
        }
        app.settle().await;
        let (own, other) = (0, 1);
        assert_eq!(waits(&app, &w, &[(own, 2, 20)]).await, names(&["F-7"]), "its member's units");
        assert_eq!(waits(&app, &w, &[(other, 0, 20)]).await, names(&["F-7"]), "its peer's time");
        assert_eq!(waits(&app, &w, &[(other, 2, 20)]).await, names(&[]));
        // What a member has on the day itself may be summed with what went; not what it has between two days.
        assert_eq!(waits(&app, &w, &[(other, 2, 10), (other, 2, 14)]).await, names(&["P-1", "P-3"]));
        // On a page that begins within a day, what comes later on it is there.
        let at = |hour: u32| Some(Place {
            date: chrono::NaiveDate::from_ymd_opt(2026, 7, 14).unwrap(),
            start: Instant::parse(&format!("2026-07-14T{hour}:30:00Z")).unwrap(),
            id: EncounterId::from_i64(1),
        });
        let both = [(other, 2, 10), (other, 2, 14)];
        assert_eq!(waits_after(&app, &w, &both, at(15)).await, names(&["P-3"]));
        assert_eq!(waits_after(&app, &w, &both, at(23)).await, names(&[]));
        // Where nobody knows why a visit is held, it is looked at.
        let second = "encounter_id = (SELECT id FROM encounters WHERE reference = 'P-2')";
        app.database.execute(&format!("UPDATE hold_reasons SET rule = 'rule.of.old' WHERE {second}"));
        assert_eq!(waits(&app, &w, &[(other, 2, 20)]).await, names(&["P-2"]));
        app.database.execute(&format!("DELETE FROM hold_reasons WHERE {second}"));
        assert_eq!(waits(&app, &w, &[(other, 2, 20)]).await, names(&["P-2"]));
    }

    async fn marks_of_the_version_before_are_known_by_what_they_touch(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let organization = tenant(&app, &w).await;
        let (member, peer) = (MemberId::from_i64(1), PeerId::from_i64(2));
        let freed = Freed { member, peer, account: None, days: Days::ALL };
        let all = [
            Touched::Member(member, Days::ALL),
            Touched::Peer(peer, day(1)),
            Touched::Payer(PayerId::from_i64(3), Days::ALL),
            Touched::Organization,
            Touched::Encounter(EncounterId::from_i64(4)),
            Touched::Freed(freed),
        ];
        let (now, real) = (app.ctx.now(), app.ctx.clock.real());
        let list: Vec<Mark> = (0..).zip(&all).map(|(id, touched)| Mark {
            organization, id: MarkId::from_i64(id), cause: Cause::Organization, depth: 0, back: false,
            touched: touched.clone(), after: None, tries: 0, marked_at: now,
        }).collect();
        app.ctx.db.write(Scope::Tenant(organization), move |conn| marks::insert_all(conn, &list, real)).await.unwrap();
        let kinds = |app: &TestApp| app.database.table("SELECT kind AS name, id AS value FROM marks ORDER BY id");
        let wanted: Vec<(String, i64)> = all.iter().map(|t| t.kind().to_owned()).zip(0..).collect();
        assert_eq!(kinds(&app), wanted);
        // A process of that version says no kind: what is named, and what is wide, is found all the same.
        app.database.execute("UPDATE marks SET kind = ''");
        let seen = app.ctx.db.read(Scope::Tenant(organization), move |conn| {
            let named: Vec<i64> = marks::named(conn, organization)?.iter().map(|m| m.id.as_i64()).collect();
            Ok::<_, peerclaims::store::StoreError>((named, marks::is_wide_under_way(conn, organization, real)?))
        });
        let (named, wide) = seen.await.unwrap();
        assert!(wide && [0, 1, 4].iter().all(|id| named.contains(id)), "{named:?}");
        // The migration tells those that are there.
        let up = include_str!("../../migrations/sqlite/2026-11-30-000075_marks_by_kind/up.sql");
        let update = up.split(';').find(|sql| sql.contains("UPDATE marks")).unwrap();
        app.database.execute(update);
        assert_eq!(kinds(&app), wanted);
    }

    async fn what_rules_look_at_of_a_peer_marks_what_it_gave(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let path = format!("/v1/peers/{}?organization=river-bend", w.peers[0]);
        let all = "SELECT COUNT(*) FROM marks WHERE kind = 'peer' AND touched LIKE '%\"from\":null,\"to\":null%'";
        amend(&app, &w, &path, |p| p["hired_on"] = json!("2026-05-01")).await;
        app.settle().await;
        assert_eq!(app.database.number(all), 0);
        // Whether a peer may work before the first certificate is asked of certificates of any day (RK40).
        amend(&app, &w, &path, |p| p["certificates"][0]["to"] = json!("2026-12-30")).await;
        assert_eq!(app.database.number(all), 1, "a certificate of somebody with a day of hire");
        app.settle().await;
        // Claims name the peer where it is not the organization, by its number.
        amend(&app, &w, &path, |p| p["npi"] = json!("1982746350")).await;
        assert_eq!(app.database.number(all), 1, "another number");
    }
}
