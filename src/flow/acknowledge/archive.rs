//! A zip of response files: one level, of bounded size. It is checked whole before the first of its
//! files is received, so that a bad one does nothing.
//!
//! The sizes that a zip states are not believed: what comes out is counted.

use std::io::{self, Read};

use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipFileHeaderRecord, ZipSliceArchive};

use crate::error::{AppError, Code};

/// How every zip begins.
const MAGIC: &[u8] = b"PK\x03\x04";
/// How a zip without files begins.
const EMPTY: &[u8] = b"PK\x05\x06";
/// Largest zip: it is held in memory. X12 is packed to a tenth or less.
pub const MAX_ZIP_BYTES: u64 = 32 * 1024 * 1024;
/// Most files of a zip: a day of a large clearinghouse has some hundred.
pub const MAX_ENTRIES: usize = 500;
/// Largest file in a zip: it is held in memory, one at a time.
pub const MAX_ENTRY_BYTES: u64 = 64 * 1024 * 1024;
/// Most bytes of all files of a zip.
pub const MAX_TOTAL_BYTES: u64 = 256 * 1024 * 1024;
/// Most bytes that one packed byte may become. X12 reaches some 30; a bomb 1,000.
pub const MAX_RATIO: u64 = 200;
/// A file of less is never a bomb, whatever its ratio.
const SMALL_BYTES: u64 = 1024 * 1024;

/// Whether bytes are a zip, by how they begin.
pub fn is_zip(start: &[u8]) -> bool {
    start.starts_with(MAGIC) || start.starts_with(EMPTY)
}

/// A zip that was checked.
#[derive(Debug)]
pub(super) struct Archive {
    bytes: Vec<u8>,
    files: usize,
}

fn refuse(why: &str) -> AppError {
    let detail = format!("The zip is refused, and nothing of it was kept: {why}.");
    AppError::new(Code::MalformedBody, detail)
}

fn broken() -> AppError {
    refuse("it is damaged; have it sent again")
}

impl Archive {
    /// Checks a zip.
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, AppError> {
        let mut archive = Self { bytes, files: 0 };
        let (mut files, mut total) = (0_usize, 0_u64);
        archive.walk(|zip, entry| {
            let content = content(zip, entry)?;
            files += 1;
            total = total.saturating_add(u64::try_from(content.len()).unwrap_or(u64::MAX));
            if total > MAX_TOTAL_BYTES {
                return Err(refuse("its files are larger than 256 MB together"));
            }
            if is_zip(&content) {
                return Err(refuse("a zip within a zip is not read; unpack it"));
            }
            Ok(())
        })?;
        if files == 0 {
            return Err(refuse("it holds no files"));
        }
        archive.files = files;
        Ok(archive)
    }

    /// The number of its files.
    pub(super) fn len(&self) -> usize {
        self.files
    }

    /// The file with this place: its name and content.
    pub(super) fn file(&self, place: usize) -> Result<(String, Vec<u8>), AppError> {
        let (mut here, mut found) = (0, None);
        self.walk(|zip, entry| {
            if here == place {
                let path = entry.file_path();
                let name = String::from_utf8_lossy(path.as_bytes()).into_owned();
                found = Some((name, content(zip, entry)?));
            }
            here += 1;
            Ok(())
        })?;
        found.ok_or_else(broken)
    }

    /// Shows each file, in the order of the directory; folders and empty files are passed over.
    fn walk(
        &self,
        mut visit: impl FnMut(&Zip<'_>, &ZipFileHeaderRecord<'_>) -> Result<(), AppError>,
    ) -> Result<(), AppError> {
        let zip = ZipArchive::from_slice(self.bytes.as_slice()).map_err(|_| broken())?;
        let mut entries = zip.entries();
        let mut count = 0;
        while let Some(entry) = entries.next_entry().map_err(|_| broken())? {
            count += 1;
            if count > MAX_ENTRIES {
                return Err(refuse("it holds more than 500 files"));
            }
            if !entry.is_dir() && entry.uncompressed_size_hint() > 0 {
                visit(&zip, &entry)?;
            }
        }
        Ok(())
    }
}

type Zip<'a> = ZipSliceArchive<&'a [u8]>;

/// What a file of the zip holds, counted as it comes out.
fn content(zip: &Zip<'_>, entry: &ZipFileHeaderRecord<'_>) -> Result<Vec<u8>, AppError> {
    if entry.flags().is_encrypted() {
        return Err(refuse("it is locked with a password; unpack it"));
    }
    let local = zip.get_entry(entry.wayfinder()).map_err(|_| broken())?;
    let packed = u64::try_from(local.data().len()).unwrap_or(u64::MAX);
    let most = packed.saturating_mul(MAX_RATIO).clamp(SMALL_BYTES, MAX_ENTRY_BYTES);
    let method = entry.compression_method();
    let content = if method == CompressionMethod::STORE {
        take(local.verifying_reader(local.data()), most)
    } else if method == CompressionMethod::DEFLATE {
        take(local.verifying_reader(DeflateDecoder::new(local.data())), most)
    } else {
        return Err(refuse("it is packed in a way that is not read; pack it as a plain zip"));
    };
    let content = content.map_err(|_| broken())?;
    content
        .ok_or_else(|| refuse("a file of it unpacks to far more than an answer of a payer ever is"))
}

/// All bytes; none when there are more than `most`.
fn take(mut reader: impl Read, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.by_ref().take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    let fits = u64::try_from(bytes.len()).is_ok_and(|size| size <= most);
    Ok(fits.then_some(bytes))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A zip of files.
    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut archive = rawzip::ZipArchiveWriter::new(&mut out);
        for (name, content) in files {
            let (mut entry, config) = archive
                .new_file(name)
                .compression_method(CompressionMethod::DEFLATE)
                .start()
                .unwrap();
            let encoder =
                flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::default());
            let mut writer = config.wrap(encoder);
            writer.write_all(content).unwrap();
            let (encoder, descriptor) = writer.finish().unwrap();
            encoder.finish().unwrap();
            entry.finish(descriptor).unwrap();
        }
        archive.finish().unwrap();
        out
    }

    fn refused(bytes: Vec<u8>) -> String {
        Archive::open(bytes).unwrap_err().detail
    }

    #[test]
    fn files_come_out_as_they_went_in() {
        let bytes = zip(&[("a/one.999", b"ISA one"), ("empty", b""), ("two.ta1", b"ISA two")]);
        assert!(is_zip(&bytes));
        let archive = Archive::open(bytes).unwrap();
        assert_eq!(archive.len(), 2);
        assert_eq!(archive.file(0).unwrap(), ("a/one.999".to_owned(), b"ISA one".to_vec()));
        assert_eq!(archive.file(1).unwrap().1, b"ISA two");
        assert!(archive.file(2).is_err());
    }

    #[test]
    fn bombs_nests_and_damage_are_refused() {
        let bomb = zip(&[("bomb", &vec![b'~'; 8 << 20])]);
        assert!(bomb.len() < 40_000, "{}", bomb.len());
        assert!(refused(bomb).contains("far more"));
        assert!(refused(zip(&[("in.zip", &zip(&[("x", b"y")]))])).contains("zip within a zip"));
        assert!(refused(zip(&[])).contains("no files"));
        let many: Vec<(String, &[u8])> =
            (0..=MAX_ENTRIES).map(|n| (format!("f{n}"), &b"x"[..])).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|(n, c)| (n.as_str(), *c)).collect();
        assert!(refused(zip(&many)).contains("500 files"));
        // Any cut and any flipped byte is refused or gives the same content, never a panic.
        let good = zip(&[("one.999", b"ISA*00*          *00*")]);
        for cut in 0..good.len() {
            assert!(Archive::open(good[..cut].to_vec()).is_err(), "{cut}");
        }
        for place in 0..good.len() {
            for flip in [1, 0x80] {
                let mut bad = good.clone();
                bad[place] ^= flip;
                if let Ok(archive) = Archive::open(bad) {
                    let content = archive.file(0).unwrap().1;
                    assert_eq!(content, b"ISA*00*          *00*", "{place}");
                }
            }
        }
    }
}
