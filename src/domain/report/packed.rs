//! Days as bytes, and bytes as days.

use super::codec::{Reader, put, put_len, put_rising, put_text};
use super::day::{Cell, Control, Day, Place};
use crate::domain::text::Invalid;

/// Says how the bytes are laid out; days of another layout are made again.
const LAYOUT: i64 = 2;

impl Day {
    /// Packed.
    pub fn pack(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, LAYOUT);
        put_len(&mut out, self.texts.len());
        for text in &self.texts {
            put_text(&mut out, text);
        }
        put_len(&mut out, self.control.len());
        for control in &self.control {
            for number in [control.payer, control.units, control.charge, control.expected] {
                put(&mut out, number);
            }
        }
        put_len(&mut out, self.cells.len());
        for cell in &self.cells {
            let place = cell.place;
            let optional = |text: Option<u32>| text.map_or(0, |t| i64::from(t) + 1);
            put(&mut out, place.payer);
            put(&mut out, optional(place.service));
            for text in [place.role, place.mode, place.setting] {
                put(&mut out, i64::from(text));
            }
            put(&mut out, optional(place.program));
            let mut counts = cell.counts;
            for count in counts.list() {
                put(&mut out, *count);
            }
            for list in [&cell.roster, &cell.people, &cell.unit_minutes, &cell.sent_unit_minutes] {
                put_rising(&mut out, list);
            }
        }
        out
    }

    /// What was packed.
    pub fn unpack(bytes: &[u8]) -> Result<Self, Invalid> {
        let mut day = Self::default();
        day.unpack_again(bytes)?;
        Ok(day)
    }

    /// What was packed, in place of what this day was: whoever reads one day after the other need not ask
    /// for memory for each. After an error it is no day.
    pub fn unpack_again(&mut self, bytes: &[u8]) -> Result<(), Invalid> {
        let mut from = Reader::new(bytes);
        if from.number()? != LAYOUT {
            return Err(Invalid::new("this day was packed in another layout"));
        }
        self.texts.clear();
        for _ in 0..from.count()? {
            self.texts.push(from.text()?.to_owned());
        }
        self.control.clear();
        for _ in 0..from.count()? {
            let (payer, units) = (from.number()?, from.number()?);
            let (charge, expected) = (from.number()?, from.number()?);
            self.control.push(Control { payer, units, charge, expected });
        }
        let count = from.count()?;
        self.cells.resize_with(count, Cell::default);
        for cell in &mut self.cells {
            cell.unpack_again(&mut from)?;
        }
        if from.is_done() { Ok(()) } else { Err(Invalid::new("a day has bytes too many")) }
    }
}

impl Cell {
    fn unpack_again(&mut self, from: &mut Reader) -> Result<(), Invalid> {
        let payer = from.number()?;
        let mut text = || -> Result<u32, Invalid> {
            u32::try_from(from.number()?).map_err(|_| Invalid::new("a text's place is too high"))
        };
        self.place = Place {
            payer,
            service: text()?.checked_sub(1),
            role: text()?,
            mode: text()?,
            setting: text()?,
            program: text()?.checked_sub(1),
        };
        for count in self.counts.list() {
            *count = from.number()?;
        }
        for list in [
            &mut self.roster,
            &mut self.people,
            &mut self.unit_minutes,
            &mut self.sent_unit_minutes,
        ] {
            from.rising(list)?;
        }
        Ok(())
    }
}
