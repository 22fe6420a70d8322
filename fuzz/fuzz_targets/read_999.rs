//! The reader of 999 acknowledgments.
#![no_main]

use libfuzzer_sys::fuzz_target;
use peerclaims::{in_set, read};

fuzz_target!(|data: &[u8]| read(&in_set(data, "FA", "999", "005010X231A1")));
