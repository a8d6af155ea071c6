//! Apps that run in the browser: what scripts of other origins may read.

use reqwest::{Method, Response, StatusCode};
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::TestHouse;
use crate::tokens::App;

async fn call(house: &TestHouse, method: Method, path: &str, origin: &str) -> Response {
    let request = reqwest::Client::new().request(method.clone(), house.url(path));
    let request = request.header("origin", origin);
    let request = if method == Method::OPTIONS {
        request
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "dpop,content-type")
    } else {
        request
    };
    request.send().await.unwrap()
}

fn allowed(answer: &Response) -> Option<&str> {
    let headers = answer.headers();
    assert!(!headers.contains_key("access-control-allow-credentials"));
    Some(
        headers
            .get("access-control-allow-origin")?
            .to_str()
            .unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn az_17_scripts_read_what_apps_need_and_never_the_authorization_endpoint() {
    let house = TestHouse::open().await;
    let spa = json!({
        "token_endpoint_auth_method": "none", "redirect_uris": ["https://spa.example/cb"],
    });
    let app = App::of(&house, spa).await;
    let (here, elsewhere) = ("https://spa.example", "https://evil.example");
    for path in ["/.well-known/openid-configuration", "/oauth2/jwks"] {
        let answer = call(&house, Method::GET, path, elsewhere).await;
        assert_eq!(
            (answer.status(), allowed(&answer)),
            (StatusCode::OK, Some("*"))
        );
    }
    for path in [
        "/oauth2/token",
        "/oauth2/revoke",
        "/oauth2/par",
        "/oauth2/device_authorization",
    ] {
        let asked = call(&house, Method::OPTIONS, path, here).await;
        assert_eq!(
            (asked.status(), allowed(&asked)),
            (StatusCode::NO_CONTENT, Some(here))
        );
        let headers = asked.headers()["access-control-allow-headers"]
            .to_str()
            .unwrap();
        assert!(headers.contains("dpop") && headers.contains("authorization"));
        // An error can be read as well.
        let refused = call(&house, Method::POST, path, here).await;
        assert!(refused.status().is_client_error());
        assert_eq!(allowed(&refused), Some(here));
        assert_eq!(refused.headers()["vary"], "Origin");
        for method in [Method::OPTIONS, Method::POST] {
            let foreign = call(&house, method, path, elsewhere).await;
            assert_eq!(allowed(&foreign), None, "{path}");
        }
    }
    let link = request(&app.id, &[("redirect_uri", "https://spa.example/cb")]);
    for (path, method) in [
        (link.as_str(), Method::GET),
        ("/oauth2/authorize", Method::OPTIONS),
        ("/login", Method::GET),
        ("/oauth2/introspect", Method::POST),
        ("/account", Method::GET),
    ] {
        let answer = call(&house, method, path, here).await;
        assert_eq!(allowed(&answer), None, "{path}");
    }
    // Another client, another origin: it opens as soon as the client is known, and closes with it.
    let late = json!({
        "token_endpoint_auth_method": "none", "redirect_uris": ["https://late.example/cb"],
    });
    let url = "/oauth2/token";
    assert_eq!(
        allowed(&call(&house, Method::POST, url, "https://late.example").await),
        None
    );
    let (mut client, _) = house.client(late).await;
    let answer = call(&house, Method::POST, url, "https://late.example").await;
    assert_eq!(allowed(&answer), Some("https://late.example"));
    client.disabled = true;
    let stop = move |tx: &mut sekisho_store::Tx<'_>| tx.update_client(&client);
    house.house.services.store.write(stop).await.unwrap();
    house.house.services.provider.hear().await.unwrap();
    assert_eq!(
        allowed(&call(&house, Method::POST, url, "https://late.example").await),
        None
    );
    let browser = Browser::new(&house);
    assert_eq!(
        browser
            .get("/login")
            .await
            .headers
            .get("access-control-allow-origin"),
        None
    );
    house.close().await;
}
