//! pyx12's own 999s of deliberately broken files (`.ci/make_999.py`), read rightly: its TA1 comes
//! after GE, and its AK9 rejects a group of which a set was accepted.

use std::path::Path;

use serde_json::{Value, json};

use crate::x12::read::Document;

fn read(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/x12/acks");
    let document = Document::read(&std::fs::read(folder.join(name)).unwrap()[..]);
    assert_eq!(document.errors, [], "{name}");
    let interchange = &serde_json::to_value(document).unwrap()["interchanges"][0];
    let set = &interchange["groups"][0]["sets"][0];
    let status = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let sets = set["sets"].as_array().unwrap().iter().map(|s| {
        let errors = s["errors"].as_array().unwrap().iter().map(|error| {
            let elements = error["elements"].as_array().unwrap().iter();
            let elements: Vec<_> = elements.map(|e| [&e["element"], &e["code"]]).collect();
            json!([error["segment"], error["position"], error["code"], elements])
        });
        json!([s["control"], s["status"], s["codes"], errors.collect::<Vec<_>>()])
    });
    let ta1 = &interchange["ta1"][0];
    json!({
        "group": status(&set["group"]["status"]),
        "sets": sets.collect::<Vec<_>>(),
        "ta1": [ta1["status"], ta1["note"]],
    })
}

#[test]
fn sets_are_believed_each() {
    let mixed = read("one_of_two_sets.999");
    assert_eq!(mixed["group"], "R", "the group's word is not the sets'");
    assert_eq!(mixed["sets"][0][1], "R");
    assert_eq!(mixed["sets"][1], json!(["0002", "A", [], []]));
    assert_eq!(mixed["sets"][0][3], json!([["NM1", "22", "8", [["2", "7"]]]]));
    let sound = read("accepted.999");
    let accepted = json!({"group": "A", "sets": [["0001", "A", [], []]], "ta1": ["A", "000"]});
    assert_eq!(sound, accepted);
}

#[test]
fn what_was_wrong_is_found_again() {
    let of = |name: &str| read(name)["sets"][0].clone();
    let codes = json!([["CLM", "19", "8", [["6", "7"], ["7", "7"]]]]);
    assert_eq!(of("bad_codes.999"), json!(["0001", "R", ["5"], codes]));
    let missing = json!([["HI", "21", "3", []]]);
    assert_eq!(of("no_diagnosis.999"), json!(["0001", "R", ["4", "5"], missing]));
    let date = json!([["DTP", "27", "8", [["3", "8"]]]]);
    assert_eq!(of("bad_date.999"), json!(["0001", "R", ["5"], date]));
    assert_eq!(of("wrong_count.999"), json!(["0001", "R", ["4"], []]));
}

#[test]
fn an_interchange_can_be_rejected_around_accepted_sets() {
    let number = read("wrong_interchange_number.999");
    assert_eq!((&number["sets"][0][1], &number["ta1"]), (&json!("A"), &json!(["R", "001"])));
    let cut = read("no_end.999");
    assert_eq!((&cut["sets"][0][1], &cut["ta1"]), (&json!("A"), &json!(["R", "023"])));
}
