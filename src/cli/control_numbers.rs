//! `peerclaims control-numbers`: goes on from the numbers of the software before (`docs/operations.md`).

use clap::Args;

use super::CliError;
use crate::config::Settings;
use crate::domain::identifiers::PartnerCode;
use crate::error::AppError;
use crate::flow::Clock;
use crate::flow::audit::{self, Action, Detail};
use crate::store::{Conn, Scope, counters};
use crate::x12::envelope::MAX_CONTROL;

/// Say from which control number on files of one sender to one receiver are numbered: above the last
/// one that other software has sent between the same two.
#[derive(Debug, Args)]
pub(super) struct ControlNumbers {
    /// The sender's id (ISA06): `sender_id` of the contract.
    #[arg(long, value_parser = code)]
    sender: PartnerCode,
    /// The receiver's id (ISA08): `receiver_id` of the pack.
    #[arg(long, value_parser = code)]
    receiver: PartnerCode,
    /// The next number; one that is behind what was given here changes nothing.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CONTROL)))]
    next: u32,
}

fn code(text: &str) -> Result<PartnerCode, String> {
    PartnerCode::parse(text).map_err(|e| e.to_string())
}

pub(super) async fn run(settings: &Settings, wanted: &ControlNumbers) -> Result<(), CliError> {
    let ctx = super::open(settings, Clock::system()).await?;
    let ControlNumbers { sender, receiver, next } = wanted;
    let (pair, next, work) = (format!("{sender}:{receiver}"), *next, ctx.clone());
    let name = format!("{}{pair}", counters::CONTROL);
    let about = pair.clone();
    let forward = move |conn: &mut Conn| {
        let now = counters::at_least(conn, &name, next)?;
        let detail = Detail::default().about("pair", about).count("next", now);
        audit::note(&work, conn, None, Action::ControlNumbers, "", detail)?;
        Ok::<_, AppError>(now)
    };
    let now = ctx.db.write(Scope::Service, forward).await?;
    println!("{pair}: the next control number is {now}");
    Ok(())
}
