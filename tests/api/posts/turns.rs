//! Whoever else writes has a turn between groups of posts.

use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use futures_util::future::{join, join_all};
use peerclaims::error::AppError;
use peerclaims::flow::Scope;
use peerclaims::flow::intake::posts::post;
use peerclaims::store::{Conn, StoreError};
use tokio::sync::Notify;

use super::{outcome, row, tell, tenant, visit};
use crate::app::TestApp;
use crate::world;

/// Sixteen who never pause, and one who wants to write: on SQLite there is one turn, and it is passed on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_else_writes_has_a_turn_between() {
    const ALL: usize = 320;
    let app = TestApp::sqlite().await;
    let w = world::river_bend(&app, 3).await;
    let tenant = tenant(&app.ctx).await;
    let (next, done) = (AtomicUsize::new(0), Notify::new());
    let client = async || {
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= ALL {
                return;
            }
            let row = row(&visit(&w, &format!("T-{n}"), n % 28 + 1));
            let told = outcome(post(&app.ctx, tenant, row, None, tell).await);
            assert!(told.starts_with("201"), "{told}");
            done.notify_one();
        }
    };
    let posts = join_all((0..16).map(|_| client()));
    let other = async {
        done.notified().await;
        let count = |conn: &mut Conn| {
            let count = sql::<BigInt>("(SELECT COUNT(*) FROM encounters)");
            let count: i64 = diesel::select(count).get_result(conn).map_err(StoreError::from)?;
            Ok::<_, AppError>(count)
        };
        app.ctx.db.write(Scope::Service, count).await.unwrap()
    };
    let (_, recorded) = join(posts, other).await;
    // Eight groups of all sixteen, and those that were under way when it asked.
    assert!(recorded <= 200, "{recorded} of {ALL} went before");
}
