//! The reader that an open set belongs to.

use crate::x12::error::Place;
use crate::x12::segment::Segment;

use super::ack_999::AckReader;
use super::claims_837::ClaimsReader;
use super::eligibility_271::EligibilityReader;
use super::fault::Out;
use super::remit_835::RemitReader;
use super::status_277ca::StatusReader;
use super::versions::Kind;

#[derive(Debug)]
pub(super) enum Body {
    Claims(Box<ClaimsReader>),
    Remit(Box<RemitReader>),
    Ack(Box<AckReader>),
    Status(Box<StatusReader>),
    Eligibility(Box<EligibilityReader>),
}

impl Body {
    pub(super) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Claims => Self::Claims(Box::default()),
            Kind::Remittance => Self::Remit(Box::default()),
            Kind::Acknowledgment => Self::Ack(Box::default()),
            Kind::ClaimStatus => Self::Status(Box::default()),
            Kind::Eligibility => Self::Eligibility(Box::default()),
        }
    }

    pub(super) fn segment(&mut self, segment: &Segment<'_>, out: &mut Out) {
        match self {
            Self::Claims(reader) => reader.segment(segment, out),
            Self::Remit(reader) => reader.segment(segment, out),
            Self::Ack(reader) => reader.segment(segment, out),
            Self::Status(reader) => reader.segment(segment, out),
            Self::Eligibility(reader) => reader.segment(segment, out),
        }
    }

    /// The end of the set; `last` is the place of its last segment.
    pub(super) fn finish(&mut self, last: Place, out: &mut Out) {
        match self {
            Self::Claims(reader) => reader.finish(last, out),
            Self::Remit(reader) => reader.finish(last, out),
            Self::Ack(reader) => reader.finish(last, out),
            Self::Status(reader) => reader.finish(last, out),
            Self::Eligibility(reader) => reader.finish(out),
        }
    }
}
