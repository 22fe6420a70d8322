//! Lists in the places of objects, at every depth; and that everything else is read as before.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::error::Code;
use crate::http::encounter_body::EncounterBody;
use crate::http::json::decode;
use crate::http::session_body::{SessionBody, SessionPatch};

/// Every shape that a body may have.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Outer {
    one: Inner,
    maybe: Option<Inner>,
    list: Vec<Inner>,
    named: BTreeMap<String, Inner>,
    boxed: Option<Box<Outer>>,
    wrapped: Option<Wrapped>,
    choice: Option<Choice>,
    pair: Option<(u8, String)>,
    free: Value,
    numbers: Vec<i64>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Inner {
    text: Option<String>,
    share: Option<f64>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Wrapped(Inner);

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Choice {
    Plain,
    With(Inner),
    Fields { text: String },
}

fn refused<T: serde::de::DeserializeOwned>(body: &Value) -> (String, String) {
    let error = decode::<T>(body.to_string().as_bytes()).err().unwrap();
    assert_eq!((error.code, error.faults.len()), (Code::InvalidInput, 1), "{body}");
    let fault = error.faults[0].clone();
    (fault.pointer.unwrap(), fault.message)
}

#[test]
fn a_list_is_no_object_however_deep() {
    for (body, pointer) in [
        (json!([]), ""),
        (json!([{}]), ""),
        (json!({"one": []}), "/one"),
        (json!({"one": ["a", 1.5]}), "/one"),
        (json!({"maybe": ["a"]}), "/maybe"),
        (json!({"list": [{}, []]}), "/list/1"),
        (json!({"named": {"a/b": []}}), "/named/a~1b"),
        (json!({"boxed": {"boxed": {"maybe": []}}}), "/boxed/boxed/maybe"),
        (json!({"wrapped": []}), "/wrapped"),
        (json!({"choice": {"with": []}}), "/choice/with"),
        (json!({"choice": {"fields": ["a"]}}), "/choice/fields"),
    ] {
        assert_eq!(refused::<Outer>(&body), (pointer.to_owned(), NO_LIST.to_owned()), "{body}");
    }
}

#[test]
fn everything_else_is_read() {
    let body = json!({
        "one": {"text": "a", "share": 0.5}, "maybe": null, "list": [{}, {"text": null}],
        "named": {"x": {"text": "b"}}, "boxed": {"numbers": [-1, 2]}, "wrapped": {"share": 1},
        "choice": {"fields": {"text": "c"}}, "pair": [7, "d"], "free": [[1], {"a": [null]}],
        "numbers": [],
    });
    let read: Outer = decode(body.to_string().as_bytes()).unwrap();
    let inner = |text: &str| Inner { text: Some(text.to_owned()), share: None };
    let wanted = Outer {
        one: Inner { share: Some(0.5), ..inner("a") },
        maybe: None,
        list: vec![Inner::default(), Inner::default()],
        named: BTreeMap::from([("x".to_owned(), inner("b"))]),
        boxed: Some(Box::new(Outer { numbers: vec![-1, 2], ..Outer::default() })),
        wrapped: Some(Wrapped(Inner { text: None, share: Some(1.0) })),
        choice: Some(Choice::Fields { text: "c".to_owned() }),
        pair: Some((7, "d".to_owned())),
        free: json!([[1], {"a": [null]}]),
        numbers: Vec::new(),
    };
    assert_eq!(read, wanted);
    let plain: Outer = decode(br#"{"choice": "plain"}"#).unwrap();
    assert_eq!(plain.choice, Some(Choice::Plain));
    let with: Outer = decode(br#"{"choice": {"with": {"text": "a"}}}"#).unwrap();
    assert_eq!(with.choice, Some(Choice::With(inner("a"))));
}

#[test]
fn visits_and_sessions_have_objects_only() {
    for (body, pointer) in [
        (json!({"note": ["2026-07-01T16:00:00Z", "G1"]}), "/note"),
        (json!({"note": []}), "/note"),
        (json!({"group": ["S-1", 7]}), "/group"),
    ] {
        let wanted = (pointer.to_owned(), NO_LIST.to_owned());
        assert_eq!(refused::<EncounterBody>(&body), wanted, "{body}");
    }
    for (body, pointer) in [
        (json!({"members": [["V-1", "evergreen:EV1"]]}), "/members/0"),
        (json!({"members": [{}, {"note": []}]}), "/members/1/note"),
    ] {
        let wanted = (pointer.to_owned(), NO_LIST.to_owned());
        assert_eq!(refused::<SessionBody>(&body), wanted, "{body}");
    }
    assert_eq!(refused::<SessionPatch>(&json!({"add": [[]]})).0, "/add/0");
}

#[test]
fn a_name_is_a_text_or_an_object() {
    for (body, pointer, told) in [
        (json!({"member": ["evergreen", "EV1"]}), "/member", "an object with payer and number"),
        (json!({"member": 7}), "/member", "an object with payer and number"),
        (json!({"member": {"payer": "evergreen"}}), "/member/number", "missing"),
        (json!({"member": {"payer": "a", "number": 7}}), "/member/number", "write a string"),
        (
            json!({"member": {"payer": "a", "number": "b", "id": "c"}}),
            "/member/id",
            "no such field",
        ),
        (json!({"peer": ["1987654328"]}), "/peer", "the peer's id or NPI"),
        (json!({"peer": {"npi": ["1987654328"]}}), "/peer/npi", "write a string"),
    ] {
        let (place, message) = refused::<EncounterBody>(&body);
        assert_eq!(place, pointer, "{body}");
        assert!(message.contains(told), "{body}: {message}");
    }
    for body in [
        json!({"member": "evergreen:EV1", "peer": "1987654328"}),
        json!({"member": {"payer": "evergreen", "number": "EV1"}, "peer": {"npi": "1987654328"}}),
        json!({"member": null, "peer": null}),
    ] {
        assert!(decode::<EncounterBody>(body.to_string().as_bytes()).is_ok(), "{body}");
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::sample::select(vec![0.5, -2.25, 1e9]).prop_map(Value::from),
        "[a-z~/\"\\\\]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map("[a-z~/]{0,5}", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// What has no structs is read as serde_json itself reads it.
    #[test]
    fn free_values_are_read_as_they_are(value in value()) {
        let body = json!({ "free": value });
        let read: Outer = decode(body.to_string().as_bytes()).unwrap();
        prop_assert_eq!(read.free, value);
    }
}
