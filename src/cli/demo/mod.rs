//! `peerclaims demo`: a quarter of three invented organizations through the same doors as real
//! work, told as a story; then the service stays up to be tried.
//!
//! The calendar is the demo's (`Clock::starting_at`), so that deadlines fall alike on any day.

mod bill;
mod client;
mod files;
mod folder;
mod last_words;
mod load;
mod progress;
mod report;
mod send;
mod story;
mod tally;
mod words;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use self::client::Client;
use self::files::SENDERS;
use self::folder::Folder;
use super::{CliError, open};
use crate::config::Settings;
use crate::domain::dates::Instant;
use crate::flow::access::{self, NewKey, Role};
use crate::flow::{Clock, Ctx};
use crate::{http, store, telemetry, worker};

/// What the demo's calendar shows when it starts: the morning after a filing deadline.
const NOW: &str = "2026-10-05T09:00:00-07:00";
/// The port unless another is named.
const PORT: u16 = 8080;

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Stop after the story, and do not keep serving.
    #[arg(long)]
    exit: bool,
    /// The folder for database and files; an earlier demo's files in it are replaced.
    #[arg(long, value_name = "DIR", default_value = "demo-out")]
    out: PathBuf,
    /// The port to serve on: 8080, or with --exit a free one, when not said.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
}

pub(super) async fn run(demo: Demo) -> Result<(), CliError> {
    let port = demo.port.unwrap_or(if demo.exit { 0 } else { PORT });
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    port_is_free(listen)?;
    let mut folder = Folder::prepare(&demo.out)?;
    let settings = settings(&mut folder, listen)?;
    telemetry::start(&settings.log);
    store::migrate(settings.database.url.expose())?;
    let now = Instant::parse(NOW).map_err(|e| CliError::Other(e.to_string()))?;
    let ctx = open(&settings, Clock::starting_at(now)).await?;
    let bound = http::bind(&settings, ctx.clone())?;
    let (address, handle) = (bound.address(), bound.handle());
    let server = tokio::spawn(bound.run());
    let told = tell(&ctx, address, &mut folder).await;
    if told.is_ok() && !demo.exit {
        last_words::say(&ctx, address).await?;
        // What visitors change is decided again, as in a real service.
        let (stop, stopped) = watch::channel(false);
        let working = tokio::spawn(worker::run(ctx.clone(), stopped));
        until_stopped().await?;
        let _ = stop.send(true);
        let _ = working.await;
        println!("\nStopped. The database and the files stay in {}.", folder.path().display());
    }
    handle.stop(true).await;
    let _ = server.await;
    told
}

/// The story: everything that is sent and told.
async fn tell(ctx: &Ctx, address: SocketAddr, folder: &mut Folder) -> Result<(), CliError> {
    eprintln!("The demo's calendar: Monday, 5 October 2026. Folder: {}", folder.path().display());
    load::reference(ctx).await?;
    let mut told = Vec::new();
    for sender in SENDERS {
        let submitter = Client::new(address, &key(ctx, Role::Submitter, Some(sender.key)).await?)?;
        told.push((sender, send::visits(&submitter, sender, folder).await?));
    }
    let step = progress::Step::begin("Batches", SENDERS.len());
    let mut batches = Vec::new();
    for sender in SENDERS {
        let biller = Client::new(address, &key(ctx, Role::Biller, Some(sender.key)).await?)?;
        batches.push((sender, bill::batch(&biller, sender, folder).await?));
        step.done(1);
    }
    step.end(&format!("{} built, released and delivered", batches.len()));
    let admin = Client::new(address, &key(ctx, Role::Admin, None).await?)?;
    let report = report::fetch(&admin, folder).await?;
    println!("\npeerclaims demo: visits of July to September 2026, seen on 5 October 2026.");
    println!("All people, organizations and payers are invented.");
    for (sender, tally) in &told {
        story::organization(sender, tally);
    }
    story::batches(&batches, told.iter().map(|(_, tally)| tally.expected).sum());
    report::print(&report);
    println!("\nIn {}:", folder.path().display());
    println!(
        "  the 837P files, batches and report as tables, answers to the uploads, peerclaims.db"
    );
    Ok(())
}

/// A key for the demo; its text is kept nowhere.
async fn key(ctx: &Ctx, role: Role, organization: Option<&str>) -> Result<String, CliError> {
    let organization = organization.map(str::to_owned);
    let label = "demo".to_owned();
    let new = NewKey { role, organization, payer: None, label, expires_at: None };
    Ok(access::create_key(ctx, new).await?.1)
}

/// The demo's own settings: nothing of the surroundings decides where it writes.
fn settings(folder: &mut Folder, listen: SocketAddr) -> Result<Settings, CliError> {
    let own = [
        ("PEERCLAIMS__DATABASE__URL", folder.database()?),
        ("PEERCLAIMS__HTTP__LISTEN", listen.to_string()),
        ("PEERCLAIMS__LOG__LEVEL", "warn".to_owned()),
    ];
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
    Ok(Settings::from_parts(None, own)?)
}

/// Asks before anything is written: the one mishap that is likely.
fn port_is_free(listen: SocketAddr) -> Result<(), CliError> {
    match TcpListener::bind(listen) {
        Ok(_) => Ok(()),
        Err(error) => {
            let port = listen.port();
            let text = format!(
                "port {port} cannot be used ({error}). Choose another: --port 8090, or --port 0 \
                 for a free one"
            );
            Err(CliError::Other(text))
        }
    }
}

async fn until_stopped() -> Result<(), CliError> {
    let failed = |e: std::io::Error| CliError::Other(format!("cannot watch for signals: {e}"));
    let mut term = signal(SignalKind::terminate()).map_err(failed)?;
    let mut int = signal(SignalKind::interrupt()).map_err(failed)?;
    tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
    Ok(())
}
