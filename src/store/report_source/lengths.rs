//! How many minutes a unit is: a contract version says it of each service, and another version may say
//! another length, so that units of both are not one number.

use std::collections::HashMap;

use crate::store::conn::Conn;
use crate::store::error::StoreError;

/// Reads the services of a contract version with the minutes of their units.
type Read<'a> = dyn FnMut(&mut Conn, i64) -> Result<HashMap<String, i64>, StoreError> + 'a;

/// The lengths of units of an organization's contract versions, each read once.
pub struct Lengths<'a> {
    known: HashMap<i64, HashMap<String, i64>>,
    read: &'a mut Read<'a>,
}

impl std::fmt::Debug for Lengths<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lengths").field("known", &self.known).finish_non_exhaustive()
    }
}

impl<'a> Lengths<'a> {
    /// Of one organization, whose versions `read` knows.
    pub fn new(read: &'a mut Read<'a>) -> Self {
        Self { known: HashMap::new(), read }
    }

    /// Minutes of a unit of a service; none where the version does not know it.
    pub fn of(
        &mut self,
        conn: &mut Conn,
        version: i64,
        service: &str,
    ) -> Result<Option<i64>, StoreError> {
        if let Some(services) = self.known.get(&version) {
            return Ok(services.get(service).copied());
        }
        let services = (self.read)(conn, version)?;
        let minutes = services.get(service).copied();
        self.known.insert(version, services);
        Ok(minutes)
    }
}
