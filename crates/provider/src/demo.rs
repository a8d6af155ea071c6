//! The demo client of the dev mode: what a careful app checks of the tokens it gets (OpenID Connect
//! Core §3.1.3.7, RFC 9068 §4). Not part of the server's own decisions.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::Provider;
use crate::jwt::verify_any_of_ours;
use crate::rules::claims::half_hash;

/// A JWT, decoded and checked.
#[derive(Debug, Clone, Default)]
pub struct Inspection {
    /// The header.
    pub header: Value,
    /// The claims.
    pub claims: Value,
    /// The signature belongs to a published key of the issuer.
    pub signature: bool,
    /// `iss` is the issuer.
    pub issuer: bool,
    /// `exp` and `iat` fit the present.
    pub lifetime: bool,
}

impl Provider {
    /// Decodes and checks a JWT as an app would, from the published keys.
    pub fn inspect(&self, token: &str) -> Inspection {
        let part = |index: usize| -> Value {
            let text = token.split('.').nth(index).unwrap_or_default();
            let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
            serde_json::from_slice(&bytes).unwrap_or_default()
        };
        let (header, claims) = (part(0), part(1));
        let now = self.now().seconds();
        let number = |name: &str| claims.get(name).and_then(Value::as_i64);
        let lifetime = number("exp").is_some_and(|exp| now < exp)
            && number("iat").is_some_and(|iat| iat <= now.saturating_add(10));
        Inspection {
            signature: verify_any_of_ours(token, &self.keys.current()),
            issuer: claims.get("iss").and_then(Value::as_str)
                == Some(self.settings.issuer.as_str()),
            lifetime,
            header,
            claims,
        }
    }

    /// Whether the `at_hash` of an ID token fits an access token (Core §3.1.3.6).
    pub fn access_token_hash_fits(&self, id_token: &Inspection, access_token: &str) -> bool {
        let algorithm = id_token.header.get("alg").and_then(Value::as_str);
        let algorithm = algorithm.and_then(sekisho_model::SigningAlgorithm::from_name);
        let claimed = id_token.claims.get("at_hash").and_then(Value::as_str);
        algorithm
            .is_some_and(|algorithm| claimed == Some(half_hash(algorithm, access_token).as_str()))
    }
}
