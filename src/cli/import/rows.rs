//! Rows of each kind of file: their columns, and the drafts that they fill.

use super::Kind;
use super::cells::{joined, number, parent, with_parent};
use super::records::{authorization, consent, document, episode, list, opening};
use crate::domain::identifiers::{Key, Npi, Reference};
use crate::domain::payer::PayerData;
use crate::error::Fault;
use crate::flow::reference::bulk::{CertificateRow, File, OwnedRow, Row};
use crate::flow::reference::draft::{
    AddressDraft, CertificateDraft, CoverageDraft, CoverageInput, LocationDraft, MemberClaimDraft,
    MemberDraft, MemberInput, OrganizationDraft, PayerDraft, PeerClaimDraft, PeerDraft,
    PeerNumberDraft, ProgramDraft, ProviderDraft,
};
use crate::flow::table::Cells;

/// The columns that a file must have, and those that it may have. `owned`: the organization is
/// named beside the file.
pub(super) fn columns(kind: Kind, owned: bool) -> (Vec<&'static str>, Vec<&'static str>) {
    let (of_owner, required, optional): (bool, &[&str], &[&str]) = match kind {
        Kind::Organizations => (false, ORGANIZATIONS, &["part2"]),
        Kind::Locations => {
            (true, &["key", "name", "line1", "city", "state", "zip"], &["npi", "line2"])
        }
        Kind::Payers => (false, &["key", "name", "sandbox"], &[]),
        Kind::Peers => (true, &["npi", "first_name", "last_name"], PEERS_OPTIONAL),
        Kind::Certificates => (
            true,
            &["peer_npi", "state", "kind", "from"],
            &["number", "to", "standing", "endorsements"],
        ),
        Kind::Members => (true, MEMBERS, MEMBERS_OPTIONAL),
        Kind::Coverages => (
            true,
            &["member_reference", "payer", "member_number", "from"],
            &["to", "order", "product", "known_on"],
        ),
        Kind::Authorizations => {
            (true, &["member_reference", "payer", "number", "units", "from"], &["services", "to"])
        }
        Kind::Episodes => {
            let optional = &["payer", "program", "to"];
            (true, &["reference", "member_reference", "kind", "from"], optional)
        }
        Kind::Documents => (true, &["reference", "kind", "from"], DOCUMENTS_OPTIONAL),
        Kind::Consents => (true, CONSENTS, CONSENTS_OPTIONAL),
        Kind::OpeningBalances => (
            true,
            &["payer", "service", "date", "units"],
            &["member_reference", "member_number", "authorization"],
        ),
        Kind::Programs => (true, &["key", "name", "kind", "from"], &["to", "location"]),
        Kind::Packs | Kind::Contracts | Kind::Encounters | Kind::Sessions | Kind::Responses => {
            (false, &[], &[])
        }
    };
    let name: &[&'static str] = &["organization"];
    match (of_owner, owned) {
        (false, _) => (required.to_vec(), optional.to_vec()),
        (true, false) => ([name, required].concat(), optional.to_vec()),
        // Beside an organization that is named for the whole file, the column may say the same.
        (true, true) => (required.to_vec(), [optional, name].concat()),
    }
}

const ORGANIZATIONS: &[&str] =
    &["key", "name", "mode", "npi", "ein", "taxonomy", "zone", "contact_name", "contact_phone"];
const PEERS_OPTIONAL: &[&str] = &[
    "taxonomy",
    "birth_date",
    "hired_on",
    "supervisor_last_name",
    "supervisor_first_name",
    "supervisor_npi",
    "supervisor_taxonomy",
    "number_payer",
    "number_kind",
    "number",
];
const SUPERVISOR: &[&str] = &["supervisor_last_name", "supervisor_first_name", "supervisor_npi"];
const NUMBER: &[&str] = &["number_payer", "number_kind", "number"];
const REFERRING: &[&str] = &["referring_last_name", "referring_first_name", "referring_npi"];
const ORDERING: &[&str] = &["ordering_last_name", "ordering_first_name", "ordering_npi"];
const MEMBERS: &[&str] = &["reference", "first_name", "last_name", "birth_date", "gender"];
const MEMBERS_OPTIONAL: &[&str] = &[
    "line1",
    "line2",
    "city",
    "state",
    "zip",
    "payer",
    "member_number",
    "coverage_from",
    "coverage_to",
    "coverage_order",
    "product",
    "known_on",
    "middle_name",
    "medical_record",
    "referral",
    "referring_last_name",
    "referring_first_name",
    "referring_npi",
    "ordering_last_name",
    "ordering_first_name",
    "ordering_npi",
];
const DOCUMENTS_OPTIONAL: &[&str] = &[
    "member_reference",
    "peer_npi",
    "to",
    "signed_on",
    "about",
    "score",
    "goals",
    "reviews",
    "elements",
];
const CONSENTS: &[&str] =
    &["reference", "member_reference", "recipient", "purposes", "from", "obtained"];
const CONSENTS_OPTIONAL: &[&str] =
    &["services", "services_from", "services_to", "to", "signer", "revoked_at"];
const ADDRESS: &[&str] = &["line1", "line2", "city", "state", "zip"];
const COVERAGE: &[&str] = &[
    "payer",
    "member_number",
    "coverage_from",
    "coverage_to",
    "coverage_order",
    "product",
    "known_on",
];

/// The column of a draft's field.
pub(super) fn column(kind: Kind, pointer: &str) -> String {
    let names =
        pointer.split('/').filter(|s| !s.is_empty() && !s.bytes().all(|b| b.is_ascii_digit()));
    let names: Vec<&str> = names.collect();
    let field = names.last().copied().unwrap_or_default();
    match (kind, names.as_slice()) {
        (Kind::Members, ["coverages", "from" | "to" | "order"]) => format!("coverage_{field}"),
        (_, ["claim", who @ ("supervisor" | "referring" | "ordering"), _]) => {
            format!("{who}_{field}")
        }
        (_, ["claim", "numbers", "payer" | "kind"]) => format!("number_{field}"),
        (_, ["member"]) => "member_reference".to_owned(),
        (Kind::Documents, ["peer"]) => "peer_npi".to_owned(),
        _ => field.to_owned(),
    }
}

/// The rows that are right in themselves, and every fault of the others with line and column.
pub(super) fn parse(kind: Kind, rows: &[Cells], owner: Option<&Key>) -> (File, Vec<Fault>) {
    let mut reader = Rows { kind, rows, owner, faults: Vec::new() };
    let file = match kind {
        Kind::Organizations => File::Organizations(reader.each(|c| organization(c).parse())),
        Kind::Payers => File::Payers(reader.each(payer)),
        Kind::Locations => File::Locations(reader.owned(|c| location(c).parse())),
        Kind::Peers => File::Peers(reader.owned(|c| peer(c).parse())),
        Kind::Certificates => File::Certificates(reader.owned(certificate)),
        Kind::Members => File::Members(reader.owned(member)),
        Kind::Coverages => File::Coverages(reader.owned(coverage)),
        Kind::Authorizations => File::Authorizations(reader.owned(authorization)),
        Kind::Documents => File::Documents(reader.owned(|c| document(c).parse())),
        Kind::Episodes => File::Episodes(reader.owned(|c| episode(c).parse())),
        Kind::Consents => File::Consents(reader.owned(|c| consent(c).parse())),
        Kind::OpeningBalances => File::Openings(reader.owned(opening)),
        Kind::Programs => File::Programs(reader.owned(|c| program(c).parse())),
        // Their files are TOML and have no rows.
        Kind::Packs | Kind::Contracts | Kind::Encounters | Kind::Sessions | Kind::Responses => {
            File::Payers(Vec::new())
        }
    };
    (file, reader.faults)
}

struct Rows<'a> {
    kind: Kind,
    rows: &'a [Cells],
    owner: Option<&'a Key>,
    faults: Vec<Fault>,
}

impl Rows<'_> {
    fn each<T>(&mut self, parse: impl Fn(&Cells) -> Result<T, Vec<Fault>>) -> Vec<Row<T>> {
        let mut parsed = Vec::with_capacity(self.rows.len());
        for cells in self.rows {
            match parse(cells) {
                Ok(data) => parsed.push(Row { line: cells.line, data }),
                Err(faults) => {
                    let placed = faults.into_iter().map(|fault| {
                        let name = column(self.kind, fault.pointer.as_deref().unwrap_or_default());
                        Fault::on_line(cells.line, Some(&name), fault.message)
                    });
                    self.faults.extend(placed);
                }
            }
        }
        parsed
    }

    fn owned<T>(&mut self, parse: impl Fn(&Cells) -> Result<T, Vec<Fault>>) -> Vec<OwnedRow<T>> {
        let owner = self.owner.cloned();
        self.each(|cells| match (organization_of(cells, owner.as_ref()), parse(cells)) {
            (Ok(key), Ok(data)) => Ok((key, data)),
            (Ok(_), Err(faults)) => Err(faults),
            (Err(fault), Ok(_)) => Err(vec![fault]),
            (Err(fault), Err(faults)) => Err(std::iter::once(fault).chain(faults).collect()),
        })
    }
}

fn organization_of(cells: &Cells, owner: Option<&Key>) -> Result<Key, Fault> {
    let refuse = |message: &str| Err(Fault::at("/organization", message));
    match (cells.get("organization"), owner) {
        (None, Some(owner)) => Ok(owner.clone()),
        (None, None) => refuse("this field is missing"),
        (Some(text), Some(owner)) if text != owner.as_str() => {
            refuse("this is another organization than the one named for the whole file")
        }
        (Some(text), _) => Key::parse(&text).map_err(|rule| Fault::at("/organization", rule.0)),
    }
}

fn organization(cells: &Cells) -> OrganizationDraft {
    OrganizationDraft {
        key: cells.get("key"),
        name: cells.get("name"),
        mode: cells.get("mode"),
        npi: cells.get("npi"),
        ein: cells.get("ein"),
        taxonomy: cells.get("taxonomy"),
        zone: cells.get("zone"),
        part2: cells.get("part2"),
        contact_name: cells.get("contact_name"),
        contact_phone: cells.get("contact_phone"),
        locations: None,
    }
}

fn address(cells: &Cells) -> Option<AddressDraft> {
    cells.any(ADDRESS).then(|| AddressDraft {
        line1: cells.get("line1"),
        line2: cells.get("line2"),
        city: cells.get("city"),
        state: cells.get("state"),
        zip: cells.get("zip"),
    })
}

fn location(cells: &Cells) -> LocationDraft {
    let (key, name, npi) = (cells.get("key"), cells.get("name"), cells.get("npi"));
    LocationDraft { key, name, npi, address: address(cells) }
}

fn payer(cells: &Cells) -> Result<PayerData, Vec<Fault>> {
    let mut faults = Vec::new();
    let sandbox = match cells.get("sandbox").as_deref() {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => {
            faults.push(Fault::at("/sandbox", "write true or false"));
            Some(false)
        }
    };
    let draft = PayerDraft { key: cells.get("key"), name: cells.get("name"), sandbox };
    joined(draft.parse(), faults)
}

fn peer(cells: &Cells) -> PeerDraft {
    PeerDraft {
        npi: cells.get("npi"),
        first_name: cells.get("first_name"),
        last_name: cells.get("last_name"),
        taxonomy: cells.get("taxonomy"),
        birth_date: cells.get("birth_date"),
        hired_on: cells.get("hired_on"),
        certificates: None,
        claim: Some(PeerClaimDraft {
            supervisor: provider(cells, SUPERVISOR),
            numbers: cells.any(NUMBER).then(|| vec![peer_number(cells)]),
        }),
    }
}

fn peer_number(cells: &Cells) -> PeerNumberDraft {
    let (payer, kind) = (cells.get("number_payer"), cells.get("number_kind"));
    PeerNumberDraft { payer, kind, number: cells.get("number") }
}

/// The provider of three columns: last name, first name, NPI.
fn provider(cells: &Cells, columns: &[&str]) -> Option<ProviderDraft> {
    let mut each = columns.iter().map(|column| cells.get(column));
    let mut next = || each.next().flatten();
    cells.any(columns).then(|| ProviderDraft {
        last_name: next(),
        first_name: next(),
        npi: next(),
        taxonomy: cells.get("supervisor_taxonomy").filter(|_| columns == SUPERVISOR),
    })
}

fn certificate(cells: &Cells) -> Result<CertificateRow, Vec<Fault>> {
    let draft = CertificateDraft {
        state: cells.get("state"),
        kind: cells.get("kind"),
        number: cells.get("number"),
        from: cells.get("from"),
        to: cells.get("to"),
        standing: cells.get("standing"),
        endorsements: list(cells, "endorsements"),
    };
    let mut faults = Vec::new();
    let npi = parent(cells, "peer_npi", Npi::parse, &mut faults);
    let stands = draft.standing.is_some();
    let (peer, data) = with_parent(npi, draft.parse(), faults)?;
    Ok(CertificateRow { peer, data, stands })
}

fn member(cells: &Cells) -> Result<MemberInput, Vec<Fault>> {
    let mut faults = Vec::new();
    let coverage = cells.any(COVERAGE).then(|| CoverageDraft {
        payer: cells.get("payer"),
        member_number: cells.get("member_number"),
        from: cells.get("coverage_from"),
        to: cells.get("coverage_to"),
        order: number(cells, "coverage_order", "/coverages/0/order", &mut faults),
        product: cells.get("product"),
        known_on: cells.get("known_on"),
    });
    let draft = MemberDraft {
        reference: cells.get("reference"),
        first_name: cells.get("first_name"),
        last_name: cells.get("last_name"),
        birth_date: cells.get("birth_date"),
        gender: cells.get("gender"),
        address: address(cells),
        coverages: Some(coverage.into_iter().collect()),
        claim: Some(MemberClaimDraft {
            middle_name: cells.get("middle_name"),
            medical_record: cells.get("medical_record"),
            referral: cells.get("referral"),
            referring: provider(cells, REFERRING),
            ordering: provider(cells, ORDERING),
        }),
    };
    joined(draft.parse(), faults)
}

fn coverage(cells: &Cells) -> Result<(Reference, CoverageInput), Vec<Fault>> {
    let mut faults = Vec::new();
    let draft = CoverageDraft {
        payer: cells.get("payer"),
        member_number: cells.get("member_number"),
        from: cells.get("from"),
        to: cells.get("to"),
        order: number(cells, "order", "/order", &mut faults),
        product: cells.get("product"),
        known_on: cells.get("known_on"),
    };
    let reference = parent(cells, "member_reference", Reference::parse, &mut faults);
    with_parent(reference, draft.parse(), faults)
}

fn program(cells: &Cells) -> ProgramDraft {
    ProgramDraft {
        key: cells.get("key"),
        name: cells.get("name"),
        kind: cells.get("kind"),
        from: cells.get("from"),
        to: cells.get("to"),
        location: cells.get("location"),
    }
}
