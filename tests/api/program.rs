//! The real program as a process of its own, on a database of a test. It goes by the real clock.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use reqwest::Method;
use serde_json::Value;

use crate::app::{Answer, Database, send};
use crate::world::{self, World};

/// A running `peerclaims serve`.
pub struct Program {
    process: Child,
    /// Where it listens.
    pub address: String,
    client: reqwest::Client,
}

fn command(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peerclaims"));
    command.args(arguments).env_remove("PEERCLAIMS_CONFIG");
    command.env("PEERCLAIMS__DATABASE__URL", url);
    command
}

/// Runs a command of the program to its end.
pub fn run(url: &str, arguments: &[&str]) -> Output {
    command(url, arguments).output().unwrap()
}

/// [`run`], which must succeed; what it printed.
#[track_caller]
pub fn done(url: &str, arguments: &[&str]) -> String {
    let output = run(url, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

impl Program {
    /// Starts it and waits until it listens.
    pub fn start(database: &Database) -> Self {
        let mut command = command(&database.url(), &["serve"]);
        command.stderr(Stdio::piped());
        command.env("PEERCLAIMS__HTTP__LISTEN", "127.0.0.1:0");
        command.env("PEERCLAIMS__LOG__FORMAT", "json");
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let address = loop {
            let line = lines.next().unwrap_or_else(|| panic!("the service ended: {said}")).unwrap();
            let Ok(line) = serde_json::from_str::<Value>(&line) else {
                said += &line;
                continue;
            };
            if line["message"] == "listening" {
                break line["address"].as_str().unwrap().to_owned();
            }
        };
        // A full pipe would stop the service.
        std::thread::spawn(move || lines.for_each(drop));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { process, address, client }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Waits for its end.
    pub fn ended(mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    /// A request to be filled.
    pub fn request(&self, method: Method, path: &str, key: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address)).bearer_auth(key)
    }

    /// GET.
    pub async fn get(&self, path: &str, key: &str) -> Answer {
        send(self.request(Method::GET, path, key)).await
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

    /// A bulk upload.
    pub async fn upload(&self, key: &str, body: impl Into<reqwest::Body>) -> reqwest::Response {
        let request = self.request(Method::POST, "/v1/encounters/bulk", key);
        let request = request.header("content-type", "application/x-ndjson");
        request.body(body).send().await.unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// When this process asked first: at midnight the days of one test do not become other ones.
fn now() -> DateTime<Utc> {
    static NOW: OnceLock<DateTime<Utc>> = OnceLock::new();
    *NOW.get_or_init(Utc::now)
}

/// A day that is some days from now: contracts and coverages of a world for the program hold around
/// today.
pub fn day(days: i64) -> String {
    (now() + TimeDelta::days(days)).format("%Y-%m-%d").to_string()
}

/// Visits in the world of `mesa_voices` that fit all its limits: one a day for each member, one after
/// the other for each of four peers, from two days ago backwards. A quarter of an hour is a unit.
pub fn visits(w: &World, prefix: &str, count: usize, minutes: i64) -> Vec<Value> {
    let today = now().with_hour(0).unwrap().with_minute(0).unwrap();
    let members = w.members.len();
    let visit = |n: usize| {
        let (member, ago) = (n % members, i64::try_from(n / members + 2).unwrap());
        let slot = i64::try_from(member / 4).unwrap();
        let start = today - TimeDelta::days(ago) + TimeDelta::minutes(14 * 60 + minutes * slot);
        let start = start.format("%Y-%m-%dT%H:%M").to_string();
        let (peer, member) = (&w.peers[member % 4], &w.members[member]);
        world::visit_of(&format!("{prefix}-{n}"), peer, member, &start, minutes)
    };
    (0..count).map(visit).collect()
}
