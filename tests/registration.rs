//! Apps that register themselves (RFC 7591, RFC 7592, OpenID Connect Registration), and apps that are
//! known by a document at their address. The names of modules are those of the OpenID plans.

mod metadata;

mod unused;

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Method, Response, StatusCode};
use sekisho_model::{EventKind, InitialAccessToken, OsEntropy};
use sekisho_provider::publishers::PublisherDecided;
use sekisho_store::InitialAccess;
use serde_json::{Map, Value, json};

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::client_keys::ClientKey;
use crate::support::documents::{Document, DocumentServer};
use crate::support::house::TestHouse;
use crate::tokens::App;

const CALLBACK: &str = "https://app.example/cb";

async fn open_house() -> TestHouse {
    TestHouse::open_with(|config| {
        config.protocol.registration = true;
        config.registration.require_pkce = false;
    })
    .await
}

/// A token that allows `uses` registrations.
pub async fn allowed(house: &TestHouse, uses: u32) -> String {
    use sekisho_model::Clock as _;
    let token = InitialAccessToken::generate(&OsEntropy::new());
    let now = house.clock.now();
    let record = InitialAccess {
        digest: token.digest(),
        label: "test".to_owned(),
        created_at: now,
        expires_at: now + Duration::from_hours(1),
        uses_left: uses,
    };
    let put = move |tx: &mut sekisho_store::Tx<'_>| tx.insert_initial_access(&record);
    house.house.services.store.write(put).await.unwrap();
    token.reveal().to_owned()
}

async fn send(house: &TestHouse, token: Option<&str>, members: &Value) -> Response {
    let request = reqwest::Client::new().post(house.url("/oauth2/register"));
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    request.json(members).send().await.unwrap()
}

async fn registered(house: &TestHouse, members: &Value) -> Map<String, Value> {
    let token = allowed(house, 1).await;
    let mut all = json!({"redirect_uris": [CALLBACK], "client_name": "Suite"});
    for (name, value) in members.as_object().unwrap() {
        all[name] = value.clone();
    }
    let answer = send(house, Some(&token), &all).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let told: Value = answer.json().await.unwrap();
    let told = told.as_object().unwrap().clone();
    assert!(!told.contains_key("error"));
    let has = |name: &str| told.contains_key(name);
    assert_eq!(has("client_secret"), has("client_secret_expires_at"));
    assert!(has("registration_client_uri") && has("registration_access_token"));
    for (name, value) in all.as_object().unwrap() {
        assert_eq!(told.get(name), Some(value), "{name} is echoed");
    }
    told
}

async fn refused(house: &TestHouse, members: &Value) -> String {
    let token = allowed(house, 1).await;
    let mut all = json!({"redirect_uris": [CALLBACK]});
    for (name, value) in members.as_object().unwrap() {
        all[name] = value.clone();
    }
    let answer = send(house, Some(&token), &all).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{members}");
    let body: Value = answer.json().await.unwrap();
    body["error"].as_str().unwrap().to_owned()
}

fn text<'a>(told: &'a Map<String, Value>, name: &str) -> &'a str {
    told[name].as_str().unwrap_or_else(|| panic!("{name}"))
}

async fn manage(method: Method, told: &Map<String, Value>, body: Option<&Value>) -> Response {
    let request = reqwest::Client::new()
        .request(method, text(told, "registration_client_uri"))
        .bearer_auth(text(told, "registration_access_token"));
    match body {
        Some(body) => request.json(body).send().await.unwrap(),
        None => request.send().await.unwrap(),
    }
}

/// What was registered, as an app at the token endpoint.
fn app(house: &TestHouse, told: &Map<String, Value>) -> App {
    App {
        id: text(told, "client_id").to_owned(),
        secret: told
            .get("client_secret")
            .map(|s| s.as_str().unwrap().to_owned()),
        http: reqwest::Client::new(),
        token_url: house.url("/oauth2/token"),
        userinfo_url: house.url("/oauth2/userinfo"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reg_07_off_by_default_and_then_only_with_a_token() {
    let closed = TestHouse::open().await;
    let answer = send(&closed, None, &json!({"redirect_uris": [CALLBACK]})).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let url = closed.url("/.well-known/openid-configuration");
    let discovery: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    assert_eq!(discovery.get("registration_endpoint"), None);
    closed.close().await;
    let house = open_house().await;
    for token in [None, Some("ski_wrong"), Some("")] {
        let answer = send(&house, token, &json!({"redirect_uris": [CALLBACK]})).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert!(answer.headers().contains_key("www-authenticate"));
    }
    let token = allowed(&house, 3).await;
    let members = json!({"redirect_uris": [CALLBACK]});
    let answers = join_all((0..12).map(|_| send(&house, Some(&token), &members))).await;
    let made = answers
        .iter()
        .filter(|answer| answer.status() == StatusCode::CREATED);
    assert_eq!(
        made.count(),
        3,
        "of many at once as many as the token allows"
    );
    house.advance(Duration::from_hours(2)).await;
    let late = allowed(&house, 1).await;
    house.advance(Duration::from_hours(2)).await;
    let answer = send(&house, Some(&late), &members).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reg_08_a_registration_is_read_replaced_and_deleted_by_its_own_token() {
    let house = open_house().await;
    let told = registered(&house, &json!({"scope": "email openid"})).await;
    let other = registered(&house, &json!({})).await;
    let browser = Browser::new(&house);
    let app = app(&house, &told);
    let to_consent = browser.sign_in(&house, &request(&app.id, &[])).await;
    let page = browser.get(to_consent.location()).await;
    assert!(page.words().contains("Suite"), "{}", page.words());
    let answered = browser.allow(&to_consent).await;
    let tokens: Value = app
        .redeem(&answered.answer("code").unwrap())
        .await
        .json()
        .await
        .unwrap();
    assert!(tokens["id_token"].is_string());

    let mut foreign = told.clone();
    foreign["registration_access_token"] = other["registration_access_token"].clone();
    assert_eq!(
        manage(Method::GET, &foreign, None).await.status(),
        StatusCode::UNAUTHORIZED
    );
    let read: Value = manage(Method::GET, &told, None).await.json().await.unwrap();
    assert_eq!(read["client_name"], "Suite");
    assert_eq!(read.get("client_secret"), None, "shown once");
    // The former token works for a minute, so that a lost answer is no lost client.
    let once_more = (0..8).map(async |_| manage(Method::GET, &told, None).await.json().await);
    for again in join_all(once_more).await {
        let again: Value = again.unwrap();
        let same = "registration_access_token";
        assert_eq!(again[same], read[same], "whichever answer arrives counts");
    }
    house.advance(Duration::from_secs(61)).await;
    let rotated = read.as_object().unwrap().clone();
    let former = manage(Method::GET, &told, None).await;
    assert_eq!(former.status(), StatusCode::UNAUTHORIZED);

    let mut wish = json!({
        "client_id": app.id, "redirect_uris": ["https://app.example/new"], "client_name": "New name",
        "skip_consent": true,
    });
    for (change, what) in [
        (json!({"client_id": "other"}), "another id"),
        (json!({"client_secret": "sks_wrong"}), "a wrong secret"),
        (
            json!({"token_endpoint_auth_method": "none"}),
            "from confidential to public",
        ),
        (json!({"redirect_uris": []}), "no address"),
    ] {
        let mut bad = wish.clone();
        for (name, value) in change.as_object().unwrap() {
            bad[name] = value.clone();
        }
        let answer = manage(Method::PUT, &rotated, Some(&bad)).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{what}");
    }
    wish["client_secret"] = told["client_secret"].clone();
    let answer = manage(Method::PUT, &rotated, Some(&wish)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let replaced: Value = answer.json().await.unwrap();
    assert_eq!(replaced["client_name"], "New name");
    assert_eq!(replaced.get("skip_consent"), None);
    let old = browser.get(&request(&app.id, &[])).await;
    assert_eq!(
        old.status,
        StatusCode::BAD_REQUEST,
        "the old address is gone"
    );

    let last = replaced.as_object().unwrap().clone();
    assert_eq!(
        manage(Method::DELETE, &last, None).await.status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        manage(Method::GET, &last, None).await.status(),
        StatusCode::UNAUTHORIZED
    );
    let refresh = app
        .refresh(tokens["refresh_token"].as_str().unwrap_or("x"))
        .await;
    assert_eq!(
        refresh.status(),
        StatusCode::UNAUTHORIZED,
        "the client is unknown"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reg_06_bad_documents_get_the_named_error_and_leave_nothing() {
    let house = open_house().await;
    for (members, error) in [
        (
            json!({"redirect_uris": ["http://app.example/cb"]}),
            "invalid_redirect_uri",
        ),
        (json!({"redirect_uris": []}), "invalid_client_metadata"),
        (json!({"redirect_uris": "x"}), "invalid_client_metadata"),
        (
            json!({"response_types": ["id_token"]}),
            "invalid_client_metadata",
        ),
        (
            json!({"id_token_signed_response_alg": "none"}),
            "invalid_client_metadata",
        ),
        (
            json!({"jwks": {"keys": [{"kty": "oct", "k": "AA"}]}}),
            "invalid_client_metadata",
        ),
        (
            json!({"token_endpoint_auth_method": "tls_client_auth"}),
            "invalid_client_metadata",
        ),
        (
            json!({"client_name": "x".repeat(61)}),
            "invalid_client_metadata",
        ),
        (
            json!({"software_statement": "x"}),
            "invalid_software_statement",
        ),
    ] {
        assert_eq!(refused(&house, &members).await, error, "{members}");
    }
    let url = house.url("/oauth2/register");
    let token = allowed(&house, 1).await;
    for (kind, body) in [
        ("application/json", "[]"),
        (
            "application/json",
            "{\"client_name\":\"a\",\"client_name\":\"b\"}",
        ),
        ("application/json", ""),
        ("application/x-www-form-urlencoded", "redirect_uris=x"),
    ] {
        let request = reqwest::Client::new().post(&url).bearer_auth(&token);
        let request = request.header("content-type", kind).body(body);
        assert_eq!(
            request.send().await.unwrap().status(),
            StatusCode::BAD_REQUEST,
            "{body}"
        );
    }
    let huge = json!({"redirect_uris": [CALLBACK], "x": "x".repeat(100_000)});
    let answer = send(&house, Some(&token), &huge).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // The token was not used up by any of this.
    let good = send(&house, Some(&token), &json!({"redirect_uris": [CALLBACK]})).await;
    assert_eq!(good.status(), StatusCode::CREATED);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn software_statements_of_trusted_issuers_come_before_the_request() {
    let key = ClientKey::generate("ES256", "s1");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jwks.json");
    std::fs::write(&file, key.jwks().to_string()).unwrap();
    let house = TestHouse::open_with(|config| {
        config.protocol.registration = true;
        config.registration.software_issuers = vec![sekisho_server::config::SoftwareIssuerFile {
            issuer: "https://store.example".to_owned(),
            jwks_file: file.clone(),
        }];
    })
    .await;
    let said =
        json!({"iss": "https://store.example", "client_name": "Certified", "software_id": "s-7"});
    let statement = key.signed(&said);
    let token = allowed(&house, 1).await;
    let members = json!({
        "redirect_uris": [CALLBACK], "client_name": "Mine", "software_statement": statement,
    });
    let told: Value = send(&house, Some(&token), &members)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&told["client_name"], &told["software_id"]),
        (&json!("Certified"), &json!("s-7"))
    );
    let forged = ClientKey::generate("ES256", "s1").signed(&said);
    let forged = json!({"software_statement": forged});
    assert_eq!(refused(&house, &forged).await, "invalid_software_statement");
    let stranger = key.signed(&json!({"iss": "https://other.example"}));
    let stranger = json!({"software_statement": stranger});
    assert_eq!(
        refused(&house, &stranger).await,
        "unapproved_software_statement"
    );
    house.close().await;
}

/// A house that trusts the certificate of a document server, and that server.
async fn with_documents(document: Document) -> (TestHouse, DocumentServer, tempfile::TempDir) {
    let (server, authority) = DocumentServer::open_with_tls(document);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, authority).unwrap();
    let house = TestHouse::open_with(|config| {
        config.protocol.registration = true;
        config.protocol.client_documents = true;
        config.outbound.extra_ca_file = Some(file);
    })
    .await;
    (house, server, folder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reg_12_a_client_known_by_its_document_signs_people_in() {
    let (house, server, _folder) = with_documents(Document::json(&json!({}))).await;
    let browser = Browser::new(&house);
    let id = server.url.as_str();
    // Not a description of itself: remembered as such for a minute.
    assert_eq!(
        browser.get(&request(id, &[])).await.status,
        StatusCode::BAD_REQUEST
    );
    let document = json!({
        "client_id": id, "client_name": "An agent", "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"], "skip_consent": true,
    });
    server.show(Document::json(&document));
    let asked = server.asked();
    assert_eq!(
        browser.get(&request(id, &[])).await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(server.asked(), asked, "the refusal is remembered");
    house.advance(Duration::from_secs(61)).await;
    let visits = join_all((0..8).map(|_| Browser::new(&house).get_owned(request(id, &[])))).await;
    assert!(
        visits
            .iter()
            .all(|page| page.location().starts_with("/login"))
    );
    assert_eq!(server.asked(), asked + 1, "fetched once for all of them");
    let silent = browser.get(&request(id, &[("prompt", "none")])).await;
    assert_eq!(
        (silent.status, silent.location),
        (StatusCode::OK, None),
        "AZ-12"
    );
    let to_consent = browser.sign_in(&house, &request(id, &[])).await;
    let page = browser.get(to_consent.location()).await;
    assert!(
        page.words().contains("An agent"),
        "asked although it wants no questions"
    );
    let answered = browser.allow(&to_consent).await;
    let app = App {
        id: id.to_owned(),
        secret: None,
        http: reqwest::Client::new(),
        token_url: house.url("/oauth2/token"),
        userinfo_url: house.url("/oauth2/userinfo"),
    };
    let tokens = app.redeem(&answered.answer("code").unwrap()).await;
    assert_eq!(tokens.status(), StatusCode::OK);
    house.close().await;
    let closed = TestHouse::open().await;
    let browser = Browser::new(&closed);
    assert_eq!(
        browser.get(&request(id, &[])).await.status,
        StatusCode::BAD_REQUEST
    );
    closed.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn az_12_an_app_nobody_vouches_for_is_no_open_redirector() {
    let house = TestHouse::open_with(|config| {
        config.protocol.registration = true;
        config.protocol.open_registration = true;
    })
    .await;
    let members = json!({"redirect_uris": [CALLBACK]});
    let told: Value = send(&house, None, &members).await.json().await.unwrap();
    let id = told["client_id"].as_str().unwrap();
    let browser = Browser::new(&house);
    let silent = browser.get(&request(id, &[("prompt", "none")])).await;
    assert_eq!((silent.status, &silent.location), (StatusCode::OK, &None));
    assert!(silent.words().contains("app.example"), "{}", silent.words());
    // A registration that is open has limits of its own.
    let mut stopped = false;
    for _ in 0..25 {
        let answer = send(&house, None, &members).await;
        stopped |= answer.status() == StatusCode::TOO_MANY_REQUESTS;
    }
    assert!(stopped, "REG-07");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reg_18_nobody_registers_under_a_name_like_ours_or_that_of_a_verified_app() {
    let house = open_house().await;
    let (pay, _) = house.client(json!({"client_name": "Ledger Pay"})).await;
    let provider = &house.house.services.provider;
    let event = provider.event_of_server(EventKind::ClientChanged);
    let vouched = provider
        .vouch_for(&pay.client_id, Some("Ledger Ltd."), event)
        .await;
    assert_eq!(vouched.unwrap(), PublisherDecided::Set);
    for name in [
        "Sekisho Support",
        "Sekishо",
        "公式 SEKISH0",
        "Pаyments",
        "Ledger-Pay Security",
    ] {
        for member in ["client_name", "client_name#ja"] {
            let mut members = json!({"client_name": "Suite"});
            members[member] = json!(name);
            let error = refused(&house, &members).await;
            assert_eq!(error, "invalid_client_metadata", "{member}: {name}");
        }
    }
    let told = registered(&house, &json!({"client_name": "Sekisho Notes"})).await;
    // Nor does it take such a name later.
    let uri = text(&told, "registration_client_uri");
    let token = text(&told, "registration_access_token");
    let changed = json!({
        "client_id": told["client_id"], "client_name": "Sekisho Login", "redirect_uris": [CALLBACK],
    });
    let answer = reqwest::Client::new()
        .put(uri)
        .bearer_auth(token)
        .json(&changed);
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_07_a_management_token_is_void_after_its_app_s_epoch_or_the_server_s() {
    use crate::support::processes::Process;
    let house = open_house().await;
    let file = house.folder.path().join("config.toml");
    house.write_config(&file, "127.0.0.1:0");
    let run = async |words: &[&str]| {
        let config = ["--config", file.to_str().unwrap()];
        let said = Process::run(&[words, &config].concat(), "");
        house.house.services.provider.hear().await.unwrap();
        said
    };
    let answers = async |told: &Map<String, Value>| {
        let shown = manage(Method::GET, told, None).await;
        let status = shown.status();
        (status, shown.json::<Value>().await.unwrap_or_default())
    };
    let (mut one, mut other) = (
        registered(&house, &json!({})).await,
        registered(&house, &json!({})).await,
    );
    let name = "registration_access_token";
    let id = text(&one, "client_id").to_owned();
    for (whose, other_too) in [(vec!["--client", &*id], false), (vec!["--all"], true)] {
        for told in [&mut one, &mut other] {
            let (status, shown) = answers(told).await;
            assert_eq!(status, StatusCode::OK, "{whose:?}");
            told[name] = shown[name].clone();
        }
        let moves = ["incident", "epoch", "token", "--reason", "test"];
        run(&[&moves[..], &whose].concat()).await;
        let void = StatusCode::UNAUTHORIZED;
        assert_eq!(answers(&one).await.0, void, "{whose:?}");
        let renamed = Value::Object(one.clone());
        let update = manage(Method::PUT, &one, Some(&renamed)).await;
        assert_eq!(update.status(), void, "{whose:?}");
        assert_eq!(manage(Method::DELETE, &one, None).await.status(), void);
        let status = answers(&other).await.0;
        assert_eq!(status == void, other_too, "{whose:?}");
        for told in [&mut one, &mut other] {
            let given = run(&["client", "management-token", text(told, "client_id")]).await;
            let given: Value = serde_json::from_str(&given).unwrap();
            told[name] = given[name].clone();
        }
    }
    assert_eq!(answers(&one).await.0, StatusCode::OK);
    assert_eq!(answers(&other).await.0, StatusCode::OK);
    house.close().await;
}
