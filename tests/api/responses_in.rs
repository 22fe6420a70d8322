//! The ways in: zips, the watched folder, a process that is killed, and any order of answers.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use peerclaims::flow::acknowledge::folder;
use serde_json::json;

use crate::app::{TestApp, on_both};
use crate::partner::{ack, batch, report, standing, status, ta1, take, tie, upload};
use crate::program::Program;
use crate::world::{self, Dice};

const SENT: &[&str] = &["release", "delivered"];

/// A zip of files.
pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write;
    let mut out = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut out);
    for (name, content) in files {
        let method = rawzip::CompressionMethod::DEFLATE;
        let (mut entry, config) =
            archive.new_file(name).compression_method(method).start().unwrap();
        let encoder =
            flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::default());
        let mut writer = config.wrap(encoder);
        writer.write_all(content).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    out
}

/// The same, under names of four bytes or more that need not be letters, nor a good path.
pub fn zip_of(files: &[(&[u8], Vec<u8>)]) -> Vec<u8> {
    let stand_in = |n: usize, name: &[u8]| format!("{}{n:02}", "Q".repeat(name.len() - 2));
    let names: Vec<String> =
        files.iter().enumerate().map(|(n, (name, _))| stand_in(n, name)).collect();
    let tame: Vec<(&str, &[u8])> =
        names.iter().zip(files).map(|(name, (_, content))| (name.as_str(), &content[..])).collect();
    let mut bytes = zip(&tame);
    for (tame, (name, _)) in names.iter().zip(files) {
        let places: Vec<usize> = bytes
            .windows(tame.len())
            .enumerate()
            .filter_map(|(at, window)| (window == tame.as_bytes()).then_some(at))
            .collect();
        assert_eq!(places.len(), 2, "in front of the file and in the directory");
        for at in places {
            bytes[at..at + name.len()].copy_from_slice(name);
        }
    }
    bytes
}

/// Puts a file into the folder as one that has not changed for a minute.
fn put(folder: &Path, name: &str, text: &[u8]) {
    let path = folder.join("river-bend/in").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
}

/// The names in a folder, without the id before them.
fn names(folder: &Path) -> Vec<String> {
    let Ok(list) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = list
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.split_once("_x_").map_or_else(|| name.clone(), |n| n.1.to_owned()))
        .collect();
    names.sort();
    names
}

on_both! {
    async fn a_zip_is_taken_file_by_file_or_not_at_all(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let numbers = sent.claims();
        let good = status(&sent, 2, "PR", &[(&numbers[0], true), (&numbers[1], false)]);
        let bytes = zip(&[("a/ta1.txt", ta1(&sent, 1, "A", "000").as_bytes()), ("notes.txt", b"see attached"), ("b.277", good.as_bytes())]);
        let path = "/v1/files?name=monday.zip";
        let answer = world::body(&app, path, &w.biller, "application/zip", bytes.clone()).await.expect(201);
        let files = answer["files"].as_array().unwrap();
        let told: Vec<_> = files.iter().map(|f| (f["name"].as_str().unwrap(), f["state"].as_str().unwrap(), f["archive"].as_str().unwrap())).collect();
        assert_eq!(told, [("ta1.txt", "applied", "monday.zip"), ("notes.txt", "quarantined", "monday.zip"), ("b.277", "applied", "monday.zip")]);
        assert_eq!(standing(&app, &w, &sent).await, ["accepted", "rejected"]);
        let again = world::body(&app, path, &w.biller, "application/zip", bytes).await.expect(200);
        assert_eq!(again["files"], answer["files"]);
        let count = || app.database.number("SELECT COUNT(*) FROM received_files");
        let before = count();
        let inner = zip(&[("b.277", good.as_bytes())]);
        for (bad, why) in [
            (zip(&[("one", b"1"), ("inner.zip", &inner)]), "zip within a zip"),
            (zip(&[("one", b"1"), ("bomb", &vec![b'~'; 4 << 20])]), "far more"),
            (inner[..inner.len() - 5].to_vec(), "damaged"),
        ] {
            let problem = upload(&app, &w.biller, bad).await.problem(400, "malformed_body");
            assert!(problem["detail"].as_str().unwrap().contains(why), "{problem}");
        }
        assert_eq!(count(), before);
        tie(&app);
    }

    async fn signs_that_no_database_takes_are_put_aside_or_shown_as_marks(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let good = status(&sent, 2, "PR", &[(&sent.claims()[0], true)]);
        // In the interchange's numbers nothing fits; in a claim's number the mark is kept.
        let mut sender = ack(&sent, 1, &[(0, 'A')]).into_bytes();
        let place = sender.windows(3).position(|bytes| bytes == b"ZZ*").unwrap() + 3;
        sender[place] = 0;
        let shown = upload(&app, &w.biller, sender).await.expect(201);
        assert_eq!(shown["files"][0]["state"], "quarantined", "{shown}");
        let number = good.replacen("REF*1K*", "REF*1K*\0\u{1b}", 1);
        assert_ne!(number, good);
        let shown = upload(&app, &w.biller, number).await.expect(201);
        assert_eq!(shown["files"][0]["state"], "applied", "{shown}");
        assert_eq!(standing(&app, &w, &sent).await, ["accepted"]);
        // No claim number of the payer: a correction has to be told it.
        let claim = app.get(&format!("/v1/claims?batch={}", sent.batch), &w.biller).await.expect(200);
        assert!(claim["items"][0]["payer_control"].is_null(), "{claim}");
    }

    async fn a_watched_folder_is_emptied(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("river-bend");
        put(folder.path(), "x_ta1.txt", ta1(&sent, 1, "A", "000").as_bytes());
        put(folder.path(), "x_bad.txt", b"not X12");
        put(folder.path(), "x_empty.txt", b"");
        put(folder.path(), "x_half.999.tmp", b"ISA*");
        put(folder.path(), ".x_hidden", b"ISA*");
        // Just written: somebody may still be at it.
        fs::write(home.join("in/x_fresh.999"), b"ISA*").unwrap();
        fs::create_dir_all(folder.path().join("nobody/in")).unwrap();
        fs::write(folder.path().join("nobody/in/x_a"), b"x").unwrap();
        let numbers = sent.claims();
        let answers = status(&sent, 2, "PR", &[(&numbers[0], true), (&numbers[1], true)]);
        put(folder.path(), "x_answers.zip", &zip(&[("x.277", answers.as_bytes())]));
        let moved = folder::look(&app.ctx, folder.path()).await.unwrap();
        assert_eq!(moved, 4);
        assert_eq!(names(&home.join("in")), [".x_hidden", "x_fresh.999", "x_half.999.tmp"]);
        assert_eq!(names(&home.join("done")), ["answers.zip", "ta1.txt"]);
        assert_eq!(names(&home.join("quarantine")), ["bad.txt", "empty.txt", "empty.txt.reason.txt"]);
        let reason = fs::read_dir(home.join("quarantine")).unwrap().map(|e| e.unwrap().path()).find(|p| p.to_string_lossy().ends_with(".reason.txt"));
        assert!(fs::read_to_string(reason.unwrap()).unwrap().contains("empty"));
        assert_eq!(standing(&app, &w, &sent).await, ["accepted", "accepted"]);
        // As after a kill between the receipt and the move.
        put(folder.path(), "x_ta1.txt", ta1(&sent, 1, "A", "000").as_bytes());
        assert_eq!(folder::look(&app.ctx, folder.path()).await.unwrap(), 1);
        assert_eq!(names(&home.join("done")).len(), 3);
        let list = world::all(&app, "/v1/files", &w.biller).await;
        assert_eq!(list.len(), 3);
        assert!(list.iter().all(|f| f["channel"] == "folder"), "{list:?}");
    }

    async fn any_order_of_answers_leaves_legal_states(app: TestApp) {
        // Three sets of two claims; each round takes all answers in an order of its own, some twice.
        let (w, sent) = batch(&app, 6, SENT).await;
        let numbers = sent.claims();
        let mut dice = Dice::new(20_261_128);
        let mut files: Vec<String> = Vec::new();
        for number in 1..=14_u32 {
            let claim = |n: usize| numbers[n].as_str();
            files.push(match dice.roll(8) {
                0 => ta1(&sent, number, "A", "000"),
                1 => ack(&sent, number, &[(0, 'A'), (1, 'E'), (2, 'R')]),
                2 => ack(&sent, number, &[(dice.roll(3), 'R')]),
                3 => ack(&sent, number, &[(0, 'A'), (1, 'A'), (2, 'A')]),
                n => {
                    let from = if n % 2 == 0 { "PR" } else { "AY" };
                    let (a, b) = (dice.roll(6), dice.roll(6));
                    let said: Vec<(&str, bool)> = if a == b {
                        vec![(claim(a), dice.roll(2) == 0)]
                    } else {
                        vec![(claim(a), dice.roll(3) > 0), (claim(b), dice.roll(2) == 0)]
                    };
                    status(&sent, number, from, &said)
                }
            });
        }
        let mut order: Vec<usize> = (0..files.len()).collect();
        for n in (1..order.len()).rev() {
            order.swap(n, dice.roll(n + 1));
        }
        for n in order {
            let before = standing(&app, &w, &sent).await;
            take(&app, &w.biller, files[n].clone()).await;
            if dice.roll(3) == 0 {
                upload(&app, &w.biller, files[n].clone()).await.expect(200);
            }
            let after = standing(&app, &w, &sent).await;
            for (from, to) in before.iter().zip(&after) {
                let (from, to) = (from.parse::<peerclaims::domain::status::ClaimStatus>().unwrap(), to.parse().unwrap());
                assert!(from == to || from.may_become(to), "{from} {to}");
            }
            tie(&app);
            report(&app, &w).await;
        }
        // What was rejected goes out again, under fresh numbers.
        let freed = standing(&app, &w, &sent).await.iter().filter(|s| *s == "rejected").count();
        if freed > 0 {
            let next = crate::partner::next_batch(&app, &w, SENT).await;
            assert_eq!(next.claims().len(), freed);
        }
        tie(&app);
    }

    async fn a_kill_in_the_middle_leaves_all_or_nothing(app: TestApp) {
        let (w, sent) = batch(&app, 24, SENT).await;
        let numbers = sent.claims();
        let said: Vec<(&str, bool)> = numbers.iter().enumerate().map(|(n, c)| (c.as_str(), n % 2 == 0)).collect();
        let file = status(&sent, 1, "PR", &said);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        // Each kill a little later: before the file is read, while it is applied, after the commit.
        for round in 0..6_u64 {
            let program = Program::start(&app.database);
            let request = client
                .post(format!("http://{}/v1/files", program.address))
                .bearer_auth(&w.biller)
                .body(file.clone());
            let sending = tokio::spawn(request.send());
            tokio::time::sleep(Duration::from_millis(round * 15)).await;
            program.kill();
            drop(sending.await);
            let states = standing(&app, &w, &sent).await;
            let applied = states.iter().filter(|s| *s != "delivered").count();
            let kept = app.database.number("SELECT COUNT(*) FROM received_files");
            let said = app.database.number("SELECT COUNT(*) FROM responses");
            assert!([(0, 0, 0), (24, 1, 24)].contains(&(applied, kept, said)), "{applied} {kept} {said}");
            tie(&app);
        }
        let answer = upload(&app, &w.biller, file).await;
        assert!([200, 201].contains(&answer.status.as_u16()), "{}", answer.body);
        let states = standing(&app, &w, &sent).await;
        assert!(states.iter().enumerate().all(|(n, s)| s == if n % 2 == 0 { "accepted" } else { "rejected" }), "{states:?}");
        tie(&app);
    }

    async fn ten_million_empty_segments_and_a_large_file_end(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let head = ta1(&sent, 1, "A", "000");
        let isa = head.split_once("TA1").unwrap().0.to_owned();
        let took = take(&app, &w.biller, isa + &"~".repeat(10_000_000)).await;
        assert_eq!(took["state"], json!("quarantined"), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["delivered"]);
    }
}
