//! The authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1), checked in this order:
//!
//! 1. the client is known and not stopped, the redirect URI is registered - else a page here;
//! 2. nothing is repeated, sizes are sane;
//! 3. `request`, `request_uri`, `response_type`, `response_mode`;
//! 4. the grant, scope, PKCE, `prompt`, `max_age`.
//!
//! From step 2 on, errors go back to the client by the verified [`Callback`].

use sekisho_model::{Client, ClientId, GrantType, ScopeSet};
use serde::{Deserialize, Serialize};

use super::oauth_error::AuthorizationError;
use super::parameters::Parameters;
use super::pkce;
use super::prompt::Prompt;
use super::redirect_uri::Callback;

/// A request whose client and redirect URI are verified and whose parameters are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client_id: ClientId,
    /// Where the answer goes.
    pub callback: Callback,
    /// What is asked, as far as the client may ask it.
    pub scope: ScopeSet,
    /// Bound into the ID token unchanged (AZ-16).
    pub nonce: Option<String>,
    /// PKCE S256 challenge.
    pub code_challenge: Option<String>,
    /// What to show.
    pub prompt: Prompt,
    /// Seconds since the last active authentication that are still good.
    pub max_age: Option<u64>,
    /// An address to prefill.
    pub login_hint: Option<String>,
}

/// Errors that must not be redirected (AZ-04): shown as a page, 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageRefusal {
    /// `client_id` is missing, repeated or unknown.
    UnknownClient,
    /// The client is stopped.
    ClientStopped,
    /// `redirect_uri` is missing, repeated or not registered.
    RedirectUri,
}

/// Why a request is refused, and on which channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A page here.
    Page(PageRefusal),
    /// A redirect to the client.
    Callback(Callback, AuthorizationError),
}

/// Step 1: where the answer may go. `client` is what the store knows under the request's `client_id`.
pub fn callback(client: Option<&Client>, request: &Parameters) -> Result<Callback, PageRefusal> {
    let client = client.ok_or(PageRefusal::UnknownClient)?;
    let presented = request
        .single("redirect_uri")
        .ok()
        .flatten()
        .ok_or(PageRefusal::RedirectUri)?;
    let state = request
        .first("state")
        .filter(|state| state.len() <= MAX_STATE);
    let callback = Callback::verify(client, presented, state).ok_or(PageRefusal::RedirectUri)?;
    if client.disabled {
        Err(PageRefusal::ClientStopped)
    } else {
        Ok(callback)
    }
}

/// Steps 1 to 4.
pub fn check(
    client: Option<&Client>,
    request: &Parameters,
) -> Result<AuthorizationRequest, Refusal> {
    let callback = callback(client, request).map_err(Refusal::Page)?;
    let Some(client) = client else {
        return Err(Refusal::Page(PageRefusal::UnknownClient));
    };
    read(client, request, callback.clone()).map_err(|error| Refusal::Callback(callback, error))
}

const MAX_STATE: usize = 2048;
const MAX_NONCE: usize = 512;
const MAX_HINT: usize = 320;

fn read(
    client: &Client,
    request: &Parameters,
    callback: Callback,
) -> Result<AuthorizationRequest, AuthorizationError> {
    use AuthorizationError::InvalidRequest;

    if request.any_repeated() {
        return Err(InvalidRequest("a parameter is repeated"));
    }
    if request
        .first("state")
        .is_some_and(|state| state.len() > MAX_STATE)
    {
        return Err(InvalidRequest("state is longer than 2048 bytes"));
    }
    if request.first("request").is_some() {
        return Err(AuthorizationError::RequestNotSupported);
    }
    if request.first("request_uri").is_some() {
        return Err(AuthorizationError::RequestUriNotSupported);
    }
    match request.first("response_type") {
        Some("code") => {}
        Some(_) => return Err(AuthorizationError::UnsupportedResponseType),
        None => return Err(InvalidRequest("response_type is missing")),
    }
    if request
        .first("response_mode")
        .is_some_and(|mode| mode != "query")
    {
        return Err(InvalidRequest("response_mode is not supported"));
    }
    if !client.may_use(GrantType::AuthorizationCode) {
        return Err(AuthorizationError::UnauthorizedClient);
    }
    let nonce = request.first("nonce");
    if nonce.is_some_and(|nonce| nonce.len() > MAX_NONCE) {
        return Err(InvalidRequest("nonce is longer than 512 bytes"));
    }
    let prompt = Prompt::parse(request.first("prompt"))
        .map_err(|_refused| InvalidRequest("prompt none cannot be combined"))?;
    Ok(AuthorizationRequest {
        client_id: client.client_id.clone(),
        callback,
        scope: scope(client, request, prompt)?,
        nonce: nonce.map(str::to_owned),
        code_challenge: pkce::challenge(client, request)
            .map_err(|r| InvalidRequest(r.description()))?,
        prompt,
        max_age: max_age(request)?,
        login_hint: request
            .first("login_hint")
            .filter(|hint| hint.len() <= MAX_HINT)
            .map(str::to_owned),
    })
}

/// AZ-11: scopes the client may not ask for are dropped; the token answer says what was granted.
/// Core §11: without a chance to ask the user, `offline_access` is ignored.
fn scope(
    client: &Client,
    request: &Parameters,
    prompt: Prompt,
) -> Result<ScopeSet, AuthorizationError> {
    let asked = ScopeSet::parse(request.first("scope").unwrap_or_default())
        .map_err(|_refused| AuthorizationError::InvalidScope)?;
    let mut granted = asked.common(&client.scope);
    let offline_possible = client.may_use(GrantType::RefreshToken) && !prompt.none;
    if !offline_possible {
        granted = granted.without("offline_access");
    }
    if granted.is_empty() {
        Err(AuthorizationError::InvalidScope)
    } else {
        Ok(granted)
    }
}

fn max_age(request: &Parameters) -> Result<Option<u64>, AuthorizationError> {
    request
        .first("max_age")
        .map(|text| {
            text.parse().map_err(|_not_a_number| {
                AuthorizationError::InvalidRequest("max_age is not a number of seconds")
            })
        })
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::client_metadata::sample::web;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn query(changes: &[(&str, &str)]) -> Parameters {
        let mut pairs = vec![
            ("client_id", "web"),
            ("redirect_uri", "https://app.example/cb"),
            ("response_type", "code"),
            ("scope", "openid email"),
            ("state", "s"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            pairs.retain(|(key, _)| key != name);
            pairs.push((name, value));
        }
        Parameters::new(
            pairs
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .collect(),
        )
    }

    fn error(changes: &[(&str, &str)]) -> AuthorizationError {
        match check(Some(&web("https://app.example/cb")), &query(changes)) {
            Err(Refusal::Callback(_, error)) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_good_request_is_read() {
        let request = check(
            Some(&web("https://app.example/cb")),
            &query(&[("max_age", "60")]),
        )
        .unwrap();
        assert_eq!(request.scope.to_string(), "email openid");
        assert_eq!(request.max_age, Some(60));
    }

    #[test]
    fn az_04_unknown_client_and_bad_redirect_are_pages() {
        let client = web("https://app.example/cb");
        assert_eq!(
            check(None, &query(&[])),
            Err(Refusal::Page(PageRefusal::UnknownClient))
        );
        for bad in ["https://evil.example/cb", ""] {
            let got = check(
                Some(&client),
                &query(&[("redirect_uri", bad), ("response_type", "token")]),
            );
            assert_eq!(got, Err(Refusal::Page(PageRefusal::RedirectUri)), "{bad}");
        }
        let mut twice = vec![
            (
                "redirect_uri".to_owned(),
                "https://app.example/cb".to_owned()
            );
            2
        ];
        twice.push(("response_type".to_owned(), "code".to_owned()));
        let got = check(Some(&client), &Parameters::new(twice));
        assert_eq!(got, Err(Refusal::Page(PageRefusal::RedirectUri)));
        let stopped = Client {
            disabled: true,
            ..client
        };
        assert_eq!(
            check(Some(&stopped), &query(&[])),
            Err(Refusal::Page(PageRefusal::ClientStopped))
        );
    }

    #[test]
    fn az_06_only_code_is_offered() {
        for other in ["token", "id_token", "code id_token", "none"] {
            assert_eq!(
                error(&[("response_type", other)]),
                AuthorizationError::UnsupportedResponseType
            );
        }
        assert_eq!(error(&[("response_type", "")]).code(), "invalid_request");
    }

    #[test]
    fn az_07_fragment_is_refused() {
        assert_eq!(
            error(&[("response_mode", "fragment")]).code(),
            "invalid_request"
        );
    }

    #[test]
    fn ro_06_request_objects_are_named_as_unsupported() {
        assert_eq!(
            error(&[("request", "e30.e30.")]),
            AuthorizationError::RequestNotSupported
        );
        assert_eq!(
            error(&[("request_uri", "https://x.example/r")]),
            AuthorizationError::RequestUriNotSupported
        );
    }

    #[test]
    fn az_10_a_repeated_parameter_is_refused() {
        let mut pairs = vec![("scope".to_owned(), "openid".to_owned())];
        pairs.extend(
            [
                ("client_id", "web"),
                ("redirect_uri", "https://app.example/cb"),
                ("scope", "openid"),
            ]
            .map(|(k, v)| (k.to_owned(), v.to_owned())),
        );
        let got = check(
            Some(&web("https://app.example/cb")),
            &Parameters::new(pairs),
        );
        assert!(matches!(
            got,
            Err(Refusal::Callback(_, AuthorizationError::InvalidRequest(_)))
        ));
    }

    #[test]
    fn az_11_unregistered_scopes_are_dropped_and_nothing_left_is_an_error() {
        let client = web("https://app.example/cb");
        let request = check(Some(&client), &query(&[("scope", "openid admin")])).unwrap();
        assert_eq!(request.scope.to_string(), "openid");
        assert_eq!(
            error(&[("scope", "admin")]),
            AuthorizationError::InvalidScope
        );
        assert_eq!(error(&[("scope", "")]), AuthorizationError::InvalidScope);
    }

    #[test]
    fn sizes_are_limited() {
        assert_eq!(
            error(&[("state", &"s".repeat(2049))]).code(),
            "invalid_request"
        );
        assert_eq!(
            error(&[("nonce", &"n".repeat(513))]).code(),
            "invalid_request"
        );
        assert_eq!(error(&[("max_age", "soon")]).code(), "invalid_request");
        let request = check(
            Some(&web("https://app.example/cb")),
            &query(&[("login_hint", &"x".repeat(100_000))]),
        );
        assert_eq!(request.unwrap().login_hint, None);
    }
}
