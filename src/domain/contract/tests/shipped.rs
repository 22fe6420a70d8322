//! What ships reads and binds without a fault, and has the shape that the demo counts on.

use super::{CONTRACTS, PACKS};
use crate::domain::contract::{
    AuthorizationLevel, AuthorizationNeed, Demand, Exceed, Pack, Rollup, Terms, copay, dropped,
    facets, filing, fixed_end, gaps, in_force, modifier_rule, pack_from_toml, read_condition,
    read_layer, read_wanted, terms_from_toml, when,
};
use crate::domain::contract::{
    group, read_agreement, read_profile, read_rules, read_service, read_window,
};
use crate::domain::dates::parse_date;
use crate::domain::windows::Window;

fn packs() -> Vec<Pack> {
    PACKS.iter().map(|text| pack_from_toml(text).unwrap_or_else(|f| panic!("{f:#?}"))).collect()
}

fn terms() -> Vec<Terms> {
    let bound = |(pack, text)| terms_from_toml(pack, text).unwrap_or_else(|f| panic!("{f:#?}"));
    packs().iter().zip(CONTRACTS).map(bound).collect()
}

#[test]
fn all_read_and_bind_without_a_warning() {
    for terms in terms() {
        assert_eq!(gaps(&terms), Vec::<String>::new());
        assert_eq!(terms.agreement.payer, terms.pack.key);
        assert!(terms.pack.services.len() >= 2);
        assert!(terms.agreement.span.to.is_none());
        for service in &terms.pack.services {
            let day = parse_date("2026-01-01").unwrap();
            assert!(terms.rate(&service.key, day).is_some(), "{}", service.key);
        }
    }
}

#[test]
fn stored_terms_come_back_as_they_were() {
    for terms in terms() {
        let text = serde_json::to_string(&terms).unwrap();
        assert_eq!(serde_json::from_str::<Terms>(&text).unwrap(), terms);
    }
}

#[test]
fn each_has_its_shape() {
    let [evergreen, lone_mesa, harbor_light] = <[Pack; 3]>::try_from(packs()).unwrap();

    let window = Window::CalendarYear;
    assert_eq!(evergreen.authorizations[0].services.len(), evergreen.services.len());
    assert_eq!(
        evergreen.authorizations[0].need,
        AuthorizationNeed::After { free_units: 24, window }
    );
    assert_eq!(evergreen.limits[0].exceed, Exceed::BillUpTo);
    // Groups: with one peer or two, of mental health only, not at all.
    let groups = |pack: &Pack| pack.services.iter().filter(|s| s.group.is_some()).count();
    assert_eq!((groups(&evergreen), groups(&harbor_light), groups(&lone_mesa)), (1, 1, 0));

    assert_eq!(lone_mesa.limits[0].units.to_string(), "104");
    assert_eq!(lone_mesa.limits[0].exceed, Exceed::Hold);
    assert!(lone_mesa.services.iter().all(|s| s.modes.len() == 1 && s.min_age == Some(21)));
    assert!(lone_mesa.claim.one_place_per_claim && !lone_mesa.claim.line_breaks);
    assert_eq!((lone_mesa.claim.rollup, lone_mesa.claim.delimiters.element), (Rollup::None, '|'));

    assert_eq!(harbor_light.claim.authorization_level, AuthorizationLevel::Line);
    assert!(harbor_light.documentation.plan_goal);
    assert!(harbor_light.services[0].substance_use && !harbor_light.services[1].substance_use);
    assert_eq!(harbor_light.authorizations[0].need, AuthorizationNeed::Always);
}

#[test]
fn a_rate_changes_on_its_day() {
    let terms = terms();
    let peer = "peer_individual".parse().unwrap();
    let rate = |day| terms[0].rate(&peer, parse_date(day).unwrap()).unwrap().allowed.to_string();
    assert_eq!((rate("2026-07-31"), rate("2026-08-01")), ("17.8825".into(), "18.4575".into()));
}

#[test]
fn the_layout_page_names_every_key() {
    let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/contracts.md"));
    let keys = [
        group::KEYS,
        read_service::KEYS,
        read_rules::LIMIT_KEYS,
        read_rules::AUTHORIZATION_KEYS,
        read_window::KEYS,
        read_profile::KEYS,
        read_agreement::CONTRACT_KEYS,
        read_agreement::RATE_KEYS,
        read_agreement::ADJUSTMENT_KEYS,
        in_force::KEYS,
        when::KEYS,
        read_condition::KEYS,
        Demand::NAMES,
        read_wanted::KEYS,
        modifier_rule::KEYS,
        copay::KEYS,
        filing::KEYS,
        read_layer::KEYS,
        dropped::KEYS,
        dropped::AGREED_KEYS,
        facets::OF_SERVICE,
        facets::OF_CONDITION,
        facets::OF_DOCUMENTATION,
        fixed_end::KEYS,
    ];
    let of_demands = Demand::NAMES.iter().flat_map(|name| read_condition::keys_of(name)).copied();
    for key in keys.concat().into_iter().chain(of_demands) {
        assert!(page.contains(&format!("`{key}`")), "{key} is not in docs/contracts.md");
    }
}
