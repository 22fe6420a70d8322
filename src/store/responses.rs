//! What was said of batches and claims. Only added to.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::responses as table;
use super::sets::insert_set;
use super::types::{CHUNK, page_size, read, read_json, write_json};
use crate::domain::dates::Instant;
use crate::domain::ids::{BatchId, ClaimId, OrganizationId, ReceivedId, ResponseId};
use crate::domain::response::{Effect, Response, Said, Source, Stage, Taken, Verdict, taken};

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

/// What was said of a batch, of one of its sets, or of one of its claims by a 277CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// What is answered.
    pub stage: Stage,
    /// ISA13, group and set, or CLM01.
    pub control: String,
    /// What was said.
    pub verdict: Verdict,
    /// What it did.
    pub effect: Effect,
    /// Of which claim.
    pub claim: Option<ClaimId>,
}

/// What was said of a batch as a whole, of its sets, and of its claims by a 277CA, in the order in
/// which it came. What a TA1 or 999 did to single claims is left out.
pub fn heard(
    conn: &mut Conn,
    organization: OrganizationId,
    batch: BatchId,
) -> Result<Vec<Heard>, StoreError> {
    let rows: Vec<(String, String, String, String, Option<i64>)> = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::batch_id.eq(batch.as_i64()))
        .filter(table::claim_id.is_null().or(table::stage.eq(Stage::Claim.as_str())))
        .order(table::id)
        .select((table::stage, table::control, table::verdict, table::effect, table::claim_id))
        .load(conn)?;
    rows.into_iter()
        .map(|(stage, control, verdict, effect, claim)| {
            Ok(Heard {
                stage: read("responses.stage", stage)?,
                control,
                verdict: read("responses.verdict", verdict)?,
                effect: read("responses.effect", effect)?,
                claim: claim.map(ClaimId::from_i64),
            })
        })
        .collect()
}

/// A word of a 277CA on whether a claim is accepted.
#[derive(Debug, Clone)]
pub struct LastWord {
    /// Who says it.
    pub source: Source,
    /// Whether it is.
    pub verdict: Verdict,
    /// What it did.
    pub effect: Effect,
    /// The codes.
    pub said: Vec<Said>,
    /// When it came.
    pub recorded_at: Instant,
}

/// The last word on whether a claim is accepted: the payer's, where the payer has said anything.
pub fn last_word(
    conn: &mut Conn,
    organization: OrganizationId,
    claim: ClaimId,
) -> Result<Option<LastWord>, StoreError> {
    let decided = [Verdict::Accepted.as_str(), Verdict::Rejected.as_str()];
    let row: Option<Row> = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::claim_id.eq(claim.as_i64()))
        .filter(table::stage.eq(Stage::Claim.as_str()))
        .filter(table::verdict.eq_any(decided))
        .order((table::source.eq(Source::Payer.as_str()).desc(), table::id.desc()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    let word = |row: Row| {
        let Response { source, verdict, effect, said, recorded_at, .. } = row.into_domain()?;
        Ok(LastWord { source, verdict, effect, said, recorded_at })
    };
    row.map(word).transpose()
}

/// Whether an answer ever made a claim accepted.
pub fn was_accepted(
    conn: &mut Conn,
    organization: OrganizationId,
    claim: ClaimId,
) -> Result<bool, StoreError> {
    let accepted = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::claim_id.eq(claim.as_i64()))
        .filter(table::effect.eq(Effect::Accepted.as_str()))
        .select(table::id)
        .first::<i64>(conn)
        .optional()?;
    Ok(accepted.is_some())
}

/// A word that rejects, wholly or in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is answered.
    pub stage: Stage,
    /// Who says it.
    pub source: Source,
    /// ISA13, group and set, or CLM01.
    pub control: String,
    /// The codes.
    pub said: Vec<Said>,
}

/// The words that rejected a batch, its sets or (277CA) its claims, or only one of these claims. What a
/// TA1 or 999 did to single claims is left out.
pub fn refusals(
    conn: &mut Conn,
    organization: OrganizationId,
    batch: BatchId,
    claim: Option<ClaimId>,
) -> Result<Vec<Refusal>, StoreError> {
    let rejects = [Verdict::Rejected.as_str(), Verdict::Mixed.as_str()];
    let mut query = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::batch_id.eq(batch.as_i64()))
        .filter(table::verdict.eq_any(rejects))
        .filter(table::claim_id.is_null().or(table::stage.eq(Stage::Claim.as_str())))
        .select((table::stage, table::source, table::control, table::said))
        .into_boxed();
    if let Some(claim) = claim {
        query = query.filter(table::claim_id.eq(claim.as_i64()));
    }
    let rows: Vec<(String, String, String, String)> = query.load(conn)?;
    rows.into_iter()
        .map(|(stage, source, control, said)| {
            Ok(Refusal {
                stage: read("responses.stage", stage)?,
                source: read("responses.source", source)?,
                control,
                said: read_json("responses.said", &said)?,
            })
        })
        .collect()
}

/// How far the payer itself has gone with these claims; those of which it has taken nothing are left
/// out.
pub fn taken_by_payer(
    conn: &mut Conn,
    organization: OrganizationId,
    claims: &[ClaimId],
) -> Result<HashMap<ClaimId, Taken>, StoreError> {
    let mut found: HashMap<ClaimId, Taken> = HashMap::new();
    for chunk in claims.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|c| c.as_i64()).collect();
        let rows: Vec<(Option<i64>, String, String)> = table::table
            .filter(table::organization_id.eq(organization.as_i64()))
            .filter(table::claim_id.eq_any(ids))
            .filter(table::source.eq(Source::Payer.as_str()))
            .filter(table::verdict.ne(Verdict::Rejected.as_str()))
            .select((table::claim_id, table::verdict, table::said))
            .load(conn)?;
        for (claim, verdict, said) in rows {
            let verdict: Verdict = read("responses.verdict", verdict)?;
            let said: Vec<Said> = read_json("responses.said", &said)?;
            let statuses = said.iter().map(|s| (s.category(), s.place.is_none()));
            let taken = taken(verdict, statuses);
            if let Some(claim) = claim.map(ClaimId::from_i64).filter(|_| taken > Taken::Silent) {
                let known = found.entry(claim).or_default();
                *known = taken.max(*known);
            }
        }
    }
    Ok(found)
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
