//! Every byte of small files, flipped: no reader panics, none is silent about a file of which it
//! reads nothing.

use crate::x12::read::{Document, Reader};
use crate::x12::read_back;

use super::reading::{acknowledgment, eligibility, remittance, status};

const CLAIM: &str =
    include_str!("../../../fixtures/x12/valid/peer_support_secondary_commercial.837");
const TA1: &str = "ISA*00*          *00*          *ZZ*MCOPAYER01     *ZZ*PEERORG001     \
                   *261010*0900*^*00501*000000777*0*T*:~TA1*000000101*261008*1530*A*000~\
                   IEA*0*000000777~";
/// What a byte becomes beside each of its bits flipped: the delimiters, an end of line, a byte
/// outside of ASCII.
const OTHERS: &[u8] = b"~*:\n\xC3";

/// Reads by every way in.
fn read(bytes: &[u8]) {
    let _ = read_back(bytes);
    let events = Reader::new(bytes).count();
    assert!(events > 0);
}

fn flip_all(file: &str) {
    let mut bytes = file.as_bytes().to_vec();
    for at in 0..bytes.len() {
        let old = bytes[at];
        let flipped = (0..8).map(|bit| old ^ (1 << bit)).chain(OTHERS.iter().copied());
        for new in flipped.collect::<Vec<u8>>() {
            bytes[at] = new;
            read(&bytes);
        }
        bytes[at] = old;
        // And cut off here.
        read(&bytes[..at]);
    }
    let document = Document::read(&bytes[..]);
    assert!(document.anything_read());
}

#[test]
fn in_claims() {
    flip_all(CLAIM);
}

#[test]
fn in_a_remittance() {
    flip_all(&remittance());
}

#[test]
fn in_an_acknowledgment() {
    flip_all(&acknowledgment());
}

#[test]
fn in_a_claim_status() {
    flip_all(&status());
}

#[test]
fn in_an_eligibility_answer() {
    flip_all(&eligibility());
}

#[test]
fn in_an_interchange_acknowledgment() {
    flip_all(TA1);
}
