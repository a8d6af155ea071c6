use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use super::account::{self, Account};
use super::packages::REDIS_SERVERS;
use super::scratch;
use crate::command::find;
use crate::keeper::{Ending, Kept, Output, Whom};

/// Starts an empty Redis (or Valkey) that keeps nothing and forgets nothing, and answers with its URL.
pub fn start() -> Result<(Kept, String), String> {
    let program = REDIS_SERVERS
        .iter()
        .find_map(|name| find(name))
        .ok_or("redis-server is not installed")?;
    let account = Account::unprivileged()?;
    let folder = scratch::folder("redis")?;
    let (port, password) = (scratch::free_port()?, scratch::secret()?);
    let place = folder.display();
    let settings = format!(
        "port {port}\nbind 127.0.0.1\nrequirepass {password}\ndir {place}\nsave \"\"\nappendonly no\n\
         maxmemory-policy noeviction\ndaemonize no\nlogfile \"\"\n"
    );
    let file = folder.join("redis.conf");
    fs::write(&file, settings).map_err(|e| format!("{}: {e}", file.display()))?;
    account::give(&file, account.as_ref())?;
    account::give(&folder, account.as_ref())?;
    let mut server = account::command(&program, account.as_ref());
    server.arg(&file).current_dir(&folder);
    let log = folder.join("log");
    let sink = fs::File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
    let ending = Ending {
        signal: "KILL",
        whom: Whom::Child,
        folder: &folder.to_string_lossy(),
    };
    let mut kept = Kept::start(&server, &ending, Output::File(sink))?;
    scratch::await_start("Redis", &mut kept, &log, || answers(port, &password))?;
    Ok((
        kept,
        format!("redis://default:{password}@127.0.0.1:{port}/"),
    ))
}

fn answers(port: u16, password: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        write!(stream, "AUTH {password}\r\nPING\r\nQUIT\r\n")?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        Ok(reply.contains("+PONG"))
    };
    ask().unwrap_or(false)
}
