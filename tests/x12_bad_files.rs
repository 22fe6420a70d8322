//! Bad X12 files at the terminal: `peerclaims x12 show` and `x12 check` say what is wrong in words,
//! give JSON that can be read, and end with 0 or 1, never with a panic.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const ORIGINAL: &str = include_str!("../fixtures/x12/valid/peer_support_original.837");
const TWO_SETS: &str = include_str!("../fixtures/x12/valid/peer_support_batch_two_sets.837");
const REMITTANCE: &str = include_str!("../fixtures/x12/answers/remittance.835");

/// What the program said of a file.
struct Said {
    code: i32,
    out: String,
    err: String,
}

fn run(arguments: &[&str], bytes: &[u8]) -> Said {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file.flush().unwrap();
    run_path(arguments, file.path())
}

fn run_path(arguments: &[&str], path: &Path) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peerclaims"));
    let Output { status, stdout, stderr } =
        command.arg("x12").args(arguments).arg(path).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let said = Said { code: status.code().unwrap(), out: text(stdout), err: text(stderr) };
    assert!(matches!(said.code, 0 | 1), "{}", said.err);
    said
}

/// The errors of a file as JSON, and the exit code.
fn errors(bytes: &[u8]) -> (Vec<Value>, i32) {
    let said = run(&["show", "--json"], bytes);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    let errors = document["errors"].as_array().unwrap().clone();
    assert_eq!(document["error_count"].as_u64().unwrap() >= 1, !errors.is_empty());
    (errors, said.code)
}

fn codes(errors: &[Value]) -> Vec<&str> {
    errors.iter().map(|error| error["code"].as_str().unwrap()).collect()
}

#[test]
fn a_file_that_is_cut_off_says_so_wherever_it_ends() {
    let cuts = [0, 1, 3, 50, 105, 106, 107, 150, 200, 300, 700, 1000, ORIGINAL.len() - 12];
    for cut in cuts {
        let (found, code) = errors(&ORIGINAL.as_bytes()[..cut]);
        let words = found.iter().map(|error| error["message"].as_str().unwrap());
        let told = ["cut off", "something is missing", "empty", "not X12"];
        assert!(words.clone().any(|w| told.iter().any(|t| w.contains(t))), "{cut}: {found:#?}");
        assert_eq!(code, 1, "{cut}");
        let said = run(&["show"], &ORIGINAL.as_bytes()[..cut]);
        // From the first set on there is something to show.
        let why = if cut < 200 { "can be read" } else { "is not whole" };
        assert!(said.code == 1 && said.err.contains(why), "{cut}: {}", said.err);
        assert!(
            said.out.contains("\nErrors: ") || said.out.starts_with("Errors: "),
            "{}",
            said.out
        );
        assert_eq!(run(&["check"], &ORIGINAL.as_bytes()[..cut]).code, 1, "{cut}");
    }
}

#[test]
fn wrong_counts_and_control_numbers_are_named_with_their_place() {
    for (file, from, to, code, segment, element) in [
        (ORIGINAL, "SE*40*0001", "SE*41*0001", "count", "SE", 1),
        (ORIGINAL, "GE*1*101", "GE*7*101", "count", "GE", 1),
        (ORIGINAL, "IEA*1*", "IEA*2*", "count", "IEA", 1),
        (ORIGINAL, "SE*40*0001", "SE*40*0002", "control", "SE", 2),
        (ORIGINAL, "GE*1*101", "GE*1*102", "control", "GE", 2),
        (ORIGINAL, "IEA*1*000000101", "IEA*1*000000102", "control", "IEA", 2),
        // A number that was there before in the group.
        (TWO_SETS, "ST*837*0002", "ST*837*0001", "control", "ST", 2),
    ] {
        assert!(file.contains(from), "{from}");
        let (found, exit) = errors(file.replace(from, to).as_bytes());
        let error = &found[0];
        let place = (&error["code"], &error["segment"], &error["element"]);
        assert_eq!(place, (&code.into(), &segment.into(), &element.into()), "{to}");
        assert_eq!(exit, 1, "what is sound is shown, and the file is not");
        let check = run(&["check"], file.replace(from, to).as_bytes());
        assert!(check.code == 1 && check.err.contains("problems by the guide"), "{}", check.err);
    }
}

#[test]
fn a_name_that_is_no_text_is_shown_with_marks() {
    for (file, name) in [(ORIGINAL, "ALVAREZ"), (REMITTANCE, "RIVER BEND")] {
        let (before, after) = file.split_once(name).unwrap();
        let bytes = [before.as_bytes(), b"PE\xD1A\xFF", after.as_bytes()].concat();
        let (found, code) = errors(&bytes);
        // A name that nothing asks for is passed over, a name that is shown is told.
        let told = codes(&found);
        assert!(told.is_empty() || told == ["character"], "{found:#?}");
        assert_eq!(code, 0);
    }
    let (before, after) = REMITTANCE.split_once("RIVER BEND").unwrap();
    let bytes = [before.as_bytes(), b"PE\xD1A", after.as_bytes()].concat();
    let said = run(&["show", "--json"], &bytes);
    assert!(said.out.contains("PE\u{FFFD}A"), "{}", said.out);
    let check = run(&["check"], &ORIGINAL.replace("ALVAREZ", "\u{1}").into_bytes());
    assert_eq!(check.code, 1, "{}", check.out);
}

#[test]
fn an_old_version_is_refused_by_name_with_what_to_ask_for() {
    let old = ORIGINAL.replace("005010X222A1", "004010X098A1");
    let (found, code) = errors(old.as_bytes());
    assert_eq!((codes(&found), code), (vec!["version"], 1));
    let words = found[0]["message"].as_str().unwrap();
    assert!(words.contains("004010X098A1") && words.contains("ask the sender for version 5010"));
    assert!(run(&["show"], old.as_bytes()).err.contains("can be read"));
    assert_eq!(run(&["check"], old.as_bytes()).code, 1);
}

/// A remittance with more wrong dates than are told; `change` damages the rest of it.
fn many_wrong_dates(change: impl Fn(&str) -> String) -> Said {
    let claim = "CLP*PS1*1*0*0**MC*ICN1~\nSVC*HC:H0038*0*0~\nDTM*472*20261399~\n";
    let claims = claim.repeat(1_100);
    let (head, tail) = REMITTANCE.split_once("PLB*").unwrap();
    let (before, count) = tail.split_once("\nSE*").unwrap();
    let (count, rest) = count.split_once('*').unwrap();
    let count: usize = count.parse().unwrap();
    let text = format!("{head}{claims}PLB*{before}\nSE*{}*{rest}", count + 3 * 1_100);
    run(&["show"], change(&text).as_bytes())
}

#[test]
fn what_a_file_lacks_is_told_behind_a_thousand_wrong_dates() {
    let whole = many_wrong_dates(str::to_owned);
    assert_eq!(whole.code, 0, "{}", whole.err);
    assert!(whole.out.contains("\n  and 100 more, which are counted only"), "{}", whole.out);
    let cut = many_wrong_dates(|text| text[..text.rfind("\nSE*").unwrap()].to_owned());
    assert!(cut.code == 1 && cut.err.contains("is not whole: the file ends"), "{}", cut.err);
    assert!(cut.out.contains("the file ends before the set's SE"), "{}", cut.out);
    let counted = many_wrong_dates(|text| text.replacen("\nSE*", "\nSE*1", 1));
    assert!(counted.code == 1 && counted.err.contains("the count must be"), "{}", counted.err);
}

#[test]
fn a_folded_file_is_read_and_told_so() {
    let fold = |text: &str| {
        let plain = text.replace('\n', "");
        let lines: Vec<&[u8]> = plain.as_bytes().chunks(80).collect();
        lines.join(&b"\r\n"[..])
    };
    let (found, code) = errors(&fold(REMITTANCE));
    assert_eq!((codes(&found), code), (vec!["folded"], 0));
    let check = run(&["check"], &fold(ORIGINAL));
    assert!(check.code == 1 && check.out.contains("structure: byte 0: the file is folded"));
}

/// Half a million empty segments between two sound ones; ten million take as long as one expects
/// of them (`docs/x12-companion.md`).
#[test]
fn empty_segments_without_end_are_told_and_counted() {
    let (head, tail) = ORIGINAL.split_at(106);
    let many = 500_000;
    let file = format!("{head}{}{tail}", "~".repeat(many));
    let said = run(&["show", "--json"], file.as_bytes());
    let document: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(document["errors"].as_array().unwrap().len(), 1000);
    // A hundred of them are passed over.
    assert_eq!(document["error_count"].as_u64().unwrap(), u64::try_from(many).unwrap() - 100);
    let message = document["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("the segment is empty"), "{message}");
    assert_eq!(document["interchanges"][0]["groups"][0]["sets"][0]["totals"]["claims"], 1);
    let check = run(&["check"], file.as_bytes());
    assert!(check.code == 1 && check.err.contains("cannot be read as X12"), "{}", check.err);
}

#[test]
fn what_is_no_file_of_x12_is_said_to_be_none() {
    let zip = b"PK\x03\x04\x14\x00\x00\x00\x08\x00";
    for bytes in [&zip[..], b"", b"\n\n", b"{\"a\":1}", b"UNA:+.? 'UNB+UNOA:1", &[0; 4096]] {
        let (found, code) = errors(bytes);
        assert_eq!((found.len(), code), (1, 1), "{found:#?}");
        assert_eq!(run(&["check"], bytes).code, 1);
    }
    let (found, _) = errors(b"\x1f\x8b\x08\0\0\0\0\0");
    assert!(found[0]["message"].as_str().unwrap().contains("gzip file: unpack it"), "{found:#?}");
    let gone = run_path(&["show"], Path::new("/nowhere/at/all.835"));
    assert!(gone.code == 1 && gone.err.contains("cannot open"), "{}", gone.err);
    let folder = run_path(&["show"], Path::new(env!("CARGO_MANIFEST_DIR")));
    assert_eq!(folder.code, 1, "{}", folder.err);
}
