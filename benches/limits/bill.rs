//! Batches of a year's visits, month by month, as a biller builds and releases them.

use peerclaims::domain::ids::{BatchId, OrganizationId, PayerId};
use peerclaims::error::{AppError, Code};
use peerclaims::flow::{Ctx, batches, batching};
use peerclaims::store::{self, Conn, Scope};
use peerclaims::synth::Year;

/// The organization's payers.
async fn payers(ctx: &Ctx, tenant: OrganizationId) -> Vec<PayerId> {
    let read = move |conn: &mut Conn| store::contracts::versions_of(conn, tenant);
    let versions = ctx.db.read(Scope::Tenant(tenant), read).await.unwrap();
    let mut payers: Vec<PayerId> = versions.iter().map(|v| v.payer).collect();
    payers.sort_unstable();
    payers.dedup();
    payers
}

/// Builds and releases batches of all that is ready of a month.
pub async fn bill(ctx: &Ctx, tenant: OrganizationId, year: Year, month: u32) -> Vec<BatchId> {
    let through = year.days_of(month).last().unwrap();
    let mut batches = Vec::new();
    for payer in payers(ctx, tenant).await {
        loop {
            let work = ctx.clone();
            let build = move |conn: &mut Conn| {
                let built = batching::build_in(&work, conn, tenant, payer, through)?;
                Ok::<_, AppError>(built.batch.id)
            };
            let id = match ctx.db.write(Scope::Tenant(tenant), build).await {
                Ok(id) => id,
                Err(error) if error.code == Code::NothingReady => break,
                Err(error) => panic!("{error:?}"),
            };
            let work = ctx.clone();
            let release = move |conn: &mut Conn| batches::release_in(&work, conn, tenant, id);
            ctx.db.write(Scope::Tenant(tenant), release).await.unwrap();
            batches.push(id);
        }
    }
    batches
}
