//! The cases of `fixtures/cases/`, as a person at a terminal plays them, and how the command fails.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};

use peerclaims::domain::rules::{Denial, Effect, KINDS, RULES};

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
        ("[[step]]\nvoid = \"V1\"\nminutez = 3\n", "unknown word `minutez`"),
        ("[[step]]\nremark = \"x\"\nexpect = { ready = 99 }\n", "`expect` is never looked at"),
        (
            "[[step]]\nvisit = \"V1\"\nrefused = \"x\"\nexpect = { ready = 77 }\n",
            "beside `refused` is never looked at",
        ),
        ("[[step]]\nvisit = \"V1\"\nvoid = \"V1\"\n", "this has visit, void"),
        ("[[step]]\nvisit = \"V1\"\npeer = \"ann\"\n", "peer `ann`: peers are called `P1`"),
        ("[[step]]\nvisit = \"V1\"\npeer = \"P01\"\n", "peer `P01`"),
        ("[[step]]\nvisit = \"V1\"\nminutes = 9223372036854775807\n", "is not from 0 to 10080"),
        ("[[step]]\nvisit = \"V1\"\nminutes = -1\n", "is not from 0 to 10080"),
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

/// A link that leads back to its own folder is not followed, however deep it would go.
#[cfg(unix)]
#[test]
fn links_in_a_folder_of_cases_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases/packs/plain.toml");
    let case = format!(
        "title = \"One\"\npack = \"{}\"\n[[step]]\nvisit = \"V1\"\nexpect = {{ ready = 4 }}\n",
        pack.display()
    );
    std::fs::write(folder.path().join("one.toml"), case).unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).unwrap();
    let played = cases(&[folder.path().to_str().unwrap(), "--format", "json"]);
    let results: serde_json::Value = serde_json::from_slice(&played.stdout).unwrap();
    assert_eq!(results["results"].as_array().unwrap().len(), 1, "{results}");
    assert!(played.status.success());
}

#[test]
fn programs_and_build_servers_are_told_the_same_and_the_exit_code_says_it() {
    let folder = tempfile::tempdir().unwrap();
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases/packs/plain.toml");
    let case = |name: &str, title: &str, ready: u32| {
        let text = format!(
            "title = \"{title}\"\npack = \"{}\"\nboundaries = [\"leap_day\"]\n[[step]]\n\
             visit = \"V1\"\nminutes = 45\nexpect = {{ ready = {ready} }}\n",
            pack.display()
        );
        std::fs::write(folder.path().join(name), text).unwrap();
    };
    case("right.toml", "Three", 3);
    let path = folder.path().to_str().unwrap();
    let played = cases(&[path, "--format", "json"]);
    assert_eq!(played.status.code(), Some(0));
    case("wrong.toml", "A <b> & c", 4);
    let played = cases(&[path, "--format", "json"]);
    assert_eq!(played.status.code(), Some(1));
    let told: serde_json::Value = serde_json::from_slice(&played.stdout).unwrap();
    assert_eq!((&told["cases"], &told["failed"]), (&2.into(), &1.into()));
    let [right, wrong] = told["results"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!((&right["passed"], &right["title"]), (&true.into(), &"Three".into()));
    assert_eq!(right["boundaries"][0], "leap_day");
    let first = wrong["differences"][0].as_str().unwrap();
    assert_eq!(first, "step 1 (visit V1): V1: ready units: expected 4, found 3");
    let played = cases(&[path, "--format", "junit"]);
    assert_eq!(played.status.code(), Some(1));
    let junit = text(&played.stdout);
    assert!(
        junit.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite "),
        "{junit}"
    );
    assert!(junit.contains("tests=\"2\" failures=\"1\""), "{junit}");
    assert_eq!((junit.matches("<testcase ").count(), junit.matches("<failure ").count()), (2, 1));
    assert!(junit.contains("name=\"A &lt;b&gt; &amp; c\""), "{junit}");
    assert!(junit.contains(&format!("<failure message=\"{first}\">")), "{junit}");
    assert!(junit.ends_with("</testsuite>\n"), "{junit}");
    let played = cases(&[path, "--only", "right"]);
    assert_eq!(played.status.code(), Some(0));
    assert_eq!(text(&played.stdout), "1 cases, 1 as they say, 0 not\n");
}

/// Files below a folder with an ending.
fn files(folder: &Path, ending: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The numbers of kinds in a name such as `rk19_to_rk24_rk26_the_most_is_billed`.
fn numbers(name: &str) -> Vec<u32> {
    let words: Vec<&str> = name.split('_').collect();
    let number = |w: &str| w.strip_prefix("rk").filter(|n| n.len() == 2)?.parse::<u32>().ok();
    let mut found = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let Some(last) = number(word) else { continue };
        let range = index >= 2 && words[index - 1] == "to";
        let first = if range { number(words[index - 2]).map_or(last, |n| n + 1) } else { last };
        found.extend(first..=last);
    }
    found
}

/// Tests by the kinds in their names, and how many cases name each kind.
fn proofs() -> BTreeMap<String, (Vec<String>, usize)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut proofs: BTreeMap<String, (Vec<String>, usize)> = BTreeMap::new();
    for file in files(&root.join("src"), "rs").into_iter().chain(files(&root.join("tests"), "rs")) {
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            let name = line.trim().trim_start_matches("async ").strip_prefix("fn rk");
            let Some(name) = name.and_then(|n| n.split('(').next()) else { continue };
            for number in numbers(&format!("rk{name}")) {
                let tests = &mut proofs.entry(format!("RK{number:02}")).or_default().0;
                tests.push(format!("rk{name}"));
            }
        }
    }
    for file in files(&root.join("fixtures/cases"), "toml") {
        let text = std::fs::read_to_string(&file).unwrap();
        let rules = text.lines().find(|l| l.starts_with("rules = ")).unwrap_or_default();
        for name in rules.split('"').filter(|r| r.starts_with("RK")) {
            proofs.entry(name.to_owned()).or_default().1 += 1;
        }
    }
    proofs
}

/// `docs/rules.md`.
fn page() -> String {
    let proofs = proofs();
    let ticked = |names: &[&str]| {
        let each: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
        if each.is_empty() { "always".to_owned() } else { each.join(", ") }
    };
    let mut out = String::from(
        "# Rules\n\nMade from the program; do not edit. After a change, write it anew with \
         `PEERCLAIMS_WRITE_DOCS=1 cargo test --test cases page`.\n\n\
         ## Kinds of rules\n\nWhat payers write, where a pack says it ([contracts.md](contracts.md)), \
         which rules speak of it, and what proves it: tests named after the kind, and cases in \
         `fixtures/cases/` ([cases.md](cases.md)).\n\n\
         | kind | what it is | pack key | rules | tests | cases |\n|---|---|---|---|---|---|\n",
    );
    for kind in KINDS.iter().filter(|k| k.waits.is_none()) {
        let rules: Vec<&str> =
            RULES.iter().filter(|r| r.covers.contains(&kind.id)).map(|r| r.id.as_str()).collect();
        let rules = if rules.is_empty() { String::new() } else { ticked(&rules) };
        let (tests, cases) = proofs.get(kind.id).cloned().unwrap_or_default();
        let tests: Vec<&str> = tests.iter().map(String::as_str).collect();
        let tests = if tests.is_empty() { String::new() } else { ticked(&tests) };
        let (id, says, keys) = (kind.id, kind.says, ticked(kind.keys));
        let _ = writeln!(out, "| {id} | {says} | {keys} | {rules} | {tests} | {cases} |");
    }
    out.push_str("\n## What waits\n\n| kind | what it is | why |\n|---|---|---|\n");
    for kind in KINDS {
        if let Some(why) = kind.waits {
            let _ = writeln!(out, "| {} | {} | {why} |", kind.id, kind.says);
        }
    }
    out.push_str(
        "\n## Rules by id\n\nIn the order in which findings are told.\n\n\
         | rule | speaks when | does | who can fix it | covers |\n|---|---|---|---|---|\n",
    );
    for rule in RULES {
        let does = match rule.effect {
            Effect::HoldAll => "holds all",
            Effect::HoldPart => "holds its units",
            Effect::Never => "never billed",
            Effect::Note => "warns",
        };
        let (id, says, who) = (rule.id, rule.says, rule.id.who().as_str());
        let covers = rule.covers.join(", ");
        let _ = writeln!(out, "| `{id}` | {says} | {does} | {who} | {covers} |");
    }
    out.push_str(
        "\n## Help by rule\n\nWhat is to be done, where it is written when the contract's pack cites \
         nothing closer, and what the payer would have answered to a claim: claim adjustment reason \
         code (CARC) and remittance advice remark code (RARC).\n\n\
         | rule | to be done | written in | CARC | RARC |\n|---|---|---|---|---|\n",
    );
    for rule in RULES {
        let help = rule.id.help();
        let (id, fix, source) = (rule.id, help.fix, help.source.authority());
        let written = format!("{}, {}, {}", source.document, source.section, source.date);
        let (carc, rarc) = match help.denial {
            Denial::Reason(carc, rarc) => (carc.to_owned(), rarc.unwrap_or_default()),
            Denial::Never(why) => (format!("none: {why}"), ""),
        };
        let _ = writeln!(out, "| `{id}` | {fix} | {written} | {carc} | {rarc} |");
    }
    out
}

#[test]
fn the_page_of_rules_is_this_program_s() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    let page = page();
    if std::env::var_os("PEERCLAIMS_WRITE_DOCS").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(
        written == page,
        "write docs/rules.md anew: PEERCLAIMS_WRITE_DOCS=1 cargo test --test cases page"
    );
}

#[test]
fn every_kind_that_does_not_wait_is_proved() {
    let proofs = proofs();
    for kind in KINDS.iter().filter(|k| k.waits.is_none()) {
        assert!(proofs.contains_key(kind.id), "no test and no case is named after {}", kind.id);
    }
    assert_eq!(numbers("rk19_to_rk21_rk26_all"), [19, 20, 21, 26]);
}
