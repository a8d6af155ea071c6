//! What a JWT must say to authenticate a client (RFC 7523 §3, OpenID Connect Core §9, FAPI 2.0
//! §5.3.2.1; TK-04..06, JW-01, JW-02, JW-08, JW-12).

use std::time::Duration;

use sekisho_model::{
    AssertionAlgorithm, Client, ClientAuthentication, SigningAlgorithm, Timestamp,
};
use serde_json::Value;

use crate::jwt::compact::Compact;

/// The one `client_assertion_type` (RFC 7523 §2.2).
pub(crate) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How far `exp` may lie ahead (TK-05).
const LONGEST: Duration = Duration::from_mins(5);
/// How far clocks may differ (JW-12).
pub(crate) const SKEW: Duration = Duration::from_secs(10);
/// `jti` values longer than this are refused.
const LONGEST_JTI: usize = 512;

/// Why an assertion does not authenticate. For logs; the client hears the same of each (ENU-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AssertionRefusal {
    #[error("typ is that of another use")]
    Type,
    #[error("alg is not the client's")]
    Algorithm,
    #[error("iss and sub must both be the client_id")]
    Subject,
    #[error("aud must be the issuer as one string")]
    Audience,
    #[error("exp is missing, past, or more than 5 minutes ahead")]
    Expiry,
    #[error("iat or nbf lies ahead or is no number")]
    TooEarly,
    #[error("jti is missing or too long")]
    Jti,
}

/// An assertion whose claims are right. Its signature and that it is used once are still to be seen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claimed<'a> {
    /// What makes it one of a kind.
    pub(crate) jti: &'a str,
    /// Until when it must not be accepted again.
    pub(crate) until: Timestamp,
}

/// Reads the claims of an assertion by which `client` wants to authenticate. `issuer` is ours.
pub(crate) fn claimed<'a>(
    jwt: &'a Compact<'_>,
    client: &Client,
    issuer: &str,
    now: Timestamp,
) -> Result<Claimed<'a>, AssertionRefusal> {
    if !type_is_right(jwt) {
        return Err(AssertionRefusal::Type);
    }
    if !algorithm_is_right(jwt, client) {
        return Err(AssertionRefusal::Algorithm);
    }
    let id = Some(client.client_id.as_str());
    if jwt.text("iss") != id || jwt.text("sub") != id {
        return Err(AssertionRefusal::Subject);
    }
    if !audience_is_right(jwt.claims.get("aud"), client, issuer) {
        return Err(AssertionRefusal::Audience);
    }
    let exp = jwt.time("exp").ok().flatten();
    let exp = exp.ok_or(AssertionRefusal::Expiry)?;
    if exp + SKEW <= now || exp > now + LONGEST + SKEW {
        return Err(AssertionRefusal::Expiry);
    }
    for name in ["iat", "nbf"] {
        let from = jwt
            .time(name)
            .map_err(|_named| AssertionRefusal::TooEarly)?;
        if from.is_some_and(|from| from > now + SKEW) {
            return Err(AssertionRefusal::TooEarly);
        }
    }
    let jti = jwt
        .text("jti")
        .filter(|jti| (1..=LONGEST_JTI).contains(&jti.len()))
        .ok_or(AssertionRefusal::Jti)?;
    Ok(Claimed {
        jti,
        until: exp + SKEW,
    })
}

/// JW-01: a JWT made for another use says so in `typ`.
fn type_is_right(jwt: &Compact<'_>) -> bool {
    match jwt.header.get("typ") {
        None => true,
        Some(Value::String(typ)) => {
            let typ = typ.to_ascii_lowercase();
            let typ = typ.strip_prefix("application/").unwrap_or(&typ);
            typ == "jwt" || typ == "client-authentication+jwt"
        }
        Some(_) => false,
    }
}

/// JW-02: the registered algorithm, or any of the client's kind of key; FAPI has fewer.
fn algorithm_is_right(jwt: &Compact<'_>, client: &Client) -> bool {
    let registered = client.token_endpoint_auth_signing_alg;
    match client.token_endpoint_auth_method {
        ClientAuthentication::PrivateKeyJwt => jwt
            .algorithm()
            .is_some_and(|algorithm| algorithms(client).contains(&algorithm)),
        ClientAuthentication::ClientSecretJwt => {
            jwt.header_text("alg") == Some("HS256")
                && registered.is_none_or(|only| only == AssertionAlgorithm::HS256)
                && !client.is_fapi()
        }
        ClientAuthentication::None
        | ClientAuthentication::ClientSecretBasic
        | ClientAuthentication::ClientSecretPost
        | ClientAuthentication::TlsClientAuth
        | ClientAuthentication::SelfSignedTlsClientAuth => false,
    }
}

/// What `client` may sign its authentication with: the registered algorithm or every offered one;
/// FAPI 2.0 §5.4.1 leaves out RS256.
pub(crate) fn algorithms(client: &Client) -> Vec<SigningAlgorithm> {
    let registered = client.token_endpoint_auth_signing_alg;
    let offered = [
        AssertionAlgorithm::RS256,
        AssertionAlgorithm::PS256,
        AssertionAlgorithm::ES256,
        AssertionAlgorithm::EdDSA,
    ];
    offered
        .into_iter()
        .filter(|offered| registered.is_none_or(|only| only == *offered))
        .filter_map(AssertionAlgorithm::of_key)
        .filter(|algorithm| !(client.is_fapi() && *algorithm == SigningAlgorithm::RS256))
        .collect()
}

/// The issuer as one string (JW-08). A switch of the client also allows the token endpoint's URL, and a
/// list of one, as OpenID Connect Core §9 has it; never under FAPI (decisions).
fn audience_is_right(aud: Option<&Value>, client: &Client, issuer: &str) -> bool {
    let lenient = client.allow_token_endpoint_audience && !client.is_fapi();
    let named = match aud {
        Some(Value::String(one)) => one,
        Some(Value::Array(list)) if lenient => match list.as_slice() {
            [Value::String(one)] => one,
            _ => return false,
        },
        Some(_) | None => return false,
    };
    named == issuer || (lenient && named.strip_prefix(issuer) == Some("/oauth2/token"))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;
    use crate::rules::client_metadata::sample::web;

    const ISSUER: &str = "https://id.example";
    const NOW: i64 = 1_800_000_000;

    fn client(extra: &Value) -> Client {
        let mut value = serde_json::to_value(web("https://a.example/")).unwrap();
        value["token_endpoint_auth_method"] = json!("private_key_jwt");
        for (name, member) in extra.as_object().unwrap() {
            value[name] = member.clone();
        }
        serde_json::from_value(value).unwrap()
    }

    fn claims() -> Value {
        json!({"iss": "web", "sub": "web", "aud": ISSUER, "exp": NOW + 60, "jti": "1"})
    }

    fn refusal_of(header: &Value, claims: &Value, client: &Client) -> Option<AssertionRefusal> {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}.AAAA", encode(header), encode(claims));
        let jwt = Compact::read(&text).unwrap();
        claimed(&jwt, client, ISSUER, Timestamp::from_seconds(NOW)).err()
    }

    fn with(name: &str, value: Value) -> Option<AssertionRefusal> {
        let mut claims = claims();
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        refusal_of(&json!({"alg": "ES256"}), &claims, &client(&json!({})))
    }

    #[test]
    fn tk_05_a_right_assertion_is_accepted() {
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": "a"});
        assert_eq!(refusal_of(&header, &claims(), &client(&json!({}))), None);
    }

    #[test]
    fn tk_04_issuer_and_subject_are_the_client() {
        for name in ["iss", "sub"] {
            for wrong in [json!("other"), Value::Null, json!(["web"]), json!("Web")] {
                assert_eq!(with(name, wrong), Some(AssertionRefusal::Subject), "{name}");
            }
        }
    }

    #[test]
    fn jw_08_the_audience_is_the_issuer_as_one_string() {
        for wrong in [
            json!([ISSUER]),
            json!("https://id.example/"),
            json!("https://id.example/oauth2/token"),
            json!("https://id.example/oauth2/par"),
            json!("https://other.example"),
            Value::Null,
            json!({}),
        ] {
            let shown = wrong.to_string();
            assert_eq!(
                with("aud", wrong),
                Some(AssertionRefusal::Audience),
                "{shown}"
            );
        }
    }

    #[test]
    fn jw_08_a_switch_allows_the_token_endpoint_and_a_list_of_one_but_never_under_fapi() {
        let header = json!({"alg": "ES256"});
        let lenient = client(&json!({"allow_token_endpoint_audience": true}));
        let fapi = client(&json!({"allow_token_endpoint_audience": true, "profile": "fapi2"}));
        let token = "https://id.example/oauth2/token";
        let aud = |aud: Value, client: &Client| {
            let mut claims = claims();
            claims["aud"] = aud;
            refusal_of(&header, &claims, client).is_none()
        };
        for fine in [json!(token), json!([token]), json!([ISSUER]), json!(ISSUER)] {
            assert!(aud(fine.clone(), &lenient), "{fine}");
            assert_eq!(aud(fine.clone(), &fapi), fine == json!(ISSUER), "{fine}");
        }
        for wrong in [
            json!([token, ISSUER]),
            json!([]),
            json!("https://id.example/oauth2/revoke"),
            json!("https://id.example.evil.example/oauth2/token"),
        ] {
            assert!(!aud(wrong.clone(), &lenient), "{wrong}");
        }
    }

    #[test]
    fn tk_05_exp_is_required_and_at_most_five_minutes_ahead() {
        for wrong in [
            Value::Null,
            json!(NOW - 10),
            json!(NOW - 300),
            json!(NOW + 311),
            json!("1800000060"),
            json!(-1),
        ] {
            let shown = wrong.to_string();
            assert_eq!(
                with("exp", wrong),
                Some(AssertionRefusal::Expiry),
                "{shown}"
            );
        }
        assert_eq!(with("exp", json!(NOW + 300)), None);
        assert_eq!(with("exp", json!(NOW - 9)), None);
    }

    #[test]
    fn tk_05_jw_12_iat_and_nbf_may_be_ten_seconds_ahead_and_not_a_minute() {
        for name in ["iat", "nbf"] {
            assert_eq!(with(name, json!(NOW + 10)), None);
            for wrong in [json!(NOW + 11), json!(NOW + 61), json!("0"), json!([])] {
                assert_eq!(with(name, wrong), Some(AssertionRefusal::TooEarly));
            }
        }
    }

    #[test]
    fn tk_05_jti_is_required() {
        for wrong in [Value::Null, json!(""), json!(7), json!("j".repeat(513))] {
            assert_eq!(with("jti", wrong), Some(AssertionRefusal::Jti));
        }
    }

    #[test]
    fn jw_01_a_jwt_of_another_use_is_refused() {
        let typ = |typ: Value| {
            let header = json!({"alg": "ES256", "typ": typ});
            refusal_of(&header, &claims(), &client(&json!({})))
        };
        for fine in ["JWT", "jwt", "client-authentication+jwt"] {
            assert_eq!(typ(json!(fine)), None);
        }
        for other in [
            json!("at+jwt"),
            json!("dpop+jwt"),
            json!("logout+jwt"),
            json!("oauth-authz-req+jwt"),
            json!(7),
        ] {
            assert_eq!(typ(other), Some(AssertionRefusal::Type));
        }
    }

    #[test]
    fn jw_02_only_the_clients_own_algorithms_count() {
        let taken = |alg: &str, extra: Value| {
            refusal_of(&json!({"alg": alg}), &claims(), &client(&extra)).is_none()
        };
        for alg in ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"] {
            assert!(taken(alg, json!({})), "{alg}");
            assert_eq!(taken(alg, json!({"profile": "fapi2"})), alg != "RS256");
            let registered = json!({"token_endpoint_auth_signing_alg": "PS256"});
            assert_eq!(taken(alg, registered), alg == "PS256");
        }
        for alg in ["none", "None", "HS256", "HS512", "ES384", ""] {
            assert!(!taken(alg, json!({})), "{alg}");
        }
        assert!(!taken(
            "RS256",
            json!({"profile": "fapi2", "token_endpoint_auth_signing_alg": "RS256"})
        ));
        assert!(!taken(
            "ES256",
            json!({"token_endpoint_auth_signing_alg": "HS256"})
        ));
    }

    #[test]
    fn jw_13_hmac_is_for_clients_registered_for_it_alone() {
        let taken = |alg: &str, extra: &str| {
            let mut all = json!({"token_endpoint_auth_method": "client_secret_jwt"});
            if !extra.is_empty() {
                all["token_endpoint_auth_signing_alg"] = json!(extra);
            }
            refusal_of(&json!({"alg": alg}), &claims(), &client(&all)).is_none()
        };
        assert!(taken("HS256", "") && taken("HS256", "HS256"));
        assert!(!taken("ES256", "") && !taken("HS256", "ES256") && !taken("none", ""));
    }
}
