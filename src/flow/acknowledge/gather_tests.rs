//! What may be applied of a file with more errors, or more of a record, than are told and kept.

use std::fmt::Write as _;

use super::*;
use crate::x12::read::status_277ca::Disposition;

/// A file of one set.
fn file(functional: &str, set: &str, version: &str, body: &str) -> String {
    let count = body.matches('~').count() + 2;
    format!(
        "ISA*00*          *00*          *ZZ*MCOPAYER01     *ZZ*PEERORG001     *261010*0900*^*00501*\
         000000777*0*T*:~GS*{functional}*MCOPAYER01*PEERORG001*20261010*0900*5*X*{version}~\
         ST*{set}*0001*{version}~{body}SE*{count}*0001~GE*1*5~IEA*1*000000777~"
    )
}

fn words(text: &str) -> Words {
    gather(text.as_bytes(), digests(text.as_bytes()), "whole")
}

/// 61 claims with twenty wrong dates each.
fn status(word: &str) -> String {
    let mut body = "BHT*0085*08*7*20261010*0900*TH~HL*1**20*1~NM1*PR*2*PLAN*****PI*P1~HL*2*1*21*1~\
                    HL*3*2*19*1~HL*4*3*PT~"
        .to_owned();
    for n in 0..61 {
        write!(body, "TRN*2*PS{n:07}~").unwrap();
        body.push_str(&format!("STC*{word}*20261399*~").repeat(20));
    }
    file("HN", "277", "005010X214", &body)
}

#[test]
fn a_cut_or_miscounted_file_is_not_whole_however_many_errors_it_has() {
    let claims = "CLP*PS1*1*0*0**MC*ICN1~SVC*HC:H0038*0*0~DTM*472*20261399~".repeat(1_100);
    let paid = format!("BPR*I*0*C*NON************20261015~TRN*1*E1*1912345678~LX*1~{claims}");
    let paid = file("HP", "835", "005010X221A1", &paid);
    let sets = "AK2*837*0001*005010X222A1~IK5*Q~".repeat(1_100);
    let acked = format!("AK1*HC*101*005010X222A1~{sets}AK9*R*1100*1100*0~");
    let acked = file("FA", "999", "005010X231A1", &acked);
    for sound in [status("A2:20:PR"), status("A7:562:85"), paid, acked] {
        assert_eq!(words(&sound).fault, None, "a wrong value stands for itself");
        let cut = &sound[..sound.find("SE*").unwrap()];
        for (text, why) in [
            (cut.to_owned(), "cut short"),
            (cut[..cut.len() - 9].to_owned(), "cut off"),
            (sound.replacen("SE*", "SE*1", 1), "not whole"),
            (sound.replacen("GE*1*", "GE*2*", 1), "not whole"),
            (sound.replacen("IEA*1*", "IEA*2*", 1), "not whole"),
            (sound.replacen("IEA*1*000000777", "IEA*1*000000778", 1), "not whole"),
        ] {
            let fault = words(&text).fault.unwrap_or_else(|| panic!("{why}: it is applied"));
            assert!(fault.contains(why), "{why}: {fault}");
        }
    }
}

#[test]
fn a_set_with_more_faults_than_are_kept_is_applied() {
    let faults = "IK3*NM1*22**8~".repeat(5_000);
    let body =
        format!("AK1*HC*101*005010X222A1~AK2*837*0001*005010X222A1~{faults}IK5*R*5~AK9*R*1*1*0~");
    let words = words(&file("FA", "999", "005010X231A1", &body));
    assert_eq!(words.fault, None);
    let set = &words.interchanges[0].groups[0].sets[0];
    assert_eq!((set.status.as_deref(), set.error_count), (Some("R"), 5_000));
    assert_eq!(set.errors.len(), 100, "what is told of it is kept");
    let said = said::of_set(set).1;
    assert_eq!((said.len(), said[99].code.as_str()), (100, "IK5:5"));
}

#[test]
fn a_claim_with_more_statuses_than_are_kept_is_unclear() {
    let statuses = "STC*A7:562:85*20261010*U~".repeat(1_001);
    let body = format!("HL*1**20*1~HL*2*1*21*1~HL*3*2*19*1~HL*4*3*PT~TRN*2*PS1~{statuses}");
    let words = words(&file("HN", "277", "005010X214", &body));
    assert_eq!(words.fault, None);
    let claim = &words.interchanges[0].statuses[0].claims[0];
    assert_eq!(claim.disposition, Disposition::Unknown);
}

#[test]
fn what_decides_is_kept_behind_however_many_statuses() {
    let many = "STC*A7:562:85*20261010*U~".repeat(150);
    let body = format!(
        "HL*1**20*1~HL*2*1*21*1~HL*3*2*19*1~HL*4*3*PT~TRN*2*PS1~{many}STC*A3:54*20261010*U~\
         STC*A2:20*20261010*WQ~"
    );
    let words = words(&file("HN", "277", "005010X214", &body));
    let claim = &words.interchanges[0].statuses[0].claims[0];
    assert_eq!((claim.statuses.len(), claim.disposition), (100, Disposition::Mixed));
    let (verdict, said) = said::of_statuses(claim.disposition, &claim.statuses);
    let codes: Vec<&str> = said.iter().take(3).map(|s| s.code.as_str()).collect();
    assert_eq!(verdict, crate::domain::response::Verdict::Mixed);
    assert_eq!(codes, ["A3:54", "A2:20", "A7:562:85"]);
    assert!(said::is_kept_copy(&said));
}

#[test]
fn a_level_of_another_name_is_not_read_on() {
    let sound = status("A7:562:85");
    assert_eq!(words(&sound).fault, None);
    let fault = words(&sound.replace("HL*4*3*PT", "HL*4*3*PAT")).fault.unwrap();
    assert!(fault.contains("HL03"), "{fault}");
}

#[test]
fn a_payment_with_more_adjustments_than_are_kept_says_that_it_was_not_checked() {
    let adjustments = "CAS*CO*45*1~".repeat(1_100);
    let body = format!(
        "BPR*I*0*C*NON************20261015~TRN*1*E1*1912345678~LX*1~\
         CLP*PS1*1*1100*0**MC*ICN1~{adjustments}"
    );
    let words = words(&file("HP", "835", "005010X221A1", &body));
    assert_eq!(words.fault, None);
    let paid = &words.interchanges[0].payments[0];
    assert!(!paid.balanced && paid.differences == 0);
    assert!(paid.difference.as_deref().unwrap().contains("too much to be checked"));
}

#[test]
fn an_interchange_is_the_same_folded_or_not() {
    let plain = status("A2:20:PR");
    for end in ["\n", "\r\n"] {
        let lines: Vec<&str> =
            plain.as_bytes().chunks(80).map(|l| std::str::from_utf8(l).unwrap()).collect();
        let folded = lines.join(end);
        assert_eq!(digests(folded.as_bytes()), digests(plain.as_bytes()));
        assert_eq!(words(&folded).fault, None);
    }
    assert_eq!(digests(plain.as_bytes()).len(), 1);
    assert_ne!(digests(plain.as_bytes()), digests(status("A7:562:85").as_bytes()));
}
