//! Signed request objects (RFC 9101, OpenID Connect Core §6; RO-05). The signature was verified; this
//! decides whether the claims are a request of this client, for us, now.

use std::time::Duration;

use sekisho_model::{Client, SigningAlgorithm, Timestamp};
use serde_json::Value;

use super::parameters::Parameters;
use crate::jwt::compact::Compact;

/// How long a request object may be valid, and how old it may be (FAPI 2.0 Message Signing §5.3.2).
const LONGEST: Duration = Duration::from_hours(1);
/// Clocks that are fast (JW-12).
const FAST: Duration = Duration::from_secs(10);

/// Which algorithms the client may sign its request objects with.
pub fn algorithms(client: &Client) -> Vec<SigningAlgorithm> {
    match client.request_object_signing_alg {
        Some(registered) => vec![registered],
        None if client.is_fapi() => vec![
            SigningAlgorithm::PS256,
            SigningAlgorithm::ES256,
            SigningAlgorithm::EdDSA,
        ],
        None => vec![
            SigningAlgorithm::RS256,
            SigningAlgorithm::PS256,
            SigningAlgorithm::ES256,
            SigningAlgorithm::EdDSA,
        ],
    }
}

/// The request parameters of a verified request object: what it says and nothing else (RFC 9101
/// §6.3).
pub(crate) fn parameters(
    object: &Compact<'_>,
    client: &Client,
    issuer: &str,
    now: Timestamp,
) -> Result<Parameters, &'static str> {
    let typ = object.header_text("typ");
    if !matches!(typ, None | Some("JWT" | "oauth-authz-req+jwt"))
        || object.header.contains_key("jwk")
    {
        return Err("the request object is of another type");
    }
    let id = client.client_id.as_str();
    let strict = client.is_fapi();
    // A client assertion names `sub`; a request never does. So one cannot pass for the other.
    if object.claims.contains_key("sub") {
        return Err("the request object has a sub");
    }
    let same = |name: &str| object.text(name) == Some(id);
    let absent = |name: &str| !object.claims.contains_key(name);
    if !same("client_id") || !(same("iss") || (absent("iss") && !strict)) {
        return Err("iss and client_id of the request object must be the client's id");
    }
    let for_us = match object.claims.get("aud") {
        None => !strict,
        Some(Value::String(aud)) => aud == issuer,
        Some(Value::Array(list)) => list.iter().any(|aud| aud.as_str() == Some(issuer)),
        Some(_) => false,
    };
    if !for_us {
        return Err("aud of the request object must be the issuer");
    }
    in_time(object, strict, now)?;
    if !absent("request") || !absent("request_uri") {
        return Err("a request object cannot hold another");
    }
    as_parameters(object)
}

fn in_time(object: &Compact<'_>, strict: bool, now: Timestamp) -> Result<(), &'static str> {
    let time = |name: &str| {
        object
            .time(name)
            .map_err(|_wrong_type| "a time of the request object is not a number")
    };
    let (exp, nbf, iat) = (time("exp")?, time("nbf")?, time("iat")?);
    if exp.is_some_and(|exp| now >= exp) {
        return Err("the request object has expired");
    }
    if nbf.or(iat).is_some_and(|start| start > now + FAST) {
        return Err("the request object is not valid yet");
    }
    if strict && (exp.is_none() || nbf.is_none()) {
        return Err("the request object needs exp and nbf");
    }
    if nbf.is_some_and(|nbf| nbf + LONGEST < now) {
        return Err("the request object is more than an hour old");
    }
    let begins = nbf.or(iat).unwrap_or(now);
    if exp.is_some_and(|exp| exp > begins + LONGEST) {
        return Err("the request object is valid for more than an hour");
    }
    Ok(())
}

/// The claims as parameters: what a form would hold.
fn as_parameters(object: &Compact<'_>) -> Result<Parameters, &'static str> {
    const OF_THE_JWT: [&str; 6] = ["iss", "aud", "exp", "nbf", "iat", "jti"];
    let mut pairs = Vec::new();
    let request = object
        .claims
        .iter()
        .filter(|(name, _)| !OF_THE_JWT.contains(&name.as_str()));
    for (name, value) in request {
        match (name.as_str(), value) {
            (_, Value::String(text)) => pairs.push((name.clone(), text.clone())),
            ("max_age", Value::Number(number)) => pairs.push((name.clone(), number.to_string())),
            ("claims", Value::Object(_)) | ("authorization_details", Value::Array(_)) => {
                pairs.push((name.clone(), value.to_string()));
            }
            ("resource", Value::Array(list)) => {
                for one in list {
                    let text = one.as_str().ok_or("a resource is not a string")?;
                    pairs.push((name.clone(), text.to_owned()));
                }
            }
            // Members that mean nothing to us may be anything (rule: unknown parameters are ignored).
            (known, _) if KNOWN.contains(&known) => {
                return Err("a parameter in the request object has a wrong type");
            }
            _ => {}
        }
    }
    Ok(Parameters::new(pairs))
}

const KNOWN: [&str; 18] = [
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "prompt",
    "max_age",
    "claims",
    "acr_values",
    "id_token_hint",
    "login_hint",
    "code_challenge",
    "code_challenge_method",
    "resource",
    "authorization_details",
    "dpop_jkt",
];

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use sekisho_model::ClientProfile;
    use serde_json::json;

    use super::*;
    use crate::rules::client_metadata::sample::web;

    const ISSUER: &str = "https://id.example";
    const NOW: Timestamp = Timestamp::from_seconds(100_000);

    fn run(client: &Client, header: &Value, changes: &Value) -> Result<Parameters, &'static str> {
        let mut claims = json!({
            "iss": "web", "client_id": "web", "aud": ISSUER, "exp": 100_300, "nbf": 99_990,
            "response_type": "code", "state": "s", "max_age": 7, "claims": {"userinfo": {}},
            "resource": ["https://a.example/", "https://b.example/"],
        });
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}.AAAA", part(header), part(&claims));
        let object = Compact::read(&text).unwrap();
        parameters(&object, client, ISSUER, NOW)
    }

    fn fapi() -> Client {
        Client {
            profile: Some(ClientProfile::Fapi2MessageSigning),
            ..web("https://app.example/cb")
        }
    }

    #[test]
    fn ro_05_a_good_object_becomes_parameters_and_nothing_of_the_jwt() {
        let header = json!({"alg": "ES256", "typ": "oauth-authz-req+jwt"});
        let read = run(&fapi(), &header, &json!({"jti": "x", "extra": {"a": 1}})).unwrap();
        assert_eq!(read.first("state"), Some("s"));
        assert_eq!(read.first("max_age"), Some("7"));
        assert_eq!(read.all("resource").count(), 2);
        for name in ["iss", "aud", "exp", "nbf", "jti", "extra"] {
            assert_eq!(read.first(name), None, "{name}");
        }
        let several = json!({"aud": ["https://other.example", ISSUER]});
        assert!(run(&fapi(), &header, &several).is_ok());
        assert!(run(&fapi(), &header, &json!({"nbf": 100_008})).is_ok());
    }

    #[test]
    fn ro_05_jw_03_what_is_not_ours_not_now_or_not_theirs_is_refused() {
        let header = json!({"alg": "ES256"});
        for change in [
            json!({"iss": "other"}),
            json!({"iss": null}),
            json!({"client_id": "other"}),
            json!({"client_id": null}),
            json!({"aud": null}),
            json!({"aud": "https://other.example"}),
            json!({"aud": ["https://other.example"]}),
            json!({"exp": null}),
            json!({"exp": 99_999}),
            json!({"exp": 103_600}),
            json!({"exp": "100300"}),
            json!({"nbf": null}),
            json!({"nbf": 96_000}),
            json!({"nbf": 100_060}),
            json!({"sub": "web"}),
            json!({"request": "x"}),
            json!({"request_uri": "urn:x"}),
            json!({"state": 7}),
            json!({"resource": [7]}),
            json!({"scope": ["openid"]}),
        ] {
            assert!(run(&fapi(), &header, &change).is_err(), "{change}");
        }
        for header in [
            json!({"alg": "ES256", "typ": "dpop+jwt"}),
            json!({"alg": "ES256", "jwk": {}}),
        ] {
            assert!(run(&fapi(), &header, &json!({})).is_err(), "{header}");
        }
    }

    #[test]
    fn plain_openid_clients_may_leave_the_times_out() {
        let client = web("https://app.example/cb");
        let bare = json!({"iss": null, "aud": null, "exp": null, "nbf": null});
        assert!(run(&client, &json!({"alg": "RS256"}), &bare).is_ok());
        assert!(run(&fapi(), &json!({"alg": "RS256"}), &bare).is_err());
        assert!(!algorithms(&fapi()).contains(&SigningAlgorithm::RS256));
    }
}
