//! The claims read back: sums, pointers, numbers used once, check digits, frequency.

use crate::domain::identifiers::{Npi, Zip9};
use crate::domain::money::Money;
use crate::x12::error::Place;
use crate::x12::segment::{Segment, digits};

use super::levels::Levels;
use super::numbers::UsedOnce;
use super::problem::ProblemKind::{
    Charge, ClaimNumber, Frequency, LineControl, Lines, Npi as NpiKind, OriginalReference, Pointer,
    Structure, Zip,
};
use super::problem::Problems;

/// Most lines of a claim, by the guide.
const MAX_LINES: u64 = 50;
/// Most pointers of a line, by the guide.
const MAX_POINTERS: usize = 4;
/// What qualifies a diagnosis in HI (ICD-10 principal and other; ICD-9 before).
const DIAGNOSIS_QUALIFIERS: [&[u8]; 4] = [b"ABK", b"ABF", b"BK", b"BF"];

/// The claim being read.
#[derive(Debug)]
struct Open {
    place: Place,
    charge: Money,
    sum: Money,
    diagnoses: u64,
    lines: u64,
    services: u64,
    needs_original: bool,
    /// In loop 2320 and below, where REF and AMT speak of another payer.
    other_payer: bool,
    /// The open line has its REF*6R.
    line_controlled: bool,
    line_place: Place,
}

/// All claims of the file, with the open one.
#[derive(Debug, Default)]
pub(super) struct Claims {
    pub(super) claims: u64,
    pub(super) lines: u64,
    pub(super) charge: Money,
    open: Option<Open>,
    claim_numbers: UsedOnce,
    line_controls: UsedOnce,
    /// The billing provider's NM1, until its N4 has come.
    billing: Option<Place>,
}

impl Claims {
    pub(super) fn segment(
        &mut self,
        segment: &Segment<'_>,
        levels: &Levels,
        problems: &mut Problems,
    ) {
        match segment.id() {
            b"NM1" => self.name(segment, levels, problems),
            b"N4" if self.billing.take().is_some() => zip(segment, problems),
            b"CLM" => self.claim(segment, problems),
            b"SBR" => {
                if let Some(open) = &mut self.open {
                    open.other_payer = true;
                }
            }
            b"HI" => self.diagnoses(segment),
            b"REF" => self.reference(segment, problems),
            b"LX" => self.line(segment, problems),
            b"SV1" => self.service(segment, problems),
            _ => {}
        }
    }

    /// Ends the open claim, if any.
    pub(super) fn close(&mut self, problems: &mut Problems) {
        self.close_billing(problems);
        self.close_line(problems);
        let Some(open) = self.open.take() else { return };
        if open.charge != open.sum {
            let what = format!("CLM02 is {}, the lines add up to {}", open.charge, open.sum);
            problems.add(Charge, Place { element: 2, ..open.place }, what);
        }
        if !(1..=MAX_LINES).contains(&open.lines) {
            let what = format!("a claim has 1 to {MAX_LINES} lines, this one has {}", open.lines);
            problems.add(Lines, open.place, what);
        }
        if open.services != open.lines {
            problems.add(Lines, open.place, "each LX must have one SV1");
        }
        if open.needs_original {
            let what = "a replacement or void must name the payer's number in REF*F8";
            problems.add(OriginalReference, open.place, what);
        }
    }

    fn close_billing(&mut self, problems: &mut Problems) {
        if let Some(place) = self.billing.take() {
            problems.add(Zip, place, "the billing provider has no N4");
        }
    }

    fn close_line(&mut self, problems: &mut Problems) {
        if let Some(open) = &mut self.open {
            if open.lines > 0 && !open.line_controlled {
                problems.add(LineControl, open.line_place, "the line has no REF*6R");
            }
            open.line_controlled = true;
        }
    }

    fn name(&mut self, nm1: &Segment<'_>, levels: &Levels, problems: &mut Problems) {
        self.close_billing(problems);
        let billing = nm1.element(1) == b"85";
        self.billing = billing.then_some(nm1.place());
        if billing && !levels.at_billing_provider() {
            problems.add(Structure, nm1.place(), "the billing provider belongs to the HL of 20");
        }
        if nm1.element(8) == b"XX" && nm1.text(9).map(Npi::parse).is_ok_and(|npi| npi.is_err()) {
            problems.add(NpiKind, nm1.place_of(9, 0), Npi::RULE);
        }
    }

    fn claim(&mut self, clm: &Segment<'_>, problems: &mut Problems) {
        self.claims += 1;
        if !self.claim_numbers.take(clm.element(1)) {
            problems.add(ClaimNumber, clm.place_of(1, 0), "CLM01 is missing or used twice");
        }
        let charge = amount(clm, 2, problems);
        self.charge += charge;
        let frequency = clm.component(5, 3);
        if !matches!(frequency, b"1" | b"7" | b"8") {
            let what = "the frequency code must be 1, 7 or 8";
            problems.add(Frequency, clm.place_of(5, 3), what);
        }
        self.open = Some(Open {
            place: clm.place(),
            charge,
            sum: Money::ZERO,
            diagnoses: 0,
            lines: 0,
            services: 0,
            needs_original: matches!(frequency, b"7" | b"8"),
            other_payer: false,
            line_controlled: false,
            line_place: clm.place(),
        });
    }

    fn diagnoses(&mut self, hi: &Segment<'_>) {
        let count = (1..=12u8)
            .filter(|element| DIAGNOSIS_QUALIFIERS.contains(&hi.component(*element, 1)))
            .count();
        if let Some(open) = &mut self.open {
            open.diagnoses += u64::try_from(count).unwrap_or_default();
        }
    }

    fn reference(&mut self, reference: &Segment<'_>, problems: &mut Problems) {
        let Some(open) = &mut self.open else { return };
        match reference.element(1) {
            b"F8" if !open.other_payer && open.lines == 0 && !reference.element(2).is_empty() => {
                open.needs_original = false;
            }
            b"6R" if open.lines > 0 => {
                if open.line_controlled || !self.line_controls.take(reference.element(2)) {
                    let what = "REF*6R is missing or used twice";
                    problems.add(LineControl, reference.place_of(2, 0), what);
                }
                open.line_controlled = true;
            }
            _ => {}
        }
    }

    fn line(&mut self, lx: &Segment<'_>, problems: &mut Problems) {
        self.close_line(problems);
        let Some(open) = &mut self.open else {
            problems.add(Structure, lx.place(), "a service line outside of a claim");
            return;
        };
        open.lines += 1;
        open.line_controlled = false;
        open.line_place = lx.place();
        if digits(lx.element(1)) != Some(open.lines) {
            let what = format!("LX01 must be {}", open.lines);
            problems.add(Lines, lx.place_of(1, 0), what);
        }
    }

    fn service(&mut self, sv1: &Segment<'_>, problems: &mut Problems) {
        self.lines += 1;
        let charge = amount(sv1, 2, problems);
        let Some(open) = &mut self.open else {
            problems.add(Structure, sv1.place(), "a service line outside of a claim");
            return;
        };
        open.sum += charge;
        open.services += 1;
        let mut pointers = 0;
        for (ordinal, pointer) in (1..).zip(sv1.components(7)) {
            pointers += 1;
            if !digits(pointer).is_some_and(|p| (1..=open.diagnoses).contains(&p)) {
                let what = format!("a pointer must be from 1 to {}", open.diagnoses);
                problems.add(Pointer, sv1.place_of(7, ordinal), what);
            }
        }
        if pointers > MAX_POINTERS {
            problems.add(Pointer, sv1.place_of(7, 0), "a line has at most four pointers");
        }
    }
}

/// An amount of 0 or more; a problem and zero when it is none.
fn amount(segment: &Segment<'_>, element: u8, problems: &mut Problems) -> Money {
    match segment.amount(element) {
        Ok(amount) if amount >= Money::ZERO => amount,
        _ => {
            let what = "the charge must be a number from 0 up with at most two decimals";
            problems.add(Charge, segment.place_of(element, 0), what);
            Money::ZERO
        }
    }
}

fn zip(n4: &Segment<'_>, problems: &mut Problems) {
    if n4.element(3).len() != 9 || n4.text(3).map(Zip9::parse).is_ok_and(|zip| zip.is_err()) {
        problems.add(Zip, n4.place_of(3, 0), Zip9::RULE);
    }
}
