//! Slow clients, over real sockets: bodies that trickle, readers that do not read, connections that
//! nobody uses. The limits are short here; nothing waits for a clock otherwise, so a slow machine
//! only makes these tests slower.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::app::{Database, TestApp, on_both};
use crate::world;

/// Longer than anything here can take; a test that needs it has failed.
const NEVER: Duration = Duration::from_secs(60);
/// Bytes of a file that no socket's buffers hold: pieces of a megabyte each.
const PIECES: usize = 24;

async fn until<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(NEVER, work).await.expect("it hangs")
}

/// A connection whose own buffer is small, so that what is not read stays at the server.
async fn connect(app: &TestApp) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    socket.connect(app.address).await.unwrap()
}

fn head(method: &str, path: &str, key: &str, more: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n{more}\r\n")
        .into_bytes()
}

/// All that comes until the other side closes; a reset is an end as well.
async fn rest(connection: &mut TcpStream) -> Vec<u8> {
    let (mut all, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        match connection.read(&mut piece).await {
            Ok(0) | Err(_) => return all,
            Ok(count) => all.extend_from_slice(&piece[..count]),
        }
    }
}

/// Sends a byte now and then until the server has had enough, and reads what it says.
async fn trickle(mut connection: TcpStream, bytes: &[u8]) -> String {
    let (mut reader, mut writer) = connection.split();
    let sending = async {
        loop {
            if writer.write_all(bytes).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let mut answer = Vec::new();
    let reading = async {
        let mut piece = [0; 4_096];
        while let Ok(count) = reader.read(&mut piece).await {
            if count == 0 {
                break;
            }
            answer.extend_from_slice(&piece[..count]);
        }
    };
    // The server may close its side while we still send.
    tokio::select! { () = sending => {}, () = reading => {} }
    String::from_utf8(answer).unwrap()
}

#[track_caller]
fn too_slow(answer: &str) {
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("content-type: application/problem+json"), "{answer}");
    assert!(answer.contains("\"code\":\"too_slow\""), "{answer}");
    assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_trickles_is_answered_408() {
    let settings = [("HTTP__BODY_SECONDS", "1"), ("HTTP__HEADER_SECONDS", "1")];
    let app = TestApp::on(Database::sqlite(), &settings);
    let key = app.admin_key().await;
    let length = "Content-Type: application/json\r\nContent-Length: 100000\r\n";
    let mut plain = connect(&app).await;
    plain.write_all(&head("PUT", "/v1/probe", &key, length)).await.unwrap();
    too_slow(&until(trickle(plain, b" ")).await);

    let chunked = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    let mut pieces = connect(&app).await;
    pieces.write_all(&head("PUT", "/v1/probe", &key, chunked)).await.unwrap();
    too_slow(&until(trickle(pieces, b"1\r\n \r\n")).await);
    assert!(app.ctx.metrics.errors.all().contains(&("too_slow", 2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_must_keep_its_pace() {
    // No pause is too long here: only the average is, and a hundred bytes a second are not enough.
    let settings = [
        ("HTTP__BODY_SECONDS", "2"),
        ("HTTP__MIN_BYTES_PER_SECOND", "1000000"),
        ("HTTP__HEADER_SECONDS", "1"),
    ];
    let app = TestApp::on(Database::sqlite(), &settings);
    let w = world::mesa_voices(&app, 1).await;
    let form = "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n";
    let path = "/v1/encounters/bulk";
    let mut upload = connect(&app).await;
    upload.write_all(&head("POST", path, &w.submitter, form)).await.unwrap();
    too_slow(&until(trickle(upload, b"a\r\n\n\n\n\n\n\n\n\n\n\n\r\n")).await);
    // A pause is too long by itself.
    let mut upload = connect(&app).await;
    upload.write_all(&head("POST", path, &w.submitter, form)).await.unwrap();
    upload.write_all(b"1\r\n\n\r\n").await.unwrap();
    let answer = String::from_utf8(until(rest(&mut upload)).await).unwrap();
    too_slow(&answer);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_reads_does_not_keep_a_connection() {
    let app = TestApp::on(Database::sqlite(), &[("HTTP__HEADER_SECONDS", "1")]);
    // Without a key, the answer comes at once; the rest of the body is never read by anybody.
    let mut body = connect(&app).await;
    let chunked = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    body.write_all(&head("POST", "/v1/encounters", "none", chunked)).await.unwrap();
    let answer = until(trickle(body, b"1\r\n \r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    // A second head that never ends.
    let mut second = connect(&app).await;
    second.write_all(&head("GET", "/healthz", "none", "")).await.unwrap();
    let mut start = [0; 12];
    second.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    second.write_all(b"GET /healthz HTTP/1.1\r\nX: ").await.unwrap();
    until(trickle(second, b"y")).await;
    assert_eq!(app.ctx.metrics.cut.all(), [("request", 2)]);
}

/// A batch whose file has many more bytes than it was built with.
async fn large_batch(app: &TestApp) -> (world::World, String) {
    let w = world::river_bend(app, 1).await;
    let visit = world::visit("V-1", &w.peers[0], &w.members[0], "2026-09-01T16:00");
    app.post("/v1/encounters", &w.submitter, &visit).await.expect(201);
    let body = json!({"payer": "evergreen", "through": "2026-09-05"});
    let batch = app.post("/v1/batches", &w.biller, &body).await.expect(201);
    let piece = "A".repeat(1 << 20);
    for ordinal in 1..=PIECES {
        let content = match app.database {
            Database::Sqlite { .. } => format!("CAST('{piece}' AS BLOB)"),
            Database::Postgres { .. } => format!("CAST('{piece}' AS BYTEA)"),
        };
        app.database.execute(&format!(
            "INSERT INTO file_chunks (organization_id, file_id, ordinal, content) \
             SELECT organization_id, id, {ordinal}, {content} FROM files"
        ));
    }
    let path = format!("/v1/batches/{}/837p", world::id(&batch));
    (w, path)
}

async fn stalled(app: &TestApp, path: &str, key: &str) -> TcpStream {
    let mut connection = connect(app).await;
    connection.write_all(&head("GET", path, key, "")).await.unwrap();
    let mut start = [0; 12];
    until(connection.read_exact(&mut start)).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    connection
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_does_not_read_is_cut() {
    let app = TestApp::on(Database::sqlite(), &[("HTTP__ANSWER_SECONDS", "1")]);
    let (w, path) = large_batch(&app).await;
    let mut connection = stalled(&app, &path, &w.biller).await;
    until(async {
        while app.ctx.metrics.cut.all().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(app.ctx.metrics.cut.all(), [("answer", 1)]);
    // What had been sent may still be there; the whole file is not.
    assert!(until(rest(&mut connection)).await.len() < PIECES << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_reads_too_little_is_cut() {
    let settings = [("HTTP__ANSWER_SECONDS", "2"), ("HTTP__MIN_BYTES_PER_SECOND", "1000000000")];
    let app = TestApp::on(Database::sqlite(), &settings);
    let (w, path) = large_batch(&app).await;
    let mut connection = stalled(&app, &path, &w.biller).await;
    let mut piece = [0; 16 * 1024];
    let mut taken = 0;
    until(async {
        while app.ctx.metrics.cut.all().is_empty() {
            taken += connection.read(&mut piece).await.unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    assert!(taken < PIECES << 20);
}

on_both! {
    async fn no_answer_keeps_a_connection_to_the_database(app: TestApp) {
        let (w, path) = large_batch(&app).await;
        let most = usize::try_from(app.ctx.db.pool_state().most).unwrap();
        let mut waiting = Vec::new();
        for _ in 0..2 * most {
            waiting.push(stalled(&app, &path, &w.biller).await);
        }
        // Twice as many readers stand still as there are connections, and nobody notices.
        let visit = world::visit("V-2", &w.peers[1], &w.members[0], "2026-09-02T16:00");
        app.post("/v1/encounters", &w.submitter, &visit).await.expect(201);
        app.get("/v1/encounters", &w.biller).await.expect(200);
        until(async {
            loop {
                let state = app.ctx.db.pool_state();
                if state.open == state.idle {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        // And one that reads gets all of it.
        let whole = app.get(&path, &w.biller).await;
        assert_eq!(whole.status, 200);
        assert!(whole.body.len() > PIECES << 20);
    }

    async fn a_bulk_answer_that_is_not_read_keeps_no_connection_either(app: TestApp) {
        let w = world::mesa_voices(&app, 40).await;
        let rows = (0..6_000).map(|n| {
            let start = format!("2026-08-{:02}T{:02}:00", 1 + n / 40 % 28, 8 + n / 1_200);
            let (peer, member) = (&w.peers[n % 4], &w.members[n % 40]);
            world::visit_of(&format!("S-{n}"), peer, member, &start, 30).to_string() + "\n"
        });
        let body: String = rows.collect();
        let more =
            format!("Content-Type: application/x-ndjson\r\nContent-Length: {}\r\n", body.len());
        let mut upload = connect(&app).await;
        upload.write_all(&head("POST", "/v1/encounters/bulk", &w.submitter, &more)).await.unwrap();
        upload.write_all(body.as_bytes()).await.unwrap();
        let mut start = [0; 12];
        until(upload.read_exact(&mut start)).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
        until(async {
            loop {
                let state = app.ctx.db.pool_state();
                if state.open == state.idle {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        app.get("/v1/encounters", &w.biller).await.expect(200);
        drop(upload);
    }
}
