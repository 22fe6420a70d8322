//! The reader of 837P claims.
#![no_main]

use libfuzzer_sys::fuzz_target;
use peerclaims::{in_set, read};

fuzz_target!(|data: &[u8]| read(&in_set(data, "HC", "837", "005010X222A1")));
