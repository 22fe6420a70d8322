//! Tasks, worked out in one query: a part for each kind, then one order over all.
//!
//! Ids and dates in the text are numbers and dates of ours, never a caller's text. Days are counted
//! from 1970, so that the order of all kinds is one of numbers.

use chrono::{Days, NaiveDate};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::conn::Conn;
use super::error::StoreError;
use super::task_parts::part;
use super::types::{page_size, read};
use crate::domain::ids::{
    BatchId, ClaimId, CorrectionId, EncounterId, OrganizationId, PayerId, ReceivedId, ResponseId,
};
use crate::domain::money::Money;
use crate::domain::task::{Subject, Task, TaskKind, TaskOwner};

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
                // Of a claim that is being corrected; beside it stands which visit would change.
                TaskKind::Correction if self.stage.is_some() => {
                    Subject::Claim(ClaimId::from_i64(id))
                }
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
