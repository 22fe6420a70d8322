//! The loading dock: what comes and goes as files, without anybody at the door.

pub mod folder;
