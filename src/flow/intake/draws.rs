//! What lines draw: on the organization's own ledger, and on the accounts that it shares with others.
//! Every reservation, release and adjustment of a line goes through here, so that the two tie.

use super::bench::Case;
use crate::domain::contract::Terms;
use crate::domain::dates::Instant;
use crate::domain::encounter::EncounterData;
use crate::domain::facts::How;
use crate::domain::ids::{AccountId, EntryId, LineId, OrganizationId, SharedAccountId};
use crate::domain::ledger::{self, Entry, EntryKind, SharedEntry};
use crate::domain::line::Line;
use crate::domain::rules;
use crate::domain::status::LineStatus;
use crate::error::AppError;
use crate::flow::Ctx;
use crate::store::{self, Conn};

/// What ready lines draw: on the organization's own ledger, and on accounts shared with others.
#[derive(Debug, Clone, Default)]
pub struct Draws {
    /// On its own ledger.
    pub own: Vec<Entry>,
    /// On the accounts shared with others.
    pub shared: Vec<SharedEntry>,
}

impl Draws {
    /// Moves what is held to another account, if it is not there already.
    pub fn move_to(&mut self, account: AccountId, held: Entry) {
        if held.account != account {
            let kind = EntryKind::Adjust;
            self.own.push(Entry { kind, ..ledger::release(held.clone()) });
            self.own.push(Entry { account, kind, ..held });
        }
    }

    /// The same on accounts that are shared.
    pub fn move_to_shared(&mut self, account: SharedAccountId, held: SharedEntry) {
        if held.account != account {
            let kind = EntryKind::Adjust;
            self.shared.push(SharedEntry { kind, ..ledger::unshare(held.clone()) });
            self.shared.push(SharedEntry { account, kind, ..held });
        }
    }

    /// Takes up further draws.
    pub fn extend(&mut self, more: Self) {
        self.own.extend(more.own);
        self.shared.extend(more.shared);
    }
}

/// What draws are made from, besides the lines.
#[derive(Debug, Clone, Copy)]
pub struct DrawnOn<'a> {
    /// The account of payer and member.
    pub account: Option<AccountId>,
    /// The account shared with other organizations.
    pub shared: Option<SharedAccountId>,
    /// The terms that say what is counted there.
    pub terms: Option<&'a Terms>,
}

impl<'a> DrawnOn<'a> {
    /// As a case was decided.
    pub fn of(case: &'a Case) -> Self {
        Self { account: case.account, shared: case.shared, terms: case.terms.as_deref() }
    }
}

/// The draws of the ready lines among `lines`.
pub fn draws(on: DrawnOn<'_>, data: &EncounterData, lines: &[Line]) -> Result<Draws, AppError> {
    let mut draws = Draws::default();
    for line in lines.iter().filter(|l| l.status == LineStatus::Ready) {
        let account = on
            .account
            .ok_or_else(|| AppError::internal("a ready line has no account to draw on"))?;
        draws.own.extend(ledger::reserve(account, line, data.peer, data.mode));
        let how = How { modifiers: line.modifiers.clone(), mode: data.mode };
        if let (Some(shared), Some(terms)) = (on.shared, on.terms)
            && rules::is_shared(&terms.pack, &line.service, &how)
        {
            draws.shared.push(ledger::share(shared, line, data.mode));
        }
    }
    Ok(draws)
}

/// Books draws under fresh ids.
pub fn draw(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    at: Instant,
    draws: Draws,
) -> Result<(), AppError> {
    book(ctx, conn, organization, at, draws.own)?;
    book_shared(ctx, conn, organization, at, draws.shared)
}

/// Gives back all that lines hold, on both.
pub fn give_back(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    lines: &[LineId],
) -> Result<(), AppError> {
    let own = store::ledger::holdings(conn, organization, lines)?.into_iter().map(ledger::release);
    book(ctx, conn, organization, ctx.now(), own.collect())?;
    let shared = store::shared::holdings(conn, organization, lines)?;
    let shared = shared.into_iter().map(ledger::unshare).collect();
    book_shared(ctx, conn, organization, ctx.now(), shared)
}

fn book_shared(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    at: Instant,
    entries: Vec<SharedEntry>,
) -> Result<(), AppError> {
    let entries: Vec<(EntryId, SharedEntry)> = entries.into_iter().map(|e| (ctx.id(), e)).collect();
    Ok(store::shared::add(conn, organization, at, &entries)?)
}

/// Adds entries to the ledger under fresh ids.
pub fn book(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    at: Instant,
    entries: Vec<Entry>,
) -> Result<(), AppError> {
    let entries: Vec<(EntryId, Entry)> = entries.into_iter().map(|e| (ctx.id(), e)).collect();
    Ok(store::ledger::add(conn, organization, at, &entries)?)
}
