//! The lexer on arbitrary bytes, bare and behind a sound ISA.
#![no_main]

use libfuzzer_sys::fuzz_target;
use peerclaims::x12::Lexer;

const ISA: &[u8] = b"ISA*00*          *00*          *ZZ*PEERORG001     *ZZ*MCOPAYER01     *261008*1530*^*00501*000000101*1*T*:~";

fuzz_target!(|data: &[u8]| {
    for bytes in [data.to_vec(), [ISA, data].concat()] {
        let mut lexer = Lexer::new(&bytes[..]);
        while let Ok(Some(segment)) = lexer.next_segment() {
            let _ = (segment.element(1), segment.component(2, 1), segment.amount(2));
        }
    }
});
