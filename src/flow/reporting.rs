//! What reports are made of is brought up to date (`docs/adr/0075`): marked days are read again, what
//! changed of each visit is written down with its time, and the day is packed anew.
//!
//! The worker does it as time goes by, and whoever asks for a report does what is left of it first: a
//! report is never made of less than what is known. The cost is that of the marked days, however many
//! others there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::{Ctx, Scope};
use crate::domain::dates::Instant;
use crate::domain::ids::{ContractVersionId, OrganizationId};
use crate::domain::report::day::Day;
use crate::domain::report::fact::Fact;
use crate::error::{AppError, Code};
pub use crate::store::Conn;
use crate::store::{self, StoreError};

/// Visits after which a transaction ends: others write meanwhile.
const STEP_VISITS: usize = 2_000;
/// Days of one transaction.
const STEP_DAYS: usize = 60;
/// Transactions that a report waits for; with more to do it is answered "busy", and the worker goes on.
const MOST_STEPS: u32 = 40;

/// What is told who asks when so much came in that nobody waits for it: `or` says what else to do.
fn behind(or: &str) -> AppError {
    let detail = format!(
        "Many visits came in and the reports are not through with them. Ask again shortly{or}."
    );
    AppError::new(Code::Busy, detail)
}

/// Reads marked days again until none is left. Gives the time up to which everything is known.
pub async fn refresh(ctx: &Ctx, organization: Option<OrganizationId>) -> Result<Instant, AppError> {
    some(ctx, organization).await?.ok_or_else(|| behind(""))
}

/// [`refresh`] for a report that a job can make: who is told to wait is told of jobs.
pub async fn refresh_or_job(
    ctx: &Ctx,
    organization: Option<OrganizationId>,
) -> Result<Instant, AppError> {
    let or = ", or let a job do it while you see how far it is: POST /v1/report-jobs";
    some(ctx, organization).await?.ok_or_else(|| behind(or))
}

/// As many steps as a report waits for; none when there is more to do.
async fn some(
    ctx: &Ctx,
    organization: Option<OrganizationId>,
) -> Result<Option<Instant>, AppError> {
    for _ in 0..MOST_STEPS {
        if let (at, false) = step(ctx, organization).await? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Reads all marked days again, however many there are: for whoever has brought in a year at once.
pub async fn settle(ctx: &Ctx) -> Result<Instant, AppError> {
    loop {
        if let (at, false) = step(ctx, None).await? {
            return Ok(at);
        }
    }
}

/// What one transaction did.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Days that were read again.
    pub days: u64,
    /// Days that are left.
    pub left: u64,
    /// Whether there is more to do.
    pub more: bool,
}

/// One transaction of it, for who tells how far it is.
pub async fn counted_step(
    ctx: &Ctx,
    organization: Option<OrganizationId>,
) -> Result<Step, AppError> {
    let (_, days, more) = work(ctx, organization).await?;
    let count = move |conn: &mut Conn| store::report_facts::marked_days(conn, organization);
    let left = if more { ctx.db.read(Scope::Service, count).await? } else { 0 };
    Ok(Step { days: u64::try_from(days).unwrap_or(u64::MAX), left, more })
}

/// One transaction of it; `true`: there is more to do.
pub async fn step(
    ctx: &Ctx,
    organization: Option<OrganizationId>,
) -> Result<(Instant, bool), AppError> {
    let (at, _, more) = work(ctx, organization).await?;
    Ok((at, more))
}

async fn work(
    ctx: &Ctx,
    organization: Option<OrganizationId>,
) -> Result<(Instant, usize, bool), AppError> {
    let (now, ctx_of_work) = (ctx.now(), ctx.clone());
    let work = move |conn: &mut Conn| -> Result<(Instant, usize, bool), StoreError> {
        let at = store::report_facts::advance(conn, now)?;
        // Of whom numbers are comes first: it marks days of any organization.
        let more_numbers = super::persons::learn(conn, at)?;
        let (mut seen, mut done) = (0, 0);
        let mut next = store::report_facts::next_marked(conn, organization, None)?;
        while let Some((owner, day)) = next.filter(|_| seen < STEP_VISITS && done < STEP_DAYS) {
            seen += again(&ctx_of_work, conn, owner, day, at)?;
            done += 1;
            next = store::report_facts::next_marked(conn, organization, Some((owner, day)))?;
        }
        Ok((at, done, next.is_some() || more_numbers))
    };
    Ok(ctx.db.write(organization.map_or(Scope::Service, Scope::Tenant), work).await?)
}

/// The time up to which everything is known, in the caller's snapshot.
pub fn known(conn: &mut Conn) -> Result<Instant, StoreError> {
    store::report_facts::clock(conn)
}

/// Whether any day or number is marked.
pub async fn is_due(ctx: &Ctx) -> Result<bool, AppError> {
    let look = |conn: &mut Conn| -> Result<bool, StoreError> {
        let day = store::report_facts::next_marked(conn, None, None)?;
        Ok(day.is_some() || !store::persons::marked(conn, 1)?.is_empty())
    };
    Ok(ctx.db.read(Scope::Service, look).await?)
}

/// Reads one day again. Gives its visits.
fn again(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    date: NaiveDate,
    at: Instant,
) -> Result<usize, StoreError> {
    store::report_facts::unmark(conn, organization, date)?;
    let zones = store::zones::Zones::of(conn, organization)?;
    let mut read = |conn: &mut Conn, version: i64| unit_minutes(ctx, conn, organization, version);
    let mut lengths = store::report_source::Lengths::new(&mut read);
    let mut facts = store::report_source::visits(conn, organization, &zones, date, &mut lengths)?;
    name_people(conn, date, &mut facts)?;
    let control = store::report_source::control(conn, organization, date)?;
    store::report_facts::learn(conn, organization, date, &facts, at)?;
    let members: BTreeSet<i64> = facts.iter().map(|(_, f)| f.member).collect();
    let roster = store::report_days::roster(conn, organization, &members)?;
    let people = people(conn, &facts)?;
    let list: Vec<&Fact> = facts.iter().map(|(_, fact)| fact).collect();
    let person = |fact: &Fact| {
        let of_payer = people.get(&fact.payer?)?;
        of_payer.get(fact.person()?).copied()
    };
    let on_roster = |fact: &Fact| roster.get(&fact.member).copied().unwrap_or_default();
    let day = Day::of(&list, control, on_roster, person);
    store::report_days::put(conn, organization, date, &day)?;
    Ok(facts.len())
}

/// Minutes of a unit of each service of a contract version.
fn unit_minutes(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    version: i64,
) -> Result<HashMap<String, i64>, StoreError> {
    let terms = ctx
        .terms(conn, organization, ContractVersionId::from_i64(version))
        .map_err(|error| unread(&error))?;
    let services = terms.pack.services.iter();
    Ok(services.map(|s| (s.key.to_string(), i64::from(s.unit_minutes))).collect())
}

/// Terms that were not read: try again, or a fault of ours.
fn unread(error: &AppError) -> StoreError {
    let why = format!("the terms of a contract version were not read: {error}");
    if error.retryable() { StoreError::Busy(why) } else { StoreError::Broken(why) }
}

/// Numbers of released claims, by payer.
fn numbers(facts: &[(i64, Fact)]) -> BTreeMap<i64, BTreeSet<String>> {
    let mut all: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    for (_, fact) in facts.iter().filter(|(_, f)| f.billed.is_some()) {
        if let (Some(payer), Some(number)) = (fact.payer, &fact.number) {
            all.entry(payer).or_default().insert(number.clone());
        }
    }
    all
}

/// Says who has the numbers of released claims on the day, where a number is not simply a person.
fn name_people(
    conn: &mut Conn,
    date: NaiveDate,
    facts: &mut [(i64, Fact)],
) -> Result<(), StoreError> {
    for (payer, numbers) in numbers(facts) {
        let persons = store::persons::now(conn, payer, &numbers)?;
        if persons.0.is_empty() {
            continue;
        }
        let of_payer = |fact: &&mut Fact| fact.billed.is_some() && fact.payer == Some(payer);
        for fact in facts.iter_mut().map(|(_, fact)| fact).filter(of_payer) {
            let number = fact.number.as_deref();
            let person = number.and_then(|number| persons.of(number, date));
            fact.person = person.filter(|person| Some(*person) != number).map(str::to_owned);
        }
    }
    Ok(())
}

/// The small numbers of the people of released claims, by payer.
fn people(
    conn: &mut Conn,
    facts: &[(i64, Fact)],
) -> Result<HashMap<i64, HashMap<String, u32>>, StoreError> {
    let mut wanted: BTreeMap<i64, BTreeSet<&str>> = BTreeMap::new();
    for (_, fact) in facts.iter().filter(|(_, f)| f.billed.is_some()) {
        if let (Some(payer), Some(person)) = (fact.payer, fact.person()) {
            wanted.entry(payer).or_default().insert(person);
        }
    }
    let known = |(payer, persons): (i64, BTreeSet<&str>)| {
        Ok((payer, store::report_days::people(conn, payer, &persons)?))
    };
    wanted.into_iter().map(known).collect()
}
