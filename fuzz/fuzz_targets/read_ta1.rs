//! The reader of TA1 interchange acknowledgments, and of the envelope around it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use peerclaims::{ISA, read};

fuzz_target!(|data: &[u8]| {
    if data.starts_with(b"ISA") {
        return read(data);
    }
    read(&[ISA.as_bytes(), b"TA1*", data, b"~IEA*0*000000777~"].concat());
});
