//! Drafts of payers.

use serde::Deserialize;

use super::Reader;
use crate::domain::payer::PayerData;
use crate::error::Fault;

/// A payer as a door was told of it.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayerDraft {
    /// Short name, unique in the service; never changes.
    #[schema(example = "evergreen")]
    pub key: Option<String>,
    /// Its name for people.
    #[schema(example = "Evergreen Community Health Plan")]
    pub name: Option<String>,
    /// Whether it is a payer in the box, for test organizations; never changes.
    #[schema(example = true)]
    pub sandbox: Option<bool>,
}

impl PayerDraft {
    /// Parses all of it, or tells every fault.
    pub fn parse(&self) -> Result<PayerData, Vec<Fault>> {
        let mut r = Reader::default();
        let key = r.required("key", self.key.as_ref());
        let name = r.required("name", self.name.as_ref());
        let sandbox = r.given("sandbox", self.sandbox);
        let data = (|| Some(PayerData { key: key?, name: name?, sandbox: sandbox? }))();
        r.finish(data)
    }
}
