//! Public cuts as somebody outside gets them, issue after issue, on random data: what is shown is what a
//! recount of claims gives, and whoever keeps all issues and combines cuts and restatements finds no group
//! of 1 to 10 people. (The same with an attacker who tries everything: `domain::report::suppress`.)

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::past::Past;
use crate::raw::Raw;
use crate::world::{self, Dice, id, visit_of};

/// What is told of an organization, a cut and a value: people, or that they are hidden.
type Cuts = BTreeMap<[String; 3], Option<i64>>;

const MODES: [&str; 3] = ["in_person", "video", "audio"];
const BANDS: [&str; 4] = ["1", "2-5", "6-12", "13+"];

fn few(people: i64) -> bool {
    (1..=10).contains(&people.abs())
}

fn key(organization: &str, cut: &str, value: &str) -> [String; 3] {
    [organization, cut, value].map(str::to_owned)
}

/// What nobody may see: the cuts with every number.
async fn truth(app: &TestApp, pasts: &[Past]) -> BTreeMap<[String; 3], i64> {
    let mut all: BTreeMap<[String; 3], i64> = BTreeMap::from([(key("all", "all", "all"), 0)]);
    for past in pasts {
        let raw = Raw::read(app, past).await;
        let mut people: BTreeMap<&String, [usize; 3]> = BTreeMap::new();
        for visit in raw.visits.iter().filter(|v| !v.is_void() && v.billed().is_some()) {
            let mode = MODES.iter().position(|mode| *mode == visit.mode).unwrap();
            people.entry(&visit.member).or_default()[mode] += 1;
        }
        if people.is_empty() {
            continue;
        }
        let cuts = MODES.map(|m| ("mode", m)).into_iter().chain(BANDS.map(|b| ("contacts", b)));
        for (cut, value) in cuts.chain([("all", "all")]) {
            all.insert(key(past.key, cut, value), 0);
        }
        for of in people.values() {
            let most = of.iter().max().unwrap();
            let mode = MODES[of.iter().position(|n| n == most).unwrap()];
            let band = match of.iter().sum::<usize>() {
                1 => "1",
                2..=5 => "2-5",
                6..=12 => "6-12",
                _ => "13+",
            };
            for place in [
                key("all", "all", "all"),
                key(past.key, "all", "all"),
                key(past.key, "mode", mode),
                key(past.key, "contacts", band),
            ] {
                *all.get_mut(&place).unwrap() += 1;
            }
        }
    }
    all
}

/// What an issue tells, in each of its forms.
async fn told(app: &TestApp, admin: &str, manifest: &Value) -> Cuts {
    let path = format!("/v1/report-issues/{}/file", manifest["id"].as_str().unwrap());
    let report = app.get(&path, admin).await.expect(200);
    assert!(manifest["totals"].is_null() && report["totals"].is_null());
    let mut cuts = Cuts::new();
    for row in report["rows"].as_array().unwrap() {
        let place = ["organization", "cut", "value"].map(|c| row[c].as_str().unwrap().to_owned());
        let people = row["people"].as_i64();
        assert_eq!(row["suppressed"], if people.is_some() { "no" } else { "yes" });
        cuts.insert(place, people);
    }
    let csv = app.get(&format!("{path}?format=csv"), admin).await.body;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let place = reader.headers().unwrap().iter().position(|name| name == "people").unwrap();
    let numbers: Vec<Option<i64>> =
        reader.records().map(|r| r.unwrap()[place].parse().ok()).collect();
    let said: Vec<Option<i64>> =
        report["rows"].as_array().unwrap().iter().map(|row| row["people"].as_i64()).collect();
    assert_eq!(numbers, said, "the CSV tells as much as the JSON");
    cuts
}

/// Wholes with their parts, as anybody knows them.
fn sums(cuts: &Cuts) -> Vec<([String; 3], Vec<[String; 3]>)> {
    let organizations: Vec<&[String; 3]> =
        cuts.keys().filter(|k| k[1] == "all" && k[0] != "all").collect();
    let mut all =
        vec![(key("all", "all", "all"), organizations.iter().map(|k| (*k).clone()).collect())];
    for organization in organizations {
        for cut in ["mode", "contacts"] {
            let parts =
                cuts.keys().filter(|k| k[0] == organization[0] && k[1] == cut).cloned().collect();
            all.push((organization.clone(), parts));
        }
    }
    all
}

/// One issue by itself: no few are shown, and what is left of a whole is no few either.
fn attack_one(cuts: &Cuts) {
    for (place, people) in cuts {
        assert!(!people.is_some_and(few), "{place:?} {people:?}");
    }
    for (whole, parts) in sums(cuts) {
        let hidden = parts.iter().filter(|part| cuts[*part].is_none()).count();
        if let (Some(whole), true) = (cuts[&whole], hidden > 0) {
            let rest = whole - parts.iter().filter_map(|part| cuts[part]).sum::<i64>();
            // Each of them is one at least: the largest that one can be is what the others leave.
            let widest = rest - i64::try_from(hidden).unwrap();
            assert!(hidden > 1 && widest > 10, "{whole} of {parts:?} leaves {rest} for {hidden}");
        }
    }
}

/// Two issues together: whatever both tell, and what is left of a whole, moved by none or by many.
fn attack_two(before: &Cuts, after: &Cuts) {
    let was = |place: &[String; 3]| before.get(place).copied().unwrap_or(Some(0));
    let moved = |place: &[String; 3]| Some(after[place]? - was(place)?);
    for place in after.keys() {
        assert!(!moved(place).is_some_and(few), "{place:?} moved by {:?}", moved(place));
    }
    for (whole, parts) in sums(after) {
        let shown: i64 = parts.iter().filter_map(moved).sum();
        match moved(&whole) {
            Some(by) => {
                assert!(!few(by - shown), "what is hidden of {whole:?} moved by {}", by - shown);
            }
            // Of a hidden whole nothing may be taken away.
            None => assert!(parts.iter().filter_map(moved).all(|by| by == 0), "below {whole:?}"),
        }
    }
    assert!(before.keys().all(|place| after.contains_key(place)), "who is gone shows by the rest");
}

struct Town {
    pasts: Vec<Past>,
    count: usize,
}

impl Town {
    /// A person comes to an organization, or one who was there is seen again; so many contacts.
    async fn meet(
        &mut self,
        app: &TestApp,
        dice: &mut Dice,
        place: usize,
        who: Option<usize>,
        contacts: usize,
    ) {
        let past = &mut self.pasts[place];
        let member = if let Some(who) = who {
            past.world.members[who].clone()
        } else {
            let number = format!("EV{}{}", place + 5, 1000 + past.world.members.len());
            let member =
                world::member(app, &past.world.admin, past.key, "evergreen", &number).await;
            past.world.members.push(member.clone());
            member
        };
        let mode = *dice.pick(&["in_person", "in_person", "in_person", "in_person", "video"]);
        for _ in 0..contacts {
            self.count += 1;
            // Nobody is at two places at once: each visit has a quarter hour of its own.
            let (day, slot) = (1 + self.count % 85, self.count / 85);
            let day = chrono::NaiveDate::from_yo_opt(2026, u32::try_from(day).unwrap()).unwrap();
            let start = format!("{day}T{:02}:{:02}", 14 + slot / 4, slot % 4 * 15);
            let mut body =
                visit_of(&format!("V-{}", self.count), &past.world.peers[0], &member, &start, 15);
            body["mode"] = json!(mode);
            app.post("/v1/encounters", &past.world.biller, &body).await.expect(201);
        }
    }

    async fn release(&self, app: &TestApp) {
        for past in &self.pasts {
            let body = json!({"payer": "evergreen", "through": "2026-03-31"});
            let built = app.post("/v1/batches", &past.world.biller, &body).await;
            if built.status == 201 {
                let path = format!("/v1/batches/{}/release", world::id(&built.json()));
                app.act(&path, &past.world.biller).await.expect(200);
            }
        }
    }
}

async fn attack(app: &TestApp, seed: u64) {
    let late = [("[filing]\ndays = 95", "[filing]\ndays = 365")];
    let first = world::river_bend_with(app, 0, &late).await;
    let admin = first.admin.clone();
    let second = world::second_of_evergreen(app, &admin, "hill-top", 0).await;
    let third = world::second_of_evergreen(app, &admin, "far-side", 0).await;
    let pasts = [("river-bend", first), ("hill-top", second), ("far-side", third)];
    let pasts = pasts.into_iter().map(|(key, world)| Past::of(key, world)).collect();
    let (mut town, mut dice) = (Town { pasts, count: 0 }, Dice::new(seed));
    for (place, people) in [(0, 30), (1, 15 + dice.roll(12)), (2, 2 + dice.roll(8))] {
        for _ in 0..people {
            let contacts = *dice.pick(&[1, 1, 2, 2, 3, 6]);
            town.meet(app, &mut dice, place, None, contacts).await;
        }
    }
    town.release(app).await;
    let body = json!({"report": "public", "from": "2026-01-01", "to": "2026-03-31"});
    let mut manifest = app.post("/v1/report-issues", &admin, &body).await.expect(201);
    let mut issues: Vec<Cuts> = vec![told(app, &admin, &manifest).await];
    let (mut again, mut other) = (0, 0);
    // One comes late; many do; some are seen more often; many do at two places, and one at the third.
    for round in 0..5 {
        let come: &[(usize, usize)] = match round {
            0 => &[(0, 1)],
            1 => &[(0, 14)],
            2 => &[],
            3 => &[(0, 13), (1, 12), (2, 1)],
            _ => &[(1, 25)],
        };
        for (place, people) in come {
            for _ in 0..*people {
                town.meet(app, &mut dice, *place, None, 1).await;
            }
        }
        if round == 2 {
            for who in 0..12 {
                town.meet(app, &mut dice, 0, Some(who), 4).await;
            }
        }
        town.release(app).await;
        let mut wanted = body.clone();
        wanted["supersedes"] = manifest["id"].clone();
        wanted["reason"] = json!("late claims");
        manifest = app.post("/v1/report-issues", &admin, &wanted).await.expect(201);
        issues.push(told(app, &admin, &manifest).await);
        comes_out_again(app, &admin, &manifest).await;
        let [.., before, after] = &issues[..] else { unreachable!() };
        if before == after {
            again += 1;
        } else {
            other += 1;
            let truth = truth(app, &town.pasts).await;
            assert!(after.keys().eq(truth.keys()), "{after:?} {truth:?}");
            for (place, people) in after {
                assert!(
                    people.is_none_or(|people| people == truth[place]),
                    "{place:?}: {people:?} {truth:?}"
                );
            }
        }
    }
    assert!(again > 0 && other > 0, "{again} told again, {other} moved");
    for (n, after) in issues.iter().enumerate() {
        attack_one(after);
        for before in &issues[..n] {
            attack_two(before, after);
        }
    }
}

/// It comes out to the byte, and its restatement tells the numbers of both issues and no other.
async fn comes_out_again(app: &TestApp, admin: &str, manifest: &Value) {
    let path = format!("/v1/report-issues/{}", id(manifest));
    let again = app.get(&format!("{path}/rebuild"), admin).await.expect(200);
    assert_eq!(again["same"], true, "{again}");
    let told = app.get(&format!("{path}/file?format=restatement"), admin).await.expect(200);
    assert_eq!(told["ties"], true, "{told}");
    for change in told["changes"].as_array().unwrap() {
        let steps = change["steps"].as_array().unwrap();
        assert_eq!((steps.len(), &change["causes"]), (1, &json!(["visits"])), "{change}");
        assert_eq!(
            (&steps[0]["before"], &steps[0]["after"]),
            (&change["before"], &change["after"])
        );
    }
}

on_both! {
    async fn whoever_keeps_all_public_issues_finds_no_few(app: TestApp) {
        attack(&app, 1101).await;
    }
}
