//! The one error of the program: a stable public code, a safe text for the caller, places, and an
//! internal cause that goes to the log only.
//!
//! `docs/errors.md` lists every code; `tests/house.rs` holds the list against this file.

use serde::Serialize;

use crate::domain::text::{Invalid, code_list};
use crate::store::StoreError;

code_list!(
    /// The public error codes. One code, one cause.
    Code, "an error code" {
        /// The body is not JSON, or not of the right shape.
        MalformedBody = "malformed_body",
        /// Some fields are wrong; `faults` says which.
        InvalidInput = "invalid_input",
        /// A parameter of the URL is wrong.
        InvalidParameter = "invalid_parameter",
        /// No valid API key came with the request.
        Unauthorized = "unauthorized",
        /// Nothing here that this key may see.
        NotFound = "not_found",
        /// The method is not for this resource.
        MethodNotAllowed = "method_not_allowed",
        /// The body's type is not one that is read here.
        UnsupportedMediaType = "unsupported_media_type",
        /// The answer is not to be had in the wanted form.
        NotAcceptable = "not_acceptable",
        /// The body came too slowly.
        TooSlow = "too_slow",
        /// The body is larger than allowed.
        TooLarge = "too_large",
        /// The reference was used for other content.
        ReferenceConflict = "reference_conflict",
        /// Something with this natural key exists.
        AlreadyExists = "already_exists",
        /// The encounter is on a live claim.
        AlreadyClaimed = "already_claimed",
        /// A replacement or void of the claim is under way.
        ClaimChanging = "claim_changing",
        /// Nobody has said what the payer calls the claim.
        ClaimWithoutNumber = "claim_without_number",
        /// The status does not allow this step.
        WrongStatus = "wrong_status",
        /// The rule cannot be overridden.
        NotOverridable = "not_overridable",
        /// A check at release found faults; nothing was released.
        ReleaseRefused = "release_refused",
        /// Nothing is ready to be claimed.
        NothingReady = "nothing_ready",
        /// So many reports are being made or kept that no other is taken on.
        TooManyJobs = "too_many_jobs",
        /// If-Match is missing on a change.
        PreconditionRequired = "precondition_required",
        /// Somebody changed it meanwhile.
        PreconditionFailed = "precondition_failed",
        /// The Idempotency-Key was used with another body.
        IdempotencyKeyReused = "idempotency_key_reused",
        /// A request with this Idempotency-Key is still running.
        IdempotencyKeyRunning = "idempotency_key_running",
        /// Too busy; try again.
        Busy = "busy",
        /// The connection was lost while committing; ask again with the same key.
        OutcomeUnknown = "outcome_unknown",
        /// A fault of ours.
        Internal = "internal",
    }
);

impl Code {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::MalformedBody | Self::InvalidParameter => 400,
            Self::Unauthorized => 401,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::NotAcceptable => 406,
            Self::TooSlow => 408,
            Self::ReferenceConflict
            | Self::AlreadyExists
            | Self::AlreadyClaimed
            | Self::ClaimChanging
            | Self::ClaimWithoutNumber
            | Self::WrongStatus
            | Self::NotOverridable
            | Self::ReleaseRefused
            | Self::NothingReady
            | Self::TooManyJobs
            | Self::IdempotencyKeyRunning => 409,
            Self::PreconditionFailed => 412,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::InvalidInput | Self::IdempotencyKeyReused => 422,
            Self::PreconditionRequired => 428,
            Self::Internal => 500,
            Self::Busy | Self::OutcomeUnknown => 503,
        }
    }

    /// A short title for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::MalformedBody => "The body cannot be read",
            Self::InvalidInput => "Some of the input is wrong",
            Self::InvalidParameter => "A parameter is wrong",
            Self::Unauthorized => "A valid API key is needed",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "This method is not for this resource",
            Self::UnsupportedMediaType => "This type of body is not read here",
            Self::NotAcceptable => "Not to be had in this form",
            Self::TooSlow => "The body came too slowly",
            Self::TooLarge => "The body is too large",
            Self::ReferenceConflict => "This reference was used for other content",
            Self::AlreadyExists => "Something with this key exists",
            Self::AlreadyClaimed => "The encounter is on a live claim",
            Self::ClaimChanging => "The claim is being replaced or voided",
            Self::ClaimWithoutNumber => "The payer's number of the claim is not known",
            Self::WrongStatus => "The status does not allow this",
            Self::NotOverridable => "This rule cannot be overridden",
            Self::ReleaseRefused => "The batch was not released",
            Self::NothingReady => "Nothing is ready to be claimed",
            Self::TooManyJobs => "Too many reports are being made or kept",
            Self::PreconditionRequired => "If-Match is needed",
            Self::PreconditionFailed => "Somebody changed it meanwhile",
            Self::IdempotencyKeyReused => "This Idempotency-Key was used with another body",
            Self::IdempotencyKeyRunning => "A request with this Idempotency-Key is running",
            Self::Busy => "Busy, try again",
            Self::OutcomeUnknown => "The outcome is unknown, ask again",
            Self::Internal => "A fault of the service",
        }
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// JSON pointer of the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Line of the file, 1 first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Column by name (CSV) or place in the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
}

impl Fault {
    /// At a JSON pointer.
    pub fn at(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), line: None, column: None, message: message.into() }
    }

    /// At a line of a file, with the column where one is known.
    pub fn on_line(line: u64, column: Option<&str>, message: impl Into<String>) -> Self {
        let column = column.map(str::to_owned);
        Self { pointer: None, line: Some(line), column, message: message.into() }
    }
}

/// Most faults that one answer lists: the first hundred of a bad file tell the story.
pub const MAX_FAULTS: usize = 100;

/// The error of every step.
#[derive(Debug, thiserror::Error)]
#[error("{}: {detail}", code.as_str())]
pub struct AppError {
    /// The public code.
    pub code: Code,
    /// A sentence for the caller; no internal text, no personal data.
    pub detail: String,
    /// What is wrong where.
    pub faults: Vec<Fault>,
    /// For the log only.
    pub internal: Option<String>,
}

impl AppError {
    /// With a sentence for the caller.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), faults: Vec::new(), internal: None }
    }

    /// The same error once more, for another who is refused for the same reason.
    pub fn same(&self) -> Self {
        Self {
            code: self.code,
            detail: self.detail.clone(),
            faults: self.faults.clone(),
            internal: self.internal.clone(),
        }
    }

    /// `invalid_input` with its faults.
    pub fn invalid(faults: Vec<Fault>) -> Self {
        let count = faults.len();
        Self::invalid_of(faults, count)
    }

    /// `invalid_input` with the first of so many faults.
    pub fn invalid_of(mut faults: Vec<Fault>, count: usize) -> Self {
        faults.truncate(MAX_FAULTS);
        let detail = match count {
            1 => "One field is wrong; nothing was changed.".to_owned(),
            n => format!("{n} fields are wrong; nothing was changed."),
        };
        Self { code: Code::InvalidInput, detail, faults, internal: None }
    }

    /// `invalid_input` with one fault at a JSON pointer.
    pub fn field(pointer: &str, message: impl Into<String>) -> Self {
        Self::invalid(vec![Fault::at(pointer, message)])
    }

    /// `not_found`.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what} that this key may see."))
    }

    /// `internal`; the cause goes to the log only.
    pub fn internal(cause: impl Into<String>) -> Self {
        let detail = "This is a fault of the service; the request_id finds it in its log.";
        let internal = Some(cause.into());
        Self { code: Code::Internal, detail: detail.into(), faults: Vec::new(), internal }
    }

    /// With faults added.
    pub fn with_faults(mut self, mut faults: Vec<Fault>) -> Self {
        faults.truncate(MAX_FAULTS);
        self.faults = faults;
        self
    }

    /// Whether the same request may succeed later, unchanged.
    pub fn retryable(&self) -> bool {
        matches!(self.code, Code::Busy | Code::OutcomeUnknown | Code::IdempotencyKeyRunning)
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        let internal = Some(error.to_string());
        let (code, detail) = match error {
            StoreError::NotFound => return Self::not_found("thing"),
            StoreError::Busy(_) => (Code::Busy, "The service is busy; try again in a moment."),
            StoreError::OutcomeUnknown(_) => (
                Code::OutcomeUnknown,
                "The connection to the database was lost while committing. Send the same request \
                 again, with the same reference or Idempotency-Key: it is done at most once.",
            ),
            StoreError::Conflict { .. } => {
                (Code::AlreadyExists, "Something with this key exists already.")
            }
            StoreError::Broken(cause) => return Self::internal(cause),
        };
        Self { code, detail: detail.into(), faults: Vec::new(), internal }
    }
}

impl From<Invalid> for AppError {
    fn from(error: Invalid) -> Self {
        Self::new(Code::InvalidParameter, format!("{error}."))
    }
}
