//! What a report is written into while it is read: full pieces go through a narrow channel to whoever
//! stores them, so that memory holds some pieces and never the file. What is too large or not wanted any
//! more ends the writing.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use tokio::sync::mpsc::Sender;

use crate::domain::report::job::Progress;
use crate::error::{AppError, Code};
use crate::store::files::hex;

/// Bytes of one piece: a row of the database that is read and written at once.
pub const PIECE_BYTES: usize = 256 * 1024;
/// Pieces between who reads and who stores.
pub(super) const BETWEEN: usize = 4;
/// Largest file: ten million lines with their names come to half of it.
pub const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024 * 1024;

/// What is said of a job while it is made: by who makes it, and to it.
#[derive(Debug, Default)]
pub(super) struct Told {
    progress: Mutex<Option<Progress>>,
    stopped: AtomicBool,
}

impl Told {
    pub(super) fn say(&self, progress: Progress) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress);
    }

    pub(super) fn progress(&self) -> Option<Progress> {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(super) fn goes_on(&self) -> bool {
        !self.stopped.load(Ordering::Relaxed)
    }
}

/// The file while it is written.
pub(super) struct Sink {
    to: Sender<Vec<u8>>,
    told: Arc<Told>,
    buffer: Vec<u8>,
    size: u64,
    digest: Sha256,
    most: u64,
}

impl Sink {
    pub(super) fn new(to: Sender<Vec<u8>>, told: Arc<Told>) -> Self {
        let buffer = Vec::with_capacity(PIECE_BYTES);
        Self { to, told, buffer, size: 0, digest: Sha256::new(), most: MAX_FILE_BYTES }
    }

    fn send(&mut self) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE_BYTES));
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody stores it any more");
        self.to.blocking_send(piece).map_err(gone)
    }

    /// Why the writing ended before its end, where that is the reason to tell.
    pub(super) fn refusal(&self) -> Option<AppError> {
        (self.size > self.most).then(|| {
            let gib = self.most / (1024 * 1024 * 1024);
            let detail = format!(
                "The file is larger than {gib} GiB. Ask for a shorter period, or for one \
                 organization or payer at a time."
            );
            AppError::new(Code::TooLarge, detail)
        })
    }

    /// Sends the rest; size and hash of all.
    pub(super) fn finish(mut self) -> io::Result<(u64, String)> {
        if !self.buffer.is_empty() {
            self.send()?;
        }
        Ok((self.size, hex(self.digest)))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.told.goes_on() {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "nobody waits for it any more"));
        }
        let room = PIECE_BYTES.saturating_sub(self.buffer.len());
        let (taken, _) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.size = self.size.saturating_add(u64::try_from(taken.len()).unwrap_or(u64::MAX));
        if self.size > self.most {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is too large"));
        }
        self.buffer.extend_from_slice(taken);
        self.digest.update(taken);
        if self.buffer.len() >= PIECE_BYTES {
            self.send()?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink(room: usize) -> (Sink, tokio::sync::mpsc::Receiver<Vec<u8>>, Arc<Told>) {
        let (to, from) = tokio::sync::mpsc::channel(room);
        let told = Arc::new(Told::default());
        (Sink::new(to, Arc::clone(&told)), from, told)
    }

    #[test]
    fn pieces_are_full_and_together_the_file() {
        let (mut sink, mut from, _) = sink(10);
        let all: Vec<u8> = (0..2 * PIECE_BYTES + 5).map(|n| (n % 251).to_le_bytes()[0]).collect();
        for part in all.chunks(1_000) {
            sink.write_all(part).unwrap();
        }
        let (size, sha256) = sink.finish().unwrap();
        let mut pieces = Vec::new();
        while let Some(piece) = from.blocking_recv() {
            pieces.push(piece);
        }
        assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [PIECE_BYTES, PIECE_BYTES, 5]);
        assert_eq!(pieces.concat(), all);
        assert_eq!(
            (size, sha256),
            (u64::try_from(all.len()).unwrap(), hex(Sha256::new_with_prefix(&all)))
        );
    }

    #[test]
    fn an_empty_file_has_no_piece() {
        let (sink, mut from, _) = sink(1);
        assert_eq!(sink.finish().unwrap(), (0, hex(Sha256::new())));
        assert!(from.blocking_recv().is_none());
    }

    #[test]
    fn what_is_too_large_or_not_wanted_ends() {
        let (mut large, _from, _) = sink(10);
        large.most = 100;
        large.write_all(&[0; 100]).unwrap();
        assert!(large.refusal().is_none());
        large.write_all(&[0; 1]).unwrap_err();
        assert_eq!(large.refusal().unwrap().code, Code::TooLarge);
        let (mut stopped, _from, told) = sink(10);
        told.stop();
        stopped.write_all(&[0; 1]).unwrap_err();
        let (mut lonely, from, _) = sink(10);
        drop(from);
        lonely.write_all(&vec![0; PIECE_BYTES]).unwrap_err();
    }
}
