//! Ids in paths. A text that is no id of the kind names nothing: 404, like an id that is not there.

use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::error::AppError;

/// The id in the `{id}` of the route.
#[derive(Debug, Clone, Copy)]
pub struct PathId<I>(pub I);

impl<I: FromStr> FromRequest for PathId<I> {
    type Error = AppError;
    type Future = Ready<Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, "id").map(Self))
    }
}

/// The value of another named segment of the route.
pub fn segment<I: FromStr>(request: &HttpRequest, name: &str) -> Result<I, AppError> {
    request
        .match_info()
        .get(name)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| AppError::not_found("thing"))
}
