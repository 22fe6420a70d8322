//! Rows of organizations and their locations.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::report_facts;
use super::report_walls::{self, Narrowing};
use super::schema::{fact_stamps, locations, organizations};
use super::stamps::Stamp;
use super::types::{CHUNK, ListChange, optional, page_size, read, read_optional, with_children};
use crate::domain::dates::Instant;
use crate::domain::identifiers::Key;
use crate::domain::ids::{LocationId, OrganizationId};
use crate::domain::organization::{
    Location, LocationData, Organization, OrganizationData, StreetAddress,
};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = organizations, treat_none_as_default_value = false)]
struct Row {
    id: i64,
    key: String,
    name: String,
    mode: String,
    npi: String,
    ein: String,
    taxonomy: String,
    zone: String,
    part2: String,
    contact_name: String,
    contact_phone: String,
    revision: i32,
    #[diesel(skip_update)]
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
}

impl Row {
    fn new(organization: &Organization, revision: i32, now: Instant) -> Self {
        let data = &organization.data;
        Self {
            id: organization.id.as_i64(),
            key: data.key.to_string(),
            name: data.name.to_string(),
            mode: data.mode.to_string(),
            npi: data.npi.to_string(),
            ein: data.ein.to_string(),
            taxonomy: data.taxonomy.to_string(),
            zone: data.zone.name().to_owned(),
            part2: data.part2.to_string(),
            contact_name: data.contact_name.to_string(),
            contact_phone: data.contact_phone.to_string(),
            revision,
            created_at: now.naive(),
            updated_at: now.naive(),
        }
    }

    fn into_domain(self, locations: Vec<Location>) -> Result<Organization, StoreError> {
        let data = OrganizationData {
            key: read("organizations.key", self.key)?,
            name: read("organizations.name", self.name)?,
            mode: read("organizations.mode", self.mode)?,
            npi: read("organizations.npi", self.npi)?,
            ein: read("organizations.ein", self.ein)?,
            taxonomy: read("organizations.taxonomy", self.taxonomy)?,
            zone: read("organizations.zone", self.zone)?,
            part2: read("organizations.part2", self.part2)?,
            contact_name: read("organizations.contact_name", self.contact_name)?,
            contact_phone: read("organizations.contact_phone", self.contact_phone)?,
        };
        let id = OrganizationId::from_i64(self.id);
        Ok(Organization { id, revision: self.revision, data, locations })
    }
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, PartialEq)]
#[diesel(
    table_name = locations,
    primary_key(organization_id, id),
    treat_none_as_default_value = false,
    treat_none_as_null = true
)]
struct LocationRow {
    organization_id: i64,
    id: i64,
    key: String,
    name: String,
    npi: Option<String>,
    line1: String,
    line2: Option<String>,
    city: String,
    state: String,
    zip: String,
}

impl LocationRow {
    fn new(organization: OrganizationId, location: &Location) -> Self {
        let (data, address) = (&location.data, &location.data.address);
        Self {
            organization_id: organization.as_i64(),
            id: location.id.as_i64(),
            key: data.key.to_string(),
            name: data.name.to_string(),
            npi: optional(data.npi.as_ref()),
            line1: address.line1.to_string(),
            line2: optional(address.line2.as_ref()),
            city: address.city.to_string(),
            state: address.state.to_string(),
            zip: address.zip.to_string(),
        }
    }

    fn into_domain(self) -> Result<Location, StoreError> {
        let address = StreetAddress {
            line1: read("locations.line1", self.line1)?,
            line2: read_optional("locations.line2", self.line2)?,
            city: read("locations.city", self.city)?,
            state: read("locations.state", self.state)?,
            zip: read("locations.zip", self.zip)?,
        };
        let data = LocationData {
            key: read("locations.key", self.key)?,
            name: read("locations.name", self.name)?,
            npi: read_optional("locations.npi", self.npi)?,
            address,
        };
        Ok(Location { id: LocationId::from_i64(self.id), data })
    }
}

/// Stores a new organization with its locations.
pub fn insert(
    conn: &mut Conn,
    organization: &Organization,
    now: Instant,
) -> Result<(), StoreError> {
    let row = Row::new(organization, organization.revision, now);
    diesel::insert_into(organizations::table).values(&row).execute(conn)?;
    let rows = organization.locations.iter().map(|l| LocationRow::new(organization.id, l));
    insert_locations(conn, &rows.collect::<Vec<_>>())
}

/// Changes the organization that stands at `organization.revision`, which goes up by one. `false`:
/// somebody changed it meanwhile. Mode and locations are set as given. The zone that it leaves is kept.
pub fn update(
    conn: &mut Conn,
    organization: &Organization,
    now: Instant,
) -> Result<bool, StoreError> {
    let row = Row::new(organization, organization.revision.saturating_add(1), now);
    let at = organizations::table
        .filter(organizations::id.eq(row.id))
        .filter(organizations::revision.eq(organization.revision));
    let left: Option<(String, String)> =
        at.select((organizations::zone, organizations::part2)).first(conn).optional()?;
    let Some((left, said)) = left else { return Ok(false) };
    if diesel::update(at).set(&row).execute(conn)? == 0 {
        return Ok(false);
    }
    if left != row.zone {
        report_facts::keep_zone(conn, organization.id, &left, now)?;
    }
    if (&left, &said) != (&row.zone, &row.part2) {
        let what = Narrowing::Organization { revision: row.revision };
        report_walls::narrow(conn, organization.id, what, now)?;
    }
    let stored: Vec<LocationRow> = locations::table
        .filter(locations::organization_id.eq(row.id))
        .select(LocationRow::as_select())
        .load(conn)?;
    let wanted = organization.locations.iter().map(|l| LocationRow::new(organization.id, l));
    let change = ListChange::between(&stored, wanted.collect(), |l| l.id);
    let of_tenant = || locations::table.filter(locations::organization_id.eq(row.id));
    diesel::delete(of_tenant().filter(locations::id.eq_any(change.gone))).execute(conn)?;
    for changed in &change.changed {
        let at = of_tenant().filter(locations::id.eq(changed.id));
        diesel::update(at).set(changed).execute(conn)?;
    }
    insert_locations(conn, &change.fresh)?;
    Ok(true)
}

fn insert_locations(conn: &mut Conn, rows: &[LocationRow]) -> Result<(), StoreError> {
    for chunk in rows.chunks(CHUNK) {
        per_backend!(&mut *conn, c => {
            diesel::insert_into(locations::table).values(chunk).execute(c)
        })?;
    }
    Ok(())
}

/// The organization with this id.
pub fn by_id(conn: &mut Conn, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
    Ok(with_stamp(conn, id)?.map(|(organization, _)| organization))
}

fn whole((row, locations): (Row, Vec<LocationRow>)) -> Result<Organization, StoreError> {
    let locations = locations.into_iter().map(LocationRow::into_domain);
    row.into_domain(locations.collect::<Result<_, _>>()?)
}

/// The organization with this id, and the stamp of what is on record of it: by one statement, which each
/// decision asks.
pub fn with_stamp(
    conn: &mut Conn,
    id: OrganizationId,
) -> Result<Option<(Organization, Option<Stamp>)>, StoreError> {
    let rows: Vec<(Row, Option<LocationRow>, Option<i64>)> = organizations::table
        .left_join(locations::table.on(locations::organization_id.eq(organizations::id)))
        .left_join(fact_stamps::table.on(fact_stamps::organization_id.eq(organizations::id)))
        .filter(organizations::id.eq(id.as_i64()))
        .order(locations::key)
        .select((
            Row::as_select(),
            Option::<LocationRow>::as_select(),
            fact_stamps::stamp.nullable(),
        ))
        .load(conn)?;
    let stamp = rows.first().and_then(|(_, _, stamp)| stamp.map(Stamp::stored));
    let rows = rows.into_iter().map(|(row, location, _)| (row, location)).collect();
    let found = with_children(rows, |row: &Row| row.id).pop().map(whole).transpose()?;
    Ok(found.map(|organization| (organization, stamp)))
}

/// The organization with this key.
pub fn by_key(conn: &mut Conn, key: &Key) -> Result<Option<Organization>, StoreError> {
    Ok(by_keys(conn, std::slice::from_ref(key))?.pop())
}

/// The organizations with these keys, in no order; unknown keys are left out.
pub fn by_keys(conn: &mut Conn, keys: &[Key]) -> Result<Vec<Organization>, StoreError> {
    let mut found = Vec::new();
    for chunk in keys.chunks(CHUNK) {
        let query = organizations::table
            .filter(organizations::key.eq_any(chunk.iter().map(Key::as_str).collect::<Vec<_>>()));
        found.extend(query.select(Row::as_select()).load(conn)?);
    }
    with_locations(conn, found)
}

/// A page of all organizations, in order of id, after the given one.
pub fn list(
    conn: &mut Conn,
    after: Option<OrganizationId>,
    limit: i64,
) -> Result<Vec<Organization>, StoreError> {
    let rows = organizations::table
        .filter(organizations::id.gt(after.map_or(-1, OrganizationId::as_i64)))
        .order(organizations::id)
        .limit(page_size(limit))
        .select(Row::as_select())
        .load(conn)?;
    with_locations(conn, rows)
}

/// Takes turns on one organization until the transaction ends: for checks over several rows that
/// no constraint can make. On SQLite the write transaction has its turn already.
pub fn lock(conn: &mut Conn, id: OrganizationId) -> Result<(), StoreError> {
    if let Conn::Postgres(c) = conn {
        // Not in the shared subset of the two databases; foreign keys to the row stay free.
        let query = organizations::table.filter(organizations::id.eq(id.as_i64()));
        query.select(organizations::id).for_no_key_update().load::<i64>(c)?;
    }
    Ok(())
}

/// Locks several in order of id, so that two who do so never wait for each other.
pub fn lock_all(conn: &mut Conn, ids: &BTreeSet<OrganizationId>) -> Result<(), StoreError> {
    ids.iter().try_for_each(|id| lock(conn, *id))
}

fn with_locations(conn: &mut Conn, rows: Vec<Row>) -> Result<Vec<Organization>, StoreError> {
    let ids: Vec<i64> = rows.iter().map(|r| r.id).collect();
    let mut by_owner: HashMap<i64, Vec<Location>> = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let found: Vec<LocationRow> = locations::table
            .filter(locations::organization_id.eq_any(chunk.to_vec()))
            .order((locations::organization_id, locations::key))
            .select(LocationRow::as_select())
            .load(conn)?;
        for row in found {
            by_owner.entry(row.organization_id).or_default().push(row.into_domain()?);
        }
    }
    rows.into_iter()
        .map(|row| {
            let locations = by_owner.remove(&row.id).unwrap_or_default();
            row.into_domain(locations)
        })
        .collect()
}
