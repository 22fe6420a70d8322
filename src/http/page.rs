//! Keyset pages: a page starts after the last id of the one before, so that rows which come or go
//! meanwhile never shift it.
//!
//! The cursor is opaque: version, last id, and a digest of the list's filters, so that a cursor
//! is refused on a list with other filters.

use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::error::{AppError, Code};

/// Rows of a page when the caller does not say.
const DEFAULT_LIMIT: u16 = 50;
/// Most rows of a page: keeps answers below a megabyte.
const MAX_LIMIT: u16 = 200;
/// First character of a cursor: a later form takes another one.
const VERSION: &str = "1";
/// The same of a cursor that has a rank.
const RANKED_VERSION: &str = "r";
/// Hexadecimal digits of an id and of the digest in a cursor.
const PART: usize = 16;

/// Which page is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Rows wanted.
    limit: u16,
    /// The stored number of the last id of the page before.
    pub after: Option<i64>,
    digest: String,
}

/// A page as it is sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageBody<T> {
    /// The rows.
    pub items: Vec<T>,
    /// For the next page; null on the last one.
    pub next_cursor: Option<String>,
}

impl Page {
    /// From the parameters `limit` and `cursor`. `list` names the list and all that filters it,
    /// the tenant included.
    pub fn new(
        limit: Option<u16>,
        cursor: Option<&str>,
        list: &impl Serialize,
    ) -> Result<Self, AppError> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            let detail = format!("Parameter limit: write a whole number from 1 to {MAX_LIMIT}.");
            return Err(AppError::new(Code::InvalidParameter, detail));
        }
        let filters = serde_json::to_vec(list)
            .map_err(|e| AppError::internal(format!("filters cannot be written: {e}")))?;
        let hash = Sha256::digest(&filters);
        let bytes = hash.iter().take(PART / 2);
        let digest = bytes.fold(String::new(), |out, byte| format!("{out}{byte:02x}"));
        let after = cursor.map(|text| last_id(text, &digest)).transpose()?;
        Ok(Self { limit, after, digest })
    }

    /// Rows to read from the database: one more than wanted tells whether there is a next page.
    pub fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The cursor of what comes after an id.
    pub fn cursor(&self, id: i64) -> String {
        format!("{VERSION}{id:016x}{}", self.digest)
    }

    /// Rows wanted.
    pub fn limit(&self) -> usize {
        usize::from(self.limit)
    }

    /// The answer, from up to [`Page::rows`] rows in order of id.
    pub fn body<R, T>(
        &self,
        rows: Vec<R>,
        id: impl Fn(&R) -> i64,
        show: impl FnMut(R) -> T,
    ) -> PageBody<T> {
        self.cut(rows, |last| self.cursor(id(last)), show)
    }

    /// The rows wanted; the cursor is made from the last of them when there are more.
    fn cut<R, T>(
        &self,
        mut rows: Vec<R>,
        cursor: impl FnOnce(&R) -> String,
        show: impl FnMut(R) -> T,
    ) -> PageBody<T> {
        let limit = usize::from(self.limit);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(cursor);
        PageBody { items: rows.into_iter().map(show).collect(), next_cursor }
    }
}

/// Where a row of a list stands that is sorted by a rank: the lowest rank first, then by id.
pub type RankedPlace = (i64, i64);

impl Page {
    /// As [`Page::new`], for a list that is sorted by a rank; with the place of the last row of the
    /// page before.
    pub fn ranked(
        limit: Option<u16>,
        cursor: Option<&str>,
        list: &impl Serialize,
    ) -> Result<(Self, Option<RankedPlace>), AppError> {
        let page = Self::new(limit, None, list)?;
        let after = cursor.map(|text| last_place(text, &page.digest)).transpose()?;
        Ok((page, after))
    }

    /// As [`Page::body`], for a list that is sorted by a rank.
    pub fn ranked_body<R, T>(
        &self,
        rows: Vec<R>,
        place: impl Fn(&R) -> RankedPlace,
        show: impl FnMut(R) -> T,
    ) -> PageBody<T> {
        let cursor = |last: &R| {
            let (rank, id) = place(last);
            let rank = rank.cast_unsigned();
            format!("{RANKED_VERSION}{rank:016x}{id:016x}{}", self.digest)
        };
        self.cut(rows, cursor, show)
    }
}

fn last_place(text: &str, digest: &str) -> Result<RankedPlace, AppError> {
    let hex = |part: &str| {
        let digits = part.len() == PART && part.bytes().all(|b| b.is_ascii_hexdigit());
        u64::from_str_radix(part, 16).ok().filter(|_| digits).map(u64::cast_signed)
    };
    let parts = || {
        let (rank, rest) = text.strip_prefix(RANKED_VERSION)?.split_at_checked(PART)?;
        let (id, of_list) = rest.split_at_checked(PART)?;
        (of_list == digest).then_some((hex(rank)?, hex(id).filter(|id| *id >= 0)?))
    };
    parts().ok_or_else(refused)
}

fn refused() -> AppError {
    let detail = "Parameter cursor: take next_cursor of the page before, unchanged, with the same \
                  filters.";
    AppError::new(Code::InvalidParameter, detail)
}

fn last_id(text: &str, digest: &str) -> Result<i64, AppError> {
    let rest = text.strip_prefix(VERSION).ok_or_else(refused)?;
    let (id, of_list) = rest.split_at_checked(PART).ok_or_else(refused)?;
    if of_list != digest || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(refused());
    }
    i64::from_str_radix(id, 16).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let page = Page::new(Some(1), None, &("things", 1)).unwrap();
        let body = page.body(vec![5i64, 6], |id| *id, |id| id);
        let cursor = body.next_cursor.unwrap();
        assert_eq!(Page::new(None, Some(&cursor), &("things", 1)).unwrap().after, Some(5));
        assert!(Page::new(None, Some(&cursor), &("things", 2)).is_err());
        assert!(Page::new(Some(0), None, &()).is_err());
        assert!(Page::new(Some(201), None, &()).is_err());
    }

    proptest! {
        /// Whatever the page size, walking the pages gives every row once, in order.
        #[test]
        fn pages_join_to_the_whole(count in 0i64..40, limit in 1u16..12) {
            let (mut seen, mut cursor) = (Vec::new(), None::<String>);
            loop {
                let page = Page::new(Some(limit), cursor.as_deref(), &"list").unwrap();
                let from = page.after.map_or(0, |id| id + 1);
                let rows: Vec<i64> = (from..count).take(usize::try_from(page.rows()).unwrap()).collect();
                let body = page.body(rows, |id| *id, |id| id);
                seen.extend(body.items);
                cursor = body.next_cursor;
                if cursor.is_none() { break; }
            }
            prop_assert_eq!(seen, (0..count).collect::<Vec<_>>());
        }

        /// The same of a list that is sorted by a rank, negative ones and ties included.
        #[test]
        fn ranked_pages_join_to_the_whole(
            ranks in proptest::collection::vec(prop_oneof![-3i64..3, Just(i64::MIN), Just(i64::MAX)], 0..40),
            limit in 1u16..12,
        ) {
            let mut all: Vec<RankedPlace> = ranks.into_iter().zip(0i64..).collect();
            all.sort_unstable();
            let (mut seen, mut cursor) = (Vec::new(), None::<String>);
            loop {
                let (page, after) = Page::ranked(Some(limit), cursor.as_deref(), &"list").unwrap();
                let left = all.iter().copied().filter(|place| after.is_none_or(|a| *place > a));
                let rows: Vec<_> = left.take(usize::try_from(page.rows()).unwrap()).collect();
                let body = page.ranked_body(rows, |place| *place, |place| place);
                seen.extend(body.items);
                cursor = body.next_cursor;
                if cursor.is_none() { break; }
            }
            prop_assert_eq!(seen, all);
        }

        #[test]
        fn forged_cursors_are_refused(text in "\\PC{0,60}") {
            prop_assert!(Page::new(None, Some(&text), &"list").is_err());
            prop_assert!(Page::ranked(None, Some(&text), &"list").is_err());
        }
    }
}
