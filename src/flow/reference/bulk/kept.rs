//! What a file without a column leaves as it is.
//!
//! A file says nothing of what it has no column for, such as one that was written before there was
//! such a column: what is stored stays, so that no file of old makes a revoked certificate active
//! again, or opens an end that was set. An empty cell does say something: that there is nothing.

use crate::domain::authorization::AuthorizationData;
use crate::domain::document::DocumentData;
use crate::domain::episode::EpisodeData;
use crate::domain::member::{CoverageData, MemberData};
use crate::domain::organization::{LocationData, OrganizationData};
use crate::domain::peer::{CertificateData, PeerData};
use crate::domain::program::ProgramData;

/// The columns of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Columns {
    /// Every one: what stands in no cell is nothing.
    All,
    /// These.
    Of(Vec<&'static str>),
}

impl Columns {
    /// Whether the file has any of these columns.
    fn any(&self, names: &[&str]) -> bool {
        match self {
            Self::All => true,
            Self::Of(columns) => columns.iter().any(|c| names.contains(c)),
        }
    }

    /// Leaves `new` as `old` was where the file has none of the columns.
    fn keep<T: Clone>(&self, names: &[&str], old: &T, new: &mut T) {
        if !self.any(names) {
            new.clone_from(old);
        }
    }

    pub(super) fn organization(&self, old: &OrganizationData, new: &mut OrganizationData) {
        self.keep(&["part2"], &old.part2, &mut new.part2);
    }

    pub(super) fn location(&self, old: &LocationData, new: &mut LocationData) {
        self.keep(&["npi"], &old.npi, &mut new.npi);
        self.keep(&["line2"], &old.address.line2, &mut new.address.line2);
    }

    pub(super) fn peer(&self, old: &PeerData, new: &mut PeerData) {
        self.keep(&["taxonomy"], &old.taxonomy, &mut new.taxonomy);
        self.keep(&["birth_date"], &old.birth_date, &mut new.birth_date);
        self.keep(&["hired_on"], &old.hired_on, &mut new.hired_on);
        let supervisor = ["supervisor_last_name", "supervisor_first_name", "supervisor_npi"];
        self.keep(&supervisor, &old.claim.supervisor, &mut new.claim.supervisor);
        let number = ["number_payer", "number_kind", "number"];
        self.keep(&number, &old.claim.numbers, &mut new.claim.numbers);
    }

    pub(super) fn certificate(&self, old: &CertificateData, new: &mut CertificateData) {
        self.keep(&["number"], &old.number, &mut new.number);
        self.keep(&["to"], &old.span.to, &mut new.span.to);
        self.keep(&["endorsements"], &old.endorsements, &mut new.endorsements);
    }

    pub(super) fn member(&self, old: &MemberData, new: &mut MemberData) {
        self.keep(&["line1", "city", "state", "zip"], &old.address, &mut new.address);
        if let (Some(old), Some(new)) = (&old.address, &mut new.address) {
            self.keep(&["line2"], &old.line2, &mut new.line2);
        }
        let (old, new) = (&old.claim, &mut new.claim);
        self.keep(&["middle_name"], &old.middle_name, &mut new.middle_name);
        self.keep(&["medical_record"], &old.medical_record, &mut new.medical_record);
        self.keep(&["referral"], &old.referral, &mut new.referral);
        let referring = ["referring_last_name", "referring_first_name", "referring_npi"];
        self.keep(&referring, &old.referring, &mut new.referring);
        let ordering = ["ordering_last_name", "ordering_first_name", "ordering_npi"];
        self.keep(&ordering, &old.ordering, &mut new.ordering);
    }

    /// In a file of coverages, or of members, where its days and order have other names.
    pub(super) fn coverage(&self, old: &CoverageData, new: &mut CoverageData) {
        self.keep(&["to", "coverage_to"], &old.span.to, &mut new.span.to);
        self.keep(&["order", "coverage_order"], &old.order, &mut new.order);
        self.keep(&["product"], &old.product, &mut new.product);
        self.keep(&["known_on"], &old.known_on, &mut new.known_on);
    }

    pub(super) fn authorization(&self, old: &AuthorizationData, new: &mut AuthorizationData) {
        self.keep(&["services"], &old.services, &mut new.services);
        self.keep(&["to"], &old.span.to, &mut new.span.to);
    }

    pub(super) fn episode(&self, old: &EpisodeData, new: &mut EpisodeData) {
        self.keep(&["payer"], &old.payer, &mut new.payer);
        self.keep(&["program"], &old.program, &mut new.program);
        self.keep(&["to"], &old.span.to, &mut new.span.to);
    }

    /// What a document of its kind says beside its days and its signature is read from all its
    /// columns together; a file without them says less than is stored, which holds visits and never
    /// frees them.
    pub(super) fn document(&self, old: &DocumentData, new: &mut DocumentData) {
        self.keep(&["to"], &old.span.to, &mut new.span.to);
        self.keep(&["signed_on"], &old.signed_on, &mut new.signed_on);
    }

    pub(super) fn program(&self, old: &ProgramData, new: &mut ProgramData) {
        self.keep(&["to"], &old.span.to, &mut new.span.to);
        self.keep(&["location"], &old.location, &mut new.location);
    }
}
