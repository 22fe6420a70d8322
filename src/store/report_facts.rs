//! What the reports know: their clock, the marks of days to read again, and the facts of visits with
//! the times from which and to which they were known.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::report_lines::Visit;
use super::schema::{organizations, past_zones, report_clock, report_facts, report_marks};
use super::sets::insert_set;
use super::types::{self, CHUNK};
use crate::domain::dates::{Instant, Zone};
use crate::domain::ids::{OrganizationId, PayerId};
use crate::domain::report::fact::Fact;

/// The only row of the clock.
const CLOCK: i64 = 1;

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = report_facts, treat_none_as_default_value = false)]
struct Row {
    organization_id: i64,
    encounter_id: i64,
    known_from: NaiveDateTime,
    known_to: Option<NaiveDateTime>,
    service_date: NaiveDate,
    content: String,
}

/// A fact with its visit and day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Whose.
    pub organization: i64,
    /// Which visit.
    pub encounter: i64,
    /// Its service date.
    pub date: NaiveDate,
    /// What is known of it.
    pub fact: Fact,
}

impl Known {
    /// As the walls look at it.
    pub fn visit(&self) -> Visit {
        let service = self.fact.service.clone().unwrap_or_default();
        Visit { encounter: self.encounter, member: self.fact.member, service, date: self.date }
    }
}

/// The moment up to which everything is known.
pub fn clock(conn: &mut Conn) -> Result<Instant, StoreError> {
    let at: NaiveDateTime =
        report_clock::table.find(CLOCK).select(report_clock::as_of).first(conn)?;
    Ok(Instant::from_naive(at))
}

/// Moves the clock on, to `now` or to the moment after the one it shows. Whoever else reads days again
/// waits until this transaction ends, so that nothing is ever added to a time that a report was made of.
pub fn advance(conn: &mut Conn, now: Instant) -> Result<Instant, StoreError> {
    // The row is locked before it is read: what another process wrote is then seen.
    let row = report_clock::table.find(CLOCK);
    diesel::update(row).set(report_clock::as_of.eq(report_clock::as_of)).execute(conn)?;
    let next = clock(conn)?.plus(TimeDelta::microseconds(1)).max(now);
    diesel::update(row).set(report_clock::as_of.eq(next.naive())).execute(conn)?;
    Ok(next)
}

/// A marked day after another one, of one organization or of all: of each organization the latest day first.
///
/// It is found by steps in the index. A state that was brought in at once has a mark for each visit of years, and
/// to make them one a day would mean to read them all, for each few days that are taken out of them.
pub fn next_marked(
    conn: &mut Conn,
    organization: Option<OrganizationId>,
    after: Option<(OrganizationId, NaiveDate)>,
) -> Result<Option<(OrganizationId, NaiveDate)>, StoreError> {
    let owner = after.map(|(id, _)| id).or(organization);
    if let Some(id) = owner
        && let Some(day) = latest_marked(conn, id, after.map(|(_, day)| day))?
    {
        return Ok(Some((id, day)));
    }
    if organization.is_some() {
        return Ok(None);
    }
    let next: Option<i64> = report_marks::table
        .filter(report_marks::organization_id.gt(owner.map_or(i64::MIN, OrganizationId::as_i64)))
        .order(report_marks::organization_id)
        .select(report_marks::organization_id)
        .first(conn)
        .optional()?;
    let Some(id) = next.map(OrganizationId::from_i64) else { return Ok(None) };
    Ok(latest_marked(conn, id, None)?.map(|day| (id, day)))
}

/// The latest marked day of an organization before another one.
fn latest_marked(
    conn: &mut Conn,
    organization: OrganizationId,
    before: Option<NaiveDate>,
) -> Result<Option<NaiveDate>, StoreError> {
    let mut query = report_marks::table
        .filter(report_marks::organization_id.eq(organization.as_i64()))
        .order(report_marks::service_date.desc())
        .select(report_marks::service_date)
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(report_marks::service_date.lt(before));
    }
    Ok(query.first(conn).optional()?)
}

/// How many days are marked.
pub fn marked_days(
    conn: &mut Conn,
    organization: Option<OrganizationId>,
) -> Result<u64, StoreError> {
    // Counted by the database: a state that was brought in at once has marks of years of everybody.
    #[derive(QueryableByName)]
    struct Days {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        days: i64,
    }
    let text = "SELECT COUNT(*) AS days FROM (SELECT DISTINCT organization_id, service_date \
                FROM report_marks WHERE organization_id = $1 OR $2) AS marked";
    let found: Days = diesel::sql_query(text)
        .bind::<diesel::sql_types::BigInt, _>(organization.map_or(0, OrganizationId::as_i64))
        .bind::<diesel::sql_types::Bool, _>(organization.is_none())
        .get_result(conn)?;
    u64::try_from(found.days).map_err(|_| types::broken("report_marks.days"))
}

/// Takes the marks of a day away: to be called before the day is read.
pub fn unmark(
    conn: &mut Conn,
    organization: OrganizationId,
    day: NaiveDate,
) -> Result<(), StoreError> {
    let of_day = report_marks::table
        .filter(report_marks::organization_id.eq(organization.as_i64()))
        .filter(report_marks::service_date.eq(day));
    diesel::delete(of_day).execute(conn)?;
    Ok(())
}

/// Marks a day: for days that cannot be read as they were packed.
pub fn mark(
    conn: &mut Conn,
    organization: OrganizationId,
    day: NaiveDate,
) -> Result<(), StoreError> {
    diesel::insert_into(report_marks::table)
        .values((
            report_marks::organization_id.eq(organization.as_i64()),
            report_marks::service_date.eq(day),
        ))
        .execute(conn)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Early {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    id: i64,
}

/// Whether visits were recorded by then of which reports had read none: a file that was brought in before the
/// first reading. Of one organization or of all, with a payer of those that have a contract with it.
pub fn knew_nothing(
    conn: &mut Conn,
    (organization, payer): (Option<OrganizationId>, Option<PayerId>),
    at: Instant,
) -> Result<bool, StoreError> {
    let own = organization.map(|id| format!("o.id = {} AND ", id.as_i64())).unwrap_or_default();
    let contracted = payer.map(|id| {
        let id = id.as_i64();
        format!(
            "EXISTS (SELECT 1 FROM contracts k WHERE k.organization_id = o.id AND k.payer_id = {id}) AND "
        )
    });
    let sql = format!(
        "SELECT o.id FROM organizations o WHERE {own}{}EXISTS (SELECT 1 FROM encounters e \
         WHERE e.organization_id = o.id AND e.recorded_at <= $1) AND NOT EXISTS (SELECT 1 \
         FROM report_facts f WHERE f.organization_id = o.id AND f.known_from <= $2) LIMIT 1",
        contracted.unwrap_or_default()
    );
    let early: Vec<Early> = diesel::sql_query(sql)
        .bind::<diesel::sql_types::Timestamp, _>(at.naive())
        .bind::<diesel::sql_types::Timestamp, _>(at.naive())
        .load(conn)?;
    Ok(early.first().is_some_and(|early| early.id != 0))
}

/// The zone of an organization.
pub fn zone(conn: &mut Conn, organization: OrganizationId) -> Result<Zone, StoreError> {
    let name: String = organizations::table
        .filter(organizations::id.eq(organization.as_i64()))
        .select(organizations::zone)
        .first(conn)?;
    types::read("organizations.zone", name)
}

/// The zone in which an organization was at a time: its days of then do not move when it moves.
pub fn zone_at(
    conn: &mut Conn,
    organization: OrganizationId,
    as_of: Instant,
) -> Result<Zone, StoreError> {
    let before: Option<String> = past_zones::table
        .filter(past_zones::organization_id.eq(organization.as_i64()))
        .filter(past_zones::known_to.gt(as_of.naive()))
        .order(past_zones::known_to)
        .select(past_zones::zone)
        .first(conn)
        .optional()?;
    match before {
        Some(name) => types::read("past_zones.zone", name),
        None => zone(conn, organization),
    }
}

/// Keeps the zone that an organization has left, with the time of the reports up to which it was in it:
/// nothing that a report was made of before is later than that.
pub fn keep_zone(
    conn: &mut Conn,
    organization: OrganizationId,
    left: &str,
    now: Instant,
) -> Result<(), StoreError> {
    let at = advance(conn, now)?;
    diesel::insert_into(past_zones::table)
        .values((
            past_zones::organization_id.eq(organization.as_i64()),
            past_zones::known_to.eq(at.naive()),
            past_zones::zone.eq(left),
        ))
        .execute(conn)?;
    Ok(())
}

/// Writes what is now known of a day: facts that are no longer true end at `at`, and new ones begin.
pub fn learn(
    conn: &mut Conn,
    organization: OrganizationId,
    day: NaiveDate,
    facts: &[(i64, Fact)],
    at: Instant,
) -> Result<usize, StoreError> {
    let known: Vec<(i64, String)> = report_facts::table
        .filter(report_facts::organization_id.eq(organization.as_i64()))
        .filter(report_facts::service_date.eq(day))
        .filter(report_facts::known_to.is_null())
        .select((report_facts::encounter_id, report_facts::content))
        .load(conn)?;
    let mut known: HashMap<i64, String> = known.into_iter().collect();
    let (mut ended, mut fresh) = (Vec::new(), Vec::new());
    for (encounter, fact) in facts {
        let content = types::write_json("report_facts.content", fact)?;
        match known.remove(encounter) {
            Some(before) if before == content => continue,
            Some(_) => ended.push(*encounter),
            None => {}
        }
        fresh.push(Row {
            organization_id: organization.as_i64(),
            encounter_id: *encounter,
            known_from: at.naive(),
            known_to: None,
            service_date: day,
            content,
        });
    }
    // What is left was moved to another day.
    ended.extend(known.into_keys());
    for chunk in ended.chunks(CHUNK) {
        let rows = report_facts::table
            .filter(report_facts::organization_id.eq(organization.as_i64()))
            .filter(report_facts::service_date.eq(day))
            .filter(report_facts::encounter_id.eq_any(chunk.to_vec()))
            .filter(report_facts::known_to.is_null());
        diesel::update(rows).set(report_facts::known_to.eq(at.naive())).execute(conn)?;
    }
    insert_set!(conn, report_facts::table, fresh);
    Ok(ended.len() + fresh.len())
}

/// Which facts are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// One organization, or all.
    pub organization: Option<OrganizationId>,
    /// First service date.
    pub from: NaiveDate,
    /// Last service date.
    pub to: NaiveDate,
    /// As it was known then.
    pub as_of: Instant,
}

/// Gives each fact to `look`, one after the other, in order of organization, date and visit: memory
/// holds one page of them.
pub fn each(
    conn: &mut Conn,
    wanted: Wanted,
    mut look: impl FnMut(Known),
) -> Result<(), StoreError> {
    let at = wanted.as_of.naive();
    let mut days = report_facts::table
        .filter(report_facts::service_date.between(wanted.from, wanted.to))
        .select((report_facts::organization_id, report_facts::service_date))
        .distinct()
        .order((report_facts::organization_id, report_facts::service_date))
        .into_boxed();
    if let Some(organization) = wanted.organization {
        days = days.filter(report_facts::organization_id.eq(organization.as_i64()));
    }
    let days: Vec<(i64, NaiveDate)> = days.load(conn)?;
    let of = days.len();
    for (done, (organization, day)) in days.into_iter().enumerate() {
        if !super::listening::go_on(done, of) {
            return Err(StoreError::Busy("nobody waits for it any more".into()));
        }
        let rows: Vec<Row> = report_facts::table
            .filter(report_facts::organization_id.eq(organization))
            .filter(report_facts::service_date.eq(day))
            .filter(report_facts::known_from.le(at))
            .filter(report_facts::known_to.is_null().or(report_facts::known_to.gt(at)))
            .order(report_facts::encounter_id)
            .select(Row::as_select())
            .load(conn)?;
        for row in rows {
            let fact = types::read_json("report_facts.content", &row.content)?;
            let (organization, encounter) = (row.organization_id, row.encounter_id);
            look(Known { organization, encounter, date: row.service_date, fact });
        }
    }
    super::listening::go_on(of, of);
    Ok(())
}
