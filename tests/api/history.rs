//! Histories that look random and are the same in every run: visits, voids, new decisions,
//! approvals, batches built, released, withdrawn and delivered, in organizations of one payer.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::edi;
use crate::world::{self, Dice, World, id};

/// An organization with what has happened in it.
pub struct Past {
    pub key: &'static str,
    pub world: World,
    encounters: Vec<String>,
    batches: Vec<String>,
    /// The batch of every claim number, so that none is used twice.
    pub numbers: HashMap<String, String>,
    /// Whether reference data changes too, so that a batch may no longer be released.
    pub shifting: bool,
    count: usize,
}

/// One thing that somebody does.
#[derive(Debug, Clone)]
pub enum Step {
    Record(Value),
    Authorize(Value),
    Void(String),
    Decide(String),
    Build(String),
    Release(String),
    Withdraw(String),
    Deliver(String),
}

/// `river-bend` and `hill-top`, both with `evergreen`, members of the same numbers on both rosters;
/// the last member of each has no coverage.
pub async fn two_organizations(app: &TestApp, members: usize) -> [Past; 2] {
    let first = world::river_bend(app, members).await;
    let second = world::second_of_evergreen(app, &first.admin, "hill-top", members).await;
    let mut pasts = [Past::new("river-bend", first), Past::new("hill-top", second)];
    for past in &mut pasts {
        world::program(app, &past.world.admin, past.key, "waiver", "program").await;
        world::program(app, &past.world.admin, past.key, "annex", "site").await;
        let body = json!({
            "reference": "R-none", "first_name": "Lee", "last_name": "Moss",
            "birth_date": "1990-01-31", "gender": "U", "coverages": [],
        });
        let path = format!("/v1/members?organization={}", past.key);
        past.world.members.push(id(&app.post(&path, &past.world.admin, &body).await.expect(201)));
    }
    pasts
}

impl Past {
    fn new(key: &'static str, world: World) -> Self {
        let (encounters, batches, numbers) = Default::default();
        Self { key, world, encounters, batches, numbers, shifting: false, count: 0 }
    }

    /// What happens next.
    pub fn next(&mut self, dice: &mut Dice) -> Step {
        self.count += 1;
        match dice.roll(100) {
            60..65 => Step::Authorize(self.approval(dice)),
            65..74 if !self.encounters.is_empty() => {
                Step::Void(dice.pick(&self.encounters).clone())
            }
            74..82 if !self.encounters.is_empty() => {
                Step::Decide(dice.pick(&self.encounters).clone())
            }
            82..88 => Step::Build((*dice.pick(&["2026-07-15", "2026-07-31", "2026-08-31"])).into()),
            88..93 if !self.batches.is_empty() => Step::Release(dice.pick(&self.batches).clone()),
            93..98 if !self.batches.is_empty() => Step::Withdraw(dice.pick(&self.batches).clone()),
            98.. if !self.batches.is_empty() => Step::Deliver(dice.pick(&self.batches).clone()),
            // The rest, below 60 and where there is nothing yet to act upon.
            _ => Step::Record(self.visit(dice)),
        }
    }

    /// A visit of July or August: most can be claimed, some are held, some are never billed.
    fn visit(&self, dice: &mut Dice) -> Value {
        let start = format!(
            "2026-0{}-{:02}T{:02}:{:02}",
            7 + dice.roll(2),
            1 + dice.roll(30),
            dice.roll(24),
            dice.roll(4) * 15
        );
        let minutes = *dice.pick(&[5, 15, 30, 37, 60, 60, 90, 300]);
        let (peer, member) = (dice.pick(&self.world.peers), dice.pick(&self.world.members));
        let reference = format!("H-{}", self.count);
        let mut body = world::visit_of(&reference, peer, member, &start, minutes);
        let activities = [
            "individual_support",
            "individual_support",
            "crisis_support",
            "bridging",
            "transport_only",
            "group_support",
        ];
        body["activity"] = json!(dice.pick(&activities));
        body["mode"] = json!(dice.pick(&["in_person", "in_person", "video"]));
        body["setting"] = json!(dice.pick(&["office", "office", "home", "jail"]));
        // By count and not by dice: the histories stay the ones that they were.
        body["role"] = json!(["peer_support", "bridger", "crisis"][self.count % 3]);
        body["program"] = json!([None, Some("waiver"), Some("annex")][self.count / 3 % 3]);
        body
    }

    fn approval(&self, dice: &mut Dice) -> Value {
        let covered = &self.world.members[..self.world.members.len() - 1];
        json!({
            "member": dice.pick(covered), "payer": "evergreen",
            "number": format!("PA-{}", self.count), "units": 1 + dice.roll(30),
            "from": "2026-07-01", "to": *dice.pick(&["2026-07-31", "2026-08-31"]),
        })
    }

    /// Does it. Refusals that belong to the step's state of affairs are fine; nothing else is.
    pub async fn run(&self, app: &TestApp, step: &Step) -> Answer {
        let key = &self.world.biller;
        let encounter = |id: &str, what: &str| format!("/v1/encounters/{id}/{what}");
        let batch = |id: &str, what: &str| format!("/v1/batches/{id}/{what}");
        let (answer, fine): (Answer, &[&str]) = match step {
            Step::Record(body) => (app.post("/v1/encounters", key, body).await, &[]),
            Step::Authorize(body) => (app.post("/v1/authorizations", key, body).await, &[]),
            Step::Void(id) => {
                let reason = json!({"reason": "entered in error"});
                (app.post(&encounter(id, "void"), key, &reason).await, &["already_claimed"])
            }
            Step::Decide(id) => {
                (app.act(&encounter(id, "decide"), key).await, &["already_claimed", "wrong_status"])
            }
            Step::Build(through) => {
                let wanted = json!({"payer": "evergreen", "through": through});
                (app.post("/v1/batches", key, &wanted).await, &["nothing_ready"])
            }
            Step::Release(id) => {
                let fine: &[&str] = &["wrong_status", "release_refused"];
                let fine = if self.shifting { fine } else { &fine[..1] };
                (app.act(&batch(id, "release"), key).await, fine)
            }
            Step::Withdraw(id) => (app.act(&batch(id, "withdraw"), key).await, &["wrong_status"]),
            Step::Deliver(id) => {
                let receipt = json!({"how": "portal", "to": "intake"});
                (app.post(&batch(id, "delivered"), key, &receipt).await, &["wrong_status"])
            }
        };
        if !answer.status.is_success() {
            let code = answer.json()["code"].as_str().unwrap().to_owned();
            assert!(fine.contains(&code.as_str()), "{step:?}: {}", answer.body);
        }
        answer
    }

    /// Remembers what came of it; a new batch's file is fetched and checked.
    pub async fn learn(&mut self, app: &TestApp, step: &Step, answer: &Answer) {
        if !answer.status.is_success() {
            return;
        }
        match step {
            Step::Record(_) => self.encounters.push(id(&answer.json())),
            Step::Build(_) => {
                let batch = id(&answer.json());
                let file = edi::fetch(app, &batch, &self.world.biller).await;
                for number in edi::check(&file.body) {
                    let before = self.numbers.insert(number.clone(), batch.clone());
                    assert!(before.is_none(), "claim number {number} is used twice");
                }
                self.batches.push(batch);
            }
            _ => {}
        }
    }
}

/// So many steps, one after another, now here, now there.
pub async fn play(app: &TestApp, pasts: &mut [Past], dice: &mut Dice, steps: usize) {
    for _ in 0..steps {
        let past = &mut pasts[dice.roll(2)];
        let step = past.next(dice);
        let answer = past.run(app, &step).await;
        past.learn(app, &step, &answer).await;
    }
}
