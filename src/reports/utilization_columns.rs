//! What the columns of the utilization report mean, in their order.

use super::table::Column;

/// Those it can be grouped by first, then what is counted.
pub const COLUMNS: &[Column] = &[
    Column::key(
        "month",
        "month of the date that the basis names; this and the next are null (not_grouped) where the level is \
         not grouped by them",
    ),
    Column::key("organization", "key of the organization"),
    Column::key("service", "service of the contract; none where the rules found none"),
    Column::key("role", "role in which the peer worked"),
    Column::key("mode", "in_person, video or audio, as recorded"),
    Column::key("setting", "where the member was"),
    Column::key(
        "program",
        "program that the visit names; none where it names none, and for a payer where it is a site or grant",
    ),
    Column::distinct(
        "members",
        "people",
        "different people: for a payer under all of their numbers, by roster for an organization",
    ),
    Column::sum(
        "encounters_recorded",
        "contacts",
        "contacts that are not void; for a payer: on released claims",
    ),
    Column::sum("encounters_ready", "contacts", "contacts: can be claimed; null for a payer"),
    Column::sum("encounters_held", "contacts", "contacts: wait for a person; null for a payer"),
    Column::sum(
        "encounters_non_billable",
        "contacts",
        "contacts: are never claimed; null for a payer",
    ),
    Column::sum(
        "encounters_claimed",
        "contacts",
        "contacts: on a claim that is not released; null for a payer",
    ),
    Column::sum("encounters_submitted", "contacts", "contacts: on a released claim"),
    Column::sum(
        "units_recorded",
        "units",
        "units of all lines that count; for a payer: of released claims; this and the next are null \
         (mixed_units) where units of different lengths would be added",
    ),
    Column::sum("units_ready", "units", "units of ready lines; null for a payer"),
    Column::sum("units_held", "units", "units of held lines; null for a payer"),
    Column::sum(
        "units_claimed",
        "units",
        "units on claims that are not released; null for a payer",
    ),
    Column::sum("units_submitted", "units", "units on released claims"),
    Column::sum("contact_minutes", "minutes", "minutes of the contacts"),
    Column::rate("contact_hours", "hours", "contact_minutes / 60").places(2),
    Column::rate(
        "units_per_member",
        "units",
        "units_recorded / members; null without members or those units",
    )
    .places(2),
    Column::money("billed", "charges on released live claims"),
    Column::money("expected", "what the contract should pay for those"),
    Column::money("paid", "null: remittances are not posted yet"),
];
