//! What a request could leave behind: rows in tables, keys in the session store. Looked at where both
//! are servers that others can ask, on the production stack.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use url::Url;

use crate::support::house::{TestHouse, on_production_stack};

/// Rows of each table and keys of each kind. Left out is what refusals and looks are meant to leave: events,
/// counters that slow down whoever fails, and turns in the queue of the password pages.
#[derive(Debug, PartialEq, Eq)]
pub struct Remains(BTreeMap<String, usize>);

impl Remains {
    pub fn of(house: &TestHouse) -> Self {
        let mut found = BTreeMap::new();
        if on_production_stack() {
            found.extend(rows(&house.database_url()));
            let keys = keys(
                house.config.session.url.expose(),
                &house.config.session.prefix,
            );
            found.extend(keys);
            assert!(found.len() > 15, "{found:?}");
        }
        Self(found)
    }
}

const COUNT: &str = "select table_name, (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %I', table_name), false, true, '')))[1]::text \
    from information_schema.tables where table_schema = 'public' and table_name !~ '^events'";

fn rows(url: &str) -> Vec<(String, usize)> {
    let done = Command::new("psql")
        .args([url, "-qAtc", COUNT])
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let text = String::from_utf8(done.stdout).unwrap();
    let row = |line: &str| {
        let (table, count) = line.split_once('|').unwrap();
        (table.to_owned(), count.parse().unwrap())
    };
    text.lines().map(row).collect()
}

/// Asks for all keys of this house, which has a prefix of its own.
fn keys(url: &str, prefix: &str) -> BTreeMap<String, usize> {
    let url = Url::parse(url).unwrap();
    let address = (url.host_str().unwrap(), url.port().unwrap_or(6379));
    let mut stream = TcpStream::connect(address).unwrap();
    if let Some(password) = url.password() {
        write!(stream, "AUTH {password}\r\n").unwrap();
    }
    write!(stream, "KEYS *{prefix}*\r\nQUIT\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        !answer.contains("-ERR") && !answer.contains("-NOAUTH"),
        "{answer}"
    );
    let mut kinds = BTreeMap::new();
    for key in answer.lines().filter(|line| line.contains(prefix)) {
        let kind: Vec<&str> = key.split(':').skip(1).take(2).collect();
        let meant = ["count", "queue"];
        if !meant.iter().any(|meant| kind[0].starts_with(meant)) {
            *kinds.entry(kind.join(":")).or_default() += 1;
        }
    }
    kinds
}
