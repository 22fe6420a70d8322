//! What a file of claims adds up to: said by the writer, said again by the read-back, compared.

use serde::{Deserialize, Serialize};

use crate::domain::money::Money;

/// Counts and sums of one file.
///
/// ```
/// use peerclaims::x12::{Totals, read_back};
///
/// let file = include_bytes!("../../fixtures/x12/valid/peer_support_original.837");
/// let Totals { sets, claims, lines, charge, segments, bytes } = read_back(&file[..])?.totals;
/// assert_eq!((sets, claims, lines, charge.cents()), (1, 1, 4, 18_400));
/// assert_eq!((segments, bytes), (44, 1_227));
/// # Ok::<(), peerclaims::x12::X12Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Transaction sets (ST to SE).
    pub sets: u64,
    /// Claims (CLM).
    pub claims: u64,
    /// Service lines (SV1).
    pub lines: u64,
    /// Sum of CLM02.
    pub charge: Money,
    /// All segments, ISA to IEA.
    pub segments: u64,
    /// Bytes of the file.
    pub bytes: u64,
}
