//! Bodies of reference data for the tests, all of invented people.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, send};

/// A type 1 NPI with a right check digit, another one for each seed.
pub fn npi(seed: u32) -> String {
    let bare = format!("{}", 100_000_000 + seed);
    let luhn = bare.bytes().rev().enumerate().fold(24, |sum, (place, byte)| {
        let digit = u32::from(byte - b'0');
        let doubled = if place % 2 == 0 { digit * 2 } else { digit };
        sum + doubled / 10 + doubled % 10
    });
    format!("{bare}{}", (10 - luhn % 10) % 10)
}

pub fn organization(key: &str, mode: &str) -> Value {
    json!({
        "key": key, "name": "Invented Peers", "mode": mode, "npi": "1234567893",
        "ein": "91-1234567", "taxonomy": "251S00000X", "zone": "America/Los_Angeles",
        "part2": "not_program", "contact_name": "Desk", "contact_phone": "509-555-0142",
        "locations": [location("main")],
    })
}

pub fn location(key: &str) -> Value {
    json!({ "key": key, "name": "Desk", "address": {
        "line1": "12 Example Street", "city": "Spokane", "state": "WA", "zip": "99201-0001" } })
}

pub fn payer(key: &str, sandbox: bool) -> Value {
    json!({ "key": key, "name": "Invented Plan", "sandbox": sandbox })
}

pub fn peer(npi: &str) -> Value {
    json!({ "npi": npi, "first_name": "Rosa", "last_name": "Example", "certificates": [
        { "state": "WA", "kind": "cpss", "number": "C-1", "from": "2026-01-01", "to": "2027-12-31" },
    ] })
}

pub fn member(reference: &str, payer: &str, number: &str) -> Value {
    json!({
        "reference": reference, "first_name": "Alex", "last_name": "Example",
        "birth_date": "1984-05-17", "gender": "U",
        "coverages": [{ "payer": payer, "member_number": number, "from": "2026-01-01" }],
    })
}

pub fn authorization(member: &str, payer: &str, number: &str) -> Value {
    json!({ "member": member, "payer": payer, "number": number, "units": 120,
        "from": "2026-01-01", "to": "2026-06-30" })
}

pub fn episode(member: &str, payer: &str, reference: &str) -> Value {
    json!({ "reference": reference, "member": member, "kind": "episode", "payer": payer,
        "from": "2026-01-01", "to": "2026-06-30" })
}

/// POST of TOML.
pub async fn post_toml(app: &TestApp, path: &str, key: &str, text: String) -> Answer {
    let request = app.request(Method::POST, path, key).header("content-type", "application/toml");
    send(request.body(text)).await
}

/// A file of the repository.
pub fn file(path: &str) -> String {
    std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Two organizations and a payer, with keys of an admin and of a biller of the first.
pub struct World {
    pub admin: String,
    pub biller: String,
    pub payer: String,
}

pub async fn world(app: &TestApp) -> World {
    let admin = app.admin_key().await;
    for key in ["river-bend", "hill-top"] {
        app.post("/v1/organizations", &admin, &organization(key, "test")).await.expect(201);
    }
    let payer = app.post("/v1/payers", &admin, &payer("evergreen", true)).await.expect(201);
    let biller = app.key(peerclaims::flow::access::Role::Biller, "river-bend").await;
    World { admin, biller, payer: payer["id"].as_str().unwrap().to_owned() }
}

/// The pointers of the faults of a problem, sorted.
pub fn pointers(problem: &Value) -> Vec<String> {
    let faults = problem["faults"].as_array().unwrap();
    let mut all: Vec<String> =
        faults.iter().map(|f| f["pointer"].as_str().unwrap_or_default().to_owned()).collect();
    all.sort();
    all
}
