//! Limits (U3): what is left for each member of each limit, free allotment and authorization on the last
//! day of the period, and which of them binds first. The same counting as a decision's.

use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
use serde::{Deserialize, Serialize};

use crate::domain::authorization::Authorization;
use crate::domain::contract::{Terms, in_force};
use crate::domain::dates::Instant;
use crate::domain::decision::Remaining;
use crate::domain::episode::Episode;
use crate::domain::identifiers::MemberNumber;
use crate::domain::ids::{ContractVersionId, MemberId, OrganizationId, PayerId};
use crate::domain::member::{CoverageData, Member};
use crate::domain::report::pace::LOW_HUNDREDTHS;
use crate::reports::frame::{Asked, Check, Column, Table, Ties, Value};
use crate::reports::registry::Built;
use crate::reports::source::{Part, Source};
use crate::store::allowances::{self, Counted, Holdings};
use crate::store::{self, Conn, StoreError};

/// Members that are read at a time.
const PAGE: i64 = 200;
/// Coverages whose units are read at a time.
const AT_ONCE: usize = 200;

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::key("organization", "key of the organization"),
    Column::key("payer", "key of the payer"),
    Column::key("member", "the organization's own reference of the member"),
    Column::key("kind", "limit, free_units or authorization"),
    Column::key("key", "key of the limit or rule; number of the authorization"),
    Column::words("title", "in words"),
    Column::date("from", "first day counted; null (no_end) where it is not said"),
    Column::date("to", "last day counted; null (no_end): without an end"),
    Column::rate("allowed", "units", "units allowed in all"),
    Column::rate("used", "units", "used and reserved; null (not_told) where it is not told"),
    Column::rate("remaining", "units", "allowed less used; negative: beyond it; null (not_told)"),
    Column::words(
        "binds_first",
        "yes: none of this member's has less left, by the days and services that it speaks of",
    ),
    Column::rate("share_used", "", "used / allowed; null (no_denominator, not_told)"),
    Column::words(
        "band",
        "below_half, half (or more), near (a fifth or less is left), at_cap, over_cap; empty where it is \
         not told",
    ),
];

/// Limits are near their end when so much of them is left, as one part of so many: as authorizations.
const NEAR_PARTS: i64 = 100 / LOW_HUNDREDTHS;
const SHARE_PLACES: u32 = 4;

const CHAIN: &str = "remaining = allowed - used, row by row; as a decision of that day would count";

/// A member and one of the coverages on the day, as they are kept with an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Covered {
    member: MemberId,
    payer: PayerId,
    number: MemberNumber,
    /// 0, or the how manieth of the member's coverages by this payer it is.
    nth: usize,
}

impl Covered {
    /// As what counts for it is kept: whatever its number, which may be corrected.
    fn of(&self, id: OrganizationId) -> String {
        format!("{id} {} {} {}", self.member, self.payer, self.nth)
    }
}

/// How many figures are told, and how many of them subtract rightly.
#[derive(Default)]
struct Figures {
    told: i64,
    right: i64,
}

/// Makes it.
pub fn build(
    conn: &mut Conn,
    asked: &Asked,
    _: Instant,
    source: &mut Source,
) -> Result<Built, StoreError> {
    let mut table = Table::new(COLUMNS);
    let payers = store::report_days::payer_keys(conn)?;
    let mut figures = Figures::default();
    for (id, name) in super::listed(conn, asked, source)? {
        let covered: Vec<Covered> =
            source.of(conn, (Part::Coverages, id), |conn| covered(conn, asked, id))?;
        let names: BTreeMap<String, String> =
            source.of(conn, (Part::Names, id), |conn| references(conn, id, &covered))?;
        let versions: BTreeMap<PayerId, ContractVersionId> =
            source.of(conn, (Part::Contract, id), |conn| versions(conn, asked, id))?;
        let mut reader = Reader { id, on: asked.to, versions, terms: HashMap::new() };
        for some in covered.chunks(AT_ONCE) {
            let held = if source.reads() { Held::read(conn, id, some)? } else { Held::default() };
            for one in some {
                let Some(list) = reader.left(conn, source, (one, &held))? else { continue };
                let least = list.iter().filter_map(|r| r.remaining).min();
                for figure in &list {
                    figures.add(figure);
                    let keys = [
                        name.clone(),
                        payers.get(&one.payer.as_i64()).cloned().unwrap_or_default(),
                        names.get(&one.member.to_string()).cloned().unwrap_or_default(),
                    ];
                    table.rows.push(row(keys, figure, least));
                }
            }
        }
    }
    table.rows.sort_by_cached_key(|row| row.iter().take(5).map(Value::plain).collect::<Vec<_>>());
    let Figures { told, right } = figures;
    let checks =
        vec![Check::whole("figures told = figures with remaining = allowed - used", told, right)];
    Ok(Built::whole(table, Ties::of(CHAIN, checks), None))
}

impl Figures {
    fn add(&mut self, figure: &Remaining) {
        if let (Some(used), Some(left)) = (figure.used, figure.remaining) {
            self.told += 1;
            self.right += i64::from(figure.allowed - used == left);
        }
    }
}

fn row(keys: [String; 3], figure: &Remaining, least: Option<Decimal>) -> Vec<Value> {
    let number = |value: Option<Decimal>| value.map_or(Value::Null("not_told"), Value::Decimal);
    let day = |day: Option<NaiveDate>| day.map_or(Value::Null("no_end"), Value::Date);
    let binds = figure.remaining.is_some() && figure.remaining == least;
    let mut row: Vec<Value> = keys.into_iter().map(Value::text).collect();
    row.extend([
        Value::text(figure.kind.as_str()),
        Value::text(figure.key.clone()),
        Value::text(figure.title.clone()),
        day(figure.from),
        day(figure.to),
        Value::Decimal(figure.allowed),
        number(figure.used),
        number(figure.remaining),
        Value::text(if binds { "yes" } else { "" }),
        share(figure),
        Value::text(figure.used.map_or("", |used| band(used, figure.allowed))),
    ]);
    row
}

fn share(figure: &Remaining) -> Value {
    let Some(used) = figure.used else { return Value::Null("not_told") };
    let Some(share) = used.checked_div(figure.allowed) else {
        return Value::Null("no_denominator");
    };
    let mut share = share.round_dp_with_strategy(SHARE_PLACES, MidpointAwayFromZero);
    share.rescale(SHARE_PLACES);
    Value::Decimal(share)
}

/// How far a limit is used.
fn band(used: Decimal, allowed: Decimal) -> &'static str {
    let left = allowed - used;
    match left.cmp(&Decimal::ZERO) {
        Ordering::Less => "over_cap",
        Ordering::Equal => "at_cap",
        Ordering::Greater if left * Decimal::from(NEAR_PARTS) <= allowed => "near",
        Ordering::Greater if left <= used => "half",
        Ordering::Greater => "below_half",
    }
}

/// The coverages of a day, of one payer or of all, in order of members.
fn covered(conn: &mut Conn, asked: &Asked, id: OrganizationId) -> Result<Vec<Covered>, StoreError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let filter = store::members::Filter { payer: asked.lens.payer, ..Default::default() };
        let members = store::members::list(conn, id, &filter, after, PAGE)?;
        after = members.last().map(|m| m.id);
        for member in &members {
            let of = member.coverages.iter().map(|coverage| &coverage.data).filter(|data| {
                data.span.covers(asked.to) && asked.lens.payer.is_none_or(|p| p == data.payer)
            });
            let mut counted: HashMap<PayerId, usize> = HashMap::new();
            all.extend(of.map(|data| {
                let before = counted.entry(data.payer).or_default();
                let nth = *before;
                *before += 1;
                let (member, payer, number) = (member.id, data.payer, data.member_number.clone());
                Covered { member, payer, number, nth }
            }));
        }
        if !i64::try_from(members.len()).is_ok_and(|n| n == PAGE) {
            return Ok(all);
        }
    }
}

/// What the organization calls its members.
fn references(
    conn: &mut Conn,
    id: OrganizationId,
    covered: &[Covered],
) -> Result<BTreeMap<String, String>, StoreError> {
    let mut all = BTreeMap::new();
    for some in covered.chunks(AT_ONCE) {
        for member in store::members::by_ids(conn, id, &members(some))? {
            all.insert(member.id.to_string(), member.data.reference.to_string());
        }
    }
    Ok(all)
}

/// The contract versions in force on the day.
fn versions(
    conn: &mut Conn,
    asked: &Asked,
    id: OrganizationId,
) -> Result<BTreeMap<PayerId, ContractVersionId>, StoreError> {
    let heads = store::contracts::versions_of(conn, id)?;
    let payers: BTreeSet<PayerId> = heads.iter().map(|head| head.payer).collect();
    let of = |payer: PayerId| Some((payer, in_force(&heads, payer, asked.to)?.id));
    Ok(payers.into_iter().filter_map(of).collect())
}

fn members(covered: &[Covered]) -> Vec<MemberId> {
    covered.iter().map(|one| one.member).collect::<BTreeSet<_>>().into_iter().collect()
}

/// What some members have.
#[derive(Default)]
struct Held {
    members: HashMap<MemberId, Member>,
    authorizations: Vec<Authorization>,
    episodes: Vec<Episode>,
}

impl Held {
    fn read(conn: &mut Conn, id: OrganizationId, covered: &[Covered]) -> Result<Self, StoreError> {
        let ids = members(covered);
        let members = store::members::by_ids(conn, id, &ids)?;
        Ok(Self {
            members: members.into_iter().map(|member| (member.id, member)).collect(),
            authorizations: store::authorizations::of_members(conn, id, &ids)?,
            episodes: store::episodes::of_members(conn, id, &ids)?,
        })
    }

    fn counted(
        &self,
        conn: &mut Conn,
        (id, on): (OrganizationId, NaiveDate),
        terms: &Terms,
        one: &Covered,
    ) -> Result<Option<Counted>, StoreError> {
        let Some(member) = self.members.get(&one.member) else { return Ok(None) };
        let is_it = |data: &&CoverageData| {
            data.payer == one.payer && data.member_number == one.number && data.span.covers(on)
        };
        let coverages = &member.coverages;
        let Some(coverage) = coverages.iter().map(|c| &c.data).find(is_it) else {
            return Ok(None);
        };
        let of = |a: &&Authorization| a.data.member == one.member;
        let authorizations: Vec<&Authorization> = self.authorizations.iter().filter(of).collect();
        let of = |e: &&Episode| e.data.member == one.member;
        let episodes: Vec<&Episode> = self.episodes.iter().filter(of).collect();
        let holdings = Holdings { coverages, authorizations: &authorizations, episodes: &episodes };
        Ok(Some(allowances::counted(conn, id, terms, coverage, holdings, on)?))
    }
}

struct Reader {
    id: OrganizationId,
    on: NaiveDate,
    versions: BTreeMap<PayerId, ContractVersionId>,
    terms: HashMap<ContractVersionId, Terms>,
}

impl Reader {
    fn terms(&mut self, conn: &mut Conn, version: ContractVersionId) -> Result<&Terms, StoreError> {
        match self.terms.entry(version) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                let terms = store::contracts::terms(conn, self.id, version)?;
                let missing = || StoreError::Broken("a contract version has no terms".into());
                Ok(place.insert(terms.ok_or_else(missing)?))
            }
        }
    }

    /// What is left of the limits of a coverage, each part as it is kept with an issue; none without a contract.
    fn left(
        &mut self,
        conn: &mut Conn,
        source: &mut Source,
        (one, held): (&Covered, &Held),
    ) -> Result<Option<Vec<Remaining>>, StoreError> {
        let (id, on) = (self.id, self.on);
        let Some(version) = self.versions.get(&one.payer).copied() else { return Ok(None) };
        let terms = self.terms(conn, version)?;
        let found = if source.reads() { held.counted(conn, (id, on), terms, one)? } else { None };
        let (authorizations, episodes, usage) = match found {
            Some(found) => (found.authorizations, found.episodes, found.usage),
            None => Default::default(),
        };
        let of = one.of(id);
        let authorizations =
            source.of(conn, (Part::Authorizations, &of), |_| Ok(authorizations))?;
        let episodes = source.of(conn, (Part::Episodes, &of), |_| Ok(episodes))?;
        let usage = source.of(conn, (Part::Units, &of), |_| Ok(usage))?;
        Ok(Some(allowances::remaining(terms, (&episodes, &authorizations), &usage, on)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_begin_and_end_where_they_say() {
        let of = |used: &str, allowed: &str| band(used.parse().unwrap(), allowed.parse().unwrap());
        let told = ["0", "19", "20", "31", "32", "39", "40", "41", "-3"].map(|used| of(used, "40"));
        let wanted = [
            "below_half",
            "below_half",
            "half",
            "half",
            "near",
            "near",
            "at_cap",
            "over_cap",
            "below_half",
        ];
        assert_eq!(told, wanted);
        // Quarter units stay exact; a limit of nothing is reached by nothing.
        assert_eq!(
            [of("6.79", "8.5"), of("6.8", "8.5"), of("8.5", "8.5")],
            ["half", "near", "at_cap"]
        );
        assert_eq!([of("0", "0"), of("0.25", "0")], ["at_cap", "over_cap"]);
    }
}
