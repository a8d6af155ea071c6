//! Client ids that are the address of a metadata document
//! (draft-ietf-oauth-client-id-metadata-document §3, §4), as MCP clients use them.

use std::time::Duration;

use sekisho_model::{Client, ClientAuthentication, ClientId, ClientOrigin};
use serde_json::json;
use url::Url;

use super::redirect_uri::is_plain_host;
use super::registration::{self, RegistrationPolicy};
use crate::jwt::strict_json;

/// Whether a client id is such an address: https, with a host and a path, and nothing that two readers
/// could read differently.
pub fn is_address(id: &str) -> bool {
    if id.len() > 255 || !id.bytes().all(|b| b.is_ascii_graphic()) || id.contains(['\\', '#', '@'])
    {
        return false;
    }
    let Ok(url) = Url::parse(id) else {
        return false;
    };
    let has_path = url.path().len() > 1;
    url.scheme() == "https"
        && is_plain_host(&url)
        && has_path
        && url.as_str() == id
        && url.query().is_none()
}

/// The client that the document at `id` describes; `None` if it is not one of that address.
pub fn read(id: &ClientId, body: &[u8], policy: &RegistrationPolicy) -> Option<Client> {
    let mut document = strict_json::object(body).ok()?;
    let names_itself = document.get("client_id").and_then(|v| v.as_str()) == Some(id.as_str());
    if !names_itself || document.contains_key("client_secret") {
        return None;
    }
    document
        .entry("token_endpoint_auth_method")
        .or_insert_with(|| json!("none"));
    let client = registration::read(&document, id, ClientOrigin::MetadataDocument, policy).ok()?;
    let without_secret = matches!(
        client.token_endpoint_auth_method,
        ClientAuthentication::None | ClientAuthentication::PrivateKeyJwt
    );
    (without_secret && client.sector_identifier_uri.is_none()).then_some(client)
}

/// How long a document is kept: what its server says, within five minutes and a day.
pub fn kept_for(max_age: Option<Duration>) -> Duration {
    let least = Duration::from_mins(5);
    max_age
        .unwrap_or(least)
        .clamp(least, Duration::from_hours(24))
}

#[cfg(test)]
mod tests {
    use sekisho_model::ScopeSet;
    use serde_json::Value;

    use super::*;

    const ID: &str = "https://app.example/client.json";

    fn run(changes: &Value) -> Option<Client> {
        let mut document = json!({
            "client_id": ID, "client_name": "An agent", "redirect_uris": ["https://app.example/cb"],
        });
        for (name, value) in changes.as_object().unwrap() {
            document[name] = value.clone();
        }
        let policy = RegistrationPolicy {
            scope: ScopeSet::parse("openid email").unwrap(),
            require_pkce: true,
            allow_token_endpoint_audience: false,
        };
        read(&ClientId::new(ID), document.to_string().as_bytes(), &policy)
    }

    #[test]
    fn only_plain_https_addresses_with_a_path_are_ids() {
        assert!(is_address(ID));
        for other in [
            "https://app.example",
            "https://app.example/",
            "http://app.example/client.json",
            "https://user@app.example/client.json",
            "https://app.example/a/../client.json",
            "https://app.example/%2e%2e/client.json",
            "https://app.example/client.json#x",
            "https://app.example/client.json?x",
            "https://app.example:443/client.json",
            "https://APP.example/client.json",
            "https:app.example/client.json",
            "9f2c77aa01d04f6c",
            "",
        ] {
            assert!(!is_address(other), "{other}");
        }
    }

    #[test]
    fn a_document_describes_its_own_address_and_brings_no_secret() {
        let client = run(&json!({"skip_consent": true})).unwrap();
        assert!(client.is_public() && client.require_pkce && !client.skip_consent);
        assert_eq!(client.origin, ClientOrigin::MetadataDocument);
        // As an agent on somebody's machine has it, which also runs on the web.
        let agent = json!({
            "application_type": "native", "grant_types": ["authorization_code", "refresh_token"],
            "redirect_uris": ["http://127.0.0.1/callback", "https://agent.example/callback"],
        });
        assert_eq!(run(&agent).unwrap().redirect_uris.len(), 2);
        for bad in [
            json!({"client_id": "https://app.example/other.json"}),
            json!({"client_secret": "x"}),
            json!({"token_endpoint_auth_method": "client_secret_basic"}),
            json!({"redirect_uris": []}),
            json!({"redirect_uris": ["javascript:alert(1)"]}),
            json!({"sector_identifier_uri": "https://app.example/s"}),
        ] {
            assert!(run(&bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_document_is_kept_as_long_as_it_says_within_bounds() {
        assert_eq!(kept_for(None), Duration::from_mins(5));
        assert_eq!(kept_for(Some(Duration::ZERO)), Duration::from_mins(5));
        assert_eq!(
            kept_for(Some(Duration::from_hours(2))),
            Duration::from_hours(2)
        );
        assert_eq!(
            kept_for(Some(Duration::from_hours(99))),
            Duration::from_hours(24)
        );
    }
}
