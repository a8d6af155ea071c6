//! Tokens bound to a key by proofs of possession (RFC 9449).

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use reqwest::{Response, StatusCode};
use sekisho_model::{Clock as _, Digest, Event, EventKind, Feature};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::{TestHouse, variable};
use crate::support::processes::Proxy;
use crate::switches::switch;
use crate::tokens::{App, body, with_code};

/// The key of an app.
pub struct Key {
    pair: EcdsaKeyPair,
    jwk: Value,
}

impl Key {
    pub fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let point = pair.public_key().as_ref().to_vec();
        let at = |from: usize| URL_SAFE_NO_PAD.encode(&point[from..from + 32]);
        let jwk = json!({"crv": "P-256", "kty": "EC", "x": at(1), "y": at(33)});
        Self { pair, jwk }
    }

    /// RFC 7638 §3: the members in their order, without spaces.
    pub fn thumbprint(&self) -> String {
        Digest::of(self.jwk.to_string().as_bytes()).to_base64url()
    }

    /// A proof with `changes`; `null` takes a member away.
    pub fn proof(&self, house: &TestHouse, call: (&str, &str), changes: &Value) -> String {
        let id = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let mut claims = json!({
            "jti": URL_SAFE_NO_PAD.encode(id.public_key().as_ref()), "htm": call.0,
            "htu": house.url(call.1), "iat": house.clock.now().seconds(),
        });
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(&claims));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.unwrap()))
    }

    /// For the token endpoint.
    pub fn at_token(&self, house: &TestHouse) -> String {
        self.proof(house, TOKEN, &json!({}))
    }

    /// For userinfo, with `token`.
    pub fn at_userinfo(&self, house: &TestHouse, token: &str) -> String {
        self.proof(house, USERINFO, &json!({"ath": hash(token)}))
    }
}

const TOKEN: (&str, &str) = ("POST", "/oauth2/token");
const USERINFO: (&str, &str) = ("GET", "/oauth2/userinfo");

fn hash(token: &str) -> String {
    Digest::of(token.as_bytes()).to_base64url()
}

fn code_form(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", "https://app.example/cb"),
        (
            "code_verifier",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        ),
    ]
}

fn refresh_form(token: &str) -> Vec<(&str, &str)> {
    vec![("grant_type", "refresh_token"), ("refresh_token", token)]
}

async fn ask(app: &App, form: &[(&str, &str)], proofs: &[String]) -> Response {
    let mut form = form.to_vec();
    let mut request = app.http.post(&app.token_url);
    match &app.secret {
        Some(secret) => request = request.basic_auth(&app.id, Some(secret)),
        None => form.push(("client_id", &app.id)),
    }
    for proof in proofs {
        request = request.header("dpop", proof);
    }
    request.form(&form).send().await.unwrap()
}

async fn userinfo(app: &App, authorization: &str, proofs: &[String]) -> Response {
    let mut request = app
        .http
        .get(&app.userinfo_url)
        .header("authorization", authorization);
    for proof in proofs {
        request = request.header("dpop", proof);
    }
    request.send().await.unwrap()
}

fn challenges(response: &Response) -> String {
    let all = response.headers().get_all("www-authenticate");
    let all: Vec<_> = all.iter().map(|line| line.to_str().unwrap()).collect();
    all.join("\n")
}

async fn error(response: Response) -> (StatusCode, String) {
    let status = response.status();
    let answer = body(response).await;
    (
        status,
        answer["error"].as_str().unwrap_or_default().to_owned(),
    )
}

fn bad(code: &str) -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, code.to_owned())
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// A machine's client.
fn machine(extra: &Value) -> Value {
    let mut all = json!({
        "grant_types": ["client_credentials"], "redirect_uris": [], "post_logout_redirect_uris": [],
        "scope": "orders:read", "default_resource": "https://api.example",
    });
    for (name, value) in extra.as_object().unwrap() {
        all[name] = value.clone();
    }
    all
}

const CREDENTIALS: [(&str, &str); 1] = [("grant_type", "client_credentials")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dp_05_dp_06_a_bound_token_needs_its_scheme_its_key_and_a_proof_for_it() {
    for opaque in [false, true] {
        let (house, app, code) = with_code(json!({"opaque_access_tokens": opaque})).await;
        let (key, other) = (Key::new(), Key::new());
        let tokens = body(ask(&app, &code_form(&code), &[key.at_token(&house)]).await).await;
        assert_eq!(text(&tokens, "token_type"), "DPoP");
        let token = text(&tokens, "access_token");
        let with_scheme = format!("DPoP {token}");
        for scheme in ["DPoP", "dPOP", "dpop"] {
            let proofs = [key.at_userinfo(&house, token)];
            let answer = userinfo(&app, &format!("{scheme} {token}"), &proofs).await;
            assert_eq!(answer.status(), StatusCode::OK, "{scheme}");
        }
        let used = key.at_userinfo(&house, token);
        let first = userinfo(&app, &with_scheme, std::slice::from_ref(&used)).await;
        assert_eq!(first.status(), StatusCode::OK);
        let with = |changes: &Value| vec![key.proof(&house, USERINFO, changes)];
        for (what, proofs) in [
            ("no proof", vec![]),
            ("a proof twice", vec![used]),
            (
                "two proofs",
                vec![
                    key.at_userinfo(&house, token),
                    key.at_userinfo(&house, token),
                ],
            ),
            ("no ath", with(&json!({}))),
            ("another token's ath", with(&json!({"ath": hash("other")}))),
            (
                "another method",
                with(&json!({"ath": hash(token), "htm": "POST"})),
            ),
            ("another address", vec![key.at_token(&house)]),
            ("another key", vec![other.at_userinfo(&house, token)]),
        ] {
            let answer = userinfo(&app, &with_scheme, &proofs).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{what}");
            let challenge = challenges(&answer);
            assert!(
                challenge.starts_with("DPoP realm=\"sekisho\", error=\"invalid_"),
                "{what}: {challenge}"
            );
            assert!(
                challenge.contains("algs=\"ES256 EdDSA PS256\""),
                "{challenge}"
            );
        }
        let downgraded = userinfo(
            &app,
            &format!("Bearer {token}"),
            &[key.at_userinfo(&house, token)],
        )
        .await;
        assert_eq!(downgraded.status(), StatusCode::UNAUTHORIZED);
        assert!(challenges(&downgraded).contains("DPoP algs="));
        let form = [("token", token)];
        let introspected = app
            .http
            .post(house.url("/oauth2/introspect"))
            .basic_auth(&app.id, app.secret.as_ref())
            .form(&form);
        let introspected = body(introspected.send().await.unwrap()).await;
        assert_eq!(text(&introspected, "token_type"), "DPoP");
        assert_eq!(introspected["cnf"], json!({"jkt": key.thumbprint()}));
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dp_06_a_proof_beside_a_bearer_token_is_no_upgrade() {
    let (house, app, code) = with_code(json!({})).await;
    let tokens = body(app.redeem(&code).await).await;
    assert_eq!(text(&tokens, "token_type"), "Bearer");
    let (key, token) = (Key::new(), text(&tokens, "access_token"));
    let proofs = [key.at_userinfo(&house, token)];
    let as_dpop = userinfo(&app, &format!("DPoP {token}"), &proofs).await;
    assert_eq!(as_dpop.status(), StatusCode::UNAUTHORIZED);
    let as_bearer = userinfo(&app, &format!("bEARER {token}"), &proofs).await;
    assert_eq!(as_bearer.status(), StatusCode::OK);
    let none = app.http.get(&app.userinfo_url).send().await.unwrap();
    assert_eq!(none.status(), StatusCode::UNAUTHORIZED);
    let both = challenges(&none);
    assert!(
        both.contains("Bearer realm") && both.contains("DPoP algs"),
        "{both}"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dp_01_the_name_of_the_header_may_be_in_capitals() {
    let (house, app, code) = with_code(json!({})).await;
    let key = Key::new();
    let tokens = body(ask(&app, &code_form(&code), &[key.at_token(&house)]).await).await;
    let token = text(&tokens, "access_token");
    let host = house.issuer.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let request = format!(
        "GET /oauth2/userinfo HTTP/1.1\r\nHost: {host}\r\nAUTHORIZATION: DPoP {token}\r\n\
         DPOP: {}\r\nConnection: close\r\n\r\n",
        key.at_userinfo(&house, token)
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dp_01_dp_02_a_wrong_proof_is_refused_and_uses_nothing_up() {
    let (house, app, code) = with_code(json!({})).await;
    let key = Key::new();
    let with = |changes: &Value| key.proof(&house, TOKEN, changes);
    let now = house.clock.now().seconds();
    for (what, proofs) in [
        ("two", vec![key.at_token(&house), key.at_token(&house)]),
        ("no JWT", vec!["x".to_owned()]),
        ("empty", vec![String::new()]),
        ("another method", vec![with(&json!({"htm": "GET"}))]),
        (
            "another address",
            vec![with(&json!({"htu": "https://evil.example/oauth2/token"}))],
        ),
        ("an hour old", vec![with(&json!({"iat": now - 3600}))]),
        ("of tomorrow", vec![with(&json!({"iat": now + 86_400}))]),
        ("no jti", vec![with(&json!({"jti": null}))]),
    ] {
        let answer = ask(&app, &code_form(&code), &proofs).await;
        assert_eq!(error(answer).await, bad("invalid_dpop_proof"), "{what}");
    }
    for fine in [
        json!({"iat": now - 10}),
        json!({"iat": now + 8}),
        json!({"nbf": now, "exp": now + 60}),
    ] {
        let answer = ask(
            &app,
            &[("grant_type", "authorization_code")],
            &[with(&fine)],
        )
        .await;
        assert_eq!(
            error(answer).await,
            bad("invalid_request"),
            "the proof was fine"
        );
    }
    let answer = ask(&app, &code_form(&code), &[key.at_token(&house)]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dp_03_one_of_fifty_uses_of_a_proof_counts() {
    let house = TestHouse::open().await;
    let app = Arc::new(App::of(&house, machine(&json!({}))).await);
    let proof = Key::new().at_token(&house);
    let answers = join_all((0..50).map(|_| {
        let (app, proof) = (Arc::clone(&app), proof.clone());
        tokio::spawn(async move { ask(&app, &CREDENTIALS, &[proof]).await.status() })
    }))
    .await;
    let won = answers
        .iter()
        .filter(|status| *status.as_ref().unwrap() == StatusCode::OK)
        .count();
    assert_eq!(won, 1);
    house.advance(Duration::from_secs(59)).await;
    let again = ask(&app, &CREDENTIALS, &[proof]).await;
    assert_eq!(error(again).await, bad("invalid_dpop_proof"));
    let told = replays(&house, "dpop_proof", &app.id).await;
    assert_eq!(told, (50, true), "each use but the first, in few events");
    house.close().await;
}

/// How many replays are told of an app, and whether a rule noticed them.
pub async fn replays(house: &TestHouse, what: &str, app: &str) -> (u64, bool) {
    let provider = &house.house.services.provider;
    for _ in 0..2 {
        provider.keep_watch().await.unwrap();
        house.advance(Duration::from_mins(1)).await;
    }
    let of_kind = async |kind| {
        let read = move |tx: &mut sekisho_store::Tx<'_>| tx.events_of_kind(kind, 99);
        house.house.services.store.read(read).await.unwrap()
    };
    let seen: Vec<Event> = of_kind(EventKind::ProofReplayed).await;
    assert!(seen.len() < 8, "{}", seen.len());
    let whose = |event: &Event| event.client_id.as_ref().map(|id| id.to_string());
    assert!(seen.iter().all(|e| whose(e).as_deref() == Some(app)));
    assert!(seen.iter().all(|e| e.detail["what"] == what));
    let fired: Vec<Event> = of_kind(EventKind::RuleFired).await;
    let noticed = fired.iter().any(|e| e.detail["rule"] == "replay-client");
    let counts = seen.iter().flat_map(|e| e.detail["count"].as_u64());
    (counts.sum(), noticed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dp_03_without_redis_a_proof_is_not_believed_and_other_calls_go_on() {
    let redis = url::Url::parse(&variable("TEST_REDIS_URL")).unwrap();
    let target = format!("{}:{}", redis.host_str().unwrap(), redis.port().unwrap());
    let proxy = Proxy::before(target).await;
    let mut through = redis;
    through.set_port(Some(proxy.port)).unwrap();
    let house = TestHouse::open_on_production(|config| {
        config.session.url = sekisho_server::config::SecretText::new(through.as_str());
    })
    .await;
    let app = App::of(&house, machine(&json!({}))).await;
    let key = Key::new();
    let proofs = [key.at_token(&house)];
    assert_eq!(
        ask(&app, &CREDENTIALS, &proofs).await.status(),
        StatusCode::OK
    );
    proxy.stop();
    let proofs = [key.at_token(&house)];
    let answer = ask(&app, &CREDENTIALS, &proofs).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(ask(&app, &CREDENTIALS, &[]).await.status(), StatusCode::OK);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dp_04_where_nonces_are_required_they_are_told_and_end() {
    let house = TestHouse::open_with(|config| config.protocol.dpop_nonce_required = true).await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    let answer = browser.sign_in(&house, &request(&app.id, &[])).await;
    let code = answer.answer("code").unwrap();
    let key = Key::new();
    let nonce_of = |response: &Response| {
        let nonce = response.headers()["dpop-nonce"].to_str().unwrap();
        assert_eq!(response.headers()["cache-control"], "no-store");
        nonce.to_owned()
    };
    let first = ask(&app, &code_form(&code), &[key.at_token(&house)]).await;
    let nonce = nonce_of(&first);
    assert_eq!(error(first).await, bad("use_dpop_nonce"));
    let with = |nonce: &str| vec![key.proof(&house, TOKEN, &json!({"nonce": nonce}))];
    let second = ask(&app, &code_form(&code), &with(&nonce)).await;
    assert_eq!(second.status(), StatusCode::OK);
    assert_eq!(nonce_of(&second), nonce);
    let tokens = body(second).await;
    let token = text(&tokens, "access_token");
    let authorization = format!("DPoP {token}");
    let asked = userinfo(&app, &authorization, &[key.at_userinfo(&house, token)]).await;
    assert_eq!(asked.status(), StatusCode::UNAUTHORIZED);
    assert!(challenges(&asked).contains("DPoP realm=\"sekisho\", error=\"use_dpop_nonce\""));
    let claims = json!({"ath": hash(token), "nonce": nonce_of(&asked)});
    let proofs = [key.proof(&house, USERINFO, &claims)];
    let told = userinfo(&app, &authorization, &proofs).await;
    assert_eq!(told.status(), StatusCode::OK);
    assert_eq!(nonce_of(&told).len(), 43);
    house.advance(Duration::from_mins(11)).await;
    let refresh = refresh_form(text(&tokens, "refresh_token"));
    let stale = ask(&app, &refresh, &with(&nonce)).await;
    let next = nonce_of(&stale);
    assert_ne!(next, nonce);
    assert_eq!(error(stale).await, bad("use_dpop_nonce"));
    assert_eq!(
        ask(&app, &refresh, &with(&next)).await.status(),
        StatusCode::OK
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dp_04_where_nonces_are_not_required_a_wrong_one_is_still_wrong() {
    let house = TestHouse::open().await;
    let app = App::of(&house, machine(&json!({}))).await;
    let key = Key::new();
    let with = |nonce: &str| vec![key.proof(&house, TOKEN, &json!({"nonce": nonce}))];
    let wrong = ask(&app, &CREDENTIALS, &with("made up")).await;
    let nonce = wrong.headers()["dpop-nonce"].to_str().unwrap().to_owned();
    assert_eq!(error(wrong).await, bad("use_dpop_nonce"));
    let right = ask(&app, &CREDENTIALS, &with(&nonce)).await;
    assert_eq!(right.status(), StatusCode::OK);
    assert!(!right.headers().contains_key("dpop-nonce"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dp_08_a_public_clients_refresh_token_stays_with_its_key() {
    let (house, app, code) = with_code(json!({"token_endpoint_auth_method": "none"})).await;
    let (key, other) = (Key::new(), Key::new());
    let tokens = body(ask(&app, &code_form(&code), &[key.at_token(&house)]).await).await;
    let form = refresh_form(text(&tokens, "refresh_token"));
    let changed = ask(&app, &form, &[other.at_token(&house)]).await;
    assert_eq!(error(changed).await, bad("invalid_grant"));
    assert_eq!(
        error(ask(&app, &form, &[]).await).await,
        bad("invalid_grant")
    );
    for _ in 0..2 {
        let refreshed = body(ask(&app, &form, &[key.at_token(&house)]).await).await;
        assert_eq!(text(&refreshed, "token_type"), "DPoP");
        assert!(refreshed["refresh_token"].is_null(), "bound ones are kept");
        let token = text(&refreshed, "access_token");
        let proofs = [key.at_userinfo(&house, token)];
        let answer = userinfo(&app, &format!("DPoP {token}"), &proofs).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dp_08_a_confidential_client_may_change_its_key() {
    let (house, app, code) = with_code(json!({"dpop_bound_access_tokens": true})).await;
    let (key, next) = (Key::new(), Key::new());
    let tokens = body(ask(&app, &code_form(&code), &[key.at_token(&house)]).await).await;
    let form = refresh_form(text(&tokens, "refresh_token"));
    let refreshed = body(ask(&app, &form, &[next.at_token(&house)]).await).await;
    let token = text(&refreshed, "access_token");
    let authorization = format!("DPoP {token}");
    let with = |key: &Key| [key.at_userinfo(&house, token)];
    let old = userinfo(&app, &authorization, &with(&key)).await;
    assert_eq!(old.status(), StatusCode::UNAUTHORIZED);
    let new = userinfo(&app, &authorization, &with(&next)).await;
    assert_eq!(new.status(), StatusCode::OK);
    let plain = ask(&app, &form, &[]).await;
    assert_eq!(error(plain).await, bad("invalid_dpop_proof"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dp_09_a_client_registered_so_never_gets_a_bearer_token() {
    let bound = json!({"dpop_bound_access_tokens": true});
    let (house, app, code) = with_code(bound.clone()).await;
    let plain = ask(&app, &code_form(&code), &[]).await;
    assert_eq!(error(plain).await, bad("invalid_dpop_proof"));
    let key = Key::new();
    let proved = ask(&app, &code_form(&code), &[key.at_token(&house)]).await;
    assert_eq!(text(&body(proved).await, "token_type"), "DPoP");
    let machine = App::of(&house, machine(&bound)).await;
    let plain = ask(&machine, &CREDENTIALS, &[]).await;
    assert_eq!(error(plain).await, bad("invalid_dpop_proof"));
    let proved = ask(&machine, &CREDENTIALS, &[key.at_token(&house)]).await;
    assert_eq!(text(&body(proved).await, "token_type"), "DPoP");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dp_09_where_proofs_are_off_they_are_ignored_and_who_needs_them_is_refused() {
    let house = TestHouse::open_with(|config| config.protocol.dpop = false).await;
    let app = App::of(&house, machine(&json!({}))).await;
    let key = Key::new();
    let answer = body(ask(&app, &CREDENTIALS, &[key.at_token(&house)]).await).await;
    assert_eq!(text(&answer, "token_type"), "Bearer");
    let bound = App::of(&house, machine(&json!({"dpop_bound_access_tokens": true}))).await;
    let answer = ask(&bound, &CREDENTIALS, &[key.at_token(&house)]).await;
    assert_eq!(error(answer).await, bad("invalid_dpop_proof"));
    let document = house.url("/.well-known/openid-configuration");
    let document = body(app.http.get(document).send().await.unwrap()).await;
    assert!(document["dpop_signing_alg_values_supported"].is_null());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_06_without_dpop_no_bound_token_becomes_a_bearer_token_and_none_is_lost() {
    let public = json!({"token_endpoint_auth_method": "none", "dpop_bound_access_tokens": true});
    let (house, app, code) = with_code(public).await;
    let plain = App::of(&house, machine(&json!({}))).await;
    let key = Key::new();
    let tokens = body(ask(&app, &code_form(&code), &[key.at_token(&house)]).await).await;
    let (token, refresh) = (
        text(&tokens, "access_token"),
        text(&tokens, "refresh_token"),
    );
    let browser = Browser::new(&house);
    let start = request(&app.id, &[]);
    let begun = browser
        .sign_in(&house, &start)
        .await
        .answer("code")
        .unwrap();

    switch(&house, Feature::Dpop, false).await;
    let waits = StatusCode::SERVICE_UNAVAILABLE;
    for form in [code_form(&begun), refresh_form(refresh)] {
        for proofs in [vec![], vec![key.at_token(&house)]] {
            let answer = ask(&app, &form, &proofs).await;
            assert_eq!(answer.status(), waits);
            assert!(answer.headers().contains_key("retry-after"));
        }
    }
    for scheme in ["DPoP", "Bearer"] {
        for proofs in [vec![], vec![key.at_userinfo(&house, token)]] {
            let answer = userinfo(&app, &format!("{scheme} {token}"), &proofs).await;
            assert_eq!(answer.status(), waits, "{scheme}");
        }
    }
    // A proof that an app need not bring makes no plain token either.
    let proved = ask(&plain, &CREDENTIALS, &[key.at_token(&house)]).await;
    assert_eq!(proved.status(), waits);
    assert_eq!(
        ask(&plain, &CREDENTIALS, &[]).await.status(),
        StatusCode::OK
    );
    let other = App::of(&house, json!({"skip_consent": true})).await;
    let bound = request(&other.id, &[("dpop_jkt", &key.thumbprint())]);
    assert_eq!(browser.get(&bound).await.answer_if_any("code"), None);
    assert_eq!(browser.get(&start).await.answer_if_any("code"), None);

    switch(&house, Feature::Dpop, true).await;
    let answer = ask(&app, &code_form(&begun), &[key.at_token(&house)]).await;
    assert_eq!(answer.status(), StatusCode::OK, "the code was not used up");
    let answer = ask(&app, &refresh_form(refresh), &[key.at_token(&house)]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let proofs = [key.at_userinfo(&house, token)];
    let answer = userinfo(&app, &format!("DPoP {token}"), &proofs).await;
    assert_eq!(answer.status(), StatusCode::OK);
    house.close().await;
}
