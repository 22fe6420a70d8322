//! What payers write besides services and limits: conditions, modifiers, layers, clocks, what is not
//! known. Each key is read, and each fault has its line.

use rust_decimal::Decimal;

use super::{AGREEMENT, Bend, PACK, one_fault};
use crate::domain::contract::{
    Answer, AuthorizationNeed, Demand, Direction, FilingAnchor, Pack, Share, Stacking,
    pack_from_toml, terms_from_toml,
};
use crate::domain::money::Money;
use crate::domain::windows::Window;

fn with(more: &str) -> String {
    format!("{PACK}\n{more}\n")
}

fn read(more: &str) -> Pack {
    pack_from_toml(&with(more)).unwrap()
}

fn fault(more: &str, bend: Bend<'_>) {
    one_fault(&with(more), None, bend, pack_from_toml);
}

fn condition(lines: &str) -> String {
    format!("[[condition]]\nkey = \"one\"\nservices = [\"peer\"]\n{lines}\nsource = \"manual\"\n")
}

#[test]
fn every_demand_reads_and_is_written_as_it_was_read() {
    let lines = [
        "demand = \"modifier_one_of\"\nmodifiers = [\"HE\", \"HG\"]",
        "demand = \"modifier_list\"\nmodifiers = [\"HE\", \"95\"]",
        "demand = \"claim_hold\"",
        "demand = \"other_payer\"\nmodifiers = [\"95\"]\npayer = \"The state\"",
        "demand = \"unknown\"\nquestion = \"do both uplifts count?\"",
        "demand = \"diagnosis_excluded\"\nclasses = [\"substance_use\"]\nany = true",
        "demand = \"diagnosis_family\"\nfamilies = [\"F20\", \"F31.8\"]",
        "demand = \"product\"\nproducts = [\"snp\"]",
        "demand = \"mode\"\nmodes = [\"in_person\"]",
        "demand = \"face_to_face_within\"\ndays = 30",
        "demand = \"remote_share\"\npercent = 25\nwindow = \"fiscal_year\"\nfirst_month = 7",
        "demand = \"certificate\"\ncertificates = [\"board\"]",
        "demand = \"endorsement\"\nendorsements = [\"recovery\"]",
        "demand = \"staff_age\"\nyears = 18",
        "demand = \"age_gap\"\nyears = 3\npeer_older = true",
        "demand = \"units_per_visit\"\nunits = 16",
        "demand = \"enrolled\"\nepisodes = [\"sud\"]",
        "demand = \"not_enrolled\"\nepisodes = [\"act\"]",
        "demand = \"group_average\"\nmost = \"3.5\"\nwindow = \"month\"",
        "demand = \"caseload\"\nmembers = 15\nwindow = \"fiscal_year\"\nfirst_month = 7",
        "demand = \"supervisees\"\npeers = 8",
        "demand = \"member_present\"",
        "demand = \"document\"\none_of = [{ kind = \"order\", signed = true, valid_days = 30, \
         elements = [\"credential\"] }, { kind = \"assessment\", about = [\"whodas\"], \
         min_score = 25, max_score = \"100\" }]\ngrace_visits = 3",
        "demand = \"plan_goal\"",
        "demand = \"no_relationship\"\nabout = [\"shared_home\"]",
    ];
    for (lines, name) in lines.iter().zip(Demand::NAMES) {
        assert!(lines.contains(&format!("\"{name}\"")), "{name}");
        // An average is of groups, and a service for groups is no other.
        let groups = "unit_minutes = 15\ngroup = { source = \"manual\" }";
        let of = if *name == "group_average" { groups } else { "unit_minutes = 15" };
        let bent = with(&condition(lines)).replacen("unit_minutes = 15", of, 1);
        let pack = pack_from_toml(&bent).unwrap_or_else(|f| panic!("{name}: {f:#?}"));
        let text = serde_json::to_string(&pack).unwrap();
        assert_eq!(serde_json::from_str::<Pack>(&text).unwrap(), pack, "{name}");
        assert_eq!(pack.conditions[0].answer, Answer::Hold);
    }
    assert_eq!(lines.len(), Demand::NAMES.len());
    let more = "answer = \"warn\"\nfrom = 2026-02-01\nto = 2026-03-01\n\
                when = { programs = [\"waiver\"], member_present = false, group = true }";
    let pack = read(&condition(&format!("demand = \"claim_hold\"\n{more}")));
    let condition = &pack.conditions[0];
    assert_eq!((condition.answer, condition.when.asked()), (Answer::Warn, 3));
    assert!(condition.days.covers("2026-03-01".parse().unwrap()));
}

#[test]
fn conditions_that_are_wrong() {
    let base = condition("demand = \"staff_age\"\nyears = 18");
    let own = "years = 18";
    for (new, path, part) in [
        ("years = 0", "condition[1].years", "from 1 to 120"),
        ("years = 18\ndays = 3", "condition[1].days", "not known here"),
        ("years = 18\nanswer = \"deny\"", "condition[1].answer", "an answer is one of"),
        ("years = 18\nwhen = {}", "condition[1].when", "asks for nothing"),
        ("years = 18\nwhen = { mode = [\"video\"] }", "condition[1].when.mode", "`modes`?"),
        ("years = 18\nto = 2026-01-01\nfrom = 2026-01-02", "condition[1].to", "before the first"),
    ] {
        let line = match path {
            "condition[1].when.mode" | "condition[1].when" => "when = {",
            "condition[1].days" => "days = 3",
            "condition[1].answer" => "answer = \"deny\"",
            "condition[1].to" => "to = 2026-01-01\nfrom",
            _ => new,
        };
        one_fault(&with(&base), Some(line), (own, new, path, part), pack_from_toml);
    }
    let demand = "demand = \"staff_age\"";
    fault(&base, (demand, "demand = \"age\"", "condition[1].demand", "a demand is one of"));
    let empty = condition("demand = \"product\"\nproducts = [\"snp\"]");
    let bend = ("products = [\"snp\"]", "products = []", "condition[1].products", "at least one");
    fault(&empty, bend);
    let wanted =
        condition("demand = \"document\"\none_of = [{ kind = \"plan\", review_days = 90 }]");
    let own = "{ kind = \"plan\", review_days = 90 }";
    let at = "condition[1].one_of";
    for (new, path, part) in [
        ("{ kind = \"order\", review_days = 90 }", "[1].review_days", "of the kind plan has this"),
        // What no such document says can never be met.
        (
            "{ kind = \"order\", about = [\"lpcc\"] }",
            "[1].about",
            "of the kind order says of nothing",
        ),
        (
            "{ kind = \"plan\", about = [\"lpcc\"] }",
            "[1].about",
            "of the kind plan says of nothing",
        ),
        ("{ kind = \"notice\", elements = [\"name\"] }", "[1].elements", "notice has no elements"),
        (
            "{ kind = \"assessment\", min_score = 26, max_score = 25 }",
            "[1].min_score",
            "no score is 26 or more and 25 or less",
        ),
        ("{ kind = \"letter\" }", "[1].kind", "a kind of document is one of"),
        ("{ kind = \"plan\", valid_days = 0 }", "[1].valid_days", "from 1 to 3660"),
        ("", "", "at least one"),
    ] {
        fault(&wanted, (own, new, &format!("{at}{path}"), part));
    }
    let share = condition("demand = \"remote_share\"\npercent = 25\nwindow = \"month\"");
    let bend = (
        "window = \"month\"",
        "window = \"rolling_days\"\nlength = 30",
        "condition[1].window",
        "still",
    );
    fault(&share, bend);
    fault(&share, ("percent = 25", "percent = 100", "condition[1].percent", "from 1 to 99"));
}

const MODIFIER: &str = "[[modifier]]\nkey = \"rural\"\nservices = [\"peer\"]\nadd = [\"TN\"]\n\
                        percent = 127\nstacking = \"allowed\"\nsource = \"manual\"\n";

#[test]
fn modifiers_by_circumstance() {
    let rule = &read(MODIFIER).modifiers[0];
    assert_eq!((rule.percent, rule.stacking), (Some(Decimal::from(127)), Stacking::Allowed));
    let silent = read(&MODIFIER.replace("stacking = \"allowed\"\n", ""));
    assert_eq!(silent.modifiers[0].stacking, Stacking::Unknown);
    let five = "add = [\"U1\", \"U2\", \"U3\", \"U4\", \"U5\"]";
    for bend in [
        ("add = [\"TN\"]", five, "modifier[1].add", "room for four"),
        ("add = [\"TN\"]", "add = []", "modifier[1].add", "at least one"),
        ("percent = 127", "percent = 0", "modifier[1].percent", "above 0"),
        ("percent = 127", "percent = -5", "modifier[1].percent", "above 0"),
        ("percent = 127", "percent = 1000", "modifier[1].percent", "below 1000"),
        ("stacking = \"allowed\"", "stacking = \"x\"", "modifier[1].stacking", "is one of"),
        ("services = [\"peer\"]\nadd", "services = [\"pear\"]\nadd", "modifier[1].services[1]", ""),
    ] {
        fault(MODIFIER, bend);
    }
}

#[test]
fn services_with_days_a_successor_and_a_least_time() {
    let more = "to = 2026-06-30\nsuccessor = \"skills\"\nmin_minutes = 60\nprovisional_months = 4\n\
                rounding = \"floor\"";
    let pack = pack_from_toml(&PACK.replacen("rounding = \"floor\"", more, 1)).unwrap();
    let service = &pack.services[0];
    assert_eq!((service.min_minutes, service.provisional_months), (60, Some(4)));
    assert_eq!(service.successor.as_ref().unwrap().as_str(), "skills");
    let own = "rounding = \"floor\"";
    let bend = |new, path, part| one_fault(PACK, None, (own, new, path, part), pack_from_toml);
    bend(
        "successor = \"skill\"\nto = 2026-06-30\nrounding = \"floor\"",
        "service[1].successor",
        "`skills`?",
    );
    bend("successor = \"skills\"\nrounding = \"floor\"", "service[1].successor", "has a last day");
    bend("min_minutes = 0\nrounding = \"floor\"", "service[1].min_minutes", "from 1 to 480");
}

#[test]
fn hours_and_layers_of_limits() {
    fn bend(new: &str, path: &str, part: &str) {
        one_fault(PACK, None, ("units = \"8.5\"", new, path, part), pack_from_toml);
    }
    let hours = PACK.replacen(
        "services = [\"peer\", \"skills\"]\nunits = \"8.5\"",
        "services = [\"peer\"]\nhours = 20",
        1,
    );
    let limit = &pack_from_toml(&hours).unwrap().limits[0];
    assert_eq!((limit.units, limit.hours), (Decimal::from(80), Some(Decimal::from(20))));
    let own = "units = \"8.5\"";
    bend("hours = 8", "limit[1].hours", "different lengths");
    bend("units = 16 # both\nhours = 4", "limit[1].units", "keep one of both");
    let layer = |units, may| {
        format!(
            "units = 24\nlayer = {{ of = \"state\", units = {units}, may = \"{may}\", source = \"manual\" }}"
        )
    };
    // A plan may be looser than the state, never tighter (North Carolina's state-funded program).
    for (units, may, fine) in [
        (24, "loosen", true),
        (23, "loosen", true),
        (25, "loosen", false),
        (25, "tighten", true),
        (23, "tighten", false),
        (96, "replace", true),
    ] {
        let new = layer(units, may);
        if fine {
            let text = PACK.replacen(own, &new, 1);
            assert!(pack_from_toml(&text).unwrap().limits[0].layer.is_some());
        } else {
            let part =
                if may == "loosen" { "may only be loosened" } else { "may only be tightened" };
            bend(&new, "limit[1].units", part);
        }
    }
}

#[test]
fn rk31_an_agreement_changes_a_number_only_as_pack_and_layer_let_it() {
    let open = |direction: &str, layer: &str| {
        let text = PACK.replacen(
            "free_units = 24",
            &format!("free_units = 24\nagreement = \"{direction}\"\n{layer}"),
            1,
        );
        pack_from_toml(&text).unwrap()
    };
    let agreed = |units: u32| {
        format!("{AGREEMENT}\n[[adjustment]]\nauthorization = \"first\"\nunits = {units}\n")
    };
    let bound = |pack: &Pack, units| terms_from_toml(pack, &agreed(units));
    let loosen = open("loosen", "");
    let terms = bound(&loosen, 64).unwrap();
    let AuthorizationNeed::After { free_units, .. } = terms.pack.authorizations[0].need else {
        panic!("free units are wanted")
    };
    assert_eq!(free_units, 64);
    let wrong = |pack: &Pack, units, part: &str| {
        let faults = bound(pack, units).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:#?}");
        assert_eq!(faults[0].path, "adjustment[1].units");
        assert!(faults[0].message.contains(part), "{faults:#?}");
    };
    wrong(&loosen, 12, "may only be loosened");
    wrong(&pack_from_toml(PACK).unwrap(), 64, "does not say that an agreement may");
    let state = "layer = { of = \"state\", units = 20, may = \"loosen\", source = \"manual\" }";
    let tighten = open("tighten", state);
    assert!(bound(&tighten, 20).is_ok());
    wrong(&tighten, 19, "may only be loosened");
    let none = agreed(64).replace("\"first\"", "\"firs\"");
    let faults = terms_from_toml(&loosen, &none).unwrap_err();
    assert_eq!(faults[0].path, "adjustment[1].authorization");
    assert_eq!(Direction::parse("loosen").unwrap(), Direction::Loosen);
}

#[test]
fn clocks_with_anchors_rolls_and_a_stop() {
    let more = "days = 95\nlater_of = [\"provider_number_issued\", \"coverage_known\"]\n\
                next_business_day = true\nholidays = [2026-12-25]\nstop_days = 365";
    let filing = pack_from_toml(&PACK.replacen("days = 95", more, 1)).unwrap().filing;
    assert_eq!(filing.later_of, FilingAnchor::ALL);
    assert_eq!((filing.stop_days, filing.holidays.len()), (Some(365), 1));
    let months = pack_from_toml(&PACK.replacen("days = 95", "months = 6", 1)).unwrap().filing;
    assert_eq!((months.days, months.months), (0, 6));
    let bend =
        |new, path, part| one_fault(PACK, None, ("days = 95", new, path, part), pack_from_toml);
    bend("stop_days = 90\ndays = 95", "filing.stop_days", "from 95 to 730");
    bend("holidays = [2026-12-25]\ndays = 95", "filing.holidays", "only; remove it");
    bend("months = 6\ndays = 95", "filing.months", "keep one of both");
    bend("months = 25", "filing.months", "from 1 to 24");
}

#[test]
fn rk73_unknown_is_a_legal_value_and_no_contract_is_bound_to_it() {
    let unknown = [
        ("rounding = \"floor\"", "rounding = \"unknown\"", "service[1].rounding"),
        ("unit_minutes = 15", "unit_minutes = \"unknown\"", "service[1].unit_minutes"),
        ("min_age = 18", "min_age = \"unknown\"", "service[1].min_age"),
        ("certificates = [\"cpc\"]", "certificates = \"unknown\"", "service[1].certificates"),
        ("units = \"8.5\"", "units = \"unknown\"", "limit[1].units"),
        ("exceed = \"hold\"", "exceed = \"unknown\"", "limit[1].exceed"),
        ("require = \"always\"", "require = \"unknown\"", "authorization[2].require"),
        ("days = 95", "days = \"unknown\"", "filing.days"),
        ("payer_id = \"PLAIN\"", "payer_id = \"unknown\"", "claim.payer_id"),
    ];
    for (old, new, path) in unknown {
        let pack = pack_from_toml(&PACK.replacen(old, new, 1)).unwrap_or_else(|f| panic!("{f:#?}"));
        let paths: Vec<&str> = pack.unknown.iter().map(|u| u.path.as_str()).collect();
        assert_eq!(paths, [path]);
        let faults = terms_from_toml(&pack, AGREEMENT).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:#?}");
        assert!(faults[0].message.contains(path), "{faults:#?}");
    }
    // A value that may not be unknown is what it always was: wrong.
    let bend = ("state = \"WA\"", "state = \"unknown\"", "pack.state", "");
    one_fault(PACK, None, bend, pack_from_toml);
}

#[test]
fn other_tables_of_payers_words() {
    let ends = "[certificates_end]\nmonth = 9\nday = 1\nyears = \"odd\"\nsource = \"manual\"\n";
    let end = read(ends).certificates_end.unwrap();
    let last = |from: &str| end.last_day(from.parse().unwrap()).unwrap().to_string();
    assert_eq!(last("2025-08-31"), "2025-08-31");
    assert_eq!(last("2025-09-01"), "2027-08-31");
    assert_eq!(last("2026-12-31"), "2027-08-31");
    fault(ends, ("day = 1\n", "day = 31\n", "certificates_end.day", "from 1 to 28"));
    let never = "[never_billed]\nactivities = [\"bridging\"]\nsource = \"manual\"\n";
    assert_eq!(read(never).never_billed.unwrap().activities.len(), 1);
    let copay = "[[copay]]\nkey = \"share\"\nservices = [\"peer\"]\nper_unit = \"0.65\"\n\
                 source = \"manual\"\n";
    assert_eq!(read(copay).copays[0].share, Share::PerUnit("0.65".parse().unwrap()));
    let unit = "per_unit = \"0.65\"";
    fault(copay, (unit, "per_unit = 1000", "copay[1].per_unit", "below 1000"));
    let share = |new: &str| read(&copay.replacen(unit, new, 1)).copays[0].share;
    assert_eq!(share("per_visit = 3"), Share::PerVisit(Money::from_cents(300)));
    assert_eq!(share("per_day = \"2.30\""), Share::PerDay(Money::from_cents(230)));
    fault(copay, (unit, "per_day = \"2.305\"", "copay[1].per_day", "2 decimals"));
    fault(copay, (unit, "per_visit = 1000", "copay[1].per_visit", "below 1000"));
    let none = pack_from_toml(&with(&copay.replacen(unit, "", 1))).unwrap_err();
    assert!(none.len() == 1 && none[0].message.contains("or `per_visit` or `per_day`"), "{none:?}");
    let both = "per_unit = 1\nper_day = 1";
    let bend = (unit, both, "copay[1].per_day", "two copays");
    one_fault(&with(copay), Some("per_day"), bend, pack_from_toml);
    let window = "window = \"calendar_year\"";
    let text = PACK.replacen(window, "window = \"episode_year\"\nfirst_month = 7", 1);
    let need = &pack_from_toml(&text).unwrap().authorizations[0].need;
    assert!(matches!(
        need,
        AuthorizationNeed::After { window: Window::EpisodeYear { first_month: 7, .. }, .. }
    ));
}

#[test]
fn rates_for_lines_and_visits() {
    let pack = pack_from_toml(PACK).unwrap();
    let more = "\n[[rate]]\nservice = \"peer\"\nfrom = 2026-01-01\nallowed = \"15\"\n\
                modifiers = [\"HE\"]\nwhen = { products = [\"waiver\"] }\naccepted_elsewhere = \"14\"\n";
    let terms = terms_from_toml(&pack, &format!("{AGREEMENT}{more}")).unwrap();
    assert_eq!(terms.agreement.rates.len(), 4);
    // The same line and visit twice on one day is still a fault.
    let faults = terms_from_toml(&pack, &format!("{AGREEMENT}{more}{more}")).unwrap_err();
    assert_eq!(faults[0].path, "rate[5]");
    let issued =
        AGREEMENT.replacen("sender_id", "provider_number_issued = 2026-03-01\nsender_id", 1);
    let agreement = terms_from_toml(&pack, &issued).unwrap().agreement;
    assert_eq!(agreement.provider_number_issued, "2026-03-01".parse().ok());
}

#[test]
fn a_rule_is_cited_with_its_line_in_the_pack() {
    let text = with(&condition("demand = \"claim_hold\""));
    let pack = pack_from_toml(&text).unwrap();
    let place = pack.conditions[0].source.place.clone().unwrap();
    let line: usize = place.strip_prefix("line ").unwrap().parse().unwrap();
    let shown: Vec<&str> = text.lines().skip(line - 1).take(2).collect();
    assert!(shown.contains(&"[[condition]]") || shown.contains(&"key = \"one\""), "{shown:?}");
}

#[test]
fn what_a_peer_does_is_counted_on_the_calendar() {
    for window in ["rolling_months\"\nlength = 6", "episode\"", "episode_year\"\nfirst_month = 7"] {
        let lines = format!("demand = \"caseload\"\nmembers = 15\nwindow = \"{window}");
        let refused = pack_from_toml(&with(&condition(&lines)));
        let faults = refused.unwrap_err();
        assert!(faults.iter().any(|f| f.path.ends_with("window")), "{window}: {faults:?}");
    }
}
