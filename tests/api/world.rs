//! An invented world to bill in: an organization, its peers and members, a payer with a contract.

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, send};

/// NPIs that pass the check digit.
pub const NPIS: [&str; 4] = ["1987654328", "1245319599", "1679576722", "1003000126"];

/// The days between which contracts, certificates and coverages hold.
const TIMES: (&str, &str) = ("2026-01-01", "2027-12-31");

/// What a test needs to know of its world.
pub struct World {
    pub admin: String,
    pub biller: String,
    pub submitter: String,
    pub peers: Vec<String>,
    pub members: Vec<String>,
}

/// `river-bend` with the payer `evergreen`: 16 units a day (bill up to), 24 free units a calendar
/// year, then authorization. Members have the numbers EV1000, EV1001 ….
pub async fn river_bend(app: &TestApp, members: usize) -> World {
    river_bend_with(app, members, &[]).await
}

/// The same with a pack in which some texts are others.
pub async fn river_bend_with(app: &TestApp, members: usize, other: &[(&str, &str)]) -> World {
    let admin = app.admin_key().await;
    organization(app, &admin, "river-bend", "WA", "America/Los_Angeles").await;
    payer(app, &admin, "evergreen").await;
    let mut text = include_str!("../../config/payers/evergreen.toml").to_owned();
    for (from, to) in other {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    pack(app, &admin, &text).await;
    let contract = include_str!("../../fixtures/contracts/river-bend_evergreen.toml");
    toml(app, "/v1/contracts?organization=river-bend", &admin, contract).await.expect(201);
    let names = Names { organization: "river-bend", payer: "evergreen", number: "EV" };
    people(app, admin, names, ("WA", "cpc"), TIMES, members).await
}

/// `river-bend` with `evergreen`, whose pack has these limits and authorization rules in place of its
/// own. They cite `manual-limits`.
pub async fn limited(app: &TestApp, rules: &str, members: usize) -> World {
    limited_with(app, rules, &[], members).await
}

/// The same with pieces of the pack's text in place of others.
pub async fn limited_with(
    app: &TestApp,
    rules: &str,
    changes: &[(&str, &str)],
    members: usize,
) -> World {
    let admin = app.admin_key().await;
    organization(app, &admin, "river-bend", "WA", "America/Los_Angeles").await;
    payer(app, &admin, "evergreen").await;
    let mut text = evergreen_with(rules);
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    pack(app, &admin, &text).await;
    let contract = include_str!("../../fixtures/contracts/river-bend_evergreen.toml");
    toml(app, "/v1/contracts?organization=river-bend", &admin, contract).await.expect(201);
    let names = Names { organization: "river-bend", payer: "evergreen", number: "EV" };
    people(app, admin, names, ("WA", "cpc"), TIMES, members).await
}

fn evergreen_with(rules: &str) -> String {
    let text = include_str!("../../config/payers/evergreen.toml");
    let (head, rest) = text.split_once("[[limit]]").unwrap();
    let tail = rest.split_once("\n[filing]").unwrap().1;
    // A source that nothing cites is a fault.
    let never = "[[authorization]]\nkey = \"none\"\nservices = [\"peer_crisis\"]\n\
                 require = \"never\"\nsource = \"manual-authorization\"\n";
    format!("{head}\n{rules}\n{never}\n[filing]{tail}")
}

/// A limit of both services of `evergreen`.
pub fn limit(key: &str, units: &str, window: &str) -> String {
    format!(
        "[[limit]]\nkey = \"{key}\"\nservices = [\"peer_individual\", \"peer_crisis\"]\n\
         units = \"{units}\"\n{window}\nsource = \"manual-limits\"\n"
    )
}

/// `mesa-voices` with `lone-mesa`: 104 units a month (hold), 40 a week (bill up to), in person.
pub async fn mesa_voices(app: &TestApp, members: usize) -> World {
    mesa_voices_in(app, members, TIMES).await
}

/// The same, with other days between which everything is valid.
pub async fn mesa_voices_in(app: &TestApp, members: usize, times: (&str, &str)) -> World {
    mesa_voices_with(app, members, times, &[]).await
}

/// The same with a pack in which some texts are others.
pub async fn mesa_voices_with(
    app: &TestApp,
    members: usize,
    times: (&str, &str),
    other: &[(&str, &str)],
) -> World {
    let admin = app.admin_key().await;
    organization(app, &admin, "mesa-voices", "TX", "America/Chicago").await;
    payer(app, &admin, "lone-mesa").await;
    let mut text = include_str!("../../config/payers/lone-mesa.toml").to_owned();
    for (from, to) in other {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    pack(app, &admin, &text).await;
    let contract = include_str!("../../fixtures/contracts/mesa-voices_lone-mesa.toml");
    let contract = contract.replace(TIMES.0, times.0);
    toml(app, "/v1/contracts?organization=mesa-voices", &admin, &contract).await.expect(201);
    let names = Names { organization: "mesa-voices", payer: "lone-mesa", number: "LM" };
    people(app, admin, names, ("TX", "cps"), times, members).await
}

/// `open-door` with `harbor-light`: recovery and mental health services, told apart by diagnosis;
/// the payer allows less than is charged.
pub async fn open_door(app: &TestApp, members: usize) -> World {
    let admin = app.admin_key().await;
    organization(app, &admin, "open-door", "NJ", "America/New_York").await;
    payer(app, &admin, "harbor-light").await;
    pack(app, &admin, include_str!("../../config/payers/harbor-light.toml")).await;
    let contract = include_str!("../../fixtures/contracts/open-door_harbor-light.toml");
    toml(app, "/v1/contracts?organization=open-door", &admin, contract).await.expect(201);
    let names = Names { organization: "open-door", payer: "harbor-light", number: "HL" };
    people(app, admin, names, ("NJ", "cprs"), TIMES, members).await
}

/// Another organization with a contract with `evergreen`, whose pack must be there.
pub async fn second_of_evergreen(app: &TestApp, admin: &str, key: &str, members: usize) -> World {
    organization(app, admin, key, "WA", "America/Los_Angeles").await;
    let contract = include_str!("../../fixtures/contracts/river-bend_evergreen.toml");
    let contract = contract.replace("river-bend", key).replace("RIVERBEND01", "SECONDORG01");
    let path = format!("/v1/contracts?organization={key}");
    toml(app, &path, admin, &contract).await.expect(201);
    let names = Names { organization: key, payer: "evergreen", number: "EV" };
    people(app, admin.to_owned(), names, ("WA", "cpc"), TIMES, members).await
}

/// Whose people they are, and what their member numbers begin with.
#[derive(Clone, Copy)]
struct Names<'a> {
    organization: &'a str,
    payer: &'a str,
    number: &'a str,
}

async fn people(
    app: &TestApp,
    admin: String,
    names: Names<'_>,
    (state, certificate): (&str, &str),
    (from, to): (&str, &str),
    members: usize,
) -> World {
    let Names { organization, payer, number } = names;
    let mut peers = Vec::new();
    for (npi, first) in NPIS.iter().zip(["June", "Sam", "Ada", "Noor"]) {
        let body = json!({
            "npi": npi, "first_name": first, "last_name": "Okafor", "taxonomy": "175T00000X",
            "certificates": [{"state": state, "kind": certificate, "from": from, "to": to}],
        });
        let path = format!("/v1/peers?organization={organization}");
        peers.push(id(&app.post(&path, &admin, &body).await.expect(201)));
    }
    let mut ids = Vec::new();
    for n in 0..members {
        let number = format!("{number}{}", 1000 + n);
        ids.push(member_since(app, &admin, organization, (payer, &number), from).await);
    }
    World {
        biller: app.key(Role::Biller, organization).await,
        submitter: app.key(Role::Submitter, organization).await,
        admin,
        peers,
        members: ids,
    }
}

/// The id in an answer.
#[track_caller]
pub fn id(body: &Value) -> String {
    body["id"].as_str().unwrap().to_owned()
}

/// A POST of TOML.
pub async fn toml(app: &TestApp, path: &str, key: &str, text: &str) -> Answer {
    let request = app.request(reqwest::Method::POST, path, key);
    send(request.header("content-type", "application/toml").body(text.to_owned())).await
}

/// A POST of some type of body.
pub async fn body(
    app: &TestApp,
    path: &str,
    key: &str,
    kind: &str,
    bytes: impl Into<reqwest::Body>,
) -> Answer {
    let request = app.request(reqwest::Method::POST, path, key);
    send(request.header("content-type", kind).body(bytes)).await
}

pub async fn organization(
    app: &TestApp,
    admin: &str,
    key: &str,
    state: &str,
    zone: &str,
) -> String {
    let body = json!({
        "key": key, "name": format!("{key} peers"), "mode": "test", "npi": "1234567893",
        "ein": "91-1234567", "taxonomy": "251S00000X", "zone": zone, "part2": "not_program",
        "contact_name": "Billing desk", "contact_phone": "5095550142",
        "locations": [{"key": "main", "name": "Main office", "address": {
            "line1": "410 W Main Ave", "city": "Spokane", "state": state, "zip": "99201-0001"}}],
    });
    id(&app.post("/v1/organizations", admin, &body).await.expect(201))
}

pub async fn payer(app: &TestApp, admin: &str, key: &str) -> String {
    let body = json!({"key": key, "name": format!("{key} health plan"), "sandbox": true});
    id(&app.post("/v1/payers", admin, &body).await.expect(201))
}

pub async fn pack(app: &TestApp, admin: &str, text: &str) {
    toml(app, "/v1/packs", admin, text).await.expect(201);
}

pub async fn member(
    app: &TestApp,
    admin: &str,
    organization: &str,
    payer: &str,
    number: &str,
) -> String {
    member_since(app, admin, organization, (payer, number), TIMES.0).await
}

async fn member_since(
    app: &TestApp,
    admin: &str,
    organization: &str,
    (payer, number): (&str, &str),
    from: &str,
) -> String {
    let body = json!({
        "reference": format!("R-{number}"), "first_name": "Dana", "last_name": "Alvarez",
        "birth_date": "1985-02-14", "gender": "F",
        "address": {"line1": "88 Pine St Apt 4", "city": "Spokane", "state": "WA", "zip": "99202"},
        "coverages": [{"payer": payer, "member_number": number, "from": from, "order": 1}],
    });
    id(&app
        .post(&format!("/v1/members?organization={organization}"), admin, &body)
        .await
        .expect(201))
}

/// A program, site or grant that runs as long as everything else.
pub async fn program(
    app: &TestApp,
    admin: &str,
    organization: &str,
    key: &str,
    kind: &str,
) -> String {
    let body = json!({
        "key": key, "name": format!("The {key}"), "kind": kind, "from": TIMES.0, "to": TIMES.1,
    });
    let path = format!("/v1/programs?organization={organization}");
    id(&app.post(&path, admin, &body).await.expect(201))
}

pub async fn authorization(app: &TestApp, admin: &str, organization: &str, body: &Value) -> String {
    let path = format!("/v1/authorizations?organization={organization}");
    id(&app.post(&path, admin, body).await.expect(201))
}

/// A visit of an hour in person at the office: four units. `start` is UTC, such as
/// `2026-07-01T16:00`.
pub fn visit(reference: &str, peer: &str, member: &str, start: &str) -> Value {
    visit_of(reference, peer, member, start, 60)
}

/// A visit of some minutes.
pub fn visit_of(reference: &str, peer: &str, member: &str, start: &str, minutes: i64) -> Value {
    let start = chrono::NaiveDateTime::parse_from_str(start, "%Y-%m-%dT%H:%M").unwrap().and_utc();
    let end = start + chrono::TimeDelta::minutes(minutes);
    json!({
        "reference": reference, "peer": peer, "member": member, "activity": "individual_support",
        "started_at": start.to_rfc3339(), "ended_at": end.to_rfc3339(),
        "mode": "in_person", "setting": "office", "diagnoses": ["F32.9"],
        "note": {"signed_at": end.to_rfc3339(), "plan_goal": "G1"},
    })
}

/// The rules of the findings of an answer.
pub fn rules(body: &Value) -> Vec<String> {
    let findings = body["findings"].as_array().unwrap();
    findings.iter().map(|f| f["rule"].as_str().unwrap().to_owned()).collect()
}

/// All rows of a list, page by page.
pub async fn all(app: &TestApp, path: &str, key: &str) -> Vec<Value> {
    let joint = if path.contains('?') { '&' } else { '?' };
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("{path}{joint}limit=200{cursor}"), key).await.expect(200);
        rows.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

/// The answers of a bulk upload, one a row.
#[track_caller]
pub fn answers(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    answer.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Numbers that look random and are the same in every run (`SplitMix64`).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(sides).unwrap()).unwrap()
    }

    /// One of a list.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.roll(list.len())]
    }
}
