//! The shipped packs retold, word for word, and what a diff says.

use super::{Change, diff, pack, text};
use crate::domain::contract::pack_from_toml;

const SHIPPED: [(&str, &str, &str); 3] = [
    (
        "evergreen",
        include_str!("../../../../config/payers/evergreen.toml"),
        include_str!("../../../../fixtures/golden/retold/evergreen.txt"),
    ),
    (
        "harbor-light",
        include_str!("../../../../config/payers/harbor-light.toml"),
        include_str!("../../../../fixtures/golden/retold/harbor-light.txt"),
    ),
    (
        "lone-mesa",
        include_str!("../../../../config/payers/lone-mesa.toml"),
        include_str!("../../../../fixtures/golden/retold/lone-mesa.txt"),
    ),
];

#[test]
fn shipped_packs_are_retold_word_for_word() {
    for (name, source, golden) in SHIPPED {
        let retold = text(&pack(&pack_from_toml(source).unwrap()));
        // `peerclaims contract check config/payers/NAME.toml` writes it.
        assert_eq!(retold, golden, "{name}");
    }
}

#[test]
fn no_two_sentences_speak_of_the_same_thing() {
    for (name, source, _) in SHIPPED {
        let sentences = pack(&pack_from_toml(source).unwrap());
        for (index, one) in sentences.iter().enumerate() {
            let twin = sentences[index + 1..]
                .iter()
                .find(|s| (&s.part, &s.about) == (&one.part, &one.about));
            assert!(twin.is_none(), "{name}: {twin:?}");
        }
    }
}

#[test]
fn a_diff_tells_what_is_added_gone_and_changed() {
    let old = include_str!("../../../../config/payers/evergreen.toml");
    let before = pack(&pack_from_toml(old).unwrap());
    assert!(diff(&before, &before).is_empty());
    let new = old
        .replace("units = 16\nwindow = \"day\"", "units = 20\nwindow = \"day\"")
        .replace("[overrides]\noverridable = [\"note.unsigned\", \"setting.not_allowed\"]\nsource = \"manual-exceptions\"", "")
        .replace("[[source]]\nkey = \"manual-exceptions\"\ndocument = \"Evergreen Provider Manual\"\nsection = \"9.5 Exceptions that a provider may document\"\ndate = 2025-11-15", "")
        .replace("min_size = 2, max_size = 16, members_per_peer = 12", "max_size = 16");
    let after = pack(&pack_from_toml(&new).unwrap());
    let changes = diff(&before, &after);
    let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(changes.len(), 4, "{told:#?}");
    assert!(told[0].starts_with("Limits\n  - daily: at most 16 units a day"), "{}", told[0]);
    assert!(told[0].contains("\n  + daily: at most 20 units a day"), "{}", told[0]);
    assert!(told[1].contains("- A biller may answer, with a reason, for note.unsigned and"));
    assert!(told[1].contains("+ Nobody may answer for a rule"));
    assert!(matches!(&changes[2], Change::Gone(s) if s.text.contains("may lead 12 people")));
    assert!(matches!(&changes[3], Change::Gone(s) if s.part == "Sources"));
    let back = diff(&after, &before);
    assert!(matches!(&back[0], Change::Added(s) if s.text.contains("may lead 12 people")));
}
