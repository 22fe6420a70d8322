//! Rows of peers and their certificates.

use std::collections::{BTreeSet, HashMap};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::{certificates, peers};
use super::types::{
    CHUNK, ListChange, optional, page_size, read, read_json, read_optional, read_span,
    read_unusual, with_children, write_json, write_unusual,
};
use crate::domain::dates::Instant;
use crate::domain::identifiers::Npi;
use crate::domain::ids::{CertificateId, OrganizationId, PeerId};
use crate::domain::peer::{Certificate, CertificateData, Peer, PeerData};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = peers,
    primary_key(organization_id, id),
    treat_none_as_default_value = false,
    treat_none_as_null = true
)]
struct Row {
    organization_id: i64,
    id: i64,
    npi: String,
    first_name: String,
    last_name: String,
    taxonomy: String,
    revision: i32,
    #[diesel(skip_update)]
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    birth_date: Option<NaiveDate>,
    hired_on: Option<NaiveDate>,
    claim_facts: Option<String>,
}

impl Row {
    fn new(
        organization: OrganizationId,
        peer: &Peer,
        revision: i32,
        now: Instant,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            organization_id: organization.as_i64(),
            id: peer.id.as_i64(),
            npi: peer.data.npi.to_string(),
            first_name: peer.data.first_name.to_string(),
            last_name: peer.data.last_name.to_string(),
            taxonomy: peer.data.taxonomy.to_string(),
            revision,
            created_at: now.naive(),
            updated_at: now.naive(),
            birth_date: peer.data.birth_date,
            hired_on: peer.data.hired_on,
            claim_facts: write_unusual("peers.claim_facts", &peer.data.claim)?,
        })
    }

    fn into_domain(self, certificates: Vec<Certificate>) -> Result<Peer, StoreError> {
        let data = PeerData {
            npi: read("peers.npi", self.npi)?,
            first_name: read("peers.first_name", self.first_name)?,
            last_name: read("peers.last_name", self.last_name)?,
            taxonomy: read("peers.taxonomy", self.taxonomy)?,
            birth_date: self.birth_date,
            hired_on: self.hired_on,
            claim: read_unusual("peers.claim_facts", self.claim_facts.as_deref())?,
        };
        Ok(Peer { id: PeerId::from_i64(self.id), revision: self.revision, data, certificates })
    }
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, PartialEq)]
#[diesel(
    table_name = certificates,
    primary_key(organization_id, id),
    treat_none_as_default_value = false,
    treat_none_as_null = true
)]
struct CertificateRow {
    organization_id: i64,
    id: i64,
    peer_id: i64,
    state: String,
    kind: String,
    number: Option<String>,
    valid_from: NaiveDate,
    valid_to: Option<NaiveDate>,
    standing: String,
    endorsements: String,
}

impl CertificateRow {
    fn new(
        organization: OrganizationId,
        peer: PeerId,
        certificate: &Certificate,
    ) -> Result<Self, StoreError> {
        let data = &certificate.data;
        Ok(Self {
            organization_id: organization.as_i64(),
            id: certificate.id.as_i64(),
            peer_id: peer.as_i64(),
            state: data.state.to_string(),
            kind: data.kind.to_string(),
            number: optional(data.number.as_ref()),
            valid_from: data.span.from,
            valid_to: data.span.to,
            standing: data.standing.as_str().to_owned(),
            endorsements: write_json("certificates.endorsements", &data.endorsements)?,
        })
    }

    fn into_domain(self) -> Result<Certificate, StoreError> {
        let data = CertificateData {
            state: read("certificates.state", self.state)?,
            kind: read("certificates.kind", self.kind)?,
            number: read_optional("certificates.number", self.number)?,
            span: read_span("certificates.valid_to", self.valid_from, self.valid_to)?,
            standing: read("certificates.standing", self.standing)?,
            endorsements: read_json("certificates.endorsements", &self.endorsements)?,
        };
        Ok(Certificate { id: CertificateId::from_i64(self.id), data })
    }
}

/// Stores a new peer with certificates.
pub fn insert(
    conn: &mut Conn,
    organization: OrganizationId,
    peer: &Peer,
    now: Instant,
) -> Result<(), StoreError> {
    insert_all(conn, organization, std::slice::from_ref(peer), now)
}

/// Stores new peers with certificates.
pub fn insert_all(
    conn: &mut Conn,
    organization: OrganizationId,
    peers: &[Peer],
    now: Instant,
) -> Result<(), StoreError> {
    for chunk in peers.chunks(CHUNK) {
        let rows = chunk.iter().map(|p| Row::new(organization, p, p.revision, now));
        let rows = rows.collect::<Result<Vec<Row>, _>>()?;
        per_backend!(&mut *conn, c => {
            diesel::insert_into(peers::table).values(&rows).execute(c)
        })?;
    }
    let children = peers
        .iter()
        .flat_map(|p| p.certificates.iter().map(|c| CertificateRow::new(organization, p.id, c)));
    insert_certificates(conn, &children.collect::<Result<Vec<_>, _>>()?)
}

/// Changes the peer that stands at `peer.revision`, which goes up by one; certificates are set as
/// given. `false`: somebody changed it meanwhile, or it is not this tenant's.
pub fn update(
    conn: &mut Conn,
    organization: OrganizationId,
    peer: &Peer,
    now: Instant,
) -> Result<bool, StoreError> {
    let row = Row::new(organization, peer, peer.revision.saturating_add(1), now)?;
    let at = peers::table
        .filter(peers::organization_id.eq(row.organization_id))
        .filter(peers::id.eq(row.id))
        .filter(peers::revision.eq(peer.revision));
    if diesel::update(at).set(&row).execute(conn)? == 0 {
        return Ok(false);
    }
    let of_tenant =
        || certificates::table.filter(certificates::organization_id.eq(row.organization_id));
    let stored: Vec<CertificateRow> = of_tenant()
        .filter(certificates::peer_id.eq(row.id))
        .select(CertificateRow::as_select())
        .load(conn)?;
    let wanted = peer.certificates.iter().map(|c| CertificateRow::new(organization, peer.id, c));
    let wanted = wanted.collect::<Result<Vec<_>, _>>()?;
    let change = ListChange::between(&stored, wanted, |c| c.id);
    diesel::delete(of_tenant().filter(certificates::id.eq_any(change.gone))).execute(conn)?;
    for changed in &change.changed {
        let at = of_tenant().filter(certificates::id.eq(changed.id));
        diesel::update(at).set(changed).execute(conn)?;
    }
    insert_certificates(conn, &change.fresh)?;
    Ok(true)
}

fn insert_certificates(conn: &mut Conn, rows: &[CertificateRow]) -> Result<(), StoreError> {
    for chunk in rows.chunks(CHUNK) {
        per_backend!(&mut *conn, c => {
            diesel::insert_into(certificates::table).values(chunk).execute(c)
        })?;
    }
    Ok(())
}

/// The tenant's peers under a condition, with their certificates, by one statement: each decision asks for
/// people.
macro_rules! with_papers {
    ($conn:expr, $organization:expr, $condition:expr) => {{
        let of_peer = certificates::organization_id
            .eq(peers::organization_id)
            .and(certificates::peer_id.eq(peers::id));
        let rows: Vec<(Row, Option<CertificateRow>)> = peers::table
            .left_join(certificates::table.on(of_peer))
            .filter(peers::organization_id.eq($organization.as_i64()))
            .filter($condition)
            .order((peers::id, certificates::state, certificates::kind, certificates::valid_from))
            .select((Row::as_select(), Option::<CertificateRow>::as_select()))
            .load($conn)?;
        let peer = |(row, papers): (Row, Vec<CertificateRow>)| {
            let papers = papers.into_iter().map(CertificateRow::into_domain);
            row.into_domain(papers.collect::<Result<_, _>>()?)
        };
        let all = with_children(rows, |row: &Row| row.id).into_iter().map(peer);
        all.collect::<Result<Vec<Peer>, StoreError>>()?
    }};
}

/// The peer with this id, if it is this tenant's.
pub fn by_id(
    conn: &mut Conn,
    organization: OrganizationId,
    id: PeerId,
) -> Result<Option<Peer>, StoreError> {
    Ok(by_ids(conn, organization, &[id])?.pop())
}

/// The tenant's peers with these ids, in no order; others are left out.
pub fn by_ids(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[PeerId],
) -> Result<Vec<Peer>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|i| i.as_i64()).collect();
        found.extend(with_papers!(conn, organization, peers::id.one_of(ids)));
    }
    Ok(found)
}

/// The peer with this NPI.
pub fn by_npi(
    conn: &mut Conn,
    organization: OrganizationId,
    npi: &Npi,
) -> Result<Option<Peer>, StoreError> {
    Ok(by_npis(conn, organization, std::slice::from_ref(npi))?.pop())
}

/// The tenant's peers with these NPIs, each once however often it is asked for, in no order; unknown
/// ones are left out.
pub fn by_npis(
    conn: &mut Conn,
    organization: OrganizationId,
    npis: &[Npi],
) -> Result<Vec<Peer>, StoreError> {
    let mut found = Vec::new();
    let npis: Vec<&str> =
        npis.iter().map(Npi::as_str).collect::<BTreeSet<_>>().into_iter().collect();
    for chunk in npis.chunks(CHUNK) {
        found.extend(with_papers!(conn, organization, peers::npi.one_of(chunk.to_vec())));
    }
    Ok(found)
}

/// The NPIs of an organization's peers.
pub fn npis(
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<HashMap<i64, String>, StoreError> {
    let rows: Vec<(i64, String)> = peers::table
        .filter(peers::organization_id.eq(organization.as_i64()))
        .select((peers::id, peers::npi))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// A page of the tenant's peers, in order of id, after the given one.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    after: Option<PeerId>,
    limit: i64,
) -> Result<Vec<Peer>, StoreError> {
    let rows = peers::table
        .filter(peers::organization_id.eq(organization.as_i64()))
        .filter(peers::id.gt(after.map_or(-1, PeerId::as_i64)))
        .order(peers::id)
        .limit(page_size(limit))
        .select(Row::as_select())
        .load(conn)?;
    with_certificates(conn, organization, rows)
}

fn with_certificates(
    conn: &mut Conn,
    organization: OrganizationId,
    rows: Vec<Row>,
) -> Result<Vec<Peer>, StoreError> {
    let ids: Vec<i64> = rows.iter().map(|r| r.id).collect();
    let mut by_owner: HashMap<i64, Vec<Certificate>> = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let found: Vec<CertificateRow> = certificates::table
            .filter(certificates::organization_id.eq(organization.as_i64()))
            .filter(certificates::peer_id.eq_any(chunk.to_vec()))
            .order((
                certificates::peer_id,
                certificates::state,
                certificates::kind,
                certificates::valid_from,
            ))
            .select(CertificateRow::as_select())
            .load(conn)?;
        for row in found {
            by_owner.entry(row.peer_id).or_default().push(row.into_domain()?);
        }
    }
    rows.into_iter()
        .map(|row| {
            let certificates = by_owner.remove(&row.id).unwrap_or_default();
            row.into_domain(certificates)
        })
        .collect()
}
