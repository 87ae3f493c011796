//! What a process uses, as Linux tells it.

use std::fs;
use std::io;

/// Ticks of a second in `/proc/PID/stat`: the same on every Linux that Rust runs on (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;
/// Written to `/proc/PID/clear_refs`, it makes the present size the peak (proc(5)).
const RESET_PEAK: &str = "5";

/// What a process has used so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Usage {
    /// In user and kernel mode.
    pub cpu_seconds: f64,
    /// Most that was resident since the last reset.
    pub peak_memory_bytes: u64,
}

impl Usage {
    /// Reads it.
    ///
    /// # Errors
    /// When the process is gone, or this is no Linux.
    pub fn of(pid: u32) -> io::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let odd = || io::Error::other("what /proc says cannot be understood");
        Ok(Self {
            cpu_seconds: cpu_seconds(&stat).ok_or_else(odd)?,
            peak_memory_bytes: peak_memory_bytes(&status).ok_or_else(odd)?,
        })
    }
}

/// Forgets the peak of memory so far.
///
/// # Errors
/// When the process is gone, or not ours.
pub(super) fn reset_peak(pid: u32) -> io::Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), RESET_PEAK)
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    // The program's name, in parentheses, may hold anything; `utime` and `stime` are the 12th and 13th fields after it.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(11);
    let mut ticks = || times.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS_PER_SECOND)
}

fn peak_memory_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_a_name_that_looks_like_fields() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 1 0 1 1 1";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(peak_memory_bytes("Name:\ta\nVmHWM:\t    2048 kB\n"), Some(2 << 20));
    }

    #[test]
    fn this_process_has_used_something() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.peak_memory_bytes > 0);
    }
}
