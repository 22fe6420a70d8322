//! From ready visits to a delivered file, as a biller does it: build, look, release, fetch, send,
//! note the receipt.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::CliError;
use super::client::Client;
use super::files::Sender;
use super::folder::Folder;
use crate::domain::money::Money;

/// A batch that was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Delivered {
    /// Claims.
    pub(super) claims: u64,
    /// Claim lines.
    pub(super) lines: u64,
    /// Units.
    pub(super) units: u64,
    /// What is charged.
    pub(super) charge: Money,
    /// What the contract should pay.
    pub(super) expected: Money,
}

fn odd(name: &str) -> CliError {
    CliError::Other(format!("the answer about a batch lacks {name}"))
}

fn text<'a>(batch: &'a Value, pointer: &str) -> Result<&'a str, CliError> {
    batch.pointer(pointer).and_then(Value::as_str).ok_or_else(|| odd(pointer))
}

fn number(batch: &Value, pointer: &str) -> Result<u64, CliError> {
    batch.pointer(pointer).and_then(Value::as_u64).ok_or_else(|| odd(pointer))
}

fn money(batch: &Value, pointer: &str) -> Result<Money, CliError> {
    Money::parse(text(batch, pointer)?).map_err(|_| odd(pointer))
}

/// Makes and delivers an organization's batch of the visits through a day; its files go into the
/// folder, the table as `batch-ORGANIZATION-MONTH.csv`.
pub(super) async fn batch(
    client: &Client,
    sender: &Sender,
    through: NaiveDate,
    folder: &mut Folder,
) -> Result<Delivered, CliError> {
    let wanted = json!({"payer": sender.payer, "through": through});
    let built = client.post("/v1/batches", &wanted).await?.good("a new batch")?.json()?;
    let path = format!("/v1/batches/{}", text(&built, "/id")?);
    let file = text(&built, "/file/name")?.to_owned();
    let table = format!("batch-{}-{}.csv", sender.key, through.format("%Y-%m"));
    let rows = client.get(&format!("{path}/csv")).await?.good("the table of a batch")?;
    folder.write(&table, &rows.body)?;
    let release = client.post(&format!("{path}/release"), &json!({})).await?;
    release.good("the release of a batch")?;
    let bytes = client.get(&format!("{path}/837p")).await?.good("the file of a batch")?;
    folder.write(&file, &bytes.body)?;
    let receipt = json!({
        "how": "demo folder",
        "to": sender.payer,
        "reference": format!("DEMO-{}", number(&built, "/interchange_control")?),
    });
    let delivered = client.post(&format!("{path}/delivered"), &receipt).await?;
    let last = delivered.good("the receipt of a batch")?.json()?;
    Ok(Delivered {
        claims: number(&last, "/claims")?,
        lines: number(&last, "/lines")?,
        units: number(&last, "/units")?,
        charge: money(&last, "/charge")?,
        expected: money(&last, "/expected")?,
    })
}
