//! Reads `[claim]`: how claims look to this payer (005010X222A1 and the payer's companion guide).

use super::claim_profile::{AuthorizationLevel, ClaimProfile, RenderingMode, Rollup};
use super::delimiters::Delimiters;
use super::form;
use super::form::kinds::OF_VISITS;
use super::known::Known;
use super::reader::{Reader, Spot};
use super::source_of::{self, read_source_of, weigh};
use super::table::Table;
use crate::domain::identifiers::{Line55, PartnerCode};
use crate::domain::period::Period;

/// ISA05 and ISA07, the qualifiers that 005010 allows.
pub(super) const QUALIFIERS: &[&str] = &["01", "14", "20", "27", "28", "29", "30", "33", "ZZ"];
/// SBR09, the codes of 005010X222A1.
pub(super) const FILING_CODES: &[&str] = &[
    "11", "12", "13", "14", "15", "16", "17", "AM", "BL", "CH", "CI", "DS", "FI", "HM", "LM", "MA",
    "MB", "MC", "OF", "TV", "VA", "WC", "ZZ",
];
/// Most claims in one ST/SE, by the guide's recommendation.
const MAX_CLAIMS_PER_SET: u32 = 5000;
/// Characters that names and addresses may hold; a delimiter may not be one of them.
const NAME_CHARACTERS: &str = " .,-'()/#&+=;?!\"%@";

pub(super) const KEYS: &[&str] = &[
    "receiver_qualifier",
    "receiver_id",
    "receiver_code",
    "receiver_name",
    "payer_name",
    "payer_id",
    "acknowledgment_requested",
    "claim_filing_code",
    "delimiters",
    "line_breaks",
    "max_claims_per_set",
    "billing_taxonomy",
    "rendering",
    "rendering_taxonomy",
    "authorization_level",
    "rollup",
    "one_place_per_claim",
    "period",
    "file",
    "parties",
    "content",
    "lines",
    "source",
    source_of::KEY,
];

/// What stands for an id or name that is not known; no claim is ever made with it.
const STAND_IN: &str = "UNKNOWN";

fn stand_in() -> Option<PartnerCode> {
    PartnerCode::parse(STAND_IN).ok()
}

/// A name that may be unknown.
fn name(r: &mut Reader, table: &Table<'_>, key: &str) -> Option<Line55> {
    let stand_in = Line55::parse(STAND_IN).ok();
    table.need_known(r, key, stand_in, |r, spot| spot.parse(r).map(Some)).flatten()
}

/// The claim-form profile.
pub(super) fn read_profile<'a>(
    r: &mut Reader,
    at: &Spot<'a>,
    known: &mut Known<'a>,
) -> Option<ClaimProfile> {
    let table = at.table(r, KEYS)?;
    let receiver_qualifier = qualifier(r, &table, "receiver_qualifier");
    let receiver_id =
        table.need_known(r, "receiver_id", stand_in(), |r, spot| spot.parse(r).map(Some)).flatten();
    let receiver_code = match table.get("receiver_code") {
        Some(spot) => spot.parse(r),
        None => receiver_id.clone(),
    };
    let receiver_name = name(r, &table, "receiver_name");
    let payer_name = name(r, &table, "payer_name");
    let payer_id =
        table.need_known(r, "payer_id", stand_in(), |r, spot| spot.parse(r).map(Some)).flatten();
    let acknowledgment_requested = table.flag(r, "acknowledgment_requested", false);
    let claim_filing_code = table.need_known(r, "claim_filing_code", "ZZ".to_owned(), |r, spot| {
        spot.one_of(r, FILING_CODES, "a claim filing code (SBR09)")
    });
    let delimiters = read_delimiters(r, &table);
    let line_breaks = table.flag(r, "line_breaks", true);
    let max_claims_per_set = match table.get("max_claims_per_set") {
        Some(spot) => spot.number(r, 1..=MAX_CLAIMS_PER_SET),
        None => Some(MAX_CLAIMS_PER_SET),
    };
    let billing_taxonomy = table.flag(r, "billing_taxonomy", true);
    let rendering = table.known_or(r, "rendering", RenderingMode::Always);
    let rendering_taxonomy = table.flag(r, "rendering_taxonomy", true);
    let authorization_level = table.known_or(r, "authorization_level", AuthorizationLevel::Claim);
    let rollup = table.known_or(r, "rollup", Rollup::Day);
    let one_place_per_claim = table.flag(r, "one_place_per_claim", false);
    let period = table.or(r, "period", Period::Day);
    let form = form::read(r, &table);
    let of_one = form.as_ref().is_some_and(|form| form.lines.names(&OF_VISITS));
    if of_one && rollup.is_some_and(|rollup| rollup != Rollup::None) {
        let message = "{start_time}, {end_time}, {mode} and {group_size} are those of one visit: \
                       they need rollup = \"none\"";
        table.at_key("lines").refuse(r, message);
    }
    let source = table.get("source").and_then(|spot| known.source(r, &spot));
    let source_of = read_source_of(r, &table, known)?;
    weigh(r, &table, source.as_ref(), &source_of, KEYS);
    Some(ClaimProfile {
        receiver_qualifier: receiver_qualifier?,
        receiver_id: receiver_id?,
        receiver_code: receiver_code?,
        receiver_name: receiver_name?,
        payer_name: payer_name?,
        payer_id: payer_id?,
        acknowledgment_requested: acknowledgment_requested?,
        claim_filing_code: claim_filing_code?,
        delimiters: delimiters?,
        line_breaks: line_breaks?,
        max_claims_per_set: max_claims_per_set?,
        billing_taxonomy: billing_taxonomy?,
        rendering: rendering?,
        rendering_taxonomy: rendering_taxonomy?,
        authorization_level: authorization_level?,
        rollup: rollup?,
        one_place_per_claim: one_place_per_claim?,
        period: period?,
        form: Box::new(form?),
        source,
        source_of,
    })
}

/// An interchange id qualifier; `ZZ`, mutually defined, unless the file says otherwise.
pub(super) fn qualifier(r: &mut Reader, table: &Table<'_>, key: &str) -> Option<String> {
    match table.get(key) {
        Some(spot) => spot.one_of(r, QUALIFIERS, "an interchange id qualifier"),
        None => Some("ZZ".to_owned()),
    }
}

fn read_delimiters(r: &mut Reader, profile: &Table<'_>) -> Option<Delimiters> {
    let usual = Delimiters::default();
    let Some(at) = profile.get("delimiters") else { return Some(usual) };
    let table = at.table(r, &["element", "component", "repetition", "segment"])?;
    let mut taken: Vec<char> = Vec::new();
    let mut next = |key, default| {
        let spot = table.get(key);
        let delimiter = match &spot {
            Some(spot) => delimiter(r, spot)?,
            None => default,
        };
        if taken.contains(&delimiter) {
            let twice = "two of the four delimiters are the same; give each its own";
            spot.as_ref().unwrap_or(&at).refuse(r, twice);
        }
        taken.push(delimiter);
        Some(delimiter)
    };
    let element = next("element", usual.element);
    let component = next("component", usual.component);
    let repetition = next("repetition", usual.repetition);
    let segment = next("segment", usual.segment);
    Some(Delimiters {
        element: element?,
        component: component?,
        repetition: repetition?,
        segment: segment?,
    })
}

/// One visible character that no name, number or code of a claim can hold.
fn delimiter(r: &mut Reader, spot: &Spot<'_>) -> Option<char> {
    let text = spot.text(r)?;
    let mut chars = text.chars();
    let found = match (chars.next(), chars.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    };
    let legal = found.filter(|c| c.is_ascii_punctuation() && !NAME_CHARACTERS.contains(*c));
    if legal.is_none() {
        let message = "a delimiter is one of * : ^ ~ | < > { } [ ] _ \\ $ `: \
                       letters, digits and what names hold would break the file";
        spot.refuse(r, message);
    }
    legal
}
