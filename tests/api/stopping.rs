//! SIGTERM: what runs is finished, what comes later is not begun, and the process ends.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::{TestApp, on_both};
use crate::program::{self, Program};
use crate::world;

/// Longer than anything here can take.
const NEVER: Duration = Duration::from_secs(60);

on_both! {
    async fn running_requests_are_finished_and_no_more_are_taken(app: TestApp) {
        let w = world::mesa_voices_in(&app, 1, (&program::day(-200), &program::day(200))).await;
        let program = Program::start(&app.database);
        let visit = program::visits(&w, "S", 1, 30)[0].to_string();
        let head = format!(
            "POST /v1/encounters HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            w.submitter,
            visit.len()
        );
        // Half of a request is there when the signal comes; so is a connection that does nothing.
        let mut running = TcpStream::connect(&program.address).await.unwrap();
        running.write_all(head.as_bytes()).await.unwrap();
        running.write_all(&visit.as_bytes()[..20]).await.unwrap();
        let mut idle = TcpStream::connect(&program.address).await.unwrap();
        idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut start = [0; 12];
        idle.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
        program.terminate();

        let stopped = async {
            // New connections end without an answer, or are refused.
            while let Ok(mut late) = TcpStream::connect(&program.address).await {
                if late.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.is_err() {
                    break;
                }
                if late.read(&mut [0; 12]).await.unwrap_or(0) == 0 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(NEVER, stopped).await.unwrap();
        // The idle one was closed, and the other one is answered.
        let mut rest = Vec::new();
        tokio::time::timeout(NEVER, idle.read_to_end(&mut rest)).await.unwrap().unwrap();
        running.write_all(&visit.as_bytes()[20..]).await.unwrap();
        let mut answer = String::new();
        tokio::time::timeout(NEVER, running.read_to_string(&mut answer)).await.unwrap().unwrap();
        assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
        assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
        assert!(program.ended().success());
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 1);
    }
}
