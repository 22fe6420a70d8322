//! Typed values out of segments. A value that is there and wrong is an error with its place and
//! then absent; a value that is not there is just absent, unless the caller says it is required.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::domain::money::Money;
use crate::x12::segment::{Segment, day, digits};

use super::fault::{Out, ReadCode};
use super::short::Text;

/// Most things of one kind that one record keeps (lines, adjustments, statuses). The guides allow
/// at most 999 lines to a claim; more is no claim, and would fill the memory.
const MAX_PER_RECORD: usize = 1_000;

/// Longest number that is read: SV102 and its like have 18 digits.
const MAX_NUMBER: usize = 20;

/// Text as it was sent, trailing blanks off.
#[inline]
pub(super) fn text<T>(segment: &Segment<'_>, element: u8, out: &mut Out) -> Option<T>
where
    T: for<'t> From<&'t str>,
{
    owned(segment, (element, 0), segment.element(element), out)
}

/// A component as text.
#[inline]
pub(super) fn part<T>(
    segment: &Segment<'_>,
    (element, component): (u8, u8),
    out: &mut Out,
) -> Option<T>
where
    T: for<'t> From<&'t str>,
{
    owned(segment, (element, component), segment.component(element, component), out)
}

/// Text that the guide requires; empty with an error when it is not there.
#[inline]
pub(super) fn required<T>(segment: &Segment<'_>, element: u8, out: &mut Out) -> T
where
    T: for<'t> From<&'t str>,
{
    text(segment, element, out).unwrap_or_else(|| {
        missing(segment, element, out);
        T::from("")
    })
}

#[cold]
fn missing(segment: &Segment<'_>, element: u8, out: &mut Out) {
    let place = segment.place_of(element, 0);
    out.error(ReadCode::Missing, place, "the element is required and is not there");
}

#[inline]
fn owned<T>(segment: &Segment<'_>, at: (u8, u8), bytes: &[u8], out: &mut Out) -> Option<T>
where
    T: for<'t> From<&'t str>,
{
    let bytes = bytes.trim_ascii_end();
    if bytes.is_empty() {
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if !bytes.iter().any(u8::is_ascii_control) => Some(text.into()),
        _ => Some(mended(segment, at, bytes, out).as_str().into()),
    }
}

/// Bytes as a text for people: what is no text, and signs that would act on a terminal or that a
/// database does not take (NUL), are shown as replacement marks.
pub(super) fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace(|c: char| c.is_ascii_control(), "\u{fffd}")
}

/// What is left of a text that is none.
#[cold]
fn mended(
    segment: &Segment<'_>,
    (element, component): (u8, u8),
    bytes: &[u8],
    out: &mut Out,
) -> String {
    let message = "the element is not text in ASCII or UTF-8, or has control characters; they are \
                   shown as replacement marks";
    out.error(ReadCode::Character, segment.place_of(element, component), message);
    shown(bytes)
}

/// An amount in dollars.
#[inline]
pub(super) fn money(segment: &Segment<'_>, element: u8, out: &mut Out) -> Option<Money> {
    if segment.element(element).is_empty() {
        return None;
    }
    segment.amount(element).map_err(|fault| out.fault(&fault)).ok()
}

/// An amount that the guide requires.
#[inline]
pub(super) fn required_money(segment: &Segment<'_>, element: u8, out: &mut Out) -> Option<Money> {
    if segment.element(element).is_empty() {
        missing(segment, element, out);
    }
    money(segment, element, out)
}

/// A quantity: units, days, counts; exact.
#[inline]
pub(super) fn quantity(segment: &Segment<'_>, element: u8, out: &mut Out) -> Option<Decimal> {
    let bytes = segment.element(element);
    if bytes.is_empty() {
        return None;
    }
    // Whole units, by far the most.
    if let Some(whole) = digits(bytes).filter(|_| bytes.len() <= 9) {
        return Some(whole.into());
    }
    let digit = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'-');
    let shaped = bytes.len() <= MAX_NUMBER && bytes.iter().all(digit);
    let number = std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok());
    if !shaped || number.is_none() {
        let place = segment.place_of(element, 0);
        out.error(ReadCode::Content, place, "the element must be a decimal number");
        return None;
    }
    number
}

/// A date of eight digits.
#[inline]
pub(super) fn date(segment: &Segment<'_>, element: u8, out: &mut Out) -> Option<NaiveDate> {
    let bytes = segment.element(element);
    if bytes.is_empty() {
        return None;
    }
    let date = day(bytes);
    if date.is_none() {
        wrong_date(segment, element, out);
    }
    date
}

/// The first and last day of a DTP: format in `element`, value in the next.
#[inline]
pub(super) fn period(
    dtp: &Segment<'_>,
    element: u8,
    out: &mut Out,
) -> (Option<NaiveDate>, Option<NaiveDate>) {
    let value = dtp.element(element + 1);
    let mut days = value.splitn(2, |b| *b == b'-').map(day);
    let (first, last) = (days.next().flatten(), days.next());
    let is_range = dtp.element(element) == b"RD8";
    if first.is_none() || last == Some(None) || (is_range != last.is_some()) {
        wrong_date(dtp, element + 1, out);
    }
    (first, last.flatten())
}

#[cold]
fn wrong_date(segment: &Segment<'_>, element: u8, out: &mut Out) {
    let message = "the date must be a day of the calendar, year first, eight digits (two of them \
                   with a hyphen for a range)";
    out.error(ReadCode::Content, segment.place_of(element, 0), message);
}

/// A procedure composite (`HC:H0038:HQ`): the code and its modifiers.
#[inline]
pub(super) fn procedure(
    segment: &Segment<'_>,
    element: u8,
    out: &mut Out,
) -> (Option<Text>, Vec<Text>) {
    expect_parts(segment, element, out);
    let mut parts = (1..).zip(segment.components(element)).skip(1);
    let code = parts.next().and_then(|(n, bytes)| owned(segment, (element, n), bytes, out));
    let modifiers =
        parts.take(4).filter_map(|(n, bytes)| owned(segment, (element, n), bytes, out)).collect();
    (code, modifiers)
}

/// A composite of one part where the guide wants several: its sender used another mark between
/// them than ISA16 declares. Reading by a guess could take one code for another.
#[inline]
pub(super) fn expect_parts(segment: &Segment<'_>, element: u8, out: &mut Out) {
    if segment.component(element, 2).is_empty() {
        let message = "the element must have two parts or more; when they are there, the mark \
                       between them is not the one that ISA16 declares: ask the sender to mend it";
        out.error(ReadCode::Missing, segment.place_of(element, 2), message);
    }
}

/// Tells of what stands behind the last element that the guide has, and is not read. Whether there
/// is anything.
#[inline]
pub(super) fn beyond(segment: &Segment<'_>, last: u8, out: &mut Out) -> bool {
    segment.element_count() > usize::from(last) && superfluous(segment, last, out)
}

#[cold]
fn superfluous(segment: &Segment<'_>, last: u8, out: &mut Out) -> bool {
    let end = u8::try_from(segment.element_count()).unwrap_or(u8::MAX);
    let found = (last..end).map(|n| n + 1).find(|n| !segment.element(*n).is_empty());
    if let Some(element) = found {
        let message = format!(
            "the guide has {last} elements in this segment; what is here and behind is not read"
        );
        out.error(ReadCode::Content, segment.place_of(element, 0), message);
    }
    found.is_some()
}

/// A name: the last or only one, and the first.
pub(super) fn full_name(nm1: &Segment<'_>, out: &mut Out) -> Option<String> {
    let names = [text(nm1, 3, out), text(nm1, 4, out)];
    let names: Vec<String> = names.into_iter().flatten().collect();
    (!names.is_empty()).then(|| names.join(" "))
}

/// Keeps one more. In a full record the last place is written over, so that what follows does not
/// go to the wrong line; [`clip`] takes that place off. Told once.
#[inline]
pub(super) fn keep<T>(list: &mut Vec<T>, item: T, segment: &Segment<'_>, out: &mut Out) {
    if list.len() > MAX_PER_RECORD {
        list.pop();
    } else if list.len() == MAX_PER_RECORD {
        let message = format!(
            "the record has more than {MAX_PER_RECORD} of these; what follows of them is read and \
             not kept"
        );
        out.error(ReadCode::Full, segment.place(), message);
    }
    list.push(item);
}

/// Ends a list that [`keep`] filled; whether something was left out.
#[inline]
pub(super) fn clip<T>(list: &mut Vec<T>) -> bool {
    let over = list.len() > MAX_PER_RECORD;
    list.truncate(MAX_PER_RECORD);
    over
}
