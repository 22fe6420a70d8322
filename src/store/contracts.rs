//! Rows of contracts and their versions. A version is inserted and never changed.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::organizations;
use super::report_walls::{self, Narrowing};
use super::schema::{contract_versions as versions, contracts};
use super::types::{page_size, read_json, read_span, write_json};
use crate::domain::contract::{Terms, VersionHead};
use crate::domain::dates::Instant;
use crate::domain::ids::{ContractId, ContractVersionId, OrganizationId, PackId, PayerId};

/// A version with its terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractVersion {
    /// Without the terms.
    pub head: VersionHead,
    /// The pack that it was bound to.
    pub pack: PackId,
    /// What it says.
    pub terms: Terms,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = versions, treat_none_as_default_value = false)]
struct Row {
    organization_id: i64,
    id: i64,
    contract_id: i64,
    pack_id: i64,
    effective_from: NaiveDate,
    effective_to: Option<NaiveDate>,
    supersedes_id: Option<i64>,
    terms: String,
    recorded_at: NaiveDateTime,
}

/// The contract row of organization and payer, found or made with `fresh` as its id. Takes its
/// turn on the organization, so that versions are checked and inserted one after another.
pub fn contract_of(
    conn: &mut Conn,
    organization: OrganizationId,
    payer: PayerId,
    fresh: ContractId,
    now: Instant,
) -> Result<ContractId, StoreError> {
    organizations::lock(conn, organization)?;
    let found: Option<i64> = contracts::table
        .filter(contracts::organization_id.eq(organization.as_i64()))
        .filter(contracts::payer_id.eq(payer.as_i64()))
        .select(contracts::id)
        .first(conn)
        .optional()?;
    if let Some(id) = found {
        return Ok(ContractId::from_i64(id));
    }
    let row = (
        contracts::organization_id.eq(organization.as_i64()),
        contracts::id.eq(fresh.as_i64()),
        contracts::payer_id.eq(payer.as_i64()),
        contracts::created_at.eq(now.naive()),
    );
    diesel::insert_into(contracts::table).values(row).execute(conn)?;
    Ok(fresh)
}

/// Stores a new version of the contract that [`contract_of`] gave. Whether its days may overlap
/// others is for `domain::contract::may_add` to say, before, in the same transaction.
pub fn insert(
    conn: &mut Conn,
    organization: OrganizationId,
    version: &ContractVersion,
) -> Result<(), StoreError> {
    let head = &version.head;
    let row = Row {
        organization_id: organization.as_i64(),
        id: head.id.as_i64(),
        contract_id: head.contract.as_i64(),
        pack_id: version.pack.as_i64(),
        effective_from: head.span.from,
        effective_to: head.span.to,
        supersedes_id: head.supersedes.map(ContractVersionId::as_i64),
        terms: write_json("contract_versions.terms", &version.terms)?,
        recorded_at: head.recorded_at.naive(),
    };
    diesel::insert_into(versions::table).values(&row).execute(conn)?;
    let all: i64 = versions::table
        .filter(versions::organization_id.eq(row.organization_id))
        .filter(versions::contract_id.eq(row.contract_id))
        .count()
        .get_result(conn)?;
    if all > 1 {
        // The first one opens what was closed; each after it may flag more services.
        let what = Narrowing::Contract { version: head.id, payer: head.payer };
        report_walls::narrow(conn, organization, what, head.recorded_at)?;
    }
    Ok(())
}

/// What a head is read from: id, contract, payer, first and last day, superseded, recorded.
type HeadRow = (i64, i64, i64, NaiveDate, Option<NaiveDate>, Option<i64>, NaiveDateTime);

fn head(row: HeadRow) -> Result<VersionHead, StoreError> {
    let (id, contract, payer, from, to, supersedes, recorded_at) = row;
    Ok(VersionHead {
        id: ContractVersionId::from_i64(id),
        contract: ContractId::from_i64(contract),
        payer: PayerId::from_i64(payer),
        span: read_span("contract_versions.effective_to", from, to)?,
        recorded_at: Instant::from_naive(recorded_at),
        supersedes: supersedes.map(ContractVersionId::from_i64),
    })
}

/// Joins versions to their contracts, within the tenant, and selects what `$columns` says.
macro_rules! joined {
    ($organization:expr, $($more:expr),*) => {
        versions::table
            .inner_join(contracts::table.on(contracts::id
                .eq(versions::contract_id)
                .and(contracts::organization_id.eq(versions::organization_id))))
            .filter(versions::organization_id.eq($organization.as_i64()))
            .select((
                (
                    versions::id,
                    versions::contract_id,
                    contracts::payer_id,
                    versions::effective_from,
                    versions::effective_to,
                    versions::supersedes_id,
                    versions::recorded_at,
                ),
                $($more),*
            ))
    };
}

/// Organizations that have or had a contract with a payer, in order of id.
pub fn organizations_of(
    conn: &mut Conn,
    payer: PayerId,
) -> Result<Vec<OrganizationId>, StoreError> {
    let ids: Vec<i64> = contracts::table
        .filter(contracts::payer_id.eq(payer.as_i64()))
        .order(contracts::organization_id)
        .select(contracts::organization_id)
        .load(conn)?;
    Ok(ids.into_iter().map(OrganizationId::from_i64).collect())
}

/// All versions of all contracts of the organization, without terms, in the order of recording.
pub fn versions_of(
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<Vec<VersionHead>, StoreError> {
    let rows: Vec<(HeadRow,)> =
        joined!(organization,).order((versions::recorded_at, versions::id)).load(conn)?;
    rows.into_iter().map(|(row,)| head(row)).collect()
}

/// The terms of a version, if it is this tenant's.
pub fn terms(
    conn: &mut Conn,
    organization: OrganizationId,
    id: ContractVersionId,
) -> Result<Option<Terms>, StoreError> {
    let text: Option<String> = versions::table
        .filter(versions::organization_id.eq(organization.as_i64()))
        .filter(versions::id.eq(id.as_i64()))
        .select(versions::terms)
        .first(conn)
        .optional()?;
    text.map(|t| read_json("contract_versions.terms", &t)).transpose()
}

/// A version with its terms, if it is this tenant's.
pub fn by_id(
    conn: &mut Conn,
    organization: OrganizationId,
    id: ContractVersionId,
) -> Result<Option<ContractVersion>, StoreError> {
    let row: Option<(HeadRow, i64, String)> =
        joined!(organization, versions::pack_id, versions::terms)
            .filter(versions::id.eq(id.as_i64()))
            .first(conn)
            .optional()?;
    row.map(full).transpose()
}

/// A page of the tenant's versions with their terms, in order of id, after the given one.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    payer: Option<PayerId>,
    after: Option<ContractVersionId>,
    limit: i64,
) -> Result<Vec<ContractVersion>, StoreError> {
    let mut query = joined!(organization, versions::pack_id, versions::terms)
        .filter(versions::id.gt(after.map_or(-1, ContractVersionId::as_i64)))
        .order(versions::id)
        .limit(page_size(limit))
        .into_boxed();
    if let Some(payer) = payer {
        query = query.filter(contracts::payer_id.eq(payer.as_i64()));
    }
    let rows: Vec<(HeadRow, i64, String)> = query.load(conn)?;
    rows.into_iter().map(full).collect()
}

fn full((row, pack, terms): (HeadRow, i64, String)) -> Result<ContractVersion, StoreError> {
    Ok(ContractVersion {
        head: head(row)?,
        pack: PackId::from_i64(pack),
        terms: read_json("contract_versions.terms", &terms)?,
    })
}
