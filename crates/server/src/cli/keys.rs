use std::time::Duration;

use sekisho_model::{EventKind, KeyId, OsEntropy, SigningKeyRecord, Timestamp};
use sekisho_provider::jwt::Compromised;
use serde::Serialize;

use super::tree::{Form, KeysCommand, Where};
use super::{CliError, config_at, event, output, services_at};
use crate::keys_file;

/// A signing key as the command line shows it.
#[derive(Serialize)]
struct Shown {
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
                None => config_at(&at)?.keys.file,
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
        KeysCommand::Rotate { at, overlap_hours } => {
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
        KeysCommand::Compromise { at, kid, reason } => compromise(&at, &kid, &reason).await,
    }
}

async fn compromise(at: &Where, kid: &str, reason: &str) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let now = services.provider.now();
    let mut event = event(
        &services.provider,
        &services,
        EventKind::KeyChanged,
        "keys compromise",
    );
    if let Some(detail) = event.detail.as_object_mut() {
        let reason: String = reason.chars().take(500).collect();
        detail.insert("kid".to_owned(), kid.into());
        detail.insert("reason".to_owned(), reason.into());
    }
    let entropy = &*services.surroundings.entropy;
    let keys = &services.provider.keys;
    match keys
        .compromise(&KeyId::new(kid), entropy, now, event)
        .await?
    {
        Compromised::Unknown => Err(CliError::refused(format!(
            "There is no signing key {kid} in force; `sekisho keys list` shows them."
        ))),
        Compromised::Gone => {
            output::done(&format!("{kid} is out of use.\n{AFTERWARDS}"));
            Ok(())
        }
        Compromised::Replaced(new) => {
            output::done(&format!(
                "{kid} is out of use; {new} signs in its place.\n{AFTERWARDS}"
            ));
            Ok(())
        }
    }
}

/// What an operator must know then.
const AFTERWARDS: &str = "Nothing it signed is accepted here any more. Apps and APIs keep the published keys for up to 5 minutes: \
     until then they take tokens signed with it, and do not know its successor.";

async fn list(at: &Where, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "a path would tie the transaction to one lifetime"
    )]
    let keys = services.store.read(|tx| tx.keys()).await?;
    let now = services.provider.now();
    let shown: Vec<Shown> = keys.iter().map(|key| shown(key, now)).collect();
    output::list(form, &["kid", "alg", "state"], &shown, |key| {
        vec![key.kid.clone(), key.alg.to_owned(), key.state.to_owned()]
    });
    Ok(())
}

fn shown(key: &SigningKeyRecord, now: Timestamp) -> Shown {
    let retired = key.retired_at.is_some_and(|end| end <= now);
    Shown {
        kid: key.kid.to_string(),
        alg: key.algorithm.name(),
        state: match (now < key.active_from, retired) {
            (true, _) => "next",
            (false, true) => "retired",
            (false, false) => "active",
        },
        signs_from: key.active_from.seconds(),
        retires_at: key.retired_at.map(Timestamp::seconds),
    }
}
