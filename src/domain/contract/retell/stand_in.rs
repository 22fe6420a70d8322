//! What a pack does not know stands in its model as something else, which must not be read as the
//! payer's word: its sentence says that it is not known, and cites nobody.

use super::rules::cap;
use super::{Sentence, list, words};
use crate::domain::contract::{Pack, Unknown};
use crate::domain::windows::Window;

/// A sentence, by the part and what it speaks of, with the key that is not known.
struct Missing {
    part: String,
    about: String,
    key: String,
}

/// Says of each stand-in that it is one.
pub(super) fn told(pack: &Pack, sentences: &mut [Sentence]) {
    let unknown = pack.unknown.iter().filter(|u| u.grade.is_none());
    let missing: Vec<Missing> = unknown.filter_map(|u| place(pack, u)).collect();
    for sentence in sentences {
        let here = |m: &&Missing| m.part == sentence.part && m.about == sentence.about;
        let keys: Vec<&str> = missing.iter().filter(here).map(|m| m.key.as_str()).collect();
        if keys.is_empty() {
            continue;
        }
        let names = list(keys.iter().map(|key| words(key)));
        let stated = pack.limits_without_window().find(|l| l.key.as_str() == sentence.about);
        if let Some(limit) = stated.filter(|_| sentence.part == "Limits") {
            let of = cap(limit, &pack.services);
            sentence.text =
                format!("{}: {of}; not known yet: {names}. Until then visits are held.", limit.key);
            continue;
        }
        if sentence.part == "Conditions" {
            // What is asked is known, and of which time it is asked is not.
            let stand_in = format!(" {}", Window::Lifetime.words());
            let known = sentence.text.replacen(&stand_in, "", 1);
            sentence.text = format!("{known} Not known yet: {names}.");
            continue;
        }
        // A limit or rule may have any name: what it speaks of is not told by it.
        let of_rule = matches!(sentence.part.as_str(), "Limits" | "Authorizations");
        let all = |key: &&str| {
            if of_rule { *key != "exceed" } else { is_all(&sentence.about, key) }
        };
        if keys.iter().any(all) {
            let whose = match sentence.part.as_str() {
                "Limits" | "Authorizations" => format!("{}: not", sentence.about),
                _ => "Not".to_owned(),
            };
            sentence.text = format!("{whose} known yet: {names}.");
            sentence.source = None;
        } else {
            sentence.text = format!("{} Not known yet: {names}.", sentence.text);
        }
    }
}

/// Whether a sentence says nothing without the key. Of the others a part is known.
fn is_all(about: &str, key: &str) -> bool {
    match about {
        "receiver" => key == "receiver_id",
        "code" | "payer" | "group" | "age" => false,
        _ => true,
    }
}

/// Which sentence a value is told in.
fn place(pack: &Pack, unknown: &Unknown) -> Option<Missing> {
    let (table, key) = unknown.path.split_once('.')?;
    let (name, number) = match table.split_once('[') {
        Some((name, rest)) => (name, rest.trim_end_matches(']').parse::<usize>().ok()),
        None => (table, None),
    };
    let nth = number.and_then(|n| n.checked_sub(1));
    let (part, about) = match name {
        "service" => (format!("Service {}", unknown.services.first()?), of_service(key).to_owned()),
        "limit" => ("Limits".to_owned(), pack.limits.get(nth?)?.key.to_string()),
        "authorization" => {
            ("Authorizations".to_owned(), pack.authorizations.get(nth?)?.key.to_string())
        }
        "condition" => ("Conditions".to_owned(), pack.conditions.get(nth?)?.key.to_string()),
        "filing" => ("Filing".to_owned(), key.to_owned()),
        "documentation" => ("Documents".to_owned(), key.to_owned()),
        "claim" => ("Claims".to_owned(), of_claim(key).to_owned()),
        _ => return None,
    };
    let key = key.rsplit('.').next().unwrap_or(key).to_owned();
    Some(Missing { part, about, key })
}

/// What the sentence about a key of a service speaks of.
pub(super) fn of_service(key: &str) -> &str {
    match key {
        "procedure" => "code",
        "unit_minutes" => "unit",
        "min_age" | "max_age" => "age",
        "diagnosis_classes" => "diagnosis",
        "group.max_size" => "group",
        other => other,
    }
}

fn of_claim(key: &str) -> &str {
    match key {
        "receiver_id" | "receiver_name" => "receiver",
        "payer_id" | "payer_name" => "payer",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::pack as retold;
    use crate::domain::contract::pack_from_toml;

    const OHIO: &str = include_str!("../../../../config/templates/ohio.toml");

    #[test]
    fn what_is_not_known_is_nobodys_word() {
        let sentences = retold(&pack_from_toml(OHIO).unwrap());
        let of = |part: &str, about: &str| {
            let found = sentences.iter().find(|s| s.part == part && s.about == about).unwrap();
            (found.text.as_str(), found.source.is_some())
        };
        let service = "Service peer_individual";
        assert_eq!(of(service, "roles"), ("Not known yet: roles.", false));
        assert_eq!(of(service, "settings"), ("Not known yet: settings.", false));
        // The unit is the source's word, and its rounding nobody's.
        assert_eq!(of(service, "unit"), ("A unit is 15 minutes.", true));
        assert_eq!(of(service, "rounding"), ("Not known yet: rounding.", false));
        assert_eq!(of("Filing", "days"), ("Not known yet: days.", false));
        assert_eq!(of("Claims", "rollup"), ("Not known yet: rollup.", false));
        let need = "recovery-management: not known yet: require.";
        assert_eq!(of("Authorizations", "recovery-management"), (need, false));
        // A cap that is known stays, with what is not known of it.
        let month = of("Limits", "recovery-management-month");
        assert!(month.0.contains("8.5 units a month") && month.0.ends_with("known yet: exceed."));
        assert!(month.1);
    }

    #[test]
    fn rk73_units_of_a_time_that_is_not_known_are_told() {
        let oregon = include_str!("../../../../config/templates/oregon.toml");
        let sentences = retold(&pack_from_toml(oregon).unwrap());
        let of = |about: &str| {
            let found = sentences.iter().find(|s| s.part == "Limits" && s.about == about).unwrap();
            (found.text.as_str(), found.source.is_some())
        };
        let text = "outside-managed-care: 96 units of peer_individual; not known yet: window and \
                    exceed. Until then visits are held.";
        assert_eq!(of("outside-managed-care"), (text, true));
        let text = "outreach: not known yet: units, window and exceed.";
        assert_eq!(of("outreach"), (text, false));
    }

    #[test]
    fn a_value_with_a_source_of_its_own_is_told_with_it() {
        let carolina = include_str!("../../../../config/templates/north-carolina.toml");
        let sentences = retold(&pack_from_toml(carolina).unwrap());
        let grade = |about: &str| {
            let of = |s: &&super::Sentence| s.part == "Service peer_individual" && s.about == about;
            sentences.iter().find(of).unwrap().source.as_ref().unwrap().grade.unwrap().as_str()
        };
        assert_eq!((grade("mode video"), grade("diagnosis"), grade("age")), ("C", "B", "B"));
        assert_eq!(grade("activities"), "A");
        // A limit that is called as something else is told as a limit.
        let california = include_str!("../../../../config/templates/california.toml");
        let sentences_of = retold(&pack_from_toml(california).unwrap());
        let group = sentences_of.iter().find(|s| s.part == "Limits" && s.about == "group").unwrap();
        assert_eq!(group.text, "group: not known yet: units, window and exceed.");
        assert!(group.source.is_none());
        let of =
            |s: &&super::Sentence| s.part == "Service peer_individual" && s.about == "rounding";
        let rounding = sentences_of.iter().find(of).unwrap();
        assert_eq!(rounding.source.as_ref().unwrap().grade.unwrap().as_str(), "C");
        // Of the ratio the number is known, and the time is not.
        let ratio = sentences.iter().find(|s| s.about == "one-peer-for-15").unwrap();
        assert!(ratio.text.contains("serves at most 15 members; else"), "{}", ratio.text);
        assert!(ratio.text.ends_with("Not known yet: window."), "{}", ratio.text);
        assert!(sentences.iter().all(|s| !s.text.contains("`modes`")));
    }
}
