//! A program in a terminal that a person signs in to: with the browser of this machine (RFC 8252), or
//! with any other one by a code to type (RFC 8628).
//!
//! ```text
//! cargo run -- dev                                                   # first terminal
//! CLIENT_ID=… cargo run --example command_line                       # second terminal
//! CLIENT_ID=… cargo run --example command_line -- --device
//! ```
//!
//! The client is a public one with `"application_type": "native"`, the redirect URI
//! `http://127.0.0.1/callback` (the port is chosen at each start) and the grant of devices. `ISSUER` names
//! another provider.
#![expect(
    clippy::disallowed_methods,
    reason = "a program of its own: it reads the environment and the clock itself"
)]

use std::error::Error;
use std::time::Duration;

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreDeviceAuthorizationResponse, CoreProviderMetadata,
    CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AuthorizationCode, ClientId, CsrfToken, DeviceAuthorizationUrl, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpClientError, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, RedirectUrl, Scope, TokenResponse as _,
};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

type Failure = Box<dyn Error>;

/// The type says which endpoints are known: the authorization endpoint always, token and userinfo maybe.
type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let program = Program::new().await?;
    let tokens = if std::env::args().any(|argument| argument == "--device") {
        program.by_device().await?
    } else {
        program.by_browser().await?
    };
    program.greet(&tokens).await
}

/// RFC 8628 §4: discovery has one member more.
#[derive(Deserialize)]
struct DeviceMetadata {
    device_authorization_endpoint: DeviceAuthorizationUrl,
}

struct Program {
    issuer: IssuerUrl,
    client: Client,
    web: reqwest::Client,
}

impl Program {
    async fn new() -> Result<Self, Failure> {
        // reqwest comes without a TLS backend of its own choice: this is the choice.
        let _chosen_before = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let issuer = std::env::var("ISSUER");
        let issuer = IssuerUrl::new(issuer.unwrap_or("http://127.0.0.1:8080".to_owned()))?;
        let id = std::env::var("CLIENT_ID")
            .map_err(|_unset| "CLIENT_ID is not set; it is shown when the client is made")?;
        let web = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(10))
            .build()?;
        let http = |request| send(web.clone(), request);
        let metadata = CoreProviderMetadata::discover_async(issuer.clone(), &http).await?;
        let client = Client::from_provider_metadata(metadata, ClientId::new(id), None);
        Ok(Self {
            issuer,
            client,
            web,
        })
    }

    /// RFC 8252 §7.3: the browser comes back to a port that only this program listens on.
    async fn by_browser(&self) -> Result<CoreTokenResponse, Failure> {
        let door = TcpListener::bind("127.0.0.1:0").await?;
        let callback = format!("http://{}/callback", door.local_addr()?);
        let client = self
            .client
            .clone()
            .set_redirect_uri(RedirectUrl::new(callback.clone())?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        println!("Open {url}");
        let answer = answer_at(&door, &callback).await?;
        let has = |name: &str| {
            let mut pairs = answer.query_pairs();
            pairs.find(|pair| pair.0 == name).map(|pair| pair.1)
        };
        if has("state").as_deref() != Some(state.secret()) {
            return Err("this answer belongs to another sign-in".into());
        }
        // RFC 9207 §2.4
        if has("iss").as_deref() != Some(self.issuer.as_str()) {
            return Err("this answer comes from someone else".into());
        }
        let Some(code) = has("code") else {
            return Err(format!("not signed in: {}", has("error").unwrap_or_default()).into());
        };
        let http = |request| send(self.web.clone(), request);
        let tokens = client
            .exchange_code(AuthorizationCode::new(code.into_owned()))?
            .set_pkce_verifier(verifier)
            .request_async(&http)
            .await?;
        let id_token = tokens.id_token().ok_or("there is no ID token")?;
        id_token.claims(&client.id_token_verifier(), &nonce)?;
        Ok(tokens)
    }

    /// RFC 8628 §3: shows a code, and asks until the person has decided elsewhere.
    async fn by_device(&self) -> Result<CoreTokenResponse, Failure> {
        let address = format!("{}/.well-known/openid-configuration", self.issuer.as_str());
        let metadata = self.web.get(address).send().await?.error_for_status()?;
        let metadata: DeviceMetadata = metadata.json().await?;
        let client = self
            .client
            .clone()
            .set_device_authorization_url(metadata.device_authorization_endpoint);
        let http = |request| send(self.web.clone(), request);
        let codes: CoreDeviceAuthorizationResponse = client
            .exchange_device_code()
            .add_scope(Scope::new("email".to_owned()))
            .request_async(&http)
            .await?;
        let (address, code) = (codes.verification_uri().as_str(), codes.user_code());
        println!("Open {address} on any device and type {}", code.secret());
        let tokens = client
            .exchange_device_access_token(&codes)?
            .request_async(&http, tokio::time::sleep, None)
            .await?;
        // There was no browser to carry a nonce: signature, issuer, audience and expiry are looked at.
        let no_nonce = |_: Option<&Nonce>| Ok(());
        let id_token = tokens.id_token().ok_or("there is no ID token")?;
        id_token.claims(&client.id_token_verifier(), no_nonce)?;
        Ok(tokens)
    }

    async fn greet(&self, tokens: &CoreTokenResponse) -> Result<(), Failure> {
        let http = |request| send(self.web.clone(), request);
        let token = tokens.access_token().clone();
        let person: CoreUserInfoClaims = self
            .client
            .user_info(token, None)?
            .request_async(&http)
            .await?;
        let address = person.email().map_or("no address", |email| email.as_str());
        println!("Signed in as {address}");
        Ok(())
    }
}

/// The address that the browser was sent back to; everything else that asks is told that nothing is here.
async fn answer_at(door: &TcpListener, callback: &str) -> Result<Url, Failure> {
    loop {
        let (mut stream, _) = door.accept().await?;
        let Some(target) = target_of(&mut stream).await? else {
            continue;
        };
        let answer = Url::parse(callback)?.join(&target)?;
        let found = answer.path() == "/callback";
        let (status, text) = if found {
            ("200 OK", "Done. Go back to the terminal.")
        } else {
            ("404 Not Found", "Nothing is here.")
        };
        let length = text.len();
        let page = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{text}"
        );
        stream.write_all(page.as_bytes()).await?;
        if found {
            return Ok(answer);
        }
    }
}

/// The target in the first line of a request, once its head is read.
async fn target_of(stream: &mut TcpStream) -> Result<Option<String>, Failure> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next_line().await?.unwrap_or_default();
    while lines
        .next_line()
        .await?
        .is_some_and(|line| !line.is_empty())
    {}
    let target = first.split(' ').nth(1);
    Ok(target.filter(|t| t.starts_with('/')).map(str::to_owned))
}

async fn send(
    web: reqwest::Client,
    request: HttpRequest,
) -> Result<HttpResponse, HttpClientError<reqwest::Error>> {
    let request = reqwest::Request::try_from(request).map_err(Box::new)?;
    let mut answer = web.execute(request).await.map_err(Box::new)?;
    let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
    let body = answer.bytes().await.map_err(Box::new)?.to_vec();
    let mut response = HttpResponse::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}
