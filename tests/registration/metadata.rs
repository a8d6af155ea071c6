//! What a registration may say of pages, redirects and sectors, under the names of the conformance modules.

use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{CALLBACK, manage, open_house, refused, registered, text, with_documents};
use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::documents::Document;

async fn shown(members: &Value, wanted: &str) {
    let house = open_house().await;
    let told = registered(&house, members).await;
    let browser = Browser::new(&house);
    let to_login = browser.get(&request(text(&told, "client_id"), &[])).await;
    let login = browser.get(to_login.location()).await;
    assert!(login.text.contains(wanted), "{}", login.text);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_registration_policy_uri() {
    let uri = "https://app.example/privacy";
    shown(&json!({"policy_uri": uri}), uri).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_registration_tos_uri() {
    let uri = "https://app.example/terms";
    shown(&json!({"tos_uri": uri}), uri).await;
}

/// The picture itself is not shown: fetching it would tell the app who is at the login page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_registration_logo_uri() {
    shown(
        &json!({"logo_uri": "https://app.example/logo.png"}),
        "Suite",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_redirect_uri_regfrag() {
    let house = open_house().await;
    let fragment = json!({"redirect_uris": ["https://app.example/cb#x"]});
    assert_eq!(refused(&house, &fragment).await, "invalid_redirect_uri");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_redirect_uri_query_ok_mismatch_and_added() {
    let house = open_house().await;
    let with = registered(
        &house,
        &json!({"redirect_uris": ["https://app.example/cb?bar=foo"]}),
    )
    .await;
    let without = registered(&house, &json!({})).await;
    let browser = Browser::new(&house);
    let ask = async |told: &Map<String, Value>, uri: &str| {
        browser
            .get(&request(text(told, "client_id"), &[("redirect_uri", uri)]))
            .await
    };
    let good = ask(&with, "https://app.example/cb?bar=foo").await;
    assert!(good.location().starts_with("/login"));
    let mismatch = ask(&with, "https://app.example/cb?foo=bar").await;
    assert_eq!(
        (mismatch.status, mismatch.location),
        (StatusCode::BAD_REQUEST, None)
    );
    let added = ask(&without, "https://app.example/cb?foo=bar").await;
    assert_eq!(
        (added.status, added.location),
        (StatusCode::BAD_REQUEST, None)
    );
    let two = json!({"redirect_uris": [CALLBACK, "https://app.example/other"]});
    let two = registered(&house, &two).await;
    let missing = ask(&two, "").await;
    assert_eq!(
        (missing.status, missing.location),
        (StatusCode::BAD_REQUEST, None)
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_registration_sector_uri() {
    let other = "https://other.example/cb";
    let (house, server, _folder) = with_documents(Document::json(&json!([CALLBACK, other]))).await;
    let members = json!({
        "subject_type": "pairwise", "sector_identifier_uri": server.url,
        "redirect_uris": [CALLBACK, other],
    });
    let told = registered(&house, &members).await;
    assert_eq!(told["subject_type"], "pairwise");
    // REG-14: checked again on change.
    server.show(Document::json(&json!([CALLBACK])));
    let mut wish = members.clone();
    wish["client_id"] = told["client_id"].clone();
    let answer = manage(Method::PUT, &told, Some(&wish)).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_registration_sector_bad() {
    let listed = json!(["https://other.example/cb"]);
    let (house, server, _folder) = with_documents(Document::json(&listed)).await;
    let members = json!({"subject_type": "pairwise", "sector_identifier_uri": server.url});
    assert_eq!(refused(&house, &members).await, "invalid_client_metadata");
    let hosts = json!({
        "subject_type": "pairwise", "redirect_uris": [CALLBACK, "https://other.example/cb"],
    });
    assert_eq!(refused(&house, &hosts).await, "invalid_client_metadata");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_3rd_party_init_login() {
    let house = open_house().await;
    let start = json!({"initiate_login_uri": "https://app.example/start"});
    let told = registered(&house, &start).await;
    let read: Value = manage(Method::GET, &told, None).await.json().await.unwrap();
    assert_eq!(read["initiate_login_uri"], "https://app.example/start");
    assert_eq!(
        manage(Method::DELETE, &told, None).await.status(),
        StatusCode::NO_CONTENT
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_3rd_party_init_login_nohttps() {
    let house = open_house().await;
    let start = json!({"initiate_login_uri": "http://app.example/start"});
    assert_eq!(refused(&house, &start).await, "invalid_client_metadata");
    house.close().await;
}
