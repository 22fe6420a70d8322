//! Edges of the reader, of binding and of retelling at which one sign more or less would do harm and
//! nothing else would tell (docs/mutation.md).

use rust_decimal::Decimal;

use super::{AGREEMENT, PACK};
use crate::domain::contract::retell;
use crate::domain::contract::{
    Adjusted, Adjustment, Direction, agreement_from_toml, bind, gaps, pack_from_toml,
};
use crate::domain::identifiers::Key;

const SOURCE: &str = "source = \"manual\"\n";

fn with(tables: &str) -> String {
    format!("{PACK}\n{tables}")
}

fn sentences(text: &str) -> String {
    retell::text(&retell::pack(&pack_from_toml(text).unwrap()))
}

#[test]
fn rk31_an_adjustment_changes_the_limit_that_it_names_and_no_other() {
    let second = format!(
        "[[limit]]\nkey = \"yearly\"\nservices = [\"peer\"]\nunits = 100\n\
         window = \"calendar_year\"\nexceed = \"hold\"\n{SOURCE}"
    );
    let mut pack = pack_from_toml(&with(&second)).unwrap();
    pack.limits.iter_mut().for_each(|l| l.agreement = Some(Direction::Replace));
    let mut agreement = agreement_from_toml(AGREEMENT).unwrap();
    let rule = Adjusted::Limit(Key::parse("yearly").unwrap());
    agreement.adjustments = vec![Adjustment { rule, units: Decimal::from(60) }];
    let terms = bind(&pack, &agreement).unwrap();
    let units: Vec<String> = terms.pack.limits.iter().map(|l| l.units.to_string()).collect();
    assert_eq!(units, ["8.5", "60"]);
}

#[test]
fn a_charge_of_just_the_allowance_is_no_reason_to_warn() {
    let warned = |charge: &str| {
        let text = AGREEMENT.replacen("charge = \"20.00\"", &format!("charge = \"{charge}\""), 1);
        let agreement = agreement_from_toml(&text).unwrap();
        let warnings = gaps(&bind(&pack_from_toml(PACK).unwrap(), &agreement).unwrap());
        warnings.iter().any(|w| w.contains("below the allowance"))
    };
    assert!(!warned("11.9725"));
    assert!(warned("11.9724"));
}

#[test]
fn what_is_usual_is_not_written_into_stored_packs() {
    let pack = pack_from_toml(PACK).unwrap();
    let filing = serde_json::to_value(&pack.filing).unwrap();
    assert!(filing.get("acknowledgment_days").is_none(), "{filing}");
    assert!(filing.get("claim_status_days").is_none(), "{filing}");
}

#[test]
fn a_fault_at_the_head_of_a_line_is_told_there() {
    let faults = pack_from_toml("a = 1\n= 2\n").unwrap_err();
    assert!(faults[0].message.contains("column 1"), "{faults:?}");
}

#[test]
fn rules_that_begin_and_end_may_share_a_service_with_one_that_does_not() {
    let of = |key: &str, more: &str| {
        format!(
            "[[authorization]]\nkey = \"{key}\"\nservices = [\"peer\"]\nrequire = \"never\"\n\
             {more}\n{SOURCE}"
        )
    };
    let tables = [of("from", "from = 2026-02-01"), of("to", "to = 2026-01-31")].concat();
    assert!(pack_from_toml(&with(&tables)).is_ok());
    // Whichever of them stands first.
    let first = PACK.replacen("[[authorization]]", &format!("{tables}[[authorization]]"), 1);
    assert!(pack_from_toml(&first).is_ok());
    assert_eq!(pack_from_toml(&with(&of("third", ""))).unwrap_err().len(), 1);
}

#[test]
fn rk13_rk40_a_minimum_of_one_minute_is_one_and_so_is_a_month() {
    let more = "unit_minutes = 15\nmin_minutes = 1\nprovisional_months = 1";
    let pack = pack_from_toml(&PACK.replacen("unit_minutes = 15", more, 1)).unwrap();
    let service = &pack.services[0];
    assert_eq!((service.min_minutes, service.provisional_months), (1, Some(1)));
}

#[test]
fn rk73_each_unknown_is_noted_once_and_all_of_them_are() {
    let text = PACK.replacen("min_age = 18", "min_age = \"unknown\"", 1).replacen(
        "max_age = 64",
        "max_age = \"unknown\"",
        1,
    );
    let pack = pack_from_toml(&text).unwrap();
    let paths: Vec<&str> = pack.unknown.iter().map(|u| u.path.as_str()).collect();
    assert_eq!(paths.len(), 2, "{paths:?}");
}

#[test]
fn conditions_circumstances_and_a_moved_last_day_are_retold() {
    let tables = format!(
        "[[condition]]\nkey = \"apart\"\nservices = [\"peer\"]\ndemand = \"age_gap\"\nyears = 3\n\
         peer_older = true\n{SOURCE}\n[[modifier]]\nkey = \"north\"\nservices = [\"peer\"]\n\
         add = [\"U1\"]\nwhen = {{ programs = [\"north\"] }}\n{SOURCE}"
    );
    let text = with(&tables).replacen("days = 95", "days = 95\nnext_business_day = true", 1);
    let told = sentences(&text);
    assert!(told.contains("3 years or more apart, the peer being older"), "{told}");
    assert!(told.contains("the program is north"), "{told}");
    assert!(!told.contains("the product is"), "{told}");
    assert!(told.contains("moves to the next business day"), "{told}");
}

#[test]
fn rk20_a_service_with_faults_of_its_own_may_have_the_modifier_that_a_limit_names() {
    let limited = PACK.replacen("units = \"8.5\"", "units = \"8.5\"\nmodifiers = [\"HQ\"]", 1);
    let skills = "procedure = \"H2014\"\nmodifiers = [\"HQ\"]";
    let sound = limited.replacen("procedure = \"H2014\"", skills, 1);
    assert!(pack_from_toml(&sound).is_ok());
    assert_eq!(pack_from_toml(&limited).unwrap_err()[0].path, "limit[1].modifiers[1]");
    // While the length of its unit is wrong, nobody knows what else it has.
    let faulty = limited.replacen("unit_minutes = 30", "unit_minutes = 0", 1);
    let paths: Vec<String> =
        pack_from_toml(&faulty).unwrap_err().into_iter().map(|f| f.path).collect();
    assert_eq!(paths, ["service[2].unit_minutes"]);
}
