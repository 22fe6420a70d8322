//! `peerclaims demo`: a year of three invented organizations through the same doors as real work,
//! month by month, told as a story; then the service stays up to be tried.
//!
//! The calendar is the demo's (`Clock::set`): each month's visits are sent and billed on the fifth
//! of the next month, so that deadlines fall alike whenever it is run.

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
use self::files::{SENDERS, Sender, Upload};
use self::folder::Folder;
use self::tally::Tally;
use super::{CliError, open};
use crate::config::Settings;
use crate::domain::dates::Instant;
use crate::flow::access::{self, NewKey, Role};
use crate::flow::{Clock, Ctx, again};
use crate::synth::Year;
use crate::{http, store, telemetry, worker};

/// The demo's year.
const YEAR: i32 = 2026;
/// What the clocks show when a month's visits are sent: nine in the morning at the first sender's,
/// in summer eight.
const HOUR: &str = "17:00:00Z";
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
    let ctx = open(&settings, Clock::starting_at(sending_day(1)?)).await?;
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
    eprintln!("The demo's year is {YEAR}. Folder: {}", folder.path().display());
    load::reference(ctx).await?;
    // Nothing was decided yet, so nothing of this is to be decided again.
    again::settle(ctx).await?;
    let mut desks = Vec::new();
    for sender in SENDERS {
        desks.push(Desk::open(ctx, address, sender).await?);
    }
    let step = progress::Step::begin("The year", usize::try_from(MONTHS).unwrap_or_default());
    for month in 1..=MONTHS {
        ctx.clock.set(sending_day(month)?);
        for desk in &mut desks {
            desk.month(month, folder).await?;
        }
        step.done(1);
    }
    let recorded: u64 = desks.iter().map(|d| d.tally.recorded()).sum();
    let batches: usize = desks.iter().map(|d| d.batches.len()).sum();
    step.end(&format!("{recorded} visits recorded, {batches} batches delivered"));
    let admin = Client::new(address, &key(ctx, Role::Admin, None).await?)?;
    let report = report::fetch(&admin, folder).await?;
    println!("\npeerclaims demo: the visits of {YEAR}, month by month, seen on 5 January 2027.");
    println!("All people, organizations and payers are invented.");
    for desk in &desks {
        story::organization(desk.sender, &desk.tally);
    }
    let expected = desks.iter().map(|d| d.tally.expected).sum();
    let batches: Vec<_> = desks.into_iter().map(|d| (d.sender, d.batches)).collect();
    story::batches(&batches, expected);
    report::print(&report);
    println!("\nIn {}:", folder.path().display());
    println!(
        "  the 837P files, batches and report as tables, answers to the uploads, peerclaims.db"
    );
    Ok(())
}

/// Months of the year.
const MONTHS: u32 = 12;

fn year() -> Result<Year, CliError> {
    Year::new(YEAR).ok_or_else(|| CliError::Other("the demo has no year".to_owned()))
}

/// When the visits of a month are sent.
fn sending_day(month: u32) -> Result<Instant, CliError> {
    let day = year()?.sent_on(month);
    Instant::parse(&format!("{day}T{HOUR}")).map_err(|e| CliError::Other(e.to_string()))
}

/// An organization's desk: who sends its visits and bills them, and what came of it so far.
struct Desk {
    sender: &'static Sender,
    submitter: Client,
    biller: Client,
    tally: Tally,
    batches: Vec<bill::Delivered>,
}

impl Desk {
    async fn open(
        ctx: &Ctx,
        address: SocketAddr,
        sender: &'static Sender,
    ) -> Result<Self, CliError> {
        let submitter = Client::new(address, &key(ctx, Role::Submitter, Some(sender.key)).await?)?;
        let biller = Client::new(address, &key(ctx, Role::Biller, Some(sender.key)).await?)?;
        let (tally, batches) = (Tally::default(), Vec::new());
        Ok(Self { sender, submitter, biller, tally, batches })
    }

    /// Sends the visits of a month, and bills what is ready.
    async fn month(&mut self, month: u32, folder: &mut Folder) -> Result<(), CliError> {
        let sender = self.sender;
        let file = sender.year.iter().zip(1u32..).find(|(_, of)| *of == month).map(|(f, _)| *f);
        let by_hand = if month == MONTHS { sender.by_hand } else { &[] };
        for upload in file.map(Upload::Whole).into_iter().chain(by_hand.iter().copied()) {
            send::visits(&self.submitter, sender, &upload, folder, &mut self.tally).await?;
        }
        let through = year()?.days_of(month).last().unwrap_or_default();
        self.batches.push(bill::batch(&self.biller, sender, through, folder).await?);
        Ok(())
    }
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
