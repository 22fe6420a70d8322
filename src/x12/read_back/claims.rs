//! The claims read back: sums, pointers, numbers used once, check digits, frequency.

use chrono::NaiveDate;

use crate::domain::money::Money;
use crate::x12::error::Place;
use crate::x12::segment::{Segment, day as calendar_day, digits};

use super::levels::Levels;
use super::numbers::{Number, UsedOnce};
use super::problem::ProblemKind::{
    Charge, ClaimNumber, Date, Diagnosis as DiagnosisKind, Frequency, LineControl, Lines,
    OriginalReference, Pointer, Structure,
};
use super::problem::Problems;

/// Most lines of a claim, by the guide.
const MAX_LINES: u64 = 50;
/// Most pointers of a line, by the guide.
const MAX_POINTERS: usize = 4;
/// Most diagnoses of a claim, by the guide.
const MAX_DIAGNOSES: usize = 12;
/// Longest CLM01 that every receiver must return whole (the guide's note to CLM01).
const MAX_CLAIM_NUMBER: usize = 20;
/// What qualifies a diagnosis in HI (ICD-10 principal and other; ICD-9 before).
const DIAGNOSIS_QUALIFIERS: [&[u8]; 4] = [b"ABK", b"ABF", b"BK", b"BF"];

/// The claim being read.
#[derive(Debug)]
struct Open {
    place: Place,
    charge: Money,
    sum: Money,
    diagnoses: Vec<Number>,
    lines: u64,
    services: u64,
    needs_original: bool,
    /// CLM05-3 is 1.
    original: bool,
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
    /// BHT04: nothing is served after it.
    created: Option<NaiveDate>,
    /// DMG02 of the member.
    born: Option<NaiveDate>,
}

impl Claims {
    pub(super) fn segment(
        &mut self,
        segment: &Segment<'_>,
        levels: &Levels,
        problems: &mut Problems,
    ) {
        match segment.id() {
            b"BHT" => self.created = calendar_day(segment.element(4)),
            b"HL" => self.born = None,
            b"DMG" => self.birth(segment, problems),
            b"DTP" if segment.element(1) == b"472" => self.service_day(segment, problems),
            b"NM1" => name(segment, levels, problems),
            b"CLM" => self.claim(segment, problems),
            b"SBR" => {
                if let Some(open) = &mut self.open {
                    open.other_payer = true;
                }
            }
            b"HI" => self.diagnoses(segment, problems),
            b"REF" => self.reference(segment, problems),
            b"LX" => self.line(segment, problems),
            b"SV1" => self.service(segment, problems),
            _ => {}
        }
    }

    /// Ends the open claim, if any.
    pub(super) fn close(&mut self, problems: &mut Problems) {
        self.close_line(problems);
        let Some(open) = self.open.take() else { return };
        if open.diagnoses.len() > MAX_DIAGNOSES {
            let what = format!("a claim has at most {MAX_DIAGNOSES} diagnoses");
            problems.add(DiagnosisKind, open.place, what);
        }
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

    fn close_line(&mut self, problems: &mut Problems) {
        if let Some(open) = &mut self.open {
            if open.lines > 0 && !open.line_controlled {
                problems.add(LineControl, open.line_place, "the line has no REF*6R");
            }
            open.line_controlled = true;
        }
    }

    fn birth(&mut self, dmg: &Segment<'_>, problems: &mut Problems) {
        self.born = calendar_day(dmg.element(2));
        if self.born.is_some_and(|born| self.created.is_some_and(|made| born > made)) {
            problems.add(Date, dmg.place_of(2, 0), "the person is born after the file was made");
        }
    }

    fn service_day(&self, dtp: &Segment<'_>, problems: &mut Problems) {
        let days = dtp.element(3).split(|b| *b == b'-').filter_map(calendar_day);
        for day in days {
            if self.created.is_some_and(|made| day > made) {
                let what = "the service is after the day on which the file was made";
                problems.add(Date, dtp.place_of(3, 0), what);
            } else if self.born.is_some_and(|born| day < born) {
                let what = "the service is before the member's birth";
                problems.add(Date, dtp.place_of(3, 0), what);
            }
        }
    }

    fn claim(&mut self, clm: &Segment<'_>, problems: &mut Problems) {
        self.claims += 1;
        if !self.claim_numbers.take(clm.element(1)) {
            problems.add(ClaimNumber, clm.place_of(1, 0), "CLM01 is missing or used twice");
        } else if clm.element(1).len() > MAX_CLAIM_NUMBER {
            let what = format!("CLM01 has at most {MAX_CLAIM_NUMBER} characters");
            problems.add(ClaimNumber, clm.place_of(1, 0), what);
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
            diagnoses: Vec::new(),
            lines: 0,
            services: 0,
            original: frequency == b"1",
            needs_original: matches!(frequency, b"7" | b"8"),
            other_payer: false,
            line_controlled: false,
            line_place: clm.place(),
        });
    }

    fn diagnoses(&mut self, hi: &Segment<'_>, problems: &mut Problems) {
        let Some(open) = &mut self.open else { return };
        // Also what is too much for an HI: it is a diagnosis too many.
        for element in 1..=u8::try_from(hi.element_count()).unwrap_or(u8::MAX) {
            let (qualifier, code) = (hi.component(element, 1), hi.component(element, 2));
            if !DIAGNOSIS_QUALIFIERS.contains(&qualifier) {
                // Other kinds of HI (anesthesia, conditions) stand in segments of their own.
                let others = [&b"BP"[..], b"BO", b"BG"];
                if !hi.element(element).is_empty() && !others.contains(&qualifier) {
                    let what = "the qualifier must be ABK or ABF";
                    problems.add(DiagnosisKind, hi.place_of(element, 1), what);
                }
                continue;
            }
            let place = hi.place_of(element, 2);
            if matches!(qualifier, b"ABK" | b"BK") != open.diagnoses.is_empty() {
                let what = "the first diagnosis, and no other, is the principal one (ABK)";
                problems.add(DiagnosisKind, hi.place_of(element, 1), what);
            }
            let ten = matches!(qualifier, b"ABK" | b"ABF");
            let number = Number::new(code);
            if ten && !is_icd_10(code) {
                problems.add(
                    DiagnosisKind,
                    place,
                    "an ICD-10-CM code, capitals, without its point",
                );
            } else if open.diagnoses.contains(&number) {
                problems.add(DiagnosisKind, place, "the claim has this diagnosis already");
            }
            open.diagnoses.push(number);
        }
    }

    fn reference(&mut self, reference: &Segment<'_>, problems: &mut Problems) {
        let Some(open) = &mut self.open else { return };
        match reference.element(1) {
            b"F8"
                if !open.other_payer
                    && open.lines == 0
                    && !open.needs_original
                    && open.original =>
            {
                let what = "an original claim (frequency 1) names no earlier one";
                problems.add(OriginalReference, reference.place_of(1, 0), what);
            }
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
        let most = u64::try_from(open.diagnoses.len()).unwrap_or(u64::MAX);
        let mut pointers = 0;
        let mut seen = Vec::new();
        for (ordinal, pointer) in (1..).zip(sv1.components(7)) {
            pointers += 1;
            if !digits(pointer).is_some_and(|p| (1..=most).contains(&p)) {
                let what = format!("a pointer must be from 1 to {most}");
                problems.add(Pointer, sv1.place_of(7, ordinal), what);
            } else if seen.contains(&pointer) {
                problems.add(Pointer, sv1.place_of(7, ordinal), "the line points there already");
            }
            seen.push(pointer);
        }
        if pointers > MAX_POINTERS {
            problems.add(Pointer, sv1.place_of(7, 0), "a line has at most four pointers");
        }
    }
}

/// The stored form of a [`Diagnosis`](crate::domain::codes::Diagnosis): capitals, no point.
fn is_icd_10(code: &[u8]) -> bool {
    let tail = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    (3..=7).contains(&code.len())
        && matches!(code, [b'A'..=b'Z', b'0'..=b'9', rest @ ..] if rest.iter().all(tail))
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

fn name(nm1: &Segment<'_>, levels: &Levels, problems: &mut Problems) {
    let in_billing = levels.at_billing_provider();
    if nm1.element(1) == b"87" && !in_billing {
        problems.add(Structure, nm1.place(), "the pay-to address belongs to the HL of 20");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::codes::Diagnosis as Stored;

    #[test]
    fn a_diagnosis_is_what_the_domain_stores() {
        for code in [
            "F1120",
            "F329",
            "Z59",
            "F11.20",
            "f1120",
            " F329",
            "F3",
            "F",
            "",
            "1120",
            "FF29",
            "F11200000",
            "F1120XA",
            "F1120XAB",
            "F1-20",
            "A\u{e9}9",
        ] {
            let stored = Stored::parse(code).is_ok_and(|stored| stored.as_str() == code);
            assert_eq!(is_icd_10(code.as_bytes()), stored, "{code:?}");
        }
    }
}
