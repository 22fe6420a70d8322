//! One organization's day as the reports want it, read from the visits, their lines, sessions, holds
//! and claims: five queries for a day, whatever is in it, and one more each where something was corrected and
//! where sessions were claimed.

mod claims;
mod lengths;
mod lines;
mod meetings;
mod moved;
mod stated;

use std::collections::{BTreeMap, HashMap};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Nullable, Text, Timestamp};

use super::conn::Conn;
use super::counting::COUNTS;
use super::error::StoreError;
use super::types;
use super::zones::Zones;
use crate::domain::codes::Activity;
use crate::domain::dates::Instant;
use crate::domain::encounter::EncounterData;
use crate::domain::identifiers::Key;
use crate::domain::ids::OrganizationId;
use crate::domain::report::day::Control;
use crate::domain::report::fact::{Fact, Meeting, Open, Units};
use crate::domain::report::over_use::Interval;
use crate::domain::status::{ClaimStatus, EncounterStatus};
use claims::{OfClaims, claims};
pub use lengths::Lengths;
use lines::{OfLines, lines};
use meetings::{Held, Meetings, Wanted};

#[derive(QueryableByName)]
struct VisitRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    payer_id: Option<i64>,
    #[diesel(sql_type = BigInt)]
    member_id: i64,
    #[diesel(sql_type = Nullable<Text>)]
    member_number: Option<String>,
    #[diesel(sql_type = BigInt)]
    peer_id: i64,
    #[diesel(sql_type = Nullable<Text>)]
    service: Option<String>,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Text)]
    mode: String,
    #[diesel(sql_type = Text)]
    setting: String,
    #[diesel(sql_type = Nullable<Text>)]
    program: Option<String>,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = BigInt)]
    minutes: i64,
    #[diesel(sql_type = Timestamp)]
    recorded_at: NaiveDateTime,
    #[diesel(sql_type = Bool)]
    void: bool,
    #[diesel(sql_type = Bool)]
    absent: bool,
    #[diesel(sql_type = Timestamp)]
    from_at: NaiveDateTime,
    #[diesel(sql_type = Timestamp)]
    to_at: NaiveDateTime,
    #[diesel(sql_type = Nullable<BigInt>)]
    session_id: Option<i64>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    started_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    ended_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<BigInt>)]
    size: Option<i64>,
    #[diesel(sql_type = Integer)]
    revision: i32,
}

#[derive(QueryableByName)]
struct ReasonRow {
    #[diesel(sql_type = BigInt)]
    encounter_id: i64,
    #[diesel(sql_type = Text)]
    rule: String,
}

#[derive(QueryableByName)]
struct ControlRow {
    #[diesel(sql_type = BigInt)]
    payer_id: i64,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = BigInt)]
    units: i64,
    #[diesel(sql_type = BigInt)]
    charge: i64,
    #[diesel(sql_type = BigInt)]
    expected: i64,
}

/// Whether the member of visit `e` was not met, as `EncounterData::meets_member` says it.
fn absent() -> String {
    let unmet = Activity::ALL.iter().filter(|activity| !activity.meets_member());
    let unmet = unmet.map(|activity| {
        let activity = activity.as_str();
        format!(r#" OR e.content LIKE '%"kind":{{"activity":"{activity}"}}%'"#)
    });
    r#"e.content LIKE '%"member_absent":true%'"#.to_owned() + &unmet.collect::<Vec<_>>().concat()
}

fn visits_of(of_day: &str) -> String {
    format!(
        "SELECT e.id, e.payer_id, e.member_id, e.member_number, e.peer_id, e.service, \
         e.role, e.mode, e.setting, e.program, e.status, e.minutes, e.recorded_at, \
         e.voided_at IS NOT NULL AS void, ({absent}) AS absent, \
         e.started_at AS from_at, e.ended_at AS to_at, s.id AS session_id, s.started_at, s.ended_at, \
         s.size, e.revision FROM encounters e \
         LEFT JOIN session_encounters m ON m.organization_id = e.organization_id AND m.encounter_id = e.id \
         LEFT JOIN sessions s ON s.organization_id = m.organization_id AND s.id = m.session_id \
         WHERE {of_day} ORDER BY e.id",
        absent = absent()
    )
}

const REASONS: &str = "SELECT r.encounter_id, r.rule FROM encounters e JOIN hold_reasons r \
     ON r.organization_id = e.organization_id AND r.encounter_id = e.id";

const CONTROL: &str = "SELECT c.payer_id, c.status, CAST(SUM(k.units) AS BIGINT) AS units, \
     CAST(SUM(k.charge) AS BIGINT) AS charge, CAST(SUM(k.expected) AS BIGINT) AS expected \
     FROM claim_lines k JOIN claims c ON c.organization_id = k.organization_id AND c.id = k.claim_id \
     WHERE k.organization_id = $1 AND k.service_date = $2";

/// All visits of a day, void ones too, in order of id.
pub fn visits(
    conn: &mut Conn,
    organization: OrganizationId,
    zones: &Zones,
    day: NaiveDate,
    lengths: &mut Lengths<'_>,
) -> Result<Vec<(i64, Fact)>, StoreError> {
    let id = organization.as_i64();
    let of_day = &moved::of_day(conn, id, day)?;
    let rows: Vec<VisitRow> = diesel::sql_query(visits_of(of_day))
        .bind::<BigInt, _>(id)
        .bind::<Date, _>(day)
        .load(conn)?;
    let mut lines = lines(conn, of_day, (id, day), lengths)?;
    let mut claims = claims(conn, of_day, (id, zones, day), lengths)?;
    let corrected = |row: &VisitRow| {
        row.revision > 1 && claims.get(&row.id).is_some_and(|of| of.billed.is_some())
    };
    let stated = if rows.iter().any(corrected) {
        stated::by_decision(conn, of_day, (id, day))?
    } else {
        HashMap::new()
    };
    let meetings = meetings_of(conn, id, (&rows, &claims, &stated))?;
    let earlier = |row: &&VisitRow| zones.date_of(Instant::from_naive(row.recorded_at)) < day;
    let earlier: Vec<i64> = rows.iter().filter(earlier).map(|row| row.id).collect();
    let noted = stated::noted(conn, id, (&earlier, day), zones)?;
    let mut reasons: HashMap<i64, Vec<String>> = HashMap::new();
    let found: Vec<ReasonRow> =
        diesel::sql_query(format!("{REASONS} WHERE {of_day} ORDER BY r.rule"))
            .bind::<BigInt, _>(id)
            .bind::<Date, _>(day)
            .load(conn)?;
    for row in found {
        reasons.entry(row.encounter_id).or_default().push(row.rule);
    }
    rows.into_iter()
        .map(|row| {
            let id = row.id;
            let lines = lines.remove(&id).unwrap_or_default();
            let claims = claims.remove(&id).unwrap_or_default();
            let held_by = reasons.remove(&id).unwrap_or_default();
            let said = claims.stated.as_ref().and_then(|by| stated.get(&(id, by.decision)));
            let recorded = noted.get(&id).copied().unwrap_or(row.recorded_at);
            // Nobody records a visit before it takes place; a zone that was corrected may have moved it.
            let recorded = zones.date_of(Instant::from_naive(recorded)).max(day);
            let row = as_stated(row, &claims, said, &meetings);
            Ok((id, fact(row, recorded, lines, claims, held_by)?))
        })
        .collect()
}

/// The sessions of claimed visits, as they were when the claims were made.
fn meetings_of(
    conn: &mut Conn,
    organization: i64,
    (rows, claims, stated): (&[VisitRow], &HashMap<i64, OfClaims>, &stated::ByDecision),
) -> Result<Meetings, StoreError> {
    let mut wanted = Wanted::default();
    for row in rows {
        let Some(by) = claims.get(&row.id).and_then(|of| of.stated.as_ref()) else { continue };
        wanted.ids.extend(row.session_id);
        let said = stated.get(&(row.id, by.decision)).and_then(|said| said.group.as_ref());
        wanted.names.extend(said.map(|group| group.session.as_str()));
    }
    Meetings::read(conn, organization, wanted)
}

/// The visit as its released live claim states it: what it said when it was decided for that claim, and
/// while a replacement is built, whom and which service the first claim names. What it was corrected to
/// since is nobody's to see before it is released (`docs/adr/0137`).
fn as_stated(
    mut row: VisitRow,
    claims: &OfClaims,
    said: Option<&EncounterData>,
    meetings: &Meetings,
) -> VisitRow {
    if claims.stands
        && let Some(stated) = &claims.stated
    {
        row.payer_id = Some(stated.payer);
        row.member_number = Some(stated.number.clone());
        row.service = Some(stated.service.clone());
    }
    if let Some(said) = said {
        row.peer_id = said.peer.as_i64();
        row.minutes = i64::from(said.minutes());
        said.role.as_str().clone_into(&mut row.role);
        said.mode.as_str().clone_into(&mut row.mode);
        said.setting.as_str().clone_into(&mut row.setting);
        row.program = said.program.as_ref().map(Key::as_str).map(str::to_owned);
        row.absent = !said.meets_member();
        (row.from_at, row.to_at) = (said.started_at.naive(), said.ended_at.naive());
        let group = said.group.as_ref();
        row.set_session(group.and_then(|group| meetings.named(group.session.as_str())));
    }
    if let Some(stated) = &claims.stated {
        let then = row.session().map(|session| meetings.at(session, stated.claim));
        row.set_session(then);
    }
    row
}

impl VisitRow {
    fn session(&self) -> Option<Held> {
        let (id, size) = (self.session_id?, self.size?);
        Some(Held { id, from: self.started_at?, to: self.ended_at?, size })
    }

    fn set_session(&mut self, session: Option<Held>) {
        self.session_id = session.map(|session| session.id);
        self.started_at = session.map(|session| session.from);
        self.ended_at = session.map(|session| session.to);
        self.size = session.map(|session| session.size);
    }
}

fn fact(
    row: VisitRow,
    recorded: NaiveDate,
    lines: OfLines,
    OfClaims { billed, unit_minutes: billed_unit_minutes, sent, stands, .. }: OfClaims,
    mut held_by: Vec<String>,
) -> Result<Fact, StoreError> {
    let OfLines { mut units, mut open, unit_minutes } = lines;
    let billed_unit_minutes: Vec<i64> = billed_unit_minutes.into_iter().collect();
    let mut unit_minutes: Vec<i64> = unit_minutes.into_iter().collect();
    let held = row.session();
    // For the peer's time a session is one interval, whenever its members came and left.
    let (from, to) = held.map_or((row.from_at, row.to_at), |session| (session.from, session.to));
    let time = Interval { from: Instant::from_naive(from), to: Instant::from_naive(to) };
    let session = held.map(|Held { id, size, .. }| {
        let minutes = time.from.minutes_until(time.to);
        Meeting { id, minutes, size }
    });
    // A void visit is kept by its state alone: what it was stands in the fact before.
    let mut status = if row.void {
        EncounterStatus::Void
    } else {
        types::read("encounters.status", row.status)?
    };
    if let Some(billed) = billed.filter(|_| stands) {
        // What the replacement makes of the visit counts when it goes out.
        status = EncounterStatus::Submitted;
        units = Units { submitted: billed.units, ..Units::default() };
        unit_minutes.clone_from(&billed_unit_minutes);
        (open, held_by) = (Open::default(), Vec::new());
    }
    Ok(Fact {
        payer: row.payer_id,
        member: row.member_id,
        number: row.member_number,
        person: None,
        peer: row.peer_id,
        service: row.service,
        role: row.role,
        mode: row.mode,
        setting: row.setting,
        program: row.program,
        status,
        minutes: row.minutes,
        session,
        time: Some(time),
        recorded,
        units,
        unit_minutes,
        open,
        billed,
        billed_unit_minutes,
        sent,
        held_by,
        absent: row.absent,
    })
}

/// What the released claim lines of a day state, by payer: taken from the claims alone.
pub fn control(
    conn: &mut Conn,
    organization: OrganizationId,
    day: NaiveDate,
) -> Result<Vec<Control>, StoreError> {
    let sql = format!("{CONTROL} AND {COUNTS} GROUP BY c.payer_id, c.status");
    let rows: Vec<ControlRow> = diesel::sql_query(sql)
        .bind::<BigInt, _>(organization.as_i64())
        .bind::<Date, _>(day)
        .load(conn)?;
    let mut all: BTreeMap<i64, Control> = BTreeMap::new();
    for row in rows {
        let status: ClaimStatus = types::read("claims.status", row.status)?;
        if status.is_billed() {
            let payer = row.payer_id;
            let sums = all.entry(payer).or_insert(Control { payer, ..Control::default() });
            sums.units += row.units;
            sums.charge += row.charge;
            sums.expected += row.expected;
        }
    }
    Ok(all.into_values().collect())
}
