//! Claims to 837P text, one at a time, in constant memory.
//!
//! Authority: ASC X12 005010X222A1. The member is always the subscriber, so loop 2000C is never
//! sent. A claim is written whole or not at all: its bytes are gathered behind a mark and taken
//! back when any part of it is refused. How a payer's files differ from another's is in the
//! profile; nothing here names one.

mod check;
mod check_detail;
mod claim;
mod file_name;
mod line;
mod notes;
mod others;
mod parties;
mod providers;

use std::io::Write;
use std::sync::LazyLock;

use crate::domain::claim::{Claim, FileHeader, Subscriber};
use crate::domain::claim_detail::{ClaimDetail, InsuranceType, Sequence};
use crate::domain::contract::ClaimForm;
use crate::domain::identifiers::Line35;

use super::envelope::{Envelope, EnvelopeHeader};
use super::error::{X12Error, X12Fault};
use super::totals::Totals;
use super::writer::{Mark, SegmentWriter};

pub use file_name::file_name;
pub(crate) use notes::sendable as note_sendable;

/// GS08 and ST03 of the only version written here.
pub const VERSION: &str = "005010X222A1";
/// Most claims of one subscriber loop (loop 2300 repeats 100 times); then the loop is sent again.
pub(super) const MAX_CLAIMS_PER_SUBSCRIBER: u32 = 100;
/// HL01 of the billing provider in every set.
const BILLING_HL: u64 = 1;
/// What a claim says beside the usual: nothing.
static PLAIN: LazyLock<ClaimDetail> = LazyLock::new(ClaimDetail::default);
/// Room that SE, GE and IEA need at most, with line breaks.
const TRAILER_BYTES: u64 = 96;

/// Writes one file of claims.
///
/// Claims come sorted by subscriber: neighbours with equal subscribers share loop 2000B. The file
/// is complete only after [`Writer837p::finish`].
///
/// ```
/// use peerclaims::domain::claim::{Claim, FileHeader};
/// use peerclaims::domain::claim_detail::ClaimDetail;
/// use peerclaims::x12::{Offer, Writer837p, claim_837p::VERSION};
///
/// let header = include_str!("../../../fixtures/x12/writing/header.json");
/// let header: FileHeader = serde_json::from_str(header)?;
/// let first = include_str!("../../../fixtures/x12/writing/claim.json");
/// let first: Claim = serde_json::from_str(first)?;
/// let mut second = first.clone();
/// second.number = "P0HJ2A000000C1".parse()?;
/// for line in &mut second.lines {
///     line.control = line.control.replace("A1", "C1");
/// }
///
/// let mut file = Vec::new();
/// let mut writer = Writer837p::new(&mut file, &header)?;
/// writer.claim(&first)?;
/// assert_eq!(writer.offer(&second, &ClaimDetail::default())?, Offer::Written);
/// // A claim that cannot be sent leaves nothing in the file, which goes on.
/// second.lines.clear();
/// let refused = writer.claim(&second).unwrap_err();
/// assert_eq!(refused.place.loop_id, "2300");
/// let totals = writer.finish()?;
/// assert_eq!((totals.claims, totals.charge.to_string()), (2, "185.00".to_owned()));
/// assert!(String::from_utf8(file)?.contains(&format!("ST*837*0001*{VERSION}~")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Writer837p<'a, W> {
    out: SegmentWriter<W>,
    header: &'a FileHeader,
    state: State,
    /// The subscriber of the last claim written.
    subscriber: Option<Level>,
    totals: Totals,
}

/// What was done with a claim that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// It is in the file.
    Written,
    /// The profile's limits leave it no room; it goes into the next file.
    Full,
}

/// What stands in loops 2000B and 2010BA: claims that agree in it share them.
#[derive(Debug)]
struct Level {
    subscriber: Subscriber,
    sequence: Sequence,
    insurance_type: Option<InsuranceType>,
    middle_name: Option<Line35>,
}

impl Level {
    fn is_of(&self, claim: &Claim, detail: &ClaimDetail) -> bool {
        self.subscriber == claim.subscriber
            && self.sequence == detail.sequence
            && self.insurance_type == detail.insurance_type
            && self.middle_name == detail.middle_name
    }
}

/// What must be put back when a claim is refused.
#[derive(Debug, Clone, Copy)]
struct State {
    envelope: Envelope,
    claims_in_set: u32,
    claims_in_subscriber: u32,
    /// The last HL01 of the set.
    hl: u64,
}

impl<'a, W: Write> Writer837p<'a, W> {
    /// Opens a file. Fails when the header or the profile cannot be sent as they are.
    pub fn new(out: W, header: &'a FileHeader) -> Result<Self, X12Error> {
        let profile = &header.profile;
        let out = SegmentWriter::new(out, profile.delimiters, profile.line_breaks)?;
        let mut out = out.with_characters(profile.form.file.characters);
        if profile.max_claims_per_set == 0 {
            let message = "the claim profile allows no claim in a set; max_claims_per_set must be \
                           at least 1";
            return Err(X12Error::new(X12Fault::Content, out.here("ST"), message));
        }
        let envelope = Envelope::open(&mut out, &facts(header))?;
        let state = State { envelope, claims_in_set: 0, claims_in_subscriber: 0, hl: 0 };
        Ok(Self { out, header, state, subscriber: None, totals: Totals::default() })
    }

    /// Writes one claim, or nothing of it when it is refused; the file then goes on as if it had
    /// not been offered. After a fault of kind `io` the file is lost. A full file is a fault here.
    pub fn claim(&mut self, claim: &Claim) -> Result<(), X12Error> {
        match self.offer(claim, &PLAIN)? {
            Offer::Written => Ok(()),
            Offer::Full => {
                let message = "the file is full by the profile's limits; split the batch";
                Err(X12Error::new(X12Fault::Limit, self.out.here("2300"), message))
            }
        }
    }

    /// Writes one claim with all that it says beside the usual, as [`Writer837p::claim`] does,
    /// unless the profile's limits leave it no room in this file.
    pub fn offer(&mut self, claim: &Claim, detail: &ClaimDetail) -> Result<Offer, X12Error> {
        let limits = &self.header.profile.form.file;
        if limits.claims_per_file.limit().is_some_and(|most| self.totals.claims >= most.into()) {
            return Ok(Offer::Full);
        }
        let here = self.out.here("2300");
        check::claim(claim, &self.header.profile, here)?;
        check_detail::claim(claim, detail, self.header, here)?;
        let (mark, state) = (self.out.mark(), self.state);
        match self.write(claim, detail) {
            Ok(true) => {}
            Ok(false) => {
                self.back_to(mark, state);
                return Ok(Offer::Full);
            }
            Err(error) => {
                self.back_to(mark, state);
                return Err(error);
            }
        }
        let most = limits.bytes_per_file.limit().map(u64::from);
        if most.is_some_and(|most| self.out.bytes() + TRAILER_BYTES > most) {
            self.back_to(mark, state);
            if self.totals.claims > 0 {
                return Ok(Offer::Full);
            }
            let message = "the claim alone is larger than the profile's bytes_per_file";
            return Err(X12Error::new(X12Fault::Limit, here, message));
        }
        if !self.subscriber.as_ref().is_some_and(|level| level.is_of(claim, detail)) {
            self.subscriber = Some(Level {
                subscriber: claim.subscriber.clone(),
                sequence: detail.sequence,
                insurance_type: detail.insurance_type.clone(),
                middle_name: detail.middle_name.clone(),
            });
        }
        self.totals.claims += 1;
        self.totals.lines += u64::try_from(claim.lines.len()).unwrap_or_default();
        self.totals.charge += claim.charge;
        self.out.commit()?;
        Ok(Offer::Written)
    }

    /// Closes the file. Fails when no claim was written, because a file without a set is refused
    /// by every payer.
    pub fn finish(mut self) -> Result<Totals, X12Error> {
        if self.totals.claims == 0 {
            let message = "a file needs at least one claim; make none when nothing is ready";
            return Err(X12Error::new(X12Fault::Content, self.out.here("ST"), message));
        }
        self.state.envelope.close_set(&mut self.out)?;
        self.state.envelope.close(&mut self.out)?;
        self.totals.sets = self.state.envelope.sets().into();
        self.totals.segments = self.out.segments();
        self.totals.bytes = self.out.bytes();
        self.out.finish()?;
        Ok(self.totals)
    }

    fn back_to(&mut self, mark: Mark, state: State) {
        self.out.rollback(mark);
        self.state = state;
    }

    /// False when the file has no room for the set that the claim would need.
    fn write(&mut self, claim: &Claim, detail: &ClaimDetail) -> Result<bool, X12Error> {
        let full = self.state.claims_in_set >= self.header.profile.max_claims_per_set;
        let new_set = self.state.envelope.sets() == 0 || full;
        if new_set && !self.next_set()? {
            return Ok(false);
        }
        let same = self.subscriber.as_ref().is_some_and(|level| level.is_of(claim, detail));
        let full = self.state.claims_in_subscriber >= MAX_CLAIMS_PER_SUBSCRIBER;
        if new_set || !same || full {
            self.state.hl += 1;
            self.state.claims_in_subscriber = 0;
            parties::subscriber_hl(&mut self.out, self.state.hl, BILLING_HL)?;
            parties::subscriber(&mut self.out, &claim.subscriber, detail, &self.header.profile)?;
        }
        self.state.claims_in_set += 1;
        self.state.claims_in_subscriber += 1;
        claim::write(&mut self.out, claim, detail, self.header)?;
        Ok(true)
    }

    /// Closes the set that is open, if any, and opens the next with all that stands at its head.
    /// False when the file may have no more sets.
    fn next_set(&mut self) -> Result<bool, X12Error> {
        let (out, header) = (&mut self.out, self.header);
        let limits = &header.profile.form.file;
        let envelope = &mut self.state.envelope;
        let group_full = envelope.sets_in_group() >= limits.sets_per_group.0;
        if group_full && envelope.groups() >= limits.groups_per_file.0 {
            return Ok(false);
        }
        if envelope.sets() > 0 {
            envelope.close_set(out)?;
        }
        if group_full {
            envelope.next_group(out, &facts(header))?;
        }
        envelope.open_set(out)?;
        self.state.claims_in_set = 0;
        self.state.hl = BILLING_HL;
        parties::beginning(out, header, self.state.envelope.sets())?;
        parties::submitter(out, header)?;
        parties::receiver(out, &header.profile)?;
        out.segment("2000A", "HL").number(BILLING_HL).skip(1).code("20").code("1").end()?;
        parties::billing_provider(out, header)?;
        Ok(true)
    }
}

/// What the envelope of a file says.
fn facts(header: &FileHeader) -> EnvelopeHeader<'_> {
    let profile = &header.profile;
    let file = &profile.form.file;
    let sender = header.sender_id.as_str();
    let group_sender = file.group_sender.as_ref().map_or(sender, |code| code.as_str());
    EnvelopeHeader {
        mode: header.mode,
        authorization: file
            .authorization_information
            .as_ref()
            .map(super::super::domain::contract::form::kinds::Access::as_str),
        security: file
            .security_information
            .as_ref()
            .map(super::super::domain::contract::form::kinds::Access::as_str),
        sender: (&header.sender_qualifier, sender),
        receiver: (&profile.receiver_qualifier, profile.receiver_id.as_str()),
        group_parties: (group_sender, profile.receiver_code.as_str()),
        created: header.created,
        interchange_control: header.interchange_control,
        group_control: header.group_control,
        acknowledgment_requested: profile.acknowledgment_requested,
        functional_id: "HC",
        set_id: "837",
        version: VERSION,
    }
}

/// The profile's knobs.
fn form(header: &FileHeader) -> &ClaimForm {
    &header.profile.form
}
