//! Contracts: an agreement bound to a pack makes an immutable version (`docs/definitions.md`
//! section 1).

use super::{Document, NO_SUCH_LOCATION, faults_of, programs};
use crate::domain::contract::{
    self, Agreement, Terms, VersionHead, agreement_from_json, agreement_from_toml, may_add,
};
use crate::domain::dates::Instant;
use crate::domain::ids::{ContractVersionId, OrganizationId, PayerId};
use crate::domain::organization::{Organization, OrganizationMode};
use crate::domain::payer::Payer;
use crate::error::{AppError, Fault};
use crate::flow::Ctx;
use crate::flow::again::{self, Cause, Days, Touched};
use crate::flow::audit::{self, Action, Detail};
use crate::store::{Conn, Scope, contracts as store, organizations, packs, payers};
pub use store::ContractVersion;

/// A version and whether it is new.
#[derive(Debug, Clone)]
pub struct Added {
    /// The version.
    pub version: ContractVersion,
    /// `false`: it was there already, word for word.
    pub fresh: bool,
}

/// Reads an agreement, or tells every fault with its line or pointer.
pub fn parse(document: &Document) -> Result<Agreement, AppError> {
    match document {
        Document::Toml(text) => agreement_from_toml(text),
        Document::Json(value) => agreement_from_json(value),
    }
    .map_err(faults_of)
}

/// The organization that an agreement names, for an admin's request that names none.
pub async fn organization_of(ctx: &Ctx, document: &Document) -> Result<OrganizationId, AppError> {
    let key = parse(document)?.organization;
    let found = ctx.db.read(Scope::Service, move |conn| organizations::by_key(conn, &key)).await?;
    let message = "there is no organization with this key";
    found.map(|o| o.id).ok_or_else(|| AppError::field("/contract/organization", message))
}

/// Binds the agreement to its pack and adds it as a version. The same terms again change nothing.
///
/// Refused with all reasons: another organization's agreement, unknown payer, pack or billing
/// location, services that the pack does not have, a test organization with a payer that is no
/// sandbox (or a live one with a sandbox), and days that overlap a version that is not named as
/// superseded.
pub fn create(
    conn: &mut Conn,
    ctx: &Ctx,
    organization: OrganizationId,
    document: &Document,
) -> Result<Added, AppError> {
    add(conn, ctx, organization, document).map_err(|error| with_lines(document, error))
}

/// Faults that were found behind the reader have their line, too, where the document has lines.
fn with_lines(document: &Document, mut error: AppError) -> AppError {
    let Document::Toml(text) = document else { return error };
    for fault in error.faults.iter_mut().filter(|fault| fault.line.is_none()) {
        let pointer = fault.pointer.as_deref();
        fault.line = pointer.and_then(|at| contract::line_of(text, at)).map(u64::from);
    }
    error
}

fn add(
    conn: &mut Conn,
    ctx: &Ctx,
    organization: OrganizationId,
    document: &Document,
) -> Result<Added, AppError> {
    let agreement = parse(document)?;
    // Before the billing location is looked for: it may be going (`docs/adr/0156`).
    organizations::lock(conn, organization)?;
    let owner = organizations::by_id(conn, organization)?
        .ok_or_else(|| AppError::not_found("organization"))?;
    let payer = payers::by_key(conn, &agreement.payer)?;
    let pack = packs::by_key_version(conn, &agreement.pack, &agreement.pack_version)?;
    let mut faults = misfits(&owner, payer.as_ref(), pack.is_some(), &agreement);
    faults.extend(unknown_programs(conn, organization, &agreement)?);
    faults.extend(issued_in_the_future(&owner, &agreement, ctx.now()));
    let (Some(payer), Some(pack)) = (payer, pack) else {
        return Err(AppError::invalid(faults));
    };
    let terms = match document {
        Document::Toml(text) => contract::terms_from_toml(&pack.pack, text),
        Document::Json(value) => contract::terms_from_json(&pack.pack, value),
    }
    .map_err(faults_of);
    let terms = match (terms, faults.is_empty()) {
        (Ok(terms), true) => terms,
        (Ok(_), false) => return Err(AppError::invalid(faults)),
        (Err(error), _) => {
            let all = faults.into_iter().chain(error.faults).collect();
            return Err(AppError::invalid(all));
        }
    };
    let now = ctx.now();
    let contract = store::contract_of(conn, organization, payer.id, ctx.id(), now)?;
    let heads = store::versions_of(conn, organization)?;
    if let Some(version) = same_terms(conn, organization, payer.id, &heads, &terms)? {
        return Ok(Added { version, fresh: false });
    }
    let Agreement { span, supersedes, .. } = terms.agreement;
    may_add(&heads, payer.id, span, supersedes)
        .map_err(|rule| AppError::field("/contract/supersedes", rule.0))?;
    let id: ContractVersionId = ctx.id();
    let head = VersionHead { id, contract, payer: payer.id, span, recorded_at: now, supersedes };
    let version = ContractVersion { head, pack: pack.id, terms };
    store::insert(conn, organization, &version)?;
    let days = Days { from: Some(span.from), to: span.to };
    let touched = [Touched::Payer(payer.id, days)];
    again::mark(ctx, conn, organization, Cause::Contract, &touched)?;
    let detail = Detail::default().about("payer", payer.id).about("pack", pack.id);
    audit::note(ctx, conn, Some(organization), Action::ContractAdd, id, detail)?;
    Ok(Added { version, fresh: true })
}

/// What the agreement says that does not fit what is known.
fn misfits(
    owner: &Organization,
    payer: Option<&Payer>,
    has_pack: bool,
    agreement: &Agreement,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    if agreement.organization != owner.data.key {
        let message = "this is not the organization that the request is about";
        faults.push(Fault::at("/contract/organization", message));
    }
    match payer {
        None => faults.push(Fault::at("/contract/payer", "there is no payer with this key")),
        Some(payer) if payer.data.sandbox != (owner.data.mode == OrganizationMode::Test) => {
            let message = if payer.data.sandbox {
                "a live organization has no contracts with sandbox payers"
            } else {
                "a test organization has contracts with sandbox payers only"
            };
            faults.push(Fault::at("/contract/payer", message));
        }
        Some(_) => {}
    }
    if !has_pack {
        let message = format!(
            "there is no pack {}@{}; import it first",
            agreement.pack, agreement.pack_version
        );
        faults.push(Fault::at("/contract/pack", message));
    }
    if !owner.has_location(&agreement.billing_location) {
        faults.push(Fault::at("/contract/billing_location", NO_SUCH_LOCATION));
    }
    faults
}

/// A provider number that is still to be issued: a filing clock may run from that day.
fn issued_in_the_future(
    owner: &Organization,
    agreement: &Agreement,
    now: Instant,
) -> Option<Fault> {
    let issued = agreement.provider_number_issued?;
    let message = "this day lies in the future; add a version with it once the number is issued";
    (issued > owner.data.zone.date_of(now))
        .then(|| Fault::at("/contract/provider_number_issued", message))
}

/// Programs of the agreement that the organization does not have.
fn unknown_programs(
    conn: &mut Conn,
    organization: OrganizationId,
    agreement: &Agreement,
) -> Result<Vec<Fault>, AppError> {
    let named = agreement.programs.iter().flat_map(|rule| &rule.programs);
    let unknown = programs::unknown(conn, organization, named)?;
    let mut faults = Vec::new();
    for (index, rule) in agreement.programs.iter().enumerate() {
        for (place, key) in rule.programs.iter().enumerate() {
            if unknown.contains(key) {
                let pointer = format!("/program/{index}/programs/{place}");
                faults.push(Fault::at(pointer, programs::NO_SUCH_PROGRAM));
            }
        }
    }
    Ok(faults)
}

/// The version with exactly these terms, also when it is superseded by now.
fn same_terms(
    conn: &mut Conn,
    organization: OrganizationId,
    payer: PayerId,
    heads: &[VersionHead],
    terms: &Terms,
) -> Result<Option<ContractVersion>, AppError> {
    let mut alike = heads.iter().filter(|h| {
        h.payer == payer
            && h.span == terms.agreement.span
            && h.supersedes == terms.agreement.supersedes
    });
    // At most one: two such versions would overlap, and neither would name the other.
    let Some(head) = alike.next() else {
        return Ok(None);
    };
    let version = store::by_id(conn, organization, head.id)?;
    Ok(version.filter(|v| v.terms == *terms))
}

/// The version with this id, if it is this organization's.
pub async fn get(
    ctx: &Ctx,
    organization: OrganizationId,
    id: ContractVersionId,
) -> Result<ContractVersion, AppError> {
    let scope = Scope::Tenant(organization);
    let found = ctx.db.read(scope, move |conn| store::by_id(conn, organization, id)).await?;
    found.ok_or_else(|| AppError::not_found("contract version"))
}

/// A page of the organization's contract versions after the given one.
pub async fn list(
    ctx: &Ctx,
    organization: OrganizationId,
    payer: Option<PayerId>,
    after: Option<ContractVersionId>,
    limit: i64,
) -> Result<Vec<ContractVersion>, AppError> {
    let scope = Scope::Tenant(organization);
    let found =
        ctx.db.read(scope, move |conn| store::list(conn, organization, payer, after, limit));
    Ok(found.await?)
}
