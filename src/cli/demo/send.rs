//! Sends an organization's visits as its own system would, and counts the answers.

use serde_json::{Value, json};

use super::CliError;
use super::client::Client;
use super::files::{File, Sender, Upload};
use super::folder::Folder;
use super::progress::Step;
use super::tally::Tally;

/// Sends all files of an organization. The answers to uploads are kept in the folder.
pub(super) async fn visits(
    client: &Client,
    sender: &Sender,
    folder: &mut Folder,
) -> Result<Tally, CliError> {
    let mut tally = Tally::default();
    let rows = sender.uploads.iter().map(Upload::rows).sum::<Result<usize, CliError>>()?;
    let step = Step::begin(sender.name, rows);
    for upload in sender.uploads {
        match upload {
            Upload::Csv(file) => bulk(client, file, "text/csv", folder, &mut tally, &step).await?,
            Upload::NdJson(file) => {
                bulk(client, file, "application/x-ndjson", folder, &mut tally, &step).await?;
            }
            Upload::OneByOne(file) => one_by_one(client, file, folder, &mut tally, &step).await?,
        }
    }
    step.end(&format!("{} visits recorded, {} rows sent", tally.recorded(), tally.sent));
    Ok(tally)
}

async fn bulk(
    client: &Client,
    file: &File,
    media: &str,
    folder: &mut Folder,
    tally: &mut Tally,
    step: &Step,
) -> Result<(), CliError> {
    let answer = client.upload("/v1/encounters/bulk", media, file.text).await?;
    let answer = answer.good(file.name)?;
    folder.write(&answers_name(file), &answer.body)?;
    for line in answer.body.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        let row: Value = serde_json::from_slice(line)
            .map_err(|e| CliError::Other(format!("a row's answer is not JSON: {e}")))?;
        let number = |name: &str| row.get(name).and_then(Value::as_u64);
        let (Some(status), Some(place)) = (number("status"), number("line")) else {
            return Err(CliError::Other("a row's answer has no status or line".into()));
        };
        let body = row.get("encounter").or_else(|| row.get("error")).unwrap_or(&Value::Null);
        let status = u16::try_from(status).unwrap_or_default();
        tally.count((file.short(), place), status, body)?;
        step.done(1);
    }
    Ok(())
}

async fn one_by_one(
    client: &Client,
    file: &File,
    folder: &mut Folder,
    tally: &mut Tally,
    step: &Step,
) -> Result<(), CliError> {
    let mut answers = String::new();
    for (visit, place) in items(file)?.iter().zip(1..) {
        let answer = client.post("/v1/encounters", visit).await?;
        let body = answer.json()?;
        tally.count((file.short(), place), answer.status, &body)?;
        // Kept as the answers to uploads are.
        let name = if answer.status < 300 { "encounter" } else { "error" };
        let line = json!({"row": place, "line": place, "status": answer.status, name: body});
        answers.extend([line.to_string().as_str(), "\n"]);
        step.done(1);
    }
    folder.write(&answers_name(file), answers.as_bytes())
}

/// Where the answers to a file are kept.
fn answers_name(file: &File) -> String {
    let name = file.short().split('.').next().unwrap_or_default();
    format!("answers-{}.ndjson", name.trim_start_matches("encounters-"))
}

fn items(file: &File) -> Result<Vec<Value>, CliError> {
    serde_json::from_str(file.text).map_err(|e| CliError::Other(format!("{}: {e}", file.name)))
}

impl Upload {
    fn rows(&self) -> Result<usize, CliError> {
        Ok(match self {
            Self::Csv(file) => file.text.lines().count().saturating_sub(1),
            Self::NdJson(file) => file.text.lines().count(),
            Self::OneByOne(file) => items(file)?.len(),
        })
    }
}
