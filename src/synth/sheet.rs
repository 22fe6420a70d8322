//! Files of the folder: CSV that begins a new file before it becomes too long for one import.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use super::SynthError;

/// Most rows of one file of reference data that an import takes.
pub const MAX_ROWS: u64 = 200_000;

/// A file in the folder, with a name for the case that it cannot be written.
pub fn create(path: &Path) -> Result<BufWriter<File>, SynthError> {
    File::create(path).map(BufWriter::new).map_err(|e| SynthError::file(path, &e))
}

/// CSV in files of at most [`MAX_ROWS`] rows: `members.csv`, `members-2.csv`, …
#[derive(Debug)]
pub struct Sheet {
    folder: PathBuf,
    name: &'static str,
    columns: &'static [&'static str],
    part: u64,
    rows: u64,
    most: u64,
    out: csv::Writer<File>,
}

impl Sheet {
    /// Begins the first file.
    pub fn begin(
        folder: &Path,
        name: &'static str,
        columns: &'static [&'static str],
    ) -> Result<Self, SynthError> {
        Self::with_most(folder, name, columns, MAX_ROWS)
    }

    fn with_most(
        folder: &Path,
        name: &'static str,
        columns: &'static [&'static str],
        most: u64,
    ) -> Result<Self, SynthError> {
        let out = open(folder, name, 1, columns)?;
        Ok(Self { folder: folder.to_owned(), name, columns, part: 1, rows: 0, most, out })
    }

    /// Writes a row.
    pub fn row(&mut self, cells: &[&str]) -> Result<(), SynthError> {
        if self.rows == self.most {
            self.out.flush()?;
            self.part += 1;
            self.rows = 0;
            self.out = open(&self.folder, self.name, self.part, self.columns)?;
        }
        self.rows += 1;
        Ok(self.out.write_record(cells)?)
    }

    /// Writes what is still in memory.
    pub fn end(mut self) -> Result<(), SynthError> {
        Ok(self.out.flush()?)
    }
}

fn open(
    folder: &Path,
    name: &str,
    part: u64,
    columns: &[&str],
) -> Result<csv::Writer<File>, SynthError> {
    let name = if part == 1 { format!("{name}.csv") } else { format!("{name}-{part}.csv") };
    let path = folder.join(name);
    let file = File::create(&path).map_err(|e| SynthError::file(&path, &e))?;
    let mut out = csv::Writer::from_writer(file);
    out.write_record(columns)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sheet_goes_on_in_another_file() {
        let dir = tempfile::tempdir().unwrap();
        let mut sheet = Sheet::with_most(dir.path(), "people", &["a", "b"], 2).unwrap();
        for number in 1..=5 {
            sheet.row(&[&number.to_string(), "x, y"]).unwrap();
        }
        sheet.end().unwrap();
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(read("people.csv"), "a,b\n1,\"x, y\"\n2,\"x, y\"\n");
        assert_eq!(read("people-3.csv"), "a,b\n5,\"x, y\"\n");
    }
}
