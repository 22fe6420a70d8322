//! The utilization report after a random history, against a slow recount of what the API lists:
//! each level by itself, for everybody who may read it, in every grouping.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::history::{self, Past};
use crate::report_tables::{same_file, same_table};
use crate::world::{self, Dice};

/// Every combination of the three usual dimensions, in every order; each of the others by itself,
/// with its neighbors, and all together.
const GROUPINGS: [&str; 26] = [
    "",
    "month",
    "organization",
    "service",
    "month,organization",
    "organization,month",
    "month,service",
    "service,month",
    "organization,service",
    "service,organization",
    "month,organization,service",
    "month,service,organization",
    "organization,month,service",
    "organization,service,month",
    "service,month,organization",
    "service,organization,month",
    "role",
    "mode",
    "setting",
    "program",
    "program,service",
    "organization,program",
    "mode,setting,role",
    "month,organization,service,role,mode,setting,program",
    "program,setting,mode,role,service,organization,month",
    "role,program",
];

/// One visit with all that a report counts of it.
#[derive(Debug, Clone)]
struct Visit {
    place: HashMap<&'static str, String>,
    day: String,
    payer: Option<String>,
    person: String,
    on_roster: String,
    status: String,
    minutes: i64,
    /// Units by status of their lines.
    units: BTreeMap<String, i64>,
    /// Units, charge and expected on released live claims.
    released: (i64, i64, i64),
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn cents(value: &Value) -> i64 {
    let text = value.as_str().unwrap();
    assert_eq!(text.split_once('.').unwrap().1.len(), 2, "{text}");
    text.replace('.', "").parse().unwrap()
}

/// All visits of an organization, from its lists of encounters and claims.
async fn visits(app: &TestApp, past: &Past) -> Vec<Visit> {
    let key = &past.world.biller;
    let mut numbers = HashMap::new();
    for member in world::all(app, "/v1/members", key).await {
        if let Some(coverage) = member["coverages"].get(0) {
            numbers.insert(text(&member["id"]), text(&coverage["member_number"]));
        }
    }
    let mut released: HashMap<String, (i64, i64, i64)> = HashMap::new();
    for status in ["released", "delivered"] {
        for claim in world::all(app, &format!("/v1/claims?status={status}"), key).await {
            let lines = claim["lines"].as_array().unwrap();
            for part in lines.iter().flat_map(|l| l["encounters"].as_array().unwrap()) {
                let sums = released.entry(text(&part["encounter"])).or_default();
                sums.0 += part["units"].as_i64().unwrap();
                sums.1 += cents(&part["charge"]);
                sums.2 += cents(&part["expected"]);
            }
        }
    }
    let list = world::all(app, "/v1/encounters", key).await;
    let counted = list.into_iter().filter(|e| e["status"] != "void");
    counted
        .map(|e| {
            let mut units = BTreeMap::new();
            for line in e["lines"].as_array().unwrap() {
                *units.entry(text(&line["status"])).or_default() += line["units"].as_i64().unwrap();
            }
            let (day, member) = (text(&e["service_date"]), text(&e["member"]));
            let payer = e["payer"].as_str().map(str::to_owned);
            let person = match &payer {
                Some(payer) => format!("{payer} {}", numbers[&member]),
                None => member.clone(),
            };
            Visit {
                place: HashMap::from([
                    ("month", day[..7].to_owned()),
                    ("organization", past.key.to_owned()),
                    ("service", e["service"].as_str().unwrap_or("none").to_owned()),
                    ("role", text(&e["role"])),
                    ("mode", text(&e["mode"])),
                    ("setting", text(&e["setting"])),
                    ("program", e["program"].as_str().unwrap_or("none").to_owned()),
                ]),
                released: released.get(&text(&e["id"])).copied().unwrap_or_default(),
                status: text(&e["status"]),
                minutes: e["minutes"].as_i64().unwrap(),
                day,
                payer,
                person,
                on_roster: format!("{} {member}", past.key),
                units,
            }
        })
        .collect()
}

/// A number of hundredths as the report writes it.
fn hundredths(top: i64, bottom: i64) -> Value {
    if bottom == 0 {
        return Value::Null;
    }
    let rounded = (200 * top + bottom) / (2 * bottom);
    json!(format!("{}.{:02}", rounded / 100, rounded % 100))
}

/// What the report must say of these visits.
fn measures(visits: &[&Visit], payer: bool) -> Value {
    let own = |n: i64| if payer { Value::Null } else { json!(n) };
    let of =
        |status: &str| i64::try_from(visits.iter().filter(|v| v.status == status).count()).unwrap();
    let units = |status: &str| visits.iter().filter_map(|v| v.units.get(status)).sum::<i64>();
    let released = |pick: fn(&Visit) -> i64| visits.iter().map(|v| pick(v)).sum::<i64>();
    // A payer knows people by its numbers, an organization by its roster.
    let known = |v: &&Visit| if payer { v.person.clone() } else { v.on_roster.clone() };
    let people: BTreeSet<String> = visits.iter().map(known).collect();
    let people = i64::try_from(people.len()).unwrap();
    let minutes = visits.iter().map(|v| v.minutes).sum::<i64>();
    let billed_units = released(|v| v.released.0);
    let all_units = visits.iter().flat_map(|v| v.units.values()).sum::<i64>();
    let recorded = if payer { billed_units } else { all_units };
    let money = |cents: i64| json!(format!("{}.{:02}", cents / 100, cents % 100));
    json!({
        "members": people,
        "encounters_recorded": visits.len(), "encounters_ready": own(of("ready")),
        "encounters_held": own(of("held")), "encounters_non_billable": own(of("non_billable")),
        "encounters_claimed": own(of("claimed")), "encounters_submitted": of("submitted"),
        "units_recorded": recorded, "units_ready": own(units("ready")), "units_held": own(units("held")),
        "units_claimed": own(units("claimed")), "units_submitted": billed_units,
        "contact_minutes": minutes,
        "contact_hours": hundredths(minutes, 60),
        "units_per_member": hundredths(recorded, people),
        "billed": money(released(|v| v.released.1)),
        "expected": money(released(|v| v.released.2)),
        "paid": null,
    })
}

/// The dimensions, which stand in front of the measures.
const DIMENSIONS: [&str; 7] =
    ["month", "organization", "service", "role", "mode", "setting", "program"];

/// The measures of a row of the report.
fn said(row: &Value) -> Value {
    let mut all = row.clone();
    for dimension in DIMENSIONS {
        all.as_object_mut().unwrap().remove(dimension).unwrap();
    }
    all
}

/// The groups of visits at a level, by the values of its dimensions.
fn groups<'a>(visits: &[&'a Visit], by: &[&str]) -> BTreeMap<Vec<String>, Vec<&'a Visit>> {
    let mut groups: BTreeMap<Vec<String>, Vec<&Visit>> = BTreeMap::new();
    for visit in visits {
        let place = by.iter().map(|d| visit.place[d].clone()).collect();
        groups.entry(place).or_default().push(visit);
    }
    groups
}

/// The report as JSON against the recount.
fn check(report: &Value, visits: &[&Visit], grouping: &str, payer: bool) {
    let by: Vec<&str> = grouping.split(',').filter(|d| !d.is_empty()).collect();
    assert_eq!(report["ties"]["ties"], true, "{grouping}: {}", report["ties"]);
    if !report["control"].is_null() {
        assert_eq!(report["control"]["ties"], true, "{grouping}: {}", report["control"]);
    }
    let checks = report["ties"]["checks"].as_array().unwrap();
    assert!(checks.iter().all(|c| c["holds"] == true && c["left"] == c["right"]));
    assert_eq!(said(&report["totals"]), measures(visits, payer), "{grouping}");
    let (mut rows, mut subtotals) = (BTreeMap::new(), BTreeMap::new());
    for depth in 1..=by.len() {
        let level = if depth == by.len() { &mut rows } else { &mut subtotals };
        for (place, visits) in groups(visits, &by[..depth]) {
            level.insert(place, measures(&visits, payer));
        }
    }
    for (name, wanted) in [("rows", rows), ("subtotals", subtotals)] {
        let list = report[name].as_array().unwrap();
        assert_eq!(list.len(), wanted.len(), "{grouping} {name}");
        let seen: BTreeMap<Vec<String>, Value> = list
            .iter()
            .map(|row| {
                let place = by.iter().filter_map(|d| row[*d].as_str().map(str::to_owned)).collect();
                (place, said(row))
            })
            .collect();
        assert_eq!(seen, wanted, "{grouping} {name}");
    }
}

/// The same from what was known of each visit at that moment: another way to every number.
async fn as_it_was(app: &TestApp, path: &str, key: &str, report: &Value) {
    let at = report["as_of"].as_str().unwrap();
    let past = app.get(&format!("{path}&as_of={at}"), key).await.expect(200);
    let mut now = report.clone();
    let control = now.as_object_mut().unwrap().remove("control").unwrap();
    assert_eq!(control["ties"], true, "{path}: {control}");
    assert_eq!(past, now, "{path}");
}

/// Who asks, and which visits that is about.
struct Reader {
    key: String,
    query: &'static str,
    payer: bool,
    sees: fn(&Visit) -> bool,
}

/// The visits as a reader is told of them: a payer knows the state's programs, and not the
/// organization's sites.
fn told(visits: &[Visit], payer: bool) -> Vec<Visit> {
    let mut told = visits.to_vec();
    for visit in told.iter_mut().filter(|_| payer) {
        if visit.place["program"] == "annex" {
            visit.place.insert("program", "none".to_owned());
        }
    }
    told
}

fn of_river(visit: &Visit) -> bool {
    visit.place["organization"] == "river-bend"
}

async fn readers(app: &TestApp, pasts: &[Past]) -> Vec<Reader> {
    let reader = |key: &str, query, payer, sees| Reader { key: key.to_owned(), query, payer, sees };
    let (admin, biller) = (&pasts[0].world.admin, &pasts[0].world.biller);
    let analyst = &app.key(Role::PayerAnalyst, "evergreen").await;
    vec![
        reader(biller, "", false, of_river),
        reader(biller, "&payer=evergreen", false, |v| of_river(v) && v.payer.is_some()),
        reader(admin, "", false, |_| true),
        reader(admin, "&organization=river-bend", false, of_river),
        reader(admin, "&payer=evergreen", false, |v| v.payer.is_some()),
        reader(admin, "&payer=lone-mesa", false, |_| false),
        reader(analyst, "", true, |v| v.released.0 > 0),
        reader(analyst, "&organization=river-bend&payer=evergreen", true, |v| {
            of_river(v) && v.released.0 > 0
        }),
    ]
}

on_both! {
    async fn every_level_is_what_a_recount_gives(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 5).await;
        world::payer(&app, &pasts[0].world.admin, "lone-mesa").await;
        history::play(&app, &mut pasts, &mut Dice::new(2026), 330).await;
        let mut all = visits(&app, &pasts[0]).await;
        all.extend(visits(&app, &pasts[1]).await);
        for state in ["ready", "held", "non_billable", "claimed", "submitted"] {
            assert!(all.iter().any(|v| v.status == state), "{state}");
        }
        assert!(all.iter().any(|v| v.payer.is_none()));
        // People who are served by both organizations are one for the payer.
        let people = |key: &str| -> BTreeSet<&String> {
            all.iter().filter(|v| v.place["organization"] == key && v.released.0 > 0).map(|v| &v.person).collect()
        };
        assert!(people("river-bend").intersection(&people("hill-top")).count() > 0);
        for reader in readers(&app, &pasts).await {
            for (from, to) in [("2026-07-01", "2026-08-31"), ("2026-07-10", "2026-08-09")] {
                let told = told(&all, reader.payer);
                let seen: Vec<&Visit> = told
                    .iter()
                    .filter(|v| (reader.sees)(v) && (from..=to).contains(&v.day.as_str()))
                    .collect();
                // The narrower period for some groupings only: the sums are the same ones.
                let step = if from == "2026-07-01" { 1 } else { 5 };
                for grouping in GROUPINGS.iter().step_by(step) {
                    let path = format!(
                        "/v1/reports/utilization?from={from}&to={to}&group_by={grouping}{}", reader.query);
                    let report = app.get(&path, &reader.key).await.expect(200);
                    check(&report, &seen, grouping, reader.payer);
                    as_it_was(&app, &path, &reader.key, &report).await;
                    let at = report["as_of"].as_str().unwrap();
                    let csv = app.get(&format!("{path}&format=csv&as_of={at}"), &reader.key).await;
                    assert!(csv.header("content-type").starts_with("text/csv"));
                    same_table(&report, &csv.body);
                    if step == 5 {
                        same_file(&app, &path, &reader.key, &csv.body).await;
                    }
                }
            }
        }
    }

    async fn nothing_is_zero_and_wrong_questions_are_refused(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let path = "/v1/reports/utilization";
        for key in [&w.biller, &w.admin, &analyst] {
            for grouping in GROUPINGS {
                let query = format!("{path}?from=2026-07-01&to=2026-07-31&group_by={grouping}");
                let report = app.get(&query, key).await.expect(200);
                assert_eq!(report["rows"], json!([]), "{grouping}");
                assert_eq!(report["subtotals"], json!([]), "{grouping}");
                assert_eq!(said(&report["totals"]), measures(&[], *key == analyst));
                assert!(report["totals"]["units_per_member"].is_null());
                assert_eq!(report["totals"]["billed"], "0.00");
                assert_eq!(report["totals"]["contact_hours"], "0.00");
                assert_eq!(report["ties"]["ties"], true);
            }
            for bad in [
                "", "?from=2026-07-01", "?to=2026-07-31", "?from=2026-07-31&to=2026-07-01",
                "?from=2026-02-30&to=2026-07-01", "?from=yesterday&to=2026-07-01",
                "?from=2000-01-01&to=2026-07-01",
                "?from=2026-07-01&to=2026-07-31&group_by=week",
                "?from=2026-07-01&to=2026-07-31&group_by=month,month",
                "?from=2026-07-01&to=2026-07-31&format=xml",
                "?from=2026-07-01&to=2026-07-31&from=2026-07-01",
                "?from=2026-07-01&to=2026-07-31&colour=red",
            ] {
                app.get(&format!("{path}{bad}"), key).await.problem(400, "invalid_parameter");
            }
            for unseen in ["payer=nobody", "organization=nobody"] {
                let query = format!("{path}?from=2026-07-01&to=2026-07-31&{unseen}");
                app.get(&query, key).await.problem(404, "not_found");
            }
        }
        let query = format!("{path}?from=2026-07-01&to=2026-07-01");
        let accept = |kind: &'static str| {
            let request = app.request(reqwest::Method::GET, &query, &w.biller);
            crate::app::send(request.header("accept", kind))
        };
        assert!(accept("text/csv").await.header("content-type").starts_with("text/csv"));
        assert!(accept("application/json").await.header("content-type").starts_with("application/json"));
        accept("application/pdf").await.problem(406, "not_acceptable");
    }
}
