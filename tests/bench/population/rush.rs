//! Everybody at once: after a forced reset people arrive faster than new passwords can be hashed. They
//! wait before the page that changes them; sign-ins and apps are not to notice (S13, INC-08). Who arrives signs in
//! first: what the changes do to others shows beside a time when as many people only sign in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::Goal;
use super::people;
use super::town::Town;
use crate::generator::{Visitor, float, rank};
use crate::mailbox::Mailbox;
use crate::person::{Browser, Page, token_request};
use crate::seed::App;
use crate::wire::Connection;

/// As many arrive in a second; twice what the waves let in.
const ARRIVALS: u32 = 12;
const NEW_PASSWORD: &str = "nine pelicans ate the moon";
/// Sign-ins and tokens are asked for at this pace, rush or none.
const SIGN_IN_EVERY: Duration = Duration::from_millis(250);
const TOKEN_EVERY: Duration = Duration::from_millis(20);

/// The server hangs up on who is silent for so long. All come from one address: the last of them may hear that no
/// more wait from there, and to come back after so long.
const KEPT: Duration = Duration::from_secs(30);

/// How long people and apps waited, sorted.
pub(super) struct Pace {
    sign_ins: Vec<Duration>,
    tokens: Vec<Duration>,
    errors: Vec<String>,
}

/// Somebody who signs in as far as the password goes.
struct SignsIn {
    connection: Connection,
    host: String,
    app: App,
    names: Arc<Vec<String>>,
    next: usize,
}

impl Visitor for SignsIn {
    async fn act(&mut self) -> Result<(), String> {
        let name = self.names[self.next % self.names.len()].clone();
        self.next += 1;
        let mut browser = Browser::new(&mut self.connection, &self.host);
        let sent = browser.offer_password(&name, &self.app).await?;
        if sent.status == 303 {
            Ok(())
        } else {
            Err(format!("{}: {}", sent.status, sent.words()))
        }
    }
}

/// A program that fetches a token.
struct Fetches {
    connection: Connection,
    request: Vec<u8>,
}

impl Visitor for Fetches {
    async fn act(&mut self) -> Result<(), String> {
        let answer = self.connection.ask(&self.request).await?;
        if answer.status == 200 {
            Ok(())
        } else {
            Err(format!("{}: {}", answer.status, answer.text()))
        }
    }
}

/// The pace of sign-ins and tokens for `length`.
pub(super) async fn pace(town: &Town, length: Duration) -> Result<Pace, String> {
    let host = town.place.host();
    let person = SignsIn {
        connection: Connection::open(host).await?,
        host: host.to_owned(),
        app: town.sown.app.clone(),
        names: Arc::clone(&town.active),
        next: 0,
    };
    let machine = Fetches {
        connection: Connection::open(host).await?,
        request: token_request(
            host,
            &town.sown.machine,
            &[("grant_type", "client_credentials")],
        ),
    };
    let ((sign_ins, mut errors), (tokens, more)) = tokio::join!(
        paced(person, SIGN_IN_EVERY, length),
        paced(machine, TOKEN_EVERY, length)
    );
    errors.extend(more);
    Ok(Pace {
        sign_ins,
        tokens,
        errors,
    })
}

async fn paced<V: Visitor>(
    mut visitor: V,
    every: Duration,
    length: Duration,
) -> (Vec<Duration>, Vec<String>) {
    let (mut took, mut errors) = (Vec::new(), Vec::new());
    let (mut beat, end) = (interval(every), Instant::now() + length);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while Instant::now() < end {
        beat.tick().await;
        let asked = Instant::now();
        match visitor.act().await {
            Ok(()) => took.push(asked.elapsed()),
            Err(error) => errors.push(error),
        }
    }
    took.sort_unstable();
    (took, errors)
}

/// The pace while as many as in the rush sign in and nobody has to change anything.
pub(super) async fn pace_beside_sign_ins(town: &Town, length: Duration) -> Result<Pace, String> {
    let people = town.crowding.iter().rev();
    let (during, arrived) = tokio::join!(
        pace(town, length),
        arrivals(town, people, length, |host, app, name| async move {
            let mut connection = Connection::open(&host).await?;
            let mut browser = Browser::new(&mut connection, &host);
            let sent = browser.offer_password(&name, &app).await?;
            let signed_in = sent.status == 303;
            signed_in
                .then_some(Duration::ZERO)
                .ok_or_else(|| sent.words())
        })
    );
    let (mut during, mut arrived) = (during?, arrived?);
    while let Some(done) = arrived.join_next().await {
        let done = done.map_err(|error| error.to_string())?;
        during.errors.extend(done.err());
    }
    Ok(during)
}

/// Lets people arrive for `length`, and prints what they and everybody else saw, beside `calm` and `busy`.
pub(super) async fn measure(
    town: &Town,
    length: Duration,
    (calm, busy): (&Pace, &Pace),
) -> Result<Vec<Goal>, String> {
    let began = Instant::now();
    let people = town.crowding.iter();
    let mailbox = town.mailbox.clone();
    let change = |host, app, name| change(host, app, name, mailbox.clone());
    let (during, arrived) =
        tokio::join!(pace(town, length), arrivals(town, people, length, change));
    let (during, mut arrived) = (during?, arrived?);
    let (mut changed, mut waited, mut errors) = (0_u32, Vec::new(), Vec::new());
    while let Some(done) = arrived.join_next().await {
        match done.map_err(|error| error.to_string())? {
            Ok(wait) => {
                changed += 1;
                waited.push(wait);
            }
            Err(error) => errors.push(error),
        }
    }
    waited.sort_unstable();
    let seconds = began.elapsed().as_secs_f64();
    println!("\n| | sign-in p50 ms | p99 ms | token p50 ms | p99 ms |");
    println!("| --- | --- | --- | --- | --- |");
    line("before", calm);
    line("beside as many sign-ins", busy);
    line("in the rush", &during);
    println!(
        "{ARRIVALS} people a second for {:.0} s, half as many let in: {changed} changed their password in \
         {seconds:.0} s, {:.0} an hour; they took {:.1} s (half of them) to {:.1} s (the slowest)",
        length.as_secs_f64(),
        f64::from(changed) / seconds * 3600.0,
        rank(&waited, 50).as_secs_f64(),
        waited.last().copied().unwrap_or_default().as_secs_f64(),
    );
    // 30 % of everybody within an hour, beside what arrived here: the rest is what more machines are for.
    let hour = f64::from(town.accounts) * 0.3 / 3600.0;
    println!(
        "30 % of {} accounts within an hour would be {hour:.0} a second: {:.0} x what arrived here",
        town.accounts,
        hour / f64::from(ARRIVALS),
    );
    let all = [&errors, &during.errors, &busy.errors, &calm.errors];
    let wrong: usize = all.iter().map(|errors| errors.len()).sum();
    for errors in all {
        if let Some(first) = errors.first() {
            let first: String = first.chars().take(300).collect();
            println!("{} ERRORS, the first: {first}", errors.len());
        }
    }
    let mut goals = vec![
        keeps("sign-in", &busy.sign_ins, &during.sign_ins),
        keeps("token", &busy.tokens, &during.tokens),
    ];
    goals.push(Goal::new(
        format!("nobody got a wrong answer: {wrong} did"),
        wrong == 0,
    ));
    Ok(goals)
}

/// INC-09: others keep within three times the p99 they have without the changes, and never wait long.
fn keeps(name: &str, busy: &[Duration], during: &[Duration]) -> Goal {
    let (busy, during) = (rank(busy, 99), rank(during, 99));
    let most = (busy * 3).max(Duration::from_millis(10));
    let what = format!(
        "p99 of a {name} in the rush is at most 3 x the one beside as many sign-ins (INC-09): {:.1} ms to {:.1} ms",
        during.as_secs_f64() * 1e3,
        busy.as_secs_f64() * 1e3,
    );
    Goal::new(what, during <= most)
}

fn line(name: &str, pace: &Pace) {
    let ms = |sorted: &[Duration], percent| rank(sorted, percent).as_secs_f64() * 1e3;
    println!(
        "| {name} ({:.0}, {:.0}) | {:.1} | {:.1} | {:.2} | {:.2} |",
        float(pace.sign_ins.len()),
        float(pace.tokens.len()),
        ms(&pace.sign_ins, 50),
        ms(&pace.sign_ins, 99),
        ms(&pace.tokens, 50),
        ms(&pace.tokens, 99),
    );
}

/// Begins what people came for, for each who arrives; a change is finished when the queue lets them.
async fn arrivals<F: Future<Output = Result<Duration, String>> + Send + 'static>(
    town: &Town,
    people: impl Iterator<Item = &String>,
    length: Duration,
    come_for: impl Fn(String, App, String) -> F,
) -> Result<JoinSet<Result<Duration, String>>, String> {
    let mut running = JoinSet::new();
    let (mut beat, end) = (
        interval(Duration::from_secs(1) / ARRIVALS),
        Instant::now() + length,
    );
    for name in people {
        beat.tick().await;
        if Instant::now() >= end {
            return Ok(running);
        }
        let (host, app) = (town.place.host().to_owned(), town.sown.app.clone());
        running.spawn(come_for(host, app, name.clone()));
    }
    Err("too few people for so long a rush".to_owned())
}

/// Somebody signs in with the voided password and the mailed code, is led to the page, waits there, and chooses a new
/// password.
pub(super) async fn change(
    host: String,
    app: App,
    name: String,
    mailbox: Mailbox,
) -> Result<Duration, String> {
    let began = Instant::now();
    let mut connection = Connection::open(&host).await?;
    let mut browser = Browser::new(&mut connection, &host);
    let asked = browser.offer_password(&name, &app).await?;
    let code_address = people::code_address_of(&name);
    let led = browser.give_code(asked, &code_address, &mailbox).await?;
    let place = led.location.clone();
    if !place.starts_with("/login/new-password") {
        return Err(format!("{}: {place} {}", led.status, led.words()));
    }
    let page = until_let_in(&mut browser, &place).await?;
    let csrf = page.hidden("csrf")?;
    let form = [("csrf", &*csrf), ("password", NEW_PASSWORD)];
    browser.post("/login/new-password", &form).await?.answer()?;
    Ok(began.elapsed())
}

async fn until_let_in(browser: &mut Browser<'_>, place: &str) -> Result<Page, String> {
    loop {
        let page = browser.get(place).await?;
        let Some(seconds) = page.retry else {
            return Ok(page);
        };
        let wait = Duration::from_secs(seconds);
        sleep(wait).await;
        if wait >= KEPT {
            browser.connect_again().await?;
        }
    }
}
