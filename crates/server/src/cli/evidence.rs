//! `sekisho incident snapshot`, `check-snapshot`: what stood before anything is cleaned up, sealed (INC-11).

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use sekisho_mail::when;
use sekisho_model::{Digest, EpochKind, EventKind, KeyId, Timestamp};
use sekisho_provider::evidence::sealing;
use sekisho_provider::incidents::EpochScope;
use sekisho_store::{Store, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::events::stored_line;
use super::levels::By;
use super::tree::Where;
use super::{CliError, event, keys, output, services_at};
use crate::advisories_file::running;
use crate::config::Config;
use crate::guard_overview::ShownBlock;
use crate::incident_overview::Overview;
use crate::wiring::Services;

/// Events read at once.
const PAGE: u32 = 1_000;
const DAY: Duration = Duration::from_hours(24);
/// How late an event may be stored after its moment: what is younger is not sealed yet.
const LATE: Duration = Duration::from_secs(30);

/// Where to write it.
#[derive(Debug, Clone, Args)]
pub(crate) struct TakeSnapshot {
    #[command(flatten)]
    at: Where,
    /// A new file; its seal gets the same name and `.jws`.
    file: PathBuf,
    #[command(flatten)]
    by: By,
    /// From which day on the record of events is sealed, in days before now.
    #[arg(long, default_value_t = 400)]
    days: u64,
}

/// Which one to check.
#[derive(Debug, Clone, Args)]
pub(crate) struct CheckSnapshot {
    #[command(flatten)]
    at: Where,
    /// The file; its seal lies beside it.
    file: PathBuf,
}

/// The record of one day, or of a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sealed {
    /// In microseconds.
    from: i64,
    until: i64,
    events: u64,
    last: Option<String>,
    /// SHA-256 over the digest so far and the next line, from line to line.
    head: String,
}

/// One day after another: what changes one event changes its head and no other.
async fn sealed_days(
    store: &Store,
    mut from: Timestamp,
    end: Timestamp,
) -> Result<Vec<Sealed>, CliError> {
    let mut all = Vec::new();
    while from < end {
        let next = Timestamp::from_seconds(from.seconds().div_euclid(86_400) * 86_400) + DAY;
        let until = next.min(end);
        let sealed = sealed_between(store, from, until).await?;
        all.extend((sealed.events > 0).then_some(sealed));
        from = until;
    }
    Ok(all)
}

async fn sealed_between(
    store: &Store,
    from: Timestamp,
    until: Timestamp,
) -> Result<Sealed, CliError> {
    let (mut head, mut events, mut after) = (Digest::of(b""), 0, None);
    loop {
        let read = move |tx: &mut Tx<'_>| tx.events_between(from, until, &[], (after, PAGE));
        let page = store.read(read).await?;
        for event in &page {
            let line = stored_line(event);
            head = Digest::of_parts(&[head.as_bytes(), line.as_bytes()]);
            events += 1;
        }
        match page.last() {
            Some(last) => after = Some((last.at, last.id)),
            None => break,
        }
    }
    Ok(Sealed {
        from: from.micros(),
        until: until.micros(),
        events,
        last: after.map(|(_, id)| id.to_string()),
        head: head.to_base64url(),
    })
}

pub(super) async fn take(asked: TakeSnapshot) -> Result<(), CliError> {
    let (config, services) = services_at(&asked.at).await?;
    let now = services.provider.now();
    let (from, until) = (now - DAY.saturating_mul(days(asked.days)), now - LATE);
    let events = sealed_days(&services.store, from, until).await?;
    let facts = facts(&config, &services, (&asked.by, now), &events).await?;
    let text = serde_json::to_vec_pretty(&facts)
        .map_err(|error| CliError::failed("cannot write the snapshot", error))?;
    let seal = services.provider.seal_evidence(&text)?;
    write_new(&asked.file, &text)?;
    write_new(&beside(&asked.file), seal.as_bytes())?;
    let digest = Digest::of(&text).to_base64url();
    record(&services, asked.by, &digest).await?;
    output::done(&format!(
        "Wrote {} and its seal. Take both off this machine, and note the SHA-256: {digest}",
        asked.file.display()
    ));
    Ok(())
}

fn days(asked: u64) -> u32 {
    u32::try_from(asked.clamp(1, 36_500)).unwrap_or(36_500)
}

/// No personal data and no secret: digests, numbers, names of keys and decisions.
async fn facts(
    config: &Config,
    services: &Services,
    (by, now): (&By, Timestamp),
    events: &[Sealed],
) -> Result<Value, CliError> {
    let provider = &services.provider;
    let shown = toml::to_string(config)
        .map_err(|error| CliError::failed("cannot show the configuration", error))?;
    let (signing, holders, epochs) = services
        .store
        .read(move |tx| Ok((tx.keys()?, tx.key_holders(now)?, tx.shared_epochs()?)))
        .await?;
    let mut held = serde_json::Map::new();
    for (name, kind) in [
        ("sessions", EpochKind::Session),
        ("grants", EpochKind::Token),
        ("trusted_browsers", EpochKind::Browser),
    ] {
        let number = provider.epoch_reach(&EpochScope::Server, kind).await?;
        held.insert(name.to_owned(), number.into());
    }
    let blocks = provider.blocks();
    let blocks: Vec<ShownBlock> = blocks.holding(now).map(ShownBlock::from).collect();
    let epochs: Vec<Value> = epochs
        .iter()
        .map(|one| {
            json!({
                "scope": one.scope, "subject": one.subject, "kind": one.kind, "epoch": one.epoch,
            })
        })
        .collect();
    let nodes: Vec<Value> = holders
        .iter()
        .map(|node| {
            let held: Vec<&str> = node.keys.iter().map(KeyId::as_str).collect();
            json!({ "address": node.address, "seals_with": node.current.as_str(), "holds": held })
        })
        .collect();
    Ok(json!({
        "issuer": config.server.issuer, "taken_at": when::rfc3339(now, "UTC"),
        "operator": by.operator, "reason": by.reason, "program": running().to_string(),
        "missing_migrations": services.store.pending_migrations().await?,
        "configuration": { "sha256": Digest::of(shown.as_bytes()).to_base64url(), "shown": shown },
        "events": events, "in_force": held, "incident": Overview::of(provider),
        "blocks": blocks, "epochs": epochs, "nodes": nodes,
        "signing_keys": keys::listed(&signing, now), "jwks": provider.published_keys(),
    }))
}

async fn record(services: &Services, by: By, digest: &str) -> Result<(), CliError> {
    let provider = &services.provider;
    let mut event = event(
        provider,
        services,
        EventKind::EventsRead,
        "incident snapshot",
    );
    event.detail = json!({
        "command": "incident snapshot", "operator": by.operator, "reason": by.reason,
        "sha256": digest,
    });
    Ok(services.store.write(move |tx| tx.record(&event)).await?)
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".jws");
    PathBuf::from(name)
}

fn write_new(file: &Path, text: &[u8]) -> Result<(), CliError> {
    let failed = |error| CliError::failed(format!("cannot write {}", file.display()), error);
    let mut options = std::fs::OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(file);
    let mut opened = opened.map_err(failed)?;
    opened.write_all(text).map_err(failed)?;
    opened.sync_all().map_err(failed)
}

pub(super) async fn check(asked: CheckSnapshot) -> Result<(), CliError> {
    let read = |file: &Path| {
        let failed = |error| CliError::failed(format!("cannot read {}", file.display()), error);
        std::fs::read(file).map_err(failed)
    };
    let (text, seal) = (read(&asked.file)?, read(&beside(&asked.file))?);
    let broken = || CliError::refused("The file was changed, or this is not its seal.");
    let facts: Value = serde_json::from_slice(&text).map_err(|_changed| broken())?;
    let seal = String::from_utf8_lossy(&seal).into_owned();
    let jwks = facts.get("jwks").ok_or_else(broken)?;
    let sealing = sealing(&seal, &text, jwks).ok_or_else(broken)?;
    let (_, services) = services_at(&asked.at).await?;
    let known = services.provider.published_keys().to_string();
    let known = known.contains(&format!("\"{}\"", sealing.kid));
    output::done(&format!(
        "{} made this file on {}, signed with key {}{}",
        sealing.issuer,
        when::rfc3339(sealing.at, "UTC"),
        sealing.kid,
        if known {
            ", which it still publishes."
        } else {
            ", which is not published any more: compare the SHA-256 with the one that was noted."
        }
    ));
    let days = facts.get("events").cloned().unwrap_or_default();
    let days: Vec<Sealed> = serde_json::from_value(days)
        .map_err(|error| CliError::failed("cannot read the record of events", error))?;
    compare(&services.store, &days).await
}

/// Whether the record of events is what it was.
async fn compare(store: &Store, days: &[Sealed]) -> Result<(), CliError> {
    let (mut same, mut dropped) = (0_u64, 0_u64);
    for day in days {
        let moment = Timestamp::from_micros;
        let now = sealed_between(store, moment(day.from), moment(day.until)).await?;
        let whose = when::rfc3339(moment(day.from), "UTC");
        match (now == *day, now.events) {
            (true, _) => same += day.events,
            // A month is dropped as a whole once its time is over.
            (false, 0) if same == 0 => dropped += day.events,
            (false, left) => {
                return Err(CliError::refused(format!(
                    "The record of the day from {whose} is not what it was: {left} events, and {} were sealed.",
                    day.events
                )));
            }
        }
    }
    output::done(&format!(
        "The record of events is what it was: {same} events; {dropped} are no longer kept."
    ));
    Ok(())
}
