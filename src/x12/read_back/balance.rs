//! Whether what other payers did adds up: SVD, CAS and AMT of a claim that somebody paid before.
//!
//! Authority: ASC X12 005010X222A1, section 1.4.4 (balancing): each line's charge is what a payer
//! paid on it and its adjustments; a payer's AMT\*D is the sum of its lines' payments less its
//! claim-level adjustments; without lines, the claim's charge is AMT\*D and the adjustments.

use crate::domain::money::Money;
use crate::x12::error::Place;
use crate::x12::segment::Segment;

use super::problem::ProblemKind::{Balance, Structure};
use super::problem::Problems;

/// Another payer of the open claim.
#[derive(Debug, Default)]
struct Other {
    place: Place,
    id: Vec<u8>,
    paid: Option<Money>,
    adjusted: Money,
    lines_paid: Money,
    lines: u64,
    dated: bool,
    lines_dated: bool,
}

/// A payer's word on the open line.
#[derive(Debug)]
struct Adjudicated {
    place: Place,
    payer: Vec<u8>,
    total: Money,
}

/// The other payers of the open claim and line.
#[derive(Debug, Default)]
pub(super) struct Others {
    others: Vec<Other>,
    /// SBR01 of each payer of the claim.
    sequences: Vec<Vec<u8>>,
    destination: Vec<u8>,
    charge: Money,
    line_charge: Money,
    line: Vec<Adjudicated>,
}

impl Others {
    pub(super) fn segment(&mut self, at: &str, segment: &Segment<'_>, problems: &mut Problems) {
        match (at.as_bytes(), segment.id()) {
            (b"2000B", b"SBR") => segment.element(1).clone_into(&mut self.destination),
            (b"2300", b"CLM") => {
                self.close(problems);
                self.sequences = vec![self.destination.clone()];
                self.charge = segment.amount(2).unwrap_or_default();
            }
            (b"2320", b"SBR") => self.payer(segment, problems),
            (b"2320", b"CAS") => {
                let sum = adjustments(segment, problems);
                if let Some(other) = self.others.last_mut() {
                    other.adjusted += sum;
                }
            }
            (b"2320", b"AMT") if segment.element(1) == b"D" => {
                let amount = amount(segment, 2, problems);
                if let Some(other) = self.others.last_mut() {
                    other.paid = Some(amount);
                }
            }
            (b"2330B", b"NM1") => {
                if let Some(other) = self.others.last_mut() {
                    segment.element(9).clone_into(&mut other.id);
                }
            }
            (b"2330B", b"DTP") => {
                if let Some(other) = self.others.last_mut() {
                    other.dated = true;
                }
            }
            (b"2400", b"SV1") => {
                self.close_line(problems);
                self.line_charge = segment.amount(2).unwrap_or_default();
            }
            (b"2430", b"SVD") => self.line_paid(segment, problems),
            (b"2430", b"CAS") => {
                let sum = adjustments(segment, problems);
                if let Some(line) = self.line.last_mut() {
                    line.total += sum;
                }
            }
            (b"2430", b"DTP") => {
                let payer = self.line.last().map(|line| line.payer.clone()).unwrap_or_default();
                if let Some(other) = self.others.iter_mut().find(|o| o.id == payer) {
                    other.lines_dated = true;
                }
            }
            (b"2430" | b"2320" | b"2300", b"AMT") => {
                amount(segment, 2, problems);
            }
            _ => {}
        }
    }

    /// Ends the open claim.
    pub(super) fn close(&mut self, problems: &mut Problems) {
        self.close_line(problems);
        for other in std::mem::take(&mut self.others) {
            let paid = other.paid.unwrap_or_default();
            let (expected, what) = if other.lines == 0 {
                (self.charge - other.adjusted, "CLM02 less the CAS of 2320")
            } else {
                (other.lines_paid - other.adjusted, "the sum of SVD02 less the CAS of 2320")
            };
            // A payer that has not answered yet has neither payment nor adjustment.
            let silent = other.lines == 0 && other.paid.is_none() && other.adjusted == Money::ZERO;
            if !silent && paid != expected {
                let what = format!("AMT*D must be {expected}: {what}");
                problems.add(Balance, other.place, what);
            }
            if other.dated && other.lines_dated {
                let what = "the payer's date (DTP*573) is sent for the claim or for its lines";
                problems.add(Structure, other.place, what);
            }
        }
        self.sequences.clear();
    }

    fn payer(&mut self, sbr: &Segment<'_>, problems: &mut Problems) {
        let sequence = sbr.element(1).to_vec();
        if sequence != b"U" && self.sequences.contains(&sequence) {
            let what = "two payers of a claim cannot have the same place in the sequence";
            problems.add(Structure, sbr.place_of(1, 0), what);
        }
        self.sequences.push(sequence);
        self.others.push(Other { place: sbr.place(), ..Other::default() });
    }

    fn line_paid(&mut self, svd: &Segment<'_>, problems: &mut Problems) {
        let paid = amount(svd, 2, problems);
        let payer = svd.element(1);
        if let Some(other) = self.others.iter_mut().find(|o| o.id == payer) {
            other.lines_paid += paid;
            other.lines += 1;
        } else {
            let what = "SVD01 is the number of none of the claim's other payers (2330B NM109)";
            problems.add(Balance, svd.place_of(1, 0), what);
        }
        self.line.push(Adjudicated { place: svd.place(), payer: payer.to_vec(), total: paid });
    }

    fn close_line(&mut self, problems: &mut Problems) {
        for line in self.line.drain(..) {
            if line.total != self.line_charge {
                let what = format!(
                    "SVD02 and its CAS are {}, the line's SV102 is {}",
                    line.total, self.line_charge
                );
                problems.add(Balance, line.place, what);
            }
        }
    }
}

/// The sum of a CAS.
fn adjustments(cas: &Segment<'_>, problems: &mut Problems) -> Money {
    let mut sum = Money::ZERO;
    // Also what is too much for a CAS, which is told elsewhere.
    let last = u8::try_from(cas.element_count()).unwrap_or(u8::MAX).max(3);
    for reason in (2..=last).step_by(3) {
        if !(cas.element(reason).is_empty() && cas.element(reason + 1).is_empty()) {
            sum += amount(cas, reason + 1, problems);
        }
    }
    sum
}

fn amount(segment: &Segment<'_>, element: u8, problems: &mut Problems) -> Money {
    segment.amount(element).unwrap_or_else(|_| {
        let what = "the amount must be a number with at most two decimals";
        problems.add(Balance, segment.place_of(element, 0), what);
        Money::ZERO
    })
}
