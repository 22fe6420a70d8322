//! The reader of 277CA claim acknowledgments.
#![no_main]

use libfuzzer_sys::fuzz_target;
use peerclaims::{in_set, read};

fuzz_target!(|data: &[u8]| read(&in_set(data, "HN", "277", "005010X214")));
