//! Which visits a change touches: a page of them, in the order in which they are decided again.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::exists;
use diesel::prelude::*;

use super::conn::{Conn, MultiBackend};
use super::corrections;
use super::error::StoreError;
use super::freed::beside;
use super::schema::{coverages, encounters, hold_reasons, members, organizations, peers};
use super::types::CHUNK;
use crate::domain::again::{Days, Freed, Place, Touched};
use crate::domain::dates::Instant;
use crate::domain::encounter::EncounterData;
use crate::domain::identifiers::MemberNumber;
use crate::domain::ids::{EncounterId, MemberId, OrganizationId, PayerId, PeerId};
use crate::domain::rules::RuleId;
use crate::domain::status::EncounterStatus;

type Found = (NaiveDate, NaiveDateTime, i64);
pub(super) type Query<'a> = encounters::BoxedQuery<'a, MultiBackend>;

/// Which page of touched visits.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// From the latest to the earliest.
    pub back: bool,
    /// After this visit, in that direction.
    pub after: Option<Place>,
    /// At most so many.
    pub limit: usize,
}

impl Page {
    /// Whether all of these days lie before the page.
    pub(super) fn has_passed(self, days: Days) -> bool {
        self.after.is_some_and(|after| match (self.back, days) {
            (false, Days { to: Some(to), .. }) => to < after.date,
            (true, Days { from: Some(from), .. }) => from > after.date,
            _ => false,
        })
    }
}

/// The next visits that any of these touch, without repeats. Voided ones are never touched.
pub fn page(
    conn: &mut Conn,
    organization: OrganizationId,
    touched: &[Touched],
    page: Page,
) -> Result<Vec<Place>, StoreError> {
    let mut found: BTreeSet<Place> = BTreeSet::new();
    let mut freed: Vec<&Freed> = Vec::new();
    for one in touched {
        if let Touched::Freed(one) = one {
            freed.push(one);
        } else {
            found.extend(of_one(conn, organization, one, page)?);
        }
    }
    found.extend(beside(conn, organization, &freed, page)?);
    Ok(if page.back {
        found.into_iter().rev().take(page.limit).collect()
    } else {
        found.into_iter().take(page.limit).collect()
    })
}

fn of_one(
    conn: &mut Conn,
    organization: OrganizationId,
    touched: &Touched,
    page: Page,
) -> Result<Vec<Place>, StoreError> {
    let start = || start(organization, page);
    match touched {
        Touched::Member(id, days) => {
            load(conn, on(start().filter(encounters::member_id.eq(id.as_i64())), *days))
        }
        Touched::Peer(id, days) => {
            load(conn, on(start().filter(encounters::peer_id.eq(id.as_i64())), *days))
        }
        Touched::Encounter(id) => load(conn, start().filter(encounters::id.eq(id.as_i64()))),
        Touched::Organization => load(conn, ordered(start(), page)),
        Touched::Payer(id, days) => {
            let covered = coverages::table
                .filter(coverages::organization_id.eq(organization.as_i64()))
                .filter(coverages::payer_id.eq(id.as_i64()))
                .select(coverages::member_id);
            let theirs = encounters::payer_id
                .assume_not_null()
                .eq(id.as_i64())
                .or(encounters::member_id.eq_any(covered));
            load(conn, ordered(on(start().filter(theirs), *days), page))
        }
        Touched::Freed(freed) => beside(conn, organization, &[freed], page),
    }
}

/// All that may be touched and lies on the page, in no order.
pub(super) fn start<'a>(organization: OrganizationId, page: Page) -> Query<'a> {
    let query = encounters::table
        .filter(encounters::organization_id.eq(organization.as_i64()))
        .filter(encounters::status.ne(EncounterStatus::Void.as_str()))
        .into_boxed();
    let Some(Place { date, start, id }) = page.after else { return query };
    let (start, id) = (start.naive(), id.as_i64());
    let same_start = encounters::started_at.eq(start);
    let same_date = encounters::service_date.eq(date);
    // The bare bound on the date is what an index can use.
    if page.back {
        let before = same_start.and(encounters::id.lt(id)).or(encounters::started_at.lt(start));
        query
            .filter(encounters::service_date.le(date))
            .filter(encounters::service_date.lt(date).or(same_date.and(before)))
    } else {
        let later = same_start.and(encounters::id.gt(id)).or(encounters::started_at.gt(start));
        query
            .filter(encounters::service_date.ge(date))
            .filter(encounters::service_date.gt(date).or(same_date.and(later)))
    }
}

pub(super) fn on(query: Query<'_>, days: Days) -> Query<'_> {
    let query = match days.from {
        Some(from) => query.filter(encounters::service_date.ge(from)),
        None => query,
    };
    match days.to {
        Some(to) => query.filter(encounters::service_date.le(to)),
        None => query,
    }
}

/// Cut by the database: for what may be a large part of the table, which an index has in order.
/// What belongs to one person is few, and is cut here; an order asked of the database would tempt it
/// to walk through everybody's visits to find them.
fn ordered(query: Query<'_>, page: Page) -> Query<'_> {
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let (date, start, id) = (encounters::service_date, encounters::started_at, encounters::id);
    if page.back {
        query.order((date.desc(), start.desc(), id.desc())).limit(limit)
    } else {
        query.order((date, start, id)).limit(limit)
    }
}

pub(super) fn load(conn: &mut Conn, query: Query<'_>) -> Result<Vec<Place>, StoreError> {
    let rows: Vec<Found> = query
        .select((encounters::service_date, encounters::started_at, encounters::id))
        .load(conn)?;
    Ok(rows.into_iter().map(place).collect())
}

fn place((date, start, id): Found) -> Place {
    Place { date, start: Instant::from_naive(start), id: EncounterId::from_i64(id) }
}

/// The members who have these numbers, whose units are counted together.
pub fn members_of_numbers(
    conn: &mut Conn,
    organization: OrganizationId,
    numbers: &BTreeSet<(PayerId, MemberNumber)>,
) -> Result<Vec<MemberId>, StoreError> {
    let payers: BTreeSet<i64> = numbers.iter().map(|(payer, _)| payer.as_i64()).collect();
    let texts: BTreeSet<&str> = numbers.iter().map(|(_, number)| number.as_str()).collect();
    let rows: Vec<(i64, i64, String)> = coverages::table
        .filter(coverages::organization_id.eq(organization.as_i64()))
        .filter(coverages::payer_id.eq_any(payers))
        .filter(coverages::member_number.eq_any(texts))
        .select((coverages::member_id, coverages::payer_id, coverages::member_number))
        .load(conn)?;
    let wanted: BTreeSet<(i64, &str)> =
        numbers.iter().map(|(payer, number)| (payer.as_i64(), number.as_str())).collect();
    let rows = rows.iter().filter(|(_, payer, number)| wanted.contains(&(*payer, number.as_str())));
    Ok(rows.map(|(member, ..)| MemberId::from_i64(*member)).collect())
}

/// Visits of other organizations of the same mode that wait for units which a payer counts across
/// organizations for these members: billed under such a number, or of somebody who had it, whose limits
/// count it, too (`docs/adr/0130`). Their ids only, for marks: nothing of them is ever told here.
pub fn held_across(
    conn: &mut Conn,
    organization: OrganizationId,
    accounts: &BTreeSet<(PayerId, MemberNumber)>,
) -> Result<Vec<(OrganizationId, EncounterId)>, StoreError> {
    let mode = organizations::table
        .find(organization.as_i64())
        .select(organizations::mode)
        .first::<String>(conn)?;
    let numbers: Vec<&str> = accounts.iter().map(|(_, number)| number.as_str()).collect();
    let had = coverages::table
        .filter(coverages::organization_id.eq(encounters::organization_id))
        .filter(coverages::member_id.eq(encounters::member_id))
        .filter(coverages::payer_id.eq(encounters::payer_id.assume_not_null()))
        .filter(coverages::member_number.eq_any(numbers.clone()));
    let rows: Vec<(i64, i64, Option<i64>)> = hold_reasons::table
        .inner_join(organizations::table.on(organizations::id.eq(hold_reasons::organization_id)))
        .inner_join(
            encounters::table.on(encounters::organization_id
                .eq(hold_reasons::organization_id)
                .and(encounters::id.eq(hold_reasons::encounter_id))),
        )
        .filter(organizations::mode.eq(mode))
        .filter(organizations::id.ne(organization.as_i64()))
        .filter(hold_reasons::rule.eq(RuleId::LimitAcross.as_str()))
        .filter(encounters::member_number.assume_not_null().eq_any(numbers).or(exists(had)))
        .order((hold_reasons::organization_id, hold_reasons::encounter_id))
        .select((hold_reasons::organization_id, hold_reasons::encounter_id, encounters::payer_id))
        .load(conn)?;
    // The same number at another payer wakes nobody.
    let payers: BTreeSet<i64> = accounts.iter().map(|(payer, _)| payer.as_i64()).collect();
    let waiting = rows.into_iter().filter(|row| row.2.is_some_and(|payer| payers.contains(&payer)));
    let ids = |row: (i64, i64, _)| (OrganizationId::from_i64(row.0), EncounterId::from_i64(row.1));
    Ok(waiting.map(ids).collect())
}

/// The live visits of the member and peer of a claimed one that give way to it where there is no room for all:
/// those of which less was told to the payer, and of those that stand as it does the later ones.
#[derive(Debug, Default)]
pub struct GivingWay {
    /// Those that come after it in order.
    pub later: Vec<EncounterId>,
    /// Those of which less was told, that come before it.
    pub earlier: Vec<EncounterId>,
}

/// Who gives way to a claimed visit. Ready visits do to claimed ones, and claimed ones of which the payer has
/// nothing to those of which it has a claim, be it one that a built replacement is to take the place of.
pub fn giving_way(
    conn: &mut Conn,
    organization: OrganizationId,
    data: &EncounterData,
    (at, status): (Place, EncounterStatus),
) -> Result<GivingWay, StoreError> {
    let of = |status: EncounterStatus| {
        start(organization, Page { back: false, after: None, limit: usize::MAX })
            .filter(
                encounters::member_id
                    .eq(data.member.as_i64())
                    .or(encounters::peer_id.eq(data.peer.as_i64())),
            )
            .filter(encounters::status.eq(status.as_str()))
    };
    let claimed = load(conn, of(EncounterStatus::Claimed))?;
    let ids: Vec<EncounterId> = claimed.iter().map(|place| place.id).collect();
    let told = corrections::told(conn, organization, &ids)?;
    let (told, untold): (Vec<Place>, Vec<Place>) =
        claimed.into_iter().partition(|place| told.contains(&place.id));
    let mut less = load(conn, of(EncounterStatus::Ready))?;
    let mut alike = untold;
    if status == EncounterStatus::Submitted || told.iter().any(|place| place.id == at.id) {
        less.append(&mut alike);
        alike = told;
        alike.extend(load(conn, of(EncounterStatus::Submitted))?);
    }
    alike.retain(|place| *place > at);
    let (later, earlier): (Vec<Place>, Vec<Place>) = less.into_iter().partition(|p| *p > at);
    let ids = |places: Vec<Place>| places.into_iter().map(|place| place.id);
    Ok(GivingWay { later: ids(later).chain(ids(alike)).collect(), earlier: ids(earlier).collect() })
}

/// The live visits (ready or claimed) of these members, in order of id.
pub fn live_of(
    conn: &mut Conn,
    organization: OrganizationId,
    members: &[MemberId],
) -> Result<Vec<EncounterId>, StoreError> {
    let live = [EncounterStatus::Ready, EncounterStatus::Claimed, EncounterStatus::Submitted];
    let mut found: Vec<EncounterId> = Vec::new();
    for chunk in members.chunks(CHUNK) {
        let numbers: Vec<i64> = chunk.iter().map(|id| id.as_i64()).collect();
        let rows: Vec<i64> = encounters::table
            .filter(encounters::organization_id.eq(organization.as_i64()))
            .filter(encounters::member_id.eq_any(numbers))
            .filter(encounters::status.eq_any(live.map(EncounterStatus::as_str)))
            .select(encounters::id)
            .load(conn)?;
        found.extend(rows.into_iter().map(EncounterId::from_i64));
    }
    found.sort_unstable();
    Ok(found)
}

/// Whether the organization has any visit.
pub fn has_visits(conn: &mut Conn, organization: OrganizationId) -> Result<bool, StoreError> {
    let any = encounters::table
        .filter(encounters::organization_id.eq(organization.as_i64()))
        .select(encounters::id)
        .first::<i64>(conn)
        .optional()?;
    Ok(any.is_some())
}

/// Those of these members that have any visit.
pub fn members_with_visits(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[MemberId],
) -> Result<BTreeSet<MemberId>, StoreError> {
    let mut found = BTreeSet::new();
    for chunk in ids.chunks(CHUNK) {
        let numbers: Vec<i64> = chunk.iter().map(|id| id.as_i64()).collect();
        let visits = encounters::table
            .filter(encounters::organization_id.eq(members::organization_id))
            .filter(encounters::member_id.eq(members::id));
        let rows: Vec<i64> = members::table
            .filter(members::organization_id.eq(organization.as_i64()))
            .filter(members::id.eq_any(numbers))
            .filter(exists(visits))
            .select(members::id)
            .load(conn)?;
        found.extend(rows.into_iter().map(MemberId::from_i64));
    }
    Ok(found)
}

/// Those of these members that stand at another revision than the one given with them.
pub fn changed_members(
    conn: &mut Conn,
    organization: OrganizationId,
    known: &[(MemberId, i32)],
) -> Result<Vec<MemberId>, StoreError> {
    let mut changed = Vec::new();
    for chunk in known.chunks(CHUNK) {
        let numbers: Vec<i64> = chunk.iter().map(|(id, _)| id.as_i64()).collect();
        let rows: Vec<(i64, i32)> = members::table
            .filter(members::organization_id.eq(organization.as_i64()))
            .filter(members::id.eq_any(numbers))
            .select((members::id, members::revision))
            .load(conn)?;
        let rows = rows.into_iter().map(|(id, revision)| (MemberId::from_i64(id), revision));
        changed.extend(rows.filter(|row| !chunk.contains(row)).map(|(id, _)| id));
    }
    Ok(changed)
}

/// Those of these peers that stand at another revision than the one given with them.
pub fn changed_peers(
    conn: &mut Conn,
    organization: OrganizationId,
    known: &[(PeerId, i32)],
) -> Result<Vec<PeerId>, StoreError> {
    let mut changed = Vec::new();
    for chunk in known.chunks(CHUNK) {
        let numbers: Vec<i64> = chunk.iter().map(|(id, _)| id.as_i64()).collect();
        let rows: Vec<(i64, i32)> = peers::table
            .filter(peers::organization_id.eq(organization.as_i64()))
            .filter(peers::id.eq_any(numbers))
            .select((peers::id, peers::revision))
            .load(conn)?;
        let rows = rows.into_iter().map(|(id, revision)| (PeerId::from_i64(id), revision));
        changed.extend(rows.filter(|row| !chunk.contains(row)).map(|(id, _)| id));
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dates::parse_date;

    #[test]
    fn days_have_passed_when_all_of_them_lie_before_the_page() {
        let date = |text: &str| parse_date(text).ok();
        let (start, id) =
            (Instant::parse("2026-07-10T16:00:00Z").unwrap(), EncounterId::from_i64(1));
        let after = Some(Place { date: date("2026-07-10").unwrap(), start, id });
        let cases = [
            // From, to, passed on the way forward, passed on the way back.
            ("2026-07-01", "2026-07-09", true, false),
            ("2026-07-01", "2026-07-10", false, false),
            ("2026-07-10", "2026-07-12", false, false),
            ("2026-07-11", "2026-07-12", false, true),
            ("", "2026-07-09", true, false),
            ("2026-07-11", "", false, true),
            ("", "", false, false),
        ];
        for (from, to, forward, back) in cases {
            let days = Days { from: date(from), to: date(to) };
            let page = |back: bool, after: Option<Place>| Page { back, after, limit: 1 };
            assert_eq!(page(false, after).has_passed(days), forward, "{from} to {to}");
            assert_eq!(page(true, after).has_passed(days), back, "{from} to {to}");
            assert!(!page(false, None).has_passed(days) && !page(true, None).has_passed(days));
        }
    }
}
