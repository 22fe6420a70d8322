//! What can go wrong in the store, in words that the rest of the program understands.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};

/// A failure of the store. The texts are for logs; no value of a row is in them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No such row for this tenant.
    #[error("not found")]
    NotFound,
    /// A uniqueness or reference rule of the schema was broken. `hint` names the constraint or the
    /// columns, as the database tells them.
    #[error("conflict: {hint}")]
    Conflict {
        /// Constraint name (PostgreSQL) or table and columns (SQLite).
        hint: String,
    },
    /// Try again: no connection or lock in time.
    #[error("busy: {0}")]
    Busy(String),
    /// The connection was lost while committing: it may have happened or not.
    #[error("the outcome is unknown: {0}")]
    OutcomeUnknown(String),
    /// Anything else.
    #[error("{0}")]
    Broken(String),
}

impl StoreError {
    /// A failed commit: a lost connection leaves the outcome open.
    pub fn from_commit(error: Error) -> Self {
        match error {
            Error::DatabaseError(DatabaseErrorKind::ClosedConnection, info) => {
                Self::OutcomeUnknown(info.message().to_owned())
            }
            other => other.into(),
        }
    }

    /// Whether this is a conflict whose hint mentions `what` (a table, column or constraint).
    pub fn conflicts_on(&self, what: &str) -> bool {
        matches!(self, Self::Conflict { hint } if hint.contains(what))
    }
}

fn hint(info: &(dyn DatabaseErrorInformation + Send + Sync)) -> String {
    // PostgreSQL's message names the constraint; its details hold values, which are left out.
    info.constraint_name().map_or_else(|| info.message().to_owned(), str::to_owned)
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::NotFound,
            Error::DatabaseError(kind, info) => match kind {
                DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::ForeignKeyViolation => {
                    Self::Conflict { hint: hint(info.as_ref()) }
                }
                DatabaseErrorKind::SerializationFailure => Self::Busy("serialization".into()),
                _ if info.message().contains("deadlock detected") => Self::Busy("deadlock".into()),
                _ if info.message().contains("database is locked") => Self::Busy("locked".into()),
                _ => Self::Broken(info.message().to_owned()),
            },
            other => Self::Broken(other.to_string()),
        }
    }
}

impl From<diesel::r2d2::Error> for StoreError {
    fn from(error: diesel::r2d2::Error) -> Self {
        Self::Broken(error.to_string())
    }
}
