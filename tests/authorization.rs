//! The authorization endpoint: what is shown here, what goes back to the app.

use reqwest::StatusCode;
use sekisho_model::EventKind;
use sekisho_provider::publishers::PublisherDecided;
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::house::TestHouse;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An authorization request with changes.
pub fn request(client_id: &str, changes: &[(&str, &str)]) -> String {
    let mut pairs = vec![
        ("client_id", client_id),
        ("redirect_uri", "https://app.example/cb"),
        ("response_type", "code"),
        ("scope", "openid email"),
        ("state", "st/at?e&<\"é"),
        ("nonce", "n-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        pairs.retain(|(key, _)| key != name);
        pairs.push((name, value));
    }
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    format!("/oauth2/authorize?{query}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn az_04_what_cannot_be_trusted_is_a_page_and_the_rest_goes_back() {
    let house = TestHouse::open().await;
    let (client, _) = house.client(json!({})).await;
    let id = client.client_id.as_str();
    let browser = Browser::new(&house);
    for bad in [
        request("nobody", &[]),
        request(id, &[("redirect_uri", "https://evil.example/")]),
        request(id, &[("redirect_uri", "https://app.example/cb/")]),
        request(id, &[("redirect_uri", "")]),
        "/oauth2/authorize".to_owned(),
    ] {
        let page = browser.get(&bad).await;
        assert_eq!(
            (page.status, page.location),
            (StatusCode::BAD_REQUEST, None),
            "{bad}"
        );
    }
    for (change, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", ""), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("scope", "admin"), "invalid_scope"),
        (("request", "e30.e30."), "invalid_request_object"),
        (("prompt", "none"), "login_required"),
        (("prompt", "none login"), "invalid_request"),
        (("max_age", "-1"), "invalid_request"),
    ] {
        let page = browser.get(&request(id, &[change])).await;
        assert_eq!(page.answer("error").as_deref(), Some(error), "{change:?}");
        assert_eq!(
            page.answer("state").as_deref(),
            Some("st/at?e&<\"é"),
            "AZ-09"
        );
        assert_eq!(page.answer("iss").as_deref(), Some(&*house.issuer));
        assert_eq!(page.answer("code"), None);
    }
    let by_post = browser
        .post(
            "/oauth2/authorize",
            &[
                ("client_id", id),
                ("redirect_uri", "https://app.example/cb"),
            ],
        )
        .await;
    assert_eq!(
        by_post.status,
        StatusCode::SEE_OTHER,
        "OIDC Core 3.1.2.1: POST works like GET"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prompt_and_max_age_are_met_by_real_authentication() {
    let house = TestHouse::open().await;
    let (client, _) = house.client(json!({"skip_consent": true})).await;
    let id = client.client_id.as_str();
    let browser = Browser::new(&house);
    let signed_in = browser.sign_in(&house, &request(id, &[])).await;
    assert!(signed_in.answer("code").is_some());
    assert!(
        browser
            .get(&request(id, &[("prompt", "none")]))
            .await
            .answer("code")
            .is_some()
    );
    let login = browser.get(&request(id, &[("prompt", "login")])).await;
    assert!(login.location().starts_with("/login"), "SES-12");
    house.advance(std::time::Duration::from_secs(5)).await;
    let aged = browser.get(&request(id, &[("max_age", "2")])).await;
    assert!(aged.location().starts_with("/login"));
    let young = browser.get(&request(id, &[("max_age", "10000")])).await;
    assert!(young.answer("code").is_some());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn con_04_a_refusal_goes_back_to_the_app_and_a_second_decision_counts_for_nothing() {
    let house = TestHouse::open().await;
    let (client, _) = house.client(json!({})).await;
    let browser = Browser::new(&house);
    let to_consent = browser
        .sign_in(&house, &request(client.client_id.as_str(), &[]))
        .await;
    let page = browser.get(to_consent.location()).await;
    assert!(
        page.text.contains(&house.login_address),
        "CON-01: values are shown"
    );
    let csrf = page.hidden("csrf");
    let denied = browser
        .post("/consent", &[("csrf", &csrf), ("decision", "deny")])
        .await;
    assert_eq!(denied.answer("error").as_deref(), Some("access_denied"));
    let late = browser
        .post("/consent", &[("csrf", &csrf), ("decision", "allow")])
        .await;
    assert_eq!(
        (late.status, late.location),
        (StatusCode::BAD_REQUEST, None)
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn con_06_a_decision_before_the_page_was_seen_is_asked_for_again() {
    let house = TestHouse::open().await;
    let (client, _) = house.client(json!({})).await;
    let browser = Browser::new(&house);
    let to_consent = browser
        .sign_in(&house, &request(client.client_id.as_str(), &[]))
        .await;
    let page = browser.get(to_consent.location()).await;
    let csrf = page.hidden("csrf");
    for decision in ["allow", "deny"] {
        let form = [("csrf", &*csrf), ("decision", decision)];
        house.clock.advance(std::time::Duration::from_millis(100));
        let again = browser.post_once("/consent", &form).await;
        assert_eq!((again.status, &again.location), (StatusCode::OK, &None));
        assert!(
            again.words().contains("That was very quick"),
            "{}",
            again.words()
        );
        assert_ne!(again.hidden("csrf"), csrf, "its time begins anew");
    }
    // A moment later the first page is as good as any.
    let form = [("csrf", &*csrf), ("decision", "allow")];
    let done = browser.post("/consent", &form).await;
    assert!(done.answer("code").is_some(), "{}", done.words());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reg_18_who_makes_an_app_is_what_an_operator_says_and_only_of_what_was_looked_at() {
    let house = TestHouse::open().await;
    let provider = &house.house.services.provider;
    let (client, _) = house.client(json!({"client_name": "Notes"})).await;
    let id = client.client_id.clone();
    let browser = Browser::new(&house);
    let start = request(id.as_str(), &[]);
    let consent = browser.sign_in(&house, &start).await;
    let consent = browser.get(consent.location()).await;
    let words = consent.words();
    assert!(words.contains("Added by the operator"), "{words}");
    assert!(!words.contains("not verified"), "{words}");
    let shown = async || {
        provider.hear().await.unwrap();
        let to = browser.get(&start).await;
        browser.get(to.location()).await.words()
    };
    let vouch = async |name: Option<&str>| {
        let event = provider.event_of_server(EventKind::ClientChanged);
        provider.vouch_for(&id, name, event).await.unwrap()
    };
    for bad in ["", "   ", "a\nb", &"x".repeat(81)] {
        assert_eq!(vouch(Some(bad)).await, PublisherDecided::BadName, "{bad}");
    }
    assert_eq!(vouch(Some(" Example Ltd. ")).await, PublisherDecided::Set);
    let words = shown().await;
    assert!(
        words.contains("Publisher verified: Example Ltd."),
        "{words}"
    );
    // Another name than the one that was looked at is not vouched for.
    let store = &house.house.services.store;
    let renamed = async |name: &str| {
        let changed = sekisho_model::Client {
            client_name: name.to_owned(),
            ..client.clone()
        };
        let work = move |tx: &mut sekisho_store::Tx<'_>| tx.update_client(&changed);
        store.write(work).await.unwrap();
    };
    renamed("Bank").await;
    let words = shown().await;
    assert!(!words.contains("Publisher verified"), "{words}");
    renamed("Notes").await;
    assert!(shown().await.contains("Publisher verified"));
    // What looks like a name that is vouched for deserves a second look.
    let (other, _) = house.client(json!({"client_name": "Nоtes"})).await;
    let to = browser.get(&request(other.client_id.as_str(), &[])).await;
    let words = browser.get(to.location()).await.words();
    assert!(words.contains("looks like Notes"), "{words}");
    assert_eq!(vouch(None).await, PublisherDecided::Set);
    assert!(shown().await.contains("Added by the operator"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_04_every_answer_has_its_headers_and_strangers_are_turned_away() {
    let house = TestHouse::open().await;
    let (client, _) = house.client(json!({})).await;
    let browser = Browser::new(&house);
    let login = browser
        .get(
            browser
                .get(&request(client.client_id.as_str(), &[]))
                .await
                .location(),
        )
        .await;
    let policy = login.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert!(
        policy.contains("form-action 'self' https://app.example"),
        "WEB-05: {policy}"
    );
    for path in [
        "/login",
        "/help",
        "/nope",
        "/oauth2/token",
        "/oauth2/userinfo",
        "/.well-known/openid-configuration",
    ] {
        let page = browser.get(path).await;
        for header in [
            "content-security-policy",
            "x-content-type-options",
            "referrer-policy",
            "cache-control",
            "x-request-id",
        ] {
            assert!(page.headers.contains_key(header), "{path} lacks {header}");
        }
    }
    let foreign = browser
        .http
        .get(house.url("/login"))
        .header("host", "evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(foreign.status(), StatusCode::MISDIRECTED_REQUEST, "WEB-16");
    let large = browser
        .post("/oauth2/token", &[("a", &"x".repeat(70_000))])
        .await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE, "NET-10");
    let method = browser
        .http
        .delete(house.url("/login"))
        .send()
        .await
        .unwrap();
    assert_eq!(method.status(), StatusCode::METHOD_NOT_ALLOWED, "WEB-14");
    let headers = browser
        .http
        .get(house.url("/login"))
        .header("x", "y".repeat(20_000))
        .send()
        .await
        .unwrap();
    assert_eq!(
        headers.status(),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        "NET-10"
    );
    house.close().await;
}
