//! Limits (U3): what is left for each member of each limit, free allotment and authorization on the last
//! day of the period, and which of them binds first. The same counting as a decision's.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy::MidpointAwayFromZero;

use crate::domain::contract::{Terms, VersionHead, in_force};
use crate::domain::dates::Instant;
use crate::domain::decision::Remaining;
use crate::domain::ids::{ContractVersionId, MemberId, OrganizationId, PayerId};
use crate::domain::member::Member;
use crate::domain::report::pace::LOW_HUNDREDTHS;
use crate::reports::frame::{Asked, Check, Column, Table, Ties, Value};
use crate::reports::registry::Built;
use crate::store::allowances::Holdings;
use crate::store::{self, Conn, StoreError};

/// Members that are read at a time.
const PAGE: i64 = 200;

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

/// Makes it.
pub fn build(conn: &mut Conn, asked: &Asked, _: Instant) -> Result<Built, StoreError> {
    let mut table = Table::new(COLUMNS);
    let payers = store::report_days::payer_keys(conn)?;
    let (mut told, mut right) = (0, 0);
    for (id, name) in super::organizations(conn, asked)? {
        let heads = store::contracts::versions_of(conn, id)?;
        let mut reader = Reader { id, on: asked.to, heads, terms: HashMap::new() };
        let mut after = None;
        loop {
            let filter = store::members::Filter { payer: asked.lens.payer, ..Default::default() };
            let members = store::members::list(conn, id, &filter, after, PAGE)?;
            after = members.last().map(|m| m.id);
            let full = i64::try_from(members.len()).is_ok_and(|n| n == PAGE);
            let ids: Vec<MemberId> = members.iter().map(|m| m.id).collect();
            let authorizations = store::authorizations::of_members(conn, id, &ids)?;
            let authorizations = of_each(&authorizations, |a| a.data.member);
            let episodes = store::episodes::of_members(conn, id, &ids)?;
            let episodes = of_each(&episodes, |e| e.data.member);
            for member in &members {
                let holdings = Holdings {
                    coverages: &member.coverages,
                    authorizations: authorizations.get(&member.id).map_or(&[], Vec::as_slice),
                    episodes: episodes.get(&member.id).map_or(&[], Vec::as_slice),
                };
                for (payer, list) in reader.of(conn, member, holdings, asked.lens.payer)? {
                    let least = list.iter().filter_map(|r| r.remaining).min();
                    for figure in &list {
                        if let (Some(used), Some(left)) = (figure.used, figure.remaining) {
                            told += 1;
                            right += i64::from(figure.allowed - used == left);
                        }
                        let keys = [
                            name.clone(),
                            payers.get(&payer.as_i64()).cloned().unwrap_or_default(),
                            member.data.reference.to_string(),
                        ];
                        table.rows.push(row(keys, figure, least));
                    }
                }
            }
            if !full {
                break;
            }
        }
    }
    table.rows.sort_by_cached_key(|row| row.iter().take(5).map(Value::plain).collect::<Vec<_>>());
    let checks =
        vec![Check::whole("figures told = figures with remaining = allowed - used", told, right)];
    Ok(Built::whole(table, Ties::of(CHAIN, checks), None))
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

struct Reader {
    id: OrganizationId,
    on: NaiveDate,
    heads: Vec<VersionHead>,
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

    /// What is left of a member's limits, by payer.
    fn of(
        &mut self,
        conn: &mut Conn,
        member: &Member,
        holdings: Holdings<'_>,
        wanted: Option<PayerId>,
    ) -> Result<Vec<(PayerId, Vec<Remaining>)>, StoreError> {
        let (id, on) = (self.id, self.on);
        let mut all = Vec::new();
        for coverage in member.coverages.iter().filter(|c| c.data.span.covers(on)) {
            let payer = coverage.data.payer;
            if wanted.is_some_and(|w| w != payer) {
                continue;
            }
            let Some(version) = in_force(&self.heads, payer, on).map(|head| head.id) else {
                continue;
            };
            let terms = self.terms(conn, version)?;
            let left = store::allowances::left(conn, id, terms, &coverage.data, holdings, on)?;
            all.push((payer, left.remaining));
        }
        Ok(all)
    }
}

/// By member.
fn of_each<T>(list: &[T], member: impl Fn(&T) -> MemberId) -> HashMap<MemberId, Vec<&T>> {
    let mut all: HashMap<MemberId, Vec<&T>> = HashMap::new();
    for one in list {
        all.entry(member(one)).or_default().push(one);
    }
    all
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
