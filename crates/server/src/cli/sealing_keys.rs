//! Key-encryption keys: a new one, how far its use has come, and the end of an old one (PW-16).

use std::time::Duration;

use sekisho_model::{EventKind, KeyId, OsEntropy};
use sekisho_provider::sealing::{Moved, Resealing, Undroppable, may_drop};
use sekisho_store::{KeyHolder, SealedPlace};
use serde::Serialize;

use super::tree::{Form, Where};
use super::{CliError, config_at, event, output, services_at};
use crate::keys_file;
use crate::wiring::Services;

/// Values between two lines of progress.
const TOLD_EVERY: u64 = 50_000;

/// Adds a key to the file; running servers take it from there.
pub(super) async fn rotate(at: &Where) -> Result<(), CliError> {
    let config = config_at(at)?;
    if !config.keys.command.is_empty() {
        return Err(CliError::refused(
            "The keys come from keys.command, so they are not ours to change. Add a key under a new name to \
             what it prints, leave the others and the root as they are, name it as `current`, and send the \
             servers SIGHUP or wait five minutes. `sekisho keys status` shows how far they are.",
        ));
    }
    // Nothing is changed if the database is away: what is done is recorded.
    let (_, services) = services_at(at).await?;
    let id = keys_file::add_key(&config.keys.file, &OsEntropy::new())
        .map_err(|error| CliError::failed("cannot add a key", error))?;
    record(&services, "keys rotate --kek", &id).await?;
    output::done(&format!(
        "Added key {id} to {}.",
        config.keys.file.display()
    ));
    output::done(
        "Copy the file to every node, and a copy to its safe place. Servers take it by themselves, seal with the \
         new key once all of them hold it, and then move what lies under older keys: `sekisho keys status`.",
    );
    Ok(())
}

async fn record(services: &Services, command: &str, key: &KeyId) -> Result<(), CliError> {
    let kind = EventKind::KeyChanged;
    let mut event = event(&services.provider, services, kind, command);
    if let Some(detail) = event.detail.as_object_mut() {
        detail.insert("key_encryption_key".to_owned(), key.as_str().into());
    }
    Ok(services.store.write(move |tx| tx.record(&event)).await?)
}

/// How much lies under a key.
#[derive(Serialize)]
struct Share {
    key: String,
    state: &'static str,
    place: &'static str,
    values: u64,
}

/// A running node.
#[derive(Serialize)]
struct Node {
    address: String,
    seals_with: String,
    holds: Vec<String>,
    /// What it has sealed anew since it began to, and how many a second.
    moved: u64,
    moved_per_second: Option<u64>,
    seen_at: i64,
}

/// Everything at once, for programs.
#[derive(Serialize)]
struct Status {
    current: String,
    values: Vec<Share>,
    nodes: Vec<Node>,
    to_move: u64,
    seconds_left: Option<u64>,
}

/// What lies under which key, which node holds which, and how long the move takes.
pub(super) async fn status(at: &Where, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let (wanted, held) = (services.keyring.wanted(), services.keyring.key_ids());
    let mut values = Vec::new();
    for place in SealedPlace::ALL {
        for (key, number) in counted(&services, place).await? {
            let state = if key == wanted {
                "current"
            } else if held.contains(&key) {
                "old"
            } else {
                "missing"
            };
            values.push(Share {
                key: key.to_string(),
                state,
                place: place.name(),
                values: number,
            });
        }
    }
    let holders = services.custody.holders().await?;
    let nodes: Vec<Node> = holders.iter().map(node).collect();
    let old = values.iter().filter(|share| share.state == "old");
    let to_move = old.map(|share| share.values).sum();
    let rate: u64 = nodes.iter().filter_map(|node| node.moved_per_second).sum();
    let status = Status {
        current: wanted.to_string(),
        seconds_left: (to_move > 0)
            .then(|| u64::checked_div(to_move, rate))
            .flatten(),
        to_move,
        values,
        nodes,
    };
    tell(form, &status);
    Ok(())
}

async fn counted(services: &Services, place: SealedPlace) -> Result<Vec<(KeyId, u64)>, CliError> {
    let count = move |tx: &mut sekisho_store::Tx<'_>| {
        let mut counted = Vec::new();
        for key in tx.keys_in_use(place)? {
            let number = tx.count_sealed_under(place, &key)?;
            counted.push((key, number));
        }
        Ok(counted)
    };
    Ok(services.store.read(count).await?)
}

fn node(holder: &KeyHolder) -> Node {
    let since = holder.moving_since.map(|since| holder.seen_at.since(since));
    let seconds = since.map(|since| since.as_secs().max(1));
    Node {
        address: holder.address.clone(),
        seals_with: holder.current.to_string(),
        holds: holder.keys.iter().map(KeyId::to_string).collect(),
        moved: holder.moved,
        moved_per_second: seconds.map(|seconds| holder.moved / seconds),
        seen_at: holder.seen_at.seconds(),
    }
}

fn tell(form: Form, status: &Status) {
    if form == Form::Json {
        return output::one(form, status);
    }
    let number = |number: u64| number.to_string();
    output::list(
        form,
        &["key", "state", "place", "values"],
        &status.values,
        |share| {
            vec![
                share.key.clone(),
                share.state.to_owned(),
                share.place.to_owned(),
                number(share.values),
            ]
        },
    );
    output::text("");
    output::list(
        form,
        &["node", "seals with", "holds", "moved", "per second"],
        &status.nodes,
        |node| {
            vec![
                node.address.clone(),
                node.seals_with.clone(),
                node.holds.len().to_string(),
                number(node.moved),
                node.moved_per_second.map(number).unwrap_or_default(),
            ]
        },
    );
    output::text("");
    output::text(&match (status.to_move, status.seconds_left) {
        (0, _) => format!("Everything lies under {}.", status.current),
        (left, None) => format!("{left} values are to be moved to {}.", status.current),
        (left, Some(seconds)) => format!(
            "{left} values are to be moved to {}: some {seconds} s.",
            status.current
        ),
    });
}

/// Moves what lies under older keys here and now, as a server does in the background.
pub(super) async fn reseal(at: &Where) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let keyring = &services.keyring;
    if keyring.current() != keyring.wanted() {
        let wanted = keyring.wanted();
        let why =
            format!("Some running node lacks key {wanted}; `sekisho keys status` shows which.");
        return Err(CliError::refused(why));
    }
    let entropy = std::sync::Arc::clone(&services.surroundings.entropy);
    let ring = std::sync::Arc::clone(keyring);
    let mut resealing = Resealing::new(services.store.clone(), ring, entropy);
    let (mut moved, mut told) = (0_u64, TOLD_EVERY);
    let unopened = loop {
        match resealing.batch().await? {
            Moved::All { unopened } => break unopened,
            Moved::Some(number) => moved = moved.saturating_add(number),
        }
        if moved >= told {
            told = told.saturating_add(TOLD_EVERY);
            output::done(&format!("{moved} values moved so far."));
        }
    };
    services.custody.retract().await?;
    output::done(&format!("{moved} values moved to {}.", keyring.current()));
    if unopened > 0 {
        return Err(CliError::refused(format!(
            "{unopened} values do not open with the key they name: they were spoiled or swapped, and stay."
        )));
    }
    Ok(())
}

/// Takes an old key out of the file, if nothing and nobody needs it.
pub(super) async fn drop_key(at: &Where, id: &KeyId) -> Result<(), CliError> {
    let (config, services) = services_at(at).await?;
    let unopened = loop {
        let (now, others) = (services.provider.now(), services.custody.others().await?);
        match may_drop(id, &services.keyring, &services.store, &others, now).await? {
            Ok(droppable) => break droppable.unopened,
            // Meanwhile this command counts among what runs.
            Err(Undroppable::OnItsWay(wait)) => until_settled(wait).await,
            Err(refusal) => {
                services.custody.retract().await?;
                let what = format!("Key {id} stays: {refusal}.");
                return Err(CliError::refused(what));
            }
        }
    };
    services.custody.retract().await?;
    if unopened > 0 {
        output::done(&format!(
            "{unopened} values under it do not open with it: they were spoiled or swapped before, and are lost."
        ));
    }
    if !config.keys.command.is_empty() {
        output::done(&format!(
            "Nothing needs key {id} any more. Take it out of what keys.command prints, and send the servers SIGHUP."
        ));
        return Ok(());
    }
    keys_file::remove_key(&config.keys.file, id)
        .map_err(|error| CliError::failed("cannot take the key out", error))?;
    record(&services, "keys drop", id).await?;
    output::done(&format!(
        "Key {id} is out of {}. Copy the file to every node. Backups of the database from before the move need the \
         old file: keep it as long as them, apart from them.",
        config.keys.file.display()
    ));
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "an operator waits for what is on its way into the database"
)]
async fn until_settled(wait: Duration) {
    output::done(&format!(
        "What was sealed with it may still be on its way: waiting {} s.",
        wait.as_secs().saturating_add(1)
    ));
    tokio::time::sleep(wait).await;
}
