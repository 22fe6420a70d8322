//! Every reader: the first byte chooses the kind of set that the rest stands in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use peerclaims::x12::read::Document;

const KINDS: [(&str, &str, &str); 6] = [
    ("HC", "837", "005010X222A1"),
    ("HP", "835", "005010X221A1"),
    ("FA", "999", "005010X231A1"),
    ("HN", "277", "005010X214"),
    ("HB", "271", "005010X279A1"),
    ("HS", "270", "005010X279A1"),
];

fuzz_target!(|data: &[u8]| {
    let _ = Document::read(data);
    let Some((first, rest)) = data.split_first() else { return };
    let (functional, set, version) = KINDS[usize::from(*first) % KINDS.len()];
    let head = format!(
        "ISA*00*          *00*          *ZZ*MCOPAYER01     *ZZ*PEERORG001     *261010*0900*^*00501\
         *000000777*0*T*:~GS*{functional}*MCOPAYER01*PEERORG001*20261010*0900*5*X*{version}~\
         ST*{set}*0001*{version}~"
    );
    let bytes = [head.as_bytes(), rest].concat();
    let document = Document::read(&bytes[..]);
    assert!(document.anything_read() || !document.errors.is_empty());
});
