//! Registration (RFC 7591 §3.2.2): every member missing, empty, of every wrong type, too long, or with
//! characters that cannot be printed.

use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use super::direct::caller;
use super::remains::Remains;
use crate::support::house::TestHouse;

/// What a member is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Address,
    Addresses,
    List,
    Choice,
    Number,
    Switch,
    Object,
}
use Kind::{Address, Addresses, Choice, List, Number, Object, Switch, Text};

const MEMBERS: [(&str, Kind); 40] = [
    ("client_name", Text),
    ("client_name#ja", Text),
    ("client_uri", Address),
    ("logo_uri", Address),
    ("policy_uri", Address),
    ("tos_uri", Address),
    ("contacts", List),
    ("software_id", Text),
    ("software_version", Text),
    ("redirect_uris", Addresses),
    ("post_logout_redirect_uris", Addresses),
    ("token_endpoint_auth_method", Choice),
    ("token_endpoint_auth_signing_alg", Choice),
    ("grant_types", Choice),
    ("response_types", Choice),
    ("response_modes", Choice),
    ("scope", Text),
    ("application_type", Choice),
    ("subject_type", Choice),
    ("sector_identifier_uri", Address),
    ("jwks", Object),
    ("jwks_uri", Address),
    ("request_object_signing_alg", Choice),
    ("require_signed_request_object", Switch),
    ("require_pushed_authorization_requests", Switch),
    ("id_token_signed_response_alg", Choice),
    ("userinfo_signed_response_alg", Choice),
    ("introspection_signed_response_alg", Choice),
    ("authorization_signed_response_alg", Choice),
    ("default_max_age", Number),
    ("require_auth_time", Switch),
    ("default_acr_values", List),
    ("initiate_login_uri", Address),
    ("request_uris", List),
    ("backchannel_logout_uri", Address),
    ("frontchannel_logout_uri", Address),
    ("dpop_bound_access_tokens", Switch),
    ("tls_client_certificate_bound_access_tokens", Switch),
    ("tls_client_auth_subject_dn", Text),
    ("software_statement", Text),
];

/// Values that no member of this kind may have.
fn wrongs(kind: Kind) -> Vec<Value> {
    let mut values = vec![
        json!({"a": {"b": []}}),
        json!([[[]]]),
        json!([7]),
        json!(-1),
        json!(1.5),
        json!("a\u{0}b"),
    ];
    let more = match kind {
        Text => vec![
            json!(7),
            json!(true),
            json!(["a"]),
            json!("x".repeat(20_000)),
        ],
        Address => vec![
            json!(""),
            json!("x"),
            json!("javascript:alert(1)"),
            json!("https://"),
            json!(["https://a.example/"]),
            json!("https://a b/"),
            json!(true),
        ],
        Addresses => vec![
            json!(""),
            json!("https://a.example/"),
            json!(["x"]),
            json!(["https://a.example/#f"]),
            json!([""]),
            json!(["javascript:alert(1)"]),
            json!(["https://a.example/\u{0}"]),
        ],
        List => vec![
            json!("a"),
            json!([null]),
            json!(["a\u{7f}"]),
            json!(["x".repeat(20_000)]),
            json!(true),
        ],
        Choice => vec![
            json!(""),
            json!("none of them"),
            json!(true),
            json!("x".repeat(20_000)),
        ],
        Number => vec![json!("60"), json!(1e300), json!(true)],
        Switch => vec![json!("true"), json!(1), json!([true])],
        Object => vec![
            json!([]),
            json!("x"),
            json!({"keys": {}}),
            json!({"keys": [{"kty": "oct", "k": "AA"}]}),
            json!(true),
        ],
    };
    values.extend(more);
    values
}

async fn send(http: &Client, house: &TestHouse, body: String, kind: &str) -> Response {
    let request = http.post(house.url("/oauth2/register"));
    let request = request.header("x-forwarded-for", caller::next());
    request
        .header("content-type", kind)
        .body(body)
        .send()
        .await
        .unwrap()
}

/// The error; nothing else may be told.
async fn refused(answer: Response, what: &str) -> String {
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{what}");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let body: Value = answer.json().await.unwrap();
    assert!(body.get("client_id").is_none());
    body["error"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reg_06_no_member_of_a_wrong_type_is_registered() {
    let (house, http) = (caller::house().await, Client::new());
    let before = Remains::of(&house);
    let mut taken = Vec::new();
    for (member, kind) in MEMBERS {
        for value in wrongs(kind) {
            let mut members = json!({"redirect_uris": ["https://app.example/cb"]});
            members[member] = value.clone();
            let what = format!("{member}: {value:.60}");
            let answer = send(&http, &house, members.to_string(), "application/json").await;
            if answer.status() == StatusCode::CREATED {
                taken.push(what);
                continue;
            }
            let error = refused(answer, &what).await;
            let expected: &[&str] = match member {
                "redirect_uris" | "post_logout_redirect_uris" => {
                    &["invalid_redirect_uri", "invalid_client_metadata"]
                }
                "software_statement" => &["invalid_software_statement"],
                _ => &["invalid_client_metadata"],
            };
            assert!(expected.contains(&&*error), "{what}: {error}");
        }
    }
    assert!(taken.is_empty(), "{taken:#?}");
    assert_eq!(
        Remains::of(&house),
        before,
        "a refusal left something behind"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reg_06_what_is_no_json_object_or_says_a_thing_twice_is_not_registered() {
    let (house, http) = (caller::house().await, Client::new());
    let good = r#"{"redirect_uris":["https://app.example/cb"]}"#;
    let deep = format!(
        "{{\"redirect_uris\":[\"https://app.example/cb\"],\"x\":{}{}}}",
        "[".repeat(50),
        "]".repeat(50)
    );
    let before = Remains::of(&house);
    for (body, kind) in [
        ("", "application/json"),
        ("[]", "application/json"),
        ("null", "application/json"),
        ("{", "application/json"),
        (&*format!("{good}{good}"), "application/json"),
        (&*format!("\u{feff}{good}"), "application/json"),
        (&*deep, "application/json"),
        (
            r#"{"redirect_uris":["https://app.example/cb"],"redirect_uris":["https://evil.example/"]}"#,
            "application/json",
        ),
        (
            r#"{"redirect_uris":["https://app.example/cb"],"redirect\u005furis":["https://evil.example/"]}"#,
            "application/json",
        ),
        ("{}", "application/json"),
        (r#"{"redirect_uris":[]}"#, "application/json"),
        (r#"{"redirect_uris":null}"#, "application/json"),
        (good, "text/plain"),
        (good, ""),
        (
            "redirect_uris=https%3A%2F%2Fapp.example%2Fcb",
            "application/x-www-form-urlencoded",
        ),
    ] {
        let error = refused(send(&http, &house, body.to_owned(), kind).await, body).await;
        assert_eq!(error, "invalid_client_metadata", "{body}");
    }
    let request = http.post(house.url("/oauth2/register"));
    let broken = request
        .header("content-type", "application/json")
        .body(&b"{\"client_name\":\"\xff\"}"[..]);
    assert_eq!(
        refused(broken.send().await.unwrap(), "not UTF-8").await,
        "invalid_client_metadata"
    );
    // A token that cannot be read is not the same as none (RFC 6750 §3.1).
    for authorization in ["Bearer", "Bearer x", "Basic eDp5", "Bearer a b", ""] {
        let request = http.post(house.url("/oauth2/register"));
        let request = request
            .header("authorization", authorization)
            .header("x-forwarded-for", caller::next());
        let answer = request
            .header("content-type", "application/json")
            .body(good)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{authorization}");
        assert!(answer.headers().contains_key("www-authenticate"));
    }
    assert_eq!(
        Remains::of(&house),
        before,
        "a refusal left something behind"
    );
    let after = send(
        &http,
        &house,
        good.to_owned(),
        "application/json; charset=utf-8",
    )
    .await;
    assert_eq!(after.status(), StatusCode::CREATED);
    house.close().await;
}
