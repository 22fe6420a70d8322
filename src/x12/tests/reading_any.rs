//! Any file of ours is read as it was meant, and any damage is told.

use proptest::prelude::*;

use crate::domain::codes::{Diagnosis, Modifier};
use crate::domain::identifiers::AuthorizationNumber;
use crate::x12::read::{Document, Event, Reader, Record};

use super::reading::{acknowledgment, eligibility, remittance, status};
use super::samples::{good_file, write};
use super::strategies::batch;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_again((header, claims) in batch()) {
        let (bytes, _) = write(&header, &claims).unwrap();
        let mut found = Vec::new();
        for event in Reader::new(&bytes[..]) {
            match event {
                Event::Record(record) => {
                    if let Record::Claim(claim) = *record {
                        found.push(claim);
                    }
                }
                Event::Error(error) => prop_assert!(false, "{:?}", error),
                _ => {}
            }
        }
        prop_assert_eq!(found.len(), claims.len());
        for (found, claim) in found.iter().zip(&claims) {
            prop_assert_eq!(&found.id, claim.number.as_str());
            prop_assert_eq!(found.charge, Some(claim.charge));
            prop_assert_eq!(found.frequency.as_deref(), Some("1"));
            let number = claim.subscriber.member_number.as_str();
            prop_assert_eq!(found.member.as_deref(), Some(number));
            let codes: Vec<&str> = claim.diagnoses.iter().map(Diagnosis::as_str).collect();
            prop_assert_eq!(&found.diagnoses, &codes);
            let authorization = claim.authorization.as_ref().map(AuthorizationNumber::as_str);
            prop_assert_eq!(found.authorization.as_deref(), authorization);
            prop_assert_eq!(found.lines.len(), claim.lines.len());
            for (found, line) in found.lines.iter().zip(&claim.lines) {
                prop_assert_eq!(found.procedure.as_deref(), Some(line.procedure.as_str()));
                let modifiers: Vec<&str> = line.modifiers.iter().map(Modifier::as_str).collect();
                prop_assert_eq!(&found.modifiers, &modifiers);
                prop_assert_eq!(found.charge, Some(line.charge));
                prop_assert_eq!(found.units, Some(line.units.into()));
                prop_assert_eq!(found.date, Some(line.date));
                let pointers: Vec<u64> = line.pointers.iter().map(|p| (*p).into()).collect();
                prop_assert_eq!(&found.pointers, &pointers);
                prop_assert_eq!(found.control.as_deref(), Some(line.control.as_str()));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_damage_makes_a_reader_panic(
        which in 0..5usize,
        edits in prop::collection::vec((0..4000usize, any::<u8>()), 1..6),
        tail in prop::collection::vec(any::<u8>(), 0..300),
        cut in 0..4000usize,
    ) {
        let files = [good_file(), remittance(), acknowledgment(), status(), eligibility()];
        let mut bytes = files[which].clone().into_bytes();
        for (at, byte) in edits {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        bytes.extend(&tail);
        prop_assert!(serde_json::to_string(&Document::read(&bytes[..])).is_ok());
        bytes.truncate(cut);
        let document = Document::read(&bytes[..]);
        prop_assert!(!document.errors.is_empty() || document.anything_read());
        prop_assert!(!Document::read(&tail[..]).errors.is_empty());
    }
}
