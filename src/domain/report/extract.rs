//! Our claim lines beside a payer's own: what is in both, only here, only there, and what differs.
//!
//! Lines are matched by the numbers that we gave them and the payer echoes: of the claim (CLM01) and of
//! the line (REF*6R). Numbers are text; a zero in front is a part of them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

/// Most units of a line: SV104 holds eight digits before the point, so no claim line has more, and the sums
/// of a whole extract stay far below what a number can hold.
pub const MAX_UNITS: i64 = 99_999_999;

/// A claim line, of either side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// CLM01.
    pub claim: String,
    /// The payer's number of the claim, where it is known.
    pub payer_claim: Option<String>,
    /// REF*6R.
    pub control: String,
    /// Date of service.
    pub date: NaiveDate,
    /// Units.
    pub units: i64,
    /// Cents charged.
    pub charge: i64,
}

/// Where a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// On both sides.
    Both,
    /// Here, and not in the extract.
    OnlyHere,
    /// In the extract, and not here.
    OnlyThere,
}

/// A line that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where it is.
    pub place: Place,
    /// Its claim's number.
    pub claim: String,
    /// Its own number.
    pub control: String,
    /// As we have it.
    pub here: Option<Line>,
    /// As the extract has it.
    pub there: Option<Line>,
}

impl Difference {
    /// The fields in which both sides differ.
    pub fn fields(&self) -> Vec<&'static str> {
        let (Some(here), Some(there)) = (&self.here, &self.there) else { return Vec::new() };
        let payer_claims = here.payer_claim.as_ref().zip(there.payer_claim.as_ref());
        [
            (here.date != there.date, "service_date"),
            (here.units != there.units, "units"),
            (here.charge != there.charge, "charge"),
            (payer_claims.is_some_and(|(a, b)| a != b), "payer_claim"),
        ]
        .into_iter()
        .filter_map(|(differs, name)| differs.then_some(name))
        .collect()
    }
}

/// Lines, units and cents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Lines.
    pub lines: i64,
    /// Units.
    pub units: i64,
    /// Cents charged.
    pub charge: i64,
}

impl Sums {
    /// Adds a line.
    pub fn add(&mut self, line: &Line) {
        self.lines += 1;
        self.units = self.units.saturating_add(line.units);
        self.charge = self.charge.saturating_add(line.charge);
    }
}

/// Both sides side by side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// All of ours of the period.
    pub here: Sums,
    /// Ours of other days that the extract has in the period.
    pub elsewhere: Sums,
    /// All of theirs.
    pub there: Sums,
    /// Ours that are in both.
    pub both_here: Sums,
    /// Theirs that are in both.
    pub both_there: Sums,
    /// Ours alone.
    pub only_here: Sums,
    /// Theirs alone.
    pub only_there: Sums,
    /// Lines in both that differ.
    pub differing: i64,
    /// Every line that is not the same, by claim and line number.
    pub differences: Vec<Difference>,
}

type Key = (String, String);

/// The numbers that a side has twice: nothing can be compared by them.
pub fn twice(lines: &[Line]) -> Vec<usize> {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut again = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        if seen.insert((&line.claim, &line.control), place).is_some() {
            again.push(place);
        }
    }
    again
}

/// Compares our lines of a period, and those `elsewhere`, of other days, that the extract has by their
/// numbers, with theirs; each side has a number once.
pub fn compare(here: Vec<Line>, elsewhere: Vec<Line>, there: Vec<Line>) -> Comparison {
    let mut all: BTreeMap<Key, (Option<Line>, Option<Line>)> = BTreeMap::new();
    let key = |line: &Line| (line.claim.clone(), line.control.clone());
    let mut out = Comparison::default();
    for line in &here {
        out.here.add(line);
    }
    for line in &elsewhere {
        out.elsewhere.add(line);
    }
    for line in here.into_iter().chain(elsewhere) {
        let place = all.entry(key(&line)).or_default();
        place.0 = Some(line);
    }
    for line in there {
        let place = all.entry(key(&line)).or_default();
        place.1 = Some(line);
    }
    for ((claim, control), (here, there)) in all {
        if let Some(line) = &there {
            out.there.add(line);
        }
        let place = match (&here, &there) {
            (Some(ours), Some(theirs)) => {
                out.both_here.add(ours);
                out.both_there.add(theirs);
                Place::Both
            }
            (Some(ours), None) => {
                out.only_here.add(ours);
                Place::OnlyHere
            }
            (None, theirs) => {
                if let Some(line) = theirs {
                    out.only_there.add(line);
                }
                Place::OnlyThere
            }
        };
        let difference = Difference { place, claim, control, here, there };
        if place == Place::Both {
            if difference.fields().is_empty() {
                continue;
            }
            out.differing += 1;
        }
        out.differences.push(difference);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::dates::parse_date;

    fn line(claim: usize, control: usize, units: i64, charge: i64) -> Line {
        Line {
            claim: format!("C{claim}"),
            payer_claim: None,
            control: format!("0{control}"),
            date: parse_date("2026-07-01").unwrap(),
            units,
            charge,
        }
    }

    #[test]
    fn each_line_is_in_its_place() {
        let here = vec![line(1, 1, 4, 900), line(1, 2, 4, 900), line(2, 1, 2, 450)];
        let mut late = line(2, 1, 2, 450);
        late.date = parse_date("2026-07-02").unwrap();
        let there = vec![line(1, 1, 4, 900), late, line(3, 1, 1, 225)];
        let told = compare(here, Vec::new(), there);
        let places: Vec<_> = told.differences.iter().map(|d| (d.place, d.fields())).collect();
        assert_eq!(
            places,
            [
                (Place::OnlyHere, vec![]),
                (Place::Both, vec!["service_date"]),
                (Place::OnlyThere, vec![]),
            ]
        );
        assert_eq!(told.differing, 1);
        // A zero in front is a part of the number.
        let mut bare = line(1, 1, 4, 900);
        bare.control = "1".to_owned();
        assert_eq!(compare(vec![line(1, 1, 4, 900)], Vec::new(), vec![bare]).differences.len(), 2);
    }

    #[test]
    fn a_line_of_another_day_is_matched_and_leads_to_their_sum() {
        let mut other = line(1, 1, 4, 900);
        other.date = parse_date("2026-06-30").unwrap();
        let told = compare(vec![line(2, 1, 2, 450)], vec![other], vec![line(1, 1, 4, 900)]);
        let places: Vec<_> = told.differences.iter().map(|d| (d.place, d.fields())).collect();
        assert_eq!(places, [(Place::Both, vec!["service_date"]), (Place::OnlyHere, vec![])]);
        let sums = |lines, units, charge| Sums { lines, units, charge };
        assert_eq!((told.here, told.elsewhere), (sums(1, 2, 450), sums(1, 4, 900)));
        assert_eq!((told.both_here, told.there), (sums(1, 4, 900), sums(1, 4, 900)));
    }

    #[test]
    fn sums_beyond_all_numbers_do_not_wrap() {
        let there = vec![line(1, 1, i64::MAX, i64::MAX), line(1, 2, 1, 1)];
        let told = compare(Vec::new(), Vec::new(), there);
        assert_eq!(told.only_there, Sums { lines: 2, units: i64::MAX, charge: i64::MAX });
    }

    fn side() -> impl Strategy<Value = Vec<Line>> {
        let one = (0usize..4, 0usize..4, 0i64..5, 0i64..1_000);
        proptest::collection::vec(one, 0..14).prop_map(|list| {
            let mut lines: Vec<Line> =
                list.into_iter().map(|(c, l, u, m)| line(c, l, u, m)).collect();
            let again = twice(&lines);
            let mut place = 0;
            lines.retain(|_| {
                place += 1;
                !again.contains(&(place - 1))
            });
            lines
        })
    }

    proptest! {
        /// Line by line, the slow way; and the chain from one side's sum to the other's.
        #[test]
        fn nothing_is_lost_between_the_sides(here in side(), there in side()) {
            let told = compare(here.clone(), Vec::new(), there.clone());
            let find = |list: &[Line], of: &Line| list.iter()
                .find(|l| l.claim == of.claim && l.control == of.control).cloned();
            let only_here = here.iter().filter(|l| find(&there, l).is_none()).count();
            let only_there = there.iter().filter(|l| find(&here, l).is_none()).count();
            let differing = here.iter()
                .filter(|l| find(&there, l).is_some_and(|o| o.units != l.units || o.charge != l.charge))
                .count();
            let count = |place| told.differences.iter().filter(|d| d.place == place).count();
            prop_assert_eq!(count(Place::OnlyHere), only_here);
            prop_assert_eq!(count(Place::OnlyThere), only_there);
            prop_assert_eq!(count(Place::Both), differing);
            let chain = told.here.charge - told.only_here.charge
                - (told.both_here.charge - told.both_there.charge) + told.only_there.charge;
            prop_assert_eq!(chain, told.there.charge);
            prop_assert_eq!(told.both_here.lines, told.both_there.lines);
        }
    }
}
