//! What processes have used so far, as `/proc` tells it.

use std::fs;
use std::time::Duration;

/// Processor time and memory of a process and its children.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// User and system time of all threads.
    pub(crate) cpu: Duration,
    /// Resident memory now, in KiB.
    pub(crate) resident_kib: u64,
    /// The most resident memory there was, in KiB.
    pub(crate) peak_kib: u64,
}

impl Usage {
    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            cpu: self.cpu + other.cpu,
            resident_kib: self.resident_kib + other.resident_kib,
            peak_kib: self.peak_kib + other.peak_kib,
        }
    }
}

/// The usage of a process and its children; nothing for one that has ended.
pub(crate) fn of_tree(pid: u32) -> Usage {
    children(pid)
        .into_iter()
        .map(of_tree)
        .fold(of_one(pid), Usage::plus)
}

/// The processes a process has started and not yet reaped.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|pids| pids.split(' ').flat_map(str::parse).collect::<Vec<_>>())
        .collect()
}

fn of_one(pid: u32) -> Usage {
    let read = |name| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let status = read("status");
    Usage {
        cpu: cpu(&read("stat")).unwrap_or_default(),
        resident_kib: kib(&status, "VmRSS:").unwrap_or_default(),
        peak_kib: kib(&status, "VmHWM:").unwrap_or_default(),
    }
}

/// `utime` and `stime`, the 14th and 15th field; the second one, the name, may hold anything.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks()? + ticks()?) * TICK_MILLIS))
}

fn kib(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// `USER_HZ` is 100 on every Linux we run on.
const TICK_MILLIS: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_shift_the_fields() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194304 103 0 0 0 12 30 0 0 20 0 1 0 1 2 3";
        assert_eq!(cpu(stat), Some(Duration::from_millis(420)));
        assert_eq!(cpu("7 (a) S 1"), None);
    }

    #[test]
    fn we_use_memory_ourselves() {
        let usage = of_tree(std::process::id());
        assert!(usage.resident_kib > 0 && usage.peak_kib >= usage.resident_kib);
    }
}
