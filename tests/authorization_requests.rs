//! Requests that are pushed, signed, or ask for more than scopes; answers that travel otherwise than
//! in the query.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use sekisho_model::Clock as _;
use serde_json::{Value, json};

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::TestHouse;
use crate::support::signing::{AppKey, payload};
use crate::tokens::App;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What an authorization request holds beside the client's id.
fn parameters(changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs = vec![
        ("redirect_uri", "https://app.example/cb"),
        ("response_type", "code"),
        ("scope", "openid email"),
        ("state", "st"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        pairs.retain(|(key, _)| key != name);
        pairs.push((name, value));
    }
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    pairs.into_iter().map(owned).collect()
}

async fn push(house: &TestHouse, app: &App, changes: &[(&str, &str)]) -> Response {
    let url = house.url("/oauth2/par");
    let post = app.http.post(url);
    let post = post.basic_auth(&app.id, app.secret.as_deref());
    post.form(&parameters(changes)).send().await.unwrap()
}

async fn pushed(house: &TestHouse, app: &App, changes: &[(&str, &str)]) -> String {
    let answer = push(house, app, changes).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["expires_in"], 60);
    let handle = answer["request_uri"].as_str().unwrap();
    start(&app.id, &[("request_uri", handle)])
}

fn start(client_id: &str, more: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", client_id)
        .extend_pairs(more)
        .finish();
    format!("/oauth2/authorize?{query}")
}

async fn error_of(answer: Response) -> (StatusCode, String) {
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert!(body.get("request_uri").is_none());
    (
        status,
        body["error"].as_str().unwrap_or_default().to_owned(),
    )
}

/// Signs in and allows; ends where the app is answered.
async fn through(house: &TestHouse, browser: &Browser, start: &str) -> Page {
    let mut page = browser.get(start).await;
    if page.location().starts_with("/login") {
        page = browser.sign_in(house, start).await;
    }
    if page
        .location
        .as_deref()
        .is_some_and(|to| to.starts_with("/consent"))
    {
        return browser.allow(&page).await;
    }
    page
}

async fn tokens(app: &App, answered: &Page) -> Value {
    let code = answered.answer("code").expect("a code");
    let answer = app.redeem(&code).await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ro_01_ro_02_a_pushed_request_is_used_up_when_it_is_complete() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({})).await;
    let browser = Browser::new(&house);
    let link = pushed(&house, &app, &[]).await;
    // A reload before the end shows the sign-in again.
    assert!(browser.get(&link).await.location().starts_with("/login"));
    let answered = through(&house, &browser, &link).await;
    assert_eq!(answered.answer("state").as_deref(), Some("st"));
    let got = tokens(&app, &answered).await;
    assert!(got["id_token"].is_string());
    let again = browser.get(&link).await;
    assert_eq!((again.status.as_u16() / 100, again.location), (4, None));
    // Nothing outside the pushed request counts.
    let link = pushed(&house, &app, &[("scope", "openid")]).await;
    let more = format!("{link}&scope=openid+email+profile&state=other&prompt=none");
    let answered = through(&house, &browser, &more).await;
    assert_eq!(answered.answer("state").as_deref(), Some("st"));
    assert_eq!(tokens(&app, &answered).await["scope"], "openid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ro_02_two_tabs_on_one_pushed_request_give_one_code() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({})).await;
    let browser = Browser::new(&house);
    through(&house, &browser, &pushed(&house, &app, &[]).await).await;
    let link = pushed(&house, &app, &[("prompt", "consent")]).await;
    let (one, two) = (browser.get(&link).await, browser.get(&link).await);
    let first = browser.allow(&one).await;
    assert!(first.answer("code").is_some());
    let second = browser.allow(&two).await;
    assert_eq!(second.answer("code"), None);
    assert_eq!(
        second.answer("error").as_deref(),
        Some("invalid_request_uri")
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ro_02_ro_03_ro_04_ro_06_late_foreign_unpushed_and_fetched_requests_are_refused() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({})).await;
    let other = App::of(
        &house,
        json!({"require_pushed_authorization_requests": true}),
    )
    .await;
    let browser = Browser::new(&house);
    let link = pushed(&house, &app, &[]).await;
    let stolen = link.replace(&app.id, &other.id);
    assert_eq!(browser.get(&stolen).await.status, StatusCode::BAD_REQUEST);
    house.advance(Duration::from_secs(61)).await;
    assert_eq!(browser.get(&link).await.status, StatusCode::BAD_REQUEST);
    let plain = browser.get(&request(&other.id, &[])).await;
    assert_eq!(plain.answer("error").as_deref(), Some("invalid_request"));
    let web = request(&app.id, &[("request_uri", "https://app.example/r")]);
    let web = browser.get(&web).await;
    assert_eq!(
        web.answer("error").as_deref(),
        Some("request_uri_not_supported")
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ro_01_what_authorize_would_refuse_is_refused_at_once() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({})).await;
    for (change, error) in [
        (("request_uri", "urn:x"), "invalid_request"),
        (("redirect_uri", "https://evil.example/"), "invalid_request"),
        (("redirect_uri", ""), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("scope", "admin"), "invalid_scope"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("claims", "{"), "invalid_request"),
        (("resource", "https://evil.example/"), "invalid_target"),
        (
            ("authorization_details", "[{}]"),
            "invalid_authorization_details",
        ),
        (("request", "e30.e30.AAAA"), "invalid_request_object"),
        (("dpop_jkt", "x"), "invalid_request"),
        (("response_mode", "fragment"), "invalid_request"),
    ] {
        let got = error_of(push(&house, &app, &[change]).await).await;
        assert_eq!(
            got,
            (StatusCode::BAD_REQUEST, error.to_owned()),
            "{change:?}"
        );
    }
    let stranger = app
        .http
        .post(house.url("/oauth2/par"))
        .form(&[("client_id", &app.id)]);
    let got = error_of(stranger.send().await.unwrap()).await;
    assert_eq!(got, (StatusCode::UNAUTHORIZED, "invalid_client".to_owned()));
    let put = app.http.put(house.url("/oauth2/par")).send().await.unwrap();
    assert_eq!(put.status(), StatusCode::METHOD_NOT_ALLOWED);
    let twice = [("scope", "openid"), ("scope", "openid")];
    let twice = app.http.post(house.url("/oauth2/par")).form(&twice);
    let twice = twice
        .basic_auth(&app.id, app.secret.as_deref())
        .send()
        .await;
    assert_eq!(error_of(twice.unwrap()).await.1, "invalid_request");
    house.close().await;
}

fn object(house: &TestHouse, client_id: &str, changes: &Value) -> Value {
    let now = house.clock.now().seconds();
    let mut claims = json!({
        "iss": client_id, "client_id": client_id, "aud": house.issuer,
        "exp": now + 60, "nbf": now, "redirect_uri": "https://app.example/cb",
        "response_type": "code", "scope": "openid", "state": "signed",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ro_05_only_what_is_signed_counts() {
    let house = TestHouse::open().await;
    let key = AppKey::new("k1");
    let app = App::of(
        &house,
        json!({"jwks": key.jwks(), "require_signed_request_object": true}),
    )
    .await;
    let browser = Browser::new(&house);
    let unsigned = browser.get(&request(&app.id, &[])).await;
    assert_eq!(unsigned.answer("error").as_deref(), Some("invalid_request"));
    let signed = key.sign("oauth-authz-req+jwt", &object(&house, &app.id, &json!({})));
    let link = request(&app.id, &[("request", &signed), ("state", "outer")]);
    let answered = through(&house, &browser, &link).await;
    assert_eq!(answered.answer("state").as_deref(), Some("signed"));
    assert_eq!(tokens(&app, &answered).await["scope"], "openid");
    // The bad address outside is where errors would go: so there is a page.
    let other = AppKey::new("k1");
    let forged = other.sign("JWT", &object(&house, &app.id, &json!({})));
    let none = format!("{}.", forged.rsplit_once('.').unwrap().0);
    for bad in [forged.as_str(), &none, "x"] {
        let page = browser.get(&request(&app.id, &[("request", bad)])).await;
        assert_eq!(
            page.answer("error").as_deref(),
            Some("invalid_request_object")
        );
        let outer = [
            ("request", bad),
            ("redirect_uri", "https://app.example/cb_invalid"),
        ];
        let page = browser.get(&request(&app.id, &outer)).await;
        assert_eq!(
            (page.status, page.location),
            (StatusCode::BAD_REQUEST, None)
        );
    }
    // Signed and pushed.
    let plain = push(&house, &app, &[]).await;
    assert_eq!(error_of(plain).await.1, "invalid_request");
    let link = pushed(&house, &app, &[("request", &signed), ("state", "outer")]).await;
    let answered = through(&house, &browser, &link).await;
    assert_eq!(answered.answer("state").as_deref(), Some("signed"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_10_answers_travel_in_a_form_with_every_value_escaped_for_success_and_error_alike() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({})).await;
    let browser = Browser::new(&house);
    let mode = ("response_mode", "form_post");
    let refused = browser
        .get(&request(&app.id, &[mode, ("prompt", "none")]))
        .await;
    assert_eq!((refused.status, &refused.location), (StatusCode::OK, &None));
    assert!(refused.text.contains("action=\"https://app.example/cb\""));
    assert_eq!(refused.hidden("error"), "login_required");
    let policy = refused.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("form-action https://app.example"),
        "{policy}"
    );
    let page = through(&house, &browser, &request(&app.id, &[mode])).await;
    assert_eq!(page.hidden("state"), "st/at?e&#38;&#60;&#34;é");
    assert!(!page.text.contains("name=\"csrf\""));
    let answer = app.redeem(&page.hidden("code")).await;
    assert_eq!(answer.status(), StatusCode::OK);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signed_answers_hold_everything_in_one_jwt() {
    let house = TestHouse::open().await;
    let alg = json!({"authorization_signed_response_alg": "ES256"});
    let app = App::of(&house, alg).await;
    let browser = Browser::new(&house);
    let link = request(&app.id, &[("response_mode", "jwt")]);
    let answered = through(&house, &browser, &link).await;
    let names: Vec<String> = url::Url::parse(answered.location())
        .unwrap()
        .query_pairs()
        .map(|(name, _)| name.into_owned())
        .collect();
    assert_eq!(names, ["response"]);
    let claims = payload(&answered.answer("response").unwrap());
    assert_eq!(claims["iss"], *house.issuer);
    assert_eq!(claims["aud"], *app.id);
    assert_eq!(claims["state"], "st/at?e&<\"é");
    let answer = app.redeem(claims["code"].as_str().unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let link = request(
        &app.id,
        &[("response_mode", "form_post.jwt"), ("scope", "admin")],
    );
    let refused = browser.get(&link).await;
    assert_eq!(
        payload(&refused.hidden("response"))["error"],
        "invalid_scope"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn single_claims_are_shown_asked_and_given() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({})).await;
    let browser = Browser::new(&house);
    let claims =
        r#"{"userinfo":{"name":{"essential":true},"x":null},"id_token":{"nickname":null}}"#;
    let link = request(&app.id, &[("scope", "openid"), ("claims", claims)]);
    let to_consent = browser.sign_in(&house, &link).await;
    let page = browser.get(to_consent.location()).await;
    assert!(page.words().contains("三浦 晴香"), "{}", page.words());
    let answered = browser.allow(&to_consent).await;
    let got = tokens(&app, &answered).await;
    assert_eq!(
        payload(got["id_token"].as_str().unwrap())["nickname"],
        "はる"
    );
    assert_eq!(payload(got["id_token"].as_str().unwrap()).get("name"), None);
    let userinfo = app.http.get(&app.userinfo_url);
    let userinfo = userinfo.bearer_auth(got["access_token"].as_str().unwrap());
    let userinfo: Value = userinfo.send().await.unwrap().json().await.unwrap();
    assert_eq!(userinfo["name"], "三浦 晴香");
    assert_eq!(userinfo.get("nickname"), None);
    // Allowed once, it is not asked again; more is.
    let again = browser.get(&link).await;
    assert!(again.answer("code").is_some());
    let more = request(
        &app.id,
        &[
            ("scope", "openid"),
            ("claims", r#"{"userinfo":{"email":null}}"#),
        ],
    );
    assert!(browser.get(&more).await.location().starts_with("/consent"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_better_acr_is_reached_by_the_code_and_an_unreachable_one_is_refused() {
    let house = TestHouse::open().await;
    let user = house.user;
    let off = move |tx: &mut sekisho_store::Tx<'_>| tx.set_second_step(user, false);
    house.house.services.store.write(off).await.unwrap();
    let app = App::of(&house, json!({})).await;
    let browser = Browser::new(&house);
    let consent = browser.password(&house, &request(&app.id, &[])).await;
    let form = [("csrf", &*consent.hidden("csrf")), ("decision", "allow")];
    let plain = browser.post("/consent", &form).await;
    let got = tokens(&app, &plain).await;
    let first = payload(got["id_token"].as_str().unwrap());
    assert_eq!(first["acr"], "urn:sekisho:acr:password");
    let wish = [("acr_values", "urn:sekisho:acr:password-code")];
    let none = browser
        .get(&request(&app.id, &[wish[0], ("prompt", "none")]))
        .await;
    assert_eq!(none.answer("error").as_deref(), Some("login_required"));
    house.advance(Duration::from_secs(2)).await;
    let better = browser.sign_in(&house, &request(&app.id, &wish)).await;
    let got = tokens(&app, &better).await;
    let second = payload(got["id_token"].as_str().unwrap());
    assert_eq!(second["acr"], "urn:sekisho:acr:password-code");
    assert!(second["auth_time"].as_i64() > first["auth_time"].as_i64());
    let gold = r#"{"id_token":{"acr":{"essential":true,"value":"gold"}}}"#;
    let gold = browser.get(&request(&app.id, &[("claims", gold)])).await;
    let error = gold.answer("error");
    assert_eq!(error.as_deref(), Some("unmet_authentication_requirements"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn az_13_a_hint_names_the_only_person_who_will_do_and_signs_nobody_in() {
    let house = TestHouse::open().await;
    let pairwise = json!({"subject_type": "pairwise"});
    let app = App::of(&house, pairwise).await;
    let browser = Browser::new(&house);
    let answered = through(&house, &browser, &request(&app.id, &[])).await;
    let got = tokens(&app, &answered).await;
    let hint = got["id_token"].as_str().unwrap();
    let silent = [("prompt", "none"), ("id_token_hint", hint)];
    assert!(
        browser
            .get(&request(&app.id, &silent))
            .await
            .answer("code")
            .is_some()
    );
    let stranger = Browser::new(&house);
    let refused = stranger.get(&request(&app.id, &silent)).await;
    assert_eq!(refused.answer("error").as_deref(), Some("login_required"));
    let other = r#"{"id_token":{"sub":{"value":"somebody"}}}"#;
    let refused = browser
        .get(&request(&app.id, &[("prompt", "none"), ("claims", other)]))
        .await;
    assert_eq!(refused.answer("error").as_deref(), Some("login_required"));
    // An ID token of another app is no hint here, and says another subject.
    let second = App::of(&house, json!({})).await;
    let answered = browser.get(&request(&second.id, &[])).await;
    let answered = browser.allow(&answered).await;
    let public = tokens(&second, &answered).await;
    let sub = |tokens: &Value| payload(tokens["id_token"].as_str().unwrap())["sub"].clone();
    assert_ne!(sub(&got), sub(&public));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_14_tokens_are_for_the_resource_that_was_asked() {
    let house = TestHouse::open().await;
    let (a, b) = ("https://a.example/", "https://b.example/");
    let app = App::of(&house, json!({"resources": [a, b]})).await;
    let browser = Browser::new(&house);
    let link = format!(
        "{}&resource={b}",
        request(&app.id, &[("resource", a), ("scope", "openid")])
    );
    let answered = through(&house, &browser, &link).await;
    let code = answered.answer("code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", "https://app.example/cb"),
        (
            "code_verifier",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        ),
        ("resource", b),
    ];
    let mut wrong = form;
    wrong[4].1 = "https://c.example/";
    assert_eq!(error_of(app.ask(&wrong).await).await.1, "invalid_target");
    // What was wrong cost nothing: the code still works.
    let got: Value = app.ask(&form).await.json().await.unwrap();
    let claims = payload(got["access_token"].as_str().unwrap());
    assert_eq!(claims["aud"], json!([b, house.issuer]));
    let refresh = got["refresh_token"].as_str().unwrap();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("resource", "https://c.example/"),
    ];
    assert_eq!(error_of(app.ask(&form).await).await.1, "invalid_target");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("resource", a),
    ];
    let got: Value = app.ask(&form).await.json().await.unwrap();
    assert_eq!(payload(got["access_token"].as_str().unwrap())["aud"][0], a);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn details_are_shown_in_words_and_stand_in_the_tokens() {
    let house = TestHouse::open_with(|config| {
        config.protocol.authorization_details = serde_json::from_value(json!([{
            "name": "payment", "title": "Pay from your account", "title_ja": "支払い",
            "required": ["amount"], "shown": ["amount.value", "to"],
        }]))
        .unwrap();
    })
    .await;
    let app = App::of(&house, json!({"authorization_details_types": ["payment"]})).await;
    let browser = Browser::new(&house);
    let details = r#"[{"type":"payment","amount":{"value":"12.50"},"to":"Merchant <b>A</b>"}]"#;
    let link = request(&app.id, &[("authorization_details", details)]);
    let to_consent = browser.sign_in(&house, &link).await;
    let page = browser.get(to_consent.location()).await;
    assert!(
        page.words().contains("Pay from your account"),
        "{}",
        page.words()
    );
    assert!(page.words().contains("amount.value: 12.50"));
    assert!(!page.text.contains("<b>A</b>"));
    let answered = browser.allow(&to_consent).await;
    let got = tokens(&app, &answered).await;
    assert_eq!(got["authorization_details"][0]["amount"]["value"], "12.50");
    let claims = payload(got["access_token"].as_str().unwrap());
    assert_eq!(claims["authorization_details"][0]["type"], "payment");
    // Never remembered: the same again is asked again.
    assert!(browser.get(&link).await.location().starts_with("/consent"));
    let discovery: Value = app
        .http
        .get(house.url("/.well-known/openid-configuration"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        discovery["authorization_details_types_supported"],
        json!(["payment"])
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn az_20_a_client_that_repeats_its_challenge_is_noticed() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({})).await;
    let browser = Browser::new(&house);
    for _ in 0..2 {
        let answered = through(&house, &browser, &request(&app.id, &[])).await;
        assert!(answered.answer("code").is_some());
    }
    let user = house.user;
    let all = move |tx: &mut sekisho_store::Tx<'_>| {
        tx.history_of(user, &sekisho_store::HistoryFilter::default(), None, 50)
    };
    let events = house.house.services.store.read(all).await.unwrap();
    // Time stands still here, so the order of the two says nothing.
    let mut repeated: Vec<bool> = events
        .iter()
        .filter(|event| event.kind == sekisho_model::EventKind::Authorization)
        .map(|event| event.detail["repeated"] == true)
        .collect();
    repeated.sort_unstable();
    assert_eq!(repeated, [false, true]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn userinfo_is_signed_for_clients_that_registered_so() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"userinfo_signed_response_alg": "RS256"})).await;
    let browser = Browser::new(&house);
    let answered = through(&house, &browser, &request(&app.id, &[])).await;
    let got = tokens(&app, &answered).await;
    let answer = app.http.get(&app.userinfo_url);
    let answer = answer.bearer_auth(got["access_token"].as_str().unwrap());
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/jwt");
    let claims = payload(&answer.text().await.unwrap());
    assert_eq!(claims["iss"], *house.issuer);
    assert_eq!(claims["aud"], *app.id);
    assert_eq!(claims["email"], *house.login_address);
    house.close().await;
}
