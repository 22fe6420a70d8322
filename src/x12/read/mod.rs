//! What comes back, and what was sent: readers of 837P, TA1, 999, 277CA, 835, 271 and 270.
//!
//! A [`Reader`] gives one [`Event`] at a time: an envelope's head, a record (a claim, a payment, a
//! verdict), or an error with its place. Memory holds one record, so a file may be of any size. An
//! error never ends the reading while the next segment can be found; a version that is not read
//! is refused by name and passed over. [`Document`] gathers the events of a file of ordinary size
//! for showing.
//!
//! Which versions are read and where other programs read differently: `docs/x12-companion.md`.

pub mod ack_999;
mod body;
pub mod claims_837;
pub mod document;
pub mod eligibility_271;
mod envelope;
pub mod fault;
pub mod remit_835;
pub mod remit_balance;
mod short;
pub mod status_277ca;
mod status_billing;
pub mod ta1;
mod values;
mod versions;

use std::io::Read;

use crate::x12::error::X12Fault;
use crate::x12::lexer::Lexer;
use crate::x12::unfold::Unfold;

pub use document::Document;
pub use envelope::{Group, Interchange, SetHead};
pub use fault::{ReadCode, ReadError};
pub use short::Text;

use envelope::Envelope;
use fault::Out;

/// One thing that a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An ISA.
    Interchange(Interchange),
    /// A TA1 of the open interchange.
    Ta1(ta1::Ta1),
    /// A GS.
    Group(Group),
    /// An ST.
    Set(SetHead),
    /// Something of the open set.
    Record(Box<Record>),
    /// The end of the open set, with or without its SE.
    SetEnd,
    /// The end of the open group.
    GroupEnd,
    /// The end of the open interchange.
    InterchangeEnd,
    /// Something is wrong; the reading goes on where it can.
    Error(ReadError),
}

/// What sets are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A claim of an 837P.
    Claim(claims_837::Claim),
    /// What the claims of an 837P add up to; the last record of its set.
    ClaimTotals(claims_837::ClaimTotals),
    /// The payment of an 835; before its claims.
    Payment(remit_835::Payment),
    /// A claim of an 835.
    RemitClaim(remit_835::RemitClaim),
    /// One adjustment of a PLB.
    ProviderAdjustment(remit_835::ProviderAdjustment),
    /// What of an 835 does not balance; the last record of its set.
    Balances(remit_balance::Balances),
    /// What became of one of our sets.
    AckSet(ack_999::AckSet),
    /// Of which group a 999 speaks; the last record of its set.
    AckGroup(ack_999::AckGroup),
    /// Who speaks in a 277CA; before its levels and claims.
    StatusSource(status_277ca::StatusSource),
    /// A 277CA's word on a level above the claims.
    StatusLevel(status_277ca::StatusLevel),
    /// A 277CA's word on a claim.
    StatusClaim(status_277ca::StatusClaim),
    /// Who asked and answers in a 271.
    Parties(eligibility_271::Parties),
    /// A person of a 271.
    Subject(eligibility_271::Subject),
}

/// Reads a file, one event at a time.
///
/// ```
/// use peerclaims::x12::read::{Event, Reader, Record};
///
/// let file = include_bytes!("../../../fixtures/x12/valid/peer_support_original.837");
/// let mut charges = Vec::new();
/// let mut reader = Reader::new(&file[..]);
/// for event in reader.by_ref() {
///     match event {
///         Event::Record(record) => {
///             if let Record::Claim(claim) = *record {
///                 charges.extend(claim.lines.iter().filter_map(|line| line.charge));
///             }
///         }
///         Event::Error(error) => panic!("{}", error.message),
///         _ => {}
///     }
/// }
/// let charges: Vec<String> = charges.iter().map(ToString::to_string).collect();
/// assert_eq!(charges, ["64.00", "28.00", "64.00", "28.00"]);
/// assert_eq!((reader.error_count(), reader.fatal(), reader.folded()), (0, None, false));
/// ```
#[derive(Debug)]
pub struct Reader<R> {
    lexer: Lexer<Unfold<R>>,
    envelope: Envelope,
    out: Out,
    done: bool,
}

impl<R: Read> Reader<R> {
    /// A reader of any bytes; it buffers by itself.
    pub fn new(input: R) -> Self {
        Self {
            lexer: Lexer::new(Unfold::new(input)),
            envelope: Envelope::default(),
            out: Out::default(),
            done: false,
        }
    }

    /// Errors found so far, also those above a thousand, which are not told.
    pub fn error_count(&self) -> u64 {
        self.out.errors
    }

    /// The first error after which nothing of the file may be acted upon
    /// ([`ReadError::is_fatal`]), however many others came before it.
    pub fn fatal(&self) -> Option<&ReadError> {
        self.out.fatal.as_ref()
    }

    /// Whether line ends were taken out because the file is folded into lines of fixed width.
    /// Known after the first event.
    pub fn folded(&self) -> bool {
        self.lexer.input().folded()
    }

    fn step(&mut self) {
        // By reference: moving a segment just made would wait for its parts.
        match &self.lexer.next_segment() {
            Ok(Some(segment)) => return self.envelope.segment(segment, &mut self.out),
            Ok(None) => {}
            Err(fault) => {
                let (kind, place, message) = (fault.fault, fault.place, fault.message.clone());
                // A segment with a wrong name was passed over; behind others nothing is certain.
                let goes_on = kind == X12Fault::Syntax && self.lexer.consumed() > place.byte;
                self.out.ending = !goes_on;
                self.out.error(kind.into(), place, message);
                if goes_on {
                    return;
                }
            }
        }
        self.out.ending = true;
        self.envelope.finish(&mut self.out);
        self.done = true;
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.out.next() {
                return Some(event);
            }
            if self.done {
                return None;
            }
            self.step();
        }
    }
}
