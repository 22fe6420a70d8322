//! Texts of records without memory of their own.
//!
//! Codes and numbers of X12 are short, and a claim has some twenty of them: asking for memory for
//! each was half of the time of reading a remittance. Up to 22 bytes stand in the value itself.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use serde::{Serialize, Serializer};

/// Bytes that fit into the value: a [`Text`] is then as large as a `String`.
const INLINE_BYTES: usize = 22;

/// A text of a record; it is used as a `&str`.
///
/// ```
/// use peerclaims::x12::read::Text;
///
/// let code = Text::from("H0038");
/// assert_eq!((code.len(), &code[1..], code.as_str()), (5, "0038", "H0038"));
/// assert_eq!(code, "H0038");
/// assert_eq!(std::mem::size_of::<Text>(), std::mem::size_of::<String>());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Text(Held);

#[derive(Clone, PartialEq, Eq)]
enum Held {
    /// So many of these bytes; the others are 0.
    Here(u8, [u8; INLINE_BYTES]),
    /// Longer than that.
    Apart(Box<str>),
}

impl Text {
    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            // The bytes came from a text: the check cannot fail.
            Held::Here(length, bytes) => bytes
                .get(..usize::from(*length))
                .and_then(|bytes| std::str::from_utf8(bytes).ok())
                .unwrap_or_default(),
            Held::Apart(text) => text,
        }
    }
}

/// Up to eight bytes as a number, the first lowest. In whole words, because single bytes that are
/// written and then moved on make the processor wait.
#[inline]
fn word(bytes: &[u8]) -> u64 {
    if let Some(all) = bytes.first_chunk::<8>() {
        return u64::from_le_bytes(*all);
    }
    let behind = |width: usize| 8 * u32::try_from(bytes.len() - width).unwrap_or_default();
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let last = u64::from(u32::from_le_bytes(*last)) << behind(4);
        return u64::from(u32::from_le_bytes(*first)) | last;
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<2>(), bytes.last_chunk::<2>()) {
        let last = u64::from(u16::from_le_bytes(*last)) << behind(2);
        return u64::from(u16::from_le_bytes(*first)) | last;
    }
    bytes.first().copied().unwrap_or_default().into()
}

impl From<&str> for Text {
    #[inline]
    #[allow(clippy::many_single_char_names, reason = "bytes in their order")]
    fn from(text: &str) -> Self {
        let source = text.as_bytes();
        let Some(length) = u8::try_from(source.len()).ok().filter(|_| source.len() <= INLINE_BYTES)
        else {
            return Self(Held::Apart(text.into()));
        };
        let from = |start: usize| word(source.get(start..).unwrap_or_default());
        let [a, b, c, d, e, f, g, h] = from(0).to_le_bytes();
        let [i, j, k, l, m, n, o, p] = from(8).to_le_bytes();
        let [q, r, s, t, u, v, ..] = from(16).to_le_bytes();
        let bytes = [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v];
        Self(Held::Here(length, bytes))
    }
}

impl Default for Text {
    fn default() -> Self {
        Self(Held::Here(0, [0; INLINE_BYTES]))
    }
}

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().to_owned()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_any_length_comes_back() {
        let long = "A1é*ZZ~0123456789ÄBCDEFGHIJKLMNOPQRSTUVWXYZ";
        for end in (0..=long.len()).filter(|end| long.is_char_boundary(*end)) {
            let plain = &long[..end];
            let text = Text::from(plain);
            assert_eq!(text.as_str(), plain);
            assert_eq!(text, Text::from(plain));
            assert_eq!(matches!(text.0, Held::Here(..)), end <= INLINE_BYTES, "{end}");
        }
        assert_eq!(Text::default(), Text::from(""));
        let [plain, zero, next] = ["A", "A\0", "B"].map(Text::from);
        assert!(plain != zero && plain < next);
    }
}
