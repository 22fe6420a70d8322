//! Drafts: what a door was told of a thing, field by field, before it is known to be right. Every
//! field may be missing or wrong; parsing tells all faults at once, each at its JSON pointer. The
//! CSV import fills the same drafts and turns pointers into columns, so both doors have one parser.

mod authorization;
mod claim;
mod consent;
mod document;
mod episode;
mod member;
mod opening;
mod organization;
mod payer;
mod peer;
mod program;

use chrono::NaiveDate;

pub use authorization::{AuthorizationDraft, AuthorizationInput, MemberName};
pub use claim::{MemberClaimDraft, PeerClaimDraft, PeerNumberDraft, ProviderDraft};
pub use consent::{ALL_PAYERS, ConsentDraft, ConsentInput};
pub use document::{DocumentDraft, DocumentInput};
pub use episode::{EpisodeDraft, EpisodeInput};
pub use member::{AddressDraft, CoverageDraft, CoverageInput, MemberDraft, MemberInput};
pub use opening::{AuthorizationName, OpeningDraft, OpeningInput, Whose};
pub use organization::{LocationDraft, OrganizationDraft, OrganizationInput};
pub use payer::PayerDraft;
pub(in crate::flow::reference) use peer::HIRED_BEFORE_BORN;
pub use peer::{CertificateDraft, PeerDraft, PeerInput};
pub use program::ProgramDraft;

use crate::domain::dates::{Span, parse_date};
use crate::domain::identifiers::{Key, Npi};
use crate::domain::ids::{PayerId, PeerId};
use crate::domain::text::Invalid;
use crate::error::Fault;

/// A payer as doors name it: by our id or by its key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(try_from = "String")]
pub enum PayerName {
    /// `pay_…`
    Id(PayerId),
    /// Its key.
    Key(Key),
}

impl TryFrom<String> for PayerName {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        if let Ok(id) = PayerId::parse(&text) {
            return Ok(Self::Id(id));
        }
        let rule = "a payer is named by its id (pay_ and 13 letters and digits) or by its key";
        Key::parse(&text).map(Self::Key).map_err(|_| Invalid::new(rule))
    }
}

impl std::fmt::Display for PayerName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Key(key) => key.fmt(f),
        }
    }
}

/// A peer as doors name it: by our id or by the NPI.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(try_from = "String")]
pub enum PeerName {
    /// `peer_…`
    Id(PeerId),
    /// The NPI.
    Npi(Npi),
}

impl TryFrom<String> for PeerName {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        if let Ok(id) = PeerId::parse(&text) {
            return Ok(Self::Id(id));
        }
        let rule = "a peer is named by the id (peer_ and 13 letters and digits) or the NPI";
        Npi::parse(&text).map(Self::Npi).map_err(|_| Invalid::new(rule))
    }
}

/// What a missing field is answered with.
const MISSING: &str = "this field is missing";
/// Most services that one thing names: a pack has fewer.
const MAX_SERVICES: usize = 100;

/// Reads the fields of a draft and collects what is wrong with them.
#[derive(Debug, Default)]
pub struct Reader {
    base: String,
    faults: Vec<Fault>,
}

impl Reader {
    /// A field that must be there.
    pub fn required<T>(&mut self, field: &str, value: Option<&String>) -> Option<T>
    where
        T: TryFrom<String, Error = Invalid>,
    {
        if value.is_none() {
            self.refuse(field, MISSING);
        }
        self.optional(field, value)
    }

    /// A field that may be missing.
    pub fn optional<T>(&mut self, field: &str, value: Option<&String>) -> Option<T>
    where
        T: TryFrom<String, Error = Invalid>,
    {
        let parsed = T::try_from(value?.clone());
        parsed.map_err(|rule| self.refuse(field, rule.0)).ok()
    }

    /// A number or flag that must be there.
    pub fn given<T: Copy>(&mut self, field: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.refuse(field, MISSING);
        }
        value
    }

    /// A date that must be there.
    pub fn date(&mut self, field: &str, value: Option<&String>) -> Option<NaiveDate> {
        if value.is_none() {
            self.refuse(field, MISSING);
        }
        self.optional_date(field, value)
    }

    /// A date that may be missing.
    pub fn optional_date(&mut self, field: &str, value: Option<&String>) -> Option<NaiveDate> {
        parse_date(value?).map_err(|rule| self.refuse(field, rule.0)).ok()
    }

    /// The fields `from` and `to`, both days included; without `to`, for ever.
    pub fn span(&mut self, from: Option<&String>, to: Option<&String>) -> Option<Span> {
        let first = self.date("from", from);
        let last = self.optional_date("to", to);
        Span::new(first?, last).map_err(|rule| self.refuse("to", rule.0)).ok()
    }

    /// The field `services`: keys of services, sorted, each once.
    pub fn services(&mut self, list: Option<&[String]>) -> Vec<Key> {
        self.keys("services", list)
    }

    /// A list of keys, sorted, each once.
    pub fn keys(&mut self, field: &str, list: Option<&[String]>) -> Vec<Key> {
        let list = list.unwrap_or_default();
        if list.len() > MAX_SERVICES {
            self.refuse(field, format!("this list has at most {MAX_SERVICES} items"));
            return Vec::new();
        }
        let each = list.iter().enumerate();
        let mut keys: Vec<Key> =
            each.filter_map(|(i, s)| self.required(&format!("{field}/{i}"), Some(s))).collect();
        keys.sort();
        keys.dedup();
        keys
    }

    /// Reads what lies under a field.
    pub fn within<T>(&mut self, field: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.base.len();
        self.base.push('/');
        self.base.push_str(field);
        let value = read(self);
        self.base.truncate(length);
        value
    }

    /// Reads each item of a list of at most `most` items. Faulty items are left out: their faults
    /// refuse the whole.
    pub fn items<D, T>(
        &mut self,
        field: &str,
        list: Option<&Vec<D>>,
        most: usize,
        read: impl Fn(&mut Self, &D) -> Option<T>,
    ) -> Vec<T> {
        let Some(list) = list else {
            return Vec::new();
        };
        if list.len() > most {
            self.refuse(field, format!("this list has at most {most} items"));
            return Vec::new();
        }
        self.within(field, |reader| {
            let each = list.iter().enumerate();
            each.filter_map(|(i, d)| reader.within(&i.to_string(), |r| read(r, d))).collect()
        })
    }

    /// Tells a fault of a field.
    pub fn refuse(&mut self, field: &str, message: impl Into<String>) {
        self.faults.push(Fault::at(format!("{}/{field}", self.base), message));
    }

    /// The value, when nothing was wrong.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Vec<Fault>> {
        match value {
            Some(value) if self.faults.is_empty() => Ok(value),
            _ => Err(self.faults),
        }
    }
}

/// Refuses items of a list whose natural key an earlier one has. Waits until nothing else is wrong:
/// faulty items are left out of the list, so that its places are not the caller's.
fn refuse_repeats<T, K: Eq + std::hash::Hash>(
    reader: &mut Reader,
    field: &str,
    items: &[T],
    key: impl Fn(&T) -> K,
    message: &str,
) {
    if !reader.faults.is_empty() {
        return;
    }
    let mut seen = std::collections::HashSet::new();
    for (index, item) in items.iter().enumerate() {
        if !seen.insert(key(item)) {
            reader.refuse(&format!("{field}/{index}"), message);
        }
    }
}
