//! An attacker who has everything that was published, and tries every table that fits it.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

/// Counts that the attacker tries: bits 0 to 127.
type Set = u128;
const MOST: u32 = 127;
/// Hidden cells of which every group is tried, and how large groups are where more are hidden.
const FEW_CELLS: usize = 12;
const MOST_TOGETHER: u32 = 6;

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
            prop_assert!(!hidden[place] || *value != 0, "nobody is behind {place}");
        }
        width(&town, &hidden)?;
        for group in town.groups(&hidden) {
            let people: i64 = group.iter().map(|place| town.values[*place]).sum();
            prop_assert!(people > SMALL, "{people} of {group:?}");
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

    /// Issue after issue, with people coming and going: an attacker who has kept all of them, and combines
    /// any two, finds no group of few people, neither in one issue nor by what moved between two.
    #[test]
    fn restatements_tell_of_no_few(
        town in town(),
        later in proptest::collection::vec(proptest::collection::vec(change(), 1..5), 1..5),
    ) {
        let first = hidden(&town.values, &town.sums, &[]);
        let mut told = vec![(town.values.clone(), first)];
        let mut now = town.clone();
        for changes in later {
            for change in &changes {
                now.apply(change);
            }
            let (newest, hid) = told.last().unwrap();
            let next = hidden(&now.values, &now.sums, hid);
            let may = |(values, hid): &(Vec<i64>, Vec<bool>)| {
                may_follow((values, hid), (&now.values, &next), &now.sums)
            };
            if !told.iter().all(may) {
                continue;
            }
            for (place, cell) in now.values.iter().enumerate() {
                prop_assert!(!hid[place] || *cell == 0 || next[place], "what was hidden stays hidden");
            }
            prop_assert_eq!(newest.len(), now.values.len());
            width(&now, &next)?;
            told.push((now.values.clone(), next));
        }
        let mut groups: HashMap<Vec<bool>, Vec<Vec<usize>>> = HashMap::new();
        let mut groups = |hid: &Vec<bool>| groups.entry(hid.clone()).or_insert_with(|| now.groups(hid)).clone();
        for (n, (values, hid)) in told.iter().enumerate() {
            for group in groups(hid) {
                let people: i64 = group.iter().map(|place| values[*place]).sum();
                prop_assert!(!(1..=SMALL).contains(&people), "{people} of {group:?}");
            }
            for (before, was_hidden) in &told[..n] {
                let either: Vec<bool> = hid.iter().zip(was_hidden).map(|(a, b)| *a || *b).collect();
                let shown = (0..values.len()).filter(|place| !either[*place]).map(|place| vec![place]);
                for group in groups(&either).into_iter().chain(shown) {
                    let moved: i64 = group.iter().map(|place| values[*place] - before[*place]).sum();
                    prop_assert!(!(1..=SMALL).contains(&moved.abs()), "{moved} of {group:?} between two issues");
                }
            }
        }
    }
}

#[test]
fn an_attacker_who_is_told_too_much_finds_it() {
    // The attacker of the test above is no straw man. Two organizations of 30 and 40, whose totals are
    // hidden; of the first a cell of 25 is shown: the rest of it and the other one are 45 together.
    let sum = |whole, parts: &[usize]| Sum { whole, parts: parts.to_vec() };
    let sums = vec![sum(1, &[4, 5]), sum(1, &[6]), sum(0, &[1, 2, 3])];
    let town = Town { values: vec![170, 30, 40, 100, 25, 5, 30], sums };
    let hid = [false, true, true, false, false, true, true];
    let groups = town.groups(&hid);
    assert!(groups.contains(&vec![1, 2]) && groups.contains(&vec![2, 5]), "{groups:?}");
    // Twenty more in both, fifteen of them in the cell that is shown: the five that are left are told.
    let later = [190, 50, 40, 100, 40, 10, 50];
    assert!(!may_follow((&town.values, &hid), (&later, &hid), &town.sums));
    // A cell that is hidden from now on was known before: what it was does not cover what is new.
    let one = [sum(0, &[1, 2, 3, 4])];
    let (old, new) = ([95, 30, 40, 5, 20], [125, 55, 9, 35, 26]);
    let (was, is) = ([false, false, false, true, true], [false, false, true, true, true]);
    assert!(!may_follow((&old, &was), (&new, &is), &one), "seventy of whom sixty-five were known");
    assert!(may_follow((&old, &was), (&[131, 55, 9, 41, 26], &is), &one), "eleven more are no few");
}

/// What happens between two issues: people come to a cell of each cut, or move between two of one cut.
#[derive(Debug, Clone)]
enum Change {
    Come { which: usize, by: i64 },
    Move { which: usize, by: i64 },
}

fn change() -> impl Strategy<Value = Change> {
    let by = || prop_oneof![2 => -40i64..60, 1 => -3i64..4, 2 => proptest::sample::select(vec![11i64, 12, 15, 20, -11, -15])];
    prop_oneof![
        3 => (0usize..60, by()).prop_map(|(which, by)| Change::Come { which, by }),
        1 => (0usize..60, by()).prop_map(|(which, by)| Change::Move { which, by }),
    ]
}

impl Town {
    fn apply(&mut self, change: &Change) {
        let (total, rest) = self.sums.split_last().unwrap();
        let (which, by) = match change {
            Change::Come { which, by } | Change::Move { which, by } => (*which, *by),
        };
        let organization = total.parts[which % total.parts.len()];
        let cuts: Vec<&Sum> = rest.iter().filter(|s| s.whole == organization).collect();
        let pick = |sum: &Sum, n: usize| sum.parts[n % sum.parts.len()];
        match change {
            Change::Come { .. } => {
                let picks: Vec<usize> = cuts.iter().map(|sum| pick(sum, which / 2)).collect();
                let by = picks.iter().fold(by, |by, place| by.max(-self.values[*place]));
                for place in picks.into_iter().chain([organization, 0]) {
                    self.values[place] += by;
                }
            }
            Change::Move { .. } => {
                let (from, to) =
                    (pick(cuts[which % 2], which / 2), pick(cuts[which % 2], which / 3));
                let by = by.clamp(-self.values[to], self.values[from]);
                self.values[from] -= by;
                self.values[to] += by;
            }
        }
    }

    /// Groups of people of whom an attacker can work out how many they are, or how many more they became,
    /// from the shown cells: cells with no person in common, and as few of them as it takes. Found by linear
    /// algebra: a group is worked out if every change of the hidden cells that fits all sums leaves its sum
    /// as it is.
    fn groups(&self, hidden: &[bool]) -> Vec<Vec<usize>> {
        let places: Vec<usize> = (0..hidden.len()).filter(|place| hidden[*place]).collect();
        let free = kernel(&self.sums, &places);
        let mut found: Vec<u32> = Vec::new();
        for set in 1u32..1 << places.len() {
            // Of many hidden cells no group of nearly all of them is looked at: time is short.
            if places.len() > FEW_CELLS && set.count_ones() > MOST_TOGETHER {
                continue;
            }
            if found.iter().any(|smaller| set & smaller == *smaller) {
                continue;
            }
            let is_in = |n: usize| set >> n & 1 == 1;
            let fixed = |change: &Vec<i64>| {
                (0..places.len()).filter(|n| is_in(*n)).map(|n| change[n]).sum::<i64>() == 0
            };
            if free.iter().all(fixed) && self.apart(&places, &is_in) {
                found.push(set);
            }
        }
        let members = |set: u32| {
            places.iter().enumerate().filter(move |(n, _)| set >> n & 1 == 1).map(|(_, p)| *p)
        };
        found.into_iter().map(|set| members(set).collect()).collect()
    }

    /// Whether no person is in two of the cells: none below another, and of one organization one cut.
    fn apart(&self, places: &[usize], is_in: &dyn Fn(usize) -> bool) -> bool {
        let has = |place: usize| places.iter().position(|p| *p == place).is_some_and(is_in);
        let below = |sum: &Sum| sum.parts.iter().any(|part| has(*part));
        self.sums.iter().enumerate().all(|(n, sum)| {
            let others = self.sums.iter().skip(n + 1).filter(|other| other.whole == sum.whole);
            let twice = below(sum) && (has(sum.whole) || others.clone().any(below));
            let deep = has(sum.whole)
                && sum
                    .parts
                    .iter()
                    .any(|part| self.sums.iter().any(|lower| lower.whole == *part && below(lower)));
            !twice && !deep
        })
    }
}

/// The changes of hidden cells that no sum shows: a basis, by elimination. All numbers stay small.
fn kernel(sums: &[Sum], places: &[usize]) -> Vec<Vec<i64>> {
    let of = |sum: &Sum, place: usize| {
        i64::from(sum.parts.contains(&place)) - i64::from(sum.whole == place)
    };
    let mut rows: Vec<Vec<i64>> =
        sums.iter().map(|sum| places.iter().map(|p| of(sum, *p)).collect()).collect();
    let mut pivots: Vec<usize> = Vec::new();
    for column in 0..places.len() {
        let Some(at) = (pivots.len()..rows.len()).find(|row| rows[*row][column] != 0) else {
            continue;
        };
        rows.swap(pivots.len(), at);
        let pivot = rows[pivots.len()].clone();
        for (n, row) in rows.iter_mut().enumerate() {
            if n != pivots.len() && row[column] != 0 {
                let (own, other) = (pivot[column], row[column]);
                row.iter_mut().zip(&pivot).for_each(|(cell, p)| *cell = *cell * own - p * other);
            }
        }
        pivots.push(column);
    }
    let free = (0..places.len()).filter(|column| !pivots.contains(column));
    free.map(|column| {
        let scale: i64 = pivots.iter().enumerate().map(|(n, p)| rows[n][*p].abs()).product();
        let mut change = vec![0; places.len()];
        change[column] = scale;
        for (n, p) in pivots.iter().enumerate() {
            change[*p] = -rows[n][column] * scale / rows[n][*p];
        }
        change
    })
    .collect()
}

/// Nothing hidden is known within eleven, as far as the attacker tries.
fn width(town: &Town, hidden: &[bool]) -> Result<(), TestCaseError> {
    if town.values[0] > i64::from(MOST) - WIDTH {
        return Ok(());
    }
    for (place, value) in town.values.iter().enumerate().filter(|(place, _)| hidden[*place]) {
        prop_assert!(fits(town, hidden, (place, *value)), "the truth fits");
        let tried = (1..i64::from(MOST)).filter(|tried| fits(town, hidden, (place, *tried)));
        let (mut least, mut most) = (i64::MAX, i64::MIN);
        for tried in tried {
            (least, most) = (least.min(tried), most.max(tried));
            if most - least >= WIDTH {
                break;
            }
        }
        prop_assert!(most - least >= WIDTH, "{place} of {value} is between {least} and {most}");
    }
    Ok(())
}
