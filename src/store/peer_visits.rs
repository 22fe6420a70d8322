//! What peers did: their live visits on some days, with the sessions that they are of.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::{encounters, session_encounters, sessions};
use super::types;
use crate::domain::identifiers::Reference;
use crate::domain::ids::{EncounterId, MemberId, OrganizationId, PeerId};
use crate::domain::rules::PeerVisit;
use crate::domain::status::EncounterStatus;
use crate::domain::windows::Days;

const LIVE: [EncounterStatus; 3] =
    [EncounterStatus::Ready, EncounterStatus::Claimed, EncounterStatus::Submitted];

type Row = (i64, i64, i64, NaiveDate, Option<String>);

/// The live visits of these peers on these days, `except` left out.
pub fn live_of(
    conn: &mut Conn,
    organization: OrganizationId,
    peers: &[PeerId],
    days: Days,
    except: &[EncounterId],
) -> Result<Vec<PeerVisit>, StoreError> {
    let mut rows: Vec<Row> = Vec::new();
    for chunk in peers.chunks(types::CHUNK) {
        let chunk: Vec<i64> = chunk.iter().map(|p| p.as_i64()).collect();
        let mut query = encounters::table
            .filter(encounters::organization_id.eq(organization.as_i64()))
            .filter(encounters::peer_id.one_of(chunk))
            .filter(encounters::status.one_of(LIVE.map(EncounterStatus::as_str)))
            .into_boxed();
        if let Some(from) = days.from {
            query = query.filter(encounters::service_date.ge(from));
        }
        if let Some(to) = days.to {
            query = query.filter(encounters::service_date.le(to));
        }
        rows.extend(
            query
                .select((
                    encounters::id,
                    encounters::peer_id,
                    encounters::member_id,
                    encounters::service_date,
                    encounters::service,
                ))
                .load::<Row>(conn)?,
        );
    }
    rows.retain(|row| !except.contains(&EncounterId::from_i64(row.0)));
    let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
    let mut of = sessions_of(conn, organization, &ids)?;
    let visit = |(id, peer, member, date, service): Row| {
        Ok(PeerVisit {
            encounter: EncounterId::from_i64(id),
            peer: PeerId::from_i64(peer),
            member: MemberId::from_i64(member),
            date,
            service: types::read_optional("encounters.service", service)?,
            session: of.remove(&id),
        })
    };
    rows.into_iter().map(visit).collect()
}

fn sessions_of(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[i64],
) -> Result<HashMap<i64, (Reference, u32)>, StoreError> {
    let mut found = HashMap::new();
    for chunk in ids.chunks(types::CHUNK) {
        let joined = session_encounters::table.inner_join(
            sessions::table.on(sessions::organization_id
                .eq(session_encounters::organization_id)
                .and(sessions::id.eq(session_encounters::session_id))),
        );
        let rows: Vec<(i64, String, i64)> = joined
            .filter(session_encounters::organization_id.eq(organization.as_i64()))
            .filter(session_encounters::encounter_id.one_of(chunk.to_vec()))
            .select((session_encounters::encounter_id, sessions::reference, sessions::size))
            .load(conn)?;
        for (id, reference, size) in rows {
            let reference = types::read("sessions.reference", reference)?;
            found.insert(id, (reference, u32::try_from(size).unwrap_or(u32::MAX)));
        }
    }
    Ok(found)
}
