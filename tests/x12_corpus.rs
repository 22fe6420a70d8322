//! Files that nobody on this project wrote, against what an independent program got out of them.
//!
//! Their folder is named by `PEERCLAIMS_X12_CORPUS`: a `README.md` with a table of what is to be
//! read, refused or found broken, a `facts.json`, and the files. They are not copied here, so
//! without the folder this test checks nothing, and says so.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::path::{Path, PathBuf};

use peerclaims::x12::read::{Document, ReadCode};
use peerclaims::x12::{Problem, ProblemKind, read_back};
use rust_decimal::Decimal;
use serde_json::{Value, json};

fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("PEERCLAIMS_X12_CORPUS").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("PEERCLAIMS_X12_CORPUS is not set: NO FOREIGN X12 FILE WAS READ");
    }
    folder
}

/// Name and verdict of each row of the table.
fn rows(folder: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let row = |line: &str| -> Option<(String, String)> {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let known = matches!(*cells.get(3)?, "read" | "refuse" | "broken");
        known.then(|| (cells[0].to_owned(), cells[3].to_owned()))
    };
    text.lines().filter(|line| line.starts_with('|')).filter_map(row).collect()
}

fn read(folder: &Path, name: &str) -> Document {
    Document::read(&std::fs::read(folder.join(name)).unwrap()[..])
}

#[test]
fn every_file_is_read_or_refused_as_its_readme_says() {
    let Some(folder) = corpus() else { return };
    let rows = rows(&folder);
    assert!(rows.len() > 50, "{}", rows.len());
    let mut faults = Vec::new();
    for (name, verdict) in &rows {
        let document = read(&folder, name);
        let refusal = document.errors.iter().find(|e| e.code == ReadCode::Version);
        let named = refusal.is_some_and(|e| e.message.contains("version 00"));
        let right = match verdict.as_str() {
            "read" => document.anything_read(),
            "refuse" => !document.anything_read() && named,
            _ => !document.anything_read() && document.errors.iter().any(|e| e.position > 0),
        };
        if !right {
            faults.push(format!("{name} is not \"{verdict}\": {:?}", document.errors));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Where the guide checks speak of order, presence and balance, another program's verdict is asked.
#[test]
fn claims_that_another_program_accepts_have_no_fault_of_structure() {
    let Some(folder) = corpus() else { return };
    let text = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let mut looked = 0;
    for line in text.lines().filter(|l| l.contains("| 837P | 005010X222") && l.contains("accepts"))
    {
        let name = line.trim_matches('|').split('|').next().unwrap().trim();
        let summary = read_back(&std::fs::read(folder.join(name)).unwrap()[..]).unwrap();
        let structural = |p: &&Problem| {
            matches!(
                p.kind,
                ProblemKind::Structure
                    | ProblemKind::Missing
                    | ProblemKind::Balance
                    | ProblemKind::HlChild
                    | ProblemKind::Diagnosis
            )
        };
        let found: Vec<_> = summary.problems.iter().filter(structural).collect();
        assert!(found.is_empty(), "{name}: {found:#?}");
        looked += 1;
    }
    assert!(looked > 8, "{looked}");
}

/// A number as a number, so that 1, 1.0 and 1.00 are one.
fn number(value: &Value) -> Option<Decimal> {
    value.as_str().and_then(|text| text.trim().parse().ok()).map(|n: Decimal| n.normalize())
}

/// The other program writes every declared component mark (ISA16) as this one. Some files use
/// another mark than they declare; neither program then takes their composites apart.
const COMPONENT: char = ':';

/// Gathers what differs between the two readings of a file.
struct Compare {
    at: String,
    faults: Vec<String>,
}

impl Compare {
    fn text(&mut self, what: &str, ours: &Value, theirs: &Value) {
        let plain = |v: &Value| v.as_str().unwrap_or_default().trim().to_owned();
        self.same(what, plain(ours), plain(theirs));
    }

    fn number(&mut self, what: &str, ours: &Value, theirs: &Value) {
        self.same(what, number(ours).unwrap_or_default(), number(theirs).unwrap_or_default());
    }

    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, ours: T, theirs: T) {
        if ours != theirs {
            self.faults.push(format!("{} {what}: {ours:?}, they have {theirs:?}", self.at));
        }
    }

    /// The pairs of two lists, after comparing their lengths.
    fn pairs<'a>(
        &mut self,
        what: &str,
        ours: &'a Value,
        theirs: &'a Value,
    ) -> Vec<(&'a Value, &'a Value)> {
        let list = |v: &'a Value| v.as_array().map(Vec::as_slice).unwrap_or_default();
        self.same(&format!("number of {what}"), list(ours).len(), list(theirs).len());
        list(ours).iter().zip(list(theirs)).collect()
    }

    fn claims(&mut self, set: &Value, facts: &Value) {
        self.number("total", &set["totals"]["charge"], &facts["total_charge"]);
        self.same("lines", &set["totals"]["lines"], &facts["service_lines"]);
        for (ours, theirs) in self.pairs("claims", &set["claims"], &facts["claims"]) {
            self.text("id", &ours["id"], &theirs["id"]);
            self.number("charge", &ours["charge"], &theirs["charge"]);
            self.text("frequency", &ours["frequency"], &theirs["frequency"]);
            self.text("billing", &ours["billing"], &theirs["billing"]["npi"]);
            let diagnoses = theirs["diagnoses"].as_array().unwrap().iter();
            let split = |d: &Value| Some(d.as_str()?.split_once(COMPONENT)?.1.to_owned());
            let codes: Vec<String> = diagnoses.filter_map(split).collect();
            self.same("diagnoses", &ours["diagnoses"], &json!(codes));
            for (line, theirs) in self.pairs("lines", &ours["lines"], &theirs["lines"]) {
                self.line(line, theirs);
                let date = line["date"].as_str().unwrap_or_default().replace('-', "");
                let stated = theirs["date"].as_str().unwrap_or_default();
                self.same("date", stated.starts_with(&date), true);
                self.number("units", &line["units"], &theirs["units"]);
            }
        }
    }

    /// What lines of claims and of remittances share.
    fn line(&mut self, line: &Value, theirs: &Value) {
        self.number("line", &line["charge"], theirs.get("charge").unwrap_or(&theirs["charged"]));
        let parts = theirs["procedure"].as_str().unwrap_or_default();
        let theirs: Vec<&str> = parts.split(COMPONENT).skip(1).take(5).collect();
        let modifiers = line["modifiers"].as_array().unwrap();
        let ours: Vec<&str> =
            [&line["procedure"]].into_iter().chain(modifiers).filter_map(Value::as_str).collect();
        let theirs: Vec<&str> = theirs.into_iter().filter(|part| !part.is_empty()).collect();
        self.same("procedure", ours, theirs);
    }

    fn remittance(&mut self, set: &Value, facts: &Value) {
        let payment = &set["payment"];
        self.number("amount", &payment["amount"], &facts["total_paid"]);
        for (ours, theirs) in [
            ("method", "method"),
            ("trace", "check_or_eft_number"),
            ("trace_payer", "trn03_payer_id"),
            ("payer", "payer_name"),
            ("payee", "payee_name"),
            ("payee_id", "payee_id"),
        ] {
            self.text(ours, &payment[ours], &facts[theirs]);
        }
        let date = payment["date"].as_str().unwrap_or_default().replace('-', "");
        let stated = facts["payment_date"].as_str().unwrap_or_default();
        // They repeat what is no day of the calendar; here it is an error and absent.
        let real = chrono::NaiveDate::parse_from_str(stated, "%Y%m%d").is_ok();
        self.same("date", date.as_str(), if real { stated } else { "" });
        let balances = &set["balances"];
        self.number("charged", &balances["charge"], &facts["sum_charged"]);
        self.number("paid", &balances["paid"], &facts["sum_paid"]);
        self.number("plb", &balances["provider_adjustments"], &facts["sum_plb"]);
        for (ours, theirs) in self.pairs("PLB", &set["provider_adjustments"], &facts["plb"]) {
            self.text("reason", &ours["reason"], &theirs["reason"]);
            self.text("reference", &ours["reference"], &theirs["reference"]);
            self.number("amount", &ours["amount"], &theirs["amount"]);
        }
        // They look at claims and lines; the sums of claims and the payment are ours alone.
        let differences = balances["differences"].as_array().unwrap();
        let shared = differences.iter().filter(|d| d["rule"] != "payment").count();
        self.same("differences", shared, facts["out_of_balance"].as_array().unwrap().len());
        for (ours, theirs) in self.pairs("claims", &set["claims"], &facts["claims"]) {
            self.remit_claim(ours, theirs);
        }
    }

    fn remit_claim(&mut self, ours: &Value, theirs: &Value) {
        self.text("id", &ours["id"], &theirs["patient_control_number"]);
        self.text("status", &ours["status"], &theirs["status"]);
        self.number("charge", &ours["charge"], &theirs["charged"]);
        self.number("paid", &ours["paid"], &theirs["paid"]);
        self.number("patient", &ours["patient_responsibility"], &theirs["patient_resp"]);
        self.text("payer's", &ours["payer_control"], &theirs["payer_claim_number"]);
        self.text("member", &ours["member"], &theirs["patient_id"]);
        self.adjustments(ours, theirs);
        for (line, theirs) in self.pairs("lines", &ours["lines"], &theirs["services"]) {
            self.line(line, theirs);
            self.number("paid", &line["paid"], &theirs["paid"]);
            self.adjustments(line, theirs);
            self.same("remarks", &line["remarks"], &theirs["remarks"]);
        }
    }

    fn adjustments(&mut self, ours: &Value, theirs: &Value) {
        let pairs = self.pairs("adjustments", &ours["adjustments"], &theirs["adjustments"]);
        for (ours, theirs) in pairs {
            self.text("group", &ours["group"], &theirs[0]);
            self.text("reason", &ours["reason"], &theirs[1]);
            self.number("adjusted", &ours["amount"], &theirs[2]);
        }
    }

    fn acknowledgment(&mut self, set: &Value, facts: &Value) {
        self.text("group", &set["group"]["control"], &facts["ack_group_control"]);
        self.text("group status", &set["group"]["status"], &facts["group_status"]);
        for (ours, theirs) in self.pairs("sets", &set["sets"], &facts["sets"]) {
            self.text("control", &ours["control"], &theirs["control"]);
            self.text("status", &ours["status"], &theirs["status"]);
            self.same("codes", &ours["codes"], &theirs["codes"]);
            for (ours, theirs) in self.pairs("errors", &ours["errors"], &theirs["errors"]) {
                for key in ["segment", "position", "code"] {
                    self.text(key, &ours[key], &theirs[key]);
                }
                // They gather an element's contexts at the segment.
                let pairs = self.pairs("elements", &ours["elements"], &theirs["elements"]);
                for (ours, theirs) in pairs {
                    self.text("element", &ours["element"], &theirs["element"]);
                    self.text("code", &ours["code"], &theirs["code"]);
                }
            }
        }
    }

    fn eligibility(&mut self, set: &Value, facts: &Value) {
        for key in ["source", "source_id", "receiver", "receiver_id"] {
            self.text(key, &set["parties"][key], &facts[key]);
        }
        for (ours, theirs) in self.pairs("subjects", &set["subjects"], &facts["subjects"]) {
            self.text("member", &ours["member"], &theirs["id"]);
            self.text("coverage", &ours["coverage"], &theirs["coverage"]);
            self.same(
                "inquiries",
                &ours["inquiries"],
                theirs.get("inquiries").unwrap_or(&json!([])),
            );
            for (ours, theirs) in self.pairs("benefits", &ours["benefits"], &theirs["benefits"]) {
                self.text("EB01", &ours["information"], &theirs["eb01"]);
                self.same("EB03", &ours["service_types"], &theirs["service_types"]);
                self.text("plan", &ours["plan"], &theirs["plan"]);
                self.number("amount", &ours["amount"], &theirs["amount"]);
            }
        }
    }
}

#[test]
fn what_is_read_agrees_with_another_program() {
    let Some(folder) = corpus() else { return };
    let text = std::fs::read_to_string(folder.join("facts.json")).unwrap();
    let facts: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    let mut compare = Compare { at: String::new(), faults: Vec::new() };
    for (name, facts) in &facts {
        compare.at = name.clone();
        let document = serde_json::to_value(read(&folder, name)).unwrap();
        let pairs =
            compare.pairs("interchanges", &document["interchanges"], &facts["interchanges"]);
        for (ours, theirs) in pairs {
            for key in ["control", "sender", "receiver", "usage", "version"] {
                compare.text(key, &ours[key], &theirs[key]);
            }
            for (ours, theirs) in compare.pairs("TA1", &ours["ta1"], &theirs["ta1"]) {
                for key in ["control", "status", "note"] {
                    compare.text(key, &ours[key], &theirs[key]);
                }
            }
        }
        let sets = document.pointer("/interchanges/0/groups").and_then(Value::as_array).unwrap();
        let sets = sets.iter().flat_map(|group| group["sets"].as_array().unwrap()).cloned();
        let sets = Value::Array(sets.collect());
        for (set, theirs) in compare.pairs("sets", &sets, &facts["transactions"]) {
            compare.text("set control", &set["control"], &theirs["st02"]);
            compare.text("set name", &set["name"], &theirs["type"]);
            let facts = &theirs["facts"];
            match set["name"].as_str().unwrap() {
                "837P" => compare.claims(set, facts),
                "835" => compare.remittance(set, facts),
                "999" | "997" => compare.acknowledgment(set, facts),
                _ => compare.eligibility(set, facts),
            }
        }
    }
    assert!(compare.faults.is_empty(), "{:#?}", compare.faults);
}

fn show(file: &Path, more: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_peerclaims"));
    command.args(["x12", "show"]).arg(file).args(more).output().unwrap()
}

#[test]
fn a_file_is_shown_in_words_and_as_json() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = root.join("fixtures/x12/valid/peer_support_replacement.837");
    let words = show(&file, &[]);
    assert!(words.status.success());
    let words = String::from_utf8(words.stdout).unwrap();
    for part in ["837P set 0001", "replacement, of ", "H0038-HQ x 4 28.00", "No errors."] {
        assert!(words.contains(part), "{part} is not in\n{words}");
    }
    let output = show(&file, &["--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let set = &json["interchanges"][0]["groups"][0]["sets"][0];
    assert_eq!((&set["type"], &set["name"]), (&json!("837"), &json!("837P")));
    assert_eq!(set["claims"][0]["frequency"], "7");
    assert_eq!(json["errors"], json!([]));
}

#[test]
fn a_file_of_which_nothing_can_be_read_is_a_failure_that_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("letter.txt");
    std::fs::write(&file, "Dear payer, where is our money?").unwrap();
    let output = show(&file, &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["errors"][0]["code"], "not_x12");
    assert!(String::from_utf8(output.stderr).unwrap().contains("must start with an ISA"));
    assert_eq!(show(&folder.path().join("none"), &[]).status.code(), Some(1));
}

#[test]
fn a_file_is_checked_against_the_guide() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let check = |file: &Path| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_peerclaims"));
        command.args(["x12", "check", "--json"]).arg(file).output().unwrap()
    };
    let file = root.join("fixtures/x12/valid/peer_support_replacement.837");
    let sound = check(&file);
    assert!(sound.status.success());
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.837");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&broken, text.replacen("*XX*1234567893", "*XX*1234567890", 1)).unwrap();
    let output = check(&broken);
    assert_eq!(output.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["problem_count"], &json["problems"][0]["kind"]), (&json!(1), &json!("npi")));
}
