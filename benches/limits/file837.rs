//! The 837P of claims that are in the database already: read, written, and nothing kept; beside the
//! writing alone of the same claims.

use std::io;
use std::time::{Duration, Instant};

use peerclaims::domain::batch::Batch;
use peerclaims::domain::claim::{BillingProvider, FileHeader};
use peerclaims::domain::ids::{BatchId, OrganizationId};
use peerclaims::error::AppError;
use peerclaims::flow::Ctx;
use peerclaims::store::{self, Conn, Scope};
use peerclaims::x12::Writer837p;

use crate::Asked;
use crate::bill::bill;
use crate::send::months;
use crate::server::{context, tenant};
use crate::show::{grouped, processor, rate, seconds};
use crate::world::World;

/// Claims that are read at once.
const PAGE: i64 = 500;

#[derive(Default)]
struct Times {
    claims: u64,
    bytes: u64,
    all: Duration,
    busy: Duration,
    writing: Duration,
}

pub fn measure(asked: &Asked) {
    println!(
        "| database | claims | bytes | read and written | claims a second | processor | limit \
         | written alone | claims a second |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for backend in &asked.on {
        let world = World::new(*backend, asked.claims);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let times = runtime.block_on(files(&world));
        println!(
            "| {} | {} | {} | {} | {} | {} | 50,000 | {} | {} |",
            backend.name(),
            grouped(times.claims),
            grouped(times.bytes),
            seconds(times.all),
            grouped(rate(times.claims, times.all)),
            seconds(times.busy),
            seconds(times.writing),
            grouped(rate(times.claims, times.writing)),
        );
    }
}

async fn files(world: &World) -> Times {
    let full = world.copy("full");
    let folders = world.organizations();
    months(&full.url, world.year, &folders, 12).await;
    let mut times = Times::default();
    for month in 1..=12 {
        let ctx = context(&full.url, world.year, month);
        for folder in &folders {
            let tenant = tenant(&ctx, folder).await;
            for batch in bill(&ctx, tenant, world.year, month).await {
                file(&ctx, tenant, batch, &mut times).await;
            }
        }
    }
    times
}

async fn file(ctx: &Ctx, tenant: OrganizationId, id: BatchId, times: &mut Times) {
    let work = ctx.clone();
    let written = ctx.db.read(Scope::Tenant(tenant), move |conn| {
        let batch = store::batches::by_id(conn, tenant, id)?.unwrap();
        let header = header(&work, conn, tenant, &batch)?;
        let mut out = Counted::default();
        let mut writing = Duration::ZERO;
        let (begun, before) = (Instant::now(), processor());
        let mut writer = Writer837p::new(&mut out, &header).unwrap();
        let (mut after, mut claims) = (0, 0);
        loop {
            let page = store::claims::documents(conn, tenant, id, after, PAGE)?;
            let Some((last, ..)) = page.last() else { break };
            after = *last;
            let begun = Instant::now();
            for (_, claim, detail) in &page {
                writer.offer(claim, detail).unwrap();
            }
            writing += begun.elapsed();
            claims += u64::try_from(page.len()).unwrap();
        }
        writer.finish().unwrap();
        let (all, busy) = (begun.elapsed(), processor().saturating_sub(before));
        Ok::<_, AppError>(Times { claims, bytes: out.0, all, busy, writing })
    });
    let written = written.await.unwrap();
    times.claims += written.claims;
    times.bytes += written.bytes;
    times.all += written.all;
    times.busy += written.busy;
    times.writing += written.writing;
}

/// The head of the file, from what the batch and its contract say.
fn header(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    batch: &Batch,
) -> Result<FileHeader, AppError> {
    let organization = store::organizations::by_id(conn, tenant)?.unwrap();
    let filter = store::claims::Filter { batch: Some(batch.id), ..Default::default() };
    let first = store::claims::list(conn, tenant, &filter, None, 1)?.remove(0);
    let terms = ctx.terms(conn, tenant, first.contract_version)?;
    let location = organization
        .locations
        .iter()
        .find(|l| l.data.key == terms.agreement.billing_location)
        .unwrap();
    Ok(FileHeader {
        mode: organization.data.mode,
        interchange_control: batch.interchange_control,
        group_control: batch.group_control,
        created: organization.data.zone.local(batch.built_at),
        batch_reference: format!("BATCH{:09}", batch.interchange_control),
        sender_qualifier: terms.agreement.sender_qualifier.clone(),
        sender_id: batch.sender.clone(),
        contact_name: organization.data.contact_name.clone(),
        contact_phone: organization.data.contact_phone.clone(),
        profile: terms.pack.claim.clone(),
        billing: BillingProvider {
            name: organization.data.name.clone(),
            npi: location.data.npi.clone().unwrap_or_else(|| organization.data.npi.clone()),
            ein: organization.data.ein.clone(),
            taxonomy: organization.data.taxonomy.clone(),
            address: location.data.address.clone(),
        },
    })
}

/// Counts what is written.
#[derive(Default)]
struct Counted(u64);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += u64::try_from(bytes.len()).unwrap();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
