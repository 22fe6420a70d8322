//! What the lists of the API say of an organization, as a slow recount needs it: every visit with its
//! lines and the claims that named it. Written from the definitions (`docs/reports.md`,
//! `docs/definitions.md`), and not from the program.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use crate::app::TestApp;
use crate::past::{Past, day};
use crate::world;

/// A claim that named a visit.
#[derive(Debug, Clone)]
pub struct Told {
    pub claim: String,
    pub status: String,
    /// Whether the visit's lines are on it: a void states what is taken back and holds nothing, and a
    /// replacement takes them when it is released.
    pub holds: bool,
    /// Whether its replacement is built and not released: it counts as if there were none.
    pub stands: bool,
    pub payer: String,
    pub released: Option<NaiveDate>,
    pub delivered: Option<NaiveDate>,
    /// When it was made: it states its visits as they read then.
    pub built: DateTime<Utc>,
    /// Whether an answer ever accepted it.
    pub was_accepted: bool,
    /// Units, charge and expected.
    pub sums: [i64; 3],
}

impl Told {
    /// Whether it was released and nothing ended it.
    fn is_live(&self) -> bool {
        ["released", "delivered", "accepted"].contains(&self.status.as_str())
    }
}

/// A line of a visit: its status, units, cents expected, and what it draws on an authorization.
#[derive(Debug, Clone)]
pub struct Line {
    pub status: String,
    pub units: i64,
    pub expected: i64,
    pub draws: Option<(String, i64)>,
}

/// A visit.
#[derive(Debug, Clone)]
pub struct Visit {
    pub organization: &'static str,
    pub id: String,
    /// On the roster.
    pub member: String,
    pub payer: Option<String>,
    /// The member's number at the payer on that day.
    pub number: Option<String>,
    /// Who that is for the payer.
    pub person: String,
    pub day: NaiveDate,
    pub recorded: NaiveDate,
    pub minutes: i64,
    /// The peer, and from when until when its time was taken: that of the whole session.
    pub peer: String,
    pub time: (DateTime<Utc>, DateTime<Utc>),
    pub status: String,
    pub service: String,
    pub mode: String,
    pub setting: String,
    pub role: String,
    pub session: Option<String>,
    pub absent: bool,
    /// Whether a released claim counts whose replacement is built: the lines are the replacement's.
    pub stands: bool,
    pub lines: Vec<Line>,
    /// Rules for which something of it waits.
    pub waits_for: BTreeSet<String>,
    /// Claims that named it, in the order of their making.
    pub claims: Vec<Told>,
}

/// An organization.
#[derive(Debug, Clone)]
pub struct Raw {
    pub key: &'static str,
    pub zone: chrono_tz::Tz,
    pub visits: Vec<Visit>,
    /// Minutes of each session and everyone present.
    pub sessions: BTreeMap<String, (i64, i64)>,
    times: BTreeMap<String, (DateTime<Utc>, DateTime<Utc>)>,
    pub peers: Vec<Value>,
    pub members: Vec<Value>,
    pub episodes: Vec<Value>,
    pub authorizations: Vec<Value>,
}

/// Cents of an amount.
pub fn cents(value: &Value) -> i64 {
    let text = value.as_str().unwrap();
    assert_eq!(text.split_once('.').unwrap().1.len(), 2, "{text}");
    text.replace('.', "").parse().unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn times(seen: &Value) -> (DateTime<Utc>, DateTime<Utc>) {
    let time = |name: &str| seen[name].as_str().unwrap().parse().unwrap();
    (time("started_at"), time("ended_at"))
}

impl Raw {
    /// The local date of a time.
    pub fn local(&self, time: DateTime<Utc>) -> NaiveDate {
        time.with_timezone(&self.zone).date_naive()
    }

    fn date(&self, time: &Value) -> Option<NaiveDate> {
        let time: DateTime<Utc> = time.as_str()?.parse().unwrap();
        Some(self.local(time))
    }

    /// Reads everything.
    pub async fn read(app: &TestApp, past: &Past) -> Self {
        let key = &past.world.biller;
        let zone = if past.key == "hill-top" {
            chrono_tz::America::New_York
        } else {
            chrono_tz::America::Los_Angeles
        };
        let mut raw = Self {
            key: past.key,
            zone,
            visits: Vec::new(),
            sessions: BTreeMap::new(),
            times: BTreeMap::new(),
            peers: world::all(app, "/v1/peers", key).await,
            members: world::all(app, "/v1/members", key).await,
            episodes: world::all(app, "/v1/episodes", key).await,
            authorizations: world::all(app, "/v1/authorizations", key).await,
        };
        for session in world::all(app, "/v1/sessions", key).await {
            let numbers = ["minutes", "size"].map(|name| session[name].as_i64().unwrap());
            raw.sessions.insert(text(&session["reference"]), numbers.into());
            raw.times.insert(text(&session["reference"]), times(&session));
        }
        let mut claims = raw.claims(app, key).await;
        for mut seen in world::all(app, "/v1/encounters", key).await {
            let which = text(&seen["id"]);
            let told = claims.remove(&which).unwrap_or_default();
            if seen["revision"].as_i64().unwrap() > 1 {
                let path = format!("/v1/encounters/{which}/revisions");
                as_claimed(&mut seen, &told, &world::all(app, &path, key).await);
            }
            let visit = raw.visit(&seen, told);
            raw.visits.push(visit);
        }
        assert!(claims.is_empty(), "claims name visits that are not there");
        raw
    }

    /// By visit, the claims that name it.
    async fn claims(&self, app: &TestApp, key: &str) -> BTreeMap<String, Vec<Told>> {
        let batches: BTreeMap<String, Value> = world::all(app, "/v1/batches", key)
            .await
            .into_iter()
            .map(|batch| (text(&batch["id"]), batch))
            .collect();
        let answers = world::all(app, "/v1/responses", key).await;
        let accepting = answers.iter().filter(|answer| answer["effect"] == "accepted");
        let accepted: BTreeSet<&str> =
            accepting.filter_map(|answer| answer["claim"].as_str()).collect();
        let mut list = world::all(app, "/v1/claims", key).await;
        list.sort_by_key(|claim| text(&claim["id"]));
        let mut all: BTreeMap<String, Vec<Told>> = BTreeMap::new();
        for claim in &list {
            let batch = &batches[claim["batch"].as_str().unwrap()];
            let change = &claim["change"];
            let built = change["kind"] == "replacement" && change["state"] == "built";
            // The payer has the first one until the replacement goes out.
            let waits = built
                && list.iter().any(|c| c["id"] == change["claim"] && c["status"] == "batched");
            let taken = built && !waits;
            let parts = claim["lines"].as_array().unwrap().iter();
            for part in parts.flat_map(|line| line["encounters"].as_array().unwrap()) {
                let told = all.entry(text(&part["encounter"])).or_default();
                let units = part["units"].as_i64().unwrap();
                let sums = [units, cents(&part["charge"]), cents(&part["expected"])];
                // A visit may stand on two lines of one claim.
                match told.iter_mut().find(|t| claim["id"] == t.claim.as_str()) {
                    Some(known) => {
                        known.sums.iter_mut().zip(sums).for_each(|(sum, more)| *sum += more);
                    }
                    None => told.push(Told {
                        claim: text(&claim["id"]),
                        status: text(&claim["status"]),
                        holds: claim["frequency"] != "void" && !taken,
                        stands: waits,
                        payer: text(&claim["payer"]),
                        released: self.date(&batch["released_at"]),
                        delivered: self.date(&batch["delivered_at"]),
                        built: text(&batch["built_at"]).parse().unwrap(),
                        was_accepted: accepted.contains(claim["id"].as_str().unwrap()),
                        sums,
                    }),
                }
            }
        }
        all
    }

    fn visit(&self, seen: &Value, claims: Vec<Told>) -> Visit {
        let (on, payer) = (day(&seen["service_date"]), seen["payer"].as_str());
        let member = self.members.iter().find(|m| m["id"] == seen["member"]).unwrap();
        let covers = |c: &&Value| {
            Some(c["payer"].as_str().unwrap()) == payer
                && day(&c["from"]) <= on
                && (c["to"].is_null() || on <= day(&c["to"]))
        };
        // Who is not covered yet is held under the number to come.
        let of_payer = |c: &&Value| Some(c["payer"].as_str().unwrap()) == payer;
        let list = member["coverages"].as_array().unwrap();
        let coverage = list.iter().find(covers).or_else(|| list.iter().find(of_payer));
        let held = |line: &&Value| line["status"] == "held";
        let lines = seen["lines"].as_array().unwrap();
        let stands = claims.iter().any(|told| told.stands && told.is_live());
        let waits = !stands && (seen["status"] == "held" || lines.iter().any(|l| held(&l)));
        let findings = seen["findings"].as_array().unwrap().iter();
        let session = seen["group"]["session"].as_str().map(str::to_owned);
        let rules = findings.filter(|f| waits && f["severity"] == "hold").map(|f| text(&f["rule"]));
        Visit {
            organization: self.key,
            id: text(&seen["id"]),
            member: text(&seen["member"]),
            payer: payer.map(str::to_owned),
            number: coverage.map(|c| text(&c["member_number"])),
            person: String::new(),
            day: on,
            recorded: self.date(&seen["recorded_at"]).unwrap(),
            minutes: seen["minutes"].as_i64().unwrap(),
            peer: text(&seen["peer"]),
            time: session.as_ref().map_or_else(|| times(seen), |name| self.times[name]),
            status: if stands { "submitted".to_owned() } else { text(&seen["status"]) },
            stands,
            service: seen["service"].as_str().unwrap_or("none").to_owned(),
            mode: text(&seen["mode"]),
            setting: text(&seen["setting"]),
            role: text(&seen["role"]),
            session,
            absent: seen["member_absent"] == true
                || ["no_contact", "documentation", "staff_training"]
                    .iter()
                    .any(|a| seen["activity"] == *a),
            lines: lines.iter().map(line).collect(),
            waits_for: rules.collect(),
            claims,
        }
    }
}

/// Puts into a visit that was corrected what it said when the claim was made that the payer has: of what is
/// said since, the payer is told by another claim.
fn as_claimed(seen: &mut Value, claims: &[Told], past: &[Value]) {
    let Some(claim) = claims.iter().find(|told| told.holds && told.is_live()) else { return };
    let time = |value: &Value| -> DateTime<Utc> { text(value).parse().unwrap() };
    let mut revisions: Vec<&Value> = past.iter().collect();
    revisions.sort_by_key(|revision| revision["revision"].as_i64().unwrap());
    let Some(then) = revisions.iter().find(|r| time(&r["replaced_at"]) > claim.built) else {
        return;
    };
    let content = &then["content"];
    let minutes = (time(&content["ended_at"]) - time(&content["started_at"])).num_minutes();
    seen["minutes"] = minutes.into();
    for field in ["mode", "setting", "role"] {
        seen[field] = content[field].clone();
    }
    seen["member_absent"] = (content["member_absent"] == true).into();
}

fn line(line: &Value) -> Line {
    let draws = &line["authorization"];
    Line {
        status: text(&line["status"]),
        units: line["units"].as_i64().unwrap(),
        expected: cents(&line["expected"]),
        draws: draws["number"].as_str().map(|n| (n.to_owned(), draws["units"].as_i64().unwrap())),
    }
}

impl Visit {
    pub fn is_void(&self) -> bool {
        self.status == "void"
    }

    /// Units of its lines in some states.
    pub fn units(&self, states: &[&str]) -> i64 {
        if self.stands {
            let billed = self.billed().map_or(0, |sums| sums[0]);
            return if states.contains(&"submitted") { billed } else { 0 };
        }
        self.lines.iter().filter(|l| states.contains(&l.status.as_str())).map(|l| l.units).sum()
    }

    /// Cents expected of its lines in some states.
    pub fn expected(&self, states: &[&str]) -> i64 {
        if self.stands {
            return 0;
        }
        let lines = self.lines.iter().filter(|l| states.contains(&l.status.as_str()));
        lines.map(|l| l.expected).sum()
    }

    /// Units of all lines that count.
    pub fn recorded_units(&self) -> i64 {
        self.units(&["ready", "held", "claimed", "submitted"])
    }

    /// Units, charge and expected on a released live claim; none when it is on none.
    pub fn billed(&self) -> Option<[i64; 3]> {
        let on = |told: &&Told| told.holds && told.is_live();
        let mut all = self.claims.iter().filter(on);
        let sums = all.next().map(|told| told.sums);
        assert!(all.next().is_none(), "billed twice: {self:?}");
        sums
    }

    /// Claims that were released, in order.
    pub fn sent(&self) -> Vec<&Told> {
        self.claims.iter().filter(|told| told.released.is_some()).collect()
    }
}

/// Who reads: whose visits, and as whom.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    pub name: &'a str,
    pub key: String,
    /// Added to the query.
    pub query: &'a str,
    /// As a payer.
    pub payer: bool,
    /// Only of this organization.
    pub organization: Option<&'a str>,
    /// Only of this payer (id).
    pub of_payer: Option<String>,
    /// Everything that does not agree, so that all of it is told at once.
    pub faults: Faults,
}

/// What does not agree.
pub type Faults = std::sync::Arc<std::sync::Mutex<Vec<String>>>;

/// Nothing may be there.
pub fn agree(faults: &Faults) {
    let list = faults.lock().unwrap();
    let some: Vec<&str> = list.iter().take(40).map(String::as_str).collect();
    assert!(list.is_empty(), "{} do not agree:\n{}", list.len(), some.join("\n"));
}

impl Reader<'_> {
    /// Keeps what does not agree.
    pub fn same(&self, what: &str, told: &Value, wanted: &Value) {
        if told != wanted {
            let text = format!("{what} ({}):\n  told   {told}\n  wanted {wanted}", self.name);
            self.faults.lock().unwrap().push(text);
        }
    }

    /// Whether it is asked about an organization at all.
    pub fn of(&self, organization: &str) -> bool {
        self.organization.is_none_or(|own| own == organization)
    }

    /// The visits that it sees: for a payer those on released live claims.
    pub fn sees(&self, visit: &Visit) -> bool {
        let theirs = self.of_payer.is_none() || self.of_payer == visit.payer;
        let told = !self.payer || visit.billed().is_some();
        self.of(visit.organization) && theirs && told && !visit.is_void()
    }

    /// Units as it sees them.
    pub fn units(&self, visit: &Visit) -> i64 {
        if self.payer { visit.billed().map_or(0, |sums| sums[0]) } else { visit.recorded_units() }
    }

    /// Who one person is for it.
    pub fn person(&self, visit: &Visit) -> String {
        if self.payer {
            visit.person.clone()
        } else {
            format!("{} {}", visit.organization, visit.member)
        }
    }
}
