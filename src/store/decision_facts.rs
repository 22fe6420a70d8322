//! The facts that decisions were made from: read only by what decides again from the same facts.

use std::collections::HashMap;

use diesel::prelude::*;

use super::conn::Conn;
use super::decisions::{self, StoredDecision};
use super::error::StoreError;
use super::schema::decisions as rows;
use super::types;
use crate::domain::facts::Facts;
use crate::domain::ids::{DecisionId, OrganizationId};

/// The decisions with these ids and the facts that they used, in any order.
pub fn with_facts(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[DecisionId],
) -> Result<Vec<(StoredDecision, Facts)>, StoreError> {
    let mut facts: HashMap<DecisionId, Facts> = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(types::CHUNK) {
        let chunk: Vec<i64> = chunk.iter().map(|i| i.as_i64()).collect();
        let rows: Vec<(i64, String)> = rows::table
            .filter(rows::organization_id.eq(organization.as_i64()))
            .filter(rows::id.eq_any(chunk))
            .select((rows::id, rows::facts))
            .load(conn)?;
        for (id, text) in rows {
            facts.insert(DecisionId::from_i64(id), types::read_json("decisions.facts", &text)?);
        }
    }
    let found = decisions::by_ids(conn, organization, ids)?.into_iter();
    Ok(found.filter_map(|d| facts.remove(&d.id).map(|f| (d, f))).collect())
}
