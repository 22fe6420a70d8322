//! What the writer refuses, and that nothing of it reaches the file.

use std::io::{self, Write};

use crate::domain::claim::{Claim, FileHeader, MAX_CLAIM_LINES};
use crate::domain::contract::{AuthorizationLevel, Delimiters};
use crate::domain::identifiers::Line55;
use crate::domain::money::Money;
use crate::x12::claim_837p::MAX_CLAIMS_PER_SUBSCRIBER;
use crate::x12::writer::SegmentWriter;
use crate::x12::{Writer837p, X12Error, X12Fault, read_back};

use super::samples::{at_line_level, claims, header, leave_for_pyx12, line55, write};

/// Offers a claim that must be refused between sound ones and checks the file is as without it.
fn refused(change: impl Fn(&mut Claim)) -> X12Error {
    let (header, all) = (header(), claims());
    let mut bad = all[1].clone();
    change(&mut bad);
    let mut bytes = Vec::new();
    let mut writer = Writer837p::new(&mut bytes, &header).unwrap();
    let error = writer.claim(&bad).unwrap_err();
    for claim in &all {
        writer.claim(claim).unwrap();
        assert!(writer.claim(&bad).is_err());
    }
    let totals = writer.finish().unwrap();
    assert_eq!((bytes, totals), write(&header, &all).unwrap());
    error
}

#[test]
fn a_claim_that_contradicts_itself() {
    let content = |change: &dyn Fn(&mut Claim)| {
        let error = refused(change);
        assert_eq!(error.fault, X12Fault::Content, "{error}");
        assert!(error.message.contains("P0HJ2A000000A2"), "{error}");
    };
    content(&|c| c.lines.clear());
    content(&|c| c.lines = vec![c.lines[0].clone(); MAX_CLAIM_LINES + 1]);
    content(&|c| c.diagnoses.clear());
    content(&|c| c.diagnoses = vec![c.diagnoses[0].clone(); 13]);
    content(&|c| c.lines[0].pointers = vec![3]);
    content(&|c| c.lines[0].pointers = vec![0]);
    content(&|c| c.lines[0].pointers.clear());
    content(&|c| c.lines[0].pointers = vec![1; 5]);
    content(&|c| c.charge += Money::from_cents(1));
    content(&|c| c.lines[0].units = 0);
    content(&|c| c.lines[0].modifiers = vec![c.lines[0].modifiers[0].clone(); 5]);
    content(&|c| c.lines[0].authorization = c.authorization.clone());
    content(&|c| {
        c.charge = Money::from_cents(-100);
        c.lines[0].charge = c.charge;
    });
    content(&|c| {
        c.charge = Money::from_cents(10_000_000_000);
        c.lines[0].charge = c.charge;
    });
}

#[test]
fn a_value_that_does_not_fit_names_its_loop_and_is_never_cut() {
    let long = |c: &mut Claim| c.subscriber.last_name = line55(&"Æ".repeat(31));
    let error = refused(long);
    assert_eq!((error.fault, error.place.loop_id), (X12Fault::Length, "2010BA"));
    assert!(error.to_string().contains("(NM103) in loop 2010BA"), "{error}");
    assert!(!error.to_string().contains("AE"), "{error}");
    let error = refused(|c| c.subscriber.address.line1 = line55(&"Œ".repeat(28)));
    assert_eq!((error.place.loop_id, error.place.element), ("2010BA", 1));
    let error = refused(|c| c.lines[0].control = "L".repeat(31));
    assert_eq!((error.fault, error.place.loop_id), (X12Fault::Length, "2400"));
    let error = refused(|c| c.lines[0].control.clear());
    assert_eq!(error.fault, X12Fault::Length);
}

#[test]
fn a_delimiter_in_a_name() {
    let mut header = header();
    header.profile.delimiters.segment = '\'';
    let error = write(&header, &claims()).unwrap_err();
    assert_eq!((error.fault, error.place.loop_id), (X12Fault::Character, "2010BA"), "{error}");
    assert!(!error.to_string().to_uppercase().contains("NEIL"));
}

#[test]
fn an_authorization_at_the_wrong_level_is_not_dropped() {
    let mut header = header();
    header.profile.authorization_level = AuthorizationLevel::Line;
    assert!(write(&header, &claims()).is_err());
    assert!(write(&header, &at_line_level(claims())).is_ok());
}

#[test]
fn a_header_that_cannot_be_sent() {
    let refused = |change: &dyn Fn(&mut FileHeader)| {
        let mut header = header();
        change(&mut header);
        write(&header, &claims()).unwrap_err()
    };
    refused(&|h| h.interchange_control = 0);
    refused(&|h| h.group_control = 1_000_000_000);
    refused(&|h| h.profile.max_claims_per_set = 0);
    refused(&|h| h.sender_qualifier = "ZZZ".to_owned());
    refused(&|h| h.batch_reference = "B".repeat(31));
    refused(&|h| h.batch_reference.clear());
    refused(&|h| h.profile.claim_filing_code.clear());
    refused(&|h| h.billing.name = Line55::parse(&"ß".repeat(31)).unwrap());
    assert!(write(&header(), &[]).is_err());
}

#[test]
fn delimiters_are_four_punctuation_characters() {
    for (element, component) in [('*', '*'), ('A', ':'), ('.', ':'), (' ', ':'), ('é', ':')] {
        let delimiters = Delimiters { element, component, ..Delimiters::default() };
        assert!(SegmentWriter::new(Vec::new(), delimiters, false).is_err(), "{element}");
    }
}

#[test]
fn trailing_empty_parts_are_left_out_and_inner_ones_kept() {
    let mut out = SegmentWriter::new(Vec::new(), Delimiters::default(), false).unwrap();
    out.segment("", "AA").code("").text("x", 0..=9).part("").part_text("y", 1..=1).part("").skip(3);
    out.text("", 0..=5).end().unwrap();
    out.segment("", "BB").skip(1).part("").part_number(7).end().unwrap();
    out.segment("", "CC").skip(4).end().unwrap();
    for cents in [0, 5, 50, 100, 101, 12_340, 9_999_999_999] {
        out.segment("", "DD").amount(Money::from_cents(cents)).end().unwrap();
    }
    let text = String::from_utf8(out.finish().unwrap()).unwrap();
    assert_eq!(
        text,
        "AA**X::Y~BB*::7~CC~DD*0~DD*0.05~DD*0.5~DD*1~DD*1.01~DD*123.4~DD*99999999.99~"
    );
}

#[test]
fn one_member_with_many_claims_gets_a_second_level() {
    let model = claims().remove(1);
    let many = (0..=MAX_CLAIMS_PER_SUBSCRIBER).map(|n| {
        let mut claim = model.clone();
        claim.number = format!("P0HJ2A{n:08}").parse().unwrap();
        claim.lines[0].control = claim.number.line(1);
        claim
    });
    let (bytes, totals) = write(&header(), &many.collect::<Vec<_>>()).unwrap();
    leave_for_pyx12("many_claims_of_one_member.837", &bytes);
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert_eq!(text.matches("HL*").count(), 3);
    let summary = read_back(&bytes[..]).unwrap();
    assert_eq!((summary.problems, summary.totals), (vec![], totals));
}

#[test]
fn an_output_that_fails_is_reported() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("disk full"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let header = header();
    let mut writer = Writer837p::new(Full, &header).unwrap();
    writer.claim(&claims()[0]).unwrap();
    assert_eq!(writer.finish().unwrap_err().fault, X12Fault::Io);
}
