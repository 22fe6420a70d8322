//! What can be tried now: a key, and three commands that work as they stand.

use std::net::SocketAddr;

use super::files::{NEW_VISIT, SENDERS};
use super::{CliError, key};
use crate::flow::Ctx;
use crate::flow::access::Role;

/// Prints a biller's key of the first organization and three curl commands.
pub(super) async fn say(ctx: &Ctx, address: SocketAddr) -> Result<(), CliError> {
    let Some(sender) = SENDERS.first() else { return Ok(()) };
    let text = key(ctx, Role::Biller, Some(sender.key)).await?;
    // On one line, so that a command can be pasted whole.
    let visit: serde_json::Value = serde_json::from_str(NEW_VISIT)
        .map_err(|e| CliError::Other(format!("the visit to try is not JSON: {e}")))?;
    println!(
        "\nThe service answers at http://{address} (OpenAPI: /openapi.json). Stop it with Ctrl-C."
    );
    println!("A key of a biller of {}:\n\n  export KEY={text}\n", sender.name);
    println!("What would the rules say of a new visit? (Nothing is stored.)\n");
    println!("  {}\n", post(address, "decisions/preview", &visit));
    println!("Record it:\n");
    println!("  {}\n", post(address, "encounters", &visit));
    println!("The report of the year:\n");
    let query = "from=2026-01-01&to=2026-12-31&group_by=month";
    println!(
        "  curl -s -H \"Authorization: Bearer $KEY\" \
         'http://{address}/v1/reports/utilization?{query}'\n"
    );
    Ok(())
}

fn post(address: SocketAddr, path: &str, body: &serde_json::Value) -> String {
    format!(
        "curl -s -H \"Authorization: Bearer $KEY\" -H 'Content-Type: application/json' \
         http://{address}/v1/{path} -d '{body}'"
    )
}
