//! Members and coverages as columns.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::domain::dates::Instant;
use crate::domain::ids::{CoverageId, MemberId, OrganizationId, PayerId};
use crate::domain::member::{Coverage, CoverageData, Member, MemberAddress, MemberData};
use crate::store::error::StoreError;
use crate::store::schema::{coverages, members};
use crate::store::types::{
    broken, optional, read, read_optional, read_span, read_unusual, write_unusual,
};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = members,
    primary_key(organization_id, id),
    treat_none_as_default_value = false,
    treat_none_as_null = true
)]
pub(super) struct Row {
    pub organization_id: i64,
    pub id: i64,
    pub reference: String,
    pub first_name: String,
    pub last_name: String,
    pub birth_date: NaiveDate,
    pub gender: String,
    pub line1: Option<String>,
    pub line2: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub zip: Option<String>,
    pub revision: i32,
    #[diesel(skip_update)]
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    pub claim_facts: Option<String>,
}

impl Row {
    pub(super) fn new(
        organization: OrganizationId,
        member: &Member,
        revision: i32,
        now: Instant,
    ) -> Result<Self, StoreError> {
        let data = &member.data;
        let address = data.address.as_ref();
        Ok(Self {
            organization_id: organization.as_i64(),
            id: member.id.as_i64(),
            reference: data.reference.to_string(),
            first_name: data.first_name.to_string(),
            last_name: data.last_name.to_string(),
            birth_date: data.birth_date,
            gender: data.gender.to_string(),
            line1: optional(address.map(|a| &a.line1)),
            line2: optional(address.and_then(|a| a.line2.as_ref())),
            city: optional(address.map(|a| &a.city)),
            state: optional(address.map(|a| &a.state)),
            zip: optional(address.map(|a| &a.zip)),
            revision,
            created_at: now.naive(),
            updated_at: now.naive(),
            claim_facts: write_unusual("members.claim_facts", &data.claim)?,
        })
    }

    pub(super) fn into_domain(self, coverages: Vec<Coverage>) -> Result<Member, StoreError> {
        let address = match (self.line1, self.city, self.state, self.zip) {
            (Some(line1), Some(city), Some(state), Some(zip)) => Some(MemberAddress {
                line1: read("members.line1", line1)?,
                line2: read_optional("members.line2", self.line2)?,
                city: read("members.city", city)?,
                state: read("members.state", state)?,
                zip: read("members.zip", zip)?,
            }),
            (None, None, None, None) => None,
            _ => return Err(broken("members.line1")),
        };
        let data = MemberData {
            reference: read("members.reference", self.reference)?,
            first_name: read("members.first_name", self.first_name)?,
            last_name: read("members.last_name", self.last_name)?,
            birth_date: self.birth_date,
            gender: read("members.gender", self.gender)?,
            address,
            claim: read_unusual("members.claim_facts", self.claim_facts.as_deref())?,
        };
        Ok(Member { id: MemberId::from_i64(self.id), revision: self.revision, data, coverages })
    }
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, PartialEq)]
#[diesel(
    table_name = coverages,
    primary_key(organization_id, id),
    treat_none_as_default_value = false,
    treat_none_as_null = true
)]
pub(super) struct CoverageRow {
    pub organization_id: i64,
    pub id: i64,
    pub member_id: i64,
    pub payer_id: i64,
    pub member_number: String,
    pub valid_from: NaiveDate,
    pub valid_to: Option<NaiveDate>,
    pub pay_order: i32,
    pub product: Option<String>,
    pub known_on: Option<NaiveDate>,
}

impl CoverageRow {
    pub(super) fn new(organization: OrganizationId, member: MemberId, coverage: &Coverage) -> Self {
        let data = &coverage.data;
        Self {
            organization_id: organization.as_i64(),
            id: coverage.id.as_i64(),
            member_id: member.as_i64(),
            payer_id: data.payer.as_i64(),
            member_number: data.member_number.to_string(),
            valid_from: data.span.from,
            valid_to: data.span.to,
            pay_order: i32::from(data.order),
            product: optional(data.product.as_ref()),
            known_on: data.known_on,
        }
    }

    pub(super) fn into_domain(self) -> Result<Coverage, StoreError> {
        let order = u8::try_from(self.pay_order).map_err(|_| broken("coverages.pay_order"))?;
        let data = CoverageData {
            payer: PayerId::from_i64(self.payer_id),
            member_number: read("coverages.member_number", self.member_number)?,
            span: read_span("coverages.valid_to", self.valid_from, self.valid_to)?,
            order,
            product: read_optional("coverages.product", self.product)?,
            known_on: self.known_on,
        };
        Ok(Coverage { id: CoverageId::from_i64(self.id), data })
    }
}
