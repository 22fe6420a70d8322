//! Replacements and voids: what may be asked for, what stands in the file, and what is as it was
//! before when nothing comes of it.

use peerclaims::domain::ids::{ClaimId, OrganizationId};
use peerclaims::domain::status::ClaimStatus;
use peerclaims::error::AppError;
use peerclaims::flow::{Scope, access, corrected};
use peerclaims::store::Conn;
use reqwest::Method;
use serde_json::{Value, json};

use crate::again::{record, record_by, seen};
use crate::app::{Answer, TestApp, on_both, send};
use crate::changes::amend_member;
use crate::edi;
use crate::world::{self, World, id, rules};

pub async fn build(app: &TestApp, w: &World) -> Answer {
    let wanted = json!({"payer": "evergreen", "through": "2026-08-31"});
    app.post("/v1/batches", &w.biller, &wanted).await
}

pub async fn step(app: &TestApp, w: &World, batch: &Value, what: &str) -> Answer {
    app.act(&format!("/v1/batches/{}/{what}", id(batch)), &w.biller).await
}

pub async fn claim(app: &TestApp, w: &World, which: &str) -> Value {
    app.get(&format!("/v1/claims/{which}"), &w.biller).await.expect(200)
}

/// The one claim of a batch.
pub async fn of_batch(app: &TestApp, w: &World, batch: &Value) -> Value {
    let path = format!("/v1/claims?batch={}", id(batch));
    let list = world::all(app, &path, &w.biller).await;
    assert_eq!(list.len(), 1, "{list:?}");
    list[0].clone()
}

/// Builds and releases what is ready; gives the claim.
pub async fn billed(app: &TestApp, w: &World) -> Value {
    let batch = build(app, w).await.expect(201);
    edi::fetch(app, &id(&batch), &w.biller).await;
    step(app, w, &batch, "release").await.expect(200);
    of_batch(app, w, &batch).await
}

pub async fn ask(app: &TestApp, w: &World, of: &Value, what: &str, number: &str) -> Answer {
    let body = json!({"reason": "a word of the biller", "payer_control": number});
    app.post(&format!("/v1/claims/{}/{what}", id(of)), &w.biller, &body).await
}

pub async fn patch(app: &TestApp, w: &World, reference: &str, body: &Value) -> Answer {
    let visit = seen(app, w, reference).await;
    let path = format!("/v1/encounters/{}", id(&visit));
    let etag = format!("\"{}\"", visit["revision"]);
    let request = app.request(Method::PATCH, &path, &w.submitter).header("if-match", etag);
    send(request.header("content-type", "application/merge-patch+json").body(body.to_string()))
        .await
}

/// Reserved and consumed units of the ledger: a thousand times the first, and the second.
pub fn drawn(app: &TestApp) -> i64 {
    app.database.number(
        "SELECT CAST(COALESCE(SUM(reserved) * 1000 + SUM(consumed), 0) AS BIGINT) FROM unit_entries",
    )
}

/// What the payer says of claims, as its answers will say it.
pub async fn payer_says(app: &TestApp, which: &Value, accepted: bool) {
    let number = id(which);
    let ctx = app.ctx.clone();
    let work = move |conn: &mut Conn| {
        let tenant: OrganizationId = access::organization(conn, "river-bend")?.unwrap();
        let claim: ClaimId = number.parse().unwrap();
        let stored = peerclaims::store::claims::by_id(conn, tenant, claim)?.unwrap();
        let to = if accepted { ClaimStatus::Accepted } else { ClaimStatus::Rejected };
        let step = (stored.status, to);
        assert!(peerclaims::store::claim_changes::move_claim(conn, tenant, claim, step)?);
        if accepted {
            corrected::accept(&ctx, conn, tenant, &[claim])?;
        } else {
            peerclaims::store::claim_changes::set_live(conn, tenant, claim, false)?;
            let done = corrected::reject(&ctx, conn, tenant, &[stored])?;
            assert_eq!(done.iter().map(|d| d.0).collect::<Vec<_>>(), [claim]);
        }
        Ok::<_, AppError>(())
    };
    app.ctx.db.write(Scope::Service, work).await.unwrap();
}

/// Everything about visits that a change which comes to nothing leaves as it was.
pub async fn picture(app: &TestApp, w: &World, references: &[&str]) -> Vec<Value> {
    let mut all = vec![json!(drawn(app))];
    for reference in references {
        let mut visit = seen(app, w, reference).await;
        visit["revision"] = Value::Null;
        visit["left_out_of"] = Value::Null;
        all.push(visit);
    }
    all.push(tied(app, w).await);
    all
}

/// What the report says was billed, which ties to the claims.
pub async fn tied(app: &TestApp, w: &World) -> Value {
    let path = "/v1/reports/utilization?from=2026-07-01&to=2026-07-31&group_by=month,service";
    let report = app.get(path, &w.biller).await.expect(200);
    assert_eq!(report["ties"]["ties"], true, "{report}");
    assert_eq!(report["control"]["ties"], true, "{report}");
    let path = "/v1/reports/lines?from=2026-07-01&to=2026-07-31";
    let lines = app.get(path, &w.biller).await.expect(200);
    assert_eq!(lines["ties"]["ties"], true, "{lines}");
    let all = &report["totals"];
    let units = ["ready", "held", "claimed", "submitted"].map(|of| &all[format!("units_{of}")]);
    json!([all["billed"], units])
}

on_both! {
    async fn what_may_not_be_asked_for_is_refused_and_changes_nothing(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let batch = build(&app, &w).await.expect(201);
        let open = of_batch(&app, &w, &batch).await;
        for what in ["replace", "void"] {
            ask(&app, &w, &open, what, "ICN-1").await.problem(409, "wrong_status");
        }
        step(&app, &w, &batch, "release").await.expect(200);
        let path = format!("/v1/claims/{}", id(&open));
        for (what, body, status, code) in [
            ("replace", json!({"reason": "x"}), 409, "claim_without_number"),
            ("void", json!({"reason": "x"}), 409, "claim_without_number"),
            ("replace", json!({"reason": ""}), 422, "invalid"),
            ("replace", json!({"reason": "x", "payer_control": " "}), 422, "invalid"),
            ("void", json!({"reason": "x", "visits": "burn"}), 422, "invalid"),
            ("keep", json!({}), 409, "wrong_status"),
        ] {
            let answer = app.post(&format!("{path}/{what}"), &w.biller, &body).await;
            assert_eq!((answer.status.as_u16(), what), (status, what), "{}", answer.body);
            assert!(status == 422 || answer.body.contains(code), "{}", answer.body);
        }
        assert_eq!(claim(&app, &w, &id(&open)).await["change"], Value::Null);
        // Nobody else's, and no narrow role's.
        let other = world::second_of_evergreen(&app, &w.admin, "far-shore", 1).await;
        let ask_as = |key: String| {
            let (app, path) = (&app, path.clone());
            async move {
                let body = json!({"reason": "x", "payer_control": "ICN-1"});
                app.post(&format!("{path}/replace"), &key, &body).await
            }
        };
        for key in [other.biller.clone(), w.submitter.clone()] {
            ask_as(key).await.problem(404, "not_found");
        }
        ask(&app, &w, &open, "replace", "ICN-1").await.expect(200);
        for what in ["replace", "void"] {
            ask(&app, &w, &open, what, "ICN-1").await.problem(409, "claim_changing");
        }
        let kept = app.act(&format!("{path}/keep"), &w.biller).await.expect(200);
        assert_eq!((&kept["change"], &kept["payer_control"]["by"]), (&Value::Null, &json!("person")));
        build(&app, &w).await.problem(409, "nothing_ready");
    }

    async fn a_replacement_states_the_corrected_claim_and_counts_once_it_is_taken(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        record(&app, &w, "V-2", "2026-07-01T20:00").await;
        let first = billed(&app, &w).await;
        let longer = json!({"ended_at": "2026-07-01T17:30:00Z"});
        patch(&app, &w, "V-1", &longer).await.problem(409, "already_claimed");
        let asked = ask(&app, &w, &first, "replace", "ICN-1").await.expect(200);
        assert_eq!((&asked["change"]["kind"], &asked["change"]["state"]), (&json!("replacement"), &json!("prepared")));
        patch(&app, &w, "V-1", &longer).await.expect(200);
        assert_eq!(drawn(&app), 8, "what was claimed stands until the replacement is built");
        assert_eq!(world::all(&app, "/v1/corrections?state=open", &w.biller).await.len(), 1);
        let before = picture(&app, &w, &["V-1", "V-2"]).await;
        let batch = build(&app, &w).await.expect(201);
        let second = of_batch(&app, &w, &batch).await;
        assert_eq!((&second["frequency"], &second["corrects"]), (&json!("replacement"), &first["id"]));
        assert_ne!(second["number"], first["number"]);
        assert_eq!(second["units"], 10);
        let text = edi::fetch(&app, &id(&batch), &w.biller).await.body;
        assert!(text.contains(":B:7*") && text.contains("REF*F8*ICN-1~"), "{text}");
        assert_eq!(drawn(&app), 10_000, "reserved until its release");
        tied(&app, &w).await;
        assert!(world::all(&app, "/v1/corrections?state=open", &w.biller).await.is_empty());
        // Withdrawn, everything is as before, and it is prepared again.
        step(&app, &w, &batch, "withdraw").await.expect(200);
        app.settle().await;
        assert_eq!(picture(&app, &w, &["V-1", "V-2"]).await, before);
        assert_eq!(world::all(&app, "/v1/corrections?state=open", &w.biller).await.len(), 1);
        let again = build(&app, &w).await.expect(201);
        let third = of_batch(&app, &w, &again).await;
        step(&app, &w, &again, "release").await.expect(200);
        app.settle().await;
        assert_eq!(drawn(&app), 10);
        assert_eq!(tied(&app, &w).await[0], third["charge"]);
        ask(&app, &w, &third, "replace", "ICN-2").await.problem(409, "claim_changing");
        payer_says(&app, &third, true).await;
        assert_eq!(claim(&app, &w, &id(&first)).await["status"], "replaced");
        assert_eq!(claim(&app, &w, &id(&third)).await["status"], "accepted");
        assert_eq!(tied(&app, &w).await[0], third["charge"]);
        ask(&app, &w, &first, "void", "ICN-1").await.problem(409, "wrong_status");
        // The replacement can be replaced, under its own number.
        ask(&app, &w, &third, "replace", "ICN-2").await.expect(200);
        let text = edi::fetch(&app, &id(&build(&app, &w).await.expect(201)), &w.biller).await.body;
        assert!(text.contains("REF*F8*ICN-2~"), "{text}");
    }

    async fn a_rejected_replacement_leaves_the_first_claim_as_it_was(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        record(&app, &w, "V-2", "2026-07-01T20:00").await;
        let first = billed(&app, &w).await;
        ask(&app, &w, &first, "replace", "ICN-1").await.expect(200);
        let left = seen(&app, &w, "V-2").await;
        let before = picture(&app, &w, &["V-1", "V-2"]).await;
        let void = format!("/v1/encounters/{}/void", id(&left));
        let leaving = app.post(&void, &w.biller, &json!({"reason": "did not take place"})).await.expect(200);
        assert_eq!((&leaving["status"], &leaving["left_out_of"]), (&json!("submitted"), &first["id"]));
        let trail = world::all(&app, &format!("/v1/audit?organization=river-bend&subject={}", id(&left)), &w.admin).await;
        assert_eq!(trail[0]["action"], "encounter.leave_out", "{trail:?}");
        assert_eq!(claim(&app, &w, &id(&first)).await["change"]["left_out"], json!([left["id"]]));
        assert_eq!(picture(&app, &w, &["V-1", "V-2"]).await, before);
        let batch = build(&app, &w).await.expect(201);
        assert_eq!(seen(&app, &w, "V-2").await["status"], "void");
        let second = of_batch(&app, &w, &batch).await;
        assert_eq!(second["units"], 4);
        step(&app, &w, &batch, "release").await.expect(200);
        app.settle().await;
        assert_eq!(drawn(&app), 4);
        payer_says(&app, &second, false).await;
        app.settle().await;
        assert_eq!(picture(&app, &w, &["V-1", "V-2"]).await, before);
        let stands = claim(&app, &w, &id(&first)).await;
        assert_eq!((&stands["status"], &stands["change"]), (&json!("released"), &Value::Null));
        assert_eq!(tied(&app, &w).await[0], first["charge"]);
        ask(&app, &w, &first, "replace", "ICN-1").await.expect(200);
        // Nothing replaces a claim that was rejected since.
        app.database.execute("UPDATE claims SET status = 'rejected' WHERE status = 'released'");
        build(&app, &w).await.problem(409, "nothing_ready");
        assert_eq!(claim(&app, &w, &id(&first)).await["change"], Value::Null);
    }

    async fn a_void_reverses_the_whole_claim(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let first = billed(&app, &w).await;
        let asked = ask(&app, &w, &first, "void", "ICN-1").await.expect(200);
        assert_eq!(asked["change"]["visits"], "void");
        let longer = json!({"ended_at": "2026-07-01T17:30:00Z"});
        patch(&app, &w, "V-1", &longer).await.problem(409, "already_claimed");
        let before = picture(&app, &w, &["V-1"]).await;
        assert_eq!(before.last().unwrap()[0], first["charge"]);
        let batch = build(&app, &w).await.expect(201);
        let void = of_batch(&app, &w, &batch).await;
        assert_eq!((&void["frequency"], &void["charge"]), (&json!("void"), &first["charge"]));
        let text = edi::fetch(&app, &id(&batch), &w.biller).await.body;
        assert!(text.contains(":B:8*") && text.contains("REF*F8*ICN-1~"), "{text}");
        step(&app, &w, &batch, "withdraw").await.expect(200);
        app.settle().await;
        assert_eq!(picture(&app, &w, &["V-1"]).await, before);
        let batch = build(&app, &w).await.expect(201);
        step(&app, &w, &batch, "release").await.expect(200);
        let void = of_batch(&app, &w, &batch).await;
        assert_eq!(picture(&app, &w, &["V-1"]).await, before, "until the payer has taken it");
        payer_says(&app, &void, true).await;
        app.settle().await;
        assert_eq!(claim(&app, &w, &id(&first)).await["status"], "voided");
        assert_eq!(claim(&app, &w, &id(&void)).await["status"], "closed");
        assert_eq!((seen(&app, &w, "V-1").await["status"].clone(), drawn(&app)), (json!("void"), 0));
        assert_eq!(tied(&app, &w).await[0], "0.00");
        for of in [&first, &void] {
            ask(&app, &w, of, "void", "ICN-1").await.problem(409, "wrong_status");
        }
    }

    async fn what_waited_because_the_week_was_claimed_joins_the_replacement(app: TestApp) {
        let week = ("rollup = \"day\"", "rollup = \"day\"\nperiod = \"week\"");
        let w = world::river_bend_with(&app, 1, &[week]).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let first = billed(&app, &w).await;
        let late = record_by(&app, &w, "V-2", 0, "2026-07-02T16:00").await;
        assert_eq!(rules(&late), ["period.claimed"]);
        ask(&app, &w, &first, "replace", "ICN-1").await.expect(200);
        let before = picture(&app, &w, &["V-1", "V-2"]).await;
        let batch = build(&app, &w).await.expect(201);
        let second = of_batch(&app, &w, &batch).await;
        assert_eq!((&second["units"], second["lines"].as_array().unwrap().len()), (&json!(8), 2));
        assert_eq!(seen(&app, &w, "V-2").await["status"], "claimed");
        step(&app, &w, &batch, "withdraw").await.expect(200);
        app.settle().await;
        tied(&app, &w).await;
        let mut now = picture(&app, &w, &["V-1", "V-2"]).await;
        now[2]["decision"] = before[2]["decision"].clone();
        assert_eq!(now, before);
        // What is left of the claim no longer fits on one: nothing is built, and it is told.
        let other = json!({"diagnoses": ["F33.1"]});
        patch(&app, &w, "V-1", &other).await.expect(200);
        let batch = build(&app, &w).await.expect(201);
        let second = of_batch(&app, &w, &batch).await;
        assert_eq!((&second["units"], &second["diagnoses"]), (&json!(4), &json!(["F331"])));
    }

    async fn of_a_visit_that_is_left_out_nothing_is_left_to_correct(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let left = record(&app, &w, "V-1", "2026-07-01T16:00").await;
        record(&app, &w, "V-2", "2026-07-01T20:00").await;
        let first = billed(&app, &w).await;
        ask(&app, &w, &first, "replace", "ICN-1").await.expect(200);
        let reason = json!({"reason": "did not take place"});
        app.post(&format!("/v1/encounters/{}/void", id(&left)), &w.biller, &reason).await.expect(200);
        amend_member(&app, &w, 0, |m| m["coverages"][0]["member_number"] = json!("EV9009")).await;
        app.settle().await;
        let open = "/v1/corrections?state=open";
        assert_eq!(world::all(&app, open, &w.biller).await.len(), 2);
        let batch = build(&app, &w).await.expect(201);
        assert_eq!(world::all(&app, open, &w.biller).await, Vec::<Value>::new());
        // Given back, both are there again.
        step(&app, &w, &batch, "withdraw").await.expect(200);
        app.settle().await;
        assert_eq!(world::all(&app, open, &w.biller).await.len(), 2);
        let batch = build(&app, &w).await.expect(201);
        let second = of_batch(&app, &w, &batch).await;
        step(&app, &w, &batch, "release").await.expect(200);
        payer_says(&app, &second, true).await;
        app.settle().await;
        assert_eq!(world::all(&app, open, &w.biller).await, Vec::<Value>::new());
        assert_eq!(seen(&app, &w, "V-1").await["status"], "void");
    }

    async fn what_was_corrected_for_a_replacement_is_repeated_like_anything_else(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let first = billed(&app, &w).await;
        ask(&app, &w, &first, "replace", "ICN-1").await.expect(200);
        let signed = json!({"note": {"signed_at": "2026-07-04T10:00:00Z", "plan_goal": "G1"}});
        patch(&app, &w, "V-1", &signed).await.expect(200);
        let repeats = async |day: u32| {
            let mut same = world::visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
            same["note"] = signed["note"].clone();
            let again = app.post("/v1/encounters", &w.submitter, &same).await.expect(200);
            assert_eq!(again["reference"], "V-1");
            let number = app.get(&format!("/v1/members/{}", w.members[0]), &w.biller).await.expect(200);
            let number = number["coverages"][0]["member_number"].clone();
            let mut named = same.clone();
            named["member"] = json!({"payer": "evergreen", "number": number});
            for (turn, path) in ["/v1/encounters/bulk", "/v1/encounters/bulk?on_conflict=revise"].iter().enumerate() {
                let fresh = world::visit(&format!("N-{day}-{turn}"), &w.peers[0], &w.members[0],
                    &format!("2026-07-{:02}T16:00", day + u32::try_from(turn).unwrap()));
                let rows = format!("{fresh}\n{same}\n{named}");
                let answer = world::body(&app, path, &w.submitter, "application/x-ndjson", rows).await;
                let statuses: Vec<_> = world::answers(&answer).iter().map(|row| row["status"].clone()).collect();
                assert_eq!(statuses, [201, 200, 200], "{}", answer.body);
            }
        };
        repeats(10).await;
        let batch = build(&app, &w).await.expect(201);
        repeats(12).await;
        let second = of_batch(&app, &w, &batch).await;
        step(&app, &w, &batch, "release").await.expect(200);
        payer_says(&app, &second, true).await;
        app.settle().await;
        repeats(14).await;
    }
}
