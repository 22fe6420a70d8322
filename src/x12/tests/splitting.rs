//! A batch in several sets, groups and files, by the profile's limits.

use crate::domain::claim::{Claim, FileHeader};
use crate::domain::claim_detail::ClaimDetail;
use crate::domain::contract::form::{Count, FileForm};
use crate::x12::claim_837p::file_name;
use crate::x12::{Offer, Totals, Writer837p, X12Fault, read_back};

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

/// Writes all claims into as many files as the profile's limits want: name, totals and bytes of
/// each. The file that is full takes no more; the next one starts with the claim that it left.
fn write_files(
    claims: &[Claim],
    header: impl Fn(u32) -> FileHeader,
) -> Vec<(String, Totals, Vec<u8>)> {
    let (plain, mut files) = (ClaimDetail::default(), Vec::new());
    let mut rest = claims.iter().peekable();
    for part in 1.. {
        if rest.peek().is_none() {
            break;
        }
        let (header, mut bytes) = (header(part), Vec::new());
        let mut writer = Writer837p::new(&mut bytes, &header).unwrap();
        while rest.next_if(|claim| writer.offer(claim, &plain).unwrap() == Offer::Written).is_some()
        {
        }
        let totals = writer.finish().unwrap();
        files.push((file_name(&header, part), totals, bytes));
    }
    files
}

/// Sets, groups and claims of each file.
fn split(count: usize, per_set: u32, limits: impl Fn(&mut FileForm)) -> Vec<(u64, usize, u64)> {
    let files = write_files(&many(count), |part| {
        let mut header = header();
        header.profile.max_claims_per_set = per_set;
        limits(&mut header.profile.form.file);
        header.interchange_control += part * 10;
        header.group_control += part * 10;
        header.batch_reference = format!("BATCH{part}");
        header
    });
    let mut names: Vec<&str> = files.iter().map(|f| f.0.as_str()).collect();
    names.dedup();
    assert_eq!(names.len(), files.len(), "each file has a name of its own");
    let mut found = Vec::new();
    for (name, totals, bytes) in &files {
        let summary = read_back(&bytes[..]).unwrap();
        assert_eq!(summary.problems, []);
        assert_eq!(summary.totals, *totals);
        leave_for_pyx12(&format!("split-{count}-{per_set}-{name}"), bytes);
        let groups = bytes.split(|b| *b == b'\n').filter(|s| s.starts_with(b"GS*")).count();
        found.push((totals.sets, groups, totals.claims));
    }
    let claims: u64 = found.iter().map(|file| file.2).sum();
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
