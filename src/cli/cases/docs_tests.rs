//! `docs/cases.md` against the parser: every word that a case may use is explained there.

use super::words::{Amendment, Answering, CaseFile, Expect, LineWords, Room, VisitWords};

/// The words that a table takes, as its own refusal tells them.
fn known<T: serde::de::DeserializeOwned>(start: &str) -> Vec<String> {
    let text = format!("{start}\nno_such_word = 1\n");
    let Err(error) = toml::from_str::<T>(&text) else { panic!("an unknown word was taken") };
    let message = error.message();
    let list = message.split("expected ").nth(1).unwrap_or_else(|| panic!("{message}"));
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_word_of_a_case_is_explained() {
    let docs = include_str!("../../../docs/cases.md");
    let mut words = known::<CaseFile>("title = \"\"\npack = \"\"\nstep = []");
    words.extend(known::<VisitWords>(""));
    words.extend(known::<Expect>(""));
    words.extend(known::<LineWords>(""));
    words.extend(known::<Room>("on = \"\"\nleft = {}"));
    words.extend(known::<Answering>("visit = \"\"\nrule = \"\""));
    words.extend(known::<Amendment>(""));
    words.extend(steps());
    assert!(words.len() > 70, "{words:?}");
    let missing: Vec<_> = words.iter().filter(|w| !docs.contains(&format!("`{w}`"))).collect();
    assert!(missing.is_empty(), "docs/cases.md does not explain {missing:?}");
}

/// The words of a step, which takes those of a visit beside them and so refuses none by itself.
fn steps() -> Vec<String> {
    let source = include_str!("words.rs");
    let of_step = source.split("pub(super) struct Step {").nth(1).unwrap();
    let of_step = of_step.split("\n}").next().unwrap();
    let field =
        |line: &str| Some(line.trim().strip_prefix("pub(super) ")?.split(':').next()?.to_owned());
    of_step.lines().filter_map(field).filter(|name| name != "words").collect()
}
