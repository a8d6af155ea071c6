//! The API of operators, called as their programs call it (AD-01, AD-10).

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use reqwest::{Client, Method, Response, StatusCode};
use sekisho_model::{Event, EventKind, Outcome};
use serde_json::{Value, json};

use crate::support::house::TestHouse;
use crate::support::ports::free_address;
use crate::support::processes::Process;

/// A house with the API of operators.
pub struct Scene {
    pub house: TestHouse,
    pub api: String,
    config: String,
    pub http: Client,
}

impl Scene {
    pub async fn open() -> Self {
        let listen = free_address();
        let api = format!("http://{listen}/api/v1");
        let house = TestHouse::open_with(|config| {
            config.operators.listen = Some(listen);
            config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        })
        .await;
        let file = house.folder.path().join("config.toml");
        house.write_config(&file, "127.0.0.1:0");
        Self {
            api,
            config: file.to_str().unwrap().to_owned(),
            http: Client::new(),
            house,
        }
    }

    fn command(&self, words: &[&str]) -> Value {
        let at = ["--output", "json", "--config", &self.config];
        let told = Process::run(&[&["operator"], words, &at].concat(), "");
        serde_json::from_str(&told).unwrap_or(Value::Null)
    }

    /// Somebody is imported with this tag.
    pub fn import(&self, tag: &str) {
        let file = self.house.folder.path().join("people.jsonl");
        let person = json!({"email": "imported@example.jp", "email_verified": true});
        std::fs::write(&file, person.to_string()).unwrap();
        let words = ["user", "import", file.to_str().unwrap(), "--tag", tag];
        Process::run(&[&words[..], &["--config", &self.config]].concat(), "");
    }

    /// A token of this operator, and its id.
    pub fn token(&self, operator: &str, words: &[&str]) -> (String, String) {
        let made = self.command(&[&["add-token", operator], words].concat());
        let member = |name: &str| made[name].as_str().unwrap().to_owned();
        (member("token"), member("id"))
    }

    pub async fn get(&self, token: &str, path: &str) -> Response {
        let request = self.http.get(format!("{}{path}", self.api));
        request.bearer_auth(token).send().await.unwrap()
    }

    pub async fn post(&self, token: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.http.post(format!("{}{path}", self.api));
        let answer = request.bearer_auth(token).json(body).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or(Value::Null))
    }

    async fn from(&self, token: &str, ip: &str) -> StatusCode {
        let request = self.http.get(format!("{}/incident", self.api));
        let request = request.bearer_auth(token).header("x-forwarded-for", ip);
        request.send().await.unwrap().status()
    }

    pub async fn events(&self, kind: EventKind) -> Vec<Event> {
        let store = &self.house.house.services.store;
        let read = store.read(move |tx| tx.events_of_kind(kind, 50));
        read.await.unwrap()
    }

    async fn refusals(&self) -> Vec<String> {
        let mut events = self.events(EventKind::OperatorToken).await;
        events.retain(|event| event.outcome == Outcome::Refused);
        let why = |event: &Event| event.detail["why"].as_str().unwrap().to_owned();
        events.iter().map(why).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ad_10_a_program_closes_the_house_and_two_operators_open_it() {
    let scene = Scene::open().await;
    let (pager, _) = scene.token("pager", &["--may", "incident:raise"]);
    let all = [
        "--may",
        "incident:read",
        "--may",
        "incident:raise",
        "--may",
        "incident:lower",
    ];
    let (haruka, _) = scene.token("haruka", &all);
    let (minoru, _) = scene.token("minoru", &["--may", "incident:lower"]);

    let text = json!({"ja": "調査中です。", "en": "We are looking into it."});
    let seal = json!({"level": 5, "reason": "canary touched", "text": text});
    let (status, decided) = scene.post(&pager, "/incident/levels", &seal).await;
    assert_eq!(
        (status, &decided["state"]),
        (StatusCode::OK, &json!("in_force"))
    );
    let page = scene
        .http
        .get(scene.house.url("/login"))
        .header("accept-language", "en")
        .send()
        .await
        .unwrap();
    assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.text().await.unwrap().contains("looking into it"));

    let open = json!({"level": 0, "reason": "over"});
    for level in [0, 4] {
        let lower = json!({"level": level, "reason": "over"});
        let (status, problem) = scene.post(&pager, "/incident/levels", &lower).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{problem}");
        assert_eq!(problem["type"], "urn:sekisho:problem:insufficient_scope");
    }
    let (status, asked) = scene.post(&haruka, "/incident/levels", &open).await;
    assert_eq!((status, &asked["state"]), (StatusCode::OK, &json!("waits")));
    let confirm = format!("/incident/levels/{}/confirm", asked["number"]);
    let confirmed = async |token: &str| scene.post(token, &confirm, &json!({})).await.0;
    assert_eq!(confirmed(&pager).await, StatusCode::FORBIDDEN);
    assert_eq!(confirmed(&haruka).await, StatusCode::CONFLICT);
    assert_eq!(confirmed(&minoru).await, StatusCode::OK);
    assert_eq!(confirmed(&minoru).await, StatusCode::CONFLICT, "once");

    assert_eq!(
        scene.get(&minoru, "/incident").await.status(),
        StatusCode::FORBIDDEN
    );
    let overview: Value = scene.get(&haruka, "/incident").await.json().await.unwrap();
    assert_eq!(
        (&overview["level"], &overview["name"]),
        (&json!(0), &json!("normal"))
    );
    let page = scene
        .http
        .get(scene.house.url("/status"))
        .send()
        .await
        .unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let events = scene.events(EventKind::LevelChanged).await;
    let mut by: Vec<&str> = events
        .iter()
        .map(|event| event.detail["operator"].as_str().unwrap())
        .collect();
    by.sort_unstable();
    assert_eq!(by, ["haruka", "minoru", "pager"]);
    assert!(
        events
            .iter()
            .all(|event| event.origin.ip == "127.0.0.1"
                && event.origin.request_id.starts_with("SK-"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ad_10_features_are_switched_off_by_whoever_may_close_and_on_by_whoever_may_open() {
    let scene = Scene::open().await;
    let (pager, _) = scene.token("pager", &["--may", "incident:raise"]);
    let (haruka, _) = scene.token(
        "haruka",
        &["--may", "incident:raise", "--may", "incident:lower"],
    );
    let switch = |on| json!({"feature": "password_reset", "on": on, "reason": "SA-1"});
    let page = async || {
        let page = scene.http.get(scene.house.url("/password/forgot"));
        page.send().await.unwrap().status()
    };
    assert_eq!(page().await, StatusCode::OK);
    let (status, _) = scene
        .post(&pager, "/incident/switches", &switch(false))
        .await;
    assert_eq!(
        (status, page().await),
        (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE)
    );
    let (status, _) = scene
        .post(&pager, "/incident/switches", &switch(true))
        .await;
    assert_eq!(
        (status, page().await),
        (StatusCode::FORBIDDEN, StatusCode::SERVICE_UNAVAILABLE)
    );
    let (status, _) = scene
        .post(&haruka, "/incident/switches", &switch(true))
        .await;
    assert_eq!((status, page().await), (StatusCode::OK, StatusCode::OK));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ad_10_a_token_counts_for_a_while_from_its_networks_and_until_it_is_ended() {
    let scene = Scene::open().await;
    let read = ["--may", "incident:read"];
    let (bound, _) = scene.token("pager", &[&read[..], &["--from", "192.0.2.0/24"]].concat());
    let (short, _) = scene.token("short", &[&read[..], &["--days", "1"]].concat());
    let (lost, id) = scene.token("lost", &read);
    assert_eq!(scene.from(&bound, "192.0.2.9").await, StatusCode::OK);
    assert_eq!(
        scene.from(&bound, "198.51.100.9").await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(scene.from(&lost, "198.51.100.9").await, StatusCode::OK);
    let _ended = scene.command(&["end-token", &id]);
    assert_eq!(
        scene.from(&lost, "198.51.100.9").await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        scene.from(&lost, "198.51.100.9").await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(scene.from(&short, "198.51.100.9").await, StatusCode::OK);
    scene.house.advance(Duration::from_hours(25)).await;
    assert_eq!(
        scene.from(&short, "198.51.100.9").await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        scene.from("sko_of_nobody", "198.51.100.9").await,
        StatusCode::UNAUTHORIZED
    );

    let mut why = scene.refusals().await;
    why.sort();
    let each_once = ["it comes from elsewhere", "it has ended", "it is over"];
    assert_eq!(why, each_once);
    let listed = scene.command(&["tokens"]);
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 3);
    let text = serde_json::to_string(listed).unwrap();
    for token in [&bound, &short, &lost] {
        assert!(!text.contains(token.as_str()), "a token is shown once");
    }
    let states: Vec<&str> = listed
        .iter()
        .map(|one| one["state"].as_str().unwrap())
        .collect();
    assert!(states.contains(&"ended"), "{states:?}");
    assert!(
        listed.iter().all(|one| one["used_at"].is_string()),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ad_03_without_a_token_that_counts_nothing_is_said_and_nothing_done() {
    let scene = Scene::open().await;
    let calls = [
        ("GET", "/incident"),
        ("POST", "/incident/levels"),
        ("POST", "/incident/levels/1/confirm"),
        ("POST", "/incident/switches"),
        ("POST", "/incident/epochs"),
        ("GET", "/guard/blocks"),
        ("POST", "/guard/blocks"),
        ("POST", "/guard/blocks/1/lift"),
    ];
    let level = json!({"level": 5, "reason": "test"}).to_string();
    for (method, path) in calls {
        for shown in [
            None,
            Some("Bearer sko_x"),
            Some("Basic c2tvX3g6"),
            Some("Bearer "),
            Some("sko_x"),
        ] {
            let request = Method::from_bytes(method.as_bytes()).unwrap();
            let mut request = scene.http.request(request, format!("{}{path}", scene.api));
            if let Some(shown) = shown {
                request = request.header(AUTHORIZATION, shown);
            }
            let request = request
                .header(CONTENT_TYPE, "application/json")
                .body(level.clone());
            let answer = request.send().await.unwrap();
            assert_eq!(
                answer.status(),
                StatusCode::UNAUTHORIZED,
                "{method} {path} {shown:?}"
            );
            assert_eq!(answer.headers()[WWW_AUTHENTICATE], "Bearer");
            assert_eq!(answer.headers()["cache-control"], "no-store");
            let problem: Value = answer.json().await.unwrap();
            assert_eq!(problem["type"], "urn:sekisho:problem:invalid_token");
        }
    }
    let described = scene.http.get(format!("{}/openapi.json", scene.api));
    let described: Value = described.send().await.unwrap().json().await.unwrap();
    assert_eq!(described["openapi"], "3.1.0");
    assert!(scene.events(EventKind::LevelChanged).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ad_06_what_is_not_understood_is_refused_whole() {
    let scene = Scene::open().await;
    let all = [
        "--may",
        "incident:read",
        "--may",
        "incident:raise",
        "--may",
        "incident:lower",
    ];
    let (token, _) = scene.token("haruka", &all);
    let levels = [
        json!({}),
        json!({"level": 3}),
        json!({"level": 6, "reason": "x"}),
        json!({"level": "3", "reason": "x"}),
        json!({"level": 3, "reason": ""}),
        json!({"level": 3, "reason": "x".repeat(3_000)}),
        json!({"level": 3, "reason": "x", "operator": "somebody else"}),
        json!({"level": 3, "reason": "x", "client": "nobody"}),
        json!({"level": 3, "reason": "x", "client": "a", "cohort": "b"}),
        json!({"level": 3, "reason": "x", "cohort": "no-such-tag"}),
        json!({"level": 3, "reason": "x", "until": "2020-01-01"}),
        json!({"level": 3, "reason": "x", "until": "soon"}),
        json!({"level": 3, "reason": "x", "text": {"fr": "bonjour"}}),
        json!([]),
    ];
    for wish in levels {
        let (status, problem) = scene.post(&token, "/incident/levels", &wish).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wish}: {problem}");
        assert_eq!(problem["type"], "urn:sekisho:problem:invalid_request");
    }
    let everything = json!({"feature": "everything", "on": false, "reason": "x"});
    let (status, _) = scene.post(&token, "/incident/switches", &everything).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    for number in ["1", "-1", "x", "99999999999999999999"] {
        let path = format!("/incident/levels/{number}/confirm");
        let (status, _) = scene.post(&token, &path, &json!({})).await;
        assert!(
            status == StatusCode::CONFLICT || status == StatusCode::NOT_FOUND,
            "{number}"
        );
    }
    let url = format!("{}/incident/levels", scene.api);
    let form = scene
        .http
        .post(&url)
        .bearer_auth(&token)
        .form(&[("level", "5"), ("reason", "x")]);
    assert_eq!(
        form.send().await.unwrap().status(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    let huge = json!({"level": 5, "reason": "x".repeat(100_000)});
    assert_eq!(
        scene.post(&token, "/incident/levels", &huge).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let overview: Value = scene.get(&token, "/incident").await.json().await.unwrap();
    assert_eq!(
        (&overview["level"], &overview["decisions"]),
        (&json!(0), &json!([]))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ad_01_the_public_listener_has_no_api_and_that_of_operators_nothing_else() {
    let scene = Scene::open().await;
    let (token, _) = scene.token("haruka", &["--may", "incident:read"]);
    let public = scene.http.get(scene.house.url("/api/v1/incident"));
    let public = public.bearer_auth(&token).send().await.unwrap();
    assert_eq!(public.status(), StatusCode::NOT_FOUND);
    let host = scene.api.strip_suffix("/api/v1").unwrap();
    for path in [
        "/",
        "/login",
        "/metrics",
        "/oauth2/token",
        "/api/v2/incident",
        "/api/v1/users",
    ] {
        let answer = scene.http.get(format!("{host}{path}")).bearer_auth(&token);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let mut config = scene.house.config.clone();
    for (listen, allowed) in [
        ("127.0.0.1:9091", true),
        ("[::1]:9091", true),
        ("0.0.0.0:9091", false),
        ("9091", false),
    ] {
        config.operators.listen = Some(listen.to_owned());
        let problems = config.problems().join("\n");
        assert_eq!(
            !problems.contains("operators.listen"),
            allowed,
            "{listen}: {problems}"
        );
    }
}
