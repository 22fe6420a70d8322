//! The rooms under test, and the envelopes in which the targets put what the fuzzer makes.
#![allow(missing_docs, dead_code)]

#[path = "../src/domain/mod.rs"]
pub mod domain;
#[path = "../src/x12/mod.rs"]
pub mod x12;

/// An ISA with the usual delimiters.
pub const ISA: &str = "ISA*00*          *00*          *ZZ*MCOPAYER01     *ZZ*PEERORG001     \
                       *261010*0900*^*00501*000000777*0*T*:~";

/// A file as it is when it starts with an ISA, so that whole files are good seeds; else what may
/// stand in a set, behind the head of one.
pub fn in_set(data: &[u8], functional: &str, set: &str, version: &str) -> Vec<u8> {
    if data.starts_with(b"ISA") {
        return data.to_vec();
    }
    let head = format!(
        "{ISA}GS*{functional}*MCOPAYER01*PEERORG001*20261010*0900*5*X*{version}~\
         ST*{set}*0001*{version}~"
    );
    [head.as_bytes(), data].concat()
}

/// Reads a file in both ways. Nothing is passed over in silence, errors are counted, and what is
/// shown can be written down.
pub fn read(bytes: &[u8]) {
    let mut reader = x12::read::Reader::new(bytes);
    let told = reader.by_ref().filter(|e| matches!(e, x12::read::Event::Error(_))).count();
    assert!(u64::try_from(told).is_ok_and(|told| told <= reader.error_count()));
    let document = x12::read::Document::read(bytes);
    assert!(document.anything_read() || !document.errors.is_empty());
    serde_json::to_string(&document).unwrap();
}
