//! A CSV that is taken whole or refused whole: so many rows at most, good and bad ones alike, and the first
//! faults told.

use std::io::BufRead;

use crate::error::{AppError, Code, Fault, MAX_FAULTS};
use crate::flow::table::{Cells, Table};

/// What a file of such rows is held to.
pub(super) struct Limits<T> {
    /// Most rows.
    pub most: usize,
    /// What the file is, at the beginning of a sentence.
    pub name: &'static str,
    /// The rows that cannot stand beside an earlier one, by their places.
    pub clashes: fn(&[T]) -> Vec<usize>,
    /// The column of a clash, and what is said of it.
    pub clash: (&'static str, &'static str),
}

/// The first faults of a file, and how many there are.
#[derive(Debug, Default)]
struct Faults {
    first: Vec<Fault>,
    all: usize,
}

impl Faults {
    fn add(&mut self, fault: Fault) {
        self.all += 1;
        if self.first.len() < MAX_FAULTS {
            self.first.push(fault);
        }
    }
}

/// Reads the rows, or tells what is wrong with them by line and column.
pub(super) fn read<T>(
    table: Table<impl BufRead>,
    limits: &Limits<T>,
    row: impl Fn(&Cells) -> Result<T, Vec<Fault>>,
) -> Result<Vec<T>, AppError> {
    let (mut rows, mut lines, mut faults) = (Vec::new(), Vec::new(), Faults::default());
    for (seen, cells) in table.enumerate() {
        if seen >= limits.most {
            let Limits { name, most, .. } = limits;
            let detail = format!("{name} has at most {most} rows; send it month by month.");
            return Err(AppError::new(Code::TooLarge, detail));
        }
        let read = cells.map_err(|fault| vec![fault]);
        match read.and_then(|cells| Ok((cells.line, row(&cells)?))) {
            Ok((line, row)) => {
                lines.push(line);
                rows.push(row);
            }
            Err(more) => {
                for fault in more {
                    faults.add(fault);
                }
            }
        }
    }
    let (column, message) = limits.clash;
    for place in (limits.clashes)(&rows) {
        let line = lines.get(place).copied().unwrap_or_default();
        faults.add(Fault::on_line(line, Some(column), message));
    }
    if faults.all == 0 { Ok(rows) } else { Err(AppError::invalid_of(faults.first, faults.all)) }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn file(rows: usize) -> Result<Vec<u64>, AppError> {
        let text = format!("a\n{}", "x\n".repeat(rows));
        let table = Table::open(Cursor::new(text.into_bytes()), &["a"], &[]).unwrap();
        let limits = Limits {
            most: 250,
            name: "A file",
            clashes: |rows: &[u64]| (1..rows.len()).collect(),
            clash: ("a", "again"),
        };
        // The first row is good, all others are bad in two ways.
        read(table, &limits, |cells| match cells.line {
            2 => Ok(cells.line),
            line => {
                Err(vec![Fault::on_line(line, Some("a"), "bad"), Fault::on_line(line, None, "bad")])
            }
        })
    }

    #[test]
    fn bad_rows_are_counted_and_not_all_kept() {
        assert_eq!(file(1).unwrap(), [2]);
        let refused = file(250).unwrap_err();
        assert_eq!((refused.code, refused.faults.len()), (Code::InvalidInput, MAX_FAULTS));
        assert!(refused.detail.starts_with("498 fields are wrong"), "{}", refused.detail);
        let refused = file(251).unwrap_err();
        assert_eq!((refused.code, refused.faults.len()), (Code::TooLarge, 0));
        assert_eq!(refused.detail, "A file has at most 250 rows; send it month by month.");
    }
}
