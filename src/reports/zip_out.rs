//! A zip with few files: the container of a workbook. The same files give the same
//! bytes: there is no time in it.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

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
#[derive(Debug)]
pub struct Zip<W: Write> {
    out: W,
    written: u64,
    directory: Vec<u8>,
    count: u16,
}

fn too_large() -> AppError {
    AppError::internal("a workbook is larger than a zip may be")
}

fn failed(error: io::Error) -> AppError {
    AppError::internal(format!("a workbook cannot be written: {error}"))
}

/// A file that is packed before its place is known, into an unnamed temporary file: it may be longer than
/// memory.
#[derive(Debug)]
pub struct Spooled {
    packed: DeflateEncoder<File>,
    crc: Crc,
    size: u64,
}

impl Spooled {
    /// An empty one.
    pub fn new() -> Result<Self, AppError> {
        let file = tempfile::tempfile().map_err(failed)?;
        let packed = DeflateEncoder::new(file, Compression::default());
        Ok(Self { packed, crc: Crc::new(), size: 0 })
    }

    /// Adds to its end.
    pub fn add(&mut self, text: &str) -> Result<(), AppError> {
        self.crc.update(text.as_bytes());
        self.size += u64::try_from(text.len()).unwrap_or_default();
        self.packed.write_all(text.as_bytes()).map_err(failed)
    }
}

impl<W: Write> Zip<W> {
    /// An empty one.
    pub fn new(out: W) -> Self {
        Self { out, written: 0, directory: Vec::new(), count: 0 }
    }

    /// Adds a file.
    pub fn add(&mut self, name: &str, content: &[u8]) -> Result<(), AppError> {
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
        deflate.write_all(content).map_err(failed)?;
        let packed = deflate.finish().map_err(failed)?;
        let mut crc = Crc::new();
        crc.update(content);
        let sizes = [packed.len(), content.len()].map(|size| u64::try_from(size).ok());
        let [Some(length), Some(size)] = sizes else { return Err(too_large()) };
        self.put(name, (crc.sum(), size), (length, &mut packed.as_slice()))
    }

    /// Adds a file that was packed before.
    pub fn add_spooled(&mut self, name: &str, spooled: Spooled) -> Result<(), AppError> {
        let Spooled { packed, crc, size } = spooled;
        let mut file = packed.finish().map_err(failed)?;
        let length = file.stream_position().map_err(failed)?;
        file.rewind().map_err(failed)?;
        self.put(name, (crc.sum(), size), (length, &mut file))
    }

    fn put(
        &mut self,
        name: &str,
        (crc, content): (u32, u64),
        (length, packed): (u64, &mut impl Read),
    ) -> Result<(), AppError> {
        let size = |bytes: u64| u32::try_from(bytes).map_err(|_| too_large());
        let mut head = Vec::new();
        for number in [VERSION, UTF8, DEFLATED, 0, NO_DAY] {
            head.extend_from_slice(&number.to_le_bytes());
        }
        for number in [crc, size(length)?, size(content)?] {
            head.extend_from_slice(&number.to_le_bytes());
        }
        let letters = u16::try_from(name.len()).map_err(|_| too_large())?;
        head.extend_from_slice(&letters.to_le_bytes());
        head.extend_from_slice(&0u16.to_le_bytes());
        let place = size(self.written)?;
        for part in [b"PK\x03\x04".as_slice(), &head, name.as_bytes()] {
            self.out.write_all(part).map_err(failed)?;
            self.written += u64::try_from(part.len()).unwrap_or_default();
        }
        self.written += io::copy(packed, &mut self.out).map_err(failed)?;
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
    pub fn finish(mut self) -> Result<W, AppError> {
        let place = u32::try_from(self.written).map_err(|_| too_large())?;
        let length = u32::try_from(self.directory.len()).map_err(|_| too_large())?;
        let mut end = std::mem::take(&mut self.directory);
        end.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        end.extend_from_slice(&self.count.to_le_bytes());
        end.extend_from_slice(&self.count.to_le_bytes());
        end.extend_from_slice(&length.to_le_bytes());
        end.extend_from_slice(&place.to_le_bytes());
        end.extend_from_slice(&0u16.to_le_bytes());
        self.out.write_all(&end).map_err(failed)?;
        self.out.flush().map_err(failed)?;
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn another_reader_finds_what_was_put_in() {
        let mut zip = Zip::new(Vec::new());
        zip.add("a.xml", b"<a/>").unwrap();
        let long = "x".repeat(100_000);
        let mut spooled = Spooled::new().unwrap();
        for part in long.as_bytes().chunks(999) {
            spooled.add(std::str::from_utf8(part).unwrap()).unwrap();
        }
        zip.add_spooled("folder/b.xml", spooled).unwrap();
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
