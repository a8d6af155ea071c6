//! What the dev mode makes on its first start: a user with every claim, a demo app, the playground's
//! client. Passwords and secrets are drawn, printed once, and never the same twice (PW-28).

use std::sync::Arc;

use sekisho_model::{Client, ClientSecret, ClientSecretRecord, EmailAddress, Entropy, Origin};
use sekisho_provider::accounts::NewAccount;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::cli::CliError;
use crate::config::Config;
use crate::http::app::{Dev, Playground};
use crate::http::pages::{DevClient, DevUser};
use crate::http::playground::SCOPE;
use crate::wiring::{Services, WiringError};

const ADDRESS: &str = "haruka@example.jp";
const CODE_ADDRESS: &str = "haruka@mobile.example";
const PLAYGROUND: &str = "playground";
const DEMO_APP: &str = "demo-app";
const DEMO_MACHINE: &str = "demo-machine";

/// Makes what is missing of the dev data.
pub(crate) async fn dev_data(services: &Services, config: &Config) -> Result<Dev, CliError> {
    let entropy = &*services.surroundings.entropy;
    let user = seeded_user(services, entropy).await?;
    let redirect_uri = format!("{}/_dev/playground/callback", config.server.issuer);
    let playground = playground_client(&redirect_uri)?;
    let (secret, record) = services.provider.new_client_secret(&playground);
    put_client(services, &playground, record).await?;
    let mut clients = Vec::new();
    for client in [demo_app()?, demo_machine()?] {
        let secret = put_new_client(services, &client).await?;
        clients.push(DevClient {
            name: client.client_name.clone(),
            id: client.client_id.to_string(),
            secret: secret.map(|secret| secret.reveal().to_owned()),
            redirect_uris: client.redirect_uris.clone(),
        });
    }
    services.provider.hear().await.map_err(WiringError::from)?;
    let catcher = services
        .catcher
        .clone()
        .ok_or_else(|| CliError::refused("the dev mode needs mail.url = catch:"))?;
    let playground = Playground {
        client_id: PLAYGROUND.to_owned(),
        name: "Playground".to_owned(),
        secret: Arc::new(secret),
        redirect_uri,
    };
    Ok(Dev {
        catcher,
        playground,
        users: vec![user],
        clients,
    })
}

async fn seeded_user(services: &Services, entropy: &dyn Entropy) -> Result<DevUser, CliError> {
    let address =
        |text| EmailAddress::parse(text).map_err(|error| CliError::failed("seed address", error));
    let shown = |password: Option<String>| DevUser {
        email: ADDRESS.to_owned(),
        password,
        code_address: Some(CODE_ADDRESS.to_owned()),
    };
    let known = services
        .provider
        .account_of(&address(ADDRESS)?)
        .await
        .map_err(WiringError::from)?;
    if known.is_some() {
        return Ok(shown(None));
    }
    let password = passphrase(entropy);
    let new = NewAccount {
        login_address: address(ADDRESS)?,
        code_address: Some(address(CODE_ADDRESS)?),
        password: Zeroizing::new(password.clone()),
        claims: claims(),
        locale: None,
        check_policy: true,
    };
    let made = services
        .provider
        .create_account(new, &Origin::default())
        .await
        .map_err(WiringError::from)?;
    made.map_err(|refusal| CliError::refused(refusal.to_string()))?;
    Ok(shown(Some(password)))
}

/// Twenty letters in four groups: about 94 bits, easy to type.
fn passphrase(entropy: &dyn Entropy) -> String {
    const LETTERS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";
    let mut text = String::new();
    for place in 0..20 {
        if place > 0 && place % 5 == 0 {
            text.push('-');
        }
        let drawn = usize::try_from(entropy.below(26))
            .ok()
            .and_then(|index| LETTERS.get(index));
        text.extend(drawn.map(|letter| char::from(*letter)));
    }
    text
}

/// One account with every claim, as conformance tests want it.
fn claims() -> Map<String, Value> {
    let all = json!({
        "name": "三浦 晴香", "given_name": "晴香", "family_name": "三浦", "middle_name": "M",
        "nickname": "はる", "preferred_username": "haruka", "profile": "https://example.jp/haruka",
        "picture": "https://example.jp/haruka.png", "website": "https://example.jp/",
        "gender": "female", "birthdate": "1990-04-01", "zoneinfo": "Asia/Tokyo", "locale": "ja",
        "updated_at": 1_764_000_000, "phone_number": "+81 90 0000 0000", "phone_number_verified": false,
        "address": {"formatted": "東京都千代田区千代田1-1", "country": "JP"},
    });
    match all {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn client(value: Value) -> Result<Client, CliError> {
    serde_json::from_value(value).map_err(|error| CliError::failed("seed client", error))
}

fn playground_client(redirect_uri: &str) -> Result<Client, CliError> {
    client(json!({
        "client_id": PLAYGROUND, "client_name": "Playground", "client_name#ja": "試し場",
        "application_type": "native", "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"], "scope": SCOPE,
    }))
}

fn demo_app() -> Result<Client, CliError> {
    client(json!({
        "client_id": DEMO_APP, "client_name": "Aozora Mail", "client_name#ja": "青空メール",
        "application_type": "native", "redirect_uris": ["http://127.0.0.1:8090/callback"],
        "post_logout_redirect_uris": ["http://127.0.0.1:8090/"],
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid profile email phone address offline_access",
    }))
}

fn demo_machine() -> Result<Client, CliError> {
    client(json!({
        "client_id": DEMO_MACHINE, "client_name": "Demo machine", "grant_types": ["client_credentials"],
        "scope": "orders:read", "default_resource": "http://127.0.0.1:8091",
    }))
}

async fn put_new_client(
    services: &Services,
    client: &Client,
) -> Result<Option<ClientSecret>, CliError> {
    let id = client.client_id.clone();
    let known = services
        .store
        .read(move |tx| tx.client(&id))
        .await
        .map_err(WiringError::from)?;
    if known.is_some() {
        return Ok(None);
    }
    let (secret, record) = services.provider.new_client_secret(client);
    put_client(services, client, record).await?;
    Ok(Some(secret))
}

/// Writes a client; an existing one gets the new registration and only the new secret.
async fn put_client(
    services: &Services,
    client: &Client,
    record: ClientSecretRecord,
) -> Result<(), CliError> {
    let now = services.provider.now();
    let client = client.clone();
    let work = move |tx: &mut sekisho_store::Tx<'_>| {
        if tx.insert_client(&client, now)? == sekisho_store::Once::Again {
            tx.update_client(&client)?;
            tx.end_client_secrets(&client.client_id, now)?;
        }
        tx.add_client_secret(&client.client_id, &record)
    };
    Ok(services
        .store
        .write(work)
        .await
        .map_err(WiringError::from)?)
}
