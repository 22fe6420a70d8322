//! The JSON Schema of packs, so that an editor checks while a person types.
//!
//! It is made from what the reader uses: closed lists, ranges and the knobs of the claim form are the
//! reader's own; the tables are held against it key by key in `contract/tests/schema.rs`. It may let
//! pass what the reader refuses (what one table demands of another), and never refuses what the reader
//! takes. Draft 7, which TOML editors know. `peerclaims contract schema` prints it.

mod claim;
mod conditions;
mod layers;
mod rules;
mod service;
pub(super) mod shape;

use serde_json::{Value, json};

use super::dropped::MAX_DROPPED;
use super::filing::FilingAnchor;
use super::fixed_end::Years;
use super::known::MAX_SOURCES;
use super::layer::Direction;
use super::read::MAX_TITLE;
use super::read_rules::MAX_RULES;
use super::read_service::MAX_SERVICES;
use crate::domain::codes::{Activity, DiagnosisClass, Mode, Role, Setting};
use crate::domain::dates::WeekStart;
use crate::domain::finding::Grade;
use crate::domain::rules::RULES;
use shape::{
    codes, date, flag, key, keys, list, may, need, number, one_of, some_tables, table, tables,
    text, unknown, words,
};

/// The schema of a pack, in TOML or JSON.
pub fn pack() -> Value {
    let mut schema = table(vec![
        need("pack", "The head.", head()),
        need("source", "Where values come from.", some_tables(source(), MAX_SOURCES)),
        need(
            "service",
            "What can be billed, preferred first.",
            some_tables(service::table(), MAX_SERVICES),
        ),
        may("certificates_end", "The day on which all certificates of the state end.", fixed_end()),
        may("never_billed", "What this payer names as no part of its services.", never_billed()),
        may("modifier", "Modifiers by circumstance.", tables(rules::modifier_rule(), MAX_RULES)),
        may("condition", "What visits must meet besides.", tables(conditions::table(), MAX_RULES)),
        may("copay", "What members pay.", tables(rules::copay(), MAX_RULES)),
        may("limit", "How much.", tables(rules::limit(), MAX_RULES)),
        may(
            "authorization",
            "When the payer must approve first.",
            tables(rules::authorization(), MAX_RULES),
        ),
        need("filing", "When a claim must be there.", filing()),
        need("documentation", "Documents before a claim.", documentation()),
        may("overrides", "What a biller may answer for, with a reason.", overrides()),
        may(
            "dropped",
            "Rules of the layers around the pack that it does not have.",
            tables(layers::dropped(), MAX_DROPPED),
        ),
        need("claim", "How claims look (005010X222A1).", claim::table()),
    ]);
    if let Value::Object(schema) = &mut schema {
        schema.insert("$schema".into(), json!("http://json-schema.org/draft-07/schema#"));
        schema.insert("title".into(), json!("A payer pack of peerclaims"));
        schema.insert("definitions".into(), json!({ "when": when() }));
    }
    schema
}

/// The schema as it ships.
pub fn shipped() -> String {
    // A value of our own making has no key that is not a text.
    serde_json::to_string_pretty(&pack()).unwrap_or_default() + "\n"
}

fn head() -> Value {
    table(vec![
        need("key", "Short name, such as `evergreen`.", key()),
        need("version", "1 to 20 letters, digits, points, hyphens.", text("^[A-Za-z0-9.-]{1,20}$")),
        need("title", "For people.", words(MAX_TITLE)),
        need("state", "Peers need certificates of this state.", text("^[A-Z]{2}$")),
        may("week_start", "The first day of the payer's week.", codes!(WeekStart)),
        may(
            "face_to_face",
            "The modes that are face to face in the payer's words.",
            list(codes!(Mode), 1),
        ),
        may("source_of", "Sources of single values.", shape::source_of()),
    ])
}

fn source() -> Value {
    table(vec![
        need("key", "What `source = …` refers to.", key()),
        need("document", "Such as a provider manual.", words(160)),
        need("section", "The section of it.", words(160)),
        need("date", "The document's date.", date()),
        may(
            "grade",
            "A the official text was read, B a secondary source, C background knowledge, D an inference. \
             What C or D says may stop a visit and never lets one pass.",
            codes!(Grade),
        ),
    ])
}

fn fixed_end() -> Value {
    table(vec![
        need("month", "1 to 12.", number(1, 12)),
        need("day", "1 to 28.", number(1, 28)),
        may("years", "In which years.", codes!(Years)),
        need("source", "A source.", key()),
    ])
}

fn never_billed() -> Value {
    table(vec![
        need("activities", "Which.", list(codes!(Activity), 1)),
        need("source", "A source.", key()),
    ])
}

fn filing() -> Value {
    let mut filing = table(vec![
        may("days", "Days after the service date, which is day 0.", unknown(number(1, 730))),
        may("months", "In the place of `days`.", number(1, 24)),
        may("later_of", "Other days from which the clock may run.", list(codes!(FilingAnchor), 0)),
        may("next_business_day", "A last day on a weekend or holiday moves on.", flag()),
        may("holidays", "With `next_business_day` only.", list(date(), 0)),
        may("stop_days", "So many days after the service date it ends.", number(1, 730)),
        may("warn_days", "Days before the deadline on which warnings begin.", number(0, 730)),
        may("acknowledgment_days", "Days for a TA1 or 999.", number(1, 90)),
        may("claim_status_days", "Days for a 277CA.", number(1, 90)),
        may("layer", "Whose clock stands around this one.", layers::of_filing()),
        may("agreement", "How a contract may change it.", codes!(Direction)),
        need("source", "A source.", key()),
        may("source_of", "Sources of single values.", shape::source_of()),
    ]);
    shape::known(&mut filing, super::filing::KEYS);
    shape::either(&mut filing, "days", "months");
    filing
}

fn documentation() -> Value {
    table(vec![
        may("signed_note", "The note must be signed.", unknown(flag())),
        may("plan_goal", "The note must name a goal of the plan of care.", unknown(flag())),
        may("layer", "Whose rule stands around this one.", layers::of_documentation()),
        need("source", "A source.", key()),
        may("source_of", "Sources of single values.", shape::source_of()),
    ])
}

fn overrides() -> Value {
    let may_be = RULES.iter().filter(|r| r.id.may_be_overridden()).map(|r| r.id.as_str());
    table(vec![
        need("overridable", "Rules by their ids.", list(one_of(may_be), 1)),
        need("source", "A source: where the payer leaves it to the provider.", key()),
    ])
}

/// What a visit must be for something to apply.
fn when() -> Value {
    let mut when = table(vec![
        may(
            "diagnosis_classes",
            "Class of the principal diagnosis.",
            list(codes!(DiagnosisClass), 0),
        ),
        may("programs", "Program of the organization.", keys(0)),
        may("products", "Product line of the billed coverage.", keys(0)),
        may("modes", "How it was given.", list(codes!(Mode), 0)),
        may("settings", "Where.", list(codes!(Setting), 0)),
        may("roles", "In which role.", list(codes!(Role), 0)),
        may("certificates", "The peer holds one of these.", keys(0)),
        may("group", "Whether it is a part of a group session.", flag()),
        may("member_present", "Whether the member was there.", flag()),
        may("episodes", "The member is in one of these.", keys(0)),
    ]);
    shape::known(&mut when, super::when::KEYS);
    if let Value::Object(when) = &mut when {
        when.insert("minProperties".into(), json!(1));
    }
    when
}
