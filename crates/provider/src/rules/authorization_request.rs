//! The authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1), checked in this order:
//!
//! 1. the client is known and not stopped, the redirect URI is registered - else a page here;
//! 2. nothing is repeated, sizes are sane, the answer can travel as asked;
//! 3. the request came the way the client must send it: pushed, signed;
//! 4. `response_type`, the grant, scope, PKCE, `prompt`, `max_age`, claims, resources, details.
//!
//! From step 2 on, errors go back to the client by the verified [`ReplyTo`].

use sekisho_model::{Client, ClientId, ClientProfile, Digest, GrantType, ResponseMode, ScopeSet};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::authorization_response::{self, ReplyTo};
use super::claims_request::{self, AcrWish, ClaimsRequest};
use super::oauth_error::AuthorizationError;
use super::parameters::Parameters;
use super::prompt::Prompt;
use super::redirect_uri::Callback;
use super::{authorization_details, pkce, resource};
use crate::Settings;

/// A request whose client and redirect URI are verified and whose parameters are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client_id: ClientId,
    /// Where the answer goes, and how.
    pub reply: ReplyTo,
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
    /// How well the person must be recognised.
    pub acr: AcrWish,
    /// Single claims asked for by name.
    pub claims: ClaimsRequest,
    /// The only subject that will do: from `claims`, or from a verified `id_token_hint`.
    pub subject: Option<String>,
    /// What the tokens are for (RFC 8707).
    pub resources: Vec<String>,
    /// What is asked in detail (RFC 9396).
    pub authorization_details: Vec<Value>,
    /// Thumbprint of the key the tokens must be bound to (RFC 9449 §10).
    pub dpop_jkt: Option<String>,
    /// The pushed request it came as; used up when the authorization is complete (RO-02).
    pub pushed: Option<Digest>,
}

/// How a request arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Arrival {
    /// Through the pushed request endpoint.
    pub pushed: bool,
    /// In a request object whose signature was verified.
    pub signed: bool,
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
    /// The pushed request is unknown, used, expired, or another client's.
    PushedRequest,
}

/// Why a request is refused, and on which channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A page here.
    Page(PageRefusal),
    /// An answer to the client.
    Reply(ReplyTo, AuthorizationError),
}

/// Steps 1 and 2: where and how an answer may go. `client` is what the store knows under the
/// request's `client_id`. A mode that cannot be had is an error, told in the query.
pub fn reply(
    client: &Client,
    request: &Parameters,
    settings: &Settings,
) -> Result<(ReplyTo, Option<AuthorizationError>), PageRefusal> {
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
        return Err(PageRefusal::ClientStopped);
    }
    let asked = request.first("response_mode");
    let (mode, error) = match authorization_response::mode(asked, client, &settings.features) {
        Ok(mode) => (mode, None),
        Err(_refused) => (
            ResponseMode::Query,
            Some(AuthorizationError::InvalidRequest(
                "response_mode is not offered to the client",
            )),
        ),
    };
    Ok((ReplyTo { callback, mode }, error))
}

/// Steps 1 to 4.
pub fn check(
    client: &Client,
    request: &Parameters,
    arrival: Arrival,
    settings: &Settings,
) -> Result<AuthorizationRequest, Refusal> {
    let (reply, mode_error) = reply(client, request, settings).map_err(Refusal::Page)?;
    let read = match mode_error {
        Some(error) => Err(error),
        None => read(client, request, arrival, settings, reply.clone()),
    };
    read.map_err(|error| Refusal::Reply(reply, error))
}

const MAX_STATE: usize = 2048;
const MAX_NONCE: usize = 512;
const MAX_HINT: usize = 320;

fn read(
    client: &Client,
    request: &Parameters,
    arrival: Arrival,
    settings: &Settings,
    reply: ReplyTo,
) -> Result<AuthorizationRequest, AuthorizationError> {
    use AuthorizationError::InvalidRequest;

    shape(client, request, arrival, reply.mode)?;
    if !client.may_use(GrantType::AuthorizationCode) {
        return Err(AuthorizationError::UnauthorizedClient);
    }
    let prompt = Prompt::parse(request.first("prompt"))
        .map_err(|_refused| InvalidRequest("prompt none cannot be combined"))?;
    let asked = request
        .first("claims")
        .map(claims_request::read)
        .transpose()
        .map_err(|_malformed| InvalidRequest("claims is not what OpenID Connect Core 5.5 says"))?
        .unwrap_or_default();
    let acr = acr(client, request, asked.acr);
    if acr.is_out_of_reach() {
        return Err(AuthorizationError::UnmetAuthenticationRequirements);
    }
    let details = request
        .first("authorization_details")
        .map(|text| authorization_details::read(text, client, &settings.detail_types))
        .transpose()
        .map_err(AuthorizationError::InvalidAuthorizationDetails)?
        .unwrap_or_default();
    Ok(AuthorizationRequest {
        client_id: client.client_id.clone(),
        reply,
        scope: scope(client, request, prompt)?,
        nonce: request.first("nonce").map(str::to_owned),
        code_challenge: pkce::challenge(client, request)
            .map_err(|r| InvalidRequest(r.description()))?,
        prompt,
        max_age: max_age(request)?.or(client.default_max_age),
        login_hint: request
            .first("login_hint")
            .filter(|hint| hint.len() <= MAX_HINT)
            .map(str::to_owned),
        acr,
        claims: asked.claims,
        subject: asked.subject,
        resources: resource::asked(request.all("resource"), client, &settings.resources)
            .map_err(|_refused| AuthorizationError::InvalidTarget)?,
        authorization_details: details,
        dpop_jkt: dpop_jkt(request)?,
        pushed: None,
    })
}

/// What can be said without looking into the parameters' meaning.
fn shape(
    client: &Client,
    request: &Parameters,
    arrival: Arrival,
    mode: ResponseMode,
) -> Result<(), AuthorizationError> {
    use AuthorizationError::InvalidRequest;

    if let Some(fault) = request.fault() {
        return Err(InvalidRequest(fault));
    }
    let too_long = |name: &str, most: usize| request.first(name).is_some_and(|v| v.len() > most);
    if too_long("state", MAX_STATE) {
        return Err(InvalidRequest("state is longer than 2048 bytes"));
    }
    if too_long("nonce", MAX_NONCE) {
        return Err(InvalidRequest("nonce is longer than 512 bytes"));
    }
    let unprintable = |name: &str| {
        let text = request.first(name).unwrap_or_default();
        text.chars().any(char::is_control)
    };
    if unprintable("state") || unprintable("nonce") {
        return Err(InvalidRequest("state or nonce holds control characters"));
    }
    if client.must_push() && !arrival.pushed {
        return Err(InvalidRequest("the client must push its requests"));
    }
    if client.must_sign_requests() && !arrival.signed {
        return Err(InvalidRequest("the client must sign its requests"));
    }
    match request.first("response_type") {
        Some("code") => {}
        Some(_) => return Err(AuthorizationError::UnsupportedResponseType),
        None => return Err(InvalidRequest("response_type is missing")),
    }
    if client.profile == Some(ClientProfile::Fapi2MessageSigning) && !mode.is_signed() {
        return Err(InvalidRequest("the client must ask for a signed answer"));
    }
    Ok(())
}

/// `acr` in `claims` is more exact than `acr_values`; the registered wish is the last word.
fn acr(client: &Client, request: &Parameters, in_claims: AcrWish) -> AcrWish {
    if !in_claims.values.is_empty() || in_claims.essential {
        return in_claims;
    }
    match request.first("acr_values") {
        Some(text) if text.len() <= 1024 => AcrWish::voluntary(text),
        Some(_) | None => AcrWish::voluntary(&client.default_acr_values.join(" ")),
    }
}

/// RFC 9449 §10: a thumbprint is 43 characters of base64url.
fn dpop_jkt(request: &Parameters) -> Result<Option<String>, AuthorizationError> {
    let Some(text) = request.first("dpop_jkt") else {
        return Ok(None);
    };
    let plausible = text.len() == 43
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    plausible
        .then(|| Some(text.to_owned()))
        .ok_or(AuthorizationError::InvalidRequest(
            "dpop_jkt is not a thumbprint",
        ))
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

    fn checked(client: &Client, request: &Parameters) -> Result<AuthorizationRequest, Refusal> {
        let settings = Settings::sample("https://id.example");
        check(client, request, Arrival::default(), &settings)
    }

    fn error(changes: &[(&str, &str)]) -> AuthorizationError {
        match checked(&web("https://app.example/cb"), &query(changes)) {
            Err(Refusal::Reply(_, error)) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_good_request_is_read() {
        let request =
            checked(&web("https://app.example/cb"), &query(&[("max_age", "60")])).unwrap();
        assert_eq!(request.scope.to_string(), "email openid");
        assert_eq!(request.max_age, Some(60));
    }

    #[test]
    fn az_04_az_05_a_stopped_client_and_a_bad_or_missing_redirect_are_pages() {
        let client = web("https://app.example/cb");
        for bad in ["https://evil.example/cb", ""] {
            let got = checked(
                &client,
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
        let got = checked(&client, &Parameters::new(twice));
        assert_eq!(got, Err(Refusal::Page(PageRefusal::RedirectUri)));
        let stopped = Client {
            disabled: true,
            ..client
        };
        assert_eq!(
            checked(&stopped, &query(&[])),
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
    fn ro_03_a_client_that_must_push_or_sign_cannot_do_without() {
        let plain = web("https://app.example/cb");
        let pushing = Client {
            require_pushed_authorization_requests: true,
            ..plain.clone()
        };
        let signing = Client {
            require_signed_request_object: true,
            ..plain.clone()
        };
        let fapi = Client {
            profile: Some(ClientProfile::Fapi2),
            ..plain
        };
        let settings = Settings::sample("https://id.example");
        let run = |client: &Client, pushed, signed| {
            check(client, &query(&[]), Arrival { pushed, signed }, &settings).is_ok()
        };
        assert!(!run(&pushing, false, true) && run(&pushing, true, false));
        assert!(!run(&signing, true, false) && run(&signing, false, true));
        assert!(!run(&fapi, false, false) && run(&fapi, true, false));
    }

    #[test]
    fn message_signing_needs_a_signed_answer() {
        let client = Client {
            profile: Some(ClientProfile::Fapi2MessageSigning),
            ..web("https://app.example/cb")
        };
        let settings = Settings::sample("https://id.example");
        let arrival = Arrival {
            pushed: true,
            signed: true,
        };
        let run = |mode: &str| {
            let request = query(&[("response_mode", mode)]);
            check(&client, &request, arrival, &settings).is_ok()
        };
        assert!(!run("query") && !run("") && run("jwt") && run("query.jwt"));
    }

    #[test]
    fn dp_07_only_a_thumbprint_is_a_dpop_jkt() {
        let good = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
        let client = web("https://app.example/cb");
        let request = checked(&client, &query(&[("dpop_jkt", good)])).unwrap();
        assert_eq!(request.dpop_jkt.as_deref(), Some(good));
        for bad in ["x", "short", &format!("{good}=")] {
            assert_eq!(error(&[("dpop_jkt", bad)]).code(), "invalid_request");
        }
    }

    #[test]
    fn the_registered_wishes_stand_in_for_absent_ones() {
        let client = Client {
            default_max_age: Some(60),
            default_acr_values: vec!["urn:sekisho:acr:password-code".to_owned()],
            ..web("https://app.example/cb")
        };
        let request = checked(&client, &query(&[])).unwrap();
        assert_eq!(request.max_age, Some(60));
        assert!(request.acr.needs_code());
        let request = checked(&client, &query(&[("max_age", "5"), ("acr_values", "1 2")])).unwrap();
        assert_eq!(request.max_age, Some(5));
        assert!(!request.acr.needs_code());
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
        let got = checked(&web("https://app.example/cb"), &Parameters::new(pairs));
        assert!(matches!(
            got,
            Err(Refusal::Reply(_, AuthorizationError::InvalidRequest(_)))
        ));
    }

    #[test]
    fn az_10_rfc_6749_a_5_state_and_nonce_are_printable() {
        for name in ["state", "nonce"] {
            for value in ["a\nb", "a\tb", "\u{7f}", "\u{85}"] {
                let got = error(&[(name, value)]);
                assert!(
                    matches!(got, AuthorizationError::InvalidRequest(_)),
                    "{name} {value:?}"
                );
            }
        }
    }

    #[test]
    fn az_11_unregistered_scopes_are_dropped_and_nothing_left_is_an_error() {
        let client = web("https://app.example/cb");
        let request = checked(&client, &query(&[("scope", "openid admin")])).unwrap();
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
        assert_eq!(error(&[("nonce", "a\0b")]).code(), "invalid_request");
        assert_eq!(error(&[("max_age", "soon")]).code(), "invalid_request");
        let request = checked(
            &web("https://app.example/cb"),
            &query(&[("login_hint", &"x".repeat(100_000))]),
        );
        assert_eq!(request.unwrap().login_hint, None);
    }
}
