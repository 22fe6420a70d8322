//! Which visits may wait for units or time that were given back.

use std::collections::{BTreeSet, HashMap};

use diesel::dsl::{exists, not};
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::{decision_lines, encounters, hold_reasons};
use super::touched::{Found, Page, Query, load, members_of_numbers, on, place, start};
use crate::domain::again::{Days, Freed, Place};
use crate::domain::ids::{MemberId, OrganizationId};
use crate::domain::rules::{RuleId, own_rules};
use crate::domain::status::{EncounterStatus, LineStatus};

/// What may wait for units or time given back: visits of the members and of whoever has the same
/// numbers, and those of the peers, that wait ([`waiting`]); and what each member has on its days, whose
/// units may be counted together, and each peer that is too short to be billed alone. The same few
/// queries for many as for one.
pub(super) fn beside(
    conn: &mut Conn,
    organization: OrganizationId,
    freed: &[&Freed],
    page: Page,
) -> Result<Vec<Place>, StoreError> {
    let Some(hull) = freed.iter().map(|f| f.days).reduce(Days::join) else {
        return Ok(Vec::new());
    };
    let numbers: BTreeSet<_> = freed.iter().filter_map(|f| f.account.clone()).collect();
    let members: BTreeSet<i64> = freed.iter().map(|f| f.member.as_i64()).collect();
    let peers: BTreeSet<i64> = freed.iter().map(|f| f.peer.as_i64()).collect();
    let mut owners = members.clone();
    let others = members_of_numbers(conn, organization, &numbers)?;
    owners.extend(others.into_iter().map(MemberId::as_i64));
    let of_members = start(organization, page).filter(encounters::member_id.eq_any(owners));
    let mut found = load(conn, waiting(of_members))?;
    // Whatever their dates: a limit of a peer's may count over years.
    let of_peers = start(organization, page).filter(encounters::peer_id.eq_any(peers.clone()));
    found.extend(load(conn, waiting(of_peers))?);
    let same_day = start(organization, page).filter(encounters::member_id.eq_any(members));
    let of_whom = freed.iter().map(|f| (f.member.as_i64(), f.days));
    found.extend(on_days(conn, (on(same_day, hull), false), of_whom)?);
    // What was too short alone and overlapped with what went may count in its day's sum now.
    let short = start(organization, page)
        .filter(encounters::peer_id.eq_any(peers))
        .filter(encounters::status.eq(EncounterStatus::NonBillable.as_str()));
    let of_whom = freed.iter().map(|f| (f.peer.as_i64(), f.days.widened()));
    found.extend(on_days(conn, (on(short, hull.widened()), true), of_whom)?);
    Ok(found)
}

/// Of these visits those that each person, a member or with `peers` a peer, has on days of its own.
fn on_days(
    conn: &mut Conn,
    (query, peers): (Query<'_>, bool),
    of_whom: impl Iterator<Item = (i64, Days)>,
) -> Result<Vec<Place>, StoreError> {
    let mut days: HashMap<i64, Vec<Days>> = HashMap::new();
    for (person, some) in of_whom {
        days.entry(person).or_default().push(some);
    }
    let (member, peer) = (encounters::member_id, encounters::peer_id);
    let rows: Vec<(Found, i64, i64)> = query
        .select(((encounters::service_date, encounters::started_at, encounters::id), member, peer))
        .load(conn)?;
    let is_on = |(found, member, peer): &(Found, i64, i64)| {
        let of_person = days.get(if peers { peer } else { member });
        of_person.is_some_and(|all| all.iter().any(|days| days.covers(found.0)))
    };
    Ok(rows.into_iter().filter(is_on).map(|(found, _, _)| place(found)).collect())
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
