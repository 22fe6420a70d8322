//! Every public error code comes out of a real request. The match below has an arm for each, so a new
//! code does not compile until somebody says which request brings it about; a code that nobody can
//! bring about must go.

use futures_util::future::{Either, select};
use peerclaims::domain::text::Invalid;
use peerclaims::error::{AppError, Code};
use peerclaims::store::{Scope, StoreError, counters};
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, Database, TestApp, send};
use crate::world::{self, World, id};

const REPORT: &str = "/v1/reports/utilization?from=2026-07-01&to=2026-09-30";

/// A batch is there whose visits are claimed; a third visit is held.
struct Scene {
    app: TestApp,
    w: World,
    visits: Vec<Value>,
    batch: String,
}

impl Scene {
    async fn new(database: Database) -> Self {
        let settings = [("HTTP__BODY_SECONDS", "3"), ("HTTP__MAX_BODY_BYTES", "100000")];
        let app = TestApp::on(database, &settings);
        let w = world::river_bend(&app, 1).await;
        let mut visits = Vec::new();
        for day in 1..=2 {
            let start = format!("2026-09-0{day}T16:00");
            let body = world::visit(&format!("V-{day}"), &w.peers[0], &w.members[0], &start);
            visits.push(app.post("/v1/encounters", &w.submitter, &body).await.expect(201));
        }
        let batch = id(&app.post("/v1/batches", &w.biller, &through()).await.expect(201));
        Self { app, w, visits, batch }
    }

    fn batch(&self, step: &str) -> String {
        format!("/v1/batches/{}/{step}", self.batch)
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.app.post(path, &self.w.admin, body).await
    }

    /// Where a void of a released claim is asked for, and how.
    async fn released(&self, reference: &str, start: &str) -> (String, Value) {
        let (app, w) = (&self.app, &self.w);
        let body = world::visit(reference, &w.peers[0], &w.members[0], start);
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        let batch = id(&app.post("/v1/batches", &w.biller, &through()).await.expect(201));
        app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
        let claims = app.get(&format!("/v1/claims?batch={batch}"), &w.biller).await.expect(200);
        let path = format!("/v1/claims/{}/void", id(&claims["items"][0]));
        (path, json!({"reason": "billed twice", "payer_control": "ICN-1"}))
    }

    async fn probe(&self, once: &str, note: &str) -> Answer {
        self.app.post_once("/v1/probe", &self.w.admin, once, &json!({ "note": note })).await
    }

    /// The member with another last name, with what `If-Match` wants.
    async fn changed_member(&self) -> (String, String, Value) {
        let path = format!("/v1/members/{}?organization=river-bend", self.w.members[0]);
        let answer = self.app.get(&path, &self.w.admin).await;
        let mut member = answer.expect(200);
        for field in ["id", "revision"] {
            member.as_object_mut().unwrap().remove(field);
        }
        for coverage in member["coverages"].as_array_mut().unwrap() {
            coverage.as_object_mut().unwrap().remove("id");
        }
        (path, answer.header("etag").to_owned(), member)
    }

    /// Two requests under one key at once, while the first cannot end.
    async fn running(&self) -> Answer {
        let (told, wait) = std::sync::mpsc::channel::<()>();
        let (reached, there) = tokio::sync::oneshot::channel();
        let db = self.app.ctx.db.clone();
        // The probe takes a number of this counter, which is held here.
        let holding = tokio::spawn(async move {
            let hold = move |conn: &mut _| {
                counters::take(conn, "probe", 1)?;
                reached.send(()).unwrap();
                wait.recv().unwrap();
                Ok::<_, StoreError>(())
            };
            db.write(Scope::Service, hold).await.unwrap();
        });
        there.await.unwrap();
        let both = select(Box::pin(self.probe("two", "a")), Box::pin(self.probe("two", "a")));
        // One waits, so the other is the first to be answered.
        let (answer, waiting) = match both.await {
            Either::Left((answer, waiting)) | Either::Right((answer, waiting)) => (answer, waiting),
        };
        told.send(()).unwrap();
        waiting.await.expect(201);
        holding.await.unwrap();
        answer
    }

    /// The connection is lost in the moment of the commit. SQLite has none to lose: there it is
    /// the seam that is tried.
    async fn outcome_unknown(&self) -> Option<Answer> {
        if matches!(self.app.database, Database::Sqlite { .. }) {
            let lost = AppError::from(StoreError::OutcomeUnknown("lost".into()));
            assert_eq!(lost.code, Code::OutcomeUnknown);
            return None;
        }
        self.app.database.execute(
            "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$; \
             CREATE CONSTRAINT TRIGGER lost AFTER INSERT OR UPDATE ON counters \
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION lose();",
        );
        let answer = self.probe("lost", "a").await;
        self.app.database.execute("DROP TRIGGER lost ON counters");
        // What it tells the client to do: the same request again, which is then done once.
        let again = self.probe("lost", "a").await.expect(201);
        assert_eq!(self.probe("lost", "a").await.expect(201), again);
        Some(answer)
    }

    async fn bring_about(&self, code: Code) -> Option<Answer> {
        let Self { app, w, visits, .. } = self;
        let put = |kind: &'static str| {
            app.request(Method::PUT, "/v1/probe", &w.admin).header("content-type", kind)
        };
        let void = format!("/v1/encounters/{}/void", id(&visits[0]));
        let payer = json!({"key": "evergreen", "name": "Another plan", "sandbox": true});
        Some(match code {
            Code::MalformedBody => send(put("application/json").body("{")).await,
            Code::InvalidInput => self.post("/v1/probe", &json!({ "note": 7 })).await,
            Code::InvalidParameter => app.get("/v1/payers?limit=x", &w.admin).await,
            Code::Unauthorized => app.get("/v1/payers", "pck_none").await,
            Code::NotFound => app.get("/v1/payers/pay_0000000000001", &w.admin).await,
            Code::MethodNotAllowed => app.delete("/v1/payers", &w.admin).await,
            Code::UnsupportedMediaType => send(put("text/plain").body("{}")).await,
            Code::NotAcceptable => {
                send(app.request(Method::GET, REPORT, &w.biller).header("accept", "image/png"))
                    .await
            }
            Code::TooSlow => {
                let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
                send(put("application/json").body(reqwest::Body::wrap_stream(never))).await
            }
            Code::TooLarge => send(put("application/json").body("[".repeat(100_001))).await,
            Code::ReferenceConflict => {
                let start = "2026-09-03T16:00";
                let other = world::visit("V-1", &w.peers[0], &w.members[0], start);
                app.post("/v1/encounters", &w.submitter, &other).await
            }
            Code::AlreadyExists => self.post("/v1/payers", &payer).await,
            Code::AlreadyClaimed => {
                app.post(&void, &w.biller, &json!({"reason": "entered twice"})).await
            }
            Code::ClaimChanging => {
                let (path, body) = self.released("C-1", "2026-09-04T16:00").await;
                app.post(&path, &w.biller, &body).await.expect(200);
                let answer = app.post(&path, &w.biller, &body).await;
                // So that the next batch is one of originals.
                app.act(&path.replace("/void", "/keep"), &w.biller).await.expect(200);
                answer
            }
            Code::ClaimWithoutNumber => {
                let (path, _) = self.released("C-2", "2026-09-05T16:00").await;
                app.post(&path, &w.biller, &json!({"reason": "billed twice"})).await
            }
            Code::NotOverridable => {
                let path = format!("/v1/encounters/{}/overrides", id(&visits[0]));
                let wanted = json!({"rule": "duplicate", "reason": "both took place"});
                app.post(&path, &w.biller, &wanted).await
            }
            Code::WrongStatus => {
                let receipt = json!({"how": "payer portal", "to": "claims intake"});
                app.post(&self.batch("delivered"), &w.biller, &receipt).await
            }
            Code::ReleaseRefused => {
                let (path, etag, mut member) = self.changed_member().await;
                let before = member.clone();
                member["coverages"][0]["to"] = json!("2026-06-30");
                app.put(&path, &w.admin, &etag, &member).await.expect(200);
                let answer = app.act(&self.batch("release"), &w.biller).await;
                let etag = app.get(&path, &w.admin).await.header("etag").to_owned();
                app.put(&path, &w.admin, &etag, &before).await.expect(200);
                answer
            }
            Code::NothingReady => app.post("/v1/batches", &w.biller, &through()).await,
            Code::TooManyJobs => {
                let wanted =
                    json!({"report": "delivery", "from": "2026-07-01", "to": "2026-07-31"});
                for _ in 0..4 {
                    app.post("/v1/report-jobs", &w.biller, &wanted).await.expect(202);
                }
                app.post("/v1/report-jobs", &w.biller, &wanted).await
            }
            Code::PreconditionRequired => {
                let (path, _, member) = self.changed_member().await;
                app.put(&path, &w.admin, "", &member).await
            }
            Code::PreconditionFailed => {
                let (path, _, member) = self.changed_member().await;
                app.put(&path, &w.admin, "\"0\"", &member).await
            }
            Code::IdempotencyKeyReused => {
                self.probe("one", "a").await.expect(201);
                self.probe("one", "b").await
            }
            Code::IdempotencyKeyRunning => self.running().await,
            Code::Busy => {
                let row = "DELETE FROM __diesel_schema_migrations WHERE version = '20261122000002'";
                app.database.execute(row);
                let answer = app.get("/readyz", "").await;
                app.database.execute(
                    "INSERT INTO __diesel_schema_migrations (version) VALUES ('20261122000002')",
                );
                answer
            }
            Code::OutcomeUnknown => return self.outcome_unknown().await,
            Code::Internal => app.get("/v1/fault", &w.admin).await,
        })
    }
}

fn through() -> Value {
    json!({"payer": "evergreen", "through": "2026-09-05"})
}

async fn case(database: Database) {
    let scene = Scene::new(database).await;
    for code in Code::ALL {
        let Some(answer) = scene.bring_about(*code).await else { continue };
        answer.problem(code.status(), code.as_str());
        let again = ["busy", "outcome_unknown", "idempotency_key_running"].contains(&code.as_str());
        assert_eq!(!answer.header("retry-after").is_empty(), again, "{code:?}");
    }
    // All of that changed nothing: the batch is as it was, and can be released.
    scene.app.act(&scene.batch("release"), &scene.w.biller).await.expect(200);
    // And each was counted once under its code (the seam's was no answer).
    let counted = scene.app.ctx.metrics.errors.all();
    for code in Code::ALL.iter().filter(|c| **c != Code::OutcomeUnknown) {
        let count = counted.iter().find(|(name, _)| *name == code.as_str());
        assert!(count.is_some_and(|(_, count)| *count >= 1), "{code:?} in {counted:?}");
    }
    // What the domain refuses elsewhere has a code as well.
    assert_eq!(AppError::from(Invalid::new("wrong")).code, Code::InvalidParameter);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    case(tokio::task::spawn_blocking(Database::sqlite).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    if let Some(database) = tokio::task::spawn_blocking(Database::postgres).await.unwrap() {
        case(database).await;
    }
}
