//! What somebody brings: a file, or a zip of files.

use std::io::{Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;

use tokio::task::{JoinError, spawn_blocking};

use super::archive::{Archive, MAX_ZIP_BYTES, is_zip, refuse_packed};
use super::{Incoming, Seen, receive};
use crate::domain::ids::OrganizationId;
use crate::error::{AppError, Code};
use crate::flow::Ctx;
use crate::x12::foreign;

/// Receives a file, or each file of a zip, in a transaction of its own. Gives what became of them, in
/// order. A zip that cannot be taken does nothing at all.
pub async fn receive_any<S>(
    ctx: &Ctx,
    tenant: OrganizationId,
    incoming: Incoming<S>,
) -> Result<Vec<Seen>, AppError>
where
    S: Read + Seek + Send + 'static,
{
    let gone = |e: JoinError| AppError::internal(e.to_string());
    let (incoming, archive) = spawn_blocking(move || opened(incoming)).await.map_err(gone)??;
    let Some(archive) = archive else { return Ok(vec![receive(ctx, tenant, incoming).await?]) };
    let archive = Arc::new(archive);
    let mut seen = Vec::with_capacity(archive.len());
    for place in 0..archive.len() {
        let archive = Arc::clone(&archive);
        let (name, content) = spawn_blocking(move || archive.file(place)).await.map_err(gone)??;
        let one = Incoming {
            name,
            bytes: Cursor::new(content),
            channel: incoming.channel,
            archive: Some(incoming.name.clone()),
        };
        seen.push(receive(ctx, tenant, one).await?);
    }
    Ok(seen)
}

/// With the zip that it is.
fn opened<S: Read + Seek>(
    mut incoming: Incoming<S>,
) -> Result<(Incoming<S>, Option<Archive>), AppError> {
    let unreadable =
        |e: std::io::Error| AppError::internal(format!("a received file cannot be read: {e}"));
    let mut start = Vec::new();
    let known_by = u64::try_from(foreign::START_BYTES).unwrap_or(u64::MAX);
    incoming.bytes.by_ref().take(known_by).read_to_end(&mut start).map_err(unreadable)?;
    incoming.bytes.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    refuse_packed(&start)?;
    if !is_zip(&start) {
        return Ok((incoming, None));
    }
    let mut bytes = Vec::new();
    let most = MAX_ZIP_BYTES.saturating_add(1);
    incoming.bytes.by_ref().take(most).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|size| size > MAX_ZIP_BYTES) {
        let detail = "The zip is larger than 32 MB; send it in parts. Nothing of it was kept.";
        return Err(AppError::new(Code::TooLarge, detail));
    }
    Ok((incoming, Some(Archive::open(bytes)?)))
}
