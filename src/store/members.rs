//! Rows of members and their coverages.

mod rows;

use std::collections::{HashMap, HashSet};

use diesel::dsl::array;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use self::rows::{CoverageRow, Row};
use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::{coverages, members};
use super::types::{CHUNK, ListChange, page_size, with_children};
use crate::domain::dates::Instant;
use crate::domain::identifiers::{MemberNumber, Reference};
use crate::domain::ids::{MemberId, OrganizationId, PayerId};
use crate::domain::member::{Coverage, Member};

/// A payer's own name for a member: payer and member number.
pub type PayerMember = (PayerId, MemberNumber);

/// Which members a list shows; nothing set: all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Covered by this payer at some time.
    pub payer: Option<PayerId>,
    /// Under this number at some payer.
    pub member_number: Option<MemberNumber>,
}

/// Stores a new member with coverages.
pub fn insert(
    conn: &mut Conn,
    organization: OrganizationId,
    member: &Member,
    now: Instant,
) -> Result<(), StoreError> {
    insert_all(conn, organization, std::slice::from_ref(member), now)
}

/// Stores new members with coverages.
pub fn insert_all(
    conn: &mut Conn,
    organization: OrganizationId,
    members: &[Member],
    now: Instant,
) -> Result<(), StoreError> {
    for chunk in members.chunks(CHUNK) {
        let rows = chunk.iter().map(|m| Row::new(organization, m, m.revision, now));
        let rows = rows.collect::<Result<Vec<Row>, _>>()?;
        per_backend!(&mut *conn, c => {
            diesel::insert_into(members::table).values(&rows).execute(c)
        })?;
    }
    let children = members
        .iter()
        .flat_map(|m| m.coverages.iter().map(|c| CoverageRow::new(organization, m.id, c)));
    insert_coverages(conn, &children.collect::<Vec<_>>())
}

/// Changes the member that stands at `member.revision`, which goes up by one; coverages are set as
/// given. `false`: somebody changed it meanwhile, or it is not this tenant's.
pub fn update(
    conn: &mut Conn,
    organization: OrganizationId,
    member: &Member,
    now: Instant,
) -> Result<bool, StoreError> {
    let row = Row::new(organization, member, member.revision.saturating_add(1), now)?;
    let at = members::table
        .filter(members::organization_id.eq(row.organization_id))
        .filter(members::id.eq(row.id))
        .filter(members::revision.eq(member.revision));
    if diesel::update(at).set(&row).execute(conn)? == 0 {
        return Ok(false);
    }
    let of_tenant = || coverages::table.filter(coverages::organization_id.eq(row.organization_id));
    let stored: Vec<CoverageRow> = of_tenant()
        .filter(coverages::member_id.eq(row.id))
        .select(CoverageRow::as_select())
        .load(conn)?;
    let wanted = member.coverages.iter().map(|c| CoverageRow::new(organization, member.id, c));
    let change = ListChange::between(&stored, wanted.collect(), |c| c.id);
    diesel::delete(of_tenant().filter(coverages::id.eq_any(change.gone))).execute(conn)?;
    for changed in &change.changed {
        let at = of_tenant().filter(coverages::id.eq(changed.id));
        diesel::update(at).set(changed).execute(conn)?;
    }
    insert_coverages(conn, &change.fresh)?;
    Ok(true)
}

fn insert_coverages(conn: &mut Conn, rows: &[CoverageRow]) -> Result<(), StoreError> {
    for chunk in rows.chunks(CHUNK) {
        per_backend!(&mut *conn, c => {
            diesel::insert_into(coverages::table).values(chunk).execute(c)
        })?;
    }
    Ok(())
}

/// The tenant's members under a condition, with their coverages, by one statement: each decision asks for
/// people.
macro_rules! with_coverages_of {
    ($conn:expr, $organization:expr, $condition:expr) => {{
        let of_member = coverages::organization_id
            .eq(members::organization_id)
            .and(coverages::member_id.eq(members::id));
        let rows: Vec<(Row, Option<CoverageRow>)> = members::table
            .left_join(coverages::table.on(of_member))
            .filter(members::organization_id.eq($organization.as_i64()))
            .filter($condition)
            .order((members::id, coverages::valid_from, coverages::pay_order, coverages::id))
            .select((Row::as_select(), Option::<CoverageRow>::as_select()))
            .load($conn)?;
        let member = |(row, coverages): (Row, Vec<CoverageRow>)| {
            let coverages = coverages.into_iter().map(CoverageRow::into_domain);
            row.into_domain(coverages.collect::<Result<_, _>>()?)
        };
        let all = with_children(rows, |row: &Row| row.id).into_iter().map(member);
        all.collect::<Result<Vec<Member>, StoreError>>()?
    }};
}

/// The member with this id, if it is this tenant's.
pub fn by_id(
    conn: &mut Conn,
    organization: OrganizationId,
    id: MemberId,
) -> Result<Option<Member>, StoreError> {
    Ok(by_ids(conn, organization, &[id])?.pop())
}

/// The tenant's members with these ids, in no order; others are left out.
pub fn by_ids(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[MemberId],
) -> Result<Vec<Member>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|i| i.as_i64()).collect();
        found.extend(with_coverages_of!(conn, organization, members::id.one_of(ids)));
    }
    Ok(found)
}

/// The member whom the organization knows under this reference.
pub fn by_reference(
    conn: &mut Conn,
    organization: OrganizationId,
    reference: &Reference,
) -> Result<Option<Member>, StoreError> {
    Ok(by_references(conn, organization, std::slice::from_ref(reference))?.pop())
}

/// The tenant's members with these references, in no order; unknown ones are left out.
pub fn by_references(
    conn: &mut Conn,
    organization: OrganizationId,
    references: &[Reference],
) -> Result<Vec<Member>, StoreError> {
    let mut found = Vec::new();
    for chunk in references.chunks(CHUNK) {
        let texts: Vec<&str> = chunk.iter().map(Reference::as_str).collect();
        let query = members::table
            .filter(members::organization_id.eq(organization.as_i64()))
            .filter(members::reference.one_of(texts));
        found.extend(query.select(Row::as_select()).load(conn)?);
    }
    with_coverages(conn, organization, found)
}

/// The tenant's members that payers know under these numbers, whatever the dates. A number that
/// two members had one after the other gives two entries.
pub fn by_numbers(
    conn: &mut Conn,
    organization: OrganizationId,
    numbers: &[PayerMember],
) -> Result<Vec<(PayerMember, Member)>, StoreError> {
    let wanted: HashSet<&PayerMember> = numbers.iter().collect();
    let mut all = Vec::new();
    let mut seen = HashSet::new();
    for chunk in numbers.chunks(CHUNK) {
        let payers: HashSet<i64> = chunk.iter().map(|(payer, _)| payer.as_i64()).collect();
        let texts: Vec<&str> = chunk.iter().map(|(_, number)| number.as_str()).collect();
        let under = diesel::alias!(coverages as under);
        let named = under
            .filter(under.field(coverages::organization_id).eq(organization.as_i64()))
            .filter(under.field(coverages::payer_id).one_of(payers.into_iter().collect::<Vec<_>>()))
            .filter(under.field(coverages::member_number).one_of(texts))
            .select(under.field(coverages::member_id));
        // PostgreSQL looks who is under the numbers before it looks for members, whatever it knows of the
        // tables: before it knew them it asked of each member of the organization whether he or she is.
        let members = match &mut *conn {
            Conn::Sqlite(conn) => with_coverages_of!(conn, organization, members::id.eq_any(named)),
            Conn::Postgres(conn) => {
                let named = array::<BigInt, _>(named);
                with_coverages_of!(conn, organization, members::id.eq_any(named))
            }
        };
        for member in members {
            // Two numbers of one member may be in two chunks.
            if !seen.insert(member.id) {
                continue;
            }
            let own = member.coverages.iter();
            let own = own.map(|c| (c.data.payer, c.data.member_number.clone()));
            let own: HashSet<PayerMember> = own.filter(|number| wanted.contains(number)).collect();
            all.extend(own.into_iter().map(|number| (number, member.clone())));
        }
    }
    Ok(all)
}

/// A page of the tenant's members, in order of id, after the given one.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    filter: &Filter,
    after: Option<MemberId>,
    limit: i64,
) -> Result<Vec<Member>, StoreError> {
    let mut query = members::table
        .filter(members::organization_id.eq(organization.as_i64()))
        .filter(members::id.gt(after.map_or(-1, MemberId::as_i64)))
        .select(Row::as_select())
        .order(members::id)
        .limit(page_size(limit))
        .into_boxed();
    let covered = || {
        coverages::table
            .filter(coverages::organization_id.eq(organization.as_i64()))
            .select(coverages::member_id)
    };
    if let Some(payer) = filter.payer {
        let ids = covered().filter(coverages::payer_id.eq(payer.as_i64()));
        query = query.filter(members::id.eq_any(ids));
    }
    if let Some(number) = &filter.member_number {
        let ids = covered().filter(coverages::member_number.eq(number.as_str()));
        query = query.filter(members::id.eq_any(ids));
    }
    let rows = query.load(conn)?;
    with_coverages(conn, organization, rows)
}

fn with_coverages(
    conn: &mut Conn,
    organization: OrganizationId,
    rows: Vec<Row>,
) -> Result<Vec<Member>, StoreError> {
    let ids: Vec<i64> = rows.iter().map(|r| r.id).collect();
    let mut by_owner: HashMap<i64, Vec<Coverage>> = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let found: Vec<CoverageRow> = coverages::table
            .filter(coverages::organization_id.eq(organization.as_i64()))
            .filter(coverages::member_id.eq_any(chunk.to_vec()))
            .order((coverages::valid_from, coverages::pay_order, coverages::id))
            .select(CoverageRow::as_select())
            .load(conn)?;
        for row in found {
            by_owner.entry(row.member_id).or_default().push(row.into_domain()?);
        }
    }
    rows.into_iter()
        .map(|row| {
            let coverages = by_owner.remove(&row.id).unwrap_or_default();
            row.into_domain(coverages)
        })
        .collect()
}
