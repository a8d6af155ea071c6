//! A program that calls an API on its own account, without a person (RFC 6749 §4.4).
//!
//! ```text
//! cargo run -- dev                                                   # first terminal; prints the secret
//! cargo run --example resource_server                                # second terminal
//! CLIENT_SECRET=… cargo run --example machine_to_machine             # third terminal
//! ```
//!
//! It calls the API three times with one token. The defaults fit the client `demo-machine` of the dev mode.
//! Others come from the environment: `ISSUER`, `CLIENT_ID`, `CLIENT_SECRET`, `SCOPE`, `RESOURCE` (the address
//! to call).
#![expect(
    clippy::disallowed_methods,
    reason = "a program of its own: it reads the environment and the clock itself"
)]

use std::error::Error;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde::Deserialize;
use url::form_urlencoded::byte_serialize;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // reqwest comes without a TLS backend of its own choice: this is the choice.
    let _chosen_before = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let resource = setting("RESOURCE", "http://127.0.0.1:8091/orders");
    let mut machine = Machine::new().await?;
    for _ in 0..3 {
        println!("{}", machine.get(&resource).await?);
    }
    Ok(())
}

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_unset| default.to_owned())
}

struct Machine {
    web: reqwest::Client,
    token_endpoint: String,
    client_id: String,
    client_secret: String,
    scope: String,
    kept: Option<Token>,
}

struct Token {
    text: String,
    /// From when on a new one is asked for.
    renew_at: Instant,
}

/// RFC 8414 §2.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    token_endpoint: String,
}

/// RFC 6749 §5.1.
#[derive(Deserialize)]
struct Issued {
    access_token: String,
    expires_in: u64,
}

impl Machine {
    async fn new() -> Result<Self, Box<dyn Error>> {
        let issuer = setting("ISSUER", "http://127.0.0.1:8080");
        let client_secret = std::env::var("CLIENT_SECRET").map_err(
            |_unset| "CLIENT_SECRET is not set; the server shows it when the client is made",
        )?;
        let web = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(10))
            .build()?;
        let metadata = format!("{issuer}/.well-known/oauth-authorization-server");
        let metadata = web.get(metadata).send().await?.error_for_status()?;
        let metadata: Metadata = metadata.json().await?;
        if metadata.issuer != issuer {
            return Err(format!("{issuer} calls itself {}", metadata.issuer).into());
        }
        Ok(Self {
            web,
            token_endpoint: metadata.token_endpoint,
            client_id: setting("CLIENT_ID", "demo-machine"),
            client_secret,
            scope: setting("SCOPE", "orders:read"),
            kept: None,
        })
    }

    /// Calls the API. If the token was refused, one new token is tried, once.
    async fn get(&mut self, url: &str) -> Result<String, Box<dyn Error>> {
        let token = self.token().await?;
        let mut answer = self.web.get(url).bearer_auth(token).send().await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            self.kept = None;
            let token = self.token().await?;
            answer = self.web.get(url).bearer_auth(token).send().await?;
        }
        Ok(answer.error_for_status()?.text().await?)
    }

    /// The token we have, until shortly before it expires; then a new one.
    async fn token(&mut self) -> Result<String, Box<dyn Error>> {
        if let Some(token) = self.kept.as_ref().filter(|t| Instant::now() < t.renew_at) {
            return Ok(token.text.clone());
        }
        let asked_at = Instant::now();
        let issued = self.ask().await?;
        println!("a new token, good for {} s", issued.expires_in);
        let good_for = Duration::from_secs(issued.expires_in.saturating_sub(30));
        self.kept = Some(Token {
            text: issued.access_token.clone(),
            renew_at: asked_at + good_for,
        });
        Ok(issued.access_token)
    }

    async fn ask(&self) -> Result<Issued, Box<dyn Error>> {
        let form = [("grant_type", "client_credentials"), ("scope", &self.scope)];
        // RFC 6749 §2.3.1: id and secret are form-encoded before they become Basic credentials.
        let [id, secret] = [&self.client_id, &self.client_secret]
            .map(|text| byte_serialize(text.as_bytes()).collect::<String>());
        let request = self.web.post(&self.token_endpoint).form(&form);
        let answer = request.basic_auth(id, Some(secret)).send().await?;
        if !answer.status().is_success() {
            let status = answer.status();
            return Err(format!("no token: {status} {}", answer.text().await?).into());
        }
        Ok(answer.json().await?)
    }
}
