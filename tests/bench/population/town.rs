//! A house with so many accounts, imported as an operator would.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sekisho_model::{Entropy, OsEntropy};

use super::people;
use crate::mailbox::Mailbox;
use crate::person::People;
use crate::seed::{self, App};
use crate::server::{Place, Running, until_all_keys};
use crate::wire::Connection;

/// How many of them do something while it is measured.
const ACTIVE: usize = 8000;

/// A running house and some of the people in it.
pub struct Town {
    pub place: Place,
    pub server: Running,
    pub sown: seed::People,
    /// People picked at random from all over the population.
    pub active: Arc<Vec<String>>,
    /// Others, who come when everybody must.
    pub crowding: Vec<String>,
    pub accounts: u32,
    pub import: Duration,
    pub bytes: u64,
    pub mailbox: Mailbox,
}

impl Town {
    /// Fills a new place with `accounts` and starts its server.
    pub async fn found(accounts: u32) -> Result<Self, String> {
        let place = Place::new(crate::server::Cost::Real)?;
        place.suspect_nobody()?;
        let sown = seed::sow(&place, 16).await?;
        let import = import(&place, accounts)?;
        let bytes = place.database_bytes()?;
        let (server, _) = place.start().await?;
        until_all_keys(place.host()).await?;
        let mailbox = Mailbox::at(place.mails());
        let mut active = some_of(accounts);
        let crowding = active.split_off(active.len() / 2);
        Ok(Self {
            active: Arc::new(active),
            crowding,
            place,
            server,
            sown,
            accounts,
            import,
            bytes,
            mailbox,
        })
    }

    /// Connections at which active people take turns to sign in to the web app.
    pub async fn crowd(&self, count: usize) -> Result<Vec<People>, String> {
        let mut crowd = Vec::new();
        for from in 0..count {
            crowd.push(self.person(from, count, &self.sown.app).await?);
        }
        Ok(crowd)
    }

    pub async fn person(&self, from: usize, step: usize, app: &App) -> Result<People, String> {
        Ok(People {
            connection: Connection::open(self.place.host()).await?,
            host: self.place.host().to_owned(),
            app: app.clone(),
            mailbox: self.mailbox.clone(),
            names: Arc::clone(&self.active),
            from,
            step,
            kept: BTreeMap::new(),
        })
    }
}

impl Town {
    /// Imports so many accounts with weak hashes beside the others.
    pub fn import_weak(&self, count: u32) -> Result<Duration, String> {
        let file = self.place.folder.path().join("weak.jsonl");
        people::write_weak(&file, count)?;
        imported(&self.place, &file)
    }

    /// Stops the server and starts it again.
    pub async fn restart(&mut self) -> Result<(), String> {
        self.server.end();
        let (server, _) = self.place.start().await?;
        until_all_keys(self.place.host()).await?;
        self.server = server;
        Ok(())
    }
}

/// Each once, in no order.
fn some_of(accounts: u32) -> Vec<String> {
    let entropy: &dyn Entropy = &OsEntropy::new();
    let mut picked = BTreeSet::new();
    let mut names = Vec::new();
    while names.len() < ACTIVE {
        let number = u32::from_be_bytes(entropy.bytes()) % accounts;
        if picked.insert(number) {
            names.push(people::address(number));
        }
    }
    names
}

/// Imports a file of `accounts` people with the program as it ships, on the machine as it is: an import
/// is not pinned to the server's core.
fn import(place: &Place, accounts: u32) -> Result<Duration, String> {
    let file = place.folder.path().join("people.jsonl");
    eprintln!("{accounts} accounts: writing the file");
    people::write(&file, accounts)?;
    eprintln!("{accounts} accounts: importing");
    imported(place, &file)
}

fn imported(place: &Place, file: &Path) -> Result<Duration, String> {
    let began = Instant::now();
    let mut command = Command::new("taskset");
    command
        .args(["--cpu-list", "0,1"])
        .arg(crate::server::program()?);
    command.args(["user", "import"]).arg(file);
    command.arg("--config").arg(place.config_file());
    let done = command.status().map_err(|error| error.to_string())?;
    let took = began.elapsed();
    drop(std::fs::remove_file(file));
    done.success()
        .then_some(took)
        .ok_or_else(|| format!("the import ended: {done}"))
}
