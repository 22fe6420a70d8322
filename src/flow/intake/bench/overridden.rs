//! Overrides of the visits of a chunk that are decided again. A new visit has none.

use std::collections::HashMap;

use crate::domain::encounter::EncounterData;
use crate::domain::identifiers::Reference;
use crate::domain::ids::{EncounterId, OrganizationId};
use crate::domain::overriding::OverrideFact;
use crate::error::AppError;
use crate::flow::intake::record::content_hash;
use crate::store::{self, Conn};

/// What has not been taken back, with the hash of the visit as it was when it was made.
#[derive(Debug, Default)]
pub struct Overrides(HashMap<Reference, Vec<(Vec<u8>, OverrideFact)>>);

impl Overrides {
    /// Reads the overrides of visits that are decided again.
    pub fn read(
        conn: &mut Conn,
        organization: OrganizationId,
        again: &[EncounterId],
    ) -> Result<Self, AppError> {
        let mut found: HashMap<Reference, Vec<(Vec<u8>, OverrideFact)>> = HashMap::new();
        for (reference, content, fact) in store::overrides::live_of(conn, organization, again)? {
            found.entry(reference).or_default().push((content, fact));
        }
        Ok(Self(found))
    }

    /// Those that speak of the visit as it is: one whose content changed, also by the very revision
    /// that is being decided, has none.
    pub fn of(&self, visit: &EncounterData) -> Result<Vec<OverrideFact>, AppError> {
        let Some(found) = self.0.get(&visit.reference) else { return Ok(Vec::new()) };
        let content = content_hash(visit)?;
        let same = found.iter().filter(|(was, _)| was.as_slice() == content.as_slice());
        Ok(same.map(|(_, fact)| fact.clone()).collect())
    }
}
