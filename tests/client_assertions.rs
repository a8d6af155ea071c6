//! Apps that prove who they are by a signed JWT, with keys by value or at an address of theirs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::StatusCode;
use sekisho_model::Clock as _;
use sekisho_server::config::SecretText;
use serde_json::{Value, json};

use crate::sender_constrained::replays;
use crate::support::client_keys::{ClientKey, base64url};
use crate::support::documents::{Document, DocumentServer};
use crate::support::house::{TestHouse, variable};
use crate::support::processes::Proxy;

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A program that authenticates by assertions.
struct Machine<'a> {
    house: &'a TestHouse,
    id: String,
    secret: String,
    http: reqwest::Client,
    drawn: AtomicUsize,
}

/// Status and `error`.
type Heard = (StatusCode, String);

impl<'a> Machine<'a> {
    async fn of(house: &'a TestHouse, extra: Value) -> Self {
        let mut all = json!({
            "grant_types": ["client_credentials"], "redirect_uris": [],
            "post_logout_redirect_uris": [], "scope": "orders:read",
            "default_resource": "https://api.example",
            "token_endpoint_auth_method": "private_key_jwt",
        });
        for (name, value) in extra.as_object().unwrap() {
            all[name] = value.clone();
        }
        let (client, secret) = house.client(all).await;
        Self {
            house,
            id: client.client_id.to_string(),
            secret,
            http: reqwest::Client::new(),
            drawn: AtomicUsize::new(0),
        }
    }

    /// Claims that are right, with a `jti` of their own.
    fn claims(&self) -> Value {
        let now = self.house.clock.now().seconds();
        let jti = self.drawn.fetch_add(1, Ordering::SeqCst).to_string();
        json!({
            "iss": self.id, "sub": self.id, "aud": self.house.issuer, "jti": jti,
            "iat": now, "exp": now + 60,
        })
    }

    fn with(&self, name: &str, value: Value) -> Value {
        let mut claims = self.claims();
        claims[name] = value;
        claims
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Heard {
        let request = self.http.post(self.house.url(path)).form(form);
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        (
            status,
            body["error"].as_str().unwrap_or_default().to_owned(),
        )
    }

    async fn token(&self, assertion: &str) -> Heard {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", TYPE),
            ("client_assertion", assertion),
        ];
        self.post("/oauth2/token", &form).await
    }

    /// Revocation and introspection of a token that is none: only the authentication matters.
    async fn about_a_token(&self, path: &str, assertion: &str) -> Heard {
        let form = [
            ("token", "none"),
            ("client_assertion_type", TYPE),
            ("client_assertion", assertion),
        ];
        self.post(path, &form).await
    }
}

fn accepted() -> Heard {
    (StatusCode::OK, String::new())
}

fn refused() -> Heard {
    (StatusCode::UNAUTHORIZED, "invalid_client".to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_05_a_client_proves_itself_with_any_offered_kind_of_key() {
    let house = TestHouse::open().await;
    for alg in ["RS256", "PS256", "ES256", "EdDSA"] {
        let key = ClientKey::generate(alg, "k1");
        let app = Machine::of(&house, json!({"jwks": key.jwks()})).await;
        assert_eq!(
            app.token(&key.signed(&app.claims())).await,
            accepted(),
            "{alg}"
        );
        // The same kind of key, but somebody else's.
        let other = ClientKey::generate(alg, "k1");
        assert_eq!(
            app.token(&other.signed(&app.claims())).await,
            refused(),
            "{alg}"
        );
        // JW-03: a key that the assertion brings along is not looked at.
        let header =
            json!({"alg": alg, "kid": "k1", "jwk": other.jwk(), "jku": "https://a.example"});
        assert_eq!(
            app.token(&other.sign(&header, &app.claims())).await,
            refused(),
            "{alg}"
        );
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_06_an_assertion_works_once_whatever_the_endpoint() {
    let house = TestHouse::open().await;
    let key = ClientKey::generate("ES256", "k1");
    let app = Machine::of(&house, json!({"jwks": key.jwks()})).await;
    let assertion = key.signed(&app.claims());
    assert_eq!(app.token(&assertion).await, accepted());
    assert_eq!(app.token(&assertion).await, refused());
    for path in ["/oauth2/revoke", "/oauth2/introspect"] {
        assert_eq!(
            app.about_a_token(path, &assertion).await,
            refused(),
            "{path}"
        );
        let fresh = key.signed(&app.claims());
        assert_eq!(app.about_a_token(path, &fresh).await, accepted(), "{path}");
        assert_eq!(app.token(&fresh).await, refused(), "{path}");
    }
    // Another client may draw the same jti.
    let other = Machine::of(&house, json!({"jwks": key.jwks()})).await;
    assert_eq!(other.token(&key.signed(&other.claims())).await, accepted());
    // Until it has expired for good.
    let long = key.signed(&app.with("exp", json!(house.clock.now().seconds() + 300)));
    assert_eq!(app.token(&long).await, accepted());
    for _ in 0..3 {
        house.advance(Duration::from_secs(104)).await;
        assert_eq!(app.token(&long).await, refused());
    }
    let told = replays(&house, "client_assertion", &app.id).await;
    assert_eq!(
        told,
        (7, true),
        "each use but the first, and while it counts"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_07_a_forged_assertion_does_not_use_up_the_jti() {
    let house = TestHouse::open().await;
    let key = ClientKey::generate("ES256", "k1");
    let forger = ClientKey::generate("ES256", "k1");
    let app = Machine::of(&house, json!({"jwks": key.jwks()})).await;
    let claims = app.claims();
    assert_eq!(app.token(&forger.signed(&claims)).await, refused());
    assert_eq!(app.token(&key.signed(&claims)).await, accepted());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_07_one_of_fifty_uses_of_an_assertion_succeeds() {
    let house = TestHouse::open().await;
    let key = ClientKey::generate("ES256", "k1");
    let app = Machine::of(&house, json!({"jwks": key.jwks()})).await;
    let assertion = key.signed(&app.claims());
    let answers = join_all((0..50).map(|_| app.token(&assertion))).await;
    let won = answers.iter().filter(|heard| **heard == accepted()).count();
    assert_eq!(won, 1, "{answers:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_05_wrong_claims_are_an_invalid_client() {
    let house = TestHouse::open().await;
    let key = ClientKey::generate("ES256", "k1");
    let app = Machine::of(&house, json!({"jwks": key.jwks()})).await;
    let now = house.clock.now().seconds();
    for (name, value) in [
        ("aud", json!([house.issuer])),
        ("aud", json!(house.url("/oauth2/token"))),
        ("aud", json!("https://other.example")),
        ("iss", json!("other")),
        ("exp", json!(now - 300)),
        ("exp", json!(now + 3600)),
        ("exp", json!((now + 60).to_string())),
        ("nbf", json!(now + 61)),
        ("iat", json!(now + 61)),
        ("jti", Value::Null),
    ] {
        let assertion = key.signed(&app.with(name, value.clone()));
        assert_eq!(app.token(&assertion).await, refused(), "{name} {value}");
    }
    let early = key.signed(&app.with("nbf", json!(now + 8)));
    assert_eq!(app.token(&early).await, accepted());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jw_08_a_switch_allows_the_token_endpoint_as_audience() {
    let house = TestHouse::open().await;
    let key = ClientKey::generate("ES256", "k1");
    let extra = json!({"jwks": key.jwks(), "allow_token_endpoint_audience": true});
    let app = Machine::of(&house, extra).await;
    let token = house.url("/oauth2/token");
    for aud in [json!(token), json!([token]), json!(house.issuer)] {
        let assertion = key.signed(&app.with("aud", aud.clone()));
        assert_eq!(app.token(&assertion).await, accepted(), "{aud}");
    }
    let two = key.signed(&app.with("aud", json!([token, "https://other.example"])));
    assert_eq!(app.token(&two).await, refused());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jw_02_fapi_clients_do_not_authenticate_with_rs256() {
    let house = TestHouse::open().await;
    for (alg, expected) in [
        ("RS256", refused()),
        ("PS256", accepted()),
        ("ES256", accepted()),
        ("EdDSA", accepted()),
    ] {
        let key = ClientKey::generate(alg, "k1");
        let extra = json!({
            "jwks": key.jwks(), "profile": "fapi2", "dpop_bound_access_tokens": true,
            "grant_types": ["authorization_code"], "redirect_uris": ["https://app.example/cb"],
        });
        let app = Machine::of(&house, extra).await;
        let assertion = key.signed(&app.claims());
        let heard = app.about_a_token("/oauth2/revoke", &assertion).await;
        assert_eq!(heard, expected, "{alg}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_02_an_assertion_and_another_method_are_an_invalid_request() {
    let house = TestHouse::open().await;
    let key = ClientKey::generate("ES256", "k1");
    let app = Machine::of(&house, json!({"jwks": key.jwks()})).await;
    let assertion = key.signed(&app.claims());
    let both = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", TYPE),
        ("client_assertion", &*assertion),
        ("client_secret", &*app.secret),
    ];
    let invalid_request = (StatusCode::BAD_REQUEST, "invalid_request".to_owned());
    assert_eq!(app.post("/oauth2/token", &both).await, invalid_request);
    // The registered method is the only one: its secret, though it exists, proves nothing.
    let secret = [
        ("grant_type", "client_credentials"),
        ("client_id", &*app.id),
        ("client_secret", &*app.secret),
    ];
    assert_eq!(app.post("/oauth2/token", &secret).await, refused());
    assert_eq!(app.token(&assertion).await, accepted());
    // And the other way round.
    let basic = json!({"jwks": key.jwks(), "token_endpoint_auth_method": "client_secret_basic"});
    let app = Machine::of(&house, basic).await;
    assert_eq!(app.token(&key.signed(&app.claims())).await, refused());
    house.close().await;
}

fn mac(secret: &str, claims: &Value) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
    let encode = |value: &Value| base64url(value.to_string().as_bytes());
    let message = format!("{}.{}", encode(&json!({"alg": "HS256"})), encode(claims));
    let tag = aws_lc_rs::hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", base64url(tag.as_ref()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jw_13_a_jwt_made_with_the_secret_works_only_when_it_is_switched_on() {
    for on in [true, false] {
        let house = TestHouse::open_with(|config| config.protocol.client_secret_jwt = on).await;
        let method = json!({"token_endpoint_auth_method": "client_secret_jwt"});
        let app = Machine::of(&house, method).await;
        let expected = if on { accepted() } else { refused() };
        let assertion = mac(&app.secret, &app.claims());
        assert_eq!(app.token(&assertion).await, expected, "switched on: {on}");
        assert_eq!(app.token(&assertion).await, refused());
        assert_eq!(app.token(&mac("", &app.claims())).await, refused());
        assert_eq!(app.token(&mac("sks_guess", &app.claims())).await, refused());
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jw_02_a_public_key_is_never_a_secret() {
    let house = TestHouse::open_with(|config| config.protocol.client_secret_jwt = true).await;
    let key = ClientKey::generate("ES256", "k1");
    let app = Machine::of(&house, json!({"jwks": key.jwks()})).await;
    for secret in [
        key.jwk().to_string(),
        key.jwks().to_string(),
        app.secret.clone(),
    ] {
        assert_eq!(app.token(&mac(&secret, &app.claims())).await, refused());
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reg_17_a_new_key_at_the_clients_address_works_at_once() {
    let house = TestHouse::open().await;
    let (old, new) = (
        ClientKey::generate("ES256", "old"),
        ClientKey::generate("PS256", "new"),
    );
    let server = DocumentServer::open(Document::json(&old.jwks()));
    let app = Machine::of(&house, json!({"jwks_uri": server.url})).await;
    for _ in 0..3 {
        assert_eq!(app.token(&old.signed(&app.claims())).await, accepted());
    }
    assert_eq!(server.asked(), 1, "kept");
    server.show(Document::json(&new.jwks()));
    assert_eq!(app.token(&new.signed(&app.claims())).await, accepted());
    assert_eq!(app.token(&old.signed(&app.claims())).await, refused());
    assert_eq!(server.asked(), 2);
    // Five minutes later the keys are asked for again.
    house.advance(Duration::from_mins(5)).await;
    assert_eq!(app.token(&new.signed(&app.claims())).await, accepted());
    assert_eq!(server.asked(), 3);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reg_17_a_storm_of_unknown_key_names_asks_once_in_half_a_minute() {
    let house = TestHouse::open().await;
    let key = ClientKey::generate("ES256", "known");
    let server = DocumentServer::open(Document::json(&key.jwks()));
    let app = Machine::of(&house, json!({"jwks_uri": server.url})).await;
    let storm = async || {
        let assertions: Vec<String> = (0..8)
            .map(|n| json!({"alg": "ES256", "kid": format!("unknown-{n}")}))
            .map(|header| key.sign(&header, &app.claims()))
            .collect();
        let answers = join_all(assertions.iter().map(|assertion| app.token(assertion))).await;
        assert!(
            answers.iter().all(|heard| *heard == refused()),
            "{answers:?}"
        );
    };
    assert_eq!(app.token(&key.signed(&app.claims())).await, accepted());
    assert_eq!(server.asked(), 1);
    storm().await;
    assert_eq!(server.asked(), 2);
    house.advance(Duration::from_secs(29)).await;
    storm().await;
    assert_eq!(server.asked(), 2);
    house.advance(Duration::from_secs(1)).await;
    assert_eq!(app.token(&key.signed(&app.claims())).await, accepted());
    let unknown = key.sign(&json!({"alg": "ES256", "kid": "x"}), &app.claims());
    assert_eq!(app.token(&unknown).await, refused());
    assert_eq!(server.asked(), 3);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reg_12_many_who_need_the_keys_at_once_ask_once() {
    let house = TestHouse::open().await;
    let key = ClientKey::generate("ES256", "k1");
    let server = DocumentServer::open(Document::json(&key.jwks()));
    let app = Machine::of(&house, json!({"jwks_uri": server.url})).await;
    let assertions: Vec<String> = (0..20).map(|_| key.signed(&app.claims())).collect();
    let answers = join_all(assertions.iter().map(|assertion| app.token(assertion))).await;
    assert!(
        answers.iter().all(|heard| *heard == accepted()),
        "{answers:?}"
    );
    assert_eq!(server.asked(), 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reg_13_whatever_is_wrong_at_the_address_reads_the_same() {
    let house = TestHouse::open().await;
    let key = ClientKey::generate("ES256", "k1");
    let good = Document::json(&key.jwks());
    let behind = DocumentServer::open(good.clone());
    let mut weak = key.jwks();
    weak["keys"][0]["d"] = json!("AA");
    let mut padded = key.jwks();
    padded["padding"] = json!("x".repeat(64 * 1024));
    let with = |status, headers: &[(&'static str, &str)]| Document {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect(),
        body: good.body.clone(),
    };
    let json_type = ("content-type", "application/json");
    for (what, document) in [
        ("private members", Document::json(&weak)),
        ("too long", Document::json(&padded)),
        ("no JSON type", with(200, &[("content-type", "text/html")])),
        ("no type", with(200, &[])),
        ("not found", with(404, &[json_type])),
        ("an error", with(503, &[json_type])),
        (
            "a redirect",
            with(302, &[json_type, ("location", &behind.url)]),
        ),
    ] {
        let server = DocumentServer::open(document);
        let app = Machine::of(&house, json!({"jwks_uri": server.url})).await;
        let heard = app.token(&key.signed(&app.claims())).await;
        assert_eq!(heard, refused(), "{what}");
        assert_eq!(server.asked(), 1, "{what}");
        // The failure is remembered.
        let heard = app.token(&key.signed(&app.claims())).await;
        assert_eq!((heard, server.asked()), (refused(), 1), "{what}");
    }
    assert_eq!(behind.asked(), 0, "a redirect was followed");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reg_11_keys_at_private_addresses_are_not_fetched() {
    let house = TestHouse::open().await;
    let key = ClientKey::generate("ES256", "k1");
    for uri in [
        "https://10.255.255.1/jwks",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:127.0.0.1]/",
        "http://app.example/jwks",
        "https://app.example:6379/",
    ] {
        let app = Machine::of(&house, json!({"jwks_uri": uri})).await;
        assert_eq!(
            app.token(&key.signed(&app.claims())).await,
            refused(),
            "{uri}"
        );
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reg_10_the_certificate_of_the_address_must_be_trusted() {
    let key = ClientKey::generate("EdDSA", "k1");
    let (server, authority) = DocumentServer::open_with_tls(Document::json(&key.jwks()));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, authority).unwrap();
    for (extra_ca_file, expected) in [(None, refused()), (Some(file), accepted())] {
        let house =
            TestHouse::open_with(|config| config.outbound.extra_ca_file = extra_ca_file).await;
        let app = Machine::of(&house, json!({"jwks_uri": server.url})).await;
        assert_eq!(app.token(&key.signed(&app.claims())).await, expected);
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_06_while_nobody_can_tell_whether_it_was_used_no_assertion_is_accepted() {
    let url = variable("TEST_REDIS_URL");
    let parsed = url::Url::parse(&url).unwrap();
    let (host, port) = (parsed.host_str().unwrap(), parsed.port().unwrap());
    let proxy = Proxy::before(format!("{host}:{port}")).await;
    let mut through = parsed.clone();
    through.set_port(Some(proxy.port)).unwrap();
    let house = TestHouse::open_on_production(|config| {
        config.session.url = SecretText::new(through.as_str());
    })
    .await;
    let key = ClientKey::generate("ES256", "k1");
    let app = Machine::of(&house, json!({"jwks": key.jwks()})).await;
    assert_eq!(app.token(&key.signed(&app.claims())).await, accepted());
    proxy.stop();
    let (status, _) = app.token(&key.signed(&app.claims())).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    house.close().await;
}
