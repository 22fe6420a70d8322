//! No key is left out of the retelling: whatever changes what a pack says changes its sentences, and
//! `contract diff` tells of it.

use std::collections::BTreeSet;

use serde_json::{Value, json as value};

use super::schema::places;
use super::{EVERY_KEY, json};
use crate::domain::contract::{pack_from_json, retell};

/// Values of every kind that packs have, one of which fits nearly every key.
fn shards() -> Vec<Value> {
    let texts = [
        "unknown",
        "zz",
        "ZZ",
        "ZZ999",
        "12",
        "2026-03-03",
        "hold",
        "never",
        "month",
        "always",
        "audio",
        "home",
        "replace",
        "floor",
        "C",
        "plan_goal",
        "plan",
        "MC",
        "manual",
        "guide",
        "$",
        "daily.{batch}",
        "2U",
        "G2",
        "EI",
        "1.25",
        "A",
        "F40",
        "note.unsigned",
        "documentation",
    ];
    let mut all: Vec<Value> = texts.into_iter().map(Value::from).collect();
    all.extend([1, 2, 12, 100_001].map(Value::from));
    all.extend([true, false].map(Value::from));
    all.extend(["zz", "ZZ", "12", "audio", "home"].map(|text| value!([text])));
    all
}

#[test]
fn what_a_pack_says_otherwise_is_told_otherwise() {
    let full = json(EVERY_KEY);
    let pack = pack_from_json(&full).unwrap();
    let told = retell::pack(&pack);
    let (tables, leaves) = places(&full);
    let (mut keys, mut changed) = (BTreeSet::new(), BTreeSet::new());
    for at in tables.into_iter().chain(leaves).filter(|at| !at.is_empty()) {
        let (parent, key) = at.rsplit_once('/').unwrap();
        let is_key = key.parse::<usize>().is_err();
        if is_key {
            keys.insert(key.to_owned());
        }
        let mut bent: Vec<Value> = Vec::new();
        if is_key {
            let mut without = full.clone();
            without.pointer_mut(parent).unwrap().as_object_mut().unwrap().shift_remove(key);
            bent.push(without);
        }
        for shard in shards() {
            let mut with = full.clone();
            *with.pointer_mut(&at).unwrap() = shard;
            bent.push(with);
        }
        for bent in bent {
            let Ok(other) = pack_from_json(&bent) else { continue };
            if other == pack {
                continue;
            }
            let changes = retell::diff(&told, &retell::pack(&other));
            assert!(!changes.is_empty(), "{at}: {:?}", bent.pointer(&at));
            changed.insert(key.to_owned());
        }
    }
    let still: Vec<&String> = keys.difference(&changed).collect();
    assert!(still.is_empty(), "no other value was tried of {still:?}");
}
