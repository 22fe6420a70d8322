//! Numbers, amounts, dates and times as X12 writes them (appendix B of the guides).

use std::io::Write;

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use rust_decimal::Decimal;

use crate::domain::money::Money;
use crate::x12::error::X12Fault;

use super::SegmentWriter;

/// Largest amount (appendix B of the guide: ten digits, cents counted), 99,999,999.99.
pub const MAX_AMOUNT: Money = Money::from_cents(9_999_999_999);

impl<W: Write> SegmentWriter<W> {
    /// The next element: a whole number with no leading zeros.
    pub fn number(&mut self, value: u64) -> &mut Self {
        self.digits(value, 1)
    }

    /// The next element: a whole number with at least so many digits.
    pub fn digits(&mut self, value: u64, width: usize) -> &mut Self {
        self.next_element().separate().push_digits(value, width)
    }

    /// The next component: a whole number.
    pub fn part_number(&mut self, value: u64) -> &mut Self {
        self.next_component().separate().push_digits(value, 1)
    }

    /// The next element: an amount of 0 to [`MAX_AMOUNT`] as X12 decimals, in the shortest form.
    pub fn amount(&mut self, amount: Money) -> &mut Self {
        self.next_element().separate();
        let Some(cents) = u64::try_from(amount.cents()).ok().filter(|_| amount <= MAX_AMOUNT)
        else {
            return self.refuse(X12Fault::Content, "an amount must be from 0 to 99999999.99");
        };
        self.push_digits(cents / 100, 1);
        match cents % 100 {
            0 => {}
            tens if tens % 10 == 0 => {
                self.buffer.push(b'.');
                self.push_digits(tens / 10, 1);
            }
            all => {
                self.buffer.push(b'.');
                self.push_digits(all, 2);
            }
        }
        self
    }

    /// The next element: an amount with its sign, as remittances have it.
    pub fn signed_amount(&mut self, amount: Money) -> &mut Self {
        if amount >= Money::ZERO {
            return self.amount(amount);
        }
        // The sign stands before the digits that `amount` writes.
        self.next_element().separate().buffer.push(b'-');
        self.place.element = self.place.element.saturating_sub(1);
        self.amount(Money::from_cents(amount.cents().saturating_neg()))
    }

    /// The next element: a quantity of at most three decimals and fifteen digits, 0 or more.
    pub fn quantity(&mut self, quantity: Decimal) -> &mut Self {
        let shortest = quantity.normalize();
        let text = shortest.to_string();
        if shortest.is_sign_negative() || shortest.scale() > 3 || text.len() > 15 {
            let message = "a quantity must be 0 or more, with at most three decimals";
            return self.refuse(X12Fault::Content, message);
        }
        self.next_element().put(text.as_bytes())
    }

    /// The next element: two dates as CCYYMMDD-CCYYMMDD (format RD8).
    pub fn days(&mut self, first: NaiveDate, last: NaiveDate) -> &mut Self {
        self.date(first).buffer.push(b'-');
        self.place.element = self.place.element.saturating_sub(1);
        self.date(last)
    }

    /// The next element: a date as CCYYMMDD.
    pub fn date(&mut self, date: NaiveDate) -> &mut Self {
        self.next_element().separate();
        match u64::try_from(date.year()).ok().filter(|y| (1000..=9999).contains(y)) {
            Some(year) => self
                .push_digits(year, 4)
                .push_digits(date.month().into(), 2)
                .push_digits(date.day().into(), 2),
            None => self.refuse(X12Fault::Content, "a date must have a year of four digits"),
        }
    }

    /// The next element: a date as YYMMDD, which only ISA has.
    pub fn short_date(&mut self, date: NaiveDate) -> &mut Self {
        let year = u64::try_from(date.year().rem_euclid(100)).unwrap_or_default();
        self.digits(year, 2).push_digits(date.month().into(), 2).push_digits(date.day().into(), 2)
    }

    /// The next element: a time of day as HHMM.
    pub fn time(&mut self, time: NaiveTime) -> &mut Self {
        self.digits(time.hour().into(), 2).push_digits(time.minute().into(), 2)
    }

    /// The next element: exactly `width` characters, blanks behind; ISA only.
    pub fn fixed(&mut self, value: &str, width: usize) -> &mut Self {
        self.next_element().separate();
        let before = self.buffer.len();
        self.put_text(value, 0..=width);
        self.buffer.resize(before + width, b' ');
        self
    }

    /// The next element: the repetition separator itself (ISA11).
    pub fn repetition_mark(&mut self) -> &mut Self {
        let mark = self.repetition;
        self.next_element().put(&[mark])
    }

    /// The next element: the component separator itself (ISA16).
    pub fn component_mark(&mut self) -> &mut Self {
        let mark = self.marks.component;
        self.next_element().put(&[mark])
    }

    fn push_digits(&mut self, value: u64, width: usize) -> &mut Self {
        let before = self.buffer.len();
        let mut rest = value;
        while rest > 0 || self.buffer.len() - before < width {
            self.buffer.push(b'0' + u8::try_from(rest % 10).unwrap_or_default());
            rest /= 10;
        }
        self.buffer.get_mut(before..).unwrap_or_default().reverse();
        self
    }
}
