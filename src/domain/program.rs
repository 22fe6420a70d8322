//! The program: a waiver, site or grant of the organization under which visits are given (R28).

use serde::{Deserialize, Serialize};

use super::dates::Span;
use super::identifiers::{Key, Line55};
use super::ids::ProgramId;
use super::text::code_list;

code_list!(
    /// What sort of program it is.
    ProgramKind, "a kind of program" {
        /// A waiver or program of the state, such as 1915(i) services or a health home.
        Program = "program",
        /// A site or team of the organization.
        Site = "site",
        /// A grant that pays for something.
        Grant = "grant",
    }
);

/// A program with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Our id.
    pub id: ProgramId,
    /// Counts changes, for If-Match.
    pub revision: i32,
    /// What it says.
    pub data: ProgramData,
}

/// What is said of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramData {
    /// Its short name, unique in the organization; never changes.
    pub key: Key,
    /// Its name for people.
    pub name: Line55,
    /// What sort it is.
    pub kind: ProgramKind,
    /// The days on which it runs.
    pub span: Span,
    /// The location of the organization where it is: the place of the service of its visits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Key>,
}
