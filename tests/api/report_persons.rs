//! A person with several numbers at one payer is one for it; a number that went to somebody else is of two;
//! rosters of whom the payer was never told tell it nothing (ADR 140).

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::changes::amend;
use crate::report_issues::issue;
use crate::report_traps::report;
use crate::two_numbers::{TURN, renumber};
use crate::world::{self, World, id, visit};

const YEAR: &str = "from=2026-01-01&to=2026-12-31";

async fn met(app: &TestApp, w: &World, reference: &str, member: usize, day: &str) {
    let body = visit(reference, &w.peers[member], &w.members[member], &format!("{day}T16:00"));
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
}

async fn release(app: &TestApp, w: &World) {
    let body = json!({"payer": "evergreen", "through": "2026-08-31"});
    let batch = id(&app.post("/v1/batches", &w.biller, &body).await.expect(201));
    app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
}

/// Changes the coverages of a member of `hill-top`.
async fn of_hill_top(app: &TestApp, w: &World, member: usize, change: impl FnOnce(&mut Value)) {
    let path = format!("/v1/members/{}?organization=hill-top", w.members[member]);
    amend(app, w, &path, |m| change(&mut m["coverages"])).await;
}

/// People of the year by delivery, mix and utilization, which must be one number.
async fn people(app: &TestApp, key: &str) -> i64 {
    let delivery = report(app, "delivery", YEAR, key).await["totals"]["members"].clone();
    let mix = report(app, "mix", YEAR, key).await["totals"]["members"].clone();
    let path = format!("/v1/reports/utilization?{YEAR}&group_by=month,organization");
    let utilization = app.get(&path, key).await.expect(200);
    assert_eq!((&delivery, &mix), (&mix, &utilization["totals"]["members"]));
    delivery.as_i64().unwrap()
}

fn changed(movement: &Value) -> Vec<(&str, i64)> {
    let rows = movement["rows"].as_array().unwrap().iter();
    let steps = rows.map(|row| (row["step"].as_str().unwrap(), row["changed"].as_i64().unwrap()));
    steps.filter(|(_, changed)| *changed > 0).collect()
}

on_both! {
    async fn a_new_number_in_the_middle_of_the_year_is_the_same_person(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        renumber(&app, &w, 0, "EV2000", TURN).await;
        met(&app, &w, "V-1", 0, "2026-07-01").await;
        met(&app, &w, "V-2", 0, "2026-07-20").await;
        met(&app, &w, "V-3", 0, "2026-08-03").await;
        release(&app, &w).await;
        assert_eq!((people(&app, &analyst).await, people(&app, &w.biller).await), (1, 1));
        let path = format!("/v1/reports/utilization?{YEAR}&group_by=month");
        let months = app.get(&path, &analyst).await.expect(200)["rows"].as_array().unwrap().clone();
        assert_eq!(months.iter().map(|m| m["members"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 1]);
        let median = &report(&app, "delivery", YEAR, &analyst).await["totals"]["median_units_per_member"];
        assert_eq!(median, "12.0");
        // Taken off the roster, the first number is somebody else again for all that is known.
        let path = format!("/v1/members/{}?organization=river-bend", w.members[0]);
        amend(&app, &w, &path, |m| { m["coverages"].as_array_mut().unwrap().remove(0); }).await;
        assert_eq!((people(&app, &analyst).await, people(&app, &w.biller).await), (2, 1));
    }

    async fn what_one_roster_joins_counts_once_over_all_of_them(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 2).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        // The one knows the old number, the other the new one.
        of_hill_top(&app, &other, 0, |list| list[0]["member_number"] = json!("EV0500")).await;
        met(&app, &w, "V-1", 0, "2026-07-01").await;
        met(&app, &other, "H-1", 0, "2026-08-03").await;
        release(&app, &w).await;
        release(&app, &other).await;
        assert_eq!(people(&app, &analyst).await, 2);
        let before = report(&app, "delivery", YEAR, &analyst).await;
        let since = before["as_of"].as_str().unwrap().to_owned();
        renumber(&app, &w, 0, "EV0500", TURN).await;
        assert_eq!(people(&app, &analyst).await, 1, "the other's visit is the first one's");
        assert_eq!((people(&app, &w.biller).await, people(&app, &other.biller).await), (1, 1));
        assert_eq!(people(&app, &w.admin).await, 2, "by rosters");
        // Then it was so; what moved is told to the payer, and to nobody else.
        let then = report(&app, "delivery", &format!("{YEAR}&as_of={since}"), &analyst).await;
        let bare = |mut report: Value| { report.as_object_mut().unwrap().remove("control"); report };
        assert_eq!(bare(then), bare(before));
        let query = format!("{YEAR}&since={since}");
        assert_eq!(changed(&report(&app, "movement", &query, &analyst).await), [("described", 1)]);
        for key in [&w.biller, &other.biller, &w.admin] {
            assert!(changed(&report(&app, "movement", &query, key).await).is_empty());
        }
    }

    async fn a_roster_joins_numbers_when_the_payer_was_told_of_its_member(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 2).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        of_hill_top(&app, &other, 0, |list| {
            list[0]["to"] = json!(TURN.0);
            let next = json!({"payer": "evergreen", "member_number": "EV2000", "from": TURN.1, "order": 1});
            list.as_array_mut().unwrap().push(next);
        }).await;
        // Another of river-bend has that number; both are billed, and hill-top's member is not.
        let path = "/v1/members?organization=river-bend";
        let second = id(&app.post(path, &w.admin, &json!({
            "reference": "R-2", "first_name": "Lee", "last_name": "Moss", "birth_date": "1990-01-31", "gender": "U",
            "address": {"line1": "88 Pine St", "city": "Spokane", "state": "WA", "zip": "99202"},
            "coverages": [{"payer": "evergreen", "member_number": "EV2000", "from": "2026-01-01", "order": 1}],
        })).await.expect(201));
        met(&app, &w, "V-1", 0, "2026-07-01").await;
        let body = visit("V-2", &w.peers[1], &second, "2026-08-03T16:00");
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        release(&app, &w).await;
        assert_eq!(people(&app, &analyst).await, 2);
        // Built is not told.
        met(&app, &other, "H-1", 0, "2026-08-04").await;
        let body = json!({"payer": "evergreen", "through": "2026-08-31"});
        let batch = id(&app.post("/v1/batches", &other.biller, &body).await.expect(201));
        assert_eq!(people(&app, &analyst).await, 2);
        app.act(&format!("/v1/batches/{batch}/release"), &other.biller).await.expect(200);
        assert_eq!(people(&app, &analyst).await, 1);
        assert_eq!(people(&app, &w.biller).await, 2, "its own roster says two");
    }

    async fn a_number_that_went_to_somebody_else_is_of_two(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        renumber(&app, &w, 0, "EV5000", TURN).await;
        met(&app, &w, "V-1", 0, "2026-07-01").await;
        let path = format!("/v1/members/{}?organization=river-bend", w.members[1]);
        amend(&app, &w, &path, |m| {
            m["coverages"][0]["member_number"] = json!("EV1000");
            m["coverages"][0]["from"] = json!("2026-08-01");
        }).await;
        met(&app, &w, "V-2", 1, "2026-08-03").await;
        release(&app, &w).await;
        assert_eq!((people(&app, &analyst).await, people(&app, &w.biller).await), (2, 2));
        // Under his new number the first one is still the first one, also within one month.
        met(&app, &w, "V-3", 0, "2026-08-04").await;
        release(&app, &w).await;
        assert_eq!(people(&app, &analyst).await, 2);
        let path = format!("/v1/reports/utilization?{YEAR}&group_by=month");
        let months = app.get(&path, &analyst).await.expect(200)["rows"].as_array().unwrap().clone();
        assert_eq!(months.iter().map(|m| m["members"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 2]);
    }

    async fn rates_count_who_is_enrolled_under_any_number(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        met(&app, &w, "V-1", 0, "2026-07-01").await;
        release(&app, &w).await;
        let text = "member_number,from,to\nEV1000,2026-07-01,2026-07-15\nEV2000,2026-07-16,2026-07-31\n\
                    EV1001,2026-07-01,2026-07-31\n";
        let path = "/v1/enrollments?from=2026-07-01&to=2026-07-31&payer=evergreen";
        world::body(&app, path, &analyst, "text/csv", text.to_owned()).await.expect(201);
        let query = "from=2026-07-01&to=2026-07-31&payer=evergreen";
        let seen = async |more: &str, key: &str| {
            let all = report(&app, "rates", &format!("{query}{more}"), key).await;
            let of = |name: &str| all["totals"][name].clone();
            assert_eq!(of("file_member_months"), "3.0000", "as the payer counts: {all}");
            (json!([of("enrolled"), of("member_months"), of("users")]), all["as_of"].as_str().unwrap().to_owned())
        };
        let (three, since) = seen("", &analyst).await;
        assert_eq!(three, json!([3, "3.0000", 1]));
        let asked = json!({"report": "rates", "payer": "evergreen", "from": "2026-07-01", "to": "2026-07-31"});
        let first = issue(&app, &analyst, &asked).await;
        renumber(&app, &w, 0, "EV2000", TURN).await;
        assert_eq!(seen("", &analyst).await.0, json!([2, "2.0000", 1]));
        let prorated = report(&app, "rates", &format!("{query}&convention=prorated"), &analyst).await;
        let months = ["member_months", "file_member_months"].map(|name| prorated["totals"][name].clone());
        assert_eq!(months, [json!("2.0000"), json!("2.0000")], "half a month of each number is a month");
        assert_eq!(seen(&format!("&as_of={since}"), &analyst).await.0, three, "then it was so");
        assert_eq!(seen("", &w.biller).await.0, three, "an organization's is by the numbers of the file");
        // No visit moved: rosters are the cause.
        let mut again = asked.clone();
        again["supersedes"] = first["id"].clone();
        again["reason"] = json!("a new number");
        let second = issue(&app, &analyst, &again).await;
        let path = format!("/v1/report-issues/{}/file?format=restatement", second["id"].as_str().unwrap());
        let restated = app.get(&path, &analyst).await.expect(200);
        assert_eq!((&restated["beside"], &restated["ties"]), (&json!(["numbers"]), &json!(true)), "{restated}");
        // Under the new number, on a day of the old one's span: enrolled all the same.
        met(&app, &w, "V-2", 0, "2026-07-20").await;
        release(&app, &w).await;
        assert_eq!(seen("", &analyst).await.0, json!([2, "2.0000", 1]));
    }
}
