//! Random sessions and late changes, against a slow recount of what the API shows: the ledger holds
//! what the lines say, a peer is in one place at a time, a session is one with itself.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, on_both, send};
use crate::world::{self, Dice, World, id};

/// Steps of a history, and after how many the books are looked at.
const STEPS: usize = 160;
const LOOK_EVERY: usize = 40;

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A quarter hour of a morning of some days: things meet often.
fn time(dice: &mut Dice) -> (String, i64) {
    let start =
        format!("2026-07-0{}T{}:{:02}", 1 + dice.roll(3), 16 + dice.roll(3), dice.roll(4) * 15);
    (start, 15 * (1 + i64::try_from(dice.roll(6)).unwrap()))
}

struct Past {
    w: World,
    count: usize,
}

impl Past {
    fn reference(&mut self) -> String {
        self.count += 1;
        format!("X-{}", self.count)
    }

    fn visit(&mut self, dice: &mut Dice) -> Value {
        let (start, minutes) = time(dice);
        let reference = self.reference();
        let (peer, member) =
            (dice.pick(&self.w.peers[..2]).clone(), dice.pick(&self.w.members).clone());
        world::visit_of(&reference, &peer, &member, &start, minutes)
    }

    /// A visit of a group; the names of sessions are few, so that many meet.
    fn grouped(&mut self, dice: &mut Dice) -> Value {
        let mut body = self.visit(dice);
        body["activity"] = json!("group_support");
        let session = format!("G-{}", dice.roll(6));
        body["group"] = json!({"session": session, "size": 3 + dice.roll(2)});
        body
    }

    fn session(&mut self, dice: &mut Dice) -> Value {
        let shared = self.visit(dice);
        let mut members: BTreeSet<String> = BTreeSet::new();
        for _ in 0..=dice.roll(4) {
            members.insert(dice.pick(&self.w.members).clone());
        }
        let size = members.len() + dice.roll(3);
        let parts: Vec<Value> = members
            .iter()
            .map(|member| {
                json!({"reference": self.reference(), "member": member, "diagnoses": ["F32.9"], "note": shared["note"]})
            })
            .collect();
        json!({
            "reference": format!("S-{}", dice.roll(40)), "peer": shared["peer"], "activity": "group_support",
            "started_at": shared["started_at"], "ended_at": shared["ended_at"], "mode": "in_person",
            "setting": "office", "size": size, "members": parts,
        })
    }

    fn amendment(&mut self, dice: &mut Dice, session: &Value) -> Value {
        let member = dice.pick(&self.w.members).clone();
        match dice.roll(5) {
            0 => json!({"size": 2 + dice.roll(6)}),
            1 => json!({"ended_at": shifted(text(&session["ended_at"]), 15 * (1 + dice.roll(2)))}),
            2 => {
                json!({"peers": 1 + dice.roll(2), "started_at": shifted(text(&session["started_at"]), 15)})
            }
            3 => {
                json!({"add": [{"reference": self.reference(), "member": member, "diagnoses": ["F32.9"],
                "note": {"signed_at": "2026-07-05T12:00:00Z"}}]})
            }
            _ => {
                let live: Vec<&Value> =
                    encounters(session).into_iter().filter(|e| e["status"] != "void").collect();
                if live.is_empty() {
                    json!({})
                } else {
                    json!({"remove": [dice.pick(&live)["id"]]})
                }
            }
        }
    }

    async fn step(&mut self, app: &TestApp, dice: &mut Dice) -> Answer {
        let key = self.w.biller.clone();
        let amend = |path: String, tag: &Value, body: &Value| {
            let request =
                app.request(Method::PATCH, &path, &key).header("if-match", format!("\"{tag}\""));
            send(request.json(body))
        };
        match dice.roll(20) {
            0..4 => app.post("/v1/encounters", &key, &self.visit(dice)).await,
            4..9 => app.post("/v1/encounters", &key, &self.grouped(dice)).await,
            9..12 => app.post("/v1/sessions", &key, &self.session(dice)).await,
            12..15 => {
                let list = world::all(app, "/v1/sessions", &key).await;
                if list.is_empty() {
                    return app.get("/healthz", "").await;
                }
                let path = format!("/v1/sessions/{}", id(dice.pick(&list)));
                let seen = app.get(&path, &key).await.expect(200);
                let body = self.amendment(dice, &seen);
                amend(path, &seen["revision"], &body).await
            }
            15..17 => {
                let list = world::all(app, "/v1/encounters", &key).await;
                if list.is_empty() {
                    return app.get("/healthz", "").await;
                }
                let seen = dice.pick(&list).clone();
                let body = match dice.roll(4) {
                    0 => json!({"group": null, "activity": "individual_support"}),
                    1 => {
                        json!({"group": {"session": format!("G-{}", dice.roll(6)), "size": 3}, "activity": "group_support"})
                    }
                    2 => json!({"ended_at": shifted(text(&seen["ended_at"]), 15)}),
                    _ => {
                        json!({"peer": dice.pick(&self.w.peers[..2]), "member": dice.pick(&self.w.members)})
                    }
                };
                amend(format!("/v1/encounters/{}", id(&seen)), &seen["revision"], &body).await
            }
            17 => {
                let list = world::all(app, "/v1/encounters", &key).await;
                if list.is_empty() {
                    return app.get("/healthz", "").await;
                }
                let reason = json!({"reason": "history"});
                app.post(&format!("/v1/encounters/{}/void", id(dice.pick(&list))), &key, &reason)
                    .await
            }
            18 => {
                let list = world::all(app, "/v1/sessions", &key).await;
                if list.is_empty() || dice.roll(3) > 0 {
                    return app.get("/healthz", "").await;
                }
                let reason = json!({"reason": "history"});
                app.post(&format!("/v1/sessions/{}/void", id(dice.pick(&list))), &key, &reason)
                    .await
            }
            _ => {
                let built = app.get("/v1/batches?status=built", &key).await.expect(200);
                match built["items"].get(0) {
                    Some(batch) => {
                        app.act(&format!("/v1/batches/{}/withdraw", id(batch)), &key).await
                    }
                    None => {
                        app.post(
                            "/v1/batches",
                            &key,
                            &json!({"payer": "evergreen", "through": "2026-07-01"}),
                        )
                        .await
                    }
                }
            }
        }
    }
}

fn shifted(time: &str, minutes: usize) -> String {
    let time = chrono::DateTime::parse_from_rfc3339(time).unwrap();
    (time + chrono::TimeDelta::minutes(i64::try_from(minutes).unwrap())).to_rfc3339()
}

fn encounters(session: &Value) -> Vec<&Value> {
    session["encounters"].as_array().unwrap().iter().collect()
}

fn moment(value: &Value) -> i64 {
    chrono::DateTime::parse_from_rfc3339(text(value)).unwrap().timestamp()
}

fn interval(thing: &Value) -> (i64, i64) {
    (moment(&thing["started_at"]), moment(&thing["ended_at"]))
}

fn is_live(encounter: &Value) -> bool {
    ["ready", "claimed", "submitted"].contains(&text(&encounter["status"]))
}

fn overlap(a: (i64, i64), b: (i64, i64)) -> bool {
    a.0 < b.1 && b.0 < a.1
}

/// Named times by person.
type Times = BTreeMap<String, Vec<(String, (i64, i64))>>;

/// Every pair of times of one person.
fn nowhere_twice(what: &str, times: &Times) {
    for (who, list) in times {
        for (n, (name, time)) in list.iter().enumerate() {
            for (other, at) in &list[n + 1..] {
                assert!(!overlap(*time, *at), "{what} {who}: {name} and {other}");
            }
        }
    }
}

async fn all_ties(app: &TestApp, w: &World) {
    let all = world::all(app, "/v1/encounters", &w.biller).await;
    let mut of_members = Times::new();
    let mut of_peers = Times::new();
    let mut of_sessions: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for encounter in all.iter().filter(|e| is_live(e)) {
        let name = text(&encounter["reference"]).to_owned();
        let time = (name, interval(encounter));
        of_members.entry(text(&encounter["member"]).to_owned()).or_default().push(time.clone());
        match encounter["group"]["session"].as_str() {
            Some(session) => of_sessions.entry(session.to_owned()).or_default().push(encounter),
            None => of_peers.entry(text(&encounter["peer"]).to_owned()).or_default().push(time),
        }
    }
    for head in world::all(app, "/v1/sessions", &w.biller).await {
        let name = text(&head["reference"]).to_owned();
        let named = all
            .iter()
            .filter(|e| e["group"]["session"] == head["reference"] && e["status"] != "void");
        assert_eq!(
            named.count(),
            usize::try_from(head["billed"].as_u64().unwrap()).unwrap(),
            "{head}"
        );
        let Some(live) = of_sessions.remove(&name) else { continue };
        assert!(head["voided_at"].is_null(), "{head}");
        let members: BTreeSet<&str> = live.iter().map(|e| text(&e["member"])).collect();
        assert_eq!(members.len(), live.len(), "a member is in a session once: {name}");
        assert!(live.len() <= usize::try_from(head["size"].as_u64().unwrap()).unwrap(), "{head}");
        let (from, to) = interval(&head);
        for encounter in &live {
            assert_eq!(encounter["peer"], head["peer"], "{encounter} {head}");
            assert_eq!(encounter["group"]["size"], head["size"], "{encounter} {head}");
            assert_eq!(encounter["group"]["peers"], head["peers"], "{encounter} {head}");
            let (start, end) = interval(encounter);
            assert!(from <= start && end <= to, "{encounter} {head}");
        }
        let time = if head["stated"] == true {
            (from, to)
        } else {
            let times = live.iter().map(|e| interval(e));
            times.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap()
        };
        of_peers.entry(text(&head["peer"]).to_owned()).or_default().push((name, time));
    }
    assert!(of_sessions.is_empty(), "live visits of sessions that are not there: {of_sessions:?}");
    nowhere_twice("member", &of_members);
    nowhere_twice("peer", &of_peers);
    let none = |what: &str, sql: &str| {
        assert_eq!(app.database.number(&format!("SELECT COUNT(*) FROM ({sql}) x")), 0, "{what}");
    };
    none(
        "a line holds what its status says",
        "SELECT l.id FROM decision_lines l LEFT JOIN unit_entries u \
         ON u.organization_id = l.organization_id AND u.line_id = l.id GROUP BY l.id, l.status, l.units \
         HAVING COALESCE(SUM(u.reserved), 0) <> CASE WHEN l.status IN ('ready', 'claimed') THEN l.units ELSE 0 END",
    );
    none(
        "nothing is held beside the current decision",
        "SELECT u.encounter_id FROM unit_entries u JOIN encounters e ON e.organization_id = u.organization_id \
         AND e.id = u.encounter_id JOIN decision_lines l ON l.organization_id = u.organization_id AND l.id = u.line_id \
         WHERE l.decision_id <> e.decision_id GROUP BY u.encounter_id, u.line_id HAVING SUM(u.reserved) <> 0",
    );
    none(
        "each revision but the last is kept",
        "SELECT e.id FROM encounters e LEFT JOIN encounter_revisions r ON r.organization_id = e.organization_id \
         AND r.encounter_id = e.id GROUP BY e.id, e.revision HAVING COUNT(r.revision) <> e.revision - 1",
    );
    none(
        "whoever names a session is of it, and no other is",
        "SELECT e.id FROM encounters e LEFT JOIN session_encounters s ON s.organization_id = e.organization_id \
         AND s.encounter_id = e.id WHERE (e.content LIKE '%\"group\":{%') <> (s.encounter_id IS NOT NULL)",
    );
}

async fn play(app: &TestApp, seed: u64) {
    let w = world::river_bend(app, 6).await;
    for (n, member) in w.members.iter().enumerate() {
        let grant = json!({"member": member, "payer": "evergreen", "number": format!("PA-{n}"), "units": 60,
            "from": "2026-07-01", "to": "2026-12-31"});
        world::authorization(app, &w.admin, "river-bend", &grant).await;
    }
    let (mut past, mut dice) = (Past { w, count: 0 }, Dice::new(seed));
    let mut codes: BTreeMap<u16, usize> = BTreeMap::new();
    for step in 1..=STEPS {
        let answer = past.step(app, &mut dice).await;
        let status = answer.status.as_u16();
        assert!([200, 201, 409, 422].contains(&status), "{answer:?}");
        *codes.entry(status).or_default() += 1;
        if step % LOOK_EVERY == 0 {
            all_ties(app, &past.w).await;
        }
    }
    // A history in which nothing happens shows nothing.
    assert!(codes[&200] > 20 && codes[&201] > 60 && codes[&409] > 0, "{codes:?}");
    for (what, sql) in [
        ("held by their session", "decisions WHERE answer LIKE '%session.disagrees%'"),
        ("held by the peer's time", "decisions WHERE answer LIKE '%overlap.peer%'"),
        ("corrected sessions", "sessions WHERE revision > 1"),
        ("gathered sessions", "sessions WHERE stated = FALSE"),
        ("revised visits", "encounters WHERE revision > 1"),
        ("live visits of groups", "encounters WHERE status = 'ready' AND service = 'peer_group'"),
    ] {
        assert!(app.database.number(&format!("SELECT COUNT(*) FROM {sql}")) > 0, "{what}");
    }
}

on_both! {
    async fn any_history_of_sessions_ties(app: TestApp) {
        play(&app, 0x5E55).await;
    }

    async fn another_history_of_sessions_ties(app: TestApp) {
        play(&app, 4711).await;
    }
}
