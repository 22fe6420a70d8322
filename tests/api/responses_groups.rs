//! A file with several functional groups: each group is answered by itself, by a 999 of its own, in
//! one file or in many. And the 999s that another program (pyx12) writes of broken files.

use std::fmt::Write;
use std::path::Path;

use serde_json::json;

use crate::app::{TestApp, on_both};
use crate::partner::{
    Sent, ack, ack_of, fetch, move_batch, next_batch, report, standing, status, take, tie,
};
use crate::world::{self, World, visit};

const SENT: &[&str] = &["release", "delivered"];

/// One claim to a set, so many sets to a group, so many groups to a file.
async fn grouped(app: &TestApp, sets: usize, groups: usize, members: usize) -> World {
    let limits = format!(
        "[claim.file]\nsets_per_group = {sets}\ngroups_per_file = {groups}\n\n[overrides]\noverridable"
    );
    let other = [
        ("max_claims_per_set = 5000", "max_claims_per_set = 1"),
        ("[overrides]\noverridable", limits.as_str()),
    ];
    let w = world::river_bend_with(app, members, &other).await;
    for (n, member) in w.members.iter().enumerate() {
        let start = format!("2026-07-{:02}T16:00", n + 1);
        let body = visit(&format!("V-{n}"), &w.peers[0], member, &start);
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
    }
    w
}

/// The sets of several answers in the envelope of the first one.
fn in_one_envelope(answers: &[String]) -> String {
    let (head, _) = answers[0].split_once("ST*999").unwrap();
    let (_, tail) = answers[0].split_once("GE*1*").unwrap();
    let mut text = head.to_owned();
    for (n, answer) in answers.iter().enumerate() {
        let (_, rest) = answer.split_once("ST*999*0001").unwrap();
        let (body, _) = rest.split_once("GE*1*").unwrap();
        let (body, end) = body.rsplit_once("*0001~").unwrap();
        write!(text, "ST*999*{:04}{body}*{:04}~{end}", n + 1, n + 1).unwrap();
    }
    format!("{text}GE*{}*{tail}", answers.len())
}

async fn acknowledgment(app: &TestApp, w: &World, sent: &Sent) -> serde_json::Value {
    app.get(&format!("/v1/batches/{}", sent.batch), &w.biller).await.expect(200)["acknowledgment"]
        .clone()
}

on_both! {
    async fn each_group_of_a_file_is_answered_by_itself(app: TestApp) {
        let w = grouped(&app, 2, 3, 5).await;
        let sent = next_batch(&app, &w, SENT).await;
        let first: u32 = sent.group.parse().unwrap();
        let groups: Vec<String> = [0, 0, 1, 1, 2].iter().map(|n| (first + n).to_string()).collect();
        assert_eq!(sent.groups, groups);
        // The second group comes first, and a set of it is rejected; set numbers start again in each
        // group, so that the first group's set of the same number must stay.
        let took = take(&app, &w.biller, ack_of(&sent, 1, &groups[2], &[(2, 'A'), (3, 'R')])).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("applied"), &json!(1)), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["delivered", "delivered", "delivered", "rejected", "delivered"]);
        assert_eq!(acknowledgment(&app, &w, &sent).await, json!(null), "two groups are not answered");
        tie(&app);
        // The other two in one file, under one envelope.
        let others = [ack_of(&sent, 2, &groups[0], &[(0, 'A'), (1, 'A')]), ack_of(&sent, 2, &groups[4], &[(4, 'R')])];
        let took = take(&app, &w.biller, in_one_envelope(&others)).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("applied"), &json!(1)), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["delivered", "delivered", "delivered", "rejected", "rejected"]);
        assert_eq!(acknowledgment(&app, &w, &sent).await, "partly");
        let said = world::all(&app, &format!("/v1/responses?batch={}", sent.batch), &w.biller).await;
        let of_sets: Vec<String> = said.iter().filter(|r| r["claim"].is_null()).map(|r| format!("{} {}", r["control"].as_str().unwrap(), r["verdict"].as_str().unwrap())).collect();
        let told = |group: u32, set: &str, verdict: &str| format!("{}/{set} {verdict}", first + group);
        assert_eq!(of_sets, [
            told(1, &sent.sets[2].0, "accepted"), told(1, &sent.sets[3].0, "rejected"),
            told(0, &sent.sets[0].0, "accepted"), told(0, &sent.sets[1].0, "accepted"),
            told(2, &sent.sets[4].0, "rejected"),
        ]);
        tie(&app);
        report(&app, &w).await;
    }

    async fn one_file_answers_groups_of_several_batches(app: TestApp) {
        let w = grouped(&app, 1, 2, 5).await;
        // Two groups of one set: what has no room makes the next batch.
        let one = next_batch(&app, &w, SENT).await;
        let two = next_batch(&app, &w, SENT).await;
        let three = next_batch(&app, &w, SENT).await;
        assert_eq!([one.sets.len(), two.sets.len(), three.sets.len()], [2, 2, 1]);
        // Two sets of one interchange, and a second interchange in the same file.
        let sets = [ack_of(&two, 1, &two.groups[1], &[(1, 'R')]), ack_of(&one, 1, &one.groups[1], &[(1, 'A')])];
        let file = in_one_envelope(&sets) + &ack_of(&one, 2, &one.groups[0], &[(0, 'R')]);
        let took = take(&app, &w.biller, file).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("applied"), &json!(2)), "{took}");
        assert_eq!(standing(&app, &w, &one).await, ["rejected", "delivered"]);
        assert_eq!(standing(&app, &w, &two).await, ["delivered", "rejected"]);
        assert_eq!(standing(&app, &w, &three).await, ["delivered"]);
        assert_eq!(acknowledgment(&app, &w, &one).await, "partly");
        assert_eq!(acknowledgment(&app, &w, &two).await, json!(null));
        // The third batch has one group; the number after it was taken and never written.
        let spare = (three.group.parse::<u32>().unwrap() + 1).to_string();
        for group in [spare.as_str(), "999999", &one.interchange.to_string(), "0", "-1", "x"] {
            let answer = ack_of(&three, 3, group, &[(0, 'R')]);
            let took = take(&app, &w.biller, answer).await;
            assert_eq!(took["state"], "quarantined", "{group}: {took}");
        }
        assert_eq!(standing(&app, &w, &three).await, ["delivered"]);
        // One that is ours beside one that is not: the first is applied.
        let mixed = [ack_of(&three, 4, &three.group, &[(0, 'R')]), ack_of(&three, 4, &spare, &[(0, 'R')])];
        let took = take(&app, &w.biller, in_one_envelope(&mixed)).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(1)), "{took}");
        assert!(took["reason"].as_str().unwrap().contains("has not sent it"), "{took}");
        tie(&app);
        report(&app, &w).await;
    }

    async fn an_answer_to_a_later_group_waits_for_the_release(app: TestApp) {
        let w = grouped(&app, 1, 2, 2).await;
        let sent = next_batch(&app, &w, &[]).await;
        let took = take(&app, &w.biller, ack_of(&sent, 1, &sent.groups[1], &[(1, 'R')])).await;
        assert_eq!((&took["state"], &took["waits_for"]), (&json!("waiting"), &json!(sent.batch)), "{took}");
        move_batch(&app, &w, &sent.batch, "release").await;
        assert_eq!(peerclaims::flow::acknowledge::turn(&app.ctx).await.unwrap(), 1);
        assert_eq!(standing(&app, &w, &sent).await, ["released", "rejected"]);
        tie(&app);
    }

    async fn a_277ca_rejects_a_whole_set_of_a_later_group(app: TestApp) {
        let w = grouped(&app, 1, 3, 3).await;
        let sent = next_batch(&app, &w, SENT).await;
        let numbers = sent.claims();
        // By the name that the third set has in its BHT03, with no claim below.
        let one = status(&sent, 1, "PR", &[(&numbers[2], false)]);
        let trace = format!("BATCH{:09}", sent.interchange);
        let lines: Vec<&str> = one.lines().collect();
        let at = |start: &str| lines.iter().position(|l| l.starts_with(start)).unwrap();
        let first_level = at("HL*3*");
        let mut kept: Vec<String> = lines[..first_level].iter().map(|l| (*l).to_owned()).collect();
        for line in &mut kept {
            *line = line.replace(&format!("TRN*2*{trace}"), &format!("TRN*2*{trace}-3"));
            *line = line.replace("HL*2*1*21*1~", "HL*2*1*21*0~").replace("STC*A1:19:PR*", "STC*A3:21:PR*").replace("*WQ*", "*U*");
        }
        let set = kept.iter().position(|l| l.starts_with("ST*")).unwrap();
        kept.push(format!("SE*{}*0001~", kept.len() - set + 1));
        kept.extend(lines[at("GE*")..].iter().map(|l| (*l).to_owned()));
        let took = take(&app, &w.biller, kept.join("\n")).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("applied"), &json!(1)), "{took}\n{}", kept.join("\n"));
        assert_eq!(standing(&app, &w, &sent).await, ["delivered", "delivered", "rejected"]);
        tie(&app);
    }

    async fn what_pyx12_says_of_broken_files_moves_the_right_claims(app: TestApp) {
        let w = grouped(&app, 2, 1, 2).await;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/x12/acks");
        // What is rejected by one file goes out again and is answered by the next.
        let told = |sent: &Sent, name: &str, number: usize| {
            let text = std::fs::read_to_string(folder.join(format!("{name}.999"))).unwrap();
            let lines = text.lines().map(|line| {
                let mut part: Vec<String> = line.trim_end_matches('~').split('*').map(str::to_owned).collect();
                let padded = |id: &str| format!("{id:<15}");
                match part[0].as_str() {
                    "ISA" => (part[6], part[8], part[13]) = (padded(&sent.receiver), padded(&sent.sender), format!("{number:09}")),
                    "GS" => (part[2], part[3]) = (sent.receiver.clone(), sent.sender.clone()),
                    "AK1" => part[2].clone_from(&sent.group),
                    "TA1" => {
                        part[1] = format!("{:09}", sent.interchange);
                        part[2] = sent.created.format("%y%m%d").to_string();
                        part[3] = sent.created.format("%H%M").to_string();
                    }
                    "IEA" => part[2] = format!("{number:09}"),
                    _ => {}
                }
                part.join("*") + "~\n"
            });
            lines.collect::<String>()
        };
        for (number, (name, claims, whole, words)) in [
            // Its AK9 rejects the group, though the second set was accepted.
            ("one_of_two_sets", &["rejected", "delivered"][..], "partly", "IK4:7"),
            ("bad_codes", &["rejected"], "rejected", "IK4:7"),
            ("no_diagnosis", &["rejected"], "rejected", "IK3:3"),
            ("bad_date", &["rejected"], "rejected", "IK4:8"),
            ("wrong_count", &["rejected"], "rejected", "IK5:4"),
            // The TA1 behind GE rejects all, though the set in it was accepted.
            ("wrong_interchange_number", &["rejected"], "rejected", "TA105:001"),
            ("no_end", &["rejected"], "rejected", "TA105:023"),
            ("accepted", &["delivered"], "accepted", "TA105:000"),
        ].into_iter().enumerate() {
            let sent = next_batch(&app, &w, SENT).await;
            assert_eq!(sent.sets.len(), claims.len(), "{name}");
            let took = take(&app, &w.biller, told(&sent, name, number + 1)).await;
            assert_eq!((&took["state"], &took["kind"]), (&json!("applied"), &json!("several")), "{name}: {took}");
            assert_eq!(standing(&app, &w, &sent).await, claims, "{name}");
            assert_eq!(acknowledgment(&app, &w, &sent).await, whole, "{name}");
            let said = world::all(&app, &format!("/v1/responses?batch={}", sent.batch), &w.biller).await;
            assert!(said.iter().flat_map(|r| r["said"].as_array().unwrap()).any(|s| s["code"] == words && !s["message"].as_str().unwrap().is_empty()), "{name}: {said:?}");
            tie(&app);
        }
        report(&app, &w).await;
        // Sent through the API again, nothing moves.
        let list = world::all(&app, "/v1/batches", &w.biller).await;
        let last = fetch(&app, &world::id(list.last().unwrap()), &w.biller).await;
        assert_eq!(take(&app, &w.biller, ack(&last, 90, &[(0, 'A')])).await["rejected"], 0);
    }
}
