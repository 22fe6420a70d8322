//! Sends a year's visits as uploads, month by month, each at the moment when it would be sent.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::stream;
use peerclaims::synth::Year;

use crate::server::Server;
use crate::show::processor;

/// Bytes of a file that are sent at once.
const PIECE_BYTES: usize = 64 * 1024;

/// What was sent.
#[derive(Debug, Default, Clone, Copy)]
pub struct Sent {
    /// Rows that were recorded; there are no others.
    pub rows: u64,
    /// From the first byte of a request to the last one of its answer, all requests together.
    pub time: Duration,
    /// Processor time meanwhile, of the service and of the client, which are one process here.
    pub busy: Duration,
}

/// Sends all months up to `last` of all organizations.
pub async fn months(url: &str, year: Year, organizations: &[PathBuf], last: u32) -> Sent {
    let mut sent = Sent::default();
    for month in 1..=last {
        for folder in organizations {
            let server = Server::start(url, year, month, folder).await;
            let (begun, before) = (Instant::now(), processor());
            sent.rows += upload(&server, &file_of(folder, year, month)).await;
            sent.time += begun.elapsed();
            sent.busy += processor().saturating_sub(before);
            server.stop().await;
        }
    }
    sent
}

/// The file of a month.
pub fn file_of(folder: &Path, year: Year, month: u32) -> PathBuf {
    let csv = folder.join(format!("{}-{month:02}.csv", year.number()));
    if csv.exists() { csv } else { csv.with_extension("ndjson") }
}

async fn upload(server: &Server, path: &Path) -> u64 {
    let csv = path.extension().is_some_and(|e| e == "csv");
    let file = File::open(path).unwrap();
    // Read as it is sent: the file is not what is measured, and neither is its memory.
    let pieces = stream::unfold(file, |mut file| async move {
        let mut piece = vec![0; PIECE_BYTES];
        let count = file.read(&mut piece).unwrap();
        piece.truncate(count);
        (count > 0).then_some((Ok::<_, std::io::Error>(piece), file))
    });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("{}/v1/encounters/bulk", server.url));
    let request = request.bearer_auth(&server.key);
    let kind = if csv { "text/csv" } else { "application/x-ndjson" };
    let request = request.header("Content-Type", kind).body(reqwest::Body::wrap_stream(pieces));
    let mut answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let (mut rows, mut line) = (0, Vec::new());
    while let Some(bytes) = answer.chunk().await.unwrap() {
        for byte in bytes {
            if byte != b'\n' {
                line.push(byte);
                continue;
            }
            // {"row":1,"line":2,"status":201,…
            let head = String::from_utf8_lossy(&line[..line.len().min(60)]).into_owned();
            assert!(head.contains("\"status\":201"), "{}", String::from_utf8_lossy(&line));
            rows += 1;
            line.clear();
        }
    }
    rows
}
