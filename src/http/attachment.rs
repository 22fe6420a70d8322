//! A file as an answer: the one place that says its headers.

use std::future::Future;

use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use futures_util::{Stream, stream};

use crate::error::AppError;
use crate::reports::formats::Format;

/// Media type of every table in comma-separated form.
pub(super) const CSV: &str = "text/csv; charset=utf-8";

/// A 200 that a browser saves as `name`, which is of our own making: a name that came from outside stands
/// in no header.
pub(super) fn attachment(media_type: &str, name: &str) -> HttpResponseBuilder {
    let mut response = as_told(media_type);
    response.insert_header(("Content-Disposition", format!("attachment; filename=\"{name}\"")));
    response
}

/// A report in one of its forms: programs read it as JSON, anything else is saved.
pub(super) fn report(name: &str, format: Format) -> HttpResponseBuilder {
    match format {
        Format::Json => as_told(format.media_type()),
        _ => attachment(format.media_type(), &format!("{name}.{}", format.ending())),
    }
}

/// Nobody guesses at the content, because parts of it come from outside.
fn as_told(media_type: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.content_type(media_type).insert_header(("X-Content-Type-Options", "nosniff"));
    response
}

/// [`attachment`] of bytes that never change: `ETag` is their SHA-256.
pub(super) fn sealed(media_type: &str, name: &str, sha256: &str) -> HttpResponseBuilder {
    let mut response = attachment(media_type, name);
    response.insert_header(("ETag", format!("\"{sha256}\"")));
    response
}

/// A kept file piece by piece, until `next` has none; no connection is held while a piece is on its way.
pub(super) fn pieces<W, F, N>(work: W, next: N) -> impl Stream<Item = Result<Bytes, AppError>>
where
    W: Clone,
    N: Fn(W, i32) -> F,
    F: Future<Output = Result<Option<Vec<u8>>, AppError>>,
{
    stream::try_unfold((work, next, 0), |(work, next, ordinal)| async move {
        let piece = next(work.clone(), ordinal).await?;
        Ok(piece.map(|bytes| (Bytes::from(bytes), (work, next, ordinal + 1))))
    })
}
