//! The door that nobody knocks at: work that is due by time, and what is to be decided again.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;

use crate::error::AppError;
use crate::flow::acknowledge::folder::look;
use crate::flow::again::{self, Round, Turn};
use crate::flow::{Actor, Ctx, acknowledge, idempotent, report_jobs, reporting};
use crate::reports;

/// How often old idempotency answers are forgotten.
const TIDY_EVERY: Duration = Duration::from_secs(60 * 60);
/// How often marks are looked for that no one in this process told of: those of other processes.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often files are looked for that waited for the release of a batch.
const ANSWERS_EVERY: Duration = Duration::from_secs(5);
/// How often days that changed are read again for the reports; a report that is asked for does not wait
/// for it. While an upload runs its days change with every chunk, so that more often would be for nothing.
const REPORT_EVERY: Duration = Duration::from_secs(30);
/// How often the drop folder is looked at.
const FOLDER_EVERY: Duration = Duration::from_secs(5);
/// How often reports are looked for that are to be made in the background.
const JOBS_EVERY: Duration = Duration::from_secs(1);
/// How often those are looked for whose time is over: nobody misses them for a minute.
const OLD_JOBS_EVERY: Duration = Duration::from_secs(60);
/// Pause after a turn that met another writer.
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// Runs until `stop` becomes true or its sender is gone. Failures are logged and tried again at
/// the next turn.
pub async fn run(ctx: Ctx, stop: watch::Receiver<bool>) {
    let ctx = ctx.acting(Actor::Worker);
    tokio::join!(
        tidy(&ctx, stop.clone()),
        answers(&ctx, stop.clone()),
        read_again(&ctx, stop.clone()),
        make_reports(&ctx, stop.clone()),
        remove_reports(&ctx, stop.clone()),
        decide_again(&ctx, stop)
    );
}

/// Looks at the folder until `stop` becomes true or its sender is gone. What cannot be read or moved
/// is logged and tried again at the next look.
pub async fn watch_folder(ctx: Ctx, folder: PathBuf, mut stop: watch::Receiver<bool>) {
    let ctx = ctx.acting(Actor::Worker);
    let mut turns = tokio::time::interval(FOLDER_EVERY);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !*stop.borrow() {
        tokio::select! {
            _ = turns.tick() => {
                if let Err(error) = look(&ctx, &folder).await {
                    tracing::warn!(
                        code = error.code.as_str(),
                        cause = error.internal,
                        "the watched folder cannot be read"
                    );
                }
            }
            changed = stop.changed() => if changed.is_err() { return },
        }
    }
}

async fn tidy(ctx: &Ctx, mut stop: watch::Receiver<bool>) {
    let mut turns = tokio::time::interval(TIDY_EVERY);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !*stop.borrow() {
        tokio::select! {
            _ = turns.tick() => {
                if let Err(error) = idempotent::forget(ctx).await {
                    tracing::warn!(code = error.code.as_str(), cause = error.internal, "tidying failed");
                }
            }
            changed = stop.changed() => if changed.is_err() { return },
        }
    }
}

/// Files that came before the batch they answer was released.
async fn answers(ctx: &Ctx, mut stop: watch::Receiver<bool>) {
    let mut turns = tokio::time::interval(ANSWERS_EVERY);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !*stop.borrow() {
        tokio::select! {
            _ = turns.tick() => {
                if let Err(error) = acknowledge::turn(ctx).await {
                    tracing::warn!(
                        code = error.code.as_str(),
                        cause = error.internal,
                        "applying a waiting file failed"
                    );
                }
            }
            changed = stop.changed() => if changed.is_err() { return },
        }
    }
}

async fn read_again(ctx: &Ctx, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let started = std::time::Instant::now();
        // The clock of the reports is left alone while nothing changed.
        let pause = match due_step(ctx).await {
            // As long as it worked, so that others get at least half of the database.
            Ok(true) => started.elapsed(),
            Ok(false) => REPORT_EVERY,
            Err(error) => {
                tracing::warn!(
                    code = error.code.as_str(),
                    cause = error.internal,
                    "reading days again failed"
                );
                REPORT_EVERY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = stop.changed() => if changed.is_err() { return },
        }
    }
}

async fn due_step(ctx: &Ctx) -> Result<bool, AppError> {
    Ok(reporting::is_due(ctx).await? && reporting::step(ctx, None).await?.1)
}

/// One at a time in each process, so that what is asked for at once finds the other connections free.
async fn make_reports(ctx: &Ctx, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match report_jobs::turn(ctx, reports::job::write, &stop).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(
                code = error.code.as_str(),
                cause = error.internal,
                "making a report in the background failed"
            ),
        }
        tokio::select! {
            () = tokio::time::sleep(JOBS_EVERY) => {}
            changed = stop.changed() => if changed.is_err() { return },
        }
    }
}

async fn remove_reports(ctx: &Ctx, mut stop: watch::Receiver<bool>) {
    let mut turns = tokio::time::interval(OLD_JOBS_EVERY);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !*stop.borrow() {
        tokio::select! {
            _ = turns.tick() => {
                if let Err(error) = report_jobs::tidy(ctx).await {
                    tracing::warn!(
                        code = error.code.as_str(),
                        cause = error.internal,
                        "removing old reports failed"
                    );
                }
            }
            changed = stop.changed() => if changed.is_err() { return },
        }
    }
}

async fn decide_again(ctx: &Ctx, mut stop: watch::Receiver<bool>) {
    let mut round = Round::default();
    while !*stop.borrow() {
        let pause = match again::turn(ctx, &mut round).await {
            Ok(Turn::Worked) => continue,
            Ok(Turn::Busy) => BUSY_PAUSE,
            Ok(Turn::Idle) => LOOK_EVERY,
            Err(error) => {
                tracing::error!(
                    code = error.code.as_str(),
                    cause = error.internal,
                    "deciding again failed"
                );
                LOOK_EVERY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = ctx.marked() => {}
            changed = stop.changed() => if changed.is_err() { return },
        }
    }
}
