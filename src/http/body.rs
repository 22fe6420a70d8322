//! Reading a body: bounded in size and time, whole in memory. Bulk uploads stream instead.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{self, Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::pace::{Limits, Pace};
use crate::error::{AppError, Code};

/// What is still read, and thrown away, of a body that is too large, so that the client gets the
/// answer and not a broken connection.
pub const DRAIN_BYTES: u64 = 1024 * 1024;

/// Reads the body; at most `http.max_body_bytes` within `http.body_seconds`.
pub async fn read(request: &HttpRequest, payload: &mut Payload) -> Result<Bytes, AppError> {
    let settings = super::settings(request)?;
    let limit = settings.max_body_bytes;
    plain_encoding(request)?;
    let deadline = Instant::now() + Duration::from_secs(settings.body_seconds);
    let mut body = BytesMut::new();
    let mut seen = 0usize;
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(DRAIN_BYTES);
    let announced = header(request, &CONTENT_LENGTH).and_then(|text| text.parse::<usize>().ok());
    let mut too_large = announced.is_some_and(|length| length > limit);
    while let Some(chunk) = next(payload, deadline).await? {
        seen = seen.saturating_add(chunk.len());
        too_large |= seen > limit;
        if !too_large {
            body.extend_from_slice(&chunk);
        } else if u64::try_from(seen).unwrap_or(u64::MAX) > most {
            break;
        }
    }
    if too_large {
        let detail = format!("The body is larger than {limit} bytes; send less at a time.");
        return Err(AppError::new(Code::TooLarge, detail));
    }
    Ok(body.freeze())
}

async fn next(payload: &mut Payload, deadline: Instant) -> Result<Option<Bytes>, AppError> {
    timeout_at(deadline, payload.next()).await.map_err(|_| late())?.transpose().map_err(failed)
}

fn late() -> AppError {
    let detail = "The body did not arrive in time; nothing was changed. Send it again, faster.";
    AppError::new(Code::TooSlow, detail)
}

/// The pieces of an upload, within the limits of `http.body_seconds` and
/// `http.min_bytes_per_second`.
pub(super) struct Upload {
    payload: web::Payload,
    pace: Pace,
}

impl Upload {
    /// Begins now.
    pub(super) fn begin(request: &HttpRequest, payload: web::Payload) -> Result<Self, AppError> {
        let settings = super::settings(request)?;
        let limits = Limits {
            pause: Duration::from_secs(settings.body_seconds),
            bytes_per_second: settings.min_bytes_per_second,
        };
        Ok(Self { payload, pace: Pace::begin(limits, Instant::now()) })
    }

    /// The next piece; none after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, AppError> {
        let next = timeout_at(self.pace.deadline(), self.payload.next());
        let piece = next.await.map_err(|_| late())?.transpose().map_err(failed)?;
        self.pace.moved(piece.as_ref().map_or(0, Bytes::len), Instant::now());
        Ok(piece)
    }
}

fn failed(error: PayloadError) -> AppError {
    let cause = Some(error.to_string());
    AppError { internal: cause, ..AppError::new(Code::MalformedBody, "The body ended early.") }
}

/// Refuses compressed bodies: a small one could be very large.
pub fn plain_encoding(request: &HttpRequest) -> Result<(), AppError> {
    match header(request, &CONTENT_ENCODING) {
        None => Ok(()),
        Some(text) if text.trim().eq_ignore_ascii_case("identity") => Ok(()),
        Some(_) => Err(AppError::new(
            Code::UnsupportedMediaType,
            "Send the body without Content-Encoding; compressed bodies are not read.",
        )),
    }
}

/// The media type of the body in lower case, without parameters; a charset other than UTF-8 is
/// refused.
pub fn media_type(request: &HttpRequest) -> Result<Option<String>, AppError> {
    let Some(text) = header(request, &CONTENT_TYPE) else { return Ok(None) };
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    match charset.map(|(_, value)| value.trim().trim_matches('"')) {
        Some(value) if !value.eq_ignore_ascii_case("utf-8") => {
            Err(AppError::new(Code::UnsupportedMediaType, "Send the body in UTF-8."))
        }
        _ => Ok(Some(essence)),
    }
}

fn header<'a>(
    request: &'a HttpRequest,
    name: &actix_web::http::header::HeaderName,
) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}
