use sekisho_model::{Client, ClientAuthentication, ClientId, ClientOrigin, ScopeSet, Timestamp};
use serde_json::{Map, Value, json};

use super::signer::Signer;
use super::{target, text};
use crate::jwt::strict_json;
use crate::rules::client_metadata;
use crate::rules::redirect_uri::registrable;
use crate::rules::registration::{RegistrationPolicy, read, told};
use crate::rules::software_statement::{SoftwareIssuer, applied};

pub(super) const WORDS: [&str; 31] = [
    "\"client_name\":",
    "\"client_name#ja\":\"関所\",",
    "\"redirect_uris\":[\"https://app.example/cb\"],",
    "\"jwks\":{\"keys\":[]},",
    "\"jwks_uri\":\"https://app.example/jwks\",",
    "\"jwks_uri\":\"javascript:x\",",
    "\"token_endpoint_auth_method\":\"none\",",
    "\"token_endpoint_auth_method\":\"tls_client_auth\",",
    "\"tls_client_auth_subject_dn\":\"CN=x\",",
    "\"tls_client_auth_san_dns\":\"x\",",
    "\"grant_types\":[\"refresh_token\"],",
    "\"application_type\":\"native\",",
    "\"subject_type\":\"pairwise\",",
    "\"skip_consent\":true,",
    "\"disabled\":true,",
    "\"origin\":\"operator\",",
    "\"profile\":\"fapi2\",",
    "\"require_pkce\":false,",
    "\"scope\":\"openid admin\",",
    "\"contacts\":[\"a@b.example\"],",
    "\"default_max_age\":",
    "\"logo_uri\":\"https://app.example/l.svg\",",
    "\"software_id\":\"x\",",
    "\\u0000",
    "\\u202e",
    "\"response_types\":[],",
    "\"sector_identifier_uri\":\"https://s.example/\",",
    "\"request_uris\":[\"x\"],",
    "\"id_token_signed_response_alg\":\"none\",",
    "\"backchannel_logout_uri\":\"https://app.example/b\",",
    "\"post_logout_redirect_uris\":[\"https://app.example/bye\"],",
];

pub(super) fn policy() -> RegistrationPolicy {
    RegistrationPolicy {
        scope: ScopeSet::parse("openid profile email offline_access").unwrap(),
        require_pkce: true,
        allow_token_endpoint_audience: false,
    }
}

/// REG-01, REG-06: what nobody but an operator may set.
pub(super) fn judge(client: &Client, origin: ClientOrigin) {
    assert_eq!(client.origin, origin);
    assert!(!client.skip_consent && !client.disabled && client.require_pkce);
    assert!(!client.allow_token_endpoint_audience && !client.opaque_access_tokens);
    assert!(client.profile.is_none() && client.token_exchange.is_none());
    assert!(client.resources.is_empty() && client.default_resource.is_none());
    assert!(client.authorization_details_types.is_empty());
    assert!(client.scope.is_within(&policy().scope) && !client.scope.is_empty());
    assert_eq!(client_metadata::check(client), Ok(()));
    for uri in client
        .redirect_uris
        .iter()
        .chain(&client.post_logout_redirect_uris)
    {
        assert_eq!(registrable(uri, client.application_type), Ok(()));
    }
    let addresses = [
        &client.jwks_uri,
        &client.logo_uri,
        &client.client_uri,
        &client.policy_uri,
    ];
    let mut web = addresses.into_iter().flatten();
    let is_web = |uri: &String| {
        let scheme = uri.to_ascii_lowercase();
        scheme.starts_with("https://") || scheme.starts_with("http://")
    };
    assert!(web.all(is_web));
    let stored = serde_json::to_string(client).unwrap();
    assert!(
        !stored.contains("\\u0000"),
        "PostgreSQL keeps no NUL: {stored}"
    );
    assert_eq!(&serde_json::from_str::<Client>(&stored).unwrap(), client);
}

#[test]
fn reg_06_reg_18_a_registration_is_what_operators_let_it_be_and_reads_the_same_again() {
    let id = ClientId::new("made-here");
    target("registration", &WORDS).run(|input| {
        let Ok(asked) = strict_json::object(input) else {
            return false;
        };
        let Ok(client) = read(&asked, &id, ClientOrigin::Open, &policy()) else {
            return false;
        };
        judge(&client, ClientOrigin::Open);
        assert_eq!(client.client_id, id);
        // RFC 7592 §2.2: what was told can be sent back and changes nothing.
        let again = read(&told(&client), &id, ClientOrigin::Open, &policy());
        assert_eq!(again.as_ref(), Ok(&client));
        true
    });
}

#[test]
fn reg_09_a_software_statement_counts_only_if_its_issuer_signed_it_and_raises_nothing() {
    const NOW: u32 = 1_800_000_000;
    let signer = Signer::new();
    let trusted = [SoftwareIssuer {
        issuer: "https://store.example".to_owned(),
        jwks: json!({"keys": [signer.jwk()]}),
    }];
    let (id, now) = (
        ClientId::new("made-here"),
        Timestamp::from_seconds(NOW.into()),
    );
    let words = [
        &WORDS[..],
        &[
            "\"exp\":1,",
            "\"exp\":\"x\",",
            "\"iss\":\"https://other.example\",",
        ],
    ]
    .concat();
    target("software_statement", &words).run(|input| {
        let said = text(input);
        let statement = signer.signed(r#"{"alg":"EdDSA"}"#, &said);
        let mut asked = Map::new();
        asked.insert("client_name".to_owned(), json!("asked"));
        asked.insert("software_statement".to_owned(), json!(statement));
        let Ok(members) = applied(&asked, &trusted, now) else {
            return false;
        };
        let said: Map<String, Value> = serde_json::from_str(&said).unwrap();
        assert_eq!(said["iss"], "https://store.example");
        let end = said.get("exp").map(|exp| exp.as_f64().unwrap());
        assert!(end.is_none_or(|end| end > NOW.into()));
        let named = said
            .get("client_name")
            .cloned()
            .unwrap_or_else(|| json!("asked"));
        assert_eq!(
            members["client_name"], named,
            "RFC 7591 §2.3: the statement comes first"
        );
        let changed = statement.replacen('e', "f", 1);
        asked.insert("software_statement".to_owned(), json!(changed));
        assert!(applied(&asked, &trusted, now).is_err());
        if let Ok(client) = read(&members, &id, ClientOrigin::Dynamic, &policy()) {
            judge(&client, ClientOrigin::Dynamic);
            let without_secret = client.token_endpoint_auth_method == ClientAuthentication::None;
            assert_eq!(client.is_public(), without_secret);
        }
        true
    });
}
