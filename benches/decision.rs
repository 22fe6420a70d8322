//! One decision from loaded facts, with all rules of a real payer's pack: how long it takes, and that
//! history outside of the windows costs nothing. Pure, on one core, in memory.
//!
//! `cargo bench --bench decision` measures each pack of `config/templates` and `config/payers`; with
//! a word, those whose file name has it: `cargo bench --bench decision -- texas`. Beside each figure
//! stands the bare limit of the same run: a copy of the facts and of the answer, which whoever stores
//! a decision makes at least once. Figures of a machine are in `docs/performance.md`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a bench fails by panicking and prints ratios"
)]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant as Clock};

use chrono::{Days, NaiveDate, TimeDelta};
use peerclaims::domain::codes::Mode;
use peerclaims::domain::contract::{
    Agreement, Demand, LimitScope, Pack, Rate, Service, Terms, When, pack_from_toml,
};
use peerclaims::domain::dates::{Instant, Span, parse_date};
use peerclaims::domain::decision::Decision;
use peerclaims::domain::encounter::EncounterData;
use peerclaims::domain::facts::{Facts, How, Usage};
use peerclaims::domain::identifiers::{Key, PartnerCode};
use peerclaims::domain::ids::{AuthorizationId, CoverageId, DocumentId, MemberId, PayerId, PeerId};
use peerclaims::domain::rules::{decide, reach, select};
use serde_json::{Value, json};

/// The day of the visit: late in a year, so that a year's windows reach far back.
const DAY: &str = "2026-11-20";
/// Visits of the member a week, in the windows and before them.
const WEEKLY: u64 = 3;
/// Years of history before the windows, and ten times as many.
const YEARS: [u64; 3] = [0, 1, 10];
/// Decisions of a sample, and samples. The fastest is told: whatever is slower was the machine's other
/// work.
const SAMPLE: u32 = 200;
const SAMPLES: usize = 301;

fn day() -> NaiveDate {
    parse_date(DAY).unwrap()
}

/// How many rules a pack has.
fn rules(pack: &Pack) -> usize {
    let Pack { services, modifiers, conditions, copays, limits, authorizations, .. } = pack;
    services.len()
        + modifiers.len()
        + conditions.len()
        + copays.len()
        + limits.len()
        + authorizations.len()
}

/// Packs by the names of their files.
fn packs() -> Vec<(String, Pack)> {
    let word = std::env::args().skip(1).find(|a| !a.starts_with('-')).unwrap_or_default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["config/templates", "config/payers"] {
        let Ok(entries) = std::fs::read_dir(root.join(folder)) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = format!("{folder}/{}", path.file_name().unwrap().to_string_lossy());
            if let Some(short) = name.strip_suffix(".toml").filter(|n| n.contains(&word)) {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((short.to_owned(), pack_from_toml(&text).unwrap()));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(!found.is_empty(), "no pack with `{word}`");
    found
}

/// Terms with a rate for each service; what the pack does not know is held, as its rules say.
fn terms(pack: Pack) -> Terms {
    let always = Span::new(parse_date("2020-01-01").unwrap(), None).unwrap();
    let rate = |s: &Service| Rate {
        service: s.key.clone(),
        span: always,
        allowed: "18.2500".parse().unwrap(),
        charge: Some("25".parse().unwrap()),
        accepted_elsewhere: None,
        modifiers: vec![],
        when: When::default(),
    };
    let agreement = Agreement {
        organization: Key::parse("river-bend").unwrap(),
        payer: pack.key.clone(),
        pack: pack.key.clone(),
        pack_version: pack.version.clone(),
        span: always,
        supersedes: None,
        billing_location: Key::parse("main").unwrap(),
        sender_qualifier: "ZZ".to_owned(),
        sender_id: PartnerCode::parse("RIVERBEND").unwrap(),
        claim: Box::default(),
        rates: pack.services.iter().map(rate).collect(),
        provider_number_issued: None,
        adjustments: vec![],
        dropped: vec![],
        programs: vec![],
    };
    Terms { pack, agreement }
}

/// The member's visits: `WEEKLY` a week, from the first day of the windows on, and for so many years
/// before it.
fn history(terms: &Terms, service: &Key, first: NaiveDate, years: u64) -> Vec<Usage> {
    let from = first.checked_sub_days(Days::new(years * 365)).unwrap();
    let rest = terms.pack.service(service).unwrap();
    let all = from.iter_days().take_while(|date| *date <= day());
    let mut rows = Vec::new();
    for date in all {
        // Counted back from the visit, so that all histories end alike.
        let nth = usize::try_from((day() - date).num_days()).unwrap();
        if u64::try_from(nth).unwrap() % 7 < WEEKLY {
            let mode =
                rest.modes.get(nth % rest.modes.len().max(1)).map_or(Mode::InPerson, |m| m.mode);
            let modifiers = rest.modifiers.clone();
            let how = Some(How { modifiers, mode });
            rows.push(Usage { service: service.clone(), date, authorization: None, how, units: 2 });
        }
    }
    rows
}

/// Facts as the service loads them: people, papers and authorizations as the pack asks for them, and
/// of the usage what its windows reach, as the store reads it, kept as the decision keeps it.
fn facts(terms: &Terms, rows: &[Usage]) -> Facts {
    let pack = &terms.pack;
    let kinds = pack.services.iter().flat_map(|s| &s.certificates);
    let certificates: Vec<Value> = kinds
        .map(|kind| {
            let endorsements = ["forensic", "youth"];
            json!({"state": pack.state.as_str(), "kind": kind.as_str(), "endorsements": endorsements,
                "span": {"from": "2025-01-01", "to": null}})
        })
        .collect();
    let coverage = |id: i64, order: u8, to: Option<&str>| {
        json!({"id": CoverageId::from_i64(id), "payer": PayerId::from_i64(id),
            "member_number": "TESTMEMBER1", "order": order, "product": "medicaid",
            "span": {"from": "2024-01-01", "to": to}})
    };
    let mut documents = Vec::new();
    for condition in &pack.conditions {
        if let Demand::Document { one_of, .. } = &condition.demand {
            for wanted in one_of {
                let about = wanted.about.first().map_or("usual", Key::as_str);
                let n = i64::try_from(documents.len()).unwrap();
                let elements: Vec<&str> = wanted.elements.iter().map(Key::as_str).collect();
                let score = wanted.min_score.map_or("30".to_owned(), |s| s.to_string());
                let mut document = json!({"id": DocumentId::from_i64(n), "reference": format!("D-{n}"),
                    "kind": wanted.kind.as_str(), "signed_on": "2026-11-01",
                    "span": {"from": "2026-11-01", "to": null}});
                let fields = document.as_object_mut().unwrap();
                match wanted.kind.as_str() {
                    "order" => fields.insert("elements".into(), json!(elements)),
                    "plan" => {
                        fields.insert("elements".into(), json!(elements));
                        fields.insert("goals".into(), json!(["G1", "G2", "G3"]))
                    }
                    "assessment" => {
                        fields.insert("score".into(), json!(score));
                        fields.insert("about".into(), json!(about))
                    }
                    _ => fields.insert("about".into(), json!(about)),
                };
                documents.push(document);
            }
        }
    }
    let authorization = |id: i64, units: u32, to: &str| {
        json!({"id": AuthorizationId::from_i64(id), "number": format!("A-{id}"), "services": [], "units": units,
            "span": {"from": "2026-01-01", "to": to}})
    };
    let billed = coverage(1, 1, None);
    let facts = json!({
        "as_of": "2026-11-21T12:00:00Z", "zone": "America/New_York", "part2": "not_program",
        "birth_date": "1990-05-05", "has_address": true,
        "coverages": [billed, coverage(2, 2, Some("2025-12-31"))], "billed": billed,
        "certificates": certificates,
        "peer": {"birth_date": "1980-02-02", "hired_on": "2020-01-01"},
        "authorizations": [authorization(1, 400, "2026-12-31"), authorization(2, 900, "2027-03-31"),
            authorization(3, 20, "2026-06-30")],
        "episodes": [], "documents": documents, "usage": [], "neighbors": [],
    });
    let mut facts: Facts = serde_json::from_value(facts).unwrap();
    let scope = LimitScope::MemberAndOrganization;
    let read: Vec<&Usage> = match reach(pack, scope, &facts.episodes, day()) {
        None => vec![],
        Some(days) => rows
            .iter()
            .filter(|u| days.from.is_none_or(|from| from <= u.date))
            .filter(|u| days.to.is_none_or(|to| u.date <= to))
            .collect(),
    };
    let kept = select(pack, &facts.episodes, &facts.authorizations, day(), (&read, &read));
    (facts.usage, facts.peer_usage, facts.anchors) = (kept.usage, kept.peer_usage, kept.anchors);
    facts
}

fn visit(service: &Service) -> EncounterData {
    let start = Instant::parse(&format!("{DAY}T15:00:00Z")).unwrap();
    let end = start.plus(TimeDelta::minutes(60));
    let setting = service.settings.first().map_or("office", |s| s.setting.as_str());
    let data = json!({
        "reference": "V-1", "peer": PeerId::from_i64(7), "member": MemberId::from_i64(9), "kind": {"service": service.key.as_str()},
        "role": service.roles.first().map_or("peer_support", |r| r.as_str()),
        "started_at": start.to_string(), "ended_at": end.to_string(),
        "mode": service.modes.first().map_or("in_person", |m| m.mode.as_str()),
        "setting": setting, "diagnoses": ["F32.9", "F41.1"], "authorization": null,
        "note": {"signed_at": end.to_string(), "plan_goal": "G1"},
    });
    serde_json::from_value(data).unwrap()
}

/// The time of one call in the fastest sample; the works take turns.
fn times(works: &[&dyn Fn()]) -> Vec<Duration> {
    let mut times = vec![Vec::with_capacity(SAMPLES); works.len()];
    for _ in 0..SAMPLES {
        for (work, times) in works.iter().zip(&mut times) {
            let begun = Clock::now();
            for _ in 0..SAMPLE {
                work();
            }
            times.push(begun.elapsed() / SAMPLE);
        }
    }
    times.into_iter().map(|t| t.into_iter().min().unwrap()).collect()
}

fn micros(time: Duration) -> String {
    format!("{:.2} µs", time.as_secs_f64() * 1e6)
}

fn main() {
    // `cargo test --benches` only asks whether it builds.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    println!(
        "| pack | rules | of the service | findings | rows loaded | one decision | with a year of \
         history outside | with ten | bare copy | of the copy | limit |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for (name, pack) in packs() {
        measure(&name, pack);
    }
}

fn measure(name: &str, pack: Pack) {
    let count = rules(&pack);
    let terms = terms(pack);
    // The service that most rules speak of.
    let of = |key: &Key| {
        let pack = &terms.pack;
        pack.conditions.iter().filter(|c| c.services.contains(key)).count()
            + pack.limits.iter().filter(|l| l.services.contains(key)).count()
            + pack.modifiers.iter().filter(|m| m.services.contains(key)).count()
            + pack.authorizations.iter().filter(|a| a.services.contains(key)).count()
    };
    let service = terms.pack.services.iter().max_by_key(|s| of(&s.key)).unwrap().clone();
    let scope = LimitScope::MemberAndOrganization;
    // Where a window has no beginning, or is not known, all history is in it and none outside.
    let first = reach(&terms.pack, scope, &[], day()).and_then(|d| d.from);
    let start = first.unwrap_or_else(|| day().checked_sub_days(Days::new(365)).unwrap());
    let encounter = visit(&service);
    let all = YEARS.map(|years| {
        let rows = history(&terms, &service.key, start, first.map_or(0, |_| years));
        facts(&terms, &rows)
    });
    let answers = all.each_ref().map(|facts| decide(Some(&terms), facts, &encounter));
    assert!(answers.iter().all(|a: &Decision| *a == answers[0]), "history outside says nothing");
    assert!(all.iter().all(|facts| *facts == all[0]), "and is not loaded");
    let works = all.each_ref().map(|facts| {
        || {
            black_box(decide(Some(black_box(&terms)), black_box(facts), black_box(&encounter)));
        }
    });
    let copy = || {
        black_box((black_box(&all[0]).clone(), black_box(&answers[0]).clone()));
    };
    let times = times(&[&works[0], &works[1], &works[2], &copy]);
    let ratio = |time: Duration, of: Duration| time.as_secs_f64() / of.as_secs_f64();
    let outside = |time: Duration| match first {
        Some(_) => format!("{:.2} times", ratio(time, times[0])),
        None => "none is outside".to_owned(),
    };
    println!(
        "| {name} | {count} | {} | {} | {} | {} | {} | {} | {} | {:.1} | 20 µs |",
        of(&service.key),
        answers[0].findings.len(),
        all[0].usage.len(),
        micros(times[0]),
        outside(times[1]),
        outside(times[2]),
        micros(times[3]),
        ratio(times[0], times[3]),
    );
}
