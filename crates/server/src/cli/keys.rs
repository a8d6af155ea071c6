use std::time::Duration;

use sekisho_model::{EventKind, OsEntropy, SigningKeyRecord, Timestamp};
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
    }
}

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
