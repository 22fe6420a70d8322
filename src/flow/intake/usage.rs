//! The bench's usage: what was drawn on the accounts of a chunk's members. What the chunk itself
//! draws is added in memory, and can be lifted off again.

use std::collections::HashMap;

use crate::domain::facts::{AuthorizationFact, Usage};
use crate::domain::ids::{AccountId, AuthorizationId, EncounterId};

/// What was drawn.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    rows: Vec<Row>,
    of_account: HashMap<AccountId, Vec<usize>>,
    of_authorization: HashMap<AuthorizationId, Vec<usize>>,
    of_encounter: HashMap<EncounterId, Vec<usize>>,
}

#[derive(Debug)]
struct Row {
    account: AccountId,
    usage: Usage,
    lifted: bool,
}

impl Drawn {
    /// Adds units drawn on an account; `of` is the encounter of the chunk that draws them.
    pub(super) fn put(&mut self, account: AccountId, of: Option<EncounterId>, usage: Usage) {
        let index = self.rows.len();
        self.of_account.entry(account).or_default().push(index);
        if let Some(authorization) = usage.authorization {
            self.of_authorization.entry(authorization).or_default().push(index);
        }
        if let Some(id) = of {
            self.of_encounter.entry(id).or_default().push(index);
        }
        self.rows.push(Row { account, usage, lifted: false });
    }

    /// What a decision about an encounter of this account may look at.
    pub(super) fn of(
        &self,
        account: Option<AccountId>,
        authorizations: &[AuthorizationFact],
    ) -> Vec<Usage> {
        let of_account = account.and_then(|a| self.of_account.get(&a)).into_iter().flatten();
        let elsewhere = authorizations
            .iter()
            .filter_map(|a| self.of_authorization.get(&a.id))
            .flatten()
            .filter(|i| self.rows.get(**i).is_some_and(|row| Some(row.account) != account));
        of_account
            .chain(elsewhere)
            .filter_map(|index| self.rows.get(*index))
            .filter(|row| !row.lifted && row.usage.units != 0)
            .map(|row| row.usage.clone())
            .collect()
    }

    /// Adds to what an account holds; less than nothing takes away from rows that are alike.
    pub(super) fn change(&mut self, account: AccountId, change: Usage) {
        if change.units > 0 {
            return self.put(account, None, change);
        }
        let mut left = change.units.saturating_neg();
        for index in self.of_account.get(&account).into_iter().flatten() {
            let Some(row) = self.rows.get_mut(*index).map(|row| &mut row.usage) else { continue };
            let alike = (&row.service, row.date, row.authorization)
                == (&change.service, change.date, change.authorization);
            if alike {
                let taken = left.min(row.units);
                row.units = row.units.saturating_sub(taken);
                left = left.saturating_sub(taken);
            }
        }
    }

    /// Takes away what an encounter of the chunk draws; gives the places of what was taken.
    pub(super) fn lift(&mut self, id: EncounterId) -> Vec<usize> {
        let mut lifted = Vec::new();
        for index in self.of_encounter.get(&id).into_iter().flatten() {
            if let Some(row) = self.rows.get_mut(*index).filter(|row| !row.lifted) {
                row.lifted = true;
                lifted.push(*index);
            }
        }
        lifted
    }

    /// Puts back what was lifted.
    pub(super) fn restore(&mut self, lifted: Vec<usize>) {
        for index in lifted {
            if let Some(row) = self.rows.get_mut(index) {
                row.lifted = false;
            }
        }
    }
}
