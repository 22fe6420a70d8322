//! The service in this process, on a free port, with a database of its own.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use peerclaims::config::Settings;
use peerclaims::flow::access::{self, NewKey, Role};
use peerclaims::flow::{Clock, Ctx};
use peerclaims::http;
use peerclaims::store::Db;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

pub use crate::database::Database;
use crate::probe;

/// Process numbers of the services in this process.
static NODE: AtomicU32 = AtomicU32::new(0);

/// The calendar of all API tests stands at 10 September 2026, so that no deadline of
/// theirs ever passes.
fn september() -> Clock {
    Clock::starting_at(peerclaims::domain::dates::Instant::parse("2026-09-10T16:00:00Z").unwrap())
}

/// A running service.
pub struct TestApp {
    /// For testing the flow beside the API.
    pub ctx: Ctx,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where its counts are.
    pub metrics: SocketAddr,
    /// Its database, for looking at rows.
    pub database: Database,
    client: reqwest::Client,
    handle: actix_web::dev::ServerHandle,
}

/// An answer: status, headers and body.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.body))
    }

    /// A header as text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body as JSON, of an answer that must have this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// The problem of an answer that must be one, with this status and code.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["status"], status, "{body}");
        assert_eq!(body["request_id"], self.header("x-request-id"), "{body}");
        assert!(body["type"].as_str().unwrap().ends_with(&format!("/{code}")), "{body}");
        assert!(!body["detail"].as_str().unwrap().is_empty(), "{body}");
        body
    }
}

#[allow(dead_code, reason = "the verbs of HTTP belong together")]
impl TestApp {
    /// On SQLite.
    pub async fn sqlite() -> Self {
        let database = tokio::task::spawn_blocking(Database::sqlite).await.unwrap();
        Self::on(database, &[])
    }

    /// On PostgreSQL, when a server is set.
    pub async fn postgres() -> Option<Self> {
        let database = tokio::task::spawn_blocking(Database::postgres).await.unwrap()?;
        Some(Self::on(database, &[]))
    }

    /// On `database`, with settings such as `("HTTP__MAX_BODY_BYTES", "1000")`.
    pub fn on(database: Database, settings: &[(&str, &str)]) -> Self {
        let own = [
            ("DATABASE__URL", database.url()),
            ("HTTP__LISTEN", "127.0.0.1:0".to_owned()),
            ("HTTP__WORKERS", "2".to_owned()),
            ("METRICS__LISTEN", "127.0.0.1:0".to_owned()),
        ];
        let given = settings.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let environment = own
            .into_iter()
            .chain(given)
            .map(|(name, value)| (format!("PEERCLAIMS__{name}"), value));
        let settings = Settings::from_parts(None, environment).unwrap();
        let url = settings.database.url.expose();
        let db = Db::open(url, settings.database.connections).unwrap();
        let node = i64::from(NODE.fetch_add(1, Ordering::Relaxed));
        let clock = september();
        let ctx = Ctx::new(db, clock, node);
        let bound = http::bind_with(&settings, ctx.clone(), probe::routes).unwrap();
        let (address, handle) = (bound.address(), bound.handle());
        let metrics = bound.metrics_address().unwrap();
        tokio::spawn(bound.run());
        let client =
            reqwest::Client::builder().timeout(Duration::from_secs(60)).no_proxy().build().unwrap();
        Self { ctx, address, metrics, database, client, handle }
    }

    /// Decides again whatever changes have touched, as the worker would.
    pub async fn settle(&self) {
        peerclaims::flow::again::settle(&self.ctx).await.unwrap();
    }

    /// A key of an admin.
    pub async fn admin_key(&self) -> String {
        self.make_key(Role::Admin, None, None).await
    }

    /// A key of a submitter or biller of the organization with this key, or of an analyst of the
    /// payer with this key.
    pub async fn key(&self, role: Role, of: &str) -> String {
        let of = Some(of.to_owned());
        if role.is_of_organization() {
            self.make_key(role, of, None).await
        } else {
            self.make_key(role, None, of).await
        }
    }

    async fn make_key(
        &self,
        role: Role,
        organization: Option<String>,
        payer: Option<String>,
    ) -> String {
        let label = "test".to_owned();
        let new = NewKey { role, organization, payer, label, expires_at: None };
        access::create_key(&self.ctx, new).await.unwrap().1
    }

    /// A row for an organization, for tests of what stands below the reference data.
    pub fn insert_organization(&self, key: &str) -> i64 {
        let id: peerclaims::domain::ids::OrganizationId = self.ctx.id();
        let id = id.as_i64();
        self.database.execute(&format!(
            "INSERT INTO organizations (id, key, name, mode, npi, ein, taxonomy, zone, part2, \
             contact_name, contact_phone, revision, created_at, updated_at) VALUES ({id}, '{key}', \
             'Invented Peers', 'test', '1234567893', '911234567', '251S00000X', \
             'America/Los_Angeles', 'not_program', 'Desk', '5095550142', 1, \
             '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
        ));
        id
    }

    /// A row for a payer, for tests of what stands below the reference data.
    pub fn insert_payer(&self, key: &str) -> i64 {
        let id: peerclaims::domain::ids::PayerId = self.ctx.id();
        let id = id.as_i64();
        self.database.execute(&format!(
            "INSERT INTO payers (id, key, name, sandbox, revision, created_at, updated_at) VALUES \
             ({id}, '{key}', 'Invented Plan', TRUE, 1, '2026-01-01 00:00:00', \
             '2026-01-01 00:00:00')"
        ));
        id
    }

    /// A request to be filled; an empty `key` sends none.
    pub fn request(&self, method: Method, path: &str, key: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("http://{}{path}", self.address));
        if key.is_empty() { request } else { request.bearer_auth(key) }
    }

    /// GET.
    pub async fn get(&self, path: &str, key: &str) -> Answer {
        send(self.request(Method::GET, path, key)).await
    }

    /// The page of counts.
    pub async fn metrics(&self) -> String {
        let answer = send(self.client.get(format!("http://{}/metrics", self.metrics))).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        answer.body
    }

    /// POST of a JSON body.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path, key).json(body)).await
    }

    /// POST of a JSON body under an Idempotency-Key.
    pub async fn post_once(&self, path: &str, key: &str, once: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path, key).header("idempotency-key", once);
        send(request.json(body)).await
    }

    /// POST without a body.
    pub async fn act(&self, path: &str, key: &str) -> Answer {
        send(self.request(Method::POST, path, key)).await
    }

    /// POST of an action on an encounter.
    pub async fn act_on(&self, encounter: &str, action: &str, key: &str) -> Answer {
        self.act(&format!("/v1/encounters/{encounter}/{action}"), key).await
    }

    /// PUT of a JSON body; `etag` goes into If-Match unless it is empty.
    pub async fn put(&self, path: &str, key: &str, etag: &str, body: &Value) -> Answer {
        let request = self.request(Method::PUT, path, key).json(body);
        send(if etag.is_empty() { request } else { request.header("if-match", etag) }).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str, key: &str) -> Answer {
        send(self.request(Method::DELETE, path, key)).await
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // The command is sent at once; its future only waits for the end.
        drop(self.handle.stop(false));
    }
}

/// Sends a request and reads its answer.
pub async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, body: response.text().await.unwrap() }
}

/// Makes two tests of one: `name::sqlite` and `name::postgres`.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident: TestApp) $body:block)+) => {
        $(
            $(#[$meta])*
            mod $name {
                use super::*;

                async fn case($app: TestApp) $body

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    case(TestApp::sqlite().await).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    if let Some(app) = TestApp::postgres().await {
                        case(app).await;
                    }
                }
            }
        )+
    };
}
pub(crate) use on_both;
