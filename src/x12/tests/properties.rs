//! What holds of every file.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use crate::domain::money::Money;
use crate::x12::{Lexer, read_back};

use super::samples::{good_file, leave_for_pyx12, write};
use super::strategies::batch;

/// Files left for pyx12, which takes a fifth of a second for each.
const MOST_LEFT: usize = 40;
static LEFT: AtomicUsize = AtomicUsize::new(0);

/// Reads to the end or the first fault.
fn exhaust(bytes: &[u8]) {
    let mut lexer = Lexer::new(bytes);
    let mut last = 0;
    while let Ok(Some(segment)) = lexer.next_segment() {
        assert!(segment.place().segment > last);
        last = segment.place().segment;
        for element in 0..=100 {
            let _ = (segment.element(element), segment.component(element, 2));
            let _ = (segment.number(element), segment.amount(element));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_written_reads_back_without_a_problem((header, claims) in batch()) {
        let (bytes, totals) = write(&header, &claims).unwrap();
        let summary = read_back(&bytes[..]).unwrap();
        prop_assert_eq!(&summary.problems, &vec![]);
        prop_assert_eq!(summary.totals, totals);
        prop_assert_eq!(summary.interchange_control, u64::from(header.interchange_control));
        prop_assert_eq!(summary.group_control, u64::from(header.group_control));
        prop_assert_eq!(totals.claims, claims.len() as u64);
        prop_assert_eq!(totals.lines, claims.iter().map(|c| c.lines.len() as u64).sum::<u64>());
        prop_assert_eq!(totals.charge, claims.iter().map(|c| c.charge).sum::<Money>());
        prop_assert_eq!(totals.bytes, bytes.len() as u64);
        prop_assert!(bytes.is_ascii() && !bytes.iter().any(u8::is_ascii_lowercase));
        let number = LEFT.fetch_add(1, Ordering::Relaxed);
        if number < MOST_LEFT {
            leave_for_pyx12(&format!("property-{number:02}.837"), &bytes);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        exhaust(&bytes);
        let mut framed = good_file().into_bytes()[..106].to_vec();
        framed.extend(bytes);
        exhaust(&framed);
        let _ = read_back(&framed[..]);
    }

    #[test]
    fn a_damaged_file_never_panics(at in 0..2000usize, byte in any::<u8>(), cut in 0..3000usize) {
        let mut bytes = good_file().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        exhaust(&bytes);
        let _ = read_back(&bytes[..]);
        bytes.truncate(cut);
        exhaust(&bytes);
        let _ = read_back(&bytes[..]);
    }
}
