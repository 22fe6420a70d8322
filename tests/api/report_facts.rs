//! What reports are made of, after random histories: the packed days are those that a reading of every
//! day from nothing gives, whenever they were read again in between; and what was known at a time can
//! still be told later.

use std::collections::BTreeMap;

use peerclaims::domain::dates::{Instant, parse_date};
use peerclaims::flow::{Scope, reporting};
use peerclaims::store::report_facts::{self, Wanted};
use peerclaims::store::{self, StoreError};

use crate::app::{TestApp, on_both};
use crate::history;
use crate::world::{self, Dice};

/// What is known of each visit, by organization and id.
type Known = BTreeMap<(i64, i64), String>;

/// Everything known at a time, by visit.
async fn known(app: &TestApp, as_of: Instant) -> Known {
    let (from, to) = (parse_date("2026-01-01").unwrap(), parse_date("2027-12-31").unwrap());
    let wanted = Wanted { organization: None, from, to, as_of };
    let read = move |conn: &mut store::Conn| {
        let mut all = BTreeMap::new();
        report_facts::each(conn, wanted, |known| {
            let key = (known.organization, known.encounter);
            let text = format!("{} {:?}", known.date, known.fact);
            assert_eq!(all.insert(key, text), None, "a visit is known once");
        })?;
        Ok::<_, StoreError>(all)
    };
    app.ctx.db.read(Scope::Service, read).await.unwrap()
}

/// The packed days, as they read.
async fn days(app: &TestApp) -> Vec<String> {
    let period = (parse_date("2026-01-01").unwrap(), parse_date("2027-12-31").unwrap());
    let read = move |conn: &mut store::Conn| {
        let mut all = Vec::new();
        store::report_days::each(conn, None, period, |owner, date, day| {
            all.push(format!("{owner} {date} {day:?}"));
        })?;
        Ok::<_, StoreError>(all)
    };
    app.ctx.db.read(Scope::Service, read).await.unwrap()
}

on_both! {
    async fn days_are_what_reading_them_from_nothing_gives(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 4).await;
        let mut dice = Dice::new(77);
        let mut seen: Vec<(Instant, Known)> = Vec::new();
        for _ in 0..6 {
            history::play(&app, &mut pasts, &mut dice, 40).await;
            let at = reporting::refresh(&app.ctx, None).await.unwrap();
            assert_eq!(app.database.number("SELECT COUNT(*) FROM report_marks"), 0);
            seen.push((at, known(&app, at).await));
        }
        // What was known at each of those times is still told, to the letter.
        for (at, then) in &seen {
            assert_eq!(known(&app, *at).await, *then);
        }
        assert!(seen.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 != w[1].1));
        // Every visit is known, with its state.
        let visits = app.database.number("SELECT COUNT(*) FROM encounters");
        let (_, last) = seen.last().unwrap();
        assert_eq!(i64::try_from(last.len()).unwrap(), visits);
        let packed = days(&app).await;
        assert!(packed.len() > 20);
        // From nothing.
        app.database.execute("DELETE FROM report_days");
        app.database.execute("DELETE FROM report_facts");
        app.database.execute(
            "INSERT INTO report_marks SELECT DISTINCT organization_id, service_date FROM encounters");
        let at = reporting::refresh(&app.ctx, None).await.unwrap();
        assert_eq!(known(&app, at).await, *last);
        assert_eq!(days(&app).await, packed);
        // Nothing new: nothing is written.
        let facts = app.database.number("SELECT COUNT(*) FROM report_facts");
        app.database.execute(
            "INSERT INTO report_marks SELECT DISTINCT organization_id, service_date FROM encounters");
        reporting::refresh(&app.ctx, None).await.unwrap();
        assert_eq!(app.database.number("SELECT COUNT(*) FROM report_facts"), facts);
    }

    async fn two_that_read_again_at_once_do_no_harm(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 3).await;
        history::play(&app, &mut pasts, &mut Dice::new(5), 80).await;
        let (one, two) = tokio::join!(
            reporting::refresh(&app.ctx, None),
            reporting::refresh(&app.ctx, None)
        );
        assert_ne!(one.unwrap(), two.unwrap());
        assert_eq!(app.database.number("SELECT COUNT(*) FROM report_facts"),
            app.database.number("SELECT COUNT(*) FROM encounters"));
        let biller = &pasts[0].world.biller;
        let path = "/v1/reports/utilization?from=2026-01-01&to=2026-12-31";
        let report = app.get(path, biller).await.expect(200);
        let listed = world::all(&app, "/v1/encounters", biller).await;
        let counted = listed.iter().filter(|e| e["status"] != "void").count();
        assert_eq!(report["totals"]["encounters_recorded"], counted);
    }
}
