//! A payer's claim form as data: what it asks for is on the claim, and what is not on record holds
//! the visit before there is a claim.

use reqwest::Method;
use serde_json::{Value, json};

use crate::again::{record, seen};
use crate::app::{Database, TestApp, on_both, send};
use crate::changes::{amend, amend_member};
use crate::edi;
use crate::world::{self, World, id, rules};

/// River Bend whose payer has these knobs.
async fn with(app: &TestApp, knobs: &str) -> World {
    let usual = "rollup = \"day\"\nsource = \"companion-guide\"\n";
    world::river_bend_with(app, 2, &[(usual, &format!("{usual}{knobs}\n"))]).await
}

async fn build(app: &TestApp, w: &World) -> Value {
    let wanted = json!({"payer": "evergreen", "through": "2026-08-31"});
    app.post("/v1/batches", &w.biller, &wanted).await.expect(201)
}

async fn file(app: &TestApp, w: &World, batch: &Value) -> String {
    edi::fetch(app, &id(batch), &w.biller).await.body
}

fn supervisor() -> Value {
    json!({"last_name": "Sample", "first_name": "Robin", "npi": "1043500127", "taxonomy": "101YM0800X"})
}

async fn amend_peer(app: &TestApp, w: &World, claim: Value) {
    amend(app, w, &format!("/v1/peers/{}?organization=river-bend", w.peers[0]), |peer| {
        peer["claim"] = claim;
    })
    .await;
    app.settle().await;
}

on_both! {
    async fn what_the_peer_lacks_is_a_finding_and_then_a_segment(app: TestApp) {
        let knobs = "[claim.content]\nsupervising = \"required\"\nrendering_numbers = \"required\"";
        let w = with(&app, knobs).await;
        let visit = record(&app, &w, "V-1", "2026-07-01T16:00").await;
        assert_eq!(rules(&visit), ["claim.peer", "claim.peer"]);
        assert_eq!(visit["findings"][0]["field"], "/peer");
        assert!(visit["findings"][0]["fix"].as_str().unwrap().contains("claim.supervisor"), "{visit}");
        let held = app.get("/v1/worklist?who=administrator", &w.biller).await.expect(200);
        assert_eq!(held["items"].as_array().unwrap().len(), 1, "{held}");
        // A number at another payer is none.
        amend_peer(&app, &w, json!({"supervisor": supervisor(),
            "numbers": [{"payer": "lone-mesa", "kind": "G2", "number": "L-1"}]})).await;
        assert_eq!(rules(&seen(&app, &w, "V-1").await), ["claim.peer"]);
        amend_peer(&app, &w, json!({"supervisor": supervisor(),
            "numbers": [{"payer": "evergreen", "kind": "G2", "number": "E-1"}]})).await;
        assert_eq!(seen(&app, &w, "V-1").await["status"], "ready");
        let batch = build(&app, &w).await;
        let text = file(&app, &w, &batch).await;
        assert!(text.contains("NM1*DQ*1*SAMPLE*ROBIN****XX*1043500127~"), "{text}");
        assert!(text.contains("REF*G2*E-1~") && !text.contains("L-1"), "{text}");
        // What was claimed with it is not released without it.
        amend_peer(&app, &w, json!({"supervisor": supervisor()})).await;
        let path = format!("/v1/batches/{}/release", id(&batch));
        let refused = app.act(&path, &w.biller).await.problem(409, "release_refused");
        assert!(refused.to_string().contains("its own number"), "{refused}");
        let peer = app.get(&format!("/v1/peers/{}", w.peers[0]), &w.biller).await.expect(200);
        assert_eq!(peer["claim"]["supervisor"]["npi"], "1043500127");
    }

    async fn what_the_member_lacks_is_a_finding_and_then_a_segment(app: TestApp) {
        let knobs = "[claim.content]\nreferring = \"required\"\nmedical_record = \"required\"\n\
                     referral = \"required\"\n[claim.lines]\nordering = \"required\"\n\
                     rendering = \"required\"\nbasis = \"MJ\"";
        let w = with(&app, knobs).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        assert_eq!(rules(&seen(&app, &w, "V-1").await), vec!["claim.member"; 4]);
        let provider = json!({"last_name": "Sample", "first_name": "Alex", "npi": "1043500127"});
        amend_member(&app, &w, 0, |m| m["claim"] = json!({
            "middle_name": "Q", "medical_record": "MR-7", "referral": "REF-9",
            "referring": provider, "ordering": supervisor(),
        })).await;
        app.settle().await;
        assert_eq!(seen(&app, &w, "V-1").await["status"], "ready");
        let text = file(&app, &w, &build(&app, &w).await).await;
        for wanted in ["REF*EA*MR-7~", "REF*9F*REF-9~", "NM1*DN*1*SAMPLE*ALEX****XX*1043500127~",
            "NM1*DK*1*SAMPLE*ROBIN****XX*1043500127~", "*Q***MI*", "*MJ*60*", "NM1*82*"] {
            assert!(text.contains(wanted), "{wanted} in {text}");
        }
        assert_eq!(text.matches("NM1*82*").count(), 2, "claim and line");
    }

    async fn the_place_of_the_service_is_that_of_the_visits_program(app: TestApp) {
        let w = with(&app, "[claim.content]\nfacility = \"always\"\nfacility_not_at = [\"12\"]").await;
        let organization = app.get("/v1/organizations", &w.admin).await.expect(200)["items"][0].clone();
        let path = format!("/v1/organizations/{}", id(&organization));
        amend(&app, &w, &path, |o| {
            let mut second = o["locations"][0].clone();
            second.as_object_mut().unwrap().remove("id");
            second["key"] = json!("annex");
            second["name"] = json!("River Bend Annex");
            second["address"]["line1"] = json!("77 Sample Road");
            o["locations"].as_array_mut().unwrap().push(second);
        }).await;
        app.settle().await;
        let body = |reference: &str, setting: &str, start: &str| {
            let mut visit = world::visit(reference, &w.peers[0], &w.members[0], start);
            visit["setting"] = json!(setting);
            visit
        };
        let post = |body: Value| {
            let (app, key) = (&app, w.submitter.clone());
            async move { app.post("/v1/encounters", &key, &body).await.expect(201) }
        };
        // At home nobody asks; in which office it was is not known.
        assert_eq!(post(body("V-1", "home", "2026-07-01T16:00")).await["disposition"], "ready");
        assert_eq!(rules(&post(body("V-2", "office", "2026-07-02T16:00")).await), ["claim.form"]);
        let program = json!({"key": "annex", "name": "Annex", "kind": "site", "from": "2026-01-01", "location": "annex"});
        let made = app.post("/v1/programs?organization=river-bend", &w.admin, &program).await.expect(201);
        assert_eq!(made["location"], "annex");
        let mut visit = body("V-3", "office", "2026-07-03T16:00");
        visit["program"] = json!("annex");
        assert_eq!(post(visit).await["disposition"], "ready");
        let text = file(&app, &w, &build(&app, &w).await).await;
        assert_eq!(text.matches("NM1*77*2*RIVER BEND ANNEX").count(), 1, "{text}");
        assert!(text.contains("N3*77 SAMPLE ROAD~"), "{text}");
        // When a program says later where it is, what was held for that is decided again.
        let program = json!({"key": "club", "name": "Club", "kind": "site", "from": "2026-01-01"});
        let made = app.post("/v1/programs?organization=river-bend", &w.admin, &program).await.expect(201);
        let mut visit = body("V-4", "office", "2026-07-04T16:00");
        visit["program"] = json!("club");
        assert_eq!(rules(&post(visit).await), ["claim.form"]);
        let path = format!("/v1/programs/{}?organization=river-bend", id(&made));
        amend(&app, &w, &path, |p| p["location"] = json!("annex")).await;
        app.settle().await;
        let visits = world::all(&app, "/v1/encounters?status=ready", &w.biller).await;
        assert!(visits.iter().any(|visit| visit["reference"] == "V-4"), "{visits:?}");
        // By file, too.
        let hall = json!({"key": "hall", "name": "Hall", "kind": "site", "from": "2026-01-01"});
        app.post("/v1/programs?organization=river-bend", &w.admin, &hall).await.expect(201);
        let mut visit = body("V-5", "office", "2026-07-05T16:00");
        visit["program"] = json!("hall");
        assert_eq!(rules(&post(visit).await), ["claim.form"]);
        let csv = "organization,key,name,kind,location,from,to\nriver-bend,hall,Hall,site,main,2026-01-01,\n";
        let output = crate::reference_import::import(&app.database, "programs", csv.as_bytes(), &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        app.settle().await;
        assert_eq!(seen(&app, &w, "V-5").await["status"], "ready");
    }

    async fn what_the_organization_could_not_say_is_decided_again_when_it_can(app: TestApp) {
        let w = with(&app, "[claim.file]\ncharacters = \"basic\"").await;
        let organization = app.get("/v1/organizations", &w.admin).await.expect(200)["items"][0].clone();
        let path = format!("/v1/organizations/{}", id(&organization));
        let sign = |o: &mut Value, to: &str| o["name"] = json!(to);
        let named = organization["name"].as_str().unwrap().to_owned();
        amend(&app, &w, &path, |o| sign(o, "River #Bend")).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        assert_eq!(rules(&seen(&app, &w, "V-1").await), ["claim.form"]);
        amend(&app, &w, &path, |o| sign(o, &named)).await;
        app.settle().await;
        assert_eq!(seen(&app, &w, "V-1").await["status"], "ready");
        // So with a location.
        let line = organization["locations"][0]["address"]["line1"].as_str().unwrap().to_owned();
        amend(&app, &w, &path, |o| o["locations"][0]["address"]["line1"] = json!("12 Main #4")).await;
        record(&app, &w, "V-2", "2026-07-02T16:00").await;
        assert_eq!(rules(&seen(&app, &w, "V-2").await), ["claim.form"]);
        amend(&app, &w, &path, |o| o["locations"][0]["address"]["line1"] = json!(line)).await;
        app.settle().await;
        assert_eq!(seen(&app, &w, "V-2").await["status"], "ready");
        // And by files of both.
        amend(&app, &w, &path, |o| {
            sign(o, "River #Bend");
            o["locations"][0]["address"]["line1"] = json!("12 Main #4");
        }).await;
        record(&app, &w, "V-3", "2026-07-03T16:00").await;
        app.settle().await;
        assert_eq!(rules(&seen(&app, &w, "V-3").await), ["claim.form"]);
        let files = [
            ("organizations", format!(
                "key,name,mode,npi,ein,taxonomy,zone,part2,contact_name,contact_phone\n\
                 river-bend,{named},test,1234567893,911234567,251S00000X,America/Los_Angeles,not_program,\
                 Billing desk,5095550142\n"), "held"),
            ("locations", format!(
                "organization,key,name,line1,city,state,zip\n\
                 river-bend,main,Main office,{line},Spokane,WA,992010001\n"), "ready"),
        ];
        for (kind, csv, status) in files {
            let output = crate::reference_import::import(&app.database, kind, csv.as_bytes(), &[]);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let marks = app.database.number("SELECT COUNT(*) FROM marks WHERE kind = 'encounter'");
            assert_eq!(marks, 1, "{kind}");
            app.settle().await;
            assert_eq!(seen(&app, &w, "V-3").await["status"], status, "{kind}");
        }
    }

    async fn what_cannot_be_written_is_held_and_never_sent(app: TestApp) {
        let w = with(&app, "[claim.file]\ncharacters = \"basic\"\n[claim.parties]\nmember_shape = \"AA9999\"").await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        amend_member(&app, &w, 0, |m| {
            m["coverages"][0]["member_number"] = json!("EV2000");
            m["address"]["line1"] = json!("12 Sample Street #4");
        }).await;
        app.settle().await;
        let told = seen(&app, &w, "V-1").await;
        assert_eq!(rules(&told), ["claim.member"], "{told}");
        assert!(told["findings"][0]["message"].as_str().unwrap().contains("2010BA"), "{told}");
        amend_member(&app, &w, 0, |m| m["address"]["line1"] = json!("12 Sample Street Apt 4")).await;
        app.settle().await;
        assert_eq!(seen(&app, &w, "V-1").await["status"], "ready");
        amend_member(&app, &w, 0, |m| m["coverages"][0]["member_number"] = json!("EVX000")).await;
        app.settle().await;
        assert_eq!(rules(&seen(&app, &w, "V-1").await), ["claim.member"]);
    }

    async fn a_batch_is_a_file_and_the_rest_makes_the_next(app: TestApp) {
        let knobs = "[claim.file]\nclaims_per_file = 2\nsets_per_group = 1\ngroups_per_file = 2\n\
                     name = \"RB_{date}_{control}_{part}.txt\"\n[claim.content]\ndate_order = true";
        let w = with(&app, knobs).await;
        for day in 1..=5 {
            record(&app, &w, &format!("V-{day}"), &format!("2026-07-0{day}T16:00")).await;
        }
        let mut counts = Vec::new();
        for more in [true, true, false] {
            let batch = build(&app, &w).await;
            assert_eq!(batch["more"], more, "{batch}");
            counts.push(batch["claims"].as_i64().unwrap());
            let name = batch["file"]["name"].as_str().unwrap();
            assert!(name.starts_with("RB_2026") && name.ends_with("_1.txt"), "{name}");
            file(&app, &w, &batch).await;
            app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
        }
        assert_eq!(counts, [2, 2, 1]);
        let numbers = app.database.number("SELECT COUNT(DISTINCT group_control) FROM batches");
        assert_eq!(numbers, 3);
    }

    async fn bad_facts_of_claims_are_refused_with_their_place(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let peer = |claim: Value| json!({"npi": "1982746350", "first_name": "A", "last_name": "B", "claim": claim});
        for (claim, pointer) in [
            (json!({"supervisor": {"last_name": "X", "npi": "1043500128"}}), "/claim/supervisor/npi"),
            (json!({"supervisor": {"npi": "1043500127"}}), "/claim/supervisor/last_name"),
            (json!({"numbers": [{"payer": "evergreen", "kind": "EI", "number": "1"}]}), "/claim/numbers/0/kind"),
            (json!({"numbers": [{"kind": "G2", "number": "1"}]}), "/claim/numbers/0/payer"),
        ] {
            let path = "/v1/peers?organization=river-bend";
            let problem = app.post(path, &w.admin, &peer(claim)).await;
            assert_eq!(problem.status, 422, "{}", problem.body);
            assert!(problem.body.contains(pointer), "{pointer}: {}", problem.body);
        }
        let answer = send(app.request(Method::GET, "/v1/peers?organization=river-bend", &w.admin)).await;
        assert!(answer.expect(200)["items"][0]["claim"].is_null());
    }
}

/// Damages the stored file of a batch, byte for byte as long as before.
fn damage(app: &TestApp, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let sql = if matches!(app.database, Database::Postgres { .. }) {
        format!(
            "UPDATE file_chunks SET content = convert_to(replace(convert_from(content, 'UTF8'), '{from}', '{to}'), 'UTF8')"
        )
    } else {
        format!(
            "UPDATE file_chunks SET content = CAST(replace(CAST(content AS TEXT), '{from}', '{to}') AS BLOB)"
        )
    };
    app.database.execute(&sql);
}

on_both! {
    async fn a_damaged_file_is_never_released(app: TestApp) {
        let w = with(&app, "[claim.content]\nreferral = \"if_known\"").await;
        for day in 1..=2 {
            record(&app, &w, &format!("V-{day}"), &format!("2026-07-0{day}T16:00")).await;
        }
        let batch = build(&app, &w).await;
        let text = file(&app, &w, &batch).await;
        let line = |name: &str| {
            text.lines().find(|l| l.starts_with(name)).unwrap_or_default().trim().to_owned()
        };
        let (hl, sv1, dtp, hi) = (line("HL*2"), line("SV1*"), line("DTP*472"), line("HI*"));
        for (from, to) in [
            (hl.clone(), hl.replacen("*1*22", "*2*22", 1)),
            (sv1.clone(), sv1.replacen("*UN*4*", "*UN*5*", 1)),
            (sv1.clone(), sv1.replacen("H0038", "H0039", 1)),
            (dtp.clone(), dtp.replacen("20260701", "20260703", 1)),
            (hi.clone(), hi.replacen("HI*ABK:F", "HI*ABK:G", 1)),
            ("SE*".to_owned(), "SX*".to_owned()),
            ("REF*6R*P".to_owned(), "REF*6R*Q".to_owned()),
            ("CLM*P".to_owned(), "CLM*Q".to_owned()),
        ] {
            assert_ne!(from, to);
            damage(&app, &from, &to);
            let path = format!("/v1/batches/{}/release", id(&batch));
            app.act(&path, &w.biller).await.problem(409, "release_refused");
            damage(&app, &to, &from);
        }
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
    }
}
