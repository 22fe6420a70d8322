//! The order of the words of a file decides nothing: every order of every choice of words leaves the
//! claims as a slow reading of ADR 110, 125 and 132 says.

use proptest::prelude::*;

use super::*;

const BATCH: BatchId = BatchId::from_i64(1);
/// Two claims of the first set, one of the second, and a replacement in a third.
const SETS: [(&str, &[i64]); 3] = [("1/0001", &[1, 2]), ("1/0002", &[3]), ("1/0003", &[4])];
const CORRECTION: i64 = 4;

fn claim(id: i64) -> ClaimId {
    ClaimId::from_i64(id)
}

fn board(paid: &[i64]) -> Board {
    let all: Vec<i64> = SETS.iter().flat_map(|set| set.1).copied().collect();
    let states: HashMap<ClaimId, ClaimStatus> =
        all.iter().map(|id| (claim(*id), ClaimStatus::Delivered)).collect();
    let paid: HashSet<ClaimId> = paid.iter().copied().map(claim).collect();
    let heard = Heard { arrived: !paid.is_empty(), claims: paid.clone(), ..Heard::default() };
    Board {
        numbers: all.iter().map(|id| (format!("P{id}"), claim(*id))).collect(),
        of_batch: HashMap::from([(BATCH, all.iter().copied().map(claim).collect())]),
        before: states.clone(),
        now: states,
        payer: HashMap::new(),
        corrections: HashSet::from([claim(CORRECTION)]),
        numbered: HashSet::new(),
        replaced: HashSet::new(),
        changing: HashSet::new(),
        paid,
        heard: HashMap::from([(BATCH, heard)]),
        beside: HashMap::new(),
    }
}

/// What somebody may say, each in an interchange.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Line {
    Ta1(char, usize),
    Ack(usize, char, usize),
    Claim(i64, Source, &'static str),
}

/// `!`: a copy; `A2+A7`: the claim adjudicated, a line of it rejected.
fn lines() -> Vec<Line> {
    use Line::{Ack, Claim, Ta1};
    let (payer, house) = (Source::Payer, Source::Clearinghouse);
    let mut all = vec![
        Ta1('A', 0),
        Ta1('R', 0),
        Ta1('!', 1),
        Ack(0, 'A', 0),
        Ack(0, 'R', 2),
        Ack(0, '!', 2),
        Ack(1, 'R', 0),
        Ack(2, 'R', 2),
        Claim(3, payer, "A2"),
        Claim(2, payer, "A7"),
    ];
    for id in [1, CORRECTION] {
        for says in ["A1", "A2", "A5", "A7", "!", "A2+A7", "A4"] {
            all.push(Claim(id, payer, says));
        }
        all.extend([Claim(id, house, "A1"), Claim(id, house, "A7")]);
    }
    all
}

fn word(line: Line) -> Word {
    let verdict = |sign: char| if sign == 'A' { Verdict::Accepted } else { Verdict::Rejected };
    let (from, of, stage, source, control, verdict, copy, taken) = match line {
        Line::Ta1(sign, from) => {
            let (stage, source) = (Stage::Interchange, Source::Receiver);
            let control = "1".to_owned();
            (from, Of::Batch, stage, source, control, verdict(sign), sign == '!', Taken::Silent)
        }
        Line::Ack(set, sign, from) => {
            let (control, claims) = SETS[set];
            let of = Of::Set(claims.iter().map(|id| format!("P{id}")).collect());
            let (stage, source) = (Stage::Set, Source::Receiver);
            let copy = sign == '!';
            (from, of, stage, source, control.to_owned(), verdict(sign), copy, Taken::Silent)
        }
        Line::Claim(id, source, says) => {
            let verdict = match says {
                "A1" | "A2" | "A5" => Verdict::Accepted,
                "A2+A7" => Verdict::Mixed,
                "A4" => Verdict::Unknown,
                _ => Verdict::Rejected,
            };
            let taken = crate::domain::response::taken(
                verdict,
                says.split('+').enumerate().map(|(n, category)| (category, n == 0)),
            );
            let (of, control) = (Of::Claim(claim(id)), format!("P{id}"));
            (3, of, Stage::Claim, source, control, verdict, says == "!", taken)
        }
    };
    Word {
        from,
        batch: BATCH,
        of,
        stage,
        source,
        control,
        verdict,
        copy,
        taken,
        said: Vec::new(),
        payer_control: None,
        clearinghouse_control: None,
    }
}

type Picture = (Vec<ClaimStatus>, Vec<(ClaimId, Effect)>);

/// How the claims stand after a file; and what it did, but to the correction.
fn after(lines: &[Line], paid: &[i64]) -> Picture {
    let mut board = board(paid);
    for line in lines {
        if let Line::Ack(_, _, from) = line {
            board.beside.entry(BATCH).or_default().insert(*from);
        }
    }
    let words = lines.iter().copied().map(word).collect();
    let outcomes = board.hear_all(words).unwrap();
    let mut effects: Vec<(ClaimId, Effect)> = outcomes.into_iter().flat_map(|o| o.1).collect();
    effects.retain(|(id, _)| *id != claim(CORRECTION));
    effects.sort_by_key(|(id, effect)| (*id, effect.as_str()));
    ([1, 2, 3, 4].map(|id| board.now[&claim(id)]).to_vec(), effects)
}

/// The same by the words of the decisions.
fn wanted(lines: &[Line], paid: &[i64], id: i64) -> ClaimStatus {
    let has = |line: Line| lines.contains(&line);
    let any = |what: &dyn Fn(&Line) -> bool| lines.iter().any(what);
    let (payer, house) = (Source::Payer, Source::Clearinghouse);
    let says = |who: Source, what: &'static str| has(Line::Claim(id, who, what));
    let copy = says(payer, "!");
    let adjudicated = says(payer, "A2") || says(payer, "A5") || says(payer, "A2+A7");
    let received = adjudicated || says(payer, "A1");
    let is_correction = id == CORRECTION;
    let set = SETS.iter().position(|set| set.1.contains(&id)).unwrap();
    let of_set = |line: &Line| matches!(line, Line::Claim(c, ..) if SETS[set].1.contains(c));
    let ack = |wanted: char| any(&|l| matches!(l, Line::Ack(s, c, _) if *s == set && *c == wanted));
    let known = |ids: &[i64]| paid.iter().any(|p| ids.contains(p));
    let by_payer = says(payer, "A7") && !copy && (is_correction || !adjudicated);
    let by_house = says(house, "A7") && !copy && !received;
    let by_set = ack('R')
        && !ack('A')
        && !ack('!')
        && !has(Line::Ta1('!', 1))
        && !any(&of_set)
        && !known(SETS[set].1);
    let elsewhere = |l: &Line| matches!(l, Line::Ack(_, _, from) if *from != 0);
    let by_interchange = has(Line::Ta1('R', 0))
        && !has(Line::Ta1('A', 0))
        && !has(Line::Ta1('!', 1))
        && !any(&|l| matches!(l, Line::Claim(..)))
        && !any(&elsewhere)
        && paid.is_empty();
    let of_claim = (by_payer || by_house) && !paid.contains(&id);
    if of_claim || by_set || by_interchange {
        return ClaimStatus::Rejected;
    }
    let accepted = ["A1", "A2", "A5"].iter().any(|what| says(payer, what)) || says(house, "A1");
    if accepted { ClaimStatus::Accepted } else { ClaimStatus::Delivered }
}

fn check(lines: &[Line], paid: &[i64]) -> Result<Picture, TestCaseError> {
    let seen = after(lines, paid);
    for (place, id) in [1, 2, 3, 4].into_iter().enumerate() {
        prop_assert_eq!(seen.0[place], wanted(lines, paid, id), "claim {} of {:?}", id, lines);
    }
    Ok(seen)
}

/// All orders of a list.
fn orders(list: &[Line]) -> Vec<Vec<Line>> {
    let Some((first, rest)) = list.split_first() else { return vec![Vec::new()] };
    let with = |order: Vec<Line>| {
        (0..=order.len()).map(move |place| {
            let mut order = order.clone();
            order.insert(place, *first);
            order
        })
    };
    orders(rest).into_iter().flat_map(with).collect()
}

#[test]
fn every_order_of_three_words_is_the_same() {
    let all = lines();
    for (a, one) in all.iter().enumerate() {
        for (b, two) in all.iter().enumerate().skip(a + 1) {
            for three in all.iter().skip(b + 1) {
                let chosen = [*one, *two, *three];
                for paid in [&[][..], &[1]] {
                    let first = check(&chosen, paid).unwrap();
                    for order in orders(&chosen) {
                        assert_eq!(after(&order, paid), first, "{order:?}");
                    }
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn every_order_of_many_words_is_the_same(
        order in Just(lines()).prop_shuffle(),
        count in 4_usize..16,
        paid in any::<bool>(),
    ) {
        let chosen = &order[..count];
        let paid: &[i64] = if paid { &[1] } else { &[] };
        let first = check(chosen, paid)?;
        let mut turned: Vec<Line> = chosen.iter().rev().copied().collect();
        for _ in 0..count {
            turned.rotate_left(1);
            prop_assert_eq!(&after(&turned, paid), &first);
        }
    }
}

#[test]
fn a_payer_that_says_a_number_once_means_it_everywhere_in_the_file() {
    for swap in [false, true] {
        let mut board = board(&[]);
        board.replaced.insert(BATCH);
        let bare = word(Line::Claim(1, Source::Payer, "A7"));
        let mut words = vec![bare.clone(), Word { payer_control: Some("ICN1".to_owned()), ..bare }];
        if swap {
            words.reverse();
        }
        let outcomes = board.hear_all(words).unwrap();
        assert!(outcomes.iter().all(|o| o.2 == Effect::Unclear), "{outcomes:?}");
    }
}
