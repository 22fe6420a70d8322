//! The other side of the wire: what a clearinghouse or payer would answer to a batch, written by the
//! writers of `x12::respond` and bent by hand where they would not.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use peerclaims::domain::contract::Delimiters;
use peerclaims::domain::money::Money;
use peerclaims::domain::organization::OrganizationMode;
use peerclaims::x12::read::{Event, Reader, Record};
use peerclaims::x12::respond::{
    ClaimStatus, Exchange, GroupVerdict, InterchangeVerdict, SegmentFault, SetVerdict, StatusCode,
    StatusFile, StatusProvider, write_277ca, write_999, write_ta1,
};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::world::{self, World, id, visit};

/// A batch as its receiver sees it.
#[derive(Debug, Clone)]
pub struct Sent {
    pub batch: String,
    pub sender: String,
    pub receiver: String,
    pub interchange: u32,
    /// ISA09 and ISA10.
    pub created: NaiveDateTime,
    /// What each claim charges, by CLM01.
    pub charges: HashMap<String, Money>,
    /// GS06 of the first group.
    pub group: String,
    /// GS06 of each set's group.
    pub groups: Vec<String>,
    /// ST02 and CLM01 of the claims of each set.
    pub sets: Vec<(String, Vec<String>)>,
}

impl Sent {
    /// All claims, in the order of the file.
    pub fn claims(&self) -> Vec<String> {
        self.sets.iter().flat_map(|s| s.1.clone()).collect()
    }
}

/// Reads a batch's file as the receiver would.
pub async fn fetch(app: &TestApp, batch: &str, key: &str) -> Sent {
    let file = app.get(&format!("/v1/batches/{batch}/837p"), key).await;
    assert_eq!(file.status, 200, "{}", file.body);
    let mut sent = Sent {
        batch: batch.to_owned(),
        sender: String::new(),
        receiver: String::new(),
        interchange: 0,
        created: isa_time(&file.body),
        charges: HashMap::new(),
        group: String::new(),
        groups: Vec::new(),
        sets: Vec::new(),
    };
    let mut group = String::new();
    for event in Reader::new(file.body.as_bytes()) {
        match event {
            Event::Interchange(head) => {
                (sent.sender, sent.receiver) = (head.sender, head.receiver);
                sent.interchange = head.control.parse().unwrap();
            }
            Event::Group(head) => group = head.control,
            Event::Set(head) => {
                sent.groups.push(group.clone());
                sent.sets.push((head.control, Vec::new()));
            }
            Event::Record(record) => {
                if let Record::Claim(claim) = *record {
                    let charge = claim.charge.unwrap();
                    sent.charges.insert(claim.id.to_string(), charge);
                    sent.sets.last_mut().unwrap().1.push(claim.id.into());
                }
            }
            _ => {}
        }
    }
    sent.group.clone_from(&sent.groups[0]);
    sent
}

/// ISA09 and ISA10, which stand at fixed places.
fn isa_time(file: &str) -> NaiveDateTime {
    let text = format!("20{}{}", &file[70..76], &file[77..81]);
    NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M").unwrap()
}

/// A batch of `claims` claims of one visit each, two claims to a set, of `river-bend` with
/// `evergreen`; built, and then released and delivered as asked.
pub async fn batch(app: &TestApp, claims: usize, steps: &[&str]) -> (World, Sent) {
    let two = [("max_claims_per_set = 5000", "max_claims_per_set = 2")];
    let w = world::river_bend_with(app, claims, &two).await;
    for (n, member) in w.members.iter().enumerate() {
        let body =
            visit(&format!("V-{n}"), &w.peers[0], member, &format!("2026-07-{:02}T16:00", n + 1));
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
    }
    let sent = next_batch(app, &w, steps).await;
    assert_eq!(sent.claims().len(), claims);
    (w, sent)
}

/// A batch of what is ready.
pub async fn next_batch(app: &TestApp, w: &World, steps: &[&str]) -> Sent {
    let wanted = json!({"payer": "evergreen", "through": "2026-08-31"});
    let batch = id(&app.post("/v1/batches", &w.biller, &wanted).await.expect(201));
    for step in steps {
        move_batch(app, w, &batch, step).await;
    }
    fetch(app, &batch, &w.biller).await
}

pub async fn move_batch(app: &TestApp, w: &World, batch: &str, step: &str) -> Value {
    let path = format!("/v1/batches/{batch}/{step}");
    if step == "delivered" {
        let receipt = json!({"how": "payer portal", "to": "intake", "reference": "UP-1"});
        app.post(&path, &w.biller, &receipt).await.expect(200)
    } else {
        app.act(&path, &w.biller).await.expect(200)
    }
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 9, 9).unwrap()
}

fn time() -> NaiveDateTime {
    day().and_hms_opt(8, 0, 0).unwrap()
}

/// The envelope of an answer under an interchange number of the partner's.
pub fn exchange(sent: &Sent, number: u32) -> Exchange {
    Exchange {
        mode: OrganizationMode::Test,
        sender: ("ZZ".into(), sent.receiver.clone()),
        receiver: ("ZZ".into(), sent.sender.clone()),
        created: time(),
        interchange_control: number,
        group_control: number,
        delimiters: Delimiters::default(),
        line_breaks: true,
    }
}

/// A TA1 on the batch's interchange.
pub fn ta1(sent: &Sent, number: u32, status: &'static str, note: &str) -> String {
    let verdict = InterchangeVerdict {
        control: sent.interchange,
        created: sent.created,
        status,
        note: note.into(),
    };
    text(write_ta1(Vec::new(), &exchange(sent, number), &[verdict]).unwrap())
}

/// A 999 with a verdict (`A`, `E`, `R`) for each set of the first group that is named.
pub fn ack(sent: &Sent, number: u32, verdicts: &[(usize, char)]) -> String {
    ack_of(sent, number, &sent.group, verdicts)
}

/// A 999 on one group.
pub fn ack_of(sent: &Sent, number: u32, group: &str, verdicts: &[(usize, char)]) -> String {
    let version = "005010X222A1".to_owned();
    let one = |(place, verdict): &(usize, char)| SetVerdict {
        kind: "837".into(),
        control: sent.sets[*place].0.clone(),
        version: version.clone(),
        faults: if *verdict == 'A' {
            Vec::new()
        } else {
            vec![SegmentFault {
                segment: "HI".into(),
                position: 17,
                loop_id: "2300".into(),
                code: "3".into(),
                elements: Vec::new(),
            }]
        },
        rejected: *verdict == 'R',
    };
    let group = GroupVerdict {
        functional_id: "HC".into(),
        control: group.to_owned(),
        version: version.clone(),
        sets: verdicts.iter().map(one).collect(),
    };
    text(write_999(Vec::new(), &exchange(sent, number), &group).unwrap())
}

/// A 277CA of the payer (`PR`) or a clearinghouse (`AY`): claims by number, accepted or not.
pub fn status(sent: &Sent, number: u32, from: &str, claims: &[(&str, bool)]) -> String {
    let claims = claims.iter().map(|(claim, accepted)| ClaimStatus {
        name: ("Alvarez".into(), "Dana".into()),
        member: "EV1000".into(),
        claim: (*claim).to_owned(),
        statuses: vec![StatusCode {
            category: if *accepted { "A2" } else { "A7" }.into(),
            code: if *accepted { "20" } else { "562" }.into(),
            entity: if *accepted { "PR" } else { "85" }.into(),
        }],
        accepted: *accepted,
        charge: sent.charges.get(*claim).copied().unwrap_or(Money::from_cents(7153)),
        payer_control: accepted.then(|| format!("ICN{claim}")),
        service: (day(), day()),
    });
    let file = StatusFile {
        reference: format!("R{number}"),
        source: ("Evergreen".into(), "EGCHP01".into()),
        receiver: ("river-bend peers".into(), sent.sender.clone()),
        trace: format!("BATCH{:09}", sent.interchange),
        received: day(),
        providers: vec![StatusProvider {
            name: "river-bend peers".into(),
            npi: "1234567893".into(),
            claims: claims.collect(),
        }],
    };
    let text = text(write_277ca(Vec::new(), &exchange(sent, number), &file).unwrap());
    text.replacen("NM1*PR*", &format!("NM1*{from}*"), 1)
}

/// An 835 that pays nothing.
pub fn remit(sent: &Sent, number: u32) -> String {
    let (from, to) = (&sent.receiver, &sent.sender);
    format!(
        "ISA*00*          *00*          *ZZ*{from:<15}*ZZ*{to:<15}*260909*0800*^*00501*{number:09}*0*T*:~\
         GS*HP*{from}*{to}*20260909*0800*{number}*X*005010X221A1~ST*835*0001~\
         BPR*H*0*C*NON************20260909~TRN*1*T{number}*1999999999~DTM*405*20260909~\
         N1*PR*Evergreen~N3*1 Main St~N4*Spokane*WA*992010001~PER*BL*Desk*TE*5095550100~\
         N1*PE*river-bend peers*XX*1234567893~SE*10*0001~GE*1*{number}~IEA*1*{number:09}~"
    )
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// Uploads a file.
pub async fn upload(app: &TestApp, key: &str, bytes: impl Into<reqwest::Body>) -> Answer {
    world::body(app, "/v1/files?name=answer.edi", key, "application/edi-x12", bytes).await
}

/// Uploads one file that is new, and gives what became of it.
pub async fn take(app: &TestApp, key: &str, bytes: impl Into<reqwest::Body>) -> Value {
    upload(app, key, bytes).await.expect(201)["files"][0].clone()
}

/// The statuses of a batch's claims by CLM01, in the order of `sent`.
pub async fn standing(app: &TestApp, w: &World, sent: &Sent) -> Vec<String> {
    let path = format!("/v1/claims?batch={}", sent.batch);
    let list = world::all(app, &path, &w.biller).await;
    let of = |number: &String| {
        let claim = list.iter().find(|c| c["number"] == *number).unwrap();
        claim["status"].as_str().unwrap().to_owned()
    };
    sent.claims().iter().map(of).collect()
}

/// What must always hold: a line is on at most one live claim, its status and its units say so, and
/// the ledger of each line is what a recount finds.
pub fn tie(app: &TestApp) {
    for (what, sql) in [
        (
            "lines on two live claims",
            "SELECT COUNT(*) FROM (SELECT decision_line_id FROM claim_line_parts WHERE live \
             GROUP BY organization_id, decision_line_id HAVING COUNT(*) > 1) x",
        ),
        (
            "live parts of dead claims, and dead parts of live ones",
            "SELECT COUNT(*) FROM claim_line_parts p JOIN claim_lines k \
             ON k.organization_id = p.organization_id AND k.id = p.claim_line_id \
             JOIN claims c ON c.organization_id = k.organization_id AND c.id = k.claim_id \
             WHERE p.live <> (c.status IN ('batched', 'released', 'delivered', 'accepted') \
             AND NOT EXISTS (SELECT 1 FROM claim_changes x WHERE x.organization_id = \
             c.organization_id AND ((x.built_claim_id = c.id AND x.kind = 'void') \
             OR (x.claim_id = c.id AND x.state = 'built' AND x.kind = 'replacement'))))",
        ),
        (
            "lines whose status is not that of their claim",
            "SELECT COUNT(*) FROM decision_lines l WHERE l.status IN ('claimed', 'submitted') <> \
             EXISTS (SELECT 1 FROM claim_line_parts p WHERE p.organization_id = l.organization_id \
             AND p.decision_line_id = l.id AND p.live)",
        ),
        (
            "lines that are submitted before their claim, or not with it",
            "SELECT COUNT(*) FROM decision_lines l JOIN claim_line_parts p \
             ON p.organization_id = l.organization_id AND p.decision_line_id = l.id AND p.live \
             JOIN claim_lines k ON k.organization_id = p.organization_id \
             AND k.id = p.claim_line_id \
             JOIN claims c ON c.organization_id = k.organization_id AND c.id = k.claim_id \
             WHERE (l.status = 'claimed') <> (c.status = 'batched')",
        ),
        (
            "claim lines whose units are not those of their parts",
            "SELECT COUNT(*) FROM (SELECT k.id FROM claim_lines k JOIN claim_line_parts p \
             ON p.organization_id = k.organization_id AND p.claim_line_id = k.id \
             GROUP BY k.organization_id, k.id, k.units HAVING SUM(p.units) <> k.units) x",
        ),
        (
            "claims with two open changes, or changes that are built as no live claim",
            "SELECT COUNT(*) FROM claim_changes x LEFT JOIN claims c \
             ON c.organization_id = x.organization_id AND c.id = x.built_claim_id \
             WHERE x.state = 'built' AND (c.status IS NULL \
             OR c.status NOT IN ('batched', 'released', 'delivered', 'accepted'))",
        ),
        (
            "lines whose ledger is not a recount",
            "SELECT COUNT(*) FROM (SELECT l.id FROM decision_lines l LEFT JOIN unit_entries u \
             ON u.organization_id = l.organization_id AND u.line_id = l.id \
             GROUP BY l.organization_id, l.id, l.status, l.units \
             HAVING COALESCE(SUM(u.reserved), 0) <> \
             CASE WHEN l.status IN ('ready', 'claimed') THEN l.units ELSE 0 END \
             OR COALESCE(SUM(u.consumed), 0) <> \
             CASE WHEN l.status = 'submitted' THEN l.units ELSE 0 END) x",
        ),
    ] {
        assert_eq!(app.database.number(sql), 0, "{what}");
    }
}

/// The report ties, and bills what the live released claims say.
pub async fn report(app: &TestApp, w: &World) -> Value {
    let path = "/v1/reports/utilization?from=2026-07-01&to=2026-07-31";
    let report = app.get(path, &w.biller).await.expect(200);
    assert_eq!(report["ties"]["ties"], true, "{report}");
    assert_eq!(report["control"]["ties"], true, "{report}");
    report["totals"].clone()
}
