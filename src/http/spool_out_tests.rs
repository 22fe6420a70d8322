//! What a reader is given while an answer is made, when it is whole, and when it breaks.

use std::io::Write;

use futures_util::StreamExt;

use super::*;

async fn read(reader: Reader) -> (Vec<u8>, bool) {
    let mut pieces = Box::pin(reader.pieces(()));
    let mut all = Vec::new();
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(bytes) => all.extend_from_slice(&bytes),
            Err(_) => return (all, false),
        }
    }
    (all, true)
}

fn bytes(count: usize) -> Vec<u8> {
    (0u8..251).cycle().take(count).collect()
}

#[actix_web::test]
async fn a_reader_gets_what_was_written_however_it_was_written() {
    for size in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 1_000_000] {
        for step in [1 + size / 7, size.max(1)] {
            let (mut maker, mut reader) = begin().unwrap();
            let wanted = bytes(size);
            let written = wanted.clone();
            let made = web::block(move || {
                for part in written.chunks(step) {
                    maker.write_all(part).unwrap();
                }
                maker.whole().unwrap();
            });
            assert!(reader.first().await);
            let (got, whole) = read(reader).await;
            made.await.unwrap();
            assert!(whole && got == wanted, "{size} by {step}: {}", got.len());
        }
    }
}

#[actix_web::test]
async fn what_is_not_ended_is_never_whole() {
    let (mut maker, mut reader) = begin().unwrap();
    maker.write_all(&bytes(10)).unwrap();
    drop(maker);
    assert!(!reader.first().await, "nothing was handed over yet: an error like any other");
    let (mut maker, mut reader) = begin().unwrap();
    maker.write_all(&bytes(3 * PIECE_BYTES)).unwrap();
    assert!(reader.first().await);
    drop(maker);
    let (_, whole) = read(reader).await;
    assert!(!whole);
}

#[test]
fn nobody_writes_for_a_reader_that_is_gone() {
    let (mut maker, reader) = begin().unwrap();
    drop(reader);
    let told = maker.write_all(&bytes(PIECE_BYTES)).unwrap_err();
    assert_eq!(told.kind(), io::ErrorKind::BrokenPipe);
}
