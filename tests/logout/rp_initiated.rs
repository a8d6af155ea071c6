use reqwest::StatusCode;
use serde_json::json;

use super::{BYE, STATE, Scene, discovery, end_session, part, payload};
use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::TestHouse;

fn is_page(page: &Page) {
    assert_eq!((page.status, &page.location), (StatusCode::OK, &None));
}

fn says_done(page: &Page) {
    is_page(page);
    assert!(
        page.words().contains("You are signed out"),
        "{}",
        page.words()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_rp_initiated_logout_discovery_endpoint_verification() {
    let house = TestHouse::open().await;
    let document = discovery(&house).await;
    let end = house.url("/oauth2/end_session");
    assert_eq!(document["end_session_endpoint"], json!(end));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_rp_initiated_logout() {
    let scene = Scene::signed_in().await;
    let hint = scene.hint();
    let all = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", BYE),
        ("state", STATE),
    ];
    let done = scene.end(&all).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    let url = url::Url::parse(done.location()).unwrap();
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    assert!(done.location().starts_with("https://app.example/bye?"));
    assert_eq!(pairs, [("state".to_owned(), STATE.to_owned())]);
    scene.is_over().await;
    let again = scene.end(&all).await;
    assert_eq!(again.location(), done.location(), "without a session too");
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_rp_initiated_logout_bad_post_logout_redirect_uri() {
    let scene = Scene::signed_in().await;
    let hint = scene.hint();
    for bad in [
        "https://evil.example/",
        "https://app.example/cb",
        "//app.example/bye",
    ] {
        let page = scene
            .end(&[
                ("id_token_hint", &hint),
                ("post_logout_redirect_uri", bad),
                ("state", STATE),
            ])
            .await;
        is_page(&page);
        assert!(!page.text.contains("name=\"then\""), "no way away");
    }
    let page = scene
        .end(&[
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", "https://evil.example/"),
        ])
        .await;
    says_done(&scene.answer(&page, "yes").await);
    scene.is_over().await;
    let signed_out = scene
        .end(&[
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", "https://evil.example/"),
        ])
        .await;
    says_done(&signed_out);
    assert!(
        !signed_out.text.contains("\"https://evil.example"),
        "no link"
    );
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_rp_initiated_logout_modified_id_token_hint() {
    use base64::Engine as _;
    let scene = Scene::signed_in().await;
    let hint = scene.hint();
    let mut header = part(&hint, 0);
    header["alg"] = json!("none");
    let coded = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header.to_string());
    let body = hint.split('.').nth(1).unwrap();
    for forged in [
        format!("{coded}.{body}."),
        format!("{coded}.{body}"),
        format!("{hint}A"),
    ] {
        let page = scene
            .end(&[
                ("id_token_hint", &forged),
                ("post_logout_redirect_uri", BYE),
                ("state", STATE),
            ])
            .await;
        is_page(&page);
        scene.goes_on().await;
        assert!(!page.text.contains("name=\"then\""), "no way away");
    }
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_rp_initiated_logout_bad_id_token_hint() {
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
    let scene = Scene::signed_in().await;
    let mut claims = scene.claims();
    let issuer = claims["iss"].clone();
    claims["iss"] = claims["aud"].clone();
    claims["aud"] = issuer;
    let key = EncodingKey::from_secret(b"a secret of the app");
    let forged = encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
    let page = scene
        .end(&[
            ("id_token_hint", &forged),
            ("post_logout_redirect_uri", BYE),
            ("state", STATE),
        ])
        .await;
    is_page(&page);
    scene.goes_on().await;
    says_done(&scene.answer(&page, "yes").await);
    scene.is_over().await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_rp_initiated_logout_no_id_token_hint() {
    let scene = Scene::signed_in().await;
    let page = scene
        .end(&[("post_logout_redirect_uri", BYE), ("state", STATE)])
        .await;
    is_page(&page);
    scene.goes_on().await;
    says_done(&scene.answer(&page, "yes").await);
    scene.is_over().await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_rp_initiated_logout_no_params() {
    let scene = Scene::signed_in().await;
    let page = scene.end(&[]).await;
    is_page(&page);
    says_done(&scene.answer(&page, "yes").await);
    scene.is_over().await;
    says_done(&scene.end(&[]).await);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_rp_initiated_logout_no_post_logout_redirect_uri() {
    let scene = Scene::signed_in().await;
    let hint = scene.hint();
    let page = scene
        .end(&[("id_token_hint", &hint), ("state", STATE)])
        .await;
    says_done(&page);
    scene.is_over().await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_rp_initiated_logout_no_state() {
    let scene = Scene::signed_in().await;
    let hint = scene.hint();
    let done = scene
        .end(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)])
        .await;
    assert_eq!(done.location(), BYE);
    scene.is_over().await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_rp_initiated_logout_only_state() {
    let scene = Scene::signed_in().await;
    let page = scene.end(&[("state", STATE)]).await;
    is_page(&page);
    says_done(&scene.answer(&page, "yes").await);
    scene.is_over().await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri() {
    let scene = Scene::signed_in().await;
    let hint = scene.hint();
    let added = format!("{BYE}?foo=bar");
    let page = scene
        .end(&[
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", &added),
            ("state", STATE),
        ])
        .await;
    is_page(&page);
    says_done(&scene.answer(&page, "yes").await);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_02_a_hint_of_another_session_asks_and_the_yes_leads_to_the_app() {
    let scene = Scene::signed_in().await;
    let former = scene.hint();
    let other = Browser::new(&scene.house);
    other.sign_in(&scene.house, &request(scene.id(), &[])).await;
    let all = [
        ("id_token_hint", former.as_str()),
        ("post_logout_redirect_uri", BYE),
        ("state", STATE),
    ];
    let asked = other.get(&end_session(&all)).await;
    is_page(&asked);
    let policy = asked.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("form-action 'self' https://app.example"),
        "{policy}"
    );
    let scene = Scene {
        browser: other,
        ..scene
    };
    scene.goes_on().await;
    let stayed = scene.answer(&asked, "no").await;
    is_page(&stayed);
    scene.goes_on().await;
    let done = scene.answer(&asked, "yes").await;
    assert_eq!(done.answer("state").as_deref(), Some(STATE));
    assert!(
        done.location()
            .starts_with("https://app.example/bye?state=")
    );
    scene.is_over().await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_04_where_the_yes_leads_cannot_be_exchanged() {
    let scene = Scene::signed_in().await;
    let id = scene.id().to_owned();
    let asked = scene
        .end(&[
            ("client_id", &id),
            ("post_logout_redirect_uri", BYE),
            ("state", STATE),
        ])
        .await;
    let plain = scene.end(&[]).await;
    let (bound, unbound) = (asked.hidden("csrf"), plain.hidden("csrf"));
    let evil = "https://evil.example/";
    for form in [
        vec![("csrf", bound.as_str()), ("client", &id), ("then", evil)],
        vec![("csrf", &bound), ("client", "other"), ("then", BYE)],
        vec![("csrf", &bound), ("then", evil)],
        vec![("csrf", &bound)],
    ] {
        let form = [form, vec![("decision", "yes")]].concat();
        let page = scene.browser.post("/oauth2/end_session", &form).await;
        assert_eq!((page.status, page.location), (StatusCode::FORBIDDEN, None));
        scene.goes_on().await;
    }
    let form = [
        ("csrf", &*unbound),
        ("then", evil),
        ("client", &id),
        ("decision", "yes"),
    ];
    says_done(&scene.browser.post("/oauth2/end_session", &form).await);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_01_a_client_id_without_a_hint_needs_the_yes_of_the_person() {
    let scene = Scene::signed_in().await;
    let id = scene.id().to_owned();
    let all = [
        ("client_id", id.as_str()),
        ("post_logout_redirect_uri", BYE),
        ("state", STATE),
    ];
    let asked = scene.end(&all).await;
    assert!(
        asked.words().contains("Aozora Mail asks"),
        "{}",
        asked.words()
    );
    scene.goes_on().await;
    let done = scene.answer(&asked, "yes").await;
    assert_eq!(done.answer("state").as_deref(), Some(STATE));
    scene.is_over().await;
    let nobody = scene.end(&all).await;
    says_done(&nobody);
    assert!(
        nobody
            .text
            .contains("href=\"https://app.example/bye?state="),
        "a link"
    );
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_01_a_client_id_that_contradicts_the_hint_leads_nowhere() {
    let scene = Scene::signed_in().await;
    let (other, _) = scene.house.client(json!({})).await;
    let hint = scene.hint();
    for named in [other.client_id.as_str(), "nobody"] {
        let page = scene
            .end(&[
                ("id_token_hint", &hint),
                ("client_id", named),
                ("post_logout_redirect_uri", BYE),
            ])
            .await;
        is_page(&page);
        scene.goes_on().await;
    }
    let own = scene.id().to_owned();
    let twice = scene
        .end(&[("id_token_hint", &hint), ("state", "a"), ("state", "b")])
        .await;
    is_page(&twice);
    scene.goes_on().await;
    let done = scene
        .end(&[
            ("id_token_hint", &hint),
            ("client_id", &own),
            ("post_logout_redirect_uri", BYE),
        ])
        .await;
    assert_eq!(done.location(), BYE);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_01_an_expired_hint_of_a_pairwise_app_by_post_is_as_good() {
    let house = TestHouse::open().await;
    let scene = Scene::signed_in_to(house, json!({"subject_type": "pairwise"})).await;
    let hint = scene.hint();
    assert_ne!(payload(&hint)["sub"], json!(""));
    scene
        .house
        .advance(std::time::Duration::from_mins(59))
        .await;
    scene.goes_on().await;
    scene
        .house
        .advance(std::time::Duration::from_mins(59))
        .await;
    let form = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", BYE),
        ("state", STATE),
    ];
    let done = scene.browser.post("/oauth2/end_session", &form).await;
    assert_eq!(done.answer("state").as_deref(), Some(STATE));
    scene.is_over().await;
    scene.house.close().await;
}
