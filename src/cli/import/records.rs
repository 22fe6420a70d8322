//! Rows of what is on record of members: authorizations, episodes, consents, opening balances.

use super::cells::{joined, number};
use crate::error::Fault;
use crate::flow::reference::draft::{
    AuthorizationDraft, AuthorizationInput, ConsentDraft, DocumentDraft, EpisodeDraft,
    OpeningDraft, OpeningInput,
};
use crate::flow::table::Cells;

/// A cell with several values, `;` between them.
pub(super) fn list(cells: &Cells, column: &str) -> Option<Vec<String>> {
    let text = cells.get(column)?;
    let each = text.split(';').map(str::trim).filter(|s| !s.is_empty());
    Some(each.map(str::to_owned).collect())
}

pub(super) fn authorization(cells: &Cells) -> Result<AuthorizationInput, Vec<Fault>> {
    let mut faults = Vec::new();
    let units = number(cells, "units", "/units", &mut faults);
    let draft = AuthorizationDraft {
        member: cells.get("member_reference"),
        payer: cells.get("payer"),
        number: cells.get("number"),
        services: list(cells, "services"),
        // One fault for one cell: a number that cannot be read is not missing too.
        units: units.or((!faults.is_empty()).then_some(0)),
        from: cells.get("from"),
        to: cells.get("to"),
    };
    joined(draft.parse(), faults)
}

pub(super) fn document(cells: &Cells) -> DocumentDraft {
    DocumentDraft {
        reference: cells.get("reference"),
        kind: cells.get("kind"),
        member: cells.get("member_reference"),
        peer: cells.get("peer_npi"),
        from: cells.get("from"),
        to: cells.get("to"),
        signed_on: cells.get("signed_on"),
        about: cells.get("about"),
        score: cells.get("score"),
        goals: list(cells, "goals"),
        reviews: list(cells, "reviews"),
        elements: list(cells, "elements"),
    }
}

pub(super) fn episode(cells: &Cells) -> EpisodeDraft {
    EpisodeDraft {
        reference: cells.get("reference"),
        member: cells.get("member_reference"),
        kind: cells.get("kind"),
        payer: cells.get("payer"),
        program: cells.get("program"),
        from: cells.get("from"),
        to: cells.get("to"),
    }
}

pub(super) fn consent(cells: &Cells) -> ConsentDraft {
    ConsentDraft {
        reference: cells.get("reference"),
        member: cells.get("member_reference"),
        recipient: cells.get("recipient"),
        purposes: list(cells, "purposes"),
        services: list(cells, "services"),
        services_from: cells.get("services_from"),
        services_to: cells.get("services_to"),
        from: cells.get("from"),
        to: cells.get("to"),
        obtained: cells.get("obtained"),
        signer: cells.get("signer"),
        revoked_at: cells.get("revoked_at"),
    }
}

pub(super) fn opening(cells: &Cells) -> Result<OpeningInput, Vec<Fault>> {
    let mut faults = Vec::new();
    let units = number(cells, "units", "/units", &mut faults);
    let draft = OpeningDraft {
        member: cells.get("member_reference"),
        member_number: cells.get("member_number"),
        payer: cells.get("payer"),
        service: cells.get("service"),
        date: cells.get("date"),
        units: units.or((!faults.is_empty()).then_some(0)),
        authorization: cells.get("authorization"),
    };
    joined(draft.parse(), faults)
}
