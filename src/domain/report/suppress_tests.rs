//! An attacker who has everything that was published, and tries every table that fits it.

use proptest::prelude::*;

use super::*;

/// Counts that the attacker tries: bits 0 to 127.
type Set = u128;
const MOST: u32 = 127;

/// Organizations, each with two partitions of its people.
#[derive(Debug, Clone)]
struct Town {
    values: Vec<i64>,
    sums: Vec<Sum>,
}

/// A total, organizations, and the cells of their two cuts; the second cut is made of the same people.
/// Two of four cells of fifteen are the most: what the attacker tries goes that far.
fn town() -> impl Strategy<Value = Town> {
    let cell = || prop_oneof![3 => 0i64..4, 3 => 1i64..12, 2 => 8i64..16];
    let organization = (proptest::collection::vec(cell(), 2..5), 0i64..20);
    proptest::collection::vec(organization, 1..3).prop_map(|list| {
        let mut values = vec![0];
        let (mut sums, mut organizations) = (Vec::new(), Vec::new());
        for (cells, first) in list {
            let people: i64 = cells.iter().sum();
            let place = values.len();
            organizations.push(place);
            values.push(people);
            let start = values.len();
            values.extend(&cells);
            sums.push(Sum { whole: place, parts: (start..values.len()).collect() });
            let start = values.len();
            let first = first.min(people);
            let second = (people - first) / 3;
            values.extend([first, second, people - first - second]);
            sums.push(Sum { whole: place, parts: (start..values.len()).collect() });
        }
        values[0] = organizations.iter().map(|o| values[*o]).sum();
        sums.push(Sum { whole: 0, parts: organizations });
        Town { values, sums }
    })
}

/// All sums of one of each.
fn plus(a: Set, b: Set) -> Set {
    (0..=MOST).filter(|n| a >> n & 1 == 1).fold(0, |sum, n| sum | b << n)
}

/// What the attacker knows of a cell by itself.
fn known(town: &Town, hidden: &[bool], place: usize, fixed: (usize, i64)) -> Set {
    let value = if place == fixed.0 {
        fixed.1
    } else if hidden[place] {
        return !1;
    } else {
        town.values[place]
    };
    if u32::try_from(value).is_ok_and(|v| v <= MOST) { 1 << value } else { 0 }
}

/// Whether any table fits what is shown when one cell is `fixed`.
fn fits(town: &Town, hidden: &[bool], fixed: (usize, i64)) -> bool {
    let (total, rest) = town.sums.split_last().unwrap();
    let of = |place: usize| -> Set {
        rest.iter().filter(|sum| sum.whole == place).fold(
            known(town, hidden, place, fixed),
            |set, sum| {
                let parts = sum.parts.iter();
                set & parts.fold(1, |all, part| plus(all, known(town, hidden, *part, fixed)))
            },
        )
    };
    let all = total.parts.iter().fold(1, |all, organization| plus(all, of(*organization)));
    known(town, hidden, total.whole, fixed) & all != 0
}

#[test]
fn the_vectors_of_the_specification() {
    // Four counties of 5, 20, 30 and 45: the 5 is small, and the 20 goes with it.
    let sums = [Sum { whole: 0, parts: vec![1, 2, 3, 4] }];
    assert_eq!(hidden(&[100, 5, 20, 30, 45], &sums, &[]), [false, true, true, false, false]);
    // 95 of 100: the five that are left are a count of people.
    let sums = [Sum { whole: 0, parts: vec![1, 2] }];
    assert_eq!(hidden(&[100, 95, 5], &sums, &[]), [false, true, true]);
    // Two small ones bound each other closely: a third is hidden with them.
    let sums = [Sum { whole: 0, parts: vec![1, 2, 3] }];
    assert_eq!(hidden(&[47, 3, 4, 40], &sums, &[]), [false, true, true, true]);
    // Zero may show, and nothing small is nothing to hide.
    assert_eq!(hidden(&[40, 0, 20, 20], &sums, &[]), [false; 4]);
    // Few people in all: nothing of them is shown.
    assert_eq!(hidden(&[9, 4, 5, 0], &sums, &[]), [true, true, true, false]);
    // What was hidden before stays hidden.
    let before = [false, true, false, false];
    assert!(hidden(&[90, 30, 30, 30], &sums, &before)[1]);
}

#[test]
fn an_issue_that_would_tell_of_one_late_person_does_not_follow() {
    let sums = [Sum { whole: 0, parts: vec![1, 2, 3] }];
    let old = [60, 4, 16, 40];
    let hidden_cells = [false, true, true, false];
    let follows = |new: &[i64; 4]| may_follow((&old, &hidden_cells), (new, &hidden_cells), &sums);
    assert!(follows(&old));
    // One more in a shown cell.
    assert!(!follows(&[61, 4, 16, 41]));
    // One more among the hidden: the total tells.
    assert!(!follows(&[61, 5, 16, 40]));
    // Twelve more, eleven of them shown: the one is told by subtraction.
    assert!(!follows(&[72, 5, 16, 51]));
    // A move within the hidden tells nothing.
    assert!(follows(&[60, 5, 15, 40]));
    assert!(follows(&[80, 4, 16, 60]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// No small cell is shown, none is derived, and nothing hidden is known within eleven.
    #[test]
    fn the_attacker_derives_no_small_cell(town in town()) {
        let hidden = hidden(&town.values, &town.sums, &[]);
        for (place, value) in town.values.iter().enumerate() {
            if (1..=SMALL).contains(value) {
                prop_assert!(hidden[place], "{place} is shown");
            }
            if !hidden[place] {
                continue;
            }
            prop_assert!(*value != 0, "nobody is behind {place}");
            prop_assert!(fits(&town, &hidden, (place, *value)), "the truth fits");
            let (mut least, mut most) = (i64::MAX, i64::MIN);
            for tried in 1..i64::from(MOST) {
                if fits(&town, &hidden, (place, tried)) {
                    (least, most) = (least.min(tried), most.max(tried));
                    if most - least >= WIDTH {
                        break;
                    }
                }
            }
            prop_assert!(most - least >= WIDTH, "{place} of {value} is between {least} and {most}");
        }
    }

    /// The bounds that decide are those of the attacker: never wider.
    #[test]
    fn bounds_hold_what_is_true(town in town()) {
        let hidden = hidden(&town.values, &town.sums, &[]);
        for (place, (low, high)) in bounds(&town.values, &town.sums, &hidden).into_iter().enumerate() {
            prop_assert!(low <= town.values[place] && town.values[place] <= high);
        }
    }

    /// Issue after issue, with people coming and going: what may follow never tells of few.
    #[test]
    fn restatements_tell_of_no_few(
        town in town(),
        moves in proptest::collection::vec((0usize..30, -15i64..25), 1..12),
    ) {
        let mut shown = (town.values.clone(), hidden(&town.values, &town.sums, &[]));
        let mut now = town.values.clone();
        for (which, by) in moves {
            // Moves a cell of the first cut and its like in the second, and all above.
            let (total, rest) = town.sums.split_last().unwrap();
            let organization = total.parts[which % total.parts.len()];
            let cuts: Vec<&Sum> = rest.iter().filter(|s| s.whole == organization).collect();
            let picks: Vec<usize> = cuts.iter().map(|s| s.parts[which % s.parts.len()]).collect();
            let by = picks.iter().fold(by, |by, p| by.max(-now[*p]));
            for place in picks.into_iter().chain([organization, 0]) {
                now[place] += by;
            }
            let next = hidden(&now, &town.sums, &shown.1);
            if may_follow((&shown.0, &shown.1), (&now, &next), &town.sums) {
                for (place, cell) in now.iter().enumerate() {
                    if !shown.1[place] && !next[place] {
                        let moved = (cell - shown.0[place]).abs();
                        prop_assert!(moved == 0 || moved > SMALL);
                    }
                    if shown.1[place] && *cell != 0 {
                        prop_assert!(next[place], "what was hidden stays hidden");
                    }
                }
                // Beyond what the attacker tries nothing is said.
                let far = now[0] > i64::from(MOST);
                let later = Town { values: now.clone(), sums: town.sums.clone() };
                for (place, value) in now.iter().enumerate().filter(|(p, _)| next[*p] && !far) {
                    prop_assert!(fits(&later, &next, (place, *value)), "the truth fits");
                    let others = (1..=WIDTH).flat_map(|by| [value - by, value + by]);
                    let other = others.filter(|v| *v > 0).any(|v| fits(&later, &next, (place, v)));
                    prop_assert!(other, "{place} of {value} is known");
                }
                shown = (now.clone(), next);
            }
        }
    }
}
