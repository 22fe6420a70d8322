//! What a claimed visit needs more of its authorization, because somebody else counts among the units without one
//! now, is booked for it (`docs/adr/0170`): the claim reads the same, and nobody else is given these units.

use peerclaims::domain::ids::AuthorizationId;
use serde_json::json;

use crate::again::seen;
use crate::app::{TestApp, on_both};
use crate::changes::amend;
use crate::claim_changes::ask;
use crate::given_way::record;
use crate::kept::units;
use crate::world::{self, World, id, limit};

/// An authorization of the only member.
async fn granted(app: &TestApp, w: &World, number: &str, units: u32, days: (&str, &str)) -> String {
    let grant = json!({"member": w.members[0], "payer": "evergreen", "number": number, "units": units,
        "from": days.0, "to": days.1});
    world::authorization(app, &w.admin, "river-bend", &grant).await
}

/// Beyond seven units a month each needs an authorization. The later visit has seven without and one on the first
/// authorization of three; the earlier one, which came after it, its only unit on the second. Both are claimed.
async fn claimed(app: &TestApp, released: bool) -> (World, [String; 2]) {
    let seven = limit("month", "7", "window = \"month\"\nexceed = \"authorization\"");
    let w = world::limited(app, &seven, 1).await;
    let first = granted(app, &w, "PA-1", 3, ("2026-07-15", "2026-07-31")).await;
    let second = granted(app, &w, "PA-2", 1, ("2026-07-01", "2026-07-05")).await;
    record(app, &w, "LATE", "2026-07-20T16:00", 120).await;
    record(app, &w, "EARLY", "2026-07-03T16:00", 15).await;
    let both = (units(app, &w, "LATE").await, units(app, &w, "EARLY").await);
    assert_eq!(both, ((8, 1, 0), (1, 1, 0)));
    let wanted = json!({"payer": "evergreen", "through": "2026-07-21"});
    let batch = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
    assert_eq!(batch["units"], 9, "{batch}");
    if released {
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
    }
    (w, [first, second])
}

async fn end(app: &TestApp, w: &World, authorization: &str, to: &str) {
    ended(app, w, authorization, to).await;
    app.settle().await;
}

/// And nobody has looked at what it changes.
async fn ended(app: &TestApp, w: &World, authorization: &str, to: &str) {
    let path = format!("/v1/authorizations/{authorization}?organization=river-bend");
    amend(app, w, &path, |body| body["to"] = json!(to)).await;
}

/// Units that are booked on an authorization.
fn drawn(app: &TestApp, authorization: &str) -> i64 {
    let id: AuthorizationId = authorization.parse().unwrap();
    app.database.number(&format!(
        "SELECT CAST(SUM(reserved + consumed) AS BIGINT) AS n FROM unit_entries WHERE authorization_id = {}",
        id.as_i64()
    ))
}

async fn needs_more(app: &TestApp, released: bool) {
    let (w, [first, second]) = claimed(app, released).await;
    end(app, &w, &second, "2026-07-02").await;
    assert_eq!((units(app, &w, "LATE").await, drawn(app, &first)), ((8, 2, 0), 2));
    // Its claim reads the same; only that of the other names what is good no more.
    let told = world::all(app, "/v1/corrections?state=open", &w.biller).await;
    assert_eq!(told.len(), 1, "{told:?}");
    record(app, &w, "NEW", "2026-07-25T16:00", 30).await;
    assert_eq!(units(app, &w, "NEW").await, (1, 1, 1));
    // Covered again, the other needs no unit without one, and the claim's division is that of before.
    end(app, &w, &second, "2026-07-05").await;
    assert!(world::all(app, "/v1/corrections?state=open", &w.biller).await.is_empty());
    assert_eq!((units(app, &w, "LATE").await, units(app, &w, "NEW").await), ((8, 1, 0), (2, 2, 0)));
}

on_both! {
    async fn rk27_what_a_built_claim_needs_more_of_its_authorization_is_nobody_elses(app: TestApp) {
        needs_more(&app, false).await;
    }

    async fn rk27_what_a_released_claim_needs_more_of_its_authorization_is_nobody_elses(app: TestApp) {
        needs_more(&app, true).await;
    }

    async fn rk27_whoever_drew_what_a_claim_needs_now_gives_way(app: TestApp) {
        let (w, [first, second]) = claimed(&app, true).await;
        record(&app, &w, "NEW", "2026-07-25T16:00", 30).await;
        assert_eq!(units(&app, &w, "NEW").await, (2, 2, 0));
        end(&app, &w, &second, "2026-07-02").await;
        assert_eq!(units(&app, &w, "NEW").await, (1, 1, 1));
        assert_eq!((units(&app, &w, "LATE").await, drawn(&app, &first)), ((8, 2, 0), 3));
        let seen = seen(&app, &w, "NEW").await;
        assert_eq!(seen["findings"][0]["rule"], "authorization.exhausted", "{seen}");
    }

    async fn rk27_a_build_asks_what_is_claimed_before_what_is_ready(app: TestApp) {
        let (w, [first, second]) = claimed(&app, true).await;
        record(&app, &w, "NEW", "2026-07-25T16:00", 30).await;
        ended(&app, &w, &second, "2026-07-02").await;
        let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
        let batch = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        assert_eq!((&batch["units"], drawn(&app, &first)), (&json!(1), 3));
    }

    async fn rk27_a_replacement_that_is_withdrawn_leaves_what_is_booked_and_said_alike(app: TestApp) {
        let (w, [first, second]) = claimed(&app, true).await;
        let claims = world::all(&app, "/v1/claims", &w.biller).await;
        let late = claims.iter().find(|c| c["service_date"] == "2026-07-20").unwrap();
        ask(&app, &w, late, "replace", "ICN-1").await.expect(200);
        let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
        let batch = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        end(&app, &w, &second, "2026-07-02").await;
        app.act(&format!("/v1/batches/{}/withdraw", id(&batch)), &w.biller).await.expect(200);
        app.settle().await;
        assert_eq!((units(&app, &w, "LATE").await, drawn(&app, &first)), ((8, 2, 0), 2));
        crate::partner::tie(&app);
        record(&app, &w, "NEW", "2026-07-25T16:00", 30).await;
        assert_eq!(units(&app, &w, "NEW").await, (1, 1, 1));
    }
}
