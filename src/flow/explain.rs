//! Why an encounter was decided as it was: the stored decision replayed from its stored facts under
//! its stored contract version, and beside it what would be said today. Nothing is stored or locked;
//! the stored answer stands.

use std::sync::Arc;

use super::Ctx;
use super::again::{as_if_free, beside_told, ready_units};
use super::encounters::{find, organization, who};
use super::intake::bench::{Access, Bench};
use crate::domain::again::Place;
use crate::domain::contract::Terms;
use crate::domain::decision::Decision;
use crate::domain::encounter::Encounter;
use crate::domain::facts::Facts;
use crate::domain::ids::{ContractVersionId, EncounterId, OrganizationId};
use crate::domain::organization::Organization;
use crate::domain::rules;
use crate::error::AppError;
use crate::store::decisions::StoredDecision;
use crate::store::{self, Conn, Scope};

/// A decision explained.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The encounter.
    pub encounter: Encounter,
    /// Its current decision.
    pub decision: StoredDecision,
    /// The facts that it was made from.
    pub facts: Facts,
    /// What the rules of this program say of the same facts and terms.
    pub replayed: Decision,
    /// What would be said today.
    pub today: Today,
}

/// What would be said today.
#[derive(Debug, Clone)]
pub enum Today {
    /// It was voided, and is not decided any more.
    Voided,
    /// From the facts of now.
    Answer(Box<Asked>),
    /// It is on a live claim: from the facts of now, as if it were not. What of it would be billed
    /// otherwise is told by the corrections.
    Claimed(Box<Asked>),
}

/// An answer from the facts of now.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The contract version in force.
    pub version: Option<ContractVersionId>,
    /// The facts.
    pub facts: Facts,
    /// What the rules say.
    pub answer: Decision,
}

/// Explains the current decision of an encounter.
pub async fn explain(
    ctx: &Ctx,
    tenant: OrganizationId,
    id: EncounterId,
) -> Result<Explanation, AppError> {
    let work = ctx.clone();
    let read = move |conn: &mut Conn| explained(&work, conn, tenant, id);
    ctx.db.read(Scope::Tenant(tenant), read).await
}

fn explained(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: EncounterId,
) -> Result<Explanation, AppError> {
    let encounter = find(conn, tenant, id)?;
    let none = || AppError::internal("an encounter has no current decision");
    let found = store::decision_facts::with_facts(conn, tenant, &[encounter.decision])?.pop();
    let (decision, facts) = found.ok_or_else(none)?;
    let terms: Option<Arc<Terms>> = match decision.contract_version {
        Some(version) => Some(ctx.terms(conn, tenant, version)?),
        None => None,
    };
    // A claimed visit may be corrected, and its decision stands: what it read is replayed.
    let read = store::revisions::read_by(conn, tenant, id, encounter.decision)?;
    let data = read.as_ref().unwrap_or(&encounter.data);
    let replayed = rules::decide(terms.as_deref(), &facts, data);
    let lines = store::decisions::current_lines(conn, tenant, &[id])?;
    let today = if encounter.voided_at.is_some() {
        Today::Voided
    } else {
        let organization = organization(conn, tenant)?;
        let is_claimed = lines.iter().any(|l| l.status.is_claimed());
        let claim = store::corrections::live_claims(conn, tenant, &[id])?.remove(&id);
        let then = (&decision, &facts);
        if claim.is_some() && is_claimed {
            Today::Claimed(Box::new(ask_claimed(ctx, conn, &organization, &encounter, then)?))
        } else {
            Today::Answer(Box::new(ask(ctx, conn, &organization, &encounter, then)?))
        }
    };
    Ok(Explanation { encounter, decision, facts, replayed, today })
}

/// What the rules say with the facts of now. What was found not to fit a limit across organizations
/// is kept: to ask again would tell what others gave.
fn ask(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    encounter: &Encounter,
    (decision, then): (&StoredDecision, &Facts),
) -> Result<Asked, AppError> {
    let data = &encounter.data;
    let people = who(conn, organization.id, &[data])?;
    let bench =
        Bench::gather(ctx, conn, organization, people, &[data], Access::Look, &[encounter.id])?;
    let (mut case, mut answer) = bench.decide_again(encounter, &decision.answer, ctx.now())?;
    if !then.full.is_empty() {
        case.facts.full.clone_from(&then.full);
        answer = rules::decide(case.terms.as_deref(), &case.facts, data);
    }
    Ok(Asked { version: case.version, facts: case.facts, answer })
}

/// What the rules say of a visit on a live claim as if it were on none, by the steps of the corrections
/// (`again::claimed`): where visits hold what it was given that would give way to it, they do.
fn ask_claimed(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    encounter: &Encounter,
    (decision, then): (&StoredDecision, &Facts),
) -> Result<Asked, AppError> {
    let (tenant, data) = (organization.id, &encounter.data);
    let people = who(conn, tenant, &[data])?;
    let except = [encounter.id];
    let bench = Bench::gather(ctx, conn, organization, people, &[data], Access::Look, &except)?;
    let (mut case, mut answer) = as_if_free(&bench, data, decision)?;
    if ready_units(&answer) < ready_units(&decision.answer) {
        let start = data.started_at;
        let place = Place { date: encounter.service_date, start, id: encounter.id };
        let bench = beside_told(ctx, conn, organization, data, (place, encounter.status))?;
        (case, answer) = as_if_free(&bench, data, decision)?;
    }
    if !then.full.is_empty() {
        case.facts.full.clone_from(&then.full);
        answer = rules::decide(case.terms.as_deref(), &case.facts, data);
    }
    // Its day is claimed with it, and was judged as if it were not.
    case.facts.day.clone_from(&then.day);
    Ok(Asked { version: case.version, facts: case.facts, answer })
}

/// The names of the facts that are not as they were, without the moment of asking, and without what the visit held
/// then and holds since: that is what was decided, and nothing that changed.
pub fn changed_facts(then: &Facts, now: &Facts) -> Result<Vec<String>, AppError> {
    let json =
        |facts: &Facts| serde_json::to_value(facts).map_err(|e| AppError::internal(e.to_string()));
    let (then, now) = (json(then)?, json(now)?);
    let (Some(then), Some(now)) = (then.as_object(), now.as_object()) else {
        return Ok(Vec::new());
    };
    let mut names: Vec<String> = then.keys().chain(now.keys()).cloned().collect();
    names.sort();
    names.dedup();
    let asked = ["as_of", "kept"];
    names.retain(|name| !asked.contains(&name.as_str()) && then.get(name) != now.get(name));
    Ok(names)
}
