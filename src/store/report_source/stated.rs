//! What visits said when they were decided for their claims. A claimed visit may be corrected once its
//! replacement is prepared; the payer has it as it was.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Text};

use crate::domain::encounter::EncounterData;
use crate::store::conn::Conn;
use crate::store::error::StoreError;
use crate::store::types;

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

/// By visit and decision, what the decision read, where the visit says something else since. Corrected
/// more than once after it, the first of those revisions is what it read.
pub(super) fn by_decision(
    conn: &mut Conn,
    of_day: &str,
    (organization, day): (i64, NaiveDate),
) -> Result<HashMap<(i64, i64), EncounterData>, StoreError> {
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
