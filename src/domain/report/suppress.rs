//! Small cells: counts of 1 to 10 people are hidden, and with them as many others as it takes that nobody
//! works them out from what is shown (`docs/adr/0101`).
//!
//! Cells are tied by sums: a cell is the sum of its parts, in one partition or in several. What is shown
//! bounds what is hidden; a hidden cell whose bounds lie close is no secret, so another one is hidden too,
//! until all bounds are wide. Zero is shown: nobody is behind it.

/// Most people that a hidden cell may be of: counts of 1 to 10 are never told.
pub const SMALL: i64 = 10;
/// The least distance between the bounds of a hidden cell.
pub const WIDTH: i64 = SMALL + 1;
/// A bound that is none: above every count there is.
const OPEN: i64 = 1 << 60;

/// A cell that is the sum of others, by their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// The whole.
    pub whole: usize,
    /// Its parts.
    pub parts: Vec<usize>,
}

impl Sum {
    fn cells(&self) -> impl Iterator<Item = usize> + '_ {
        std::iter::once(self.whole).chain(self.parts.iter().copied())
    }
}

fn at<T: Copy + Default>(list: &[T], place: usize) -> T {
    list.get(place).copied().unwrap_or_default()
}

/// Which cells are hidden: small ones, those of `before`, and others with them.
pub fn hidden(values: &[i64], sums: &[Sum], before: &[bool]) -> Vec<bool> {
    let small = |value: i64| (1..=SMALL).contains(&value);
    let mut hidden: Vec<bool> = values
        .iter()
        .enumerate()
        .map(|(place, value)| small(*value) || (at(before, place) && *value != 0))
        .collect();
    // What is left of a whole is a count of people, too.
    for sum in sums {
        for part in &sum.parts {
            if at(values, *part) > 0
                && small(at(values, sum.whole) - at(values, *part))
                && let Some(hide) = hidden.get_mut(*part)
            {
                *hide = true;
            }
        }
    }
    while let Some(place) = narrow(values, sums, &hidden) {
        let Some(next) = next(values, sums, &hidden, place) else { break };
        if let Some(hide) = hidden.get_mut(next) {
            *hide = true;
        }
    }
    hidden
}

/// A hidden cell that is known too well.
fn narrow(values: &[i64], sums: &[Sum], hidden: &[bool]) -> Option<usize> {
    let bounds = bounds(values, sums, hidden);
    let is = |(place, (low, high)): (usize, (i64, i64))| {
        (at(hidden, place) && high - low < WIDTH).then_some(place)
    };
    bounds.into_iter().enumerate().find_map(is)
}

/// The smallest shown cell of the sums that the cell is in, or else of any sum with hidden cells.
fn next(values: &[i64], sums: &[Sum], hidden: &[bool], place: usize) -> Option<usize> {
    let smallest = |of: &dyn Fn(&&Sum) -> bool| {
        let cells = sums.iter().filter(of).flat_map(Sum::cells);
        let shown = cells.filter(|cell| !at(hidden, *cell) && at(values, *cell) > 0);
        shown.min_by_key(|cell| (at(values, *cell), *cell))
    };
    let of_cell = |sum: &&Sum| sum.cells().any(|cell| cell == place);
    let of_hidden = |sum: &&Sum| sum.cells().any(|cell| at(hidden, cell));
    smallest(&of_cell).or_else(|| smallest(&of_hidden))
}

/// The least and the most that each cell can be, as far as the shown ones and the sums tell. A hidden one
/// is at least 1: a zero would be shown.
pub fn bounds(values: &[i64], sums: &[Sum], hidden: &[bool]) -> Vec<(i64, i64)> {
    let mut bounds: Vec<(i64, i64)> = values
        .iter()
        .enumerate()
        .map(|(place, value)| if at(hidden, place) { (1, OPEN) } else { (*value, *value) })
        .collect();
    loop {
        let mut moved = false;
        for sum in sums {
            // The parts together: at least, at most, and how many have no upper bound.
            let (mut least, mut most, mut open) = (0, 0, 0);
            for part in &sum.parts {
                let (low, high) = at(&bounds, *part);
                least += low;
                if high >= OPEN { open += 1 } else { most += high }
            }
            let whole = at(&bounds, sum.whole);
            moved |= tighten(&mut bounds, sum.whole, least, if open > 0 { OPEN } else { most });
            for part in &sum.parts {
                let (low, high) = at(&bounds, *part);
                let own_open = i64::from(high >= OPEN);
                let others_most =
                    if open > own_open { OPEN } else { most - if own_open > 0 { 0 } else { high } };
                let high = if whole.1 >= OPEN { OPEN } else { whole.1 - (least - low) };
                let low = if others_most >= OPEN { 0 } else { whole.0 - others_most };
                moved |= tighten(&mut bounds, *part, low, high);
            }
        }
        if !moved {
            return bounds;
        }
    }
}

fn tighten(bounds: &mut [(i64, i64)], place: usize, low: i64, high: i64) -> bool {
    let Some((l, h)) = bounds.get_mut(place) else { return false };
    let (low, high) = (low.max(*l), high.min(*h));
    let moved = low <= high && (low, high) != (*l, *h);
    if moved {
        (*l, *h) = (low, high);
    }
    moved
}

/// Whether another issue may stand beside one before: every number that both tell, and every group of
/// people of whom only the number together can be worked out, is the same or moved by more than a few.
///
/// A cell that either of them hides has moved by what nobody knows. Of a shown whole those cells together
/// moved by what the whole did and its other parts did not. Below a hidden whole nothing may move that
/// both tell: it could be taken from the group that the whole is in, and the rest of it be few.
pub fn may_follow(before: (&[i64], &[bool]), after: (&[i64], &[bool]), sums: &[Sum]) -> bool {
    let few = |difference: i64| (1..=SMALL).contains(&difference.abs());
    let is_hidden = |place: usize| at(before.1, place) || at(after.1, place);
    let moved = |place: usize| at(after.0, place) - at(before.0, place);
    let told_by = |sum: &Sum| -> Vec<i64> {
        let parts = sum.parts.iter().filter(|part| !is_hidden(**part));
        parts.map(|part| moved(*part)).collect()
    };
    let cells = (0..after.0.len()).filter(|place| !is_hidden(*place));
    !cells.map(moved).any(few)
        && sums.iter().all(|sum| {
            let told = told_by(sum);
            if is_hidden(sum.whole) {
                told.iter().all(|by| *by == 0)
            } else {
                !few(moved(sum.whole) - told.iter().sum::<i64>())
            }
        })
}

#[cfg(test)]
#[path = "suppress_tests.rs"]
mod tests;
