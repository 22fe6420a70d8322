//! `[claim]`, with the sections of the claim form as they stand in their own table of knobs.

use serde_json::{Value, json};

use super::super::claim_profile::{AuthorizationLevel, RenderingMode, Rollup};
use super::super::form::own::is_of_one;
use super::super::form::{ContentForm, FileForm, LinesForm, PartiesForm, Section};
use super::super::read_profile::{FILING_CODES, QUALIFIERS};
use super::shape::{self, codes, flag, key, may, need, number, one_of, partner, unknown, words};
use crate::domain::period::Period;

pub(super) fn table() -> Value {
    let name = || unknown(words(55));
    shape::table(vec![
        may("receiver_qualifier", "ISA07.", one_of(QUALIFIERS.iter().copied())),
        need("receiver_id", "ISA08.", unknown(partner())),
        may("receiver_code", "GS03.", partner()),
        need("receiver_name", "1000B NM103.", name()),
        need("payer_name", "2010BB NM103.", name()),
        need("payer_id", "2010BB NM109.", unknown(partner())),
        may("acknowledgment_requested", "ISA14: whether a TA1 is asked for.", flag()),
        need(
            "claim_filing_code",
            "SBR09, such as `MC`.",
            unknown(one_of(FILING_CODES.iter().copied())),
        ),
        may("delimiters", "Each its own.", delimiters()),
        may("line_breaks", "A line break after each segment.", flag()),
        may("max_claims_per_set", "Claims in one ST/SE.", number(1, 5_000)),
        may("billing_taxonomy", "Whether PRV*BI is sent.", flag()),
        may("rendering", "Loop 2310B.", unknown(codes!(RenderingMode))),
        may("rendering_taxonomy", "Whether PRV*PE is sent with it.", flag()),
        may("authorization_level", "Where REF*G1 stands.", unknown(codes!(AuthorizationLevel))),
        may("rollup", "How decision lines become claim lines.", unknown(codes!(Rollup))),
        may("one_place_per_claim", "A claim for each place of service.", flag()),
        may("period", "What one claim covers.", codes!(Period)),
        may("file", "The envelope and the file.", of_pack("file", FileForm::schema())),
        may("parties", "Who is who.", of_pack("parties", PartiesForm::schema())),
        may("content", "Loop 2300 and its providers.", of_pack("content", ContentForm::schema())),
        may("lines", "Loop 2400.", LinesForm::schema()),
        may("source", "A source, such as the companion guide.", key()),
        may("source_of", "Sources of single values.", shape::source_of()),
    ])
}

/// Without what only an organization can say of its own claims.
fn of_pack(section: &str, mut schema: Value) -> Value {
    if let Some(Value::Object(keys)) = schema.get_mut("properties") {
        keys.retain(|key, _| !is_of_one(section, key));
    }
    schema
}

fn delimiters() -> Value {
    let one = || json!({ "type": "string", "enum": ["*", ":", "^", "~", "|", "<", ">", "{", "}", "[", "]", "_", "\\", "$", "`"] });
    shape::table(vec![
        may("element", "Between elements.", one()),
        may("component", "Between components.", one()),
        may("repetition", "Between repetitions.", one()),
        may("segment", "Behind segments.", one()),
    ])
}
