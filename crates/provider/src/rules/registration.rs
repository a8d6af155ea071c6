//! Dynamic registration (RFC 7591 §2, §3; RFC 7592 §2; OpenID Connect Registration §3): what a request
//! may ask, and what becomes of it. Members it may not set are not even read (REG-06).

use sekisho_model::{Client, ClientId, ClientOrigin, GrantType, ScopeSet};
use serde_json::{Map, Value, json};

use super::client_metadata::{self, ClientRefusal};

/// What operators let registrations have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationPolicy {
    /// Scopes at most, and if none are asked.
    pub scope: ScopeSet,
    /// Whether confidential clients need PKCE, too (decisions).
    pub require_pkce: bool,
    /// Whether assertions may name the token endpoint as audience.
    pub allow_token_endpoint_audience: bool,
}

/// The members a caller may set. All others are ignored: unknown ones (RFC 7591 §2) and those that
/// only operators set.
const MEMBERS: [&str; 45] = [
    "client_name",
    "client_name#ja",
    "client_uri",
    "logo_uri",
    "policy_uri",
    "tos_uri",
    "contacts",
    "software_id",
    "software_version",
    "redirect_uris",
    "post_logout_redirect_uris",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "grant_types",
    "response_types",
    "response_modes",
    "scope",
    "application_type",
    "subject_type",
    "sector_identifier_uri",
    "jwks",
    "jwks_uri",
    "request_object_signing_alg",
    "require_signed_request_object",
    "require_pushed_authorization_requests",
    "id_token_signed_response_alg",
    "userinfo_signed_response_alg",
    "introspection_signed_response_alg",
    "authorization_signed_response_alg",
    "default_max_age",
    "require_auth_time",
    "default_acr_values",
    "initiate_login_uri",
    "request_uris",
    "backchannel_logout_uri",
    "backchannel_logout_session_required",
    "frontchannel_logout_uri",
    "frontchannel_logout_session_required",
    "dpop_bound_access_tokens",
    "tls_client_certificate_bound_access_tokens",
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
];

/// Grants that a registration may have; others need an operator.
const GRANTS: [GrantType; 3] = [
    GrantType::AuthorizationCode,
    GrantType::RefreshToken,
    GrantType::DeviceCode,
];

/// The client that `asked` describes, checked.
pub fn read(
    asked: &Map<String, Value>,
    id: &ClientId,
    origin: ClientOrigin,
    policy: &RegistrationPolicy,
) -> Result<Client, ClientRefusal> {
    let mut document = Map::new();
    document.insert("client_id".to_owned(), json!(id));
    document.insert("client_name".to_owned(), json!(name_from(asked, id)));
    for member in MEMBERS {
        let Some(value) = asked.get(member).filter(|value| !value.is_null()) else {
            continue;
        };
        if !is_printable(value) {
            return Err(ClientRefusal::Metadata {
                member,
                reason: "holds control characters",
            });
        }
        let value = match member {
            "grant_types" => known_grants(value)?,
            "scope" => known_scope(value, policy)?,
            _ => value.clone(),
        };
        document.insert(member.to_owned(), value);
        if parsed(&document).is_none() {
            return Err(ClientRefusal::Metadata {
                member,
                reason: "has a type or a value that is not offered",
            });
        }
    }
    if !document.contains_key("scope") {
        document.insert("scope".to_owned(), json!(policy.scope));
    }
    let client = parsed(&document).ok_or(ClientRefusal::Metadata {
        member: "client_id",
        reason: "cannot be read",
    })?;
    let client = Client {
        require_pkce: policy.require_pkce || client.is_public(),
        allow_token_endpoint_audience: policy.allow_token_endpoint_audience,
        origin,
        ..client
    };
    client_metadata::check(&client)?;
    Ok(client)
}

/// Whether no text anywhere in it holds control characters.
fn is_printable(value: &Value) -> bool {
    let plain = |text: &str| !text.chars().any(char::is_control);
    match value {
        Value::String(text) => plain(text),
        Value::Array(items) => items.iter().all(is_printable),
        Value::Object(members) => members
            .iter()
            .all(|(name, value)| plain(name) && is_printable(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

fn parsed(document: &Map<String, Value>) -> Option<Client> {
    serde_json::from_value(Value::Object(document.clone())).ok()
}

/// RFC 7591 §2: without a name, what stands for it is ours to choose: the host people return to.
fn name_from(asked: &Map<String, Value>, id: &ClientId) -> String {
    let first = asked
        .get("redirect_uris")
        .and_then(|uris| uris.get(0)?.as_str());
    let host = first.and_then(|uri| url::Url::parse(uri).ok()?.host_str().map(str::to_owned));
    let name = host.unwrap_or_else(|| id.to_string());
    name.chars().take(60).collect()
}

/// RFC 7591 §2: what is not offered is left out; nothing left is an error.
fn known_grants(value: &Value) -> Result<Value, ClientRefusal> {
    let offered = |name: &Value| GRANTS.iter().any(|grant| *name == grant.name());
    let kept: Vec<Value> = value
        .as_array()
        .into_iter()
        .flatten()
        .filter(|name| offered(name))
        .cloned()
        .collect();
    if kept.is_empty() {
        return Err(ClientRefusal::Metadata {
            member: "grant_types",
            reason: "none of them is offered to registrations",
        });
    }
    Ok(Value::Array(kept))
}

fn known_scope(value: &Value, policy: &RegistrationPolicy) -> Result<Value, ClientRefusal> {
    let asked = value.as_str().and_then(|text| ScopeSet::parse(text).ok());
    let kept = asked.map(|asked| asked.common(&policy.scope));
    match kept.filter(|kept| !kept.is_empty()) {
        Some(kept) => Ok(json!(kept)),
        None => Err(ClientRefusal::Metadata {
            member: "scope",
            reason: "none of it is offered to registrations",
        }),
    }
}

/// What the answer says of a client: the members that registrations know (RFC 7591 §3.2.1).
pub fn told(client: &Client) -> Map<String, Value> {
    let Ok(Value::Object(all)) = serde_json::to_value(client) else {
        return Map::new();
    };
    let known = |name: &String| name == "client_id" || MEMBERS.contains(&name.as_str());
    all.into_iter().filter(|(name, _)| known(name)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policy() -> RegistrationPolicy {
        RegistrationPolicy {
            scope: ScopeSet::parse("openid profile email offline_access").unwrap(),
            require_pkce: true,
            allow_token_endpoint_audience: false,
        }
    }

    fn run(members: &Value) -> Result<Client, ClientRefusal> {
        let mut asked = json!({"redirect_uris": ["https://app.example/cb"]});
        for (name, value) in members.as_object().unwrap() {
            asked[name] = value.clone();
        }
        let id = ClientId::new("made-here");
        read(
            asked.as_object().unwrap(),
            &id,
            ClientOrigin::Dynamic,
            &policy(),
        )
    }

    #[test]
    fn reg_01_reg_06_privileged_and_unknown_members_are_not_read() {
        let client = run(&json!({
            "client_id": "mine", "skip_consent": true, "disabled": true, "origin": "operator",
            "require_pkce": false, "allow_token_endpoint_audience": true, "profile": "fapi2",
            "token_exchange": {"impersonation": true}, "resources": ["https://a.example/"],
            "default_resource": "https://a.example/", "opaque_access_tokens": true,
            "require_second_step": true, "optional_scope": "email", "trusted": true, "owner": "me",
            "authorization_details_types": ["payment"], "anything": {"at": "all"},
        }))
        .unwrap();
        let plain = run(&json!({})).unwrap();
        assert_eq!(client, plain);
        assert_eq!(client.client_id.as_str(), "made-here");
        assert_eq!(client.origin, ClientOrigin::Dynamic);
        assert_eq!(client.client_name, "app.example");
    }

    #[test]
    fn scopes_and_grants_beyond_the_policy_are_left_out() {
        let asked = json!({
            "scope": "openid admin", "grant_types": ["authorization_code", "implicit", "client_credentials"],
        });
        let client = run(&asked).unwrap();
        assert_eq!(client.scope.to_string(), "openid");
        assert_eq!(client.grant_types, [GrantType::AuthorizationCode]);
        for bad in [
            json!({"scope": "admin"}),
            json!({"scope": 7}),
            json!({"grant_types": ["implicit"]}),
            json!({"grant_types": "authorization_code"}),
            json!({"response_types": ["code id_token"]}),
            json!({"id_token_signed_response_alg": "none"}),
            json!({"token_endpoint_auth_method": "tls"}),
            json!({"client_name": 7}),
            json!({"contacts": "me"}),
            json!({"default_max_age": -1}),
            json!({"jwks": []}),
            json!({"tls_client_auth_san_dns": "a\u{0}b"}),
            json!({"contacts": ["a\u{7f}"]}),
        ] {
            let refusal = run(&bad).unwrap_err();
            assert_eq!(refusal.code(), "invalid_client_metadata", "{bad}");
        }
        let fragment = run(&json!({"redirect_uris": ["https://app.example/cb#x"]}));
        assert_eq!(fragment.unwrap_err().code(), "invalid_redirect_uri");
    }

    #[test]
    fn the_answer_tells_what_was_registered_and_nothing_of_ours() {
        let client = run(&json!({"initiate_login_uri": "https://app.example/start"})).unwrap();
        let told = told(&client);
        assert_eq!(told["initiate_login_uri"], "https://app.example/start");
        for ours in ["skip_consent", "disabled", "origin", "require_pkce"] {
            assert_eq!(told.get(ours), None, "{ours}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((".{0,10}", inner), 0..5)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    fn any_member() -> impl Strategy<Value = String> {
        let known: Vec<&'static str> = MEMBERS
            .iter()
            .copied()
            .chain([
                "skip_consent",
                "disabled",
                "origin",
                "profile",
                "require_pkce",
                "token_exchange",
            ])
            .collect();
        prop_oneof![
            prop::sample::select(known).prop_map(str::to_owned),
            ".{0,12}"
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn reg_06_no_json_sets_what_only_operators_set(
            members in prop::collection::vec((any_member(), any_json()), 0..8)
        ) {
            let asked: Map<String, Value> = members.into_iter().collect();
            let id = ClientId::new("made-here");
            if let Ok(client) = read(&asked, &id, ClientOrigin::Open, &policy()) {
                prop_assert_eq!(client.client_id, id);
                prop_assert_eq!(client.origin, ClientOrigin::Open);
                prop_assert!(!client.skip_consent && !client.disabled && client.require_pkce);
                prop_assert!(client.profile.is_none() && client.token_exchange.is_none());
                prop_assert!(client.resources.is_empty() && !client.allow_token_endpoint_audience);
                prop_assert!(client.scope.is_within(&policy().scope));
            }
        }
    }
}
