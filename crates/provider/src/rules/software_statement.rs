//! Software statements (RFC 7591 §2.3): what somebody we trust says of a piece of software.

use sekisho_model::{SigningAlgorithm, Timestamp};
use serde_json::{Map, Value};

use crate::jwt::compact::Compact;
use crate::jwt::public_key::PublicKey;

/// Somebody whose software statements are believed.
#[derive(Debug, Clone, PartialEq)]
pub struct SoftwareIssuer {
    /// `iss` of the statements.
    pub issuer: String,
    /// The keys they are signed with.
    pub jwks: Value,
}

/// Why a statement is not believed (RFC 7591 §3.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatementRefusal {
    /// Not a signed JWT of its issuer, or over.
    #[error("the software statement is malformed, badly signed, or has expired")]
    Invalid,
    /// Nobody we trust.
    #[error("the issuer of the software statement is not trusted here")]
    Unapproved,
}

impl StatementRefusal {
    /// The `error` value.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invalid => "invalid_software_statement",
            Self::Unapproved => "unapproved_software_statement",
        }
    }
}

const ALGORITHMS: [SigningAlgorithm; 4] = [
    SigningAlgorithm::RS256,
    SigningAlgorithm::PS256,
    SigningAlgorithm::ES256,
    SigningAlgorithm::EdDSA,
];

/// Claims that speak of the JWT and not of the software.
const OF_THE_JWT: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// The members of a request, with those of its software statement put before its own.
pub fn applied(
    asked: &Map<String, Value>,
    trusted: &[SoftwareIssuer],
    now: Timestamp,
) -> Result<Map<String, Value>, StatementRefusal> {
    let Some(statement) = asked.get("software_statement") else {
        return Ok(asked.clone());
    };
    let text = statement.as_str().ok_or(StatementRefusal::Invalid)?;
    let jwt = Compact::read(text).map_err(|_loose| StatementRefusal::Invalid)?;
    let issuer = jwt.text("iss").ok_or(StatementRefusal::Invalid)?;
    let known = trusted
        .iter()
        .find(|known| known.issuer == issuer)
        .ok_or(StatementRefusal::Unapproved)?;
    let keys = known.jwks.get("keys").and_then(Value::as_array);
    let kid = jwt.header_text("kid");
    let signed = keys
        .into_iter()
        .flatten()
        .filter_map(|key| PublicKey::read(key).ok())
        .any(|key| (kid.is_none() || key.kid() == kid) && jwt.is_signed_by(&key, &ALGORITHMS));
    let exp = jwt
        .time("exp")
        .map_err(|_wrong_type| StatementRefusal::Invalid)?;
    if !signed || exp.is_some_and(|exp| now >= exp) {
        return Err(StatementRefusal::Invalid);
    }
    let mut members = asked.clone();
    let claims = jwt.claims.iter();
    let said = claims.filter(|(name, _)| !OF_THE_JWT.contains(&name.as_str()));
    members.extend(said.map(|(name, value)| (name.clone(), value.clone())));
    Ok(members)
}
