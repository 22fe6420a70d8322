//! Lists as people send them, and any bytes at all.

use super::*;
use proptest::prelude::*;

/// Longest element here.
const MOST: usize = 1_000;

/// The elements as text with their lines, and whether the list was broken at the end.
fn read(bytes: &[u8]) -> Result<(Vec<(u64, String)>, bool), AppError> {
    let mut elements = Elements::begin(bytes, MOST).unwrap()?;
    let (mut seen, mut buffer) = (Vec::new(), Vec::new());
    loop {
        match elements.next(&mut buffer).unwrap() {
            None => return Ok((seen, false)),
            Some(Element::Whole(line)) => {
                seen.push((line, String::from_utf8_lossy(&buffer).into_owned()));
            }
            Some(Element::TooLong(line)) => seen.push((line, "long".to_owned())),
            Some(Element::Broken(..)) => {
                assert!(elements.next(&mut buffer).unwrap().is_none(), "nothing behind it");
                return Ok((seen, true));
            }
        }
    }
}

fn texts(bytes: &str) -> (Vec<String>, bool) {
    let (seen, broken) = read(bytes.as_bytes()).unwrap();
    (seen.into_iter().map(|(_, text)| text).collect(), broken)
}

#[test]
fn elements_stand_where_they_begin() {
    let text = "\u{feff} \n[ {\"a\": \"x]},\\\"\"},\n\n{\n\"b\": [1, {}]\n} , 7,null ,\"t\"]\n ";
    let (seen, broken) = read(text.as_bytes()).unwrap();
    let wanted = [
        (2, "{\"a\": \"x]},\\\"\"}"),
        (4, "{\n\"b\": [1, {}]\n}"),
        (6, "7"),
        (6, "null"),
        (6, "\"t\""),
    ];
    assert_eq!(seen, wanted.map(|(line, text)| (line, text.to_owned())));
    assert!(!broken);
    assert_eq!(texts(" [ ] "), (vec![], false));
}

#[test]
fn a_broken_list_ends_where_it_breaks() {
    for (text, whole) in [
        ("[", 0),
        ("[{}", 1),
        ("[{} {}]", 1),
        ("[{},]", 1),
        ("[,{}]", 0),
        ("[{},,{}]", 1),
        ("[{}] {}", 1),
        ("[{}, {\"a\": [}, {}]", 1),
        ("[{}, {\"a\": \"", 1),
        ("[{}, }]", 1),
    ] {
        let (seen, broken) = texts(text);
        assert_eq!((seen.len(), broken), (whole, true), "{text}");
    }
    for text in ["", " ", "{}", "null", "x[", "\"[\""] {
        assert_eq!(read(text.as_bytes()).unwrap_err().code, Code::MalformedBody, "{text}");
    }
    let deep = format!("[{}", "[".repeat(100_000));
    assert_eq!(texts(&deep), (vec![], true));
}

#[test]
fn a_long_element_is_read_over() {
    let text = format!("[{{}},{{\"a\":\"{}\"}},{{}}]", "x".repeat(MOST));
    assert_eq!(texts(&text), (vec!["{}".into(), "long".into(), "{}".into()], false));
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[\\[\\]{},:\"\\\\ a\n]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map("[\\[\\]{},\"\\\\a]{0,5}", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever a list holds, and however it is laid out, its elements come out one by one.
    #[test]
    fn elements_are_those_that_serde_reads(list in prop::collection::vec(value(), 0..6), pretty: bool) {
        let text = if pretty {
            serde_json::to_string_pretty(&list).unwrap()
        } else {
            serde_json::to_string(&list).unwrap()
        };
        let (seen, broken) = texts(&text);
        prop_assert!(!broken);
        let seen: Vec<serde_json::Value> =
            seen.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        prop_assert_eq!(seen, list);
    }

    /// Any bytes: no panic, an end, and what serde takes for a list is never called broken.
    #[test]
    fn any_bytes_come_to_an_end(bytes in prop::collection::vec(
        prop_oneof![Just(b'['), Just(b']'), Just(b'{'), Just(b'}'), Just(b'"'), Just(b','), Just(b'1'), Just(b' '), Just(b'\\')],
        0..24,
    )) {
        let list = serde_json::from_slice::<Vec<serde_json::Value>>(&bytes);
        match (read(&bytes), list) {
            (Ok((seen, broken)), Ok(list)) => prop_assert_eq!((seen.len(), broken), (list.len(), false)),
            (Err(_), Ok(_)) => prop_assert!(false, "a list was refused"),
            _ => {}
        }
    }
}
