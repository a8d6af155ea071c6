//! The example API and the real server: an app finds out whose tokens the API takes, gets one, proves that
//! it is its own, and lets its person sign in again when the API wants that.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use reqwest::Response;
use sekisho_model::{Clock as _, Digest, SigningAlgorithm, SystemClock};
use serde_json::{Value, json};

use crate::authorization::request;
use crate::sender_constrained::Key;
use crate::support::browser::Browser;
use crate::support::documents::{Document, DocumentServer};
use crate::support::house::TestHouse;
use crate::support::ports::free_address;
use crate::support::processes::Process;
use crate::support::signing::{AppKey, payload};
use crate::support::wait;
use crate::tokens::{App, body};

/// The example, running.
struct Api {
    base: String,
    http: reqwest::Client,
    _process: Process,
    _papers: tempfile::TempDir,
}

impl Api {
    /// For tokens of `issuer`, with more settings.
    async fn of(issuer: &str, more: &[(&str, &str)]) -> Self {
        // A house does this itself; some tests here have none.
        let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let listen = free_address();
        let base = format!("http://{listen}");
        let settings = [("ISSUER", issuer), ("LISTEN", &*listen)];
        let settings = [&settings, more].concat();
        let papers = tempfile::tempdir().unwrap();
        let paper = papers.path().join("api");
        let process = Process::example("resource_server", &[], &settings, &paper);
        wait::until("the API", async || reqwest::get(&base).await.ok()).await;
        Self {
            base,
            http: reqwest::Client::new(),
            _process: process,
            _papers: papers,
        }
    }

    fn orders(&self) -> String {
        format!("{}/orders", self.base)
    }

    async fn get(&self, authorization: &str, more: &[(&str, &str)]) -> Response {
        let mut call = self.http.get(self.orders());
        call = call.header("authorization", authorization);
        for (name, value) in more {
            call = call.header(*name, *value);
        }
        call.send().await.unwrap()
    }

    async fn order(&self, token: &str) -> Response {
        let call = self.http.post(self.orders()).bearer_auth(token);
        call.send().await.unwrap()
    }

    /// A client of the house that calls this API on its own account.
    fn machine(&self) -> Value {
        json!({
            "grant_types": ["client_credentials"], "redirect_uris": [], "post_logout_redirect_uris": [],
            "scope": "orders:read", "default_resource": self.base,
        })
    }

    /// A proof for `GET /orders` with `token`; both programs live by this machine's clock.
    fn proof(&self, house: &TestHouse, key: &Key, token: &str, changes: &Value) -> String {
        let mut all = json!({
            "htu": self.orders(), "iat": SystemClock.now().seconds(),
            "ath": Digest::of(token.as_bytes()).to_base64url(),
        });
        for (name, value) in changes.as_object().unwrap() {
            all[name] = value.clone();
        }
        key.proof(house, ("GET", "/orders"), &all)
    }
}

fn with(mut base: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        base[name] = value.clone();
    }
    base
}

/// Scheme and members of every challenge.
fn challenges(response: &Response) -> Vec<(String, HashMap<String, String>)> {
    let all = response.headers().get_all("www-authenticate").iter();
    all.map(|line| {
        let (scheme, members) = line.to_str().unwrap().split_once(' ').unwrap();
        let members = members.split(", ").map(|member| {
            let (name, value) = member.split_once('=').unwrap();
            (name.to_owned(), value.trim_matches('"').to_owned())
        });
        (scheme.to_owned(), members.collect())
    })
    .collect()
}

/// Status and error of a refusal with one challenge.
fn refusal(response: &Response) -> (u16, String) {
    let status = response.status().as_u16();
    let told = challenges(response);
    let [(_, members)] = told.as_slice() else {
        panic!("{status} {told:?}");
    };
    (status, members.get("error").cloned().unwrap_or_default())
}

fn refused(status: u16, error: &str) -> (u16, String) {
    (status, error.to_owned())
}

async fn credentials(app: &App, more: &[(&str, &str)]) -> Value {
    let form = [&[("grant_type", "client_credentials")], more].concat();
    body(app.ask(&form).await).await
}

fn access(tokens: &Value) -> &str {
    tokens["access_token"]
        .as_str()
        .unwrap_or_else(|| panic!("{tokens}"))
}

/// A token that the house's own key signs, whatever it says.
fn signed(house: &TestHouse, typ: &str, claims: &Value) -> String {
    let keys = house.house.services.provider.keys.current();
    keys.sign(SigningAlgorithm::ES256, typ, claims, house.now())
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_9728_an_app_finds_its_way_from_the_api_to_a_token() {
    let house = TestHouse::open().await;
    let api = Api::of(&house.issuer, &[]).await;
    let unasked = api.http.get(api.orders()).send().await.unwrap();
    assert_eq!(unasked.status().as_u16(), 401);
    let told = challenges(&unasked);
    let schemes: Vec<&str> = told.iter().map(|(scheme, _)| &**scheme).collect();
    assert_eq!(schemes, ["Bearer", "DPoP"]);
    assert!(
        told.iter()
            .all(|(_, members)| members.get("error").is_none())
    );
    let about = &told[0].1["resource_metadata"];
    assert_eq!(
        *about,
        format!("{}/.well-known/oauth-protected-resource", api.base)
    );
    let about = body(reqwest::get(about).await.unwrap()).await;
    assert_eq!(about["resource"], api.base);
    assert_eq!(about["bearer_methods_supported"], json!(["header"]));
    let issuer = about["authorization_servers"][0].as_str().unwrap();
    assert_eq!(issuer, house.issuer);

    let metadata = format!("{issuer}/.well-known/oauth-authorization-server");
    let metadata = body(reqwest::get(metadata).await.unwrap()).await;
    let app = App {
        token_url: metadata["token_endpoint"].as_str().unwrap().to_owned(),
        ..App::of(&house, api.machine()).await
    };
    let resource = ("resource", about["resource"].as_str().unwrap());
    let scope = ("scope", about["scopes_supported"][0].as_str().unwrap());
    let tokens = credentials(&app, &[resource, scope]).await;
    let answer = api.get(&format!("bEaReR {}", access(&tokens)), &[]).await;
    assert_eq!(answer.status().as_u16(), 200);
    let answer = body(answer).await;
    assert_eq!(
        (&answer["asked_by"], &answer["through"]),
        (&json!(app.id), &json!(app.id))
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_9728_the_metadata_of_an_api_below_a_path_has_that_path_at_its_end() {
    let house = TestHouse::open().await;
    let named = [("AUDIENCE", "https://api.example/v1/orders")];
    let api = Api::of(&house.issuer, &named).await;
    let unasked = api.http.get(api.orders()).send().await.unwrap();
    let path = "/.well-known/oauth-protected-resource/v1/orders";
    let about = &challenges(&unasked)[0].1["resource_metadata"];
    assert_eq!(*about, format!("https://api.example{path}"));
    let about = reqwest::get(format!("{}{path}", api.base)).await.unwrap();
    assert_eq!(body(about).await["resource"], named[0].1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_9068_4_the_api_takes_its_own_tokens_and_no_others() {
    let house = TestHouse::open().await;
    let api = Api::of(&house.issuer, &[]).await;
    let app = App::of(&house, api.machine()).await;
    let good = credentials(&app, &[]).await;
    let good = access(&good);
    let elsewhere = with(
        api.machine(),
        &json!({"default_resource": "https://other.example"}),
    );
    let elsewhere = credentials(&App::of(&house, elsewhere).await, &[]).await;
    let elsewhere = access(&elsewhere);
    assert_eq!(payload(elsewhere)["aud"], json!(["https://other.example"]));

    let bearer = |token: &str| format!("Bearer {token}");
    let claims = payload(good);
    let past = SystemClock.now().seconds() - 60;
    let made = |typ: &str, changes: Value| signed(&house, typ, &with(claims.clone(), &changes));
    assert_eq!(
        api.get(&bearer(&made("at+jwt", json!({}))), &[])
            .await
            .status(),
        200
    );
    let stranger = AppKey::new("k");
    let header = |kid: &str| json!({"alg": "ES256", "typ": "at+jwt", "kid": kid});
    let kid = good_kid(good);
    for (what, token) in [
        ("for another API", elsewhere.to_owned()),
        ("expired", made("at+jwt", json!({"exp": past}))),
        ("not yet", made("at+jwt", json!({"nbf": past + 3600}))),
        (
            "another issuer",
            made("at+jwt", json!({"iss": "https://id.example"})),
        ),
        ("an ID token's type", made("JWT", json!({}))),
        (
            "an unknown binding",
            made("at+jwt", json!({"cnf": {"kid": "k"}})),
        ),
        (
            "a stranger's key",
            stranger.sign_with(&header(&kid), &claims),
        ),
        (
            "an unknown key",
            stranger.sign_with(&header("unheard-of"), &claims),
        ),
        ("unsigned", format!("{}.", good.rsplit_once('.').unwrap().0)),
        ("no JWT", "x".repeat(6000)),
    ] {
        let answer = api.get(&bearer(&token), &[]).await;
        assert_eq!(refusal(&answer), refused(401, "invalid_token"), "{what}");
    }
    // One that is alright, in the wrong place or for the wrong thing.
    let twice = api
        .get(&bearer(good), &[("authorization", &bearer(good))])
        .await;
    assert_eq!(refusal(&twice), refused(400, "invalid_request"));
    let nothing = api.get("Bearer ", &[]).await;
    assert_eq!(refusal(&nothing), refused(400, "invalid_request"));
    let in_query = api.http.get(api.orders()).query(&[("access_token", good)]);
    assert_eq!(in_query.send().await.unwrap().status(), 401);
    let answer = api.order(good).await;
    assert_eq!(refusal(&answer), refused(403, "insufficient_scope"));
    assert_eq!(challenges(&answer)[0].1["scope"], "orders:write");
    house.close().await;
}

/// The `kid` that a JWT names.
fn good_kid(jwt: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode(jwt.split('.').next().unwrap());
    let header: Value = serde_json::from_slice(&header.unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_9068_4_made_up_key_names_make_the_api_ask_the_issuer_once() {
    let nowhere = Document::json(&json!({}));
    let issuer = DocumentServer::open(nowhere);
    let base = issuer.url.trim_end_matches("/document").to_owned();
    let key = AppKey::new("k-1");
    // One page for both: the metadata and the keys.
    let page =
        json!({"issuer": base, "jwks_uri": format!("{base}/jwks"), "keys": key.jwks()["keys"]});
    issuer.show(Document::json(&page));
    let api = Api::of(&base, &[]).await;
    let claims = json!({
        "iss": base, "sub": "m", "client_id": "m", "aud": [api.base], "scope": "orders:read",
        "exp": SystemClock.now().seconds() + 300,
    });
    let stranger = AppKey::new("k-2");
    let many = (0..30).map(|number| {
        let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": format!("made-up-{number}")});
        format!("Bearer {}", stranger.sign_with(&header, &claims))
    });
    let answers = join_all(many.map(async |token| api.get(&token, &[]).await.status())).await;
    assert!(answers.iter().all(|status| *status == 401), "{answers:?}");
    assert_eq!(issuer.asked(), 2, "the metadata and the keys");
    let good = format!("Bearer {}", key.sign("at+jwt", &claims));
    assert_eq!(api.get(&good, &[]).await.status(), 200);
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_9068_4_an_api_without_keys_lets_nobody_in() {
    let issuer = DocumentServer::open(Document::json(&json!({"issuer": "https://other.example"})));
    let base = issuer.url.trim_end_matches("/document");
    let api = Api::of(base, &[]).await;
    let token = AppKey::new("k").sign("at+jwt", &json!({}));
    let answer = api.get(&format!("Bearer {token}"), &[]).await;
    assert_eq!(answer.status(), 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_9449_7_1_a_proof_is_for_one_call_with_one_token_and_one_key() {
    let house = TestHouse::open().await;
    let api = Api::of(&house.issuer, &[]).await;
    let bound = with(api.machine(), &json!({"dpop_bound_access_tokens": true}));
    let app = App::of(&house, bound).await;
    let (key, other) = (Key::new(), Key::new());
    let ask = app
        .http
        .post(&app.token_url)
        .basic_auth(&app.id, app.secret.as_ref());
    let ask = ask.header("dpop", key.at_token(&house));
    let tokens = ask.form(&[("grant_type", "client_credentials")]);
    let tokens = body(tokens.send().await.unwrap()).await;
    assert_eq!(tokens["token_type"], "DPoP");
    let token = access(&tokens);
    let presented = format!("DPoP {token}");
    let proof = |key: &Key, changes: Value| api.proof(&house, key, token, &changes);

    let once = proof(&key, json!({}));
    let all = (0..8).map(async |_| api.get(&presented, &[("dpop", &once)]).await.status());
    let all = join_all(all).await;
    let let_in = all.iter().filter(|status| **status == 200).count();
    assert_eq!(let_in, 1, "of one proof sent eight times at once: {all:?}");
    let again = api.get(&presented, &[("dpop", &once)]).await;
    assert_eq!(refusal(&again), refused(401, "invalid_dpop_proof"));
    assert!(challenges(&again)[0].1["algs"].contains("ES256"));

    let now = SystemClock.now().seconds();
    for (what, proofs) in [
        ("none", vec![]),
        ("two", vec![proof(&key, json!({})), proof(&key, json!({}))]),
        ("another key's", vec![proof(&other, json!({}))]),
        (
            "another method's",
            vec![proof(&key, json!({"htm": "POST"}))],
        ),
        (
            "another address",
            vec![proof(&key, json!({"htu": format!("{}/", api.orders())}))],
        ),
        (
            "another host",
            vec![proof(&key, json!({"htu": "https://api.example/orders"}))],
        ),
        ("no ath", vec![proof(&key, json!({"ath": null}))]),
        (
            "another token's",
            vec![proof(&key, json!({"ath": Digest::of(b"x").to_base64url()}))],
        ),
        ("old", vec![proof(&key, json!({"iat": now - 61}))]),
        (
            "from before the API began",
            vec![proof(&key, json!({"iat": now - 59}))],
        ),
        ("to come", vec![proof(&key, json!({"iat": now + 60}))]),
        ("no jti", vec![proof(&key, json!({"jti": null}))]),
        ("an empty jti", vec![proof(&key, json!({"jti": ""}))]),
        ("long", vec![proof(&key, json!({"x": "x".repeat(9000)}))]),
        ("no JWT", vec!["x".to_owned()]),
        ("a token", vec![token.to_owned()]),
    ] {
        let proofs: Vec<_> = proofs.iter().map(|proof| ("dpop", &**proof)).collect();
        let answer = api.get(&presented, &proofs).await;
        assert_eq!(
            refusal(&answer),
            refused(401, "invalid_dpop_proof"),
            "{what}"
        );
    }
    let loose = proof(
        &key,
        json!({"htu": format!("{}?x=1#y", api.orders().to_uppercase().replace("/ORDERS", "/orders"))}),
    );
    assert_eq!(api.get(&presented, &[("dpop", &loose)]).await.status(), 200);

    let as_bearer = api
        .get(
            &format!("Bearer {token}"),
            &[("dpop", &proof(&key, json!({})))],
        )
        .await;
    assert_eq!(refusal(&as_bearer), refused(401, "invalid_token"));
    let plain = credentials(&App::of(&house, api.machine()).await, &[]).await;
    let plain = access(&plain);
    let dressed_up = api.proof(&house, &key, plain, &json!({}));
    let dressed_up = api
        .get(&format!("DPoP {plain}"), &[("dpop", &dressed_up)])
        .await;
    assert_eq!(refusal(&dressed_up), refused(401, "invalid_token"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_8705_3_a_bound_token_needs_the_certificate_that_a_trusted_proxy_passes_on() {
    let house = TestHouse::open().await;
    let api = Api::of(&house.issuer, &[("PROXY", "127.0.0.1")]).await;
    let app = App::of(&house, api.machine()).await;
    let plain = credentials(&app, &[]).await;
    let thumbprint = Digest::of(b"a certificate").to_base64url();
    let bound = with(
        payload(access(&plain)),
        &json!({"cnf": {"x5t#S256": thumbprint}}),
    );
    let token = format!("Bearer {}", signed(&house, "at+jwt", &bound));
    let header = |der: &[u8]| format!(":{}:", STANDARD.encode(der));
    let (own, foreign) = (header(b"a certificate"), header(b"another"));
    let (own, foreign) = (&*own, &*foreign);
    assert_eq!(api.get(&token, &[("client-cert", own)]).await.status(), 200);
    let twice = [("client-cert", own), ("client-cert", own)];
    for certificates in [
        &[][..],
        &[("client-cert", foreign)],
        &[("client-cert", "x")],
        &twice,
    ] {
        let answer = api.get(&token, certificates).await;
        assert_eq!(
            refusal(&answer),
            refused(401, "invalid_token"),
            "{certificates:?}"
        );
    }
    // Nobody is trusted: the same header proves nothing.
    let named = [("AUDIENCE", &*api.base)];
    let trusting_nobody = Api::of(&house.issuer, &named).await;
    let answer = trusting_nobody.get(&token, &[("client-cert", own)]).await;
    assert_eq!(refusal(&answer), refused(401, "invalid_token"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_9470_the_api_sends_a_person_to_a_better_sign_in_and_takes_its_token() {
    let house = TestHouse::open().await;
    let user = house.user;
    let off = move |tx: &mut sekisho_store::Tx<'_>| tx.set_second_step(user, false);
    house.house.services.store.write(off).await.unwrap();
    let api = Api::of(&house.issuer, &[]).await;
    let scope = ("scope", "openid orders:write");
    let client = json!({"skip_consent": true, "scope": scope.1, "default_resource": api.base});
    let app = App::of(&house, client).await;
    let browser = Browser::new(&house);
    let to_login = browser.get(&request(&app.id, &[scope])).await;
    let login = browser.get(to_login.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", crate::support::house::PASSWORD),
    ];
    let code = browser.post("/login", &form).await.answer("code").unwrap();
    let first = body(app.redeem(&code).await).await;
    let answer = api.order(access(&first)).await;
    let wanted = refused(401, "insufficient_user_authentication");
    assert_eq!(refusal(&answer), wanted);
    let told = challenges(&answer).remove(0).1;

    // RFC 9470 §4: what the challenge says goes into a new authorization request.
    house.advance(Duration::from_secs(1)).await;
    let step_up = ["acr_values", "max_age"].map(|name| (name, &*told[name]));
    let better = request(&app.id, &[scope, step_up[0], step_up[1]]);
    let code = browser.sign_in(&house, &better).await.answer("code");
    let second = body(app.redeem(&code.unwrap()).await).await;
    let answer = api.order(access(&second)).await;
    assert_eq!(answer.status().as_u16(), 201);
    assert_eq!(
        body(answer).await["ordered_by"],
        payload(access(&second))["sub"]
    );

    // Well, but too long ago; and on a machine's own account.
    let claims = payload(access(&second));
    let long_ago = SystemClock.now().seconds() - 301;
    for changes in [
        json!({"auth_time": long_ago}),
        json!({"auth_time": null}),
        json!({"acr": null}),
    ] {
        let token = signed(&house, "at+jwt", &with(claims.clone(), &changes));
        assert_eq!(refusal(&api.order(&token).await), wanted, "{changes}");
    }
    house.close().await;
}
