//! Documents: made, listed, changed, brought in; what a kind does not have is refused; and a visit is
//! decided again when a document that its pack asks for is new or changes.

use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::reference_samples::{member, npi, peer, pointers, world};
use crate::world::{self, World, id, rules, visit};

fn plan(member: &str, reference: &str) -> Value {
    json!({"reference": reference, "kind": "plan", "member": member, "from": "2026-01-15",
        "goals": ["G1"], "reviews": ["2026-04-15"]})
}

/// A contract that wants a plan with the note's goal, an order of 30 days or a plan, weekly
/// supervision, no shared home, and a peer three years apart from the member.
const CONDITIONS: &str = r#"
[[condition]]
key = "order-or-plan"
services = ["peer_individual"]
demand = "document"
one_of = [{ kind = "order", signed = true, valid_days = 30 }, { kind = "plan" }]
grace_visits = 1
source = "manual-limits"

[[condition]]
key = "goal"
services = ["peer_individual"]
demand = "plan_goal"
when = { programs = ["annex"] }
source = "manual-limits"

[[condition]]
key = "home"
services = ["peer_individual"]
demand = "no_relationship"
about = ["shared_home"]
source = "manual-limits"

[[condition]]
key = "age"
services = ["peer_individual"]
demand = "staff_age"
years = 18
answer = "warn"
source = "manual-limits"
"#;

async fn conditioned(app: &TestApp) -> World {
    let limit = world::limit("daily", "16", "window = \"day\"\nexceed = \"hold\"");
    world::limited(app, &format!("{limit}{CONDITIONS}"), 1).await
}

async fn record(app: &TestApp, w: &World, reference: &str, start: &str) -> Value {
    let body = visit(reference, &w.peers[0], &w.members[0], start);
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201)
}

async fn now(app: &TestApp, w: &World, encounter: &Value) -> Vec<String> {
    app.settle().await;
    let path = format!("/v1/encounters/{}", id(encounter));
    rules(&app.get(&path, &w.biller).await.expect(200))
}

on_both! {
    async fn a_document_that_comes_changes_or_goes_decides_again(app: TestApp) {
        let w = conditioned(&app).await;
        // The peer's age is asked for and not known: a warning, since the source is weak.
        let first = record(&app, &w, "V-1", "2026-07-01T16:00").await;
        assert_eq!((rules(&first), &first["disposition"]), (vec!["peer.age".to_owned()], &json!("ready")));
        let second = record(&app, &w, "V-2", "2026-07-02T16:00").await;
        assert_eq!(rules(&second), ["peer.age", "document.missing"]);
        assert_eq!(second["disposition"], "held");
        let made = app.post("/v1/documents", &w.biller, &plan(&w.members[0], "D-1")).await.expect(201);
        assert_eq!(now(&app, &w, &second).await, ["peer.age"]);
        let mut late = plan(&w.members[0], "D-1");
        (late["from"], late["reviews"]) = (json!("2026-07-03"), json!([]));
        let path = format!("/v1/documents/{}", id(&made));
        app.put(&path, &w.biller, "\"1\"", &late).await.expect(200);
        assert_eq!(now(&app, &w, &second).await, ["peer.age", "document.missing"]);
        let order = json!({"reference": "D-2", "kind": "order", "member": w.members[0],
            "from": "2026-06-02", "signed_on": "2026-06-02"});
        app.post("/v1/documents", &w.biller, &order).await.expect(201);
        assert_eq!(now(&app, &w, &second).await, ["peer.age"]);
        let third = record(&app, &w, "V-3", "2026-07-03T16:00").await;
        assert_eq!(rules(&third), ["peer.age"], "the plan holds by then");
        // The peer turns out to be old enough, and to live with the member.
        let path = format!("/v1/peers/{}", w.peers[0]);
        let mut body = app.get(&path, &w.biller).await.expect(200);
        crate::walls::without_ids(&mut body);
        body["birth_date"] = json!("1980-02-03");
        app.put(&path, &w.biller, "\"1\"", &body).await.expect(200);
        assert!(now(&app, &w, &second).await.is_empty());
        let home = json!({"reference": "D-3", "kind": "relationship", "member": w.members[0],
            "peer": w.peers[0], "about": "shared_home", "from": "2026-07-02"});
        app.post("/v1/documents", &w.biller, &home).await.expect(201);
        assert_eq!(now(&app, &w, &second).await, ["relationship.barred"]);
        assert!(now(&app, &w, &first).await.is_empty(), "it began a day later");
    }

    async fn a_hold_that_has_another_reason_is_another_answer(app: TestApp) {
        let w = conditioned(&app).await;
        let first = record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let second = record(&app, &w, "V-2", "2026-07-02T16:00").await;
        let told = |visit: &Value| {
            let finding = visit["findings"].as_array().unwrap().last().unwrap();
            (finding["rule"].clone(), finding["message"].clone())
        };
        let before = told(&second);
        // The plan that comes begins too late: the visit is held by the same rule, for another reason.
        let mut late = plan(&w.members[0], "D-1");
        (late["from"], late["reviews"]) = (json!("2026-07-10"), json!([]));
        app.post("/v1/documents", &w.biller, &late).await.expect(201);
        app.settle().await;
        let seen = |visit: &Value| format!("/v1/encounters/{}", id(visit));
        let held = app.get(&seen(&second), &w.biller).await.expect(200);
        let after = told(&held);
        assert_eq!((&before.0, &after.0), (&json!("document.missing"), &json!("document.missing")));
        assert!(after.1.as_str().unwrap().contains("2026-07-10"), "{after:?}");
        assert_ne!(before.1, after.1);
        assert_eq!(held["decision"]["sequence"], 2);
        // What is ready says the same, and no decision is added; nor by a change that changes no word.
        let ready = app.get(&seen(&first), &w.biller).await.expect(200);
        assert_eq!((&ready["decision"]["sequence"], &ready["disposition"]), (&json!(1), &json!("ready")));
        let other = json!({"reference": "D-2", "kind": "notice", "member": w.members[0],
            "about": "voluntary", "from": "2026-06-02"});
        app.post("/v1/documents", &w.biller, &other).await.expect(201);
        app.settle().await;
        let held = app.get(&seen(&second), &w.biller).await.expect(200);
        assert_eq!(held["decision"]["sequence"], 2);
    }

    async fn what_a_kind_does_not_have_is_refused(app: TestApp) {
        let w = world(&app).await;
        app.post("/v1/members", &w.biller, &member("M-1", "evergreen", "EVG100")).await.expect(201);
        app.post("/v1/peers", &w.biller, &peer(&npi(1))).await.expect(201);
        let with = |fields: Value| {
            let mut body = json!({"reference": "D-9", "from": "2026-01-01"});
            let fields = fields.as_object().unwrap().clone();
            body.as_object_mut().unwrap().extend(fields);
            body
        };
        for (fields, wanted) in [
            (json!({}), vec!["/kind"]),
            (json!({"kind": "letter"}), vec!["/kind"]),
            (json!({"kind": "plan"}), vec!["/member"]),
            (json!({"kind": "plan", "member": "M-1", "peer": npi(1)}), vec!["/peer"]),
            (json!({"kind": "plan", "member": "M-7"}), vec!["/member"]),
            (json!({"kind": "plan", "member": "M-1", "reviews": ["2025-12-31"]}), vec!["/reviews/0"]),
            // The clock shows 10 September: what is ahead has not been signed or reviewed.
            (json!({"kind": "plan", "member": "M-1", "reviews": ["2026-09-11"]}), vec!["/reviews"]),
            (json!({"kind": "order", "member": "M-1", "signed_on": "2026-09-11"}), vec!["/signed_on"]),
            (json!({"kind": "plan", "member": "M-1", "signed_on": "2027-01-01", "reviews": ["2026-02-01", "2027-01-01"]}),
                vec!["/reviews", "/signed_on"]),
            (json!({"kind": "plan", "member": "M-1", "score": "3"}), vec!["/score"]),
            (json!({"kind": "order", "member": "M-1", "to": "2025-12-31"}), vec!["/to"]),
            (json!({"kind": "order", "member": "M-1", "goals": ["G1"]}), vec!["/goals"]),
            (json!({"kind": "assessment", "member": "M-1", "about": "whodas"}), vec!["/score"]),
            (json!({"kind": "assessment", "member": "M-1", "about": "whodas", "score": "1.2345"}), vec!["/score"]),
            (json!({"kind": "assessment", "member": "M-1", "about": "whodas", "score": "-1"}), vec!["/score"]),
            (json!({"kind": "necessity", "elements": ["gains"]}), vec!["/member"]),
            (json!({"kind": "necessity", "member": "M-1", "about": "gains"}), vec!["/about"]),
            (json!({"kind": "supervision", "peer": npi(2), "about": "qp"}), vec!["/peer"]),
            (json!({"kind": "supervision", "peer": npi(1)}), vec!["/about"]),
            (json!({"kind": "supervisor", "peer": npi(1)}), vec!["/about"]),
            (json!({"kind": "supervisor", "member": "M-1", "peer": npi(1), "about": "moss"}), vec!["/member"]),
            (json!({"kind": "accreditation", "member": "M-1", "about": "carf"}), vec!["/member"]),
        ] {
            let problem = app.post("/v1/documents", &w.biller, &with(fields.clone())).await
                .problem(422, "invalid_input");
            assert_eq!(pointers(&problem), wanted, "{fields}");
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM documents"), 0);
        let fine = [
            json!({"kind": "plan", "member": "M-1", "signed_on": "2026-09-10", "reviews": ["2026-01-01", "2026-09-10"], "goals": ["G1", "G1"]}),
            json!({"kind": "assessment", "member": "M-1", "about": "whodas", "score": "25.50"}),
            json!({"kind": "supervision", "peer": npi(1), "about": "qp"}),
            json!({"kind": "accreditation", "about": "carf"}),
            json!({"kind": "supervisor", "peer": npi(1), "about": "moss"}),
        ];
        for (n, fields) in fine.into_iter().enumerate() {
            let mut body = with(fields);
            body["reference"] = json!(format!("D-{n}"));
            app.post("/v1/documents", &w.biller, &body).await.expect(201);
        }
        for (query, count) in [
            ("", 5), ("?kind=plan", 1), ("?reference=D-2", 1), ("?kind=notice", 0), ("?kind=supervisor", 1),
        ] {
            let list = app.get(&format!("/v1/documents{query}"), &w.biller).await.expect(200);
            assert_eq!(list["items"].as_array().unwrap().len(), count, "{query}");
        }
        let list = app.get("/v1/documents?reference=D-0", &w.biller).await.expect(200);
        assert_eq!(list["items"][0]["goals"], json!(["G1"]));
        let taken = with(json!({"kind": "accreditation", "about": "carf", "reference": "D-0"}));
        let problem = app.post("/v1/documents", &w.biller, &taken).await.problem(409, "already_exists");
        assert_eq!(pointers(&problem), ["/reference"]);
        let path = format!("/v1/documents/{}", id(&list["items"][0]));
        let other = with(json!({"kind": "notice", "member": "M-1", "about": "voluntary", "reference": "D-0"}));
        let problem = app.put(&path, &w.biller, "\"1\"", &other).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), ["/kind"]);
    }

    async fn a_file_adds_and_changes_documents_and_tells_faults_by_line(app: TestApp) {
        let w = world(&app).await;
        app.post("/v1/members", &w.biller, &member("M-1", "evergreen", "EVG100")).await.expect(201);
        app.post("/v1/peers", &w.biller, &peer(&npi(1))).await.expect(201);
        let file = |rows: &str| format!(
            "organization,reference,kind,member_reference,peer_npi,from,to,about,score,goals,reviews\n{rows}");
        let import = |text: String| {
            crate::reference_import::import(&app.database, "documents", text.as_bytes(), &[])
        };
        let rows = format!("river-bend,D-1,plan,M-1,,2026-01-01,,,,G1;G2,2026-02-01;2026-03-01\n\
            river-bend,D-2,assessment,M-1,,2026-01-01,,whodas,31,,\n\
            river-bend,D-3,supervision,,{},2026-01-01,2026-01-01,qp,,,\n\
            river-bend,D-6,supervisor,,{},2026-01-01,,moss,,,\n", npi(1), npi(1));
        let done = import(file(&rows));
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let again = import(file(&rows.replace(",31,", ",32,")));
        assert_eq!(
            String::from_utf8_lossy(&again.stdout).trim(),
            "documents: 0 created, 1 updated, 3 unchanged"
        );
        let refused = import(file(&format!("river-bend,D-1,plan,M-1,,2026-03-02,,,,,2026-03-01\n\
            river-bend,D-2,notice,M-1,,2026-01-01,,voluntary,,,\n\
            river-bend,D-4,supervision,,{},2026-01-01,,qp,,,\n\
            river-bend,D-5,order,M-8,,2026-01-01,,,,,\n", npi(3))));
        assert!(!refused.status.success());
        let error = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(error.contains("line 2, reviews:"), "{error}");
        let ahead = import(file("river-bend,D-7,plan,M-1,,2026-01-01,,,,,2026-02-01;2099-01-01\n"));
        let error = String::from_utf8_lossy(&ahead.stderr).into_owned();
        assert!(error.contains("line 2, reviews:") && error.contains("future"), "{error}");
        let refused = import(file(&format!("river-bend,D-2,notice,M-1,,2026-01-01,,voluntary,,,\n\
            river-bend,D-4,supervision,,{},2026-01-01,,qp,,,\n\
            river-bend,D-5,order,M-8,,2026-01-01,,,,,\n", npi(3))));
        let error = String::from_utf8_lossy(&refused.stderr).into_owned();
        for place in ["line 2, kind:", "line 3, peer_npi:", "line 4, member_reference:"] {
            assert!(error.contains(place), "{place}\n{error}");
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM documents"), 4);
    }
}
