//! Sound answers in odd dress: padded by old systems, with a doubled terminator, under two versions
//! of one guide, packed by a Mac. They are applied; what must be unpacked first is told so.

use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::partner::{ack, batch, standing, status, ta1, take, tie, upload};
use crate::responses_in::zip;
use crate::world::id;

const SENT: &[&str] = &["release", "delivered"];

/// A text with a part replaced that is there.
fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} is not in {text}");
    text.replacen(from, to, 1)
}

fn state(file: &Value) -> &str {
    file["state"].as_str().unwrap()
}

on_both! {
    async fn padding_and_a_doubled_terminator_stop_no_answer(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let padded = format!("{}\r\n\u{1a}\r\n", ta1(&sent, 1, "A", "000").trim_end());
        assert_eq!(state(&take(&app, &w.biller, padded).await), "applied");
        // ST03 of the guide, GS08 of its errata, one empty segment, zeros to the end of a block.
        let nine = ack(&sent, 2, &[(0, 'A')]);
        let mixed = with(&nine, "ST*999*0001*005010X231A1", "ST*999*0001*005010X231");
        let doubled = with(&mixed, "~\nAK9", "~~\nAK9");
        let file = take(&app, &w.biller, doubled + &"\0".repeat(3000)).await;
        assert_eq!((state(&file), &file["kind"]), ("applied", &json!("999")), "{file}");
        let shown = app.get(&format!("/v1/batches/{}", sent.batch), &w.biller).await.expect(200);
        assert_eq!(shown["status"], "acknowledged", "{shown}");
        let numbers = sent.claims();
        let words = [(numbers[0].as_str(), true), (numbers[1].as_str(), false)];
        let numbered = |number| status(&sent, number, "PR", &words);
        // Too many of them, and Ctrl-Z in the middle, are no odd dress any more.
        let many = with(&numbered(3), "~\nSE", &("~".repeat(102) + "\nSE"));
        let cut = with(&numbered(4), "~\nSE", "~\n\u{1a}SE");
        for (bad, why) in [(many, "the segment is empty"), (cut, "Ctrl-Z")] {
            let file = take(&app, &w.biller, bad).await;
            assert_eq!(state(&file), "quarantined", "{file}");
            assert!(file["reason"].as_str().unwrap().contains(why), "{file}");
        }
        assert_eq!(state(&take(&app, &w.biller, numbered(5) + "\u{1a}").await), "applied");
        assert_eq!(standing(&app, &w, &sent).await, ["accepted", "rejected"]);
        tie(&app);
    }

    async fn what_has_no_clear_word_moves_nothing(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        // Neither accepted nor rejected; a status that the guide does not have.
        for (number, from, to) in [(1, "*R*006", "*Z*006"), (2, "*R*006", ""), (3, "*R*006", "**000")] {
            let file = take(&app, &w.biller, with(&ta1(&sent, number, "R", "006"), from, to)).await;
            assert_eq!((state(&file), &file["rejected"]), ("quarantined", &json!(0)), "{file}");
            assert!(file["reason"].as_str().unwrap().contains("TA104"), "{file}");
        }
        let numbers = sent.claims();
        let words = [(numbers[0].as_str(), true), (numbers[1].as_str(), false)];
        let told = status(&sent, 4, "PR", &words);
        let unknown = told.replace("STC*A2", "STC*X9").replace("STC*A7", "STC*X9");
        assert_ne!(told, unknown);
        let file = take(&app, &w.biller, unknown).await;
        assert_eq!((state(&file), &file["accepted"], &file["rejected"]), ("partly", &json!(0), &json!(0)), "{file}");
        assert_eq!(standing(&app, &w, &sent).await, ["delivered", "delivered"]);
        tie(&app);
    }

    async fn a_rejection_without_a_reason_says_that(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let bare = with(&ta1(&sent, 5, "R", "006"), "*R*006", "*R");
        let file = take(&app, &w.biller, bare).await;
        assert_eq!(file["rejected"], 2, "{file}");
        let path = format!("/v1/responses?file={}", id(&file));
        let said = app.get(&path, &w.biller).await.expect(200).to_string();
        assert!(said.contains("TA104:R") && !said.contains("no error"), "{said}");
        tie(&app);
    }

    async fn a_file_cut_within_its_first_segment_is_told_so(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let whole = ta1(&sent, 1, "A", "000");
        for length in [50, 105] {
            let file = take(&app, &w.biller, whole[..length].to_owned()).await;
            assert_eq!(state(&file), "quarantined", "{file}");
            assert!(file["reason"].as_str().unwrap().contains("ends inside its ISA"), "{file}");
        }
        tie(&app);
    }

    async fn a_folded_answer_is_taken_and_its_copy_is_known(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let numbers = sent.claims();
        let words = [(numbers[0].as_str(), true), (numbers[1].as_str(), false)];
        let plain = status(&sent, 1, "PR", &words).replace('\n', "");
        let lines: Vec<&str> =
            plain.as_bytes().chunks(80).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let folded = take(&app, &w.biller, lines.join("\r\n")).await;
        assert_eq!(state(&folded), "applied", "{folded}");
        assert_eq!(standing(&app, &w, &sent).await, ["accepted", "rejected"]);
        // The same interchange, and the same one again with its line ends.
        for again in [plain.clone(), plain.replace('~', "~\n")] {
            let file = take(&app, &w.biller, again).await;
            assert_eq!((state(&file), &file["rejected"]), ("applied", &json!(0)), "{file}");
        }
        tie(&app);
    }

    async fn a_cut_answer_with_a_thousand_wrong_dates_moves_nothing(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let numbers = sent.claims();
        let words = [(numbers[0].as_str(), false), (numbers[1].as_str(), false)];
        let plain = status(&sent, 1, "PR", &words);
        let wrong = "STC*A7:562:85*20261399*U~".repeat(900);
        let at = plain.rfind("STC*").unwrap();
        let cut = format!("{}{wrong}", &plain[..at]);
        let twice = cut.replacen("STC*A7", &format!("{wrong}STC*A7"), 1);
        let file = take(&app, &w.biller, twice).await;
        assert_eq!(state(&file), "quarantined", "{file}");
        assert!(file["reason"].as_str().unwrap().contains("cut short"), "{file}");
        assert_eq!(standing(&app, &w, &sent).await, ["delivered", "delivered"]);
        tie(&app);
    }

    async fn a_macs_zip_is_taken_and_what_is_packed_otherwise_is_named(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let answer = ta1(&sent, 1, "A", "000");
        let twin: &[u8] = b"\0\x05\x16\x07\0\x02\0\0Mac OS X";
        let packed = zip(&[
            ("day/one.ta1", answer.as_bytes()),
            ("__MACOSX/day/._one.ta1", twin),
            ("day/.DS_Store", b"\0\0\0\x01Bud1"),
        ]);
        let files = upload(&app, &w.biller, packed).await.expect(201);
        let told: Vec<&str> = files["files"].as_array().unwrap().iter().map(state).collect();
        assert_eq!(told, ["applied"], "{files}");
        assert!(id(&files["files"][0]).starts_with("rcv_"), "{files}");
        let before = app.database.number("SELECT COUNT(*) FROM received_files");
        let tar = [&[b'a'; 257][..], b"ustar\0", answer.as_bytes()].concat();
        // The sizes that the directory states: of the one file, which is not empty.
        let mut hollow = zip(&[("one.ta1", answer.as_bytes())]);
        let directory = hollow.windows(4).position(|part| part == b"PK\x01\x02").unwrap();
        hollow[directory + 20..directory + 28].fill(0);
        for (bad, why) in [
            (b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(), "gzip file, not X12: unpack it"),
            (tar, "tar archive, not X12: unpack it"),
            (zip(&[("a.gz", b"\x1f\x8b\x08\0")]), "a gzip file within a zip"),
            (hollow, "calls its file number 1 empty, and it is not"),
        ] {
            let problem = upload(&app, &w.biller, bad).await.problem(400, "malformed_body");
            assert!(problem["detail"].as_str().unwrap().contains(why), "{problem}");
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM received_files"), before);
    }
}
