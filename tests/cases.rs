//! The cases of `fixtures/cases/`, as a person at a terminal plays them, and how the command fails.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::path::Path;
use std::process::{Command, Output};

fn cases(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_peerclaims"));
    command.arg("cases").args(arguments).current_dir(root).env_remove("PEERCLAIMS_CONFIG");
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn every_case_is_as_it_says() {
    let played = cases(&["fixtures/cases", "--format", "json"]);
    let results: serde_json::Value = serde_json::from_slice(&played.stdout).unwrap();
    let each = results["results"].as_array().unwrap();
    let failed: Vec<_> = each.iter().filter(|r| r["passed"] != true).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(played.status.success());
    assert!(each.len() >= 200, "{} cases", each.len());
}

#[test]
fn a_case_that_is_wrong_says_where_and_ends_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("wrong.toml");
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases/packs/plain.toml");
    let head = format!("title = \"Wrong\"\npack = \"{}\"\n", pack.display());
    let step = "[[step]]\nvisit = \"V1\"\nminutes = 45\nexpect = { ready = 4 }\n";
    std::fs::write(&case, format!("{head}{step}")).unwrap();
    let played = cases(&[case.to_str().unwrap()]);
    assert_eq!(played.status.code(), Some(1));
    let told = text(&played.stdout);
    assert!(told.contains("step 1 (visit V1): V1: ready units: expected 4, found 3"), "{told}");
    assert!(told.contains("ready 3 x H0038 at 11, 60.00 dollars"), "{told}");
    assert!(text(&played.stderr).contains("1 of 1 cases failed"));
    for (wrong, why) in [
        ("[[step]]\nvisit = \"V1\"\nplace = 11\n", "unknown field `place`"),
        ("[[step]]\nvoid = \"V9\"\n", "has recorded no visit `V9`"),
        ("[[step]]\nvisit = \"V1\"\nrefused = \"already_claimed\"\n", "to be refused"),
        ("remove = [\"limit.x\"]\nstep = []\n", "the pack has no `limit.x`"),
        ("step = 1\n", "line 3"),
    ] {
        std::fs::write(&case, format!("{head}{wrong}")).unwrap();
        let played = cases(&[case.to_str().unwrap()]);
        assert_eq!(played.status.code(), Some(1), "{wrong}");
        assert!(text(&played.stdout).contains(why), "{wrong}: {}", text(&played.stdout));
    }
    let none = cases(&["no/such/folder"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(text(&none.stderr).contains("no/such/folder"));
}
