//! What a payer or clearinghouse writes: TA1, 999, 277CA and 835.
//!
//! These are for the payer in the box and for tests; the service itself never sends them. Each
//! writer streams, and refuses what would not add up: an 835 whose payment is not the sum of its
//! claims, a 999 without a verdict.
//!
//! Authority: ASC X12 005010X231A1 (999), 005010X214 (277CA), 005010X221A1 (835), and appendix C
//! of the guides for TA1.

mod ack_999;
mod remit_835;
mod remit_checks;
mod status_277ca;
mod ta1;

use chrono::NaiveDateTime;

use crate::domain::contract::Delimiters;
use crate::domain::organization::OrganizationMode;

use super::envelope::EnvelopeHeader;

pub use ack_999::{ElementFault, GroupVerdict, SegmentFault, SetVerdict, write_999};
pub use remit_835::{
    PaidClaim, PaidLine, PayAdjustment, PayProviderAdjustment, Payee, Paying, Writer835,
};
pub use status_277ca::{ClaimStatus, StatusCode, StatusFile, StatusProvider, write_277ca};
pub use ta1::{InterchangeVerdict, write_ta1};

/// Who sends to whom, when, and under which numbers: what ISA and GS say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// ISA15.
    pub mode: OrganizationMode,
    /// ISA05 and ISA06; GS02.
    pub sender: (String, String),
    /// ISA07 and ISA08; GS03.
    pub receiver: (String, String),
    /// ISA09, ISA10, GS04, GS05.
    pub created: NaiveDateTime,
    /// ISA13.
    pub interchange_control: u32,
    /// GS06.
    pub group_control: u32,
    /// Delimiters.
    pub delimiters: Delimiters,
    /// Whether a line break follows each segment.
    pub line_breaks: bool,
}

impl Exchange {
    /// The envelope of one kind of file: GS01, ST01 and GS08.
    pub(super) fn header(&self, kind: Kind) -> EnvelopeHeader<'_> {
        EnvelopeHeader {
            mode: self.mode,
            authorization: None,
            security: None,
            sender: (&self.sender.0, &self.sender.1),
            receiver: (&self.receiver.0, &self.receiver.1),
            group_parties: (&self.sender.1, &self.receiver.1),
            created: self.created,
            interchange_control: self.interchange_control,
            group_control: self.group_control,
            acknowledgment_requested: false,
            functional_id: kind.functional_id,
            set_id: kind.set_id,
            version: kind.version,
        }
    }
}

/// A kind of file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// GS01.
    pub functional_id: &'static str,
    /// ST01.
    pub set_id: &'static str,
    /// GS08.
    pub version: &'static str,
}
