//! The memory of the machine, or of the container that the process runs in.

use std::fs;

/// Where Linux says how much memory the machine has, and how much a container may use (version 2, then 1).
const MACHINE: &str = "/proc/meminfo";
const CONTAINER: [&str; 2] =
    ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

/// How many bytes of memory the process can use; `None` = this system does not say it in a file.
#[must_use]
pub fn usable_memory() -> Option<u64> {
    let machine = machine(&fs::read_to_string(MACHINE).ok()?)?;
    let limits = CONTAINER.iter().filter_map(|path| fs::read_to_string(path).ok());
    let least = limits.filter_map(|limit| limit.trim().parse().ok()).min();
    Some(least.map_or(machine, |limit| machine.min(limit)))
}

/// The bytes in a line such as `MemTotal:  16316412 kB`.
fn machine(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_the_machine_is_read() {
        let text = "MemTotal:       16316412 kB\nMemFree:          123 kB\n";
        assert_eq!(machine(text), Some(16_316_412 * 1024));
        assert_eq!(machine("MemFree: 1 kB\n"), None);
    }
}
