//! Numbers and texts packed into bytes: whole numbers as LEB128, seven bits a byte, texts with their
//! length in front.

use crate::domain::text::Invalid;

/// Bits of a byte that carry the number; the eighth says that more follow.
const BITS: u32 = 7;
const MORE: u8 = 0x80;

/// Adds a whole number that is not negative; a negative one is a fault of ours and written as zero.
pub fn put(out: &mut Vec<u8>, number: i64) {
    let mut rest = u64::try_from(number).unwrap_or(0);
    loop {
        let low = u8::try_from(rest & u64::from(MORE - 1)).unwrap_or(0);
        rest >>= BITS;
        if rest == 0 {
            out.push(low);
            return;
        }
        out.push(low | MORE);
    }
}

/// Adds a count.
pub fn put_len(out: &mut Vec<u8>, count: usize) {
    put(out, i64::try_from(count).unwrap_or(i64::MAX));
}

/// Adds a text.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put_len(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// Adds different numbers in rising order, as the steps between them.
pub fn put_rising(out: &mut Vec<u8>, list: &[u32]) {
    put_len(out, list.len());
    let mut before = 0;
    for number in list {
        put(out, i64::from(number - before));
        before = *number;
    }
}

/// Reads what was packed.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

fn broken() -> Invalid {
    Invalid::new("these bytes are not what was packed")
}

impl<'a> Reader<'a> {
    /// From the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether nothing is left.
    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next number.
    #[inline]
    pub fn number(&mut self) -> Result<i64, Invalid> {
        // Most numbers of a day are below 128.
        if let Some((byte, rest)) = self.rest.split_first()
            && byte & MORE == 0
        {
            self.rest = rest;
            return Ok(i64::from(*byte));
        }
        self.long_number()
    }

    fn long_number(&mut self) -> Result<i64, Invalid> {
        let (mut value, mut shift) = (0u64, 0u32);
        loop {
            let (byte, rest) = self.rest.split_first().ok_or_else(broken)?;
            self.rest = rest;
            value |= u64::from(byte & !MORE) << shift;
            if byte & MORE == 0 {
                return i64::try_from(value).map_err(|_| broken());
            }
            shift += BITS;
            if shift >= u64::BITS {
                return Err(broken());
            }
        }
    }

    /// The next count: never more than there are bytes left, so that nothing is reserved in vain.
    pub fn count(&mut self) -> Result<usize, Invalid> {
        let count = usize::try_from(self.number()?).map_err(|_| broken())?;
        if count > self.rest.len() { Err(broken()) } else { Ok(count) }
    }

    /// The next text.
    pub fn text(&mut self) -> Result<&'a str, Invalid> {
        let length = self.count()?;
        let (text, rest) = self.rest.split_at_checked(length).ok_or_else(broken)?;
        self.rest = rest;
        std::str::from_utf8(text).map_err(|_| broken())
    }

    /// The next list of rising numbers, in place of what is in `list`.
    pub fn rising(&mut self, list: &mut Vec<u32>) -> Result<(), Invalid> {
        let count = self.count()?;
        list.clear();
        list.reserve(count);
        let mut before = 0u32;
        for _ in 0..count {
            let step = u32::try_from(self.number()?).map_err(|_| broken())?;
            before = before.checked_add(step).ok_or_else(broken)?;
            list.push(before);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_out_again(
            numbers in proptest::collection::vec(0..=i64::MAX, 0..20),
            rising in proptest::collection::btree_set(any::<u32>(), 0..50),
            text in ".{0,20}",
        ) {
            let mut out = Vec::new();
            for number in &numbers {
                put(&mut out, *number);
            }
            put_text(&mut out, &text);
            let rising: Vec<u32> = rising.into_iter().collect();
            put_rising(&mut out, &rising);
            let mut reader = Reader::new(&out);
            for number in &numbers {
                prop_assert_eq!(reader.number().unwrap(), *number);
            }
            prop_assert_eq!(reader.text().unwrap(), text);
            let mut list = vec![7; 3];
            reader.rising(&mut list).unwrap();
            prop_assert_eq!(&list, &rising);
            prop_assert!(reader.is_done());
            // What is cut off anywhere is told, never guessed.
            for cut in 0..out.len() {
                let mut reader = Reader::new(&out[..cut]);
                let all = numbers.iter().try_for_each(|_| reader.number().map(|_| ()));
                let rest = all.and_then(|()| reader.text().map(|_| ()));
                prop_assert!(rest.and_then(|()| reader.rising(&mut list)).is_err());
            }
        }
    }
}
