//! `peerclaims import sessions FILE`: the bulk upload of sessions from the command line. Each session
//! stands for itself: all of its encounters are recorded, or none.

use std::path::Path;

use super::CliError;
use super::encounters::{form, open, owner, tell};
use crate::domain::identifiers::Key;
use crate::flow::Ctx;
use crate::flow::intake::Reading;
use crate::flow::sessions::record_session;
use crate::http::bulk_rows::{Form, Rows};
use crate::http::sessions_bulk::SESSIONS;

/// Records the sessions of a file; refused ones go to standard error, the counts to standard output.
pub(super) async fn run(
    ctx: &Ctx,
    file: &Path,
    organization: Option<&Key>,
) -> Result<(), CliError> {
    let tenant = owner(ctx, organization).await?;
    let form = form(file)?;
    if form == Form::Csv {
        let text = "sessions come as .ndjson, .jsonl or .json; in a .csv file each visit names its \
                    session: import it as encounters";
        return Err(CliError::Other(text.to_owned()));
    }
    let reading = Reading { local: None, not_after: Some(ctx.now()) };
    let mut rows = Rows::of(open(file)?, form, reading, SESSIONS)?;
    let (mut sessions, mut visits, mut repeated, mut refused) = (0u64, 0usize, 0u64, 0u64);
    while let Some(row) = rows.next_row()? {
        let line = row.line;
        let result = match &row.parsed {
            Ok(parsed) => record_session(ctx, tenant, parsed.clone()).await,
            Err(error) => {
                refused += 1;
                tell(line, error);
                continue;
            }
        };
        match result {
            Ok(recorded) if recorded.fresh => {
                sessions += 1;
                visits += recorded.encounters.len();
            }
            Ok(_) => repeated += 1,
            Err(error) => {
                refused += 1;
                tell(line, &row.place(error));
            }
        }
    }
    println!("recorded: {sessions} sessions, {visits} visits");
    println!("repeated: {repeated}");
    println!("refused: {refused}");
    if refused == 0 {
        return Ok(());
    }
    Err(CliError::Other(format!("{refused} sessions were refused; the others are recorded")))
}
