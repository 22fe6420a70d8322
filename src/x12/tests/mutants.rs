//! A fuzzer without tools: sound files of every kind, mutated by a seeded generator, through every
//! reader. Short in every test run; `PEERCLAIMS_FUZZ_SECONDS=3600 cargo test --release mutants` for
//! an hour. What it finds goes into `fixtures/x12/found`, which is always read. `fuzz/` has the same
//! targets for cargo-fuzz.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::x12::read::{Document, Reader};
use crate::x12::{Lexer, read_back};

use super::reading::{acknowledgment, eligibility, remittance, status};
use super::samples::good_file;

const SECONDARY: &str =
    include_str!("../../../fixtures/x12/valid/peer_support_secondary_commercial.837");
/// How long a usual test run looks.
const USUAL: Duration = Duration::from_millis(1500);
/// Pieces that change how a file is read.
const PIECES: &[&str] = &[
    "~",
    "*",
    ":",
    "^",
    "\n",
    "ISA*",
    "~GS*",
    "~ST*837*",
    "~SE*",
    "~HL*3*2*22*0",
    "~CLM*",
    "~LX*1",
    "~SV1*HC:",
    "~SVD*",
    "~CAS*CO*45*",
    "~CLP*",
    "~SVC*",
    "~PLB*",
    "~AK2*",
    "~IK5*R",
    "~STC*",
    "99999999999999999999",
    "-0.001",
    "20260230",
    "\u{feff}",
    "\u{2026}",
    "~~~",
    "\u{1a}",
    "\0ISA*",
];

/// A small generator (xorshift), so that a seed is all that a find needs.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(most.max(1)).unwrap()).unwrap()
    }
}

fn mutate(bytes: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.below(6) {
        let at = dice.below(bytes.len());
        let piece = PIECES[dice.below(PIECES.len())].bytes();
        match dice.below(7) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
            1 if !bytes.is_empty() => bytes[at] = dice.roll().to_le_bytes()[0],
            2 => drop(bytes.splice(at..at, piece)),
            3 => {
                let end = (at + dice.below(40)).min(bytes.len());
                drop(bytes.drain(at..end));
            }
            4 => {
                let end = (at + dice.below(400)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let to = dice.below(bytes.len());
                drop(bytes.splice(to..to, copy));
            }
            5 => bytes.truncate(bytes.len() - dice.below(bytes.len() / 4)),
            _ => {
                let end = (at + piece.len()).min(bytes.len());
                drop(bytes.splice(at..end, piece));
            }
        }
    }
}

/// Every way in; none may panic, and a file that is not read is never passed over in silence.
fn all_ways(bytes: &[u8]) {
    let mut lexer = Lexer::new(bytes);
    let mut last = 0;
    while let Ok(Some(segment)) = lexer.next_segment() {
        assert!(segment.place().segment > last && segment.bytes().len() <= bytes.len());
        last = segment.place().segment;
    }
    if let Ok(summary) = read_back(bytes) {
        assert!(summary.problem_count >= u64::try_from(summary.problems.len()).unwrap());
    }
    assert!(Reader::new(bytes).count() > 0);
    let document = Document::read(bytes);
    assert!(document.anything_read() || !document.errors.is_empty());
    serde_json::to_string(&document).unwrap();
}

#[test]
fn mutants_of_sound_files_never_panic() {
    let seconds = std::env::var("PEERCLAIMS_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok());
    let time = seconds.map_or(USUAL, Duration::from_secs);
    let seed = std::env::var("PEERCLAIMS_FUZZ_SEED").ok().and_then(|s| s.parse().ok());
    let mut seed: u64 = seed.unwrap_or(0x9E37_79B9_7F4A_7C15);
    let sound = [
        good_file(),
        SECONDARY.to_owned(),
        remittance(),
        acknowledgment(),
        status(),
        eligibility(),
    ];
    let start = Instant::now();
    while start.elapsed() < time {
        let mut dice = Dice(seed | 1);
        let mut bytes = sound[dice.below(sound.len())].clone().into_bytes();
        mutate(&mut bytes, &mut dice);
        let found = std::panic::catch_unwind(|| all_ways(&bytes));
        assert!(found.is_ok(), "PEERCLAIMS_FUZZ_SEED={seed} panics; keep the file as a fixture");
        seed = dice.roll();
    }
}

#[test]
fn what_was_found_before_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/x12/found");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        all_ways(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 0);
}
