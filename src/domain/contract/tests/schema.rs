//! The schema of packs against the reader: the same keys in each table, nothing refused that the
//! reader takes, and the same answer to missing keys and wrong types.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json as value};

use super::validator::errors;
use super::{EVERY_KEY, PACK, PACKS, json};
use crate::domain::contract::{pack_from_json, schema};

/// `PEERCLAIMS_WRITE_DOCS=1 cargo test --lib the_shipped_schema` writes it anew.
#[test]
fn the_shipped_schema_is_the_program_s() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/pack.schema.json");
    if std::env::var_os("PEERCLAIMS_WRITE_DOCS").is_some() {
        std::fs::write(&file, schema::shipped()).unwrap();
    }
    let shipped = std::fs::read_to_string(&file).unwrap();
    assert!(shipped == schema::shipped(), "write it anew with PEERCLAIMS_WRITE_DOCS=1");
}

/// Tables of the schema that have a key without words of its own.
fn without_words(schema: &Value, at: &str, found: &mut Vec<String>) {
    match schema {
        Value::Object(words) => {
            for (key, shape) in
                words.get("properties").and_then(Value::as_object).into_iter().flatten()
            {
                if shape.is_object()
                    && shape.get("description").is_none()
                    && !at.contains("/then")
                    && !at.contains("/if")
                {
                    found.push(format!("{at}/{key}"));
                }
            }
            words
                .iter()
                .for_each(|(word, inner)| without_words(inner, &format!("{at}/{word}"), found));
        }
        Value::Array(items) => items.iter().for_each(|item| without_words(item, at, found)),
        _ => {}
    }
}

#[test]
fn every_key_has_its_meaning() {
    let mut found = Vec::new();
    without_words(&schema::pack(), "", &mut found);
    assert!(found.is_empty(), "add them to contract/schema: {found:?}");
}

#[test]
fn every_pack_at_hand_fits_the_schema() {
    let schema = schema::pack();
    for text in PACKS.iter().chain([&PACK, &EVERY_KEY]) {
        assert_eq!(errors(&schema, &json(text)), Vec::<String>::new());
    }
    assert!(!errors(&schema, &value!({})).is_empty());
    assert!(!errors(&schema, &value!([])).is_empty());
}

/// Pointers of all tables of a document, and of all other values.
pub(super) fn places(document: &Value) -> (Vec<String>, Vec<String>) {
    let (mut tables, mut leaves) = (Vec::new(), Vec::new());
    let mut todo = vec![(String::new(), document)];
    while let Some((at, value)) = todo.pop() {
        match value {
            Value::Object(table) => {
                tables.push(at.clone());
                todo.extend(table.iter().map(|(key, value)| (format!("{at}/{key}"), value)));
            }
            Value::Array(items) => {
                leaves.push(at.clone());
                todo.extend(items.iter().enumerate().map(|(i, v)| (format!("{at}/{i}"), v)));
            }
            _ => leaves.push(at),
        }
    }
    (tables, leaves)
}

/// All keys that any table of the schema has.
fn pool(schema: &Value, keys: &mut BTreeSet<String>) {
    match schema {
        Value::Object(words) => {
            if let Some(properties) = words.get("properties").and_then(Value::as_object) {
                keys.extend(properties.keys().cloned());
            }
            words.values().for_each(|word| pool(word, keys));
        }
        Value::Array(items) => items.iter().for_each(|item| pool(item, keys)),
        _ => {}
    }
}

/// `service[1].modes` as `/service/0/modes`.
fn pointer(path: &str) -> String {
    let mut pointer = String::new();
    for step in path.split('.').filter(|s| !s.is_empty()) {
        let (name, index) = step.split_once('[').map_or((step, None), |(n, i)| (n, Some(i)));
        pointer = format!("{pointer}/{name}");
        for index in index.into_iter().flat_map(|i| i.split('[')) {
            let index: usize = index.trim_end_matches(']').parse().unwrap();
            pointer = format!("{pointer}/{}", index - 1);
        }
    }
    pointer
}

#[test]
fn reader_and_schema_know_the_same_keys_in_every_table() {
    let schema = schema::pack();
    let full = json(EVERY_KEY);
    let mut keys = BTreeSet::from(["zzz".to_owned()]);
    pool(&schema, &mut keys);
    let keys: Vec<String> = keys.into_iter().collect();
    assert!(keys.len() > 150, "{}", keys.len());
    // The keys of `source_of` are those of its table.
    for at in places(&full).0.iter().filter(|at| !at.ends_with("source_of")) {
        for some in keys.chunks(50) {
            let mut bent = full.clone();
            let table = bent.pointer_mut(at).unwrap().as_object_mut().unwrap();
            for key in some {
                table.entry(key.clone()).or_insert(value!(true));
            }
            let faults = pack_from_json(&bent).err().unwrap_or_default();
            let unknown = faults.iter().filter(|f| f.message.starts_with("this key is not known"));
            let read: BTreeSet<String> = unknown
                .map(|f| pointer(&f.path))
                .filter(|p| p.starts_with(&format!("{at}/")))
                .collect();
            let errors = errors(&schema, &bent);
            let told: BTreeSet<String> = errors
                .iter()
                .filter_map(|e| e.strip_suffix(": not known"))
                .filter(|p| p.rsplit_once('/').is_some_and(|(table, _)| table == at))
                .map(str::to_owned)
                .collect();
            assert_eq!(read, told, "in {at}");
        }
    }
}

/// Holds reader and schema against each other on one document; `at` was bent.
fn compare(schema: &Value, bent: &Value, at: &str, how: &str) {
    match pack_from_json(bent) {
        Ok(_) => {
            assert_eq!(errors(schema, bent), Vec::<String>::new(), "the reader takes {at} {how}");
        }
        Err(faults) => {
            let shape = |m: &str| m.contains("; write ") || m.contains("is missing here");
            if let Some(fault) = faults.iter().find(|f| pointer(&f.path) == at && shape(&f.message))
            {
                assert!(!errors(schema, bent).is_empty(), "the schema takes {at} {how}: {fault}");
            }
        }
    }
}

#[test]
fn a_key_taken_away_is_missed_by_both_or_by_neither() {
    let schema = schema::pack();
    let full = json(EVERY_KEY);
    for at in places(&full).0 {
        let table = full.pointer(&at).unwrap().as_object().unwrap();
        for key in table.keys() {
            let mut bent = full.clone();
            bent.pointer_mut(&at).unwrap().as_object_mut().unwrap().shift_remove(key);
            compare(&schema, &bent, &format!("{at}/{key}"), "is gone");
        }
    }
}

#[test]
fn a_value_of_another_kind_is_refused_by_both() {
    let schema = schema::pack();
    let full = json(EVERY_KEY);
    // One item of a list stands for all.
    let later = |at: &str| at.rsplit('/').next().unwrap().parse::<usize>().is_ok_and(|n| n > 0);
    for at in places(&full).1.into_iter().filter(|at| !later(at)) {
        for shard in [value!("x"), value!(0), value!(1.5), value!(true), value!([]), value!({})] {
            let mut bent = full.clone();
            *bent.pointer_mut(&at).unwrap() = shard.clone();
            compare(&schema, &bent, &at, &format!("as {shard}"));
        }
    }
}
