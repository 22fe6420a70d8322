//! The reader against good and bad packs and contracts.

mod agreement;
mod contradict;
mod document;
mod edges;
mod excess;
mod grades;
mod layers;
mod layers_bounds;
mod never;
mod overrides;
mod pack;
mod profile;
mod refusals;
mod schema;
mod shipped;
mod told;
mod validator;
mod wild;
mod words;

use crate::domain::contract::{Fault, Place};

/// The three packs and the three contracts that ship.
pub(super) const PACKS: [&str; 3] = [
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config/payers/evergreen.toml")),
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config/payers/lone-mesa.toml")),
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config/payers/harbor-light.toml")),
];
pub(super) const CONTRACTS: [&str; 3] = [
    include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/contracts/river-bend_evergreen.toml"
    )),
    include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/contracts/mesa-voices_lone-mesa.toml"
    )),
    include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/contracts/open-door_harbor-light.toml"
    )),
];

/// A pack with every key that a pack may have.
pub(super) const EVERY_KEY: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/contracts/every-key.toml"));

/// A small pack without a fault, which the cases bend one line at a time.
pub(super) const PACK: &str = r#"
[pack]
key = "plain"
version = "2026.1"
title = "A plain pack"
state = "WA"

[[source]]
key = "manual"
document = "Provider Manual"
section = "1"
date = 2026-01-01

[[service]]
key = "peer"
title = "Peer support"
procedure = "H0038"
modifiers = ["HE"]
activities = ["individual_support"]
modes = ["in_person", { mode = "video", modifiers = ["95"], place = "02" }]
settings = ["office", { setting = "street", place = "15" }]
unit_minutes = 15
rounding = "floor"
min_age = 18
max_age = 64
diagnosis_classes = ["mental_health"]
certificates = ["cpc"]
source = "manual"

[[service]]
key = "skills"
title = "Skills"
procedure = "H2014"
modes = ["in_person"]
settings = ["office"]
unit_minutes = 30
rounding = "nearest"
rounding_source = "manual"
source = "manual"

[[limit]]
key = "daily"
services = ["peer", "skills"]
units = "8.5"
window = "day"
exceed = "hold"
source = "manual"

[[authorization]]
key = "first"
services = ["peer"]
require = "after"
free_units = 24
window = "calendar_year"
source = "manual"

[[authorization]]
key = "second"
services = ["skills"]
require = "always"
source = "manual"

[filing]
days = 95
source = "manual"

[documentation]
source = "manual"

[claim]
receiver_id = "PLAIN"
receiver_name = "Plain Payer"
payer_name = "Plain Payer"
payer_id = "PLAIN"
claim_filing_code = "MC"
delimiters = { element = "*", segment = "~" }
"#;

/// A small agreement without a fault for [`PACK`].
pub(super) const AGREEMENT: &str = r#"
[contract]
organization = "someone"
payer = "plain"
pack = "plain@2026.1"
from = 2026-01-01
to = 2026-12-31
supersedes = "ctv_0000000000001"
billing_location = "main"
sender_id = "SOMEONE"

[[rate]]
service = "peer"
from = 2026-01-01
to = 2026-07-31
allowed = "11.9725"
charge = "20.00"

[[rate]]
service = "peer"
from = 2026-08-01
allowed = "12.50"

[[rate]]
service = "skills"
from = 2026-01-01
allowed = 24
"#;

/// A bend of a sound text: what is replaced (where it first stands), by what, the path of the one
/// fault that must come of it, and a part of its message.
pub(super) type Bend<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Bends `base` and requires exactly the fault named, on the line where the replacement begins, or
/// on the first line that has the text `on`.
pub(super) fn one_fault<T: std::fmt::Debug>(
    base: &str,
    on: Option<&str>,
    (old, new, path, part): Bend<'_>,
    read: impl Fn(&str) -> Result<T, Vec<Fault>>,
) {
    let bent = base.find(old).unwrap_or_else(|| panic!("not in the base: {old}"));
    let text = base.replacen(old, new, 1);
    let at = on.map_or(bent, |on| text.find(on).unwrap_or_else(|| panic!("not there: {on}")));
    let line = u32::try_from(text[..at].matches('\n').count() + 1).unwrap();
    let faults = read(&text).expect_err(new);
    assert_eq!(faults.len(), 1, "{new}: {faults:#?}");
    assert_eq!(faults[0].path, path, "{new}: {faults:#?}");
    assert!(faults[0].message.contains(part), "{new}: {faults:#?}");
    assert_eq!(faults[0].place, Place::Line(line), "{new}: {faults:#?}");
}

/// TOML as the JSON of the same layout.
pub(super) fn json(text: &str) -> serde_json::Value {
    fn convert(value: &toml::Value) -> serde_json::Value {
        match value {
            toml::Value::Datetime(date) => date.to_string().into(),
            toml::Value::Array(items) => items.iter().map(convert).collect(),
            toml::Value::Table(table) => {
                table.iter().map(|(key, value)| (key.clone(), convert(value))).collect()
            }
            plain => serde_json::to_value(plain).unwrap(),
        }
    }
    convert(&toml::Value::Table(text.parse().unwrap()))
}
