//! Whose reports made in the background are whose, and which questions are refused.

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, on_both};
use crate::report_jobs::{YEAR, ask, file, make_all, wanted, with};
use crate::world::{self, id};

on_both! {
    async fn whose_jobs_and_wrong_questions(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 0).await;
        world::payer(&app, &w.admin, "lone-mesa").await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let foreign = app.key(Role::PayerAnalyst, "lone-mesa").await;
        let own = ask(&app, &w.biller, &wanted("held")).await;
        let theirs = ask(&app, &analyst, &wanted("delivery")).await;
        make_all(&app.ctx).await;
        for more in ["", "/file"] {
            let path = |job: &str| format!("/v1/report-jobs/{job}{more}");
            for key in [&w.biller, &w.admin] {
                assert_eq!(app.get(&path(&own), key).await.status, 200);
            }
            for key in [&other.biller, &analyst, &foreign, &w.submitter] {
                app.get(&path(&own), key).await.problem(404, "not_found");
            }
            for key in [&analyst, &w.admin] {
                assert_eq!(app.get(&path(&theirs), key).await.status, 200);
            }
            for key in [&other.biller, &w.biller, &foreign, &w.submitter] {
                app.get(&path(&theirs), key).await.problem(404, "not_found");
            }
        }
        for key in [&other.biller, &analyst, &foreign, &w.submitter] {
            app.delete(&format!("/v1/report-jobs/{own}"), key).await.problem(404, "not_found");
        }
        let mine = async |key: &str| {
            let list = app.get("/v1/report-jobs", key).await.expect(200);
            list["items"].as_array().unwrap().iter().map(id).collect::<Vec<_>>()
        };
        assert_eq!(mine(&w.biller).await, std::slice::from_ref(&own));
        assert_eq!(mine(&analyst).await, std::slice::from_ref(&theirs));
        assert_eq!(mine(&w.admin).await, [theirs.clone(), own.clone()], "newest first");
        assert!(mine(&foreign).await.is_empty() && mine(&other.biller).await.is_empty());
        let told: Value = serde_json::from_str(&file(&app, &analyst, &theirs).await.body).unwrap();
        assert_eq!((&told["edition"], &told["payer"]), (&json!("payer"), &json!("evergreen")));
        // What a key may not have at once it may not have later.
        app.post("/v1/report-jobs", &analyst, &wanted("held")).await.problem(422, "invalid_input");
        let hidden = |field: &str, value: &str| with("delivery", json!({ field: value }));
        for (key, body) in [
            (&other.biller, hidden("organization", "river-bend")), (&foreign, hidden("payer", "evergreen")),
            (&w.biller, hidden("payer", "lone-mesa")), (&foreign, hidden("organization", "river-bend")),
            (&w.biller, hidden("organization", "nobody")), (&w.submitter, wanted("delivery")),
        ] {
            app.post("/v1/report-jobs", key, &body).await.problem(404, "not_found");
        }
        for (bad, status) in [
            (json!({"report": "nothing"}), 422), (json!({"group_by": "week", "report": "utilization"}), 422), (json!({"report": "public"}), 400),
            (json!({"to": "2025-06-30"}), 400), (json!({"run_out_days": 731}), 422), (json!({"run_out_days": -1}), 422),
            (json!({"from": "2026-02-30"}), 422), (json!({"format": "xml"}), 422), (json!({"format": "svg", "report": "mix"}), 400),
            (json!({"basis": "birthday"}), 422), (json!({"basis": "submission", "report": "held"}), 400),
            (json!({"as_of": "2030-01-01T00:00:00Z"}), 400), (json!({"as_of": "yesterday"}), 422),
            (json!({"since": "2026-01-01T00:00:00Z"}), 400), (json!({"report": "movement"}), 400),
            (json!({"report": "authorizations", "as_of": "2026-01-01T00:00:00Z"}), 400), (json!({"report": "rates"}), 400),
            (json!({"convention": "any_day"}), 400), (json!({"group_by": "month"}), 400), (json!({"from": "1990-01-01"}), 400),
            (json!({"organization": 7}), 422), (json!({"payer": "\u{0}"}), 404),
        ] {
            let answer = app.post("/v1/report-jobs", &w.biller, &with("delivery", bad.clone())).await;
            assert_eq!(answer.status, status, "{bad} {}", answer.body);
        }
        for bad in ["state=asleep", "limit=0", "cursor=x", "format=csv", "organization=%00"] {
            let answer = app.get(&format!("/v1/report-jobs?{bad}"), &w.admin).await;
            assert!([400, 404].contains(&answer.status.as_u16()), "{bad} {}", answer.body);
        }
        for bad in ["rjb_0000000000001", "rpt_0000000000001", "%00", "x"] {
            for more in ["", "/file"] {
                app.get(&format!("/v1/report-jobs/{bad}{more}"), &w.admin).await.problem(404, "not_found");
            }
            app.delete(&format!("/v1/report-jobs/{bad}"), &w.admin).await.problem(404, "not_found");
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM report_jobs"), 2, "what was refused left nothing");
    }

    async fn a_payer_gets_no_rows_of_people_of_whom_less_may_be_told_by_now(app: TestApp) {
        let flagged = [("key = \"peer_individual\"", "key = \"peer_individual\"\nsubstance_use = true")];
        let w = world::river_bend_with(&app, 2, &flagged).await;
        app.database.execute("UPDATE organizations SET part2 = 'program'");
        let mut consents = Vec::new();
        for (member, number) in [(0, "PA-A"), (1, "PA-B")] {
            let body = json!({"member": w.members[member], "payer": "evergreen", "number": number,
                "units": 10, "from": "2026-01-01", "to": "2026-12-31"});
            world::authorization(&app, &w.admin, "river-bend", &body).await;
            let body = json!({"reference": format!("C-{member}"), "member": w.members[member], "recipient": "evergreen",
                "purposes": ["payment"], "from": "2026-01-01", "obtained": "paper"});
            let path = "/v1/consents?organization=river-bend";
            consents.push(id(&app.post(path, &w.admin, &body).await.expect(201)));
        }
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let people = ask(&app, &analyst, &wanted("authorizations")).await;
        let sums = ask(&app, &analyst, &wanted("delivery")).await;
        let own = ask(&app, &w.biller, &wanted("authorizations")).await;
        make_all(&app.ctx).await;
        let rows = |answer: &Answer| answer.expect(200)["rows"].as_array().unwrap().len();
        assert_eq!(rows(&file(&app, &analyst, &people).await), 2);
        let path = format!("/v1/consents/{}/revoke?organization=river-bend", consents[1]);
        app.post(&path, &w.admin, &json!({})).await.expect(200);
        let problem = file(&app, &analyst, &people).await.problem(409, "wrong_status");
        assert!(!problem["detail"].as_str().unwrap().contains('1'), "not of how many: {problem}");
        file(&app, &w.admin, &people).await.problem(409, "wrong_status");
        assert_eq!(file(&app, &analyst, &sums).await.status, 200, "sums are of nobody");
        assert_eq!(rows(&file(&app, &w.biller, &own).await), 2);
        // Made again it tells what may be told, as the report does at once.
        let again = ask(&app, &analyst, &wanted("authorizations")).await;
        make_all(&app.ctx).await;
        let told = file(&app, &analyst, &again).await.expect(200);
        let direct = app.get(&format!("/v1/reports/authorizations?{YEAR}"), &analyst).await.expect(200);
        assert_eq!((&told["rows"], &told["left_out_without_consent"]), (&direct["rows"], &json!(true)));
        // A consent whose last day has passed: nobody records that.
        app.database.execute("UPDATE report_jobs SET known_at = '2026-09-01 16:00:00'");
        app.database.execute("UPDATE consents SET valid_to = '2026-09-10'");
        assert_eq!(file(&app, &analyst, &again).await.status, 200, "it holds until the end of the day");
        app.database.execute("UPDATE consents SET valid_to = '2026-09-09'");
        file(&app, &analyst, &again).await.problem(409, "wrong_status");
        app.database.execute("UPDATE consents SET valid_to = NULL");
        assert_eq!(file(&app, &analyst, &again).await.status, 200);
        // Another version of the contract; an organization that says something else of itself.
        let same = ["key = \"peer_individual\"", "key = \"peer_individual\"\nsubstance_use = true"];
        crate::again::supersede(&app, &w, "2026.2", same, ["RIVERBEND01", "RIVERBEND01"]).await;
        file(&app, &analyst, &again).await.problem(409, "wrong_status");
        let path = app.get("/v1/organizations", &w.biller).await.expect(200);
        let path = format!("/v1/organizations/{}", path["items"][0]["id"].as_str().unwrap());
        let anew = async || {
            let job = ask(&app, &analyst, &wanted("authorizations")).await;
            make_all(&app.ctx).await;
            assert_eq!(file(&app, &analyst, &job).await.status, 200);
            job
        };
        let job = anew().await;
        crate::changes::amend(&app, &w, &path, |o| o["contact_phone"] = json!("5095550143")).await;
        assert_eq!(file(&app, &analyst, &job).await.status, 200, "who answers the telephone opens and closes nothing");
        crate::changes::amend(&app, &w, &path, |o| o["zone"] = json!("Pacific/Guam")).await;
        file(&app, &analyst, &job).await.problem(409, "wrong_status");
        crate::changes::amend(&app, &w, &path, |o| o["part2"] = json!("not_program")).await;
        let job = anew().await;
        crate::changes::amend(&app, &w, &path, |o| o["part2"] = json!("undeclared")).await;
        file(&app, &analyst, &job).await.problem(409, "wrong_status");
        crate::changes::amend(&app, &w, &path, |o| o["part2"] = json!("not_program")).await;
        file(&app, &analyst, &job).await.problem(409, "wrong_status");
        assert_eq!(file(&app, &w.biller, &own).await.status, 200, "its own records");
    }
}
