//! The service, as it answers over HTTP, in this process: with the time of the visits that are sent.

use std::path::Path;

use actix_server::ServerHandle;
use peerclaims::config::Settings;
use peerclaims::domain::dates::Instant;
use peerclaims::domain::ids::OrganizationId;
use peerclaims::error::AppError;
use peerclaims::flow::access::{self, NewKey, Role, find_names};
use peerclaims::flow::{Clock, Ctx};
use peerclaims::http;
use peerclaims::store::Db;
use peerclaims::synth::Year;
use tokio::task::JoinHandle;

/// Connections of the pool: as many as the service opens when nothing is said.
const CONNECTIONS: u32 = 8;

/// A running service.
pub struct Server {
    pub ctx: Ctx,
    pub url: String,
    pub key: String,
    handle: ServerHandle,
    task: JoinHandle<Result<(), AppError>>,
}

/// The moment at which a month's visits are sent.
pub fn sent_on(year: Year, month: u32) -> Instant {
    Instant::parse(&format!("{}T17:00:00Z", year.sent_on(month))).unwrap()
}

/// A context at the moment when a month's visits are sent. Each month has a node number of its own,
/// as each process has.
pub fn context(url: &str, year: Year, month: u32) -> Ctx {
    let clock = Clock::starting_at(sent_on(year, month));
    Ctx::new(Db::open(url, CONNECTIONS).unwrap(), clock, i64::from(month))
}

/// The organization of a folder of visits.
pub async fn tenant(ctx: &Ctx, folder: &Path) -> OrganizationId {
    find_names(ctx, Some(&name(folder)), None).await.unwrap().0.unwrap()
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap().to_str().unwrap().to_owned()
}

impl Server {
    /// Starts at the moment when a month's visits are sent, with a key for an organization.
    pub async fn start(url: &str, year: Year, month: u32, folder: &Path) -> Self {
        let ctx = context(url, year, month);
        let new = NewKey {
            role: Role::Submitter,
            organization: Some(name(folder)),
            payer: None,
            label: "bench".to_owned(),
            expires_at: None,
        };
        let key = access::create_key(&ctx, new).await.unwrap().1;
        let own = [
            ("PEERCLAIMS__DATABASE__URL".to_owned(), url.to_owned()),
            ("PEERCLAIMS__HTTP__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ];
        let settings = Settings::from_parts(None, own).unwrap();
        let bound = http::bind(&settings, ctx.clone()).unwrap();
        let (url, handle) = (format!("http://{}", bound.address()), bound.handle());
        Self { ctx, url, key, handle, task: tokio::spawn(bound.run()) }
    }

    /// Stops and gives its connections back.
    pub async fn stop(self) {
        self.handle.stop(true).await;
        self.task.await.unwrap().unwrap();
    }
}
