//! A whole file of which nothing is known.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| peerclaims::read(data));
