//! Ready lines with what their claims need to know of them.

use std::collections::HashMap;

use super::Ctx;
use super::batching::{Visits, encounters_of};
use crate::domain::contract::Service;
use crate::domain::encounter::Encounter;
use crate::domain::grouping::Claimable;
use crate::domain::ids::{ContractVersionId, EncounterId, MemberId, OrganizationId};
use crate::domain::line::Line;
use crate::domain::units::units;
use crate::error::AppError;
use crate::store::{self, Conn};

/// The minutes of a visit that a line of so many units is about: all of them, unless other lines of
/// it state some.
fn minutes(service: &Service, visit: u32, of_line: u32) -> u32 {
    let all = units(visit, service.unit_minutes, service.rounding);
    if of_line == all || !service.sum_over.is_contact() {
        return visit;
    }
    of_line.saturating_mul(service.unit_minutes)
}

/// What becomes of ready lines on claims, with all that grouping looks at.
pub(super) fn claimables(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    visits: &Visits,
    lines: Vec<Line>,
    versions: &HashMap<EncounterId, ContractVersionId>,
) -> Result<Vec<Claimable>, AppError> {
    let members: Vec<MemberId> = visits.members.keys().copied().collect();
    let numbers: HashMap<_, _> = store::authorizations::of_members(conn, tenant, &members)?
        .into_iter()
        .map(|a| (a.id, a.data.number))
        .collect();
    // Read anew: a visit that was decided again has another deadline and member number.
    let fresh: HashMap<EncounterId, Encounter> =
        store::encounters::by_ids(conn, tenant, &encounters_of(&lines))?
            .into_iter()
            .map(|e| (e.id, e))
            .collect();
    let broken = || AppError::internal("a ready line lacks what its claim needs");
    let mut all = Vec::with_capacity(lines.len());
    for line in lines {
        let encounter = fresh.get(&line.encounter).ok_or_else(broken)?;
        let authorization =
            line.authorization.map(|id| numbers.get(&id).cloned().ok_or_else(broken));
        let version = *versions.get(&line.encounter).ok_or_else(broken)?;
        let terms = ctx.terms(conn, tenant, version)?;
        let service = terms.pack.service(&line.service).ok_or_else(broken)?;
        let site = visits.bench.told_site(&terms, &line.place, &encounter.data);
        all.push(Claimable {
            minutes: minutes(service, encounter.data.minutes(), line.units),
            site: site.map(|at| at.key.clone()),
            started_at: encounter.data.started_at,
            ended_at: encounter.data.ended_at,
            mode: encounter.data.mode,
            group_size: encounter.data.group.as_ref().map(|group| group.size),
            member: encounter.data.member,
            member_number: encounter.member_number.clone().ok_or_else(broken)?,
            peer: encounter.data.peer,
            contract_version: version,
            diagnoses: encounter.data.diagnoses.clone(),
            authorization: authorization.transpose()?,
            file_by: encounter.file_by.ok_or_else(broken)?,
            summed: !service.sum_over.is_contact(),
            bundle: line.encounter,
            line,
        });
    }
    Ok(all)
}
