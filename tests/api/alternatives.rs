//! What else would work: each way that a preview proposes answers, asked about by itself, exactly what
//! was promised; and of a visit that took place only what may be true is proposed.

use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::world::{self, World, limit, visit, visit_of};

const APPROVAL: &str = "[[authorization]]\nkey = \"approval\"\nservices = [\"peer_individual\"]\n\
                        require = \"always\"\nsource = \"manual-limits\"\n";

async fn asked(app: &TestApp, w: &World, body: &Value) -> Value {
    app.post("/v1/decisions/preview?alternatives=true", &w.submitter, body).await.expect(200)
}

/// What is said of a visit, without what stands beside it.
fn answer(seen: &Value) -> Value {
    let mut seen = seen.clone();
    let fields = seen.as_object_mut().unwrap();
    fields.remove("alternatives");
    fields.remove("took_place");
    seen
}

fn kinds(seen: &Value) -> Vec<String> {
    let list = seen["alternatives"].as_array().unwrap();
    list.iter().map(|a| a["kind"].as_str().unwrap().to_owned()).collect()
}

/// Asks about each way by itself.
async fn kept(app: &TestApp, w: &World, body: &Value) -> Value {
    let seen = asked(app, w, body).await;
    for one in seen["alternatives"].as_array().unwrap() {
        let mut other = body.clone();
        let fields = other.as_object_mut().unwrap();
        for (name, value) in one["set"].as_object().unwrap() {
            fields.insert(name.clone(), value.clone());
        }
        let alone = app.post("/v1/decisions/preview", &w.submitter, &other).await.expect(200);
        assert_eq!(answer(&alone), one["answer"], "{} {}", one["kind"], one["value"]);
    }
    seen
}

async fn approve(app: &TestApp, w: &World, number: &str, units: u32, to: &str) {
    let body = json!({
        "member": w.members[0], "payer": "evergreen", "number": number, "units": units,
        "from": "2026-01-01", "to": to,
    });
    world::authorization(app, &w.admin, "river-bend", &body).await;
}

on_both! {
    async fn each_way_answers_what_it_promised(app: TestApp) {
        let daily = limit("daily", "6", "window = \"day\"\nexceed = \"hold\"");
        let w = world::limited(&app, &format!("{daily}{APPROVAL}"), 1).await;
        approve(&app, &w, "A-1", 3, "2026-12-31").await;
        approve(&app, &w, "A-2", 40, "2026-12-31").await;
        // Two hours are 8 units: too many for a day, and for the first authorization.
        let mut body = visit_of("P-1", &w.peers[0], &w.members[0], "2026-11-05T17:00", 120);
        body["authorization"] = json!("A-1");
        let seen = kept(&app, &w, &body).await;
        assert_eq!((&seen["took_place"], &seen["held_units"]), (&json!(false), &json!(5)));
        assert_eq!(seen["alternatives"][0]["value"], "45", "{seen:#}");
        // With the other one the day's limit is what is left.
        body["authorization"] = json!("A-2");
        let seen = kept(&app, &w, &body).await;
        let ways = seen["alternatives"].as_array().unwrap();
        let shorter = ways.iter().find(|way| way["kind"] == "length").unwrap();
        assert_eq!(shorter["value"], "90", "{seen:#}");
        // An hour fits the day, and the other authorization covers it.
        let mut hour = visit("P-2", &w.peers[0], &w.members[0], "2026-11-05T17:00");
        hour["authorization"] = json!("A-1");
        let seen = kept(&app, &w, &hour).await;
        assert_eq!(seen["alternatives"][0]["value"], "A-2", "{seen:#}");
        assert_eq!(seen["alternatives"][0]["answer"]["held_units"], 0);
        // What can be billed needs nothing else, and nobody is told who did not ask.
        hour["authorization"] = json!("A-2");
        assert!(kinds(&asked(&app, &w, &hour).await).is_empty());
        let plain = app.post("/v1/decisions/preview", &w.submitter, &body).await.expect(200);
        assert_eq!((&plain["alternatives"], &plain["took_place"]), (&Value::Null, &Value::Null));
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 0, "nothing is stored");
    }

    async fn the_nearest_days_keep_the_time_on_the_wall_and_what_was_stays(app: TestApp) {
        let daily = limit("daily", "4", "window = \"day\"\nexceed = \"hold\"");
        let w = world::limited(&app, &format!("{daily}{APPROVAL}"), 1).await;
        approve(&app, &w, "A-1", 40, "2026-10-31").await;
        // 9 in the morning, after the clocks went back on 1 November.
        let planned = visit("P-0", &w.peers[0], &w.members[0], "2026-11-05T17:00");
        let seen = kept(&app, &w, &planned).await;
        let days: Vec<&Value> = seen["alternatives"].as_array().unwrap().iter()
            .filter(|a| a["kind"] == "day").collect();
        assert_eq!(days.len(), 2, "{seen:#}");
        assert_eq!((&days[0]["value"], &days[1]["value"]), (&json!("2026-10-31"), &json!("2026-10-30")));
        assert!(days[0]["set"]["started_at"].as_str().unwrap().starts_with("2026-10-31T16:00"));
        app.post("/v1/encounters", &w.submitter,
            &visit("V-1", &w.peers[0], &w.members[0], "2026-09-01T15:00")).await.expect(201);
        // Another visit of that day, asked about when it is over: nothing can be otherwise.
        let late = visit("P-1", &w.peers[0], &w.members[0], "2026-09-01T18:00");
        let seen = asked(&app, &w, &late).await;
        assert_eq!((&seen["took_place"], kinds(&seen)), (&json!(true), vec![]), "{seen:#}");
        assert_eq!(seen["disposition"], "held");
    }

    async fn a_document_that_was_there_makes_it_what_was_promised(app: TestApp) {
        let wanted = "[[condition]]\nkey = \"order\"\nservices = [\"peer_individual\"]\n\
            demand = \"document\"\none_of = [{ kind = \"order\", signed = true, valid_days = 30, \
            elements = [\"credential\"] }]\nsource = \"manual-limits\"\n";
        let daily = limit("daily", "16", "window = \"day\"\nexceed = \"hold\"");
        let w = world::limited(&app, &format!("{daily}{wanted}"), 1).await;
        let body = visit("P-1", &w.peers[0], &w.members[0], "2026-09-01T15:00");
        let seen = asked(&app, &w, &body).await;
        assert_eq!((kinds(&seen), &seen["disposition"]), (vec!["document".to_owned()], &json!("held")));
        assert_eq!(seen["alternatives"][0]["value"], "order");
        let order = json!({"reference": "D-1", "kind": "order", "member": w.members[0],
            "from": "2026-09-01", "signed_on": "2026-09-01", "elements": ["credential"]});
        app.post("/v1/documents", &w.biller, &order).await.expect(201);
        let then = asked(&app, &w, &body).await;
        assert_eq!(answer(&then), seen["alternatives"][0]["answer"]);
        assert_eq!((kinds(&then), &then["disposition"]), (vec![], &json!("ready")));
    }

    async fn a_visit_to_come_needs_no_note(app: TestApp) {
        let daily = limit("daily", "16", "window = \"day\"\nexceed = \"bill_up_to\"");
        let w = world::limited(&app, &daily, 1).await;
        let mut body = visit_of("P-1", &w.peers[0], &w.members[0], "2026-11-05T15:00", 360);
        for note in [None, Some(json!({"plan_goal": "G1"}))] {
            let fields = body.as_object_mut().unwrap();
            fields.remove("note");
            fields.extend(note.map(|note| ("note".to_owned(), note)));
            let seen = kept(&app, &w, &body).await;
            assert_eq!((&seen["disposition"], &seen["held_units"]), (&json!("ready"), &json!(8)), "{seen:#}");
            let note = &seen["findings"][0];
            assert_eq!((&note["rule"], &note["severity"]), (&json!("note.unsigned"), &json!("warn")));
            assert_eq!(seen["alternatives"][0]["value"], "240", "{seen:#}");
        }
        // Nobody records it unsigned and ready.
        let over = visit_of("V-1", &w.peers[0], &w.members[0], "2026-09-01T15:00", 60);
        let mut over = over;
        over.as_object_mut().unwrap().remove("note");
        let seen = asked(&app, &w, &over).await;
        assert_eq!((&seen["took_place"], &seen["disposition"]), (&json!(true), &json!("held")));
        let stored = app.post("/v1/encounters", &w.submitter, &over).await.expect(201);
        assert_eq!((&stored["status"], &stored["findings"][0]["severity"]), (&json!("held"), &json!("hold")));
    }

    async fn what_is_missing_together_is_proposed_together(app: TestApp) {
        let wanted = |about: &str| format!("[[condition]]\nkey = \"{about}\"\nservices = \
            [\"peer_individual\"]\ndemand = \"document\"\none_of = [{{ kind = \"accreditation\", \
            about = [\"{about}\"] }}]\nsource = \"manual-limits\"\n");
        let daily = limit("daily", "16", "window = \"day\"\nexceed = \"hold\"");
        let more = format!("{daily}{APPROVAL}{}{}", wanted("rco"), wanted("daanes"));
        let w = world::limited(&app, &more, 1).await;
        approve(&app, &w, "A-1", 1, "2026-12-31").await;
        approve(&app, &w, "A-2", 40, "2026-12-31").await;
        let mut body = visit("P-1", &w.peers[0], &w.members[0], "2026-09-01T15:00");
        body["authorization"] = json!("A-1");
        let seen = asked(&app, &w, &body).await;
        let ways = seen["alternatives"].as_array().unwrap();
        let [way] = ways.as_slice() else { panic!("{seen:#}") };
        let both = "document accreditation rco, document accreditation daanes";
        assert_eq!(way["value"], format!("{both}, authorization A-2"));
        assert_eq!((&way["kind"], &way["set"]), (&json!("together"), &json!({"authorization": "A-2"})));
        for about in ["rco", "daanes"] {
            let paper = json!({"reference": about, "kind": "accreditation", "about": about, "from": "2026-01-01"});
            app.post("/v1/documents", &w.biller, &paper).await.expect(201);
        }
        body["authorization"] = json!("A-2");
        let then = asked(&app, &w, &body).await;
        assert_eq!(answer(&then), way["answer"]);
        assert_eq!(then["held_units"], 0);
    }
}
