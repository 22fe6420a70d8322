//! No key is left out of the retelling: whatever changes what a pack says changes its sentences, and
//! `contract diff` tells of it.

use std::collections::BTreeSet;

use serde_json::{Value, json as value};

use super::schema::places;
use super::{EVERY_KEY, json};
use crate::domain::contract::{pack_from_json, retell};

/// Other values of the kind, one of which fits nearly every key.
fn shards(value: &Value) -> Vec<Value> {
    let texts = [
        "zz",
        "ZZ",
        "ZZ999",
        "guide",
        "manual",
        "2026-03-03",
        "12",
        "1.25",
        "OH",
        "C",
        "hold",
        "never",
        "month",
        "always",
        "replace",
        "audio",
        "home",
        "floor",
        "plan_goal",
        "plan",
        "MC",
        "$",
        "99999",
        "509-555-0100",
        "AA",
        "G2",
        "unknown",
    ];
    let lists = [
        "zz",
        "ZZ",
        "12",
        "audio",
        "home",
        "peer",
        "group",
        "mental_health",
        "F40",
        "note.unsigned",
    ];
    match value {
        Value::String(_) => texts.map(Value::from).to_vec(),
        Value::Number(_) => [1, 2, 12, 100_001].map(Value::from).to_vec(),
        Value::Bool(_) => [true, false].map(Value::from).to_vec(),
        _ => lists.map(|text| value!([text])).to_vec(),
    }
}

/// A key taken away, and then other values in its place, each made when it is asked for.
fn bent<'a>(full: &'a Value, at: &'a str) -> impl Iterator<Item = Value> + 'a {
    let (parent, key) = at.rsplit_once('/').unwrap();
    let mut all = Vec::new();
    if let Value::Object(_) = full.pointer(parent).unwrap() {
        let mut without = full.clone();
        without.pointer_mut(parent).unwrap().as_object_mut().unwrap().shift_remove(key);
        all.push(without);
    }
    if at == "/filing/next_business_day" {
        // Holidays go with it.
        let mut without = full.clone();
        let filing = without["filing"].as_object_mut().unwrap();
        filing.retain(|key, _| key != "next_business_day" && key != "holidays");
        all.push(without);
    }
    let others = shards(full.pointer(at).unwrap()).into_iter().map(move |shard| {
        let mut with = full.clone();
        *with.pointer_mut(at).unwrap() = shard;
        with
    });
    all.into_iter().chain(others)
}

#[test]
fn what_a_pack_says_otherwise_is_told_otherwise() {
    let full = json(EVERY_KEY);
    let pack = pack_from_json(&full).unwrap();
    let told = retell::pack(&pack);
    let (mut keys, mut changed) = (BTreeSet::new(), BTreeSet::new());
    for at in places(&full).1 {
        let key = at.rsplit_once('/').unwrap().1.to_owned();
        let value = full.pointer(&at).unwrap();
        let of_tables = value.as_array().is_some_and(|items| items.iter().all(Value::is_object));
        if key.parse::<usize>().is_ok() || of_tables {
            continue;
        }
        keys.insert(key.clone());
        // The key without a value, or else one other value that can stand there.
        let others = bent(&full, &at).filter_map(|one| pack_from_json(&one).ok());
        for one in others.filter(|one| *one != pack).take(1) {
            let diff = retell::diff(&told, &retell::pack(&one));
            assert!(!diff.is_empty(), "{at} says another thing and is told as before");
            changed.insert(key.clone());
        }
    }
    // Whether a layer has no such rule is said by `added = true` or not at all, with what it says instead.
    keys.remove("added");
    let still: Vec<&String> = keys.difference(&changed).collect();
    assert!(still.is_empty(), "no other value was tried of {still:?}");
}
