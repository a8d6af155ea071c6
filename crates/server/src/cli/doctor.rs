use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sekisho_guard::{Advisory, AdvisoryStanding, Blocks, Situation};
use sekisho_mail::Transport;
use sekisho_model::{Clock as _, Digest, KeyId, KeyRing, SystemClock};
use sekisho_provider::password::{BreachedPasswords, time_of};
use sekisho_session::Session;
use sekisho_store::{HighMark, SealedPlace, Store, Tx};
use semver::Version;

use super::mail::delivery_rate;
use super::tree::{Form, Where};
use super::{CliError, config_at, output};
use crate::advisories_file;
use crate::config::Config;
use crate::hashing::{hash_cost, hash_pool};
use crate::keys_source;
use crate::wiring::open_store;

/// Said where advisories are believed without a signature.
const UNSIGNED: &str = "guard.advisories_key is not set: whoever can write the file of advisories decides what this server \
                        believes, and an older file passes for a new one.";

/// One line for each part; exit 1 if one is wrong.
pub(super) async fn run(at: &Where, form: Form) -> Result<(), CliError> {
    let config = config_at(at)?;
    let mut lines: Vec<(&str, Line)> = vec![("configuration", Ok("can be used".to_owned()))];
    let keys = keys_source::read(&config.keys).map_err(told);
    let held = keys.as_ref().map(KeyRing::key_ids).unwrap_or_default();
    lines.push(("key-encryption keys", keys.map(|ring| format!("{ring:?}"))));
    let hash = time_of(hash_cost(&config));
    lines.push(("password hashing", Ok(hashing(&config, hash))));
    if config.reset.admission {
        lines.push(("password queue", Ok(queue(&config, hash))));
    }
    if let Some(file) = &config.password.breached_filter {
        lines.push(("leaked passwords", leaked_passwords(file)));
    }
    lines.extend(database(&config, held).await);
    lines.push(("session store", session_store(&config).await));
    let transport = Transport::open(config.mail.url.expose(), &config.mail.from);
    let transport = transport.map(|_| "configured; try `sekisho mail test ADDRESS`".to_owned());
    lines.push(("mail transport", transport.map_err(told)));
    let told = advisories(&config).await;
    lines.extend(told.iter().map(|(id, line)| (&**id, line.clone())));
    output::checks(form, &lines);
    if lines.iter().all(|(_, line)| line.is_ok()) {
        Ok(())
    } else {
        Err(CliError::refused("Something needs attention."))
    }
}

/// What a hash costs, and what that takes on this machine (PW-13).
fn hashing(config: &Config, took: Duration) -> String {
    let cost = hash_cost(config);
    let how = if config.password.calibrate {
        "calibrated"
    } else {
        "as configured"
    };
    let pool = hash_pool(config);
    format!(
        "Argon2id with {} KiB, {} passes, {} lanes, {how}: {} ms on one core; {} at once, in up to {} MiB",
        cost.memory_kib,
        cost.iterations,
        cost.parallelism,
        took.as_millis(),
        pool.slots,
        pool.memory_kib(cost).div_ceil(1024)
    )
}

/// INC-09: whether those whom the queue lets in can be served at that cost. A warning: on a machine that is busy for a
/// moment a hash takes longer than it does.
fn queue(config: &Config, hash: Duration) -> String {
    let reset = &config.reset;
    if let Some(problem) = config.too_many_let_in(hash) {
        output::warn(&problem);
    }
    format!(
        "lets in {} people in {} s",
        reset.admission_wave_people, reset.admission_wave_seconds
    )
}

type Line = Result<String, String>;

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Reads all of it, which the start does not.
fn leaked_passwords(file: &Path) -> Line {
    let list = BreachedPasswords::open(file).map_err(told)?;
    list.verify().map_err(told)?;
    Ok(format!("{} known", list.entries()))
}

async fn database(config: &Config, held: Vec<KeyId>) -> Vec<(&'static str, Line)> {
    let store = match open_store(config).await {
        Ok(store) => store,
        Err(error) => return vec![("database", Err(told(error)))],
    };
    let missing = store.pending_migrations().await.map_err(told);
    let migrations = missing.and_then(|missing| match missing.as_slice() {
        [] => Ok("all applied".to_owned()),
        some => Err(format!(
            "missing {}; run `sekisho migrate`",
            some.join(", ")
        )),
    });
    let now = SystemClock.now();
    let figures = store
        .read(move |tx| tx.queue_figures(now))
        .await
        .map_err(told);
    let queue = figures.and_then(|figures| match figures.dead {
        0 => Ok(format!("{} waiting", figures.waiting)),
        dead => Err(format!(
            "{dead} could not be sent; see `sekisho mail queue`"
        )),
    });
    let answers = Ok(format!("{:?} answers", store.database_kind()));
    vec![
        ("database", answers),
        ("migrations", migrations),
        ("sealed values", sealed_values(&store, held).await),
        ("mail queue", queue),
        ("mail delivery", delivery(&store).await),
    ]
}

/// OTP-27: whether mail servers take our letters.
async fn delivery(store: &Store) -> Line {
    let rate = delivery_rate(store).await.map_err(told)?;
    if rate.is_bad() {
        return Err(format!("{rate}; see `sekisho mail queue`"));
    }
    Ok(rate.to_string())
}

/// Whether everything lies under a key that is there (PW-16, KEY-09).
async fn sealed_values(store: &Store, held: Vec<KeyId>) -> Line {
    let lost = store.read(move |tx| {
        let mut lost = Vec::new();
        for place in SealedPlace::ALL {
            let keys = tx.keys_in_use(place)?.into_iter();
            for key in keys.filter(|key| !held.contains(key)) {
                let number = tx.count_sealed_under(place, &key)?;
                lost.push(format!("{number} {} under {key}", place.name()));
            }
        }
        Ok(lost)
    });
    match lost.await.map_err(told)?.as_slice() {
        [] => Ok("all lie under keys that are there".to_owned()),
        lost => Err(format!("no key opens {}", lost.join(", "))),
    }
}

/// What is known to be wrong with this version: whether it is open here, and what holds it off (SUP-04).
async fn advisories(config: &Config) -> Vec<(String, Line)> {
    let part = "advisories".to_owned();
    let advisories = match advisories_file::read(&config.guard) {
        Ok(_) if config.guard.advisories.is_none() => return Vec::new(),
        Ok(advisories) => advisories,
        Err(problem) => return vec![(part, Err(problem))],
    };
    if config.guard.advisories_key.is_none() {
        output::warn(UNSIGNED);
    }
    let (situation, newest) = match situation(config).await {
        Ok(known) => known,
        Err(problem) => return vec![(part, Err(problem))],
    };
    let serial = advisories.serial();
    if newest.is_some_and(|newest| newest > i64::from(serial)) {
        let newest = newest.unwrap_or_default();
        let older =
            format!("the file is an old one: its serial is {serial}, {newest} was believed before");
        return vec![(part, Err(older))];
    }
    let (running, now) = (advisories_file::running(), SystemClock.now());
    let told = |one: &Advisory| {
        let standing = one.standing(&running, &situation, now);
        (one.id.clone(), concerning(one, &standing, &running))
    };
    let mut lines: Vec<_> = advisories.all().iter().map(told).collect();
    if lines.is_empty() {
        lines.push((part, Ok("none".to_owned())));
    }
    lines
}

fn concerning(one: &Advisory, standing: &AdvisoryStanding, running: &Version) -> Line {
    let what = format!("{}: {}", one.severity.name(), one.title.en);
    match standing {
        AdvisoryStanding::NotAffected => Ok(format!("{running} is not affected ({what})")),
        AdvisoryStanding::Fixed => Ok(format!("fixed in {running} ({what})")),
        AdvisoryStanding::Mitigated(how) => Ok(format!("mitigated, {how} ({what})")),
        AdvisoryStanding::Affected => {
            let update = match &one.fixed {
                Some(fixed) => format!("update to {fixed}"),
                None => "there is no update yet".to_owned(),
            };
            let mut told = format!("{running} is affected ({what}); {update}");
            for remedy in one.remedies() {
                told.push_str("\n         until then: ");
                told.push_str(&remedy);
            }
            Err(told)
        }
    }
}

/// What counts of switches and blocks.
/// What holds advisories off, and the serial of the newest signed ones.
async fn situation(config: &Config) -> Result<(Situation, Option<i64>), String> {
    let store = open_store(config).await.map_err(told)?;
    let key = config.guard.advisories_key.as_ref();
    let key = key.map(|key| Digest::of(key.trim().as_bytes()));
    let read = store.read(move |tx: &mut Tx<'_>| {
        let situation = Situation {
            switches: tx.switch_decisions()?,
            blocks: Arc::new(Blocks::new(tx.blocks()?, &[])),
            ..Situation::default()
        };
        let newest = key.map(|key| tx.high_mark(HighMark::Advisories(key)));
        Ok((situation, newest.transpose()?.flatten()))
    });
    read.await.map_err(told)
}

async fn session_store(config: &Config) -> Line {
    let session = Session::open(config.session.url.expose())
        .await
        .map_err(told)?;
    session.ping().await.map_err(told)?;
    match session.evicting_policy().await {
        Ok(None) => Ok("answers".to_owned()),
        Ok(Some(policy)) => Err(format!(
            "may forget login attempts when it is full: its maxmemory-policy is {policy}, use noeviction"
        )),
        Err(_untold) => Ok("answers; it does not tell its maxmemory-policy".to_owned()),
    }
}
