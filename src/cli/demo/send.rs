//! Sends an organization's visits as its own system would, month by month, and counts the answers.

use serde_json::{Value, json};

use super::CliError;
use super::client::Client;
use super::files::{File, Sender, Upload};
use super::folder::Folder;
use super::tally::Tally;

/// Sends a file of an organization. The answers are kept in the folder.
pub(super) async fn visits(
    client: &Client,
    sender: &Sender,
    upload: &Upload,
    folder: &mut Folder,
    tally: &mut Tally,
) -> Result<(), CliError> {
    match upload {
        Upload::Whole(file) => bulk(client, file, sender.form.media(), folder, tally).await,
        Upload::OneByOne(file) => one_by_one(client, file, folder, tally).await,
        Upload::Session(file) => session(client, file, folder, tally).await,
    }
}

async fn bulk(
    client: &Client,
    file: &File,
    media: &str,
    folder: &mut Folder,
    tally: &mut Tally,
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
    }
    Ok(())
}

async fn one_by_one(
    client: &Client,
    file: &File,
    folder: &mut Folder,
    tally: &mut Tally,
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
    }
    folder.write(&answers_name(file), answers.as_bytes())
}

/// One meeting: its members' visits are recorded together, and answered for one by one.
async fn session(
    client: &Client,
    file: &File,
    folder: &mut Folder,
    tally: &mut Tally,
) -> Result<(), CliError> {
    let wrong = |e: serde_json::Error| CliError::Other(format!("{}: {e}", file.name));
    let meeting: Value = serde_json::from_str(file.text).map_err(wrong)?;
    let answer = client.post("/v1/sessions", &meeting).await?.good(file.name)?;
    let body = answer.json()?;
    let encounters = body.get("encounters").and_then(Value::as_array);
    let encounters = encounters
        .ok_or_else(|| CliError::Other(format!("the answer to {} has no encounters", file.name)))?;
    let mut answers = String::new();
    for (encounter, place) in encounters.iter().zip(1u64..) {
        tally.count((file.short(), place), answer.status, encounter)?;
        let status = answer.status;
        let line = json!({"row": place, "line": place, "status": status, "encounter": encounter});
        answers.extend([line.to_string().as_str(), "\n"]);
    }
    folder.write(&answers_name(file), answers.as_bytes())
}

/// Where the answers to a file are kept: those to `encounters/river-bend/2026-03.csv` in
/// `answers-river-bend-2026-03.ndjson`.
fn answers_name(file: &File) -> String {
    let name = file.short().split('.').next().unwrap_or_default();
    format!("answers-{}.ndjson", name.trim_start_matches("encounters/").replace('/', "-"))
}

fn items(file: &File) -> Result<Vec<Value>, CliError> {
    serde_json::from_str(file.text).map_err(|e| CliError::Other(format!("{}: {e}", file.name)))
}
