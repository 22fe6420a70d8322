//! Deciding again what cannot be read, and the wide change that others wait for.

use peerclaims::domain::again::Mark;
use peerclaims::domain::ids::{MarkId, MemberId, OrganizationId};
use peerclaims::flow::Scope;
use peerclaims::flow::again::{self, Cause, Days, Round, Touched, Turn};
use peerclaims::store::marks;
use serde_json::{Value, json};

use crate::again::{record, split};
use crate::app::{TestApp, on_both};
use crate::changes::amend_member;
use crate::world;

on_both! {
    async fn a_visit_that_cannot_be_read_holds_up_no_other(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let body = world::visit("V-2", &w.peers[1], &w.members[1], "2026-07-01T16:00");
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        let whole = app.database.table(
            "SELECT content AS name, CAST(1 AS BIGINT) AS value FROM encounters WHERE reference = 'V-1'")[0].0.clone();
        app.database.execute("UPDATE encounters SET content = '{}' WHERE reference = 'V-1'");
        amend_member(&app, &w, 0, |m| m["address"] = Value::Null).await;
        amend_member(&app, &w, 1, |m| m["address"] = Value::Null).await;
        let mut failures = 0;
        while again::settle(&app.ctx).await.is_err() {
            failures += 1;
            assert!(failures < 5);
        }
        assert!(failures > 0);
        assert_eq!(split(&app, &w, "V-2").await, (0, 4));
        assert_eq!(app.database.number("SELECT COUNT(*) FROM marks"), 1, "kept for later");
        // Due again, it comes behind what was marked meanwhile.
        app.database.execute("UPDATE marks SET due_at = '2020-01-01 00:00:00'");
        let street = json!({"line1": "88 Pine St", "city": "Spokane", "state": "WA", "zip": "99202"});
        amend_member(&app, &w, 1, |m| m["address"] = street.clone()).await;
        assert_eq!(again::turn(&app.ctx, &mut Round::default()).await.unwrap(), Turn::Worked);
        assert_eq!(split(&app, &w, "V-2").await, (4, 0));
        // Mended and due again, it is decided.
        app.database.execute(&format!("UPDATE encounters SET content = '{whole}' WHERE reference = 'V-1'"));
        app.database.execute("UPDATE marks SET due_at = '2020-01-01 00:00:00'");
        app.settle().await;
        assert_eq!(split(&app, &w, "V-1").await, (0, 4));
    }

    async fn a_wide_change_is_seen_while_it_is_under_way_whatever_lies_before_it(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let list = app.get("/v1/organizations", &w.biller).await.expect(200);
        let organization = OrganizationId::parse(list["items"][0]["id"].as_str().unwrap()).unwrap();
        let (now, real) = (app.ctx.now(), app.ctx.clock.real());
        let mark = |id: i64, touched: Touched| Mark {
            organization, id: MarkId::from_i64(id), cause: Cause::Organization, depth: 0,
            back: touched.may_shrink(), touched, after: None, tries: 0, marked_at: now,
        };
        let of_member = |id: i64| mark(id, Touched::Member(MemberId::from_i64(1), Days::ALL));
        let begun = |mark: Mark| Mark { back: false, ..mark };
        // Far more than one thing that it must not take for the wide one, all of them older.
        let mut list: Vec<Mark> = (0..300).map(|id| Mark { depth: 1, ..of_member(1 + id) }).collect();
        list.extend((0..300).map(|id| begun(of_member(1_000 + id))));
        list.push(Mark { tries: 1, ..begun(mark(2_000, Touched::Organization)) });
        list.push(mark(2_001, Touched::Organization));
        app.ctx.db.write(Scope::Tenant(organization), move |conn| marks::insert_all(conn, &list, real)).await.unwrap();
        let seen = || app.ctx.db.read(Scope::Tenant(organization), move |conn| {
            marks::is_wide_under_way(conn, organization, real)
        });
        assert!(!seen().await.unwrap(), "one has failed, of the other nothing is done");
        app.database.execute("UPDATE marks SET back = false WHERE id = 2001");
        assert!(seen().await.unwrap());
        app.database.execute("UPDATE marks SET due_at = '2099-01-01 00:00:00' WHERE id = 2001");
        assert!(!seen().await.unwrap(), "it waits");
        let direct = app.ctx.db.read(Scope::Tenant(organization), move |conn| {
            marks::due(conn, organization, (real, true), 1_000)
        });
        assert_eq!(direct.await.unwrap().len(), 301);
    }

    async fn all_that_was_joined_with_what_cannot_be_read_is_tried_alone(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let body = world::visit("V-2", &w.peers[1], &w.members[1], "2026-07-01T16:00");
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        app.database.execute("UPDATE encounters SET content = '{}' WHERE reference = 'V-1'");
        // Many more marks than are joined, which say only two things.
        for n in 0..50 {
            let street = json!({"line1": format!("{} Pine St", 1 + n), "city": "Spokane", "state": "WA", "zip": "99202"});
            amend_member(&app, &w, 0, |m| m["address"] = street.clone()).await;
            amend_member(&app, &w, 1, |m| m["address"] = street.clone()).await;
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM marks"), 100);
        assert!(again::turn(&app.ctx, &mut Round::default()).await.is_err());
        assert_eq!(app.database.number("SELECT COUNT(*) FROM marks WHERE tries = 1"), 100);
        assert!(again::turn(&app.ctx, &mut Round::default()).await.is_err(), "one of the first member");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM marks WHERE tries = 2"), 1);
        // The next is of the other member, and comes on.
        assert_eq!(again::turn(&app.ctx, &mut Round::default()).await.unwrap(), Turn::Worked);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM marks WHERE tries = 0"), 1);
    }
}
