//! Histories of everything that reports count, over months in which the clock moves on: visits, groups,
//! approvals, enrollments, batches and what payers answer, replacements and voids; in two zones, over the
//! change of the clocks and of the year. They look random and are the same in every run.

mod correct;

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use correct::correct;
use peerclaims::domain::dates::Instant;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::partner;
use crate::world::{self, Dice, World, id, limit};

/// When the histories begin.
const BEGIN: &str = "2026-09-25T15:00:00Z";

/// An organization with what has happened in it.
pub struct Past {
    pub key: &'static str,
    pub world: World,
    count: usize,
    batches: Vec<String>,
}

/// Two organizations of one payer with what happens in them.
pub struct Story {
    pub pasts: [Past; 2],
    pub analyst: String,
    now: Instant,
    files: u32,
    /// How often something was answered so: a history in which nothing happens shows nothing.
    pub codes: BTreeMap<(&'static str, u16), usize>,
}

/// Where a visit may be: most fit.
const SETTINGS: [&str; 5] = ["office", "office", "home", "community", "jail"];

/// `river-bend` in Los Angeles and `hill-top` in New York, with `evergreen` and a limit of a week and one
/// of thirty days. The last four members of each have another payer first, another number from the new
/// year on, the number that this one had, and no coverage.
pub async fn begin(app: &TestApp, members: usize) -> Story {
    let more = [
        limit("weekly", "40", "window = \"week\"\nexceed = \"hold\""),
        limit("thirty", "90", "window = \"rolling_days\"\nlength = 30\nexceed = \"hold\""),
        "[[authorization]]\nkey = \"after-24-a-year\"".to_owned(),
    ];
    let text = more.join("\n");
    let other = [
        ("[[authorization]]\nkey = \"after-24-a-year\"", text.as_str()),
        ("free_units = 24", "free_units = 6"),
    ];
    let first = world::river_bend_with(app, members, &other).await;
    let second = world::second_of_evergreen(app, &first.admin, "hill-top", members).await;
    app.database
        .execute("UPDATE organizations SET zone = 'America/New_York' WHERE key = 'hill-top'");
    world::payer(app, &first.admin, "lone-mesa").await;
    let mut pasts =
        [("river-bend", first), ("hill-top", second)].map(|(key, world)| Past::of(key, world));
    for past in &mut pasts {
        others(app, past).await;
        approvals(app, past).await;
    }
    let analyst = app.key(peerclaims::flow::access::Role::PayerAnalyst, "evergreen").await;
    let now = Instant::parse(BEGIN).unwrap();
    app.ctx.clock.set(now);
    Story { pasts, analyst, now, files: 0, codes: BTreeMap::new() }
}

/// Members whose coverage is not the usual one.
async fn others(app: &TestApp, past: &mut Past) {
    let of = |payer: &str, number: &str, from: &str, to: Option<&str>, order: i64| json!({"payer": payer, "member_number": number, "from": from, "to": to, "order": order});
    let lists = [
        (
            "R-dual",
            json!([
                of("evergreen", "EV2001", "2026-01-01", None, 1),
                of("lone-mesa", "LM2001", "2026-12-01", None, 2)
            ]),
        ),
        (
            "R-turn",
            json!([
                of("evergreen", "EV3001", "2026-01-01", Some("2026-12-31"), 1),
                of("evergreen", "EV3002", "2027-01-01", None, 1)
            ]),
        ),
        // Whom the payer gives the number of the one before.
        ("R-next", json!([of("evergreen", "EV3001", "2027-01-01", None, 1)])),
        ("R-none", json!([])),
    ];
    for (reference, coverages) in lists {
        let body = json!({
            "reference": reference, "first_name": "Lee", "last_name": "Moss", "birth_date": "1990-01-31",
            "gender": "U", "coverages": coverages,
            "address": {"line1": "88 Pine St", "city": "Spokane", "state": "WA", "zip": "99202"},
        });
        let path = format!("/v1/members?organization={}", past.key);
        past.world.members.push(id(&app.post(&path, &past.world.admin, &body).await.expect(201)));
    }
}

/// What each covered member has from the beginning: little or much, for a short or a long time.
async fn approvals(app: &TestApp, past: &Past) {
    let terms = [
        (20, Some("2027-03-15")),
        (60, Some("2027-01-31")),
        (10, Some("2027-04-30")),
        (200, Some("2027-06-30")),
        (40, None),
        (30, Some("2026-12-31")),
        (16, Some("2027-02-28")),
    ];
    for (member, (units, to)) in past.world.members.iter().rev().skip(1).zip(terms) {
        let body = json!({"member": member, "payer": "evergreen", "number": format!("PB-{units}"), "units": units,
            "from": "2026-09-01", "to": to});
        world::authorization(app, &past.world.admin, past.key, &body).await;
    }
}

impl Past {
    /// One in which nothing has happened yet.
    pub fn of(key: &'static str, world: World) -> Self {
        Self { key, world, count: 0, batches: Vec::new() }
    }

    fn name(&mut self, first: &str) -> String {
        self.count += 1;
        format!("{first}-{}", self.count)
    }

    /// A quarter hour of the last weeks.
    fn start(dice: &mut Dice, now: Instant) -> String {
        let back = *dice.pick(&[1, 2, 3, 4, 5, 6, 8, 9, 12, 20, 31, 40]);
        let day = now.utc().date_naive() - TimeDelta::days(back);
        format!("{day}T{:02}:{:02}", dice.roll(24), dice.roll(4) * 15)
    }

    fn visit(&mut self, dice: &mut Dice, now: Instant) -> Value {
        let start = Self::start(dice, now);
        let minutes = *dice.pick(&[5, 15, 30, 37, 60, 60, 90, 300]);
        let name = self.name("V");
        let (peer, member) = (dice.pick(&self.world.peers), dice.pick(&self.world.members));
        let mut body = world::visit_of(&name, peer, member, &start, minutes);
        let activities = [
            "individual_support",
            "individual_support",
            "individual_support",
            "crisis_support",
            "transport_only",
        ];
        body["activity"] = json!(dice.pick(&activities));
        body["mode"] = json!(dice.pick(&["in_person", "in_person", "video", "audio"]));
        body["setting"] = json!(dice.pick(&SETTINGS));
        body["role"] = json!(dice.pick(&["peer_support", "bridger", "crisis"]));
        match dice.roll(24) {
            0 | 1 => body["note"] = Value::Null,
            2 => body["member_absent"] = json!(true),
            _ => {}
        }
        body
    }

    /// A group of some members, and sometimes of others who are not billed.
    fn session(&mut self, dice: &mut Dice, now: Instant) -> Value {
        let name = self.name("S");
        let start = Self::start(dice, now);
        let (peer, minutes) = (dice.pick(&self.world.peers).clone(), *dice.pick(&[30, 60, 90]));
        let shared = world::visit_of(&name, &peer, "", &start, minutes);
        let mut members: Vec<usize> = Vec::new();
        for _ in 0..2 + dice.roll(3) {
            let one = dice.roll(self.world.members.len());
            if !members.contains(&one) {
                members.push(one);
            }
        }
        let parts: Vec<Value> = members
            .iter()
            .map(|place| {
                json!({"reference": format!("{name}-{place}"), "member": self.world.members[*place],
                "diagnoses": ["F32.9"], "note": shared["note"]})
            })
            .collect();
        json!({
            "reference": name, "peer": shared["peer"], "activity": "group_support",
            "started_at": shared["started_at"], "ended_at": shared["ended_at"], "mode": dice.pick(&["in_person", "video"]),
            "setting": dice.pick(&["office", "community"]), "size": members.len() + 1 + dice.roll(3), "members": parts,
        })
    }

    fn approval(&mut self, dice: &mut Dice, now: Instant) -> Value {
        let covered = self.world.members.len() - 1;
        let today = now.utc().date_naive();
        let from = today - TimeDelta::days(i64::try_from(dice.roll(60)).unwrap());
        let to = from + TimeDelta::days(*dice.pick(&[13, 40, 59, 75, 120]));
        let mut body = json!({
            "member": self.world.members[dice.roll(covered)], "payer": "evergreen", "number": self.name("PA"),
            "units": *dice.pick(&[4, 8, 10, 20, 60]), "from": from.to_string(), "to": to.to_string(),
        });
        match dice.roll(6) {
            0 => body["to"] = Value::Null,
            1 => body["services"] = json!(["peer_individual"]),
            _ => {}
        }
        body
    }

    fn enrollment(&mut self, dice: &mut Dice, now: Instant) -> Value {
        let from = now.utc().date_naive() - TimeDelta::days(*dice.pick(&[0, 3, 10, 30]));
        let mut body = json!({
            "reference": self.name("E"), "member": dice.pick(&self.world.members),
            "kind": dice.pick(&["episode", "outreach"]), "from": from.to_string(),
        });
        if dice.roll(4) > 0 {
            body["payer"] = json!("evergreen");
        }
        if dice.roll(3) == 0 {
            body["to"] =
                json!((from + TimeDelta::days(*dice.pick(&[5, 29, 30, 45, 89, 100]))).to_string());
        }
        body
    }
}

impl Story {
    /// So many steps, one after another, now here, now there; the clock moves on by hours.
    pub async fn play(&mut self, app: &TestApp, dice: &mut Dice, steps: usize) {
        for _ in 0..steps {
            self.now =
                self.now.plus(TimeDelta::minutes(i64::try_from(200 + dice.roll(1300)).unwrap()));
            app.ctx.clock.set(self.now);
            let place = dice.roll(2);
            let (what, answer) = self.step(app, dice, place).await;
            let status = answer.status.as_u16();
            assert!([200, 201, 409, 422].contains(&status), "{what}: {answer:?}");
            *self.codes.entry((what, status)).or_default() += 1;
        }
    }

    /// The day and time that the clock shows.
    pub fn now(&self) -> Instant {
        self.now
    }

    async fn step(
        &mut self,
        app: &TestApp,
        dice: &mut Dice,
        place: usize,
    ) -> (&'static str, Answer) {
        let (now, past) = (self.now, &mut self.pasts[place]);
        let key = past.world.biller.clone();
        let post = async |path: &str, body: Value| app.post(path, &key, &body).await;
        match dice.roll(100) {
            0..44 => {
                let body = past.visit(dice, now);
                ("visit", post("/v1/encounters", body).await)
            }
            44..52 => {
                let body = past.session(dice, now);
                ("session", post("/v1/sessions", body).await)
            }
            52..60 => {
                let body = past.approval(dice, now);
                ("approval", post("/v1/authorizations", body).await)
            }
            60..66 => {
                let path = format!("/v1/episodes?organization={}", past.key);
                let body = past.enrollment(dice, now);
                ("enrollment", app.post(&path, &past.world.admin, &body).await)
            }
            66..73 => {
                let seen = world::all(app, "/v1/encounters", &key).await;
                if seen.is_empty() {
                    return ("nothing", app.get("/healthz", "").await);
                }
                let which = id(dice.pick(&seen));
                if dice.roll(2) == 0 {
                    let reason = json!({"reason": "entered in error"});
                    return ("void", post(&format!("/v1/encounters/{which}/void"), reason).await);
                }
                ("decide", app.act(&format!("/v1/encounters/{which}/decide"), &key).await)
            }
            73..81 => {
                let through = now.utc().date_naive() - TimeDelta::days(*dice.pick(&[0, 3, 10]));
                let body = json!({"payer": "evergreen", "through": through.to_string()});
                let answer = post("/v1/batches", body).await;
                if answer.status == 201 {
                    past.batches.push(id(&answer.json()));
                }
                ("build", answer)
            }
            81..90 => self.move_batch(app, dice, place).await,
            90..96 => self.answer(app, dice, place).await,
            _ => correct(app, dice, past).await,
        }
    }

    /// A batch is released, delivered or taken back.
    async fn move_batch(
        &mut self,
        app: &TestApp,
        dice: &mut Dice,
        place: usize,
    ) -> (&'static str, Answer) {
        let past = &self.pasts[place];
        let key = &past.world.biller;
        let Some(batch) = past.batches.last() else {
            return ("nothing", app.get("/healthz", "").await);
        };
        let batch = if dice.roll(4) == 0 { dice.pick(&past.batches) } else { batch };
        let seen = app.get(&format!("/v1/batches/{batch}"), key).await.expect(200);
        match seen["status"].as_str().unwrap() {
            "built" if dice.roll(5) == 0 => {
                ("withdraw", app.act(&format!("/v1/batches/{batch}/withdraw"), key).await)
            }
            "built" => ("release", app.act(&format!("/v1/batches/{batch}/release"), key).await),
            "released" => {
                let receipt = json!({"how": "portal", "to": "intake"});
                (
                    "deliver",
                    app.post(&format!("/v1/batches/{batch}/delivered"), key, &receipt).await,
                )
            }
            _ => ("nothing", app.get("/healthz", "").await),
        }
    }

    /// The payer answers some claims of a batch.
    async fn answer(
        &mut self,
        app: &TestApp,
        dice: &mut Dice,
        place: usize,
    ) -> (&'static str, Answer) {
        let past = &self.pasts[place];
        let key = &past.world.biller;
        let mut open = Vec::new();
        for status in ["released", "delivered"] {
            open.extend(world::all(app, &format!("/v1/claims?status={status}"), key).await);
        }
        if open.is_empty() {
            return ("nothing", app.get("/healthz", "").await);
        }
        let batch = dice.pick(&open)["batch"].as_str().unwrap().to_owned();
        let sent = partner::fetch(app, &batch, key).await;
        let numbers: Vec<(String, bool)> = open
            .iter()
            .filter(|c| c["batch"] == batch)
            .map(|c| (c["number"].as_str().unwrap().to_owned(), dice.roll(4) > 0))
            .collect();
        let said: Vec<(&str, bool)> = numbers
            .iter()
            .filter(|_| dice.roll(5) > 0)
            .map(|(number, accepted)| (number.as_str(), *accepted))
            .collect();
        if said.is_empty() {
            return ("nothing", app.get("/healthz", "").await);
        }
        self.files += 1;
        let file = partner::status(&sent, self.files, "PR", &said);
        ("answer", partner::upload(app, key, file).await)
    }
}

/// A date of an answer.
pub fn day(value: &Value) -> NaiveDate {
    value.as_str().unwrap().parse().unwrap()
}
