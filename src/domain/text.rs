//! How the small value types are made: one macro for checked texts, one for closed code lists.
//!
//! A value that exists has passed its check, so nothing downstream checks again. The error names
//! the rule that was broken and never repeats the value, which may be personal data.

/// Why a text is not a value of some type. Carries the rule in words, never the refused text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

impl Invalid {
    /// Makes the error from the rule, said as a full clause ("an NPI has ten digits …").
    pub fn new(rule: impl Into<String>) -> Self {
        Self(rule.into())
    }
}

/// Declares a newtype over `String` that is only built by its check.
///
/// `checked_text!(Name, "rule in words", |text| -> Option<String>)`: the closure gives the stored
/// form, or `None` when the rule is broken.
macro_rules! checked_text {
    ($(#[$meta:meta])* $name:ident, $rule:expr, $check:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash,
                 serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The rule in words, as error messages say it.
            pub const RULE: &'static str = $rule;

            /// Checks `text` and keeps its stored form.
            pub fn parse(text: &str) -> Result<Self, $crate::domain::text::Invalid> {
                let check: fn(&str) -> Option<String> = $check;
                check(text).map(Self).ok_or_else(|| $crate::domain::text::Invalid::new($rule))
            }

            /// The stored form.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::text::Invalid;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::domain::text::Invalid;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// Declares a closed list of codes: an enum whose variants have one stable text each.
macro_rules! code_list {
    ($(#[$meta:meta])* $name:ident, $what:literal {
        $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
                 serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum $name {
            $($(#[$vmeta])* $variant),+
        }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable text of the value.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }

            /// Reads the stable text; the error lists what would have been accepted.
            pub fn parse(text: &str) -> Result<Self, $crate::domain::text::Invalid> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::domain::text::Invalid::new(
                        concat!($what, " is one of:" $(, " ", $text)+))),
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::text::Invalid;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::domain::text::Invalid;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.as_str().to_owned()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use {checked_text, code_list};

/// A free text for people and X12: trimmed, 1 to `max` characters, no control characters.
pub fn plain(text: &str, max: usize) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= max;
    (fits && !text.chars().any(char::is_control)).then(|| text.to_owned())
}
