use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::keeper::{Ending, Kept, Output, Whom};

const PATIENCE: Duration = Duration::from_secs(30);

/// A folder in memory, where the system has one.
const IN_MEMORY: &str = "/dev/shm";
/// It is used if so much is free there, in KiB: containers often have very little.
const ENOUGH_KIB: u64 = 4 * 1024 * 1024;

/// A new folder of our own, in memory or below the system's temporary one: PostgreSQL makes a database for a test
/// in a sixth of the time there.
pub fn folder(what: &str) -> Result<PathBuf, String> {
    let name = format!(
        "sekisho-{what}-{}-{}",
        std::process::id(),
        secret()?.split_at(8).0
    );
    let path = root().join(name);
    fs::DirBuilder::new()
        .mode(0o700)
        .create(&path)
        .map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(path)
}

fn root() -> PathBuf {
    let chosen = std::env::var_os("TMPDIR").is_some();
    let free = || {
        let told = Command::new("df").args(["-Pk", IN_MEMORY]).output().ok()?;
        available_kib(&String::from_utf8_lossy(&told.stdout))
    };
    if !chosen && free().is_some_and(|kib| kib >= ENOUGH_KIB) {
        IN_MEMORY.into()
    } else {
        std::env::temp_dir()
    }
}

/// What `df -Pk` says is free.
fn available_kib(told: &str) -> Option<u64> {
    let row = told.lines().nth(1)?;
    row.split_whitespace().nth(3)?.parse().ok()
}

/// A new folder that goes when its janitor does.
pub fn swept(what: &str) -> Result<(Kept, PathBuf), String> {
    let path = folder(what)?;
    let mut idle = Command::new("tail");
    idle.args(["-f", "/dev/null"]);
    let ending = Ending {
        signal: "TERM",
        whom: Whom::Child,
        folder: &path.to_string_lossy(),
    };
    let janitor = Kept::start(&idle, &ending, Output::Inherit)?;
    Ok((janitor, path))
}

/// 128 random bits, in hexadecimal.
pub fn secret() -> Result<String, String> {
    let mut bytes = [0_u8; 16];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|e| format!("/dev/urandom: {e}"))?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

/// A port of the loopback that nobody listens on.
pub fn free_port() -> Result<u16, String> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|e| format!("no free port: {e}"))
}

/// Waits until `ready`, or says with the end of `log` why it never will be.
pub fn await_start(
    what: &str,
    kept: &mut Kept,
    log: &Path,
    ready: impl Fn() -> bool,
) -> Result<(), String> {
    let began = Instant::now();
    while !ready() {
        if kept.has_ended() || began.elapsed() > PATIENCE {
            let text = fs::read_to_string(log).unwrap_or_default();
            let rows: Vec<&str> = text.lines().rev().take(15).collect();
            let tail: Vec<&str> = rows.into_iter().rev().collect();
            return Err(format!("{what} did not start:\n{}", tail.join("\n")));
        }
        sleep(Duration::from_millis(25));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_stands_in_the_fourth_column() {
        let told = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                    tmpfs 24684084 84 24684000 1% /dev/shm\n";
        assert_eq!(available_kib(told), Some(24_684_000));
        assert_eq!(
            available_kib("df: /dev/shm: No such file or directory\n"),
            None
        );
    }
}
