//! Sessions as released claims state their visits: a session may grow, or be told to be another, after a
//! claim of one of its visits was made, and the payer has it as it was (`docs/adr/0145`).

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::store::conn::Conn;
use crate::store::error::StoreError;
use crate::store::schema::{claimed_sessions, sessions};
use crate::store::types::CHUNK;

/// A session at some time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub id: i64,
    pub from: NaiveDateTime,
    pub to: NaiveDateTime,
    pub size: i64,
}

/// What is asked for: sessions of claimed visits, and those that claimed visits named when they were decided
/// and may have left since.
#[derive(Debug, Default)]
pub(super) struct Wanted<'a> {
    pub ids: BTreeSet<i64>,
    pub names: BTreeSet<&'a str>,
}

/// What claims state of sessions.
#[derive(Debug, Default)]
pub(super) struct Meetings {
    by_name: HashMap<String, Held>,
    /// By session, with the last claim that was made of it so; rising.
    before: HashMap<i64, Vec<(i64, Held)>>,
}

impl Meetings {
    /// Reads them.
    pub fn read(
        conn: &mut Conn,
        organization: i64,
        Wanted { mut ids, names }: Wanted<'_>,
    ) -> Result<Self, StoreError> {
        let mut all = Self::default();
        let names: Vec<&str> = names.into_iter().collect();
        for chunk in names.chunks(CHUNK) {
            let rows: Vec<(String, i64, NaiveDateTime, NaiveDateTime, i64)> = sessions::table
                .filter(sessions::organization_id.eq(organization))
                .filter(sessions::reference.eq_any(chunk.to_vec()))
                .select((
                    sessions::reference,
                    sessions::id,
                    sessions::started_at,
                    sessions::ended_at,
                    sessions::size,
                ))
                .load(conn)?;
            for (name, id, from, to, size) in rows {
                ids.insert(id);
                all.by_name.insert(name, Held { id, from, to, size });
            }
        }
        let ids: Vec<i64> = ids.into_iter().collect();
        for chunk in ids.chunks(CHUNK) {
            let rows: Vec<(i64, i64, NaiveDateTime, NaiveDateTime, i64)> = claimed_sessions::table
                .filter(claimed_sessions::organization_id.eq(organization))
                .filter(claimed_sessions::session_id.eq_any(chunk.to_vec()))
                .order((claimed_sessions::session_id, claimed_sessions::claims_to))
                .select((
                    claimed_sessions::session_id,
                    claimed_sessions::claims_to,
                    claimed_sessions::started_at,
                    claimed_sessions::ended_at,
                    claimed_sessions::size,
                ))
                .load(conn)?;
            for (id, claims_to, from, to, size) in rows {
                let held = Held { id, from, to, size };
                all.before.entry(id).or_default().push((claims_to, held));
            }
        }
        Ok(all)
    }

    /// The session of this name as it is.
    pub fn named(&self, name: &str) -> Option<Held> {
        self.by_name.get(name).copied()
    }

    /// A session as it was when a claim was made.
    pub fn at(&self, session: Held, claim: i64) -> Held {
        let before = self.before.get(&session.id).into_iter().flatten();
        let mut since = before.filter(|(claims_to, _)| claim <= *claims_to);
        since.next().map_or(session, |(_, held)| *held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_states_the_session_of_then() {
        let held = |size: i64| {
            let at = chrono::DateTime::UNIX_EPOCH.naive_utc();
            Held { id: 9, from: at, to: at, size }
        };
        let before = HashMap::from([(9, vec![(10, held(2)), (20, held(3))])]);
        let all = Meetings { before, ..Meetings::default() };
        let sizes = [5, 10, 11, 20, 21].map(|claim| all.at(held(4), claim).size);
        assert_eq!(sizes, [2, 2, 3, 3, 4]);
        assert_eq!(all.at(Held { id: 8, ..held(4) }, 1).size, 4);
    }
}
