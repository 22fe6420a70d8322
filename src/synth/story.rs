//! The year as it is sent: a file of visits for each organization and month, what is wrong with
//! which row, and how all of it is brought in.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::keep::Keep;
use super::people::{Organization, Population};
use super::rows::Form;
use super::sheet::create;
use super::visits::Visit;
use super::{SynthError, Wanted};

/// The table of flaws.
const FLAWS: &str = "flaws.csv";
const FLAW_COLUMNS: &str = "organization,file,line,reference,flaw,answer,rule";

/// Writes all visits; the number of rows with a flaw.
pub fn write(
    population: &Population,
    keep: Keep,
    wanted: &Wanted,
    folder: &Path,
) -> Result<u64, SynthError> {
    let mut flaws = create(&folder.join(FLAWS))?;
    writeln!(flaws, "{FLAW_COLUMNS}")?;
    let mut flawed = 0;
    for organization in population.organizations() {
        let key = organization.key();
        let own = folder.join("encounters").join(&key);
        std::fs::create_dir_all(&own).map_err(|e| SynthError::file(&own, &e))?;
        let mut sender =
            Sender { organization, key, folder: own, form: wanted.form, sent: 0, flawed: 0 };
        for month in 1..=12 {
            sender.month(population, keep, month, &mut flaws)?;
        }
        flawed += sender.flawed;
    }
    flaws.flush()?;
    let mut manual = create(&folder.join("import.sh"))?;
    manual.write_all(IMPORT.as_bytes())?;
    manual.flush()?;
    let mut readme = create(&folder.join("README.md"))?;
    readme.write_all(readme_text(population, wanted).as_bytes())?;
    readme.flush()?;
    Ok(flawed)
}

/// An organization that sends its visits.
struct Sender<'a> {
    organization: Organization<'a>,
    key: String,
    folder: PathBuf,
    form: Form,
    /// Rows sent so far, which are also the numbers of its references.
    sent: u64,
    flawed: u64,
}

/// A month's file.
struct MonthFile {
    name: String,
    out: BufWriter<File>,
    lines: u64,
}

impl Sender<'_> {
    /// Sends the visits of a month: its days, then what was found late.
    fn month(
        &mut self,
        population: &Population,
        keep: Keep,
        month: u32,
        flaws: &mut impl Write,
    ) -> Result<(), SynthError> {
        let year = population.year;
        let name = format!("{}-{month:02}.{}", year.number(), self.form.ending());
        let mut out = create(&self.folder.join(&name))?;
        let lines = self.form.head(&mut out)?;
        let mut file = MonthFile { name, out, lines };
        let organization = self.organization;
        for day in year.days_of(month) {
            for peer in population.peers(organization) {
                for visit in population.visits(keep, peer, day) {
                    if visit.sent_in == month {
                        self.send(&mut file, &visit, flaws)?;
                    }
                }
            }
        }
        let earlier = year.days().take_while(|day| *day < year.date(month, 1));
        for day in earlier {
            for peer in population.peers(organization) {
                // Asked first, because most days were sent long ago.
                if population.late(&peer, day) != Some(month) {
                    continue;
                }
                for visit in population.visits(keep, peer, day) {
                    if visit.sent_in == month {
                        self.send(&mut file, &visit, flaws)?;
                    }
                }
            }
        }
        Ok(file.out.flush()?)
    }

    fn send(
        &mut self,
        file: &mut MonthFile,
        visit: &Visit,
        flaws: &mut impl Write,
    ) -> Result<(), SynthError> {
        self.sent += 1;
        file.lines += 1;
        let reference = format!("{}-{:05}", self.organization.prefix(), self.sent);
        self.form.row(&mut file.out, visit, &reference, &visit.member.peer.npi())?;
        let Some((flaw, answer)) = visit.flaw else { return Ok(()) };
        self.flawed += 1;
        let (key, name, line) = (&self.key, &file.name, file.lines);
        let (answer, rule) = (answer.as_str(), flaw.rule());
        writeln!(flaws, "{key},{name},{line},{reference},{},{answer},{rule}", flaw.name())?;
        Ok(())
    }
}

/// Brings the folder in, as a person would.
const IMPORT: &str = r#"#!/bin/sh
# Brings all of it into the database that the settings name (run `peerclaims migrate` before).
# PEERCLAIMS names the program when it is not on the path.
set -eu
cd "$(dirname "$0")"
run=${PEERCLAIMS:-peerclaims}
for kind in payers organizations locations; do "$run" import $kind $kind.csv; done
for file in packs/*.toml; do "$run" import packs "$file"; done
for file in contracts/*.toml; do "$run" import contracts "$file"; done
for kind in peers certificates members coverages authorizations episodes; do
    for file in $kind.csv $kind-*.csv; do
        [ ! -f "$file" ] || "$run" import $kind "$file"
    done
done
# Rows stand for themselves: a file with refused ones keeps no other file back.
refused=0
for folder in encounters/*; do
    for file in "$folder"/*; do
        "$run" import encounters "$file" --organization "$(basename "$folder")" || refused=1
    done
done
if [ "$refused" = 1 ]; then
    echo "Not all visits are in: what was refused, and why, is told above." >&2
    exit 1
fi
"#;

fn readme_text(population: &Population, wanted: &Wanted) -> String {
    format!(
        "# An invented year\n\n\
         {} encounters of {} members at {} organizations in {}, seed {}. Nobody in here exists.\n\n\
         `sh import.sh` brings all of it in, in an order that works. The reference data is in the \
         columns of docs/import.md, the visits of each organization and month in those of the bulk \
         upload. Visits that lie in the future are refused: `import.sh` then brings in all others, \
         says so, and ends with 1. Run it again later: what is recorded already stays as it is.\n\n\
         `flaws.csv` lists the visits that are not sound, and what the service answers to each \
         when every month's file is recorded on the fifth of the next month (recorded later, \
         visits are too late to file as well). A visit that is not listed is ready.\n",
        wanted.encounters,
        population.members,
        population.organizations,
        population.year.number(),
        wanted.seed,
    )
}
