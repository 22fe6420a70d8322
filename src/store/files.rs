//! Stored files: bytes in pieces, written once as they come, read back as they are asked for.

use std::io::{self, Read, Write};

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::conn::Conn;
use super::error::StoreError;
use super::schema::{file_chunks, files};
use super::types;
use crate::domain::batch::StoredFile;
use crate::domain::dates::Instant;
use crate::domain::ids::{FileId, OrganizationId};

/// Bytes of one piece: what a reader holds in memory at a time.
const PIECE_BYTES: usize = 1 << 20;

/// Takes a file's bytes as they are written.
pub struct Sink<'a> {
    conn: &'a mut Conn,
    organization: OrganizationId,
    id: FileId,
    buffer: Vec<u8>,
    ordinal: i32,
    size: u64,
    digest: Sha256,
}

impl<'a> Sink<'a> {
    /// Begins a file. Its row says nothing until [`Sink::finish`].
    pub fn begin(
        conn: &'a mut Conn,
        organization: OrganizationId,
        id: FileId,
        name: &str,
        at: Instant,
    ) -> Result<Self, StoreError> {
        diesel::insert_into(files::table)
            .values((
                files::organization_id.eq(organization.as_i64()),
                files::id.eq(id.as_i64()),
                files::name.eq(name),
                files::size_bytes.eq(0),
                files::sha256.eq(""),
                files::created_at.eq(at.naive()),
            ))
            .execute(conn)?;
        Ok(Self {
            conn,
            organization,
            id,
            buffer: Vec::with_capacity(PIECE_BYTES),
            ordinal: 0,
            size: 0,
            digest: Sha256::new(),
        })
    }

    fn store_piece(&mut self) -> Result<(), StoreError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        diesel::insert_into(file_chunks::table)
            .values((
                file_chunks::organization_id.eq(self.organization.as_i64()),
                file_chunks::file_id.eq(self.id.as_i64()),
                file_chunks::ordinal.eq(self.ordinal),
                file_chunks::content.eq(&self.buffer),
            ))
            .execute(self.conn)?;
        self.ordinal += 1;
        self.buffer.clear();
        Ok(())
    }

    /// Stores the rest, the size and the hash.
    pub fn finish(mut self) -> Result<(), StoreError> {
        self.store_piece()?;
        let size = i64::try_from(self.size).map_err(|e| StoreError::Broken(e.to_string()))?;
        let key = (self.organization.as_i64(), self.id.as_i64());
        diesel::update(files::table.find(key))
            .set((files::size_bytes.eq(size), files::sha256.eq(hex(self.digest))))
            .execute(self.conn)?;
        Ok(())
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = PIECE_BYTES.saturating_sub(self.buffer.len());
        let (taken, _) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.buffer.extend_from_slice(taken);
        self.digest.update(taken);
        self.size += u64::try_from(taken.len()).unwrap_or(0);
        if self.buffer.len() >= PIECE_BYTES {
            self.store_piece().map_err(io::Error::other)?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A digest in hex.
pub fn hex(digest: Sha256) -> String {
    use std::fmt::Write as _;
    digest.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A file's name, size and hash.
pub fn head(
    conn: &mut Conn,
    organization: OrganizationId,
    id: FileId,
) -> Result<StoredFile, StoreError> {
    let (name, size, sha256): (String, i64, String) = files::table
        .find((organization.as_i64(), id.as_i64()))
        .select((files::name, files::size_bytes, files::sha256))
        .first(conn)?;
    let size = u64::try_from(size).map_err(|_| types::broken("files.size_bytes"))?;
    Ok(StoredFile { id, name, size, sha256 })
}

/// One piece of a file, 0 first; none after the last.
pub fn piece(
    conn: &mut Conn,
    organization: OrganizationId,
    id: FileId,
    ordinal: i32,
) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(file_chunks::table
        .find((organization.as_i64(), id.as_i64(), ordinal))
        .select(file_chunks::content)
        .first(conn)
        .optional()?)
}

/// Reads a file's bytes, piece by piece, and hashes them.
pub struct Source<'a> {
    conn: &'a mut Conn,
    organization: OrganizationId,
    id: FileId,
    ordinal: i32,
    piece: io::Cursor<Vec<u8>>,
    digest: Sha256,
}

impl<'a> Source<'a> {
    /// From the first byte.
    pub fn new(conn: &'a mut Conn, organization: OrganizationId, id: FileId) -> Self {
        let piece = io::Cursor::new(Vec::new());
        Self { conn, organization, id, ordinal: 0, piece, digest: Sha256::new() }
    }

    /// SHA-256 in hex of all that was read.
    pub fn sha256(self) -> String {
        hex(self.digest)
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = self.piece.read(buffer)?;
        if count == 0 && !buffer.is_empty() {
            let next = piece(self.conn, self.organization, self.id, self.ordinal);
            let Some(bytes) = next.map_err(io::Error::other)? else { return Ok(0) };
            self.ordinal += 1;
            self.piece = io::Cursor::new(bytes);
            count = self.piece.read(buffer)?;
        }
        self.digest.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}
