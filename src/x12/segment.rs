//! One segment as the lexer found it: bytes, split where its delimiters are, with its place.

use chrono::NaiveDate;

use crate::domain::money::Money;

use super::error::{Place, X12Error, X12Fault};

/// The delimiters that an ISA declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// Between elements.
    pub element: u8,
    /// Between components.
    pub component: u8,
    /// Between repetitions; `None` in versions before 5010, where ISA11 is something else.
    pub repetition: Option<u8>,
    /// After a segment.
    pub segment: u8,
}

/// A segment, borrowed from the lexer's buffer until the next one is asked for.
///
/// ```
/// use peerclaims::x12::{Lexer, Marks, Segment};
///
/// let isa = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       \
///            *261008*1530*^*00501*000000101*1*T*:~";
/// let file = format!("{isa}SV1*HC:H0038:HQ*64.5*UN*4***1:2~EB*1**30^MH~");
/// let mut lexer = Lexer::new(file.as_bytes());
/// lexer.next_segment()?;
/// let line: Segment<'_> = lexer.next_segment()?.unwrap();
/// let marks = Marks { element: b'*', component: b':', repetition: Some(b'^'), segment: b'~' };
/// assert_eq!((line.id(), line.marks()), (&b"SV1"[..], marks));
/// assert_eq!((line.element_count(), line.bytes().len()), (7, 31));
/// assert_eq!((line.element(3), line.component(1, 3)), (&b"UN"[..], &b"HQ"[..]));
/// assert_eq!(line.components(7).collect::<Vec<_>>(), [b"1", b"2"]);
/// assert_eq!((line.text(3)?, line.number(4)?, line.amount(2)?.cents()), ("UN", 4, 6450));
/// assert_eq!((line.place().segment, line.place_of(7, 2).component), (2, 2));
/// let benefit = lexer.next_segment()?.unwrap();
/// assert_eq!(benefit.repetitions(3).collect::<Vec<_>>(), [b"30", b"MH"]);
/// # Ok::<(), peerclaims::x12::X12Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    pub(super) bytes: &'a [u8],
    /// Where the element separators are in `bytes`.
    pub(super) separators: &'a [usize],
    pub(super) marks: Marks,
    pub(super) place: Place,
}

impl<'a> Segment<'a> {
    /// Its name, such as `NM1`, ready to be matched.
    #[inline]
    pub fn id(&self) -> &'a [u8] {
        let end = self.separators.first().copied().unwrap_or(self.bytes.len());
        self.bytes.get(..end).unwrap_or_default()
    }

    /// Where it starts.
    #[inline]
    pub fn place(&self) -> Place {
        self.place
    }

    /// The place of its `element`th element, and of a component when that is not 0.
    #[inline]
    pub fn place_of(&self, element: u8, component: u8) -> Place {
        Place { element, component, ..self.place }
    }

    /// The whole segment without its terminator.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The delimiters in force.
    pub fn marks(&self) -> Marks {
        self.marks
    }

    /// How many elements it has, empty ones between others counted.
    #[inline]
    pub fn element_count(&self) -> usize {
        self.separators.len()
    }

    /// The `ordinal`th element (1 first); empty when it is not there.
    #[inline]
    pub fn element(&self, ordinal: u8) -> &'a [u8] {
        let ordinal = usize::from(ordinal);
        let Some(before) = ordinal.checked_sub(1).and_then(|i| self.separators.get(i)) else {
            return &[];
        };
        let end = self.separators.get(ordinal).copied().unwrap_or(self.bytes.len());
        self.bytes.get(before + 1..end).unwrap_or_default()
    }

    /// The components of an element, at least one (perhaps empty).
    #[inline]
    pub fn components(&self, element: u8) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mark = self.marks.component;
        self.element(element).split(move |b| *b == mark)
    }

    /// One component (1 first); empty when it is not there.
    #[inline]
    pub fn component(&self, element: u8, ordinal: u8) -> &'a [u8] {
        let skipped = usize::from(ordinal).checked_sub(1);
        skipped.and_then(|n| self.components(element).nth(n)).unwrap_or_default()
    }

    /// The repetitions of an element, at least one (perhaps empty).
    pub fn repetitions(&self, element: u8) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mark = self.marks.repetition;
        self.element(element).split(move |b| Some(*b) == mark)
    }

    /// An element as text. Fails on bytes that are not UTF-8.
    #[inline]
    pub fn text(&self, element: u8) -> Result<&'a str, X12Error> {
        std::str::from_utf8(self.element(element)).map_err(|_| {
            let message = "the element is not text in ASCII or UTF-8; ask the sender for it again";
            X12Error::new(X12Fault::Character, self.place_of(element, 0), message)
        })
    }

    /// An element as a whole number of at most 18 digits.
    #[inline]
    pub fn number(&self, element: u8) -> Result<u64, X12Error> {
        digits(self.element(element)).ok_or_else(|| {
            let message = "the element must be a whole number of 1 to 18 digits";
            X12Error::new(X12Fault::Content, self.place_of(element, 0), message)
        })
    }

    /// An element as an amount in dollars with at most two decimals.
    #[inline]
    pub fn amount(&self, element: u8) -> Result<Money, X12Error> {
        if let Some(amount) = cents(self.element(element)) {
            return Ok(amount);
        }
        Money::parse(self.text(element)?).map_err(|rule| {
            X12Error::new(X12Fault::Content, self.place_of(element, 0), rule.to_string())
        })
    }
}

/// An amount in its usual shape: a sign, one to nine digits, at most two decimals. `None` leaves
/// the rare ones to [`Money::parse`], which gives the same for all.
#[inline]
pub(super) fn cents(bytes: &[u8]) -> Option<Money> {
    let (negative, plain) = match bytes.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, bytes),
    };
    let mut parts = plain.splitn(2, |b| *b == b'.');
    let (whole, rest) = (parts.next()?, parts.next());
    let scale = match rest.map(<[u8]>::len) {
        None => 100,
        Some(1) => 10,
        Some(2) => 1,
        Some(_) => return None,
    };
    let number = |bytes: &[u8]| {
        let shaped = (1..=9).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_digit);
        let add = |sum: i64, byte: &u8| sum * 10 + i64::from(byte - b'0');
        shaped.then(|| bytes.iter().fold(0, add))
    };
    let decimals = rest.map_or(Some(0), number)?;
    let amount = match rest {
        None => number(whole)? * 100,
        Some(_) => number(whole)? * 100 + decimals * scale,
    };
    Some(Money::from_cents(if negative { -amount } else { amount }))
}

/// A whole number of 1 to 18 digits.
#[inline]
pub(super) fn digits(bytes: &[u8]) -> Option<u64> {
    let shaped = (1..=18).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_digit);
    let add = |sum: u64, byte: &u8| sum * 10 + u64::from(byte - b'0');
    shaped.then(|| bytes.iter().fold(0, add))
}

/// A day of the calendar, eight digits, year first.
#[inline]
pub(super) fn day(bytes: &[u8]) -> Option<NaiveDate> {
    let number = digits(bytes).filter(|_| bytes.len() == 8)?;
    let year = i32::try_from(number / 10_000).ok()?;
    let part = |n: u64| u32::try_from(n % 100).ok();
    NaiveDate::from_ymd_opt(year, part(number / 100)?, part(number)?)
}

/// Whether two codes are the same. They are two or three bytes long, and a call to compare memory
/// takes longer than they do.
#[inline]
pub(super) fn same(code: &str, bytes: &[u8]) -> bool {
    code.len() == bytes.len() && code.bytes().zip(bytes).all(|(a, b)| a == *b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_to_an_amount_gives_what_the_long_one_gives() {
        for text in
            ["0", "1", "12.3", "12.34", "-12.34", "-0.5", "007", "999999999.99", "-1", "0.00"]
        {
            assert_eq!(cents(text.as_bytes()), Some(Money::parse(text).unwrap()), "{text}");
        }
        for text in ["", "-", ".5", "5.", "1.234", "1e3", "--1", "1.2.3", "1,2", "9999999999"] {
            assert_eq!(cents(text.as_bytes()), None, "{text}");
        }
    }
}
