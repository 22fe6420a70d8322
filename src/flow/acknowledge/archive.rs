//! A zip of response files: one level, of bounded size. It is checked whole before the first of its
//! files is received, so that a bad one does nothing.
//!
//! The sizes that a zip states are not believed: what comes out is counted, and what is called
//! empty is looked at. What a Mac puts beside its files is no file of anybody.

use std::io::{self, Read};

use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipFileHeaderRecord, ZipSliceArchive};

use crate::error::{AppError, Code};
use crate::x12::foreign;

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

/// Folder of a Mac's own data in a zip, and the beginning and name of such files elsewhere.
const MAC_FOLDER: &[u8] = b"__MACOSX";
const MAC_TWIN: &[u8] = b"._";
const MAC_VIEW: &[u8] = b".DS_Store";
/// Bytes of a data descriptor of an empty file without its mark: check sum and two sizes.
const EMPTY_DESCRIPTOR: [u8; 12] = [0; 12];

/// Whether a file of a zip is a Mac's own data about the files and folders that are meant.
fn is_of_a_mac(path: &[u8]) -> bool {
    let mut parts = path.split(|b| matches!(b, b'/' | b'\\')).rev();
    let is_own = |name: &[u8]| name == MAC_VIEW || name.starts_with(MAC_TWIN);
    parts.next().is_some_and(is_own) || parts.any(|folder| folder == MAC_FOLDER)
}

/// Refuses a file that is no zip and has to be unpacked before it is sent.
pub(super) fn refuse_packed(start: &[u8]) -> Result<(), AppError> {
    let Some(name) = foreign::packed(start).filter(|_| !is_zip(start)) else { return Ok(()) };
    let detail = format!(
        "The file is {name}, not X12: unpack it and send what is in it (a plain zip may be sent as \
         it is). Nothing was kept."
    );
    Err(AppError::new(Code::MalformedBody, detail))
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
            if let Some(name) = foreign::packed(&content) {
                return Err(refuse(&format!("{name} within a zip is not read; unpack it")));
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

    /// Shows each file, in the order of the directory; folders, empty files and a Mac's own are
    /// passed over.
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
            if is_of_a_mac(entry.file_path().as_bytes()) {
                continue;
            }
            if entry.uncompressed_size_hint() > 0 {
                visit(&zip, &entry)?;
            } else if self.hides(&zip, &entry)? {
                // By its place: a name may tell of a person, and refusals go to the log.
                let why = format!(
                    "its directory calls its file number {count} empty, and it is not; unpack it and \
                     send its files"
                );
                return Err(refuse(&why));
            }
        }
        Ok(())
    }
}

impl Archive {
    /// Whether something stands where the directory says that nothing does.
    fn hides(&self, zip: &Zip<'_>, entry: &ZipFileHeaderRecord<'_>) -> Result<bool, AppError> {
        let local = zip.get_entry(entry.wayfinder()).map_err(|_| broken())?;
        let header = local.local_header();
        let packed = local.data();
        if packed.is_empty() {
            // Behind it there must be the next part of the zip.
            let end = usize::try_from(local.compressed_data_range().1).map_err(|_| broken())?;
            let behind = self.bytes.get(end..).unwrap_or_default();
            let part = matches!(behind, [b'P', b'K', 0..9, 0..9, ..]);
            let stated = header.uncompressed_size_hint() > 0 || header.compressed_size_hint() > 0;
            return Ok(stated || !(part || behind.starts_with(&EMPTY_DESCRIPTOR)));
        }
        // Packed, nothing takes some bytes too.
        if entry.compression_method() != CompressionMethod::DEFLATE {
            return Ok(true);
        }
        let first = take(DeflateDecoder::new(packed), 0).map_err(|_| broken())?;
        Ok(first.is_none())
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

    /// Writes zeros over sizes in the directory: of what is packed, and of what comes out.
    fn called_empty(mut bytes: Vec<u8>, sizes: std::ops::Range<usize>) -> Vec<u8> {
        let directory = bytes.windows(4).position(|part| part == b"PK\x01\x02").unwrap();
        bytes[directory + sizes.start..directory + sizes.end].fill(0);
        bytes
    }

    #[test]
    fn what_is_called_empty_and_is_not_refuses_the_zip_by_its_place() {
        let good = zip(&[("in/one.999", b"ISA*00*          *00*")]);
        for sizes in [24..28, 20..28] {
            let detail = refused(called_empty(good.clone(), sizes));
            assert!(
                detail.contains("calls its file number 1 empty") && !detail.contains("one.999"),
                "{detail}"
            );
        }
        // What is empty is, packed or not.
        let empty = zip(&[("a.txt", b""), ("b.999", b"ISA")]);
        assert_eq!(Archive::open(empty).unwrap().len(), 1);
        let mut out = Vec::new();
        let mut archive = rawzip::ZipArchiveWriter::new(&mut out);
        archive.new_dir("folder/").create().unwrap();
        archive.finish().unwrap();
        assert!(refused(out).contains("no files"));
    }

    #[test]
    fn what_a_mac_puts_into_a_zip_is_nobodys_file() {
        let files: [(&str, &[u8]); 6] = [
            ("__MACOSX/._one.999", b"\0\x05\x16\x07"),
            ("__MACOSX/day/._two.999", b"\0\x05\x16\x07"),
            (".DS_Store", b"\0\0\0\x01Bud1"),
            ("day/.DS_Store", b"\0\0\0\x01Bud1"),
            ("day/._two.999", b"\0\x05\x16\x07"),
            ("day/one.999", b"ISA one"),
        ];
        let archive = Archive::open(zip(&files)).unwrap();
        assert_eq!((archive.len(), archive.file(0).unwrap().1), (1, b"ISA one".to_vec()));
        assert!(refused(zip(&files[..5])).contains("no files"));
        assert!(!is_of_a_mac(b"__MACOSX") && !is_of_a_mac(b"a._b/DS_Store"));
    }

    #[test]
    fn what_must_be_unpacked_first_is_named() {
        let tar = [&[b'a'; 257][..], b"ustar\0"].concat();
        for (start, name) in [(&b"\x1f\x8b\x08\0"[..], "a gzip file"), (&tar, "a tar archive")] {
            let detail = refuse_packed(start).unwrap_err().detail;
            assert!(detail.contains(name) && detail.contains("unpack it"), "{detail}");
            let within = refused(zip(&[("x.999", b"ISA"), ("y", start)]));
            assert!(within.contains(&format!("{name} within a zip")), "{within}");
        }
        // A zip is read, and a PDF is kept and put aside as no X12.
        for start in [MAGIC, EMPTY, b"ISA*", b"%PDF-1.7", b""] {
            assert!(refuse_packed(start).is_ok());
        }
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
