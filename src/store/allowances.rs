//! What is left of a member's allowances under a contract on a day: the same counting as a decision's,
//! for whoever shows it. The counting is the rules'; here is what it has to read.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::usage::UsageScope;
use super::{Conn, StoreError, ledger, usage};
use crate::domain::authorization::Authorization;
use crate::domain::contract::{LimitScope, Terms};
use crate::domain::decision::Remaining;
use crate::domain::episode::Episode;
use crate::domain::facts::{AuthorizationFact, EpisodeFact, Usage};
use crate::domain::identifiers::MemberNumber;
use crate::domain::ids::{AccountId, OrganizationId};
use crate::domain::ledger::AccountKey;
use crate::domain::member::{Coverage, CoverageData, counted_numbers};
use crate::domain::rules;
use crate::domain::windows::Days;

/// What the member has, whatever the payer.
#[derive(Debug, Clone, Copy)]
pub struct Holdings<'a> {
    /// Coverages of the member, also of other days: their numbers count, too (`docs/adr/0130`).
    pub coverages: &'a [Coverage],
    /// Authorizations of the member.
    pub authorizations: &'a [&'a Authorization],
    /// Episodes of the member.
    pub episodes: &'a [&'a Episode],
}

/// What is left under the coverage of one payer.
#[derive(Debug, Clone)]
pub struct Left {
    /// Limits, free units, authorizations.
    pub remaining: Vec<Remaining>,
    /// The authorizations that count.
    pub authorizations: Vec<AuthorizationFact>,
    /// The accounts whose units limits count, each on these days.
    pub accounts: Vec<(AccountId, Days)>,
}

/// What counts for what is left.
#[derive(Debug, Clone)]
pub struct Counted {
    /// Episodes that the payer counts.
    pub episodes: Vec<EpisodeFact>,
    /// Authorizations of the payer.
    pub authorizations: Vec<AuthorizationFact>,
    /// The accounts whose units limits count, each on these days.
    pub accounts: Vec<(AccountId, Days)>,
    /// Units drawn.
    pub usage: Vec<Usage>,
}

/// What is left on a day under the terms that are in force for a coverage.
pub fn left(
    conn: &mut Conn,
    organization: OrganizationId,
    terms: &Terms,
    coverage: &CoverageData,
    holdings: Holdings<'_>,
    on: NaiveDate,
) -> Result<Left, StoreError> {
    let of = counted(conn, organization, terms, coverage, holdings, on)?;
    let remaining = remaining(terms, (&of.episodes, &of.authorizations), &of.usage, on);
    Ok(Left { remaining, authorizations: of.authorizations, accounts: of.accounts })
}

/// What counts on a day under the terms that are in force for a coverage.
pub fn counted(
    conn: &mut Conn,
    organization: OrganizationId,
    terms: &Terms,
    coverage: &CoverageData,
    holdings: Holdings<'_>,
    on: NaiveDate,
) -> Result<Counted, StoreError> {
    let payer = coverage.payer;
    let of_payer = holdings.authorizations.iter().filter(|a| a.data.payer == payer);
    let authorizations: Vec<AuthorizationFact> =
        of_payer.map(|a| AuthorizationFact::from(*a)).collect();
    let episodes: Vec<EpisodeFact> =
        holdings.episodes.iter().filter_map(|e| e.fact_for(payer)).collect();
    let accounts = accounts(conn, organization, coverage, holdings.coverages)?;
    let ids = accounts.iter().map(|(id, _)| *id).collect::<BTreeSet<_>>();
    let reach = rules::reach(&terms.pack, LimitScope::MemberAndOrganization, &episodes, on);
    let scope = UsageScope {
        accounts: reach.map(|days| (ids.into_iter().collect(), days)).into_iter().collect(),
        authorizations: authorizations.iter().map(|a| a.id).collect(),
        except: Vec::new(),
    };
    let found = usage::of_accounts(conn, organization, &scope)?;
    let counts = |(account, usage): &(AccountId, Usage)| {
        let on_days = |(id, days): &(AccountId, Days)| id == account && days.covers(usage.date);
        let approved = |a: &AuthorizationFact| Some(a.id) == usage.authorization;
        accounts.iter().any(on_days) || authorizations.iter().any(approved)
    };
    let usage = found.into_iter().filter(counts).map(|(_, usage)| usage).collect();
    Ok(Counted { episodes, authorizations, accounts, usage })
}

/// What is left of what counts.
pub fn remaining(
    terms: &Terms,
    (episodes, authorizations): (&[EpisodeFact], &[AuthorizationFact]),
    usage: &[Usage],
    on: NaiveDate,
) -> Vec<Remaining> {
    let usage: Vec<&Usage> = usage.iter().collect();
    let selected = rules::select(&terms.pack, episodes, authorizations, on, (&usage, &[]));
    rules::allowances(terms, episodes, &selected, authorizations, on)
}

/// The accounts of the numbers that count, where anything was ever drawn.
fn accounts(
    conn: &mut Conn,
    organization: OrganizationId,
    billed: &CoverageData,
    coverages: &[Coverage],
) -> Result<Vec<(AccountId, Days)>, StoreError> {
    let numbers = counted_numbers(coverages, billed);
    let key = |number: &MemberNumber| AccountKey::payer_member(billed.payer, number);
    let keys: Vec<AccountKey> = numbers.iter().map(|(number, _)| key(number)).collect();
    let found = ledger::find_accounts(conn, organization, &keys)?;
    let known = keys
        .iter()
        .zip(&numbers)
        .filter_map(|(key, (_, days))| found.get(key).map(|account| (*account, *days)));
    Ok(known.collect())
}
