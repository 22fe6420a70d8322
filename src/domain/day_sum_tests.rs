//! Dealing: every unit to one visit, in order of start, whatever the order of the list.

use proptest::prelude::*;

use super::*;

fn share(id: i64, minutes: u32, held: u32) -> Share {
    let start = Instant::parse("2026-07-01T09:00:00Z").unwrap();
    Share {
        encounter: Some(EncounterId::from_i64(id)),
        started_at: start.plus(chrono::TimeDelta::hours(id)),
        minutes,
        ready: vec![],
        held,
    }
}

fn piece(units: u32, authorization: i64) -> Piece {
    let named = |id: i64| Named {
        id: AuthorizationId::from_i64(id),
        number: AuthorizationNumber::parse(&format!("A-{id}")).unwrap(),
    };
    Piece { units, authorization: (authorization > 0).then(|| named(authorization)) }
}

proptest! {
    #[test]
    fn rk14_each_unit_is_dealt_once_in_order_of_start(
        minutes in prop::collection::vec((0u32..70, 0u32..3), 0..9),
        pool in prop::collection::vec((1u32..5, 0i64..3), 0..5),
        unit_minutes in prop::sample::select(vec![15u32, 30, 60]),
        rounding in prop::sample::select(Rounding::ALL),
        shuffle in any::<u64>(),
    ) {
        let measure = Measure { unit_minutes, rounding, min_minutes: 0 };
        let mut visits: Vec<Share> =
            minutes.iter().zip(1i64..).map(|((m, h), id)| share(id, *m, *h)).collect();
        let total = measure.units(minutes.iter().map(|(m, _)| m).sum());
        let mut pool: Vec<Piece> = pool.iter().map(|(u, a)| piece(*u, *a)).collect();
        keep(&mut pool, total);
        let reach = sum(&pool);
        prop_assert!(reach <= total);
        // Units one by one, each with its source: what the visits get is a cut of this list.
        let one_by_one = |pieces: &[Piece]| -> Vec<Option<Named>> {
            pieces.iter().flat_map(|p| vec![p.authorization.clone(); p.units as usize]).collect()
        };
        let wanted = one_by_one(&pool);
        let before = visits.clone();
        let turn = usize::try_from(shuffle % 9).unwrap() % visits.len().max(1);
        visits.rotate_left(turn);
        let dealt = deal(visits, pool, measure);
        prop_assert_eq!(dealt.units, total);
        let got: Vec<_> = dealt.visits.iter().flat_map(|v| one_by_one(&v.ready)).collect();
        prop_assert_eq!(got, wanted);
        let mut passed = 0;
        let mut given = 0;
        for (visit, was) in dealt.visits.iter().zip(&before) {
            prop_assert_eq!(visit.encounter, was.encounter);
            passed += visit.minutes;
            given += sum(&visit.ready);
            prop_assert_eq!(given, measure.units(passed).min(reach));
        }
        let held: u32 = dealt.visits.iter().map(|v| v.held).sum();
        prop_assert!(dealt.visits.is_empty() || held + reach == total);
    }
}

#[test]
fn rk14_what_is_kept_of_a_pool_has_units() {
    let mut pool = vec![piece(3, 0), piece(2, 1)];
    keep(&mut pool, 3);
    assert_eq!(pool, [piece(3, 0)]);
    keep(&mut pool, 0);
    assert_eq!(pool, []);
}
