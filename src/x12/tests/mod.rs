//! Tests of the translator as a whole: golden files, properties, planted faults.
//!
//! With `PEERCLAIMS_837P_DIR` set, the files that tests write are also left there, for pyx12
//! (`.ci/check_837p.py`).

mod acks;
mod all_knobs;
mod billing;
mod damage;
mod examples;
mod faults;
mod flips;
mod golden;
mod keys;
mod keys_told;
mod lexing;
mod mutants;
mod properties;
mod public;
mod reading;
mod reading_any;
mod refusals;
mod responding;
mod responding_remits;
mod samples;
mod splitting;
mod strategies;
mod told;
mod variants;
mod variants_claims;
mod variants_lines;
