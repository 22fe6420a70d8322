//! serde's messages without the values they repeat: a value may be a name or a member number.

/// Longest name of a field that is repeated.
const MAX_NAME: usize = 64;

/// The message for the caller: no value, no place (the place is told apart).
pub(super) fn clean(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(head, _)| head);
    let expected = message.rsplit_once(", expected ").map(|(_, expected)| expected);
    if message.starts_with("invalid type") || message.starts_with("invalid value") {
        let kind = if message.starts_with("invalid type") { "type" } else { "value" };
        return match expected {
            Some(expected) => format!("this is of the wrong {kind}; write {}", plain(expected)),
            None => format!("this is of the wrong {kind}"),
        };
    }
    if message.starts_with("invalid length") {
        return "this has the wrong number of entries".to_owned();
    }
    if message.starts_with("unknown variant") {
        return expected.map_or_else(
            || "this is not one of the known values".to_owned(),
            |expected| format!("write {}", plain(expected)),
        );
    }
    if message.starts_with("unknown field") {
        return match expected {
            Some(expected) => format!("there is no such field here; known: {}", plain(expected)),
            None => "there is no such field here".to_owned(),
        };
    }
    if message.starts_with("missing field") {
        return "this field is missing".to_owned();
    }
    if message.starts_with("duplicate field") {
        return "this field is here twice".to_owned();
    }
    message.to_owned()
}

/// The field that serde names in a message about an unknown, missing or repeated field.
pub(super) fn named_field(message: &str) -> Option<&str> {
    let rest = ["unknown field `", "missing field `", "duplicate field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start))?;
    // An unknown field's name comes from the caller and may hold a backquote.
    let name = match rest.rsplit_once("`, expected ") {
        Some((name, _)) => name.split("`, expected").next()?,
        None => rest.split_once('`')?.0,
    };
    (name.chars().count() <= MAX_NAME).then_some(name)
}

fn plain(expected: &str) -> String {
    // The names of our types are nobody's business.
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        _ if expected.starts_with("struct ") => "a JSON object".to_owned(),
        _ => expected.replace('`', ""),
    }
}
