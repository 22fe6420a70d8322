//! Programs, sites and grants (R28): named by visits, asked for by contracts, grouped by in reports.

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::reference_samples::pointers;
use crate::world::{self, World, id, rules, visit};

fn program(key: &str) -> Value {
    json!({"key": key, "name": "Community waiver", "kind": "program", "from": "2026-01-01", "to": "2026-12-31"})
}

fn under(w: &World, reference: &str, start: &str, program: &str) -> Value {
    let mut body = visit(reference, &w.peers[0], &w.members[0], start);
    if !program.is_empty() {
        body["program"] = json!(program);
    }
    body
}

on_both! {
    async fn a_visit_names_a_program_that_runs_on_its_day(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let late = json!({"key": "later", "name": "Later", "kind": "grant", "from": "2026-08-01"});
        for body in [program("waiver"), late] {
            app.post("/v1/programs", &w.biller, &body).await.expect(201);
        }
        let body = under(&w, "V-1", "2026-07-01T16:00", "waiver");
        let seen = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        assert_eq!((&seen["program"], &seen["disposition"]), (&json!("waiver"), &json!("ready")));
        // The program is content: a repeat with it is the same, one without it a conflict.
        app.post("/v1/encounters", &w.submitter, &body).await.expect(200);
        let other = under(&w, "V-1", "2026-07-01T16:00", "");
        app.post("/v1/encounters", &w.submitter, &other).await.problem(409, "reference_conflict");
        for (name, said) in [
            ("nothing", "no such program"), ("later", "starts on 2026-08-01"), ("No key", "a key has"),
        ] {
            let body = under(&w, "V-2", "2026-07-02T16:00", name);
            let problem = app.post("/v1/encounters", &w.submitter, &body).await.problem(422, "invalid_input");
            assert_eq!(pointers(&problem), ["/program"]);
            assert!(problem["faults"][0]["message"].as_str().unwrap().contains(said), "{problem}");
        }
        let head = "reference,peer,member,activity,started_at,ended_at,mode,setting,diagnoses,note_signed_at,note_plan_goal,program";
        let row = |reference: &str, program: &str| format!(
            "{reference},{},{},individual_support,2026-07-03 09:00,2026-07-03 10:00,in_person,office,F32.9,2026-07-03 10:10,G1,{program}",
            w.peers[1], w.members[0]);
        let csv = format!("{head}\n{}\n{}\n", row("V-3", "waiver"), row("V-4", "nothing"));
        let answer = world::body(&app, "/v1/encounters/bulk", &w.submitter, "text/csv", csv).await;
        let rows = world::answers(&answer);
        assert_eq!(rows[0]["encounter"]["program"], "waiver");
        assert_eq!(rows[1]["error"]["faults"][0]["column"], "program", "{rows:?}");
        // Another organization's program is none of ours.
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 1).await;
        let body = under(&other, "V-1", "2026-07-01T16:00", "waiver");
        let problem = app.post("/v1/encounters", &other.submitter, &body).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), ["/program"]);
    }

    async fn a_program_is_at_a_location_of_its_organization(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let list = app.get("/v1/organizations?key=river-bend", &w.admin).await.expect(200);
        let own = list["items"][0].clone();
        let places = own["locations"].as_array().unwrap();
        let there = places[0]["key"].clone();
        let mut body = program("waiver");
        body["location"] = json!("nowhere");
        let problem = app.post("/v1/programs", &w.biller, &body).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), ["/location"]);
        let head = "organization,key,name,kind,from,location";
        let row = |key: &str, place: &Value| format!("river-bend,{key},Waiver,program,2026-01-01,{}\n", place.as_str().unwrap());
        let csv = format!("{head}\n{}{}", row("waiver", &there), row("other", &json!("nowhere")));
        let said = crate::reference_import::refused(&app.database, "programs", csv.as_bytes());
        assert!(said.contains("line 3, location:"), "{said}");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM programs"), 0);
        body["location"] = there.clone();
        let made = app.post("/v1/programs", &w.biller, &body).await.expect(201);
        let path = format!("/v1/programs/{}", id(&made));
        body["location"] = json!("nowhere");
        app.put(&path, &w.biller, "\"1\"", &body).await.problem(422, "invalid_input");
        // A location stays while a program is there.
        let mut home = own.clone();
        let spare = json!({"key": "spare", "name": "Spare", "address": places[0]["address"]});
        for field in ["id", "revision"] {
            home.as_object_mut().unwrap().remove(field);
        }
        home["locations"] = json!([spare]);
        let path = format!("/v1/organizations/{}", own["id"].as_str().unwrap());
        let problem = app.put(&path, &w.biller, "\"1\"", &home).await.problem(422, "invalid_input");
        let told = problem["faults"].to_string();
        assert!(told.contains("and a program is there"), "{told}");
    }

    async fn a_program_whose_location_is_gone_stays_where_it_is(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let mut body = program("waiver");
        body["location"] = json!("main");
        let made = app.post("/v1/programs", &w.biller, &body).await.expect(201);
        let path = format!("/v1/programs/{}", id(&made));
        // As it may stand since before locations of programs were checked.
        app.database.execute("UPDATE programs SET location = 'gone'");
        (body["name"], body["location"]) = (json!("Renamed"), json!("gone"));
        let seen = app.put(&path, &w.biller, "\"1\"", &body).await.expect(200);
        assert_eq!((&seen["name"], &seen["location"]), (&json!("Renamed"), &json!("gone")));
        body["location"] = json!("lost");
        let problem = app.put(&path, &w.biller, "\"2\"", &body).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), ["/location"]);
        let head = "organization,key,name,kind,from,to,location";
        let row = |name: &str, place: &str| {
            format!("{head}\nriver-bend,waiver,{name},program,2026-01-01,2026-12-31,{place}\n")
        };
        let at = |place: &str| {
            app.database.number(&format!("SELECT COUNT(*) FROM programs WHERE location = '{place}'"))
        };
        for (name, said) in [
            ("Renamed", "programs: 1 unchanged"), ("Once more", "programs: 0 created, 1 updated, 0 unchanged"),
        ] {
            let output = crate::reference_import::import(&app.database, "programs", row(name, "gone").as_bytes(), &[]);
            assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), said);
            assert_eq!(at("gone"), 1);
        }
        let said = crate::reference_import::refused(&app.database, "programs", row("Once more", "lost").as_bytes());
        assert!(said.contains("line 2, location:"), "{said}");
        assert_eq!(at("gone"), 1);
        let output = crate::reference_import::import(&app.database, "programs", row("Once more", "main").as_bytes(), &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(at("main"), 1);
    }

    async fn a_program_stays_of_its_kind_so_that_reports_tell_of_it_as_they_did(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let made = app.post("/v1/programs", &w.biller, &program("waiver")).await.expect(201);
        let path = format!("/v1/programs/{}", id(&made));
        let with = |kind: &str, name: &str| {
            let mut body = program("waiver");
            (body["kind"], body["name"]) = (json!(kind), json!(name));
            body
        };
        for kind in ["site", "grant"] {
            let problem = app.put(&path, &w.biller, "\"1\"", &with(kind, "Other")).await.problem(409, "reference_conflict");
            assert_eq!(pointers(&problem), ["/kind"], "{problem}");
        }
        let seen = app.get(&path, &w.biller).await.expect(200);
        assert_eq!((&seen["kind"], &seen["name"]), (&json!("program"), &json!("Community waiver")));
        let renamed = app.put(&path, &w.biller, "\"1\"", &with("program", "Other")).await.expect(200);
        assert_eq!(renamed["name"], "Other");
    }

    async fn a_repeat_stands_under_a_program_whose_days_were_changed(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let made = app.post("/v1/programs", &w.biller, &program("waiver")).await.expect(201);
        let body = under(&w, "V-1", "2026-07-01T16:00", "waiver");
        let first = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        let mut shorter = program("waiver");
        shorter["to"] = json!("2026-06-30");
        let path = format!("/v1/programs/{}", id(&made));
        app.put(&path, &w.biller, "\"1\"", &shorter).await.expect(200);
        let again = app.post("/v1/encounters", &w.submitter, &body).await.expect(200);
        assert_eq!(again, first, "the first result");
        let rows = body.to_string() + "\n";
        let path = "/v1/encounters/bulk";
        let answer = world::body(&app, path, &w.submitter, "application/x-ndjson", rows).await;
        assert_eq!(world::answers(&answer)[0]["status"], 200);
        // A new one does not stand, and neither does the old one as another visit.
        for other in [
            under(&w, "V-2", "2026-07-01T18:00", "waiver"),
            under(&w, "V-1", "2026-07-02T16:00", "waiver"),
        ] {
            let problem = app.post("/v1/encounters", &w.submitter, &other).await;
            assert_eq!(pointers(&problem.problem(422, "invalid_input")), ["/program"]);
        }
    }

    async fn programs_are_made_changed_and_brought_in(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let made = app.post("/v1/programs", &w.biller, &program("waiver")).await.expect(201);
        let path = format!("/v1/programs/{}", id(&made));
        app.post("/v1/programs", &w.biller, &program("waiver")).await.problem(409, "already_exists");
        for (body, wanted) in [
            (json!({}), vec!["/from", "/key", "/kind", "/name"]),
            (program("none"), vec!["/key"]),
            (json!({"key": "a", "name": "b", "kind": "club", "from": "2026-01-01"}), vec!["/kind"]),
        ] {
            let problem = app.post("/v1/programs", &w.biller, &body).await.problem(422, "invalid_input");
            assert_eq!(pointers(&problem), wanted);
        }
        let renamed = app.put(&path, &w.biller, "\"1\"", &program("other")).await;
        assert_eq!(pointers(&renamed.problem(422, "invalid_input")), ["/key"]);
        let mut longer = program("waiver");
        longer["to"] = Value::Null;
        assert_eq!(app.put(&path, &w.biller, "\"1\"", &longer).await.header("etag"), "\"2\"");
        let list = app.get("/v1/programs?key=waiver", &w.biller).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        let text = "organization,key,name,kind,from,to\nriver-bend,waiver,Community waiver,program,2026-01-01,\n\
            river-bend,annex,The annex,site,2026-01-01,2026-12-31\n";
        for said in ["programs: 1 created, 0 updated, 1 unchanged", "programs: 2 unchanged"] {
            let output = crate::reference_import::import(&app.database, "programs", text.as_bytes(), &[]);
            assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), said);
        }
        // An episode may name one.
        let episode = |program: &str| json!({
            "reference": "E-1", "member": w.members[0], "kind": "episode", "program": program, "from": "2026-07-01",
        });
        let problem = app.post("/v1/episodes", &w.biller, &episode("nothing")).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), ["/program"]);
        let made = app.post("/v1/episodes", &w.biller, &episode("annex")).await.expect(201);
        assert_eq!(made["program"], "annex");
        let path = format!("/v1/episodes/{}", id(&made));
        assert_eq!(app.get(&path, &w.biller).await.expect(200), made);
    }

    async fn all_faults_of_a_file_are_told_at_once(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        app.post("/v1/programs", &w.biller, &program("waiver")).await.expect(201);
        let bring_in = |text: &str| {
            let output = crate::reference_import::import(&app.database, "programs", text.as_bytes(), &[]);
            let told = String::from_utf8(output.stderr).unwrap();
            let places = told.lines().filter_map(|line| line.strip_prefix("  line "));
            places.map(|place| place.split(':').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        // In itself, against other rows, against what is stored: each with its line and column.
        let text = "organization,key,name,kind,from,to\n\
            river-bend,waiver,Community waiver,site,2026-01-01,\n\
            river-bend,annex,The annex,club,2026-01-01,2026-12-31\n\
            river-bend,annex,,site,2026-02-30,\n\
            river-bend,none,House,site,2026-01-01,\n\
            nobody,house,House,site,2026-01-01,\n\
            river-bend,house,House,site,2026-01-01,2025-12-31\n\
            river-bend,garden,Garden,site,2026-01-01,\n\
            river-bend,garden,Garden,site,2026-01-01,\n\
            ,orchard,Orchard,site,2026-01-01,\n\
            river-bend,short\n";
        let wanted = [
            "2, kind", "3, kind", "4, name", "4, from", "5, key", "6, organization", "7, to", "9, key",
            "10, organization", "11",
        ];
        assert_eq!(bring_in(text), wanted);
        // What is stored and not in the file counts too.
        let text = "organization,key,name,kind,from\nriver-bend,waiver,Community waiver,program,2027-01-01\n\
            river-bend,annex,The annex,club,2026-01-01\n";
        assert_eq!(bring_in(text), ["2, from", "3, kind"]);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM programs WHERE revision = 1"), 1);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM programs"), 1, "nothing is stored");
        let mended = text.replace("2027", "2026").replace("club", "site");
        assert_eq!(bring_in(&mended), Vec::<String>::new());
        assert_eq!(app.database.number("SELECT COUNT(*) FROM programs"), 2);
    }

    async fn a_contract_may_ask_for_a_program(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let contract = include_str!("../../fixtures/contracts/river-bend_evergreen.toml");
        let list = app.get("/v1/contracts", &w.biller).await.expect(200);
        let version = list["items"][0]["id"].as_str().unwrap();
        let bound = |services: &str, program: &str| {
            let text = contract.replace("from = 2026-01-01\nbilling", &format!("from = 2026-01-01\nsupersedes = \"{version}\"\nbilling"));
            format!("{text}\n[[program]]\nservices = [\"{services}\"]\nprograms = [\"{program}\"]\n")
        };
        let path = "/v1/contracts?organization=river-bend";
        let problem = world::toml(&app, path, &w.admin, &bound("peer_individual", "waiver")).await;
        assert_eq!(pointers(&problem.problem(422, "invalid_input")), ["/program/0/programs/0"]);
        world::program(&app, &w.admin, "river-bend", "waiver", "program").await;
        world::program(&app, &w.admin, "river-bend", "annex", "site").await;
        world::toml(&app, path, &w.admin, &bound("peer", "waiver")).await.problem(422, "invalid_input");
        world::toml(&app, path, &w.admin, &bound("peer_individual", "waiver")).await.expect(201);
        for (n, (name, wanted)) in
            [("waiver", &[][..]), ("annex", &["program.not_allowed"]), ("", &["program.not_allowed"])].iter().enumerate()
        {
            let body = under(&w, &format!("V-{n}"), &format!("2026-07-0{}T16:00", n + 1), name);
            let seen = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
            assert_eq!(rules(&seen), *wanted, "{name}: {seen}");
        }
    }

    async fn a_payer_is_told_of_state_programs_only(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        world::program(&app, &w.admin, "river-bend", "waiver", "program").await;
        world::program(&app, &w.admin, "river-bend", "relief", "grant").await;
        for (n, name) in ["waiver", "relief", ""].iter().enumerate() {
            let body = under(&w, &format!("V-{n}"), &format!("2026-07-0{}T16:00", n + 1), name);
            app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        }
        let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
        let batch = id(&app.post("/v1/batches", &w.biller, &wanted).await.expect(201));
        app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let path = "/v1/reports/utilization?from=2026-07-01&to=2026-07-31&group_by=program";
        for (key, wanted) in [
            (&w.biller, vec![("none", 1), ("relief", 1), ("waiver", 1)]), (&analyst, vec![("none", 2), ("waiver", 1)]),
        ] {
            let report = app.get(path, key).await.expect(200);
            let mut rows: Vec<(&str, i64)> = report["rows"].as_array().unwrap().iter()
                .map(|r| (r["program"].as_str().unwrap(), r["encounters_recorded"].as_i64().unwrap())).collect();
            rows.sort_unstable();
            assert_eq!(rows, wanted);
            assert_eq!(report["ties"]["ties"], true);
        }
    }

    async fn a_correction_moves_a_visit_in_reports(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        world::program(&app, &w.admin, "river-bend", "waiver", "program").await;
        let body = under(&w, "V-1", "2026-07-01T16:00", "");
        let answer = app.post("/v1/encounters", &w.submitter, &body).await;
        let path = format!("/v1/encounters/{}", id(&answer.expect(201)));
        let change = json!({"program": "waiver", "setting": "home", "mode": "video", "role": "bridger"});
        let etag = app.get(&path, &w.biller).await.header("etag").to_owned();
        let request = app.request(reqwest::Method::PATCH, &path, &w.biller);
        let request = request.header("if-match", etag).header("content-type", "application/merge-patch+json");
        let seen = crate::app::send(request.body(change.to_string())).await.expect(200);
        assert_eq!(seen["program"], "waiver");
        let report = "/v1/reports/utilization?from=2026-07-01&to=2026-07-31&group_by=program,setting,mode,role";
        let report = app.get(report, &w.biller).await.expect(200);
        let row = &report["rows"][0];
        let place = ["program", "setting", "mode", "role"].map(|d| row[d].as_str().unwrap());
        assert_eq!(place, ["waiver", "home", "video", "bridger"]);
    }

    async fn visits_of_before_get_their_columns_from_their_content(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        for (n, (role, mode, setting)) in
            [("bridger", "video", "home"), ("veteran", "in_person", "shelter")].iter().enumerate()
        {
            let mut body = visit(&format!("V-{n}"), &w.peers[n], &w.members[n], "2026-07-01T16:00");
            (body["role"], body["mode"], body["setting"]) = (json!(role), json!(mode), json!(setting));
            app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        }
        let columns = "SELECT role || ' ' || mode || ' ' || setting AS name, CAST(1 AS BIGINT) AS value \
            FROM encounters ORDER BY id";
        let before = app.database.table(columns);
        assert_eq!(before[0].0, "bridger video home");
        app.database.execute("UPDATE encounters SET role = '', mode = '', setting = ''");
        let migration = match &app.database {
            crate::database::Database::Sqlite { .. } => {
                include_str!("../../migrations/sqlite/2026-11-22-000013_programs/up.sql")
            }
            crate::database::Database::Postgres { .. } => {
                include_str!("../../migrations/postgres/2026-11-22-000013_programs/up.sql")
            }
        };
        let fill = migration.split(';').find(|s| s.trim().starts_with("UPDATE encounters")).unwrap();
        app.database.execute(fill);
        assert_eq!(app.database.table(columns), before);
    }
}
