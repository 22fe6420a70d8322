//! Whom answers name: the billing provider of a level of a 277CA, and the payee of an 835.

use serde_json::{Value, json};

use super::reading::{file, remittance, set, shown};

#[test]
fn a_claim_stands_below_the_provider_of_its_level() {
    let body = [
        "HL*1**20*1",
        "HL*2*1*21*1",
        "TRN*2*BATCH000101",
        "STC*A1:19:PR*20261010*WQ*368",
        "HL*3*2*19*1",
        "NM1*85*2*RIVER BEND PEER RECOVERY*****XX*1234567893",
        "TRN*1*0",
        "STC*A1:19:PR**WQ*92",
        "REF*G2*PRV1",
        "REF*TJ*911234567",
        "REF*SY*987654321",
        "HL*4*3*PT",
        "TRN*2*PS0001001",
        "STC*A2:20:PR*20261010*WQ*92",
        // A level of which nothing is said, so that it has no TRN.
        "HL*5*2*19*1",
        "NM1*85*2*OPEN DOOR*****FI*99-7654321",
        "HL*6*5*PT",
        "NM1*85*2*NO LEVEL*****XX*1245319599",
        "TRN*2*PS0001002",
        "STC*A2:20:PR*20261010*WQ*92",
        // A number of the payer's own is none that can be compared.
        "HL*7*2*19*1",
        "NM1*85*2*MESA VOICES*****SV*PRV9",
        "HL*8*7*PT",
        "TRN*2*PS0001003",
        "STC*A2:20:PR*20261010*WQ*92",
        "HL*9*1*21*1",
        "TRN*2*BATCH000102",
        "STC*A1:19:PR*20261010*WQ*92",
        "HL*10*9*PT",
        "TRN*2*PS0001004",
        "STC*A2:20:PR*20261010*WQ*92",
    ];
    let (document, errors) = shown(&file("HN", "277", "005010X214", &body));
    assert_eq!(errors, []);
    let named = |list: &str| -> Vec<Value> {
        let list = set(&document)[list].as_array().unwrap();
        list.iter().map(|one| json!([one["billing"], one["billing_tax_id"]])).collect()
    };
    let ours = json!(["1234567893", "911234567"]);
    let nobody = json!([null, null]);
    let tax_id = json!([null, "99-7654321"]);
    assert_eq!(named("claims"), [ours.clone(), tax_id, nobody.clone(), nobody.clone()]);
    assert_eq!(named("levels"), [nobody.clone(), ours, nobody]);
}

#[test]
fn a_payee_is_named_by_npi_or_tax_id() {
    let plain = "N1*PE*RIVER BEND PEER RECOVERY*XX*1234567893~\n";
    let told = |payee: &str| {
        // Others have a REF*TJ, too: the payer before the payee, and who rendered a line.
        let text = remittance()
            .replace("SE*19*", &format!("SE*{}*", 20 + payee.matches('~').count()))
            .replace("N1*PE", "REF*TJ*999999999~\nN1*PE")
            .replace("REF*6R", "REF*TJ*888888888~\nREF*6R")
            .replace(plain, payee);
        let (document, errors) = shown(&text);
        assert_eq!(errors, [], "{text}");
        let payment = &set(&document)["payment"];
        json!([payment["payee_qualifier"], payment["payee_id"], payment["payee_tax_id"]])
    };
    assert_eq!(told(plain), json!(["XX", "1234567893", null]));
    let both = format!("{plain}REF*PQ*PRV9~\nREF*TJ*911234567~\n");
    assert_eq!(told(&both), json!(["XX", "1234567893", "911234567"]));
    assert_eq!(told("N1*PE*RIVER BEND*FI*911234567~\n"), json!(["FI", "911234567", null]));
    let alone = "N1*PE*RIVER BEND~\nREF*TJ*911234567~\n";
    assert_eq!(told(alone), json!([null, null, "911234567"]));
}
