use std::sync::{Arc, Mutex};

use diesel::connection::{Instrumentation, InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;

use super::OneOfDsl;
use crate::store::conn::{Conn, establish};

diesel::table! {
    one_of_numbers (id) {
        id -> BigInt,
        name -> Text,
    }
}
use one_of_numbers::dsl;

const COUNT: i64 = 80;

fn name(id: i64) -> String {
    format!("n{id}")
}

fn with_numbers(url: &str) -> Conn {
    let mut conn = establish(url).unwrap();
    let rows: Vec<String> = (0..COUNT).map(|id| format!("({id}, '{}')", name(id))).collect();
    let fill = format!(
        "CREATE TEMPORARY TABLE one_of_numbers (id BIGINT PRIMARY KEY, name TEXT NOT NULL); \
         INSERT INTO one_of_numbers VALUES {}",
        rows.join(",")
    );
    conn.batch_execute(&fill).unwrap();
    conn
}

/// A folder for SQLite's file, and both databases where both are at hand.
fn databases() -> (tempfile::TempDir, Vec<Conn>) {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}", folder.path().join("numbers.db").display());
    let postgres = std::env::var("PEERCLAIMS_TEST_POSTGRES_URL").ok();
    let all = [Some(sqlite), postgres].into_iter().flatten().map(|url| with_numbers(&url));
    (folder, all.collect())
}

fn asked(conn: &mut Conn, ids: &[i64], names: &[String]) -> (Vec<i64>, Vec<i64>, Vec<i64>) {
    let all = || dsl::one_of_numbers.select(dsl::id).order(dsl::id);
    let by_id = all().filter(dsl::id.one_of(ids.iter().copied())).load(conn).unwrap();
    let others = all().filter(dsl::id.none_of(ids.iter().copied())).load(conn).unwrap();
    let by_name = all()
        .filter(dsl::name.one_of(names).or(dsl::id.eq(-1)))
        .filter(dsl::id.ge(0))
        .load(conn)
        .unwrap();
    (by_id, others, by_name)
}

#[test]
fn lists_of_every_length_find_what_is_in_them() {
    let (_folder, databases) = databases();
    for mut conn in databases {
        for length in 0..COUNT {
            // Not in order, one twice, and one that is not there.
            let mut ids: Vec<i64> = (0..length).rev().collect();
            ids.extend(ids.first().copied());
            ids.extend((length > 1).then_some(-7));
            let names: Vec<String> = ids.iter().copied().map(name).collect();
            let within: Vec<i64> = (0..length).collect();
            let beyond: Vec<i64> = (length..COUNT).collect();
            let found = asked(&mut conn, &ids, &names);
            assert_eq!(found, (within.clone(), beyond, within), "{length} of {COUNT}");
        }
    }
}

/// The statements that a connection keeps.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<String>>>);

impl Instrumentation for Kept {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::CacheQuery { sql, .. } = event {
            self.0.lock().unwrap().push(sql.to_owned());
        }
    }
}

#[test]
fn few_statements_are_prepared_and_kept_for_lists_of_all_lengths() {
    let (_folder, databases) = databases();
    for mut conn in databases {
        let kept = Kept::default();
        match &mut conn {
            Conn::Sqlite(c) => c.set_instrumentation(kept.clone()),
            Conn::Postgres(c) => c.set_instrumentation(kept.clone()),
        }
        for length in 0..=64 {
            let ids: Vec<i64> = (0..length).collect();
            asked(&mut conn, &ids, &ids.iter().copied().map(name).collect::<Vec<_>>());
        }
        let statements = kept.0.lock().unwrap().len();
        // Three questions: with nothing, and with each of the four lengths; an array has none.
        let wanted = if conn.writes_alone() { 3 * 5 } else { 3 };
        assert_eq!(statements, wanted, "{:#?}", kept.0.lock().unwrap());
        // Longer ones are prepared for once.
        let long: Vec<i64> = (0..65).collect();
        asked(&mut conn, &long, &[]);
        let more = kept.0.lock().unwrap().len() - statements;
        assert_eq!(more, 0, "{:#?}", kept.0.lock().unwrap());
    }
}
