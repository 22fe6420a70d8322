//! Cells as values: numbers, names of parents, and faults put together.

use crate::domain::text::Invalid;
use crate::error::Fault;
use crate::flow::table::Cells;

/// A whole number; a cell that is none is told at `pointer`.
pub(super) fn number<T: std::str::FromStr>(
    cells: &Cells,
    column: &str,
    pointer: &str,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let text = cells.get(column)?;
    let shaped = text.bytes().all(|b| b.is_ascii_digit());
    let value = shaped.then(|| text.parse().ok()).flatten();
    if value.is_none() {
        faults.push(Fault::at(pointer, "write a whole number of a fitting size"));
    }
    value
}

/// The name of the thing that the row is a part of.
pub(super) fn parent<T>(
    cells: &Cells,
    column: &str,
    parse: impl Fn(&str) -> Result<T, Invalid>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let rule = match cells.get(column).as_deref().map(parse) {
        Some(Ok(value)) => return Some(value),
        Some(Err(rule)) => rule.0,
        None => "this field is missing".to_owned(),
    };
    faults.push(Fault::at(format!("/{column}"), rule));
    None
}

/// A row's part with the name of its whole, or what is wrong with either.
pub(super) fn with_parent<P, T>(
    parent: Option<P>,
    parsed: Result<T, Vec<Fault>>,
    faults: Vec<Fault>,
) -> Result<(P, T), Vec<Fault>> {
    match (parent, joined(parsed, faults)) {
        (Some(parent), Ok(value)) => Ok((parent, value)),
        (_, Err(faults)) => Err(faults),
        (None, Ok(_)) => Err(Vec::new()),
    }
}

/// The parsed row, or what is wrong with it and with cells that were read before it.
pub(super) fn joined<T>(
    parsed: Result<T, Vec<Fault>>,
    mut faults: Vec<Fault>,
) -> Result<T, Vec<Fault>> {
    match parsed {
        Ok(value) if faults.is_empty() => Ok(value),
        Ok(_) => Err(faults),
        Err(more) => {
            faults.extend(more);
            Err(faults)
        }
    }
}
