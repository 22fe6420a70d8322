//! Packs and contracts: what is added never changes, and overlaps only what it names.

use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::reference_samples::{file, organization, payer, pointers, post_toml, world};

async fn with_pack(app: &TestApp) -> crate::reference_samples::World {
    let world = world(app).await;
    let pack = file("config/payers/evergreen.toml");
    post_toml(app, "/v1/packs", &world.admin, pack).await.expect(201);
    world
}

/// The contract of the fixtures from another day on.
fn contract(from: &str, supersedes: Option<&Value>) -> String {
    let text = file("fixtures/contracts/river-bend_evergreen.toml");
    let head = format!("from = {from}");
    let text = text.replacen("from = 2026-01-01", &head, 1);
    match supersedes {
        Some(id) => text.replacen(&head, &format!("{head}\nsupersedes = {id}"), 1),
        None => text,
    }
}

on_both! {
    async fn a_pack_is_added_once_and_never_changes(app: TestApp) {
        let world = world(&app).await;
        let text = file("config/payers/evergreen.toml");
        let first = post_toml(&app, "/v1/packs", &world.admin, text.clone()).await.expect(201);
        let again = post_toml(&app, "/v1/packs", &world.admin, format!("{text}\n# a comment\n")).await;
        assert_eq!(again.expect(200), first);
        let other = text.replacen("\ndays = 95", "\ndays = 90", 1);
        assert_ne!(other, text);
        post_toml(&app, "/v1/packs", &world.admin, other).await.problem(409, "already_exists");
        let one = format!("/v1/packs/{}", first["id"].as_str().unwrap());
        let read = app.get(&one, &world.biller).await.expect(200);
        assert_eq!(read["key"], "evergreen");
        assert!(!read["model"]["services"].as_array().unwrap().is_empty());
        let list = app.get("/v1/packs", &world.biller).await.expect(200);
        assert_eq!(list["items"], json!([first]));
    }

    async fn faults_of_toml_have_lines_and_faults_of_json_pointers(app: TestApp) {
        let world = world(&app).await;
        let text = file("config/payers/evergreen.toml");
        let line = text.lines().position(|l| l.starts_with("rounding")).unwrap() + 1;
        let broken = text.replacen("rounding = \"", "rounding = \"un", 1);
        let problem = post_toml(&app, "/v1/packs", &world.admin, broken).await.problem(422, "invalid_input");
        assert_eq!(problem["faults"][0]["line"], line);
        let problem = post_toml(&app, "/v1/packs", &world.admin, "key = [".to_owned()).await;
        assert!(problem.problem(422, "invalid_input")["faults"][0]["line"].is_u64());
        let problem = app.post("/v1/packs", &world.admin, &json!({ "pack": {} })).await;
        let problem = problem.problem(422, "invalid_input");
        assert!(pointers(&problem).contains(&"/pack".to_owned()), "{problem}");
    }

    async fn rk73_no_contract_is_bound_to_a_pack_that_is_not_complete(app: TestApp) {
        let world = with_pack(&app).await;
        let template = file("config/templates/texas.toml");
        let added = post_toml(&app, "/v1/packs", &world.admin, template).await.expect(201);
        let one = format!("/v1/packs/{}", added["id"].as_str().unwrap());
        let read = app.get(&one, &world.biller).await.expect(200);
        let unknown = read["model"]["unknown"].as_array().unwrap();
        assert!(unknown.iter().all(|u| u["place"]["line"].is_u64()), "{unknown:?}");
        assert!(unknown.iter().any(|u| u["grade"] == "C"), "{unknown:?}");
        // The same on the shape of a contract at hand: two values are missing.
        let pack = file("config/payers/evergreen.toml")
            .replacen("version = \"2026.1\"", "version = \"2026.2\"", 1)
            .replacen("rounding = \"floor\"", "rounding = \"unknown\"", 1)
            .replacen("days = 95", "days = \"unknown\"", 1);
        let line = |part: &str| pack.lines().position(|l| l == part).unwrap() + 1;
        let told = [
            format!("line {}, service[1].rounding is unknown", line("rounding = \"unknown\"")),
            format!("line {}, filing.days is unknown", line("days = \"unknown\"")),
        ];
        post_toml(&app, "/v1/packs", &world.admin, pack.clone()).await.expect(201);
        let contract = contract("2026-01-01", None).replace("evergreen@2026.1", "evergreen@2026.2");
        let at = contract.lines().position(|l| l.starts_with("pack = ")).unwrap() + 1;
        let refused = post_toml(&app, "/v1/contracts", &world.biller, contract).await;
        let problem = refused.problem(422, "invalid_input");
        let faults = problem["faults"].as_array().unwrap();
        assert_eq!(faults.len(), 2, "{problem}");
        for (fault, told) in faults.iter().zip(told) {
            assert_eq!(fault["line"], at);
            assert!(fault["message"].as_str().unwrap().contains(&told), "{fault}");
        }
    }

    /// A filing clock may run from the day on which the provider number was issued.
    async fn a_provider_number_is_not_issued_in_the_future(app: TestApp) {
        let world = with_pack(&app).await;
        let issued = |day: &str| {
            let text = contract("2026-01-01", None);
            text.replacen("[contract]\n", &format!("[contract]\nprovider_number_issued = {day}\n"), 1)
        };
        let add = async |text: String| post_toml(&app, "/v1/contracts", &world.biller, text).await;
        let problem = add(issued("2099-01-01")).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), ["/contract/provider_number_issued"]);
        add(issued("2025-12-01")).await.expect(201);
    }

    async fn a_version_overlaps_only_what_it_supersedes(app: TestApp) {
        let world = with_pack(&app).await;
        let add = async |text: String| post_toml(&app, "/v1/contracts", &world.biller, text).await;
        let first = add(contract("2026-01-01", None)).await.expect(201);
        assert_eq!(first["pack_name"], "evergreen@2026.1");
        assert_eq!(add(contract("2026-01-01", None)).await.expect(200), first);
        let alone = add(contract("2026-03-01", None)).await.problem(422, "invalid_input");
        assert_eq!(pointers(&alone), ["/contract/supersedes"]);
        let head = contract("2026-03-01", None).lines().position(|l| l == "[contract]").unwrap();
        assert_eq!(alone["faults"][0]["line"], head + 1, "the table that lacks it");
        assert!(alone.to_string().contains(first["id"].as_str().unwrap()), "which one is told");
        let second = add(contract("2026-03-01", Some(&first["id"]))).await.expect(201);
        assert_eq!(second["supersedes"], first["id"]);
        assert_eq!(second["contract"], first["contract"]);
        let third = add(contract("2026-04-01", Some(&first["id"]))).await;
        third.problem(422, "invalid_input");
        // The old files again change nothing.
        assert_eq!(add(contract("2026-01-01", None)).await.expect(200), first);
        assert_eq!(add(contract("2026-03-01", Some(&first["id"]))).await.expect(200), second);
        let list = app.get("/v1/contracts?payer=evergreen", &world.biller).await.expect(200);
        assert_eq!(list["items"], json!([first, second]));
        let one = format!("/v1/contracts/{}", second["id"].as_str().unwrap());
        let read = app.get(&one, &world.biller).await.expect(200);
        assert_eq!(read["terms"]["agreement"]["organization"], "river-bend");
    }

    async fn many_versions_at_once_do_not_slip_past_each_other(app: TestApp) {
        let world = with_pack(&app).await;
        let first = post_toml(&app, "/v1/contracts", &world.biller, contract("2026-01-01", None)).await;
        let first = first.expect(201)["id"].clone();
        let send = |month: u32| {
            let text = contract(&format!("2026-{month:02}-01"), Some(&first));
            let (app, key) = (&app, &world.biller);
            async move { post_toml(app, "/v1/contracts", key, text).await }
        };
        let answers = futures_util::future::join_all((2..10).map(send)).await;
        let count = |status: u16| answers.iter().filter(|a| a.status.as_u16() == status).count();
        assert_eq!((count(201), count(422)), (1, 7));
    }

    async fn all_that_does_not_fit_is_told(app: TestApp) {
        let world = world(&app).await;
        let text = contract("2026-01-01", None)
            .replacen("payer = \"evergreen\"", "payer = \"nobody\"", 1)
            .replacen("billing_location = \"main\"", "billing_location = \"attic\"", 1);
        let problem = post_toml(&app, "/v1/contracts", &world.admin, text).await.problem(422, "invalid_input");
        let places = ["/contract/billing_location", "/contract/pack", "/contract/payer"];
        assert_eq!(pointers(&problem), places);
    }

    async fn test_and_live_do_not_meet(app: TestApp) {
        let world = with_pack(&app).await;
        app.post("/v1/organizations", &world.admin, &organization("live-one", "live")).await.expect(201);
        app.post("/v1/payers", &world.admin, &payer("real", false)).await.expect(201);
        let text = |organization: &str, payer: &str| {
            contract("2026-01-01", None)
                .replacen("river-bend", organization, 2)
                .replacen("organization = \"river-bend\"", &format!("organization = \"{organization}\""), 1)
                .replacen("payer = \"evergreen\"", &format!("payer = \"{payer}\""), 1)
        };
        for (organization, payer, fits) in [
            ("river-bend", "evergreen", true),
            ("live-one", "evergreen", false),
            ("river-bend", "real", false),
            ("live-one", "real", true),
        ] {
            let answer =
                post_toml(&app, "/v1/contracts", &world.admin, text(organization, payer)).await;
            if fits {
                answer.expect(201);
            } else {
                let problem = answer.problem(422, "invalid_input");
                assert_eq!(pointers(&problem), ["/contract/payer"], "{organization} {payer}");
            }
        }
    }
}
