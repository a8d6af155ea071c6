//! The rows, one file each, and the bed they are measured on.

mod client_credentials;
mod documents;
mod introspection;
mod login;
mod memory;
mod refresh;
mod start;
mod userinfo;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::ceiling;
use crate::generator::{Repeat, Visitor, Window, load};
use crate::mailbox::Mailbox;
use crate::person::{People, Tokens};
use crate::report;
use crate::seed::{self, App};
use crate::server::{Cost, Place, Running, start_ceiling, until_all_keys};
use crate::wire::{Connection, with_body};

/// What can be asked for by name.
pub const ROWS: [&str; 9] = [
    "discovery",
    "jwks",
    "client-credentials",
    "introspection",
    "userinfo",
    "refresh",
    "login",
    "start",
    "memory",
];

/// What is measured, how often and for how long.
pub struct Plan {
    pub rows: Vec<String>,
    pub rounds: u32,
    pub length: Duration,
}

/// How many ask at once, where nothing else is said.
const CONNECTIONS: usize = 16;
/// Accounts of each kind.
const ACCOUNTS: usize = 48;

/// A seeded house that answers, and the ceiling beside it.
struct Bed<'a> {
    plan: &'a Plan,
    place: Place,
    server: Running,
    people: seed::People,
    ceiling: Running,
    mailbox: Mailbox,
}

/// Measures what is planned and prints the table.
pub async fn measure(plan: &Plan) -> Result<(), String> {
    let wanted = |row: &str| plan.rows.is_empty() || plan.rows.iter().any(|r| r == row);
    let mut lines = Vec::new();
    if wanted("start") {
        lines.extend(start::measure(plan).await?);
    }
    let bed = Bed::open(plan, Cost::Real).await?;
    let idle = memory::idle(&bed).await;
    for path in ["discovery", "jwks"] {
        if wanted(path) {
            lines.push(documents::measure(&bed, path).await?);
        }
    }
    if wanted("client-credentials") {
        lines.extend(client_credentials::measure(&bed).await?);
    }
    if wanted("introspection") {
        lines.push(introspection::measure(&bed).await?);
    }
    if wanted("userinfo") {
        lines.push(userinfo::measure(&bed).await?);
    }
    if wanted("refresh") {
        lines.extend(refresh::measure(&bed).await?);
    }
    if wanted("login") {
        lines.extend(login::with_the_real_hash(&bed).await?);
    }
    if wanted("memory") {
        lines.extend(memory::after_load(&bed, idle));
    }
    bed.close();
    if wanted("login") {
        let bed = Bed::open(plan, Cost::NearlyFree).await?;
        lines.extend(login::without_the_hash(&bed).await?);
        bed.close();
    }
    report::print(&lines);
    Ok(())
}

impl<'a> Bed<'a> {
    async fn open(plan: &'a Plan, cost: Cost) -> Result<Self, String> {
        let place = Place::new(cost)?;
        let people = seed::sow(&place, ACCOUNTS).await?;
        let (server, _) = place.start().await?;
        until_all_keys(place.host()).await?;
        let (ceiling, _) = start_ceiling().await?;
        let mailbox = Mailbox::at(place.mails());
        Ok(Self {
            plan,
            place,
            server,
            people,
            ceiling,
            mailbox,
        })
    }

    fn close(self) {
        self.server.stop();
    }

    /// Ours and the ceiling, in turn, round by round.
    async fn duel<A: Visitor, B: Visitor>(
        &self,
        name: &str,
        mut ours: Vec<A>,
        mut bare: Vec<B>,
    ) -> (Vec<Window>, Vec<Window>) {
        let (mut windows, mut bare_windows) = (Vec::new(), Vec::new());
        let (mut quiet, mut round) = (0, 0);
        // Rounds in which others worked are repeated, as long as it makes sense.
        while quiet < self.plan.rounds && round < 2 * self.plan.rounds {
            round += 1;
            eprintln!("{name}: round {round}");
            let length = self.plan.length;
            let window;
            (ours, window) = load(ours, self.server.id(), length).await;
            let ours_quiet = window.is_quiet();
            windows.push(window);
            let window;
            (bare, window) = load(bare, self.ceiling.id(), length).await;
            quiet += u32::from(ours_quiet && window.is_quiet());
            bare_windows.push(window);
        }
        (windows, bare_windows)
    }

    /// Visitors of the ceiling who ask `path`.
    async fn bare(
        &self,
        path: &str,
        body: Option<&str>,
        count: usize,
    ) -> Result<Vec<Repeat>, String> {
        let host = &self.ceiling.address;
        let method = if body.is_some() { "POST" } else { "GET" };
        let request = with_body(method, host, path, &[], body.unwrap_or_default());
        Repeat::all(host, vec![request; count]).await
    }

    /// Visitors of ours who send one request each.
    async fn ours(&self, requests: Vec<Vec<u8>>) -> Result<Vec<Repeat>, String> {
        Repeat::all(self.place.host(), requests).await
    }

    /// Connections at which people take turns to sign in to `app`.
    async fn crowd(
        &self,
        names: &Arc<Vec<String>>,
        app: &App,
        count: usize,
    ) -> Result<Vec<People>, String> {
        let mut crowd = Vec::new();
        for from in 0..count {
            crowd.push(People {
                connection: Connection::open(self.place.host()).await?,
                host: self.place.host().to_owned(),
                app: app.clone(),
                mailbox: self.mailbox.clone(),
                names: Arc::clone(names),
                from,
                step: count,
                kept: BTreeMap::new(),
            });
        }
        Ok(crowd)
    }

    /// Tokens of as many people as there are connections.
    async fn tokens(&self, app: &App) -> Result<Vec<Tokens>, String> {
        let mut tokens = Vec::new();
        for mut people in self
            .crowd(&self.people.without_code, app, CONNECTIONS)
            .await?
        {
            tokens.push(people.sign_in().await?);
        }
        Ok(tokens)
    }

    async fn verified_by_the_ceiling(&self, count: usize) -> Result<Vec<Repeat>, String> {
        let token = ceiling::token_at(&self.ceiling.address).await?;
        let body = ceiling::asking_for(Some(&token));
        self.bare("/verify", Some(&body), count).await
    }
}
