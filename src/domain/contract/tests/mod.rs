//! The reader against good and bad packs and contracts.
