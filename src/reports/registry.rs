//! The reports there are: names, parameters, columns with their meaning, who may read them.

use serde::Serialize;

pub use super::built::Built;
use super::control::control;
use super::frame::{Answer, Asked, Basis, Column, Table, version};
use super::look::look;
use super::source::Source;
use super::utilization::{self, Perspective};
use super::{job, wave};
use crate::domain::dates::Instant;
use crate::error::AppError;
use crate::store::{self, Conn, StoreError};

type OfVisits = fn(&mut Conn, &Asked, Instant) -> Result<Built, StoreError>;
type OfPeople = fn(&mut Conn, &Asked, Instant, &mut Source) -> Result<Built, StoreError>;

/// How a report is made.
#[derive(Clone, Copy)]
enum Build {
    /// Of what is known of visits, as of any time that has passed.
    Visits(OfVisits),
    /// Of what keeps no past, too: it is written down with each issue.
    People(OfPeople),
    /// By a door of its own.
    Apart,
}

/// What a report is.
#[derive(Serialize)]
pub struct Definition {
    /// Its name, also in the address.
    pub name: &'static str,
    /// Counts changes of what its numbers mean.
    pub version: u32,
    /// What it is for.
    pub purpose: &'static str,
    /// What a row is.
    pub grain: &'static str,
    /// `P1`: people, to their own payer; `P2`: sums, to the payer.
    pub privacy: &'static str,
    /// Who may read it.
    pub editions: &'static [Perspective],
    /// By which dates a period may be read.
    pub bases: &'static [Basis],
    /// Whether its issues can be made again.
    pub rebuildable: bool,
    /// Whether it can be issued.
    pub issuable: bool,
    /// Whether it is given out as an issue only.
    pub issued_only: bool,
    /// Parameters beside from, to, organization, payer, basis, `run_out_days` and format.
    #[serde(skip)]
    pub parameters: &'static [&'static str],
    /// Its columns.
    pub columns: &'static [Column],
    #[serde(skip)]
    build: Build,
}

impl Definition {
    /// Whether it can be made as of a time that has passed.
    pub fn has_past(&self) -> bool {
        self.parameters.contains(&"as_of")
    }

    /// Whether it is made of what keeps no past, so that this is kept with its issues.
    pub fn keeps_source(&self) -> bool {
        self.issuable && !self.has_past()
    }

    /// Whether small counts are hidden: `on` or `off`.
    pub fn suppression(&self) -> &'static str {
        if self.privacy == "P3" { "on" } else { "off" }
    }
}

impl std::fmt::Debug for Definition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Definition").field("name", &self.name).finish_non_exhaustive()
    }
}

const BOTH: &[Perspective] = &[Perspective::Organization, Perspective::Payer];
const OWN: &[Perspective] = &[Perspective::Organization];
/// Remittances are not posted yet: receipt and paid are answered with null and the reason.
const ANY: &[Basis] = &[Basis::Service, Basis::Submission, Basis::Receipt, Basis::Paid];
const SERVICE: &[Basis] = &[Basis::Service];
const BY_SERVICE: &[Basis] = &[Basis::Service, Basis::Receipt, Basis::Paid];

const fn of_visits(
    name: &'static str,
    purpose: &'static str,
    grain: &'static str,
    columns: &'static [Column],
    build: OfVisits,
) -> Definition {
    Definition {
        name,
        version: version(name),
        purpose,
        grain,
        privacy: "P2",
        editions: BOTH,
        bases: ANY,
        rebuildable: true,
        issuable: true,
        issued_only: false,
        parameters: &["as_of"],
        columns,
        build: Build::Visits(build),
    }
}

/// Reports of people, authorizations and enrollments as they stand now: asked for of the present only.
const fn of_people(
    name: &'static str,
    purpose: &'static str,
    grain: &'static str,
    columns: &'static [Column],
    build: OfPeople,
) -> Definition {
    Definition {
        name,
        version: version(name),
        purpose,
        grain,
        privacy: "P1",
        editions: BOTH,
        bases: SERVICE,
        rebuildable: true,
        issuable: true,
        issued_only: false,
        parameters: &[],
        columns,
        build: Build::People(build),
    }
}

/// The lines behind utilization, which are streamed by a door of their own.
pub static LINES: Definition = Definition {
    name: "lines",
    version: 1,
    purpose: "The lines behind utilization, one by one: what stands on claims, and what waits.",
    grain: "claim line, or line of a visit that is on no claim",
    privacy: "P1",
    editions: BOTH,
    bases: SERVICE,
    rebuildable: false,
    issuable: false,
    issued_only: false,
    parameters: &[],
    columns: super::lines::COLUMNS,
    build: Build::Apart,
};

/// Reports with doors of their own.
pub static APART: [&Definition; 1] = [&LINES];

/// All reports of this frame.
pub static REPORTS: &[Definition] = &[
    Definition {
        parameters: &["as_of", "group_by"],
        ..of_visits(
            "utilization",
            "What was delivered, to how many people, and what became of it, at every level.",
            "the groups of group_by, their subtotals, and all together",
            utilization::COLUMNS,
            utilization::build,
        )
    },
    of_visits(
        "delivery",
        "What was delivered: people, contacts, sessions, units and the peers' time, kept apart.",
        "organization and month",
        wave::delivery::COLUMNS,
        wave::delivery::build,
    ),
    of_visits(
        "mix",
        "Which services, modes, settings and group sizes the contacts were.",
        "one value of one cut",
        wave::mix::COLUMNS,
        wave::mix::build,
    ),
    of_visits(
        "dollars",
        "What was charged on released claims, and what the contracts should pay for them.",
        "organization, payer and month",
        wave::dollars::COLUMNS,
        wave::dollars::build,
    ),
    of_visits(
        "timeliness",
        "How many days from the visit to its record, to the first release and to the delivery.",
        "organization and leg",
        wave::timeliness::COLUMNS,
        wave::timeliness::build,
    ),
    of_visits(
        "acceptance",
        "What became of what was sent: in flight, accepted, rejected.",
        "organization and month",
        wave::acceptance::COLUMNS,
        wave::acceptance::build,
    ),
    Definition {
        editions: OWN,
        bases: BY_SERVICE,
        ..of_visits(
            "completeness",
            "How much of what was recorded could be billed, and how much of that was sent.",
            "organization and month",
            wave::completeness::COLUMNS,
            wave::completeness::build,
        )
    },
    Definition {
        editions: OWN,
        bases: BY_SERVICE,
        ..of_visits(
            "held",
            "What waits for a person, by reason, and what is ready and not released.",
            "reason",
            wave::held::COLUMNS,
            wave::held::build,
        )
    },
    of_people(
        "authorizations",
        "How far and how fast authorizations are used, and until when they last.",
        "authorization that touches the period",
        wave::authorizations::COLUMNS,
        wave::authorizations::build,
    ),
    of_people(
        "ending",
        "Members near the end of an authorization: few units left, running out early, ending soon.",
        "authorization near its end",
        wave::authorizations::COLUMNS,
        wave::authorizations::near_end,
    ),
    of_people(
        "pace",
        "Authorizations used slowly, fast or not at all: a prompt for a talk, never a denial.",
        "authorization away from its plan",
        wave::authorizations::COLUMNS,
        wave::authorizations::unplanned,
    ),
    of_people(
        "over_use",
        "Members' months and peers' days out of the ordinary: a prompt for a talk, never a denial.",
        "flag of a member's month or a peer's day, and whom far_above was looked for among",
        wave::over_use::COLUMNS,
        wave::over_use::build,
    ),
    Definition {
        editions: OWN,
        ..of_people(
            "limits",
            "What is left of limits, free units and authorizations on the last day of the period.",
            "member and limit",
            wave::limits::COLUMNS,
            wave::limits::build,
        )
    },
    Definition {
        privacy: "P2",
        ..of_people(
            "engagement",
            "How soon people are seen after enrollment, and whether they still are 30, 60, 90 days on.",
            "organization and month of enrollment",
            wave::engagement::COLUMNS,
            wave::engagement::build,
        )
    },
    Definition {
        bases: SERVICE,
        parameters: &["as_of", "convention"],
        ..of_visits(
            "rates",
            "Users and units per 1,000 member-months of those whom the payer's file says are enrolled.",
            "month",
            wave::rates::COLUMNS,
            wave::rates::build,
        )
    },
    Definition {
        name: "public",
        version: 1,
        purpose: "How many people were served in a quarter, for anybody: small counts are hidden.",
        grain: "one value of one cut of an organization",
        privacy: "P3",
        editions: OWN,
        bases: SERVICE,
        rebuildable: true,
        issuable: true,
        issued_only: true,
        parameters: &[],
        columns: super::public::COLUMNS,
        build: Build::Apart,
    },
    // What moved since an issue is told by the restatement of that issue.
    Definition {
        issuable: false,
        parameters: &["as_of", "since"],
        ..of_visits(
            "movement",
            "What changed in a period between two times: opening, new, corrected, taken back, closing.",
            "step of the movement",
            wave::movement::COLUMNS,
            wave::movement::build,
        )
    },
];

/// The report of this name, as far as the edition may read it.
pub fn find(name: &str, edition: Perspective) -> Result<&'static Definition, AppError> {
    REPORTS
        .iter()
        .find(|def| def.name == name && def.editions.contains(&edition))
        .ok_or_else(|| AppError::not_found("report"))
}

/// Makes a report, in the caller's transaction.
pub fn build(
    conn: &mut Conn,
    definition: &'static Definition,
    asked: Asked,
) -> Result<Answer, AppError> {
    job::given_out(definition)?;
    look(definition, &asked)?;
    let now = store::report_facts::clock(conn)?;
    let as_of = job::passed(&asked, now)?;
    job::not_too_early(conn, &asked)?;
    made(conn, definition, asked, (as_of, &mut Source::live()))
}

/// Makes a report of what `source` reads or keeps.
pub(super) fn made(
    conn: &mut Conn,
    definition: &'static Definition,
    asked: Asked,
    (as_of, source): (Instant, &mut Source),
) -> Result<Answer, AppError> {
    let mut made = match definition.build {
        Build::Visits(build) => build(conn, &asked, as_of)?,
        Build::People(build) => build(conn, &asked, as_of, source)?,
        Build::Apart => return Err(AppError::not_found("report")),
    };
    if matches!(asked.basis, Basis::Receipt | Basis::Paid) {
        made.table = Table::new(definition.columns);
    }
    let control = match made.released {
        Some(released) if asked.as_of.is_none() && asked.basis == Basis::Service => {
            Some(control(conn, &asked, released, made.lines)?.told(made.left_out))
        }
        _ => None,
    };
    let names = names(conn, &asked)?;
    let Built { table, ties, left_out, enrollment, .. } = made;
    Ok(Answer { definition, asked, names, as_of, table, ties, control, left_out, enrollment })
}

pub(super) fn names(
    conn: &mut Conn,
    asked: &Asked,
) -> Result<(Option<String>, Option<String>), StoreError> {
    let lens = asked.lens;
    let organizations = store::report_days::organization_keys(conn)?;
    let payers = store::report_days::payer_keys(conn)?;
    let organization = lens.organization.and_then(|id| organizations.get(&id.as_i64()).cloned());
    let payer = lens.payer.and_then(|id| payers.get(&id.as_i64()).cloned());
    Ok((organization, payer))
}
