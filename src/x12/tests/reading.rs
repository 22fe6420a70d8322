//! Files that come back, read: hand-made answers in the shapes of real ones, our own files, and
//! damage by hand.

use serde_json::{Value, json};

use crate::x12::read::{Document, ReadCode, ReadError};
use crate::x12::{ProblemKind, read_back};

use super::samples::good_file;

const ISA: &str = "ISA*00*          *00*          *ZZ*MCOPAYER01     *ZZ*PEERORG001     \
                   *261010*0900*^*00501*000000777*0*T*:~";

/// A file of one set, its counts right. The body starts after ST.
pub(super) fn file(functional_id: &str, set: &str, version: &str, body: &[&str]) -> String {
    let count = body.len() + 2;
    let body = body.join("~\n");
    format!(
        "{ISA}\nGS*{functional_id}*MCOPAYER01*PEERORG001*20261010*0900*5*X*{version}~\n\
         ST*{set}*0001*{version}~\n{body}~\nSE*{count}*0001~\nGE*1*5~\nIEA*1*000000777~\n"
    )
}

pub(super) fn remittance() -> String {
    let body = [
        "BPR*I*20*C*ACH************20261015",
        "TRN*1*EFT0099*1912345678",
        "N1*PR*EVERGREEN COMMUNITY HEALTH PLAN",
        "N1*PE*RIVER BEND PEER RECOVERY*XX*1234567893",
        "LX*1",
        "CLP*PS0001001*1*92*89**MC*ICN1*11*1",
        "NM1*QC*1*ALVAREZ*DANA****MI*MCO55012345",
        "SVC*HC:H0038*64*60**4",
        "DTM*472*20260914",
        "CAS*CO*45*4",
        "REF*6R*L1001A",
        "SVC*HC:H0038:HQ*28*29",
        "CAS*CO*144*-1",
        "LQ*HE*N130",
        "CLP*PS0000900*22*-64*-60**MC*ICN0",
        "CAS*CO*45*-4",
        "PLB*1234567893*20261231*WO:ICN0*9",
    ];
    file("HP", "835", "005010X221A1", &body)
}

#[test]
fn signs_that_act_on_a_terminal_or_a_database_are_shown_as_marks() {
    let text = remittance().replace("EVERGREEN COMMUNITY", "EVERGREEN\0\u{1b}[2J\u{7f}");
    let document = Document::read(text.as_bytes());
    let shown = serde_json::to_string(&document).unwrap();
    assert!(shown.contains("EVERGREEN\u{fffd}\u{fffd}[2J\u{fffd} HEALTH PLAN"), "{shown}");
    let codes: Vec<ReadCode> = document.errors.iter().map(|e| e.code).collect();
    assert_eq!(codes, [ReadCode::Character]);
}

pub(super) fn acknowledgment() -> String {
    let body = [
        "AK1*HC*101*005010X222A1",
        "AK2*837*0001*005010X222A1",
        "IK5*A",
        "AK2*837*0002*005010X222A1",
        "IK3*CLM*22**8",
        "IK4*5:3*1325*7*Q",
        "CTX*CLM01:PS0001001",
        "IK5*R*5",
        "AK9*R*2*2*1",
    ];
    file("FA", "999", "005010X231A1", &body)
}

pub(super) fn status() -> String {
    let body = [
        "BHT*0085*08*7*20261010*0900*TH",
        "HL*1**20*1",
        "HL*2*1*21*1",
        "TRN*2*BATCH000101",
        "STC*A1:19:PR*20261010*WQ*276",
        "QTY*90*2",
        "QTY*AA*1",
        "HL*3*2*19*1",
        "HL*4*3*PT",
        "NM1*QC*1*ALVAREZ*DANA****MI*MCO55012345",
        "TRN*2*PS0001001",
        "STC*A2:20:PR*20261010*WQ*92",
        "REF*1K*ICN77",
        "TRN*2*PS0001002",
        "STC*A7:562:85*20261010*U*92******A3:21",
        "TRN*2*PS0001003",
        "STC*A2:20*20261010*WQ*92",
        "SVC*HC:H0038*64",
        "STC*A7:454*20261010*U",
        "REF*FJ*L1003A",
        "TRN*2*PS0001004",
    ];
    file("HN", "277", "005010X214", &body)
}

pub(super) fn eligibility() -> String {
    let body = [
        "BHT*0022*11*REF7*20261010*0900",
        "HL*1**20*1",
        "NM1*PR*2*EVERGREEN COMMUNITY HEALTH PLAN*****PI*MCOPAYER01",
        "HL*2*1*21*1",
        "NM1*1P*2*RIVER BEND PEER RECOVERY*****XX*1234567893",
        "HL*3*2*22*0",
        "TRN*2*T1*9PEERORG001",
        "NM1*IL*1*ALVAREZ*DANA****MI*MCO55012345",
        "DMG*D8*19850214*F",
        "EB*1**30^MH*MC*STATE PLAN",
        "DTP*307*RD8*20260101-20261231",
        "EB*R**30",
        "LS*2120",
        "NM1*PR*2*OTHER PLAN*****PI*OTHER01",
        "LE*2120",
    ];
    file("HB", "271", "005010X279A1", &body)
}

pub(super) fn shown(file: &str) -> (Value, Vec<ReadCode>) {
    let document = Document::read(file.as_bytes());
    let codes = document.errors.iter().map(|error| error.code).collect();
    (serde_json::to_value(&document).unwrap(), codes)
}

pub(super) fn set(document: &Value) -> &Value {
    &document["interchanges"][0]["groups"][0]["sets"][0]
}

#[test]
fn a_remittance_is_read_and_balances() {
    let (document, errors) = shown(&remittance());
    assert_eq!(errors, []);
    let set = set(&document);
    assert_eq!(set["payment"]["amount"], "20.00");
    assert_eq!(set["payment"]["date"], "2026-10-15");
    assert_eq!(set["claims"][0]["lines"][0]["control"], "L1001A");
    assert_eq!(set["claims"][0]["lines"][1]["units"], "1");
    let raise = json!({"group": "CO", "reason": "144", "amount": "-1.00", "quantity": null});
    assert_eq!(set["claims"][0]["lines"][1]["adjustments"][0], raise);
    assert_eq!(set["claims"][1]["status"], "22");
    assert_eq!(set["provider_adjustments"][0]["reason"], "WO");
    assert_eq!(set["balances"]["balanced"], true);
}

#[test]
fn what_does_not_balance_is_named() {
    for (from, to, rule) in [
        ("BPR*I*20*", "BPR*I*38*", vec!["payment"]),
        ("CAS*CO*144*-1", "CAS*CO*144*1", vec!["line", "claim"]),
        ("CLP*PS0001001*1*92*89", "CLP*PS0001001*1*93*90", vec!["lines", "payment"]),
        ("*22*-64*-60*", "*22*-64*60*", vec!["claim", "payment"]),
    ] {
        let (document, _) = shown(&remittance().replace(from, to));
        let balances = &set(&document)["balances"];
        let found = balances["differences"].as_array().unwrap();
        let rules: Vec<&str> = found.iter().map(|d| d["rule"].as_str().unwrap()).collect();
        assert_eq!(rules, rule, "{to}");
        assert_eq!(balances["balanced"], false);
    }
}

#[test]
fn a_reason_too_many_is_told_and_nothing_balances() {
    let six = "CAS*CO*45*4**1*0**2*0**3*0**4*0**5*0";
    let (document, errors) = shown(&remittance().replacen("CAS*CO*45*4", six, 1));
    assert_eq!((errors, &set(&document)["balances"]["balanced"]), (vec![], &json!(true)));
    let read = set(&document)["claims"][0]["lines"][0]["adjustments"].as_array().unwrap();
    assert_eq!(read.len(), 6);
    let seven = format!("{six}**6*0");
    let text = remittance().replacen("CAS*CO*45*4", &seven, 1);
    let document = Document::read(text.as_bytes());
    let ReadError { code, segment, element, .. } = &document.errors[0];
    assert_eq!((*code, segment.as_str(), *element), (ReadCode::Content, "CAS", Some(20)));
    let (shown, errors) = shown(&text);
    assert_eq!(errors.len(), 1);
    assert_eq!(set(&shown)["balances"]["balanced"], false);
    // Empty elements say nothing.
    let text = remittance().replacen("CAS*CO*45*4", &format!("{six}*****"), 1);
    assert_eq!(Document::read(text.as_bytes()).errors, []);
    let plb = remittance().replace("WO:ICN0*9", "WO:ICN0*9***********WO:ICN1*1");
    let errors = Document::read(plb.as_bytes()).errors;
    assert_eq!((errors[0].segment.as_str(), errors[0].element), ("PLB", Some(15)));
}

#[test]
fn a_diagnosis_too_many_is_told() {
    let thirteen = "HI*ABK:F1120".to_owned() + &"*ABF:F329".repeat(12) + "~";
    let at = good_file();
    let hi = at.split('\n').find(|line| line.starts_with("HI*")).unwrap();
    let errors = Document::read(at.replacen(hi, &thirteen, 1).as_bytes()).errors;
    let places: Vec<_> = errors.iter().map(|e| (e.segment.as_str(), e.element)).collect();
    assert_eq!(places, [("HI", Some(13))]);
}

#[test]
fn versions_of_one_guide_go_together_and_others_do_not() {
    for (text, from, to) in [
        (acknowledgment(), "*005010X231A1", "*005010X231"),
        (remittance(), "*005010X221A1", "*005010X221"),
        (eligibility(), "*005010X279A1", "*005010X279"),
        (good_file(), "*005010X222A1", "*005010X222"),
    ] {
        // ST03 alone, then GS08 alone.
        let set = text.find("\nST*").unwrap();
        let (head, body) = text.split_at(set);
        for mixed in
            [format!("{head}{}", body.replacen(from, to, 1)), head.replacen(from, to, 1) + body]
        {
            assert_ne!(mixed, text);
            let document = Document::read(mixed.as_bytes());
            assert_eq!(document.errors, [], "{to}");
            assert!(document.anything_read());
        }
        let wrong = format!("{head}{}", body.replacen(from, "*005010X214", 1));
        let errors = Document::read(wrong.as_bytes()).errors;
        assert_eq!((errors[0].code, errors[0].segment.as_str()), (ReadCode::Version, "ST"), "{to}");
    }
}

#[test]
fn answers_with_padding_and_empty_segments_are_read() {
    for text in [remittance(), acknowledgment(), status(), eligibility()] {
        let sound = Document::read(text.as_bytes());
        let told = |document: &Document| -> Vec<(ReadCode, u64)> {
            document.errors.iter().map(|e| (e.code, e.position)).collect()
        };
        for odd in [
            format!("{text}\u{1a}"),
            format!("{text}\0\0"),
            text.replacen("~\nGE", "~~\nGE", 1),
            text.replacen("~\nSE", "~\n~\nSE", 1),
        ] {
            let mut read = Document::read(odd.as_bytes());
            // Positions are the same, because nothing of it is a segment.
            assert_eq!(told(&read), told(&sound));
            read.errors.clone_from(&sound.errors);
            assert_eq!(read, sound);
        }
    }
}

#[test]
fn an_acknowledgment_is_believed_set_by_set() {
    let (document, errors) = shown(&acknowledgment());
    assert_eq!(errors, []);
    let set = set(&document);
    assert_eq!((&set["sets"][0]["status"], &set["group"]["status"]), (&json!("A"), &json!("R")));
    let error = &set["sets"][1]["errors"][0];
    assert_eq!((&error["segment"], &error["position"]), (&json!("CLM"), &json!("22")));
    assert_eq!(error["elements"][0]["component"], "3");
    assert_eq!(error["elements"][0]["context"], json!(["CLM01:PS0001001"]));
}

#[test]
fn a_claim_status_is_accepted_rejected_or_mixed() {
    let (document, errors) = shown(&status());
    assert_eq!(errors, [ReadCode::Content], "a claim without a status is told");
    let claims = set(&document)["claims"].as_array().unwrap();
    let words: Vec<&str> = claims.iter().map(|c| c["disposition"].as_str().unwrap()).collect();
    assert_eq!(words, ["accepted", "rejected", "mixed", "unknown"]);
    assert_eq!(claims[0]["payer_control"], "ICN77");
    assert_eq!(claims[1]["statuses"][1]["category"], "A3");
    assert_eq!(claims[2]["statuses"][1]["line"], "L1003A");
    assert_eq!(claims[2]["amount"], "92.00");
    let level = &set(&document)["levels"][0];
    assert_eq!((&level["level"], &level["rejected"]), (&json!("receiver"), &json!("1")));
}

#[test]
fn an_eligibility_answer_names_the_plan() {
    let (document, errors) = shown(&eligibility());
    assert_eq!(errors, []);
    let subject = &set(&document)["subjects"][0];
    assert_eq!(
        (&subject["coverage"], &subject["member"]),
        (&json!("active"), &json!("MCO55012345"))
    );
    assert_eq!(subject["benefits"][0]["service_types"], json!(["30", "MH"]));
    assert_eq!(subject["benefits"][1]["entities"][0]["id"], "OTHER01");
}

#[test]
fn other_versions_are_refused_by_name_and_passed_over() {
    let old = good_file().replace("005010X222A1", "004010X098A1");
    let document = Document::read(old.as_bytes());
    assert!(!document.anything_read());
    assert_eq!(document.errors.len(), 1, "{:?}", document.errors);
    let message = &document.errors[0].message;
    assert!(message.contains("004010X098A1") && message.contains("837P"), "{message}");
    let both = format!("{old}{}", remittance());
    assert!(Document::read(both.as_bytes()).anything_read());
}

#[test]
fn folded_files_and_odd_terminators_are_read() {
    let plain = good_file().replace('\n', "");
    let (expected, _) = shown(&plain);
    let lines: Vec<&[u8]> = plain.as_bytes().chunks(80).collect();
    let folded = String::from_utf8(lines.join(&b"\r\n"[..])).unwrap();
    let (found, errors) = shown(&folded);
    assert_eq!(errors, [ReadCode::Folded]);
    let summary = read_back(folded.as_bytes()).unwrap();
    let kinds: Vec<_> = summary.problems.iter().map(|problem| problem.kind).collect();
    assert_eq!(kinds, [ProblemKind::Structure], "never sent");
    assert_eq!(summary.totals, read_back(plain.as_bytes()).unwrap().totals);
    assert_eq!(found["interchanges"], expected["interchanges"]);
    for terminator in ["\u{2026}", "\u{2026}\r\n", "\n", "\r\n", "~\r\n"] {
        let (found, errors) = shown(&plain.replace('~', terminator));
        assert_eq!(errors, [], "{terminator:?}");
        assert_eq!(found["interchanges"], expected["interchanges"], "{terminator:?}");
    }
}

#[test]
fn a_damaged_envelope_is_told_and_what_follows_is_read() {
    let damage = |from: &str, to: &str| {
        let file = format!("{}{}", good_file().replacen(from, to, 1), acknowledgment());
        let (document, errors) = shown(&file);
        let second = &document["interchanges"][1]["groups"][0]["sets"][0];
        assert_eq!(second["sets"][1]["status"], "R", "{to}");
        errors
    };
    assert_eq!(damage("\nSE*", "\nSE*9"), [ReadCode::Count]);
    assert_eq!(damage("\nGE*1*", "\nGE*1*9"), [ReadCode::Control]);
    assert_eq!(damage("\nIEA*1*", "\nXX*1*"), [ReadCode::Order, ReadCode::Envelope]);
    assert_eq!(damage("\nHL*1*", "\n~hl*1*").first(), Some(&ReadCode::Syntax));
    let cut = good_file();
    let document = Document::read(&cut.as_bytes()[..cut.len() / 2]);
    assert!(document.errors.iter().any(|error| error.code == ReadCode::Envelope));
}

#[test]
fn another_mark_than_isa_declares_is_told() {
    let (document, errors) = shown(&remittance().replace("HC:H0038*", "HC>H0038*"));
    assert_eq!(errors, [ReadCode::Missing]);
    assert_eq!(set(&document)["claims"][0]["lines"][0]["procedure"], Value::Null);
}

#[test]
fn what_is_too_much_for_a_record_is_left_out_and_told() {
    let mut body = vec![
        "BPR*I*0*C*NON************20261015",
        "TRN*1*EFT0100*1912345678",
        "LX*1",
        "CLP*PS0001001*4*0*0**MC*ICN1",
    ];
    body.extend(vec!["SVC*HC:H0038*0*0"; 1000]);
    let full = file("HP", "835", "005010X221A1", &body);
    assert_eq!(shown(&full).1, []);
    body.extend(["SVC*HC:H0038*5*0", "CAS*CO*45*5", "REF*6R*LOST", "SVC*HC:H0038*7*0"]);
    let (document, errors) = shown(&file("HP", "835", "005010X221A1", &body));
    assert_eq!(errors, [ReadCode::Full]);
    let lines = set(&document)["claims"][0]["lines"].as_array().unwrap();
    assert_eq!((lines.len(), &lines[999]["control"]), (1000, &Value::Null));
    assert_eq!(lines[999]["charge"], "0.00");
    assert_eq!(set(&document)["balances"]["balanced"], false);
}

#[test]
fn golden_files_are_read_without_an_error() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for below in ["golden", "x12/valid"] {
        for entry in std::fs::read_dir(folder.join(below)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let document = Document::read(&bytes[..]);
            assert_eq!(document.errors, [], "{}", path.display());
            let json = serde_json::to_value(&document).unwrap();
            let sets = json["interchanges"][0]["groups"][0]["sets"].as_array().unwrap();
            let claims = sets.iter().map(|set| set["totals"]["claims"].as_u64().unwrap());
            assert_eq!(claims.sum::<u64>(), read_back(&bytes[..]).unwrap().totals.claims);
        }
    }
}
