//! Which visits may wait for units or time that were given back.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use diesel::dsl::{exists, not};
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::{decision_lines, encounters, hold_reasons};
use super::touched::{Page, Query, load, members_of_numbers, on, start};
use crate::domain::again::{Days, Freed, Place};
use crate::domain::ids::{MemberId, OrganizationId};
use crate::domain::rules::{RuleId, own_rules};
use crate::domain::status::{EncounterStatus, LineStatus};

/// What may wait for units or time given back: visits of the members and of whoever has the same
/// numbers, and those of the peers, that wait ([`waiting`]); and what each member has on its days, whose
/// units may be counted together, and each peer that is too short to be billed alone.
pub(super) fn beside(
    conn: &mut Conn,
    organization: OrganizationId,
    freed: &[&Freed],
    page: Page,
) -> Result<Vec<Place>, StoreError> {
    if freed.is_empty() {
        return Ok(Vec::new());
    }
    let (mut members, mut peers): (Spans, Spans) = Default::default();
    for one in freed {
        members.entry(one.member.as_i64()).or_default().push(one.days);
        // What was too short alone and overlapped with what went may count in its day's sum now.
        peers.entry(one.peer.as_i64()).or_default().push(one.days.widened());
    }
    let numbers: BTreeSet<_> = freed.iter().filter_map(|f| f.account.clone()).collect();
    let mut owners: BTreeSet<i64> = members.keys().copied().collect();
    let others = members_of_numbers(conn, organization, &numbers)?;
    owners.extend(others.into_iter().map(MemberId::as_i64));
    let of_members = start(organization, page).filter(encounters::member_id.eq_any(owners));
    let mut found = load(conn, waiting(of_members))?;
    // Whatever their dates: a limit of a peer's may count over years.
    let all: Vec<i64> = peers.keys().copied().collect();
    let of_peers = start(organization, page).filter(encounters::peer_id.eq_any(all));
    found.extend(load(conn, waiting(of_peers))?);
    found.extend(on_days(conn, page, &members, |member| {
        start(organization, page).filter(encounters::member_id.eq(member))
    })?);
    found.extend(on_days(conn, page, &peers, |peer| {
        start(organization, page)
            .filter(encounters::peer_id.eq(peer))
            .filter(encounters::status.eq(EncounterStatus::NonBillable.as_str()))
    })?);
    Ok(found)
}

/// Days of people, by the id of each.
type Spans = BTreeMap<i64, Vec<Days>>;

/// The visits that each person has on days of its own. One query a person: asked for many at once, SQLite would
/// read all visits of all days between the first and the last.
fn on_days<'q>(
    conn: &mut Conn,
    page: Page,
    spans: &Spans,
    of: impl Fn(i64) -> Query<'q>,
) -> Result<Vec<Place>, StoreError> {
    let mut found = Vec::new();
    for (person, spans) in spans {
        let ahead = |days: &&Days| !page.has_passed(**days);
        let Some(hull) = spans.iter().filter(ahead).copied().reduce(Days::join) else { continue };
        let places = load(conn, begun_near(on(of(*person), hull), hull))?;
        found.extend(places.into_iter().filter(|p| spans.iter().any(|days| days.covers(p.date))));
    }
    Ok(found)
}

/// A local day lies within the day before and the day after in UTC; by when they began an index finds the visits of
/// a person.
fn begun_near(query: Query<'_>, days: Days) -> Query<'_> {
    let begun = encounters::started_at;
    let far = |day: NaiveDate, days: i64| {
        day.checked_add_signed(TimeDelta::days(days)).unwrap_or(day).and_time(NaiveTime::MIN)
    };
    let query = match days.from {
        Some(from) => query.filter(begun.ge(far(from, -1))),
        None => query,
    };
    match days.to {
        Some(to) => query.filter(begun.lt(far(to, 2))),
        None => query,
    }
}

/// Those that are held, or held in part, by what may depend on other visits; and those that draw on an
/// authorization where free units may do now. What is held only by what it says itself (a missing
/// document, no coverage) waits for no unit.
fn waiting(query: Query<'_>) -> Query<'_> {
    let line = || {
        decision_lines::table
            .filter(decision_lines::organization_id.eq(encounters::organization_id))
            .filter(decision_lines::encounter_id.eq(encounters::id))
    };
    let reason = || {
        hold_reasons::table
            .filter(hold_reasons::organization_id.eq(encounters::organization_id))
            .filter(hold_reasons::encounter_id.eq(encounters::id))
    };
    let held = encounters::status
        .eq(EncounterStatus::Held.as_str())
        .or(exists(line().filter(decision_lines::status.eq(LineStatus::Held.as_str()))));
    // A rule of an older version that is gone is nobody's own.
    let own: Vec<&str> = own_rules().map(RuleId::as_str).collect();
    let liftable =
        exists(reason().filter(hold_reasons::rule.ne_all(own))).or(not(exists(reason())));
    let draws = line()
        .filter(decision_lines::status.eq(LineStatus::Ready.as_str()))
        .filter(decision_lines::authorized_units.gt(0));
    query.filter(held.and(liftable).or(exists(draws)))
}
