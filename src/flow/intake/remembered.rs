//! Who a member was, when the number that names one is nobody's any more: a repeat of what was
//! recorded under it is answered with the first result, whatever the roster says today
//! (`docs/adr/0051`).

use std::collections::{HashMap, HashSet};

use super::draft::Parsed;
use super::refs::MemberRef;
use crate::domain::encounter::EncounterData;
use crate::domain::identifiers::{MemberNumber, Reference};
use crate::domain::ids::{DecisionId, EncounterId, MemberId, OrganizationId, PayerId};
use crate::error::AppError;
use crate::store::{self, Conn};

/// A row's reference, and the payer and number by which it names its member.
pub(super) type Named = (Reference, (PayerId, MemberNumber));

/// The members of visits that are recorded under these references, where the number was that
/// member's when the visit was decided as it reads now. `number` gives the payer and number of a row
/// that names nobody by today's roster.
pub(super) fn members(
    conn: &mut Conn,
    organization: OrganizationId,
    rows: &[Parsed],
    number: impl Fn(&MemberRef) -> Option<(PayerId, MemberNumber)>,
) -> Result<HashMap<Named, MemberId>, AppError> {
    let wanted: HashSet<Named> =
        rows.iter().filter_map(|row| Some((row.reference.clone(), number(&row.member)?))).collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let references: HashSet<&Reference> = wanted.iter().map(|(reference, _)| reference).collect();
    let references: Vec<&Reference> = references.into_iter().collect();
    let visits = store::encounters::by_references(conn, organization, &references)?;
    let first: Vec<(EncounterId, i32)> =
        visits.iter().map(|(e, _)| (e.id, e.answered_by())).collect();
    let first: Vec<DecisionId> = store::decisions::of_sequence(conn, organization, &first)?
        .into_iter()
        .map(|decision| decision.id)
        .collect();
    let visits: HashMap<EncounterId, EncounterData> =
        visits.into_iter().map(|(e, _)| (e.id, e.data)).collect();
    let mut found = HashMap::new();
    for (decision, facts) in store::decision_facts::with_facts(conn, organization, &first)? {
        let Some(visit) = visits.get(&decision.encounter) else { continue };
        for coverage in facts.coverages {
            let number = (coverage.data.payer, coverage.data.member_number);
            let named = (visit.reference.clone(), number);
            if wanted.contains(&named) {
                found.insert(named, visit.member);
            }
        }
    }
    Ok(found)
}
