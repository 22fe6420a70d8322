//! Figures as people read them, in Markdown tables.

use std::time::Duration;

use crate::world::Backend;

/// The machine and its databases, as far as they say.
pub fn machine(on: &[Backend]) {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let of = |text: &str, key: &str| {
        let line = text.lines().find(|l| l.starts_with(key)).unwrap_or_default();
        line.split(':').nth(1).unwrap_or_default().trim().to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (cpu, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let load = read("/proc/loadavg");
    println!(
        "Machine: {} ({cores} cores), memory {}, load {} before the run; peerclaims {}.",
        of(&cpu, "model name"),
        of(&memory, "MemTotal"),
        load.split(' ').next().unwrap_or_default(),
        env!("CARGO_PKG_VERSION"),
    );
    for backend in on {
        println!("{}: {}.", backend.name(), backend.version());
    }
}

/// Processor time of this process so far, of all its threads: what others do on the machine does not
/// change it much. In hundredths of a second, as the system counts it (`proc(5)`).
pub fn processor() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the process stands in parentheses and may hold anything; user and system time are
    // the 12th and 13th field after it.
    let after = text.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// So many a second.
pub fn rate(count: u64, time: Duration) -> u64 {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
    count.saturating_mul(1_000_000) / micros
}

/// 1234567 as 1,234,567.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Seconds with three places.
pub fn seconds(time: Duration) -> String {
    format!("{}.{:03} s", time.as_secs(), time.subsec_millis())
}

/// Milliseconds with three places.
pub fn millis(time: Duration) -> String {
    let micros = time.as_micros();
    format!("{}.{:03} ms", micros / 1_000, micros % 1_000)
}

/// The time that so many of a hundred stay below.
pub fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    times.get(last * percent / 100).copied().unwrap_or_default()
}

/// How many hundredths `part` is of `all`.
pub fn percent(part: u64, all: u64) -> u64 {
    part * 100 / all.max(1)
}
