//! Sources of single values, and what a source of grade C or D may not do.

use super::{AGREEMENT, PACK, PACKS, one_fault};
use crate::domain::contract::{Pack, Place, Unknown, pack_from_toml, terms_from_toml};
use crate::domain::finding::Grade;

/// The base with a second source of a grade, and one bend.
fn with(grade: &str, old: &str, new: &str) -> String {
    let source = format!(
        "[[source]]\nkey = \"lead\"\ndocument = \"Lead\"\nsection = \"1\"\ndate = 2026-01-01\n\
         grade = \"{grade}\"\n\n[[service]]"
    );
    assert!(PACK.contains(old), "{old}");
    PACK.replacen(old, new, 1).replacen("[[service]]", &source, 1)
}

fn missing(text: &str) -> Vec<Unknown> {
    pack_from_toml(text).unwrap_or_else(|f| panic!("{f:#?}")).unknown
}

#[test]
fn rk73_what_a_weak_source_says_stops_and_lets_nothing_pass() {
    let service = "certificates = [\"cpc\"]\nsource = \"manual\"";
    let of_service = |key: &str| format!("{service}\nsource_of = {{ {key} = \"lead\" }}");
    // Values that let a visit pass, and values that only stop one.
    for (key, passes) in [
        ("procedure", true),
        ("modifiers", true),
        ("activities", true),
        ("modes", true),
        ("settings", true),
        ("unit_minutes", true),
        ("min_age", false),
        ("max_age", false),
        ("diagnosis_classes", false),
        ("certificates", false),
    ] {
        for (grade, weak) in [("A", false), ("B", false), ("C", true), ("D", true)] {
            let text = with(grade, service, &of_service(key));
            let missing = missing(&text);
            let paths: Vec<&str> = missing.iter().map(|u| u.path.as_str()).collect();
            let wanted = format!("service[1].{key}");
            let wanted = if passes && weak { vec![wanted.as_str()] } else { vec![] };
            assert_eq!(paths, wanted, "{key} {grade}");
            if let [unknown] = missing.as_slice() {
                assert_eq!(unknown.services, ["peer".parse().unwrap()]);
                assert_eq!(unknown.grade.map(Grade::as_str), Some(grade));
                let line = text.lines().position(|l| l.starts_with(&format!("{key} = "))).unwrap();
                let line = Place::Line(u32::try_from(line + 1).unwrap());
                assert_eq!(unknown.place, Some(line));
                let told = terms_from_toml(&pack_from_toml(&text).unwrap(), AGREEMENT).unwrap_err();
                assert_eq!((told.len(), told[0].path.as_str()), (1, "contract.pack"));
                assert!(told[0].message.contains(&unknown.to_string()), "{told:?}");
                assert!(told[0].message.contains("of grade"), "{told:?}");
            }
        }
    }
}

#[test]
fn rk73_weak_sources_of_rules() {
    let limit = "exceed = \"hold\"\nsource = \"manual\"";
    let lead = limit.replace("manual", "lead");
    assert!(missing(&with("C", limit, &lead)).is_empty(), "a limit only stops");
    let always = "require = \"always\"\nsource = \"manual\"";
    let lead = always.replace("manual", "lead");
    assert!(missing(&with("D", always, &lead)).is_empty(), "to ask for more only stops");
    let paths = |old: &str, new: &str| -> Vec<String> {
        missing(&with("C", old, new)).into_iter().map(|u| u.path).collect()
    };
    assert_eq!(paths(always, &lead.replace("always", "never")), ["authorization[2].require"]);
    let free = "window = \"calendar_year\"\nsource = \"manual\"";
    let named = format!("{free}\nsource_of = {{ free_units = \"lead\" }}");
    assert_eq!(paths(free, &named), ["authorization[1].free_units"]);
    let ends = format!("{free}\nto = 2026-06-30\nsource_of = {{ to = \"lead\" }}");
    assert_eq!(paths(free, &ends), ["authorization[1].to"]);
    let rounding = "rounding_source = \"manual\"";
    assert_eq!(paths(rounding, "rounding_source = \"lead\""), ["service[2].rounding"]);
    let group = "group = { max_size = 8, source = \"lead\" }\nunit_minutes = 30";
    assert_eq!(paths("unit_minutes = 30", group), ["service[2].group"]);
    let filing = "days = 95\nsource = \"manual\"";
    let later = "days = 95\nnext_business_day = true\nsource = \"lead\"";
    assert_eq!(paths(filing, later), ["filing.next_business_day"]);
    assert_eq!(paths(filing, "days = 95\nsource = \"lead\""), [""; 0]);
    let papers = "[documentation]\nsource = \"manual\"";
    let unsigned = "[documentation]\nsigned_note = false\nsource = \"lead\"";
    assert_eq!(paths(papers, unsigned), ["documentation.signed_note"]);
    let claim = "payer_id = \"PLAIN\"";
    let named = "payer_id = \"PLAIN\"\nsource = \"manual\"\nsource_of = { payer_id = \"lead\" }";
    assert_eq!(paths(claim, named), ["claim.payer_id"]);
    for more in [
        "[[modifier]]\nkey = \"x\"\nservices = [\"peer\"]\nadd = [\"TN\"]\nsource = \"lead\"\n",
        "[[copay]]\nkey = \"x\"\nservices = [\"peer\"]\nper_unit = \"0.65\"\nsource = \"lead\"\n",
        "[overrides]\noverridable = [\"note.unsigned\"]\nsource = \"lead\"\n",
    ] {
        let paths = paths("[filing]", &format!("{more}\n[filing]"));
        assert_eq!(paths.len(), 1, "{more}: {paths:?}");
    }
}

/// What is noted of a pack with more in it, of which a source of this grade says something.
fn paths(grade: &str, more: &str) -> Vec<String> {
    let text = with(grade, "[filing]", &format!("{more}\n[filing]"));
    missing(&text).into_iter().map(|u| u.path).collect()
}

#[test]
fn rk73_what_a_weak_source_narrows_in_a_limit() {
    let limit = |more: &str, of: &str| {
        format!(
            "[[limit]]\nkey = \"x\"\nservices = [\"peer\"]\nunits = 4\nwindow = \"day\"\n{more}\n\
             source = \"manual\"\nsource_of = {{ {of} = \"lead\" }}\n"
        )
    };
    let hold = "exceed = \"hold\"";
    let narrowed = |key: &str, value: &str| limit(&format!("{hold}\n{key} = {value}"), key);
    for (key, value) in [
        ("from", "2026-01-01"),
        ("to", "2026-12-31"),
        ("when", "{ group = false }"),
        ("modes", "[\"in_person\"]"),
        ("scope", "\"peer\""),
        ("agreement", "\"loosen\""),
        ("agreement", "\"replace\""),
    ] {
        let wanted = [format!("limit[2].{key}")];
        assert_eq!(paths("C", &narrowed(key, value)), wanted, "{key}");
        assert_eq!(paths("B", &narrowed(key, value)), [""; 0], "{key}");
    }
    assert_eq!(paths("C", &narrowed("agreement", "\"tighten\"")), [""; 0]);
    // A window may forget what another one counts, and so may its length.
    assert_eq!(paths("C", &limit(hold, "window")), ["limit[2].window"]);
    assert_eq!(paths("C", &limit(hold, "services")), ["limit[2].services"]);
    let rolling = limit(hold, "length").replacen("\"day\"", "\"rolling_days\"\nlength = 30", 1);
    assert_eq!(paths("D", &rolling), ["limit[2].length"]);
    assert_eq!(paths("A", &rolling), [""; 0]);
    // A layer that lets the rule be looser, whoever says so.
    let layer = |may: &str, source: &str, of: &str| {
        let layer = format!(
            "layer = {{ of = \"state\", units = 4, may = \"{may}\", source = \"{source}\" }}"
        );
        limit(&format!("{hold}\n{layer}"), "units").replacen("units = \"lead\"", of, 1)
    };
    for (may, source, of, noted) in [
        ("loosen", "lead", "", true),
        ("replace", "lead", "", true),
        ("tighten", "lead", "", false),
        ("loosen", "manual", "layer = \"lead\"", true),
        ("loosen", "manual", "units = \"lead\"", false),
    ] {
        let wanted = if noted { vec!["limit[2].layer.may"] } else { vec![] };
        assert_eq!(paths("C", &layer(may, source, of)), wanted, "{may} {source} {of}");
    }
    assert_eq!(paths("C", &limit(hold, "exceed")), [""; 0]);
    assert_eq!(paths("D", &limit(hold, "units")), [""; 0], "a cap only stops");
    for excess in ["bill_up_to", "necessity"] {
        let part = limit(&format!("exceed = \"{excess}\""), "exceed");
        assert_eq!(paths("D", &part), ["limit[2].exceed"]);
    }
    let named = limit("exceed = \"necessity\"\nnecessity = [{ kind = \"order\" }]", "necessity");
    assert_eq!(paths("C", &named), ["limit[2].necessity"]);
    // What a weak source alone says of a limit stops, but for what a contract may make of it.
    let weak = "[[limit]]\nkey = \"x\"\nservices = [\"peer\"]\nunits = 4\nwindow = \"day\"\n\
                exceed = \"hold\"\nwhen = { group = false }\nagreement = \"loosen\"\nsource = \"lead\"\n";
    assert_eq!(paths("C", weak), ["limit[2].agreement"]);
}

#[test]
fn rk73_what_a_weak_source_narrows_in_a_condition() {
    let condition = |lines: &str, source: &str, of: &str| {
        format!(
            "[[condition]]\nkey = \"x\"\nservices = [\"peer\"]\n{lines}\nsource = \"{source}\"\n{of}\n"
        )
    };
    let narrowed = |key: &str, value: &str| {
        let demand = "demand = \"document\"\none_of = [{ kind = \"order\" }]";
        let of = format!("source_of = {{ {key} = \"lead\" }}");
        match key {
            "services" => condition(demand, "manual", &of),
            "one_of" => {
                condition(&format!("demand = \"document\"\n{key} = {value}"), "manual", &of)
            }
            _ => condition(&format!("{demand}\n{key} = {value}"), "manual", &of),
        }
    };
    for (key, value) in [
        ("from", "2026-01-01"),
        ("to", "2026-12-31"),
        ("when", "{ group = false }"),
        ("grace_visits", "3"),
        ("services", "[\"peer\"]"),
        ("one_of", "[{ kind = \"order\" }, { kind = \"plan\" }]"),
        ("answer", "\"warn\""),
    ] {
        assert_eq!(paths("C", &narrowed(key, value)), [format!("condition[1].{key}")], "{key}");
        assert_eq!(paths("A", &narrowed(key, value)), [""; 0], "{key}");
    }
    assert_eq!(paths("C", &narrowed("answer", "\"hold\"")), [""; 0]);
    // Each that is named would do; of what is barred, and of numbers, more only stops.
    for (lines, key, noted) in [
        ("demand = \"modifier_one_of\"\nmodifiers = [\"HE\"]", "modifiers", true),
        ("demand = \"mode\"\nmodes = [\"in_person\"]", "modes", true),
        ("demand = \"product\"\nproducts = [\"snp\"]", "products", true),
        ("demand = \"diagnosis_family\"\nfamilies = [\"F20\"]", "families", true),
        ("demand = \"certificate\"\ncertificates = [\"board\"]", "certificates", true),
        ("demand = \"endorsement\"\nendorsements = [\"a\"]", "endorsements", true),
        ("demand = \"enrolled\"\nepisodes = [\"sud\"]", "episodes", true),
        ("demand = \"not_enrolled\"\nepisodes = [\"act\"]", "episodes", false),
        ("demand = \"staff_age\"\nyears = 18", "years", false),
        ("demand = \"caseload\"\nmembers = 15\nwindow = \"month\"", "members", false),
        ("demand = \"caseload\"\nmembers = 15\nwindow = \"month\"", "window", true),
    ] {
        let of = format!("source_of = {{ {key} = \"lead\" }}");
        let wanted = if noted { vec![format!("condition[1].{key}")] } else { vec![] };
        assert_eq!(paths("C", &condition(lines, "manual", &of)), wanted, "{lines}");
    }
    let head = "title = \"A plain pack\"";
    for (key, value) in
        [("face_to_face", "[\"in_person\", \"video\"]"), ("week_start", "\"sunday\"")]
    {
        let own = format!("{head}\n{key} = {value}\nsource_of = {{ {key} = \"lead\" }}");
        let of = |grade: &str| -> Vec<String> {
            missing(&with(grade, head, &own)).into_iter().map(|u| u.path).collect()
        };
        assert_eq!(of("C"), [format!("pack.{key}")]);
        assert_eq!(of("B"), [""; 0]);
    }
    // A list of modifiers is their order on the claim, too; a choice of them only stops.
    let of = |demand: &str| {
        condition(&format!("demand = \"{demand}\"\nmodifiers = [\"HE\"]"), "lead", "")
    };
    assert_eq!(paths("C", &of("modifier_list")), ["condition[1].modifiers"]);
    assert_eq!(paths("C", &of("modifier_one_of")), [""; 0]);
    let found =
        missing(&with("C", "[filing]", &format!("{}\n[filing]", narrowed("to", "2026-12-31"))));
    assert_eq!(found[0].services, ["peer".parse().unwrap()]);
}

#[test]
fn source_of_speaks_of_keys_that_are_there() {
    let service = "certificates = [\"cpc\"]\nsource = \"manual\"";
    for (inner, path, part) in [
        ("group = \"manual\"", "service[1].source_of.group", "not known here"),
        ("title = \"manual\"", "service[1].source_of.title", "not known here"),
        ("modes = \"manuel\"", "service[1].source_of.modes", "did you mean `manual`?"),
        ("modes = 1", "service[1].source_of.modes", "a text in quotes"),
    ] {
        let new = format!("{service}\nsource_of = {{ {inner} }}");
        one_fault(PACK, Some("source_of"), (service, &new, path, part), pack_from_toml);
    }
    let bend = ("date = 2026-01-01", "date = 2026-01-01\ngrade = \"E\"", "source[1].grade", "A B");
    one_fault(PACK, Some("grade"), bend, pack_from_toml);
}

#[test]
fn every_key_that_may_be_unknown_is_noted_with_its_line() {
    let bent = |old: &str, new: &str| {
        let text = PACK.replacen(old, new, 1);
        assert_ne!(text, PACK, "{old}");
        let pack: Pack = pack_from_toml(&text).unwrap_or_else(|f| panic!("{new}: {f:#?}"));
        let [unknown] = pack.unknown.as_slice() else { panic!("{new}: {:?}", pack.unknown) };
        let line = text.lines().position(|l| l.contains("\"unknown\"")).unwrap();
        assert_eq!(unknown.place, Some(Place::Line(u32::try_from(line + 1).unwrap())), "{new}");
        let stored = serde_json::to_string(&pack).unwrap();
        assert_eq!(serde_json::from_str::<Pack>(&stored).unwrap(), pack);
        unknown.path.clone()
    };
    let of_service = |key: &str, old: &str| {
        let path = bent(old, &format!("{key} = \"unknown\""));
        assert_eq!(path, format!("service[1].{key}"));
    };
    of_service("procedure", "procedure = \"H0038\"");
    of_service("unit_minutes", "unit_minutes = 15");
    of_service("rounding", "rounding = \"floor\"");
    of_service("sum_over", "min_age = 18\nmax_age = 64");
    of_service("roles", "min_age = 18\nmax_age = 64");
    of_service("min_age", "min_age = 18");
    of_service("max_age", "max_age = 64");
    of_service("diagnosis_classes", "diagnosis_classes = [\"mental_health\"]");
    of_service("certificates", "certificates = [\"cpc\"]");
    let modes = PACK.lines().find(|l| l.starts_with("modes = ")).unwrap();
    of_service("modes", modes);
    let settings = PACK.lines().find(|l| l.starts_with("settings = ")).unwrap();
    of_service("settings", settings);
    for (old, new, path) in [
        ("units = \"8.5\"", "units = \"unknown\"", "limit[1].units"),
        ("window = \"day\"", "window = \"unknown\"", "limit[1].window"),
        ("exceed = \"hold\"", "exceed = \"unknown\"", "limit[1].exceed"),
        ("require = \"always\"", "require = \"unknown\"", "authorization[2].require"),
        ("days = 95", "days = \"unknown\"", "filing.days"),
        (
            "[documentation]\n",
            "[documentation]\nsigned_note = \"unknown\"\n",
            "documentation.signed_note",
        ),
        (
            "[documentation]\n",
            "[documentation]\nplan_goal = \"unknown\"\n",
            "documentation.plan_goal",
        ),
        ("receiver_id = \"PLAIN\"", "receiver_id = \"unknown\"", "claim.receiver_id"),
        ("receiver_name = \"Plain Payer\"", "receiver_name = \"unknown\"", "claim.receiver_name"),
        ("payer_name = \"Plain Payer\"", "payer_name = \"unknown\"", "claim.payer_name"),
        ("payer_id = \"PLAIN\"", "payer_id = \"unknown\"", "claim.payer_id"),
        (
            "claim_filing_code = \"MC\"",
            "claim_filing_code = \"unknown\"",
            "claim.claim_filing_code",
        ),
        ("[claim]\n", "[claim]\nrendering = \"unknown\"\n", "claim.rendering"),
        ("[claim]\n", "[claim]\nrollup = \"unknown\"\n", "claim.rollup"),
        ("[claim]\n", "[claim]\nauthorization_level = \"unknown\"\n", "claim.authorization_level"),
    ] {
        assert_eq!(bent(old, new), path);
    }
    let caseload = "[[condition]]\nkey = \"x\"\nservices = [\"peer\"]\ndemand = \"caseload\"\n\
                    members = 15\nwindow = \"unknown\"\nsource = \"manual\"\n\n[filing]";
    assert_eq!(bent("[filing]", caseload), "condition[1].window");
    let group = "unit_minutes = 30\ngroup = { max_size = \"unknown\", source = \"manual\" }";
    assert_eq!(bent("unit_minutes = 30", group), "service[2].group.max_size");
    assert!(PACKS.iter().all(|text| missing(text).is_empty()));
}
