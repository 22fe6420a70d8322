//! The 837P writer and the typed 835 reader beside a plain byte scan, on one core, in memory.
//!
//! `cargo bench --bench x12`, or with a word of the wanted measures: `cargo bench --bench x12 --
//! reader`. `PEERCLAIMS_BENCH_MB` is the size of each file in megabytes (default 64). Files come from a generator, so 2048 shows whether memory stays flat. Figures of a machine
//! are in `docs/performance.md`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a bench fails by panicking and prints ratios"
)]

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use peerclaims::domain::claim::{
    BillingProvider, Claim, ClaimLine, ClaimNumber, FileHeader, Rendering, Subscriber,
};
use peerclaims::domain::codes::Gender;
use peerclaims::domain::contract::pack_from_toml;
use peerclaims::domain::member::MemberAddress;
use peerclaims::domain::money::Money;
use peerclaims::domain::organization::{OrganizationMode, StreetAddress};
use peerclaims::x12::read::{Event, Reader, Record};
use peerclaims::x12::{Lexer, Writer837p, read_back};

const PACK: &str = include_str!("../config/payers/evergreen.toml");
/// Claims of the block that the generator repeats.
const BLOCK_CLAIMS: usize = 500;
/// Shortest time on a core that is believed: the system counts it in steps of some milliseconds.
const MEASURABLE: f64 = 0.05;
/// Longest time on the wall that is spent on reaching it.
const PATIENCE: Duration = Duration::from_secs(5);

/// One 835 of a wanted size, made while it is read: a head, a block of claims again and again, and
/// an end whose count is right.
struct Remittance {
    parts: [Vec<u8>; 3],
    blocks: u64,
    part: usize,
    at: usize,
}

impl Remittance {
    fn new(megabytes: u64) -> Self {
        let mut block = String::new();
        for n in 0..BLOCK_CLAIMS {
            block.push_str(&format!(
                "CLP*P0HJ2A{n:07}*1*92*89**MC*2026282{n:06}*11*1~\n\
                 NM1*QC*1*ALVAREZ*DANA****MI*MCO55{n:06}~\n\
                 REF*1L*GROUP7~\nDTM*232*20260914~\n\
                 SVC*HC:H0038*64*60**4~\nDTM*472*20260914~\nCAS*CO*45*4~\n\
                 REF*6R*P0HJ2A{n:07}L01~\nAMT*B6*60~\n\
                 SVC*HC:H0038:HQ*28*29**4~\nDTM*472*20260914~\nCAS*CO*144*-1~\n\
                 REF*6R*P0HJ2A{n:07}L02~\nLQ*HE*N130~\n"
            ));
        }
        let blocks = (megabytes * 1_000_000 / u64::try_from(block.len()).unwrap()).max(1);
        let segments = 7 + blocks * u64::try_from(block.matches('~').count()).unwrap();
        let paid = blocks * u64::try_from(BLOCK_CLAIMS).unwrap() * 89;
        let head = format!(
            "ISA*00*          *00*          *ZZ*MCOPAYER01     *ZZ*PEERORG001     *261010*0900*^\
             *00501*000000777*0*T*:~\nGS*HP*MCOPAYER01*PEERORG001*20261010*0900*5*X*005010X221A1~\n\
             ST*835*0001~\nBPR*I*{paid}*C*ACH************20261015~\nTRN*1*EFT0099*1912345678~\n\
             N1*PR*EVERGREEN COMMUNITY HEALTH PLAN~\n\
             N1*PE*RIVER BEND PEER RECOVERY*XX*1234567893~\nLX*1~\n"
        );
        let tail = format!("SE*{segments}*0001~\nGE*1*5~\nIEA*1*000000777~\n");
        let parts = [head.into_bytes(), block.into_bytes(), tail.into_bytes()];
        Self { parts, blocks, part: 0, at: 0 }
    }

    fn claims(&self) -> u64 {
        self.blocks * u64::try_from(BLOCK_CLAIMS).unwrap()
    }
}

impl Read for Remittance {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let Some(bytes) = self.parts.get(self.part) else { return Ok(0) };
        let count = room.len().min(bytes.len() - self.at);
        room[..count].copy_from_slice(&bytes[self.at..self.at + count]);
        self.at += count;
        if self.at == bytes.len() {
            self.at = 0;
            if self.part == 1 && self.blocks > 1 {
                self.blocks -= 1;
            } else {
                self.part += 1;
            }
        }
        Ok(count)
    }
}

/// Counts what is written.
struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += u64::try_from(bytes.len()).unwrap();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Most memory that this process has had, in megabytes; where Linux tells it.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1000.0)
}

/// Seconds that this thread was on a core: what others do on the machine does not count. Where the
/// system does not tell, the clock on the wall.
fn busy(start: Instant) -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|t| t.split_whitespace().next()?.parse::<u64>().ok());
    // A system that counts nothing says 0.
    let nanoseconds = nanoseconds.filter(|n| *n > 0);
    nanoseconds.map_or_else(|| start.elapsed().as_secs_f64(), |n| n as f64 / 1e9)
}

/// Runs `work`, which says how many bytes it went through, as often as it takes to be measured, and
/// prints the rate; unless the words of the command line want another measure.
fn measured(name: &str, plain: Option<f64>, work: impl Fn() -> u64) -> f64 {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with('-')).peekable();
    if plain.is_some() && words.peek().is_some() && !words.any(|word| name.contains(&word)) {
        return 0.0;
    }
    let start = Instant::now();
    let before = busy(start);
    let (mut bytes, mut times) = (0, 0_u32);
    let spent = loop {
        bytes += work();
        times += 1;
        let spent = busy(start) - before;
        if spent >= MEASURABLE {
            break spent;
        } else if start.elapsed() >= PATIENCE {
            break start.elapsed().as_secs_f64();
        }
    };
    let rate = bytes as f64 / 1e6 / spent;
    let one = bytes as f64 / 1e6 / f64::from(times);
    let times = if times > 1 { format!(", {times} times") } else { String::new() };
    let share = plain.map_or(String::new(), |p| format!(", {:.1}% of the scan", 100.0 * rate / p));
    let peak = peak().map_or(String::new(), |p| format!(", peak memory {p:.0} MB"));
    println!("{name}: {rate:.0} MB/s over {one:.0} MB{times}{share}{peak}");
    rate
}

/// The least that any reader must do: copy each piece and look for terminators.
fn scan(mut input: impl Read) -> u64 {
    let mut buffer = vec![0; 64 * 1024];
    let (mut bytes, mut found) = (0, 0);
    loop {
        let count = input.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        bytes += u64::try_from(count).unwrap();
        found += memchr::memchr_iter(b'~', &buffer[..count]).count();
    }
    assert!(found > 0);
    bytes
}

fn lex(input: Remittance) -> u64 {
    let mut lexer = Lexer::new(input);
    let mut elements = 0;
    while let Some(segment) = lexer.next_segment().unwrap() {
        elements += segment.element_count();
    }
    assert!(elements > 0);
    lexer.consumed()
}

/// Every claim as its type, and the balance of the whole.
fn read(input: Remittance, bytes: u64) -> u64 {
    let claims = input.claims();
    let (mut seen, mut paid, mut balanced) = (0, Money::ZERO, false);
    for event in Reader::new(input) {
        match event {
            Event::Record(record) => match *record {
                Record::RemitClaim(claim) => {
                    seen += 1;
                    paid += claim.paid.unwrap();
                }
                Record::Balances(found) => balanced = found.balanced,
                _ => {}
            },
            Event::Error(error) => panic!("{error:?}"),
            _ => {}
        }
    }
    assert!(seen == claims && balanced && paid > Money::ZERO);
    bytes
}

fn header() -> FileHeader {
    FileHeader {
        mode: OrganizationMode::Test,
        interchange_control: 101,
        group_control: 101,
        created: NaiveDate::from_ymd_opt(2026, 10, 8).unwrap().and_hms_opt(15, 30, 0).unwrap(),
        batch_reference: "BATCH000101".to_owned(),
        sender_qualifier: "ZZ".to_owned(),
        sender_id: "PEERORG001".parse().unwrap(),
        contact_name: "Billing Office".parse().unwrap(),
        contact_phone: "5095550142".parse().unwrap(),
        profile: pack_from_toml(PACK).unwrap().claim,
        billing: BillingProvider {
            name: "River Bend Peer Recovery".parse().unwrap(),
            npi: "1234567893".parse().unwrap(),
            ein: "911234567".parse().unwrap(),
            taxonomy: "251S00000X".parse().unwrap(),
            address: StreetAddress {
                line1: "410 W Main Ave".parse().unwrap(),
                line2: None,
                city: "Spokane".parse().unwrap(),
                state: "WA".parse().unwrap(),
                zip: "992010001".parse().unwrap(),
            },
        },
    }
}

fn claim(n: usize) -> Claim {
    let number = ClaimNumber::parse(&format!("P0HJ2A{n:08}")).unwrap();
    let line = |ordinal: usize, modifiers: &[&str], cents: i64| ClaimLine {
        control: number.line(ordinal),
        procedure: "H0038".parse().unwrap(),
        modifiers: modifiers.iter().map(|m| m.parse().unwrap()).collect(),
        charge: Money::from_cents(cents),
        units: 4,
        place: "11".parse().unwrap(),
        pointers: vec![1, 2],
        date: NaiveDate::from_ymd_opt(2026, 9, 14).unwrap(),
        authorization: None,
    };
    let lines = vec![line(1, &[], 6400), line(2, &["HQ"], 2850)];
    Claim {
        charge: lines.iter().map(|l| l.charge).sum(),
        place: "11".parse().unwrap(),
        subscriber: Subscriber {
            last_name: "Alvarez".parse().unwrap(),
            first_name: "Dana".parse().unwrap(),
            // Two claims of each member.
            member_number: format!("MCO55{:06}", n / 2).parse().unwrap(),
            address: MemberAddress {
                line1: "88 Pine St Apt 4".parse().unwrap(),
                line2: None,
                city: "Spokane".parse().unwrap(),
                state: "WA".parse().unwrap(),
                zip: "992020004".parse().unwrap(),
            },
            birth_date: NaiveDate::from_ymd_opt(1985, 2, 14).unwrap(),
            gender: Gender::Female,
        },
        rendering: Rendering {
            last_name: "Okafor".parse().unwrap(),
            first_name: "June".parse().unwrap(),
            npi: "1987654328".parse().unwrap(),
            taxonomy: "175T00000X".parse().unwrap(),
        },
        authorization: Some("PA7700123".parse().unwrap()),
        diagnoses: vec!["F1120".parse().unwrap(), "F329".parse().unwrap()],
        number,
        lines,
    }
}

fn write(header: &FileHeader, claims: &[Claim], megabytes: u64) -> u64 {
    let mut out = Counted(0);
    let mut writer = Writer837p::new(&mut out, header).unwrap();
    let mut rounds = 0;
    // A claim makes some 500 bytes.
    while rounds * u64::try_from(claims.len()).unwrap() * 500 < megabytes * 1_000_000 {
        for claim in claims {
            writer.claim(claim).unwrap();
        }
        rounds += 1;
    }
    writer.finish().unwrap();
    out.0
}

fn main() {
    let megabytes = std::env::var("PEERCLAIMS_BENCH_MB").ok().and_then(|mb| mb.parse().ok());
    let megabytes: u64 = megabytes.unwrap_or(64);
    let plain = measured("835 plain scan (memchr)", None, || scan(Remittance::new(megabytes)));
    measured("835 lexer", Some(plain), || lex(Remittance::new(megabytes)));
    let bytes = scan(Remittance::new(megabytes));
    measured("835 reader, typed", Some(plain), || read(Remittance::new(megabytes), bytes));
    let (header, claims) = (header(), (0..1000).map(claim).collect::<Vec<_>>());
    measured("837P writer", Some(plain), || write(&header, &claims, megabytes));
    // The read-back keeps the control numbers of a file, so it is measured on one of 32 MB.
    let mut file = Vec::new();
    let mut writer = Writer837p::new(&mut file, &header).unwrap();
    for n in 0..64_000 {
        writer.claim(&claim_numbered(&claims[n % claims.len()], n)).unwrap();
    }
    writer.finish().unwrap();
    measured("837P read-back", Some(plain), || {
        let summary = read_back(&file[..]).unwrap();
        assert_eq!(summary.problem_count, 0, "{:?}", summary.problems);
        summary.totals.bytes
    });
}

fn claim_numbered(model: &Claim, n: usize) -> Claim {
    let mut claim = model.clone();
    claim.number = ClaimNumber::parse(&format!("P0HJ2A{n:08}")).unwrap();
    for (line, ordinal) in claim.lines.iter_mut().zip(1..) {
        line.control = claim.number.line(ordinal);
    }
    claim
}
