//! What a token rests on, taken away: the person, the app, the key. And tokens put where another kind
//! belongs.

use reqwest::{Response, StatusCode};
use sekisho_model::{Origin, UserState};
use serde_json::{Value, json};

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::TestHouse;
use crate::support::signing::payload;
use crate::tokens::{App, body, with_code};

async fn post(house: &TestHouse, app: &App, path: &str, form: &[(&str, &str)]) -> Response {
    let request = app.http.post(house.url(path));
    let request = request.basic_auth(&app.id, app.secret.as_ref());
    request.form(form).send().await.unwrap()
}

async fn error(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (
        status,
        body["error"].as_str().unwrap_or_default().to_owned(),
    )
}

async fn is_active(house: &TestHouse, app: &App, token: &str) -> bool {
    let answer = post(house, app, "/oauth2/introspect", &[("token", token)]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    body(answer).await["active"] == true
}

fn member<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

async fn stop_user(house: &TestHouse, state: UserState) {
    let provider = &house.house.services.provider;
    provider
        .set_account_state(house.user, state, &Origin::default())
        .await
        .unwrap();
}

/// Everything here begins with 256 random bits in the same alphabet; only its own kind finds it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn az_15_one_kind_of_token_never_stands_for_another() {
    let (house, app, code) = with_code(json!({"opaque_access_tokens": true})).await;
    let as_refresh = app.refresh(&code).await;
    assert_eq!(error(as_refresh).await, (400, "invalid_grant".to_owned()));
    let tokens = body(app.redeem(&code).await).await;
    let (access, refresh) = (
        member(&tokens, "access_token"),
        member(&tokens, "refresh_token"),
    );
    for other in [access, refresh, &app.id, app.secret.as_ref().unwrap()] {
        let as_code = app.redeem(other).await;
        assert_eq!(error(as_code).await, (400, "invalid_grant".to_owned()));
        let device = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", other),
        ];
        assert!(app.ask(&device).await.status().is_client_error());
    }
    assert_eq!(app.userinfo(refresh).await, StatusCode::UNAUTHORIZED);
    assert_eq!(app.userinfo(&code).await, StatusCode::UNAUTHORIZED);
    assert_eq!(
        error(app.refresh(access).await).await,
        (400, "invalid_grant".to_owned())
    );
    // None of that burnt anything.
    assert_eq!(app.userinfo(access).await, StatusCode::OK);
    assert_eq!(app.refresh(refresh).await.status(), StatusCode::OK);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn az_16_a_nonce_comes_back_as_it_was_sent() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    browser.sign_in(&house, &request(&app.id, &[])).await;
    let longest = "n".repeat(512);
    for nonce in ["a b+c%2B&=", "関所 ✓", "\"quoted\\\"", "0", &longest] {
        let page = browser.get(&request(&app.id, &[("nonce", nonce)])).await;
        let code = page.answer("code").expect(nonce);
        let tokens = body(app.redeem(&code).await).await;
        assert_eq!(payload(member(&tokens, "id_token"))["nonce"], nonce);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn az_19_rt_02_a_stopped_person_gets_nothing_on_any_path() {
    let (house, app, code) = with_code(json!({})).await;
    let tokens = body(app.redeem(&code).await).await;
    let browser = Browser::new(&house);
    let page = browser.sign_in(&house, &request(&app.id, &[])).await;
    let waiting = page.answer("code").unwrap();
    stop_user(&house, UserState::Disabled).await;

    let silent = browser.get(&request(&app.id, &[("prompt", "none")])).await;
    assert_eq!(silent.answer("error").as_deref(), Some("login_required"));
    let shown = browser.get(&request(&app.id, &[])).await;
    assert!(
        shown.location().starts_with("/login"),
        "{}",
        shown.location()
    );
    assert_eq!(
        error(app.redeem(&waiting).await).await,
        (400, "invalid_grant".to_owned())
    );
    let refresh = member(&tokens, "refresh_token");
    assert_eq!(
        error(app.refresh(refresh).await).await,
        (400, "invalid_grant".to_owned())
    );
    let access = member(&tokens, "access_token");
    assert_eq!(app.userinfo(access).await, StatusCode::UNAUTHORIZED);
    assert!(!is_active(&house, &app, access).await);

    // Let back in, the person signs in again; what was issued before stays void.
    stop_user(&house, UserState::Active).await;
    assert_eq!(app.refresh(refresh).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(app.userinfo(access).await, StatusCode::UNAUTHORIZED);
    assert!(!is_active(&house, &app, access).await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reg_19_rt_02_a_stopped_app_is_refused_everywhere_at_once() {
    let (house, app, code) = with_code(json!({"default_resource": "https://api.example"})).await;
    let api = App::of(&house, json!({"default_resource": "https://api.example"})).await;
    let tokens = body(app.redeem(&code).await).await;
    let access = member(&tokens, "access_token");
    assert!(is_active(&house, &api, access).await);
    let browser = Browser::new(&house);
    let page = browser.sign_in(&house, &request(&app.id, &[])).await;
    let waiting = page.answer("code").unwrap();

    let id = sekisho_model::ClientId::new(app.id.as_str());
    let store = house.house.services.store.clone();
    let wanted = id.clone();
    let mut client = store
        .read(move |tx| tx.client(&wanted))
        .await
        .unwrap()
        .unwrap()
        .client;
    client.disabled = true;
    let stop = move |tx: &mut sekisho_store::Tx<'_>| tx.update_client(&client);
    store.write(stop).await.unwrap();
    house.house.services.provider.hear().await.unwrap();

    let shown = browser.get(&request(&app.id, &[])).await;
    assert_eq!(shown.status, StatusCode::FORBIDDEN, "a page, no redirect");
    let refused = (401, "invalid_client".to_owned());
    assert_eq!(error(app.redeem(&waiting).await).await, refused);
    let refresh = member(&tokens, "refresh_token");
    assert_eq!(error(app.refresh(refresh).await).await, refused);
    for path in ["/oauth2/par", "/oauth2/introspect", "/oauth2/revoke"] {
        let answer = post(&house, &app, path, &[("token", access)]).await;
        assert_eq!(error(answer).await, refused, "{path}");
    }
    assert_eq!(app.userinfo(access).await, StatusCode::UNAUTHORIZED);
    assert!(!is_active(&house, &api, access).await, "its tokens as well");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rt_08_a_reused_refresh_token_is_noticed_after_a_restart() {
    let (house, app, code) = with_code(json!({"token_endpoint_auth_method": "none"})).await;
    let first = body(app.redeem(&code).await).await;
    let second = body(app.refresh(member(&first, "refresh_token")).await).await;
    house.advance(std::time::Duration::from_secs(61)).await;
    let house = house.reopened().await;
    for token in [&first, &second] {
        let answer = app.refresh(member(token, "refresh_token")).await;
        assert_eq!(error(answer).await, (400, "invalid_grant".to_owned()));
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jw_09_id_tokens_and_access_tokens_do_not_stand_for_each_other() {
    let (house, app, code) = with_code(json!({})).await;
    let tokens = body(app.redeem(&code).await).await;
    let (access, id_token) = (member(&tokens, "access_token"), member(&tokens, "id_token"));
    let claims = payload(access);
    for name in [
        "iss",
        "exp",
        "aud",
        "sub",
        "client_id",
        "iat",
        "jti",
        "scope",
    ] {
        assert!(claims.get(name).is_some(), "{name} in {claims}");
    }
    let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert!(life <= 600, "{life}");
    assert_eq!(app.userinfo(access).await, StatusCode::OK);
    assert_eq!(app.userinfo(id_token).await, StatusCode::UNAUTHORIZED);
    assert!(is_active(&house, &app, access).await);
    assert!(!is_active(&house, &app, id_token).await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jw_09_az_13_what_is_no_id_token_for_the_app_is_no_hint() {
    let (house, app, code) = with_code(json!({})).await;
    let other = App::of(&house, json!({"skip_consent": true})).await;
    let tokens = body(app.redeem(&code).await).await;
    let (access, id_token) = (member(&tokens, "access_token"), member(&tokens, "id_token"));
    let browser = Browser::new(&house);
    browser.sign_in(&house, &request(&app.id, &[])).await;
    let (silently, unsigned) = (("prompt", "none"), id_token.rsplit_once('.').unwrap().0);
    let ask = async |id: &str, changes: &[(&str, &str)]| browser.get(&request(id, changes)).await;
    let page = ask(&app.id, &[silently, ("id_token_hint", id_token)]).await;
    assert!(page.answer("code").is_some(), "its own ID token");
    let page = ask(&app.id, &[silently, ("id_token_hint", "")]).await;
    assert!(page.answer("code").is_some(), "empty is absent");
    for (who, hint) in [
        (&app.id, access),
        (&app.id, &format!("{unsigned}.")),
        (&app.id, "x"),
        (&app.id, &"x".repeat(9000)),
        (&other.id, id_token),
    ] {
        let page = ask(who, &[silently, ("id_token_hint", hint)]).await;
        assert_eq!(page.answer("error").as_deref(), Some("login_required"));
        // Where somebody can be asked, it is as if there were no hint.
        let page = ask(who, &[("id_token_hint", hint)]).await;
        assert!(page.answer("code").is_some(), "{}", page.location());
    }
    // A hint does not lift what the claims insist on, with or without a page.
    let claims = ("claims", r#"{"id_token":{"sub":{"value":"somebody"}}}"#);
    for prompt in [silently, ("prompt", "")] {
        let page = ask(&app.id, &[prompt, ("id_token_hint", id_token), claims]).await;
        assert_eq!(page.answer("error").as_deref(), Some("login_required"));
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_04_in_07_revocation_is_for_the_owner_and_tells_strangers_nothing() {
    let (house, app, code) = with_code(json!({})).await;
    let stranger = App::of(&house, json!({})).await;
    let tokens = body(app.redeem(&code).await).await;
    let (access, refresh) = (
        member(&tokens, "access_token"),
        member(&tokens, "refresh_token"),
    );
    let revoke = async |who: &App, form: &[(&str, &str)]| {
        let answer = post(&house, who, "/oauth2/revoke", form).await;
        let status = answer.status();
        (status, answer.text().await.unwrap())
    };
    let nothing = (StatusCode::OK, String::new());
    let made_up = [("token", "a-token-that-never-was")];
    assert_eq!(revoke(&app, &made_up).await, nothing);
    for token in [access, refresh] {
        assert_eq!(revoke(&stranger, &[("token", token)]).await, nothing);
    }
    let nobody = App {
        secret: Some("wrong".to_owned()),
        ..App::of(&house, json!({})).await
    };
    let (status, _) = revoke(&nobody, &[("token", refresh)]).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        app.userinfo(access).await,
        StatusCode::OK,
        "none of it counted"
    );

    // A hint orders the look-up and decides nothing: a wrong or unknown one finds the token as well.
    let hinted = [("token", access), ("token_type_hint", "refresh_token")];
    let seen = post(&house, &app, "/oauth2/introspect", &hinted).await;
    assert_eq!(body(seen).await["active"], true);
    let hinted = [("token", refresh), ("token_type_hint", "unheard_of")];
    assert_eq!(revoke(&app, &hinted).await, nothing);
    assert_eq!(app.refresh(refresh).await.status(), StatusCode::BAD_REQUEST);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_06_userinfo_takes_the_token_from_the_header_and_wants_openid() {
    let (house, app, code) = with_code(json!({})).await;
    let tokens = body(app.redeem(&code).await).await;
    let access = member(&tokens, "access_token");
    let url = house.url("/oauth2/userinfo");
    let in_query = app.http.get(&url).query(&[("access_token", access)]);
    assert_eq!(
        in_query.send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    let header = app.http.get(&url).bearer_auth(access).send().await.unwrap();
    let claims = body(header).await;
    assert_eq!(claims["sub"], payload(member(&tokens, "id_token"))["sub"]);
    let narrowed = [
        ("grant_type", "refresh_token"),
        ("refresh_token", member(&tokens, "refresh_token")),
        ("scope", "email"),
    ];
    let narrowed = body(app.ask(&narrowed).await).await;
    let answer = app
        .http
        .get(&url)
        .bearer_auth(member(&narrowed, "access_token"));
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("insufficient_scope"), "{challenge}");
    house.close().await;
}
