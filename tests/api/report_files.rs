//! What goes out as a file and what comes in as one: workbooks, charts, payers' extracts, public cuts.

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::history;
use crate::world::{self, Dice, World, id, visit};

async fn record(app: &TestApp, w: &World, name: &str, member: usize, start: &str) -> String {
    let body = visit(name, &w.peers[0], &w.members[member], start);
    id(&app.post("/v1/encounters", &w.submitter, &body).await.expect(201))
}

async fn release(app: &TestApp, key: &str, through: &str) {
    let body = json!({"payer": "evergreen", "through": through});
    let batch = id(&app.post("/v1/batches", key, &body).await.expect(201));
    app.act(&format!("/v1/batches/{batch}/release"), key).await.expect(200);
}

/// The released lines of an organization as a payer would have them.
async fn extract(app: &TestApp, key: &str) -> Vec<[String; 5]> {
    let mut lines = Vec::new();
    for status in ["released", "delivered", "accepted"] {
        for claim in world::all(app, &format!("/v1/claims?status={status}"), key).await {
            let text =
                |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            for line in claim["lines"].as_array().unwrap() {
                lines.push([
                    text(&claim["number"]),
                    text(&line["control"]),
                    text(&line["service_date"]),
                    text(&line["units"]),
                    text(&line["charge"]),
                ]);
            }
        }
    }
    lines.sort();
    lines
}

const HEADER: &str = "claim_number,line_control,service_date,units,charge";

fn csv(lines: &[[String; 5]]) -> String {
    let rows: Vec<String> = lines.iter().map(|line| line.join(",") + "\n").collect();
    format!("{HEADER}\n{}", rows.concat())
}

on_both! {
    async fn an_extract_is_held_against_released_lines(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 4).await;
        history::play(&app, &mut pasts, &mut Dice::new(31), 200).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let path = "/v1/reports/differences?from=2026-01-01&to=2026-12-31";
        let post = async |key: &str, path: &str, text: String| world::body(&app, path, key, "text/csv", text).await;
        let mut lines = extract(&app, &pasts[0].world.biller).await;
        let own = format!("{path}&organization=river-bend");
        assert!(lines.len() > 3, "{}", lines.len());
        // The same on both sides.
        let same = post(&analyst, &own, csv(&lines)).await.expect(200);
        assert_eq!(same["differences"], json!([]), "{same}");
        assert_eq!((&same["ties"]["ties"], &same["omission"]), (&json!(true), &json!("0.0000")));
        assert_eq!(same["here"], same["there"]);
        // Without the other organization's lines they are only here.
        let both = post(&analyst, path, csv(&lines)).await.expect(200);
        let others = extract(&app, &pasts[1].world.biller).await;
        assert_eq!(both["only_here"]["lines"], others.len());
        // One left out, one invented, one with other units and charge, one of another day.
        let left_out = lines.remove(0);
        lines[0][3] = "99".into();
        lines[0][4] = "1234.50".into();
        lines[1][2] = "2026-12-31".into();
        lines.push(["INVENTED".into(), "1".into(), "2026-07-01".into(), "4".into(), "90.00".into()]);
        for key in [&analyst, &pasts[0].world.biller, &pasts[0].world.admin] {
            let told = post(key, &format!("{own}&payer=evergreen"), csv(&lines)).await.expect(200);
            assert_eq!(told["ties"]["ties"], true, "{told}");
            assert_eq!((&told["only_here"]["lines"], &told["only_there"]["lines"], &told["differing"]),
                (&json!(1), &json!(1), &json!(2)));
            let list = told["differences"].as_array().unwrap();
            let of = |number: &str, control: &str| list.iter()
                .find(|d| d["claim_number"] == number && d["line_control"] == control).unwrap();
            assert_eq!(of(&left_out[0], &left_out[1])["place"], "only_here");
            assert_eq!(of("INVENTED", "1")["place"], "only_there");
            assert_eq!(of(&lines[0][0], &lines[0][1])["differs"], json!(["units", "charge"]));
            assert_eq!(of(&lines[1][0], &lines[1][1])["differs"], json!(["service_date"]));
        }
        let table = post(&analyst, &format!("{own}&format=csv"), csv(&lines)).await;
        // The header, the four, and the whole.
        assert_eq!(table.body.lines().count(), 6, "{}", table.body);
        let told = post(&analyst, &own, csv(&lines)).await.expect(200);
        let read = |text: &str| {
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let columns = reader.headers().unwrap().clone();
            let last = reader.records().last().unwrap().unwrap();
            let fields = columns.iter().map(str::to_owned).zip(last.iter().map(str::to_owned));
            fields.collect::<std::collections::BTreeMap<String, String>>()
        };
        let total = read(&table.body);
        for (column, of) in [
            ("units_here", &told["here"]["units"]), ("charge_here", &told["here"]["charge"]),
            ("units_there", &told["there"]["units"]), ("charge_there", &told["there"]["charge"]),
            ("lines_here", &told["here"]["lines"]), ("lines_there", &told["there"]["lines"]),
            ("lines_both", &told["both_here"]["lines"]), ("lines_here_on_other_days", &told["here_on_other_days"]["lines"]),
            ("lines_only_here", &json!(1)), ("lines_only_there", &json!(1)), ("lines_differing", &json!(2)),
            ("ties", &json!(true)), ("level", &json!("total")), ("place", &json!("")),
            ("left_out_without_consent", &json!(false)), ("notice", &told["notice"]),
        ] {
            let of = of.as_str().map_or_else(|| of.to_string(), str::to_owned);
            assert_eq!(total[column], of, "{column}");
        }
        assert!(total["as_of"].starts_with("2026-"), "{total:?}");
        for (bad, line, column) in [
            (String::new(), 1, Value::Null),
            ("claim_number,units\nA,4\n".to_owned(), 1, json!("line_control")),
            (format!("{HEADER},color\n"), 1, json!("6")),
            (format!("{HEADER}\nA,1,2026-07-01,4\n"), 2, Value::Null),
            (format!("{HEADER}\nA,1,2026-07-01,4,1.00\nA,1,2026-07-01,4,1.00\n"), 3, json!("line_control")),
            (format!("{HEADER}\nA,1,2026-07-32,4,1.00\n"), 2, json!("service_date")),
            (format!("{HEADER}\nA,1,2025-07-01,4,1.00\n"), 2, json!("service_date")),
            (format!("{HEADER}\nA,1,2026-07-01,-4,1.00\n"), 2, json!("units")),
            (format!("{HEADER}\nA,1,2026-07-01,100000000,1.00\n"), 2, json!("units")),
            (format!("{HEADER}\nA,1,2026-07-01,9223372036854775807,1.00\nA,2,2026-07-01,1,1.00\n"), 2, json!("units")),
            (format!("{HEADER}\nA,1,2026-07-01,4,1.005\n"), 2, json!("charge")),
            (format!("{HEADER}\n,1,2026-07-01,4,1.00\n"), 2, json!("claim_number")),
        ] {
            let problem = post(&analyst, path, bad).await.problem(422, "invalid_input");
            let fault = &problem["faults"][0];
            assert_eq!((&fault["line"], &fault["column"]), (&json!(line), &column), "{problem}");
        }
        let most = format!("{HEADER}\nA,1,2026-07-01,99999999,1.00\nA,2,2026-07-01,99999999,1.00\n");
        let told = post(&analyst, path, most).await.expect(200);
        assert_eq!(told["only_there"]["units"], 199_999_998);
        // Bad rows count, too: what is too long is not read to its end.
        let long = format!("{HEADER}\n{}", ",,,,\n".repeat(200_001));
        post(&analyst, path, long).await.problem(413, "too_large");
        let wrong = "/v1/reports/differences?from=2026-12-31&to=2026-01-01";
        post(&analyst, wrong, csv(&[])).await.problem(400, "invalid_parameter");
        post(&pasts[0].world.biller, path, csv(&[])).await.problem(400, "invalid_parameter");
        app.post(path, &analyst, &json!({})).await.problem(415, "unsupported_media_type");
    }

    async fn workbooks_and_charts_are_had_where_they_are(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 3).await;
        history::play(&app, &mut pasts, &mut Dice::new(9), 120).await;
        let key = &pasts[0].world.biller;
        let query = "from=2026-01-01&to=2026-12-31";
        for name in ["delivery", "mix", "dollars", "held", "authorizations", "limits"] {
            let path = format!("/v1/reports/{name}?{query}&format=xlsx");
            let answer = app.request(reqwest::Method::GET, &path, key).send().await.unwrap();
            let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
            assert!(kind.ends_with("spreadsheetml.sheet"), "{kind}");
            let bytes = answer.bytes().await.unwrap();
            let archive = rawzip::ZipArchive::from_slice(&bytes).unwrap();
            assert_eq!(archive.entries().count(), 9, "{name}");
        }
        for name in ["delivery", "held", "timeliness", "authorizations"] {
            let svg = app.get(&format!("/v1/reports/{name}?{query}&format=svg"), key).await;
            assert_eq!(svg.status, 200, "{}", svg.body);
            assert!(svg.header("content-type").starts_with("image/svg+xml"));
            assert!(svg.body.starts_with("<svg ") && svg.body.ends_with("</svg>\n"));
            assert_eq!(svg.body.matches("<text").count(), svg.body.matches("</text>").count());
            assert!(svg.body.matches("<rect").count() > 2, "{name} has bars");
        }
        let path = format!("/v1/reports/dollars?{query}&format=svg");
        app.get(&path, key).await.problem(400, "invalid_parameter");
    }

    async fn a_month_that_the_period_cuts_is_not_drawn_like_a_whole_one(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", 0, "2026-07-01T16:00").await;
        record(&app, &w, "V-2", 0, "2026-08-05T16:00").await;
        let drawn = async |to: &str| {
            let path = format!("/v1/reports/delivery?from=2026-07-01&to={to}&format=svg");
            let svg = app.get(&path, &w.biller).await;
            assert_eq!(svg.status, 200, "{}", svg.body);
            svg.body
        };
        let whole = drawn("2026-08-31").await;
        assert!(whole.contains(">2026-07</text>") && whole.contains(">2026-08</text>"), "{whole}");
        assert!(!whole.contains("(part)") && !whole.contains("only a part"), "{whole}");
        let cut = drawn("2026-08-10").await;
        assert!(cut.contains(">2026-07</text>") && cut.contains(">2026-08 (part)</text>"), "{cut}");
        assert!(cut.contains("; of 2026-08 only a part lies in the period</desc>"), "{cut}");
        // The bar of August, and what explains it.
        assert_eq!(cut.matches("stroke-dasharray").count(), 2, "{cut}");
    }

    async fn parquet_has_the_lines_of_the_csv_with_their_types(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 3).await;
        history::play(&app, &mut pasts, &mut Dice::new(9), 120).await;
        let key = &pasts[0].world.biller;
        let list = app.get("/v1/reports", key).await.expect(200);
        let mut seen = 0;
        for definition in list["items"].as_array().unwrap() {
            let name = definition["name"].as_str().unwrap();
            let more = match name {
                "lines" | "public" => continue,
                "utilization" => "&group_by=month,service",
                "movement" => "&since=2026-09-01T00:00:00Z",
                "rates" => "&payer=evergreen",
                _ => "",
            };
            let has_past = definition["parameters"].as_array().unwrap().contains(&json!("as_of"));
            let path = format!("/v1/reports/{name}?from=2026-01-01&to=2026-12-31{more}");
            let json = app.get(&path, key).await.expect(200);
            let bytes = async || {
                // The time up to which all is known moves on; where the past can be told, it is told twice.
                let at = if has_past { format!("&as_of={}", json["as_of"].as_str().unwrap()) } else { String::new() };
                let request = app.request(reqwest::Method::GET, &format!("{path}{at}&format=parquet"), key);
                let answer = request.send().await.unwrap();
                assert_eq!(answer.status(), 200, "{name}");
                assert_eq!(answer.headers()["content-type"], "application/vnd.apache.parquet");
                answer.bytes().await.unwrap()
            };
            let first = bytes().await;
            if has_past {
                assert_eq!(first, bytes().await, "{name}");
            }
            let file = SerializedFileReader::new(first).unwrap();
            let told: Vec<_> = file.get_row_iter(None).unwrap().map(Result::unwrap).collect();
            let wanted: Vec<&Value> = json["rows"].as_array().unwrap().iter()
                .chain(json["subtotals"].as_array().into_iter().flatten()).chain(json["totals"].is_object().then(|| &json["totals"])).collect();
            assert_eq!(told.len(), wanted.len(), "{name}");
            for (row, wanted) in told.iter().zip(&wanted) {
                for (column, field) in row.get_column_iter() {
                    let text = field.to_string();
                    let text = text.trim_matches('"');
                    match (column.as_str(), &wanted[column.as_str()]) {
                        ("level", _) => assert!(["row", "subtotal", "total"].contains(&text)),
                        ("basis", _) => assert_eq!(text, "service"),
                        ("complete", _) => assert_eq!(text, json["complete"].to_string()),
                        ("ties", _) => assert_eq!(text, "true"),
                        ("as_of" | "partial_months", _) => {}
                        (_, Value::Null) => assert_eq!(text, "null", "{name} {column}"),
                        (_, Value::String(wanted)) if matches!(field, Field::Date(_)) => assert_eq!(text.split(' ').next().unwrap(), wanted),
                        (_, Value::String(wanted)) if matches!(field, Field::Decimal(_)) => {
                            let number = |text: &str| text.parse::<rust_decimal::Decimal>().unwrap();
                            assert_eq!(number(text), number(wanted), "{name} {column}");
                        }
                        (_, Value::String(wanted)) => assert_eq!(text, wanted, "{name} {column}"),
                        (_, wanted) => assert_eq!(text, wanted.to_string(), "{name} {column}"),
                    }
                }
                seen += 1;
            }
            let said = file.metadata().file_metadata().key_value_metadata().unwrap();
            let said = |name: &str| said.iter().find(|e| e.key == name).and_then(|e| e.value.clone());
            assert_eq!((said("report").as_deref(), said("from").as_deref()), (Some(name), Some("2026-01-01")));
            assert!(said("as_of").is_some() && said("notice").is_none(), "{name}");
        }
        assert!(seen > 40, "{seen}");
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let request = app.request(reqwest::Method::GET, "/v1/reports/delivery?from=2026-01-01&to=2026-12-31&format=parquet", &analyst);
        let bytes = request.send().await.unwrap().bytes().await.unwrap();
        let file = SerializedFileReader::new(bytes).unwrap();
        let said = file.metadata().file_metadata().key_value_metadata().unwrap();
        assert!(said.iter().any(|e| e.key == "notice" && e.value.as_ref().unwrap().contains("42 CFR part 2")));
    }

    async fn public_cuts_are_issued_whole_and_hide_few(app: TestApp) {
        // Visits of the first quarter can still be filed in September.
        let late = [("[filing]\ndays = 95", "[filing]\ndays = 365")];
        let w = world::river_bend_with(&app, 14, &late).await;
        for member in 0..14 {
            record(&app, &w, &format!("V-{member}"), member, &format!("2026-03-{:02}T16:00", member + 10)).await;
        }
        for extra in 0..3 {
            record(&app, &w, &format!("X-{extra}"), 0, &format!("2026-03-{:02}T16:00", extra + 24)).await;
        }
        release(&app, &w.biller, "2026-03-31").await;
        let body = json!({"report": "public", "from": "2026-01-01", "to": "2026-03-31"});
        let first = app.post("/v1/report-issues", &w.admin, &body).await.expect(201);
        let rows = async |manifest: &Value| {
            let path = format!("/v1/report-issues/{}/file", manifest["id"].as_str().unwrap());
            let told = app.get(&path, &w.admin).await.expect(200);
            assert_eq!((&told["suppression"], &told["privacy"]), (&json!("on"), &json!("P3")));
            told["rows"].clone()
        };
        let seen = rows(&first).await;
        let people = |cut: &str, value: &str| {
            let of = |r: &&Value| r["organization"] == "river-bend" && r["cut"] == cut && r["value"] == value;
            let row = seen.as_array().unwrap().iter().find(of).unwrap();
            (row["people"].clone(), row["suppressed"].as_str().unwrap().to_owned())
        };
        assert_eq!(people("mode", "in_person"), (json!(14), "no".into()));
        assert_eq!(people("mode", "video"), (json!(0), "no".into()), "zero may show");
        // One person with four contacts: hidden, and the thirteen others with it.
        assert_eq!(people("contacts", "2-5"), (Value::Null, "yes".into()));
        assert_eq!(people("contacts", "1"), (Value::Null, "yes".into()));
        // One late person is nobody's to be found by subtraction.
        let late = world::member(&app, &w.admin, "river-bend", "evergreen", "EV7777").await;
        let late = visit("LATE", &w.peers[0], &late, "2026-03-27T16:00");
        app.post("/v1/encounters", &w.submitter, &late).await.expect(201);
        release(&app, &w.biller, "2026-03-31").await;
        let mut again = body.clone();
        again["supersedes"] = first["id"].clone();
        again["reason"] = json!("a late claim");
        let second = app.post("/v1/report-issues", &w.admin, &again).await.expect(201);
        assert_eq!(rows(&second).await, seen);
        let path = format!("/v1/report-issues/{}/file?format=restatement", second["id"].as_str().unwrap());
        let told = app.get(&path, &w.admin).await.expect(200);
        assert_eq!((&told["changes"], &told["movement"]), (&json!([]), &Value::Null));
        // No filters, no other period, no look in between, nobody else.
        for (field, value) in [
            ("organization", json!("river-bend")), ("payer", json!("evergreen")), ("to", json!("2026-02-28")),
            ("from", json!("2026-02-01")), ("run_out_days", json!(200)), ("convention", json!("any_day")),
        ] {
            let mut bad = body.clone();
            bad[field] = value;
            app.post("/v1/report-issues", &w.admin, &bad).await.problem(400, "invalid_parameter");
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM report_issues"), 2, "no second first issue");
        // Nor before the claims of the quarter are in, whatever the caller takes for long enough.
        let early = json!({"report": "public", "from": "2026-04-01", "to": "2026-06-30", "run_out_days": 60});
        let problem = app.post("/v1/report-issues", &w.admin, &early).await.problem(422, "invalid_input");
        assert_eq!(problem["faults"][0]["pointer"], "/run_out_days");
        app.post("/v1/report-issues", &w.biller, &body).await.problem(400, "invalid_parameter");
        let path = "/v1/reports/public?from=2026-01-01&to=2026-03-31";
        app.get(path, &w.admin).await.problem(400, "invalid_parameter");
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        app.get(path, &analyst).await.problem(404, "not_found");
    }

    async fn a_payer_sees_substance_use_authorizations_with_consent_only(app: TestApp) {
        let flagged = [("key = \"peer_individual\"", "key = \"peer_individual\"\nsubstance_use = true")];
        let w = world::river_bend_with(&app, 2, &flagged).await;
        app.database.execute("UPDATE organizations SET part2 = 'program'");
        for (member, number) in [(0, "PA-A"), (1, "PA-B")] {
            let body = json!({"member": w.members[member], "payer": "evergreen", "number": number,
                "units": 10, "from": "2026-01-01", "to": "2026-12-31"});
            world::authorization(&app, &w.admin, "river-bend", &body).await;
        }
        let body = json!({
            "reference": "C-1", "member": w.members[0], "recipient": "evergreen",
            "purposes": ["payment"], "from": "2026-01-01", "obtained": "paper",
        });
        app.post("/v1/consents?organization=river-bend", &w.admin, &body).await.expect(201);
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let path = "/v1/reports/authorizations?from=2026-01-01&to=2026-12-31";
        let seen = app.get(path, &analyst).await.expect(200);
        assert_eq!(seen["rows"].as_array().unwrap().len(), 1, "{seen}");
        assert_eq!(seen["rows"][0]["authorization"], "PA-A");
        assert_eq!(seen["left_out_without_consent"], true, "not how many");
        assert!(seen["notice"].as_str().unwrap().contains("42 CFR part 2"));
        let own = app.get(path, &w.biller).await.expect(200);
        assert_eq!(own["rows"].as_array().unwrap().len(), 2);
        let body = json!({
            "reference": "C-2", "member": w.members[1], "recipient": "evergreen",
            "purposes": ["payment"], "from": "2026-01-01", "obtained": "paper",
        });
        app.post("/v1/consents?organization=river-bend", &w.admin, &body).await.expect(201);
        let seen = app.get(path, &analyst).await.expect(200);
        assert_eq!((seen["rows"].as_array().unwrap().len(), &seen["left_out_without_consent"]), (2, &json!(false)));
        app.database.execute("DELETE FROM consents WHERE reference = 'C-2'");
        // The contract has ended: what it flagged stays flagged.
        app.database.execute("UPDATE contract_versions SET effective_to = '2026-08-31'");
        for name in ["authorizations", "ending", "pace"] {
            let path = format!("/v1/reports/{name}?from=2026-01-01&to=2026-12-31");
            let seen = app.get(&path, &analyst).await.expect(200);
            let rows = seen["rows"].as_array().unwrap();
            assert!(rows.iter().all(|row| row["authorization"] == "PA-A"), "{name}: {seen}");
        }
        let seen = app.get(path, &analyst).await.expect(200);
        assert_eq!(seen["rows"][0]["authorization"], "PA-A", "the one with consent is still shown");
    }

    async fn where_no_contract_says_which_services_are_flagged_a_payer_sees_no_people(app: TestApp) {
        let w = world::river_bend(&app, 0).await;
        app.database.execute("UPDATE organizations SET part2 = 'program'");
        world::payer(&app, &w.admin, "lone-mesa").await;
        let member = world::member(&app, &w.admin, "river-bend", "lone-mesa", "LM1").await;
        let body = json!({"member": member, "payer": "lone-mesa", "number": "PA-X", "units": 10,
            "from": "2026-01-01", "to": "2026-12-31"});
        world::authorization(&app, &w.admin, "river-bend", &body).await;
        let foreign = app.key(Role::PayerAnalyst, "lone-mesa").await;
        let path = "/v1/reports/authorizations?from=2026-01-01&to=2026-12-31";
        let seen = app.get(path, &foreign).await.expect(200);
        assert_eq!(seen["rows"], json!([]), "{seen}");
        // The organization is none of its own; so nothing of it is left out.
        assert_eq!(seen["left_out_without_consent"], false, "{seen}");
        let own = app.get(path, &w.biller).await.expect(200);
        assert_eq!(own["rows"].as_array().unwrap().len(), 1);
    }
}
