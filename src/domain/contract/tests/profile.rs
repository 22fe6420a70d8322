//! Every check of the claim profile has a case with its line.

use super::{Bend, PACK, one_fault};
use crate::domain::contract::pack_from_toml;
use crate::domain::period::Period;

fn check(bends: &[Bend<'_>]) {
    for bend in bends {
        one_fault(PACK, None, *bend, pack_from_toml);
    }
}

#[test]
fn ids_and_names() {
    let id = "receiver_id = \"PLAIN\"";
    let with = |line: &str| format!("{line}\n{id}");
    check(&[
        (id, "receiver_id = \"plain payer\"", "claim.receiver_id", "a partner code"),
        (id, &with("receiver_qualifier = \"XX\""), "claim.receiver_qualifier", "is one of: 01"),
        (id, &with("receiver_code = \"\""), "claim.receiver_code", "a partner code"),
        ("payer_id = \"PLAIN\"", "payer_id = 12345", "claim.payer_id", "in quotes"),
        ("payer_name = \"Plain Payer\"", "payer_name = \"A*B\"", "claim.payer_name", "a name"),
        (
            "receiver_name = \"Plain Payer\"",
            "receiver_name = \"\"",
            "claim.receiver_name",
            "a name",
        ),
        (
            "claim_filing_code = \"MC\"",
            "claim_filing_code = \"mc\"",
            "claim.claim_filing_code",
            "MC",
        ),
        (
            "claim_filing_code = \"MC\"",
            "claim_filing_code = 16",
            "claim.claim_filing_code",
            "quotes",
        ),
    ]);
}

#[test]
fn knobs() {
    let id = "receiver_id = \"PLAIN\"";
    let with = |line: &str| format!("{line}\n{id}");
    check(&[
        (id, &with("max_claims_per_set = 0"), "claim.max_claims_per_set", "from 1 to 5000"),
        (id, &with("max_claims_per_set = 5001"), "claim.max_claims_per_set", "from 1 to 5000"),
        (id, &with("rendering = \"often\""), "claim.rendering", "a rendering mode"),
        (id, &with("rollup = \"week\""), "claim.rollup", "a roll-up"),
        (id, &with("authorization_level = \"file\""), "claim.authorization_level", "a level"),
        (id, &with("line_breaks = \"yes\""), "claim.line_breaks", "true or false"),
        (id, &with("acknowledgment_requested = 1"), "claim.acknowledgment_requested", "true"),
        (id, &with("billing_taxonomy = 0"), "claim.billing_taxonomy", "true or false"),
        (id, &with("rendering_taxonomy = 0"), "claim.rendering_taxonomy", "true or false"),
        (id, &with("one_place_per_claim = 0"), "claim.one_place_per_claim", "true or false"),
        (id, &with("period = \"fortnight\""), "claim.period", "a period of claims"),
        (id, &with("source = \"guide\""), "claim.source", "no [[source]] has this key"),
        (id, &with("one_place = true"), "claim.one_place", "`one_place_per_claim`"),
    ]);
}

#[test]
fn a_claim_covers_a_day_unless_the_pack_says_otherwise() {
    let id = "receiver_id = \"PLAIN\"";
    let plain = pack_from_toml(PACK).unwrap();
    assert_eq!(plain.claim.period, Period::Day);
    let stored = serde_json::to_value(&plain).unwrap();
    assert!(stored["claim"].get("period").is_none(), "packs that were stored before read the same");
    for period in Period::ALL {
        let text = PACK.replace(id, &format!("period = \"{period}\"\n{id}"));
        assert_eq!(pack_from_toml(&text).unwrap().claim.period, *period);
    }
}

#[test]
fn delimiters() {
    let old = "delimiters = { element = \"*\", segment = \"~\" }";
    for bad in [
        "A", "7", " ", ".", ",", "-", "'", "(", "/", "#", "&", "+", "=", ";", "?", "!", "%", "@",
        "\\\"", "\\n", "é", "", "**",
    ] {
        let new = format!("delimiters = {{ element = \"{bad}\" }}");
        check(&[(old, &new, "claim.delimiters.element", "a delimiter is one of")]);
    }
    check(&[
        (old, "delimiters = { element = \":\" }", "claim.delimiters", "two of the four"),
        (
            old,
            "delimiters = { element = \"|\", segment = \"|\" }",
            "claim.delimiters.segment",
            "own",
        ),
        (old, "delimiters = { elements = \"|\" }", "claim.delimiters.elements", "`element`"),
        (old, "delimiters = \"*:^~\"", "claim.delimiters", "this is a text; write a table"),
    ]);
    for good in ["*", "|", "<", ">", "{", "}", "[", "]", "_", "\\\\", "$", "`"] {
        let text = PACK.replace(old, &format!("delimiters = {{ element = \"{good}\" }}"));
        assert!(pack_from_toml(&text).is_ok(), "{good}");
    }
}
