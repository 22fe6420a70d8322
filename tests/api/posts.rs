//! Single visits that are sent at the same time and recorded together: each is answered as if it had
//! come alone, one that is refused leaves its neighbors alone, and the books are those of a recount.

mod books;
mod turns;

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;

pub use books::recounted;
use books::{books, within_the_year};
use futures_util::future::join_all;
use peerclaims::domain::ids::{KeyId, OrganizationId};
use peerclaims::error::AppError;
use peerclaims::flow::idempotent::{Reply, Ticket};
use peerclaims::flow::intake::draft::parse;
use peerclaims::flow::intake::posts::post;
use peerclaims::flow::intake::{Draft, Parsed, Reading, Recorded};
use peerclaims::flow::{Clock, Ctx, Scope, access};
use peerclaims::store::{Backend, Conn, Db};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::app::{TestApp, on_both};
use crate::world::{self, Dice, World, id};

/// Minutes summed over the day.
const SUMMED: [(&str, &str); 1] =
    [("rounding = \"floor\"", "rounding = \"floor\"\nsum_over = \"day\"")];

fn row(body: &Value) -> Parsed {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let number = |pointer: &str| body.pointer(pointer).map(Value::to_string);
    let draft = Draft {
        reference: text("/reference"),
        peer: text("/peer"),
        member: text("/member"),
        activity: text("/activity"),
        started_at: text("/started_at"),
        ended_at: text("/ended_at"),
        mode: text("/mode"),
        setting: text("/setting"),
        diagnoses: vec!["F32.9".to_owned()],
        note_signed_at: text("/note/signed_at"),
        group_session: text("/group/session"),
        group_size: number("/group/size"),
        ..Draft::default()
    };
    parse(&draft, Reading { local: None, not_after: None }).unwrap()
}

/// What a sender is told, without ids and moments.
fn tell(_: OrganizationId, recorded: Recorded) -> Result<Reply, AppError> {
    let answer = &recorded.decision.answer;
    let findings: Vec<_> = answer.findings.iter().map(|f| (&f.rule, &f.message)).collect();
    let lines: Vec<_> = answer
        .lines
        .iter()
        .map(|l| {
            let drawn = l.authorization.as_ref().map(|d| d.units);
            format!("{:?} {} {:?} {drawn:?}", l.answer, l.units, l.charge)
        })
        .collect();
    let shares = answer.day_sum.as_ref();
    let shares = shares.map(|s| (s.units, s.visits.iter().map(|v| v.minutes).collect::<Vec<_>>()));
    let told = json!({
        "reference": recorded.encounter.data.reference.as_str(), "findings": findings,
        "lines": lines, "disposition": answer.disposition.as_str(),
        "allowances": serde_json::to_value(&answer.remaining).unwrap(),
        "sequence": recorded.decision.sequence, "day": shares,
    });
    Reply::json(if recorded.fresh { 201 } else { 200 }, &told)
}

async fn tenant(ctx: &Ctx) -> OrganizationId {
    access::find_names(ctx, Some("river-bend"), None).await.unwrap().0.unwrap()
}

async fn key(app: &TestApp) -> KeyId {
    access::list_keys(&app.ctx).await.unwrap()[0].id
}

fn ticket(key: KeyId, name: &str) -> Ticket {
    Ticket::new(key, name, "POST /v1/encounters", name.as_bytes()).unwrap()
}

/// Status and answer, or the code and faults of the error.
fn outcome(reply: Result<Reply, AppError>) -> String {
    match reply {
        Ok(reply) => format!("{} {}", reply.status, reply.body),
        Err(error) => format!("{:?} {:?}", error.code, error.faults),
    }
}

/// Visits that meet each other: hours of three members with four peers on a few days, some in
/// sessions, with repeats, changed repeats and strangers between them.
fn sent(w: &World, dice: &mut Dice, count: usize) -> Vec<Value> {
    let mut list: Vec<Value> = Vec::new();
    for n in 0..count {
        let at = format!("2026-07-{:02}T{:02}:{:02}", 1 + dice.roll(3), 15 + dice.roll(5), 0);
        let (peer, member) = (&w.peers[dice.roll(4)], &w.members[dice.roll(3)]);
        let minutes = [20, 40, 60][dice.roll(3)];
        let mut body = world::visit_of(&format!("P-{n}"), peer, member, &at, minutes);
        match dice.roll(12) {
            0 => body["peer"] = json!("1234567893"),
            1 if n > 0 => body = list[dice.roll(n)].clone(),
            2 if n > 0 => {
                body = list[dice.roll(n)].clone();
                body["setting"] = json!("home");
            }
            3 => {
                body["group"] = json!({"session": format!("G-{}", dice.roll(3)), "size": 2});
            }
            _ => {}
        }
        list.push(body);
    }
    list
}

/// With numbers in the place of the ids of a world.
fn without_ids(text: String, w: &World) -> String {
    let ids = w.peers.iter().chain(&w.members).enumerate();
    ids.fold(text, |text, (n, id)| text.replace(id, &format!("#{n}")))
}

async fn as_alone(app: TestApp, alone: TestApp, other: &[(&str, &str)]) {
    let first = world::river_bend_with(&app, 3, other).await;
    let second = world::river_bend_with(&alone, 3, other).await;
    let tenants = (tenant(&app.ctx).await, tenant(&alone.ctx).await);
    let (mut dice, mut again) = (Dice::new(31), Dice::new(31));
    let (bodies, same) = (sent(&first, &mut dice, 90), sent(&second, &mut again, 90));
    for (group, same) in bodies.chunks(30).zip(same.chunks(30)) {
        let rows = group.iter().map(|body| (row(body), None)).collect();
        for (told, body) in together(&app.ctx, tenants.0, rows).await.into_iter().zip(same) {
            let truth = post(&alone.ctx, tenants.1, row(body), None, tell).await;
            let told = without_ids(told, &first);
            assert_eq!(told, without_ids(outcome(truth), &second), "{body}");
        }
    }
    assert_eq!(books(&app), books(&alone));
    recounted(&app);
    within_the_year(&app);
    assert!(app.database.number("SELECT COUNT(*) FROM encounters") > 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_is_answered_as_alone_on_sqlite() {
    as_alone(TestApp::sqlite().await, TestApp::sqlite().await, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_is_answered_as_alone_on_postgres() {
    let Some(app) = TestApp::postgres().await else { return };
    as_alone(app, TestApp::sqlite().await, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sums_of_days_are_told_as_alone() {
    as_alone(TestApp::sqlite().await, TestApp::sqlite().await, &SUMMED).await;
}

/// Refuses a reference in the database itself, which fails the whole transaction.
const TRAP: [&str; 2] = [
    "CREATE TRIGGER trap BEFORE INSERT ON encounters WHEN NEW.reference = 'TRAP' \
     BEGIN SELECT RAISE(ABORT, 'trapped'); END",
    "CREATE FUNCTION trapped() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
     RAISE EXCEPTION 'trapped'; END $$; \
     CREATE TRIGGER trap BEFORE INSERT ON encounters FOR EACH ROW \
     WHEN (NEW.reference = 'TRAP') EXECUTE FUNCTION trapped()",
];

/// Keeps all writers of the database busy until what is given is dropped.
async fn busy(ctx: &Ctx) -> Vec<mpsc::Sender<()>> {
    let writers = if ctx.db.backend() == Backend::Sqlite { 1 } else { ctx.db.pool_state().most };
    let mut held = Vec::new();
    for _ in 0..writers {
        let (go, gone) = mpsc::channel::<()>();
        let (begun, begins) = oneshot::channel();
        let db = ctx.db.clone();
        let work = move |_: &mut Conn| {
            begun.send(()).unwrap();
            let _ = gone.recv();
            Ok::<(), AppError>(())
        };
        tokio::spawn(async move { db.write(Scope::Service, work).await.unwrap() });
        begins.await.unwrap();
        held.push(go);
    }
    held
}

/// Time for other tasks to go as far as they can.
async fn meanwhile() {
    tokio::time::sleep(Duration::from_millis(200)).await;
}

type Sent = (Parsed, Option<Ticket>);

/// Sends visits that wait for one turn together, in this order.
async fn together(ctx: &Ctx, tenant: OrganizationId, sent: Vec<Sent>) -> Vec<String> {
    let held = busy(ctx).await;
    let own = ctx.clone();
    let task = tokio::spawn(async move {
        let posts = sent.into_iter().map(|(row, once)| post(&own, tenant, row, once, tell));
        join_all(posts).await.into_iter().map(outcome).collect()
    });
    meanwhile().await;
    drop(held);
    task.await.unwrap()
}

fn visit(w: &World, reference: &str, day: usize) -> Value {
    let start = format!("2026-07-{day:02}T16:00");
    world::visit_of(reference, &w.peers[day % 4], &w.members[day % 3], &start, 15)
}

on_both! {
    async fn what_fails_for_one_is_done_for_the_others(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        let sqlite = app.database.url().starts_with("sqlite");
        app.database.execute(TRAP[usize::from(!sqlite)]);
        let (tenant, key) = (tenant(&app.ctx).await, key(&app).await);
        let names = ["A-1", "A-2", "TRAP", "A-4", "A-5"];
        let sent = names.iter().enumerate().map(|(n, name)| {
            (row(&visit(&w, name, n + 1)), Some(ticket(key, name)))
        });
        let told = together(&app.ctx, tenant, sent.collect()).await;
        for (name, told) in names.iter().zip(told) {
            let wanted = if *name == "TRAP" { "Internal" } else { "201" };
            assert!(told.starts_with(wanted), "{name}: {told}");
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 4);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM idempotency_keys"), 4);
        recounted(&app);
    }

    async fn a_storm_of_posts_leaves_the_books_as_a_recount_says(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        let bodies = sent(&w, &mut Dice::new(8), 60);
        let clients = (0..24usize).map(|client| {
            let (app, w, bodies) = (&app, &w, &bodies);
            async move {
                let mut answers = Vec::new();
                for step in 0..bodies.len() / 3 {
                    let n = (client * 7 + step) % bodies.len();
                    let once = format!("once-{n}");
                    let answer = match client % 3 {
                        0 => app.post("/v1/encounters", &w.submitter, &bodies[n]).await,
                        _ => app.post_once("/v1/encounters", &w.submitter, &once, &bodies[n]).await,
                    };
                    answers.push((n, answer));
                }
                answers
            }
        });
        let mut told: BTreeMap<String, Value> = BTreeMap::new();
        for (n, answer) in join_all(clients).await.into_iter().flatten() {
            match answer.status.as_u16() {
                200 | 201 => {
                    let mut body = answer.json();
                    let reference = body["reference"].as_str().unwrap().to_owned();
                    // The first result, whoever asks and how often.
                    body = json!([body["id"], body["disposition"], body["lines"]]);
                    assert_eq!(told.entry(reference).or_insert(body.clone()), &body);
                }
                409 if answer.json()["code"] == "idempotency_key_running" => {}
                409 => assert_eq!(answer.json()["code"], "reference_conflict"),
                422 => assert_eq!(bodies[n]["peer"], "1234567893", "{}", answer.body),
                _ => panic!("{answer:?}"),
            }
        }
        let count = app.database.number("SELECT COUNT(*) FROM encounters");
        assert_eq!(usize::try_from(count).unwrap(), told.len());
        let trail = "SELECT COUNT(DISTINCT subject) FROM audit_entries \
                     WHERE action = 'encounter.record'";
        assert_eq!(app.database.number(trail), count);
        recounted(&app);
        within_the_year(&app);
    }

    async fn the_last_units_go_to_as_many_as_they_are(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let posts = (0..16usize).map(|n| {
            let (app, w) = (&app, &w);
            async move {
                let start = format!("2026-07-{:02}T16:00", n + 1);
                let body = world::visit(&format!("L-{n}"), &w.peers[n % 4], &w.members[0], &start);
                app.post("/v1/encounters", &w.submitter, &body).await.expect(201)
            }
        });
        let answers = join_all(posts).await;
        // Twenty-four free units a year, four a visit.
        let ready = answers.iter().filter(|a| a["disposition"] == "ready").count();
        assert_eq!(ready, 6);
        recounted(&app);
        within_the_year(&app);
    }

    async fn the_same_key_twice_at_once_has_one_effect(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        let body = visit(&w, "K-1", 1);
        let posts = (0..12).map(|_| app.post_once("/v1/encounters", &w.submitter, "k", &body));
        let mut ids: Vec<String> = Vec::new();
        for answer in join_all(posts).await {
            if answer.status == 409 {
                answer.problem(409, "idempotency_key_running");
            } else {
                ids.push(id(&answer.expect(201)));
            }
        }
        ids.dedup();
        assert_eq!(ids.len(), 1);
        let again = app.post_once("/v1/encounters", &w.submitter, "k", &body).await;
        assert_eq!(again.header("idempotent-replayed"), "true");
        let other = visit(&w, "K-2", 2);
        let elsewhere = app.post_once("/v1/encounters", &w.submitter, "k", &other).await;
        elsewhere.problem(422, "idempotency_key_reused");
        // A refused one keeps nothing: the corrected one may use the same key.
        let mut bad = visit(&w, "K-3", 3);
        bad["peer"] = json!("1234567893");
        let refused = app.post_once("/v1/encounters", &w.submitter, "l", &bad).await;
        refused.problem(422, "invalid_input");
        app.post_once("/v1/encounters", &w.submitter, "l", &visit(&w, "K-3", 3)).await.expect(201);
    }

    async fn a_key_that_another_process_takes_meanwhile_has_one_effect(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        let other = Ctx::new(Db::open(&app.database.url(), 4).unwrap(), Clock::system(), 999);
        let (tenant, key) = (tenant(&app.ctx).await, key(&app).await);
        for n in 0..12usize {
            let name = format!("O-{n}");
            let row = row(&visit(&w, &name, n + 1));
            let (one, two) = tokio::join!(
                post(&app.ctx, tenant, row.clone(), Some(ticket(key, &name)), tell),
                post(&other, tenant, row, Some(ticket(key, &name)), tell),
            );
            assert_eq!(one.unwrap().body, two.unwrap().body);
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 12);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM idempotency_keys"), 12);
        recounted(&app);
    }

    async fn whoever_goes_away_is_not_waited_for(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        let (tenant, key) = (tenant(&app.ctx).await, key(&app).await);
        let held = busy(&app.ctx).await;
        let mut sent = Vec::new();
        for n in 0..5usize {
            let name = format!("W-{n}");
            let (ctx, row) = (app.ctx.clone(), row(&visit(&w, &name, n + 1)));
            let once = Some(ticket(key, &name));
            sent.push(tokio::spawn(async move { post(&ctx, tenant, row, once, tell).await }));
            meanwhile().await;
        }
        // The one who leads, the one who leads then, and one of those who wait.
        for n in [0, 1, 3] {
            sent[n].abort();
            meanwhile().await;
        }
        drop(held);
        for (n, sent) in sent.into_iter().enumerate() {
            match sent.await {
                Ok(reply) => assert_eq!(reply.unwrap().status, 201, "{n}"),
                Err(error) => assert!(error.is_cancelled() && [0, 1, 3].contains(&n)),
            }
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 2);
        // Nobody leads any more, and the keys are free.
        let late = (row(&visit(&w, "W-0", 1)), Some(ticket(key, "W-0")));
        assert!(together(&app.ctx, tenant, vec![late]).await[0].starts_with("201"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_unknown_to_all() {
    let Some(app) = TestApp::postgres().await else { return };
    let w = world::river_bend(&app, 3).await;
    let tenant = tenant(&app.ctx).await;
    // The session ends itself where the transaction commits.
    app.database.execute(
        "CREATE FUNCTION dies() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON encounters DEFERRABLE INITIALLY DEFERRED \
         FOR EACH ROW WHEN (NEW.reference = 'D-3') EXECUTE FUNCTION dies()",
    );
    let rows = || (1..=4usize).map(|n| row(&visit(&w, &format!("D-{n}"), n)));
    let told = together(&app.ctx, tenant, rows().map(|row| (row, None)).collect()).await;
    assert!(told.iter().all(|one| one.starts_with("OutcomeUnknown")), "{told:?}");
    app.database.execute("DROP TRIGGER dies ON encounters");
    let told = together(&app.ctx, tenant, rows().map(|row| (row, None)).collect()).await;
    assert!(told.iter().all(|one| one.starts_with("201")), "{told:?}");
    recounted(&app);
}
