//! A batch in several sets, groups and files, by the profile's limits.

use crate::domain::claim::{Claim, FileHeader};
use crate::domain::claim_detail::ClaimDetail;
use crate::domain::contract::form::{Count, FileForm};
use crate::x12::claim_837p::{in_date_order, write_files};
use crate::x12::{Writer837p, X12Fault, read_back};

use super::samples::{claims, header, leave_for_pyx12};

fn many(count: usize) -> Vec<Claim> {
    let model = claims();
    let some = (0..count).map(|n| {
        let mut claim = model[n % model.len()].clone();
        claim.number = format!("P0HJ2A{n:08}").parse().unwrap();
        for (line, ordinal) in claim.lines.iter_mut().zip(1..) {
            line.control = claim.number.line(ordinal);
        }
        claim
    });
    some.collect()
}

/// Sets, groups and claims of each file.
fn split(count: usize, per_set: u32, limits: impl Fn(&mut FileForm)) -> Vec<(u64, usize, u64)> {
    let (all, plain) = (many(count), ClaimDetail::default());
    let mut outputs: Vec<Vec<u8>> = Vec::new();
    let heads = std::cell::RefCell::new(Vec::<FileHeader>::new());
    let dir = tempfile::tempdir().unwrap();
    let files = write_files(all.iter().map(|claim| (claim, &plain)), |part| {
        let mut header = header();
        header.profile.max_claims_per_set = per_set;
        limits(&mut header.profile.form.file);
        header.interchange_control += part * 10;
        header.group_control += part * 10;
        header.batch_reference = format!("BATCH{part}");
        heads.borrow_mut().push(header.clone());
        Ok((header, std::fs::File::create(dir.path().join(part.to_string())).unwrap()))
    })
    .unwrap();
    let mut names: Vec<&str> = files.iter().map(|f| f.name.as_str()).collect();
    names.dedup();
    assert_eq!(names.len(), files.len(), "each file has a name of its own");
    for part in 1..=files.len() {
        outputs.push(std::fs::read(dir.path().join(part.to_string())).unwrap());
    }
    let mut found = Vec::new();
    let mut claims = 0;
    for (bytes, file) in outputs.iter().zip(&files) {
        let summary = read_back(&bytes[..]).unwrap();
        assert_eq!(summary.problems, []);
        assert_eq!(summary.totals, file.totals);
        leave_for_pyx12(&format!("split-{count}-{per_set}-{}", file.name), bytes);
        let groups = bytes.split(|b| *b == b'\n').filter(|s| s.starts_with(b"GS*")).count();
        found.push((file.totals.sets, groups, file.totals.claims));
        claims += file.totals.claims;
    }
    assert_eq!(claims, u64::try_from(count).unwrap());
    found
}

#[test]
fn by_claims() {
    assert_eq!(split(7, 5000, |_| {}), [(1, 1, 7)]);
    assert_eq!(split(7, 5000, |f| f.claims_per_file = Count(3)), [(1, 1, 3), (1, 1, 3), (1, 1, 1)]);
}

#[test]
fn by_sets_and_groups() {
    assert_eq!(split(7, 2, |f| f.sets_per_group = Count(2)), [(2, 1, 4), (2, 1, 3)]);
    let two_groups = |f: &mut FileForm| {
        f.sets_per_group = Count(1);
        f.groups_per_file = Count(2);
    };
    assert_eq!(split(7, 2, two_groups), [(2, 2, 4), (2, 2, 3)]);
}

#[test]
fn by_bytes() {
    let files = split(40, 5000, |f| f.bytes_per_file = Count(4000));
    assert!(files.len() > 3, "{files:?}");
    let header = {
        let mut header = header();
        header.profile.form.file.bytes_per_file = Count(700);
        header
    };
    let mut writer = Writer837p::new(Vec::new(), &header).unwrap();
    assert_eq!(writer.claim(&claims()[0]).unwrap_err().fault, X12Fault::Limit);
}

#[test]
fn a_full_file_refuses_the_next_claim_where_nobody_splits() {
    let mut header = header();
    header.profile.form.file.claims_per_file = Count(1);
    let mut writer = Writer837p::new(Vec::new(), &header).unwrap();
    writer.claim(&claims()[0]).unwrap();
    assert_eq!(writer.claim(&claims()[1]).unwrap_err().fault, X12Fault::Limit);
}

#[test]
fn in_order_of_days() {
    let mut all = claims();
    all.reverse();
    in_date_order(&mut all);
    let days: Vec<_> = all.iter().map(|c| c.lines[0].date).collect();
    assert!(days.is_sorted());
}
