//! A preview with what else would work (`docs/adr/0084`): the visit that was asked about is decided, and
//! where not all of it can be billed, its neighbors are, by the same steps. Nothing is stored.

use super::encounters::with_stamp;
use super::intake::bench::{Access, Bench};
use super::intake::records::Records;
use super::intake::{Parsed, resolve};
use super::{Ctx, Scope};
use crate::domain::decision::Decision;
use crate::domain::encounter::EncounterData;
use crate::domain::ids::OrganizationId;
use crate::domain::rules::alternatives::{Change, Family, families, propose, took_place};
use crate::error::AppError;
use crate::store::{Conn, Purpose};

/// Another way to give a visit, with what the rules say of it.
#[derive(Debug, Clone)]
pub struct Alternative {
    /// How it differs.
    pub change: Change,
    /// The visit as it would be.
    pub encounter: EncounterData,
    /// What would be said of it.
    pub decision: Decision,
}

/// What would be said of a visit, and what else would work.
#[derive(Debug, Clone)]
pub struct Preview {
    /// What would be said.
    pub decision: Decision,
    /// Whether it has begun already: then only what may be true of it is proposed.
    pub took_place: bool,
    /// What else would work, what changes least first; empty where all of it can be billed.
    pub alternatives: Vec<Alternative>,
}

/// What the rules would say of a visit, and of its neighbors where not all of it can be billed.
pub async fn preview(ctx: &Ctx, tenant: OrganizationId, row: Parsed) -> Result<Preview, AppError> {
    let work = ctx.clone();
    ctx.db
        .run(Scope::Tenant(tenant), Purpose::ReadByKey, move |conn| {
            let (organization, stamp) = with_stamp(conn, tenant)?;
            let records = Records::kept(&work, &organization, stamp);
            let (mut rows, people) = resolve(records, conn, std::slice::from_ref(&row))?;
            let data = rows.pop().ok_or_else(|| AppError::internal("no row"))??;
            let bench = Bench::gather_from(records, conn, people, &[&data], Access::Look, &[])?;
            let bench = bench.for_preview();
            let (case, decision) = bench.decide(&data, work.now())?;
            let tries = families(case.terms.as_deref(), &case.facts, &data, &decision);
            let took_place = took_place(&case.facts, &data);
            let alternatives = decided(records, conn, &decision, tries)?;
            Ok(Preview { decision, took_place, alternatives })
        })
        .await
}

/// Decides the tries on one bench for all of them, nearest first, and keeps those worth proposing.
fn decided(
    records: Records<'_>,
    conn: &mut Conn,
    stands: &Decision,
    families: Vec<Family>,
) -> Result<Vec<Alternative>, AppError> {
    let all: Vec<&EncounterData> =
        families.iter().flat_map(|f| &f.tries).map(|t| &t.encounter).collect();
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let people = records.people(conn, &all)?;
    let bench = Bench::gather_from(records, conn, people, &all, Access::Look, &[])?;
    let (bench, as_of) = (bench.for_preview(), records.ctx.now());
    let found = propose(stands, families, |one| {
        let mut case = bench.case(&one.encounter, as_of)?;
        case.facts.documents.extend(one.documents.iter().cloned());
        Ok::<_, AppError>(bench.judge(&one.encounter, case).1)
    })?;
    let shown = found.into_iter().map(|(one, decision)| Alternative {
        change: one.change,
        encounter: one.encounter,
        decision,
    });
    Ok(shown.collect())
}
