//! A zip with few files, written in memory: the container of a workbook. The same files give the same
//! bytes: there is no time in it.

use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use crate::error::AppError;

/// The first of January 1980, the first day that a zip can name.
const NO_DAY: u16 = 0x21;
/// Deflated, version 2.0 of the format.
const VERSION: u16 = 20;
const DEFLATED: u16 = 8;
/// Names are UTF-8.
const UTF8: u16 = 1 << 11;

/// A zip in the making.
#[derive(Debug, Default)]
pub struct Zip {
    out: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

fn too_large() -> AppError {
    AppError::internal("a workbook is larger than a zip may be")
}

impl Zip {
    /// Adds a file.
    pub fn add(&mut self, name: &str, content: &[u8]) -> Result<(), AppError> {
        let failed = |e: std::io::Error| AppError::internal(e.to_string());
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
        deflate.write_all(content).map_err(failed)?;
        let packed = deflate.finish().map_err(failed)?;
        let mut crc = Crc::new();
        crc.update(content);
        let size = |bytes: usize| u32::try_from(bytes).map_err(|_| too_large());
        let mut head = Vec::new();
        for number in [VERSION, UTF8, DEFLATED, 0, NO_DAY] {
            head.extend_from_slice(&number.to_le_bytes());
        }
        for number in [crc.sum(), size(packed.len())?, size(content.len())?] {
            head.extend_from_slice(&number.to_le_bytes());
        }
        let length = u16::try_from(name.len()).map_err(|_| too_large())?;
        head.extend_from_slice(&length.to_le_bytes());
        head.extend_from_slice(&0u16.to_le_bytes());
        let place = size(self.out.len())?;
        self.out.extend_from_slice(b"PK\x03\x04");
        self.out.extend_from_slice(&head);
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(&packed);
        self.directory.extend_from_slice(b"PK\x01\x02");
        self.directory.extend_from_slice(&VERSION.to_le_bytes());
        self.directory.extend_from_slice(&head);
        // Comment, disk, attributes: none.
        self.directory.extend_from_slice(&[0; 10]);
        self.directory.extend_from_slice(&place.to_le_bytes());
        self.directory.extend_from_slice(name.as_bytes());
        self.count = self.count.checked_add(1).ok_or_else(too_large)?;
        Ok(())
    }

    /// The whole zip.
    pub fn finish(mut self) -> Result<Vec<u8>, AppError> {
        let size = |bytes: usize| u32::try_from(bytes).map_err(|_| too_large());
        let (place, length) = (size(self.out.len())?, size(self.directory.len())?);
        self.out.append(&mut self.directory);
        self.out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        self.out.extend_from_slice(&self.count.to_le_bytes());
        self.out.extend_from_slice(&self.count.to_le_bytes());
        self.out.extend_from_slice(&length.to_le_bytes());
        self.out.extend_from_slice(&place.to_le_bytes());
        self.out.extend_from_slice(&0u16.to_le_bytes());
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn another_reader_finds_what_was_put_in() {
        let mut zip = Zip::default();
        zip.add("a.xml", b"<a/>").unwrap();
        let long = "x".repeat(100_000);
        zip.add("folder/b.xml", long.as_bytes()).unwrap();
        let bytes = zip.finish().unwrap();
        let archive = rawzip::ZipArchive::from_slice(&bytes).unwrap();
        let mut seen = Vec::new();
        for entry in archive.entries() {
            let entry = entry.unwrap();
            let name = String::from_utf8(entry.file_path().as_ref().to_vec()).unwrap();
            let place = archive.get_entry(entry.wayfinder()).unwrap();
            let mut text = String::new();
            flate2::read::DeflateDecoder::new(place.data()).read_to_string(&mut text).unwrap();
            seen.push((name, text));
        }
        assert_eq!(
            seen,
            [("a.xml".to_owned(), "<a/>".to_owned()), ("folder/b.xml".to_owned(), long)]
        );
    }
}
