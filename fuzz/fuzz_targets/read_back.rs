//! The guide checks on arbitrary bytes behind the head of an 837P.
#![no_main]

use libfuzzer_sys::fuzz_target;
use peerclaims::x12::read_back;

const HEAD: &[u8] = b"ISA*00*          *00*          *ZZ*PEERORG001     *ZZ*MCOPAYER01     *261008*1530*^*00501*000000101*1*T*:~GS*HC*PEERORG001*MCOPAYER01*20261008*1530*101*X*005010X222A1~ST*837*0001*005010X222A1~";

fuzz_target!(|data: &[u8]| {
    let _ = read_back(data);
    let _ = read_back(&[HEAD, data].concat()[..]);
});
