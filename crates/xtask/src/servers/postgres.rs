use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::account::{self, Account};
use super::packages::postgres_programs;
use super::scratch;
use crate::command::output;
use crate::keeper::{Ending, Kept, Output, Whom};

const USER: &str = "sekisho";

/// Nothing here must survive a power cut, and a zone other than UTC shows code that relies on the server's.
const SETTINGS: [&str; 8] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
    "timezone=Asia/Tokyo",
    "log_statement=none",
];

/// Starts an empty PostgreSQL and answers with the URL of its superuser: tests create databases of their own.
pub fn start() -> Result<(Kept, String), String> {
    let programs = postgres_programs().ok_or("PostgreSQL is not installed")?;
    let account = Account::unprivileged()?;
    let folder = scratch::folder("postgres")?;
    account::give(&folder, account.as_ref())?;
    let password = scratch::secret()?;
    if let Err(why) = initialize(&programs, &folder, account.as_ref(), &password) {
        drop(fs::remove_dir_all(&folder));
        return Err(why);
    }
    let port = scratch::free_port()?;
    let kept = serve(&programs, &folder, account.as_ref(), port)?;
    let url = format!("postgres://{USER}:{password}@127.0.0.1:{port}/postgres");
    Ok((kept, url))
}

fn initialize(
    programs: &Path,
    folder: &Path,
    account: Option<&Account>,
    password: &str,
) -> Result<(), String> {
    let secret = folder.join("password");
    fs::write(&secret, password).map_err(|e| format!("{}: {e}", secret.display()))?;
    account::give(&secret, account)?;
    let mut initdb = account::command(&programs.join("initdb"), account);
    initdb
        .arg("--pgdata")
        .arg(folder.join("data"))
        .arg("--pwfile")
        .arg(&secret)
        .args(["--username", USER, "--auth", "scram-sha-256"])
        .args(["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"])
        .current_dir(folder);
    output(initdb).map(drop)
}

fn serve(
    programs: &Path,
    folder: &Path,
    account: Option<&Account>,
    port: u16,
) -> Result<Kept, String> {
    let mut postgres = account::command(&programs.join("postgres"), account);
    postgres
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-c", &format!("port={port}")])
        .current_dir(folder);
    for setting in SETTINGS {
        postgres.args(["-c", setting]);
    }
    let log = folder.join("log");
    let file = fs::File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
    let ending = Ending {
        signal: "QUIT",
        whom: Whom::Child,
        folder: &folder.to_string_lossy(),
    };
    let mut kept = Kept::start(&postgres, &ending, Output::File(file))?;
    let probe = programs.join("pg_isready");
    scratch::await_start("PostgreSQL", &mut kept, &log, || {
        Command::new(&probe)
            .args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    })?;
    Ok(kept)
}
