use std::path::PathBuf;
use std::time::Duration;

use sekisho_model::{EventKind, KeyId, OsEntropy, SigningAlgorithm, SigningKeyRecord, Timestamp};
use sekisho_provider::jwt::Withdrawn;
use sekisho_provider::rules::key_rotation::KeyState;
use serde::Serialize;

use super::keys_tree::KeysCommand;
use super::tree::{Form, Where};
use super::{CliError, config_at, event, output, sealing_keys, services_at};
use crate::keys_file;

/// A signing key as the command line shows it.
#[derive(Serialize)]
pub(super) struct Shown {
    kid: String,
    alg: &'static str,
    state: &'static str,
    signs_from: i64,
    retires_at: Option<i64>,
}

pub(super) async fn run(command: KeysCommand, form: Form) -> Result<(), CliError> {
    match command {
        KeysCommand::Init { at, file } => {
            let file = match file {
                Some(file) => file,
                None => configured_file(&at)?,
            };
            keys_file::create(&file, &OsEntropy::new())
                .map_err(|error| CliError::failed("cannot make the key file", error))?;
            output::done(&format!(
                "Made {}. Back it up apart from the database.",
                file.display()
            ));
            Ok(())
        }
        KeysCommand::List { at } => list(&at, form).await,
        KeysCommand::Rotate { at, kek: true, .. } => sealing_keys::rotate(&at).await,
        KeysCommand::Status { at } => sealing_keys::status(&at, form).await,
        KeysCommand::Reseal { at } => sealing_keys::reseal(&at).await,
        KeysCommand::Drop { at, key } => sealing_keys::drop_key(&at, &KeyId::new(key)).await,
        KeysCommand::Rotate {
            at, overlap_hours, ..
        } => {
            let (_, services) = services_at(&at).await?;
            let now = services.provider.now();
            let overlap = Duration::from_hours(overlap_hours);
            let event = event(
                &services.provider,
                &services,
                EventKind::KeyChanged,
                "keys rotate",
            );
            let entropy = &*services.surroundings.entropy;
            let keys = &services.provider.keys;
            let kids = keys.rotate(overlap, entropy, now, event).await?;
            output::done(&format!(
                "Made {} keys; they take over in {overlap_hours} hours.",
                kids.len()
            ));
            Ok(())
        }
        KeysCommand::Compromise { at, kid, reason } => {
            compromise(&at, form, &KeyId::new(kid), &reason).await
        }
    }
}

fn configured_file(at: &Where) -> Result<PathBuf, CliError> {
    let keys = config_at(at)?.keys;
    if keys.command.is_empty() {
        return Ok(keys.file);
    }
    Err(CliError::refused(
        "The keys come from keys.command: make them with `sekisho keys init --file FILE`, put what stands in \
         the file where the command reads, and destroy the file.",
    ))
}

async fn list(at: &Where, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "a path would tie the transaction to one lifetime"
    )]
    let keys = services.store.read(|tx| tx.keys()).await?;
    let now = services.provider.now();
    let shown = listed(&keys, now);
    output::list(form, &["kid", "alg", "state"], &shown, |key| {
        vec![key.kid.clone(), key.alg.to_owned(), key.state.to_owned()]
    });
    Ok(())
}

/// Keys as the command line shows them.
pub(super) fn listed(keys: &[SigningKeyRecord], now: Timestamp) -> Vec<Shown> {
    keys.iter().map(|key| shown(key, now)).collect()
}

fn shown(key: &SigningKeyRecord, now: Timestamp) -> Shown {
    Shown {
        kid: key.kid.to_string(),
        alg: key.algorithm.name(),
        state: KeyState::of(key, now).name(),
        signs_from: key.active_from.seconds(),
        retires_at: key.retired_at.map(Timestamp::seconds),
    }
}

/// What a withdrawal did, for programs.
#[derive(Serialize)]
struct Done {
    withdrawn: String,
    alg: &'static str,
    was: &'static str,
    successor: Option<String>,
    successor_signs_from: Option<i64>,
}

/// KEY-04: says what will stop counting, does it, says what is left to do.
async fn compromise(at: &Where, form: Form, kid: &KeyId, reason: &str) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let (now, entropy) = (services.provider.now(), &*services.surroundings.entropy);
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "a path would tie the transaction to one lifetime"
    )]
    let keys = services.store.read(|tx| tx.keys()).await?;
    let unknown = || CliError::refused(format!("there is no signing key {kid}"));
    let key = keys
        .iter()
        .find(|key| key.kid == *kid)
        .ok_or_else(unknown)?;
    output::done(&blast_radius(key, KeyState::of(key, now)));
    let mut event = event(
        &services.provider,
        &services,
        EventKind::KeyChanged,
        "keys compromise",
    );
    if let Some(detail) = event.detail.as_object_mut() {
        let reason: String = reason.chars().take(500).collect();
        detail.insert("alg".to_owned(), key.algorithm.name().into());
        detail.insert("reason".to_owned(), reason.into());
    }
    let keys = &services.provider.keys;
    let withdrawn = keys.compromise(kid, entropy, now, event).await?;
    let withdrawn = withdrawn.ok_or_else(unknown)?;
    for line in what_follows(&withdrawn, now) {
        output::done(&line);
    }
    let successor = withdrawn.successor.as_ref();
    let done = Done {
        withdrawn: kid.to_string(),
        alg: withdrawn.key.algorithm.name(),
        was: withdrawn.was.name(),
        successor: successor.map(|(kid, _)| kid.to_string()),
        successor_signs_from: successor.map(|(_, from)| from.seconds()),
    };
    output::one(form, &done);
    Ok(())
}

fn blast_radius(key: &SigningKeyRecord, was: KeyState) -> String {
    let signed = match (was, key.algorithm) {
        (KeyState::Next, _) => "It has signed nothing yet.",
        (KeyState::Active | KeyState::Retired, SigningAlgorithm::ES256) => {
            "Every access token it signed stops counting here; refresh tokens and sessions go on."
        }
        (
            KeyState::Active | KeyState::Retired,
            SigningAlgorithm::RS256 | SigningAlgorithm::PS256 | SigningAlgorithm::EdDSA,
        ) => "ID tokens it signed no longer count as hints here; tokens and sessions go on.",
    };
    format!(
        "{} key {} ({}) is withdrawn now. {signed}",
        key.algorithm.name(),
        key.kid,
        was.name()
    )
}

fn what_follows(withdrawn: &Withdrawn, now: Timestamp) -> Vec<String> {
    let mut lines = vec![
        "Its private part is destroyed; every node knows within a second.".to_owned(),
        "Apps and APIs may keep the published keys for 5 minutes: until then they believe what a thief \
         signs. Restart those where that is too long, and tell those that keep keys longer."
            .to_owned(),
    ];
    lines.extend(withdrawn.successor.as_ref().map(|(kid, from)| {
        let known = if withdrawn.successor_was_published {
            "it was published before, so apps know it"
        } else if *from <= now {
            "apps that do not read the keys again when they meet a new one fail for 5 minutes"
        } else {
            "it is published now and signs tomorrow"
        };
        format!("{kid} takes over: {known}.")
    }));
    lines.push(
        "If the key file or the database may have leaked, every other key may have as well: withdraw \
         them too, after `sekisho keys list`."
            .to_owned(),
    );
    lines
}
