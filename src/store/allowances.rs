//! What is left of a member's allowances under a contract on a day: the same counting as a decision's,
//! for whoever shows it. The counting is the rules'; here is what it has to read.

use chrono::NaiveDate;

use super::usage::UsageScope;
use super::{Conn, StoreError, ledger, usage};
use crate::domain::authorization::Authorization;
use crate::domain::contract::{LimitScope, Terms};
use crate::domain::decision::Remaining;
use crate::domain::episode::Episode;
use crate::domain::facts::{AuthorizationFact, EpisodeFact, Usage};
use crate::domain::ids::{AccountId, OrganizationId};
use crate::domain::ledger::AccountKey;
use crate::domain::member::CoverageData;
use crate::domain::rules;

/// What the member has, whatever the payer.
#[derive(Debug, Clone, Copy)]
pub struct Holdings<'a> {
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
    /// The account that is drawn on, where anything was ever drawn.
    pub account: Option<AccountId>,
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
    let payer = coverage.payer;
    let of_payer = holdings.authorizations.iter().filter(|a| a.data.payer == payer);
    let authorizations: Vec<AuthorizationFact> =
        of_payer.map(|a| AuthorizationFact::from(*a)).collect();
    let episodes: Vec<EpisodeFact> =
        holdings.episodes.iter().filter_map(|e| e.fact_for(payer)).collect();
    let key = AccountKey::payer_member(payer, &coverage.member_number);
    let accounts = ledger::find_accounts(conn, organization, std::slice::from_ref(&key))?;
    let account = accounts.values().next().copied();
    let reach = rules::reach(&terms.pack, LimitScope::MemberAndOrganization, &episodes, on);
    let scope = UsageScope {
        accounts: reach.map(|days| (account.into_iter().collect(), days)).into_iter().collect(),
        authorizations: authorizations.iter().map(|a| a.id).collect(),
        except: Vec::new(),
    };
    let usage = usage::of_accounts(conn, organization, &scope)?;
    let usage: Vec<&Usage> = usage.iter().map(|(_, usage)| usage).collect();
    let selected = rules::select(&terms.pack, &episodes, on, &usage, &[]);
    let remaining = rules::allowances(terms, &episodes, &selected, &authorizations, on);
    Ok(Left { remaining, authorizations, account })
}
