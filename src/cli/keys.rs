//! `peerclaims keys`: the key alone on standard output, so that a script can take it.

use chrono::TimeDelta;
use clap::{Args, Subcommand};

use super::{CliError, open};
use crate::config::Settings;
use crate::domain::access::Role;
use crate::domain::dates::Instant;
use crate::domain::ids::KeyId;
use crate::flow::access::{self, KeyRecord, NewKey};
use crate::flow::{Clock, Ctx};

/// Longest life of a key in days: ten years.
const MAX_DAYS: i64 = 3_660;

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Make a key; its text is shown once and never again.
    Create(Create),
    /// List keys, without their secrets.
    List,
    /// Refuse a key from now on.
    Revoke {
        /// Its id: `key_…` as listed.
        id: KeyId,
    },
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// admin, submitter, biller or `payer_analyst`.
    #[arg(long)]
    role: Role,
    /// Key or id of the organization, for submitters and billers.
    #[arg(long)]
    organization: Option<String>,
    /// Key or id of the payer, for payer analysts.
    #[arg(long)]
    payer: Option<String>,
    /// What people call it.
    #[arg(long, default_value = "unnamed")]
    label: String,
    /// Days until it ends; without, it does not end by itself.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=MAX_DAYS))]
    expires_days: Option<i64>,
}

pub(super) async fn run(settings: &Settings, command: KeysCommand) -> Result<(), CliError> {
    let ctx = open(settings, Clock::system()).await?;
    match command {
        KeysCommand::Create(create) => make(&ctx, create).await,
        KeysCommand::List => list(&ctx).await,
        KeysCommand::Revoke { id } => {
            access::revoke_key(&ctx, id).await?;
            eprintln!("revoked: {id}");
            Ok(())
        }
    }
}

async fn make(ctx: &Ctx, create: Create) -> Result<(), CliError> {
    let ends = |days| ctx.clock.real().plus(TimeDelta::days(days));
    let new = NewKey {
        role: create.role,
        organization: create.organization,
        payer: create.payer,
        label: create.label,
        expires_at: create.expires_days.map(ends),
    };
    let (record, text) = access::create_key(ctx, new).await?;
    eprintln!("created: {} ({}). Keep the key: it is not shown again.", record.id, record.role);
    println!("{text}");
    Ok(())
}

async fn list(ctx: &Ctx) -> Result<(), CliError> {
    let keys = access::list_keys(ctx).await?;
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["id", "role", "of", "label", "created", "expires", "revoked"]);
    for key in &keys {
        table.add_row(row(key));
    }
    println!("{table}");
    Ok(())
}

fn row(key: &KeyRecord) -> [String; 7] {
    let time = |at: Option<Instant>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let of = key.organization.map(|id| id.to_string());
    let of = of.or_else(|| key.payer.map(|id| id.to_string()));
    [
        key.id.to_string(),
        key.role.to_string(),
        of.unwrap_or_else(|| "-".to_owned()),
        key.label.clone(),
        key.created_at.to_string(),
        time(key.expires_at),
        time(key.revoked_at),
    ]
}
