//! What visits said when they were decided for their claims. A claimed visit may be corrected once its
//! replacement is prepared; the payer has it as it was.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Text};

use crate::domain::encounter::EncounterData;
use crate::store::conn::Conn;
use crate::store::error::StoreError;
use crate::store::schema::encounter_revisions;
use crate::store::types;
use crate::store::zones::Zones;

#[derive(QueryableByName)]
struct RevisionRow {
    #[diesel(sql_type = BigInt)]
    encounter_id: i64,
    #[diesel(sql_type = BigInt)]
    decision_id: i64,
    #[diesel(sql_type = Text)]
    content: String,
}

const REVISIONS: &str = "SELECT r.encounter_id, r.decision_id, r.content FROM encounters e \
     JOIN encounter_revisions r ON r.organization_id = e.organization_id AND r.encounter_id = e.id";

/// What visits said, by visit and decision.
pub(super) type ByDecision = HashMap<(i64, i64), EncounterData>;

/// By visit and decision, what the decision read, where the visit says something else since. Corrected
/// more than once after it, the first of those revisions is what it read.
pub(super) fn by_decision(
    conn: &mut Conn,
    of_day: &str,
    (organization, day): (i64, NaiveDate),
) -> Result<ByDecision, StoreError> {
    let text = format!("{REVISIONS} WHERE {of_day} ORDER BY r.encounter_id, r.revision");
    let rows: Vec<RevisionRow> =
        diesel::sql_query(text).bind::<BigInt, _>(organization).bind::<Date, _>(day).load(conn)?;
    let mut all = HashMap::new();
    for row in rows {
        let key = (row.encounter_id, row.decision_id);
        if let Entry::Vacant(place) = all.entry(key) {
            place.insert(types::read_json("encounter_revisions.content", &row.content)?);
        }
    }
    Ok(all)
}

/// Of these visits, which took place on a day after their first record: when they were moved to it. Before
/// that nobody had them on record on this day.
pub(super) fn noted(
    conn: &mut Conn,
    organization: i64,
    (visits, day): (&[i64], NaiveDate),
    zones: &Zones,
) -> Result<HashMap<i64, NaiveDateTime>, StoreError> {
    let mut all = HashMap::new();
    for chunk in visits.chunks(types::CHUNK) {
        let rows: Vec<(i64, String, NaiveDateTime)> = encounter_revisions::table
            .filter(encounter_revisions::organization_id.eq(organization))
            .filter(encounter_revisions::encounter_id.eq_any(chunk.to_vec()))
            .order((encounter_revisions::encounter_id, encounter_revisions::revision))
            .select((
                encounter_revisions::encounter_id,
                encounter_revisions::content,
                encounter_revisions::replaced_at,
            ))
            .load(conn)?;
        for (visit, content, replaced_at) in rows {
            let said: EncounterData = types::read_json("encounter_revisions.content", &content)?;
            if zones.date_of(said.started_at) != day {
                all.insert(visit, replaced_at);
            }
        }
    }
    Ok(all)
}
