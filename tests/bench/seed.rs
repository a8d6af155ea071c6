//! The people and apps of a house under test, made before its server starts.

use std::sync::Arc;

use sekisho_model::{
    Client, ClientSecret, ClientSecretRecord, EmailAddress, Locale, Origin, OsEntropy,
};
use sekisho_provider::accounts::NewAccount;
use sekisho_server::keys_file;
use sekisho_server::wiring::{Services, Surroundings, command_services, open_store};
use serde_json::{Value, json};

use crate::server::Place;

pub const PASSWORD: &str = "correct-horse-battery-7";
pub const REDIRECT_URI: &str = "https://app.example/cb";

/// Who the load generator may be.
#[derive(Clone)]
pub struct People {
    /// Those who sign in with the password alone.
    pub without_code: Arc<Vec<String>>,
    /// Those who get a code; it goes to `code-` and their address.
    pub with_code: Arc<Vec<String>>,
    /// A web app: confidential, RS256 ID tokens, PKCE, no consent.
    pub app: App,
    /// An app on a device: public, so that its refresh tokens rotate.
    pub device: App,
    /// The same with ES256 ID tokens.
    pub modern_device: App,
    /// A program without a person.
    pub machine: App,
}

/// A registered client.
#[derive(Clone)]
pub struct App {
    pub id: String,
    pub secret: Option<String>,
}

impl App {
    /// The `Authorization` header, for those who have a secret.
    pub fn authorization(&self) -> Option<String> {
        use base64::Engine as _;
        let secret = self.secret.as_ref()?;
        let pair = format!("{}:{secret}", self.id);
        let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
        Some(format!("Basic {encoded}"))
    }
}

/// Makes keys, tables, people and apps.
pub async fn sow(place: &Place, people: usize) -> Result<People, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let config = &place.config;
    keys_file::create(&config.keys.file, &OsEntropy::new()).map_err(|error| text(&error))?;
    let store = open_store(config).await.map_err(|error| text(&error))?;
    store.migrate().await.map_err(|error| text(&error))?;
    store.close().await;
    let services = command_services(config, Surroundings::default())
        .await
        .map_err(|error| text(&error))?;
    let mut names = [Vec::new(), Vec::new()];
    for number in 0..people {
        for (kind, names) in names.iter_mut().enumerate() {
            let name = format!("person-{kind}-{number}@example.jp");
            person(&services, &name, kind == 1).await?;
            names.push(name);
        }
    }
    let [without_code, with_code] = names.map(Arc::new);
    let public = json!({"token_endpoint_auth_method": "none", "application_type": "native"});
    let modern = json!({"token_endpoint_auth_method": "none", "application_type": "native",
        "id_token_signed_response_alg": "ES256"});
    let machine = json!({"grant_types": ["client_credentials"], "redirect_uris": [],
        "scope": "orders:read", "default_resource": "https://api.example"});
    let sown = People {
        without_code,
        with_code,
        app: client(&services, "app", json!({})).await?,
        device: client(&services, "device", public).await?,
        modern_device: client(&services, "modern-device", modern).await?,
        machine: client(&services, "machine", machine).await?,
    };
    services.store.close().await;
    Ok(sown)
}

async fn person(services: &Services, name: &str, with_code: bool) -> Result<(), String> {
    let address = |text: &str| EmailAddress::parse(text).map_err(|error| error.to_string());
    let claims = json!({"name": "三浦 晴香", "given_name": "晴香", "nickname": "はる"});
    let new = NewAccount {
        login_address: address(name)?,
        code_address: Some(address(&format!("code-{name}"))?),
        password: PASSWORD.to_owned().into(),
        claims: claims.as_object().cloned().unwrap_or_default(),
        locale: Some(Locale::En),
        check_policy: false,
    };
    let nowhere = Origin::default();
    let made = services.provider.create_account(new, &nowhere);
    let user = made
        .await
        .map_err(|failure| failure.to_string())?
        .map_err(|refusal| refusal.to_string())?;
    services
        .store
        .write(move |tx| tx.set_second_step(user, with_code))
        .await
        .map_err(|error| error.to_string())
}

async fn client(services: &Services, id: &str, extra: Value) -> Result<App, String> {
    let mut value = json!({
        "client_id": id, "client_name": "Aozora Mail", "redirect_uris": [REDIRECT_URI],
        "grant_types": ["authorization_code", "refresh_token"], "skip_consent": true,
        "scope": "openid profile email offline_access",
    });
    for (name, member) in extra.as_object().into_iter().flatten() {
        value[name] = member.clone();
    }
    let client: Client = serde_json::from_value(value).map_err(|error| error.to_string())?;
    let secret = (!client.is_public()).then(|| ClientSecret::generate(&OsEntropy::new()));
    let shown = secret.as_ref().map(|secret| secret.reveal().to_owned());
    let (digest, now) = (
        secret.map(|secret| secret.digest()),
        services.provider.now(),
    );
    let work = move |tx: &mut sekisho_store::Tx<'_>| {
        let _first = tx.insert_client(&client, now)?;
        if let Some(digest) = digest {
            let record = ClientSecretRecord {
                digest,
                created_at: now,
                expires_at: None,
                sealed: None,
            };
            tx.add_client_secret(&client.client_id, &record)?;
        }
        Ok(())
    };
    let written = services.store.write(work).await;
    written.map_err(|error| error.to_string())?;
    Ok(App {
        id: id.to_owned(),
        secret: shown,
    })
}
