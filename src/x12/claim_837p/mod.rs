//! Claims to 837P text, one at a time, in constant memory.
//!
//! Authority: ASC X12 005010X222A1. The member is always the subscriber, so loop 2000C is never
//! sent. A claim is written whole or not at all: its bytes are gathered behind a mark and taken
//! back when any part of it is refused.

mod check;
mod claim;
mod line;
mod parties;

use std::io::Write;

use crate::domain::claim::{Claim, FileHeader, Subscriber};

use super::envelope::{Envelope, EnvelopeHeader};
use super::error::{X12Error, X12Fault};
use super::totals::Totals;
use super::writer::{Mark, SegmentWriter};

/// GS08 and ST03 of the only version written here.
pub const VERSION: &str = "005010X222A1";
/// Most claims of one subscriber loop (loop 2300 repeats 100 times); then the loop is sent again.
pub const MAX_CLAIMS_PER_SUBSCRIBER: u32 = 100;
/// HL01 of the billing provider in every set.
const BILLING_HL: u64 = 1;

/// Writes one file of claims.
///
/// Claims come sorted by subscriber: neighbours with equal subscribers share loop 2000B. The file
/// is complete only after [`Writer837p::finish`].
///
/// ```
/// use peerclaims::domain::claim::{Claim, FileHeader};
/// use peerclaims::x12::{Totals, Writer837p, X12Error};
///
/// fn file(header: &FileHeader, claims: &[Claim]) -> Result<(Vec<u8>, Totals), X12Error> {
///     let mut bytes = Vec::new();
///     let mut writer = Writer837p::new(&mut bytes, header)?;
///     for claim in claims {
///         writer.claim(claim)?;
///     }
///     let totals = writer.finish()?;
///     Ok((bytes, totals))
/// }
/// ```
#[derive(Debug)]
pub struct Writer837p<'a, W> {
    out: SegmentWriter<W>,
    header: &'a FileHeader,
    state: State,
    /// The subscriber of the last claim written.
    subscriber: Option<Subscriber>,
    totals: Totals,
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
        let mut out = SegmentWriter::new(out, profile.delimiters, profile.line_breaks)?;
        if profile.max_claims_per_set == 0 {
            let message = "the claim profile allows no claim in a set; max_claims_per_set must be \
                           at least 1";
            return Err(X12Error::new(X12Fault::Content, out.here("ST"), message));
        }
        let sender = header.sender_id.as_str();
        let receiver = profile.receiver_id.as_str();
        let facts = EnvelopeHeader {
            mode: header.mode,
            sender: (&header.sender_qualifier, sender),
            receiver: (&profile.receiver_qualifier, receiver),
            group_parties: (sender, profile.receiver_code.as_str()),
            created: header.created,
            interchange_control: header.interchange_control,
            group_control: header.group_control,
            acknowledgment_requested: profile.acknowledgment_requested,
            functional_id: "HC",
            set_id: "837",
            version: VERSION,
        };
        let envelope = Envelope::open(&mut out, &facts)?;
        let state = State { envelope, claims_in_set: 0, claims_in_subscriber: 0, hl: 0 };
        let totals = Totals::default();
        Ok(Self { out, header, state, subscriber: None, totals })
    }

    /// Writes one claim, or nothing of it when it is refused; the file then goes on as if it had
    /// not been offered. After a fault of kind `io` the file is lost.
    pub fn claim(&mut self, claim: &Claim) -> Result<(), X12Error> {
        check::claim(claim, &self.header.profile, self.out.here("2300"))?;
        let (mark, state) = (self.out.mark(), self.state);
        if let Err(error) = self.write(claim) {
            self.back_to(mark, state);
            return Err(error);
        }
        if self.subscriber.as_ref() != Some(&claim.subscriber) {
            self.subscriber = Some(claim.subscriber.clone());
        }
        self.totals.claims += 1;
        self.totals.lines += u64::try_from(claim.lines.len()).unwrap_or_default();
        self.totals.charge += claim.charge;
        self.out.commit()
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

    fn write(&mut self, claim: &Claim) -> Result<(), X12Error> {
        let full = self.state.claims_in_set >= self.header.profile.max_claims_per_set;
        let new_set = self.state.envelope.sets() == 0 || full;
        if new_set {
            self.next_set()?;
        }
        let same = self.subscriber.as_ref() == Some(&claim.subscriber);
        let full = self.state.claims_in_subscriber >= MAX_CLAIMS_PER_SUBSCRIBER;
        if new_set || !same || full {
            self.state.hl += 1;
            self.state.claims_in_subscriber = 0;
            parties::subscriber_hl(&mut self.out, self.state.hl, BILLING_HL)?;
            parties::subscriber(&mut self.out, &claim.subscriber, &self.header.profile)?;
        }
        self.state.claims_in_set += 1;
        self.state.claims_in_subscriber += 1;
        claim::write(&mut self.out, claim, self.header)
    }

    /// Closes the set that is open, if any, and opens the next with all that stands at its head.
    fn next_set(&mut self) -> Result<(), X12Error> {
        let (out, header) = (&mut self.out, self.header);
        if self.state.envelope.sets() > 0 {
            self.state.envelope.close_set(out)?;
        }
        self.state.envelope.open_set(out)?;
        self.state.claims_in_set = 0;
        self.state.hl = BILLING_HL;
        parties::beginning(out, header, self.state.envelope.sets())?;
        parties::submitter(out, header)?;
        parties::receiver(out, &header.profile)?;
        out.segment("2000A", "HL").number(BILLING_HL).skip(1).code("20").code("1").end()?;
        parties::billing_provider(out, header)
    }
}
