//! Drafts of organizations and locations.

use serde::Deserialize;

use super::{AddressDraft, Reader, refuse_repeats};
use crate::domain::organization::{LocationData, OrganizationData, Part2Posture, StreetAddress};
use crate::error::Fault;

/// Most locations of one organization: a state's largest providers have fewer.
const MAX_LOCATIONS: usize = 500;

/// An organization as a door was told of it.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganizationDraft {
    /// Short name, unique in the service; never changes.
    #[schema(example = "river-bend")]
    pub key: Option<String>,
    /// Legal name, as claims carry it.
    #[schema(example = "River Bend Peer Alliance")]
    pub name: Option<String>,
    /// `test` or `live`; never changes.
    #[schema(example = "test")]
    pub mode: Option<String>,
    /// Type 2 NPI.
    #[schema(example = "1234567893")]
    pub npi: Option<String>,
    /// Employer identification number.
    #[schema(example = "91-1234567")]
    pub ein: Option<String>,
    /// Taxonomy that claims carry for it.
    #[schema(example = "251S00000X")]
    pub taxonomy: Option<String>,
    /// IANA time zone; decides service dates.
    #[schema(example = "America/Los_Angeles")]
    pub zone: Option<String>,
    /// 42 CFR Part 2 posture: `program`, `not_program` or `undeclared` (the default).
    #[schema(example = "not_program")]
    pub part2: Option<String>,
    /// Whom a payer calls about a file.
    #[schema(example = "Dana Example")]
    pub contact_name: Option<String>,
    /// The number to call.
    #[schema(example = "509-555-0142")]
    pub contact_phone: Option<String>,
    /// All of its locations.
    pub locations: Option<Vec<LocationDraft>>,
}

/// A location as a door was told of it.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LocationDraft {
    /// Short name, unique in the organization.
    #[schema(example = "main")]
    pub key: Option<String>,
    /// Its name for people.
    #[schema(example = "Main office")]
    pub name: Option<String>,
    /// Its own NPI, when it has one.
    pub npi: Option<String>,
    /// Its street address, with ZIP+4: claims name the street where the organization is, so a line that
    /// names a post-office box or a lock box is refused, unless it is stored so already. A contract may
    /// have a box as its `pay_to`.
    pub address: Option<AddressDraft>,
}

/// A parsed organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationInput {
    /// What is said of it.
    pub data: OrganizationData,
    /// Its locations.
    pub locations: Vec<LocationData>,
}

impl OrganizationDraft {
    /// Parses all of it, or tells every fault.
    pub fn parse(&self) -> Result<OrganizationInput, Vec<Fault>> {
        let mut r = Reader::default();
        let data = self.data(&mut r);
        let list = self.locations.as_ref();
        let locations = r.items("locations", list, MAX_LOCATIONS, |r, l| l.read(r));
        let message = "another location of the list has this key";
        refuse_repeats(&mut r, "locations", &locations, |l| l.key.clone(), message);
        r.finish(data.map(|data| OrganizationInput { data, locations }))
    }

    fn data(&self, r: &mut Reader) -> Option<OrganizationData> {
        let key = r.required("key", self.key.as_ref());
        let name = r.required("name", self.name.as_ref());
        let mode = r.required("mode", self.mode.as_ref());
        let npi = r.required("npi", self.npi.as_ref());
        let ein = r.required("ein", self.ein.as_ref());
        let taxonomy = r.required("taxonomy", self.taxonomy.as_ref());
        let zone = r.required("zone", self.zone.as_ref());
        let part2 = r.optional("part2", self.part2.as_ref());
        let contact_name = r.required("contact_name", self.contact_name.as_ref());
        let contact_phone = r.required("contact_phone", self.contact_phone.as_ref());
        Some(OrganizationData {
            key: key?,
            name: name?,
            mode: mode?,
            npi: npi?,
            ein: ein?,
            taxonomy: taxonomy?,
            zone: zone?,
            part2: part2.unwrap_or(Part2Posture::Undeclared),
            contact_name: contact_name?,
            contact_phone: contact_phone?,
        })
    }
}

impl LocationDraft {
    /// Parses all of it, or tells every fault.
    pub fn parse(&self) -> Result<LocationData, Vec<Fault>> {
        let mut r = Reader::default();
        let location = self.read(&mut r);
        r.finish(location)
    }

    fn read(&self, r: &mut Reader) -> Option<LocationData> {
        let key = r.required("key", self.key.as_ref());
        let name = r.required("name", self.name.as_ref());
        let npi = r.optional("npi", self.npi.as_ref());
        let empty = AddressDraft::default();
        let draft = self.address.as_ref().unwrap_or(&empty);
        let address = r.within("address", |r| {
            let line1 = r.required("line1", draft.line1.as_ref());
            let line2 = r.optional("line2", draft.line2.as_ref());
            let city = r.required("city", draft.city.as_ref());
            let state = r.required("state", draft.state.as_ref());
            let zip = r.required("zip", draft.zip.as_ref());
            Some(StreetAddress { line1: line1?, line2, city: city?, state: state?, zip: zip? })
        });
        Some(LocationData { key: key?, name: name?, npi, address: address? })
    }
}
