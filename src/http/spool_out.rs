//! An answer that is made faster than it is taken: its maker writes it into an unnamed temporary file and is
//! never kept waiting, so that neither a connection of the database nor its snapshot hangs on a slow reader;
//! the reader is given what is there, and waits for more while there may be more (`docs/adr/0118`).
//!
//! An answer that fails before its first bytes are there is an error like any other. One that fails later is
//! cut: the connection ends without the end of the body, and no client takes it for whole.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use actix_web::web::{self, Bytes};
use futures_util::stream::{self, Stream};
use tokio::sync::watch;

use crate::error::AppError;

/// Bytes that are gathered before the reader is told of them.
const PIECE_BYTES: usize = 16 * 1024;
/// Most bytes that are handed over at once.
const HANDED_BYTES: u64 = 64 * 1024;

/// How far the maker has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many bytes are there, and more will come.
    Growing(u64),
    /// These are all.
    Whole(u64),
    /// There will be no more, and it is not whole.
    Broken,
}

/// Where the maker writes.
pub(super) struct Maker {
    file: Arc<File>,
    piece: Vec<u8>,
    written: u64,
    state: watch::Sender<State>,
}

/// Where the reader reads.
pub(super) struct Reader {
    file: Arc<File>,
    read: u64,
    state: watch::Receiver<State>,
}

/// A new answer.
pub(super) fn begin() -> Result<(Maker, Reader), AppError> {
    let failed = |e: io::Error| AppError::internal(format!("an answer cannot be spooled: {e}"));
    let file = Arc::new(tempfile::tempfile().map_err(failed)?);
    let (state, told) = watch::channel(State::Growing(0));
    let piece = Vec::with_capacity(PIECE_BYTES);
    let maker = Maker { file: Arc::clone(&file), piece, written: 0, state };
    Ok((maker, Reader { file, read: 0, state: told }))
}

impl Maker {
    fn put(&mut self) -> io::Result<()> {
        // Nobody reads any more: there is nothing left to make it for.
        if self.state.is_closed() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.file.write_all_at(&self.piece, self.written)?;
        self.written += u64::try_from(self.piece.len()).unwrap_or_default();
        self.piece.clear();
        self.state.send_replace(State::Growing(self.written));
        Ok(())
    }

    /// Says that all of it was written. A maker that is dropped without it leaves a broken answer.
    pub(super) fn whole(mut self) -> io::Result<()> {
        self.put()?;
        self.state.send_replace(State::Whole(self.written));
        Ok(())
    }
}

impl Write for Maker {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.put()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Maker {
    fn drop(&mut self) {
        self.state.send_if_modified(|state| {
            let left = matches!(state, State::Growing(_));
            if left {
                *state = State::Broken;
            }
            left
        });
    }
}

impl Reader {
    /// Waits until something is there to read, or until it is known that it will not be whole.
    pub(super) async fn first(&mut self) -> bool {
        let there = |state: &State| *state != State::Growing(0);
        let state = self.state.wait_for(there).await.map(|state| *state);
        state.is_ok_and(|state| state != State::Broken)
    }

    /// The bytes, piece after piece, with something that is kept until the reader is done with them.
    pub(super) fn pieces<K: 'static>(
        self,
        kept: K,
    ) -> impl Stream<Item = Result<Bytes, AppError>> + 'static {
        stream::try_unfold((self, kept), |(mut reader, kept)| async move {
            let piece = reader.next().await?;
            Ok(piece.map(|bytes| (bytes, (reader, kept))))
        })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, AppError> {
        let read = self.read;
        let more = |state: &State| *state != State::Growing(read);
        let cut = || AppError::internal("an answer broke off while it was sent");
        let state = *self.state.wait_for(more).await.map_err(|_| cut())?;
        let there = match state {
            State::Growing(there) | State::Whole(there) => there,
            State::Broken => return Err(cut()),
        };
        let wanted = (there - read).min(HANDED_BYTES);
        if wanted == 0 {
            return Ok(None);
        }
        let file = Arc::clone(&self.file);
        let take = move || {
            let mut bytes = vec![0; usize::try_from(wanted).unwrap_or_default()];
            file.read_exact_at(&mut bytes, read).map(|()| Bytes::from(bytes))
        };
        let taken = web::block(take).await.map_err(|_| cut())?;
        let bytes =
            taken.map_err(|e| AppError::internal(format!("a spool cannot be read: {e}")))?;
        self.read += wanted;
        Ok(Some(bytes))
    }
}

#[cfg(test)]
#[path = "spool_out_tests.rs"]
mod tests;
