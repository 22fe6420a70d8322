//! `[overrides]`: what a pack may list as overridable, and what it never may.

use super::{Bend, PACK, json, one_fault};
use crate::domain::contract::{Pack, pack_from_json, pack_from_toml};
use crate::domain::rules::{RULES, RuleId};

const LISTED: &str = "[overrides]\noverridable = [\"note.unsigned\", \"setting.not_allowed\"]\nsource = \"manual\"\n\n[claim]";

fn listing() -> String {
    PACK.replacen("[claim]", LISTED, 1)
}

#[test]
fn a_pack_lists_rules_with_their_source() {
    let pack = pack_from_toml(&listing()).unwrap();
    assert_eq!(pack_from_json(&json(&listing())).unwrap(), pack);
    let overrides = pack.overrides.clone().unwrap();
    assert_eq!(overrides.rules, [RuleId::NoteUnsigned, RuleId::SettingNotAllowed]);
    assert_eq!(overrides.source.document, "Provider Manual");
    let text = serde_json::to_string(&pack).unwrap();
    assert_eq!(serde_json::from_str::<Pack>(&text).unwrap(), pack);
}

#[test]
fn a_pack_without_the_table_is_written_as_before() {
    let pack = pack_from_toml(PACK).unwrap();
    assert_eq!(pack.overrides, None);
    assert!(!serde_json::to_string(&pack).unwrap().contains("overrid"));
}

#[test]
fn faults_are_told_on_their_lines() {
    let bends: [Bend<'_>; 8] = [
        ("\"note.unsigned\"", "\"note.sined\"", "overrides.overridable[1]", "no such rule"),
        ("\"note.unsigned\"", "\"filing.late\"", "overrides.overridable[1]", "cannot be set back"),
        ("\"note.unsigned\"", "\"part2.no_consent\"", "overrides.overridable[1]", "the member"),
        ("\"note.unsigned\"", "\"setting.not_allowed\"", "overrides.overridable[2]", "twice"),
        ("\"note.unsigned\"", "7", "overrides.overridable[1]", "in quotes"),
        (
            "overridable = [\"note.unsigned\", \"setting.not_allowed\"]",
            "overridable = []",
            "overrides.overridable",
            "at least one rule",
        ),
        (
            "overridable = [",
            "overridabel = 1\noverridable = [",
            "overrides.overridabel",
            "not known",
        ),
        (
            "source = \"manual\"\n\n[claim]",
            "source = \"manuel\"\n\n[claim]",
            "overrides.source",
            "did you mean `manual`?",
        ),
    ];
    for bend in bends {
        one_fault(&listing(), None, bend, pack_from_toml);
    }
    let bare = PACK.replacen("[claim]", "[overrides]\n\n[claim]", 1);
    let faults = pack_from_toml(&bare).unwrap_err();
    let paths: Vec<&str> = faults.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(paths, ["overrides.overridable", "overrides.source"]);
}

#[test]
fn every_rule_is_either_listable_or_refused_with_its_reason() {
    for rule in RULES {
        let text = listing().replacen("note.unsigned", rule.id.as_str(), 1);
        let text = text.replacen(", \"setting.not_allowed\"", "", 1);
        match pack_from_toml(&text) {
            Ok(pack) => {
                assert!(rule.id.may_be_overridden(), "{}", rule.id);
                assert_eq!(pack.overrides.unwrap().rules, [rule.id]);
            }
            Err(faults) => {
                assert!(!rule.id.may_be_overridden(), "{}", rule.id);
                assert_eq!(faults.len(), 1, "{faults:#?}");
                assert!(faults[0].message.contains("can never be overridden:"), "{faults:#?}");
            }
        }
    }
}
