//! What was said before of batches and claims: by it the next word is weighed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use diesel::prelude::*;

use super::Row;
use crate::domain::dates::Instant;
use crate::domain::ids::{BatchId, ClaimId, OrganizationId};
use crate::domain::response::{Effect, Response, Said, Source, Stage, Taken, Verdict, taken};
use crate::store::conn::Conn;
use crate::store::error::StoreError;
use crate::store::schema::responses as table;
use crate::store::types::{CHUNK, read, read_json};

/// What was said of a batch, of one of its sets, or of one of its claims by a 277CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Of which batch.
    pub batch: BatchId,
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

type HeardRow = (i64, String, String, String, String, Option<i64>);

impl Heard {
    fn of(row: HeardRow) -> Result<Self, StoreError> {
        let (batch, stage, control, verdict, effect, claim) = row;
        Ok(Self {
            batch: BatchId::from_i64(batch),
            stage: read("responses.stage", stage)?,
            control,
            verdict: read("responses.verdict", verdict)?,
            effect: read("responses.effect", effect)?,
            claim: claim.map(ClaimId::from_i64),
        })
    }
}

/// What was said of batches as a whole, of their sets, and of their claims by a 277CA; of each batch in
/// the order in which it came. What a TA1 or 999 did to single claims is left out.
pub fn heard(
    conn: &mut Conn,
    organization: OrganizationId,
    batches: &[BatchId],
) -> Result<Vec<Heard>, StoreError> {
    let mut found = Vec::new();
    for chunk in batches.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|b| b.as_i64()).collect();
        let rows: Vec<HeardRow> = table::table
            .filter(table::organization_id.eq(organization.as_i64()))
            .filter(table::batch_id.eq_any(ids))
            .filter(table::claim_id.is_null().or(table::stage.eq(Stage::Claim.as_str())))
            .order((table::batch_id, table::id))
            .select((
                table::batch_id,
                table::stage,
                table::control,
                table::verdict,
                table::effect,
                table::claim_id,
            ))
            .load(conn)?;
        for row in rows {
            found.push(Heard::of(row)?);
        }
    }
    Ok(found)
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

/// The last word on whether each of these claims is accepted: the payer's, where the payer has said
/// anything. Claims of which nothing was said are left out.
pub fn last_words(
    conn: &mut Conn,
    organization: OrganizationId,
    claims: &[ClaimId],
) -> Result<HashMap<ClaimId, LastWord>, StoreError> {
    let decided = [Verdict::Accepted.as_str(), Verdict::Rejected.as_str()];
    let mut found = HashMap::new();
    for chunk in claims.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|c| c.as_i64()).collect();
        let rows: Vec<Row> = table::table
            .filter(table::organization_id.eq(organization.as_i64()))
            .filter(table::claim_id.eq_any(ids))
            .filter(table::stage.eq(Stage::Claim.as_str()))
            .filter(table::verdict.eq_any(decided))
            .order((table::source.eq(Source::Payer.as_str()).desc(), table::id.desc()))
            .select(Row::as_select())
            .load(conn)?;
        for row in rows {
            let Some(claim) = row.claim_id.map(ClaimId::from_i64) else { continue };
            if let Entry::Vacant(place) = found.entry(claim) {
                let Response { source, verdict, effect, said, recorded_at, .. } =
                    row.into_domain()?;
                place.insert(LastWord { source, verdict, effect, said, recorded_at });
            }
        }
    }
    Ok(found)
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
    /// Of which batch.
    pub batch: BatchId,
    /// Of which claim.
    pub claim: Option<ClaimId>,
    /// What is answered.
    pub stage: Stage,
    /// Who says it.
    pub source: Source,
    /// ISA13, group and set, or CLM01.
    pub control: String,
    /// The codes.
    pub said: Vec<Said>,
}

type RefusalRow = (i64, Option<i64>, String, String, String, String);

impl Refusal {
    fn of(row: RefusalRow) -> Result<Self, StoreError> {
        let (batch, claim, stage, source, control, said) = row;
        Ok(Self {
            batch: BatchId::from_i64(batch),
            claim: claim.map(ClaimId::from_i64),
            stage: read("responses.stage", stage)?,
            source: read("responses.source", source)?,
            control,
            said: read_json("responses.said", &said)?,
        })
    }
}

/// The words that rejected batches, their sets or (277CA) their claims. What a TA1 or 999 did to single
/// claims is left out.
pub fn refusals_of_batches(
    conn: &mut Conn,
    organization: OrganizationId,
    batches: &[BatchId],
) -> Result<Vec<Refusal>, StoreError> {
    let ids: Vec<i64> = batches.iter().map(|b| b.as_i64()).collect();
    refusals(conn, organization, &ids, false)
}

/// The words of a 277CA that rejected these claims.
pub fn refusals_of_claims(
    conn: &mut Conn,
    organization: OrganizationId,
    claims: &[ClaimId],
) -> Result<Vec<Refusal>, StoreError> {
    let ids: Vec<i64> = claims.iter().map(|c| c.as_i64()).collect();
    refusals(conn, organization, &ids, true)
}

fn refusals(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[i64],
    of_claims: bool,
) -> Result<Vec<Refusal>, StoreError> {
    let rejects = [Verdict::Rejected.as_str(), Verdict::Mixed.as_str()];
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let query = table::table
            .filter(table::organization_id.eq(organization.as_i64()))
            .filter(table::verdict.eq_any(rejects))
            .filter(table::claim_id.is_null().or(table::stage.eq(Stage::Claim.as_str())))
            .select((
                table::batch_id,
                table::claim_id,
                table::stage,
                table::source,
                table::control,
                table::said,
            ))
            .into_boxed();
        let query = if of_claims {
            query.filter(table::claim_id.eq_any(chunk.to_vec()))
        } else {
            query.filter(table::batch_id.eq_any(chunk.to_vec()))
        };
        let rows: Vec<RefusalRow> = query.load(conn)?;
        for row in rows {
            found.push(Refusal::of(row)?);
        }
    }
    Ok(found)
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
