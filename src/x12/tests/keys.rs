//! `x12 show --json`, key by key: the keys that programs were promised, each with its type, and
//! beside them what else there is. A key that goes, or changes its type, breaks somebody's program;
//! a key that comes is told here first, and in `docs/x12-companion.md`.
//!
//! A path is made of keys; `[]` is "each of the list". Types: text, number, flag, money (a text of
//! dollars with two decimals), date, list, thing; `?` when it may be null.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::keys_told::{
    ACKNOWLEDGMENT, ACKNOWLEDGMENT_MORE, CLAIMS, CLAIMS_MORE, FILE, FILE_MORE, Keys, REMITTANCE,
    REMITTANCE_MORE, STATUS, STATUS_MORE,
};
use crate::x12::read::Document;

/// The files in which each key of a kind stands, below `fixtures/x12`, and what is changed in them.
struct Kind {
    files: &'static [&'static str],
    changes: &'static [(&'static str, &'static str)],
    promised: Keys,
    more: Keys,
}

const KINDS: [Kind; 4] = [
    Kind {
        files: &[
            "valid/peer_support_original.837",
            "valid/peer_support_replacement.837",
            "valid/peer_support_void.837",
            "valid/peer_support_telehealth.837",
            "valid/peer_support_secondary_commercial.837",
            "valid/peer_support_batch_two_sets.837",
            "valid/peer_support_batch_other_delimiters.837",
        ],
        changes: &[
            // A line with an authorization and provider of its own, over two days.
            (
                "DTP*472*D8*20260921~\nREF*6R*L1001C~",
                "DTP*472*RD8*20260921-20260922~\nREF*G1*PA8~\nREF*6R*L1001C~\n\
                 NM1*82*1*A*****XX*1987654328~",
            ),
            // A pointer that is none.
            ("*64*UN*4***1:2~", "*64*UN*4***1:X~"),
        ],
        promised: CLAIMS,
        more: CLAIMS_MORE,
    },
    Kind {
        files: &["answers/remittance.835"],
        changes: &[
            ("N1*PR*EVERGREEN COMMUNITY HEALTH PLAN~", "N1*PR*EVERGREEN*XV*PLAN1~"),
            // On which the member owes something; it does not balance, nor does its line.
            ("CLP*PS0001001*1*92*89**", "CLP*PS0001001*1*92*90*2*"),
            ("CAS*CO*45*4~", "CAS*CO*45*5*1~"),
        ],
        promised: REMITTANCE,
        more: REMITTANCE_MORE,
    },
    Kind {
        files: &["acks/one_of_two_sets.999", "acks/bad_codes.999", "acks/accepted.999"],
        changes: &[
            (
                "IK3*NM1*22**8~\nIK4*2*1065*7*9~",
                "IK3*NM1*22*2010*8~\nCTX*SITUATIONAL~\nIK4*2:1:1*1065*7*9~\nCTX*CLM01:1~",
            ),
            ("AK9*R*2*2*1~", "AK9*R*2*2*1*5~"),
        ],
        promised: ACKNOWLEDGMENT,
        more: ACKNOWLEDGMENT_MORE,
    },
    Kind {
        files: &["answers/status.277"],
        changes: &[
            ("STC*A7:562:82*20261010*U*64~", "STC*A7:562:82*20261010*U*64********WHY~\nREF*D9*C1~"),
            ("STC*A1:19:PR*20261010*WQ*248~", "STC*A1:19:PR*20261010*WQ*248********WHY~"),
            ("STC*A1:19:PR**WQ*248~", "STC*A1:19:PR**WQ*248~\nREF*TJ*911234567~"),
        ],
        promised: STATUS,
        more: STATUS_MORE,
    },
];

/// Where the types of a path were seen.
type Seen = BTreeMap<String, BTreeSet<&'static str>>;

fn look(value: &Value, path: &str, seen: &mut Seen) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "flag",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "thing",
    };
    if !path.is_empty() {
        seen.entry(path.to_owned()).or_default().insert(kind);
        if let Value::String(text) = value {
            check_shape(path, text);
        }
    }
    match value {
        Value::Array(list) => {
            for value in list {
                look(value, &format!("{path}[]"), seen);
            }
        }
        Value::Object(keys) => {
            for (key, value) in keys {
                let dot = if path.is_empty() { "" } else { "." };
                look(value, &format!("{path}{dot}{key}"), seen);
            }
        }
        _ => {}
    }
}

/// Money and dates are texts of one shape.
fn check_shape(path: &str, text: &str) {
    let key = path.rsplit('.').next().unwrap();
    let within = |keys: &[&str]| keys.contains(&key);
    if within(&["charge", "paid", "amount", "expected", "stated", "patient_responsibility"]) {
        let (dollars, cents) = text.trim_start_matches('-').split_once('.').unwrap();
        let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        assert!(digits(dollars) && digits(cents) && cents.len() == 2, "{path}: {text}");
    }
    if within(&["date", "date_to", "fiscal_end"]) && !path.contains(".ta1[]") {
        assert!(chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok(), "{path}: {text}");
    }
}

/// Whether what was seen of a path is what its type says.
fn fits(wanted: &str, seen: &BTreeSet<&'static str>) -> bool {
    let (kind, may_be_null) = match wanted.strip_suffix('?') {
        Some(kind) => (kind, true),
        None => (wanted, false),
    };
    let kind = if matches!(kind, "money" | "date" | "quantity") { "text" } else { kind };
    seen.contains(kind) && seen.iter().all(|k| *k == kind || (may_be_null && *k == "null"))
}

fn compare(what: &str, seen: &Seen, keys: [Keys; 2], faults: &mut Vec<String>) {
    let all: BTreeMap<&str, &str> = keys.into_iter().flatten().copied().collect();
    for (path, wanted) in &all {
        match seen.get(*path) {
            Some(found) if fits(wanted, found) => {}
            found => faults.push(format!("{what}: {path} is {found:?}, not {wanted}")),
        }
    }
    for path in seen.keys().filter(|path| !all.contains_key(path.as_str())) {
        faults.push(format!("{what}: {path} is told nowhere"));
    }
}

fn document(file: &str, changes: &[(&str, &str)]) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/x12").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let text = changes.iter().fold(text, |text, (from, to)| text.replacen(from, to, 1));
    serde_json::to_value(Document::read(text.as_bytes())).unwrap()
}

#[test]
fn every_promised_key_is_there_and_no_other_is_unknown() {
    const SET: &str = "interchanges[].groups[].sets[]";
    let (mut outside, mut faults) = (Seen::new(), Vec::new());
    for kind in KINDS {
        let mut seen = Seen::new();
        for file in kind.files {
            look(&document(file, kind.changes), "", &mut seen);
        }
        let mut within = Seen::new();
        for (path, found) in seen {
            // Each thing of a list; its keys are what counts.
            if path.ends_with("[]") && found == ["thing"].into() {
                continue;
            }
            let below = path.strip_prefix(SET).and_then(|rest| rest.strip_prefix('.'));
            let head = ["type", "name", "control", "version", "refused", "position"];
            match below.filter(|key| !head.contains(key)) {
                Some(key) => {
                    within.insert(key.to_owned(), found);
                }
                None => outside.entry(path).or_default().extend(found),
            }
        }
        let keys = [kind.promised, kind.more];
        compare(kind.files[0], &within, keys, &mut faults);
    }
    // What a TA1 says is below.
    outside.retain(|path, _| !path.contains(".ta1[]"));
    compare("file", &outside, [FILE, FILE_MORE], &mut faults);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_ta1_stands_with_its_interchange() {
    let document = document("answers/interchange.ta1", &[]);
    let rejected = serde_json::json!({
        "control": "000000102", "date": "261008", "time": "1545", "status": "R", "note": "018",
        "position": 3,
    });
    assert_eq!(document["interchanges"][0]["ta1"][1], rejected);
    assert_eq!(document["interchanges"][0]["groups"], serde_json::json!([]));
}
