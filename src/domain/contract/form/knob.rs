//! How one knob is read and told: a trait for its type, and the macro that makes a section.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kinds::{
    Access, Address, AfterRejection, Assignment, Benefits, CharacterSet, Contact, ContractInfo,
    ContractKind, CorrectionNumber, DateFormat, DelayReason, Exception, FacilityMode, FileKind,
    FileNameTemplate, Frequency, MemberShape, Note80, NoteKind, NoteRule, Number, NumberKind,
    Paperwork, ProviderId, Reference, Release, Send, Submitter, TaxKind, UnitBasis, ZeroCharge,
};
use crate::domain::claim_detail::{EpsdtCondition, Transmission};
use crate::domain::codes::{Modifier, PlaceOfService, ProcedureCode};
use crate::domain::contract::reader::{Reader, Spot};
use crate::domain::contract::schema::shape;
use crate::domain::contract::table::{MAX_ITEMS, Table};
use crate::domain::identifiers::{Line35, Line55, PartnerCode};
use crate::domain::money::Money;

/// A value that a knob can have.
pub(super) trait Knob: Sized {
    /// Reads it; a fault is recorded and gives `None`.
    fn read(r: &mut Reader, spot: &Spot<'_>) -> Option<Self>;
    /// As the documentation shows a default.
    fn shown(&self) -> String;
    /// What it may be, as JSON Schema.
    fn schema() -> Value;
}

/// A whole number in a range, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Count<const MIN: u32, const MAX: u32>(pub u32);

impl<const MIN: u32, const MAX: u32> Knob for Count<MIN, MAX> {
    fn read(r: &mut Reader, spot: &Spot<'_>) -> Option<Self> {
        spot.number(r, MIN..=MAX).map(Self)
    }
    fn shown(&self) -> String {
        format!("`{}` ({MIN} to {MAX})", self.0)
    }
    fn schema() -> Value {
        shape::number(MIN, MAX)
    }
}

impl<const MIN: u32, const MAX: u32> Count<MIN, MAX> {
    /// The number, or `None` for 0, which means any.
    pub fn limit(self) -> Option<u32> {
        (self.0 > 0).then_some(self.0)
    }
}

impl Knob for bool {
    fn read(r: &mut Reader, spot: &Spot<'_>) -> Option<Self> {
        spot.bool(r)
    }
    fn shown(&self) -> String {
        format!("`{self}`")
    }
    fn schema() -> Value {
        shape::flag()
    }
}

impl<T: Knob> Knob for Option<T> {
    fn read(r: &mut Reader, spot: &Spot<'_>) -> Option<Self> {
        T::read(r, spot).map(Some)
    }
    fn shown(&self) -> String {
        self.as_ref().map_or_else(|| "none".to_owned(), T::shown)
    }
    fn schema() -> Value {
        T::schema()
    }
}

impl<T: Knob + PartialEq> Knob for Vec<T> {
    fn read(r: &mut Reader, spot: &Spot<'_>) -> Option<Self> {
        let mut list: Self = Vec::new();
        for item in spot.items(r, MAX_ITEMS) {
            match T::read(r, &item) {
                Some(value) if list.contains(&value) => {
                    item.refuse(r, "this is in the list twice; remove one");
                }
                Some(value) => list.push(value),
                None => {}
            }
        }
        Some(list)
    }
    fn shown(&self) -> String {
        let all: Vec<String> = self.iter().map(T::shown).collect();
        if all.is_empty() { "none".to_owned() } else { all.join(", ") }
    }
    fn schema() -> Value {
        shape::list(T::schema(), 0)
    }
}

/// Knobs that are one text, with what it may be.
macro_rules! texts {
    ($($kind:ty: $schema:expr),+ $(,)?) => {
        $(impl Knob for $kind {
            fn read(r: &mut Reader, spot: &Spot<'_>) -> Option<Self> {
                spot.parse(r)
            }
            fn shown(&self) -> String {
                format!("`{self}`")
            }
            fn schema() -> Value {
                $schema
            }
        })+
    };
}

texts!(
    Access: shape::words(10),
    EpsdtCondition: shape::one_of(["AV", "NU", "S2", "ST"]),
    FileNameTemplate: shape::any_text(),
    MemberShape: shape::any_text(),
    Note80: shape::words(80),
    Reference: shape::words(50),
    Modifier: shape::modifier(),
    PlaceOfService: shape::place(),
    Line35: shape::words(35),
    Line55: shape::words(55),
    PartnerCode: shape::partner(),
    ProcedureCode: shape::procedure(),
);

/// Knobs out of a closed list.
macro_rules! lists {
    ($($kind:ty),+ $(,)?) => {
        texts!($($kind: shape::codes!($kind)),+);
    };
}

lists!(
    AfterRejection,
    Assignment,
    Benefits,
    CharacterSet,
    DateFormat,
    CorrectionNumber,
    DelayReason,
    Exception,
    FacilityMode,
    FileKind,
    Frequency,
    ProviderId,
    Release,
    Send,
    TaxKind,
    UnitBasis,
    ZeroCharge,
);

impl Knob for Number {
    fn read(r: &mut Reader, spot: &Spot<'_>) -> Option<Self> {
        let table = spot.table(r, &["kind", "number"])?;
        let (kind, number) = (table.required::<NumberKind>(r, "kind"), table.required(r, "number"));
        Some(Self { kind: kind?, number: number? })
    }
    fn shown(&self) -> String {
        self.kind.to_string()
    }
    fn schema() -> Value {
        shape::table(vec![
            shape::need("kind", "REF01.", shape::codes!(NumberKind)),
            shape::need("number", "REF02.", Reference::schema()),
        ])
    }
}

impl Knob for Address {
    fn read(r: &mut Reader, spot: &Spot<'_>) -> Option<Self> {
        let table = spot.table(r, &["line1", "line2", "city", "state", "zip"])?;
        let (line1, line2) = (table.required(r, "line1"), maybe(r, &table, "line2"));
        let (city, state) = (table.required(r, "city"), table.required(r, "state"));
        let zip = table.required(r, "zip");
        Some(Self { line1: line1?, line2: line2?, city: city?, state: state?, zip: zip? })
    }
    fn shown(&self) -> String {
        self.city.to_string()
    }
    fn schema() -> Value {
        shape::table(vec![
            shape::need("line1", "N301.", Line55::schema()),
            shape::may("line2", "N302.", Line55::schema()),
            shape::need("city", "N401.", shape::any_text()),
            shape::need("state", "N402.", shape::text("^[A-Z]{2}$")),
            shape::need("zip", "N403.", shape::any_text()),
        ])
    }
}

impl Knob for Paperwork {
    fn read(r: &mut Reader, spot: &Spot<'_>) -> Option<Self> {
        let table = spot.table(r, &["report", "transmission"])?;
        let report = table.required(r, "report");
        let transmission = table.required(r, "transmission");
        Some(Self { report: report?, transmission: transmission? })
    }
    fn shown(&self) -> String {
        self.report.to_string()
    }
    fn schema() -> Value {
        shape::table(vec![
            shape::need("report", "PWK01.", shape::text("^[A-Z0-9]{2}$")),
            shape::need("transmission", "PWK02.", shape::codes!(Transmission)),
        ])
    }
}

impl Knob for Submitter {
    fn read(r: &mut Reader, spot: &Spot<'_>) -> Option<Self> {
        let table = spot.table(r, &["name", "id"])?;
        let (name, id) = (table.required(r, "name"), table.required(r, "id"));
        Some(Self { name: name?, id: id? })
    }
    fn shown(&self) -> String {
        self.id.to_string()
    }
    fn schema() -> Value {
        shape::table(vec![
            shape::need("name", "1000A NM103.", Line55::schema()),
            shape::need("id", "1000A NM109.", PartnerCode::schema()),
        ])
    }
}

impl Knob for Contact {
    fn read(r: &mut Reader, spot: &Spot<'_>) -> Option<Self> {
        let table = spot.table(r, &["name", "phone", "extension", "email", "fax"])?;
        let (name, phone) = (table.required(r, "name"), table.required(r, "phone"));
        let extension = maybe(r, &table, "extension");
        let (email, fax) = (maybe(r, &table, "email"), maybe(r, &table, "fax"));
        if extension.as_ref().is_some_and(Option::is_some)
            && email.as_ref().is_some_and(Option::is_some)
            && fax.as_ref().is_some_and(Option::is_some)
        {
            spot.refuse(r, "PER has room for three numbers; leave out extension, email or fax");
        }
        Some(Self { name: name?, phone: phone?, extension: extension?, email: email?, fax: fax? })
    }
    fn shown(&self) -> String {
        self.name.to_string()
    }
    fn schema() -> Value {
        shape::table(vec![
            shape::need("name", "PER02.", Line35::schema()),
            shape::need("phone", "TE.", shape::any_text()),
            shape::may("extension", "EX.", Access::schema()),
            shape::may("email", "EM.", shape::any_text()),
            shape::may("fax", "FX.", shape::any_text()),
        ])
    }
}

impl Knob for ContractInfo {
    fn read(r: &mut Reader, spot: &Spot<'_>) -> Option<Self> {
        let table = spot.table(r, &["kind", "amount", "code"])?;
        let kind = table.required(r, "kind");
        let amount = match table.get("amount") {
            Some(at) => at.text(r).and_then(|text| match Money::parse(text) {
                Ok(amount) if amount >= Money::ZERO => Some(Some(amount)),
                _ => {
                    at.refuse(r, "an amount is a decimal number in quotes, such as \"12.50\"");
                    None
                }
            }),
            None => Some(None),
        };
        let code = maybe(r, &table, "code");
        Some(Self { kind: kind?, amount: amount?, code: code? })
    }
    fn shown(&self) -> String {
        self.kind.to_string()
    }
    fn schema() -> Value {
        shape::table(vec![
            shape::need("kind", "CN101.", shape::codes!(ContractKind)),
            shape::may("amount", "CN102, in quotes: \"12.50\".", shape::any_text()),
            shape::may("code", "CN104.", Reference::schema()),
        ])
    }
}

impl Knob for NoteRule {
    fn read(r: &mut Reader, spot: &Spot<'_>) -> Option<Self> {
        let table = spot.table(r, &["kind", "text", "procedures", "modifiers"])?;
        let kind = table.or(r, "kind", NoteKind::Additional);
        let text = table.required(r, "text");
        let procedures = table.values(r, "procedures");
        let modifiers = table.values(r, "modifiers");
        let rule = Self { kind: kind?, text: text?, procedures, modifiers };
        if let Some(token) = rule.unknown() {
            let known = Self::known();
            let message = format!("{token} is not known here; a note can name {known}");
            table.at_key("text").refuse(r, message);
        }
        Some(rule)
    }
    fn shown(&self) -> String {
        self.text.to_string()
    }
    fn schema() -> Value {
        shape::table(vec![
            shape::may("kind", "NTE01.", shape::codes!(NoteKind)),
            shape::need("text", "NTE02.", Note80::schema()),
            shape::may(
                "procedures",
                "For lines with one of these.",
                Vec::<ProcedureCode>::schema(),
            ),
            shape::may("modifiers", "For lines with one of these.", Vec::<Modifier>::schema()),
        ])
    }
}

/// A text that may be absent; `None` only after a fault.
#[allow(clippy::option_option, reason = "absent and refused are two things here")]
fn maybe<T>(r: &mut Reader, table: &Table<'_>, key: &str) -> Option<Option<T>>
where
    T: std::str::FromStr<Err = crate::domain::text::Invalid>,
{
    table.get(key).map_or(Some(None), |at| at.parse(r).map(Some))
}

/// Makes a section of knobs: its type, its default, its reader, its documentation.
macro_rules! knobs {
    ($(#[$meta:meta])* $name:ident, $path:literal {
        $($key:ident: $kind:ty = $default:expr, $numbers:literal, $place:literal, $meaning:literal;)+
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(default)]
        pub struct $name {
            $(#[doc = concat!($place, ": ", $meaning, ".")]
            pub $key: $kind),+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default),+ }
            }
        }

        impl $name {
            /// Reads the section; knobs that are not there have their default.
            pub(in crate::domain::contract) fn read(
                r: &mut Reader,
                spot: Option<Spot<'_>>,
            ) -> Option<Self> {
                let Some(spot) = spot else { return Some(Self::default()) };
                let table = spot.table(r, &[$(stringify!($key)),+])?;
                let usual = Self::default();
                $(let $key = match table.get(stringify!($key)) {
                    Some(at) => <$kind as Knob>::read(r, &at),
                    None => Some(usual.$key),
                };)+
                Some(Self { $($key: $key?),+ })
            }

            /// What the documentation says of the section.
            pub fn rows() -> Vec<Row> {
                let usual = Self::default();
                vec![$(Row {
                    numbers: $numbers,
                    key: concat!($path, ".", stringify!($key)).to_owned(),
                    default: Knob::shown(&usual.$key),
                    place: $place,
                    meaning: $meaning,
                }),+]
            }
        }

        impl crate::domain::contract::form::Section for $name {
            fn schema() -> serde_json::Value {
                use crate::domain::contract::schema::shape;
                shape::table(vec![
                    $(shape::may(stringify!($key), $meaning, <$kind as Knob>::schema())),+
                ])
            }
        }
    };
}

pub(super) use knobs;
