//! No input panics, and whatever is refused is refused with a reason.

use proptest::prelude::*;

use super::{AGREEMENT, CONTRACTS, PACK, PACKS, json};
use crate::domain::contract::{
    Fault, MAX_FAULTS, agreement_from_json, agreement_from_toml, pack_from_json, pack_from_toml,
};

/// Reads `text` in every way; a refusal has reasons, and not without bound.
fn read(text: &str) -> Result<(), TestCaseError> {
    sound(pack_from_toml(text))?;
    sound(agreement_from_toml(text))?;
    if let Ok(document) = serde_json::from_str(text) {
        sound(pack_from_json(&document))?;
        sound(agreement_from_json(&document))?;
    }
    Ok(())
}

fn sound<T>(result: Result<T, Vec<Fault>>) -> Result<(), TestCaseError> {
    if let Err(faults) = result {
        prop_assert!(!faults.is_empty() && faults.len() <= MAX_FAULTS + 1);
        for fault in faults {
            prop_assert!(!fault.message.is_empty());
            prop_assert!(!fault.message.contains("could not be read"), "a fault went missing");
        }
    }
    Ok(())
}

fn sample() -> impl Strategy<Value = &'static str> {
    let all: Vec<&str> = PACKS.into_iter().chain(CONTRACTS).chain([PACK, AGREEMENT]).collect();
    prop::sample::select(all)
}

/// Things that stand where values stand.
const SHARDS: &[&str] = &[
    "\"\"",
    "\"x\"",
    "0",
    "-1",
    "1.5",
    "true",
    "[]",
    "{}",
    "[[]]",
    "2026-01-01",
    "07:32:00",
    "99999999999999999999",
    "inf",
    "\"\\u0000\"",
    "'''",
    "\n[pack]\n",
    "\n[[service]]\n",
    "=",
    "]",
    "[{}]",
    "\u{feff}",
    "\r\n",
    "nan",
    "0x1F",
    "\"é\"",
    "{ mode = \"video\" }",
];

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        read(&text)?;
    }

    #[test]
    fn any_toml_like_text_is_read_or_refused(
        text in "([a-z\\[\\]{}=\"'.,#0-9: \n-]|service|rate|pack){0,80}"
    ) {
        read(&text)?;
    }

    #[test]
    fn mutated_documents_are_read_or_refused(
        base in sample(),
        cuts in prop::collection::vec((0usize..1000, 0usize..40, prop::sample::select(SHARDS)), 1..4),
    ) {
        let mut chars: Vec<char> = base.chars().collect();
        for (at, length, shard) in cuts {
            let start = chars.len() * at / 1000;
            let end = (start + length).min(chars.len());
            chars.splice(start..end, shard.chars());
        }
        read(&chars.into_iter().collect::<String>())?;
    }

    #[test]
    fn values_of_any_kind_in_any_place_are_read_or_refused(
        base in sample(),
        line in 0usize..300,
        shard in prop::sample::select(SHARDS),
    ) {
        let bent: Vec<String> = base
            .lines()
            .enumerate()
            .map(|(at, text)| match text.split_once(" = ") {
                Some((key, _)) if at == line => format!("{key} = {shard}"),
                _ => text.to_owned(),
            })
            .collect();
        read(&bent.join("\n"))?;
    }

    #[test]
    fn json_with_any_field_dropped_or_bent_is_read_or_refused(
        base in sample(),
        table in 0usize..10,
        field in 0usize..20,
        with in prop::sample::select(vec!["null", "[]", "{}", "\"\"", "1", "1.5", "[null]"]),
    ) {
        let mut document = json(base);
        let shard: serde_json::Value = serde_json::from_str(with).unwrap();
        let tables = document.as_object_mut().unwrap();
        let count = tables.len();
        let mut target = tables.values_mut().nth(table % count).unwrap();
        if target.is_array() {
            target = &mut target[0];
        }
        let fields = target.as_object_mut().unwrap();
        let count = fields.len();
        *fields.values_mut().nth(field % count).unwrap() = shard;
        sound(pack_from_json(&document))?;
        sound(agreement_from_json(&document))?;
    }
}
