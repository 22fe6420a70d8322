//! What happened, told to a person: one part for each organization, then the batches, then the
//! report. Plain text on standard output.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use super::bill::Delivered;
use super::files::Sender;
use super::tally::Tally;
use super::words::reason;
use crate::domain::money::Money;

/// Widest table: more is hard to read on a terminal.
const WIDTH: u16 = 110;

/// A table with its head.
pub(super) fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(WIDTH).set_header(head.iter().map(|h| Cell::new(*h)));
    table
}

/// A number stands to the right.
pub(super) fn right(text: impl std::fmt::Display) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn visits(number: u64) -> String {
    count(number, "visit", "visits")
}

/// An organization's visits.
pub(super) fn organization(sender: &Sender, tally: &Tally) {
    println!("\n{}  ({})", sender.name, sender.payer);
    println!("{}", "-".repeat(sender.name.len() + sender.payer.len() + 4));
    let repeats = match tally.repeats {
        0 => String::new(),
        n => format!(", {} sent again and recorded once", count(n, "row", "rows")),
    };
    println!(
        "{} sent: {} recorded{repeats}, {} refused.",
        count(tally.sent, "row", "rows"),
        visits(tally.recorded()),
        count(u64::try_from(tally.refused.len()).unwrap_or(0), "row", "rows"),
    );
    if tally.in_groups > 0 {
        let groups = u64::try_from(tally.groups.len()).unwrap_or(0);
        println!("  {} in {}.", visits(tally.in_groups), count(groups, "group", "groups"));
    }
    println!("  ready        {:>4}   {} dollars expected", tally.ready, tally.expected);
    if tally.in_part > 0 {
        println!("                      ({} of them in part)", tally.in_part);
    }
    println!("  held         {:>4}   a person can mend them", tally.held);
    println!("  not billable {:>4}   kept and reported, never claimed", tally.non_billable);
    waiting(tally);
    for (rule, number) in &tally.not_billable {
        println!("Not billable: {} ({}).", visits(*number), reason(rule));
    }
    if !tally.refused.is_empty() {
        println!("Refused rows, to be mended and sent again:");
        for row in &tally.refused {
            println!("  {} row {}: {}", row.file, row.line, row.why);
        }
    }
}

/// Why visits wait, what costs most first.
fn waiting(tally: &Tally) {
    let mut reasons: Vec<_> = tally.waiting.iter().collect();
    reasons.sort_by(|a, b| b.1.dollars.cmp(&a.1.dollars).then(a.0.cmp(b.0)));
    let mut table = table(&["Why visits, or a part of them, wait", "Visits", "Units", "Dollars"]);
    for (rule, why) in reasons {
        let cells = [right(why.visits), right(why.units), right(why.dollars)];
        table.add_row(std::iter::once(Cell::new(reason(rule))).chain(cells));
    }
    let all: u64 = tally.waiting.values().map(|w| w.visits).sum();
    let units: u64 = tally.waiting.values().map(|w| w.units).sum();
    table.add_row([Cell::new("all"), right(all), right(units), right(tally.at_stake())]);
    println!("{table}");
}

/// The batches of each organization; `visits` is what the visits in them were to bring, each rounded
/// for itself.
pub(super) fn batches(batches: &[(&Sender, Vec<Delivered>)], visits: Money) {
    println!("\nBatches, one a month, released and delivered");
    println!("--------------------------------------------");
    let head = ["Organization", "Batches", "Claims", "Lines", "Units", "Charged", "Expected"];
    let mut table = table(&head);
    for (sender, own) in batches {
        add(&mut table, sender.name, own.iter().collect());
    }
    let all: Vec<&Delivered> = batches.iter().flat_map(|(_, own)| own).collect();
    let claimed: Money = all.iter().map(|b| b.expected).sum();
    add(&mut table, "all", all);
    println!("{table}");
    if claimed != visits {
        println!(
            "Visits of a day that are one claim line are rounded to cents once: {claimed} on the \
             claims, {visits} visit by visit."
        );
    }
}

fn add(table: &mut Table, name: &str, batches: Vec<&Delivered>) {
    let sum = |of: fn(&Delivered) -> u64| batches.iter().map(|b| of(b)).sum::<u64>();
    let dollars = |of: fn(&Delivered) -> Money| batches.iter().map(|b| of(b)).sum::<Money>();
    table.add_row([
        Cell::new(name),
        right(batches.len()),
        right(sum(|b| b.claims)),
        right(sum(|b| b.lines)),
        right(sum(|b| b.units)),
        right(dollars(|b| b.charge)),
        right(dollars(|b| b.expected)),
    ]);
}
