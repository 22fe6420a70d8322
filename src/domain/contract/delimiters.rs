//! The delimiters that a claim profile asks for.

use serde::{Deserialize, Serialize};

/// The four delimiters of an interchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delimiters {
    /// Between elements, `*` by custom.
    pub element: char,
    /// Between components (ISA16), `:` by custom.
    pub component: char,
    /// Between repetitions (ISA11), `^` by custom.
    pub repetition: char,
    /// After a segment, `~` by custom.
    pub segment: char,
}

impl Default for Delimiters {
    fn default() -> Self {
        Self { element: '*', component: ':', repetition: '^', segment: '~' }
    }
}
