//! Decisions and their lines. A decision never changes; a line's status moves by the table in
//! `domain/status.rs`, always with the old status in the condition.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::holds;
use super::one_of::OneOfDsl;
use super::schema::{decision_lines, decisions};
use super::sets::insert_set;
use super::types;
use crate::domain::again::Cause;
use crate::domain::codes::Modifier;
use crate::domain::dates::Instant;
use crate::domain::decision::{Decision, ENGINE_VERSION};
use crate::domain::facts::Facts;
use crate::domain::ids::{
    AuthorizationId, ContractVersionId, DecisionId, EncounterId, LineId, MemberId, OrganizationId,
    PayerId,
};
use crate::domain::line::Line;
use crate::domain::money::Money;
use crate::domain::status::LineStatus;

/// Rows of one INSERT, and ids of one question: below both databases' parameter limits.
const INSERT_ROWS: usize = types::CHUNK;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = decisions, treat_none_as_default_value = false)]
pub(super) struct DecisionRow {
    organization_id: i64,
    id: i64,
    encounter_id: i64,
    sequence: i32,
    cause: String,
    contract_version_id: Option<i64>,
    engine: String,
    as_of: NaiveDateTime,
    answer: String,
    facts: String,
}

/// A decision to store.
#[derive(Debug)]
pub struct NewDecision<'a> {
    /// Its id.
    pub id: DecisionId,
    /// Of which encounter.
    pub encounter: EncounterId,
    /// 1 for the first.
    pub sequence: i32,
    /// Why it was made.
    pub cause: Cause,
    /// Under which contract version.
    pub contract_version: Option<ContractVersionId>,
    /// What it says.
    pub answer: &'a Decision,
    /// What it used.
    pub facts: &'a Facts,
}

/// Inserts decisions.
pub fn insert_all(
    conn: &mut Conn,
    organization: OrganizationId,
    list: &[NewDecision<'_>],
) -> Result<(), StoreError> {
    let rows = list
        .iter()
        .map(|d| {
            Ok(DecisionRow {
                organization_id: organization.as_i64(),
                id: d.id.as_i64(),
                encounter_id: d.encounter.as_i64(),
                sequence: d.sequence,
                cause: d.cause.as_str().to_owned(),
                contract_version_id: d.contract_version.map(ContractVersionId::as_i64),
                engine: ENGINE_VERSION.to_owned(),
                as_of: d.facts.as_of.naive(),
                answer: types::write_json("decisions.answer", d.answer)?,
                facts: types::write_json("decisions.facts", d.facts)?,
            })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    insert_rows(conn, &rows)?;
    // Here and nowhere else, so that the worklist is always that of the current decisions.
    holds::instead(conn, organization, list)
}

pub(super) fn insert_rows(conn: &mut Conn, rows: &[DecisionRow]) -> Result<(), StoreError> {
    insert_set!(conn, decisions::table, rows);
    Ok(())
}

/// A stored decision.
#[derive(Debug, Clone)]
pub struct StoredDecision {
    /// Its id.
    pub id: DecisionId,
    /// Of which encounter.
    pub encounter: EncounterId,
    /// 1 for the first.
    pub sequence: i32,
    /// Under which contract version.
    pub contract_version: Option<ContractVersionId>,
    /// When, as the rules saw it.
    pub as_of: Instant,
    /// What it says.
    pub answer: Decision,
}

impl StoredDecision {
    /// What it says, with the units of its lines on authorizations as they are booked: of a line that was claimed
    /// more may be (`docs/adr/0170`).
    pub fn booked(&self, lines: &[Line]) -> Decision {
        let mut answer = self.answer.clone();
        for (said, ordinal) in answer.lines.iter_mut().zip(1..) {
            let line = lines.iter().find(|l| l.decision == self.id && l.ordinal == ordinal);
            if let Some((draw, line)) = said.authorization.as_mut().zip(line) {
                draw.units = line.authorized_units;
            }
        }
        answer
    }
}

type AnswerRow = (i64, i64, i32, Option<i64>, NaiveDateTime, String);

fn stored(row: AnswerRow) -> Result<StoredDecision, StoreError> {
    Ok(StoredDecision {
        id: DecisionId::from_i64(row.0),
        encounter: EncounterId::from_i64(row.1),
        sequence: row.2,
        contract_version: row.3.map(ContractVersionId::from_i64),
        as_of: Instant::from_naive(row.4),
        answer: types::read_json("decisions.answer", &row.5)?,
    })
}

/// The decisions with these ids, in any order.
pub fn by_ids(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[DecisionId],
) -> Result<Vec<StoredDecision>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(INSERT_ROWS) {
        let chunk: Vec<i64> = chunk.iter().map(|i| i.as_i64()).collect();
        let rows: Vec<AnswerRow> = decisions::table
            .filter(decisions::organization_id.eq(organization.as_i64()))
            .filter(decisions::id.one_of(chunk))
            .select((
                decisions::id,
                decisions::encounter_id,
                decisions::sequence,
                decisions::contract_version_id,
                decisions::as_of,
                decisions::answer,
            ))
            .load(conn)?;
        for row in rows {
            found.push(stored(row)?);
        }
    }
    Ok(found)
}

/// The decisions of these encounters with these sequences, in any order.
pub fn of_sequence(
    conn: &mut Conn,
    organization: OrganizationId,
    wanted: &[(EncounterId, i32)],
) -> Result<Vec<StoredDecision>, StoreError> {
    let mut found = Vec::with_capacity(wanted.len());
    for list in wanted.chunks(INSERT_ROWS) {
        let chunk: Vec<i64> = list.iter().map(|(encounter, _)| encounter.as_i64()).collect();
        let mut sequences: Vec<i32> = list.iter().map(|(_, sequence)| *sequence).collect();
        sequences.sort_unstable();
        sequences.dedup();
        let rows: Vec<AnswerRow> = decisions::table
            .filter(decisions::organization_id.eq(organization.as_i64()))
            .filter(decisions::encounter_id.one_of(chunk))
            .filter(decisions::sequence.one_of(sequences))
            .select((
                decisions::id,
                decisions::encounter_id,
                decisions::sequence,
                decisions::contract_version_id,
                decisions::as_of,
                decisions::answer,
            ))
            .load(conn)?;
        for row in rows {
            // Another encounter of the list may want the sequence that this one does not.
            if list.contains(&(EncounterId::from_i64(row.1), row.2)) {
                found.push(stored(row)?);
            }
        }
    }
    Ok(found)
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = decision_lines, treat_none_as_default_value = false)]
pub(super) struct LineRow {
    organization_id: i64,
    pub(super) id: i64,
    encounter_id: i64,
    decision_id: i64,
    ordinal: i32,
    status: String,
    payer_id: Option<i64>,
    service: String,
    service_date: NaiveDate,
    procedure_code: String,
    modifiers: String,
    place: String,
    units: i64,
    unit_charge: Option<String>,
    unit_rate: Option<String>,
    charge: i64,
    expected: i64,
    authorization_id: Option<i64>,
    authorized_units: i64,
    member_id: i64,
}

impl LineRow {
    fn of(organization: OrganizationId, l: &Line) -> Self {
        let modifiers: Vec<&str> = l.modifiers.iter().map(Modifier::as_str).collect();
        Self {
            organization_id: organization.as_i64(),
            id: l.id.as_i64(),
            encounter_id: l.encounter.as_i64(),
            decision_id: l.decision.as_i64(),
            ordinal: l.ordinal,
            status: l.status.as_str().to_owned(),
            payer_id: l.payer.map(PayerId::as_i64),
            service: l.service.as_str().to_owned(),
            service_date: l.service_date,
            procedure_code: l.procedure.as_str().to_owned(),
            modifiers: modifiers.join(":"),
            place: l.place.as_str().to_owned(),
            units: i64::from(l.units),
            unit_charge: l.unit_charge.map(|d| d.to_string()),
            unit_rate: l.unit_rate.map(|d| d.to_string()),
            charge: l.charge.cents(),
            expected: l.expected.cents(),
            authorization_id: l.authorization.map(AuthorizationId::as_i64),
            authorized_units: i64::from(l.authorized_units),
            member_id: l.member.as_i64(),
        }
    }

    pub(super) fn into_domain(self) -> Result<Line, StoreError> {
        Ok(Line {
            id: LineId::from_i64(self.id),
            encounter: EncounterId::from_i64(self.encounter_id),
            decision: DecisionId::from_i64(self.decision_id),
            ordinal: self.ordinal,
            status: types::read("decision_lines.status", self.status)?,
            member: MemberId::from_i64(self.member_id),
            payer: self.payer_id.map(PayerId::from_i64),
            service: types::read("decision_lines.service", self.service)?,
            service_date: self.service_date,
            procedure: types::read("decision_lines.procedure_code", self.procedure_code)?,
            modifiers: self
                .modifiers
                .split(':')
                .filter(|m| !m.is_empty())
                .map(|m| types::read("decision_lines.modifiers", m.to_owned()))
                .collect::<Result<_, _>>()?,
            place: types::read("decision_lines.place", self.place)?,
            units: types::read_count("decision_lines.units", self.units)?,
            unit_charge: types::read_decimal(
                "decision_lines.unit_charge",
                self.unit_charge.as_deref(),
            )?,
            unit_rate: types::read_decimal("decision_lines.unit_rate", self.unit_rate.as_deref())?,
            charge: Money::from_cents(self.charge),
            expected: Money::from_cents(self.expected),
            authorization: self.authorization_id.map(AuthorizationId::from_i64),
            authorized_units: types::read_count(
                "decision_lines.authorized_units",
                self.authorized_units,
            )?,
        })
    }
}

/// Inserts lines.
pub fn insert_lines(
    conn: &mut Conn,
    organization: OrganizationId,
    lines: &[Line],
) -> Result<(), StoreError> {
    let rows: Vec<LineRow> = lines.iter().map(|l| LineRow::of(organization, l)).collect();
    insert_line_rows(conn, &rows)
}

pub(super) fn insert_line_rows(conn: &mut Conn, rows: &[LineRow]) -> Result<(), StoreError> {
    insert_set!(conn, decision_lines::table, rows);
    Ok(())
}

/// The lines of these encounters that count: neither superseded nor void; by encounter and ordinal.
pub fn current_lines(
    conn: &mut Conn,
    organization: OrganizationId,
    encounters: &[EncounterId],
) -> Result<Vec<Line>, StoreError> {
    let gone = [LineStatus::Superseded, LineStatus::Void].map(LineStatus::as_str);
    let mut found = Vec::new();
    for chunk in encounters.chunks(INSERT_ROWS) {
        let chunk: Vec<i64> = chunk.iter().map(|i| i.as_i64()).collect();
        let rows: Vec<LineRow> = decision_lines::table
            .filter(decision_lines::organization_id.eq(organization.as_i64()))
            .filter(decision_lines::encounter_id.one_of(chunk))
            .filter(decision_lines::status.none_of(gone))
            .order((decision_lines::encounter_id, decision_lines::ordinal, decision_lines::id))
            .select(LineRow::as_select())
            .load(conn)?;
        for row in rows {
            found.push(row.into_domain()?);
        }
    }
    Ok(found)
}

/// The statuses of lines, also of those that ended.
pub fn statuses(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[LineId],
) -> Result<Vec<(LineId, LineStatus)>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(INSERT_ROWS) {
        let chunk: Vec<i64> = chunk.iter().map(|i| i.as_i64()).collect();
        let rows: Vec<(i64, String)> = decision_lines::table
            .filter(decision_lines::organization_id.eq(organization.as_i64()))
            .filter(decision_lines::id.one_of(chunk))
            .select((decision_lines::id, decision_lines::status))
            .load(conn)?;
        for (id, status) in rows {
            found.push((LineId::from_i64(id), types::read("decision_lines.status", status)?));
        }
    }
    Ok(found)
}

/// Encounters with a ready line that draws on the authorization, in order of id.
pub fn ready_on_authorization(
    conn: &mut Conn,
    organization: OrganizationId,
    authorization: AuthorizationId,
) -> Result<Vec<EncounterId>, StoreError> {
    let rows: Vec<i64> = decision_lines::table
        .filter(decision_lines::organization_id.eq(organization.as_i64()))
        .filter(decision_lines::authorization_id.eq(authorization.as_i64()))
        .filter(decision_lines::status.eq(LineStatus::Ready.as_str()))
        .order(decision_lines::encounter_id)
        .select(decision_lines::encounter_id)
        .distinct()
        .load(conn)?;
    Ok(rows.into_iter().map(EncounterId::from_i64).collect())
}

/// Moves lines from one status to another. Fails when the move is not legal, or when a line is no
/// longer in the status it is thought to be in.
pub fn move_lines(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[LineId],
    from: LineStatus,
    to: LineStatus,
) -> Result<(), StoreError> {
    if !from.may_become(to) {
        return Err(StoreError::Broken(format!("a line may not move from {from} to {to}")));
    }
    for chunk in ids.chunks(INSERT_ROWS) {
        let wanted = chunk.len();
        let chunk: Vec<i64> = chunk.iter().map(|i| i.as_i64()).collect();
        let moved = diesel::update(
            decision_lines::table
                .filter(decision_lines::organization_id.eq(organization.as_i64()))
                .filter(decision_lines::id.one_of(chunk))
                .filter(decision_lines::status.eq(from.as_str())),
        )
        .set(decision_lines::status.eq(to.as_str()))
        .execute(conn)?;
        if moved != wanted {
            return Err(StoreError::Busy("lines were moved by somebody else".into()));
        }
    }
    Ok(())
}
