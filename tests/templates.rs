//! The templates of real payers in `config/templates/`: whole, sourced, retold, never bound, and each
//! with the shape that the field knows it by. What the completed copies of `fixtures/cases/packs/` add
//! is invented; what a template knows stands in its copy unchanged.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use peerclaims::domain::contract::retell;
use peerclaims::domain::contract::{
    AuthorizationNeed, Demand, Exceed, FilingAnchor, Pack, Place, Rounding, Service, Stacking,
    Years, pack_from_toml, terms_from_toml,
};
use peerclaims::domain::finding::Grade;
use peerclaims::domain::windows::Window;
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Name and text of each template.
fn templates() -> Vec<(String, String)> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(root().join("config/templates"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    found.into_iter().map(read).collect()
}

fn pack(text: &str) -> Pack {
    pack_from_toml(text).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn template(name: &str) -> Pack {
    pack(&std::fs::read_to_string(root().join(format!("config/templates/{name}.toml"))).unwrap())
}

fn service<'a>(pack: &'a Pack, key: &str) -> &'a Service {
    pack.service(&key.parse().unwrap()).unwrap()
}

fn demand<'a>(pack: &'a Pack, key: &str) -> &'a Demand {
    &pack.conditions.iter().find(|c| c.key.as_str() == key).unwrap().demand
}

/// An agreement for the first service of a pack, without a fault of its own.
fn agreement(pack: &Pack) -> String {
    let (key, version, service) = (&pack.key, &pack.version, &pack.services[0].key);
    format!(
        "[contract]\norganization = \"someone\"\npayer = \"payer\"\npack = \"{key}@{version}\"\n\
         from = 2026-01-01\nbilling_location = \"main\"\nsender_id = \"SOMEONE\"\n\n\
         [[rate]]\nservice = \"{service}\"\nfrom = 2026-01-01\nallowed = \"20.00\"\n"
    )
}

fn contract(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peerclaims"));
    command.arg("contract").args(arguments).current_dir(root());
    command.env_remove("PEERCLAIMS_CONFIG").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn each_value_has_source_date_and_grade_or_is_unknown() {
    let all = templates();
    assert_eq!(all.len(), 10);
    for (name, text) in &all {
        let pack = pack(text);
        assert_eq!(pack.key.as_str(), name, "a template has its file's name");
        assert!(text.starts_with("#:schema ../pack.schema.json\n"), "{name}");
        // Every table cites a source, or it is not read; every source has a date, and here a grade.
        for source in &pack.sources {
            assert!(source.authority.grade.is_some(), "{name}: {}", source.key);
        }
        assert!(pack.claim.source.is_some(), "{name}");
        // What would be silent, and so be told as a rule, is said or is unknown.
        let document: toml::Table = text.parse().unwrap();
        assert_eq!(
            document["pack"].as_table().unwrap().len(),
            4,
            "{name}: its values have no source"
        );
        for service in document["service"].as_array().unwrap() {
            for key in
                ["roles", "modes", "settings", "unit_minutes", "rounding", "sum_over", "min_age"]
                    .into_iter()
                    .chain(["diagnosis_classes", "certificates"])
            {
                assert!(service.get(key).is_some(), "{name}: {} {key}", service["key"]);
            }
        }
        for service in &pack.services {
            let key = &service.key;
            let retired = service.days.to.is_some();
            let limited = pack.limits.iter().any(|l| l.services.contains(key));
            let ruled = pack.authorizations.iter().any(|a| a.services.contains(key));
            assert!(limited || retired, "{name}: {key} is in no limit");
            assert!(ruled, "{name}: {key} is in no authorization rule");
        }
        let papers = document["documentation"].as_table().unwrap();
        assert!(papers.contains_key("signed_note") && papers.contains_key("plan_goal"), "{name}");
        let claim = document["claim"].as_table().unwrap();
        for key in ["rendering", "authorization_level", "rollup"] {
            assert!(claim.contains_key(key), "{name}: {key}");
        }
    }
}

/// `PEERCLAIMS_WRITE_DOCS=1 cargo test --test templates golden` writes them anew.
#[test]
fn each_is_retold_as_its_golden_file_says() {
    for (name, text) in templates() {
        let retold = retell::text(&retell::pack(&pack(&text)));
        let file = root().join(format!("fixtures/golden/retold/template-{name}.txt"));
        if std::env::var_os("PEERCLAIMS_WRITE_DOCS").is_some() {
            std::fs::write(&file, &retold).unwrap();
        }
        let golden = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(retold == golden, "{name}: PEERCLAIMS_WRITE_DOCS=1 writes it anew");
    }
}

#[test]
fn rk73_none_is_bound_and_the_refusal_lists_what_is_missing_with_its_line() {
    for (name, text) in templates() {
        let pack = pack(&text);
        assert!(!pack.unknown.is_empty(), "{name}");
        let faults = terms_from_toml(&pack, &agreement(&pack)).unwrap_err();
        assert_eq!(faults.len(), pack.unknown.len(), "{name}: {faults:#?}");
        for (fault, unknown) in faults.iter().zip(&pack.unknown) {
            assert_eq!((fault.path.as_str(), &fault.place), ("contract.pack", &Place::Line(4)));
            assert!(fault.message.contains(&unknown.to_string()), "{name}: {fault}");
            let Some(Place::Line(line)) = unknown.place else { panic!("{name}: no line") };
            let line = text.lines().nth(usize::try_from(line).unwrap() - 1).unwrap();
            let key = unknown.path.rsplit('.').next().unwrap();
            assert!(line.contains(&format!("{key} = ")), "{name}: {unknown}: {line}");
            assert!(line.contains("\"unknown\"") || unknown.grade.is_some(), "{name}: {line}");
        }
    }
}

#[test]
fn the_command_checks_each_and_refuses_to_bind_it() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text_of) in templates() {
        let pack = pack(&text_of);
        let file = format!("config/templates/{name}.toml");
        let checked = contract(&["check", &file]);
        assert!(checked.status.success(), "{name}");
        let warned = text(&checked.stderr);
        assert!(warned.contains("no contract can be bound to this pack"), "{warned}");
        let bound = folder.path().join(format!("{name}.toml"));
        std::fs::write(&bound, agreement(&pack)).unwrap();
        let refused = contract(&["check", bound.to_str().unwrap(), "--pack", &file]);
        assert_eq!(refused.status.code(), Some(1), "{name}");
        for unknown in &pack.unknown {
            assert!(warned.contains(&unknown.to_string()), "{name}: {unknown}");
            assert!(text(&refused.stderr).contains(&unknown.to_string()), "{name}: {unknown}");
        }
        let completed = format!("fixtures/cases/packs/{name}.toml");
        let told = contract(&["diff", &file, &completed]);
        assert!(told.status.success() && text(&told.stdout).contains("\n  + "), "{name}");
    }
}

#[test]
fn completed_copies_change_nothing_that_a_template_knows() {
    for (name, template) in templates() {
        let file = root().join(format!("fixtures/cases/packs/{name}.toml"));
        let completed = std::fs::read_to_string(file).unwrap();
        let copy = pack(&completed);
        assert!(copy.unknown.is_empty(), "{name}: {:?}", copy.unknown);
        assert!(terms_from_toml(&copy, &agreement(&copy)).is_ok(), "{name}");
        // A value that a weak source says may be confirmed, and stays as it is.
        let json = |text: &str| serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
        same(&name, "", &json(&template), &json(&completed));
    }
}

/// Holds what a template knows against its copy.
fn same(name: &str, at: &str, template: &Value, copy: &Value) {
    match (template, copy) {
        (Value::Object(table), _) => {
            for (key, value) in table {
                let sourced = ["source", "source_of", "rounding_source"].contains(&key.as_str());
                if value == "unknown" && key != "demand" && key != "stacking"
                    || sourced
                    || at == "/pack"
                {
                    continue;
                }
                let there = copy.get(key).unwrap_or_else(|| panic!("{name}: {at}/{key} is gone"));
                same(name, &format!("{at}/{key}"), value, there);
            }
        }
        (Value::Array(items), Value::Array(copies))
            if items.iter().all(|i| i.get("key").is_some()) =>
        {
            for item in items.iter().filter(|i| i.get("demand") != Some(&"unknown".into())) {
                let key = &item["key"];
                let there = copies.iter().find(|c| &c["key"] == key);
                let there = there.unwrap_or_else(|| panic!("{name}: {at} {key} is gone"));
                same(name, &format!("{at}/{key}"), item, there);
            }
        }
        (value, there) => assert_eq!(value, there, "{name}: {at}"),
    }
}

#[test]
fn the_southern_shapes() {
    let texas = template("texas");
    let limit = &texas.limits[0];
    assert_eq!((limit.units.to_string(), limit.exceed), ("104".to_owned(), Exceed::Hold));
    assert_eq!(limit.window, Window::RollingMonths { length: 6 });
    assert_eq!(limit.services.len(), 2, "individual and group count together");
    assert_eq!(service(&texas, "peer_group").group.as_ref().unwrap().max_size, Some(12));
    for key in ["peer_individual", "peer_group"] {
        let service = service(&texas, key);
        assert_eq!((service.min_age, service.modes.len()), (Some(21), 1));
        assert_eq!(service.modes[0].mode.as_str(), "in_person");
    }
    let filing = &texas.filing;
    assert_eq!((filing.days, filing.stop_days, filing.next_business_day), (95, Some(365), true));
    assert_eq!(filing.later_of, [FilingAnchor::ProviderNumber]);

    let carolina = template("north-carolina");
    let rule = &carolina.authorizations[0];
    let window = Window::EpisodeYear { first_month: 7, episode: None };
    assert_eq!(rule.need, AuthorizationNeed::After { free_units: 24, window });
    let block = rule.block.as_ref().unwrap();
    assert_eq!((block.units, block.days), (270, 90));
    assert_eq!(service(&carolina, "peer_group").group.as_ref().unwrap().members_per_peer, Some(12));
    assert!(matches!(demand(&carolina, "one-supervisor-for-8"), Demand::Supervisees { peers: 8 }));
    assert!(matches!(demand(&carolina, "one-peer-for-15"), Demand::Caseload { members: 15, .. }));
    // The notice gives the ratio and no time.
    assert!(carolina.unknown.iter().any(|u| u.path == "condition[4].window"));

    let virginia = template("virginia");
    assert_eq!(virginia.authorizations[0].need, AuthorizationNeed::Always);
    let yearly = &virginia.limits[1];
    assert_eq!(
        (yearly.hours.unwrap().to_string(), &yearly.window),
        ("900".into(), &Window::CalendarYear)
    );
    assert_eq!(yearly.units.to_string(), "3600");
    assert_eq!(service(&virginia, "peer_individual").certificates[0].as_str(), "cprs");
    assert!(matches!(demand(&virginia, "registered-with-the-board"), Demand::Certificate { .. }));
}

#[test]
fn the_middle_shapes() {
    let ohio = template("ohio");
    let limit = &ohio.limits[0];
    assert_eq!((limit.units.to_string(), limit.exceed), ("16".to_owned(), Exceed::Authorization));
    assert_eq!((limit.hours.unwrap().to_string(), &limit.window), ("4".to_owned(), &Window::Day));
    let sister = &ohio.limits[1];
    assert_eq!((sister.units.to_string(), &sister.window), ("8.5".to_owned(), &Window::Month));
    assert_eq!(service(&ohio, "recovery_management").procedure.as_str(), "T1016");

    let kansas = template("kansas");
    let gap = demand(&kansas, "three-years-apart");
    assert!(matches!(gap, Demand::AgeGap { years: 3, peer_older: false }), "{gap:?}");
    // The bulletin asks it of peer and parent, and the roster has the child's day of birth.
    let of = kansas.conditions.iter().find(|c| c.key.as_str() == "three-years-apart").unwrap();
    assert!(of.services.iter().all(|s| s.as_str() != "parent_peer"), "{:?}", of.services);
    assert_eq!(of.source.grade.map(Grade::as_str), Some("D"));
    // No condition asks for the member: a visit without the child is billed under its number.
    assert!(!kansas.conditions.iter().any(|c| matches!(c.demand, Demand::MemberPresent)));
    assert_eq!(service(&kansas, "parent_peer").roles[0].as_str(), "family");

    let nebraska = template("nebraska");
    let end = nebraska.certificates_end.as_ref().unwrap();
    assert_eq!((end.month, end.day, end.years), (9, 1, Years::Odd));
    let anchor = demand(&nebraska, "seen-within-30-days");
    assert!(matches!(anchor, Demand::FaceToFaceWithin { days: 30 }), "{anchor:?}");

    let michigan = template("michigan");
    let roundings: Vec<Rounding> = michigan.services.iter().map(|s| s.rounding).collect();
    assert_eq!(roundings, [Rounding::Floor, Rounding::Ceiling]);

    let minnesota = template("minnesota");
    let plan = demand(&minnesota, "plan-within-three-sessions");
    assert!(matches!(plan, Demand::Document { grace_visits: Some(3), .. }), "{plan:?}");
    for key in ["no-shared-home-no-employment", "no-staff-of-the-residence"] {
        assert!(matches!(demand(&minnesota, key), Demand::NoRelationship { .. }), "{key}");
    }
    assert!(minnesota.services.iter().all(|s| s.group.is_none()));
}

#[test]
fn the_western_shapes() {
    let california = template("california");
    let code = |key| service(&california, key).procedure.as_str().to_owned();
    assert_eq!((code("peer_individual"), code("peer_group")), ("H0038".into(), "H0025".into()));
    assert!(service(&california, "peer_group").modifiers.is_empty(), "another code, no modifier");

    let oregon = template("oregon");
    let switch = oregon.authorizations.iter().find(|a| !a.modifiers.is_empty()).unwrap();
    assert_eq!((switch.modifiers[0].as_str(), &switch.need), ("HK", &AuthorizationNeed::Always));
    let rural = oregon.modifiers.iter().find(|m| m.key.as_str() == "rural").unwrap();
    assert_eq!(rural.percent.unwrap().to_string(), "127");
    assert_eq!(rural.stacking, Stacking::Unknown);
    assert!(matches!(demand(&oregon, "uplift"), Demand::Unknown { .. }));
}

#[test]
fn what_is_of_grade_c_or_d_never_lets_a_visit_pass() {
    // Downgrade each source of each completed copy: either nothing of it lets a visit pass and the
    // contract still binds, or binding is refused.
    for (name, _) in templates() {
        let file: &Path = &root().join(format!("fixtures/cases/packs/{name}.toml"));
        let text = std::fs::read_to_string(file).unwrap();
        let before = pack(&text);
        for source in &before.sources {
            let head = format!("key = \"{}\"\ndocument", source.key);
            let (first, rest) = text.split_once(&head).unwrap();
            let (own, others) = rest.split_once("\n\n").unwrap();
            let own: Vec<&str> = own.lines().filter(|l| !l.starts_with("grade")).collect();
            let own = own.join("\n");
            let weak = pack(&format!("{first}{head}{own}\ngrade = \"C\"\n\n{others}"));
            let refused = terms_from_toml(&weak, &agreement(&weak)).is_err();
            assert_eq!(refused, !weak.unknown.is_empty(), "{name}: {}", source.key);
            let of_services = weak.services.iter().any(|s| {
                s.source.document == source.authority.document
                    && s.source.section == source.authority.section
            });
            assert!(refused || !of_services, "{name}: {} says what is billed", source.key);
        }
    }
}
