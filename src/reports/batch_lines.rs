//! The claim lines of a batch as a table: what a biller checks before the release, and what a payer
//! without 837P intake can key from. One row for each claim line, in the order of the file.

use std::collections::HashMap;

use super::csv_out::Table;
use crate::domain::batch::{StoredClaim, StoredClaimLine};
use crate::domain::claim::ClaimLine;
use crate::domain::codes::{Diagnosis, Modifier};
use crate::domain::ids::{BatchId, EncounterId, OrganizationId};
use crate::error::AppError;
use crate::store::{self, Db, Scope};

/// The columns, as `docs/reports.md` documents them.
pub const COLUMNS: [&str; 22] = [
    "batch",
    "claim_number",
    "claim_status",
    "line_control",
    "member_number",
    "member_last_name",
    "member_first_name",
    "member_birth_date",
    "rendering_npi",
    "service_date",
    "procedure",
    "modifiers",
    "place",
    "units",
    "charge",
    "expected",
    "diagnoses",
    "authorization",
    "file_by",
    "service",
    "encounters",
    "claim_charge",
];

/// The table of a batch.
pub async fn csv(db: &Db, tenant: OrganizationId, id: BatchId) -> Result<String, AppError> {
    db.read(Scope::Tenant(tenant), move |conn| {
        store::batches::by_id(conn, tenant, id)?.ok_or_else(|| AppError::not_found("batch"))?;
        let claims = store::claims::of_batch(conn, tenant, id)?;
        let parts = claims.iter().flat_map(|c| &c.lines).flat_map(|l| &l.parts);
        let ids: Vec<EncounterId> = parts.map(|p| p.encounter).collect();
        let references: HashMap<EncounterId, String> =
            store::encounters::by_ids(conn, tenant, &ids)?
                .into_iter()
                .map(|e| (e.id, e.data.reference.as_str().to_owned()))
                .collect();
        let mut table = Table::new(&COLUMNS)?;
        for claim in &claims {
            for (place, line) in claim.lines.iter().enumerate() {
                let Some(sent) = claim.document.lines.get(place) else { break };
                let npi = claim.detail.given_by(place, claim.document.rendering.npi.as_str());
                let fields = fields(claim, (sent, npi), line, &references);
                table.row(fields.iter().map(String::as_str))?;
            }
        }
        table.finish()
    })
    .await
}

fn fields(
    claim: &StoredClaim,
    (sent, npi): (&ClaimLine, String),
    line: &StoredClaimLine,
    references: &HashMap<EncounterId, String>,
) -> [String; 22] {
    let document = &claim.document;
    let modifiers: Vec<&str> = sent.modifiers.iter().map(Modifier::as_str).collect();
    let diagnoses: Vec<String> = document.diagnoses.iter().map(Diagnosis::pointed).collect();
    let authorization = sent.authorization.as_ref().or(document.authorization.as_ref());
    let encounters: Vec<&str> = line
        .parts
        .iter()
        .filter_map(|p| references.get(&p.encounter).map(String::as_str))
        .collect();
    [
        claim.batch.to_string(),
        document.number.to_string(),
        claim.status.to_string(),
        sent.control.clone(),
        claim.member_number.to_string(),
        document.subscriber.last_name.to_string(),
        document.subscriber.first_name.to_string(),
        document.subscriber.birth_date.to_string(),
        npi,
        sent.date.to_string(),
        sent.procedure.to_string(),
        modifiers.join(":"),
        sent.place.to_string(),
        sent.units.to_string(),
        sent.charge.to_string(),
        line.expected.to_string(),
        diagnoses.join(";"),
        authorization.map(ToString::to_string).unwrap_or_default(),
        claim.file_by.to_string(),
        line.service.to_string(),
        encounters.join(";"),
        document.charge.to_string(),
    ]
}
