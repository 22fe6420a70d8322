//! The worklist: what waits for a person, what it is worth, and how long there is time
//! (`docs/worklist.md`).

use std::collections::HashMap;

use chrono::NaiveDate;

use super::Ctx;
use super::encounters::{organization, with_decisions};
use crate::domain::encounter::Encounter;
pub use crate::domain::finding::Who;
use crate::domain::finding::{Finding, Severity};
pub use crate::domain::hold::{Due, Unknown};
use crate::domain::identifiers::Reference;
use crate::domain::ids::{EncounterId, MemberId, OrganizationId};
pub use crate::domain::rules::RuleId;
use crate::error::AppError;
pub use crate::store::worklist::{Filter, Order, Place, Summary, Sums, Waiting};
use crate::store::{self, Conn, Scope};

/// A visit of which something waits.
#[derive(Debug, Clone)]
pub struct Item {
    /// What waits of it.
    pub waiting: Waiting,
    /// The visit.
    pub encounter: Encounter,
    /// The organization's own name for the member.
    pub member: Reference,
    /// Last day on which a claim can be delivered.
    pub file_by: Option<NaiveDate>,
    /// How near that is.
    pub due: Due,
    /// Days left; negative after the deadline.
    pub days_left: Option<i64>,
    /// The findings that hold it.
    pub findings: Vec<Finding>,
}

/// Today, in the organization's zone.
pub async fn today(ctx: &Ctx, tenant: OrganizationId) -> Result<NaiveDate, AppError> {
    Ok(super::encounters::zone(ctx, tenant).await?.date_of(ctx.now()))
}

/// A page of the worklist, seen on `today`, after `after`.
pub async fn list(
    ctx: &Ctx,
    tenant: OrganizationId,
    filter: Filter,
    (order, today): (Order, NaiveDate),
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Item>, AppError> {
    let read = move |conn: &mut Conn| {
        let rows = store::worklist::list(conn, tenant, &filter, (order, today), after, limit)?;
        items(conn, tenant, rows, today)
    };
    ctx.db.read(Scope::Tenant(tenant), read).await
}

fn items(
    conn: &mut Conn,
    tenant: OrganizationId,
    rows: Vec<Waiting>,
    today: NaiveDate,
) -> Result<Vec<Item>, AppError> {
    let ids: Vec<EncounterId> = rows.iter().map(|w| w.place.encounter).collect();
    let encounters = store::encounters::by_ids(conn, tenant, &ids)?;
    let mut members: Vec<MemberId> = encounters.iter().map(|e| e.data.member).collect();
    members.sort_unstable();
    members.dedup();
    let references: HashMap<MemberId, Reference> = store::members::by_ids(conn, tenant, &members)?
        .into_iter()
        .map(|m| (m.id, m.data.reference))
        .collect();
    let mut seen: HashMap<EncounterId, _> = with_decisions(conn, tenant, encounters)?
        .into_iter()
        .map(|s| (s.encounter.id, (s.encounter, s.decision.answer)))
        .collect();
    let broken = || AppError::internal("a hold has no encounter or member");
    rows.into_iter()
        .map(|waiting| {
            let (encounter, answer) = seen.remove(&waiting.place.encounter).ok_or_else(broken)?;
            let member = references.get(&encounter.data.member).cloned().ok_or_else(broken)?;
            let file_by = answer.file_by;
            let mut findings = answer.findings;
            findings.retain(|f| f.severity == Severity::Hold);
            Ok(Item {
                waiting,
                encounter,
                member,
                file_by,
                due: Due::of(file_by, today),
                days_left: file_by.map(|day| (day - today).num_days()),
                findings,
            })
        })
        .collect()
}

/// Sums of all that waits and fits the filter, seen on `today`.
pub async fn summary(
    ctx: &Ctx,
    tenant: OrganizationId,
    filter: Filter,
    today: NaiveDate,
) -> Result<Summary, AppError> {
    let read = move |conn: &mut Conn| {
        organization(conn, tenant)?;
        Ok(store::worklist::summary(conn, tenant, &filter, today)?)
    };
    ctx.db.read(Scope::Tenant(tenant), read).await
}
