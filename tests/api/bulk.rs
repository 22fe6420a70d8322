//! Bulk uploads: one answer a row, in order, whatever the rows are like.

use std::fmt::Write;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, Database, TestApp, on_both, send};
use crate::world::{self, World, answers, visit};

const PATH: &str = "/v1/encounters/bulk";
const CSV: &str = "text/csv";
const NDJSON: &str = "application/x-ndjson";
const HEADER: &str = "reference,peer,member,activity,started_at,ended_at,mode,setting,diagnoses,\
                      note_signed_at,note_plan_goal";

/// A CSV row: an hour in person at the office, local time.
fn row(reference: &str, day: &str) -> String {
    format!(
        "{reference},1987654328,evergreen:EV1000,individual_support,{day} 09:00,{day} 10:00,\
         in_person,office,F32.9,{day} 10:05,G1"
    )
}

async fn upload(app: &TestApp, key: &str, kind: &str, body: impl Into<reqwest::Body>) -> Answer {
    world::body(app, PATH, key, kind, body).await
}

fn statuses(rows: &[Value]) -> Vec<u64> {
    rows.iter().map(|r| r["status"].as_u64().unwrap()).collect()
}

fn numbers(rows: &[Value], name: &str) -> Vec<u64> {
    rows.iter().map(|r| r[name].as_u64().unwrap()).collect()
}

/// Rows of the whole upload's size that are right: a visit of 15 minutes each.
fn many(w: &World, count: usize) -> String {
    (0..count).fold(String::new(), |mut out, n| {
        let start =
            format!("2026-07-{:02}T{:02}:{:02}", 1 + n % 28, 8 + n / 28 % 12, 15 * (n / 336 % 4));
        let member = &w.members[n % w.members.len()];
        let body = world::visit_of(&format!("B-{n}"), &w.peers[n % 4], member, &start, 15);
        writeln!(out, "{body}").unwrap();
        out
    })
}

on_both! {
    async fn csv_as_spreadsheets_write_it(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let quoted = row("V-2", "2026-07-02").replace("office", "\"office\"").replace("V-2", "\"V-2\"");
        let text = format!(
            "\u{feff}{HEADER}\r\n{}\r\n\r\n{quoted}\r\n   \r\n{}",
            row("V-1", "2026-07-01"), row("V-3", "2026-07-03"),
        );
        let rows = answers(&upload(&app, &w.submitter, "text/csv; charset=utf-8", text).await);
        assert_eq!(statuses(&rows), [201, 201, 201], "{rows:?}");
        assert_eq!(numbers(&rows, "row"), [1, 2, 3]);
        assert_eq!(numbers(&rows, "line"), [2, 4, 6]);
        for (row, day) in rows.iter().zip(1..) {
            let seen = &row["encounter"];
            assert_eq!(seen["reference"], format!("V-{day}"));
            assert_eq!(seen["disposition"], "ready", "{seen}");
            // Without an offset, times are those of the organization's place.
            assert_eq!(seen["started_at"], format!("2026-07-0{day}T16:00:00Z"));
        }
    }

    async fn a_bad_row_spoils_no_other(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let mut bytes = format!("{HEADER}\n{}\n", row("V-1", "2026-07-01")).into_bytes();
        let mut line = |text: &[u8]| bytes.extend([text, b"\n"].concat());
        line(row("V-2", "2026-07-02").replace("office", "\"office").as_bytes()); // open quote
        line(b"V-3,\xff\xfe,x,x,x,x,x,x,x,x,x"); // bad bytes
        line(b"V-4,too,few"); // fields
        line(&[row("V-5", "2026-07-05"), ",more".into()].concat().into_bytes());
        line(&vec![b'x'; 10 * 1024 * 1024]); // ten megabytes
        line(row("V-6", "2026-07-06").replace("09:00", "11:00").as_bytes()); // end before start
        line(row("V-7", "2026-03-08").replace("09:00", "02:30").as_bytes()); // does not exist
        line(row("V-8", "2025-11-02").replace("09:00", "01:30").as_bytes()); // exists twice
        line(row("V-9", "2026-07-09").replace("1987654328", "1987654327").as_bytes()); // check digit
        line(row("V-10", "2026-07-10").replace("EV1000", "EV9999").as_bytes()); // nobody
        line(row("V-11", "2026-09-11").as_bytes()); // future
        line(b",,,,,,,,,,"); // all missing
        line(row("V-12", "2026-07-12").as_bytes());
        let rows = answers(&upload(&app, &w.submitter, CSV, bytes).await);
        let mut wanted = vec![422; 14];
        (wanted[0], wanted[13]) = (201, 201);
        assert_eq!(statuses(&rows), wanted, "{rows:?}");
        assert_eq!(numbers(&rows, "row"), (1..=14).collect::<Vec<_>>());
        assert_eq!(numbers(&rows, "line"), (2..=15).collect::<Vec<_>>());
        let columns = |index: usize| -> Vec<String> {
            let faults = rows[index]["error"]["faults"].as_array().unwrap();
            assert!(faults.iter().all(|f| f["line"] == rows[index]["line"]), "{}", rows[index]);
            faults.iter().map(|f| f["column"].as_str().unwrap_or_default().to_owned()).collect()
        };
        assert!(rows[6]["error"]["request_id"].as_str().unwrap().starts_with("req_"));
        assert_eq!(columns(6), ["ended_at"]);
        assert_eq!(columns(7), ["started_at"]);
        assert!(rows[7].to_string().contains("does not exist in America/Los_Angeles"));
        assert_eq!(columns(8), ["started_at"]);
        assert!(rows[8].to_string().contains("exists twice"));
        assert_eq!(columns(9), ["peer"]);
        // What only the database can tell has its line and column too.
        assert_eq!(columns(10), ["member"]);
        assert_eq!(columns(11), ["ended_at", "note_signed_at"]);
        let missing = ["reference", "peer", "member", "activity", "started_at", "ended_at", "mode", "setting"];
        assert_eq!(columns(12), missing);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 2);
    }

    async fn a_carriage_return_within_a_line_loses_nothing_in_silence(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let all = [HEADER.to_owned(), row("V-1", "2026-07-01"), row("V-2", "2026-07-02")];
        // A file whose lines end in CR is one long header.
        let problem = upload(&app, &w.submitter, CSV, all.join("\r")).await.problem(422, "invalid_input");
        assert_eq!(problem["faults"][0]["line"], 1, "{problem}");
        assert!(problem["faults"][0]["message"].as_str().unwrap().contains("LF or CRLF"), "{problem}");
        let text = format!("{}\r\n{}\r{}\r\n{}\r\n", all[0], all[1], all[2], row("V-3", "2026-07-03"));
        let rows = answers(&upload(&app, &w.submitter, CSV, text).await);
        assert_eq!((statuses(&rows), numbers(&rows, "line")), (vec![422, 201], vec![2, 3]), "{rows:?}");
        assert!(rows[0].to_string().contains("carriage return"), "{rows:?}");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 1);
    }

    async fn json_lines_are_answered_one_by_one(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        let body = |n: usize| visit(&format!("V-{n}"), &w.peers[0], &w.members[n % 2], &format!("2026-07-0{n}T16:00"));
        let mut colour = body(2);
        colour["colour"] = json!("red");
        let mut local = body(3);
        local["started_at"] = json!("2026-07-03T09:00");
        let mut bytes = format!("{}\r\n\n{colour}\n{local}\n", body(1)).into_bytes();
        bytes.extend(b"{\"reference\": \"V-4\",\n[]\n{\"reference\": \"\xff\"}\nnull\n");
        bytes.extend(format!("{} {}\n", body(5), body(6)).bytes());
        bytes.extend([b"{\"reference\":\"", vec![b'y'; 10 * 1024 * 1024].as_slice(), b"\"}\n"].concat());
        bytes.extend(body(7).to_string().bytes());
        let rows = answers(&upload(&app, &w.submitter, NDJSON, bytes).await);
        assert_eq!(statuses(&rows), [201, 422, 422, 400, 422, 400, 422, 400, 422, 201], "{rows:?}");
        assert_eq!(numbers(&rows, "line"), [1, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        assert_eq!(rows[1]["error"]["faults"][0]["pointer"], "/colour");
        assert_eq!(rows[2]["error"]["faults"][0]["pointer"], "/started_at");
        assert_eq!(rows[2]["error"]["faults"][0]["line"], 4);
        for row in &rows {
            assert_eq!(row["encounter"].is_null(), row["status"] != 201);
            assert!(row["error"].is_null() || row["error"]["code"].is_string());
            assert!(!row.to_string().contains("yyyy"));
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 2);
    }

    async fn a_json_list_is_answered_element_by_element(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let body = |n: usize| visit(&format!("V-{n}"), &w.peers[0], &w.members[0], &format!("2026-07-0{n}T16:00"));
        let mut colour = body(2);
        colour["colour"] = json!("red");
        let unknown = json!({"reference": "V-9", "peer": "peer_0000000000001"});
        let mut nobody = body(3);
        nobody["peer"] = unknown["peer"].clone();
        let long = format!("{{\"reference\": \"{}\"}}", "y".repeat(100_000));
        let text = format!("[\n{},\n{colour:#},\n{nobody} , {long},\n{{\n\"reference\":}}, 7, [],\n{}]\n", body(1), body(4));
        let rows = answers(&upload(&app, &w.submitter, "application/json", text).await);
        assert_eq!(statuses(&rows), [201, 422, 422, 422, 400, 422, 422, 201], "{rows:#?}");
        assert_eq!(numbers(&rows, "row"), (1..=8).collect::<Vec<_>>());
        assert_eq!(numbers(&rows, "line")[..2], [2, 3]);
        assert_eq!(rows[1]["error"]["faults"][0]["pointer"], "/1/colour");
        assert_eq!(rows[2]["error"]["faults"][0]["pointer"], "/2/peer");
        // Not JSON: the line within the body.
        let at = rows[4]["error"]["faults"][0]["line"].as_u64().unwrap();
        assert_eq!(at, rows[4]["line"].as_u64().unwrap() + 1, "{}", rows[4]);
        // A list that breaks is read up to there, and says so at its end.
        let broken = format!("[{}, {}", body(1), body(5));
        let rows = answers(&upload(&app, &w.submitter, "application/json", broken).await);
        assert_eq!(statuses(&rows), [200, 201, 400], "{rows:#?}");
        assert_eq!(rows[2]["error"]["code"], "malformed_body");
        for text in ["", "{}", "null", "not json"] {
            upload(&app, &w.submitter, "application/json", text).await.problem(400, "malformed_body");
        }
        assert!(answers(&upload(&app, &w.submitter, "application/json", "[]").await).is_empty());
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 3);
    }

    async fn a_wrong_header_refuses_the_upload_whole(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let good = row("V-1", "2026-07-01");
        for (header, column, word) in [
            (HEADER.replace("reference,", ""), "reference", "missing"),
            (HEADER.replace("started_at,", ""), "started_at", "missing"),
            (HEADER.replace("mode", "reference"), "reference", "twice"),
            (HEADER.replace("note_plan_goal", "colour"), "", "not known"),
            (HEADER.replace("mode", "\"mode"), "", "quote"),
            (good.clone(), "reference", "missing"),
        ] {
            let answer = upload(&app, &w.submitter, CSV, format!("{header}\n{good}\n")).await;
            let problem = answer.problem(422, "invalid_input");
            let faults = problem["faults"].as_array().unwrap();
            assert!(faults.iter().all(|f| f["line"] == 1), "{problem}");
            let told = faults.iter().any(|f| {
                f["column"].as_str().unwrap_or_default() == column
                    && f["message"].as_str().unwrap().contains(word)
            });
            assert!(told, "{header}: {problem}");
        }
        // All of them at once, and without repeating what may be somebody's data.
        let answer = upload(&app, &w.submitter, CSV, "Marigold Vance,mode,mode\n").await;
        let problem = answer.problem(422, "invalid_input");
        assert_eq!(problem["faults"].as_array().unwrap().len(), 7, "{problem}");
        assert!(!answer.body.contains("Marigold"));
        for empty in ["", "\n\r\n", "\u{feff}"] {
            upload(&app, &w.submitter, CSV, empty).await.problem(400, "malformed_body");
            assert!(answers(&upload(&app, &w.submitter, NDJSON, empty).await).len() <= 1);
        }
        let header_only = upload(&app, &w.submitter, CSV, HEADER).await;
        assert!(answers(&header_only).is_empty());
        for kind in ["application/xml", "text/plain", "text/csv; charset=utf-16"] {
            upload(&app, &w.submitter, kind, HEADER).await.problem(415, "unsupported_media_type");
        }
        let packed = app.request(Method::POST, PATH, &w.submitter).header("content-type", CSV);
        let packed = packed.header("content-encoding", "gzip").body(HEADER);
        send(packed).await.problem(415, "unsupported_media_type");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 0);
    }

    async fn a_reference_repeated_in_the_file_is_recorded_once(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let one = row("V-1", "2026-07-01");
        let other = row("V-1", "2026-07-02");
        let text = format!("{HEADER}\n{one}\n{other}\n{one}\n{}\n", row("V-2", "2026-07-03"));
        let rows = answers(&upload(&app, &w.submitter, CSV, text.clone()).await);
        assert_eq!(statuses(&rows), [201, 409, 200, 201], "{rows:?}");
        assert_eq!(rows[1]["error"]["code"], "reference_conflict");
        assert_eq!(rows[0]["encounter"], rows[2]["encounter"]);
        let again = answers(&upload(&app, &w.submitter, CSV, text).await);
        assert_eq!(statuses(&again), [200, 409, 200, 200]);
        assert_eq!(again[0]["encounter"], rows[0]["encounter"]);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 2);
        assert_eq!(app.database.number("SELECT CAST(SUM(reserved) AS BIGINT) FROM unit_entries"), 8);
    }

    async fn a_large_file_is_answered_in_order_and_once(app: TestApp) {
        let w = world::river_bend(&app, 40).await;
        // More than two chunks, with a bad row at the seams.
        let mut lines: Vec<String> = many(&w, 1_300).lines().map(str::to_owned).collect();
        lines[499] = "{}".into();
        lines[500] = "not json".into();
        let text = lines.join("\n");
        let rows = answers(&upload(&app, &w.submitter, NDJSON, text.clone()).await);
        assert_eq!(rows.len(), 1_300);
        assert_eq!(numbers(&rows, "row"), (1..=1_300).collect::<Vec<_>>());
        for (n, row) in rows.iter().enumerate() {
            match n {
                499 => assert_eq!(row["status"], 422),
                500 => assert_eq!(row["status"], 400),
                _ => {
                    assert_eq!(row["status"], 201, "{row}");
                    assert_eq!(row["encounter"]["reference"], format!("B-{n}"));
                }
            }
        }
        let state = |app: &TestApp| {
            ["encounters", "decisions", "decision_lines", "unit_entries"]
                .map(|table| app.database.number(&format!("SELECT COUNT(*) FROM {table}")))
        };
        let before = state(&app);
        assert_eq!(before[..2], [1_298, 1_298]);
        let again = answers(&upload(&app, &w.submitter, NDJSON, text).await);
        for (first, second) in rows.iter().zip(&again) {
            let known = first["status"] == 201;
            assert_eq!(second["status"].as_u64().unwrap(), if known { 200 } else { first["status"].as_u64().unwrap() });
            assert_eq!(first["encounter"], second["encounter"]);
        }
        assert_eq!(state(&app), before);
    }

    async fn the_service_date_is_the_local_one(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let night = row("V-1", "2026-07-01").replace("2026-07-01 09:00", "2026-07-01 23:30")
            .replace("2026-07-01 10:00", "2026-07-02 00:30").replace("2026-07-01 10:05", "2026-07-02 00:40");
        // The same moments with offset are the same visit.
        let utc = night.replace("2026-07-01 23:30", "2026-07-02T06:30:00Z")
            .replace("2026-07-02 00:30", "2026-07-02T03:30:00-04:00");
        // One o'clock at night, twice in November: with an offset it is clear which one.
        let clear = row("V-2", "2025-11-02").replace("2025-11-02 09:00", "2025-11-02T01:30:00-08:00")
            .replace("2025-11-02 10:00", "2025-11-02 02:30");
        let text = format!("{HEADER}\n{night}\n{utc}\n{clear}\n");
        let rows = answers(&upload(&app, &w.submitter, CSV, text).await);
        assert_eq!(statuses(&rows), [201, 200, 201], "{rows:?}");
        assert_eq!(rows[0]["encounter"]["service_date"], "2026-07-01");
        assert_eq!(rows[0]["encounter"]["lines"][0]["units"], 4);
        assert_eq!(rows[2]["encounter"]["minutes"], 60);
        assert_eq!(rows[2]["encounter"]["service_date"], "2025-11-02");
    }

    async fn the_template_can_be_filled_in_and_sent(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let template = app.get("/v1/encounters/template.csv", &w.submitter).await;
        assert!(template.header("content-type").starts_with("text/csv"));
        let header = template.body.trim_end();
        let columns: Vec<&str> = header.split(',').collect();
        let value = |column: &&str| match *column {
            "reference" => "V-1",
            "peer" => "1987654328",
            "member" | "service" | "authorization" | "program" | "session" | "group_size"
            | "group_peers" | "member_absent" => "",
            "member_payer" => "evergreen",
            "member_number" => "EV1000",
            "activity" => "individual_support",
            "role" => "peer_support",
            "started_at" => "2026-07-01 09:00",
            "ended_at" => "2026-07-01 10:00",
            "mode" => "in_person",
            "setting" => "office",
            "diagnoses" => "F32.9; F41.1",
            "note_signed_at" => "2026-07-01 10:10",
            "note_plan_goal" => "G1",
            other => panic!("the template has a new column: {other}"),
        };
        let row = columns.iter().map(value).collect::<Vec<_>>().join(",");
        let rows = answers(&upload(&app, &w.submitter, CSV, format!("{header}\r\n{row}\r\n")).await);
        assert_eq!(rows[0]["encounter"]["disposition"], "ready", "{rows:?}");
        assert_eq!(rows[0]["encounter"]["diagnoses"], json!(["F329", "F411"]));
        // Every column is known to the upload, in any order; no other is.
        let mut turned = columns.clone();
        turned.reverse();
        let row = turned.iter().map(value).collect::<Vec<_>>().join(",");
        let text = format!("{}\n{row}\n", turned.join(","));
        assert_eq!(statuses(&answers(&upload(&app, &w.submitter, CSV, text).await)), [200]);
    }

    async fn the_walls_stand_in_bulk_too(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 0).await;
        let theirs = visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        let unknown = visit("V-1", "peer_0000000000001", "mem_0000000000001", "2026-07-01T16:00");
        let rows = answers(&upload(&app, &other.submitter, NDJSON, format!("{theirs}\n{unknown}\n")).await);
        assert_eq!(statuses(&rows), [422, 422]);
        let faults = |row: &Value| {
            let mut faults = row["error"]["faults"].clone();
            for fault in faults.as_array_mut().unwrap() {
                fault["line"] = Value::Null;
            }
            faults
        };
        assert_eq!(faults(&rows[0]), faults(&rows[1]));
        upload(&app, &w.admin, NDJSON, theirs.to_string()).await.problem(400, "invalid_parameter");
        let named = format!("{PATH}?organization=river-bend");
        world::body(&app, &named, &other.submitter, NDJSON, theirs.to_string()).await.problem(404, "not_found");
        let rows = answers(&world::body(&app, &named, &w.admin, NDJSON, theirs.to_string()).await);
        assert_eq!(statuses(&rows), [201]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_too_large_is_refused() {
    let app = TestApp::on(Database::sqlite(), &[("HTTP__MAX_BULK_BYTES", "10000")]);
    let w = world::river_bend(&app, 1).await;
    let text = format!("{HEADER}\n{}\n", row("V-1", "2026-07-01"));
    let padded = |length: usize| format!("{text}{}", "\n".repeat(length - text.len()));
    for length in [10_001, 100_000, 900_000] {
        upload(&app, &w.submitter, CSV, padded(length)).await.problem(413, "too_large");
        let pieces =
            padded(length).into_bytes().chunks(4_000).map(<[u8]>::to_vec).collect::<Vec<_>>();
        let pieces = futures_util::stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>));
        let streamed = reqwest::Body::wrap_stream(pieces);
        upload(&app, &w.submitter, CSV, streamed).await.problem(413, "too_large");
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 0);
    assert_eq!(statuses(&answers(&upload(&app, &w.submitter, CSV, padded(10_000)).await)), [201]);
}
