//! Whether a remittance balances. Three rules of `docs/definitions.md` section 6: SVC02 less its
//! CAS is SVC03; CLP03 less all CAS of the claim and its lines is CLP04; BPR02 is the sum of CLP04
//! less the sum of PLB. And the guide's: where lines are stated, their SVC02 add up to CLP03.
//!
//! ```
//! use peerclaims::x12::read::remit_balance::{BalanceRule, Balances, Difference};
//! use peerclaims::x12::read::{Event, Reader, Record};
//!
//! let file = include_str!("../../../fixtures/x12/answers/remittance.835");
//! let file = file.replace("BPR*I*80*", "BPR*I*89*");
//! let balances: Option<Balances> = Reader::new(file.as_bytes()).find_map(|event| match event {
//!     Event::Record(record) => match *record {
//!         Record::Balances(found) => Some(found),
//!         _ => None,
//!     },
//!     _ => None,
//! });
//! let Difference { rule, expected, stated, .. } = &balances.unwrap().differences[0];
//! assert_eq!((*rule, expected.cents(), stated.cents()), (BalanceRule::Payment, 8_000, 8_900));
//! ```

use serde::Serialize;

use crate::domain::money::Money;
use crate::domain::text::code_list;

use super::remit_835::{Adjustment, ProviderAdjustment, RemitClaim};
use super::short::Text;

/// Most differences told of one remittance; the rest is counted.
const MAX_DIFFERENCES: usize = 1_000;

code_list!(
    /// Which rule does not hold.
    BalanceRule, "a balancing rule" {
        /// SVC02 less CAS is SVC03.
        Line = "line",
        /// The lines' SVC02 add up to CLP03.
        Lines = "lines",
        /// CLP03 less all CAS is CLP04.
        Claim = "claim",
        /// The sum of CLP04 less the sum of PLB is BPR02.
        Payment = "payment",
    }
);

/// What does not balance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Balances {
    /// Whether every rule holds.
    pub balanced: bool,
    /// The first of what does not, in the order of the file (at most a thousand).
    pub differences: Vec<Difference>,
    /// How many there are in all.
    pub difference_count: u64,
    /// Claims with more lines or adjustments than are kept, and CAS and PLB with more than the
    /// guide has: these were not compared, so nothing is said to balance.
    pub unchecked: u64,
    /// Sum of CLP03, in dollars.
    pub charge: Money,
    /// Sum of CLP04.
    pub paid: Money,
    /// Sum of PLB; positive lowers the payment.
    pub provider_adjustments: Money,
}

/// One rule that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which.
    pub rule: BalanceRule,
    /// CLP01, unless it is the payment.
    pub claim: Option<Text>,
    /// Ordinal of the line in its claim, 1 first.
    pub line: Option<usize>,
    /// What the other amounts give, in dollars.
    pub expected: Money,
    /// What is stated.
    pub stated: Money,
    /// Ordinal of the segment in the file; 0 for the payment.
    pub position: u64,
    /// In words.
    pub message: String,
}

/// The sums while reading.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    found: Balances,
    /// Whether an amount was missing or unreadable: a sum would then say nothing.
    unknown: bool,
}

impl Ledger {
    /// One claim; `cut` when some of its lines or adjustments were left out.
    pub(super) fn claim(&mut self, claim: &RemitClaim, cut: bool) {
        self.found.charge += claim.charge.unwrap_or_default();
        self.found.paid += claim.paid.unwrap_or_default();
        self.unknown |= claim.paid.is_none();
        if cut {
            self.left_out();
            return;
        }
        for (ordinal, line) in (1..).zip(&claim.lines) {
            let expected = less(line.charge, &line.adjustments);
            let at = (Some(ordinal), line.position);
            self.compare(BalanceRule::Line, Some(claim), at, expected, line.paid);
        }
        let at = (None, claim.position);
        if !claim.lines.is_empty() {
            let sum = claim.lines.iter().map(|line| line.charge).sum();
            self.compare(BalanceRule::Lines, Some(claim), at, sum, claim.charge);
        }
        let of_lines = claim.lines.iter().flat_map(|line| &line.adjustments);
        let expected = less(claim.charge, claim.adjustments.iter().chain(of_lines));
        self.compare(BalanceRule::Claim, Some(claim), at, expected, claim.paid);
    }

    /// Something of the remittance was not read: whatever the sums say, it is not balanced.
    pub(super) fn left_out(&mut self) {
        self.found.unchecked += 1;
    }

    pub(super) fn provider(&mut self, adjustment: &ProviderAdjustment) {
        self.found.provider_adjustments += adjustment.amount.unwrap_or_default();
        self.unknown |= adjustment.amount.is_none();
    }

    /// The end of the remittance; `payment` is BPR02.
    pub(super) fn finish(&mut self, payment: Option<Money>) -> Balances {
        let expected = self.found.paid - self.found.provider_adjustments;
        let known = (!self.unknown).then_some(expected);
        self.compare(BalanceRule::Payment, None, (None, 0), known, payment);
        let mut found = std::mem::take(&mut self.found);
        found.balanced = found.difference_count == 0
            && found.unchecked == 0
            && !self.unknown
            && payment.is_some();
        found
    }

    fn compare(
        &mut self,
        rule: BalanceRule,
        claim: Option<&RemitClaim>,
        (line, position): (Option<usize>, u64),
        expected: Option<Money>,
        stated: Option<Money>,
    ) {
        let (Some(expected), Some(stated)) = (expected, stated) else {
            self.unknown = true;
            return;
        };
        if expected == stated {
            return;
        }
        self.found.difference_count += 1;
        if self.found.differences.len() < MAX_DIFFERENCES {
            let what = match rule {
                BalanceRule::Line => "the line's charge less its adjustments is not its payment",
                BalanceRule::Lines => "the lines' charges do not add up to the claim's",
                BalanceRule::Claim => "the charge less all adjustments is not the payment",
                BalanceRule::Payment => "the claims' payments less PLB are not the payment",
            };
            let message = format!("{what}: {expected} is expected, {stated} is stated");
            let claim = claim.map(|claim| claim.id.clone());
            let difference = Difference { rule, claim, line, expected, stated, position, message };
            self.found.differences.push(difference);
        }
    }
}

/// The charge less its adjustments; `None` when one of them is unknown.
fn less<'a>(
    charge: Option<Money>,
    adjustments: impl IntoIterator<Item = &'a Adjustment>,
) -> Option<Money> {
    let sum: Option<Money> = adjustments.into_iter().map(|a| a.amount).sum();
    Some(charge? - sum?)
}
