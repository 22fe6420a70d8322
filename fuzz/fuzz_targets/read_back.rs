//! The guide checks on arbitrary bytes behind the head of an 837P.
#![no_main]

use libfuzzer_sys::fuzz_target;
use peerclaims::in_set;
use peerclaims::x12::read_back;

fuzz_target!(|data: &[u8]| {
    if let Ok(summary) = read_back(&in_set(data, "HC", "837", "005010X222A1")[..]) {
        assert!(usize::try_from(summary.problem_count).is_ok_and(|n| n >= summary.problems.len()));
    }
});
