//! Making a report in the background: a process takes a job, holds it by a lease that it renews, reads
//! changed days again, writes the file piece by piece, and says that it is done. Each write asks whether it
//! still is the one that took the job, so that a process that was thought dead can finish nothing.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::{mpsc, watch};

use super::sink::{BETWEEN, Sink, Told};
use super::{Conn, Job};
use crate::domain::dates::Instant;
use crate::domain::report::job::{Failure, MOST_TRIES, Made, Part, Progress, next};
use crate::error::{AppError, Code};
use crate::flow::{Ctx, Scope, reporting};
use crate::store::report_job_steps::{self as steps, Hold};
use crate::store::{self, report_job_pieces as pieces, report_jobs};

/// How long a process that says nothing holds a job. A write on a busy database may wait for a quarter of
/// it before it is given up, and that four times.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How often the lease is renewed, and looked whether the job was stopped.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// How often a step is done again that a busy database refused.
const BUSY_TRIES: u32 = 4;

/// Writes a report: reads in the transaction given, which began after the time given, writes the file, and
/// tells how many rows are written and, where it is known, of how many. Gives the time as of which it is.
pub type Make = fn(
    &mut Conn,
    (&Job, Instant),
    &mut (dyn Write + Send),
    &mut dyn FnMut(u64, Option<u64>),
) -> Result<Instant, AppError>;

/// Why a job was left before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Somebody stopped it, or another process has it.
    Lost,
    /// This process ends.
    Ending,
}

/// A job that this process makes.
#[derive(Debug)]
pub struct Run {
    ctx: Ctx,
    job: Job,
    hold: Hold,
    told: Arc<Told>,
}

/// Takes the next job and makes it. `false`: there is none to take.
pub async fn turn(ctx: &Ctx, make: Make, stop: &watch::Receiver<bool>) -> Result<bool, AppError> {
    let Some(run) = claim(ctx).await? else { return Ok(false) };
    run.to_the_end(make, stop.clone()).await?;
    Ok(true)
}

/// Takes the next job. Those that were begun too often are given up.
pub async fn claim(ctx: &Ctx) -> Result<Option<Run>, AppError> {
    loop {
        // Looked at without a turn to write first: mostly there is nothing.
        let now = ctx.clock.real();
        let look = move |conn: &mut Conn| -> Result<bool, AppError> {
            Ok(next(&report_jobs::open(conn)?, now).is_some())
        };
        if !ctx.db.read(Scope::Service, look).await? {
            return Ok(None);
        }
        let take = move |conn: &mut Conn| -> Result<Option<(Job, Hold)>, AppError> {
            store::turns::jobs(conn)?;
            let open = report_jobs::open(conn)?;
            let Some(job) = next(&open, now) else { return Ok(None) };
            let hold = steps::take(conn, job.id, job.attempt, (now, now.plus(LEASE)))?;
            Ok(hold.map(|hold| (job.clone(), hold)))
        };
        let Some((job, hold)) = ctx.db.write(Scope::Service, take).await? else {
            return Ok(None);
        };
        let run = Run { ctx: ctx.clone(), job, hold, told: Arc::default() };
        if run.job.tries < MOST_TRIES {
            return Ok(Some(run));
        }
        let detail = "It was begun three times, and each time the service ended or was too busy.";
        run.fail(&AppError::new(Code::Internal, detail)).await?;
    }
}

impl Run {
    /// Makes it, unless it is stopped or this process ends.
    pub async fn to_the_end(self, make: Make, stop: watch::Receiver<bool>) -> Result<(), AppError> {
        let result = {
            let work = self.make(make);
            tokio::pin!(work);
            tokio::select! {
                result = &mut work => Ok(result),
                left = self.watch(stop) => {
                    self.told.stop();
                    // What reads cannot be cut; it ends at the next day or piece, or was at its end.
                    match work.await {
                        Ok(whole) => Ok(Ok(whole)),
                        Err(_) => Err(left),
                    }
                }
            }
        };
        match result {
            Ok(Ok(whole)) => self.done(whole).await,
            Ok(Err(_)) if !self.told.goes_on() => {
                self.left();
                Ok(())
            }
            Ok(Err(error)) if error.retryable() && self.job.tries + 1 < MOST_TRIES => {
                self.give_back(false).await
            }
            Ok(Err(error)) => self.fail(&error).await,
            Err(Left::Ending) => self.give_back(true).await,
            Err(Left::Lost) => {
                self.left();
                Ok(())
            }
        }
    }

    fn left(&self) {
        tracing::info!(job = %self.job.id, "a report job was stopped, or taken over");
    }

    /// Holds on until there is a reason to leave.
    async fn watch(&self, mut stop: watch::Receiver<bool>) -> Left {
        loop {
            if *stop.borrow() {
                return Left::Ending;
            }
            tokio::select! {
                () = tokio::time::sleep(HEARTBEAT) => match self.hold_on().await {
                    Ok(true) => {}
                    Ok(false) => return Left::Lost,
                    Err(error) => tracing::warn!(
                        job = %self.job.id,
                        code = error.code.as_str(),
                        cause = error.internal,
                        "a report job could not say that it lives"
                    ),
                },
                changed = stop.changed() => if changed.is_err() { return Left::Ending },
            }
        }
    }

    async fn make(&self, make: Make) -> Result<Made, AppError> {
        if self.hold.attempt > 1 {
            let below = self.hold;
            while self.write(move |conn| Ok(pieces::clear(conn, below)?)).await? {}
        }
        self.refresh().await?;
        self.file(make).await
    }

    /// Reads changed days again until none is left.
    async fn refresh(&self) -> Result<(), AppError> {
        let organization = self.job.organization;
        let (mut done, mut more) = (0, true);
        while more {
            let step = patiently(|| reporting::counted_step(&self.ctx, organization)).await?;
            done += step.days;
            more = step.more;
            let of = Some(done + step.left);
            self.told.say(Progress { part: Part::Refresh, done, of });
            if !self.hold_on().await? || !self.told.goes_on() {
                return Err(self.lost());
            }
        }
        Ok(())
    }

    /// Reads and writes at once: who reads is on a thread of its own with one snapshot, and who stores takes
    /// the pieces from it.
    async fn file(&self, make: Make) -> Result<Made, AppError> {
        let (to, mut pieces) = mpsc::channel(BETWEEN);
        let (job, told, known_at) = (self.job.clone(), Arc::clone(&self.told), self.ctx.now());
        let scope = job.organization.map_or(Scope::Service, Scope::Tenant);
        let reading =
            self.ctx.db.read(scope, move |conn| write(conn, (&job, known_at), make, to, told));
        let storing = async move {
            let mut ordinal = 0;
            while let Some(piece) = pieces.recv().await {
                self.store(ordinal, Arc::new(piece)).await?;
                ordinal += 1;
            }
            // Without pieces left, who writes more is told that nobody stores it.
            drop(pieces);
            Ok::<_, AppError>(())
        };
        let (read, stored) = tokio::join!(reading, storing);
        stored?;
        read
    }

    async fn store(&self, ordinal: i32, piece: Arc<Vec<u8>>) -> Result<(), AppError> {
        let hold = self.hold;
        let (until, progress) = (self.until(), self.told.progress());
        let stored = patiently(|| {
            let piece = Arc::clone(&piece);
            self.write(move |conn| {
                let ours = steps::hold_on(conn, hold, until, progress)?;
                if ours {
                    pieces::put(conn, hold, ordinal, &piece)?;
                }
                Ok(ours)
            })
        });
        if stored.await? { Ok(()) } else { Err(self.lost()) }
    }

    /// Renews the lease and tells how far it is; `false`: it is somebody else's, or stopped.
    async fn hold_on(&self) -> Result<bool, AppError> {
        let (hold, until, progress) = (self.hold, self.until(), self.told.progress());
        self.write(move |conn| Ok(steps::hold_on(conn, hold, until, progress)?)).await
    }

    /// From now on nothing more is read or written for it here.
    fn lost(&self) -> AppError {
        self.told.stop();
        AppError::internal("the job was stopped, or taken over")
    }

    fn until(&self) -> Instant {
        self.ctx.clock.real().plus(LEASE)
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Conn) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        self.ctx.db.write(Scope::Service, work).await
    }

    async fn done(&self, made: Made) -> Result<(), AppError> {
        let (hold, now, progress) = (self.hold, self.ctx.clock.real(), self.told.progress());
        let until = self.until();
        patiently(|| {
            let made = made.clone();
            self.write(move |conn| {
                steps::hold_on(conn, hold, until, progress)?;
                Ok(steps::done(conn, hold, now, &made)?)
            })
        })
        .await?;
        Ok(())
    }

    async fn fail(&self, error: &AppError) -> Result<(), AppError> {
        if let Some(cause) = &error.internal {
            tracing::error!(job = %self.job.id, cause, "a report job failed");
        }
        let (hold, now) = (self.hold, self.ctx.clock.real());
        let failure = Failure { code: error.code.to_string(), detail: error.detail.clone() };
        self.write(move |conn| Ok(steps::fail(conn, hold, now, &failure)?)).await?;
        Ok(())
    }

    async fn give_back(&self, ended_well: bool) -> Result<(), AppError> {
        let hold = self.hold;
        self.write(move |conn| Ok(steps::give_back(conn, hold, ended_well)?)).await?;
        Ok(())
    }
}

/// Reads the report and writes it into the channel.
fn write(
    conn: &mut Conn,
    (job, known_at): (&Job, Instant),
    make: Make,
    to: mpsc::Sender<Vec<u8>>,
    told: Arc<Told>,
) -> Result<Made, AppError> {
    let narrowings = store::report_walls::known(conn, job.payer, job.organization)?;
    let mut sink = Sink::new(to, Arc::clone(&told));
    let heard = Arc::clone(&told);
    let listen = move |done: usize, of: usize| {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        heard.say(Progress { part: Part::Read, done: count(done), of: Some(count(of)) });
        heard.goes_on()
    };
    let mut tell = |done, of| told.say(Progress { part: Part::Write, done, of });
    let written =
        store::listening::listening(listen, || make(conn, (job, known_at), &mut sink, &mut tell));
    let as_of = written.map_err(|error| sink.refusal().unwrap_or(error))?;
    let (size, sha256) =
        sink.finish().map_err(|e| AppError::internal(format!("a report cannot be kept: {e}")))?;
    Ok(Made { size, sha256, known_at, as_of: Some(as_of), narrowings })
}

/// Does again what a busy database refused.
async fn patiently<T, F: Future<Output = Result<T, AppError>>>(
    mut work: impl FnMut() -> F,
) -> Result<T, AppError> {
    let mut tries = 0;
    loop {
        match work().await {
            Err(error) if error.retryable() && tries < BUSY_TRIES => tries += 1,
            other => return other,
        }
    }
}
