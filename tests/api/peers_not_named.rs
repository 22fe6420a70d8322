//! Where a contract has the agency as rendering provider, visits of several peers share claims, lines, claimed
//! periods and sums of a day (`docs/adr/0167`): the payer cannot tell them apart.

use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::day_sums::{ROOMY, happens, lines, recount_by, reserved};
use crate::edi;
use crate::world::{self, Dice, World, id, rules};

const AGENCY: (&str, &str) = ("rendering = \"always\"", "rendering = \"agency\"");

async fn record(
    app: &TestApp,
    w: &World,
    reference: &str,
    peer: usize,
    hour: &str,
    minutes: i64,
) -> Value {
    let start = format!("2026-07-01T{hour}");
    let body = world::visit_of(reference, &w.peers[peer], &w.members[0], &start, minutes);
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201)
}

async fn now(app: &TestApp, w: &World, of: &Value) -> Value {
    app.get(&format!("/v1/encounters/{}", id(of)), &w.biller).await.expect(200)
}

async fn npi(app: &TestApp, w: &World, peer: usize) -> String {
    let peer = app.get(&format!("/v1/peers/{}", w.peers[peer]), &w.biller).await.expect(200);
    peer["npi"].as_str().unwrap().to_owned()
}

async fn build(app: &TestApp, w: &World) -> Value {
    let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
    app.post("/v1/batches", &w.biller, &wanted).await.expect(201)
}

on_both! {
    async fn two_peers_of_a_day_are_one_line_and_both_are_told(app: TestApp) {
        let w = world::river_bend_with(&app, 1, &[AGENCY]).await;
        record(&app, &w, "V-1", 0, "16:00", 30).await;
        record(&app, &w, "V-2", 1, "18:00", 15).await;
        let batch = build(&app, &w).await;
        assert_eq!((&batch["claims"], &batch["lines"], &batch["units"]), (&json!(1), &json!(1), &json!(3)));
        let text = edi::fetch(&app, &id(&batch), &w.biller).await.body;
        assert_eq!(text.matches("CLM*").count(), 1, "{text}");
        assert!(!text.contains("NM1*82*1*"), "no peer is named: {text}");
        let claim = world::all(&app, "/v1/claims", &w.biller).await.remove(0);
        assert_eq!(claim["peer"], w.peers[0].as_str(), "whose visit is first");
        // Who gave it stands in the tables.
        let both = format!("{};{}", npi(&app, &w, 0).await, npi(&app, &w, 1).await);
        let path = format!("/v1/batches/{}/csv", id(&batch));
        let table = app.get(&path, &w.biller).await;
        assert!(table.body.contains(&both), "{}", table.body);
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
        let path = "/v1/reports/lines?from=2026-07-01&to=2026-07-31";
        let told = app.get(path, &w.biller).await.expect(200);
        assert!(told.to_string().contains(&both), "{told}");
    }

    async fn a_day_is_summed_over_peers_and_nobody_is_at_two_places(app: TestApp) {
        let w = world::river_bend_with(&app, 2, &[ROOMY[0], ROOMY[1], ROOMY[2], AGENCY]).await;
        let first = record(&app, &w, "V-1", 0, "16:00", 10).await;
        assert_eq!(first["disposition"], "non_billable");
        // The first peer is with another member at that time: her ten minutes do not count.
        let other = world::visit_of("U-1", &w.peers[0], &w.members[1], "2026-07-01T16:05", 30);
        let other = app.post("/v1/encounters", &w.submitter, &other).await.expect(201);
        assert_eq!(lines(&other), [("ready", 2)]);
        let second = record(&app, &w, "V-2", 1, "18:00", 10).await;
        assert_eq!(second["disposition"], "non_billable", "{second}");
        let reason = json!({"reason": "entered in error"});
        app.post(&format!("/v1/encounters/{}/void", id(&other)), &w.biller, &reason).await.expect(200);
        app.settle().await;
        let [one, two] = [now(&app, &w, &first).await, now(&app, &w, &second).await];
        assert_eq!((lines(&one), lines(&two)), (vec![("ready", 0)], vec![("ready", 1)]), "{one} {two}");
        // Now her time is taken.
        let other = world::visit_of("U-2", &w.peers[0], &w.members[1], "2026-07-01T16:05", 30);
        let other = app.post("/v1/encounters", &w.submitter, &other).await.expect(201);
        assert_eq!((other["disposition"].as_str(), rules(&other)), (Some("held"), vec!["overlap.peer".to_owned()]));
        let batch = build(&app, &w).await;
        assert_eq!((&batch["claims"], &batch["lines"], &batch["units"]), (&json!(1), &json!(1), &json!(1)));
        let late = record(&app, &w, "V-3", 1, "20:00", 30).await;
        assert_eq!((late["disposition"].as_str(), rules(&late)), (Some("held"), vec!["day.claimed".to_owned()]));
        assert_eq!(reserved(&app), 1);
    }

    async fn any_history_of_days_over_peers_ties(app: TestApp) {
        let w = world::river_bend_with(&app, 2, &[ROOMY[0], ROOMY[1], ROOMY[2], AGENCY]).await;
        let fields = ["member", "service_date", "setting"];
        let mut dice = Dice::new(0x000D_A167);
        let mut slots: Vec<(usize, usize)> = (0..3).flat_map(|d| (0..32).map(move |s| (d, s))).collect();
        let mut known = Vec::new();
        for step in 0..80 {
            happens(&app, &w, &mut dice, &mut slots, &mut known).await;
            if step % 6 == 5 {
                let (units, _) = recount_by(&app, &w, &fields).await;
                assert_eq!(reserved(&app), units, "step {step}");
            }
        }
        let (units, sums) = recount_by(&app, &w, &fields).await;
        let batch = build(&app, &w).await;
        assert_eq!((&batch["units"], &batch["lines"]), (&json!(units), &json!(sums)));
        assert_eq!(batch["claims"], 6, "one for each of two members and three days");
        edi::fetch(&app, &id(&batch), &w.biller).await;
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
    }

    /// What a sum gives its first unit takes its peer's time, which others want at the same moment.
    async fn sums_over_peers_and_visits_elsewhere_at_once(app: TestApp) {
        let w = world::river_bend_with(&app, 2, &[ROOMY[0], ROOMY[1], ROOMY[2], AGENCY]).await;
        let app = std::sync::Arc::new(app);
        let mut all = Vec::new();
        for day in 1..=9 {
            let at = |reference: &str, peer: usize, member: usize, hour: &str, minutes: i64| {
                let start = format!("2026-07-{day:02}T{hour}");
                world::visit_of(&format!("{reference}-{day}"), &w.peers[peer], &w.members[member], &start, minutes)
            };
            let short = at("A", 0, 0, "16:00", 10);
            app.post("/v1/encounters", &w.submitter, &short).await.expect(201);
            for body in [at("B", 1, 0, "18:00", 10), at("C", 0, 1, "16:05", 30)] {
                let (app, key) = (std::sync::Arc::clone(&app), w.submitter.clone());
                all.push(tokio::spawn(async move {
                    app.post("/v1/encounters", &key, &body).await.expect(201);
                }));
            }
        }
        for post in all {
            post.await.unwrap();
        }
        app.settle().await;
        let visits = world::all(&app, "/v1/encounters", &w.biller).await;
        for day in 1..=9 {
            let of = |reference: &str| {
                let name = format!("{reference}-{day}");
                visits.iter().find(|v| v["reference"] == name.as_str()).unwrap()
            };
            let [short, second, elsewhere] = ["A", "B", "C"].map(of);
            let count = [short, elsewhere].into_iter().filter(|v| v["status"] == "ready").count();
            assert_eq!(count, 1, "the peer is at one place: {short} {elsewhere}");
            assert_eq!(second["status"], short["status"], "{second}");
        }
    }
}
