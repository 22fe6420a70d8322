//! Bounds of what layers say and of what agreements change.

use super::PACK;
use super::layers::agreed;
use crate::domain::contract::pack_from_toml;

#[test]
fn rk31_a_layer_may_say_none_and_names_are_read_as_the_rules_own() {
    let condition = |own: &str, layer: &str, may: &str| {
        let text = format!(
            "[[condition]]\nkey = \"one\"\nservices = [\"peer\"]\n{own}\n\
             layer = {{ of = \"state\", {layer}, may = \"{may}\", source = \"manual\" }}\n\
             source = \"manual\"\n\n[filing]"
        );
        pack_from_toml(&PACK.replacen("[filing]", &text, 1))
    };
    let families = "demand = \"diagnosis_family\"\nfamilies = [\"F20.1\"]";
    for written in ["F20.1", "F201", "f20.1"] {
        let read = condition(families, &format!("families = [\"{written}\"]"), "tighten");
        assert!(read.is_ok(), "{written}: {read:?}");
    }
    let order = "demand = \"document\"\none_of = [{ kind = \"order\" }]\ngrace_visits = 3";
    // The state lets no visit go without, and may only be tightened.
    let faults = condition(order, "grace_visits = 0", "tighten").unwrap_err();
    assert_eq!(faults[0].path, "condition[1].grace_visits", "{faults:?}");
    assert!(condition(order, "grace_visits = 0", "loosen").is_ok());
}

#[test]
fn rk31_units_of_an_episode_are_not_looser_than_those_of_all_days() {
    let own = "units = \"8.5\"\nwindow = \"day\"";
    let bend = |rule: &str, outer: &str, may: &str| {
        let layer = format!(
            "{rule}\nlayer = {{ of = \"state\", {outer}, may = \"{may}\", source = \"manual\" }}"
        );
        pack_from_toml(&PACK.replacen(own, &layer, 1))
    };
    let episode = "units = 24\nwindow = \"episode\"\nepisode = \"stay\"";
    let faults = bend(episode, "units = 24, window = \"lifetime\"", "loosen").unwrap_err();
    assert!(faults[0].message.contains("neither looser nor tighter"), "{faults:?}");
    let year = "units = 100\nwindow = \"calendar_year\"";
    let fiscal = "units = 100, window = \"fiscal_year\", first_month = 1";
    assert!(bend(year, fiscal, "tighten").is_ok() && bend(year, fiscal, "loosen").is_ok());
    let rolling = "units = 100, window = \"rolling_months\", length = 12";
    assert!(bend(year, rolling, "loosen").is_ok());
}

#[test]
fn rk31_what_was_agreed_on_stays_within_the_bounds_of_a_pack() {
    let conditions = |demand: &str| {
        let text = format!(
            "[[condition]]\nkey = \"one\"\nservices = [\"peer\"]\n{demand}\n\
             agreement = \"replace\"\nsource = \"manual\"\n\n[filing]"
        );
        pack_from_toml(&PACK.replacen("[filing]", &text, 1)).unwrap()
    };
    for (demand, good, bad) in [
        ("demand = \"units_per_visit\"\nunits = 8", "6", "\"0.5\""),
        ("demand = \"staff_age\"\nyears = 18", "21", "999"),
        ("demand = \"face_to_face_within\"\ndays = 30", "60", "99999"),
    ] {
        let pack = conditions(demand);
        let number = |n: &str| format!("[[adjustment]]\ncondition = \"one\"\nnumber = {n}");
        assert!(agreed(&pack, &number(good)).is_ok(), "{demand}");
        assert_eq!(agreed(&pack, &number(bad)).unwrap_err().0, "adjustment[1].number", "{demand}");
    }
    let copay = "[[copay]]\nkey = \"fee\"\nservices = [\"peer\"]\nper_visit = 3\n\
                 agreement = \"replace\"\nsource = \"manual\"\n\n[filing]";
    let pack = pack_from_toml(&PACK.replacen("[filing]", copay, 1)).unwrap();
    let number = |n: &str| format!("[[adjustment]]\ncopay = \"fee\"\nnumber = {n}");
    assert!(agreed(&pack, &number("999")).is_ok());
    assert!(agreed(&pack, &number("1000")).is_err());
}
