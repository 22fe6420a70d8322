//! The workshop: invents organizations, members and a year of visits of any size, for trying, for
//! showing and for measuring. `peerclaims synth` is its door.
//!
//! Three things hold it together:
//!
//! - **Nothing is kept.** Who somebody is and what happens on a day follow from the seed whenever
//!   they are asked for ([`dice`]), so two million visits take the memory of two thousand.
//! - **The same seed writes the same bytes** on any machine: whole numbers only, no clock, no order
//!   that a hash map decides.
//! - **Each flaw has its answer** ([`flaws`]): the generator knows what the service must say to each
//!   row when every month's file is recorded on the fifth of the next month, and writes it down.

pub mod dice;
pub mod flaws;
mod groups;
mod habits;
mod keep;
mod papers;
mod people;
mod reference;
mod rows;
mod sheet;
mod story;
mod visits;
mod world;
pub mod year;

use std::path::{Path, PathBuf};

pub use flaws::Shares;
use keep::Keep;
pub use people::MOST_ENCOUNTERS;
use people::Population;
pub use rows::Form;
use world::World;
pub use year::Year;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Rows of visits, 1 to [`MOST_ENCOUNTERS`].
    pub encounters: u64,
    /// Another seed is another population.
    pub seed: u64,
    /// The calendar year.
    pub year: Year,
    /// How many organizations; one for each fifteen thousand encounters, and three at least, when
    /// this is not said.
    pub organizations: Option<u64>,
    /// How often things go wrong.
    pub shares: Shares,
    /// How visits are written.
    pub form: Form,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Organizations.
    pub organizations: u64,
    /// Members.
    pub members: u64,
    /// Rows of visits.
    pub encounters: u64,
    /// Rows with a flaw.
    pub flawed: u64,
}

/// Why nothing, or not all, was written.
#[derive(Debug, thiserror::Error)]
pub enum SynthError {
    /// The number of encounters is none that can be made.
    #[error("write a number of encounters from 1 to {MOST_ENCOUNTERS}")]
    Encounters,
    /// There is something in the folder.
    #[error("{0} is not empty; name a folder that is, or one that is not there yet")]
    NotEmpty(PathBuf),
    /// A file cannot be written.
    #[error("cannot write {path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// Writing stopped.
    #[error("cannot write: {0}")]
    Io(#[from] std::io::Error),
    /// Writing a table stopped.
    #[error("cannot write a table: {0}")]
    Csv(#[from] csv::Error),
    /// What the program carries is broken.
    #[error("the invented world cannot be read: {0}")]
    World(String),
}

impl SynthError {
    fn file(path: &Path, cause: &std::io::Error) -> Self {
        Self::File { path: path.to_owned(), cause: cause.to_string() }
    }
}

/// Writes the folder: reference data, the files of visits, and what is wrong with which.
pub fn write(wanted: &Wanted, folder: &Path) -> Result<Written, SynthError> {
    let (population, keep) = prepared(wanted)?;
    prepare(folder)?;
    reference::write(&population, folder)?;
    let flawed = story::write(&population, keep, wanted, folder)?;
    Ok(Written {
        organizations: population.organizations,
        members: population.members,
        encounters: wanted.encounters,
        flawed,
    })
}

/// The population, and which of its meetings take place.
fn prepared(wanted: &Wanted) -> Result<(Population, Keep), SynthError> {
    if !(1..=MOST_ENCOUNTERS).contains(&wanted.encounters) {
        return Err(SynthError::Encounters);
    }
    let Wanted { encounters, seed, year, organizations, shares, form: _ } = wanted.clone();
    let world = World::carried()?;
    let mut population =
        Population::for_encounters(world, seed, year, shares, encounters, organizations);
    loop {
        if let Some(keep) = Keep::exactly(&population, encounters) {
            return Ok((population, keep));
        }
        // A small population may come too rarely by chance: then it has some members more.
        population.members += population.members / 8 + 1;
    }
}

/// Makes the folder and those in it; a folder with something in it is refused.
fn prepare(folder: &Path) -> Result<(), SynthError> {
    for path in [folder.to_owned(), folder.join("packs"), folder.join("contracts")] {
        std::fs::create_dir_all(&path).map_err(|e| SynthError::file(&path, &e))?;
        let mut inside = std::fs::read_dir(&path).map_err(|e| SynthError::file(&path, &e))?;
        if inside.next().is_some() {
            return Err(SynthError::NotEmpty(path));
        }
    }
    Ok(())
}
