//! What every 837P must satisfy and the outside checker does not look at: NPI digits, ZIP+4, the
//! claim's charge against its lines, diagnosis pointers. Read with eyes of the tests' own.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::app::{Answer, TestApp};

/// Keeps the names of dropped files apart.
static FILES: AtomicU32 = AtomicU32::new(0);

/// The 837P of a batch, checked, and left for the outside checker.
pub async fn fetch(app: &TestApp, batch: &str, key: &str) -> Answer {
    let path = format!("/v1/batches/{batch}/837p");
    let answer = app.get(&path, key).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    check(&answer.body);
    drop_file(&answer.body);
    answer
}

/// Leaves an 837P in the folder of `PEERCLAIMS_837P_DIR`, when that is set.
pub fn drop_file(text: &str) {
    if let Ok(folder) = std::env::var("PEERCLAIMS_837P_DIR") {
        std::fs::create_dir_all(&folder).unwrap();
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let name = format!("api_{}_{number:04}.837", std::process::id());
        std::fs::write(std::path::Path::new(&folder).join(name), text).unwrap();
    }
}

/// Segments of elements, with the delimiters that the ISA says.
fn segments(text: &str) -> (Vec<Vec<String>>, char) {
    let at = |place: usize| char::from(text.as_bytes()[place]);
    let (element, component, end) = (at(3), at(104), at(105));
    let list = text
        .split(end)
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .map(|s| s.split(element).map(str::to_owned).collect())
        .collect();
    (list, component)
}

/// Whole cents of an X12 amount.
fn cents(text: &str) -> i64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    assert!(part.len() <= 2, "{text}");
    let part = format!("{part:0<2}");
    whole.parse::<i64>().unwrap() * 100 + part.parse::<i64>().unwrap()
}

/// The check digit: Luhn over 80840 and the number.
fn npi_is_good(npi: &str) -> bool {
    let sum: u32 = format!("80840{npi}")
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0') * if place % 2 == 1 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    npi.len() == 10 && sum.is_multiple_of(10)
}

/// Checks a file and gives its claim numbers.
pub fn check(text: &str) -> Vec<String> {
    let (segments, component) = segments(text);
    let (mut numbers, mut controls) = (Vec::new(), HashSet::new());
    let (mut meant, mut sum, mut diagnoses) = (0, 0, 0);
    let (mut loop_of, mut npis, mut zips) = (String::new(), 0, 0);
    let (mut corrects, mut named) = (false, false);
    for s in &segments {
        let part = |index: usize| s.get(index).map_or("", String::as_str);
        match part(0) {
            "NM1" => part(1).clone_into(&mut loop_of),
            "CLM" | "SE" => {
                assert_eq!(meant, sum, "CLM02 is the sum of SV102: {numbers:?}");
                (meant, sum, diagnoses) = (0, 0, 0);
                assert_eq!(corrects, named, "a correction names the payer's number: {numbers:?}");
                (corrects, named) = (false, false);
                if part(0) == "CLM" {
                    meant = cents(part(2));
                    numbers.push(part(1).to_owned());
                    let frequency = part(5).rsplit(component).next().unwrap();
                    assert!(["1", "7", "8"].contains(&frequency), "{s:?}");
                    corrects = frequency != "1";
                }
            }
            "REF" if part(1) == "F8" => named = true,
            "HI" => diagnoses = s.len() - 1,
            "SV1" => {
                sum += cents(part(2));
                assert!(part(4).parse::<u32>().unwrap() > 0, "{s:?}");
                let pointers: Vec<usize> =
                    part(7).split(component).map(|p| p.parse().unwrap()).collect();
                assert!(!pointers.is_empty() && pointers.len() <= 4, "{s:?}");
                assert!(pointers.iter().all(|p| (1..=diagnoses).contains(p)), "{s:?}");
            }
            "REF" if part(1) == "6R" => assert!(controls.insert(part(2).to_owned()), "{s:?}"),
            _ => {}
        }
        if part(0) == "NM1" && part(8) == "XX" {
            assert!(npi_is_good(part(9)), "{s:?}");
            npis += 1;
        }
        if part(0) == "N4" && loop_of == "85" {
            assert!(part(3).len() == 9 && part(3).bytes().all(|b| b.is_ascii_digit()), "{s:?}");
            zips += 1;
        }
    }
    assert!(npis >= 2 && zips >= 1, "billing and rendering providers are named");
    let unique: HashSet<&String> = numbers.iter().collect();
    assert_eq!(unique.len(), numbers.len());
    assert!(!numbers.is_empty());
    numbers
}
