//! What is marked and not yet decided again, for a step that cannot wait for the worker.

use std::collections::{BTreeSet, HashMap};

use super::redo::Wish;
use crate::domain::again::{Cause, Days, Mark, Touched};
use crate::domain::encounter::Encounter;
use crate::domain::ids::{EncounterId, MemberId, OrganizationId, PeerId};
use crate::error::AppError;
use crate::store::{self, Conn};

type Why = (Cause, i32);

/// The marks of an organization that touch few visits each. What touches a large part of all visits
/// is no part of it, and neither is what only leaves more room than before.
#[derive(Debug, Default)]
pub struct Pending {
    encounters: HashMap<EncounterId, Why>,
    members: HashMap<MemberId, Vec<(Days, Why)>>,
    peers: HashMap<PeerId, Vec<(Days, Why)>>,
}

impl Pending {
    /// Reads the marks, due or not.
    pub fn read(conn: &mut Conn, organization: OrganizationId) -> Result<Self, AppError> {
        let mut pending = Self::default();
        for Mark { touched, cause, depth, .. } in store::marks::named(conn, organization)? {
            let why = (cause, depth);
            match touched {
                Touched::Encounter(id) => {
                    pending.encounters.insert(id, why);
                }
                Touched::Member(id, days) => {
                    pending.members.entry(id).or_default().push((days, why));
                }
                Touched::Peer(id, days) => {
                    pending.peers.entry(id).or_default().push((days, why));
                }
                Touched::Payer(..) | Touched::Organization | Touched::Freed(_) => {}
            }
        }
        Ok(pending)
    }

    /// The wishes of claimed visits of these members that a mark touches and whose units may divide otherwise now
    /// (`docs/adr/0170`): they are asked before what is ready beside them.
    pub fn divided(
        &self,
        conn: &mut Conn,
        organization: OrganizationId,
        members: impl Iterator<Item = MemberId>,
    ) -> Result<Vec<Wish>, AppError> {
        let marked: BTreeSet<MemberId> =
            members.filter(|member| self.members.contains_key(member)).collect();
        let marked: Vec<MemberId> = marked.into_iter().collect();
        let ids = store::divisions::partly_authorized(conn, organization, &marked)?;
        let visits = store::encounters::by_ids(conn, organization, &ids)?;
        Ok(visits.iter().filter_map(|visit| self.wish(visit)).collect())
    }

    /// The wish of a visit that a mark touches.
    pub fn wish(&self, visit: &Encounter) -> Option<Wish> {
        let of_member = self.members.get(&visit.data.member).into_iter().flatten();
        let of_peer = self.peers.get(&visit.data.peer).into_iter().flatten();
        let mut of_days = of_member.chain(of_peer);
        let why = self.encounters.get(&visit.id).or_else(|| {
            of_days.find(|(days, _)| days.covers(visit.service_date)).map(|(_, why)| why)
        });
        why.map(|(cause, depth)| Wish { encounter: visit.id, cause: *cause, depth: *depth })
    }
}
