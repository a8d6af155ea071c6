//! An API that accepts Sekisho's access tokens: `GET /orders` needs the scope `orders:read`.
//!
//! ```text
//! cargo run -- dev                               # first terminal
//! cargo run --example resource_server            # second terminal
//! ```
//!
//! Then call it with `machine_to_machine`, or with any access token whose `aud` names this API. From the
//! environment: `ISSUER`, `AUDIENCE` (this API's name in tokens), `LISTEN`.
//!
//! Tokens are verified here, from the issuer's published keys (RFC 9068 §4); the issuer is not asked for
//! each call. A token that was revoked therefore works until it expires, five minutes at most by default.
//! An API that cannot live with that asks the introspection endpoint (RFC 7662) instead.
#![expect(
    clippy::disallowed_methods,
    reason = "a program of its own: it reads the environment and the clock itself"
)]

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use actix_web::web::{Data, get};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, ResponseError};
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::RwLock;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listen = setting("LISTEN", "127.0.0.1:8091");
    // reqwest comes without a TLS backend of its own choice: this is the choice.
    let _chosen_before = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let gate = Data::new(Gate {
        issuer: setting("ISSUER", "http://127.0.0.1:8080"),
        audience: setting("AUDIENCE", &format!("http://{listen}")),
        web: reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(5))
            .build()?,
        keys: RwLock::default(),
    });
    println!(
        "Listening on http://{listen}/orders for tokens of {}",
        gate.issuer
    );
    HttpServer::new(move || {
        App::new()
            .app_data(gate.clone())
            .route("/orders", get().to(orders))
    })
    .workers(1)
    .bind(listen)?
    .run()
    .await?;
    Ok(())
}

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_unset| default.to_owned())
}

async fn orders(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let caller = gate.admit(&request, "orders:read").await?;
    // `sub` is the person, or the client itself when a machine calls on its own account.
    Ok(HttpResponse::Ok().json(json!({
        "orders": [{"id": 1, "item": "tea"}, {"id": 2, "item": "paper"}],
        "asked_by": caller.sub,
        "through": caller.client_id,
    })))
}

/// Lets in who has a token for this API.
struct Gate {
    issuer: String,
    audience: String,
    web: reqwest::Client,
    keys: RwLock<Keys>,
}

/// What this API wants to know from a token. `jsonwebtoken` checks `iss`, `aud` and `exp` itself.
#[derive(Clone, Deserialize)]
struct Caller {
    sub: String,
    client_id: String,
    #[serde(default)]
    scope: String,
}

impl Gate {
    async fn admit(&self, request: &HttpRequest, scope: &'static str) -> Result<Caller, Refusal> {
        let token = bearer(request).ok_or(Refusal::NoToken)?;
        let caller = self.verify(token).await?;
        if caller.scope.split(' ').any(|granted| granted == scope) {
            Ok(caller)
        } else {
            Err(Refusal::InsufficientScope(scope))
        }
    }

    /// RFC 9068 §4. The algorithm is ours to choose, not the token's: ES256 and nothing else.
    async fn verify(&self, token: &str) -> Result<Caller, Refusal> {
        let header = decode_header(token).map_err(|_unreadable| Refusal::InvalidToken)?;
        // An ID token is no access token, though the same issuer signed it.
        let typ = header.typ.as_deref().map(str::to_ascii_lowercase);
        if !matches!(typ.as_deref(), Some("at+jwt" | "application/at+jwt")) {
            return Err(Refusal::InvalidToken);
        }
        let kid = header.kid.ok_or(Refusal::InvalidToken)?;
        let key = self.key(&kid).await?;
        let mut rules = Validation::new(Algorithm::ES256);
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.audience]);
        rules.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        rules.leeway = 5;
        decode::<Caller>(token, &key, &rules)
            .map(|token| token.claims)
            .map_err(|_refused| Refusal::InvalidToken)
    }

    /// The issuer's key of that name. Keys are read again when they are old, or when a name is not known:
    /// the issuer may have rotated them. However many strange names come, it is asked once in ten seconds.
    async fn key(&self, kid: &str) -> Result<DecodingKey, Refusal> {
        if let Some(key) = self.keys.read().await.current(kid) {
            return Ok(key);
        }
        let mut keys = self.keys.write().await;
        // Someone else may have read them while we waited.
        if let Some(key) = keys.current(kid) {
            return Ok(key);
        }
        if keys.may_ask() {
            keys.asked_at = Some(Instant::now());
            match self.read_keys().await {
                Ok(by_name) => {
                    keys.by_name = by_name;
                    keys.read_at = Some(Instant::now());
                }
                Err(error) => eprintln!("cannot read the keys of {}: {error}", self.issuer),
            }
        }
        if !keys.usable() {
            return Err(Refusal::KeysUnavailable);
        }
        keys.by_name.get(kid).cloned().ok_or(Refusal::InvalidToken)
    }

    /// RFC 8414: the metadata says where the keys are.
    async fn read_keys(&self) -> Result<HashMap<String, DecodingKey>, Box<dyn Error>> {
        let metadata = format!("{}/.well-known/oauth-authorization-server", self.issuer);
        let metadata = self.json(&metadata).await?;
        if metadata.get("issuer").and_then(Value::as_str) != Some(self.issuer.as_str()) {
            return Err("the metadata is about another issuer".into());
        }
        let uri = metadata.get("jwks_uri").and_then(Value::as_str);
        let set = self
            .json(uri.ok_or("the metadata has no jwks_uri")?)
            .await?;
        let keys = set.get("keys").and_then(Value::as_array);
        // Keys of kinds we do not know are none of our business.
        let known = keys
            .into_iter()
            .flatten()
            .filter_map(|key| Jwk::deserialize(key).ok())
            .filter(|key| key.common.key_algorithm == Some(KeyAlgorithm::ES256));
        let named = known.filter_map(|key| {
            let name = key.common.key_id.clone()?;
            Some((name, DecodingKey::from_jwk(&key).ok()?))
        });
        Ok(named.collect())
    }

    async fn json(&self, url: &str) -> Result<Value, reqwest::Error> {
        let answer = self.web.get(url).send().await?;
        answer.error_for_status()?.json().await
    }
}

/// The issuer's keys as they were read last.
#[derive(Default)]
struct Keys {
    by_name: HashMap<String, DecodingKey>,
    read_at: Option<Instant>,
    asked_at: Option<Instant>,
}

impl Keys {
    const FRESH: Duration = Duration::from_secs(300);
    /// How long old keys serve while the issuer cannot be reached.
    const USABLE: Duration = Duration::from_secs(3600);
    const PAUSE: Duration = Duration::from_secs(10);

    fn current(&self, kid: &str) -> Option<DecodingKey> {
        let key = self.by_name.get(kid)?;
        within(self.read_at, Self::FRESH).then(|| key.clone())
    }

    fn may_ask(&self) -> bool {
        !within(self.asked_at, Self::PAUSE)
    }

    fn usable(&self) -> bool {
        within(self.read_at, Self::USABLE)
    }
}

fn within(moment: Option<Instant>, time: Duration) -> bool {
    moment.is_some_and(|moment| moment.elapsed() < time)
}

/// RFC 6750 §2.1: the header only. A token in the address ends up in logs.
fn bearer(request: &HttpRequest) -> Option<&str> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// RFC 6750 §3.1.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    NoToken,
    InvalidToken,
    InsufficientScope(&'static str),
    KeysUnavailable,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoToken => "an access token is needed",
            Self::InvalidToken => "the access token does not count here",
            Self::InsufficientScope(_) => "the access token allows other things",
            Self::KeysUnavailable => "access tokens cannot be checked at the moment",
        })
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NoToken | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::InsufficientScope(_) => StatusCode::FORBIDDEN,
            Self::KeysUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let challenge = match self {
            Self::NoToken => Some("Bearer realm=\"orders\"".to_owned()),
            Self::InvalidToken => {
                Some("Bearer realm=\"orders\", error=\"invalid_token\"".to_owned())
            }
            Self::InsufficientScope(scope) => Some(format!(
                "Bearer realm=\"orders\", error=\"insufficient_scope\", scope=\"{scope}\""
            )),
            Self::KeysUnavailable => None,
        };
        let mut response = HttpResponse::build(self.status_code());
        if let Some(challenge) = challenge {
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        response.json(json!({"error": self.to_string()}))
    }
}
