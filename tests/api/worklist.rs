//! The worklist: what waits is what the current decisions hold, whatever happened; its orders,
//! filters, sums, pages and table against the slow way to get them.

use std::collections::{BTreeMap, BTreeSet};

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::world::{self, Dice, World, id, visit_of};

/// What must be true of one encounter: units, dollars or why not, reasons.
type Held = (u64, Result<String, String>, BTreeSet<String>);

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

fn cents(dollars: &str) -> i64 {
    dollars.replace('.', "").parse().unwrap()
}

/// What waits, worked out from every encounter's current answer: the slow way.
async fn scan(app: &TestApp, key: &str) -> BTreeMap<String, Held> {
    let mut waiting = BTreeMap::new();
    for e in world::all(app, "/v1/encounters", key).await {
        let lines: Vec<&Value> =
            e["lines"].as_array().unwrap().iter().filter(|l| l["status"] == "held").collect();
        let whole = e["disposition"] == "held";
        if e["status"] == "void"
            || e["disposition"] == "non_billable"
            || (!whole && lines.is_empty())
        {
            continue;
        }
        let money: i64 = lines.iter().map(|l| cents(l["expected"].as_str().unwrap())).sum();
        let money = match lines.as_slice() {
            [] => Err("no_service".to_owned()),
            some if some.iter().any(|l| l["charge"] == "0.00" && l["units"] != 0) => {
                Err("no_rate".to_owned())
            }
            _ => Ok(format!("{}.{:02}", money / 100, money % 100)),
        };
        let rules = e["findings"].as_array().unwrap().iter().filter(|f| f["severity"] == "hold");
        let rules = rules.map(|f| text(&f["rule"])).collect();
        waiting.insert(text(&e["id"]), (e["held_units"].as_u64().unwrap(), money, rules));
    }
    waiting
}

/// The worklist equals the scan, in every order; the summary's totals are its sums.
pub async fn ties(app: &TestApp, key: &str) -> usize {
    let slow = scan(app, key).await;
    for order in ["urgency", "deadline", "money"] {
        let list = world::all(app, &format!("/v1/worklist?order={order}"), key).await;
        assert_eq!(list.len(), slow.len(), "{order}: each once");
        let quick: BTreeMap<String, Held> = list
            .iter()
            .map(|row| {
                let money = row["at_risk"].as_str().map(str::to_owned);
                let money = money.ok_or_else(|| text(&row["at_risk_unknown"]));
                let rules = row["findings"].as_array().unwrap().iter().map(|f| text(&f["rule"]));
                (text(&row["encounter"]), (row["units"].as_u64().unwrap(), money, rules.collect()))
            })
            .collect();
        assert_eq!(quick, slow, "{order}");
    }
    let summary = app.get("/v1/worklist/summary", key).await.expect(200);
    let total = &summary["total"];
    assert_eq!(total["encounters"], slow.len(), "{summary}");
    assert_eq!(total["units"], slow.values().map(|h| h.0).sum::<u64>(), "{summary}");
    let known: i64 = slow.values().filter_map(|h| h.1.as_ref().ok()).map(|m| cents(m)).sum();
    assert_eq!(cents(total["at_risk"].as_str().unwrap()), known, "{summary}");
    for parts in ["by_due", "by_payer"] {
        for sum in ["encounters", "units", "at_risk_unknown", "overridable", "held_in_whole"] {
            let of = |g: &Value| g[sum].as_i64().unwrap();
            let all: i64 = summary[parts].as_array().unwrap().iter().map(of).sum();
            assert_eq!(all, of(total), "{parts} {sum} {summary}");
        }
    }
    let mut by_rule: BTreeMap<String, u64> = BTreeMap::new();
    for rule in slow.values().flat_map(|h| &h.2) {
        *by_rule.entry(rule.clone()).or_default() += 1;
    }
    let told: BTreeMap<String, u64> = summary["by_rule"]
        .as_array()
        .unwrap()
        .iter()
        .map(|g| (text(&g["key"]), g["encounters"].as_u64().unwrap()))
        .collect();
    assert_eq!(told, by_rule);
    slow.len()
}

/// Thirty visits of many lengths, days and flaws.
async fn many(app: &TestApp) -> World {
    let mut w = world::river_bend(app, 3).await;
    let uncovered = json!({"reference": "R-NONE", "first_name": "Dana", "last_name": "Alvarez",
        "birth_date": "1985-02-14", "gender": "F", "coverages": []});
    let path = "/v1/members?organization=river-bend";
    w.members.push(id(&app.post(path, &w.admin, &uncovered).await.expect(201)));
    let mut dice = Dice::new(7);
    for n in 0..30u32 {
        let start =
            format!("2026-{:02}-{:02}T{:02}:00", 5 + n % 5, 1 + dice.roll(8), 15 + dice.roll(6));
        let minutes = 20 * (1 + i64::try_from(dice.roll(15)).unwrap());
        let (peer, member) = (dice.pick(&w.peers).clone(), dice.pick(&w.members).clone());
        // A reference that a spreadsheet would take for a formula.
        let mut body = visit_of(&format!("-{n}"), &peer, &member, &start, minutes);
        match dice.roll(5) {
            0 => body["note"] = Value::Null,
            1 => body["diagnoses"] = json!([]),
            2 => body["setting"] = json!("jail"),
            _ => {}
        }
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
    }
    w
}

fn weight(row: &Value) -> i64 {
    match row["days_left"].as_i64() {
        Some(0..=7) => 8,
        Some(8..=30) => 4,
        Some(31..=60) => 2,
        _ => 1,
    }
}

fn due(row: &Value) -> &'static str {
    match row["days_left"].as_i64() {
        None => "unknown",
        Some(i64::MIN..=-1) => "overdue",
        Some(0..=7) => "week",
        Some(8..=30) => "month",
        Some(31..=60) => "two_months",
        Some(_) => "later",
    }
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|r| text(&r["encounter"])).collect()
}

fn some_finding(row: &Value, what: &str, is: &Value) -> bool {
    row["findings"].as_array().unwrap().iter().any(|f| f[what] == *is)
}

/// The path of a list with one more parameter.
fn with(path: &str, parameter: &str) -> String {
    format!("{path}{}{parameter}", if path.contains('?') { '&' } else { '?' })
}

on_both! {
    async fn it_is_what_the_decisions_hold_after_all_that_can_happen(app: TestApp) {
        let w = many(&app).await;
        let first = ties(&app, &w.biller).await;
        assert!(first > 10, "{first}");
        let all = world::all(&app, "/v1/encounters", &w.biller).await;
        for (n, row) in all.iter().enumerate() {
            let path = format!("/v1/encounters/{}", row["id"].as_str().unwrap());
            match n % 4 {
                0 => { app.post(&format!("{path}/void"), &w.biller, &json!({"reason": "storm"})).await.expect(200); }
                1 => { app.act(&format!("{path}/decide"), &w.biller).await.expect(200); }
                _ => {}
            }
        }
        ties(&app, &w.biller).await;
        let grant = json!({"member": w.members[0], "payer": "evergreen", "number": "PA-1", "units": 500,
            "from": "2026-05-01", "to": "2026-12-31"});
        world::authorization(&app, &w.admin, "river-bend", &grant).await;
        for row in world::all(&app, "/v1/worklist", &w.biller).await {
            let path = format!("/v1/encounters/{}/decide", row["encounter"].as_str().unwrap());
            let answer = app.act(&path, &w.biller).await;
            assert!([200, 409].contains(&answer.status.as_u16()), "{}", answer.body);
        }
        ties(&app, &w.biller).await;
        let wanted = json!({"payer": "evergreen", "through": "2026-09-09"});
        let batch = id(&app.post("/v1/batches", &w.biller, &wanted).await.expect(201));
        // What waits of a claimed visit still waits.
        let parts = ties(&app, &w.biller).await;
        assert!(parts > 0);
        app.act(&format!("/v1/batches/{batch}/withdraw"), &w.biller).await.expect(200);
        ties(&app, &w.biller).await;
    }

    async fn orders_are_as_they_are_explained(app: TestApp) {
        let w = many(&app).await;
        let list = |order: &'static str| {
            let (app, key) = (&app, w.biller.clone());
            async move { world::all(app, &format!("/v1/worklist?order={order}"), &key).await }
        };
        let money = |row: &Value| row["at_risk"].as_str().map(cents);
        let urgent = list("urgency").await;
        let mut wanted = urgent.clone();
        wanted.sort_by_key(|r| (money(r).map_or(1, |m| -m * weight(r)), text(&r["encounter"])));
        assert_eq!(ids(&urgent), ids(&wanted));
        assert_eq!(ids(&world::all(&app, "/v1/worklist", &w.biller).await), ids(&urgent), "the default");
        let mut by_money = urgent.clone();
        by_money.sort_by_key(|r| (money(r).map_or(1, |m| -m), text(&r["encounter"])));
        assert_eq!(ids(&list("money").await), ids(&by_money));
        let mut by_deadline = urgent.clone();
        by_deadline.sort_by_key(|r| (r["days_left"].as_i64().unwrap_or(i64::MAX), text(&r["encounter"])));
        assert_eq!(ids(&list("deadline").await), ids(&by_deadline));
        assert_ne!(ids(&by_money), ids(&urgent), "the deadlines matter");
        assert!(urgent.last().unwrap()["at_risk"].is_null(), "what is not known comes last");
        for row in &urgent {
            assert_eq!(row["due"], due(row), "{row}");
            assert!(row["member_reference"].as_str().unwrap().starts_with("R-"), "{row}");
            assert!(!row.to_string().contains("Alvarez"), "no names: {row}");
        }
        // Page by page it is the same.
        for order in ["urgency", "money", "deadline"] {
            let (mut pages, mut cursor) = (Vec::new(), String::new());
            loop {
                let path = format!("/v1/worklist?limit=3&order={order}{cursor}");
                let page = app.get(&path, &w.biller).await.expect(200);
                pages.extend(page["items"].as_array().unwrap().clone());
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(ids(&pages), ids(&list(order).await), "{order}");
        }
    }

    async fn filters_and_sums_are_those_of_the_rows(app: TestApp) {
        type Test = Box<dyn Fn(&Value) -> bool>;
        let w = many(&app).await;
        let all = world::all(&app, "/v1/worklist", &w.biller).await;
        let payer = all.iter().find_map(|r| r["payer"].as_str()).unwrap().to_owned();
        let mut filters: Vec<(String, Test)> = vec![
            (format!("payer={payer}"), Box::new(move |r| r["payer"] == payer.as_str())),
            ("overridable=true".into(), Box::new(|r| some_finding(r, "overridable", &json!(true)))),
            ("overridable=false".into(), Box::new(|r| !some_finding(r, "overridable", &json!(true)))),
        ];
        for rule in ["note.unsigned", "diagnosis.missing", "setting.not_allowed", "limit.bill_up_to", "filing.late", "eligibility.no_coverage", "rate.none"] {
            filters.push((format!("rule={rule}"), Box::new(move |r| some_finding(r, "rule", &json!(rule)))));
        }
        for who in ["peer", "biller", "administrator", "payer", "member"] {
            filters.push((format!("who={who}"), Box::new(move |r| some_finding(r, "who", &json!(who)))));
        }
        for bucket in ["overdue", "week", "month", "two_months", "later", "unknown"] {
            filters.push((format!("due={bucket}"), Box::new(move |r| due(r) == bucket)));
        }
        let mut seen = 0;
        for (filter, test) in &filters {
            for (more, second) in filters.iter().take(4) {
                let name = |f: &str| f.split('=').next().unwrap().to_owned();
                if name(filter) == name(more) && filter != more {
                    continue;
                }
                let both = if filter == more { filter.clone() } else { format!("{filter}&{more}") };
                let wanted: Vec<Value> = all.iter().filter(|r| test(r) && second(r)).cloned().collect();
                let got = world::all(&app, &format!("/v1/worklist?{both}"), &w.biller).await;
                assert_eq!(got, wanted, "{both}");
                let summary = app.get(&format!("/v1/worklist/summary?{both}"), &w.biller).await.expect(200);
                let total = &summary["total"];
                assert_eq!(total["encounters"], wanted.len(), "{both} {summary}");
                let money: i64 = wanted.iter().filter_map(|r| r["at_risk"].as_str()).map(cents).sum();
                assert_eq!(cents(total["at_risk"].as_str().unwrap()), money, "{both}");
                let unknown = wanted.iter().filter(|r| r["at_risk"].is_null()).count();
                assert_eq!(total["at_risk_unknown"], unknown, "{both}");
                seen += wanted.len();
            }
        }
        assert!(seen > 50, "{seen}");
        let summary = app.get("/v1/worklist/summary", &w.biller).await.expect(200);
        for group in summary["by_who"].as_array().unwrap() {
            let rows = all.iter().filter(|r| some_finding(r, "who", &group["key"]));
            assert_eq!(group["encounters"], rows.count(), "{group}");
        }
        for group in summary["by_due"].as_array().unwrap() {
            let rows = all.iter().filter(|r| group["key"] == due(r));
            assert_eq!(group["encounters"], rows.count(), "{group}");
        }
        assert!(summary["by_rule"].as_array().unwrap().iter().all(|g| g["who"].is_string()), "{summary}");
    }

    async fn the_table_has_all_rows_and_no_formulas(app: TestApp) {
        let w = many(&app).await;
        let all = world::all(&app, "/v1/worklist", &w.biller).await;
        for answer in [
            app.get("/v1/worklist?format=csv&limit=1", &w.biller).await,
            crate::app::send(app.request(reqwest::Method::GET, "/v1/worklist", &w.biller).header("accept", "text/csv")).await,
        ] {
            assert_eq!(answer.status, 200, "{}", answer.body);
            assert!(answer.header("content-type").starts_with("text/csv"));
            let mut reader = csv::Reader::from_reader(answer.body.as_bytes());
            let head: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
            let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            assert_eq!(rows.len(), all.len());
            let column = |name: &str| head.iter().position(|h| h == name).unwrap();
            for (row, item) in rows.iter().zip(&all) {
                assert_eq!(row[column("encounter")], *item["encounter"].as_str().unwrap());
                assert_eq!(row[column("at_risk")], *item["at_risk"].as_str().unwrap_or(""));
                let reference = item["reference"].as_str().unwrap();
                assert!(reference.starts_with('-'));
                // What is a number stays one; nothing else begins with a sign.
                assert_eq!(row[column("reference")], *reference);
                assert!(row.iter().all(|f| !f.starts_with(['=', '+', '@', '\t', '\r'])), "{row:?}");
                let rules: Vec<&str> = item["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect();
                assert_eq!(row[column("rules")], rules.join(";"));
                assert_eq!(row[column("member")], *item["member"].as_str().unwrap());
                let each = |field: &str, joint: &str| {
                    let texts = item["findings"].as_array().unwrap().iter();
                    texts.map(|f| f[field].as_str().unwrap_or("").to_owned()).collect::<Vec<_>>().join(joint)
                };
                for (name, field, joint) in [
                    ("fields", "field", ";"),
                    ("carcs", "carc", ";"),
                    ("rarcs", "rarc", ";"),
                    ("no_carcs", "no_carc", " | "),
                ] {
                    assert_eq!(row[column(name)], each(field, joint), "{name}");
                }
                let may: Vec<&str> = item["findings"].as_array().unwrap().iter()
                    .filter(|f| f["overridable"] == true)
                    .map(|f| f["rule"].as_str().unwrap())
                    .collect();
                assert_eq!(row[column("overridable_rules")], may.join(";"));
                assert_eq!(row[column("overridable")], (!may.is_empty()).to_string());
                let of_first = &item["findings"][0]["authority"];
                let written = row[column("authorities")].to_owned();
                assert!(of_first.is_null() || written.contains(of_first["document"].as_str().unwrap()), "{written}");
            }
        }
        let body = visit_of("-x", &w.peers[0], &w.members[0], "2026-08-20T15:00", 60);
        let mut body = body;
        body["note"] = Value::Null;
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        let table = app.get("/v1/worklist?format=csv", &w.biller).await.body;
        assert!(table.contains(",'-x,"), "{table}");
        for bad in ["format=xlsx", "rule=nothing", "who=nobody", "due=soon", "order=age", "cursor=r1", "overridable=perhaps"] {
            app.get(&format!("/v1/worklist?{bad}"), &w.biller).await.problem(400, "invalid_parameter");
        }
        let page = app.get("/v1/worklist?limit=1", &w.biller).await.expect(200);
        let cursor = page["next_cursor"].as_str().unwrap();
        let other = with("/v1/worklist?order=money", &format!("cursor={cursor}"));
        app.get(&other, &w.biller).await.problem(400, "invalid_parameter");
    }

    async fn another_organizations_work_is_not_there(app: TestApp) {
        let w = many(&app).await;
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 1).await;
        assert_eq!(ties(&app, &other.biller).await, 0);
        let mut body = visit_of("O-1", &other.peers[0], &other.members[0], "2026-08-20T15:00", 60);
        body["note"] = Value::Null;
        app.post("/v1/encounters", &other.submitter, &body).await.expect(201);
        assert_eq!(ties(&app, &other.biller).await, 1);
        ties(&app, &w.biller).await;
        let seen = app.get("/v1/worklist?organization=river-bend", &w.admin).await.expect(200);
        assert!(!seen["items"].as_array().unwrap().is_empty());
        app.get("/v1/worklist?organization=river-bend", &other.biller).await.problem(404, "not_found");
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        for key in [&other.submitter, &analyst] {
            for path in ["/v1/worklist", "/v1/worklist/summary"] {
                app.get(path, key).await.problem(404, "not_found");
            }
        }
    }

    async fn a_database_from_before_gets_its_holds_when_it_is_migrated(app: TestApp) {
        let w = many(&app).await;
        let sum = "SELECT CAST(e.reference AS TEXT) AS name, CAST(h.units AS BIGINT) * 1000000 + COALESCE(h.expected, -1) * 10 \
            + CAST(COALESCE(h.due_day, -7) AS BIGINT) * 100000000 + CASE WHEN h.whole THEN 1 ELSE 0 END AS value FROM holds h \
            JOIN encounters e ON e.id = h.encounter_id ORDER BY 1";
        let reasons = "SELECT e.reference || ' ' || r.rule AS name, COUNT(*) AS value FROM hold_reasons r \
            JOIN encounters e ON e.id = r.encounter_id GROUP BY e.reference, r.rule ORDER BY 1";
        let (holds, why) = (app.database.table(sum), app.database.table(reasons));
        assert!(holds.len() > 10);
        let up = if app.database.url().starts_with("postgres") {
            include_str!("../../migrations/postgres/2026-11-22-000011_overrides_holds/up.sql")
        } else {
            include_str!("../../migrations/sqlite/2026-11-22-000011_overrides_holds/up.sql")
        };
        let fill = up.split("-- The visits that are there already.").nth(1).unwrap();
        let fill = fill.split(";\n").filter(|s| s.trim_start().starts_with("INSERT")).collect::<Vec<_>>().join(";\n");
        app.database.execute("DELETE FROM hold_reasons; DELETE FROM holds");
        app.database.execute(&fill);
        assert_eq!(app.database.table(sum), holds);
        assert_eq!(app.database.table(reasons), why);
        ties(&app, &w.biller).await;
    }
}
