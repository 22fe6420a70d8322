//! What the operating system says of this process; nothing where it does not say it (`/proc`).

use std::path::Path;

/// Resident memory in bytes.
pub fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    field(&text, "VmRSS:")
}

/// The most resident memory so far, in bytes.
pub fn peak_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    field(&text, "VmHWM:")
}

/// Open files and sockets.
pub fn open_files() -> Option<u64> {
    let entries = std::fs::read_dir(Path::new("/proc/self/fd")).ok()?;
    u64::try_from(entries.count()).ok()
}

/// A size of `/proc/self/status`, which has them in kilobytes of 1,024 bytes.
fn field(status: &str, name: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_from_the_status() {
        let status = "Name:\tx\nVmHWM:\t  123 kB\nVmRSS:\t   45 kB\n";
        assert_eq!(field(status, "VmRSS:"), Some(45 * 1_024));
        assert_eq!(field(status, "VmHWM:"), Some(123 * 1_024));
        assert_eq!(field(status, "VmSwap:"), None);
        assert_eq!(field("VmRSS: many kB\n", "VmRSS:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_memory_and_files() {
        assert!(resident_bytes().is_some_and(|bytes| bytes > 1_000_000));
        assert!(peak_bytes() >= resident_bytes());
        assert!(open_files().is_some_and(|files| files > 2));
    }
}
