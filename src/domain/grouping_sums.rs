//! The lines of a day's sum are made alike in what tells claims apart, so that they meet on one.

use std::collections::BTreeMap;

use super::{ClaimProfile, Claimable, Diagnosis, told_of};
use crate::domain::encounter::MAX_DIAGNOSES;
use crate::domain::identifiers::{AuthorizationNumber, Key};
use crate::domain::ids::EncounterId;

/// What the lines of a sum state together.
#[derive(Debug, Default)]
struct Sum {
    first: Option<EncounterId>,
    diagnoses: Vec<Diagnosis>,
    authorization: Option<AuthorizationNumber>,
    site: Option<Key>,
}

/// All lines of a sum get its diagnoses (those of its visits in order of start, as many as a claim
/// holds), and those without an authorization the first that is drawn on, as a visit's own do.
pub(super) fn unite(lines: &mut [Claimable], profile: &ClaimProfile, most: usize) {
    lines.sort_by_key(|c| (c.started_at, c.line.encounter, c.line.ordinal));
    let key = |c: &Claimable| {
        let line = &c.line;
        let what = (line.service_date, line.service.clone(), line.modifiers.clone());
        let peer = told_of(c, profile);
        (c.member_number.clone(), c.member, peer, c.contract_version, what, line.place.clone())
    };
    let mut sums: BTreeMap<_, Sum> = BTreeMap::new();
    for claimable in lines.iter().filter(|c| c.summed) {
        let sum = sums.entry(key(claimable)).or_default();
        sum.first = sum.first.or(Some(claimable.line.encounter));
        for diagnosis in &claimable.diagnoses {
            if sum.diagnoses.len() < MAX_DIAGNOSES.min(most) && !sum.diagnoses.contains(diagnosis) {
                sum.diagnoses.push(diagnosis.clone());
            }
        }
        if sum.site.is_none() {
            sum.site.clone_from(&claimable.site);
        }
        if sum.authorization.is_none() {
            sum.authorization.clone_from(&claimable.authorization);
        }
    }
    for claimable in lines.iter_mut().filter(|c| c.summed) {
        let Some(sum) = sums.get(&key(claimable)) else { continue };
        claimable.diagnoses.clone_from(&sum.diagnoses);
        claimable.site.clone_from(&sum.site);
        claimable.bundle = sum.first.unwrap_or(claimable.bundle);
        if claimable.authorization.is_none() {
            claimable.authorization.clone_from(&sum.authorization);
        }
    }
}
