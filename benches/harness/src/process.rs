//! What a process has used, by `/proc`.

use std::fs;
use std::time::Duration;

use crate::Fault;

/// Clock ticks per second in `/proc/PID/stat`: Linux has never shown another number to programs.
const TICKS_PER_SECOND: f64 = 100.0;

/// The processor time that a process has used so far, user and system.
pub fn cpu(pid: u32) -> Result<Duration, Fault> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name of the process stands in parentheses, and may hold anything.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok());
    // Fields 14 and 15 of the line; the first one here is field 3.
    let (user, system) = ticks(11).zip(ticks(12)).ok_or("/proc has no times")?;
    Ok(Duration::from_secs_f64((user + system) / TICKS_PER_SECOND))
}

/// The most memory that a process has had at once, in bytes.
pub fn peak_memory(pid: u32) -> Result<u64, Fault> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("/proc has no VmHWM")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_something() {
        let own = std::process::id();
        let mut sum = 0_u64;
        while cpu(own).unwrap() < Duration::from_millis(30) {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(peak_memory(own).unwrap() > 1 << 20);
    }
}
