use sekisho_model::{ClientAuthentication, ClientId, ClientOrigin};

use super::registrations::{WORDS, judge, policy};
use super::{target, text};
use crate::jwt::strict_json;
use crate::rules::client_document::{is_address, read};

/// An https address of a host and a path, without query, fragment, user or dots, as two readers see it.
fn second_reading(id: &str) -> bool {
    let Some(rest) = id.strip_prefix("https://") else {
        return false;
    };
    let Some((authority, path)) = rest.split_once('/') else {
        return false;
    };
    let plain = id.bytes().all(|b| b.is_ascii_graphic()) && !id.contains(['\\', '#', '?', '@']);
    let host = authority.split(':').next().unwrap_or_default();
    let is_host = authority.starts_with('[')
        || host
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_'));
    let climbs = path.split('/').any(|part| part == "." || part == "..");
    let fits = id.len() <= 255 && !authority.is_empty() && !path.is_empty();
    plain && is_host && !climbs && fits
}

#[test]
fn a_client_metadata_document_speaks_of_its_own_address_only() {
    let words = [
        &WORDS[..],
        &[
            "https://",
            "/../",
            "\"client_id\":\"https://app.example/client.json\",",
            "\"client_secret\":\"s\",",
            "%2e",
            ":443",
        ],
    ]
    .concat();
    target("client_document", &words).run(|input| {
        let input = text(input);
        let (id, body) = input.split_once('\n').unwrap_or((&input, "{}"));
        if !is_address(id) {
            return false;
        }
        assert!(second_reading(id), "{id}");
        let Some(client) = read(&ClientId::new(id), body.as_bytes(), &policy()) else {
            return false;
        };
        judge(&client, ClientOrigin::MetadataDocument);
        assert_eq!(client.client_id.as_str(), id);
        let document = strict_json::object(body.as_bytes()).unwrap();
        assert_eq!(document["client_id"], id);
        assert!(!document.contains_key("client_secret"));
        let keyed = client.token_endpoint_auth_method == ClientAuthentication::PrivateKeyJwt;
        assert!(keyed || client.is_public());
        true
    });
}
