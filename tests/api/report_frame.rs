//! The reports of the frame after random histories, against a slow recount of what the API lists; the
//! bytes of the past; and questions that are refused.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::history::{self, Past};
use crate::world::{self, Dice};

const PERIOD: &str = "from=2026-01-01&to=2026-12-31";

async fn report(app: &TestApp, name: &str, more: &str, key: &str) -> Value {
    let path = format!("/v1/reports/{name}?{PERIOD}{more}");
    let report = app.get(&path, key).await.expect(200);
    assert_eq!(report["ties"]["ties"], true, "{name}: {}", report["ties"]);
    if !report["control"].is_null() {
        assert_eq!(report["control"]["ties"], true, "{name}: {}", report["control"]);
    }
    report
}

fn cents(value: &Value) -> i64 {
    value.as_str().unwrap().replace('.', "").parse().unwrap()
}

/// What a released claim states of a visit: units, charge, expected.
type Sent = HashMap<String, [i64; 3]>;

/// Visits that count and what released claims state of them, from the lists of the API.
async fn listed(app: &TestApp, past: &Past) -> (Vec<Value>, Sent) {
    let key = &past.world.biller;
    let mut sent = Sent::new();
    for status in ["released", "delivered", "accepted"] {
        for claim in world::all(app, &format!("/v1/claims?status={status}"), key).await {
            let lines = claim["lines"].as_array().unwrap();
            for part in lines.iter().flat_map(|l| l["encounters"].as_array().unwrap()) {
                let id = part["encounter"].as_str().unwrap().to_owned();
                let sums = sent.entry(id).or_default();
                sums[0] += part["units"].as_i64().unwrap();
                sums[1] += cents(&part["charge"]);
                sums[2] += cents(&part["expected"]);
            }
        }
    }
    let visits = world::all(app, "/v1/encounters", key).await;
    (visits.into_iter().filter(|e| e["status"] != "void").collect(), sent)
}

fn units(visit: &Value) -> i64 {
    visit["lines"].as_array().unwrap().iter().map(|l| l["units"].as_i64().unwrap()).sum()
}

fn whole(rows: usize) -> Value {
    json!(rows)
}

/// Counts by months of an organization, the slow way.
fn recount(visits: &[Value]) -> BTreeMap<String, [i64; 4]> {
    let mut months: BTreeMap<String, (BTreeSet<String>, [i64; 4])> = BTreeMap::new();
    for visit in visits {
        let month = visit["service_date"].as_str().unwrap()[..7].to_owned();
        let (people, sums) = months.entry(month).or_default();
        people.insert(visit["member"].as_str().unwrap().to_owned());
        sums[0] = i64::try_from(people.len()).unwrap();
        sums[1] += 1;
        sums[2] += units(visit);
        sums[3] += visit["minutes"].as_i64().unwrap();
    }
    months.into_iter().map(|(month, (_, sums))| (month, sums)).collect()
}

on_both! {
    async fn each_report_is_what_a_recount_gives(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 5).await;
        history::play(&app, &mut pasts, &mut Dice::new(61), 260).await;
        let (visits, sent) = listed(&app, &pasts[0]).await;
        let key = &pasts[0].world.biller;
        let delivery = report(&app, "delivery", "", key).await;
        let rows = delivery["rows"].as_array().unwrap();
        let said: BTreeMap<String, [i64; 4]> = rows.iter().map(|row| {
            let number = |name: &str| row[name].as_i64().unwrap();
            let sums = ["members", "contacts", "units", "contact_minutes"].map(number);
            (row["month"].as_str().unwrap().to_owned(), sums)
        }).collect();
        assert_eq!(said, recount(&visits));
        assert_eq!(delivery["totals"]["contacts"], whole(visits.len()));
        let people: BTreeSet<&str> = visits.iter().map(|v| v["member"].as_str().unwrap()).collect();
        assert_eq!(delivery["totals"]["members"], whole(people.len()), "counted, not added");
        let dollars = report(&app, "dollars", "", key).await;
        let sums = sent.values().fold([0; 3], |a, b| [a[0] + b[0], a[1] + b[1], a[2] + b[2]]);
        assert!(sums[1] > 0);
        assert_eq!(dollars["totals"]["released_units"], sums[0]);
        assert_eq!(cents(&dollars["totals"]["billed"]), sums[1]);
        assert_eq!(cents(&dollars["totals"]["expected"]), sums[2]);
        assert!(dollars["totals"]["paid"].is_null());
        let completeness = report(&app, "completeness", "", key).await;
        for state in ["non_billable", "held", "ready", "claimed", "submitted"] {
            let count = visits.iter().filter(|v| v["status"] == state).count();
            assert_eq!(completeness["totals"][state], whole(count), "{state}");
        }
        let held = report(&app, "held", "", key).await;
        assert!(held["rows"].as_array().unwrap().iter().any(|row| row["reason"] == "unreleased"));
        let mix = report(&app, "mix", "", key).await;
        for mode in ["in_person", "video", "audio"] {
            let count = visits.iter().filter(|v| v["mode"] == mode).count();
            let row = mix["rows"].as_array().unwrap().iter()
                .find(|row| row["cut"] == "mode" && row["value"] == mode);
            assert_eq!(row.map_or(json!(0), |row| row["contacts"].clone()), whole(count), "{mode}");
        }
        let acceptance = report(&app, "acceptance", "", key).await;
        assert_eq!(acceptance["totals"]["submitted"], whole(sent.len()));
        assert!(acceptance["totals"]["acceptance_first"].is_null(), "no answer is no acceptance");
        report(&app, "timeliness", "", key).await;
        // The payer's analyst: released claims of both organizations, and no more.
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let (_, others) = listed(&app, &pasts[1]).await;
        let seen = report(&app, "delivery", "", &analyst).await;
        assert_eq!(seen["totals"]["contacts"], whole(sent.len() + others.len()));
        let units: i64 = sent.values().chain(others.values()).map(|s| s[0]).sum();
        assert_eq!(seen["totals"]["units"], units);
        let billed = report(&app, "dollars", "", &analyst).await;
        assert!(billed["totals"]["expected_held"].is_null() && billed["totals"]["expected_ready"].is_null());
        for own in ["completeness", "held", "nothing"] {
            let path = format!("/v1/reports/{own}?{PERIOD}");
            app.get(&path, &analyst).await.problem(404, "not_found");
        }
    }

    async fn the_past_is_told_to_the_byte_and_movement_says_what_became_of_it(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 4).await;
        let mut dice = Dice::new(8);
        history::play(&app, &mut pasts, &mut dice, 90).await;
        let names = ["delivery", "mix", "dollars", "timeliness", "acceptance", "completeness", "held"];
        let key = pasts[0].world.biller.clone();
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        // Of both organizations: of one that was not read yet, nothing is known as of that time.
        report(&app, "dollars", "", &analyst).await;
        let first = report(&app, "dollars", "", &key).await;
        let at = first["as_of"].as_str().unwrap().to_owned();
        let mut issued = Vec::new();
        for name in names {
            for basis in ["service", "submission"] {
                for format in ["json", "csv", "pipe"] {
                    let path = format!(
                        "/v1/reports/{name}?{PERIOD}&basis={basis}&as_of={at}&format={format}");
                    let answer = app.get(&path, &key).await;
                    if answer.status == 400 {
                        assert!(["completeness", "held"].contains(&name) && basis == "submission");
                        continue;
                    }
                    assert_eq!(answer.status, 200, "{}", answer.body);
                    issued.push((path, answer.body));
                }
            }
        }
        assert!(issued.len() > 30);
        history::play(&app, &mut pasts, &mut dice, 150).await;
        for (path, then) in &issued {
            assert_eq!(app.get(path, &key).await.body, *then, "{path}");
        }
        for (reader, edition) in [(&key, "organization"), (&analyst, "payer")] {
            let then = report(&app, "delivery", &format!("&as_of={at}"), reader).await;
            let moved = report(&app, "movement", &format!("&since={at}"), reader).await;
            assert_eq!(moved["edition"], edition);
            let now = report(&app, "delivery", "", reader).await;
            let row = |step: &str| moved["rows"].as_array().unwrap().iter()
                .find(|row| row["step"] == step).unwrap().clone();
            for column in ["contacts", "units"] {
                assert_eq!(row("opening")[column], then["totals"][column], "{edition}");
                assert_eq!(row("closing")[column], now["totals"][column], "{edition}");
            }
            assert_ne!(row("opening")["units"], row("closing")["units"], "{edition}");
        }
        let moved = report(&app, "movement", &format!("&since={at}"), &key).await;
        let late = moved["rows"][1]["changed"].as_i64().unwrap();
        assert!(late > 0, "{moved}");
    }

    async fn eight_people_for_an_hour_are_one_hour_of_the_peer(app: TestApp) {
        let w = world::mesa_voices(&app, 8).await;
        let body = crate::sessions::session(&w, "S-1", "2026-08-03", 8, &[0, 1, 2, 3, 4, 5, 6, 7]);
        app.post("/v1/sessions", &w.submitter, &body).await.expect(201);
        let delivery = report(&app, "delivery", "", &w.biller).await;
        let all = &delivery["totals"];
        let minutes = all["staff_minutes"].as_i64().unwrap();
        assert!(minutes > 0);
        assert_eq!(all["contacts"], 8, "{all}");
        assert_eq!(all["sessions"], 1);
        assert_eq!(all["members"], 8);
        assert_eq!(all["contact_minutes"], 8 * minutes);
        assert_eq!(all["average_group_size"], "8.00");
        let mix = report(&app, "mix", "", &w.biller).await;
        let group = mix["rows"].as_array().unwrap().iter().find(|r| r["value"] == "group").unwrap().clone();
        assert_eq!((&group["contacts"], &group["sessions"]), (&json!(8), &json!(1)));
        assert_eq!(group["share_of_contacts"], "1.0000");
    }

    async fn what_no_payer_pays_is_counted_apart(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        for (name, activity) in [("V-1", "individual_support"), ("V-2", "no_contact")] {
            let start = format!("2026-07-0{}T16:00", &name[2..]);
            let mut body = world::visit(name, &w.peers[0], &w.members[0], &start);
            body["activity"] = json!(activity);
            app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        }
        let own = report(&app, "delivery", "", &w.biller).await;
        assert_eq!((&own["totals"]["contacts"], &own["totals"]["non_billable_contacts"]), (&json!(2), &json!(1)));
        let theirs = report(&app, "delivery", "", &analyst).await;
        assert!(theirs["totals"]["non_billable_contacts"].is_null(), "{theirs}");
    }

    async fn a_time_before_anything_was_read_is_refused(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let body = world::visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        // Recorded on 10 September; reports read it for the first time two hours later.
        app.database.execute("UPDATE report_clock SET as_of = '2026-09-10 18:00:00'");
        let now = report(&app, "delivery", "", &w.biller).await;
        assert_eq!(now["totals"]["contacts"], 1);
        let asked = |name: &str, more: &str| format!("/v1/reports/{name}?{PERIOD}&{more}=2026-09-10T17:00:00Z");
        app.get(&asked("delivery", "as_of"), &w.biller).await.problem(400, "invalid_parameter");
        app.get(&asked("movement", "since"), &w.biller).await.problem(400, "invalid_parameter");
        // Before it was recorded there was nothing, and that is told.
        let before = format!("/v1/reports/delivery?{PERIOD}&as_of=2026-09-01T00:00:00Z");
        assert_eq!(app.get(&before, &w.biller).await.expect(200)["totals"]["contacts"], 0);
    }

    async fn nothing_is_null_with_a_reason_and_wrong_questions_are_refused(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let list = app.get("/v1/reports", &w.biller).await.expect(200);
        let of_payer = app.get("/v1/reports", &analyst).await.expect(200);
        assert!(list["items"].as_array().unwrap().len() > of_payer["items"].as_array().unwrap().len());
        for definition in list["items"].as_array().unwrap() {
            let name = definition["name"].as_str().unwrap();
            let since = match name {
                "movement" => "&since=2026-09-01T00:00:00Z",
                "rates" => "&payer=evergreen",
                _ => "",
            };
            for column in definition["columns"].as_array().unwrap() {
                assert!(!column["meaning"].as_str().unwrap().is_empty(), "{name}");
            }
            if name == "public" {
                continue; // It is an issue only.
            }
            let empty = report(&app, name, since, &w.biller).await;
            for null in empty["nulls"].as_array().unwrap() {
                assert!(!null["reason"].as_str().unwrap().is_empty());
            }
            assert_eq!(empty["complete"], false);
            let bases = definition["bases"].as_array().unwrap();
            for basis in ["receipt", "paid"].into_iter().filter(|b| bases.contains(&json!(b))) {
                let unknown = report(&app, name, &format!("{since}&basis={basis}"), &w.biller).await;
                assert_eq!(unknown["rows"], json!([]), "{name}");
                assert!(unknown["totals"].is_null(), "null, not 0: {name}");
                assert_eq!(unknown["nulls"][0]["reason"], "no_remittances");
            }
            let path = format!("/v1/reports/{name}?{PERIOD}{since}&format=dictionary");
            let dictionary = app.get(&path, &w.biller).await;
            for column in definition["columns"].as_array().unwrap() {
                assert!(dictionary.body.contains(column["name"].as_str().unwrap()));
            }
        }
        let empty = report(&app, "delivery", "", &w.biller).await;
        assert!(empty["totals"]["units_per_member"].is_null());
        assert_eq!(empty["nulls"][0]["reason"], "no_denominator");
        let done = app.get("/v1/reports/delivery?from=2026-01-01&to=2026-01-31&run_out_days=30", &w.biller)
            .await.expect(200);
        assert_eq!(done["complete"], true);
        for bad in [
            "", "?from=2026-07-01", "?from=2026-07-31&to=2026-07-01", "?from=2026-02-30&to=2026-07-01",
            "?from=2000-01-01&to=2026-07-01", "?from=2026-07-01&to=2026-07-31&basis=birthday",
            "?from=2026-07-01&to=2026-07-31&as_of=2030-01-01T00:00:00Z",
            "?from=2026-07-01&to=2026-07-31&as_of=yesterday",
            "?from=2026-07-01&to=2026-07-31&since=2026-07-01T00:00:00Z",
            "?from=2026-07-01&to=2026-07-31&run_out_days=9999",
            "?from=2026-07-01&to=2026-07-31&run_out_days=-1",
            "?from=2026-07-01&to=2026-07-31&measures=all",
            "?from=2026-07-01&to=2026-07-31&format=xml",
        ] {
            for key in [&w.biller, &analyst] {
                let path = format!("/v1/reports/delivery{bad}");
                app.get(&path, key).await.problem(400, "invalid_parameter");
            }
        }
        let path = format!("/v1/reports/movement?{PERIOD}");
        app.get(&path, &w.biller).await.problem(400, "invalid_parameter");
        let path = format!("/v1/reports/held?{PERIOD}&basis=submission");
        app.get(&path, &w.biller).await.problem(400, "invalid_parameter");
    }
}
