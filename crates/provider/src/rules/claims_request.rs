//! The `claims` parameter (OpenID Connect Core §5.5) and `acr_values` (§3.1.2.1): single claims asked
//! for by name, and how well the person must have been recognised.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::claims;
use crate::jwt::strict_json;

/// Claims asked for by name, beside those of the scopes. Names we cannot give are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimsRequest {
    /// For userinfo.
    pub userinfo: BTreeSet<String>,
    /// For the ID token.
    pub id_token: BTreeSet<String>,
}

/// How well the person must have been recognised.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AcrWish {
    /// Any of these, best first; empty if nothing is asked.
    pub values: Vec<String>,
    /// Whether anything else must end in an error (Core §5.5.1.1).
    pub essential: bool,
}

/// What the parameter asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// Claims by name.
    pub claims: ClaimsRequest,
    /// `acr`, if it asks for one.
    pub acr: AcrWish,
    /// The only `sub` that will do (Core §5.5.1).
    pub subject: Option<String>,
}

/// A `claims` parameter that is not what Core §5.5 describes, or too large (AZ-18).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotClaims;

const MAX_LENGTH: usize = 8192;
const MAX_MEMBERS: usize = 60;

/// Reads the parameter.
pub fn read(text: &str) -> Result<Asked, NotClaims> {
    if text.len() > MAX_LENGTH {
        return Err(NotClaims);
    }
    let members = strict_json::object(text.as_bytes()).map_err(|_loose| NotClaims)?;
    let of = |place: &str| match members.get(place) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(wanted)) if wanted.len() <= MAX_MEMBERS => Ok(Some(wanted)),
        Some(_) => Err(NotClaims),
    };
    let (userinfo, id_token) = (of("userinfo")?, of("id_token")?);
    for wanted in [userinfo, id_token].into_iter().flatten() {
        if wanted
            .values()
            .any(|value| !value.is_null() && !value.is_object())
        {
            return Err(NotClaims);
        }
    }
    let subject = [id_token, userinfo]
        .into_iter()
        .flatten()
        .find_map(|wanted| Some(wanted.get("sub")?.get("value")?.as_str()?.to_owned()));
    Ok(Asked {
        claims: ClaimsRequest {
            userinfo: names(userinfo),
            id_token: names(id_token),
        },
        acr: id_token.map(acr).unwrap_or_default(),
        subject,
    })
}

fn names(wanted: Option<&Map<String, Value>>) -> BTreeSet<String> {
    wanted
        .into_iter()
        .flat_map(Map::keys)
        .filter(|name| claims::is_about_a_person(name))
        .cloned()
        .collect()
}

fn acr(wanted: &Map<String, Value>) -> AcrWish {
    let Some(Value::Object(wish)) = wanted.get("acr") else {
        return AcrWish::default();
    };
    let several = wish.get("values").and_then(Value::as_array);
    let values = wish
        .get("value")
        .into_iter()
        .chain(several.into_iter().flatten())
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    AcrWish {
        values,
        essential: wish.get("essential") == Some(&Value::Bool(true)),
    }
}

impl AcrWish {
    /// From `acr_values`: a wish, never a must.
    pub fn voluntary(text: &str) -> Self {
        let values = text
            .split(' ')
            .filter(|value| !value.is_empty())
            .take(20)
            .map(str::to_owned)
            .collect();
        Self {
            values,
            essential: false,
        }
    }

    /// Whether nothing we can do would satisfy it.
    pub fn is_out_of_reach(&self) -> bool {
        let reachable = |value: &String| {
            [claims::ACR_PASSWORD, claims::ACR_PASSWORD_AND_CODE].contains(&value.as_str())
        };
        self.essential && !self.values.is_empty() && !self.values.iter().any(reachable)
    }

    /// What the client is told of a sign-in whose true `acr` is `reached`: the first value it asked
    /// for that was reached. A code implies the password.
    pub fn told(&self, reached: &str) -> Option<String> {
        let implied = |value: &String| value == reached || value == claims::ACR_PASSWORD;
        self.values.iter().find(|value| implied(value)).cloned()
    }

    /// Whether only a sign-in with the mailed code satisfies it (RFC 9470 §4).
    pub fn needs_code(&self) -> bool {
        let has = |acr: &str| self.values.iter().any(|value| value == acr);
        has(claims::ACR_PASSWORD_AND_CODE) && !has(claims::ACR_PASSWORD)
    }
}

impl ClaimsRequest {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.userinfo.is_empty() && self.id_token.is_empty()
    }

    /// Every claim, wherever it is asked.
    pub fn all(&self) -> BTreeSet<String> {
        self.userinfo.union(&self.id_token).cloned().collect()
    }

    /// As a grant keeps it.
    pub fn kept(&self) -> Value {
        if self.is_empty() {
            return Value::Null;
        }
        serde_json::to_value(self).unwrap_or_default()
    }

    /// What a grant kept.
    pub fn of_grant(kept: &Value) -> Self {
        serde_json::from_value(kept.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn az_18_the_parameter_is_typed_and_limited() {
        for bad in [
            "x",
            "[]",
            r#"{"userinfo":[]}"#,
            r#"{"userinfo":{"name":true}}"#,
            r#"{"id_token":{"acr":"x"}}"#,
            r#"{"userinfo":{"name":null,"name":null}}"#,
            &format!(
                r#"{{"userinfo":{{"name":{{"value":"{}"}}}}}}"#,
                "x".repeat(9000)
            ),
            r#"{"userinfo":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}}"#,
        ] {
            assert_eq!(read(bad), Err(NotClaims), "{bad:.60}");
        }
    }

    #[test]
    fn known_claims_are_kept_and_unknown_ones_ignored() {
        let text = r#"{"userinfo":{"name":{"essential":true},"shoe_size":null,"iss":null},
            "id_token":{"email":null,"sub":{"value":"s1"}},"other":7}"#;
        let asked = read(text).unwrap();
        assert_eq!(asked.claims.userinfo, ["name".to_owned()].into());
        assert_eq!(asked.claims.id_token, ["email".to_owned()].into());
        assert_eq!(asked.subject.as_deref(), Some("s1"));
        assert_eq!(ClaimsRequest::of_grant(&asked.claims.kept()), asked.claims);
        assert_eq!(
            ClaimsRequest::of_grant(&Value::Null),
            ClaimsRequest::default()
        );
    }

    #[test]
    fn an_essential_acr_that_nobody_can_reach_is_out_of_reach() {
        let wish = |text: &str| read(text).unwrap().acr;
        let essential = wish(r#"{"id_token":{"acr":{"essential":true,"values":["gold"]}}}"#);
        assert!(essential.is_out_of_reach());
        assert!(!wish(r#"{"id_token":{"acr":{"values":["gold"]}}}"#).is_out_of_reach());
        assert!(!wish(r#"{"id_token":{"acr":{"essential":true}}}"#).is_out_of_reach());
        let code = AcrWish::voluntary(claims::ACR_PASSWORD_AND_CODE);
        assert!(code.needs_code());
        let both = format!("{} {}", claims::ACR_PASSWORD, claims::ACR_PASSWORD_AND_CODE);
        assert!(!AcrWish::voluntary(&both).needs_code());
        let told = |wish: &str| AcrWish::voluntary(wish).told(claims::ACR_PASSWORD_AND_CODE);
        assert_eq!(
            told(claims::ACR_PASSWORD).as_deref(),
            Some(claims::ACR_PASSWORD)
        );
        assert_eq!(told("1 2"), None);
    }
}
