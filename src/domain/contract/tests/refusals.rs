//! The bad packs and contracts that must never get in, each refused with its line and its reason.

use super::{AGREEMENT, PACK, one_fault};
use crate::domain::contract::{pack_from_toml, terms_from_toml};

#[test]
#[expect(clippy::too_many_lines, reason = "a table: one row for each fault")]
fn bad_packs_are_refused_with_line_and_reason() {
    let layer = "units = 17\nlayer = { of = \"state\", units = 16, may = \"tighten\", source = \"manual\" }";
    let loosen =
        "units = 12\nlayer = { of = \"state\", units = 16, may = \"loosen\", source = \"manual\" }";
    let five = "modifiers = [\"A1\", \"A2\", \"A3\", \"A4\", \"A5\"]";
    let rule = "[[modifier]]\nkey = \"m\"\nservices = [\"peer\"]\nadd = [\"U1\", \"U2\", \"U3\"]\n\
                source = \"manual\"\n\n[filing]";
    for (what, on, old, new, path, part) in [
        (
            "a limit on an unknown service",
            None,
            "services = [\"peer\", \"skills\"]",
            "services = [\"peer\", \"skils\"]",
            "limit[1].services[2]",
            "did you mean `skills`?",
        ),
        (
            "a rule on an unknown service",
            None,
            "services = [\"skills\"]",
            "services = [\"x\"]",
            "authorization[2].services[1]",
            "no [[service]] has this key",
        ),
        (
            "rounding up without a source",
            None,
            "rounding = \"floor\"",
            "rounding = \"ceiling\"",
            "service[1].rounding",
            "needs its own source",
        ),
        (
            "rounding by the eight-minute rule without a source",
            None,
            "rounding = \"floor\"",
            "rounding = \"eight_minute\"",
            "service[1].rounding",
            "needs its own source",
        ),
        (
            "five modifiers",
            None,
            "modifiers = [\"HE\"]",
            five,
            "service[1].modifiers",
            "room for four",
        ),
        (
            "five modifiers with the mode's",
            Some("modes = "),
            "modifiers = [\"HE\"]",
            "modifiers = [\"A1\", \"A2\", \"A3\", \"A4\"]",
            "service[1].modes[2]",
            "more than four",
        ),
        (
            "five modifiers with a rule's",
            Some("add = "),
            "[filing]",
            rule,
            "modifier[1].add",
            "more than four",
        ),
        ("a negative limit", None, "units = \"8.5\"", "units = -8", "limit[1].units", "above 0"),
        ("a limit of nothing", None, "units = \"8.5\"", "units = 0", "limit[1].units", "above 0"),
        (
            "an absurd limit",
            None,
            "units = \"8.5\"",
            "units = 99999999",
            "limit[1].units",
            "below 100000",
        ),
        (
            "a limit that is not exact",
            None,
            "units = \"8.5\"",
            "units = 8.5",
            "limit[1].units",
            "in quotes",
        ),
        (
            "negative free units",
            None,
            "free_units = 24",
            "free_units = -24",
            "authorization[1].free_units",
            "from 1 to",
        ),
        (
            "absurd minutes",
            None,
            "unit_minutes = 15",
            "unit_minutes = 100000",
            "service[1].unit_minutes",
            "from 1 to 480",
        ),
        (
            "a negative age",
            None,
            "min_age = 18",
            "min_age = -1",
            "service[1].min_age",
            "from 0 to 120",
        ),
        ("a negative clock", None, "days = 95", "days = -95", "filing.days", "from 1 to 730"),
        (
            "a number beyond all integers",
            None,
            "days = 95",
            "days = 99999999999999999999",
            "filing.days",
            "point",
        ),
        (
            "a layer that lets nothing looser",
            Some("units = 17"),
            "units = \"8.5\"",
            layer,
            "limit[1].units",
            "may only be tightened",
        ),
        (
            "a layer that lets nothing tighter",
            Some("units = 12"),
            "units = \"8.5\"",
            loosen,
            "limit[1].units",
            "may only be loosened",
        ),
        (
            "a source that is nowhere",
            None,
            "exceed = \"hold\"\nsource = \"manual\"",
            "exceed = \"hold\"\nsource = \"nobody\"",
            "limit[1].source",
            "no [[source]] has this key",
        ),
        (
            "a service twice",
            Some("key = \"peer\" # twice"),
            "key = \"skills\"",
            "key = \"peer\" # twice",
            "service[2].key",
            "has the same key",
        ),
    ] {
        // What is doubled leaves others in the air; what is meant comes first.
        if what == "a service twice" {
            let faults = pack_from_toml(&PACK.replacen(old, new, 1)).unwrap_err();
            assert!(faults[0].path == path && faults[0].message.contains(part), "{faults:#?}");
            continue;
        }
        let line =
            on.or_else(|| (what == "a source that is nowhere").then_some("source = \"nobody\""));
        one_fault(PACK, line, (old, new, path, part), pack_from_toml);
    }
}

#[test]
fn bad_contracts_are_refused_with_line_and_reason() {
    let pack = pack_from_toml(PACK).unwrap();
    let read = |text: &str| terms_from_toml(&pack, text);
    for (what, on, old, new, path, part) in [
        (
            "rates that overlap",
            Some("[[rate]]\nservice = \"peer\"\nfrom = 2026-07-01"),
            "from = 2026-08-01",
            "from = 2026-07-01",
            "rate[2]",
            "end the earlier one",
        ),
        (
            "a hole between two rates",
            None,
            "from = 2026-08-01",
            "from = 2026-09-01",
            "rate[2].from",
            "from 2026-08-01 to 2026-08-31",
        ),
        (
            "a hole of one day",
            None,
            "from = 2026-08-01",
            "from = 2026-08-02",
            "rate[2].from",
            "from 2026-08-01 to 2026-08-01",
        ),
        (
            "a negative rate",
            None,
            "allowed = \"11.9725\"",
            "allowed = \"-11.97\"",
            "rate[1].allowed",
            "above 0",
        ),
        (
            "an absurd rate",
            None,
            "allowed = \"11.9725\"",
            "allowed = 10000",
            "rate[1].allowed",
            "below 10000",
        ),
        (
            "a rate that is not exact",
            None,
            "allowed = \"11.9725\"",
            "allowed = 11.97",
            "rate[1].allowed",
            "in quotes",
        ),
        (
            "a rate of an unknown service",
            Some("service = \"skils\""),
            "service = \"skills\"",
            "service = \"skils\"",
            "rate[3].service",
            "did you mean `skills`?",
        ),
        (
            "days that end before they begin",
            None,
            "to = 2026-12-31",
            "to = 2025-12-31",
            "contract.to",
            "before",
        ),
        (
            "another pack",
            None,
            "pack = \"plain@2026.1\"",
            "pack = \"plain@2026.2\"",
            "contract.pack",
            "plain@2026.1",
        ),
    ] {
        let _ = what;
        one_fault(AGREEMENT, on, (old, new, path, part), read);
    }
}
