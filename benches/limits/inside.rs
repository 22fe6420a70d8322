//! How long requests took inside the service, without the way from the client and back: what the service logs of
//! each of them, read as it is logged. The budgets of posts are of this time.

use std::sync::Mutex;
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Where the service logs a request when it is answered.
const LOGGED_BY: &str = "peerclaims::http::trace";
/// Its field with the microseconds.
const MICROS: &str = "micros";

static TIMES: Mutex<Vec<Duration>> = Mutex::new(Vec::new());

/// Listens from now on, and forgets what was heard before.
pub fn listen() {
    // The second time somebody listens already.
    let _ = tracing::subscriber::set_global_default(Listener);
    take();
}

/// What was heard since, of requests in the order of their answers.
pub fn take() -> Vec<Duration> {
    std::mem::take(&mut *TIMES.lock().unwrap())
}

/// Hears of answers, and of nothing else.
struct Listener;

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target() == LOGGED_BY
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Heard);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Heard;

impl Visit for Heard {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == MICROS {
            TIMES.lock().unwrap().push(Duration::from_micros(value));
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
