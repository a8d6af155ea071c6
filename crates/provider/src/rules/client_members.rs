//! The members of a registration that stand for themselves: addresses, keys, texts (RFC 7591 §2,
//! OpenID Connect Registration §2; REG-02, REG-06, REG-16).

use std::collections::BTreeSet;

use sekisho_model::{Client, ClientAuthentication, SubjectType};
use url::Url;

use super::client_metadata::ClientRefusal;
use super::redirect_uri::is_plain_host;
use crate::jwt::check_jwks;

fn wrong<T>(member: &'static str, reason: &'static str) -> Result<T, ClientRefusal> {
    Err(ClientRefusal::Metadata { member, reason })
}

/// Whether these members may be stored.
pub fn check(client: &Client) -> Result<(), ClientRefusal> {
    addresses(client)?;
    keys(client)?;
    sector(client)?;
    texts(client)
}

/// Everything we or people may be led to is https, without user name and fragment.
fn addresses(client: &Client) -> Result<(), ClientRefusal> {
    let members = [
        ("client_uri", &client.client_uri),
        ("logo_uri", &client.logo_uri),
        ("policy_uri", &client.policy_uri),
        ("tos_uri", &client.tos_uri),
        ("initiate_login_uri", &client.initiate_login_uri),
        ("sector_identifier_uri", &client.sector_identifier_uri),
    ];
    for (member, value) in members {
        if value.as_ref().is_some_and(|uri| !is_web_address(uri)) {
            return wrong(
                member,
                "use an https address without user name and fragment",
            );
        }
    }
    if client.request_uris.len() > 20 || client.request_uris.iter().any(|uri| uri.len() > 512) {
        return wrong("request_uris", "at most 20 of 512 bytes");
    }
    Ok(())
}

fn is_web_address(uri: &str) -> bool {
    is_address(uri) && Url::parse(uri).is_ok_and(|url| url.scheme() == "https")
}

/// Plain http is for what operators let us call so (`outbound.allow`).
fn is_address(uri: &str) -> bool {
    let plain =
        uri.len() <= 2048 && uri.bytes().all(|b| b.is_ascii_graphic()) && !uri.contains('\\');
    // What reads it later may be less forgiving than the parser is.
    let slashes = uri
        .split_once(':')
        .is_some_and(|(_, rest)| rest.starts_with("//"));
    let parsed = Url::parse(uri).is_ok_and(|url| {
        matches!(url.scheme(), "https" | "http")
            && is_plain_host(&url)
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    });
    plain && slashes && parsed
}

fn keys(client: &Client) -> Result<(), ClientRefusal> {
    if client.jwks.is_some() && client.jwks_uri.is_some() {
        return wrong("jwks", "use jwks or jwks_uri, not both");
    }
    if let Some(jwks) = &client.jwks
        && check_jwks(jwks).is_err()
    {
        return wrong("jwks", "use at most 20 public keys, none of them weak");
    }
    if client.jwks_uri.as_ref().is_some_and(|uri| !is_address(uri)) {
        return wrong(
            "jwks_uri",
            "not a web address without user name and fragment",
        );
    }
    let has_keys = client.jwks.is_some() || client.jwks_uri.is_some();
    let needs_keys = client.token_endpoint_auth_method == ClientAuthentication::PrivateKeyJwt
        || client.must_sign_requests();
    if needs_keys && !has_keys {
        return wrong("jwks", "this client needs keys: jwks or jwks_uri");
    }
    Ok(())
}

/// Core §8.1: redirect URIs of several hosts need a document that says they belong together.
fn sector(client: &Client) -> Result<(), ClientRefusal> {
    if client.subject_type != SubjectType::Pairwise || client.sector_identifier_uri.is_some() {
        return Ok(());
    }
    let host = |uri: &String| Some(Url::parse(uri).ok()?.host_str()?.to_owned());
    let hosts: BTreeSet<Option<String>> = client.redirect_uris.iter().map(host).collect();
    if hosts.len() > 1 {
        return wrong(
            "sector_identifier_uri",
            "pairwise subjects for several hosts need it",
        );
    }
    Ok(())
}

fn texts(client: &Client) -> Result<(), ClientRefusal> {
    let plain =
        |text: &String, most: usize| text.len() <= most && !text.chars().any(char::is_control);
    if client.contacts.len() > 10 || !client.contacts.iter().all(|one| plain(one, 320)) {
        return wrong("contacts", "at most 10 of 320 bytes");
    }
    for (member, value) in [
        ("software_id", &client.software_id),
        ("software_version", &client.software_version),
    ] {
        if value.as_ref().is_some_and(|text| !plain(text, 255)) {
            return wrong(member, "at most 255 bytes");
        }
    }
    for (member, value) in [
        (
            "tls_client_auth_subject_dn",
            &client.tls_client_auth_subject_dn,
        ),
        ("tls_client_auth_san_dns", &client.tls_client_auth_san_dns),
        ("tls_client_auth_san_uri", &client.tls_client_auth_san_uri),
        ("tls_client_auth_san_ip", &client.tls_client_auth_san_ip),
        (
            "tls_client_auth_san_email",
            &client.tls_client_auth_san_email,
        ),
    ] {
        if value.as_ref().is_some_and(|text| !plain(text, 1024)) {
            return wrong(member, "at most 1024 bytes");
        }
    }
    if client.default_acr_values.len() > 10
        || !client.default_acr_values.iter().all(|v| plain(v, 255))
    {
        return wrong("default_acr_values", "at most 10 of 255 bytes");
    }
    if client.response_types.is_empty() {
        return wrong("response_types", "only code is offered");
    }
    if client
        .default_max_age
        .is_some_and(|seconds| seconds > 315_360_000)
    {
        return wrong("default_max_age", "at most ten years");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::client_metadata::sample::web;

    fn refused(members: &serde_json::Value) -> &'static str {
        let mut client = serde_json::to_value(web("https://app.example/cb")).unwrap();
        for (name, value) in members.as_object().unwrap() {
            client[name] = value.clone();
        }
        let client: Client = serde_json::from_value(client).unwrap();
        match check(&client) {
            Err(ClientRefusal::Metadata { member, .. }) => member,
            other => panic!("{members}: {other:?}"),
        }
    }

    #[test]
    fn reg_02_addresses_are_https_and_plain() {
        for member in [
            "client_uri",
            "logo_uri",
            "policy_uri",
            "tos_uri",
            "initiate_login_uri",
        ] {
            for bad in [
                "http://app.example/",
                "https://user@app.example/",
                "https://app.example/#x",
                "javascript:alert(1)",
                "app.example",
                "https://app.example\\@evil.example",
            ] {
                assert_eq!(refused(&json!({ member: bad })), member, "{bad}");
            }
        }
    }

    #[test]
    fn reg_16_keys_come_by_value_or_by_address_and_where_they_are_needed() {
        let both = json!({"jwks": {"keys": []}, "jwks_uri": "https://app.example/jwks"});
        assert_eq!(refused(&both), "jwks");
        let secret = json!({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}});
        assert_eq!(refused(&secret), "jwks");
        let method = json!({"token_endpoint_auth_method": "private_key_jwt"});
        assert_eq!(refused(&method), "jwks");
        assert_eq!(
            refused(&json!({"require_signed_request_object": true})),
            "jwks"
        );
    }

    #[test]
    fn reg_11_keys_are_at_a_web_address_without_password() {
        for bad in [
            "javascript:alert(1)",
            "https://u:p@app.example/jwks",
            "https://app.example/jwks#x",
            "https://a;b.example/jwks",
            "app.example",
            "",
        ] {
            assert_eq!(refused(&json!({ "jwks_uri": bad })), "jwks_uri", "{bad}");
        }
    }

    #[test]
    fn reg_14_pairwise_subjects_of_several_hosts_need_a_document() {
        let hosts = json!({
            "subject_type": "pairwise",
            "redirect_uris": ["https://a.example/cb", "https://b.example/cb"],
        });
        assert_eq!(refused(&hosts), "sector_identifier_uri");
    }

    #[test]
    fn reg_06_texts_and_lists_are_limited() {
        assert_eq!(refused(&json!({"contacts": vec!["x"; 11]})), "contacts");
        assert_eq!(refused(&json!({"contacts": ["a\nb"]})), "contacts");
        assert_eq!(
            refused(&json!({"software_id": "x".repeat(256)})),
            "software_id"
        );
        assert_eq!(refused(&json!({"response_types": []})), "response_types");
        assert_eq!(
            refused(&json!({"default_max_age": 999_999_999})),
            "default_max_age"
        );
    }
}
