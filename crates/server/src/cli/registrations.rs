//! Tokens that allow apps to register themselves, and those that manage what was registered.

use std::time::Duration;

use sekisho_model::{EventKind, InitialAccessToken, RegistrationToken, Timestamp};
use sekisho_store::{InitialAccess, Once, Tx};
use serde::Serialize;

use super::tree::{Form, Where};
use super::{CliError, clients, event, output, services_at};

#[derive(Serialize)]
struct Shown {
    label: String,
    uses_left: u32,
    expires_at: i64,
    works: bool,
}

pub(super) async fn allow(
    at: &Where,
    label: String,
    uses: u32,
    life: Duration,
) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let token = InitialAccessToken::generate(&*services.surroundings.entropy);
    let now = services.provider.now();
    let record = InitialAccess {
        digest: token.digest(),
        label,
        created_at: now,
        expires_at: now + life,
        uses_left: uses,
    };
    let event = event(
        &services.provider,
        &services,
        EventKind::ClientChanged,
        "client allow",
    );
    let work = move |tx: &mut Tx<'_>| {
        tx.insert_initial_access(&record)?;
        tx.record(&event)
    };
    services.store.write(work).await?;
    output::one(
        Form::Json,
        &serde_json::json!({ "initial_access_token": token.reveal() }),
    );
    Ok(())
}

pub(super) async fn list(at: &Where, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "a path would tie the transaction to one lifetime"
    )]
    let tokens = services.store.read(|tx| tx.initial_access()).await?;
    let now = services.provider.now();
    let shown: Vec<Shown> = tokens.into_iter().map(|token| shown(token, now)).collect();
    output::list(form, &["label", "uses left", "works"], &shown, |token| {
        vec![
            token.label.clone(),
            token.uses_left.to_string(),
            if token.works { "yes" } else { "no" }.to_owned(),
        ]
    });
    Ok(())
}

fn shown(token: InitialAccess, now: Timestamp) -> Shown {
    Shown {
        works: token.uses_left > 0 && now < token.expires_at,
        label: token.label,
        uses_left: token.uses_left,
        expires_at: token.expires_at.seconds(),
    }
}

pub(super) async fn end(at: &Where, label: String) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let event = event(
        &services.provider,
        &services,
        EventKind::ClientChanged,
        "client disallow",
    );
    let named = label.clone();
    let work = move |tx: &mut Tx<'_>| {
        let ended = tx.end_initial_access(&named)?;
        tx.record(&event)?;
        Ok(ended)
    };
    match services.store.write(work).await? {
        0 => Err(CliError::refused(format!("There is no token {label}."))),
        ended => {
            output::done(&format!("Ended {ended}."));
            Ok(())
        }
    }
}

/// After a move of epochs, or when the app lost its token.
pub(super) async fn renew(at: &Where, id: &str) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let client = clients::find(&services.store, id).await?.client.client_id;
    let token = RegistrationToken::generate(&*services.surroundings.entropy);
    let mut event = event(
        &services.provider,
        &services,
        EventKind::ClientChanged,
        "client management-token",
    );
    event.client_id = Some(client.clone());
    let digest = token.digest();
    let work = move |tx: &mut Tx<'_>| {
        let epoch = tx.epoch_now()?;
        let given = tx.renew_registration_token(&client, (&digest, epoch))?;
        if given == Once::First {
            tx.record(&event)?;
        }
        Ok(given)
    };
    if services.store.write(work).await? == Once::Again {
        return Err(CliError::refused(
            "This app did not register itself; change it with `sekisho client update`.".to_owned(),
        ));
    }
    let told = serde_json::json!({ "registration_access_token": token.reveal() });
    output::one(Form::Json, &told);
    Ok(())
}
