//! One organization's day as the reports want it, read from the visits, their lines, sessions, holds
//! and claims: five queries for a day, whatever is in it.

mod moved;

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text, Timestamp};

use super::conn::Conn;
use super::counting::{COUNTS, KEPT};
use super::error::StoreError;
use super::types;
use crate::domain::dates::{Instant, Zone};
use crate::domain::ids::OrganizationId;
use crate::domain::report::day::Control;
use crate::domain::report::fact::{Billed, Fact, Meeting, Open, Sent, Units};
use crate::domain::status::{ClaimStatus, EncounterStatus, LineStatus};

/// A claim's lines lie at most so many days after its first: a month. The index on a claim's date
/// bounds the search by it.
const CLAIM_DAYS: i64 = 31;

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
    #[diesel(sql_type = Nullable<BigInt>)]
    session_id: Option<i64>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    started_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    ended_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<BigInt>)]
    size: Option<i64>,
}

#[derive(QueryableByName)]
struct LineRow {
    #[diesel(sql_type = BigInt)]
    encounter_id: i64,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = BigInt)]
    units: i64,
    #[diesel(sql_type = BigInt)]
    expected: i64,
}

#[derive(QueryableByName)]
struct PartRow {
    #[diesel(sql_type = BigInt)]
    encounter_id: i64,
    #[diesel(sql_type = BigInt)]
    claim_id: i64,
    #[diesel(sql_type = BigInt)]
    payer_id: i64,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Bool)]
    live: bool,
    #[diesel(sql_type = Bool)]
    stands: bool,
    #[diesel(sql_type = BigInt)]
    units: i64,
    #[diesel(sql_type = BigInt)]
    charge: i64,
    #[diesel(sql_type = BigInt)]
    expected: i64,
    #[diesel(sql_type = Nullable<Timestamp>)]
    released_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    delivered_at: Option<NaiveDateTime>,
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

const VISITS: &str = "SELECT e.id, e.payer_id, e.member_id, e.member_number, e.peer_id, e.service, \
     e.role, e.mode, e.setting, e.program, e.status, e.minutes, e.recorded_at, \
     e.voided_at IS NOT NULL AS void, e.content LIKE '%\"member_absent\":true%' AS absent, \
     s.id AS session_id, s.started_at, s.ended_at, s.size \
     FROM encounters e \
     LEFT JOIN session_encounters m ON m.organization_id = e.organization_id AND m.encounter_id = e.id \
     LEFT JOIN sessions s ON s.organization_id = m.organization_id AND s.id = m.session_id";

const LINES: &str = "SELECT l.encounter_id, l.status, CAST(SUM(l.units) AS BIGINT) AS units, \
     CAST(SUM(l.expected) AS BIGINT) AS expected FROM encounters e JOIN decision_lines l \
     ON l.organization_id = e.organization_id AND l.encounter_id = e.id";

/// A claim whose replacement is not released yet has let go of its lines, and the payer has it still.
fn parts(of_day: &str) -> String {
    format!(
        "SELECT p.encounter_id, c.id AS claim_id, c.payer_id, c.status, p.live, {KEPT} AS stands, \
         p.units, p.charge, p.expected, b.released_at, b.delivered_at FROM encounters e \
         JOIN claim_line_parts p ON p.organization_id = e.organization_id AND p.encounter_id = e.id \
         JOIN claim_lines k ON k.organization_id = p.organization_id AND k.id = p.claim_line_id \
         JOIN claims c ON c.organization_id = k.organization_id AND c.id = k.claim_id \
         JOIN batches b ON b.organization_id = c.organization_id AND b.id = c.batch_id WHERE {of_day}"
    )
}

const REASONS: &str = "SELECT r.encounter_id, r.rule FROM encounters e JOIN hold_reasons r \
     ON r.organization_id = e.organization_id AND r.encounter_id = e.id";

const CONTROL: &str = "SELECT c.payer_id, c.status, CAST(SUM(k.units) AS BIGINT) AS units, \
     CAST(SUM(k.charge) AS BIGINT) AS charge, CAST(SUM(k.expected) AS BIGINT) AS expected \
     FROM claims c JOIN claim_lines k ON k.organization_id = c.organization_id \
     AND k.claim_id = c.id WHERE c.organization_id = $1 AND k.service_date = $2 \
     AND c.service_date BETWEEN $3 AND $2";

/// All visits of a day, void ones too, in order of id.
pub fn visits(
    conn: &mut Conn,
    organization: OrganizationId,
    zone: Zone,
    day: NaiveDate,
) -> Result<Vec<(i64, Fact)>, StoreError> {
    let id = organization.as_i64();
    let of_day = &moved::of_day(conn, id, day)?;
    let rows: Vec<VisitRow> = diesel::sql_query(format!("{VISITS} WHERE {of_day} ORDER BY e.id"))
        .bind::<BigInt, _>(id)
        .bind::<Date, _>(day)
        .load(conn)?;
    let mut lines = lines(conn, of_day, id, day)?;
    let mut claims = claims(conn, of_day, (id, zone), day)?;
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
            let (units, open) = lines.remove(&id).unwrap_or_default();
            let claims = claims.remove(&id).unwrap_or_default();
            let held_by = reasons.remove(&id).unwrap_or_default();
            Ok((id, fact(row, zone, (units, open), claims, held_by)?))
        })
        .collect()
}

/// What claims state of a visit, and whether its first claim stands while the replacement is built.
#[derive(Default)]
struct OfClaims {
    billed: Option<Billed>,
    sent: Option<Sent>,
    stands: bool,
}

fn fact(
    row: VisitRow,
    zone: Zone,
    (mut units, mut open): (Units, Open),
    OfClaims { billed, sent, stands }: OfClaims,
    mut held_by: Vec<String>,
) -> Result<Fact, StoreError> {
    let session = match (row.session_id, row.started_at, row.ended_at, row.size) {
        (Some(id), Some(from), Some(to), Some(size)) => {
            let minutes = Instant::from_naive(from).minutes_until(Instant::from_naive(to));
            Some(Meeting { id, minutes, size })
        }
        _ => None,
    };
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
        (open, held_by) = (Open::default(), Vec::new());
    }
    Ok(Fact {
        payer: row.payer_id,
        member: row.member_id,
        number: row.member_number,
        peer: row.peer_id,
        service: row.service,
        role: row.role,
        mode: row.mode,
        setting: row.setting,
        program: row.program,
        status,
        minutes: row.minutes,
        session,
        recorded: zone.date_of(Instant::from_naive(row.recorded_at)),
        units,
        open,
        billed,
        sent,
        held_by,
        absent: row.absent,
    })
}

fn lines(
    conn: &mut Conn,
    of_day: &str,
    organization: i64,
    day: NaiveDate,
) -> Result<HashMap<i64, (Units, Open)>, StoreError> {
    let rows: Vec<LineRow> =
        diesel::sql_query(format!("{LINES} WHERE {of_day} GROUP BY l.encounter_id, l.status"))
            .bind::<BigInt, _>(organization)
            .bind::<Date, _>(day)
            .load(conn)?;
    let mut all: HashMap<i64, (Units, Open)> = HashMap::new();
    for row in rows {
        let (units, open) = all.entry(row.encounter_id).or_default();
        match types::read("decision_lines.status", row.status)? {
            LineStatus::Superseded | LineStatus::Void => {}
            LineStatus::Ready => {
                units.ready += row.units;
                open.ready += row.expected;
            }
            LineStatus::Held => {
                units.held += row.units;
                open.held += row.expected;
            }
            LineStatus::Claimed => {
                units.claimed += row.units;
                open.ready += row.expected;
            }
            LineStatus::Submitted => units.submitted += row.units,
        }
    }
    Ok(all)
}

fn claims(
    conn: &mut Conn,
    of_day: &str,
    (organization, zone): (i64, Zone),
    day: NaiveDate,
) -> Result<HashMap<i64, OfClaims>, StoreError> {
    let rows: Vec<PartRow> = diesel::sql_query(parts(of_day))
        .bind::<BigInt, _>(organization)
        .bind::<Date, _>(day)
        .load(conn)?;
    let mut billed: HashMap<i64, Billed> = HashMap::new();
    let mut standing: HashSet<i64> = HashSet::new();
    // By visit and claim, in order of the claims' ids, which is that of their making.
    let mut sent: BTreeMap<(i64, i64), (NaiveDateTime, PartRow)> = BTreeMap::new();
    for row in rows {
        let status: ClaimStatus = types::read("claims.status", row.status.clone())?;
        if (row.live || row.stands) && status.is_billed() {
            if row.stands {
                standing.insert(row.encounter_id);
            }
            let sums = billed.entry(row.encounter_id).or_default();
            sums.units += row.units;
            sums.charge += row.charge;
            sums.expected += row.expected;
        }
        if let Some(released) = row.released_at {
            sent.insert((row.encounter_id, row.claim_id), (released, row));
        }
    }
    let date = |time: NaiveDateTime| zone.date_of(Instant::from_naive(time));
    let mut all: HashMap<i64, OfClaims> = HashMap::new();
    for ((encounter, _), (released, row)) in sent {
        let story = &mut all.entry(encounter).or_default().sent;
        let story = story.get_or_insert_with(|| Sent {
            first: date(released),
            delivered: None,
            times: 0,
            first_status: row.status.clone(),
            last_status: String::new(),
            payer: None,
        });
        story.times += 1;
        story.delivered = story.delivered.or(row.delivered_at.map(date));
        story.last_status = row.status;
        story.payer = Some(row.payer_id);
    }
    for (encounter, sums) in billed {
        let of = all.entry(encounter).or_default();
        (of.billed, of.stands) = (Some(sums), standing.contains(&encounter));
    }
    Ok(all)
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
        .bind::<Date, _>(day - TimeDelta::days(CLAIM_DAYS))
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
