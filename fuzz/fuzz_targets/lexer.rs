//! The lexer on arbitrary bytes, bare and behind a sound ISA, whole and in pieces of one byte.
#![no_main]

use std::io::Read;

use libfuzzer_sys::fuzz_target;
use peerclaims::ISA;
use peerclaims::x12::Lexer;

/// Gives a byte at a time: segments are found across the borders of reads.
struct Drops<'a>(&'a [u8]);

impl Read for Drops<'_> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let most = room.len().min(1);
        self.0.read(&mut room[..most])
    }
}

fn segments(input: impl Read) -> (Vec<Vec<u8>>, Option<String>) {
    let mut lexer = Lexer::new(input);
    let mut found = Vec::new();
    loop {
        match lexer.next_segment() {
            Ok(Some(segment)) => {
                let elements = segment.element_count();
                let last = segment.element(u8::try_from(elements).unwrap());
                assert!(segment.bytes().ends_with(last));
                let _ = (segment.component(2, 1), segment.amount(2), segment.text(1));
                found.push(segment.bytes().to_vec());
            }
            Ok(None) => return (found, None),
            Err(error) => return (found, Some(error.to_string())),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    for bytes in [data.to_vec(), [ISA.as_bytes(), data].concat()] {
        assert_eq!(segments(&bytes[..]), segments(Drops(&bytes)));
    }
});
