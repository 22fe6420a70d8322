//! Files folded into lines of fixed width (mainframe transfers break after 80 columns, inside
//! segments): the line ends are taken out before the lexer sees them.
//!
//! Such a file is known by a line end inside its first ISA, which has fixed widths and none.
//! Places in a folded file count bytes without line ends.

use std::io::{ErrorKind, Read, Result};

/// Bytes looked at: the ISA with what may stand before it.
const HEAD_BYTES: usize = 256;
/// Bytes of an ISA without its terminator.
const ISA_BYTES: usize = 105;

/// Bytes without the line ends of a folded file; other files unchanged.
#[derive(Debug)]
pub(crate) struct Unfold<R> {
    input: R,
    /// What was looked at and not given out yet; `None` before the look.
    head: Option<Vec<u8>>,
    folded: bool,
}

impl<R: Read> Unfold<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, head: None, folded: false }
    }

    /// Whether the file is folded; known after the first read.
    pub(crate) fn folded(&self) -> bool {
        self.folded
    }

    fn look(&mut self) -> Result<Vec<u8>> {
        let mut head = vec![0; HEAD_BYTES];
        let mut length = 0;
        while let Some(room) = head.get_mut(length..).filter(|room| !room.is_empty()) {
            match self.input.read(room) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        head.truncate(length);
        let start = head.windows(3).position(|bytes| bytes == b"ISA").unwrap_or(length);
        let isa = head.get(start..).unwrap_or_default();
        let inside = isa.iter().take(ISA_BYTES).any(|b| matches!(b, b'\r' | b'\n'));
        // A short ISA before a line end is cut or wrong, and no line of a fixed width.
        let wide = isa.iter().position(|b| matches!(b, b'\r' | b'\n')).is_some_and(|n| n >= 70);
        self.folded = inside && wide;
        Ok(head)
    }
}

impl<R: Read> Read for Unfold<R> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize> {
        if self.head.is_none() {
            self.head = Some(self.look()?);
        }
        loop {
            let head = self.head.get_or_insert_default();
            let count = if head.is_empty() {
                self.input.read(room)?
            } else {
                let count = head.len().min(room.len());
                room.iter_mut().zip(head.drain(..count)).for_each(|(to, from)| *to = from);
                count
            };
            if !self.folded || count == 0 {
                return Ok(count);
            }
            let mut kept = 0;
            for index in 0..count {
                let byte = room.get(index).copied().unwrap_or_default();
                if !matches!(byte, b'\r' | b'\n') {
                    if let Some(place) = room.get_mut(kept) {
                        *place = byte;
                    }
                    kept += 1;
                }
            }
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}
