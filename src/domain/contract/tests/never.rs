//! Numbers that limit nothing and demands that no visit can meet: refused with line and reason.

use super::{AGREEMENT, PACK, one_fault};
use crate::domain::contract::{Direction, bind, pack_from_toml, terms_from_toml};

const GROUP: &str = "unit_minutes = 30\ngroup = { min_size = 3, source = \"manual\" }";

/// The base with a condition on its first service or on both; the second is one for groups.
fn with(services: &str, lines: &str) -> String {
    let condition = format!(
        "[[condition]]\nkey = \"one\"\nservices = [{services}]\n{lines}\nsource = \"manual\"\n\n[filing]"
    );
    PACK.replacen("unit_minutes = 30", GROUP, 1).replacen("[filing]", &condition, 1)
}

/// The fault of a condition stands at a key and says why; with `instead` there is none.
fn refused(services: &str, wrong: &str, instead: &str, key: &str, part: &str) {
    let base = with(services, instead);
    assert!(pack_from_toml(&base).is_ok(), "{instead}: {:?}", pack_from_toml(&base));
    let faults = pack_from_toml(&with(services, wrong)).expect_err(wrong);
    assert_eq!(faults.len(), 1, "{wrong}: {faults:#?}");
    assert_eq!(faults[0].path, format!("condition[1].{key}"), "{wrong}");
    assert!(faults[0].message.contains(part), "{wrong}: {}", faults[0].message);
}

#[test]
fn a_cap_above_what_its_days_hold_is_refused() {
    let cap = |units: &str, window: &str| format!("units = {units}\nwindow = \"{window}");
    let own = "units = \"8.5\"\nwindow = \"day\"";
    // The base counts units of 15 and of 30 minutes together: the shorter ones decide.
    for (units, window, fine) in [
        ("96", "day\"", true),
        ("97", "day\"", false),
        ("5000", "day\"", false),
        ("672", "week\"", true),
        ("673", "week\"", false),
        ("2976", "month\"", true),
        ("2977", "month\"", false),
        ("8832", "quarter\"", true),
        ("8833", "quarter\"", false),
        ("35136", "calendar_year\"", true),
        ("35137", "fiscal_year\"\nfirst_month = 7", false),
        ("960", "rolling_days\"\nlength = 10", true),
        ("961", "rolling_days\"\nlength = 10", false),
        ("961", "consecutive_days\"\nlength = 10", false),
        ("5953", "rolling_months\"\nlength = 2", false),
        ("99999", "lifetime\"", true),
        ("99999", "episode\"", true),
        // A peer serves the members of a group at once.
        ("5000", "day\"\nscope = \"peer\"", true),
    ] {
        let new = cap(units, window);
        if fine {
            assert!(pack_from_toml(&PACK.replacen(own, &new, 1)).is_ok(), "{new}");
        } else {
            one_fault(
                PACK,
                None,
                (own, &new, "limit[1].units", "nothing is limited"),
                pack_from_toml,
            );
        }
    }
    let both = "services = [\"peer\", \"skills\"]\nunits = \"8.5\"";
    let hours = PACK.replacen(both, "services = [\"peer\"]\nhours = 24", 1);
    assert!(pack_from_toml(&hours).is_ok());
    let bend = ("hours = 24", "hours = 30", "limit[1].hours", "1800 minutes a day, which has 1440");
    one_fault(&hours, None, bend, pack_from_toml);
    let bend = ("units = \"8.5\"", "units = \"0.5\"", "limit[1].units", "less than one unit");
    one_fault(PACK, None, bend, pack_from_toml);
    let free = "free_units = 24";
    let bend = (free, "free_units = 99999", "authorization[1].free_units", "nothing is limited");
    one_fault(PACK, None, bend, pack_from_toml);
    let block = "free_units = 24\nblock = { units = 961, days = 10 }";
    one_fault(
        PACK,
        Some("block ="),
        (free, block, "authorization[1].block.units", "14415"),
        pack_from_toml,
    );
    // What stands in for a number or a length that is not known is held against nothing.
    for (old, new) in [
        ("units = \"8.5\"", "units = \"unknown\"".to_owned()),
        ("window = \"day\"", "window = \"unknown\"".to_owned()),
        ("unit_minutes = 15", "unit_minutes = \"unknown\"".to_owned()),
    ] {
        let wide = PACK.replacen("units = \"8.5\"", "units = 300", 1);
        let base = if old.starts_with("unit_") { wide.as_str() } else { PACK };
        assert!(pack_from_toml(&base.replacen(old, &new, 1)).is_ok(), "{new}");
    }
}

#[test]
fn begun_units_take_fewer_minutes_than_their_length() {
    let own = "unit_minutes = 15\nrounding = \"floor\"";
    let capped = |counting: &str, units: u32| {
        let text = PACK.replacen(own, counting, 1).replacen(
            "services = [\"peer\", \"skills\"]\nunits = \"8.5\"",
            &format!("services = [\"peer\"]\nunits = {units}"),
            1,
        );
        pack_from_toml(&text).map_err(|faults| faults[0].message.clone())
    };
    let rounded = |length: u32, how: &str, more: &str| {
        format!("unit_minutes = {length}\nrounding = \"{how}\"\nrounding_source = \"manual\"{more}")
    };
    for (counting, fits) in [
        (own.to_owned(), 96),
        (rounded(480, "ceiling", ""), 1440),
        (rounded(60, "ceiling", ""), 1440),
        (rounded(60, "nearest", ""), 48),
        (rounded(60, "midpoint", ""), 46),
        (rounded(15, "eight_minute", ""), 180),
        // A contact of 30 minutes makes one unit, one of 61 makes two.
        (rounded(60, "ceiling", "\nmin_minutes = 30"), 48),
        // One of 480 minutes makes 32 units, one of 481 makes 33.
        (rounded(15, "ceiling", "\nmin_minutes = 480"), 102),
    ] {
        assert!(capped(&counting, fits).is_ok(), "{counting}: {:?}", capped(&counting, fits));
        let why = capped(&counting, fits + 1).expect_err(&counting);
        assert!(why.contains("nothing is limited"), "{counting}: {why}");
    }
    // Hours are hours of units.
    let text = PACK.replacen(own, &rounded(60, "ceiling", ""), 1).replacen(
        "services = [\"peer\", \"skills\"]\nunits = \"8.5\"",
        "services = [\"peer\"]\nhours = 30",
        1,
    );
    assert!(pack_from_toml(&text).unwrap_err()[0].message.contains("1800 minutes"));
}

#[test]
fn a_layer_is_held_against_its_days_too() {
    let layer = |units: &str| {
        let lines = format!(
            "units = \"8.5\"\nlayer = {{ of = \"state\", units = {units}, may = \"tighten\", source = \"manual\" }}"
        );
        pack_from_toml(&PACK.replacen("units = \"8.5\"", &lines, 1))
    };
    assert!(layer("96").is_ok(), "{:?}", layer("96"));
    let faults = layer("5000").unwrap_err();
    assert_eq!((faults.len(), faults[0].path.as_str()), (1, "limit[1].layer.units"));
    assert!(faults[0].message.contains("nothing is limited"), "{faults:?}");
}

#[test]
fn what_only_some_visits_cannot_meet_is_no_slip() {
    let far = PACK.lines().find(|l| l.starts_with("modes = ")).unwrap();
    for demand in [
        "demand = \"mode\"\nmodes = [\"audio\"]",
        "demand = \"diagnosis_excluded\"\nclasses = [\"mental_health\"]",
        "demand = \"modifier_one_of\"\nmodifiers = [\"HF\"]",
        "demand = \"modifier_list\"\nmodifiers = [\"HQ\"]",
        "demand = \"face_to_face_within\"\ndays = 30",
    ] {
        let read = |more: &str| {
            let text = with("\"peer\"", &format!("{demand}\n{more}"));
            pack_from_toml(&text.replacen(far, "modes = [\"video\"]", 1))
        };
        assert_eq!(read("").unwrap_err().len(), 1, "{demand}");
        for more in [
            "from = 2027-01-01",
            "to = 2026-12-31",
            "when = { products = [\"x\"] }",
            "answer = \"warn\"",
        ] {
            assert!(read(more).is_ok(), "{demand} {more}: {:?}", read(more));
        }
    }
    // A number that is wrong by itself is refused however few visits it is for.
    for lines in [
        "demand = \"units_per_visit\"\nunits = 97\nfrom = 2027-01-01",
        "demand = \"units_per_visit\"\nunits = \"0.5\"\nanswer = \"warn\"",
        "demand = \"group_average\"\nmost = 3\nwindow = \"month\"\nto = 2026-12-31",
    ] {
        let faults = pack_from_toml(&with("\"peer\"", lines)).expect_err(lines);
        assert_eq!(faults.len(), 1, "{lines}: {faults:?}");
    }
}

#[test]
fn an_agreement_does_not_lift_a_cap_beyond_its_days() {
    let mut pack = pack_from_toml(PACK).unwrap();
    pack.limits[0].agreement = Some(Direction::Replace);
    let agreed =
        |units: &str| format!("{AGREEMENT}\n[[adjustment]]\nlimit = \"daily\"\nunits = {units}\n");
    assert!(terms_from_toml(&pack, &agreed("96")).is_ok());
    for (units, part) in [("97", "nothing is limited"), ("\"0.5\"", "less than one unit")] {
        let faults = terms_from_toml(&pack, &agreed(units)).unwrap_err();
        assert_eq!((faults.len(), faults[0].path.as_str()), (1, "adjustment[1].units"));
        assert!(faults[0].message.contains(part), "{faults:?}");
    }
    let terms = terms_from_toml(&pack, &agreed("96")).unwrap();
    assert!(bind(&pack, &terms.agreement).is_ok());
}

#[test]
fn a_service_does_not_come_after_itself() {
    let own = "rounding = \"floor\"";
    let new = "successor = \"peer\"\nto = 2026-06-30\nrounding = \"floor\"";
    one_fault(PACK, None, (own, new, "service[1].successor", "after itself"), pack_from_toml);
}

#[test]
fn modifiers_that_no_line_can_have_are_refused() {
    let one_of = |m: &str| format!("demand = \"modifier_one_of\"\nmodifiers = [{m}]");
    refused(
        "\"peer\"",
        &one_of("\"HF\""),
        &one_of("\"HF\", \"95\""),
        "modifiers",
        "no line of peer",
    );
    let list = |m: &str| format!("demand = \"modifier_list\"\nmodifiers = [{m}]");
    refused(
        "\"peer\"",
        &list("\"HQ\""),
        &list("\"HQ\", \"HE\""),
        "modifiers",
        "line of peer has HE",
    );
    let other =
        |m: &str| format!("demand = \"other_payer\"\nmodifiers = [{m}]\npayer = \"The state\"");
    refused(
        "\"peer\", \"skills\"",
        &other("\"HZ\""),
        &other("\"95\""),
        "modifiers",
        "can have any",
    );
    // What a rule may add may be asked for, and what it always adds must be in the list.
    let rule = |more: &str| {
        format!(
            "[[modifier]]\nkey = \"m\"\nservices = [\"peer\"]\nadd = [\"HF\"]\n{more}source = \"manual\"\n\n[filing]"
        )
    };
    let ruled = |lines: &str, more: &str| {
        pack_from_toml(&with("\"peer\"", lines).replacen("[filing]", &rule(more), 1))
    };
    let sometimes = "when = { programs = [\"a\"] }\n";
    assert!(ruled(&one_of("\"HF\""), sometimes).is_ok());
    assert!(ruled(&list("\"HE\""), sometimes).is_ok());
    assert!(ruled(&list("\"HE\""), "to = 2026-06-30\n").is_ok());
    assert!(ruled(&list("\"HE\""), "").unwrap_err()[0].message.contains("line of peer has HF"));
    // Each mode adds another one, and none of them is listed.
    let modes = "modes = [{ mode = \"in_person\", modifiers = [\"U1\"] }, { mode = \"video\", modifiers = [\"95\"] }]";
    let text = with("\"peer\"", &list("\"HE\""));
    let own = text.lines().find(|l| l.starts_with("modes = ")).unwrap().to_owned();
    let faults = pack_from_toml(&text.replacen(&own, modes, 1)).unwrap_err();
    assert!(faults[0].message.contains("line of peer has U1"), "{faults:?}");
    // While its modes are not known nobody can say.
    let unknown = with("\"peer\"", &one_of("\"HF\"")).replacen(&own, "modes = \"unknown\"", 1);
    assert!(pack_from_toml(&unknown).is_ok());
}

#[test]
fn rules_that_always_hold_are_counted_together() {
    let rule = |key: &str, add: &str, more: &str| {
        format!(
            "[[modifier]]\nkey = \"{key}\"\nservices = [\"peer\"]\nadd = [{add}]\n{more}source = \"manual\"\n\n"
        )
    };
    let with = |more: &str| {
        let (one, two) = (rule("a", "\"U1\", \"U2\"", ""), rule("b", "\"U3\", \"U4\"", more));
        pack_from_toml(&PACK.replacen("[filing]", &format!("{one}{two}[filing]"), 1))
    };
    let faults = with("").unwrap_err();
    assert_eq!((faults.len(), faults[0].path.as_str()), (1, "modifier[2].add"));
    assert!(faults[0].message.contains("each line of the service peer"), "{faults:?}");
    assert!(with("when = { programs = [\"a\"] }\n").is_ok());
    assert!(with("from = 2026-02-01\n").is_ok());
}

#[test]
fn demands_that_no_visit_can_meet_are_refused() {
    let mode = |m: &str| format!("demand = \"mode\"\nmodes = [{m}]");
    refused(
        "\"peer\"",
        &mode("\"audio\""),
        &mode("\"audio\", \"video\""),
        "modes",
        "none of these",
    );
    // Of two services each is looked at.
    let both = "\"peer\", \"skills\"";
    refused(both, &mode("\"video\""), &mode("\"in_person\""), "modes", "skills is given in none");
    let average =
        |most: &str| format!("demand = \"group_average\"\nmost = {most}\nwindow = \"month\"");
    refused("\"skills\"", &average("\"2.5\""), &average("3"), "most", "skills has 3");
    let faults = pack_from_toml(&with("\"peer\"", &average("3"))).unwrap_err();
    assert_eq!((faults.len(), faults[0].path.as_str()), (1, "condition[1].services"));
    let units = |n: &str| format!("demand = \"units_per_visit\"\nunits = {n}");
    refused("\"peer\"", &units("\"0.5\""), &units("1"), "units", "less than one unit");
    refused("\"peer\"", &units("97"), &units("96"), "units", "1455 minutes");
    let classes = |c: &str| format!("demand = \"diagnosis_excluded\"\nclasses = [\"{c}\"]");
    let (own, other) = (classes("mental_health"), classes("substance_use"));
    refused("\"peer\"", &own, &other, "classes", "for these classes only");
    // Visits face to face are of the condition's own services.
    for lines in [
        "demand = \"face_to_face_within\"\ndays = 30",
        "demand = \"remote_share\"\npercent = 50\nwindow = \"month\"",
    ] {
        let far = |services: &str| {
            let text = with(services, lines);
            let own = text.lines().find(|l| l.starts_with("modes = ")).unwrap().to_owned();
            pack_from_toml(&text.replacen(&own, "modes = [\"video\"]", 1))
        };
        assert!(far(both).is_ok(), "{lines}");
        let faults = far("\"peer\"").unwrap_err();
        assert_eq!((faults.len(), faults[0].path.as_str()), (1, "condition[1].services"));
        let near = with("\"peer\"", lines).replacen(
            "[[source]]",
            "face_to_face = [\"video\"]\n\n[[source]]",
            1,
        );
        assert!(pack_from_toml(&near).is_ok(), "{lines}");
    }
}
