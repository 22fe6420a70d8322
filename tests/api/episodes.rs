//! Enrollment episodes: made, listed, changed, brought in; those of one kind never share a day, also
//! when many arrive at once; and the rules see those that the billed payer counts.

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::reference_samples::{episode, member, payer, pointers, world};
use crate::world::{self, visit};

fn with(mut body: Value, changes: &[(&str, &str)]) -> Value {
    for (field, value) in changes {
        body[*field] = json!(value);
    }
    body
}

on_both! {
    async fn episodes_of_one_kind_share_no_day(app: TestApp) {
        let w = world(&app).await;
        app.post("/v1/payers", &w.admin, &payer("harbor", true)).await.expect(201);
        for (reference, number) in [("M-1", "EVG100"), ("M-2", "EVG200")] {
            let body = member(reference, "evergreen", number);
            app.post("/v1/members", &w.biller, &body).await.expect(201);
        }
        let first = episode("M-1", "evergreen", "E-1");
        let made = app.post("/v1/episodes", &w.biller, &first).await.expect(201);
        let next = |reference: &str| episode("M-1", "evergreen", reference);
        let mut nobodys = next("E-9");
        nobodys.as_object_mut().unwrap().remove("payer");
        for clash in [
            with(next("E-9"), &[("from", "2026-06-30"), ("to", "2026-07-31")]),
            with(next("E-9"), &[("from", "2025-01-01"), ("to", "2026-01-01")]),
            with(next("E-9"), &[("from", "2026-03-01"), ("to", "2026-03-01")]),
            // Every payer counts it, this one too.
            nobodys,
        ] {
            let problem = app.post("/v1/episodes", &w.biller, &clash).await.problem(422, "invalid_input");
            assert_eq!(pointers(&problem), ["/from"]);
            assert!(problem["faults"][0]["message"].as_str().unwrap().contains("E-1"), "{problem}");
        }
        for apart in [
            with(next("E-2"), &[("from", "2026-07-01"), ("to", "2026-07-31")]),
            with(next("E-3"), &[("kind", "package")]),
            with(next("E-4"), &[("payer", "harbor")]),
            episode("M-2", "evergreen", "E-5"),
        ] {
            app.post("/v1/episodes", &w.biller, &apart).await.expect(201);
        }
        // A change is held against the others, and not against itself.
        let path = format!("/v1/episodes/{}", made["id"].as_str().unwrap());
        let longer = with(first.clone(), &[("to", "2026-07-01")]);
        let problem = app.put(&path, &w.biller, "\"1\"", &longer).await.problem(422, "invalid_input");
        assert!(problem["faults"][0]["message"].as_str().unwrap().contains("E-2"), "{problem}");
        let shorter = with(first, &[("to", "2026-05-31")]);
        app.put(&path, &w.biller, "\"1\"", &shorter).await.expect(200);
        // Lists narrow.
        for (query, count) in [
            ("", 5), ("?kind=package", 1), ("?payer=harbor", 1), ("?reference=E-2", 1), ("?reference=E-7", 0),
        ] {
            let list = app.get(&format!("/v1/episodes{query}"), &w.biller).await.expect(200);
            assert_eq!(list["items"].as_array().unwrap().len(), count, "{query}");
        }
        let of_member = format!("/v1/episodes?member={}", made["member"].as_str().unwrap());
        assert_eq!(world::all(&app, &of_member, &w.biller).await.len(), 4);
    }

    async fn faults_of_an_episode_are_told_at_their_fields(app: TestApp) {
        let w = world(&app).await;
        for (body, wanted) in [
            (json!({}), vec!["/from", "/kind", "/member", "/reference"]),
            (episode("M-9", "nobody", "E-1"), vec!["/member", "/payer"]),
            (with(episode("M-9", "evergreen", "E-1"), &[("to", "2025-01-01")]), vec!["/to"]),
            (with(episode("M-9", "evergreen", "E 1"), &[("kind", "A b")]), vec!["/kind", "/reference"]),
        ] {
            let problem = app.post("/v1/episodes", &w.biller, &body).await.problem(422, "invalid_input");
            assert_eq!(pointers(&problem), wanted, "{problem}");
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM episodes"), 0);
    }

    async fn of_many_that_overlap_at_once_one_is_made(app: TestApp) {
        let w = world(&app).await;
        let body = member("M-1", "evergreen", "EVG100");
        app.post("/v1/members", &w.biller, &body).await.expect(201);
        let send = |n: usize| {
            let (app, key) = (&app, &w.biller);
            async move {
                let body = episode("M-1", "evergreen", &format!("E-{n}"));
                app.post("/v1/episodes", key, &body).await.status.as_u16()
            }
        };
        let answers = futures_util::future::join_all((0..8).map(send)).await;
        let count = |status: u16| answers.iter().filter(|s| **s == status).count();
        assert_eq!((count(201), count(422)), (1, 7), "{answers:?}");
    }

    async fn a_file_may_trade_days_and_tells_overlaps_by_line(app: TestApp) {
        let w = world(&app).await;
        let body = member("M-1", "evergreen", "EVG100");
        app.post("/v1/members", &w.biller, &body).await.expect(201);
        let file = |rows: &str| format!("organization,reference,member_reference,kind,payer,from,to\n{rows}");
        let import = |text: String| {
            crate::reference_import::import(&app.database, "episodes", text.as_bytes(), &[])
        };
        let done = import(file("river-bend,E-1,M-1,episode,,2026-01-01,2026-01-31\n\
            river-bend,E-2,M-1,episode,,2026-02-01,2026-02-28\n"));
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let traded = import(file("river-bend,E-1,M-1,episode,,2026-02-01,2026-02-28\n\
            river-bend,E-2,M-1,episode,,2026-01-01,2026-01-31\n"));
        assert_eq!(String::from_utf8_lossy(&traded.stdout).trim(), "episodes: 0 created, 2 updated, 0 unchanged");
        let refused = import(file("river-bend,E-2,M-1,episode,evergreen,2026-01-01,2026-01-31\n\
            river-bend,E-3,M-1,episode,,2026-01-31,2026-02-01\n\
            river-bend,E-4,M-1,episode,,2026-03-01,\n\
            river-bend,E-5,M-1,episode,evergreen,2027-03-01,\n\
            river-bend,E-6,M-7,episode,nobody,2027-03-01,\n"));
        let error = String::from_utf8_lossy(&refused.stderr).into_owned();
        for place in ["line 3, from:", "line 5, from:", "line 6, member_reference:", "line 6, payer:"] {
            assert!(error.contains(place), "{place}\n{error}");
        }
        assert!(!error.contains("line 2,") && !error.contains("line 4,"), "{error}");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM episodes"), 2);
    }

    async fn a_decision_keeps_the_episodes_that_its_payer_counts(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        world::payer(&app, &w.admin, "harbor-light").await;
        for (reference, of, payer) in [
            ("E-1", 0, json!("evergreen")), ("E-2", 0, json!("harbor-light")), ("E-3", 1, Value::Null),
        ] {
            let body = json!({
                "reference": reference, "member": w.members[of], "kind": "episode", "payer": payer,
                "from": "2026-07-01", "to": "2026-07-31",
            });
            app.post("/v1/episodes", &w.biller, &body).await.expect(201);
        }
        for (n, wanted) in [(0, 1), (1, 1)] {
            let body = visit(&format!("V-{n}"), &w.peers[n], &w.members[n], "2026-07-01T16:00");
            app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
            let facts = app.database.table(&format!(
                "SELECT d.facts AS name, CAST(1 AS BIGINT) AS value FROM decisions d JOIN encounters e \
                 ON e.id = d.encounter_id WHERE e.reference = 'V-{n}'"));
            let facts: Value = serde_json::from_str(&facts[0].0).unwrap();
            let episodes = facts["episodes"].as_array().unwrap();
            assert_eq!(episodes.len(), wanted, "{facts}");
            assert_eq!(episodes[0]["payer"], facts["billed"]["payer"]);
        }
        // What is another organization's is not there.
        let stranger = world::second_of_evergreen(&app, &w.admin, "hill-top", 0).await;
        let key = app.key(Role::Biller, "hill-top").await;
        assert_eq!(app.get("/v1/episodes", &key).await.expect(200)["items"], json!([]));
        drop(stranger);
    }
}
