//! All bad input that comes by `POST /v1/files`, in one table: each is refused or put aside with a
//! reason that a biller understands, nothing of it is applied, and the original is kept.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::{TestApp, on_both};
use crate::partner::{
    Sent, ack, batch, fetch, move_batch, standing, status, ta1, take, tie, upload,
};
use crate::responses_in::{zip, zip_of};
use crate::world::{self, World, id};

const SENT: &[&str] = &["release", "delivered"];

/// A name and what is sent.
type Case = (&'static str, Vec<u8>);

/// What is put aside: its reason has these words.
fn put_aside(sent: &Sent, file_837p: &str) -> Vec<(Case, &'static str)> {
    let numbers = sent.claims();
    let all: Vec<(&str, bool)> = numbers.iter().map(|n| (n.as_str(), false)).collect();
    let good = status(sent, 90, "PR", &all);
    let nine = ack(sent, 91, &[(0, 'R')]);
    let cut = |text: &str, part: &str| text.split_once(part).unwrap().0.to_owned();
    let other = Sent { sender: "SOMEBODY".into(), ..sent.clone() };
    let elsewhere = Sent { receiver: "OTHERPLAN".into(), ..sent.clone() };
    let isa = cut(&good, "GS*");
    let list = [
        ("cut before its end", cut(&good, "IEA*"), "cut short"),
        ("cut within a set", cut(&good, "SE*"), "cut short"),
        ("cut within a segment", good[..good.len() * 2 / 3].to_owned(), "cut off"),
        ("SE01 counts wrong", good.replacen("SE*3", "SE*4", 1), "not whole"),
        ("GE01 counts wrong", good.replacen("GE*1*", "GE*2*", 1), "not whole"),
        ("IEA01 counts wrong", good.replacen("IEA*1*", "IEA*3*", 1), "not whole"),
        (
            "IEA02 is another number",
            good.replacen("IEA*1*000000090", "IEA*1*000000099", 1),
            "not whole",
        ),
        ("GE02 is another number", good.replacen("GE*1*90", "GE*1*99", 1), "not whole"),
        ("SE02 is another number", nine.replacen("*0001~\nGE", "*0002~\nGE", 1), "not whole"),
        ("a version before 5010", good.replace("*005010X214", "*004010X214"), "4010"),
        ("a 997 of 4010", nine.replace("005010X231A1", "004010").replace("999", "997"), "4010"),
        ("production for a test organization", good.replace("*T*:", "*P*:"), "production file"),
        ("a set without its end", good.replacen("SE*", "SX*", 1), "segment"),
        ("our own claim file", file_837p.to_owned(), "goes to the payer"),
        ("for another submitter", ack(&other, 92, &[(0, 'R')]), "somebody else"),
        ("a TA1 for another submitter", ta1(&other, 93, "R", "006"), "somebody else"),
        ("of another payer", ack(&elsewhere, 94, &[(0, 'R')]), "somebody else"),
        ("a 277CA for another submitter", status(&other, 95, "PR", &all), "somebody else"),
        (
            "of claims that nobody sent",
            status(sent, 96, "PR", &[("PC00000NOBODY", false)]),
            "somebody else",
        ),
        (
            "a number that was never given",
            ta1(&Sent { interchange: 777, ..sent.clone() }, 97, "R", "006"),
            "somebody else",
        ),
        ("no X12", "%PDF-1.7 your claims were rejected".to_owned(), "no X12"),
        ("a page of a portal", "<!DOCTYPE html><title>Sign in</title>".to_owned(), "no X12"),
        ("an envelope around nothing", format!("{isa}IEA*0*000000090~"), "answers a claim"),
        ("a million empty segments", format!("{isa}{}", "~".repeat(1_000_000)), ""),
        ("a segment without end", format!("{isa}GS*{}", "A".repeat(3_000_000)), "cannot be read"),
        ("UTF-16", String::new(), "no X12"),
        ("bytes that are no letters", String::new(), ""),
    ];
    let bytes = |name: &str, text: String| match name {
        "UTF-16" => good.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "bytes that are no letters" => {
            let at = good.find("BHT").unwrap();
            [&good.as_bytes()[..at], &[0xff, 0x00, 0x80, 0xfe], &good.as_bytes()[at..]].concat()
        }
        _ => text.into_bytes(),
    };
    list.into_iter().map(|(name, text, why)| ((name, bytes(name, text)), why)).collect()
}

/// What is refused: the status, and words of the answer; nothing is kept.
fn refused(sent: &Sent) -> Vec<(Case, &'static str)> {
    let good = ta1(sent, 80, "R", "006");
    let inner = zip(&[("a.ta1", good.as_bytes())]);
    let many: Vec<(String, &[u8])> = (0..501).map(|n| (format!("f{n}"), &b"x"[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(n, c)| (n.as_str(), *c)).collect();
    let mut locked = inner.clone();
    // Bit 0 of the flags, in the local header and in the directory.
    let directory = locked.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    locked[6] |= 1;
    locked[directory + 8] |= 1;
    let bomb = vec![b'~'; 8 << 20];
    vec![
        (("an empty file", Vec::new()), "is empty"),
        (("a zip within a zip", zip(&[("one", b"1"), ("inner.zip", &inner)])), "zip within a zip"),
        (("a bomb", zip(&[("one", b"1"), ("bomb", &bomb)])), "far more"),
        (("a zip of nothing", zip(&[])), "no files"),
        (("a zip of too many", zip(&many)), "500 files"),
        (("a locked zip", locked), "password"),
        (("a zip cut short", inner[..inner.len() - 5].to_vec()), "damaged"),
        (
            ("a zip that is too large", [b"PK\x03\x04".to_vec(), vec![0; 33 << 20]].concat()),
            "32 MB",
        ),
    ]
}

/// What a body of two gigabytes gets, and how soon: after a small part of it.
async fn too_large(app: &TestApp, key: &str) -> String {
    let mut connection = TcpStream::connect(app.address).await.unwrap();
    let head = format!(
        "POST /v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/octet-stream\r\nContent-Length: 2147483648\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = connection.split();
    let sending = async {
        let piece = vec![b'~'; 64 * 1024];
        // Refused after some two megabytes, it is not read on.
        for _ in 0..400 {
            if writer.write_all(&piece).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let mut answer = vec![0; 4096];
    let reading = async { reader.read(&mut answer).await.unwrap() };
    let count = tokio::select! {
        () = sending => unreachable!(),
        count = tokio::time::timeout(Duration::from_secs(60), reading) => count.unwrap(),
    };
    String::from_utf8_lossy(&answer[..count]).into_owned()
}

/// Everything that an upload may move.
async fn picture(app: &TestApp, w: &World, sent: &Sent) -> Value {
    let number = |sql: &str| app.database.number(sql);
    json!([
        standing(app, w, sent).await,
        number("SELECT COUNT(*) FROM responses"),
        number("SELECT COUNT(*) FROM received_interchanges"),
        number("SELECT CAST(SUM(reserved * 1000 + consumed) AS BIGINT) FROM unit_entries"),
        app.get(&format!("/v1/batches/{}", sent.batch), &w.biller).await.expect(200)["status"],
    ])
}

on_both! {
    async fn all_bad_input_is_refused_or_put_aside_and_moves_nothing(app: TestApp) {
        let (w, sent) = batch(&app, 3, SENT).await;
        let own = app.get(&format!("/v1/batches/{}/837p", sent.batch), &w.biller).await.body;
        let before = picture(&app, &w, &sent).await;
        let table = put_aside(&sent, &own);
        let mut faults: Vec<String> = Vec::new();
        for ((name, bytes), why) in &table {
            let took = take(&app, &w.biller, bytes.clone()).await;
            if took["state"] != "quarantined" {
                faults.push(format!("{name}: {took}"));
                continue;
            }
            let reason = took["reason"].as_str().unwrap();
            if !(reason.contains(why) && reason.len() > 30 && reason.ends_with('.')) {
                faults.push(format!("{name}: {reason}"));
            }
            let path = format!("/v1/files/{}/content", id(&took));
            let request = app.request(reqwest::Method::GET, &path, &w.biller);
            let kept = request.send().await.unwrap().bytes().await.unwrap();
            assert!(kept == bytes[..], "{name}: the original is kept");
            // Again, it gets the same answer, and nothing is kept twice.
            let again = upload(&app, &w.biller, bytes.clone()).await.expect(200);
            assert_eq!(again["files"][0], took, "{name}");
            assert_eq!(picture(&app, &w, &sent).await, before, "{name}");
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        let kept = world::all(&app, "/v1/files?state=quarantined", &w.biller).await.len();
        assert_eq!(kept, table.len());
        for ((name, bytes), why) in refused(&sent) {
            let answer = upload(&app, &w.biller, bytes).await;
            let problem = answer.json();
            assert!([400, 413].contains(&answer.status.as_u16()), "{name}: {problem}");
            assert!(problem["detail"].as_str().unwrap().contains(why), "{name}: {problem}");
            assert_eq!(picture(&app, &w, &sent).await, before, "{name}");
        }
        let told = too_large(&app, &w.biller).await;
        assert!(told.starts_with("HTTP/1.1 413") && told.contains("larger than 256 MB"), "{told}");
        assert_eq!(world::all(&app, "/v1/files", &w.biller).await.len(), kept, "of what is refused nothing is kept");
        tie(&app);
        // What the good files say is applied afterwards: no number was used up.
        let numbers = sent.claims();
        let all: Vec<(&str, bool)> = numbers.iter().map(|n| (n.as_str(), false)).collect();
        assert_eq!(take(&app, &w.biller, status(&sent, 90, "PR", &all)).await["rejected"], 3);
        tie(&app);
    }

    async fn replayed_numbers_and_early_answers(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let first = take(&app, &w.biller, ack(&sent, 7, &[(0, 'A')])).await;
        assert_eq!(first["state"], "applied");
        let before = picture(&app, &w, &sent).await;
        // The same number with other content, of every kind.
        let numbers = sent.claims();
        for other in [ack(&sent, 7, &[(0, 'R')]), ta1(&sent, 7, "R", "006"), status(&sent, 7, "PR", &[(&numbers[0], false)])] {
            let took = take(&app, &w.biller, other).await;
            assert_eq!(took["state"], "quarantined", "{took}");
            assert!(took["reason"].as_str().unwrap().contains("same control number"), "{took}");
            assert_eq!(picture(&app, &w, &sent).await, before);
        }
        // Twice in one file: once as a copy, once as a conflict.
        let one = status(&sent, 8, "PR", &[(&numbers[0], false)]);
        let conflict = format!("{one}{}", status(&sent, 8, "PR", &[(&numbers[1], false)]));
        assert_eq!(take(&app, &w.biller, conflict).await["state"], "quarantined");
        assert_eq!(picture(&app, &w, &sent).await, before);
        let twice = take(&app, &w.biller, format!("{one}{one}")).await;
        assert_eq!((&twice["state"], &twice["rejected"]), (&json!("applied"), &json!(1)), "{twice}");
        tie(&app);
        // A good interchange before a damaged one: nothing of the file is applied.
        let good = status(&sent, 9, "PR", &[(&numbers[1], false)]);
        let half = format!("{good}{}", &ta1(&sent, 10, "A", "000")[..150]);
        assert_eq!(take(&app, &w.biller, half).await["state"], "quarantined");
        assert_eq!(standing(&app, &w, &sent).await, ["rejected", "delivered"]);
        // An answer to what is built and not released waits, and is applied after the release.
        let next = world::all(&app, "/v1/claims?status=rejected", &w.biller).await.len();
        assert_eq!(next, 1);
        let wanted = json!({"payer": "evergreen", "through": "2026-08-31"});
        let built = id(&app.post("/v1/batches", &w.biller, &wanted).await.expect(201));
        let early = fetch(&app, &built, &w.biller).await;
        let took = take(&app, &w.biller, status(&early, 11, "PR", &[(&early.claims()[0], false)])).await;
        assert_eq!((&took["state"], &took["waits_for"]), (&json!("waiting"), &json!(built)), "{took}");
        assert_eq!(standing(&app, &w, &early).await, ["batched"]);
        move_batch(&app, &w, &built, "release").await;
        assert_eq!(peerclaims::flow::acknowledge::turn(&app.ctx).await.unwrap(), 1);
        assert_eq!(standing(&app, &w, &early).await, ["rejected"]);
        tie(&app);
    }

    async fn names_in_zips_do_no_harm(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let names: [&[u8]; 5] = [b"../../etc/passwd", b"C:\\temp\\a.999", b"\xff\xfe.999", b"/absolute/b.999", b"x\n\"y.999"];
        let files: Vec<(&[u8], Vec<u8>)> = (20_u32..).zip(names).map(|(n, name)| (name, ta1(&sent, n, "A", "000").into_bytes())).collect();
        let answer = upload(&app, &w.biller, zip_of(&files)).await.expect(201);
        let told: Vec<&str> = answer["files"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
        assert_eq!(told, ["passwd", "a.999", "__.999", "b.999", "x__y.999"]);
        assert!(answer["files"].as_array().unwrap().iter().all(|f| f["state"] == "applied"), "{answer}");
        // A bad file of a zip does not stop its neighbors.
        let numbers = sent.claims();
        let mixed: Vec<(&[u8], Vec<u8>)> = vec![
            (b"bad.", b"ISA*cut".to_vec()),
            (b"good", status(&sent, 30, "PR", &[(&numbers[0], true)]).into_bytes()),
            (b"late", status(&sent, 31, "PR", &[(&numbers[0], true)]).as_bytes()[..300].to_vec()),
        ];
        let answer = upload(&app, &w.biller, zip_of(&mixed)).await.expect(201);
        let told: Vec<&str> = answer["files"].as_array().unwrap().iter().map(|f| f["state"].as_str().unwrap()).collect();
        assert_eq!(told, ["quarantined", "applied", "quarantined"]);
        assert_eq!(standing(&app, &w, &sent).await, ["accepted"]);
        tie(&app);
    }
}
