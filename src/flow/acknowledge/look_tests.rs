//! A file that grows while it is received.

use std::io::{self, Read, Seek, SeekFrom};

use super::{Incoming, look};
use crate::domain::response::Channel;

/// Ends nowhere, but said once where its end was.
struct Grows {
    end: u64,
    read: u64,
}

impl Read for Grows {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.read += into.len() as u64;
        assert!(self.read < 100 * self.end, "it is read without end");
        into.fill(b'~');
        Ok(into.len())
    }
}

impl Seek for Grows {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        Ok(if let SeekFrom::End(_) = to { self.end } else { 0 })
    }
}

#[test]
fn a_file_that_grows_is_read_to_the_end_that_it_had() {
    let bytes = Grows { end: 100_000, read: 0 };
    let incoming =
        Incoming { name: "x".to_owned(), bytes, channel: Channel::Command, archive: None };
    let (incoming, looked) = look(incoming).unwrap();
    assert_eq!(looked.size, 100_000);
    // Three times: for its hash, for those of its interchanges, and for what it says.
    assert!(incoming.bytes.read <= 3 * (100_000 + 64 * 1024), "{}", incoming.bytes.read);
}
