//! Limits whose excess needs a document that shows its necessity (RK24).

use super::{PACK, one_fault};
use crate::domain::contract::{Exceed, Limit, Pack, Wanted, pack_from_toml, retell};
use crate::domain::document::DocumentKind;

fn read(lines: &str) -> Pack {
    pack_from_toml(&PACK.replacen("exceed = \"hold\"", lines, 1)).unwrap()
}

#[test]
fn rk24_a_note_of_necessity_is_meant_where_no_document_is_named() {
    let limit = read("exceed = \"necessity\"").limits[0].clone();
    assert_eq!(limit.exceed, Exceed::Necessity);
    assert_eq!(limit.necessity, [Wanted::any(DocumentKind::Necessity)]);
    let named = "exceed = \"necessity\"\nnecessity = [{ kind = \"order\", valid_days = 30 }]";
    let pack = read(named);
    let wanted = Wanted { valid_days: Some(30), ..Wanted::any(DocumentKind::Order) };
    assert_eq!(pack.limits[0].necessity, [wanted]);
    assert_eq!(pack.documents(), [DocumentKind::Order]);
    // What was stored before there were notes reads as it was meant.
    let before = read("exceed = \"hold\"").limits[0].clone();
    let stored = serde_json::to_string(&before).unwrap();
    assert!(!stored.contains("necessity"), "{stored}");
    assert_eq!(serde_json::from_str::<Limit>(&stored).unwrap(), before);
}

#[test]
fn rk24_the_documents_are_told() {
    let told = |lines: &str| retell::text(&retell::pack(&read(lines)));
    let plain = told("exceed = \"necessity\"");
    let above = "what is above needs a document of the kind necessity on record";
    assert!(plain.contains(above), "{plain}");
    let named = "exceed = \"necessity\"\n\
                 necessity = [{ kind = \"order\", signed = true }, { kind = \"plan\" }]";
    let above = "needs a document of the kind order that is signed, or a document of the kind plan";
    assert!(told(named).contains(above), "{}", told(named));
}

#[test]
fn rk24_documents_that_are_wrong() {
    let necessity = "exceed = \"necessity\"";
    let named = |list: &str| format!("necessity = {list}\n{necessity}");
    let peer = format!("{necessity}\nscope = \"peer\"");
    let member = format!("{necessity}\nscope = \"member\"");
    let stray = "necessity = [{ kind = \"order\" }]\nexceed = \"hold\"".to_owned();
    for (new, path, part) in [
        (peer, "limit[1].exceed", "no matter of what a member needs"),
        (member, "limit[1].exceed", "write \"hold\" or \"never\""),
        (stray, "limit[1].necessity", "only; remove it"),
        (named("[]"), "limit[1].necessity", "at least one"),
        (named("[{ kind = \"supervisor\" }]"), "limit[1].necessity", "what a member needs"),
        (named("[{ kind = \"note\" }]"), "limit[1].necessity[1].kind", "a kind of document"),
        (
            named("[{ kind = \"order\", min_score = 3 }]"),
            "limit[1].necessity[1].min_score",
            "only a document of the kind assessment",
        ),
    ] {
        one_fault(PACK, None, ("exceed = \"hold\"", &new, path, part), pack_from_toml);
    }
}
