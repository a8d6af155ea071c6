//! Keeping somebody out, from the command line to what they and everybody else see (S5, INC-06).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::processes::Process;
use crate::tokens::{App, body};

struct Scene {
    house: TestHouse,
    config: String,
}

impl Scene {
    async fn open() -> Self {
        let house = TestHouse::open_with(|config| {
            config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        })
        .await;
        let file = house.folder.path().join("config.toml");
        house.write_config(&file, "127.0.0.1:0");
        let config = file.to_str().unwrap().to_owned();
        Self { house, config }
    }

    /// Runs `sekisho guard …` beside the server, which then hears of it.
    async fn guard(&self, arguments: &[&str]) -> String {
        let config = ["--config", &self.config];
        let said = Process::run(&[&["guard"], arguments, &config].concat(), "");
        self.house.house.services.provider.hear().await.unwrap();
        said
    }

    async fn numbers(&self) -> Vec<i64> {
        let shown = self.guard(&["blocks", "--output", "json"]).await;
        let shown: Value = serde_json::from_str(&shown).unwrap();
        let all = shown.as_array().or_else(|| shown["items"].as_array());
        let all = all.unwrap_or_else(|| panic!("{shown}"));
        all.iter().map(|b| b["number"].as_i64().unwrap()).collect()
    }

    /// A browser whose proxy says that it comes from there.
    fn from(&self, ip: &str) -> Browser {
        Browser::from_address(&self.house, ip)
    }

    /// The answer to the right address and password.
    async fn password(&self, browser: &Browser, app: &App) -> Page {
        let request = request(&app.id, &[("prompt", "login")]);
        let to_login = browser.get(&request).await;
        let login = browser.get(to_login.location()).await;
        let form = [
            ("csrf", &*login.hidden("csrf")),
            ("email", &*self.house.login_address),
            ("password", PASSWORD),
        ];
        browser.post("/login", &form).await
    }

    async fn waits(&self, ip: &str, app: &App) {
        let page = self.password(&self.from(ip), app).await;
        let words = page.words();
        assert_eq!(page.status, StatusCode::OK, "{ip}: {words}");
        assert!(words.contains("connection is stopped"), "{ip}: {words}");
    }

    async fn goes_on(&self, browser: &Browser, app: &App) {
        let page = self.password(browser, app).await;
        let words = page.words();
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{words}");
        assert!(page.location().starts_with("/login/code"), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s5_thr_03_strangers_from_a_blocked_network_wait_while_the_owner_goes_on() {
    let scene = Scene::open().await;
    let app = App::of(&scene.house, json!({"skip_consent": true})).await;
    let owner = scene.from("203.0.113.9");
    let start = request(&app.id, &[]);
    let answer = owner.sign_in(&scene.house, &start).await;
    assert!(answer.answer("code").is_some());

    let block = ["block", "--network", "203.0.113.0/24", "--for", "2h"];
    let block = [&block[..], &["--reason", "stuffing"]].concat();
    scene.guard(&block).await;
    scene.waits("203.0.113.77", &app).await;
    scene.goes_on(&scene.from("198.51.100.7"), &app).await;
    // The owner's browser is known to the account: the block does not concern it.
    scene.goes_on(&owner, &app).await;

    // An office within it that an operator lets in.
    scene
        .guard(&["allow", "203.0.113.77", "--reason", "head office"])
        .await;
    scene.goes_on(&scene.from("203.0.113.77"), &app).await;
    scene.waits("203.0.113.78", &app).await;

    assert_eq!(scene.numbers().await, [1, 2]);
    scene.guard(&["unblock", "1", "--reason", "over"]).await;
    scene.goes_on(&scene.from("203.0.113.78"), &app).await;
}

/// The app runs at this address.
fn at(mut app: App, ip: &str) -> App {
    let mut headers = HeaderMap::new();
    headers.insert("x-forwarded-for", HeaderValue::from_str(ip).unwrap());
    let http = Client::builder().default_headers(headers);
    app.http = http.build().unwrap();
    app
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s5_thr_16_owners_apps_redeem_and_refresh_within_a_blocked_network() {
    let scene = Scene::open().await;
    let inside = "203.0.113.9";
    let public = json!({"skip_consent": true, "token_endpoint_auth_method": "none"});
    let apps = [
        at(App::of(&scene.house, public).await, inside),
        at(
            App::of(&scene.house, json!({"skip_consent": true})).await,
            inside,
        ),
    ];
    let owner = scene.from(inside);
    owner
        .sign_in(&scene.house, &request(&apps[0].id, &[]))
        .await;
    let block = ["block", "--network", "203.0.113.0/24", "--for", "2h"];
    let block = [&block[..], &["--reason", "stuffing"]].concat();
    scene.guard(&block).await;
    scene.waits("203.0.113.77", &apps[0]).await;
    // Whoever names the public app with a secret it does not have stops nobody's app.
    for _ in 0..40 {
        let mut wrong = at(App::of_id(&scene.house, &apps[0].id), inside);
        wrong.secret = Some("sks_guess".to_owned());
        let _refused = wrong.ask(&[("grant_type", "client_credentials")]).await;
    }
    for app in &apps {
        let start = request(&app.id, &[("prompt", "login")]);
        let answer = owner.sign_in(&scene.house, &start).await;
        let code = answer.answer("code").expect("the owner's browser is known");
        let redeemed = app.redeem(&code).await;
        assert_eq!(redeemed.status(), StatusCode::OK);
        let tokens = body(redeemed).await;
        let refresh = tokens["refresh_token"].as_str().unwrap();
        assert_eq!(app.refresh(refresh).await.status(), StatusCode::OK);
    }
    // A stranger who guesses secrets there is told to wait.
    let mut guesser = at(App::of(&scene.house, json!({})).await, inside);
    guesser.secret = Some("sks_guess".to_owned());
    let wrong = [("grant_type", "client_credentials")];
    let first = guesser.ask(&wrong).await.status();
    assert_eq!(first, StatusCode::UNAUTHORIZED);
    let then = guesser.ask(&wrong).await.status();
    assert_eq!(then, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s5_a_network_that_is_kept_out_gets_nothing_but_the_reason() {
    let scene = Scene::open().await;
    let block = ["block", "--network", "203.0.113.66", "--everything"];
    scene
        .guard(&[&block[..], &["--reason", "probes"]].concat())
        .await;
    let out = scene.from("203.0.113.66");
    let page = out.get("/login").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.words().contains("stopped"), "{}", page.words());
    for path in ["/oauth2/jwks", "/oauth2/userinfo", "/account", "/nothing"] {
        assert_eq!(out.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    for path in ["/status", "/health/live"] {
        assert_eq!(out.get(path).await.status, StatusCode::OK, "{path}");
    }
    let neighbour = scene.from("203.0.113.67");
    assert_eq!(neighbour.get("/oauth2/jwks").await.status, StatusCode::OK);
    // It ends by itself.
    let block = [
        "block",
        "--network",
        "203.0.113.67",
        "--everything",
        "--for",
        "30m",
    ];
    scene
        .guard(&[&block[..], &["--reason", "probes"]].concat())
        .await;
    let now = neighbour.get("/oauth2/jwks").await.status;
    assert_eq!(now, StatusCode::FORBIDDEN);
    scene
        .house
        .advance(std::time::Duration::from_secs(31 * 60))
        .await;
    assert_eq!(neighbour.get("/oauth2/jwks").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s5_an_app_or_an_account_is_kept_out_and_nobody_else() {
    let scene = Scene::open().await;
    let app = App::of(&scene.house, json!({"skip_consent": true})).await;
    let other = App::of(&scene.house, json!({"skip_consent": true})).await;
    let mut refresh = Vec::new();
    for app in [&app, &other] {
        let browser = scene.from("203.0.113.9");
        let answer = browser.sign_in(&scene.house, &request(&app.id, &[])).await;
        let tokens = body(app.redeem(&answer.answer("code").unwrap()).await).await;
        refresh.push(tokens["refresh_token"].as_str().unwrap().to_owned());
    }
    scene
        .guard(&[
            "block", "--client", &app.id, "--for", "1d", "--reason", "leak",
        ])
        .await;
    let stopped = app.refresh(&refresh[0]).await.status();
    assert_eq!(stopped, StatusCode::SERVICE_UNAVAILABLE);
    let answer = other.refresh(&refresh[1]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    scene
        .guard(&[
            "block",
            "--user",
            &scene.house.login_address,
            "--reason",
            "taken over",
        ])
        .await;
    let stopped = other.refresh(&refresh[1]).await.status();
    assert_eq!(stopped, StatusCode::SERVICE_UNAVAILABLE, "its tokens too");
    let page = scene.password(&scene.from("203.0.113.9"), &other).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    for number in scene.numbers().await {
        let number = number.to_string();
        scene.guard(&["unblock", &number, "--reason", "over"]).await;
    }
    // What was stopped lost nothing.
    assert_eq!(app.refresh(&refresh[0]).await.status(), StatusCode::OK);
    assert_eq!(other.refresh(&refresh[1]).await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_06_requests_of_a_shape_are_refused_however_they_are_written() {
    let scene = Scene::open().await;
    let browser = scene.from("203.0.113.9");
    let patch = ["block", "--path", "/oauth2/authorize", "--query", "${jndi:"];
    scene
        .guard(&[&patch[..], &["--reason", "advisory"]].concat())
        .await;
    let asked = async |query: &str| {
        let path = format!("/oauth2/authorize?{query}");
        browser.get(&path).await.status
    };
    for query in ["x=$%7Bjndi:ldap", "x=%24%7BJNDI%3a", "x=${jndi:"] {
        assert_eq!(asked(query).await, StatusCode::FORBIDDEN, "{query}");
    }
    assert_eq!(asked("x=jndi").await, StatusCode::BAD_REQUEST);
    let agent = ["block", "--user-agent", "SQLmap", "--reason", "scanner"];
    scene.guard(&agent).await;
    let scanner = Browser::new(&scene.house).called("sqlmap/1.9");
    let seen = scanner.get("/oauth2/jwks").await.status;
    assert_eq!(seen, StatusCode::FORBIDDEN);
}

/// A form or an object, packed or not, as an app sends it.
async fn posted(
    house: &TestHouse,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<reqwest::Body>,
) -> (StatusCode, Value) {
    let mut asked = Client::new().post(house.url(path));
    for (name, value) in headers {
        asked = asked.header(*name, *value);
    }
    let answer = asked.body(body).send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or_default())
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_06_requests_are_refused_by_a_field_of_their_body_before_anything_acts_on_it() {
    let scene = Scene::open().await;
    let app = App::of(&scene.house, json!({"skip_consent": true})).await;
    let browser = scene.from("203.0.113.9");
    let answer = browser.sign_in(&scene.house, &request(&app.id, &[])).await;
    let tokens = body(app.redeem(&answer.answer("code").unwrap()).await).await;
    let refresh = tokens["refresh_token"].as_str().unwrap();

    let patch = ["block", "--method", "POST", "--path", "/oauth2/token"];
    let fields = [
        "--field",
        "grant_type=refresh_token",
        "--field",
        "scope~probe",
    ];
    let end = ["--for", "30m", "--reason", "advisory"];
    scene.guard(&[&patch[..], &fields, &end].concat()).await;
    let secret = app.secret.as_deref().unwrap();
    let basic = STANDARD.encode(format!("{}:{secret}", app.id));
    let basic = format!("Basic {basic}");
    let basic = ("authorization", &*basic);
    let asked = |scope: &str| {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh),
            ("scope", scope),
        ];
        let mut written = url::form_urlencoded::Serializer::new(String::new());
        written.extend_pairs(form).finish()
    };
    for (headers, sent) in [
        (vec![FORM, basic], asked("openid PROBE")),
        (
            vec![FORM],
            asked("openid PROBE").replace("scope", "%73cope"),
        ),
        (vec![JSON], asked("probe")),
        (vec![], asked("probe")),
    ] {
        let (status, said) = posted(&scene.house, "/oauth2/token", &headers, sent).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{said}");
        assert_eq!(said["error"], "access_denied");
    }
    // What does not fit is answered as ever, with the body that was looked at.
    let (status, said) = posted(
        &scene.house,
        "/oauth2/token",
        &[FORM, basic],
        asked("openid"),
    )
    .await;
    assert_eq!(status, StatusCode::OK, "{said}");
    // A body that is too large is refused as ever, and read no further.
    let large = format!("{}&x={}", asked("openid"), "x".repeat(100_000));
    let (status, _) = posted(&scene.house, "/oauth2/token", &[FORM], large).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    scene
        .house
        .advance(std::time::Duration::from_secs(31 * 60))
        .await;
    let (status, said) = posted(
        &scene.house,
        "/oauth2/token",
        &[FORM, basic],
        asked("probe"),
    )
    .await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "it is over: {said}");
    assert_eq!(said["error"], "invalid_scope");
}

/// As `gzip` packs a short text: one stored block.
fn packed(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(text.as_bytes());
    let mut sum = !0_u32;
    for byte in text.bytes() {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(sum & 1));
        }
    }
    out.extend((!sum).to_le_bytes());
    out.extend(u32::from(length).to_le_bytes());
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_06_packed_bodies_and_registrations_are_looked_at_as_well() {
    let house = TestHouse::open_with(|config| {
        config.protocol.registration = true;
        config.protocol.open_registration = true;
    });
    let house = house.await;
    let file = house.folder.path().join("config.toml");
    house.write_config(&file, "127.0.0.1:0");
    let config = file.to_str().unwrap().to_owned();
    let scene = Scene { house, config };
    let field = "logo_uri~evil.example";
    let patch = ["block", "--path", "/oauth2/register", "--field", field];
    scene
        .guard(&[&patch[..], &["--reason", "advisory"]].concat())
        .await;
    let document = |logo: &str| {
        json!({"redirect_uris": ["https://app.example/cb"], "logo_uri": logo}).to_string()
    };
    let gzip = ("content-encoding", "gzip");
    let (bad, good) = (
        document("https://cdn.EVIL.example/a"),
        document("https://app.example/a"),
    );
    let path = "/oauth2/register";
    let (status, _) = posted(&scene.house, path, &[JSON], bad.clone()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, _) = posted(&scene.house, path, &[JSON, gzip], packed(&bad)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    for (headers, sent) in [
        (vec![JSON], good.clone().into_bytes()),
        (vec![JSON, gzip], packed(&good)),
    ] {
        let (status, said) = posted(&scene.house, path, &headers, sent).await;
        assert_eq!(status, StatusCode::CREATED, "{said}");
    }
}
