//! Conditions that no visit can meet together.

use super::PACK;
use crate::domain::contract::{Place, pack_from_toml, warnings};

/// The base with these conditions on its first service.
fn with(conditions: &[&str]) -> String {
    let of = |(number, lines): (usize, &&str)| {
        format!(
            "[[condition]]\nkey = \"rule-{number}\"\nservices = [\"peer\"]\n{lines}\nsource = \"manual\"\n\n"
        )
    };
    let all: String = (1..).zip(conditions).map(of).collect();
    let modifier = "[[modifier]]\nkey = \"sometimes\"\nservices = [\"peer\"]\nadd = [\"HQ\", \"U1\"]\n\
                    when = { programs = [\"one\"] }\nsource = \"manual\"\n\n";
    PACK.replacen("[filing]", &format!("{modifier}{all}[filing]"), 1)
}

fn demand(name: &str, rest: &str) -> String {
    format!("demand = \"{name}\"\n{rest}")
}

#[test]
fn two_conditions_that_no_visit_can_meet_are_refused_with_line_and_reason() {
    for (one, other, part) in [
        (
            demand("mode", "modes = [\"in_person\"]"),
            demand("mode", "modes = [\"video\"]"),
            "no mode in common",
        ),
        (
            demand("product", "products = [\"a\"]"),
            demand("product", "products = [\"b\", \"c\"]"),
            "no product line",
        ),
        (
            demand("diagnosis_family", "families = [\"F10\"]"),
            demand("diagnosis_family", "families = [\"F20\", \"F31\"]"),
            "no family of diagnoses",
        ),
        (
            demand("diagnosis_family", "families = [\"F10\"]"),
            demand("diagnosis_excluded", "classes = [\"substance_use\"]"),
            "each family is of a class that is excluded",
        ),
        (
            demand("enrolled", "episodes = [\"act\"]"),
            demand("not_enrolled", "episodes = [\"act\", \"inpatient\"]"),
            "the other one bars",
        ),
        (
            demand("modifier_one_of", "modifiers = [\"HQ\"]"),
            demand("modifier_list", "modifiers = [\"HE\", \"95\"]"),
            "none of the modifiers is in the list",
        ),
        (
            demand("modifier_one_of", "modifiers = [\"HQ\"]"),
            demand("other_payer", "modifiers = [\"HQ\"]\npayer = \"The state\""),
            "goes to The state",
        ),
        (
            demand("mode", "modes = [\"video\"]"),
            demand("face_to_face_within", "days = 30"),
            "could be face to face",
        ),
    ] {
        // In whichever order they stand, the later one is refused, at its demand.
        for (first, second) in [(&one, &other), (&other, &one)] {
            let text = with(&[first, second]);
            let faults = pack_from_toml(&text).expect_err(part);
            assert_eq!(faults.len(), 1, "{faults:#?}");
            assert_eq!(faults[0].path, "condition[2].demand");
            let line = text.lines().position(|l| l == "key = \"rule-2\"").unwrap() + 3;
            assert_eq!(faults[0].place, Place::Line(u32::try_from(line).unwrap()));
            assert!(faults[0].message.contains(part), "{faults:#?}");
            assert!(faults[0].message.contains("the condition rule-1 (line "), "{faults:#?}");
            // Each alone is met, and so are both where one only warns or has ended.
            let alone = |lines: &str| pack_from_toml(&with(&[lines])).is_ok();
            assert!(alone(first) && alone(second), "{first} {second}");
            let warns = format!("{second}\nanswer = \"warn\"");
            assert!(pack_from_toml(&with(&[first, &warns])).is_ok(), "{warns}");
            let (ended, begun) =
                (format!("{first}\nto = 2026-05-31"), format!("{second}\nfrom = 2026-06-01"));
            assert!(pack_from_toml(&with(&[&ended, &begun])).is_ok(), "{ended} {begun}");
            let overlap = format!("{second}\nfrom = 2026-05-31");
            // What is counted may be of another day.
            let refused = part != "could be face to face";
            let read = pack_from_toml(&with(&[&ended, &overlap]));
            assert_eq!(read.is_err(), refused, "{ended} {overlap}");
        }
    }
}

#[test]
fn what_one_visit_can_meet_together_stays() {
    for (one, other) in [
        (
            demand("mode", "modes = [\"in_person\", \"video\"]"),
            demand("mode", "modes = [\"video\"]"),
        ),
        (
            demand("diagnosis_family", "families = [\"F1\"]"),
            demand("diagnosis_family", "families = [\"F10\"]"),
        ),
        // F1 is of several classes of diagnoses.
        (
            demand("diagnosis_family", "families = [\"F1\"]"),
            demand("diagnosis_excluded", "classes = [\"substance_use\"]"),
        ),
        (
            demand("enrolled", "episodes = [\"act\", \"care\"]"),
            demand("not_enrolled", "episodes = [\"act\"]"),
        ),
        (
            demand("certificate", "certificates = [\"a\"]"),
            demand("certificate", "certificates = [\"b\"]"),
        ),
    ] {
        let read = pack_from_toml(&with(&[&one, &other]));
        assert!(read.is_ok(), "{one} {other}: {read:?}");
        assert_eq!(warnings(&read.unwrap()), Vec::<String>::new());
    }
    // Of another service.
    let text =
        with(&[&demand("mode", "modes = [\"in_person\"]"), &demand("mode", "modes = [\"video\"]")]);
    let at = text.rfind("services = [\"peer\"]\ndemand").unwrap();
    let other = format!(
        "{}{}",
        &text[..at],
        text[at..].replacen("[\"peer\"]", "[\"skills\"]", 1).replacen("video", "in_person", 1)
    );
    assert!(pack_from_toml(&other).is_ok());
}

#[test]
fn three_that_share_nothing_are_refused_though_each_two_do() {
    let audio = PACK.replacen("modes = [\"in_person\",", "modes = [\"in_person\", \"audio\",", 1);
    let mode = |modes: &str| demand("mode", &format!("modes = [{modes}]"));
    let three = [
        mode("\"in_person\", \"video\""),
        mode("\"video\", \"audio\""),
        mode("\"in_person\", \"audio\""),
    ];
    let text = with(&[&three[0], &three[1], &three[2]]).replacen(
        "modes = [\"in_person\", {",
        "modes = [\"in_person\", \"audio\", {",
        1,
    );
    assert!(pack_from_toml(&audio).is_ok());
    let faults = pack_from_toml(&text).unwrap_err();
    assert_eq!((faults.len(), faults[0].path.as_str()), (1, "condition[3].demand"), "{faults:#?}");
    assert!(faults[0].message.contains("those before it"), "{faults:#?}");
}

#[test]
fn what_leaves_nothing_ready_under_some_circumstances_is_warned_of() {
    let at_school = format!(
        "{}\nwhen = {{ settings = [\"office\"] }}",
        demand("mode", "modes = [\"in_person\"]")
    );
    let video = demand("mode", "modes = [\"video\"]");
    let pack = pack_from_toml(&with(&[&at_school, &video])).unwrap();
    let told = warnings(&pack);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("both conditions rule-1 and rule-2"), "{told:?}");
    // Visits that are one never are the other.
    let elsewhere = format!("{video}\nwhen = {{ settings = [\"street\"] }}");
    assert!(warnings(&pack_from_toml(&with(&[&at_school, &elsewhere])).unwrap()).is_empty());
    // A rule about no visit of its services.
    let nowhere = at_school.replacen("office", "jail", 1);
    let told = warnings(&pack_from_toml(&with(&[&nowhere])).unwrap());
    assert!(told.len() == 1 && told[0].contains("is about no visit"), "{told:?}");
}

#[test]
fn one_condition_that_sends_every_line_away_is_refused() {
    let away = |modifiers: &str| {
        demand("other_payer", &format!("modifiers = [{modifiers}]\npayer = \"The state\""))
    };
    let faults = pack_from_toml(&with(&[&away("\"HE\"")])).unwrap_err();
    assert_eq!(faults[0].path, "condition[1].modifiers");
    assert!(faults[0].message.contains("each line of peer has HE"), "{faults:#?}");
    for fine in [away("\"HQ\""), away("\"95\""), format!("{}\nfrom = 2026-05-01", away("\"HE\""))] {
        assert!(pack_from_toml(&with(&[&fine])).is_ok(), "{fine}");
    }
    // So is a visit that is always longer than one may be.
    let short = with(&[&demand("units_per_visit", "units = 3")]);
    assert!(pack_from_toml(&short).is_ok());
    let long = short.replacen("min_age = 18", "min_age = 18\nmin_minutes = 60", 1);
    let faults = pack_from_toml(&long).unwrap_err();
    assert!(faults[0].message.contains("makes 4 units"), "{faults:#?}");
}

#[test]
fn what_is_counted_may_be_of_another_service_or_another_day() {
    let near = [
        demand("face_to_face_within", "days = 30"),
        demand("remote_share", "percent = 40\nwindow = \"calendar_year\""),
    ];
    let video = demand("mode", "modes = [\"video\"]");
    for other in &near {
        assert!(pack_from_toml(&with(&[&video, other])).is_err(), "{other}");
        // Visits of one more service are counted too, and they are face to face.
        let text = with(&[&video, other]);
        let last = text.rfind("services = [\"peer\"]\ndemand").unwrap();
        let (before, after) = text.split_at(last);
        let more = after.replacen("[\"peer\"]", "[\"peer\", \"skills\"]", 1);
        let read = pack_from_toml(&format!("{before}{more}"));
        assert!(read.is_ok(), "{other}: {read:?}");
        // By video in one month only: the other months have visits to count from.
        let may = format!("{video}\nfrom = 2026-05-01\nto = 2026-05-31");
        for pair in [[&may, other], [other, &may]] {
            let read = pack_from_toml(&with(&[pair[0], pair[1]]));
            assert!(read.is_ok(), "{other}: {read:?}");
        }
    }
}

#[test]
fn what_is_refused_accuses_no_other_condition() {
    let (video, near) =
        (demand("mode", "modes = [\"video\"]"), demand("mode", "modes = [\"in_person\"]"));
    let (age, goal) = (demand("staff_age", "years = 21"), demand("plan_goal", ""));
    let faults = pack_from_toml(&with(&[&video, &near, &age, &goal])).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert_eq!(faults[0].path, "condition[2].demand");
}
