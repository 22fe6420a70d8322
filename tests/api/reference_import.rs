//! `peerclaims import`: the whole file or nothing, and nothing twice.

use std::process::Output;

use crate::app::{TestApp, on_both};
use crate::database::Database;
use crate::reference_samples::{npi, world};

/// Runs `peerclaims import KIND FILE …` on the database of the test.
pub fn import(database: &Database, kind: &str, bytes: &[u8], more: &[&str]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, bytes).unwrap();
    std::process::Command::new(env!("CARGO_BIN_EXE_peerclaims"))
        .env("PEERCLAIMS__DATABASE__URL", database.url())
        .args(["import", kind])
        .arg(&file)
        .args(more)
        .output()
        .unwrap()
}

/// What it said on standard output, when it went well.
#[track_caller]
pub fn done(database: &Database, kind: &str, text: &str) -> String {
    let output = import(database, kind, text.as_bytes(), &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What it said on standard error, when it was refused; then nothing is stored.
#[track_caller]
pub fn refused(database: &Database, kind: &str, bytes: &[u8]) -> String {
    let output = import(database, kind, bytes, &[]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(output.stdout.is_empty());
    error
}

const ORGANIZATIONS: &str = "key,name,mode,npi,ein,taxonomy,zone,part2,contact_name,contact_phone\n\
    river-bend,River Bend,test,1234567893,911234567,251S00000X,America/Los_Angeles,not_program,Desk,5095550142\n\
    hill-top,\"Hill Top, Inc.\",test,1234567893,911234567,251S00000X,America/Boise,,Desk,5095550143\n";
const LOCATIONS: &str = "organization,key,name,npi,line1,line2,city,state,zip\n\
    river-bend,main,Main office,,12 Example Street,,Spokane,WA,992010001\n\
    river-bend,branch,Branch,1234567893,14 Example Street,Unit 2,Spokane,WA,992010002\n";
const PAYERS: &str = "key,name,sandbox\nevergreen,Invented Plan,true\n";
const MEMBERS: &str = "organization,reference,first_name,last_name,birth_date,gender,line1,line2,city,state,zip,payer,member_number,coverage_from,coverage_to,coverage_order,product\n\
    river-bend,M-1,Alex,Example,1984-05-17,U,12 Example Street,,Spokane,WA,99201,evergreen,EVG100,2026-01-01,,,\n\
    river-bend,M-2,Sam,Example,1990-01-31,F,,,,,,,,,,,\n\
    hill-top,M-1,Kim,Example,1971-12-01,M,,,,,,evergreen,EVG300,2026-01-01,2026-12-31,1,gold\n";
const COVERAGES: &str = "organization,member_reference,payer,member_number,from,to,order,product\n\
    river-bend,M-2,evergreen,EVG200,2026-01-01,,,\n\
    river-bend,M-1,evergreen,EVG100,2025-01-01,2025-12-31,,\n";
const AUTHORIZATIONS: &str = "organization,member_reference,payer,number,services,units,from,to\n\
    river-bend,M-1,evergreen,A-1,peer_individual; peer_crisis,120,2026-01-01,2026-06-30\n\
    river-bend,M-2,evergreen,A-2,,40,2026-01-01,\n";

const EPISODES: &str = "organization,reference,member_reference,kind,payer,from,to\n\
    river-bend,E-1,M-1,episode,evergreen,2026-01-01,2026-06-30\n\
    river-bend,E-2,M-1,episode,,2026-07-01,\n\
    hill-top,E-1,M-1,package,,2026-01-01,2026-03-31\n";

fn peers() -> String {
    let row = |seed| format!("river-bend,{},Rosa,Example,\n", npi(seed));
    let rows: Vec<String> = (1..=3).map(row).collect();
    format!("organization,npi,first_name,last_name,taxonomy\n{}", rows.concat())
}

fn certificates() -> String {
    let row = |seed| format!("river-bend,{},WA,cpss,C-{seed},2026-01-01,\n", npi(seed));
    let rows: Vec<String> = (1..=3).map(row).collect();
    format!("organization,peer_npi,state,kind,number,from,to\n{}", rows.concat())
}

/// A file of each kind, in an order that works, with how many things it makes.
pub fn files() -> Vec<(&'static str, String, u32)> {
    vec![
        ("organizations", ORGANIZATIONS.to_owned(), 2),
        ("locations", LOCATIONS.to_owned(), 2),
        ("payers", PAYERS.to_owned(), 1),
        ("packs", crate::reference_samples::file("config/payers/evergreen.toml"), 1),
        (
            "contracts",
            crate::reference_samples::file("fixtures/contracts/river-bend_evergreen.toml"),
            1,
        ),
        ("peers", peers(), 3),
        ("certificates", certificates(), 3),
        ("members", MEMBERS.to_owned(), 3),
        ("coverages", COVERAGES.to_owned(), 2),
        ("authorizations", AUTHORIZATIONS.to_owned(), 2),
        ("episodes", EPISODES.to_owned(), 3),
    ]
}

/// Revisions of everything: what an import that changes nothing leaves alone.
fn revisions(database: &Database) -> i64 {
    let tables = ["organizations", "payers", "peers", "members", "authorizations", "episodes"];
    let sum = |t: &str| {
        database
            .number(&format!("SELECT CAST(COALESCE(SUM(revision), 0) AS BIGINT) AS value FROM {t}"))
    };
    tables.iter().map(|t| sum(t)).sum()
}

fn without_revision(mut shown: serde_json::Value) -> serde_json::Value {
    if let Some(fields) = shown.as_object_mut() {
        fields.remove("revision");
    }
    shown
}

on_both! {
    async fn every_kind_comes_in_once(app: TestApp) {
        let database = &app.database;
        for (kind, text, count) in files() {
            let said = done(database, kind, &text);
            assert_eq!(said, format!("{kind}: {count} created, 0 updated, 0 unchanged"));
        }
        let before = revisions(database);
        for (kind, text, count) in files() {
            assert_eq!(done(database, kind, &text), format!("{kind}: {count} unchanged"));
            // A spreadsheet's way of writing the same file.
            if !matches!(kind, "packs" | "contracts") {
                let other = format!("\u{feff}{}", text.replace('\n', "\r\n"));
                assert_eq!(done(database, kind, &other), format!("{kind}: {count} unchanged"));
            }
        }
        assert_eq!(revisions(database), before);

        let changed = MEMBERS.replace("Sam", "Samuel");
        let said = done(database, "members", &changed);
        assert_eq!(said, "members: 0 created, 1 updated, 2 unchanged");
        let shorter = AUTHORIZATIONS.replace(",120,", ",90,");
        assert_eq!(done(database, "authorizations", &shorter), "authorizations: 0 created, 1 updated, 1 unchanged");

        // What came in is what the API shows.
        let key = app.key(peerclaims::flow::access::Role::Biller, "river-bend").await;
        let list = app.get("/v1/members", &key).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 2);
        assert_eq!(list["items"][0]["coverages"].as_array().unwrap().len(), 2);
        assert_eq!(list["items"][1]["first_name"], "Samuel");
        let list = app.get("/v1/authorizations?number=A-1", &key).await.expect(200);
        assert_eq!(list["items"][0]["units"], 90);
        assert_eq!(list["items"][0]["services"], serde_json::json!(["peer_crisis", "peer_individual"]));
        let list = app.get("/v1/peers", &key).await.expect(200);
        assert_eq!(list["items"][2]["certificates"][0]["number"], "C-3");
    }

    async fn a_file_without_a_column_leaves_what_it_would_say(app: TestApp) {
        let database = &app.database;
        for (kind, text, _) in files() {
            done(database, kind, &text);
        }
        let key = app.key(peerclaims::flow::access::Role::Biller, "river-bend").await;
        let one = npi(1);
        done(database, "peers", &format!(
            "organization,npi,first_name,last_name,birth_date,hired_on,supervisor_last_name,\
             supervisor_first_name,supervisor_npi,number_payer,number_kind,number\n\
             river-bend,{one},Rosa,Example,1980-02-29,2026-01-02,Lead,Lou,{},evergreen,G2,77\n",
            npi(9),
        ));
        done(database, "certificates", &format!(
            "organization,peer_npi,state,kind,number,from,to,standing,endorsements\n\
             river-bend,{one},WA,cpss,C-1,2026-01-01,2026-11-30,revoked,recovery\n"
        ));
        let coverage = "organization,member_reference,payer,member_number,from,to,order,product,known_on\n\
                        river-bend,M-2,evergreen,EVG200,2026-01-01,2026-10-31,2,gold,2026-03-01\n";
        done(database, "coverages", coverage);
        let peer = app.get(&format!("/v1/peers?npi={one}"), &key).await.expect(200)["items"][0].clone();
        assert_eq!(peer["certificates"][0]["standing"], "revoked", "{peer}");
        let members = app.get("/v1/members", &key).await.expect(200)["items"].clone();

        // The files of before have none of these columns, and change nothing.
        done(database, "peers", &format!("organization,npi,first_name,last_name\nriver-bend,{one},Rosa,Example\n"));
        done(database, "certificates", &format!(
            "organization,peer_npi,state,kind,from\nriver-bend,{one},WA,cpss,2026-01-01\n"
        ));
        // Neither does a supervisor's column touch the numbers.
        done(database, "peers", &format!(
            "organization,npi,first_name,last_name,supervisor_last_name,supervisor_first_name,supervisor_npi\n\
             river-bend,{one},Rosa,Example,Lead,Lou,{}\n", npi(9)
        ));
        let coverage = "organization,member_reference,payer,member_number,from\n\
                        river-bend,M-2,evergreen,EVG200,2026-01-01\n";
        assert_eq!(done(database, "coverages", coverage), "coverages: 1 unchanged");
        let bare = "organization,reference,first_name,last_name,birth_date,gender\n\
                    river-bend,M-1,Alex,Example,1984-05-17,U\n";
        assert_eq!(done(database, "members", bare), "members: 1 unchanged");
        let grants = "organization,member_reference,payer,number,units,from\n\
                      river-bend,M-1,evergreen,A-1,120,2026-01-01\n";
        assert_eq!(done(database, "authorizations", grants), "authorizations: 1 unchanged");
        let episodes = "organization,reference,member_reference,kind,from\n\
                        river-bend,E-1,M-1,episode,2026-01-01\n";
        assert_eq!(done(database, "episodes", episodes), "episodes: 1 unchanged");
        let after = app.get(&format!("/v1/peers?npi={one}"), &key).await.expect(200)["items"][0].clone();
        assert_eq!(without_revision(after), without_revision(peer));
        assert_eq!(app.get("/v1/members", &key).await.expect(200)["items"], members);

        // An empty cell says that there is nothing; but only a word makes a certificate good again.
        let cell = |standing: &str| format!(
            "organization,peer_npi,state,kind,from,to,standing\nriver-bend,{one},WA,cpss,2026-01-01,,{standing}\n"
        );
        done(database, "certificates", &cell(""));
        let shown = app.get(&format!("/v1/peers?npi={one}"), &key).await.expect(200);
        let certificate = &shown["items"][0]["certificates"][0];
        assert_eq!(certificate["standing"], "revoked");
        assert!(certificate["to"].is_null(), "{certificate}");
        done(database, "certificates", &cell("active"));
        let shown = app.get(&format!("/v1/peers?npi={one}"), &key).await.expect(200);
        assert_eq!(shown["items"][0]["certificates"][0]["standing"], "active");

        // What stays must fit to what is said.
        let late = "organization,member_reference,payer,number,units,from\n\
                    river-bend,M-1,evergreen,A-1,120,2026-08-01\n";
        let told = refused(database, "authorizations", late.as_bytes());
        assert!(told.contains("line 2, from: the last day that is stored lies before this one"), "{told}");
    }

    /// More rows than one question to the database takes, those of one peer far apart.
    async fn a_large_file_of_certificates_names_each_peer_many_times(app: TestApp) {
        world(&app).await;
        let database = &app.database;
        done(database, "peers", &peers());
        let row = |n: u32| format!("river-bend,{},WA,k{n},C-{n},2026-01-01,\n", npi(1 + n % 3));
        let rows: Vec<String> = (0..1_203).map(row).collect();
        let file = format!("organization,peer_npi,state,kind,number,from,to\n{}", rows.concat());
        assert_eq!(done(database, "certificates", &file), "certificates: 1203 created, 0 updated, 0 unchanged");
        assert_eq!(done(database, "certificates", &file), "certificates: 1203 unchanged");
        let key = app.key(peerclaims::flow::access::Role::Biller, "river-bend").await;
        let one = app.get(&format!("/v1/peers?npi={}", npi(1)), &key).await.expect(200);
        assert_eq!(one["items"][0]["certificates"].as_array().unwrap().len(), 401);
    }

    async fn all_faults_are_told_with_line_and_column_and_nothing_is_stored(app: TestApp) {
        world(&app).await;
        let good = npi(1);
        let text = format!(
            "npi,first_name,last_name,organization\n{good},Rosa,Example,river-bend\n\
             1234567890,Rosa,,river-bend\n{good},Again,Example,river-bend\n\
             {},Kim,Example,nobody\n{},Kim,Example,\n", npi(2), npi(3));
        let error = refused(&app.database, "peers", text.as_bytes());
        let at_once = ["line 3, npi:", "line 3, last_name:", "line 4, npi: line 2 names the same one",
            "line 5, organization: there is no organization", "line 6, organization:"];
        for place in at_once {
            assert!(error.contains(place), "{place}\n{error}");
        }
        assert!(!error.contains("1234567890"), "{error}");
        let bad = |line: &&str| line.starts_with("12345") || line.ends_with(',');
        let text = text.lines().filter(|l| !bad(l)).collect::<Vec<_>>().join("\n");
        let error = refused(&app.database, "peers", text.as_bytes());
        for place in ["line 3, npi: line 2 names the same one", "line 4, organization:"] {
            assert!(error.contains(place), "{place}\n{error}");
        }
        assert_eq!(app.database.number("SELECT COUNT(*) AS value FROM peers"), 0);

        let members = "organization,reference,first_name,last_name,birth_date,gender,payer,member_number,coverage_from,coverage_order\n\
            river-bend,M-1,Alex,Example,1984-05-17,U,evergreen,EVG100,2026-01-01,1\n\
            river-bend,M-2,Sam,Example,1984-05-17,U,evergreen,EVG100,2026-01-01,one\n\
            river-bend,M-3,Kim,Example,2190-05-17,U,evergreen,,2026-01-01,1\n";
        let error = refused(&app.database, "members", members.as_bytes());
        for place in ["line 3, coverage_order:", "line 4, member_number:"] {
            assert!(error.contains(place), "{place}\n{error}");
        }
        let members = members.replace(",one", ",1").replace(",,2026", ",EVG9,2026").replace("evergreen,EVG9", "nobody,EVG9");
        let error = refused(&app.database, "members", members.as_bytes());
        for place in ["line 3, member_number:", "line 4, birth_date:", "line 4, payer:"] {
            assert!(error.contains(place), "{place}\n{error}");
        }
        assert!(!error.contains("EVG"), "{error}");
        assert_eq!(app.database.number("SELECT COUNT(*) AS value FROM members"), 0);
    }

    async fn rows_that_are_judged_together_wait_for_those_that_cannot_be_read(app: TestApp) {
        for (kind, text, _) in files() {
            done(&app.database, kind, &text);
        }
        // Two episodes trade days; without the first, the second would share days with it.
        let trade = "organization,reference,member_reference,kind,payer,from,to\n\
            river-bend,E-1,M-1,episode,evergreen,1 October,\n\
            river-bend,E-2,M-1,episode,,2026-01-01,2026-09-30\n";
        let error = refused(&app.database, "episodes", trade.as_bytes());
        assert!(error.contains("line 2, from:") && !error.contains("line 3"), "{error}");
        let trade = trade.replace("1 October", "2026-10-01");
        let said = done(&app.database, "episodes", &trade);
        assert_eq!(said, "episodes: 0 created, 2 updated, 0 unchanged");
    }

    async fn broken_files_are_refused_with_their_lines(app: TestApp) {
        world(&app).await;
        let head = "organization,npi,first_name,last_name\n";
        let row = format!("river-bend,{},Rosa,Example\n", npi(1));
        let mut utf8 = format!("{head}{row}").into_bytes();
        utf8.extend(format!("river-bend,{},", npi(2)).bytes());
        utf8.extend(b"Ros\xE9,Example\n");
        let long = format!("{head}{row}river-bend,{}\n", "9".repeat(10_000_000));
        let cases: [(Vec<u8>, &str); 8] = [
            (utf8, "line 3, first_name: this is not UTF-8"),
            (long.into_bytes(), "line 3: this row is longer than 65536 bytes"),
            (format!("{head}river-bend,{},\"Ro\"sa,Example\n{row}", npi(2)).into(), "line 2: something follows"),
            (format!("{head}{row}river-bend,{},\"Rosa,Example\n{row}", npi(2)).into(), "line 3: a double quote opens"),
            (format!("{head}{row}river-bend,{}\n", npi(2)).into(), "line 3: this row has 2 fields"),
            (b"organization,npi,first_name\n".to_vec(), "line 1, last_name: this column is missing"),
            (b"organization,npi,first_name,last_name,nickname\n".to_vec(),
                "line 1, 5: this column is unknown; known are: organization, npi, first_name, last_name, taxonomy"),
            (Vec::new(), "line 1: the file is empty"),
        ];
        for (bytes, said) in cases {
            let error = refused(&app.database, "peers", &bytes);
            assert!(error.contains(said), "{said}\n{error}");
        }
        assert_eq!(app.database.number("SELECT COUNT(*) AS value FROM peers"), 0);
    }

    async fn an_organization_may_be_named_for_the_whole_file(app: TestApp) {
        world(&app).await;
        let text = format!("npi,first_name,last_name\n{},Rosa,Example\n", npi(1));
        refused(&app.database, "peers", text.as_bytes());
        let owner = ["--organization", "river-bend"];
        let output = import(&app.database, "peers", text.as_bytes(), &owner);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = format!("organization,npi,first_name,last_name\nhill-top,{},Rosa,Example\n", npi(2));
        let output = import(&app.database, "peers", text.as_bytes(), &owner);
        assert!(String::from_utf8_lossy(&output.stderr).contains("line 2, organization:"));
    }

    async fn what_never_changes_does_not_change_by_file_either(app: TestApp) {
        for (kind, text, _) in files() {
            done(&app.database, kind, &text);
        }
        let live = ORGANIZATIONS.replacen(",test,", ",live,", 1);
        assert!(refused(&app.database, "organizations", live.as_bytes()).contains("line 2, mode:"));
        let real = PAYERS.replace("true", "false");
        assert!(refused(&app.database, "payers", real.as_bytes()).contains("line 2, sandbox:"));
        let moved = AUTHORIZATIONS.replace("M-2", "M-1");
        let error = refused(&app.database, "authorizations", moved.as_bytes());
        assert!(error.contains("line 3, member_reference:"), "{error}");
        let wrong = AUTHORIZATIONS.replace("peer_crisis", "peer_crises").replace("M-2", "M-9");
        let error = refused(&app.database, "authorizations", wrong.as_bytes());
        assert!(error.contains("line 2, services:"), "{error}");
        assert!(error.contains("line 3, member_reference:"), "{error}");
        // A coverage that overlaps what is stored, and one of a member that is not there.
        let more = "organization,member_reference,payer,member_number,from,to,order,product\n\
            river-bend,M-1,evergreen,EVG101,2026-05-01,,,\nriver-bend,M-9,evergreen,EVG102,2026-05-01,,,\n";
        let error = refused(&app.database, "coverages", more.as_bytes());
        assert!(error.contains("line 2, from:"), "{error}");
        assert!(error.contains("line 3, member_reference:"), "{error}");
    }
}
