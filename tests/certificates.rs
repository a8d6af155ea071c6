//! Apps that authenticate with TLS certificates, and tokens bound to those (RFC 8705).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData as _, date_time_ymd,
};
use reqwest::{Certificate, ClientBuilder, Identity, Response, StatusCode};
use sekisho_model::{Digest, Feature};
use sekisho_server::config::{ClientCertificates, Config};
use serde_json::{Value, json};

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::TestHouse;
use crate::support::ports::free_address;
use crate::switches::switch;
use crate::tokens::body;

/// An authority that signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate with its key.
struct Holder {
    pem: String,
    der: Vec<u8>,
    key: KeyPair,
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Aozora, Inc.");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Authority {
    fn new() -> Self {
        let mut params = named("Aozora Root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages.push(KeyUsagePurpose::KeyCertSign);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self { issuer, pem }
    }

    fn holder(&self, params: &CertificateParams) -> Holder {
        let key = KeyPair::generate().unwrap();
        let signed = params.signed_by(&key, &self.issuer).unwrap();
        let (pem, der) = (signed.pem(), signed.der().to_vec());
        Holder { pem, der, key }
    }
}

impl Holder {
    fn self_signed(params: &CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let signed = params.self_signed(&key).unwrap();
        let (pem, der) = (signed.pem(), signed.der().to_vec());
        Self { pem, der, key }
    }

    fn identity(&self) -> Identity {
        let both = format!("{}{}", self.key.serialize_pem(), self.pem);
        Identity::from_pem(both.as_bytes()).unwrap()
    }

    fn jwks(&self) -> Value {
        let point = self.key.der_bytes();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({"keys": [{
            "kty": "EC", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..]),
        }]})
    }

    fn header(&self) -> String {
        format!(":{}:", STANDARD.encode(&self.der))
    }
}

/// A house that speaks TLS and asks for certificates of `clients`.
struct TlsHouse {
    house: TestHouse,
    authority: Authority,
    clients: Authority,
    _files: tempfile::TempDir,
}

impl TlsHouse {
    async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    async fn open_with(change: impl FnOnce(&mut Config)) -> Self {
        let (authority, clients) = (Authority::new(), Authority::new());
        let server = authority.holder(&named("127.0.0.1"));
        let files = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = files.path().join(name);
            std::fs::write(&file, text).unwrap();
            Some(file)
        };
        let chain = write("chain.pem", &server.pem);
        let key = write("key.pem", &server.key.serialize_pem());
        let roots = write("clients.pem", &clients.pem);
        let house = TestHouse::open_with(|config| {
            config.server.issuer = config.server.issuer.replace("http://", "https://");
            config.server.tls_certificate_file = chain;
            config.server.tls_key_file = key;
            config.server.tls_client_certificates = ClientCertificates::Optional;
            config.server.tls_client_ca_file = roots;
            config.protocol.mutual_tls = true;
            change(config);
            assert_eq!(config.problems(), Vec::<String>::new());
        })
        .await;
        Self {
            house,
            authority,
            clients,
            _files: files,
        }
    }

    fn trusting(&self) -> ClientBuilder {
        let root = Certificate::from_pem(self.authority.pem.as_bytes()).unwrap();
        reqwest::Client::builder().tls_certs_only([root])
    }

    fn with(&self, holder: &Holder) -> reqwest::Client {
        self.trusting().identity(holder.identity()).build().unwrap()
    }

    fn without(&self) -> reqwest::Client {
        self.trusting().build().unwrap()
    }

    async fn code(&self, client_id: &str) -> String {
        let browser = Browser::over(&self.house, self.trusting());
        let answer = browser.sign_in(&self.house, &request(client_id, &[])).await;
        answer.answer("code").expect("a code")
    }
}

async fn redeem(house: &TestHouse, http: &reqwest::Client, id: &str, code: &str) -> Response {
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", id),
        ("code", code),
        ("redirect_uri", "https://app.example/cb"),
        (
            "code_verifier",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        ),
    ];
    let request = http.post(house.url("/oauth2/token")).form(&form);
    request.send().await.unwrap()
}

async fn userinfo(house: &TestHouse, http: &reqwest::Client, token: &str) -> StatusCode {
    let request = http.get(house.url("/oauth2/userinfo")).bearer_auth(token);
    request.send().await.unwrap().status()
}

async fn assert_refused(answer: Response, what: &str) {
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{what}");
    assert_eq!(body(answer).await["error"], "invalid_client", "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_18_a_certificate_authenticates_its_client_and_the_token_stays_with_it() {
    let tls = TlsHouse::open().await;
    let house = &tls.house;
    let (client, _) = house
        .client(json!({
            "skip_consent": true,
            "token_endpoint_auth_method": "tls_client_auth",
            "tls_client_auth_subject_dn": "CN=mail.aozora.example, O=Aozora\\, Inc.",
            "tls_client_certificate_bound_access_tokens": true,
        }))
        .await;
    let id = client.client_id.as_str();
    let name = named("mail.aozora.example");
    let own = tls.clients.holder(&name);
    let other = tls.clients.holder(&named("other.aozora.example"));
    let stranger = tls.authority.holder(&name);
    let mut past = name.clone();
    past.not_before = date_time_ymd(2019, 1, 1);
    past.not_after = date_time_ymd(2020, 1, 1);
    let expired = tls.clients.holder(&past);
    let code = tls.code(id).await;
    for (what, http) in [
        ("no certificate", tls.without()),
        ("another name", tls.with(&other)),
        ("another authority", tls.with(&stranger)),
        ("self-signed", tls.with(&Holder::self_signed(&name))),
        ("expired", tls.with(&expired)),
    ] {
        assert_refused(redeem(house, &http, id, &code).await, what).await;
    }
    let tokens = redeem(house, &tls.with(&own), id, &code).await;
    assert_eq!(tokens.status(), StatusCode::OK);
    let tokens = body(tokens).await;
    assert_eq!(tokens["token_type"], "Bearer");
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(
        userinfo(house, &tls.with(&own), token).await,
        StatusCode::OK
    );
    for http in [tls.without(), tls.with(&other), tls.with(&stranger)] {
        assert_eq!(
            userinfo(house, &http, token).await,
            StatusCode::UNAUTHORIZED
        );
    }
    let form = [("token", token), ("client_id", id)];
    let request = tls.with(&own).post(house.url("/oauth2/introspect"));
    let introspected = body(request.form(&form).send().await.unwrap()).await;
    let thumbprint = Digest::of(&own.der).to_base64url();
    assert_eq!(introspected["cnf"], json!({"x5t#S256": thumbprint}));
    assert_eq!(introspected["token_type"], "Bearer");
    tls.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_18_a_self_signed_certificate_authenticates_by_its_registered_key() {
    let tls = TlsHouse::open().await;
    let house = &tls.house;
    let name = named("mail.aozora.example");
    let own = Holder::self_signed(&name);
    let (client, _) = house
        .client(json!({
            "skip_consent": true,
            "token_endpoint_auth_method": "self_signed_tls_client_auth",
            "jwks": own.jwks(),
        }))
        .await;
    let id = client.client_id.as_str();
    let code = tls.code(id).await;
    for (what, http) in [
        ("no certificate", tls.without()),
        ("another key", tls.with(&Holder::self_signed(&name))),
        ("an authority's", tls.with(&tls.clients.holder(&name))),
    ] {
        assert_refused(redeem(house, &http, id, &code).await, what).await;
    }
    let older = tls
        .trusting()
        .max_tls_version(reqwest::tls::Version::TLS_1_2)
        .identity(own.identity())
        .build()
        .unwrap();
    let tokens = redeem(house, &older, id, &code).await;
    assert_eq!(tokens.status(), StatusCode::OK);
    let tokens = body(tokens).await;
    let token = tokens["access_token"].as_str().unwrap();
    let anyone = userinfo(house, &tls.without(), token).await;
    assert_eq!(anyone, StatusCode::OK, "binding was not asked");
    let again = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ("client_id", id),
    ];
    let refresh = async |http: reqwest::Client| {
        let request = http.post(house.url("/oauth2/token")).form(&again);
        request.send().await.unwrap().status()
    };
    assert_eq!(refresh(tls.with(&own)).await, StatusCode::OK);
    assert_eq!(refresh(tls.without()).await, StatusCode::UNAUTHORIZED);
    tls.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_18_discovery_tells_of_certificates_where_they_are_on() {
    let tls = TlsHouse::open().await;
    let plain = TestHouse::open().await;
    for (house, http, on) in [
        (&tls.house, tls.without(), true),
        (&plain, reqwest::Client::new(), false),
    ] {
        let document = http.get(house.url("/.well-known/openid-configuration"));
        let document = body(document.send().await.unwrap()).await;
        let bound = &document["tls_client_certificate_bound_access_tokens"];
        assert_eq!(*bound == json!(true), on);
        let methods = document["token_endpoint_auth_methods_supported"].to_string();
        assert_eq!(methods.contains("\"tls_client_auth\""), on);
        assert_eq!(methods.contains("\"self_signed_tls_client_auth\""), on);
    }
    tls.house.close().await;
    plain.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_18_certificates_are_asked_for_at_an_origin_of_their_own_where_nothing_else_is() {
    let listen = free_address();
    let origin = format!("https://{listen}");
    let tls = TlsHouse::open_with(|config| {
        config.server.mtls_origin = Some(origin.clone());
        config.server.mtls_listen = Some(listen.clone());
    })
    .await;
    let house = &tls.house;
    let own = Holder::self_signed(&named("mail.aozora.example"));
    let (client, _) = house.client(machine(&own)).await;
    let http = tls.with(&own);
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", client.client_id.as_str()),
    ];
    let document = http.get(house.url("/.well-known/openid-configuration"));
    let document = body(document.send().await.unwrap()).await;
    let alias = document["mtls_endpoint_aliases"]["token_endpoint"].as_str();
    assert_eq!(alias, Some(&*format!("{origin}/oauth2/token")));
    let usual = http.post(house.url("/oauth2/token")).form(&form);
    assert_refused(usual.send().await.unwrap(), "no certificate is asked").await;
    let apart = http.post(alias.unwrap()).form(&form);
    assert_eq!(apart.send().await.unwrap().status(), StatusCode::OK);
    for path in ["/", "/login", "/oauth2/authorize", "/oauth2/end_session"] {
        let page = http.get(format!("{origin}{path}")).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::MISDIRECTED_REQUEST, "{path}");
    }
    tls.house.close().await;
}

/// A machine's client that authenticates with this certificate.
fn machine(holder: &Holder) -> Value {
    json!({
        "grant_types": ["client_credentials"], "redirect_uris": [],
        "post_logout_redirect_uris": [], "scope": "orders:read",
        "token_endpoint_auth_method": "self_signed_tls_client_auth",
        "jwks": holder.jwks(), "tls_client_certificate_bound_access_tokens": true,
    })
}

/// What a machine's client with this certificate gets behind a proxy, or from whoever pretends to be
/// one.
async fn behind_proxy(holder: &Holder, lines: &[String], change: fn(&mut Config)) -> Response {
    let house = TestHouse::open_with(change).await;
    let (client, _) = house.client(machine(holder)).await;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", client.client_id.as_str()),
    ];
    let mut request = reqwest::Client::new().post(house.url("/oauth2/token"));
    for line in lines {
        request = request.header("client-cert", line);
    }
    let answer = request.form(&form).send().await.unwrap();
    house.close().await;
    answer
}

fn believed(config: &mut Config) {
    config.protocol.mutual_tls = true;
    config.server.client_certificate_header = true;
    config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
}

fn from_elsewhere(config: &mut Config) {
    believed(config);
    config.server.trusted_proxies = vec!["192.0.2.0/24".parse().unwrap()];
}

fn not_configured(config: &mut Config) {
    believed(config);
    config.server.client_certificate_header = false;
}

fn switched_off(config: &mut Config) {
    believed(config);
    config.protocol.mutual_tls = false;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_18_the_header_of_a_certificate_is_believed_from_a_trusted_proxy_only() {
    let name = named("mail.aozora.example");
    let own = Holder::self_signed(&name);
    let line = own.header();
    let answer = behind_proxy(&own, std::slice::from_ref(&line), believed).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let other = Holder::self_signed(&name).header();
    for (what, lines, change) in [
        ("no header", vec![], believed as fn(&mut Config)),
        ("another certificate", vec![other], believed),
        ("two headers", vec![line.clone(), line.clone()], believed),
        ("no byte sequence", vec![line.replace(':', "")], believed),
        ("not from the proxy", vec![line.clone()], from_elsewhere),
        ("not configured", vec![line.clone()], not_configured),
        ("switched off", vec![line.clone()], switched_off),
    ] {
        assert_refused(behind_proxy(&own, &lines, change).await, what).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_06_without_certificates_no_bound_token_becomes_a_bearer_token_and_none_is_lost() {
    let tls = TlsHouse::open().await;
    let house = &tls.house;
    let own = Holder::self_signed(&named("mail.aozora.example"));
    let (client, _) = house
        .client(json!({
            "skip_consent": true, "token_endpoint_auth_method": "none",
            "tls_client_certificate_bound_access_tokens": true,
        }))
        .await;
    let id = client.client_id.as_str();
    let (machine, _) = house.client(machine(&own)).await;
    let credentials = [
        ("grant_type", "client_credentials"),
        ("client_id", machine.client_id.as_str()),
    ];
    let first = tls.code(id).await;
    let tokens = body(redeem(house, &tls.with(&own), id, &first).await).await;
    let (token, refresh) = (
        tokens["access_token"].as_str().unwrap(),
        tokens["refresh_token"].as_str().unwrap(),
    );
    let code = tls.code(id).await;
    let again = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("client_id", id),
    ];
    let asks = async |http: &reqwest::Client, form: &[(&str, &str)]| {
        let request = http.post(house.url("/oauth2/token")).form(form);
        request.send().await.unwrap().status()
    };

    switch(house, Feature::MutualTls, false).await;
    let waits = StatusCode::SERVICE_UNAVAILABLE;
    for http in [tls.with(&own), tls.without()] {
        assert_eq!(redeem(house, &http, id, &code).await.status(), waits);
        assert_eq!(asks(&http, &again).await, waits);
        assert_eq!(userinfo(house, &http, token).await, waits);
    }
    assert_eq!(asks(&tls.with(&own), &credentials).await, waits);

    switch(house, Feature::MutualTls, true).await;
    let http = tls.with(&own);
    assert_eq!(userinfo(house, &http, token).await, StatusCode::OK);
    assert_eq!(asks(&http, &again).await, StatusCode::OK);
    assert_eq!(asks(&http, &credentials).await, StatusCode::OK);
    let late = redeem(house, &http, id, &code).await;
    assert_eq!(late.status(), StatusCode::OK, "the code was not used up");
    tls.house.close().await;
}
