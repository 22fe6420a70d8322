//! The reader of 835 remittances.
#![no_main]

use libfuzzer_sys::fuzz_target;
use peerclaims::{in_set, read};

fuzz_target!(|data: &[u8]| read(&in_set(data, "HP", "835", "005010X221A1")));
