//! What may be registered (RFC 7591 §2, OpenID Connect Registration §2; REG-02, REG-06, REG-18).

use sekisho_model::{Client, ClientAuthentication, GrantType};

use super::client_certificate::RegisteredName;
use super::redirect_uri::{self, RedirectUriRefusal};
use super::{client_members, logout_uris};

/// Why a client cannot be registered; the RFC 7591 §3.2.2 error and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientRefusal {
    /// One of the redirect URIs.
    #[error("redirect URI {uri}: {refusal}")]
    RedirectUri {
        /// Which one.
        uri: String,
        /// Why.
        refusal: RedirectUriRefusal,
    },
    /// Another member.
    #[error("{member}: {reason}")]
    Metadata {
        /// The member's RFC 7591 name.
        member: &'static str,
        /// What is allowed.
        reason: &'static str,
    },
}

impl ClientRefusal {
    /// The RFC 7591 §3.2.2 `error` value.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RedirectUri { .. } => "invalid_redirect_uri",
            Self::Metadata { .. } => "invalid_client_metadata",
        }
    }
}

/// Whether `client` may be stored.
pub fn check(client: &Client) -> Result<(), ClientRefusal> {
    let wrong = |member, reason| Err(ClientRefusal::Metadata { member, reason });
    let names = [Some(&client.client_name), client.client_name_ja.as_ref()];
    if !names.into_iter().flatten().all(|name| name_is_plain(name)) {
        return wrong("client_name", "use 1 to 60 visible characters");
    }
    let code_flow = client.may_use(GrantType::AuthorizationCode);
    if code_flow && client.redirect_uris.is_empty() {
        return wrong(
            "redirect_uris",
            "at least one is required for authorization_code",
        );
    }
    if client.redirect_uris.len() > 20 || client.post_logout_redirect_uris.len() > 20 {
        return wrong("redirect_uris", "at most 20");
    }
    for uri in client
        .redirect_uris
        .iter()
        .chain(&client.post_logout_redirect_uris)
    {
        redirect_uri::registrable(uri, client.application_type).map_err(|refusal| {
            ClientRefusal::RedirectUri {
                uri: uri.clone(),
                refusal,
            }
        })?;
    }
    if client.grant_types.is_empty() {
        return wrong("grant_types", "at least one is required");
    }
    if client.is_public() && client.may_use(GrantType::ClientCredentials) {
        return wrong(
            "grant_types",
            "client_credentials needs a confidential client",
        );
    }
    if client.is_public() && !client.require_pkce {
        return wrong("require_pkce", "a public client cannot do without PKCE");
    }
    check_grants(client, code_flow)?;
    if client.scope.is_empty() || !client.optional_scope.is_within(&client.scope) {
        return wrong(
            "scope",
            "at least one scope; optional ones must be among them",
        );
    }
    client_members::check(client)?;
    logout_uris::check(client).or_else(|(member, reason)| wrong(member, reason))?;
    certificates(client)
}

/// RFC 8705 §2.1.2: exactly one name; §2.2.2: keys to compare with.
fn certificates(client: &Client) -> Result<(), ClientRefusal> {
    let method = client.token_endpoint_auth_method;
    let named = RegisteredName::of(client).is_some_and(|name| name.is_sound());
    let with_keys = client.jwks.is_some() || client.jwks_uri.is_some();
    let wrong = |member, reason| Err(ClientRefusal::Metadata { member, reason });
    if method == ClientAuthentication::TlsClientAuth && !named {
        return wrong(
            "tls_client_auth_subject_dn",
            "tls_client_auth needs exactly one well-formed tls_client_auth name",
        );
    }
    if method == ClientAuthentication::SelfSignedTlsClientAuth && !with_keys {
        return wrong("jwks", "self_signed_tls_client_auth needs jwks or jwks_uri");
    }
    Ok(())
}

/// Which grants need which others, and what else.
fn check_grants(client: &Client, code_flow: bool) -> Result<(), ClientRefusal> {
    let wrong = |reason| {
        Err(ClientRefusal::Metadata {
            member: "grant_types",
            reason,
        })
    };
    if client.may_use(GrantType::RefreshToken)
        && !code_flow
        && !client.may_use(GrantType::DeviceCode)
    {
        return wrong("refresh_token needs authorization_code or device_code");
    }
    if client.may_use(GrantType::TokenExchange)
        && (client.is_public() || client.token_exchange.is_none())
    {
        return wrong("token-exchange needs a confidential client with a token_exchange policy");
    }
    Ok(())
}

/// REG-18: no control, bidi or zero-width characters, at most 60 code points.
fn name_is_plain(name: &str) -> bool {
    let hidden = |c: char| {
        c.is_control()
            || matches!(u32::from(c), 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFEFF | 0xFFF9..=0xFFFB)
    };
    let length = name.chars().count();
    (1..=60).contains(&length) && !name.trim().is_empty() && !name.chars().any(hidden)
}

/// Whether the client authenticates with a secret of ours.
pub fn needs_secret(client: &Client) -> bool {
    match client.token_endpoint_auth_method {
        ClientAuthentication::ClientSecretBasic
        | ClientAuthentication::ClientSecretPost
        | ClientAuthentication::ClientSecretJwt => true,
        ClientAuthentication::None
        | ClientAuthentication::PrivateKeyJwt
        | ClientAuthentication::TlsClientAuth
        | ClientAuthentication::SelfSignedTlsClientAuth => false,
    }
}

#[cfg(test)]
pub(crate) mod sample {
    use serde_json::json;

    use super::*;

    fn client(extra: &serde_json::Value) -> Client {
        let mut base = json!({
            "client_id": "web", "client_name": "Aozora Mail",
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "scope": "openid profile email offline_access",
        });
        for (key, value) in extra.as_object().unwrap() {
            base[key] = value.clone();
        }
        serde_json::from_value(base).unwrap()
    }

    pub(crate) fn web(uri: &str) -> Client {
        client(&json!({ "redirect_uris": [uri] }))
    }

    pub(crate) fn public(uri: &str) -> Client {
        client(&json!({
            "client_id": "spa", "redirect_uris": [uri], "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
        }))
    }

    pub(crate) fn native(uri: &str) -> Client {
        Client {
            application_type: sekisho_model::ApplicationType::Native,
            ..public(uri)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sample::{public, web};

    fn refused(client: &Client) -> &'static str {
        check(client).unwrap_err().code()
    }

    #[test]
    fn good_clients_pass() {
        assert_eq!(check(&web("https://a.example/cb")), Ok(()));
        assert_eq!(check(&public("https://a.example/cb")), Ok(()));
    }

    #[test]
    fn reg_18_names_are_plain_and_short() {
        for bad in ["", " ", "a\u{202e}b", "a\nb", &"n".repeat(61)] {
            let client = Client {
                client_name: bad.to_owned(),
                ..web("https://a.example/cb")
            };
            assert_eq!(refused(&client), "invalid_client_metadata", "{bad:?}");
        }
    }

    #[test]
    fn tk_13_public_clients_cannot_use_client_credentials() {
        let mut client = public("https://a.example/cb");
        client.grant_types.push(GrantType::ClientCredentials);
        assert_eq!(refused(&client), "invalid_client_metadata");
    }

    #[test]
    fn tk_12_grants_need_what_they_rest_on() {
        let mut client = web("https://a.example/cb");
        client.grant_types = vec![GrantType::DeviceCode, GrantType::RefreshToken];
        assert_eq!(check(&client), Ok(()));
        client.grant_types = vec![GrantType::RefreshToken];
        assert_eq!(refused(&client), "invalid_client_metadata");
        client.grant_types = vec![GrantType::TokenExchange];
        assert_eq!(refused(&client), "invalid_client_metadata", "no policy");
        client.token_exchange = Some(sekisho_model::TokenExchangePolicy::default());
        assert_eq!(check(&client), Ok(()));
    }

    #[test]
    fn redirect_uris_are_checked_one_by_one() {
        let mut client = web("https://a.example/cb");
        client.redirect_uris.push("http://a.example/cb".to_owned());
        assert_eq!(refused(&client), "invalid_redirect_uri");
    }

    #[test]
    fn unknown_members_of_a_file_are_refused_by_name() {
        let text = r#"{"client_id":"x","client_name":"x","redirct_uris":[]}"#;
        let error = serde_json::from_str::<Client>(text)
            .unwrap_err()
            .to_string();
        assert!(error.contains("redirct_uris"), "{error}");
    }
}
