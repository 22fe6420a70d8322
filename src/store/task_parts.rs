//! The queries of tasks, one for each kind, all of the same columns.

use chrono::{Days, NaiveDate};

use super::tasks::number;
use crate::domain::finding::Who;
use crate::domain::response::ADJUDICATION;
use crate::domain::rules::RULES;
use crate::domain::task::{FILE_DAYS, TaskKind, TaskOwner, near};

/// The columns of a part.
struct Columns<'a> {
    kind: TaskKind,
    owner: &'a str,
    due: String,
    id: &'a str,
    payer: &'a str,
    batch: &'a str,
    claim: &'a str,
    money: &'a str,
    stage: &'a str,
}

/// No batch or claim.
const NONE: &str = "CAST(NULL AS BIGINT)";
/// No stage.
const NO_STAGE: &str = "CAST(NULL AS TEXT)";

fn select(c: &Columns<'_>, rest: &str) -> String {
    format!(
        "SELECT '{}' AS kind, {} AS owner, {} AS due_day, {} AS id, {} AS payer_id, \
         {} AS batch_id, {} AS claim_id, CAST({} AS BIGINT) AS money, {} AS stage {rest}",
        c.kind, c.owner, c.due, c.id, c.payer, c.batch, c.claim, c.money, c.stage
    )
}

/// Claims of a batch of which no 277CA says anything that counts, and no payment either.
const UNTOLD: &str = "c.organization_id = b.organization_id AND c.batch_id = b.id AND c.status IN \
                      ('released', 'delivered') AND NOT EXISTS (SELECT 1 FROM paid_claims h \
                      WHERE h.organization_id = c.organization_id AND h.claim_id = c.id)";

/// Claims of a batch of which a clearinghouse has told that it received them, and nobody that the payer
/// has them.
fn housed() -> String {
    let decided = ADJUDICATION.map(|category| format!(" OR h.said LIKE '%\"code\":\"{category}%'"));
    format!(
        "c.organization_id = b.organization_id AND c.batch_id = b.id AND c.status = 'accepted' \
         AND EXISTS (SELECT 1 FROM responses h WHERE h.organization_id = c.organization_id \
         AND h.claim_id = c.id AND h.source = 'clearinghouse' AND h.stage = 'claim') \
         AND NOT EXISTS (SELECT 1 FROM responses h WHERE h.organization_id = c.organization_id \
         AND h.claim_id = c.id AND h.stage = 'claim' AND (h.source = 'payer'{})) \
         AND NOT EXISTS (SELECT 1 FROM paid_claims h WHERE h.organization_id = c.organization_id \
         AND h.claim_id = c.id) AND NOT EXISTS (SELECT 1 FROM claim_changes h \
         WHERE h.organization_id = c.organization_id AND h.built_claim_id = c.id \
         AND h.evidence IS NOT NULL)",
        decided.concat()
    )
}

/// The query of a kind.
pub(super) fn part(kind: TaskKind, of: i64, today: NaiveDate, day: fn(&str) -> String) -> String {
    let of_batch = Columns {
        kind,
        owner: "'biller'",
        due: String::new(),
        id: "b.id",
        payer: "b.payer_id",
        batch: "b.id",
        claim: NONE,
        money: "b.expected",
        stage: NO_STAGE,
    };
    match kind {
        TaskKind::Rejection => rejections(of, day, of_claim(&of_batch)),
        TaskKind::ResponseOverdue => overdue(of, today, day, of_batch),
        TaskKind::Correction => corrections(of, day, of_claim(&of_batch)),
        TaskKind::Delivery => deliveries(of, near(today).1, day, of_batch),
        TaskKind::Deadline => deadlines(of, near(today), day, of_batch),
        TaskKind::Answer => answers(of, day, of_claim(&of_batch)),
        TaskKind::File => files(of, today, day, of_batch),
    }
}

/// Rejected claims whose visits wait, and rejected corrections after which nobody has said what shall
/// become of the claim.
fn rejections(of: i64, day: fn(&str) -> String, of_claim: Columns<'_>) -> String {
    let correction = Columns { due: day("f.file_by"), stage: "'correction'", ..of_claim };
    let corrections = select(
        &correction,
        &format!(
            "FROM claim_changes x JOIN claims c ON c.organization_id = x.organization_id \
             AND c.id = x.built_claim_id JOIN claims f ON f.organization_id = x.organization_id \
             AND f.id = x.claim_id WHERE x.organization_id = {of} AND x.state = 'rejected' \
             AND f.status IN ('released', 'delivered', 'accepted') AND NOT EXISTS \
             (SELECT 1 FROM claim_changes n WHERE n.organization_id = x.organization_id \
             AND n.claim_id = x.claim_id AND n.id > x.id)"
        ),
    );
    let originals = select(
        &Columns { due: day("c.file_by"), stage: NO_STAGE, ..correction },
        &format!(
            "FROM claims c WHERE c.organization_id = {of} AND c.status = 'rejected' AND EXISTS \
             (SELECT 1 FROM claim_lines k JOIN claim_line_parts p \
             ON p.organization_id = k.organization_id AND p.claim_line_id = k.id \
             JOIN encounters e ON e.organization_id = p.organization_id \
             AND e.id = p.encounter_id WHERE k.organization_id = c.organization_id \
             AND k.claim_id = c.id AND e.voided_at IS NULL AND e.status IN ('ready', 'held')) \
             AND NOT EXISTS (SELECT 1 FROM claim_changes x WHERE x.organization_id = \
             c.organization_id AND x.built_claim_id = c.id)"
        ),
    );
    format!("{originals} UNION ALL {corrections}")
}

/// Claimed visits that would be billed otherwise, and corrections that wait for their batch.
fn corrections(of: i64, day: fn(&str) -> String, of_claim: Columns<'_>) -> String {
    let asked = Columns {
        due: day("c.file_by"),
        stage: "CASE WHEN x.problem IS NULL THEN 'prepared' ELSE 'problem' END",
        ..of_claim
    };
    let prepared = select(
        &asked,
        &format!(
            "FROM claim_changes x JOIN claims c ON c.organization_id = x.organization_id \
             AND c.id = x.claim_id WHERE x.organization_id = {of} AND x.state = 'prepared' \
             AND c.status IN ('released', 'delivered', 'accepted')"
        ),
    );
    let visits = select(
        &Columns {
            id: "x.id",
            stage: NO_STAGE,
            money: "(SELECT SUM(p.expected) FROM claim_line_parts p JOIN claim_lines k \
                    ON k.organization_id = p.organization_id AND k.id = p.claim_line_id \
                    WHERE p.organization_id = x.organization_id \
                    AND p.encounter_id = x.encounter_id AND k.claim_id = x.claim_id)",
            ..asked
        },
        &format!(
            "FROM corrections x JOIN claims c ON c.organization_id = x.organization_id \
             AND c.id = x.claim_id WHERE x.organization_id = {of} AND x.resolved_at IS NULL"
        ),
    );
    format!("{visits} UNION ALL {prepared}")
}

fn deliveries(of: i64, to: NaiveDate, day: fn(&str) -> String, of_batch: Columns<'_>) -> String {
    let first = "(SELECT MIN(c.file_by) FROM claims c WHERE c.organization_id = \
                 b.organization_id AND c.batch_id = b.id)";
    select(
        &Columns { due: day(first), stage: "b.status", ..of_batch },
        &format!(
            "FROM batches b WHERE b.organization_id = {of} \
             AND (b.status IN ('built', 'released') OR (b.status = 'acknowledged' \
             AND b.delivered_at IS NULL)) AND {first} <= '{to}'"
        ),
    )
}

fn answers(of: i64, day: fn(&str) -> String, of_claim: Columns<'_>) -> String {
    select(
        &Columns {
            due: day("c.file_by"),
            owner: "CASE WHEN r.source = 'clearinghouse' THEN 'clearinghouse' ELSE 'payer' END",
            id: "r.id",
            stage: "r.effect",
            ..of_claim
        },
        &format!(
            "FROM responses r JOIN claims c ON c.organization_id = r.organization_id \
             AND c.id = r.claim_id WHERE r.organization_id = {of} \
             AND (r.effect = 'contradicts' \
             OR (r.effect = 'unclear' AND c.status IN ('released', 'delivered', 'accepted') \
             AND NOT EXISTS (SELECT 1 FROM claim_changes x WHERE x.organization_id = \
             c.organization_id AND x.claim_id = c.id AND x.asked_at >= r.recorded_at \
             AND x.state IN ('prepared', 'built')))) \
             AND NOT EXISTS (SELECT 1 FROM responses n WHERE n.organization_id = \
             r.organization_id AND n.claim_id = r.claim_id AND n.id > r.id \
             AND n.effect <> 'recorded')"
        ),
    )
}

fn files(of: i64, today: NaiveDate, day: fn(&str) -> String, of_batch: Columns<'_>) -> String {
    let since = today.checked_sub_days(Days::new(FILE_DAYS)).unwrap_or(today);
    select(
        &Columns {
            due: day("DATE(f.received_at)"),
            id: "f.id",
            payer: NONE,
            batch: "f.waits_for",
            money: "0",
            stage: "CASE WHEN f.state = 'waiting' THEN f.state ELSE f.kind END",
            ..of_batch
        },
        &format!(
            "FROM received_files f WHERE f.organization_id = {of} \
             AND (f.state = 'waiting' OR (f.received_at >= '{since} 00:00:00' \
             AND (f.state = 'quarantined' OR (f.state = 'partly' \
             AND NOT EXISTS (SELECT 1 FROM responses p WHERE p.organization_id = \
             f.organization_id AND p.received_id = f.id AND p.claim_id IS NOT NULL \
             AND p.effect IN ('contradicts', 'unclear'))))))"
        ),
    )
}

/// The columns of a claim `c`, beside its due day.
fn of_claim<'a>(of_batch: &Columns<'a>) -> Columns<'a> {
    Columns {
        kind: of_batch.kind,
        owner: of_batch.owner,
        due: String::new(),
        id: "c.id",
        payer: "c.payer_id",
        batch: "c.batch_id",
        claim: "c.id",
        money: "c.expected",
        stage: NO_STAGE,
    }
}

/// One task for a batch: the 999 first, unless a 277CA shows that the file came; then the 277CA; then
/// the payer's own, where a clearinghouse has sent one.
fn overdue(of: i64, today: NaiveDate, day: fn(&str) -> String, of_batch: Columns<'_>) -> String {
    let late = format!(
        "b.status = 'delivered' AND b.acknowledgment IS NULL AND b.acknowledge_by < '{today}' \
         AND NOT EXISTS (SELECT 1 FROM responses r WHERE r.organization_id = b.organization_id \
         AND r.batch_id = b.id AND r.stage = 'claim')"
    );
    let silent = format!("(({UNTOLD}) OR ({}))", housed());
    let silent_money = format!("(SELECT SUM(c.expected) FROM claims c WHERE {silent})");
    let stage = format!(
        "CASE WHEN EXISTS (SELECT 1 FROM claims c WHERE {UNTOLD}) THEN 'claim_status' \
         ELSE 'payer_status' END"
    );
    let first = select(
        &Columns {
            owner: "'payer'",
            due: day("b.acknowledge_by"),
            stage: "'acknowledgment'",
            ..of_batch
        },
        &format!("FROM batches b WHERE b.organization_id = {of} AND {late}"),
    );
    let columns = Columns {
        owner: "'payer'",
        due: day("b.status_by"),
        id: "b.id",
        payer: "b.payer_id",
        batch: "b.id",
        claim: NONE,
        money: &silent_money,
        stage: &stage,
        kind: TaskKind::ResponseOverdue,
    };
    let second = select(
        &columns,
        &format!(
            "FROM batches b WHERE b.organization_id = {of} \
             AND b.status IN ('delivered', 'acknowledged') AND b.status_by < '{today}' \
             AND NOT ({late}) AND EXISTS (SELECT 1 FROM claims c WHERE {silent})"
        ),
    );
    format!("{first} UNION ALL {second}")
}

/// Visits that are ready, for as long as they are: past their deadline they are on no other list of work. And those
/// of which only something is held: what of them is long lost is in the worklist.
fn deadlines(
    of: i64,
    (from, to): (NaiveDate, NaiveDate),
    day: fn(&str) -> String,
    of_batch: Columns<'_>,
) -> String {
    let ready = select(
        &Columns {
            due: day("e.file_by"),
            id: "e.id",
            payer: "e.payer_id",
            batch: NONE,
            money: "(SELECT SUM(l.expected) FROM decision_lines l WHERE l.organization_id = \
                    e.organization_id AND l.encounter_id = e.id AND l.status IN ('ready', 'held'))",
            stage: "CASE WHEN EXISTS (SELECT 1 FROM holds h WHERE h.organization_id = \
                    e.organization_id AND h.encounter_id = e.id) THEN 'partly' ELSE 'ready' END",
            ..of_batch
        },
        &format!(
            "FROM encounters e WHERE e.organization_id = {of} AND e.status = 'ready' \
             AND e.voided_at IS NULL AND e.file_by <= '{to}'"
        ),
    );
    let owner = held_owner();
    let held = select(
        &Columns {
            kind: TaskKind::Deadline,
            owner: &owner,
            due: "CAST(h.due_day AS BIGINT)".to_owned(),
            id: "h.encounter_id",
            payer: "h.payer_id",
            batch: NONE,
            claim: NONE,
            money: "COALESCE(h.expected, 0)",
            stage: "'held'",
        },
        &format!(
            "FROM holds h WHERE h.organization_id = {of} AND h.due_day BETWEEN {} AND {} \
             AND NOT EXISTS (SELECT 1 FROM encounters e WHERE e.organization_id = \
             h.organization_id AND e.id = h.encounter_id AND e.status = 'ready')",
            number(from),
            number(to)
        ),
    );
    format!("{ready} UNION ALL {held}")
}

/// Who can fix a reason of a held visit; the first of the list who can.
fn held_owner() -> String {
    let owners = [
        (Who::Peer, TaskOwner::Peer),
        (Who::Biller, TaskOwner::Biller),
        (Who::Administrator, TaskOwner::Administrator),
        (Who::Payer, TaskOwner::Payer),
        (Who::Member, TaskOwner::Member),
    ];
    let cases = owners.iter().filter_map(|(who, owner)| {
        let rules: Vec<String> = RULES
            .iter()
            .map(|r| r.id)
            .filter(|r| r.who() == *who)
            .map(|r| format!("'{r}'"))
            .collect();
        (!rules.is_empty()).then(|| {
            format!(
                "WHEN EXISTS (SELECT 1 FROM hold_reasons r WHERE r.organization_id = \
                 h.organization_id AND r.encounter_id = h.encounter_id AND r.rule IN ({})) \
                 THEN '{owner}'",
                rules.join(", ")
            )
        })
    });
    format!("CASE {} ELSE 'biller' END", cases.collect::<Vec<_>>().join(" "))
}
