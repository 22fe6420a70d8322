//! `kill -9` at random points of bulk intake, deciding again, building and releasing: after each one
//! the program is started again and asked the same again. Nothing is lost, nothing is there twice, the
//! ledger is what a recount says, and every file is whole.
//!
//! The points are random in time; whatever a kill hits, the end is the same. How many kills came before
//! an answer, and how many left work undone, is printed. Kills go on, and earlier, until each kind of step
//! was interrupted once.
//!
//! `PEERCLAIMS_KILL_POINTS` says how many points there are at least on each database (10; 68 at most).

mod books;

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::app::{Answer, TestApp};
use crate::changes::amend;
use crate::program::{self, Program};
use crate::world::{self, Dice, World, id};

/// Kills when nobody says how many.
const POINTS: usize = 10;
/// Most of them: visits of more cycles would be past the filing deadline.
const MOST: usize = 68;
const MEMBERS: usize = 120;
/// Visits of a cycle: five days of all members, more than one chunk of an upload.
const ROWS: usize = 5 * MEMBERS;
/// Longest wait for the worker: with fifty points it looks at thousands of claimed visits of a peer.
const NEVER: Duration = Duration::from_secs(600);
/// The payer counts its month across organizations, so that units are in the shared ledger, too.
const ACROSS: [(&str, &str); 1] =
    [("window = \"month\"", "window = \"month\"\nscope = \"member\"")];

/// The steps of a cycle. Each is killed once, and then done to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Upload,
    Again,
    Build,
    Release,
}

const STEPS: [Step; 4] = [Step::Upload, Step::Again, Step::Build, Step::Release];

/// What the service is asked, and what it has promised so far.
struct Work {
    app: TestApp,
    w: World,
    cycle: usize,
    /// Visits of all cycles, as they were sent.
    sent: Vec<Value>,
    /// The first answer to each visit of this cycle.
    told: Vec<(String, Value)>,
    batches: Vec<Value>,
    files: Vec<(String, String)>,
}

impl Work {
    async fn new(app: TestApp) -> Self {
        let days = (program::day(-200), program::day(200));
        let w = world::mesa_voices_with(&app, MEMBERS, (&days.0, &days.1), &ACROSS).await;
        let (sent, told, batches, files) = Default::default();
        Self { app, w, cycle: 0, sent, told, batches, files }
    }

    fn number(&self, sql: &str) -> i64 {
        self.app.database.number(sql)
    }

    /// The peer whose certificate changes in this cycle.
    fn peer(&self) -> usize {
        self.cycle % 4
    }

    fn begin_cycle(&mut self) {
        self.cycle += 1;
        self.told.clear();
        let from = (self.cycle - 1) * ROWS;
        self.sent.extend(program::visits(&self.w, "K", self.cycle * ROWS, 15).split_off(from));
    }

    fn rows(&self) -> &[Value] {
        &self.sent[(self.cycle - 1) * ROWS..]
    }

    fn text(&self) -> String {
        self.rows().iter().map(|row| row.to_string() + "\n").collect()
    }

    /// A key for the requests of this cycle.
    fn once(&self, what: &str) -> String {
        format!("{what}-{}", self.cycle)
    }

    /// Asks for a step; true when it was answered. What the program said is held against what it
    /// said before.
    async fn ask(&mut self, program: &Program, step: Step) -> bool {
        match step {
            Step::Upload => self.upload(program).await,
            Step::Again => self.certificate(program, Some(&program::day(-199))).await,
            Step::Build => {
                let wanted = json!({"payer": "lone-mesa", "through": program::day(-1)});
                let (key, once) = (&self.w.biller, self.once("build"));
                let request = program.request(reqwest::Method::POST, "/v1/batches", key);
                let sent = request.header("idempotency-key", once).json(&wanted).send().await;
                let Some(answer) = whole(sent).await else { return false };
                let batch = answer.expect(201);
                match self.batches.get(self.cycle - 1) {
                    Some(first) => assert_eq!(&batch, first),
                    None => self.batches.push(batch),
                }
                true
            }
            Step::Release => {
                let path = format!("/v1/batches/{}/release", id(&self.batches[self.cycle - 1]));
                let (key, once) = (&self.w.biller, self.once("release"));
                let request = program.request(reqwest::Method::POST, &path, key);
                let sent = request.header("idempotency-key", once).send().await;
                let Some(answer) = whole(sent).await else { return false };
                assert_eq!(answer.expect(200)["status"], "released");
                true
            }
        }
    }

    async fn upload(&mut self, program: &Program) -> bool {
        let request =
            program.request(reqwest::Method::POST, "/v1/encounters/bulk", &self.w.submitter);
        let request = request.header("content-type", "application/x-ndjson").body(self.text());
        let mut seen = Vec::new();
        let whole = match request.send().await {
            Err(_) => false,
            Ok(mut response) => loop {
                match response.chunk().await {
                    Ok(Some(piece)) => seen.extend_from_slice(&piece),
                    Ok(None) => break true,
                    Err(_) => break false,
                }
            },
        };
        let text = String::from_utf8(seen).unwrap();
        // A line that is not ended was cut off.
        let ended = text.rfind('\n').map_or("", |at| &text[..at]);
        for (n, line) in ended.lines().enumerate() {
            let row: Value = serde_json::from_str(line).unwrap();
            assert!(row["status"] == 201 || row["status"] == 200, "{row}");
            let visit = row["encounter"].clone();
            let reference = visit["reference"].as_str().unwrap().to_owned();
            assert_eq!(reference, self.rows()[n]["reference"]);
            match self.told.get(n) {
                Some((known, first)) => assert_eq!((known, first), (&reference, &visit)),
                None => self.told.push((reference, visit)),
            }
        }
        whole && self.told.len() == ROWS
    }

    /// Gives a peer's certificate an end; what it covered is decided again in the background.
    async fn certificate(&self, program: &Program, end: Option<&str>) -> bool {
        let peer = &self.w.peers[self.peer()];
        let path = format!("/v1/peers/{peer}?organization=mesa-voices");
        // Written through the tests' own server, which has no worker: the mark is found by the
        // program, whose worker it is that is killed.
        amend(&self.app, &self.w, &path, |peer| {
            peer["certificates"][0]["to"] = json!(end.unwrap_or(&program::day(200)));
        })
        .await;
        self.settled(program).await
    }

    /// Waits until nothing waits to be decided again; false when the program is gone.
    async fn settled(&self, program: &Program) -> bool {
        let started = Instant::now();
        while self.number("SELECT COUNT(*) FROM marks") > 0 {
            assert!(started.elapsed() < NEVER, "the worker does not come to an end");
            let alive = program.request(reqwest::Method::GET, "/healthz", "").send().await;
            if alive.is_err() {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        true
    }

    /// Whether a step that was killed is not at its end, by what the database holds.
    fn is_undone(&self, step: Step) -> bool {
        let count = |sql: &str| usize::try_from(self.number(sql)).unwrap();
        match step {
            Step::Upload => count("SELECT COUNT(*) FROM encounters") < self.sent.len(),
            Step::Again => count("SELECT COUNT(*) FROM marks") > 0,
            Step::Build => count("SELECT COUNT(*) FROM batches") < self.cycle,
            Step::Release => count("SELECT COUNT(*) FROM batches WHERE status = 'built'") > 0,
        }
    }

    /// Does a step to its end after a kill: asked the same again, it says the same.
    async fn finish(&mut self, program: &Program, step: Step) {
        if step == Step::Again {
            assert!(self.settled(program).await);
        } else {
            assert!(self.ask(program, step).await, "{step:?}");
        }
    }

    /// What must hold now that a step is done.
    async fn check(&mut self, program: &Program, step: Step) {
        self.counts(step);
        books::hold(&self.app);
        if step == Step::Build {
            let path = format!("/v1/batches/{}/837p", id(&self.batches[self.cycle - 1]));
            let file = program.get(&path, &self.w.biller).await;
            assert_eq!(file.status, 200);
            self.files.push((path, file.body));
        }
        for (path, first) in &self.files {
            let file = program.get(path, &self.w.biller).await;
            let hex = hex(&Sha256::digest(&file.body));
            assert_eq!(file.header("etag"), format!("\"{hex}\""));
            assert!(&file.body == first && first.trim_end().ends_with('~'), "{path}");
        }
    }

    /// As many as were sent, in the status that they must have.
    fn counts(&self, step: Step) {
        let count = |sql: &str| usize::try_from(self.number(sql)).unwrap();
        let of = |status: &str| {
            count(&format!("SELECT COUNT(*) FROM encounters WHERE status = '{status}'"))
        };
        let (all, before) = (self.cycle * ROWS, (self.cycle - 1) * ROWS);
        assert_eq!(count("SELECT COUNT(*) FROM encounters"), all);
        assert_eq!(count("SELECT COUNT(DISTINCT reference) FROM encounters"), all);
        let held = if step == Step::Again { ROWS / 4 } else { 0 };
        let ready = if matches!(step, Step::Upload | Step::Again) { ROWS - held } else { 0 };
        let claimed = if step == Step::Build { ROWS } else { 0 };
        let submitted = if step == Step::Release { all } else { before };
        let found = (of("held"), of("ready"), of("claimed"), of("submitted"));
        assert_eq!(found, (held, ready, claimed, submitted), "{step:?}");
        // Decided once when recorded, and once more each way: not more often.
        let peer = ROWS / 4;
        let again = if step == Step::Upload { 0 } else { peer };
        let back = if matches!(step, Step::Build | Step::Release) { peer } else { 0 };
        let decisions = all + before / ROWS * 2 * peer + again + back;
        assert_eq!(count("SELECT COUNT(*) FROM decisions"), decisions, "{step:?}");
        let batches = self.cycle - usize::from(matches!(step, Step::Upload | Step::Again));
        assert_eq!(count("SELECT COUNT(*) FROM batches"), batches);
        assert_eq!(count("SELECT COUNT(DISTINCT interchange_control) FROM batches"), batches);
        assert_eq!(count("SELECT COUNT(*) FROM files"), batches);
    }
}

fn hex(digest: &[u8]) -> String {
    use std::fmt::Write;
    digest.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// SIGKILL for a program that somebody else waits for.
fn kill_now(id: u32) {
    let killed = std::process::Command::new("kill").args(["-KILL", &id.to_string()]).status();
    assert!(killed.unwrap().success());
}

/// A whole answer; none when the program was gone before its end.
async fn whole(sent: reqwest::Result<reqwest::Response>) -> Option<Answer> {
    let response = sent.ok()?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.text().await.ok()?;
    assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{body}");
    Some(Answer { status, headers, body })
}

/// How long each step takes when nobody is killed.
async fn measured(work: &mut Work, program: &Program) -> [Duration; 4] {
    let mut times = [Duration::ZERO; 4];
    work.begin_cycle();
    for (step, time) in STEPS.iter().zip(&mut times) {
        let started = Instant::now();
        assert!(work.ask(program, *step).await, "{step:?}");
        *time = started.elapsed();
        work.check(program, *step).await;
        after(work, program, *step).await;
    }
    times
}

/// What stands between two steps and is not killed: the certificate holds again.
async fn after(work: &Work, program: &Program, step: Step) {
    if step == Step::Again {
        assert!(work.certificate(program, None).await);
    }
}

/// Kills of a kind of step.
#[derive(Debug, Clone, Copy, Default)]
struct Kills {
    all: usize,
    /// Before the answer was whole.
    cut: usize,
    /// Before the work was done.
    undone: usize,
}

impl Kills {
    fn add(&mut self, answered: bool, undone: bool) {
        assert!(!answered || !undone, "it was answered before it was done");
        self.all += 1;
        self.cut += usize::from(!answered);
        self.undone += usize::from(undone);
    }
}

async fn case(app: TestApp, seed: u64) {
    let points = std::env::var("PEERCLAIMS_KILL_POINTS").ok();
    let points: usize = points.map_or(POINTS, |text| text.parse().expect("a number of kills"));
    let points = points.min(MOST);
    let mut work = Work::new(app).await;
    let mut program = Program::start(&work.app.database);
    let mut times = measured(&mut work, &program).await;
    let mut dice = Dice::new(seed);
    let mut kills = [Kills::default(); 4];
    for point in 0..MOST {
        if point >= points && kills.iter().all(|kills| kills.undone > 0) {
            break;
        }
        let place = point % STEPS.len();
        let step = STEPS[place];
        if place == 0 {
            work.begin_cycle();
        }
        let time = if point < points { times[place] * 9 / 8 } else { times[place] / 2 };
        let most = usize::try_from(time.as_micros()).unwrap();
        let wait = Duration::from_micros(u64::try_from(dice.roll(most)).unwrap());
        let victim = program.id();
        let killing = tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            kill_now(victim);
        });
        let started = Instant::now();
        let answered = work.ask(&program, step).await;
        if answered {
            // The kill came too late: so long the step takes now.
            times[place] = started.elapsed();
        }
        killing.await.unwrap();
        program.kill();
        kills[place].add(answered, work.is_undone(step));
        program = Program::start(&work.app.database);
        work.finish(&program, step).await;
        work.check(&program, step).await;
        after(&work, &program, step).await;
    }
    for (step, Kills { all, cut, undone }) in STEPS.iter().zip(kills) {
        let line = format!(
            "{step:?}: {all} kills, {cut} of them before the answer was whole, {undone} inside\n"
        );
        // Not eprintln: the test harness keeps that back when a test passes.
        std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).unwrap();
        assert!(undone > 0, "no kill interrupted a step: {line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    case(TestApp::sqlite().await, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    if let Some(app) = TestApp::postgres().await {
        case(app, 2).await;
    }
}
