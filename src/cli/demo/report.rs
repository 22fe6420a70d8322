//! The utilization report of the year, kept as JSON and CSV and shown as a table.

use comfy_table::{Cell, Table};
use serde::Deserialize;

use super::CliError;
use super::client::Client;
use super::folder::Folder;
use super::story::{right, table};

/// First and last service date of the year.
const FROM: &str = "2026-01-01";
const THROUGH: &str = "2026-12-31";

/// As much of the report as the table shows.
#[derive(Debug, Deserialize)]
pub(super) struct Report {
    rows: Vec<Row>,
    subtotals: Vec<Row>,
    totals: Measures,
    ties: Ties,
}

#[derive(Debug, Deserialize)]
struct Row {
    organization: String,
    month: Option<String>,
    #[serde(flatten)]
    measures: Measures,
}

#[derive(Debug, Deserialize)]
struct Measures {
    members: i64,
    encounters_recorded: i64,
    encounters_submitted: i64,
    units_submitted: Option<i64>,
    contact_hours: String,
    units_per_member: Option<String>,
    billed: String,
    expected: String,
}

#[derive(Debug, Deserialize)]
struct Ties {
    ties: bool,
}

/// Fetches the report in both forms and keeps them.
pub(super) async fn fetch(client: &Client, folder: &mut Folder) -> Result<Report, CliError> {
    let path =
        format!("/v1/reports/utilization?from={FROM}&to={THROUGH}&group_by=organization,month");
    let csv = client.get_as(&path, "text/csv").await?.good("the report as CSV")?;
    folder.write("report.csv", &csv.body)?;
    let json = client.get_as(&path, "application/json").await?.good("the report")?;
    folder.write("report.json", &json.body)?;
    serde_json::from_slice(&json.body)
        .map_err(|e| CliError::Other(format!("the report is not as expected: {e}")))
}

/// Shows the report.
pub(super) fn print(report: &Report) {
    println!("\nUtilization, January to December 2026");
    println!("-------------------------------------");
    let mut table = table(&[
        "Organization",
        "Month",
        "Members",
        "Visits",
        "Visits\nbilled",
        "Units\nbilled",
        "Hours",
        "Units per\nmember",
        "Dollars\nbilled",
        "Dollars\nexpected",
    ]);
    for level in &report.subtotals {
        for row in report.rows.iter().filter(|r| r.organization == level.organization) {
            add(&mut table, &row.organization, row.month.as_deref(), &row.measures);
        }
        add(&mut table, &level.organization, None, &level.measures);
    }
    add(&mut table, "all", None, &report.totals);
    println!("{table}");
    println!("Members are different people on each line, so those numbers do not add up.");
    if report.ties.ties {
        println!(
            "The report ties: rows to totals, visits to what became of them, dollars to claims."
        );
    } else {
        println!("The report does NOT tie; report.json says where.");
    }
}

fn add(table: &mut Table, organization: &str, month: Option<&str>, m: &Measures) {
    table.add_row([
        Cell::new(organization),
        Cell::new(month.unwrap_or("all")),
        right(m.members),
        right(m.encounters_recorded),
        right(m.encounters_submitted),
        right(m.units_submitted.map(|units| units.to_string()).unwrap_or_default()),
        right(&m.contact_hours),
        right(m.units_per_member.as_deref().unwrap_or("")),
        right(&m.billed),
        right(&m.expected),
    ]);
}
