//! Whole documents: a dozen faults in one look, both forms alike, limits of size.

use serde_json::json as value;

use super::{PACK, PACKS, json};
use crate::domain::contract::{
    Fault, MAX_FAULTS, MAX_INPUT_BYTES, MAX_NODES, Place, pack_from_json, pack_from_toml,
};

fn bent() -> String {
    PACK.replacen("key = \"plain\"", "key = \"Plain\"", 1)
        .replacen("version = \"2026.1\"", "version = 2026.1", 1)
        .replacen("state = \"WA\"", "stat = \"WA\"", 1)
        .replacen("\"individual_support\"", "\"documentation\"", 1)
        .replacen("unit_minutes = 15", "unit_minutes = 500", 1)
        .replacen("rounding = \"floor\"", "rounding = \"ceiling\"", 1)
        .replacen("min_age = 18", "min_age = 70", 1)
        .replacen("units = \"8.5\"", "units = 8.5", 1)
        .replacen("window = \"day\"", "window = \"hour\"", 1)
        .replacen("services = [\"skills\"]", "services = [\"skill\"]", 1)
        .replacen("days = 95", "days = 0", 1)
        .replacen("claim_filing_code = \"MC\"", "claim_filing_code = \"XX\"", 1)
        .replacen("segment = \"~\"", "segment = \"*\"", 1)
}

const BENT: [&str; 14] = [
    "pack.state",
    "pack.key",
    "pack.version",
    "pack.stat",
    "service[1].activities[1]",
    "service[1].unit_minutes",
    "service[1].rounding",
    "service[1].max_age",
    "limit[1].units",
    "limit[1].window",
    "authorization[2].services[1]",
    "filing.days",
    "claim.claim_filing_code",
    "claim.delimiters.segment",
];

fn paths(faults: &[Fault]) -> Vec<&str> {
    faults.iter().map(|f| f.path.as_str()).collect()
}

#[test]
fn a_dozen_faults_are_told_in_one_go_in_the_order_of_the_text() {
    let faults = pack_from_toml(&bent()).unwrap_err();
    assert_eq!(paths(&faults), BENT);
    let lines: Vec<u32> = faults
        .iter()
        .map(|f| match f.place {
            Place::Line(line) => line,
            Place::Pointer(_) => panic!("a line is wanted"),
        })
        .collect();
    assert!(lines.is_sorted(), "{lines:?}");
}

#[test]
fn json_tells_the_same_faults_with_pointers() {
    let faults = pack_from_json(&json(&bent())).unwrap_err();
    let (mut found, mut wanted) = (paths(&faults), BENT.to_vec());
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    let of = |path: &str| faults.iter().find(|f| f.path == path).unwrap().place.clone();
    assert_eq!(of("service[1].rounding"), Place::Pointer("/service/0/rounding".into()));
    assert_eq!(of("limit[1].units"), Place::Pointer("/limit/0/units".into()));
    assert_eq!(of("pack.state"), Place::Pointer("/pack".into()));
}

#[test]
fn json_equals_toml() {
    for text in PACKS.iter().chain([&PACK]) {
        assert_eq!(pack_from_json(&json(text)).unwrap(), pack_from_toml(text).unwrap());
    }
}

#[test]
fn null_counts_as_absent_and_pointers_are_escaped() {
    let mut document = json(PACK);
    document["service"][0]["min_age"] = value!(null);
    assert_eq!(pack_from_json(&document).unwrap().services[0].min_age, None);
    document["pack"]["key"] = value!(null);
    document["claim"]["a/b~c"] = value!(1);
    let faults = pack_from_json(&document).unwrap_err();
    let places: Vec<String> = faults.iter().map(|f| f.place.to_string()).collect();
    let mut sorted = places.clone();
    sorted.sort();
    assert_eq!(sorted, ["/claim/a~1b~0c", "/pack"]);
}

#[test]
fn what_is_not_toml_is_one_fault_with_line_and_column() {
    let faults = pack_from_toml("[pack]\nkey = \"é\" oops\n").unwrap_err();
    assert_eq!((faults.len(), &faults[0].place), (1, &Place::Line(2)));
    assert!(faults[0].message.contains("column 11"), "{faults:#?}");
    let faults = pack_from_toml("a = 1\r\ndate = 2026-02-30").unwrap_err();
    assert_eq!((faults.len(), &faults[0].place), (1, &Place::Line(2)));
    let faults = pack_from_toml("[pack]\nkey = \"a\"\nkey = \"b\"\n").unwrap_err();
    assert_eq!((faults.len(), &faults[0].place), (1, &Place::Line(3)));
    assert!(faults[0].message.contains("duplicate key"), "{faults:#?}");
}

#[test]
fn an_empty_document_names_every_table_that_is_missing() {
    for faults in [pack_from_toml("").unwrap_err(), pack_from_json(&value!({})).unwrap_err()] {
        let wanted = ["service", "source", "pack", "filing", "documentation", "claim"];
        assert_eq!(paths(&faults), wanted);
    }
    let faults = pack_from_json(&value!([1, 2])).unwrap_err();
    assert_eq!(faults[0].to_string(), "the document: this is a list; write a table");
}

#[test]
fn single_brackets_are_explained() {
    let faults = pack_from_toml("[service]\nkey = \"a\"\n").unwrap_err();
    let told = faults.iter().find(|f| f.path == "service").unwrap();
    assert!(told.message.contains("[[service]]"), "{told:?}");
}

#[test]
fn sizes_are_bounded() {
    let long = format!("# {}\n", "x".repeat(MAX_INPUT_BYTES));
    let many = format!("a = [{}]", "1,".repeat(MAX_NODES));
    let key = format!("{} = 1", "k".repeat(100));
    let deep = format!("a = {}1{}", "[".repeat(12), "]".repeat(12));
    let deepest = format!("a = {}", "[".repeat(100_000));
    let dotted = format!("{}a = 1", "a.".repeat(100_000));
    for (text, part) in [
        (&long, "256 KiB"),
        (&many, "20000 values"),
        (&key, "at most 64 bytes"),
        (&deep, "deeper than 8"),
        (&deepest, "not TOML"),
        (&dotted, ""),
    ] {
        let faults = pack_from_toml(text).unwrap_err();
        assert_eq!(faults.len(), 1, "{part}: {}", faults.len());
        assert!(faults[0].message.contains(part), "{faults:?}");
    }
    let text = value!({ "pack": "x".repeat(MAX_INPUT_BYTES + 1) });
    assert!(pack_from_json(&text).unwrap_err()[0].message.contains("256 KiB"));
    let list = value!({ "pack": vec![1; MAX_NODES] });
    assert!(pack_from_json(&list).unwrap_err()[0].message.contains("20000 values"));
}

#[test]
fn lists_are_bounded_and_so_are_faults() {
    let services = format!("services = [{}]", "\"peer\",".repeat(65));
    let faults = pack_from_toml(&PACK.replacen("services = [\"peer\", \"skills\"]", &services, 1));
    assert!(faults.unwrap_err()[0].message.contains("65 items; at most 64"));
    let unknown: Vec<String> = (0..500).map(|n| format!("z{n} = 1")).collect();
    let faults = pack_from_toml(&unknown.join("\n")).unwrap_err();
    assert_eq!(faults.len(), MAX_FAULTS + 1);
    assert!(faults[MAX_FAULTS].message.contains("306 faults more"), "{}", faults[MAX_FAULTS]);
}
