//! Everybody who reads the reports of a history, and the lists of the API that these are held against.

use std::collections::BTreeMap;

use crate::app::TestApp;
use crate::past::Story;
use crate::raw::{Faults, Raw, Reader};

/// Everybody who may read.
pub async fn readers(
    app: &TestApp,
    story: &Story,
) -> (Vec<Reader<'static>>, BTreeMap<String, String>) {
    let [river, _] = &story.pasts;
    let list = crate::world::all(app, "/v1/payers", &river.world.admin).await;
    let payers: BTreeMap<String, String> = list
        .iter()
        .map(|p| (p["id"].as_str().unwrap().to_owned(), p["key"].as_str().unwrap().to_owned()))
        .collect();
    let evergreen = payers.iter().find(|(_, key)| *key == "evergreen").map(|(id, _)| id.clone());
    let faults = Faults::default();
    let one = |name, key: &str, query, payer, organization, of_payer: Option<String>| Reader {
        name,
        key: key.to_owned(),
        query,
        payer,
        organization,
        of_payer,
        faults: faults.clone(),
    };
    let (biller, admin, analyst) = (&river.world.biller, &river.world.admin, &story.analyst);
    let named = "&organization=hill-top&payer=evergreen";
    let all = vec![
        one("biller", biller, "", false, Some("river-bend"), None),
        one(
            "biller of a payer",
            biller,
            "&payer=evergreen",
            false,
            Some("river-bend"),
            evergreen.clone(),
        ),
        one("admin", admin, "", false, None, None),
        one("admin of one", admin, named, false, Some("hill-top"), evergreen.clone()),
        one("analyst", analyst, "", true, None, evergreen.clone()),
        one("analyst of one", analyst, "&organization=hill-top", true, Some("hill-top"), evergreen),
    ];
    (all, payers)
}

pub async fn read(app: &TestApp, story: &Story) -> Vec<Raw> {
    let mut raws = Vec::new();
    for past in &story.pasts {
        raws.push(Raw::read(app, past).await);
    }
    crate::report_recount_persons::name(&mut raws);
    raws
}
