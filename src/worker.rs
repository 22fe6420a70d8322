//! The door that nobody knocks at: work that is due by time.

use std::time::Duration;

use tokio::sync::watch;

use crate::flow::{Actor, Ctx, idempotent};

/// How often old idempotency answers are forgotten.
const TIDY_EVERY: Duration = Duration::from_secs(60 * 60);

/// Runs until `stop` becomes true or its sender is gone. Failures are logged and tried again at
/// the next turn.
pub async fn run(ctx: Ctx, mut stop: watch::Receiver<bool>) {
    let ctx = ctx.acting(Actor::Worker);
    let mut turns = tokio::time::interval(TIDY_EVERY);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !*stop.borrow() {
        tokio::select! {
            _ = turns.tick() => {
                if let Err(error) = idempotent::forget(&ctx).await {
                    tracing::warn!(code = error.code.as_str(), cause = error.internal, "tidying failed");
                }
            }
            changed = stop.changed() => if changed.is_err() { return },
        }
    }
}
