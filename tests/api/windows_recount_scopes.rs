//! Limits of every scope after any history, against a slow recount of the ready units: no window holds
//! more than its cap, and nothing is held that would fit (RK19, RK20, RK22, RK23).

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta};
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both, send};
use crate::recount::{self, Slow};
use crate::windows::{ready, void};
use crate::world::{self, Dice, World, id, rules, visit_of};

/// Steps of a history, and after how many it is recounted.
const STEPS: usize = 90;
const LOOK_EVERY: usize = 15;

/// The rules of limits that hold a visit whole.
const HOLDING: [&str; 3] = ["limit.hold", "limit.never", "limit.across_organizations"];

const BOTH: &str = "\"peer_individual\", \"peer_crisis\"";

/// Whose units a limit counts together.
#[derive(Clone, Copy)]
enum Scope {
    /// What the organization gave to the member.
    Own,
    /// What anybody gave to the member.
    Member,
    /// What the peer gave to all.
    Peer,
}

/// A limit, as the service is told it and as it is recounted; its cap in tenths of a unit.
struct Cap {
    key: &'static str,
    tenths: i64,
    scope: Scope,
    window: Slow,
    text: &'static str,
    services: &'static str,
    counts: fn(&Given) -> bool,
}

impl Cap {
    /// As the pack says it.
    fn written(&self) -> String {
        let Self { key, services, text, .. } = self;
        let (whole, tenth) = (self.tenths / 10, self.tenths % 10);
        format!(
            "[[limit]]\nkey = \"{key}\"\nservices = [{services}]\nunits = \"{whole}.{tenth}\"\n\
             {text}\nsource = \"manual-limits\"\n"
        )
    }
}

/// A visit that is not void, as it stands.
#[derive(Debug)]
struct Given {
    reference: String,
    organization: usize,
    member: String,
    peer: String,
    crisis: bool,
    remote: bool,
    day: NaiveDate,
    asked: usize,
    ready: usize,
    rules: Vec<String>,
}

fn caps() -> Vec<Cap> {
    let cap = |key, tenths, scope, window, text| {
        let counts: fn(&Given) -> bool = |_| true;
        Cap { key, tenths, scope, window, text, services: BOTH, counts }
    };
    vec![
        cap("day", 85, Scope::Own, Slow::Day, "window = \"day\"\nexceed = \"hold\""),
        cap("week", 185, Scope::Own, Slow::Week(6), "window = \"week\"\nexceed = \"never\""),
        Cap {
            services: "\"peer_individual\"",
            counts: |given| !given.crisis,
            ..cap(
                "rolling",
                125,
                Scope::Own,
                Slow::Days(6),
                "window = \"rolling_days\"\nlength = 6\nexceed = \"hold\"",
            )
        },
        Cap {
            counts: |given| given.remote,
            ..cap(
                "remote",
                165,
                Scope::Own,
                Slow::Month,
                "window = \"month\"\nmodifiers = [\"95\", \"93\"]\nexceed = \"hold\"",
            )
        },
        cap(
            "peer-week",
            185,
            Scope::Peer,
            Slow::Week(6),
            "window = \"week\"\nscope = \"peer\"\nexceed = \"hold\"",
        ),
        Cap {
            services: "\"peer_crisis\"",
            counts: |given| given.crisis,
            ..cap(
                "peer-crisis",
                75,
                Scope::Peer,
                Slow::Days(4),
                "window = \"rolling_days\"\nlength = 4\nscope = \"peer\"\nexceed = \"hold\"",
            )
        },
        cap(
            "shared",
            355,
            Scope::Member,
            Slow::Days(9),
            "window = \"rolling_days\"\nlength = 9\nscope = \"member\"\nexceed = \"hold\"",
        ),
    ]
}

/// One that is counted from a first service.
fn consecutive() -> Cap {
    Cap {
        key: "first",
        tenths: 145,
        scope: Scope::Own,
        window: Slow::Consecutive(8),
        text: "window = \"consecutive_days\"\nlength = 8\nexceed = \"never\"",
        services: BOTH,
        counts: |_| true,
    }
}

/// Two organizations with the same two members of a payer whose weeks begin on Sunday, under these limits.
async fn both(app: &TestApp, caps: &[Cap]) -> [World; 2] {
    let pack = include_str!("../../config/payers/evergreen.toml");
    let (_, rest) = pack.split_once("[[limit]]").unwrap();
    let (rest, _) = rest.split_once("\n[filing]").unwrap();
    let own = format!("[[limit]]{rest}");
    let limits: String = caps.iter().map(Cap::written).collect();
    let never = "[[authorization]]\nkey = \"none\"\nservices = [\"peer_crisis\"]\n\
                 require = \"never\"\nsource = \"manual-authorization\"\n";
    let limits = format!("{limits}{never}");
    let other =
        [(own.as_str(), limits.as_str()), ("week_start = \"monday\"", "week_start = \"sunday\"")];
    let first = world::river_bend_with(app, 2, &other).await;
    let second = world::second_of_evergreen(app, &first.admin, "north-shore", 2).await;
    [first, second]
}

/// What happens to the two.
struct Past<'a> {
    app: &'a TestApp,
    both: &'a [World; 2],
    dice: Dice,
    /// Each visit has two hours of its organization for itself, so that no two overlap.
    taken: BTreeSet<(usize, usize, usize)>,
    voids: usize,
    revisions: usize,
}

impl Past<'_> {
    fn start(&mut self, organization: usize) -> String {
        loop {
            let (day, hour) = (1 + self.dice.roll(25), 8 + 2 * self.dice.roll(8));
            if self.taken.insert((organization, day, hour)) {
                return format!("2026-07-{day:02}T{hour:02}:00");
            }
        }
    }

    /// Up to seven units and minutes that make none; never two hours.
    fn minutes(&mut self) -> i64 {
        i64::try_from(15 * (1 + self.dice.roll(7)) + 7 * self.dice.roll(2)).unwrap()
    }

    fn mode(&mut self) -> &'static str {
        const MODES: [&str; 4] = ["in_person", "in_person", "video", "audio"];
        MODES[self.dice.roll(MODES.len())]
    }

    async fn step(&mut self, n: usize) {
        let organization = self.dice.roll(2);
        let w = &self.both[organization];
        let all = world::all(self.app, "/v1/encounters", &w.biller).await;
        let live: Vec<Value> = all.into_iter().filter(|e| e["status"] != "void").collect();
        match self.dice.roll(8) {
            0 if live.len() > 6 => {
                self.voids += 1;
                void(self.app, w, self.dice.pick(&live)).await;
            }
            1 if live.len() > 6 => {
                self.revisions += 1;
                let seen = self.dice.pick(&live).clone();
                self.revise(w, &seen).await;
            }
            _ => self.record(organization, &format!("V-{n}")).await,
        }
    }

    async fn record(&mut self, organization: usize, reference: &str) {
        let w = &self.both[organization];
        let (start, minutes) = (self.start(organization), self.minutes());
        let (peer, member) =
            (self.dice.pick(&w.peers[..2]).clone(), self.dice.pick(&w.members).clone());
        let mut body = visit_of(reference, &peer, &member, &start, minutes);
        if self.dice.roll(3) == 0 {
            body["activity"] = json!("crisis_support");
        }
        body["mode"] = json!(self.mode());
        self.app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
    }

    async fn revise(&mut self, w: &World, seen: &Value) {
        let body = match self.dice.roll(3) {
            0 => {
                let end = moment(&seen["started_at"]) + TimeDelta::minutes(self.minutes());
                json!({"ended_at": end.to_rfc3339()})
            }
            1 => json!({"mode": self.mode()}),
            _ => json!({"peer": self.dice.pick(&w.peers[..2])}),
        };
        let path = format!("/v1/encounters/{}", id(seen));
        let tag = format!("\"{}\"", seen["revision"]);
        let request = self.app.request(Method::PATCH, &path, &w.submitter).header("if-match", tag);
        send(request.json(&body)).await.expect(200);
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn moment(value: &Value) -> DateTime<chrono::FixedOffset> {
    DateTime::parse_from_rfc3339(text(value)).unwrap()
}

/// All that is not void; a member is the same in both organizations by the place in the list.
async fn given(app: &TestApp, both: &[World; 2]) -> Vec<Given> {
    let mut all = Vec::new();
    for (organization, w) in both.iter().enumerate() {
        for seen in world::all(app, "/v1/encounters", &w.biller).await {
            if seen["status"] == "void" {
                continue;
            }
            let minutes = (moment(&seen["ended_at"]) - moment(&seen["started_at"])).num_minutes();
            let member = w.members.iter().position(|m| seen["member"] == m.as_str()).unwrap();
            all.push(Given {
                reference: text(&seen["reference"]).to_owned(),
                organization,
                member: format!("EV{}", 1000 + member),
                peer: text(&seen["peer"]).to_owned(),
                crisis: seen["activity"] == "crisis_support",
                remote: seen["mode"] != "in_person",
                day: text(&seen["service_date"]).parse().unwrap(),
                asked: usize::try_from(minutes / 15).unwrap(),
                ready: usize::try_from(ready(&seen)).unwrap(),
                rules: rules(&seen),
            });
        }
    }
    all
}

/// The service dates of the ready units that a limit counts together with those of a visit, one a unit.
fn drawn(cap: &Cap, of: &Given, all: &[Given]) -> Vec<NaiveDate> {
    let together = |other: &&Given| {
        let own = of.organization == other.organization;
        let same = match cap.scope {
            Scope::Own => own && of.member == other.member,
            Scope::Member => of.member == other.member,
            Scope::Peer => own && of.peer == other.peer,
        };
        same && (cap.counts)(other)
    };
    all.iter().filter(together).flat_map(|other| vec![other.day; other.ready]).collect()
}

/// Whether a window from a first service may hold a visit: it moves with what is recorded later, and what
/// it held is not looked at again for that.
fn moves(caps: &[Cap], one: &Given) -> bool {
    caps.iter().any(|cap| matches!(cap.window, Slow::Consecutive(_)))
        && one.rules.iter().any(|rule| rule == "limit.never")
}

/// Nothing is drawn too much, nothing is held in vain; gives the limits that hold something.
fn ties(caps: &[Cap], all: &[Given]) -> BTreeSet<&'static str> {
    let mut holding = BTreeSet::new();
    for one in all {
        assert!(one.ready == 0 || one.ready == one.asked, "all of it or nothing: {one:?}");
        let counted = caps.iter().filter(|cap| (cap.counts)(one));
        let units: Vec<(&Cap, Vec<NaiveDate>)> =
            counted.map(|cap| (cap, drawn(cap, one, all))).collect();
        if one.ready > 0 {
            for (cap, drawn) in &units {
                let kept = recount::kept(&cap.window, cap.tenths, drawn);
                assert!(kept, "{} of {} holds too much: {drawn:?}", cap.key, one.reference);
            }
            continue;
        }
        let known = |rule: &String| HOLDING.contains(&rule.as_str());
        assert!(!one.rules.is_empty() && one.rules.iter().all(known), "{one:?}");
        let overfills = |(cap, drawn): &&(&Cap, Vec<NaiveDate>)| {
            !recount::fits(&cap.window, cap.tenths, drawn, one.day, one.asked)
        };
        let full = units.iter().filter(overfills).map(|(cap, _)| cap.key);
        let full: Vec<&'static str> = full.collect();
        assert!(moves(caps, one) || !full.is_empty(), "nothing is in the way of {one:?}");
        holding.extend(full);
    }
    holding
}

async fn play(app: &TestApp, caps: &[Cap], seed: u64) {
    let both = both(app, caps).await;
    let (dice, taken) = (Dice::new(seed), BTreeSet::new());
    let mut past = Past { app, both: &both, dice, taken, voids: 0, revisions: 0 };
    let mut holding = BTreeSet::new();
    for n in 1..=STEPS {
        past.step(n).await;
        if n % LOOK_EVERY == 0 {
            app.settle().await;
            holding.extend(ties(caps, &given(app, &both).await));
        }
    }
    // A history in which nothing happens shows nothing.
    let keys: BTreeSet<&'static str> = caps.iter().map(|cap| cap.key).collect();
    assert_eq!(holding, keys, "each limit holds something");
    assert!(past.voids > 2 && past.revisions > 2, "{} {}", past.voids, past.revisions);
    let all = given(app, &both).await;
    assert!(all.iter().filter(|one| one.ready > 0).count() > 15, "{all:?}");
}

on_both! {
    async fn rk22_after_any_history_no_limit_of_any_scope_holds_too_much_or_too_little(app: TestApp) {
        play(&app, &caps(), 22).await;
    }

    async fn rk19_after_any_history_windows_from_a_first_service_hold_no_more_than_their_cap(app: TestApp) {
        let caps: Vec<Cap> = caps().into_iter().chain([consecutive()]).collect();
        play(&app, &caps, 13).await;
    }
}
