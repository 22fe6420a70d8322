//! What is brought in place of X12, known by how it begins, so that a biller is told what it is.

/// Bytes by which all of these are known.
pub(crate) const START_BYTES: usize = 262;
/// Where the mark of a tar archive stands.
const TAR: std::ops::Range<usize> = 257..262;

/// What holds other files, or one of them made smaller.
const PACKED: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "a zip"),
    (b"PK\x05\x06", "an empty zip"),
    (b"\x1f\x8b", "a gzip file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ\0", "an xz file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
];

/// The name of a file that must be unpacked before it can be read; none when it is no such file.
pub(crate) fn packed(start: &[u8]) -> Option<&'static str> {
    let known = PACKED.iter().find(|(mark, _)| start.starts_with(mark)).map(|(_, name)| *name);
    let tar = || (start.get(TAR) == Some(&b"ustar"[..])).then_some("a tar archive");
    known.or_else(tar)
}

/// Words to be put behind "this is not X12".
pub(crate) fn advice(start: &[u8]) -> String {
    match packed(start) {
        Some(name) => format!(" but {name}: unpack it"),
        None if start.starts_with(b"%PDF") => {
            " but a PDF, which is for people: ask the sender for the X12 file".to_owned()
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_how_they_begin() {
        let tar = [&[b'a'; 257][..], b"ustar"].concat();
        assert_eq!(tar.len(), START_BYTES);
        for (start, name) in [
            (&b"\x1f\x8b\x08\0"[..], Some("a gzip file")),
            (b"PK\x03\x04\x14", Some("a zip")),
            (&tar, Some("a tar archive")),
            (&tar[..261], None),
            (b"ISA*00*", None),
            (b"", None),
        ] {
            assert_eq!(packed(start), name);
        }
        assert!(advice(b"%PDF-1.7").contains("PDF"));
        assert!(advice(b"\x1f\x8b\x08").contains("unpack"));
        assert_eq!(advice(b"<html>"), "");
    }
}
