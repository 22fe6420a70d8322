//! Every element of a file counts: whatever is changed in it is found, and where.

use serde_json::{Value, json};

use super::*;

fn header(form: Value) -> FileHeader {
    let text = include_str!("../../fixtures/x12/writing/header.json");
    let mut header: Value = serde_json::from_str(text).unwrap();
    header["profile"]["form"] = form;
    serde_json::from_value(header).unwrap()
}

/// Pay-to, submitter, notes and more, so that most segments are there.
fn rich() -> FileHeader {
    header(json!({
        "file": { "security_information": "GATE", "group_sender": "GROUPORG" },
        "parties": {
            "submitter": { "name": "Cedar Billing Cooperative", "id": "CEDAR01" },
            "contact": { "name": "Desk Two", "phone": "5095550199", "email": "desk@example.org" },
            "pay_to": { "line1": "PO Box 12", "city": "Spokane", "state": "WA", "zip": "99210" },
            "billing_numbers": [{ "kind": "G2", "number": "PRV9" }],
            "payer_address":
                { "line1": "1 Plan Way", "city": "Olympia", "state": "WA", "zip": "98501" },
        },
        "content": {
            "notes": [{ "kind": "ADD", "text": "{units} UNITS ON {first_date}" }],
            "contract": { "kind": "05", "amount": "12.50", "code": "C1" },
            "fixed_format": ["PROGRAM A"],
            "facility": "always",
        },
        "lines": {
            "notes": [{ "kind": "TPO", "text": "FROM {start_time} TO {end_time} {mode} {group_size}" }],
            "modifier_order": ["HQ"],
        },
    }))
}

fn claims() -> Vec<(Claim, ClaimDetail)> {
    let text = include_str!("../../fixtures/x12/writing/claim.json");
    let mut first: Claim = serde_json::from_str(text).unwrap();
    first.lines[1].modifiers = vec!["HF".parse().unwrap(), "HQ".parse().unwrap()];
    let given = |from: &str, to: &str| {
        let times = [from, to];
        json!({ "times": times, "modes": ["video"], "group_sizes": [4, 4] })
    };
    let detail: ClaimDetail = serde_json::from_value(json!({
        "facility": { "name": "Annex", "npi": "1043500127", "address":
            { "line1": "77 Sample Road", "city": "Spokane", "state": "WA", "zip": "992010002" } },
        "lines": [given("09:00:00", "10:00:00"), given("13:30:00", "14:30:00")],
    }))
    .unwrap();
    let mut second = first.clone();
    second.number = "P0HJ2A000000C1".parse().unwrap();
    for line in &mut second.lines {
        line.control = line.control.replace("A1", "C1");
    }
    vec![(first, detail.clone()), (second, detail)]
}

fn file(header: &FileHeader, claims: &[(Claim, ClaimDetail)]) -> String {
    let mut file = Vec::new();
    let mut writer = Writer837p::new(&mut file, header).unwrap();
    for (claim, detail) in claims {
        assert_eq!(writer.offer(claim, detail).unwrap(), Offer::Written);
    }
    writer.finish().unwrap();
    String::from_utf8(file).unwrap()
}

fn found(text: &str, header: &FileHeader, claims: &[(Claim, ClaimDetail)]) -> Option<String> {
    difference(text.as_bytes(), header, claims.iter().map(|(claim, detail)| (claim, detail)))
}

/// The same text with its last sign replaced by another of its kind; something for nothing.
fn other(text: &str) -> String {
    let mut all: Vec<char> = text.chars().collect();
    match all.pop() {
        None => "X".to_owned(),
        Some(last) => {
            let next = match last {
                '9' => '0',
                'Z' => 'A',
                ' ' => 'X',
                sign => char::from(u8::try_from(sign).unwrap() + 1),
            };
            all.into_iter().chain([next]).collect()
        }
    }
}

#[test]
fn what_was_written_is_what_was_meant() {
    for header in [header(json!({})), rich()] {
        let text = file(&header, &claims());
        assert_eq!(found(&text, &header, &claims()), None);
    }
    let text = file(&rich(), &claims());
    for wanted in
        ["NM1*87*2~", "NTE*TPO*FROM 0900 TO 1000 VIDEO 4~", "NTE*TPO*FROM 1330 TO 1430 VIDEO 4~"]
    {
        assert!(text.contains(wanted), "{wanted} in {text}");
    }
}

/// No element is exempt: each one of each segment, changed, left out or put in.
#[test]
fn whatever_is_changed_in_a_file_is_found_and_named() {
    let (header, claims) = (rich(), claims());
    let text = file(&header, &claims);
    let segments: Vec<&str> = text.split_inclusive('~').collect();
    let with = |at: usize, segment: &str| -> String {
        let (head, tail) = (segments[..at].concat(), segments[at + 1..].concat());
        format!("{head}{segment}{tail}")
    };
    let mut tried = 0;
    for (at, segment) in segments.iter().enumerate().filter(|(_, s)| s.contains('~')) {
        let bare = segment.trim_end_matches('~');
        let elements: Vec<&str> = bare.split('*').collect();
        let id = elements[0].trim();
        for (number, element) in elements.iter().enumerate().skip(1) {
            for (part, component) in element.split(':').enumerate() {
                let mut parts: Vec<String> = element.split(':').map(str::to_owned).collect();
                parts[part] = other(component);
                let mut changed: Vec<String> = elements.iter().map(|e| (*e).to_owned()).collect();
                changed[number] = parts.join(":");
                let bent = with(at, &format!("{}~", changed.join("*")));
                let what = found(&bent, &header, &claims)
                    .unwrap_or_else(|| panic!("{id}{number:02} counts for nothing: {bent}"));
                assert!(what.contains(&format!("{id}{number:02}")), "{what}: {bent}");
                assert!(what.contains(&format!("segment {}", at + 1)), "{what}");
                tried += 1;
            }
        }
        let more = with(at, &format!("{bare}*X~"));
        assert!(found(&more, &header, &claims).is_some(), "{more}");
        let fewer = with(at, "");
        assert!(found(&fewer, &header, &claims).is_some(), "{fewer}");
        let twice = with(at, &segment.repeat(2));
        assert!(found(&twice, &header, &claims).is_some(), "{twice}");
    }
    assert!(tried > 200, "{tried}");
    for more in ["\n", "ISA", "~"] {
        let what = found(&format!("{text}{more}"), &header, &claims).unwrap();
        assert!(what.contains("behind its last segment"), "{what}");
    }
}

#[test]
fn a_place_is_told_with_its_claim_and_its_party() {
    let (header, claims) = (rich(), claims());
    let text = file(&header, &claims);
    for (old, new, place) in [
        ("N3*PO BOX 12", "N3*PO BOX 13", "its head says otherwise in N301 (segment"),
        ("N3*PO BOX 12", "N3*PO BOX 13", ", of NM1 87)"),
        (":HQ:HF", ":HF:HQ", "claim P0HJ2A000000A1 says otherwise in SV101-3"),
        ("NM1*82*1*OKAFOR", "NM1*82*1*OKAFER", "NM103 (segment"),
    ] {
        assert!(text.contains(old), "{old} in {text}");
        let what = found(&text.replacen(old, new, 1), &header, &claims).unwrap();
        assert!(what.contains(place), "{what}");
        assert!(!what.contains("OKAF"), "values are not told: {what}");
    }
    // What is behind the file counts, too, and so does what is missing from it.
    let mut moved = header.clone();
    moved.billing.npi = "1043500127".parse().unwrap();
    assert!(found(&text, &moved, &claims).unwrap().contains("NM109"));
    assert!(found(&text, &header, &claims[..1]).is_some());
    let mut more = claims.clone();
    more.push(claims[0].clone());
    assert!(found(&text, &header, &more).is_some());
    let mut full = header.clone();
    full.profile.form.file.claims_per_file = serde_json::from_value(json!(1)).unwrap();
    assert!(found(&text, &full, &claims).unwrap().contains("have room"));
}
