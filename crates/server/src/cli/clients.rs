use std::path::Path;
use std::time::Duration;

use sekisho_model::{Client, ClientAuthentication, ClientId, ClientSecret, EventKind};
use sekisho_provider::Provider;
use sekisho_provider::rules::client_metadata::{check, needs_secret};
use sekisho_provider::rules::lookalike::Doubt;
use sekisho_store::{RegisteredClient, Store, Tx};
use serde_json::{Value, json};

use super::tree::{ClientCommand, Form, Where};
use super::{
    CliError, brand, event, logouts, output, paging, publisher, registrations, services_at,
};

pub(super) async fn run(command: ClientCommand, form: Form) -> Result<(), CliError> {
    match command {
        ClientCommand::Create { at, file, insist } => create(&at, &file, insist).await,
        ClientCommand::List { at, after, limit } => list(&at, after, limit, form).await,
        ClientCommand::Show { at, id } => {
            let (_, services) = services_at(&at).await?;
            output::one(form, &find(&services.store, &id).await?.client);
            Ok(())
        }
        ClientCommand::Update {
            at,
            id,
            file,
            insist,
        } => update(&at, &id, (&file, insist), form).await,
        ClientCommand::RotateSecret {
            at,
            id,
            keep_old_hours,
        } => rotate(&at, &id, Duration::from_hours(keep_old_hours)).await,
        ClientCommand::Logouts(asked) => logouts::list(asked, form).await,
        ClientCommand::Brand(asked) => brand::run(asked, form).await,
        ClientCommand::Verify(asked) => publisher::run(asked, form).await,
        ClientCommand::Delete { at, id } => delete(&at, &id).await,
        ClientCommand::Allow {
            at,
            label,
            uses,
            days,
        } => registrations::allow(&at, label, uses, Duration::from_hours(days * 24)).await,
        ClientCommand::Allowed { at } => registrations::list(&at, form).await,
        ClientCommand::Disallow { at, label } => registrations::end(&at, label).await,
        ClientCommand::ManagementToken { at, id } => registrations::renew(&at, &id).await,
    }
}

async fn create(at: &Where, file: &Path, insist: bool) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let entropy = &*services.surroundings.entropy;
    let client = read(file, &ClientId::generate(entropy))?;
    look_at_name(&services.provider, &client, insist).await?;
    let made = needs_secret(&client).then(|| services.provider.new_client_secret(&client));
    let (secret, record) = made.unzip();
    let now = services.provider.now();
    let event = event(
        &services.provider,
        &services,
        EventKind::ClientChanged,
        "client create",
    );
    let event = sekisho_model::Event {
        client_id: Some(client.client_id.clone()),
        ..event
    };
    let stored = client.clone();
    let work = move |tx: &mut Tx<'_>| {
        let _first = tx.insert_client(&stored, now)?;
        if let Some(record) = &record {
            tx.add_client_secret(&stored.client_id, record)?;
        }
        tx.record(&event)
    };
    services.store.write(work).await?;
    print_with_secret(&client, secret.as_ref());
    Ok(())
}

async fn list(at: &Where, after: Option<String>, limit: u32, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let after = after.map(ClientId::new);
    let page = services
        .store
        .read(move |tx| tx.list_clients(after.clone(), limit))
        .await?;
    let all: Vec<Client> = page.into_iter().map(|client| client.client).collect();
    output::list(form, &["id", "name", "type", "state"], &all, |client| {
        let kind = if client.is_public() {
            "public"
        } else {
            "confidential"
        };
        let state = if client.disabled { "stopped" } else { "active" };
        vec![
            client.client_id.to_string(),
            client.client_name.clone(),
            kind.to_owned(),
            state.to_owned(),
        ]
    });
    paging::more(&all, limit, |last| last.client_id.to_string());
    Ok(())
}

/// REG-18: a name that people could take for another takes a second word.
async fn look_at_name(provider: &Provider, client: &Client, insist: bool) -> Result<(), CliError> {
    let Some(doubt) = provider.doubt_about_app(client).await? else {
        return Ok(());
    };
    let why = match doubt {
        Doubt::LooksLike(other) => format!("looks like \u{201c}{other}\u{201d}"),
        Doubt::MixedScripts => "mixes letters of different scripts in one word".to_owned(),
    };
    if insist {
        output::warn(&format!(
            "The name {why}. People are warned of it until somebody vouches for the app (client verify)."
        ));
        return Ok(());
    }
    Err(CliError::refused(format!(
        "The name {why}: people could take the app for something else. Choose another, or add --insist."
    )))
}

async fn update(
    at: &Where,
    id: &str,
    (file, insist): (&Path, bool),
    form: Form,
) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let former = find(&services.store, id).await?;
    let client = read(file, &former.client.client_id)?;
    // A name that stays was looked at before.
    let names = |client: &Client| (client.client_name.clone(), client.client_name_ja.clone());
    if names(&client) != names(&former.client) {
        look_at_name(&services.provider, &client, insist).await?;
    }
    if needs_secret(&client) != needs_secret(&former.client) {
        // REG-08: a confidential client does not become public (or the reverse) by the way.
        return Err(CliError::refused(
            "The kind of client authentication cannot change; register a new client.",
        ));
    }
    let is_sealed = |client: &Client| {
        client.token_endpoint_auth_method == ClientAuthentication::ClientSecretJwt
    };
    if is_sealed(&client) && !is_sealed(&former.client) {
        return Err(CliError::refused(
            "Its secret is kept as a digest, which client_secret_jwt cannot work with; register a new client.",
        ));
    }
    let event = event(
        &services.provider,
        &services,
        EventKind::ClientChanged,
        "client update",
    );
    let event = sekisho_model::Event {
        client_id: Some(client.client_id.clone()),
        ..event
    };
    let stored = client.clone();
    let work = move |tx: &mut Tx<'_>| {
        tx.update_client(&stored)?;
        tx.record(&event)
    };
    services.store.write(work).await?;
    output::one(form, &client);
    Ok(())
}

/// REG-09: two secrets may live at once while one is being replaced.
async fn rotate(at: &Where, id: &str, keep_old: Duration) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let client = find(&services.store, id).await?.client;
    if !needs_secret(&client) {
        return Err(CliError::refused("This client has no secret."));
    }
    let (secret, record) = services.provider.new_client_secret(&client);
    let now = services.provider.now();
    let event = event(
        &services.provider,
        &services,
        EventKind::ClientChanged,
        "client rotate-secret",
    );
    let event = sekisho_model::Event {
        client_id: Some(client.client_id.clone()),
        ..event
    };
    let stored = client.client_id.clone();
    let work = move |tx: &mut Tx<'_>| {
        tx.end_client_secrets(&stored, now + keep_old)?;
        tx.add_client_secret(&stored, &record)?;
        tx.record(&event)
    };
    services.store.write(work).await?;
    print_with_secret(&client, Some(&secret));
    Ok(())
}

async fn delete(at: &Where, id: &str) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let client = find(&services.store, id).await?.client.client_id;
    let event = event(
        &services.provider,
        &services,
        EventKind::ClientChanged,
        "client delete",
    );
    let event = sekisho_model::Event {
        client_id: Some(client.clone()),
        ..event
    };
    let work = move |tx: &mut Tx<'_>| {
        tx.delete_client(&client)?;
        tx.record(&event)
    };
    services.store.write(work).await?;
    output::done("Deleted; its tokens are void.");
    Ok(())
}

pub(super) async fn find(store: &Store, id: &str) -> Result<RegisteredClient, CliError> {
    let wanted = ClientId::new(id);
    let found = store.read(move |tx| tx.client(&wanted)).await?;
    found.ok_or_else(|| CliError::refused(format!("There is no client {id}.")))
}

/// Reads a registration; the id is ours, whatever the file says (REG-01).
fn read(file: &Path, id: &ClientId) -> Result<Client, CliError> {
    let failed =
        |error: String| CliError::failed(format!("{} cannot be used", file.display()), error);
    let text = std::fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
    let mut value: Value =
        serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
    let Some(members) = value.as_object_mut() else {
        return Err(failed("not a JSON object".to_owned()));
    };
    members.insert("client_id".to_owned(), Value::from(id.as_str()));
    let client: Client =
        serde_json::from_value(value).map_err(|error| failed(error.to_string()))?;
    check(&client).map_err(|refusal| failed(refusal.to_string()))?;
    Ok(client)
}

fn print_with_secret(client: &Client, secret: Option<&ClientSecret>) {
    let mut shown = serde_json::to_value(client).unwrap_or_default();
    if let (Some(members), Some(secret)) = (shown.as_object_mut(), secret) {
        members.insert("client_secret".to_owned(), Value::from(secret.reveal()));
        members.insert("client_secret_expires_at".to_owned(), json!(0));
    }
    // Registration answers are JSON (RFC 7591 §3.2.1) in every form: people pipe them into files.
    output::one(Form::Json, &shown);
}
