//! Step 4: a batch's 837P file is written, stored as it comes, and read back.

use std::io::BufWriter;

use chrono::{NaiveDate, NaiveDateTime};

use super::Ctx;
use super::compare::difference;
use crate::domain::batch::{Batch, StoredClaim};
use crate::domain::claim::{BillingProvider, FileHeader};
use crate::domain::contract::Terms;
use crate::domain::dates::Instant;
use crate::domain::ids::{BatchId, FileId, OrganizationId, PayerId};
use crate::domain::money::Money;
use crate::domain::organization::{Location, Organization};
use crate::domain::status::BatchStatus;
use crate::error::{AppError, Code};
use crate::store::{self, Conn};
use crate::x12::claim_837p::file_name;
use crate::x12::envelope::MAX_CONTROL;
use crate::x12::{Offer, Totals, Writer837p, read_back};

/// What a batch is before its file is written.
pub(super) struct Draft {
    pub(super) id: BatchId,
    pub(super) payer: PayerId,
    pub(super) through: NaiveDate,
}

/// Writes the file of a batch; the batch then says what stands in it. Gives with it the claims that
/// are in the file: where the profile limits claims, sets, groups or bytes of one, the others wait
/// for the next.
pub(super) fn write_file(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    terms: &Terms,
    draft: Draft,
    mut claims: Vec<StoredClaim>,
) -> Result<(Batch, Vec<StoredClaim>), AppError> {
    let now = ctx.now();
    let header = header(conn, organization, terms, now)?;
    let id: FileId = ctx.id();
    let name = file_name(&header, 1);
    let sink = store::files::Sink::begin(conn, organization.id, id, &name, now)?;
    let refuse =
        |e: crate::x12::X12Error| AppError::internal(format!("the 837P could not be written: {e}"));
    let mut out = BufWriter::new(sink);
    let mut writer = Writer837p::new(&mut out, &header).map_err(refuse)?;
    let mut written = 0;
    for claim in &claims {
        if writer.offer(&claim.document, &claim.detail).map_err(refuse)? == Offer::Full {
            break;
        }
        written += 1;
    }
    let totals = writer.finish().map_err(refuse)?;
    let sink = out.into_inner().map_err(|e| AppError::internal(e.to_string()))?;
    sink.finish()?;
    claims.truncate(written);
    let batch = batch(&header, draft, id, now, &claims)?;
    check_file(conn, organization.id, &batch, &header, &totals, &claims)?;
    Ok((batch, claims))
}

fn batch(
    header: &FileHeader,
    draft: Draft,
    file: FileId,
    now: Instant,
    claims: &[StoredClaim],
) -> Result<Batch, AppError> {
    let lines: usize = claims.iter().map(|c| c.lines.len()).sum();
    let too_many = |_| AppError::internal("a batch is too large to count");
    Ok(Batch {
        id: draft.id,
        payer: draft.payer,
        through: draft.through,
        status: BatchStatus::Built,
        sender: header.sender_id.clone(),
        receiver: header.profile.receiver_id.clone(),
        interchange_control: header.interchange_control,
        group_control: header.group_control,
        claims: u32::try_from(claims.len()).map_err(too_many)?,
        lines: u32::try_from(lines).map_err(too_many)?,
        units: claims.iter().map(|c| c.units).sum(),
        charge: claims.iter().map(|c| c.document.charge).sum(),
        expected: claims.iter().map(|c| c.expected).sum::<Money>(),
        file,
        built_at: now,
        released_at: None,
        withdrawn_at: None,
        delivered_at: None,
        receipt: None,
        acknowledgment: None,
        acknowledged_at: None,
    })
}

/// Reads the stored file with our reader and compares it with what was meant.
fn check_file(
    conn: &mut Conn,
    tenant: OrganizationId,
    batch: &Batch,
    header: &FileHeader,
    meant: &Totals,
    claims: &[StoredClaim],
) -> Result<(), AppError> {
    let source = store::files::Source::new(conn, tenant, batch.file);
    let summary = read_back(source)
        .map_err(|e| AppError::internal(format!("the 837P cannot be read back: {e}")))?;
    if summary.problem_count > 0 {
        let first = summary.problems.first().map(|p| p.message.clone()).unwrap_or_default();
        return Err(AppError::internal(format!(
            "the 837P has {} problems on reading back; the first: {first}",
            summary.problem_count
        )));
    }
    if summary.totals != *meant {
        return Err(AppError::internal("the 837P does not say what was meant"));
    }
    let source = store::files::Source::new(conn, tenant, batch.file);
    match difference(source, batch, header, claims) {
        None => Ok(()),
        Some(what) => Err(AppError::internal(format!("the 837P is not as meant: {what}"))),
    }
}

fn header(
    conn: &mut Conn,
    organization: &Organization,
    terms: &Terms,
    now: Instant,
) -> Result<FileHeader, AppError> {
    let agreement = &terms.agreement;
    let profile = &terms.pack.claim;
    // One counter for each pair of sender and receiver; the interchange and each group that it may
    // have take a number.
    let counter =
        format!("{}{}:{}", store::counters::CONTROL, agreement.sender_id, profile.receiver_id);
    let groups = profile.form.file.groups_per_file.0;
    let first = store::counters::take(conn, &counter, groups.saturating_add(1))?;
    let control = |n: i64| u32::try_from(n).ok().filter(|n| *n <= MAX_CONTROL).ok_or_else(used_up);
    control(first.saturating_add(i64::from(groups)))?;
    let created: NaiveDateTime = organization.data.zone.local(now);
    let controls = (control(first)?, control(first.saturating_add(1))?);
    header_of(organization, terms, created, controls).ok_or_else(no_location)
}

fn used_up() -> AppError {
    let detail = "The control numbers of this sender and receiver are used up: the last one is 999999999. \
                  Agree with the payer on another sender id, and write it into the contract.";
    AppError::new(Code::WrongStatus, detail)
}

fn no_location() -> AppError {
    let detail = "The contract bills from a location that the organization does not have; add the \
                  location, then build the batch again.";
    AppError::new(Code::WrongStatus, detail)
}

/// The head of the file of a batch that is built already, as it is to be by what is known now.
pub(super) fn header_of_batch(
    conn: &mut Conn,
    tenant: OrganizationId,
    terms: &Terms,
    batch: &Batch,
) -> Result<FileHeader, AppError> {
    let organization = super::encounters::organization(conn, tenant)?;
    let created = organization.data.zone.local(batch.built_at);
    let controls = (batch.interchange_control, batch.group_control);
    header_of(&organization, terms, created, controls).ok_or_else(no_location)
}

/// The head of a file with these numbers of its interchange and its first group; none without the
/// location that bills.
pub(super) fn header_of(
    organization: &Organization,
    terms: &Terms,
    created: NaiveDateTime,
    (interchange_control, group_control): (u32, u32),
) -> Option<FileHeader> {
    let agreement = &terms.agreement;
    let bills = |l: &&Location| l.data.key == agreement.billing_location;
    let location = organization.locations.iter().find(bills)?;
    Some(FileHeader {
        mode: organization.data.mode,
        interchange_control,
        group_control,
        created,
        batch_reference: format!("BATCH{interchange_control:09}"),
        sender_qualifier: agreement.sender_qualifier.clone(),
        sender_id: agreement.sender_id.clone(),
        contact_name: organization.data.contact_name.clone(),
        contact_phone: organization.data.contact_phone.clone(),
        profile: terms.pack.claim.clone(),
        billing: BillingProvider {
            name: organization.data.name.clone(),
            npi: location.data.npi.clone().unwrap_or_else(|| organization.data.npi.clone()),
            ein: organization.data.ein.clone(),
            taxonomy: organization.data.taxonomy.clone(),
            address: location.data.address.clone(),
        },
    })
}
