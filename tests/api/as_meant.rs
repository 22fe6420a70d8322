//! What a file says is what was meant: each organization's own pay-to address and submitter, and
//! nothing else than what was built is released.

use std::fmt::Write as _;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::app::{Database, TestApp, on_both};
use crate::edi;
use crate::world::{self, World, id, visit};

const CONTRACT: &str = include_str!("../../fixtures/contracts/river-bend_evergreen.toml");
const PACK: &str = include_str!("../../config/payers/evergreen.toml");

/// A version of an organization's contract that says this under `[contract.claim]` of its own.
pub async fn own(app: &TestApp, admin: &str, key: &str, sender: &str, knobs: &str) {
    let path = format!("/v1/contracts?organization={key}");
    let newest = id(world::all(app, &path, admin).await.last().unwrap());
    let text = CONTRACT.replace("river-bend", key).replace("RIVERBEND01", sender);
    let since = format!("from = 2026-01-01\nsupersedes = \"{newest}\"\n");
    let text = text.replacen("from = 2026-01-01\n", &since, 1);
    let (head, rates) = text.split_once("# Dollars for a unit").unwrap();
    let text = format!("{head}[contract.claim]\n{knobs}\n# Dollars for a unit{rates}");
    world::toml(app, &path, admin, &text).await.expect(201);
    app.settle().await;
}

/// A batch of one visit, and its file.
async fn one_file(app: &TestApp, w: &World) -> (String, String) {
    let body = visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
    assert_eq!(
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201)["disposition"],
        "ready"
    );
    let wanted = json!({"payer": "evergreen", "through": "2026-08-31"});
    let batch = id(&app.post("/v1/batches", &w.biller, &wanted).await.expect(201));
    let text = edi::fetch(app, &batch, &w.biller).await.body;
    (batch, text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Puts other bytes in the place of a file's, with their hash and size.
pub fn forge(app: &TestApp, batch: &str, was: &str, text: &str) {
    let hash = |text: &str| hex(Sha256::digest(text.as_bytes()).as_slice());
    let content = match &app.database {
        Database::Sqlite { .. } => format!("X'{}'", hex(text.as_bytes())),
        Database::Postgres { .. } => format!("decode('{}', 'hex')", hex(text.as_bytes())),
    };
    let (old, new) = (hash(was), hash(text));
    let found = app.database.number(&format!("SELECT COUNT(*) FROM files WHERE sha256 = '{old}'"));
    assert_eq!(found, 1, "{batch} has another file");
    app.database.execute(&format!(
        "UPDATE file_chunks SET content = {content} WHERE file_id = (SELECT id FROM files WHERE \
         sha256 = '{old}'); UPDATE files SET sha256 = '{new}', size_bytes = {} WHERE sha256 = '{old}'",
        text.len()
    ));
}

on_both! {
    async fn two_organizations_of_one_pack_each_say_their_own(app: TestApp) {
        let first = world::river_bend(&app, 1).await;
        let second = world::second_of_evergreen(&app, &first.admin, "second-org", 1).await;
        own(&app, &first.admin, "river-bend", "RIVERBEND01", "\
            pay_to = { line1 = \"PO Box 11\", city = \"Spokane\", state = \"WA\", zip = \"99210\" }\n\
            submitter = { name = \"Cedar Billing Cooperative\", id = \"CEDAR01\" }\n\
            contact = { name = \"Desk One\", phone = \"509-555-0111\" }\n\
            billing_numbers = [{ kind = \"G2\", number = \"PRV11\" }]").await;
        own(&app, &first.admin, "second-org", "SECONDORG01", "\
            pay_to = { line1 = \"PO Box 22\", city = \"Tacoma\", state = \"WA\", zip = \"98401\" }\n\
            submitter = { name = \"Second Agent\", id = \"AGENT02\" }\n\
            group_sender = \"SECONDGS\"").await;
        let (first_batch, one) = one_file(&app, &first).await;
        let (second_batch, two) = one_file(&app, &second).await;
        let of_first = ["NM1*41*2*CEDAR BILLING COOPERATIVE*****46*CEDAR01~", "N3*PO BOX 11~",
            "PER*IC*DESK ONE*TE*5095550111~", "REF*G2*PRV11~", "GS*HC*RIVERBEND01*"];
        let of_second = ["NM1*41*2*SECOND AGENT*****46*AGENT02~", "N3*PO BOX 22~",
            "N4*TACOMA*WA*98401~", "PER*IC*BILLING DESK*TE*5095550142~", "GS*HC*SECONDGS*"];
        for (own, others, file) in [(of_first, of_second, &one), (of_second, of_first, &two)] {
            assert!(own.iter().all(|segment| file.contains(segment)), "{own:?} in {file}");
            assert!(!others.iter().any(|segment| file.contains(segment)), "{others:?} in {file}");
            assert_eq!(file.matches("NM1*87*2~").count(), 1, "{file}");
        }
        for (w, batch) in [(&first, first_batch), (&second, second_batch)] {
            app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
        }
    }

    async fn a_pack_that_says_where_one_organization_is_paid_is_refused(app: TestApp) {
        let w = world::river_bend(&app, 0).await;
        let knobs = "[claim.parties]\npay_to = { line1 = \"PO Box 11\", city = \"Spokane\", state = \"WA\", zip = \"99210\" }\n";
        let text = format!("{}\n{knobs}", PACK.replace("2026.1", "2026.2"));
        let told = world::toml(&app, "/v1/packs", &w.admin, &text).await.problem(422, "invalid_input");
        assert_eq!(told["faults"].as_array().unwrap().len(), 1, "{told}");
        assert_eq!(told["faults"][0]["line"], text.lines().count(), "{told}");
        assert!(told["faults"][0].to_string().contains("[contract.claim]"), "{told}");
    }

    async fn a_note_of_a_line_names_when_its_visit_was(app: TestApp) {
        let usual = "rollup = \"day\"\nsource = \"companion-guide\"\n";
        let notes = "[claim.lines]\nnotes = [{ text = \"FROM {start_time} TO {end_time}\" }]\n";
        let timed = format!("{}{notes}", usual.replace("day", "none"));
        let w = world::river_bend_with(&app, 1, &[(usual, &timed)]).await;
        let later = visit("V-2", &w.peers[0], &w.members[0], "2026-07-01T18:30");
        app.post("/v1/encounters", &w.submitter, &later).await.expect(201);
        let (batch, text) = one_file(&app, &w).await;
        for note in ["NTE*ADD*FROM 0900 TO 1000~", "NTE*ADD*FROM 1130 TO 1230~"] {
            assert_eq!(text.matches(note).count(), 1, "{note} in {text}");
        }
        // On the organization's clock; and written anew from what is kept, they are the same.
        app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
    }

    async fn a_note_of_a_line_names_how_its_visit_was_given(app: TestApp) {
        let usual = "rollup = \"day\"\nsource = \"companion-guide\"\n";
        let notes = "[claim.lines]\nnotes = [\n\
            { text = \"{mode}, GROUP OF {group_size}\", modifiers = [\"HQ\"] },\n{ text = \"{mode}\" },\n]\n";
        let named = format!("{}{notes}", usual.replace("day", "none"));
        let w = world::river_bend_with(&app, 1, &[(usual, &named)]).await;
        let mut video = visit("V-2", &w.peers[0], &w.members[0], "2026-07-01T18:30");
        video["mode"] = json!("video");
        let mut group = visit("V-3", &w.peers[0], &w.members[0], "2026-07-01T21:00");
        group["activity"] = json!("group_support");
        group["group"] = json!({"session": "K", "size": 7});
        for body in [video, group] {
            let answer = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
            assert_eq!(answer["disposition"], "ready", "{answer}");
        }
        let (batch, text) = one_file(&app, &w).await;
        for note in ["NTE*ADD*IN PERSON~", "NTE*ADD*VIDEO~", "NTE*ADD*IN PERSON, GROUP OF 7~"] {
            assert_eq!(text.matches(note).count(), 1, "{note} in {text}");
        }
        // Written anew from what is kept, they are the same.
        app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
    }

    async fn a_note_about_groups_holds_what_is_no_group(app: TestApp) {
        let usual = "rollup = \"day\"\nsource = \"companion-guide\"\n";
        let notes = "[claim.lines]\nnotes = [{ text = \"GROUP OF {group_size}\" }]\n";
        let named = format!("{}{notes}", usual.replace("day", "none"));
        let w = world::river_bend_with(&app, 1, &[(usual, &named)]).await;
        let body = visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        let held = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        assert_eq!((&held["disposition"], world::rules(&held)), (&json!("held"), vec!["claim.form".to_owned()]));
        assert_eq!(held["findings"][0]["field"], "/service", "{held}");
        let wanted = json!({"payer": "evergreen", "through": "2026-08-31"});
        app.post("/v1/batches", &w.biller, &wanted).await.problem(409, "nothing_ready");
    }

    async fn a_file_whose_bytes_were_changed_is_not_released(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        own(&app, &w.admin, "river-bend", "RIVERBEND01", "\
            pay_to = { line1 = \"PO Box 11\", city = \"Spokane\", state = \"WA\", zip = \"99210\" }\n\
            submitter = { name = \"Cedar Billing Cooperative\", id = \"CEDAR01\" }").await;
        let (batch, text) = one_file(&app, &w).await;
        let release = format!("/v1/batches/{batch}/release");
        let mut stored = text.clone();
        // The NPIs have their check digits: only what was meant says that they are others.
        for (old, new, place) in [
            ("*T*:~", "*P*:~", "ISA15"),
            ("NM1*41*2*CEDAR", "NM1*41*2*CEDAS", "NM103"),
            ("*46*CEDAR01", "*46*CEDAR02", "NM109"),
            ("*XX*1234567893~", "*XX*1043500127~", "2010AA"),
            ("REF*EI*911234567", "REF*EI*911234568", "REF02"),
            ("N3*PO BOX 11", "N3*PO BOX 12", "N301"),
            ("*PI*", "*PI*X", "2010BB"),
            ("*XX*1987654328~", "*XX*1043500127~", "2310B"),
            ("N3*410 W MAIN", "N3*411 W MAIN", "N301"),
            ("DMG*D8*19", "DMG*D8*18", "DMG02"),
            (":B:1*Y*A*", ":B:1*N*A*", "CLM06"),
            ("GS*HC*RIVERBEND01", "GS*HC*RIVERBEND02", "GS02"),
        ] {
            assert!(text.contains(old), "{old} in {text}");
            let bent = text.replacen(old, new, 1);
            forge(&app, &batch, &stored, &bent);
            stored = bent;
            let told = app.act(&release, &w.biller).await.problem(409, "release_refused");
            assert!(told["detail"].as_str().unwrap().contains(place), "{place}: {told}");
        }
        forge(&app, &batch, &stored, &text);
        // An organization whose tax number is another now needs another file.
        let list = app.get("/v1/organizations", &w.admin).await.expect(200);
        let path = format!("/v1/organizations/{}", id(&list["items"][0]));
        crate::changes::amend(&app, &w, &path, |o| o["ein"] = json!("91-7654321")).await;
        app.settle().await;
        let told = app.act(&release, &w.biller).await.problem(409, "release_refused");
        assert!(told["detail"].as_str().unwrap().contains("REF02"), "{told}");
        crate::changes::amend(&app, &w, &path, |o| o["ein"] = json!("91-1234567")).await;
        app.settle().await;
        app.act(&release, &w.biller).await.expect(200);
    }
}
