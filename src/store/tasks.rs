//! Tasks, worked out in one query: a part for each kind, then one order over all.
//!
//! Ids and dates in the text are numbers and dates of ours, never a caller's text. Days are counted
//! from 1970, so that the order of all kinds is one of numbers.

use chrono::{Days, NaiveDate};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::conn::Conn;
use super::error::StoreError;
use super::types::{page_size, read};
use crate::domain::finding::Who;
use crate::domain::ids::{
    BatchId, ClaimId, CorrectionId, EncounterId, OrganizationId, PayerId, ReceivedId, ResponseId,
};
use crate::domain::money::Money;
use crate::domain::rules::RULES;
use crate::domain::task::{FILE_DAYS, Subject, Task, TaskKind, TaskOwner, near};

/// What a list of tasks is narrowed to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// By kind.
    pub kind: Option<TaskKind>,
    /// By owner.
    pub owner: Option<TaskOwner>,
    /// By payer.
    pub payer: Option<PayerId>,
    /// Those due on this day or before.
    pub due_by: Option<NaiveDate>,
}

#[derive(Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    owner: String,
    #[diesel(sql_type = BigInt)]
    due_day: i64,
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    payer_id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    batch_id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    claim_id: Option<i64>,
    #[diesel(sql_type = BigInt)]
    money: i64,
    #[diesel(sql_type = Nullable<Text>)]
    stage: Option<String>,
}

impl Row {
    fn into_domain(self) -> Result<Task, StoreError> {
        let kind: TaskKind = read("tasks.kind", self.kind)?;
        let id = self.id;
        Ok(Task {
            kind,
            owner: read("tasks.owner", self.owner)?,
            subject: match kind {
                TaskKind::Rejection => Subject::Claim(ClaimId::from_i64(id)),
                TaskKind::ResponseOverdue | TaskKind::Delivery => {
                    Subject::Batch(BatchId::from_i64(id))
                }
                TaskKind::Correction => Subject::Correction(CorrectionId::from_i64(id)),
                TaskKind::Deadline => Subject::Encounter(EncounterId::from_i64(id)),
                TaskKind::Answer => Subject::Response(ResponseId::from_i64(id)),
                TaskKind::File => Subject::File(ReceivedId::from_i64(id)),
            },
            stage: self.stage,
            due: day_of(self.due_day)?,
            money: Money::from_cents(self.money),
            payer: self.payer_id.map(PayerId::from_i64),
            batch: self.batch_id.map(BatchId::from_i64),
            claim: self.claim_id.map(ClaimId::from_i64),
        })
    }
}

fn day_of(number: i64) -> Result<NaiveDate, StoreError> {
    let broken = || StoreError::Broken("a due day is out of range".into());
    let days = Days::new(number.unsigned_abs());
    let day = if number < 0 {
        NaiveDate::default().checked_sub_days(days)
    } else {
        NaiveDate::default().checked_add_days(days)
    };
    day.ok_or_else(broken)
}

/// The number of a day, 0 being 1 January 1970.
pub fn number(day: NaiveDate) -> i64 {
    (day - NaiveDate::default()).num_days()
}

/// Where a list goes on: the due day and id of the last task.
pub type Place = (i64, i64);

/// A page of tasks as they stand on `today`, by due day and id, after `after`.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    filter: Filter,
    today: NaiveDate,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Task>, StoreError> {
    // The two databases count days in words of their own.
    let day: fn(&str) -> String = match conn {
        Conn::Sqlite(_) => |c| format!("CAST(julianday({c}) - 2440587.5 AS BIGINT)"),
        Conn::Postgres(_) => |c| format!("CAST({c} - DATE '1970-01-01' AS BIGINT)"),
    };
    let kinds = TaskKind::ALL.iter().filter(|k| filter.kind.is_none_or(|wanted| wanted == **k));
    let parts: Vec<String> =
        kinds.map(|kind| part(*kind, organization.as_i64(), today, day)).collect();
    let mut conditions = vec!["1 = 1".to_owned()];
    if let Some((due, id)) = after {
        conditions.push(format!("(t.due_day > {due} OR (t.due_day = {due} AND t.id > {id}))"));
    }
    if let Some(owner) = filter.owner {
        conditions.push(format!("t.owner = '{owner}'"));
    }
    if let Some(payer) = filter.payer {
        conditions.push(format!("t.payer_id = {}", payer.as_i64()));
    }
    if let Some(due) = filter.due_by {
        conditions.push(format!("t.due_day <= {}", number(due)));
    }
    let sql = format!(
        "SELECT t.kind, t.owner, t.due_day, t.id, t.payer_id, t.batch_id, t.claim_id, \
         CAST(COALESCE(t.money, 0) AS BIGINT) AS money, t.stage FROM ({}) t WHERE {} \
         ORDER BY t.due_day, t.id LIMIT {}",
        parts.join(" UNION ALL "),
        conditions.join(" AND "),
        page_size(limit),
    );
    let rows: Vec<Row> = diesel::sql_query(sql).load(conn)?;
    rows.into_iter().map(Row::into_domain).collect()
}

/// The columns of a part.
struct Columns<'a> {
    kind: TaskKind,
    owner: &'a str,
    due: String,
    id: &'a str,
    payer: &'a str,
    batch: &'a str,
    claim: &'a str,
    money: &'a str,
    stage: &'a str,
}

/// No batch or claim.
const NONE: &str = "CAST(NULL AS BIGINT)";
/// No stage.
const NO_STAGE: &str = "CAST(NULL AS TEXT)";

fn select(c: &Columns<'_>, rest: &str) -> String {
    format!(
        "SELECT '{}' AS kind, {} AS owner, {} AS due_day, {} AS id, {} AS payer_id, \
         {} AS batch_id, {} AS claim_id, CAST({} AS BIGINT) AS money, {} AS stage {rest}",
        c.kind, c.owner, c.due, c.id, c.payer, c.batch, c.claim, c.money, c.stage
    )
}

/// Claims whose receiver has said nothing that counts.
const SILENT: &str = "c.organization_id = b.organization_id AND c.batch_id = b.id AND c.status IN \
                      ('released', 'delivered')";

fn part(kind: TaskKind, of: i64, today: NaiveDate, day: fn(&str) -> String) -> String {
    let (from, to) = near(today);
    let of_claim = Columns {
        kind,
        owner: "'biller'",
        due: day("c.file_by"),
        id: "c.id",
        payer: "c.payer_id",
        batch: "c.batch_id",
        claim: "c.id",
        money: "c.expected",
        stage: NO_STAGE,
    };
    let of_batch = Columns {
        id: "b.id",
        payer: "b.payer_id",
        batch: "b.id",
        claim: NONE,
        money: "b.expected",
        ..of_claim
    };
    match kind {
        TaskKind::Rejection => select(
            &Columns { due: day("c.file_by"), ..of_batch_less(&of_batch) },
            &format!(
                "FROM claims c WHERE c.organization_id = {of} AND c.status = 'rejected' AND EXISTS \
                 (SELECT 1 FROM claim_lines k JOIN claim_line_parts p \
                 ON p.organization_id = k.organization_id AND p.claim_line_id = k.id \
                 JOIN encounters e ON e.organization_id = p.organization_id \
                 AND e.id = p.encounter_id WHERE k.organization_id = c.organization_id \
                 AND k.claim_id = c.id AND e.voided_at IS NULL AND e.status IN ('ready', 'held'))"
            ),
        ),
        TaskKind::ResponseOverdue => overdue(of, today, day, of_batch),
        TaskKind::Correction => select(
            &Columns {
                due: day("c.file_by"),
                id: "x.id",
                money: "(SELECT SUM(p.expected) FROM claim_line_parts p JOIN claim_lines k \
                        ON k.organization_id = p.organization_id AND k.id = p.claim_line_id \
                        WHERE p.organization_id = x.organization_id \
                        AND p.encounter_id = x.encounter_id AND k.claim_id = x.claim_id)",
                ..of_batch_less(&of_batch)
            },
            &format!(
                "FROM corrections x JOIN claims c ON c.organization_id = x.organization_id \
                 AND c.id = x.claim_id WHERE x.organization_id = {of} AND x.resolved_at IS NULL"
            ),
        ),
        TaskKind::Delivery => {
            let first = "(SELECT MIN(c.file_by) FROM claims c WHERE c.organization_id = \
                         b.organization_id AND c.batch_id = b.id)";
            select(
                &Columns { due: day(first), stage: "b.status", ..of_batch },
                &format!(
                    "FROM batches b WHERE b.organization_id = {of} \
                     AND (b.status IN ('built', 'released') OR (b.status = 'acknowledged' \
                     AND b.delivered_at IS NULL)) AND {first} <= '{to}'"
                ),
            )
        }
        TaskKind::Deadline => deadlines(of, (from, to), day, of_batch),
        TaskKind::Answer => select(
            &Columns {
                due: day("c.file_by"),
                owner: "CASE WHEN r.source = 'clearinghouse' THEN 'clearinghouse' ELSE 'payer' END",
                id: "r.id",
                stage: "r.effect",
                ..of_batch_less(&of_batch)
            },
            &format!(
                "FROM responses r JOIN claims c ON c.organization_id = r.organization_id \
                 AND c.id = r.claim_id WHERE r.organization_id = {of} \
                 AND (r.effect = 'contradicts' \
                 OR (r.effect = 'unclear' AND c.status IN ('released', 'delivered'))) \
                 AND NOT EXISTS (SELECT 1 FROM responses n WHERE n.organization_id = \
                 r.organization_id AND n.claim_id = r.claim_id AND n.id > r.id)"
            ),
        ),
        TaskKind::File => {
            let since = today.checked_sub_days(Days::new(FILE_DAYS)).unwrap_or(today);
            select(
                &Columns {
                    due: day("DATE(f.received_at)"),
                    id: "f.id",
                    payer: NONE,
                    batch: NONE,
                    money: "0",
                    stage: "f.kind",
                    ..of_batch
                },
                &format!(
                    "FROM received_files f WHERE f.organization_id = {of} \
                     AND f.state = 'quarantined' AND f.received_at >= '{since} 00:00:00'"
                ),
            )
        }
    }
}

/// The columns of a claim `c`, beside its due day.
fn of_batch_less<'a>(of_batch: &Columns<'a>) -> Columns<'a> {
    Columns {
        kind: of_batch.kind,
        owner: of_batch.owner,
        due: String::new(),
        id: "c.id",
        payer: "c.payer_id",
        batch: "c.batch_id",
        claim: "c.id",
        money: "c.expected",
        stage: NO_STAGE,
    }
}

/// One task for a batch: the 999 first, then the 277CA.
fn overdue(of: i64, today: NaiveDate, day: fn(&str) -> String, of_batch: Columns<'_>) -> String {
    let late = format!(
        "b.status = 'delivered' AND b.acknowledgment IS NULL AND b.acknowledge_by < '{today}'"
    );
    let silent_money = format!("(SELECT SUM(c.expected) FROM claims c WHERE {SILENT})");
    let first = select(
        &Columns {
            owner: "'payer'",
            due: day("b.acknowledge_by"),
            stage: "'acknowledgment'",
            ..of_batch
        },
        &format!("FROM batches b WHERE b.organization_id = {of} AND {late}"),
    );
    let columns = Columns {
        owner: "'payer'",
        due: day("b.status_by"),
        id: "b.id",
        payer: "b.payer_id",
        batch: "b.id",
        claim: NONE,
        money: &silent_money,
        stage: "'claim_status'",
        kind: TaskKind::ResponseOverdue,
    };
    let second = select(
        &columns,
        &format!(
            "FROM batches b WHERE b.organization_id = {of} \
             AND b.status IN ('delivered', 'acknowledged') AND b.status_by < '{today}' \
             AND NOT ({late}) AND EXISTS (SELECT 1 FROM claims c WHERE {SILENT})"
        ),
    );
    format!("{first} UNION ALL {second}")
}

/// Visits that are ready, and those of which something is held.
fn deadlines(
    of: i64,
    (from, to): (NaiveDate, NaiveDate),
    day: fn(&str) -> String,
    of_batch: Columns<'_>,
) -> String {
    let ready = select(
        &Columns {
            due: day("e.file_by"),
            id: "e.id",
            payer: "e.payer_id",
            batch: NONE,
            money: "(SELECT SUM(l.expected) FROM decision_lines l WHERE l.organization_id = \
                    e.organization_id AND l.encounter_id = e.id AND l.status = 'ready')",
            stage: "'ready'",
            ..of_batch
        },
        &format!(
            "FROM encounters e WHERE e.organization_id = {of} AND e.status = 'ready' \
             AND e.voided_at IS NULL AND e.file_by BETWEEN '{from}' AND '{to}' AND NOT EXISTS \
             (SELECT 1 FROM holds h WHERE h.organization_id = e.organization_id \
             AND h.encounter_id = e.id)"
        ),
    );
    let owner = held_owner();
    let held = select(
        &Columns {
            kind: TaskKind::Deadline,
            owner: &owner,
            due: "CAST(h.due_day AS BIGINT)".to_owned(),
            id: "h.encounter_id",
            payer: "h.payer_id",
            batch: NONE,
            claim: NONE,
            money: "COALESCE(h.expected, 0)",
            stage: "'held'",
        },
        &format!(
            "FROM holds h WHERE h.organization_id = {of} AND h.due_day BETWEEN {} AND {}",
            number(from),
            number(to)
        ),
    );
    format!("{ready} UNION ALL {held}")
}

/// Who can fix a reason of a held visit; the first of the list who can.
fn held_owner() -> String {
    let owners = [
        (Who::Peer, TaskOwner::Peer),
        (Who::Biller, TaskOwner::Biller),
        (Who::Administrator, TaskOwner::Administrator),
        (Who::Payer, TaskOwner::Payer),
        (Who::Member, TaskOwner::Member),
    ];
    let cases = owners.iter().filter_map(|(who, owner)| {
        let rules: Vec<String> = RULES
            .iter()
            .map(|r| r.id)
            .filter(|r| r.who() == *who)
            .map(|r| format!("'{r}'"))
            .collect();
        (!rules.is_empty()).then(|| {
            format!(
                "WHEN EXISTS (SELECT 1 FROM hold_reasons r WHERE r.organization_id = \
                 h.organization_id AND r.encounter_id = h.encounter_id AND r.rule IN ({})) \
                 THEN '{owner}'",
                rules.join(", ")
            )
        })
    });
    format!("CASE {} ELSE 'biller' END", cases.collect::<Vec<_>>().join(" "))
}
