//! A report that is made in the background: asked for once, made by whichever process takes it, kept for
//! some days. A process that makes it holds it by a lease; when the lease has passed another one takes it,
//! and begins anew (`docs/adr/0120`).

use super::super::dates::Instant;
use super::super::ids::{OrganizationId, PayerId, ReportJobId};
use super::super::text::code_list;
use super::issue::Shelf;

/// Jobs of one shelf (an organization's, a payer's, the service's) that wait or run at once. A person looks
/// at one report at a time; four leave room for a program that asks for all of a month's.
pub const MOST_OPEN: usize = 4;
/// Jobs of one shelf that are kept, whatever became of them. The largest file is some gigabytes; twenty of
/// them fill no disk that holds the ten million lines they are made of.
pub const MOST_KEPT: usize = 20;
/// Jobs that run at once, over all processes: each reads for minutes on a connection of its own, and a
/// database that has eight for each process keeps more than half of them for everybody else.
pub const AT_ONCE: usize = 3;
/// How often a job is begun when its process ends or the database is too busy each time: what ends the
/// process three times would end it for ever.
pub const MOST_TRIES: i32 = 3;

code_list!(
    /// How far a job is.
    JobState, "a state of a job" {
        /// Nobody has taken it yet.
        Waiting = "waiting",
        /// A process makes it.
        Running = "running",
        /// It is made.
        Done = "done",
        /// It cannot be made.
        Failed = "failed",
        /// Somebody stopped it.
        Cancelled = "cancelled",
    }
);

impl JobState {
    /// Whether nothing more will happen to it.
    pub const fn ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

code_list!(
    /// What is being done for a job. Each part counts for itself.
    Part, "a part of a job" {
        /// Days that changed are read again.
        Refresh = "refresh",
        /// What is known of the days of the period is read.
        Read = "read",
        /// The file is written.
        Write = "write",
    }
);

impl Part {
    /// What is counted.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Refresh | Self::Read => "days",
            Self::Write => "rows",
        }
    }
}

/// How far a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Which part.
    pub part: Part,
    /// How many are done.
    pub done: u64,
    /// Of how many, where that is known.
    pub of: Option<u64>,
}

/// What a job came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Bytes of the file.
    pub size: u64,
    /// SHA-256 of them in hex.
    pub sha256: String,
    /// When it was begun to be read, by the calendar of the work.
    pub known_at: Instant,
    /// As of when the report is; none of those that were made before it was kept.
    pub as_of: Option<Instant>,
    /// Of a payer's: how often what it may be told had become less, as far as the file knows of it.
    pub narrowings: i64,
}

/// Why a job failed: an error code with its sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The public code.
    pub code: String,
    /// The sentence.
    pub detail: String,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: ReportJobId,
    /// About one organization, or all.
    pub organization: Option<OrganizationId>,
    /// About one payer, or all.
    pub payer: Option<PayerId>,
    /// For whom: `organization` or `payer`.
    pub edition: String,
    /// The report's name.
    pub report: String,
    /// What was asked, as JSON.
    pub question: String,
    /// How far it is.
    pub state: JobState,
    /// Counts who took it.
    pub attempt: i32,
    /// How often it was begun and not brought to an end in order.
    pub tries: i32,
    /// Until when who took it holds it.
    pub lease: Option<Instant>,
    /// How far the present part is.
    pub progress: Option<Progress>,
    /// When it was asked for.
    pub made_at: Instant,
    /// When it was last taken.
    pub started_at: Option<Instant>,
    /// When it ended.
    pub finished_at: Option<Instant>,
    /// What it came to.
    pub made: Option<Made>,
    /// Why it failed.
    pub failure: Option<Failure>,
}

impl Job {
    /// Where it is kept: who sees it, and with which others it is counted.
    pub fn shelf(&self) -> Shelf {
        match (self.edition.as_str(), self.organization, self.payer) {
            ("payer", _, Some(payer)) => Shelf::Payer(payer),
            ("organization", Some(organization), _) => Shelf::Organization(organization),
            _ => Shelf::All,
        }
    }

    /// Whose it is in the audit trail: a payer's is no organization's.
    pub fn owner(&self) -> Option<OrganizationId> {
        self.organization.filter(|_| self.edition == "organization")
    }

    fn held(&self, now: Instant) -> bool {
        self.state == JobState::Running && self.lease.is_some_and(|until| until > now)
    }
}

/// Which of the open jobs, oldest first, is taken next. Each shelf has one running, so that nobody's four
/// reports keep the others waiting.
pub fn next(open: &[Job], now: Instant) -> Option<&Job> {
    let held: Vec<Shelf> = open.iter().filter(|job| job.held(now)).map(Job::shelf).collect();
    if held.len() >= AT_ONCE {
        return None;
    }
    open.iter().find(|job| !job.state.ended() && !job.held(now) && !held.contains(&job.shelf()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(id: i64, organization: i64, lease: Option<&str>) -> Job {
        let at = |text: &str| Instant::parse(text).unwrap();
        Job {
            id: ReportJobId::from_i64(id),
            organization: Some(OrganizationId::from_i64(organization)),
            payer: None,
            edition: "organization".into(),
            report: "delivery".into(),
            question: "{}".into(),
            state: if lease.is_some() { JobState::Running } else { JobState::Waiting },
            attempt: 0,
            tries: 0,
            lease: lease.map(at),
            progress: None,
            made_at: at("2026-09-10T16:00:00Z"),
            started_at: None,
            finished_at: None,
            made: None,
            failure: None,
        }
    }

    #[test]
    fn the_oldest_of_a_shelf_that_has_none_running_is_next() {
        let now = Instant::parse("2026-09-10T16:00:00Z").unwrap();
        let (live, past) = (Some("2026-09-10T16:00:30Z"), Some("2026-09-10T15:59:00Z"));
        let taken = |open: &[Job]| next(open, now).map(|job| job.id.as_i64());
        assert_eq!(taken(&[]), None);
        assert_eq!(taken(&[job(1, 7, None), job(2, 8, None)]), Some(1));
        assert_eq!(taken(&[job(1, 7, live), job(2, 7, None), job(3, 8, None)]), Some(3));
        assert_eq!(taken(&[job(1, 7, live), job(2, 7, None)]), None);
        // Whoever had it is gone.
        assert_eq!(taken(&[job(1, 7, past), job(2, 7, None)]), Some(1));
        let full = [job(1, 1, live), job(2, 2, live), job(3, 3, live), job(4, 4, None)];
        assert_eq!(taken(&full), None);
        assert_eq!(taken(full.get(1..).unwrap()), Some(4));
    }

    #[test]
    fn shelves_are_those_of_issues() {
        let mut one = job(1, 7, None);
        assert_eq!(one.shelf(), Shelf::Organization(OrganizationId::from_i64(7)));
        one.payer = Some(PayerId::from_i64(9));
        assert_eq!(one.shelf(), Shelf::Organization(OrganizationId::from_i64(7)));
        one.edition = "payer".into();
        assert_eq!(one.shelf(), Shelf::Payer(PayerId::from_i64(9)));
        assert_eq!(one.owner(), None);
        one.edition = "organization".into();
        one.organization = None;
        assert_eq!(one.shelf(), Shelf::All);
    }
}
