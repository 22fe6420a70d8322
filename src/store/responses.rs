//! What was said of batches and claims. Only added to.

mod before;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::responses as table;
use super::sets::insert_set;
use super::types::{CHUNK, page_size, read, read_json, write_json};
use crate::domain::dates::Instant;
use crate::domain::ids::{BatchId, ClaimId, OrganizationId, ReceivedId, ResponseId};
use crate::domain::response::{Effect, Response, Verdict};

pub use before::{
    Heard, LastWord, Refusal, heard, last_words, refusals_of_batches, refusals_of_claims,
    taken_by_payer, was_accepted,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = table, treat_none_as_default_value = false)]
struct Row {
    organization_id: i64,
    id: i64,
    received_id: i64,
    batch_id: i64,
    claim_id: Option<i64>,
    stage: String,
    source: String,
    control: String,
    verdict: String,
    effect: String,
    said: String,
    payer_control: Option<String>,
    clearinghouse_control: Option<String>,
    recorded_at: NaiveDateTime,
}

impl Row {
    fn new(organization: OrganizationId, r: &Response) -> Result<Self, StoreError> {
        Ok(Self {
            organization_id: organization.as_i64(),
            id: r.id.as_i64(),
            received_id: r.received.as_i64(),
            batch_id: r.batch.as_i64(),
            claim_id: r.claim.map(ClaimId::as_i64),
            stage: r.stage.to_string(),
            source: r.source.to_string(),
            control: r.control.clone(),
            verdict: r.verdict.to_string(),
            effect: r.effect.to_string(),
            said: write_json("responses.said", &r.said)?,
            payer_control: r.payer_control.clone(),
            clearinghouse_control: r.clearinghouse_control.clone(),
            recorded_at: r.recorded_at.naive(),
        })
    }

    fn into_domain(self) -> Result<Response, StoreError> {
        Ok(Response {
            id: ResponseId::from_i64(self.id),
            received: ReceivedId::from_i64(self.received_id),
            batch: BatchId::from_i64(self.batch_id),
            claim: self.claim_id.map(ClaimId::from_i64),
            stage: read("responses.stage", self.stage)?,
            source: read("responses.source", self.source)?,
            control: self.control,
            verdict: read("responses.verdict", self.verdict)?,
            effect: read("responses.effect", self.effect)?,
            said: read_json("responses.said", &self.said)?,
            payer_control: self.payer_control,
            clearinghouse_control: self.clearinghouse_control,
            recorded_at: Instant::from_naive(self.recorded_at),
        })
    }
}

/// Adds responses.
pub fn insert_all(
    conn: &mut Conn,
    organization: OrganizationId,
    list: &[Response],
) -> Result<(), StoreError> {
    for chunk in list.chunks(CHUNK) {
        let rows =
            chunk.iter().map(|r| Row::new(organization, r)).collect::<Result<Vec<_>, _>>()?;
        insert_set!(conn, table::table, rows);
    }
    Ok(())
}

/// What a list of responses is narrowed to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// By file.
    pub received: Option<ReceivedId>,
    /// By batch.
    pub batch: Option<BatchId>,
    /// By claim.
    pub claim: Option<ClaimId>,
    /// Those of the batch and its sets only, or those of claims only.
    pub of_claims: Option<bool>,
}

/// A page of responses in order of id, after `after`.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    filter: Filter,
    after: Option<ResponseId>,
    limit: i64,
) -> Result<Vec<Response>, StoreError> {
    let mut query = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::id.gt(after.map_or(-1, ResponseId::as_i64)))
        .into_boxed();
    if let Some(received) = filter.received {
        query = query.filter(table::received_id.eq(received.as_i64()));
    }
    if let Some(batch) = filter.batch {
        query = query.filter(table::batch_id.eq(batch.as_i64()));
    }
    if let Some(claim) = filter.claim {
        query = query.filter(table::claim_id.eq(claim.as_i64()));
    }
    query = match filter.of_claims {
        None => query,
        Some(true) => query.filter(table::claim_id.is_not_null()),
        Some(false) => query.filter(table::claim_id.is_null()),
    };
    let rows: Vec<Row> =
        query.order(table::id).limit(page_size(limit)).select(Row::as_select()).load(conn)?;
    rows.into_iter().map(Row::into_domain).collect()
}

/// What a file did when part of it was applied before: of which batch, to how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// Of which batch.
    pub batch: BatchId,
    /// Of a claim, rather than of a batch or set.
    pub of_claim: bool,
    /// What was said.
    pub verdict: Verdict,
    /// What it did.
    pub effect: Effect,
}

/// What a file has said and done so far.
pub fn done_by(
    conn: &mut Conn,
    organization: OrganizationId,
    received: ReceivedId,
) -> Result<Vec<Done>, StoreError> {
    let rows: Vec<(i64, Option<i64>, String, String)> = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::received_id.eq(received.as_i64()))
        .order(table::id)
        .select((table::batch_id, table::claim_id, table::verdict, table::effect))
        .load(conn)?;
    rows.into_iter()
        .map(|(batch, claim, verdict, effect)| {
            Ok(Done {
                batch: BatchId::from_i64(batch),
                of_claim: claim.is_some(),
                verdict: read("responses.verdict", verdict)?,
                effect: read("responses.effect", effect)?,
            })
        })
        .collect()
}
