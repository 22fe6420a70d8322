//! Our ids: 63-bit time-ordered integers made in the application (TSID).
//!
//! 42 bits of milliseconds since 2020, 10 bits of process number, 11 bits of counter. Stored as
//! BIGINT, shown as a prefix and 13 characters of Crockford base 32 (`enc_0HJ2…`). No sequence and
//! no coordination between processes; sorting by id is sorting by time.

use std::sync::atomic::{AtomicU64, Ordering};

use super::text::Invalid;

/// 2020-01-01T00:00:00Z in Unix milliseconds: the zero of the time part, good until the year 2159.
const EPOCH_MILLIS: i64 = 1_577_836_800_000;
/// Bits below the time part: 10 of process number and 11 of counter.
const LOW_BITS: u32 = 21;
/// Bits of the counter: 2,048 ids a millisecond; more borrow from the next millisecond.
const COUNTER_BITS: u32 = 11;
/// How many process numbers there are.
pub const NODES: i64 = 1 << (LOW_BITS - COUNTER_BITS);
/// Characters of an id after its prefix: 63 bits in groups of five.
const ID_CHARS: usize = 13;
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Hands out ids that never repeat within a process and sort by time.
#[derive(Debug)]
pub struct IdSource {
    node: u64,
    /// The last id without its node: milliseconds and counter.
    last: AtomicU64,
}

impl IdSource {
    /// A source for process number `node` (taken modulo [`NODES`]).
    pub fn new(node: i64) -> Self {
        Self { node: node.rem_euclid(NODES).unsigned_abs(), last: AtomicU64::new(0) }
    }

    /// The next id at `now_millis` (Unix milliseconds). A clock that goes back does no harm: the
    /// source then counts on from where it was.
    pub fn next<I: From<Tsid>>(&self, now_millis: i64) -> I {
        let millis = now_millis.saturating_sub(EPOCH_MILLIS).max(0).unsigned_abs();
        let floor = millis << COUNTER_BITS;
        let step = |last: u64| Some(if floor > last { floor } else { last + 1 });
        let last = match self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step) {
            Ok(last) | Err(last) => last,
        };
        let tick = if floor > last { floor } else { last + 1 };
        let (millis, counter) = (tick >> COUNTER_BITS, tick & ((1 << COUNTER_BITS) - 1));
        let value = (millis << LOW_BITS) | (self.node << COUNTER_BITS) | counter;
        I::from(Tsid(i64::try_from(value & (u64::MAX >> 1)).unwrap_or(i64::MAX)))
    }
}

/// The bare number behind every id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tsid(i64);

impl Tsid {
    /// The 13 characters of the number, upper case.
    pub fn text(self) -> String {
        let bits = self.0.unsigned_abs();
        (0..ID_CHARS)
            .rev()
            .filter_map(|place| {
                let digit = usize::try_from((bits >> (5 * place)) & 31).ok()?;
                CROCKFORD.get(digit).map(|b| char::from(*b))
            })
            .collect()
    }

    /// Reads the 13 characters; lower case is accepted, look-alikes are not.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != ID_CHARS {
            return None;
        }
        let mut bits: u64 = 0;
        for byte in text.bytes() {
            let digit = CROCKFORD.iter().position(|c| *c == byte.to_ascii_uppercase())?;
            if bits >> 59 != 0 {
                return None;
            }
            bits = (bits << 5) | u64::try_from(digit).ok()?;
        }
        i64::try_from(bits).ok().map(Self)
    }
}

/// Declares one id type with its prefix.
macro_rules! id_types {
    ($($(#[$meta:meta])* $name:ident = $prefix:literal),+ $(,)?) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
                     serde::Serialize, serde::Deserialize)]
            #[serde(try_from = "String", into = "String")]
            pub struct $name(i64);

            impl $name {
                /// What the text form starts with, before the underscore.
                pub const PREFIX: &'static str = $prefix;

                /// From the stored number.
                pub const fn from_i64(value: i64) -> Self {
                    Self(value)
                }

                /// The stored number.
                pub const fn as_i64(self) -> i64 {
                    self.0
                }

                /// Reads the text form.
                pub fn parse(text: &str) -> Result<Self, Invalid> {
                    text.strip_prefix(concat!($prefix, "_"))
                        .and_then(Tsid::parse)
                        .map(|id| Self(id.0))
                        .ok_or_else(|| Invalid::new(concat!(
                            "this id is ", $prefix, "_ and 13 letters and digits")))
                }
            }

            impl From<Tsid> for $name {
                fn from(id: Tsid) -> Self {
                    Self(id.0)
                }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    write!(f, concat!($prefix, "_{}"), Tsid(self.0).text())
                }
            }

            impl std::str::FromStr for $name {
                type Err = Invalid;
                fn from_str(text: &str) -> Result<Self, Invalid> {
                    Self::parse(text)
                }
            }

            impl TryFrom<String> for $name {
                type Error = Invalid;
                fn try_from(text: String) -> Result<Self, Invalid> {
                    Self::parse(&text)
                }
            }

            impl From<$name> for String {
                fn from(value: $name) -> String {
                    value.to_string()
                }
            }
        )+
    };
}

id_types! {
    /// An organization that bills: the tenant.
    OrganizationId = "org",
    /// A location of an organization.
    LocationId = "loc",
    /// A payer: a managed care organization or the state program.
    PayerId = "pay",
    /// A version of a payer pack.
    PackId = "pack",
    /// A contract of one organization with one payer.
    ContractId = "ctr",
    /// An immutable version of a contract.
    ContractVersionId = "ctv",
    /// A certified peer support specialist.
    PeerId = "peer",
    /// A certificate of a peer.
    CertificateId = "crt",
    /// A member on an organization's roster.
    MemberId = "mem",
    /// A coverage of a member by a payer.
    CoverageId = "cov",
    /// An authorization by a payer.
    AuthorizationId = "aut",
    /// An episode or package of care: dates that a payer counts units in.
    EpisodeId = "epi",
    /// A document or another dated evidence.
    DocumentId = "doc",
    /// A consent of a member.
    ConsentId = "con",
    /// A program, site or grant of an organization.
    ProgramId = "prg",
    /// An opening balance: units used before go-live.
    OpeningId = "opn",
    /// One recorded contact.
    EncounterId = "enc",
    /// A session.
    SessionId = "ses",
    /// One answer of the rules about one encounter.
    DecisionId = "dec",
    /// One service line of a decision.
    LineId = "lin",
    /// An account whose row is locked while its units are drawn down.
    AccountId = "acc",
    /// An account that organizations share, of units that a payer counts across them.
    SharedAccountId = "sac",
    /// One entry of the unit ledger.
    EntryId = "ent",
    /// A change whose visits are still to be decided again.
    MarkId = "mrk",
    /// A claimed visit that would be billed otherwise today.
    CorrectionId = "cor",
    /// A replacement or void of a claim.
    ClaimChangeId = "cch",
    /// A claim.
    ClaimId = "clm",
    /// A line of a claim.
    ClaimLineId = "cln",
    /// A batch of claims.
    BatchId = "bat",
    /// A stored file.
    FileId = "fil",
    /// A file that came from a clearinghouse or payer.
    ReceivedId = "rcv",
    /// What such a file says of a batch or claim.
    ResponseId = "rsp",
    /// A file that says who is enrolled with a payer.
    EnrollmentId = "enr",
    /// A report as it was issued.
    ReportIssueId = "rpt",
    /// A report that is made in the background.
    ReportJobId = "rjb",
    /// An override of a rule.
    OverrideId = "ovr",
    /// An API key.
    KeyId = "key",
    /// An entry of the audit trail.
    AuditId = "aud",
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_rise_and_never_repeat_even_when_the_clock_goes_back() {
        let source = IdSource::new(7);
        let mut last = EncounterId::from_i64(0);
        for step in 0..10_000i64 {
            let next: EncounterId = source.next(EPOCH_MILLIS + 1_000 - step / 100);
            assert!(next > last);
            last = next;
        }
    }

    #[test]
    fn two_processes_make_different_ids_in_the_same_millisecond() {
        let (a, b) = (IdSource::new(1), IdSource::new(2));
        let now = EPOCH_MILLIS + 5;
        assert_ne!(a.next::<ClaimId>(now), b.next::<ClaimId>(now));
    }

    #[test]
    fn forged_texts_are_refused() {
        for bad in [
            "",
            "enc_",
            "enc_0000000000000x",
            "clm_0000000000001",
            "enc_000000000000U",
            "enc_ZZZZZZZZZZZZZ",
            "enc_00000000000é",
        ] {
            assert!(EncounterId::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(value in 0i64..) {
            let id = BatchId::from_i64(value);
            prop_assert_eq!(BatchId::parse(&id.to_string()).unwrap(), id);
            prop_assert_eq!(BatchId::parse(&id.to_string().to_lowercase()).unwrap(), id);
        }
    }
}
