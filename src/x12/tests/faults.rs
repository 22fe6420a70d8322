//! Each planted fault is found, and nothing else is said of the file.

use crate::x12::read_back;
use crate::x12::read_back::ProblemKind::{self, *};

use super::samples::good_file;

fn kinds(text: &str) -> Vec<ProblemKind> {
    let summary = read_back(text.as_bytes()).unwrap();
    assert_eq!(summary.problem_count, summary.problems.len() as u64);
    let mut kinds: Vec<_> = summary.problems.iter().map(|p| p.kind).collect();
    kinds.dedup();
    kinds
}

/// Replaces `from`, which the good file has, and expects exactly `wanted`.
fn planted(from: &str, to: &str, wanted: &[ProblemKind]) {
    let good = good_file();
    assert!(good.contains(from), "{from}");
    assert_eq!(kinds(&good.replacen(from, to, 1)), wanted, "{from} -> {to}");
}

#[test]
fn the_good_file_has_none() {
    assert_eq!(kinds(&good_file()), []);
}

#[test]
fn in_the_envelope() {
    planted("SE*70*", "SE*9*", &[Count]);
    planted("GE*1*101", "GE*2*101", &[Count]);
    planted("IEA*1*", "IEA*2*", &[Count]);
    planted("SE*70*0001", "SE*70*0002", &[Control]);
    planted("GE*1*101", "GE*1*102", &[Control]);
    planted("IEA*1*000000101", "IEA*1*000000102", &[Control]);
    planted("IEA*1*000000101", "IEA*1*101", &[Control]);
    planted("*T*:~", "*I*:~", &[Usage]);
    planted("*00501*", "*00401*", &[Version]);
    planted("*X*005010X222A1~\n", "*X*005010X223A2~\n", &[Version]);
    planted("ST*837*0001*005010X222A1", "ST*835*0001*005010X222A1", &[Version]);
    planted("IEA*1*000000101~", "", &[Structure]);
    planted("GE*1*101~\n", "", &[Structure]);
    planted("IEA*1*000000101~", "IEA*1*000000101~REF*F8*1~", &[Structure]);
}

#[test]
fn a_set_number_or_reference_used_twice() {
    let good = good_file();
    let (from, to) = (good.find("ST*837").unwrap(), good.find("GE*").unwrap());
    let set = &good[from..to];
    let again = set.replace("P0HJ2A", "P0HJ2B").replace("BATCH000101", "BATCH000102");
    let both = |second: &str| good.replace("GE*1*", &format!("{second}GE*2*"));
    assert_eq!(kinds(&both(&again.replace("*0001", "*0002"))), []);
    assert_eq!(kinds(&both(&again)), [SetRepeated]);
    let same_reference = again.replace("*0001", "*0002").replace("BATCH000102", "BATCH000101");
    assert_eq!(kinds(&both(&same_reference)), [SetRepeated]);
}

#[test]
fn in_the_hierarchy() {
    planted("HL*3*1*22*0", "HL*4*1*22*0", &[HlOrder]);
    planted("HL*3*1*22*0", "HL*3*2*22*0", &[HlParent]);
    planted("HL*3*1*22*0", "HL*3*1*22*1", &[HlChild]);
    planted("HL*1**20*1", "HL*1**20*0", &[HlChild]);
    planted("HL*1**20*1", "HL*1*1*20*1", &[HlParent]);
    planted("HL*3*1*22*0", "HL*3*1*21*0", &[Structure]);
}

#[test]
fn in_the_claims() {
    planted("CLM*P0HJ2A000000A1*92.5*", "CLM*P0HJ2A000000A1*92.51*", &[Charge]);
    planted("SV1*HC:H0038*64*", "SV1*HC:H0038*64.01*", &[Charge]);
    planted("CLM*P0HJ2A000000A1*92.5*", "CLM*P0HJ2A000000A1*X*", &[Charge]);
    planted("***1:2~", "***1:3~", &[Pointer]);
    planted("***1:2~", "***0~", &[Pointer]);
    planted("***1:2~", "~", &[Pointer]);
    planted("***1:2~", "***1:2:1:2:1~", &[Pointer]);
    planted("LX*2~", "LX*3~", &[Lines]);
    planted("LX*2~\n", "", &[Structure, LineControl, Lines, Count]);
    planted("11:B:1*", "11:B:2*", &[Frequency]);
    planted("11:B:1*", "11:B:7*", &[OriginalReference]);
    planted("11:B:1*Y*A*Y*Y~", "11:B:8*Y*A*Y*Y~REF*F8*77~", &[Count]);
    planted("CLM*P0HJ2A000000A2*", "CLM*P0HJ2A000000A1*", &[ClaimNumber]);
    planted("REF*6R*P0HJ2A000000B1L01", "REF*6R*P0HJ2A000000A1L01", &[LineControl]);
    planted("REF*6R*P0HJ2A000000B1L01~\n", "", &[LineControl, Count]);
}

#[test]
fn in_the_parties() {
    planted(
        "NM1*82*1*OKAFOR*JUNE****XX*1987654328",
        "NM1*82*1*OKAFOR*JUNE****XX*1987654329",
        &[Npi],
    );
    planted("*XX*1234567893", "*XX*2134567893", &[Npi]);
    planted("N4*SPOKANE*WA*992010001", "N4*SPOKANE*WA*99201", &[Zip]);
    planted("N4*SPOKANE*WA*992010001", "N4*SPOKANE*WA*99201-001", &[Zip]);
    planted("N4*SPOKANE*WA*992010001~\n", "", &[Missing, Count]);
}

#[test]
fn problems_say_no_personal_data_and_where_they_are() {
    let text = good_file().replace("1987654328", "1987654329").replace("***1~", "***9~");
    let summary = read_back(text.as_bytes()).unwrap();
    assert!(summary.problem_count > 4);
    for problem in &summary.problems {
        assert!(problem.segment > 1 && problem.byte > 100);
        for secret in ["1987654329", "ALVAREZ", "MCO550", "19850214"] {
            assert!(!problem.message.contains(secret), "{}", problem.message);
        }
    }
}
