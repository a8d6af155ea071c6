//! Which claims go where (OpenID Connect Core §2, §5.1, §5.4; RFC 9068 §2.2).

use std::collections::BTreeSet;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::CoreGenderClaim;
use openidconnect::{
    AccessTokenHash, AdditionalClaims, Audience, AuthenticationContextClass,
    AuthenticationMethodReference, EmptyAdditionalClaims, IdTokenClaims, IssuerUrl, Nonce,
    StandardClaims, UserInfoClaims,
};
use sekisho_model::{
    AuthenticationMethod, Confirmation, Digest, ScopeSet, SigningAlgorithm, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The `acr` of a sign-in by password alone.
pub const ACR_PASSWORD: &str = "urn:sekisho:acr:password";
/// The `acr` of a sign-in by password and second step, whichever it was. Not "mfa": NIST does not count mailed codes
/// as a second factor.
pub const ACR_PASSWORD_AND_CODE: &str = "urn:sekisho:acr:password-code";

/// The `acr` reached by `methods`.
pub fn acr(methods: &[AuthenticationMethod]) -> &'static str {
    if AuthenticationMethod::prove_second_step(methods) {
        ACR_PASSWORD_AND_CODE
    } else {
        ACR_PASSWORD
    }
}

/// ID token members beyond the standard ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionClaims {
    /// The session's id (Back-Channel Logout §2.1).
    pub sid: String,
}

impl AdditionalClaims for SessionClaims {}

/// Our ID token.
pub type SekishoIdToken = IdTokenClaims<SessionClaims, CoreGenderClaim>;

/// What an ID token says.
#[derive(Debug, Clone)]
pub struct IdTokenFacts<'a> {
    /// `iss`.
    pub issuer: &'a IssuerUrl,
    /// `aud`.
    pub client_id: &'a str,
    /// `sub`.
    pub subject: &'a str,
    /// `sid`.
    pub session_id: String,
    /// `auth_time`.
    pub auth_time: Timestamp,
    /// Basis of `amr` and `acr`.
    pub methods: &'a [AuthenticationMethod],
    /// The `acr` the client is told, if it asked for one.
    pub acr: Option<&'a str>,
    /// Claims about the person that were asked for by name (Core §5.5).
    pub about_person: Map<String, Value>,
    /// `nonce` of the authorization request; none on refresh (RT-10).
    pub nonce: Option<&'a str>,
    /// `at_hash`, already computed for the signature's hash.
    pub access_token_hash: Option<String>,
    /// `iat`.
    pub issued_at: Timestamp,
    /// `exp`.
    pub expires_at: Timestamp,
}

/// Core §2: protocol claims only; profile claims are for userinfo.
pub fn id_token(facts: &IdTokenFacts<'_>) -> Result<SekishoIdToken, ClaimRefusal> {
    let methods = facts
        .methods
        .iter()
        .map(|method| AuthenticationMethodReference::new(method.name().to_owned()))
        .collect();
    let claims = IdTokenClaims::new(
        facts.issuer.clone(),
        vec![Audience::new(facts.client_id.to_owned())],
        date(facts.expires_at),
        date(facts.issued_at),
        standard(facts.subject, facts.about_person.clone())?,
        SessionClaims {
            sid: facts.session_id.clone(),
        },
    )
    .set_auth_time(Some(date(facts.auth_time)))
    .set_nonce(facts.nonce.map(|nonce| Nonce::new(nonce.to_owned())))
    .set_auth_context_ref(Some(AuthenticationContextClass::new(
        facts.acr.unwrap_or(acr(facts.methods)).to_owned(),
    )))
    .set_auth_method_refs(Some(methods))
    .set_access_token_hash(facts.access_token_hash.clone().map(AccessTokenHash::new));
    Ok(claims)
}

fn standard(
    subject: &str,
    mut open: Map<String, Value>,
) -> Result<StandardClaims<CoreGenderClaim>, ClaimRefusal> {
    open.insert("sub".to_owned(), Value::from(subject));
    serde_json::from_value(Value::Object(open)).map_err(|_wrong_type| ClaimRefusal)
}

/// Of a user's claims those named that have a value.
pub fn opened<'a>(
    all: &Map<String, Value>,
    names: impl Iterator<Item = &'a str>,
) -> Map<String, Value> {
    names
        .filter_map(|name| Some((name, all.get(name).filter(|value| has_value(value))?)))
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect()
}

fn date(at: Timestamp) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp(at.seconds(), 0).unwrap_or_default()
}

/// Core §3.1.3.6: the left half of the hash that belongs to the signature algorithm.
pub fn half_hash(algorithm: SigningAlgorithm, text: &str) -> String {
    match algorithm {
        SigningAlgorithm::RS256 | SigningAlgorithm::PS256 | SigningAlgorithm::ES256 => {
            let hash = Digest::of(text.as_bytes());
            URL_SAFE_NO_PAD.encode(hash.as_bytes().get(..16).unwrap_or_default())
        }
        // Ed25519 hashes with SHA-512 (RFC 8032 §5.1).
        SigningAlgorithm::EdDSA => {
            let hash = digest::digest(&digest::SHA512, text.as_bytes());
            URL_SAFE_NO_PAD.encode(hash.as_ref().get(..32).unwrap_or_default())
        }
    }
}

/// The claims of a JWT access token (RFC 9068 §2.2).
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct AccessTokenClaims {
    /// The issuer.
    pub iss: String,
    /// The user, or the client itself for machines.
    pub sub: String,
    /// What the token is for.
    pub aud: Vec<String>,
    /// When it ends.
    pub exp: i64,
    /// When it was issued.
    pub iat: i64,
    /// Its id; names the grant, so that revocation finds it.
    pub jti: String,
    /// Who got it.
    pub client_id: String,
    /// What it allows.
    pub scope: String,
    /// When the user last proved who they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// How well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// What it is bound to (RFC 7800 §3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// Who acts for the subject (RFC 8693 §4.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Value>,
    /// What it allows in detail (RFC 9396 §9.1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details: Vec<Value>,
}

const PROFILE: [&str; 14] = [
    "name",
    "family_name",
    "given_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
];

/// The claims each scope asks for (Core §5.4).
pub const fn of_scope(scope: &str) -> &'static [&'static str] {
    match scope.as_bytes() {
        b"profile" => &PROFILE,
        b"email" => &["email", "email_verified"],
        b"address" => &["address"],
        b"phone" => &["phone_number", "phone_number_verified"],
        _ => &[],
    }
}

/// Whether a claim is about a person and can be given.
pub fn is_about_a_person(name: &str) -> bool {
    ["profile", "email", "address", "phone"]
        .into_iter()
        .any(|scope| of_scope(scope).contains(&name))
}

/// Every claim we can give, for discovery.
pub fn supported() -> Vec<&'static str> {
    let mut all = vec![
        "sub",
        "iss",
        "aud",
        "exp",
        "iat",
        "auth_time",
        "nonce",
        "acr",
        "amr",
        "sid",
    ];
    for scope in ["profile", "email", "address", "phone"] {
        all.extend(of_scope(scope));
    }
    all
}

/// Userinfo that cannot be given because a stored claim has a wrong type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored claim has a wrong type")]
pub struct ClaimRefusal;

/// Core §5.3.2: what `scope` and `single` claims open of a user's claims. Claims without a value are
/// left out.
pub fn userinfo(
    subject: &str,
    all: &Map<String, Value>,
    scope: &ScopeSet,
    single: &BTreeSet<String>,
) -> Result<UserInfoClaims<EmptyAdditionalClaims, CoreGenderClaim>, ClaimRefusal> {
    let mut names: Vec<&str> = scope.iter().flat_map(of_scope).copied().collect();
    names.extend(single.iter().map(String::as_str));
    let standard = standard(subject, opened(all, names.into_iter()))?;
    Ok(UserInfoClaims::new(standard, EmptyAdditionalClaims {}))
}

fn has_value(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Object(members) => members.values().any(has_value),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => true,
    }
}

/// Whether `claims` could be served: each known claim has its type, unknown ones are named.
pub fn check_profile(claims: &Map<String, Value>) -> Result<(), String> {
    let known = supported();
    if let Some(name) = claims.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("{name} is not a claim we can give"));
    }
    let scope = ScopeSet::parse("profile email address phone").unwrap_or_default();
    for name in claims.keys() {
        let one = claims
            .iter()
            .filter(|(key, _)| *key == name)
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        userinfo("x", &one, &scope, &BTreeSet::new())
            .map_err(|_wrong_type| format!("{name} has a wrong type"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn userinfo_gives_what_the_scope_opens_and_nothing_more() {
        let all = map(
            &json!({"name": "三浦 晴香", "nickname": "", "picture": null, "email": "h@e.jp", "email_verified": true}),
        );
        let scope = ScopeSet::parse("openid email").unwrap();
        let got =
            serde_json::to_value(userinfo("s1", &all, &scope, &BTreeSet::new()).unwrap()).unwrap();
        assert_eq!(
            got,
            json!({"sub": "s1", "email": "h@e.jp", "email_verified": true})
        );
        let scope = ScopeSet::parse("openid profile").unwrap();
        let got =
            serde_json::to_value(userinfo("s1", &all, &scope, &BTreeSet::new()).unwrap()).unwrap();
        assert_eq!(got, json!({"sub": "s1", "name": "三浦 晴香"}));
        let single = ["email".to_owned()].into();
        let scope = ScopeSet::parse("openid").unwrap();
        let got = serde_json::to_value(userinfo("s1", &all, &scope, &single).unwrap()).unwrap();
        assert_eq!(got, json!({"sub": "s1", "email": "h@e.jp"}));
    }

    #[test]
    fn every_standard_claim_survives_the_round_trip() {
        let all = map(&json!({
            "name": "n", "family_name": "f", "given_name": "g", "middle_name": "m", "nickname": "k",
            "preferred_username": "p", "profile": "https://e.jp/p", "picture": "https://e.jp/i",
            "website": "https://e.jp/", "gender": "female", "birthdate": "1990-02-03",
            "zoneinfo": "Asia/Tokyo", "locale": "ja", "updated_at": 1_700_000_000,
            "email": "h@e.jp", "email_verified": true, "phone_number": "+81", "phone_number_verified": false,
            "address": {"formatted": "a", "country": "JP"},
        }));
        check_profile(&all).unwrap();
        let scope = ScopeSet::parse("openid profile email address phone").unwrap();
        let mut got = map(&serde_json::to_value(
            userinfo("s1", &all, &scope, &BTreeSet::new()).unwrap(),
        )
        .unwrap());
        got.remove("sub");
        assert_eq!(got, all);
    }

    #[test]
    fn a_wrong_type_is_named() {
        assert!(
            check_profile(&map(&json!({"email_verified": "yes"})))
                .unwrap_err()
                .contains("email_verified")
        );
        assert!(
            check_profile(&map(&json!({"role": "admin"})))
                .unwrap_err()
                .contains("role")
        );
    }

    #[test]
    fn td_03_acr_says_what_was_done() {
        use AuthenticationMethod::{Otp, Pwd};
        assert_eq!(acr(&[Pwd]), ACR_PASSWORD);
        assert_eq!(acr(&[Pwd, Otp]), ACR_PASSWORD_AND_CODE);
    }
}
