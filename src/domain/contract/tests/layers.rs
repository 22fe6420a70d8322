//! Layers of all kinds of rules (RK31): what may be looser or tighter, what is added, what is dropped.

use super::{AGREEMENT, PACK, one_fault};
use crate::domain::contract::{Layer, Pack, bind, pack_from_toml, retell, terms_from_toml};

/// The base with a layer on the rule that has this line, which the line stays beside.
fn with(line: &str, says: &str, may: &str) -> String {
    let layer =
        format!("layer = {{ of = \"state\", {says}, may = \"{may}\", source = \"manual\" }}");
    let rules = "[[condition]]\nkey = \"load\"\nservices = [\"peer\"]\ndemand = \"caseload\"\nmembers = 15\n\
                 window = \"month\"\nsource = \"manual\"\n\n\
                 [[condition]]\nkey = \"grown\"\nservices = [\"peer\"]\ndemand = \"staff_age\"\nyears = 21\n\
                 source = \"manual\"\n\n\
                 [[condition]]\nkey = \"not-act\"\nservices = [\"peer\"]\ndemand = \"not_enrolled\"\n\
                 episodes = [\"act\"]\nsource = \"manual\"\n\n\
                 [[condition]]\nkey = \"papers\"\nservices = [\"peer\"]\ndemand = \"document\"\n\
                 one_of = [{ kind = \"order\" }]\ngrace_visits = 3\nsource = \"manual\"\n\n\
                 [[copay]]\nkey = \"fee\"\nservices = [\"peer\"]\nper_visit = 3\nsource = \"manual\"\n\n[filing]";
    let base = PACK
        .replacen("[filing]", rules, 1)
        .replacen("unit_minutes = 30", "unit_minutes = 30\ngroup = { min_size = 3, max_size = 12, members_per_peer = 8, source = \"manual\" }", 1);
    assert!(base.contains(line), "{line}");
    base.replacen(line, &format!("{line}\n{layer}"), 1)
}

/// The rule, what the layer says, whether the rule may loosen it, whether it may tighten it, and where
/// the fault stands.
const VALUES: &[(&str, &str, bool, bool, &str)] = &[
    ("min_age = 18", "min_age = 21", true, false, "service[1].min_age"),
    ("min_age = 18", "min_age = 16", false, true, "service[1].min_age"),
    ("max_age = 64", "max_age = 64", true, true, ""),
    ("max_age = 64", "max_age = 60", true, false, "service[1].max_age"),
    ("min_age = 18", "certificates = [\"cpc\", \"other\"]", false, true, "service[1].certificates"),
    ("min_age = 18", "modes = [\"in_person\"]", true, false, "service[1].modes"),
    (
        "min_age = 18",
        "settings = [\"office\", \"street\", \"home\"]",
        false,
        true,
        "service[1].settings",
    ),
    (
        "min_age = 18",
        "diagnosis_classes = [\"substance_use\"]",
        false,
        false,
        "service[1].diagnosis_classes",
    ),
    // No role is asked for: any is the loosest.
    ("unit_minutes = 15", "roles = [\"peer_support\"]", true, false, "service[1]"),
    ("unit_minutes = 30", "max_size = 10", true, false, "service[2].group.max_size"),
    ("unit_minutes = 30", "members_per_peer = 9", false, true, "service[2].group.members_per_peer"),
    ("unit_minutes = 30", "min_size = 2", false, true, "service[2].group.min_size"),
    ("units = \"8.5\"", "units = 8", true, false, "limit[1].units"),
    ("units = \"8.5\"", "units = 10", false, true, "limit[1].units"),
    ("free_units = 24", "units = 20", true, false, "authorization[1].free_units"),
    ("free_units = 24", "require = \"always\"", true, false, "authorization[1].require"),
    ("require = \"always\"", "units = 10", false, true, "authorization[2].require"),
    ("require = \"always\"", "require = \"never\"", false, true, "authorization[2].require"),
    ("members = 15", "members = 12", true, false, "condition[1].members"),
    ("years = 21", "years = 18", false, true, "condition[2].years"),
    (
        "episodes = [\"act\"]",
        "episodes = [\"act\", \"inpatient\"]",
        true,
        false,
        "condition[3].episodes",
    ),
    ("grace_visits = 3", "grace_visits = 2", true, false, "condition[4].grace_visits"),
    ("members = 15", "answer = \"warn\"", false, true, "condition[1]"),
    ("per_visit = 3", "per_visit = 4", true, false, "copay[1].per_visit"),
    ("days = 95", "days = 90", true, false, "filing.days"),
    ("days = 95", "days = 120", false, true, "filing.days"),
];

#[test]
fn rk31_each_kind_of_rule_is_held_against_the_layer_in_its_direction() {
    for (line, says, looser, tighter, path) in VALUES.iter().copied() {
        for (may, fits) in [("loosen", looser), ("tighten", tighter), ("replace", true)] {
            let text = with(line, says, may);
            match pack_from_toml(&text) {
                Ok(_) => assert!(fits, "{line} inside {says}, which may {may}"),
                Err(faults) => {
                    assert!(!fits, "{line} inside {says}, which may {may}: {faults:#?}");
                    assert_eq!(faults.len(), 1, "{faults:#?}");
                    // A value that the rule does not write is refused at its table.
                    assert_eq!(faults[0].path, path, "{says} {may}: {faults:#?}");
                    assert!(faults[0].message.contains("of the layer around it"), "{faults:#?}");
                }
            }
        }
    }
    let papers = PACK.replacen("[documentation]\n", "[documentation]\nlayer = { of = \"state\", signed_note = false, may = \"loosen\", source = \"manual\" }\n", 1);
    let faults = pack_from_toml(&papers).unwrap_err();
    assert_eq!(faults[0].path, "documentation");
    assert!(pack_from_toml(&papers.replacen("= \"loosen\"", "= \"tighten\"", 1)).is_ok());
}

#[test]
fn rk31_units_in_other_days_are_compared_where_they_can_be() {
    let own = "units = \"8.5\"\nwindow = \"day\"";
    let bend = |rule: &str, outer: &str, may: &str| {
        let layer = format!(
            "{rule}\nlayer = {{ of = \"state\", {outer}, may = \"{may}\", source = \"manual\" }}"
        );
        pack_from_toml(&PACK.replacen(own, &layer, 1)).map_err(|faults| faults[0].message.clone())
    };
    let month = "units = 40\nwindow = \"month\"";
    // So many a day are never more than so many times the days of a week.
    assert!(
        bend("units = 4\nwindow = \"day\"", "units = 28, window = \"week\"", "tighten").is_ok()
    );
    let more = bend("units = 5\nwindow = \"day\"", "units = 28, window = \"week\"", "tighten");
    assert!(more.unwrap_err().contains("neither looser nor tighter"));
    assert!(bend(month, "units = 40, window = \"calendar_year\"", "loosen").is_ok());
    assert!(bend(month, "units = 40, window = \"calendar_year\"", "tighten").is_err());
    assert!(bend(month, "units = 16, window = \"day\"", "replace").is_ok());
    assert!(bend(month, "units = 40, window = \"day\"", "tighten").is_ok());
    // 1,240 a month hold whatever 40 a day let pass.
    assert!(
        bend("units = 1240\nwindow = \"month\"", "units = 40, window = \"day\"", "loosen").is_ok()
    );
    assert!(
        bend("units = 1239\nwindow = \"month\"", "units = 40, window = \"day\"", "loosen").is_err()
    );
    let fiscal = "units = 60\nwindow = \"fiscal_year\"\nfirst_month = 7";
    let quarter = "units = 60, window = \"quarter\"";
    assert!(bend(fiscal, quarter, "tighten").is_ok());
    let february = fiscal.replacen('7', "2", 1);
    assert!(bend(&february, quarter, "tighten").is_err(), "a quarter may lie in two such years");
    assert!(bend(month, "window = \"day\"", "tighten").unwrap_err().contains("add them"));
    assert!(bend(month, "units = 3, length = 4", "loosen").unwrap_err().contains("`window`"));
    assert!(
        bend(month, "units = 3, window = \"unknown\"", "tighten")
            .unwrap_err()
            .contains("no known time")
    );
}

#[test]
fn rk31_what_is_not_known_is_held_against_nothing() {
    for (line, unknown, says) in [
        ("min_age = 18", "min_age = \"unknown\"", "min_age = 30"),
        ("units = \"8.5\"", "units = \"unknown\"", "units = 30"),
        ("days = 95", "days = \"unknown\"", "days = 30"),
    ] {
        for may in ["loosen", "tighten"] {
            let text = with(line, says, may).replacen(line, unknown, 1);
            assert!(pack_from_toml(&text).is_ok(), "{unknown} {may}: {:?}", pack_from_toml(&text));
        }
    }
}

#[test]
fn rk31_a_rule_that_the_layer_does_not_have_is_added_where_it_may_be() {
    for (line, may, fits) in [
        ("members = 15", "tighten", true),
        ("members = 15", "loosen", false),
        ("units = \"8.5\"", "loosen", false),
        ("require = \"always\"", "loosen", false),
        ("require = \"always\"", "replace", true),
        ("per_visit = 3", "loosen", false),
        // A service more lets more be billed.
        ("unit_minutes = 30", "tighten", false),
        ("unit_minutes = 30", "loosen", true),
    ] {
        let read = pack_from_toml(&with(line, "added = true", may));
        assert_eq!(read.is_ok(), fits, "{line} {may}: {read:?}");
        if let Err(faults) = read {
            assert!(faults[0].path.ends_with("layer.added"), "{faults:#?}");
            assert!(faults[0].message.contains("has no such rule"), "{faults:#?}");
        }
    }
    for (line, says, part) in [
        ("days = 95", "added = true", "each layer has this rule"),
        ("members = 15", "added = true, members = 12", "keep one of both"),
        ("members = 15", "years = 12", "has no such value"),
        ("members = 15", "added = false", "say what the layer says"),
    ] {
        let faults = pack_from_toml(&with(line, says, "replace")).unwrap_err();
        assert_eq!(faults.len(), 1, "{says}: {faults:#?}");
        assert!(faults[0].message.contains(part), "{says}: {faults:#?}");
    }
    let unheard = with("min_age = 18", "modes = [\"nowhere\"]", "replace");
    assert_eq!(pack_from_toml(&unheard).unwrap_err()[0].path, "service[1].layer.modes[1]");
}

const DROPPED: &str = "[[dropped]]\nof = \"state\"\nkind = \"limit\"\nwhat = \"16 units a day\"\n\
                       why = \"Limits were removed for parity\"\nmay = \"loosen\"\nsource = \"manual\"\n\n[filing]";

#[test]
fn rk31_a_rule_that_is_dropped_is_said_with_why_and_only_where_the_layer_lets_it() {
    let base = PACK.replacen("[filing]", DROPPED, 1);
    let pack = pack_from_toml(&base).unwrap();
    assert_eq!(pack.dropped.len(), 1);
    let told = retell::text(&retell::pack(&pack));
    let sentence = "Not held here is a limit of the layer state, which may only be loosened: \
                    \"16 units a day\". Why: Limits were removed for parity. Source: Provider Manual";
    assert!(told.contains(sentence), "{told}");
    let tighter = (
        "may = \"loosen\"",
        "may = \"tighten\"",
        "dropped[1].may",
        "without this rule it is looser",
    );
    one_fault(&base, None, tighter, pack_from_toml);
    // Without a service less is billed.
    let service = base.replacen("kind = \"limit\"", "kind = \"service\"", 1);
    let looser = ("may = \"loosen\"", "may = \"loosen\"", "dropped[1].may", "it is tighter");
    one_fault(&service, None, looser, pack_from_toml);
    for key in ["why", "what", "source", "of", "kind", "may"] {
        let gone: String =
            DROPPED.lines().filter(|l| !l.starts_with(key)).collect::<Vec<_>>().join("\n");
        let faults = pack_from_toml(&PACK.replacen("[filing]", &gone, 1)).unwrap_err();
        assert!(faults[0].message.contains("is missing here"), "{key}: {faults:#?}");
    }
    let twice = base.replacen("[filing]", DROPPED, 1);
    assert!(pack_from_toml(&twice).unwrap_err()[0].message.contains("dropped already"));
    // Only a weak source says so: then nobody has confirmed it, and no contract is bound.
    let weak = base.replacen("date = 2026-01-01", "date = 2026-01-01\ngrade = \"D\"", 1);
    let unknown = pack_from_toml(&weak).unwrap().unknown;
    assert!(unknown.iter().any(|u| u.path == "dropped[1].why"), "{unknown:?}");
}

fn open(direction: &str, layer: &str) -> Pack {
    let text = with("units = \"8.5\"", "units = 4", "loosen");
    let text = text
        .replacen("units = \"8.5\"", &format!("units = \"8.5\"\nagreement = \"{direction}\""), 1)
        .replacen("members = 15", &format!("members = 15\nagreement = \"{direction}\"\n{layer}"), 1)
        .replacen("per_visit = 3", &format!("per_visit = 3\nagreement = \"{direction}\""), 1)
        .replacen("days = 95", &format!("days = 95\nagreement = \"{direction}\""), 1)
        .replacen(
            "require = \"always\"",
            &format!("require = \"always\"\nagreement = \"{direction}\""),
            1,
        );
    pack_from_toml(&text).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// What comes of an agreement with these lines: the pack as it is held, or where the first fault stands
/// and what it says.
pub(super) fn agreed(pack: &Pack, lines: &str) -> Result<Pack, (String, String)> {
    let terms = terms_from_toml(pack, &format!("{AGREEMENT}\n{lines}\n"));
    terms.map(|t| t.pack).map_err(|f| (f[0].path.clone(), f[0].message.clone()))
}

#[test]
fn rk31_an_agreement_changes_clocks_copays_and_conditions_too() {
    let pack = open("loosen", "");
    let filing = "[[adjustment]]\nfiling = \"days\"\nnumber = 180";
    assert_eq!(agreed(&pack, filing).unwrap().filing.days, 180);
    let shorter = agreed(&pack, &filing.replacen("180", "60", 1)).unwrap_err();
    assert_eq!(shorter.0, "adjustment[1].number");
    assert!(shorter.1.contains("60 is tighter than the 95"), "{shorter:?}");
    assert!(agreed(&pack, &filing.replacen("180", "9000", 1)).unwrap_err().1.contains("730"));
    let months = agreed(&pack, &filing.replacen("days", "months", 1)).unwrap_err();
    assert_eq!(months.0, "adjustment[1].filing");
    let load = "[[adjustment]]\ncondition = \"load\"\nnumber = 20";
    let found = agreed(&pack, load).unwrap();
    assert!(format!("{:?}", found.conditions[0].demand).contains("members: 20"));
    assert!(agreed(&pack, &load.replacen("20", "12", 1)).is_err());
    assert!(
        agreed(&pack, &load.replacen("20", "\"20.5\"", 1))
            .unwrap_err()
            .1
            .contains("a whole number from 1 to 1000")
    );
    assert!(
        agreed(&pack, &load.replacen("load", "none", 1))
            .unwrap_err()
            .1
            .contains("no condition with this key")
    );
    // What the member pays is less: more is billed.
    let fee = "[[adjustment]]\ncopay = \"fee\"\nnumber = 2";
    assert!(agreed(&pack, fee).is_ok());
    assert!(agreed(&pack, &fee.replacen('2', "4", 1)).is_err());
    let units = agreed(&pack, &fee.replacen("number", "units", 1)).unwrap_err();
    assert!(units.1.contains("said under `number`"), "{units:?}");
    // The state's own number is a bound for the agreement as well.
    let state = "layer = { of = \"state\", members = 18, may = \"tighten\", source = \"manual\" }";
    let bounded = open("replace", state);
    assert!(agreed(&bounded, &load.replacen("20", "18", 1)).is_ok());
    assert!(agreed(&bounded, load).unwrap_err().1.contains("may only be tightened"));
    // What the pack does not open stays shut.
    let shut = pack_from_toml(&with("members = 15", "members = 15", "replace")).unwrap();
    assert!(agreed(&shut, load).unwrap_err().1.contains("does not say that an agreement may"));
}

#[test]
fn rk31_an_agreement_drops_a_rule_where_pack_and_layer_let_it() {
    let why = "why = \"Amendment of May\"\nsource = \"Amendment 3\"";
    let dropped = |rule: &str| format!("[[dropped]]\n{rule}\n{why}");
    let pack = open("loosen", "");
    assert!(agreed(&pack, &dropped("limit = \"daily\"")).unwrap().limits.is_empty());
    assert_eq!(agreed(&pack, &dropped("condition = \"load\"")).unwrap().conditions.len(), 3);
    assert!(agreed(&pack, &dropped("copay = \"fee\"")).unwrap().copays.is_empty());
    assert_eq!(
        agreed(&pack, &dropped("authorization = \"second\"")).unwrap().authorizations.len(),
        1
    );
    let shut = agreed(&pack, &dropped("condition = \"grown\"")).unwrap_err();
    assert_eq!(shut.0, "dropped[1].condition");
    assert!(shut.1.contains("does not say"), "{shut:?}");
    let none = agreed(&pack, &dropped("limit = \"weekly\"")).unwrap_err();
    assert!(none.1.contains("no limit with this key"), "{none:?}");
    let tight = agreed(&open("tighten", ""), &dropped("limit = \"daily\"")).unwrap_err();
    assert!(tight.1.contains("may only tighten"), "{tight:?}");
    let state = "layer = { of = \"state\", members = 18, may = \"tighten\", source = \"manual\" }";
    let held = agreed(&open("loosen", state), &dropped("condition = \"load\"")).unwrap_err();
    assert!(held.1.contains("the layer state has this rule"), "{held:?}");
    let both =
        format!("{}\n\n[[adjustment]]\nlimit = \"daily\"\nunits = 9", dropped("limit = \"daily\""));
    assert!(agreed(&pack, &both).unwrap_err().1.contains("keep one of both"));
    let several = agreed(&pack, &dropped("limit = \"daily\"\ncopay = \"fee\"")).unwrap_err();
    assert_eq!(several.0, "dropped[1].copay");
    // It is retold, and stored and read again.
    let terms = terms_from_toml(&pack, &format!("{AGREEMENT}\n{}\n", dropped("limit = \"daily\"")))
        .unwrap();
    let told = retell::text(&retell::agreement(&terms.agreement));
    assert!(
        told.contains(
            "The limit daily is not held here. Why: Amendment of May. Written in: Amendment 3."
        ),
        "{told}"
    );
    let stored = serde_json::to_string(&terms).unwrap();
    assert_eq!(serde_json::from_str::<crate::domain::contract::Terms>(&stored).unwrap(), terms);
}

#[test]
fn rk31_a_rate_is_held_against_the_floor_of_the_layer() {
    let pack = pack_from_toml(&with("min_age = 18", "allowed = \"12.00\"", "loosen")).unwrap();
    let low = agreed(&pack, "").unwrap_err();
    assert_eq!(low.0, "rate[1].allowed");
    assert!(low.1.contains("11.9725 is tighter than the 12"), "{low:?}");
    let high = AGREEMENT.replacen("11.9725", "12.00", 1);
    assert!(terms_from_toml(&pack, &high).is_ok());
    assert!(bind(&pack, &terms_from_toml(&pack, &high).unwrap().agreement).is_ok());
    let told = retell::text(&retell::pack(&pack));
    assert!(told.contains("It lies inside the 12 dollars a unit of the layer state"), "{told}");
}

#[test]
fn rk31_layers_are_retold_compared_and_read_as_they_were_stored() {
    let told = |text: &str| retell::text(&retell::pack(&pack_from_toml(text).unwrap()));
    let text = with("units = \"8.5\"", "units = 28, window = \"week\"", "replace");
    assert!(
        told(&text).contains(
            "It lies inside the 28 units a week of the layer state, which may be replaced."
        )
    );
    let ages = with("min_age = 18", "min_age = 16, modes = [\"in_person\", \"video\"]", "tighten");
    assert!(
        told(&ages).contains(
            "It lies inside the min age 16 and modes in_person, video of the layer state"
        ),
        "{}",
        told(&ages)
    );
    let added = with("members = 15", "added = true", "tighten");
    assert!(told(&added).contains("The layer state has no such rule; it may only be tightened."));
    let (old, new) =
        (pack_from_toml(&ages).unwrap(), pack_from_toml(&ages.replacen("16", "17", 1)).unwrap());
    let changes = retell::of_packs(&old, &new);
    assert_eq!(changes.len(), 1, "{changes:?}");
    let swapped = ages.replacen(
        "modes = [\"in_person\", \"video\"]",
        "modes = [\"video\", \"in_person\"]",
        1,
    );
    assert!(retell::of_packs(&old, &pack_from_toml(&swapped).unwrap()).is_empty());
    let stored = serde_json::to_string(&old).unwrap();
    assert_eq!(serde_json::from_str::<Pack>(&stored).unwrap(), old);
    // As it was stored when layers were numbers of units only.
    let before = "{\"of\":\"state\",\"units\":\"24\",\"may\":\"loosen\",\"source\":{\"document\":\"D\",\
                  \"section\":\"S\",\"date\":\"2026-01-01\"}}";
    let layer: Layer = serde_json::from_str(before).unwrap();
    assert_eq!(layer.says.len(), 1);
    assert_eq!(serde_json::to_string(&layer).unwrap().matches("\"24\"").count(), 1);
}
