//! A connection whose client may be slow, but not for ever.
//!
//! The web framework has a time limit for the first head of a connection and for an idle connection,
//! and none for anything else. Below it, this stream adds two:
//!
//! - **A reader that does not take its answer** is cut: while bytes wait for it, it must keep to its
//!   [`Pace`]. Its socket is reset, so that the kernel, too, forgets what it did not read.
//! - **A connection that nobody works for** is cut when it neither is idle (the framework ends that)
//!   nor comes to a next request: heads after the first, and bodies that no handler reads.
//!
//! Bodies that a handler reads have their limits there, because they can be answered (408).

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use super::pace::{Limits, Pace};
use crate::metrics::{Metrics, Running};

/// The limits of a connection.
#[derive(Debug, Clone)]
pub(super) struct Patience {
    /// For readers of answers.
    pub(super) answer: Limits,
    /// Longest time between the end of an answer and the whole head of the next request.
    pub(super) between: Duration,
    /// Where cuts are counted.
    pub(super) metrics: Arc<Metrics>,
}

/// What the requests of a connection tell it. All of a connection is on one thread.
#[derive(Debug)]
pub(super) struct Line {
    busy: Cell<u32>,
    quiet_since: Cell<Instant>,
}

/// A request that is being answered, until its body is handed over whole.
#[derive(Debug)]
pub(super) struct Busy(Rc<Line>);

impl Line {
    pub(super) fn busy(self: &Rc<Self>) -> Busy {
        self.busy.set(self.busy.get().saturating_add(1));
        Busy(Rc::clone(self))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.set(self.0.busy.get().saturating_sub(1));
        self.0.quiet_since.set(Instant::now());
    }
}

/// An answer's body that keeps its request counted until it is handed over.
#[derive(Debug)]
pub(super) struct Handed {
    body: BoxBody,
    // Both only for their drop.
    _busy: Option<Busy>,
    _running: Option<Running>,
}

impl Handed {
    pub(super) fn new(body: BoxBody, busy: Option<Busy>, running: Option<Running>) -> Self {
        Self { body, _busy: busy, _running: running }
    }
}

impl MessageBody for Handed {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

/// The connection.
pub(super) struct Patient {
    io: TcpStream,
    patience: Patience,
    line: Rc<Line>,
    /// Set while the client has bytes to take.
    owed: Option<Pace>,
    timer: Pin<Box<Sleep>>,
}

impl Patient {
    pub(super) fn new(io: TcpStream, patience: Patience) -> Self {
        let now = Instant::now();
        let line = Rc::new(Line { busy: Cell::new(0), quiet_since: Cell::new(now) });
        let timer = Box::pin(tokio::time::sleep_until(now + patience.between));
        Self { io, patience, line, owed: None, timer }
    }

    pub(super) fn line(&self) -> Rc<Line> {
        Rc::clone(&self.line)
    }

    /// Whether `deadline` has passed; otherwise this task is woken when it does.
    fn late(&mut self, deadline: Instant, cx: &mut Context<'_>) -> bool {
        if self.timer.deadline() != deadline {
            self.timer.as_mut().reset(deadline);
        }
        self.timer.as_mut().poll(cx).is_ready()
    }

    fn cut(&self, why: &'static str) -> io::Error {
        self.patience.metrics.cut.add(why, 1);
        tracing::info!(why, "a connection was cut, its client was too slow");
        io::Error::new(io::ErrorKind::TimedOut, why)
    }

    /// After a write that the client did not take.
    fn owing(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let limits = self.patience.answer;
        let pace = self.owed.get_or_insert_with(|| Pace::begin(limits, Instant::now()));
        let deadline = pace.deadline();
        if !self.late(deadline, cx) {
            return Poll::Pending;
        }
        // Without lingering, the close is a reset. If it cannot be set, the close is a slow one.
        let _ = self.io.set_zero_linger();
        Poll::Ready(self.cut("answer"))
    }

    /// When there is nothing to write: is there anything to wait for?
    fn waiting(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        if self.line.busy.get() > 0 || self.owed.is_some() {
            return Poll::Pending;
        }
        let deadline = self.line.quiet_since.get() + self.patience.between;
        if self.late(deadline, cx) { Poll::Ready(self.cut("request")) } else { Poll::Pending }
    }

    fn wrote(&mut self, count: usize) {
        let now = Instant::now();
        self.line.quiet_since.set(now);
        if let Some(pace) = &mut self.owed {
            pace.moved(count, now);
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.io).poll_read(cx, buffer) {
            Poll::Pending => self.waiting(cx).map(Err),
            Poll::Ready(done) => Poll::Ready(done),
        }
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.io).poll_write(cx, bytes) {
            Poll::Ready(Ok(count)) => {
                self.wrote(count);
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.owing(cx).map(Err),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The dispatcher flushes when it has written all that it had.
        self.owed = None;
        match self.waiting(cx) {
            Poll::Ready(error) => Poll::Ready(Err(error)),
            Poll::Pending => Pin::new(&mut self.io).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
