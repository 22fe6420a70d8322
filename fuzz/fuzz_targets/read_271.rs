//! The reader of 271 eligibility answers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use peerclaims::{in_set, read};

fuzz_target!(|data: &[u8]| read(&in_set(data, "HB", "271", "005010X279A1")));
