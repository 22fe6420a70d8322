//! The worker's turns: bounded chunks, nobody kept waiting, several processes at once, a fault that
//! holds up nothing else; and after any history, deciding everything again changes nothing.

use std::collections::BTreeSet;

use peerclaims::domain::ids::OrganizationId;
use peerclaims::flow::again::{self, CHUNK_VISITS, Cause, Round, Touched, Turn};
use peerclaims::flow::{Ctx, Scope};
use serde_json::{Value, json};

use crate::again::{decisions, seen, supersede};
use crate::app::{TestApp, on_both};
use crate::changes::amend_member;
use crate::world::{self, World};

/// Members, and visits of each: more than two chunks, cut in the middle of a day.
const MEMBERS: usize = 30;
const DAYS: usize = 8;
const ALL: usize = MEMBERS * DAYS;

/// Half an hour a day for each member, all ready: one NDJSON upload.
async fn fill(app: &TestApp, w: &World) {
    let mut text = String::new();
    for n in 0..ALL {
        let (member, day) = (n % MEMBERS, n / MEMBERS);
        let start =
            format!("2026-07-{:02}T{:02}:{:02}", 1 + day, 15 + member / 8, 30 * (member / 4 % 2));
        let peer = &w.peers[member % 4];
        let body = world::visit_of(&format!("B-{n}"), peer, &w.members[member], &start, 30);
        text.push_str(&body.to_string());
        text.push('\n');
    }
    let answer =
        world::body(app, "/v1/encounters/bulk", &w.submitter, "application/x-ndjson", text).await;
    for row in world::answers(&answer) {
        assert_eq!(row["encounter"]["disposition"], "ready", "{row}");
    }
}

/// Each visit was decided again exactly once, at the new rate; the ledger is as before.
async fn all_once(app: &TestApp, w: &World) {
    let number = |sql: &str| app.database.number(sql);
    let all = i64::try_from(ALL).unwrap();
    assert_eq!(number("SELECT COUNT(*) FROM marks"), 0);
    assert_eq!(number("SELECT COUNT(*) FROM encounters WHERE decision_sequence = 2"), all);
    assert_eq!(decisions(app), 2 * all);
    let ready = "SELECT COUNT(*) FROM decision_lines WHERE status = 'ready' AND charge = 4000";
    assert_eq!(number(ready), all);
    assert_eq!(number("SELECT CAST(SUM(reserved) AS BIGINT) FROM unit_entries"), 2 * all);
    let (first, last, count) = (
        number("SELECT MIN(number) FROM decision_changes"),
        number("SELECT MAX(number) FROM decision_changes"),
        number("SELECT COUNT(*) FROM decision_changes"),
    );
    assert_eq!((first, last, count), (1, all, all));
    assert_eq!(world::all(app, "/v1/encounters?status=ready", &w.biller).await.len(), ALL);
}

async fn dearer(app: &TestApp, w: &World) {
    let rate = ["\"17.8825\"", "\"20.00\""];
    supersede(app, w, "2026.2", ["units = 16", "units = 16"], rate).await;
}

/// Marks everything of the organization.
async fn mark_all(app: &TestApp, organization: &str) {
    let id = OrganizationId::parse(organization).unwrap();
    let ctx = app.ctx.clone();
    app.ctx
        .db
        .write(Scope::Tenant(id), move |conn| {
            again::mark(&ctx, conn, id, Cause::Organization, &[Touched::Organization])
        })
        .await
        .unwrap();
}

/// Visits of half an hour (two units) of one member who is seen by two peers, eight a day from the first
/// of July on, in order; or of so many minutes those that are named.
fn dense(w: &World, visits: impl IntoIterator<Item = usize>, minutes: i64) -> String {
    let body = |n: usize| {
        let (day, slot) = (n / 8, n % 8);
        let start = format!("2026-07-{:02}T{:02}:{:02}", 1 + day, 15 + slot / 2, 30 * (slot % 2));
        let body =
            world::visit_of(&format!("D-{n}"), &w.peers[n % 2], &w.members[0], &start, minutes);
        format!("{body}\n")
    };
    visits.into_iter().map(body).collect()
}

/// Uploads visits, also such as correct those that are there; each must be answered so.
async fn upload(app: &TestApp, w: &World, text: String, status: u16) {
    let path = "/v1/encounters/bulk?on_conflict=revise";
    let answer = world::body(app, path, &w.submitter, "application/x-ndjson", text).await;
    for row in world::answers(&answer) {
        assert_eq!(row["status"], status, "{row}");
    }
}

/// The numbers of the dense member's visits that are ready, in order.
async fn ready(app: &TestApp, w: &World) -> Vec<usize> {
    let list = world::all(app, "/v1/encounters?status=ready", &w.biller).await;
    let number = |e: &Value| e["reference"].as_str().unwrap().strip_prefix("D-")?.parse().ok();
    let mut numbers: Vec<usize> = list.iter().filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

/// The references of all visits that are ready.
async fn ready_references(app: &TestApp, w: &World) -> BTreeSet<String> {
    let list = world::all(app, "/v1/encounters?status=ready", &w.biller).await;
    list.iter().map(|e| e["reference"].as_str().unwrap().to_owned()).collect()
}

/// Turns until nothing is due.
async fn turns(app: &TestApp) -> usize {
    let (mut round, mut count) = (Round::default(), 0);
    while again::turn(&app.ctx, &mut round).await.unwrap() == Turn::Worked {
        count += 1;
    }
    count
}

/// Deciding everything again changes nothing.
async fn settled(app: &TestApp, w: &World) {
    let before = outcomes(app, &w.biller).await;
    let organization = app.get("/v1/organizations", &w.biller).await.expect(200);
    mark_all(app, organization["items"][0]["id"].as_str().unwrap()).await;
    app.settle().await;
    assert_eq!(outcomes(app, &w.biller).await, before);
}

/// What visits come to, without their words and figures.
async fn outcomes(app: &TestApp, key: &str) -> Vec<Value> {
    let list = world::all(app, "/v1/encounters", key).await;
    let outcome = |e: &Value| {
        json!([
            e["reference"],
            e["status"],
            e["disposition"],
            e["service_date"],
            e["payer"],
            e["lines"]
                .as_array()
                .unwrap()
                .iter()
                .map(|l| json!([
                    l["status"],
                    l["units"],
                    l["charge"],
                    l["expected"],
                    l["procedure"],
                    l["authorization"]
                ]))
                .collect::<Vec<_>>()
        ])
    };
    list.iter().map(outcome).collect()
}

on_both! {
    async fn a_large_change_is_made_in_chunks_in_order(app: TestApp) {
        let w = world::river_bend(&app, MEMBERS).await;
        fill(&app, &w).await;
        dearer(&app, &w).await;
        let (mut round, mut before, mut sizes) = (Round::default(), decisions(&app), Vec::new());
        while again::turn(&app.ctx, &mut round).await.unwrap() == Turn::Worked {
            sizes.push(usize::try_from(decisions(&app) - before).unwrap());
            before = decisions(&app);
        }
        let forward: Vec<usize> = sizes.into_iter().filter(|size| *size > 0).collect();
        assert_eq!(forward, [CHUNK_VISITS, CHUNK_VISITS, ALL - 2 * CHUNK_VISITS]);
        all_once(&app, &w).await;
        // In order of date and start, across the chunks too.
        let feed = world_feed(&app, &w).await;
        let told: Vec<(String, String)> = feed.iter().map(|c| {
            let at = c["before"]["service_date"].as_str().unwrap().to_owned();
            (at, c["reference"].as_str().unwrap().to_owned())
        }).collect();
        let dates: Vec<&String> = told.iter().map(|(date, _)| date).collect();
        assert!(dates.is_sorted(), "{told:?}");
    }

    async fn a_large_organization_does_not_keep_another_waiting(app: TestApp) {
        let w = world::river_bend(&app, MEMBERS).await;
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 1).await;
        let body = world::visit("V-1", &other.peers[0], &other.members[0], "2026-07-01T16:00");
        app.post("/v1/encounters", &other.submitter, &body).await.expect(201);
        fill(&app, &w).await;
        dearer(&app, &w).await;
        let mut round = Round::default();
        again::turn(&app.ctx, &mut round).await.unwrap();
        // A member of the large one, and one of the other, change while that is under way.
        amend_member(&app, &w, 0, |m| m["address"] = Value::Null).await;
        let path = format!("/v1/members/{}?organization=hill-top", other.members[0]);
        crate::changes::amend(&app, &w, &path, |m| m["address"] = Value::Null).await;
        // One for each of the three changes, and one for what the other organization's sets free.
        for _ in 0..4 {
            assert_eq!(again::turn(&app.ctx, &mut round).await.unwrap(), Turn::Worked);
        }
        assert_eq!(seen(&app, &other, "V-1").await["status"], "held");
        assert_eq!(seen(&app, &w, "B-0").await["status"], "held");
        let waiting = app.database.number("SELECT COUNT(*) FROM encounters WHERE decision_sequence = 1");
        assert!(waiting > 100, "{waiting}: the large change is still under way");
        app.settle().await;
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters WHERE decision_sequence = 1"), 0);
    }

    async fn what_a_change_of_much_sets_free_is_looked_at_when_it_has_ended(app: TestApp) {
        let w = world::river_bend(&app, MEMBERS).await;
        fill(&app, &w).await;
        app.settle().await;
        // Two units of each member's year need no authorization any more: its first visit stays ready. The others
        // give back units and time, and wait for some.
        let free = ["free_units = 24", "free_units = 2"];
        supersede(&app, &w, "2026.2", free, ["\"17.8825\"", "\"17.8825\""]).await;
        let count = turns(&app).await;
        let ready = ready_references(&app, &w).await;
        assert_eq!(ready, (0..MEMBERS).map(|n| format!("B-{n}")).collect::<BTreeSet<_>>());
        assert_eq!(app.database.number("SELECT COUNT(*) FROM marks"), 0);
        // To the earliest and to the latest, and once through what waits: not once for each chunk, and not once for
        // each member and peer.
        let walk = ALL.div_ceil(CHUNK_VISITS);
        assert!(count <= 3 * walk, "{count} turns");
    }

    async fn what_leaned_on_a_members_visits_is_marked_once_a_chunk(app: TestApp) {
        let limit = world::limit("daily", "90", "window = \"day\"\nexceed = \"hold\"");
        let anchor = "[[condition]]\nkey = \"anchor\"\nservices = [\"peer_individual\"]\n\
                      demand = \"face_to_face_within\"\ndays = 30\nsource = \"manual-limits\"";
        let w = world::limited(&app, &format!("{limit}\n{anchor}\n"), 1).await;
        upload(&app, &w, dense(&w, 0..8, 30), 201).await;
        app.settle().await;
        assert_eq!(ready(&app, &w).await.len(), 8, "all on one day");
        app.database.execute("UPDATE members SET line1 = NULL, city = NULL, state = NULL, zip = NULL");
        let list = app.get("/v1/organizations", &w.biller).await.expect(200);
        mark_all(&app, list["items"][0]["id"].as_str().unwrap()).await;
        assert_eq!(again::turn(&app.ctx, &mut Round::default()).await.unwrap(), Turn::Worked);
        // Eight visits face to face are gone, on which the same others of the member lean.
        let leaned = "SELECT COUNT(*) FROM marks WHERE depth = 1 AND kind = 'member'";
        assert_eq!(app.database.number(leaned), 1);
    }

    async fn two_workers_share_and_do_nothing_twice(app: TestApp) {
        let w = world::river_bend(&app, MEMBERS).await;
        fill(&app, &w).await;
        dearer(&app, &w).await;
        let second = Ctx::new(
            peerclaims::store::Db::open(&app.database.url(), 4).unwrap(), app.ctx.clock.clone(), 700);
        let (a, b) = tokio::join!(again::settle(&app.ctx), again::settle(&second));
        a.unwrap();
        b.unwrap();
        app.settle().await;
        all_once(&app, &w).await;
    }

    async fn what_a_dense_members_visits_set_free_is_decided_again_once_and_not_once_a_row(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let all: usize = 160;
        upload(&app, &w, dense(&w, 0..all, 30), 201).await;
        // The free units of the year are used up by the first twelve.
        assert_eq!(ready(&app, &w).await, (0..12).collect::<Vec<usize>>());
        app.settle().await;
        let before = decisions(&app);
        // Each of them gives back one of its two units.
        upload(&app, &w, dense(&w, 0..12, 15), 200).await;
        assert_eq!(decisions(&app) - before, 12);
        let marks = app.database.number("SELECT COUNT(*) FROM marks");
        assert!(marks >= 12, "{marks}");
        // All that waits is looked at once, in chunks, and not once for each of the twelve.
        let count = turns(&app).await;
        assert!(count <= all.div_ceil(CHUNK_VISITS) + 1, "{count} turns for {marks} marks");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM marks"), 0);
        assert_eq!(ready(&app, &w).await, (0..18).collect::<Vec<usize>>(), "the earliest first");
        assert_eq!(crate::again::units(&app), 24);
        // Six visits have another answer; the others were looked at and say the same.
        assert_eq!(decisions(&app) - before, 12 + 6);
        settled(&app, &w).await;
    }

    async fn what_is_set_free_while_others_are_worked_on_is_not_lost(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        upload(&app, &w, dense(&w, 0..160, 30), 201).await;
        upload(&app, &w, dense(&w, 0..8, 15), 200).await;
        let mut round = Round::default();
        assert_eq!(again::turn(&app.ctx, &mut round).await.unwrap(), Turn::Worked);
        assert_eq!(ready(&app, &w).await, (0..16).collect::<Vec<usize>>());
        let left = app.database.number("SELECT COUNT(*) FROM marks");
        assert!((1..=2).contains(&left), "one for each of the two peers: {left}");
        // More is given back while the first chunk is done and the second is not.
        upload(&app, &w, dense(&w, 8..12, 15), 200).await;
        let count = turns(&app).await;
        assert!(count <= 2 * 160_usize.div_ceil(CHUNK_VISITS), "{count}");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM marks"), 0);
        // Whoever is looked at next gets it, and nothing of it is left over.
        let now = ready(&app, &w).await;
        assert_eq!((now.len(), crate::again::units(&app)), (18, 24), "{now:?}");
        assert!(now.starts_with(&(0..16).collect::<Vec<usize>>()), "{now:?}");
        settled(&app, &w).await;
    }

    async fn a_person_without_visits_is_not_marked(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        amend_member(&app, &w, 0, |m| m["address"] = Value::Null).await;
        assert_eq!(app.database.number("SELECT COUNT(*) FROM marks"), 0);
    }

    async fn deciding_everything_again_changes_nothing_after_any_history(app: TestApp) {
        crate::history_again::fixpoint(&app, 0xA6A1, 4, 70).await;
    }
}

async fn world_feed(app: &TestApp, w: &World) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/decisions/changes?limit=200{cursor}");
        let feed = app.get(&path, &w.biller).await.expect(200);
        items.extend(feed["items"].as_array().unwrap().clone());
        cursor = format!("&cursor={}", feed["next_cursor"].as_str().unwrap());
        if feed["more"] == false {
            return items;
        }
    }
}

/// After settling, the same of everything is decided again with the same outcome.
pub async fn stands(app: &TestApp, past: &crate::history::Past) {
    let key = &past.world.biller;
    let before = outcomes(app, key).await;
    let organization = app.get("/v1/organizations", key).await.expect(200);
    mark_all(app, organization["items"][0]["id"].as_str().unwrap()).await;
    app.settle().await;
    let after = outcomes(app, key).await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after, "{}", past.key);
    }
}
