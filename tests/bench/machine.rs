//! What the kernel knows: who used how much of the cores, and how much memory is held.

use std::fs;
use std::process::Command;

/// The core of the server and of whatever it asks.
pub const SERVERS: &str = "0";
/// The core of the load generator.
const GENERATOR: &str = "1";

/// A command that runs on the servers' core.
pub fn on_servers_core(program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", SERVERS, program]);
    command
}

/// Moves this process, before it has threads, to the generator's core.
pub fn move_to_generators_core() -> Result<(), String> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let here = std::process::id().to_string();
    let moved = Command::new("taskset")
        .args(["--pid", "--cpu-list", GENERATOR, &here])
        .stdout(std::process::Stdio::null())
        .status()
        .map_err(|error| format!("taskset: {error}"))?;
    if moved.success() {
        Ok(())
    } else {
        Err(format!("two cores are needed, and here are {cores}"))
    }
}

/// CPU time in ticks of 10 ms.
#[derive(Clone, Copy)]
pub struct Usage {
    server: u64,
    measured: u64,
    everybody: u64,
}

impl Usage {
    /// Now, with `server` as the process under test.
    pub fn now(server: u32) -> Self {
        let databases: u64 = databases().map(ticks).sum();
        Self {
            server: ticks(server),
            measured: ticks(server) + ticks(std::process::id()) + databases,
            everybody: everybody(),
        }
    }

    /// Microseconds of CPU that the server used since `earlier`.
    pub fn server_micros(self, earlier: Self) -> f64 {
        let ticks = self.server.saturating_sub(earlier.server);
        f64::from(u32::try_from(ticks).unwrap_or(u32::MAX)) * 10_000.0
    }

    /// Microseconds of CPU that others used meanwhile.
    pub fn other_micros(self, earlier: Self) -> f64 {
        let all = self.everybody.saturating_sub(earlier.everybody);
        let other = all.saturating_sub(self.measured.saturating_sub(earlier.measured));
        f64::from(u32::try_from(other).unwrap_or(u32::MAX)) * 10_000.0
    }
}

/// Resident memory in MiB.
pub fn resident(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kib = line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

/// User and system time of a process with all its threads.
fn ticks(process: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields = after_name.split_whitespace().skip(11).take(2);
    fields.filter_map(|field| field.parse::<u64>().ok()).sum()
}

/// User, nice, system and stolen time of the whole machine.
fn everybody() -> u64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = stat.lines().next().unwrap_or_default();
    let fields: Vec<u64> = line
        .split_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    [0, 1, 2, 7].iter().filter_map(|i| fields.get(*i)).sum()
}

fn databases() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    processes.filter(|process| {
        let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
        matches!(name.trim(), "postgres" | "redis-server" | "valkey-server")
    })
}
