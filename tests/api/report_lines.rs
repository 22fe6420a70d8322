//! The lines behind utilization: against utilization after random histories, in each form, for everybody who
//! may read them; what a payer is not shown; what is refused; and answers that break.

use std::collections::{BTreeMap, BTreeSet};

use parquet::file::reader::{FileReader, SerializedFileReader};
use peerclaims::flow::access::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::history;
use crate::world::{self, Dice, World, id, visit};

const YEAR: &str = "from=2026-01-01&to=2026-12-31";

async fn lines(app: &TestApp, query: &str, key: &str) -> Value {
    let lines = app.get(&format!("/v1/reports/lines?{query}"), key).await.expect(200);
    // Where lines are left out, it cannot be told.
    let ties = if lines["left_out_without_consent"] == true { Value::Null } else { json!(true) };
    assert_eq!(lines["ties"]["ties"], ties, "{}", lines["ties"]);
    assert_eq!(lines["lines"], rows(&lines).len(), "{query}");
    lines
}

fn rows(lines: &Value) -> &Vec<Value> {
    lines["rows"].as_array().unwrap()
}

fn cents(value: &Value) -> i64 {
    value.as_str().unwrap().replace('.', "").parse().unwrap()
}

async fn record(app: &TestApp, w: &World, name: &str, member: usize, start: &str) -> Value {
    let body = visit(name, &w.peers[0], &w.members[member], start);
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201)
}

async fn release(app: &TestApp, key: &str) -> Value {
    let body = json!({"payer": "evergreen", "through": "2026-08-31"});
    let batch = id(&app.post("/v1/batches", key, &body).await.expect(201));
    app.act(&format!("/v1/batches/{batch}/release"), key).await.expect(200)
}

/// What the rows add up to, by status: lines, units, charge, expected.
fn added(rows: &[Value]) -> BTreeMap<String, [i64; 4]> {
    let mut sums: BTreeMap<String, [i64; 4]> = BTreeMap::new();
    for row in rows {
        let sum = sums.entry(row["status"].as_str().unwrap().to_owned()).or_default();
        let own =
            [1, row["units"].as_i64().unwrap(), cents(&row["charge"]), cents(&row["expected"])];
        for (sum, more) in sum.iter_mut().zip(own) {
            *sum += more;
        }
    }
    sums
}

/// The rows against what utilization and the dollars say of the same question.
async fn tie(app: &TestApp, query: &str, key: &str, own: bool) -> Value {
    let seen = lines(app, query, key).await;
    let sums = added(rows(&seen));
    let told = |status: &str| sums.get(status).copied().unwrap_or_default();
    let path = format!("/v1/reports/utilization?{query}");
    let all = app.get(&path, key).await.expect(200)["totals"].clone();
    assert_eq!(json!(told("submitted")[1]), all["units_submitted"], "{query}");
    assert_eq!(
        (told("submitted")[2], told("submitted")[3]),
        (cents(&all["billed"]), cents(&all["expected"]))
    );
    let dollars =
        app.get(&format!("/v1/reports/dollars?{query}"), key).await.expect(200)["totals"].clone();
    if own {
        for status in ["ready", "held", "claimed"] {
            assert_eq!(json!(told(status)[1]), all[format!("units_{status}")], "{query} {status}");
        }
        assert_eq!(told("held")[3], cents(&dollars["expected_held"]), "{query}");
        assert_eq!(
            told("ready")[3] + told("claimed")[3],
            cents(&dollars["expected_ready"]),
            "{query}"
        );
    } else {
        assert!(sums.keys().all(|status| status == "submitted"), "{query} {sums:?}");
    }
    let every: i64 = sums.values().map(|sum| sum[1]).sum();
    assert_eq!(
        (&seen["totals"]["units"], &seen["totals"]["lines"]),
        (&json!(every), &seen["lines"])
    );
    for (status, sum) in &sums {
        let by = &seen["by_status"][status];
        assert_eq!(
            (&by["lines"], &by["units"], cents(&by["charge"])),
            (&json!(sum[0]), &json!(sum[1]), sum[2])
        );
    }
    seen
}

/// The rows of a text, each by its columns, and its last line.
fn parsed(text: &str, delimiter: u8) -> (Vec<BTreeMap<String, String>>, BTreeMap<String, String>) {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .quoting(delimiter == b',')
        .from_reader(text.as_bytes());
    let columns: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let mut all: Vec<BTreeMap<String, String>> = reader
        .records()
        .map(|row| columns.iter().cloned().zip(row.unwrap().iter().map(str::to_owned)).collect())
        .collect();
    let total = all.pop().unwrap();
    assert!(all.iter().all(|row| row["level"] == "row") && total["level"] == "total");
    (all, total)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string().replace("null", ""), str::to_owned)
}

on_both! {
    async fn lines_add_up_to_utilization_after_any_history(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 5).await;
        let mut dice = Dice::new(1_118);
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let admin = pasts[0].world.admin.clone();
        let mut most = BTreeSet::new();
        for _ in 0..4 {
            history::play(&app, &mut pasts, &mut dice, 80).await;
            let biller = &pasts[0].world.biller;
            for period in [YEAR, "from=2026-07-10&to=2026-08-03", "from=2026-07-15&to=2026-07-15"] {
                for (key, own) in [(biller, true), (&admin, true), (&analyst, false)] {
                    for more in ["", "&payer=evergreen", "&organization=river-bend"] {
                        let seen = tie(&app, &format!("{period}{more}"), key, own).await;
                        most.extend(seen["by_status"].as_object().unwrap().keys().cloned());
                    }
                }
            }
        }
        assert_eq!(most.iter().collect::<Vec<_>>(), ["claimed", "held", "ready", "submitted"]);
        // Each claim line once, and as the claims have it.
        let seen = lines(&app, YEAR, &analyst).await;
        let told: BTreeSet<String> = rows(&seen).iter().map(|r| r["line_control"].to_string()).collect();
        assert_eq!(told.len(), rows(&seen).len());
        for past in &pasts {
            for status in ["released", "delivered"] {
                for claim in world::all(&app, &format!("/v1/claims?status={status}"), &past.world.biller).await {
                    for line in claim["lines"].as_array().unwrap() {
                        let row = rows(&seen).iter().find(|r| r["line_control"] == line["control"]).unwrap();
                        for (column, of) in [("claim_number", &claim["number"]), ("claim_status", &claim["status"]),
                            ("batch", &claim["batch"]), ("units", &line["units"]), ("charge", &line["charge"]),
                            ("expected", &line["expected"]), ("service_date", &line["service_date"]),
                            ("organization", &json!(past.key))] {
                            assert_eq!(&row[column], of, "{column} {row}");
                        }
                    }
                }
            }
        }
    }

    async fn each_form_says_the_same(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 4).await;
        history::play(&app, &mut pasts, &mut Dice::new(61), 260).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        for key in [&pasts[0].world.biller, &analyst] {
            let seen = lines(&app, YEAR, key).await;
            let wanted: Vec<&serde_json::Map<String, Value>> =
                rows(&seen).iter().map(|row| row.as_object().unwrap()).collect();
            assert!(wanted.len() > 3, "{}", wanted.len());
            for (format, delimiter, kind) in [("csv", b',', "text/csv; charset=utf-8"), ("pipe", b'|', "text/plain; charset=utf-8")] {
                let answer = app.get(&format!("/v1/reports/lines?{YEAR}&format={format}"), key).await;
                assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, kind));
                let (told, total) = parsed(&answer.body, delimiter);
                assert_eq!(told.len(), wanted.len());
                for (told, wanted) in told.iter().zip(&wanted) {
                    assert!(wanted.iter().all(|(column, value)| told[column] == plain(value)), "{told:?} {wanted:?}");
                    let of_all = ["as_of", "complete", "ties", "notice", "left_out_without_consent", "partial_months"];
                    assert!(of_all.iter().all(|name| told[*name].is_empty()));
                }
                assert_eq!((total["lines"].as_str(), total["ties"].as_str()), (told.len().to_string().as_str(), "true"));
                assert_eq!((total["units"].clone(), total["charge"].clone()), (plain(&seen["totals"]["units"]), plain(&seen["totals"]["charge"])));
                for name in ["notice", "left_out_without_consent"] {
                    assert_eq!(total[name], plain(&seen[name]));
                }
                assert_eq!(total["notice"].is_empty(), *key != analyst);
            }
            let request = app.request(Method::GET, &format!("/v1/reports/lines?{YEAR}&format=parquet"), key);
            let answer = request.send().await.unwrap();
            assert_eq!(answer.headers()["content-type"], "application/vnd.apache.parquet");
            assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"lines.parquet\"");
            let file = SerializedFileReader::new(answer.bytes().await.unwrap()).unwrap();
            let told: Vec<_> = file.get_row_iter(None).unwrap().map(Result::unwrap).collect();
            assert_eq!(told.len(), wanted.len());
            for (told, wanted) in told.iter().zip(&wanted) {
                for ((name, field), (column, value)) in told.get_column_iter().zip(wanted.iter()) {
                    assert_eq!(name, column);
                    let text = field.to_string();
                    match name.as_str() {
                        // Times and dates are typed; the rest reads as it does elsewhere.
                        "released_at" | "delivered_at" => assert_eq!(text == "null", value.is_null()),
                        "service_date" | "file_by" => assert_eq!(text.split(' ').next().unwrap(), value.as_str().unwrap_or("null")),
                        _ if value.is_string() => assert_eq!(text.trim_matches('"'), plain(value), "{name}"),
                        _ => assert_eq!(text, value.to_string(), "{name}"),
                    }
                }
            }
            let said = file.metadata().file_metadata().key_value_metadata().unwrap().clone();
            let said = |name: &str| said.iter().find(|e| e.key == name).and_then(|e| e.value.clone()).unwrap_or_default();
            assert_eq!((said("lines"), said("ties")), (wanted.len().to_string(), "true".to_owned()));
            let totals: Value = serde_json::from_str(&said("totals")).unwrap();
            assert_eq!((totals, said("notice")), (seen["totals"].clone(), plain(&seen["notice"])));
        }
        // Every null has its reason, and every column its meaning.
        let seen = lines(&app, YEAR, &pasts[0].world.biller).await;
        for (column, _) in rows(&seen)[0].as_object().unwrap() {
            let nulls = rows(&seen).iter().filter(|row| row[column].is_null()).count();
            let told = seen["nulls"].as_array().unwrap().iter().filter(|n| n["column"] == *column);
            let told: u64 = told.map(|n| n["count"].as_u64().unwrap()).sum();
            assert_eq!(told, nulls as u64, "{column}");
        }
        let dictionary = app.get(&format!("/v1/reports/lines?{YEAR}&format=dictionary"), &analyst).await;
        let list = app.get("/v1/reports", &analyst).await.expect(200);
        let lines = list["items"].as_array().unwrap().iter().find(|d| d["name"] == "lines").unwrap().clone();
        assert_eq!((&lines["privacy"], &lines["issuable"]), (&json!("P1"), &json!(false)));
        assert_eq!(lines["parameters"], json!(["from", "to", "payer", "organization", "format"]));
        for listed in list["items"].as_array().unwrap() {
            let drawn = ["delivery", "authorizations", "ending", "pace", "timeliness"].map(Value::from);
            assert_eq!(listed["chart"], drawn.contains(&listed["name"]), "{}", listed["name"]);
        }
        for column in lines["columns"].as_array().unwrap() {
            assert!(dictionary.body.contains(&format!("\r\n{},", column["name"].as_str().unwrap())), "{column}");
        }
        // Each of them is in the trail, a payer's in those of both organizations, and neither the list nor the
        // dictionary.
        let trail = world::all(&app, "/v1/audit?action=report.export", &pasts[0].world.admin).await;
        assert_eq!(trail.iter().filter(|e| e.to_string().contains("\"lines\"")).count(), 13, "{trail:?}");
    }

    async fn a_payer_is_told_what_was_released_to_it_and_no_names_of_the_organizations(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        record(&app, &w, "V-1", 0, "2026-07-01T16:00").await;
        record(&app, &w, "V-2", 1, "2026-07-02T16:00").await;
        let none = lines(&app, YEAR, &analyst).await;
        assert_eq!((rows(&none).len(), &none["totals"]["units"]), (0, &json!(0)));
        let own = lines(&app, YEAR, &w.biller).await;
        assert_eq!(own["by_status"]["ready"]["lines"], 2, "{own}");
        assert_eq!((&rows(&own)[0]["encounters"], &rows(&own)[0]["claim_number"]), (&json!("V-1"), &Value::Null));
        release(&app, &w.biller).await;
        record(&app, &w, "V-3", 0, "2026-07-03T16:00").await;
        let seen = lines(&app, YEAR, &analyst).await;
        let row = &rows(&seen)[0];
        assert_eq!((rows(&seen).len(), &row["status"], &row["claim_kind"]), (2, &json!("submitted"), &json!("original")));
        assert_eq!((&row["member_number"], &row["procedure"], &row["lines"]), (&json!("EV1000"), &json!("H0038"), &json!(1)));
        assert!(row["released_at"].is_string() && row["delivered_at"].is_null());
        assert!(row["member"].is_null() && row["encounters"].is_null());
        assert!(!seen.to_string().contains("V-1"), "the organization's own names are its own matter");
        let own = lines(&app, YEAR, &w.biller).await;
        assert_eq!((rows(&own).len(), &rows(&own)[0]["encounters"]), (3, &json!("V-1")));
        assert_eq!(rows(&own)[2]["status"], "ready");
        // Another payer's analyst, and another organization, see nothing of it.
        world::payer(&app, &w.admin, "lone-mesa").await;
        let foreign = app.key(Role::PayerAnalyst, "lone-mesa").await;
        assert_eq!(rows(&lines(&app, YEAR, &foreign).await).len(), 0);
        let stranger = world::organization(&app, &w.admin, "hill-top", "WA", "America/Los_Angeles").await;
        let biller = app.key(Role::Biller, &stranger).await;
        assert_eq!(rows(&lines(&app, YEAR, &biller).await).len(), 0);
        for (key, more) in [(&foreign, "&payer=evergreen"), (&foreign, "&organization=river-bend"),
            (&biller, "&organization=river-bend"), (&biller, "&payer=evergreen"), (&w.admin, "&payer=nobody")] {
            app.get(&format!("/v1/reports/lines?{YEAR}{more}"), key).await.problem(404, "not_found");
        }
        app.get(&format!("/v1/reports/lines?{YEAR}"), &w.submitter).await.problem(404, "not_found");
        app.get(&format!("/v1/reports/lines?{YEAR}"), "").await.problem(401, "unauthorized");
    }

    async fn lines_of_substance_use_are_shown_with_consent_only(app: TestApp) {
        let flagged = [("key = \"peer_individual\"", "key = \"peer_individual\"\nsubstance_use = true")];
        let w = world::river_bend_with(&app, 2, &flagged).await;
        for member in 0..2 {
            record(&app, &w, &format!("V-{member}"), member, &format!("2026-07-0{}T16:00", member + 1)).await;
        }
        release(&app, &w.biller).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let seen = lines(&app, YEAR, &analyst).await;
        assert_eq!((rows(&seen).len(), &seen["left_out_without_consent"]), (2, &json!(false)));
        app.database.execute("UPDATE organizations SET part2 = 'program'");
        let consent = json!({
            "reference": "C-1", "member": w.members[0], "recipient": "evergreen",
            "purposes": ["payment"], "from": "2026-01-01", "obtained": "paper",
        });
        app.post("/v1/consents?organization=river-bend", &w.admin, &consent).await.expect(201);
        let seen = lines(&app, YEAR, &analyst).await;
        assert_eq!((rows(&seen).len(), &rows(&seen)[0]["member_number"]), (1, &json!("EV1000")));
        assert_eq!((&seen["left_out_without_consent"], &seen["ties"]["checks"]), (&json!(true), &json!([])));
        assert_eq!(seen["totals"]["lines"], 1, "of those that are shown");
        for (format, delimiter) in [("csv", b','), ("pipe", b'|')] {
            let path = format!("/v1/reports/lines?from=2026-06-20&to=2026-08-15&format={format}");
            let (told, total) = parsed(&app.get(&path, &analyst).await.body, delimiter);
            let said = ["lines", "ties", "left_out_without_consent", "partial_months"].map(|name| total[name].as_str());
            assert_eq!((told.len(), said), (1, ["1", "", "true", "2026-06;2026-08"]), "{format}");
        }
        assert!(seen["notice"].as_str().unwrap().contains("42 CFR part 2"));
        assert_eq!(rows(&lines(&app, YEAR, &w.biller).await).len(), 2, "the organization's own records");
        // A consent that does not speak of the day of the service does not show it.
        app.database.execute("UPDATE consents SET services_to = '2026-06-30'");
        assert_eq!(rows(&lines(&app, YEAR, &analyst).await).len(), 0);
        app.database.execute("UPDATE consents SET services_to = NULL, revoked_at = '2026-09-01 00:00:00'");
        assert_eq!(rows(&lines(&app, YEAR, &analyst).await).len(), 0);
    }

    async fn a_diagnosis_of_substance_use_needs_consent_as_well(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        let mut body = visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        body["diagnoses"] = json!(["F11.20"]);
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        record(&app, &w, "V-2", 1, "2026-07-02T16:00").await;
        release(&app, &w.biller).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        assert_eq!(rows(&lines(&app, YEAR, &analyst).await).len(), 2);
        app.database.execute("UPDATE organizations SET part2 = 'undeclared'");
        let seen = lines(&app, YEAR, &analyst).await;
        assert_eq!((rows(&seen).len(), &rows(&seen)[0]["member_number"]), (1, &json!("EV1001")));
    }

    async fn an_answer_that_breaks_is_never_taken_for_whole(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 5).await;
        let mut dice = Dice::new(3);
        history::play(&app, &mut pasts, &mut dice, 300).await;
        let admin = &pasts[0].world.admin;
        // By key: hill-top comes first, and no claim of the second can be read any more.
        let of = |key: &str| app.database.number(&format!("SELECT id FROM organizations WHERE key = '{key}'"));
        let (first, second) = (of("hill-top"), of("river-bend"));
        app.database.execute(&format!("UPDATE claims SET document = '{{}}' WHERE organization_id = {second}"));
        for format in ["json", "csv", "pipe", "parquet"] {
            // All of one organization is there; of the other not one byte, so that it is an error.
            let path = format!("/v1/reports/lines?{YEAR}&format={format}");
            app.get(&format!("{path}&organization=river-bend"), admin).await.problem(500, "internal");
            app.get(&format!("{path}&organization=hill-top"), admin).await;
        }
        // Of both, the first thousands of bytes are on their way when it breaks: no end comes.
        let copies = 120;
        let like = app.database.number(&format!(
            "SELECT MIN(claim_id) FROM claim_lines WHERE organization_id = {first}"));
        let line = app.database.number(&format!("SELECT MIN(id) FROM claim_lines WHERE claim_id = {like}"));
        for copy in 0..copies {
            app.database.execute(&format!(
                "INSERT INTO claims (organization_id, id, number, batch_id, ordinal, payer_id, member_id, member_number, \
                 peer_id, contract_version_id, status, service_date, units, charge, expected, file_by, document, \
                 payer_control_first, payer_control, payer_control_by, detail) SELECT organization_id, {0}, 'PX{0}', batch_id, 9000 + {0}, payer_id, member_id, \
                 member_number, peer_id, contract_version_id, 'released', '2026-02-01', units, charge, expected, file_by, document, \
                 payer_control_first, payer_control, payer_control_by, detail FROM claims WHERE id = {like}", copy + 1));
            app.database.execute(&format!(
                "INSERT INTO claim_lines (organization_id, id, claim_id, ordinal, control, service, units, charge, \
                 expected, service_date) SELECT organization_id, {0}, {0}, 1, 'PX{0}L01', service, units, charge, \
                 expected, '2026-02-01' FROM claim_lines WHERE id = {line}", copy + 1));
        }
        for format in ["json", "csv", "pipe", "parquet"] {
            let path = format!("/v1/reports/lines?{YEAR}&format={format}");
            let whole = app.get(&format!("{path}&organization=hill-top"), admin).await;
            assert_eq!(whole.status, 200);
            if format == "parquet" {
                // Its first row group is not written before ten thousand rows: an error like any other.
                app.get(&path, admin).await.problem(500, "internal");
                continue;
            }
            let answer = app.request(Method::GET, &path, admin).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{format}");
            let told = answer.text().await;
            assert!(told.is_err(), "{format}: the body must not end as a whole one does: {told:?}");
        }
        // Lines of which no visit knows are given out, and said not to tie.
        let odd = app.get(&format!("/v1/reports/lines?{YEAR}&organization=hill-top"), admin).await.expect(200);
        assert_eq!((&odd["ties"]["ties"], &odd["ties"]["checks"][0]["holds"]), (&json!(false), &json!(false)));
    }

    async fn wrong_questions_are_refused(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        for bad in [
            "", "?from=2026-07-01", "?to=2026-07-01", "?from=2026-07-31&to=2026-07-01", "?from=2026-02-30&to=2026-07-01",
            "?from=2000-01-01&to=2026-07-01",
            "?from=2026-07-01&to=2026-07-31&format=svg", "?from=2026-07-01&to=2026-07-31&format=xml",
            "?from=2026-07-01&to=2026-07-31&format=", "?from=2026-07-01&to=2026-07-31&basis=service",
            "?from=2026-07-01&to=2026-07-31&as_of=2026-07-01T00:00:00Z", "?from=2026-07-01&to=2026-07-31&limit=1",
            "?from=2026-07-01&from=2026-07-01&to=2026-07-31", "?from=2026-07-31&to=2026-07-01&format=dictionary",
        ] {
            for key in [&w.biller, &analyst, &w.admin] {
                let path = format!("/v1/reports/lines{bad}");
                app.get(&path, key).await.problem(400, "invalid_parameter");
            }
        }
        app.act(&format!("/v1/reports/lines?{YEAR}"), &w.biller).await.problem(405, "method_not_allowed");
        let body = json!({"report": "lines", "from": "2026-07-01", "to": "2026-07-31"});
        app.post("/v1/report-issues", &w.biller, &body).await.problem(422, "invalid_input");
    }
}
