//! What of a pack has no fault of its own so far: rules that come after it are held against that.

use super::model::Service;
use super::modifier_rule::{ModifierRule, can_carry};
use super::reader::{Reader, Spot};
use super::table::Table;
use crate::domain::codes::Modifier;
use crate::domain::identifiers::Key;
use crate::domain::text::Invalid;

/// What has no fault of its own so far.
#[derive(Clone, Copy)]
pub(super) struct Sound<'s> {
    /// Services.
    pub(super) services: &'s [Service],
    /// Rules that add modifiers.
    pub(super) modifiers: &'s [ModifierRule],
    /// Services the length of whose unit is not known.
    pub(super) unmeasured: &'s [Key],
}

impl<'s> Sound<'s> {
    /// These services; none when one of them has faults of its own and may have what is named.
    pub(super) fn of(self, keys: &[Key]) -> Option<Vec<&'s Service>> {
        let counted: Vec<&Service> =
            self.services.iter().filter(|s| keys.contains(&s.key)).collect();
        Some(counted).filter(|counted| counted.len() == keys.len())
    }

    /// Whether the length of its unit is known.
    pub(super) fn is_measured(self, service: &Service) -> bool {
        !self.unmeasured.contains(&service.key)
    }

    /// Modifiers that narrow a rule to some lines of these services.
    pub(super) fn modifiers(
        self,
        r: &mut Reader,
        table: &Table<'_>,
        services: &[Key],
    ) -> Vec<Modifier> {
        read_counted(r, table, "modifiers", self.of(services).as_deref(), |service, modifier| {
            can_carry(service, self.modifiers, modifier)
        })
    }
}

/// What narrows a rule to some lines; each must stand on a line of one of its services, or the rule
/// would silently be about nothing.
pub(super) fn read_counted<T>(
    r: &mut Reader,
    table: &Table<'_>,
    key: &str,
    counted: Option<&[&Service]>,
    on: impl Fn(&Service, &T) -> bool,
) -> Vec<T>
where
    T: std::str::FromStr<Err = Invalid> + PartialEq,
{
    let named: Vec<(Spot<'_>, T)> = table.get(key).map(|s| s.values(r)).unwrap_or_default();
    for (spot, value) in &named {
        if counted.is_some_and(|services| !services.iter().any(|s| on(s, value))) {
            spot.refuse(r, "no service of this rule can have it on a line; correct or remove it");
        }
    }
    named.into_iter().map(|(_, value)| value).collect()
}
