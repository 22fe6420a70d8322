//! What is told of a file with more errors than are told: that it is cut off, or counts wrong, is
//! never hidden behind a thousand wrong values; and records with more than is kept are read to
//! their verdicts.

use std::fmt::Write;

use serde_json::Value;

use crate::x12::read::{Document, ReadCode, ReadError, Reader};
use crate::x12::{ProblemKind, read_back};

use super::reading::file;
use super::samples::good_file;

/// Wrong values of each file: more than are told.
const MANY: usize = 1_001;

/// A 277CA, 999, 835 and 837P, each sound but for more than a thousand wrong values.
fn wrong() -> [(&'static str, String); 4] {
    let body = |head: &str, each: &dyn Fn(usize) -> String, tail: &str| {
        let mut text = head.to_owned();
        (1..=MANY).for_each(|n| writeln!(text, "{}~", each(n)).unwrap());
        text + tail
    };
    let made = |functional: &str, set: &str, version: &str, text: &str| {
        let lines: Vec<&str> = text.trim_end_matches("~\n").split("~\n").collect();
        file(functional, set, version, &lines)
    };
    let status = body(
        "BHT*0085*08*7*20261010*0900*TH~\nHL*1**20*1~\nHL*2*1*21*1~\nHL*3*2*19*1~\nHL*4*3*PT~\n",
        &|n| format!("TRN*2*PS{n:07}~\nSTC*A7:562:85*20261399*U"),
        "",
    );
    let acked = body(
        "AK1*HC*101*005010X222A1~\n",
        &|n| format!("AK2*837*{n:04}*005010X222A1~\nIK5*Q"),
        "AK9*R*1001*1001*0~\n",
    );
    let remittance = body(
        "BPR*I*0*C*NON************20261015~\nTRN*1*EFT0100*1912345678~\nLX*1~\n",
        &|n| format!("CLP*PS{n:07}*1*0*0**MC*ICN{n}~\nSVC*HC:H0038*0*0~\nDTM*472*20261399"),
        "",
    );
    let claims = body(
        "HL*1**20*1~\nHL*2*1*22*0~\n",
        &|n| {
            let claim = format!("CLM*PS{n:07}*64***11:B:1*Y*A*Y*Y~\nHI*ABK:F1120~\nLX*1~\n");
            claim + "SV1*HC:H0038*64*UN*4***1~\nDTP*472*D8*20261399"
        },
        "",
    );
    [
        ("277CA", made("HN", "277", "005010X214", &status)),
        ("999", made("FA", "999", "005010X231A1", &acked)),
        ("835", made("HP", "835", "005010X221A1", &remittance)),
        ("837P", made("HC", "837", "005010X222A1", &claims)),
    ]
}

/// The errors told, how many there are, and the first fatal one.
fn told(bytes: &str) -> (Vec<ReadError>, u64, Option<ReadError>) {
    let mut reader = Reader::new(bytes.as_bytes());
    reader.by_ref().for_each(drop);
    let fatal = reader.fatal().cloned();
    let document = Document::read(bytes.as_bytes());
    let first = document.errors.iter().find(|error| error.is_fatal());
    assert_eq!(first, fatal.as_ref(), "the first fatal one is told");
    assert_eq!(document.error_count, reader.error_count());
    (document.errors, document.error_count, fatal)
}

#[test]
fn wrong_values_without_end_are_counted_and_are_not_fatal() {
    for (name, file) in wrong() {
        let (errors, count, fatal) = told(&file);
        assert!(errors.iter().all(|error| error.code == ReadCode::Content), "{name}");
        assert_eq!((errors.len(), count, fatal), (1000, MANY as u64, None), "{name}");
    }
}

#[test]
fn a_cut_or_a_wrong_count_is_told_behind_them() {
    for (name, file) in wrong() {
        let (to_se, to_iea) = (file.find("SE*").unwrap(), file.find("IEA*").unwrap());
        let damaged = [
            (file[..to_se].to_owned(), ReadCode::Envelope),
            (file[..to_se - 9].to_owned(), ReadCode::Syntax),
            (file[..to_iea].to_owned(), ReadCode::Envelope),
            (file.replacen("SE*", "SE*9", 1), ReadCode::Count),
            (file.replacen("GE*1*", "GE*2*", 1), ReadCode::Count),
            (file.replacen("IEA*1*", "IEA*4*", 1), ReadCode::Count),
            (file.replacen("GE*1*5", "GE*1*6", 1), ReadCode::Control),
            (file.replacen("SE*", "SX*", 1), ReadCode::Envelope),
            (file.replacen("GE*1*", "REF*A~GE*1*", 1), ReadCode::Order),
            (file.replacen("GE*1*", "\u{1a}~GE*1*", 1), ReadCode::Syntax),
        ];
        for (text, code) in damaged {
            let (errors, count, fatal) = told(&text);
            let fatal = fatal.unwrap_or_else(|| panic!("{name}, {code}: {count} errors"));
            let codes: Vec<ReadCode> =
                errors.iter().filter(|error| error.is_fatal()).map(|error| error.code).collect();
            assert!(codes.contains(&code), "{name}, {code}: {fatal:?}, {codes:?}");
            assert!(errors.len() < 1020 && count > 1000, "{name}, {code}: {}", errors.len());
        }
    }
}

/// Also when the file has so many faults of its envelope that these are told no more.
#[test]
fn the_end_of_a_file_is_always_told() {
    let [(_, file), ..] = wrong();
    let (head, set) = file.split_at(file.find("ST*").unwrap());
    let set = &set[..set.find("SE*").unwrap()];
    let document = Document::read(format!("{head}{}", set.repeat(20)).as_bytes());
    let messages: Vec<&str> = document.errors.iter().map(|e| e.message.as_str()).collect();
    let (open, end) = messages.split_at(messages.len() - 3);
    assert!(end.iter().all(|words| words.starts_with("the file ends")), "{end:?}");
    let starts = open.iter().filter(|words| words.starts_with("the next set starts"));
    assert_eq!(starts.count(), 10);
    assert!(document.error_count > 20_000);
}

fn set(document: &Document) -> Value {
    let document = serde_json::to_value(document).unwrap();
    document["interchanges"][0]["groups"][0]["sets"][0].clone()
}

fn codes(document: &Document) -> Vec<ReadCode> {
    assert!(document.errors.iter().all(|error| !error.is_fatal()), "{:?}", document.errors);
    document.errors.iter().map(|error| error.code).collect()
}

#[test]
fn a_set_with_more_faults_than_are_kept_has_its_verdict() {
    let mut body = vec!["AK1*HC*101*005010X222A1", "AK2*837*0001*005010X222A1"];
    body.extend(vec!["IK3*NM1*22**8"; 1500]);
    body.extend(["IK4*2*1065*7", "CTX*SITUATIONAL", "IK5*R*5", "AK2*837*0002*005010X222A1"]);
    body.extend(["IK5*A", "AK9*P*2*2*1"]);
    let document = Document::read(file("FA", "999", "005010X231A1", &body).as_bytes());
    assert_eq!(codes(&document), [ReadCode::Full], "once");
    let sets = &set(&document)["sets"];
    assert_eq!((&sets[0]["status"], &sets[1]["status"]), (&"R".into(), &"A".into()));
    assert_eq!(sets[0]["error_count"], 1500);
    assert_eq!(sets[0]["errors"].as_array().unwrap().len(), 1000);
    assert_eq!(set(&document)["group"]["status"], "P");
}

#[test]
fn a_claim_with_more_statuses_than_are_kept_is_not_decided() {
    for last in ["STC*A7:562:85*20261010*U*92", "STC*A2:20:PR*20261010*WQ*92"] {
        let mut body = vec!["HL*1**20*1", "HL*2*1*21*1", "HL*3*2*19*1", "HL*4*3*PT"];
        body.push("TRN*2*PS0001001");
        body.extend(vec!["STC*A7:562:85*20261010*U*92"; 1000]);
        body.push(last);
        body.extend(["TRN*2*PS0001002", "STC*A7:562:85*20261010*U*92"]);
        let document = Document::read(file("HN", "277", "005010X214", &body).as_bytes());
        assert_eq!(codes(&document), [ReadCode::Full, ReadCode::Content]);
        assert!(document.errors[1].message.contains("more statuses than are kept"));
        let claims = &set(&document)["claims"];
        assert_eq!(claims[0]["disposition"], "unknown");
        assert_eq!(claims[1]["disposition"], "rejected");
    }
}

#[test]
fn what_of_a_remittance_is_too_much_is_told_as_not_checked() {
    let mut body = vec!["BPR*I*50*C*NON************20261015", "TRN*1*EFT0100*1912345678", "LX*1"];
    body.push("CLP*PS0001001*1*1101*0**MC*ICN1");
    body.extend(vec!["CAS*CO*45*1"; 1101]);
    body.push("CLP*PS0001002*1*50*50**MC*ICN2");
    let document = Document::read(file("HP", "835", "005010X221A1", &body).as_bytes());
    assert_eq!(codes(&document), [ReadCode::Full]);
    let balances = &set(&document)["balances"];
    assert_eq!((&balances["balanced"], &balances["unchecked"]), (&false.into(), &1.into()));
    assert_eq!(balances["difference_count"], 0, "nothing is compared with a part");
    // Adjustments of the provider are each a record, so that all are in the sum.
    let mut body = vec!["BPR*I*0*C*NON************20261015", "TRN*1*EFT0100*1912345678", "LX*1"];
    body.push("CLP*PS0001001*1*1200*1200**MC*ICN1");
    body.extend(vec!["PLB*1234567893*20261231*WO:ICN0*1"; 1200]);
    let document = Document::read(file("HP", "835", "005010X221A1", &body).as_bytes());
    assert_eq!(codes(&document), []);
    assert_eq!(set(&document)["balances"]["balanced"], true);
}

#[test]
fn a_member_with_more_benefits_than_are_kept_is_not_called_inactive() {
    let coverage = |last: &'static str| {
        let mut body = vec!["HL*1**20*1", "HL*2*1*21*1", "HL*3*2*22*0"];
        body.extend(vec!["EB*6**30"; 1000]);
        body.push(last);
        let document = Document::read(file("HB", "271", "005010X279A1", &body).as_bytes());
        assert_eq!(codes(&document), [ReadCode::Full]);
        set(&document)["subjects"][0]["coverage"].clone()
    };
    assert_eq!(coverage("EB*6**30"), "not stated");
    assert_eq!(coverage("EB*1**30"), "not stated");
}

#[test]
fn the_guide_checks_tell_of_the_whole_behind_hundreds_of_parts() {
    let file = good_file();
    let (head, tail) = file.split_at(file.find("SE*").unwrap());
    let wrong = "NTE*ADD~\n".repeat(300);
    let (tail, _) = tail.split_at(tail.find("IEA*").unwrap());
    let summary = read_back(format!("{head}{wrong}{tail}").as_bytes()).unwrap();
    let of = |kind| summary.problems.iter().filter(move |problem| problem.kind == kind);
    assert_eq!(of(ProblemKind::Count).count(), 1, "SE01");
    let last = summary.problems.last().unwrap();
    assert!(last.message.contains("the file ends before its IEA"), "{}", last.message);
    assert!(summary.problem_count > 300 && summary.problems.len() < 210);
}
